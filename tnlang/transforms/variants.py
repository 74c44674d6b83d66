"""Nets that a transform changes below the one it is asked for: variants, named ``<new net>/<callee>``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Call, Net, Repeat, Shared, Stmt
from tnlang.ir.size import Size
from tnlang.ir.walk import statements
from tnlang.transforms.dead import called_by, without_dead
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError, ValuePath
from tnlang.transforms.turns import Turns, cut

Change = Callable[[Net], "tuple[Stmt, ...] | None"]
"""The statements that a net has instead of its own, None where it stays as it is."""


def change_below(request: Request, calls: ValuePath | None, change: Change) -> tuple[Net, ...]:
    """The net of the request with ``change`` made in it, or in the nets it calls, callees first.

    ``calls`` lead to the nets that are changed, ``*`` stands for one or more calls; None means the net itself
    and all below it; a turn of a repeat that they name is one of its own. The same net where nothing changes.
    """
    work = _Variants(request, change)
    old = request.program.net(request.net)
    new = work.net(old, (calls,), request.name)
    body = renew(old.body) if new is old else new.body  # Two nets have no wire in common.
    new = replace(new, name=request.name, source=old.source or old.name, body=body)
    return (*called_by(new, work.made), new)


def variant_name(new: str, callee: str, taken: Iterable[Net]) -> str:
    """A name for a variant of a callee, below the new net's name and unlike those of the nets there are."""
    names = {net.name for net in taken}
    base = f"{new}/{callee.rpartition('/')[2]}"
    numbered = (f"{base}_{i}" for i in itertools.count(2))
    return next(name for name in itertools.chain([base], numbered) if name not in names)


Paths = tuple[ValuePath | None, ...]


@dataclass(slots=True)
class _Variants:
    request: Request
    change: Change
    made: list[Net] = field(default_factory=list)
    known: dict[tuple[str, Paths], str] = field(default_factory=dict)

    def net(self, old: Net, paths: Paths, name: str) -> Net:
        shared = {s.name: s.net for s in self.request.program.shared}
        body = tuple(self.block(old.body, paths, {}))
        if body != old.body:
            body = shared_variants(old, body, shared)
        if any(path is None or path == () for path in paths):
            changed = self.change(replace(old, body=body))
            body = changed if changed is not None else body
        if body == old.body:
            return old
        return replace(old, name=name, body=renew(without_dead(old, body)))

    def block(self, body: tuple[Stmt, ...], paths: Paths, turns: Turns) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Call(name=name, net=net):
                    here = tuple(turns.values())
                    below = tuple(dict.fromkeys(p for path in paths for p in _below(path, name, here)))
                    yield replace(statement, net=self.variant(net, below)) if below else statement
                case Repeat(loop=loop, body=inner):
                    for start, stop, turn in _segments(statement, paths, turns):
                        known = turns if turn is None else {**turns, loop.var: turn}
                        new = tuple(self.block(inner, paths, known))
                        yield replace(statement, loop=replace(loop, start=start, stop=stop), body=new)
                case _:
                    yield statement

    def variant(self, name: str, paths: Paths) -> str:
        if (name, paths) not in self.known:
            callee = self.request.program.net(name)
            new = self.net(
                callee, paths, variant_name(self.request.name, name, (*self.request.program.nets, *self.made))
            )
            self.known[name, paths] = new.name
            if new is not callee:
                self.made.append(replace(new, source=callee.source or callee.name))
        return self.known[name, paths]


def _segments(repeat: Repeat, paths: Paths, turns: Turns) -> Iterator[tuple[Size, Size, int | None]]:
    """A repeat cut where the paths name single turns of its calls."""
    calls = {s.name for s in statements(repeat.body) if isinstance(s, Call)}
    named = {path[0].subs for path in paths if path and path[0].subs is not None and path[0].name in calls}
    if not named:
        yield repeat.loop.start, repeat.loop.stop, None
        return

    def key(turn: int) -> frozenset[tuple[int, ...]]:
        here = (*turns.values(), turn)
        return frozenset(subs for subs in named if subs is not None and subs[: len(here)] == here)

    yield from cut(repeat, turns, key, 0)


def _below(path: ValuePath | None, call: str, turns: tuple[int, ...]) -> Paths:
    """What a path means inside a call in these turns."""
    if path is None:
        return (None,)
    if not path:
        return ()
    first, rest = path[0], path[1:]
    if first.name == "*":
        return (path, rest)
    return (rest,) if first.name == call and first.subs in (None, turns) else ()


def shared_variants(net: Net, body: tuple[Stmt, ...], at_file_level: dict[str, str]) -> tuple[Stmt, ...]:
    """The statements with each Shared naming the variant that its calls use: it is one module."""
    calls: dict[str, set[str]] = {}
    for statement in statements(body):
        if isinstance(statement, Call) and statement.shared:
            calls.setdefault(statement.name, set()).add(statement.net)
    own = {s.name for s in body if isinstance(s, Shared) and not s.unused}
    for owner, nets in calls.items():
        if len(nets) > 1 or (owner not in own and nets != {at_file_level[owner]}):
            raise TransformError(
                f"the calls of {owner} in {net.name} share one net: change it in all or in none",
                "name the value alone, or give the calls nets of their own",
            )
    changed = own & calls.keys()
    changed = own & calls.keys()
    return tuple(
        replace(s, net=min(calls[s.name])) if isinstance(s, Shared) and s.name in changed else s for s in body
    )
