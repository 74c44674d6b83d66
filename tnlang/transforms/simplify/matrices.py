"""What declarations license: isometries, unitaries and inverses cancel, real values are their conjugates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Group,
    Ix,
    Node,
    Number,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.properties import ISOMETRIES, sides
from tnlang.ir.walk import free_wires, node_wires
from tnlang.transforms.simplify.deltas import delta
from tnlang.transforms.simplify.facts import REAL_VALUED, Facts
from tnlang.transforms.simplify.keys import alone, are_equal, as_sum, without
from tnlang.transforms.simplify.rewriting import one


def isometry(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """An isometry joined to its conjugate by all legs of its large side is a wire; a unitary by either."""
    tensors = [(i, node) for i, node in enumerate(term.nodes) if isinstance(node, Tensor)]
    for (first, a), (second, b) in itertools.combinations(tensors, 2):
        if a.ref != b.ref or not (a.conj != b.conj or facts.is_real(a)):
            continue
        private = alone(term, (first, second))
        for joined, others in _joined_sides(a, facts):
            if joined and all(_is_whole(a, b, place, private) for place in joined):
                parts = [delta(tuple(dict.fromkeys((a.legs[i], b.legs[i])))) for i in others]
                return (without(term, (first, second), *itertools.chain(*parts)),)
    return None


def _joined_sides(node: Tensor, facts: Facts) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The legs by which a tensor may be joined to its conjugate, and those that become wires."""
    for prop in facts.properties(node.ref):
        if prop.name in ISOMETRIES:
            rows, columns = sides(prop, len(node.legs))
            yield rows, columns
            if prop.name != "isometry":
                yield columns, rows


def _is_whole(a: Tensor, b: Tensor, place: int, private: frozenset[Wire]) -> bool:
    """Whether two tensors are joined by all of a leg, which is joined to nothing else."""
    leg = a.legs[place]
    members: tuple[Ix, ...] = leg.members if isinstance(leg, Group) else (leg,)
    rest = [x for tensor in (a, b) for i, x in enumerate(tensor.legs) if i != place]
    used = {wire for other in rest for wire in _members(other)}
    return leg == b.legs[place] and all(
        isinstance(m, Wire) and m in private and m not in used and members.count(m) == 1 for m in members
    )


def _members(leg: Ix) -> tuple[object, ...]:
    return leg.members if isinstance(leg, Group) else (leg,)


def inverse(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """A matrix joined to its inverse by one leg is a wire."""
    for position, node in enumerate(term.nodes):
        if not (isinstance(node, Bubble) and node.function == "inverse"):
            continue
        for chosen in _parts(term, position, len(as_factors(node.body))):
            private = alone(term, (position, *chosen))
            inner = alone(term, chosen)
            product = Sum((Term(tuple(term.nodes[i] for i in chosen), tuple(inner)),))
            if len(chosen) == 1:
                product = as_sum(term.nodes[chosen[0]])
            wires = free_wires(product)
            for shared, free in (node.gates, node.gates[::-1]):
                if shared not in private or shared not in wires:
                    continue
                for end in wires:
                    if end != shared and are_equal(product, node.body, facts, {free: end}):
                        left = delta(tuple(dict.fromkeys((free, end))))
                        rest = (Special("ones", (w,)) for w in wires if w not in (shared, end))
                        return (without(term, (position, *chosen), *left, *rest),)
    return None


def as_factors(body: Sum) -> tuple[Node, ...]:
    """The factors of a sum that is one product; else one: the sum in a bracket."""
    match body:
        case Sum(terms=(Term(nodes=nodes, coefficient=1),)) if nodes:
            return nodes
        case _:
            return (Bracket(body),)


def _parts(term: Term, position: int, count: int) -> Iterator[tuple[int, ...]]:
    """Positions of factors that may be what stands in the bubble at a position."""
    others = [
        i
        for i, node in enumerate(term.nodes)
        if i != position and not isinstance(node, Number | SizeNumber) and node_wires(node)
    ]
    return itertools.islice(itertools.combinations(others, count), 200)


def inverted(node: Node, facts: Facts) -> Sum | None:
    """The inverse of an inverse, of a unitary, of a wire, of a product of square matrices."""
    match node:
        case Bubble(function="inverse", gates=(row, column), body=Sum((Term(nodes=nodes) as term,))):
            pass
        case _:
            return None
    if term.coefficient not in (0, 1):
        inner = replace(node, body=replace(node.body, terms=(replace(term, coefficient=1),)))
        return one(inner, coefficient=1 / term.coefficient)
    match nodes:
        case (Bubble(function="inverse", gates=gates, body=body),) if (
            set(gates) == {row, column} and not term.summed
        ):
            return body
        case (Special(kind="delta", legs=legs),) if set(legs) == {row, column}:
            return one(*nodes)
        case (Tensor(legs=legs) as tensor,) if set(legs) == {row, column}:
            for prop in facts.properties(tensor.ref):
                if prop.name in ("unitary", "orthogonal"):
                    return one(tensor if facts.is_real(tensor) else replace(tensor, conj=not tensor.conj))
    return _of_product(node, term, row, column)


def _of_product(node: Bubble, term: Term, row: Wire, column: Wire) -> Sum | None:
    """The inverse of a chain of square matrices: each inverted, on the same wires."""
    if len(term.nodes) < 2 or row.size != column.size:
        return None
    allowed = {*term.summed, row, column}
    found: list[Node] = []
    for factor in term.nodes:
        wires = node_wires(factor)
        square = len(wires) == 2 and set(wires) <= allowed and all(w.size == row.size for w in wires)
        if not square:
            return None
        found.append(Bubble("inverse", as_sum(factor), wires))
    return one(*found, summed=term.summed) if _is_chain(term, row, column) else None


def _is_chain(term: Term, row: Wire, column: Wire) -> bool:
    """Whether factors with two wires each lead from one wire to another, one after another."""
    waiting, wire = [node_wires(node) for node in term.nodes], row
    while waiting:
        following = [pair for pair in waiting if wire in pair]
        if len(following) != 1:
            return False
        waiting.remove(following[0])
        wire = next(w for w in following[0] if w != wire)
    return wire == column


def real(node: Node, facts: Facts) -> Sum | None:
    """A real value is its own conjugate and real part, and has no imaginary part."""
    match node:
        case Tensor(conj=True) if facts.is_real(node):
            return one(replace(node, conj=False))
        case Bubble(function="real" | "conj", body=body) if facts.is_real(body):
            return body
        case Bubble(function="imag", body=body) if facts.is_real(body):
            return Sum(())
        case _:
            return None


THROUGH = ("exp", "sin", "cos", "square", "reciprocal", "sum", "mean", "prod", "cumsum", "inverse", "tanh")
"""Functions that commute with conjugation."""


def conj(node: Node, facts: Facts) -> Sum | None:
    """The conjugate of a sum of products is that of their factors."""
    match node:
        case Bubble(function="conj", body=body):
            terms = []
            for term in body.terms:
                factors = [_conjugate(factor, facts) for factor in term.nodes]
                if any(f is None for f in factors) and len(term.nodes) == len(body.terms) == 1:
                    return None
                nodes = tuple(
                    new if new is not None else Bubble("conj", as_sum(old))
                    for new, old in zip(factors, term.nodes, strict=True)
                )
                terms.append(replace(term, nodes=nodes, coefficient=complex(term.coefficient).conjugate()))
            return replace(body, terms=tuple(terms))
        case _:
            return None


def _conjugate(node: Node, facts: Facts) -> Node | None:
    """The conjugate of a node, None where it is no simpler than a bubble round it."""
    if facts.is_real(node):
        return node
    match node:
        case Tensor():
            return replace(node, conj=not node.conj)
        case Number(value):
            return Number(complex(value).conjugate())
        case Bubble(function="conj", body=body):
            return Bracket(body)
        case Bubble(function=function, body=body) if function in REAL_VALUED:
            return node
        case Bubble(function=function, body=body) if function in THROUGH or _is_whole_power(node):
            return replace(node, body=one(Bubble("conj", body)))
        case Bracket(body=body) | BigSum(body=body):
            return replace(node, body=one(Bubble("conj", body)))
        case _:
            return None


def _is_whole_power(node: Bubble) -> bool:
    return node.function == "power" and float(dict(node.options)["exponent"]).is_integer()


def onehot(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """A one-hot value summed over its one-hot leg is 1."""
    for position, node in enumerate(term.nodes):
        if not isinstance(node, Tensor):
            continue
        for prop in facts.properties(node.ref):
            hot = prop.legs[0] if prop.legs else len(node.legs) - 1
            if prop.name != "onehot":
                continue
            leg = node.legs[hot]
            if isinstance(leg, Wire) and leg in alone(term, (position,)) and node.legs.count(leg) == 1:
                others = tuple(x for i, x in enumerate(node.legs) if i != hot)
                rest = tuple(Special("ones", (x,)) for x in others if node_wires(Special("ones", (x,))))
                return (without(term, (position,), *rest),)
    return None
