"""Colours that a style may name: the house's tints for the plain words, CSS's for all others."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

from tnlang.ir.colours import CSS

HOUSE_FILLS = MappingProxyType(
    {
        "grey": "#E4E7EB",
        "gray": "#E4E7EB",
        "red": "#F6B8AE",
        "orange": "#F9D1A8",
        "yellow": "#F5E7C4",
        "green": "#CFE9CC",
        "teal": "#CCE6E6",
        "blue": "#C9DEF9",
        "violet": "#DEDDF3",
        "purple": "#DEDDF3",
        "pink": "#F9CFDE",
        "brown": "#E3CDB6",
    }
)
"""A fill by a plain word is the house's tint of it: names stay readable, figures keep one palette."""

HOUSE_STROKES = MappingProxyType(
    {
        "black": "#20242B",
        "grey": "#69707C",
        "gray": "#69707C",
        "red": "#CF3A2B",
        "green": "#3B8D4A",
        "blue": "#2B62B8",
        "violet": "#6B57A5",
        "purple": "#6B57A5",
        "pink": "#C0497F",
    }
)

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")


def colour(text: str, *, fill: bool = False) -> str | None:
    """A colour of a style as ``#RRGGBB`` or ``none``; None if it is no known name, ``#rgb`` or ``#rrggbb``.

    >>> colour("#9c9"), colour("orange", fill=True), colour("orange"), colour("url(evil)")
    ('#99CC99', '#F9D1A8', '#FFA500', None)
    """
    if _HEX.match(text):
        digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
        return "#" + digits.upper()
    if text == "none":
        return text
    house = HOUSE_FILLS if fill else HOUSE_STROKES
    return house.get(text) or CSS.get(text)


@lru_cache(maxsize=1024)
def luminance(colour: str) -> float:
    """How light ``#RRGGBB`` is to the eye, from 0 to 1.

    >>> luminance("#000000"), luminance("#FFFFFF"), round(luminance("#808080"), 3)
    (0.0, 1.0, 0.216)
    """
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 (none) to 21 (black on white).

    >>> contrast("#000000", "#FFFFFF"), contrast("#CF3A2B", "#CF3A2B")
    (21.0, 1.0)
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def grey_of(colour: str) -> str:
    """The grey that is as light as a colour.

    >>> grey_of("#FF0000"), grey_of("#808080")
    ('#7F7F7F', '#808080')
    """
    light = luminance(colour)
    level = round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))
    return f"#{level:02X}{level:02X}{level:02X}"
