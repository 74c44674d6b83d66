"""Products of arrays on wires, contracted pair by pair, and where such a product is thinnest."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tnlang.ir.cut import thinnest
from tnlang.ir.net import Wire
from tnlang.ir.order import Step, pairwise

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
    current = list(operands)
    for step in _steps(operands, kept):
        taken = _taken(current, step)
        current.append(Operand(_einsum(taken, step.out), step.out))
    return _shown(current, kept)


def contract_along(operands: Sequence[Operand], kept: Sequence[Wire], leg: Wire, most: int) -> Tensor:
    """``contract``, some entries of a kept leg at a time: arrays along it have about ``most`` entries.

    The order is the cheapest one for all entries of the leg; what does not have the leg is contracted once.
    """
    steps = _steps(operands, kept)
    along = [wires for wires in (*(o.wires for o in operands), *(step.out for step in steps)) if leg in wires]
    size = max(1, most // max((count(w for w in wires if w != leg) for wires in along), default=1))
    fixed: dict[int, Operand] = {}
    result: Operand | None = None
    for start in range(0, size_of(leg), size):
        current = [_some(operand, leg, start, size) for operand in operands]
        for number, step in enumerate(steps):
            taken = _taken(current, step)
            still = [leg not in operand.wires for operand in taken]
            if not all(still):
                if any(still):
                    place = still.index(True)
                    if number not in fixed:
                        fixed[number] = _laid_out(taken[place], taken[1 - place].wires)
                    # The large matrix second: a product with a few rows is faster than with a few columns.
                    taken = [taken[1 - place], fixed[number]]
                current.append(Operand(_einsum(taken, step.out), step.out))
                continue
            if number not in fixed:
                fixed[number] = Operand(_einsum(taken, step.out), step.out)
            current.append(fixed[number])
        if not along:
            return _shown(current, kept)
        (part,) = current
        if result is None:
            # Parts that were kept beside the chunks' large arrays would scatter these over the memory.
            result = Operand(part.array.new_empty(sizes_of(part.wires)), part.wires)
        _some(result, leg, start, size).array.copy_(part.array)
    return _shown([] if result is None else [result], kept)


def _steps(operands: Sequence[Operand], kept: Sequence[Wire]) -> list[Step]:
    held = {wire for operand in operands for wire in operand.wires}
    sizes = {wire: size_of(wire) for wire in held | set(kept)}
    return pairwise([operand.wires for operand in operands], kept, sizes)


def _taken(current: list[Operand], step: Step) -> list[Operand]:
    """The operands of a step, taken away from those that are left."""
    right = [] if step.right is None else [current.pop(step.right)]
    return [current.pop(step.left), *right]


def _some(operand: Operand, leg: Wire, start: int, size: int) -> Operand:
    """An operand at some entries of a leg; as it is where it does not have it."""
    if leg not in operand.wires:
        return operand
    size = min(size, size_of(leg) - start)
    return Operand(operand.array.narrow(operand.wires.index(leg), start, size), operand.wires)


def _laid_out(operand: Operand, others: Sequence[Wire]) -> Operand:
    """The same with the wires that it shares before its own, so that meeting them often copies nothing."""
    wires = tuple(sorted(operand.wires, key=lambda wire: wire not in others))
    order = [operand.wires.index(wire) for wire in wires]
    return Operand(operand.array.permute(order).contiguous(), wires)


def _shown(left: Sequence[Operand], kept: Sequence[Wire]) -> Tensor:
    """What a product has come to, on the kept wires."""
    if not left:
        return torch.ones(sizes_of(kept))
    (result,) = left
    shape = [size_of(wire) if wire in result.wires else 1 for wire in kept]
    return result.array.reshape(shape).expand(sizes_of(kept))


def _einsum(operands: Sequence[Operand], out: Sequence[Wire]) -> Tensor:
    wires = tuple(dict.fromkeys(wire for operand in operands for wire in operand.wires))
    summed = tuple(wire for wire in wires if wire not in out)
    if summed and all(set(o.wires) == set(wires) for o in operands) and count(summed) < count(out):
        # Many short sums of products of entries: as products of matrices they would be one by one.
        order = (*out, *summed)
        arrays = (o.array.permute([o.wires.index(wire) for wire in order]) for o in operands)
        return functools.reduce(torch.mul, arrays).sum(dim=tuple(range(len(out), len(order))))
    for matrix, other in itertools.permutations(operands, 2):
        if len(summed) == 1 and (found := _centred(matrix, other, summed[0], out)) is not None:
            return found
    letter = dict(zip(wires, _LETTERS, strict=False))
    terms = ",".join("".join(letter[wire] for wire in operand.wires) for operand in operands)
    result = "".join(letter[wire] for wire in out)
    return torch.einsum(f"{terms}->{result}", *(operand.array for operand in operands))


def _centred(matrix: Operand, other: Operand, summed: Wire, out: Sequence[Wire]) -> Tensor | None:
    """The product over a wire with a matrix that is the same on its diagonal and the same beside it, as the
    centring of a norm is: a multiple of the array plus one of its sums. None where it is no such product.
    """
    if len(matrix.wires) != 2 or summed not in matrix.wires or summed not in other.wires:
        return None
    (new,) = (wire for wire in matrix.wires if wire != summed)
    size = size_of(new)
    is_moved = new in out and new not in other.wires and size == size_of(summed) > 1
    if not is_moved or other.array.numel() < matrix.array.numel() or matrix.array.requires_grad:
        return None
    on, beside = matrix.array[0, 0], matrix.array[0, 1]
    rest = matrix.array.reshape(-1)[1:].reshape(size - 1, size + 1)
    if not bool((rest[:, -1] == on).all()) or not bool((rest[:, :-1] == beside).all()):
        return None
    total = other.array.sum(dim=other.wires.index(summed), keepdim=True)
    wires = [new if wire == summed else wire for wire in other.wires]
    result = (on - beside) * other.array
    result += beside * total
    return result.permute([wires.index(wire) for wire in out])


def halves(
    operands: Sequence[Operand], left: Collection[Wire], right: Collection[Wire], free: Collection[Wire]
) -> tuple[Operands, Operands, tuple[Wire, ...]]:
    """The operands on both sides of the thinnest place, and the wires between."""
    held = {wire for operand in operands for wire in operand.wires}
    sizes = {wire: size_of(wire) for wire in (*left, *right, *held)}
    near, bond = thinnest([operand.wires for operand in operands], left, right, free, sizes)
    first = tuple(o for o, is_near in zip(operands, near, strict=True) if is_near)
    second = tuple(o for o, is_near in zip(operands, near, strict=True) if not is_near)
    return first, second, bond
