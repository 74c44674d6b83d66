"""Programs as PyTorch source: IR -> Plan -> text. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence

from tnlang.ir.program import Program
from tnlang.lower.names import class_name, identifier

__all__ = ["class_name", "identifier", "torch_source"]


def torch_source(program: Program, nets: Sequence[str] | None = None) -> str:
    """One Python module with a class for each of the nets (all that are exported) and those they call.

    It needs torch and the standard library alone, and the modules of the program's ``fn`` functions. The same
    program gives the same bytes. Raises KeyError for a net the program does not have.
    """
    from tnlang.lower.nets import plan_module
    from tnlang.lower.torch import module_source

    return module_source(plan_module(program, program.exported if nets is None else nets))
