"""On which side of its shapes each line of a part leaves, and where on that side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tnlang.draw.diagram import Line
from tnlang.draw.geometry import DIRECTIONS, Box
from tnlang.draw.layout.backbone.graph import Index, comes_into
from tnlang.draw.layout.backbone.grid import past
from tnlang.draw.layout.backbone.place import Plan
from tnlang.draw.layout.backbone.rows import round_hung
from tnlang.draw.layout.backbone.steps import gathers
from tnlang.draw.layout.route import APART, FAR, Port
from tnlang.draw.scene import Point

STUB = 7.0
"""How far a track runs straight beyond the shape that it leaves."""
PITCH = 16.0
ROUND_A_DISC = 0.56
"""How far from the middle of its side a line meets a disc, for a radius of one: by 34 degrees."""
TURNED = ({"right", "up"}, {"left", "down"}, {"right"}, {"left"}, {"up"}, {"down"})
"""Sides between which the first line of a bundle, from the left or the top, is the last at the other end."""
NAMED = 16.0
"""How much farther it runs from a station of another backbone: past the names of the tracks there."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ports of a line."""

    line: int
    start: Port
    end: Port


class Harbour:
    """The ports of all lines of one part. ``stop_ends`` are places that stand for a stop the part has not."""

    def __init__(
        self,
        index: Index,
        plan: Plan,
        centers: Mapping[int, Point],
        halves: Mapping[int, Point],
        tracks: frozenset[int],
        hidden: str,
    ) -> None:
        self.index, self.plan, self.centers = index, plan, centers
        self.halves, self.tracks, self.hidden = halves, tracks, hidden
        self.members = set(plan.part.members)
        self.spans = plan.spans(index)
        self.outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
        foreign = ((line, e.shape) for line in plan.part.foreign for e in index.lines[line].ends)
        begun = {line for line, s in foreign if s in index.stations and comes_into(index, line, s)}
        self.outputs |= begun
        self.feeds = frozenset(plan.part.feeds) - begun
        self.joins: frozenset[int] = frozenset()

    def ports(self, opened: Mapping[int, Port], joins: Mapping[int, Port]) -> list[Ends]:
        """The ports of every line of the part that is no track.

        ``opened`` gives those of free ends, ``joins`` those of lines that turn into a track.
        """
        lines = [
            line
            for line in self.index.diagram.lines
            if line.id not in self.tracks and any(e.shape in self.members for e in line.ends)
        ]
        self.joins = frozenset(joins)
        sides: dict[tuple[int, int], str] = {}
        for line in lines:
            for position, end in enumerate(line.ends):
                if end.shape is not None:
                    sides[line.id, position] = self._side(line, position)
        self._spread(lines, sides)
        offsets = self._offsets(lines, sides)
        found = []
        for line in lines:
            both = []
            for position, end in enumerate(line.ends):
                if end.shape is None or (line.id in joins and end.shape in self.index.stations):
                    port = opened.get(line.id) or joins.get(line.id)
                    if port is None:
                        break
                    both.append(port)
                    continue
                side = sides[line.id, position]
                other = line.ends[1 - position].shape
                if end.shape == self.spans and other in self.index.stations:
                    # a box over both stations: its wires run straight
                    level = self.centers[other][1] + offsets[line.id, 1 - position]
                    both.append(self._port(end.shape, side, level - self.centers[end.shape][1]))
                    continue
                port = self._port(end.shape, side, offsets[line.id, position])
                if line.id in self.plan.part.foreign and end.shape in self.index.stations:
                    port = replace(port, reach=port.reach + NAMED, spare=NAMED)
                both.append(port)
            if len(both) == 2:
                found.append(Ends(line.id, both[0], both[1]))
        return found

    def _port(self, shape: int, side: str, offset: float) -> Port:
        x, y = self.centers[shape]
        wide, high = self.halves[shape]
        reach = (wide if side in ("left", "right") else high) + STUB
        if self.index.shapes[shape].symbol == "dot":
            reach = 7.0
        at = (x, y + offset) if side in ("left", "right") else (x + offset, y)
        return Port(at, side, reach, shape, self.index.walls(shape))

    # ------------------------------------------------------------ sides

    def _kind(self, shape: int | None) -> str:
        grid = self.plan.grid
        if shape is None:
            return "open"
        if shape in self.index.stations:
            return "station"
        if shape in grid.satellites:
            return "leaf"
        if shape in grid.rows:
            return "row"
        if shape in self.plan.head:
            return "head"
        return "link" if shape in grid.links else "column" if shape in grid.column else "other"

    def _side(self, line: Line, position: int) -> str:
        shape = line.ends[position].shape
        other = line.ends[1 - position].shape
        assert shape is not None
        own, far = self._kind(shape), self._kind(other)
        if "leaf" in (own, far) and other is not None:
            return self._toward(shape, other)
        match own, far:
            case "station", _:
                foreign = line.id in self.plan.part.foreign and other in self.centers
                return "left" if foreign and self.centers[other or 0][0] < self.centers[shape][0] else "right"
            case "head", ("station" | "head"):
                inward = line.id in self._taken(shape) or line.id in self.plan.part.returns
                return "left" if inward else "right"
            case "head", "row":
                x, other_x = self.centers[shape][0], self.centers[other or 0][0]
                return "down" if abs(x - other_x) < 30 else "right"
            case "head", "open":
                return "left"
            case "head", _:
                return "right"
            case "row", "row":
                return self._in_rows(line, shape, other or 0)
            case "row", ("station" | "open"):
                return self._to_station(line, shape)
            case "row", "head":
                return "up"
            case "row", _:
                return self._rightward(shape)
            case "column", "column":
                return "down" if self._order(other or 0) > self._order(shape) else "up"
            case "column", "link":
                return "left"
            case "column", ("row" | "head"):
                return self._from_rows(shape, other or 0)
            case "column", ("station" | "open"):
                if line.id in self.feeds:
                    return "up" if self._order(shape) == 0 else "left"
                return "down"
            case "link", ("row" | "head"):
                x, y = self.centers[other or 0]
                return "left" if abs(y - self.centers[shape][1]) < 30 else "up"
            case "link", _:
                return "up" if self.centers[other or shape][1] < self.centers[shape][1] else "down"
        return self._toward(shape, other) if other is not None else "right"

    def _taken(self, shape: int) -> tuple[int, ...]:
        found = self.index.shapes[shape]
        return found.legs[: found.inputs] if found.symbol == "folded" else found.legs[:2]

    def _toward(self, shape: int, other: int) -> str:
        (x, y), (u, v) = self.centers[shape], self.centers[other]
        if abs(u - x) >= abs(v - y):
            return "right" if u > x else "left"
        return "down" if v > y else "up"

    def _order(self, shape: int) -> int:
        return self.plan.grid.column.index(shape)

    def _in_rows(self, line: Line, shape: int, other: int) -> str:
        grid = self.plan.grid
        row, other_row = grid.rows[shape], grid.rows[other]
        col, other_col = grid.cols[shape], grid.cols[other]
        vertical = "down" if other_row > row else "up"
        if col == other_col:
            return vertical
        if row == other_row:
            return past(self.index, grid, shape, other) or ("right" if other_col > col else "left")
        if turned := self._turns_off(shape, other):
            return turned
        if self.index.shapes[shape].symbol != "plus" and self._turns_off(other, shape):
            return "left"
        copied, other_copied = self.index.is_copied(shape), self.index.is_copied(other)
        if copied and other_copied:
            return vertical
        if other_col > col:
            aside = self.index.shapes[other].symbol == "plus" and self._term_side(line, other) == "left"
            return vertical if aside and (copied or self._has_level(shape, "right")) else "right"
        symbol = self.index.shapes[shape].symbol
        if symbol == "plus":
            return self._term_side(line, shape)
        return vertical if symbol == "dot" or not self._has_level(shape, "left") else "left"

    def _turns_off(self, shape: int, other: int) -> str:
        """The side at which a line leaves a shape for one further right, where another goes straight on.

        Up or down, as the other one stands; to a plus the other way if a shape of the same column is between.
        Empty where that side is taken.
        """
        rows, cols = self.plan.grid.rows, self.plan.grid.cols
        if cols[other] <= cols[shape] or rows[other] == rows[shape]:
            return ""
        symbol = self.index.shapes[other].symbol
        if not self._has_level(shape, "right") or (symbol != "plus" and self._has_level(other, "left")):
            return ""
        if symbol == "dot" or self.index.shapes[shape].symbol in ("plus", "dot"):
            return ""
        low, high = sorted((rows[shape], rows[other]))
        between = any(low < rows[s] < high and cols[s] == cols[shape] for s in rows)
        side = "down" if (rows[other] > rows[shape]) != (symbol == "plus" and between) else "up"
        taken = self._hung(shape)
        for line in self.index.touching[shape]:
            beside = self.index.other(line, shape)
            if beside in rows and beside is not None:
                if beside != other and rows[beside] != rows[shape]:
                    taken |= {"down" if rows[beside] > rows[shape] else "up"}
            elif self._kind(beside) in ("station", "open"):
                taken |= {self._to_station(self.index.lines[line], shape)}
            elif self._kind(beside) != "leaf":
                taken |= {"up"}
        return side if side not in taken else ""

    def _term_side(self, line: Line, plus: int) -> str:
        """Where a term that does not come level enters a plus, all its legs beside one another.

        From above or below if all of it comes from there and nothing hangs there, else from the left.
        """
        rows = self.plan.grid.rows
        term = next((t for t in self.index.shapes[plus].terms if line.id in t), (line.id,))
        made = [rows.get(self.index.other(n, plus) or 0, rows[plus]) for n in term]
        side = "up" if max(made) < rows[plus] else "down" if min(made) > rows[plus] else "left"
        return "left" if side in self._hung(plus) else side

    def _hung(self, shape: int) -> set[str]:
        """The sides at which satellites hang."""
        return {self.plan.sides[s] for s, owner in self.plan.grid.satellites.items() if owner == shape}

    def _has_level(self, shape: int, side: str) -> bool:
        """Whether a neighbour in the shape's own row joins it from a side."""
        rows, cols = self.plan.grid.rows, self.plan.grid.cols
        level = [o for _, o in self.index.neighbours[shape] if o in rows and rows[o] == rows[shape]]
        return any((cols[other] < cols[shape]) == (side == "left") for other in level)

    def _to_station(self, line: Line, shape: int) -> str:
        """To a station or a free end: position legs up or down, a hidden leg to the right."""
        if line.id in self.feeds:
            above = line.id in self.joins or line.dim != self.hidden or self._has_level(shape, "left")
            return "up" if above else "left"
        goes = line.id in self.plan.part.returns or line.id in self.outputs
        if goes and (line.dim != self.hidden or self.index.is_copied(shape)):
            return "right" if round_hung(self._hung(shape)) else "down"
        ended = any(line.id in e.ended for e in self.index.diagram.enclosures)
        return "right" if goes or ended else "left"

    def _rightward(self, shape: int) -> str:
        """To the outer column: right, unless the shape's own row goes on there."""
        return "right" if not self._has_level(shape, "right") else "up"

    def _from_rows(self, shape: int, other: int) -> str:
        first = self._order(shape) == 0
        y, other_y = self.centers[shape][1], self.centers[other][1]
        if self.index.shapes[shape].symbol == "dot" and abs(y - other_y) < 8:
            return "left"
        return "up" if first and other_y < y - 30 else "left"

    def _spread(self, lines: list[Line], sides: dict[tuple[int, int], str]) -> None:
        """A dot has one line on each side: of two on one side the farther goes to a free one."""
        at_dot: dict[int, list[tuple[int, int]]] = {}
        for line in lines:
            for position, end in enumerate(line.ends):
                if end.shape is not None and self.index.shapes[end.shape].symbol == "dot":
                    at_dot.setdefault(end.shape, []).append((line.id, position))
        for dot, ends in at_dot.items():
            taken: set[str] = set()
            for place in sorted(ends, key=lambda e: (self._gap(e, dot), e)):
                side = sides[place]
                if side in taken:
                    order = ("left", "right") if self._from_left(place, dot) else ("right", "left")
                    across = order if side in ("up", "down") else ("down", "up")
                    free = [s for s in (*across, *DIRECTIONS) if s not in taken]
                    side = free[0] if free else side
                    sides[place] = side
                taken.add(side)

    def _from_left(self, end: tuple[int, int], dot: int) -> bool:
        """Whether a line comes to a dot from the left."""
        other = self.index.lines[end[0]].ends[1 - end[1]].shape
        if other in self.index.stations and dot in self.plan.grid.column:
            return False  # from far away round all that stands beside the tracks
        beside = (
            self.centers[other][0] - self.centers[dot][0]
            if other is not None and other in self.centers
            else 0.0
        )
        if abs(beside) > 1.0:
            return beside < 0
        return self.plan.grid.cols.get(dot) == 0

    def _gap(self, end: tuple[int, int], dot: int) -> float:
        """How far the other end of a line is from a dot; lines to the stream last, the nearest first."""
        other = self.index.lines[end[0]].ends[1 - end[1]].shape
        if other is None or other in self.index.stations or other not in self.centers:
            nearer = self.centers.get(other, (0.0, FAR)) if other is not None else (0.0, FAR)
            return FAR + abs(nearer[1] - self.centers[dot][1])
        (x, y), (u, v) = self.centers[dot], self.centers[other]
        return abs(u - x) + abs(v - y)

    # ------------------------------------------------------------ offsets

    def _offsets(
        self, lines: list[Line], sides: Mapping[tuple[int, int], str]
    ) -> dict[tuple[int, int], float]:
        """Lines that leave a shape on one side stand beside one another, in the order that crosses least."""
        groups: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for line in lines:
            for position, end in enumerate(line.ends):
                if end.shape is not None:
                    groups.setdefault((end.shape, sides[line.id, position]), []).append((line.id, position))
        straight = {place: one for place, ends in groups.items() if (one := self._straight(*place, ends))}
        there = frozenset(straight.values())
        found: dict[tuple[int, int], float] = {}
        for (shape, side), ends in groups.items():
            if self.index.shapes[shape].symbol == "dot":
                found.update(dict.fromkeys(ends, 0.0))
                continue
            ends.sort(key=lambda e: self._key(e, shape, side, sides.get((e[0], 1 - e[1]), side)))
            wide, high = self.halves[shape]
            across = high if side in ("left", "right") else wide
            reach = self._farthest(shape, across, len(ends))
            pitch = min(PITCH, 2 * reach / max(1, len(ends) - 1)) if len(ends) > 1 else 0.0
            middle = (len(ends) - 1) / 2
            level = straight.get((shape, side))
            if level is not None:
                number = ends.index(level)
                aside = min(pitch, reach / max(1, number, len(ends) - 1 - number))
                both = (level[0], 1 - level[1]) in there
                if gathers(self.index, shape) or (both and aside >= APART):
                    middle, pitch = float(number), aside
            lone = len(ends) == 1 and self.index.shapes[shape].symbol in ("plus", "copy", "folded")
            for i, place in enumerate(ends):
                offset = (i - middle) * pitch
                found[place] = offset if not lone else self._aligned(place, shape, side)
        return found

    def _farthest(self, shape: int, across: float, number: int) -> float:
        """How far from the middle of a side its outermost line may be.

        Round a disc with lines on all sides those of two sides stay apart; what hangs there keeps to that.
        """
        owner = self.plan.grid.satellites.get(shape, shape)
        if not gathers(self.index, owner):
            return across - 4
        return min(across - 4, max(ROUND_A_DISC * self.halves[owner][0], APART / 2 * (number - 1)))

    def _straight(self, shape: int, side: str, ends: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The line at a side of a shape that could run straight to the middle of its other end.

        Only where no other runs beside it.
        """
        across = 1 if side in ("left", "right") else 0
        apart = {}
        for end in ends:
            other = self.index.lines[end[0]].ends[1 - end[1]].shape
            if other is not None and other not in self.index.stations and other in self.centers:
                apart[end] = abs(self.centers[other][across] - self.centers[shape][across])
        near = [end for end, gap in apart.items() if gap < PITCH]
        return near[0] if len(near) == 1 and apart[near[0]] < 1.0 else None

    def _aligned(self, end: tuple[int, int], shape: int, side: str) -> float:
        """A line alone on its side of a station leaves beside the middle, in the order of the tracks."""
        if shape not in self.index.stations or self.halves[shape][0] < 15.0:
            return 0.0
        line = self.index.lines[end[0]]
        inward = (line.dim != self.hidden) == (side != "left")
        return 8.0 if inward == self._gives(shape, line) else -8.0

    def _gives(self, station: int, line: Line) -> bool:
        """Whether a line goes out of a copy, rather than into a station."""
        return self.index.shapes[station].symbol == "copy" and line.id not in self.plan.part.returns

    def _key(self, end: tuple[int, int], shape: int, side: str, far: str) -> tuple[float, float, float]:
        """Where a line stands among those of its side: from the left, or from the top.

        ``far`` is the side at its other end: round a bend a bundle keeps its order or turns it over.
        """
        line = self.index.lines[end[0]]
        other = line.ends[1 - end[1]].shape
        rank = self._rank(line)
        station = other in self.index.stations and shape not in self.index.stations
        if station and side == "right":
            # back to the tracks round the shape: inside all that goes to the column
            return (2000.0, rank, 0.0)
        place = 1.0 if line.dim == self.hidden else -1.0
        if other is None:
            return (place, rank, 0.0)
        if station:
            # position inside: below hidden where a copy gives them, else above it
            given = self._gives(other or 0, line) and side in ("left", "right")
            return (-place if given else place, rank, 0.0)
        x, y = self.centers[shape]
        u, v = self.centers[other]
        if {side, far} in TURNED and shape > other:
            rank = -rank
        if shape in self.index.stations:
            turn = -1.0 if self._gives(shape, line) == (side != "left") else 1.0
            return (turn * u, turn * place, rank)
        if side in ("left", "right"):
            out, aside = (u - x if side == "right" else x - u), v - y
        else:
            out, aside = (v - y if side == "down" else y - v), u - x
        if abs(aside) < 12:
            return (aside / 100, rank, 0.0)
        if side == "right" and other in self.plan.grid.links:
            # dots of one column, beside one another for their names: the upper one's line is above
            first = min(self.centers[dot][0] for dot in self.plan.grid.links) - x
            return ((1000.0 - first) * (1.0 if aside > 0 else -1.0), aside, 0.0)
        # what turns aside first stands outermost: nearer goals beyond farther ones
        return ((1000.0 - out) * (1.0 if aside > 0 else -1.0), rank, 0.0)

    def _rank(self, line: Line) -> float:
        """Lines that join the same two shapes have one order at both."""
        outputs = line.id in self.plan.part.returns or line.id in self.outputs
        return (1.0 if (line.dim == self.hidden) == outputs else 0.0) + line.id / 1e7


def box_of(center: Point, half: Point) -> Box:
    return Box(center[0] - half[0], center[1] - half[1], center[0] + half[0], center[1] + half[1])
