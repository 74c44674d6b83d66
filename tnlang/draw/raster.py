"""PNG and PDF of a picture, made from its SVG by wheels that are loaded only here."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import UTC, datetime
from html import escape, unescape
from importlib import import_module
from math import sqrt
from types import ModuleType

from tnlang.draw.svg import OTHER_FONTS

LARGEST_SIDE, LARGEST_AREA = 16_384, 2**27
"""Pixels of a PNG's longer side, and of a whole PNG; beyond them no memory is asked for."""

_ROOT = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'\s(width|height)="([\d.]+)pt"')
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class MissingWheel(RuntimeError):
    """A Python package that this kind of picture needs is not installed."""


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """A PNG of an SVG that ``to_svg`` wrote, ``scale`` pixels a point; it says so itself where it is viewed.

    Raises MissingWheel without resvg-py, ValueError for a scale that is no positive number or makes the
    picture too large; see ``largest_scale``.
    """
    width, height = size_of(svg)
    if not scale > 0:
        raise ValueError("the scale of a picture is a number above 0")
    if scale > largest_scale(svg):
        raise ValueError(
            f"{width:g} x {height:g} points times {scale:g} are more than {LARGEST_SIDE} pixels a side, "
            f"or than {LARGEST_AREA >> 20} million in all"
        )
    resvg = _wheel("resvg_py", "resvg-py")
    _check_letters(svg, resvg)
    root = _ROOT.search(svg)
    assert root is not None
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    sized = f'<svg width="{wide}" height="{high}" preserveAspectRatio="none"'  # else a side is cut to fit
    pixels = sized + _SIZE.sub("", root[0]).removeprefix("<svg") + svg[root.end() :]
    png: bytes = bytes(resvg.svg_to_bytes(svg_string=pixels, skip_system_fonts="<text" not in svg))
    return _with_density(png, scale)


def largest_scale(svg: str) -> float:
    """The most pixels a point that a PNG of this picture can have."""
    width, height = size_of(svg)
    return min(LARGEST_SIDE / max(width, height), sqrt(LARGEST_AREA / (width * height)))


def _with_density(png: bytes, scale: float) -> bytes:
    """The PNG with its dots a metre, so that programs show and print it at its size on paper."""
    dots = round(scale * 72 / 0.0254)
    chunk = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    body = struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk))
    head = 8 + 4 + 4 + 13 + 4  # the signature and the first chunk
    return png[:head] + body + png[head:]


def to_pdf(svg: str) -> bytes:
    """A PDF whose one page is the SVG, vectors throughout; letters that are text there can be searched here.

    The same bytes each time: text is set in a font that comes with typst, unless it lacks the character.

    Raises MissingWheel without typst.
    """
    typst = _wheel("typst", "typst")
    foreign = _FOREIGN.search(svg) is not None
    if foreign:
        _check_letters(svg, _wheel("resvg_py", "resvg-py"))
    width, height = size_of(svg)
    page = (
        f"#set page(width: {width:g}pt, height: {height:g}pt, margin: 0pt)\n"
        "#set document(date: none)\n"
        f'#image(bytes(sys.inputs.picture), format: "svg", width: {width:g}pt, height: {height:g}pt)\n'
    )
    pdf: bytes = typst.compile(
        page.encode(),
        format="pdf",
        sys_inputs={"picture": svg},
        timestamp=int(_EPOCH.timestamp()),
        ignore_system_fonts=not foreign,
    )
    return pdf


def size_of(svg: str) -> tuple[float, float]:
    """Width and height on paper of an SVG that ``to_svg`` wrote, in points."""
    root = _ROOT.search(svg)
    found = dict(_SIZE.findall(root[0])) if root else {}
    if len(found) < 2:
        raise ValueError("no picture of ours: it has no width and height in points")
    return float(found["width"]), float(found["height"])


_FOREIGN = re.compile(rf'<text\b[^>]*font-family="{OTHER_FONTS}"[^>]*>([^<]*)</text>')
_UNASSIGNED = "\u0378"


def _check_letters(svg: str, resvg: ModuleType) -> None:
    """Raise ValueError for letters that no font of this machine has: they would be drawn as empty boxes.

    Such a letter looks like a code point that stands for nothing.
    """
    letters = sorted({c for text in _FOREIGN.findall(svg) for c in unescape(text) if not c.isspace()})
    if not letters:
        return
    nothing = _drawn(_UNASSIGNED, resvg)
    if lost := [c for c in letters if _drawn(c, resvg) == nothing]:
        names = ", ".join(f"{c} (U+{ord(c):04X})" for c in lost)
        raise ValueError(f"no font of this machine has {names}: install one, write SVG, or give a `label`")


def _drawn(letter: str, resvg: ModuleType) -> bytes:
    text = f'<text x="4" y="32" font-size="24" font-family="{OTHER_FONTS}">{escape(letter)}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{text}</svg>'
    return bytes(resvg.svg_to_bytes(svg_string=svg))


def _wheel(module: str, package: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingWheel(
            f"this kind of picture needs the package {package}: pip install {package}"
        ) from error
