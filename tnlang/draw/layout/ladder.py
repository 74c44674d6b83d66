"""Ladders whose rows are joined by bare rungs, by shapes on a rung and by gates that lie across several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from tnlang.draw import curves, pieces
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Pose
from tnlang.draw.layout.grid import GAP, PITCH, RUNG
from tnlang.draw.layout.items import PILL_END, first_leg, label_room
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.paths import neighbours

_TRIED, _WAYS = 20_000, 24
_BESIDE = 12.0
"""From the end of a gate to a rung or a gate beside it, at least."""


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The two rows, and for each column what stands between them (None: a bare rung)."""

    top: tuple[int, ...] = ()
    bottom: tuple[int, ...] = ()
    between: tuple[int | None, ...] = ()

    def used(self) -> set[int | None]:
        return {*self.top, *self.bottom, *self.between}

    def columns(self, gate: int) -> tuple[int, int]:
        """The first and the last column that what stands between the rows lies across."""
        found = [column for column, item in enumerate(self.between) if item == gate]
        return found[0], found[-1]

    def pairs(self) -> set[frozenset[int]]:
        """What may be joined: neighbours in a row, and along each rung."""
        pairs = [*pairwise(self.top), *pairwise(self.bottom), *pairwise(self.between)]
        for upper, gate, lower in zip(self.top, self.between, self.bottom, strict=True):
            pairs += [(upper, lower)] if gate is None else [(upper, gate), (gate, lower)]
        return {frozenset((a, b)) for a, b in pairs if a is not None and b is not None and a != b}


def ladder(index: Index, part: Level) -> Placed | None:
    """The level as a ladder with something between its rows, if it is one: ``<psi| H |psi>`` of a chain.

    Every wire is straight; it has no open legs. A ladder of bare rungs alone is a grid.
    """
    near = neighbours(part)
    if part.outer_edges or any(edge.via_a or edge.via_b or edge.ended for edge in part.edges):
        return None
    if any(i not in index.shapes or index.is_small(i) or len(near[i]) < 2 for i in part.items):
        return None
    joined = [frozenset((edge.a, edge.b)) for edge in part.inner_edges if edge.b is not None]
    if len(joined) > len(set(joined)):
        return None
    ways = [way for way in _ways(near) if way.pairs() >= set(joined)]
    return _place(index, part, max(ways, key=_reading)) if ways else None


def _reading(way: _Ladder) -> tuple[int, int, bool, int]:
    """Long rather than high, and as it is written: later tensors are right and below."""
    forward = sum(a < b for row in (way.top, way.bottom) for a, b in pairwise(row))
    return (len(way.top), forward, way.top[0] < way.bottom[0], -way.top[0])


def _ways(near: Mapping[int, tuple[int, ...]]) -> list[_Ladder]:
    """The first ladders found that hold every item, column by column from an item with two neighbours."""
    found: list[_Ladder] = []
    waiting = [
        _Ladder((item,), (lower,), (gate,))
        for item in sorted(near, reverse=True)
        if len(near[item]) == 2
        for lower, gate in _rungs(near, _Ladder(), item, near)
    ]
    for _ in range(_TRIED):
        if not waiting or len(found) == _WAYS:
            break
        way = waiting.pop()
        if len(way.used() - {None}) == len(near):
            if any(gate is not None for gate in way.between) and len(way.top) > 1:
                found.append(way)
            continue
        waiting += [longer for longer in _longer(near, way) if _whole(near, longer)]
    return found


def _longer(near: Mapping[int, tuple[int, ...]], way: _Ladder) -> Iterator[_Ladder]:
    """The ladder with one more column."""
    used = way.used()
    for upper in near[way.top[-1]]:
        if upper not in used:
            for lower, gate in _rungs(near, way, upper, near[way.bottom[-1]]):
                yield _Ladder((*way.top, upper), (*way.bottom, lower), (*way.between, gate))


def _rungs(
    near: Mapping[int, tuple[int, ...]], way: _Ladder, upper: int, lowers: Iterable[int]
) -> Iterator[tuple[int, int | None]]:
    """The lower ends of rungs from ``upper``, with what stands on the rung: also what the last one led to."""
    used = way.used() | {upper}
    last = way.between[-1] if way.between else None
    for lower in lowers:
        if lower not in used:
            if lower in near[upper]:
                yield lower, None
            for gate in near[upper]:
                if gate in near[lower] and gate != lower and (gate not in used or gate == last):
                    yield lower, gate


def _whole(near: Mapping[int, tuple[int, ...]], way: _Ladder) -> bool:
    """Whether the column before the last lacks no neighbour."""
    used = way.used()
    before = [way.top[-2], way.bottom[-2]]
    gate = way.between[-2]
    if gate is not None and gate != way.between[-1]:
        before.append(gate)
    return all(other in used for item in before for other in near[item])


# ---------------------------------------------------------------- places


def _place(index: Index, part: Level, way: _Ladder) -> Placed:
    halves = {item: index.half(index.shapes[item]) for item in part.items}
    gates = {gate: way.columns(gate) for gate in way.between if gate is not None}
    for gate, (first, last) in gates.items():
        if first < last:
            over = max(PILL_END, halves[gate][0] - (last - first) * PITCH / 2)
            halves[gate] = (over, max(halves[gate][1], pieces.PILL_HEIGHT / 2))
    xs = _columns(index, part, way, {item: half[0] for item, half in halves.items()})
    ends = max(halves[item][1] for item in (*way.top, *way.bottom))
    row = max(RUNG, ends + max(halves[gate][1] for gate in gates) + GAP)
    poses: dict[int, Pose] = {}
    for items, y in ((way.top, -row), (way.bottom, row)):
        poses |= {item: Pose((x, y), halves[item]) for item, x in zip(items, xs, strict=True)}
    for gate, (first, last) in gates.items():
        wide = (xs[last] - xs[first]) / 2
        poses[gate] = Pose(((xs[first] + xs[last]) / 2, 0.0), (wide + halves[gate][0], halves[gate][1]))
    routes = {}
    for edge in part.inner_edges:
        a, b = (end.shape for end in index.lines[edge.line].ends)
        assert a is not None and b is not None
        (one, y), (other, z) = poses[a].at, poses[b].at
        if y != z:  # a rung is upright below the item of a row, wherever the middle of the gate is
            one = other = other if a in gates else one
        routes[edge.line] = curves.straight((one, y), (other, z))
    poses = {i: replace(pose, first_leg=_mark(index, part, i, poses)) for i, pose in poses.items()}
    return Placed(poses, {}, routes, (), union(pose.box for pose in poses.values()))


def _columns(index: Index, part: Level, way: _Ladder, over: Mapping[int, float]) -> list[float]:
    """Where the columns lie: a pitch apart, more where what stands in them or a name asks for it."""
    column = {item: n for row in (way.top, way.bottom) for n, item in enumerate(row)}
    flat = [e for e in part.inner_edges if _row_of(e.a, way) == _row_of(e.other(e.a), way)]
    words = max((label_room(index, edge.line) for edge in flat), default=0.0)
    names = [0.0] * len(way.top)
    for edge in part.inner_edges:
        if edge not in flat:
            n = column[edge.a] if edge.a in column else column[edge.other(edge.a) or 0]
            names[n] = max(names[n], label_room(index, edge.line, across=True))
    found = [0.0]
    for n in range(1, len(way.top)):
        rows = [over[row[n - 1]] + over[row[n]] + max(GAP, words) for row in (way.top, way.bottom)]
        left, right = way.between[n - 1], way.between[n]
        if left is None or left != right:
            sides = [over[item] if item is not None else 0.0 for item in (left, right)]
            both = left is not None and right is not None
            rows.append(sum(sides) + (max(GAP, words) if both else _BESIDE))
        found.append(found[-1] + max(PITCH, *rows, names[n - 1] + _BESIDE))
    return found


def _row_of(item: int | None, way: _Ladder) -> int:
    return -1 if item in way.top else 1 if item in way.bottom else 0


def _mark(index: Index, part: Level, item: int, poses: Mapping[int, Pose]) -> tuple[float, float] | None:
    """The mark at the first leg of an item, where its legs do not read from left to right."""
    sides: dict[Side, list[int]] = {}
    (x, y), at = poses[item].at, {}
    for edge in part.of(item):
        other = edge.other(item)
        assert other is not None
        at[edge.line] = poses[other].at
    for line in sorted(at, key=lambda line: at[line]):
        u, v = at[line]
        side: Side = ("up" if v < y else "down") if v != y else ("left" if u < x else "right")
        sides.setdefault(side, []).append(line)
    return first_leg(index, index.shapes[item], sides)
