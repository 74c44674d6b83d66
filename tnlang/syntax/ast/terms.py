"""Names, arithmetic, brackets and expressions: what stands within a statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tnlang.source import NOWHERE, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """What every node has: where it stands."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """One name with its own place."""

    text: str


@dataclass(frozen=True, slots=True)
class Text(Syntax):
    """A quoted string, its escapes undone."""

    value: str


# ------------------------------------------------------- arithmetic (sizes, ranges, subscripts, entries)


@dataclass(frozen=True, slots=True)
class Int(Syntax):
    value: int


@dataclass(frozen=True, slots=True)
class ArithName(Syntax):
    """A dim, a constant without legs or a loop variable in arithmetic: ``hidden``, ``gpt2.seq``."""

    path: Path


@dataclass(frozen=True, slots=True)
class ArithOp(Syntax):
    op: Literal["+", "-", "*", "/", "^", "mod"]
    left: Arith
    right: Arith


@dataclass(frozen=True, slots=True)
class ArithNeg(Syntax):
    operand: Arith


Arith = Int | ArithName | ArithOp | ArithNeg


@dataclass(frozen=True, slots=True)
class Range(Syntax):
    """``start..stop``, half-open."""

    start: Arith
    stop: Arith


@dataclass(frozen=True, slots=True)
class NamedRange(Syntax):
    """``n: 0..N`` in the subscript of a declaration, or ``n in 0..N`` in a loop."""

    var: Name
    range: Range


Sub = Arith | Range | NamedRange


@dataclass(frozen=True, slots=True)
class Loops(Syntax):
    """``x in 0..X, y in 0..x`` of repeat, sum and prod."""

    ranges: tuple[NamedRange, ...]


@dataclass(frozen=True, slots=True)
class PathPart(Syntax):
    name: Name
    subs: tuple[Sub, ...] = ()


@dataclass(frozen=True, slots=True)
class Path(Syntax):
    """``attention{3}.A``; in value paths of transforms the name may be ``*``."""

    parts: tuple[PathPart, ...]


# ---------------------------------------------------------------- brackets


@dataclass(frozen=True, slots=True)
class Index(Syntax):
    """One place in brackets, undecided between wire, dim and entry: ``i``, ``p{0..N}``, ``0``, ``n + 1``.

    ``of`` is what stands after the colon: a dim or size (``k: seq``) or a slice (``p: 0..seq``);
    in a declaration ``out: hidden`` names a leg and gives its dim.
    """

    at: Arith | IndexPath
    of: Arith | Range | None = None


@dataclass(frozen=True, slots=True)
class IndexPath(Syntax):
    """A name alone in brackets, with the subscripts it may have: a wire, a dim, a loop variable."""

    path: Path


@dataclass(frozen=True, slots=True)
class GroupIndex(Syntax):
    """``(h s)``, ``(0 h s)``: several wires on one leg, slowest first."""

    members: tuple[Arith | IndexPath, ...]
    of: Arith | Range | None = None


Bracket = tuple[Index | GroupIndex, ...]


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number(Syntax):
    """``2``, ``0.5``, ``1e-5``, ``1j``; ``text`` is as written, for the formatter and for labels."""

    value: int | float | complex
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Use(Syntax):
    """A name with or without brackets: ``W[i, j]`` (wires), ``x`` (a whole value, a scalar or a dim)."""

    path: Path
    bracket: Bracket | None = None


@dataclass(frozen=True, slots=True)
class Argument(Syntax):
    """A positional argument."""

    value: Named


@dataclass(frozen=True, slots=True)
class Option(Syntax):
    """``eps = 1e-5``: a number or (for what a later stage refuses) any expression."""

    name: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """``f(x)``, ``softmax[k](…)``, ``basis(2)[i]``, ``ln(x)[p, d]``: gates before, bracket after."""

    path: Path
    gates: Bracket | None
    arguments: tuple[Argument | Option, ...]
    bracket: Bracket | None = None


@dataclass(frozen=True, slots=True)
class Parens(Syntax):
    """``(expr)``, ``(expr as name)``, ``(x + y)[p, d]``; never dropped, since it is drawn.

    A text at the end is the caption of a term in a figure.
    """

    inner: Named
    bracket: Bracket | None = None
    caption: Text | None = None


@dataclass(frozen=True, slots=True)
class Comprehension(Syntax):
    """``sum h in 0..head { … }`` and ``prod n in 0..N { … }``."""

    kind: Literal["sum", "prod"]
    loops: Loops
    body: Expr


@dataclass(frozen=True, slots=True)
class Power(Syntax):
    base: Expr
    exponent: Number


@dataclass(frozen=True, slots=True)
class Product(Syntax):
    """Juxtaposition, left to right. ``explicit`` tells which gaps have ``*`` (one fewer than factors)."""

    factors: tuple[Expr, ...]
    explicit: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Quotient(Syntax):
    """``a / b``; what multiplies on after it is an outer Product."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True, slots=True)
class SumTerm(Syntax):
    sign: Literal["+", "-"]
    value: Expr


@dataclass(frozen=True, slots=True)
class Sum(Syntax):
    """Two or more terms, or one with a sign written before it."""

    terms: tuple[SumTerm, ...]


Expr = Number | Use | Call | Parens | Comprehension | Power | Product | Quotient | Sum


@dataclass(frozen=True, slots=True)
class Named(Syntax):
    """An expression with the name ``as`` gives it, if any."""

    value: Expr
    name: Name | None = None
