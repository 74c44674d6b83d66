"""Changing a net where it has some values, or the nets it calls that have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tnlang.ir.net import Bind, Call, Factor, Frozen, Net, Ref, Repeat, Shared, Stmt, StreamSet
from tnlang.ir.slots import dotted
from tnlang.ir.walk import file_level_names, statements
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, near, show_path, some
from tnlang.transforms.turns import turns_there_are
from tnlang.transforms.variants import change_below

Change = Callable[[Net, tuple[Ref, ...]], Net]
"""The net with its values of these names changed: its statements, and its note."""


def change_inside(request: Request, paths: tuple[ValuePath, ...], change: Change) -> tuple[Net, ...]:
    """The net of the request with ``change`` made in it, or in those it calls, where all the values are.

    Bare names, and those of factors (``C.U``), are looked for at any depth; else the paths lead through the
    same calls. What a changed net notes its callers note too. Raises TransformError where no net has them.
    """
    for split in range(min(map(len, paths))):
        calls = paths[0][:split]
        if any(path[:split] != calls for path in paths):
            break
        wanted = tuple(ref_of(path[split:]) for path in paths)
        notes: dict[str, str] = {}

        def made(
            net: Net, wanted: tuple[Ref, ...] = wanted, notes: dict[str, str] = notes
        ) -> tuple[Stmt, ...] | None:
            if not set(wanted) <= {*values_of(net), *_of_file(request, net)}:
                return None
            new = change(net, wanted)
            notes[net.source or net.name] = new.note
            return new.body

        nets = change_below(request, calls or None, made)
        if notes:
            return _noted(nets, notes)
    raise _unknown(request, paths)


def ref_of(path: ValuePath) -> Ref:
    """The value that a path names in a net itself: a member of a family, or a factor such as ``C.U``."""
    if len(path) == 1:
        return Ref(path[0].name, path[0].subs or ())
    return Ref(".".join(dotted(step.name, step.subs or ()) for step in path))


def values_of(net: Net) -> tuple[Ref, ...]:
    """The values that a net has: declared or bound."""
    found = [Ref(decl.name, decl.subs) for decl in (*net.inputs, *net.owned)]
    for statement in statements(net.body):
        match statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                found += [] if target.anonymous else [Ref(target.name, target.subs)]
            case Call(results=results):
                found += [Ref(r.name, r.subs) for r in results if not r.anonymous]
            case Factor(factors=factors):
                found += [Ref(factor.name) for factor in factors]
            case Shared() | Repeat():
                pass
    return tuple(found)


def _of_file(request: Request, net: Net) -> tuple[Ref, ...]:
    """The values of the file that a net itself reads."""
    used = file_level_names(net)
    return tuple(Ref(d.name, d.subs) for d in request.program.declarations if d.name in used)


def _noted(nets: tuple[Net, ...], notes: dict[str, str]) -> tuple[Net, ...]:
    """The nets, callees first, with the notes of those changed, also where they are called."""
    found: dict[str, str] = {}
    for net in nets:
        own = notes.get(net.source, net.note)
        below = (found.get(s.net, "") for s in statements(net.body) if isinstance(s, Call))
        found[net.name] = "; ".join(dict.fromkeys(text for text in (own, *below) if text))
    return tuple(replace(net, note=found[net.name]) for net in nets)


def _unknown(request: Request, paths: tuple[ValuePath, ...]) -> TransformError:
    known = _all_values(request)
    for number, path in enumerate(paths):
        if path[-1].name not in known:
            hint = near(path[-1].name, known)
            return TransformError(f"{request.net} has no value {show_path(path)}", hint, number)
    said = f"no net has all of {', '.join(map(show_path, paths))}"
    if len(paths) == 1:
        there = turns_there_are(request.program, request.program.net(request.net), paths[0])
        said = f"{request.net} has no value {show_path(paths[0])}{there}"
    return TransformError(said, _known_as(request, paths[0]) or "name values of one net, by their paths", 0)


def _known_as(request: Request, path: ValuePath) -> str:
    """The hint for one value whose name is known: how it is written, "" where it is as here."""
    name, subs = path[-1].name, path[-1].subs or ()
    net = request.program.net(request.net)
    found = [ref for ref in (*values_of(net), *_of_file(request, net)) if ref.name == name]
    if not found or any(ref.subs == subs for ref in found):
        return ""
    members = [Step(name, tuple(s for s in ref.subs if isinstance(s, int)) or None) for ref in found]
    if all(member.subs is None for member in members):
        return f"all turns are changed alike: `{name}`"
    return "values are " + some(list(map(str, members)))


def _all_values(request: Request) -> list[str]:
    """The values of a net and of those it calls."""
    found: dict[str, None] = {}
    waiting, seen = [request.net], {request.net}
    while waiting:
        net = request.program.net(waiting.pop())
        found.update(dict.fromkeys(ref.name for ref in values_of(net)))
        found.update(dict.fromkeys(file_level_names(net)))
        callees = {s.net for s in statements(net.body) if isinstance(s, Call)} - seen
        seen |= callees
        waiting += sorted(callees)
    return list(found)
