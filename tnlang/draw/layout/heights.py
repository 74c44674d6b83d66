"""How high everything in columns stands: near what it is joined to, wires straight where that can be.

No two wires come into a channel at nearly one height, but where one goes straight on: then each may take any
track between, and none lies on another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw.layout.columns import Columns, Node, Slot, Stop, Stub, node_of
from tnlang.draw.layout.stations import NEAR, Station, reach_of, width_of

_TURNS = 14
_STRAIGHT = {0: 14.0, 1: 30.0, 2: 60.0}
"""How far a node is moved so that a wire runs straight, by how many ends of it are slots."""
_LEAST = 4.0
"""A step lower than this is taken out."""


@dataclass(frozen=True, slots=True)
class _Link:
    """A wire between neighbouring columns: how far below the nodes' own heights its ends are."""

    left: Node
    right: Node
    left_at: float
    right_at: float
    line: int

    @property
    def slots(self) -> int:
        return isinstance(self.left, Slot) + isinstance(self.right, Slot)


@dataclass(slots=True)
class _Heights:
    columns: Columns
    reach: dict[Node, tuple[float, float]]
    half: dict[int, float]
    y: dict[Node, float] = field(default_factory=dict)
    before: dict[Node, list[_Link]] = field(default_factory=dict)
    after: dict[Node, list[_Link]] = field(default_factory=dict)
    ends: dict[int, dict[bool, list[tuple[Node, float, int]]]] = field(default_factory=dict)
    """For each channel the ends at its left (True) and right: node, how far below it, line."""


def heights(columns: Columns, built: Mapping[int, Station]) -> dict[Node, float]:
    """The height of every item and slot."""
    index = columns.index
    half = {line: width_of(index, line) / 2 for line in columns.edges}
    reach: dict[Node, tuple[float, float]] = {item: (s.top, s.bottom) for item, s in built.items()}
    for line, chain in columns.chains.items():
        for stop in chain:
            if isinstance(stop, Slot):
                above, below = (NEAR + half[line],) * 2
                if columns.edges[line].b is None and stop == chain[-1]:
                    above, below = reach_of(index, columns.edges[line])
                reach[stop] = (-above, below)
    found = _Heights(columns, reach, half)
    _link(found, built)
    for nodes in columns.nodes:
        low = 0.0
        for node in nodes:
            found.y[node] = low - reach[node][0]
            low += reach[node][1] - reach[node][0]
    for turn in range(_TURNS):
        for nodes in columns.nodes if turn % 2 == 0 else list(reversed(columns.nodes)):
            _draw_near(found, nodes)
    for number, nodes in enumerate(columns.nodes):
        _settle(found, number, nodes)
    return found.y


def _link(found: _Heights, built: Mapping[int, Station]) -> None:
    columns = found.columns

    def end(stop: Stop) -> tuple[Node, float]:
        return node_of(stop), built[stop.item].height(stop) if isinstance(stop, Stub) else 0.0

    for line, channel, one, other in columns.runs():
        sides = found.ends.setdefault(channel, {True: [], False: []})
        for stop in (one, other):
            sides[columns.left_of(stop, channel)].append((*end(stop), line))
        if columns.left_of(one, channel) == columns.left_of(other, channel):
            continue
        low, high = (one, other) if columns.left_of(one, channel) else (other, one)
        (a, at_a), (b, at_b) = end(low), end(high)
        link = _Link(a, b, at_a, at_b, line)
        found.after.setdefault(a, []).append(link)
        found.before.setdefault(b, []).append(link)
    count = len(columns.nodes)
    for line, side in columns.out.items():  # what leaves runs on through the outermost channel
        last = columns.chains[line][-1]
        sides = found.ends.setdefault(0 if side == "left" else count, {True: [], False: []})
        sides[side == "right"].append((*end(last), line))


def _draw_near(found: _Heights, nodes: Sequence[Node]) -> None:
    """Puts the nodes of a column as near to their goals as sizes allow: blocks that touch share a mean."""
    groups: list[tuple[list[int], float, float]] = []
    offset = [0.0]
    for one, other in pairwise(nodes):
        offset.append(offset[-1] + found.reach[one][1] - found.reach[other][0])
    for i, node in enumerate(nodes):
        total = weight = 0.0
        for link in found.before.get(node, ()):
            heavy = 1.0 + 3.0 * link.slots
            total += heavy * (found.y[link.left] + link.left_at - link.right_at)
            weight += heavy
        for link in found.after.get(node, ()):
            heavy = 1.0 + 3.0 * link.slots
            total += heavy * (found.y[link.right] + link.right_at - link.left_at)
            weight += heavy
        goal = total / weight if weight else found.y[node]
        groups.append(([i], goal - offset[i], weight or 0.01))
        while len(groups) > 1 and groups[-2][1] > groups[-1][1]:
            (ids, mean, heavy), (more, other_mean, other_heavy) = groups.pop(), groups.pop()
            both = heavy + other_heavy
            groups.append((more + ids, (mean * heavy + other_mean * other_heavy) / both, both))
    for ids, mean, _ in groups:
        for i in ids:
            found.y[nodes[i]] = mean + offset[i]


def _settle(found: _Heights, number: int, nodes: Sequence[Node]) -> None:
    """The final heights of a column, those of the columns left of it being settled."""
    sides = found.ends.get(number, {True: [], False: []})
    left = sorted((found.y[node] + at, line) for node, at, line in sides[True])
    mine: dict[Node, list[tuple[float, int]]] = {}
    for node, at, line in sides[False]:
        mine.setdefault(node, []).append((at, line))
    widest = max([found.half[line] for _, line in (*left, *((0.0, e[2]) for e in sides[False]))], default=0.0)

    def blocking(y: float, ends: Sequence[tuple[float, int]]) -> tuple[float, float] | None:
        """The range of heights that the first wire in the way forbids, or None."""
        for at, line in ends:
            reach = NEAR + found.half[line] + widest
            for i in range(bisect_left(left, (y + at - reach, -1)), len(left)):
                other, known = left[i]
                if other > y + at + reach:
                    break
                gap = NEAR + found.half[line] + found.half[known] if known != line else _LEAST
                apart = abs(other - y - at)
                if apart < gap - 1e-6 and (known != line or apart > 1e-6):
                    return (other - gap - at, other + gap - at)
        return None

    low = -1e12
    for node in nodes:
        top, bottom = found.reach[node]
        ends = mine.get(node, [])
        least = low - top
        goal = max(found.y[node], least)
        tries: list[tuple[float, float]] = []
        for link in found.before.get(node, ()):
            y = found.y[link.left] + link.left_at - link.right_at
            if y >= least and blocking(y, ends) is None:
                tries.append((abs(y - goal) - _STRAIGHT[link.slots], y))
        for way in (0, 1):
            y = goal
            while (block := blocking(y, ends)) is not None and y >= least:
                y = block[way] + (1e-6 if way else -1e-6)
            if y >= least:
                tries.append((abs(y - goal), y))
        _, y = min(tries)
        found.y[node] = y
        low = y + bottom
