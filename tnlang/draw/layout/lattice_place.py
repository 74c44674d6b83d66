"""Where a lattice lies: rows of equal height, columns as near as what stands in them and names allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Port, Pose, start
from tnlang.draw.layout.grid import GAP, PITCH, RUNG
from tnlang.draw.layout.items import PILL_END, SPACING, label_room, tip_of
from tnlang.draw.layout.lattice import Lattice, lattice
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.layout.tower import tower
from tnlang.draw.scene import Point

_BESIDE = 12.0
"""From the end of a gate to a wire beside it, at least."""
_EVEN = 1.3
"""Columns whose distances differ by less are made even."""

_Thing = tuple[str, int]
"""What has a place along the rows: a column, or an item that stands in none."""


def rows_and_columns(index: Index, part: Level) -> Placed | None:
    """The level as a lattice, if it is one: ``<psi| H |psi>`` of a chain, layers of gates on a state."""
    found = lattice(index, part) or tower(index, part)
    return _Places(index, part, found).placed() if found is not None else None


@dataclass(slots=True)
class _Places:
    index: Index
    part: Level
    found: Lattice
    half: dict[int, Point] = field(default_factory=dict)
    tip: dict[int, Point] = field(default_factory=dict)
    sides: dict[int, dict[Side, list[int]]] = field(default_factory=dict)
    rows: dict[int, list[int]] = field(default_factory=dict)
    """The rows of each item; several for what stands at their ends."""
    columns: dict[int, list[int]] = field(default_factory=dict)
    x: dict[_Thing, float] = field(default_factory=dict)

    def placed(self) -> Placed:
        self._measure()
        self._spread()
        heights = self._heights()
        poses = {item: self._pose(item, heights) for item in self.part.items}
        routes = {}
        for edge in self.part.inner_edges:
            (one, _), (other, _) = (end_of(self.index, edge.line, n) for n in (0, 1))
            routes[edge.line] = curves.straight(
                self._at(one, edge.line, heights), self._at(other, edge.line, heights)
            )
        ports = [self._port(edge, poses, heights) for edge in self.part.outer_edges]
        box = union([p.box for p in poses.values()] + [geometry.bbox(p.path) for p in ports])
        return Placed(poses, {}, routes, tuple(ports), box)

    # ------------------------------------------------------------ sizes

    def _measure(self) -> None:
        """The sides, rows, columns and sizes of all items."""
        for number, row in enumerate(self.found.rows):
            for item in row:
                self.rows.setdefault(item, []).append(number)
        for item in self.part.items:
            sides: dict[Side, list[int]] = {"left": [], "right": [], "up": [], "down": []}
            for edge in self.part.of(item):
                sides[self.found.side[item, edge.line]].append(edge.line)
            for upright in (sides["up"], sides["down"]):
                upright.sort(key=lambda line: (self.found.column.get(line, -1), line))
            for level in (sides["left"], sides["right"]):
                level.sort(key=lambda line, item=item: (self._row_of(item, line), line))  # type: ignore[misc]
            self.sides[item] = sides
            known = self.found.column
            self.columns[item] = sorted({known[n] for n in (*sides["up"], *sides["down"]) if n in known})
            shape = self.index.shapes[item]
            self.tip[item] = tip_of(shape, sides)
            self.half[item] = self.index.half(shape, self.tip[item])

    def _row_of(self, item: int, line: int) -> int:
        """The row in which a level line of an item lies."""
        if len(self.rows[item]) == 1:
            return self.rows[item][0]
        other = next(edge.other(item) for edge in self.part.of(item) if edge.line == line)
        return self.rows[other][0] if other is not None and other != item else self.rows[item][0]

    # ------------------------------------------------------------ columns

    def _first(self, item: int) -> _Thing:
        return ("column", self.columns[item][0]) if self.columns[item] else ("item", item)

    def _last(self, item: int) -> _Thing:
        return ("column", self.columns[item][-1]) if self.columns[item] else ("item", item)

    def _over(self, item: int) -> float:
        """How far an item reaches beyond its first and its last column."""
        if len(self.columns[item]) > 1:
            return PILL_END
        lone = max(len(self.sides[item][side]) for side in ("up", "down")) - 1
        return max(self.half[item][0], lone * SPACING / 2 + _BESIDE)

    def _spread(self) -> None:
        """Columns and what stands in none, as far left as they can be; the latter amid its neighbours."""
        least: dict[tuple[_Thing, _Thing], float] = {}
        for left, right, apart in self._distances():
            if left != right:
                least[left, right] = max(apart, least.get((left, right), 0.0))
        things = {thing: None for pair in least for thing in pair}
        self.x = dict.fromkeys([*things, *(self._first(item) for item in self.part.items)], 0.0)
        self._push(least)
        columns = [self.x[thing] for thing in sorted(self.x) if thing[0] == "column"]
        steps = [b - a for a, b in pairwise(columns)]
        if steps and max(steps) < _EVEN * min(steps):
            least |= {(("column", n), ("column", n + 1)): max(steps) for n in range(len(steps))}
            self._push(least)
        for _ in range(2):
            for row in self.found.rows:
                self._settle(row, least)

    def _push(self, least: Mapping[tuple[_Thing, _Thing], float]) -> None:
        """Moves everything as far right as what is left of it asks for."""
        moved = True
        while moved:
            moved = False
            for (left, right), apart in least.items():
                if self.x[left] + apart > self.x[right] + 1e-9:
                    self.x[right], moved = self.x[left] + apart, True

    def _settle(self, row: tuple[int, ...], least: Mapping[tuple[_Thing, _Thing], float]) -> None:
        """What stands in no column goes as near to its right neighbours as left ones, or to those it has."""
        for item in row:
            thing = self._first(item)
            if thing[0] != "item":
                continue
            low = [self.x[a] + apart for (a, b), apart in least.items() if b == thing]
            high = [self.x[b] - apart for (a, b), apart in least.items() if a == thing]
            if high:
                self.x[thing] = (max(low) + min(high)) / 2 if low else min(high)

    def _distances(self) -> Iterator[tuple[_Thing, _Thing, float]]:
        """How far apart neighbours must be at least: in each row, and columns side by side."""
        names: dict[int, float] = {}
        for edge in self.part.edges:
            if edge.line in self.found.column:
                at = self.found.column[edge.line]
                names[at] = max(names.get(at, 0.0), label_room(self.index, edge.line, across=True))
        count = max(self.found.column.values(), default=-1) + 1
        for column in range(1, count):
            yield ("column", column - 1), ("column", column), max(PITCH, names.get(column - 1, 0.0) + _BESIDE)
        flat = [e for e in self.part.inner_edges if self.found.side[e.a, e.line] in ("left", "right")]
        words = max((label_room(self.index, edge.line) for edge in flat), default=0.0)
        for number, row in enumerate(self.found.rows):
            for a, b in pairwise(row):
                joined = any(edge.other(a) == b for edge in self.part.of(a))
                gap = max(GAP, words) if joined else GAP
                yield self._last(a), self._first(b), self._over(a) + self._over(b) + gap
            for column in self._passing(number):
                for item in row:
                    if not self.columns[item] or column < self.columns[item][0]:
                        far = _BESIDE + names.get(column, 0.0)
                        if self.columns[item]:
                            yield ("column", column), self._first(item), self._over(item) + far
                    elif column > self.columns[item][-1]:
                        yield self._last(item), ("column", column), self._over(item) + _BESIDE

    def _passing(self, row: int) -> list[int]:
        """The columns in which a wire passes a row."""
        found = set()
        for edge in self.part.edges:
            if edge.line in self.found.column:
                low, high = self._span(edge)
                if low < row < high:
                    found.add(self.found.column[edge.line])
        return sorted(found)

    def _span(self, edge: Edge) -> tuple[int, int]:
        """From which row to which an upright wire goes; beyond the last where it is open."""
        here = self.rows[edge.a][0]
        if edge.b is not None:
            low, high = sorted((here, self.rows[edge.b][0]))
            return low, high
        return (-1, here) if self.found.side[edge.a, edge.line] == "up" else (here, len(self.found.rows))

    # ------------------------------------------------------------ places

    def _heights(self) -> list[float]:
        """The middle of each row, about 0."""
        tall = [
            max((self.half[i][1] for i in row if len(self.rows[i]) == 1), default=pieces.PILL_HEIGHT / 2)
            for row in self.found.rows
        ]
        found = [0.0]
        for above, below in pairwise(tall):
            found.append(found[-1] + max(RUNG, above + below + GAP))
        return [y - found[-1] / 2 for y in found]

    def _pose(self, item: int, heights: list[float]) -> Pose:
        rows, columns = self.rows[item], self.columns[item]
        wide, high = self.half[item]
        over = self._over(item)
        left, right = self.x[self._first(item)], self.x[self._last(item)]
        top, bottom = heights[rows[0]], heights[rows[-1]]
        if len(columns) > 1 or over > wide:
            wide, high = (right - left) / 2 + over, max(high, pieces.PILL_HEIGHT / 2)
        if len(rows) > 1:
            high = (bottom - top) / 2 + PILL_END
        return Pose(((left + right) / 2, (top + bottom) / 2), (wide, high), self.tip[item])

    def _at(self, item: int, line: int, heights: list[float]) -> Point:
        """Where a line begins on the middle line of an item."""
        middle = (self.x[self._first(item)] + self.x[self._last(item)]) / 2
        side = self.found.side[item, line]
        if side in ("left", "right"):
            return middle, heights[self._row_of(item, line)]
        rows = self.rows[item]
        y = (heights[rows[0]] + heights[rows[-1]]) / 2
        if line in self.found.column:
            return self.x["column", self.found.column[line]], y
        lines = self.sides[item][side]
        if len(lines) == len(self.columns[item]):
            return self.x["column", self.columns[item][lines.index(line)]], y
        return middle + (lines.index(line) - (len(lines) - 1) / 2) * SPACING, y

    def _port(self, edge: Edge, poses: Mapping[int, Pose], heights: list[float]) -> Port:
        """An open leg: as far as the outline of what it leaves, upright ones beyond all rows."""
        item, side = edge.a, self.found.side[edge.a, edge.line]
        at = self._at(item, edge.line, heights)
        box = poses[item].box
        ends: dict[Side, Point] = {
            "left": (box.left, at[1]),
            "right": (box.right, at[1]),
            "up": (at[0], min(p.box.top for p in poses.values())),
            "down": (at[0], max(p.box.bottom for p in poses.values())),
        }
        end = 0 if self.index.lines[edge.line].ends[0].shape == item else 1
        return start(edge.line, end, item, at, side).to(ends[side])


def end_of(index: Index, line: int, number: int) -> tuple[int, int]:
    """The shape and leg at an end of a line that is not open."""
    end = index.lines[line].ends[number]
    assert end.shape is not None
    return end.shape, end.leg
