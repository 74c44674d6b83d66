"""What a transform is asked for, and how it says that it cannot do it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from tnlang.ir.net import Net
from tnlang.ir.program import Program
from tnlang.source import Span


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a value's path: ``attention{3}``; ``subs`` is None where none are written.

    ``entries`` are the brackets of a value, ``z[3, q, s]``: a number for each leg, None for all of the leg.
    """

    name: str
    subs: tuple[int, ...] | None = None
    entries: tuple[int | None, ...] = ()

    def __str__(self) -> str:
        subs = "{" + ", ".join(map(str, self.subs)) + "}" if self.subs is not None else ""
        legs = ", ".join("…" if entry is None else str(entry) for entry in self.entries)
        return self.name + subs + (f"[{legs}]" if legs else "")


ValuePath = tuple[Step, ...]
OptionValue = float | str | ValuePath | tuple["float | ValuePath", ...]


@dataclass(frozen=True, slots=True)
class Request:
    """``net name = transform(net, paths…, arrows…, options…)``.

    ``program`` holds every net elaborated so far, ``net`` among them. An arrow is a chain of values.
    ``relations`` tells of each option whether it was written with ``=`` or ``<=``.
    """

    program: Program
    name: str
    net: str
    paths: tuple[ValuePath, ...] = ()
    arrows: tuple[tuple[ValuePath, ...], ...] = ()
    options: dict[str, OptionValue] = field(default_factory=dict)
    relations: dict[str, str] = field(default_factory=dict)


class TransformError(ValueError):
    """A transform that cannot be carried out: ``path`` is the number of the path it is about, or None.

    ``arrow`` is instead the numbers of an arrow and of a value in it. ``place`` is what stands in the way.
    ``hint`` says what could be written instead.
    """

    def __init__(
        self,
        message: str,
        hint: str,
        path: int | None = None,
        place: Span | None = None,
        arrow: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.path = path
        self.arrow = arrow
        self.place = place


MOST = 8
"""Names in a hint."""

Transform = Callable[[Request], tuple[Net, ...]]
"""Gives the new nets, callees first, the one asked for last."""


def show_path(path: ValuePath) -> str:
    """A path as written."""
    return ".".join(map(str, path))


def near(name: str, known: Iterable[str], what: str = "values") -> str:
    """The hint for a name that is not known: the names it is like, else some that there are."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, n=3)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return f"{what} are {some(names)}" if names else f"there are no {what.removeprefix('its ')}"


def elsewhere(name: str, known: Collection[str], what: str = "values") -> str:
    """The hint for a path that leads to nothing: its last name alone, if there is one; else names like it."""
    if name in known:
        return f"other calls or turns have {name}: `{name}` is all of them"
    return near(name, known, what)


def some(names: Sequence[str]) -> str:
    """The names, of many the first, and that there are more."""
    return ", ".join([*names[:MOST], *(["…"] if len(names) > MOST else [])])
