"""NumPy against brute force on random programs: rule 2 as worded, against all of the package."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from tests.strategies import DIMS, Case, expressions, networks
from tnlang.elaborate import load_program
from tnlang.ir.check import check_program
from tnlang.ir.program import Program
from tnlang.reference import execute
from tnlang.source import Source


def elaborated(case: Case) -> Program:
    return check_program(load_program(Source("random.tn", case.text)))


def compare(case: Case) -> None:
    result = execute(elaborated(case), case.net, case.inputs, case.parameters)
    case.close(result.outputs, case.outputs)
    case.close(result.cache, case.values)


@settings(max_examples=120)
@given(expressions())
def test_expressions_mean_what_rule_2_says(case: Case) -> None:
    compare(case)


@settings(max_examples=40)
@given(expressions(complex=True))
def test_expressions_of_complex_numbers(case: Case) -> None:
    compare(case)


@settings(max_examples=100)
@given(networks())
def test_nets_streams_repeats_and_calls(case: Case) -> None:
    compare(case)


@settings(max_examples=20)
@given(networks())
def test_a_batch_is_each_of_its_members(case: Case) -> None:
    program = elaborated(case)
    if not case.inputs:
        return
    other = {n: a[::-1] if a.dtype.kind == "i" else 0.5 * a for n, a in case.inputs.items()}
    stacked = {name: np.stack([case.inputs[name], other[name]])[:, None] for name in case.inputs}
    together = execute(program, case.net, stacked, case.parameters)
    for position, alone in enumerate((case.inputs, other)):
        single = execute(program, case.net, alone, case.parameters)
        case.close({name: a[position, 0] for name, a in together.outputs.items()}, single.outputs)
        case.close({name: a[position, 0] for name, a in together.cache.items()}, single.cache)


def test_the_sizes_of_the_strategy_are_those_of_its_text() -> None:
    """A check on the checker: the dims that expressions are evaluated with are those the text declares."""
    program = load_program(
        Source("dims.tn", "dim " + ", ".join(f"{n} = {s}" for n, s in DIMS.items()) + "\n")
    )
    assert {dim.name: dim.default for dim in program.dims} == DIMS
