"""On which side of its shapes each line of a part beside a backbone leaves."""

from __future__ import annotations

from collections.abc import Mapping

from tnlang.draw.diagram import Line
from tnlang.draw.geometry import DIRECTIONS
from tnlang.draw.layout.backbone.graph import Index, comes_into
from tnlang.draw.layout.backbone.grid import past
from tnlang.draw.layout.backbone.place import Plan
from tnlang.draw.layout.backbone.rows import round_hung
from tnlang.draw.layout.route import FAR
from tnlang.draw.scene import Point


class Sides:
    """The sides of the lines of one placed part; ``joins`` are those that turn into a track or out of one."""

    def __init__(self, index: Index, plan: Plan, centers: Mapping[int, Point], hidden: str) -> None:
        self.index, self.plan, self.centers, self.hidden = index, plan, centers, hidden
        self.outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
        foreign = ((line, e.shape) for line in plan.part.foreign for e in index.lines[line].ends)
        begun = {line for line, s in foreign if s in index.stations and comes_into(index, line, s)}
        self.outputs |= begun
        self.feeds = frozenset(plan.part.feeds) - begun
        self.joins: frozenset[int] = frozenset()

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

    def side(self, line: Line, position: int) -> str:
        """The side on which one end of a line leaves its shape."""
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

    def spread(self, lines: list[Line], sides: dict[tuple[int, int], str]) -> None:
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
