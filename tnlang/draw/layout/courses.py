"""Laying row upon row: what goes on the columns that come from a first row, each row a course of shapes.

A course is one shape, or several that level wires join, on neighbouring columns. Each shape gives as many
upright wires as it takes, or none; what is level in one copy of a tensor is level in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from tnlang.draw.diagram import Side
from tnlang.draw.layout.items import OPPOSITE
from tnlang.draw.layout.level import Kind

_WAYS, _ENOUGH = 3, 4
"""Choices that are followed, results that are compared."""

Bundle = tuple[int, tuple[int, ...], tuple[int, ...]]
"""An item, the columns that come from it, and the lines that share them in a yet open order."""


class Leg(NamedTuple):
    """A leg of an item: its line, and what that leads to."""

    line: int
    other: int | None
    place: int
    """Its position among the legs of its tensor."""
    kind: Kind
    dim: tuple[str, int | None]
    loose: bool
    """Open, or led to a shape without other legs: it may leave a row at the end."""


Net = Mapping[int, tuple[Leg, ...]]
LevelKinds = Mapping[Kind, bool]
"""Whether legs of a kind are level."""
ENDS: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Laid:
    """Rows that have been laid: ``level`` is the highest in each column, ``waiting`` lines of tall ends.

    ``lies`` says of the legs that have a side whether those of their kind are level.
    """

    rows: Mapping[int, tuple[tuple[float, tuple[int, ...]], ...]] = field(default_factory=dict)
    row: Mapping[int, int] = field(default_factory=dict)
    side: Mapping[tuple[int, int], Side] = field(default_factory=dict)
    lies: LevelKinds = field(default_factory=dict)
    column: Mapping[int, int] = field(default_factory=dict)
    level: tuple[int, ...] = ()
    front: tuple[Bundle, ...] = ()
    waiting: Mapping[int, Side] = field(default_factory=dict)
    level_wires: int = 0


class _Course(NamedTuple):
    """Items that can be laid next, from left to right, and on which side each of their lines leaves."""

    items: tuple[int, ...]
    takes: tuple[tuple[int, ...], ...]
    """The lines from below of each; none of an item that lies on a level wire."""
    side: Mapping[tuple[int, int], Side]
    lies: LevelKinds
    """As in ``Laid``, with these items."""


# ---------------------------------------------------------------- row upon row


def swept(net: Net, first: Laid, most: int) -> tuple[list[Laid], int]:
    """Some ways to lay all items from a first row on, and how many rows were laid for that."""
    found: list[Laid] = []
    stack: list[tuple[Laid, frozenset[tuple[int, ...]]]] = [(first, frozenset())]
    steps = 0
    while stack and steps < most and len(found) < _ENOUGH:
        laid, barred = stack.pop()
        if len(laid.row) == len(net):
            if not laid.waiting:
                found.append(laid)
            continue
        choices: list[tuple[Laid, frozenset[tuple[int, ...]]]] = []
        for course in _courses(net, laid):
            key = (*course.items, -1, *(line for lines in course.takes for line in lines))
            if key in barred:
                continue
            steps += 1
            longer = _lay(net, laid, course)
            if longer is not None:
                choices.append((longer, barred))
                if len(choices) == _WAYS:
                    break
            barred |= {key}
        stack += reversed(choices)
    return found, steps


def _courses(net: Net, laid: Laid) -> Iterator[_Course]:
    """What can be laid next: whole rows joined by level wires and gates, before shapes on one wire alone."""
    takes: dict[int, list[int]] = {}
    for owner, _, lines in laid.front:
        for leg in net[owner]:
            if leg.line in lines and leg.other is not None:
                takes.setdefault(leg.other, []).append(leg.line)
    order = {item: n for n, item in enumerate(takes)}
    joined: dict[int, dict[int, tuple[int, ...]]] = {item: {} for item in takes}
    for item in takes:
        for leg in net[item]:
            over = _across(net, laid, takes, item, leg)
            if over is not None and order[item] < order[over[-1]]:
                joined[item][over[-1]] = over[:-1]
    found: list[tuple[tuple[bool, bool, int], list[int], list[tuple[int, ...]]]] = []
    for group in _groups(joined):
        members = sorted(group, key=lambda item: order[item])
        links = [joined[a][b] for a, b in pairwise(members) if b in joined[a]]
        ways: list[tuple[list[int], list[tuple[int, ...]]]] = []
        if len(links) == len(members) - 1 == sum(len(joined[item]) for item in members):
            ways.append((members, links))
        if len(members) > 1:
            ways += [([item], []) for item in members]
        for items, links in ways:
            light = len(items) == 1 and len(takes[items[0]]) == 1
            found.append(((light, len(items) < len(members), order[items[0]]), items, links))
    for _, items, links in sorted(found, key=lambda entry: entry[0]):
        course = _course(net, laid, takes, items, links)
        if course is not None:
            yield course


def _across(
    net: Net, laid: Laid, takes: Mapping[int, Sequence[int]], item: int, leg: Leg
) -> tuple[int, ...] | None:
    """What a leg leads to beside the item: what lies on the wire, if anything does, and another item."""
    if leg.line in takes[item] or leg.other is None or leg.other in laid.row:
        return None
    if leg.other in takes:
        return (leg.other,)
    if len(net[leg.other]) == 2:
        far = next((other.other for other in net[leg.other] if other.line != leg.line), None)
        if far is not None and far != item and far in takes:
            return (leg.other, far)
    return None


def _groups(joined: Mapping[int, Mapping[int, object]]) -> list[list[int]]:
    """Items that hang together by what they are joined to."""
    group = {item: [item] for item in joined}
    for item, others in joined.items():
        for other in others:
            if group[item] is not group[other]:
                both = group[item] + group[other]
                group.update(dict.fromkeys(both, both))
    return list({id(items): items for items in group.values()}.values())


def _course(
    net: Net,
    laid: Laid,
    takes: Mapping[int, Sequence[int]],
    members: Sequence[int],
    links: Sequence[tuple[int, ...]],
) -> _Course | None:
    """Items as one row, if each gives as many upright wires as it takes, or none."""
    row: list[int] = []
    for item, link in zip(members, (*links, ()), strict=True):
        row += [item, *link]
    side: dict[tuple[int, int], Side] = {(item, line): "down" for item in members for line in takes[item]}
    for a, b in pairwise(row):
        line = next(leg.line for leg in net[a] if leg.other == b and (a, leg.line) not in side)
        side[a, line], side[b, line] = ENDS[1], ENDS[0]
    closing, lone, lies = False, len(row) == 1, laid.lies
    for item in dict.fromkeys((*members[1:-1], members[0], members[-1])):
        free = [end for end, at in zip(ENDS, (members[0], members[-1]), strict=True) if item == at]
        rest = [leg for leg in net[item] if (item, leg.line) not in side]
        for leg in [leg for leg in rest if leg.line in laid.waiting]:
            if laid.waiting[leg.line] not in free:
                return None
            side[item, leg.line] = laid.waiting[leg.line]
            free.remove(laid.waiting[leg.line])
            rest.remove(leg)
        ups = _ups(rest, len(takes[item]), len(free), lies, closing)
        if ups is None:
            return None
        closing = closing or (ups == 0 and item in members[1:-1])
        if lone and len(rest) - ups == 1:  # nothing says that it is a row
            return None
        for leg in _leaving(rest, len(rest) - ups, lies):
            half = ENDS[2 * leg.place >= len(net[item])]
            end = half if half in free else free[0]
            free.remove(end)
            side[item, leg.line] = end
            rest.remove(leg)
            if leg.other is not None:
                row.insert(0 if end == "left" else len(row), leg.other)
                side[leg.other, leg.line] = OPPOSITE[end]
        side.update({(item, leg.line): "up" for leg in rest})
    known = dict(lies)
    if any(known.setdefault(kind_at(net, *at), to in ENDS) != (to in ENDS) for at, to in side.items()):
        return None
    return _Course(tuple(row), tuple(tuple(takes.get(item, ())) for item in row), side, known)


def _ups(rest: Sequence[Leg], taken: int, free: int, lies: LevelKinds, closing: bool) -> int | None:
    """How many of the other legs go up: as many as come from below, or none; None if neither can be."""
    loose = sum(leg.loose for leg in rest)
    ways = [
        up
        for up in (taken, 0)
        if 0 <= len(rest) - up <= min(free, loose) and up in (taken, len(rest) - loose)
    ]
    if not ways:
        return None
    level = any(lies.get(leg.kind) for leg in rest)
    upright = any(lies.get(leg.kind) is False for leg in rest)
    return min(ways) if level or (closing and not upright) else ways[0]


def _leaving(rest: Sequence[Leg], count: int, lies: LevelKinds) -> list[Leg]:
    """The loose legs that leave a row at its ends: those that lie elsewhere, the outermost."""
    loose = [leg for leg in rest if leg.loose]
    middle = sum(leg.place for leg in rest) / max(1, len(rest))
    return sorted(
        loose, key=lambda leg: (not lies.get(leg.kind, False), -abs(leg.place - middle), leg.place)
    )[:count]


def _lay(net: Net, laid: Laid, course: _Course) -> Laid | None:
    """The rows with one more course on them; None where it would lie across a wire that it does not take."""
    front, column, level = list(laid.front), dict(laid.column), list(laid.level)
    spans: list[tuple[int, ...]] = []
    for item, lines in zip(course.items, course.takes, strict=True):
        if not lines:
            continue
        taken = _taken(front, set(lines))
        if taken is None:
            return None
        at, columns = taken
        column.update(columns)
        span = tuple(sorted(columns.values()))
        spans.append(span)
        up = tuple(leg.line for leg in net[item] if course.side[item, leg.line] == "up")
        if up:
            front.insert(at, (item, span, up))
    low, high = spans[0][0], spans[-1][-1]
    if any(a[-1] > b[0] for a, b in pairwise(spans)):
        return None
    own = {c for span in spans for c in range(span[0], span[-1] + 1)}
    first, last = course.items[0], course.items[-1]
    if not course.takes[0] or any(course.side[first, leg.line] == "left" for leg in net[first]):
        low = 0
    if not course.takes[-1] or any(course.side[last, leg.line] == "right" for leg in net[last]):
        high = len(level) - 1
    if any(low <= c <= high and c not in own for _, columns, _ in front for c in columns):
        return None
    row = 1 + max(level[low : high + 1])
    level[low : high + 1] = [row] * (high + 1 - low)
    items = (*course.items,)
    return replace(
        laid,
        rows={**laid.rows, row: (*laid.rows.get(row, ()), (spans[0][0], items))},
        row={**laid.row, **dict.fromkeys(items, row)},
        side={**laid.side, **course.side},
        lies=course.lies,
        column=column,
        level=tuple(level),
        front=tuple(front),
        waiting={n: s for n, s in laid.waiting.items() if not any((i, n) in course.side for i in items)},
        level_wires=laid.level_wires + len(items) - 1,
    )


def _taken(front: list[Bundle], lines: set[int]) -> tuple[int, dict[int, int]] | None:
    """Takes lines that lie side by side out of the front: where they were in it, and the column of each."""
    touched = [n for n, (_, _, held) in enumerate(front) if lines & set(held)]
    first, last = touched[0], touched[-1]
    column: dict[int, int] = {}
    kept: list[Bundle] = []
    at = first
    for n in range(first, last + 1):
        owner, columns, held = front[n]
        mine = [line for line in held if line in lines]
        if first < n < last and len(mine) < len(held):
            return None
        before = held.index(mine[0]) if first == last else (len(held) - len(mine)) * (n == first)
        others = [line for line in held if line not in lines]
        column.update(zip(mine, columns[before : before + len(mine)], strict=True))
        if before:
            kept.append((owner, columns[:before], tuple(others[:before])))
            at = first + 1
        if others[before:]:
            kept.append((owner, columns[before + len(mine) :], tuple(others[before:])))
    front[first : last + 1] = kept
    return at, column


def level_kinds(net: Net, side: Mapping[tuple[int, int], Side]) -> dict[Kind, bool]:
    """For each tensor and position whether that leg is level, as it first was."""
    found: dict[Kind, bool] = {}
    for (item, line), to in side.items():
        found.setdefault(kind_at(net, item, line), to in ENDS)
    return found


def kind_at(net: Net, item: int, line: int) -> Kind:
    return next(leg.kind for leg in net[item] if leg.line == line)
