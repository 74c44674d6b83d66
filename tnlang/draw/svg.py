"""A scene as SVG: presentation attributes alone, labels as outlines, the same bytes for the same scene.

No classes, styles, symbols or references: then every converter to PDF draws it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import svgwrite
from svgwrite.base import BaseElement
from svgwrite.container import Group

from tnlang.draw.labels import outline_data, printable
from tnlang.draw.scene import (
    CurveTo,
    InkItem,
    Item,
    LabelItem,
    LineTo,
    OutlineItem,
    Path,
    RibbonItem,
    Scene,
    ShapeItem,
    WireItem,
)
from tnlang.draw.theme import HOUSE, Paint, Theme

LONGEST_TEXT = 4000


def to_svg(scene: Scene, theme: Theme = HOUSE) -> str:
    """The text of an SVG file, 1 unit a point, its layers from plates and bubbles up to shapes and labels."""
    drawing = svgwrite.Drawing(
        size=(f"{number(scene.width)}pt", f"{number(scene.height)}pt"), debug=False, profile="full"
    )
    drawing.attribs["viewBox"] = f"0 0 {number(scene.width)} {number(scene.height)}"
    drawing.elements.remove(drawing.defs)
    if scene.title or scene.description:
        drawing.set_desc(
            printable(scene.title, LONGEST_TEXT) or None, printable(scene.description, LONGEST_TEXT) or None
        )
    if theme.background:
        page = drawing.rect((0, 0), (number(scene.width), number(scene.height)), fill=theme.background)
        drawing.add(page)
    seen: Counter[str] = Counter()
    for name, chosen in _layers(scene.items):
        if not chosen:
            continue
        layer = Group(debug=False, id=name)
        if name == "ribbons":
            layer.attribs["opacity"] = number(theme.ribbon_opacity)
        for element in _elements(chosen, theme, seen):
            layer.add(element)
        drawing.add(layer)
    text: str = drawing.tostring()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def number(value: float) -> str:
    """A coordinate rounded to .01, without trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def path_data(path: Path) -> str:
    """A path in SVG's letters."""

    def point(p: tuple[float, float]) -> str:
        return f"{number(p[0])} {number(p[1])}"

    parts = [f"M{point(path.start)}"]
    for segment in path.segments:
        match segment:
            case LineTo(end):
                parts.append(f"L{point(end)}")
            case CurveTo(first, second, end):
                parts.append(f"C{point(first)} {point(second)} {point(end)}")
    return "".join(parts) + ("Z" if path.closed else "")


# ---------------------------------------------------------------- layers

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


def _layers(items: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The items of each layer in the order they stand; of bubbles the outer ones first."""
    for name, belongs in _LAYERS:
        chosen = [item for item in items if belongs(item)]
        yield name, sorted(chosen, key=lambda item: item.depth if isinstance(item, OutlineItem) else 0)


def _elements(items: Iterable[Item], theme: Theme, seen: Counter[str]) -> Iterator[BaseElement]:
    """The elements of a layer; stretches of one wire that stand together share a group with its title."""
    for (kind, key), run in groupby(items, _group_key):
        members = list(run)
        drawn = [_element(item, theme) for item in members]
        if key is None:
            for item, element in zip(members, drawn, strict=True):
                if title := _title(item):
                    element.set_desc(title)
                yield element
            continue
        group = Group(debug=False, id=_unique(f"{kind}-{key}", seen)) if len(drawn) > 1 else drawn[0]
        if len(drawn) > 1:
            for element in drawn:
                group.add(element)
        else:
            group.attribs["id"] = _unique(f"{kind}-{key}", seen)
        title = _title(members[0])
        if title:
            group.set_desc(title)
        yield group


def _group_key(item: Item) -> tuple[str, int | None]:
    match item:
        case WireItem():
            return ("wire", item.id)
        case ShapeItem():
            return ("shape", item.id)
        case OutlineItem():
            return ("wall", item.id)
    return ("ink", None)


def _title(item: Item) -> str:
    match item:
        case RibbonItem():
            return ""
        case _:
            return printable(item.title, LONGEST_TEXT)


def _unique(name: str, seen: Counter[str]) -> str:
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


# ---------------------------------------------------------------- elements


class _PathElement(BaseElement):  # type: ignore[misc]
    """``path`` with data of our own writing: svgwrite would parse and check each number again."""

    elementname = "path"

    def __init__(self, data: str, **attributes: str) -> None:
        super().__init__(debug=False)
        self.attribs["d"] = data
        for name, value in attributes.items():
            self.attribs[name.replace("_", "-")] = value


def _element(item: Item, theme: Theme) -> BaseElement:
    match item:
        case WireItem(path=path, width=width):
            ink = item.look.stroke or theme.wire
            return _stroked(path_data(path), ink, item.look.width or width)
        case RibbonItem(path=path, width=width):
            return _stroked(path_data(path), theme.ribbon, width)
        case InkItem(outline=outline, role=role, stroke=stroke) if stroke:
            paint = theme.paint(role)
            return _stroked(path_data(outline), paint.stroke or paint.fill, stroke, paint.dash)
        case InkItem(outline=outline, role=role):
            return _painted(path_data(outline), theme.paint(role))
        case ShapeItem(outline=outline, role=role, look=look):
            return _painted(path_data(outline), theme.paint(role, look))
        case OutlineItem(outline=outline, family=family, look=look):
            return _painted(path_data(outline), theme.paint(family, look))
        case LabelItem(role=role):
            return _PathElement(outline_data(item) or "M0 0", fill=theme.texts.get(role, theme.texts["ink"]))


def _stroked(data: str, ink: str, width: float, dash: str = "") -> _PathElement:
    return _PathElement(
        data,
        fill="none",
        stroke=ink,
        stroke_width=number(width),
        stroke_linecap="round",
        stroke_linejoin="round",
        **({"stroke_dasharray": dash} if dash else {}),
    )


def _painted(data: str, paint: Paint) -> _PathElement:
    attributes = {"fill": paint.fill}
    if paint.opacity < 1:
        attributes["fill_opacity"] = number(paint.opacity)
    if paint.stroke and paint.stroke != "none":
        attributes |= {
            "stroke": paint.stroke,
            "stroke_width": number(paint.width),
            "stroke_linejoin": "round",
        }
        if paint.dash:
            attributes |= {"stroke_dasharray": paint.dash, "stroke_linecap": "round"}
    return _PathElement(data, **attributes)
