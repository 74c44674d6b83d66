"""Widths on paper: rows break for them, letters are measured, lengths are read."""

from __future__ import annotations

import pytest

import tnlang
from tnlang.draw import LEAST_SCALE, smallest_letters
from tnlang.draw.frame import framed
from tnlang.draw.raster import size_of
from tnlang.draw.scene import LabelItem, Scene
from tnlang.ir.lengths import length

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
    assert smallest_letters(narrow) > 7


def test_scripts_count_as_letters():
    def smallest(latex: str, scale: float = 1.0) -> float:
        scene = framed([LabelItem(latex, (0, 0), 20, "note")])
        return smallest_letters(Scene(scene.width, scene.height, scene.items, scale=scale))

    assert (smallest("W"), smallest("W", 0.5)) == (20, 10)
    assert smallest("W_Q") == pytest.approx(14)
    assert smallest("W_{Q_i}") < 14


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
