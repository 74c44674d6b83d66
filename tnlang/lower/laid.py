"""Which parameters a body multiplies by as matrices, so that ``prepare`` can lay them out in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tnlang.lower.plan import CpuLinear, Expr, Flatten, Linear, Permute, Var
from tnlang.lower.steps import Body, expressions
from tnlang.lower.walks import parts


def matrices(body: Body, parameters: Collection[str]) -> tuple[tuple[str, int], ...]:
    """Which parameters are matrices wherever they are met, and how many of their first legs are the rows."""
    found: dict[str, set[int]] = {}
    for expr in (*expressions(body.steps), *body.result):
        for weight in _weights(expr):
            match _legs(weight):
                case Var(text, subs=()), rows if text.removeprefix("self.") in parameters:
                    found.setdefault(text.removeprefix("self."), set()).add(rows)
    return tuple((name, rows.pop()) for name, rows in found.items() if len(rows) == 1)


def _weights(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Linear | CpuLinear):
        yield expr.weight
    for part in parts(expr):
        yield from _weights(part)


def _legs(weight: Expr) -> tuple[Expr, int]:
    """An array that is a matrix as it stands or transposed, and how many of its legs are the rows."""
    match weight:
        case Permute(x, (1, 0)):
            return _legs(x)
        case Flatten(x, 0, last):
            return _inner(x), last + 1
        case Flatten(Var(rank=rank) as x, first, -1):
            return x, rank + first
    return weight, 1


def _inner(x: Expr) -> Expr:
    """What a matrix is of whose rows were joined."""
    match x:
        case Flatten(inner, _, -1):
            return inner
    return x
