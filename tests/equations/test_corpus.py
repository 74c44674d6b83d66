"""A corpus of identities with the verdict expected of each: the name of its figure says it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import tnlang
from tnlang.equations import Verdict
from tnlang.ir.program import Equation
from tnlang.reference.equations import SEEDS, difference

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.tn"))
EXPECTED = {"proved": "proved", "data": "holds on data", "false": "false"}


def _verdicts(path: Path) -> tuple[Verdict, ...]:
    return tnlang.load(path).verdicts()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_verdicts(path: Path) -> None:
    for verdict in _verdicts(path):
        assert verdict.finding == EXPECTED[verdict.figure], str(verdict.equation.span)
        assert (verdict.diagnostic is not None) == (verdict.finding == "false")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_proved_holds_on_data(path: Path) -> None:
    program = tnlang.load(path).ir
    for figure in program.figures:
        for item in figure.items:
            if figure.name == "false" or not isinstance(item, Equation):
                continue
            for left, relation, right in zip(item.sides, item.relations, item.sides[1:], strict=False):
                assert not isinstance(left, str) and not isinstance(right, str)
                if relation == "=":
                    assert all(difference(program, left, right, seed).size < 1e-9 for seed in SEEDS)


def test_there_are_enough_of_them() -> None:
    found = Counter(
        (item.relations[0], figure.name)
        for path in FILES
        for figure in tnlang.load(path).ir.figures
        for item in figure.items
        if isinstance(item, Equation)
    )
    assert found["=", "proved"] >= 100
    assert found["=", "proved"] + found["=", "data"] >= 110
    assert found["=", "false"] >= 40
