"""The normal form of a sum: no association brackets, numbers folded, deltas that join wires elided.

Written order stays; nothing is distributed.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.net import (
    Bracket,
    Bubble,
    Entry,
    Group,
    Ix,
    Node,
    Number,
    Slice,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.walk import children, free_wires, ix_wires, map_children, node_wires, rename


def normal(total: Sum) -> Sum:
    """The sum in normal form, worth the same.

    A bracket with one term joins the product round it; a bracket that is a whole term joins the sum round it;
    finite numbers are multiplied into the coefficient.
    """
    terms: list[Term] = []
    for term in total.terms:
        flat = elide_deltas(_flat(term))
        match flat:
            case Term(nodes=(Bracket(body=body),), summed=(), coefficient=coefficient):
                terms += [replace(t, coefficient=_product((coefficient, t.coefficient))) for t in body.terms]
            case _:
                terms.append(flat)
    return replace(total, terms=tuple(terms))


def _flat(term: Term) -> Term:
    nodes: list[Node] = []
    summed = list(term.summed)
    numbers: list[complex] = [term.coefficient]
    for node in term.nodes:
        match map_children(node, normal):
            case Bracket(body=Sum(terms=(inner,))):
                nodes += inner.nodes
                summed += inner.summed
                numbers.append(inner.coefficient)
            case Number(value) if cmath.isfinite(value):
                numbers.append(value)
            case changed:
                nodes.append(changed)
    return replace(term, nodes=tuple(nodes), summed=tuple(summed), coefficient=_product(numbers))


def _product(numbers: list[complex] | tuple[complex, ...]) -> complex:
    """The product in an order of its own, so that the order of factors does not show in the last digit."""
    product = math.prod(sorted(map(complex, numbers), key=lambda z: (z.real, z.imag)), start=complex(1))
    return product + 0  # no -0j


def elide_deltas(term: Term) -> Term:
    """The term without the deltas that only join a wire it sums to something else: the wire becomes that.

    A wire along which a bubble works stays where joining it would put the bubble on a diagonal or an entry.
    """
    while True:
        shorter = next((t for position in range(len(term.nodes)) if (t := _without(term, position))), None)
        if shorter is None:
            return term
        term = shorter


def _without(term: Term, position: int) -> Term | None:
    """The term with one leg less at a delta, or without ones that say nothing; None where that cannot be."""
    node = term.nodes[position]
    rest = (*term.nodes[:position], *term.nodes[position + 1 :])
    match node:
        case Special(kind="ones", legs=legs):
            shown = {wire for other in rest for wire in node_wires(other)}
            useless = all(isinstance(leg, Wire) and leg in shown for leg in legs)
            return replace(term, nodes=rest) if useless else None
        case Special(kind="delta", legs=legs):
            for number, leg in enumerate(legs):
                others = legs[:number] + legs[number + 1 :]
                if not isinstance(leg, Wire) or leg not in term.summed or not others:
                    continue
                target = min(others, key=lambda ix: not isinstance(ix, Wire))
                if leg in (w for ix in others for w in ix_wires(ix)) or not joinable(rest, leg, target):
                    continue
                left = Special("delta", others) if len(others) > 1 else Special("ones", ix_wires(target))
                joined = Sum((Term((*rest, left) if left.legs else rest),))
                summed = tuple(wire for wire in term.summed if wire != leg)
                return replace(term, nodes=rename(joined, {leg: target}).terms[0].nodes, summed=summed)
        case _:
            pass
    return None


def joinable(nodes: tuple[Node, ...], wire: Wire, target: Ix) -> bool:
    """Whether ``target`` can stand wherever ``wire`` does."""
    others = set(ix_wires(target))
    for bubble in _bubbles(nodes):
        inside = set(free_wires(bubble.body))
        if wire in bubble.gates and (not isinstance(target, Wire) or target in inside):
            return False
        if wire in inside and others & set(bubble.gates):
            return False
    return isinstance(target, Wire) or not any(wire in ix_wires(leg) for leg in _composed_legs(nodes))


def _bubbles(nodes: tuple[Node, ...]) -> Iterator[Bubble]:
    for node in nodes:
        if isinstance(node, Bubble):
            yield node
        for child in children(node):
            for term in child.terms:
                yield from _bubbles(term.nodes)


def _composed_legs(nodes: tuple[Node, ...]) -> Iterator[Ix]:
    """The legs in which a wire stands together with something else: slices and groups."""
    for node in nodes:
        if isinstance(node, Tensor | Special):
            yield from (leg for leg in node.legs if isinstance(leg, Slice | Group | Entry))
        for child in children(node):
            for term in child.terms:
                yield from _composed_legs(term.nodes)
