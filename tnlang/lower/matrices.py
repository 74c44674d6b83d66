"""Long products line by line: each pair of arrays is a product of matrices; axes are groups of wires."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial, reduce

from tnlang.lower.axes import Axes, Group, Way
from tnlang.lower.numbers import Arith, Num, Scalar
from tnlang.lower.operands import Operand, Scope
from tnlang.lower.plan import Copies, Expr, Matmul, Permute, Reshape, ToComplex, Transposed


@dataclass(frozen=True, slots=True)
class Part:
    """An array whose axes are groups of wires: each wire alone, or rows and columns of a matrix."""

    expr: Expr
    groups: Axes
    batched: bool
    complex: bool

    @property
    def wires(self) -> Group:
        return flat(self.groups)


def flat(groups: Axes) -> Group:
    """The wires of all groups, in order."""
    return tuple(wire for group in groups for wire in group)


def part_of(operand: Operand) -> Part:
    """The array of an operand."""
    return Part(operand.expr, tuple((w,) for w in operand.wires), operand.batched, operand.complex)


def operand_of(part: Part, scope: Scope) -> Operand:
    """The part with an axis for each wire."""
    single = _grouped(part, tuple((wire,) for wire in part.wires), scope)
    return Operand(single.expr, part.wires, part.batched, part.complex)


def matrix_product(left: Part, right: Part, way: Way, scope: Scope) -> Part:
    """The product of two parts, taken as was chosen."""
    if left.complex != right.complex:
        left, right = (p if p.complex else replace(p, expr=ToComplex(p.expr)) for p in (left, right))
    a, b = (right, left) if way.swapped else (left, right)
    batched = a.batched or b.batched
    is_stack = len(way.out) > len(way.left)
    x = _as_groups(a, ((), *way.left) if is_stack and a.batched else way.left, scope)
    y = _as_groups(b, way.right, scope)
    product = Matmul(x, y, "matmul")
    if not batched and is_stack:
        product = Matmul(Copies(x, _size(way.out[0], scope)), y, "bmm")
    elif not batched:
        product = Matmul(x, y, "mm" if len(way.out) == 2 else "bmm")
    return Part(product, way.out, batched, a.complex or b.complex)


def _as_groups(part: Part, groups: Axes, scope: Scope) -> Expr:
    """The array on the axes ``groups``; what is stored with the last two exchanged is transposed."""
    *stack, rows, columns = groups
    if part.wires != flat(groups) and part.wires == flat((*stack, columns, rows)):
        inside = _grouped(part, (*stack, columns, rows), scope).expr
        return Transposed(inside) if stack or part.batched else Permute(inside, (1, 0))
    return _grouped(turned(part, flat(groups), scope), groups, scope).expr


def turned(part: Part, wires: Group, scope: Scope) -> Part:
    """The array with its wires in another order; wires that stay together are moved as one axis."""
    if part.wires == wires:
        return part
    blocks: list[Group] = []
    place = {wire: at for at, wire in enumerate(wires)}
    for wire in part.wires:
        if blocks and place[wire] == place[blocks[-1][-1]] + 1:
            blocks[-1] += (wire,)
        else:
            blocks.append((wire,))
    part = _grouped(part, tuple(blocks), scope)
    if isinstance(part.expr, Reshape):
        part = replace(part, expr=scope.part(part.expr, part.batched))
    order = sorted(range(len(blocks)), key=lambda block: place[blocks[block][0]])
    groups = tuple(part.groups[block] for block in order)
    return replace(
        part, expr=scope.part(Permute(part.expr, tuple(order), part.batched), part.batched), groups=groups
    )


def _grouped(part: Part, groups: Axes, scope: Scope) -> Part:
    """The array on axes that are other groups of its wires, in the same order."""
    if part.groups == groups:
        return part
    sizes = tuple(_size(group, scope) for group in groups)
    return replace(part, expr=Reshape(part.expr, sizes, len(part.groups), part.batched), groups=groups)


def _size(group: Group, scope: Scope) -> Scalar:
    """The product of sizes: a number, or powers of names."""
    if len(group) == 1:
        return scope.size(group[0].size)
    number, factors = 1, Counter[Scalar]()
    for wire in group:
        match scope.size(wire.size):
            case Num(int(value)):
                number *= value
            case size:
                factors[size] += 1
    powers = [size if n == 1 else Arith("**", size, Num(n)) for size, n in factors.items()]
    first: list[Scalar] = [Num(number)] if number != 1 or not powers else []
    return reduce(partial(Arith, "*"), [*first, *powers])
