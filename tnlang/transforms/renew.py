"""Copies of statements on wires of their own, so that a variant can stand beside the net it comes from."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Bind, Call, Factor, Frozen, Group, Repeat, Shared, Stmt, StreamSet, Sum, Value, Wire
from tnlang.ir.walk import bound_wires, free_wires, fresh_wire, rename, value_wires


def renew(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The same statements on new wires."""
    return tuple(map(_statement, body))


def _statement(statement: Stmt) -> Stmt:
    match statement:
        case Bind(target=target, body=body) | StreamSet(target=target, body=body):
            wires = _fresh(target, body)
            return replace(statement, target=_value(target, wires), body=rename(body, dict(wires)))
        case Frozen(target=target, definition=None):
            return replace(statement, target=_value(target, _fresh(target, None)))
        case Frozen(definition=Bind() | StreamSet() as definition):
            new = _statement(definition)
            assert isinstance(new, Bind | StreamSet)
            return replace(statement, target=new.target, definition=new)
        case Call(results=results):
            return replace(statement, results=tuple(_value(r, _fresh(r, None)) for r in results))
        case Repeat(body=inner):
            return replace(statement, body=renew(inner))
        case Shared() | Factor():
            return statement
    raise AssertionError(statement)


def _fresh(target: Value, body: Sum | None) -> dict[Wire, Wire]:
    inner = (*free_wires(body), *bound_wires(body)) if body is not None else ()
    return {wire: fresh_wire(wire) for wire in dict.fromkeys((*value_wires(target.legs), *inner))}


def _value(value: Value, wires: dict[Wire, Wire]) -> Value:
    def leg(old: Wire | Group) -> Wire | Group:
        if isinstance(old, Wire):
            return wires.get(old, old)
        return Group(tuple(wires.get(m, m) if isinstance(m, Wire) else m for m in old.members))

    return replace(value, legs=tuple(map(leg, value.legs)))
