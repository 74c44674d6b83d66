"""Diagrams with a backbone: the residual stream straight down, its blocks beside it."""

from __future__ import annotations

from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.faithful import faults
from tnlang.draw.frame import framed, ink_of, move_items
from tnlang.draw.geometry import Box
from tnlang.draw.labelling import place_labels
from tnlang.draw.layout.backbone.abreast import stand_abreast
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.gauge import Gauge
from tnlang.draw.layout.backbone.graph import Index
from tnlang.draw.layout.backbone.ink import Ink, is_turned
from tnlang.draw.layout.backbone.names import Naming
from tnlang.draw.layout.backbone.spine import Spine
from tnlang.draw.layout.backbone.tangled import tangles
from tnlang.draw.layout.backbone.wires import MOST, Wires
from tnlang.draw.layout.chosen import flat_scene
from tnlang.draw.layout.nameless import without_lost_names
from tnlang.draw.lint import cost
from tnlang.draw.reading import first_legs, with_marks
from tnlang.draw.scene import Item, Scene

ASIDE = 60.0
"""From the backbones to what hangs together with none of them."""
FACTOR = 24.0
"""From a factor of all that is drawn, or a sum's sign, to what it stands before."""
EASES = (0.0, 12.0, 28.0)
"""What is added to the clear space between shapes, one after another, while something touches."""
UNDRAWN = 1000.0
"""The weight of a shape or line that is not drawn as it is, beside the weights of the lint."""


def backbone_scene(diagram: Diagram, flow: Side | None = None) -> Scene:
    """The scene of a diagram that has a backbone; time runs along ``flow``, down where nothing is said.

    Where something touches, more room is tried; and where a shape or a line came to nothing, the same network
    without backbones, if no plate would be lost. The best of all by the lint's weights is taken.
    """
    way: Side = flow or "down"
    best: tuple[float, Scene] | None = None
    for ease in EASES:
        scene = _laid_out(diagram, way, ease)
        weight = _weight(diagram, scene)
        if not weight:
            return scene
        if best is None or weight < best[0]:
            best = (weight, scene)
    assert best is not None
    if best[0] >= UNDRAWN and not any(b.plates for b in diagram.backbones):
        plain = flat_scene(diagram, flow)
        if _weight(diagram, plain) < best[0]:
            return plain
    return without_lost_names(diagram, best[1])


def _weight(diagram: Diagram, scene: Scene) -> float:
    return cost(scene) + UNDRAWN * len(faults(diagram, scene))


def _laid_out(diagram: Diagram, way: Side, ease: float) -> Scene:
    """The picture with so much room; parts that would be tangles stand in columns if that is better."""
    index = Index(diagram)
    gauge = Gauge(index, is_turned(way), ease)
    drawn, tangled = _routed(index, gauge, hasty=True)
    if not tangled:
        return _inked(index, drawn, way)
    loosened, left = _routed(index, gauge, frozenset(tangled))
    better = _inked(index, loosened, way)
    weight = _weight(index.diagram, better)
    if not left and not weight:
        return better
    drawn, tangled = _routed(index, gauge)
    scene = _inked(index, drawn, way)
    loose = sum(left.values()) < sum(tangled.values())
    return better if loose and weight <= _weight(diagram, scene) else scene


def _routed(
    index: Index, gauge: Gauge, in_columns: frozenset[tuple[int, ...]] = frozenset(), *, hasty: bool = False
) -> tuple[Drawn, dict[tuple[int, ...], int]]:
    """All shapes and lines, and the parts that are tangles; if ``hasty`` their lines may be missing."""
    spines = [Spine(index, backbone, gauge, in_columns) for backbone in index.diagram.backbones]
    stand_abreast(index, spines)
    wires = Wires(index, spines, hasty)
    drawn = wires.route()
    return drawn, tangles(index, spines, drawn) | dict.fromkeys(wires.given_up, MOST + 1)


def _inked(index: Index, drawn: Drawn, way: Side) -> Scene:
    ink = Ink(index, way)
    names = Naming(index, ink.ground(drawn), drawn.tracks, way).wanted()
    bare = ink.items(drawn)
    items = place_labels(with_marks(index.diagram, bare, first_legs(index.diagram, bare)), names)
    return framed((*items, *_beside(index.diagram, drawn, ink_of(items), way)))


def _beside(diagram: Diagram, drawn: Drawn, box: Box, way: Side) -> tuple[Item, ...]:
    """What hangs together with no backbone, laid out as any network, beside the picture of the backbones."""
    rest = {s.id for s in diagram.shapes if s.id not in drawn.centers}
    lines = tuple(n for n in diagram.lines if n.id not in drawn.paths)
    inside = {s.inside for s in diagram.shapes if s.id in rest}
    around = Index(diagram).around
    walls = {wall for scope in inside for wall in around(scope)}
    apart = Diagram(
        tuple(s for s in diagram.shapes if s.id in rest),
        tuple(n for n in lines if all(e.shape is None or e.shape in rest for e in n.ends)),
        tuple(e for e in diagram.enclosures if e.id in walls),
        tuple(r for r in diagram.ribbons if {r.station, r.paste} <= rest),
        tuple(o for o in diagram.opens if o.line not in drawn.paths),
    )
    if not apart.shapes and not apart.lines:
        return ()
    scene = flat_scene(apart, way if is_turned(way) else None)
    own = ink_of(scene.items)
    if all(not s.legs for s in apart.shapes) and not apart.lines:
        # a sign or a factor before the whole: it stands before the picture
        return move_items(scene.items, (box.left - FACTOR - own.right, box.center[1] - own.center[1]))
    if is_turned(way):
        return move_items(scene.items, (box.left - own.left, box.bottom + ASIDE - own.top))
    return move_items(scene.items, (box.right + ASIDE - own.left, box.top - own.top))
