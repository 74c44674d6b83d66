"""The syntax tree: what a .tn text says, before any name is looked up. Frozen, a span each.

Spans never take part in comparison, so two trees are equal when their texts say the same.
Names are NFKC-normalised. Text keeps its written order and brackets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tnlang.source import NOWHERE, Source, Span


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


# ---------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Property(Syntax):
    """``isometry(k)``, ``unitary``, ``label "…"``: a word, the legs in its brackets, its text."""

    name: Name
    arguments: tuple[Name, ...] = ()
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Init(Syntax):
    """``~ normal(0.02)``, ``~ ones``."""

    name: Name
    arguments: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Array(Syntax):
    """``[[1, 0], [0, -1]]``: the entries keep their signs."""

    items: tuple[Array | Expr, ...]


@dataclass(frozen=True, slots=True)
class DimDecl(Syntax):
    """One dim of a dim statement: ``hidden = 768``, ``seq``, ``mlp = 4 * hidden label "neurons"``."""

    name: Name
    subs: tuple[Sub, ...] = ()
    size: Arith | None = None
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class DimStatement(Syntax):
    dims: tuple[DimDecl, ...]


@dataclass(frozen=True, slots=True)
class DeclItem(Syntax):
    name: Name
    subs: tuple[Sub, ...] = ()
    legs: Bracket | None = None
    properties: tuple[Property, ...] = ()
    init: Init | None = None
    value: Array | Expr | None = None


@dataclass(frozen=True, slots=True)
class Declaration(Syntax):
    kind: Literal["tensor", "input", "param", "const"]
    items: tuple[DeclItem, ...]


@dataclass(frozen=True, slots=True)
class FnDecl(Syntax):
    """``fn name[legs] = "package.module:callable", numpy = "package.module:twin" label "$f$"``."""

    name: Name
    gates: Bracket | None
    target: Text
    numpy: Text | None = None
    label: Text | None = None


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Lhs(Syntax):
    name: Name
    subs: tuple[Sub, ...] = ()
    bracket: Bracket | None = None


@dataclass(frozen=True, slots=True)
class Binding(Syntax):
    targets: tuple[Lhs, ...]
    op: Literal["=", "+=", "-="]
    value: Named


@dataclass(frozen=True, slots=True)
class StreamStatement(Syntax):
    target: Lhs
    value: Named


@dataclass(frozen=True, slots=True)
class SharedStatement(Syntax):
    """``shared step = cell``."""

    name: Name
    net: Path


@dataclass(frozen=True, slots=True)
class RepeatStatement(Syntax):
    loops: Loops
    body: tuple[Statement, ...]


Statement = Declaration | SharedStatement | StreamStatement | RepeatStatement | Binding


@dataclass(frozen=True, slots=True)
class NetInput(Syntax):
    name: Name
    subs: tuple[Sub, ...] = ()
    legs: Bracket | None = None
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class NetDecl(Syntax):
    name: Name
    inputs: tuple[NetInput, ...]
    outputs: tuple[Lhs, ...]
    body: tuple[Statement, ...]


# ---------------------------------------------------------------- transforms


@dataclass(frozen=True, slots=True)
class TransformTuple(Syntax):
    """``left = (i, j)``."""

    items: tuple[Int | TransformValue, ...]


@dataclass(frozen=True, slots=True)
class TransformOption(Syntax):
    """``rank = 3``, ``order = "A B C"``; ``order <= 2`` has the operator ``<=``."""

    name: Name
    op: Literal["=", "<="]
    value: Number | Text | TransformTuple | TransformValue


@dataclass(frozen=True, slots=True)
class TransformArrow(Syntax):
    """``attention{0}.y -> attention{1}.x``."""

    source: TransformValue
    target: TransformValue


@dataclass(frozen=True, slots=True)
class TransformValue(Syntax):
    """``freeze(model, A)``, a path of a net or of a value; ``arguments`` is None for a bare path."""

    path: Path
    arguments: tuple[TransformValue | TransformArrow | TransformOption, ...] | None = None


@dataclass(frozen=True, slots=True)
class NetDefinition(Syntax):
    """``net frozen = freeze(model, A)``."""

    name: Name
    value: TransformValue


# ---------------------------------------------------------------- figures and styles


@dataclass(frozen=True, slots=True)
class Draw(Syntax):
    value: Expr
    caption: Text | None = None


@dataclass(frozen=True, slots=True)
class Equation(Syntax):
    """``sides[0] relations[0] sides[1] …``; a side may be a text (drawn, not checked)."""

    sides: tuple[Expr | Text, ...]
    relations: tuple[Literal["=", "!=", "≈"], ...]
    caption: Text | None = None


@dataclass(frozen=True, slots=True)
class Steps(Syntax):
    value: TransformValue
    caption: Text | None = None


@dataclass(frozen=True, slots=True)
class Cut(Syntax):
    """``cut b``: a wire; ``cut T[i]``: a tensor, between these legs and its others."""

    places: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Outline(Syntax):
    """``outline A, B``: what is contracted next."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Openness(Syntax):
    """``unfold a, b``, ``fold a``, ``hide a``."""

    kind: Literal["unfold", "fold", "hide"]
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Flow(Syntax):
    direction: Name


@dataclass(frozen=True, slots=True)
class ShownTheme(Syntax):
    """``theme dark`` in a figure: what it is drawn in."""

    name: Name


@dataclass(frozen=True, slots=True)
class ShownWidth(Syntax):
    """``width 86mm`` in a figure."""

    number: Number
    unit: Name


@dataclass(frozen=True, slots=True)
class Placed(Syntax):
    """What a hint speaks of: ``x``, or ``x@2`` for the second of that name in the picture."""

    path: Path
    number: int = 0


@dataclass(frozen=True, slots=True)
class Point(Syntax):
    x: Number
    y: Number


@dataclass(frozen=True, slots=True)
class PlaceAt(Syntax):
    """``A at (0, 1)``."""

    placed: Placed
    at: Point


@dataclass(frozen=True, slots=True)
class PlaceBeside(Syntax):
    """``B right of A``."""

    placed: Placed
    relation: Literal["left of", "right of", "above", "below"]
    other: Placed


@dataclass(frozen=True, slots=True)
class PlaceLabel(Syntax):
    path: Path
    label: Text


@dataclass(frozen=True, slots=True)
class Align(Syntax):
    """``align row A, B``: their centres stand on one level; ``column``: above one another."""

    axis: Literal["row", "column"]
    placed: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class LegSide(Syntax):
    """``leg h of W_Q up``: the side on which a leg leaves its shape."""

    leg: Name
    placed: Placed
    side: Name


@dataclass(frozen=True, slots=True)
class Bend(Syntax):
    """``bend h (1, 0) (1, 2)``: the points through which a wire runs."""

    placed: Placed
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class LabelSide(Syntax):
    """``label h above``: the side of its wire on which a name stands."""

    placed: Placed
    side: Name


Hint = PlaceAt | PlaceBeside | Align | LegSide | Bend | LabelSide
FigureItem = (
    Draw | Equation | Steps | Cut | Outline | Openness | Flow | ShownTheme | ShownWidth | Hint | PlaceLabel
)


@dataclass(frozen=True, slots=True)
class FigureDecl(Syntax):
    name: Name
    caption: Text | None
    items: tuple[FigureItem, ...]


@dataclass(frozen=True, slots=True)
class Selector(Syntax):
    """``W_Q``, or ``function softmax``: ``kind`` is "" for a bare name."""

    kind: str
    path: Path


@dataclass(frozen=True, slots=True)
class StyleRule(Syntax):
    """``fill "#9c9"``: a word and what it is set to."""

    name: Name
    values: tuple[Name | Number | Text, ...]


@dataclass(frozen=True, slots=True)
class StyleDecl(Syntax):
    selectors: tuple[Selector, ...]
    rules: tuple[StyleRule, ...]


@dataclass(frozen=True, slots=True)
class ThemeDecl(Syntax):
    name: Name
    styles: tuple[StyleDecl, ...]


# ---------------------------------------------------------------- weights and files


@dataclass(frozen=True, slots=True)
class WeightMap(Syntax):
    """``W_E[v, d] = "wte.weight"[v, d]``."""

    target: Path
    bracket: Bracket | None
    key: Text
    key_bracket: Bracket | None


@dataclass(frozen=True, slots=True)
class WeightIgnore(Syntax):
    pattern: Text


@dataclass(frozen=True, slots=True)
class WeightPrefix(Syntax):
    text: Text


@dataclass(frozen=True, slots=True)
class WeightsDecl(Syntax):
    format: Name
    net: Path
    items: tuple[WeightMap | WeightIgnore | WeightPrefix, ...]


@dataclass(frozen=True, slots=True)
class Import(Syntax):
    """``import "layers.tn"`` and ``import "x.tn" as y``."""

    file: Text
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class FromImport(Syntax):
    file: Text
    names: tuple[Name, ...]


Item = (
    DimStatement
    | Declaration
    | NetDecl
    | NetDefinition
    | FnDecl
    | SharedStatement
    | StreamStatement
    | RepeatStatement
    | Binding
    | FigureDecl
    | StyleDecl
    | ThemeDecl
    | WeightsDecl
    | Import
    | FromImport
)


@dataclass(frozen=True, slots=True)
class File(Syntax):
    """A whole text: its items in order; ``source`` also holds the comments, for the formatter."""

    source: Source = field(compare=False, repr=False)
    items: tuple[Item, ...]
