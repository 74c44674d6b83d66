"""The theme: what colour, edge and width each role has, and what a program's styles change.

A picture names roles only; what they look like is said here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log2
from types import MappingProxyType

from tnlang.draw.colours import colour
from tnlang.draw.scene import PLAIN, Look

INK, GREY, FAINT = "#20242B", "#69707C", "#C3C8D0"


@dataclass(frozen=True, slots=True)
class Paint:
    """How an outline is painted: ``stroke`` "" is no edge; ``dash`` as in SVG."""

    fill: str = "none"
    stroke: str = INK
    width: float = 1.7
    opacity: float = 1.0
    dash: str = ""


def _wall(fill: str, opacity: float, edge: str) -> Paint:
    return Paint(fill, edge, 1.5, opacity)


_SHAPES = {
    "weight": Paint("#F5E7C4"),
    "second": Paint("#DEDDF3"),
    "unitary": Paint("#DEDDF3"),
    "isometry": Paint("#CCE6E6"),
    "data": Paint("#E4E7EB"),
    "bias": Paint("#E4E7EB"),
    "plain": Paint("#E4E7EB"),
    "result": Paint("#FFFFFF"),
    "pattern": Paint("#CFE9CC"),
    "pasted": Paint("#F9CFDE", "#BE4A7F"),
    "add": Paint("#C9DEF9", "#2B62B8"),
    "dot": Paint(INK, ""),
    "pin": Paint("#FFFFFF", width=1.5),
    "clip": Paint("#FFFFFF", width=1.3),
    "shift": Paint("#FFFFFF", width=1.5),
    "hole": Paint("#FFFFFF", FAINT, 1.5, dash="4 4"),
    "text": Paint("none", ""),
}

# bubbles: fill, its opacity, edge, badge
_FAMILIES = {
    "mask": ("#74C476", 0.20, "#3B8D4A", "#E4F3E3"),
    "elementwise": ("#EE86B0", 0.17, "#C0497F", "#FCE6EF"),
    "norm": ("#8F7CC8", 0.18, "#6B57A5", "#EEEAF8"),
    "user": ("#98A2B3", 0.20, "#566072", "#EEF0F4"),
    "net": ("#98A2B3", 0.20, "#566072", "#EEF0F4"),
    "bracket": ("#7FB0EE", 0.20, "#2B62B8", "#E3EEFC"),
}

_PAINTS = {
    **_SHAPES,
    **{family: _wall(fill, opacity, edge) for family, (fill, opacity, edge, _) in _FAMILIES.items()},
    **{f"badge-{f}": Paint(badge, edge, 1.2) for f, (_, _, edge, badge) in _FAMILIES.items()},
    **{f"folded-{f}": Paint(badge, edge) for f, (_, _, edge, badge) in _FAMILIES.items()},
    **{f"gate-{f}": Paint(edge, "") for f, (_, _, edge, _) in _FAMILIES.items()},
    "plate": Paint("#F8F8F6", FAINT, 1.25),
    "card": Paint("#FFFFFF", FAINT, 1.1, dash="1 5"),
    "mark": Paint("none", INK),
    "tied": Paint("#FFFFFF", INK, 1.3),
    "frozen": Paint("#E6F4FC", "#2B7FB8", 1.3),
    "cell": Paint("#FFFFFF", INK, 1.1),
    "cell-set": Paint(INK, INK, 1.1),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """``paints`` by role; ``texts`` the colours of labels by role; a wire is drawn in ``wire``."""

    paints: Mapping[str, Paint] = field(default_factory=lambda: MappingProxyType(_PAINTS))
    texts: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"ink": INK, "leg": GREY, "grey": GREY})
    )
    wire: str = INK
    ribbon: str = "#F0A3C1"
    ribbon_opacity: float = 0.5
    background: str = "#FFFFFF"

    def paint(self, role: str, look: Look = PLAIN) -> Paint:
        """The paint of a role as a style changes it; an unknown role is painted as ``plain``."""
        paint = self.paints.get(role, self.paints["plain"])
        if look == PLAIN:
            return paint
        opacity = 0.5 if look.fill and paint.opacity < 1 else paint.opacity  # walls let the page through
        fill, stroke = look.fill or paint.fill, look.stroke or paint.stroke
        return Paint(fill, stroke, look.width or paint.width, opacity, paint.dash)


HOUSE = Theme()


def leg_width(size: int | None) -> float:
    """The width of a wire: .75 + .27 log2 of its dim's size, from 1.5 to 5.5; 1.75 for a size not known.

    >>> leg_width(None), leg_width(2), leg_width(768), leg_width(50257), leg_width(2**40)
    (1.75, 1.5, 3.34, 4.97, 5.5)
    """
    if size is None:
        return 1.75
    return round(min(5.5, max(1.5, 0.75 + 0.27 * log2(max(1, size)))), 2)


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
