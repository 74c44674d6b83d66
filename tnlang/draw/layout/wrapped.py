"""Long chains in rows, as text is: at a row's end wires run back between rows to the next one's start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, merged
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.layered import layered
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.orderly import room_of
from tnlang.draw.layout.paths import neighbours
from tnlang.draw.layout.spine import spine
from tnlang.draw.layout.stations import reach_of

LONGEST = 40
"""Chains of more items are wrapped."""
_HIGH = 3.5
"""How much wider than high all is, times how much higher a row is than one item and wire are long, about."""
_AWAY, _NEXT, _APART = 28.0, 12.0, 12.0
"""From the rows to the first wire beside them; from one such wire to the next; from rows to those between."""
_BESIDE = 2
"""So many parallel wires of a straight row have room for their names: one above, one below."""
_LEFT: Side = "left"
_RIGHT: Side = "right"


def wrapped(index: Index, part: Level, want: Mapping[int, Side], inner: Inner) -> Placed | None:
    """The level in rows; None if it is no chain, is not long, or stands in a bubble."""
    path = _path(part, want) if part.inside is None and len(part.items) > LONGEST else None
    if path is None:
        return None
    count = round((len(path) / _HIGH) ** 0.5)
    size = -(-len(path) // count)
    chunks = [path[i : i + size] for i in range(0, len(path), size)]
    cuts = [
        [e.line for e in part.inner_edges if {e.a, e.b} == {one[-1], other[0]}]
        for one, other in pairwise(chunks)
    ]
    edges = {edge.line: edge for edge in part.inner_edges}
    joints = Counter(frozenset((edge.a, edge.b)) for edge in part.inner_edges)
    thick = max(joints.values()) > _BESIDE
    sides: dict[int, Side] = dict(want)
    rows: list[Placed] = []
    levels: dict[int, float] = {}
    low = 0.0
    for number, chunk in enumerate(chunks):
        before, after = (cuts[n] if 0 <= n < len(cuts) else [] for n in (number - 1, number))
        sides |= dict.fromkeys(before, _LEFT) | dict.fromkeys(after, _RIGHT)
        here = part.only(chunk)
        row = layered(index, here, sides, inner) if thick else spine(index, here, chunk, sides, inner)
        room = room_of(index, row)
        rows.append(row.moved((-row.box.left, low - room.top)))
        low += room.height + _APART
        for line in reversed(after):  # the wire that leaves lowest runs back highest
            above, below = reach_of(index, edges[line])
            levels[line] = low + above
            low += above + below
        low += _APART
    return _joined(rows, levels)


def _path(part: Level, want: Mapping[int, Side]) -> tuple[int, ...] | None:
    """The items one after the other, from the one whose open leg goes left; None if they are no chain."""
    near = neighbours(part)
    ends = [item for item in part.items if len(near[item]) == 1]
    looped = any(edge.a == edge.b for edge in part.edges)
    if looped or len(ends) != 2 or any(len(others) > 2 for others in near.values()):
        return None
    first = min(ends, key=lambda i: (not any(want.get(e.line) == "left" for e in part.of(i)), i))
    path = [first]
    while len(path) < len(part.items):
        path.append(next(item for item in near[path[-1]] if len(path) < 2 or item != path[-2]))
    return tuple(path)


def _joined(rows: list[Placed], levels: Mapping[int, float]) -> Placed:
    """The rows with the wires between them: each turns twice at both ends, parallel ones never cross."""
    whole = merged(rows)
    routes, names, box = dict(whole.routes), dict(whole.names), whole.box
    for one, other in pairwise(rows):
        leaving = [p for p in one.ports if p.side == "right" and p.line in levels]
        leaving.sort(key=lambda port: port.at[1])
        for number, port in enumerate(leaving):
            arriving = next(p for p in other.ports if p.line == port.line)
            right = whole.box.right + _AWAY + _NEXT * (len(leaving) - 1 - number)
            left = whole.box.left - _AWAY - _NEXT * number
            y = levels[port.line]
            points = [
                port.at,
                (right, port.at[1]),
                (right, y),
                (left, y),
                (left, arriving.at[1]),
                arriving.at,
            ]
            between = curves.track(points, min(18.0, (y - port.at[1]) / 2, (arriving.at[1] - y) / 2))
            path = geometry.join(port.path, between, geometry.reverse(arriving.path))
            routes[port.line] = path if port.end == 0 else geometry.reverse(path)
            names[port.line] = curves.straight((left + _AWAY, y), (right - _AWAY, y))
            box = union((box, geometry.bbox(path)))
    ports = tuple(port for port in whole.ports if port.line not in levels)
    return replace(whole, routes=routes, names=names, ports=ports, box=box)
