"""Declared values: legs, properties, initial values, constants; a Decl for each member of a family."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import prod
from typing import cast, get_args, get_type_hints

from tnlang.elaborate.arithmetic import expand, find_dim, members, size_of, unknown_dim
from tnlang.elaborate.constants import constant
from tnlang.elaborate.scope import Known, Scope, leg_names, near, shown
from tnlang.ir.net import Array, Decl, Init, Leg, Origin, Property
from tnlang.ir.size import DimSize, Size, size_op
from tnlang.ir.slots import onehot_leg
from tnlang.source import Related, Span
from tnlang.syntax import ast

PROPERTIES: tuple[str, ...] = get_args(get_type_hints(Property)["name"])
INITS = {"normal": (0, 1), "uniform": (2, 2), "ones": (0, 0), "zeros": (0, 0)}
"""Initial values and how many numbers each takes, from and to."""


# ---------------------------------------------------------------- legs


def leg(name: str, size: Size) -> Leg:
    """A leg; one of a named dim carries the dim's label."""
    return Leg(name, size, size.dim.label if isinstance(size, DimSize) else "")


def distinct(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """The legs with a second one of a name called ``hidden_2``."""
    found: dict[str, Leg] = {}
    for one in legs:
        name, number = one.name, 2
        while name in found:
            name, number = f"{one.name}_{number}", number + 1
        found[name] = replace(one, name=name)
    return tuple(found.values())


def declared_legs(bracket: ast.Bracket | None, scope: Scope) -> tuple[Leg, ...] | None:
    """The legs of a declaration, an input or an output. None after a mistake."""
    legs: list[Leg] = []
    sound = True
    for index in bracket or ():
        found = _declared_leg(index, scope)
        sound = sound and found is not None
        legs.extend(found or ())
    return distinct(legs) if sound and _named_once(bracket or (), scope) else None


def _named_once(bracket: ast.Bracket, scope: Scope) -> bool:
    """Whether no two legs are given one name and a size each; a dim may stand twice, `[n, n]`."""
    before: dict[str, Span] = {}
    for index in bracket:
        match index:
            case ast.Index(at=ast.IndexPath(path=ast.Path(parts=(ast.PathPart(name=name, subs=()),))), of=of):
                if of is not None and name.text in before:
                    scope.diagnostics.error(
                        "TN203",
                        f"the leg {name.text} is declared twice",
                        name.span,
                        Related(before[name.text], "first declared here"),
                        hint=f"legs of one value have different names, `{name.text}` and `{name.text}2`",
                    )
                    return False
                if of is not None:
                    before[name.text] = name.span
            case _:
                pass
    return True


def _declared_leg(index: ast.Index | ast.GroupIndex, scope: Scope) -> list[Leg] | None:
    match index:
        case ast.Index(at=ast.IndexPath(path=path), of=None) if len(path.parts[-1].subs) == 0:
            dim = find_dim(path, scope)
            if dim is not None:
                return [leg(path.parts[-1].name.text, DimSize(dim))]
            known = size_of(ast.ArithName(path, span=path.span), scope)
            return None if known is None else [leg(path.parts[-1].name.text, known)]
        case ast.Index(at=ast.IndexPath(path=path), of=None):
            dim = find_dim(path, scope)
            if dim is None:
                unknown_dim(path, scope)
                return None
            return [leg(dim.name, DimSize(dim))]
        case ast.Index(at=ast.IndexPath(path=path), of=of) if (
            not isinstance(of, ast.Range) and of is not None
        ):
            size = size_of(of, scope)
            if size is None:
                return None
            if isinstance(size, int) and size < 1:
                scope.diagnostics.error("TN312", f"a leg of size {size}: a size is at least 1", of.span)
                return None
            part = path.parts[-1]
            if not part.subs:
                return [leg(part.name.text, size)]
            subs = expand(part.subs, scope, f"the legs {part.name.text}{{…}}")
            return None if subs is None else [leg(member_text(part.name.text, s), size) for s in subs]
        case ast.Index(at=ast.IndexPath()):
            scope.diagnostics.error("TN306", "a leg's size is a dim or a number, not a range", index.span)
        case ast.Index():
            scope.diagnostics.error(
                "TN306", "this leg has no name", index.span, hint="name it and give its size, `a: 2`"
            )
        case ast.GroupIndex():
            scope.diagnostics.error(
                "TN306",
                "a leg is declared by one name",
                index.span,
                hint="declare `ab: a * b`; groups split and join legs where the tensor is used",
            )
    return None


def member_text(name: str, subs: tuple[int, ...]) -> str:
    """A name with subscripts as written: ``p{0, 3}``."""
    return name + ("{" + ", ".join(map(str, subs)) + "}" if subs else "")


# ---------------------------------------------------------------- properties


def properties_of(
    syntax: tuple[ast.Property, ...], legs: tuple[Leg, ...], scope: Scope
) -> tuple[tuple[Property, ...], str]:
    """The checked properties, and the label."""
    found: list[Property] = []
    label = ""
    for item in syntax:
        name = item.name.text
        if name == "label":
            if item.text is None:
                scope.diagnostics.error("TN701", "a label is a text", item.span, hint=r'`label "$\theta$"`')
            else:
                label = item.text.value
            continue
        if name not in PROPERTIES:
            scope.diagnostics.error(
                "TN700",
                f"there is no property {name}",
                item.name.span,
                hint=near(name, [*PROPERTIES, "label"]) or "there are " + shown([*PROPERTIES, "label"]),
            )
            continue
        positions = _positions(item, legs, scope)
        if positions is not None and _fits(name, positions, legs, item.span, scope):
            if name == "onehot" and not positions:
                positions = (len(legs) - 1,)
            found.append(Property(name, positions))  # type: ignore[arg-type]
    return tuple(found), label


def _positions(item: ast.Property, legs: tuple[Leg, ...], scope: Scope) -> tuple[int, ...] | None:
    names = [leg.name for leg in legs]
    positions: list[int] = []
    for argument in item.arguments:
        if argument.text not in names:
            scope.diagnostics.error(
                "TN701",
                f"{item.name.text} names a leg {argument.text}, which is not among {leg_names(legs)}",
                argument.span,
                hint=near(argument.text, names),
            )
            return None
        positions.append(names.index(argument.text))
    return tuple(positions)


def _fits(name: str, positions: tuple[int, ...], legs: tuple[Leg, ...], span: Span, scope: Scope) -> bool:
    """Whether a tensor of these legs can have the property; reports why not."""
    diagnostics = scope.diagnostics
    others = [i for i in range(len(legs)) if i not in positions]

    def extent(which: Iterable[int]) -> int | None:
        numbers = [scope.world.number(legs[i].size) for i in which]
        known = [n for n in numbers if n is not None]
        return prod(known) if len(known) == len(numbers) else None

    match name:
        case "isometry" | "unitary" if len(positions) == len(legs) or (
            not positions and (name == "isometry" or len(legs) != 2)
        ):
            diagnostics.error(
                "TN701",
                f"{name} needs the legs on one side of the split",
                span,
                hint=f"`{name}({legs[-1].name})` leaves the others for the other side" if legs else "",
            )
            return False
        case "isometry":
            small, large = extent(positions), extent(others)
            if small is not None and large is not None and small > large:
                diagnostics.error(
                    "TN702",
                    f"no isometry leads from {small} dimensions to {large}",
                    span,
                    hint="the legs in brackets are those of the smaller side",
                )
                return False
        case "unitary" | "orthogonal" | "symmetric" | "positive" | "diagonal":
            if name in ("orthogonal", "symmetric", "diagonal") and not positions and len(legs) != 2:
                diagnostics.error("TN701", f"{name} is for two legs; name them", span, hint=f"`{name}(i, j)`")
                return False
            sides = (positions, others) if name == "unitary" and positions else None
            pair = sides or (
                (((positions or (0, 1))[0],), ((positions or (0, 1))[-1],)) if len(legs) >= 2 else None
            )
            if name == "positive" and (pair is None or len(legs) != 2 or not positions):
                return True
            if pair is not None:
                first, second = extent(pair[0]), extent(pair[1])
                if first is not None and second is not None and first != second:
                    diagnostics.error(
                        "TN702", f"{name} needs two sides of one size; these have {first} and {second}", span
                    )
                    return False
        case "onehot" if not legs or len(positions) > 1:
            diagnostics.error("TN701", "onehot is for one leg", span)
            return False
    return True


# ---------------------------------------------------------------- values


def init_of(syntax: ast.Init | None, kind: str, scope: Scope) -> Init | None:
    """The checked initial value of a param."""
    if syntax is None:
        return None
    name, numbers = syntax.name.text, [n.value for n in syntax.arguments]
    if kind != "param":
        scope.diagnostics.error("TN706", f"only a param starts as `~ {name}`", syntax.span)
        return None
    if name not in INITS:
        hint = near(name, INITS) or "there are normal(0.02), uniform(a, b), ones, zeros"
        scope.diagnostics.error("TN706", f"there is no initial value {name}", syntax.name.span, hint=hint)
        return None
    low, high = INITS[name]
    if not low <= len(numbers) <= high:
        wanted = {0: "no number", 1: "one number", 2: "two numbers"}[high]
        scope.diagnostics.error("TN706", f"{name} takes {wanted}, {len(numbers)} given", syntax.span)
        return None
    reals = [float(n) for n in numbers if not isinstance(n, complex)]
    if len(reals) != len(numbers):
        scope.diagnostics.error("TN706", f"{name} takes real numbers", syntax.span)
        return None
    if name == "normal" and reals and reals[0] < 0:
        scope.diagnostics.error("TN706", "a standard deviation is not negative", syntax.span)
        return None
    if name == "uniform" and reals[0] > reals[1]:
        scope.diagnostics.error(
            "TN706", "the least value of uniform stands first", syntax.span, hint="`uniform(-1, 1)`"
        )
        return None
    return Init(name, tuple(reals))  # type: ignore[arg-type]


ConstValue = Array | int | float | complex


def const_value(item: ast.DeclItem, legs: tuple[Leg, ...], scope: Scope) -> ConstValue | None:
    """The value of a const, nested as its legs are. Reports one that is missing or of another shape."""
    if item.value is None:
        form = f"{item.name.text} = 1" if not legs else f"{item.name.text}{leg_names(legs)} = [...]"
        scope.diagnostics.error(
            "TN707", f"const {item.name.text} has no value", item.span, hint=f"`const {form}`"
        )
        return None
    return _entries(item.value, legs, scope)


def _entries(value: ast.Array | ast.Expr, legs: tuple[Leg, ...], scope: Scope) -> ConstValue | None:
    if isinstance(value, ast.Array):
        if not legs:
            scope.diagnostics.error("TN707", "this list is nested deeper than there are legs", value.span)
            return None
        size = scope.world.number(legs[0].size)
        if size is not None and size != len(value.items):
            scope.diagnostics.error(
                "TN707", f"leg {legs[0].name} has {size} entries, this list {len(value.items)}", value.span
            )
            return None
        entries = [_entries(item, legs[1:], scope) for item in value.items]
        return None if any(e is None for e in entries) else cast(Array, tuple(entries))
    if legs:
        scope.diagnostics.error(
            "TN707", f"a list is needed here, along leg {legs[0].name}", value.span, hint="`[1, 0]`"
        )
        return None
    number = constant(value, scope)
    if number is None:
        scope.diagnostics.error(
            "TN707",
            "the value of a const is made of numbers",
            value.span,
            hint="a computed value is bound, `c = …`",
        )
    return number


# ---------------------------------------------------------------- declarations


def declare(
    kind: str,
    item: ast.DeclItem | ast.NetInput,
    scope: Scope,
    program_name: str,
    add: Callable[[Decl], None],
    values: dict[str, Known],
    taken: Callable[[ast.Name, int], bool],
) -> None:
    """Enter a declared value or family into ``values``, handing each member's Decl to ``add``.

    ``taken`` says (and reports) whether the name is in use by something that is no family of this arity.
    """
    name = item.name.text
    arity = len(item.subs)
    is_const = kind == "const" and isinstance(item, ast.DeclItem)
    if isinstance(item, ast.DeclItem) and kind != "const" and item.value is not None:
        scope.diagnostics.error(
            "TN707",
            f"only a const has a value, and {name} is a {kind}",
            item.value.span,
            hint=f"declare `const {name}`, or bind it, `{name} = …`",
        )
    if taken(item.name, arity):
        return
    known = values.get(name)
    if known is None:
        known = Known(program_name, kind, item.name.span, None, arity)  # type: ignore[arg-type]
        values[name] = known
    for subs, inner in members(item.subs, scope, f"the family {name}"):
        legs = declared_legs(item.legs, inner)
        if subs in known.members:
            scope.diagnostics.error(
                "TN203",
                f"{member_text(name, subs)} is declared twice",
                item.name.span,
                Related(known.span, "first declared here"),
            )
            return
        known.members[subs] = legs
        known.legs = legs if known.legs is None else known.legs
        if legs is None:
            if is_const and not item.legs:
                known.number = 0
            continue
        properties, label = properties_of(item.properties, legs, inner)
        init = init_of(item.init, kind, inner) if isinstance(item, ast.DeclItem) else None
        value = const_value(item, legs, inner) if is_const and isinstance(item, ast.DeclItem) else None
        if is_const and not legs and not subs:
            known.number = value if isinstance(value, int | float | complex) else 0
        decl = Decl(
            kind,  # type: ignore[arg-type]
            program_name,
            legs,
            subs,
            properties,
            init,
            value,
            label,
            origin=Origin(item.span),
        )
        known.onehot = onehot_leg(decl)
        add(decl)
    if not known.members:
        known.counted = False


def group_size(sizes: Iterable[Size]) -> Size:
    """The size of a leg that joins legs of these sizes."""
    total: Size = 1
    for size in sizes:
        total = size_op("*", total, size)
    return total
