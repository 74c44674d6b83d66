"""What the class of a net owns: parameters, the nets it calls, attributes for all that has a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Factor,
    Frozen,
    Leg,
    Loop,
    Net,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
)
from tnlang.ir.program import Program
from tnlang.ir.scales import scale_names
from tnlang.ir.size import DimSize, Size
from tnlang.ir.slots import dotted, has
from tnlang.ir.walk import statements, walk
from tnlang.lower.dims import NetDims, scalar
from tnlang.lower.names import (
    Names,
    attribute,
    identifier,
)
from tnlang.lower.numbers import Name, Scalar
from tnlang.lower.steps import Parameter, Start, Submodule, Turns
from tnlang.lower.values import Callee, Place

SizeIn = Callable[[Size], Scalar]


def value_names(net: Net) -> list[str]:
    """The named values a net binds itself, in order, those of bubbles included."""
    found: dict[str, None] = {}
    for statement in statements(net.body):
        match statement:
            case Bind(target=target, body=body) | StreamSet(target=target, body=body):
                if not target.anonymous:
                    found[target.name] = None
                found.update(dict.fromkeys(_bubble_names(body)))
            case Frozen(target=target):
                found[target.name] = None
            case Call(results=results):
                found.update(dict.fromkeys(r.name for r in results if not r.anonymous))
            case Factor(factors=factors):
                found.update(dict.fromkeys(factor.name for factor in factors))
            case _:
                pass
    return list(found)


def _bubble_names(body: Sum) -> Iterator[str]:
    return (node.name for node in walk(body) if isinstance(node, Bubble | Bracket) and node.name)


def place_of(
    program: Program,
    net: Net,
    dims: NetDims,
    outer: Sequence[Decl],
    shared: Sequence[Shared],
    names: Names,
) -> Place:
    """Attributes: parameters first, so that they have the names of the text."""
    params = dict.fromkeys(d.name for d in (*net.owned, *outer) if d.kind == "param")
    calls = dict.fromkeys(
        [
            *(s.name for s in statements(net.body) if isinstance(s, Call | Shared)),
            *(s.name for s in shared),
        ]
    )
    values = [*value_names(net), *scale_names(net).values()]
    chosen = {name: names.take(attribute(name)) for name in params}
    constants = {
        (d.name, d.subs): names.take(attribute(dotted(d.name, d.subs)))
        for d in (*net.owned, *outer)
        if d.kind == "const" and isinstance(d.value, tuple)
    }
    called_ = {name: names.take(attribute(name)) for name in calls}
    points = {name: names.take(attribute(name)) for name in values}
    kept = {name: names.take(f"prepared_{identifier(name)}") for name in values}
    # A dim gives way to everything else: it is nothing that the text calls by this name on a module.
    dim_names = {dim.name: names.take(attribute(dim.name)) for dim in dims.dims}
    families: dict[str, list[tuple[int, ...]]] = {}
    for decl in (*net.owned, *outer):
        if decl.kind == "param" and decl.subs:
            families.setdefault(decl.name, []).append(decl.subs)
    return Place(
        chosen,
        constants,
        called_,
        points,
        kept,
        dim_names,
        frozenset(name for name, members in families.items() if not _rectangular_from_zero(members)),
        frozenset(name for name in calls if not _from_zero(net.body, name)),
    )


def _rectangular_from_zero(members: Sequence[tuple[int, ...]]) -> bool:
    """Whether nested lists hold the members: at each level the numbers are 0, 1, 2, ..."""
    if not members or not members[0]:
        return True
    firsts = sorted({m[0] for m in members})
    return firsts == list(range(len(firsts))) and all(
        _rectangular_from_zero([m[1:] for m in members if m[0] == first]) for first in firsts
    )


Owner = Call | Shared
"""What has parameters of its own in each turn: a call, or what keeps those of one that is not run."""


def segments(body: Sequence[Stmt], name: str) -> list[tuple[tuple[Loop, ...], Owner]]:
    """The calls of a name, with the repeats that each stands in."""
    found: list[tuple[tuple[Loop, ...], Owner]] = []
    for statement in body:
        match statement:
            case Call() | Shared(unused=True) if statement.name == name:
                found.append(((), statement))
            case Repeat(loop=loop, body=inner):
                found += [((loop, *loops), call) for loops, call in segments(inner, name)]
            case _:
                pass
    return found


def _distinct(body: Sequence[Stmt], name: str) -> list[tuple[tuple[Loop, ...], Owner]]:
    """The calls of a name whose turns are not those of an earlier one."""
    found: dict[tuple[tuple[Size, Size], ...], tuple[tuple[Loop, ...], Owner]] = {}
    for loops, call in segments(body, name):
        if isinstance(call, Call) and call.shared:
            continue
        found.setdefault(tuple((loop.start, loop.stop) for loop in loops), (loops, call))
    return list(found.values())


def _from_zero(body: Sequence[Stmt], name: str) -> bool:
    """Whether the outer turns of a call are 0, 1, 2, ... in the order of the text."""
    expected: Size = 0
    for loops, _ in _distinct(body, name):
        if not loops:
            return True
        if loops[0].start != expected or any(loop.start != 0 for loop in loops[1:]):
            return False
        expected = loops[0].stop
    return True


def submodules_of(
    program: Program,
    net: Net,
    callees: Mapping[str, Callee],
    place: Place,
    shared: Sequence[Shared],
    names: Mapping[str, str],
    is_called: bool,
) -> tuple[Submodule, ...]:
    own = {s.name: s for s in statements(net.body) if isinstance(s, Shared) and not s.unused}
    found: list[Submodule] = []

    def turns(callee_name: str, loops: Sequence[Loop]) -> Turns:
        callee = callees[callee_name]
        variables = {loop.var: identifier(loop.var) for loop in loops}

        def size(size: Size) -> Scalar:
            return scalar(size, lambda dim: Name(names[dim.name]), variables)

        words = tuple((keyword, Name(names[dim])) for dim, keyword in callee.keywords.items() if dim in names)
        heads = tuple((identifier(loop.var), size(loop.start), size(loop.stop)) for loop in loops)
        return Turns(callee.class_name, words, heads, owns_file_level=not callee.owns_file_level)

    for declared in shared:
        one = turns(declared.net, ())
        found.append(Submodule(declared.name, place.calls[declared.name], (one,), root_only=is_called))
    for name, attr in place.calls.items():
        if name in own:
            found.append(Submodule(name, attr, (turns(own[name].net, ()),)))
        elif name not in {s.name for s in shared}:
            calls = _distinct(net.body, name)
            every = tuple(turns(call.net, loops) for loops, call in calls)
            found.append(
                Submodule(name, attr, every[:1] if not calls[0][0] else every, name in place.keyed_calls)
            )
    return tuple(found)


def parameters_of(
    program: Program,
    net: Net,
    place: Place,
    outer: Sequence[Decl],
    size: SizeIn,
    is_called: bool,
) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for name, attr in place.parameters.items():
        decls = [d for d in (*outer, *net.owned) if d.kind == "param" and d.name == name]
        first = decls[0]
        members = tuple((d.subs, tuple(size(leg.size) for leg in d.legs)) for d in decls)
        starts = {d.subs: start_of(d) for d in decls}
        root_only = is_called and first in outer
        legs = tuple(tuple(_called(leg) for leg in d.legs) for d in decls)
        found.append(Parameter(name, attr, members, tuple(starts[d.subs] for d in decls), legs, root_only))
    return tuple(found)


def _called(leg: Leg) -> str:
    """A leg by the name of its dim, which is the same throughout a program, else by its own."""
    return leg.size.dim.name if isinstance(leg.size, DimSize) else leg.name


def start_of(decl: Decl) -> Start:
    """How a parameter starts."""
    properties = tuple((p.name, p.legs) for p in decl.properties if p.name not in ("complex", "onehot"))
    name = decl.init.name if decl.init is not None else "normal"
    arguments = decl.init.arguments if decl.init is not None else (0.02,)
    return Start(name, arguments, properties, has(decl, "complex"), len(decl.legs))
