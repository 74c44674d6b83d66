"""The derivative of a net's statements: beside each value that depends on x, its derivative."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Bind,
    Bubble,
    Call,
    Decl,
    Factor,
    Frozen,
    Ix,
    Leg,
    Net,
    Output,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.walk import file_level_names, fresh_wire, local_names, new_id, statements, value_wires, walk
from tnlang.transforms.derivative.facts import Facts, Kind, facts_of, kind_of, numbered
from tnlang.transforms.derivative.live import live_names, pruned
from tnlang.transforms.derivative.sums import Point, Seeds, depends, derived, zero
from tnlang.transforms.derivative.target import Target
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError, ValuePath
from tnlang.transforms.variants import variant_name


@dataclass(frozen=True, slots=True)
class Asked:
    """A variant of a net: what its inputs are, where x is in it, which of its outputs are wanted as they are.

    It gives these outputs and the derivatives of all that depend on x.
    """

    net: str
    kinds: tuple[Kind, ...]
    path: ValuePath
    kept: tuple[bool, ...]


@dataclass(slots=True)
class Derivation:
    """All of one derivative; ``variants`` are the callees made so far, in the order they need."""

    request: Request
    target: Target
    variants: list[Net] = field(default_factory=list)
    made: dict[Asked, str] = field(default_factory=dict)
    known: dict[tuple[str, tuple[Kind, ...], ValuePath], Facts] = field(default_factory=dict)

    def facts(self, net: str, kinds: tuple[Kind, ...], path: ValuePath) -> Facts:
        """What depends on x in a net whose inputs are of these kinds."""
        key = (net, kinds, path)
        if key not in self.known:
            one = self.request.program.net(net)
            self.known[key] = facts_of(one, kinds, path, self.target, self.facts, self.request.program)
        return self.known[key]

    def variant(self, asked: Asked) -> str:
        """The name of a callee's variant."""
        if asked not in self.made:
            new = self.net(asked)
            taken = (*self.request.program.nets, *self.variants)
            name = variant_name(self.request.name, asked.net, taken)
            old = self.request.program.net(asked.net)
            self.variants.append(replace(new, name=name, source=old.source or old.name))
            self.made[asked] = name
        return self.made[asked]

    def net(self, asked: Asked, top: bool = False) -> Net:
        """The net asked for; of the top one every output is differentiated, be it 0."""
        old = self.request.program.net(asked.net)
        facts = self.facts(asked.net, asked.kinds, asked.path)
        return _Derived(self, asked, old, facts, top).net()


@dataclass(slots=True)
class _Derived:
    """One net while its derivative is made. ``groups`` are the calls that become variants."""

    work: Derivation
    asked: Asked
    old: Net
    facts: Facts
    top: bool
    names: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    numbered: set[str] = field(default_factory=set)
    groups: dict[int, _Group] = field(default_factory=dict)

    def net(self) -> Net:
        old, facts = self.old, self.facts
        calls = {s.name for s in statements(old.body) if isinstance(s, Call | Shared)}
        self.taken = {*local_names(old), *file_level_names(old), *calls}
        self.taken |= {decl.name for decl in self.work.request.program.declarations}
        for name in sorted(facts.active):
            self.names[name] = self.fresh(name)
        self.numbered = numbered(old)
        self.streams = {s.target.name for s in statements(old.body) if isinstance(s, StreamSet)}
        inputs = tuple(
            replace(decl, name=self.names[decl.name], legs=self.legs(decl.legs), properties=())
            for decl, kind in zip(old.inputs, self.asked.kinds, strict=True)
            if kind == "d"
        )
        body = tuple(self.block(facts.body, facts.seeds))
        kept = [output for output, keep in zip(old.outputs, self.asked.kept, strict=True) if keep]
        extra: list[Stmt] = []
        outputs = list(kept)
        for output, active in zip(old.outputs, facts.outputs, strict=True):
            if active or self.top:
                outputs.append(self.output(output, extra))
        body = (*body, *extra)
        wanted = {output.name for output in outputs}
        live = live_names(body, wanted, self.arguments)
        body = tuple(self.settled(pruned(body, live), live))
        return replace(old, inputs=(*old.inputs, *inputs), outputs=tuple(outputs), body=renew(body))

    def fresh(self, name: str) -> str:
        """A name for the derivative of a value: ``dy_dx``, of a derivative ``dy_dx_dz``."""
        word = re.sub(r"\W", "_", name.lstrip("~"))
        base = f"{word if _DERIVATIVE.fullmatch(word) else 'd' + word}_d{self.work.target.name}"
        found = next(
            n
            for n in itertools.chain([base], (f"{base}_{i}" for i in itertools.count(2)))
            if n not in self.taken
        )
        self.taken.add(found)
        return found

    def tangents(self) -> dict[str, str]:
        """What the derivatives of values are called here: of a stream none that nothing was added to yet."""
        return {
            name: made for name, made in self.names.items() if name not in self.streams or name in self.opened
        }

    # ------------------------------------------------------------ statements

    def block(self, body: tuple[Stmt, ...], seeds: Seeds) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case _ if id(statement) in self.facts.before:
                    yield statement
                case Bind(target=target):
                    yield statement
                    if target.name in self.names and target.name not in seeds:
                        yield self.bind(statement, seeds)
                case StreamSet():
                    yield from self.assign(statement, seeds)
                    yield statement
                case Call():
                    yield from self.call(statement, seeds)
                case Repeat(body=inner):
                    yield from self.openings(statement)
                    within = {**seeds, **self.facts.inner.get(id(statement), {})}
                    yield replace(statement, body=tuple(self.block(inner, within)))
                case Frozen(target=target, definition=StreamSet()):
                    yield statement
                    if target.name in self.names:
                        yield from self.flat(target, opens=target.name not in self.opened)
                case Frozen() | Factor() | Shared():
                    yield statement

    def point(
        self, seeds: Seeds, kept: tuple[Wire, ...] = (), body: Sum | None = None, own: Tensor | None = None
    ) -> Point:
        """Wires for the legs of x, named as where ``body`` uses it, if it does once, else as the legs."""
        uses = [n for n in walk(body) if isinstance(n, Tensor) and n.ref.name in seeds] if body else []
        legs = self.work.target.legs
        ends: tuple[Ix | None, ...] = uses[0].legs if len(uses) == 1 else (None,) * len(legs)
        taken = {wire.text for wire in kept}
        wires = []
        for leg, end in zip(legs, ends, strict=True):
            wire = Wire(new_id(), leg.name, leg.size, (), leg.label)
            if isinstance(end, Wire) and end.text not in taken:
                wire = replace(wire, name=end.name, subs=end.subs, label=end.label)
            while wire.text in taken:
                wire = replace(wire, name=wire.name + "'")
            taken.add(wire.text)
            wires.append(wire)
        return Point(tuple(wires), seeds, self.tangents(), self.work.target.field, own)

    def legs(self, own: tuple[Leg, ...]) -> tuple[Leg, ...]:
        """Legs followed by those of x, each under a name of its own."""
        found = list(own)
        for leg in self.work.target.legs:
            names = itertools.chain([leg.name], (f"{leg.name}_{n}" for n in itertools.count(2)))
            taken = {other.name for other in found}
            found.append(replace(leg, name=next(name for name in names if name not in taken)))
        return tuple(found)

    def value(self, target: Value, wires: tuple[Wire, ...]) -> Value:
        """The value that the derivative of another one is bound to."""
        names = target.leg_names or tuple(f"{n + 1}" for n in range(len(target.legs)))
        return Value(
            self.names[target.name],
            (*target.legs, *wires),
            target.subs,
            tuple(leg.name for leg in self.legs(tuple(Leg(name, 1) for name in names))),
            target.anonymous,
        )

    def bind(self, statement: Bind, seeds: Seeds) -> Bind:
        target = statement.target
        own = None
        match statement.body:
            case Sum((Term((Bubble(),), (), 1),)):
                own = Tensor(Ref(target.name, target.subs), target.legs, origin=statement.origin)
        kept = value_wires(target.legs)
        at = self.point(seeds, kept, statement.body, own)
        body = derived(statement.body, kept, at)
        return Bind(self.value(target, at.wires), body, origin=statement.origin)

    def assign(self, statement: StreamSet, seeds: Seeds) -> Iterator[StreamSet]:
        """The same assignment to the stream of the derivative, before its value changes."""
        target = statement.target
        if target.name not in self.names:
            return
        kept = value_wires(target.legs)
        at = self.point(seeds, kept, statement.body)
        changes = depends(statement.body, seeds, set(self.tangents()))
        is_open = target.name in self.opened
        if not changes:
            if statement.op == "=" and (is_open or target.name in self.numbered):
                yield from self.flat(target, statement.opens or not is_open)
            elif target.name in self.numbered:
                name = self.names[target.name]
                same = Sum((Term((Tensor(Ref(name), (*target.legs, *at.wires)),)),))
                yield StreamSet(self.value(target, at.wires), "=", same, origin=statement.origin)
            return
        body = derived(statement.body, kept, at)
        self.opened.add(target.name)
        if is_open:
            opens = statement.opens
            yield StreamSet(self.value(target, at.wires), statement.op, body, opens, origin=statement.origin)
            return
        if statement.op == "-=":
            terms = tuple(replace(term, coefficient=-term.coefficient) for term in body.terms)
            body = replace(body, terms=terms)
        yield StreamSet(self.value(target, at.wires), "=", body, True, origin=statement.origin)

    def flat(self, target: Value, opens: bool) -> Iterator[StreamSet]:
        """The derivative of a stream set to 0."""
        self.opened.add(target.name)
        kept = value_wires(target.legs)
        wires = self.point({}, kept).wires
        body = zero((*kept, *wires))
        yield StreamSet(self.value(target, wires), "=", body, opens)

    def openings(self, repeat: Repeat) -> Iterator[StreamSet]:
        """Streams of derivatives that are first set in a repeat, opened with 0 before it."""
        inside = {s.target.name for s in statements(repeat.body) if isinstance(s, StreamSet) and s.opens}
        for statement in statements(repeat.body):
            if not isinstance(statement, StreamSet):
                continue
            name = statement.target.name
            if name in self.names and name not in self.opened and name not in inside:
                yield from self.flat(statement.target, opens=True)

    def call(self, statement: Call, seeds: Seeds) -> Iterator[Stmt]:
        facts = self.facts
        kinds = facts.kinds[id(statement)]
        callee = self.work.facts(statement.net, kinds, facts.below.get(id(statement), ()))
        if not any(callee.outputs):
            yield statement
            return
        arguments: list[Ref] = []
        decls = self.work.request.program.net(statement.net).inputs
        for ref, kind, decl in zip(statement.arguments, kinds, decls, strict=True):
            if kind != "d":
                continue
            names = self.tangents()
            if kind_of(ref, seeds, set(names)) == "d" and ref.name in names:
                arguments.append(Ref(names[ref.name], ref.subs))
                continue
            made = self.whole(ref, decl, seeds)
            yield made
            arguments.append(Ref(made.target.name))
        tangents = []
        for result, active in zip(statement.results, callee.outputs, strict=True):
            if active:
                wires = self.point(seeds, value_wires(result.legs)).wires
                legs = {wire: fresh_wire(wire) for wire in value_wires(result.legs)}
                own = tuple(legs[leg] if isinstance(leg, Wire) else leg for leg in result.legs)
                tangents.append(replace(self.value(replace(result, legs=own), wires), anonymous=False))
        call = replace(statement, results=(*statement.results, *tangents))
        call = replace(call, arguments=(*statement.arguments, *arguments))
        key: object = statement.name if statement.shared else id(statement)
        group = next((g for g in self.groups.values() if g.key == key), None)
        path = facts.below.get(id(statement), ())
        group = group or _Group(key, statement, kinds, path, callee.outputs)
        self.groups[id(call)] = group
        group.calls.append(call)
        yield call

    def whole(self, ref: Ref, decl: Decl, seeds: Seeds) -> Bind:
        """The derivative of a whole value as a value: of x itself, or of what does not depend on it."""
        wires = tuple(Wire(new_id(), leg.name, leg.size, (), leg.label) for leg in decl.legs)
        at = self.point(seeds, wires)
        body = derived(Sum((Term((Tensor(ref, wires),)),)), wires, at)
        names = tuple(leg.name for leg in self.legs(decl.legs))
        return Bind(Value(self.fresh(ref.name), (*wires, *at.wires), (), names, True), body)

    def output(self, output: Output, extra: list[Stmt]) -> Output:
        """The output that gives the derivative of another one."""
        legs = self.legs(output.legs)
        ref = Ref(output.name, output.subs)
        if output.name in self.names and output.name not in self.facts.seeds:
            return Output(self.names[output.name], legs, output.subs)
        decl = Decl("input", output.name, output.legs)
        bind = self.whole(ref, decl, self.facts.seeds)
        extra.append(replace(bind, target=replace(bind.target, anonymous=False)))
        return Output(bind.target.name, legs)

    # ------------------------------------------------------------ callees

    def arguments(self, call: Call, live: set[str]) -> tuple[Ref, ...]:
        """What a call takes: derivatives where one that it gives is read."""
        group = self.groups.get(id(call))
        if group is None or group.is_read(live):
            return call.arguments
        return call.arguments[: len(group.kinds)]

    def settled(self, body: tuple[Stmt, ...], live: set[str]) -> Iterator[Stmt]:
        """The statements with calls naming the variants that give just what is read."""
        shared = {g.key: self.named(g, live) for g in self.groups.values() if g.first.shared}
        own = {s.name for s in statements(body) if isinstance(s, Shared) and not s.unused}
        for name, net in shared.items():
            if name in own or net == next(g.first.net for g in self.groups.values() if g.key == name):
                continue
            if not self.top:
                raise TransformError(
                    f"{name} is shared by the whole file and called in {self.old.name}, where its derivative "
                    "cannot be given its parameters",
                    f"write `shared {name} = …` in the net that calls it",
                )
            yield Shared(str(name), net)
        yield from self.named_calls(body, live, shared)

    def named_calls(
        self, body: tuple[Stmt, ...], live: set[str], shared: dict[object, str]
    ) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Repeat(body=inner):
                    yield replace(statement, body=tuple(self.named_calls(inner, live, shared)))
                case Shared(name=name, unused=False) if name in shared:
                    yield replace(statement, net=shared[name])
                case Call() if id(statement) in self.groups:
                    group = self.groups[id(statement)]
                    count = len(group.active)
                    if not group.is_read(live):
                        own = self.arguments(statement, live)
                        yield replace(statement, arguments=own, results=statement.results[:count])
                        continue
                    kept = group.kept(live)
                    results = [r for r, keep in zip(statement.results, kept, strict=False) if keep]
                    name = shared[group.key] if group.first.shared else self.named(group, live)
                    yield replace(statement, net=name, results=(*results, *statement.results[count:]))
                case _:
                    yield statement

    def named(self, group: _Group, live: set[str]) -> str:
        if not group.is_read(live):
            return group.first.net
        return self.work.variant(Asked(group.first.net, group.kinds, group.path, group.kept(live)))


@dataclass(slots=True)
class _Group:
    """A call that becomes one of a variant, or all calls of what is shared."""

    key: object
    first: Call
    kinds: tuple[Kind, ...]
    path: ValuePath
    active: tuple[bool, ...]
    calls: list[Call] = field(default_factory=list)

    def is_read(self, live: set[str]) -> bool:
        """Whether any derivative that it gives is read."""
        return any(r.name in live for call in self.calls for r in call.results[len(self.active) :])

    def kept(self, live: set[str]) -> tuple[bool, ...]:
        """Which of its results are read as they are."""
        return tuple(
            any(call.results[n].name in live for call in self.calls) for n in range(len(self.active))
        )


_DERIVATIVE = re.compile(r"d.+_d.+")
