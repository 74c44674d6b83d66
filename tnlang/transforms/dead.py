"""What nothing reads any more once a transform has changed what did, and the parameters that it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tnlang.ir.net import Bind, Call, Factor, Frozen, Net, Repeat, Shared, Stmt, StreamSet
from tnlang.ir.program import Program
from tnlang.ir.slots import file_level_shared, used_file_level
from tnlang.ir.walk import local_names, refs, statements


def without_dead(net: Net, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The statements without bindings, streams and calls that were read in ``net`` and are not in ``body``.

    What a stream's own assignments read of it does not keep it. Of calls the parameters stay.
    """
    unread_before = local_names(net) - _read(net.body)
    outputs = {output.name for output in net.outputs}

    def pruned(block: tuple[Stmt, ...], needed: set[str]) -> Iterator[Stmt]:
        for statement in block:
            match statement:
                case Bind(target=target) | StreamSet(target=target) if target.name not in needed:
                    continue
                case Call(results=results) if not {result.name for result in results} & needed:
                    yield from unused(statement)
                case Factor(factors=factors) if not {factor.name for factor in factors} & needed:
                    continue
                case Repeat():
                    yield replace(statement, body=tuple(pruned(statement.body, needed)))
                case _:
                    yield statement

    while True:
        new = tuple(pruned(body, _read(body) | outputs | unread_before))
        if new == body:
            return body
        body = new


def unused(call: Call) -> Iterator[Shared]:
    """What a call leaves that is not run: its parameters, unless they are shared, which have an owner."""
    if not call.shared:
        yield Shared(call.name, call.net, True, origin=call.origin)


def parameters_alone(body: Sequence[Stmt]) -> Iterator[Stmt]:
    """What statements leave that are not run: the parameters of their calls, in their repeats."""
    for statement in body:
        match statement:
            case Call():
                yield from unused(statement)
            case Shared():
                yield statement
            case Repeat(body=inner):
                left = tuple(parameters_alone(inner))
                if left:
                    yield replace(statement, body=left)
            case _:
                pass


def with_unused(program: Program, source: Net, made: tuple[Net, ...]) -> tuple[Net, ...]:
    """Nets made from ``source``, the last in its place, with what it had of the file in its state_dict."""
    *below, net = made
    after = replace(program, nets=(*program.nets, *made))
    had, has = (
        {
            *(decl.name for decl in used_file_level(after, one) if decl.kind == "param"),
            *(shared.name for shared in file_level_shared(after, one)),
        }
        for one in (source, net)
    )
    return (*below, replace(net, unused=(*net.unused, *sorted(had - has))))


def called_by(net: Net, variants: Sequence[Net]) -> tuple[Net, ...]:
    """Those of the variants, callees first, that a net calls, or that one of them calls."""
    needed = _callees(net.body)
    kept: list[Net] = []
    for variant in reversed(variants):
        if variant.name in needed:
            needed |= _callees(variant.body)
            kept.insert(0, variant)
    return tuple(kept)


def _callees(body: tuple[Stmt, ...]) -> set[str]:
    return {s.net for s in statements(body) if isinstance(s, Call | Shared)}


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
