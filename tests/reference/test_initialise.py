"""Seeded parameters and inputs have what they were declared with."""

from __future__ import annotations

import numpy as np
import pytest

from tnlang.elaborate import load_program
from tnlang.ir.net import Property
from tnlang.ir.program import Program
from tnlang.reference import deviation, initialise, parameters_of, random_inputs
from tnlang.source import Source, TnError, ValueMismatch


def program(text: str) -> Program:
    return load_program(Source("t.tn", text))


INITS = program(
    """
dim n = 60, m = 50
param A[n, m], B[n, m] ~ normal(0.5), C[n, m] ~ uniform(-1, 3), D[n] ~ ones, E[n] ~ zeros, F[n, m] complex
net f() -> y[n, m] { y[i, j] = A[i, j] + B[i, j] + C[i, j] + D[i] + E[i] + F[i, j] }
"""
)


def test_each_start_is_what_it_says() -> None:
    made = initialise(INITS, "f", seed=3)
    assert abs(made["A"].std() - 0.02) < 0.001
    assert abs(made["B"].std() - 0.5) < 0.03
    assert -1 <= made["C"].min() < -0.9 < 2.9 < made["C"].max() <= 3
    assert (made["D"] == 1).all() and (made["E"] == 0).all()
    assert np.iscomplexobj(made["F"]) and abs(np.abs(made["F"]).std()) > 0
    assert abs(np.sqrt((np.abs(made["F"]) ** 2).mean()) - 0.02) < 0.001


def test_seeds() -> None:
    one, two = initialise(INITS, "f", seed=3), initialise(INITS, "f", seed=4)
    np.testing.assert_array_equal(one["A"], initialise(INITS, "f", seed=3)["A"])
    assert not np.allclose(one["A"], two["A"])
    assert not np.allclose(one["A"] / 0.02, one["B"] / 0.5)
    alone = program("dim n = 60, m = 50\nparam A[n, m]\nnet f() -> y[n, m] { y = A }")
    np.testing.assert_array_equal(initialise(alone, "f", seed=3)["A"], one["A"])


def test_the_shapes_follow_the_dims() -> None:
    assert initialise(INITS, "f", {"n": 4}, seed=0)["A"].shape == (4, 50)
    assert parameters_of(INITS, "f", {"m": 2})["C"].shape == (60, 2)


PROPERTIES = program(
    """
dim big = 6, small = 3
tensor V[big, small] isometry(small) complex, T[a: 4, b: 3, c: 2, d: 3] isometry(c, d)
tensor U[p: small, q: small] unitary complex, Q[p: small, q: small] orthogonal
tensor G[a: 2, b: 2, c: 2, d: 2] unitary(c, d)
tensor D[p: small, q: small] diagonal, S[p: small, q: small, r: small] symmetric(p, r)
tensor P[p: small, q: small] positive, L[small] positive
tensor R[p: small, q: small] orthogonal(q, p), E[p: small, k: 2, q: small] diagonal(p, q)
y = (V[i, j] conj(V[i, j]) + T[a, b, c, d] T[a, b, c, d] + U[i, i] + Q[i, i] + G[a, b, a, b]
     + D[i, i] + S[i, i, i] + P[i, i] + L[i] L[i] + R[i, i] + E[i, 0, i])
"""
)


def test_properties_hold() -> None:
    arrays = random_inputs(PROPERTIES, "main", seed=1)
    for decl in PROPERTIES.declarations:
        for prop in decl.properties:
            assert deviation(arrays[decl.name], prop) < 1e-12, (decl.name, prop)
    V, T = arrays["V"], arrays["T"]
    np.testing.assert_allclose(np.einsum("ai,aj->ij", V.conj(), V), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.einsum("abcd,abef->cdef", T, T).reshape(6, 6), np.eye(6), atol=1e-12)
    np.testing.assert_allclose(arrays["G"].reshape(4, 4) @ arrays["G"].reshape(4, 4).T, np.eye(4), atol=1e-12)
    assert np.iscomplexobj(V) and np.iscomplexobj(arrays["U"]) and not np.iscomplexobj(arrays["Q"])
    assert (
        np.count_nonzero(arrays["D"]) == 3 and np.count_nonzero(arrays["E"]) == 6 and (arrays["L"] > 0).all()
    )
    assert np.linalg.eigvalsh(arrays["P"]).min() > 0


@pytest.mark.parametrize(
    ("array", "prop", "far"),
    [
        (np.eye(3) * 2, Property("isometry", (1,)), 3),
        (np.eye(3)[::-1], Property("diagonal"), 1),
        (np.array([[0.0, 1.0], [3.0, 0.0]]), Property("symmetric"), 1),
        (np.array([1.0, -2.0]), Property("positive"), 2),
        (np.array([[-1.0, 0.0], [0.0, 1.0]]), Property("positive"), 1),
    ],
)
def test_how_far_off_an_array_is(array: np.ndarray, prop: Property, far: float) -> None:
    assert deviation(array, prop) == pytest.approx(far)


def test_a_property_that_no_size_can_have() -> None:
    """Known when the text is read where the sizes are, else when the arrays are made."""
    with pytest.raises((TnError, ValueMismatch), match="isometry"):
        wide = program("tensor V[a: 2, b: 3] isometry(b)\ny = V[i, j] V[i, j]")
        random_inputs(wide, "main")
    later = program("dim a, b\nnet f(V[a, b] isometry(b)) -> y { y = V[i, j] V[i, j] }")
    with pytest.raises(ValueMismatch, match="V cannot be isometry: 2 entries on one side, 3 on the other"):
        random_inputs(later, "f", {"a": 2, "b": 3})


def test_one_hot_inputs_are_within_their_leg() -> None:
    text = "dim seq, vocab = 3\nnet f(t[seq, vocab] onehot) -> y[vocab] { y[v] = t[p, v] ones[p] }"
    tokens = random_inputs(program(text), "f", {"seq": 50}, seed=0)["t"]
    assert tokens.shape == (50,) and tokens.dtype.kind == "i" and set(tokens) == {0, 1, 2}
