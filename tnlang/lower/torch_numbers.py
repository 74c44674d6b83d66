"""Names and numbers of the Plan as Python code: what needs no array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tnlang.lower.names import LIBRARY
from tnlang.lower.numbers import Arith, MathCall, Name, Num, Scalar, Total

MARK = "\0"
"""Stands before the names of the library, so that a net's class of the same name can keep its own."""


def library(name: str) -> str:
    """A name of the module that gives way to a net's class."""
    assert name in LIBRARY, name
    return MARK + name


COMPARED, SUM, PRODUCT, UNARY, POWER, ATOM = 5, 10, 20, 30, 40, 50


@dataclass(frozen=True, slots=True)
class Code:
    """A text and how tightly it binds."""

    text: str
    level: int = ATOM

    def at(self, level: int) -> str:
        """The text, in brackets if it binds less than ``level``."""
        return self.text if self.level >= level else f"({self.text})"


_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "**": POWER}


def number(value: int | float | complex) -> Code:
    """A Python number."""
    if isinstance(value, complex):
        return (
            Code(repr(value)) if value.real else Code(f"{value.imag:g}j", UNARY if value.imag < 0 else ATOM)
        )
    if isinstance(value, float) and math.isinf(value):
        return Code("math.inf") if value > 0 else Code("-math.inf", UNARY)
    if isinstance(value, float) and value == math.pi:
        return Code("math.pi")
    if isinstance(value, float) and math.isnan(value):
        return Code("math.nan")
    return Code(repr(value), UNARY if value < 0 else ATOM)


def operation(op: str, left: Code, right: Code) -> Code:
    """``left op right`` with the brackets it needs."""
    level = _LEVELS[op]
    tight_right = level + 1 if op in ("-", "/", "//", "%") or (op == "*" and level > right.level) else level
    if op == "**":
        return Code(f"{left.at(POWER + 1)}**{right.at(ATOM)}", POWER)
    return Code(f"{left.at(level)} {op} {right.at(tight_right)}", level)


def scalar_code(scalar: Scalar) -> Code:
    """A number that needs no array."""
    match scalar:
        case Num(value):
            return number(value)
        case Name(text):
            return Code(text)
        case Arith("==", left, right):
            return Code(f"float({scalar_code(left).text} == {scalar_code(right).text})")
        case Arith("max", left, right):
            return Code(f"max({scalar_code(left).text}, {scalar_code(right).text})")
        case Arith("*", Num(-1), right):
            return Code(f"-{scalar_code(right).at(UNARY)}", UNARY)
        case Arith(op, left, right):
            return operation(op, scalar_code(left), scalar_code(right))
        case MathCall("str", argument):
            return Code(f"str({scalar_code(argument).text})")
        case MathCall(function, argument, is_complex):
            return Code(f"{'cmath' if is_complex else 'math'}.{function}({scalar_code(argument).text})")
        case Total(var, start, stop, body):
            return Code(f"sum({scalar_code(body).text} for {var} in {range_code(start, stop)})")


def text(scalar: Scalar) -> str:
    return scalar_code(scalar).text


def range_code(start: Scalar, stop: Scalar) -> str:
    """``range(layer)``."""
    return f"range({text(stop)})" if start == Num(0) else f"range({text(start)}, {text(stop)})"


def sizes_code(sizes: Sequence[Scalar]) -> str:
    """A shape as a tuple."""
    return f"({', '.join(map(text, sizes))}{',' if len(sizes) == 1 else ''})"


def repr_name(name: str) -> str:
    """A text as a Python string in double quotes."""
    quoted = repr(name)
    if quoted.startswith("'") and '"' not in quoted:
        return '"' + quoted[1:-1].replace("\\'", "'") + '"'
    return quoted
