"""What comes near what: lines cut into short straight pieces that lie in a grid of cells.

In plain Python, since most pictures are small and a library for this would take longer to load than it saves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise, product
from math import ceil, hypot
from types import MappingProxyType

from tnlang.draw.geometry import bbox, between, contains, distance, flatten
from tnlang.draw.scene import Path, Point

_CELL = 48.0
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A straight piece of an item's line; ``bounds`` are left, top, right and bottom."""

    owner: int
    start: Point
    end: Point
    bounds: Bounds


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
        self.whole = [
            _piece(number, start, end)
            for number, path in paths
            for start, end in pairwise(flatten(path))
            if start != end
        ]
        self._cells = Cells()
        self._of: dict[int, list[Piece]] = {number: [] for number in self.paths}
        for piece in self.whole:
            self._of[piece.owner].append(piece)
        parts = [] if filled else [(n, part) for n, piece in enumerate(self.whole) for part in _short(piece)]
        self._part_of, self.short = [n for n, _ in parts], [part for _, part in parts]
        """What lies in the cells, by their places here; of areas the boxes round them do, by number."""
        if filled:
            self._round = {number: _bounds(path) for number, path in paths}
            for number, bounds in self._round.items():
                self._cells.add(number, bounds)
        else:
            for index, piece in enumerate(self.short):
                self._cells.add(index, piece.bounds)
        self._furthest = max(self.reach.values(), default=0.0)

    def near(
        self, others: Lines, clear: float, but: Collection[tuple[int, int]] = frozenset()
    ) -> dict[tuple[int, int], Point]:
        """Pairs of an item among others and of one here whose ink comes as near as ``clear``, and where.

        The place is on the other's line. Pairs in ``but`` are not looked at, nor an item beside itself.
        """
        found: dict[tuple[int, int], Point] = {}
        for other, mine, pieces in self._candidates(others, clear):
            pair = (other.owner, mine)
            if pair in found or pair in but or other.owner == mine:
                continue
            limit = clear + others.reach.get(other.owner, 0.0) + self.reach.get(mine, 0.0)
            for piece in pieces:
                if _boxes_near(other.bounds, piece.bounds, limit):
                    apart, at = _apart(other, piece)
                    if apart <= limit:
                        found[pair] = at
                        break
        if self.filled:
            for number, path in others.paths.items():
                for holder in self.holding(path.start):
                    if (number, holder) not in but and number != holder:
                        found.setdefault((number, holder), path.start)
        return dict(sorted(found.items()))

    def _candidates(self, others: Lines, clear: float) -> Iterator[tuple[Piece, int, Sequence[Piece]]]:
        """Pieces of others with items here, and pieces of these, that may come as near as ``clear``.

        Of two items the pieces come in order. Areas ask what is round them: they are few, and large.
        """
        if not self.paths:
            return
        if not self.filled:
            for other in others.short or others.whole:
                wide = clear + others.reach.get(other.owner, 0.0)
                yield from ((other, mine, pieces) for mine, pieces in self._beside(other.bounds, wide))
            return
        for mine, bounds in self._round.items():
            for other in others.around(bounds, clear):
                if _boxes_near(other.bounds, bounds, clear + others.reach.get(other.owner, 0.0)):
                    yield other, mine, self._of[mine]

    def around(self, bounds: Bounds, clear: float) -> list[Piece]:
        """The pieces here that may come as near to a box as ``clear``, in order."""
        near = sorted(self._cells.near(bounds, clear + self._furthest))
        if self.filled:
            return [piece for number in near for piece in self._of[number]]
        return [self.short[index] for index in near]

    def _beside(self, bounds: Bounds, clear: float) -> Iterator[tuple[int, Sequence[Piece]]]:
        """Items here with pieces that may come as near to a box as ``clear``; an area's are all of them."""
        near = self._cells.near(bounds, clear + self._furthest)
        if not self.filled:
            yield from ((self.short[index].owner, (self.short[index],)) for index in near)
            return
        for number in near:
            if _boxes_near(bounds, self._round[number], clear):
                yield number, self._of[number]

    def pairs(self, clear: float) -> list[tuple[int, int]]:
        """Pairs of items here that come as near as ``clear``, each once."""
        return sorted({(min(pair), max(pair)) for pair in self.near(self, clear)})

    def at(self, point: Point, clear: float) -> list[int]:
        """The areas that hold a point, or come as near to it as ``clear``."""
        spot = Piece(-1, point, point, (*point, *point))
        found = self.holding(point)
        for number, pieces in self._beside(spot.bounds, clear):
            if number not in found and any(
                _boxes_near(spot.bounds, piece.bounds, clear) and _apart(spot, piece)[0] <= clear
                for piece in pieces
            ):
                found.append(number)
        return sorted(found)

    def holding(self, point: Point) -> list[int]:
        """The areas that hold a point."""
        near = self._cells.near((*point, *point), 0.0)
        return sorted(number for number in near if contains(self.paths[number], point))

    def side_by_side(self, clear: float) -> Iterator[tuple[Piece, Piece]]:
        """Whole straight pieces of two items that may come nearer than ``clear``, the lower number first.

        Not those of which one is level and the other upright: they cannot run side by side.
        """
        seen: set[tuple[int, int]] = set()
        cells: dict[tuple[int, int], tuple[list[int], list[int], list[int]]] = {}
        for index, piece in enumerate(self.short):
            for cell in _cells_of(piece.bounds, clear / 2 + self._furthest):
                if cell not in cells:
                    cells[cell] = ([], [], [])
                cells[cell][_way(piece)].append(index)
        owners = [piece.owner for piece in self.short]
        wide = [clear / 2 + self.reach.get(owner, 0.0) for owner in owners]
        bounds = [piece.bounds for piece in self.short]
        for level, upright, aslant in cells.values():
            pairs = chain(
                combinations(level, 2),
                combinations(upright, 2),
                combinations(aslant, 2),
                product(aslant, (*level, *upright)),
            )
            for one, two in pairs:
                if owners[one] != owners[two] and _boxes_near(
                    bounds[one], bounds[two], wide[one] + wide[two]
                ):
                    first, second = (one, two) if owners[one] < owners[two] else (two, one)
                    seen.add((self._part_of[first], self._part_of[second]))
        for one, two in sorted(seen):
            yield self.whole[one], self.whole[two]


def _way(piece: Piece) -> int:
    """Whether a piece is level (0), upright (1) or aslant (2)."""
    if piece.start[1] == piece.end[1]:
        return 0
    return 1 if piece.start[0] == piece.end[0] else 2


def _bounds(path: Path) -> Bounds:
    box = bbox(path)
    return (box.left, box.top, box.right, box.bottom)


def _cells_of(bounds: Bounds, clear: float) -> list[tuple[int, int]]:
    left, top = int((bounds[0] - clear) // _CELL), int((bounds[1] - clear) // _CELL)
    right, bottom = int((bounds[2] + clear) // _CELL), int((bounds[3] + clear) // _CELL)
    if left == right and top == bottom:
        return [(left, top)]
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]


def _short(whole: Piece) -> Sequence[Piece]:
    """A piece in parts none longer than a cell is wide."""
    count = ceil(distance(whole.start, whole.end) / _CELL)
    if count < 2:
        return (whole,)
    stops = [between(whole.start, whole.end, n / count) for n in range(count + 1)]
    return [_piece(whole.owner, a, b) for a, b in pairwise(stops)]


def _piece(number: int, a: Point, b: Point) -> Piece:
    left, right = (a[0], b[0]) if a[0] <= b[0] else (b[0], a[0])
    top, bottom = (a[1], b[1]) if a[1] <= b[1] else (b[1], a[1])
    return Piece(number, a, b, (left, top, right, bottom))


def _boxes_near(a: Bounds, b: Bounds, clear: float) -> bool:
    return a[0] - clear <= b[2] and b[0] - clear <= a[2] and a[1] - clear <= b[3] and b[1] - clear <= a[3]


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
