"""An SVG file as elements: a layer, a title and a curve each. Nothing else of the file is looked at.

The text is untrusted: no entities, no document type, bounded in size; numbers that are none are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from xml.etree import ElementTree

from tnlang.draw.geometry import Box, box_around, quadratic, rounded
from tnlang.draw.scene import CurveTo, LineTo, Path, Point

LONGEST_SVG = 32 * 2**20
MOST_ELEMENTS = 200_000
LAYERS = ("plates", "bubbles", "ribbons", "gates", "wires", "dots", "shapes", "marks", "labels")

_SPACE = "{http://www.w3.org/2000/svg}"
_LETTER = re.compile(r"([MLHVCQZ])([^A-Za-z]*(?:e[-+]?\d+[^A-Za-z]*)*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}


class Unreadable(ValueError):
    """What cannot be read as a picture of a network: what is wrong and, if known, where."""

    def __init__(self, message: str, at: Point | None = None) -> None:
        where = f" (at {at[0]:.0f}, {at[1]:.0f})" if at is not None else ""
        super().__init__(message + where)


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
    elements = []
    for group in root:
        words = re.split(r"[^a-z]+", group.get("id", ""))
        if group.tag == f"{_SPACE}g" and words[-1] in LAYERS:
            for element in _elements(group, words[-1]):
                elements.append(element)
                if len(elements) > MOST_ELEMENTS:
                    raise Unreadable(f"more than {MOST_ELEMENTS} elements")
    return Drawing(_told(root, "title"), _told(root, "desc"), tuple(elements))


def _told(element: ElementTree.Element, kind: str) -> str:
    return element.findtext(f"{_SPACE}{kind}") or ""


def _elements(layer: ElementTree.Element, name: str) -> Iterator[Element]:
    """The curves of a layer; those of a group share its title."""
    if "transform" in layer.attrib:
        raise Unreadable(f"layer {name} is transformed")
    for child in layer:
        title = _told(child, "title")
        for part in child if child.tag == f"{_SPACE}g" else (child,):
            if "transform" in part.attrib or "transform" in child.attrib:
                raise Unreadable(f"an element of layer {name} is transformed")
            match part.tag.removeprefix(_SPACE):
                case "path":
                    data = part.get("d", "")
                    for path in _outline(data) if name == "labels" else read_paths(data):
                        yield Element(name, title, path, _width(part))
                case "text":
                    yield Element(name, title, _text_box(part), 0.0)
                case _:
                    pass


def _width(part: ElementTree.Element) -> float:
    painted = part.get("stroke", "none") != "none"
    return _float(part.get("stroke-width", "1")) if painted else 0.0


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Unreadable(f"{text[:40]!r} is no number") from None
    if not isfinite(value) or abs(value) > 1e7:
        raise Unreadable(f"{text[:40]} is no coordinate")
    return value


def _text_box(part: ElementTree.Element) -> Path:
    at = (_float(part.get("x", "0")), _float(part.get("y", "0")))
    size = _float(part.get("font-size", "10"))
    return rounded(box_around((at[0], at[1] - size / 3), size, size), 0)


def _outline(data: str) -> Iterator[Path]:
    """The box round a label's ink; none where it has no ink."""
    points = [
        point for _, numbers in _commands(data) for point in zip(numbers[::2], numbers[1::2], strict=False)
    ]
    if len(points) > 1:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        yield rounded(Box(min(xs), min(ys), max(xs), max(ys)), 0)


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
