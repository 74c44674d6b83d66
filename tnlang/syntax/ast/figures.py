"""Figures, the hints in them, styles and themes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tnlang.syntax.ast.statements import TransformValue
from tnlang.syntax.ast.terms import Expr, Name, Number, Path, Syntax, Text, Use

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
    """``unfold a, b``, ``fold a``, ``hide a``; ``ends l``, of the repeat over l."""

    kind: Literal["unfold", "fold", "hide", "ends"]
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
