"""Arrays on wires: bringing them into one order, adding and multiplying them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tnlang.ir.net import Bubble, Loop, Ref, Wire
from tnlang.ir.size import Size
from tnlang.lower.numbers import All, Arith, NewAxis, Num, Scalar
from tnlang.lower.plan import Binary, Diagonal, Einsum, Expr, Full, Index, Spread, ToComplex, Var
from tnlang.lower.steps import Within
from tnlang.lower.walks import is_scalar

Op = Literal["+", "-", "*", "/"]

LONG = 32
"""So many terms are added one after another."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An array and the wires that its axes are; a scalar has no wires and is the same for every batch."""

    expr: Expr
    wires: tuple[Wire, ...] = ()
    batched: bool = False
    complex: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A value at hand: the sizes of its legs, and which leg is one-hot (then the array has no axis for it).

    ``inlined`` is what it is computed by where it has no variable.
    """

    var: Var
    sizes: tuple[Size, ...]
    hot: int | None = None
    complex: bool = False
    inlined: Expr | None = None

    @property
    def expr(self) -> Expr:
        return self.var if self.inlined is None else self.inlined


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression of a net can see and say.

    ``nominal`` guesses sizes for the contraction order. ``watch`` is told of each named bubble and gives the
    array to go on with; ``scaled`` may give a norm by way of its scale. ``check`` wants
    slices looked at before they are taken. ``part`` gives a part of a long product a line and a variable.
    ``apart`` gives a loop of its own to a sum written out; it is None where there can be no loop.
    """

    value: Callable[[Ref], Held]
    size: Callable[[Size], Scalar]
    nominal: Callable[[Size], int]
    watch: Callable[[str, Operand], Operand]
    scaled: Callable[[Operand, Bubble, int, float], Operand | None]
    check: Callable[[Within], None]
    loop: Callable[[str], tuple[Scope, str]]
    part: Callable[[Expr, bool], Expr]
    apart: Callable[[tuple[Loop, ...], Callable[[Scope], Operand]], Operand] | None = None


def labels(axes: Sequence[Sequence[Wire]]) -> dict[Wire, str]:
    """A label for each wire: its name, marked where two wires have one name."""
    found: dict[Wire, str] = {}
    for wire in (wire for wires in axes for wire in wires):
        if wire not in found:
            text = wire.text
            while text in found.values():
                text += "'"
            found[wire] = text
    return found


def einsum(operands: Sequence[Operand], out: tuple[Wire, ...]) -> Operand:
    """The product of arrays over the wires ``out``; all others are summed."""
    is_complex = any(o.complex for o in operands)
    marks = labels([o.wires for o in operands])
    exprs = tuple(ToComplex(o.expr) if is_complex and not o.complex else o.expr for o in operands)
    batched = tuple(o.batched for o in operands)
    axes = tuple(tuple(marks[w] for w in o.wires) for o in operands)
    product = Einsum(exprs, axes, batched, tuple(marks[w] for w in out))
    return Operand(product, out, any(batched), is_complex)


def unique(operand: Operand) -> Operand:
    """The array with one axis for each wire: diagonals taken."""
    while len(set(operand.wires)) < len(operand.wires):
        wires = operand.wires
        first = next(i for i, w in enumerate(wires) if w in wires[i + 1 :])
        second = wires.index(wires[first], first + 1)
        rest = tuple(w for i, w in enumerate(wires) if i not in (first, second))
        pair = (first - len(wires), second - len(wires))
        operand = replace(operand, expr=Diagonal(operand.expr, pair), wires=(*rest, wires[first]))
    return operand


def ordered(operand: Operand, order: Sequence[Wire]) -> Operand:
    """The array with its axes in the order of ``order``, which has all its wires."""
    wires = tuple(w for w in dict.fromkeys(order) if w in operand.wires)
    if operand.wires == wires:
        return operand
    return einsum([operand], wires)


def aligned(operand: Operand, target: Sequence[Wire]) -> Expr:
    """The array, with axes of size 1 where broadcasting needs them to meet the axes ``target``."""
    if is_scalar(operand.expr):
        return operand.expr
    turned = ordered(unique(operand), target)
    items = tuple(All() if wire in turned.wires else NewAxis() for wire in target)
    if not turned.batched:
        while items and isinstance(items[0], NewAxis):
            items = items[1:]
    if not any(isinstance(item, NewAxis) for item in items):
        return turned.expr
    return Index(turned.expr, items, turned.batched)


def add(terms: Sequence[tuple[bool, Operand]], want: Sequence[Wire]) -> Operand:
    """The sum of arrays over the wanted wires that one of them has; True marks one that is subtracted.

    Long sums are sums of shorter ones, as Python has a limit to how deep an expression may nest.
    """
    if len(terms) > LONG:
        groups = (terms[start : start + LONG] for start in range(0, len(terms), LONG))
        return add([(False, add(group, want)) for group in groups], want)
    wires = tuple(w for w in want if any(w in operand.wires for _, operand in terms))
    total: Expr | None = None
    for minus, operand in terms:
        expr = aligned(operand, wires)
        if total is None:
            total = negated(expr) if minus else expr
        else:
            total = combined("-" if minus else "+", total, expr)
    assert total is not None
    return Operand(total, wires, any(o.batched for _, o in terms), any(o.complex for _, o in terms))


def negated(expr: Expr) -> Expr:
    """Minus the array."""
    match expr:
        case Num(value):
            return Num(-value)
        case Binary("*", number, x) if is_scalar(number):
            return Binary("*", negated(number), x)
    return combined("*", Num(-1), expr)


def combined(op: Op, left: Expr, right: Expr) -> Expr:
    """An operation on arrays, or on two numbers."""
    if is_scalar(left) and is_scalar(right):
        return Arith(op, left, right)
    return Binary(op, left, right)


def multiplied(left: Operand, right: Operand, order: Sequence[Wire], op: Op = "*") -> Operand:
    """The elementwise product (or quotient) over the wires of both."""
    wires = tuple(w for w in order if w in left.wires or w in right.wires)
    expr = combined(op, aligned(left, wires), aligned(right, wires))
    return Operand(expr, wires, left.batched or right.batched, left.complex or right.complex)


def preferred(wires: Iterable[Wire], kept: Sequence[Wire]) -> tuple[Wire, ...]:
    """Wires that are wanted first, in that order, then those that are still to be summed."""
    rest = list(wires)
    return (*(w for w in kept if w in rest), *(w for w in rest if w not in kept))


def spread_to(operand: Operand, wires: tuple[Wire, ...], scope: Scope) -> Expr:
    """The array with an axis of full size for each of the wires."""
    if operand.wires == wires and not is_scalar(operand.expr):
        return operand.expr
    sizes = tuple(scope.size(w.size) for w in wires)
    if is_scalar(operand.expr):
        return Full(sizes, operand.expr)
    return Spread(aligned(replace(operand, batched=True), wires), sizes)
