"""Cuts, outlines and captions of terms: where they come to lie."""

from __future__ import annotations

import tnlang
from tests.layout.pictures import scene, sheets_of
from tnlang.draw.frame import ink_box, ink_of
from tnlang.draw.geometry import Box, bbox, contains, crossings
from tnlang.draw.lint import lint
from tnlang.draw.scene import InkItem, LabelItem, Scene, ShapeItem, WireItem

HEAD = """\
dim n = 4
tensor A[n, n], B[n, n], C[n, n], T[n, n_2: n, n_3: n, n_4: n, n_5: n]
"""


def made(shown: str) -> Scene:
    return scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])


def inks(of: Scene, role: str) -> list[InkItem]:
    return [item for item in of.items if isinstance(item, InkItem) and item.role == role]


def shape(of: Scene, name: str) -> Box:
    return next(bbox(i.outline) for i in of.items if isinstance(i, ShapeItem) and i.title.startswith(name))


def test_a_cut_crosses_its_wire_and_no_other_and_leaves_out_names() -> None:
    of = made("draw A[i, j] B[j, k] C[k, l]; cut j")
    cut = inks(of, "cut")
    crossed = [
        item
        for item in of.items
        if isinstance(item, WireItem) and any(crossings(item.path, piece.outline) for piece in cut)
    ]
    assert len(crossed) == 1
    where = ink_of(cut)
    assert shape(of, "A").right < where.center[0] < shape(of, "B").left
    assert where.top < shape(of, "A").top and shape(of, "A").bottom < where.bottom
    names = [ink_box(item) for item in of.items if isinstance(item, LabelItem)]
    assert not any(ink_box(piece).overlaps(name) for piece in cut for name in names)
    assert lint(of) == ()


def test_a_cut_names_legs_as_they_are_declared_where_no_wire_there_is_called_so() -> None:
    text = "dim n = 3\ntensor A[p: n, r: n], B[l: n, p: n, r: n], C[l: n, p: n]\n"
    chain = "draw A[i, a] B[a, j, b] C[b, l]"
    (where, there) = (
        ink_of(inks(scene(sheets_of(f"{text}figure f {{ {chain}; cut B[{legs}] }}")[0]), "cut")).center
        for legs in ("l, p", "a, j")
    )
    assert where == there


def test_a_cut_or_outline_of_what_is_not_there_is_told() -> None:
    text = "dim n = 3\ntensor A[p: n, r: n], B[l: n, p: n, r: n]\n"
    marks = "cut A[r, p]; cut b, B[a]; outline B; cut a, A[p]; outline A, B"
    shown = f"figure f {{ draw A[i, a] A[a, b]; {marks}; draw B[i, a, b] A[b, c]; cut a }}"
    program = tnlang.load(text + shown)
    told = program.figures["f"].warnings
    assert {w.code for w in told} == {"TN809"} and [w.span.text for w in told] == [
        "cut A[r, p]",
        "cut b, B[a]",
        "outline B",
        "outline A, B",
    ]


def test_the_name_of_a_cut_wire_stands_beside_the_cut() -> None:
    of = made("draw A[i, j] B[j, k]; cut j")
    (cut,) = inks(of, "cut")  # in one piece: nothing stands on it
    (name,) = (i for i in of.items if isinstance(i, LabelItem) and i.text == "j")
    at, box = ink_of([cut]).center[0], ink_box(name)
    assert shape(of, "A").right - 8 < box.left and (box.right < at or at < box.left)
    assert box.right < shape(of, "B").left + 8
    assert lint(of) == ()


def test_a_cut_through_a_tensor_parts_the_legs_named_from_the_others() -> None:
    of = made("draw T[a, b, c, d, e]; cut T[b, a]")
    at = ink_of(inks(of, "cut")).center[0]
    legs = {i.text: i.at[0] for i in of.items if isinstance(i, LabelItem) and i.kind == "leg"}
    assert max(legs["a"], legs["b"]) < at < min(legs["c"], legs["d"], legs["e"])


def test_an_outline_holds_what_it_names_and_nothing_else() -> None:
    of = made("draw A[i, j] B[j, k] C[k, l]; outline A, B")
    (outline,) = inks(of, "next")
    assert outline.layer == "under"
    for name, inside in (("A", True), ("B", True), ("C", False)):
        box = shape(of, name)
        corners = [(box.left, box.center[1]), (box.right, box.center[1]), (box.center[0], box.top)]
        assert {contains(outline.outline, corner) for corner in corners} == {inside}
    assert lint(of) == ()


def test_shapes_that_are_not_beside_one_another_are_outlined_round_what_is_between() -> None:
    of = made("draw A[i, j] B[j, k] C[k, i]; outline A, C")
    (outline,) = inks(of, "next")
    assert not contains(outline.outline, shape(of, "B").center)


def test_marks_that_a_picture_has_not_are_left_out() -> None:
    of = made("draw A[i, j] + B[i, j] C[j, k] A[k, l] delta[l, j]; outline A, B; cut k")
    assert len(inks(of, "next")) == 1


def test_captions_of_terms_stand_below_them_on_one_baseline() -> None:
    of = made('draw (A[i, j] "a") + (B[i, k] C[k, j] "a long name for a short term") "both"')
    a, b, both = (i for i in of.items if isinstance(i, LabelItem) and i.kind == "caption")
    assert a.at[1] == b.at[1] < both.at[1]
    assert abs(a.at[0] - shape(of, "A").center[0]) < 12
    assert lint(of) == ()
