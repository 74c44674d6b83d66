"""No picture touches what it should not: the visual grammar and random small networks."""

from __future__ import annotations

import pytest

from tests.layout.nets import random_net
from tests.layout.pictures import scene, sheets_of
from tnlang.draw.lint import lint

GRAMMAR = {
    "bias in a bubble": (
        "dim m = 4, d = 3\nnet f(x[d]) -> y[m] { param W[m, d], b[m]\n y[m] = gelu(W[m, d] x[d] + b[m]) }\n"
    ),
    "sum that is multiplied on": "dim n = 3\ntensor W[m: n, n], a[n], b[n]\ny[i] = W[i, j] (a[j] + b[j])\n",
    "gain": "dim n = 3\ntensor x[n], g[n]\ny[d] = x[d] g[d]\n",
    "broadcast": "dim n = 3, m = 4\ntensor A[n, m], v[n]\ny[i, k] = A[i, k] + v[i]\n",
    "ones": "dim n = 3, m = 4\ntensor v[n]\nM[i, k] = v[i] ones[k: m]\n",
    "norm along a leg": "dim p = 3, d = 4\nnet f(x[p, d]) -> y[p, d] { y[p, d] = layernorm[d](x[p, d]) }\n",
    "function that ends a leg": "dim p = 3, d = 4\nnet f(x[p, d]) -> m[p] { m[p] = mean[d](x[p, d]) }\n",
    "slice": "dim n = 9, m = 4\ntensor W[n, m]\ny[p, d] = W[p: 0..3, d]\n",
    "delayed wire": "dim n = 3\ntensor x[n]\ny[i] = shift(1)[i, j] x[j]\n",
    "tied": "dim n = 3, m = 4\nparam W[n, m]\ny[i, j] = W[i, a] W[j, a]\n",
    "scalar factor": "dim n = 3, d = 4\ntensor Q[n, d], K[n, d]\ny[q, k] = Q[q, s] K[k, s] / sqrt(d)\n",
    "copied and pasted": "dim n = 3\nnet f(x[n]) -> y[n] { y[d] = x[d] + relu(x[d]) }\n",
}


@pytest.mark.parametrize("name", GRAMMAR)
def test_the_visual_grammar_is_drawn_without_a_finding(name: str) -> None:
    for sheet in sheets_of(GRAMMAR[name]):
        assert lint(scene(sheet)) == ()


def test_random_small_networks_are_drawn_without_a_finding() -> None:
    found = {}
    for seed in range(60):
        for sheet in sheets_of(random_net(seed)):
            findings = lint(scene(sheet))
            if findings:
                found[seed] = [finding.message for finding in findings]
    assert found == {}
