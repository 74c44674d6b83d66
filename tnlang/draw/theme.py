"""What a theme is: the colour, edge and width of each role, and what a program's styles change of them.

A picture names roles only; the built-in themes themselves are in ``themes.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from math import log2

from tnlang.draw.colours import colour, contrast, grey_of
from tnlang.draw.scene import PLAIN, Look

READABLE = 4.5
"""The least contrast of letters on their ground, as the accessibility guidelines for the web count it."""


@dataclass(frozen=True, slots=True)
class Paint:
    """How an outline is painted: ``stroke`` "" is no edge; ``dash`` as in SVG."""

    fill: str = "none"
    stroke: str = ""
    width: float = 1.7
    opacity: float = 1.0
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """``paints`` by role; ``texts`` the colours of labels by role; a wire is drawn in ``wire``.

    ``inks`` are what names in shapes may be written in besides, dark and light; ``grey`` takes the colour out
    of what a program's styles say; ``styled_opacity`` is that of a bubble which a style fills.
    """

    name: str
    paints: Mapping[str, Paint]
    texts: Mapping[str, str]
    wire: str
    ribbon: str
    ribbon_opacity: float = 0.5
    styled_opacity: float = 0.5
    background: str = "#FFFFFF"
    inks: tuple[str, str] = ("#000000", "#FFFFFF")
    grey: bool = False

    def paint(self, role: str, look: Look = PLAIN) -> Paint:
        """The paint of a role as a style changes it; an unknown role is painted as ``plain``."""
        paint = self.paints.get(role, self.paints["plain"])
        if look == PLAIN:
            return paint
        walls = look.fill and paint.opacity < 1
        opacity = self.styled_opacity if walls else paint.opacity  # they let the page through
        fill, stroke = self.tone(look.fill) or paint.fill, self.tone(look.stroke) or paint.stroke
        return Paint(fill, stroke, look.width or paint.width, opacity, paint.dash)

    def tone(self, colour: str) -> str:
        """A colour that a style asks for, as this theme shows it."""
        return grey_of(colour) if self.grey and colour.startswith("#") else colour

    def text(self, role: str, on: str = "none") -> str:
        """The colour of a label on a fill: the role's, or of ``inks`` what is read better there."""
        ink = self.texts.get(role, self.texts["ink"])
        page = self.background or "#FFFFFF"
        ground = on if on.startswith("#") else page
        if contrast(ink, ground) >= READABLE or ground == page:
            return ink
        return max(self.inks, key=lambda other: contrast(other, ground))


def leg_width(size: int | None) -> float:
    """The width of a wire: .75 + .27 log2 of its dim's size, from 1.5 to 5.5; 1.75 for a size not known.

    >>> leg_width(None), leg_width(2), leg_width(768), leg_width(50257), leg_width(2**40)
    (1.75, 1.5, 3.34, 4.97, 5.5)
    """
    if size is None:
        return 1.75
    return round(min(5.5, max(1.5, 0.75 + 0.27 * log2(max(1, size)))), 2)


SMALL = 32
"""The largest size of a figure in which widths tell sizes apart by more than they usually do."""
_STEP, _WIDEST = 1.0, 4.0


def small_widths(sizes: Set[int]) -> dict[int, float]:
    """The widths of wires whose sizes are all small: 1 more for twice the size, if then none is above 4.

    Nothing where the usual widths do as well: for one size, or where a size is larger than 32.

    >>> small_widths({3, 4, 5}), small_widths({2, 32})[32], small_widths({3, 768}), small_widths({3})
    ({3: 1.5, 4: 1.92, 5: 2.24}, 4.0, {}, {})
    """
    if len(sizes) < 2 or max(sizes) > SMALL:
        return {}
    least = max(1, min(sizes))
    above = {size: log2(max(1, size) / least) for size in sorted(sizes)}
    thin = leg_width(1)
    step = min(_STEP, (_WIDEST - thin) / max(*above.values(), 1.0))
    return {size: round(thin + step * more, 2) for size, more in above.items()}


def look_of(rules: Iterable[tuple[str, str]]) -> Look:
    """The look that a style's rules ask for; the last rule of a kind counts, what is no colour does not.

    >>> look_of([("shape", "circle"), ("fill", "#9c9"), ("width", "2"), ("stroke", "nonsense")])
    Look(fill='#99CC99', stroke='', width=2.0)
    """
    fill = stroke = ""
    width = 0.0
    for name, value in rules:
        match name:
            case "fill":
                fill = colour(value, fill=True) or fill
            case "stroke":
                stroke = colour(value) or stroke
            case "width" if re.fullmatch(r"\d{1,3}(\.\d{1,6})?", value):
                width = min(12.0, float(value))
    return Look(fill, stroke, width)
