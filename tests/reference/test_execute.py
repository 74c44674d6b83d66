"""Running nets: names of values, batches, one-hot inputs, sizes, what is said of arrays that do not fit."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.conftest import PROGRAMS
from tnlang.elaborate import load_program
from tnlang.ir.canonical import canonical
from tnlang.ir.cost import cost
from tnlang.ir.program import Program
from tnlang.reference import execute, initialise, inputs_of, parameters_of, random_inputs
from tnlang.source import Source, ValueMismatch

GENERATOR = np.random.default_rng(5)


def program(text: str) -> Program:
    return load_program(Source("t.tn", text))


LINEAR = program(
    """
dim seq, d = 3, e = 2
net linear(x[seq, d]) -> y[seq, e] {
    param W[e, d], b[e] ~ zeros
    y[p, o] = W[o, i] x[p, i] + b[o]
}
net both(x[seq, d], z[seq, d]) -> (y[seq, e], s[seq]) {
    y = linear(x + z)
    s[p] = x[p, i] z[p, i]
}
"""
)
W, BIAS = GENERATOR.standard_normal((2, 3)), GENERATOR.standard_normal(2)
OWN = {"W": W, "b": BIAS}
CALLED = {"linear.W": W, "linear.b": BIAS}


def test_inputs_by_position_or_name_and_outputs_in_order() -> None:
    x, z = GENERATOR.standard_normal((2, 5, 3))
    result = execute(LINEAR, "both", [x, z], CALLED)
    assert list(result.outputs) == ["y", "s"]
    np.testing.assert_allclose(result.outputs["y"], (x + z) @ W.T + BIAS)
    np.testing.assert_allclose(result.outputs["s"], (x * z).sum(-1))
    named = execute(LINEAR, "both", {"z": z, "x": x}, CALLED)
    np.testing.assert_array_equal(named.outputs["y"], result.outputs["y"])
    assert {"linear.y", "y", "s"} <= set(result.cache)


def test_batches_broadcast_as_in_matmul() -> None:
    x, z = GENERATOR.standard_normal((4, 1, 5, 3)), GENERATOR.standard_normal((6, 5, 3))
    outputs = execute(LINEAR, "both", [x, z], CALLED).outputs
    assert outputs["y"].shape == (4, 6, 5, 2)
    np.testing.assert_allclose(outputs["s"], (x * z).sum(-1))
    one = execute(LINEAR, "both", [x, z[0]], CALLED).outputs
    np.testing.assert_allclose(one["y"], outputs["y"][:, :1])


@pytest.mark.parametrize(
    ("inputs", "parameters", "words"),
    [
        ([np.ones((5, 4))], OWN, ["net linear", "input x", "leg d", "4", "3"]),
        ([np.ones(3)], OWN, ["net linear", "input x[seq, d]", "(3,)"]),
        ([np.ones((5, 3))], {"W": W}, ["net linear", "missing", "b"]),
        ([np.ones((5, 3))], {"W": W.T, "b": BIAS}, ["net linear", "parameter W", "leg e", "3", "2"]),
        ([np.ones((5, 3))], {"W": W[None], "b": BIAS}, ["parameter W", "(1, 2, 3)"]),
        ([], OWN, ["net linear", "missing input x"]),
        ({"x": np.ones((5, 3)), "q": 1}, OWN, ["no input q"]),
        ([np.ones((5, 3)), np.ones(1)], OWN, ["takes 1 inputs", "2"]),
    ],
)
def test_what_does_not_fit_is_named(
    inputs: object, parameters: dict[str, np.ndarray], words: list[str]
) -> None:
    with pytest.raises(ValueMismatch) as caught:
        execute(LINEAR, "linear", inputs, parameters)  # type: ignore[arg-type]
    for word in words:
        assert word in str(caught.value), (word, str(caught.value))


def test_two_inputs_that_disagree_on_a_dim() -> None:
    with pytest.raises(ValueMismatch, match=r"leg seq of input z has 4 entries, not 5 \(seq\)"):
        execute(LINEAR, "both", [np.ones((5, 3)), np.ones((4, 3))], CALLED)
    with pytest.raises(ValueMismatch, match="batch axes"):
        execute(LINEAR, "both", [np.ones((2, 5, 3)), np.ones((3, 5, 3))], CALLED)


def test_dims_are_rebound_by_name() -> None:
    x = np.ones((5, 4))
    result = execute(LINEAR, "linear", [x], {"W": np.ones((2, 4)), "b": BIAS}, {"d": 4})
    np.testing.assert_allclose(result.outputs["y"], 4 + np.broadcast_to(BIAS, (5, 2)))
    with pytest.raises(ValueMismatch, match="no dim nothing"):
        execute(LINEAR, "linear", [x], OWN, {"nothing": 4})
    family = program(
        "dim N = 3\nparam A{n: 0..N}[a: 2]\nnet f() -> y[i: 2] { y[i: 2] = sum n in 0..N { A{n}[i] } }"
    )
    with pytest.raises(ValueMismatch, match="counts members"):
        parameters_of(family, "f", {"N": 4})


def test_a_dim_that_nothing_carries_is_asked_for() -> None:
    rotary = program("dim seq\nnet f() -> y[seq] { y[p: seq] = index[p] }")
    with pytest.raises(ValueMismatch, match="dim seq has no value"):
        execute(rotary, "f")
    np.testing.assert_array_equal(execute(rotary, "f", dims={"seq": 3}).outputs["y"], [0, 1, 2])


def test_slices_and_entries_beyond_the_end() -> None:
    head = "dim seq, position = 4\nnet f(x[seq]) -> y[seq] { param P[position]\n"
    head = "dim seq, position = 4\nnet f(x[seq]) -> y[seq] { param P[position]\n"
    embed = program(head + "y[p] = x[p] P[p: 0..seq] }")
    with pytest.raises(ValueMismatch, match="sliced from 0 to 5"):
        execute(embed, "f", [np.ones(5)], {"P": np.ones(4)})


ONEHOT = program(
    """
dim seq, vocab = 7, d = 3
net embed(t[seq, vocab] onehot) -> y[seq, d] { param E[vocab, d]; y[p, i] = t[p, v] E[v, i] }
net back(t[seq, vocab] onehot) -> y[seq, vocab] { y = t }
net twice(t[seq, vocab] onehot) -> y[seq] {
    param E[vocab, d], F[seq, vocab]
    y[p] = t[p, v] E[v, i] E[v, i] F[p, v]
}
net first(t[vocab, seq] onehot(vocab)) -> y[vocab] { y[v] = t[v, p] ones[p] }
"""
)


def test_one_hot_inputs_are_whole_numbers() -> None:
    t = np.array([[3, 0, 6, 6], [1, 1, 2, 5]])
    E, F = GENERATOR.standard_normal((7, 3)), GENERATOR.standard_normal((4, 7))
    np.testing.assert_allclose(execute(ONEHOT, "embed", [t], {"E": E}).outputs["y"], E[t])
    np.testing.assert_array_equal(execute(ONEHOT, "back", [t]).outputs["y"], np.eye(7)[t])
    twice = execute(ONEHOT, "twice", [t], {"E": E, "F": F}).outputs["y"]
    np.testing.assert_allclose(twice, (E[t] ** 2).sum(-1) * F[np.arange(4), t])
    np.testing.assert_array_equal(execute(ONEHOT, "first", [t[0]]).outputs["y"], [1, 0, 0, 1, 0, 0, 2])
    with pytest.raises(ValueMismatch, match="whole numbers"):
        execute(ONEHOT, "embed", [t.astype(float)], {"E": E})
    with pytest.raises(ValueMismatch, match="entries from 0 to 7, leg vocab has 7"):
        execute(ONEHOT, "embed", [np.array([0, 7])], {"E": E})


DEEP = program(
    """
dim n = 2, layer = 3
net cell(h[n]) -> y[n] { param W[n, n]
    s[i] = layernorm[i](h[i])
    y[i] = tanh(W[i, j] s[j]) as σ }
net deep(x[n]) -> y[n] {
    shared step = cell
    stream r = x
    repeat l in 0..layer {
        v[i] = r[i] r[i]
        k{l}[i] = v[i]
        r += cell(v) as own
    }
    y = step(r)
    r = step(y)
}
"""
)


def test_names_of_values_and_parameters() -> None:
    names = list(parameters_of(DEEP, "deep"))
    assert sorted(names) == ["own.0.W", "own.1.W", "own.2.W", "step.W"]
    result = execute(DEEP, "deep", [np.array([0.5, -1.0])], initialise(DEEP, "deep", seed=1))
    expected = {"r.0", "r.4", "v.0", "v.2", "k.0", "k.2", "own.1.s", "own.1.y", "own.2.σ", "own.0.scale"}
    expected |= {"step.y", "step.y#2", "y"}
    assert expected <= set(result.cache), expected - set(result.cache)
    np.testing.assert_allclose(result.cache["r.2"] - result.cache["r.1"], result.cache["own.1.y"])
    np.testing.assert_array_equal(result.cache["k.1"], result.cache["v.1"])
    np.testing.assert_array_equal(result.cache["own.1.σ"], result.cache["own.1.y"])
    v = result.cache["v.0"]
    np.testing.assert_allclose(result.cache["own.0.scale"], 1 / np.sqrt(v.var() + 1e-5))
    np.testing.assert_array_equal(result.cache["r.4"], result.cache["step.y#2"])


def test_a_loop_variable_may_have_the_name_of_a_dim() -> None:
    """A bare name is then the variable; wires keep the dim."""
    same = program("dim n = 2\ntensor x[n]\ny[i] = sum n in 0..3 { n x[i] ones[j: 2] ones[j] }")
    np.testing.assert_array_equal(execute(same, "main", {"x": [1.0, 2.0]}).outputs["y"], [6, 12])
    other = program(same.text.replace("sum n in 0..3 { n", "sum t in 0..3 { t"))
    assert other.text != same.text
    assert cost(same, "main").flops == cost(other, "main").flops > 0
    assert canonical(same.net("main")) == canonical(other.net("main"))
    turned = program(
        "dim n\nnet f(x[n]) -> y[n] { stream r = x\n repeat n in 0..3 { r[i] += n x[i] }; y = r }"
    )
    np.testing.assert_array_equal(execute(turned, "f", [[1.0, 2.0]]).outputs["y"], [4, 8])


FROZEN = program(
    """
dim n = 3
net f(x[n]) -> y[n] { param W[n, n]
    A[i] = softmax[i](W[i, j] x[j])
    y[i] = A[i] x[i] }
net g = freeze(f, A)
"""
)


def test_frozen_values_come_from_a_cache() -> None:
    parameters = {"W": GENERATOR.standard_normal((3, 3))}
    x, z = GENERATOR.standard_normal((2, 3))
    cache = execute(FROZEN, "f", [x], parameters).cache
    result = execute(FROZEN, "g", [z], parameters, frozen=cache)
    np.testing.assert_allclose(result.outputs["y"], cache["A"] * z)
    with pytest.raises(ValueMismatch, match="needs the frozen value A"):
        execute(FROZEN, "g", [z], parameters)
    with pytest.raises(ValueMismatch, match="leg i of frozen value A has 4 entries, not 3"):
        execute(FROZEN, "g", [z], parameters, frozen={"A": np.ones(4)})
    with pytest.raises(ValueMismatch, match="frozen value A got shape"):
        execute(FROZEN, "g", [z], parameters, frozen={"A": np.ones((2, 3))})


def test_functions_of_the_user_run_only_when_handed_in() -> None:
    scaled = program('fn twist[k] = "pkg:twist"\ntensor A[i: 2, j: 3]\ny[i, j] = twist[i](A[i, j])\n')
    A = GENERATOR.standard_normal((2, 3))
    with pytest.raises(ValueMismatch, match="twist is not allowed to run"):
        execute(scaled, "main", {"A": A})
    result = execute(scaled, "main", {"A": A}, functions={"twist": lambda x: x[..., ::-1]})
    np.testing.assert_array_equal(result.outputs["y"], A[::-1])
    with pytest.raises(ValueMismatch, match="shape"):
        execute(scaled, "main", {"A": A}, functions={"twist": lambda x: x[..., :1]})


def test_more_wires_than_einsum_has_letters() -> None:
    chain = program(
        "dim N = 70\nparam A{n: 0..N}[l: 2, r: 2]\n"
        "net f() -> y[a: 2, b: 2] { y[b{0}, b{N}] = prod n in 0..N { A{n}[b{n}, b{n+1}] } }\n"
    )
    arrays = {f"A.{n}": GENERATOR.standard_normal((2, 2)) for n in range(70)}
    np.testing.assert_allclose(
        execute(chain, "f", (), arrays).outputs["y"], np.linalg.multi_dot(list(arrays.values())), rtol=1e-9
    )


def test_gpt2_at_full_size_takes_seconds() -> None:
    gpt2 = load_program(PROGRAMS["gpt2"])
    slots = parameters_of(gpt2, "gpt2")
    assert sum(int(np.prod(slot.shape)) for slot in slots.values()) == 124_439_808
    assert len(slots) == 2 + 2 + 12 * (8 + 4 + 4)
    assert list(inputs_of(gpt2, "gpt2", {"seq": 4})["tokens"].shape) == [4]
    parameters = {name: np.full(slot.shape, 0.01) for name, slot in slots.items()}
    before = time.perf_counter()
    result = execute(gpt2, "gpt2", random_inputs(gpt2, "gpt2", {"seq": 4}), parameters)
    assert time.perf_counter() - before < 60
    assert result.outputs["logits"].shape == (4, 50257)
    assert len(result.cache) > 12 * 10


def test_levi_has_as_many_entries_as_legs() -> None:
    net = program("dim n = 3; net f(x[n], z[n]) -> y[n] { y[i] = levi[i, j, k] x[j] z[k] }")
    x, z = GENERATOR.standard_normal((2, 3))
    np.testing.assert_allclose(execute(net, "f", [x, z]).outputs["y"], np.cross(x, z))
    with pytest.raises(ValueMismatch, match="levi has 3 legs of 3 entries, i has 2"):
        execute(net, "f", [x[:2], z[:2]], dims={"n": 2})
