"""Attention as one kernel: the softmax of scores, times values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tnlang.lower.numbers import All, Arith, MathCall, Name, NewAxis, Num, Scalar
from tnlang.lower.optimize.linear import Labels, flattened, permuted
from tnlang.lower.plan import (
    Along,
    Apply,
    Attention,
    Binary,
    Einsum,
    Equal,
    Expr,
    Index,
    Truth,
    UnflattenLike,
    Var,
)
from tnlang.lower.walks import is_scalar

See = Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True)
class Scores:
    """Products of queries and keys times ``scale``, plus ``mask``, none where a key is later if ``causal``.

    ``causal`` are the axes of queries and keys.
    """

    product: Einsum
    scale: Scalar
    mask: Expr | None = None
    causal: tuple[int, int] | None = None


def attention(expr: Expr, see: See) -> Expr | None:
    """The softmax of products of queries and keys, times values, summed over keys alone."""
    match expr:
        case Einsum((a, b), (left, right), (a_batched, b_batched), out):
            return _attended(a, left, b, right, b_batched, out, see) or _attended(
                b, right, a, left, a_batched, out, see
            )
    return None


def _attended(
    pattern: Expr, axes: Labels, values: Expr, given: Labels, batched: bool, out: Labels, see: See
) -> Expr | None:
    """``pattern`` [axes] times ``values`` [given] over ``out`` as one kernel, if the pattern is a softmax."""
    match see(pattern):
        case Along("softmax", inside, (along,)):
            scores = _scores(see(inside), see)
        case _:
            return None
    if scores is None or len(scores.product.out) != len(axes) or len(set(axes)) != len(axes):
        return None
    if scores.causal is not None and scores.causal[1] != along:
        return None
    key = axes[along]
    sides = _sides(scores, axes, key)
    if sides is None:
        return None
    (queries, of_query, q_batched), (keys, of_key, k_batched), query, summed = sides
    around = tuple(label for label in axes if label not in (query, key))
    gives = tuple(label for label in given if label not in axes)
    if key not in given or query in given or len(set(given)) != len(given):
        return None
    if sorted(out) != sorted((*around, query, *gives)):
        return None
    if scores.mask is not None and axes != (*around, query, key):
        return None
    if len(gives) > 1 and not isinstance(values, Var):
        return None
    if scores.mask is not None:
        scores = replace(scores, mask=_truth(scores.mask, see) or scores.mask)
    value = _laid(values, given, around, (key, *gives), batched)
    total: Expr = Attention(
        flattened(_laid(queries, of_query, around, (query, *summed), q_batched), len(summed)),
        flattened(_laid(keys, of_key, around, (key, *summed), k_batched), len(summed)),
        flattened(value, len(gives)) if gives else Index(value, (All(), NewAxis()), True),
        scores.scale,
        scores.mask,
        scores.causal is not None,
    )
    any_batched = batched or q_batched or k_batched or scores.mask is not None
    if len(gives) > 1:
        total = UnflattenLike(total, values, tuple(given.index(label) - len(given) for label in gives))
    elif not gives:
        total = Index(total, (Num(0),), True)
    return permuted(total, (*around, query, *gives), out, any_batched)


Side = tuple[Expr, Labels, bool]


def _sides(scores: Scores, axes: Labels, key: str) -> tuple[Side, Side, str, Labels] | None:
    """Queries and keys with their labels as in the pattern, the label of the query, and what is summed."""
    product = scores.product
    if len(product.operands) != 2 or len(set(product.out)) != len(product.out):
        return None
    names = dict(zip(product.out, axes, strict=True))
    first, second = product.labels
    inner = tuple(label for label in first if label in second and label not in names)
    if not inner or any(label not in names and label not in inner for label in (*first, *second)):
        return None
    names |= {label: f"{label} summed" for label in inner}
    found: list[Side] = [
        (operand, tuple(names[label] for label in labels), batched)
        for operand, labels, batched in zip(product.operands, product.labels, product.batched, strict=True)
    ]
    if any(len(set(labels)) != len(labels) for _, labels, _ in found):
        return None
    with_key = [side for side in found if key in side[1]]
    without = [side for side in found if key not in side[1]]
    if len(with_key) != 1:
        return None
    own = [label for label in axes if label in without[0][1] and label not in with_key[0][1]]
    if scores.causal is not None:
        own = [label for label in own if label == axes[scores.causal[0]]]
    return (without[0], with_key[0], own[-1], tuple(names[n] for n in inner)) if own else None


def _laid(x: Expr, axes: Labels, around: Labels, last: Labels, batched: bool) -> Expr:
    """The array with axes ``around``, of size 1 where it has none, before the others."""
    there = tuple(label for label in around if label in axes)
    turned = permuted(x, axes, (*there, *last), batched)
    if there == around:
        return turned
    items = tuple(All() if label in there else NewAxis() for label in around)
    return Index(turned, (*items, *(All() for _ in last)), batched)


def _scores(expr: Expr, see: See) -> Scores | None:
    """An expression as scores, whatever the order in which they are scaled and masked."""
    match expr:
        case Einsum():
            return Scores(expr, Num(1))
        case Along("causal", x, (query, key)):
            found = _scores(see(x), see)
            if found is None or found.causal not in (None, (query, key)):
                return None
            return replace(found, causal=(query, key))
        case Binary("*", factor, x) | Binary("*", x, factor) if is_scalar(factor):
            return _times(_scores(see(x), see), "*", factor)
        case Binary("/", x, factor) if is_scalar(factor):
            return _times(_scores(see(x), see), "/", factor)
        case Binary("+", left, right):
            for inside, mask in ((left, right), (right, left)):
                found = _scores(see(inside), see)
                if found is not None and not is_scalar(mask):
                    both = mask if found.mask is None else Binary("+", found.mask, mask)
                    return replace(found, mask=both)
    return None


def _truth(mask: Expr, see: See) -> Expr | None:
    """The logarithm of what is 0 or 1, times something positive, as truth values: where queries look."""
    match see(mask):
        case Apply("log", x):
            match see(x):
                case Equal() | Apply("step") as found:
                    return Truth(found)
        case Index(x, items, batched) if all(isinstance(item, All | NewAxis) for item in items):
            inside = _truth(x, see)
            return None if inside is None else Index(inside, items, batched)
        case Binary("*", factor, x) | Binary("/", x, factor) if is_scalar(factor) and _is_positive(factor):
            return _truth(x, see)
    return None


def _times(scores: Scores | None, op: str, factor: Expr) -> Scores | None:
    """Scores times or divided by a number; what is -inf stays so, if the number is positive."""
    assert is_scalar(factor) and op in ("*", "/")
    if scores is None or not _is_positive(factor):
        return None
    mask = scores.mask
    if op == "*":
        masked = None if mask is None else Binary("*", factor, mask)
        return replace(scores, scale=_product(scores.scale, factor), mask=masked)
    masked = None if mask is None else Binary("/", mask, factor)
    return replace(scores, scale=Arith("/", scores.scale, factor), mask=masked)


def _product(left: Scalar, right: Scalar) -> Scalar:
    return right if left == Num(1) else Arith("*", left, right)


def _is_positive(factor: Scalar) -> bool:
    """Whether a number is above 0 whatever the sizes, which are."""
    match factor:
        case Num(value):
            return not isinstance(value, complex) and value > 0
        case Name():
            return True
        case MathCall("sqrt", argument, complex=False):
            return _is_positive(argument)
        case Arith("+" | "*" | "/", left, right):
            return _is_positive(left) and _is_positive(right)
    return False
