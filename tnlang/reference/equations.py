"""The two sides of an equation on random numbers that honour the properties declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tnlang.ir.net import Decl, Init, Net
from tnlang.ir.program import Expression, Program
from tnlang.ir.size import Dim, DimSize, dims_in, evaluate
from tnlang.ir.slots import inputs_of, parameters_of
from tnlang.reference.arrays import Array
from tnlang.reference.execute import execute
from tnlang.reference.initialise import initialise, random_inputs

SEEDS = range(16)
MOST_DIGITS = 17
"""That a float has."""
ENOUGH = 3
"""So many seeds with entries to compare decide; the others are for sides that are no numbers on some."""
SMALLEST_FREE_DIM = 3
"""Dims without default get sizes from here up, each its own, so that no two agree by chance."""

_SIDE = "(a side of an equation)"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the sides differ most: by ``size``, relative to the largest entry (to 1 of a side that is 0).

    ``text`` says both values and the entry, ``data`` the sizes of dims and the seed.
    """

    size: float
    text: str
    data: str


def difference(
    program: Program,
    left: Expression,
    right: Expression,
    seed: int,
    functions: Mapping[str, Callable[..., Array]] | None = None,
) -> Difference | None:
    """How far two sides are apart on the numbers of a seed; None where no entry is a number on both.

    An entry that is nan on one side is compared with nothing: log of a negative number says nothing of
    ``exp(log(c)) = c``. Raises ValueMismatch where the sides have no values.
    """
    names = [leg.name for leg in left.net.outputs[0].legs]
    a = _value(program, left, seed, functions)
    b = _value(program, right, seed, functions)
    order = [leg.name for leg in right.net.outputs[0].legs]
    b = b.transpose([order.index(name) for name in names])
    a, b = np.broadcast_arrays(a, b)
    undefined = np.isnan(a) | np.isnan(b)
    if undefined.size and undefined.all():
        return None
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | undefined, 0.0, np.abs(a - b))
    apart = np.where(np.isnan(apart), np.inf, apart)
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    entry = ", ".join(f"{name} = {position}" for name, position in zip(names, at, strict=True))
    finite = np.abs(np.concatenate([a.ravel(), b.ravel()]))
    scale = max(1e-300, float(np.max(finite[np.isfinite(finite)], initial=0.0)))
    if not a.any() or not b.any():  # what is left of terms that cancel is as small as rounding, not 0
        scale = max(scale, 1.0)
    text = _told_apart(a[at], b[at]) + (f" at {entry}" if entry else "")
    return Difference(float(apart[at]) / scale, text, _data(program, (left, right), seed))


def _told_apart(one: complex, other: complex) -> str:
    """Two numbers with as many digits as tell them apart, six at least."""
    pairs = ((f"{one:.{digits}g}", f"{other:.{digits}g}") for digits in range(6, MOST_DIGITS + 1))
    first, second = next((pair for pair in pairs if pair[0] != pair[1]), (f"{one:.6g}", f"{other:.6g}"))
    return f"{first} and {second}"


def _data(program: Program, sides: tuple[Expression, ...], seed: int) -> str:
    """The dims of what the sides are made of, and the seed of their numbers; "" where nothing is random."""
    numbers = _sizes(program.dims)
    sizes: dict[str, int] = {}
    for side in sides:
        whole = _with_side(program, side)
        slots = (*inputs_of(whole, _SIDE, numbers).values(), *parameters_of(whole, _SIDE, numbers).values())
        for slot in slots:
            for leg in slot.decl.legs:
                sizes |= {dim.name: evaluate(DimSize(dim), numbers) for dim in dims_in(leg.size)}
    free = any(is_free(program, side) for side in sides)
    return ", ".join([*(f"{name} = {size}" for name, size in sizes.items()), f"seed {seed}"]) if free else ""


def _value(
    program: Program,
    side: Expression,
    seed: int,
    functions: Mapping[str, Callable[..., Array]] | None,
) -> Array:
    whole = _with_side(program, side)
    dims = _sizes(program.dims)
    inputs = random_inputs(whole, _SIDE, dims, seed=seed)
    parameters = initialise(whole, _SIDE, dims, seed=seed)
    outputs = execute(whole, _SIDE, inputs, parameters, dims, functions=functions).outputs
    return next(iter(outputs.values()))


def _with_side(program: Program, side: Expression) -> Program:
    """The program with the side as a net of it, all parameters normal numbers: zeros hide much."""
    nets = (*map(_all_random, program.nets), replace(_all_random(side.net), name=_SIDE))
    return replace(program, nets=nets, declarations=tuple(_random(program.declarations)))


def _all_random(net: Net) -> Net:
    return replace(net, owned=tuple(_random(net.owned)))


def _random(decls: Iterable[Decl]) -> Iterator[Decl]:
    return (replace(d, init=Init("normal", (1.0,))) if d.kind == "param" else d for d in decls)


def is_free(program: Program, side: Expression) -> bool:
    """Whether a side has tensors that may be anything."""
    whole, dims = _with_side(program, side), _sizes(program.dims)
    return bool(inputs_of(whole, _SIDE, dims) or parameters_of(whole, _SIDE, dims))


def _sizes(dims: tuple[Dim, ...]) -> dict[str, int]:
    free = [dim.name for dim in dims if dim.default is None]
    return {name: SMALLEST_FREE_DIM + number for number, name in enumerate(free)}
