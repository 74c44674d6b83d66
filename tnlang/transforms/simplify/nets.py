"""A net's statements simplified, and values written into the products that read them where that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tnlang.ir.inline import written_into
from tnlang.ir.net import (
    Bind,
    Bracket,
    Call,
    Frozen,
    Net,
    Node,
    Number,
    Ref,
    Repeat,
    SizeNumber,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.walk import children, free_wires, map_children, refs, statements, value_wires, walk
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.rewriting import Rewriting, Rules, tidy, with_ones

Told = Callable[[str, tuple[Stmt, ...]], None]
"""Hears of each step: the rule's name and the net's statements after it."""

MOST = 12
"""Values that are tried to be written into one product; of more, those that stand nearest before it."""
LARGEST = 300
"""Shapes of a product with values written into it; where there would be more, those nearest before it are."""


@dataclass(slots=True)
class Simplifying:
    """One net. ``known`` are the bindings above, by name, that a product may have instead of their names."""

    net: Net
    facts: Facts
    rules: Rules
    told: Told | None = None
    known: dict[str, Bind] = field(default_factory=dict)
    streams: frozenset[str] = frozenset()

    def run(self) -> tuple[Stmt, ...]:
        """The statements simplified."""
        self.streams = frozenset(_streams(self.net.body))
        return self.block(self.net.body, lambda body: body)

    def block(
        self, body: tuple[Stmt, ...], whole: Callable[[tuple[Stmt, ...]], tuple[Stmt, ...]]
    ) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for position, statement in enumerate(body):
            rest = body[position + 1 :]

            def around(new: Stmt, done: list[Stmt] = done, rest: tuple[Stmt, ...] = rest) -> tuple[Stmt, ...]:
                return whole((*done, new, *rest))

            match statement:
                case Bind() | StreamSet():
                    new = self.assigned(statement, around)
                    if isinstance(new, Bind) and not new.target.subs:
                        self.known[new.target.name] = new
                    done.append(new)
                case Call(arguments=arguments):
                    done.append(replace(statement, arguments=tuple(map(self.meant, arguments))))
                case Repeat(body=inner):
                    before = dict(self.known)

                    def deeper(
                        new: tuple[Stmt, ...],
                        repeat: Repeat = statement,
                        around: Callable[[Stmt], tuple[Stmt, ...]] = around,
                    ) -> tuple[Stmt, ...]:
                        return around(replace(repeat, body=new))

                    done.append(replace(statement, body=self.block(inner, deeper)))
                    self.known = before
                case _:
                    done.append(statement)
        return tuple(done)

    def meant(self, ref: Ref) -> Ref:
        """The value that another one is no more than a name of."""
        found = self.known.get(ref.name)
        while found is not None and not ref.subs and (source := _renamed(found)) is not None:
            ref = source
            found = self.known.get(ref.name)
        return ref

    def assigned(
        self, statement: Bind | StreamSet, around: Callable[[Stmt], tuple[Stmt, ...]]
    ) -> Bind | StreamSet:
        """A statement with its sum simplified, values written into it where that makes it smaller."""
        wires = value_wires(statement.target.legs)

        def simplified(body: Sum, quiet: bool = False) -> Sum:
            def told(rule: str, new: Sum) -> None:
                if self.told is not None:
                    self.told(rule, around(replace(statement, body=presented(new, wires))))

            facts = replace(self.facts, order=wires)
            hearing = told if self.told is not None and not quiet else None
            return Rewriting(facts, self.rules, hearing).run(body)

        small = {name: bind for name, bind in self.known.items() if self.is_small(bind)}
        body = self.with_values(statement.body, small)
        if body is not statement.body and self.told is not None:
            self.told("alias", around(replace(statement, body=presented(body, wires))))
        useful = self.useful(body, lambda total: simplified(total, quiet=True))
        if useful:
            body = self.with_values(body, useful)
            if self.told is not None:
                self.told("value", around(replace(statement, body=presented(body, wires))))
        return replace(statement, body=presented(simplified(body), wires))

    def is_small(self, bind: Bind) -> bool:
        """Whether a value is always written where it is read: a number, a wire, another value's name."""
        match bind.body:
            case Sum(terms=()):
                return self.is_steady(bind)
            case Sum((Term(nodes=nodes),)) if len(nodes) <= 1 or all(_is_number(node) for node in nodes):
                plain = all(isinstance(n, Tensor | Special | Number | SizeNumber) for n in nodes)
                return plain and self.is_steady(bind)
            case _:
                return False

    def is_steady(self, bind: Bind) -> bool:
        """Whether a binding is worth the same wherever it is read: it reads no stream."""
        return not any(ref.name in self.streams for ref in refs(bind))

    def with_values(self, body: Sum, values: Mapping[str, Bind]) -> Sum:
        """The sum with these values written into it, and those that they read."""

        def definition(ref: Ref) -> tuple[tuple[object, ...], Sum] | None:
            found = values.get(ref.name) if not ref.subs else None
            return (found.target.legs, found.body) if found is not None else None

        while True:
            new = written_into(body, definition)  # type: ignore[arg-type]
            if new is body:
                return body
            body = new

    def useful(self, body: Sum, simplified: Callable[[Sum], Sum]) -> dict[str, Bind]:
        """The values that, written into a sum, make it smaller than its parts: as few as do that."""
        found: dict[str, Bind] = {}
        waiting = [body]
        while waiting:
            read = {node.ref.name for node in walk(waiting.pop()) if isinstance(node, Tensor)}
            for name in read - found.keys():
                bind = self.known.get(name)
                if bind is not None and self.is_steady(bind):
                    found[name] = bind
                    waiting.append(bind.body)
        names = [name for name in self.known if name in found][-MOST:]
        while written_size(body, {name: found[name].body for name in names}) > LARGEST:
            names = names[1:]
        found = {name: found[name] for name in names}
        left: dict[frozenset[str], int] = {}

        def gain(values: Mapping[str, Bind]) -> int:
            written = self.with_values(body, values)
            left[frozenset(values)] = count(simplified(written))
            return count(written) - left[frozenset(values)]

        alone = gain({})
        best = gain(found) if found else alone
        if best <= alone:
            return {}
        for name in names:
            fewer = {other: bind for other, bind in found.items() if other != name}
            if gain(fewer) >= best:
                found = fewer
        parts = left[frozenset()] + sum(count(bind.body) for bind in found.values())
        return found if left[frozenset(found)] < parts else {}


def count(body: Sum) -> int:
    """How many shapes a sum has: brackets are none, nor deltas, which are wires; a coefficient is one."""
    total = 0
    for term in body.terms:
        total += term.coefficient not in (1, -1)
        for node in term.nodes:
            wired = isinstance(node, Special) and node.kind in ("delta", "ones")
            total += not (wired or isinstance(node, Bracket))
            total += sum(map(count, children(node)))
    return total


def written_size(body: Sum, values: Mapping[str, Sum]) -> int:
    """How many shapes a sum has with these values written into it, and into one another."""
    known: dict[str, int] = {}

    def size(total: Sum) -> int:
        read = [n.ref.name for n in walk(total) if isinstance(n, Tensor) and n.ref.name in values]
        for name in read:
            if name not in known:
                known[name] = size(values[name])
        return count(total) + sum(known[name] - 1 for name in read)

    return size(body)


def presented(body: Sum, wires: tuple[Wire, ...]) -> Sum:
    """The sum as a right-hand side: it shows all wires, numbers stand in front, 0 is written."""

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(map(term, old.terms)))

    def term(old: Term) -> Term:
        nodes = tuple(map_children(node, total) for node in old.nodes)
        number = tidy(old.coefficient)
        sign = 1
        if complex(number).imag == 0 and complex(number).real < 0:
            sign, number = -1, -number
        front: tuple[Node, ...] = ()
        if number != 1 or not nodes:
            value = int(number.real) if number == int(complex(number).real) else number
            front = (Number(value, f"{value:g}" if isinstance(value, float) else f"{value}"),)
        return replace(old, nodes=(*front, *nodes), coefficient=sign)

    new = total(body)
    if not new.terms:
        new = replace(new, terms=(Term((Number(0, "0"),)),))
    lost = tuple(wire for wire in wires if wire not in free_wires(new))
    return with_ones(new, lost) if lost else new


def _is_number(node: Node) -> bool:
    return isinstance(node, Number | SizeNumber)


def _renamed(bind: Bind) -> Ref | None:
    """The value that a binding is another name of."""
    match bind.body:
        case Sum((Term(nodes=(Tensor(ref=ref, legs=legs, conj=False),), summed=(), coefficient=1),)):
            return ref if legs == bind.target.legs and not ref.subs else None
        case _:
            return None


def _streams(body: tuple[Stmt, ...]) -> Iterator[str]:
    for statement in statements(body):
        if isinstance(statement, StreamSet) or (
            isinstance(statement, Frozen) and isinstance(statement.definition, StreamSet)
        ):
            yield statement.target.name
