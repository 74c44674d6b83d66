"""Collects shapes and the wires that join them; at the end every wire becomes lines and dots of a Diagram.

A *joint* is one wire while the picture is being gathered: any number of ends, each at a leg of a shape,
open, or at a wall where it is ended. ``finish`` turns a joint with two ends into a line and one with more
into dots: one for each enclosure that holds two of its ends or more, so that one line crosses the wall.
Where a wire comes through the wall of a function it is a joint of its own: of two that meet outside, as of
``S = softmax[j](A[i, j])`` in ``S[k, k]``, each crosses the wall, and a dot joins them there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from tnlang.draw.diagram import (
    Block,
    Enclosure,
    Family,
    Plate,
    Ribbon,
    Shape,
)
from tnlang.draw.view.joints import JointEnd, WireLabel, wire_label
from tnlang.draw.view.names import without_variables
from tnlang.draw.view.styling import Selector, Styles
from tnlang.ir.net import Wire
from tnlang.source import NOWHERE, Span

MAX_SHAPES = 10_000
"""A picture with more is refused; it could not be read."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A backbone while it is gathered: the joints of each stretch."""

    stations: list[int] = field(default_factory=list)
    tracks: list[tuple[int, ...]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    plates: list[Plate] = field(default_factory=list)


class Undrawable(ValueError):
    """What no picture can be made of; the message says why."""


class TooLarge(Undrawable):
    """A picture with more shapes than can be drawn."""


class Builder:
    """Gathers one Diagram. ``symbols`` writes wires by their own names throughout."""

    def __init__(self, *, symbols: bool, styles: Styles) -> None:
        self.symbols = symbols
        self.styles = styles
        self.selectors: dict[int, tuple[Selector, ...]] = {}
        self.shapes: dict[int, Shape] = {}
        self.enclosures: dict[int, Enclosure] = {}
        self.ribbons: list[Ribbon] = []
        self.joints: dict[int, list[JointEnd]] = {}
        self._merged: dict[int, int] = {}
        self.passages: dict[int, tuple[int, int]] = {}
        """For what a wire is within a function's wall: what it is outside, and the wall."""
        self.gates: list[tuple[int, int, str]] = []
        self.loops: dict[int, tuple[WireLabel, int | None]] = {}
        """Summed wires by their joints: closed loops where nothing ends on them."""
        self.subtracted: set[tuple[int | None, int]] = set()
        """Legs of a plus, by their positions, that bring what is taken away: a minus stands at their line."""
        self.terms: dict[int, list[tuple[int, ...]]] = {}
        self.weights: dict[int, str] = {}
        self._next = self._ends = 0

    # ------------------------------------------------------------ gathering

    def new_id(self) -> int:
        self._next += 1
        if self._next > 20 * MAX_SHAPES:
            raise TooLarge("the picture has too many parts to be drawn")
        return self._next

    def joint(self) -> int:
        number = self.new_id()
        self.joints[number] = []
        return number

    def summed(self, wire: Wire, inside: int | None) -> int:
        """A joint for a wire that is summed in an enclosure: a closed loop if nothing ends on it."""
        number = self.joint()
        self.loops[number] = (wire_label(wire, symbols=self.symbols), inside)
        return number

    def passage(self, joint: int, wall: int) -> int:
        """The joint that a wire is within a function's wall, through which it comes once.

        Its number is below 0, and that of one further in lower still.
        """
        number = -1 - len(self.passages)
        self.joints[number] = []
        self.passages[number] = (joint, wall)
        return number

    def meet_outside(self, joints: Iterable[int]) -> bool:
        """Whether several of some joints come through a function's wall: they cannot be one within it."""
        return len({self.find(joint) for joint in joints} & self.passages.keys()) > 1

    def find(self, joint: int) -> int:
        """The joint that a joint was merged into."""
        while joint in self._merged:
            joint = self._merged[joint]
        return joint

    def merge(self, first: int, *others: int) -> None:
        """Make joints one wire: a delta. At most one of them may come through a function's wall."""
        found = [self.find(joint) for joint in (first, *others)]
        target = next((joint for joint in found if joint in self.passages), found[0])
        for old in dict.fromkeys(found):
            if old != target:
                self._merged[old] = target
                self.joints[target].extend(self.joints.pop(old))

    def enclosure(
        self,
        family: Family,
        badge: str,
        inside: int | None,
        *,
        name: str = "",
        options: str = "",
        told: str = "",
        span: Span = NOWHERE,
    ) -> int:
        number = self.new_id()
        self.enclosures[number] = Enclosure(
            number, family, badge, name=name, options=options, inside=inside, told=told, span=span
        )
        return number

    def known_as(self, part: int, *selectors: Selector) -> None:
        """Ways in which a style may speak of a shape or enclosure, beside its name and symbol."""
        self.selectors[part] = (*self.selectors.get(part, ()), *selectors)

    def gate(self, enclosure: int, joint: int, name: str) -> None:
        """The wire is worked along by a function of the enclosure, which calls it ``name``."""
        self.gates.append((enclosure, joint, name))

    def end_at_wall(self, enclosure: int, joint: int, wire: Wire) -> None:
        """The wire ends at the enclosure's wall, from inside."""
        label = wire_label(wire, symbols=self.symbols)
        self._end(joint, JointEnd(None, -enclosure, enclosure, label))

    def shape(self, shape: Shape) -> int:
        """Add a shape (its id and legs are given here); returns its id."""
        if len(self.shapes) >= MAX_SHAPES:
            raise TooLarge(f"the picture has more than {MAX_SHAPES} shapes")
        number = self.new_id()
        name = without_variables(shape.name)
        self.shapes[number] = replace(shape, id=number, name=name, legs=(), leg_names=())
        return number

    def is_weight(self, shape: int, address: str) -> None:
        """The shape is that parameter, or a frozen value: one of several shapes of it is marked as tied."""
        self.weights[shape] = address

    def _end(self, joint: int, end: JointEnd) -> None:
        self.joints[self.find(joint)].append(replace(end, order=self._ends))
        self._ends += 1

    def may_pass_by(self, joint: int) -> bool:
        """Whether a wire of one term may run past the plus: it leads on to where a whole value is taken.

        What is done to it on its way, as in a group with a leg of the result, is done to the sum.
        """
        joint = self.find(joint)
        shapes = [self.shapes[end.shape] for end in self.joints[joint] if end.shape is not None]
        return joint not in self.loops and all(s.symbol in ("plus", "folded", "copy") for s in shapes)

    def leg(self, shape: int, joint: int, wire: Wire, name: str = "") -> int:
        """The shape's next leg, which it calls ``name``, lies on the joint; returns the leg's position."""
        known = self.shapes[shape]
        position = len(known.legs)
        named = (*known.leg_names, name or wire.text)
        self.shapes[shape] = replace(known, legs=(*known.legs, joint), leg_names=named)
        label = wire_label(wire, symbols=self.symbols)
        self._end(joint, JointEnd(shape, position, known.inside, label))
        return position

    def term(self, plus: int, legs: tuple[int, ...]) -> None:
        """A term of a plus brings these legs (positions)."""
        self.terms.setdefault(plus, []).append(legs)

    def made(self) -> tuple[int, int]:
        """How many shapes and enclosures there are: a mark for ``made_since``."""
        return len(self.shapes), len(self.enclosures)

    def made_since(self, before: tuple[int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes and enclosures that were added after a mark."""
        return tuple(self.shapes)[before[0] :], tuple(self.enclosures)[before[1] :]

    def first_term(self, plus: int) -> tuple[int, ...]:
        """The legs that the first term of a plus brings."""
        return self.terms[plus][0]

    def open(
        self,
        joint: int,
        kind: Literal["input", "output"],
        order: int,
        wire: Wire,
        told: str,
        *,
        symbol: bool = False,
        of: str = "",
    ) -> None:
        """A free end of the joint; ``told`` is whose leg it is.

        ``of`` is the value that is written before the leg, as LaTeX, where there are ends of several.
        """
        label = wire_label(wire, symbols=symbol or self.symbols)
        if of:
            label = replace(label, text=(f"${of}$" if label.word else of) + f"[{label.text}]")
        self._end(joint, JointEnd(None, 0, None, label, (kind, order), told))

    def is_within_function(self, inside: int | None) -> bool:
        """Whether a function's wall is round a place: what it is a function of stands in there too."""
        return any(self.enclosures[wall].family != "bracket" for wall in self.path(inside))

    def path(self, inside: int | None) -> tuple[int, ...]:
        """The enclosures round a place, outermost first."""
        found: list[int] = []
        while inside is not None:
            found.append(inside)
            inside = self.enclosures[inside].inside
        return tuple(reversed(found))
