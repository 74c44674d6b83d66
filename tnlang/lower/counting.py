"""How often a stream is assigned, as numbers of the Plan: the places in the list of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tnlang.ir.net import (
    Frozen,
    Loop,
    Repeat,
    Stmt,
    StreamSet,
)
from tnlang.ir.size import LoopVar, Size, SizeOp, size_op
from tnlang.lower.names import identifier
from tnlang.lower.numbers import Arith, Name, Num, Scalar, Total


def variables(size: Size) -> Iterator[str]:
    """The loop variables of a size."""
    match size:
        case LoopVar(name):
            yield name
        case SizeOp(_, left, right):
            yield from variables(left)
            yield from variables(right)
        case _:
            return


def plus_one(size: Size) -> Size:
    """One more, folded where a number is added already."""
    match size:
        case SizeOp("-", left, int(n)):
            return size_op("-", left, n - 1)
        case SizeOp("+", left, int(n)):
            return size_op("+", left, n + 1)
    return size_op("+", size, 1)


def plus(left: Scalar, right: Scalar) -> Scalar:
    """The sum, numbers folded."""
    match left, right:
        case Num(0), _:
            return right
        case _, Num(0):
            return left
        case Num(int(a)), Num(int(b)):
            return Num(a + b)
    return Arith("+", left, right)


def assignments(body: Sequence[Stmt], stream: str, size: Callable[[Size], Scalar]) -> Scalar:
    """How often a stream is assigned by one run of a body."""
    total: Scalar = Num(0)
    for statement in body:
        match statement:
            case StreamSet(target=target) if target.name == stream:
                total = plus(total, Num(1))
            case Frozen(target=target, definition=StreamSet()) if target.name == stream:
                total = plus(total, Num(1))
            case Repeat(loop=loop, body=inner):
                name = identifier(loop.var)
                done = in_turns(loop, name, size(loop.start), size(loop.stop), inner, stream, size)
                total = plus(total, done)
            case _:
                pass
    return total


def in_turns(
    loop: Loop,
    name: str,
    start: Scalar,
    stop: Scalar,
    body: Sequence[Stmt],
    stream: str,
    size: Callable[[Size], Scalar],
) -> Scalar:
    """How often a stream is assigned by the turns from ``start`` up to (not including) ``stop``."""
    each = assignments(body, stream, size)
    if each == Num(0):
        return each
    if name in _names_in(each):
        return Total(f"{name}_", start, stop, _renamed(each, name, f"{name}_"))
    match start, stop:
        case Num(int(a)), Num(int(b)):
            turns: Scalar = Num(b - a)
        case _:
            turns = stop if start == Num(0) else Arith("-", stop, start)
    match each, turns:
        case Num(1), _:
            return turns
        case Num(int(a)), Num(int(b)):
            return Num(a * b)
    return Arith("*", each, turns)


def _names_in(number: Scalar) -> set[str]:
    match number:
        case Name(text):
            return {text}
        case Arith(left=left, right=right):
            return _names_in(left) | _names_in(right)
        case Total(start=start, stop=stop, body=body):
            return _names_in(start) | _names_in(stop) | _names_in(body)
        case _:
            return set()


def _renamed(number: Scalar, old: str, new: str) -> Scalar:
    match number:
        case Name(text):
            return Name(new) if text == old else number
        case Arith(op, left, right):
            return Arith(op, _renamed(left, old, new), _renamed(right, old, new))
        case Total(var, start, stop, body):
            return Total(var, *(_renamed(n, old, new) for n in (start, stop, body)))
        case _:
            return number
