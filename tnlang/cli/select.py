"""Finds what ``--net`` and ``--figure`` name, or the only thing there is where they are not given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from tnlang.api import Program
    from tnlang.handles import FigureHandle, NetHandle

Handle = TypeVar("Handle")


def net_of(program: Program, name: str | None) -> NetHandle:
    """The net of that name, or the only one. Raises UsageError with the names there are."""
    return _one(program.nets, name, "net")


def picture_of(program: Program, net: str | None, figure: str | None) -> NetHandle | FigureHandle:
    """The net or figure named; else the only figure or, where there is none, the only net."""
    if net is None and (figure is not None or program.figures):
        return _one(program.figures, figure, "figure")
    return _one(program.nets, net, "net")


def _one(handles: Mapping[str, Handle], name: str | None, kind: str) -> Handle:
    names = ", ".join(handles)
    if name is None and len(handles) == 1:
        return next(iter(handles.values()))
    if not handles:
        raise click.UsageError(f"the file has no {kind}")
    if name is None:
        raise click.UsageError(f"the file has several {kind}s, name one with --{kind}: {names}")
    if name not in handles:
        raise click.UsageError(f"there is no {kind} {name}; there are: {names}")
    return handles[name]
