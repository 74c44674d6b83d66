"""What is wrong with a picture: a list of rules over a scene, each a function that yields findings.

Layouts weigh their candidates by ``cost``; tests hold that a finished picture has no findings. Everything is
read from the geometry: what a wire may touch are the shapes in or on which it ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, degrees

from tnlang.draw.close import Lines, Piece, to_segment
from tnlang.draw.frame import ink_box
from tnlang.draw.geometry import (
    Box,
    angle_of,
    bbox,
    between,
    contains,
    crossings,
    distance,
    unit,
)
from tnlang.draw.labelling import strays
from tnlang.draw.labels import label_box
from tnlang.draw.scene import (
    CurveTo,
    InkItem,
    Item,
    LabelItem,
    OutlineItem,
    Path,
    Point,
    RibbonItem,
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
BEGINNING = 16.0
"""So far from a copy that both leave a ribbon and a wire may lie on one another."""
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
    "ribbon under shape": 40.0,
    "ribbon along wire": 30.0,
    "ribbons overlap": 40.0,
    "label covered": 20.0,
    "name outside its shape": 20.0,
    "name by another wire": 15.0,
    "badge covered": 20.0,
    "kink": 20.0,
    "outside the canvas": 40.0,
}


def lint(scene: Scene) -> tuple[Finding, ...]:
    """All findings of a scene, by rule. A good picture has none."""
    view = _View(scene)
    return tuple(finding for rule in RULES for finding in rule(view))


_COUNTED = {
    "shapes overlap": "shapes on others",
    "wire through shape": "wires through shapes",
    "wires overlap": "wires on others",
    "wires too close": "wires too close to others",
    "wall through shape": "walls through shapes",
    "walls cross": "walls on others",
    "needless crossing of a wall": "wires that cross a wall more than once",
    "flat crossing": "crossings at a flat angle",
    "kink": "kinks",
    "ribbon under shape": "ribbons under shapes",
    "ribbon along wire": "ribbons along wires",
    "ribbons overlap": "ribbons on others",
    "label covered": "labels covered",
    "badge covered": "badges covered",
    "name outside its shape": "names wider than their shapes",
    "outside the canvas": "things off the canvas",
}


def counted(scene: Scene) -> str:
    """What is wrong with a picture, in numbers; empty if nothing is wrong."""
    found = Counter(finding.rule for finding in lint(scene))
    parts = [f"{found[rule]} {words}" for rule, words in _COUNTED.items() if found[rule]]
    return ", ".join(parts)


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
        self.bodies = Lines([(i, shape.outline) for i, shape in self.shapes], filled=True)
        self.rims = Lines([(i, wall.outline) for i, wall in self.walls])
        widths = {i: wire.width / 2 for i, wire in self.wires}
        self.curves = Lines([(i, wire.path) for i, wire in self.wires], widths)
        self.pieces = tuple(self.curves.side_by_side(WIRE_CLEAR))
        """Pieces of two wires near one another, the wire that stands first first."""
        ribbons = [(i, item) for i, item in items if isinstance(item, RibbonItem)]
        self.ribbons = Lines([(i, r.path) for i, r in ribbons], {i: r.width / 2 for i, r in ribbons})
        self.ends = {
            (i, shape)
            for i, path in (*self.curves.paths.items(), *self.ribbons.paths.items())
            for at in (path.start, path.end)
            for shape in self.bodies.at(at, 1.5)
        }
        """Each wire and ribbon with the shapes in or on which it ends."""

    def hidden(self, point: Point) -> bool:
        """Whether a shape covers the point."""
        return any(isinstance(self.space.items[n], ShapeItem) for n in self.space.covering(point))


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
    for i, j in view.bodies.near(view.rims, SHAPE_CLEAR):
        yield Finding("wall through shape", _both(view, i, j), view.boxes[j].center, (i, j))


def _walls_apart(view: _View) -> Iterator[Finding]:
    for i, j in view.rims.pairs(SHAPE_CLEAR):
        yield Finding("walls cross", _both(view, i, j), view.boxes[i].center, (i, j))


def _both(view: _View, i: int, j: int) -> str:
    return f"{_name(view.scene.items[i])} and {_name(view.scene.items[j])}"


# ---------------------------------------------------------------- wires


def _wires_round_shapes(view: _View) -> Iterator[Finding]:
    for (i, j), at in view.bodies.near(view.curves, WIRE_CLEAR, but=view.ends).items():
        yield Finding("wire through shape", _both(view, i, j), at, (i, j))


def _crossings_are_steep(view: _View) -> Iterator[Finding]:
    for i, j in sorted({(a.owner, b.owner) for a, b in view.pieces if 1e-6 < _tilt(a, b) < FLAT}):
        a, b = view.scene.items[i], view.scene.items[j]
        assert isinstance(a, WireItem) and isinstance(b, WireItem)
        for at, angle in crossings(a.path, b.path):
            if angle < FLAT and not _meeting(a, b, at) and not view.hidden(at):
                yield Finding("flat crossing", f"{_both(view, i, j)} at {angle:.0f} degrees", at, (i, j))


def _tilt(a: Piece, b: Piece) -> float:
    """The angle between two pieces, 0 to 90 degrees."""
    (x, y), (u, v) = ((p.end[0] - p.start[0], p.end[1] - p.start[1]) for p in (a, b))
    return degrees(atan2(abs(x * v - y * u), abs(x * u + y * v)))


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
    for near in _near(view, view.pieces, WIRE_CLEAR):
        i, j = near.items
        if near.on_top > 8:
            yield Finding("wires overlap", _both(view, i, j), near.at, (i, j))
        elif near.length > 12:
            yield Finding("wires too close", _both(view, i, j), near.at, (i, j))


@dataclass(frozen=True, slots=True)
class _Near:
    """How far two lines run side by side, and how far of it one on the other."""

    items: tuple[int, int]
    length: float
    on_top: float
    at: Point


def _near(view: _View, pieces: Iterable[tuple[Piece, Piece]], clear: float) -> Iterator[_Near]:
    """Lines, wires or ribbons, that run side by side, their ink nearer than ``clear``."""
    steps: dict[tuple[int, int], dict[tuple[Point, Point, int], tuple[float, float, Point]]] = {}
    for one, other in pieces:
        if _tilt(one, other) > 20:
            continue
        i, j = one.owner, other.owner
        a, b = _lines(view, i, j)
        gap = (a.width + b.width) / 2
        p, q = one.start, one.end
        count = max(1, int(distance(p, q) / 6))
        for step in _near_steps(one, other, gap + clear, count):
            middle = between(p, q, (step + 0.5) / count)
            apart = to_segment(middle, other.start, other.end)
            if apart < gap + clear and not _sharing(a, b, middle) and not view.hidden(middle):
                near = steps.setdefault((i, j), {})
                known = near.get((p, q, step), (apart, 0.0, middle))
                near[p, q, step] = (min(apart, known[0]), distance(p, q) / count, middle)
    for (i, j), near in sorted(steps.items()):
        a, b = _lines(view, i, j)
        length = sum(length for _, length, _ in near.values())
        on_top = sum(length for apart, length, _ in near.values() if apart < (a.width + b.width) / 2)
        yield _Near((i, j), length, on_top, max(near.items())[1][2])


def _lines(view: _View, i: int, j: int) -> tuple[WireItem | RibbonItem, WireItem | RibbonItem]:
    a, b = view.scene.items[i], view.scene.items[j]
    assert isinstance(a, WireItem | RibbonItem) and isinstance(b, WireItem | RibbonItem)
    return a, b


def _near_steps(one: Piece, other: Piece, limit: float, count: int) -> range:
    """Which of so many steps along a piece may come nearer to another one than ``limit``."""
    along = unit(other.start, other.end)
    first, last = (
        (at[0] - other.start[0]) * along[1] - (at[1] - other.start[1]) * along[0]
        for at in (one.start, one.end)
    )
    if abs(last - first) < 1e-9:
        return range(count if abs(first) < limit else 0)
    low, high = sorted(((side - first) / (last - first)) * count for side in (-limit, limit))
    return range(max(0, int(low - 0.5)), min(count, int(max(-1.0, high) + 1.5)))


def _sharing(a: WireItem | RibbonItem, b: WireItem | RibbonItem, at: Point) -> bool:
    """Whether two lines come from one point nearby, as the members of a bundle and the legs of a dot do."""
    return any(
        distance(p, q) < 3 + (a.width + b.width) / 2 and distance(p, at) < 40
        for p in (a.path.start, a.path.end)
        for q in (b.path.start, b.path.end)
    )


def _walls_crossed_once(view: _View) -> Iterator[Finding]:
    for i, j in sorted((wall, wire) for wire, wall in view.rims.near(view.curves, 0.0)):
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


# ---------------------------------------------------------------- ribbons


def _ribbons_round_shapes(view: _View) -> Iterator[Finding]:
    for (i, j), at in view.bodies.near(view.ribbons, 0.0, but=view.ends).items():
        yield Finding("ribbon under shape", _both(view, i, j), at, (i, j))


def _ribbons_apart(view: _View) -> Iterator[Finding]:
    """Ribbons along wires, or along those of other values; what they cross they cross steeply.

    Where both leave one copy they may begin together.
    """
    if not view.ribbons.paths:
        return
    widths = {**view.curves.reach, **view.ribbons.reach}
    both = Lines([*view.ribbons.paths.items(), *view.curves.paths.items()], widths)
    one_value = {
        frozenset((i, j)) for i, shape in view.ends for j, other in view.ends if shape == other and i != j
    }
    pieces = [
        (a, b)
        for a, b in both.side_by_side(0.0)
        if not {a.owner, b.owner}.isdisjoint(view.ribbons.paths)
        and ({a.owner, b.owner}.difference(view.ribbons.paths) or {a.owner, b.owner} not in one_value)
    ]
    shapes: dict[int, set[int]] = {}
    for line, shape in view.ends:
        shapes.setdefault(line, set()).add(shape)

    def together(i: int, j: int, at: Point) -> bool:
        rims = (view.boxes[shape] for shape in shapes.get(i, set()) & shapes.get(j, set()))
        return any(rim.grown(BEGINNING).holds(at) for rim in rims)

    for near in _near(view, pieces, 0.0):
        if near.on_top > (2 * BEGINNING if together(*near.items, near.at) else 8):
            rule = "ribbons overlap" if view.ribbons.paths.keys() >= set(near.items) else "ribbon along wire"
            yield Finding(rule, _both(view, *near.items), near.at, near.items)
    for i, j in sorted({(a.owner, b.owner) for a, b in pieces if 1e-6 < _tilt(a, b) < FLAT}):
        one, other = _lines(view, i, j)
        for at, angle in crossings(one.path, other.path):
            if angle < FLAT and not together(i, j, at) and not view.hidden(at):
                yield Finding("flat crossing", f"{_both(view, i, j)} at {angle:.0f} degrees", at, (i, j))


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


def _names_by_their_wires(view: _View) -> Iterator[Finding]:
    known = {wire.id for _, wire in view.wires}
    for i, label in view.labels:
        if label.kind == "leg" and label.line is not None and label.line in known:
            box = label_box(label)
            if strays(view.space, box, label.line):
                yield Finding("name by another wire", _name(label), box.center, (i,))


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
    _ribbons_round_shapes,
    _ribbons_apart,
    _labels_clear,
    _names_inside,
    _names_by_their_wires,
    _badges_clear,
    _inside_canvas,
)
