"""Labels: measures held against the hand-drawn targets, bad LaTeX, places beside wires, rows."""

from __future__ import annotations

import random

import pytest

from tests.draw.path_data import absolute
from tests.draw.scenes import beside, bias_in_a_bubble, curve, ladder, tensor, wire
from tnlang.draw import curves, typeset
from tnlang.draw.diagram import Diagram, Panel, Row, Shape, Sheet, Sign
from tnlang.draw.equations import WIDEST
from tnlang.draw.frame import framed, ink_of
from tnlang.draw.geometry import bbox
from tnlang.draw.glyphs import EM
from tnlang.draw.labelling import Wanted, place_labels
from tnlang.draw.labels import baseline_start, label_box, measure, outline_data, problem
from tnlang.draw.lint import lint
from tnlang.draw.rows import compose
from tnlang.draw.scene import LabelItem, ShapeItem, WireItem
from tnlang.draw.themes import PAPER


def test_names_stand_where_the_targets_have_them():
    # measured in the targets: the baseline of W_K in the circle at (224, 402), of x' at (0, 32)
    assert baseline_start(LabelItem("W_K", (224, 402), 19, "shape")) == pytest.approx(
        (208.94, 407.33), abs=0.02
    )
    below = baseline_start(LabelItem("=", (312, 40), 22, "sign"))
    assert below == pytest.approx((304.08, 45.68), abs=0.03)


def test_ink_boxes():
    label = LabelItem("j", (50, 20), 14.5, "leg")
    box = label_box(label)
    assert box.center == pytest.approx((50, 20), abs=0.01)
    left = label_box(LabelItem("j", (50, 20), 14.5, "leg", anchor="left"))
    assert left.left == pytest.approx(50, abs=0.01)
    on_line = label_box(LabelItem("x", (50, 20), 14.5, "leg", level="baseline"))
    assert on_line.bottom == pytest.approx(20, abs=0.3)


def test_words_hold_formulas():
    plain, mixed = measure("the head", 13, True), measure("the head $h_1$", 13, True)
    assert mixed.width > plain.width + 8
    assert measure("$", 13, True).width > 0
    assert measure("", 13, True).width == 0


@pytest.mark.parametrize("latex", [r"\frac{1", r"\left(", "{", r"\sqrt", "}}x{", "{" * 40 + "x" + "}" * 40])
def test_bad_latex_is_told_and_set_as_it_stands(latex):
    assert problem(latex)
    assert measure(latex, 19).width > 0
    assert outline_data(LabelItem(latex, (0, 0), 19, "note")).startswith("M")


def test_good_latex_has_no_problem():
    for latex in ("W_Q", r"\frac{1}{\sqrt{d}}", r"\sum_{h}", r"\mathrm{softmax}_k\circ\mathrm{causal}", "λ'"):
        assert problem(latex) == ""


def test_scalars_and_sums_stand_on_the_axis():
    fraction = label_box(LabelItem(r"\frac{1}{2}", (0, 0), 20, "sign"))
    assert abs(fraction.center[1]) < 1.5
    plain = label_box(LabelItem("x", (0, 0), 20, "shape"))
    assert abs(plain.center[1]) < 0.1


# ---------------------------------------------------------------- places


def labels_of(items, wanted):
    return [
        item for item in place_labels(items, wanted) if isinstance(item, LabelItem) and item.kind == "leg"
    ]


def test_above_level_wires_right_of_upright_ones_beyond_free_ends():
    level, upright = wire(1, (0, 0), (64, 0)), wire(2, (200, 0), (200, 64))
    free = wire(3, (0, 200), (40, 200))
    wanted = [
        Wanted(1, "j", level.path, 14.5),
        Wanted(2, "k", upright.path, 14.5),
        Wanted(3, "m", free.path, 14.5, free="end"),
    ]
    j, k, m = labels_of([level, upright, free], wanted)
    assert label_box(j).bottom < 0 and label_box(j).center[0] == pytest.approx(32, abs=0.5)
    assert label_box(k).left == pytest.approx(206.9, abs=0.1) and label_box(k).center[1] == pytest.approx(
        32, abs=1
    )
    assert label_box(m).left == pytest.approx(48) and label_box(m).center[1] == pytest.approx(200, abs=0.1)


def test_labels_of_a_row_stand_on_one_baseline():
    wires = [wire(i, (100 * i, 0), (100 * i + 80, 0)) for i in range(4)]
    wanted = [
        Wanted(i, text, wires[i].path, 13.0, True) for i, text in enumerate(["seq", "hidden", "mlp", "vocab"])
    ]
    assert len({baseline_start(label)[1] for label in labels_of(wires, wanted)}) == 1


def test_a_taken_side_is_left():
    items = [wire(1, (0, 0), (64, 0)), *tensor(5, "A", (32, -24))]
    (label,) = labels_of(items, [Wanted(1, "j", items[0].path, 14.5)])
    assert not label_box(label).overlaps(bbox(items[1].outline), 2)
    assert label_box(label).top > 0


def test_a_name_stands_by_its_own_wire():
    own, above, below = (wire(n, (0, y), (64, y)) for n, y in enumerate((0, -20, 20)))
    (label,) = labels_of([own, above], [Wanted(0, "s", own.path, 14.5)])
    assert label_box(label).top > 0
    (label,) = labels_of([own, above, below], [Wanted(0, "s", own.path, 14.5)])
    assert -6 < label_box(label).bottom < -2
    assert lint(framed([own, above, below, label])) == ()


def test_a_free_end_behind_another_wire_is_named_before_it():
    own, other = wire(1, (40, 0), (0, 0)), wire(2, (-8, -60), (-8, 60))
    (label,) = labels_of([own, other], [Wanted(1, "seq", own.path, 14.5, True, free="end")])
    assert label_box(label).left > -8


def test_names_of_close_free_ends_stand_in_two_rows():
    legs = [wire(i, (16 * i, 0), (16 * i, 40)) for i in range(3)]
    wanted = [Wanted(i, f"s_{{{i + 10}}}", leg.path, 14.5, free="end") for i, leg in enumerate(legs)]
    placed = labels_of(legs, wanted)
    assert len({label.at[1] for label in placed}) == 2
    assert all(label.at[1] > 40 for label in placed)
    assert lint(framed([*legs, *placed])) == ()


def test_names_of_rings_stand_outside():
    over, under = curve(1, curves.arc((0, 0), 44, 180, 360)), curve(2, curves.arc((0, 0), 44, 0, 180))
    j, i = labels_of([over, under], [Wanted(1, "j", over.path, 14.5), Wanted(2, "i", under.path, 14.5)])
    assert label_box(j).bottom < -44 and label_box(i).top > 44


def test_hidden_parts_of_wires_bear_no_names():
    items = [wire(1, (0, 0), (120, 0)), *tensor(1, "A", (0, 0), half=(40.0, 40.0), outline="pill")]
    (label,) = labels_of(items, [Wanted(1, "k", items[0].path, 14.5)])
    assert label_box(label).left > 42


def test_a_placed_ladder_is_clean_and_the_same_each_time():
    items = [item for item in ladder().items if not (isinstance(item, LabelItem) and item.kind == "leg")]
    wires = [item for item in items if isinstance(item, WireItem)]
    wanted = [Wanted(item.id, "abcdefghij"[i % 10], item.path, 14.5) for i, item in enumerate(wires)]
    placed = place_labels(items, wanted)
    assert lint(framed(placed)) == ()
    assert placed == place_labels(items, wanted)


# ---------------------------------------------------------------- rows


def term(label: str) -> Diagram:
    return Diagram((Shape(1, "tensor", label),), ())


def draw(diagram: Diagram, flow=None):
    name = diagram.shapes[0].label
    items = [wire(1, (-44, 0), (0, 0)), wire(3, (0, 0), (44, 0)), *tensor(1, name, (0, 0))]
    items.append(beside("i", -56, 0))
    return framed([*items, wire(2, (0, 0), (0, 60)), *tensor(2, "v", (0, 60))] if name == "B" else items, 0)


EQUALS, PLUS = Sign("=", "relation"), Sign("+")


def signs(scene, text):
    return [
        item
        for item in scene.items
        if isinstance(item, LabelItem) and item.kind == "sign" and item.text == text
    ]


def shapes(scene, title):
    return [bbox(i.outline).center for i in scene.items if isinstance(i, ShapeItem) and i.title == title]


def test_a_row_has_one_axis_and_signs_keep_their_distance():
    scene = compose(Sheet((Panel(Row((term("A"), EQUALS, term("B"), PLUS, term("C")))),)), draw)
    heights = {round(shapes(scene, name)[0][1], 6) for name in "ABC"} | {round(signs(scene, "=")[0].at[1], 6)}
    assert heights == {round(scene.axis, 6)}
    wires = sorted(bbox(i.path).right for i in scene.items if isinstance(i, WireItem))
    assert signs(scene, "=")[0].at[0] - (wires[1] + 0.875) == pytest.approx(28, abs=0.1)
    assert lint(scene) == ()


def test_long_rows_break_before_relations_that_then_align():
    parts = [term("A")]
    for index in range(9):
        parts += [EQUALS if index % 3 == 0 else PLUS, term("B")]
    scene = compose(Sheet((Panel(Row(tuple(parts))),)), draw)
    assert scene.width < WIDEST + 40
    found = signs(scene, "=")
    lines = sorted({round(sign.at[1], 3) for sign in found})
    assert len(lines) > 1
    firsts = [min(sign.at[0] for sign in found if round(sign.at[1], 3) == y) for y in lines]
    assert max(firsts) - min(firsts) < 0.01
    assert lint(scene) == ()


def test_sums_too_long_break_before_operators():
    parts = [term("A")]
    for _ in range(11):
        parts += [PLUS, term("A")]
    scene = compose(Sheet((Panel(Row(tuple(parts))),)), draw)
    assert scene.width < WIDEST + 40
    assert len({round(y, 3) for _, y in shapes(scene, "A")}) == 3


def test_panels_side_by_side_captions_under_them_ids_apart():
    texts = ("first", "other", "second, with $W_Q$")
    panels = [Panel(term(name), text) for name, text in zip("ACB", texts, strict=True)]
    scene = compose(Sheet(tuple(panels), "A title " * 20), draw)
    first, other, second = (
        next(i.at for i in scene.items if isinstance(i, LabelItem) and i.text == text) for text in texts
    )
    assert first[1] == other[1] == second[1]  # on one baseline, below the vector that B has 60 below
    assert first[1] > max(y for name in "ACB" for _, y in shapes(scene, name)) + 60
    assert shapes(scene, "A")[0][1] == pytest.approx(shapes(scene, "B")[0][1])
    numbers = [item.id for item in scene.items if isinstance(item, ShapeItem)]
    assert len(numbers) == len(set(numbers))
    assert scene.title.startswith("A title")
    titles = [i for i in scene.items if isinstance(i, LabelItem) and i.text.startswith("A title")]
    assert len(titles) > 1 and lint(scene) == ()


def test_a_scene_holds_its_ink_with_a_margin():
    scene = bias_in_a_bubble()
    box = ink_of(scene.items)
    for gap in (box.left, box.top, scene.width - box.right, scene.height - box.bottom):
        assert 16 <= gap < 18


def test_an_unknown_role_is_plain():
    assert PAPER.paint("nonsense") == PAPER.paint("plain")


@pytest.mark.parametrize(
    "name",
    ["w_{12}", "T_{137}", "f_{4096}", "b_{10}", "J_{777}", "A_{1234567}", "W_{1}", "f_{3}"]
    + [rf"\mathrm{{{name}}}" for name in ("T29}_{31", "h0}_{7", "h0}_{77", "fy}_{4", "v1}_{17")],
)
def test_a_numbered_letter_is_set_as_the_typesetter_sets_it(name):
    quick, full = typeset.glyphs_of(name), typeset._set(typeset._parse(name))
    ours, whole = ([c for outline in found.outlines for c in outline.commands] for found in (quick, full))
    assert [letter for letter, _ in ours] == [letter for letter, _ in whole]
    for (_, mine), (_, theirs) in zip(ours, whole, strict=True):
        assert mine == pytest.approx(theirs, abs=0.03)
    assert quick.advance == pytest.approx(full.advance, abs=0.03)
    assert [letter.char for letter in quick.letters] == [letter.char for letter in full.letters]


def test_labels_are_written_as_they_stand():
    rng = random.Random(5)
    texts = ["A", "w_{12}", r"\frac{a}{b}", "", "x_{3}", r"\sqrt{\sum_k T_{408}}"]
    for _ in range(100):
        at = (rng.uniform(0, 900), rng.choice([0.125, 7.5, 0.005, rng.uniform(0, 900)]))
        label = LabelItem(rng.choice(texts), at, rng.choice([11.5, 19.0]), "note")
        scale, (x, y) = label.size / EM, baseline_start(label)
        set_, written = typeset.glyphs_of(label.text).outlines, absolute(outline_data(label))
        commands = [command for outline in set_ for command in outline.commands]
        assert [letter for letter, _ in written] == [letter for letter, _ in commands]
        for (_, numbers), (_, theirs) in zip(written, commands, strict=True):
            wanted = [n * scale + (x, y)[i % 2] for i, n in enumerate(theirs)]
            assert numbers == pytest.approx(wanted, abs=0.0101)
