"""Which values of a derivative are read, so that the others need not be computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tnlang.ir.net import Bind, Call, Factor, Frozen, Ref, Repeat, Shared, Stmt, StreamSet
from tnlang.ir.walk import refs, statements
from tnlang.transforms.dead import unused

Arguments = Callable[[Call, set[str]], tuple[Ref, ...]]
"""What a call takes, given what is read of it."""


def live_names(body: tuple[Stmt, ...], wanted: set[str], arguments: Arguments) -> set[str]:
    """The values that ``wanted`` need."""
    live = set(wanted)
    while True:
        before = len(live)
        for statement in statements(body):
            live |= {ref.name for ref in _needs(statement, live, arguments)}
        if len(live) == before:
            return live


def _needs(statement: Stmt, live: set[str], arguments: Arguments) -> Iterator[Ref]:
    match statement:
        case Bind(target=target) | StreamSet(target=target) if target.name in live:
            yield from refs(statement)
        case Factor(source=source, factors=factors) if any(factor.name in live for factor in factors):
            yield source
        case Call(results=results) if any(result.name in live for result in results):
            yield from arguments(statement, live)
        case _:
            return


def pruned(body: tuple[Stmt, ...], live: set[str]) -> tuple[Stmt, ...]:
    """The statements without those that make nothing that is read; of calls the parameters stay."""
    return tuple(_pruned(body, live))


def _pruned(body: tuple[Stmt, ...], live: set[str]) -> Iterator[Stmt]:
    for statement in body:
        match statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                if target.name in live:
                    yield statement
            case Repeat(body=inner):
                left = pruned(inner, live)
                if left:
                    yield replace(statement, body=left)
            case Call(results=results):
                if any(result.name in live for result in results):
                    yield statement
                else:
                    yield from unused(statement)
            case Factor(factors=factors):
                if any(factor.name in live for factor in factors):
                    yield statement
            case Shared():
                yield statement
