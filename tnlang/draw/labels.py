"""Labels: how large they are, where they stand, and their outlines or letters at that place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from tnlang.draw.geometry import Box, union
from tnlang.draw.glyphs import EM, Ink, Letter, Outline
from tnlang.draw.scene import LabelItem, Point, Scene
from tnlang.draw.typeset import glyphs_of

AXIS = 0.258
"""Height of the math axis above the baseline, in em; half of an x is a little lower."""
HALF_X = 0.23


SMALLEST = 11.5
"""The smallest letters of a picture as it is usually drawn."""


def enlarged(size: float, letters: float) -> float:
    """A font size where letters are to be so many times as large: small ones grow first, none is smaller.

    >>> enlarged(19.0, 1.0), enlarged(13.0, 1.5), enlarged(19.0, 1.5), enlarged(19.0, 2.0)
    (19.0, 17.25, 19.0, 23.0)
    """
    return max(size, SMALLEST * letters)


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


@lru_cache(maxsize=32768)
def measure(text: str, size: float, word: bool = False) -> Extent:
    """The extent of a label at a font size. ``word`` is upright text with ``$…$`` for math, else LaTeX.

    Never raises for a bad label: that is measured as it is drawn, as plain text.
    """
    glyphs, scale = glyphs_of(text, word), size / EM
    base, ink = glyphs.base, glyphs.ink
    below, above = max(0.0, ink.bottom - base.bottom), max(0.0, base.top - ink.top)
    middle = -(base.top + base.bottom) / 2 - 0.22 * (below - above)
    return Extent(ink.width * scale, -ink.top * scale, ink.bottom * scale, middle * scale)


def problem(text: str, word: bool = False) -> str:
    """What is wrong with a label's LaTeX, for a diagnostic; empty if it can be set."""
    return glyphs_of(text, word).problem


def baseline_start(label: LabelItem) -> Point:
    """Where the label's baseline starts, so that its ink stands as ``at``, ``anchor`` and ``level`` say."""
    glyphs, scale = glyphs_of(label.text, label.word), label.size / EM
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
    ink, scale = glyphs_of(label.text, label.word).ink, label.size / EM
    x, y = baseline_start(label)
    return Box(x + ink.left * scale, y + ink.top * scale, x + ink.right * scale, y + ink.bottom * scale)


def letter_boxes(label: LabelItem) -> tuple[Box, ...]:
    """The boxes round the ink of a label's letters, one each, in the scene."""
    scale = label.size / EM
    x, y = baseline_start(label)
    boxes = (letter.box for letter in glyphs_of(label.text, label.word).letters)
    return tuple(
        Box(x + b.left * scale, y + b.top * scale, x + b.right * scale, y + b.bottom * scale) for b in boxes
    )


def outline_data(label: LabelItem) -> str:
    """The label as the data of one SVG path: curves that begin at a point and go on in steps, of .01."""
    return _data(label, glyphs_of(label.text, label.word).outlines)


def rules_data(label: LabelItem) -> str:
    """What a label has beside letters (bars, roots, large brackets) as the data of one SVG path."""
    return _data(label, glyphs_of(label.text, label.word).rules)


def _data(label: LabelItem, outlines: Iterable[Outline]) -> str:
    scale = label.size / EM
    x, y = baseline_start(label)
    return "".join(
        f"M{number(x + (outline.at[0] + right) * scale)} {number(y + (outline.at[1] + down) * scale)}{curve}"
        for outline in outlines
        for right, down, curve in _curves(outline.ink, scale)
    )


@lru_cache(maxsize=4096)
def _curves(ink: Ink, scale: float) -> tuple[tuple[float, float, str], ...]:
    """Each curve of an ink: where it starts, and how it goes on from there, in steps of .01.

    What a picture has most of are letters, and these stand alike in all labels of one size.
    """
    found: list[tuple[float, float, list[str]]] = []
    start = here = (0.0, 0.0)
    for letter, numbers in ink.commands:
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if letter == "M":
            start = points[0]
            here = (0.0, 0.0)
            found.append((*start, []))
            continue
        steps = []
        for x, y in points:
            at = (round((x - start[0]) * scale, 2), round((y - start[1]) * scale, 2))
            steps += [number(at[0] - here[0]), number(at[1] - here[1])]
        found[-1][-1].append(letter.lower() + " ".join(steps))
        here = at if points else (0.0, 0.0)
    return tuple((x, y, "".join(parts)) for x, y, parts in found)


@lru_cache(maxsize=65536)
def number(value: float) -> str:
    """A coordinate rounded to .01, without trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one kind on one baseline; ``at`` is the middle of their ink across, on the baseline."""

    text: str
    at: Point
    size: float
    italic: bool
    bold: bool
    absent: bool
    """Whether STIX lacks these letters, so that another font has to draw them."""


def runs(label: LabelItem, absent: bool = False) -> Iterator[Run]:
    """The letters of a label; with ``absent`` those alone of which the font has no outline.

    Set in another font than STIX a run is wider or narrower, but keeps its middle.
    """
    scale = label.size / EM
    x, y = baseline_start(label)
    letters = glyphs_of(label.text, label.word).letters
    for _, group in groupby(letters, lambda one: (one.y, one.size, one.italic, one.bold, one.absent)):
        found = list(group)
        first = found[0]
        if absent and not first.absent:
            continue
        middle = union(letter.box for letter in found).center[0]
        at = (x + middle * scale, y + first.y * scale)
        yield Run("".join(_spaced(found)), at, first.size * scale, first.italic, first.bold, first.absent)


def foreign_letters(scene: Scene) -> frozenset[str]:
    """The characters of a scene's labels that the font does not have."""
    labels = (item for item in scene.items if isinstance(item, LabelItem))
    return frozenset(c for label in labels for run in runs(label, absent=True) for c in run.text if c != " ")


def _spaced(letters: list[Letter]) -> Iterator[str]:
    """The characters of a run, with a blank where a space, which has no outline, made a gap."""
    before: Letter | None = None
    for letter in letters:
        if before is not None and letter.box.left - before.box.right > 0.15 * letter.size:
            yield " "
        yield letter.char
        before = letter


def smallest_letter(label: LabelItem) -> float:
    """The font size of a label's smallest letters: scripts are smaller than the label."""
    letters = glyphs_of(label.text, label.word).letters
    return min((letter.size for letter in letters), default=EM) * label.size / EM


_SPOKEN = {"circ": "∘", "lt": "<", "gt": ">"}


def plain_text(latex: str) -> str:
    r"""LaTeX as it may be read out: in titles, which are text.

    >>> plain_text(r"\mathrm{softmax}_{k} \circ \text{my f}"), plain_text(r"\frac{1}{\sqrt{d}}")
    ('softmax_k ∘ my f', 'frac 1 sqrt d')
    """
    words = re.sub(r"\\(?:mathrm|text|operatorname)\s*\{([^{}]*)\}", r"\1", latex)
    words = re.sub(r"\\(circ|lt|gt)\b", lambda sign: _SPOKEN[sign[1]], words)
    spoken = re.sub(r"\\([a-zA-Z]+)", r"\1 ", words)
    return re.sub(r"\s+", " ", re.sub(r"\\.|[{}]", " ", spoken)).replace("_ ", "_").replace("^ ", "^").strip()
