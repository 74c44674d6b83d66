"""An SVG file as elements: a layer, a title and a curve each.

What is drawn must be what is read: ink of any other kind, hidden or unpainted curves, and ink off the page
are refused. The text is untrusted: no entities, no document type, bounded in size; numbers that are none
are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from xml.etree import ElementTree

from tnlang.draw.geometry import Box, bbox, box_around, distance_to, quadratic, rounded, union
from tnlang.draw.scene import CurveTo, LineTo, Path, Point

LONGEST_SVG = 32 * 2**20
MOST_ELEMENTS = 200_000
FURTHEST = 1e7
"""No coordinate is further out."""
LEAST_LINE, LEAST_OPACITY = 0.05, 0.05
EDGE = 0.2
"""So near to an outline its dashes lie."""
FILLED = ("plates", "bubbles", "shapes")
"""The layers of areas."""
LAYERS = ("plates", "bubbles", "ribbons", "gates", "wires", "dots", "shapes", "marks", "labels")

_SAID = frozenset(
    {
        *(
            "id",
            "d",
            "x",
            "y",
            "width",
            "height",
            "fill",
            "stroke",
            "opacity",
            "fill-opacity",
            "stroke-opacity",
        ),
        *("stroke-width", "stroke-linecap", "stroke-linejoin", "fill-rule"),
        *("font-family", "font-size", "font-style", "font-weight", "text-anchor"),
    }
)
"""The attributes that an element may have."""
_SPACE = "{http://www.w3.org/2000/svg}"
_LETTER = re.compile(r"([MLHVCQZ])([^A-Za-z]*(?:e[-+]?\d+[^A-Za-z]*)*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_INK = re.compile(r"[MLCQZlcqz0-9 ,.eE+-]*")
_STROKE = re.compile(r"([MLCQZlcqz])([^MLCQZlcqz]*)")
"""Outlines of letters: curves of points alone, in small letters as steps."""
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}


class Unreadable(ValueError):
    """What cannot be read as a picture of a network: what is wrong and, if known, where."""

    def __init__(self, message: str, at: Point | None = None) -> None:
        super().__init__(f"{message} {where(at)}" if at is not None else message)


def where(at: Point) -> str:
    """A place in words."""
    return f"(at {at[0]:.0f}, {at[1]:.0f})"


@dataclass(frozen=True, slots=True)
class Element:
    """A curve that is painted. ``stroke`` is the width of its line, 0 for none."""

    layer: str
    title: str
    path: Path
    stroke: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """``told`` is the description of the whole, ``title`` its title."""

    title: str
    told: str
    elements: tuple[Element, ...]

    def layer(self, *names: str) -> tuple[Element, ...]:
        return tuple(element for element in self.elements if element.layer in names)


def read_svg(text: str) -> Drawing:
    """The elements of a picture. Raises Unreadable for what is no SVG of ours."""
    if len(text) > LONGEST_SVG:
        raise Unreadable(f"the file is longer than {LONGEST_SVG} characters")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("the file declares a document type or entities")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise Unreadable(f"no XML: {error}") from None
    if root.tag != f"{_SPACE}svg":
        raise Unreadable("no SVG")
    page = _page(root) if "viewBox" in root.attrib else None
    elements: list[Element] = []
    seen: list[str] = []
    paper = "#FFFFFF"
    for group in root:
        kind = group.tag.removeprefix(_SPACE)
        layer = re.split(r"[^a-z]+", group.get("id", ""))[-1]
        if kind in ("title", "desc"):
            continue
        if kind == "rect" and not seen:
            paper = group.get("fill", paper)
            continue
        if kind != "g" or layer not in LAYERS or layer in seen:
            raise Unreadable(
                f"the picture holds something else than its layers: {kind} {group.get('id', '')}"
            )
        seen.append(layer)
        for element in _elements(group, layer, paper):
            elements.append(element)
            if len(elements) > MOST_ELEMENTS:
                raise Unreadable(f"more than {MOST_ELEMENTS} elements")
            if page is not None and not _holds(page, bbox(element.path)):
                raise Unreadable("ink that is not on the page", bbox(element.path).center)
    if page is None:
        raise Unreadable("no viewBox")
    if seen != [layer for layer in LAYERS if layer in seen]:
        raise Unreadable("the layers lie in another order")
    return Drawing(_told(root, "title"), _told(root, "desc"), tuple(elements))


def _is_edge(curves: Sequence[Path], area: ElementTree.Element) -> bool:
    """Whether open curves are the strokes of the dashed edge of the area that is painted under them."""
    (outline,) = read_paths(area.get("d", ""))
    points = [at for curve in curves for at in (curve.start, *(segment.end for segment in curve.segments))]
    return not any(c.closed for c in curves) and all(distance_to(outline, at) < EDGE for at in points)


def _page(root: ElementTree.Element) -> Box:
    """The part of the plane that is shown."""
    numbers = [_float(number) for number in root.get("viewBox", "").split()]
    if len(numbers) != 4:
        raise Unreadable("no viewBox")
    left, top, width, height = numbers
    return Box(left, top, left + width, top + height)


def _holds(page: Box, box: Box) -> bool:
    return page.holds((box.left, box.top), 1.0) and page.holds((box.right, box.bottom), 1.0)


def _told(element: ElementTree.Element, kind: str) -> str:
    return element.findtext(f"{_SPACE}{kind}") or ""


def _elements(layer: ElementTree.Element, name: str, paper: str) -> Iterator[Element]:
    """The curves of a layer; those of a group share its title, and what it writes is one label."""
    _plain(layer, name)
    for child in layer:
        title = _told(child, "title")
        _plain(child, name)
        boxes: list[Box] = []
        area: ElementTree.Element | None = None
        for part in child if child.tag == f"{_SPACE}g" else (child,):
            kind = part.tag.removeprefix(_SPACE)
            if kind == "title":
                continue
            _plain(part, name)
            if kind == "text" and name == "labels":
                boxes.append(bbox(_text_box(part)))
            elif kind == "path" and name == "labels":
                boxes.extend(bbox(path) for path in _outline(part.get("d", "")))
            elif kind == "path" or (kind == "rect" and name == "labels"):
                curves = list(read_paths(part.get("d", ""))) if kind == "path" else []
                if area is not None and _is_edge(curves, area):
                    continue
                area = part if name in FILLED and len(curves) == 1 and curves[0].closed else None
                _seen(part, name, paper)
                yield from (Element(name, title, path, _width(part)) for path in curves)
            else:
                raise Unreadable(f"layer {name} holds {kind}")
        if boxes:
            yield Element(name, title, rounded(union(boxes), 0), 0.0)


def _plain(part: ElementTree.Element, name: str) -> None:
    """Refuse what moves, hides or clips: only paint and geometry may be said of an element."""
    if "transform" in part.attrib:
        raise Unreadable(f"an element of layer {name} is transformed")
    odd = sorted(part.attrib.keys() - _SAID)
    if odd:
        raise Unreadable(f"an element of layer {name} says {odd[0]}")


def _seen(part: ElementTree.Element, name: str, paper: str) -> None:
    """Refuse a curve that nobody can see."""
    stroke, fill = part.get("stroke", "none"), part.get("fill", "black")
    drawn = stroke.lower() not in ("none", "transparent", paper.lower())
    wide = drawn and _float(part.get("stroke-width", "1")) >= LEAST_LINE
    faint = min(_float(part.get(key, "1")) for key in ("opacity", "stroke-opacity", "fill-opacity"))
    line = name in ("wires", "ribbons")
    if faint < LEAST_OPACITY or (not wide and (line or fill == "none")):
        raise Unreadable(f"a curve of layer {name} is not to be seen")


def _width(part: ElementTree.Element) -> float:
    painted = part.get("stroke", "none") != "none"
    return _float(part.get("stroke-width", "1")) if painted else 0.0


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Unreadable(f"{text[:40]!r} is no number") from None
    if not isfinite(value) or abs(value) > FURTHEST:
        raise Unreadable(f"{text[:40]} is no coordinate")
    return value


def _text_box(part: ElementTree.Element) -> Path:
    at = (_float(part.get("x", "0")), _float(part.get("y", "0")))
    size = _float(part.get("font-size", "10"))
    return rounded(box_around((at[0], at[1] - size / 3), size, size), 0)


def _outline(data: str) -> Iterator[Path]:
    """The box round a label's ink; none where it has no ink."""
    if _INK.fullmatch(data) is None:
        raise Unreadable(f"a label is drawn with {data[:20]!r}")
    xs, ys = [], []
    start = here = (0.0, 0.0)
    for letter, text in _STROKE.findall(data):
        numbers = list(map(_float, _NUMBER.findall(text)))
        takes = _TAKES[letter.upper()]
        if len(numbers) % takes if takes else numbers:
            raise Unreadable(f"a label is drawn with {letter}{text[:20]!r}")
        for place in range(0, len(numbers), takes or 1):
            right, down = here if letter.islower() else (0.0, 0.0)
            xs += [right + x for x in numbers[place : place + takes : 2]]
            ys += [down + y for y in numbers[place + 1 : place + takes : 2]]
            here = (xs[-1], ys[-1])
        if letter == "M" and numbers:
            start = (numbers[0], numbers[1])
        elif letter in "Zz":
            here = start
    if len(xs) > 1:
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        if max(-left, -top, right, bottom) > FURTHEST:
            raise Unreadable("a label lies too far out")
        yield rounded(Box(left, top, right, bottom), 0)


def read_paths(data: str) -> Iterator[Path]:
    """The curves of absolute commands. Raises Unreadable for anything else."""
    curve: list[tuple[str, Sequence[float]]] = []
    for letter, numbers in _commands(data):
        if letter == "M" and curve:
            yield _curve(curve)
            curve = []
        curve.append((letter, numbers))
    yield _curve(curve)


def _curve(commands: Sequence[tuple[str, Sequence[float]]]) -> Path:
    if len(commands) < 2 or commands[0][0] != "M":
        raise Unreadable("a path without a curve")
    start = here = (commands[0][1][0], commands[0][1][1])
    segments: list[LineTo | CurveTo] = []
    closed = False
    for letter, numbers in commands[1:]:
        match letter, numbers:
            case "L", [x, y] if not closed:
                segments.append(LineTo((x, y)))
            case "H", [x] if not closed:
                segments.append(LineTo((x, here[1])))
            case "V", [y] if not closed:
                segments.append(LineTo((here[0], y)))
            case "C", [a, b, c, d, x, y] if not closed:
                segments.append(CurveTo((a, b), (c, d), (x, y)))
            case "Q", [a, b, x, y] if not closed:
                segments.append(quadratic(here, (a, b), (x, y)))
            case "Z", _ if segments:
                closed = True
                continue
            case _:
                raise Unreadable(f"a path goes on with {letter}", here)
        here = segments[-1].end
    return Path(start, tuple(segments), closed)


def _commands(data: str) -> Iterator[tuple[str, Sequence[float]]]:
    """Letters with as many numbers as they take; ``M`` and ``L`` with more go on as ``L``."""
    rest = _LETTER.sub("", data)
    if rest.strip():
        raise Unreadable(f"path data with {rest.strip()[:20]!r}")
    for letter, text in _LETTER.findall(data):
        numbers = [_float(number) for number in _NUMBER.findall(text)]
        takes = _TAKES[letter]
        if (takes == 0 and numbers) or (takes and (not numbers or len(numbers) % takes)):
            raise Unreadable(f"{letter} with {len(numbers)} numbers")
        for position in range(0, max(1, len(numbers)), takes or 1):
            yield ("L" if letter == "M" and position else letter), numbers[position : position + takes]
