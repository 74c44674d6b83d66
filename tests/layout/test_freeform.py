"""Large networks without a shape of their own: by graphviz where it is, in columns where it isn't."""

from __future__ import annotations

import networkx
import pytest

import tnlang
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.faithful import faults
from tnlang.draw.layout import freeform, layout
from tnlang.draw.lint import lint


def cubic_graph(vertices: int) -> str:
    """A closed network: a tensor with three legs on each vertex of a random graph."""
    graph = networkx.random_regular_graph(3, vertices, seed=1)
    wire = {frozenset(edge): f"e{n}" for n, edge in enumerate(graph.edges)}
    tensors = [f"tensor T{v}[a: b, c: b, d: b]" for v in graph]
    uses = [f"T{v}[{', '.join(wire[frozenset((v, u))] for u in graph[v])}]" for v in graph]
    return "\n".join(["dim b = 2", *tensors, f"y = ({' '.join(uses)})", ""])


def without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeform, "_wheel", lambda: None)
    monkeypatch.setattr(freeform.shutil, "which", lambda name: None)


@pytest.mark.parametrize("vertices", [54, 320])
def test_columns_draw_a_graph_without_a_finding(vertices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    without_graphviz(monkeypatch)
    assert "built in" in freeform.engine()
    diagram = diagrams_in(sheets_of(cubic_graph(vertices))[0])[0]
    scene = layout(diagram)
    assert lint(scene) == ()
    assert faults(diagram, scene) == ()


def test_graphviz_keeps_shapes_apart_and_wires_joined() -> None:
    if "built in" in freeform.engine():
        pytest.skip("no graphviz here")
    diagram = diagrams_in(sheets_of(cubic_graph(320))[0])[0]
    scene = layout(diagram)
    assert faults(diagram, scene) == ()
    rules = {finding.rule for finding in lint(scene)}
    assert not rules & {"shapes overlap", "label covered", "outside the canvas"}
    assert scene == layout(diagram)
    assert max(scene.width, scene.height) < 6000


def test_the_same_picture_each_time() -> None:
    text = cubic_graph(54)
    assert tnlang.load(text).nets["main"].svg() == tnlang.load(text).nets["main"].svg()
