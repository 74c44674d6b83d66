"""What is put at a place among zeros: written there, rather than multiplied by them or added to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnlang.lower.names import Names
from tnlang.lower.numbers import All, Name, NewAxis, Num
from tnlang.lower.optimize.linear import Labels, permuted
from tnlang.lower.plan import Binary, Collected, Einsum, Expr, Full, Index, OneHot, Placed, Shifted, Var
from tnlang.lower.steps import Append, Body, Let, Repeated, Step, Table, reads, targets


def placed(expr: Expr) -> Expr | None:
    """A sum over one-hot positions puts entries where these say, and adds them to what is there."""
    match expr:
        case Einsum((OneHot() as hots, x), (hot, axes), (_, is_batched), out):
            return _put(hots, hot, x, axes, is_batched, any(expr.batched), out)
        case Einsum((x, OneHot() as hots), (axes, hot), (is_batched, _), out):
            return _put(hots, hot, x, axes, is_batched, any(expr.batched), out)
        case Binary("+", Placed(base=None) as entries, base) | Binary(
            "+", base, Placed(base=None) as entries
        ):
            return replace(entries, base=base) if _rank(base) == entries.rank else None
    return None


def _put(
    hots: OneHot, hot: Labels, x: Expr, axes: Labels, is_batched: bool, any_batched: bool, out: Labels
) -> Expr | None:
    """The entries of ``x`` along the axis of the positions, if that alone is summed."""
    if len(hot) != 2 or isinstance(x, OneHot) or len(set(axes)) != len(axes):
        return None
    place, into = hot
    if place not in axes or into in axes or place in out:
        return None
    found = tuple(into if label == place else label for label in axes)
    if sorted(found) != sorted(out):
        return None
    entries = Placed(x, hots.indices, axes.index(place) - len(axes), hots.size, len(axes))
    return permuted(entries, found, out, any_batched)


def _rank(expr: Expr) -> int | None:
    match expr:
        case Var(rank=rank):
            return rank
        case Einsum(out=out):
            return len(out)
    return None


def collected(body: Body) -> tuple[Body, int]:
    """Sums over the turns of a repeat of arrays at the place of their turn are these side by side."""
    names = Names.of(body.names)
    steps, count = _collected(body.steps, names)
    return replace(body, steps=steps, names=tuple(sorted(names.taken))), count


def _collected(steps: Sequence[Step], names: Names) -> tuple[tuple[Step, ...], int]:
    found: list[Step] = []
    count = 0
    zeros: dict[str, Let] = {}
    for step in steps:
        match step:
            case Repeated(body=inner):
                inside, inner_count = _collected(inner, names)
                step = replace(step, body=inside)
                count += inner_count
                tables: list[Step] = []
                after: list[Step] = []
                for name, start in zeros.items():
                    entry = _entry(step, name)
                    if entry is not None:
                        place, value, axis = entry
                        table = names.take(f"{name}_parts")
                        turn = list(step.body)
                        turn[place] = Append(table, value)
                        step = replace(step, body=tuple(turn))
                        tables.append(Table(table, ordered=True))
                        after.append(Let(start.target, Collected(table, axis, start.target)))
                found += [*tables, step, *after]
                count += len(after)
            case _:
                found.append(step)
        touched = {*reads((step,)), *targets((step,))}
        zeros = {name: let for name, let in zeros.items() if name not in touched}
        match step:
            case Let(Var(name, subs=()), Full(value=Num(0)), None):
                zeros[name] = step
    return tuple(found), count


def _entry(step: Repeated, name: str) -> tuple[int, Expr, int] | None:
    """Where in a turn an array is added to ``name`` at the place of the turn, the array, and the axis."""
    if [*reads(step.body)].count(name) != 1 or [*targets(step.body)].count(name) != 1:
        return None
    for place, inner in enumerate(step.body):
        match inner:
            case Let(
                Var(target, subs=()),
                Binary("+", Var(read, subs=()), Shifted(Index(x, items, _), axis, before, size)),
                None,
            ) if target == read == name:
                whole = (step.start, before, size) == (Num(0), Name(step.var), step.stop)
                new = [at - len(items) for at, item in enumerate(items) if isinstance(item, NewAxis)]
                plain = all(isinstance(item, All | NewAxis) for item in items)
                return (place, x, axis) if whole and plain and new == [axis] else None
    return None
