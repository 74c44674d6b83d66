"""Names that stand bare, numbers above all: no fill covers the wires that come to them."""

from __future__ import annotations

from collections.abc import Mapping

from tnlang.draw import geometry
from tnlang.draw.diagram import Line, Shape
from tnlang.draw.geometry import Box
from tnlang.draw.scene import Path

CLEAR = 3.0
"""How far from a bare name a wire ends."""


def is_bare(shape: Shape) -> bool:
    """Whether a shape is its name alone."""
    return shape.symbol == "text" or (shape.symbol == "tensor" and shape.outline == "none")


def short_of_names(line: Line, path: Path, bare: Mapping[int, Box]) -> Path:
    """The way of a wire: into the shapes that cover it, but only as far as the names that stand bare."""
    for end in (1, 0):
        shape = line.ends[end].shape
        if shape is not None and shape in bare:
            box = bare[shape]
            back = geometry.reverse
            path = geometry.until(path, box) if end else back(geometry.until(back(path), box))
    return path
