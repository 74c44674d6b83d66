"""PNG and PDF: ink where it is expected, and a clear word where a wheel is missing."""

from __future__ import annotations

import io
import re
import struct
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest
import typst
from matplotlib.image import imread
from numpy.lib.stride_tricks import sliding_window_view

from tests.draw.scenes import SCENES
from tnlang.cli.render import _fitting
from tnlang.draw import raster
from tnlang.draw.frame import framed
from tnlang.draw.geometry import bbox
from tnlang.draw.raster import MissingWheel, largest_scale, to_pdf, to_png
from tnlang.draw.scene import LabelItem, ShapeItem
from tnlang.draw.svg import to_svg
from tnlang.draw.themes import THEMES


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of RGBA bytes of a PNG with 8 bits a channel, filters undone."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, header = 8, b"", b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        header = body if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    assert (depth, colour) == (8, 6)
    raw, stride, rows, above = zlib.decompress(data), 4 * width, [], bytes(4 * width)
    for y in range(height):
        line = raw[y * (stride + 1) : (y + 1) * (stride + 1)]
        row = bytearray(line[1:])
        for x in range(stride):
            left, up = (row[x - 4] if x >= 4 else 0), above[x]
            corner = above[x - 4] if x >= 4 else 0
            match line[0]:
                case 0:
                    break
                case 1:
                    row[x] = (row[x] + left) & 255
                case 2:
                    row[x] = (row[x] + up) & 255
                case 3:
                    row[x] = (row[x] + (left + up) // 2) & 255
                case 4:
                    guess = left + up - corner
                    best = min(
                        (abs(guess - left), 0, left),
                        (abs(guess - up), 1, up),
                        (abs(guess - corner), 2, corner),
                    )
                    row[x] = (row[x] + best[2]) & 255
        above = bytes(row)
        rows.append(above)
    return width, height, rows


def test_png_has_the_ink_where_the_scene_says():
    scene = SCENES["bias_in_a_bubble"]()
    width, height, rows = pixels(to_png(to_svg(scene), 2.0))
    assert (width, height) == (2 * scene.width, 2 * scene.height)

    def at(point: tuple[float, float], right: float = 0, down: float = 0) -> str:
        x, y = round(2 * (point[0] + right)), round(2 * (point[1] + down))
        return "#" + rows[y][4 * x : 4 * x + 3].hex().upper()

    middle = {item.title: bbox(item.outline).center for item in scene.items if isinstance(item, ShapeItem)}
    assert at((2, 2)) == "#FFFFFF"
    assert at(middle["x"], 30) == "#20242B"  # the wire from x to W
    assert at(middle["W"], 0, -16) == "#F5E7C4"  # above its letter
    assert at(middle["x"], 0, 15) == "#E4E7EB"
    assert at(middle["sum"], 7, 5) == "#C9DEF9"
    assert at(middle["sum"], 4) == "#20242B"  # the arm of the sign
    bubble = at(middle["x"], 0, 40)  # the fill lets the page through
    assert bubble == "#FCEBF2"


def test_png_scale():
    svg = to_svg(SCENES["isometries"]())
    with pytest.raises(ValueError, match="above 0"):
        to_png(svg, 0)
    with pytest.raises(ValueError, match="pixels"):
        to_png(svg, 1e6)


def test_pdf_is_the_same_each_time_and_vector():
    svg = to_svg(SCENES["isometries"]())
    pdf = to_pdf(svg)
    assert pdf.startswith(b"%PDF-")
    assert pdf == to_pdf(svg)
    assert b"/Subtype /Image" not in pdf and b"/Subtype/Image" not in pdf


def test_missing_wheels_are_named(monkeypatch):
    svg = to_svg(SCENES["isometries"]())
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingWheel, match="pip install resvg-py"):
        to_png(svg)
    with pytest.raises(MissingWheel, match="pip install typst"):
        to_pdf(svg)


def test_a_png_knows_its_size_on_paper_and_its_limit():
    scene = replace(SCENES["isometries"](), scale=0.5)
    svg = to_svg(scene)
    png = to_png(svg, 300 / 72)
    width, height, density = struct.unpack(">II", png[16:24]) + struct.unpack(">I", png[41:45])
    assert (width, height) == (round(scene.width * 300 / 144), round(scene.height * 300 / 144))
    assert density == round(300 / 0.0254)
    assert to_png(svg, 300 / 72) == png
    most = largest_scale(svg)
    assert max(scene.width, scene.height) / 2 * most <= 16_384
    assert scene.width * scene.height / 4 * most**2 <= 2**27 + 1
    with pytest.raises(ValueError, match="pixels a side"):
        to_png(svg, 1.01 * most)


def test_no_letter_becomes_an_empty_box(monkeypatch):
    svg = to_svg(framed([LabelItem("x 中", (0, 0), 20, "note", word=True)]))
    monkeypatch.setattr(raster, "_drawn", lambda letter, resvg: b"box")
    for write in (to_png, to_pdf):
        with pytest.raises(ValueError, match=r"no font of this machine has 中 \(U\+4E2D\)"):
            write(svg)
    monkeypatch.setattr(raster, "_drawn", lambda letter, resvg: letter.encode())
    assert to_png(svg).startswith(b"\x89PNG") and to_pdf(svg).startswith(b"%PDF")


def test_a_png_that_would_be_too_large_has_as_many_pixels_as_it_can(capsys):
    svg = to_svg(SCENES["isometries"]())
    assert _fitting("one", svg, 2.0) == 2.0 and capsys.readouterr().err == ""
    lower = _fitting("one", svg, 1e6)
    assert 0 < largest_scale(svg) - lower < 0.01
    assert re.match(r"warning: one: a PNG of 1e\+06 pixels a point .* too large", capsys.readouterr().err)


def smooth(image):
    """Means over 3 x 3 pixels: programs draw the edges of ink a little differently."""
    return sliding_window_view(image, (3, 3), axis=(0, 1)).mean(axis=(-1, -2))


@pytest.mark.parametrize("theme", THEMES)
def test_another_program_draws_it_alike(theme):
    """typst reads the SVG by itself; eight more converters are compared by hand, see docs/outputs.md."""
    scene = replace(SCENES["marks"](), theme=theme)
    svg = to_svg(scene)
    page = f"#set page(width: {scene.width:g}pt, height: {scene.height:g}pt, margin: 0pt)\n"
    page += f'#image(bytes(sys.inputs.picture), format: "svg", width: {scene.width:g}pt)'
    other = typst.compile(page.encode(), format="png", ppi=144.0, sys_inputs={"picture": svg})
    one, two = (imread(io.BytesIO(png))[..., :3] for png in (to_png(svg, 2.0), other))
    assert one.shape == two.shape
    assert np.mean(np.abs(smooth(one) - smooth(two)) > 0.3) < 0.0005
    assert np.mean(np.abs(smooth(one) - smooth(two[:, ::-1])) > 0.3) > 0.01


def test_letters_of_a_pdf_can_be_text_and_need_no_font_of_the_machine():
    scene = framed(
        [LabelItem(r"W_Q^\top", (0, 0), 20, "note"), LabelItem("heads", (0, 40), 13, "note", word=True)]
    )
    outlines, letters = to_pdf(to_svg(scene)), to_pdf(to_svg(scene, text=True))
    assert b"/Font" not in outlines and b"LibertinusSerif" in letters
    assert letters == to_pdf(to_svg(scene, text=True))
