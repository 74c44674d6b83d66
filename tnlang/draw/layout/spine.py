"""The spine: a straight row of items, and what hangs on it above and below.

The wires between neighbours run straight along one axis. What is left after taking the spine away falls
apart into components: one that is joined to a single item hangs on it, one joined to several (a dot where a
wire has three ends, a tensor that closes a loop) bridges them. Open legs of inner items go up or down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.box import Placed, Port, connect, merged
from tnlang.draw.layout.hang import GAP, Inner, between, hang
from tnlang.draw.layout.items import FORK_LENGTH, OPPOSITE, label_room, shape_item
from tnlang.draw.layout.level import Edge, Index, Level

WALL_GAP, CLEAR = 30.0, 14.0
"""Between neighbours beside a wall; between things that do not touch."""
_ACROSS: tuple[Side, Side] = ("up", "down")
_ALONG: tuple[Side, Side] = ("left", "right")


@dataclass(slots=True)
class _Hung:
    """A component beside the spine: the positions it is joined to, and the side it is on."""

    items: tuple[int, ...]
    edges: tuple[Edge, ...]
    at: tuple[int, ...]
    side: Side = "down"


@dataclass(slots=True)
class _Row:
    """The spine while it is put together."""

    index: Index
    level: Level
    path: tuple[int, ...]
    want: Mapping[int, Side]
    inner: Inner
    place: dict[int, int] = field(default_factory=dict)
    hung: list[_Hung] = field(default_factory=list)
    chords: list[tuple[Edge, Side]] = field(default_factory=list)
    sides: dict[int, dict[Side, list[Edge]]] = field(default_factory=dict)
    upper: set[int] = field(default_factory=set)


def spine(
    index: Index, level: Level, path: tuple[int, ...], want: Mapping[int, Side], inner: Inner
) -> Placed:
    """The level with ``path`` as its spine, the axis at height 0."""
    row = _Row(index, level, path, want, inner)
    row.place = {item: i for i, item in enumerate(path)}
    row.sides = {item: {"left": [], "right": [], "up": [], "down": []} for item in path}
    _along(row)
    _beside(row)
    _outward(row)
    parts = [_item(row, item) for item in path]
    return _put(row, parts)


# ---------------------------------------------------------------- sides


def _along(row: _Row) -> None:
    """Neighbours' edges leave along the spine, parallel wires in one order at both ends."""
    for a, b in pairwise(row.path):
        edges = [e for e in row.level.of(a) if {e.a, e.b} == {a, b}]
        edges.sort(key=lambda e: _rank(row, e, a, b))
        row.sides[a]["right"] = edges
        row.sides[b]["left"] = list(edges)


def _rank(row: _Row, edge: Edge, a: int, b: int) -> tuple[int, ...]:
    """The order across parallel wires: a fork's or tensor's order of legs; inline shapes' wires go first."""
    for item in (a, b):
        if item in row.index.shapes and row.index.shapes[item].symbol == "fork":
            return (row.index.leg_position(item, _line_at(edge, item)),)
    for item in (a, b):
        if item in row.index.shapes:
            return (row.index.leg_position(item, _line_at(edge, item)),)
    return (edge.line,)


def _line_at(edge: Edge, item: int) -> int:
    via = edge.via(item)
    return via.near if via is not None else edge.line


def _beside(row: _Row) -> None:
    """Components off the spine and wires that skip items are given a side, above or below."""
    taken: dict[Side, list[tuple[int, int]]] = {"up": [], "down": []}

    def claim(low: int, high: int, first: Side) -> Side:
        for side in (first, OPPOSITE[first]):
            if not any(_conflict((low, high), other) for other in taken[side]):
                taken[side].append((low, high))
                return side
        taken[first].append((low, high))
        return first

    rest = [item for item in row.level.items if item not in row.place]
    for items in row.level.only(rest).components():
        edges = tuple(
            e for e in row.level.inner_edges if (e.a in items) != (e.b in items) and e.b is not None
        )
        at = tuple(row.place[e.a if e.a in row.place else e.b] for e in edges if e.b is not None)
        row.hung.append(_Hung(items, edges, at))
    row.hung.sort(key=lambda h: (min(h.at) == max(h.at), max(h.at) - min(h.at), h.items))
    for hung in row.hung:
        hung.side = claim(min(hung.at), max(hung.at), _preferred(row, hung))
    for edge in row.level.inner_edges:
        if edge.b is None or edge.a not in row.place or edge.b not in row.place:
            continue
        low, high = sorted((row.place[edge.a], row.place[edge.b]))
        if high - low > 1 or low == high:
            row.chords.append((edge, claim(low, high, "up")))
    for hung in row.hung:
        for edge in hung.edges:
            item = edge.a if edge.a in row.place else edge.b
            assert item is not None
            row.sides[item][hung.side].append(edge)
    for edge, side in row.chords:
        if edge.b is not None and edge.a != edge.b:
            row.sides[edge.a][side].append(edge)
            row.sides[edge.b][side].append(edge)
    for item in row.path:
        for side in _ACROSS:
            row.sides[item][side].sort(key=lambda e: _target(row, e, item))


def _conflict(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans of the spine would meet on one side; they may share an end."""
    if one[0] == one[1] and other[0] == other[1]:
        return one == other
    return (one[0] < other[1] and other[0] < one[1]) or one == other


def _preferred(row: _Row, hung: _Hung) -> Side:
    """What has an open leg, and pins, stand above; leaves hang below."""
    wanted = [
        row.want[e.line]
        for item in hung.items
        for e in row.level.of(item)
        if e.b is None and e.line in row.want
    ]
    for side in wanted:
        if side in ("up", "down"):
            return side
    if wanted:
        return "up"
    pins = all(i in row.index.shapes and row.index.shapes[i].symbol == "pin" for i in hung.items)
    return "up" if pins else "down"


def _target(row: _Row, edge: Edge, item: int) -> float:
    """Where an edge off the spine goes to, as a position on it."""
    for hung in row.hung:
        if edge in hung.edges:
            return sum(hung.at) / len(hung.at)
    other = edge.other(item)
    return float(row.place[other]) if other in row.place else float(row.place[item])


def _outward(row: _Row) -> None:
    """Wires that leave the level: along the spine at its ends where wanted there, else up or down."""
    last = len(row.path) - 1
    for item in row.path:
        open_ = [e.line for e in row.level.of(item) if e.b is None and not row.index.asks(e.line)]
        down = [line for line in open_ if row.want.get(line) == "down"]
        if len(down) == 2 and row.level.inside is None:  # one leg above and one below: an operator
            row.upper.add(min(down, key=row.index.order_of_open))
    later: list[tuple[int, Edge]] = []
    for item in row.path:
        i = row.place[item]
        for edge in row.level.of(item):
            if edge.b is not None:
                continue
            side = row.want.get(edge.line)
            if edge.line in row.upper:
                side = "up"
            if edge.ended and side is None:
                side = "right" if i == last else "left" if i == 0 else "down"
            if side is not None and _open_there(row, i, side):
                row.sides[item][side].append(edge)
            else:
                later.append((i, edge))
    for i, edge in later:
        item = row.path[i]
        ends = [side for side in _ALONG if _open_there(row, i, side)]
        free = [side for side in ends if len(row.sides[item][side]) < 2]
        wanted = row.want.get(edge.line)
        room = [side for side in _ACROSS if not _covered(row, i, side)]
        if (wanted in _ACROSS and room) or not free:
            chosen = min(room, key=lambda s: len(row.sides[item][s])) if room else "up"
        else:
            chosen = min(free, key=lambda s: (len(row.sides[item][s]), s != wanted))
        row.sides[item][chosen].append(edge)
    for item in (row.path[0], row.path[-1]):
        for side in _ALONG:
            if all(e.b is None for e in row.sides[item][side]):
                row.sides[item][side].sort(key=lambda e: _leg_order(row, item, e))


def _open_there(row: _Row, i: int, side: Side) -> bool:
    """Whether a wire can leave at a side of a position."""
    match side:
        case "left":
            return i == 0
        case "right":
            return i == len(row.path) - 1
        case _:
            return not _covered(row, i, side)


def _leg_order(row: _Row, item: int, edge: Edge) -> int:
    return row.index.leg_position(item, _line_at(edge, item)) if item in row.index.shapes else edge.line


def _covered(row: _Row, i: int, side: Side) -> bool:
    """Whether something spans or hangs on a position at a side."""
    spans = [(min(h.at), max(h.at)) for h in row.hung if h.side == side]
    for edge, at in row.chords:
        if at == side and edge.b is not None:
            low, high = sorted((row.place[edge.a], row.place[edge.b]))
            spans.append((low, high))
    return any(low < i < high or low == high == i for low, high in spans)


# ---------------------------------------------------------------- places


def _item(row: _Row, item: int) -> Placed:
    """An item at the origin, its ports along the spine at height 0."""
    sides = row.sides[item]
    if item in row.index.shapes:
        return shape_item(row.index, item, sides)
    want = {edge.line: side for side, edges in sides.items() for edge in edges}
    placed = row.inner(item, want)
    along = [p for p in placed.ports if p.side in ("left", "right")]
    level = sum(p.at[1] for p in along) / len(along) if along else placed.box.center[1]
    return placed.moved((-placed.box.center[0], -level))


def _put(row: _Row, parts: list[Placed]) -> Placed:
    """Places the items one after the other, with all that hangs on a single one; then the bridges."""
    done: list[Placed] = []
    moved: list[Placed] = []
    rects: list[Box] = []
    for i in range(len(row.path)):
        cluster, extra = _with_hung(row, parts[i], i)
        if moved:
            gap = _gap(row, i - 1, moved[-1], cluster)
            x = moved[-1].box.right + gap - parts[i].box.left
            mine = [cluster.box, *extra]
            for fixed in rects:
                for box in mine:
                    if fixed.top < box.bottom + CLEAR and box.top < fixed.bottom + CLEAR:
                        x = max(x, fixed.right + CLEAR - box.left)
        else:
            x = 0.0
        cluster = cluster.moved((x, 0.0))
        moved.append(replace(cluster, box=parts[i].box.moved((x, 0.0))))
        done.append(cluster)
        rects.extend([parts[i].box.moved((x, 0.0)), *(b.moved((x, 0.0)) for b in extra)])
    whole = merged(done)
    routes = dict(whole.routes)
    ports = {(p.line, p.end): p for p in whole.ports}

    def both(line: int) -> tuple[Port, Port]:
        return ports.pop((line, 0)), ports.pop((line, 1))

    for a, b in pairwise(row.path):
        for edge in row.sides[a]["right"]:
            if edge.b is not None and {edge.a, edge.b} == {a, b}:
                one, other = both(edge.line)
                routes[edge.line] = connect(one, other)
    built = Placed(whole.poses, whole.walls, routes, tuple(ports.values()), whole.box)
    for edge, side in sorted(row.chords, key=lambda c: _span(row, c[0])):
        built = _chord(row, built, edge, side)
    for hung in row.hung:
        if min(hung.at) != max(hung.at):
            built = hang(row.index, row.level, built, hung.items, hung.edges, hung.side, row.want, row.inner)
    return built


def _span(row: _Row, edge: Edge) -> int:
    return abs(row.place[edge.a] - row.place[edge.b]) if edge.b is not None else 0


def _gap(row: _Row, i: int, left: Placed, right: Placed) -> float:
    """The distance of two neighbours' outlines: room for the longest word on the wires between."""
    a, b = row.path[i], row.path[i + 1]
    edges = row.sides[a]["right"]
    walls = (a in row.index.enclosures) + (b in row.index.enclosures)
    gap = GAP + (WALL_GAP - GAP) * min(1, walls)
    if any(n in row.index.shapes and row.index.shapes[n].symbol == "fork" for n in (a, b)):
        gap = max(gap, FORK_LENGTH)
    room = max((label_room(row.index, edge.line) for edge in edges), default=0.0)
    return max(gap, room)


def _with_hung(row: _Row, part: Placed, i: int) -> tuple[Placed, list[Box]]:
    """An item with the components that hang on it alone, and boxes to keep clear for its open legs."""
    built = part
    extra: list[Box] = []
    for hung in row.hung:
        if min(hung.at) == max(hung.at) == i:
            before = built
            built = hang(row.index, row.level, built, hung.items, hung.edges, hung.side, row.want, row.inner)
            fresh = [p.box for n, p in built.poses.items() if n not in before.poses]
            fresh += [w.box for n, w in built.walls.items() if n not in before.walls]
            extra.append(union(fresh))
    for port in part.ports:
        if port.side in ("up", "down"):
            x, y = port.at
            reach = 40.0 if port.side == "down" else -40.0
            extra.append(Box(x - 5, min(y, y + reach), x + 5, max(y, y + reach)))
    return built, extra


def _chord(row: _Row, built: Placed, edge: Edge, side: Side) -> Placed:
    """A wire that skips items, led round them; a loop from an item to itself is a circle."""
    if edge.a == edge.b:
        return _loop(row.index, built, edge, side)
    ports = {(p.line, p.end): p for p in built.ports}
    one, other = ports.pop((edge.line, 0)), ports.pop((edge.line, 1))
    low, high = sorted((one.at[0], other.at[0]))
    boxes = between(built, low - 6, high + 6)
    step = 30.0
    y = min(b.top for b in boxes) - step if side == "up" else max(b.bottom for b in boxes) + step
    path = curves.track((one.path.start, (one.at[0], y), (other.at[0], y), other.path.start), 24.0)
    box = union((built.box, geometry.bbox(path)))
    return Placed(built.poses, built.walls, {**built.routes, edge.line: path}, tuple(ports.values()), box)


def _loop(index: Index, built: Placed, edge: Edge, side: Side) -> Placed:
    pose = built.poses[edge.a]
    radius = 24.0
    sign = -1.0 if side == "up" else 1.0
    x, y = pose.at
    center = (x, y + sign * (pose.half[1] + radius - 8))
    begin = 90.0 if side == "up" else -90.0
    path = curves.arc(center, radius, begin, begin + 360.0)
    routes = {**built.routes, edge.line: path}
    return Placed(built.poses, built.walls, routes, built.ports, union((built.box, geometry.bbox(path))))
