"""The equations of figures: proved by rewriting where that succeeds, else held against random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tnlang.ir.net import Origin
from tnlang.ir.program import Equation, Expression, Program
from tnlang.reference.equations import ENOUGH, SEEDS, Difference, difference, is_free
from tnlang.source import Diagnostic, Related, ValueMismatch
from tnlang.transforms.simplify.proof import Proof, prove

CODES: dict[str, str] = {
    "TN804": "an equation does not hold",
    "TN805": "≈ is claimed of free random tensors",
    "TN806": "an equation could not be checked (a warning)",
}

Finding = Literal["proved", "holds on data", "false", "not checked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of one relation of an equation.

    ``proved``: both sides were rewritten to one form (of ``!=``: an entry where they differ was found).
    ``holds on data``: they agree on random numbers. ``false`` and ``not checked`` have a ``diagnostic``.
    """

    figure: str
    equation: Origin
    relation: Literal["=", "!=", "≈"]
    finding: Finding
    proof: Proof | None = None
    diagnostic: Diagnostic | None = None


def verdicts(
    program: Program,
    *,
    tolerance: float = 1e-9,
    loose: float = 1e-2,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    steps: bool = False,
) -> Iterator[Verdict]:
    """A verdict on each relation of each equation, in order; a side that is a text has none.

    ``=`` is tried to be proved; else it holds if the sides are equal to ``tolerance`` (relative to the
    largest entry) on each of three sets of seeded numbers, ``!=`` if they differ on one. ``≈`` holds to
    ``loose`` and is for sides without free tensors. With ``steps`` proofs tell each step.
    """
    tolerances = {"=": tolerance, "!=": tolerance, "≈": loose}
    for figure in program.figures:
        for item in figure.items:
            if not isinstance(item, Equation):
                continue
            for left, relation, right in zip(item.sides, item.relations, item.sides[1:], strict=False):
                if isinstance(left, str) or isinstance(right, str):
                    continue
                judge = _Judge(program, item.origin, left, right, functions or {}, steps)
                finding, proof, diagnostic = judge.judged(relation, tolerances[relation])
                yield Verdict(figure.name, item.origin, relation, finding, proof, diagnostic)


@dataclass(frozen=True, slots=True)
class _Judge:
    program: Program
    origin: Origin
    left: Expression
    right: Expression
    functions: Mapping[str, Callable[..., Any]]
    steps: bool

    def judged(
        self, relation: Literal["=", "!=", "≈"], tolerance: float
    ) -> tuple[Finding, Proof | None, Diagnostic | None]:
        proof = prove(self.program, self.left, self.right, steps=self.steps) if relation != "≈" else None
        if proof is not None and relation == "=":
            return "proved", proof, None
        if proof is not None:
            return "false", proof, self.mistake("TN804", "the sides are equal, whatever their tensors are")
        if relation == "≈" and any(is_free(self.program, side) for side in (self.left, self.right)):
            said = "≈ means little on random numbers: one side has tensors that may be anything"
            hint = "state the data with `const`, or write = or !="
            return "false", None, self.mistake("TN805", said, hint=hint)
        try:
            found = self.differences()
        except ValueMismatch as error:
            said = f"the equation was not checked: {error}"
            return "not checked", None, self.mistake("TN806", said, severity="warning")
        if not found:
            said = (
                "the equation was not checked: no entry is a number on both sides, whatever numbers are drawn"
            )
            return "not checked", None, self.mistake("TN806", said, severity="warning")
        apart = next((one for one in found if one.size > tolerance), None)
        if relation == "!=":
            if apart is None:
                return "false", None, self.mistake("TN804", "the sides are equal on random numbers")
            return "proved", None, None
        if apart is None:
            return "holds on data", None, None
        return "false", None, self.mistake("TN804", _apart(apart))

    def differences(self) -> list[Difference]:
        """How far the sides are apart, for the first seeds that give something to compare."""
        each = (difference(self.program, self.left, self.right, seed, self.functions) for seed in SEEDS)
        return list(islice((one for one in each if one is not None), ENOUGH))

    def mistake(
        self, code: str, message: str, *, hint: str = "", severity: Literal["error", "warning"] = "error"
    ) -> Diagnostic:
        places = (
            Related(self.left.origin.span, "this side"),
            Related(self.right.origin.span, "and this one"),
        )
        return Diagnostic(code, message, self.origin.span, places, hint=hint, severity=severity)


def _apart(found: Difference) -> str:
    data = f" ({found.data})" if found.data else ""
    return f"the sides differ on random numbers: {found.text}{data}"
