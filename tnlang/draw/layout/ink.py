"""From places to items: shapes, walls with badges and gates, wires, ribbons, and the names beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.bare import CLEAR, is_bare, short_of_names
from tnlang.draw.diagram import MINUS, Diagram, Enclosure, Line, Shape
from tnlang.draw.frame import framed
from tnlang.draw.geometry import Box, union
from tnlang.draw.labelling import Wanted, place_labels
from tnlang.draw.layout.box import Placed, Port, Wall
from tnlang.draw.layout.level import Index
from tnlang.draw.layout.ribbons import with_ribbons
from tnlang.draw.layout.wall import BADGE_CLEAR
from tnlang.draw.reading import first_legs, with_marks
from tnlang.draw.scene import CurveTo, Item, LabelItem, Path, Point, Scene

FREE_LEG = 24.0
BADGE_NEAR = 13.0


def scene_of(diagram: Diagram, placed: Placed) -> Scene:
    """The scene of a placed diagram; its axis is where the open legs leave, else the middle."""
    index = Index(diagram)
    placed, free = _open_ends(index, placed)
    items: list[Item] = []
    for enclosure in diagram.enclosures:
        items.extend(_wall_items(index, enclosure, placed))
    bare = {i: p.box.grown(CLEAR) for i, p in placed.poses.items() if is_bare(index.shapes[i])}
    for line in diagram.lines:
        if line.id in placed.routes:
            path = short_of_names(line, placed.routes[line.id], bare)
            items.append(_wire(index, line, path))
    for shape in diagram.shapes:
        if shape.id in placed.poses:
            items.extend(_shape_items(index, shape, placed))
    outward = {number: pose.outward for number, pose in placed.poses.items() if pose.outward}
    items = with_marks(diagram, items, first_legs(diagram, items, outward))
    wanted = [w for line in diagram.lines for w in _wanted(index, line, placed, free)]
    return framed(with_ribbons(diagram, place_labels(items, wanted)), _axis(index, placed))


def _into(placed: Placed, port: Port) -> bool:
    """Whether a leg points at a shape of its own diagram: it leaves into a hole, not out of the picture."""
    x, y = port.at
    ahead = -1.0 if port.side == "left" else 1.0
    return any(p.box.top < y < p.box.bottom and ahead * (p.at[0] - x) > 0 for p in placed.poses.values())


def _axis(index: Index, placed: Placed) -> float:
    level = [p.at[1] for p in placed.ports if p.side in ("left", "right") and not _into(placed, p)]
    if level:  # identities beside what has legs there
        bare = [line for line in index.lines.values() if all(end.shape is None for end in line.ends)]
        ends = [(placed.routes[line.id].start, placed.routes[line.id].end) for line in bare]
        level += [y for (_, y), (_, v) in ends if y == v]
    if level:
        return (min(level) + max(level)) / 2
    box = union([p.box for p in placed.poses.values()] + [w.box for w in placed.walls.values()])
    if box.left > box.right:
        return placed.box.center[1]
    at = [p.at[1] for p in placed.poses.values()]
    return 0.0 if min(at) <= 0.0 <= max(at) else box.center[1]


# ---------------------------------------------------------------- open ends


def _open_ends(index: Index, placed: Placed) -> tuple[Placed, dict[int, set[int]]]:
    """Open legs end 24 beyond the outline they leave; returns also which ends of which lines are free."""
    routes = dict(placed.routes)
    ports: list[Port] = []
    for port in placed.ports:
        out = port if port.fixed else port.to(geometry.add(port.at, port.normal, FREE_LEG))
        ports.append(out)
        routes[port.line] = out.path if port.end == 0 else geometry.reverse(out.path)
    free: dict[int, set[int]] = {}
    for end in index.diagram.opens:
        free.setdefault(end.line, set()).add(end.end)
    return replace(placed, routes=routes, ports=tuple(ports)), free


# ---------------------------------------------------------------- items


def _shape_items(index: Index, shape: Shape, placed: Placed) -> tuple[Item, ...]:
    pose = placed.poses[shape.id]
    own = pieces.half_size(shape, pose.tip)
    if shape.outline == "circle" and shape.symbol == "tensor" and pose.half != own:
        shape = replace(shape, outline="pill")
    return pieces.shape_items(shape, pose.at, half=pose.half, tip=pose.tip, along=pose.along)


def _wire(index: Index, line: Line, path: Path) -> Item:
    width = _bundle_width(index, line)
    return pieces.wire_item(line, path, width=width)


def _bundle_width(index: Index, line: Line) -> float | None:
    """The thick leg of a fork is as wide as its members together."""
    for end in line.ends:
        if end.shape is not None and index.shapes[end.shape].symbol == "fork" and end.leg == 0:
            members = index.shapes[end.shape].legs[1:]
            return sum(pieces.line_width(index.lines[m]) for m in members)
    return None


def _wall_items(index: Index, enclosure: Enclosure, placed: Placed) -> list[Item]:
    wall = placed.walls[enclosure.id]
    depth = _depth(index, enclosure)
    outline = geometry.rounded(wall.box, wall.radius)
    items: list[Item] = [pieces.wall_item(enclosure, outline, depth)]
    badge = badge_place(enclosure, wall, placed)
    items.extend(pieces.badge_items(enclosure, badge))
    for line in (*enclosure.gates, *enclosure.ended):
        path = placed.routes.get(line)
        if path is None:
            continue
        ended = line in enclosure.ended
        for at, along in _through(wall, outline, path, ended):
            items.append(pieces.gate_item(enclosure, at, along, ended=ended))
    if enclosure.options:
        items.append(_options(index, enclosure, badge, wall, placed))
    return items


def _depth(index: Index, enclosure: Enclosure) -> int:
    depth, place = 0, enclosure.inside
    while place is not None:
        depth, place = depth + 1, index.enclosures[place].inside
    return depth


def _through(wall: Wall, outline: Path, path: Path, ended: bool) -> list[tuple[Point, Point]]:
    """Where a line crosses (or meets) a wall, and how the side that is nearest there runs."""
    points = [path.start, path.end] if ended else [at for at, _ in geometry.crossings(path, outline)]
    box = wall.box
    for x, y in points:
        away, along = min(
            (abs(x - box.left), (0.0, 1.0)),
            (abs(x - box.right), (0.0, 1.0)),
            (abs(y - box.top), (1.0, 0.0)),
            (abs(y - box.bottom), (1.0, 0.0)),
        )
        if not ended or away < 1.0:
            return [((x, y), along)]
    return []


def _crossings_at(wall: Wall, placed: Placed, top: float) -> list[float]:
    """Where wires cross the top (or bottom) of a wall, or run so near to it that a badge would touch them."""
    found: list[float] = []
    near = Box(wall.box.left, top, wall.box.right, top).grown(2 * BADGE_NEAR)
    for path in placed.routes.values():
        if not geometry.bbox(path).overlaps(near):
            continue
        for (x, y), (u, v) in pairwise(geometry.flatten(path)):
            if min(y, v) < top + BADGE_NEAR and max(y, v) > top - BADGE_NEAR:
                found.extend((x, u) if abs(y - top) < BADGE_NEAR and abs(v - top) < BADGE_NEAR else ())
                if (y - top) * (v - top) <= 0:
                    found.append(x + (u - x) * (top - y) / (v - y) if v != y else x)
    return sorted(set(found))


def badge_place(enclosure: Enclosure, wall: Wall, placed: Placed) -> Point:
    """On the top of the outline where it is straight: at its left end, off legs; amid a short one.

    Where legs leave no room there, the badge stands on the bottom.
    """
    width = pieces.badge_size(enclosure)[0] if enclosure.badge else 0.0
    left, right = wall.box.left + wall.radius, wall.box.right - wall.radius
    if right - left < width + 8:
        first = wall.box.center[0]
        low, high = wall.box.left + 14 + width / 2, wall.box.right - 14 - width / 2
    else:
        first = left + width / 2 + 4
        low, high = left + width / 2, right - width / 2
    clear = width / 2 + BADGE_CLEAR - 1.0
    tries = [first, *(first + 6.0 * n * sign for n in range(1, 80) for sign in (1, -1))]
    for level in (wall.box.top, wall.box.bottom):
        crossed = _crossings_at(wall, placed, level)
        for x in tries:
            if low - 1e-6 <= x <= high + 1e-6 and all(abs(x - c) >= clear for c in crossed):
                return (x, level)
    return (first, wall.box.top)


def _options(index: Index, enclosure: Enclosure, badge: Point, wall: Wall, placed: Placed) -> LabelItem:
    """A bubble's options at the first place that is clear of shapes, walls and wires."""
    clear = pieces.OPTIONS_CLEAR
    filled = [pose.box for pose in placed.poses.values()]
    filled += [
        geometry.box_around(
            badge_place(index.enclosures[n], wall, placed), *pieces.badge_size(index.enclosures[n])
        )
        for n, wall in placed.walls.items()
        if index.enclosures[n].badge
    ]
    walls = [(w.box, geometry.rounded(w.box, w.radius)) for w in placed.walls.values()]
    points = [p for path in placed.routes.values() for p in geometry.flatten(path)]
    spots = list(pieces.option_spots(enclosure, badge, wall.box))

    def free(box: Box) -> bool:
        cut = any(
            box.overlaps(around, clear)
            and not all(geometry.contains(outline, at) for at in box.grown(clear).corners)
            for around, outline in walls
        )
        alone = not cut and not any(box.overlaps(other, clear) for other in filled)
        return alone and not any(box.holds(point, clear) for point in points)

    return pieces.options_item(enclosure, next((at for at, box in spots if free(box)), spots[0][0]))


# ---------------------------------------------------------------- names beside wires


def _wanted(index: Index, line: Line, placed: Placed, free: Mapping[int, set[int]]) -> list[Wanted]:
    """The names a line asks for: beyond each free end, else beside it."""
    path = placed.routes.get(line.id)
    if path is None or any(
        e.shape is not None and e.leg == 0 and _is_strip(index, e.shape) for e in line.ends
    ):
        return []  # the name stands on the other side of the strip
    width = _bundle_width(index, line) or pieces.line_width(line)
    inside = any(end.shape is not None and index.shapes[end.shape].inside is not None for end in line.ends)
    found = []
    for end in sorted(free.get(line.id, ())):
        opened = next(o for o in index.diagram.opens if o.line == line.id and o.end == end)
        text, word = (opened.label, opened.word) if opened.label else (line.label, line.word)
        size = pieces.leg_size(line, word)
        found.append(Wanted(line.id, text, path, size, word, width, "start" if end == 0 else "end"))
    if not found or line.label == MINUS:
        found.append(
            Wanted(
                line.id,
                line.label,
                _bearing(index, line, placed),
                pieces.leg_size(line, line.word, inside),
                line.word,
                width,
            )
        )
    return found


def _bearing(index: Index, line: Line, placed: Placed) -> Path:
    """The part of a straight wire that is to bear its name: the longest between its shapes and the walls."""
    if line.id in placed.names:
        return placed.names[line.id]
    path = placed.routes[line.id]
    if len(path.segments) != 1 or isinstance(path.segments[0], CurveTo):
        return path
    length = geometry.distance(path.start, path.end)
    cuts = []
    for end, at in zip(line.ends, (path.start, path.end), strict=True):
        if end.shape is not None and length:
            half = placed.poses[end.shape].half
            across = abs(path.end[0] - path.start[0]) < abs(path.end[1] - path.start[1])
            reach = half[1 if across else 0] / length
            cuts.append(reach if at == path.start else 1 - reach)
        else:
            cuts.append(0.0 if at == path.start else 1.0)
    for wall in placed.walls.values():
        for at, _ in geometry.crossings(path, geometry.rounded(wall.box, wall.radius)):
            cuts.append(geometry.distance(path.start, at) / length)
    cuts = sorted(cut for cut in cuts if 0 <= cut <= 1)
    if len(cuts) < 2:
        return path
    low, high = max(pairwise(cuts), key=lambda pair: (round(pair[1] - pair[0], 3), -pair[0]))
    return curves.straight(
        geometry.between(path.start, path.end, low), geometry.between(path.start, path.end, high)
    )


def _is_strip(index: Index, shape: int) -> bool:
    return index.shapes[shape].symbol == "onehot"
