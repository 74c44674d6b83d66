"""Numbers that say what heads do: how they compose, whether they copy, what they add to a logit."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from tnlang.circuits.circuit import Circuit
from tnlang.circuits.find import Circuits
from tnlang.circuits.network import count, size_of, sizes_of
from tnlang.source import ValueMismatch


def composition_of(writes: Circuit, reads: Circuit) -> Tensor:
    """How much of what one circuit writes another reads, for all pairs: |reads writes| / |reads| |writes|.

    The norms are those of all squares (Frobenius): 0 for spaces at right angles, 1 at most, about one over
    the root of the space's dimension for random ones. [*writes' batch, *reads' batch]
    """
    if count(writes.rows) != count(reads.columns):
        raise ValueMismatch(f"{writes.shape[-2]} rows are written, {reads.shape[-1]} columns read")
    before, after = writes.reduced_columns(), reads.T.reduced_columns()
    n, d, r = before.shape[0], before.shape[1], before.shape[2]
    norms = before.flatten(1).norm(dim=1)[:, None] * after.flatten(1).norm(dim=1)
    right = after.transpose(0, 1).reshape(d, -1)
    rows = []
    for one in range(n):
        product = before[one].T @ right
        rows.append(product.reshape(r, len(after), -1).square_().sum(dim=(0, 2)).sqrt())
    found: Tensor = torch.stack(rows) / norms
    return found.reshape(*sizes_of(writes.batch), *sizes_of(reads.batch))


def composition(circuits: Circuits, kind: Literal["Q", "K", "V"]) -> Tensor:
    """Q-, K- or V-composition of all pairs of heads: [layer, head, layer, head], the earlier head first.

    0 where the second head is not in a later layer. Raises ValueMismatch for a net without attention.
    """
    writes = circuits.OV
    reads = {"Q": lambda: circuits.QK.T, "K": lambda: circuits.QK, "V": lambda: writes}[kind]()
    layers = size_of(writes.batch[0])
    found = torch.zeros(*sizes_of(writes.batch), *sizes_of(reads.batch), dtype=writes.dtype)
    for layer in range(layers - 1):
        later = reads.picked(reads.batch[0], slice(layer + 1, None))
        place = found[layer].narrow(len(writes.batch) - 1, layer + 1, layers - layer - 1)
        place.copy_(composition_of(writes.picked(writes.batch[0], layer), later))
    return found


def copying(circuit: Circuit) -> Tensor:
    """Whether a circuit raises what it reads: its eigenvalues' sum over that of their sizes, -1 to 1."""
    values = circuit.eigenvalues()
    return values.real.sum(dim=-1) / values.abs().sum(dim=-1)
