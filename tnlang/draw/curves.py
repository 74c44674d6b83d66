"""The curves that wires follow: tracks with rounds, cubics between normals, caps, forks, rings, U-turns.

A *normal* is the unit vector along which a wire leaves its shape; it arrives against the other end's normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, hypot, radians, tan

from tnlang.draw.geometry import add, at_angle, distance, dot, unit
from tnlang.draw.scene import CurveTo, LineTo, Path, Point


def straight(*points: Point) -> Path:
    """Straight lines through points."""
    return Path(points[0], tuple(map(LineTo, points[1:])))


def track(points: Sequence[Point], radius: float | Sequence[float] = 24.0) -> Path:
    """Straight lines through points, their corners rounded; quarter circles where they turn by a right angle.

    A radius that does not fit is cut: two corners share the stretch between them. Several radii are those of
    the inner points, no two of which are the same.
    """
    segments: list[LineTo | CurveTo] = []
    clean = [p for i, p in enumerate(points) if i == 0 or distance(p, points[i - 1]) > 1e-6]
    for index in range(1, len(clean) - 1):
        before, corner, after = clean[index - 1 : index + 2]
        enter, leave = unit(before, corner), unit(corner, after)
        half = hypot(enter[0] - leave[0], enter[1] - leave[1]) / 2  # sine of half the turn
        if half < 1e-6:
            continue
        half_tan = half / max(1e-6, (1 - half * half) ** 0.5)
        room_before = distance(before, corner) * (1.0 if index == 1 else 0.5)
        room_after = distance(corner, after) * (1.0 if index == len(clean) - 2 else 0.5)
        wanted = radius if isinstance(radius, float | int) else radius[index - 1]
        # a sharp turn stays near its corner
        back = min(wanted * half_tan, 2 * wanted, room_before, room_after)
        # 4/3 tan(turn / 4) radii is the control distance of an arc; tan(turn / 4) from tan(turn / 2):
        quarter_tan = half_tan / (1 + (1 + half_tan * half_tan) ** 0.5)
        pull = 4 / 3 * quarter_tan * (back / half_tan)
        start, end = add(corner, enter, -back), add(corner, leave, back)
        segments.append(LineTo(start))
        segments.append(CurveTo(add(start, enter, pull), add(end, leave, -pull), end))
    segments.append(LineTo(clean[-1]))
    start = clean[0]
    if distance(start, segments[0].end) < 1e-6 and len(segments) > 1:
        segments = segments[1:]
    return Path(start, tuple(segments))


def cubic(
    start: Point,
    start_normal: Point,
    end: Point,
    end_normal: Point,
    pull: float | tuple[float, float] | None = None,
) -> Path:
    """One cubic that leaves along one normal and arrives against the other.

    Without ``pull`` (the control distances) each is half the gap along its normal, but at least a third of
    the distance where the ends do not face one another. Facing ends in line give a straight line.
    """
    gap = (end[0] - start[0], end[1] - start[1])
    aside = gap[0] * start_normal[1] - gap[1] * start_normal[0]
    if dot(start_normal, end_normal) < -1 + 1e-9 and abs(aside) < 1e-6:
        return straight(start, end)
    match pull:
        case None:
            least = hypot(*gap) / 3
            first = max(least, dot(gap, start_normal) / 2) if dot(start_normal, end_normal) > -0.99 else 0.0
            first = first or max(8.0, abs(dot(gap, start_normal)) / 2)
            second = max(least, -dot(gap, end_normal) / 2) if dot(start_normal, end_normal) > -0.99 else 0.0
            second = second or max(8.0, abs(dot(gap, end_normal)) / 2)
        case (a, b):
            first, second = a, b
        case float() | int():
            first = second = pull
    return Path(start, (CurveTo(add(start, start_normal, first), add(end, end_normal, second), end),))


def cap(start: Point, normal: Point, at: Point, tangent: Point, pull: float | None = None) -> Path:
    """From a leg into a dot: leaves along ``normal`` and meets the dot running along ``tangent``.

    Two caps with opposite tangents make one smooth curve through the dot. ``pull`` is the control distance at
    the dot: 18 where the dot is close, else in proportion to the distance, 30 to 44.
    """
    gap = distance(start, at)
    reach = pull if pull is not None else (18.0 if gap < 44 else min(44.0, max(30.0, gap * 0.55)))
    reach = min(reach, gap * 0.75)
    return cubic(start, normal, at, (-tangent[0], -tangent[1]), (reach, reach))


def arc(center: Point, radius: float, start: float, stop: float) -> Path:
    """A stretch of a circle between two angles in degrees, clockwise from pointing right if stop > start."""
    count = max(1, ceil(abs(stop - start) / 90 - 1e-9))
    step = (stop - start) / count
    pull = 4 / 3 * tan(radians(step) / 4) * radius
    segments: list[LineTo | CurveTo] = []
    for index in range(count):
        a, b = at_angle(start + index * step), at_angle(start + (index + 1) * step)
        first = add(add(center, a, radius), (-a[1], a[0]), pull)
        second = add(add(center, b, radius), (-b[1], b[0]), -pull)
        segments.append(CurveTo(first, second, add(center, b, radius)))
    return Path(add(center, at_angle(start), radius), tuple(segments))


def u_turn(start: Point, direction: Point, end: Point) -> Path:
    """Leaves along ``direction``, turns half round and arrives against it at ``end``.

    The half circle has the distance of the two tracks as its diameter; the shorter track is lengthened first.
    """
    ahead = dot((end[0] - start[0], end[1] - start[1]), direction)
    radius = distance(add(start, direction, ahead), end) / 2
    reach = max(0.0, ahead) + radius
    return track((start, add(start, direction, reach), add(end, direction, reach - ahead), end), radius)


def fork(
    at: Point, direction: Point, ends: Sequence[tuple[Point, Point]], widths: Sequence[float]
) -> tuple[Path, ...]:
    """The members of a bundle: S-curves from the bundle's end to each member's end.

    ``at`` is where the thick leg ends, ``direction`` where the members go on to; ``ends`` are the members'
    ends with their normals, in order across the bundle from the left of ``direction`` to its right. The
    members start side by side, so that together they are as wide as the thick leg (the sum of ``widths``).
    """
    across = (-direction[1], direction[0])
    total = sum(widths)
    offset, paths = -total / 2, []
    for (end, normal), width in zip(ends, widths, strict=True):
        start = add(at, across, offset + width / 2)
        offset += width
        paths.append(cubic(start, direction, end, normal))
    return tuple(paths)
