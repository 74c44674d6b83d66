"""``derivative`` and ``expand`` in miniature: the IR carries them as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.ir.prototypes import derivative, expand, paths
from tnlang.elaborate import elaborate
from tnlang.ir.check import check_program
from tnlang.ir.net import Bind, Bubble, Leg, Net, Output, Ref, Sum, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.walk import fresh_wire, value_wires, walk
from tnlang.reference import execute, initialise, random_inputs
from tnlang.source import Source
from tnlang.syntax import parse

DIFFERENTIABLE = {
    "once": ("W", "y[i] = W[i, j] x[j]"),
    "three times": ("W", "y[i, k] = W[i, a] W[a, b] W[k, b]"),
    "a trace": ("W", "y = W[i, i]"),
    "fixed entries": ("W", "y[j] = W[1, j] W[j, 2]"),
    "a hyperedge": ("x", "y[i] = W[i, j] x[j] x[i] x[j]"),
    "nested bubbles": ("x", "y[i] = tanh(W[i, j] exp(W[j, k] x[k]) + x[i])"),
    "a pattern": ("x", "y[q] = softmax[k](W[q, k] x[k] x[q]) x[k]"),
    "a quotient": ("x", "y[i] = W[i, j] / exp(x[j])"),
    "a bracket": ("x", "y[i] = (W[i, j] + x[i] x[j]) x[j]"),
}


def elaborated(text: str) -> Program:
    return elaborate(parse(Source("prototype.tn", text)))


def with_body(program: Program, net: Net, body: Sum, legs: tuple[Wire, ...]) -> Program:
    """The program with one more net, ``result``: the last binding of ``net`` with another body."""
    last = net.body[-1]
    assert isinstance(last, Bind)
    value = Value("result", legs, (), tuple(f"leg{n}" for n in range(len(legs))))
    output = Output("result", tuple(Leg(f"leg{n}", w.size) for n, w in enumerate(legs)))
    made = replace(net, name="result", body=(replace(last, target=value, body=body),), outputs=(output,))
    made_program = replace(program, nets=(*program.nets, made))
    check_program(made_program)
    return made_program


@pytest.mark.parametrize(("by", "text"), DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_derivative_equals_finite_differences(by: str, text: str) -> None:
    program = elaborated(f"dim n = 3\ntensor W[a: n, b: n], x[n]\n{text}")
    net = program.net("main")
    [bound] = [s for s in net.body if isinstance(s, Bind)]
    decl = next(d for d in (*program.declarations, *net.inputs) if d.name == by)
    legs = tuple(fresh_wire(Wire(0, leg.name, leg.size)) for leg in decl.legs)
    outer = value_wires(bound.target.legs)
    derived = with_body(program, net, derivative(bound.body, Ref(by), legs), (*outer, *legs))

    inputs = {k: np.asarray(v) / 2 for k, v in random_inputs(program, "main", seed=7).items()}
    [jacobian] = execute(derived, "result", inputs).outputs.values()

    def value(array: np.ndarray) -> np.ndarray:
        [y] = execute(program, "main", {**inputs, by: array}).outputs.values()
        return np.asarray(y)

    step = 1e-6
    expected = np.zeros(np.shape(jacobian))
    for at in np.ndindex(*np.shape(inputs[by])):
        moved = np.zeros(np.shape(inputs[by]))
        moved[at] = step
        expected[(..., *at)] = (value(inputs[by] + moved) - value(inputs[by] - moved)) / (2 * step)
    np.testing.assert_allclose(jacobian, expected, atol=1e-7)


def test_path_expansion_sums_to_the_whole() -> None:
    program = elaborated(
        """
        dim seq = 3, hidden = 4
        net two(x[seq, hidden], A1[q: seq, k: seq], A2[q: seq, k: seq]) -> y[seq, hidden] {
            param V1[out: hidden, in: hidden] ~ normal(1), V2[out: hidden, in: hidden] ~ normal(1)
            r[p, d] = x[p, d] + A1[p, k] V1[d, e] x[k, e]
            s[p, d] = r[p, d] + A2[p, k] V2[d, e] r[k, e]
            y[p, d] = s[p, d]
        }
        """
    )
    net = program.net("two")
    last = net.body[-1]
    assert isinstance(last, Bind)
    body = paths(net)
    names = [sorted(n.ref.name for n in walk(Sum((term,)))) for term in body.terms]  # type: ignore[union-attr]
    assert names == [["x"], ["A1", "V1", "x"], ["A2", "V2", "x"], ["A1", "A2", "V1", "V2", "x"]]
    assert all(node.origin.span.line > 1 for node in walk(body)), "spans survive"

    outer = value_wires(last.target.legs)
    expanded = with_body(program, net, body, outer)
    inputs = random_inputs(program, "two", seed=3)
    parameters = initialise(program, "two", seed=5)
    [whole] = execute(program, "two", inputs, parameters).outputs.values()
    [summed] = execute(expanded, "result", inputs, parameters).outputs.values()
    np.testing.assert_allclose(summed, whole, atol=1e-12)


def test_expansion_stops_at_a_bubble() -> None:
    program = elaborated("dim n = 3\ntensor a[n], b[n]\ny[i] = relu(a[i] (a[i] + b[i])) (a[i] + b[i])")
    [bound] = [s for s in program.net("main").body if isinstance(s, Bind)]
    assert [len([n for n in t.nodes if isinstance(n, Bubble)]) for t in expand(bound.body).terms] == [1, 1]
