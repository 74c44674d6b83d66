"""Styles: selectors select what they name, and what they say is seen in the picture."""

from __future__ import annotations

import pytest

import tnlang
from tnlang.draw.colours import colour
from tnlang.draw.scene import LabelItem, OutlineItem, ShapeItem, WireItem
from tnlang.draw.theme import leg_width
from tnlang.draw.themes import PAPER

TEXT = """
dim n = 64, m = 16
tensor V[out: m, in: n] isometry(out), x[n]
y[i] = softmax[i](V[i, j] x[j])
"""


def drawn(style: str):
    return tnlang.load(TEXT + style).nets["main"].scene()


def items(scene, kind):
    return {item.title.split(":")[0].split(" ")[0]: item for item in scene.items if isinstance(item, kind)}


@pytest.mark.parametrize("selector", ["V", "property isometry", "tensor", "kind tensor"])
def test_selectors_of_values(selector):
    shape = items(drawn(f'style {selector} {{ fill "#9c9"; stroke blue; width 3 }}'), ShapeItem)["V"]
    assert (shape.look.fill, shape.look.stroke, shape.look.width) == ("#99CC99", "#2B62B8", 3.0)
    paint = PAPER.paint(shape.role, shape.look)
    assert (paint.fill, paint.stroke, paint.width) == ("#99CC99", "#2B62B8", 3.0)


def test_other_values_stay_as_they_are():
    plain, styled = drawn(""), drawn("style V { fill orange }")
    assert items(styled, ShapeItem)["x"] == items(plain, ShapeItem)["x"]
    assert items(styled, ShapeItem)["V"].look.fill == "#F9D1A8"


def test_a_function_s_bubble():
    wall = next(i for i in drawn("style function softmax { fill green }").items if isinstance(i, OutlineItem))
    assert wall.look.fill == "#CFE9CC"


@pytest.mark.parametrize("selector", ["wire j", "dim n"])
def test_wires_by_name_and_dim(selector):
    widths = [i.width for i in drawn(f"style {selector} {{ width 5 }}").items if isinstance(i, WireItem)]
    assert sorted(widths) == [leg_width(16), 5.0]


def test_shape_and_label():
    scene = drawn('style V { shape square; label "$U_1$" }')
    assert any(isinstance(i, LabelItem) and i.text == "U_1" for i in scene.items)
    assert not any(isinstance(i, LabelItem) and i.text == "V" for i in scene.items)
    straight = {s for s in items(scene, ShapeItem)["V"].outline.segments if type(s).__name__ == "LineTo"}
    assert len(straight) == 4


def test_what_is_more_particular_wins_then_what_is_later():
    scene = drawn("style V { fill red }\nstyle property isometry { fill blue }")
    assert items(scene, ShapeItem)["V"].look.fill == "#F6B8AE"
    scene = drawn("style V { fill red }\nstyle V { fill blue }")
    assert items(scene, ShapeItem)["V"].look.fill == "#C9DEF9"


def test_members_are_selected_by_their_family():
    text = "tensor A{0}[i: 2, k: 3], A{1}[k: 3, j: 2]\ny[i, j] = A{0}[i, k] A{1}[k, j]\nstyle A { fill red }"
    scene = tnlang.load(text).nets["main"].scene()
    assert [i.look.fill for i in scene.items if isinstance(i, ShapeItem)] == ["#F6B8AE", "#F6B8AE"]


def test_the_width_of_streams():
    text = "dim seq, hidden = 8\nnet f(x[seq, hidden]) -> y[seq, hidden] { param W[hidden, hidden]\n"
    text += "stream r = x\nr[p, d] += relu(r[p, e] W[d, e])\ny = r }\n"
    plain = tnlang.load(text).nets["f"].scene()
    wide = tnlang.load(text + "style stream { width 4 }").nets["f"].scene()
    before = [i.width for i in plain.items if isinstance(i, WireItem)]
    after = [i.width for i in wide.items if isinstance(i, WireItem)]
    assert 4.0 not in before
    assert 0 < after.count(4.0) < len(after)


@pytest.mark.parametrize("text", ["url(#x)", "#12", "#1234567", "red;", "RED", "expression(1)", ""])
def test_what_is_no_colour(text):
    assert colour(text) is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("n = 3, m = 4", {"j": 1.5, "i": 1.92}),
        ("n = 64, m = 3", {"j": leg_width(64), "i": leg_width(3)}),
        ("n = 3, m = 3", {"j": 1.5, "i": 1.5}),
    ],
)
def test_small_sizes_are_told_apart(sizes, expected):
    scene = tnlang.load(f"dim {sizes}\ntensor A[m, n], x[n]\ny[i] = A[i, j] x[j]").nets["main"].scene()
    wires = {item.title.split(":")[0]: item.width for item in scene.items if isinstance(item, WireItem)}
    assert wires == expected
