"""A layered circuit whose sites form a ring: rows are circles, the highest item the centre, legs point out.

A row would lead wires from one end to the other through everything between; round the centre nothing crosses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi, sin

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import add, at_angle, unit
from tnlang.draw.layout.box import Placed, Port, Pose
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.tree import Layers
from tnlang.draw.scene import Path, Point

STEP, SLOT, TIP_SLOT, APART, LEG = 66.0, 20.0, 12.0, 16.0, 58.0
INSIDE, TOWARDS = 6.0, 1.2
CENTER = (0.0, 0.0)


def placed_round(index: Index, part: Level, found: Layers) -> Placed | None:
    """The level about its centre, the last column next to the first at the left. None in a bubble."""
    if part.inside is not None:
        return None
    disc = _Disc(index, found)
    disc.measure()
    return disc.placed()


@dataclass(slots=True)
class _Disc:
    index: Index
    found: Layers
    radius: list[float] = field(default_factory=list)
    poses: dict[int, Pose] = field(default_factory=dict)

    def _out(self, column: float) -> Point:
        """The direction from the centre in which a column lies."""
        x, y = at_angle(180.0 + 360.0 * (column + 0.5) / self.found.around)
        return (round(x, 9), round(y, 9))

    def measure(self) -> None:
        """Each row's circle: a step round the next higher one, and wide enough for its items."""
        rank, column, index = self.found.rank, self.found.column, self.index
        rows = max(rank.values()) + 1
        self.radius = [0.0] * rows
        for row in reversed(range(rows)):
            items = [i for i in rank if rank[i] == row]
            if row == rows - 1 and len(items) == 1:
                shape = index.shapes[items[0]]
                self.poses[items[0]] = Pose(CENTER, index.half(shape), geometry.UP)
                continue
            wide = 2 * max(max(index.half(index.shapes[i], self._out(column[i]))) for i in items)
            least = (wide + APART) / (2 * sin(pi / len(items))) if len(items) > 1 else 0.0
            inner = self.radius[row + 1] if row + 1 < rows else 0.0
            self.radius[row] = max(inner + STEP + max(0.0, wide - 48.0), least)
            for item in items:
                out = self._out(column[item])
                small = {index.shapes[item].legs[n] for n in index.shapes[item].tip}
                sign = 1.0 if small & set(self.found.legs[item][1]) else -1.0
                tip = (sign * out[0], sign * out[1])
                at = add(CENTER, out, self.radius[row])
                self.poses[item] = Pose(at, index.half(index.shapes[item], tip), tip, outward=out)

    def placed(self) -> Placed:
        ends: dict[int, list[tuple[int, bool]]] = {}
        for item, (above, below) in self.found.legs.items():
            for line in below:
                ends.setdefault(line, []).insert(0, (item, False))
            for line in above:
                ends.setdefault(line, []).append((item, True))
        routes: dict[int, Path] = {}
        ports: list[Port] = []
        for line, items in ends.items():
            first = self.index.lines[line].ends[0]
            item, up = items[0]
            begin = self._slot(item, line, up)
            if len(items) == 2:
                path = _between(begin, self._slot(items[1][0], line, items[1][1]))
                routes[line] = path if first.shape == item else geometry.reverse(path)
                continue
            out = self._out(self.found.track[line])
            end = add(CENTER, out, self.radius[0] + LEG if not up else self.radius[-1] - LEG)
            sign = 1.0 if up else -1.0
            path = _between(begin, (end, (sign * out[0], sign * out[1])))
            number = 0 if first.shape == item else 1
            ports.append(Port(line, number, _side(out), path, item, fixed=True))
        boxes = [pose.box for pose in self.poses.values()]
        boxes += [geometry.bbox(path) for path in (*routes.values(), *(p.path for p in ports))]
        return Placed(self.poses, {}, routes, tuple(ports), geometry.union(boxes))

    def _slot(self, item: int, line: int, up: bool) -> tuple[Point, Point]:
        """Where a wire begins in an item, near the edge it leaves, and the direction from there outwards."""
        pose = self.poses[item]
        if pose.at == CENTER:
            return CENTER, self._out(self.found.track[line])
        lines = self.found.legs[item][0 if up else 1]
        radial = unit(CENTER, pose.at)
        normal = (-radial[0], -radial[1]) if up else radial
        tip = self.index.shapes[item].outline == "triangle" and geometry.dot(normal, pose.tip) > 0
        reach = min(pose.half)
        apart = min(TIP_SLOT if tip else SLOT, (2 * reach - 16.0) / max(1, len(lines) - 1))
        # lines stand in the order of their columns, which go round clockwise
        offset = (lines.index(line) - (len(lines) - 1) / 2) * apart
        depth = reach - (2 * INSIDE if tip else INSIDE)
        return add(add(pose.at, normal, depth), (-radial[1], radial[0]), offset), normal


def _between(one: tuple[Point, Point], other: tuple[Point, Point]) -> Path:
    """A wire that leaves half along the circle's radius and half towards its other end."""
    (start, normal), (end, back) = one, other
    ahead = unit(start, end)

    def leaving(out: Point, sign: float) -> Point:
        mixed = (out[0] + sign * TOWARDS * ahead[0], out[1] + sign * TOWARDS * ahead[1])
        return unit((0.0, 0.0), mixed)

    pull = geometry.distance(start, end) / 3
    return curves.cubic(start, leaving(normal, 1.0), end, leaving(back, -1.0), pull)


def _side(out: Point) -> Side:
    if abs(out[0]) >= abs(out[1]):
        return "right" if out[0] > 0 else "left"
    return "down" if out[1] > 0 else "up"
