"""The statements of a net as steps: fused, or observed with a line for each named value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
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
from tnlang.ir.size import Size
from tnlang.ir.slots import owned_shared
from tnlang.ir.walk import new_id, refs, statements, value_wires, walk
from tnlang.lower.checks import checks
from tnlang.lower.counting import in_turns, plus
from tnlang.lower.names import LIBRARY, identifier
from tnlang.lower.numbers import Name, Num, Scalar
from tnlang.lower.operands import Held, Operand, add, ordered, spread_to
from tnlang.lower.plan import CallNet, Expr, Factored, Kept, OneHot, Var
from tnlang.lower.scopes import Scoped
from tnlang.lower.steps import (
    Append,
    Body,
    CheckLegs,
    Inherited,
    LetSeveral,
    Point,
    Repeated,
    Step,
    Table,
)
from tnlang.lower.terms import lower_sum
from tnlang.lower.uses import grouped
from tnlang.lower.values import key_of, leg_size, text_of


@dataclass(slots=True)
class Builder(Scoped):
    """One body being written, statement by statement."""

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
                case Factor():
                    self.factor(statement)
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
        held = Held(Var("", rank, value.batched), tuple(map(leg_size, target.legs)), None, value.complex)
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
            wires = tuple(Wire(new_id(), f"{i}", leg_size(leg)) for i, leg in enumerate(target.legs))
            old = Operand(before.var, wires, before.var.batched, before.complex)
            change = Operand(expr, wires, batched, is_complex)
            total = add([(False, old), (statement.op == "-=", change)], wires)
            expr, batched, is_complex = total.expr, total.batched, total.complex
        self.assign(target, expr, batched, is_complex)

    def assign(self, target: Value, expr: Expr | None, batched: bool, is_complex: bool) -> None:
        """A stream's next value."""
        name = target.name
        sizes = tuple(map(leg_size, target.legs))
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
        sizes = tuple(map(leg_size, target.legs))
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
        own = owned_shared(self.net)
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
            module,
            arguments,
            tuple(keywords),
            call.name,
            () if call.shared else turn,
            self.observed,
            () if self.observed else callee.fills,
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

    def factor(self, statement: Factor) -> None:
        """The factors of a value, bound at once."""
        source = self.lookup(statement.source)
        if source.hot is not None:
            raise AssertionError(f"{statement.source.name} is one-hot")
        rank = len(source.sizes)
        left = tuple(leg - rank for leg in statement.left)
        right = tuple(leg - rank for leg in range(rank) if leg not in statement.left)
        first = statement.factors[0]
        match statement.function:
            case "svd" | "qr" | "cp":
                bonds: tuple[Size, ...] = (first.legs[-1].size,)
            case "tucker":
                bonds = tuple(leg.size for leg in first.legs)
            case "tt":
                bonds = tuple(core.legs[-1].size for core in statement.factors[:-1])
        x = self.expression(statement.source)
        value = Factored(
            statement.function,
            x,
            rank,
            tuple(map(self.size, bonds)),
            left,
            right,
            statement.centre,
            statement.error,
        )
        targets = []
        for number, decl in enumerate(statement.factors):
            is_complex = source.complex and not (statement.function == "svd" and number == 1)
            sizes = tuple(leg.size for leg in decl.legs)
            held = Held(Var("", len(sizes), source.var.batched), sizes, None, is_complex)
            targets.append(self.local(decl.name, held))
        self.steps.append(LetSeveral(tuple(targets), value))
        self.watched(targets, [decl.name for decl in statement.factors])

    def watched(self, targets: Sequence[Var], names: Sequence[str]) -> None:
        """Values that were bound at once, each shown to its point."""
        for target, name in zip(targets, names, strict=True):
            point = self.point(name, ())
            if point is not None:
                self.let(target, target, point)

    def kept(self, held: Mapping[str, Held], wanted: Sequence[str]) -> None:
        """Bind values that parameters alone give; ``held`` tells of all of them, in order."""
        targets = [self.local(n, h) if n in wanted else Var("", 0) for n, h in held.items()]
        self.steps.append(LetSeveral(tuple(targets), Kept()))
        self.watched([target for target in targets if target.text], wanted)

    def handed_down(self, name: str) -> Var:
        """What the file has for a callee: as it was handed to this net, or this net's own."""
        if name in self.handed:
            return Var(self.handed[name], 0)
        for local, decl in self.inputs:  # The file's tensors are inputs of the net main.
            if text_of(decl) == name:
                return Var(local, 0)
        return Var(f"self.{(self.place.parameters | self.place.calls)[name]}", 0)

    def result(self, target: Value, is_complex: bool) -> Held:
        return Held(Var("", len(target.legs), True), tuple(map(leg_size, target.legs)), None, is_complex)

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
        if all(isinstance(inner, Shared | Repeat) for inner in statements(statement.body)):
            return
        for inner in statements(statement.body):
            for target in _targets(inner):
                if target.subs and target.name not in self.tables:
                    table = self.names.take(identifier(target.name))
                    held = Held(Var(table, len(target.legs), True), tuple(map(leg_size, target.legs)))
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
        result = tuple(self.expression(Ref(output.name, tuple(output.subs))) for output in self.net.outputs)
        first: list[Step] = []
        if self.called:
            attributes = {**self.place.parameters, **self.place.calls}
            first += [
                Inherited(local, attributes[name])
                for name, local in self.handed.items()
                if name in attributes
            ]
        names = (self.names.taken | self.turned).difference(LIBRARY)
        inputs = tuple(local for local, _ in self.inputs)
        return Body((*first, *checks(self), *self.steps), result, tuple(sorted(names)), inputs=inputs)


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
