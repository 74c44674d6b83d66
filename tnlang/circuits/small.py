"""The R factors of the thin parts of a product: what its singular values and norm come from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor

from tnlang.circuits.network import Operand, Operands, contract, count, sizes_of
from tnlang.ir.net import Wire
from tnlang.ir.walk import new_id

BLOCK = 1 << 22
"""Entries of an array that stands for a part of a larger one only."""


def root(
    part: Operands,
    side: tuple[Wire, ...],
    batch: tuple[Wire, ...],
    bond: tuple[Wire, ...],
    known: dict[tuple[object, ...], Tensor],
) -> Tensor:
    """R of the QR of a part [batch, side, bond]: [batch, n, bond], n being the smaller of the two.

    What stands at the side for the whole batch alike (an embedding) is decomposed once; ``known`` keeps it
    by the arrays it is made of, so that tied ones are decomposed once too.
    """
    outer = tuple(operand for operand in part if set(operand.wires) & set(side))
    inner = tuple(dict.fromkeys(wire for operand in outer for wire in operand.wires if wire not in side))
    if outer != part and not set(inner) & set(batch) and count(inner) < count(side):
        key = tuple(_identity(operand, (*side, *inner)) for operand in outer)
        if key not in known:
            array = contract(outer, (*side, *inner)).reshape(count(side), count(inner))
            known[key] = triangle(array)
        row = Wire(new_id(), "r", known[key].shape[0])
        small = Operand(known[key].reshape(-1, *sizes_of(inner)), (row, *inner))
        rest = tuple(operand for operand in part if not any(operand is other for other in outer))
        return root((small, *rest), (row,), batch, bond, known)
    array = contract(part, (*batch, *side, *bond)).reshape(*sizes_of(batch), count(side), count(bond))
    return triangle(array) if count(side) > count(bond) else array


def triangle(array: Tensor) -> Tensor:
    """R of the QR of matrices [*, rows, columns], up to signs: RᵀR are their Gram matrices.

    In float32 it comes from the Gram matrices in float64, which is faster than QR and as exact: the singular
    values are off by 1e-8 of the largest. Where one of them is singular, and in other types, QR is taken.
    """
    *batch, rows, columns = array.shape
    if array.dtype == torch.float32 and rows > columns:
        grams = array.new_zeros(*batch, columns, columns, dtype=torch.float64)
        step = max(1, BLOCK // max(1, columns * math.prod(batch)))
        for some in torch.split(array, step, dim=-2):
            part = some.double()
            grams += part.mT @ part
        found, failed = torch.linalg.cholesky_ex(grams, upper=True)
        if not failed.any():
            factor: Tensor = found.to(array.dtype)
            return factor
    with one_thread() if batch else nullcontext():
        factor = torch.linalg.qr(array, mode="r").R
    return factor


@contextmanager
def one_thread() -> Iterator[None]:
    """For many small decompositions: LAPACK's threads would wait for one another longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _identity(operand: Operand, wires: tuple[Wire, ...]) -> tuple[object, ...]:
    """What makes an operand the same as another: its array, and where its wires are among these."""
    array = operand.array
    return (array.data_ptr(), array.shape, array.stride(), tuple(wires.index(wire) for wire in operand.wires))
