"""Labels set in type: outlines and letters with their places, and the same as JSON."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from functools import cached_property

from tnlang.draw.geometry import Box

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


@dataclass(frozen=True, eq=False)
class Outline:
    """Ink of a label: commands that many labels may share."""

    commands: tuple[Command, ...]

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """All coordinates of the commands, across and down in turns."""
        return tuple(number for _, numbers in self.commands for number in numbers)

    @cached_property
    def pattern(self) -> str:
        """The commands as path data, a ``%s`` for each number."""
        return "".join(letter + " ".join(["%s"] * len(numbers)) for letter, numbers in self.commands)

    def moved(self, right: float, down: float = 0.0) -> Outline:
        if not (right or down):
            return self
        by = (right, down)
        return Outline(
            tuple((c, tuple(n + by[i % 2] for i, n in enumerate(numbers))) for c, numbers in self.commands)
        )


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
    boxes = [astuple(glyphs.ink), astuple(glyphs.base)]
    return json.dumps([outlines, *boxes, glyphs.advance, glyphs.problem, letters, rules])


def from_json(text: str) -> Glyphs:
    """The glyphs that ``to_json`` has written."""
    drawn, ink, base, advance, problem, letters, rules = json.loads(text)
    outlines = tuple(Outline(tuple((c, tuple(numbers)) for c, numbers in commands)) for commands in drawn)
    return Glyphs(
        outlines,
        Box(*ink),
        Box(*base),
        advance,
        problem,
        tuple(Letter(char, x, y, size, Box(*box), *kind) for char, x, y, size, box, *kind in letters),
        tuple(outlines[place] for place in rules),
    )
