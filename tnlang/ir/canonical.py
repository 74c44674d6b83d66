"""The canonical form: two spellings of one network compare equal.

Equal up to the names of wires, the order of factors and terms, association brackets, bindings written out,
and deltas that only join wires; not up to distributivity. What the form says equal is equal; where a network
has very many symmetries, or bindings written out grow very large, equal ones may be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.inline import in_place
from tnlang.ir.labelling import Certificate, Graph, certificate
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Entry,
    Factor,
    Frozen,
    Group,
    Ix,
    Loop,
    Net,
    Node,
    Number,
    Ref,
    Repeat,
    Shared,
    SizeNumber,
    Slice,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.normal import normal
from tnlang.ir.size import LoopVar, Size, loop_key, show, substitute
from tnlang.ir.walk import ix_wires, map_children, statements, walk

_LARGEST = 2000
"""Nodes of a binding that is still written out where it is used."""


def canonical(what: Net | Sum) -> Hashable:
    """The canonical form of a net, or of a sum, whose free wires are told apart by their names."""
    match what:
        case Sum():
            return _certificate(normal(what), None, {})
        case Net():
            names = _Names()
            _statements(what.body, names, {})
            inputs = tuple(
                (decl.name, decl.subs, tuple(show(leg.size) for leg in decl.legs)) for decl in what.inputs
            )
            return inputs, tuple(names.key(Ref(output.name, output.subs), {}) for output in what.outputs)


# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class _Written:
    """A binding to be written out where it is used, already without bindings of its own."""

    legs: tuple[Wire | Group, ...]
    body: Sum


Loops = Mapping[str, Size]
"""Loop variables in scope, each with the name that says how deep its loop is."""


@dataclass(slots=True)
class _Names:
    """What the names of a net stand for at one point: a binding to write out, or a text that says all of it.

    A name that is not here is an input, a parameter or of file level, and stands for itself. ``assignments``
    counts the statements that set a stream, ``repeated`` are streams that a repeat has set.
    """

    values: dict[tuple[str, tuple[Size, ...]], _Written | str] = field(default_factory=dict)
    assignments: dict[str, int] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def key(self, ref: Ref, loops: Loops) -> str:
        """A text that is the same for the same whole value."""
        found = self.values.get((ref.name, ref.subs))
        match found:
            case None:
                members = self.values.get((ref.name, ()))
                family = members if isinstance(members, str) else ref.name
                return _member(family, ref.subs, loops)
            case str():
                return found
            case _Written(legs, body):
                match body:
                    case Sum((Term((Tensor(ref=other, legs=joined, conj=False),), (), 1),)) if joined == legs:
                        return other.name
                return _digest(_certificate(body, legs, loops))

    def written_out(self, total: Sum, loops: Loops) -> Sum:
        """The sum with bindings written out, every other value named by its text."""

        def term(old: Term) -> Term:
            nodes: list[Node] = []
            summed = list(old.summed)
            for node in old.nodes:
                match node:
                    case Tensor(ref=ref, legs=legs):
                        found = self.values.get((ref.name, ref.subs))
                        if isinstance(found, _Written):
                            used, joined = in_place(found.legs, found.body, legs, conj=node.conj)
                            nodes += used
                            summed += joined
                        else:
                            nodes.append(replace(node, ref=Ref(self.key(ref, loops))))
                    case BigSum(loops=ranges, body=body):
                        nodes.append(replace(node, body=self.written_out(body, _deeper(loops, ranges))))
                    case _:
                        nodes.append(map_children(node, lambda inner: self.written_out(inner, loops)))
            return replace(old, nodes=tuple(nodes), summed=tuple(summed))

        return replace(total, terms=tuple(map(term, total.terms)))

    def bind(self, target: Value, body: Sum, loops: Loops) -> None:
        body = normal(self.written_out(body, loops))
        large = sum(1 for _ in walk(body)) > _LARGEST
        written = _Written(target.legs, body)
        self.values[target.name, target.subs] = (
            _digest(_certificate(body, target.legs, loops)) if large else written
        )

    def assign(self, target: Value, said: Hashable) -> None:
        """A stream's next value."""
        place = self.assignments.get(target.name, 0)
        self.assignments[target.name] = place + 1
        self.values[target.name, ()] = value = _digest("stream", said)
        if target.name not in self.repeated:
            self.values[target.name, (place,)] = value


def _member(name: str, subs: tuple[Size, ...], loops: Loops) -> str:
    return name + ("{" + ", ".join(_text(sub, loops) for sub in subs) + "}" if subs else "")


def _digest(*parts: Hashable) -> str:
    return "@" + hashlib.sha256(repr(parts).encode()).hexdigest()


# ---------------------------------------------------------------- statements


def _statements(body: tuple[Stmt, ...], names: _Names, loops: Loops) -> None:
    """Run through statements, so that ``names`` says what everything is at their end."""
    for statement in body:
        match statement:
            case Bind(target=target, body=total):
                names.bind(target, total, loops)
            case StreamSet(target=target, op=op, body=total):
                change = normal(names.written_out(total, loops))
                before = "" if op == "=" else names.key(Ref(target.name), loops)
                names.assign(target, (op, before, _certificate(change, target.legs, loops)))
            case Call():
                given = tuple(names.key(ref, loops) for ref in statement.arguments)
                for position, result in enumerate(statement.results):
                    key = _digest("call", statement.name, statement.net, statement.shared, given, position)
                    names.values[result.name, result.subs] = key
            case Frozen(target=target, definition=StreamSet()):
                names.assign(target, ("frozen", target.name, names.assignments.get(target.name, 0)))
            case Frozen(target=target):
                names.values[target.name, target.subs] = _digest(
                    "frozen", _member(target.name, target.subs, loops)
                )
            case Factor(factors=factors):
                sizes = tuple(_text(leg.size, loops) for factor in factors for leg in factor.legs)
                options = (statement.function, statement.left, statement.centre, statement.error, sizes)
                for position, factor in enumerate(factors):
                    key = _digest("factor", names.key(statement.source, loops), options, position)
                    names.values[factor.name, factor.subs] = key
            case Repeat():
                _repeat(statement, names, loops)
            case Shared():
                pass


def _repeat(repeat: Repeat, names: _Names, loops: Loops) -> None:
    """One turn says what all turns do: each value set in it, told from what it is at the start of a turn."""
    streams = sorted(_streams_set(repeat.body))
    names.repeated.update(streams)
    inside = _Names(dict(names.values), dict(names.assignments), names.repeated)
    within = _deeper(loops, (repeat.loop,))
    for stream in streams:
        inside.values[stream, ()] = f"start of turn {stream}"
    _statements(repeat.body, inside, within)
    changed = [key for key in inside.values if inside.values[key] != names.values.get(key)]
    carried = [(name, subs) for name, subs in changed if any(not isinstance(s, int) for s in subs)]
    turn = _digest(
        _text(repeat.loop.start, loops),
        _text(repeat.loop.stop, loops),
        tuple((name, names.key(Ref(name), loops), inside.key(Ref(name), within)) for name in streams),
        tuple(
            sorted((name, _member("", s, within), inside.key(Ref(name, s), within)) for name, s in carried)
        ),
    )
    for stream in streams:
        names.values[stream, ()] = _digest("after", stream, turn)
    for name, _ in carried:
        names.values[name, ()] = _digest("members", name, turn)


def _streams_set(body: tuple[Stmt, ...]) -> set[str]:
    """The streams that statements set, also inside repeats and where the value is frozen."""
    return {
        statement.target.name
        for statement in statements(body)
        if isinstance(statement, StreamSet)
        or (isinstance(statement, Frozen) and isinstance(statement.definition, StreamSet))
    }


def _deeper(loops: Loops, ranges: tuple[Loop, ...]) -> Loops:
    deeper = dict(loops)
    for loop in ranges:
        deeper[loop_key(loop.var)] = LoopVar(f"#{len(deeper)}")
    return deeper


def _text(size: Size, loops: Loops) -> str:
    return show(substitute(size, loops))


# ---------------------------------------------------------------- sums as graphs


Alike = Callable[[Node], tuple[tuple[int, ...], ...]]
"""The legs (of a bubble: the gates) of a node that may be exchanged, by their positions."""


def alike(node: Node) -> tuple[tuple[int, ...], ...]:
    """What may be exchanged without looking at declarations."""
    match node:
        case Special(kind="delta" | "ones", legs=legs):
            return (tuple(range(len(legs))),)
        case Bubble(function="inverse"):
            return ((0, 1),)
        case _:
            return ()


def certificate_of(total: Sum, legs: Sequence[Wire | Group], exchangeable: Alike = alike) -> Certificate:
    """The canonical form of a sum as it is, whose free wires are those of ``legs``, in order."""
    return _certificate(total, legs, {}, exchangeable)


def _certificate(
    total: Sum, legs: Sequence[Wire | Group] | None, loops: Loops, exchangeable: Alike = alike
) -> Certificate:
    """The sum as a graph in canonical order; open wires are told apart by their legs, else by their names."""
    graph = _SumGraph(exchangeable=exchangeable)
    for position, leg in enumerate(legs or ()):
        for place, wire in enumerate(ix_wires(leg)):
            graph.wires[wire] = graph.vertex("open", position, place, _text(wire.size, loops))
    graph.named = legs is None
    graph.total(total, loops)
    return certificate(graph)


@dataclass(slots=True)
class _SumGraph(Graph):
    """Vertices are sums, terms, nodes and wires; a wire's edges say what joins it and which term sums it."""

    wires: dict[Wire, int] = field(default_factory=dict)
    bound: set[Wire] = field(default_factory=set)
    named: bool = False
    exchangeable: Alike = alike

    def wire(self, wire: Wire, loops: Loops) -> int:
        if wire not in self.wires:
            name = wire.text if self.named and wire not in self.bound else ""
            self.wires[wire] = self.vertex("wire", name, _text(wire.size, loops))
        return self.wires[wire]

    def total(self, total: Sum, loops: Loops) -> int:
        vertex = self.vertex("sum")
        for term in total.terms:
            self.bound.update(term.summed)
            product = self.vertex("term", complex(term.coefficient))
            self.edge(vertex, product, "term")
            for node in term.nodes:
                self.edge(product, self.node(node, loops), "factor")
            for wire in term.summed:
                self.edge(product, self.wire(wire, loops), "summed")
        return vertex

    def node(self, node: Node, loops: Loops) -> int:
        match node:
            case Tensor(ref=ref, legs=legs, conj=conj):
                vertex = self.vertex("tensor", _member(ref.name, ref.subs, loops), conj)
                return self.joined(vertex, legs, loops, self.places(node, len(legs)))
            case Special(kind=kind, legs=legs, at=at):
                vertex = self.vertex(kind, "" if at is None else _text(at, loops))
                return self.joined(vertex, legs, loops, self.places(node, len(legs)))
            case Number(value):
                return self.vertex("number", complex(value))
            case SizeNumber(size):
                return self.vertex("size", _text(size, loops))
            case Bubble(function=function, body=body, gates=gates, options=options):
                defaults = dict(FUNCTIONS[function].options) if function in FUNCTIONS else {}
                if function in FUNCTIONS and FUNCTIONS[function].legs == "ends":
                    self.bound.update(gates)
                settings = tuple(sorted({**defaults, **dict(options)}.items()))
                vertex = self.vertex("bubble", function, settings)
                for place, gate in zip(self.places(node, len(gates)), gates, strict=True):
                    self.edge(vertex, self.wire(gate, loops), "gate", place)
            case Bracket(body=body):
                vertex = self.vertex("bracket")
            case BigSum(loops=ranges, body=body):
                within, said = loops, []
                for loop in ranges:
                    said.append((_text(loop.start, within), _text(loop.stop, within)))
                    within = _deeper(within, (loop,))
                vertex = self.vertex("big sum", *said)
                loops = within
        self.edge(vertex, self.total(body, loops), "body")
        return vertex

    def places(self, node: Node, count: int) -> list[int]:
        """A number for each leg: its position, for those that may be exchanged the least of theirs."""
        least = {place: min(group) for group in self.exchangeable(node) for place in group}
        return [least.get(place, place) for place in range(count)]

    def joined(self, vertex: int, legs: Sequence[Ix], loops: Loops, places: Sequence[int]) -> int:
        """A vertex for each leg between the node and the wires; legs with one number look alike."""
        for leg, number in zip(legs, places, strict=True):
            place = self.vertex("leg", *_skeleton(leg, loops))
            self.edge(vertex, place, "leg", number)
            for end, wire in enumerate(ix_wires(leg)):
                self.edge(place, self.wire(wire, loops), "end", end)
        return vertex


def _skeleton(leg: Ix, loops: Loops) -> tuple[str, ...]:
    """What a leg is joined to, but for the wires."""
    match leg:
        case Wire():
            return ("wire",)
        case Entry(at):
            return ("entry", _text(at, loops))
        case Slice(_, start, stop):
            return ("slice", _text(start, loops), _text(stop, loops))
        case Group(members):
            return ("group", *(_text(m.at, loops) if isinstance(m, Entry) else "wire" for m in members))
