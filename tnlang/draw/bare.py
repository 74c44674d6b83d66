"""Names that stand bare, numbers above all: no fill covers the wires that come to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnlang.draw import geometry
from tnlang.draw.diagram import Line, Shape
from tnlang.draw.geometry import Box
from tnlang.draw.scene import CurveTo, LineTo, Path

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
            path = _ended_at(path, box) if end else geometry.reverse(_ended_at(geometry.reverse(path), box))
    return path


def _ended_at(path: Path, box: Box) -> Path:
    """A path whose straight end in a box ends at its edge; another path as it is."""
    last = path.segments[-1]
    if not box.holds(path.end) or isinstance(last, CurveTo):
        return path
    before = path.segments[-2].end if len(path.segments) > 1 else path.start
    met = geometry.crossings(Path(before, (last,)), geometry.rounded(box, 0.0))
    return replace(path, segments=(*path.segments[:-1], LineTo(met[0][0]))) if met else path
