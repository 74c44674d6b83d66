"""Where ink is already: strokes and filled outlines in a grid of cells, asked what comes near a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot

from tnlang.draw.close import Stretch, stretches, to_segment
from tnlang.draw.geometry import Box, bbox, contains
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


@dataclass(slots=True)
class Space:
    """The ink of items, each under its number (its position among those added).

    A picture's items are added once; ``near`` is then quick whatever their number: lines lie in the cells by
    their segments, whose pieces are made where something comes near. ``areas`` are the filled outlines with
    the boxes round them.
    """

    items: list[Item] = field(default_factory=list)
    _cells: dict[tuple[int, int], list[tuple[Stretch, float]]] = field(default_factory=dict)
    _wires: dict[int, list[tuple[Stretch, float]]] = field(default_factory=dict)
    _widest: float = 0.0
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
            case WireItem(id=line, path=path, width=width):
                self._wires.setdefault(line, []).extend(self._stroke(number, path, width / 2))
            case RibbonItem(path=path, width=width):
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

    def labels_near(self, box: Box, clear: float) -> set[int]:
        """Numbers of the labels that come nearer to the box than ``clear``."""
        found: set[int] = set()
        for cell in _cells_of(box.grown(clear)):
            found.update(number for number, other in self._boxes.get(cell, ()) if box.overlaps(other, clear))
        return found

    def near(self, box: Box, clear: float) -> frozenset[int]:
        """Numbers of the items whose ink comes nearer to the box than ``clear``."""
        found = self.labels_near(box, clear)
        for part, radius in self._strokes(box.grown(clear + self._widest)):
            if part.owner in found:
                continue
            reach = clear + radius
            if _reach(box, part, reach):
                wide = box.grown(reach)
                if any(meets(piece.start, piece.end, wide) for piece in part.pieces):
                    found.add(part.owner)
        return frozenset(found.union(self.covering(box.center)))

    def gap(self, box: Box, line: int, most: float) -> float:
        """How far from the box the ink of a wire is, given by its id; ``most`` where it is further off."""
        for part, radius in self._wires.get(line, ()):
            if _reach(box, part, most + radius):
                most = min(most, _gap(box, part) - radius)
        return most

    def passed(self, box: Box, line: int, limit: float) -> bool:
        """Whether the ink of another wire than that of an id is nearer to the box than the limit."""
        for part, radius in self._strokes(box.grown(limit + self._widest)):
            item = self.items[part.owner]
            if (
                isinstance(item, WireItem)
                and item.id != line
                and limit + radius > 0
                and _reach(box, part, limit + radius)
                and _gap(box, part) - radius < limit
            ):
                return True
        return False

    def covering(self, point: Point) -> Iterator[int]:
        """Numbers of the filled outlines that cover a point."""
        for number in self._areas.get((int(point[0] // _CELL), int(point[1] // _CELL)), ()):
            if self.inside(self.areas[number], point):
                yield number

    def hidden(self, point: Point) -> bool:
        """Whether a shape covers the point."""
        for number in self._areas.get((int(point[0] // _CELL), int(point[1] // _CELL)), ()):
            if isinstance(self.items[number], ShapeItem) and self.inside(self.areas[number], point):
                return True
        return False

    @staticmethod
    def inside(area: tuple[Box, Path], point: Point) -> bool:
        """Whether a point lies in an outline, given with its box."""
        return area[0].holds(point) and contains(area[1], point)

    def _stroke(self, owner: int, path: Path, radius: float) -> list[tuple[Stretch, float]]:
        self._widest = max(self._widest, radius)
        known = [(part, radius) for part in stretches(owner, path)]
        cells = self._cells
        for entry in known:
            left, top, right, bottom = (int(side // _CELL) for side in entry[0].bounds)
            for column in range(left, right + 1):
                for row in range(top, bottom + 1):
                    if (column, row) in cells:
                        cells[column, row].append(entry)
                    else:
                        cells[column, row] = [entry]
        return known

    def _strokes(self, box: Box) -> Iterator[tuple[Stretch, float]]:
        for cell in _cells_of(box):
            yield from self._cells.get(cell, ())


def _reach(box: Box, part: Stretch, by: float) -> bool:
    """Whether a segment may come so near to a box."""
    left, top, right, bottom = part.bounds
    return (
        left <= box.right + by
        and right >= box.left - by
        and top <= box.bottom + by
        and bottom >= box.top - by
    )


def _cells_of(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box.left // _CELL), int(box.right // _CELL) + 1):
        for row in range(int(box.top // _CELL), int(box.bottom // _CELL) + 1):
            yield (column, row)


def _gap(box: Box, part: Stretch) -> float:
    """The distance from a box to a segment."""
    return min(gap_between(box, piece.start, piece.end) for piece in part.pieces)


def gap_between(box: Box, start: Point, end: Point) -> float:
    """The distance from a box to a straight line, 0 where they meet."""
    (x, y), (u, v) = start, end
    if x == u or y == v:
        left, right = (x, u) if x < u else (u, x)
        top, bottom = (y, v) if y < v else (v, y)
        aside, away = (
            max(left - box.right, box.left - right, 0.0),
            max(top - box.bottom, box.top - bottom, 0.0),
        )
        return hypot(aside, away) if aside and away else aside or away
    if meets(start, end, box):
        return 0.0
    corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    ends = (
        hypot(max(box.left - x, 0.0, x - box.right), max(box.top - y, 0.0, y - box.bottom))
        for x, y in (start, end)
    )
    return min(*ends, *(to_segment(corner, start, end) for corner in corners))


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
