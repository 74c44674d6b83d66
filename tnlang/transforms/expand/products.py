"""Products of sums multiplied out."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import BigSum, Bracket, Sum, Term
from tnlang.ir.walk import copy, splice
from tnlang.transforms.request import TransformError

LIMIT = 10_000
"""Terms that a sum may be multiplied out to."""


def multiplied_out(body: Sum, only: str = "") -> Sum:
    """The sum without brackets outside bubbles: each product of sums is a sum of products.

    With ``only``, brackets that were made by that rule are multiplied out and others stay. Raises
    TransformError for more than LIMIT terms.
    """
    terms: list[Term] = []
    waiting = list(reversed(body.terms))
    while waiting:
        term = waiting.pop()
        if len(terms) + len(waiting) > LIMIT:
            said = f"multiplied out there are more than {LIMIT:,} terms"
            raise TransformError(said, "bind some of its brackets to names: what has a name stays whole")
        for position, node in enumerate(term.nodes):
            match node:
                case Bracket(body=inner) if not only or only in node.origin.rules:
                    products = [splice(term, position, other) for other in inner.terms]
                    waiting += [_renewed(p) if len(products) > 1 else p for p in reversed(products)]
                    break
                case BigSum(body=inner) if len(out := multiplied_out(inner, only).terms) > 1:
                    parts = [replace(node, body=replace(inner, terms=(one,))) for one in out]
                    nodes = [(*term.nodes[:position], part, *term.nodes[position + 1 :]) for part in parts]
                    waiting += [_renewed(replace(term, nodes=n)) for n in reversed(nodes)]
                    break
                case _:
                    pass
        else:
            terms.append(term)
    if len(terms) == len(body.terms) and all(a is b for a, b in zip(terms, body.terms, strict=True)):
        return body
    return replace(body, terms=tuple(terms))


def _renewed(term: Term) -> Term:
    """The term on summed wires of its own."""
    return copy(Sum((term,))).terms[0]
