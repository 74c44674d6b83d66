"""Streams with a value from a cache: what is frozen is a value of its own, and the stream is assigned it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.net import Frozen, Net, Ref, Repeat, Stmt, StreamSet, Sum, Tensor, Term
from tnlang.ir.size import LoopVar, Size, size_op
from tnlang.ir.walk import statements

MARK = "#"
"""After the name of a stream: its frozen values, told apart by the numbers that they have in a cache."""


def thawed(net: Net) -> Net:
    """The net with each frozen value of a stream bound under the stream's marked name, then assigned."""
    if not any(map(_of_a_stream, statements(net.body))):
        return net
    return replace(net, body=tuple(_thawed(net.body, {})))


def bare(name: str) -> str:
    """A name as it is written, without the mark."""
    return name.removesuffix(MARK)


def _of_a_stream(statement: Stmt) -> bool:
    return isinstance(statement, Frozen) and isinstance(statement.definition, StreamSet)


def _thawed(body: tuple[Stmt, ...], made: dict[str, Size]) -> Iterator[Stmt]:
    """The statements; ``made`` is how many values each stream has had before each."""
    for statement in body:
        match statement:
            case Frozen(target=target, definition=StreamSet(opens=opens)):
                own = replace(target, name=target.name + MARK, subs=(made.get(target.name, 0),))
                yield replace(statement, target=own, definition=None)
                value = Term((Tensor(Ref(own.name, own.subs), target.legs),), origin=statement.origin)
                yield StreamSet(target, "=", Sum((value,)), opens=opens, origin=statement.origin)
            case Repeat(loop=loop, body=inner):
                turns = size_op("-", loop.stop, loop.start)
                turn = 0 if turns == 1 else size_op("-", LoopVar(loop.var), loop.start)
                each = _made(inner)
                within = {name: _grown(made.get(name, 0), turn, count) for name, count in each.items()}
                yield replace(statement, body=tuple(_thawed(inner, {**made, **within})))
                made |= {name: _grown(made.get(name, 0), turns, count) for name, count in each.items()}
                continue
            case _:
                yield statement
        made |= {name: size_op("+", made.get(name, 0), count) for name, count in _made((statement,)).items()}


def _made(body: tuple[Stmt, ...]) -> dict[str, Size]:
    """How many values of each stream some statements make."""
    found: dict[str, Size] = {}
    for statement in body:
        match statement:
            case StreamSet(target=target) | Frozen(target=target, definition=StreamSet()):
                found[target.name] = size_op("+", found.get(target.name, 0), 1)
            case Repeat(loop=loop, body=inner):
                turns = size_op("-", loop.stop, loop.start)
                for name, count in _made(inner).items():
                    found[name] = _grown(found.get(name, 0), turns, count)
    return found


def _grown(before: Size, turns: Size, each: Size) -> Size:
    """What there was, and so much in each turn."""
    return size_op("+", before, size_op("*", turns, each))
