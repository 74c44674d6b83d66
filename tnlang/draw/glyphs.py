"""Labels set in type: outlines and letters with their places, and the same as JSON."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

from tnlang.draw.geometry import Box
from tnlang.draw.scene import Point

EM = 100.0
"""The size at which labels are set."""

Command = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Letter:
    """A character at its place on the baseline; ``box`` is its ink, ``absent`` if the font lacks it."""

    char: str
    x: float
    y: float
    size: float
    box: Box
    italic: bool = False
    bold: bool = False
    absent: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Ink:
    """What is drawn of a character or a rule, wherever it stands in a label."""

    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """Ink at a place of a label: many outlines share one ink, moved right and down."""

    ink: Ink
    at: Point = (0.0, 0.0)

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of the ink where it stands."""
        if self.at == (0.0, 0.0):
            return self.ink.commands
        return tuple(
            (letter, tuple(n + self.at[i % 2] for i, n in enumerate(numbers)))
            for letter, numbers in self.ink.commands
        )

    def moved(self, right: float, down: float = 0.0) -> Outline:
        return Outline(self.ink, (self.at[0] + right, self.at[1] + down))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Outlines of a label set at 100 units an em, the baseline's start at the origin.

    ``ink`` is the box round all, ``base`` round the first letter. ``letters`` are the characters, ``rules``
    those of the outlines that are none (bars, roots, large brackets). ``problem`` tells what is wrong with
    the LaTeX.
    """

    outlines: tuple[Outline, ...]
    ink: Box
    base: Box
    advance: float
    problem: str = ""
    letters: tuple[Letter, ...] = ()
    rules: tuple[Outline, ...] = ()


def to_json(glyphs: Glyphs) -> str:
    """The glyphs as JSON, every number as it is."""
    rules = [glyphs.outlines.index(rule) for rule in glyphs.rules]
    outlines = [outline.commands for outline in glyphs.outlines]
    letters = [astuple(letter) for letter in glyphs.letters]
    boxes = [glyphs.ink, glyphs.base]
    return json.dumps([outlines, *boxes, glyphs.advance, glyphs.problem, letters, rules])


def from_json(text: str) -> Glyphs:
    """The glyphs that ``to_json`` has written."""
    drawn, ink, base, advance, problem, letters, rules = json.loads(text)
    outlines = tuple(
        Outline(Ink(tuple((c, tuple(numbers)) for c, numbers in commands))) for commands in drawn
    )
    return Glyphs(
        outlines,
        Box(*ink),
        Box(*base),
        advance,
        problem,
        tuple(Letter(char, x, y, size, Box(*box), *kind) for char, x, y, size, box, *kind in letters),
        tuple(outlines[place] for place in rules),
    )
