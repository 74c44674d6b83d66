"""Peephole rules of the Plan: what PyTorch has as one operation is one operation.

A rule is a function from an expression to a better one of the same value, or None. ``RULES`` are tried on
every expression, inner ones first, until none applies. Rules for whole patterns (attention as one kernel)
belong here too.
"""

from __future__ import annotations

from collections.abc import Callable

from tnlang.lower.plan import (
    All,
    Along,
    Apply,
    Binary,
    Einsum,
    Expr,
    Index,
    Linear,
    NewAxis,
    Normed,
    Var,
    is_scalar,
    rebuild,
)


def linear(expr: Expr) -> Expr | None:
    """A matrix [out, in] times the last axis of something is ``linear``."""
    match expr:
        case Einsum(operands=(a, b), labels=(left, right), batched=batched, out=out):
            for weight, x, weight_axes, x_axes, fixed in (
                (a, b, left, right, not batched[0]),
                (b, a, right, left, not batched[1]),
            ):
                if (
                    fixed
                    and isinstance(weight, Var)
                    and len(weight_axes) == 2
                    and x_axes[-1:] == weight_axes[1:]
                    and out == (*x_axes[:-1], weight_axes[0])
                    and weight_axes[0] not in x_axes
                    and len(set(x_axes)) == len(x_axes)
                ):
                    return Linear(x, weight)
    return None


def biased(expr: Expr) -> Expr | None:
    """A vector added to ``linear`` is its bias."""
    match expr:
        case Binary("+", Linear(x, weight, None), bias) | Binary("+", bias, Linear(x, weight, None)):
            return Linear(x, weight, bias) if _is_vector(bias) else None
    return None


def normed(expr: Expr) -> Expr | None:
    """layernorm and rmsnorm along the last axis."""
    match expr:
        case Along("layernorm" | "rmsnorm" as function, x, (-1,), (("eps", eps),)):
            return Normed(function, x, eps)
    return None


def gain(expr: Expr) -> Expr | None:
    """A vector times a norm is its gain."""
    match expr:
        case Binary("*", Normed(gain=None, bias=None) as norm, vector) | Binary(
            "*", vector, Normed(gain=None, bias=None) as norm
        ):
            return Normed(norm.function, norm.x, norm.eps, vector) if _is_vector(vector) else None
    return None


def shift(expr: Expr) -> Expr | None:
    """A vector added to a layernorm with gain is its bias."""
    match expr:
        case Binary("+", Normed("layernorm", x, eps, weight, None), vector) | Binary(
            "+", vector, Normed("layernorm", x, eps, weight, None)
        ):
            if weight is not None and _is_vector(vector):
                return Normed("layernorm", x, eps, weight, vector)
    return None


def rsqrt(expr: Expr) -> Expr | None:
    """1 / sqrt(x) is one function."""
    match expr:
        case Apply("reciprocal", Apply("sqrt", x)):
            return Apply("rsqrt", x)
    return None


def picked(expr: Expr) -> Expr | None:
    """Entries picked one after another are picked at once."""
    match expr:
        case Index(Index(x, first, _), second, batched):
            if all(isinstance(item, All) or is_scalar(item) for item in first):
                left = iter(second)
                if sum(isinstance(item, All) for item in first) == len(second) and not any(
                    isinstance(item, NewAxis) for item in second
                ):
                    return Index(x, tuple(next(left) if isinstance(i, All) else i for i in first), batched)
    return None


Rule = Callable[[Expr], Expr | None]
RULES: tuple[Rule, ...] = (linear, biased, normed, gain, shift, rsqrt, picked)


def fused(expr: Expr, rules: tuple[Rule, ...] = RULES) -> Expr:
    """The expression with the rules applied wherever they fit."""
    expr = rebuild(expr, lambda part: fused(part, rules))
    for rule in rules:
        better = rule(expr)
        if better is not None:
            return fused(better, rules)
    return expr


def _is_vector(expr: Expr) -> bool:
    return isinstance(expr, Var) and expr.rank == 1 and not expr.batched
