"""SVG: the dialect that every converter draws right, the same bytes each time, no hostile text in it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from math import pi
from xml.etree import ElementTree

import pytest

from tests.draw.goldens import check_golden, geometry
from tests.draw.path_data import absolute
from tests.draw.scenes import SCENES, tensor, wire
from tnlang.draw.dashes import dashes
from tnlang.draw.frame import framed
from tnlang.draw.geometry import Box, circle, distance, rounded
from tnlang.draw.scene import LabelItem, LineTo, Look, Path, Scene, ShapeItem
from tnlang.draw.svg import FONTS, OTHER_FONTS, to_svg
from tnlang.draw.themes import PAPER, THEMES

SPACE = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "g", "path", "rect", "title", "desc"}
NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("name", SCENES)
def test_ink_is_as_accepted(name):
    check_golden(f"ink/{name}.svg", to_svg(SCENES[name]()))


@pytest.mark.parametrize("name", SCENES)
def test_geometry_is_as_accepted(name):
    check_golden(f"geometry/{name}.jsonl", geometry(SCENES[name]()))


@pytest.mark.parametrize("name", SCENES)
def test_dialect(name):
    scene = SCENES[name]()
    root = ElementTree.fromstring(to_svg(scene).encode())
    assert root.get("viewBox") == f"0 0 {scene.width:g} {scene.height:g}"
    assert root.get("width") == f"{scene.width:g}pt"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        assert element.tag.removeprefix(SPACE) in ALLOWED
        assert not {"class", "style", "href", "transform", "filter"} & set(element.attrib)
        assert not any(key.startswith("on") or "href" in key for key in element.attrib)
        if element.tag == f"{SPACE}path":
            values = [v for _, points in absolute(element.attrib["d"]) for v in points]
            assert min(values) >= -0.01
            assert max(values[::2]) <= scene.width + 0.01
            assert max(values[1::2]) <= scene.height + 0.01
            assert all(len(v.partition(".")[2]) <= 2 for v in NUMBERS.findall(element.attrib["d"]))


def test_layers_from_back_to_front():
    root = ElementTree.fromstring(to_svg(SCENES["norm_along_a_leg"]()).encode())
    layers = [group.get("id").rpartition("-")[2] for group in root.findall(f"{SPACE}g")]
    assert layers == ["bubbles", "gates", "wires", "shapes", "marks", "labels"]
    marks = ElementTree.fromstring(to_svg(SCENES["marks"]()).encode())
    ribbons = next(group for group in marks.findall(f"{SPACE}g") if group.get("id").endswith("-ribbons"))
    (path,) = ribbons  # one, so that its ink is no darker where ribbons lie on one another
    assert path.get("stroke-opacity") == "0.5" and path.get("d").count("M") == 2


def test_the_same_bytes_each_time():
    assert to_svg(SCENES["marks"]()) == to_svg(SCENES["marks"]())


def test_titles_tell_names_and_sizes():
    scene = framed(
        [*tensor(1, "W", (0, 0)), wire(7, (0, 0), (60, 0), size=768, name="hidden")], title="a <picture>"
    )
    root = ElementTree.fromstring(to_svg(scene).encode())
    titles = {element.get("id", ""): element.findtext(f"{SPACE}title") for element in root.iter()}
    assert next(title for name, title in titles.items() if name.endswith("-shape-1")) == "W"
    assert next(title for name, title in titles.items() if name.endswith("-wire-7")) == "hidden = 768"
    assert root.findtext(f"{SPACE}title") == "a <picture>"


HOSTILE = [
    "<script>alert(1)</script>",
    '"/><image href="file:///etc/passwd"/>',
    r"\href{javascript:alert(1)}{x}",
    r"\style{fill:red}{x}",
    r"\class{evil}{x}",
    r"\color{url(#a)}{x}",
    r"\begin{array}{c} a \\ b",
    r"\frac{1",
    r"\input{/etc/passwd}",
    "]]>&lt;&amp;&#0;",
    "\x00\x08\x1b[31m\u202e",
    "{" * 200,
    r"\sqrt{" * 300,
    "x" * 100_000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("word", [False, True])
def test_hostile_labels_are_only_ink(text, word):
    label = LabelItem(text, (0, 0), 14.5, "leg", word=word)
    items = [
        replace(item, title=text) if hasattr(item, "title") else item for item in tensor(1, text, (0, 0))
    ]
    written = to_svg(framed([*items, label], title=text, description=text))
    root = ElementTree.fromstring(written.encode())
    assert {element.tag.removeprefix(SPACE) for element in root.iter()} <= ALLOWED
    allowed = {"d", "id", "x", "y", "width", "height", "viewBox", "baseProfile", "version", "opacity"}
    allowed |= {"role", "aria-labelledby"}
    paint = re.compile(r"fill|stroke|fill-opacity|stroke-.*")
    for element in root.iter():
        for key, value in element.attrib.items():
            assert key in allowed or paint.fullmatch(key)
            assert not any(part in value for part in ("url(", "javascript", "<", "file"))
    assert len(written) < 500_000


def test_a_style_changes_fill_and_edge():
    shapes = [
        replace(i, look=Look("#99CC99", "#123456", 3.0)) if hasattr(i, "look") else i
        for i in tensor(1, "A", (0, 0))
    ]
    written = to_svg(framed(shapes))
    assert 'fill="#99CC99"' in written
    assert 'stroke="#123456"' in written
    assert 'stroke-width="3"' in written


def test_a_theme_without_page_colour():
    assert "<rect" in to_svg(Scene(10, 10, ()))
    assert "<rect" not in to_svg(Scene(10, 10, ()), replace(PAPER, background=""))


def test_a_page_can_hold_several_pictures():
    pictures = [to_svg(framed(tensor(1, name, (0, 0)), title="Same title")) for name in ("A", "B")]
    ids = [set(re.findall(r' id="([^"]+)"', picture)) for picture in pictures]
    assert ids[0] and not ids[0] & ids[1]
    assert all(re.fullmatch(r"tn-[0-9a-f]{8}-.+", name) for name in ids[0] | ids[1])


@pytest.mark.parametrize("title", ["", "a title"])
def test_every_picture_can_be_read_out(title):
    root = ElementTree.fromstring(
        to_svg(framed(tensor(1, "A", (0, 0)), title=title, description="A")).encode()
    )
    assert root.get("role") == "img"
    named = {
        element.get("id"): element for element in root if element.tag in (f"{SPACE}title", f"{SPACE}desc")
    }
    assert root.get("aria-labelledby").split() == list(named)
    assert [element.text for element in named.values()] == [title or "tensor network", "A"]
    assert next(iter(root)).tag == f"{SPACE}title"


def texts(svg: str) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(svg.encode()).iter() if e.tag == f"{SPACE}text"]


def test_letters_as_text_stand_where_their_outlines_do():
    formula = LabelItem(r"\frac{W_Q}{\sqrt{d}}", (0, 0), 20, "note")
    scene = framed([formula, LabelItem("the $k$ th", (0, 60), 13, "note", word=True)])
    found = texts(to_svg(scene, text=True))
    assert [e.text for e in found] == ["W", "Q", "d", "the", "k", "th"]
    assert [e.get("font-style") for e in found] == ["italic", "italic", "italic", None, "italic", None]
    assert {(e.get("font-family"), e.get("text-anchor")) for e in found} == {(FONTS, "middle")}
    label = next(item for item in scene.items if isinstance(item, LabelItem))
    (w, _, d) = ((float(e.get("x")), float(e.get("y"))) for e in found[:3])
    assert abs(d[0] - label.at[0]) < 10 < d[1] - w[1]
    assert float(found[1].get("font-size")) == pytest.approx(0.7 * float(found[0].get("font-size")))
    bars = [e for e in ElementTree.fromstring(to_svg(scene, text=True).encode()).iter() if e.get("d")]
    assert bars and len(bars[0].get("d")) < 400  # the fraction's bar and the root stay outlines
    assert not texts(to_svg(scene))


def test_letters_that_the_font_lacks_are_text_and_have_room():
    scene = framed([LabelItem(r"\mathrm{中文}_i", (0, 0), 20, "note")])
    (text,) = texts(to_svg(scene))
    assert (text.text, text.get("font-family")) == ("中文", OTHER_FONTS)
    assert scene.width > 40
    assert [e.text for e in texts(to_svg(scene, text=True))] == ["中文", "i"]


def test_a_width_on_paper_scales_all_but_hairlines_and_styles():
    shapes = [replace(i, look=Look(width=2.0)) if hasattr(i, "look") else i for i in tensor(1, "A", (0, 0))]
    scene = replace(framed([*shapes, wire(2, (0, 0), (60, 0))]), scale=0.25)
    written = to_svg(scene)
    assert f'width="{scene.width / 4:g}pt"' in written
    assert f'viewBox="0 0 {scene.width:g} {scene.height:g}"' in written
    assert 'stroke-width="8"' in written  # two points
    assert 'stroke-width="2"' in written  # 1.75 units are less than half a point, a hairline


def lengths(strokes):
    return [sum(distance(a, b) for a, b in pairwise(stroke)) for stroke in strokes]


@pytest.mark.parametrize(
    ("path", "around"),
    [
        (circle((50.0, 50.0), 20.0), 40 * pi),
        (rounded(Box(10.0, 10.0, 90.0, 50.0), 16.0), 240 - 128 + 32 * pi),
        (Path((0.0, 0.0), (LineTo((97.0, 0.0)),)), 97.0),
    ],
)
@pytest.mark.parametrize(("pattern", "on", "off"), [("4 4", 4, 4), ("1.5 5", 1.5, 5), ("1 5", 1, 5)])
def test_dashes_are_strokes_as_long_as_the_pattern_says(path, around, pattern, on, off):
    """Stretched by no more than fits another round in, evenly; a closed path has no seam."""
    strokes = dashes(path, pattern)
    drawn = lengths(strokes)
    assert max(drawn) - min(drawn) < 1e-6 and abs(drawn[0] / on - 1) < (on + off) / around
    gaps = [distance(a[-1], b[0]) for a, b in pairwise([*strokes, strokes[0]] if path.closed else strokes)]
    assert all(abs(gap / off - 1) < 0.12 for gap in gaps)
    assert abs(sum(drawn) + len(gaps) * off * drawn[0] / on - around) < 0.02 * around
    assert path.closed or distance(strokes[-1][-1], (97.0, 0.0)) < 1e-6


@pytest.mark.parametrize("theme", ["mono", "paper"])
@pytest.mark.parametrize("name", SCENES)
def test_no_converter_needs_to_know_dash_patterns(name, theme):
    """Of a dashed shape the area is one curve, its edge strokes in the same group."""
    written = to_svg(SCENES[name](), THEMES[theme])
    assert "dasharray" not in written
    areas = [
        part for part in ElementTree.fromstring(written).iter(f"{SPACE}g") if "shape-" in part.get("id", "")
    ]
    for group in areas:
        area, edge = group.iter(f"{SPACE}path")
        assert area.get("d").count("M") == 1 and area.get("stroke") is None
        assert edge.get("d").count("M") > 4 and edge.get("fill") == "none"
    dashed = any(
        THEMES[theme].paint(item.role).dash for item in SCENES[name]().items if isinstance(item, ShapeItem)
    )
    assert bool(areas) == dashed
