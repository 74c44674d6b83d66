"""The statements of a net as steps: fused, or observed with a line for each named value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Frozen,
    Group,
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
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, DimSize, LoopVar, Size, SizeOp, dims_in, size_op, substitute
from tnlang.ir.slots import dotted, has, onehot_leg
from tnlang.ir.walk import new_id, refs, statements, value_wires, walk
from tnlang.lower.dims import NetDims, nominal, scalar
from tnlang.lower.fuse import fused
from tnlang.lower.names import LIBRARY, Names, identifier
from tnlang.lower.operands import Held, Operand, Scope, add, ordered, spread_to
from tnlang.lower.plan import (
    All,
    Along,
    Append,
    Arith,
    Binary,
    Body,
    CallNet,
    CheckLegs,
    Expr,
    GivenSize,
    Index,
    Inherited,
    Let,
    LetSeveral,
    LetSize,
    MathCall,
    Name,
    NewAxis,
    Num,
    OneHot,
    Point,
    Repeated,
    Scalar,
    Step,
    Table,
    Total,
    Var,
    Within,
)
from tnlang.lower.terms import lower_sum
from tnlang.lower.uses import grouped


@dataclass(frozen=True, slots=True)
class Callee:
    """What a caller has to know of a net: its class, and what its ``forward`` wants besides the inputs."""

    class_name: str
    keywords: Mapping[str, str]
    hot: tuple[int | None, ...]
    complex: tuple[bool, ...]
    told: Mapping[str, str]
    file_level: Mapping[str, str]
    frozen: bool
    owns_file_level: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The attributes of a class for what the net's text names, and how lists of them are indexed.

    ``deeper`` are those of values that have the name of another one and stand in more repeats.
    """

    parameters: dict[str, str]
    constants: Mapping[tuple[str, tuple[int, ...]], str]
    calls: dict[str, str]
    values: Mapping[str, str]
    deeper: Mapping[tuple[str, int], str]
    dims: Mapping[str, str]
    keyed_parameters: frozenset[str]
    keyed_calls: frozenset[str]


@dataclass(slots=True)
class Builder:
    """One body being written. ``extents`` collects how long the lists of watched values have to be."""

    program: Program
    net: Net
    dims: NetDims
    place: Place
    callees: Mapping[str, Callee]
    inputs: Sequence[tuple[str, Decl]]
    handed: Mapping[str, str]
    names: Names
    observed: bool
    called: bool
    values: dict[str, Held] = field(default_factory=dict)
    members: dict[tuple[str, tuple[int, ...]], Held] = field(default_factory=dict)
    tables: dict[str, Held] = field(default_factory=dict)
    pending: dict[str, Expr] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    loops: tuple[tuple[Loop, str], ...] = ()
    used_dims: set[str] = field(default_factory=set)
    late: dict[str, str] = field(default_factory=dict)
    extents: dict[str, list[tuple[Size, ...]]] = field(default_factory=dict)
    needed: list[tuple[str, tuple[Size, ...], tuple[Loop, ...]]] = field(default_factory=list)
    needed_versions: list[tuple[Point, tuple[tuple[Loop, str], ...]]] = field(default_factory=list)
    turned: set[str] = field(default_factory=set)
    has_own_scale: bool = False
    uses: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ sizes

    def size(self, size: Size) -> Scalar:
        return scalar(size, self.dim, {loop.var: name for loop, name in self.loops})

    def dim(self, dim: Dim) -> Scalar:
        self.used_dims.add(dim.name)
        if dim.name in self.dims.early:
            return Name(f"self.{self.place.dims[dim.name]}")
        if dim.name not in self.late:
            self.late[dim.name] = self.names.take(identifier(dim.name))
        return Name(self.late[dim.name])

    # ------------------------------------------------------------ values

    def declare(self) -> None:
        """Make inputs, parameters and constants known."""
        loose = {
            ref.name
            for statement in statements(self.net.body)
            for ref in refs(statement)
            if any(not isinstance(sub, int) for sub in ref.subs)
        }
        for name, decl in self.inputs:
            held = _held(decl, Var(name, _axes(decl), batched=True))
            self.note(decl, held, loose)
        for decl in self.net.owned:
            self.own(decl, loose)
        local = {decl.name for _, decl in self.inputs} | {decl.name for decl in self.net.owned}
        for decl in self.program.declarations:
            if decl.name in local:
                continue
            if decl.kind == "tensor" and _text(decl) in self.handed:
                self.note(decl, _held(decl, Var(self.handed[_text(decl)], _axes(decl), batched=True)), loose)
            elif decl.kind == "param" and decl.name in self.handed:
                subs = tuple(self.key(decl.name, Num(s)) for s in decl.subs)
                base = self.handed[decl.name]
                self.note_member(decl, _held(decl, Var(base, len(decl.legs), False, subs, owned=True)))
            else:
                self.own(decl, loose)

    def own(self, decl: Decl, loose: set[str]) -> None:
        if decl.kind == "const":
            if decl.legs:
                attribute = self.place.constants.get((decl.name, decl.subs))
                if attribute is None:
                    return
                self.note(decl, _held(decl, Var(f"self.{attribute}", len(decl.legs))), loose)
            elif isinstance(decl.value, int | float | complex):
                self.note(
                    decl, Held(Var("", 0), (), None, isinstance(decl.value, complex), Num(decl.value)), loose
                )
        elif decl.kind == "param" and decl.name in self.place.parameters:
            subs = tuple(self.key(decl.name, Num(s)) for s in decl.subs)
            base = f"self.{self.place.parameters[decl.name]}"
            self.note_member(decl, _held(decl, Var(base, len(decl.legs), False, subs, owned=True)))

    def key(self, name: str, sub: Scalar) -> Scalar:
        return key_of(sub) if name in self.place.keyed_parameters else sub

    def note(self, decl: Decl, held: Held, loose: set[str]) -> None:
        """A value without list: a member that is met by number is put into a table first."""
        if decl.subs and decl.name in loose:
            if decl.name not in self.tables:
                table = self.names.take(identifier(decl.name))
                self.steps.append(Table(table))
                self.tables[decl.name] = replace(held, var=replace(held.var, text=table))
            target = replace(held.var, text=self.tables[decl.name].var.text, subs=tuple(map(Num, decl.subs)))
            self.steps.append(Let(target, held.var))
        self.note_member(decl, held)

    def note_member(self, decl: Decl, held: Held) -> None:
        if decl.subs:
            self.members[decl.name, decl.subs] = held
        else:
            self.values[decl.name] = held

    def lookup(self, ref: Ref) -> Held:
        """A value as the text names it at this point."""
        if ref.name in self.assigned:
            held = self.values[ref.name]
            if not ref.subs:
                return held
            return replace(held, var=replace(held.var, text=self.versions[ref.name], subs=self.subs(ref)))
        if not ref.subs:
            return self.values[ref.name]
        static = tuple(sub for sub in ref.subs if isinstance(sub, int))
        if len(static) == len(ref.subs) and (ref.name, static) in self.members:
            return self.members[ref.name, static]
        if ref.name in self.tables:
            held = self.tables[ref.name]
            return replace(held, var=replace(held.var, subs=self.subs(ref)))
        like = next(held for (name, _), held in self.members.items() if name == ref.name)
        subs = tuple(self.key(ref.name, sub) for sub in self.subs(ref))
        return replace(like, var=replace(like.var, subs=subs))

    def subs(self, ref: Ref) -> tuple[Scalar, ...]:
        return tuple(self.size(sub) for sub in ref.subs)

    def expression(self, ref: Ref) -> Expr:
        """A whole value, computed in place where nothing else needs it."""
        if ref.name in self.pending and not ref.subs:
            return self.pending.pop(ref.name)
        return self.lookup(ref).var

    def scope(self) -> Scope:
        return Scope(
            self.held,
            self.size,
            nominal,
            self.watch,
            self.scaled,
            self.check,
            partial(self.inner, self.loops),
        )

    def held(self, ref: Ref) -> Held:
        held = self.lookup(ref)
        if ref.name in self.pending and not ref.subs:
            return replace(held, inlined=self.pending[ref.name])
        return held

    def inner(self, outer: tuple[tuple[Loop, str], ...], var: str) -> tuple[Scope, str]:
        """The scope inside a sum written out; named bubbles there are no values of the net."""
        name = self.names.take(identifier(var))
        loops = (*outer, (Loop(var, 0, 0), name))
        numbers = {loop.var: text for loop, text in loops}

        def lookup(ref: Ref) -> Held:
            around, self.loops = self.loops, loops
            found = self.held(ref)
            self.loops = around
            return found

        scope = Scope(
            lookup,
            lambda size: scalar(size, self.dim, numbers),
            nominal,
            lambda _, operand: operand,
            lambda operand, function, axis, eps: None,
            lambda within: None,
            partial(self.inner, loops),
        )
        return scope, name

    def check(self, within: Within) -> None:
        if within not in self.steps:
            self.steps.append(within)

    # ------------------------------------------------------------ points

    def scaled(self, x: Operand, function: str, axis: int, eps: float) -> Operand | None:
        """A layernorm or rmsnorm by way of its implicit value ``scale``, where values are observed."""
        if not self.observed or "scale" not in self.place.values or self.has_own_scale:
            return None
        kept = x.expr
        if not isinstance(kept, Var):
            kept = Var(self.names.take("inside"), len(x.wires), x.batched)
            self.let(kept, x.expr, None)
        scale = Var(self.names.take("scale"), len(x.wires) - 1, x.batched)
        name = f"{function}_scale"
        self.let(scale, Along(name, kept, (axis,), (("eps", eps),)), self.point("scale", ()))
        items = tuple(NewAxis() if at - len(x.wires) == axis else All() for at in range(len(x.wires)))
        if axis == -len(x.wires) and not x.batched:
            items = ()
        centred: Expr = kept if function == "rmsnorm" else Along("centred", kept, (axis,))
        unit = Index(scale, items, x.batched) if items else scale
        return replace(x, expr=Binary("*", centred, unit))

    def watch(self, name: str, operand: Operand) -> Operand:
        """A bubble or bracket with a name: a value of its own where values are observed."""
        if not self.observed:
            return operand
        local = Var(self.names.take(identifier(name)), len(operand.wires), operand.batched)
        self.let(local, operand.expr, self.point(name, ()))
        return replace(operand, expr=local)

    def point(self, name: str, subs: tuple[Size, ...], frozen: bool = False) -> Point | None:
        """The point of a value: after its own subs come the turns of the repeats that these do not say."""
        carried = {var for sub in subs for var in variables(sub)}
        turns = tuple(LoopVar(loop.var) for loop, _ in self.loops if loop.var not in carried)
        where = (*subs, *turns)
        self.extents.setdefault(name, []).append(tuple(self.extent(sub) for sub in where))
        if frozen:
            self.needed.append((name, where, tuple(loop for loop, _ in self.loops)))
        if not self.observed:
            return None
        attribute = self.place.deeper.get((name, len(where)), self.place.values[name])
        return Point(name, attribute, tuple(map(self.size, where)))

    def extent(self, size: Size) -> Size:
        """One more than the largest number that a sub reaches, taking it to grow with the loops."""
        for loop, _ in reversed(self.loops):
            size = substitute(size, {loop.var: size_op("-", loop.stop, 1)})
        return plus_one(size)

    # ------------------------------------------------------------ statements

    def let(self, target: Var, value: Expr | None, point: Point | None) -> None:
        self.steps.append(Let(target, None if value is None else fused(value), point))

    def run(self, body: Sequence[Stmt]) -> None:
        for position, statement in enumerate(body):
            match statement:
                case Bind(target=target, body=total):
                    self.bind(target, self.value(target, total), body[position + 1 :])
                case StreamSet():
                    self.stream(statement)
                case Frozen():
                    self.frozen(statement)
                case Call():
                    self.call(statement, body[position + 1 :])
                case Repeat():
                    self.repeat(statement)
                case Shared():
                    pass

    def value(self, target: Value, total: Sum) -> Operand:
        """The right-hand side over all wires of the left-hand side, groups joined."""
        wires = value_wires(target.legs)
        operand = lower_sum(total, wires, self.scope())
        self.forget(total)
        full = spread_to(operand, wires, self.scope())
        return Operand(grouped(full, target.legs), wires, operand.batched, operand.complex)

    def forget(self, total: Sum) -> None:
        """What was computed in place is no longer waiting."""
        for name in [ref.name for ref in _refs_in(total)]:
            self.pending.pop(name, None)

    def bind(self, target: Value, value: Operand, rest: Sequence[Stmt]) -> None:
        rank = len(target.legs)
        held = Held(Var("", rank, value.batched), tuple(map(_leg_size, target.legs)), None, value.complex)
        if target.subs:
            self.member(target, held, value.expr)
            return
        if target.anonymous and self.once(target.name, rest):
            self.pending[target.name] = value.expr
            self.values[target.name] = held
            return
        point = None if target.anonymous else self.point(target.name, ())
        self.let(self.local(target.name, held), value.expr, point)

    def local(self, name: str, held: Held) -> Var:
        """The variable of a value, the same each time it is bound."""
        text = self.values[name].var.text if name in self.values else ""
        var = replace(held.var, text=text or self.names.take(identifier(name)))
        self.values[name] = replace(held, var=var)
        return var

    def member(self, target: Value, held: Held, expr: Expr | None, frozen: bool = False) -> None:
        """A member of a family that is bound: an entry of a table."""
        if target.name not in self.tables:
            table = self.names.take(identifier(target.name))
            self.tables[target.name] = replace(held, var=replace(held.var, text=table))
            self.steps.append(Table(table))
        subs = tuple(map(self.size, target.subs))
        var = replace(held.var, text=self.tables[target.name].var.text, subs=subs)
        self.let(var, expr, self.point(target.name, target.subs, frozen))

    def once(self, name: str, rest: Sequence[Stmt]) -> bool:
        """Whether the value is used once, by a statement of this body before any stream changes."""
        if self.uses[name] != 1:
            return False
        for statement in rest:
            if any(ref.name == name for ref in refs(statement)):
                return True
            if isinstance(statement, StreamSet | Repeat | Frozen):
                return False
        return False

    def stream(self, statement: StreamSet) -> None:
        target = statement.target
        value = self.value(target, statement.body)
        expr, batched, is_complex = value.expr, value.batched, value.complex
        if statement.op != "=":
            before = self.values[target.name]
            wires = tuple(Wire(new_id(), f"{i}", _leg_size(leg)) for i, leg in enumerate(target.legs))
            old = Operand(before.var, wires, before.var.batched, before.complex)
            change = Operand(expr, wires, batched, is_complex)
            total = add([(False, old), (statement.op == "-=", change)], wires)
            expr, batched, is_complex = total.expr, total.batched, total.complex
        self.assign(target, expr, batched, is_complex)

    def assign(self, target: Value, expr: Expr | None, batched: bool, is_complex: bool) -> None:
        """A stream's next value."""
        name = target.name
        sizes = tuple(map(_leg_size, target.legs))
        rank = len(target.legs)
        base, number = self.assigned.get(name, (Num(0), 0))
        first = name not in self.assigned
        point = None
        if self.observed:
            at = plus(base, Num(number)) if number else base
            point = Point(name, self.place.values[name], (at if base != Num(0) else Num(number),))
            if expr is None:
                self.needed_versions.append((point, tuple(self.loops)))
        self.assigned[name] = (base, number + 1)
        var = self.local(name, Held(Var("", rank, batched), sizes, None, is_complex))
        if first and name in self.versions:
            self.steps.append(Table(self.versions[name], ordered=True))
        self.let(var, expr, point)
        if name in self.versions:
            self.steps.append(Append(self.versions[name], var))

    def frozen(self, statement: Frozen) -> None:
        target = statement.target
        sizes = tuple(map(_leg_size, target.legs))
        held = Held(Var("", len(target.legs), batched=True), sizes)
        if isinstance(statement.definition, StreamSet):
            self.assign(target, None, True, False)
            var = self.values[target.name].var
        elif target.subs:
            self.member(target, held, None, frozen=True)
            return
        else:
            var = self.local(target.name, held)
            self.let(var, None, self.point(target.name, (), frozen=True))
        names = target.leg_names or tuple(
            leg.name if isinstance(leg, Wire) else f"leg {i + 1}" for i, leg in enumerate(target.legs)
        )
        unique = [n if names.index(n) == i else f"{n} ({i + 1})" for i, n in enumerate(names)]
        expected = tuple((n, self.size(size)) for n, size in zip(unique, sizes, strict=True))
        self.steps.append(CheckLegs(f"frozen value {target.name}", var.text, expected))

    def call(self, call: Call, rest: Sequence[Stmt]) -> None:
        callee = self.callees[call.net]
        arguments = tuple(
            self.argument(ref, wanted) for ref, wanted in zip(call.arguments, callee.hot, strict=True)
        )
        keywords: list[tuple[str, Expr]] = []
        for name, keyword in callee.file_level.items():
            keywords.append((keyword, self.handed_down(name)))
        by_name = {dim.name: dim for dim in self.dims.dims}
        for name, keyword in callee.told.items():
            keywords.append((keyword, self.dim(by_name[name])))
        own = {s.name for s in statements(self.net.body) if isinstance(s, Shared)}
        turn = tuple(Name(name) for _, name in self.loops)
        if call.shared and call.name not in own:
            module = self.handed_down(call.name)
        else:
            subs: tuple[Scalar, ...] = () if call.shared else turn
            keyed = call.name in self.place.keyed_calls
            module = Var(
                f"self.{self.place.calls[call.name]}", 0, False, tuple(map(key_of, subs)) if keyed else subs
            )
        expr = CallNet(
            module, arguments, tuple(keywords), call.name, () if call.shared else turn, self.observed
        )
        if len(call.results) > 1:
            targets = []
            after: list[tuple[Var, Point]] = []
            for result, is_complex in zip(call.results, callee.complex, strict=True):
                held = self.result(result, is_complex)
                var = self.local(result.name, held)
                targets.append(var)
                point = None if result.anonymous else self.point(result.name, ())
                if point is not None:
                    after.append((var, point))
            self.steps.append(LetSeveral(tuple(targets), expr))
            for var, point in after:
                self.let(var, var, point)
            return
        (result,) = call.results
        held = self.result(result, callee.complex[0])
        if result.subs:
            self.member(result, held, expr)
        elif result.anonymous and self.once(result.name, rest) and not (self.observed and expr.takes_frozen):
            self.pending[result.name] = expr
            self.values[result.name] = held
        else:
            point = None if result.anonymous else self.point(result.name, ())
            self.let(self.local(result.name, held), expr, point)

    def handed_down(self, name: str) -> Var:
        """What the file has for a callee: as it was handed to this net, or this net's own."""
        if name in self.handed:
            return Var(self.handed[name], 0)
        for local, decl in self.inputs:  # The file's tensors are inputs of the net main.
            if _text(decl) == name:
                return Var(local, 0)
        return Var(f"self.{(self.place.parameters | self.place.calls)[name]}", 0)

    def result(self, target: Value, is_complex: bool) -> Held:
        return Held(Var("", len(target.legs), True), tuple(map(_leg_size, target.legs)), None, is_complex)

    def argument(self, ref: Ref, wanted: int | None) -> Expr:
        held = self.lookup(ref)
        expr = self.expression(ref)
        if held.hot is None or wanted is not None:
            return expr
        wires = tuple(Wire(new_id(), f"{i}", size) for i, size in enumerate(held.sizes))
        hot = wires[held.hot]
        rest = tuple(w for w in wires if w != hot)
        made = Operand(OneHot(expr, self.size(hot.size)), (*rest, hot), batched=True)
        return ordered(made, wires).expr

    def repeat(self, statement: Repeat) -> None:
        """A loop. Values bound by number before the end of a turn need their table opened outside."""
        loop = statement.loop
        for inner in statements(statement.body):
            for target in _targets(inner):
                if target.subs and target.name not in self.tables:
                    table = self.names.take(identifier(target.name))
                    held = Held(Var(table, len(target.legs), True), tuple(map(_leg_size, target.legs)))
                    self.tables[target.name] = held
                    self.steps.append(Table(table))
        start, stop = self.size(loop.start), self.size(loop.stop)
        name = self.names.take(identifier(loop.var))
        outer, before = self.steps, dict(self.assigned)
        self.steps, self.loops = [], (*self.loops, (loop, name))
        for stream, (base, number) in before.items():
            done = in_turns(loop, name, start, Name(name), statement.body, stream, self.size)
            self.assigned[stream] = (plus(done, base) if base != Num(0) else done, number)
        self.run(statement.body)
        body, self.steps, self.loops = tuple(self.steps), outer, self.loops[:-1]
        self.names.taken.discard(name)
        self.turned.add(name)
        for stream, (base, number) in before.items():
            done = in_turns(loop, name, start, stop, statement.body, stream, self.size)
            self.assigned[stream] = (plus(done, base) if base != Num(0) else done, number)
        self.steps.append(Repeated(name, start, stop, body))

    def finish(self) -> Body:
        """The body, its checks put first: what inputs tell of sizes, what follows, what is handed down."""
        result = tuple(
            fused(self.expression(Ref(output.name, tuple(output.subs)))) for output in self.net.outputs
        )
        first: list[Step] = []
        if self.called:
            attributes = {**self.place.parameters, **self.place.calls}
            first += [
                Inherited(local, attributes[name])
                for name, local in self.handed.items()
                if name in attributes
            ]
        checks = self.checks()
        names = (self.names.taken | self.turned).difference(LIBRARY)
        return Body((*first, *checks, *self.steps), result, tuple(sorted(names)))

    def checks(self) -> list[Step]:
        """What the shapes of inputs are compared with, and the sizes that come from them."""
        found: list[Step] = []
        bound: set[str] = set()
        again: list[tuple[str, Decl]] = []
        arrays = [
            *self.inputs,
            *(
                (self.handed[_text(d)], d)
                for d in self.program.declarations
                if d.kind == "tensor" and _text(d) in self.handed
            ),
        ]
        for dim in self.dims.dims:  # A derived size needs the ones that it follows from.
            if dim.name in self.late and dim.name in self.dims.derived:
                assert dim.default is not None
                self.size(dim.default)
        for local, decl in arrays:
            hot = onehot_leg(decl)
            sizes: list[tuple[str, Scalar | None]] = []
            binds: list[tuple[int, str]] = []
            before = set(bound)
            for leg in (leg for i, leg in enumerate(decl.legs) if i != hot):
                late = {d.name for d in dims_in_defaults(leg.size)} - self.dims.early
                plain = leg.size.dim.name if isinstance(leg.size, DimSize) else ""
                if plain in self.dims.carried and plain not in bound:
                    bound.add(plain)
                    sizes.append((leg.name, Name(f"self.{self.place.dims[plain]}")))
                    self.used_dims.add(plain)
                    several = sum(
                        plain in {d.name for d in dims_in_defaults(other.size)}
                        for _, d in arrays
                        for other in d.legs
                    )
                    if several > 1 and plain not in self.late:
                        self.late[plain] = self.names.take(identifier(plain))
                    if plain in self.late:
                        binds.append((len(sizes) - 1, self.late[plain]))
                elif late <= before:
                    sizes.append((leg.name, self.size(leg.size)))
                else:
                    sizes.append((leg.name, None))
                    if (local, decl) not in again:
                        again.append((local, decl))
            found.append(CheckLegs(f"input {_text(decl)}", local, tuple(sizes), tuple(binds)))
        for dim in self.dims.told:
            if dim.name in self.late:
                self.used_dims.add(dim.name)
                found.append(GivenSize(self.late[dim.name], dim.name, self.place.dims[dim.name]))
        for dim in self.dims.dims:
            if dim.name in self.late and dim.name in self.dims.derived:
                assert dim.default is not None
                found.append(LetSize(self.late[dim.name], self.size(dim.default)))
        for local, decl in again:
            hot = onehot_leg(decl)
            legs = [leg for i, leg in enumerate(decl.legs) if i != hot]
            found.append(
                CheckLegs(
                    f"input {_text(decl)}", local, tuple((leg.name, self.size(leg.size)) for leg in legs)
                )
            )
        return found


def key_of(sub: Scalar) -> Scalar:
    """A number as the key of a dict of modules."""
    return MathCall("str", sub)


def variables(size: Size) -> Iterator[str]:
    """The loop variables of a size."""
    match size:
        case LoopVar(name):
            yield name
        case SizeOp(_, left, right):
            yield from variables(left)
            yield from variables(right)
        case _:
            return


def plus_one(size: Size) -> Size:
    """One more, folded where a number is added already."""
    match size:
        case SizeOp("-", left, int(n)):
            return size_op("-", left, n - 1)
        case SizeOp("+", left, int(n)):
            return size_op("+", left, n + 1)
    return size_op("+", size, 1)


def plus(left: Scalar, right: Scalar) -> Scalar:
    """The sum, numbers folded."""
    match left, right:
        case Num(0), _:
            return right
        case _, Num(0):
            return left
        case Num(int(a)), Num(int(b)):
            return Num(a + b)
    return Arith("+", left, right)


def assignments(body: Sequence[Stmt], stream: str, size: Callable[[Size], Scalar]) -> Scalar:
    """How often a stream is assigned by one run of a body."""
    total: Scalar = Num(0)
    for statement in body:
        match statement:
            case StreamSet(target=target) if target.name == stream:
                total = plus(total, Num(1))
            case Frozen(target=target, definition=StreamSet()) if target.name == stream:
                total = plus(total, Num(1))
            case Repeat(loop=loop, body=inner):
                name = identifier(loop.var)
                done = in_turns(loop, name, size(loop.start), size(loop.stop), inner, stream, size)
                total = plus(total, done)
            case _:
                pass
    return total


def in_turns(
    loop: Loop,
    name: str,
    start: Scalar,
    stop: Scalar,
    body: Sequence[Stmt],
    stream: str,
    size: Callable[[Size], Scalar],
) -> Scalar:
    """How often a stream is assigned by the turns from ``start`` up to (not including) ``stop``."""
    each = assignments(body, stream, size)
    if each == Num(0):
        return each
    if name in _names_in(each):
        return Total(f"{name}_", start, stop, _renamed(each, name, f"{name}_"))
    match start, stop:
        case Num(int(a)), Num(int(b)):
            turns: Scalar = Num(b - a)
        case _:
            turns = stop if start == Num(0) else Arith("-", stop, start)
    match each, turns:
        case Num(1), _:
            return turns
        case Num(int(a)), Num(int(b)):
            return Num(a * b)
    return Arith("*", each, turns)


def _names_in(number: Scalar) -> set[str]:
    match number:
        case Name(text):
            return {text}
        case Arith(left=left, right=right):
            return _names_in(left) | _names_in(right)
        case Total(start=start, stop=stop, body=body):
            return _names_in(start) | _names_in(stop) | _names_in(body)
        case _:
            return set()


def _renamed(number: Scalar, old: str, new: str) -> Scalar:
    match number:
        case Name(text):
            return Name(new) if text == old else number
        case Arith(op, left, right):
            return Arith(op, _renamed(left, old, new), _renamed(right, old, new))
        case Total(var, start, stop, body):
            return Total(var, *(_renamed(n, old, new) for n in (start, stop, body)))
        case _:
            return number


def _text(decl: Decl) -> str:
    return dotted(decl.name, decl.subs)


def _axes(decl: Decl) -> int:
    return len(decl.legs) - (onehot_leg(decl) is not None)


def _held(decl: Decl, var: Var) -> Held:
    sizes = tuple(leg.size for leg in decl.legs)
    return Held(var, sizes, onehot_leg(decl), has(decl, "complex") or _imaginary(decl.value))


def _imaginary(value: object) -> bool:
    return any(map(_imaginary, value)) if isinstance(value, tuple) else isinstance(value, complex)


def _leg_size(leg: Wire | Group) -> Size:
    if isinstance(leg, Wire):
        return leg.size
    total: Size = 1
    for member in leg.members:
        total = size_op("*", total, member.size) if isinstance(member, Wire) else total
    return total


def _refs_in(total: Sum) -> Iterator[Ref]:
    return (node.ref for node in walk(total) if isinstance(node, Tensor))


def _targets(statement: Stmt) -> Iterator[Value]:
    match statement:
        case Bind(target=target):
            yield target
        case Frozen(target=target, definition=definition) if not isinstance(definition, StreamSet):
            yield target
        case Call(results=results):
            yield from results
        case _:
            return


def dims_in_defaults(size: Size) -> Iterator[Dim]:
    """The dims that a size depends on, those of defaults included."""
    for dim in dims_in(size):
        yield dim
        if dim.default is not None and not dim.counts_members:
            yield from dims_in_defaults(dim.default)
