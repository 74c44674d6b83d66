"""The tensor that a decomposition takes apart: where it comes from, its legs and their sizes."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
    Leg,
    Net,
    Property,
    Ref,
    Stmt,
    StreamSet,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size, dims_in, size_op
from tnlang.ir.slots import dotted, has, onehot_leg
from tnlang.ir.walk import ix_wires, refs, statements
from tnlang.source import Span
from tnlang.transforms.request import TransformError


@dataclass(frozen=True, slots=True)
class Source:
    """The tensor that is taken apart: its legs, and what is known of it."""

    ref: Ref
    legs: tuple[Leg, ...]
    kind: Literal["input", "tensor", "param", "const"]
    complex: bool = False
    properties: tuple[Property, ...] = ()

    @property
    def name(self) -> str:
        return dotted(self.ref.name, [sub for sub in self.ref.subs if isinstance(sub, int)])


def source_of(program: Program, net: Net, ref: Ref) -> Source:
    """What is known of the value that is taken apart."""
    for decl in (*net.inputs, *net.owned, *program.declarations):
        if (decl.name, decl.subs) == (ref.name, ref.subs):
            if onehot_leg(decl) is not None:
                raise TransformError(
                    f"{ref.name} is one-hot: it holds whole numbers", "decompose a tensor", 0
                )
            refuse_computed(net, ref)
            return Source(ref, decl.legs, decl.kind, has(decl, "complex"), decl.properties)
    for statement in statements(net.body):
        match statement:
            case StreamSet(target=target) if target.name == ref.name:
                raise TransformError(f"{ref.name} is a stream, with several values", "bind one of them", 0)
            case Bind(target=target) | Frozen(target=target):
                targets: tuple[Value, ...] = (target,)
            case Call(results=targets):
                pass
            case Factor(factors=factors):
                for factor in factors:
                    if factor.name == ref.name:
                        return Source(
                            ref, factor.legs, factor.kind, has(factor, "complex"), factor.properties
                        )
                continue
            case _:
                continue
        for target in targets:
            if (target.name, target.subs) == (ref.name, ref.subs):
                return Source(ref, tuple(_value_legs(target)), "tensor")
    raise AssertionError(ref)


def _value_legs(value: Value) -> Iterator[Leg]:
    for position, leg in enumerate(value.legs):
        size: Size = 1
        for wire in ix_wires(leg):
            size = size_op("*", size, wire.size)
        own = leg.name if isinstance(leg, Wire) else f"leg_{position + 1}"
        yield Leg(value.leg_names[position] if value.leg_names else own, size)


def refuse_computed(net: Net, ref: Ref) -> None:
    """A member of a family that a size picks may be this one or not, by what the size is."""
    for statement in statements(net.body):
        for used in refs(statement):
            if used.name == ref.name and any(True for sub in used.subs for _ in dims_in(sub)):
                raise TransformError(
                    f"a dim picks a member of {ref.name}: it may be this one",
                    "write its number",
                    0,
                )


def given_by(statement: Stmt) -> tuple[Ref, ...]:
    match statement:
        case Bind(target=target) | Frozen(target=target):
            return (Ref(target.name, target.subs),)
        case Call(results=results):
            return tuple(Ref(result.name, result.subs) for result in results)
        case Factor(factors=factors):
            return tuple(Ref(factor.name) for factor in factors)
        case _:
            return ()


def span_of(net: Net, source: Source) -> Span:
    """Where the value that is taken apart comes from."""
    for statement in statements(net.body):
        if source.ref in given_by(statement):
            return statement.origin.span
    declared = (
        d for d in (*net.inputs, *net.owned) if (d.name, d.subs) == (source.ref.name, source.ref.subs)
    )
    return next((decl.origin.span for decl in declared), net.origin.span)


def bond_name(name: str, taken: Container[str]) -> str:
    """The name of a new leg beside legs that have theirs: ``s``, else ``s_2``, ``s_3``, …"""
    return next(free for n in count(1) if (free := name if n == 1 else f"{name}_{n}") not in taken)
