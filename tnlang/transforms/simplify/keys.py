"""Comparing parts of a sum: equal keys mean equal values, wire for wire."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

from tnlang.ir.canonical import certificate_of
from tnlang.ir.net import Bracket, Node, Sum, Tensor, Term, Wire
from tnlang.ir.walk import free_wires, node_wires, rename, walk
from tnlang.transforms.simplify.facts import Facts


def key(total: Sum, facts: Facts) -> Hashable:
    """The canonical form of a sum with its free wires."""
    wires = tuple(sorted(free_wires(total), key=lambda wire: wire.id))
    return wires, certificate_of(total, wires, facts.alike)


def sketch(total: Sum) -> Hashable:
    """What two sums with one key have in common; cheap."""
    said = [(type(node).__name__, node.ref.name if isinstance(node, Tensor) else "") for node in walk(total)]
    return tuple(sorted(said)), frozenset(free_wires(total))


def are_equal(one: Sum, other: Sum, facts: Facts, wires: Mapping[Wire, Wire] | None = None) -> bool:
    """Whether two sums have one canonical form, ``wires`` of the second being those of the first."""
    moved = rename(other, dict(wires)) if wires else other
    return sketch(one) == sketch(moved) and key(one, facts) == key(moved, facts)


def alone(term: Term, positions: tuple[int, ...]) -> frozenset[Wire]:
    """The wires that the term sums and that only the nodes at these positions show."""
    others = {w for i, node in enumerate(term.nodes) if i not in positions for w in node_wires(node)}
    return frozenset(wire for wire in term.summed if wire not in others)


def as_sum(node: Node) -> Sum:
    """A node as a sum: what a bracket holds."""
    match node:
        case Bracket(body=body):
            return body
        case _:
            return Sum((Term((node,)),))


def without(term: Term, positions: tuple[int, ...], *new: Node) -> Term:
    """The term with the nodes at these positions gone, and new ones in the place of the first.

    Wires that it summed and that nothing shows any more are not summed: they were used up.
    """
    nodes: list[Node] = []
    for position, node in enumerate(term.nodes):
        if position == min(positions):
            nodes += new
        if position not in positions:
            nodes.append(node)
    shown = {wire for node in nodes for wire in node_wires(node)}
    return replace(term, nodes=tuple(nodes), summed=tuple(wire for wire in term.summed if wire in shown))
