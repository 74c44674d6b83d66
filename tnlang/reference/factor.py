"""The factors of a value: singular values by LAPACK, CP and Tucker by tensorly, with signs that are fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tnlang.reference.arrays import Array
from tnlang.source import ValueMismatch


def svd(x: Array, left: Sequence[int], rank: int, error: float, batch: int) -> tuple[Array, Array, Array]:
    """U (legs ``left``, bond), λ, V (other legs, bond) with x = U λ V, after ``batch`` axes.

    The largest entry of each column of U is positive. ``rank`` columns are kept; of their values those that
    a part ``error`` of the norm of x does not need are 0. Raises ValueMismatch where there are fewer.
    """
    right = [leg for leg in range(x.ndim - batch) if leg not in left]
    moved = x.transpose(*range(batch), *(batch + leg for leg in (*left, *right)))
    around, rows = moved.shape[:batch], moved.shape[batch : batch + len(left)]
    columns = moved.shape[batch + len(left) :]
    matrix = moved.reshape(*around, math.prod(rows), math.prod(columns))
    u, values, vh = np.linalg.svd(matrix, full_matrices=False)
    if rank > values.shape[-1]:
        raise ValueMismatch(f"a matrix of {matrix.shape[-2]} by {matrix.shape[-1]} has no {rank} values")
    v = np.swapaxes(vh, -1, -2)
    u, v = u[..., :rank], v[..., :rank]
    largest = np.take_along_axis(u, np.abs(u).argmax(-2, keepdims=True), -2)
    phase = largest / np.abs(largest)
    u, v = u / phase, v * phase
    rest = np.sqrt(np.cumsum(values[..., ::-1] ** 2, -1)[..., ::-1])  # What is lost without it and the later.
    kept = np.where(rest > error * rest[..., :1], values, 0)[..., :rank]
    return u.reshape(*around, *rows, rank), kept, v.reshape(*around, *columns, rank)


def qr(x: Array, left: Sequence[int], bond: int, batch: int) -> tuple[Array, Array]:
    """Q (legs ``left``, bond) and R (bond, other legs) with x = Q R, after ``batch`` axes.

    The diagonal of R is not negative. Raises ValueMismatch where the bond is not the smaller side.
    """
    right = [leg for leg in range(x.ndim - batch) if leg not in left]
    moved = x.transpose(*range(batch), *(batch + leg for leg in (*left, *right)))
    around, rows = moved.shape[:batch], moved.shape[batch : batch + len(left)]
    columns = moved.shape[batch + len(left) :]
    q, r = np.linalg.qr(moved.reshape(*around, math.prod(rows), math.prod(columns)))
    if bond != r.shape[-2]:
        raise ValueMismatch(f"a matrix of {math.prod(rows)} by {math.prod(columns)} has no QR over {bond}")
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    phase = np.where(diagonal == 0, 1, diagonal / np.where(diagonal == 0, 1, np.abs(diagonal)))
    q, r = q * phase[..., None, :], r * phase.conj()[..., :, None]
    return q.reshape(*around, *rows, -1), r.reshape(*around, r.shape[-2], *columns)


def cp(x: Array, rank: int, batch: int) -> tuple[Array, ...]:
    """λ, then a factor (leg, bond) for each leg: columns of norm 1, λ falling. Of a matrix it is the SVD.

    Raises ValueMismatch where the equations of alternating least squares have no one solution.
    """
    if x.ndim - batch == 2:
        u, values, v = svd(x, (0,), rank, 0.0, batch)
        return values, u, v
    tensorly = _tensorly()

    def one(tensor: Array) -> list[Array]:
        try:
            found = tensorly.decomposition.parafac(
                tensor, rank, n_iter_max=1000, init="svd", tol=1e-12, normalize_factors=True
            )
        except np.linalg.LinAlgError:
            sizes = " by ".join(map(str, tensor.shape))
            raise ValueMismatch(
                f"a tensor of {sizes} is not found as {rank} products of vectors: fewer may do"
            ) from None
        weights, factors = np.asarray(found[0]), [np.asarray(factor) for factor in found[1]]
        order = np.argsort(-weights, kind="stable")
        factors = [factor[:, order] for factor in factors]
        signs = [_signs(factor) for factor in factors[:-1]]
        turned = [factor * sign for factor, sign in zip(factors, signs, strict=False)]
        return [weights[order], *turned, factors[-1] * np.prod(signs, axis=0)]

    return _each(x, batch, one)


def tucker(x: Array, ranks: Sequence[int], batch: int) -> tuple[Array, ...]:
    """The core, then an isometry (leg, bond) for each leg."""
    tensorly = _tensorly()

    def one(tensor: Array) -> list[Array]:
        core, factors = tensorly.decomposition.tucker(
            tensor, list(ranks), n_iter_max=1000, init="svd", tol=1e-12
        )
        core, factors = np.asarray(core), [np.asarray(factor) for factor in factors]
        for leg, factor in enumerate(factors):
            sign = _signs(factor)
            core = core * sign.reshape([-1 if leg == axis else 1 for axis in range(core.ndim)])
            factors[leg] = factor * sign
        return [core, *factors]

    return _each(x, batch, one)


def tensor_train(x: Array, ranks: Sequence[int], centre: int, error: float, batch: int) -> tuple[Array, ...]:
    """A tensor for each leg (bond, leg, bond; one bond at the ends), isometries towards the ``centre``.

    Sites are split off from both ends by SVDs, each allowed its share of the error.
    """
    count = x.ndim - batch
    share = error / math.sqrt(max(count - 1, 1))
    before: list[Array] = []
    after: list[Array] = []
    rest = x
    for site in range(centre):
        u, values, v = svd(rest, range(min(site, 1) + 1), ranks[site], share, batch)
        before.append(u)
        rest = np.moveaxis(v * _spread(values, v), -1, batch)
    for site in reversed(range(centre + 1, count)):
        last = [rest.ndim - batch - 1 - extra for extra in reversed(range(1 if site == count - 1 else 2))]
        others = [leg for leg in range(rest.ndim - batch) if leg not in last]
        u, values, v = svd(rest, others, ranks[site - 1], share, batch)
        after.append(np.moveaxis(v, -1, batch))
        rest = u * _spread(values, u)
    return (*before, rest, *reversed(after))


def _tensorly() -> Any:
    try:
        import tensorly
        import tensorly.decomposition
    except ImportError:
        raise ValueMismatch(
            "CP and Tucker decompositions need tensorly: pip install tnlang[decompose]"
        ) from None
    return tensorly


def _spread(values: Array, like: Array) -> Array:
    """Singular values along the last axis of an array."""
    return values.reshape(*values.shape[:-1], *([1] * (like.ndim - values.ndim)), values.shape[-1])


def _signs(factor: Array) -> Array:
    """The sign of the largest entry of each column."""
    signs: Array = np.sign(np.take_along_axis(factor, np.abs(factor).argmax(0)[None], 0))[0]
    positive: Array = np.where(signs < 0, -1.0, 1.0)
    return positive


def _each(x: Array, batch: int, one: Callable[[Array], list[Array]]) -> tuple[Array, ...]:
    """The results for each member of a batch, put together."""
    around = x.shape[:batch]
    found = [one(tensor) for tensor in x.reshape(-1, *x.shape[batch:])]
    return tuple(np.stack(parts).reshape(*around, *parts[0].shape) for parts in zip(*found, strict=True))
