"""Products of arrays on wires, contracted pair by pair, and where such a product is thinnest."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tnlang.ir.net import Wire
from tnlang.ir.order import pairwise

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """An array with an axis for each wire; the sizes of the wires are numbers."""

    array: Tensor
    wires: tuple[Wire, ...]

    def renamed(self, wires: Mapping[Wire, Wire]) -> Operand:
        """The same array on other wires."""
        return Operand(self.array, tuple(wires.get(wire, wire) for wire in self.wires))


Operands = tuple[Operand, ...]


def size_of(wire: Wire) -> int:
    """The number of entries of a wire of a circuit."""
    assert isinstance(wire.size, int)
    return wire.size


def sizes_of(wires: Iterable[Wire]) -> tuple[int, ...]:
    return tuple(map(size_of, wires))


def count(wires: Iterable[Wire]) -> int:
    """The entries of all the wires together."""
    return math.prod(map(size_of, wires))


def contract(operands: Sequence[Operand], kept: Sequence[Wire]) -> Tensor:
    """The product of the operands over the kept wires, in their order; all other wires are summed.

    A wire that no operand has is broadcast along. The order of pairs is the one that all of the package uses.
    """
    held = {wire for operand in operands for wire in operand.wires}
    sizes = {wire: size_of(wire) for wire in held | set(kept)}
    current = list(operands)
    for step in pairwise([operand.wires for operand in operands], kept, sizes):
        right = None if step.right is None else current.pop(step.right)
        left = current.pop(step.left)
        taken = (left,) if right is None else (left, right)
        current.append(Operand(_einsum(taken, step.out), step.out))
    if not current:
        return torch.ones(sizes_of(kept))
    (result,) = current
    shape = [sizes[wire] if wire in result.wires else 1 for wire in kept]
    return result.array.reshape(shape).expand(sizes_of(kept))


def _einsum(operands: Sequence[Operand], out: Sequence[Wire]) -> Tensor:
    letter: dict[Wire, str] = {}
    for operand in operands:
        for wire in operand.wires:
            letter.setdefault(wire, _LETTERS[len(letter)])
    terms = ",".join("".join(letter[wire] for wire in operand.wires) for operand in operands)
    result = "".join(letter[wire] for wire in out)
    return torch.einsum(f"{terms}->{result}", *(operand.array for operand in operands))


def thinnest(
    operands: Sequence[Operand], left: Collection[Wire], right: Collection[Wire], free: Collection[Wire]
) -> tuple[Operands, Operands, tuple[Wire, ...]]:
    """The operands in two parts, and the wires between: as few entries as can be (a minimum cut).

    The wires ``left`` and ``right`` are open; those of ``left`` end at the first part, unless the thinnest
    place is at an open wire itself, where a part has no operand. Wires that are ``free`` (a batch) count for
    nothing. Everything that flows to the left comes first.
    """
    source, sink = ("source",), ("sink",)
    capacity: dict[tuple[object, ...], dict[tuple[object, ...], float]] = {}

    def edge(a: tuple[object, ...], b: tuple[object, ...], size: float) -> None:
        capacity.setdefault(a, {})[b] = size
        capacity.setdefault(b, {}).setdefault(a, 0.0)

    wires = dict.fromkeys((*left, *right, *(w for operand in operands for w in operand.wires)))
    for wire in wires:
        if wire not in free:
            edge(("in", wire), ("out", wire), math.log(size_of(wire)) + 1e-9)
    for wire in left:
        edge(source, ("in", wire), math.inf)
    for wire in right:
        edge(("out", wire), sink, math.inf)
    for number, operand in enumerate(operands):
        for wire in operand.wires:
            if wire not in free:
                edge(("operand", number), ("in", wire), math.inf)
                edge(("out", wire), ("operand", number), math.inf)
    edge(source, sink, 0.0)
    reached = _cut(capacity, source, sink)
    near = [("operand", number) in reached for number in range(len(operands))]
    bond = tuple(wire for wire in wires if ("in", wire) in reached and ("out", wire) not in reached)
    first = tuple(o for o, is_near in zip(operands, near, strict=True) if is_near)
    second = tuple(o for o, is_near in zip(operands, near, strict=True) if not is_near)
    return first, second, bond


def _cut(
    capacity: dict[tuple[object, ...], dict[tuple[object, ...], float]],
    source: tuple[object, ...],
    sink: tuple[object, ...],
) -> set[tuple[object, ...]]:
    """What the source still reaches when as much flows to the sink as can (shortest augmenting paths)."""
    while True:
        before: dict[tuple[object, ...], tuple[object, ...]] = {source: source}
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
