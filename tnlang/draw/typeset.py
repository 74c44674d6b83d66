"""Typesetting: a text as outlines and letters with places. STIX through ziamath; only geometry is taken over.

Words are set by MathML text elements, LaTeX goes through the typesetter; what that refuses is set as plain
text. Whatever a label says, its outline is numbers and path letters of our own writing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from xml.etree import ElementTree

from tnlang.draw.geometry import Box, union
from tnlang.draw.glyphs import EM, Command, Glyphs, Ink, Letter, Outline
from tnlang.draw.kept import kept

LONGEST = 160
"""Longer labels are cut: a label of a picture is no page."""

DEEPEST = 5
"""Deeper braces are refused: the typesetter takes twice the time for each level."""

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_TOKEN = re.compile(rf"[MLQCZ]|{_NUMBER.pattern}")

_NOWHERE = Box(0, 0, 0, 0)
_EMPTY = Glyphs((), _NOWHERE, _NOWHERE, 0.0)


@lru_cache(maxsize=32768)
def glyphs_of(text: str, word: bool = False) -> Glyphs:
    """The outlines of a label; see Glyphs. Empty text has an empty box at the origin."""
    return _joined([glyphs for *_, glyphs in _parts(text, word)])


def parts_of(text: str, word: bool = False) -> tuple[str | ElementTree.Element, ...]:
    """What a label consists of: upright texts, and formulas as MathML."""
    found: list[str | ElementTree.Element] = []
    for part, formula, glyphs in _parts(text, word):
        found.append(_parse(part) if formula and not glyphs.problem else part.replace("$", ""))
    return tuple(found)


@lru_cache(maxsize=32768)
def _parts(text: str, word: bool) -> tuple[tuple[str, bool, Glyphs], ...]:
    """The parts of a label, whether each is a formula, and its outlines."""
    clean = printable(text)
    if not word:
        return ((clean, True, _formula(clean)),) if clean else ()
    parts = enumerate(re.split(r"\$(.*?)\$", clean))
    return tuple(
        (part, bool(index % 2), _formula(part) if index % 2 else _upright(part))
        for index, part in parts
        if part
    )


def _formula(latex: str) -> Glyphs:
    """A formula, or where it is not LaTeX its text."""
    return _numbered(latex) or _whole(latex)


def _whole(latex: str) -> Glyphs:
    def made() -> Glyphs:
        try:
            return _set(_parse(latex))
        except Exception as error:  # whatever a foreign typesetter raises for a foreign text
            plain = latex.replace("$", "")
            reason = str(error) or type(error).__name__
            return replace(_upright(plain), problem=f"not LaTeX: {reason}")

    return kept(f"${latex}", made)


_NUMBERED = re.compile(r"([A-Za-z]|\\mathrm\{[A-Za-z0-9]+\})_\{(\d{1,7})\}")


def _numbered(latex: str) -> Glyphs | None:
    """A name with a number below it, put together from name and digits; None for another formula.

    Large networks have thousands of such names, and setting one takes milliseconds.
    """
    found = _NUMBERED.fullmatch(latex)
    if found is None:
        return None
    name, number = found[1], found[2]
    first = _with_digit(name, "0")
    outlines, letters = list(glyphs_of(name).outlines), list(first.letters[:-1])
    right, down = _kern(name if len(name) == 1 else f"\\mathrm{{x{name[-2]}}}", number[0])
    x, y = first.letters[-1].x + right, first.letters[-1].y + down
    for place, digit in enumerate(number):
        x += _step(number[place - 1]) if place else 0.0
        outline, letter, wide = _digit(digit, x, y)
        outlines.append(outline)
        letters.append(letter)
    ink = union(part.box for part in letters)
    return Glyphs(tuple(outlines), ink, first.base, x + wide, "", tuple(letters))


@lru_cache(maxsize=32768)
def _digit(digit: str, x: float, y: float) -> tuple[Outline, Letter, float]:
    """A digit below a name at its place on the baseline; how far after it what follows begins."""
    single = _with_digit("x", digit)
    letter = single.letters[-1]
    by = (x - letter.x, y - letter.y)
    return single.outlines[-1].moved(*by), _moved(letter, *by), single.advance - letter.x


@lru_cache(maxsize=32768)
def _with_digit(name: str, digit: str) -> Glyphs:
    return _whole(f"{name}_{{{digit}}}")


@lru_cache(maxsize=640)
def _kern(name: str, digit: str) -> tuple[float, float]:
    """How much further a digit stands below a name than a 0 would: by its last letter."""
    zero, other = (_with_digit(name, below).letters[-1] for below in ("0", digit))
    return other.x - zero.x, other.y - zero.y


@lru_cache(maxsize=10)
def _step(digit: str) -> float:
    """How far after a digit below a name the next one stands."""
    first, second = _whole(f"x_{{{digit}0}}").letters[-2:]
    return second.x - first.x


def _upright(text: str) -> Glyphs:
    if not text:
        return _EMPTY
    math = ElementTree.Element("math")
    ElementTree.SubElement(math, "mtext").text = text.replace(" ", "\u00a0")
    return kept(text, lambda: _set(math))


def _joined(found: Sequence[Glyphs]) -> Glyphs:
    """Parts one after the other."""
    if len(found) < 2:
        return found[0] if found else _EMPTY
    shifts = list(accumulate((glyphs.advance for glyphs in found), initial=0.0))
    pairs = list(zip(found, shifts, strict=False))
    boxes = [glyphs.ink.moved((x, 0)) for glyphs, x in pairs if glyphs.outlines or glyphs.letters]
    return Glyphs(
        tuple(outline.moved(x) for glyphs, x in pairs for outline in glyphs.outlines),
        union(boxes) if boxes else _NOWHERE,
        found[0].base,
        shifts[-1],
        "; ".join(glyphs.problem for glyphs in found if glyphs.problem),
        tuple(_moved(letter, x) for glyphs, x in pairs for letter in glyphs.letters),
        tuple(outline.moved(x) for glyphs, x in pairs for outline in glyphs.rules),
    )


def _moved(letter: Letter, right: float, down: float = 0.0) -> Letter:
    return replace(letter, x=letter.x + right, y=letter.y + down, box=letter.box.moved((right, down)))


def printable(text: str, longest: int = LONGEST) -> str:
    """The text without control characters, cut where it gets longer than a label may be."""
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text
    spaced = re.sub(r"[\t\n\r]", " ", text)
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def _parse(latex: str) -> ElementTree.Element:
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
    from tnlang.draw.font import typeset

    drawn, advance = typeset(math, EM)
    outlines: list[Outline] = []
    rules: list[Outline] = []
    letters: list[Letter] = []
    boxes: list[Box] = []
    for element in drawn:
        match element.tag:
            case "path" if "stroke" not in element.attrib:
                outline = _read(element.attrib["d"])
            case "rect" if "stroke" not in element.attrib:
                outline = _bar(*(float(element.attrib[key]) for key in ("x", "y", "width", "height")))
            case "absent":
                x, y, size, width = (float(element.attrib[key]) for key in ("x", "y", "size", "width"))
                boxes.append(Box(x, y - 0.88 * size, x + width, y + 0.12 * size))
                letters.append(Letter(element.attrib["char"], x, y, size, boxes[-1], absent=True))
                continue
            case _:
                continue
        if outline:
            outlines.append(Outline(Ink(tuple(outline))))
            xs = [n for _, numbers in outline for n in numbers[::2]]
            ys = [n for _, numbers in outline for n in numbers[1::2]]
            boxes.append(Box(min(xs), min(ys), max(xs), max(ys)))
            if "char" in element.attrib:
                letters.append(_letter(element, boxes[-1]))
            else:
                rules.append(outlines[-1])
    ink = union(boxes) if boxes else _NOWHERE
    base = boxes[0] if boxes else _NOWHERE
    return Glyphs(tuple(outlines), ink, base, advance, "", tuple(letters), tuple(rules))


_SLANTED, _BOLD = re.compile(r"MATHEMATICAL (BOLD )?ITALIC|PLANCK"), re.compile(r"MATHEMATICAL BOLD")


def _letter(element: ElementTree.Element, box: Box) -> Letter:
    """A letter of the mathematical alphabets as the plain one, italic or bold as it is."""
    char = element.attrib["char"]
    x, y, size = (float(element.attrib[key]) for key in ("x", "y", "size"))
    name = unicodedata.name(char, "")
    italic, bold = _SLANTED.match(name) is not None, _BOLD.match(name) is not None
    plain = unicodedata.normalize("NFKC", char) if italic or bold else char
    return Letter(plain, x, y, size, box, italic, bold)


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
