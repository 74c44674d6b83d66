"""Values for which a net has no result, and one-hot values handed on."""

from __future__ import annotations

import numpy as np
import pytest

import tnlang
from tnlang.source import ValueMismatch

INVERSE = "net m(A[i: 2, j: 2]) -> B[i: 2, j: 2] { B[i, j] = inverse[i, j](A[i, j]) }"
LOOKUP = "dim V = 5\nnet e(t[p: 3, V] onehot) -> y[p: 3] { y[p] = t[p, 1] }\n"


def test_a_singular_matrix_is_said_to_be_one():
    net = tnlang.load(INVERSE).nets["m"]
    with pytest.raises(ValueMismatch, match="singular"):
        net.numpy(A=np.ones((2, 2)))
    np.testing.assert_allclose(net.numpy(A=np.diag([2.0, 4.0])), np.diag([0.5, 0.25]))


def test_a_one_hot_input_is_handed_on():
    torch = pytest.importorskip("torch")
    net = tnlang.load(LOOKUP + "net m(t[p: 3, V] onehot) -> y[p: 3] { y = e(t) }").nets["m"]
    tokens = np.array([1, 0, 1])
    assert net.numpy(t=tokens).tolist() == [1, 0, 1]
    assert net.module()(torch.tensor(tokens)).tolist() == [1, 0, 1]


COMPLEX = {
    "1j": "net m() -> y { y = 1j }",
    "a sum": "net m() -> y { y = 1j * 1j + sqrt(1j) }",
    "along a leg": "net m() -> y[i: 3] { y[i] = 2j ones[i] }",
    "of a net called": "net k() -> z { z = 1j }\nnet m() -> y[i: 3] { z = k(); y[i] = z index[i] }",
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_alone_make_a_complex_array(name: str):
    pytest.importorskip("torch")
    net = tnlang.load(COMPLEX[name]).nets["m"]
    found = net.module().double()()
    assert found.is_complex()
    np.testing.assert_allclose(found.numpy(), net.numpy(), rtol=1e-12)
