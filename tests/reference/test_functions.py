"""The functions of the reference against torch, through programs; tables that must name every function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests import brute, meaning
from tnlang.elaborate import load_program
from tnlang.ir.functions import FUNCTIONS
from tnlang.reference import execute
from tnlang.reference.functions import ALONG, ELEMENTWISE
from tnlang.source import Source

Torch = Callable[[torch.Tensor], torch.Tensor]
X = np.array(
    [[[0.3, -1.2, 2.0, 0.7], [1.5, 0.1, -0.4, -2.2]], [[3.0, 2.0, 1.0, 0.5], [-1.0, -2.0, -3.0, 0.25]]]
)

ORACLES: dict[str, Torch] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "erf": torch.erf,
    "exp": torch.exp,
    "square": torch.square,
    "abs": torch.abs,
    "sign": torch.sign,
    "step": lambda x: torch.heaviside(x, torch.zeros((), dtype=x.dtype)),
    "sin": torch.sin,
    "cos": torch.cos,
    "reciprocal": torch.reciprocal,
    "conj": torch.conj,
    "real": lambda x: x,
    "imag": torch.zeros_like,
}
POSITIVE: dict[str, Torch] = {"log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt}
WITH_OPTIONS: dict[str, Torch] = {
    "leaky_relu(x, slope = 0.2)": lambda x: F.leaky_relu(x, 0.2),
    "leaky_relu(x)": F.leaky_relu,
    "clamp(x, min = -1, max = 0.5)": lambda x: x.clamp(-1, 0.5),
    "clamp(x, min = 0)": lambda x: x.clamp(min=0),
}
ALONG_D: dict[str, Torch] = {
    "softmax[d](x[b, a, d])": lambda x: x.softmax(-1),
    "softmax[a](x[b, a, d])": lambda x: x.softmax(-2),
    "log_softmax[d](x[b, a, d])": lambda x: x.log_softmax(-1),
    "layernorm[d](x[b, a, d])": lambda x: F.layer_norm(x, (4,)),
    "layernorm[d](x[b, a, d], eps = 0.1)": lambda x: F.layer_norm(x, (4,), eps=0.1),
    "rmsnorm[d](x[b, a, d], eps = 1e-5)": lambda x: F.rms_norm(x, (4,), eps=1e-5),
    "normalize[d](x[b, a, d])": lambda x: F.normalize(x, dim=-1),
    "cumsum[a](x[b, a, d])": lambda x: x.cumsum(-2),
    "argmax[d](x[b, a, d])": lambda x: F.one_hot(x.argmax(-1), 4).double(),
    "topk[d](x[b, a, d], k = 2)": lambda x: x.masked_fill(x < x.topk(2, -1).values[..., -1:], -torch.inf),
    "causal[a, d](x[b, a, d])": lambda x: x.masked_fill(torch.ones(2, 4).triu(1).bool(), -torch.inf),
}
ENDING: dict[str, Torch] = {
    "sum": lambda x: x.sum(-1),
    "prod": lambda x: x.prod(-1),
    "mean": lambda x: x.mean(-1),
    "var": lambda x: x.var(-1, correction=0),
    "std": lambda x: x.std(-1, correction=0),
    "max": lambda x: x.amax(-1),
    "min": lambda x: x.amin(-1),
    "logsumexp": lambda x: x.logsumexp(-1),
    "norm": lambda x: x.norm(dim=-1),
}


def value(expression: str, x: np.ndarray, legs: str = "[b, a, d]") -> np.ndarray:
    text = f"dim b = 2, a = 2, d = 4\ntensor x[b, a, d]\ny{legs} = {expression}\n"
    return execute(load_program(Source("f.tn", text)), "main", {"x": x}).outputs["y"]


@pytest.mark.parametrize("name", [*ORACLES, *POSITIVE])
def test_elementwise(name: str) -> None:
    x = np.abs(X) if name in POSITIVE else X
    oracle = (ORACLES | POSITIVE)[name]
    np.testing.assert_allclose(value(f"{name}(x[b, a, d])", x), oracle(torch.tensor(x)).numpy(), atol=1e-12)


@pytest.mark.parametrize("expression", WITH_OPTIONS)
def test_options(expression: str) -> None:
    found = value(expression.replace("(x", "(x[b, a, d]"), X)
    np.testing.assert_allclose(found, WITH_OPTIONS[expression](torch.tensor(X)).numpy(), atol=1e-12)


@pytest.mark.parametrize("expression", ALONG_D)
def test_functions_that_keep_their_leg(expression: str) -> None:
    np.testing.assert_allclose(value(expression, X), ALONG_D[expression](torch.tensor(X)).numpy(), atol=1e-12)


@pytest.mark.parametrize("name", ENDING)
def test_functions_that_end_their_leg(name: str) -> None:
    found = value(f"{name}[d](x[b, a, d])", X, "[b, a]")
    np.testing.assert_allclose(found, ENDING[name](torch.tensor(X)).numpy(), atol=1e-12)


def test_the_first_of_equals_is_the_maximum() -> None:
    ties = np.array([[[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]]] * 2)
    assert value("argmax[d](x[b, a, d])", ties)[0].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    kept = np.isfinite(value("topk[d](x[b, a, d], k = 1)", ties))
    assert kept[0].tolist() == [[False, True, False, False], [True, False, False, False]]


def test_joined_to_the_original_by_one_leg_the_inverse_is_a_wire() -> None:
    text = "dim n = 3\ntensor X[n, n]\nI[j, k] = X[j, m] inverse[k, m](X[k, m])\n"
    text += "J[m, k] = X[j, m] inverse[j, k](X[j, k])\n"
    X3 = np.random.default_rng(0).standard_normal((3, 3))
    outputs = execute(load_program(Source("i.tn", text)), "main", {"X": X3}).outputs
    np.testing.assert_allclose(outputs["I"], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(outputs["J"], np.eye(3), atol=1e-12)


def test_functions_of_complex_numbers() -> None:
    text = "tensor z[n: 3] complex\ny[n] = abs(z[n])\nr = norm[n](z[n])\n"
    text += "m[n] = conj(z[n]) z[n]\nv = var[n](z[n])\n"
    z = np.array([3 + 4j, 1j, -2.0])
    found = execute(load_program(Source("c.tn", text)), "main", {"z": z}).outputs
    np.testing.assert_allclose(found["y"], [5, 1, 2])
    np.testing.assert_allclose(found["r"], np.sqrt(30))
    np.testing.assert_allclose(found["m"], [25, 1, 4])
    np.testing.assert_allclose(found["v"], np.var(z))


def test_the_tables_name_every_function() -> None:
    gated = {name for name, f in FUNCTIONS.items() if f.gates == 1}
    plain = {name for name, f in FUNCTIONS.items() if f.gates == 0}
    assert set(ALONG) == gated
    assert set(ELEMENTWISE) | {"leaky_relu", "clamp", "power"} == plain
    tested = {text.partition("[")[0] for text in ALONG_D} | set(ENDING) | {"inverse"}
    assert tested == {name for name, f in FUNCTIONS.items() if f.gates}
    assert set(ORACLES) | set(POSITIVE) | {"leaky_relu", "clamp", "power"} == plain
    # brute force does without logarithms and roots of what may be negative, and without matrices
    assert set(brute.ELEMENTWISE) == plain - set(POSITIVE)
    assert set(brute.KEEPS) | set(brute.ENDS) == gated
    assert set(brute.ENDS) == meaning.ENDING
