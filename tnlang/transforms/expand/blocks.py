"""The blocks of a net: what is added to its streams, taken apart into sources, heads and other components.

A stream's value is what it was before, and what an assignment adds. What depends on no stream is a source.
What is linear in a stream is a component: a head, or all that a call or a value adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Bind, Origin, Ref, Special, Sum, Tensor, Term, Value, Wire
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, free_wires, fresh_wire, rename
from tnlang.transforms.expand.heads import LIMIT, heads_of, members, names_of
from tnlang.transforms.expand.linear import Streams, reading
from tnlang.transforms.flatten import Assignment, place_of
from tnlang.transforms.request import TransformError
from tnlang.transforms.residual import passed_on

DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Component:
    """What an assignment adds linearly: products that each read one value of a stream.

    ``name`` is ``0.3`` for head 3 of the call of turn 0, else the call's or the value's. ``reads`` are the
    values that the terms read.
    """

    name: str
    at: int
    terms: tuple[Term, ...]
    reads: tuple[str, ...]
    has_heads: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Components that are added together, and all of them as one."""

    whole: Component
    parts: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A listed path: the name it is bound under, and the assignment that first adds it."""

    name: str
    value: str
    at: int


@dataclass(slots=True)
class Expansion:
    """The blocks of a net and what is put into its streams; then paths, as bindings."""

    streams: Streams
    split: bool
    taken: set[str]
    """The names of all values, those of bindings made here included."""
    place: str = ""
    """What products of several values of streams come from, in the outputs; "" where they have no name."""
    blocks: list[Block] = field(default_factory=list)
    sources: list[Path] = field(default_factory=list)
    befores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The values that each value of a stream holds as they are."""
    within: dict[str, frozenset[int]] = field(default_factory=dict)
    """The assignments whose additions each value of a stream holds."""
    bindings: list[Bind] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    """What blocks with heads are called by: their turns, where these tell them apart."""

    @property
    def assignments(self) -> list[Assignment]:
        return self.streams.flat.assignments

    def read(self, ends: Sequence[str]) -> None:
        """Find the blocks and the sources on the way to these values of streams.

        Raises TransformError for an addition that is not linear.
        """
        own = {at: self.added(at, assignment) for at, assignment in enumerate(self.assignments)}
        places = {assignment.value: at for at, assignment in enumerate(self.assignments)}
        reached: dict[int, list[str]] = {}
        waiting = set(ends)
        while waiting:
            for at in self.within[waiting.pop()] - set(reached):
                written = self.streams.written(Sum(own[at]), self.assignments[at].value)
                read = dict.fromkeys(use for term in written.terms for use in self.streams.uses(term))
                reached[at] = list(read)
                waiting |= set(read)
        direct = max((places[end] for end in ends), default=0)
        while onward := (*self.befores[self.assignments[direct].value], *reached[direct]):
            direct = places[onward[0]]
        for at in sorted(reached):
            self.read_assignment(at, own[at], is_direct=at == direct)

    def added(self, at: int, assignment: Assignment) -> tuple[Term, ...]:
        """What an assignment adds beside the values of streams that it holds as they are."""
        befores = [assignment.before] if assignment.before else []
        held = frozenset(n for before in befores for n in self.within[before])
        added: list[Term] = []
        for term in assignment.change.terms:
            name = passed_on(term, assignment.legs)
            is_whole = name in self.within and len(term.nodes) == term.coefficient == 1
            if is_whole and not held & self.within[name]:
                befores.append(name)
                held |= self.within[name]
            else:
                added.append(term)
        self.befores[assignment.value] = tuple(befores)
        self.within[assignment.value] = held | {at}
        return tuple(added)

    def read_assignment(self, at: int, added: tuple[Term, ...], *, is_direct: bool) -> None:
        assignment = self.assignments[at]
        value, legs = assignment.value, assignment.legs
        if not assignment.change.terms:  # an input, or a value that is frozen
            is_direct = is_direct and (at == 0 or value not in self.streams.frozen)
            self.sources.append(Path(DIRECT if is_direct else value, value, at))
        groups: dict[str, list[Term]] = {}
        calls: set[str] = set()
        for term in added:
            call = assignment.place or place_of(self.streams.flat, Sum((term,)), legs)
            calls.add(call)
            place = call or self.streams.named(passed_on(term, legs)) or value
            groups.setdefault(place, []).extend(self.streams.written(Sum((term,)), value).terms)
        constant = {p: [t for t in terms if not self.streams.uses(t)] for p, terms in groups.items()}
        if is_direct:
            self.source(at, DIRECT, [term for terms in constant.values() for term in terms])
        for place, terms in groups.items():
            if not is_direct:
                self.source(at, place, constant[place])
            linear = [term for term in terms if self.streams.uses(term)]
            if any(len(self.streams.uses(term)) > 1 for term in linear):
                raise TransformError(
                    f"{place} multiplies values of a stream with one another, and others read what it gives",
                    "freeze the pattern first, or expand the score: `of = S`",
                )
            self.components(at, place, linear, is_call=place in calls)

    def source(self, at: int, place: str, terms: list[Term]) -> None:
        """What an assignment puts into the stream: a value of its legs keeps its name."""
        assignment = self.assignments[at]
        known = {path.name for path in self.sources}
        match terms:
            case []:
                return
            case _ if place == DIRECT:
                name = DIRECT
            case [Term(nodes=(Tensor(ref=Ref(name, ()), legs=assignment.legs),), coefficient=1)] if (
                name not in known
            ):
                self.sources.append(Path(name, name, at))
                return
            case [Term(nodes=(Tensor(ref=ref),))] if dotted(ref.name, _numbers(ref)) not in known:
                name = dotted(ref.name, _numbers(ref))
            case _:
                name = f"{place} bias" if self.befores[assignment.value] else place
        value = self.bind(name, assignment.legs, [(tuple(terms), {})])
        self.sources.append(Path(name, value, at))

    def components(self, at: int, place: str, terms: list[Term], *, is_call: bool) -> None:
        """The heads of what one call or value adds, and the rest of it."""
        kept, streams = self.assignments[at].legs, self.streams.stream
        kinds: dict[tuple[str, ...], list[Term]] = {}
        for term in terms:
            kinds.setdefault(names_of(heads_of(term, streams, kept)), []).append(term)
        for names, alike in kinds.items():
            if not names:
                one = self.component(place, at, alike)
                self.blocks.append(Block(one, (one,)))
                continue
            label = self.label(place, is_call=is_call)
            whole = self.component(label, at, alike, has_heads=True)
            heads: dict[tuple[int, ...], list[Term]] = {}
            for term in alike if self.split else ():
                for numbers, head in members(term, streams, kept):
                    heads.setdefault(numbers, []).append(head)
            if len(heads) > LIMIT:
                raise TransformError(f"{place} has more than {LIMIT:,} heads", "by = block")
            parts = (self.component(dotted(label, n), at, heads[n], has_heads=True) for n in sorted(heads))
            self.blocks.append(Block(whole, tuple(parts) or (whole,)))

    def component(self, name: str, at: int, terms: Sequence[Term], *, has_heads: bool = False) -> Component:
        reads = tuple(self.streams.uses(term)[0] for term in terms)
        return Component(name, at, tuple(terms), reads, has_heads)

    def label(self, place: str, *, is_call: bool) -> str:
        """What the heads of a place are told by: the turn of its call, else how many there were before."""
        turns = [part for part in place.split(".") if part.isdecimal()] if is_call else []
        number = turns[-1] if turns else str(len(self.labels))
        tried = (number, place, *(place + "'" * n for n in range(1, LIMIT)))
        label = next(label for label in tried if label not in self.labels)
        self.labels.add(label)
        return label

    def applied(self, part: Component, at: int) -> tuple[Term, ...]:
        """The terms of a component that read what an assignment adds."""
        return tuple(t for t, r in zip(part.terms, part.reads, strict=True) if at in self.within[r])

    def bind(
        self,
        name: str,
        kept: tuple[Wire, ...],
        parts: Sequence[tuple[tuple[Term, ...], dict[str, str]]],
    ) -> str:
        """Bind a sum of products, with values of a stream replaced by others; gives the name it has."""
        own = name
        while own in self.taken:
            own += "'"
        self.taken.add(own)
        legs = {leg: fresh_wire(leg) for leg in kept}
        terms = tuple(reading(term, values) for part, values in parts for term in part)
        missing = [leg for leg in kept if leg not in free_wires(Sum(terms))]
        if missing:  # every term is broadcast along it
            ones = tuple(Special("ones", (leg,)) for leg in missing)
            terms = (replace(terms[0], nodes=(*terms[0].nodes, *ones)), *terms[1:])
        body = rename(Sum(tuple(copy(Sum((term,))).terms[0] for term in terms)), dict(legs))
        origin = Origin(rules=("expand",))
        self.bindings.append(Bind(Value(own, tuple(legs.values())), body, origin=origin))
        return own


def _numbers(ref: Ref) -> list[int]:
    return [sub for sub in ref.subs if isinstance(sub, int)]
