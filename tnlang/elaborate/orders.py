"""The order in which a figure's steps contract a net: ``steps contract(net, order = "A B C")``."""

from __future__ import annotations

import re

from tnlang.elaborate.scope import Scope, near
from tnlang.syntax import ast

_NAME = re.compile(r"[^\s{]+(\{[^}]*\})?")


def ordered(value: ast.TransformValue) -> tuple[ast.TransformValue, ast.Text | None]:
    """What is contracted, and the text of the order; the value itself where it says no order."""
    match value:
        case ast.TransformValue(
            path=ast.Path(parts=(ast.PathPart(name=ast.Name(text="contract"), subs=()),)),
            arguments=(
                ast.TransformValue() as net,
                ast.TransformOption(name=ast.Name(text="order"), value=ast.Text() as text),
            ),
        ):
            return net, text
        case _:
            return value, None


def order_of(text: ast.Text | None) -> tuple[str, ...]:
    """The names of an order as written, subscripts with theirs."""
    return () if text is None else tuple(found[0] for found in _NAME.finditer(text.value))


def are_values(text: ast.Text, names: set[str], scope: Scope) -> bool:
    """Whether an order names at least two values, each once. Reports what is wrong."""
    order = order_of(text)
    for name in order:
        if name.partition("{")[0] not in names:
            hint = near(name.partition("{")[0], names)
            scope.diagnostics.error("TN902", f"the net has no value {name} to contract", text.span, hint=hint)
            return False
    twice = [name for name in order if order.count(name) > 1]
    if twice or len(order) < 2:
        message = f"the order names {twice[0]} twice" if twice else "an order names two tensors or more"
        scope.diagnostics.error("TN903", message, text.span, hint='`order = "A B C"`')
        return False
    return True
