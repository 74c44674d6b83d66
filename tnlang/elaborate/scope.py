"""What names stand for while a program is elaborated: modules, nets, bodies, values; and near misses."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tnlang.ir.net import Decl, Leg, Loop, Net, Output, Shared, Stmt
from tnlang.ir.program import Program, UserFunction
from tnlang.ir.size import Dim, DimSize, LoopVar, Size, SizeError, dims_in, evaluate
from tnlang.source import Diagnostics, Source, Span
from tnlang.syntax import ast

MEMBERS = 10_000
"""How many members a family, range or written-out product may have."""

DEPTH = 100
"""How deep nets may call one another, and files import one another."""


@dataclass(slots=True, eq=False)
class Known:
    """A value: what a name of the value space stands for.

    ``legs`` is None where a mistake hides them. A family has ``arity`` subscripts; ``members`` are those
    declared or bound one by one, ``carried`` tells that one binding in a repeat makes them all. ``counted``
    is False where a mistake hides how many members there are, ``onehot`` the place of a one-hot leg.
    """

    name: str
    kind: Literal["input", "tensor", "param", "const", "value", "stream", "call"]
    span: Span
    legs: tuple[Leg, ...] | None
    arity: int = 0
    members: dict[tuple[int, ...], tuple[Leg, ...] | None] = field(default_factory=dict)
    carried: bool = False
    number: int | float | complex | None = None
    loops: tuple[str, ...] = ()
    assigned: int | None = 0
    counted: bool = True
    onehot: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a caller sees of a net. ``owns`` tells whether calls of it own parameters."""

    inputs: tuple[Decl, ...]
    outputs: tuple[Output, ...]
    sound: bool = True


@dataclass(slots=True, eq=False)
class NetEntry:
    """A net by name. ``net`` is None until it is elaborated, and stays so where that failed.

    ``depth`` is how deep its calls of nets go.
    """

    name: str
    module: Module
    span: Span
    syntax: ast.NetDecl | ast.NetDefinition | None
    header: Header | None = None
    net: Net | None = None
    owns: bool = False
    depth: int = 0
    state: Literal["new", "busy", "done"] = "new"


@dataclass(slots=True, eq=False)
class Module:
    """One file: its name spaces. ``qualifier`` begins the program-wide names of what it holds.

    ``bound`` are the names its net main binds; ``broken`` those that a failed import or transform would have
    brought; ``wanted`` what it imports, a name of None standing for all of a file.
    """

    source: Source
    qualifier: str
    syntax: ast.File | None
    dims: dict[str, DimEntry] = field(default_factory=dict)
    values: dict[str, Known] = field(default_factory=dict)
    nets: dict[str, NetEntry] = field(default_factory=dict)
    functions: dict[str, UserFunction] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    main: Body | None = None
    bound: dict[str, Span] = field(default_factory=dict)
    shared: dict[str, tuple[Shared, NetEntry]] = field(default_factory=dict)
    folder: Path | None = None
    path: Path | None = None
    broken: set[str] = field(default_factory=set)
    wanted: list[tuple[Module, str | None]] = field(default_factory=list)

    def qualified(self, name: str) -> str:
        """The program-wide name of what this file calls ``name``."""
        if name in self.plain:
            return self.plain[name]
        return f"{self.qualifier}.{name}" if self.qualifier else name


@dataclass(slots=True, eq=False)
class DimEntry:
    """A dim statement's dim, or a family of them; ``dim`` is None until looked up."""

    name: str
    module: Module
    syntax: ast.DimDecl
    dim: Dim | None = None
    members: dict[tuple[int, ...], Dim] = field(default_factory=dict)
    state: Literal["new", "busy", "done"] = "new"


@dataclass(slots=True, eq=False)
class Body:
    """The body of a net while it is elaborated: its values, calls, and the statements so far.

    ``later`` are names bound further on, ``ended`` values that lasted one turn of a repeat, ``named`` what
    ``as`` named, ``unknown`` the names that were reported already.
    """

    title: str
    values: dict[str, Known] = field(default_factory=dict)
    later: dict[str, Span] = field(default_factory=dict)
    calls: dict[str, Span] = field(default_factory=dict)
    shared: dict[str, tuple[Shared, NetEntry]] = field(default_factory=dict)
    owned: list[Decl] = field(default_factory=list)
    block: list[Stmt] = field(default_factory=list)
    loops: tuple[Loop, ...] = ()
    named: dict[str, Span] = field(default_factory=dict)
    ended: dict[str, Known] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    is_main: bool = False


@dataclass(slots=True, eq=False)
class World:
    """The program being made: what all its files share. ``make`` elaborates a net that is asked for."""

    diagnostics: Diagnostics
    overrides: dict[str, int]
    make: Callable[[NetEntry, World], None]
    dims: dict[str, Dim] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    nets: list[Net] = field(default_factory=list)
    declarations: list[Decl] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    functions: list[UserFunction] = field(default_factory=list)
    stack: list[NetEntry] = field(default_factory=list)
    written: int = 0
    """Turns that the statement in progress has written out."""
    factors: int = 0
    """Factors that the statement in progress has."""
    calls: dict[str, int] = field(default_factory=dict)
    """How many calls run when a net is called, those of a repeat once."""
    dim_depth: int = 0
    dim_levels: dict[str, int] = field(default_factory=dict)
    files: dict[Path, Module] = field(default_factory=dict)
    loading: list[Path] = field(default_factory=list)
    qualifiers: set[str] = field(default_factory=set)
    plain: dict[Path, dict[str, str]] = field(default_factory=dict)
    before: Program | None = None
    """The program of a text that this one goes on from: what transforms made there is not made again."""

    def number(self, size: Size, numbers: Mapping[str, int] | None = None) -> int | None:
        """The number a size has by default values; None where it has none."""
        try:
            return evaluate(size, {**self.overrides, **(numbers or {})})
        except SizeError:
            return None

    def agree(self, first: Size, second: Size) -> bool | None:
        """Whether two sizes are equal by default values; None where that cannot be told."""
        if first == second:
            return True
        a, b = self.number(first), self.number(second)
        return None if a is None or b is None else a == b


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands. ``loops`` gives a number, or a LoopVar, to each loop variable around.

    ``folded`` are the loops of sums around that are not written out.
    """

    world: World
    module: Module
    body: Body
    loops: Mapping[str, Size] = field(default_factory=dict)
    folded: tuple[Loop, ...] = ()

    @property
    def diagnostics(self) -> Diagnostics:
        return self.world.diagnostics

    def at(self, numbers: Mapping[str, Size]) -> Scope:
        """The same place with more loop variables."""
        return replace(self, loops={**self.loops, **numbers})


def count(size: Size, scope: Scope, span: Span, what: str) -> int | None:
    """The number of a size that is needed now: dims it names count members from here on.

    Reports TN600 where a dim or loop variable has no number, TN606 where it cannot be computed.
    """
    world = scope.world
    try:
        number = evaluate(size, world.overrides)
    except SizeError as error:
        unbound = [dim for dim in _all_dims(size) if dim.default is None and dim.name not in world.overrides]
        if unbound:
            world.diagnostics.error(
                "TN600",
                f"{what} needs the number of dim {unbound[0].name}, which has none",
                span,
                hint=f"give it a default, `dim {unbound[0].name} = 4`, or bind it by name",
            )
        elif any(True for _ in _loop_vars(size)):
            variable = next(_loop_vars(size))
            world.diagnostics.error(
                "TN600",
                f"{what} cannot depend on {variable}, which is no number until the net runs",
                span,
                hint="only the variables of prod and of written-out sums are numbers here",
            )
        else:
            world.diagnostics.error("TN606", f"{what} cannot be computed: {error}", span)
        return None
    world.counted.update(dim.name for dim in _all_dims(size))
    return number


def _all_dims(size: Size) -> list[Dim]:
    found: dict[str, Dim] = {}
    waiting = list(dims_in(size))
    while waiting:
        dim = waiting.pop()
        if dim.name not in found:
            found[dim.name] = dim
            if dim.default is not None:
                waiting.extend(dims_in(dim.default))
    return list(found.values())


def _loop_vars(size: Size) -> Iterator[str]:
    match size:
        case LoopVar(name):
            yield name
        case int() | DimSize():
            return
        case _:
            yield from _loop_vars(size.left)
            yield from _loop_vars(size.right)


def loop_vars(size: Size) -> tuple[str, ...]:
    """The loop variables a size names."""
    return tuple(dict.fromkeys(_loop_vars(size)))


COMPARED = 500
"""How many names a wrong one is compared with."""


def near(name: str, names: Iterable[str], form: str = "{}") -> str:
    """A hint with the names that look like ``name``; empty where none does."""
    alike = [n for n in dict.fromkeys(names) if abs(len(n) - len(name)) <= 1 + len(name) // 2][:COMPARED]
    close = difflib.get_close_matches(name, alike, n=3, cutoff=0.6)
    lowered = {n.lower(): n for n in alike}
    if not close and name.lower() in lowered:
        close = [lowered[name.lower()]]
    return "did you mean " + " or ".join(form.format(c) for c in close) + "?" if close else ""


def shown(names: Iterable[str]) -> str:
    """``i``, ``i and j``, ``i, j and k``."""
    items = list(names)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def legs_text(legs: tuple[Leg, ...]) -> str:
    """Legs in a message: ``the legs [head, hidden]``, ``no legs``."""
    return f"the legs {leg_names(legs)}" if legs else "no legs"


def leg_names(legs: tuple[Leg, ...]) -> str:
    """The names of legs: ``[head, hidden]``."""
    return "[" + ", ".join(leg.name for leg in legs) + "]"
