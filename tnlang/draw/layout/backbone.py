"""Diagrams with a backbone: the residual stream straight down, its blocks beside it."""

from __future__ import annotations

from itertools import pairwise

from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.frame import framed
from tnlang.draw.labelling import place_labels
from tnlang.draw.layout.backbone_gauge import Gauge
from tnlang.draw.layout.backbone_graph import Index, Part
from tnlang.draw.layout.backbone_ink import Ink, is_turned
from tnlang.draw.layout.backbone_names import Naming
from tnlang.draw.layout.backbone_spine import Spine
from tnlang.draw.layout.backbone_wires import Wires
from tnlang.draw.scene import Scene

ABREAST, BELOW = 150.0, 40.0
"""Between two backbones; how far below a block's station another backbone's wires come in."""


def backbone_scene(diagram: Diagram, flow: Side | None = None) -> Scene:
    """The scene of a diagram that has a backbone; time runs along ``flow``, down where nothing is said."""
    way: Side = flow or "down"
    index = Index(diagram)
    gauge = Gauge(index, is_turned(way))
    ink = Ink(index, way)
    spines = [Spine(index, backbone, gauge) for backbone in diagram.backbones]
    for spine in spines:
        spine.place()
    _abreast(index, spines)
    drawn = Wires(index, spines).route()
    names = Naming(index, ink.ground(drawn), drawn.tracks, way).wanted()
    return framed(place_labels(ink.items(drawn), names))


def _abreast(index: Index, spines: list[Spine]) -> None:
    """Backbones side by side; a station that gives to another backbone stands a little below its use."""
    for before, spine in pairwise(spines):
        spine.move((before.right + ABREAST, 0.0))
    for spine in reversed(spines):
        for plan, begun in spine.placed:
            for source in _sources(index, plan.part):
                giving = next(s for s in spines if source in s.drawn.centers)
                if giving is not spine:
                    lower = begun + BELOW - giving.drawn.centers[source][1]
                    if lower >= 0:
                        giving.move((0.0, lower))
                    else:
                        for other in spines:
                            if other is not giving:
                                other.move((0.0, -lower))


def _sources(index: Index, part: Part) -> set[int]:
    """The stations that a part's wires and ribbons come from."""
    ends = {e.shape for line in part.foreign for e in index.lines[line].ends}
    ends |= {s for paste in part.members for s in index.ribbons_to.get(paste, ())}
    return {s for s in ends if s is not None and s in index.stations}
