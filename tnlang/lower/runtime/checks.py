"""What is wrong with what a net is given."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tnlang.lower.runtime.net import Net


def near(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what it is like, or what there is."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=3)
    if close:
        return f"; near are {', '.join(close)}"
    return f"; it has {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}" if known else ""


def refuse(net: Net, unknown: Mapping[str, object], **counting: int) -> None:
    """Raise TypeError for a keyword that is none of the dims a net takes; ``counting`` dims are fixed."""
    kind = type(net)
    known = [p.name for p in inspect.signature(kind).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name, value in unknown.items():
        if name not in counting:
            raise TypeError(f"{kind.__name__} has no dim {name!r}{near(name, known)}")
        if value != counting[name]:
            raise TypeError(
                f"{kind.__name__}: {name} counts members and is {counting[name]} here; compile the text anew"
            )


def legs(
    net: str, name: str, value: Tensor, sizes: Mapping[str, int | None], onehot: str = ""
) -> tuple[int, ...]:
    """The sizes of a value's legs, which are its last axes. Raises ValueError where one does not fit.

    ``onehot`` is a leg that has no axis: the value's entries are the numbers of its entries.
    """
    if onehot and (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool):
        raise ValueError(
            f"{net}: {name}[{', '.join(['...', *sizes])}] is whole numbers, those of the one-hot leg "
            f"{onehot}; got {value.dtype} of the shape {list(value.shape)}"
        )
    if value.dim() < len(sizes):
        raise ValueError(
            f"{net}: {name} needs the legs [{', '.join(sizes)}] but has the shape {list(value.shape)}"
        )
    found = tuple(value.shape[value.dim() - len(sizes) :])
    for (leg, expected), size in zip(sizes.items(), found, strict=True):
        if expected is not None and size != expected:
            raise ValueError(f"{net}: leg {leg} of {name} has size {size} where {expected} is expected")
    return found


def given(net: str, name: str, value: int | None) -> int:
    """The size of a dim that no input tells. Raises ValueError where nobody told it."""
    if value is None:
        raise ValueError(f"{net}: dim {name} has no size; give it by name")
    return value


def within(net: str, what: str, stop: int, size: int) -> None:
    """Raise ValueError where a slice reaches past the end of its leg."""
    if stop > size:
        raise ValueError(f"{net}: {what} reaches up to {stop} on a leg of size {size}")
