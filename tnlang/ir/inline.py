"""A value's definition in the place of a use of it."""

from __future__ import annotations

from collections.abc import Sequence

from tnlang.ir.net import Bracket, Bubble, Group, Ix, Node, Special, Sum, Wire
from tnlang.ir.walk import copy, fresh_wire, ix_wires, rename


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
