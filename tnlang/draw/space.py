"""Where ink is already: strokes and filled outlines in a grid of cells, asked what comes near a box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot

from tnlang.draw.close import to_segment
from tnlang.draw.geometry import Box, bbox, contains, flatten
from tnlang.draw.scene import (
    InkItem,
    Item,
    LabelItem,
    OutlineItem,
    Path,
    Point,
    RibbonItem,
    ShapeItem,
    WireItem,
)

_CELL = 32.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight piece of somebody's line; ``radius`` is half its width."""

    owner: int
    start: Point
    end: Point
    radius: float


@dataclass(slots=True)
class Space:
    """The ink of items, each under its number (its position among those added).

    A picture's items are added once; ``near`` is then quick whatever their number. ``areas`` are the filled
    outlines with the boxes round them.
    """

    items: list[Item] = field(default_factory=list)
    _cells: dict[tuple[int, int], list[Stroke]] = field(default_factory=dict)
    areas: dict[int, tuple[Box, Path]] = field(default_factory=dict)
    _areas: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    _boxes: dict[tuple[int, int], list[tuple[int, Box]]] = field(default_factory=dict)

    def add(self, item: Item, box: Box | None = None) -> int:
        """Add an item's ink and give its number. Of a label it is ``box``; of a bubble the wall alone."""
        number = len(self.items)
        self.items.append(item)
        match item:
            case LabelItem() if box is not None:
                for cell in _cells_of(box):
                    self._boxes.setdefault(cell, []).append((number, box))
            case LabelItem():
                raise ValueError("a label is added with its box")
            case WireItem(path=path, width=width) | RibbonItem(path=path, width=width):
                self._stroke(number, path, width / 2)
            case InkItem(outline=outline, stroke=stroke) if stroke:
                self._stroke(number, outline, stroke / 2)
            case OutlineItem(outline=outline):
                self._stroke(number, outline, 0.75)
            case InkItem(outline=outline) | ShapeItem(outline=outline):
                self._stroke(number, outline, 0.85)
                self.areas[number] = (bbox(outline), outline)
                for cell in _cells_of(bbox(outline)):
                    self._areas.setdefault(cell, []).append(number)
        return number

    def near(self, box: Box, clear: float) -> frozenset[int]:
        """Numbers of the items whose ink comes nearer to the box than ``clear``."""
        found: set[int] = set()
        for cell in _cells_of(box.grown(clear)):
            found.update(number for number, other in self._boxes.get(cell, ()) if box.overlaps(other, clear))
        for stroke in self._strokes(box.grown(clear + 3)):
            if stroke.owner not in found and meets(
                stroke.start, stroke.end, box.grown(clear + stroke.radius)
            ):
                found.add(stroke.owner)
        return frozenset(found.union(self.covering(box.center)))

    def gaps(self, box: Box, reach: float) -> dict[int, float]:
        """How far from the box wires are whose ink comes nearer to it than ``reach``, by number."""
        found: dict[int, float] = {}
        for stroke in self._strokes(box.grown(reach + 3)):
            if not isinstance(self.items[stroke.owner], WireItem):
                continue
            (x, y), (u, v) = stroke.start, stroke.end
            limit = min(reach, found.get(stroke.owner, reach))
            far = limit + stroke.radius
            if min(x, u) - box.right >= far or box.left - max(x, u) >= far:
                continue
            if min(y, v) - box.bottom >= far or box.top - max(y, v) >= far:
                continue
            gap = gap_between(box, stroke.start, stroke.end) - stroke.radius
            if gap < limit:
                found[stroke.owner] = gap
        return found

    def covering(self, point: Point) -> Iterator[int]:
        """Numbers of the filled outlines that cover a point."""
        for number in self._areas.get((int(point[0] // _CELL), int(point[1] // _CELL)), ()):
            if self.inside(self.areas[number], point):
                yield number

    @staticmethod
    def inside(area: tuple[Box, Path], point: Point) -> bool:
        """Whether a point lies in an outline, given with its box."""
        return area[0].holds(point) and contains(area[1], point)

    def _stroke(self, owner: int, path: Path, radius: float) -> None:
        for start, end in pairwise(flatten(path)):
            stroke = Stroke(owner, start, end, radius)
            cell = (int(start[0] // _CELL), int(start[1] // _CELL))
            if cell == (int(end[0] // _CELL), int(end[1] // _CELL)):
                self._cells.setdefault(cell, []).append(stroke)
                continue
            for cell in _cells_of(_box_of(start, end)):
                self._cells.setdefault(cell, []).append(stroke)

    def _strokes(self, box: Box) -> Iterable[Stroke]:
        for cell in _cells_of(box):
            yield from self._cells.get(cell, ())


def _box_of(start: Point, end: Point) -> Box:
    return Box(min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))


def _cells_of(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box.left // _CELL), int(box.right // _CELL) + 1):
        for row in range(int(box.top // _CELL), int(box.bottom // _CELL) + 1):
            yield (column, row)


def gap_between(box: Box, start: Point, end: Point) -> float:
    """The distance from a box to a straight line, 0 where they meet."""
    if meets(start, end, box):
        return 0.0
    corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    away = (
        hypot(max(box.left - x, 0.0, x - box.right), max(box.top - y, 0.0, y - box.bottom))
        for x, y in (start, end)
    )
    return min(*away, *(to_segment(corner, start, end) for corner in corners))


def meets(start: Point, end: Point, box: Box) -> bool:
    """Whether a straight line and a box have a point in common."""
    enter, leave = 0.0, 1.0
    along = (end[0] - start[0], end[1] - start[1])
    for axis, low, high in ((0, box.left, box.right), (1, box.top, box.bottom)):
        if abs(along[axis]) < 1e-12:
            if not low <= start[axis] <= high:
                return False
            continue
        first, last = (low - start[axis]) / along[axis], (high - start[axis]) / along[axis]
        enter, leave = max(enter, min(first, last)), min(leave, max(first, last))
    return enter <= leave
