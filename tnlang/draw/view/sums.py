"""What a sum or bubble comes to before it is drawn: flattened terms, directly nested functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnlang.draw.view.values import Scope
from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Bracket, Bubble, Node, Ref, Special, StreamSet, Sum, Tensor, Term, Wire
from tnlang.ir.walk import free_wires, node_wires


def flattened(body: Sum) -> tuple[Term, ...]:
    """The terms of a sum; a bracket without name or caption that is a whole term adds its own terms."""
    found: list[Term] = []
    for term in body.terms:
        match term:
            case Term(nodes=(Bracket(body=inner, name="", caption=""),), coefficient=1, summed=()):
                found.extend(flattened(inner))
            case _:
                found.append(term)
    return tuple(found)


def falls_apart(term: Term, kept: Sequence[Wire]) -> bool:
    """Whether a term holds a factor that no wire ties to the wires kept from outside: a number, a scalar.

    Where none is kept: whether it has factors that no wire ties to one another.
    """
    if term.coefficient != 1:
        return True
    groups = [set(node_wires(node)) for node in term.nodes]
    if not kept and len(groups) == 1:
        return False
    reached = set(kept or groups[0])
    while True:
        grown = reached.union(*(group for group in groups if group & reached))
        if grown == reached:
            return any(not group & reached for group in groups)
        reached = grown


def sole_bubble(node: Bubble) -> Bubble | None:
    """The bubble that is all a bubble holds."""
    body = node.body
    while len(body.terms) == 1 and body.terms[0].coefficient == 1 and len(body.terms[0].nodes) == 1:
        match body.terms[0].nodes[0]:
            case Bubble(name="") as inner:
                return inner
            case Bracket(name="", body=body):
                continue
            case _:
                return None
    return None


def conjugated(body: Sum) -> Sum | None:
    """The conjugate of a product of tensors that hangs together, factor by factor; None of anything else."""
    terms = flattened(body)
    kept = free_wires(body)
    if len(terms) != 1 or not kept or falls_apart(terms[0], kept):
        return None
    nodes: list[Node] = []
    for node in terms[0].nodes:
        match node:
            case Tensor():
                nodes.append(replace(node, conj=not node.conj))
            case Special():
                nodes.append(node)
            case _:
                return None
    coefficient = complex(terms[0].coefficient).conjugate()
    return replace(body, terms=(replace(terms[0], nodes=tuple(nodes), coefficient=coefficient),))


def ends_legs(function: str) -> bool:
    return function in FUNCTIONS and FUNCTIONS[function].legs == "ends"


def function_label(scope: Scope, function: str) -> str:
    return next((f.label for f in scope.program.functions if f.name == function), "")


def apart(body: Sum, wires: tuple[Wire, ...]) -> tuple[Sum, ...]:
    """Terms that are added to a stream one after the other: each of several that have all its legs."""
    if all(set(wires) <= set(free_wires(term)) for term in body.terms):
        return tuple(Sum((term,), origin=body.origin) for term in body.terms)
    return (body,)


def assigned(statement: StreamSet) -> Sum:
    """What a stream's value is: the right-hand side, or the value before with it added or taken away."""
    if statement.op == "=":
        return statement.body
    before = Term((Tensor(Ref(statement.target.name), statement.target.legs),))
    sign = -1 if statement.op == "-=" else 1
    rest = (replace(term, coefficient=term.coefficient * sign) for term in statement.body.terms)
    return Sum((before, *rest), origin=statement.body.origin)
