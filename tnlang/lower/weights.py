"""The weights block of a program: where each parameter of a net stands in a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tnlang.ir.net import Bubble, Group, Ix, Net, Ref, Wire
from tnlang.ir.program import Program, WeightMap
from tnlang.ir.size import LoopVar, Size
from tnlang.ir.slots import used_file_level
from tnlang.ir.walk import value_wires
from tnlang.ir.weights import weights_for
from tnlang.lower.names import identifier
from tnlang.lower.numbers import Name, Scalar
from tnlang.lower.operands import Held, Operand, Scope
from tnlang.lower.owned import segments
from tnlang.lower.plan import Expr, Permute, Var
from tnlang.lower.steps import Checkpoint, StoredAt
from tnlang.lower.uses import grouped, joined

Ranges = tuple[tuple[str, Size, Size], ...]


def checkpoint_of(program: Program, net: Net, size: Callable[[Size], Scalar]) -> Checkpoint | None:
    """The checkpoint format that the program describes for the net, or for the one it is made from."""
    weights = weights_for(program, net)
    if weights is None:
        return None
    described = program.net(weights.net)
    stored = tuple(
        found for weight_map in weights.maps for found in _stored(program, described, weight_map, size)
    )
    return Checkpoint(weights.format, stored, weights.prefixes, weights.ignores)


def _stored(
    program: Program, net: Net, weight_map: WeightMap, size: Callable[[Size], Scalar]
) -> list[StoredAt]:
    names = {var: identifier(var) for var in weight_map.vars}

    def numbered(number: Size) -> Scalar:
        return Name(names[number.name]) if isinstance(number, LoopVar) else size(number)

    path: list[str | Scalar] = []
    for name, subs in weight_map.target:
        path += [".", name] if path else [name]
        for sub in subs:
            path += [".", numbered(sub)]
    key: list[str | Scalar] = []
    for position, piece in enumerate(re.split(r"\{(\w+)\}", weight_map.key)):
        if position % 2:
            key.append(numbered(LoopVar(piece)))
        elif piece:
            key.append(piece)
    change = rearranged(weight_map.legs, weight_map.key_legs, size)
    return [
        StoredAt(
            tuple(path),
            tuple(key),
            change,
            tuple((names[var], numbered(start), numbered(stop)) for var, start, stop in ranges),
        )
        for ranges in _ranges(program, net, weight_map)
    ]


def _ranges(program: Program, net: Net, weight_map: WeightMap) -> list[Ranges]:
    """The turns and members that the variables of a map run over: each list of ranges is a nest of loops."""
    found: list[Ranges] = [()]
    current = net
    for name, subs in weight_map.target:
        variables = [sub.name if isinstance(sub, LoopVar) else None for sub in subs]
        repeats = segments(current.body, name)
        if repeats:
            found = [
                (
                    *before,
                    *(
                        (var, loop.start, loop.stop)
                        for var, loop in zip(variables, loops, strict=False)
                        if var is not None
                    ),
                )
                for before in found
                for loops, _ in repeats
            ]
            current = program.net(repeats[0][1].net)
        elif any(variables):
            found = [
                (*before, *members)
                for before in found
                for members in _members(program, current, name, variables)
            ]
    return found


def _members(program: Program, net: Net, name: str, variables: Sequence[str | None]) -> list[Ranges]:
    """The members of a family of parameters, as ranges of one number or of many."""
    decls = [d for d in (*net.owned, *used_file_level(program, net)) if d.name == name and d.kind == "param"]
    numbers = sorted(d.subs for d in decls)
    if len(variables) == 1 and [n[0] for n in numbers] == list(range(numbers[0][0], numbers[-1][0] + 1)):
        assert variables[0] is not None
        return [((variables[0], numbers[0][0], numbers[-1][0] + 1),)]
    return [
        tuple((var, n, n + 1) for var, n in zip(variables, member, strict=True) if var is not None)
        for member in numbers
    ]


def rearranged(legs: tuple[Ix, ...], key_legs: tuple[Ix, ...], size: Callable[[Size], Scalar]) -> Expr:
    """The stored array ``w`` with its axes taken apart, put in the parameter's order, and joined."""
    scope = Scope(_no_value, size, lambda _: 1, _unwatched, _unscaled, lambda _: None, _no_loop, _no_part)
    stored = joined(Operand(Var("w", len(key_legs))), key_legs, scope, "w")
    targets = tuple(leg for leg in legs if isinstance(leg, Wire | Group))
    wires = value_wires(targets)
    order = tuple(stored.wires.index(wire) for wire in wires)
    turned = stored.expr if order == tuple(range(len(order))) else Permute(stored.expr, order)
    return grouped(turned, targets)


def _no_value(ref: Ref) -> Held:
    raise KeyError(ref.name)


def _no_loop(var: str) -> tuple[Scope, str]:
    raise KeyError(var)


def _no_part(expr: Expr, batched: bool) -> Expr:
    return expr


def _unwatched(name: str, operand: Operand) -> Operand:
    return operand


def _unscaled(operand: Operand, node: Bubble, axis: int, eps: float) -> None:
    return None
