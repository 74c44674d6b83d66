"""Collects shapes and the wires that join them; at the end every wire becomes lines and dots of a Diagram.

A *joint* is one wire while the picture is being gathered: any number of ends, each at a leg of a shape,
open, or at a wall where it is ended. ``finish`` turns a joint with two ends into a line and one with more
into dots: one for each enclosure that holds two of its ends or more, so that one line crosses the wall.
Where a wire comes through the wall of a function it is a joint of its own: of two that meet outside, as of
``S = softmax[j](A[i, j])`` in ``S[k, k]``, each crosses the wall, and a dot joins them there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from tnlang.draw.diagram import (
    MINUS,
    Backbone,
    Block,
    Diagram,
    Enclosure,
    End,
    Family,
    Line,
    OpenEnd,
    Plate,
    Ribbon,
    Shape,
)
from tnlang.draw.view import names
from tnlang.draw.view.styling import Selector, Styles, styled
from tnlang.ir.net import Wire
from tnlang.ir.size import DimSize, Size, SizeError, SizeOp, evaluate, show
from tnlang.source import NOWHERE, Span

MAX_SHAPES = 10_000
"""A picture with more is refused; it could not be read."""


@dataclass(frozen=True, slots=True)
class WireLabel:
    """What a wire is called where it ends: the writing and its size.

    ``family`` is the name that it shares with others, where the writing is their dim's and so is theirs too.
    """

    wire: int
    name: str
    symbol: str
    text: str
    word: bool
    dim: str
    size: int | None
    family: str = ""


@dataclass(frozen=True, slots=True)
class _JointEnd:
    shape: int | None
    leg: int
    inside: int | None
    label: WireLabel
    open: tuple[Literal["input", "output"], int] | None = None
    told: str = ""
    order: int = 0
    """How many ends were there before it."""
    through: tuple[tuple[int, int], ...] = ()
    """The walls of functions on its way out, and as which joint it comes through each."""


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


def wire_label(wire: Wire, *, symbols: bool) -> WireLabel:
    """What stands beside a wire: its dim's word where it has one, unless ``symbols`` asks for its name."""
    symbol = names.member(wire.name, wire.subs, wire.label)
    dim = _dim_of(wire.size)
    number = _number(wire.size)
    base = WireLabel(wire.id, wire.text, symbol, symbol, False, dim, number)
    if isinstance(wire.size, DimSize) and not symbols:
        label = wire.size.dim.label
        member = replace(base, family=wire.name if wire.subs else "")
        if label:
            formula = "$" in label
            return replace(member, text=(names.given(label) or "") if formula else label, word=not formula)
        if names.is_word(dim):
            return replace(member, text=names.word(dim), word=True)
        if len(names.word(dim)) > 1:
            return replace(member, text=names.math(dim))
    return base


def _dim_of(size: Size) -> str:
    match size:
        case DimSize(dim):
            return dim.name
        case SizeOp():
            return show(size)
        case _:
            return ""


def _number(size: Size) -> int | None:
    try:
        return evaluate(size, {})
    except SizeError:
        return None


class Builder:
    """Gathers one Diagram. ``symbols`` writes wires by their own names throughout."""

    def __init__(self, *, symbols: bool, styles: Styles) -> None:
        self.symbols = symbols
        self.styles = styles
        self.selectors: dict[int, tuple[Selector, ...]] = {}
        self.shapes: dict[int, Shape] = {}
        self.enclosures: dict[int, Enclosure] = {}
        self.ribbons: list[Ribbon] = []
        self._joints: dict[int, list[_JointEnd]] = {}
        self._merged: dict[int, int] = {}
        self._passages: dict[int, tuple[int, int]] = {}
        """For what a wire is within a function's wall: what it is outside, and the wall."""
        self._gates: list[tuple[int, int, str]] = []
        self._ended: dict[int, int] = {}
        self._summed: dict[int, tuple[WireLabel, int | None]] = {}
        self.subtracted: set[tuple[int | None, int]] = set()
        """Legs of a plus, by their positions, that bring what is taken away: a minus stands at their line."""
        self._terms: dict[int, list[tuple[int, ...]]] = {}
        self._weights: dict[int, str] = {}
        self._next = self._ends = 0

    # ------------------------------------------------------------ gathering

    def new_id(self) -> int:
        self._next += 1
        if self._next > 20 * MAX_SHAPES:
            raise TooLarge("the picture has too many parts to be drawn")
        return self._next

    def joint(self) -> int:
        number = self.new_id()
        self._joints[number] = []
        return number

    def summed(self, wire: Wire, inside: int | None) -> int:
        """A joint for a wire that is summed in an enclosure: a closed loop if nothing ends on it."""
        number = self.joint()
        self._summed[number] = (wire_label(wire, symbols=self.symbols), inside)
        return number

    def passage(self, joint: int, wall: int) -> int:
        """The joint that a wire is within a function's wall, through which it comes once.

        Its number is below 0, and that of one further in lower still.
        """
        number = -1 - len(self._passages)
        self._joints[number] = []
        self._passages[number] = (joint, wall)
        return number

    def meet_outside(self, joints: Iterable[int]) -> bool:
        """Whether several of some joints come through a function's wall: they cannot be one within it."""
        return len({self.find(joint) for joint in joints} & self._passages.keys()) > 1

    def find(self, joint: int) -> int:
        """The joint that a joint was merged into."""
        while joint in self._merged:
            joint = self._merged[joint]
        return joint

    def merge(self, first: int, *others: int) -> None:
        """Make joints one wire: a delta. At most one of them may come through a function's wall."""
        found = [self.find(joint) for joint in (first, *others)]
        target = next((joint for joint in found if joint in self._passages), found[0])
        for old in dict.fromkeys(found):
            if old != target:
                self._merged[old] = target
                self._joints[target].extend(self._joints.pop(old))

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
        self._gates.append((enclosure, joint, name))

    def end_at_wall(self, enclosure: int, joint: int, wire: Wire) -> None:
        """The wire ends at the enclosure's wall, from inside."""
        label = wire_label(wire, symbols=self.symbols)
        self._end(joint, _JointEnd(None, -enclosure, enclosure, label))

    def shape(self, shape: Shape) -> int:
        """Add a shape (its id and legs are given here); returns its id."""
        if len(self.shapes) >= MAX_SHAPES:
            raise TooLarge(f"the picture has more than {MAX_SHAPES} shapes")
        number = self.new_id()
        self.shapes[number] = replace(shape, id=number, legs=(), leg_names=())
        return number

    def is_weight(self, shape: int, address: str) -> None:
        """The shape is that parameter, or a frozen value: one of several shapes of it is marked as tied."""
        self._weights[shape] = address

    def _end(self, joint: int, end: _JointEnd) -> None:
        self._joints[self.find(joint)].append(replace(end, order=self._ends))
        self._ends += 1

    def may_pass_by(self, joint: int) -> bool:
        """Whether a wire of one term may run past the plus: it leads on to where a whole value is taken.

        What is done to it on its way, as in a group with a leg of the result, is done to the sum.
        """
        joint = self.find(joint)
        shapes = [self.shapes[end.shape] for end in self._joints[joint] if end.shape is not None]
        return joint not in self._summed and all(s.symbol in ("plus", "folded", "copy") for s in shapes)

    def leg(self, shape: int, joint: int, wire: Wire, name: str = "") -> int:
        """The shape's next leg, which it calls ``name``, lies on the joint; returns the leg's position."""
        known = self.shapes[shape]
        position = len(known.legs)
        named = (*known.leg_names, name or wire.text)
        self.shapes[shape] = replace(known, legs=(*known.legs, joint), leg_names=named)
        label = wire_label(wire, symbols=self.symbols)
        self._end(joint, _JointEnd(shape, position, known.inside, label))
        return position

    def term(self, plus: int, legs: tuple[int, ...]) -> None:
        """A term of a plus brings these legs (positions)."""
        self._terms.setdefault(plus, []).append(legs)

    def made(self) -> tuple[int, int]:
        """How many shapes and enclosures there are: a mark for ``made_since``."""
        return len(self.shapes), len(self.enclosures)

    def made_since(self, before: tuple[int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes and enclosures that were added after a mark."""
        return tuple(self.shapes)[before[0] :], tuple(self.enclosures)[before[1] :]

    def first_term(self, plus: int) -> tuple[int, ...]:
        """The legs that the first term of a plus brings."""
        return self._terms[plus][0]

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
        self._end(joint, _JointEnd(None, 0, None, label, (kind, order), told))

    # ------------------------------------------------------------ the end

    def finish(self, streams: tuple[StreamRecord, ...] = ()) -> Diagram:
        """The diagram of all that was gathered."""
        lines: list[Line] = []
        opens: list[OpenEnd] = []
        walls: dict[int, list[tuple[int, str]]] = {}
        at_leg: dict[tuple[int, int], int] = {}
        of_joint: dict[int, list[int]] = {}
        told: set[tuple[tuple[str, str, str], ...]] = set()

        def again(one: _JointEnd, other: _JointEnd) -> bool:
            """Whether a line of the same families with ends alike has been named, by the same dim."""
            kinds = [end.open[0] if end.open else "wall" if end.shape is None else "" for end in (one, other)]
            labels = (one.label, other.label)
            key = tuple(sorted((k.family, k.text, kind) for k, kind in zip(labels, kinds, strict=True)))
            known = key in told and all(k.family for k in labels)
            told.add(key)
            return known

        ends_within: dict[int, tuple[int, int]] = {}
        """For a joint within a function's wall, the leg whose line leads out through it."""

        def connect(joint: int, one: _JointEnd, other: _JointEnd, quiet: bool) -> None:
            number = self.new_id()
            source = one if one.shape is not None else other
            label = source.label
            quiet = quiet or self._is_added(one) or self._is_added(other)
            repeated = (bool(one.open or other.open) or not quiet) and again(one, other)
            shown = "" if quiet or repeated else label.text
            if {(one.shape, one.leg), (other.shape, other.leg)} & self.subtracted:
                shown = MINUS
            ends = []
            for position, end in enumerate((one, other)):
                ends.append(End(end.shape, end.leg if end.shape is not None else 0))
                if end.shape is not None:
                    at_leg[(end.shape, end.leg)] = number
                elif end.open is not None:
                    kind, order = end.open
                    known = end.label
                    text = "" if repeated else known.text
                    opens.append(OpenEnd(number, position, kind, order, text, known.word, end.told))
                else:
                    walls.setdefault(-end.leg, []).append((number, end.label.name))
            word = label.word and shown == label.text
            line = Line(
                number,
                label.wire,
                (ends[0], ends[1]),
                label.symbol,
                shown,
                word,
                label.dim,
                label.size,
                label.name,
            )
            lines.append(line)
            of_joint.setdefault(joint, []).append(number)

        def dot(inside: int | None) -> int:
            return self.shape(Shape(0, "dot", outline="dot", inside=inside, told="(delta)"))

        def at_dot(shape: int, label: WireLabel) -> _JointEnd:
            known = self.shapes[shape]
            self.shapes[shape] = replace(known, legs=(*known.legs, 0))
            return _JointEnd(shape, len(known.legs), known.inside, label)

        for joint, ends in sorted(self._whole_wires().items()):
            if not ends and joint in self._summed:  # delta[i, i], a number
                label, inside = self._summed[joint]
                round_it = dot(inside)
                ends = [at_dot(round_it, label), at_dot(round_it, label)]
            if not ends:
                continue
            root = self._shared([self._way(end) for end in ends])

            def gather(
                inside: int | None, mine: list[_JointEnd], outside: bool, joint: int = joint
            ) -> list[_JointEnd]:
                """The ends within an enclosure, joined by a dot so that one is left to cross the wall."""
                depth = len(self.path(inside))
                here = [end for end in mine if end.inside == inside]
                by_child: dict[tuple[int, int | None], list[_JointEnd]] = {}
                for end in mine:
                    if end.inside != inside:
                        by_child.setdefault(self._way(end)[depth], []).append(end)
                for (child, passage), within in by_child.items():
                    found = gather(child, within, True)
                    here.extend(found)
                    leads_out = found[0].shape
                    if passage is not None and leads_out is not None:
                        ends_within[passage] = (leads_out, found[0].leg)
                if outside and len(here) == 1:
                    return here
                if not outside and len(here) == 2 and inside == self._around(here):
                    connect(joint, here[0], here[1], False)
                    return []
                middle = dot(inside)
                dots = [i for i, end in enumerate(here) if end.shape is not None and self._is_dot(end.shape)]
                opened = [i for i, end in enumerate(here) if end.open is not None]
                loud = -1 if outside else (opened or dots or [0])[0]
                for position, end in enumerate(here):
                    # a name is written once along its wire
                    connect(joint, end, at_dot(middle, end.label), position != loud)
                return [at_dot(middle, here[0].label)] if outside else []

            gather(root, ends, False)

        by_id = {line.id: line for line in lines}
        count = Counter(self._weights.values())
        shapes = {}
        for number, shape in self.shapes.items():
            legs = tuple(at_leg[(number, position)] for position in range(len(shape.legs)))
            terms = tuple(tuple(legs[i] for i in term) for term in self._terms.get(number, []))
            tied = count[self._weights.get(number, "")] > 1
            shapes[number] = replace(shape, legs=legs, terms=terms, tied=tied)
        gates: dict[int, dict[int, str]] = {}
        for enclosure, joint, name in self._gates:
            out = ends_within.get(self.find(joint))
            line = at_leg[out] if out is not None else None
            if line is not None and self._crosses(by_id[line], enclosure, shapes):
                gates.setdefault(enclosure, {})[line] = name
        enclosures = tuple(
            replace(
                e,
                gates=tuple(gates.get(n, ())),
                ended=tuple(line for line, _ in walls.get(n, ())),
                gate_names=(*gates.get(n, {}).values(), *(name for _, name in walls.get(n, ()))),
            )
            for n, e in self.enclosures.items()
        )

        def stretch(joints: tuple[int, ...], before: int | None, after: int | None) -> tuple[int, ...]:
            found = []
            for joint in joints:
                known = of_joint.get(self.find(joint), [])
                at = {before, after} - {None}
                near = [n for n in known if at & {end.shape for end in by_id[n].ends}]
                free = [n for n in known if None in {end.shape for end in by_id[n].ends}]
                found.extend((near or free or known)[:1])
            return tuple(found)

        backbones = tuple(
            Backbone(
                tuple(stream.stations),
                tuple(
                    stretch(
                        joints,
                        stream.stations[i - 1] if i > 0 else None,
                        stream.stations[i] if i < len(stream.stations) else None,
                    )
                    for i, joints in enumerate(stream.tracks)
                ),
                tuple(stream.blocks),
                tuple(stream.plates),
            )
            for stream in streams
        )
        opens.sort(key=lambda end: (end.kind, end.order))
        diagram = Diagram(
            tuple(shapes.values()), tuple(lines), enclosures, tuple(self.ribbons), tuple(opens), backbones
        )
        return styled(diagram, self.styles, self.selectors)

    def _is_added(self, end: _JointEnd) -> bool:
        """Whether a line brings a term to a plus: its name is that of the result, and stands there."""
        if end.shape is None or self.shapes[end.shape].symbol != "plus":
            return False
        return any(end.leg in term for term in self._terms.get(end.shape, []))

    def _is_dot(self, shape: int) -> bool:
        return self.shapes[shape].symbol == "dot"

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

    def _whole_wires(self) -> dict[int, list[_JointEnd]]:
        """The ends of each wire as it is outside of all functions, with the walls that it comes through.

        What lies outside of a wall and is an end of the wire within comes in through it too.
        """
        found = {joint: list(ends) for joint, ends in self._joints.items()}
        for joint in sorted(found.keys() & self._passages.keys()):
            outer, wall = self._passages[joint]
            ends = [
                replace(
                    end,
                    inside=end.inside if wall in self.path(end.inside) else wall,
                    through=((wall, joint), *end.through),
                )
                for end in found.pop(joint)
            ]
            known = found[self.find(outer)]
            known[:] = sorted([*known, *ends], key=lambda end: end.order)
        return found

    def _way(self, end: _JointEnd) -> tuple[tuple[int, int | None], ...]:
        """The enclosures round an end, outermost first, each with the joint that comes through it."""
        through = dict(end.through)
        return tuple((wall, through.get(wall)) for wall in self.path(end.inside))

    def _around(self, ends: Iterable[_JointEnd]) -> int | None:
        """The innermost enclosure round the shapes that ends are at."""
        places = [self.shapes[end.shape].inside if end.shape is not None else end.inside for end in ends]
        return self._shared([tuple((wall, None) for wall in self.path(place)) for place in places])

    @staticmethod
    def _shared(ways: Iterable[tuple[tuple[int, int | None], ...]]) -> int | None:
        """The innermost of the enclosures that ways in have in common."""
        shared: int | None = None
        for level in zip(*ways, strict=False):
            if len(set(level)) > 1:
                break
            shared = level[0][0]
        return shared

    def _crosses(self, line: Line, enclosure: int, shapes: dict[int, Shape]) -> bool:
        within = [
            end.shape is not None and enclosure in self.path(shapes[end.shape].inside) for end in line.ends
        ]
        return within[0] != within[1]
