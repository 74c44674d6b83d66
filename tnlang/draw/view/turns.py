"""In which repeats a value is made and read: what is made or read outside a plate too stands outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from tnlang.draw.view.values import Key, Scope, Uses
from tnlang.ir.net import Bind, Ref, Repeat, Stmt, StreamSet

Turns = tuple[int, ...]
"""The repeats round a place, outermost first, by ``id``; those of one turn are not counted."""


def read_apart(scope: Scope, uses: Uses) -> Mapping[Key, Turns]:
    """The values that are made or read in different repeats, and the repeats round all those places.

    A value of a stream is none of them: it has its place on the stream. What is not on a stream stands where
    it is read, or round all the places where it is.
    """
    home = homes(scope)
    made = dict(_values(scope, scope.net.body, ()))

    @cache
    def place(key: Key | None) -> Turns:
        if key is None:
            return ()
        return home[key] if key in home else _round([place(reader) for reader in uses.readers[key]])

    found = {}
    for key, readers in uses.readers.items():
        places = {place(reader) for reader in readers} | ({made[key]} if key in made else set())
        if key not in home and len(places) > 1:
            found[key] = _round(places)
    return found


def named_by_turn(scope: Scope, reader: Key) -> Mapping[Key, str]:
    """The values of streams that are drawn by name in the definition of a value that is drawn alone.

    With what stands above the name: what a turn begins with is ``s^l``; to what is outside the repeat, its
    last value is ``s``.
    """
    home = homes(scope)
    place = home[reader] if reader in home else dict(_values(scope, scope.net.body, ())).get(reader, ())
    left = {key for key, turns in home.items() if turns != place[: len(turns)]}
    return dict.fromkeys(left, "") | {key: var for key, var in scope.turning.items() if key not in left}


def homes(scope: Scope) -> dict[Key, Turns]:
    """For each value of a stream the repeats that it is assigned in."""
    return dict(_streams(scope, scope.net.body, ()))


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
                yield from ((value.key, turns) for value in scope.ended[id(statement)])
            case Repeat(body=inner):
                yield from _streams(scope, inner, turns)
            case _:
                pass


def _values(scope: Scope, body: tuple[Stmt, ...], turns: Turns) -> Iterable[tuple[Key, Turns]]:
    """The values that have a name, and the repeats that they are bound in."""
    for statement in body:
        match statement:
            case Bind(target=target) if not target.anonymous and not target.derived:
                found = scope.resolve(Ref(target.name, target.subs), scope.last)
                if found is not None and found.statement is statement:
                    yield found.key, turns
            case Repeat(body=inner):
                within = (*turns, id(statement)) if id(statement) in scope.begun else turns
                yield from _values(scope, inner, within)
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
