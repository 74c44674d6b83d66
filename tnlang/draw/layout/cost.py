"""What a placed sub-diagram costs: conflicts first, then crossings, then length and area."""

from __future__ import annotations

from itertools import combinations, pairwise

from tnlang.draw import geometry
from tnlang.draw.geometry import Box, add
from tnlang.draw.layout.box import Placed, Wall
from tnlang.draw.layout.level import Index
from tnlang.draw.scene import CurveTo, Path, Point

CONFLICT, CROSSING = 1000.0, 40.0
_CLEAR, _AHEAD = 5.0, 30.0


def conflicts(index: Index, placed: Placed) -> int:
    """How often shapes or walls overlap, or a wire runs through what it does not belong to."""
    poses, walls = placed.poses, placed.walls
    found = 0
    for a, b in combinations([pose.box for pose in poses.values()], 2):
        found += a.overlaps(b, 2.0)
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
    box = geometry.bbox(path)
    points: list[Point] = []
    found = 0
    for shape, pose in placed.poses.items():
        (x, y), (wide, high) = pose.at, pose.half
        if box.left > x + wide + 3 or box.right < x - wide - 3 or box.top > y + high + 3:
            continue
        if box.bottom < y - high - 3 or shape in own:
            continue
        points = points or _fine(geometry.flatten(path))
        area = pose.box
        found += any(area.holds(p, 3.0) for p in points)
    for item, wall in placed.walls.items():
        if not box.overlaps(wall.box):
            continue
        inside = [end.shape is not None and _within(index, end.shape, item) for end in index.lines[line].ends]
        if not any(inside):
            points = points or _fine(geometry.flatten(path))
            found += any(wall.box.holds(p, 1.0) for p in points)
        elif len(path.segments) > 1 or any(isinstance(part, CurveTo) for part in path.segments):
            found += not (all(inside) and _well_within(box, wall)) and (
                len(geometry.crossings(path, geometry.rounded(wall.box, wall.radius))) > 1 - all(inside)
            )
    return found


def _well_within(box: Box, wall: Wall) -> bool:
    """Whether a box lies in a wall, clear of its rounds."""
    inner = wall.box.grown(-0.3 * wall.radius)
    return (
        inner.left <= box.left
        and box.right <= inner.right
        and inner.top <= box.top
        and box.bottom <= inner.bottom
    )


def crossings(placed: Placed) -> int:
    """How often wires cross, the shapes where they meet left out."""
    shapes = [pose.box for pose in placed.poses.values()]
    wires = sorted(((geometry.bbox(path), path) for path in _paths(placed).values()), key=lambda w: w[0].left)
    found = 0
    for i, (box, path) in enumerate(wires):
        for other, crossed in wires[i + 1 :]:
            if other.left > box.right:
                break
            if box.overlaps(other, 0.1):
                for at, _ in geometry.crossings(path, crossed):
                    found += not any(shape.holds(at, 1.0) for shape in shapes)
    return found


def cost(index: Index, placed: Placed) -> tuple[bool, float]:
    """Whether anything is wrong or crosses, and the one measure by which templates compete."""
    wrong = CONFLICT * conflicts(index, placed) + CROSSING * crossings(placed)
    size = 0.05 * sum(geometry.length(path) for path in placed.routes.values())
    return wrong > 0, wrong + size + 0.001 * placed.box.width * placed.box.height


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
