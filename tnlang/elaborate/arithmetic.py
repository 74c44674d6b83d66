"""Arithmetic of sizes, ranges, subscripts and entries; dims; numbers that are known when the text is read."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.elaborate.scope import DEPTH, MEMBERS, Body, DimEntry, Known, Module, Scope, World, count, near
from tnlang.ir.size import Dim, DimSize, Size, SizeError, dims_in, evaluate, size_op
from tnlang.source import Related, Span
from tnlang.syntax import ast


def path_text(path: ast.Path) -> str:
    """A path as written, without spaces: ``gpt2.attention``, ``A{…}``."""
    return ".".join(part.name.text + ("{…}" if part.subs else "") for part in path.parts)


def find_module(module: Module, path: ast.Path) -> tuple[Module, ast.PathPart] | None:
    """The file in which the last part of a path is to be looked up; None where the path names no import."""
    for part in path.parts[:-1]:
        if part.subs or part.name.text not in module.modules:
            return None
        module = module.modules[part.name.text]
    return module, path.parts[-1]


def is_broken(path: ast.Path, scope: Scope) -> bool:
    """Whether a name is missing because of a mistake that is reported elsewhere (a failed import)."""
    module = scope.module
    for part in path.parts:
        if part.name.text in module.broken:
            return True
        if part.name.text not in module.modules:
            return False
        module = module.modules[part.name.text]
    return False


def find_scalar(path: ast.Path, scope: Scope) -> Known | None:
    """The constant without legs of that name."""
    found = find_module(scope.module, path)
    if found is None:
        return None
    module, part = found
    inner = scope.body.values.get(part.name.text) if module is scope.module else None
    known = inner or module.values.get(part.name.text)
    return known if known is not None and known.number is not None else None


def find_dim(path: ast.Path, scope: Scope) -> Dim | None:
    """The dim of that name, or None; a subscript picks the member of a family of dims."""
    found = find_module(scope.module, path)
    if found is None:
        return None
    module, part = found
    entry = module.dims.get(part.name.text)
    if entry is None:
        return None
    if not part.subs and not entry.syntax.subs:
        return dim_of(entry, scope.world)
    subs = one_sub(part.subs, scope, part.name.text)
    dim_of(entry, scope.world)
    if subs is not None and subs not in entry.members:
        scope.diagnostics.error(
            "TN602",
            f"dim {part.name.text} has no member {list(subs)}",
            part.span,
            Related(entry.syntax.name.span, "declared here"),
        )
    return entry.members.get(subs) if subs is not None else None


def dim_of(entry: DimEntry, world: World) -> Dim | None:
    """The dim an entry declares, its default resolved; None for a family."""
    syntax = entry.syntax
    if entry.state == "new" and world.dim_depth >= DEPTH:
        _too_deep(syntax, world)
        return Dim(entry.name, None, span=syntax.name.span)
    if entry.state == "busy":
        world.diagnostics.error(
            "TN311",
            f"dim {entry.name} is defined by itself",
            syntax.name.span,
            hint="give one of them a number",
        )
        return Dim(entry.name, None, span=syntax.name.span)
    if entry.state == "new":
        entry.state = "busy"
        world.dim_depth += 1
        scope = file_scope(entry.module, world)
        label = syntax.label.value if syntax.label else ""
        if syntax.subs:
            for subs, inner in members(syntax.subs, scope, f"the family {entry.name}"):
                name = ".".join([entry.name, *map(str, subs)])
                entry.members[subs] = _dim(name, syntax, label, inner)
        else:
            entry.dim = _dim(entry.name, syntax, label, scope)
        entry.state = "done"
        world.dim_depth -= 1
    return entry.dim


def _dim(name: str, syntax: ast.DimDecl, label: str, scope: Scope) -> Dim:
    world = scope.world
    default: Size | None = size_of(syntax.size, scope) if syntax.size is not None else None
    given = world.overrides.get(name, world.overrides.get(name.replace(".", "_")))
    if given is not None:
        default = world.overrides[name] = given
    level = 1 + max((world.dim_levels.get(d.name, 0) for d in dims_in(default or 0)), default=0)
    if level == DEPTH + 1:
        _too_deep(syntax, world)
    world.dim_levels[name] = level
    dim = Dim(name, default if level <= DEPTH else None, label=label, span=syntax.name.span)
    _check_default(dim, syntax, world)
    world.dims.setdefault(name, dim)
    return dim


def _too_deep(syntax: ast.DimDecl, world: World) -> None:
    message = f"dims are defined by one another more than {DEPTH} deep"
    world.diagnostics.error("TN311", message, syntax.name.span)


def _check_default(dim: Dim, syntax: ast.DimDecl, world: World) -> None:
    """Report a default that is no size."""
    if dim.default is None:
        return
    try:
        number = evaluate(dim.default, world.overrides)
    except SizeError as error:
        if "has no value" not in str(error):
            world.diagnostics.error("TN606", f"dim {dim.name} cannot be computed: {error}", syntax.span)
        return
    if number < 1:
        world.diagnostics.error("TN312", f"dim {dim.name} is {number}: a dim is at least 1", syntax.name.span)


def file_scope(module: Module, world: World) -> Scope:
    """The scope of what stands at file level."""
    return Scope(world, module, module.main or Body("main"))


def size_of(arith: ast.Arith, scope: Scope) -> Size | None:
    """The size that arithmetic stands for. Reports names that are no numbers; None after a mistake."""
    match arith:
        case ast.Int(value=value):
            return value
        case ast.ArithName(path=path):
            return named_size(path, scope)
        case ast.ArithNeg(operand=operand):
            inner = size_of(operand, scope)
            return None if inner is None else _operate("-", 0, inner, scope, arith.span)
        case ast.ArithOp(op=op, left=left, right=right):
            a, b = size_of(left, scope), size_of(right, scope)
            return None if a is None or b is None else _operate(op, a, b, scope, arith.span)


def _operate(op: str, left: Size, right: Size, scope: Scope, span: Span) -> Size | None:
    try:
        return size_op(op, left, right)  # type: ignore[arg-type]
    except SizeError as error:
        scope.diagnostics.error("TN606", f"this cannot be computed: {error}", span)
        return None


def named_size(path: ast.Path, scope: Scope) -> Size | None:
    """What a name is worth in arithmetic: a loop variable, a constant without legs, else a dim."""
    first = path.parts[0]
    if len(path.parts) == 1 and not first.subs and first.name.text in scope.loops:
        return scope.loops[first.name.text]
    constant = find_scalar(path, scope)
    if constant is not None:
        if not isinstance(constant.number, int):
            scope.diagnostics.error(
                "TN606",
                f"{constant.name} is {constant.number}: only whole numbers may stand in sizes",
                path.span,
                Related(constant.span, "declared here"),
            )
            return None
        if isinstance(constant.name, str) and constant.name in scope.body.values:
            scope.body.used.add(constant.name)
        return constant.number
    before = len(scope.diagnostics.found)
    dim = find_dim(path, scope)
    if dim is not None:
        return DimSize(dim)
    if len(scope.diagnostics.found) == before:
        unknown_dim(path, scope)
    return None


def unknown_dim(path: ast.Path, scope: Scope) -> None:
    """Report a name that is no dim, no loop variable and no constant."""
    if is_broken(path, scope):
        return
    text = path_text(path)
    name = path.parts[-1].name.text
    hint = near(name, [*scope.module.dims, *scope.loops])
    if scope.body.values.get(name) or scope.module.values.get(name):
        hint = f"{name} is a tensor; sizes are numbers, dims, loop variables and constants without legs"
    found = find_module(scope.module, path)
    if len(path.parts) > 1:
        first = path.parts[0].name.text
        hint = near(name, found[0].dims) if found is not None else near(first, scope.module.modules)
        hint = hint or (f"{found[0].source.name} declares no such dim" if found is not None else "")
    scope.diagnostics.error(
        "TN202", f"there is no dim {text}", path.span, hint=hint or f"declare it: `dim {name} = 4`"
    )


def size_of_expr(expr: ast.Expr, scope: Scope) -> Size | None:
    """The size that an expression stands for, as in ``shift(n - 1)``; None (reported) where it is none."""
    match expr:
        case ast.Number(value=int() as value):
            return value
        case ast.Use(path=path, bracket=None):
            return named_size(path, scope)
        case ast.Parens(inner=ast.Named(value=inner, name=None), bracket=None, caption=None):
            return size_of_expr(inner, scope)
        case ast.Product(factors=factors):
            return _fold("*", factors, scope, expr.span)
        case ast.Quotient(numerator=above, denominator=below):
            return _fold("/", (above, below), scope, expr.span)
        case ast.Power(base=base, exponent=exponent):
            return _fold("^", (base, exponent), scope, expr.span)
        case ast.Sum(terms=terms):
            total: Size | None = 0
            for term in terms:
                size = size_of_expr(term.value, scope)
                if size is None or total is None:
                    return None
                total = _operate(term.sign, total, size, scope, expr.span)
            return total
    scope.diagnostics.error(
        "TN600",
        "a whole number is needed here",
        expr.span,
        hint="numbers, dims and loop variables, with + - * / ^",
    )
    return None


def _fold(op: str, parts: tuple[ast.Expr, ...], scope: Scope, span: Span) -> Size | None:
    sizes = [size_of_expr(part, scope) for part in parts]
    total: Size | None = sizes[0]
    for size in sizes[1:]:
        if total is None or size is None:
            return None
        total = _operate(op, total, size, scope, span)
    return total


# ---------------------------------------------------------------- subscripts and ranges


def one_sub(subs: tuple[ast.Sub, ...], scope: Scope, name: str) -> tuple[int, ...] | None:
    """The numbers of the subscripts of one member."""
    found = expand(subs, scope, f"the subscript of {name}")
    if found is None:
        return None
    if len(found) != 1:
        scope.diagnostics.error("TN604", f"{name} names several members where one is meant", subs[0].span)
        return None
    return found[0]


def expand(subs: tuple[ast.Sub, ...], scope: Scope, what: str) -> list[tuple[int, ...]] | None:
    """All members that subscripts name, ranges run through, the last fastest. None after a mistake."""
    found: list[tuple[int, ...]] = [()]
    for sub in subs:
        match sub:
            case ast.NamedRange():
                scope.diagnostics.error(
                    "TN209", "a range is named only where a family is declared", sub.span, hint="write `0..N`"
                )
                return None
            case ast.Range():
                bounds = range_of(sub, scope, what)
                if bounds is None:
                    return None
                if len(bounds) * len(found) > MEMBERS:
                    too_many(scope, sub.span, what, len(bounds) * len(found))
                    return None
                found = [(*before, one) for before in found for one in bounds]
            case _:
                size = size_of(sub, scope)
                number = None if size is None else count(size, scope, sub.span, what)
                if number is None:
                    return None
                found = [(*before, number) for before in found]
    return found


def range_of(syntax: ast.Range, scope: Scope, what: str) -> range | None:
    """The numbers of a range that has to be known now."""
    start, stop = size_of(syntax.start, scope), size_of(syntax.stop, scope)
    if start is None or stop is None:
        return None
    first = count(start, scope, syntax.start.span, what)
    last = count(stop, scope, syntax.stop.span, what)
    return None if first is None or last is None else range(first, last)


def too_many(scope: Scope, span: Span, what: str, number: int) -> None:
    """Report that more would be written out than is allowed."""
    scope.diagnostics.error(
        "TN601",
        f"{what} would have {number:,} members or more",
        span,
        hint=f"at most {MEMBERS:,} are written out",
    )


def assignments(ranges: tuple[ast.NamedRange, ...], scope: Scope, what: str) -> list[Scope] | None:
    """A scope for each turn of loops whose variables are numbers; later ranges may use earlier variables."""
    found = [scope]
    for loop in ranges:
        taken = loop_name_taken(loop.var, scope, [r.var.text for r in ranges if r is not loop])
        if taken:
            return None
        turns: list[Scope] = []
        for outer in found:
            bounds = range_of(loop.range, outer, what)
            if bounds is None:
                return None
            if len(turns) + len(bounds) > MEMBERS:
                too_many(scope, loop.span, what, len(turns) + len(bounds))
                return None
            turns.extend(outer.at({loop.var.text: number}) for number in bounds)
        found = turns
    return found


def loop_name_taken(var: ast.Name, scope: Scope, beside: list[str]) -> bool:
    """Whether another loop around uses the name; reports it."""
    if var.text in scope.loops or var.text in beside:
        scope.diagnostics.error(
            "TN605", f"{var.text} is the variable of another loop here", var.span, hint="choose another name"
        )
        return True
    return False


def members(subs: tuple[ast.Sub, ...], scope: Scope, what: str) -> Iterator[tuple[tuple[int, ...], Scope]]:
    """The members that a declaration's subscripts stand for, each with a scope that knows its variables."""
    found: list[tuple[tuple[int, ...], Scope]] = [((), scope)]
    for sub in subs:
        grown: list[tuple[tuple[int, ...], Scope]] = []
        for numbers, inner in found:
            match sub:
                case ast.NamedRange():
                    turns = assignments((sub,), inner, what)
                    if turns is None:
                        return
                    grown.extend(((*numbers, _turn(t, sub.var.text)), t) for t in turns)
                case _:
                    expanded = expand((sub,), inner, what)
                    if expanded is None:
                        return
                    grown.extend(((*numbers, *extra), inner) for extra in expanded)
            if len(grown) > MEMBERS:
                too_many(scope, sub.span, what, len(grown))
                return
        found = grown
    yield from found


def _turn(scope: Scope, variable: str) -> int:
    number = scope.loops[variable]
    assert isinstance(number, int)
    return number
