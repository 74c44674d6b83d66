"""What a verdict says: the steps of a proof, the first counterexample; and what proofs may not do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import tnlang
from tests.elaborate.notation import elaborated
from tests.strategies import Case, expressions, programs
from tnlang.cli import main
from tnlang.equations import Verdict
from tnlang.ir.net import Bind
from tnlang.ir.program import Program
from tnlang.lower.notation import expression_text
from tnlang.reference import execute
from tnlang.transforms.flatten import flatten
from tnlang.transforms.request import TransformError
from tnlang.transforms.simplify.arrays import Arrays
from tnlang.transforms.simplify.nets import presented
from tnlang.transforms.simplify.proof import proving, written_out
from tnlang.transforms.simplify.rewriting import Rewriting, TooLarge


def _rewritten(program: Program, name: str) -> Program:
    """The program with its net of one output written out whole, then rewritten by the rules of proofs."""
    net = program.net(name)
    body, wires, facts = written_out(program, net)
    facts = replace(facts, order=wires)
    new = Rewriting(facts, proving(facts, Arrays()), budget=2000).run(body)
    flat = flatten(program, net)
    (target,) = (s.target for s in flat.body if s.target.name == flat.outputs[0])
    bind = Bind(replace(target, name="result", legs=wires, leg_names=()), presented(new, wires))
    outputs = (replace(net.outputs[0], name="result", subs=()),)
    made = replace(net, name="made", owned=tuple(flat.owned), outputs=outputs, body=(bind,))
    return replace(program, nets=(*program.nets, made))


@settings(max_examples=60)
@given(st.one_of(programs(), expressions(), expressions(complex=True)))
def test_the_rules_of_proofs_keep_values(case: Case) -> None:
    program = elaborated(case.text)
    net = program.net(case.net)
    if len(net.outputs) != 1:
        return
    with suppress(TooLarge, TransformError):
        program = _rewritten(program, case.net)
        found = execute(program, "made", case.inputs, case.parameters).outputs
        (expected,) = case.outputs.values()
        case.close(found, {"result": expected}, 1e-6)


GAUGE = """
dim n = 3
tensor A[n, m: n], B[n, m: n], X[n, m: n], V[n, k: 2] isometry(k), W[n, m: n]
figure f { equation %s }
"""


def verdict(equation: str, **options: bool) -> Verdict:
    (found,) = tnlang.load(GAUGE % equation).verdicts(**options)
    return found


def test_a_proof_tells_its_steps_by_the_names_of_rules() -> None:
    found = verdict("A[i, j] B[j, k] = A[i, j] X[j, m] inverse[n, m](X[n, m]) B[n, k]", steps=True)
    assert found.finding == "proved" and found.proof is not None
    told = [(rule, expression_text(side)) for rule, side in found.proof.right]
    assert told == [
        ("", "A[i, j] X[j, m] inverse[n, m](X[n, m]) B[n, k]"),
        ("inverse", "A[i, j] delta[n, j] B[n, k]"),
        ("identity", "A[i, j] B[j, k]"),
        ("", "A[i, j] B[j, k]"),
    ]


def test_the_command_prints_them() -> None:
    text = GAUGE % "V[a, i] V[a, j] = delta[i, j]"
    result = CliRunner().invoke(main, ["check", "-", "--steps"], input=text)
    assert result.exit_code == 0
    assert "figure f: proved\n" in result.stdout
    assert "isometry:         delta[i, j]\n" in result.stdout


@pytest.mark.parametrize("more", [["--no-equations"], ["--format", "json"]])
def test_steps_go_with_text_alone(more: list[str]) -> None:
    assert CliRunner().invoke(main, ["check", "-", "--steps", *more], input="x = 1\n").exit_code == 2


def test_a_wrong_equation_says_entry_values_sizes_and_seed() -> None:
    found = verdict("A[i, j] B[j, k] = B[i, j] A[j, k]")
    assert found.finding == "false" and found.diagnostic is not None
    program = tnlang.load(GAUGE % "A[i, j] B[j, k] = B[i, j] A[j, k]").ir
    (item,) = program.figures[0].items
    message = found.diagnostic.message
    assert "at i = " in message and "(n = 3, seed 0)" in message
    assert found.diagnostic.code == "TN804" and len(found.diagnostic.related) == 2
    assert item.origin.span == found.diagnostic.span


@pytest.mark.parametrize(
    "equation",
    [
        "relu(relu(A[i, j]) ones[j]) = relu(A[i, j] ones[j])",
        "exp(exp(A[i, j]) ones[j]) = exp(exp(A[i, j])) ones[j]",
        "1 / (exp(A[i, j]) ones[j]) = exp(-A[i, j]) ones[j]",
        "inverse[i, j](inverse[i, j](A[i, j])) = A[j, i]",
        "V[a, i] V[a, j] V[a, k] V[a, l] = delta[i, j] delta[k, l]",
        "A[i, j] = A[j, i]",
        "relu(-A[i, j]) = -relu(A[i, j])",
        "abs(A[i, j])^2 = abs(A[i, j])",
    ],
)
def test_what_looks_like_a_rule_and_is_none(equation: str) -> None:
    assert verdict(equation).finding == "false"


@pytest.mark.parametrize(
    ("equation", "finding"),
    [
        ("A[i, j] = 1.00000000000001 A[i, j]", "holds on data"),
        ("A[i, j] = 1.0000000001 A[i, j]", "holds on data"),
        ("A[i, j] + 1e-14 A[i, j] = A[i, j]", "holds on data"),
        ("1.000001 * 0.999999 A[i, j] = A[i, j]", "holds on data"),
        ("0.7071067811865476 A[i, j] = 0.7071067811865475 A[i, j]", "holds on data"),
        ("0.7071067811865476 A[i, j] = A[i, j] 0.7071067811865476", "proved"),
        ("0.1 A[i, j] + 0.2 A[i, j] = 0.3 A[i, j]", "proved"),
        ("1e-5 A[i, j] = 0.00001 A[i, j]", "proved"),
    ],
)
def test_rounding_proves_nothing(equation: str, finding: str) -> None:
    """What floats cannot tell apart is equal on data, and no more is said of it."""
    assert verdict(equation).finding == finding


def test_different_is_proved_by_an_entry_and_refused_of_what_is_equal() -> None:
    assert verdict("A[i, j] != A[j, i]").finding == "proved"
    assert verdict("V[a, i] V[a, j] != delta[i, j]").finding == "false"


def test_what_is_no_number_is_compared_with_nothing() -> None:
    assert verdict("exp(log(A[i, j])) = A[i, j]").finding in ("proved", "holds on data")
    assert verdict("exp(log(A[i, j])) = 2 A[i, j]").finding == "false"
    never = verdict("log(-square(A[i, j]) - 1) = log(-square(A[i, j]) - 2)")
    assert never.finding == "not checked" and never.diagnostic is not None
    assert never.diagnostic.code == "TN806"


def test_values_that_are_nearly_equal_are_told_apart() -> None:
    text = "dim n = 3\ntensor x[n]\nfigure f { equation x[i] + 0.0000001 x[i] = x[i] }\n"
    (verdict,) = tnlang.load(text).verdicts()
    assert verdict.diagnostic is not None
    assert "-0.9066858 and -0.9066857 at i = 1" in verdict.diagnostic.message
