"""``expand(net, paths)``: an output as the sum of the paths that lead to it through the blocks of a stream.

A stream's value is what it was before, and what an assignment adds. Each addition that is linear in the
stream is a component: a head of attention, where the addition is a sum over heads, or a block. A path begins
with what is put into the stream (``direct``, or a bias), and goes through components: ``0.3 -> 1.7 (V)``. It
is the component's product with the path before it in place of the stream, a binding of its own, so that
longer paths share it. What is not listed is carried along in a second stream, ``rest``; the terms and the
rest are the output exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Bind,
    Bracket,
    Frozen,
    Net,
    Node,
    Origin,
    Output,
    Ref,
    Special,
    Stmt,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, free_wires, fresh_wire, map_children, refs, rename
from tnlang.transforms.dead import without_dead
from tnlang.transforms.expand.legs import picked
from tnlang.transforms.expand.linear import Streams
from tnlang.transforms.flatten import Assignment, as_streams, flatten
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, Step, TransformError

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

    def read(self) -> None:
        """Find the blocks and the sources. Raises TransformError for an addition that is not linear."""
        for at, assignment in enumerate(self.assignments):
            before = self.within.get(assignment.before, frozenset())
            self.within[assignment.value] = before | {at}
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

    def prune(self, read: set[str]) -> None:
        """Leave out what does not come to the values of streams that are read in the end."""
        reached: set[int] = set()
        waiting = set(read)
        while waiting:
            new = self.within[waiting.pop()] - reached
            reached |= new
            waiting |= {block.whole.reads for block in self.blocks if block.whole.at in new}
        self.sources = [source for source in self.sources if source.at in reached]
        self.blocks = [block for block in self.blocks if block.whole.at in reached]

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
        value = self.bind(name, assignment, [(tuple(terms), {})])
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
        assignment: Assignment,
        parts: Sequence[tuple[tuple[Term, ...], dict[str, str]]],
    ) -> str:
        """Bind a sum of products, with values of a stream replaced by others; gives the name it has."""
        own = name
        while own in self.taken:
            own += "'"
        self.taken.add(own)
        legs = {leg: fresh_wire(leg) for leg in assignment.legs}
        terms = tuple(reading(term, values) for part, values in parts for term in part)
        missing = [leg for leg in assignment.legs if leg not in free_wires(Sum(terms))]
        if missing:  # every term is broadcast along it
            ones = tuple(Special("ones", (leg,)) for leg in missing)
            terms = (replace(terms[0], nodes=(*terms[0].nodes, *ones)), *terms[1:])
        body = rename(copy(Sum(terms)), dict(legs))
        origin = Origin(rules=("expand",))
        self.bindings.append(Bind(Value(own, tuple(legs.values())), body, origin=origin))
        return own

    def extended(self, path: Path, part: Component) -> Path:
        """The path through one more component, bound."""
        mark = " (V)" if part.has_heads else ""
        name = part.name if path.name == DIRECT else f"{path.name} -> {part.name}{mark}"
        value = self.bind(name, self.assignments[part.at], [(part.terms, {part.reads: path.value})])
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
                for block in expansion.blocks:
                    if path.at not in expansion.within[block.whole.reads]:
                        continue
                    for part in block.parts:
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
            rest[assignment.value] = expansion.bind(name, assignment, parts)
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
        together = [expansion.bind(name, before, [(whole, {reads: value}) for value in together])]
    yield from ((block.whole.terms, {reads: value}) for value in together)


def expand_paths(request: Request) -> tuple[Net, ...]:
    """The net with its output as the sum of its paths and of the rest.

    Options: ``order <= n`` for paths through at most n components, ``count = n`` for the first n, ``by =
    block`` for blocks that are not taken apart into heads. Raises TransformError where the net has no stream,
    where an addition or the output is not linear in it, and for other options.
    """
    order, count, split = _options(request)
    net = request.program.net(request.net)
    flat = flatten(request.program, net)
    flat.assignments = flat.assignments or as_streams(flat, net.inputs)
    streams = Streams(flat)
    if not streams.stream:
        raise TransformError(
            f"{net.name} has no stream, and no input with its output's legs: there are no paths",
            f"`expand({net.name}, x)` writes a value x out",
        )
    decls = (*request.program.declarations, *net.inputs, *flat.owned)
    expansion = Expansion(streams, split, {d.name for d in decls} | {s.target.name for s in flat.body})
    expansion.read()
    expansion.prune({read for name in flat.outputs for read in _reads(streams, name)})
    paths, steps = listed(expansion, order, count)
    rest = rest_of(expansion, paths, steps)
    results = [
        _output(expansion, output, name, paths, rest)
        for output, name in zip(net.outputs, flat.outputs, strict=True)
    ]
    body: tuple[Stmt, ...] = (*streams.constant(), *expansion.bindings, *results)
    outputs = tuple(
        replace(o, name=b.target.name, subs=()) for o, b in zip(net.outputs, results, strict=True)
    )
    whole = replace(net, name=request.name, owned=tuple(flat.owned), outputs=outputs)
    whole = replace(whole, source=net.source or net.name, body=(*body, *flat.body))
    kept = without_dead(whole, body)
    read = {node.name for statement in kept for node in refs(statement)}
    kept = tuple(s for s in kept if not isinstance(s, Frozen) or s.target.name in read)
    return (replace(whole, body=renew(kept)),)


def _options(request: Request) -> tuple[float, int, bool]:
    known = {"order", "count", "by"}
    for name in request.options:
        if name not in known:
            raise TransformError(f"expand(net, paths) has no option {name}", "there are order, count and by")
    numbers = []
    for name in ("order", "count"):
        found = request.options.get(name, float(LIMIT + 1))
        if not isinstance(found, float) or found != int(found) or found < 0:
            raise TransformError(f"{name} is a whole number", f"`{name} <= 2`")
        numbers.append(found)
    by = request.options.get("by", (Step("head"),))
    if by not in ((Step("head"),), (Step("block"),)):
        raise TransformError("paths go by head or by block", "`by = block`")
    return numbers[0], int(numbers[1]), by == (Step("head"),)


def _reads(streams: Streams, name: str) -> set[str]:
    """The values of streams that a value is made from."""
    if name in streams.stream:
        return {name}
    if name not in streams.definitions:
        return set()
    return {read for term in streams.value(name).terms for read in streams.uses(term)}


def _output(expansion: Expansion, output: Output, name: str, paths: list[Path], rest: dict[str, str]) -> Bind:
    """An output as the sum of what each path gives, each with its name below."""
    streams = expansion.streams
    own = dotted(output.name, output.subs)
    if name in streams.stream:
        legs = next(a.legs for a in streams.flat.assignments if a.value == name)
        total = Sum((Term((Tensor(Ref(name), legs),)),))
        target = Value(own, legs)
    elif name in streams.definitions:
        target = replace(streams.definitions[name].target, name=own, anonymous=False)
        total = streams.value(name)
    else:
        raise TransformError(f"the output {own} is no value that paths lead to")
    constant = [term for term in total.terms if not streams.uses(term)]
    linear = [term for term in total.terms if streams.uses(term)]
    if any(len(streams.uses(term)) > 1 for term in linear):
        raise TransformError(f"the output {own} multiplies values of a stream with one another")
    terms: list[Term] = []

    def add(caption: str, values: dict[str, str]) -> None:
        found = tuple(reading(t, values) for t in linear if streams.uses(t)[0] in values)
        if found:
            body = copy(Sum(found))
            terms.append(Term((Bracket(body, caption=caption, origin=Origin(rules=("expand",))),)))

    for path in paths:
        add(path.name, {v: path.value for v, within in expansion.within.items() if path.at in within})
    add(REST, rest)
    if constant:
        terms.append(Term((Bracket(Sum(tuple(constant)), caption="bias"),)))
    return Bind(target, Sum(tuple(terms)), origin=Origin(rules=("expand",)))
