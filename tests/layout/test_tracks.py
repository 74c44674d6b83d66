"""Parallel tracks, of position and hidden or of qubits: straight wires, upright rungs, ends in line."""

from __future__ import annotations

import pytest

from tests.conftest import EXAMPLES
from tests.layout.pictures import diagrams_in, drawn, named, scene, sheets_of
from tnlang.draw.diagram import Diagram, Row
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import bbox
from tnlang.draw.layout import layout
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.cost import crossings
from tnlang.draw.layout.flat import place_diagram
from tnlang.draw.lint import lint
from tnlang.draw.scene import ShapeItem
from tnlang.draw.view import view
from tnlang.elaborate import load_program
from tnlang.ir.program import NetTarget

HEADS = """
dim seq = 5, hidden = 8, head = 2, size = 4
tensor A[head, q: seq, k: seq], W_V[head, size, hidden], W_O[head, size, hidden]
T[q, d, k, e] = A[h, q, k] W_O[h, s, d] W_V[h, s, e]
"""
COMPOSED = """
dim seq = 5, hidden = 8, head = 2
tensor A[head, q: seq, k: seq], B[head, q: seq, k: seq]
tensor V[head, d: hidden, e: hidden], W[head, d: hidden, e: hidden]
T[q, d, k, e] = B[h, q, p] W[h, d, f] A[g, p, k] V[g, f, e]
"""
CLOSED = """
dim seq = 5, hidden = 8, head = 2
tensor A[head, q: seq, k: seq], W[head, d: hidden, e: hidden], x[seq, hidden]
Y[q, d] = A[h, q, k] W[h, d, e] x[k, e]
"""
APART = """
dim seq = 5, hidden = 8, size = 4
tensor A[q: seq, k: seq], W_V[size, hidden], W_O[size, hidden]
figure f {
    equation delta[q: seq, k] delta[d: hidden, e] = delta[q: seq, k] W_O[s, d] W_V[s, e]
           = A[q, k] delta[d: hidden, e] = A[q, k] W_O[s, d] W_V[s, e]
}
"""


def at(diagram: Diagram, placed: Placed, name: str) -> tuple[float, float]:
    return placed.poses[named(diagram, name)].at


def clean(text: str) -> None:
    for sheet in sheets_of(text):
        assert lint(scene(sheet)) == ()
        for diagram in diagrams_in(sheet):
            assert faults(diagram, layout(diagram, sheet.flow)) == ()


def test_position_and_hidden_run_side_by_side_and_the_heads_between() -> None:
    diagram, placed = drawn(HEADS)
    a, o, v = (at(diagram, placed, name) for name in ("A", "W_O", "W_V"))
    dot = next(placed.poses[shape.id].at for shape in diagram.shapes if shape.symbol == "dot")
    assert o[1] == v[1] > dot[1] > a[1]
    assert o[0] < a[0] == dot[0] < v[0]
    assert a[0] == pytest.approx((o[0] + v[0]) / 2)
    sides = {o.label: next(p.side for p in placed.ports if p.line == o.line) for o in diagram.opens}
    assert sides == {"q": "left", "d": "left", "k": "right", "e": "right"}
    for side in ("left", "right"):
        assert len({p.at[0] for p in placed.ports if p.side == side}) == 1
    clean(HEADS)


def test_what_two_weights_share_with_a_wide_pattern_stands_amid_them() -> None:
    wide = """
    dim seq = 5, hidden = 8, head = 2, size = 4
    tensor x[seq, hidden], W_Q[head, size, hidden], W_K[head, size, hidden]
    tensor W_V[head, size, hidden], W_O[head, size, hidden]
    A[h, q, k] = softmax[k](x[q, d] W_Q[h, s, d] W_K[h, s, e] x[k, e])
    y[q, d] = A[h, q, k] W_O[h, s, d] W_V[h, s, e] x[k, e]
    """
    diagram, placed = drawn(wide)
    o, v = (at(diagram, placed, name) for name in ("W_O", "W_V"))
    dots = [placed.poses[shape.id].at for shape in diagram.shapes if shape.symbol == "dot"]
    assert len(dots) == 2 and all(dot[0] == pytest.approx((o[0] + v[0]) / 2) for dot in dots)
    clean(wide)


def test_a_rung_has_room_for_its_name() -> None:
    """In a picture that flows down the name is beside a level wire, as long as the word is."""
    for name in ("h", "head", "attention_head"):
        declared, _, product = HEADS.replace("head", name).rpartition("T[")
        net = f"net op() -> T[q: seq, d: hidden, k: seq, e: hidden] {{ T[{product} }}"
        text = f"{declared}{net}\nfigure f {{ flow down; draw op.T }}\n"
        (diagram,) = (d for d in diagrams_in(sheets_of(text)[0]) if len(d.shapes) > 1)
        shapes = [i for i in layout(diagram, "down").items if isinstance(i, ShapeItem)]
        centers = {i.title.split(" ")[0]: bbox(i.outline).center for i in shapes}
        a, o, v = centers["A"], centers["W_O"], centers["W_V"]
        assert o[0] == pytest.approx(v[0]) and o[0] > a[0] and v[1] < a[1] < o[1]
        clean(text)


def test_rungs_are_upright_and_the_order_of_time_is_kept() -> None:
    diagram, placed = drawn(COMPOSED)
    a, b, v, w = (at(diagram, placed, name) for name in "ABVW")
    assert a[1] == b[1] < v[1] == w[1]
    assert b[0] == w[0] < a[0] == v[0], "what comes first stands next to the inputs"
    right = place_diagram(diagram, "right")
    assert at(diagram, right, "A")[0] < at(diagram, right, "B")[0]
    down = place_diagram(diagram, "down")
    assert at(diagram, down, "A")[1] < at(diagram, down, "B")[1]
    assert at(diagram, down, "A")[0] < at(diagram, down, "V")[0], "position is left of hidden"
    clean(COMPOSED)


def test_factors_that_share_no_wire_are_tracks_too_and_identities_run_along() -> None:
    (sheet,) = sheets_of(APART)
    row = sheet.panels[0].content
    assert isinstance(row, Row)
    for diagram in (part for part in row.parts if isinstance(part, Diagram)):
        placed = place_diagram(diagram)
        names = [o.label for o in sorted(diagram.opens, key=lambda o: o.order)]
        assert sorted(names) == ["d", "e", "k", "q"]
        heights: dict[str, float] = {}
        for opened in diagram.opens:
            port = next((p for p in placed.ports if p.line == opened.line), None)
            path = placed.routes.get(opened.line)
            heights[opened.label] = port.at[1] if port else path.start[1] if path else 0.0
        assert heights["q"] == heights["k"] < heights["d"] == heights["e"]
    clean(APART)
    clean(APART.replace("figure f {", "figure f { flow down;"))


def test_a_value_of_position_and_hidden_closes_its_tracks() -> None:
    diagram, placed = drawn(CLOSED)
    a, w, x = (at(diagram, placed, name) for name in "AWx")
    assert a[0] == w[0] < x[0] and a[1] < x[1] < w[1]
    assert crossings(placed) == 0
    clean(CLOSED)


def test_a_circuit_has_a_straight_wire_for_each_qubit() -> None:
    program = load_program(EXAMPLES / "quantum.tn")
    (diagram,) = diagrams_in(view(program, NetTarget("ghz")))
    placed = place_diagram(diagram)
    pins = [placed.poses[shape.id].at for shape in diagram.shapes if shape.symbol == "pin"]
    assert len({x for x, _ in pins}) == 1
    assert {port.at[1] for port in placed.ports} == {y for _, y in pins}
    assert {port.side for port in placed.ports} == {"left"}
    controls = [shape for shape in diagram.shapes if shape.symbol == "dot" and shape.inside is None]
    for control in controls:
        at_control = placed.poses[control.id].at
        targets = [
            placed.poses[end.shape].at
            for line in diagram.lines
            for end in line.ends
            if line.id in control.legs and end.shape is not None and diagram_shape(diagram, end.shape) == "X"
        ]
        assert at_control[0] in {x for x, _ in targets}, "a control stands over what it controls"
    assert crossings(placed) == 0
    assert lint(layout(diagram)) == ()
    assert faults(diagram, layout(diagram)) == ()


def diagram_shape(diagram: Diagram, shape: int) -> str:
    return next(found.label for found in diagram.shapes if found.id == shape)


def test_a_product_of_two_matrices_round_a_third_stays_a_row() -> None:
    diagram, placed = drawn(
        "dim n = 3\ntensor A[n, n], B[n, n], x[n, n]\nY[i, l] = A[i, j] x[j, k] B[k, l]\n"
    )
    assert len({at(diagram, placed, name)[1] for name in "AxB"}) == 1


def test_wires_along_a_track_are_straight() -> None:
    _, placed = drawn(COMPOSED)
    for path in placed.routes.values():
        (x, y), (u, v) = path.start, path.end
        assert len(path.segments) == 1 and (x == u or y == v)


def test_a_piece_of_a_chain_goes_on_where_its_own_bonds_leave() -> None:
    text = (
        "dim f = 2, b = 3\ntensor C[l: b, f, r: b], B[l: b, f, r: b]\nY[l, p, q, r] = C[l, p, m] B[m, q, r]\n"
    )
    diagram, placed = drawn(text)
    sides = {o.label: port.side for o in diagram.opens for port in placed.ports if port.line == o.line}
    assert sides == {"l": "left", "p": "down", "q": "down", "r": "right"}


def test_a_matrix_over_two_sets_of_legs_has_one_to_either_side() -> None:
    text = (
        "dim a = 2, b = 3, c = 4, d = 5, k = 2\ntensor U[a, b, k], V[k, c, d]\n"
        "Y[i, j, m, n] = U[i, j, s] V[s, m, n]\n"
    )
    diagram, placed = drawn(text)
    sides = {o.label: port.side for o in diagram.opens for port in placed.ports if port.line == o.line}
    assert sides == {"i": "left", "j": "left", "m": "right", "n": "right"}
    clean(text)
