"""Walks over expressions of the Plan: their parts, their variables, the same with other parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeGuard, get_args

from tnlang.lower.numbers import Item, Scalar
from tnlang.lower.plan import Expr, Var

_SCALARS = frozenset(get_args(Scalar))
_ARRAYS = frozenset(get_args(Expr)) - _SCALARS
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Expr)}


def is_scalar(expr: Expr | Item) -> TypeGuard[Scalar]:
    """Whether it is a number rather than an array."""
    return type(expr) in _SCALARS


def _is_array(value: object) -> TypeGuard[Expr]:
    return type(value) in _ARRAYS


def parts(expr: Expr) -> Iterator[Expr]:
    """The arrays that an expression is made of."""
    for name in _FIELDS[type(expr)]:
        value = getattr(expr, name)
        if _is_array(value):
            yield value
        elif type(value) is tuple:
            for item in value:
                if type(item) is tuple and len(item) == 2:
                    item = item[1]
                if _is_array(item):
                    yield item


def names_in(expr: Expr) -> Iterator[str]:
    """The variables of an expression, as often as they stand in it."""
    if isinstance(expr, Var):
        yield expr.text
    for part in parts(expr):
        yield from names_in(part)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with each of the arrays in it changed; itself where nothing changed."""

    def new(value: object) -> object:
        if _is_array(value):
            return change(value)
        if type(value) is not tuple:
            return value
        items = tuple([item(old) for old in value])
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items

    def item(old: object) -> object:
        if type(old) is tuple and len(old) == 2 and _is_array(old[1]):
            made = change(old[1])
            return old if made is old[1] else (old[0], made)
        return change(old) if _is_array(old) else old

    changed = {
        name: value for name in _FIELDS[type(expr)] if (value := new(own := getattr(expr, name))) is not own
    }
    return replace(expr, **changed) if changed else expr  # type: ignore[arg-type]
