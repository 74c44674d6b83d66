"""Any network, in columns from left to right, correct by how it is made.

Every wire leaves its items level, at a height of its own, changes heights in the channels between columns
on tracks of its own, and passes a column through a slot. What stands in a bubble is laid out first and is
then an item with wires at its left and right, so this holds for nested bubbles too. Beside one end of each
wire room is kept for its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.box import Placed, Port, merged
from tnlang.draw.layout.channels import MARGIN, Run, rounds, tracks
from tnlang.draw.layout.columns import Columns, Node, Slot, Stop, Stub, columns_of
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.heights import heights
from tnlang.draw.layout.items import label_room
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.stations import Station, named_here, stations, width_of
from tnlang.draw.scene import Path, Point

COLUMN_GAP = 26.0


@dataclass(slots=True)
class Channel:
    """A channel's wires, the room for names at both its sides, and where it lies."""

    runs: list[tuple[int, int]] = field(default_factory=list)
    """Line and place in the line's chain."""
    ways: list[Run] = field(default_factory=list)
    names: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    tracks: dict[int, float] = field(default_factory=dict)
    wide: float = 0.0
    left: float = 0.0
    right: float = 0.0


def layered(index: Index, level: Level, want: Mapping[int, Side], inner: Inner) -> Placed:
    """The level in columns; wires that leave it do so at the left or right."""
    columns = columns_of(index, level, want)
    built = stations(columns, columns.sides(), inner)
    y = heights(columns, built)
    bearers = bearers_of(columns)
    channels = _channels(columns, built, y, bearers)
    centers = across(columns, built, channels)
    placed = merged(
        [built[item].placed.moved((centers[columns.column[item]], y[item])) for item in level.items]
    )
    top = min(y[n] + s.top for n, s in built.items()) + 8.0
    bottom = max(y[n] + s.bottom for n, s in built.items()) - 8.0
    slots = [y[node] for nodes in columns.nodes for node in nodes if isinstance(node, Slot)]
    whole = Box(channels[0].left, min([top, *slots]), channels[-1].right, max([bottom, *slots]))
    return wired(
        columns, built, y, centers, channels, bearers, replace(placed, box=union((placed.box, whole)))
    )


def bearers_of(columns: Columns) -> dict[int, Stub]:
    """For each wire named in this level the end at which the name stands: one on the right, if any."""
    found: dict[int, Stub] = {}
    for line, chain in columns.chains.items():
        if named_here(columns.edges[line]) and columns.index.lines[line].label:
            stubs = [stop for stop in chain if isinstance(stop, Stub)]
            found[line] = min(stubs, key=lambda stub: columns.side[stub] != "right")
    return found


def height_of(built: Mapping[int, Station], y: Mapping[Node, float], stop: Stop) -> float:
    return y[stop] if isinstance(stop, Slot) else y[stop.item] + built[stop.item].height(stop)


def _channels(
    columns: Columns, built: Mapping[int, Station], y: Mapping[Node, float], bearers: Mapping[int, Stub]
) -> list[Channel]:
    """All channels with their tracks, not placed yet."""
    channels = [Channel() for _ in range(len(columns.nodes) + 1)]
    place: dict[int, int] = {}
    for line, channel, one, other in columns.runs():
        number = place[line] = place.get(line, -1) + 1
        here = channels[channel]
        here.runs.append((line, number))
        here.ways.append(
            Run(
                line,
                height_of(built, y, one),
                height_of(built, y, other),
                columns.left_of(one, channel),
                columns.left_of(other, channel),
                width_of(columns.index, line),
            )
        )
    for line, stub in bearers.items():
        here, left = channels[columns.channel(stub)], columns.side[stub] == "right"
        here.names[left] = max(here.names[left], label_room(columns.index, line) + 6.0)
    for here in channels:
        here.tracks, here.wide = tracks(here.ways)
    return channels


def across(columns: Columns, built: Mapping[int, Station], channels: Sequence[Channel]) -> list[float]:
    """The columns' centres, from left to right; places the channels."""
    x, centers = 0.0, []
    for number, here in enumerate(channels):
        here.left = x
        x += here.names[True] + here.names[False]
        if here.tracks:
            first = x - here.names[False] + MARGIN
            here.tracks = {i: first + at for i, at in here.tracks.items()}
            x += here.wide + 2 * MARGIN
        inner = 0 < number < len(channels) - 1
        x = here.right = max(x, here.left + COLUMN_GAP) if inner else x
        if number < len(columns.nodes):
            items = [n for n in columns.nodes[number] if not isinstance(n, Slot)]
            left = max([-built[i].placed.box.left for i in items], default=0.0)
            right = max([built[i].placed.box.right for i in items], default=0.0)
            centers.append(x + left)
            x += left + right
    return centers


def wired(
    columns: Columns,
    built: Mapping[int, Station],
    y: Mapping[Node, float],
    centers: Sequence[float],
    channels: Sequence[Channel],
    bearers: Mapping[int, Stub],
    placed: Placed,
) -> Placed:
    """The placed items joined by their wires."""
    corners: dict[tuple[int, int], tuple[tuple[Point, float], ...]] = {}
    for here in channels:
        low, high = here.left + here.names[True], here.right - here.names[False]
        radii = rounds(here.ways, here.tracks, low, high)
        for i, x in here.tracks.items():
            run, (one, other) = here.ways[i], radii[i]
            corners[here.runs[i]] = (((x, run.start), one), ((x, run.end), other))
    routes, names = dict(placed.routes), dict(placed.names)
    leaving: list[Port] = []

    def port_of(stub: Stub) -> Port:
        port = built[stub.item].ports[stub]
        by = (centers[columns.column[stub.item]], y[stub.item])
        return replace(port, path=geometry.move(port.path, by))

    for line, chain in columns.chains.items():
        assert isinstance(chain[0], Stub)
        first = port_of(chain[0])
        turns = [corner for number in range(len(chain) - 1) for corner in corners.get((line, number), ())]
        if line in columns.out:
            edge = placed.box.left if columns.out[line] == "left" else placed.box.right
            last = Path((edge, height_of(built, y, chain[-1])), ())
            leaving.append(replace(first, side=columns.out[line], path=_along(first.path, turns, last)))
        else:
            assert isinstance(chain[-1], Stub)
            path = _along(first.path, turns, geometry.reverse(port_of(chain[-1]).path))
            routes[line] = path if first.end == 0 else geometry.reverse(path)
    for line, stub in bearers.items():
        here, level = channels[columns.channel(stub)], height_of(built, y, stub)
        if columns.side[stub] == "right":
            names[line] = curves.straight((here.left, level), (here.left + here.names[True], level))
        else:
            names[line] = curves.straight((here.right - here.names[False], level), (here.right, level))
    return replace(placed, routes=routes, ports=tuple(leaving), names=names)


def _along(first: Path, turns: Sequence[tuple[Point, float]], last: Path) -> Path:
    """From the end of one piece round all corners to the beginning of another."""
    points = [first.end, *(at for at, _ in turns), last.start]
    if geometry.distance(points[0], points[-1]) < 1e-6 and len(points) == 2:
        return geometry.join(first, last)
    between = curves.track(points, [radius for _, radius in turns])
    if not first.segments and not last.segments:
        return between
    return geometry.join(first, between, last)
