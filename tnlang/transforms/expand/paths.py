"""``expand(net, paths)``: an output as the sum of the paths that lead to it through the blocks of a stream.

A stream's value is what it was before, and what an assignment adds. Each addition that is linear in the
stream is a component: a head of attention, where the addition is a sum over heads, or a block. A path begins
with what is put into the stream (``direct``, or a bias), and goes through components: ``0.3 -> 1.7 (V)``. It
is the component's product with the path before it in place of the stream, a binding of its own, so that
longer paths share it. What is not listed is carried along in a second stream, ``rest``; the terms and the
rest are the output exactly.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Bind,
    Node,
    Origin,
    Ref,
    Special,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, free_wires, fresh_wire, map_children, rename
from tnlang.transforms.expand.legs import picked
from tnlang.transforms.expand.linear import Streams
from tnlang.transforms.flatten import Assignment
from tnlang.transforms.request import TransformError

LIMIT = 10_000
"""Paths that may be listed."""

DIRECT = "direct"
REST = "rest"


@dataclass(frozen=True, slots=True)
class Component:
    """What an assignment adds linearly: products that all read one value of a stream.

    ``name`` is ``0.3`` for head 3 of the call of turn 0, else the block's; ``reads`` is the value.
    """

    name: str
    at: int
    reads: str
    terms: tuple[Term, ...]
    has_heads: bool


@dataclass(frozen=True, slots=True)
class Block:
    """The components of an assignment that read one value, and all of them together."""

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
    """The paths of a net: its blocks and what is put into its streams, then the listed paths as bindings."""

    streams: Streams
    split: bool
    taken: set[str]
    """The names of all values, those of bindings made here included."""
    blocks: list[Block] = field(default_factory=list)
    sources: list[Path] = field(default_factory=list)
    within: dict[str, frozenset[int]] = field(default_factory=dict)
    """The assignments whose additions each value of a stream holds."""
    bindings: list[Bind] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    """What blocks with heads are called by: their turns, where these tell them apart."""

    def read(self, ends: set[str]) -> None:
        """Find the blocks and the sources on the way to these values of streams.

        Raises TransformError for an addition that is not linear.
        """
        for at, assignment in enumerate(self.assignments):
            before = self.within.get(assignment.before, frozenset())
            self.within[assignment.value] = before | {at}
        reached: set[int] = set()
        waiting = set(ends)
        while waiting:
            new = self.within[waiting.pop()] - reached
            reached |= new
            waiting |= {read for at in new for read in self.streams.reads(self.assignments[at])}
        for at in sorted(reached):
            assignment = self.assignments[at]
            if not assignment.change.terms:  # an input, or a value that is frozen
                name = assignment.value if at else DIRECT
                self.sources.append(Path(name, assignment.value, at))
            change = self.streams.written(assignment.change, assignment.value)
            constant: list[Term] = []
            linear: dict[str, list[Term]] = {}
            for term in change.terms:
                match self.streams.uses(term):
                    case []:
                        constant.append(term)
                    case [read]:
                        linear.setdefault(read, []).append(term)
                    case several:
                        raise TransformError(
                            f"{assignment.place or assignment.value} multiplies {len(several)} values of a "
                            "stream with one another",
                            "freeze the pattern first, or expand the score: `of = S`",
                        )
            if constant:
                self.source(at, assignment, constant)
            self.blocks += [self.block(at, assignment, read, terms) for read, terms in linear.items()]

    @property
    def assignments(self) -> list[Assignment]:
        return self.streams.flat.assignments

    def source(self, at: int, assignment: Assignment, terms: list[Term]) -> None:
        """What an assignment puts into the stream: the first is ``direct``, a value keeps its name."""
        place = assignment.place or assignment.value
        match terms:
            case _ if at == 0:
                name = DIRECT
            case [Term(nodes=(Tensor(ref=Ref(name, ()), legs=assignment.legs),), coefficient=1)]:
                self.sources.append(Path(name, name, at))
                return
            case [Term(nodes=(Tensor(ref=ref),))]:
                name = dotted(ref.name, [sub for sub in ref.subs if isinstance(sub, int)])
            case _:
                name = f"{place} bias" if assignment.before else place
        value = self.bind(name, assignment.legs, [(tuple(terms), {})])
        self.sources.append(Path(name, value, at))

    def block(self, at: int, assignment: Assignment, read: str, terms: list[Term]) -> Block:
        wires = [self.streams.parallel(term, assignment.legs) for term in terms]
        heads = {(wire.name, wire.size) for wire in wires if wire is not None}
        place = assignment.place or assignment.value
        if len(heads) != 1 or None in wires:
            one = Component(place, at, read, tuple(terms), False)
            return Block(one, (one,))
        turn = assignment.place.rpartition(".")[2]
        label = turn if turn.isdigit() else str(len(self.labels))
        label = label if label not in self.labels else place
        self.labels.add(label)
        whole = Component(label, at, read, tuple(terms), True)
        if not self.split:
            return Block(whole, (whole,))
        ((name, size),) = heads
        try:
            count = evaluate(size, {})
        except SizeError as error:
            raise TransformError(f"the entries of {name} cannot be counted: {error}") from None
        if count > LIMIT:
            raise TransformError(f"{count:,} entries of {name} cannot be told apart", "by = block")
        parts = []
        for head in range(count):
            own = tuple(picked(t, w, head) for t, w in zip(terms, wires, strict=True) if w is not None)
            parts.append(Component(f"{label}.{head}", at, read, own, True))
        return Block(whole, tuple(parts))

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

    def through(self, path: Path, part: Component) -> str:
        """The name of the path through one more component."""
        mark = " (V)" if part.has_heads else ""
        return part.name if path.name == DIRECT else f"{path.name} -> {part.name}{mark}"

    def extended(self, path: Path, part: Component) -> Path:
        """The path through one more component, bound."""
        name = self.through(path, part)
        value = self.bind(name, self.assignments[part.at].legs, [(part.terms, {part.reads: path.value})])
        return Path(name, value, part.at)


def reading(term: Term, values: dict[str, str]) -> Term:
    """The term with other values in place of those of a stream."""

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name)) if name in values:
                return replace(old, ref=Ref(values[name]))
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(reading(inner, values) for inner in old.terms))

    return replace(term, nodes=tuple(map(node, term.nodes)))


def listed(expansion: Expansion, order: float, count: int) -> tuple[list[Path], set[tuple[str, str, int]]]:
    """The first paths, the shorter before the longer, and the steps between them.

    A step is the value of a path, and the component it goes on through by name and assignment. No more paths
    are bound than are listed.
    """
    steps: set[tuple[str, str, int]] = set()

    def every() -> Iterator[Path]:
        yield from expansion.sources
        last, length = list(expansion.sources), 0
        while last and length < order:
            length += 1
            longer: list[Path] = []
            for path in last:
                for part in after(expansion, path):
                    longer.append(expansion.extended(path, part))
                    steps.add((path.value, part.name, part.at))
                    yield longer[-1]
            last = longer

    paths = list(itertools.islice(every(), min(count, LIMIT + 1)))
    if len(paths) > LIMIT:
        raise TransformError(
            f"there are more than {LIMIT:,} paths", "limit them: `order <= 2`, `count = 100`"
        )
    return paths, steps


def named(expansion: Expansion, names: Sequence[str]) -> tuple[list[Path], set[tuple[str, str, int]]]:
    """The paths of these names, each after those that it begins with, and the steps between them.

    Raises TransformError for a name that no path has.
    """
    sources = {path.name: path for path in expansion.sources}
    known: dict[tuple[str, str, int], Path] = {}
    found: dict[str, Path] = {}
    for name in names:
        first, *others = name.split(" -> ")
        parts = others if first in sources else [first, *others]
        path = sources.get(first) or sources.get(DIRECT)
        if path is None:
            raise TransformError(f"no path begins with {first}", "they begin with " + ", ".join(sources))
        found[path.name] = path
        for wanted in parts:
            part = next((p for p in after(expansion, path) if p.name == wanted.removesuffix(" (V)")), None)
            if part is None:
                close = difflib.get_close_matches(wanted, [p.name for p in after(expansion, path)], n=3)
                hint = "did you mean " + " or ".join(close) + "?" if close else ""
                raise TransformError(f"no path goes from {path.name} through {wanted}", hint)
            step = (path.value, part.name, part.at)
            known[step] = path = known.get(step) or expansion.extended(path, part)
            found[path.name] = path
        if len(found) > LIMIT:
            raise TransformError(f"there are more than {LIMIT:,} paths")
    return list(found.values()), set(known)


def after(expansion: Expansion, path: Path) -> Iterator[Component]:
    """The components that a path can go on through."""
    for block in expansion.blocks:
        if path.at in expansion.within[block.whole.reads]:
            yield from block.parts


def rest_of(expansion: Expansion, paths: list[Path], steps: set[tuple[str, str, int]]) -> dict[str, str]:
    """Bind what each value of a stream holds beside the listed paths; their names, by those of the values.

    It goes through the blocks as the stream does; the listed paths join it where one goes on unlisted.
    """
    rest: dict[str, str] = {}
    known = {path.value for path in paths}
    for at, assignment in enumerate(expansion.assignments):
        parts: list[tuple[tuple[Term, ...], dict[str, str]]] = []
        whole = (Term((Tensor(Ref(assignment.value), assignment.legs),)),)
        if assignment.before in rest:
            parts.append((whole, {assignment.value: rest[assignment.before]}))
        for source in expansion.sources:
            if source.at == at and source.value not in known:
                parts.append((whole, {assignment.value: source.value}))
        for block in expansion.blocks:
            if block.whole.at == at:
                parts += _unlisted(expansion, block, paths, steps, rest)
        if parts:
            name = f"{REST} of {assignment.value}"
            rest[assignment.value] = expansion.bind(name, assignment.legs, parts)
    return rest


def _unlisted(
    expansion: Expansion,
    block: Block,
    paths: list[Path],
    steps: set[tuple[str, str, int]],
    rest: dict[str, str],
) -> Iterator[tuple[tuple[Term, ...], dict[str, str]]]:
    """What a block adds to the rest: all of the rest before it, and of each path what is not listed."""
    reads = block.whole.reads
    together = [rest[reads]] if reads in rest else []
    for path in paths:
        if path.at not in expansion.within[reads]:
            continue
        missing = [part for part in block.parts if (path.value, part.name, part.at) not in steps]
        if len(missing) == len(block.parts):
            together.append(path.value)
        else:
            yield from ((part.terms, {reads: path.value}) for part in missing)
    if len(together) > 1:
        before = next(a for a in expansion.assignments if a.value == reads)
        whole = (Term((Tensor(Ref(reads), before.legs),)),)
        name = f"{REST} into {block.whole.name}"
        together = [expansion.bind(name, before.legs, [(whole, {reads: value}) for value in together])]
    yield from ((block.whole.terms, {reads: value}) for value in together)
