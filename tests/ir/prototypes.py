"""Two transforms in miniature, kept to prove that the IR carries them: ``derivative`` and ``expand``.

They are no part of the program. Each is a plain rewrite ``Sum -> Sum`` by the IR's own tools; neither needed
a field, a node kind or a walk that drawing and lowering do not use.
"""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Entry,
    Group,
    Ix,
    Net,
    Node,
    Number,
    Ref,
    SizeNumber,
    Slice,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.walk import copy, free_wires, fresh_wire, map_children, rename, splice, value_wires


def derivative(body: Sum, ref: Ref, legs: tuple[Wire, ...]) -> Sum:
    """d body / d ref: one more wire for each leg of ``ref``; the product rule, the chain rule at bubbles."""
    return Sum(tuple(t for term in body.terms for t in _of_term(term, ref, legs)))


def _of_term(term: Term, ref: Ref, legs: tuple[Wire, ...]) -> list[Term]:
    found = []
    for position, node in enumerate(term.nodes):
        for inner in _of_node(node, ref, legs).terms:
            whole = copy(Sum((splice(term, position, inner),)))
            found.append(whole.terms[0])
    return found


def _of_node(node: Node, ref: Ref, legs: tuple[Wire, ...]) -> Sum:
    match node:
        case Tensor(ref=this, legs=ends) if this == ref:
            return Sum((Term(tuple(_join(e, w) for e, w in zip(ends, legs, strict=True))),))
        case Tensor() | Special() | Number() | SizeNumber():
            return Sum(())
        case Bracket(body=body) | BigSum(body=body):
            inner = derivative(body, ref, legs)
            return Sum((Term((replace(node, body=inner),)),)) if inner.terms else inner
        case Bubble(function="softmax", body=body, gates=(gate,)):
            # dy_k = Σ_m y_k (δ_km - y_m) dx_m
            inner = derivative(body, ref, legs)
            if not inner.terms:
                return inner
            other = fresh_wire(gate)
            d = Bracket(rename(copy(inner), {gate: other}))
            y = replace(node, body=copy(body))
            y_other = replace(node, body=rename(copy(body), {gate: other}), gates=(other,))
            return Sum(
                (
                    Term((y, Special("delta", (gate, other)), d), (other,)),
                    Term((replace(node, body=copy(body)), y_other, d), (other,), -1),
                )
            )
        case Bubble(function=name, body=body):
            inner = derivative(body, ref, legs)
            if not inner.terms:
                return inner
            return Sum((Term((*_slope(name, body), Bracket(inner))),))
    raise AssertionError(node)


def _slope(function: str, body: Sum) -> tuple[Node, ...]:
    x = copy(body)
    match function:
        case "tanh":
            square = Bubble("square", Sum((Term((Bubble("tanh", x),)),)))
            return (Bracket(Sum((Term((Number(1),)), Term((square,), (), -1)))),)
        case "exp":
            return (Bubble("exp", x),)
        case "relu":
            return (Bubble("step", x),)
        case "reciprocal":
            return (Number(-1), Bubble("reciprocal", Sum((Term((Bubble("square", x),)),))))
    raise AssertionError(function)


def _join(end: Ix, wire: Wire) -> Node:
    match end:
        case Wire() | Group():
            return Special("delta", (end, wire))
        case Entry(at):
            return Special("basis", (wire,), at)
        case Slice(inner, start):
            return Special("shift", (wire, inner), start)


def inline(body: Sum, bound: Bind) -> Sum:
    """Every use of a bound value replaced by its definition, in brackets, on new inner wires."""

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name, ()), legs=ends) if name == bound.target.name:
                outer = value_wires(bound.target.legs)
                assert all(isinstance(e, Wire) for e in ends), (
                    "entries want a basis vector: not in this sketch"
                )
                return Bracket(rename(copy(bound.body), dict(zip(outer, ends, strict=True))), name)
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return total(body)


def expand(body: Sum) -> Sum:
    """Products of sums multiplied out, until no bracket is left outside bubbles."""
    terms: list[Term] = []
    for term in body.terms:
        position = next((i for i, n in enumerate(term.nodes) if isinstance(n, Bracket)), None)
        if position is None:
            terms.append(term)
            continue
        bracket = term.nodes[position]
        assert isinstance(bracket, Bracket)
        products = [splice(term, position, inner) for inner in copy(bracket.body).terms]
        terms.extend(expand(Sum(tuple(copy(Sum((p,))).terms[0] for p in products))).terms)
    return Sum(tuple(terms))


def paths(net: Net) -> Sum:
    """The output of a net of plain bindings, its values inlined and multiplied out: a term for each path."""
    binds = [s for s in net.body if isinstance(s, Bind)]
    body = binds[-1].body
    for bound in reversed(binds[:-1]):
        body = inline(body, bound)
    assert set(free_wires(body)) <= set(value_wires(binds[-1].target.legs))
    return expand(body)
