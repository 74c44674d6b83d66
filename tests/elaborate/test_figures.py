"""Figures, styles, weights: what they say of a program, checked."""

from __future__ import annotations

import pytest

import tnlang
from tests.elaborate.notation import codes, elaborated, lines
from tnlang.ir.net import Bracket, Group, Wire
from tnlang.ir.program import (
    Align,
    At,
    Bend,
    Beside,
    Cut,
    CutPlace,
    Draw,
    Equation,
    Expression,
    LabelSide,
    LegSide,
    NetTarget,
    Outline,
    Relabel,
    ValueTarget,
)
from tnlang.ir.size import LoopVar, show

GIVEN = """
dim n = 3, m = 4
tensor A[n, m], B[m, n], v[n], s
param W[n, n]
net f(x[n]) -> y[n] { param V[n, n]; z[i] = V[i, j] x[j]; y = z }
C[i, k] = A[i, j] B[j, k]
D = C[i, i]
"""


def figure(items: str):
    return elaborated(GIVEN + f"figure one {{ {items} }}").figures[0]


def expressions(items: str) -> list[Expression]:
    (item,) = figure(items).items
    parts = item.sides if isinstance(item, Equation) else [item.target] if isinstance(item, Draw) else []
    return [part for part in parts if isinstance(part, Expression)]


def test_what_is_drawn():
    targets = [
        i.target for i in figure("draw f; draw f.z; draw A; draw A[i, j] v[i]").items if isinstance(i, Draw)
    ]
    assert targets[0] == NetTarget("f")
    assert targets[1] == ValueTarget("f", "z")
    assert [lines(t.net) for t in targets[2:] if isinstance(t, Expression)] == [
        ["result[n, m] = A[n, m]"],
        ["result[j] = Σi A[i, j] v[i]"],
    ]


@pytest.mark.parametrize(
    ("items", "result"),
    [
        ("draw A[i, j] B[j, k]", "result[i, k] = Σj A[i, j] B[j, k]"),
        ("draw relu(A[i, j] B[j, k])", "result[i, k] = relu⟨Σj A[i, j] B[j, k]⟩"),
        ("draw A[i, j] + conj(B[j, i])", "result[i, j] = A[i, j] + B*[j, i]"),
        ("draw A[i, 0] v[i]", "result = Σi A[i, 0] v[i]"),
        ("draw softmax[j](A[i, j])", "result[i, j] = softmax[j]⟨A[i, j]⟩"),
        ("draw mean[j](A[i, j])", "result[i] = mean[j]⟨A[i, j]⟩"),
        ("draw delta[i: n, j]", "result[i, j] = delta[i, j]"),
        ("draw 2 A", "result[n, m] = 2 A[n, m]"),
    ],
)
def test_wires_with_one_end_are_open(items: str, result: str):
    assert lines(expressions(items)[0].net) == [result]


def test_a_figure_takes_the_file_level_values_it_needs():
    (one,) = expressions("draw C[i, j] v[j]")
    assert lines(one.net) == ["C[i, k] = Σj A[i, j] B[j, k]", "result[i] = Σj C[i, j] v[j]"]
    assert [decl.name for decl in one.net.inputs] == ["A", "B", "v"]
    (one,) = expressions("draw W[i, j] f(v)[j]")
    assert lines(one.net) == ["~f[n] = f(v) as f", "result[i] = Σj W[i, j] f[j]"]
    # a parameter is the file's, for a figure and for what it calls
    assert [(decl.kind, decl.name) for decl in one.net.inputs] == [("tensor", "v")]


def test_equations_share_their_open_wires_and_sizes_come_from_all_sides():
    left, right = expressions("equation delta[i, j] v[j] = v[i]")
    assert lines(left.net) == ["result[i] = Σj delta[i, j] v[j]"]
    assert lines(right.net) == ["result[i] = v[i]"]
    left, right = expressions("equation delta[i: n, j] delta[k: m, l] = delta[(i k), (j l)]")
    assert [show(leg.size) for leg in right.result.target.legs if isinstance(leg, Wire)] == [
        "n",
        "n",
        "m",
        "m",
    ]
    # h is summed on one side and a loop's variable on the other
    left, right = expressions("equation v[h] W[h, i] = sum h in 0..n { v[h] W[h, i] }")
    assert lines(right.net) == ["result[i] = sum h in 0..n {v[h] W[h, i]}"]
    # i is open on the left, so it is open on the right, where it has two ends
    left, right = expressions("equation v[i] = delta[i, i] v[i]")
    assert lines(right.net) == ["result[i] = delta[i, i] v[i]"]


def test_texts_and_chains():
    item = (
        elaborated(GIVEN + 'figure one { equation "$D$" = C[i, i] != s ≈ D "caption" }').figures[0].items[0]
    )
    assert isinstance(item, Equation)
    assert item.sides[0] == "$D$" and item.relations == ("=", "!=", "≈") and item.caption == "caption"


def test_captions_of_terms():
    one = elaborated(GIVEN + 'figure one { draw (A[i, j] "first") - (2 A[i, j] "second") + A[i, j] "all" }')
    (item,) = one.figures[0].items
    assert isinstance(item, Draw) and isinstance(item.target, Expression) and item.caption == "all"
    terms = item.target.result.body.terms
    assert [n.caption for t in terms for n in t.nodes if isinstance(n, Bracket)] == ["first", "second"]
    assert len(terms) == 3 and terms[1].coefficient == -1


def test_marks_belong_to_what_stands_before_them():
    shown = "draw A[i, b{1}] A[k, b{1}]; cut b{1}, A[i]; outline A; draw s; equation s = s v[k] v[k]; cut k"
    text = f"figure one {{ {shown} }}"
    drawn, other, equation = elaborated(GIVEN + text).figures[0].items
    assert isinstance(drawn, Draw) and isinstance(other, Draw) and isinstance(equation, Equation)
    assert drawn.marks == (Cut((CutPlace("b{1}"), CutPlace("A", ("i",)))), Outline(("A",)))
    assert other.marks == () and equation.marks == (Cut((CutPlace("k"),)),)


@pytest.mark.parametrize(
    ("items", "theme", "width"),
    [
        ("draw A", "", 0.0),
        ("theme dark; width 246pt", "dark", 246.0),
        ("width 86 mm; theme own", "own", 243.78),
        ("width 3.4in; width 8.6cm", "", 243.78),
    ],
)
def test_themes_and_widths(items: str, theme: str, width: float):
    one = elaborated(GIVEN + f"figure one {{ {items} }}\ntheme own {{ style A {{ fill red }} }}").figures[0]
    assert (one.theme, one.width) == (theme, width)


TWO_TURNS = "net two(x[i: 2]) -> y[i: 2] { stream s = x\nrepeat k in 0..2 { s[i] += tanh(s[i]) }\ny = s }"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("figure q { draw ff }", "TN200"),
        ("figure q { draw f.q }", "TN800"),
        ("figure q { draw g.q }", "TN800"),
        ("figure q { draw A[i, j] v[j] }", "TN301"),
        ("figure q { equation A[i, j] = v[i] }", "TN801"),
        ("figure q { equation A = A[i, j] }", "TN307"),
        ("figure q { equation A = B }", "TN301"),
        ("figure q { equation delta[i, j] = delta[j, i] }", "TN303"),
        ("figure q { flow sideways }", "TN802"),
        ('figure q { draw A[i, j] (v[j] "c") }', "TN807"),
        ('figure q { draw 2 (A[i, j] "c") }', "TN807"),
        ('figure q { draw (A + (A "c")) }', "TN807"),
        ("figure q { cut i; draw A[i, j] }", "TN807"),
        ("figure q { steps f; outline A }", "TN807"),
        ("figure q { draw A[i, j]; cut A[0] }", "TN807"),
        ("figure q { draw A[i, j]; cut zz }", "TN800"),
        ("figure q { draw A[i, j]; outline Q }", "TN800"),
        ("figure q { theme drak }", "TN803"),
        ("figure q { width 3 km }", "TN808"),
        ("figure q { width 1 mm }", "TN808"),
        ("figure q { width 999999 in }", "TN808"),
        ("figure q { width 2 j }", "TN808"),
        ("figure q { unfold g }", "TN800"),
        ("figure q { draw A; ends l }", "TN800"),
        ("figure q { draw two; ends j }\n" + TWO_TURNS, "TN800"),
        ("figure q { Q at (0, 1) }", "TN800"),
        ("figure q { A below Q }", "TN800"),
        ("figure q { steps g }", "TN201"),
        ("figure q { draw A }\nfigure q { draw A }", "TN203"),
        ("style A { shape cirle }", "TN820"),
        ("style A { colour red }", "TN820"),
        ('style A { fill "url(x)" }', "TN820"),
        ('style A { fill "#12345" }', "TN820"),
        ("style A { width 1000 }", "TN820"),
        ("style A { label x }", "TN820"),
        ("style Q { fill red }", "TN821"),
        ("style function softmux { fill red }", "TN821"),
        ("style property isometri { fill red }", "TN821"),
        ("style dim q { fill red }", "TN821"),
        ("style leg q { fill red }", "TN821"),
    ],
)
def test_what_is_refused(text: str, code: str):
    assert codes(GIVEN + text) == [code]


def test_styles_keep_their_words():
    program = elaborated(
        GIVEN + 'style A, wire h { shape box; fill "#9c9"; stroke none; width 1.5; label "$A$" }'
    )
    rules = (("shape", "box"), ("fill", "#9c9"), ("stroke", "none"), ("width", "1.5"), ("label", "$A$"))
    assert [(style.kind, style.name, style.rules) for style in program.styles] == [
        ("", "A", rules),
        ("wire", "h", rules),
    ]


def test_hints_name_nets_by_their_name_in_the_program():
    one = figure('unfold f; fold f, W; flow right; A at (0, -1.5); B right of A; A label "$a$"')
    assert [(o.kind, o.paths) for o in one.openness] == [("unfold", ("f",)), ("fold", ("f", "W"))]
    assert one.flow == "right"
    assert one.hints == (At(("A", 0), (0.0, -1.5)), Beside(("B", 0), "right of", ("A", 0)))
    assert one.labels == (Relabel("A", "$a$"),)


def test_a_figure_draws_something() -> None:
    assert codes(GIVEN + "figure one { }") == ["TN811"]


def test_hints_speak_of_occurrences_legs_and_wires():
    one = figure("align row A, B@2; leg j of A up; bend j (1, 2) (0, -1); label j@1 below")
    assert one.hints == (
        Align("row", (("A", 0), ("B", 2))),
        LegSide("j", ("A", 0), "up"),
        Bend(("j", 0), ((1.0, 2.0), (0.0, -1.0))),
        LabelSide(("j", 1), "below"),
    )


@pytest.mark.parametrize(
    "text, code",
    [
        ("A at (0, 1001)", "TN802"),
        ("A at (1j, 0)", "TN802"),
        ("leg j of A inwards", "TN802"),
        ("label j inside", "TN802"),
        ("A left of A", "TN802"),
        ("align row A, Q", "TN800"),
        ("bend Q (1, 1)", "TN800"),
        ("A at (0, 0); A at (1, 1)", "TN810"),
        ("A above B; B above A", "TN810"),
        ("leg j of A up; leg j of A down", "TN810"),
        ("label j above; label j below", "TN810"),
        ("flow up; flow down", "TN810"),
        ("A@0 at (1, 1)", "TN106"),
        ("A@123456 at (1, 1)", "TN106"),
    ],
)
def test_hints_that_are_refused(text: str, code: str):
    assert codes(GIVEN + "figure one { draw W; " + text + " }") == [code]


WEIGHTS = """
dim n = 3, head = 2, size = 2, L = 2
param R[n]
net b(x[n]) -> y[n] {
    param Q[head, size, n], U{k: 0..2}[n]
    y[i] = Q[h, s, i] Q[h, s, j] x[j] + U{0}[i] + R[i]
}
net g(x[n]) -> y[n] { shared once = b; stream r = x; repeat l in 0..L { r += b(r) }; y = once(r) }
"""
GOOD = """
    R[i] = "r"[i]
    b{l}.Q[h, s, i] = "b.{l}.q"[i, (1 h s)]
    b{l}.U{k}[i] = "b.{l}.u.{k}"[i]
    once.Q[h, s, i] = "once"[(h s), i]
    once.U{k} = "once.{k}"
    ignore "x.*"
    prefix "p."
"""


def weights(items: str, net: str = "g", format: str = "huggingface") -> str:
    return WEIGHTS + f"weights {format} for {net} {{ {items} }}"


def test_weights_map_parameters_to_keys():
    block = elaborated(weights(GOOD)).weights[0]
    assert (block.net, block.ignores, block.prefixes) == ("g", ("x.*",), ("p.",))
    second = block.maps[1]
    assert second.target == (("b", (LoopVar("l"),)), ("Q", ()))
    assert second.vars == ("l",)
    group = second.key_legs[1]
    assert isinstance(group, Group) and group.members[1:] == second.legs[:2]
    assert [show(leg.size) for leg in second.legs if isinstance(leg, Wire)] == ["head", "size", "n"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('R[i] = "r"[i]', "", "TN842"),
        ("b{l}.Q[h, s, i]", "b.Q[h, s, i]", "TN604"),
        ("b{l}.Q[h, s, i]", "b{l}.QQ[h, s, i]", "TN840"),
        ("b{l}.Q[h, s, i]", "b{l}.Q[h, i]", "TN300"),
        ('"b.{l}.q"', '"b.q"', "TN841"),
        ('"b.{l}.q"', '"b.{l}.{k}"', "TN841"),
        ("[i, (1 h s)]", "[i, (1 h)]", "TN841"),
        ("[i, (1 h s)]", "[i, j, (1 h s)]", "TN841"),
        ("[i, (1 h s)]", "", "TN841"),
        ("once.U{k} =", 'R = "r"\n once.U{k} =', "TN841"),
        ('once.U{k} = "once.{k}"', 'once.U{7} = "once.7"', "TN602"),
    ],
)
def test_weights_that_do_not_fit(old: str, new: str, code: str):
    assert old in GOOD
    assert codes(weights(GOOD.replace(old, new))) == [code]


def test_weights_of_no_net_and_of_no_format():
    assert codes(weights(GOOD, net="h")) == ["TN201"]
    assert codes(weights(GOOD, format="hugging")) == ["TN843"]


def test_ends_of_two_turns_are_one_plate() -> None:
    """A model that its user made smaller still has its figures."""
    one, other = (tnlang.load(f"{TWO_TURNS}\nfigure q {{ draw two{ends} }}") for ends in ("; ends k", ""))
    assert one.figures["q"].svg() == other.figures["q"].svg()
