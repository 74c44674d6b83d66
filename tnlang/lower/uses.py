"""A value used in an expression: its legs joined to wires, entries, slices and groups."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Entry, Group, Ix, Slice, Tensor, Wire
from tnlang.ir.size import show
from tnlang.ir.walk import ix_wires
from tnlang.lower.numbers import All, Cut, Item, Num, Scalar
from tnlang.lower.operands import Operand, Scope
from tnlang.lower.plan import Conjugate, Expr, Flatten, Index, Unflatten
from tnlang.lower.specials import Hot
from tnlang.lower.steps import Within


def used(node: Tensor, scope: Scope) -> Operand | Hot:
    """The value with its legs joined; a one-hot value stays the numbers that it holds."""
    held = scope.value(node.ref)
    base = Operand(held.expr, (), held.var.batched, held.complex)
    if held.hot is None:
        for size, leg in zip(held.sizes, node.legs, strict=True):
            if isinstance(leg, Slice) and leg.stop != size:
                _check(node.ref.name, leg, scope.size(size), scope)
        operand = joined(base, node.legs, scope, node.ref.name)
        return replace(operand, expr=Conjugate(operand.expr)) if node.conj else operand
    others = node.legs[: held.hot] + node.legs[held.hot + 1 :]
    return Hot(joined(base, others, scope, node.ref.name), node.legs[held.hot], held.sizes[held.hot])


def _check(name: str, leg: Slice, size: Scalar, scope: Scope) -> None:
    stop = scope.size(leg.stop)
    if isinstance(stop, Num) and isinstance(size, Num):
        return
    text = f"{name}[{leg.wire.text}: {show(leg.start)}..{show(leg.stop)}]"
    scope.check(Within(text, stop, size))


def joined(base: Operand, legs: tuple[Ix, ...], scope: Scope, name: str) -> Operand:
    """An array, an axis for each leg, over the wires that the legs are joined to."""
    expr = base.expr
    flat: list[Wire | Entry | Slice] = []
    for leg in reversed(legs):
        if isinstance(leg, Group):
            if len(leg.members) > 1:
                axis = -1 - len(flat)
                expr = Unflatten(expr, axis, _member_sizes(leg, scope))
            flat = [*leg.members, *flat]
        else:
            flat = [leg, *flat]
    items = tuple(_item(leg, scope) for leg in flat)
    if any(not isinstance(item, All) for item in items):
        expr = Index(expr, items, base.batched)
    wires = tuple(wire for leg in flat for wire in ix_wires(leg))
    return replace(base, expr=expr, wires=wires)


def _member_sizes(group: Group, scope: Scope) -> tuple[Scalar | None, ...]:
    """The sizes of a group's members; that of a fixed block follows from the others."""
    return tuple(scope.size(m.size) if isinstance(m, Wire) else None for m in group.members)


def _item(leg: Wire | Entry | Slice, scope: Scope) -> Item:
    match leg:
        case Wire():
            return All()
        case Entry(at):
            return scope.size(at)
        case Slice(_, start, stop):
            return Cut(scope.size(start), scope.size(stop))


def grouped(expr: Expr, legs: tuple[Wire | Group, ...]) -> Expr:
    """An array over the wires of a left-hand side, with those of a group joined to one axis."""
    for after, leg in enumerate(reversed(legs)):
        if isinstance(leg, Group) and len(leg.members) > 1:
            expr = Flatten(expr, -after - len(leg.members), -after - 1)
    return expr
