"""What an expression of the IR is worth, by the definition.

A sum's terms are aligned and added, a term's nodes are arrays on wires that are multiplied and summed, a
bubble's inside is computed before its function.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Loop,
    Node,
    Number,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import Size, evaluate, loop_key
from tnlang.ir.walk import free_wires, ix_wires
from tnlang.reference.arrays import (
    Array,
    Labelled,
    Lookup,
    OneHot,
    Value,
    dense,
    join,
    multiply,
    positions,
    spread,
)
from tnlang.reference.functions import SCALES, apply
from tnlang.source import ValueMismatch

UserFunction = Callable[..., Array]
"""Called with the array, the legs it works along being the last axes; returns one of the same shape."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see: values, the numbers of dims and loop variables, the caller's functions.

    ``batch`` is the number of leading batch axes. ``seen`` is told of every bubble or bracket that
    has a name, and of the scale of a norm if ``scales`` has one for the bubble (``scale_names``).
    """

    value: Callable[[str, tuple[int, ...]], Value]
    numbers: Mapping[str, int]
    batch: int
    functions: Mapping[str, UserFunction]
    seen: Callable[[str, Array], None]
    scales: Mapping[int, str]

    def size(self, size: Size) -> int:
        """The number a size stands for here. Raises SizeError."""
        return evaluate(size, self.numbers)


def evaluate_sum(total: Sum, wanted: tuple[Wire, ...], scope: Scope) -> Array:
    """The terms added, over the wanted wires; a term that lacks one is broadcast along it."""
    shape = (1,) * scope.batch + tuple(scope.size(wire.size) for wire in wanted)
    result: Array = np.zeros(shape)
    for term in total.terms:
        result = result + spread(evaluate_term(term, scope), wanted, scope.size, scope.batch)
    return result


def evaluate_term(term: Term, scope: Scope) -> Labelled:
    """The product of the term's nodes, its summed wires summed."""
    factors = [evaluate_node(node, scope) for node in term.nodes]
    coefficient = complex(term.coefficient)
    factors.append(_scalar(coefficient if coefficient.imag else coefficient.real, scope))
    return multiply(factors, free_wires(term), scope.numbers)


def evaluate_node(node: Node, scope: Scope) -> Labelled | Lookup:
    """A node as an array over the wires it shows to its term."""
    match node:
        case Tensor():
            return _tensor(node, scope)
        case Special():
            return _special(node, scope)
        case Number(value):
            return _scalar(value, scope)
        case SizeNumber(size):
            return _scalar(scope.size(size), scope)
        case Bubble():
            return _bubble(node, scope)
        case Bracket(body=body, name=name):
            wires = free_wires(body)
            array = evaluate_sum(body, wires, scope)
            if name:
                scope.seen(name, array)
            return Labelled(array, wires)
        case BigSum(loops, body):
            wires = free_wires(body)
            total = evaluate_sum(Sum(()), wires, scope)
            for numbers in turns(loops, scope.numbers):
                total = total + evaluate_sum(body, wires, replace(scope, numbers=numbers))
            return Labelled(total, wires)


def turns(loops: tuple[Loop, ...], numbers: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
    """The numbers of each turn of nested loops, the first loop being the outermost."""
    if not loops:
        yield numbers
        return
    first, *rest = loops
    for value in range(evaluate(first.start, numbers), evaluate(first.stop, numbers)):
        yield from turns(tuple(rest), {**numbers, loop_key(first.var): value})


def _scalar(value: complex, scope: Scope) -> Labelled:
    return Labelled(np.full((1,) * scope.batch, value, complex if isinstance(value, complex) else float), ())


def _tensor(node: Tensor, scope: Scope) -> Labelled | Lookup:
    value = scope.value(node.ref.name, tuple(scope.size(sub) for sub in node.ref.subs))
    if isinstance(value, OneHot):
        hot = node.legs[value.leg]
        if isinstance(hot, Wire):
            others = node.legs[: value.leg] + node.legs[value.leg + 1 :]
            if value.size != scope.size(hot.size):
                raise ValueMismatch(
                    f"{node.ref.name} is one-hot with {value.size} entries, its wire {hot.text} has size "
                    f"{scope.size(hot.size)}"
                )
            joined = join(value.indices, others, scope.numbers, scope.batch, node.ref.name)
            return Lookup(joined.array, joined.wires, hot)
    array = dense(value, scope.batch)
    if node.conj:
        array = np.conj(array)
    return join(array, node.legs, scope.numbers, scope.batch, node.ref.name)


def _special(node: Special, scope: Scope) -> Labelled:
    wires = tuple(dict.fromkeys(wire for leg in node.legs for wire in ix_wires(leg)))
    at = positions(node.legs, scope.numbers, wires)
    offset = scope.size(node.at) if node.at is not None else 0
    match node.kind:
        case "delta":
            found = np.logical_and.reduce([p == at[0] for p in at])
        case "ones":
            found = np.ones(at[0].shape)
        case "basis":
            found = at[0] == offset
        case "shift":
            found = at[0] == at[1] + offset
        case "index":
            found = at[0]
        case "tril":
            found = at[1] <= at[0]
        case "levi":
            for wire in (leg for leg in node.legs if isinstance(leg, Wire)):
                if (size := scope.size(wire.size)) != len(at):
                    words = f"levi has {len(at)} legs of {len(at)} entries, {wire.text} has {size}"
                    raise ValueMismatch(words)
            signs = (np.sign(b - a) for a, b in itertools.combinations(at, 2))
            found = functools.reduce(np.multiply, signs, np.ones(at[0].shape))
    array = np.asarray(found, np.float64)
    return Labelled(array.reshape((1,) * scope.batch + array.shape), wires)


def _bubble(node: Bubble, scope: Scope) -> Labelled:
    wires = free_wires(node.body)
    inside = evaluate_sum(node.body, wires, scope)
    axes = tuple(scope.batch + wires.index(gate) for gate in node.gates)
    if node.function in FUNCTIONS:
        function = FUNCTIONS[node.function]
        options = {name: value for name, value in function.options if value is not None} | dict(node.options)
        result = apply(node.function, inside, () if function.legs == "elementwise" else axes, options)
        if function.legs == "ends":
            wires = tuple(wire for wire in wires if wire not in node.gates)
        if id(node) in scope.scales:
            scale = SCALES[node.function](inside, axes[0], options["eps"])
            scope.seen(scope.scales[id(node)], scale.squeeze(axes[0]))
    elif node.function in scope.functions:
        result = _call(scope.functions[node.function], node.function, inside, axes)
    else:
        raise ValueMismatch(f"function {node.function} is not allowed to run: hand it in by name")
    if node.name:
        scope.seen(node.name, result)
    return Labelled(result, wires)


def _call(function: UserFunction, name: str, x: Array, axes: tuple[int, ...]) -> Array:
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    result = np.asarray(function(moved))
    if result.shape != moved.shape:
        raise ValueMismatch(f"function {name} made an array of shape {result.shape} from {moved.shape}")
    return np.moveaxis(result, last, axes)
