"""Large networks without a shape of their own: in columns, quickly, nothing on top of anything."""

from __future__ import annotations

import networkx
import pytest

import tnlang
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint


def cubic_graph(vertices: int) -> str:
    """A closed network: a tensor with three legs on each vertex of a random graph."""
    graph = networkx.random_regular_graph(3, vertices, seed=1)
    wire = {frozenset(edge): f"e{n}" for n, edge in enumerate(graph.edges)}
    tensors = [f"tensor T{v}[a: b, c: b, d: b]" for v in graph]
    uses = [f"T{v}[{', '.join(wire[frozenset((v, u))] for u in graph[v])}]" for v in graph]
    return "\n".join(["dim b = 2", *tensors, f"y = ({' '.join(uses)})", ""])


@pytest.mark.parametrize("vertices", [54, 320])
def test_a_graph_is_drawn_without_a_finding(vertices: int) -> None:
    diagram = diagrams_in(sheets_of(cubic_graph(vertices))[0])[0]
    scene = layout(diagram)
    assert lint(scene) == ()
    assert faults(diagram, scene) == ()


def test_the_same_picture_each_time() -> None:
    text = cubic_graph(54)
    assert tnlang.load(text).nets["main"].svg() == tnlang.load(text).nets["main"].svg()
