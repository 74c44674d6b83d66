"""Which wires to fix so that no array of a contraction is too large: products are sums over their entries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tnlang.ir.net import Wire
from tnlang.ir.order import Step, pairwise


def slices(
    operands: Sequence[Sequence[Wire]], kept: Sequence[Wire], sizes: Mapping[Wire, int], largest: int
) -> tuple[Wire, ...] | None:
    """Summed wires, those first that were chosen first; None where the kept wires alone are too many.

    At each entry of the wires the arrays that the steps make have at most ``largest`` entries each. One wire
    after another is chosen, of the largest array the one that makes the whole sum cheapest, and the steps are
    searched anew for what is left. The same arguments give the same wires in every process.
    """
    left, chosen = dict(sizes), list[Wire]()
    while True:
        steps = pairwise(operands, kept, left)
        made = max((step.out for step in steps), key=lambda out: _entries(out, left), default=())
        if _entries(made, left) <= largest:
            return tuple(chosen)
        candidates = [wire for wire in made if wire not in kept and left[wire] > 1]
        if not candidates:
            return None
        met = _met(operands, steps)
        wire = min(candidates, key=lambda wire: _work(met, {**left, wire: 1}) * left[wire])
        chosen.append(wire)
        left[wire] = 1


def _met(operands: Sequence[Sequence[Wire]], steps: Sequence[Step]) -> list[frozenset[Wire]]:
    """For each step all wires of the arrays that meet in it."""
    current, found = [frozenset(wires) for wires in operands], []
    for step in steps:
        right = frozenset[Wire]() if step.right is None else current.pop(step.right)
        found.append(current.pop(step.left) | right)
        current.append(frozenset(step.out))
    return found


def _work(met: Sequence[frozenset[Wire]], sizes: Mapping[Wire, int]) -> int:
    return sum(_entries(tuple(wires), sizes) for wires in met)


def _entries(wires: Sequence[Wire], sizes: Mapping[Wire, int]) -> int:
    return math.prod(sizes[wire] for wire in wires)
