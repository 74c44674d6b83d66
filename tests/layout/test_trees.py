"""Trees and layered circuits: levels aligned, sites in a row, no crossing; periodic ones round a centre."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pytest

from tests.layout.pictures import diagrams_in, drawn, example, named, sheets_of
from tnlang.draw import geometry
from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import UP
from tnlang.draw.layout import layout
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.cost import crossings
from tnlang.draw.layout.flat import place_diagram
from tnlang.draw.lint import lint

MERA = """
dim s = 2
param u{k: 0..3}[a: s, b: s, c: s, d: s] unitary(c, d), v[a: s, b: s, c: s, d: s] unitary(c, d)
param w{k: 0..4}[up: s, a: s, b: s] isometry(up), z{k: 0..2}[up: s, a: s, b: s] isometry(up), T[a: s, b: s]
psi[p{0..8}] = (
    prod k in 0..3 { u{k}[p{2*k+1}, p{2*k+2}, m{2*k+1}, m{2*k+2}] }
    w{0}[q{0}, p{0}, m{1}] w{1}[q{1}, m{2}, m{3}] w{2}[q{2}, m{4}, m{5}] w{3}[q{3}, m{6}, p{7}]
    v[q{1}, q{2}, n{1}, n{2}] z{0}[r{0}, q{0}, n{1}] z{1}[r{1}, n{2}, q{3}] T[r{0}, r{1}])
"""
PERIODIC = """
dim s = 2
param u{l: 0..L-1, k: 0..2^(L-l-1)}[a: s, b: s, c: s, d: s] unitary(c, d)
param w{l: 0..L-1, k: 0..2^(L-l-1)}[up: s, a: s, b: s] isometry(up), top[a: s, b: s]
psi[p{0, 0..2^L}] = (
    prod l in 0..L-1, k in 0..2^(L-l-1) {
        u{l, k}[p{l, 2*k+1}, p{l, 2*k+2 mod 2^(L-l)}, m{l, 2*k+1}, m{l, 2*k+2 mod 2^(L-l)}]
        w{l, k}[p{l+1, k}, m{l, 2*k}, m{l, 2*k+1}]
    }
    top[p{L-1, 0}, p{L-1, 1}])
"""
BRICKS = """
dim q = 2
param U{k: 0..3}[o1: q, o2: q, i1: q, i2: q] unitary(o1, o2)
param V{k: 0..2}[o1: q, o2: q, i1: q, i2: q] unitary(o1, o2)
param W{k: 0..3}[o1: q, o2: q, i1: q, i2: q] unitary(o1, o2)
psi[z{0..6}] = (prod k in 0..3 { U{k}[a{2*k}, a{2*k+1}, s{2*k}, s{2*k+1}] }
    prod k in 0..2 { V{k}[b{2*k+1}, b{2*k+2}, a{2*k+1}, a{2*k+2}] }
    W{0}[z{0}, z{1}, a{0}, b{1}] W{1}[z{2}, z{3}, b{2}, b{3}] W{2}[z{4}, z{5}, b{4}, a{5}]
    prod k in 0..6 { basis(0)[s{k}] })
"""
SANDWICH = """
dim s = 2
param W{k: 0..2}[up: s, a: s, b: s] isometry(up), T[a: s, b: s], O[s, s]
y = (conj(W{0}[q0, a, b]) conj(W{1}[q1, c, d]) conj(T[q0, q1]) O[b, e]
     W{0}[r0, a, e] W{1}[r1, c, d] T[r0, r1])
"""
PLAIN = """
dim n = 3
tensor G[a: n, b: n], A[n, b: n, c: n], B[n, b: n, c: n], C[n, b: n, c: n], D[n, b: n, c: n]
tensor E[n, b: n, c: n], F[n, b: n, c: n]
T[i, j, k, l, m, o, p, q] = G[a, b] A[a, c, d] B[b, e, f] C[c, i, j] D[d, k, l] E[e, m, o] F[f, p, q]
"""


def clean(text: str, flow: Side | None = None) -> None:
    """No finding, and everything drawn that is to be drawn."""
    for sheet in sheets_of(text):
        for diagram in diagrams_in(sheet):
            made = layout(diagram, flow)
            assert lint(made) == ()
            assert faults(diagram, made) == ()


def row(diagram: Diagram, placed: Placed, *found: str) -> list[tuple[float, float]]:
    """Where shapes with these labels are; members of a family have their indices above."""
    shapes = {shape.label: shape.id for shape in diagram.shapes}
    return [placed.poses[shapes[label]].at for label in found]


def test_a_tree_has_its_sites_in_a_row_and_its_root_on_top() -> None:
    diagram, placed = example("S19_tree")
    (top,) = row(diagram, placed, r"\mathrm{top}")
    upper = row(diagram, placed, "W^{1,0}", "W^{1,1}")
    lower = row(diagram, placed, *(f"W^{{0,{k}}}" for k in range(4)))
    assert top[1] < upper[0][1] == upper[1][1] < lower[0][1]
    assert len({y for _, y in lower}) == 1
    steps = {round(b - a, 6) for (a, _), (b, _) in pairwise(lower)}
    assert len(steps) == 1, "shapes of a level stand evenly"
    assert top[0] == pytest.approx((upper[0][0] + upper[1][0]) / 2)
    ends = sorted((p.at for p in placed.ports), key=lambda at: at[0])
    assert len({round(y, 6) for _, y in ends}) == 1
    assert len({round(b - a, 6) for (a, _), (b, _) in pairwise(ends)}) == 1
    assert crossings(placed) == 0
    assert all(pose.tip == UP for pose in placed.poses.values())


def test_a_mera_has_its_layers_in_rows_as_the_properties_tell() -> None:
    diagram, placed = drawn(MERA)
    rows = [
        ("T",),
        ("z^{0}", "z^{1}"),
        ("v",),
        tuple(f"w^{{{k}}}" for k in range(4)),
        ("u^{0}", "u^{1}", "u^{2}"),
    ]
    heights = [{round(y, 6) for _, y in row(diagram, placed, *found)} for found in rows]
    assert all(len(found) == 1 for found in heights)
    assert [y for found in heights for y in found] == sorted(y for found in heights for y in found)
    assert crossings(placed) == 0
    middle = row(diagram, placed, "T")[0][0]
    for found in rows:
        places = [x for x, _ in row(diagram, placed, *found)]
        assert sum(places) / len(places) == pytest.approx(middle), "symmetrical"
    order = [p.line for p in sorted(placed.ports, key=lambda p: p.at[0])]
    assert order == [o.line for o in sorted(diagram.opens, key=lambda o: o.order)]


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_a_periodic_mera_goes_round_its_top_without_a_crossing(levels: int) -> None:
    text = f"dim L = {levels}\n{PERIODIC}"
    diagram, placed = drawn(text)
    assert placed.poses[named(diagram, "top")].at == (0.0, 0.0)
    for level in range(levels - 1):
        count = 2 ** (levels - level - 1)
        for name in "uw":
            far = {
                round(hypot(*at), 5)
                for at in row(diagram, placed, *(f"{name}^{{{level},{k}}}" for k in range(count)))
            }
            assert len(far) == 1, "a row is a circle"
    assert crossings(placed) == 0
    for shape in diagram.shapes:
        pose = placed.poses[shape.id]
        if shape.outline == "triangle":
            assert geometry.dot(pose.tip, geometry.unit(pose.at, (0.0, 0.0))) == pytest.approx(1)
    clean(text)


@pytest.mark.parametrize(
    ("flow", "way"), [("left", (-1, 0)), ("right", (1, 0)), ("up", (0, -1)), ("down", (0, 1))]
)
def test_flow_is_where_the_sites_of_a_tree_are(flow: Side, way: tuple[int, int]) -> None:
    diagram, _ = drawn(MERA)
    placed = place_diagram(diagram, flow)
    ports = {o.order: port for o in diagram.opens for port in placed.ports if port.line == o.line}
    furthest = max(geometry.dot(pose.at, way) for pose in placed.poses.values())
    for port in ports.values():
        assert port.side == flow
        assert geometry.dot(port.at, way) > furthest + 18
    across = [ports[n].at[1 if way[0] else 0] for n in range(8)]
    assert across == sorted(across), "read from left to right, or downwards"
    clean(MERA, flow)


@pytest.mark.parametrize("flow", [None, "left", "right", "up", "down"])
def test_a_circuit_of_gates_has_straight_wires_and_its_states_opposite_its_outputs(flow: Side | None) -> None:
    diagram, _ = drawn(BRICKS)
    placed = place_diagram(diagram, flow)
    way = geometry.DIRECTIONS[flow or "up"]
    pins = [placed.poses[shape.id].at for shape in diagram.shapes if shape.symbol == "pin"]
    assert len({round(geometry.dot(at, way), 6) for at in pins}) == 1
    assert all(
        geometry.dot(at, way) > geometry.dot(pins[0], way) + 200 for at in (p.at for p in placed.ports)
    )
    for path in (*placed.routes.values(), *(port.path for port in placed.ports)):
        assert len(path.segments) == 1
        gap = (path.end[0] - path.start[0], path.end[1] - path.start[1])
        assert abs(geometry.dot(gap, way)) == pytest.approx(geometry.length(path)), "wires run with time"
    ports = {o.order: port for o in diagram.opens for port in placed.ports if port.line == o.line}
    across = [ports[n].at[0 if way[1] else 1] for n in range(6)]
    assert across == sorted(across)
    clean(BRICKS, flow)


def test_of_any_tensors_a_balanced_tree_is_one() -> None:
    diagram, placed = drawn(PLAIN)
    (g,), children = row(diagram, placed, "G"), row(diagram, placed, "A", "B")
    leaves = row(diagram, placed, *"CDEF")
    assert g[1] < children[0][1] == children[1][1] < leaves[0][1]
    assert len({y for _, y in leaves}) == 1
    clean(PLAIN)


def test_a_state_and_its_conjugate_stand_over_one_another() -> None:
    diagram, placed = drawn(SANDWICH)
    tips = [pose.tip for shape in diagram.shapes if shape.tip for pose in (placed.poses[shape.id],)]
    assert sorted(tips) == [(0.0, -1.0), (0.0, -1.0), (0.0, 1.0), (0.0, 1.0)]
    assert crossings(placed) == 0
    clean(SANDWICH)


def test_a_chain_of_isometries_stays_a_row() -> None:
    _, placed = example("S17_gauge")
    assert len({pose.at[1] for pose in placed.poses.values()}) == 1
