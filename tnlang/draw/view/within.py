"""Layers that a stream calls, ``h = layer(h)``: their statements as if the stream's net had them itself.

A layer is a net that gives its input with something added. What it adds stands on the caller's stream then,
in the caller's plate. Its values have the path of the call before their names: ``layer{l}.att``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tnlang.draw.view import names
from tnlang.draw.view.openings import Openings
from tnlang.draw.view.parted import Turn, parted
from tnlang.draw.view.residual import Named, as_stream, bare_value
from tnlang.draw.view.thawed import thawed
from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Factor,
    Frozen,
    Loop,
    Net,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Value,
)
from tnlang.ir.program import Program
from tnlang.ir.size import show
from tnlang.ir.slots import owned_shared
from tnlang.ir.walk import local_names, map_children, refs, statements
from tnlang.transforms.renew import renew

DEPTH = 12
"""So many nets within one another are drawn open."""


@dataclass(frozen=True, slots=True)
class Within(Repeat):
    """The statements of a net that a stream calls. Calls among them have none of the turns round it."""


def drawn_net(program: Program, net: Net, openings: Openings, path: str = "") -> Net:
    """The net as it is drawn whole: sums as streams, repeats in parts, layers that streams call written out.

    ``path`` is that of the call whose net it is.
    """
    plain = thawed(parted(as_stream(net), openings.ends))
    layers = _Layers(program, openings, plain, path)
    body = layers.written(plain.body, ())
    return replace(plain, body=body, owned=(*plain.owned, *layers.owned.values()))


@dataclass(slots=True)
class _Layers:
    """Writes out the layers of one net; ``owned`` are the parameters that its calls own."""

    program: Program
    openings: Openings
    net: Net
    path: str
    owned: dict[str, Decl] = field(default_factory=dict)

    def written(self, body: tuple[Stmt, ...], turns: tuple[str, ...]) -> tuple[Stmt, ...]:
        layers = {id(a): made for c, a in self.calls(body) if (made := self.layer(c, a, turns)) is not None}
        taken = {id(c) for c, a in self.calls(body) if id(a) in layers}
        found: list[Stmt] = []
        for statement in body:
            match statement:
                case Repeat(loop=loop, body=inner):
                    single = names.turns_of(loop) == "1" and not isinstance(statement, Turn)
                    turn = show(loop.start) if single else loop.var
                    found.append(replace(statement, body=self.written(inner, (*turns, turn))))
                case _ if id(statement) not in taken:
                    found.append(layers.get(id(statement), statement))
        return tuple(found)

    def calls(self, body: tuple[Stmt, ...]) -> list[tuple[Call, StreamSet]]:
        """The calls of nets on a stream whose results nothing but the stream is assigned, next to that."""
        read = Counter(ref.name for s in statements(self.net.body) for ref in refs(s))
        read.update(output.name for output in self.net.outputs)
        found = []
        for before, statement in pairwise(body):
            match before, statement:
                case Call(results=(result,)) as call, StreamSet(op="=", opens=False) as assigned:
                    alone = result.anonymous or read[result.name] == 1
                    if alone and bare_value(assigned) == result.name:
                        found.append((call, assigned))
        return found

    def layer(self, call: Call, assigned: StreamSet, turns: tuple[str, ...]) -> Within | None:
        """What a call adds to a stream; None if it is drawn closed, or if the stream does not go through."""
        stream, path = assigned.target.name, f"{self.path}.{call.name}" if self.path else call.name
        taken = [place for place, ref in enumerate(call.arguments) if ref == Ref(stream)]
        if not taken or path.count(".") >= DEPTH or self.openings.hides(call, path):
            return None
        if not self.openings.of(self.program, call, path):
            return None
        own = call.name if call.shared else call.name + names.braces(turns)
        plain = self.program.net(call.net)
        picks = any(not isinstance(sub, int) for ref in call.arguments for sub in ref.subs)
        if any(d.subs for d in plain.inputs) or (picks and any(isinstance(s, Repeat) for s in plain.body)):
            return None
        turned = names.without_variables(call.name + names.braces(turns))
        callee = drawn_net(self.program, plain, self.openings, f"{self.path}.{turned}".lstrip("."))
        carried = _carried(callee, {callee.inputs[place].name for place in taken})
        if carried is None:
            return None
        inside, body = carried
        known = {d.name: ref for d, ref in zip(callee.inputs, call.arguments, strict=True)}
        given = {name: ref for name, ref in known.items() if ref != Ref(stream)}
        renamed = _Renamed(callee, local_names(callee), f"{own}.", {**given, inside: Ref(stream)})
        for decl in callee.owned:
            self.owned.setdefault(f"{own}.{decl.name}", replace(decl, name=f"{own}.{decl.name}"))
        begins = [
            Named(replace(assigned.target, name=f"{own}.{name}"), assigned.body, origin=call.origin)
            for name in known
            if name not in given
        ]
        whole = [replace(one, body=_reading(one.body, Ref(stream))) for one in begins]
        new = renew((*whole, *map(renamed.statement, body)))
        return Within(Loop("", 0, 1), new, origin=call.origin)


def _reading(body: Sum, ref: Ref) -> Sum:
    """A sum that is one value, with another in its place."""
    (term,) = body.terms
    (node,) = term.nodes
    assert isinstance(node, Tensor)
    return replace(body, terms=(replace(term, nodes=(replace(node, ref=ref),)),))


def _carried(net: Net, inputs: set[str]) -> tuple[str, tuple[Stmt, ...]] | None:
    """The stream that carries one of the inputs to the one output, and the statements without its ends."""
    if len(net.outputs) != 1 or net.outputs[0].subs or not net.body:
        return None
    name, body = net.outputs[0].name, net.body
    streams = {s.target.name for s in statements(body) if isinstance(s, StreamSet)}
    last = body[-1]
    if name not in streams and isinstance(last, Bind) and last.target.name == name:
        name, body = bare_value(last), body[:-1]
    opens = [s for s in body if isinstance(s, StreamSet) and s.target.name == name and s.opens]
    read = [ref for s in statements(body) for ref in refs(s) if ref.name == name]
    if name not in streams or len(opens) != 1 or bare_value(opens[0]) not in inputs:
        return None
    if any(ref.subs for ref in read):
        return None
    return name, tuple(s for s in body if s is not opens[0])


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Statements of a net under their names outside: ``known`` ones, and its ``own`` with the prefix."""

    net: Net
    own: frozenset[str]
    prefix: str
    known: dict[str, Ref]

    def statement(self, old: Stmt) -> Stmt:
        match old:
            case Bind(target=target, body=body) | StreamSet(target=target, body=body):
                return replace(old, target=self.value(target), body=self.total(body))
            case Frozen(target=target, definition=definition):
                new = self.statement(definition) if definition is not None else None
                assert new is None or isinstance(new, Bind | StreamSet)
                return replace(old, target=self.value(target), definition=new)
            case Call(name=name, arguments=arguments, results=results, shared=shared):
                own = not shared or name in owned_shared(self.net)
                return replace(
                    old,
                    name=self.prefix + name if own else name,
                    arguments=tuple(map(self.ref, arguments)),
                    results=tuple(map(self.value, results)),
                )
            case Shared(name=name):
                return replace(old, name=self.prefix + name)
            case Factor(source=source, factors=factors):
                named = tuple(replace(factor, name=self.prefix + factor.name) for factor in factors)
                return replace(old, source=self.ref(source), factors=named)
            case Repeat(body=body):
                return replace(old, body=tuple(map(self.statement, body)))
        raise AssertionError(old)

    def value(self, old: Value) -> Value:
        known = self.known.get(old.name)
        return replace(old, name=known.name if known is not None else self.prefix + old.name)

    def ref(self, old: Ref) -> Ref:
        if old.name in self.known:
            return self.known[old.name]
        return replace(old, name=self.prefix + old.name) if old.name in self.own else old

    def total(self, old: Sum) -> Sum:
        terms = []
        for term in old.terms:
            nodes = (
                replace(node, ref=self.ref(node.ref))
                if isinstance(node, Tensor)
                else map_children(node, self.total)
                for node in term.nodes
            )
            terms.append(replace(term, nodes=tuple(nodes)))
        return replace(old, terms=tuple(terms))
