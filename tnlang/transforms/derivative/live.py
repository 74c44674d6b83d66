"""Which values of a derivative are read, so that the others need not be computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tnlang.ir.net import Bind, Call, Factor, Frozen, Ref, Repeat, Shared, Stmt, StreamSet
from tnlang.ir.program import Program
from tnlang.ir.walk import refs, statements
from tnlang.transforms.derivative.target import reachable

Arguments = Callable[[Call, set[str]], tuple[Ref, ...]]
"""What a call takes, given what is read of it."""


def live_names(body: tuple[Stmt, ...], wanted: set[str], program: Program, arguments: Arguments) -> set[str]:
    """The values that ``wanted`` need, and what calls with parameters of their own take."""
    live = set(wanted)
    while True:
        before = len(live)
        for statement in statements(body):
            live |= {ref.name for ref in _needs(statement, live, program, arguments)}
        if len(live) == before:
            return live


def _needs(statement: Stmt, live: set[str], program: Program, arguments: Arguments) -> Iterator[Ref]:
    match statement:
        case Bind(target=target) | StreamSet(target=target) if target.name in live:
            yield from refs(statement)
        case Factor(source=source, factors=factors) if any(factor.name in live for factor in factors):
            yield source
        case Call() if stays(statement, live, program):
            yield from arguments(statement, live)
        case _:
            return


def pruned(body: tuple[Stmt, ...], live: set[str], program: Program) -> tuple[Stmt, ...]:
    """The statements without those that make nothing that is read."""
    return tuple(_pruned(body, live, program))


def _pruned(body: tuple[Stmt, ...], live: set[str], program: Program) -> Iterator[Stmt]:
    for statement in body:
        match statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                if target.name in live:
                    yield statement
            case Repeat(body=inner):
                left = pruned(inner, live, program)
                if left:
                    yield replace(statement, body=left)
            case Call():
                if stays(statement, live, program):
                    yield statement
            case Factor(factors=factors):
                if any(factor.name in live for factor in factors):
                    yield statement
            case Shared():
                yield statement


def stays(call: Call, live: set[str], program: Program) -> bool:
    """Whether a call is needed: a result is read, or it owns parameters."""
    return any(result.name in live for result in call.results) or any(
        net.owned for net in reachable(program, program.net(call.net))
    )
