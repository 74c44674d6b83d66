"""Names of the text that Python, PyTorch or the generated module has a use for itself."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

import tnlang
from tnlang.source import TnError, ValueMismatch

torch = pytest.importorskip("torch")

AWKWARD = ("legs", "Value", "Net", "torch", "super", "_modules", "_parameters", "lambda", "W'", "self", "T")


def same(
    text: str, net: str = "main", /, *, dims: dict[str, int] | None = None, **inputs: np.ndarray
) -> None:
    """NumPy, the fused path and the observed one agree."""
    program = tnlang.load(text, functions=True)
    handle = program.nets[net]
    module = handle.module(**(dims or {})).double()
    given = [inputs[name] for name in handle.input_names]
    parameters = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    wanted = program.at(dims or {}).nets[net].numpy(*given, **parameters)
    tensors = [torch.tensor(array) for array in given]
    for found in (module(*tensors), module.run_with_cache(*tensors)[0]):
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-12, atol=1e-12)


X = np.array([0.5, -1.0, 2.0])


@pytest.mark.parametrize("name", AWKWARD)
def test_a_tensor_of_the_file_reaches_called_nets(name: str):
    text = f"tensor {name}[i: 3]\nnet k(x[i: 3]) -> y[i: 3] {{ y[i] = x[i] {name}[i] }}\nq = k({name})"
    same(text, **{name: X})


@pytest.mark.parametrize("name", AWKWARD)
def test_a_dim_is_bound_by_its_name_in_the_text(name: str):
    body = f"param W[{name}, i: {name}]; y[o] = W[o, i] x[i] * {name}"
    text = f"dim {name} = 5\nnet m(x[{name}]) -> y[{name}] {{ {body} }}"
    same(text, "m", dims={name: 3}, x=X)


@pytest.mark.parametrize("name", AWKWARD)
def test_a_parameter_of_the_file_and_a_loop(name: str):
    same(f"param {name}[i: 3]\nnet m(x[i: 3]) -> y[i: 3] {{ y[i] = x[i] {name}[i] }}", "m", x=X)
    loop = f"stream s = x\nrepeat {name} in 1..3 {{ s = {name} s }}\ny = s }}"
    same(f"net m(x[i: 3]) -> y[i: 3] {{ {loop}", "m", x=X)


@pytest.mark.parametrize("name", [*(n for n in AWKWARD if n != "W'"), "x", "taken"])
def test_a_function_of_the_users(name: str, monkeypatch: pytest.MonkeyPatch):
    module = ModuleType("tn_review_functions")
    module.double = lambda x: 2 * x  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tn_review_functions", module)
    text = f'fn {name} = "tn_review_functions:double"\ntensor x[i: 3]\ny[i] = x[i] + {name}(x[i])'
    same(text, x=X)
    with pytest.raises(ValueMismatch, match="functions=True"):
        tnlang.load(text).nets["main"].module()


def test_functions_that_cannot_be():
    for text in ('fn relu = "a:b"', 'fn f = "class:b"', 'fn f = "a:def"', 'fn f = "a.b"'):
        with pytest.raises(TnError):
            tnlang.load(text + "\n")
    with pytest.raises(ValueMismatch, match="tn_review_nowhere"):
        program = tnlang.load('fn f = "tn_review_nowhere:f"\ntensor x\ny = f(x)', functions=True)
        program.nets["main"].module()


def test_sizes_that_are_none():
    handle = tnlang.load("dim n = 3\nparam W[n]\ny = W[i] W[i]").nets["main"]
    for size in (0, -3, 2.5):
        with pytest.raises(ValueMismatch, match="dim n"):
            handle.module(n=size)


@pytest.mark.parametrize("steps", [-7, -4, -3, 0, 5, 6, 10])
def test_shifts_past_the_end_leave_nothing(steps: int):
    same(f"tensor x[i: 4]\ny[i] = shift({steps})[i: 6, j] x[j]", x=np.arange(1.0, 5.0))
