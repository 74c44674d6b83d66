"""What the view makes of a program: shapes, dots, enclosures, copies, backbones; no place is looked at."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.layout.pictures import diagrams_in, example_sheets, sheets_of
from tnlang.draw.diagram import Diagram, Row, Shape, Sign
from tnlang.draw.labels import measure, problem
from tnlang.draw.view import names
from tnlang.draw.view.names import math


def diagram(text: str) -> Diagram:
    (found,) = diagrams_in(sheets_of(text)[0])
    return found


def symbols(of: Diagram) -> Counter[str]:
    return Counter(shape.symbol for shape in of.shapes)


def named(of: Diagram, name: str) -> list[Shape]:
    return [shape for shape in of.shapes if shape.name == name]


def test_every_line_has_two_ends_at_legs_that_know_it() -> None:
    gallery = (
        "T12_group",
        "T16_hyperedge",
        "S9_svd",
        "N5_gpt2",
        "N7_embedding",
        "N11_attention",
        "N13_pattern",
    )
    for example in (*gallery, "gpt2", "C9_llama"):
        for sheet in example_sheets(example):
            for of in diagrams_in(sheet):
                shapes = {shape.id: shape for shape in of.shapes}
                for line in of.lines:
                    for end in line.ends:
                        assert end.shape is None or shapes[end.shape].legs[end.leg] == line.id
                assert sum(len(s.legs) for s in of.shapes) == sum(
                    end.shape is not None for line in of.lines for end in line.ends
                )


def test_a_two_legged_delta_is_a_wire_and_a_larger_one_a_dot() -> None:
    wire = diagram("dim n = 3\nfigure f { draw delta[i: n, j] }\n")
    assert not wire.shapes and len(wire.lines) == 1 and {o.label for o in wire.opens} == {"i", "j"}
    star = diagram("dim n = 3\nfigure f { draw delta[i: n, j, k, l] }\n")
    assert symbols(star) == {"dot": 1} and len(star.lines) == 4


@pytest.mark.parametrize(
    ("drawn", "sizes"),
    [
        ("W[(1 n i)] x[n] y[i]", {"(1 n i)": 30, "n": 3, "i": 5, "": 2}),
        ("W[(n 1 i)] x[n] y[i]", {"(n 1 i)": 30, "n": 3, "i": 5, "": 2}),
        ("M[1, n] x[n]", {"b": 2, "n": 3}),
        ("M[1, p: 0..2] x[p: 0..2]", {"b": 2, "n": 3, "p": 2}),
        ("delta[n, 1] x[n]", {"": 3}),
    ],
)
def test_a_leg_with_a_fixed_entry_has_its_own_size(drawn: str, sizes: dict[str, int]) -> None:
    """Not that of one entry: not in a group either, whose leg is all of what it is cut out of."""
    text = f"""
dim b = 2, n = 3, i = 5
tensor W[x: b*n*i], M[b, n], x[n], y[i]
figure f {{ draw {drawn} }}
"""
    lines = diagram(text).lines
    assert {line.text: line.size for line in lines} == sizes
    assert all(line.size == sizes[line.text] for line in lines)


@pytest.mark.parametrize("loop", ["delta[i: n, i: n]", "delta[i: n, j: n] delta[j, i]"])
def test_a_wire_without_an_end_is_a_loop_at_a_dot(loop: str) -> None:
    of = diagram(f"dim n = 3\nfigure f {{ draw {loop} }}\n")
    (dot,), (line,) = of.shapes, of.lines
    assert dot.symbol == "dot" and {end.shape for end in line.ends} == {dot.id}


def test_a_summed_wire_that_ends_somewhere_has_no_dot() -> None:
    of = diagram("dim n = 3\ntensor A[n, n]\nfigure f { draw A[i, k] delta[i, j] A[j, l] }\n")
    assert symbols(of) == {"tensor": 2}


def test_a_wire_with_three_ends_has_one_dot_in_each_bubble_that_holds_two() -> None:
    of = diagrams_in(example_sheets("N13_pattern")[0])[-1]
    (dot,) = [shape for shape in of.shapes if shape.symbol == "dot"]
    inner = next(e for e in of.enclosures if "causal" in e.badge)
    assert dot.inside == inner.id and len(dot.legs) == 3


def test_a_value_is_drawn_beside_its_definition() -> None:
    row = example_sheets("N13_pattern")[0].panels[0].content
    assert isinstance(row, Row)
    left, sign, right = row.parts
    assert isinstance(left, Diagram) and isinstance(right, Diagram) and sign == Sign("=", "relation")
    assert [shape.role for shape in left.shapes] == ["pattern"]
    assert [e.badge for e in right.enclosures] == [r"\mathrm{softmax}_{k}", r"\mathrm{causal}"]
    assert right.enclosures[1].inside == right.enclosures[0].id
    assert len(named(right, "x")) == 2 and {s.symbol for s in named(right, "x")} == {"paste"}
    assert [o.label for o in left.opens] == [o.label for o in right.opens] == ["h", "q", "k"]


def test_functions_with_nothing_between_share_a_badge_in_a_net() -> None:
    of = diagrams_in(example_sheets("N11_attention")[0])[0]
    (bubble,) = of.enclosures
    assert bubble.badge == r"\mathrm{softmax}_{k} \circ \mathrm{causal}" and bubble.family == "mask"
    assert bubble.gate_names == ("k", "q"), "the gates are those of both functions"


def test_a_closed_factor_is_written_not_drawn() -> None:
    of = diagram("dim n = 3, d = 4\ntensor Q[n, d], K[n, d]\ny[q, k] = Q[q, s] K[k, s] / sqrt(d)\n")
    assert [s.label for s in of.shapes if s.symbol == "text"] == [r"\frac{1}{\sqrt{d}}"]


def test_a_sum_that_is_multiplied_on_gets_a_bracket_and_others_none() -> None:
    inner = diagram("dim n = 3\ntensor W[m: n, n], a[n], b[n]\ny[i] = W[i, j] (a[j] + b[j])\n")
    assert [e.family for e in inner.enclosures] == ["bracket"]
    outer = diagram("dim n = 3\ntensor W[m: n, n], a[n], b[n]\ny[i] = W[i, j] a[j] + b[i]\n")
    assert not outer.enclosures
    (plus,) = [s for s in outer.shapes if s.symbol == "plus"]
    assert len(plus.legs) == 3 and [len(term) for term in plus.terms] == [1, 1]


def test_a_broadcast_leg_runs_past_the_plus() -> None:
    of = diagram("dim n = 3, m = 4\ntensor A[n, m], v[n]\ny[i, k] = A[i, k] + v[i]\n")
    (plus,) = [s for s in of.shapes if s.symbol == "plus"]
    assert len(plus.legs) == 3
    (k,) = [o for o in of.opens if o.label == "k"]
    ends = next(line for line in of.lines if line.id == k.line).ends
    assert {end.shape for end in ends} == {None, named(of, "A")[0].id}


def test_named_sums_that_are_used_once_are_drawn_in_place_with_their_name() -> None:
    of = diagrams_in(example_sheets("N5_gpt2")[0])[0]
    assert [e.badge for e in of.enclosures if e.family == "bracket"] == ["Q", "K", "V"]


def test_gpt2_has_its_backbone_and_plate() -> None:
    of = diagrams_in(example_sheets("N5_gpt2")[0])[0]
    (backbone,) = of.backbones
    shapes = {shape.id: shape for shape in of.shapes}
    stations = [shapes[s] for s in backbone.stations]
    assert [s.symbol for s in stations] == ["plus", "copy", "plus", "copy", "plus", "folded"]
    assert [s.label for s in stations if s.symbol == "copy"] == ["x", "x'"]
    assert [len(track) for track in backbone.tracks] == [2] * 7
    (plate,) = backbone.plates
    assert (plate.start, plate.stop, plate.label) == (
        backbone.stations[1],
        backbone.stations[4],
        r"\times 12",
    )
    assert [block.label for block in backbone.blocks] == ["", "attention", "mlp"]
    weights = named(of, "W_E")
    assert len(weights) == 2 and all(shape.tied for shape in weights)
    pastes = Counter(r.station for r in of.ribbons)
    assert sorted(pastes.values()) == [1, 3]


def test_a_net_can_be_hidden_folded_and_opened() -> None:
    text = """
dim p, d = 4
net ln(x[p, d]) -> y[p, d] { param g[d]
    y[q, e] = layernorm[e](x[q, e]) g[e] }
net block(x[p, d]) -> y[p, d] { param W[d, d]
    y[q, f] = W[f, e] (ln(x))[q, e] }
figure folded { draw block }
figure opened { draw block; unfold ln }
figure hidden { draw block; hide ln }
"""
    folded, opened, hidden = (diagrams_in(sheet)[0] for sheet in sheets_of(text))
    assert symbols(folded)["folded"] == 1 and not folded.enclosures
    assert symbols(opened)["folded"] == 0 and [e.family for e in opened.enclosures] == ["norm"]
    assert symbols(hidden) == {"tensor": 2}


def test_styles_reach_what_they_name_and_labels_replace_names() -> None:
    of = diagram("""
dim i = 3, j = 3
tensor A[i, j], B[j, i] unitary
figure f { draw A[a, b] relu(B[b, c]); A label "$Q^\\\\top$" }
style B { fill "#9c9"; shape circle }
style property unitary { fill "#111" }
style function relu { stroke "#123456" }
style wire b { width 4 }
""")
    (a,), (b,) = named(of, "A"), named(of, "B")
    assert a.label == r"Q^\top"
    assert (b.look.fill, b.outline) == ("#99CC99", "circle")
    assert of.enclosures[0].look.stroke == "#123456"
    assert {line.look.width for line in of.lines if line.name == "b"} == {4.0}


def test_an_input_with_something_added_is_a_stream() -> None:
    of = diagram("dim n = 3\nnet f(x[n]) -> y[n] { y[d] = x[d] + relu(x[d]) }\n")
    (backbone,) = of.backbones
    shapes = {shape.id: shape for shape in of.shapes}
    assert [shapes[s].symbol for s in backbone.stations] == ["copy", "plus"]
    assert [s.label for s in of.shapes if s.symbol in ("copy", "paste")] == ["x", "x"]


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("W_Q", "W_{Q}"),
        ("W1", "W_{1}"),
        ("x'", "x'"),
        ("b_in", r"b_{\mathrm{in}}"),
        ("lambda", r"\lambda"),
        ("head_size", r"\mathrm{head\ size}"),
        ("ln_1", r"\mathrm{ln}_{1}"),
        ("attention.y*", r"y^{\ast }"),
        ("x'*", r"x^{\prime \ast }"),
    ],
)
def test_names_are_written_as_a_paper_would(name: str, latex: str) -> None:
    assert names.math(name) == latex


def test_texts_of_a_program_cannot_break_out_of_their_label() -> None:
    assert names.given(r"a}b\c_d$x^2$") == r"\text{a}{\}}\text{b}{\backslash}\text{c_d}x^2"


@pytest.mark.parametrize("label", ["<b>", "a-b & c", "x* ~ 5% #1", "f(x) {y}"])
def test_a_label_without_dollars_is_set_as_the_text_it_is(label: str) -> None:
    """As wide as the same words in a caption, with no space round what formulas have space round."""
    latex = names.given(label)
    assert latex is not None and not problem(latex)
    assert measure(latex, 20).width == pytest.approx(measure(label, 20, True).width, rel=0.04)


def test_a_wire_with_more_ends_than_two_bears_its_name_once() -> None:
    of = diagram("dim n = 3\ntensor A[n], B[n], C[n], D[n]\nfigure f { draw A[i] exp[i](B[i] C[i]) D[i] }")
    assert [line.label for line in of.lines if line.label] == ["i"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [("direct", "direct"), ("0 -> 1 (V)", "block 0 → block 1 (V)"), ("ln_1 -> mlp", "ln 1 → mlp")],
)
def test_paths_are_told_in_words(path: str, shown: str) -> None:
    assert names.way(path) == shown


def test_ends_of_several_outputs_carry_their_output_and_those_of_one_do_not() -> None:
    text = """
dim n = 3, seq = 4
param A[n, n_2: n], B[n, n_2: n]
net cell(x[seq, n]) -> (s2[seq, n], c[n]) { s2[q, a] = A[a, i] x[q, i]; c[a] = B[a, i] x[q, i] ones[q] }
net alone(x[n]) -> s2[n] { s2[a] = A[a, i] x[i] }
"""
    pictures = [diagrams_in(sheet)[0] for sheet in sheets_of(text)]
    ends = {
        net: [
            (o.label, o.word, o.told) for o in sorted(of.opens, key=lambda o: o.order) if o.kind == "output"
        ]
        for net, of in zip(("cell", "alone"), pictures, strict=True)
    }
    assert ends == {
        "cell": [
            ("$s_{2}$[seq]", True, "s2.seq"),
            ("s_{2}[a]", False, "s2.n"),
            ("c[a]", False, "c.n"),
        ],
        "alone": [("a", False, "s2.n")],
    }


CHAIN = """dim N = 4, phys = 2, bond = 3, other = 3, n = 5
param L[r: bond], M{n: 0..N}[l: bond, up: phys, down: phys, r: bond], R[l: bond]
net mpo() -> O[u{0..N}: phys, d{0..N}: phys] {
    O[u{0..N}, d{0..N}] = L[b{0}] prod n in 0..N { M{n}[b{n}, u{n}, d{n}, b{n+1}] } R[b{N}]
}
"""


def test_a_family_of_wires_is_named_by_its_dim_once_for_each_kind_of_end() -> None:
    of = diagram(CHAIN + "figure f { draw mpo }\n")
    inner = [line for line in of.lines if all(end.shape is not None for end in line.ends)]
    assert Counter(line.label for line in inner) == {"bond": 1, "": 4}
    named = [(line.text, line.label) for line in inner if line.label]
    assert named == [("b{0}", "bond")], "the first"
    lines = {line.id: line for line in of.lines}
    assert [(lines[o.line].text, o.label) for o in of.opens if o.label] == [
        ("u{0}", "phys"),
        ("d{0}", "phys"),
    ]
    assert not any(lines[o.line].label for o in of.opens if not o.label)


@pytest.mark.parametrize(
    ("legs", "drawn", "named"),
    [
        (("one", "two"), "A[b{0}] B[b{0}, b{1}] C[b{1}]", {"one": 1, "two": 1}),
        (("one", "one"), "A[a] B[a, b] C[b]", {"one": 2}),
        (("n", "n"), "A[b{0}] B[b{0}, b{1}] C[b{1}]", {"b_{0}": 1, "b_{1}": 1}),
        (("one", "one"), "A[b{0}] B[b{0}, c{0}] C[c{0}]", {"one": 2}),
        (("one", "one"), "A[b{0}] B[b{0}, b{1}] C[b{1}]", {"one": 1, "": 1}),
    ],
    ids=["another dim", "no family", "named by themselves", "two families", "a family"],
)
def test_names_are_left_out_where_a_family_repeats_them_alone(
    legs: tuple[str, str], drawn: str, named: dict[str, int]
) -> None:
    one, two = legs
    tensors = f"param A[i: {one}], B[i: {one}, j: {two}], C[j: {two}]"
    net = f"dim n = 5, one = 2, two = 3\nnet m() -> y {{ {tensors}\n y = {drawn} }}\n"
    of = diagram(f"{net}figure f {{ draw m }}\n")
    assert Counter(line.label for line in of.lines) == named


def test_numbers_of_a_wire_stand_below_unless_something_does() -> None:
    assert [names.member("b", (2,)), names.member("p", (0, 1)), names.member("x", ())] == [
        "b_{2}",
        "p_{0,1}",
        "x",
    ]
    assert names.member("h_1", (2,)) == "h_{1}^{2}" and names.member("x'", (2,)) == r"x^{\prime 2}"
    assert names.member("b", (2,), r"$\chi$") == r"\chi_{2}"
    assert names.member("b", (2,), r"$\chi_0$") == r"\chi_0^{2}"


def test_values_of_two_calls_in_a_net_written_out_have_two_names() -> None:
    """Of the path before a name no more is drawn than tells it from others."""
    found = diagram(
        """
        dim n = 3
        net norm(x[n]) -> y[n] { param g[n]; y[i] = layernorm[i](x[i]) g[i] }
        net layer(x[n]) -> y[n] { param W[n, m: n]; hid[i] = tanh(W[i, j] x[j]); y[i] = x[i] hid[i] }
        net f(x[n]) -> z[n] {
            stream r = x
            r += layer(norm(r) as ln) as first
            r += layer(r) as second
            z = r
        }
        net new = patch(f, first.y -> second.hid)
        figure F { draw new }
        """
    )
    labels = {
        shape.name: shape.label for shape in found.shapes if "." in shape.name and shape.role != "weight"
    }
    assert labels["ln.y"] == r"\mathrm{ln}{.}y" and labels["first.y"] == r"\mathrm{first}{.}y"
    assert labels["first.y*"] == r"\mathrm{first}{.}y^{\ast }"
    assert len(set(labels.values())) == len(labels)


PLATE = """dim d = 4
net wide(x[d]) -> y[d] {
    param W[d, e: d]
    u[i] = W[i, j] W[j, k] W[k, l] W[l, m] tanh(W[m, n] W[n, o] W[o, p] x[p])
    v[i] = W[i, j] W[j, k] W[k, l] W[l, m] tanh(W[m, n] W[n, o] W[o, p] u[p])
    y[i] = W[i, j] W[j, k] W[k, l] W[l, m] tanh(W[m, n] W[n, o] W[o, p] v[p])
}
net deep(x[d]) -> y[d] {
    stream r = x
    repeat l in 0..3 { r += wide(r) }
    y = r
}
"""


@pytest.mark.parametrize(
    ("opened", "weights"), [("flow down", 0), ("unfold wide{0}", 21), ("unfold wide", 21)]
)
def test_a_turn_that_a_figure_opens_opens_the_plate_of_all_turns(opened: str, weights: int) -> None:
    found = diagram(PLATE + f"figure f {{ draw deep; {opened} }}")
    assert len([shape for shape in found.shapes if shape.name.endswith("W")]) == weights
    assert any(shape.symbol == "folded" for shape in found.shapes) == (not weights)


def test_a_second_call_bears_a_number_only_if_it_owns_parameters() -> None:
    text = """dim d = 4
net plain(x[d]) -> y[d] { y[i] = x[i] x[i] x[i] }
net owning(x[d]) -> y[d] { param W[d, e: d]; y[i] = W[i, j] x[j] }
net deep(x[d]) -> y[d] { y[i] = plain(x)[i] plain(x)[i] owning(x)[i] (owning(x) as owning_2)[i] }
figure f { draw deep; fold plain, owning }
"""
    boxes = [shape.label for shape in diagram(text).shapes if shape.symbol == "folded"]
    assert sorted(boxes) == [names.math(name) for name in ("owning", "owning_2", "plain", "plain")]


CONJUGATES = """
dim n = 3, p = 2
tensor A[n, p, r: n] complex, C[p, r: n] complex
input x[n] complex, y[p] complex
psi[s, t, a] = C[s, b] A[b, t, a]
"""


@pytest.mark.parametrize(
    ("drawn", "barred", "bubbles"),
    [
        ("conj(C[s, b] A[b, t, a])", {"C", "A"}, 0),
        ("conj(C[s, b] conj(A[b, t, a]))", {"C"}, 0),
        ("conj(C[s, b] x[b] y[t])", {"C", "x", "y"}, 0),
        ("conj(2 * C[s, b] A[b, t, a])", set(), 1),
        ("psi[s, t, a] conj(psi[s, t, a])", {"psi"}, 0),
        ("conj(C[s, b] x[b] y[t] y[t])", set(), 1),  # which of several pieces a bar is of could not be told
        ("conj(C[s, a] + y[s] x[a])", set(), 1),
        ("conj(relu(C[s, b] A[b, t, a]))", set(), 2),
    ],
)
def test_the_conjugate_of_a_product_is_that_of_its_factors(
    drawn: str, barred: set[str], bubbles: int
) -> None:
    of = diagram(f"{CONJUGATES}figure f {{ draw {drawn} }}")
    tensors = [shape for shape in of.shapes if shape.symbol == "tensor"]
    assert {shape.name for shape in tensors if shape.conj} == barred
    assert all(shape.conj == (r"\bar" in shape.label) for shape in tensors)
    assert sum(enclosure.family != "bracket" for enclosure in of.enclosures) == bubbles


def test_a_network_and_its_conjugate_are_a_ladder() -> None:
    """Also where both come from a net: its tensors are conjugated, not the whole in a bubble."""
    text = """
dim n = 3, p = 2
param C[p, r: n] complex, A[l: n, p, r: n] complex, E[l: n, p] complex
net state() -> psi[s: p, t: p, u: p] { psi[s, t, u] = C[s, a] A[a, t, b] E[b, u] }
net norm() -> o { o = state()[s, t, u] conj(state()[s, t, u]) }
figure f { draw norm; unfold state }
"""
    of = diagram(text)
    assert not of.enclosures and [shape.conj for shape in of.shapes] == [False] * 3 + [True] * 3


MLP = """
dim T, d = 8, m = 12
net f(x[T, d]) -> y[T, d] { param U[m, d], D[d, m]; y[t, c] = D[c, m] relu(U[m, e] x[t, e]) }
"""
INLINE = "h += (f(h) as one); h += (f(h) as two)"
SUMS = "net layer(x[T, d]) -> y[T, d] { mid = x + (f(x) as one); y = mid + (f(mid) as two) }"
WITHIN = "net layer(x[T, d]) -> y[T, d] { stream s = x; s += (f(s) as one); s += (f(s) as two); y = s }"
NESTED = (
    "net half(x[T, d]) -> y[T, d] { y = x + (f(x) as two) }\n"
    "net layer(x[T, d]) -> y[T, d] { stream s = x; s += (f(s) as one); s = half(s); y = s }"
)


@pytest.mark.parametrize(("layer", "second"), [(SUMS, "mid"), (WITHIN, "h'"), (NESTED, "h'")])
def test_layers_that_a_stream_calls_are_drawn_as_if_written_there(layer: str, second: str) -> None:
    """The same shapes, lines and stations; names of what they own have the path of the call and its turn."""

    def model(turn: str, opened: str) -> str:
        return (
            f"net lm(x[T, d]) -> y[T, d] {{ stream h = x; repeat l in 0..3 {{ {turn} }}; y = h }}\n"
            f"figure F {{ draw lm; unfold {opened} }}\n"
        )

    opened = "layer, half, f" if layer == NESTED else "layer, f"
    inline = diagram(MLP + model(INLINE, "f"))
    called = diagram(MLP + layer + "\n" + model("h = layer(h)", opened))
    assert symbols(called) == symbols(inline) and len(called.lines) == len(inline.lines)
    (one,), (other,) = called.backbones, inline.backbones
    assert len(one.stations) == len(other.stations) == 4 and len(one.plates) == 1
    assert [b.label for b in one.blocks] == [b.label for b in other.blocks] == ["one", "two"]
    shapes = {shape.id: shape for shape in called.shapes}
    assert [shapes[station].label for station in one.stations] == ["h", "+", math(second), "+"]
    path = "layer{l}.half.two" if layer == NESTED else "layer{l}.two"
    assert {s.told for s in called.shapes if s.name.endswith("U")} == {"layer{l}.one.U", f"{path}.U"}


def test_a_layer_that_is_folded_is_a_box_on_the_stream() -> None:
    net = "net lm(x[T, d]) -> y[T, d] { stream h = x; repeat l in 0..3 { h = layer(h) }; y = h }\n"
    of = diagram(MLP + SUMS + "\n" + net + "figure F { draw lm; fold layer }\n")
    (box,) = of.shapes
    assert of.backbones[0].stations == (box.id,) and box.told == "(box) layer{l}"
