"""The order in which a product is contracted: pairwise steps, for all that executes or counts a Term.

The same operands, kept wires and sizes give the same steps in every process, whatever ids the wires have.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush

from opt_einsum import paths

from tnlang.ir.net import Wire

_EXACT = 4
"""Up to here opt_einsum tries every order; beyond, its heuristics compete with random greedy searches."""
_TRIALS = 32

_Candidate = tuple[float, frozenset[int], frozenset[int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Step:
    """One contraction: operand ``left`` with operand ``right`` gives one with the wires ``out``.

    Operands are counted as they stand before the step, ``left < right``; both are taken away and the result
    is put at the end. ``right`` is None where one operand alone is reduced: a trace, a diagonal, a wire that
    nothing else has, or another order of its wires.
    """

    left: int
    right: int | None
    out: tuple[Wire, ...]


def pairwise(
    operands: Sequence[Sequence[Wire]], kept: Sequence[Wire], sizes: Mapping[Wire, int]
) -> list[Step]:
    """The steps that contract the operands and sum all wires that are not ``kept``.

    A wire may have any number of ends (a hyperedge), several at one operand (a trace), or be kept and joined
    at once (a copy). The last step leaves the kept wires that occur, in the order of ``kept``. There is no
    step where nothing has to be done: no operand, or one that has just the kept wires in order.
    """
    current = [tuple(wires) for wires in operands]
    wanted = tuple(wire for wire in dict.fromkeys(kept) if any(wire in wires for wires in current))
    steps: list[Step] = []

    def reduced(position: int) -> tuple[Wire, ...]:
        elsewhere = {wire for i, wires in enumerate(current) if i != position for wire in wires}
        return tuple(w for w in dict.fromkeys(current[position]) if w in wanted or w in elsewhere)

    if len(current) > 1:
        position = 0
        for _ in range(len(current)):
            out = reduced(position)
            if out == current[position]:
                position += 1
            else:
                steps.append(Step(position, None, out))
                current = [*current[:position], *current[position + 1 :], out]
    for left, right in _path(current, wanted, sizes):
        pair = (current[left], current[right])
        rest = [wires for i, wires in enumerate(current) if i not in (left, right)]
        needed = {*wanted, *(wire for wires in rest for wire in wires)}
        out = tuple(wire for wire in dict.fromkeys(pair[0] + pair[1]) if wire in needed) if rest else wanted
        steps.append(Step(left, right, out))
        current = [*rest, out]
    if len(current) == 1 and current[0] != wanted:
        steps.append(Step(0, None, wanted))
    return steps


def _path(
    operands: Sequence[tuple[Wire, ...]], kept: Sequence[Wire], sizes: Mapping[Wire, int]
) -> list[tuple[int, int]]:
    """Pairs of positions, each pair in order; wires are numbered by appearance, so that ids have no say."""
    number: dict[Wire, int] = {}
    for wire in (*kept, *(wire for wires in operands for wire in wires)):
        number.setdefault(wire, len(number))
    inputs = tuple(frozenset(number[wire] for wire in wires) for wires in operands)
    output = frozenset(number[wire] for wire in kept)
    return list(_search(inputs, output, tuple(sizes[wire] for wire in number)))


@lru_cache(maxsize=4096)
def _search(
    inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    if len(inputs) < 2:
        return ()
    # With a size of 0 every order would cost nothing.
    size_of = {number: max(size, 1) for number, size in enumerate(sizes)}
    best = _pairs(paths.auto(list(inputs), output, size_of))
    if len(inputs) <= _EXACT:
        return best
    trials = (_greedy(inputs, output, size_of, seed) for seed in range(_TRIALS))
    return min((best, *trials), key=lambda path: _work(path, inputs, output, size_of))


def _pairs(path: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((min(pair), max(pair)) for pair in path)


def _greedy(
    inputs: tuple[frozenset[int], ...], output: frozenset[int], sizes: dict[int, int], seed: int
) -> tuple[tuple[int, int], ...]:
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
    return _pairs(paths.ssa_to_linear(steps))


def _work(
    path: Sequence[tuple[int, int]],
    inputs: tuple[frozenset[int], ...],
    output: frozenset[int],
    sizes: Mapping[int, int],
) -> int:
    """Multiplications of a path."""
    current = list(inputs)
    uses = Counter(number for wires in current for number in wires)
    uses.update(output)
    total = 0
    for left, right in path:
        b, a = current.pop(right), current.pop(left)
        cost = 1
        for number in a | b:
            cost *= sizes[number]
        total += cost
        uses.subtract(a)
        uses.subtract(b)
        out = frozenset(number for number in a | b if uses[number] > 0)
        uses.update(out)
        current.append(out)
    return total
