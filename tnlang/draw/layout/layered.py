"""Any network: items in columns from left to right, long wires led through free slots of the columns between.

No wire can run into a foreign item, since every column that it passes keeps a slot for it. The order within
the columns is improved by sweeps that put every item at the mean of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import LEFT, RIGHT, Box, union
from tnlang.draw.layout.box import Placed, Port, merged, route
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.items import label_room, shape_item
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.layout.paths import neighbours
from tnlang.draw.scene import Path, Point

COLUMN_GAP, ROW_GAP, SLOT = 44.0, 26.0, 20.0
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place in a column that a long wire runs through."""

    line: int
    column: int


_Node = int | _Slot


@dataclass(slots=True)
class _Columns:
    index: Index
    level: Level
    column: dict[int, int]
    nodes: list[list[_Node]] = field(default_factory=list)
    chains: dict[int, list[_Node]] = field(default_factory=dict)
    """For each edge's line the nodes it runs through, from left to right."""
    out: dict[int, Side] = field(default_factory=dict)
    """For each line that leaves the level the side."""


def layered(index: Index, level: Level, want: Mapping[int, Side], inner: Inner) -> Placed:
    """The level in columns; wires that leave it do so at the left or right."""
    columns = _Columns(index, level, _columns(index, level, want))
    _fill(columns, want)
    _sort(columns)
    placed = {item: _item(columns, item, inner) for item in level.items}
    height = {item: placed[item].box for item in level.items}
    y = _heights(columns, height)
    return _assemble(columns, placed, y)


# ---------------------------------------------------------------- columns


def _columns(index: Index, level: Level, want: Mapping[int, Side]) -> dict[int, int]:
    """A column for each item: right of all its neighbours that the reader has met before."""
    near = neighbours(level)
    starts = sorted(
        level.items,
        key=lambda i: (not any(want.get(e.line) == "left" for e in level.of(i) if e.b is None), i),
    )
    order: list[int] = []
    for first in starts:
        if first not in order:
            order.append(first)
            for item in order[order.index(first) :]:
                order.extend(o for o in near[item] if o not in order)
    rank = {item: i for i, item in enumerate(order)}
    column: dict[int, int] = {}
    for item in order:
        column[item] = max((column[o] + 1 for o in near[item] if rank[o] < rank[item]), default=0)
    return column


def _fill(columns: _Columns, want: Mapping[int, Side]) -> None:
    """The nodes of the columns: items, and slots for wires that pass or leave."""
    last = max(columns.column.values())
    columns.nodes = [[] for _ in range(last + 1)]
    for item, at in sorted(columns.column.items()):
        columns.nodes[at].append(item)
    for edge in columns.level.edges:
        if edge.a == edge.b:
            continue
        if edge.b is None:
            at = columns.column[edge.a]
            wish = want.get(edge.line)
            side: Side = "left" if wish == "left" or (wish != "right" and at < last - at) else "right"
            columns.out[edge.line] = side
            passed = range(0, at) if side == "left" else range(at + 1, last + 1)
            ends: tuple[list[_Node], list[_Node]] = ([], [edge.a]) if side == "left" else ([edge.a], [])
        else:
            one, other = sorted((edge.a, edge.b), key=lambda i: columns.column[i])
            passed = range(columns.column[one] + 1, columns.column[other])
            ends = ([one], [other])
        slots: list[_Node] = []
        for at in passed:
            slot = _Slot(edge.line, at)
            slots.append(slot)
            columns.nodes[at].append(slot)
        columns.chains[edge.line] = [*ends[0], *slots, *ends[1]]


def _sort(columns: _Columns) -> None:
    """Sweeps to and fro; the order with the fewest crossings is kept."""
    joined = _joined(columns)
    best = ([list(nodes) for nodes in columns.nodes], _crossings(columns))
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        numbers = range(1, len(columns.nodes)) if forward else range(len(columns.nodes) - 2, -1, -1)
        for at in numbers:
            beside = columns.nodes[at - 1 if forward else at + 1]
            place = {node: i for i, node in enumerate(beside)}
            current = {node: i for i, node in enumerate(columns.nodes[at])}

            def key(
                node: _Node, place: dict[_Node, int] = place, current: dict[_Node, int] = current
            ) -> float:
                found = [place[o] for o in joined.get(node, ()) if o in place]
                return sum(found) / len(found) if found else float(current[node])

            columns.nodes[at].sort(key=key)
        count = _crossings(columns)
        if count < best[1]:
            best = ([list(nodes) for nodes in columns.nodes], count)
    columns.nodes = best[0]


def _joined(columns: _Columns) -> dict[_Node, list[_Node]]:
    found: dict[_Node, list[_Node]] = {}
    for chain in columns.chains.values():
        for a, b in pairwise(chain):
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
    return found


def _crossings(columns: _Columns) -> int:
    """How many pairs of wires between neighbouring columns change order."""
    place = {node: i for nodes in columns.nodes for i, node in enumerate(nodes)}
    at = {node: c for c, nodes in enumerate(columns.nodes) for node in nodes}
    between: dict[int, list[tuple[int, int]]] = {}
    for chain in columns.chains.values():
        for a, b in pairwise(chain):
            between.setdefault(at[a], []).append((place[a], place[b]))
    return sum(
        1
        for pairs in between.values()
        for i, (a, b) in enumerate(pairs)
        for c, d in pairs[i + 1 :]
        if (a - c) * (b - d) < 0
    )


# ---------------------------------------------------------------- places


def _item(columns: _Columns, item: int, inner: Inner) -> Placed:
    """An item with its wires at the left and right, in the order of what they lead to."""
    place = {node: i for nodes in columns.nodes for i, node in enumerate(nodes)}
    sides: dict[Side, list[tuple[float, int, Edge]]] = {"left": [], "right": []}
    for edge in columns.level.of(item):
        if edge.a == edge.b:
            continue
        chain = columns.chains[edge.line]
        at = chain.index(item)
        if at > 0:
            sides["left"].append((place[chain[at - 1]], edge.line, edge))
        elif at + 1 < len(chain):
            sides["right"].append((place[chain[at + 1]], edge.line, edge))
        else:
            sides[columns.out[edge.line]].append((1e3, edge.line, edge))
    ordered: dict[Side, list[Edge]] = {
        s: [e for *_, e in sorted(es, key=lambda t: t[:2])] for s, es in sides.items()
    }
    if item in columns.index.shapes:
        return shape_item(columns.index, item, ordered)
    placed = inner(item, {e.line: side for side, edges in ordered.items() for e in edges})
    along = [p.at[1] for p in placed.ports]
    return placed.moved(
        (-placed.box.center[0], -(sum(along) / len(along) if along else placed.box.center[1]))
    )


def _heights(columns: _Columns, boxes: Mapping[int, Box]) -> dict[_Node, float]:
    """A height for each node: near the mean of its neighbours, in order, with room between."""
    joined = _joined(columns)
    y: dict[_Node, float] = {}
    for nodes in columns.nodes:
        at = 0.0
        for node in nodes:
            top, bottom = _extent(node, boxes)
            y[node] = at - top
            at += bottom - top + ROW_GAP
    for turn in range(10):
        order = columns.nodes if turn % 2 == 0 else list(reversed(columns.nodes))
        for nodes in order:
            goal = [sum(y[o] for o in joined[n]) / len(joined[n]) if joined.get(n) else y[n] for n in nodes]
            _spread(nodes, goal, boxes, y)
    return y


def _extent(node: _Node, boxes: Mapping[int, Box]) -> tuple[float, float]:
    if isinstance(node, _Slot):
        return (-SLOT / 2, SLOT / 2)
    return (boxes[node].top, boxes[node].bottom)


def _spread(
    nodes: Sequence[_Node], goal: Sequence[float], boxes: Mapping[int, Box], y: dict[_Node, float]
) -> None:
    """Puts the nodes of a column as near to their goals as sizes allow: blocks that touch share a mean."""
    groups: list[tuple[list[int], float]] = []
    offset = [0.0]
    for i in range(1, len(nodes)):
        below, above = _extent(nodes[i - 1], boxes)[1], _extent(nodes[i], boxes)[0]
        gap = ROW_GAP if not isinstance(nodes[i], _Slot) or not isinstance(nodes[i - 1], _Slot) else 2.0
        offset.append(offset[-1] + below - above + gap)
    for i in range(len(nodes)):
        groups.append(([i], goal[i] - offset[i]))
        while len(groups) > 1 and groups[-2][1] > groups[-1][1]:
            (ids, mean), (before, other) = groups.pop(), groups.pop()
            share = (mean * len(ids) + other * len(before)) / (len(ids) + len(before))
            groups.append((before + ids, share))
    for ids, mean in groups:
        for i in ids:
            y[nodes[i]] = mean + offset[i]


def _assemble(columns: _Columns, placed: dict[int, Placed], y: Mapping[_Node, float]) -> Placed:
    x = 0.0
    centers: list[float] = []
    moved: dict[int, Placed] = {}
    for at, nodes in enumerate(columns.nodes):
        items = [n for n in nodes if not isinstance(n, _Slot)]
        left = max([-placed[i].box.left for i in items], default=0.0)
        right = max([placed[i].box.right for i in items], default=0.0)
        if at:
            x += left
        centers.append(x)
        for item in items:
            moved[item] = placed[item].moved((x, y[item]))
        words = [
            label_room(columns.index, line) for line, chain in columns.chains.items() if _starts(chain, items)
        ]
        x += right + max([COLUMN_GAP, *words])
    whole = merged([moved[item] for item in columns.level.items])
    ports = {(p.line, p.end): p for p in whole.ports}
    routes = dict(whole.routes)
    left_edge, right_edge = whole.box.left, whole.box.right
    leaving: list[Port] = []
    for edge in columns.level.edges:
        if edge.a == edge.b:
            continue
        chain = columns.chains[edge.line]
        points = [(centers[n.column], y[n]) for n in chain if isinstance(n, _Slot)]
        if edge.b is not None:
            one, other = ports[(edge.line, 0)], ports[(edge.line, 1)]
            if not isinstance(chain[0], _Slot) and not _belongs(columns, one, chain[0]):
                one, other = other, one
            path = _through(one, points, other)
            routes[edge.line] = path if one.end == 0 else geometry.reverse(path)
        else:
            port = next(p for p in whole.ports if p.line == edge.line)
            side = columns.out[edge.line]
            ends = points if side == "right" else list(reversed(points))
            leaving.append(_leave(port, ends, side, left_edge, right_edge))
    box = union(
        [whole.box, *(geometry.bbox(p) for p in routes.values()), *(geometry.bbox(p.path) for p in leaving)]
    )
    return Placed(whole.poses, whole.walls, routes, tuple(leaving), box)


def _starts(chain: Sequence[_Node], items: Sequence[int]) -> bool:
    return bool(chain) and chain[0] in items


def _belongs(columns: _Columns, port: Port, item: int) -> bool:
    """Whether a port's shape is the item, or stands in it or beside it."""
    if port.shape == item:
        return True
    found = columns.index.item_of(port.shape, columns.level.inside)
    if found == item:
        return True
    return any(
        via is not None and via.shape == port.shape
        for edge in columns.level.of(item)
        for via in (edge.via(item),)
    )


def _through(one: Port, points: Sequence[Point], other: Port) -> Path:
    """From a port through slots to another; level in every slot."""
    if not points:
        return route(one.path, one.normal, other.path, other.normal)
    parts = [route(one.path, one.normal, Path(points[0], ()), LEFT)]
    for a, b in pairwise(points):
        parts.append(curves.cubic(a, RIGHT, b, LEFT))
    parts.append(route(Path(points[-1], ()), RIGHT, other.path, other.normal))
    return geometry.join(*parts)


def _leave(port: Port, points: Sequence[Point], side: Side, left: float, right: float) -> Port:
    """A port led through slots to the edge of the level."""
    ahead, back = (RIGHT, LEFT) if side == "right" else (LEFT, RIGHT)
    path, normal = port.path, port.normal
    for point in points:
        path = route(path, normal, Path(point, ()), back)
        normal = ahead
    edge = right if side == "right" else left
    moved = Port(port.line, port.end, side, path, port.shape)
    if normal == ahead:
        return moved.to((edge, path.end[1])) if abs(path.end[0] - edge) > 1e-6 else moved
    end = (edge, path.end[1])
    return Port(port.line, port.end, side, route(path, normal, Path(end, ()), back), port.shape)
