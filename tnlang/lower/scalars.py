"""Numbers that need no arrays: sizes, loop variables, and the functions of them."""

from __future__ import annotations

from collections.abc import Callable

from tnlang.ir.net import Bracket, Bubble, Node, Number, SizeNumber, Sum
from tnlang.ir.size import Size
from tnlang.lower.numbers import Arith, MathCall, Name, Num, Scalar, Total

_MATH = frozenset(["exp", "log", "sqrt", "sin", "cos", "tanh", "erf"])
_CMATH = _MATH - {"erf"}


def scalar_of(node: Node, size: Callable[[Size], Scalar]) -> Scalar | None:
    """The node as a number, if it is made of numbers alone."""
    match node:
        case Number(value):
            return number(value)
        case SizeNumber(of):
            return size(of)
        case Bracket(body=body, name=""):
            return scalar_sum(body, size)
        case Bubble(function=function, body=body, gates=(), options=options, name=""):
            argument = scalar_sum(body, size)
            return None if argument is None else _applied(function, argument, dict(options))
        case _:
            return None


def number(value: complex | float) -> Scalar:
    """A number as it is best written."""
    if isinstance(value, complex):
        return number(value.real) if value.imag == 0 else Num(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return Num(int(value))
    return Num(value)


def scalar_sum(body: Sum, size: Callable[[Size], Scalar]) -> Scalar | None:
    """A sum of products of numbers."""
    total: Scalar | None = None
    for term in body.terms:
        product: Scalar | None = None
        coefficient = number(term.coefficient)
        for node in term.nodes:
            divisor = divisor_of(node, size)
            factor = divisor if divisor is not None else scalar_of(node, size)
            if factor is None:
                return None
            if divisor is not None:
                product = Arith("/", Num(1) if product is None else product, divisor)
            else:
                product = factor if product is None else Arith("*", product, factor)
        product = coefficient if product is None else times(coefficient, product)
        total = product if total is None else plus(total, product)
    return total


def divisor_of(node: Node, size: Callable[[Size], Scalar]) -> Scalar | None:
    """The number that the node divides by, if it does."""
    match node:
        case Bubble(function="reciprocal", body=body, name=""):
            return scalar_sum(body, size)
        case _:
            return None


def times(left: Scalar, right: Scalar) -> Scalar:
    """The product, without factors of 1."""
    match left, right:
        case Num(1), _:
            return right
        case _, Num(1):
            return left
        case Num(a), Num(b) if isinstance(a, int) and isinstance(b, int):
            return Num(a * b)
    return Arith("*", left, right)


def plus(left: Scalar, right: Scalar) -> Scalar:
    """The sum, written as a difference where the second is negative."""
    match right:
        case Num(value) if isinstance(value, int | float) and value < 0:
            return Arith("-", left, Num(-value))
        case Arith("*", Num(-1), rest):
            return Arith("-", left, rest)
    return Arith("+", left, right)


def is_complex(scalar: Scalar) -> bool:
    """Whether the number has an imaginary part."""
    match scalar:
        case Num(value):
            return isinstance(value, complex)
        case Name():
            return False
        case Arith(left=left, right=right):
            return is_complex(left) or is_complex(right)
        case MathCall(complex=flag):
            return flag
        case Total():
            return False


def _applied(function: str, argument: Scalar, options: dict[str, float]) -> Scalar | None:
    if is_complex(argument):
        return MathCall(function, argument, complex=True) if function in _CMATH else None
    match function:
        case "reciprocal":
            return Arith("/", Num(1), argument)
        case "square":
            return Arith("**", argument, Num(2))
        case "power":
            return Arith("**", argument, number(options["exponent"]))
        case "rsqrt":
            return Arith("/", Num(1), MathCall("sqrt", argument))
        case "abs":
            return MathCall("fabs", argument)
        case _ if function in _MATH:
            return MathCall(function, argument)
        case _:
            return None
