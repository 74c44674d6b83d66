"""Closed scalars as formulas: ``1 / sqrt(head_size)`` is written, not drawn."""

from __future__ import annotations

from collections.abc import Iterable

from tnlang.draw.view import names
from tnlang.ir.net import Bracket, Bubble, Node, Number, SizeNumber, Sum, Term
from tnlang.ir.size import show
from tnlang.ir.walk import children


def is_scalar(node: Node) -> bool:
    """Whether a node is built of numbers alone."""
    match node:
        case Number() | SizeNumber():
            return True
        case Bubble() | Bracket():
            return all(is_scalar(n) for body in children(node) for t in body.terms for n in t.nodes)
        case _:
            return False


def product(nodes: Iterable[Node], coefficient: complex = 1) -> str:
    """The formula of a product of closed scalars; reciprocals go below a fraction's line. "" for 1."""
    above, below = [], []
    sign = ""
    match coefficient:
        case 1:
            pass
        case -1:
            sign = "-"
        case _:
            above.append(names.number(coefficient))
    for node in nodes:
        match node:
            case Bubble(function="reciprocal", body=body):
                below.append(_total(body))
            case _:
                above.append(_formula(node))
    above = [factor for factor in above if factor != "1"]
    top = r"\,".join(above)
    if below:
        return sign + r"\frac{" + (top or "1") + "}{" + r"\,".join(below) + "}"
    return sign + top if top else (sign + "1" if sign else "")


def told(nodes: Iterable[Node], coefficient: complex = 1) -> str:
    """The product in words, as a title has it: ``(number 1 * reciprocal(sqrt(head_size)))``."""
    return f"(number {_told_product(nodes, coefficient)})"


def _told_product(nodes: Iterable[Node], coefficient: complex) -> str:
    return " * ".join([_told_number(coefficient), *map(_told_node, nodes)])


def _told_number(value: complex) -> str:
    plain = complex(value)
    return repr(plain if plain.imag else plain.real)


def _told_node(node: Node) -> str:
    match node:
        case Number(value=value):
            return _told_number(value)
        case SizeNumber(size=size):
            return show(size)
        case Bracket(body=body):
            return f"({_told_sum(body)})"
        case Bubble(function=function, body=body, options=options):
            given = "".join(f", {name}={value!r}" for name, value in options)
            return f"{function}({_told_sum(body)}{given})"
        case _:
            raise AssertionError(node)


def _told_sum(body: Sum) -> str:
    return " + ".join(_told_product(term.nodes, term.coefficient) for term in body.terms) or "0"


def _formula(node: Node) -> str:
    match node:
        case Number(value=value, text=text):
            return names.number(value, text)
        case SizeNumber(size=size):
            return names.size(size)
        case Bracket(body=Sum(terms=(_,)) as body):
            return _total(body)
        case Bracket(body=body):
            return "(" + _total(body) + ")"
        case Bubble(function="sqrt", body=body):
            return r"\sqrt{" + _total(body) + "}"
        case Bubble(function="power", body=body):
            return "(" + _total(body) + ")^{" + names.number(dict(node.options).get("exponent", 2)) + "}"
        case Bubble(function="square", body=body):
            return "(" + _total(body) + ")^{2}"
        case Bubble(body=body):
            return names.badge(node) + "(" + _total(body) + ")"
        case _:
            raise AssertionError(node)


def _total(body: Sum) -> str:
    parts = [_term(term) for term in body.terms]
    text = parts[0] if parts else "0"
    for part in parts[1:]:
        text += part if part.startswith("-") else "+" + part
    return text


def _term(term: Term) -> str:
    return product(term.nodes, term.coefficient) or "1"
