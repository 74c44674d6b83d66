"""A placed sub-diagram: where its shapes and walls lie, which wires are routed, and the ports that leave it.

Every template gives a Placed and takes some. A port is a wire on its way out: its path from the shape's
centre line to where it has come, and the direction in which it goes on. A wall lengthens the ports that cross
it; two ports that meet make a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import DIRECTIONS, NO_BOX, RIGHT, Box, add, box_around
from tnlang.draw.scene import Path, Point


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a shape lies. ``tip`` is where it points (isometry, shift), ``along`` its wire's direction.

    ``outward`` is where the outside of the ring is on which it lies.
    """

    at: Point
    half: Point
    tip: Point = RIGHT
    along: Point = RIGHT
    outward: Point | None = None

    @property
    def box(self) -> Box:
        return box_around(self.at, 2 * self.half[0], 2 * self.half[1])


@dataclass(frozen=True, slots=True)
class Wall:
    """An enclosure's outline: its box, and the radius of its corners."""

    box: Box
    radius: float


@dataclass(frozen=True, slots=True)
class Port:
    """An end of a line that leaves: the way from its shape to here, going on along ``side``.

    ``end`` tells which end of the line it is, ``shape`` where it starts. ``fixed`` is set where it is as long
    as it has to be.
    """

    line: int
    end: int
    side: Side
    path: Path
    shape: int
    fixed: bool = False

    @property
    def at(self) -> Point:
        return self.path.end

    @property
    def normal(self) -> Point:
        return DIRECTIONS[self.side]

    def to(self, point: Point) -> Port:
        """The port led straight on to a point."""
        return (
            replace(self, path=curves.straight(*_points(self.path), point))
            if _is_straight(self.path, point)
            else replace(self, path=geometry.join(self.path, curves.straight(self.path.end, point)))
        )


def _points(path: Path) -> tuple[Point, ...]:
    return (path.start,)


def _is_straight(path: Path, point: Point) -> bool:
    """Whether the path and its way on are one straight line."""
    points = [path.start, *(segment.end for segment in path.segments)]
    if any(type(segment).__name__ != "LineTo" for segment in path.segments):
        return False
    (x, y), (a, b) = points[0], point
    return all(abs((px - x) * (b - y) - (py - y) * (a - x)) < 1e-6 for px, py in points)


@dataclass(frozen=True, slots=True)
class Placed:
    """Shapes' poses, walls, routes of complete lines, ports of those that leave, and the ink's box.

    ``names`` are the stretches beside which room was kept for the names of lines.
    """

    poses: Mapping[int, Pose] = field(default_factory=dict)
    walls: Mapping[int, Wall] = field(default_factory=dict)
    routes: Mapping[int, Path] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    box: Box = NO_BOX
    names: Mapping[int, Path] = field(default_factory=dict)

    def moved(self, by: Point) -> Placed:
        """All of it shifted."""
        if by == (0.0, 0.0):
            return self
        return Placed(
            {n: replace(p, at=add(p.at, by)) for n, p in self.poses.items()},
            {n: Wall(w.box.moved(by), w.radius) for n, w in self.walls.items()},
            {n: geometry.move(path, by) for n, path in self.routes.items()},
            tuple(replace(p, path=geometry.move(p.path, by)) for p in self.ports),
            self.box.moved(by),
            {n: geometry.move(path, by) for n, path in self.names.items()},
        )

    def on(self, side: Side) -> tuple[Port, ...]:
        """The ports that leave at a side."""
        return tuple(port for port in self.ports if port.side == side)

    def port(self, line: int) -> Port:
        """The port of a line. Raises KeyError."""
        for port in self.ports:
            if port.line == line:
                return port
        raise KeyError(line)


def merged(parts: tuple[Placed, ...] | list[Placed]) -> Placed:
    """Several placed parts as one."""
    poses: dict[int, Pose] = {}
    walls: dict[int, Wall] = {}
    routes: dict[int, Path] = {}
    ports: list[Port] = []
    names: dict[int, Path] = {}
    for part in parts:
        names.update(part.names)
        poses.update(part.poses)
        walls.update(part.walls)
        routes.update(part.routes)
        ports.extend(part.ports)
    return Placed(poses, walls, routes, tuple(ports), geometry.union(p.box for p in parts), names)


_DOWN: dict[Side, Side] = {"left": "down", "down": "right", "right": "up", "up": "left"}
_UP: dict[Side, Side] = {side: was for was, side in _DOWN.items()}


def rotated(placed: Placed, flow: Side) -> Placed:
    """All of it turned by a right angle, so that what went left goes down (or up)."""
    sign = 1.0 if flow == "down" else -1.0
    sides = _DOWN if flow == "down" else _UP
    matrix = (0.0, -sign, sign, 0.0, 0.0, 0.0)

    def at(point: Point) -> Point:
        return (sign * point[1], -sign * point[0])

    def area(box: Box) -> Box:
        (a, b), (c, d) = at((box.left, box.top)), at((box.right, box.bottom))
        return Box(min(a, c), min(b, d), max(a, c), max(b, d))

    return Placed(
        {
            n: Pose(at(p.at), p.half[::-1], at(p.tip), at(p.along), at(p.outward) if p.outward else None)
            for n, p in placed.poses.items()
        },
        {n: Wall(area(w.box), w.radius) for n, w in placed.walls.items()},
        {n: geometry.map_points(path, matrix) for n, path in placed.routes.items()},
        tuple(replace(p, side=sides[p.side], path=geometry.map_points(p.path, matrix)) for p in placed.ports),
        area(placed.box),
        {n: geometry.map_points(path, matrix) for n, path in placed.names.items()},
    )


def mirrored(placed: Placed) -> Placed:
    """Shapes and wires with left and right exchanged; the shapes themselves stay as they are."""
    matrix = (-1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    sides: dict[Side, Side] = {"left": "right", "right": "left", "up": "up", "down": "down"}

    def flipped(box: Box) -> Box:
        return Box(-box.right, box.top, -box.left, box.bottom)

    def across(point: Point) -> Point:
        return (-point[0], point[1])

    return Placed(
        {
            n: Pose(across(p.at), p.half, across(p.tip), p.along, across(p.outward) if p.outward else None)
            for n, p in placed.poses.items()
        },
        {n: Wall(flipped(w.box), w.radius) for n, w in placed.walls.items()},
        {n: geometry.map_points(path, matrix) for n, path in placed.routes.items()},
        tuple(replace(p, side=sides[p.side], path=geometry.map_points(p.path, matrix)) for p in placed.ports),
        flipped(placed.box),
    )


def start(line: int, end: int, shape: int, at: Point, side: Side, offset: float = 0.0) -> Port:
    """A port at a shape's centre line, ``offset`` across (down or right positive)."""
    across = (0.0, 1.0) if side in ("left", "right") else (1.0, 0.0)
    point = add(at, across, offset)
    return Port(line, end, side, Path(point, ()), shape)


def connect(one: Port, other: Port) -> Path:
    """The route of a line whose two ends have become ports: from its end 0 to its end 1."""
    if one.end != 0:
        one, other = other, one
    return route(one.path, one.normal, other.path, other.normal)


def route(first: Path, first_normal: Point, second: Path, second_normal: Point) -> Path:
    """From the start of one way out along its normal to the start of another."""
    a, b = first.end, second.end
    back = geometry.reverse(second) if second.segments else Path(b, ())
    if (
        _is_straight(first, b)
        and _is_straight(back, first.start)
        and _facing(a, first_normal, b, second_normal)
    ):
        return curves.straight(first.start, second.start)
    if geometry.distance(a, b) < 1e-6:
        middle = Path(a, ())
    else:
        middle = curves.cubic(a, first_normal, b, second_normal)
    parts = [part for part in (first, middle, back) if part.segments]
    return geometry.join(*parts) if parts else curves.straight(first.start, second.start)


def _facing(a: Point, na: Point, b: Point, nb: Point) -> bool:
    gap = (b[0] - a[0], b[1] - a[1])
    aside = gap[0] * na[1] - gap[1] * na[0]
    return geometry.dot(na, nb) < -0.999 and abs(aside) < 1e-6
