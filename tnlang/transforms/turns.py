"""The turns that a path may name: those of calls and values in repeats, and the values of a stream.

A repeat is cut where one of its turns is made in another way than the others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from itertools import chain, groupby

from tnlang.ir.net import Bind, Call, Frozen, Net, Repeat, Stmt, StreamSet, Value
from tnlang.ir.program import Program
from tnlang.ir.size import Size, SizeError, evaluate
from tnlang.transforms.request import Step, TransformError, ValuePath, show_path

LIMIT = 10_000
Turns = dict[str, int]
"""The turns that statements stand in, by the variables of the repeats round them, as far as known."""


def cut(
    repeat: Repeat, turns: Turns, key: Callable[[int], Hashable], place: int
) -> Iterator[tuple[Size, Size, int]]:
    """A repeat in stretches of turns of one key: start, stop, a turn that stands for them all.

    Raises TransformError, about the path of number ``place``, where the turns are not known or too many.
    """
    loop = repeat.loop
    try:
        first, last = evaluate(loop.start, turns), evaluate(loop.stop, turns)
    except SizeError as error:
        message = f"the turns of this repeat are not known, so one cannot be named: {error}"
        raise TransformError(message, "give the dim a default", place) from None
    if last - first > LIMIT:
        raise TransformError(
            f"a repeat of {last - first:,} turns cannot be taken apart",
            "leave the number of the turn out, which means all of them",
            place,
        )
    groups = [list(group) for _, group in groupby(range(first, last), key)]
    if len(groups) <= 1:
        yield loop.start, loop.stop, first
        return
    for number, group in enumerate(groups):
        start = loop.start if number == 0 else group[0]
        stop = loop.stop if number == len(groups) - 1 else group[-1] + 1
        yield start, stop, group[0]


def turns_there_are(program: Program, net: Net, path: ValuePath) -> str:
    """The end of a message: the turns of the first part of a path that names one there is not; else ""."""
    for at, step in enumerate(path):
        try:
            found = dict(_occurrences(net.body, step.name))
        except SizeError:
            return ""
        if not found:
            return ""
        if step.subs is not None and step.subs not in found:
            ends = dict.fromkeys((min(found), max(found)))
            shown = [show_path((*path[:at], Step(step.name, subs or None))) for subs in ends]
            return f": there {'are' if len(shown) > 1 else 'is'} {' to '.join(shown)}"
        callee = found[step.subs] if step.subs is not None else next(iter(found.values()))
        if not callee:
            return ""
        net = program.net(callee)
    return ""


def _occurrences(body: tuple[Stmt, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """The subscripts of what bears a name, in order, and the net that is called there, "" if none is.

    Raises SizeError where turns are not known or too many.
    """
    values = 0

    def visit(block: tuple[Stmt, ...], turns: dict[str, int]) -> Iterator[tuple[tuple[int, ...], str]]:
        nonlocal values
        here = tuple(turns.values())

        def subs(target: Value) -> tuple[int, ...]:
            return tuple(evaluate(sub, turns) for sub in target.subs) or here

        for statement in block:
            match statement:
                case Repeat(loop=loop, body=inner):
                    first, last = evaluate(loop.start, turns), evaluate(loop.stop, turns)
                    if last - first > LIMIT:
                        raise SizeError("too many turns")
                    every = (visit(inner, {**turns, loop.var: turn}) for turn in range(first, last))
                    yield from chain.from_iterable(every)
                case StreamSet(target=target) | Frozen(target=target, definition=StreamSet()):
                    if target.name == name:
                        yield (values,), ""
                        values += 1
                case Bind(target=target) | Frozen(target=target) if target.name == name:
                    yield subs(target), ""
                case Call(name=called, net=net, shared=shared) if called == name:
                    yield () if shared else here, net
                case Call(results=results):
                    yield from ((subs(result), "") for result in results if result.name == name)
                case _:
                    pass

    return visit(body, {})
