"""The legs of a value by its path: of any value that a run's cache, the parameters or the inputs hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tnlang.ir.net import Bind, Call, Decl, Frozen, Leg, Net, Stmt, StreamSet, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.scales import normals, scale_names
from tnlang.ir.slots import array_legs, dotted, input_decls
from tnlang.ir.walk import free_wires, statements

_SUBS = re.compile(r"\{([^{}]*)\}")


def cache_key(path: str) -> str:
    """The name that a value has in a cache or state_dict: ``attention{3}.A`` is ``attention.3.A``.

    >>> cache_key("block{2}.head{0, 1}.A"), cache_key("attention.3.A")
    ('block.2.head.0.1.A', 'attention.3.A')
    """
    return _SUBS.sub(lambda found: "." + ".".join(part.strip() for part in found[1].split(",")), path)


def legs_of(program: Program, net: Net, key: str) -> tuple[str, ...] | None:
    """What is written at the axes of the value under that key; None for a name the net does not have.

    A one-hot input has no axis for its one-hot leg.
    """
    return _legs(program, net, key.split("."), outermost=True)


def value_names(program: Program, net: Net) -> tuple[str, ...]:
    """The values there are legs of, those of called nets below their calls; turns are left out."""
    return tuple(dict.fromkeys(_named(program, net, "", outermost=True)))


def _named(program: Program, net: Net, prefix: str, *, outermost: bool) -> Iterator[str]:
    yield from (prefix + name for name, _ in _values(program, net, outermost))
    for statement in statements(net.body):
        if isinstance(statement, Call):
            yield from _named(
                program, program.net(statement.net), f"{prefix}{statement.name}.", outermost=False
            )


def _legs(program: Program, net: Net, path: list[str], *, outermost: bool) -> tuple[str, ...] | None:
    for name, legs in _values(program, net, outermost):
        if path == name.split(".") or (path[0] == name and all(part.isdigit() for part in path[1:])):
            return legs
    for statement in statements(net.body):
        if isinstance(statement, Call) and path[0] == statement.name:
            rest = path[1:]
            while rest and rest[0].isdigit():
                rest = rest[1:]
            if rest:
                return _legs(program, program.net(statement.net), rest, outermost=False)
    return None


def _values(program: Program, net: Net, outermost: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    decls = (*net.owned, *net.inputs)
    if outermost:
        decls = (*decls, *input_decls(program, net), *program.declarations)
    for decl in decls:
        yield dotted(decl.name, decl.subs), tuple(map(_word, _axes(decl)))
    for output in net.outputs:
        yield output.name, tuple(map(_word, output.legs))
    scales = scale_names(net)
    for statement in statements(net.body):
        for value in _bound(statement):
            yield value.name, tuple(_name(value, position) for position in range(len(value.legs)))
        if isinstance(statement, Bind | StreamSet):
            for bubble in normals(statement.body):
                if id(bubble) in scales:
                    wires = [wire for wire in free_wires(bubble.body) if wire not in bubble.gates]
                    yield scales[id(bubble)], tuple(wire.label or wire.text for wire in wires)


def _axes(decl: Decl) -> tuple[Leg, ...]:
    return array_legs(decl) if decl.kind in ("input", "tensor") else decl.legs


def _bound(statement: Stmt) -> tuple[Value, ...]:
    match statement:
        case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
            return (target,)
        case Call(results=results):
            return results
        case _:
            return ()


def _word(leg: Leg) -> str:
    return leg.label or leg.name


def _name(value: Value, position: int) -> str:
    leg = value.legs[position]
    if isinstance(leg, Wire):
        return leg.label or leg.text
    return value.leg_names[position] if position < len(value.leg_names) else "group"
