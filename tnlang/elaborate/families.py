"""sum and prod over loop variables: which are written out, and what of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tnlang.elaborate.arithmetic import assignments, loop_name_taken, size_of, too_many
from tnlang.elaborate.lookup import find_known, find_net
from tnlang.elaborate.scope import MEMBERS, Scope
from tnlang.ir.net import Loop
from tnlang.ir.size import LoopVar, Size
from tnlang.syntax import ast


def parts(node: ast.Syntax) -> Iterator[ast.Syntax]:
    """A node of the syntax tree and all below it, in order."""
    yield node
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, ast.Syntax):
                yield from parts(item)


def mentions(node: ast.Syntax, names: set[str]) -> bool:
    """Whether a loop variable is named below a node."""
    return any(
        isinstance(part, ast.ArithName | ast.IndexPath | ast.Use)
        and len(part.path.parts) == 1
        and part.path.parts[0].name.text in names
        for part in parts(node)
    )


def must_write_out(loop: ast.Comprehension, scope: Scope) -> bool:
    """Whether a sum cannot stay folded: its wires, prods or unlike members depend on its variables."""
    names = {r.var.text for r in loop.loops.ranges}
    return any(_needs_numbers(node, names, scope) for node in parts(loop.body))


def _needs_numbers(node: ast.Syntax, names: set[str], scope: Scope) -> bool:
    match node:
        case ast.IndexPath(path=path) | ast.ArithName(path=path):
            return any(mentions(sub, names) for part in path.parts for sub in part.subs)
        case ast.Comprehension(kind="prod", loops=loops):
            return mentions(loops, names)
        case ast.Comprehension(loops=loops):
            return mentions(loops, names) and must_write_out(node, scope)
        case ast.Use(path=path):
            return any(mentions(sub, names) for sub in path.parts[-1].subs) and _members_differ(path, scope)
        case ast.Call(path=path, arguments=arguments):
            is_net = find_net(path, scope) is not None or path.parts[0].name.text in scope.body.shared
            return is_net and any(mentions(argument, names) for argument in arguments)
    return False


def _members_differ(path: ast.Path, scope: Scope) -> bool:
    known = find_known(path, scope)
    return known is not None and not known.carried and len(set(known.members.values())) > 1


def written_out(loop: ast.Comprehension, scope: Scope) -> list[Scope] | None:
    """A scope for each turn. None after a mistake; TN601 where a statement would write out too much."""
    turns = assignments(loop.loops.ranges, scope, f"this {loop.kind}")
    if turns is None:
        return None
    scope.world.written += len(turns)
    if scope.world.written > MEMBERS:
        too_many(scope, loop.span, "this statement", scope.world.written)
        return None
    return turns


def folded(loops: ast.Loops, scope: Scope) -> tuple[tuple[Loop, ...], Scope] | None:
    """The loops of a sum or repeat that stays one, and the scope inside it."""
    found: list[Loop] = []
    for item in loops.ranges:
        beside = [r.var.text for r in loops.ranges if r is not item]
        if loop_name_taken(item.var, scope, beside):
            return None
        start, stop = size_of(item.range.start, scope), size_of(item.range.stop, scope)
        if start is None or stop is None:
            return None
        found.append(Loop(item.var.text, start, stop))
        inside: dict[str, Size] = {item.var.text: LoopVar(item.var.text)}
        scope = scope.at(inside)
    return tuple(found), scope
