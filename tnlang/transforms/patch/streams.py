"""Values of streams that a flat net binds each by itself, as assignments to the streams again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tnlang.ir.net import Bind, Frozen, Node, Ref, Stmt, StreamSet, Sum, Tensor, Term
from tnlang.ir.walk import map_children

Places = dict[str, tuple[str, int]]
"""The stream of a value, and which of the stream's values it is."""


def with_streams(body: Sequence[Bind | Frozen], names: Collection[str]) -> list[Stmt]:
    """The statements with streams in place of the values ``names`` (``r.0``, ``r.1``, …).

    A stream stays a row of bindings where some of its values are not bound, or where its name is taken.
    """
    bound = [s.target.name for s in body]
    found: dict[str, list[int]] = {}
    for statement in body:
        stream, _, number = statement.target.name.rpartition(".")
        if statement.target.name in names and isinstance(statement, Bind):
            found.setdefault(stream, []).append(int(number))
    whole = {s for s, numbers in found.items() if numbers == list(range(len(numbers))) and s not in bound}
    places: Places = {f"{s}.{number}": (s, number) for s in whole for number in found[s]}
    return list(_statements(body, places))


def _statements(body: Sequence[Bind | Frozen], places: Places) -> Iterator[Stmt]:
    counts: dict[str, int] = {}
    for statement in body:
        if not isinstance(statement, Bind):
            yield statement
            continue
        name = statement.target.name
        if name not in places:
            yield replace(statement, body=_reading(statement.body, places, counts))
            continue
        stream, number = places[name]
        target = replace(statement.target, name=stream, subs=())
        first, *others = statement.body.terms
        grows = number > 0 and first == Term((Tensor(Ref(f"{stream}.{number - 1}"), target.legs),))
        change = replace(statement.body, terms=tuple(others)) if grows and others else statement.body
        change = _reading(change, places, counts)
        counts[stream] = number
        if grows and others:
            yield StreamSet(target, "+=", change, origin=statement.origin)
        else:
            yield StreamSet(target, "=", change, opens=number == 0, origin=statement.origin)


def _reading(total: Sum, places: Places, counts: dict[str, int]) -> Sum:
    """The sum with values of streams read from these; what a stream holds then has no number."""

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name)) if name in places:
                stream, number = places[name]
                subs = () if counts[stream] == number else (number,)
                return replace(old, ref=Ref(stream, subs))
            case _:
                return map_children(old, inner)

    def inner(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return inner(total)
