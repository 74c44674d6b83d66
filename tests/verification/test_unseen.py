"""Pictures whose ink is not what is seen: hidden, painted over, off the page, or more than is read."""

from __future__ import annotations

import re
from functools import cache

import pytest

import tnlang
from tests.conftest import PROGRAMS
from tnlang.api import load
from tnlang.draw.svg import to_svg
from tnlang.verification.svg import Unreadable, read_svg


@cache
def picture() -> str:
    return load(PROGRAMS["N11_attention"]).nets["attention"].svg()


CURVE = '<path d="M10 10L90 90" fill="none" stroke="#20242B" stroke-width="2" />'


def in_layer(name: str, attribute: str) -> str:
    return re.sub(rf'(<g id="[^"]*-{name}")', rf"\1 {attribute}", picture(), count=1)


def with_strokes(value: str) -> str:
    head, mark, wires = re.split(r'(<g id="[^"]*-wires">)', picture())
    wires, end, rest = wires.partition("</g><g id=")
    return head + mark + re.sub(r'stroke="#[0-9A-F]+"', f'stroke="{value}"', wires) + end + rest


DAMAGED = {
    "hidden layer": lambda: in_layer("wires", 'visibility="hidden"'),
    "layer not displayed": lambda: in_layer("wires", 'display="none"'),
    "a style": lambda: in_layer("shapes", 'style="display:none"'),
    "wires without paint": lambda: with_strokes("none"),
    "wires as white as the page": lambda: with_strokes("#FFFFFF"),
    "wires of no width": lambda: re.sub(r'stroke-width="1.75"', 'stroke-width="0"', picture()),
    "transparent wires": lambda: re.sub(
        r'(-wires">.*?<path )', r'\1stroke-opacity="0" ', picture(), count=1, flags=re.S
    ),
    "a curve at top level": lambda: picture().replace("</svg>", CURVE + "</svg>"),
    "a curve in another group": lambda: picture().replace("</svg>", f"<g>{CURVE}</g></svg>"),
    "a curve in a nested group": lambda: re.sub(
        r'(<g id="[^"]*-marks">)', rf"\1<g><g>{CURVE}</g></g>", picture()
    ),
    "a sheet of paper over it": lambda: picture().replace(
        "</svg>", '<rect width="999" height="999" /></svg>'
    ),
    "cut off": lambda: re.sub(r'viewBox="0 0 (\d+)', r'viewBox="0 0 90', picture()),
    "a link": lambda: picture().replace("</svg>", "<image /></svg>"),
}


def test_the_picture_itself_is_read() -> None:
    assert read_svg(picture()).elements


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_not_seen_as_it_is_read_is_refused(kind: str) -> None:
    svg = DAMAGED[kind]()
    assert svg != picture()
    with pytest.raises(Unreadable):
        read_svg(svg)


@pytest.mark.parametrize("options", [{"text": True}, {"theme": "dark"}, {"theme": "mono"}, {"width": "86mm"}])
def test_every_way_to_draw_it_is_read_alike(options: dict) -> None:
    program = load(PROGRAMS["N11_attention"])
    handle = program.nets["attention"].drawn(**options)
    svg = to_svg(handle.scene(), text=bool(options.get("text")))
    assert tnlang.verify(svg, program, module=False).ok
