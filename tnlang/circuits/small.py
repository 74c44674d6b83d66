"""What a product of two thin parts says of their large product: its R factors, its largest entries."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tnlang.circuits.network import Operand, Operands, contract, count, sizes_of
from tnlang.ir.net import Wire
from tnlang.ir.walk import new_id

BLOCK = 1 << 24
"""Entries of a product that are written out at a time."""


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
            known[key] = torch.linalg.qr(array, mode="r").R
        row = Wire(new_id(), "r", known[key].shape[0])
        small = Operand(known[key].reshape(-1, *sizes_of(inner)), (row, *inner))
        rest = tuple(operand for operand in part if not any(operand is other for other in outer))
        return root((small, *rest), (row,), batch, bond, known)
    array = contract(part, (*batch, *side, *bond)).reshape(*sizes_of(batch), count(side), count(bond))
    if count(side) > count(bond):
        array = torch.linalg.qr(array, mode="r").R
    return array


def _identity(operand: Operand, wires: tuple[Wire, ...]) -> tuple[object, ...]:
    """What makes an operand the same as another: its array, and where its wires are among these."""
    array = operand.array
    return (array.data_ptr(), array.shape, array.stride(), tuple(wires.index(wire) for wire in operand.wires))


def largest_products(left: Tensor, right: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The k largest entries of ``left @ right.T``, with their rows and columns; from the largest on."""
    if right.shape[0] > right.shape[1]:
        # On an orthonormal basis the norms of rows say most about their products.
        right, triangle = torch.linalg.qr(right)
        left = left @ triangle.mT
    lengths, rows = left.norm(dim=1).sort(descending=True)
    widths, columns = right.norm(dim=1).sort(descending=True)
    left, right = left[rows], right[columns]
    k = min(k, left.shape[0] * right.shape[0])
    values, places = left.new_zeros(0), rows.new_zeros(0)
    side = math.isqrt(BLOCK)
    slack = 1 + 100 * torch.finfo(left.dtype).eps
    for i in range(0, left.shape[0], side):
        for j in range(0, right.shape[0], side):
            if len(values) == k and lengths[i] * widths[j] * slack < values[-1]:
                break
            block = left[i : i + side] @ right[j : j + side].T
            found, where = block.flatten().topk(min(k, block.numel()))
            where = (where // block.shape[1] + i) * right.shape[0] + where % block.shape[1] + j
            values, places = torch.cat([values, found]), torch.cat([places, where])
            values, order = values.topk(min(k, len(values)))
            places = places[order]
    return values, rows[places // right.shape[0]], columns[places % right.shape[0]]
