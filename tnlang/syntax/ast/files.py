"""Weights, imports, and the file itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from tnlang.source import Source
from tnlang.syntax.ast.figures import FigureDecl, StyleDecl, ThemeDecl
from tnlang.syntax.ast.statements import (
    Binding,
    Declaration,
    DimStatement,
    FnDecl,
    NetDecl,
    NetDefinition,
    RepeatStatement,
    SharedStatement,
    StreamStatement,
)
from tnlang.syntax.ast.terms import Bracket, Name, Path, Syntax, Text


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
