"""A scene as SVG: presentation attributes alone, labels as outlines, the same bytes for the same scene.

No classes, styles, symbols or references: then every converter to PDF draws it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import groupby
from xml.etree import ElementTree

import svgwrite
from svgwrite.base import BaseElement
from svgwrite.container import Group

from tnlang.draw.ink import Inked, label_inks, layers, paint_of, path_of, ribbons
from tnlang.draw.labels import Run, number, outline_data, rules_data, runs
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
from tnlang.draw.theme import Paint, Theme
from tnlang.draw.themes import THEMES
from tnlang.draw.typeset import printable

LONGEST_TEXT = 4000
FONTS = "STIX Two Text, STIX, Libertinus Serif, Times New Roman, Liberation Serif, Nimbus Roman, serif"
"""What letters are set in where they are text: the typesetter's own font first."""

OTHER_FONTS = "Noto Sans CJK SC, Noto Sans, sans-serif"
"""What draws the letters that STIX lacks."""

_PREFIX = "\ue000"
"""Stands for the prefix of the ids until the text is known that it is made from; no text of ours holds it."""


def to_svg(scene: Scene, theme: Theme | None = None, *, text: bool = False) -> str:
    """The text of an SVG file, its layers from plates and bubbles up to shapes and labels.

    ``theme`` is the scene's own if not given. With ``text`` letters are text elements, which can be searched
    and edited but look as the reader's fonts do. Ids begin with a mark made from the picture, so that several
    pictures can stand in one page.
    """
    theme = theme or THEMES[scene.theme]
    wide, high = scene.width * scene.scale, scene.height * scene.scale
    drawing = svgwrite.Drawing(size=(f"{number(wide)}pt", f"{number(high)}pt"), debug=False, profile="full")
    drawing.attribs["viewBox"] = f"0 0 {number(scene.width)} {number(scene.height)}"
    drawing.attribs["role"] = "img"
    drawing.elements.remove(drawing.defs)
    _describe(drawing, scene)
    if theme.background:
        page = drawing.rect((0, 0), (number(scene.width), number(scene.height)), fill=theme.background)
        drawing.add(page)
    seen: Counter[str] = Counter()
    draw = _Pen(scene, theme, text)
    for name, chosen in layers(scene.items):
        layer = Group(debug=False, id=_PREFIX + name)
        drawn = draw.ribbons(chosen) if name == "ribbons" else _elements(chosen, draw.element, seen)
        for element in drawn:
            layer.add(element)
        drawing.add(layer)
    written = ElementTree.tostring(drawing.get_xml(), encoding="unicode")
    mark = sha256(written.encode()).hexdigest()[:8]
    prefix = f"tn-{mark}-"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written.replace(_PREFIX, prefix)}\n'


def _describe(drawing: svgwrite.Drawing, scene: Scene) -> None:
    """Title and description, which a reader for the blind finds by their ids."""
    texts = {"title": scene.title or "tensor network", "desc": scene.description}
    named = {name: printable(text, LONGEST_TEXT) for name, text in texts.items() if text}
    for name, text in named.items():
        drawing.add(_Text(name, text, id=_PREFIX + name))
    drawing.attribs["aria-labelledby"] = " ".join(_PREFIX + name for name in named)


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


def dashed_data(path: Path, pattern: str) -> str:
    """The strokes of a dashed path."""
    from tnlang.draw.dashes import dashes  # brings shapely and NumPy

    strokes = (Path(first, tuple(map(LineTo, rest))) for first, *rest in dashes(path, pattern))
    return "".join(map(path_data, strokes))


# ---------------------------------------------------------------- groups


def _elements(
    items: Iterable[Item], draw: Callable[[Item], BaseElement], seen: Counter[str]
) -> Iterator[BaseElement]:
    """The elements of a layer; stretches of one wire that stand together share a group with its title."""
    for (kind, key), run in groupby(items, _group_key):
        members = list(run)
        drawn = [draw(item) for item in members]
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
        case OutlineItem(family="plate"):
            return ("plate", abs(item.id))
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
    return _PREFIX + (name if seen[name] == 1 else f"{name}-{seen[name]}")


# ---------------------------------------------------------------- elements


class _Element(BaseElement):  # type: ignore[misc]
    """An element with attributes of our own writing: svgwrite would parse and check each number again."""

    def __init__(self, name: str, **attributes: str) -> None:
        self.elementname = name
        super().__init__(debug=False)
        for key, value in attributes.items():
            self.attribs[key.replace("_", "-")] = value


class _Text(_Element):
    """An element that holds a text."""

    def __init__(self, name: str, content: str, **attributes: str) -> None:
        super().__init__(name, **attributes)
        self.content = content

    def get_xml(self) -> ElementTree.Element:
        xml: ElementTree.Element = super().get_xml()
        xml.text = self.content
        return xml


class _Pen:
    """Draws the items of one scene."""

    def __init__(self, scene: Scene, theme: Theme, text: bool) -> None:
        self.scale, self.theme, self.text = scene.scale, theme, text
        self.ink = label_inks(scene, theme)

    def element(self, item: Item) -> BaseElement:
        match item:
            case LabelItem():
                return self.label(item)
            case RibbonItem() | WireItem() | InkItem() | ShapeItem() | OutlineItem():
                return self.inked(item)

    def ribbons(self, items: Iterable[Item]) -> Iterator[BaseElement]:
        for first, paths in ribbons(items):
            yield _stroked("".join(map(path_data, paths)), paint_of(first, self.theme, self.scale))

    def inked(self, item: Inked) -> BaseElement:
        """The curve; where it is dashed, its strokes, over the area that it is filled with."""
        paint, path = paint_of(item, self.theme, self.scale), path_of(item)
        line = isinstance(item, WireItem | RibbonItem) or (isinstance(item, InkItem) and item.stroke)
        edged = bool(paint.stroke) and paint.stroke != "none"
        data = dashed_data(path, paint.dash) if paint.dash and edged else path_data(path)
        if line:
            return _stroked(data, paint)
        if not paint.dash or not edged:
            return _painted(data, paint)
        group = Group(debug=False)
        group.add(_painted(path_data(path), replace(paint, stroke="")))
        group.add(_stroked(data, replace(paint, opacity=1.0)))
        return group

    def label(self, item: LabelItem) -> BaseElement:
        """The outlines; letters as text where text is wanted, and always where the font has no outline."""
        fill = self.ink(item)
        data = rules_data(item) if self.text else outline_data(item)
        outlines = _Element("path", d=data or "M0 0", fill=fill)
        letters = [_letters(run, fill) for run in runs(item, absent=not self.text)]
        if not letters:
            return outlines
        group = Group(debug=False)
        for element in [outlines, *letters] if data else letters:
            group.add(element)
        return group


def _letters(run: Run, fill: str) -> BaseElement:
    slant = {"font_style": "italic"} if run.italic else {}
    weight = {"font_weight": "bold"} if run.bold else {}
    x, y = (number(value) for value in run.at)
    fonts = OTHER_FONTS if run.absent else FONTS
    shape = {"font_family": fonts, "font_size": number(run.size), **slant, **weight}
    return _Text("text", run.text, x=x, y=y, text_anchor="middle", **shape, fill=fill)


def _stroked(data: str, paint: Paint) -> _Element:
    return _Element(
        "path",
        d=data,
        fill="none",
        stroke=paint.stroke,
        stroke_width=number(paint.width),
        stroke_linecap="round",
        stroke_linejoin="round",
        **({"stroke_opacity": number(paint.opacity)} if paint.opacity < 1 else {}),
    )


def _painted(data: str, paint: Paint) -> _Element:
    attributes = {"fill": paint.fill}
    if paint.opacity < 1:
        attributes["fill_opacity"] = number(paint.opacity)
    if paint.stroke and paint.stroke != "none":
        attributes |= {
            "stroke": paint.stroke,
            "stroke_width": number(paint.width),
            "stroke_linejoin": "round",
        }
    return _Element("path", d=data, **attributes)
