"""Long products line by line: each pair of arrays is a product of matrices, and few entries are moved.

The axes of a part are groups of wires, so that what one step leaves is often what the next one needs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

from tnlang.ir.net import Wire
from tnlang.ir.order import Step
from tnlang.lower.numbers import Arith, Num, Scalar
from tnlang.lower.operands import Operand, Scope
from tnlang.lower.plan import Expr, Linear, Matmul, Permute, Reshape, ToComplex, Transposed

Group = tuple[Wire, ...]

MOVE, STACK, TURN, VIEW = 1_000, 300, 250, 150
"""What it costs to begin moving entries, to multiply a stack, to transpose a matrix, to see an array on other
axes; in entries moved."""
SMALL = 20_000
"""Up to so many multiplications a stack of products costs no more than one product."""
WIDE = 16
"""From so many columns on a stack of products costs no more than one product."""


@dataclass(frozen=True, slots=True)
class Part:
    """An array whose axes are groups of wires: each wire alone, or rows and columns of a matrix."""

    expr: Expr
    groups: tuple[Group, ...]
    batched: bool
    complex: bool

    @property
    def wires(self) -> Group:
        return _flat(self.groups)


def part_of(operand: Operand) -> Part:
    """The array of an operand."""
    return Part(operand.expr, tuple((w,) for w in operand.wires), operand.batched, operand.complex)


def operand_of(part: Part, scope: Scope) -> Operand:
    """The part with an axis for each wire."""
    single = _grouped(part, tuple((wire,) for wire in part.wires), scope)
    return Operand(single.expr, part.wires, part.batched, part.complex)


def meetings(
    operands: Sequence[Operand], steps: Sequence[Step]
) -> tuple[list[frozenset[Wire]], dict[Wire, int]]:
    """For the result of each step the wires it shares with what it meets next; when each wire is summed."""
    current: list[tuple[int, frozenset[Wire]]] = [(-1, frozenset(o.wires)) for o in operands]
    shared = [frozenset[Wire]()] * len(steps)
    ends: dict[Wire, int] = {}
    for number, step in enumerate(steps):
        right = current.pop(step.right) if step.right is not None else None
        left = current.pop(step.left)
        for made, wires in (left, *([right] if right else [])):
            ends.update((wire, number) for wire in wires.difference(step.out))
            if made >= 0 and right is not None:
                shared[made] = left[1] & right[1]
        current.append((number, frozenset(step.out)))
    return shared, ends


def is_matrix_product(left: Part, right: Part, out: Sequence[Wire]) -> bool:
    """Whether two arrays without diagonals are summed over a wire they share."""
    plain = all(len(set(part.wires)) == len(part.wires) for part in (left, right))
    return plain and any(wire in right.wires and wire not in out for wire in left.wires)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to multiply: the axes of both arrays, those of the result, and the entries moved for it."""

    left: Part
    left_groups: tuple[Group, ...]
    right: Part
    right_groups: tuple[Group, ...]
    groups: tuple[Group, ...]
    cost: float


def matrix_product(
    left: Part,
    right: Part,
    out: Sequence[Wire],
    met: frozenset[Wire],
    ends: Mapping[Wire, int],
    sizes: Mapping[Wire, int],
    scope: Scope,
) -> Part:
    """The product of two parts, its axes in the order that moves fewest entries here and in the next step.

    Wires that both have and ``out`` keeps stack matrices. ``met`` are those the result shares with what it
    meets next, ``ends`` says when each is summed.
    """
    if left.complex != right.complex:
        left, right = (p if p.complex else replace(p, expr=ToComplex(p.expr)) for p in (left, right))
    ways = [
        way
        for a, b in ((left, right), (right, left))
        for way in (*_matrices(a, b, out, ends, sizes), *_stacks(a, b, out, sizes))
    ]

    def cost(way: _Way) -> float:
        wires = _flat(way.groups)
        return way.cost + (0 if _at_an_end(wires, met) else MOVE + _entries(wires, sizes))

    best = min(ways, key=cost)
    a = _as_groups(best.left, best.left_groups, scope)
    b = _as_groups(best.right, best.right_groups, scope)
    batched = left.batched or right.batched
    product: Expr = Matmul(a, b, "matmul")
    if not batched and len(best.left_groups) == len(best.right_groups):
        product = Matmul(a, b, "mm" if len(best.groups) == 2 else "bmm")
        if len(best.groups) == 2 and isinstance(b, Transposed):
            product = Linear(a, b.x)
    return Part(product, best.groups, batched, left.complex or right.complex)


def _matrices(
    a: Part, b: Part, out: Sequence[Wire], ends: Mapping[Wire, int], sizes: Mapping[Wire, int]
) -> Iterator[_Way]:
    """Rows of ``a`` times columns of ``b``, in a stack where both have wires that stay."""
    stacked = tuple(w for w in a.wires if w in b.wires and w in out)
    stack = (stacked,) if stacked else ()
    summed = [w for w in a.wires if w in b.wires and w not in out]
    for order in dict.fromkeys([tuple(summed), tuple(w for w in b.wires if w in summed)]):
        rows, columns = (
            tuple(w for w in part.wires if w not in stacked and w not in order) for part in (a, b)
        )
        if a.wires not in ((*stacked, *rows, *order), (*stacked, *order, *rows)):
            rows = _latest_first(rows, ends)
        if b.wires not in ((*stacked, *columns, *order), (*stacked, *order, *columns)):
            columns = _latest_first(columns, ends)
        left, right, groups = (*stack, rows, order), (*stack, order, columns), (*stack, rows, columns)
        cost = _moving(a, left, sizes) + _moving(b, right, sizes)
        yield _Way(a, left, b, right, groups, cost)


def _latest_first(wires: Group, ends: Mapping[Wire, int]) -> Group:
    """Wires that are moved anyway in an order that serves the steps to come."""
    return tuple(sorted(wires, key=lambda wire: -ends.get(wire, len(ends))))


def _stacks(a: Part, b: Part, out: Sequence[Wire], sizes: Mapping[Wire, int]) -> Iterator[_Way]:
    """``a`` times each matrix of a stack: the wires summed stand in the middle of ``b``."""
    order = tuple(w for w in b.wires if w in a.wires)
    first = b.wires.index(order[0])
    before, after = b.wires[:first], b.wires[first + len(order) :]
    rows = tuple(w for w in a.wires if w not in order)
    in_the_middle = before and after and b.wires == (*before, *order, *after)
    is_cheap = _entries(after, sizes) >= WIDE or _entries((*b.wires, *rows), sizes) <= SMALL
    if in_the_middle and is_cheap and not any(wire in out for wire in order):
        left, right = (*([()] if a.batched else []), rows, order), (before, order, after)
        cost = STACK + _moving(a, left, sizes) + _moving(b, right, sizes)
        yield _Way(a, left, b, right, (before, rows, after), cost)


def _moving(part: Part, groups: tuple[Group, ...], sizes: Mapping[Wire, int]) -> float:
    """What it costs to have the part on other axes: nothing, another view, or moving all entries."""
    *stack, rows, columns = groups
    turned_groups = (*stack, columns, rows)
    if groups == part.groups:
        return 0
    if part.wires == _flat(groups):
        return VIEW
    if part.wires == _flat(turned_groups):
        return TURN if part.groups == turned_groups else TURN + VIEW
    return MOVE + _entries(part.wires, sizes)


def _flat(groups: Iterable[Group]) -> Group:
    return tuple(wire for group in groups for wire in group)


def _at_an_end(wires: Group, met: frozenset[Wire]) -> bool:
    """Whether the wires to be summed next stand together at the beginning or at the end."""
    count = sum(wire in met for wire in wires)
    return count == 0 or met.issuperset(wires[:count]) or met.issuperset(wires[-count:])


def _entries(wires: Sequence[Wire], sizes: Mapping[Wire, int]) -> int:
    return math.prod(sizes[wire] for wire in wires)


def _as_groups(part: Part, groups: tuple[Group, ...], scope: Scope) -> Expr:
    """The array on the axes ``groups``; what is stored with the last two exchanged is transposed."""
    *stack, rows, columns = groups
    if part.wires == _flat((*stack, columns, rows)) and rows and columns:
        return Transposed(_grouped(part, (*stack, columns, rows), scope).expr)
    turned_part = turned(part, _flat(groups), scope)
    return _grouped(turned_part, groups, scope).expr


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


def _grouped(part: Part, groups: tuple[Group, ...], scope: Scope) -> Part:
    """The array on axes that are other groups of its wires, in the same order."""
    if part.groups == groups:
        return part
    sizes = tuple(_size(group, scope) for group in groups)
    return replace(part, expr=Reshape(part.expr, sizes, len(part.groups), part.batched), groups=groups)


def _size(group: Group, scope: Scope) -> Scalar:
    """The product of sizes: a number, or powers of names."""
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
