"""A net without calls, repeats and streams: one list of bindings, under the names they have in a cache."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Entry,
    Factor,
    Frozen,
    Group,
    Ix,
    Loop,
    Net,
    Node,
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
from tnlang.ir.program import Program
from tnlang.ir.size import Size, SizeError, evaluate, loop_key, substitute, variables
from tnlang.ir.slots import call_path, dotted, owned_shared
from tnlang.ir.walk import fresh_wire, new_id, value_wires, walk
from tnlang.transforms.dead import parameters_alone
from tnlang.transforms.renew import renew
from tnlang.transforms.request import TransformError
from tnlang.transforms.unroll import unrolled

LIMIT = 10_000
"""Statements of a net without calls and repeats."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a stream's assignment adds: ``value`` is the stream after it, ``before`` the one before.

    ``before`` is "" where nothing is left of it. ``change`` is the right-hand side with its sign, on the
    wires of ``legs``; ``place`` is the call and turn it comes from, "" where it comes from no call.
    """

    value: str
    before: str
    legs: tuple[Wire, ...]
    change: Sum
    place: str = ""


@dataclass(slots=True)
class Flat:
    """A net as one list: parameters by their state_dict names, values by their names in a cache."""

    owned: list[Decl] = field(default_factory=list)
    body: list[Bind | Frozen] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    """How often each call has been written out."""
    results: list[tuple[str, str]] = field(default_factory=list)
    """What the net's own calls give: the value, and the call by its name and turn."""
    bound: Callable[[str], bool] = lambda _: False
    aliases: dict[str, str] = field(default_factory=dict)
    """Values under the names that calls give them in a cache, by those that they have where they are made."""
    makers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The call that a value is a result of, by its path and turns, and the net that is called."""

    taken: set[str] = field(default_factory=set)
    """The names of its values."""

    def definitions(self) -> dict[str, Bind]:
        return {s.target.name: s for s in self.body if isinstance(s, Bind)}


def flatten(program: Program, net: Net, bound: Callable[[str], bool] = lambda _: False) -> Flat:
    """The net written out. Raises TransformError where a repeat's turns are not known, or are too many.

    The inputs of calls are what is given, unless ``bound`` wants values of their own by names like ``f.0.x``.
    """
    flat = Flat(bound=bound)
    scope = _Scope(program, flat, net, "", {}, {decl.name: decl.name for decl in net.inputs})
    scope.own()
    scope.run(net.body, ())
    flat.outputs = [scope.named(Ref(output.name, output.subs)).name for output in net.outputs]
    return flat


def place_of(flat: Flat, added: Sum, legs: tuple[Wire, ...]) -> str:
    """The one call that gives what is added, by its name and turn; "" where there is no one call."""
    places = {""} if not added.terms else {_place(flat, term, legs) for term in added.terms}
    places = places - {""} if len(places) > 1 else places
    return places.pop() if len(places) == 1 else ""


def _place(flat: Flat, term: Term, legs: tuple[Wire, ...]) -> str:
    for node in term.nodes:
        match node:
            case Tensor(ref=ref, legs=used) if ref.name in flat.makers and set(used) >= set(legs):
                return flat.makers[ref.name][0]
            case Bracket(body=body):
                if place := place_of(flat, body, legs):
                    return place
            case _:
                pass
    return ""


@dataclass(slots=True)
class _Scope:
    """A call of a net: ``prefix`` stands before its names, ``names`` tell what its inputs are outside."""

    program: Program
    flat: Flat
    net: Net
    prefix: str
    numbers: dict[str, int]
    names: dict[str, str]
    values: dict[tuple[str, tuple[int, ...]], str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    values_prefix: str = ""
    """Stands before the names of values, whoever owns the call's parameters."""

    def own(self) -> None:
        """The net's parameters and constants, once for each owner."""
        known = {(decl.name, decl.subs) for decl in self.flat.owned}
        for decl in self.net.owned:
            self.names[decl.name] = self.prefix + decl.name
            if (self.prefix + decl.name, decl.subs) not in known:
                self.flat.owned.append(replace(decl, name=self.prefix + decl.name))

    def named(self, ref: Ref) -> Ref:
        """A reference by its name in the whole net."""
        subs = self.subs(ref.subs)
        if ref.name in self.counts:
            subs = subs or (self.counts[ref.name] - 1,)
        if (ref.name, subs) in self.values:
            return Ref(self.values[ref.name, subs])
        return Ref(self.names.get(ref.name, ref.name), subs)

    def sizes(self) -> Mapping[str, Size]:
        return dict(self.numbers)

    def run(self, body: tuple[Stmt, ...], turns: tuple[int, ...]) -> None:
        for statement in renew(body):
            if len(self.flat.body) > LIMIT:
                said = f"written out the net has more than {LIMIT:,} statements"
                raise TransformError(said, "bind the dims of its repeats to smaller numbers")
            match statement:
                case Bind(target=target, body=total):
                    value = self.bound(target, turns)
                    self.flat.body.append(self.settled(Bind(value, total, origin=statement.origin)))
                    self.values[target.name, self.subs(target.subs)] = value.name
                case StreamSet():
                    self.assign(statement)
                case Frozen(target=target, definition=StreamSet()):
                    value = replace(target, name=self.next(target.name), subs=())
                    self.flat.body.append(Frozen(value, None, origin=statement.origin))
                    self.flat.assignments.append(
                        Assignment(value.name, "", value_wires(target.legs), Sum(()))
                    )
                case Frozen(target=target):
                    value = self.bound(target, turns)
                    self.flat.body.append(Frozen(value, None, origin=statement.origin))
                    self.values[target.name, self.subs(target.subs)] = value.name
                case Call():
                    self.call(statement, turns)
                case Repeat(loop=loop, body=inner):
                    self.repeat(loop, inner, turns)
                case Factor(source=source):
                    message = f"the factors of {source.name} cannot be written out with the net's calls"
                    raise TransformError(message, "decompose what this transform gives")
                case Shared(name=name, net=callee, unused=unused):
                    path = call_path(self.prefix, name, turns, not unused, owned_shared(self.net))
                    self.unused(self.program.net(callee), path)

    def unused(self, callee: Net, prefix: str) -> None:
        """The parameters of a net that no call uses, and of those that it calls."""
        inner = _Scope(self.program, self.flat, callee, prefix, {}, {})
        inner.own()
        inner.run(tuple(parameters_alone(callee.body)), ())

    def repeat(self, loop: Loop, body: tuple[Stmt, ...], turns: tuple[int, ...]) -> None:
        try:
            first, last = evaluate(loop.start, self.numbers), evaluate(loop.stop, self.numbers)
        except SizeError as error:
            raise TransformError(
                f"the turns of a repeat in {self.net.name} are not known: {error}", "give the dim a default"
            ) from None
        if last - first > LIMIT:
            said = f"a repeat of {last - first:,} turns cannot be written out"
            raise TransformError(said, "bind the dim of its turns to a smaller number")
        for turn in range(first, last):
            self.numbers[loop_key(loop.var)] = turn
            self.run(body, (*turns, turn))
        self.numbers.pop(loop_key(loop.var), None)

    def call(self, call: Call, turns: tuple[int, ...]) -> None:
        callee = self.program.net(call.net)
        place = f"{self.values_prefix}{dotted(call.name, () if call.shared else turns)}."
        times = self.flat.calls[place] = self.flat.calls.get(place, 0) + 1
        maker = place[:-1] if times == 1 else f"{place[:-1]}#{times}"
        prefix = call_path(self.prefix, call.name, turns, call.shared, owned_shared(self.net))
        given = {d.name: self.named(ref).name for d, ref in zip(callee.inputs, call.arguments, strict=True)}
        for decl in callee.inputs:
            own = place + dotted(decl.name, decl.subs)
            if self.flat.bound(own):
                own = self.numbered(own)
                wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in decl.legs)
                use = Sum((Term((Tensor(Ref(given[decl.name]), wires),)),))
                self.flat.body.append(Bind(Value(own, wires), use, origin=call.origin))
                given[decl.name] = own
        inner = _Scope(self.program, self.flat, callee, prefix, {}, given, values_prefix=place)
        inner.own()
        inner.run(callee.body, ())
        for result, output in zip(call.results, callee.outputs, strict=True):
            name = inner.named(Ref(output.name, output.subs)).name
            self.values[result.name, self.subs(result.subs)] = name
            self.flat.makers[name] = (maker, callee.source or callee.name)
            if not result.anonymous:
                own = dotted(result.name, self.subs(result.subs) or turns)
                self.flat.aliases[self.values_prefix + own] = name
            if not self.values_prefix:
                self.flat.results.append((name, maker))

    def assign(self, statement: StreamSet) -> None:
        target = statement.target
        if not all(isinstance(leg, Wire) for leg in target.legs):
            said = f"an assignment to {target.name} joins several wires on one leg"
            raise TransformError(said, "bind the value with that leg first, and assign it by its name")
        before = self.values.get((target.name, (self.counts.get(target.name, 0) - 1,)), "")
        change = self.settled(Bind(target, statement.body, origin=statement.origin))
        name = self.next(target.name)
        legs = value_wires(change.target.legs)
        terms = change.body.terms
        if statement.op == "-=":
            terms = tuple(replace(term, coefficient=-term.coefficient) for term in terms)
        kept = before if statement.op != "=" else ""
        old = (Term((Tensor(Ref(before), legs),)),) if kept else ()
        value = replace(change.target, name=name, subs=(), anonymous=False)
        total = replace(change.body, terms=(*old, *terms))
        self.flat.body.append(Bind(value, total, origin=statement.origin))
        added = replace(change.body, terms=terms)
        place = place_of(self.flat, added, legs)
        self.flat.assignments.append(Assignment(name, kept, legs, added, place))

    def next(self, stream: str) -> str:
        """The name of a stream's next value."""
        place = self.counts.get(stream, 0)
        self.counts[stream] = place + 1
        name = self.numbered(self.values_prefix + dotted(stream, (place,)))
        self.values[stream, (place,)] = name
        return name

    def numbered(self, name: str) -> str:
        """The name of a value in a cache: what is computed a second time in one place is ``name#2``."""
        names = itertools.chain([name], (f"{name}#{number}" for number in itertools.count(2)))
        free = next(one for one in names if one not in self.flat.taken)
        self.flat.taken.add(free)
        return free

    def subs(self, subs: tuple[Size, ...]) -> tuple[int, ...]:
        try:
            return tuple(evaluate(sub, self.numbers) for sub in subs)
        except SizeError as error:
            said = f"which member of a family is meant is not known: {error}"
            raise TransformError(said, "give the dim a default") from None

    def bound(self, target: Value, turns: tuple[int, ...]) -> Value:
        name = self.values_prefix + dotted(target.name, self.subs(target.subs) or turns)
        return replace(target, name=self.numbered(name), subs=())

    def settled(self, bind: Bind) -> Bind:
        """The binding at this turn: names of the whole net, numbers for the variables of repeats."""
        wires: dict[Wire, Wire] = {}
        numbers = self.sizes()

        def size(old: Size) -> Size:
            return substitute(old, numbers)

        def wire(old: Wire) -> Wire:
            if old not in wires:
                wires[old] = replace(fresh_wire(old), size=size(old.size))
            return wires[old]

        def ix(old: Ix) -> Ix:
            match old:
                case Wire():
                    return wire(old)
                case Entry(at=at):
                    return Entry(size(at))
                case Slice(start=start, stop=stop):
                    return Slice(wire(old.wire), size(start), size(stop))
                case Group(members=members):
                    return Group(
                        tuple(wire(m) if isinstance(m, Wire) else Entry(size(m.at)) for m in members)
                    )

        def node(old: Node) -> Node:
            match old:
                case Tensor(ref=ref, legs=legs):
                    return replace(old, ref=self.named(ref), legs=tuple(map(ix, legs)))
                case Special(legs=legs, at=at):
                    return replace(old, legs=tuple(map(ix, legs)), at=size(at) if at is not None else None)
                case SizeNumber():
                    return replace(old, size=size(old.size))
                case Bubble(body=body, gates=gates):
                    return replace(old, body=total(body), gates=tuple(map(wire, gates)), name="")
                case Bracket(body=body):
                    return replace(old, body=total(body), name="")
                case BigSum(loops=loops, body=body):
                    new = tuple(replace(o, start=size(o.start), stop=size(o.stop)) for o in loops)
                    if picking := _picking(old):
                        written = unrolled(replace(old, loops=new), self.numbers, picking)
                        return Bracket(total(Sum(tuple(written))), origin=old.origin)
                    return replace(old, loops=new, body=total(body))
                case _:
                    return old

        def total(old: Sum) -> Sum:
            return replace(old, terms=tuple(new for term in old.terms for new in terms(term)))

        def terms(old: Term) -> tuple[Term, ...]:
            new = replace(old, nodes=tuple(map(node, old.nodes)), summed=tuple(map(wire, old.summed)))
            match old.nodes, new.nodes:
                case (BigSum(),), (Bracket(body=body),):  # the terms of a Σ that stands alone
                    return tuple(replace(t, coefficient=t.coefficient * old.coefficient) for t in body.terms)
                case _:
                    return (new,)

        legs: list[Wire | Group] = []
        for leg in bind.target.legs:
            new = ix(leg)
            assert isinstance(new, Wire | Group)
            legs.append(new)
        return replace(bind, target=replace(bind.target, legs=tuple(legs)), body=total(bind.body))


def _picking(node: BigSum) -> set[str]:
    """The variables of a Σ that pick members of families: a net written out has a name for each."""
    subs = (sub for inner in walk(node.body) if isinstance(inner, Tensor) for sub in inner.ref.subs)
    return {var for sub in subs for var in variables(sub)} & {loop.var for loop in node.loops}
