"""Calls of nets (rules 6 and 7): arguments become values, the call a statement with a name of its own."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.elaborate import bindings
from tnlang.elaborate.arithmetic import path_text
from tnlang.elaborate.drafts import Whole
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.lookup import find_known, find_net, find_value
from tnlang.elaborate.scope import Header, NetEntry, Scope
from tnlang.elaborate.targets import Expected, fits
from tnlang.ir.net import Call, Decl, Leg, Origin, Output, Ref, Tensor, Value, Wire
from tnlang.ir.slots import onehot_leg
from tnlang.ir.walk import new_id
from tnlang.source import Related, Span
from tnlang.syntax import ast


@dataclass(frozen=True, slots=True)
class Applied:
    """A net with its arguments, before its results have names."""

    name: str
    entry: NetEntry
    header: Header
    arguments: tuple[Ref, ...]
    shared: str
    span: Span


def is_net_call(expr: ast.Expr, scope: Scope) -> bool:
    """Whether an expression is a net applied to values, without brackets after it."""
    if not isinstance(expr, ast.Call) or expr.bracket is not None:
        return False
    plain = len(expr.path.parts) == 1 and expr.path.parts[0].name.text in scope.body.shared
    return plain or find_net(expr.path, scope) is not None


def claim_name(name: ast.Name, scope: Scope) -> bool:
    """Take a name that ``as`` gives in this net; reports one that is taken."""
    body = scope.body
    before = body.named.get(name.text) or body.calls.get(name.text)
    if before is not None:
        scope.diagnostics.error(
            "TN203", f"{name.text} is named twice", name.span, Related(before, "first named here")
        )
        return False
    if _is_value(name.text, name.span, scope):
        return False
    body.named[name.text] = name.span
    return True


def _is_value(name: str, span: Span, scope: Scope) -> bool:
    known = scope.body.values.get(name)
    place = known.span if known is not None else scope.body.later.get(name)
    if place is None:
        return False
    scope.diagnostics.error(
        "TN205",
        f"{name} is the name of a value of this net and of a call",
        span,
        Related(place, "the value"),
        hint=f"name the call, `… as {name}_1`",
    )
    return True


def apply_net(call: ast.Call, scope: Scope, name: ast.Name | None) -> Applied | None:
    """Resolve the net, take the arguments out as values, and give the call its name. None after a mistake."""
    plain = call.path.parts[0].name.text if len(call.path.parts) == 1 else ""
    shared = scope.body.shared.get(plain)
    entry = shared[1] if shared is not None else find_net(call.path, scope)
    if entry is None:
        return None
    if call.gates is not None:
        scope.diagnostics.error(
            "TN512", f"{path_text(call.path)} is a net and takes no legs before its bracket", call.span
        )
    header = header_of(entry, scope.world, call.path.span)
    title = path_text(call.path)
    call_name = _call_name(call, entry, name, plain if shared is not None else "", scope)
    for option in (a for a in call.arguments if isinstance(a, ast.Option)):
        scope.diagnostics.error(
            "TN704",
            f"{title} is a net and has no options",
            option.span,
            hint="inputs are given in order, without names",
        )
    given = [a for a in call.arguments if isinstance(a, ast.Argument)]
    inputs = header.inputs if header is not None else ()
    if header is not None and header.sound and len(given) != len(inputs):
        takes = "no input" if not inputs else f"{len(inputs)} input{'s' * (len(inputs) > 1)}"
        names = ", ".join(decl.name for decl in inputs)
        scope.diagnostics.error(
            "TN500",
            f"{title} takes {takes}{f' ({names})' if names else ''}, {len(given)} given",
            call.span,
            Related(entry.span, f"{title} is declared here"),
        )
        header = None
    arguments = [
        _argument(
            argument.value, inputs[i] if header is not None and i < len(inputs) else None, call_name, i, scope
        )
        for i, argument in enumerate(given)
    ]
    if header is None or call_name is None or any(a is None for a in arguments):
        return None
    refs = tuple(a for a in arguments if a is not None)
    return Applied(call_name, entry, header, refs, shared[0].name if shared is not None else "", call.span)


def _call_name(
    call: ast.Call, entry: NetEntry, name: ast.Name | None, shared: str, scope: Scope
) -> str | None:
    body = scope.body
    if name is not None:
        if shared:
            scope.diagnostics.error(
                "TN510",
                f"calls of {shared} share its parameters, and its name",
                name.span,
                hint="leave `as` out",
            )
            return None
        if not claim_name(name, scope):
            return None
        body.calls[name.text] = name.span
        return name.text
    plain = shared or call.path.parts[-1].name.text
    span = call.path.span
    if not shared and _is_value(plain, span, scope):
        return None
    before = body.calls.get(plain) or body.named.get(plain)
    if before is None:
        body.calls[plain] = span
        return plain
    if entry.owns and not shared:
        scope.diagnostics.error(
            "TN502",
            f"{plain} owns parameters and is called twice: are they the same?",
            span,
            Related(before, "called here too"),
            hint=f"`{plain}(…) as {plain}_2` has its own; for the same, write "
            f"`shared {plain}_all = {path_text(call.path)}` before and call that",
        )
        return None
    number = 2
    while f"{plain}_{number}" in body.calls or f"{plain}_{number}" in body.values:
        number += 1
    body.calls[f"{plain}_{number}"] = span
    return f"{plain}_{number}"


def _argument(
    named: ast.Named, decl: Decl | None, call_name: str | None, position: int, scope: Scope
) -> Ref | None:
    expr, name = named.value, named.name
    while name is None and isinstance(expr, ast.Parens) and expr.bracket is None and expr.caption is None:
        inner = expr.inner
        expr, name = inner.value, inner.name
    legs: tuple[Leg, ...] | None
    if isinstance(expr, ast.Use) and expr.bracket is None and name is None and find_known(expr.path, scope):
        found = find_value(expr.path, scope)
        if found is None or found.legs is None:
            return None
        ref, legs = found.ref, found.legs
    elif is_net_call(expr, scope) and isinstance(expr, ast.Call):
        whole = call_in_expression(expr, scope, name)
        if whole is None or whole.legs is None:
            return None
        ref, legs = whole.node.ref, whole.legs
    else:
        input_name = ".".join([decl.name, *map(str, decl.subs)]) if decl is not None else str(position)
        title = f"{call_name}.{input_name}"
        if decl is not None and decl.legs and name is None and _indexed(expr, call_name or "it", scope):
            return None
        bound = bindings.bind_anonymous(ast.Named(expr, name, span=named.span), title, scope)
        if bound is None:
            return None
        ref, legs = bound
    if decl is None:
        return ref
    wanted = Expected(f"the input {decl.name}", decl.legs, decl.origin.span)
    sound = fits(legs, wanted, "TN507", named.span, scope) and _hot(ref, decl, named.span, scope)
    return ref if sound else None


def _indexed(expr: ast.Expr, title: str, scope: Scope) -> bool:
    """Whether an argument is a value with a wire for each leg, `x[i]`, which no net takes; reports it."""
    if not isinstance(expr, ast.Use) or expr.bracket is None or find_known(expr.path, scope) is None:
        return False
    for ix in expr.bracket:
        if not isinstance(ix, ast.Index) or not isinstance(ix.at, ast.IndexPath) or ix.of is not None:
            return False
        if ix.at.path.parts[0].name.text in scope.loops:
            return False
    found = find_value(expr.path, scope)
    if found is not None:
        message = f"{found.title} has wires here, and {title} takes whole values"
        hint = f"nets take whole values: `{title}({path_text(expr.path)})`"
        scope.diagnostics.error("TN507", message, expr.span, hint=hint)
    return True


def _hot(ref: Ref, decl: Decl, span: Span, scope: Scope) -> bool:
    """Whether a value may be handed to a one-hot input: only one that was declared so; reports others.

    A one-hot value is stored as numbers, and no value that is computed is.
    """
    leg = onehot_leg(decl)
    if leg is None:
        return True
    known = scope.body.values.get(ref.name)
    hot = None if known is None or known.kind != "input" else known.onehot
    if known is None:
        files = [d for d in scope.world.declarations if d.name == ref.name]
        hot = onehot_leg(files[0]) if files else None
    if hot == leg:
        return True
    scope.diagnostics.error(
        "TN507",
        f"the input {decl.name} is one-hot along {decl.legs[leg].name}, this value is not declared so",
        span,
        Related(decl.origin.span, "declared here"),
        hint="only an input or tensor declared `onehot` fits; "
        f"for computed values write the input without it, `{decl.name}[…]`",
    )
    return False


def call_in_expression(call: ast.Call, scope: Scope, name: ast.Name | None) -> Whole | None:
    """A call inside an expression: its statement is put before, its one result is used by the call's name."""
    applied = apply_net(call, scope, name)
    if applied is None:
        return None
    outputs = applied.header.outputs
    if len(outputs) != 1:
        several_results(applied, scope)
        return None
    emit(applied, (result_value(applied.name, outputs[0], True),), scope)
    node = Tensor(Ref(applied.name), (), origin=Origin(call.span))
    return Whole(applied.name, node, outputs[0].legs if applied.header.sound else None, call.span)


def several_results(applied: Applied, scope: Scope) -> None:
    """Report that a net of several outputs stands where one value is meant."""
    names = ", ".join(output.name for output in applied.header.outputs)
    scope.diagnostics.error(
        "TN506",
        f"{applied.entry.name} has {len(applied.header.outputs)} outputs",
        applied.span,
        Related(applied.entry.span, "declared here"),
        hint=f"take it apart first: `{names} = …`",
    )


def result_value(name: str, output: Output, anonymous: bool) -> Value:
    """What a call binds, on fresh wires named after the output's legs."""
    wires = tuple(Wire(new_id(), leg.name, leg.size, (), leg.label) for leg in output.legs)
    return Value(name, wires, (), tuple(leg.name for leg in output.legs), anonymous)


def emit(applied: Applied, results: tuple[Value, ...], scope: Scope) -> None:
    """Put the call among the statements."""
    origin = Origin(applied.span)
    scope.body.block.append(
        Call(
            # What is shared stands under its own name, however often it is called.
            applied.shared or applied.name,
            applied.entry.name,
            applied.arguments,
            results,
            bool(applied.shared),
            origin=origin,
        )
    )
