"""Numbers that say what heads do: how they compose, whether they copy, what they add to a logit."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from tnlang.circuits.circuit import Circuit
from tnlang.circuits.find import Circuits
from tnlang.circuits.network import count, size_of, sizes_of
from tnlang.circuits.small import BLOCK
from tnlang.source import ValueMismatch


def composition_of(writes: Circuit, reads: Circuit) -> Tensor:
    """How much of what one circuit writes another reads, for all pairs: |reads writes| / |reads| |writes|.

    The norms are those of all squares (Frobenius): 0 for spaces at right angles, 1 at most, about one over
    the root of the space's dimension for random ones. [*writes' batch, *reads' batch]
    """
    if count(writes.rows) != count(reads.columns):
        raise ValueMismatch(f"{writes.shape[-2]} rows are written, {reads.shape[-1]} columns read")
    found = _pairs(writes.reduced_columns(), reads.T.reduced_columns())
    return found.reshape(sizes_of((*writes.batch, *reads.batch)))


def composition(circuits: Circuits, kind: Literal["Q", "K", "V"]) -> Tensor:
    """Q-, K- or V-composition of all pairs of heads: [layer, head, layer, head], the earlier head first.

    0 where the second head is not in a later layer. Raises ValueMismatch for a net without attention, and for
    one whose attentions differ in their legs: there are no numbers of heads that hold for all.
    """
    circuits.attentions()
    try:
        writes = circuits.OV
        reads = writes if kind == "V" else circuits.QK if kind == "K" else circuits.QK.T
    except ValueMismatch as error:
        other = {"Q": "b.QK.T", "K": "b.QK", "V": "b.OV"}[kind]
        said = f"{error}: composition_of(a.OV, {other}) is that of two of circuits.attentions()"
        raise ValueMismatch(said) from None
    before, after = writes.reduced_columns(), reads.T.reduced_columns()
    layers = size_of(writes.batch[0])
    earlier, later = (part.reshape(layers, -1, *part.shape[1:]) for part in (before, after))
    found = before.new_zeros(*earlier.shape[:2], *later.shape[:2])
    for layer in range(layers - 1):
        pairs = _pairs(earlier[layer], later[layer + 1 :].flatten(0, 1))
        found[layer, :, layer + 1 :] = pairs.reshape(len(pairs), layers - layer - 1, -1)
    return found.reshape(sizes_of((*writes.batch, *reads.batch)))


def _pairs(before: Tensor, after: Tensor) -> Tensor:
    """|aᵀ b| / |a| |b| for all pairs of matrices b [n, d, r] and a [m, d, r]: [n, m]."""
    norms = before.flatten(1).norm(dim=1)[:, None] * after.flatten(1).norm(dim=1)
    columns = after.transpose(0, 1).flatten(1)
    step = max(1, BLOCK // (columns.shape[1] * before.shape[2]))
    found = []
    for some in torch.split(before, step):
        products = (some.transpose(1, 2).flatten(0, 1) @ columns).square_()
        rows = products.reshape(len(some), -1, products.shape[1]).sum(dim=1)
        found.append(rows.reshape(len(some), len(after), -1).sum(dim=2).sqrt_())
    scores: Tensor = torch.cat(found) / norms
    return scores


def copying(circuit: Circuit) -> Tensor:
    """Whether a circuit raises what it reads: its eigenvalues' sum over that of their sizes, -1 to 1."""
    values = circuit.eigenvalues()
    return values.real.sum(dim=-1) / values.abs().sum(dim=-1)
