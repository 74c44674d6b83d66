"""Where a product is thinnest: it falls into two parts there that share as few entries as can be."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from tnlang.ir.net import Wire

Place = tuple[object, ...]


def thinnest(
    factors: Sequence[Sequence[Wire]],
    left: Collection[Wire],
    right: Collection[Wire],
    free: Collection[Wire],
    sizes: Mapping[Wire, int],
) -> tuple[list[bool], tuple[Wire, ...]]:
    """Which factors stand on the left, and the wires between: as few entries as can be (a minimum cut).

    The wires ``left`` and ``right`` are open; those of ``left`` end at the first part, unless the thinnest
    place is at an open wire itself, where a part has no factor. Wires that are ``free`` (a batch) count for
    nothing. Everything that flows to the left comes first.
    """
    source, sink = ("source",), ("sink",)
    capacity: dict[Place, dict[Place, float]] = {}

    def edge(a: Place, b: Place, size: float) -> None:
        capacity.setdefault(a, {})[b] = size
        capacity.setdefault(b, {}).setdefault(a, 0.0)

    wires = dict.fromkeys((*left, *right, *(wire for factor in factors for wire in factor)))
    for wire in wires:
        if wire not in free:
            edge(("in", wire), ("out", wire), math.log(max(1, sizes[wire])) + 1e-9)
    for wire in left:
        edge(source, ("in", wire), math.inf)
    for wire in right:
        edge(("out", wire), sink, math.inf)
    for number, factor in enumerate(factors):
        for wire in factor:
            if wire not in free:
                edge(("factor", number), ("in", wire), math.inf)
                edge(("out", wire), ("factor", number), math.inf)
    edge(source, sink, 0.0)
    reached = _cut(capacity, source, sink)
    near = [("factor", number) in reached for number in range(len(factors))]
    return near, tuple(wire for wire in wires if ("in", wire) in reached and ("out", wire) not in reached)


def _cut(capacity: dict[Place, dict[Place, float]], source: Place, sink: Place) -> set[Place]:
    """What the source still reaches when as much flows to the sink as can (shortest augmenting paths)."""
    while True:
        before: dict[Place, Place] = {source: source}
        waiting = deque([source])
        while waiting and sink not in before:
            node = waiting.popleft()
            for other, left in capacity[node].items():
                if left > 1e-12 and other not in before:
                    before[other] = node
                    waiting.append(other)
        if sink not in before:
            return set(before)
        path = [sink]
        while path[-1] != source:
            path.append(before[path[-1]])
        steps = [(b, a) for a, b in itertools.pairwise(path)]
        least = min(capacity[a][b] for a, b in steps)
        for a, b in steps:
            capacity[a][b] -= least
            capacity[b][a] += least
