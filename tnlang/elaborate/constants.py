"""Numbers that are known when the text is read: values of consts, options of functions."""

from __future__ import annotations

import cmath
import math

from tnlang.elaborate.arithmetic import find_scalar, path_text
from tnlang.elaborate.scope import Scope
from tnlang.syntax import ast


def constant(expr: ast.Expr, scope: Scope) -> int | float | complex | None:
    """The number that an expression of numbers stands for; None where it is none (not reported)."""
    match expr:
        case ast.Number(value=value):
            return value
        case ast.Use(path=path, bracket=None):
            text = path_text(path)
            known = find_scalar(path, scope)
            return known.number if known is not None else {"pi": math.pi, "inf": math.inf}.get(text)
        case ast.Parens(inner=ast.Named(value=inner, name=None), bracket=None, caption=None):
            return constant(inner, scope)
        case ast.Call(gates=None, bracket=None, arguments=(ast.Argument(value=ast.Named(value=inner)),)):
            operand = constant(inner, scope)
            return None if operand is None else _function(path_text(expr.path), operand)
        case ast.Sum(terms=terms):
            values = [constant(term.value, scope) for term in terms]
            signs = [-1 if term.sign == "-" else 1 for term in terms]
            found = [v for v in values if v is not None]
            return (
                sum(s * v for s, v in zip(signs, found, strict=True)) if len(found) == len(values) else None
            )
        case ast.Product(factors=factors):
            product: int | float | complex = 1
            for factor in factors:
                one = constant(factor, scope)
                if one is None:
                    return None
                product *= one
            return product
        case ast.Quotient(numerator=above, denominator=below):
            a, b = constant(above, scope), constant(below, scope)
            return None if a is None or b is None or b == 0 else a / b
        case ast.Power(base=base, exponent=ast.Number(value=exponent)):
            root = constant(base, scope)
            return None if root is None or abs(root) > 1e9 or abs(exponent) > 64 else root**exponent
    return None


def _function(name: str, operand: int | float | complex) -> int | float | complex | None:
    functions = {"sqrt": cmath.sqrt, "exp": cmath.exp, "log": cmath.log, "cos": cmath.cos, "sin": cmath.sin}
    if name not in functions:
        return None
    try:
        value = functions[name](operand)
    except (ValueError, OverflowError):
        return None
    return value.real if value.imag == 0 and not isinstance(operand, complex) else value
