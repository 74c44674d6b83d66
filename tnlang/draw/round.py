"""In which order wires meet an outline: clockwise, from the orientation mark or else from the left.

What writes titles and what reads a picture back both count by these functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from tnlang.draw.geometry import (
    angle_of,
    bbox,
    between,
    contains,
    distance,
    distance_to,
    encloses,
    flatten,
    unit,
)
from tnlang.draw.scene import Path, Point

TOUCH = 2.0
"""A wire that ends so near to an outline ends on it."""
FREE = 5.0
"""Round a formula that stands free: a wire that ends there is tied to it."""
MARK_WIDTH = 4.0
"""Ink of the stroke at least, on a shape's rim, is an orientation mark."""
BUNDLE = 10.0
"""So near to the end of a thick wire its members begin."""
_BEFORE = 27.0
"""Degrees before the mark's middle, or before the left, from which is counted."""


def meets(outline: Path, point: Point) -> bool:
    """Whether a wire that ends at the point ends on the shape: inside its outline, or near to it."""
    box = bbox(outline)
    return box.holds(point, TOUCH) and (contains(outline, point) or distance_to(outline, point) < TOUCH)


def entry_point(points: Iterable[Point], outline: Path) -> Point:
    """Where a wire that begins on a shape leaves its outline; its end where it never does."""
    rim, box = flatten(outline), bbox(outline)
    inner: Point | None = None
    for point in points:
        if not (box.holds(point) and encloses(rim, point)):
            return point if inner is None else between(inner, point, _way_to(rim, inner, point))
        inner = point
    assert inner is not None
    return inner


def _way_to(rim: Sequence[Point], inner: Point, outer: Point) -> float:
    """Which part of the way from inside a polygon to outside it is inside, up to its first crossing."""
    along = (outer[0] - inner[0], outer[1] - inner[1])
    first = 1.0
    for a, b in pairwise(rim):
        edge = (b[0] - a[0], b[1] - a[1])
        cross = along[0] * edge[1] - along[1] * edge[0]
        if cross:
            gap = (a[0] - inner[0], a[1] - inner[1])
            way = (gap[0] * edge[1] - gap[1] * edge[0]) / cross
            at = (gap[0] * along[1] - gap[1] * along[0]) / cross
            if 0 <= way < first and 0 <= at <= 1:
                first = way
    return first


def middle_of(mark: Path) -> Point:
    """The middle of an orientation mark."""
    points = flatten(mark)
    half = len(points) // 2
    return points[half] if len(points) % 2 else between(points[half - 1], points[half])


def mark_of(outline: Path, middles: Sequence[Point]) -> Point | None:
    """The middle of the orientation mark on an outline, among those of all marks; None if it has none."""
    box = bbox(outline).grown(TOUCH)
    on = (at for at in middles if box.holds(at) and distance_to(outline, at) < TOUCH)
    return next(on, None)


def clockwise(center: Point, points: Sequence[Point], mark: Point | None = None) -> list[int]:
    """The positions of the points in clockwise order round a centre."""
    start = angle_of(unit(center, mark)) if mark is not None else 180.0
    angles = [(angle_of(unit(center, p)) - start + _BEFORE) % 360 for p in points]
    return sorted(range(len(points)), key=lambda index: angles[index])


def fanned(thick: Sequence[Point], members: Sequence[Sequence[Point]]) -> list[int]:
    """The positions of a bundle's members, clockwise from the thick wire, which ends where they begin.

    All are given as points from there on. Members are told apart as near to the fork as they can be.
    """
    back = angle_of(unit(thick[0], _ahead(thick, 6.0)))
    for reach in (3.0, 6.0, 12.0, 24.0, 48.0, 96.0):
        ways = [unit(thick[0], _ahead(points, reach)) for points in members]
        turns = sorted(((angle_of(way) - back) % 360, index) for index, way in enumerate(ways))
        if all(second[0] - first[0] > 4.0 for first, second in pairwise(turns)):
            break
    return [index for _, index in turns]


def _ahead(points: Sequence[Point], reach: float) -> Point:
    """The point so far along a line, or its end."""
    for a, b in pairwise(points):
        size = distance(a, b)
        if size > reach:
            return between(a, b, reach / size)
        reach -= size
    return points[-1]


def loose_ends(paths: Sequence[Path]) -> list[tuple[int, bool, Point]]:
    """The ends of stretches of one wire where no other goes on: which stretch, whether its start, where."""
    ends = [(i, s, p.start if s else p.end) for i, p in enumerate(paths) for s in (True, False)]
    return [
        end
        for number, end in enumerate(ends)
        if not any(
            distance(end[2], other[2]) < TOUCH
            for place, other in enumerate(ends)
            if place // 2 != number // 2
        )
    ]
