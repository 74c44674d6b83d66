"""Left-hand sides: which names may be bound, what the body then knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tnlang.elaborate.arithmetic import size_of
from tnlang.elaborate.declarations import member_text
from tnlang.elaborate.families import parts
from tnlang.elaborate.scope import Known, Scope, legs_text, loop_vars
from tnlang.ir.net import Leg
from tnlang.ir.size import DimSize, Size, show
from tnlang.source import Related, Span
from tnlang.syntax import ast


@dataclass(frozen=True, slots=True)
class Expected:
    """The legs a value has to have: an output's, or a stream's."""

    what: str
    legs: tuple[Leg, ...]
    span: Span


def may_bind(target: ast.Lhs, op: str, scope: Scope, opens: bool) -> bool:
    """Whether a name may be bound or assigned here; reports why not."""
    name = target.name.text
    diagnostics = scope.diagnostics
    known = scope.body.values.get(name) or scope.body.ended.get(name)
    if name in scope.loops:
        diagnostics.error("TN605", f"{name} is the variable of a loop here", target.name.span)
        return False
    if op != "=" and (known is None or known.kind != "stream"):
        hint = f"open it as a stream, `stream {name} = …`" if known is None or known.kind == "value" else ""
        related = [Related(known.span, f"{name} is bound here")] if known is not None else []
        diagnostics.error(
            "TN505",
            f"{name} is no stream, so `{op}` has no meaning",
            target.name.span,
            *related,
            hint=hint,
        )
        return False
    if known is None:
        call = scope.body.calls.get(name) or scope.body.named.get(name)
        if call is not None:
            diagnostics.error(
                "TN205",
                f"{name} is the name of a value of this net and of a call",
                target.name.span,
                Related(call, "the call"),
                hint=f"name the call, `… as {name}_1`",
            )
            return False
        return True
    if known.kind == "stream" and not opens and name in scope.body.values:
        return True
    if target.subs and known.arity == len(target.subs) and known.kind == "value":
        return True
    hint = (
        f"only a stream is assigned again: open it with `stream {name} = …`" if known.kind == "value" else ""
    )
    if name in scope.body.ended:
        hint = "names are bound once in a net, also those that last one turn; choose another"
    diagnostics.error(
        "TN504",
        f"{name} is bound twice",
        target.name.span,
        Related(known.span, "first bound here"),
        hint=hint,
    )
    return False


def subs_of(target: ast.Lhs, scope: Scope) -> tuple[Size, ...] | None:
    """The subscripts of a left-hand side. None after a mistake."""
    found = [size_of(sub, scope) for sub in target.subs if not isinstance(sub, ast.Range | ast.NamedRange)]
    if len(found) != len(target.subs):
        scope.diagnostics.error(
            "TN604",
            f"{target.name.text} is bound one member at a time",
            target.span,
            hint="bind them in a repeat: `repeat l in 0..n { h{l}[i] = … }`",
        )
        return None
    return None if any(f is None for f in found) else tuple(f for f in found if f is not None)


def remember(
    target: ast.Lhs,
    legs: tuple[Leg, ...] | None,
    scope: Scope,
    opens: bool,
    subs: tuple[Size, ...] | None = None,
) -> None:
    """Enter what a left-hand side binds among the values of the body."""
    body = scope.body
    name = target.name.text
    body.later.pop(name, None)
    known = body.values.get(name)
    if known is None:
        known = Known(name, "stream" if opens else "value", target.name.span, legs, len(target.subs))
        known.loops = tuple(loop.var for loop in body.loops)
        known.assigned = None if body.loops else 1
        body.values[name] = known
    numbers = tuple(s for s in subs or () if isinstance(s, int))
    if subs and len(numbers) == len(subs):
        if numbers in known.members:
            scope.diagnostics.error(
                "TN504",
                f"{member_text(name, numbers)} is bound twice",
                target.name.span,
                Related(known.span, "first bound here"),
            )
        known.members[numbers] = legs
    elif subs:
        carried = {v for s in subs for v in loop_vars(s)}
        known.carried = carried >= set(known.loops)


def loop_names_clear(target: ast.Lhs, value: ast.Named, scope: Scope) -> bool:
    """Whether no wire of the left-hand side is a variable of a sum or prod on the right; reports one."""
    wires = {
        ix.at.path.parts[0].name.text
        for ix in target.bracket or ()
        if isinstance(ix, ast.Index) and isinstance(ix.at, ast.IndexPath)
    }
    clear = True
    nodes = parts(value) if wires else ()
    for node in (n for n in nodes if isinstance(n, ast.Comprehension)):
        for loop in node.loops.ranges:
            if loop.var.text in wires:
                clear = False
                scope.diagnostics.error(
                    "TN605",
                    f"{loop.var.text} is a wire of the left-hand side, and the variable of this {node.kind}",
                    loop.var.span,
                    Related(target.span, "the wire"),
                    hint="in the body the variable is a number; rename one of the two",
                )
    return clear


def fits(
    given: tuple[Leg, ...], wanted: Expected, code: Literal["TN507", "TN511"], span: Span, scope: Scope
) -> bool:
    """Whether a whole value fits an input, an output or a stream, leg by leg; reports one that does not."""
    what = wanted.what
    message = ""
    if len(given) != len(wanted.legs):
        message = f"{what} has {legs_text(wanted.legs)}, this value {legs_text(given)}"
    else:
        for mine, other in zip(given, wanted.legs, strict=True):
            both = isinstance(mine.size, DimSize) and isinstance(other.size, DimSize)
            if (both and mine.size != other.size) or scope.world.agree(mine.size, other.size) is False:
                message = f"leg {other.name} of {what} is {show(other.size)}, "
                message += f"leg {mine.name} of this value is {show(mine.size)}"
                break
    if message:
        scope.diagnostics.error(code, message, span, Related(wanted.span, "declared here"))
    return not message


def bound_names(statements: tuple[ast.Statement, ...]) -> dict[str, Span]:
    """The names that statements bind or declare, and where first; those in repeats too."""
    found: dict[str, Span] = {}
    for statement in statements:
        match statement:
            case ast.Binding(targets=targets):
                for target in targets:
                    found.setdefault(target.name.text, target.name.span)
            case ast.StreamStatement(target=target):
                found.setdefault(target.name.text, target.name.span)
            case ast.Declaration(items=items):
                for item in items:
                    found.setdefault(item.name.text, item.name.span)
            case ast.RepeatStatement(body=body):
                for name, span in bound_names(body).items():
                    found.setdefault(name, span)
            case _:
                pass
    return found
