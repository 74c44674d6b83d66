"""Large networks without a shape of their own: by graphviz where it is, in columns where it is not."""

from __future__ import annotations

import random

import networkx
import pytest

import tnlang
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.diagram import Side
from tnlang.draw.faithful import faults
from tnlang.draw.layout import freeform, layout
from tnlang.draw.lint import lint
from tnlang.draw.scene import LabelItem


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


def tangle(tensors: int) -> str:
    """Wires of two to five ends between any tensors, parallel ones and loops among them, and open legs."""
    rng = random.Random(tensors)
    wires = [rng.choices(range(tensors), k=rng.choice((2, 2, 2, 3, 5))) for _ in range(tensors)]
    legs = {v: [f"w{n}" for n, wire in enumerate(wires) for end in wire if end == v] for v in range(tensors)}
    for v in range(0, tensors, 40):
        legs[v].append(f"o{v}")
    used = [v for v in legs if legs[v]]
    tensor = [f"tensor T{v}[{', '.join(f'l{n}: b' for n in range(len(legs[v])))}]" for v in used]
    left = ", ".join(f"o{v}" for v in range(0, tensors, 40))
    right = " ".join(f"T{v}[{', '.join(legs[v])}]" for v in used)
    return "\n".join(["dim b = 2", *tensor, f"y[{left}] = {right}", ""])


@pytest.mark.parametrize("flow", [None, "up"])
@pytest.mark.parametrize("text", [cubic_graph(320), tangle(320)], ids=["cubic", "tangle"])
def test_rows_and_columns_are_drawn_without_a_finding(text: str, flow: Side | None) -> None:
    if "built in" in freeform.engine():
        pytest.skip("no graphviz here")
    diagram = diagrams_in(sheets_of(text)[0])[0]
    scene = layout(diagram, flow)
    assert faults(diagram, scene) == ()
    assert lint(scene) == ()
    assert max(scene.width, scene.height) < 5000
    assert sum(bool(line.label) for line in diagram.lines) == sum(
        isinstance(item, LabelItem) and item.kind == "leg" for item in scene.items
    )


def test_rows_and_columns_are_the_same_each_time() -> None:
    diagram = diagrams_in(sheets_of(cubic_graph(310))[0])[0]
    assert layout(diagram) == layout(diagram)


def test_the_same_picture_each_time() -> None:
    text = cubic_graph(54)
    assert tnlang.load(text).nets["main"].svg() == tnlang.load(text).nets["main"].svg()
