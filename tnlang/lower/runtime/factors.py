"""The factors of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def svd(
    x: Tensor, left: tuple[int, ...], right: tuple[int, ...], rank: int, error: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """U (axes ``left``, bond), values, V (axes ``right``, bond) of x = U values V, axes counted from the end.

    The largest entry of each column of U is positive. Of the ``rank`` values kept, those that a part
    ``error`` of the norm does not need are 0. Raises ValueError where there are fewer values.
    """
    moved = x.movedim((*left, *right), tuple(range(-len(left) - len(right), 0)))
    rows = moved.shape[-len(left) - len(right) : -len(right)]
    columns = moved.shape[-len(right) :]
    matrix = moved.reshape(*x.shape[: x.dim() - len(left) - len(right)], math.prod(rows), math.prod(columns))
    u, values, vh = torch.linalg.svd(matrix, full_matrices=False)
    if rank > values.shape[-1]:
        raise ValueError(f"a matrix of {list(matrix.shape[-2:])} has no {rank} singular values")
    u, v = u[..., :rank], vh.mT[..., :rank]
    largest = u.gather(-2, u.abs().argmax(-2, keepdim=True))
    phase = (largest / largest.abs()).detach()
    rest = values.square().flip(-1).cumsum(-1).flip(-1).sqrt()
    kept = torch.where(rest > error * rest[..., :1], values, 0.0)[..., :rank]
    return (u * phase.conj()).unflatten(-2, rows), kept, (v * phase).unflatten(-2, columns)


def qr(x: Tensor, left: tuple[int, ...], right: tuple[int, ...], bond: int) -> tuple[Tensor, Tensor]:
    """Q (axes ``left``, bond) and R (bond, axes ``right``) of x = Q R, axes counted from the end.

    The diagonal of R is not negative. Raises ValueError where the bond is not the smaller side.
    """
    moved = x.movedim((*left, *right), tuple(range(-len(left) - len(right), 0)))
    rows = moved.shape[-len(left) - len(right) : -len(right)]
    columns = moved.shape[-len(right) :]
    matrix = moved.reshape(*x.shape[: x.dim() - len(left) - len(right)], math.prod(rows), math.prod(columns))
    q, r = torch.linalg.qr(matrix)
    if bond != r.shape[-2]:
        raise ValueError(f"a matrix of {list(matrix.shape[-2:])} has no QR over {bond}")
    diagonal = r.diagonal(dim1=-2, dim2=-1).detach()
    phase = torch.where(diagonal == 0, 1, torch.sgn(diagonal))
    return (q * phase.unsqueeze(-2)).unflatten(-2, rows), (r * phase.conj().unsqueeze(-1)).unflatten(
        -1, columns
    )


def tensor_train(
    x: Tensor, legs: int, ranks: tuple[int, ...], centre: int, error: float = 0.0
) -> tuple[Tensor, ...]:
    """A tensor for each of the last ``legs`` axes, isometries towards the one at ``centre``."""
    share = error / math.sqrt(max(legs - 1, 1))
    before: list[Tensor] = []
    after: list[Tensor] = []
    rest, open_legs = x, legs
    for site in range(centre):
        first = min(site, 1) + 1
        axes = tuple(range(-open_legs, 0))
        u, values, v = svd(rest, axes[:first], axes[first:], ranks[site], share)
        before.append(u)
        rest = (v * along_last(values, v)).movedim(-1, values.dim() - 1)
        open_legs = open_legs - first + 1
    for site in range(legs - 1, centre, -1):
        last = 1 if site == legs - 1 else 2
        axes = tuple(range(-open_legs, 0))
        u, values, v = svd(rest, axes[:-last], axes[-last:], ranks[site - 1], share)
        after.append(v.movedim(-1, values.dim() - 1))
        rest = u * along_last(values, u)
        open_legs = open_legs - last + 1
    return (*before, rest, *reversed(after))


def along_last(values: Tensor, like: Tensor) -> Tensor:
    """``values`` along the last axis of an array with more axes."""
    return values.reshape(*values.shape[:-1], *([1] * (like.dim() - values.dim())), values.shape[-1])


def cp(x: Tensor, legs: int, rank: int) -> tuple[Tensor, ...]:
    """The weights of a CP decomposition by tensorly, falling, and a factor (leg, bond) for each leg.

    Of a matrix it is the SVD. Raises ValueError where the equations for it have no one solution.
    """
    if legs == 2:
        u, values, v = svd(x, (-2,), (-1,), rank)
        return values, u, v
    tensorly = tensorly_module()

    def one(tensor: Tensor) -> list[Tensor]:
        try:
            found = tensorly.decomposition.parafac(
                tensor, rank, n_iter_max=1000, init="svd", tol=1e-12, normalize_factors=True
            )
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            raise ValueError(
                f"a tensor of {list(tensor.shape)} is not found as {rank} products of vectors: fewer may do"
            ) from None
        weights, factors = found
        order = weights.argsort(descending=True, stable=True)
        factors = [factor[:, order] for factor in factors]
        signs = [largest_signs(factor) for factor in factors[:-1]]
        turned = [factor * sign for factor, sign in zip(factors, signs, strict=False)]
        return [weights[order], *turned, factors[-1] * torch.stack(signs).prod(0)]

    with tensorly.backend_context("pytorch", local_threadsafe=True):
        return each(x, legs, one)


def tucker(x: Tensor, legs: int, ranks: tuple[int, ...]) -> tuple[Tensor, ...]:
    """The core of a Tucker decomposition by tensorly, and an isometry (leg, bond) for each leg."""
    tensorly = tensorly_module()

    def one(tensor: Tensor) -> list[Tensor]:
        core, factors = tensorly.decomposition.tucker(
            tensor, list(ranks), n_iter_max=1000, init="svd", tol=1e-12
        )
        signs = [largest_signs(factor) for factor in factors]
        for leg, sign in enumerate(signs):
            core = core * sign.reshape([-1 if leg == axis else 1 for axis in range(core.dim())])
        return [core, *(factor * sign for factor, sign in zip(factors, signs, strict=True))]

    with tensorly.backend_context("pytorch", local_threadsafe=True):
        return each(x, legs, one)


def tensorly_module() -> Any:
    """The package tensorly. Raises ImportError that says what needs it."""
    try:
        import tensorly
        import tensorly.decomposition
    except ImportError:
        raise ImportError("CP and Tucker decompositions need tensorly: pip install tensorly") from None
    return tensorly


def largest_signs(factor: Tensor) -> Tensor:
    """The sign of the largest entry of each column."""
    largest = factor.gather(0, factor.abs().argmax(0, keepdim=True))[0]
    return torch.where(largest < 0, -1.0, 1.0).to(factor)


def each(x: Tensor, legs: int, one: Callable[[Tensor], list[Tensor]]) -> tuple[Tensor, ...]:
    """The results for each member of a batch, put together."""
    around = x.shape[: x.dim() - legs]
    found = [one(tensor) for tensor in x.reshape(-1, *x.shape[x.dim() - legs :])]
    return tuple(torch.stack(parts).reshape(*around, *parts[0].shape) for parts in zip(*found, strict=True))
