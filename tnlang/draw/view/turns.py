"""In which repeats a value is read: one that is read in a plate and outside it has to stand outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from tnlang.draw.view.values import Key, Scope, Uses
from tnlang.ir.net import Repeat, Stmt, StreamSet

Turns = tuple[int, ...]
"""The repeats round a place, outermost first, by ``id``; those of one turn are not counted."""


def read_apart(scope: Scope, uses: Uses) -> Mapping[Key, Turns]:
    """The values that are read in different repeats, and the repeats round all those places.

    A value of a stream is none of them: it has its place on the stream. What is not on a stream stands where
    it is read, or round all the places where it is.
    """
    home = dict(_streams(scope, scope.net.body, ()))

    @cache
    def place(key: Key | None) -> Turns:
        if key is None:
            return ()
        return home[key] if key in home else _round([place(reader) for reader in uses.readers[key]])

    found = {}
    for key, readers in uses.readers.items():
        places = {place(reader) for reader in readers}
        if key not in home and len(places) > 1:
            found[key] = _round(places)
    return found


def _streams(scope: Scope, body: tuple[Stmt, ...], turns: Turns) -> Iterable[tuple[Key, Turns]]:
    """The values of streams and the repeats that they are assigned in."""
    for statement in body:
        match statement:
            case StreamSet(target=target):
                known = scope.streams[target.name]
                yield from ((d.key, turns) for d in known if d.statement is statement)
            case Repeat(body=inner) if id(statement) in scope.begun:
                within = (*turns, id(statement))
                yield from ((value.key, within) for value in scope.begun[id(statement)])
                yield from _streams(scope, inner, within)
            case Repeat(body=inner):
                yield from _streams(scope, inner, turns)
            case _:
                pass


def _round(places: Iterable[Turns]) -> Turns:
    """The repeats that all places are in."""
    found: list[int] = []
    for level in zip(*places, strict=False):
        if len(set(level)) > 1:
            break
        found.append(level[0])
    return tuple(found)
