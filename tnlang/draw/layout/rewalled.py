"""Walls drawn anew round what they hold, after shapes have moved: with their badges, gates and options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from tnlang.draw import pieces
from tnlang.draw.diagram import Diagram, Enclosure
from tnlang.draw.frame import move_item
from tnlang.draw.geometry import (
    Box,
    add,
    bbox,
    contains,
    crossings,
    distance,
    distance_to,
    flatten,
    join,
    rounded,
    union,
    unit,
)
from tnlang.draw.scene import InkItem, Item, LabelItem, LineTo, OutlineItem, Path, Point, WireItem

PAD, CROSSED, NESTED = 18.0, 26.0, 27.0
"""From a wall to the shapes in it, to those with a wire across that side, to a wall in it."""
PLATE, FREE = 20.0, 24.0


def rewalled(
    diagram: Diagram,
    old: Sequence[Item],
    items: Sequence[Item],
    shapes: Mapping[int, Box],
    moved: Collection[int],
    wired: Collection[int],
) -> tuple[Item, ...]:
    """The items with each wall round its contents where some of them moved, and gates where its lines cross.

    ``shapes`` are the boxes of all shapes now, ``moved`` those that moved, ``wired`` the lines that run anew.
    """
    work = _Walls(diagram, old, items, shapes, moved, wired)
    return tuple(item for each in items for item in work.item(each))


class _Walls:
    def __init__(
        self,
        diagram: Diagram,
        old: Sequence[Item],
        items: Sequence[Item],
        shapes: Mapping[int, Box],
        moved: Collection[int],
        wired: Collection[int],
    ) -> None:
        self.diagram = diagram
        self.enclosures = {enclosure.id: enclosure for enclosure in diagram.enclosures}
        self.before = {i.id: i.outline for i in old if isinstance(i, OutlineItem) and i.id in self.enclosures}
        self.shapes = shapes
        self.paths: dict[int, list[Path]] = {}
        for item in items:
            if isinstance(item, WireItem):
                self.paths.setdefault(item.id, []).append(item.path)
        self.wired = wired
        self.boxes: dict[int, Box] = {}
        for enclosure in sorted(diagram.enclosures, key=lambda e: -self._depth(e)):
            if self._holds(enclosure.id, moved):
                self.boxes[enclosure.id] = self._around(enclosure)
        self.grown = union(self.boxes.values())
        self.longer = dict(self._lengthened())
        self.moved = union(box for number, box in self.shapes.items() if number in moved)

    def _depth(self, enclosure: Enclosure) -> int:
        return 0 if enclosure.inside is None else 1 + self._depth(self.enclosures[enclosure.inside])

    def _holds(self, wall: int, shapes: Collection[int]) -> bool:
        inner = [e.id for e in self.diagram.enclosures if e.inside == wall]
        return any(s.id in shapes for s in self.diagram.shapes if s.inside == wall) or any(
            self._holds(number, shapes) for number in inner
        )

    def _around(self, enclosure: Enclosure) -> Box:
        """The box of a wall: its contents, and room where wires leave."""
        inside = [
            self.shapes[s.id] for s in self.diagram.shapes if s.inside == enclosure.id and s.id in self.shapes
        ]
        nested = [
            (self.boxes.get(e.id) or bbox(self.before[e.id])).grown(NESTED - PAD)
            for e in self.diagram.enclosures
            if e.inside == enclosure.id and e.id in self.before
        ]
        box = union([*inside, *nested]).grown(PAD)
        more = dict.fromkeys(("left", "right", "top", "bottom"), 0.0)
        for paths in self.paths.values():
            for path in paths:
                for (x, y), _ in crossings(path, rounded(box, 0.0)):
                    gaps = {
                        "left": x - box.left,
                        "right": box.right - x,
                        "top": y - box.top,
                        "bottom": box.bottom - y,
                    }
                    more[min(gaps, key=lambda side: abs(gaps[side]))] = CROSSED - PAD
        return Box(
            box.left - more["left"],
            box.top - more["top"],
            box.right + more["right"],
            box.bottom + more["bottom"],
        )

    def _lengthened(self) -> Iterator[tuple[tuple[int, Point], Point]]:
        """Free ends that a wall now holds, and how much further they have to reach."""
        for end in self.diagram.opens:
            for path in self.paths.get(end.line, ()):
                points = flatten(path)
                for at, before in ((points[0], points[1]), (points[-1], points[-2])):
                    walls = [box for box in self.boxes.values() if box.holds(at)]
                    if not walls or any(box.holds(at, 1.0) for box in self.shapes.values()):
                        continue
                    way, box = unit(before, at), union(walls)
                    ways = (
                        (box.right - at[0]) * (way[0] > 0.7),
                        (at[0] - box.left) * (way[0] < -0.7),
                        (box.bottom - at[1]) * (way[1] > 0.7),
                        (at[1] - box.top) * (way[1] < -0.7),
                    )
                    yield (end.line, at), add((0.0, 0.0), way, max(ways) + FREE)

    def _long(self, number: int, path: Path) -> Path:
        """A path with its free ends outside all walls."""
        for (line, at), by in self.longer.items():
            if line == number and at == path.end:
                path = join(path, Path(at, (LineTo(add(at, by)),)))
            elif line == number and at == path.start:
                path = join(Path(add(at, by), (LineTo(at),)), path)
        return path

    def outline(self, number: int) -> Path:
        box = self.boxes[number]
        return rounded(box, min(40.0, box.height / 2, box.width / 2))

    # ------------------------------------------------------------ items

    def item(self, item: Item) -> Iterator[Item]:
        """What stands for an item now."""
        match item:
            case WireItem(id=number, path=path):
                yield replace(item, path=self._long(number, path))
            case LabelItem(kind="leg", at=at) if near := [
                by for (_, end), by in self.longer.items() if distance(end, at) < 40.0
            ]:
                yield move_item(item, near[0])
            case OutlineItem(id=number) if number in self.boxes:
                enclosure = self.enclosures[number]
                outline = self.outline(number)
                yield replace(item, outline=outline)
                yield from pieces.badge_items(enclosure, self._badge(enclosure))
                yield from self._gates(enclosure, outline)
            case OutlineItem(family="plate", outline=outline) if contains(outline, self.moved.center):
                yield replace(item, outline=rounded(union([bbox(outline), self._reach()]), 16.0))
            case OutlineItem(id=number, outline=outline) if number in self.enclosures:
                yield item
                if self._rewired(self.enclosures[number]):
                    yield from self._gates(self.enclosures[number], outline)
            case InkItem(role=role) if role.startswith("badge-") and self._of_wall(item, self.boxes):
                return
            case InkItem(role=role) if role.startswith("gate-") and self._of_wall(item, self._gated()):
                return
            case LabelItem(kind="badge", inside=number) if number in self.boxes:
                return
            case LabelItem(kind="note") if (wall := self._noted(item)) is not None:
                was, now = bbox(self.before[wall]), self.boxes[wall]
                yield move_item(item, (now.right - was.right, now.bottom - was.bottom))
            case _:
                yield item

    def _reach(self) -> Box:
        return union(
            [self.moved.grown(PLATE), self.grown.grown(PLATE)] if self.boxes else [self.moved.grown(PLATE)]
        )

    def _gated(self) -> dict[int, Box]:
        found = dict(self.boxes)
        for number, enclosure in self.enclosures.items():
            if number in self.before and self._rewired(enclosure):
                found.setdefault(number, bbox(self.before[number]))
        return found

    def _rewired(self, enclosure: Enclosure) -> bool:
        return any(line in self.wired for line in (*enclosure.gates, *enclosure.ended))

    def _of_wall(self, item: InkItem, walls: Collection[int]) -> bool:
        """Whether ink lies on the outline that one of the walls had."""
        center = bbox(item.outline).center
        near = {n: distance_to(outline, center) for n, outline in self.before.items()}
        return bool(near) and min(near, key=lambda n: (near[n], n)) in walls

    def _noted(self, item: LabelItem) -> int | None:
        return next((n for n in self.boxes if self.enclosures[n].options == item.text), None)

    def _badge(self, enclosure: Enclosure) -> Point:
        """On the top of the wall, off the wires that cross it."""
        box = self.boxes[enclosure.id]
        half = pieces.badge_size(enclosure)[0] / 2 if enclosure.badge else 0.0
        low, high = box.left + 14 + half, max(box.left + 14 + half, box.right - 14 - half)
        crossed = [
            x
            for paths in self.paths.values()
            for path in paths
            for (x, y), _ in crossings(path, rounded(box, 0.0))
            if abs(y - box.top) < 1.0
        ]
        steps = [min(high, low + 14.0 + 6.0 * n) for n in range(200)]
        free = [x for x in steps if all(abs(x - c) > half + 6.0 for c in crossed)]
        return (free[0] if free else low, box.top)

    def _gates(self, enclosure: Enclosure, outline: Path) -> Iterator[Item]:
        box = bbox(outline)
        for line in (*enclosure.gates, *enclosure.ended):
            ended = line in enclosure.ended
            for drawn in self.paths.get(line, ()):
                path = self._long(line, drawn)
                points = [path.start, path.end] if ended else [at for at, _ in crossings(path, outline)]
                on_wall = [p for p in points if distance_to(outline, p) < 1.0]
                for at in on_wall[:1]:
                    upright = min(abs(at[0] - box.left), abs(at[0] - box.right)) < min(
                        abs(at[1] - box.top), abs(at[1] - box.bottom)
                    )
                    wall = (0.0, 1.0) if upright else (1.0, 0.0)
                    yield pieces.gate_item(enclosure, at, wall, ended=ended)
