"""The built-in themes: the paper's colours, greys for print, light on dark, one for the colour-blind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tnlang.draw.theme import Paint, Theme

INK, GREY, FAINT = "#20242B", "#69707C", "#C3C8D0"
LIGHT_INK = "#F2F4F7"


@dataclass(frozen=True, slots=True)
class _Bubble:
    """A family of bubbles: the tint (and how much of it) of the inside, the wall, the badge on it."""

    fill: str
    opacity: float
    edge: str
    badge: str
    dash: str = ""
    width: float = 1.5


def _theme(
    name: str,
    shapes: Mapping[str, Paint],
    bubbles: Mapping[str, _Bubble],
    *,
    ink: str,
    grey: str,
    faint: str,
    page: str,
    plate: str,
    frozen: Paint,
    ribbon: str,
    styled_opacity: float = 0.5,
    monochrome: bool = False,
) -> Theme:
    """A theme from the colours that make it; the edges of ``shapes`` are ``ink`` if they say nothing."""
    small = {
        "dot": Paint(ink),
        "pin": Paint(page, ink, 1.5),
        "clip": Paint(page, ink, 1.3),
        "shift": Paint(page, ink, 1.5),
        "hole": Paint(page, faint, 1.5, dash="4 4"),
        "text": Paint(),
        "dots": Paint(page),
        "plate": Paint(plate, faint, 1.25),
        "card": Paint(page, faint, 1.1, dash="1 5"),
        "mark": Paint("none", ink),
        "cut": Paint("none", grey, dash="1.5 5"),
        "next": Paint("none", faint),
        "tied": Paint(page, ink, 1.3),
        "frozen": frozen,
        "cell": Paint(page, ink, 1.1),
        "cell-set": Paint(ink, ink, 1.1),
    }
    edged = {role: Paint(p.fill, p.stroke or ink, p.width, p.opacity, p.dash) for role, p in shapes.items()}
    walls = {f: Paint(b.fill, b.edge, b.width, b.opacity, b.dash) for f, b in bubbles.items()}
    on_walls = {
        f"{part}-{f}": paint
        for f, b in bubbles.items()
        for part, paint in (
            ("badge", Paint(b.badge, b.edge, 1.2)),
            ("folded", Paint(b.badge, b.edge)),
            ("gate", Paint(b.edge)),
        )
    }
    return Theme(
        name,
        MappingProxyType({**edged, **walls, **on_walls, **small}),
        MappingProxyType({"ink": ink, "leg": grey, "grey": grey}),
        wire=ink,
        ribbon=ribbon,
        background=page,
        styled_opacity=styled_opacity,
        grey=monochrome,
    )


PAPER = _theme(
    "paper",
    {
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
    },
    {
        "mask": _Bubble("#74C476", 0.20, "#3B8D4A", "#E4F3E3"),
        "elementwise": _Bubble("#EE86B0", 0.17, "#C0497F", "#FCE6EF"),
        "norm": _Bubble("#8F7CC8", 0.18, "#6B57A5", "#EEEAF8"),
        "user": _Bubble("#98A2B3", 0.20, "#566072", "#EEF0F4"),
        "net": _Bubble("#98A2B3", 0.20, "#566072", "#EEF0F4"),
        "bracket": _Bubble("#7FB0EE", 0.20, "#2B62B8", "#E3EEFC"),
    },
    ink=INK,
    grey=GREY,
    faint=FAINT,
    page="#FFFFFF",
    plate="#F8F8F6",
    frozen=Paint("#E6F4FC", "#2B7FB8", 1.3),
    ribbon="#F0A3C1",
)

MONO = _theme(
    "mono",
    {
        "weight": Paint("#D9D9D9"),
        "second": Paint("#D9D9D9", width=2.8),
        "unitary": Paint("#D9D9D9", width=2.8),
        "isometry": Paint("#BFBFBF"),
        "data": Paint("#F2F2F2"),
        "bias": Paint("#F2F2F2"),
        "plain": Paint("#F2F2F2"),
        "result": Paint("#FFFFFF", width=2.8),
        "pattern": Paint("#A6A6A6"),
        "pasted": Paint("#FFFFFF", dash="3 3"),
        "add": Paint("#FFFFFF", width=1.2),
    },
    {
        "mask": _Bubble("#808080", 0.22, "#1A1A1A", "#FFFFFF"),
        "elementwise": _Bubble("#808080", 0.10, "#1A1A1A", "#FFFFFF", "6 4"),
        "norm": _Bubble("#808080", 0.16, "#1A1A1A", "#FFFFFF", "1 4", 2.0),
        "user": _Bubble("#808080", 0.06, "#1A1A1A", "#FFFFFF", "10 4 2 4"),
        "net": _Bubble("#808080", 0.06, "#1A1A1A", "#FFFFFF", "10 4 2 4"),
        "bracket": _Bubble("#808080", 0.06, "#1A1A1A", "#FFFFFF", width=0.8),
    },
    ink="#1A1A1A",
    grey="#595959",
    faint="#A6A6A6",
    page="#FFFFFF",
    plate="#FAFAFA",
    frozen=Paint("#FFFFFF", "#1A1A1A", 1.3, dash="2 2"),
    ribbon="#B3B3B3",
    monochrome=True,
)

DARK = _theme(
    "dark",
    {
        "weight": Paint("#5C4D22"),
        "second": Paint("#47417A"),
        "unitary": Paint("#47417A"),
        "isometry": Paint("#1F5A5A"),
        "data": Paint("#3B434E"),
        "bias": Paint("#3B434E"),
        "plain": Paint("#3B434E"),
        "result": Paint("#171A1F"),
        "pattern": Paint("#2C5A30"),
        "pasted": Paint("#6E2F50", "#F08AB8"),
        "add": Paint("#1F4678", "#8AB8F2"),
    },
    {
        "mask": _Bubble("#74C476", 0.16, "#7CC98A", "#1E3A24"),
        "elementwise": _Bubble("#EE86B0", 0.15, "#F08AB8", "#47223A"),
        "norm": _Bubble("#A594DE", 0.17, "#B4A5EA", "#332A55"),
        "user": _Bubble("#98A2B3", 0.16, "#AAB4C4", "#2D343E"),
        "net": _Bubble("#98A2B3", 0.16, "#AAB4C4", "#2D343E"),
        "bracket": _Bubble("#7FB0EE", 0.16, "#8AB8F2", "#1E3454"),
    },
    ink=LIGHT_INK,
    grey="#A9B2BF",
    faint="#59626F",
    page="#171A1F",
    plate="#1F2329",
    frozen=Paint("#14384D", "#7CC4EE", 1.3),
    ribbon="#C0628F",
    styled_opacity=0.16,
)

SAFE = _theme(
    "safe",
    {
        "weight": Paint("#F0E442"),
        "second": Paint("#E69DC0"),
        "unitary": Paint("#E69DC0"),
        "isometry": Paint("#6BB79F"),
        "data": Paint("#E4E7EB"),
        "bias": Paint("#E4E7EB"),
        "plain": Paint("#E4E7EB"),
        "result": Paint("#FFFFFF"),
        "pattern": Paint("#8FD0F5"),
        "pasted": Paint("#F5A45D", "#8A4300"),
        "add": Paint("#48B0DF", "#00456E"),
    },
    {
        "mask": _Bubble("#009E73", 0.18, "#00795A", "#E0F3EC"),
        "elementwise": _Bubble("#E69F00", 0.17, "#B35A00", "#FDF1DC", "7 4"),
        "norm": _Bubble("#CC79A7", 0.18, "#8E3F6C", "#F9EAF2", "1 4", 2.0),
        "user": _Bubble("#98A2B3", 0.20, "#566072", "#EEF0F4"),
        "net": _Bubble("#98A2B3", 0.20, "#566072", "#EEF0F4"),
        "bracket": _Bubble("#56B4E9", 0.18, "#00558C", "#E3F2FB", width=0.9),
    },
    ink=INK,
    grey="#5F6672",
    faint=FAINT,
    page="#FFFFFF",
    plate="#F8F8F6",
    frozen=Paint("#E6F4FC", "#00558C", 1.3),
    ribbon="#F5A45D",
)

THEMES = MappingProxyType({theme.name: theme for theme in (PAPER, MONO, DARK, SAFE)})
