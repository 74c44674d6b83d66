"""One shape with open legs alone: a transpose's bent legs, a pill over many legs, a star; bare wires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import Box, add, at_angle, union
from tnlang.draw.layout.box import Placed, Port, Pose, mirrored, start
from tnlang.draw.layout.items import PILL_END
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.scene import Path

LEG_PITCH, STAR_LEG, BEND = 32.0, 44.0, 40.0


def single(index: Index, part: Level, want: Mapping[int, Side]) -> Placed | None:
    """A single shape whose legs are all open, where a plain circle with straight legs would not do."""
    if len(part.items) != 1 or part.inner_edges or part.items[0] not in index.shapes:
        return None
    item = part.items[0]
    shape = index.shapes[item]
    if any(edge.via_a or edge.ended or not _is_open(index, edge.line) for edge in part.edges):
        return None
    if shape.symbol == "dot" and len(shape.legs) > 2:
        return _star(index, shape)
    if shape.symbol != "tensor" or shape.outline != "circle":
        return None
    order = sorted(shape.legs, key=lambda line: _open_order(index, line))
    if len(order) == 2 and tuple(order) != shape.legs and set(want) >= set(order):
        return _bent(index, shape, order) if index.flow != "right" else mirrored(_bent(index, shape, order))
    if len(order) > 3 or (len(order) == 3 and tuple(order) != shape.legs):
        return _pill(index, shape, order)
    return None


def _is_open(index: Index, line: int) -> bool:
    return any(end.shape is None for end in index.lines[line].ends) and line not in index.ended


def _open_order(index: Index, line: int) -> int:
    return next((o.order for o in index.diagram.opens if o.line == line), 0)


def _end(index: Index, line: int, item: int) -> int:
    return 0 if index.lines[line].ends[0].shape == item else 1


def _star(index: Index, shape: Shape) -> Placed:
    """A dot alone: its legs at equal angles, the first to the left, on over the top."""
    pose = Pose((0.0, 0.0), (4.0, 4.0))
    order = sorted(shape.legs, key=lambda line: _open_order(index, line))
    ports = []
    for i, line in enumerate(order):
        direction = at_angle(180.0 + 360.0 * i / len(order))
        end = add((0.0, 0.0), direction, STAR_LEG)
        sides: tuple[Side, Side] = (
            "right" if direction[0] > 0 else "left",
            "down" if direction[1] > 0 else "up",
        )
        side = sides[0] if abs(direction[0]) >= abs(direction[1]) else sides[1]
        begun = start(line, _end(index, line, shape.id), shape.id, pose.at, side)
        ports.append(replace(begun, path=curves.straight(pose.at, end), fixed=True))
    box = union([pose.box, *(geometry.bbox(p.path) for p in ports)])
    return Placed({shape.id: pose}, {}, {}, tuple(ports), box)


def _bent(index: Index, shape: Shape, order: list[int]) -> Placed:
    """A transpose: both legs turn round by the half, over the shape and under it, to the other's side."""
    half = index.half(shape)
    pose = Pose((0.0, 0.0), half)
    far, reach = half[0] + 58.0, half[1] + BEND / 2
    ports = []
    for line, sign in zip(order, (-1.0, 1.0), strict=True):
        # the leg on the right (sign -1: it goes out at the left, over the top) and its mirror image
        u = 20.0
        back = -sign * half[0]
        turn_x = back - sign * 0.0
        path = Path((0.0, 0.0), ())
        out = curves.straight((0.0, 0.0), (turn_x, 0.0))
        bend = curves.u_turn((turn_x, 0.0), (-sign, 0.0), (turn_x, sign * 2 * u))
        across = curves.straight(bend.end, (sign * 18.0, sign * 2 * u))
        swing = curves.cubic(across.end, (sign, 0.0), (sign * (far + 24.0), 0.0), (-sign, 0.0))
        path = geometry.join(out, bend, across, swing)
        side: Side = "left" if sign < 0 else "right"
        ports.append(Port(line, _end(index, line, shape.id), side, path, shape.id, fixed=True))
    box = union([pose.box, *(geometry.bbox(p.path) for p in ports), Box(-far, -reach, far, reach)])
    return Placed({shape.id: pose}, {}, {}, tuple(ports), box)


def _pill(index: Index, shape: Shape, order: list[int]) -> Placed:
    """A pill over its legs, which go down; legs asked for in another order cross below."""
    count = len(shape.legs)
    pitch = index.apart(shape.legs) or LEG_PITCH
    wide = max(index.half(shape)[0], (count - 1) * pitch / 2 + PILL_END)
    pose = Pose((0.0, 0.0), (wide, pieces.PILL_HEIGHT / 2))
    rim = pieces.PILL_HEIGHT / 2
    place = {line: (i - (count - 1) / 2) * pitch for i, line in enumerate(shape.legs)}
    goal = {line: (i - (count - 1) / 2) * pitch for i, line in enumerate(order)}
    moved = any(abs(place[line] - goal[line]) > 1 for line in order)
    depth = 72.0 if moved else 28.0
    ports = []
    for line in shape.legs:
        x, to = place[line], goal[line]
        if abs(x - to) < 1:
            path = curves.straight((x, 0.0), (x, rim + depth))
        else:
            stub = curves.straight((x, 0.0), (x, rim + 8))
            swing = curves.cubic((x, rim + 8), geometry.DOWN, (to, rim + depth - 8), geometry.UP)
            path = geometry.join(stub, swing, curves.straight(swing.end, (to, rim + depth)))
        ports.append(Port(line, _end(index, line, shape.id), "down", path, shape.id, fixed=True))
    box = union([pose.box, *(geometry.bbox(p.path) for p in ports)])
    return Placed({shape.id: pose}, {}, {}, tuple(ports), box)


def bare_wires(index: Index, whole: Placed, lines: tuple[int, ...]) -> Placed:
    """Wires with two open ends: an identity. They lie under one another, right of the rest.

    Their names stand beyond their ends: for those there is room.
    """
    routes = dict(whole.routes)
    box = whole.box
    names = [
        pieces.leg_extent(index.lines[o.line], o.label, o.word).width
        for o in index.diagram.opens
        if o.line in lines
    ]
    left = box.right + max(40.0, 20.0 + max(names, default=0.0)) if whole.poses or whole.walls else 0.0
    for i, line in enumerate(lines):
        y = (i - (len(lines) - 1) / 2) * 40.0
        orders = {o.end: o.order for o in index.diagram.opens if o.line == line}
        path = curves.straight((left, y), (left + 64.0, y))
        routes[line] = path if orders.get(0, 0) <= orders.get(1, 0) else geometry.reverse(path)
        box = union([box, geometry.bbox(path)])
    return replace(whole, routes=routes, box=box)
