"""Labels: how large they are, and their outlines. STIX through ziamath; only its geometry is ever taken over.

Words are set by MathML text elements, LaTeX goes through the typesetter; what that refuses is set as plain
text. Whatever a label says, its outline is numbers and path letters of our own writing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tnlang.draw.geometry import Box
from tnlang.draw.scene import LabelItem, Point

if TYPE_CHECKING:
    from ziamath.zmath import Math

AXIS = 0.258
"""Height of the math axis above the baseline, in em; half of an x is a little lower."""
HALF_X = 0.23
LONGEST = 160
"""Longer labels are cut: a label of a picture is no page."""

DEEPEST = 5
"""Deeper braces are refused: the typesetter takes twice the time for each level."""

_EM = 100.0
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_TOKEN = re.compile(rf"[MLQCZ]|{_NUMBER.pattern}")

Command = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Outlines of a label set at 100 units an em, the baseline's start at the origin.

    ``ink`` is the box round all, ``base`` round the first letter. ``problem`` tells what is wrong with the
    LaTeX.
    """

    commands: tuple[Command, ...]
    ink: Box
    base: Box
    advance: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """The ink of a label: its width, and how far it reaches above and below the baseline.

    ``middle`` is the height above the baseline of what a shape's centre takes: the middle of the base letter,
    moved by .22 of what its scripts reach beyond it.
    """

    width: float
    ascent: float
    descent: float
    middle: float

    @property
    def height(self) -> float:
        return self.ascent + self.descent


@lru_cache(maxsize=4096)
def measure(text: str, size: float, word: bool = False) -> Extent:
    """The extent of a label at a font size. ``word`` is upright text with ``$…$`` for math, else LaTeX.

    Never raises for a bad label: that is measured as it is drawn, as plain text.
    """
    glyphs, scale = glyphs_of(text, word), size / _EM
    base, ink = glyphs.base, glyphs.ink
    below, above = max(0.0, ink.bottom - base.bottom), max(0.0, base.top - ink.top)
    middle = -(base.top + base.bottom) / 2 - 0.22 * (below - above)
    return Extent(ink.width * scale, -ink.top * scale, ink.bottom * scale, middle * scale)


def problem(text: str, word: bool = False) -> str:
    """What is wrong with a label's LaTeX, for a diagnostic; empty if it can be set."""
    return glyphs_of(text, word).problem


def baseline_start(label: LabelItem) -> Point:
    """Where the label's baseline starts, so that its ink stands as ``at``, ``anchor`` and ``level`` say."""
    glyphs, scale = glyphs_of(label.text, label.word), label.size / _EM
    ink = glyphs.ink
    x, y = label.at
    match label.anchor:
        case "center":
            x -= (ink.left + ink.right) / 2 * scale
        case "left":
            x -= ink.left * scale
        case "right":
            x -= ink.right * scale
    if label.level == "baseline":
        return (x, y)
    if label.word:
        return (x, y + (HALF_X if label.kind == "leg" else AXIS) * label.size)
    if not _one_line(label.text):
        return (x, y + AXIS * label.size)
    match label.kind:
        case "shape":
            return (x, y + measure(label.text, label.size).middle)
        case "leg" | "sign":
            return (x, y - (ink.top + ink.bottom) / 2 * scale)
    return (x, y + AXIS * label.size)


def _one_line(latex: str) -> bool:
    """Whether the middle of the ink is where the eye puts the label: no fraction, no limits."""
    return not re.search(r"\\(d?frac|sum|prod|int|over|binom)", latex)


def label_box(label: LabelItem) -> Box:
    """The box round a label's ink in the scene."""
    ink, scale = glyphs_of(label.text, label.word).ink, label.size / _EM
    x, y = baseline_start(label)
    return Box(x + ink.left * scale, y + ink.top * scale, x + ink.right * scale, y + ink.bottom * scale)


def outline_data(label: LabelItem) -> str:
    """The label as the data of one SVG path, its numbers rounded to .01."""
    scale = label.size / _EM
    x, y = baseline_start(label)
    parts = []
    for letter, numbers in glyphs_of(label.text, label.word).commands:
        shifted = (n * scale + (y if i % 2 else x) for i, n in enumerate(numbers))
        parts.append(letter + " ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in shifted))
    return "".join(parts).replace("-0 ", "0 ")


def text_latex(text: str) -> str:
    r"""A text of the program as LaTeX: upright but for what stands between dollars.

    >>> text_latex("$W_Q^\\top$"), text_latex("seq pos"), text_latex("$k$-th {x}")
    ('W_Q^\\top', '\\text{seq pos}', 'k\\text{-th }\\{\\text{x}\\}')
    """
    parts = re.split(r"\$(.*?)\$", text)
    return "".join(part if index % 2 else _upright(part) for index, part in enumerate(parts) if part)


_OUTSIDE_TEXT = {"\\": r"\backslash ", "{": r"\{", "}": r"\}", "&": r"\&", "<": r"\lt ", ">": r"\gt "}


def _upright(text: str) -> str:
    runs = re.split(r"([\\{}&<>])", text)
    return "".join(_OUTSIDE_TEXT.get(run, rf"\text{{{run}}}") for run in runs if run)


# ---------------------------------------------------------------- typesetting


@lru_cache(maxsize=4096)
def glyphs_of(text: str, word: bool = False) -> Glyphs:
    """The outlines of a label; see Glyphs. Empty text has an empty box at the origin."""
    clean = printable(text)
    if not word:
        try:
            return _set(_parse(clean))
        except Exception as error:  # whatever a foreign typesetter raises for a foreign text
            reason = str(error) or type(error).__name__
            plain = _words(clean.replace("$", ""))
            return Glyphs(plain.commands, plain.ink, plain.base, plain.advance, f"not LaTeX: {reason}")
    return _words(clean)


def plain_text(latex: str) -> str:
    r"""LaTeX as it may be read out: in titles, which are text.

    >>> plain_text(r"\mathrm{softmax}_{k} \circ \text{my f}"), plain_text(r"\frac{1}{\sqrt{d}}")
    ('softmax_k ∘ my f', 'frac 1 sqrt d')
    """
    words = re.sub(r"\\(?:mathrm|text|operatorname)\s*\{([^{}]*)\}", r"\1", latex).replace(r"\circ", "∘")
    spoken = re.sub(r"\\([a-zA-Z]+)", r"\1 ", words)
    return re.sub(r"\s+", " ", re.sub(r"\\.|[{}]", " ", spoken)).replace("_ ", "_").replace("^ ", "^").strip()


def printable(text: str, longest: int = LONGEST) -> str:
    """The text without control characters, cut where it gets longer than a label may be."""
    spaced = re.sub(r"[\t\n\r]", " ", text)
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def _words(text: str) -> Glyphs:
    """Upright text, the parts between dollars as math. Runs of it stand one after the other."""
    found: list[Glyphs] = []
    for index, part in enumerate(re.split(r"\$(.*?)\$", text)):
        if part and index % 2:
            found.append(glyphs_of(part))
        elif part:
            text_element = ElementTree.Element("mtext")
            text_element.text = part.replace(" ", "\u00a0")
            math = ElementTree.Element("math")
            math.append(text_element)
            found.append(_set(math))
    if not found:
        return Glyphs((), Box(0, 0, 0, 0), Box(0, 0, 0, 0), 0.0)
    commands: list[Command] = []
    boxes: list[Box] = []
    x = 0.0
    for glyphs in found:
        commands.extend(_shift(glyphs.commands, x))
        if glyphs.commands:
            boxes.append(glyphs.ink.moved((x, 0)))
        x += glyphs.advance
    problems = "; ".join(glyphs.problem for glyphs in found if glyphs.problem)
    ink = _around(boxes) if boxes else Box(0, 0, 0, 0)
    return Glyphs(tuple(commands), ink, found[0].base, x, problems)


def _shift(commands: tuple[Command, ...], by: float) -> tuple[Command, ...]:
    if not by:
        return commands
    return tuple((c, tuple(n if i % 2 else n + by for i, n in enumerate(numbers))) for c, numbers in commands)


@cache
def _typesetter() -> type[Math]:
    """Imported at the first label: a tenth of a second that nothing else should pay."""
    from ziamath.config import config
    from ziamath.zmath import Math

    config.svg2 = False
    config.precision = 2
    return Math


def _parse(latex: str) -> ElementTree.Element:
    _typesetter()
    from ziamath.escapes import unescape
    from ziamath.tex import tex2mml

    depth = 0
    for character in re.sub(r"\\.", "", latex):
        depth += (character == "{") - (character == "}")
        if depth > DEEPEST:
            raise ValueError(f"braces nested more than {DEEPEST} deep")
    element: ElementTree.Element = ElementTree.fromstring(unescape(tex2mml(latex)))
    if _rows_deep(element) > 2 + DEEPEST:
        raise ValueError("nested too deep")
    return element


def _rows_deep(element: ElementTree.Element) -> int:
    """How many rows stand within one another; the typesetter's time doubles with each."""
    return element.tag.endswith("mrow") + max(map(_rows_deep, element), default=0)


def _set(math: ElementTree.Element) -> Glyphs:
    """What the typesetter draws, as commands: each of its paths and bars is read number by number."""
    set_math = _typesetter()(math, size=_EM)
    drawn = ElementTree.Element("svg")
    set_math.drawon(drawn, 0, 0)
    commands: list[Command] = []
    boxes: list[Box] = []
    for element in drawn.iter():
        match element.tag:
            case "path" if "stroke" not in element.attrib:
                outline = _read(element.attrib["d"])
            case "rect" if "stroke" not in element.attrib:
                outline = _bar(*(float(element.attrib[key]) for key in ("x", "y", "width", "height")))
            case _:
                continue
        if outline:
            commands.extend(outline)
            xs = [n for _, numbers in outline for n in numbers[::2]]
            ys = [n for _, numbers in outline for n in numbers[1::2]]
            boxes.append(Box(min(xs), min(ys), max(xs), max(ys)))
    if not boxes:
        empty = Box(0, 0, 0, 0)
        return Glyphs((), empty, empty, float(set_math.node.xadvance()))
    return Glyphs(tuple(commands), _around(boxes), boxes[0], float(set_math.node.xadvance()))


def _around(boxes: list[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _bar(x: float, y: float, width: float, height: float) -> list[Command]:
    right, bottom = x + width, y + height
    return [("M", (x, y)), ("L", (right, y)), ("L", (right, bottom)), ("L", (x, bottom)), ("Z", ())]


def _read(data: str) -> list[Command]:
    """Path data in absolute M, L, Q, C, Z, each letter written out, as ziafont writes it."""
    commands: list[Command] = []
    letter = ""
    numbers: list[float] = []
    for token in [*_TOKEN.findall(data), "Z"]:
        if token.isalpha():
            same = letter == "L" and commands and tuple(numbers) == commands[-1][1][-2:]
            if letter and not same and not (letter == "Z" and token == "Z"):
                commands.append((letter, tuple(numbers)))
            letter, numbers = token, []
        else:
            numbers.append(float(token))
    return [*commands, ("Z", ())]
