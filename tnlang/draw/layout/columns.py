"""Which column each item of a network stands in, on which side its wires leave, and in which order all stand.

Between columns lie channels: channel k is left of column k. A wire that leaves an item on the right starts in
the channel right of it. On its way to the channel of its other end it passes columns, and in each of them it
has a slot, as if it were an item; so no wire ever meets an item that it does not end on.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw.diagram import Shape, Side
from tnlang.draw.layout.items import OPPOSITE
from tnlang.draw.layout.level import INLINE, Edge, Index, Level
from tnlang.draw.layout.paths import neighbours

_SWEEPS = 16
_MUCH = 40_000
"""Columns and wires together; where there are more, fewer sweeps have to do."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a column that a wire runs through."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Stub:
    """An end of a wire at an item: ``end`` 0 is the edge's ``a``, 1 its ``b``."""

    item: int
    line: int
    end: int


Node = int | Slot
Stop = Stub | Slot


@dataclass(slots=True)
class Columns:
    """``chains`` has for each wire of the level its stops in order, ``out`` for those that leave the side.

    At the ends in ``nameless`` no name stands, so that they need no room for one; ends in ``heights`` lie so
    far below the middle of their item.
    """

    index: Index
    level: Level
    column: dict[int, int]
    side: dict[Stub, Side] = field(default_factory=dict)
    nodes: list[list[Node]] = field(default_factory=list)
    chains: dict[int, tuple[Stop, ...]] = field(default_factory=dict)
    out: dict[int, Side] = field(default_factory=dict)
    edges: dict[int, Edge] = field(default_factory=dict)
    nameless: frozenset[Stub] = frozenset()
    heights: dict[Stub, float] = field(default_factory=dict)

    def channel(self, stub: Stub) -> int:
        """The channel in which a wire's end lies."""
        return self.column[stub.item] + (self.side[stub] == "right")

    def runs(self) -> list[tuple[int, int, Stop, Stop]]:
        """The ways of all wires through single channels: line, channel, and the two stops."""
        found = []
        for line, chain in self.chains.items():
            start = self.channel(chain[0]) if isinstance(chain[0], Stub) else 0
            onward = len(chain) < 2 or node_of(chain[1]) == Slot(line, start)
            for number, (one, other) in enumerate(pairwise(chain)):
                found.append((line, start + number if onward else start - number, one, other))
        return found

    def left_of(self, stop: Stop, channel: int) -> bool:
        """Whether a stop lies at the left of a channel."""
        if isinstance(stop, Slot):
            return stop.column < channel
        return self.column[stop.item] < channel

    def sides(self) -> dict[int, dict[Side, list[Stub]]]:
        """For each item the wires' ends at its sides, in the order of what they lead to."""
        place = {node: i for nodes in self.nodes for i, node in enumerate(nodes)}
        of = {node: c for c, nodes in enumerate(self.nodes) for node in nodes}
        keyed: dict[int, dict[Side, list[tuple[float, int, int, Stub]]]] = {
            item: {"left": [], "right": []} for item in self.level.items
        }
        for line, chain in self.chains.items():
            for number, stop in enumerate(chain):
                if not isinstance(stop, Stub):
                    continue
                beside = chain[1] if number == 0 and len(chain) > 1 else chain[-2] if number else None
                if beside is None:
                    key = float(place[stop.item])
                else:
                    node = node_of(beside)
                    key = float(place[node])
                    if of[node] == of[stop.item]:  # its way turns: outermost
                        key = -1e6 + key if key < place[stop.item] else 1e6 - key
                keyed[stop.item][self.side[stop]].append((key, line, stop.end, stop))
        return {
            item: {
                side: [stub for *_, stub in sorted(found, key=lambda f: f[:3])]
                for side, found in both.items()
            }
            for item, both in keyed.items()
        }


def node_of(stop: Stop) -> Node:
    """What stands in the column: the slot itself, or the item of an end."""
    return stop if isinstance(stop, Slot) else stop.item


def columns_of(index: Index, level: Level, want: Mapping[int, Side]) -> Columns:
    """The columns of a level that hangs together, everything in its order."""
    columns = Columns(index, level, _ranks(level, want))
    columns.edges = {edge.line: edge for edge in level.edges}
    choose_sides(columns, want)
    _lead(columns)
    _order(columns)
    return columns


def _ranks(level: Level, want: Mapping[int, Side]) -> dict[int, int]:
    """A column for each item: right of all its neighbours that the reader has met before."""
    near = neighbours(level)
    first = min(
        level.items,
        key=lambda i: (
            not any(want.get(e.line) == "left" for e in level.of(i) if e.b is None),
            len(near[i]),
            i,
        ),
    )
    rank = {first: 0}
    order = [first]
    for item in order:
        for other in near[item]:
            if other not in rank:
                rank[other] = len(order)
                order.append(other)
    column: dict[int, int] = {}
    for item in order:
        column[item] = max((column[o] + 1 for o in near[item] if rank[o] < rank[item]), default=0)
    for item in reversed(order):  # what only leads on stands close to what it leads to
        later = [column[o] for o in near[item] if column[o] > column[item]]
        before = [column[o] for o in near[item] if column[o] < column[item]]
        if later and len(later) > len(before) and item != first:
            column[item] = min(later) - 1
    used = {c: n for n, c in enumerate(sorted(set(column.values())))}
    return {item: used[c] for item, c in column.items()}


def choose_sides(columns: Columns, want: Mapping[int, Side]) -> None:
    last = max(columns.column.values())
    for edge in columns.level.edges:
        one = Stub(edge.a, edge.line, 0)
        at = columns.column[edge.a]
        if edge.b is None:
            wish = want.get(edge.line)
            side: Side = "left" if wish == "left" or (wish != "right" and at < last - at) else "right"
            columns.out[edge.line] = columns.side[one] = side
            continue
        other = Stub(edge.b, edge.line, 1)
        to = columns.column[edge.b]
        columns.side[one] = "left" if to < at else "right"
        columns.side[other] = "left" if at < to else "right"
    for item in columns.level.items:
        if item in columns.index.shapes:
            _part(columns, columns.index.shapes[item])


def _part(columns: Columns, shape: Shape) -> None:
    """Legs that must leave opposite one another do: a bundle and its members, what lies on a wire."""
    if shape.symbol == "fork" or shape.symbol in INLINE:
        first = set(shape.legs[:1])
    elif shape.outline == "triangle" and shape.symbol == "tensor":
        first = {shape.legs[i] for i in shape.tip if i < len(shape.legs)}
    else:
        return
    stubs = [
        Stub(shape.id, edge.line, end)
        for edge in columns.level.of(shape.id)
        for end in ((0, 1) if edge.a == edge.b else (0,) if edge.a == shape.id else (1,))
    ]
    twice = {stub.line for stub in stubs if stub.end == 1} & {stub.line for stub in stubs if stub.end == 0}
    small = [
        stub
        for stub in stubs
        if near_line(columns.edges[stub.line], stub.end) in first
        and not (stub.line in twice and stub.end == 1)
    ]
    large = [stub for stub in stubs if stub not in small]
    ahead = sum(columns.side[s] == "right" for s in small) + sum(columns.side[s] == "left" for s in large)
    side: Side = "right" if 2 * ahead > len(stubs) else "left"
    for stub in stubs:
        columns.side[stub] = side if stub in small else OPPOSITE[side]


def near_line(edge: Edge, end: int) -> int:
    """The line at the item itself at an end of an edge: the one before a shape that lies on the wire."""
    via = edge.via_a if end == 0 else edge.via_b
    return via.near if via is not None else edge.line


def _lead(columns: Columns) -> None:
    """The stops of every wire, and the nodes of every column."""
    count = max(columns.column.values()) + 1
    columns.nodes = [[] for _ in range(count)]
    for item in columns.level.items:
        columns.nodes[columns.column[item]].append(item)
    for edge in columns.level.edges:
        one = Stub(edge.a, edge.line, 0)
        start = columns.channel(one)
        if edge.b is None:
            stop = 0 if columns.out[edge.line] == "left" else count
            ends: tuple[Stub, ...] = ()
        else:
            other = Stub(edge.b, edge.line, 1)
            stop, ends = columns.channel(other), (other,)
        passed = range(start, stop) if start <= stop else range(start - 1, stop - 1, -1)
        slots = [Slot(edge.line, at) for at in passed]
        for slot in slots:
            columns.nodes[slot.column].append(slot)
        columns.chains[edge.line] = (one, *slots, *ends)


# ---------------------------------------------------------------- the order within columns


def _order(columns: Columns) -> None:
    """Sweeps to and fro put nodes at the mean of their neighbours; the fewest crossings are kept."""
    before: list[dict[Node, list[Node]]] = [{}, {}]
    """What each node is joined to in the column left of it, and right of it."""
    pairs: dict[int, list[tuple[Node, Node]]] = {}
    for _, channel, one, other in columns.runs():
        if columns.left_of(one, channel) == columns.left_of(other, channel):
            continue
        low, high = (one, other) if columns.left_of(one, channel) else (other, one)
        a, b = node_of(low), node_of(high)
        before[0].setdefault(b, []).append(a)
        before[1].setdefault(a, []).append(b)
        pairs.setdefault(channel, []).append((a, b))
    best = ([list(nodes) for nodes in columns.nodes], _crossings(columns.nodes, pairs))
    size = sum(map(len, columns.nodes))
    sweeps = _SWEEPS if size * _SWEEPS < _MUCH * 8 else 6
    for sweep in range(sweeps):
        forward = sweep % 2 == 0
        joined = before[0] if forward else before[1]
        numbers = range(1, len(columns.nodes)) if forward else range(len(columns.nodes) - 2, -1, -1)
        for at in numbers:
            beside = columns.nodes[at - 1 if forward else at + 1]
            place = {node: i for i, node in enumerate(beside)}
            mean: dict[Node, float] = {}
            known = 0.0
            for node in columns.nodes[at]:
                found = [place[o] for o in joined.get(node, ())]
                known = mean[node] = sum(found) / len(found) if found else known
            columns.nodes[at].sort(key=lambda node, mean=mean: mean[node])  # type: ignore[misc]
        count = _crossings(columns.nodes, pairs)
        if count < best[1]:
            best = ([list(nodes) for nodes in columns.nodes], count)
    columns.nodes = best[0]


def _crossings(nodes: Sequence[Sequence[Node]], pairs: Mapping[int, Sequence[tuple[Node, Node]]]) -> int:
    """How many pairs of wires change order between neighbouring columns."""
    place = {node: i for column in nodes for i, node in enumerate(column)}
    total = 0
    for joined in pairs.values():
        seen: list[int] = []
        for _, right in sorted((place[a], place[b]) for a, b in joined):
            total += len(seen) - bisect_left(seen, right + 1)
            insort(seen, right)
    return total
