"""Where a layered circuit lies: rows of equal height, columns of equal width, wires that leave upright.

It is placed with its open legs downwards and then turned to where outputs are to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import DOWN, UP, union
from tnlang.draw.layout.box import Placed, Port, Pose, mirrored, rotated
from tnlang.draw.layout.cost import crossings
from tnlang.draw.layout.items import OPPOSITE, label_room
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.tree import Layers, layers
from tnlang.draw.layout.tree_round import placed_round
from tnlang.draw.scene import Path, Point

PITCH, WIDEST = 48.0, 200.0
"""From column to column: at least, and at most before the template gives up."""
GAP, STEEP, TALLEST = 38.0, 0.5, 120.0
"""Between rows: at least, for each unit that a wire leads aside, at most."""
SLOT, TIP_SLOT, EDGE, ACROSS = 20.0, 12.0, 8.0, 16.0
BESIDE, CLEAR, LEG = 16.0, 12.0, 30.0


def tree(index: Index, part: Level, *, swept: bool = False) -> Placed | None:
    """The level as a layered circuit, if it is one; its open legs in a row, or round about.

    With ``swept`` the layers are found from the ends of wires, and taken where no wires cross.
    """
    found = layers(index, part, swept=swept)
    if found is None:
        return None
    if found.around:
        placed = placed_round(index, part, found)
    else:
        flat = _Rows(index, part, found)
        placed = flat.placed() if flat.fit() else None
    return None if placed is None or (swept and crossings(placed)) else placed


@dataclass(slots=True)
class _Rows:
    index: Index
    part: Level
    found: Layers
    half: dict[int, Point] = field(default_factory=dict)
    tip: dict[int, Point] = field(default_factory=dict)
    ends: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    """The item above and below each line, None where it is open there."""
    pitch: float = PITCH
    straight: bool = False
    """Whether every wire keeps its column: gates, and what wires begin and end with, lie across them."""

    @property
    def _out(self) -> Side:
        """Where the lower legs go in the level's frame, which is turned once more for flows up and down."""
        if not self.index.turned:
            return self._lower
        return "right" if self._rising else "left"

    @property
    def _lower(self) -> Side:
        """Where the lower legs go in the picture: down, or so that the open ones go where outputs do."""
        if not self.index.stated:
            return "down"
        return OPPOSITE[self.index.flow] if self._rising else self.index.flow

    @property
    def _rising(self) -> bool:
        """Whether more open legs are above than below: a circuit that begins with states."""
        above = sum(lower is not None and upper is None for upper, lower in self.ends.values())
        return 2 * above > len(self.part.outer_edges)

    @property
    def _sideways(self) -> bool:
        """Whether open legs leave to the left or right in the finished picture."""
        return self.index.stated and self.index.flow in ("left", "right")

    def fit(self) -> bool:
        """Measures the shapes and finds how far apart the columns must be. False if too far."""
        sets = self.found.legs.values()
        self.straight = all(len(a) == len(b) or not a or not b for a, b in sets)
        for item, (above, below) in self.found.legs.items():
            shape = self.index.shapes[item]
            small = {shape.legs[n] for n in shape.tip}
            self.tip[item] = DOWN if small & set(below) else UP
            turned = (self.tip[item][1], 0.0) if self._sideways else self.tip[item]
            wide, high = pieces.half_size(shape, turned)
            wide, high = (high, wide) if self._sideways else (wide, high)
            most = 0 if self.straight else max(len(above), len(below))
            self.half[item] = (max(wide, (most - 1) * SLOT / 2 + 12.0 if most > 2 else 0.0), high)
            for line in above:
                self.ends[line] = (self.ends.get(line, (None, None))[0], item)
            for line in below:
                self.ends[line] = (item, self.ends.get(line, (None, None))[1])
        if not self._sideways:
            names = [label_room(self.index, e.line) for e in self.part.outer_edges]
            self.pitch = max(self.pitch, *names, 0.0)
        rank, column = self.found.rank, self.found.column
        for row in range(max(rank.values()) + 1):
            beside = [(column[i], self._reach(i), self.half[i][0]) for i in rank if rank[i] == row]
            beside += [(self.found.track[line], 0.0, -BESIDE / 4) for line in self._passing(row)]
            for (a, far, one), (b, back, other) in pairwise(sorted(beside)):
                if one < 0 and other < 0:
                    continue
                room = b - back - a - far
                if room < 0.2:
                    return False
                one, other = (min(n, ACROSS) if wide else n for n, wide in ((one, far), (other, back)))
                self.pitch = max(self.pitch, (one + other + BESIDE) / room)
        for item in rank:
            if reach := self._reach(item):
                self.half[item] = (reach * self.pitch + ACROSS, self.half[item][1])
        return self.pitch <= WIDEST

    def _reach(self, item: int) -> float:
        """How many columns a gate lies across to either side of its middle; 0 where wires bend to shapes."""
        if not self.straight:
            return 0.0
        lines = (*self.found.legs[item][0], *self.found.legs[item][1])
        return max(abs(self.found.track[line] - self.found.column[item]) for line in lines)

    def _passing(self, row: int) -> list[int]:
        """The lines that pass a row on their way."""
        rank, top = self.found.rank, max(self.found.rank.values()) + 1
        return [
            line
            for line, (upper, lower) in self.ends.items()
            if (rank[lower] if lower is not None else -1) < row < (rank[upper] if upper is not None else top)
        ]

    def placed(self) -> Placed:
        heights = self._heights()
        rank, column = self.found.rank, self.found.column
        top, bottom = self._rims(heights)
        poses = {
            item: Pose((column[item] * self.pitch, heights[rank[item]]), self.half[item], self.tip[item])
            for item in rank
        }
        routes: dict[int, Path] = {}
        ports: list[Port] = []
        for line, (upper, lower) in self.ends.items():
            path = self._path(poses, line, top, bottom)
            ends = self.index.lines[line].ends
            if upper is not None and lower is not None:
                down = ends[0].shape == upper
                routes[line] = path if down else geometry.reverse(path)
                continue
            item = upper if upper is not None else lower
            assert item is not None
            side: Side = "down" if upper is not None else "up"
            out = path if upper is not None else geometry.reverse(path)
            end = 0 if ends[0].shape == item else 1
            ports.append(Port(line, end, side, out, item, fixed=self.part.inside is None))
        boxes = [p.box for p in poses.values()] + [geometry.bbox(p) for p in routes.values()]
        box = union(boxes + [geometry.bbox(p.path) for p in ports])
        whole = Placed(poses, {}, routes, tuple(ports), box)
        return self._turned(whole.moved((-box.center[0], -box.center[1])))

    # ------------------------------------------------------------ wires

    def _slot(self, item: int, line: int) -> float:
        """Where across an item a line leaves it, from its middle."""
        above, below = self.found.legs[item]
        lines = above if line in above else below
        if self.straight:
            return (self.found.track[line] - self.found.column[item]) * self.pitch
        if len(lines) == 1:
            return 0.0
        shape, up = self.index.shapes[item], line in above
        tip = shape.outline == "triangle" and up == (self.tip[item] == UP)
        room = (2 * self.half[item][0] - 2 * EDGE) / (len(lines) - 1)
        apart = min(TIP_SLOT if tip else SLOT, room)
        return (lines.index(line) - (len(lines) - 1) / 2) * apart

    def _x(self, item: int, line: int) -> float:
        return self.found.column[item] * self.pitch + self._slot(item, line)

    def _bends(self) -> list[tuple[int, float]]:
        """Under which rank each wire leads aside (0: below the lowest row), and how far."""
        found = []
        top = max(self.found.rank.values()) + 1
        for line, (upper, lower) in self.ends.items():
            x = self.found.track[line] * self.pitch
            high = self.found.rank[upper] if upper is not None else top
            low = self.found.rank[lower] if lower is not None else -1
            from_x = self._x(upper, line) if upper is not None else x
            to_x = self._x(lower, line) if lower is not None else x
            if high - low == 1:
                found.append((high, abs(from_x - to_x)))
            else:
                found += [(high, abs(from_x - x)), (low + 1, abs(to_x - x))]
        return found

    def _gap(self, under: int) -> float:
        aside = max((far for row, far in self._bends() if row == under), default=0.0)
        return min(TALLEST, max(GAP, STEEP * aside))

    def _heights(self) -> list[float]:
        """The middle of each row, the lowest at 0."""
        rank = self.found.rank
        rows = max(rank.values()) + 1
        tall = [max(self.half[i][1] for i in rank if rank[i] == row) for row in range(rows)]
        found = [0.0]
        for row in range(1, rows):
            found.append(found[-1] - tall[row - 1] - self._gap(row) - tall[row])
        return found

    def _rims(self, heights: Sequence[float]) -> tuple[float, float]:
        """Where open legs end, above and below."""
        rank, rows = self.found.rank, len(heights)
        first = max(self.half[i][1] for i in rank if rank[i] == rows - 1)
        last = max(self.half[i][1] for i in rank if rank[i] == 0)
        return (heights[-1] - first - self._gap(rows), heights[0] + last + max(LEG, self._gap(0)))

    def _path(self, poses: Mapping[int, Pose], line: int, top: float, bottom: float) -> Path:
        """A wire from above downwards: one swing where nothing is in the way, else upright in its column."""
        upper, lower = self.ends[line]
        x = self.found.track[line] * self.pitch
        begin, start = self._leave(poses, upper, line, 1.0, (x, top))
        stop, end = self._leave(poses, lower, line, -1.0, (x, bottom))
        swing = curves.cubic(start, DOWN, end, UP)
        high = self.found.rank[upper] if upper is not None else len(poses)
        low = self.found.rank[lower] if lower is not None else -1
        between = [poses[i].box for i, row in self.found.rank.items() if low < row < high]
        points = geometry.flatten(swing, 4.0)
        if any(box.holds(point, CLEAR) for box in between for point in points):
            near = min(box.top for box in between) - CLEAR
            far = max(box.bottom for box in between) + CLEAR
            swing = _joined(
                curves.cubic(start, DOWN, (x, near), UP),
                curves.straight((x, near), (x, far)),
                curves.cubic((x, far), DOWN, end, UP),
            )
        if abs(begin[0] - end[0]) < 1e-6 and len(swing.segments) == 1:
            return curves.straight(begin, stop)
        return _joined(curves.straight(begin, start), swing, curves.straight(end, stop))

    def _leave(
        self, poses: Mapping[int, Pose], item: int | None, line: int, sign: float, free: Point
    ) -> tuple[Point, Point]:
        """Where a wire begins in an item and where it comes out; twice its free end where it is open."""
        if item is None:
            return free, free
        (_, y), (_, high) = poses[item].at, poses[item].half
        x = self._x(item, line)
        return (x, y), (x, y + sign * high)

    # ------------------------------------------------------------ turned

    def _turned(self, whole: Placed) -> Placed:
        """Open legs where outputs go, the first one leftmost or topmost."""
        if self._lower in ("up", "right"):
            whole = mirrored(whole)
        if self._out != "down":
            whole = rotated(whole, "up" if self._out == "left" else "down")
        return whole


def _joined(*paths: Path) -> Path:
    """Paths one after another, those without length left out."""
    return geometry.join(*(p for p in paths if p.segments and geometry.distance(p.start, p.end) > 1e-9))
