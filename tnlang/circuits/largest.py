"""The largest entries of a product of two thin parts, without writing the product out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

SIDE = 1024
"""Rows and columns that are bounded at a time."""
GROUP = 64
"""Rows whose entries are written out together."""
SAMPLE = 64, 1024
"""How many rows and columns decide how many axes bounds are made of."""
NOTHING = 1e-12
"""Singular values below this part of the first are left out of bounds, and added to them whole."""


@dataclass(slots=True)
class _Largest:
    """The k largest entries that have been met, and where; from the largest on."""

    k: int
    values: Tensor
    places: Tensor

    @property
    def least(self) -> float:
        """What an entry must be above to be among them."""
        return float(self.values[-1]) if len(self.values) == self.k else -math.inf

    def meet(self, entries: Tensor, places: Tensor) -> None:
        """Take in what is large enough of some entries."""
        over = entries > self.least
        values = torch.cat([self.values, entries[over]])
        self.values, order = values.topk(min(self.k, len(values)))
        self.places = torch.cat([self.places, places[over]])[order]


def largest_products(left: Tensor, right: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The k largest entries of ``left @ right.T``, with their rows and columns; from the largest on.

    Exact. On axes along which both sides are as large, the largest first, an entry is at most what the first
    few axes give of it and the norms of the rest of its row and its column, multiplied. These bounds are
    themselves a product, a thinner one. Rows and columns stand in order of their norms, so that of most of
    the product not even bounds are made where norms differ much. What bounds do not rule out is written out.
    """
    k = min(k, left.shape[0] * right.shape[0])
    a, b, lost = _balanced(left, right)
    (lengths, rows), (widths, columns) = (side.norm(dim=1).sort(descending=True) for side in (a, b))
    a, b = a[rows], b[columns]
    rank, height, width = a.shape[1], a.shape[0], b.shape[0]
    slack = 4 * max(rank, 1) * torch.finfo(a.dtype).eps * float(lengths[0] * widths[0]) + lost
    found = _Largest(k, a.new_zeros(0), rows.new_zeros(0))
    index = torch.arange(width, device=rows.device)

    def write_out(start: int, stop: int, some: Tensor) -> None:
        places = torch.arange(start, stop, device=rows.device)[:, None] * width + some
        found.meet(a[start:stop] @ b[some].T, places)

    write_out(0, min(SIDE, height), index[:SIDE])
    thinner = {axes: _bounding(b, axes) for axes in (*range(7, rank, 8), rank)}
    for start in range(0, height, SIDE):
        least = found.least - slack
        near = int((lengths[start] * widths > least).sum())
        stripe = a[start : start + SIDE]
        axes = _axes(stripe, {axes: side[:near] for axes, side in thinner.items()}, least)
        above = _above(_bounding(stripe, axes), thinner[axes][:near], least)
        if not start:
            above[:, :SIDE] = False
        for group in above.any(dim=1).nonzero().flatten().tolist():
            first = start + group * GROUP
            write_out(first, min(first + GROUP, height), index[:near][above[group]])
    row, column = rows[found.places // width], columns[found.places % width]
    values = (left[row].double() * right[column].double()).sum(dim=1)
    values, order = values.sort(descending=True)
    return values.to(left.dtype), row[order], column[order]


def _balanced(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor, float]:
    """Two sides with the same product, on axes along which both have its singular values as squared norms.

    The third is how much of an entry may be missing: axes with next to nothing are left out.
    """
    first, second = left.double(), right.double()
    r, s = (torch.linalg.qr(side, mode="r").R for side in (first, second))
    u, values, vh = torch.linalg.svd(r @ s.mT, full_matrices=False)
    kept = values > NOTHING * values[0]
    scale = values[kept].rsqrt()
    a, b = first @ (s.mT @ vh.mT[:, kept] * scale), second @ (r.mT @ u[:, kept] * scale)
    return a.to(left.dtype), b.to(right.dtype), float(values[~kept].sum())


def _bounding(side: Tensor, axes: int) -> Tensor:
    """Rows of which the products are bounds: their first axes, and the norm of the rest."""
    return torch.cat([side[:, :axes], side[:, axes:].norm(dim=1, keepdim=True)], dim=1)


def _axes(stripe: Tensor, thinner: dict[int, Tensor], least: float) -> int:
    """With how many axes the bounds of a stripe cost least, by a sample: a multiplication for each axis and
    entry, and about two for each axis of the entries in groups that the bounds do not rule out."""
    high, wide = SAMPLE
    some = stripe[:: max(1, len(stripe) // high)]

    def cost(axes: int) -> float:
        side = thinner[axes]
        bounds = _bounding(some, axes) @ side[:: max(1, len(side) // wide)].T
        above = float((bounds > least).float().mean()) if bounds.numel() else 0.0
        return axes + 2 * stripe.shape[1] * min(1.0, GROUP * above)

    return min(thinner, key=cost)


def _above(stripe: Tensor, side: Tensor, least: float) -> Tensor:
    """Which columns have a product above ``least`` with a row of each group of a stripe."""
    stripe = pad(stripe, (0, 0, 0, -len(stripe) % GROUP))
    above = torch.empty(len(stripe) // GROUP, len(side), dtype=torch.bool, device=side.device)
    for start in range(0, len(side), SIDE):
        bounds = stripe @ side[start : start + SIDE].T
        above[:, start : start + SIDE] = bounds.view(-1, GROUP, bounds.shape[1]).amax(dim=1) > least
    return above
