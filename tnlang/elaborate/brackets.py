"""Brackets of a use: wires, fixed entries, slices, groups."""

from __future__ import annotations

from tnlang.elaborate.arithmetic import expand, find_scalar, path_text, size_of
from tnlang.elaborate.drafts import DraftIx, EntryTip, GroupTip, SliceTip, Tip
from tnlang.elaborate.scope import Scope
from tnlang.ir.size import Size
from tnlang.source import Related
from tnlang.syntax import ast


def draft_bracket(bracket: ast.Bracket, scope: Scope) -> tuple[DraftIx, ...] | None:
    """What stands in brackets; ``p{0..N}`` is N wires. None after a mistake."""
    found: list[DraftIx] = []
    sound = True
    for index in bracket:
        here = _group(index, scope) if isinstance(index, ast.GroupIndex) else _index(index, scope)
        sound = sound and here is not None
        found.extend(here or ())
    return tuple(found) if sound else None


def _index(index: ast.Index, scope: Scope) -> list[DraftIx] | None:
    at = _place(index.at, index.of, scope)
    if at is None or index.of is None:
        return at
    if isinstance(index.of, ast.Range):
        start, stop = size_of(index.of.start, scope), size_of(index.of.stop, scope)
        if start is None or stop is None:
            return None
        if isinstance(start, int) and isinstance(stop, int) and stop <= start:
            scope.diagnostics.error(
                "TN304", f"the slice {start}..{stop} is empty", index.of.span, hint="ranges are half-open"
            )
            return None
        if len(at) != 1 or not isinstance(at[0], Tip):
            scope.diagnostics.error("TN209", "a slice has one wire, `p: 0..n`", index.span)
            return None
        return [SliceTip(at[0], start, stop)]
    size = size_of(index.of, scope)
    if size is None:
        return None
    return [Tip(tip.name, tip.span, size) if isinstance(tip, Tip) else tip for tip in at]


def _group(index: ast.GroupIndex, scope: Scope) -> list[DraftIx] | None:
    members: list[Tip | EntryTip] = []
    for member in index.members:
        here = _place(member, None, scope)
        if here is None:
            return None
        members.extend(ix for ix in here if isinstance(ix, Tip | EntryTip))
    size: Size | None = None
    if index.of is not None and not isinstance(index.of, ast.Range):
        size = size_of(index.of, scope)
        if size is None:
            return None
    match members:
        case [Tip(name=name, size=own)]:  # a group of one wire is that wire
            return [Tip(name, index.span, size if size is not None else own)]
    return [GroupTip(tuple(members), index.span, size)]


def _place(
    at: ast.Arith | ast.IndexPath, of: ast.Arith | ast.Range | None, scope: Scope
) -> list[DraftIx] | None:
    """A wire (or several), or a fixed entry."""
    if not isinstance(at, ast.IndexPath):
        size = size_of(at, scope)
        if size is not None and of is not None:
            hint = ""
            if isinstance(size, int) and isinstance(of, ast.Int):
                hint = f"a part of a leg is a range with its wire, `i: {size}..{of.value}`"
            scope.diagnostics.error("TN209", "a fixed entry has no dim or slice", of.span, hint=hint)
            return None
        return None if size is None else [EntryTip(size, at.span)]
    path = at.path
    part = path.parts[-1]
    name = part.name.text
    if len(path.parts) > 1:
        scope.diagnostics.error(
            "TN209",
            f"{path_text(path)} is no wire: wires have plain names",
            at.span,
            hint="a dim is written after a colon, `i: layers.hidden`",
        )
        return None
    if part.subs:
        if name in scope.loops:
            scope.diagnostics.error("TN605", f"{name} is a loop variable here, not a wire", at.span)
            return None
        numbers = expand(part.subs, scope, f"the wire {name}{{…}}")
        return None if numbers is None else [Tip((name, subs), at.span) for subs in numbers]
    if name in scope.loops:
        if of is not None:
            scope.diagnostics.error(
                "TN605", f"{name} is a loop variable here, a fixed entry without dim or slice", at.span
            )
            return None
        return [EntryTip(scope.loops[name], at.span)]
    constant = find_scalar(path, scope)
    if constant is not None:
        scope.diagnostics.warning(
            "TN207",
            f"{name} is a wire here, though there is a constant of that name",
            at.span,
            Related(constant.span, "the constant"),
            hint=f"for its entry write `basis({name})[i]` or the number",
        )
    return [Tip((name, ()), at.span)]
