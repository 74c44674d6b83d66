"""Small programs that once went wrong: NumPy, the fused path and the observed one against the formula."""

from __future__ import annotations

import numpy as np
import pytest

import tnlang

torch = pytest.importorskip("torch")

X = np.array([0.5, -1.0, 2.0])
W9 = np.arange(9.0)

PROGRAMS = {
    "a stream at file level is an output": (
        "tensor x[i: 3]\nstream s = x\nrepeat l in 1..4 { s = l s }",
        {"x": X},
        6 * X,
    ),
    "a stream read before its last value is an output": (
        "tensor x[i: 3]\nstream s = x\nt = 2 s\ns += t",
        {"x": X},
        3 * X,
    ),
    "a stream that is read is none": ("tensor x[i: 3]\nstream s = x\ns += x\ny = 2 s", {"x": X}, 4 * X),
    "a slice that moves with a sum": (
        "tensor W[a: 9]\ny[i] = sum l in 0..3 { W[i: 3*l..3*l+3] }",
        {"W": W9},
        W9.reshape(3, 3).sum(0),
    ),
    "a slice between multiples": (
        "dim b = 3\ntensor W[a: 9]\ny[i] = sum l in 0..3 { W[i: b*l..b*(l+1)] + W[i: l*b..(l+1)*b] }",
        {"W": W9},
        2 * W9.reshape(3, 3).sum(0),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_means_its_formula(name: str):
    text, inputs, wanted = PROGRAMS[name]
    handle = tnlang.load(text).nets["main"]
    module = handle.module().double()
    tensors = [torch.tensor(inputs[n]) for n in handle.input_names]
    found = [handle.numpy(**inputs), module(*tensors).numpy(), module.run_with_cache(*tensors)[0].numpy()]
    for each in found:
        np.testing.assert_allclose(each, wanted, rtol=1e-12)
