"""On which axes each product of a long contraction is taken, chosen for all of them together.

A product of matrices wants the wires that are summed side by side at an end of both arrays, and leaves the
rows of one before the columns of the other. Each array keeps the few orders of its wires that took least so
far; what the last one was made of says how everything is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tnlang.ir.net import Wire
from tnlang.ir.order import Step

Group = tuple[Wire, ...]
Axes = tuple[Group, ...]
"""Groups of wires: each an axis."""

MOVE, STACK, TURN, VIEW = 1_000, 300, 150, 200
"""What it costs to begin moving entries, to multiply a stack, to transpose a matrix, to see an array on other
axes; in entries moved."""
SMALL = 20_000
"""Up to so many multiplications a stack of products costs no more than one product."""
WIDE = 16
"""From so many columns on a stack of products costs no more than one product."""
ORDERS, TRIED = 5, 2_500
"""How many orders of an array are kept, and how many of all arrays of a contraction."""

_Order = tuple[int, ...]
_Axes = tuple[_Order, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """The axes on which the operands of a product are taken, and those of the result.

    ``swapped`` says that the second operand stands first. Where the result has three groups and the first
    operand two, that is multiplied with each of a stack of matrices.
    """

    swapped: bool
    left: Axes
    right: Axes
    out: Axes


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """An order of an array, what it took, and how it was made."""

    cost: float
    axes: _Axes
    made: tuple[bool, _Axes, _Axes, _Found, _Found] | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """How an array stands to a product: the wires before those summed, these, and those after them.

    ``stack`` are first; ``summed`` is None where the wires that are summed do not stand together.
    """

    found: _Found
    order: _Order
    stack: _Order = ()
    before: _Order = ()
    summed: _Order | None = None
    after: _Order = ()

    @property
    def key(self) -> tuple[_Order, _Order] | None:
        """The orders that the other array has to have too, if this one can be taken as it is."""
        if self.summed is None or (self.before and self.after):
            return None
        return self.stack, self.summed


def ways(
    operands: Sequence[Sequence[Wire]], steps: Sequence[Step], sizes: Mapping[Wire, int]
) -> list[Way | None]:
    """For each step how its product of matrices is taken, or None where it is no such product."""
    wires = list(sizes)
    number = {wire: at for at, wire in enumerate(wires)}
    chosen = _Choice([sizes[wire] for wire in wires], [len(steps)] * len(wires))
    orders = [tuple(number[wire] for wire in operand) for operand in operands]
    outs = [tuple(number[wire] for wire in step.out) for step in steps]
    pairs, met = _meetings(orders, steps, outs, chosen.ends)
    width = max(1, min(ORDERS, TRIED // len(steps)))
    kept: list[list[_Found]] = [[_Found(0, _single(order))] for order in orders]
    for at, (left, right) in enumerate(pairs):
        if right is None or not _is_matrix_product(kept[left][0], kept[right][0], outs[at]):
            kept.append([_Found(0, _single(outs[at]))])
            continue
        found = chosen.products(kept[left], kept[right], frozenset(outs[at]))
        found.sort(key=lambda one: one.cost + chosen.later(_flat(one.axes), met[at], outs[at]))
        kept.append(found[:width])
    result: list[Way | None] = [None] * len(steps)
    taken: dict[int, _Found] = {}
    for at in reversed(range(len(steps))):
        here = len(operands) + at
        one, (left, right) = taken.get(here, kept[here][0]), pairs[at]
        if one.made is not None and right is not None:
            swapped, first, second, taken[left], taken[right] = one.made
            result[at] = Way(swapped, *(_named(axes, wires) for axes in (first, second, one.axes)))
    return result


def _meetings(
    orders: Sequence[_Order], steps: Sequence[Step], outs: Sequence[_Order], ends: list[int]
) -> tuple[list[tuple[int, int | None]], list[frozenset[int]]]:
    """The arrays that each step takes, and the wires that each result shares with what it meets next.

    Writes into ``ends`` at which step each wire is summed.
    """
    current = [(at, frozenset(order)) for at, order in enumerate(orders)]
    met = [frozenset[int]()] * len(steps)
    pairs: list[tuple[int, int | None]] = []
    for at, step in enumerate(steps):
        right = current.pop(step.right) if step.right is not None else None
        left = current.pop(step.left)
        for made, wires in (left, *([right] if right else [])):
            for wire in wires.difference(outs[at]):
                ends[wire] = at
            if made >= len(orders) and right is not None:
                met[made - len(orders)] = left[1] & right[1]
        pairs.append((left[0], right[0] if right else None))
        current.append((len(orders) + at, frozenset(outs[at])))
    return pairs, met


def _is_matrix_product(left: _Found, right: _Found, out: _Order) -> bool:
    """Whether two arrays without diagonals are summed over a wire they share, or share none."""
    a, b = _flat(left.axes), _flat(right.axes)
    shared = set(a).intersection(b)
    plain = len(set(a)) == len(a) and len(set(b)) == len(b)
    return plain and (not shared <= set(out) if shared else bool(a and b) and {*a, *b} == set(out))


@dataclass(frozen=True, slots=True)
class _Choice:
    """The sizes of wires, and the step that sums each."""

    sizes: Sequence[int]
    ends: list[int]

    def products(self, left: Sequence[_Found], right: Sequence[_Found], out: frozenset[int]) -> list[_Found]:
        """The cheapest way to each order of a product that a product of matrices leaves."""
        best: dict[_Axes, _Found] = {}
        shared = set(_flat(left[0].axes)).intersection(_flat(right[0].axes))
        stacked, summed = frozenset(shared & out), frozenset(shared - out)
        seen = [[_see(one, stacked, summed) for one in side] for side in (left, right)]
        for a in seen[0]:
            for b in seen[1]:
                before = a.found.cost + b.found.cost
                for swapped, x, y in ((False, a, b), (True, b, a)):
                    for cost, first, second, axes in self.taken(x, y, stacked, summed):
                        total = before + cost
                        if axes not in best or total < best[axes].cost:
                            best[axes] = _Found(total, axes, (swapped, first, second, a.found, b.found))
        return list(best.values())

    def taken(
        self, x: _Seen, y: _Seen, stacked: frozenset[int], summed: frozenset[int]
    ) -> Iterator[tuple[float, _Axes, _Axes, _Axes]]:
        """Rows of ``x`` times columns of ``y``, and ``x`` times each of a stack of matrices in ``y``."""
        any_order = _of(x.order, stacked), _of(x.order, summed)
        keys = dict.fromkeys(key for key in (x.key, y.key) if key is not None) or {any_order: None}
        for stack, order in keys:
            head = (stack,) if stack else ()
            rights = list(self.columns(y, stack, order))
            for cost, rows in self.rows(x, stack, order):
                for more, columns in rights:
                    yield cost + more, (*head, rows, order), (*head, order, columns), (*head, rows, columns)
        if y.before and y.after and y.summed and not stacked:
            entries = self.entries(y.order) * self.entries(_without(x.order, summed))
            if entries <= SMALL or self.entries(y.after) >= WIDE:
                axes = (y.before, y.summed, y.after)
                view = STACK if y.found.axes == axes else STACK + VIEW
                for cost, rows in self.rows(x, (), y.summed):
                    yield cost + view, (rows, y.summed), axes, (y.before, rows, y.after)

    def rows(self, x: _Seen, stack: _Order, order: _Order) -> Iterator[tuple[float, _Order]]:
        """The rows of ``x`` over columns in an order: as they stand, or moved."""
        yield from self.sides(x, stack, order, rows=True)

    def columns(self, y: _Seen, stack: _Order, order: _Order) -> Iterator[tuple[float, _Order]]:
        """The columns of ``y`` under rows in an order."""
        yield from self.sides(y, stack, order, rows=False)

    def sides(self, x: _Seen, stack: _Order, order: _Order, rows: bool) -> Iterator[tuple[float, _Order]]:
        """The wires of an array that a product leaves, and what it costs to have them before or after."""
        if x.key == (stack, order):
            own = x.before or x.after
            head = (stack,) if stack else ()
            ahead = (*head, own, order) if x.before or not x.after else (*head, order, own)
            turn = TURN if own and order and bool(x.before) != rows else 0
            yield turn + (0 if x.found.axes == ahead or not own else VIEW), own
            return
        own = _without(x.order, {*stack, *order})
        cost = MOVE + self.entries(x.order)
        late = tuple(sorted(own, key=lambda wire: -self.ends[wire]))
        yield cost, late
        early = tuple(sorted(own, key=lambda wire: self.ends[wire]))
        if early != late:
            yield cost, early

    def later(self, order: _Order, met: frozenset[int], out: _Order) -> float:
        """What it will cost to have the wires that are summed next at an end, or all in the order ``out``."""
        places = [at for at, wire in enumerate(order) if wire in met]
        if not places:
            return 0 if order == out else MOVE + self.entries(order)
        if places[-1] - places[0] >= len(places):
            return MOVE + self.entries(order)
        return 0 if places[0] == 0 or places[-1] == len(order) - 1 else STACK

    def entries(self, order: _Order) -> int:
        return math.prod([self.sizes[wire] for wire in order])


def _see(found: _Found, stacked: frozenset[int], summed: frozenset[int]) -> _Seen:
    order = _flat(found.axes)
    stack, rest = order[: len(stacked)], order[len(stacked) :]
    first = next((at - len(stack) for at, wire in enumerate(order) if wire in summed), len(rest))
    last = first + len(summed)
    if not stacked.issuperset(stack) or not summed.issuperset(rest[first:last]):
        return _Seen(found, order)
    return _Seen(found, order, stack, rest[:first], rest[first:last], rest[last:])


def _of(order: _Order, wires: frozenset[int]) -> _Order:
    return tuple(wire for wire in order if wire in wires)


def _without(order: _Order, wires: frozenset[int] | set[int]) -> _Order:
    return tuple(wire for wire in order if wire not in wires)


def _single(order: _Order) -> _Axes:
    return tuple((wire,) for wire in order)


def _flat(axes: _Axes) -> _Order:
    return tuple([wire for group in axes for wire in group])


def _named(axes: _Axes, wires: Sequence[Wire]) -> Axes:
    return tuple(tuple(wires[wire] for wire in group) for group in axes)
