"""What expressions of a net can see and say: the scopes of its sums, and the points of its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tnlang.ir.cost import nominal
from tnlang.ir.net import (
    Bubble,
    Loop,
    Ref,
)
from tnlang.ir.size import LoopVar, Size, size_op, substitute
from tnlang.lower.counting import plus_one, variables
from tnlang.lower.dims import scalar
from tnlang.lower.names import identifier
from tnlang.lower.numbers import All, NewAxis, Num, Scalar
from tnlang.lower.operands import Held, Operand, Scope
from tnlang.lower.plan import Along, Binary, Expr, Full, Index, Var
from tnlang.lower.steps import (
    Let,
    Point,
    Sliced,
    Within,
)
from tnlang.lower.values import Known
from tnlang.lower.walks import names_in


@dataclass(slots=True)
class Scoped(Known):
    """One body being written, as its expressions see it."""

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
            self.part,
            self.apart,
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
            lambda operand, node, axis, eps: None,
            lambda within: None,
            partial(self.inner, loops),
            lambda expr, batched: expr,
        )
        return scope, name

    def apart(self, loops: tuple[Loop, ...], term: Callable[[Scope], Operand]) -> Operand:
        """A sum whose terms come one after another, each with lines of its own."""
        scope, heads, around = self.scope(), list[tuple[str, Scalar, Scalar]](), self.loops
        inner = around
        for loop in loops:
            start, stop = scope.size(loop.start), scope.size(loop.stop)
            scope, name = self.inner(inner, loop.var)
            inner = (*inner, (Loop(loop.var, 0, 0), name))
            heads.append((name, start, stop))
        outer, parts = self.steps, self.parts
        self.steps, self.parts = [], set()
        operand = term(replace(scope, part=self.part))
        body, self.steps, self.parts = tuple(self.steps), outer, parts
        total = Var(self.names.take("total"), len(operand.wires), operand.batched)
        zero = Full(tuple(self.size(wire.size) for wire in operand.wires), Num(0))
        self.steps.append(Sliced(total, zero, tuple(heads), body, operand.expr))
        return replace(operand, expr=total)

    def check(self, within: Within) -> None:
        if within not in self.steps:
            self.steps.append(within)

    def part(self, expr: Expr, batched: bool) -> Expr:
        """A part of a product in a variable of its own; that of a part used up by it is taken again."""
        free = [name for name in names_in(expr) if name in self.parts]
        text = free[0] if free else self.names.take("part")
        self.parts.difference_update(free)
        self.parts.add(text)
        local = Var(text, 0, batched)
        self.let(local, expr, None)
        return local

    # ------------------------------------------------------------ points

    def scaled(self, x: Operand, node: Bubble, axis: int, eps: float) -> Operand | None:
        """A layernorm or rmsnorm by way of its scale, where values are observed and it has a name."""
        if not self.observed or id(node) not in self.scales:
            return None
        called = self.scales[id(node)]
        kept = x.expr
        if not isinstance(kept, Var):
            kept = Var(self.names.take("inside"), len(x.wires), x.batched)
            self.let(kept, x.expr, None)
        scale = Var(self.names.take(called), len(x.wires) - 1, x.batched)
        name = f"{node.function}_scale"
        self.let(scale, Along(name, kept, (axis,), (("eps", eps),)), self.point(called, ()))
        items = tuple(NewAxis() if at - len(x.wires) == axis else All() for at in range(len(x.wires)))
        if axis == -len(x.wires) and not x.batched:
            items = ()
        centred: Expr = kept if node.function == "rmsnorm" else Along("centred", kept, (axis,))
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
        attribute = self.place.values[name]
        return Point(name, attribute, tuple(map(self.size, where)))

    def extent(self, size: Size) -> Size:
        """One more than the largest number that a sub reaches, taking it to grow with the loops."""
        for loop, _ in reversed(self.loops):
            size = substitute(size, {loop.var: size_op("-", loop.stop, 1)})
        return plus_one(size)

    def let(self, target: Var, value: Expr | None, point: Point | None) -> None:
        self.steps.append(Let(target, value, point))
