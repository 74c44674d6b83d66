"""Layers of gates on a state, operators between states, circuits: rows are level and columns upright."""

from __future__ import annotations

from itertools import pairwise

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, drawn, scene, sheets_of
from tests.layout.test_lattices import clean, square
from tnlang.draw.diagram import Diagram
from tnlang.draw.layout.box import Placed

DECLARED = """
dim p = 2, D = 3, w = 4
tensor A[s: p, r: D], B[l: D, s: p, r: D], C[l: D, s: p, r: D], E[l: D, s: p], K[l: D, s: p, r: D]
tensor Y[l: D, r: D]
tensor G[a: p, b: p, c: p, d: p], H[a: p, b: p, c: p, d: p], O[p, q: p], v[p], f[w]
tensor M{n: 0..4}[l: w, r: w, up: p, dn: p], N{n: 0..4}[l: w, r: w, up: p, dn: p]
tensor L[top: D, mid: w, bot: D], R[top: D, mid: w, bot: D], T[u: D, l: D, d: D, r: D, phys: p, anc: p]
"""
STATE = "A[x0, b0] B[b0, x1, b1] C[b1, x2, b2] E[b2, x3] "
BACK = "conj(A[{0}, c0]) conj(B[c0, {1}, c1]) conj(C[c1, {2}, c2]) conj(E[c2, {3}])"


def operator(name: str, up: str, dn: str) -> str:
    """A chain of four operators with ends m and n, its legs named after ``up`` and ``dn``."""
    ends = ("m", *(f"{name}{n}" for n in range(3)), "n")
    links = (f"{name}{{{n}}}[{a}, {b}, {up}{n}, {dn}{n}]" for n, (a, b) in enumerate(pairwise(ends)))
    return " ".join(links).replace("[m,", f"[{name}m,").replace(", n,", f", {name}n,") + " "


SITE = """
dim c = 4, p = 2, w = 3
tensor A[l: c, p, r: c] isometry(r), W[l: w, r: w, o: p, i: p], O[o: p, i: p], T[i: p, j: p, k: p], v[p]
"""


@pytest.mark.parametrize(
    ("shown", "rows"),
    [
        ("A[a, s, b] conj(A[c, s, d])", 2),
        ("A[a, s, b] W[e, f, s, t] conj(A[c, t, d])", 3),
        ("A[a, s, b] O[s, t] conj(A[c, t, d])", 3),
        ("conj(A[a, s, b]) A[c, s, d]", 2),
        ("A[a, s, b] conj(A[a, t, d])", 1),  # bonds join what stands in one row
        ("T[i, j, k] conj(T[f, g, k])", 1),  # a density matrix: rows and columns are groups
        ("A[a, s, b] v[s]", 1),
    ],
)
def test_one_site_of_a_transfer_matrix_is_a_column(shown: str, rows: int) -> None:
    """Its bonds leave left and right as in a chain, so that the tip of an isometry has its own leg."""
    diagram, placed = drawn(f"{SITE}figure f {{ draw {shown} }}")
    assert len({round(placed.poses[s.id].at[1]) for s in diagram.shapes if s.label != "v"}) == rows
    if rows > 1:
        assert {port.side for port in placed.ports} == {"left", "right"}
        tops = [s for s in diagram.shapes if s.tip]
        assert all(placed.poses[s.id].tip == (1.0, 0.0) for s in tops)
        clean(f"{SITE}figure f {{ draw {shown} }}")


@pytest.mark.parametrize("gate", ["G[u, v, s, t]", "G[u, v, s, t] G[f, g, u, v]"])
def test_bonds_of_a_piece_of_a_chain_leave_left_and_right(gate: str) -> None:
    """Of two tensors with nothing beside them too: what is of the dim of the bond between them is one."""
    text = """
dim c = 4, p = 2
tensor A[l: c, p, r: c], B[l: c, p, r: c], G[a: p, b: p, i: p, j: p]
"""
    diagram, placed = drawn(f"{text}figure f {{ draw A[a, s, b] B[b, t, e] {gate} }}")
    names = {end.line: end.label for end in diagram.opens}
    sides = {names[port.line]: port.side for port in placed.ports}
    assert (sides.pop("a"), sides.pop("e"), *set(sides.values())) == ("left", "right", "up")


BONDED = {
    "two layers of gates": (
        STATE + "G[y0, y1, x0, x1] G[y2, y3, x2, x3] G[z1, z2, y1, y2]",
        ["G", "G G", "A B C E"],
    ),
    "a gate moved through a circuit": (
        STATE + "G[y0, y1, x0, x1] G[y2, y3, x2, x3] G[z1, z2, y1, y2] H[h1, h2, z1, z2] "
        "conj(G[h1, h2, v1, v2]) conj(G[y0, v1, w0, w1]) conj(G[v2, y3, w2, w3]) "
        + BACK.format("w0", "w1", "w2", "w3"),
        ["A B C E", "G G", "G", "H", r"\bar{G}", r"\bar{G} \bar{G}", r"\bar{A} \bar{B} \bar{C} \bar{E}"],
    ),
    "an operator on a state": (
        operator("M", "y", "x") + STATE,
        ["M^{0} M^{1} M^{2} M^{3}", "A B C E"],
    ),
    "two operators": (
        operator("N", "y", "x") + operator("M", "x", "z"),
        ["N^{0} N^{1} N^{2} N^{3}", "M^{0} M^{1} M^{2} M^{3}"],
    ),
    "an operator between states": (
        STATE + operator("M", "x", "y") + "f[Mm] f[Mn] " + BACK.format("y0", "y1", "y2", "y3"),
        ["A B C E", "f M^{0} M^{1} M^{2} M^{3} f", r"\bar{A} \bar{B} \bar{C} \bar{E}"],
    ),
    "what stands on both sides": (
        "L[a, m, b] B[a, s, x] C[x, u, c] M{0}[m, n, s, t] M{1}[n, o, u, z] "
        "conj(B[b, t, y]) conj(C[y, z, d]) R[c, o, d]",
        ["B C", "L M^{0} M^{1} R", r"\bar{B} \bar{C}"],
    ),
    "bonds with weights": (
        "K[l, x0, a] Y[a, b] K[b, x1, c] Y[c, d] K[d, x2, r] G[y0, y1, x0, x1]",
        ["G", "K Y K Y K"],
    ),
    "an operator on one site of open chains": (
        "K[l, x0, a] K[a, x1, b] K[b, x2, r] O[x1, y] conj(K[l', x0, c]) conj(K[c, y, d]) conj(K[d, x2, r'])",
        ["K K K", "O", r"\bar{K} \bar{K} \bar{K}"],
    ),
    "gates under an operator with ends of its own": (
        STATE
        + "G[y0, y1, x0, x1] O[y2, x2] O[y3, x3] "
        + operator("M", "z", "y")
        + "f[Mm] f[Mn] "
        + BACK.format("z0", "z1", "z2", "z3"),
        ["A B C E", "G O O", "f M^{0} M^{1} M^{2} M^{3} f", r"\bar{A} \bar{B} \bar{C} \bar{E}"],
    ),
    "a gate over sites that it leaves alone": (STATE + "G[y0, y3, x0, x3]", ["A B C E", "G"]),
}
CIRCUITS = {
    "a circuit with both ends open": (
        "G[a0, a1, i0, i1] G[a2, a3, i2, i3] H[b1, b2, a1, a2] G[c0, c1, a0, b1] G[c2, c3, b2, a3]",
        ["G G", "H", "G G"],
    ),
    "a circuit on states and back": (
        "v[i0] v[i1] v[i2] v[i3] G[a0, a1, i0, i1] G[a2, a3, i2, i3] H[b1, b2, a1, a2] O[b1, c1] "
        "conj(H[c1, b2, d1, d2]) conj(G[a0, d1, j0, j1]) conj(G[d2, a3, j2, j3]) "
        "conj(v[j0]) conj(v[j1]) conj(v[j2]) conj(v[j3])",
        [
            r"\bar{v} \bar{v} \bar{v} \bar{v}",
            r"\bar{G} \bar{G}",
            r"\bar{H}",
            "O",
            "H",
            "G G",
            "v v v v",
        ],
    ),
}
PEPS = (
    "T[a1, b0, c1, b1, p1{0}] T[a2, b1, c2, b2, p2{1}] T[a3, b2, c3, b3, p3{2}] "
    "T[c1, e0, f1, e1, p4{3}] T[c2, e1, f2, e2, p5{4}] T[c3, e2, f3, e3, p6{5}]"
)


def figure(expression: str) -> str:
    return f"{DECLARED}figure f {{ draw {expression} }}\n"


def rows_of(diagram: Diagram, placed: Placed) -> list[str]:
    """The labels of the shapes by height, from left to right."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for shape in diagram.shapes:
        x, y = placed.poses[shape.id].at
        rows.setdefault(round(y, 3), []).append((x, shape.label))
    return [" ".join(label for _, label in sorted(row)) for _, row in sorted(rows.items())]


@pytest.mark.parametrize("name", [*BONDED, *CIRCUITS])
def test_rows_are_level_and_columns_upright(name: str) -> None:
    expression, rows = (BONDED | CIRCUITS)[name]
    text = figure(expression)
    diagram, placed = drawn(text)
    assert rows_of(diagram, placed) == rows
    square(placed)
    clean(text)


@pytest.mark.parametrize("name", ["two layers of gates", "what stands on both sides", "bonds with weights"])
def test_the_picture_is_the_network(name: str) -> None:
    program = tnlang.load(figure(BONDED[name][0]))
    assert tnlang.verify(program.figures["f"].svg(), program, module=False).ok


def sides(diagram: Diagram, placed: Placed) -> dict[str, str]:
    label = {o.line: next(line.label for line in diagram.lines if line.id == o.line) for o in diagram.opens}
    return {label[port.line]: port.side for port in placed.ports}


def test_open_legs_go_up_from_gates_and_along_the_chain_at_its_ends() -> None:
    expression = "K[l, x0, a] K[a, x1, b] K[b, x2, r] G[y0, y1, x0, x1] G[z1, z2, y1, x2]"
    diagram, placed = drawn(figure(expression))
    found = sides(diagram, placed)
    assert found == {"l": "left", "r": "right", "y_{0}": "up", "z_{1}": "up", "z_{2}": "up"}
    ends = {port.at[1] for port in placed.ports if port.side == "up"}
    assert len(ends) == 1, "they end at one height"


def test_ends_that_rows_share_are_as_high_as_the_rows() -> None:
    diagram, placed = drawn(figure(BONDED["what stands on both sides"][0]))
    heights = sorted({placed.poses[s.id].at[1] for s in diagram.shapes})
    for label in "LR":
        pose = next(placed.poses[s.id] for s in diagram.shapes if s.label == label)
        assert pose.box.top < heights[0] and pose.box.bottom > heights[-1]


@pytest.mark.parametrize("ancillas", [False, True])
def test_a_lattice_with_more_legs_is_the_same_lattice(ancillas: bool) -> None:
    legs = [f", q{n}" if ancillas else "" for n in range(6)]
    text = figure(PEPS.format(*legs))
    if not ancillas:
        text = text.replace(", anc: p]", "]")
    diagram, placed = drawn(text)
    square(placed)
    at = [placed.poses[s.id].at for s in diagram.shapes]
    assert len({x for x, _ in at}) == 3 and len({y for _, y in at}) == 2
    found = sides(diagram, placed)
    assert {found[f"a_{{{n}}}"] for n in (1, 2, 3)} == {"up"} and {
        found[f"f_{{{n}}}"] for n in (1, 2, 3)
    } == {"down"}
    assert (found["b_{0}"], found["e_{0}"], found["b_{3}"], found["e_{3}"]) == (
        "left",
        "left",
        "right",
        "right",
    )
    aslant = [
        p for p in placed.ports if p.path.start[0] != p.path.end[0] and p.path.start[1] != p.path.end[1]
    ]
    assert len(aslant) == (12 if ancillas else 6)
    clean(text)


def test_a_mera_of_plain_tensors_is_layered() -> None:
    text = """
dim s = 2
tensor u{k: 0..3}[a: s, b: s, c: s, d: s], v[a: s, b: s, c: s, d: s], T[a: s, b: s]
tensor w{k: 0..4}[up: s, a: s, b: s], z{k: 0..2}[up: s, a: s, b: s]
psi[p{0..8}] = (
    prod k in 0..3 { u{k}[p{2*k+1}, p{2*k+2}, m{2*k+1}, m{2*k+2}] }
    w{0}[q{0}, p{0}, m{1}] w{1}[q{1}, m{2}, m{3}] w{2}[q{2}, m{4}, m{5}] w{3}[q{3}, m{6}, p{7}]
    v[q{1}, q{2}, n{1}, n{2}] z{0}[r{0}, q{0}, n{1}] z{1}[r{1}, n{2}, q{3}] T[r{0}, r{1}])
"""
    diagram, placed = drawn(text)
    assert rows_of(diagram, placed) == [
        "T",
        "z^{0} z^{1}",
        "v",
        "w^{0} w^{1} w^{2} w^{3}",
        "u^{0} u^{1} u^{2}",
    ]
    assert {port.side for port in placed.ports} == {"down"}
    clean(text)
    assert [len(diagrams_in(sheet)) for sheet in sheets_of(text)] == [1] and scene(sheets_of(text)[0]).items
