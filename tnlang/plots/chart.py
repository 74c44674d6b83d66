"""What is to be plotted: an array whose axes are legs, at most three, and what stands at its ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tnlang.source import ValueMismatch

MOST_PANELS, MOST_ENTRIES = 400, 50_000_000
NOTHING: Mapping[str, int] = MappingProxyType({})
NO_TICKS: Mapping[str, Sequence[str]] = MappingProxyType({})

Form = Literal["map", "curve"]


@dataclass(frozen=True, slots=True)
class Chart:
    """``values`` has the axes ``legs``: (point) of a curve, (row, column) or (panel, row, column) of maps.

    ``ticks`` are the words at a leg's entries, such as tokens. ``signed`` values get a scale with zero in the
    middle. ``titles`` stand above the panels.
    """

    form: Form
    values: NDArray[np.float64]
    legs: tuple[str, ...]
    title: str = ""
    ticks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    signed: bool = False
    log: bool = False


def chart(
    array: ArrayLike,
    legs: Sequence[str],
    *,
    title: str = "",
    at: Mapping[str, int] = NOTHING,
    rows: str = "",
    ticks: Mapping[str, Sequence[str]] = NO_TICKS,
    log: bool = False,
) -> Chart:
    """A chart of an array with named legs.

    One leg gives a curve, two a heat map, three a map for each entry of the first. ``at`` fixes legs at an
    entry (negative: from the end); ``rows`` names the leg that runs down, else the last but one does. ``log``
    draws a curve's values by their logarithm. Complex values are plotted by their magnitude. Raises
    ValueMismatch for legs that are not there, entries out of range, more than three legs left, and values
    that are not finite but for -inf.
    """
    values = _numbers(array)
    names = _apart(legs)
    if values.dtype.kind not in "fiubc":
        raise ValueMismatch(f"values of type {values.dtype} cannot be plotted")
    if values.ndim < len(names):
        raise ValueMismatch(f"an array of {values.ndim} axes does not have the legs {', '.join(names)}")
    batch = [f"batch {i + 1}" if i else "batch" for i in range(values.ndim - len(names))]
    names = [*batch, *names]
    for leg, entry in at.items():
        axis = _axis(leg, names)
        size = values.shape[axis]
        if not -size <= entry < size:
            raise ValueMismatch(f"leg {leg} has {size} entries, so there is no entry {entry}")
        values = values.take(entry, axis)
        names.pop(axis)
    while len(names) > 1 and names[0] in batch and values.shape[0] == 1:
        values, names = values[0], names[1:]
    if not 1 <= len(names) <= 3:
        raise ValueMismatch(_too_many(names) if names else "a number alone has nothing to plot")
    if values.size == 0 or values.size > MOST_ENTRIES:
        raise ValueMismatch(f"{values.size:,} entries cannot be plotted")
    if rows:
        axis = _axis(rows, names)
        if len(names) < 2:
            raise ValueMismatch("a curve has no rows")
        values, names = np.moveaxis(values, axis, -2), _moved(names, axis)
    if len(names) == 3 and values.shape[0] > MOST_PANELS:
        raise ValueMismatch(f"{values.shape[0]:,} panels are too many: fix leg {names[0]} at an entry")
    real = (np.abs(values) if values.dtype.kind == "c" else values).astype(np.float64)
    if np.isnan(real).any() or np.isposinf(real).any():
        raise ValueMismatch("the values are not all finite")
    words = {leg: _words(leg, given, names, real.shape) for leg, given in ticks.items()}
    finite = real[np.isfinite(real)]
    signed = bool(finite.size) and bool(finite.min() < 0)
    if log and (len(names) != 1 or signed or not (finite > 0).any()):
        raise ValueMismatch("a logarithmic scale is for a curve of values above zero")
    titles = _panel_titles(names, words, real.shape) if len(names) == 3 else ()
    form: Form = "curve" if len(names) == 1 else "map"
    return Chart(form, real, tuple(names), title, words, titles, signed, log)


def _numbers(array: ArrayLike) -> NDArray[Any]:
    """An array, or a torch tensor on any device, with gradients or not, of a type that NumPy lacks or not."""
    force = getattr(array, "float", None) if "bfloat16" in str(getattr(array, "dtype", "")) else None
    given = force() if force is not None else array
    numpy = getattr(given, "numpy", None)
    return np.asarray(numpy(force=True) if numpy is not None else given)


def _apart(legs: Sequence[str]) -> list[str]:
    """Leg names of their own: the second of a name is ``name 2``."""
    found: list[str] = []
    for leg in legs:
        count = 1 + sum(other == leg or other.startswith(f"{leg} ") for other in found)
        found.append(leg if count == 1 else f"{leg} {count}")
    return found


def _axis(leg: str, names: Sequence[str]) -> int:
    if leg not in names:
        raise ValueMismatch(f"the value has no leg {leg}; there are: {', '.join(names) or '(none)'}")
    return names.index(leg)


def _moved(names: list[str], axis: int) -> list[str]:
    rest = [name for position, name in enumerate(names) if position != axis]
    return [*rest[:-1], names[axis], rest[-1]]


def _too_many(names: Sequence[str]) -> str:
    return f"a plot has one, two or three legs, not {len(names)} ({', '.join(names)}): fix some at an entry"


def _words(leg: str, given: Sequence[str], names: Sequence[str], shape: Sequence[int]) -> tuple[str, ...]:
    size = shape[_axis(leg, names)]
    if len(given) != size:
        raise ValueMismatch(f"leg {leg} has {size} entries, but {len(given)} words are given for them")
    return tuple(given)


def _panel_titles(
    names: Sequence[str], words: Mapping[str, tuple[str, ...]], shape: Sequence[int]
) -> tuple[str, ...]:
    leg = names[0]
    return words.get(leg) or tuple(f"{leg} {entry}" for entry in range(shape[0]))
