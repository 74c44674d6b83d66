"""PNG and PDF of a picture, made from its SVG by wheels that are loaded only here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType

LARGEST_SIDE = 16_384
"""Pixels of a PNG's longer side; beyond it no memory is asked for."""

_SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"')
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class MissingWheel(RuntimeError):
    """A Python package that this kind of picture needs is not installed."""


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """A PNG of an SVG that ``to_svg`` wrote, ``scale`` pixels a unit; 300 dots an inch are a scale of 4.17.

    Raises MissingWheel without resvg-py, ValueError for a scale that is no positive number or makes a side
    longer than 16,384 pixels.
    """
    width, height = size_of(svg)
    if not scale > 0:
        raise ValueError("the scale of a picture is a number above 0")
    if max(width, height) * scale > LARGEST_SIDE:
        raise ValueError(f"{width:g} x {height:g} units times {scale:g} are more than {LARGEST_SIDE} pixels")
    resvg = _wheel("resvg_py", "resvg-py")
    png: bytes = bytes(
        resvg.svg_to_bytes(
            svg_string=svg.replace('pt"', '"', 2),  # a unit is a pixel here, or sides round apart
            width=round(width * scale),
            height=round(height * scale),
            skip_system_fonts=True,
        )
    )
    return png


def to_pdf(svg: str) -> bytes:
    """A PDF whose one page is the SVG, vectors throughout; the same bytes each time.

    Raises MissingWheel without typst.
    """
    typst = _wheel("typst", "typst")
    width, height = size_of(svg)
    page = (
        f"#set page(width: {width:g}pt, height: {height:g}pt, margin: 0pt)\n"
        "#set document(date: none)\n"
        f'#image(bytes(sys.inputs.picture), format: "svg", width: {width:g}pt, height: {height:g}pt)\n'
    )
    pdf: bytes = typst.compile(
        page.encode(), format="pdf", sys_inputs={"picture": svg}, timestamp=int(_EPOCH.timestamp())
    )
    return pdf


def size_of(svg: str) -> tuple[float, float]:
    """Width and height of an SVG that ``to_svg`` wrote, in units."""
    found = _SIZE.search(svg)
    if not found:
        raise ValueError("no picture of ours: it has no viewBox")
    return float(found[1]), float(found[2])


def _wheel(module: str, package: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingWheel(
            f"this kind of picture needs the package {package}: pip install {package}"
        ) from error
