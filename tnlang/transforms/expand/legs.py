"""A leg that a product sums, written as a sum over its entries: one term for each, under a Σ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tnlang.ir.net import (
    BigSum,
    Bubble,
    Entry,
    Group,
    Loop,
    Node,
    Origin,
    Slice,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import LoopVar, Size
from tnlang.ir.walk import (
    bound_wires,
    children,
    free_wires,
    fresh_wire,
    ix_wires,
    map_children,
    node_wires,
    rename,
    walk,
)


def summed_wires(body: Sum) -> Iterator[Wire]:
    """The wires that a product of the sum sums, or that a bubble ``sum`` ends, outer before inner."""
    for term in body.terms:
        yield from term.summed
        for node in term.nodes:
            if isinstance(node, Bubble) and node.function == "sum":
                yield from node.gates
            for child in children(node):
                yield from summed_wires(child)


def sum_out(body: Sum, chosen: Callable[[Wire], bool], taken: frozenset[str]) -> Sum:
    """The sum with each summed wire that is ``chosen`` as the variable of a BigSum.

    In the terms the wire is an entry of its legs; where no entry can stand (a bubble works along the wire) it
    stays, and a basis vector picks the entry. ``taken`` are names that no variable may have.
    """
    return replace(body, terms=tuple(_summed_out(term, chosen, taken) for term in body.terms))


def _summed_out(term: Term, chosen: Callable[[Wire], bool], taken: frozenset[str]) -> Term:
    body = Sum((term,))
    wires = [wire for wire in dict.fromkeys(summed_wires(body)) if chosen(wire)]
    if not wires:
        return term
    others = {w.name for w in (*free_wires(body), *bound_wires(body)) if w not in wires}
    others |= {loop.var for node in walk(body) if isinstance(node, BigSum) for loop in node.loops}
    names: dict[Wire, str] = {}
    for wire in wires:
        name = wire.name
        while name in taken or name in others or name in names.values():
            name += "'"
        names[wire] = name
    return _term(term, names)


def _total(body: Sum, names: dict[Wire, str]) -> Sum:
    return replace(body, terms=tuple(_term(term, names) for term in body.terms))


def _term(old: Term, names: dict[Wire, str]) -> Term:
    nodes = tuple(_node(node, names) for node in old.nodes)
    here = [wire for wire in old.summed if wire in names]
    if not here:
        return replace(old, nodes=nodes)
    factors = tuple(node for node in nodes if _is_factor(node))
    rest = tuple(node for node in nodes if not _is_factor(node))
    summed = tuple(wire for wire in old.summed if wire not in here)
    inner = Term(rest, summed, origin=old.origin)
    for wire in here:
        inner = picked(inner, wire, LoopVar(names[wire]))
    body = Sum((inner,), origin=old.origin)
    return Term((*factors, _big_sum(here, names, body, old.origin)), (), old.coefficient, origin=old.origin)


def _node(old: Node, names: dict[Wire, str]) -> Node:
    node = map_children(old, lambda body: _total(body, names))
    match node:
        case Bubble(function="sum", body=body, gates=(gate,)) if gate in names:
            terms = tuple(picked(term, gate, LoopVar(names[gate])) for term in body.terms)
            return _big_sum([gate], names, replace(body, terms=terms), node.origin)
        case BigSum(loops=loops, body=Sum(terms=(Term((BigSum(inner_loops, inner),), (), 1),))):
            return replace(node, loops=(*loops, *inner_loops), body=inner)
        case _:
            return node


def _big_sum(wires: list[Wire], names: dict[Wire, str], body: Sum, origin: Origin) -> BigSum:
    loops = tuple(Loop(names[wire], 0, wire.size) for wire in wires)
    origin = Origin(origin.span, (*origin.rules, "expand"))
    match body:
        case Sum(terms=(Term((BigSum(inner_loops, inner),), (), 1),)):
            return BigSum((*loops, *inner_loops), inner, origin=origin)
        case _:
            return BigSum(loops, body, origin=origin)


def _is_factor(node: Node) -> bool:
    """A factor without wires, which may as well stand before the Σ."""
    return not node_wires(node) and not any(isinstance(inner, Tensor) for inner in _and_inside(node))


def _and_inside(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from walk(child)


def picked(term: Term, wire: Wire, at: Size) -> Term:
    """The term at one entry of a wire, which it no longer sums."""
    nodes: list[Node] = []
    summed = [other for other in term.summed if other != wire]
    for node in term.nodes:
        if wire not in node_wires(node):
            nodes.append(node)
            continue
        own = Sum((Term((node,)),))
        if isinstance(node, Special) and node.kind == "ones":  # whose every entry is 1
            left = tuple(leg for leg in node.legs if leg != wire)
            nodes += [replace(node, legs=left)] if left else []
        elif _takes_entry(node, wire):
            nodes += rename(own, {wire: Entry(at)}).terms[0].nodes
        else:
            kept = fresh_wire(wire)
            nodes += rename(own, {wire: kept}).terms[0].nodes
            nodes.append(Special("basis", (kept,), at, origin=node.origin))
            summed.append(kept)
    return replace(term, nodes=tuple(nodes), summed=tuple(summed))


def _takes_entry(node: Node, wire: Wire) -> bool:
    """Whether an entry can stand in all places of the wire."""
    for inner in _and_inside(node):
        match inner:
            case Bubble(gates=gates) if wire in gates:
                return False
            case Tensor(legs=legs) | Special(legs=legs):
                for leg in legs:
                    match leg:
                        case Slice() if leg.wire == wire:
                            return False
                        case Group(members=members) if wire in ix_wires(leg):
                            fixed = [m for m in members if m == wire or isinstance(m, Entry)]
                            if len(fixed) > 1:
                                return False
                        case _:
                            pass
            case _:
                pass
    return True
