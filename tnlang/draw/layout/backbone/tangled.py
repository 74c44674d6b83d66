"""Which parts beside backbones are tangles: their lines cross, and turn, more often than can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from tnlang.draw.geometry import bbox, crossings
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.backbone.port import box_of
from tnlang.draw.layout.backbone.spine import Spine
from tnlang.draw.layout.backbone.wires import MOST, TURNS
from tnlang.draw.scene import CurveTo

STEPPED = 4
"""In columns a line may turn so often: it changes its height at both ends."""


def tangles(index: Index, spines: Sequence[Spine], drawn: Drawn) -> dict[tuple[int, ...], int]:
    """The parts that are tangles, by their members, with how often their lines cross and turn too often."""
    found = dict(_counted(index, spines, drawn))
    return {members: count for members, count in found.items() if count > MOST}


def _counted(index: Index, spines: Sequence[Spine], drawn: Drawn) -> Iterator[tuple[tuple[int, ...], int]]:
    for spine in spines:
        for part in spine.all_parts:
            turns = STEPPED if part.members in spine.blocks else TURNS
            yield part.members, _count(index, part, drawn, turns)


def _count(index: Index, part: Part, drawn: Drawn, free: int) -> int:
    """How often the lines of a part cross, or turn more than they are ``free`` to."""
    inside = set(part.members)
    lines = [n.id for n in index.diagram.lines if any(e.shape in inside for e in n.ends)]
    paths = [drawn.paths[n] for n in lines if n in drawn.paths and n not in drawn.tracks]
    turns = (sum(isinstance(piece, CurveTo) for piece in path.segments) for path in paths)
    many = sum(max(0, turned - free) for turned in turns)
    shapes = [box_of(drawn.centers[s], drawn.halves[s]) for s in part.members if s in drawn.centers]
    boxes = [bbox(path) for path in paths]
    for (one, around), (other, beside) in combinations(zip(paths, boxes, strict=True), 2):
        if around.overlaps(beside):
            met = (at for at, _ in crossings(one, other))
            many += sum(not any(shape.holds(at, 1.0) for shape in shapes) for at in met)
    return many
