"""Programs as PyTorch source: IR -> Plan -> text. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tnlang.ir.program import Program
from tnlang.lower.names import class_names, identifier
from tnlang.source import Diagnostic, TnError

if TYPE_CHECKING:
    from tnlang.lower.optimize import Rule

__all__ = ["class_names", "identifier", "torch_source"]


def torch_source(
    program: Program,
    nets: Sequence[str] | None = None,
    rules: Sequence[Rule] | None = None,
    cpu_kernels: bool = False,
) -> str:
    """One Python module with a class for each of the nets (all that are exported) and those they call.

    It needs torch and the standard library alone, and the modules of the program's ``fn`` functions. The same
    program gives the same bytes. ``rules`` are those of the optimizer to apply; if not given all, those for
    the kernels of CPUs only with ``cpu_kernels``.

    Raises KeyError for a net the program does not have, TnError where a net has an expression too long for
    Python: one that nests as deep as its products have factors.
    """
    from tnlang.lower.nets import plan_module
    from tnlang.lower.optimize import CPU_RULES, RULES
    from tnlang.lower.torch import module_source

    chosen = rules if rules is not None else CPU_RULES if cpu_kernels else RULES
    wanted = program.exported if nets is None else nets
    try:
        return module_source(plan_module(program, wanted, chosen))
    except RecursionError:
        place = program.net(wanted[-1]).origin.span
        message = f"an expression of {wanted[-1]}, or of a net before it, is too long for one of Python"
        hint = "bind parts of it to names"
        raise TnError([Diagnostic("TN608", message, place, hint=hint)]) from None
