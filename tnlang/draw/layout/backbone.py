"""Diagrams with a backbone: the residual stream straight down, its blocks beside it."""

from __future__ import annotations

from tnlang.draw import pieces
from tnlang.draw.diagram import Diagram, Line, Shape, Side
from tnlang.draw.labels import measure
from tnlang.draw.layout.backbone_graph import Index
from tnlang.draw.layout.backbone_ink import Ink, finish, is_turned
from tnlang.draw.layout.backbone_spine import Spine
from tnlang.draw.scene import Item, Point, Scene


def backbone_scene(diagram: Diagram, flow: Side | None = None) -> Scene:
    """The scene of a diagram that has a backbone, time running along ``flow`` (down where nothing is said)."""
    way: Side = flow or "down"
    index = Index(diagram)

    def half(shape: Shape) -> Point:
        wide, high = pieces.half_size(index.as_drawn(shape))
        return (high, wide) if is_turned(way) and shape.symbol != "onehot" else (wide, high)

    def room(line: Line) -> float:
        if not line.label:
            return 0.0
        if is_turned(way):
            return 18.0
        return (
            measure(line.label, pieces.LEG_WORD if line.word else pieces.LEG_SYMBOL, line.word).width + 12.0
        )

    ink = Ink(index, way)
    items: list[Item] = []
    wanted = []
    for backbone in diagram.backbones:
        drawn = Spine(index, backbone, half, room).place()
        items.extend(ink.items(drawn))
        wanted.extend(ink.wanted(drawn))
    return finish(diagram, items, wanted)
