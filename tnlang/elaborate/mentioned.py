"""What a figure may speak of: the nets it draws or could, and all names in them."""

from __future__ import annotations

from tnlang.elaborate.scope import Module, World
from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Call,
    Factor,
    Frozen,
    Net,
    Node,
    Repeat,
    Shared,
    Special,
    Stmt,
    StreamSet,
)
from tnlang.ir.program import Draw, Equation, Expression, Rewriting, Steps
from tnlang.ir.walk import node_wires, statements, value_wires, walk


def defined(statement: Stmt) -> set[str]:
    """The values that a statement binds."""
    match statement:
        case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
            return {target.name}
        case Call(results=results):
            return {result.name for result in results}
        case Factor(factors=factors):
            return {factor.name for factor in factors}
        case Shared() | Repeat():
            return set()


def value_names(net: Net) -> set[str]:
    """The values and calls of a net by name."""
    found: set[str] = {decl.name for decl in (*net.inputs, *net.owned)}
    for statement in statements(net.body):
        found |= defined(statement)
        if isinstance(statement, Call):
            found.add(statement.name)
    return found


def shown_nets(world: World, items: list[Draw | Equation | Rewriting | Steps]) -> list[Net]:
    """The nets that a figure may speak of: those of the program, and its own expressions."""
    nets = list(world.nets)
    for item in items:
        match item:
            case Draw(target=Expression(net=net)):
                nets.append(net)
            case Equation(sides=sides):
                nets.extend(side.net for side in sides if isinstance(side, Expression))
            case _:
                pass
    return nets


def drawable_names(
    module: Module, world: World, items: list[Draw | Equation | Rewriting | Steps]
) -> set[str]:
    """Everything that may be called by name in a picture: nets, values, calls, bubbles, functions, wires."""
    nets = shown_nets(world, items)
    names = {*module.values, *module.nets, *module.dims, *module.functions, *(n.name for n in nets)}
    for net in nets:
        names |= value_names(net)
        for statement in statements(net.body):
            if isinstance(statement, Bind | StreamSet):
                names.update(wire.name for wire in value_wires(statement.target.legs))
                for node in walk(statement.body):
                    names.update(wire.name for wire in node_wires(node))
                    names |= _node_names(node)
    return names


def _node_names(node: Node) -> set[str]:
    match node:
        case Bubble(function=function, name=name):
            return {function, name} - {""}
        case Bracket(name=name):
            return {name} - {""}
        case Special(kind=kind):
            return {kind}
        case _:
            return set()
