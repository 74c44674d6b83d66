"""Repeats that a figure shows by their ends: the first turn, dots for those between, and the last turn."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from tnlang.ir.net import Loop, Net, Repeat, Stmt
from tnlang.ir.size import size_op
from tnlang.transforms.renew import renew


@dataclass(frozen=True, slots=True)
class Turn(Repeat):
    """One turn of a longer repeat, drawn for itself."""


@dataclass(frozen=True, slots=True)
class Between(Repeat):
    """The turns between the first and the last, for which dots stand."""


def parted(net: Net, ends: Container[str]) -> Net:
    """The net with the repeats over these variables in three: first turn, those between, last turn."""
    return replace(net, body=_parted(net.body, ends))


def _parted(body: tuple[Stmt, ...], ends: Container[str]) -> tuple[Stmt, ...]:
    found: list[Stmt] = []
    for statement in body:
        match statement:
            case Repeat(loop=Loop(var=var, start=start, stop=stop) as loop, body=inner, origin=origin):
                inner = _parted(inner, ends)
                if var not in ends:
                    found.append(replace(statement, body=inner))
                    continue
                second, last = size_op("+", start, 1), size_op("-", stop, 1)
                found += [
                    Turn(replace(loop, stop=second), renew(inner), origin=origin),
                    Between(replace(loop, start=second, stop=last), inner, origin=origin),
                    Turn(replace(loop, start=last), renew(inner), origin=origin),
                ]
            case _:
                found.append(statement)
    return tuple(found)
