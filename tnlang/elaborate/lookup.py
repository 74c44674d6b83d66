"""Looking names up: values with their members, nets, functions, and what a wrong name was meant to be."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.elaborate.arithmetic import find_dim, find_module, is_broken, path_text, size_of
from tnlang.elaborate.declarations import member_text
from tnlang.elaborate.scope import Known, Module, NetEntry, Scope, count, loop_vars, near
from tnlang.ir.functions import FUNCTIONS, Function
from tnlang.ir.net import Leg, Loop, Ref
from tnlang.ir.program import UserFunction
from tnlang.ir.size import DimSize, Size, SizeError, evaluate
from tnlang.source import Related
from tnlang.syntax import ast

SPECIALS = ("delta", "ones", "basis", "shift", "index", "tril", "levi")


@dataclass(frozen=True, slots=True)
class Found:
    """A value of the text: its reference, and its legs (None where a mistake hides them)."""

    title: str
    ref: Ref
    legs: tuple[Leg, ...] | None
    known: Known | None


def find_known(path: ast.Path, scope: Scope) -> Known | None:
    """What a path names among values: those of the body, then those declared in the file (not reported)."""
    found = find_module(scope.module, path)
    if found is None:
        return None
    module, part = found
    name = part.name.text
    if module is scope.module:
        if name in scope.body.values:
            return scope.body.values[name]
        if name in scope.body.later:
            return None
    return module.values.get(name)


def find_net(path: ast.Path, scope: Scope) -> NetEntry | None:
    """The net of that name (not reported)."""
    found = find_module(scope.module, path)
    if found is None or found[1].subs:
        return None
    return found[0].nets.get(found[1].name.text)


def find_function(path: ast.Path, scope: Scope) -> Function | UserFunction | None:
    """The function of that name: one declared by ``fn`` before one of the language."""
    found = find_module(scope.module, path)
    if found is None or found[1].subs:
        return None
    name = found[1].name.text
    return found[0].functions.get(name) or (FUNCTIONS.get(name) if len(path.parts) == 1 else None)


def find_value(path: ast.Path, scope: Scope) -> Found | None:
    """The value a path names, subscripts resolved. Reports what is wrong; None if there is no such name."""
    known = find_known(path, scope)
    title = path_text(path)
    if known is None:
        unknown_value(path, scope)
        return None
    part = path.parts[-1]
    if known.name in scope.body.values or part.name.text in scope.body.values:
        scope.body.used.add(part.name.text)
    subs = [size_of(sub, scope) for sub in part.subs if not isinstance(sub, ast.Range | ast.NamedRange)]
    if len(subs) != len(part.subs):
        scope.diagnostics.error("TN604", f"{title} names several members where one is meant", part.span)
        return Found(title, Ref(known.name), None, known)
    if any(sub is None for sub in subs):
        return Found(title, Ref(known.name), None, known)
    sizes = tuple(sub for sub in subs if sub is not None)
    return _member(known, sizes, part, scope)


def _member(known: Known, subs: tuple[Size, ...], part: ast.PathPart, scope: Scope) -> Found:
    diagnostics = scope.diagnostics
    name = part.name.text
    if known.members and not any(loop_vars(sub) for sub in subs):
        # Which member is meant decides its legs: dims in the subscript are numbers from here on.
        counted = [count(sub, scope, part.span, f"the subscript of {name}") for sub in subs]
        if any(number is None for number in counted):
            return Found(name, Ref(known.name), None, known)
        subs = tuple(number for number in counted if number is not None)
    numbers = tuple(s for s in subs if isinstance(s, int))
    title = member_text(name, numbers) if len(numbers) == len(subs) else name
    ref = Ref(known.name, subs)
    if known.kind == "stream" and len(subs) == 1:
        if known.assigned is not None and numbers and not 0 <= numbers[0] < known.assigned:
            diagnostics.error(
                "TN509",
                f"{name} has {known.assigned} values so far, {name}{{0}} to {name}{{{known.assigned - 1}}}",
                part.span,
                Related(known.span, "the stream"),
            )
        return Found(title, ref, known.legs, known)
    if len(subs) != known.arity:
        wanted = "no subscript" if not known.arity else f"{known.arity} subscript{'s' * (known.arity > 1)}"
        diagnostics.error(
            "TN604",
            f"{name} takes {wanted}, {len(subs)} given",
            part.span,
            Related(known.span, f"{name} is declared here"),
            hint=f"name a member, `{name}{{0}}`" if known.arity and not subs else "",
        )
        return Found(title, ref, None, known)
    if not subs:
        return Found(title, ref, known.legs, known)
    if len(numbers) == len(subs):
        if numbers in known.members:
            return Found(title, ref, known.members[numbers], known)
        if known.carried:
            return Found(title, ref, known.legs, known)
        _no_member(known, title, part, scope)
        return Found(title, ref, None, known)
    return Found(title, ref, _common_legs(known, subs, part, scope), known)


def _no_member(known: Known, title: str, part: ast.PathPart, scope: Scope) -> None:
    if not known.counted:
        return
    firsts = list(known.members)
    span = (
        f"{member_text(part.name.text, firsts[0])} to {member_text(part.name.text, firsts[-1])}"
        if firsts
        else ""
    )
    scope.diagnostics.error(
        "TN602",
        f"there is no {title}",
        part.span,
        Related(known.span, f"the family has the members {span}" if span else "the family"),
    )


def _common_legs(
    known: Known, subs: tuple[Size, ...], part: ast.PathPart, scope: Scope
) -> tuple[Leg, ...] | None:
    """The legs that all members a loop reaches have."""
    if known.carried:
        return known.legs
    reached = _reached(subs, scope)
    if reached is not None:
        missing = next((numbers for numbers in reached if numbers not in known.members), None)
        if missing is not None:
            _no_member(known, member_text(part.name.text, missing), part, scope)
            return None
    legs = {known.members[n] for n in (reached if reached is not None else known.members)}
    if len(legs) > 1:
        scope.diagnostics.error(
            "TN603",
            f"the members of {part.name.text} differ in their legs, so a loop cannot run over them",
            part.span,
            Related(known.span, "declared here"),
            hint="write the ends out before and after the loop",
        )
        return None
    return next(iter(legs), None)


def _reached(subs: tuple[Size, ...], scope: Scope) -> list[tuple[int, ...]] | None:
    """The members that subscripts run over in the repeats around; None where that cannot be told."""
    variables = {v for sub in subs for v in loop_vars(sub)}
    turns: list[dict[str, int]] = [{}]
    for loop in loops_around(scope):
        if loop.var not in variables:
            continue
        grown: list[dict[str, int]] = []
        for turn in turns:
            numbers = {**scope.world.overrides, **turn}
            try:
                bounds = range(evaluate(loop.start, numbers), evaluate(loop.stop, numbers))
            except SizeError:
                return None
            if len(grown) + len(bounds) > 10_000:
                return None
            grown.extend({**turn, loop.var: number} for number in bounds)
        turns = grown
    found = []
    for turn in turns:
        try:
            found.append(tuple(evaluate(sub, {**scope.world.overrides, **turn}) for sub in subs))
        except SizeError:
            return None
    return found


def loops_around(scope: Scope) -> tuple[Loop, ...]:
    """The loops that stay loops around an expression, outermost first."""
    return (*scope.body.loops, *scope.folded)


# ---------------------------------------------------------------- what a wrong name was meant to be


def unknown_value(path: ast.Path, scope: Scope) -> None:
    """Report a name that is no value here, with the most likely reason."""
    name = path.parts[-1].name.text
    text = path_text(path)
    diagnostics = scope.diagnostics
    if is_broken(path, scope) or text in scope.body.unknown:
        return
    scope.body.unknown.add(text)
    later = scope.body.later.get(name) if len(path.parts) == 1 else None
    if later is not None:
        diagnostics.error(
            "TN204",
            f"{name} is used before it is bound",
            path.span,
            Related(later, f"{name} is bound here"),
            hint="values stand before their use; a value bound in a repeat lasts one turn",
        )
        return
    ended = scope.body.ended.get(name) if len(path.parts) == 1 else None
    if ended is not None:
        diagnostics.error(
            "TN204",
            f"{name} lasts one turn of the repeat it is bound in",
            path.span,
            Related(ended.span, f"{name} is bound here"),
            hint=f"let it carry the variable, `{name}{{{ended.loops[-1]}}} = …`, "
            "or open a stream before the repeat",
        )
        return
    module = _module_of(path, scope)
    bound = module.bound.get(name) if module is not None else None
    if bound is not None and not (scope.body.is_main and module is scope.module):
        diagnostics.error(
            "TN206",
            f"{text} is bound by the net main, and only declared values are shared",
            path.span,
            Related(bound, "bound here"),
            hint=f"make it an input of {scope.body.title}" if not scope.body.is_main else "",
        )
        return
    if len(path.parts) > 1 and path.parts[0].name.text not in scope.module.modules:
        first = path.parts[0].name.text
        declared = first in scope.body.values or first in scope.module.values
        if declared and name in ("T", "mT", "H", "mH", "transpose"):
            hint = f"there is no transpose: legs have names, so `{first}[j, i]` is it"
        else:
            hint = near(first, scope.module.modules) or 'dots lead into imported files: `import "layers.tn"`'
        diagnostics.error("TN200", f"there is no value {text}", path.span, hint=hint)
        return
    net, function = find_net(path, scope), find_function(path, scope)
    if len(path.parts) == 1 and name in {**scope.body.named, **scope.body.calls} and net is None:
        hint = f"{name} names a call, bubble or bracket; to use a value again bind it, `{name} = …`"
    elif name in scope.body.shared or net is not None:
        hint = f"{text} is a net: apply it, `{text}(x)`, without a space before the bracket"
    elif function is not None:
        gates = "[k]" if _gate_count(function) == 1 else "[q, k]" if _gate_count(function) else ""
        hint = f"{text} is a function: `{text}{gates}(…)`, without a space before the bracket"
    elif name in SPECIALS:
        hint = f"{name} has legs: `{_special_form(name)}`"
    elif name in scope.loops:
        hint = f"{name} is a loop variable, a number without legs"
    elif _is_dim(path, scope):
        hint = (
            f"{text} is a dim, a number without legs; did you mean `ones[i: {text}]` or `index[i: {text}]`?"
        )
    else:
        names = [*scope.body.values, *scope.module.values, *scope.module.dims, *scope.module.nets]
        names += [*SPECIALS, "pi", "inf"]
        if module is not None and module is not scope.module:
            names = [*module.values]
        foreign = module is not None and module is not scope.module
        declare = f"declare it, `tensor {name}[…]`, or bind it before"
        hint = near(name, names) or ("" if foreign else declare)
    diagnostics.error("TN200", f"there is no value {text}", path.span, hint=hint)


def unknown_function(path: ast.Path, scope: Scope) -> None:
    """Report a name that is applied and is neither a net nor a function."""
    name = path.parts[-1].name.text
    text = path_text(path)
    if is_broken(path, scope):
        return
    if find_known(path, scope) is not None or name in scope.body.later:
        scope.diagnostics.error(
            "TN201",
            f"{text} is a value, not a net or function",
            path.span,
            hint=f"touching brackets apply; for a product put a space between: `{text} (…)`",
        )
        return
    if _is_dim(path, scope):
        scope.diagnostics.error(
            "TN201",
            f"{text} is a dim, not a net or function",
            path.span,
            hint=f"for a product put a space: `{text} (…)`",
        )
        return
    found = _module_of(path, scope)
    module = found or scope.module
    if found is None:
        first = path.parts[0].name.text
        hint = near(first, scope.module.modules, f"{{}}.{name}") or "dots lead into imported files"
        scope.diagnostics.error("TN201", f"there is no net or function {text}", path.span, hint=hint)
        return
    names = [*module.nets, *module.functions, *scope.body.shared]
    names += [*FUNCTIONS, "basis", "shift"] if module is scope.module else []
    scope.diagnostics.error(
        "TN201",
        f"there is no net or function {text}",
        path.span,
        hint=near(name, names) or "nets are declared by `net`, Python functions by `fn`",
    )


def _module_of(path: ast.Path, scope: Scope) -> Module | None:
    found = find_module(scope.module, path)
    return found[0] if found is not None else None


def _is_dim(path: ast.Path, scope: Scope) -> bool:
    found = find_module(scope.module, path)
    return found is not None and found[1].name.text in found[0].dims


def _gate_count(function: Function | UserFunction) -> int:
    return len(function.gates) if isinstance(function, UserFunction) else function.gates


def _special_form(name: str) -> str:
    return {
        "ones": "ones[i: dim]",
        "index": "index[i: dim]",
        "basis": "basis(0)[i: dim]",
        "shift": "shift(1)[i: dim, j]",
        "levi": "levi[i, j, k]",
    }.get(name, f"{name}[i: dim, j]")


def dim_size(path: ast.Path, scope: Scope) -> Size | None:
    """The dim a path names as a size (mistakes in its subscripts are reported)."""
    dim = find_dim(path, scope) if _is_dim(path, scope) else None
    return DimSize(dim) if dim is not None else None
