"""From items to ink: in which order a scene is painted, and with what. All writers paint by this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tnlang.draw.scene import (
    InkItem,
    Item,
    LabelItem,
    Look,
    OutlineItem,
    Path,
    RibbonItem,
    Scene,
    ShapeItem,
    WireItem,
)
from tnlang.draw.theme import Paint, Theme

HAIRLINE = 0.5
"""No line is thinner, in points: a thinner one is lost in print."""

_LAYERS: tuple[tuple[str, Callable[[Item], bool]], ...] = (
    ("plates", lambda item: isinstance(item, OutlineItem) and item.family in ("plate", "card")),
    ("bubbles", lambda item: isinstance(item, OutlineItem) and item.family not in ("plate", "card")),
    ("ribbons", lambda item: isinstance(item, RibbonItem)),
    ("gates", lambda item: isinstance(item, InkItem) and item.layer == "under"),
    ("wires", lambda item: isinstance(item, WireItem)),
    ("dots", lambda item: isinstance(item, ShapeItem) and item.role == "dot"),
    ("shapes", lambda item: isinstance(item, ShapeItem) and item.role != "dot"),
    ("marks", lambda item: isinstance(item, InkItem) and item.layer == "over"),
    ("labels", lambda item: isinstance(item, LabelItem)),
)


def layers(items: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The items of each layer that has some, in the order they stand; of bubbles the outer ones first."""
    known = tuple(items)
    for name, belongs in _LAYERS:
        chosen = [item for item in known if belongs(item)]
        if chosen:
            yield name, sorted(chosen, key=lambda item: item.depth if isinstance(item, OutlineItem) else 0)


def ribbons(items: Iterable[Item]) -> list[tuple[RibbonItem, list[Path]]]:
    """Ribbons of one width together: in one path their ink is no darker where they lie on one another."""
    found = [item for item in items if isinstance(item, RibbonItem)]
    widths = dict.fromkeys(item.width for item in found)
    alike = [[item for item in found if item.width == width] for width in widths]
    return [(group[0], [item.path for item in group]) for group in alike]


Inked = WireItem | RibbonItem | InkItem | ShapeItem | OutlineItem


def path_of(item: Inked) -> Path:
    """The line or outline of an item."""
    match item:
        case WireItem(path=path) | RibbonItem(path=path):
            return path
        case InkItem(outline=path) | ShapeItem(outline=path) | OutlineItem(outline=path):
            return path


def role_of(item: Inked) -> str:
    """What a theme knows the item by."""
    match item:
        case WireItem():
            return "wire"
        case RibbonItem():
            return "ribbon"
        case OutlineItem(family=family):
            return family
        case InkItem(role=role) | ShapeItem(role=role):
            return role


def paint_of(item: Inked, theme: Theme, scale: float = 1.0) -> Paint:
    """Fill, edge and width of an item in the scene's units; ``scale`` is points a unit.

    What a style says of widths is in points; no line is thinner than a hairline on paper.
    """
    match item:
        case WireItem(width=width, look=look):
            paint = Paint("none", theme.tone(look.stroke) or theme.wire, _width(look, scale) or width)
        case RibbonItem(width=width):
            paint = Paint("none", theme.ribbon, width, theme.ribbon_opacity)
        case InkItem(role=role, stroke=stroke):
            paint = theme.paint(role)
            if stroke:
                paint = Paint("none", paint.stroke or paint.fill, stroke, dash=paint.dash)
        case ShapeItem(role=role, look=look) | OutlineItem(family=role, look=look):
            paint = theme.paint(role, replace(look, width=_width(look, scale)))
    return replace(paint, width=max(paint.width, HAIRLINE / scale))


def _width(look: Look, scale: float) -> float:
    return look.width / scale


def label_inks(scene: Scene, theme: Theme) -> Callable[[LabelItem], str]:
    """The colour of each label: its role's, or one that can be read on the shape that it stands in."""
    shapes = [item for item in scene.items if isinstance(item, ShapeItem)]
    fills = {item.id: theme.paint(item.role, item.look).fill for item in shapes}

    def ink(label: LabelItem) -> str:
        on = fills.get(label.inside, "none") if label.kind == "shape" and label.inside is not None else "none"
        return theme.text(label.role, on)

    return ink
