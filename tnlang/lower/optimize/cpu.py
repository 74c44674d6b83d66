"""Kernels of the CPU: products with a matrix, with what follows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tnlang.lower.plan import Apply, Binary, CpuLinear, Expr, Linear, Together
from tnlang.lower.walks import is_scalar

FUNCTIONS = ("gelu", "gelu_tanh", "relu", "silu", "sigmoid", "tanh")
"""What oneDNN applies to a product."""

See = Callable[[Expr], Expr]


def cpu_linear(expr: Expr, see: See) -> Expr | None:
    """``linear`` by oneDNN where that is faster, with the function of it and what it is added to."""
    match expr:
        case Linear(x, weight, bias):
            return CpuLinear(x, weight, bias)
        case Together(cpu=False):
            return replace(expr, cpu=True)
        case Apply(function, x, ()) if function in FUNCTIONS:
            match see(x):
                case CpuLinear(function="none", base=None) as product:
                    return replace(product, function=function)
        case Binary("+", left, right):
            for one, base in ((see(right), left), (see(left), right)):
                if isinstance(one, CpuLinear) and one.base is None and not is_scalar(base):
                    return replace(one, base=base)
    return None
