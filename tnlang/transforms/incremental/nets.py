"""The step of a net: its statements at new positions, and what they keep of earlier ones."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.check_values import leg_size
from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Entry,
    Factor,
    Leg,
    Loop,
    Net,
    Number,
    Output,
    Property,
    Ref,
    Repeat,
    Shared,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.size import Dim, DimSize, LoopVar, Size, size_op, variables
from tnlang.ir.walk import file_level_names, fresh_wire, local_names, new_id, statements, value_wires
from tnlang.transforms.incremental.causality import WHOLE, At, Causality, Facts, Reach
from tnlang.transforms.incremental.keys import Keys
from tnlang.transforms.incremental.sums import Modes, Sums, spelt_out
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError
from tnlang.transforms.variants import shared_variants, variant_name

Wanted = tuple[tuple[int, Modes], ...]
"""Inputs or outputs by number, each with the positions it has."""


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept of a value called ``name``: ``legs`` are its own, those of turns of repeats first."""

    name: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A net's step: what it takes and gives besides where new positions are (``placed``) and its caches."""

    net: Net
    inputs: Wanted
    outputs: Wanted
    placed: bool
    caches: tuple[Cache, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    net: str
    inputs: tuple[Reach, ...]
    wanted: Wanted


@dataclass(slots=True)
class Steps:
    """All nets of one step; ``made`` hold the callees' so far, in the order they need."""

    request: Request
    causality: Causality
    new: Dim
    made: dict[Asked, Step] = field(default_factory=dict)

    def step(self, asked: Asked) -> Step:
        """The step of a callee."""
        if asked not in self.made:
            old = self.request.program.net(asked.net)
            found = self.of(old, asked, False)
            taken = (*self.request.program.nets, *(step.net for step in self.made.values()))
            name = variant_name(self.request.name, asked.net, taken)
            net = replace(found.net, name=name, source=old.source or old.name)
            self.made[asked] = replace(found, net=net)
        return self.made[asked]

    def of(self, old: Net, asked: Asked, top: bool) -> Step:
        """The step of a net, made anew until nothing more is wanted of its values."""
        facts = self.causality.facts(old, asked.inputs)
        wanted: dict[str, dict[Modes, None]] = {}
        while True:
            work = _Making(self, old, facts, asked, top, {n: dict(modes) for n, modes in wanted.items()})
            step = work.step()
            if work.wanted == wanted:
                return step
            wanted = work.wanted


@dataclass(slots=True)
class _Making:
    """One net while its step is made, from its last statement to its first.

    ``wanted`` are the modes that are wanted of each value, ``names`` the values that have them.
    """

    steps: Steps
    old: Net
    facts: Facts
    asked: Asked
    top: bool
    wanted: dict[str, dict[Modes, None]]
    names: dict[tuple[str, Modes], str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    legs: dict[str, tuple[bool, ...]] = field(default_factory=dict)
    reach: dict[str, Reach] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    caches: list[Cache] = field(default_factory=list)
    inputs: list[Decl] = field(default_factory=list)
    entries: list[Output] = field(default_factory=list)
    opened: list[StreamSet] = field(default_factory=list)
    keys: list[Bind] = field(default_factory=list)
    kept_of: dict[str, str] = field(default_factory=dict)
    loops: list[Loop] = field(default_factory=list)
    statement: At = field(default=At("", "", None))  # type: ignore[arg-type]
    placed: str = ""
    uses_place: bool = False

    # ------------------------------------------------------------ the net

    def step(self) -> Step:
        old, program = self.old, self.steps.request.program
        calls = {s.name for s in statements(old.body) if isinstance(s, Call | Shared)}
        self.taken = {*local_names(old), *file_level_names(old), *calls}
        self.taken |= {decl.name for decl in program.declarations}
        self.placed = self.fresh("at")
        self.reach = dict(self.facts.values)
        self._known(old.body)
        wanted = [
            (number, modes, self.value(old.outputs[number].name, modes))
            for number, modes in self.asked.wanted
        ]
        body = tuple(self.block(old.body))
        made = [self.output(old.outputs[number], modes, name) for number, modes, name in wanted]
        inputs, given = self.given()
        place = self.place() if self.uses_place or self.top else ()
        body = shared_variants(old, body, {s.name: s.net for s in program.shared})
        net = replace(
            old,
            inputs=(*given, *place, *reversed(self.inputs)),
            outputs=(*made, *reversed(self.entries)),
            body=renew((*reversed(self.opened), *body)),
        )
        return Step(net, inputs, self.asked.wanted, bool(place), tuple(reversed(self.caches)))

    def _known(self, body: tuple[Stmt, ...]) -> None:
        """Which legs of the values that can be had at some positions are positions."""
        along = self.steps.causality.positions
        for decl, reach in zip(self.old.inputs, self.asked.inputs, strict=True):
            if not self.top or reach.late:
                self.legs[decl.name] = tuple(self.steps.causality.along(leg.size) for leg in decl.legs)
        for statement in statements(body):
            match statement:
                case Bind(target=target):
                    self.bound.add(target.name)
                    found: tuple[Value, ...] = (target,)
                case StreamSet(target=target):
                    found = (target,)
                case Call(results=results):
                    found = results
                case _:
                    found = ()
            for value in found:
                self.legs[value.name] = tuple(n in along(value) for n in range(len(value.legs)))

    def given(self) -> tuple[Wanted, tuple[Decl, ...]]:
        """The net's own inputs: by number and modes, and declared."""
        wanted: list[tuple[int, Modes]] = []
        decls: list[Decl] = []
        for number, decl in enumerate(self.old.inputs):
            if decl.name not in self.legs:
                decls.append(decl)
                continue
            modes = list(self.wanted.get(decl.name, ()))
            if self.top and not modes:
                modes = [self.news(decl.name)]
            for one in modes:
                wanted.append((number, one))
                decls.append(
                    replace(decl, name=self.named(decl.name, one), legs=self.resized(decl.legs, one))
                )
        return tuple(wanted), tuple(decls)

    def place(self) -> tuple[Decl, ...]:
        dim = self.steps.causality.dim
        legs = (Leg(self.steps.new.name, DimSize(self.steps.new)), Leg(dim.name, DimSize(dim)))
        return (Decl("input", self.placed, legs, properties=(Property("onehot", (1,)),)),)

    def output(self, output: Output, modes: Modes, name: str) -> Output:
        return replace(output, name=name, legs=self.resized(output.legs, modes))

    def resized(self, legs: tuple[Leg, ...], modes: Modes) -> tuple[Leg, ...]:
        new = DimSize(self.steps.new)
        return tuple(
            replace(leg, size=new) if mode == "new" else leg for leg, mode in zip(legs, modes, strict=True)
        )

    def news(self, name: str) -> Modes:
        """The modes of a value at new positions alone."""
        return tuple("new" if along else "" for along in self.legs[name])

    def fresh(self, name: str) -> str:
        numbered = (f"{name}_{i}" for i in itertools.count(2))
        found = next(n for n in itertools.chain([name], numbered) if n not in self.taken)
        self.taken.add(found)
        return found

    def key_name(self, name: str) -> str:
        """A name for what is kept of a product of this name; its cache is called after the product."""
        found = self.fresh(f"{name}_new" if name in self.taken else name)
        self.kept_of[found] = name
        return found

    # ------------------------------------------------------------ what is wanted of values

    def value(self, name: str, modes: Modes) -> str:
        """The name of a value at these positions, which is wanted from here on."""
        if name not in self.legs:
            return name
        self.wanted.setdefault(name, {})[modes] = None
        return self.named(name, modes)

    def named(self, name: str, modes: Modes) -> str:
        if (name, modes) not in self.names:
            plain = "all" not in modes or not self.reach.get(name, WHOLE).late or "new" in modes
            used = any(of == name and made == name for (of, _), made in self.names.items())
            anonymous, of = name.startswith("~"), self.kept_of.get(name, name)
            if plain and not used:
                self.names[name, modes] = name
            else:
                self.names[name, modes] = self.fresh(f"{of}_all" if not anonymous else f"{name}'")
        return self.names[name, modes]

    def is_kept(self, name: str, modes: Modes) -> bool:
        """Whether a value is wanted at all positions that depends on what came with earlier ones."""
        return modes.count("all") == 1 and "new" not in modes and bool(self.reach.get(name, WHOLE).late)

    def sums(self) -> Sums:
        return Sums(self.steps.causality, self.legs.get, self.value, self.with_keys, self.at)

    def at(self, new: Wire, position: Wire) -> Tensor:
        """1 where a position is that of a new one."""
        self.uses_place = True
        return Tensor(Ref(self.placed), (new, position))

    def with_keys(self, term: Term, new: Collection[Wire], loops: tuple[str, ...]) -> Term:
        """A product with what is kept of it bound to values; these wait in ``keys``."""
        finder = Keys(self.steps.request.program, self.steps.causality, self.reach, self.bound, self.key_name)
        while (found := finder.find(term, new, self.statement, loops)) is not None:
            term, key = found.term, found.key
            name, positions = key.target.name, self.steps.causality.positions(key.target)
            self.legs[name] = tuple(n in positions for n in range(len(key.target.legs)))
            self.reach[name] = Reach(frozenset(positions))
            self.bound.add(name)
            self.keys.append(key)
        return term

    # ------------------------------------------------------------ statements

    def block(self, body: tuple[Stmt, ...]) -> list[Stmt]:
        """The statements of a block, in order; they are made from the last to the first."""
        found: list[list[Stmt]] = []
        for statement in reversed(body):
            found.append(list(self.made(statement)))
            while self.keys:
                found.append(list(self.bind(self.keys.pop())))
        return [statement for part in reversed(found) for statement in part]

    def made(self, statement: Stmt) -> Iterator[Stmt]:
        match statement:
            case Bind():
                yield from self.bind(statement)
            case StreamSet(target=target):
                self.statement = At(target.name, self.old.name, statement.origin.span)
                value, new = self.target(target, self.news(target.name))
                body = self.sums().sum(spelt_out(statement.body, self.steps.causality), new)
                yield replace(statement, target=value, body=body)
            case Call():
                yield from self.call(statement)
            case Repeat(loop=loop, body=inner):
                self.loops.append(loop)
                turn = self._stored_last(self.block(inner))
                self.loops.pop()
                yield replace(statement, body=turn)
            case Factor(source=source):
                name = self.value(
                    source.name, tuple("all" if p else "" for p in self.legs.get(source.name, ()))
                )
                yield replace(statement, source=replace(source, name=name))
            case _:
                yield statement

    def _stored_last(self, turn: list[Stmt]) -> tuple[Stmt, ...]:
        """What a turn puts into the arrays of all turns stands at its end: the step itself is read first."""
        stored = {statement.target.name for statement in self.opened}
        last = [s for s in turn if isinstance(s, StreamSet) and s.target.name in stored]
        return (*(s for s in turn if s not in last), *last)

    def target(self, value: Value, modes: Modes) -> tuple[Value, dict[Wire, Wire]]:
        """What is bound at these positions, and its new wires by the old ones."""
        new = {
            leg: replace(fresh_wire(leg), size=DimSize(self.steps.new))
            for leg, mode in zip(value.legs, modes, strict=True)
            if mode == "new" and isinstance(leg, Wire)
        }
        legs = tuple(new.get(leg, leg) if isinstance(leg, Wire) else leg for leg in value.legs)
        return replace(value, legs=legs), new

    def bind(self, bind: Bind) -> Iterator[Stmt]:
        """A binding at each of the positions that are wanted of it."""
        name = bind.target.name
        kept = [modes for modes in self.wanted.get(name, ()) if self.is_kept(name, modes)]
        for _ in kept:
            self.value(name, self.news(name))
        for modes in list(self.wanted.get(name, ())):
            if modes in kept:
                continue
            self.statement = At(name.lstrip("~"), self.old.name, bind.origin.span)
            value, new = self.target(bind.target, modes)
            body = self.sums().sum(spelt_out(bind.body, self.steps.causality), new)
            yield replace(bind, target=replace(value, name=self.named(name, modes)), body=body)
        for modes in kept:
            yield from self.keep(bind, modes)

    def keep(self, bind: Bind, modes: Modes) -> Iterator[Stmt]:
        """All positions of a value: those kept, and the new ones, which are entries for the cache."""
        target, news = bind.target, self.news(bind.target.name)
        names = target.leg_names or tuple(w.text for w in value_wires(target.legs))
        legs = tuple(Leg(n, leg_size(leg)) for n, leg in zip(names, target.legs, strict=True))
        if any(variables(leg.size) for leg in legs) or any(variables(s) for s in self._turns()):
            message = f"{target.name} of {self.old.name} has another size in each turn: it cannot be kept"
            raise TransformError(message, "write the repeat out", place=bind.origin.span)
        made = Ref(self.named(target.name, news), target.subs)
        of = self.kept_of.get(target.name, target.name.lstrip("~"))
        cache, entry = self.cache(of, legs, news, made)
        yield from entry
        wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in legs)
        axis = modes.index("all")
        new = replace(fresh_wire(wires[axis]), name=f"{wires[axis].name}'", size=DimSize(self.steps.new))
        ends = (*wires[:axis], new, *wires[axis + 1 :])
        body = Sum(
            (
                Term((Tensor(Ref(cache), (*self._turn(), *wires)),)),
                Term((self.at(new, wires[axis]), Tensor(made, ends)), (new,)),
            ),
            origin=bind.origin,
        )
        value = Value(self.named(target.name, modes), wires, target.subs, target.leg_names)
        yield Bind(value, body, origin=bind.origin)

    def _turns(self) -> tuple[Size, ...]:
        """How many turns the repeats round a statement have."""
        return tuple(size_op("-", loop.stop, loop.start) for loop in self.loops)

    def _turn(self) -> tuple[Entry, ...]:
        return tuple(Entry(size_op("-", LoopVar(loop.var), loop.start)) for loop in self.loops)

    def cache(self, of: str, legs: tuple[Leg, ...], modes: Modes, made: Ref) -> tuple[str, tuple[Stmt, ...]]:
        """A cache as an input of the net, and its entries as an output: those of all turns in one array."""
        turns = tuple(Leg(loop.var, size) for loop, size in zip(self.loops, self._turns(), strict=True))
        name = self.fresh(f"{of}_cache")
        self.caches.append(Cache(of, (*turns, *legs)))
        self.inputs.append(Decl("input", name, (*turns, *legs)))
        ends = self.resized(legs, modes)
        subs = tuple(sub for sub in made.subs if isinstance(sub, int))
        if not turns:
            self.entries.append(Output(made.name, ends, subs))
            return name, ()
        stream = self.fresh(of)
        self.entries.append(Output(stream, (*turns, *ends)))
        outer = tuple(Wire(new_id(), leg.name, leg.size) for leg in turns)
        wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in ends)
        value = Value(stream, (*outer, *wires))
        nothing = Sum((Term((Number(0, "0"), Special("ones", (*outer, *wires)))),))
        self.opened.append(StreamSet(value, "=", nothing, opens=True))
        place = tuple(
            Special("basis", (wire,), entry.at) for wire, entry in zip(outer, self._turn(), strict=True)
        )
        return name, (StreamSet(value, "+=", Sum((Term((*place, Tensor(made, wires))),))),)

    # ------------------------------------------------------------ calls

    def call(self, call: Call) -> Iterator[Stmt]:
        """The call of a callee's step, after what it takes and before what its caches get."""
        wanted: list[tuple[int, Modes]] = []
        for number, result in enumerate(call.results):
            all_modes = self.wanted.get(result.name) or {self.news(result.name): None}
            wanted += [(number, modes) for modes in all_modes]
        reach = tuple(self.reach.get(ref.name, WHOLE) for ref in call.arguments)
        step = self.steps.step(Asked(call.net, reach, tuple(wanted)))
        arguments: list[Ref] = []
        for number, modes in step.inputs:
            ref = call.arguments[number]
            if ref.name in self.legs:
                arguments.append(replace(ref, name=self.value(ref.name, modes)))
            elif "new" not in modes:
                arguments.append(ref)
            else:
                legs = self.steps.request.program.net(call.net).inputs[number].legs
                looked_up = self.looked_up(ref, legs, modes)
                arguments.append(Ref(looked_up.target.name))
                yield looked_up
        if step.placed:
            self.uses_place = True
            arguments.append(Ref(self.placed))
        results = []
        for number, modes in step.outputs:
            result = call.results[number]
            value, _ = self.target(result, modes)
            results.append(replace(value, name=self.named(result.name, modes)))
        entries: list[Stmt] = []
        kept: list[Ref] = []
        made: list[Value] = []
        # The last first, as everywhere: caches are turned round in the end.
        stored = list(zip(step.caches, step.net.outputs[len(step.outputs) :], strict=True))
        for cache, output in reversed(stored):
            name = f"{call.name}_{cache.name}"
            value = Value(
                self.fresh(f"{name}_new" if self.loops else name),
                tuple(Wire(new_id(), leg.name, leg.size) for leg in output.legs),
            )
            modes = tuple("new" if self._is_new(leg) else "" for leg in output.legs)
            given, entry = self.cache(name, cache.legs, modes, Ref(value.name))
            if self.loops:
                wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in cache.legs)
                use = Tensor(Ref(given), (*self._turn(), *wires))
                given = self.fresh(f"~{given}")
                yield Bind(Value(given, wires, anonymous=True), Sum((Term((use,)),)))
            made.insert(0, value)
            kept.insert(0, Ref(given))
            entries += entry
        results += made
        arguments += kept
        yield replace(call, net=step.net.name, arguments=tuple(arguments), results=tuple(results))
        yield from entries

    def _is_new(self, leg: Leg) -> bool:
        return leg.size == DimSize(self.steps.new)

    def looked_up(self, ref: Ref, legs: tuple[Leg, ...], modes: Modes) -> Bind:
        """A leaf at new positions, as a value to hand in."""
        whole = tuple(Wire(new_id(), leg.name, leg.size) for leg in legs)
        new = {
            w: replace(fresh_wire(w), size=DimSize(self.steps.new))
            for w, mode in zip(whole, modes, strict=True)
            if mode == "new"
        }
        nodes = (Tensor(ref, whole), *(self.at(to, w) for w, to in new.items()))
        wires = tuple(new.get(w, w) for w in whole)
        name = self.fresh(f"~{ref.name}_new")
        return Bind(Value(name, wires, anonymous=True), Sum((Term(nodes, tuple(new)),)))
