"""Drafts: expressions whose values are resolved and whose wires are still names, before rule 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tnlang.ir.net import Leg, Loop, Number, SizeNumber, Special, Tensor
from tnlang.ir.size import Size
from tnlang.source import Span

WireName = tuple[str, tuple[int, ...]]
"""A wire by name and subscripts: ``("p", (0, 3))``."""


@dataclass(frozen=True, slots=True)
class Tip:
    """One end of a wire; ``size`` is what ``k: seq`` says."""

    name: WireName
    span: Span
    size: Size | None = None

    @property
    def text(self) -> str:
        name, subs = self.name
        return name + ("{" + ", ".join(map(str, subs)) + "}" if subs else "")


@dataclass(frozen=True, slots=True)
class EntryTip:
    """A fixed entry."""

    at: Size
    span: Span


@dataclass(frozen=True, slots=True)
class SliceTip:
    """``p: 0..seq``."""

    tip: Tip
    start: Size
    stop: Size


@dataclass(frozen=True, slots=True)
class GroupTip:
    """``(0 h s)``."""

    members: tuple[Tip | EntryTip, ...]
    span: Span
    size: Size | None = None


DraftIx = Tip | EntryTip | SliceTip | GroupTip


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A tensor, net call or special tensor with its brackets.

    ``sizes`` are those of the legs, None where nothing tells. ``broken``: a mistake hides them;
    ``miscounted``: the mistake is in how many legs are given.
    """

    title: str
    node: Tensor | Special
    legs: tuple[DraftIx, ...]
    sizes: tuple[Size | None, ...]
    leg_names: tuple[str, ...]
    span: Span
    broken: bool = False
    miscounted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """A number, a dim, a tensor without legs."""

    node: Number | SizeNumber | Tensor
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A value without brackets; ``legs`` is None where a mistake hides them."""

    title: str
    node: Tensor
    legs: tuple[Leg, ...] | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """A bubble. ``legs`` are brackets after it, ``relu(x)[p, d]``: wires for the whole value in it."""

    function: str
    rule: Literal["elementwise", "keeps", "ends"]
    body: DraftSum
    gates: tuple[Tip, ...]
    options: tuple[tuple[str, float], ...]
    name: str
    legs: tuple[DraftIx, ...] | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Bracketed:
    """A bracket as written, ``legs`` as for Round."""

    body: DraftSum
    name: str
    legs: tuple[DraftIx, ...] | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A sum over loop variables that is not written out."""

    loops: tuple[Loop, ...]
    body: DraftSum
    span: Span


Factor = Leaf | Fixed | Whole | Round | Bracketed | Folded


@dataclass(frozen=True, slots=True, eq=False)
class DraftTerm:
    factors: tuple[Factor, ...]
    span: Span
    negative: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DraftSum:
    terms: tuple[DraftTerm, ...]
    span: Span


def ix_tips(ix: DraftIx) -> tuple[Tip, ...]:
    """The wire ends of one index."""
    match ix:
        case Tip():
            return (ix,)
        case SliceTip(tip=tip):
            return (tip,)
        case GroupTip(members=members):
            return tuple(m for m in members if isinstance(m, Tip))
        case EntryTip():
            return ()


def own_tips(factor: Factor) -> Iterator[Tip]:
    """The ends at the factor's own brackets."""
    match factor:
        case Leaf(legs=legs):
            pass
        case Round(legs=tuple() as legs) | Bracketed(legs=tuple() as legs):
            pass
        case _:
            return
    for ix in legs:
        yield from ix_tips(ix)


def body_of(factor: Factor) -> DraftSum | None:
    """The sum inside a bubble or bracket."""
    return factor.body if isinstance(factor, Round | Bracketed | Folded) else None


def tips(factor: Factor) -> Iterator[Tip]:
    """Every wire end in a factor, however deep, gates included."""
    yield from own_tips(factor)
    if isinstance(factor, Round):
        yield from factor.gates
    body = body_of(factor)
    if body is not None:
        yield from sum_tips(body)


def sum_tips(total: DraftSum) -> Iterator[Tip]:
    """Every wire end in a sum, however deep."""
    for term in total.terms:
        for factor in term.factors:
            yield from tips(factor)


def wholes(total: DraftSum) -> Iterator[Whole]:
    """The whole values that take the sum's own legs (not those in brackets that have legs of their own)."""
    for term in total.terms:
        for factor in term.factors:
            yield from factor_wholes(factor)


def factor_wholes(factor: Factor) -> Iterator[Whole]:
    """The whole values of one factor."""
    match factor:
        case Whole():
            yield factor
        case Round(legs=None, body=body) | Bracketed(legs=None, body=body) | Folded(body=body):
            yield from wholes(body)
        case _:
            return


def single(total: DraftSum) -> Factor | None:
    """The one factor that a sum consists of, if it does."""
    match total:
        case DraftSum(terms=(DraftTerm(factors=(factor,), negative=False),)):
            return factor
    return None
