"""A wall round what an enclosure holds, and the free places inside for its scalars."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.box import Placed, Pose, Wall
from tnlang.draw.layout.level import Index
from tnlang.draw.scene import Point

BADGE_CLEAR, BADGE_APART = 9.0, 4.0
IN_CORNER = 8.0
"""How near to a wall a shape may stand in its corner."""
PAD, CROSSED, NESTED, AFTER_DOT = 18.0, 26.0, 27.0, 32.0


def enclosed(index: Index, enclosure: int, content: Placed) -> Placed:
    """The content with its wall; ports are led through it, wires that end at the wall end there."""
    box = wall_box(index, enclosure, content)
    radius = min(wall_radius(content, box), _straight_room(content, box), _corner_room(content, box))
    box = _with_badge(index, enclosure, content, box, radius)
    ended = set(index.enclosures[enclosure].ended)
    routes = dict(content.routes)
    ports = []
    for port in content.ports:
        x, y = port.at
        match port.side:
            case "left":
                out = port.to((box.left, y))
            case "right":
                out = port.to((box.right, y))
            case "up":
                out = port.to((x, box.top))
            case "down":
                out = port.to((x, box.bottom))
        if port.line in ended:
            routes[port.line] = out.path if port.end == 0 else geometry.reverse(out.path)
        else:
            ports.append(out)
    walls = {**content.walls, enclosure: Wall(box, radius)}
    return Placed(content.poses, walls, routes, tuple(ports), box, content.names)


def _straight_room(content: Placed, box: Box) -> float:
    """How far corners may reach, so that legs at the left and right cross the wall where it is upright."""
    along = [p.at[1] for p in content.ports if p.side in ("left", "right")]
    return min([min(y - box.top, box.bottom - y) for y in along], default=inf) + 8.0


def _corner_room(content: Placed, box: Box) -> float:
    """How round corners may be, so that shapes and walls that stand in them are clear of the wall."""
    rounds = [(pose.box, min(pose.half)) for pose in content.poses.values()]
    rounds += [(wall.box, wall.radius) for wall in content.walls.values()]
    most = inf
    for inner, own in rounds:
        across = min(inner.left - box.left, box.right - inner.right) + own
        up = min(inner.top - box.top, box.bottom - inner.bottom) + own
        reach = own + IN_CORNER
        free = across + up - reach
        most = min(most, free + max(0.0, free * free - across * across - up * up + reach * reach) ** 0.5)
    return most


def wall_box(index: Index, enclosure: int, content: Placed) -> Box:
    """The wall's box: more room on a side that a leg crosses, round other walls, and for the badge."""
    pads = {"left": PAD, "right": PAD, "up": PAD, "down": PAD}
    for port in content.ports:
        dot = index.shapes[port.shape].symbol == "dot"
        pads[port.side] = max(pads[port.side], AFTER_DOT if dot else CROSSED)
        if port.line in index.enclosures[enclosure].ended:
            pads[port.side] = max(pads[port.side], 34.0)
    content_box = content.box
    nested = max(NESTED, pieces.badge_size(index.enclosures[enclosure])[1] + BADGE_APART)
    top = _BADGED[index.flow]
    for inner, wall in content.walls.items():
        pads[top] = max(pads[top], _for_options(index, inner, enclosure))
        if wall.box.left <= content_box.left + 1:
            pads["left"] = max(pads["left"], nested)
        if wall.box.right >= content_box.right - 1:
            pads["right"] = max(pads["right"], nested)
        if wall.box.top <= content_box.top + 1:
            pads["up"] = max(pads["up"], nested)
        if wall.box.bottom >= content_box.bottom - 1:
            pads["down"] = max(pads["down"], nested)
    box = Box(
        content_box.left - pads["left"],
        content_box.top - pads["up"],
        content_box.right + pads["right"],
        content_box.bottom + pads["down"],
    )
    known = index.enclosures[enclosure]
    least = pieces.badge_size(known)[0] + 44.0 if known.badge else 2 * PAD
    grow = max(0.0, least - (box.height if index.turned else box.width)) / 2
    across, up = (0.0, grow) if index.turned else (grow, 0.0)
    box = Box(box.left - across, box.top - up, box.right + across, box.bottom + up)
    if box.height < 76:
        more = (76 - box.height) / 2
        box = Box(box.left, box.top - more, box.right, box.bottom + more)
    return box


def _for_options(index: Index, inner: int, outer: int) -> float:
    """How far a bubble's later top must be from that of the one round it, so that its options stand between.

    They may stand above its badge, and under that of the outer one.
    """
    known = index.enclosures[inner]
    if not known.options:
        return 0.0
    pills = sum(pieces.badge_size(index.enclosures[n])[1] / 2 for n in (inner, outer))
    return pills + pieces.options_room(known)


_BADGED: dict[Side, Side] = {"left": "up", "right": "up", "down": "right", "up": "left"}
"""The side of a wall that is on top in the end, by the flow."""


def _with_badge(index: Index, enclosure: int, content: Placed, box: Box, radius: float) -> Box:
    """The box made longer where legs across its later top leave no straight stretch for the badge.

    One shape under its only leg stays as it is: the badge stands below it.
    """
    side = _BADGED[index.flow]
    crossed = sorted(port.at[0 if side == "up" else 1] for port in content.ports if port.side == side)
    badge = index.enclosures[enclosure].badge
    if not badge or not crossed:
        return box
    low, high = (box.left, box.right) if side == "up" else (box.top, box.bottom)
    need = pieces.badge_size(index.enclosures[enclosure])[0] + 2 * BADGE_CLEAR
    stops = [low + radius, *crossed, high - radius]
    if any(b - a >= need for a, b in pairwise(stops)):
        return box
    before, after = need - (crossed[0] - low - radius), need - (high - radius - crossed[-1])
    if len(content.poses) == 1 and len(crossed) == 1:  # it stays in the middle
        before = after = max(before, 0.0) if len(content.ports) > 1 else 0.0
    elif before <= after:
        after = 0.0
    else:
        before = 0.0
    if side == "up":
        return box._replace(left=box.left - before, right=box.right + after)
    return box._replace(top=box.top - before, bottom=box.bottom + after)


def wall_radius(content: Placed, box: Box) -> float:
    """Half the height round a single row (a stadium), else 40; nested walls stay concentric."""
    half = min(box.width, box.height) / 2
    inner = [
        wall.radius + min(box.right - wall.box.right, wall.box.left - box.left, wall.box.top - box.top)
        for wall in content.walls.values()
        if wall.box.height > 0.6 * content.box.height
    ]
    rows = content.box.height <= 58
    if inner:
        return min(half, max(inner))
    return half if rows else min(half, 40.0)


def place_floats(index: Index, content: Placed, floats: tuple[int, ...], *, beside: bool) -> Placed:
    """Scalars: left of a free-standing term (``beside``), in an empty part of a bubble."""
    for item in floats:
        shape = index.shapes[item]
        half = index.half(shape)
        if beside or shape.symbol == "sigma" or not content.poses:
            at = _left_of(index, content, half, beside)
        else:
            at = _free_place(content, half)
        pose = Pose(at, half)
        box = union((content.box, pose.box))
        content = replace(content, poses={**content.poses, item: pose}, box=box)
    return content


def _left_of(index: Index, content: Placed, half: Point, apart: bool) -> Point:
    """The place left of the content as it will be seen, clear of the legs that leave there."""
    box = content.box if content.poses or content.walls else Box(0.0, 0.0, 0.0, 0.0)
    gap = 30.0 if apart else 14.0
    if not index.turned:
        legs = any(port.side == "left" for port in content.ports)
        return (box.left - half[0] - gap - (22.0 if legs else 0.0), _axis(content))
    side: Side = "up" if index.flow == "down" else "down"
    legs = any(port.side == side for port in content.ports)
    reach = half[1] + gap + (22.0 if legs else 0.0)
    return (box.center[0], box.top - reach if side == "up" else box.bottom + reach)


def _axis(content: Placed) -> float:
    along = [p.at[1] for p in content.ports if p.side in ("left", "right")]
    if along:
        return sum(along) / len(along)
    return content.box.center[1] if content.poses else 0.0


def _free_place(content: Placed, half: tuple[float, float]) -> tuple[float, float]:
    """The place for a formula that is clear of all ink and makes the content grow least; above first."""
    clear = 9.0
    boxes = [pose.box.grown(clear) for pose in content.poses.values()]
    boxes += [wall.box.grown(clear) for wall in content.walls.values()]
    points = [p for path in content.routes.values() for p in geometry.flatten(path)]
    for port in content.ports:
        out = port.to(geometry.add(port.at, port.normal, 60.0))
        points += geometry.flatten(curves.track((out.path.start, out.at)))
        points += [geometry.between(out.path.start, out.at, i / 12) for i in range(13)]
    space = content.box
    best: tuple[float, tuple[float, float]] | None = None
    columns = [space.right - half[0] - 8 * i for i in range(int(space.width / 8) + 1)]
    rows = [space.top + half[1] + 8 * i for i in range(-8, int(space.height / 8) + 8)]
    axis = _axis(content)
    for y in rows:
        for x in columns:
            mine = Box(x - half[0], y - half[1], x + half[0], y + half[1])
            if any(mine.overlaps(box) for box in boxes):
                continue
            if any(mine.holds(point, 10.0) for point in points):
                continue
            grown = union((space, mine))
            growth = (grown.width - space.width) + 1.5 * (grown.height - space.height)
            cost = (
                growth * 4
                + abs(y - (axis - 46)) * 0.2
                + (8 if y > axis else 0)
                + abs(space.right - 40 - x) * 0.02
            )
            if best is None or cost < best[0]:
                best = (cost, (x, y))
    if best is not None:
        return best[1]
    return (space.left - half[0] - 16, axis)
