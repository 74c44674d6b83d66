"""Which way the isometries of a backbone's picture point."""

from __future__ import annotations

from collections.abc import Mapping

from tnlang.draw import pieces
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import bbox, flatten, reverse, unit
from tnlang.draw.layout.backbone.graph import Index
from tnlang.draw.layout.items import tip_of
from tnlang.draw.round import entry_point, meets
from tnlang.draw.scene import Path, Point


def facing(
    index: Index, shape: Shape, at: Point, paths: Mapping[int, Path], half: Point | None = None
) -> Point:
    """Where an isometry points in the finished picture; ``half`` stretches the shape."""
    return tip_of(shape, _sides(index, shape, at, paths, half))


def _sides(
    index: Index, shape: Shape, at: Point, paths: Mapping[int, Path], half: Point | None
) -> dict[Side, list[int]]:
    """The lines that leave a shape at each of its sides, from left to right or top to bottom."""
    outline = pieces.outline_of(index.as_drawn(shape), at, half=half)
    box = bbox(outline)
    found: dict[Side, list[tuple[float, int]]] = {}
    for line in shape.legs:
        if line not in paths or shape.legs.count(line) > 1:
            continue
        path = paths[line]
        way = flatten(path if meets(outline, path.start) else reverse(path))
        x, y = unit(box.center, entry_point(way, outline))
        side: Side = ("right" if x > 0 else "left") if abs(x) > abs(y) else ("down" if y > 0 else "up")
        found.setdefault(side, []).append((y if side in ("left", "right") else x, line))
    return {side: [line for _, line in sorted(places)] for side, places in found.items()}
