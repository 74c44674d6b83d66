"""Large networks with many loops: shapes in rows and columns, wires in the channels between them.

Which shape stands where follows graphviz's places, ranked. A wire leaves its shape level, changes its height
beside the column on a track of its own, and runs along between two rows on a track of its own. So none meets
a foreign shape or lies on another, all cross at right angles, and every name has the room kept for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple

from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, move, union
from tnlang.draw.layout.box import Placed, Port, merged
from tnlang.draw.layout.channels import APART, MARGIN, Run, dense, tracks
from tnlang.draw.layout.columns import Columns, Node, Slot, Stub, choose_sides
from tnlang.draw.layout.freeform import places
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.items import label_room
from tnlang.draw.layout.layered import Channel, across, bearers_of, height_of, wired
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.stations import NEAR, Station, stations, steps, width_of
from tnlang.draw.scene import Point

_FREE, _BEYOND = 24.0, 12.0
"""A free leg's length; between its end and its name."""
_BESIDE = 6.0
"""Beside a name along the wire; where it stands beside an upright wire, its room has it."""
_NARROW = 0.7
"""A channel that can be narrower than this share of it is, though more wires cross in it."""
_MORE = 1.4
"""How much wider a column and its channel are than a row and its own is high, about."""
_TRIES = tuple(sign * 4.0 * n for n in range(13) for sign in (1.0, -1.0))
"""How far the wires at a side are moved from its middle, so that they do not meet its neighbour's."""
_STRAIGHT = 16.0
"""How much farther from the middle they may be for one that runs straight."""
_NAMED = 2
"""A name makes a shape wide by as many wires as this, about."""


class _Way(NamedTuple):
    """The run of a wire along rows: above which row, and from which channel to which."""

    row: int
    first: int
    last: int


def gridded(index: Index, part: Level, want: Mapping[int, Side], inner: Inner) -> Placed | None:
    """The level in rows and columns; None where bubbles are among its items, or there is no graphviz.

    Open legs end within the picture, beside their shapes.
    """
    found = places(part) if all(item in index.shapes for item in part.items) else None
    if found is None:
        return None
    columns, row = _cells(index, part, found)
    choose_sides(columns, want)
    joined = [edge for edge in part.edges if edge.b is not None]
    for edge in joined:
        ends = (Stub(edge.a, edge.line, 0), Stub(edge.b or 0, edge.line, 1))
        turns = columns.channel(ends[0]) != columns.channel(ends[1])
        columns.chains[edge.line] = (ends[0], *(Slot(edge.line, 0),) * turns, ends[1])
    bearers = _bearers(columns)
    ends_of = {stop for chain in columns.chains.values() for stop in chain if isinstance(stop, Stub)}
    columns.nameless = frozenset(ends_of - set(bearers.values()))
    stubs = _stubs(columns, row)
    columns.heights = _between(columns, row, stubs)
    built = stations(columns, stubs, inner)
    ways = _ways(columns, row)
    y, levels = _heights(columns, row, built, ways)
    channels = _channels(columns, built, y, ways, levels)
    for line, stub in bearers.items():
        _keep(columns, channels, stub, label_room(index, line) + _BESIDE * (not index.turned))
    loose = [Stub(edge.a, edge.line, 0) for edge in part.edges if edge.b is None]
    for stub in loose:
        _keep(columns, channels, stub, _FREE + _BEYOND + label_room(index, stub.line))
    for here in channels:
        ordered, packed = tracks(here.ways), dense(here.ways)
        here.tracks, here.wide = packed if packed[1] < _NARROW * ordered[1] else ordered
    centers = across(columns, built, channels)
    poses = merged([built[i].placed.moved((centers[columns.column[i]], y[i])) for i in part.items])
    ends_at = [y[i] + s.top for i, s in built.items()] + [y[i] + s.bottom for i, s in built.items()]
    ends_at += levels.values()
    whole = Box(channels[0].left, min(ends_at), channels[-1].right, max(ends_at))
    placed = wired(
        columns, built, y, centers, channels, bearers, replace(poses, box=union((poses.box, whole)))
    )
    ports = tuple(_open(built, stub, (centers[columns.column[stub.item]], y[stub.item])) for stub in loose)
    return replace(placed, ports=ports)


def _cells(index: Index, part: Level, found: Mapping[str, Point]) -> tuple[Columns, dict[int, int]]:
    """The column and the row of each item: as many in each, in the order of their places."""
    at = {item: found[str(item)] for item in part.items}
    count = len(part.items)
    wide, high = (max(p[i] for p in at.values()) - min(p[i] for p in at.values()) + 1.0 for i in (0, 1))
    rows = min(count, max(1, round((_MORE * count * high / wide) ** 0.5)))
    order = sorted(part.items, key=lambda item: (at[item], item))
    nodes = [sorted(order[i : i + rows], key=lambda item: (at[item][1], item)) for i in range(0, count, rows)]
    column = {item: c for c, items in enumerate(nodes) for item in items}
    columns = Columns(index, part, column, nodes=[list(items) for items in nodes])
    columns.edges = {edge.line: edge for edge in part.edges}
    return columns, {item: r for items in nodes for r, item in enumerate(items)}


_Stubs = Mapping[int, Mapping[Side, Sequence[Stub]]]


def _stubs(columns: Columns, row: Mapping[int, int]) -> _Stubs:
    """For each item the ends of its wires at both sides, by how high the other ends are."""
    found: dict[int, dict[Side, list[Stub]]] = {item: {"left": [], "right": []} for item in row}
    for stub, side in columns.side.items():
        found[stub.item][side].append(stub)

    def key(stub: Stub) -> tuple[int, int, int]:
        edge = columns.edges[stub.line]
        other = edge.b if stub.end == 0 else edge.a
        return (row[stub.item] if other is None else row[other], stub.line, stub.end)

    return {item: {s: sorted(stubs, key=key) for s, stubs in both.items()} for item, both in found.items()}


def _bearers(columns: Columns) -> dict[int, Stub]:
    """For each named wire the end at which its name stands.

    Beside upright wires, where names make shapes wide, it is the end where fewer others are.
    """
    found = bearers_of(columns)
    if not columns.index.turned:
        return found
    load = Counter((stub.item, side) for stub, side in columns.side.items())
    for line in found:
        ends = [stop for stop in columns.chains[line] if isinstance(stop, Stub)]
        found[line] = min(ends, key=lambda stub: load[stub.item, columns.side[stub]])
        load[found[line].item, columns.side[found[line]]] += _NAMED
    return found


def _between(columns: Columns, row: Mapping[int, int], stubs: _Stubs) -> dict[Stub, float]:
    """The heights of all wires' ends: an item's left ones keep apart from its neighbour's right ones."""
    cell = {(columns.column[item], r): item for item, r in row.items()}
    found: dict[Stub, float] = {}
    for item in sorted(row, key=lambda item: columns.column[item]):
        beside = cell.get((columns.column[item] - 1, row[item]))
        theirs = () if beside is None else stubs[beside]["right"]
        across = [(found[stub], stub.line) for stub in theirs]
        found.update(_level(columns, stubs[item]["left"], across))
        found.update(_level(columns, stubs[item]["right"], ()))
    return found


def _level(columns: Columns, stubs: Sequence[Stub], others: Sequence[tuple[float, int]]) -> dict[Stub, float]:
    """Heights for wires at one side, as near the middle as they can be between those that come across.

    Where one of them joins the two items it runs straight if it can.
    """
    if not stubs:
        return {}
    wide = {line: width_of(columns.index, line) for line in {s.line for s in stubs} | {n for _, n in others}}
    down = list(accumulate(steps(columns, stubs), initial=0.0))
    joined = [y - at for at, stub in zip(down, stubs, strict=True) for y, line in others if line == stub.line]
    best: tuple[float, list[float]] | None = None
    for first in [*joined, *(by - down[-1] / 2 for by in _TRIES)]:
        ys: list[float] = []
        for number, stub in enumerate(stubs):
            y = ys[-1] + down[number] - down[number - 1] if ys else first
            for other, line in others:  # from above to below
                near = NEAR + (wide[stub.line] + wide[line]) / 2
                if line == stub.line and other - near < y <= other:
                    y = other
                elif abs(y - other) < near and (line != stub.line or y != other):
                    y = other + near
            ys.append(y)
        straight = sum((y, stub.line) in others for y, stub in zip(ys, stubs, strict=True))
        cost = max(abs(ys[0]), abs(ys[-1])) - _STRAIGHT * straight
        if best is None or cost < best[0]:
            best = (cost, ys)
    assert best is not None
    return dict(zip(stubs, best[1], strict=True))


def _ways(columns: Columns, row: Mapping[int, int]) -> dict[int, _Way]:
    """For each wire between two channels the row above which it runs: of those on its way the emptiest."""
    found: dict[int, _Way] = {}
    load: dict[int, int] = {}
    for line, chain in columns.chains.items():
        if len(chain) < 3:
            continue
        one, other = chain[0], chain[-1]
        assert isinstance(one, Stub) and isinstance(other, Stub)
        low, high = sorted((row[one.item], row[other.item]))
        between = range(low + 1, high + 1) if low < high else range(low, low + 2)
        above = min(between, key=lambda r: (load.get(r, 0), abs(r - row[one.item])))
        first, last = columns.channel(one), columns.channel(other)
        load[above] = load.get(above, 0) + abs(last - first)
        found[line] = _Way(above, first, last)
    return found


def _heights(
    columns: Columns,
    row: Mapping[int, int],
    built: Mapping[int, Station],
    ways: Mapping[int, _Way],
) -> tuple[dict[Node, float], dict[int, float]]:
    """The heights of the items, and of the wires along rows: on as few tracks as there can be."""
    rows: list[list[int]] = [[] for _ in range(max(row.values()) + 1)]
    for item, r in row.items():
        rows[r].append(item)
    above: list[list[int]] = [[] for _ in range(len(rows) + 1)]
    for line, way in ways.items():
        above[way.row].append(line)
    y: dict[Node, float] = {}
    levels: dict[int, float] = {}
    pitch = APART + max((width_of(columns.index, line) for line in ways), default=0.0)
    low = 0.0
    for r, lines in enumerate(above):
        if lines:
            track, count = _packed({line: ways[line] for line in lines})
            levels.update({line: low + MARGIN + pitch * track[line] for line in lines})
            low += pitch * (count - 1) + 2 * MARGIN
        if r < len(rows):
            middle = low - min(built[item].top for item in rows[r])
            y.update(dict.fromkeys(rows[r], middle))
            low = max(y[item] + built[item].bottom for item in rows[r])
    return y, levels


def _packed(ways: Mapping[int, _Way]) -> tuple[dict[int, int], int]:
    """A track for each run, apart from all that come into the same channels; how many there are."""
    track: dict[int, int] = {}
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    count = 0
    for line in sorted(ways, key=lambda line: (min(ways[line][1:]), line)):
        first, last = sorted(ways[line][1:])
        while busy and busy[0][0] < first:
            heappush(free, heappop(busy)[1])
        if not free:
            heappush(free, count)
            count += 1
        track[line] = heappop(free)
        heappush(busy, (last, track[line]))
    return track, count


def _channels(
    columns: Columns,
    built: Mapping[int, Station],
    y: Mapping[Node, float],
    ways: Mapping[int, _Way],
    levels: Mapping[int, float],
) -> list[Channel]:
    """The channels between columns with the wires that change their height there."""
    channels = [Channel() for _ in range(len(columns.nodes) + 1)]

    def add(line: int, number: int, at: int, run: Run) -> None:
        channels[at].runs.append((line, number))
        channels[at].ways.append(run)

    for line, chain in columns.chains.items():
        one, other = chain[0], chain[-1]
        start, end = height_of(built, y, one), height_of(built, y, other)
        wide = width_of(columns.index, line)
        assert isinstance(one, Stub) and isinstance(other, Stub)
        first, last = columns.channel(one), columns.channel(other)
        starts, ends = columns.left_of(one, first), columns.left_of(other, last)
        if line in ways:
            add(line, 0, first, Run(line, start, levels[line], starts, last < first, wide))
            add(line, 1, last, Run(line, levels[line], end, first < last, ends, wide))
        else:
            add(line, 0, first, Run(line, start, end, starts, ends, wide))
    return channels


def _keep(columns: Columns, channels: Sequence[Channel], stub: Stub, room: float) -> None:
    """Keeps room in a channel beside an item for what stands at an end of a wire."""
    here, left = channels[columns.channel(stub)], columns.side[stub] == "right"
    here.names[left] = max(here.names[left], room)


def _open(built: Mapping[int, Station], stub: Stub, at: Point) -> Port:
    """An open leg: so long that its name stands beyond it."""
    port = built[stub.item].ports[stub]
    port = replace(port, path=move(port.path, at))
    rim = at[0] + (
        built[stub.item].placed.box.right if port.side == "right" else built[stub.item].placed.box.left
    )
    x = rim + (_FREE if port.side == "right" else -_FREE)
    return replace(port.to((x, port.at[1])), fixed=True)
