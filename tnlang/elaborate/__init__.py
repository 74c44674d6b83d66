"""Elaboration: from the syntax tree to the IR. Names, wires, sizes, families, rule 2."""

from __future__ import annotations

from tnlang.elaborate.program import (
    check_text,
    elaborate,
    elaborate_with_warnings,
    load_program,
    load_with_warnings,
)

__all__ = ["check_text", "elaborate", "elaborate_with_warnings", "load_program", "load_with_warnings"]
