"""Legs that a function ends stay in its bubble: nothing of them is seen of the levels round it."""

from __future__ import annotations

import pytest

import tnlang
from tnlang.draw.lint import lint

BODIES = {
    "alone": ("y[seq]", "y[p] = mean[e](x[p, e])"),
    "in a bubble": ("y[seq]", "y[p] = tanh(mean[e](x[p, e]))"),
    "beside a number": ("y[seq]", "y[p] = rsqrt(var[e](x[p, e]) + 2)"),
    "in a bracket": ("y[seq]", "y[p] = (mean[e](x[p, e]) + 2) x[p, d] x[p, d]"),
    "in a difference": ("y[seq, mlp]", "y[p, m] = (x[p, d] - mean[e](x[p, e])) W[m, d]"),
    "two, one in another": ("y", "y = max[p](exp(sum[e](x[p, e])))"),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_ended_leg_stays_inside(name: str) -> None:
    output, body = BODIES[name]
    text = f"dim seq, hidden, mlp\nnet f(x[seq, hidden]) -> {output} {{ param W[mlp, hidden]\n {body} }}"
    program = tnlang.load(text)
    assert not lint(program.nets["f"].scene())
    report = tnlang.verify(program.nets["f"].svg(), program, module=False)
    assert report.ok, report
