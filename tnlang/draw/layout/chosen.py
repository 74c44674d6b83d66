"""Which placement of a diagram is drawn: the first without a fault, the most particular first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.faithful import faults
from tnlang.draw.layout.box import Placed, rotated
from tnlang.draw.layout.flat import MANY, particular, place_diagram, sides_wanted
from tnlang.draw.layout.gridded import gridded
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.ink import scene_of
from tnlang.draw.layout.layered import layered
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.nameless import without_lost_names
from tnlang.draw.layout.orderly import orderly
from tnlang.draw.lint import WEIGHTS, lint
from tnlang.draw.scene import Scene

LARGE = 300
"""Beyond so many shapes the way that is right by construction is taken without looking further."""
_UNFAITHFUL = 1000.0


def place_orderly(diagram: Diagram, flow: Side | None = None) -> Placed:
    """The whole diagram in columns."""
    index = Index(diagram, flow)
    place = _in_its_form if len(diagram.shapes) > LARGE else layered
    placed = orderly(index, None, sides_wanted(index), place)
    return rotated(placed, index.flow) if index.turned else placed


def _in_its_form(index: Index, part: Level, want: Mapping[int, Side], inner: Inner) -> Placed:
    """By the template of its kind; where there are many loops in rows and columns; else in columns alone."""
    found = particular(index, part, want, inner)
    if found is None and len(part.inner_edges) - len(part.items) > MANY:
        found = gridded(index, part, want, inner)
    return found or layered(index, part, want, inner)


def flat_scene(diagram: Diagram, flow: Side | None = None) -> Scene:
    """The scene of a diagram without residual streams."""
    best: tuple[float, Scene] | None = None
    for place in _ways(diagram):
        scene = scene_of(diagram, place(diagram, flow))
        if len(diagram.shapes) > LARGE:
            return scene
        wrong = sum(WEIGHTS[finding.rule] for finding in lint(scene))
        wrong += _UNFAITHFUL * len(faults(diagram, scene))
        if not wrong:
            return scene
        if best is None or wrong < best[0]:
            best = (wrong, scene)
    assert best is not None
    return without_lost_names(diagram, best[1])


def _ways(diagram: Diagram) -> Iterator[Callable[[Diagram, Side | None], Placed]]:
    if len(diagram.shapes) <= LARGE:
        yield place_diagram
    yield place_orderly
