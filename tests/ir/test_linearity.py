"""is_linear: against additivity and homogeneity on numbers, and what it says stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings

import tnlang
from tests.elaborate.notation import elaborated
from tests.strategies import Case, programs
from tnlang.cli import main
from tnlang.ir.linearity import linearity
from tnlang.ir.program import Program
from tnlang.reference import execute
from tnlang.source import ValueMismatch

GPT2 = Path(__file__).parents[2] / "examples" / "gallery" / "gpt2.tn"


def additive(
    program: Program,
    net: str,
    inputs: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    name: str,
) -> bool | None:
    """Whether a net is additive and homogeneous in one input, on these numbers; None where they overflow."""
    rng = np.random.default_rng(7)
    one = inputs[name]
    other = rng.normal(size=one.shape)

    def run(value: np.ndarray) -> np.ndarray:
        found = execute(program, net, {**inputs, name: value}, parameters).outputs
        return np.concatenate([array.ravel() for array in found.values()])

    a, b, both, scaled = run(one), run(other), run(one + other), run(-2.5 * one)
    if not all(np.isfinite(array).all() for array in (a, b, both, scaled)):
        return None
    size = max(1.0, *(float(np.abs(array).max(initial=0)) for array in (a, b, both, scaled)))
    close = {"atol": 1e-8 * size, "rtol": 0.0}
    return np.allclose(a + b, both, **close) and np.allclose(-2.5 * a, scaled, **close)


@settings(max_examples=60)
@given(programs())
def test_what_is_called_linear_is_additive_and_homogeneous(case: Case) -> None:
    program = elaborated(case.text)
    for name, array in case.inputs.items():
        if array.dtype.kind != "i" and linearity(program, program.net(case.net), [name]).is_linear:
            found = additive(program, case.net, case.inputs, case.parameters, name)
            assert found is not False, f"{name} of\n{case.text}"


BODIES = {
    "y[i] = W[i, j] x[j]": "linear",
    "y[i] = W[i, j] x[j] + b[i]": "not linear: a constant is added",
    "y[i] = b[i]": "not linear: constant",
    "y[i] = 0 b[i]": "linear",
    "y[i] = x[i] - x[i]": "linear",
    "y[i] = x[i] x[i]": "not linear: product in y",
    "y[i] = relu(x[i]) x[i]": "not linear: product in y, relu in y",
    "y[i] = relu(b[i]) x[i]": "linear",
    "y[i] = (x[i] / 2)^1": "linear",
    "y[i] = (x[i] / 2)^2": "not linear: power in y",
    "y[i] = b[i] / x[i]": "not linear: reciprocal in y",
    "y[i] = b[i] sum[j](x[j] W[i, j]) + cumsum[i](x[i]) - mean[k](x[k])": "linear",
    "y[i] = b[i] max[k](x[k])": "not linear: max in y",
    "h = tanh(x)\n y[i] = 0 h[i] + x[i]": "linear",
    "h = tanh(x)\n y[i] = softmax[i](h[i])": "not linear: tanh in h, softmax in y",
    "stream r = b\n r[i] -= b[i]\n y = r": "not linear: constant",
    "stream r = x\n repeat l in 0..3 { r[i] += W[i, j] r[j] }\n y = r": "linear",
    "stream r = x\n repeat l in 0..3 { r[i] = r[i] b[i] + b[i] }\n y = r": "not linear: a constant is added",
    "stream r = x\n repeat l in 0..3 { s = r; r[i] = r[i] s[i] }\n y = r": "not linear: product in r{0..3}",
    "stream r = b\n repeat l in 0..3 { r[i] = tanh(r[i]) }\n y[i] = r[i] x[i] + r{2}[i] x[i]": "linear",
    "stream r = b\n repeat l in 0..3 { r = x }\n y[i] = r{0}[i] x[i]": "not linear: product in y",
    "repeat l in 0..3 { h{l} = tanh(x) }\n y[i] = h{0}[i]": "not linear: tanh in h{0..3}",
    "a = f(x)\n y = a": "linear",
    "a = g(x)\n y = f(a)": "not linear: sigmoid in g.t",
    "a = g(b)\n y = f(x)": "linear",
    "y[i] = sum h in 0..3 { W[h, i] x[i] }": "linear",
}


@pytest.mark.parametrize("body", BODIES)
def test_what_is_said(body: str) -> None:
    text = f"""
    dim n = 3
    net f(x[n]) -> y[n] {{ param M[n, m: n]; y[i] = M[i, j] x[j] }}
    net g(x[n]) -> y[n] {{ t[i] = sigmoid(x[i]); y = t }}
    net main_net(x[n], b[n]) -> y[n] {{ param W[n, m: n]; {body} }}
    """
    if "sum h" in body:
        text = text.replace("W[n, m: n]; y[i] = sum", "W[h: 3, n]; y[i] = sum")
    program = elaborated(text)
    found = linearity(program, program.net("main_net"), ["x"])
    assert str(found) == BODIES[body]


def test_it_is_asked_of_nets_and_of_transforms() -> None:
    program = tnlang.load(GPT2)
    gpt2 = program.nets["gpt2"]
    assert not gpt2.is_linear() and gpt2.linearity().obstacles[0].span.line > 1
    frozen = gpt2.transform("freeze(A, *.scale)")
    assert str(frozen.linearity()) == "not linear: gelu_tanh in mlp{0..layer}.y"
    assert frozen.ir.note == "not linear in its inputs: gelu_tanh in mlp{0..layer}.y"
    one = gpt2.transform("freeze(A, ln_1.scale, ln_f.scale, mlp{3}.y)", "freeze(ln_2.scale)")
    assert one.ir.note == "not linear in its inputs: gelu_tanh in mlp{0..3}.y, gelu_tanh in mlp{4..layer}.y"
    last = gpt2.transform("freeze(A, scale, mlp.y)")
    assert last.ir.note == "" and str(last.linearity()) == "not linear: a constant is added"
    assert str(program.nets["attention"].linearity("W_V")) == "not linear: a constant is added"
    with pytest.raises(ValueMismatch, match="has no input, parameter or tensor z; there are x, "):
        program.nets["attention"].linearity("z")


def test_the_command_says_it() -> None:
    text = "dim n = 3\nnet f(x[n]) -> y[n] { y = tanh(x) }\nnet g(x[n]) -> y[n] { y = 2 x }\n"
    result = CliRunner().invoke(main, ["check", "-", "--linear", "x"], input=text)
    assert result.exit_code == 0
    assert result.stdout == "f, by x: not linear: tanh in y\ng, by x: linear\n"
    assert CliRunner().invoke(main, ["check", "-", "--linear", "z"], input=text).exit_code == 2
    frozen = CliRunner().invoke(main, ["transform", "-", "f", "freeze(y)"], input=text)
    assert frozen.exit_code == 0 and frozen.stderr == ""
