"""What is wrong with a picture: a list of rules over a scene, each a function that yields findings.

Layouts weigh their candidates by ``cost``; tests hold that a finished picture has no findings. Everything is
read from the geometry: what a wire may touch are the shapes in or on which it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from tnlang.draw.frame import ink_box
from tnlang.draw.geometry import (
    Box,
    angle_of,
    bbox,
    between,
    contains,
    crossings,
    distance,
    distance_to,
    flatten,
    unit,
)
from tnlang.draw.labels import label_box
from tnlang.draw.scene import (
    CurveTo,
    InkItem,
    Item,
    LabelItem,
    LineTo,
    OutlineItem,
    Path,
    Point,
    Scene,
    ShapeItem,
    WireItem,
)
from tnlang.draw.space import Space

LABEL_CLEAR = 2.0
SHAPE_CLEAR = 2.0
WIRE_CLEAR = 2.0
FLAT = 35.0
KINK = 12.0
_BACKGROUND = ("plate", "card")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the rule it breaks, what it is, where, and the items by their position."""

    rule: str
    message: str
    at: Point
    items: tuple[int, ...]


WEIGHTS = {
    "shapes overlap": 100.0,
    "wire through shape": 60.0,
    "wires overlap": 50.0,
    "wall through shape": 60.0,
    "walls cross": 50.0,
    "needless crossing of a wall": 30.0,
    "flat crossing": 25.0,
    "wires too close": 15.0,
    "label covered": 20.0,
    "name outside its shape": 20.0,
    "badge covered": 20.0,
    "kink": 20.0,
    "outside the canvas": 40.0,
}


def lint(scene: Scene) -> tuple[Finding, ...]:
    """All findings of a scene, by rule. A good picture has none."""
    view = _View(scene)
    return tuple(finding for rule in RULES for finding in rule(view))


def cost(scene: Scene) -> float:
    """The sum of the findings' weights, for choosing among layouts."""
    return sum(WEIGHTS[finding.rule] for finding in lint(scene))


class _View:
    """The items of a scene by kind, with what the rules ask for more than once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        items = list(enumerate(scene.items))
        self.shapes = [(i, item) for i, item in items if isinstance(item, ShapeItem)]
        self.wires = [(i, item) for i, item in items if isinstance(item, WireItem)]
        self.labels = [(i, item) for i, item in items if isinstance(item, LabelItem)]
        self.marks = [(i, item) for i, item in items if isinstance(item, InkItem)]
        walls = [(i, item) for i, item in items if isinstance(item, OutlineItem)]
        self.walls = [(i, item) for i, item in walls if item.family not in _BACKGROUND]
        self.boxes = {i: bbox(_line(item)) for i, item in items if not isinstance(item, LabelItem)}
        self.space = Space()
        for item in scene.items:
            self.space.add(item, label_box(item) if isinstance(item, LabelItem) else None)
        self.bodies = _Shapes([(i, shapely.Polygon(flatten(shape.outline))) for i, shape in self.shapes])
        self.rims = _Shapes([(i, shapely.LinearRing(flatten(wall.outline))) for i, wall in self.walls])
        self.curves = _Shapes([(i, shapely.LineString(flatten(wire.path))) for i, wire in self.wires])
        self.pieces = _Pieces(self.wires)
        ends: dict[int, set[int]] = {i: set() for i, _ in self.wires}
        points = [(i, shapely.Point(p)) for i, wire in self.wires for p in (wire.path.start, wire.path.end)]
        for i, shape_at in self.bodies.near(points, 1.5):
            ends[i].add(shape_at)
        self.ends = ends
        """For each wire the shapes in or on which it ends."""

    def hidden(self, point: Point) -> bool:
        """Whether a shape covers the point."""
        return any(isinstance(self.space.items[n], ShapeItem) for n in self.space.covering(point))


class _Shapes:
    """Geometry by the number of its item, asked what comes near."""

    def __init__(self, found: Sequence[tuple[int, shapely.Geometry]]) -> None:
        self.numbers = [number for number, _ in found]
        self.known = dict(found)
        self.tree = shapely.STRtree([geometry for _, geometry in found])

    def near(self, others: Sequence[tuple[int, shapely.Geometry]], clear: float) -> list[tuple[int, int]]:
        """Pairs of an item's number among others, and of one here that comes nearer than ``clear``."""
        if not others or not self.numbers:
            return []
        found = self.tree.query([geometry for _, geometry in others], "dwithin", clear).T.tolist()
        return sorted({(others[a][0], self.numbers[b]) for a, b in found})

    def pairs(self, clear: float) -> list[tuple[int, int]]:
        """Pairs of items here that come nearer than ``clear``, each once."""
        return [(a, b) for a, b in self.near(list(self.known.items()), clear) if a < b]


class _Pieces:
    """The straight pieces of all wires, and which come near which."""

    def __init__(self, wires: Sequence[tuple[int, WireItem]]) -> None:
        rows = [
            (*a, *b, i, wire.width / 2)
            for i, wire in wires
            for a, b in pairwise(flatten(wire.path))
            if distance(a, b) > 1e-9
        ]
        table = np.array(rows, dtype=float).reshape(-1, 6)
        self.start, self.end, self.half = table[:, :2], table[:, 2:4], table[:, 5]
        self.owner = table[:, 4].astype(int)
        self.lines = shapely.linestrings(np.stack([self.start, self.end], axis=1)) if len(table) else []
        self.tree = shapely.STRtree(self.lines)
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        grow = self.half[:, None] + self.half.max(initial=0.0) + WIRE_CLEAR
        boxes = shapely.box(*(low - grow).T, *(high + grow).T) if len(table) else []
        one, other = self.tree.query(boxes) if len(table) else (np.zeros(0, int), np.zeros(0, int))
        kept = self.owner[one] < self.owner[other]
        self.one, self.other = one[kept], other[kept]
        """Pieces of two wires near one another, the wire that stands first first."""

    def tilted(self) -> np.ndarray:
        """For each pair the angle between the two, 0 to 90 degrees."""
        a, b = (self.end[n] - self.start[n] for n in (self.one, self.other))
        cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
        return np.asarray(np.degrees(np.arctan2(cross, np.abs((a * b).sum(axis=1)))))


def _line(item: Item) -> Path:
    match item:
        case ShapeItem(outline=outline) | OutlineItem(outline=outline) | InkItem(outline=outline):
            return outline
        case LabelItem():
            raise TypeError("a label has no line")
        case _:
            return item.path


def _name(item: Item) -> str:
    match item:
        case ShapeItem(title=title):
            return f"shape {title}"
        case WireItem(title=title, id=number):
            return f"wire {title or number}"
        case OutlineItem(title=title, family=family):
            return f"{family} wall {title}".rstrip()
        case LabelItem(text=text):
            return f"label {text}"
        case InkItem(role=role):
            return role
    return "ribbon"


# ---------------------------------------------------------------- shapes and walls


def _shapes_apart(view: _View) -> Iterator[Finding]:
    for i, j in view.bodies.pairs(SHAPE_CLEAR):
        at = between(view.boxes[i].center, view.boxes[j].center)
        yield Finding("shapes overlap", _both(view, i, j), at, (i, j))


def _walls_clear_of_shapes(view: _View) -> Iterator[Finding]:
    for i, j in view.bodies.near(list(view.rims.known.items()), SHAPE_CLEAR):
        yield Finding("wall through shape", _both(view, i, j), view.boxes[j].center, (i, j))


def _walls_apart(view: _View) -> Iterator[Finding]:
    for i, j in view.rims.pairs(SHAPE_CLEAR):
        yield Finding("walls cross", _both(view, i, j), view.boxes[i].center, (i, j))


def _both(view: _View, i: int, j: int) -> str:
    return f"{_name(view.scene.items[i])} and {_name(view.scene.items[j])}"


# ---------------------------------------------------------------- wires


def _wires_round_shapes(view: _View) -> Iterator[Finding]:
    widths = {i: wire.width / 2 for i, wire in view.wires}
    widest = max(widths.values(), default=0.0)
    for i, j in view.bodies.near(list(view.curves.known.items()), WIRE_CLEAR + widest):
        wire, body = view.curves.known[i], view.bodies.known[j]
        if j not in view.ends[i] and wire.distance(body) < WIRE_CLEAR + widths[i]:
            at = shapely.shortest_line(wire, body).coords[0]
            yield Finding("wire through shape", _both(view, i, j), at, (i, j))


def _crossings_are_steep(view: _View) -> Iterator[Finding]:
    pieces, tilt = view.pieces, view.pieces.tilted()
    flat = (tilt < FLAT) & (tilt > 1e-6)
    pairs = sorted(
        set(zip(*(pieces.owner[n[flat]].tolist() for n in (pieces.one, pieces.other)), strict=True))
    )
    for i, j in pairs:
        a, b = view.scene.items[i], view.scene.items[j]
        assert isinstance(a, WireItem) and isinstance(b, WireItem)
        for at, angle in crossings(a.path, b.path):
            if angle < FLAT and not _meeting(a, b, at) and not view.hidden(at):
                yield Finding("flat crossing", f"{_both(view, i, j)} at {angle:.0f} degrees", at, (i, j))


def _meeting(a: WireItem, b: WireItem, at: Point) -> bool:
    """Whether two wires have a common end near a point: a dot, a fork, a leg of one shape."""
    near = max(10.0, a.width + b.width)
    return any(
        distance(p, q) < 6 + (a.width + b.width) / 2 and distance(p, at) < near
        for p in (a.path.start, a.path.end)
        for q in (b.path.start, b.path.end)
    )


def _wires_apart(view: _View) -> Iterator[Finding]:
    """Wires on top of one another, or side by side nearer than eye and print can part."""
    pieces = view.pieces
    side_by_side = view.pieces.tilted() <= 20
    steps: dict[tuple[int, int], dict[tuple[int, int], tuple[float, float, Point]]] = {}
    for one, other in zip(
        pieces.one[side_by_side].tolist(), pieces.other[side_by_side].tolist(), strict=True
    ):
        i, j = int(pieces.owner[one]), int(pieces.owner[other])
        a, b = view.scene.items[i], view.scene.items[j]
        assert isinstance(a, WireItem) and isinstance(b, WireItem)
        gap = (a.width + b.width) / 2
        p, q, r, s = (
            _point(x) for x in (pieces.start[one], pieces.end[one], pieces.start[other], pieces.end[other])
        )
        count = max(1, int(distance(p, q) / 6))
        for step in range(count):
            middle = between(p, q, (step + 0.5) / count)
            apart = _to_segment(middle, r, s)
            if apart < gap + WIRE_CLEAR and not _sharing(a, b, middle) and not view.hidden(middle):
                near = steps.setdefault((i, j), {})
                known = near.get((one, step), (apart, 0.0, middle))
                near[one, step] = (min(apart, known[0]), distance(p, q) / count, middle)
    for (i, j), near in sorted(steps.items()):
        a, b = view.scene.items[i], view.scene.items[j]
        assert isinstance(a, WireItem) and isinstance(b, WireItem)
        where = max(near.items())[1][2]
        on_top = sum(length for apart, length, _ in near.values() if apart < (a.width + b.width) / 2)
        if on_top > 8:
            yield Finding("wires overlap", _both(view, i, j), where, (i, j))
        elif sum(length for _, length, _ in near.values()) > 12:
            yield Finding("wires too close", _both(view, i, j), where, (i, j))


def _point(row: np.ndarray) -> Point:
    return (float(row[0]), float(row[1]))


def _sharing(a: WireItem, b: WireItem, at: Point) -> bool:
    """Whether two wires come from one point nearby, as the members of a bundle and the legs of a dot do."""
    return any(
        distance(p, q) < 3 + (a.width + b.width) / 2 and distance(p, at) < 40
        for p in (a.path.start, a.path.end)
        for q in (b.path.start, b.path.end)
    )


def _to_segment(point: Point, start: Point, end: Point) -> float:
    return distance_to(Path(start, (LineTo(end),)), point) if start != end else distance(point, start)


def _walls_crossed_once(view: _View) -> Iterator[Finding]:
    for i, j in sorted((wall, wire) for wire, wall in view.rims.near(list(view.curves.known.items()), 0.0)):
        wall, wire = view.scene.items[i], view.scene.items[j]
        assert isinstance(wall, OutlineItem) and isinstance(wire, WireItem)
        found = [(at, angle) for at, angle in crossings(wire.path, wall.outline) if not view.hidden(at)]
        if len(found) > 1:
            message = f"{_name(wire)} crosses {_name(wall)} {len(found)} times"
            yield Finding("needless crossing of a wall", message, found[0][0], (i, j))
        elif found and found[0][1] < FLAT:
            message = f"{_name(wire)} and {_name(wall)} at {found[0][1]:.0f} degrees"
            yield Finding("flat crossing", message, found[0][0], (i, j))


def _smooth(view: _View) -> Iterator[Finding]:
    for i, wire in view.wires:
        directions: list[tuple[Point, Point, Point]] = []
        start = wire.path.start
        for segment in wire.path.segments:
            match segment:
                case CurveTo(first, second, end):
                    leave = unit(start, first) if distance(start, first) > 1e-6 else unit(start, end)
                    arrive = unit(second, end) if distance(second, end) > 1e-6 else unit(start, end)
                case _:
                    leave = arrive = unit(start, segment.end)
            if distance(start, segment.end) > 1e-6:
                directions.append((start, leave, arrive))
            start = segment.end
        for (_, _, arriving), (at, leaving, _) in pairwise(directions):
            turned = abs(angle_of(leaving) - angle_of(arriving))
            if min(turned, 360 - turned) > KINK and not view.hidden(at):
                yield Finding("kink", f"{_name(wire)} turns by {min(turned, 360 - turned):.0f}", at, (i,))


# ---------------------------------------------------------------- labels, badges, canvas


def _labels_clear(view: _View) -> Iterator[Finding]:
    for i, label in view.labels:
        if label.kind in ("shape", "badge"):
            continue
        box = label_box(label)
        for j in sorted(view.space.near(box, LABEL_CLEAR) - {i}):
            other = view.scene.items[j]
            if isinstance(other, OutlineItem) and other.family in _BACKGROUND:
                if not _straddles(box, view.boxes[j]):
                    continue
            elif isinstance(other, LabelItem) and j < i and other.kind not in ("shape", "badge"):
                continue
            yield Finding("label covered", f"{_name(label)} and {_name(other)}", box.center, (i, j))


def _straddles(box: Box, outline: Box) -> bool:
    corners = ((box.left, box.top), (box.right, box.bottom))
    return outline.holds(corners[0]) != outline.holds(corners[1])


def _names_inside(view: _View) -> Iterator[Finding]:
    outlines = {shape.id: (i, shape.outline) for i, shape in view.shapes}
    for i, label in view.labels:
        if label.kind != "shape" or label.inside not in outlines:
            continue
        number, outline = outlines[label.inside]
        box = label_box(label)
        middle = box.center[1]
        sides = (
            (box.left, middle),
            (box.right, middle),
            (box.center[0], box.top),
            (box.center[0], box.bottom),
        )
        if not all(contains(outline, point) for point in sides):
            yield Finding("name outside its shape", _name(label), box.center, (i, number))


def _badges_clear(view: _View) -> Iterator[Finding]:
    badges = [(i, mark) for i, mark in view.marks if mark.role.startswith("badge-")]
    for i, badge in badges:
        box = view.boxes[i]
        for j in sorted(view.space.near(box, LABEL_CLEAR) - {i}):
            other = view.scene.items[j]
            match other:
                case ShapeItem() | WireItem():
                    pass
                case InkItem(role=role) if role.startswith("badge-") and j > i:
                    pass
                case _:
                    continue
            yield Finding("badge covered", f"{badge.role} and {_name(other)}", box.center, (i, j))


def _inside_canvas(view: _View) -> Iterator[Finding]:
    for i, item in enumerate(view.scene.items):
        box = ink_box(item)
        if box.left < 0 or box.top < 0 or box.right > view.scene.width or box.bottom > view.scene.height:
            yield Finding("outside the canvas", _name(item), box.center, (i,))


RULES: tuple[Callable[[_View], Iterator[Finding]], ...] = (
    _shapes_apart,
    _walls_clear_of_shapes,
    _walls_apart,
    _wires_round_shapes,
    _crossings_are_steep,
    _wires_apart,
    _walls_crossed_once,
    _smooth,
    _labels_clear,
    _names_inside,
    _badges_clear,
    _inside_canvas,
)
