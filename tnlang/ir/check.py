"""The invariants of the IR as a list of rules: what must hold between any two passes.

A violation is a mistake of ours, never of the text that was read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tnlang.ir.check_sizes import sizes
from tnlang.ir.check_values import calls, outputs, refs_resolve, streams, unique_names
from tnlang.ir.check_wires import gates, kept, node_legs, one_identity, summed
from tnlang.ir.program import Program


class InvariantError(AssertionError):
    """An IR that breaks its rules; the message lists every violation."""


class Rule(NamedTuple):
    """A named invariant and what finds its violations, each told in a sentence."""

    name: str
    violations: Callable[[Program], Iterator[str]]


def check_program(program: Program) -> Program:
    """The program itself. Raises InvariantError listing all that is wrong with it."""
    found = violations(program)
    if found:
        raise InvariantError(f"the IR of {program.name} breaks its rules:\n" + "\n".join(found))
    return program


def verified(program: Program) -> Program:
    """The program itself, checked if the environment says ``TNLANG_CHECK=1``: every pass ends with it."""
    return check_program(program) if os.environ.get("TNLANG_CHECK") else program


def violations(program: Program) -> list[str]:
    """Every violation of every rule, as ``rule: sentence``."""
    return [f"{rule.name}: {text}" for rule in RULES for text in rule.violations(program)]


RULES: tuple[Rule, ...] = (
    Rule("names are unique", unique_names),
    Rule("a wire has one name and size", one_identity),
    Rule("kept wires are those of the left-hand side", kept),
    Rule("a wire is summed once, where it lives", summed),
    Rule("a bubble works along wires it holds", gates),
    Rule("nodes have the legs of their kind", node_legs),
    Rule("sizes can be computed where they stand", sizes),
    Rule("values are bound before use, with as many legs", refs_resolve),
    Rule("streams are opened, then set", streams),
    Rule("outputs are bound", outputs),
    Rule("calls fit the nets they call", calls),
)
"""What holds of every program between any two passes."""
