"""Themes: names can be read, roles told apart (by the colour-blind too), and the one asked for is drawn."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import tnlang
from tnlang.draw import NoTheme
from tnlang.draw.colours import HOUSE_FILLS, contrast, grey_of
from tnlang.draw.scene import PLAIN, Look, ShapeItem
from tnlang.draw.svg import to_svg
from tnlang.draw.theme import READABLE, Paint, Theme
from tnlang.draw.themes import PAPER, THEMES
from tnlang.ir.program import BUILT_IN_THEMES

NAMED = (
    "weight",
    "second",
    "unitary",
    "isometry",
    "data",
    "bias",
    "plain",
    "result",
    "pattern",
    "pasted",
    "add",
)
TOLD_APART = ("weight", "second", "isometry", "data", "result", "pattern", "pasted", "add")
"""The others look like one of these and are told apart by their outline (a square is unitary)."""
FAMILIES = ("mask", "elementwise", "norm", "user", "bracket")

# Machado, Oliveira, Fernandes (2009), full severity, on linear RGB
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def cielab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, sight: str) -> float:
    """CIE 1976 colour difference as seen with a kind of sight; 2.3 is just noticed side by side."""
    return float(np.linalg.norm(cielab(SIGHT[sight] @ linear(one)) - cielab(SIGHT[sight] @ linear(other))))


def over(theme: Theme, family: str, look: Look = PLAIN) -> str:
    """The colour of a bubble's inside on the page."""
    paint = theme.paint(family, look)
    inside, page = (np.array([*bytes.fromhex(colour[1:])]) for colour in (paint.fill, theme.background))
    return (
        f"#{bytes(np.round(paint.opacity * inside + (1 - paint.opacity) * page).astype(int).tolist()).hex()}"
    )


def test_the_built_in_themes():
    assert tuple(THEMES) == BUILT_IN_THEMES
    assert all(set(theme.paints) == set(PAPER.paints) for theme in THEMES.values())


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_labels_can_be_read(theme: Theme):
    for role in NAMED:
        fill = theme.paint(role).fill
        assert contrast(theme.text("ink", fill), fill) >= READABLE, role
    for family in FAMILIES:
        for ground in (theme.background, over(theme, family)):
            assert contrast(theme.texts["ink"], ground) >= READABLE, family
            assert contrast(theme.texts["leg"], ground) >= 3.5, family
            assert contrast(theme.paint("plain").stroke, ground) >= 3.0, family
        badge = theme.paint(f"badge-{family}").fill
        assert contrast(theme.texts["ink"], badge) >= READABLE, family


@pytest.mark.parametrize("fill", ["#000000", "#FFFFFF", "#777777", "#00008B", "#FFFF00"])
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_labels_can_be_read_on_what_a_style_fills(theme: Theme, fill: str):
    seen = theme.paint("weight", Look(fill=fill)).fill
    assert contrast(theme.text("ink", seen), seen) >= READABLE


@pytest.mark.parametrize("fill", HOUSE_FILLS.values(), ids=HOUSE_FILLS)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_labels_can_be_read_in_bubbles_that_a_style_fills(theme: Theme, fill: str):
    ground = over(theme, "mask", Look(fill=fill))
    assert contrast(theme.texts["ink"], ground) >= READABLE
    assert contrast(theme.texts["leg"], ground) >= 3.5


@pytest.mark.parametrize("sight", SIGHT)
def test_the_safe_theme_is_safe(sight: str):
    safe = THEMES["safe"]
    for one, other in combinations(TOLD_APART, 2):
        assert difference(safe.paint(one).fill, safe.paint(other).fill, sight) >= 8, (one, other)
    for one, other in combinations(FAMILIES, 2):
        a, b = safe.paint(one), safe.paint(other)
        assert a.dash != b.dash or difference(a.stroke, b.stroke, sight) >= 8, (one, other)


def test_the_test_would_notice():
    assert difference("#D55E00", "#009E73", "all cones") > 60
    worst = min(
        difference(PAPER.paint(one).fill, PAPER.paint(other).fill, "deuteranopia")
        for one, other in combinations(TOLD_APART, 2)
    )
    assert worst < 8


def other_edge(one: Paint, other: Paint) -> bool:
    return one.dash != other.dash or max(one.width, other.width) >= 1.4 * min(one.width, other.width)


def test_mono_is_grey_and_tells_roles_apart_by_more_than_colour():
    mono = THEMES["mono"]
    for paint in mono.paints.values():
        assert all(
            grey_of(colour) == colour for colour in (paint.fill, paint.stroke) if colour.startswith("#")
        )
    for one, other in combinations(TOLD_APART, 2):
        a, b = mono.paint(one), mono.paint(other)
        lighter = difference(a.fill, b.fill, "all cones") >= 5
        assert lighter or a.dash != b.dash or max(a.width, b.width) >= 1.4 * min(a.width, b.width), (
            one,
            other,
        )
    for one, other in combinations(FAMILIES, 2):
        a, b = mono.paint(one), mono.paint(other)
        assert other_edge(a, b), (one, other)
    assert mono.paint("weight", Look("#CF3A2B", "#2B62B8")).fill == grey_of("#CF3A2B")


TEXT = """
tensor A[i: 2, j: 3], B[j: 3, k: 2]
figure plain { draw A[i, j] B[j, k] }
figure night { draw A[i, j] B[j, k]; theme dark }
figure mine { draw A[i, j] B[j, k]; theme loud }
figure more { draw A[i, j] B[j, k]; theme mono }
style A { fill green }
theme loud { style A { fill red } }
theme mono { style B { stroke black; width 3 } }
"""


def fills(scene) -> list[str]:
    return [item.look.fill for item in scene.items if isinstance(item, ShapeItem)]


def test_a_figure_or_the_caller_chooses_the_theme():
    figures = tnlang.load(TEXT).figures
    page = THEMES["dark"].background
    assert page in figures["night"].svg() and page not in figures["plain"].svg()
    assert page in figures["plain"].drawn(theme="dark").svg()
    assert page not in figures["night"].drawn(theme="paper").svg()
    assert fills(figures["plain"].scene()) == ["#CFE9CC", ""]
    assert fills(figures["mine"].scene()) == ["#F6B8AE", ""]
    assert fills(figures["plain"].drawn(theme="loud").scene()) == ["#F6B8AE", ""]


def test_a_theme_of_a_built_in_name_adds_to_it():
    scene = tnlang.load(TEXT).figures["more"].scene()
    assert scene.theme == "mono"
    assert [item.look.width for item in scene.items if isinstance(item, ShapeItem)] == [0.0, 3.0]
    assert 'fill="#' + THEMES["mono"].tone("#CFE9CC")[1:] in to_svg(scene)


def test_a_theme_that_is_not_there():
    with pytest.raises(NoTheme, match="there is no theme drak; there are paper, mono, dark, safe, loud"):
        tnlang.load(TEXT).figures["plain"].drawn(theme="drak").svg()
    with pytest.raises(tnlang.TnError, match=r"(?s)TN803.*did you mean dark\?"):
        tnlang.load("tensor A[i: 2]\nfigure f { draw A; theme drak }")
