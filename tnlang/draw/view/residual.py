"""A net ``y = x + f(x)`` read as a stream: the input runs on, and the rest is added to it."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Bind, Net, Stmt, StreamSet, Sum, Tensor, Term
from tnlang.ir.walk import refs, statements, walk


def as_stream(net: Net) -> Net:
    """The net with its output as a stream, if that is an input with something added; else the net itself."""
    if any(isinstance(statement, StreamSet) for statement in statements(net.body)):
        return net
    outputs = {output.name for output in net.outputs}
    body: list[Stmt] = []
    for statement in net.body:
        match statement:
            case Bind(target=target, body=total) if target.name in outputs and len(total.terms) > 1:
                bare = _bare_input(net, statement)
                if bare is None:
                    return net
                rest = tuple(term for term in total.terms if term is not bare)
                if not _reads(net, rest, bare):
                    return net
                origin = statement.origin
                body.append(StreamSet(target, "=", Sum((bare,)), opens=True, origin=origin))
                body.append(StreamSet(target, "+=", Sum(rest), origin=origin))
            case _:
                body.append(statement)
    return replace(net, body=tuple(body))


def _bare_input(net: Net, bind: Bind) -> Term | None:
    """The term of the sum that is an input as it is."""
    names = {decl.name for decl in net.inputs}
    for term in bind.body.terms:
        match term:
            case Term(nodes=(Tensor(ref=ref, legs=legs, conj=False),), coefficient=1):
                if ref.name in names and not ref.subs and legs == bind.target.legs and legs:
                    return term
    return None


def _reads(net: Net, terms: tuple[Term, ...], bare: Term) -> bool:
    """Whether the input is used elsewhere too, so that it is copied."""
    inside = [node.ref for node in walk(Sum(terms)) if isinstance(node, Tensor)]
    others = [ref for s in statements(net.body) for ref in refs(s)]
    return any(isinstance(n, Tensor) and (n.ref in inside or others.count(n.ref) > 1) for n in bare.nodes)
