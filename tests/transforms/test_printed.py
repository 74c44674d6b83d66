"""What is printed of transformed nets can be read again: the file with one more line, and index notation."""

from __future__ import annotations

import numpy as np
import pytest

import tnlang
from tests.elaborate.notation import elaborated
from tests.transforms.test_all import CASES, PROGRAMS
from tnlang.ir.program import Program
from tnlang.lower.notation import describe
from tnlang.reference import execute, initialise, random_inputs

REPEATED = """
dim seq = 4, new_seq, d = 3, e = 2, head = 2, layer = 3
net model(x[seq, d]) -> y[seq, d] {
    param W[head, layer, d, e], O[head, d, e], B[head, d, f: d]
    stream r = x
    repeat l in 0..layer {
        V[h, k, s] = W[h, l, d, s] r[k, d]
        A[h, q, k] = softmax[k](causal[q, k](r[q, d] B[h, d, f] r[k, f]))
        r[q, d] += A[h, q, k] V[h, k, s] O[h, d, s]
    }
    y = r
}
"""
SUMMED = """
dim n = 3
net model(x[n]) -> y[n, m: n] { param W[n, m: n]; t[i, j] = W[i, j] x[j] ones[i]
    y[i, j] = t[i, k] t[k, j] / 2 - t[i, j] / (1 + t[i, j]^2) }
"""


def notation(program: Program, name: str) -> str:
    """A net as the docstring of its module has it, without what it costs."""
    head, _, body = "\n".join(describe(program, program.net(name))).partition("\n\n")
    return f"net {' '.join(head.split())} {{\n{body.partition(chr(10) * 2)[0]}\n}}\n"


@pytest.mark.parametrize(("name", "steps"), CASES, ids=str)
def test_a_transformed_file_is_read_again(name: str, steps: list[str]) -> None:
    made = tnlang.load(PROGRAMS[name]).nets["model"].transform(*steps)
    again = tnlang.load(made.program.text)
    assert describe(again.ir, again.ir.net(made.name)) == describe(made.program.ir, made.ir)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (REPEATED, "incremental(model, seq)"),
        (REPEATED, "simplify(model)"),
        (SUMMED, "expand(model, k)"),
        (SUMMED, "simplify(model)"),
        (SUMMED, "ablate(model, t[0, j])"),
        (SUMMED, "contract(model, W, x, name = B)"),
    ],
)
def test_index_notation_is_read_again(text: str, steps: str) -> None:
    program = elaborated(f"{text}net new = {steps}\n")
    printed = notation(program, "new")
    dims = text.partition("net ")[0]
    again = elaborated(dims + printed)
    assert notation(again, "new") == printed
    sizes = {"new_seq": 2} if "new_seq" in dims else {}
    parameters = initialise(program, "new", sizes, seed=1)
    inputs = random_inputs(program, "new", sizes, seed=2)
    expected = execute(program, "new", inputs, parameters, dims=sizes).outputs
    found = execute(again, "new", inputs, parameters, dims=sizes).outputs
    assert list(found) == list(expected)
    for output, value in expected.items():
        np.testing.assert_allclose(found[output], value, atol=1e-12)


def test_a_wire_is_not_called_as_the_variable_of_a_loop() -> None:
    program = elaborated(f"{REPEATED}net new = incremental(model, seq)\n")
    added = [line.strip() for line in notation(program, "new").splitlines() if "basis" in line]
    assert added == [
        "V_2[l', h, k, s] += basis(l)[l'] V[h, k, s]",
        "r_2[l', k, f] += basis(l)[l'] r_new[k, f]",
    ]
