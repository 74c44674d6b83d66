"""Invariants of sizes: each can be computed where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.ir.check_wires import all_nets, legs_of
from tnlang.ir.net import (
    BigSum,
    Bind,
    Decl,
    Entry,
    Factor,
    Group,
    Ix,
    Loop,
    Output,
    Repeat,
    SizeNumber,
    Slice,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, DimSize, LoopVar, Size, SizeOp
from tnlang.ir.walk import children, node_wires, value_wires


def sizes(program: Program) -> Iterator[str]:
    known = {dim.name: dim for dim in program.dims}
    for net in all_nets(program):
        values: tuple[Decl | Output, ...] = (*program.declarations, *net.inputs, *net.owned, *net.outputs)
        for value in values:
            for leg in value.legs:
                yield from _evaluable(f"{net.name}.{value.name}", leg.size, (), known)
        yield from _body_sizes(net.name, net.body, (), known)


def _body_sizes(
    place: str, body: tuple[Stmt, ...], loops: tuple[str, ...], known: dict[str, Dim]
) -> Iterator[str]:
    for statement in body:
        match statement:
            case Repeat(loop=loop, body=inner):
                yield from _loop(place, loop, loops, known)
                yield from _body_sizes(place, inner, (*loops, loop.var), known)
            case Bind(target=target, body=total) | StreamSet(target=target, body=total):
                here = f"{place}.{target.name}"
                for size in (*target.subs, *(wire.size for wire in value_wires(target.legs))):
                    yield from _evaluable(here, size, loops, known)
                yield from _sum_sizes(here, total, loops, known)
            case Factor(factors=factors):
                for factor in factors:
                    for leg in factor.legs:
                        yield from _evaluable(f"{place}.{factor.name}", leg.size, loops, known)
            case _:
                pass


def _loop(place: str, loop: Loop, loops: tuple[str, ...], known: dict[str, Dim]) -> Iterator[str]:
    for size in (loop.start, loop.stop):
        yield from _evaluable(f"{place}: the range of {loop.var}", size, loops, known)


def _sum_sizes(place: str, total: Sum, loops: tuple[str, ...], known: dict[str, Dim]) -> Iterator[str]:
    for term in total.terms:
        for node in term.nodes:
            inner = loops
            sizes: list[Size] = [wire.size for wire in (*node_wires(node), *term.summed)]
            match node:
                case Tensor(ref=ref):
                    sizes += ref.subs
                case SizeNumber(size=size):
                    sizes.append(size)
                case Special(at=at) if at is not None:
                    sizes.append(at)
                case BigSum(loops=ranges):
                    sizes.clear()
                    for loop in ranges:
                        yield from _loop(place, loop, inner, known)
                        inner = (*inner, loop.var)
                case _:
                    pass
            for leg in legs_of(node):
                sizes += _ix_sizes(leg)
            for size in sizes:
                yield from _evaluable(place, size, loops, known)
            for child in children(node):
                yield from _sum_sizes(place, child, inner, known)


def _ix_sizes(leg: Ix) -> list[Size]:
    match leg:
        case Entry(at):
            return [at]
        case Slice(_, start, stop):
            return [start, stop]
        case Group(members):
            return [member.at for member in members if isinstance(member, Entry)]
        case Wire():
            return []


def _evaluable(place: str, size: Size, loops: tuple[str, ...], known: dict[str, Dim]) -> Iterator[str]:
    match size:
        case LoopVar(name) if name not in loops:
            yield f"{place}: {name} is no variable of a loop round it"
        case DimSize(dim) if known.get(dim.name) != dim:
            yield f"{place}: {dim.name} is no dim of the program"
        case SizeOp(_, left, right):
            yield from _evaluable(place, left, loops, known)
            yield from _evaluable(place, right, loops, known)
