"""Statements that nothing reads any more once a transform has changed those that did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tnlang.ir.net import Bind, Factor, Frozen, Net, Repeat, Stmt, StreamSet
from tnlang.ir.walk import refs, statements


def without_dead(net: Net, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The statements without bindings and streams that were read in ``net`` and are not in ``body``.

    What a stream's own assignments read of it does not keep it. Calls stay, because they own parameters.
    """
    read_before = _read(net.body)
    outputs = {output.name for output in net.outputs}

    def pruned(block: tuple[Stmt, ...], read: set[str]) -> Iterator[Stmt]:
        for statement in block:
            match statement:
                case Bind(target=target) | StreamSet(target=target) if (
                    target.name in read_before and target.name not in read and target.name not in outputs
                ):
                    continue
                case Factor(factors=factors) if not {factor.name for factor in factors} & (read | outputs):
                    continue
                case Repeat():
                    yield replace(statement, body=tuple(pruned(statement.body, read)))
                case _:
                    yield statement

    while True:
        new = tuple(pruned(body, _read(body)))
        if new == body:
            return body
        body = new


def _read(body: tuple[Stmt, ...]) -> set[str]:
    return {
        ref.name
        for statement in statements(body)
        for ref in refs(statement)
        if not (isinstance(statement, StreamSet) and statement.target.name == ref.name)
    }


def needed_for(body: Sequence[Bind | Frozen], needed: set[str]) -> list[Bind | Frozen]:
    """The statements that these values are made by; of two of one name the later."""
    kept: list[Bind | Frozen] = []
    for statement in reversed(body):
        if statement.target.name in needed:
            needed.remove(statement.target.name)
            needed |= {ref.name for ref in refs(statement)}
            kept.append(statement)
    return kept[::-1]
