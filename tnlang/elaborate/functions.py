"""What stands round the argument of a function: the legs it works along, its options."""

from __future__ import annotations

from tnlang.elaborate.brackets import draft_bracket
from tnlang.elaborate.constants import constant
from tnlang.elaborate.drafts import DraftSum, EntryTip, Tip, sum_tips
from tnlang.elaborate.leaves import counted
from tnlang.elaborate.scope import Scope, near, shown
from tnlang.ir.functions import Function
from tnlang.ir.program import UserFunction
from tnlang.syntax import ast

NESTING = frozenset({"sum", "prod", "mean", "max", "min", "logsumexp", "norm"})
"""Along several legs they are what they are along one of them, of what they are along the others."""


def gates_of(
    call: ast.Call, function: Function | UserFunction, body: DraftSum | None, scope: Scope
) -> tuple[Tip, ...] | None:
    wanted = len(function.gates) if isinstance(function, UserFunction) else function.gates
    if call.gates is None:
        if wanted:
            names = list(dict.fromkeys(tip.text for tip in sum_tips(body))) if body is not None else []
            gates = "k" if wanted == 1 else "q, k"
            scope.diagnostics.error(
                "TN703",
                f"{function.name} works along {counted(wanted, 'leg')}, and none is named",
                call.path.span,
                hint=f"`{function.name}[{gates}](…)`"
                + (f"; the wires here are {shown(names)}" if names else ""),
            )
            return None
        return ()
    found = draft_bracket(call.gates, scope)
    if found is None:
        return None
    gates_found = tuple(ix for ix in found if isinstance(ix, Tip))
    if len(gates_found) != len(found):
        entry = next(ix for ix in found if not isinstance(ix, Tip))
        scope.diagnostics.error(
            "TN703",
            f"{function.name} works along wires",
            entry.span if isinstance(entry, EntryTip) else call.span,
        )
        return None
    twice = next((g for i, g in enumerate(gates_found) if g.name in [h.name for h in gates_found[:i]]), None)
    if twice is not None:
        scope.diagnostics.error("TN703", f"{function.name} works along {twice.text} twice", twice.span)
        return None
    if wanted and len(found) != wanted:
        hint, legs = "", [gate.text for gate in gates_found]
        if function.name in NESTING:
            nested = "".join(f"{function.name}[{leg}](" for leg in legs)
            hint = f"one in the other: `{nested}…{')' * len(found)}`"
        elif wanted == 1:
            hint = f"bind its value with one leg of them all, `joined[({' '.join(legs)})] = …`"
        scope.diagnostics.error(
            "TN703",
            f"{function.name} works along {counted(wanted, 'leg')}, {len(found)} given",
            call.span,
            hint=hint,
        )
        return None
    return gates_found


def options_of(
    call: ast.Call, function: Function | UserFunction, scope: Scope
) -> tuple[tuple[str, float], ...] | None:
    allowed = dict(function.options) if isinstance(function, Function) else {}
    given: dict[str, float] = {}
    sound = True
    for option in (a for a in call.arguments if isinstance(a, ast.Option)):
        name = option.name.text
        value = constant(option.value, scope)
        if name not in allowed or function.name == "power":
            instinct = (
                "name the leg before the bracket: " + f"`{function.name}[k](…)`" if name == "dim" else ""
            )
            hint = (
                instinct
                or near(name, allowed)
                or (f"{function.name} has {shown(allowed)}" if allowed else f"{function.name} has no options")
            )
            scope.diagnostics.error(
                "TN704", f"{function.name} has no option {name}", option.name.span, hint=hint
            )
            sound = False
        elif name in given:
            scope.diagnostics.error("TN704", f"{name} is given twice", option.name.span)
            sound = False
        elif not isinstance(value, int | float):
            scope.diagnostics.error("TN709", f"{name} is a number", option.value.span)
            sound = False
        elif name == "k" and (not isinstance(value, int) or value < 1):
            scope.diagnostics.error("TN709", f"{name} is a whole number above 0", option.value.span)
            sound = False
        else:
            given[name] = float(value)
    if isinstance(function, Function) and sound:
        missing = [name for name in function.required if name not in given]
        if missing:
            scope.diagnostics.error(
                "TN705",
                f"{function.name} needs its option {missing[0]}",
                call.span,
                hint=f"`{function.name}(…, {missing[0]} = 1)`",
            )
            return None
    return tuple(given.items()) if sound else None
