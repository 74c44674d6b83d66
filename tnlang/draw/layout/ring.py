"""A closed chain: the items on a true circle, the first at the left, read over the top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import pi, sin

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import Box, at_angle, union
from tnlang.draw.layout.box import Placed, Port, Pose, start
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.scene import Point

RADIUS, PITCH, LEG = 44.0, 84.0, 24.0


def ring(index: Index, part: Level, want: Mapping[int, Side]) -> Placed | None:
    """The level as a ring, if its items are shapes that form one cycle; open legs point outwards."""
    count = len(part.items)
    inner = part.inner_edges
    if count == 0 or len(inner) != count or any(i not in index.shapes for i in part.items):
        return None
    if any(edge.via_a or edge.via_b or edge.ended for edge in part.edges):
        return None
    if count == 1 and inner[0].a != inner[0].b:
        return None
    outer = {i: [e for e in part.outer_edges if e.a == i] for i in part.items}
    if any(len(edges) > 1 for edges in outer.values()) or (0 < count < 3 and any(outer.values())):
        return None
    around = _around(index, part)
    if around is None:
        return None
    items, edges = around
    radius = RADIUS if count > 1 else 34.0
    if count > 2:
        radius = max(RADIUS, PITCH / (2 * sin(pi / count)))
    poses: dict[int, Pose] = {}
    ports: list[Port] = []
    for i, item in enumerate(items):
        angle = 180.0 + 360.0 * i / count
        direction = at_angle(angle)
        at = (round(radius * direction[0], 6), round(radius * direction[1], 6))
        shape = index.shapes[item]
        tip = _tip(shape, edges[i], edges[i - 1], direction)
        poses[item] = Pose(at, index.half(shape, tip), tip, outward=direction)
        for edge in outer[item]:
            side = _outward(direction)
            begun = start(edge.line, _end(index, edge.line, item), item, at, side)
            reach = poses[item].half
            x, y = at
            rim = {
                "left": (x - reach[0], y),
                "right": (x + reach[0], y),
                "up": (x, y - reach[1]),
                "down": (x, y + reach[1]),
            }
            if part.inside is None and min(map(abs, direction)) > 1e-6:
                out = curves.straight(at, geometry.add(at, direction, max(reach) + LEG))
                ports.append(replace(begun, path=out, fixed=True))
            else:
                ports.append(begun.to(rim[side]))
    routes = {}
    for i, edge in enumerate(edges):
        begin = 180.0 + 360.0 * i / count
        path = curves.arc((0.0, 0.0), radius, begin, begin + 360.0 / count)
        first = items[i]
        forward = index.lines[edge.line].ends[0].shape == first
        if count == 1:
            forward = index.lines[edge.line].ends[0].leg > index.lines[edge.line].ends[1].leg
        routes[edge.line] = path if forward else geometry.reverse(path)
    box = union([*(p.box for p in poses.values()), Box(-radius, -radius, radius, radius)])
    return Placed(poses, {}, routes, tuple(ports), box)


def _tip(shape: Shape, onward: Edge, back: Edge, direction: Point) -> Point:
    """Where an isometry points: along the circle if its small side or the other one leads on there."""
    small = {shape.legs[n] for n in shape.tip}
    clockwise = (-direction[1], direction[0])
    if (onward.line in small) == (back.line in small):
        return direction if small and onward.line not in small else (-direction[0], -direction[1])
    return clockwise if onward.line in small else (-clockwise[0], -clockwise[1])


def _end(index: Index, line: int, item: int) -> int:
    return 0 if index.lines[line].ends[0].shape == item else 1


def _outward(direction: tuple[float, float]) -> Side:
    x, y = direction
    if abs(x) >= abs(y):
        return "right" if x > 0 else "left"
    return "down" if y > 0 else "up"


def _around(index: Index, part: Level) -> tuple[list[int], list[Edge]] | None:
    """The items in the order of the cycle and the edges after each; None if there is more than one cycle.

    It begins with the first item, and leaves it by its last leg, so that ``A[i, j] B[j, i]`` has j above.
    """
    first = part.items[0]
    if len(part.items) == 1:
        return [first], [part.inner_edges[0]]
    items: list[int] = [first]
    edges: list[Edge] = []
    at = first
    while True:
        mine = [e for e in part.inner_edges if at in (e.a, e.b) and e not in edges]
        if at == first and not edges:
            if len(mine) != 2:
                return None
            mine.sort(key=lambda e: -index.leg_position(first, e.line))
        elif len(mine) != 1:
            return None
        edge = mine[0]
        edges.append(edge)
        following = edge.other(at)
        if following == first:
            break
        if following is None or following in items:
            return None
        items.append(following)
        at = following
    return (items, edges) if len(items) == len(part.items) else None
