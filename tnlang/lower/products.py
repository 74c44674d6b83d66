"""Products of arrays, contracted pair by pair."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from tnlang.ir.net import Wire
from tnlang.ir.order import Step, pairwise
from tnlang.lower.axes import Way, ways
from tnlang.lower.matrices import matrix_product, operand_of, part_of, turned
from tnlang.lower.operands import Operand, Scope, einsum, multiplied
from tnlang.lower.plan import Along

SHORT = 8
"""Up to so many steps a product is one expression."""
MET = 64
"""How many products are remembered: each is met in two bodies, with and without a line for each value."""


def contract(operands: Sequence[Operand], kept: tuple[Wire, ...], scope: Scope) -> Operand:
    """The product of arrays, pair by pair, wires that are not kept summed; axes in the order kept."""
    wires = tuple(o.wires for o in operands)
    sizes = {w: scope.nominal(w.size) for own in (*wires, kept) for w in own}
    steps = _steps(wires, kept, tuple(sizes.items()))
    if len(steps) > SHORT:
        return _by_lines(operands, steps, _ways(wires, steps, tuple(sizes.items())), scope)
    current = list(operands)
    for step in steps:
        if step.right is None:
            chosen = current.pop(step.left)
            current.append(_reduced(chosen, step.out))
        else:
            right, left = current.pop(step.right), current.pop(step.left)
            current.append(_pair(left, right, step.out))
    return current[0]


Sizes = tuple[tuple[Wire, int], ...]


@functools.lru_cache(MET)
def _steps(operands: tuple[tuple[Wire, ...], ...], kept: tuple[Wire, ...], sizes: Sizes) -> tuple[Step, ...]:
    return tuple(pairwise(operands, kept, dict(sizes)))


@functools.lru_cache(MET)
def _ways(
    operands: tuple[tuple[Wire, ...], ...], steps: tuple[Step, ...], sizes: Sizes
) -> tuple[Way | None, ...]:
    return tuple(ways(operands, steps, dict(sizes)))


def _by_lines(
    operands: Sequence[Operand], steps: Sequence[Step], taken: Sequence[Way | None], scope: Scope
) -> Operand:
    """A line for each step. A result keeps its axes as its matrix product leaves them: the next step moves
    them if it has to, the last puts them in the order that is asked for."""
    current = [part_of(operand) for operand in operands]
    for number, (step, way) in enumerate(zip(steps, taken, strict=True)):
        right = None if step.right is None else current.pop(step.right)
        left = current.pop(step.left)
        if right is None:
            made = part_of(_reduced(operand_of(left, scope), step.out))
        elif way is not None:
            made = matrix_product(left, right, way, scope)
        else:
            made = part_of(_pair(operand_of(left, scope), operand_of(right, scope), step.out))
        as_it_is = made.groups == tuple((wire,) for wire in step.out)
        if number < len(steps) - 1 or not as_it_is:
            made = replace(made, expr=scope.part(made.expr, made.batched))
        current.append(made)
    return operand_of(turned(current[0], steps[-1].out, scope), scope)


def _reduced(operand: Operand, out: tuple[Wire, ...]) -> Operand:
    kept_in_order = tuple(w for w in operand.wires if w in out)
    if len(set(operand.wires)) == len(operand.wires) and kept_in_order == out and out != operand.wires:
        count = len(operand.wires)
        axes = tuple(i - count for i, wire in enumerate(operand.wires) if wire not in out)
        return replace(operand, expr=Along("sum", operand.expr, axes), wires=out)
    return einsum([operand], out)


def _pair(left: Operand, right: Operand, out: tuple[Wire, ...]) -> Operand:
    both = set(left.wires) | set(right.wires)
    plain = len(set(left.wires)) == len(left.wires) and len(set(right.wires)) == len(right.wires)
    if plain and both == set(out) and (_fits(left, right, out) or _fits(right, left, out)):
        return multiplied(left, right, out)
    return einsum([left, right], out)


def _fits(whole: Operand, part: Operand, out: tuple[Wire, ...]) -> bool:
    return whole.wires == out and part.wires == tuple(w for w in out if w in part.wires)
