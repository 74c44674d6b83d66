"""The values and sizes that the body of a net knows, and the Python names that they have there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Decl,
    Group,
    Loop,
    Net,
    Ref,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, Size, size_op
from tnlang.ir.slots import dotted, has, onehot_leg
from tnlang.ir.walk import refs, statements
from tnlang.lower.dims import NetDims, scalar
from tnlang.lower.names import Names, identifier
from tnlang.lower.numbers import MathCall, Name, Num, Scalar
from tnlang.lower.operands import Held
from tnlang.lower.plan import Expr, Var
from tnlang.lower.steps import Let, Point, Step, Table


@dataclass(frozen=True, slots=True)
class Callee:
    """What a caller has to know of a net: its class, and what its ``forward`` wants besides the inputs."""

    class_name: str
    keywords: Mapping[str, str]
    hot: tuple[int | None, ...]
    complex: tuple[bool, ...]
    told: Mapping[str, str]
    file_level: Mapping[str, str]
    frozen: bool
    owns_file_level: bool
    fills: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The attributes of a class for what the net's text names, and how lists of them are indexed."""

    parameters: dict[str, str]
    constants: Mapping[tuple[str, tuple[int, ...]], str]
    calls: dict[str, str]
    values: Mapping[str, str]
    kept: Mapping[str, str]
    dims: Mapping[str, str]
    keyed_parameters: frozenset[str]
    keyed_calls: frozenset[str]


@dataclass(slots=True)
class Known:
    """What a body knows while it is written: sizes, values, what it has used.

    ``extents`` collects how long the lists of watched values have to be.
    """

    program: Program
    net: Net
    dims: NetDims
    place: Place
    callees: Mapping[str, Callee]
    inputs: Sequence[tuple[str, Decl]]
    handed: Mapping[str, str]
    names: Names
    observed: bool
    called: bool
    values: dict[str, Held] = field(default_factory=dict)
    members: dict[tuple[str, tuple[int, ...]], Held] = field(default_factory=dict)
    tables: dict[str, Held] = field(default_factory=dict)
    pending: dict[str, Expr] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    loops: tuple[tuple[Loop, str], ...] = ()
    used_dims: set[str] = field(default_factory=set)
    late: dict[str, str] = field(default_factory=dict)
    extents: dict[str, list[tuple[Size, ...]]] = field(default_factory=dict)
    needed: list[tuple[str, tuple[Size, ...], tuple[Loop, ...]]] = field(default_factory=list)
    needed_versions: list[tuple[Point, tuple[tuple[Loop, str], ...]]] = field(default_factory=list)
    turned: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    scales: Mapping[int, str] = field(default_factory=dict)
    """The names of the scales of norms, by the bubbles' ids."""
    uses: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ sizes

    def size(self, size: Size) -> Scalar:
        return scalar(size, self.dim, {loop.var: name for loop, name in self.loops})

    def dim(self, dim: Dim) -> Scalar:
        self.used_dims.add(dim.name)
        if dim.name in self.dims.early:
            return Name(f"self.{self.place.dims[dim.name]}")
        if dim.name not in self.late:
            self.late[dim.name] = self.names.take(identifier(dim.name))
        return Name(self.late[dim.name])

    # ------------------------------------------------------------ values

    def declare(self) -> None:
        """Make inputs, parameters and constants known."""
        loose = {
            ref.name
            for statement in statements(self.net.body)
            for ref in refs(statement)
            if any(not isinstance(sub, int) for sub in ref.subs)
        }
        for name, decl in self.inputs:
            held = _held(decl, Var(name, _axes(decl), batched=True))
            self.note(decl, held, loose)
        for decl in self.net.owned:
            self.own(decl, loose)
        local = {decl.name for _, decl in self.inputs} | {decl.name for decl in self.net.owned}
        for decl in self.program.declarations:
            if decl.name in local:
                continue
            if decl.kind == "tensor" and text_of(decl) in self.handed:
                self.note(
                    decl, _held(decl, Var(self.handed[text_of(decl)], _axes(decl), batched=True)), loose
                )
            elif decl.kind == "param" and decl.name in self.handed:
                subs = tuple(self.key(decl.name, Num(s)) for s in decl.subs)
                base = self.handed[decl.name]
                self.note_member(decl, _held(decl, Var(base, len(decl.legs), False, subs, owned=True)))
            else:
                self.own(decl, loose)

    def own(self, decl: Decl, loose: set[str]) -> None:
        if decl.kind == "const":
            if decl.legs:
                attribute = self.place.constants.get((decl.name, decl.subs))
                if attribute is None:
                    return
                self.note(decl, _held(decl, Var(f"self.{attribute}", len(decl.legs))), loose)
            elif isinstance(decl.value, int | float | complex):
                self.note(
                    decl, Held(Var("", 0), (), None, isinstance(decl.value, complex), Num(decl.value)), loose
                )
        elif decl.kind == "param" and decl.name in self.place.parameters:
            subs = tuple(self.key(decl.name, Num(s)) for s in decl.subs)
            base = f"self.{self.place.parameters[decl.name]}"
            self.note_member(decl, _held(decl, Var(base, len(decl.legs), False, subs, owned=True)))

    def key(self, name: str, sub: Scalar) -> Scalar:
        return key_of(sub) if name in self.place.keyed_parameters else sub

    def note(self, decl: Decl, held: Held, loose: set[str]) -> None:
        """A value without list: a member that is met by number is put into a table first."""
        if decl.subs and decl.name in loose:
            if decl.name not in self.tables:
                table = self.names.take(identifier(decl.name))
                self.steps.append(Table(table))
                self.tables[decl.name] = replace(held, var=replace(held.var, text=table))
            target = replace(held.var, text=self.tables[decl.name].var.text, subs=tuple(map(Num, decl.subs)))
            self.steps.append(Let(target, held.var))
        self.note_member(decl, held)

    def note_member(self, decl: Decl, held: Held) -> None:
        if decl.subs:
            self.members[decl.name, decl.subs] = held
        else:
            self.values[decl.name] = held

    def lookup(self, ref: Ref) -> Held:
        """A value as the text names it at this point."""
        if ref.name in self.assigned:
            held = self.values[ref.name]
            if not ref.subs:
                return held
            return replace(held, var=replace(held.var, text=self.versions[ref.name], subs=self.subs(ref)))
        if not ref.subs:
            return self.values[ref.name]
        static = tuple(sub for sub in ref.subs if isinstance(sub, int))
        if len(static) == len(ref.subs) and (ref.name, static) in self.members:
            return self.members[ref.name, static]
        if ref.name in self.tables:
            held = self.tables[ref.name]
            return replace(held, var=replace(held.var, subs=self.subs(ref)))
        like = next(held for (name, _), held in self.members.items() if name == ref.name)
        subs = tuple(self.key(ref.name, sub) for sub in self.subs(ref))
        return replace(like, var=replace(like.var, subs=subs))

    def subs(self, ref: Ref) -> tuple[Scalar, ...]:
        return tuple(self.size(sub) for sub in ref.subs)


def key_of(sub: Scalar) -> Scalar:
    """A number as the key of a dict of modules."""
    return MathCall("str", sub)


def text_of(decl: Decl) -> str:
    return dotted(decl.name, decl.subs)


def _axes(decl: Decl) -> int:
    return len(decl.legs) - (onehot_leg(decl) is not None)


def _held(decl: Decl, var: Var) -> Held:
    sizes = tuple(leg.size for leg in decl.legs)
    return Held(var, sizes, onehot_leg(decl), has(decl, "complex") or _imaginary(decl.value))


def _imaginary(value: object) -> bool:
    return any(map(_imaginary, value)) if isinstance(value, tuple) else isinstance(value, complex)


def leg_size(leg: Wire | Group) -> Size:
    if isinstance(leg, Wire):
        return leg.size
    total: Size = 1
    for member in leg.members:
        total = size_op("*", total, member.size) if isinstance(member, Wire) else total
    return total
