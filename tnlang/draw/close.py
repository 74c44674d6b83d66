"""What comes near what: paths taken apart into segments, and the pairs of these whose boxes meet.

Only of such pairs are the straight pieces made and measured. For few boxes a grid of cells in plain Python
finds the pairs sooner than a library could be loaded; many are left to shapely's tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, hypot
from types import MappingProxyType
from typing import NamedTuple

from tnlang.draw.geometry import bbox, between, contains, distance, flatten, segment_points, segments
from tnlang.draw.scene import CurveTo, LineTo, Path, Point

_CELL = 48.0
MANY = 3000
"""So many boxes are joined by a tree."""

Bounds = tuple[float, float, float, float]
"""Left, top, right and bottom."""

# ---------------------------------------------------------------- boxes


class Cells:
    """Numbers in all cells of the grid that their bounds touch, asked what is near others."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[int]] = {}

    def add(self, number: int, bounds: Bounds) -> None:
        for cell in _cells_of(bounds, 0.0):
            self._cells.setdefault(cell, []).append(number)

    def near(self, bounds: Bounds, clear: float) -> Collection[int]:
        """The numbers that may come nearer than ``clear``, each once."""
        found = [known for cell in _cells_of(bounds, clear) if (known := self._cells.get(cell))]
        if len(found) < 2:
            return found[0] if found else ()
        return {number for known in found for number in known}


def joined(ones: Sequence[Bounds], others: Sequence[Bounds]) -> Iterable[tuple[int, int]]:
    """The pairs of boxes, one of the ones and one of the others, that have a point in common; in order."""
    if not ones or not others:
        return ()
    return (_by_tree if len(ones) + len(others) > MANY else _by_cells)(ones, others)


def _by_tree(ones: Sequence[Bounds], others: Sequence[Bounds]) -> Iterable[tuple[int, int]]:
    import numpy as np
    import shapely

    tree = shapely.STRtree(shapely.box(*np.asarray(others).T))
    first, second = tree.query(shapely.box(*np.asarray(ones).T))
    order = np.lexsort((second, first))
    return zip(first[order].tolist(), second[order].tolist(), strict=True)


def _by_cells(ones: Sequence[Bounds], others: Sequence[Bounds]) -> Iterator[tuple[int, int]]:
    cells = Cells()
    for number, bounds in enumerate(others):
        cells.add(number, bounds)
    for number, bounds in enumerate(ones):
        for other in sorted(cells.near(bounds, 0.0)):
            if _meet(bounds, others[other]):
                yield number, other


def _cells_of(bounds: Bounds, clear: float) -> list[tuple[int, int]]:
    left, top = int((bounds[0] - clear) // _CELL), int((bounds[1] - clear) // _CELL)
    right, bottom = int((bounds[2] + clear) // _CELL), int((bounds[3] + clear) // _CELL)
    if left == right and top == bottom:
        return [(left, top)]
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]


def _meet(a: Bounds, b: Bounds) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _grown(bounds: Bounds, by: float) -> Bounds:
    return (bounds[0] - by, bounds[1] - by, bounds[2] + by, bounds[3] + by)


def _round(a: Point, b: Point, c: Point, d: Point) -> Bounds:
    (x, y), (x1, y1), (x2, y2), (x3, y3) = a, b, c, d
    return (min(x, x1, x2, x3), min(y, y1, y2, y3), max(x, x1, x2, x3), max(y, y1, y2, y3))


# ---------------------------------------------------------------- parts of lines


class Piece(NamedTuple):
    """A straight piece of an item's line."""

    owner: int
    start: Point
    end: Point
    bounds: Bounds


@dataclass(slots=True, eq=False)
class Stretch:
    """A segment of an item's line; of a curve ``bounds`` are those of its control points."""

    owner: int
    start: Point
    segment: LineTo | CurveTo
    bounds: Bounds
    _pieces: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Its straight pieces, made when they are first asked for."""
        if not self._pieces:
            self._pieces = _pieces(self.owner, [self.start, *segment_points(self.start, self.segment)])
        return self._pieces


@dataclass(slots=True, eq=False)
class Area:
    """The whole outline of an item."""

    owner: int
    outline: Path
    bounds: Bounds
    _pieces: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Its straight pieces, made when they are first asked for."""
        if not self._pieces:
            self._pieces = _pieces(self.owner, flatten(self.outline))
        return self._pieces


def _pieces(owner: int, points: Sequence[Point]) -> tuple[Piece, ...]:
    return tuple(Piece(owner, a, b, _between(a, b)) for a, b in pairwise(points) if a != b)


def stretches(owner: int, path: Path) -> Iterator[Stretch]:
    """The segments of an item's path that have a length."""
    for start, segment in segments(path):
        if isinstance(segment, CurveTo):
            yield Stretch(owner, start, segment, _round(start, segment.first, segment.second, segment.end))
        elif start != segment.end:
            yield Stretch(owner, start, segment, _between(start, segment.end))


def _between(a: Point, b: Point) -> Bounds:
    left, right = (a[0], b[0]) if a[0] <= b[0] else (b[0], a[0])
    top, bottom = (a[1], b[1]) if a[1] <= b[1] else (b[1], a[1])
    return (left, top, right, bottom)


def _short(whole: Piece) -> Sequence[Piece]:
    """A piece in parts none longer than a cell is wide."""
    count = ceil(distance(whole.start, whole.end) / _CELL)
    if count < 2:
        return (whole,)
    stops = [between(whole.start, whole.end, n / count) for n in range(count + 1)]
    return [Piece(whole.owner, a, b, _between(a, b)) for a, b in pairwise(stops)]


def _way(part: Stretch) -> int:
    """Whether a segment is level (0), upright (1) or aslant (2)."""
    match part.segment:
        case LineTo(end):
            return 0 if part.start[1] == end[1] else 1 if part.start[0] == end[0] else 2
        case _:
            return 2


# ---------------------------------------------------------------- lines


class Lines:
    """Paths by the number of their item; ``reach`` is how far from its path an item's ink reaches.

    ``filled`` paths are outlines of areas: what lies within one is as near as can be.
    """

    def __init__(
        self,
        paths: Sequence[tuple[int, Path]],
        reach: Mapping[int, float] = MappingProxyType({}),
        filled: bool = False,
    ) -> None:
        self.paths = dict(paths)
        self.reach, self.filled = reach, filled

    @cached_property
    def parts(self) -> Sequence[Stretch | Area]:
        """What is compared with others at once: areas whole, other lines by their segments."""
        if not self.filled:
            return self._stretches
        boxes = ((number, path, bbox(path)) for number, path in self.paths.items())
        return [Area(number, path, (b.left, b.top, b.right, b.bottom)) for number, path, b in boxes]

    @cached_property
    def _stretches(self) -> list[Stretch]:
        return [part for number, path in self.paths.items() for part in stretches(number, path)]

    def near(
        self, others: Lines, clear: float, but: Collection[tuple[int, int]] = frozenset()
    ) -> dict[tuple[int, int], Point]:
        """Pairs of an item among others and of one here whose ink comes as near as ``clear``, and where.

        The place is on the other's line. Pairs in ``but`` are not looked at, nor an item beside itself.
        """
        found: dict[tuple[int, int], Point] = {}
        for i, j in joined(self._wide(0.0), others._wide(clear)):
            mine, other = self.parts[i], others.parts[j]
            pair = (other.owner, mine.owner)
            if pair in found or pair in but or other.owner == mine.owner:
                continue
            limit = clear + others.reach.get(other.owner, 0.0) + self.reach.get(mine.owner, 0.0)
            at = _where_near(other, mine, limit)
            if at is not None:
                found[pair] = at
        if self.filled:
            starts = [(number, path.start) for number, path in others.paths.items()]
            for place, holder in self.touching([at for _, at in starts]):
                number, at = starts[place]
                if (number, holder) not in but and number != holder:
                    found.setdefault((number, holder), at)
        return dict(sorted(found.items()))

    def _wide(self, clear: float) -> list[Bounds]:
        return [_grown(part.bounds, clear + self.reach.get(part.owner, 0.0)) for part in self.parts]

    def pairs(self, clear: float) -> list[tuple[int, int]]:
        """Pairs of items here that come as near as ``clear``, each once."""
        return sorted({(min(pair), max(pair)) for pair in self.near(self, clear)})

    def touching(self, points: Sequence[Point], clear: float | None = None) -> Iterator[tuple[int, int]]:
        """Points by their places, with the areas that hold them, or come as near to them as ``clear``."""
        boxes = [_grown((*point, *point), clear or 0.0) for point in points]
        for place, index in joined(boxes, self._wide(0.0)):
            point, area = points[place], self.parts[index]
            if contains(self.paths[area.owner], point) or (
                clear is not None and any(to_segment(point, p.start, p.end) <= clear for p in area.pieces)
            ):
                yield place, area.owner

    def at(self, point: Point, clear: float) -> list[int]:
        """The areas that hold a point, or come as near to it as ``clear``."""
        return sorted(area for _, area in self.touching([point], clear))

    def side_by_side(self, clear: float) -> Iterator[tuple[Piece, Piece]]:
        """Whole straight pieces of two items that may come nearer than ``clear``, the lower number first.

        Not those of which one is level and the other upright: they cannot run side by side.
        """
        parts, wide = self._stretches, self._wide(clear / 2)
        ways: tuple[list[int], list[int], list[int]] = ([], [], [])
        for index, part in enumerate(parts):
            ways[_way(part)].append(index)
        level, upright, aslant = ways
        found: list[tuple[int, int, int, int]] = []
        for ones, others in ((level, level), (upright, upright), (aslant, aslant), (aslant, level + upright)):
            for place, other in joined([wide[i] for i in ones], [wide[i] for i in others]):
                i, j = ones[place], others[other]
                if parts[i].owner < parts[j].owner:
                    found += ((i, a, j, b) for a, b in self._beside(parts[i], parts[j], clear))
                elif ones is not others and parts[i].owner != parts[j].owner:
                    found += ((j, a, i, b) for a, b in self._beside(parts[j], parts[i], clear))
        for i, a, j, b in sorted(found):
            yield parts[i].pieces[a], parts[j].pieces[b]

    def _beside(self, one: Stretch, other: Stretch, clear: float) -> Iterator[tuple[int, int]]:
        """Which pieces of two segments may come nearer than ``clear``, by their places."""
        limit = clear + self.reach.get(one.owner, 0.0) + self.reach.get(other.owner, 0.0)
        for a, first in enumerate(one.pieces):
            bounds = _grown(first.bounds, limit)
            if _meet(bounds, other.bounds):
                yield from ((a, b) for b, last in enumerate(other.pieces) if _meet(bounds, last.bounds))


def _where_near(other: Stretch | Area, mine: Stretch | Area, limit: float) -> Point | None:
    """The first place on another's part that is as near to mine as the limit."""
    for piece in other.pieces:
        if not _meet(_grown(piece.bounds, limit), mine.bounds):
            continue
        for part in _short(piece):
            bounds = _grown(part.bounds, limit)
            for own in mine.pieces:
                if _meet(bounds, own.bounds):
                    apart, at = _apart(part, own)
                    if apart <= limit:
                        return at
    return None


def _apart(a: Piece, b: Piece) -> tuple[float, Point]:
    """How far two pieces are apart, and the point of the first that is nearest to the second."""
    if _cross(a, b):
        return 0.0, a.start
    tries = [
        (to_segment(a.start, b.start, b.end), a.start),
        (to_segment(a.end, b.start, b.end), a.end),
        *((to_segment(end, a.start, a.end), _nearest(end, a.start, a.end)) for end in (b.start, b.end)),
    ]
    return min(tries)


def _cross(a: Piece, b: Piece) -> bool:
    """Whether two pieces cross; that they touch is found by their distance."""
    return (_side(a, b.start) > 0) != (_side(a, b.end) > 0) and (_side(b, a.start) > 0) != (
        _side(b, a.end) > 0
    )


def _side(piece: Piece, point: Point) -> float:
    (x, y), (u, v) = piece.start, piece.end
    return (u - x) * (point[1] - y) - (v - y) * (point[0] - x)


def _nearest(point: Point, start: Point, end: Point) -> Point:
    """The point of a straight line from start to end that is nearest to a point."""
    along = (end[0] - start[0], end[1] - start[1])
    square = along[0] * along[0] + along[1] * along[1]
    if square == 0:
        return start
    part = ((point[0] - start[0]) * along[0] + (point[1] - start[1]) * along[1]) / square
    part = min(1.0, max(0.0, part))
    return (start[0] + part * along[0], start[1] + part * along[1])


def to_segment(point: Point, start: Point, end: Point) -> float:
    """How far a point is from a straight line."""
    near = _nearest(point, start, end)
    return hypot(point[0] - near[0], point[1] - near[1])
