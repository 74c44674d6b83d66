"""Seeded arrays for the inputs and parameters of a net, with the properties they were declared with."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tnlang.ir.net import Property
from tnlang.ir.program import Program
from tnlang.ir.properties import sides
from tnlang.ir.size import evaluate
from tnlang.ir.slots import Slot, inputs_of, onehot_leg, parameters_of
from tnlang.reference.arrays import Array
from tnlang.source import ValueMismatch


def initialise(
    program: Program, net: str, dims: Mapping[str, int] | None = None, *, seed: int = 0
) -> dict[str, Array]:
    """Parameters by state_dict name, as declared (``~ normal(0.02)``) and with their properties.

    The same seed gives a parameter the same numbers whatever other parameters there are.
    Raises ValueMismatch for a property that the sizes do not allow.
    """
    found = {}
    for name, slot in parameters_of(program, net, dims).items():
        generator = _generator(seed, name)
        match slot.init.name, slot.init.arguments:
            case "normal", (deviation, *_):
                start = _normal(generator, slot) * deviation
            case "uniform", (low, high, *_):
                start = generator.uniform(low, high, slot.shape)
            case "zeros", _:
                start = np.zeros(slot.shape)
            case _:
                start = np.ones(slot.shape)
        found[name] = with_properties(name, start, slot.properties, generator)
    return found


def random_inputs(
    program: Program, net: str, dims: Mapping[str, int] | None = None, *, seed: int = 0
) -> dict[str, Array]:
    """Inputs by name, then the file-level tensors: seeded normal numbers with their properties.

    Whole numbers for a one-hot input. Every dim needs a size: ``dims`` binds those without default.
    """
    found: dict[str, Array] = {}
    for name, slot in inputs_of(program, net, dims).items():
        generator = _generator(seed, name)
        hot = onehot_leg(slot.decl)
        if hot is None:
            found[name] = with_properties(name, _normal(generator, slot), slot.properties, generator)
        else:
            found[name] = generator.integers(0, onehot_size(slot, dims), slot.shape)
    return found


def onehot_size(slot: Slot, dims: Mapping[str, int] | None = None) -> int:
    """How many entries the one-hot leg of an input has."""
    hot = onehot_leg(slot.decl)
    return evaluate(slot.decl.legs[hot].size, dims or {}) if hot is not None else 1


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])


def _normal(generator: np.random.Generator, slot: Slot) -> Array:
    real = generator.standard_normal(slot.shape)
    if not slot.is_complex:
        return real
    return np.asarray((real + 1j * generator.standard_normal(slot.shape)) / math.sqrt(2))


def with_properties(
    name: str, array: Array, properties: Sequence[Property], generator: np.random.Generator
) -> Array:
    """The array made to have the properties: an isometry is the Q of its QR.

    Raises ValueMismatch where the sizes do not allow one.
    """
    for prop in properties:
        match prop.name:
            case "isometry" | "unitary" | "orthogonal":
                array = _isometry(name, array, prop, generator)
            case "diagonal":
                array = array * _equal_entries(name, array, prop.legs or tuple(range(array.ndim)))
            case "symmetric":
                array = _symmetric(name, array, prop.legs or tuple(range(array.ndim)))
            case "positive":
                array = _positive(array)
            case "complex" | "onehot":
                pass
    return array


def _isometry(name: str, array: Array, prop: Property, generator: np.random.Generator) -> Array:
    """Q of a QR, the property's legs being the columns."""
    rows, columns = sides(prop, array.ndim)
    tall = math.prod(array.shape[axis] for axis in rows)
    wide = math.prod(array.shape[axis] for axis in columns)
    if wide > tall or (prop.name != "isometry" and wide != tall):
        raise ValueMismatch(f"{name} cannot be {prop.name}: {tall} entries on one side, {wide} on the other")
    moved = array.transpose(rows + columns)
    matrix = moved.reshape(tall, wide)
    if np.linalg.matrix_rank(matrix) < wide:
        matrix = generator.standard_normal(matrix.shape)
    q, r = np.linalg.qr(matrix)
    signs = np.diagonal(r) / np.abs(np.diagonal(r))
    return np.asarray((q * signs).reshape(moved.shape).transpose(np.argsort(rows + columns)))


def _equal_entries(name: str, array: Array, legs: Sequence[int]) -> Array:
    """1 where the indices of the legs are equal."""
    if len(legs) < 2 or len({array.shape[leg] for leg in legs}) > 1:
        raise ValueMismatch(f"{name} cannot be diagonal with shape {array.shape}")
    indices: tuple[Array, ...] = np.indices(array.shape, sparse=True)
    same = [np.broadcast_to(indices[leg] == indices[legs[0]], array.shape) for leg in legs]
    return np.asarray(np.logical_and.reduce(same))


def _symmetric(name: str, array: Array, legs: Sequence[int]) -> Array:
    if len({array.shape[leg] for leg in legs}) > 1:
        raise ValueMismatch(f"{name} cannot be symmetric with shape {array.shape}")
    orders = list(_orders(array.ndim, legs))
    return np.asarray(sum(array.transpose(order) for order in orders) / len(orders))


def _orders(axes: int, legs: Sequence[int]) -> Iterator[list[int]]:
    for changed in itertools.permutations(legs):
        order = list(range(axes))
        for leg, to in zip(legs, changed, strict=True):
            order[leg] = to
        yield order


def _positive(array: Array) -> Array:
    """A positive operator where the legs are two equal halves, else an array of positive entries."""
    half = array.ndim // 2
    if array.ndim == 0 or array.ndim % 2 or array.shape[:half] != array.shape[half:]:
        return np.abs(array)
    side = math.prod(array.shape[:half])
    matrix = array.reshape(side, side)
    product = matrix @ matrix.conj().T / side + 0.1 * np.eye(side)
    return np.asarray(product.reshape(array.shape))


def deviation(array: Array, prop: Property) -> float:
    """How far an array is from a property: the largest difference of an entry from what it should be."""
    array = np.asarray(array)
    match prop.name:
        case "isometry" | "unitary" | "orthogonal":
            rows, columns = sides(prop, array.ndim)
            wide = math.prod(array.shape[axis] for axis in columns)
            matrix = array.transpose(rows + columns).reshape(-1, wide)
            return float(np.abs(matrix.conj().T @ matrix - np.eye(wide)).max(initial=0))
        case "diagonal":
            same = _equal_entries("it", array, prop.legs or tuple(range(array.ndim)))
            return float(np.abs(np.where(same, 0, array)).max(initial=0))
        case "symmetric":
            legs = prop.legs or tuple(range(array.ndim))
            return float(np.abs(array - _symmetric("it", array, legs)).max(initial=0))
        case "positive":
            half = array.ndim // 2
            if array.ndim == 0 or array.ndim % 2 or array.shape[:half] != array.shape[half:]:
                return float(max(0, -array.real.min(initial=0)))
            side = math.prod(array.shape[:half])
            matrix = array.reshape(side, side)
            least = np.linalg.eigvalsh((matrix + matrix.conj().T) / 2).min()
            return float(max(np.abs(matrix - matrix.conj().T).max(), -least, 0))
        case "complex" | "onehot":
            return 0.0
