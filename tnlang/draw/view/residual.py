"""Sums read as streams: in ``y = x + f(x)`` the input runs on, or the last value of a stream does."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Bind, Net, Stmt, StreamSet, Sum, Tensor, Term
from tnlang.ir.walk import refs, statements, walk


def as_stream(net: Net) -> Net:
    """The net with its output as a stream, if that is an input with something added; else the net itself.

    An output that is the last value of a stream with something added is one more assignment of it.
    """
    if any(isinstance(statement, StreamSet) for statement in statements(net.body)):
        return _run_on(net)
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


def _run_on(net: Net) -> Net:
    """The net whose last sum is added to its stream: ``y = s + x`` becomes ``s += x; y = s``."""
    if not net.body or not isinstance(net.body[-1], Bind):
        return net
    last = net.body[-1]
    streams = {s.target.name: s.target for s in statements(net.body) if isinstance(s, StreamSet)}
    if last.target.name not in {output.name for output in net.outputs} or len(last.body.terms) < 2:
        return net
    for term in last.body.terms:
        match term:
            case Term(nodes=(Tensor(ref=ref, legs=legs, conj=False) as node,), coefficient=1) if (
                ref.name in streams and not ref.subs and legs == last.target.legs
            ):
                target = replace(streams[ref.name], legs=last.target.legs)
                rest = Sum(tuple(t for t in last.body.terms if t is not term), origin=last.body.origin)
                onward = StreamSet(target, "+=", rest, origin=last.origin)
                whole = replace(last, body=Sum((replace(term, nodes=(node,)),)))
                return replace(net, body=(*net.body[:-1], onward, whole))
    return net


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
