"""Sums read as streams: in ``y = x + f(x)`` the input runs on, or the last value of a stream does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tnlang.ir.net import Bind, Net, Ref, Stmt, StreamSet, Sum, Tensor, Term, Value
from tnlang.ir.walk import refs, statements, walk


@dataclass(frozen=True, slots=True)
class Named(Bind):
    """A name for the value that a stream has here: who reads it reads the stream.

    The picture calls the value so if it is ``shown``.
    """

    shown: bool = False


def as_stream(net: Net) -> Net:
    """The net with its output as a stream, if that is an input with something added; else the net itself.

    What was added before may have a name: ``m = x + f(x); y = m + g(m)``. An output that is the last value of
    a stream with something added is one more assignment of it.
    """
    if any(isinstance(statement, StreamSet) for statement in statements(net.body)):
        return _run_on(net)
    sums = {s.target.name: s for s in net.body if isinstance(s, Bind) and len(s.body.terms) > 1}
    steps: dict[str, _Step] = {}
    for output in net.outputs:
        if output.name in sums:
            found = _steps(net, sums, output.name)
            if not any(_reads(net, step.rest, step.bare) for step in found):
                return net
            steps |= {step.bind.target.name: step for step in found}
    body: list[Stmt] = []
    for statement in net.body:
        match statement:
            case Bind(target=target, origin=origin) if target.name in steps:
                step = steps[target.name]
                stream = replace(target, name=step.stream)
                if step.opens:
                    body.append(StreamSet(stream, "=", Sum((step.bare,)), opens=True, origin=origin))
                body.append(StreamSet(stream, "+=", Sum(step.rest), origin=origin))
                if target != stream:
                    whole = Sum((Term((Tensor(Ref(step.stream), target.legs),)),))
                    body.append(Named(target, whole, shown=True, origin=origin))
            case _:
                body.append(statement)
    return replace(net, body=tuple(body))


@dataclass(frozen=True, slots=True)
class _Step:
    """A sum that adds ``rest`` to the value before, which is ``bare``; the first one ``opens`` the stream."""

    bind: Bind
    stream: str
    bare: Term
    rest: tuple[Term, ...]
    opens: bool


def _steps(net: Net, sums: Mapping[str, Bind], output: str) -> list[_Step]:
    """The sums that lead from an input to an output, each adding to the one before; none if none do."""
    inputs, outputs = {decl.name for decl in net.inputs}, {output.name for output in net.outputs}
    found: list[_Step] = []
    name = output
    while name not in inputs:
        bind = sums[name]
        bares = {_bare(term, bind.target): term for term in bind.body.terms}
        before = next((n for n in bares if n in inputs or (n in sums and n not in outputs)), "")
        if not before:
            return []
        bare = bares[before]
        rest = tuple(term for term in bind.body.terms if term is not bare)
        found.append(_Step(bind, output, bare, rest, opens=before in inputs))
        name = before
    return found


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


def _bare(term: Term, target: Value) -> str:
    """The value that a term is, as it is and on the legs of what is bound; "" if it is none."""
    match term:
        case Term(nodes=(Tensor(ref=Ref(name, ()), legs=legs, conj=False),), coefficient=1) if (
            legs and legs == target.legs
        ):
            return name
    return ""


def bare_value(statement: Bind | StreamSet) -> str:
    """The value that a statement gives another name, as it is; "" if it does something."""
    terms = statement.body.terms
    return _bare(terms[0], statement.target) if len(terms) == 1 else ""


def _reads(net: Net, terms: tuple[Term, ...], bare: Term) -> bool:
    """Whether the input is used elsewhere too, so that it is copied."""
    inside = [node.ref for node in walk(Sum(terms)) if isinstance(node, Tensor)]
    others = [ref for s in statements(net.body) for ref in refs(s)]
    return any(isinstance(n, Tensor) and (n.ref in inside or others.count(n.ref) > 1) for n in bare.nodes)
