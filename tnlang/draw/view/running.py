"""``x = ln(x + f(x))`` read as a stream that runs on: something is added to it, then a box stands on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tnlang.draw.view.values import Definition, Scope
from tnlang.ir.net import Bind, Call, StreamSet, Sum, Tensor, Term, Wire


@dataclass(frozen=True, slots=True)
class Plus:
    """What is added to the stream, on these wires."""

    rest: Sum
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A folded call that the whole stream passes; ``argument`` is the value that it takes."""

    call: Call
    result: Definition
    argument: Definition


Steps = tuple[Plus | Box, ...]


def steps_of(found: Definition, single: Callable[[Definition], bool]) -> Steps | None:
    """What an assignment ``=`` of a stream does to the value before, one step after another.

    None where the stream does not run on: the value before is not a bare term of what is assigned, nor the
    argument of a call drawn folded. ``single`` tells whether a value is used once.
    """
    statement = found.statement
    if not isinstance(statement, StreamSet) or statement.op != "=" or statement.opens:
        return None
    wires = tuple(w for w in statement.target.legs if isinstance(w, Wire))
    return _unwind(found.scope, found, statement.body, wires, single)


def _unwind(
    scope: Scope, stream: Definition, body: Sum, wires: tuple[Wire, ...], single: Callable[[Definition], bool]
) -> Steps | None:
    for term in body.terms:
        before = _whole(scope, stream, term, wires, single)
        if before is None:
            continue
        rest = tuple(t for t in body.terms if t is not term)
        return (*before, Plus(Sum(rest, origin=body.origin), wires)) if rest else before
    return None


def _whole(
    scope: Scope,
    stream: Definition,
    term: Term,
    wires: tuple[Wire, ...],
    single: Callable[[Definition], bool],
) -> Steps | None:
    """The steps that lead to a term that is one value as it is."""
    match term:
        case Term(nodes=(Tensor(ref=ref, legs=legs, conj=False),), coefficient=1) if legs == wires:
            found = scope.resolve(ref, stream.versions)
        case _:
            return None
    if found is None or found.scope is not scope:
        return None
    if found.key[:2] == stream.key[:2] and found.key[3] == stream.key[3] - 1:
        return ()
    match found.statement:
        case Bind(target=target, body=body) if target.anonymous:
            inner = tuple(w for w in target.legs if isinstance(w, Wire))
            return _unwind(scope, stream, body, inner, single)
        case Call(arguments=(ref,)) as call if not scope.opens(call) and single(found):
            argument = scope.resolve(ref, found.versions)
            if argument is None or not isinstance(argument.statement, Bind | StreamSet):
                return None
            if argument.key[:2] == stream.key[:2]:
                before: Steps | None = ()
            elif isinstance(argument.statement, Bind) and argument.statement.target.anonymous:
                inner = tuple(w for w in argument.statement.target.legs if isinstance(w, Wire))
                before = _unwind(scope, stream, argument.statement.body, inner, single)
            else:
                return None
            return None if before is None else (*before, Box(call, found, argument))
    return None
