"""A value's definition in the place of a use of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tnlang.ir.net import Bracket, Bubble, Group, Ix, Node, Ref, Special, Sum, Tensor, Term, Wire
from tnlang.ir.walk import copy, fresh_wire, ix_wires, map_children, rename


def in_place(
    legs: Sequence[Wire | Group], body: Sum, used: Sequence[Ix], *, conj: bool = False
) -> tuple[list[Node], list[Wire]]:
    """The nodes that stand for a use, with the wires their product sums besides.

    ``legs`` are the left-hand side of the definition and ``body`` its sum, ``used`` what the use joins to
    them. The sum comes in a bracket (a conjugate in its bubble) on new wires, and deltas join these to what
    the use joined: they are as many as the legs, and ``elide_deltas`` takes them away where they can go.
    """
    outer = {wire: fresh_wire(wire) for leg in legs for wire in ix_wires(leg)}
    inside = rename(copy(body), outer)
    nodes: list[Node] = [Bubble("conj", inside) if conj else Bracket(inside)]
    for leg, ix in zip(legs, used, strict=True):
        own: Ix = Group(tuple(outer[w] for w in ix_wires(leg))) if isinstance(leg, Group) else outer[leg]
        pairs: list[tuple[Ix, Ix]] = [(own, ix)]
        if isinstance(own, Group) and isinstance(ix, Group) and len(own.members) == len(ix.members):
            members = list(zip(own.members, ix.members, strict=True))
            if all(isinstance(a, Wire) and isinstance(b, Wire) and a.size == b.size for a, b in members):
                pairs = [(a, b) for a, b in members]
        nodes += [Special("delta", pair) for pair in pairs]
    return nodes, list(outer.values())


Definition = Callable[[Ref], "tuple[Sequence[Wire | Group], Sum] | None"]
"""The left-hand side and the sum that a name stands for, None where it stays."""


def written_into(body: Sum, definition: Definition) -> Sum:
    """The sum with definitions in the place of the names that have one; the sum itself where none has."""

    def total(old: Sum) -> Sum:
        terms = tuple(map(term, old.terms))
        same = all(a is b for a, b in zip(terms, old.terms, strict=True))
        return old if same else replace(old, terms=terms)

    def term(old: Term) -> Term:
        nodes: list[Node] = []
        summed = list(old.summed)
        for node in old.nodes:
            found = definition(node.ref) if isinstance(node, Tensor) else None
            if found is None or not isinstance(node, Tensor):
                nodes.append(map_children(node, total))
                continue
            used, joined = in_place(found[0], found[1], node.legs, conj=node.conj)
            nodes += used
            summed += joined
        if len(nodes) == len(old.nodes) and all(a is b for a, b in zip(nodes, old.nodes, strict=True)):
            return old
        return replace(old, nodes=tuple(nodes), summed=tuple(summed))

    return total(body)
