"""Rows: what becomes terms with signs between, and where signs and terms come to stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.layout.pictures import diagrams_in, named, scene, sheets_of
from tnlang.draw.diagram import Diagram, Row, Sign, diagrams_of
from tnlang.draw.frame import ink_box, ink_of
from tnlang.draw.geometry import bbox
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.rows import compose
from tnlang.draw.scene import InkItem, LabelItem, ShapeItem, WireItem
from tnlang.draw.sides import on_same_sides, sides_of
from tnlang.draw.svg import to_svg
from tnlang.draw.view import view
from tnlang.elaborate import load_program
from tnlang.source import Source
from tnlang.verification import verify

HEAD = """\
dim n = 4
tensor A[n, n], B[n, n], b[n], x[n], s, t
"""


def parts(shown: str) -> tuple[Diagram | Sign, ...]:
    content = sheets_of(HEAD + "figure f { " + shown + " }\n")[0].panels[0].content
    return content.parts if isinstance(content, Row) else (content,)


def written(shown: str) -> list[str]:
    """A row as text: signs, and the names of the shapes of each term."""
    found = []
    for part in parts(shown):
        names = (
            [] if isinstance(part, Sign) else [s.name or s.label for s in part.shapes if s.symbol != "dot"]
        )
        found.append(part.label if isinstance(part, Sign) else " ".join(names))
    return found


@pytest.mark.parametrize(
    ("shown", "row"),
    [
        ("draw A[i, j] + B[i, j]", ["A", "+", "B"]),
        ("draw A[i, j] B[j, k] - 2 B[i, k]", ["A B", "-", "2 B"]),
        ("draw -A[i, j]", ["-", "A"]),
        ("draw A[i, j] - (B[i, j] - delta[i, j])", ["A", "-", "(", "B", "-", "", ")"]),
        ("draw A[i, j] + (B[i, j] + delta[i, j])", ["A", "+", "B", "+", ""]),
        ("draw s (A[i, j] + B[i, j])", ["s", "(", "A", "+", "B", ")"]),
        ("draw s t - 1", ["s t", "-", "1"]),
        ("draw s sum k in 0..n { A[i, k] B[k, j] }", ["s", r"\sum_{k}", "A B"]),
        ("draw sum k in 0..n { A[i, k] B[k, j] - B[i, j] }", [r"\sum_{k}", "(", "A B", "-", "B", ")"]),
        ("draw sum k in 1..n { A[i, k] B[k, j] }", [r"\sum_{k \geq 1}", "A B"]),
        ("draw sum k in 0..3 { A[i, k] B[k, j] }", [r"\sum_{k < 3}", "A B"]),
        ("draw sum k in 1..n - 1 { A[i, k] B[k, j] }", [r"\sum_{1 \leq k < n-1}", "A B"]),
        ("draw sum k in 0..n { 2 x[k] A[i, k] B[k, j] }", [r"\sum_{k}", "2 x", "(", "A B", ")"]),
        ("draw sum k in 0..n { A[i, k] B[k, j] }", [r"\sum_{k}", "A B"]),
        ("draw sum k in 0..n { x[k] A[i, l] B[l, j] }", [r"\sum_{k}", "x A B"]),
        ("equation A[i, j] = B[i, j] + A[i, j]", ["A", "=", "B", "+", "A"]),
        ('equation "$S$" = s + t', ["S", "=", "s", "+", "t"]),
    ],
)
def test_a_sum_that_is_drawn_is_a_row_of_terms(shown: str, row: list[str]) -> None:
    assert written(shown) == row


@pytest.mark.parametrize(
    "shown",
    [
        "draw A[i, j] x[j] + b[i]",
        "draw A[i, j] + b[i]",
        "draw (A[i, j] + B[i, j]) x[j]",
        "draw tanh(A[i, j] + B[i, j])",
        "draw exp(s) (A[i, j] x[j] + b[i])",
    ],
)
def test_a_bias_a_broadcast_and_what_is_inside_stay_with_a_plus(shown: str) -> None:
    diagrams = [part for part in parts(shown) if isinstance(part, Diagram)]
    assert [shape.symbol for d in diagrams for shape in d.shapes].count("plus") == 1
    assert all(isinstance(part, Diagram) for part in parts(shown))


def test_every_term_has_the_same_open_legs_in_the_same_order() -> None:
    terms = [
        part for part in parts("draw A[i, j] B[j, k] + B[k, i] - delta[i, k]") if isinstance(part, Diagram)
    ]
    assert [[o.label for o in term.opens] for term in terms] == [["i", "k"]] * 3


def test_a_stream_is_drawn_with_what_it_was_before() -> None:
    text = "dim n = 3\nnet f(u[n], v[n]) -> y[n] { stream x = u; x += v; y = x }\nfigure g { draw f.x }\n"
    (panel,) = sheets_of(text)[0].panels
    assert isinstance(panel.content, Row)
    assert [p.label for p in panel.content.parts if isinstance(p, Sign)] == ["=", "+"]


@pytest.mark.parametrize(
    ("net", "role"),
    [
        ("y[i] = A[i, j] x[j]", "weight"),
        ("param W[n, k: n]; y[i] = W[i, j] A[j, k] x[k]", "data"),
        ("y[i] = A[i, j] inner(x)[j]", "data"),
    ],
)
def test_what_the_caller_hands_in_is_data_beside_parameters_of_a_net(net: str, role: str) -> None:
    """Wherever they are declared: in the file, in the net, in one that it calls."""
    text = "dim n = 3\ninput A[n, k: n]\n"
    text += "net inner(x[n]) -> y[n] { param V[n, k: n]; y[i] = V[i, j] x[j] }\n"
    (sheet,) = sheets_of(text + f"net f(x[n]) -> y[n] {{ {net} }}\nfigure p {{ draw f }}\n")
    (found,) = diagrams_in(sheet)
    assert {shape.role for shape in found.shapes if shape.name == "A"} == {role}


def test_two_tensors_keep_their_colours_in_every_term() -> None:
    roles = {
        shape.name: shape.role
        for part in parts("draw A[i, j] + B[i, j] + B[i, k] A[k, j]")
        if isinstance(part, Diagram)
        for shape in part.shapes
    }
    assert roles == {"A": "weight", "B": "second"}


def test_signs_stand_on_the_axis_and_parentheses_round_their_terms() -> None:
    sheet = sheets_of(HEAD + "figure f { draw s (A[i, j] + B[i, k] x[k] b[j]) }\n")[0]
    made = scene(sheet)
    signs = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"]
    assert {round(sign.at[1], 3) for sign in signs} == {round(made.axis, 3)}
    opening, closing = (ink_box(item) for item in made.items if isinstance(item, InkItem))
    names = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "leg"]
    for label in names:
        box = ink_box(label)
        assert opening.right < box.left and box.right < closing.left
        assert opening.top <= box.top and box.bottom <= opening.bottom
    assert lint(made) == ()


def test_a_long_row_breaks_before_its_operators_and_never_in_parentheses() -> None:
    long = " + ".join(["A[i, k] B[k, j]"] * 6)
    made = scene(sheets_of(HEAD + "figure f { draw " + long + " }\n")[0])
    assert made.width < 960
    heights = {round(i.at[1]) for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"}
    assert len(heights) == 2
    made = scene(sheets_of(HEAD + "figure f { equation B[i, j] = " + long + " }\n")[0])
    signs = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"]
    equal = next(sign for sign in signs if sign.text == "=")
    begun = min((sign for sign in signs if sign.at[1] > equal.at[1]), key=lambda sign: sign.at[0])
    assert begun.text == "+" and begun.at[0] == pytest.approx(equal.at[0])
    made = scene(sheets_of(HEAD + "figure f { draw s (" + long + ") }\n")[0])
    heights = {round(i.at[1]) for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"}
    assert len(heights) == 1


def test_terms_that_run_from_top_to_bottom_are_made_of_one_height() -> None:
    text = """\
        dim seq = 3, hidden = 4
        tensor A[q: seq, k: seq]
        figure f {
            flow down
            equation A[q, k] A[k, r] A[r, s] = A[q, s] + delta[q, s]
        }
        """
    made = scene(sheets_of(text)[0])
    named = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "leg" and i.text in "qs"]
    heights = {name: {round(i.at[1], 2) for i in named if i.text == name} for name in "qs"}
    assert len(named) == 6 and len(heights["q"]) == len(heights["s"]) == 1
    assert lint(made) == ()


def test_wires_whose_names_stand_in_two_rows_are_made_as_high_too() -> None:
    """What passes by is two wires; the words below them have no room on one line."""
    text = """\
        dim position = 5, hidden = 4
        input A[q: position, k: position]
        param W[out: hidden, in: hidden]
        net block(x[position, hidden]) -> y[position, hidden] {
            stream r = x
            r[q, d] += A[q, k] W[d, e] r[k, e]
            y = r
        }
        figure f { hide x; steps expand(block, paths, by = block) }
        """
    made = scene(sheets_of(text)[0])
    wires = [i.path for i in made.items if isinstance(i, WireItem)]
    reach = [{round(path.start[1]), round(path.end[1])} for path in wires]
    assert reach.count({min(map(min, reach)), max(map(max, reach))}) == 2


def test_a_term_stands_at_the_height_that_its_tensors_have_in_the_network() -> None:
    text = """\
        dim seq = 5, hidden = 4
        input A[q: seq, k: seq], B[q: seq, k: seq]
        param V[out: hidden, in: hidden], W[out: hidden, in: hidden]
        net two(x[seq, hidden]) -> y[seq, hidden] {
            stream r = x
            r[q, d] += A[q, k] V[d, e] r[k, e]
            r[q, d] += B[q, k] W[d, e] r[k, e]
            y = r
        }
        figure f { hide x; steps expand(two, paths, by = block) }
        """
    made = scene(sheets_of(text)[0])
    axis = next(i.at[1] for i in made.items if isinstance(i, LabelItem) and i.text == "=")
    shapes = [i for i in made.items if isinstance(i, ShapeItem)]
    heights = {
        name: [bbox(i.outline).center[1] for i in shapes if i.title.split(" ")[0] == name] for name in "ABVW"
    }
    for first, second in (("A", "V"), ("B", "W")):
        network, term, _ = (sum(pair) / 2 for pair in zip(heights[first], heights[second], strict=True))
        assert term == pytest.approx(network)
        assert (term < axis) == (first == "A")
    assert lint(made) == ()


def test_a_big_sum_that_is_added_to_something_has_an_outline() -> None:
    text = HEAD + "net f(u[n]) -> y[n] { y[i] = u[i] + sum k in 0..n { A[i, k] u[k] } }\n"
    (diagram,) = diagrams_in(sheets_of(text)[-1])
    (bracket,) = diagram.enclosures
    assert {s.symbol for s in diagram.shapes if s.inside == bracket.id} == {"sigma", "tensor"}


def test_equations_stand_below_one_another_and_drawings_side_by_side() -> None:
    def lefts(shown: str) -> int:
        made = scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])
        return len({round(i.at[0]) for i in made.items if isinstance(i, LabelItem) and i.kind == "caption"})

    assert lefts('draw A[i, j] "a"; draw B[i, j] "b"; draw s + t "c"') == 3
    assert lefts('equation s = s "a"; equation s = s "b"') == 1


def first_relations(shown: str) -> list[float]:
    """Where the first relation of each row is, from above."""
    found = scene(sheets_of(f"{HEAD}figure f {{ {shown} }}\n")[0])
    signs = [i for i in found.items if isinstance(i, LabelItem) and i.kind == "sign" and i.text in ("=", "≈")]
    rows: dict[float, float] = {}
    for sign in signs:
        rows[sign.at[1]] = min(sign.at[0], rows.get(sign.at[1], sign.at[0]))
    return [rows[y] for y in sorted(rows)]


def test_equations_below_one_another_are_aligned_on_their_first_relation() -> None:
    short, long = 'equation "$P$" = A[i, j] = B[i, j]', 'equation "$P Q^2$" = A[i, j]'
    first, second, third = first_relations(
        f"{short}; {long} 'named far wider than the row is'; {short}".replace("'", '"')
    )
    assert first == pytest.approx(second) and second == pytest.approx(third)
    far = "equation A[i, j] B[j, k] A[k, l] B[l, m] = A[i, m]"
    one, other = first_relations(f"{short}; {far}")
    assert one == pytest.approx(first_relations(short)[0]), "not pushed to where a long side ends"
    assert other > one + 96


def test_equations_are_not_aligned_where_a_row_would_grow_beyond_the_page() -> None:
    long, short = 'equation "$P$" = A[i, j] B[j, k]', 'equation "$P Q$" = A[i, j]'
    (alone, both) = (sheets_of(f"{HEAD}figure f {{ {shown} }}\n")[0] for shown in (long, f"{long}; {short}"))
    room = ink_of(scene(alone).items).width + 1
    columns = [
        len({round(i.at[0], 2) for i in made.items if isinstance(i, LabelItem) and i.text == "="})
        for made in (compose(both, layout, room), compose(both, layout, room + 30))
    ]
    assert columns == [2, 1]


def test_panels_that_are_too_many_for_a_line_stand_in_columns() -> None:
    chain = "A[i, j] B[j, k] A[k, l] B[l, m]"
    shown = "; ".join(f'draw {chain} "{name}"' for name in "abcdefg")
    made = scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])
    captions = [i.at for i in made.items if isinstance(i, LabelItem) and i.kind == "caption"]
    lines = sorted({round(at[1]) for at in captions})
    columns = [sorted(round(at[0]) for at in captions if round(at[1]) == line) for line in lines]
    assert made.width <= 1340 and 1 < len(lines) < 7
    assert all(column == columns[0][: len(column)] for column in columns)


def test_a_wide_left_side_has_a_line_of_its_own() -> None:
    long = " ".join("A[a{0}, a{1}]".replace("0", str(n)).replace("1", str(n + 1)) for n in range(7))
    made = scene(sheets_of(HEAD + "figure f { equation " + long + " = " + long + " }\n")[0])
    (sign,) = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"]
    assert sign.at[0] < 40 and made.width < 900


def test_a_left_side_has_a_line_of_its_own_where_that_makes_fewer_lines() -> None:
    """Two of nine terms have room beside it, and three below it; beside one tensor they stay."""
    terms = " + ".join(["A[i, a] B[a, b] A[b, j]"] * 9)
    for left, alone in (("A[i, a] B[a, b] A[b, c] B[c, j]", True), ("B[i, j]", False)):
        made = scene(sheets_of(HEAD + f"figure f {{ equation {left} = {terms} }}\n")[0])
        signs = [i for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"]
        equal = next(sign.at[1] for sign in signs if sign.text == "=")
        above = [i for i in made.items if isinstance(i, ShapeItem) and bbox(i.outline).bottom < equal]
        assert len(above) == (4 if alone else 0)


def test_columns_that_a_big_sum_picks_are_vectors() -> None:
    text = """\
        dim m = 5, r = 3
        tensor U[m, r] isometry(r), λ[r], W_V[r, m], A[r, m, m_2: m]
        figure f { draw sum k in 0..r { λ[k] U[i, k] W_V[k, l] A[k, j, l] } }
        """
    term = sheets_of(text)[0].panels[0].content
    assert isinstance(term, Row)
    (drawn,) = (part for part in term.parts if isinstance(part, Diagram))
    assert {shape.label: shape.outline for shape in drawn.shapes} == {
        "λ_{k}": "none",
        "U_{k}": "circle",
        "W_{V}^{k}": "circle",
        "A^{k}": "circle",
    }


def test_open_legs_are_on_the_same_sides_in_all_terms() -> None:
    text = """\
        dim n = 2
        tensor T[n, n_2: n, n_3: n], C[n, n_2: n, n_3: n], U[n, n_2: n]
        tensor M[n, n_2: n, n_3: n, n_4: n], x[n, n_2: n]
        figure f {
            equation T[i, j, k] = C[a, b, c] U[a, i] U[b, j] U[c, k]
            equation U[i, j] = M[i, j, k, l] x[k, l]
        }
        """
    sheet = sheets_of(text)[0]
    for panel in sheet.panels:
        free = on_same_sides(diagrams_of(panel), layout)
        sides = [sides_of(diagram, layout(diagram)) for diagram in free]
        assert sides[0] == sides[1] and len(sides[0]) == len(free[0].opens)
    assert lint(scene(sheet)) == ()


def test_backbones_stand_on_one_middle_with_their_captions_below_them() -> None:
    text = """\
        dim n = 3
        param W[n, n_2: n]
        net one(x[n]) -> y[n] { stream r = x; r[i] += W[i, j] r[j]; y = r }
        net two(x[n]) -> y[n] { stream r = x; r[i] += W[i, j] r[j]; r[i] += tanh(W[i, j] r[j]); y = r }
        figure f { draw one "short"; draw two "long" }
        """
    made = scene(sheets_of(text)[0])
    short, long = (i for i in made.items if isinstance(i, LabelItem) and i.kind == "caption")
    assert short.at[1] < long.at[1] - 40


def test_captions_of_one_line_stand_on_one_baseline() -> None:
    """A ring reaches lower than a chain and a dot; by far less than a backbone."""
    shown = 'draw A[i, j] B[i, j] "a"; draw A[i, j] B[j, k] "b"; draw delta[i: n, j: n, k: n, l: n] "c"'
    made = scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])
    captions = [i.at[1] for i in made.items if isinstance(i, LabelItem) and i.kind == "caption"]
    assert len(captions) == 3 and len(set(captions)) == 1


def test_no_term_is_lost() -> None:
    (sheet,) = sheets_of(HEAD + "figure f { equation A[i, j] + B[i, j] = B[i, j] + A[i, j] }\n")
    assert len(diagrams_in(sheet)) == 4


TWO = """\
dim seq = 5, hidden = 64, head = 4
input x[seq, hidden], A[head, q: seq, k: seq]
tensor W[head, out: hidden, in: hidden]
net layer(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    r[q, d] += A[h, q, k] W[h, d, e] r[k, e]
    y = r
}
figure f { SAID equation (layer(x)[q, d] "layer") = x[q, d] + A[h, q, k] W[h, d, e] x[k, e] }
"""


def sides(said: str) -> list[Diagram]:
    return diagrams_in(sheets_of(TWO.replace("SAID", said))[0])


def test_a_call_in_an_equation_is_a_box_or_if_unfolded_its_backbone() -> None:
    box, *_ = sides("")
    assert [shape.symbol for shape in box.shapes] == ["folded", "tensor"] and not box.backbones
    backbone, *_ = sides("unfold layer;")
    assert backbone.caption == "layer"
    assert [shape.name for shape in backbone.shapes] == ["x", "r", "", "A", "W"]
    assert len(backbone.backbones[0].stations) == 2
    assert [(end.label, end.told) for end in backbone.opens] == [("q", "q"), ("d", "d")]


def test_a_value_that_is_hidden_leaves_free_ends_where_it_comes_in() -> None:
    for term in sides("unfold layer; hide x;"):
        told = [end.told for end in term.opens]
        assert told == ["in x.seq", "in x.hidden", "q", "d"]
        assert all(shape.name != "x" for shape in term.shapes)
    text = "tensor x[n: 3], A[m: 3, n: 3]\nfigure f { draw x[i] A[i, j] x[j]; hide x }"
    (twice,) = diagrams_in(sheets_of(text)[0])
    assert [shape.name for shape in twice.shapes] == ["x", "A", "x"]


def test_terms_beside_a_backbone_run_down_and_are_as_high() -> None:
    program = load_program(Source("<text>", TWO.replace("SAID", "unfold layer; hide x;")))
    picture = scene(view(program, program.figures[0]))
    assert not lint(picture)
    report = verify(to_svg(picture), program, figure="f", module=False)
    assert report.ok and len(report.compared) == 2
    wires = [item.path for item in picture.items if isinstance(item, WireItem)]
    ends = [sorted((path.start[1], path.end[1])) for path in wires]
    top, bottom = min(low for low, _ in ends), max(high for _, high in ends)
    assert sum(low == pytest.approx(top) for low, _ in ends) == 6  # two tracks of three terms
    assert sum(high == pytest.approx(bottom) for _, high in ends) == 6


def test_hanging_legs_stand_below_one_another_and_what_several_leave_is_a_bar() -> None:
    text = """\
        dim n = 4
        tensor A[n, r: n] isometry(r), B[l: n, n, r: n] isometry(r), C[l: n, n]
        D[x, b, c] = B[x, b, y] C[y, c]
        T[a, b, c, d] = A[a, x] B[x, b, y] D[y, c, d]
        figure f {
            equation T[a, b, c, d] = A[a, x] B[x, b, y] D[y, c, d] = A[a, x] B[x, b, y] B[y, c, z] C[z, d]
        }
        """
    sheet = sheets_of(text)[0]
    row = compose(sheet, layout, 340.0)
    names = [i for i in row.items if isinstance(i, LabelItem) and i.kind == "leg" and i.text in "abcd"]
    lines = sorted({round(name.at[1]) for name in names})
    columns = {letter: [name.at[0] for name in names if name.text == letter] for letter in "abcd"}
    assert len(lines) >= 3 and all(len(column) == 3 for column in columns.values())
    assert all(max(column) - min(column) < 3.0 for column in columns.values())
    bars = [
        bbox(i.outline).width for i in row.items if isinstance(i, ShapeItem) and i.title[:2] in ("T ", "D ")
    ]
    pitch = columns["b"][0] - columns["a"][0]
    assert bars == pytest.approx([3 * pitch + 48.0, pitch + 48.0], abs=0.5)
    assert not lint(row)


def test_a_narrow_equation_between_drawings_stands_among_them() -> None:
    shown = "draw A[i, j]; equation A[i, j] x[j] = b[i]; draw B[i, j]"
    made = scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])
    heights = {round(bbox(i.outline).center[1]) for i in made.items if isinstance(i, ShapeItem)}
    assert len(heights) == 1
    wide = " ".join(f"A[a{k}, a{k + 1}]" for k in range(5))
    long = shown.replace("A[i, j] x[j] = b[i]", f"{wide} = {wide}")
    made = scene(sheets_of(HEAD + "figure f { " + long + " }\n")[0])
    heights = {round(bbox(i.outline).center[1]) for i in made.items if isinstance(i, ShapeItem)}
    assert len(heights) == 3


def test_an_equation_marks_nothing_as_tied() -> None:
    text = "param Q[n: 3, m: 3]\nfigure f { SHOWN Q[i, j] conj(Q[k, j])END }"
    for shown, end, tied in (("draw", "", True), ("equation", " = delta[i, k]", False)):
        diagram = diagrams_in(sheets_of(text.replace("SHOWN", shown).replace("END", end))[0])[0]
        assert [shape.tied for shape in diagram.shapes] == [tied, tied]


def test_what_a_repeat_applies_turn_after_turn_stands_in_a_plate() -> None:
    text = """\
        dim n = 3
        param L[n, n]
        net power(x[n]) -> y[n] {
            stream s = x
            repeat l in 0..4 { s[r] = L[r, c] s[c] }
            y = s
        }
        figure f { draw power }
        """
    program = load_program(Source("<text>", text))
    sheet = view(program, program.figures[0])
    (diagram,) = diagrams_in(sheet)
    (backbone,) = diagram.backbones
    (plate,) = backbone.plates
    station = named(diagram, "L")
    assert (plate.start, plate.stop, plate.label) == (station, station, r"\times 4")
    assert verify(to_svg(scene(sheet)), program, figure="f", module=False).ok


def test_parts_keep_their_own_ids_in_a_row() -> None:
    shown = "equation A[i, k] x[k] B[j, k] = sum k in 0..n { x[k] A[i, k] B[j, k] }"
    made = scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])
    numbers = [item.id for item in made.items if isinstance(item, ShapeItem | WireItem)]
    assert len(set(numbers)) == len(numbers)
    assert not lint(made)


def test_a_value_of_a_repeat_is_drawn_of_the_turn_and_not_of_what_was_before_it() -> None:
    text = """\
        dim n = 3
        net power(x[n]) -> y[n] {
            param L[n, n]
            stream s = x
            repeat l in 0..4 { t[r] = tanh(L[r, c] s[c]); s += t }
            y[r] = L[r, c] s[c]
        }
        figure f { draw power.t; draw power.s; draw power.y }
        """
    (sheet,) = sheets_of(text)
    found = [
        {s.label for d in diagrams_in(replace(sheet, panels=(p,))) for s in d.shapes} for p in sheet.panels
    ]
    assert found == [{"t", "L", "s^{l}"}, {"s^{l+1}", "s^{l}", "L"}, {"y", "L", "s"}]
