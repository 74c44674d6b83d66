"""Where parallel tracks lie: one axis for each, rungs upright between them, open ends under one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Port, merged
from tnlang.draw.layout.hang import GAP, Inner, meet
from tnlang.draw.layout.items import label_room, shape_item
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.layout.tracks import Track, Tracks, tracks_of
from tnlang.draw.scene import Path

ROW, BETWEEN, LINK, CAP = 80.0, 34.0, 26.0, 24.0
"""From axis to axis at least; between outlines; round what links two tracks; before what closes them."""
PASS = 10.0


def tracks(index: Index, part: Level, inner: Inner, *, alike: bool) -> Placed | None:
    """The level as parallel tracks, outputs to the left (to the right where the flow says so).

    ``alike`` says whether it is tracks of one kind that are looked for (a circuit's qubits, which a grid or
    ring might show as well) or of different ones (position and hidden).
    """
    found = tracks_of(index, part, alike=alike)
    if found is None or (found.cap is not None and len(found.rows) != 2):
        return None
    rows = _Rows(index, part, found, inner)
    rows.choose_sides()
    if any(len(edges) > 1 for sides in rows.sides.values() for edges in sides.values()):
        return None
    if not rows.build():
        return None
    rows.put()
    return rows.routed()


@dataclass(slots=True)
class _Rows:
    index: Index
    part: Level
    found: Tracks
    inner: Inner
    row: dict[int, int] = field(default_factory=dict)
    sides: dict[int, dict[Side, list[Edge]]] = field(default_factory=dict)
    parts: dict[int, Placed] = field(default_factory=dict)
    x: dict[int, float] = field(default_factory=dict)
    y: list[float] = field(default_factory=list)

    @property
    def _lines(self) -> tuple[Track, ...]:
        """The tracks read from left to right."""
        return self.found.rows

    def _items(self, track: Track) -> tuple[int, ...]:
        return track.items[::-1] if self.index.flow == "right" else track.items

    def _ends(self, track: Track) -> tuple[Edge | None, Edge | None]:
        """The edges with which a track begins at the left and ends at the right."""
        ends = (track.first, track.last)
        return ends[::-1] if self.index.flow == "right" else ends

    # ------------------------------------------------------------ sides

    def choose_sides(self) -> None:
        self.row = {item: n for n, track in enumerate(self.found.rows) for item in track.items}
        for item in self.part.items:
            self.sides[item] = {"left": [], "right": [], "up": [], "down": []}
        for track in self.found.rows:
            items = self._items(track)
            left, right = self._ends(track)
            for n, item in enumerate(items):
                before = self._edge(items[n - 1], item) if n else left
                after = self._edge(item, items[n + 1]) if n + 1 < len(items) else right
                self.sides[item]["left"] += [before] if before else []
                self.sides[item]["right"] += [after] if after else []
            own = set(items)
            for item in items:
                for edge in self.part.of(item):
                    other = edge.other(item)
                    if other is not None and other not in own and other != self.found.cap:
                        self.sides[item]["down" if self._beneath(item, other) else "up"].append(edge)

    def _edge(self, a: int, b: int) -> Edge:
        return next(e for e in self.part.of(a) if e.other(a) == b)

    def _beneath(self, item: int, other: int) -> bool:
        """Whether what an item is joined to lies below its track."""
        if other in self.row:
            return self.row[other] > self.row[item]
        return max(self._rows_of(other)) > self.row[item]

    def _rows_of(self, link: int) -> list[int]:
        joined = (edge.other(link) for edge in self.part.of(link))
        return sorted({self.row[other] for other in joined if other is not None})

    # ------------------------------------------------------------ parts and places

    def build(self) -> bool:
        """Each item on its own, its axis at height 0. False if a bubble's legs leave it elsewhere."""
        for item in self.row:
            sides = self.sides[item]
            if item in self.index.shapes:
                self.parts[item] = shape_item(self.index, item, sides)
                continue
            placed = self.inner(item, {e.line: side for side, edges in sides.items() for e in edges})
            along = {round(p.at[1], 6) for p in placed.ports if p.side in ("left", "right")}
            if len(along) != 1 or any(p.line not in {e.line for e in sides[p.side]} for p in placed.ports):
                return False
            self.parts[item] = placed.moved((-placed.box.center[0], -along.pop()))
        return True

    def _units(self) -> list[tuple[int, ...]]:
        """Items that share a place along the tracks, the ends of a rung, in an order from left to right."""
        leader = {item: item for item in self.row}

        def find(item: int) -> int:
            while leader[item] != item:
                item = leader[item]
            return item

        for edge in self.part.inner_edges:
            if edge.a in self.row and edge.b in self.row and self.row[edge.a] != self.row[edge.b]:
                leader[find(edge.a)] = find(edge.b)
        for link in self.found.links:
            ends = [n for e in self.part.of(link) if (n := e.other(link)) is not None]
            if len(ends) == 2:
                leader[find(ends[0])] = find(ends[1])
        groups: dict[int, list[int]] = {}
        for item in self.row:
            groups.setdefault(find(item), []).append(item)
        waiting = [self._items(track) for track in self.found.rows]
        order: list[tuple[int, ...]] = []
        while any(waiting):
            heads = {items[0] for items in waiting if items}
            ready = next((g for g in groups.values() if g[0] in heads and set(g) <= heads), None)
            if ready is None:  # rungs that cross: each item for itself
                ready = [next(items[0] for items in waiting if items)]
            order.append(tuple(ready))
            waiting = [items[1:] if items and items[0] in ready else items for items in waiting]
        return order

    def put(self) -> None:
        """Places along the tracks, and how far apart they are."""
        units = self._units()
        floor: dict[int, float] = {}
        self._greedy(units, floor)
        for (
            link
        ) in self.found.links:  # what one track has alone and what the other has stand amid one another
            ends = [n for e in self.part.of(link) if (n := e.other(link)) is not None]
            for row in self._rows_of(link):
                mine = [n for n in ends if self.row[n] == row]
                rest = [n for n in ends if self.row[n] != row]
                if len(mine) == 1 and len(rest) > 1:
                    middle = sum(self.x[n] for n in rest) / len(rest)
                    floor[mine[0]] = max(self.x[mine[0]], middle)
                    floor.update({n: self.x[n] + floor[mine[0]] - middle for n in rest})
        self._greedy(units, floor)
        pins = [track.items[-1] for track in self.found.rows if track.last is None]
        if pins and self.index.flow != "right":  # what a circuit begins with stands under one another
            last = max(self.x[pin] for pin in pins)
            floor.update(dict.fromkeys(pins, last))
        end = max(self.x.values())
        shared = {item for unit in units if len(unit) > 1 for item in unit} | set(floor)
        for track in self.found.rows:
            if not shared & set(track.items):
                slack = (end - max(self.x[i] for i in track.items)) / 2
                floor.update({i: self.x[i] + slack for i in track.items})
        self._greedy(units, floor)
        self._apart()

    def _greedy(self, units: list[tuple[int, ...]], floor: Mapping[int, float]) -> None:
        frontier: list[float | None] = [None] * len(self.found.rows)
        for unit in units:
            spanned = range(min(self.row[i] for i in unit), max(self.row[i] for i in unit) + 1)
            x = max((floor[i] for i in unit if i in floor), default=0.0)
            mine = {self.row[i]: i for i in unit}
            for row in spanned:
                reach = frontier[row]
                if row not in mine:
                    x = max(x, reach + PASS if reach is not None else x)
                    continue
                room = self._room(mine[row])
                x = max(x, (reach + room if reach is not None else 0.0) - self.parts[mine[row]].box.left)
            for item in unit:
                self.x[item] = x
            for row in spanned:
                right = self.parts[mine[row]].box.right if row in mine else PASS
                frontier[row] = x + right

    def _room(self, item: int) -> float:
        """The gap left of an item."""
        return max([GAP, *(label_room(self.index, e.line) for e in self.sides[item]["left"])])

    def _apart(self) -> None:
        self.y = [0.0]
        for upper, lower in zip(range(len(self.found.rows)), range(1, len(self.found.rows)), strict=False):
            above = max(self.parts[i].box.bottom for i in self.found.rows[upper].items)
            below = max(-self.parts[i].box.top for i in self.found.rows[lower].items)
            links = [sum(self._gaps(n)) for n in self.found.links if self._rows_of(n)[0] == upper]
            rungs = [
                label_room(self.index, edge.line, across=True)
                for edge in self.part.inner_edges
                if edge.b is not None and {self.row.get(edge.a), self.row.get(edge.b)} == {upper, lower}
            ]
            self.y.append(self.y[-1] + max(ROW, above + below + max([BETWEEN, *links, *rungs])))

    def _gaps(self, link: int) -> tuple[float, float]:
        """The room above and below the middle of what links two tracks, for a straight wire's name too."""
        half = self.index.half(self.index.shapes[link])[1]
        rows = self._rows_of(link)
        lines: list[list[int]] = [[], []]
        for edge in self.part.of(link):
            end = edge.other(link)
            if end is not None:
                lines[self.row[end] > rows[0]].append(edge.line)
        rooms = ([label_room(self.index, line, across=True) for line in one] for one in lines)
        above, below = (half + (max(LINK, *room) if len(room) == 1 else LINK) for room in rooms)
        return above, below

    # ------------------------------------------------------------ wires

    def routed(self) -> Placed:
        placed = [self.parts[item].moved((self.x[item], self.y[row])) for item, row in self.row.items()]
        box = union(part.box for part in placed)
        for link in self.found.links:
            placed.append(self._link(link, merged(placed)))
        whole = merged(placed)
        ports = {(p.line, p.end): p for p in whole.ports}
        routes: dict[int, Path] = dict(whole.routes)
        for edge in self.part.inner_edges:
            if self.found.cap not in (edge.a, edge.b):
                one, other = ports.pop((edge.line, 0)), ports.pop((edge.line, 1))
                routes[edge.line] = meet(self.index, one, other)
        out: list[Port] = [
            p.to((box.left if p.side == "left" else box.right, p.at[1]))
            for p in ports.values()
            if p.line in {e.line for e in self.part.outer_edges}
        ]
        whole = Placed(whole.poses, whole.walls, routes, tuple(out), whole.box)
        if self.found.cap is not None:
            whole = self._capped(whole, self.found.cap, {p.line: p for p in ports.values()})
        boxes = [whole.box, *(geometry.bbox(path) for path in whole.routes.values())]
        whole = Placed(whole.poses, whole.walls, whole.routes, whole.ports, union(boxes))
        return whole.moved((0.0, -(self.y[0] + self.y[-1]) / 2))

    def _link(self, link: int, built: Placed) -> Placed:
        """What stands between two tracks: in line with its one end, else with legs to both sides."""
        ends = {e.line: n for e in self.part.of(link) if (n := e.other(link)) is not None}
        rows = self._rows_of(link)
        single = [n for n in ends.values() if [self.row[m] for m in ends.values()].count(self.row[n]) == 1]
        x = self.x[single[0]] if single else sum(self.x[n] for n in ends.values()) / len(ends)
        sides: dict[Side, list[Edge]] = {"left": [], "right": [], "up": [], "down": []}
        for edge in sorted(self.part.of(link), key=lambda e: self.x[ends[e.line]]):
            end = ends[edge.line]
            if abs(self.x[end] - x) < 1.0:
                sides["up" if self.row[end] == rows[0] else "down"].append(edge)
            else:
                sides["left" if self.x[end] < x else "right"].append(edge)
        part = shape_item(self.index, link, sides)
        upper = max(b.bottom for i, p in self.parts.items() if self.row[i] == rows[0] for b in (p.box,))
        lower = min(p.box.top for i, p in self.parts.items() if self.row[i] == rows[0] + 1)
        above, below = self._gaps(link)
        middle = (self.y[rows[0]] + upper + above + self.y[rows[0] + 1] + lower - below) / 2
        return part.moved((x, middle))

    def _capped(self, whole: Placed, cap: int, ends: Mapping[int, Port]) -> Placed:
        """What closes two tracks stands at their end, half-way between; they turn to it."""
        left = self.index.flow == "right"
        goal = [track.last for track in self.found.rows]
        upper, lower = (edge for edge in goal if edge is not None)
        part = shape_item(self.index, cap, {"left": [], "right": [], "up": [upper], "down": [lower]})
        reach = CAP + max(label_room(self.index, upper.line), label_room(self.index, lower.line))
        x = whole.box.left - reach if left else whole.box.right + reach
        part = part.moved((x, (self.y[0] + self.y[-1]) / 2))
        routes = {**whole.routes}
        for edge in (upper, lower):
            one, other = ends[edge.line], part.port(edge.line)
            path = curves.track((one.path.start, (x, one.at[1]), other.path.start), 24.0)
            routes[edge.line] = path if one.end == 0 else geometry.reverse(path)
        poses = {**whole.poses, **part.poses}
        return Placed(poses, whole.walls, routes, whole.ports, union((whole.box, part.box)))
