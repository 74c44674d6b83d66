"""Arrays whose axes are wires, and how the legs of a value are joined to wires.

Every array of one run starts with the same number of batch axes, of length 1 where there is no batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnlang.ir.net import Entry, Group, Ix, Slice, Wire
from tnlang.ir.order import pairwise
from tnlang.ir.size import Size, evaluate
from tnlang.ir.walk import ix_wires
from tnlang.source import ValueMismatch

Array = NDArray[Any]
Numbers = Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class OneHot:
    """A value whose leg ``leg`` is 1 at one of ``size`` entries; ``indices`` is over batch and other legs."""

    indices: Array
    leg: int
    size: int

    def dense(self, batch: int) -> Array:
        """The value with its leg written out, as an array of 0 and 1."""
        hot = self.indices[..., None] == np.arange(self.size)
        written: Array = np.moveaxis(hot, -1, batch + self.leg).astype(np.float64)
        return written


Value = Array | OneHot
"""A whole value: batch axes, then its legs."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Batch axes, then an axis for each wire; a wire may come twice (a diagonal is meant)."""

    array: Array
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A one-hot factor: 1 where the ``hot`` wire is what ``indices`` (batch axes, then ``wires``) says."""

    indices: Array
    wires: tuple[Wire, ...]
    hot: Wire

    def dense(self, size: int) -> Labelled:
        found = self.indices[..., None] == np.arange(size)
        return Labelled(found.astype(np.float64), (*self.wires, self.hot))


def dense(value: Value, batch: int) -> Array:
    """The value as an array of numbers."""
    return value.dense(batch) if isinstance(value, OneHot) else value


def join(array: Array, legs: Sequence[Ix], numbers: Numbers, batch: int, what: str) -> Labelled:
    """A value with its legs joined to wires: entries are taken, slices cut, groups split.

    Raises ValueMismatch, naming ``what``, where a wire and its leg differ in size.
    """
    if array.ndim - batch != len(legs):
        raise ValueMismatch(f"{what} has {array.ndim - batch} legs, used with {len(legs)}")
    axis = batch
    for position, ix in enumerate(legs):
        entries = array.shape[axis]
        where = f"leg {position + 1} of {what}"
        match ix:
            case Wire():
                if entries != evaluate(ix.size, numbers):
                    raise ValueMismatch(_differ(where, entries, ix, numbers))
                axis += 1
            case Entry(at):
                array = array.take(_inside(evaluate(at, numbers), entries, where), axis)
            case Slice(wire, start, stop):
                first, last = evaluate(start, numbers), evaluate(stop, numbers)
                if not 0 <= first <= last <= entries:
                    raise ValueMismatch(f"{where} has {entries} entries, sliced from {first} to {last}")
                if last - first != evaluate(wire.size, numbers):
                    raise ValueMismatch(_differ(f"the slice of {where}", last - first, wire, numbers))
                array = array[(slice(None),) * axis + (slice(first, last),)]
                axis += 1
            case Group(members):
                array, axis = _split(array, axis, members, numbers, where)
    return Labelled(array, tuple(wire for ix in legs for wire in ix_wires(ix)))


def _split(
    array: Array, axis: int, members: tuple[Wire | Entry, ...], numbers: Numbers, where: str
) -> tuple[Array, int]:
    """An axis split into the members of a group, slowest first; a fixed member has the size that remains."""
    entries = array.shape[axis]
    known = 1
    for wire in ix_wires(Group(members)):
        known *= evaluate(wire.size, numbers)
    fixed = [member for member in members if isinstance(member, Entry)]
    blocks = entries // known if known else 0
    if len(fixed) > 1 or blocks * known != entries or (not fixed and known != entries):
        parts = " ".join(m.text if isinstance(m, Wire) else str(evaluate(m.at, numbers)) for m in members)
        raise ValueMismatch(f"{where} has {entries} entries, which ({parts}) does not split: {known} known")
    shape = [blocks if isinstance(m, Entry) else evaluate(m.size, numbers) for m in members]
    array = array.reshape(array.shape[:axis] + tuple(shape) + array.shape[axis + 1 :])
    for member in members:
        if isinstance(member, Entry):
            array = array.take(_inside(evaluate(member.at, numbers), blocks, where), axis)
        else:
            axis += 1
    return array, axis


def _inside(at: int, entries: int, where: str) -> int:
    if not 0 <= at < entries:
        raise ValueMismatch(f"{where} has {entries} entries, none is {at}")
    return at


def _differ(where: str, entries: int, wire: Wire, numbers: Numbers) -> str:
    return f"{where} has {entries} entries, its wire {wire.text} has size {evaluate(wire.size, numbers)}"


def gather(array: Array, legs: Sequence[Wire | Group], batch: int) -> Array:
    """An array over the wires of a left-hand side as one over its legs: a group becomes one axis."""
    shape = list(array.shape[:batch])
    axis = batch
    for leg in legs:
        count = len(ix_wires(leg))
        shape.append(int(np.prod(array.shape[axis : axis + count], dtype=np.int64)))
        axis += count
    return array.reshape(shape)


def positions(legs: Sequence[Ix], numbers: Numbers, wires: Sequence[Wire]) -> list[Array]:
    """For each leg the entry it stands at, as whole numbers over all the ``wires``.

    A special tensor is a function of these numbers.
    """

    def counted(ix: Ix) -> Array:
        match ix:
            case Wire():
                shape = [1] * len(wires)
                shape[wires.index(ix)] = -1
                return np.arange(evaluate(ix.size, numbers)).reshape(shape)
            case Entry(at):
                return np.array(evaluate(at, numbers))
            case Slice(wire, start, _):
                return counted(wire) + evaluate(start, numbers)
            case Group(members):
                if any(isinstance(member, Entry) for member in members[1:]):
                    raise ValueMismatch("a fixed entry inside a group of a special tensor must be the first")
                total = np.array(0)
                for member in members:
                    size = evaluate(member.size, numbers) if isinstance(member, Wire) else 1
                    total = total * size + counted(member)
                return total

    shape = tuple(evaluate(wire.size, numbers) for wire in wires)
    return [np.broadcast_to(counted(leg), shape) for leg in legs]


def spread(labelled: Labelled, wanted: Sequence[Wire], size: Callable[[Size], int], batch: int) -> Array:
    """The array over the wanted wires in their order, repeated along those it does not have."""
    array = labelled.array
    order = [labelled.wires.index(wire) for wire in wanted if wire in labelled.wires]
    array = array.transpose([*range(batch), *(batch + axis for axis in order)])
    missing = [batch + axis for axis, wire in enumerate(wanted) if wire not in labelled.wires]
    array = np.expand_dims(array, missing)
    return np.broadcast_to(array, array.shape[:batch] + tuple(size(wire.size) for wire in wanted))


def multiply(factors: Sequence[Labelled | Lookup], kept: Sequence[Wire], numbers: Numbers) -> Labelled:
    """The product of the factors, summed over every wire that is not kept."""
    sizes = {wire: evaluate(wire.size, numbers) for factor in factors for wire in _wires(factor)}
    current = [
        factor if isinstance(factor, Labelled) else factor.dense(sizes[factor.hot])
        for factor in _look_up(list(factors), kept)
    ]
    for step in pairwise([factor.wires for factor in current], kept, sizes):
        pair = [current[step.left]] + ([current[step.right]] if step.right is not None else [])
        current = [f for i, f in enumerate(current) if i not in (step.left, step.right)]
        current.append(_einsum(pair, step.out))
    return current[0]


def _wires(factor: Labelled | Lookup) -> tuple[Wire, ...]:
    return factor.wires if isinstance(factor, Labelled) else (*factor.wires, factor.hot)


_np_einsum: Callable[..., Array] = np.einsum


def _einsum(factors: Sequence[Labelled], out: Sequence[Wire]) -> Labelled:
    """One step by np.einsum, wires numbered anew so that any number of them can be used in a program."""
    number: dict[Wire, int] = {}
    operands: list[object] = []
    for factor in factors:
        operands.append(factor.array)
        operands.append([..., *(number.setdefault(wire, len(number)) for wire in factor.wires)])
    result = _np_einsum(*operands, [..., *(number[wire] for wire in out)], optimize=len(factors) > 1)
    return Labelled(result, tuple(out))


def _look_up(factors: list[Labelled | Lookup], kept: Sequence[Wire]) -> list[Labelled | Lookup]:
    """A one-hot factor and the one other factor on its summed wire replaced by the chosen rows."""
    for position, hot in enumerate(factors):
        if not isinstance(hot, Lookup) or hot.hot in kept:
            continue
        users = [i for i, factor in enumerate(factors) if i != position and hot.hot in _wires(factor)]
        table = factors[users[0]] if len(users) == 1 else None
        if not isinstance(table, Labelled) or table.wires.count(hot.hot) > 1 or hot.hot in hot.wires:
            continue
        batch = table.array.ndim - len(table.wires)
        if set(hot.wires) & set(table.wires) or set(table.array.shape[:batch]) - {1}:
            continue
        axis = table.wires.index(hot.hot)
        rows = np.moveaxis(table.array.reshape(table.array.shape[batch:]), axis, 0)[hot.indices]
        others = table.wires[:axis] + table.wires[axis + 1 :]
        rest = [factor for i, factor in enumerate(factors) if i not in (position, users[0])]
        return _look_up([*rest, Labelled(rows, (*hot.wires, *others))], kept)
    return factors
