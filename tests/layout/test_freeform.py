"""Large networks without a shape of their own: by graphviz where it is, in columns where it isn't."""

from __future__ import annotations

import networkx
import pytest

import tnlang
from tnlang.draw.layout import freeform
from tnlang.draw.lint import lint
from tnlang.draw.scene import ShapeItem, WireItem


def cubic_graph(vertices: int) -> str:
    """A closed network: a tensor with three legs on each vertex of a random graph."""
    graph = networkx.random_regular_graph(3, vertices, seed=1)
    wire = {frozenset(edge): f"e{n}" for n, edge in enumerate(graph.edges)}
    tensors = [f"tensor T{v}[a: b, c: b, d: b]" for v in graph]
    uses = [f"T{v}[{', '.join(wire[frozenset((v, u))] for u in graph[v])}]" for v in graph]
    return "\n".join(["dim b = 2", *tensors, f"y = ({' '.join(uses)})"])


def test_graphviz_places_it_and_every_wire_ends_in_its_shapes() -> None:
    if freeform.engine().startswith("columns"):
        pytest.skip("no graphviz here")
    scene = tnlang.load(cubic_graph(60)).nets["main"].scene()
    shapes = [item for item in scene.items if isinstance(item, ShapeItem)]
    wires = [item for item in scene.items if isinstance(item, WireItem)]
    assert (len(shapes), len(wires)) == (60, 90)
    rules = {finding.rule for finding in lint(scene)}
    assert not rules & {"shapes overlap", "wire through shape", "outside the canvas", "kink"}


@pytest.mark.parametrize("have", [True, False])
def test_the_same_picture_each_time(have: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not have:
        monkeypatch.setattr(freeform, "_wheel", lambda: None)
        monkeypatch.setattr(freeform.shutil, "which", lambda name: None)
        assert "built in" in freeform.engine()
    text = cubic_graph(54)
    assert tnlang.load(text).nets["main"].svg() == tnlang.load(text).nets["main"].svg()
