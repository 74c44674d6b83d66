"""The counted cost of nets, against numbers worked out by hand."""

from __future__ import annotations

import pytest

import tnlang
from tests.conftest import PROGRAMS
from tnlang.ir.cost import cost


def flops(text: str, **dims: int) -> int:
    return cost(tnlang.load(text).ir, "main", dims).flops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tensor A[i: 3, j: 4], B[j: 4, k: 5]\nY[i, k] = A[i, j] B[j, k]", 2 * 3 * 4 * 5),
        # nothing is summed: one multiplication an entry
        ("tensor a[i: 3], b[j: 4]\nY[i, j] = a[i] b[j]", 3 * 4),
        # the vector first: never the product of the two matrices
        (
            "tensor A[i: 9, j: 9], B[j: 9, k: 9], x[k: 9]\ny[i] = A[i, j] B[j, k] x[k]",
            2 * (2 * 9 * 9),
        ),
        ("tensor A[i: 6, j: 6]\ny = A[i, i]", 6),
        ("tensor a[i: 7], b[i: 7], c[i: 7]\ny[i] = a[i] + b[i] - c[i]", 2 * 7),
        ("tensor a[i: 7]\ny[i] = 3 a[i]", 7),
        ("tensor a[i: 7], A[j: 5, i: 7]\ny[j] = relu(A[j, i] a[i])", 2 * 5 * 7 + 5),
        ("tensor a[i: 7, j: 2]\ny[i, j] = softmax[j](a[i, j])", 5 * 14),
        # what is re-indexed costs nothing
        ("tensor A[i: 6, j: 6]\ny[i, j] = delta[i, k] A[k, j]", 0),
        ("tensor A[i: 6, j: 6]\ny[i] = A[i, j] basis(2)[j]", 0),
        ("input t[p: 8, v: 100] onehot\ntensor W[v: 100, d: 3]\ny[p, d] = t[p, v] W[v, d]", 0),
        # one more contraction after the lookup
        (
            "input t[p: 8, v: 100] onehot\ntensor W[v: 100, d: 3], u[d: 3]\ny[p] = t[p, v] W[v, d] u[d]",
            2 * 8 * 3,
        ),
        ("tensor A{n: 0..4}[i: 5]\ny[i] = sum n in 0..4 { A{n}[i] }", 3 * 5),
        ("tensor A[h: 4, i: 5]\ny[i] = sum h in 0..4 { A[h, i] }", 3 * 5),
        ("tensor a[i: 5]\nstream x[i] = a[i]\nrepeat l in 0..6 { x += x }", 6 * 5),
    ],
)
def test_counts(text, expected):
    assert flops(text) == expected


def test_gpt2_against_the_closed_formula():
    program = tnlang.load(PROGRAMS["gpt2"]).ir
    n, d, layers, vocab = 128, 768, 12, 50257
    matrices = 2 * n * (4 * d * d + 8 * d * d) * layers + 2 * n * d * vocab
    patterns = 2 * (2 * n * n * d) * layers
    counted = cost(program, "gpt2", {"seq": n})
    products = sum(s.flops * s.times for s in counted.steps if s.flops >= 2 * n * n * d)
    assert products == matrices + patterns
    assert products < counted.flops < 1.01 * products
    assert counted.largest.wires == (("p", n), ("v", vocab))
    assert {s.times for s in counted.steps if s.path == "attention.A"} == {layers}


def test_a_dim_without_default_is_assumed_and_said_so():
    net = tnlang.load("dim n\nnet double(x[n]) -> y[n] { y = 2 x }").nets["double"]
    assert (net.cost().flops, dict(net.cost().assumed)) == (1024, {"n": 1024})
    assert (net.cost(n=5).flops, dict(net.cost(n=5).assumed)) == (5, {})
