"""A value written into the products that read it, and these multiplied out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.inline import in_place
from tnlang.ir.net import (
    Bind,
    Bracket,
    Call,
    Frozen,
    Net,
    Node,
    Origin,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.normal import elide_deltas
from tnlang.ir.size import Size
from tnlang.ir.walk import copy, map_children, rename, statements, value_wires, walk
from tnlang.transforms.expand.products import multiplied_out
from tnlang.transforms.request import TransformError

_SELF = "expand"


def expand_value(net: Net, name: str, number: int | None) -> tuple[Stmt, ...]:
    """The net's statements with a value written out in place of its uses, all products multiplied out.

    The value's own definition is multiplied out, then each product that reads it. ``number`` tells which of
    a stream's values is meant, None all. Raises TransformError where nothing can be expanded, or not exactly.
    """
    work = _Expansion(name, number)
    body = tuple(work.block(net.body))
    if body == net.body:
        if work.handed:
            raise TransformError(
                f"in {net.name} only calls read {name}, and they read it whole",
                f"name a value of the called net, or use expand({net.name}, paths)",
            )
        said = f"{name} of {net.name} is no sum, and no product reads it"
        raise TransformError(said, "name a value that stands in a product, or a summed leg")
    return body


@dataclass(frozen=True, slots=True)
class _Written:
    """A definition as it can be written where the value is read."""

    target: Value
    body: Sum
    reads: dict[str, int]
    """How often each stream that it reads had been set by then."""


@dataclass(slots=True)
class _Expansion:
    name: str
    number: int | None
    handed: bool = False
    definitions: dict[tuple[Size, ...], _Written] = field(default_factory=dict)
    """By subscripts; those of a stream's values are numbers."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often each stream has been set."""
    repeated: set[str] = field(default_factory=set)
    """Streams that a repeat sets, so that no number tells which value is meant."""

    def block(self, body: tuple[Stmt, ...]) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Bind(target=target):
                    total = self.total(statement.body)
                    if target.name == self.name:
                        total = multiplied_out(total)
                        self.define(target, total, target.subs)
                    yield replace(statement, body=total)
                case StreamSet(target=target):
                    new = replace(statement, body=self.total(statement.body))
                    self.assign(new)
                    yield new
                case Frozen(target=target, definition=StreamSet()):
                    self.counts[target.name] = self.counts.get(target.name, 0) + 1
                    yield statement
                case Call(arguments=arguments):
                    self.handed |= any(ref.name == self.name for ref in arguments)
                    yield statement
                case Repeat():
                    yield self.repeat(statement)
                case _:
                    yield statement

    def repeat(self, statement: Repeat) -> Repeat:
        streams = {s.target.name for s in statements(statement.body) if isinstance(s, StreamSet)}
        if self.name in streams:
            raise TransformError(
                f"{self.name} is set in a repeat: how many terms it has depends on the turns",
                "expand(net, paths) follows a stream through its repeats",
            )
        self.repeated |= streams
        outside = dict(self.definitions)
        for stream in streams:  # what it is at the start of a turn is no one value
            self.counts[stream] = self.counts.get(stream, 0) + 1
        new = replace(statement, body=tuple(self.block(statement.body)))
        self.definitions = outside
        for stream in streams:
            self.counts[stream] += 1
        return new

    def define(self, target: Value, body: Sum, subs: tuple[Size, ...]) -> None:
        read = {node.ref.name for node in walk(body) if isinstance(node, Tensor) and not node.ref.subs}
        reads = {name: self.counts[name] for name in read if name in self.counts}
        self.definitions[subs] = _Written(target, body, reads)

    def assign(self, statement: StreamSet) -> None:
        """A stream's next value: what it was before, and what is added."""
        target, body = statement.target, multiplied_out(statement.body)
        place = self.counts.get(target.name, 0)
        if target.name == self.name and self.number in (None, place):
            if statement.op != "=":
                sign = -1 if statement.op == "-=" else 1
                change = tuple(replace(term, coefficient=sign * term.coefficient) for term in body.terms)
                body = replace(body, terms=(*self.before(target, place).terms, *change))
            self.define(target, body, (place,))
        self.counts[target.name] = place + 1

    def before(self, target: Value, place: int) -> Sum:
        """The stream's last value, on the wires of a left-hand side."""
        last = self.definitions.get((place - 1,))
        if last is None:
            return Sum((Term((Tensor(Ref(self.name, (place - 1,)), target.legs),)),))
        wires = zip(value_wires(last.target.legs), value_wires(target.legs), strict=True)
        return rename(copy(self.now(last).body), dict(wires))

    def definition(self, ref: Ref) -> _Written | None:
        """What can be written for a use at this point."""
        if ref.name != self.name:
            return None
        subs: tuple[Size, ...] = ref.subs
        if self.name in self.counts and not subs:
            subs = (self.counts[self.name] - 1,)
        found = self.definitions.get(subs)
        return self.now(found) if found is not None else None

    def now(self, written: _Written) -> _Written:
        """The definition at this point: of streams that were set since, the values that it read."""
        past = {name: count for name, count in written.reads.items() if self.counts[name] != count}
        for name in past:
            if name in self.repeated:
                raise TransformError(
                    f"{self.name} cannot be written where it is read: {name} has been set in between",
                    f"bind what it takes of {name} to a name before",
                )
        if not past:
            return written

        def node(old: Node) -> Node:
            match old:
                case Tensor(ref=Ref(name, ())) if name in past:
                    return replace(old, ref=Ref(name, (past[name] - 1,)))
                case _:
                    return map_children(old, total)

        def total(old: Sum) -> Sum:
            return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

        return _Written(written.target, total(written.body), {})

    def total(self, body: Sum) -> Sum:
        """The sum with the value written into it. The same sum where it does not read the value."""
        terms = tuple(new for term in body.terms for new in self.term(term))
        unchanged = len(terms) == len(body.terms) and all(map(_is_same, terms, body.terms))
        return body if unchanged else replace(body, terms=terms)

    def term(self, old: Term) -> tuple[Term, ...]:
        nodes: list[Node] = []
        summed = list(old.summed)
        written = False
        for node in old.nodes:
            found = self.definition(node.ref) if isinstance(node, Tensor) else None
            if found is None:
                nodes.append(map_children(node, self.total))
                continue
            assert isinstance(node, Tensor)
            value, *joints = (placed := in_place(found.target.legs, found.body, node.legs, conj=node.conj))[0]
            if isinstance(value, Bracket):
                origin = Origin(node.origin.span, (*node.origin.rules, _SELF))
                value = replace(value, origin=origin)
            nodes += [value, *joints]
            summed += placed[1]
            written = True
        if all(map(_is_same, nodes, old.nodes)) and not written:
            return (old,)
        new = replace(old, nodes=tuple(nodes), summed=tuple(summed))
        if not written:
            return (new,)
        return multiplied_out(Sum((elide_deltas(new),)), only=_SELF).terms


def _is_same(one: object, other: object) -> bool:
    return one is other
