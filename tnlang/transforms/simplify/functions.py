"""Functions: what is constant along their leg, what does nothing the second time."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Bubble, Node, SizeNumber, Special, Sum, Term, Wire
from tnlang.ir.walk import node_wires
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.keys import alone, without
from tnlang.transforms.simplify.rewriting import held, one

BLIND = ("softmax", "log_softmax", "layernorm", "argmax", "var", "std")
"""Functions that do not see what is added alike to all entries of their leg."""
SAME_TWICE = ("relu", "abs", "real", "sign", "step", "causal", "normalize", "argmax")
"""Functions that change nothing the second time."""
OF_CONSTANTS = ("mean", "max", "min")
"""Functions of a leg that give the entry where all entries are the same."""


def constant_along(node: Node, facts: Facts) -> Sum | None:
    """Terms that are the same for all entries of a leg: softmax, layernorm and their like do not see them."""
    match node:
        case Bubble(function=function, gates=(gate,), body=body) if function in BLIND:
            changing = tuple(term for term in body.terms if not is_constant(term, gate))
            if len(changing) == len(body.terms):
                return None
            if changing:
                return one(held(replace(node, body=replace(body, terms=changing))))
            match function:
                case "softmax":
                    return one(Bubble("reciprocal", one(SizeNumber(gate.size))))
                case "layernorm" | "var" | "std":
                    return Sum(())
            return None
        case Bubble(function=function, gates=(gate,), body=body) if function in OF_CONSTANTS:
            return _at_one_entry(body, gate) if all(is_constant(t, gate) for t in body.terms) else None
        case _:
            return None


def whole_leg(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """All entries of a softmax or an argmax make 1, those of a layernorm 0."""
    for position, node in enumerate(term.nodes):
        match node:
            case Bubble(function="softmax" | "argmax" | "layernorm" as function, gates=(gate,)):
                if gate not in alone(term, (position,)):
                    continue
                if function == "layernorm":
                    return ()
                rest = (Special("ones", (wire,)) for wire in node_wires(node) if wire != gate)
                return (without(term, (position,), *rest),)
            case _:
                pass
    return None


def is_constant(term: Term, wire: Wire) -> bool:
    """Whether a term is the same for all entries of a wire: nothing shows it, but for ``ones``."""
    return not any(
        wire in node_wires(node)
        for node in term.nodes
        if not (isinstance(node, Special) and node.kind == "ones")
    )


def _at_one_entry(body: Sum, wire: Wire) -> Sum:
    """A sum that is constant along a wire, no longer showing it."""
    terms = [replace(t, nodes=tuple(n for n in t.nodes if wire not in node_wires(n))) for t in body.terms]
    return replace(body, terms=tuple(terms))


def twice(node: Node, facts: Facts) -> Sum | None:
    """A function that does nothing to its own result; the logarithm of an exponential."""
    match node:
        case Bubble(
            function=function,
            gates=gates,
            options=options,
            body=Sum((Term(nodes=(Bubble() as inner,), summed=(), coefficient=1),)),
        ) if inner.options == options:
            if function == inner.function and gates == inner.gates and function in SAME_TWICE:
                return one(inner)
            if function == "log" and inner.function == "exp" and facts.is_real(inner):
                return inner.body
            return None
        case _:
            return None
