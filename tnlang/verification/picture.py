"""A picture as a network: shapes with legs, wires with two ends each, and the outlines round them."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.draw.geometry import Box
from tnlang.draw.scene import Path, Point
from tnlang.verification.svg import Unreadable
from tnlang.verification.words import FunctionWords, WireWords, Words

ROOT = -1


@dataclass(frozen=True, slots=True)
class End:
    """An end of a wire: at a leg of a shape, at the gate of a wall, or free, as ``open`` says."""

    at: Point
    shape: int | None = None
    leg: str = ""
    wall: int | None = None
    open: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    words: WireWords
    ends: tuple[End, End]
    box: Box


@dataclass(frozen=True, slots=True)
class Shape:
    """``region`` is the wall or plate that it stands in. ``box`` is round its ink."""

    words: Words
    box: Box
    region: int
    legs: tuple[tuple[str, int], ...]
    """Each leg's name and wire, clockwise."""

    @property
    def kind(self) -> str:
        return self.words.kind

    def wire(self, leg: str) -> int:
        """The wire on a leg. Raises Unreadable."""
        for name, wire in self.legs:
            if name == leg:
                return wire
        raise Unreadable(f"{self.words.text or self.kind} has no leg {leg}", self.box.center)


@dataclass(frozen=True, slots=True)
class Region:
    """A wall or plate. ``gates`` are the wires at its gates by the name the title gives the leg there.

    ``ports`` are the same for the wires across a plate's edge; ``loop`` is a plate's, ``name`` a bracket's.
    """

    path: Path
    inside: int
    functions: tuple[FunctionWords, ...]
    gates: tuple[tuple[str, int], ...]
    loop: str = ""
    name: str = ""
    ports: tuple[tuple[str, int], ...] = ()

    @property
    def is_plate(self) -> bool:
        return bool(self.loop)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign between the parts of a row, or a text in it."""

    text: str
    at: Point
    box: Box


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as a network. ``stations`` tells for a pasted disc to which copy its ribbon leads.

    ``names`` are the boxes of labels that are no signs; ``misnamed`` tells of names that stand by something
    else than what they name.
    """

    shapes: tuple[Shape, ...]
    wires: tuple[Wire, ...]
    regions: tuple[Region, ...]
    stations: dict[int, int]
    signs: tuple[Sign, ...]
    names: tuple[Box, ...]
    misnamed: tuple[str, ...] = ()

    def around(self, region: int) -> list[int]:
        """A region and those round it, the root included."""
        found = [region]
        while found[-1] != ROOT:
            found.append(self.regions[found[-1]].inside)
        return found
