"""What the functions of the language do to NumPy arrays, each by its definition.

An array's ``axes`` are those of the legs the function works along, in the order of the brackets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnlang.source import ValueMismatch

Array = NDArray[Any]
Elementwise = Callable[[Array], Array]
Along = Callable[[Array, int, Mapping[str, float]], Array]

_erf = np.frompyfunc(math.erf, 1, 1)


def apply(name: str, x: Array, axes: tuple[int, ...], options: Mapping[str, float]) -> Array:
    """The function of that name; one that ends its leg leaves the axis out. Raises KeyError."""
    match name, axes:
        case "leaky_relu", ():
            return np.where(x > 0, x, options["slope"] * x)
        case "clamp", ():
            return np.clip(x, options["min"], options["max"])
        case "power", ():
            return np.power(x, options["exponent"])
        case "causal", (query, key):
            return causal(x, query, key)
        case "inverse", (row, column):
            return inverse(x, row, column)
        case _, (axis,):
            return ALONG[name](x, axis, options)
    return ELEMENTWISE[name](x)


def erf(x: Array) -> Array:
    """The error function of real numbers."""
    return np.asarray(_erf(x), dtype=np.float64)


def gelu_tanh(x: Array) -> Array:
    """The approximation that GPT-2 uses (Hendrycks and Gimpel 2016)."""
    inside: Array = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return np.asarray(0.5 * x * (1 + np.tanh(inside)))


ELEMENTWISE: dict[str, Elementwise] = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(x, 0),
    "erf": erf,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda x: (x > 0).astype(np.float64),
    "sin": np.sin,
    "cos": np.cos,
    "real": np.real,
    "imag": np.imag,
    "conj": np.conj,
}


def softmax(x: Array, axis: int) -> Array:
    """exp over its sum along the axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def logsumexp(x: Array, axis: int) -> Array:
    """log of the sum of exp, the axis kept with length 1."""
    top = x.max(axis, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0)
    return np.asarray(np.log(np.exp(x - shift).sum(axis, keepdims=True)) + shift)


def variance(x: Array, axis: int, keepdims: bool) -> Array:
    """The mean square distance from the mean: divided by n."""
    return np.asarray((np.abs(x - x.mean(axis, keepdims=True)) ** 2).mean(axis, keepdims=keepdims))


def layernorm_scale(x: Array, axis: int, eps: float) -> Array:
    """What a layernorm divides by, inverted: 1 / sqrt(var + eps), the axis kept with length 1."""
    return np.asarray(1 / np.sqrt(variance(x, axis, keepdims=True) + eps))


def rmsnorm_scale(x: Array, axis: int, eps: float) -> Array:
    """What an rmsnorm divides by, inverted: 1 / sqrt(mean square + eps), the axis kept with length 1."""
    return np.asarray(1 / np.sqrt((np.abs(x) ** 2).mean(axis, keepdims=True) + eps))


def argmax(x: Array, axis: int) -> Array:
    """1 at the first maximum, 0 elsewhere."""
    first = np.expand_dims(x.argmax(axis), axis)
    found = np.zeros(x.shape)
    np.put_along_axis(found, first, 1.0, axis)
    return found


def topk(x: Array, axis: int, k: int) -> Array:
    """The k largest (the earlier of equals) stay, the others become -inf."""
    order = np.argsort(-x, axis, kind="stable")
    chosen = np.take(order, np.arange(min(k, x.shape[axis])), axis)
    found = np.full(x.shape, -np.inf)
    np.put_along_axis(found, chosen, np.take_along_axis(x, chosen, axis), axis)
    return found


def causal(x: Array, query: int, key: int) -> Array:
    """-inf where the key comes after the query."""
    along = [
        np.arange(x.shape[a]).reshape([-1 if b == a else 1 for b in range(x.ndim)]) for a in (query, key)
    ]
    return np.where(along[1] > along[0], -np.inf, x)


def inverse(x: Array, row: int, column: int) -> Array:
    """Y with sum over m of X[j, m] Y[n, m] the identity: joined to X by one leg it is a wire."""
    matrices = np.moveaxis(x, (row, column), (-2, -1))
    try:
        inverted = np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        raise ValueMismatch("inverse: the matrix is singular, so it has no inverse") from None
    return np.moveaxis(np.swapaxes(inverted, -1, -2), (-2, -1), (row, column))


ALONG: dict[str, Along] = {
    "softmax": lambda x, axis, _: softmax(x, axis),
    "log_softmax": lambda x, axis, _: x - logsumexp(x, axis),
    "normalize": lambda x, axis, _: x / np.linalg.norm(x, axis=axis, keepdims=True),
    "cumsum": lambda x, axis, _: x.cumsum(axis),
    "argmax": lambda x, axis, _: argmax(x, axis),
    "layernorm": lambda x, axis, options: (
        (x - x.mean(axis, keepdims=True)) * layernorm_scale(x, axis, options["eps"])
    ),
    "rmsnorm": lambda x, axis, options: x * rmsnorm_scale(x, axis, options["eps"]),
    "topk": lambda x, axis, options: topk(x, axis, int(options["k"])),
    "sum": lambda x, axis, _: x.sum(axis),
    "prod": lambda x, axis, _: x.prod(axis),
    "mean": lambda x, axis, _: x.mean(axis),
    "var": lambda x, axis, _: variance(x, axis, keepdims=False),
    "std": lambda x, axis, _: np.sqrt(variance(x, axis, keepdims=False)),
    "max": lambda x, axis, _: x.max(axis),
    "min": lambda x, axis, _: x.min(axis),
    "logsumexp": lambda x, axis, _: logsumexp(x, axis).squeeze(axis),
    "norm": lambda x, axis, _: np.linalg.norm(x, axis=axis),
}

SCALES: dict[str, Callable[[Array, int, float], Array]] = {
    "layernorm": layernorm_scale,
    "rmsnorm": rmsnorm_scale,
}
"""The functions that have an implicit value ``scale``."""
