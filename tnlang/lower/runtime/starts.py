"""How parameters with properties start."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor


def isometry(x: Tensor, *legs: int) -> Tensor:
    """The Q of a QR of ``x``: contracted over the other legs with its conjugate it is the identity."""
    others = [axis for axis in range(x.dim()) if axis not in legs]
    turned = x.permute(*others, *legs)
    rows = math.prod(x.shape[axis] for axis in others)
    q: Tensor = torch.linalg.qr(turned.reshape(rows, -1))[0].reshape(turned.shape)
    back = [[*others, *legs].index(axis) for axis in range(x.dim())]
    return q.permute(back).contiguous()


def symmetric(x: Tensor, *legs: int) -> Tensor:
    """The mean over all orders of the legs."""
    orders = list(itertools.permutations(legs))
    total = torch.zeros_like(x)
    for order in orders:
        total = total + x.movedim(legs, order)
    return total / len(orders)


def diagonal(x: Tensor, *legs: int) -> Tensor:
    """0 where the indices of the legs differ."""
    axes = [
        torch.arange(n).view([-1 if i == j else 1 for j in range(x.dim())]) for i, n in enumerate(x.shape)
    ]
    same = torch.stack([axes[leg].expand(x.shape) for leg in legs])
    return x * (same == same[0]).all(0)


def positive(x: Tensor) -> Tensor:
    """A positive operator where the legs are two equal halves, else positive entries."""
    half = x.dim() // 2
    if x.dim() == 0 or x.dim() % 2 or x.shape[:half] != x.shape[half:]:
        return x.abs()
    matrix = x.reshape(math.prod(x.shape[:half]), -1)
    product = matrix @ matrix.mH / len(matrix) + 0.1 * torch.eye(len(matrix))
    return product.to(x).reshape(x.shape)


def complex_type() -> torch.dtype:
    """The complex numbers that go with the default type."""
    return torch.get_default_dtype().to_complex()
