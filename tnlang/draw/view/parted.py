"""Repeats drawn in parts: by their ends, or with a turn whose value is read elsewhere standing for itself."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from tnlang.draw.view.names import turns_of
from tnlang.ir.net import Bind, Call, Frozen, Loop, Net, Ref, Repeat, Stmt, StreamSet, Value
from tnlang.ir.size import Size, SizeError, evaluate, loop_key, size_op, substitute, variables
from tnlang.ir.walk import map_sizes, refs, statements
from tnlang.transforms.renew import renew

MANY = 10_000
"""In a repeat of more turns none is looked for."""


@dataclass(frozen=True, slots=True)
class Turn(Repeat):
    """One turn of a longer repeat, drawn for itself."""


@dataclass(frozen=True, slots=True)
class Alone(Repeat):
    """One turn of a longer repeat, drawn without a plate: its number stands for the variable."""


@dataclass(frozen=True, slots=True)
class Between(Repeat):
    """The turns between the first and the last, for which dots stand."""


def parted(net: Net, ends: Container[str]) -> Net:
    """The net with the repeats over these variables in three: first turn, those between, last turn.

    One of two turns, between which there are none, stays a plate.

    Of the others a turn whose value is read by its number outside the repeat stands between those before and
    after it.
    """
    given = [Ref(output.name, output.subs) for output in net.outputs]
    return replace(net, body=_parted(net.body, ends, [*given, *_reads(net.body)]))


def _parted(body: tuple[Stmt, ...], ends: Container[str], reads: list[Ref]) -> tuple[Stmt, ...]:
    found: list[Stmt] = []
    for statement in body:
        match statement:
            case Repeat(loop=Loop(var=var, start=start, stop=stop) as loop, body=inner, origin=origin):
                inner = _parted(inner, ends, reads)
                if turns_of(loop) == "1":
                    found.append(replace(statement, body=_at(loop, loop.start, inner)))
                    continue
                if var not in ends or turns_of(loop) == "2":
                    found += _read_apart(replace(statement, body=inner), reads)
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


# ---------------------------------------------------------------- turns that are read elsewhere


def _reads(body: tuple[Stmt, ...]) -> Iterator[Ref]:
    """What is read by number."""
    return (ref for statement in statements(body) for ref in refs(statement) if ref.subs)


def _read_apart(repeat: Repeat, reads: list[Ref]) -> list[Stmt]:
    """A repeat taken apart at the turns whose values are read by their numbers."""
    try:
        first, stop = evaluate(repeat.loop.start, {}), evaluate(repeat.loop.stop, {})
    except SizeError:
        return [repeat]
    turns = sorted({turn for ref in reads for turn in _turns_of(repeat, ref, range(first, stop))})
    if not turns:
        return [repeat]
    found: list[Stmt] = []
    for before, turn in pairwise([first - 1, *turns]):
        found += [*_turns(repeat, before + 1, turn), *_turns(repeat, turn, turn + 1)]
    return [*found, *_turns(repeat, turns[-1] + 1, stop, repeat.loop.stop)]


def _turns_of(repeat: Repeat, ref: Ref, turns: range) -> Iterator[int]:
    """The turns in which a repeat binds what is read; those of a repeat within it are not looked at."""
    var = repeat.loop.var
    if len(turns) > MANY or not all(isinstance(sub, int) for sub in ref.subs):
        return
    for value in (value for statement in repeat.body for value in _bound(statement)):
        if value.name != ref.name or not any(var in variables(sub) for sub in value.subs):
            continue
        for turn in turns:
            number = {loop_key(var): turn}
            if tuple(substitute(sub, number) for sub in value.subs) == ref.subs:
                yield turn


def _bound(statement: Stmt) -> tuple[Value, ...]:
    match statement:
        case Bind(target=target) | Frozen(target=target):
            return (target,)
        case Call(results=results):
            return results
        case _:
            return ()


def _turns(repeat: Repeat, start: int, stop: int, end: Size | None = None) -> Iterator[Repeat]:
    """Some turns of a repeat, up to what is called ``end``; a single one has a number for the variable."""
    if start >= stop:
        return
    loop, body = replace(repeat.loop, start=start, stop=stop if end is None else end), renew(repeat.body)
    if stop - start > 1:
        yield replace(repeat, loop=loop, body=body)
        return
    yield Alone(replace(loop, stop=stop), _at(loop, start, body), origin=repeat.origin)


def _at(loop: Loop, turn: Size, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Statements with the number of a turn for the variable of their loop."""
    return tuple(map(partial(_settled, {loop_key(loop.var): turn}), body))


def _settled(numbers: Mapping[str, Size], statement: Stmt) -> Stmt:
    """A statement with a number for the variable of a repeat."""

    def size(old: Size) -> Size:
        return substitute(old, numbers)

    def value(old: Value) -> Value:
        return replace(old, subs=tuple(map(size, old.subs)))

    match statement:
        case Bind(target=target, body=body) | StreamSet(target=target, body=body):
            return replace(statement, target=value(target), body=map_sizes(body, size))
        case Call(arguments=arguments, results=results):
            given = tuple(replace(ref, subs=tuple(map(size, ref.subs))) for ref in arguments)
            return replace(statement, arguments=given, results=tuple(map(value, results)))
        case Frozen(target=target, definition=definition):
            settled = _settled(numbers, definition) if definition is not None else None
            assert settled is None or isinstance(settled, Bind | StreamSet)
            return replace(statement, target=value(target), definition=settled)
        case Repeat(loop=loop, body=body):
            within = replace(loop, start=size(loop.start), stop=size(loop.stop))
            return replace(statement, loop=within, body=tuple(map(partial(_settled, numbers), body)))
        case _:
            return statement
