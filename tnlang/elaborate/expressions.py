"""Expressions: names are resolved, products flattened, calls of nets taken out as statements of their own."""

from __future__ import annotations

import math
from dataclasses import replace

from tnlang.elaborate import calls
from tnlang.elaborate.arithmetic import path_text, size_of_expr
from tnlang.elaborate.brackets import draft_bracket
from tnlang.elaborate.drafts import (
    Bracketed,
    DraftSum,
    DraftTerm,
    Factor,
    Fixed,
    Folded,
    Leaf,
    Round,
    Whole,
    factor_wholes,
    single,
)
from tnlang.elaborate.families import folded, must_write_out, written_out
from tnlang.elaborate.functions import gates_of, options_of
from tnlang.elaborate.leaves import broken_leaf, counted, special_leaf
from tnlang.elaborate.lookup import (
    SPECIALS,
    dim_size,
    find_function,
    find_known,
    find_net,
    find_value,
    unknown_function,
)
from tnlang.elaborate.marks import refuse_caption
from tnlang.elaborate.scope import MEMBERS, Scope, leg_names
from tnlang.ir.functions import Function
from tnlang.ir.net import Number, Origin, Ref, SizeNumber, Tensor
from tnlang.ir.program import UserFunction
from tnlang.ir.size import Size
from tnlang.source import Span
from tnlang.syntax import ast


def draft(expr: ast.Expr, scope: Scope) -> DraftSum | None:
    """The draft of an expression; None where a mistake leaves nothing to go on with."""
    if isinstance(expr, ast.Sum):
        found = [_terms(term.value, term.sign == "-", scope) for term in expr.terms]
    else:
        found = [_terms(expr, False, scope)]
    if any(terms is None for terms in found):
        return None
    return DraftSum(tuple(t for terms in found for t in terms or ()), expr.span)


def draft_named(named: ast.Named, scope: Scope) -> DraftSum | None:
    """The draft of an expression with what ``as`` names in it: a call, a bubble, else a bracket round it."""
    if named.name is None:
        return draft(named.value, scope)
    factors = _named_factors(named, scope)
    return None if factors is None else _sum_of(factors, named.span)


def _sum_of(factors: list[Factor], span: Span) -> DraftSum:
    return DraftSum((DraftTerm(tuple(factors), span),), span)


def _named_factors(named: ast.Named, scope: Scope) -> list[Factor] | None:
    assert named.name is not None
    if isinstance(named.value, ast.Call | ast.Power):
        return factors(named.value, scope, named.name)
    body = draft(named.value, scope)
    if body is None or not calls.claim_name(named.name, scope):
        return None
    return [Bracketed(body, named.name.text, None, named.span)]


def _terms(expr: ast.Expr, negative: bool, scope: Scope) -> list[DraftTerm] | None:
    if isinstance(expr, ast.Comprehension) and expr.kind == "sum" and must_write_out(expr, scope):
        total = _written_sum(expr, scope)
        if total is None:
            return None
        return [replace(term, negative=term.negative != negative) for term in total.terms]
    found = factors(expr, scope)
    return None if found is None else [DraftTerm(tuple(found), expr.span, negative)]


def factors(expr: ast.Expr, scope: Scope, name: ast.Name | None = None) -> list[Factor] | None:
    """The factors of a product, brackets kept; ``name`` is what ``as`` calls it where it is one factor."""
    if isinstance(expr, ast.Number | ast.Use | ast.Call) and not _counted(expr, scope):
        return None
    match expr:
        case ast.Number(value=value, text=text):
            return [Fixed(Number(value, text, origin=Origin(expr.span)), expr.span)]
        case ast.Product(factors=items):
            found = [factors(item, scope) for item in items]
            return None if any(f is None for f in found) else [one for f in found for one in f or ()]
        case ast.Quotient(numerator=above, denominator=below):
            product, divisor = factors(above, scope), _round("reciprocal", below, (), scope)
            return None if product is None or divisor is None else [*product, divisor]
        case ast.Power(base=base, exponent=exponent):
            if not isinstance(exponent.value, int | float) or exponent.value <= 0:
                hint = "for a reciprocal write `1 / x`"
                scope.diagnostics.error("TN709", "an exponent is a positive number", exponent.span, hint=hint)
            bubble = _round("power", base, (("exponent", float(exponent.value.real)),), scope)
            return None if bubble is None else _with_name(replace(bubble, span=expr.span), name, scope)
        case ast.Use():
            return _use(expr, scope)
        case ast.Call():
            return _call(expr, scope, name)
        case ast.Parens():
            return _parens(expr, scope)
        case ast.Comprehension(kind="prod"):
            return _product(expr, scope)
        case ast.Comprehension():
            return _sum(expr, scope)
        case ast.Sum():
            body = draft(expr, scope)
            return None if body is None else [Bracketed(body, "", None, expr.span)]


def _counted(factor: ast.Number | ast.Use | ast.Call, scope: Scope) -> bool:
    """Whether a statement may have this factor too; reports the first that is too many."""
    scope.world.factors += 1
    if scope.world.factors == MEMBERS + 1:
        message = f"this statement has more than {MEMBERS:,} factors"
        hint = "bind parts of it to names, or write a sum over a family"
        scope.diagnostics.error("TN601", message, factor.span, hint=hint)
    return scope.world.factors <= MEMBERS


def _with_name(bubble: Round, name: ast.Name | None, scope: Scope) -> list[Factor] | None:
    if name is None:
        return [bubble]
    return [replace(bubble, name=name.text)] if calls.claim_name(name, scope) else None


def _round(
    function: str, inner: ast.Expr, options: tuple[tuple[str, float], ...], scope: Scope
) -> Round | None:
    """An elementwise bubble round an expression, whose outline stands for the expression's own brackets."""
    if isinstance(inner, ast.Parens) and (inner.bracket or inner.caption or inner.inner.name) is None:
        inner = inner.inner.value
    body = draft(inner, scope)
    return None if body is None else Round(function, "elementwise", body, (), options, "", None, inner.span)


# ---------------------------------------------------------------- uses


def _use(use: ast.Use, scope: Scope) -> list[Factor] | None:
    if use.bracket is not None:
        return _indexed(use, use.bracket, scope)
    path, span = use.path, use.span
    first = path.parts[0]
    if len(path.parts) == 1 and not first.subs and first.name.text in scope.loops:
        return [_fixed_size(scope.loops[first.name.text], span)]
    if find_known(path, scope) is None and first.name.text not in scope.body.later:
        text = path_text(path)
        if text in ("pi", "inf"):
            value = math.pi if text == "pi" else math.inf
            return [Fixed(Number(value, text, origin=Origin(span)), span)]
        size = dim_size(path, scope)
        if size is not None:
            return [_fixed_size(size, span)]
    found = find_value(path, scope)
    if found is None:
        return None
    node = Tensor(found.ref, (), origin=Origin(span))
    return [Fixed(node, span) if found.legs == () else Whole(found.title, node, found.legs, span)]


def _fixed_size(size: Size, span: Span) -> Fixed:
    origin = Origin(span)
    number = (
        Number(size, str(size), origin=origin) if isinstance(size, int) else SizeNumber(size, origin=origin)
    )
    return Fixed(number, span)


def _indexed(use: ast.Use, bracket: ast.Bracket, scope: Scope) -> list[Factor] | None:
    legs = draft_bracket(bracket, scope)
    name = use.path.parts[-1].name.text
    plain = len(use.path.parts) == 1 and not use.path.parts[0].subs
    if plain and name in SPECIALS and find_known(use.path, scope) is None and name not in scope.body.later:
        if name in ("basis", "shift"):
            scope.diagnostics.error(
                "TN512", f"{name} needs its number", use.span, hint=f"`{name}(1)[…]`; numbers count from 0"
            )
            return None
        return None if legs is None else special_leaf(name, None, legs, use.span, scope)
    found = find_value(use.path, scope)
    if legs is None:
        return None
    title = found.title if found is not None else path_text(use.path)
    node = Tensor(found.ref if found is not None else Ref(name), (), origin=Origin(use.span))
    if found is None or found.legs is None:
        return [broken_leaf(title, node, legs, use.span)]
    if not found.legs:
        scope.diagnostics.error("TN310", f"{title} has no legs, so brackets after it mean nothing", use.span)
        return None
    if len(found.legs) != len(legs):
        scope.diagnostics.error(
            "TN300",
            f"{title} has {counted(len(found.legs), 'leg')} {leg_names(found.legs)}, "
            f"and {len(legs)} {'is' if len(legs) == 1 else 'are'} given",
            use.span,
            hint="a wire, entry, slice or group for each leg, in order",
        )
        return [replace(broken_leaf(title, node, legs, use.span), miscounted=True)]
    names = tuple(leg.name for leg in found.legs)
    return [Leaf(title, node, legs, tuple(leg.size for leg in found.legs), names, use.span)]


# ---------------------------------------------------------------- calls and functions


def _call(call: ast.Call, scope: Scope, name: ast.Name | None) -> list[Factor] | None:
    plain = len(call.path.parts) == 1
    text = call.path.parts[-1].name.text
    if find_net(call.path, scope) is not None or (plain and text in scope.body.shared):
        whole = calls.call_in_expression(call, scope, name)
        if whole is None or call.bracket is None:
            return None if whole is None else [whole]
        return attach(whole, call.bracket, call.span, scope)
    if plain and text in ("basis", "shift") and find_function(call.path, scope) is None:
        return _special_call(call, text, scope)
    function = find_function(call.path, scope)
    if function is None:
        unknown_function(call.path, scope)
        for argument in call.arguments:
            if isinstance(argument, ast.Argument):
                draft_named(argument.value, scope)
        return None
    found = _function(call, function, scope, name)
    if found is None or call.bracket is None:
        return None if found is None else [found]
    return attach(found, call.bracket, call.span, scope)


def _special_call(call: ast.Call, name: str, scope: Scope) -> list[Factor] | None:
    match call.arguments:
        case (ast.Argument(value=ast.Named(value=value, name=None)),) if call.gates is None:
            at = size_of_expr(value, scope)
        case _:
            scope.diagnostics.error("TN512", f"{name} takes one number", call.span, hint=f"`{name}(1)[…]`")
            return None
    if call.bracket is None:
        scope.diagnostics.error("TN512", f"{name}(…) has legs", call.span, hint=f"`{name}(…)[i: dim]`")
        return None
    legs = draft_bracket(call.bracket, scope)
    return None if at is None or legs is None else special_leaf(name, at, legs, call.span, scope)


def _function(
    call: ast.Call, function: Function | UserFunction, scope: Scope, name: ast.Name | None
) -> Factor | None:
    positional = [a for a in call.arguments if isinstance(a, ast.Argument)]
    if len(positional) != 1:
        scope.diagnostics.error(
            "TN708", f"{function.name} takes one argument, {len(positional)} given", call.span
        )
        return None
    body = draft_named(positional[0].value, scope)
    gates = gates_of(call, function, body, scope)
    options = options_of(call, function, scope)
    if body is None or gates is None or options is None:
        return None
    inner = single(body)
    if function.name == "conj" and not gates and name is None:
        match inner:
            case Leaf(node=Tensor() as node) | Whole(node=node) | Fixed(node=Tensor() as node):
                return replace(inner, node=replace(node, conj=not node.conj))
            case _:
                pass
    rule = function.legs if isinstance(function, Function) else ("keeps" if function.gates else "elementwise")
    found = Round(function.name, rule, body, gates, options, "", None, call.span)
    named = _with_name(found, name, scope)
    return named[0] if named else None


# ---------------------------------------------------------------- brackets


def _parens(parens: ast.Parens, scope: Scope) -> list[Factor] | None:
    inner = parens.inner
    if refuse_caption(parens, scope):
        return None
    if inner.name is not None:
        found = _named_factors(inner, scope)
        if found is None or parens.bracket is None:
            return found
        return attach(found[0], parens.bracket, parens.span, scope)
    body = draft(inner.value, scope)
    if body is None:
        return None
    if parens.bracket is None:
        return [Bracketed(body, "", None, parens.span)]
    only = single(body)
    whole = only if isinstance(only, Whole) else Bracketed(body, "", None, parens.span)
    return attach(whole, parens.bracket, parens.span, scope)


def attach(factor: Factor, bracket: ast.Bracket, span: Span, scope: Scope) -> list[Factor] | None:
    """The brackets after ``f(x)``, ``relu(x)`` or ``(x + y)``: wires for the legs of the whole value."""
    legs = draft_bracket(bracket, scope)
    if legs is None:
        return None
    values = [v for v in factor_wholes(factor) if v.legs != ()]
    if not values:
        scope.diagnostics.error(
            "TN512",
            "there is no whole value here whose legs these brackets could name",
            bracket[0].span,
            hint="leave them out: the wires inside are named already",
        )
        return None
    known = next((v.legs for v in values if v.legs is not None), None)
    if known is not None and len(known) != len(legs):
        scope.diagnostics.error(
            "TN300",
            f"{values[0].title} has {counted(len(known), 'leg')} {leg_names(known)}, "
            f"and {len(legs)} {'is' if len(legs) == 1 else 'are'} given",
            span,
        )
        known = None
    match factor:
        case Whole(title=title, node=node):
            if known is None:
                return [broken_leaf(title, node, legs, span)]
            names = tuple(leg.name for leg in known)
            return [Leaf(title, node, legs, tuple(leg.size for leg in known), names, span)]
        case Round() | Bracketed():
            return None if known is None else [replace(factor, legs=legs, span=span)]
    return None


# ---------------------------------------------------------------- sum and prod


def _product(loop: ast.Comprehension, scope: Scope) -> list[Factor] | None:
    turns = written_out(loop, scope)
    found: list[Factor] = []
    for turn in turns or ():
        here = factors(loop.body, turn)
        if here is None:
            return None
        found.extend(here)
    if turns is not None and not found:
        return [Fixed(Number(1, "1", origin=Origin(loop.span)), loop.span)]
    return None if turns is None else found


def _written_sum(loop: ast.Comprehension, scope: Scope) -> DraftSum | None:
    turns = written_out(loop, scope)
    if turns is None:
        return None
    terms: list[DraftTerm] = []
    for turn in turns:
        here = draft(loop.body, turn)
        if here is None:
            return None
        terms.extend(here.terms)
    if not terms:
        zero = Fixed(Number(0, "0", origin=Origin(loop.span)), loop.span)
        terms.append(DraftTerm((zero,), loop.span))
    return DraftSum(tuple(terms), loop.span)


def _sum(loop: ast.Comprehension, scope: Scope) -> list[Factor] | None:
    if must_write_out(loop, scope):
        total = _written_sum(loop, scope)
        return None if total is None else [Bracketed(total, "", None, loop.span)]
    found = folded(loop.loops, scope)
    if found is None:
        return None
    loops, inner = found
    body = draft(loop.body, replace(inner, folded=(*scope.folded, *loops)))
    return None if body is None else [Folded(loops, body, loop.span)]
