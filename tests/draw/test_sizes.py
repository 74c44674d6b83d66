"""Widths on paper: rows break for them, letters are measured, lengths are read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import tnlang
from tnlang.draw.frame import framed
from tnlang.draw.lint import lint
from tnlang.draw.raster import size_of
from tnlang.draw.scene import LabelItem, Scene, ShapeItem
from tnlang.draw.sizes import LEAST_SCALE, LETTERS, SCRIPTS, TALLEST, letters_of
from tnlang.ir.lengths import length

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"

ROW = """
tensor P[i: 4, j: 4], Q[j: 4, l: 4], R[l: 4, i: 4]
figure row {{
    equation P[i, j] Q[j, l] R[l, i] = Q[j, l] R[l, i] P[i, j] = R[l, i] P[i, j] Q[j, l]
    {width}
}}
"""


def test_a_figure_is_as_wide_as_it_says():
    program = tnlang.load(ROW.format(width="width 86 mm"))
    figure = program.figures["row"]
    assert size_of(figure.svg())[0] == pytest.approx(243.78, abs=0.01)
    assert size_of(figure.drawn(width="3in").svg())[0] == 216
    assert size_of(figure.drawn(width=500).svg())[0] == 500
    with pytest.raises(ValueError, match="cannot be 3 km wide"):
        figure.drawn(width="3 km")


def test_a_row_breaks_where_it_would_be_too_small():
    wide = tnlang.load(ROW.format(width="")).figures["row"].scene()
    narrow = tnlang.load(ROW.format(width="width 246 pt")).figures["row"].scene()
    signs = [item.at for item in narrow.items if isinstance(item, LabelItem) and item.text == "="]
    assert wide.width > 246 / LEAST_SCALE >= narrow.width
    assert signs[0][0] == signs[1][0] and signs[1][1] - signs[0][1] > 60
    assert narrow.scale >= LEAST_SCALE
    assert letters_of(narrow)[0] > 7


def test_scripts_count_as_letters():
    def sizes(latex: str, scale: float = 1.0) -> tuple[float, float]:
        scene = framed([LabelItem(latex, (0, 0), 20, "note")])
        return letters_of(Scene(scene.width, scene.height, scene.items, scale=scale))

    assert (sizes("W"), sizes("W", 0.5)) == ((20, 20), (10, 10))
    assert sizes("W_Q") == (20, pytest.approx(14))
    assert sizes("W_{Q_i}")[1] < 14


@pytest.mark.parametrize("name", ["I1_virtual_head", "I7_stripes", "N3_dense", "N9_general", "S19_mpo"])
def test_letters_are_readable_in_a_column(name: str):
    """Figures whose letters would be 4.9 to 6.6 pt high if they were only made smaller."""
    figure = next(iter(tnlang.load(GALLERY / f"{name}.tn").figures.values()))
    scene = figure.drawn(width=246).scene()
    label, script = letters_of(scene)
    assert label >= LETTERS and script >= SCRIPTS * LETTERS
    assert scene.width * scene.scale == pytest.approx(246) and lint(scene) == ()


def test_more_may_be_asked_of_letters():
    figure = next(iter(tnlang.load(GALLERY / "N9_general.tn").figures.values()))
    assert letters_of(figure.drawn(width=246, letters=9).scene())[0] >= 9
    with pytest.raises(ValueError, match="letters"):
        figure.drawn(width=246, letters=-1)


CHAIN = """
tensor {tensors}
figure chain {{
    draw {product}
    {flow}
}}
"""


def chain(flow: str = "") -> str:
    legs = "abcdefghijklm"
    tensors = [f"A{n}[{a}: 3, {b}: 3]" for n, (a, b) in enumerate(pairwise(legs))]
    product = [f"A{n}[{a}, {b}]" for n, (a, b) in enumerate(pairwise(legs))]
    return CHAIN.format(tensors=", ".join(tensors), product=" ".join(product), flow=flow)


def test_what_is_too_long_for_a_column_is_turned_and_no_larger_than_usual():
    scene = tnlang.load(chain()).figures["chain"].drawn(width=200).scene()
    shapes = [item for item in scene.items if isinstance(item, ShapeItem)]
    assert scene.width * scene.scale == pytest.approx(200) and scene.scale <= 1
    assert len({round(item.outline.start[0]) for item in shapes}) == 1
    assert scene.height * scene.scale <= TALLEST and letters_of(scene)[0] >= LETTERS


def test_a_flow_that_is_asked_for_stays():
    scene = tnlang.load(chain("flow right")).figures["chain"].drawn(width=200).scene()
    assert scene.width > 3 * scene.height and letters_of(scene)[0] < LETTERS


def test_larger_letters_make_room_and_small_ones_grow_first():
    figure = tnlang.load(chain()).figures["chain"]
    usual, larger = figure.scene(), figure.drawn(width=420).scene()
    names = [
        {item.size for item in scene.items if isinstance(item, LabelItem) and item.kind == "shape"}
        for scene in (usual, larger)
    ]
    assert names[0] == names[1] and larger.width > usual.width
    assert letters_of(larger)[0] / larger.scale > letters_of(usual)[0]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("1in", 72),
        ("25.4mm", 72),
        ("2.54 cm", 72),
        ("246pt", 246),
        ("1e3pt", None),
        ("5", None),
        ("9pt", None),
    ],
)
def test_lengths(text: str, points: float | None):
    assert length(text) == points
