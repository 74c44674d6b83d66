"""Paths: the outlines of shapes and the measures of any path. In the scene's units, y downwards.

Curves that wires follow are in ``curves``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from math import atan2, cos, degrees, hypot, inf, isfinite, radians, sin
from typing import NamedTuple

from tnlang.draw.scene import CurveTo, LineTo, Path, Point

KAPPA = 0.5523
"""Control distance, in radii, of the cubic that looks like a quarter circle."""

LEFT, RIGHT, UP, DOWN = (-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)
DIRECTIONS: dict[str, Point] = {"left": LEFT, "right": RIGHT, "up": UP, "down": DOWN}

# ---------------------------------------------------------------- points


def add(a: Point, b: Point, times: float = 1.0) -> Point:
    """``a + times * b``."""
    return (a[0] + times * b[0], a[1] + times * b[1])


def between(a: Point, b: Point, part: float = 0.5) -> Point:
    """The point that lies ``part`` of the way from a to b."""
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)


def distance(a: Point, b: Point) -> float:
    return hypot(b[0] - a[0], b[1] - a[1])


def unit(a: Point, b: Point) -> Point:
    """The direction from a to b; (0, 0) if they are one point."""
    size = distance(a, b)
    return ((b[0] - a[0]) / size, (b[1] - a[1]) / size) if size > 1e-9 else (0.0, 0.0)


def dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1]


def at_angle(angle: float) -> Point:
    """The unit vector at an angle in degrees, clockwise on the screen from pointing right."""
    return (cos(radians(angle)), sin(radians(angle)))


def angle_of(direction: Point) -> float:
    """The angle of a direction in degrees, clockwise from pointing right, in (-180, 180]."""
    return degrees(atan2(direction[1], direction[0]))


# ---------------------------------------------------------------- boxes


class Box(NamedTuple):
    """An upright rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def center(self) -> Point:
        return ((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        low, high = (self.left, self.bottom), (self.right, self.bottom)
        return ((self.left, self.top), (self.right, self.top), high, low)

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def moved(self, by: Point) -> Box:
        return Box(self.left + by[0], self.top + by[1], self.right + by[0], self.bottom + by[1])

    def overlaps(self, other: Box, clear: float = 0.0) -> bool:
        """Whether the two come nearer than ``clear``."""
        return (
            self.left < other.right + clear
            and other.left < self.right + clear
            and self.top < other.bottom + clear
            and other.top < self.bottom + clear
        )

    def holds(self, point: Point, clear: float = 0.0) -> bool:
        """Whether the point is inside, or nearer than ``clear``."""
        return (
            self.left - clear <= point[0] <= self.right + clear
            and self.top - clear <= point[1] <= self.bottom + clear
        )

    def holds_all(self, other: Box) -> bool:
        """Whether the other lies wholly inside."""
        return self.holds((other.left, other.top)) and self.holds((other.right, other.bottom))

    def away(self, point: Point) -> float:
        """How far a point is from the rectangle; 0 inside."""
        across = max(self.left - point[0], 0.0, point[0] - self.right)
        return hypot(across, max(self.top - point[1], 0.0, point[1] - self.bottom))


NO_BOX = Box(inf, inf, -inf, -inf)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box round all; NO_BOX round none."""
    left, top, right, bottom = inf, inf, -inf, -inf
    for box in boxes:
        left, top = min(left, box.left), min(top, box.top)
        right, bottom = max(right, box.right), max(bottom, box.bottom)
    return Box(left, top, right, bottom)


def box_around(center: Point, width: float, height: float) -> Box:
    return Box(center[0] - width / 2, center[1] - height / 2, center[0] + width / 2, center[1] + height / 2)


# ---------------------------------------------------------------- outlines


def circle(center: Point, radius: float) -> Path:
    """A full circle, from its rightmost point clockwise."""
    (x, y), r, k = center, radius, radius * KAPPA
    return Path(
        (x + r, y),
        (
            CurveTo((x + r, y + k), (x + k, y + r), (x, y + r)),
            CurveTo((x - k, y + r), (x - r, y + k), (x - r, y)),
            CurveTo((x - r, y - k), (x - k, y - r), (x, y - r)),
            CurveTo((x + k, y - r), (x + r, y - k), (x + r, y)),
        ),
        closed=True,
    )


def rounded(box: Box, radius: float) -> Path:
    """A rectangle with round corners, clockwise from the left end of its top; the radius is cut to fit."""
    r = max(0.0, min(radius, box.width / 2, box.height / 2))
    k = r * (1 - KAPPA)
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return Path(
        (left + r, top),
        (
            LineTo((right - r, top)),
            CurveTo((right - k, top), (right, top + k), (right, top + r)),
            LineTo((right, bottom - r)),
            CurveTo((right, bottom - k), (right - k, bottom), (right - r, bottom)),
            LineTo((left + r, bottom)),
            CurveTo((left + k, bottom), (left, bottom - k), (left, bottom - r)),
            LineTo((left, top + r)),
            CurveTo((left, top + k), (left + k, top), (left + r, top)),
        ),
        closed=True,
    )


def stadium(box: Box) -> Path:
    """A pill: the shorter sides are half circles."""
    return rounded(box, min(box.width, box.height) / 2)


def polygon(points: Sequence[Point], corner: float = 0.0) -> Path:
    """A closed polygon; each corner is replaced by a curve that starts ``corner`` before it."""
    segments: list[LineTo | CurveTo] = []
    count = len(points)
    for index, point in enumerate(points):
        before, after = points[index - 1], points[(index + 1) % count]
        enter = add(point, unit(point, before), min(corner, distance(point, before) / 2))
        leave = add(point, unit(point, after), min(corner, distance(point, after) / 2))
        segments.append(LineTo(enter))
        if corner:
            segments.append(quadratic(enter, point, leave))
    return Path(segments[-1].end, tuple(segments), closed=True)


def quadratic(start: Point, control: Point, end: Point) -> CurveTo:
    """The cubic that equals the parabola with one control point."""
    return CurveTo(between(start, control, 2 / 3), between(end, control, 2 / 3), end)


def triangle(
    center: Point,
    direction: Point,
    length: float = 46.0,
    edge: float = 48.0,
    corner: float = 4.0,
    *,
    blunt: float = 0.0,
) -> Path:
    """A triangle whose tip points along ``direction``; ``center`` halves its length.

    A ``blunt`` one has its tip cut off where it is so wide.
    """
    tip, foot = add(center, direction, length / 2), add(center, direction, -length / 2)
    across = (-direction[1], direction[0])
    ends = (add(tip, across, -blunt / 2), add(tip, across, blunt / 2)) if blunt else (tip,)
    return polygon((add(foot, across, -edge / 2), *ends, add(foot, across, edge / 2)), corner)


# ---------------------------------------------------------------- changes


def map_points(path: Path, change: Sequence[float]) -> Path:
    """The path under ``(a, b, c, d, e, f)``: x' = a x + c y + e, y' = b x + d y + f, as SVG's matrix."""
    a, b, c, d, e, f = change

    def at(point: Point) -> Point:
        return (a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f)

    def segment(part: LineTo | CurveTo) -> LineTo | CurveTo:
        match part:
            case LineTo(end):
                return LineTo(at(end))
            case CurveTo(first, second, end):
                return CurveTo(at(first), at(second), at(end))

    return Path(at(path.start), tuple(map(segment, path.segments)), path.closed)


def move(path: Path, by: Point) -> Path:
    """The path shifted."""
    right, down = by
    moved: list[LineTo | CurveTo] = []
    for part in path.segments:
        end = (part.end[0] + right, part.end[1] + down)
        if isinstance(part, LineTo):
            moved.append(LineTo(end))
        else:
            (x, y), (u, v) = part.first, part.second
            moved.append(CurveTo((x + right, y + down), (u + right, v + down), end))
    return Path((path.start[0] + right, path.start[1] + down), tuple(moved), path.closed)


def turn(path: Path, angle: float, center: Point = (0.0, 0.0)) -> Path:
    """The path turned clockwise by ``angle`` degrees round a point; multiples of 90 are exact."""
    c, s = (round(v) if angle % 90 == 0 else v for v in at_angle(angle))
    x, y = center
    return map_points(path, (c, s, -s, c, x - c * x + s * y, y - s * x - c * y))


def reverse(path: Path) -> Path:
    """The same curve from its end to its start."""
    starts = [path.start, *(segment.end for segment in path.segments)]
    segments: list[LineTo | CurveTo] = []
    for start, segment in zip(starts, path.segments, strict=False):
        match segment:
            case LineTo():
                segments.append(LineTo(start))
            case CurveTo(first, second):
                segments.append(CurveTo(second, first, start))
    return Path(path.end, tuple(reversed(segments)), path.closed)


def join(*paths: Path) -> Path:
    """One open path through several, a straight line where one does not start at the other's end."""
    segments: list[LineTo | CurveTo] = list(paths[0].segments)
    end = paths[0].end
    for path in paths[1:]:
        if distance(end, path.start) > 1e-6:
            segments.append(LineTo(path.start))
        segments.extend(path.segments)
        end = path.end
    return Path(paths[0].start, tuple(segments))


def until(path: Path, box: Box) -> Path:
    """The path up to where it comes into a box to stay; as it is where it does not end in the box, or never
    leaves it."""
    starts = [path.start, *(segment.end for segment in path.segments)]
    last = next((i for i in reversed(range(len(starts) - 1)) if not box.holds(starts[i])), None)
    if last is None or not box.holds(path.end):
        return path
    segment, start = path.segments[last], starts[last]
    low, high = 0.0, 1.0
    for _ in range(30):
        part = (low + high) / 2
        low, high = (low, part) if box.holds(_beginning(start, segment, part).end) else (part, high)
    return Path(path.start, (*path.segments[:last], _beginning(start, segment, low)))


def _beginning(start: Point, segment: LineTo | CurveTo, t: float) -> LineTo | CurveTo:
    """The part of a segment before ``t``, by de Casteljau."""
    if isinstance(segment, LineTo):
        return LineTo(between(start, segment.end, t))
    first, middle = between(start, segment.first, t), between(segment.first, segment.second, t)
    last = between(segment.second, segment.end, t)
    second, third = between(first, middle, t), between(middle, last, t)
    return CurveTo(first, second, between(second, third, t))


# ---------------------------------------------------------------- measures


@cache
def _weights(count: int) -> tuple[tuple[float, float, float, float], ...]:
    """What the four points of a cubic weigh at each point that cuts it into so many parts."""
    parts = ((1 - i / count, i / count) for i in range(1, count))
    return tuple((u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t) for u, t in parts)


def segment_points(start: Point, segment: LineTo | CurveTo, step: float = 4.0) -> list[Point]:
    """The points of a segment after its start: its end, and of a curve about one every ``step`` units.

    Raises ValueError for a coordinate of a curve that is no finite number.
    """
    if isinstance(segment, LineTo):
        return [segment.end]
    (x, y), (x1, y1), (x2, y2), (x3, y3) = start, segment.first, segment.second, segment.end
    hull = hypot(x1 - x, y1 - y) + hypot(x2 - x1, y2 - y1) + hypot(x3 - x2, y3 - y2)
    if not isfinite(hull):
        raise ValueError(f"a path runs through {segment}")
    weights = _weights(max(8, min(200, int(hull / step))))
    points = [(a * x + b * x1 + c * x2 + d * x3, a * y + b * y1 + c * y2 + d * y3) for a, b, c, d in weights]
    points.append(segment.end)
    return points


def points_of(path: Path, step: float = 4.0) -> Iterator[Point]:
    """The points of a path, one after the other: see ``flatten``."""
    yield path.start
    for start, segment in segments(path):
        yield from segment_points(start, segment, step)


@lru_cache(maxsize=65536)
def flatten(path: Path, step: float = 4.0) -> tuple[Point, ...]:
    """The path as points joined by straight lines; a curve gets one about every ``step`` units, at least 8.

    A closed path ends with its first point. Raises ValueError for a coordinate that is no finite number.
    """
    return tuple(points_of(path, step))


def segments(path: Path) -> Iterator[tuple[Point, LineTo | CurveTo]]:
    """The segments of a path, each with its start; the line that closes it is the last one."""
    at = path.start
    for segment in path.segments:
        yield at, segment
        at = segment.end
    if path.closed and distance(at, path.start) > 1e-9:
        yield at, LineTo(path.start)


def hull(path: Path) -> Box:
    """A box round the path that is quickly found: round its control points."""
    points = [path.start]
    for segment in path.segments:
        if isinstance(segment, CurveTo):
            points += (segment.first, segment.second)
        points.append(segment.end)
    return _round(points)


def knots(path: Path) -> Box:
    """The box round the ends of the path's segments, all of which lie on it."""
    return _round([path.start, *(segment.end for segment in path.segments)])


def _round(points: Sequence[Point]) -> Box:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


@lru_cache(maxsize=65536)
def bbox(path: Path) -> Box:
    """The box round the path (without the width of its stroke)."""
    return _round(flatten(path))


def length(path: Path) -> float:
    return sum(distance(a, b) for a, b in pairwise(flatten(path)))


def point_at(path: Path, part: float) -> tuple[Point, Point]:
    """The point at ``part`` (0 to 1) of the path's length, and the direction in which it runs there."""
    points = flatten(path)
    left = length(path) * min(1.0, max(0.0, part))
    tangent = RIGHT
    for a, b in pairwise(points):
        size = distance(a, b)
        if size < 1e-9:
            continue
        tangent = unit(a, b)
        if left <= size:
            return between(a, b, left / size), tangent
        left -= size
    return points[-1], tangent


def crossings(a: Path, b: Path) -> tuple[tuple[Point, float], ...]:
    """Where two paths cross: the points, and the angle there (0 to 90 degrees).

    Stretches that run on top of one another give no crossing.
    """
    found: list[tuple[Point, float]] = []
    others = _pieces(flatten(b), bbox(a))
    if not others:
        return ()
    for p, q, low_x, high_x, low_y, high_y in _pieces(flatten(a), bbox(b)):
        along = (q[0] - p[0], q[1] - p[1])
        for r, s, left, right, top, bottom in others:
            if right < low_x or left > high_x or bottom < low_y or top > high_y:
                continue
            other = (s[0] - r[0], s[1] - r[1])
            cross = along[0] * other[1] - along[1] * other[0]
            if abs(cross) < 1e-9:
                continue
            gap = (r[0] - p[0], r[1] - p[1])
            t = (gap[0] * other[1] - gap[1] * other[0]) / cross
            v = (gap[0] * along[1] - gap[1] * along[0]) / cross
            if -1e-9 <= t <= 1 + 1e-9 and -1e-9 <= v <= 1 + 1e-9:
                point = between(p, q, t)
                if all(distance(point, known) > 0.01 for known, _ in found):
                    tilt = abs(angle_of(unit(r, s)) - angle_of(unit(p, q))) % 180
                    found.append((point, min(tilt, 180 - tilt)))
    return tuple(found)


def _pieces(points: tuple[Point, ...], around: Box) -> list[tuple[Point, Point, float, float, float, float]]:
    """The straight pieces that come into a box, each with the bounds of its own."""
    found = []
    for p, q in pairwise(points):
        left, right = (p[0], q[0]) if p[0] <= q[0] else (q[0], p[0])
        top, bottom = (p[1], q[1]) if p[1] <= q[1] else (q[1], p[1])
        if left <= around.right and right >= around.left and top <= around.bottom and bottom >= around.top:
            found.append((p, q, left, right, top, bottom))
    return found


def contains(outline: Path, point: Point) -> bool:
    """Whether the point lies inside a closed outline."""
    return bbox(outline).holds(point) and encloses(flatten(outline), point)


def encloses(corners: Sequence[Point], point: Point) -> bool:
    """Whether the point lies inside a closed polygon, which ends with its first corner."""
    inside = False
    x, y = point
    for (x1, y1), (x2, y2) in pairwise(corners):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def distance_to(path: Path, point: Point) -> float:
    """The distance from a point to the nearest point of the path's line."""
    best = inf
    for a, b in pairwise(flatten(path)):
        along = (b[0] - a[0], b[1] - a[1])
        size = dot(along, along)
        part = 0.0 if size < 1e-12 else dot((point[0] - a[0], point[1] - a[1]), along) / size
        best = min(best, distance(point, between(a, b, min(1.0, max(0.0, part)))))
    return best
