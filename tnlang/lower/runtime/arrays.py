"""What is done with arrays."""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor


def broadcast(first: torch.Size, *shapes: torch.Size) -> torch.Size:
    """The shape that arrays of these shapes have together."""
    if all(shape == first for shape in shapes):  # PyTorch's own takes long to see it
        return first
    return torch.broadcast_shapes(first, *shapes)  # type: ignore[no-untyped-call,no-any-return]


def taken(x: Tensor, indices: Tensor) -> Tensor:
    """The entries of the last axis that the indices name; the other axes broadcast."""
    shape = broadcast(x.shape[:-1], indices.shape)
    found = x.expand(*shape, x.shape[-1]).gather(-1, indices.expand(shape)[..., None].long())
    return found.squeeze(-1)


def log_probability(x: Tensor, indices: Tensor) -> Tensor:
    """The logarithm of the softmax along the last axis at the entries that the indices name."""
    shape = broadcast(x.shape[:-1], indices.shape)
    rows = x.expand(*shape, x.shape[-1]).reshape(-1, x.shape[-1])
    places = indices.expand(shape).reshape(-1).long()
    return -F.cross_entropy(rows, places, reduction="none").reshape(shape)


def along_longer(x: Tensor, rows: int) -> Tensor:
    """A matrix, its first ``rows`` axes by the others: on the CPU along its longer axis in memory."""
    if type(x) is not Tensor or x.device.type != "cpu":
        return x
    if x.shape[:rows].numel() <= x.shape[rows:].numel():
        return x.contiguous()
    turned = x.permute(*range(rows, x.dim()), *range(rows)).contiguous()
    return turned.permute(*range(x.dim() - rows, x.dim()), *range(x.dim() - rows))


def placed(
    x: Tensor,
    indices: Tensor,
    axis: int,
    size: int,
    rank: int,
    base: Tensor | None = None,
    in_place: bool = False,
) -> Tensor:
    """The entries of an axis at the places below ``size`` that the indices say, added to ``base``.

    ``rank`` axes of ``x`` are no batch. Entries of one place are added.
    """
    if indices.dim() > 1:  # each of a batch has places of its own
        rows = x.movedim(axis, -1)
        others = rows.shape[rows.dim() - rank : -1]
        flat = rows.reshape(*rows.shape[: rows.dim() - rank], -1, rows.shape[-1])
        found = flat @ F.one_hot(indices, size).to(x)
        found = found.reshape(*found.shape[:-2], *others, size).movedim(-1, axis)
        return found if base is None else base + found
    shape = list(x.shape)
    shape[axis] = size
    if base is None:
        return x.new_zeros(shape).index_add(axis, indices, x)
    whole = list(broadcast(base.shape, torch.Size(shape)))
    if whole != shape:
        x = x.expand(*whole[:axis], x.shape[axis], *whole[len(whole) + axis + 1 :])
    if list(base.shape) != whole:
        base = base.expand(whole).contiguous()
    return base.index_add_(axis, indices, x) if in_place else base.index_add(axis, indices, x)


def collected(parts: list[Tensor], axis: int, start: Tensor) -> Tensor:
    """Arrays side by side along a new axis; ``start`` where there are none."""
    return torch.stack(torch.broadcast_tensors(*parts), axis) if parts else start  # type: ignore[no-untyped-call]


def reshaped(x: Tensor, legs: int, *sizes: int) -> Tensor:
    """The entries of the last ``legs`` axes on axes of other sizes."""
    return x.reshape((*x.shape[: x.dim() - legs], *sizes))


def spread(x: Tensor, *sizes: int) -> Tensor:
    """``x`` repeated along its last axes of size 1 until these have the sizes."""
    return x.expand(*x.shape[: x.dim() - len(sizes)], *sizes)


def causal(x: Tensor, query: int = -2, key: int = -1) -> Tensor:
    """-inf where the key comes after the query."""
    later = (
        torch.arange(x.shape[key], device=x.device) > torch.arange(x.shape[query], device=x.device)[:, None]
    )
    if (query, key) != (-2, -1):
        x = x.movedim((query, key), (-2, -1))
        return x.masked_fill(later, -math.inf).movedim((-2, -1), (query, key))
    return x.masked_fill(later, -math.inf)


def attended(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    scale: float,
    mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """The softmax over keys of scaled products plus mask, times values; axes before the last two may lack.

    A mask of truth values says which keys a query looks at.
    """
    parts = [queries, keys, values]
    if mask is not None and (mask.dim() > queries.dim() or mask.shape[:-2].numel() > 1):
        parts.append(mask)
    around = broadcast(*(part.shape[:-2] for part in parts))
    flat = (1,) * (2 - len(around)) + tuple(around)

    def stacked(x: Tensor) -> Tensor:  # PyTorch's kernels want two axes before the last two
        if x.shape[:-2] != flat:
            x = x.expand(*flat, *x.shape[-2:])
        return x.flatten(0, -4) if len(flat) > 2 else x

    if mask is not None and is_causal:
        mask = mask.expand(*mask.shape[:-2], queries.shape[-2], keys.shape[-2])
        mask = mask.tril() if mask.dtype == torch.bool else causal(mask)
    if mask is not None and mask.dim() > 2:
        mask = stacked(mask)
    found = F.scaled_dot_product_attention(
        stacked(queries),
        stacked(keys),
        stacked(values),
        attn_mask=mask,
        is_causal=is_causal and mask is None,
        scale=scale,
    )
    return found if len(around) == 2 else found.reshape(*around, *found.shape[-2:])


def inverse(x: Tensor, row: int = -2, column: int = -1) -> Tensor:
    """The transposed inverse: joined to ``x`` by one leg it is a wire."""
    inverted: Tensor = torch.linalg.inv(x.movedim((row, column), (-2, -1)))
    return inverted.mT.movedim((-2, -1), (row, column))


def layernorm(x: Tensor, axis: int, eps: float) -> Tensor:
    """Mean 0 and variance 1 along an axis that is not the last."""
    return centred(x, axis) * layernorm_scale(x, axis, eps).unsqueeze(axis)


def layernorm_scale(x: Tensor, axis: int, eps: float) -> Tensor:
    """What a layernorm divides by, inverted."""
    return torch.rsqrt(x.var(axis, correction=0) + eps)


def rmsnorm(x: Tensor, axis: int, eps: float) -> Tensor:
    """Mean square 1 along an axis that is not the last."""
    return x * rmsnorm_scale(x, axis, eps).unsqueeze(axis)


def rmsnorm_scale(x: Tensor, axis: int, eps: float) -> Tensor:
    """What an rmsnorm divides by, inverted."""
    return torch.rsqrt(x.abs().square().mean(axis) + eps)


def topk(x: Tensor, axis: int, k: int) -> Tensor:
    """The k largest (the earlier of equals) stay, the others become -inf."""
    order = x.argsort(stable=True, dim=axis, descending=True).narrow(axis, 0, min(k, x.shape[axis]))
    return torch.full_like(x, -math.inf).scatter(axis, order, x.gather(axis, order))


def normalized(x: Tensor, axis: int) -> Tensor:
    """Length 1 along an axis."""
    length: Tensor = torch.linalg.vector_norm(x, dim=axis, keepdim=True)
    return x / length


def centred(x: Tensor, axis: int) -> Tensor:
    """Mean 0 along an axis."""
    return x - x.mean(axis, keepdim=True)


def one_hot_argmax(x: Tensor, axis: int) -> Tensor:
    """1 at the first maximum along an axis, 0 elsewhere."""
    return F.one_hot(x.argmax(axis), x.shape[axis]).to(x).movedim(-1, axis)


def imaginary(x: Tensor) -> Tensor:
    """The imaginary part, also of a real array."""
    return x.imag if x.is_complex() else torch.zeros_like(x)


def embed(x: Tensor, *axes: int) -> Tensor:
    """``x`` put on a diagonal: its axis ``axes[0]`` becomes the two axes ``axes[1:]`` of the result."""
    return torch.diag_embed(x.movedim(axes[0], -1), dim1=axes[1], dim2=axes[2])


def shifted(x: Tensor, axis: int, before: int, size: int) -> Tensor:
    """``x`` moved by ``before`` along an axis that then has ``size`` entries; zeros come in."""
    room = abs(before)  # On both sides, so that no size has to be compared with another.
    padded = F.pad(x, [0, 0] * (-1 - axis) + [room, size + room])
    return padded.narrow(axis, room - before, size)


def levi_civita(size: int, like: Tensor) -> Tensor:
    """The sign of each permutation of the indices, 0 where one repeats."""
    result = like.new_zeros((size,) * size)
    for order in itertools.permutations(range(size)):
        odd = sum(b < a for a, b in itertools.combinations(order, 2)) % 2
        result[order] = -1.0 if odd else 1.0
    return result
