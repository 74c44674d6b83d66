"""The search for a cheap order of contraction: exact for few operands, greedy and then annealed for many.

A tree of contractions is a list of nodes; the wires that a node's array has are bits of one number. So a
local change costs a few operations on integers, however many wires there are.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush

from opt_einsum import paths

Pairs = tuple[tuple[int, int], ...]

_EXACT = 4
"""Up to here opt_einsum tries every order."""
_TRIALS = 32
"""Greedy orders with some chance in them; fewer where operands are many."""
_GREEDY_WORK = 6_000
"""Operands times trials."""
_MOVES = 100_000
"""Most changes tried by annealing."""
_SWEEPS = 600
"""Changes tried for each operand, where they are fewer than that."""
_WORTH = 20_000
"""Multiplications below which no order is worth a search."""
_HOT, _COLD = 1.5, 0.02
"""Temperatures of annealing, in powers of e of the work of two contractions."""

_MOST = 650.0
"""The logarithm of the most entries that annealing tells from more; thousands of such can be added."""

_Candidate = tuple[float, frozenset[int], frozenset[int], frozenset[int]]


@lru_cache(maxsize=4096)
def search(inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: tuple[int, ...]) -> Pairs:
    """Pairs of positions to contract, each result put at the end; wires are numbers with sizes.

    The same for the same arguments in every process.
    """
    if len(inputs) < 2:
        return ()
    # With a size of 0 every order would cost nothing.
    size_of = {number: max(size, 1) for number, size in enumerate(sizes)}
    if len(inputs) <= _EXACT:
        return _ordered(paths.auto(list(inputs), output, size_of))
    best = _ordered(paths.greedy(list(inputs), output, size_of))
    least = work(best, inputs, output, size_of)
    trials = 0 if least < _WORTH else min(_TRIALS, max(1, _GREEDY_WORK // len(inputs)))
    for seed in range(trials):
        path = _greedy(inputs, output, size_of, seed)
        cost = work(path, inputs, output, size_of)
        if cost < least:
            best, least = path, cost
    if least < _WORTH:
        return best
    annealed = _annealed(_tree(best, inputs, output, size_of))
    return annealed if work(annealed, inputs, output, size_of) < least else best


def _ordered(path: Iterable[Sequence[int]]) -> Pairs:
    return tuple((min(pair), max(pair)) for pair in path)


def _greedy(
    inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: dict[int, int], seed: int
) -> Pairs:
    """opt_einsum's greedy order, but choosing at random among the three best candidates."""
    generator = random.Random(seed)

    def choose(queue: list[_Candidate], remaining: Mapping[frozenset[int], int]) -> _Candidate | None:
        found: list[_Candidate] = []
        while queue and len(found) < 3:
            candidate = heappop(queue)
            if candidate[1] in remaining and candidate[2] in remaining:
                found.append(candidate)
        if not found:
            return None
        chosen = found.pop(min(int(generator.expovariate(1.5)), len(found) - 1))
        for other in found:
            heappush(queue, other)
        return chosen

    steps = paths.ssa_greedy_optimize(list(inputs), output, sizes, choose_fn=choose)
    return _ordered(paths.ssa_to_linear(steps))


def work(
    path: Pairs, inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: Mapping[int, int]
) -> int:
    """Multiplications of a path."""
    tree = _tree(path, inputs, output, sizes)
    return sum(
        math.prod(sizes[number] for number in _bits(tree.wires[a] | tree.wires[b]))
        for a, b in tree.children[tree.leaves :]
    )


# ---------------------------------------------------------------- annealing


@dataclass(slots=True)
class _Tree:
    """Nodes in the order they are made: the ``leaves`` first, then the contractions, the last the root.

    ``wires`` has a bit for each wire of a node's array, ``weights`` the bits of the wires of each size and
    the logarithm of that size.
    """

    leaves: int
    children: list[tuple[int, int]]
    parent: list[int]
    wires: list[int]
    weights: tuple[tuple[int, float], ...]


def _tree(
    path: Pairs, inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: Mapping[int, int]
) -> _Tree:
    count = len(inputs)
    children = [(-1, -1)] * count
    parent = [-1] * (2 * count - 1)
    wires = [sum(1 << number for number in wires) for wires in inputs]
    uses = dict.fromkeys(sizes, 0)
    for number in (*output, *(number for wires_of in inputs for number in wires_of)):
        uses[number] += 1
    current = list(range(count))
    for left, right in path:
        b, a = current.pop(right), current.pop(left)
        node = len(children)
        children.append((a, b))
        parent[a] = parent[b] = node
        both = wires[a] | wires[b]
        out = both
        for number in _bits(wires[a] & wires[b]):
            uses[number] -= 1
            if uses[number] == 1:
                out ^= 1 << number
        for number in _bits(wires[a] ^ wires[b]):
            if uses[number] == 1:
                out ^= 1 << number
        wires.append(out)
        current.append(node)
    kinds: dict[int, int] = {}
    for number, size in sizes.items():
        kinds[size] = kinds.get(size, 0) | 1 << number
    weights = tuple((mask, math.log(size)) for size, mask in kinds.items())
    return _Tree(count, children, parent, wires, weights)


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _annealed(tree: _Tree) -> Pairs:
    """The order after many local changes, kept when they save work and, while it is hot, also at a loss.

    A change takes the two contractions of ((A, B), C) and does ((A, C), B) or ((B, C), A) instead. The inner
    array then has the wires of its two parts that the third, or the whole, has too.
    """
    children, parent, wires, weights = tree.children, tree.parent, tree.wires, tree.weights
    generator = random.Random(0)
    chance, exp = generator.random, math.exp
    inner = range(tree.leaves, len(children) - 1)
    moves = min(_MOVES, _SWEEPS * tree.leaves)
    heat, cooling = _HOT, (_COLD / _HOT) ** (1 / moves)

    if len(weights) == 1:
        unit = weights[0][1]

        def entries(mask: int) -> float:
            return exp(min(unit * mask.bit_count(), _MOST))
    else:

        def entries(mask: int) -> float:
            return exp(min(sum(unit * (mask & kind).bit_count() for kind, unit in weights), _MOST))

    cost = [0.0] * len(children)
    for node in range(tree.leaves, len(children)):
        a, b = children[node]
        cost[node] = entries(wires[a] | wires[b])
    total = least = math.fsum(cost)
    best = list(children)
    first, count = inner.start, len(inner)
    for _ in range(moves):
        heat *= cooling
        node = first + int(chance() * count)
        above = parent[node]
        x, y = children[above]
        third = y if x == node else x
        a, b = children[node]
        if chance() < 0.5:
            a, b = b, a
        # ((a, b), third) becomes ((a, third), b).
        wires_a, wires_b, wires_third = wires[a], wires[b], wires[third]
        made = (wires_a | wires_third) & (wires_b | wires[above])
        low, high = entries(wires_a | wires_third), entries(made | wires_b)
        before, after = cost[node] + cost[above], low + high
        if after > before and chance() >= (before / after) ** (1 / heat):
            continue
        children[node], children[above] = (a, third), (node, b)
        parent[third], parent[b] = node, above
        wires[node], cost[node], cost[above] = made, low, high
        total += after - before
        if total < least * 0.999:
            least, best = total, list(children)
    return _linear(best, tree.leaves)


def _linear(children: Sequence[tuple[int, int]], leaves: int) -> Pairs:
    """The pairs of positions of a tree whose nodes need not stand in the order they are made."""
    order: list[int] = []
    stack = [len(children) - 1]
    while stack:
        node = stack.pop()
        if node >= leaves:
            order.append(node)
            stack.extend(children[node])
    steps = [children[node] for node in reversed(order)]
    number = {node: leaves + position for position, node in enumerate(reversed(order))}
    return _ordered(paths.ssa_to_linear([(number.get(a, a), number.get(b, b)) for a, b in steps]))
