"""Declarations, statements, nets, transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tnlang.syntax.ast.terms import (
    Arith,
    Bracket,
    Expr,
    Int,
    Loops,
    Name,
    Named,
    Number,
    Path,
    Sub,
    Syntax,
    Text,
)

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
    """``attention{0}.y -> attention{1}.Q``; a longer chain names what lies on the way."""

    values: tuple[TransformValue, ...]


@dataclass(frozen=True, slots=True)
class TransformValue(Syntax):
    """``freeze(model, A)``, a path of a net or of a value; ``arguments`` is None for a bare path.

    ``entries`` are the brackets of a value: ``z[3, q, s]``. ``caption`` is the text after a net.
    """

    path: Path
    arguments: tuple[TransformValue | TransformArrow | TransformOption, ...] | None = None
    entries: Bracket | None = None
    caption: Text | None = None


@dataclass(frozen=True, slots=True)
class NetDefinition(Syntax):
    """``net frozen = freeze(model, A)``."""

    name: Name
    value: TransformValue
