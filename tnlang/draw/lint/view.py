"""What the rules look at: the items of a scene by kind, and what is near what."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.draw.close import Lines
from tnlang.draw.geometry import Box, bbox
from tnlang.draw.labels import label_box
from tnlang.draw.scene import (
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

BACKGROUND = ("plate", "card")
WIRE_CLEAR = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the rule it breaks, what it is, where, and the items by their position."""

    rule: str
    message: str
    at: Point
    items: tuple[int, ...]


class View:
    """The items of a scene by kind, with what the rules ask for more than once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        items = list(enumerate(scene.items))
        self.shapes = [(i, item) for i, item in items if isinstance(item, ShapeItem)]
        self.wires = [(i, item) for i, item in items if isinstance(item, WireItem)]
        self.labels = [(i, item) for i, item in items if isinstance(item, LabelItem)]
        self.marks = [(i, item) for i, item in items if isinstance(item, InkItem)]
        walls = [(i, item) for i, item in items if isinstance(item, OutlineItem)]
        self.walls = [(i, item) for i, item in walls if item.family not in BACKGROUND]
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
        lines = (*self.curves.paths.items(), *self.ribbons.paths.items())
        ends = [(i, at) for i, path in lines for at in (path.start, path.end)]
        touched = self.bodies.touching([at for _, at in ends], 1.5)
        self.ends = {(ends[place][0], shape) for place, shape in touched}
        """Each wire and ribbon with the shapes in or on which it ends."""

    def box(self, i: int) -> Box:
        """The box round an item's line, without the width of its stroke."""
        return bbox(line_of(self.scene.items[i]))

    def hidden(self, point: Point) -> bool:
        """Whether a shape covers the point."""
        return self.space.hidden(point)


def line_of(item: Item) -> Path:
    match item:
        case ShapeItem(outline=outline) | OutlineItem(outline=outline) | InkItem(outline=outline):
            return outline
        case LabelItem():
            raise TypeError("a label has no line")
        case _:
            return item.path


def name_of(item: Item) -> str:
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


def both(view: View, i: int, j: int) -> str:
    return f"{name_of(view.scene.items[i])} and {name_of(view.scene.items[j])}"
