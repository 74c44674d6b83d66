"""Leaves of expressions: special tensors, and uses whose legs a mistake hides."""

from __future__ import annotations

from tnlang.elaborate.drafts import DraftIx, Factor, Leaf
from tnlang.elaborate.scope import Scope
from tnlang.ir.net import Origin, Special, SpecialKind, Tensor
from tnlang.ir.size import Size
from tnlang.source import Span

SPECIAL_LEGS: dict[str, tuple[int, int]] = {
    "delta": (1, 1000),
    "ones": (1, 1000),
    "basis": (1, 1),
    "shift": (2, 2),
    "index": (1, 1),
    "tril": (2, 2),
    "levi": (2, 1000),
}
"""How many legs each special tensor may have, from and to."""


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def broken_leaf(title: str, node: Tensor | Special, legs: tuple[DraftIx, ...], span: Span) -> Leaf:
    names = tuple(str(i + 1) for i in range(len(legs)))
    return Leaf(title, node, legs, (None,) * len(legs), names, span, broken=True)


def special_leaf(
    name: str, at: Size | None, legs: tuple[DraftIx, ...], span: Span, scope: Scope
) -> list[Factor] | None:
    low, high = SPECIAL_LEGS[name]
    if not low <= len(legs) <= high:
        wanted = counted(low, "leg") if low == high else f"at least {counted(low, 'leg')}"
        scope.diagnostics.error("TN300", f"{name} has {wanted}, {len(legs)} given", span)
        return None
    kind: SpecialKind = name  # type: ignore[assignment]
    node = Special(kind, (), at, origin=Origin(span))
    size: Size | None = len(legs) if name == "levi" else None
    names = tuple(str(i + 1) for i in range(len(legs)))
    return [Leaf(name, node, legs, (size,) * len(legs), names, span)]
