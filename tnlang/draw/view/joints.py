"""Wires while a picture is gathered: their ends, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tnlang.draw.view import names
from tnlang.ir.net import Wire
from tnlang.ir.size import DimSize, Size, SizeError, SizeOp, evaluate, show


@dataclass(frozen=True, slots=True)
class WireLabel:
    """What a wire is called where it ends: the writing and its size.

    ``family`` is the name that it shares with others, where the writing is their dim's and so is theirs too.
    """

    wire: int
    name: str
    symbol: str
    text: str
    word: bool
    dim: str
    size: int | None
    family: str = ""


@dataclass(frozen=True, slots=True)
class JointEnd:
    shape: int | None
    leg: int
    inside: int | None
    label: WireLabel
    open: tuple[Literal["input", "output"], int] | None = None
    told: str = ""
    order: int = 0
    """How many ends were there before it."""
    through: tuple[tuple[int, int], ...] = ()
    """The walls of functions on its way out, and as which joint it comes through each."""


def wire_label(wire: Wire, *, symbols: bool) -> WireLabel:
    """What stands beside a wire: its dim's word where it has one, unless ``symbols`` asks for its name."""
    symbol = names.member(wire.name, wire.subs, wire.label)
    dim = _dim_of(wire.size)
    number = _number(wire.size)
    base = WireLabel(wire.id, wire.text, symbol, symbol, False, dim, number)
    if isinstance(wire.size, DimSize) and not symbols:
        label = wire.size.dim.label
        member = replace(base, family=wire.name if wire.subs else "")
        if label:
            formula = "$" in label
            return replace(member, text=(names.given(label) or "") if formula else label, word=not formula)
        if names.is_word(dim):
            return replace(member, text=names.word(dim), word=True)
        if len(names.word(dim)) > 1:
            return replace(member, text=names.math(dim))
    return base


def _dim_of(size: Size) -> str:
    match size:
        case DimSize(dim):
            return dim.name
        case SizeOp():
            return show(size)
        case _:
            return ""


def _number(size: Size) -> int | None:
    try:
        return evaluate(size, {})
    except SizeError:
        return None
