"""What a placed sub-diagram costs: conflicts first, then crossings, then length and area."""

from __future__ import annotations

from itertools import combinations, pairwise

from tnlang.draw import geometry
from tnlang.draw.geometry import Box, add
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.level import Index
from tnlang.draw.scene import Path, Point

CONFLICT, CROSSING = 1000.0, 40.0
_CLEAR, _AHEAD = 5.0, 30.0


def conflicts(index: Index, placed: Placed) -> int:
    """How often shapes or walls overlap, or a wire runs through what it does not belong to."""
    poses, walls = placed.poses, placed.walls
    found = 0
    for (_, a), (_, b) in combinations(poses.items(), 2):
        found += a.box.overlaps(b.box, 2.0)
    for item, wall in walls.items():
        for shape, pose in poses.items():
            if not _within(index, shape, item):
                found += wall.box.overlaps(pose.box, _CLEAR)
        for other, outline in walls.items():
            if other > item and not _nested(index, item, other):
                found += wall.box.overlaps(outline.box, _CLEAR)
    return found + sum(wire_conflicts(index, placed, line, path) for line, path in _paths(placed).items())


def wire_conflicts(index: Index, placed: Placed, line: int, path: Path) -> int:
    """How many foreign shapes a wire runs through, and walls that it crosses without need."""
    own = {end.shape for end in index.lines[line].ends}
    points = geometry.flatten(path)
    box = Box(
        min(x for x, _ in points),
        min(y for _, y in points),
        max(x for x, _ in points),
        max(y for _, y in points),
    )
    found = 0
    for shape, pose in placed.poses.items():
        if shape not in own and box.overlaps(pose.box, 3.0):
            found += any(pose.box.holds(p, 3.0) for p in _fine(points))
    for item, wall in placed.walls.items():
        if not box.overlaps(wall.box):
            continue
        inside = [end.shape is not None and _within(index, end.shape, item) for end in index.lines[line].ends]
        if not any(inside):
            found += any(wall.box.holds(p, 1.0) for p in _fine(points))
        elif len(geometry.crossings(path, geometry.rounded(wall.box, wall.radius))) > 1 - all(inside):
            found += 1
    return found


def crossings(placed: Placed) -> int:
    """How often wires cross, the shapes where they meet left out."""
    boxes = [pose.box for pose in placed.poses.values()]
    return sum(
        not any(box.holds(at, 1.0) for box in boxes)
        for a, b in combinations(_paths(placed).values(), 2)
        for at, _ in geometry.crossings(a, b)
    )


def cost(index: Index, placed: Placed) -> float:
    """The one measure by which templates compete."""
    total = CONFLICT * conflicts(index, placed) + CROSSING * crossings(placed)
    total += 0.05 * sum(geometry.length(path) for path in placed.routes.values())
    return total + 0.001 * placed.box.width * placed.box.height


def _paths(placed: Placed) -> dict[int, Path]:
    """All wires, those that leave led a little on."""
    found = dict(placed.routes)
    for port in placed.ports:
        found[port.line] = port.path if port.fixed else port.to(add(port.at, port.normal, _AHEAD)).path
    return found


def _fine(points: tuple[Point, ...]) -> list[Point]:
    """The points and some between, so that none is far from the next."""
    found = [points[0]]
    for a, b in pairwise(points):
        steps = max(1, int(geometry.distance(a, b) / 6))
        found.extend(geometry.between(a, b, i / steps) for i in range(1, steps + 1))
    return found


def _within(index: Index, shape: int, enclosure: int) -> bool:
    place = index.shapes[shape].inside
    while place is not None:
        if place == enclosure:
            return True
        place = index.enclosures[place].inside
    return False


def _nested(index: Index, one: int, other: int) -> bool:
    for inner, outer in ((one, other), (other, one)):
        place = index.enclosures[inner].inside
        while place is not None:
            if place == outer:
                return True
            place = index.enclosures[place].inside
    return False
