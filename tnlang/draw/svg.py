"""A scene as SVG: presentation attributes alone, labels as outlines, the same bytes for the same scene.

No classes, styles, symbols or references: then every converter to PDF draws it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, tostring

from tnlang.draw.ink import Inked, label_inks, layers, paint_of, path_of, ribbons
from tnlang.draw.labels import Run, outline_data, rules_data, runs
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

_SPACES = {
    "xmlns": "http://www.w3.org/2000/svg",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    "xmlns:ev": "http://www.w3.org/2001/xml-events",
}

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
    page = {"width": number(scene.width), "height": number(scene.height)}
    drawing = Element("svg", _SPACES | {"baseProfile": "full", "version": "1.1", "role": "img"})
    drawing.attrib |= {"width": f"{number(wide)}pt", "height": f"{number(high)}pt"}
    drawing.attrib["viewBox"] = f"0 0 {page['width']} {page['height']}"
    _describe(drawing, scene)
    if theme.background:
        SubElement(drawing, "rect", {"x": "0", "y": "0", **page, "fill": theme.background})
    seen: Counter[str] = Counter()
    draw = _Pen(scene, theme, text)
    for name, chosen in layers(scene.items):
        layer = SubElement(drawing, "g", id=_PREFIX + name)
        layer.extend(draw.ribbons(chosen) if name == "ribbons" else _elements(chosen, draw.element, seen))
    for element in drawing.iter():
        element.attrib = dict(sorted(element.attrib.items()))
    written = tostring(drawing, encoding="unicode")
    mark = sha256(written.encode()).hexdigest()[:8]
    prefix = f"tn-{mark}-"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written.replace(_PREFIX, prefix)}\n'


def _describe(drawing: Element, scene: Scene) -> None:
    """Title and description, which a reader for the blind finds by their ids."""
    texts = {"title": scene.title or "tensor network", "desc": scene.description}
    named = {name: printable(text, LONGEST_TEXT) for name, text in texts.items() if text}
    for name, text in named.items():
        SubElement(drawing, name, id=_PREFIX + name).text = text
    drawing.attrib["aria-labelledby"] = " ".join(_PREFIX + name for name in named)


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


# ---------------------------------------------------------------- groups


def _elements(
    items: Iterable[Item], draw: Callable[[Item], Element], seen: Counter[str]
) -> Iterator[Element]:
    """The elements of a layer; stretches of one wire that stand together share a group with its title."""
    for (kind, key), run in groupby(items, _group_key):
        members = list(run)
        drawn = [draw(item) for item in members]
        if key is None:
            for item, element in zip(members, drawn, strict=True):
                yield _titled(element, item)
            continue
        group = _group(drawn) if len(drawn) > 1 else drawn[0]
        group.attrib["id"] = _unique(f"{kind}-{key}", seen)
        yield _titled(group, members[0])


def _group(members: Iterable[Element]) -> Element:
    group = Element("g")
    group.extend(members)
    return group


def _titled(element: Element, item: Item) -> Element:
    """The element with the item's title, if that has one."""
    if text := _title(item):
        title = Element("title")
        title.text = text
        element.insert(0, title)
    return element


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


def _element(name: str, **attributes: str) -> Element:
    """An element; names of attributes have a - where they have a _ here."""
    return Element(name, {key.replace("_", "-"): value for key, value in attributes.items()})


class _Pen:
    """Draws the items of one scene."""

    def __init__(self, scene: Scene, theme: Theme, text: bool) -> None:
        self.scale, self.theme, self.text = scene.scale, theme, text
        self.ink = label_inks(scene, theme)

    def element(self, item: Item) -> Element:
        match item:
            case LabelItem():
                return self.label(item)
            case RibbonItem() | WireItem() | InkItem() | ShapeItem() | OutlineItem():
                return self.inked(item)

    def ribbons(self, items: Iterable[Item]) -> Iterator[Element]:
        for first, paths in ribbons(items):
            yield _stroked("".join(map(path_data, paths)), paint_of(first, self.theme, self.scale))

    def inked(self, item: Inked) -> Element:
        paint, data = paint_of(item, self.theme, self.scale), path_data(path_of(item))
        line = isinstance(item, WireItem | RibbonItem) or (isinstance(item, InkItem) and item.stroke)
        return _stroked(data, paint) if line else _painted(data, paint)

    def label(self, item: LabelItem) -> Element:
        """The outlines; letters as text where text is wanted, and always where the font has no outline."""
        fill = self.ink(item)
        data = rules_data(item) if self.text else outline_data(item)
        outlines = _element("path", d=data or "M0 0", fill=fill)
        letters = [_letters(run, fill) for run in runs(item, absent=not self.text)]
        if not letters:
            return outlines
        return _group([outlines, *letters] if data else letters)


def _letters(run: Run, fill: str) -> Element:
    slant = {"font_style": "italic"} if run.italic else {}
    weight = {"font_weight": "bold"} if run.bold else {}
    x, y = (number(value) for value in run.at)
    fonts = OTHER_FONTS if run.absent else FONTS
    shape = {"font_family": fonts, "font_size": number(run.size), **slant, **weight}
    element = _element("text", x=x, y=y, text_anchor="middle", **shape, fill=fill)
    element.text = run.text
    return element


def _stroked(data: str, paint: Paint) -> Element:
    return _element(
        "path",
        d=data,
        fill="none",
        stroke=paint.stroke,
        stroke_width=number(paint.width),
        stroke_linecap="round",
        stroke_linejoin="round",
        **({"stroke_opacity": number(paint.opacity)} if paint.opacity < 1 else {}),
        **({"stroke_dasharray": paint.dash} if paint.dash else {}),
    )


def _painted(data: str, paint: Paint) -> Element:
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
    return _element("path", d=data, **attributes)
