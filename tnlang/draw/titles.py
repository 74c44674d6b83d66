"""Titles: what a picture tells those who cannot see it, and what reading it back needs beside the geometry.

A shape's title says what it is and names its legs in clockwise order from the mark on its rim, or from the
left where it has none: ``W_Q [head, head_size, hidden]``. A wall's names its functions and the legs at its
gates, a wire's its name, dim and size, and whose leg a free end is. A name's says of what it is the name.
None says what is connected.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Literal

from tnlang.draw.diagram import Backbone, Diagram, Enclosure, Line, Plate, Shape
from tnlang.draw.geometry import bbox, crossings, distance, distance_to, flatten, points_of, reverse, rounded
from tnlang.draw.labels import label_box
from tnlang.draw.round import (
    BUNDLE,
    FREE,
    MARK_WIDTH,
    TOUCH,
    clockwise,
    entry_point,
    fanned,
    loose_ends,
    mark_of,
    meets,
    middle_of,
)
from tnlang.draw.scene import (
    InkItem,
    Item,
    LabelItem,
    OutlineItem,
    Path,
    Point,
    Scene,
    ShapeItem,
    WireItem,
)


def titled(diagram: Diagram, scene: Scene) -> Scene:
    """The scene of a diagram with the titles of its shapes, walls, plates and wires."""
    titles = _Titles(diagram, scene)
    return replace(scene, items=tuple(map(titles.item, scene.items)))


class _Titles:
    def __init__(self, diagram: Diagram, scene: Scene) -> None:
        self.diagram = diagram
        self.shapes = {shape.id: shape for shape in diagram.shapes}
        self.lines = {line.id: line for line in diagram.lines}
        self.enclosures = {enclosure.id: enclosure for enclosure in diagram.enclosures}
        self.plates: dict[int, list[tuple[Backbone, Plate]]] = {}
        for bone in diagram.backbones:
            for plate in bone.plates:
                self.plates.setdefault(plate.number, []).append((bone, plate))
        self.paths: dict[int, list[Path]] = {}
        for item in scene.items:
            if isinstance(item, WireItem):
                self.paths.setdefault(item.id, []).append(item.path)
        self.marks = sorted(
            middle_of(item.outline)
            for item in scene.items
            if isinstance(item, InkItem) and item.stroke >= MARK_WIDTH and item.role == "mark"
        )
        self.bare = {n: shape for n, shape in self.shapes.items() if shape.symbol != "text"}
        self.outlines = [item.outline for item in scene.items if isinstance(item, ShapeItem)]
        self.opens: dict[int, dict[int, str]] = {}
        for end in diagram.opens:
            self.opens.setdefault(end.line, {})[end.end] = end.told

    def item(self, item: Item) -> Item:
        match item:
            case ShapeItem(id=number, outline=outline) if number in self.shapes:
                return replace(item, title=self.shape(self.shapes[number], outline))
            case OutlineItem(id=number, outline=outline, family="plate") if number in self.plates:
                return replace(item, title=self.plate(self.plates[number], outline))
            case OutlineItem(id=number, outline=outline) if number in self.enclosures:
                return replace(item, title=self.wall(self.enclosures[number], outline))
            case WireItem(id=number, path=path) if number in self.lines:
                return replace(item, title=self.wire(self.lines[number], path))
            case LabelItem(kind="shape", inside=number) if number in self.shapes:
                return replace(item, title=name_of("shape", self.shapes[number].told))
            case LabelItem(kind="sign", inside=number) if number in self.bare:
                free = rounded(label_box(item).grown(FREE), 0)
                shape = self.bare[number]
                return replace(item, title=self.shape(shape, free, f"(value) {shape.told}"))
            case LabelItem(kind="badge", inside=number) if number in self.enclosures:
                return replace(item, title=name_of("bubble", _applied(self.enclosures[number])))
            case LabelItem(kind="leg", line=number) if number in self.lines:
                return replace(item, title=self.leg(self.lines[number], item.at))
        return item

    # ------------------------------------------------------------ shapes and walls

    def shape(self, shape: Shape, outline: Path, told: str = "") -> str:
        """What a shape is, in other words where they are given, and its legs."""
        if shape.symbol in ("dot", "onehot") or not shape.told:
            return shape.told or shape.name
        found: list[tuple[str, Point]] = []
        for line, leg in dict(zip(shape.legs, shape.leg_names, strict=True)).items():
            names = [name for other, name in zip(shape.legs, shape.leg_names, strict=True) if other == line]
            points = self._entries(line, outline)
            if len(names) == 2 and len(points) == 2 and self._backwards(line, shape):
                names.reverse()
            found.extend(zip(names if len(names) > 1 else [leg], points, strict=False))
        return listed(
            told or shape.told, bbox(outline).center, found, mark_of(outline, self._marks_near(outline))
        )

    def _marks_near(self, outline: Path) -> Sequence[Point]:
        """The orientation marks that stand no further left or right than an outline reaches."""
        box = bbox(outline).grown(TOUCH)
        first, last = bisect_left(self.marks, (box.left, -inf)), bisect_right(self.marks, (box.right, inf))
        return self.marks[first:last]

    def _entries(self, line: int, outline: Path) -> list[Point]:
        """Where the loose ends of a line that lie on a shape leave its outline."""
        paths = self.paths.get(line, [])
        return [
            entry_point(points_of(paths[i] if start else reverse(paths[i])), outline)
            for i, start, at in loose_ends(paths)
            if meets(outline, at)
        ]

    def _backwards(self, line: int, shape: Shape) -> bool:
        """Whether a line from a shape to itself begins at the later of its two legs."""
        first, last = self.lines[line].ends
        return first.leg > last.leg

    def wall(self, enclosure: Enclosure, outline: Path) -> str:
        found: list[tuple[str, Point]] = []
        for line, name in zip((*enclosure.gates, *enclosure.ended), enclosure.gate_names, strict=True):
            paths = self.paths.get(line, [])
            if line in enclosure.ended:
                ends = [at for _, _, at in loose_ends(paths)]
                at = [min(ends, key=lambda p: distance_to(outline, p))] if ends else []
            else:
                at = [point for path in paths for point, _ in crossings(path, outline)][:1]
            found.extend((name, point) for point in at)
        return listed(_applied(enclosure), bbox(outline).center, found)

    def plate(self, stretches: Sequence[tuple[Backbone, Plate]], outline: Path) -> str:
        """The loop, and the lines across a plate's edge: ``in.1``, ``out.1``, what comes from outside.

        Of several streams the second is ``in 2.1``, ``out 2.1``.
        """
        roles: dict[int, str] = {}
        for number, (bone, plate) in enumerate(stretches, 1):
            which = f" {number}" if number > 1 else ""
            first, last = bone.stations.index(plate.start), bone.stations.index(plate.stop)
            roles |= {line: f"in{which}.{i}" for i, line in enumerate(bone.tracks[first], 1)}
            roles |= {line: f"out{which}.{i}" for i, line in enumerate(bone.tracks[last + 1], 1)}
        found = []
        for line, paths in self.paths.items():
            for point in [at for path in paths for at, _ in crossings(path, outline)][:1]:
                found.append((roles.get(line, self._taken(line, outline)), point))
        return listed(stretches[0][1].told, bbox(outline).center, found)

    def _taken(self, line: int, outline: Path) -> str:
        """What a line brings that comes from outside a plate: the shape's number and its leg's name."""
        for end in self.lines[line].ends:
            if end.shape is not None:
                shape = self.shapes[end.shape]
                if "copy" in shape.told:
                    return shape.leg_names[end.leg].replace(".", f"-{shape.name}.", 1)
        return "other"

    # ------------------------------------------------------------ wires

    def leg(self, line: Line, at: Point) -> str:
        """Of what a name beside a wire, or beyond its free end, is the name."""
        told = self.opens.get(line.id, {})
        if len(told) == 1:
            return name_of("end", *told.values())
        ends = [end for _, _, end in loose_ends(self.paths.get(line.id, []))] if told else []
        if len(ends) > 1:
            return name_of("end", told[min((0, 1), key=lambda end: distance(ends[end], at))])
        return name_of("wire", _called(line))

    def wire(self, line: Line, path: Path) -> str:
        return _called(line) + self._members(line) + self._free(line, path)

    def _free(self, line: Line, path: Path) -> str:
        """Whose leg the free end of a stretch is; of two, from the start of the path."""
        told = self.opens.get(line.id)
        if not told:
            return ""
        paths = self.paths[line.id]
        own = paths.index(path)
        free = [
            start
            for i, start, at in loose_ends(paths)
            if i == own and not any(meets(outline, at) for outline in self.outlines)
        ]
        names = [told[end] for end in sorted(told)]
        if len(paths) == 1 and len(told) == 2:
            return f", open as {names[0]} and {names[1]}"
        return f", open as {names[0]}" if free else ""

    def _ways(self, line: int) -> list[tuple[Point, ...]]:
        """A line's points from each of its loose ends on."""
        paths = self.paths.get(line, [])
        return [flatten(paths[i] if start else reverse(paths[i])) for i, start, _ in loose_ends(paths)]

    def _members(self, line: Line) -> str:
        """The members of a bundle, at the end of its thick wire."""
        told = ""
        for end in line.ends:
            shape = self.shapes.get(end.shape) if end.shape is not None else None
            if shape is None or shape.symbol != "fork" or end.leg != 0:
                continue
            members = [
                (name, way)
                for leg, name in zip(shape.legs[1:], shape.leg_names[1:], strict=True)
                for way in self._ways(leg)
            ]
            for thick in self._ways(line.id):
                near = [(name, way) for name, way in members if distance(way[0], thick[0]) < BUNDLE]
                if near:
                    order = fanned(thick, [way for _, way in near])
                    told += f", members [{', '.join(near[k][0] for k in order)}]"
        return told


def _applied(enclosure: Enclosure) -> str:
    """The functions of a wall."""
    return enclosure.told or "bracket" + (f" {enclosure.name}" if enclosure.name else "")


def _called(line: Line) -> str:
    """A wire by its name, dim and size."""
    size = " = ".join(str(part) for part in (line.dim or None, line.size) if part is not None)
    name = line.text or line.name or "wire"
    return f"{name}: {size}" if size else name


def name_of(kind: Literal["shape", "bubble", "wire", "end"], told: str) -> str:
    """The title of a name. A free end is told by the leg that it is."""
    return f"(name of {kind}) {told}"


def listed(told: str, center: Point, found: Sequence[tuple[str, Point]], mark: Point | None = None) -> str:
    """Words and the names of what lies round a centre, clockwise from a mark or the left."""
    if not found:
        return told
    order = clockwise(center, [point for _, point in found], mark)
    return f"{told} [{', '.join(found[k][0].replace(', ', ',') for k in order)}]"
