"""Lattices are square, whatever hangs on them; legs go into holes or aslant; rings have legs outwards."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, drawn, example, scene, sheets_of
from tnlang.draw import geometry
from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.flat import place_diagram
from tnlang.draw.lint import lint

HOLE = """
dim b = 3
tensor A[b, b], B[b, b, b], D[b, b, b], E[b, b], V[b, b], W[b, b, b], X[b, b, b], Y[b, b, b], Z[b, b]
H[l, m, n] = A[i, j] V[i, r] B[j, k, l] W[r, k, s] X[s, m, t] D[n, o, p] Y[t, o, u] E[p, q] Z[u, q]
"""
PRODUCT = """
dim N = %d, p = 2, b = 4
param A{n: 0..N}[l: b, p, r: b], B{n: 0..N}[l: b, p, r: b], e[b], f[b]
y = e[a{0}] f[c{0}] prod n in 0..N { A{n}[a{n}, p{n}, a{n+1}] B{n}[c{n}, p{n}, c{n+1}] } f[a{N}] e[c{N}]
"""
SQUARE = """
dim L = %d, b = 2
param T{x: 0..L, y: 0..L}[l: b, r: b, u: b, d: b], e[b]
y = (prod x in 0..L, y in 0..L { T{x, y}[h{x, y}, h{x+1, y}, v{x, y}, v{x, y+1}] }
     prod y in 0..L { e[h{0, y}] e[h{L, y}] } prod x in 0..L { e[v{x, 0}] e[v{x, L}] })
"""
ENERGY = """
dim d = 2, b = 3, w = 4
tensor A[d, b], B[l: b, d, r: b], C[l: b, d, r: b], D[l: b, d]
tensor H[p: d, q: d, r: d, s: d], O[p: d, q: d], M[d, o: d, w], N[w, d, o: d]
e = (A[p0, b0] B[b0, p1, b1] C[b1, p2, b2] D[b2, p3] %s
     conj(A[%s, c0]) conj(B[c0, %s, c1]) conj(C[c1, %s, c2]) conj(D[c2, %s]))
"""
PERIODIC = """
dim N = 8, p = 2, b = 4
param A{n: 0..N}[l: b, p, r: b]
y[p{0..N}] = prod n in 0..N { A{n}[a{n}, p{n}, a{n+1 mod N}] }
"""


def clean(text: str) -> None:
    for sheet in sheets_of(text):
        assert lint(scene(sheet)) == ()
        for diagram in diagrams_in(sheet):
            assert faults(diagram, layout(diagram, sheet.flow)) == ()


def at(diagram: Diagram, placed: Placed, *labels: str) -> list[tuple[float, float]]:
    shapes = {shape.label: shape.id for shape in diagram.shapes}
    return [placed.poses[shapes[label]].at for label in labels]


def square(placed: Placed) -> None:
    """Every wire between shapes is straight, level or upright."""
    for path in placed.routes.values():
        (x, y), (u, v) = path.start, path.end
        assert len(path.segments) == 1 and (x == u or y == v)


def test_peps_is_a_square_grid_with_its_edges_round_it_and_physical_legs_aslant() -> None:
    diagram, placed = example("S19_peps")
    square(placed)
    columns = [{x for x, _ in at(diagram, placed, f"T^{{0,{y}}}", f"T^{{1,{y}}}")} for y in range(3)]
    assert all(len(column) == 1 for column in columns)
    rows = [{y for _, y in at(diagram, placed, *(f"T^{{{x},{y}}}" for y in range(3)))} for x in range(2)]
    assert all(len(row) == 1 for row in rows)
    for port in placed.ports:
        (x, y), (u, v) = port.path.start, port.path.end
        assert u - x == v - y > 0
    edges = [placed.poses[shape.id].at for shape in diagram.shapes if shape.name == "edge"]
    inside = geometry.union(placed.poses[s.id].box for s in diagram.shapes if s.name == "T")
    assert len(edges) == 10 and not any(inside.holds(place) for place in edges)


@pytest.mark.parametrize("size", [3, 5, 8])
def test_a_larger_grid_is_square(size: int) -> None:
    text = SQUARE % size
    diagram, placed = drawn(text)
    square(placed)
    tensors = [placed.poses[s.id].at for s in diagram.shapes if s.name == "T"]
    assert len({x for x, _ in tensors}) == len({y for _, y in tensors}) == size
    first, second = at(diagram, placed, "T^{0,0}", "T^{1,0}")
    assert second[0] > first[0] and second[1] == first[1], "read as it is written"
    clean(text)


def test_the_derivative_of_a_ladder_has_a_hole_where_the_tensor_was() -> None:
    diagram, placed = drawn(HOLE)
    square(placed)
    top, bottom = at(diagram, placed, *"ABDE"), at(diagram, placed, *"VWXYZ")
    assert [x for x, _ in top] == [x for n, (x, _) in enumerate(bottom) if n != 2]
    assert len({y for _, y in top}) == len({y for _, y in bottom}) == 1
    hole = (bottom[2][0], top[0][1])
    ports = {o.label: port for o in diagram.opens for port in placed.ports if port.line == o.line}
    assert {label: port.side for label, port in ports.items()} == {"l": "right", "m": "up", "n": "left"}
    for port in ports.values():
        assert geometry.dot(port.normal, geometry.unit(port.at, hole)) == pytest.approx(1)
    clean(HOLE)


@pytest.mark.parametrize("sites", [10, 50])
def test_an_inner_product_is_a_ladder_of_any_length(sites: int) -> None:
    text = PRODUCT % sites
    diagram, placed = drawn(text)
    square(placed)
    upper = at(diagram, placed, *(f"A^{{{n}}}" for n in range(sites)))
    lower = at(diagram, placed, *(f"B^{{{n}}}" for n in range(sites)))
    assert [x for x, _ in upper] == [x for x, _ in lower]
    assert len({y for _, y in upper}) == 1 and upper[0][1] < lower[0][1]
    assert all(a < b for (a, _), (b, _) in pairwise(upper))
    if sites == 10:
        clean(text)


@pytest.mark.parametrize(
    ("between", "below"),
    [
        ("H[p1, p2, s1, s2]", "p0 s1 s2 p3"),
        ("H[p0, p1, s0, s1] H[p2, p3, s2, s3]", "s0 s1 s2 s3"),
        ("O[p1, s1] O[p3, s3]", "p0 s1 p2 s3"),
        ("M[p1, s1, w1] N[w1, p2, s2]", "p0 s1 s2 p3"),
    ],
)
def test_an_expectation_value_is_a_ladder_whatever_stands_on_its_rungs(between: str, below: str) -> None:
    text = ENERGY % (between, *below.split())
    diagram, placed = drawn(text)
    square(placed)
    upper, lower = at(diagram, placed, *"ABCD"), at(diagram, placed, *(rf"\bar{{{n}}}" for n in "ABCD"))
    assert [x for x, _ in upper] == [x for x, _ in lower] == sorted(x for x, _ in upper)
    assert len({y for _, y in upper}) == len({y for _, y in lower}) == 1 and upper[0][1] < lower[0][1]
    operators = [placed.poses[s.id] for s in diagram.shapes if s.name in "HOMN"]
    assert {pose.at[1] for pose in operators} == {(upper[0][1] + lower[0][1]) / 2}
    columns = {name: x for name, (x, _) in zip(("p0", "p1", "p2", "p3"), upper, strict=True)}
    for pose, legs in zip(operators, between.split("] "), strict=True):
        held = {name for name, x in columns.items() if abs(x - pose.at[0]) < pose.half[0]}
        assert held == {name for name in columns if name in legs}
    clean(text)
    program = tnlang.load(text)
    assert tnlang.verify(program.nets["main"].svg(), program, module=False).ok


def test_isometries_on_a_ring_point_along_it() -> None:
    diagram, placed = drawn(PERIODIC.replace("r: b]", "r: b] isometry(r)"))
    for shape in diagram.shapes:
        pose = placed.poses[shape.id]
        out = geometry.unit((0.0, 0.0), pose.at)
        assert geometry.dot(pose.tip, (-out[1], out[0])) == pytest.approx(1)


def test_legs_of_a_ring_point_outwards() -> None:
    diagram, placed = drawn(PERIODIC)
    radius = {round(hypot(*pose.at), 5) for pose in placed.poses.values()}
    assert len(radius) == 1
    for port in placed.ports:
        out = placed.poses[port.shape].at
        assert geometry.dot(geometry.unit((0.0, 0.0), out), geometry.unit(out, port.at)) == pytest.approx(1)
    assert len(placed.ports) == len(diagram.opens) == 8
    clean(PERIODIC)


SITES = "T{0,0}[a, b, c, d, s] T{0,1}[b, f, g, h, t] T{1,0}[k, m, d, n, u] T{1,1}[m, o, h, q, v] "
EDGES = " ".join(f"e[{bond}]" for bond in "acfgknoq")
LAYER = "M{{0,0}}[a{0}, b{0}, s] M{{0,1}}[a{0}, c{0}, t] M{{1,0}}[b{0}, d{0}, u] M{{1,1}}[c{0}, d{0}, v] "
PATCH = f"""
dim p = 2, D = 3
tensor T{{i: 0..2, j: 0..2}}[l: D, r: D, u: D, d: D, p] complex, e[D], M{{i: 0..2, j: 0..2}}[x: D, y: D, p]
net state() -> psi[s: p, t: p, u: p, v: p] {{ psi[s, t, u, v] = {SITES} {EDGES} }}
net norm() -> o {{ shared f = state; o = f()[s, t, u, v] conj(f()[s, t, u, v]) }}
figure N {{ draw norm; unfold state }}
figure R {{ draw {LAYER.format("")} {LAYER.format("'")} }}
"""


def test_a_grid_and_its_conjugate_are_two_layers() -> None:
    """The second half a step aside: each tensor beside its own, all bonds straight."""
    clean(PATCH)
    for sheet in sheets_of(PATCH):
        (found,) = diagrams_in(sheet)
        placed = place_diagram(found)
        shapes = {shape.id: shape for shape in found.shapes}
        steps = set()
        for line in found.lines:
            one, other = (shapes[e.shape] for e in line.ends if e.shape is not None)
            (x, y), (u, v) = placed.poses[one.id].at, placed.poses[other.id].at
            if {"s", "t", "u", "v"} & {line.text}:
                steps.add((round(u - x, 3), round(v - y, 3)))
            else:
                assert x == u or y == v
        assert len(steps) == 1
        ((dx, dy),) = steps
        assert dx == dy > 40
