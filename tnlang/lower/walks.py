"""Walks over expressions of the Plan: their parts, their variables, the same with other parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeGuard, get_args

from tnlang.lower.numbers import Item, Scalar
from tnlang.lower.plan import Expr, Var

_EXPRESSIONS = get_args(Expr)
_SCALARS = get_args(Scalar)


def is_scalar(expr: Expr | Item) -> TypeGuard[Scalar]:
    """Whether it is a number rather than an array."""
    return isinstance(expr, _SCALARS)


def parts(expr: Expr) -> Iterator[Expr]:
    """The expressions that an expression is made of."""
    for field in fields(expr):
        value = getattr(expr, field.name)
        if isinstance(value, _EXPRESSIONS):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, tuple) and len(item) == 2:
                    item = item[1]
                if isinstance(item, _EXPRESSIONS):
                    yield item


def names_in(expr: Expr) -> Iterator[str]:
    """The variables of an expression, as often as they stand in it."""
    if isinstance(expr, Var):
        yield expr.text
    for part in parts(expr):
        yield from names_in(part)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with each of its parts changed; itself where nothing changed."""

    def new(value: object) -> object:
        if isinstance(value, _EXPRESSIONS):
            return change(value)
        if not isinstance(value, tuple):
            return value
        items = tuple(map(item, value))
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items

    def item(old: object) -> object:
        match old:
            case (name, value) if isinstance(value, _EXPRESSIONS):
                made = change(value)
                return old if made is value else (name, made)
            case _:
                return change(old) if isinstance(old, _EXPRESSIONS) else old

    old = {field.name: getattr(expr, field.name) for field in fields(expr)}
    changed = {name: value for name, own in old.items() if (value := new(own)) is not own}
    return replace(expr, **changed) if changed else expr  # type: ignore[arg-type]
