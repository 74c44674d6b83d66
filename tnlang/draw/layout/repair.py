"""Wires that a template could not lead cleanly are led again, round everything that has its place by now."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from math import inf

from tnlang.draw import geometry
from tnlang.draw.diagram import Side
from tnlang.draw.layout import route
from tnlang.draw.layout.bends import rounded_track
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.cost import wire_conflicts
from tnlang.draw.layout.level import Index
from tnlang.draw.layout.route import Router
from tnlang.draw.scene import Path, Point

_SIDES: tuple[Side, ...] = ("left", "right", "up", "down")
_BEND = 30.0
MOST, LARGE = 2, 36
"""Where more wires are in conflict, or there is more to search among, another placement does better."""


def repaired(index: Index, placed: Placed) -> Placed:
    """The diagram with each wire in conflict routed anew, where that is better."""
    if len(placed.poses) + len(placed.routes) > LARGE:
        return placed
    wrong = [
        line for line in sorted(placed.routes) if wire_conflicts(index, placed, line, placed.routes[line])
    ]
    if len(wrong) > MOST:
        return placed
    for line in wrong:
        if any(end.shape is None for end in index.lines[line].ends):
            continue
        path = _best(index, placed, line)
        if path is not None:
            placed = replace(placed, routes={**placed.routes, line: path})
    return placed


def _best(index: Index, placed: Placed, line: int) -> Path | None:
    """The cheapest track that is in nobody's way, over all sides that the two shapes have free."""
    shapes = {n: pose.box for n, pose in placed.poses.items()}
    router = Router(shapes, {n: wall.box for n, wall in placed.walls.items()})
    for other, path in placed.routes.items():
        if other != line:
            router.lay(geometry.flatten(path, 24.0))
    for port in placed.ports:
        out = port.to(geometry.add(port.at, port.normal, 24.0))
        router.lay(geometry.flatten(out.path, 24.0))
    one, other_end = (end.shape for end in index.lines[line].ends)
    assert one is not None and other_end is not None
    best: tuple[float, Path] | None = None
    for first, second in product(_free(placed, index, line, one), _free(placed, index, line, other_end)):
        points = router.search(_port(placed, index, one, first), _port(placed, index, other_end, second))
        path = rounded_track(points, 18.0)
        if wire_conflicts(index, placed, line, path):
            continue
        length = sum(geometry.distance(a, b) for a, b in pairwise(points))
        crossed = sum(len(geometry.crossings(path, known)) for n, known in placed.routes.items() if n != line)
        cost = length + _BEND * len(points) + 60.0 * crossed
        if best is None or cost < best[0]:
            best = (cost, path)
    return best[1] if best else None


def _port(placed: Placed, index: Index, shape: int, side: Side) -> route.Port:
    pose = placed.poses[shape]
    reach = (pose.half[0] if side in ("left", "right") else pose.half[1]) + 12.0
    walls = []
    place = index.shapes[shape].inside
    while place is not None:
        walls.append(place)
        place = index.enclosures[place].inside
    return route.Port(pose.at, side, reach, shape, tuple(walls))


def _free(placed: Placed, index: Index, line: int, shape: int) -> list[Side]:
    """The sides of a shape from which no other wire leaves; all of them if there is none."""
    pose = placed.poses[shape]
    taken: set[Side] = set()
    paths = {n: path for n, path in placed.routes.items() if n != line}
    paths.update({p.line: p.to(geometry.add(p.at, p.normal, 24.0)).path for p in placed.ports})
    for known in index.shapes[shape].legs:
        path = paths.get(known)
        if path is not None:
            taken.add(_leaving(path, pose.at, pose.half))
    free = [side for side in _SIDES if side not in taken]
    return free or list(_SIDES)


def _leaving(path: Path, at: Point, half: Point) -> Side:
    """The side on which a wire leaves a shape."""
    points = geometry.flatten(path)
    if geometry.distance(points[0], at) > geometry.distance(points[-1], at):
        points = points[::-1]
    reach = inf
    for x, y in points:
        dx, dy = x - at[0], y - at[1]
        reach = max(abs(dx) / max(half[0], 1.0), abs(dy) / max(half[1], 1.0))
        if reach >= 1:
            break
    if abs(dx) / max(half[0], 1.0) >= abs(dy) / max(half[1], 1.0):
        return "right" if dx > 0 else "left"
    return "down" if dy > 0 else "up"
