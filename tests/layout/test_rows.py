"""Rows: what becomes terms with signs between, and where signs and terms come to stand."""

from __future__ import annotations

import pytest

from tests.layout.pictures import diagrams_in, scene, sheets_of
from tnlang.draw.diagram import Diagram, Row, Sign
from tnlang.draw.frame import ink_box
from tnlang.draw.lint import lint
from tnlang.draw.scene import InkItem, LabelItem

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
    made = scene(sheets_of(HEAD + "figure f { draw s (" + long + ") }\n")[0])
    heights = {round(i.at[1]) for i in made.items if isinstance(i, LabelItem) and i.kind == "sign"}
    assert len(heights) == 1


def test_no_term_is_lost() -> None:
    (sheet,) = sheets_of(HEAD + "figure f { equation A[i, j] + B[i, j] = B[i, j] + A[i, j] }\n")
    assert len(diagrams_in(sheet)) == 4
