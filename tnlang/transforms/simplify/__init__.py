"""``simplify(net)``: wires, isometries, inverses, numbers and like terms go where they cancel."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Net, Shared, Stmt
from tnlang.transforms.dead import without_dead
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError
from tnlang.transforms.simplify.deltas import identity
from tnlang.transforms.simplify.facts import facts_of
from tnlang.transforms.simplify.nets import Simplifying
from tnlang.transforms.simplify.rules import RULES
from tnlang.transforms.variants import change_below

_USAGE = "`simplify(net)`"


def simplify(request: Request) -> tuple[Net, ...]:
    """The net, and those it calls, with all rules applied until none applies; of the same value.

    Bound values stay where they are, unless they are no more than a wire, a number or another's name, or
    what reads them gets smaller by having them written out; bindings that nothing reads any more go.
    """
    _check(request)
    *below, new = change_below(request, None, lambda net: _simplified(request, net))
    if new.body == request.program.net(request.net).body:
        new = replace(new, body=renew(new.body))
    return (*below, new)


def steps(request: Request) -> tuple[tuple[str, Net], ...]:
    """What ``simplify`` does in the net itself: the net, then after each rule its name and the net as it is.

    A wire that is joined to another looks the same, so that is no step of its own. What the net calls is as
    it was.
    """
    _check(request)
    net = request.program.net(request.net)
    found: list[tuple[str, Net]] = [("", net)]

    def told(rule: str, body: tuple[Stmt, ...]) -> None:
        if rule != identity.__name__:
            found.append((rule, replace(net, name=f"{request.name}/{len(found)}", body=renew(body))))
        elif len(found) > 1:
            found[-1] = (found[-1][0], replace(found[-1][1], body=renew(body)))

    Simplifying(net, facts_of(request.program, net), RULES, told).run()
    return tuple(found)


def _simplified(request: Request, net: Net) -> tuple[Stmt, ...]:
    """The statements of a net simplified, again and again as long as values go."""
    facts = facts_of(request.program, request.program.net(net.name))
    body = net.body
    while True:
        now = replace(net, body=body)
        new = without_dead(now, Simplifying(now, facts, RULES).run())
        if _computing(new) == _computing(body):
            return new
        body = new


def _computing(body: tuple[Stmt, ...]) -> int:
    return sum(not isinstance(statement, Shared) for statement in body)


def _check(request: Request) -> None:
    if request.paths or request.arrows or request.options:
        raise TransformError("simplify takes a net alone", _USAGE, 0 if request.paths else None)
