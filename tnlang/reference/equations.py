"""The equations of figures, checked on random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from tnlang.ir.net import Decl, Init, Net
from tnlang.ir.program import Equation, Expression, Program
from tnlang.ir.size import Dim
from tnlang.ir.slots import inputs_of, parameters_of
from tnlang.reference.arrays import Array
from tnlang.reference.execute import execute
from tnlang.reference.initialise import initialise, random_inputs
from tnlang.source import Diagnostic, Diagnostics, Related, ValueMismatch

CODES: dict[str, str] = {
    "TN804": "an equation does not hold on random numbers",
    "TN805": "≈ is claimed of free random tensors",
    "TN806": "an equation could not be checked (a warning)",
}

SEEDS = (0, 1, 2)
SMALLEST_FREE_DIM = 3
"""Dims without default get sizes from here up, each its own, so that no two agree by chance."""

_SIDE = "(a side of an equation)"


def check_equations(
    program: Program,
    *,
    tolerance: float = 1e-9,
    loose: float = 1e-2,
    functions: Mapping[str, Callable[..., Array]] | None = None,
) -> tuple[Diagnostic, ...]:
    """Every equation of every figure that does not hold, with an entry where its sides differ.

    ``=`` holds if the sides are equal to ``tolerance`` (relative to the largest entry) on each of three sets
    of seeded numbers, ``!=`` if they differ on one. ``≈`` holds to ``loose`` and is for sides without free
    tensors. A side that is a text is not checked.
    """
    diagnostics = Diagnostics()
    for figure in program.figures:
        for item in figure.items:
            if isinstance(item, Equation):
                _check(program, item, {"=": tolerance, "!=": tolerance, "≈": loose}, functions, diagnostics)
    return tuple(diagnostics)


def _check(
    program: Program,
    equation: Equation,
    tolerances: Mapping[str, float],
    functions: Mapping[str, Callable[..., Array]] | None,
    diagnostics: Diagnostics,
) -> None:
    span = equation.origin.span
    pairs = zip(equation.sides, equation.relations, equation.sides[1:], strict=False)
    for left, relation, right in pairs:
        if isinstance(left, str) or isinstance(right, str):
            continue
        places = (Related(left.origin.span, "this side"), Related(right.origin.span, "and this one"))
        try:
            if relation == "≈" and any(_is_free(program, side) for side in (left, right)):
                diagnostics.error(
                    "TN805",
                    "≈ means little on random numbers: one side has tensors that may be anything",
                    span,
                    *places,
                    hint="state the data with `const`, or write = or !=",
                )
                continue
            results = [_difference(program, left, right, seed, functions) for seed in SEEDS]
        except ValueMismatch as error:
            diagnostics.warning("TN806", f"the equation was not checked: {error}", span, *places)
            continue
        unequal = [text for text, size in results if size > tolerances[relation]]
        if relation == "!=" and not unequal:
            diagnostics.error("TN804", "the sides are equal on random numbers", span, *places)
        elif relation != "!=" and unequal:
            diagnostics.error("TN804", f"the sides differ on random numbers: {unequal[0]}", span, *places)


def _difference(
    program: Program,
    left: Expression,
    right: Expression,
    seed: int,
    functions: Mapping[str, Callable[..., Array]] | None,
) -> tuple[str, float]:
    """Where the sides differ most, in words, and by how much relative to the largest entry."""
    names = [leg.name for leg in left.net.outputs[0].legs]
    a = _value(program, left, seed, functions)
    b = _value(program, right, seed, functions)
    order = [leg.name for leg in right.net.outputs[0].legs]
    b = b.transpose([order.index(name) for name in names])
    a, b = np.broadcast_arrays(a, b)
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    apart = np.where(np.isnan(apart), np.inf, apart)
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    entry = ", ".join(f"{name} = {position}" for name, position in zip(names, at, strict=True))
    finite = np.abs(np.concatenate([a.ravel(), b.ravel()]))
    scale = max(1e-300, float(np.max(finite[np.isfinite(finite)], initial=0.0)))
    text = f"{a[at]:.6g} and {b[at]:.6g}" + (f" at {entry}" if entry else "")
    return text, float(apart[at]) / scale


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


def _is_free(program: Program, side: Expression) -> bool:
    whole, dims = _with_side(program, side), _sizes(program.dims)
    return bool(inputs_of(whole, _SIDE, dims) or parameters_of(whole, _SIDE, dims))


def _sizes(dims: tuple[Dim, ...]) -> dict[str, int]:
    free = [dim.name for dim in dims if dim.default is None]
    return {name: SMALLEST_FREE_DIM + number for number, name in enumerate(free)}
