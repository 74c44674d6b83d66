"""Lengths on paper: what a figure's ``width`` and the command line's ``--width`` may say, in points."""

from __future__ import annotations

import re
from types import MappingProxyType

UNITS = MappingProxyType({"pt": 1.0, "in": 72.0, "mm": 72 / 25.4, "cm": 72 / 2.54})
"""Points in a unit: 72 to the inch, as in SVG and PDF (TeX's own point is a 250th smaller)."""
LEAST, MOST = 10.0, 10_000.0
"""A picture is no narrower and no wider, in points."""

_LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?(pt|in|mm|cm)")


def points(number: float, unit: str) -> float | None:
    """A length in points, to the hundredth; None for another unit or a width that no picture has.

    >>> points(86, "mm"), points(3.4, "in"), points(1, "km"), points(1, "pt")
    (243.78, 244.8, None, None)
    """
    length = round(number * UNITS.get(unit, 0.0), 2)
    return length if LEAST <= length <= MOST else None


def length(text: str) -> float | None:
    """A length written as text: ``3.4in``, ``86 mm``, ``246pt``.

    >>> length("86mm"), length("246 pt"), length("wide"), length("-3in")
    (243.78, 246.0, None, None)
    """
    found = _LENGTH.fullmatch(text.strip())
    return points(float(found[1]), found[2]) if found else None
