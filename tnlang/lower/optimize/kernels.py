"""What PyTorch has as one operation: biases, norms with gain and shift, entries picked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tnlang.lower.numbers import All, NewAxis, Num
from tnlang.lower.optimize.linear import Labels
from tnlang.lower.plan import (
    Along,
    Apply,
    Binary,
    Einsum,
    Equal,
    Expr,
    Flatten,
    Index,
    Linear,
    LogProbability,
    Lookup,
    Normed,
    Range,
    TakeAlong,
    UnflattenLike,
    Var,
)
from tnlang.lower.walks import is_scalar

See = Callable[[Expr], Expr]


def biased(expr: Expr) -> Expr | None:
    """An array over the legs that ``linear`` gives, added to it, is its bias."""
    match expr:
        case Binary("+", left, right):
            return _biased(left, right) or _biased(right, left)
    return None


def _biased(mapped: Expr, bias: Expr) -> Expr | None:
    match mapped:
        case Linear(x, weight, None):
            return Linear(x, weight, bias) if _is_vector(bias) else None
        case UnflattenLike(Linear(x, weight, None), _, axes):
            flat = _flat(bias, tuple(range(-len(axes), 0)))
            return None if flat is None else replace(mapped, x=Linear(x, weight, flat))
        case Einsum((UnflattenLike(Linear(), _, axes) as inner,), (labels,), _, out):
            if len(set(labels)) != len(out):
                return None
            places = tuple(out.index(label) - len(out) for label in labels[-len(axes) :])
            match inner.x:
                case Linear(x, weight, None) if (flat := _flat(bias, places)) is not None:
                    return replace(mapped, operands=(replace(inner, x=Linear(x, weight, flat)),))
    return None


def _flat(bias: Expr, places: tuple[int, ...]) -> Expr | None:
    """A parameter that stands on exactly these axes, counted from the end, as a vector."""
    array, items = (bias.x, bias.items) if isinstance(bias, Index) else (bias, ())
    if not isinstance(array, Var) or array.batched:
        return None
    on = list(range(-array.rank, 0))
    if items:
        if not all(isinstance(item, All | NewAxis) for item in items):
            return None
        on = [place - len(items) for place, item in enumerate(items) if isinstance(item, All)]
    return Flatten(array, 0, len(places) - 1) if tuple(on) == places else None


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


def ordered(expr: Expr, see: See) -> Expr | None:
    """Positions that are compared by the step of their difference are compared as whole numbers."""
    match expr:
        case Apply("step", x):
            terms = list(_terms(x, 1, see))
            arrays = [(sign, _positions(term, see)) for sign, term in terms if not isinstance(term, Num)]
            more = sum(sign * term.value for sign, term in terms if isinstance(term, Num))
            match sorted(arrays, key=lambda pair: pair[0]):
                case [(-1, low), (1, high)] if low is not None and high is not None:
                    return Equal("<=", low, high) if isinstance(more, float) and 0 < more < 1 else None
    return None


def _terms(expr: Expr, sign: int, see: See) -> Iterator[tuple[int, Expr]]:
    """The terms of a sum with their signs."""
    match see(expr):
        case Binary("+" | "-" as op, left, right):
            yield from _terms(left, sign, see)
            yield from _terms(right, sign if op == "+" else -sign, see)
        case Binary("*", Num(-1), x):
            yield from _terms(x, -sign, see)
        case _:
            yield sign, expr


def _positions(expr: Expr, see: See) -> Expr | None:
    """Positions that are numbers to compute with, as whole numbers."""
    match see(expr):
        case Range(stop):
            return Range(stop, positions=True)
        case Lookup(indices, Range(), 1):
            return indices
        case Index(x, items, batched):
            inside = _positions(x, see)
            return None if inside is None else Index(inside, items, batched)
    return None


def cross_entropy(expr: Expr, see: See) -> Expr | None:
    """Entries of the logarithm of a softmax along the last axis, picked by one-hot values."""
    match expr:
        case Apply("log", x):
            match see(x):
                case Along("softmax", inside, axes):
                    return Along("log_softmax", inside, axes)
        case TakeAlong(x, indices):
            match see(x):
                case Along("log_softmax", inside, (-1,)):
                    return LogProbability(inside, indices)
                case Einsum((turned,), (labels,), batched, out):
                    match see(turned):
                        case Along("log_softmax", inside, (axis,)) if labels[axis] == out[-1]:
                            return LogProbability(_turned(inside, labels, batched, out), indices)
    return None


def _turned(x: Expr, labels: Labels, batched: tuple[bool, ...], out: Labels) -> Expr:
    """The array with its axes in another order; as it was, if it was turned just for this."""
    match x:
        case Einsum((inner,), (before,), _, after) if len(after) == len(before):
            place = dict(zip(labels, after, strict=True))
            if tuple(place[label] for label in out) == before:
                return inner
    return Einsum((x,), (labels,), batched, out)


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


def _is_vector(expr: Expr) -> bool:
    return isinstance(expr, Var) and expr.rank == 1 and not expr.batched
