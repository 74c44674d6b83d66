"""Hints carried out: shapes of a finished scene moved, and what hangs on them drawn again.

What no hint touches stays as it was, to the byte. Moved shapes take their names and marks along; the wires
that end on them are drawn anew from side to side, walls go round their contents again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnlang.draw.diagram import Diagram, Hint, Level, Next, Stand, Through
from tnlang.draw.faithful import faults
from tnlang.draw.frame import framed, move_item
from tnlang.draw.geometry import Box, add, bbox, union
from tnlang.draw.labelling import Wanted, place_labels
from tnlang.draw.labels import label_box
from tnlang.draw.layout.rewalled import rewalled
from tnlang.draw.layout.rewired import rewired
from tnlang.draw.layout.ribbons import with_ribbons
from tnlang.draw.lint import lint
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, Scene, ShapeItem, WireItem

GRID = 64.0
"""A grid unit: the distance of two tensors in a chain."""
STILL = 1.0
"""Nearer to its place than this a shape stays where it is."""
GAP, CLEAR = 40.0, 10.0
"""Between the outlines of shapes that a hint puts next to each other."""
_AMBIGUOUS = ("shapes overlap", "wire through shape", "wires overlap")
"""What makes a reader see other connections than there are."""
_LEAVES = ("pin", "onehot", "clip", "shift")
"""Small shapes that go where the shape goes to which they belong."""


class Misplaced(ValueError):
    """With a figure's hints the picture would be one of another network."""


@dataclass(slots=True)
class _Places:
    """Where the shapes stand and where they are to stand."""

    diagram: Diagram
    boxes: Mapping[int, Box]
    by: dict[int, Point] = field(default_factory=dict)

    def box(self, part: int) -> Box | None:
        """The box round a shape, or round all that an enclosure holds, where it is to stand."""
        found = [self.boxes[shape].moved(self.by.get(shape, (0.0, 0.0))) for shape in self.members(part)]
        return union(found) if found else None

    def members(self, part: int) -> tuple[int, ...]:
        """The shapes that a part is: itself, or what an enclosure holds, however deep."""
        if part in self.boxes:
            return (part,)
        around = {enclosure.id: enclosure.inside for enclosure in self.diagram.enclosures}

        def within(place: int | None) -> bool:
            return place is not None and (place == part or within(around.get(place)))

        return tuple(s.id for s in self.diagram.shapes if s.id in self.boxes and within(s.inside))

    def put(self, part: int, center: Point) -> None:
        """Move a part so that its centre comes to stand there."""
        box = self.box(part)
        if box is None:
            return
        by = (center[0] - box.center[0], center[1] - box.center[1])
        if max(abs(by[0]), abs(by[1])) > STILL:
            for shape in self.members(part):
                self.by[shape] = add(self.by.get(shape, (0.0, 0.0)), by)


def moved(diagram: Diagram, scene: Scene) -> Scene:
    """The scene with the diagram's hints carried out; the same scene where they ask for what is there.

    Raises Misplaced where they put a shape into a bubble that it does not belong in, or a wire's end on a
    foreign shape.
    """
    texts = _texts(diagram, scene.items)
    boxes = {item.id: bbox(item.outline) for item in scene.items if isinstance(item, ShapeItem)}
    origin = next((boxes[s.id].center for s in diagram.shapes if s.id in boxes), (0.0, 0.0))
    boxes |= {shape: label_box(item) for item, shape in texts.items()}
    places = _Places(diagram, boxes)
    for hint in diagram.hints:
        if isinstance(hint, Stand):
            places.put(hint.part, add(origin, hint.at, GRID))
    for hint in diagram.hints:
        match hint:
            case Next(part=part, relation=relation, other=other):
                _put_next(places, part, relation, other)
            case Level(axis=axis, parts=parts):
                _put_level(places, axis, parts)
            case _:
                pass
    if places.by:
        _make_room(diagram, places)
    by = {shape: d for shape, d in _with_leaves(diagram, places.by).items() if d != (0.0, 0.0)}
    if not by and all(isinstance(hint, Stand | Next | Level) for hint in diagram.hints):
        return scene
    placed = replace(diagram, hints=tuple(_in_units(hint, origin) for hint in diagram.hints))
    wires = rewired(placed, scene.items, _carried(scene.items, by, texts), by)
    boxes = {shape: box.moved(by.get(shape, (0.0, 0.0))) for shape, box in boxes.items()}
    items = rewalled(diagram, scene.items, wires.items, boxes, by.keys(), wires.changed)
    wanted = [replace(w, path=_drawn(w, items)) for w in wires.wanted]
    named = place_labels(items, wanted)
    if not diagram.backbones:
        named = with_ribbons(diagram, named)
    new = framed(named, scene.axis, title=scene.title, description=scene.description)
    wrong = (*faults(diagram, new), *(f for f in lint(new) if f.rule in _AMBIGUOUS))
    if wrong:
        raise Misplaced(f"with these hints the picture would be wrong: {wrong[0].rule}, {wrong[0].message}")
    return new


def _drawn(wanted: Wanted, items: Iterable[Item]) -> Path:
    """The path a name stands beside as it is drawn in the end."""
    paths = [item.path for item in items if isinstance(item, WireItem) and item.id == wanted.line]
    return next((p for p in paths if wanted.path.start == p.start or wanted.path.end == p.end), wanted.path)


def _in_units(hint: Hint, origin: Point) -> Hint:
    """A hint with the points of its bends in the scene's units."""
    if isinstance(hint, Through):
        return replace(hint, points=tuple(add(origin, point, GRID) for point in hint.points))
    return hint


def _put_next(places: _Places, part: int, relation: str, other: int) -> None:
    mine, there = places.box(part), places.box(other)
    if mine is None or there is None:
        return
    wide = max(GRID, (mine.width + there.width) / 2 + GAP)
    high = max(GRID, (mine.height + there.height) / 2 + GAP)
    way = {"left of": (-wide, 0.0), "right of": (wide, 0.0), "above": (0.0, -high), "below": (0.0, high)}
    places.put(part, add(there.center, way[relation]))


def _put_level(places: _Places, axis: str, parts: Sequence[int]) -> None:
    first = places.box(parts[0])
    if first is None:
        return
    for part in parts[1:]:
        box = places.box(part)
        if box is not None:
            x, y = box.center
            places.put(part, (x, first.center[1]) if axis == "row" else (first.center[0], y))


def _make_room(diagram: Diagram, places: _Places) -> None:
    """Shapes that no hint speaks of make way for those that hints put where they stood."""
    named = {h.part for h in diagram.hints if isinstance(h, Stand | Next)}
    named |= {part for h in diagram.hints if isinstance(h, Level) for part in h.parts}
    fixed = {shape for part in named for shape in places.members(part)}
    steps = sorted(
        ((x * GRID / 2, y * GRID / 2) for x in range(-6, 7) for y in range(-6, 7)),
        key=lambda by: (by[0] ** 2 + by[1] ** 2, by),
    )
    for shape in places.boxes:
        here = places.box(shape)
        if shape in fixed or here is None:
            continue
        others = [box for n in places.boxes if n != shape and (box := places.box(n)) is not None]
        if not any(here.overlaps(places.box(n) or here, CLEAR) for n in fixed):
            continue
        free = [by for by in steps if not any(here.moved(by).overlaps(box, CLEAR) for box in others)]
        if free:
            places.by[shape] = add(places.by.get(shape, (0.0, 0.0)), free[0])


def _with_leaves(diagram: Diagram, by: Mapping[int, Point]) -> dict[int, Point]:
    """The moves, and those of small shapes that hang on nothing else than what moves."""
    hinted = {p for h in diagram.hints if isinstance(h, Stand | Next) for p in (h.part,)}
    found = dict(by)
    lines = {line.id: line for line in diagram.lines}
    for shape in diagram.shapes:
        if shape.symbol not in _LEAVES or shape.id in hinted:
            continue
        beside = {e.shape for leg in shape.legs for e in lines[leg].ends if e.shape not in (shape.id, None)}
        moves = {found.get(other, (0.0, 0.0)) for other in beside if other is not None}
        if len(beside) == 1 and len(moves) == 1:
            found[shape.id] = moves.pop()
    return found


def _texts(diagram: Diagram, items: Iterable[Item]) -> dict[LabelItem, int]:
    """The free-standing formulas of a diagram, and the shape that each is."""
    waiting = [shape for shape in diagram.shapes if shape.symbol == "text" or shape.outline == "none"]
    found: dict[LabelItem, int] = {}
    for item in items:
        if isinstance(item, LabelItem) and item.kind == "sign":
            shape = next((shape for shape in waiting if shape.label == item.text), None)
            if shape is not None:
                waiting.remove(shape)
                found[item] = shape.id
    return found


def _carried(
    items: Iterable[Item], by: Mapping[int, Point], texts: Mapping[LabelItem, int]
) -> tuple[Item, ...]:
    """The items with the moved shapes, their names and their marks where they are to stand."""
    outlines = {i.id: i.outline for i in items if isinstance(i, ShapeItem) and i.id in by}
    found: list[Item] = []
    for item in items:
        match item:
            case ShapeItem(id=number) if number in by:
                found.append(move_item(item, by[number]))
            case LabelItem(kind="sign") if (text := texts.get(item)) in by and text is not None:
                found.append(move_item(item, by[text]))
            case LabelItem(kind="shape", inside=number) if number is not None and number in by:
                found.append(move_item(item, by[number]))
            case InkItem(outline=outline) if (owner := _owner(outline, outlines, item.role)) is not None:
                found.append(move_item(item, by[owner]))
            case _:
                found.append(item)
    return tuple(found)


def _owner(ink: Path, outlines: Mapping[int, Path], role: str) -> int | None:
    """The moved shape whose mark, tab, cell or inner line an ink is."""
    if role.startswith(("gate-", "badge-")):
        return None
    center = bbox(ink).center
    for number, outline in outlines.items():
        box = bbox(outline).grown(9.0)
        if box.holds(center) and box.width >= bbox(ink).width:
            return number
    return None
