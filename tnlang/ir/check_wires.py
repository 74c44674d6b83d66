"""Invariants of wires and nodes: each wire is one line, summed where it lives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bubble,
    Entry,
    Group,
    Ix,
    Net,
    Node,
    Special,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Draw, Equation, Expression, Program
from tnlang.ir.walk import children, free_wires, ix_wires, node_wires, statements, value_wires, walk


def all_nets(program: Program) -> Iterator[Net]:
    """The nets, and those that compute the expressions of figures."""
    yield from program.nets
    for figure in program.figures:
        for item in figure.items:
            sides: tuple[object, ...] = ()
            match item:
                case Draw(target=target):
                    sides = (target,)
                case Equation(sides=equated):
                    sides = equated
            yield from (side.net for side in sides if isinstance(side, Expression))


def bodies(program: Program) -> Iterator[tuple[str, Value, Sum]]:
    """Every right-hand side with its target and the words for its place."""
    for net in all_nets(program):
        for statement in statements(net.body):
            match statement:
                case Bind(target=target, body=body) | StreamSet(target=target, body=body):
                    yield f"{net.name}.{target.name}", target, body


def terms(body: Sum) -> Iterator[Term]:
    """Every term of a sum, outer before inner."""
    for term in body.terms:
        yield term
        for node in term.nodes:
            for child in children(node):
                yield from terms(child)


def _occurring(body: Sum) -> Iterator[Wire]:
    """Every wire at every place it is written: legs, gates and summed lists."""
    for node in walk(body):
        match node:
            case Tensor(legs=legs) | Special(legs=legs):
                yield from (wire for leg in legs for wire in ix_wires(leg))
            case Bubble(gates=gates):
                yield from gates
    for term in terms(body):
        yield from term.summed


def one_identity(program: Program) -> Iterator[str]:
    known: dict[int, Wire] = {}
    for place, target, body in bodies(program):
        for wire in (*value_wires(target.legs), *_occurring(body)):
            if known.setdefault(wire.id, wire) != wire:
                yield f"{place}: wire {wire.id} is both {known[wire.id]} and {wire}"


def kept(program: Program) -> Iterator[str]:
    for place, target, body in bodies(program):
        kept, free = value_wires(target.legs), free_wires(body)
        yield from (f"{place}: wire {w.text} is free but not kept" for w in free if w not in kept)
        yield from (f"{place}: wire {w.text} is kept but in no term" for w in kept if w not in free)
        yield from (f"{place}: wire {w.text} is kept twice" for w, n in Counter(kept).items() if n > 1)


def summed(program: Program) -> Iterator[str]:
    everywhere: Counter[Wire] = Counter()
    for place, target, body in bodies(program):
        here = Counter(_occurring(body)) + Counter(value_wires(target.legs))
        for term in terms(body):
            everywhere.update(term.summed)
            inside = Counter(_occurring(Sum((term,))))
            shown = {wire for node in term.nodes for wire in node_wires(node)}
            for wire in term.summed:
                if wire not in shown:
                    yield f"{place}: wire {wire.text} is summed by a term whose nodes do not show it"
                if inside[wire] != here[wire]:
                    yield f"{place}: wire {wire.text} is summed by a term and met outside it"
    yield from (f"wire {w.text} ({w.id}) is summed {n} times" for w, n in everywhere.items() if n > 1)


def gates(program: Program) -> Iterator[str]:
    own = {function.name: function for function in program.functions}
    for place, target, body in bodies(program):
        here = Counter(_occurring(body)) + Counter(value_wires(target.legs))
        for node in walk(body):
            if not isinstance(node, Bubble):
                continue
            where = f"{place}: bubble {node.function}"
            free = free_wires(node.body)
            yield from (
                f"{where} works along {w.text}, which it does not hold" for w in node.gates if w not in free
            )
            if len(set(node.gates)) != len(node.gates):
                yield f"{where} works twice along one wire"
            if node.function in own:
                needed, ends, known = len(own[node.function].gates), False, {}
            elif node.function in FUNCTIONS:
                function = FUNCTIONS[node.function]
                needed, ends, known = function.gates, function.legs == "ends", dict(function.options)
            else:
                yield f"{where} is no function"
                continue
            # An elementwise function may name wires at its wall, so that they come out (rule 2e).
            if needed and len(node.gates) != needed:
                yield f"{where} works along {len(node.gates)} wires, not {needed}"
            given = dict(node.options)
            yield from (f"{where} has no option {name}" for name in given if name not in known)
            yield from (f"{where} lacks {n}" for n, d in known.items() if d is None and n not in given)
            inside = Counter(_occurring(node.body)) + Counter(node.gates)
            for wire in node.gates if ends else ():
                if inside[wire] != here[wire]:
                    yield f"{where} ends {wire.text}, which is met outside it"


def node_legs(program: Program) -> Iterator[str]:
    counts = {"basis": 1, "shift": 2, "index": 1, "tril": 2}
    for place, _, body in bodies(program):
        for node in walk(body):
            match node:
                case Special(kind=kind, legs=legs, at=at):
                    if not legs or len(legs) != counts.get(kind, len(legs)):
                        yield f"{place}: {kind} has {len(legs)} legs"
                    if (at is not None) != (kind in ("basis", "shift")):
                        yield f"{place}: {kind} with at = {at}"
                case BigSum(loops=()):
                    yield f"{place}: a sum over no loop"
                case _:
                    pass
            for leg in legs_of(node):
                if isinstance(leg, Group) and not (leg.members and _at_most_one_entry(leg)):
                    yield f"{place}: a group without members or with several fixed entries"
        for term in terms(body):
            if not math.isfinite(abs(term.coefficient)):
                yield f"{place}: a term with the coefficient {term.coefficient}"


def _at_most_one_entry(group: Group) -> bool:
    return sum(isinstance(member, Entry) for member in group.members) <= 1


def legs_of(node: Node) -> tuple[Ix, ...]:
    match node:
        case Tensor(legs=legs) | Special(legs=legs):
            return legs
        case _:
            return ()
