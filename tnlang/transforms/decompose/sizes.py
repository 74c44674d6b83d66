"""The sizes of bonds: the smaller side of a cut, or the rank asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tnlang.ir.size import DimSize, Size, SizeError, SizeOp, evaluate, show, size_op
from tnlang.transforms.decompose.source import Source
from tnlang.transforms.request import TransformError


def number_of(size: Size, source: Source) -> int:
    """The number that a size is worth by its defaults."""
    try:
        return evaluate(size, {})
    except SizeError:
        raise TransformError(
            f"how large {source.name} is, is not known here: {show(size)}", "give the dim a default", 0
        ) from None


def as_number(size: Size) -> Size:
    """A size that is worth a dim and is not that dim: a bond has no dim's name."""
    return SizeOp("*", 1, size) if isinstance(size, DimSize) else size


def _product(source: Source, legs: Sequence[int]) -> Size:
    total: Size = 1
    for leg in legs:
        total = size_op("*", total, source.legs[leg].size)
    return total


def smaller(source: Source, left: Sequence[int], right: Sequence[int]) -> Size:
    """The number of singular values of a tensor over a cut: the size of its smaller side."""
    one, other = _product(source, left), _product(source, right)
    return one if one == other or number_of(one, source) <= number_of(other, source) else other


def cut_to(full: Size, rank: int | None, source: Source, left: Sequence[int]) -> tuple[Size, bool]:
    """The size of a bond, and whether that cuts it."""
    if rank is None:
        return full, False
    largest = number_of(full, source)
    if rank > largest:
        raise TransformError(f"the rank of {source.name} is at most {largest} here", f"`rank = {largest}`", 0)
    return (full, False) if rank == largest else (rank, True)


def greatest_rank(source: Source) -> int | None:
    """The most products of vectors that a tensor of these sizes may need; None where they are not known."""
    try:
        sizes = [evaluate(leg.size, {}) for leg in source.legs]
    except SizeError:
        return None
    return math.prod(sorted(sizes)[:-1])


def lost(source: Source, cut: str, error: float, bound: str = "") -> str:
    """What is left out, as a sentence; "" where nothing is."""
    if not cut and not error:
        return ""
    kept = [f"of which {cut} are kept"] if cut else []
    kept += [f"which leave out at most {error:g} of its norm"] if error else []
    off = (
        f"; it is off by {bound}the root of the sum of squares of the singular values left out" if cut else ""
    )
    return f"{source.name} ≈ the product of its factors, {', '.join(kept)}{off}"
