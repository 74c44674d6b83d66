"""Items as columns hold them: wires leave to the left and right, each with room for its name.

A shape grows with its legs: a disc becomes a pill, a dot on which many wires meet a bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from tnlang.draw import curves, pieces
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import DIRECTIONS, Box, add, union
from tnlang.draw.layout.box import Placed, Port, Pose
from tnlang.draw.layout.channels import MARGIN
from tnlang.draw.layout.columns import Columns, Stub, near_line
from tnlang.draw.layout.hang import Inner
from tnlang.draw.layout.items import FORK_LENGTH, label_room, through, tip_of
from tnlang.draw.layout.level import Edge, Index
from tnlang.draw.scene import CurveTo, Path, Point

NEAR = 8.0
"""Half of what two wires keep between them, so that a round fits."""
_ROOM = 10.0
_BADGE_CLEAR = 6.5
_FAN, _FANNED = 22.0, 3
_INLINE = {"onehot": (18.0, 18.0), "clip": (14.0, 14.0), "shift": (34.0, 16.0)}


@dataclass(frozen=True, slots=True)
class Station:
    """An item at the origin: its wires' ends led out of it, and the room it takes up and down."""

    placed: Placed
    ports: Mapping[Stub, Port]
    top: float
    bottom: float

    def height(self, stub: Stub) -> float:
        return self.ports[stub].at[1]


def width_of(index: Index, line: int) -> float:
    """The width of a wire; that of a bundle is its members' together."""
    for end in index.lines[line].ends:
        if end.shape is not None and index.shapes[end.shape].symbol == "fork" and end.leg == 0:
            return sum(pieces.line_width(index.lines[m]) for m in index.shapes[end.shape].legs[1:])
    return pieces.line_width(index.lines[line])


def named_here(edge: Edge) -> bool:
    """Whether the name of an edge's line stands in this level: both ends are here, or it ends at the wall."""
    return edge.b is not None or edge.ended


def reach_of(index: Index, edge: Edge, near: int | None = None) -> tuple[float, float]:
    """How far above and below itself a wire keeps others off, its name included.

    A wire that leaves a bubble keeps the room inside already: its name may stand right outside the wall.
    Beside a wire that will run upright the name stands at the right.
    """
    line = index.lines[edge.line if near is None else near]
    half = width_of(index, line.id) / 2
    above = below = NEAR + half
    opened = [o for o in index.diagram.opens if o.line == line.id] if edge.b is None else []
    texts = [(o.label or line.label, o.word if o.label else line.word) for o in opened]
    for text, word in texts or [(line.label, line.word)]:
        if not text:
            continue
        extent = pieces.leg_extent(line, text, word)
        if opened:
            reach = extent.width / 2 + 6.0 if index.turned else extent.ascent
            above, below = max(above, reach), max(below, reach)
        elif index.flow == "down":
            below = max(below, half + extent.width + 12.0)
        elif index.flow == "up":
            above = max(above, half + extent.width + 12.0)
        else:
            above = max(above, half + extent.ascent + 6.0)
    return above, below


def stations(
    columns: Columns, ends: Mapping[int, Mapping[Side, Sequence[Stub]]], inner: Inner
) -> dict[int, Station]:
    """All items of a level, by the ends of wires at their sides from above to below."""
    found = {}
    for item, sides in ends.items():
        make = _shape if item in columns.index.shapes else _enclosure
        found[item] = make(columns, item, sides, inner)
    return found


def _reach(columns: Columns, stub: Stub) -> tuple[float, float]:
    index, edge = columns.index, columns.edges[stub.line]
    if stub in columns.nameless:
        above = below = NEAR + width_of(index, stub.line)  # another wire fits between two
    else:
        above, below = reach_of(index, edge)
    via = edge.via_a if stub.end == 0 else edge.via_b
    if via is not None:
        more = _INLINE[index.shapes[via.shape].symbol]
        name = reach_of(index, edge, via.near)
        above, below = max(above, more[0], name[0]), max(below, more[1], name[1])
        if index.turned:
            above = below = max(above, below)
    return above, below


def steps(columns: Columns, stubs: Sequence[Stub]) -> list[float]:
    """How far each of several wires at one side has to be below the one before it."""
    reaches = [_reach(columns, stub) for stub in stubs]
    return [below + above for (_, below), (above, _) in pairwise(reaches)]


def _offsets(columns: Columns, stubs: Sequence[Stub]) -> list[float]:
    """The heights of several wires at one side, their middle at 0 where they are not chosen yet."""
    if stubs and stubs[0] in columns.heights:
        return [columns.heights[stub] for stub in stubs]
    at = list(accumulate(steps(columns, stubs), initial=0.0))
    return [y - at[-1] / 2 for y in at][: len(stubs)]


def _end(columns: Columns, stub: Stub) -> int:
    """Which end of the line at the item is there."""
    index, edge = columns.index, columns.edges[stub.line]
    via = edge.via_a if stub.end == 0 else edge.via_b
    ends = index.lines[edge.line].ends
    if via is not None:
        near = index.lines[via.near].ends
        return 1 if near[0].shape == via.shape else 0
    if edge.b is not None:
        return stub.end
    known = [
        number
        for number, end in enumerate(ends)
        if end.shape is not None and index.item_of(end.shape, columns.level.inside) == stub.item
    ]
    return known[0]


def _shape(columns: Columns, item: int, sides: Mapping[Side, Sequence[Stub]], inner: Inner) -> Station:
    index, shape = columns.index, columns.index.shapes[item]
    near = {side: [near_line(columns.edges[s.line], s.end) for s in stubs] for side, stubs in sides.items()}
    offsets = {side: _offsets(columns, stubs) for side, stubs in sides.items()}
    tip = tip_of(shape, near)
    half = _grown(shape, index.half(shape, tip), offsets, tip)
    pose = Pose((0.0, 0.0), half, tip, DIRECTIONS["right"])
    placed = Placed({item: pose}, box=pose.box)
    ports: dict[Stub, Port] = {}
    for side, stubs in sides.items():
        for number, (stub, line, y) in enumerate(zip(stubs, near[side], offsets[side], strict=True)):
            path = _begin(columns, shape, half, tip, side, y, number, near[side])
            ports[stub] = Port(line, _end(columns, stub), side, path, item)
    return _station(columns, placed, ports, 8.0 * (shape.tied or shape.frozen))


def _grown(shape: Shape, half: Point, offsets: Mapping[Side, Sequence[float]], tip: Point) -> Point:
    """Half the size of a shape that holds the beginnings of all its wires."""
    wide, high = half
    most = max((abs(y) for found in offsets.values() for y in found), default=0.0)
    many = max(map(len, offsets.values()), default=0)
    match shape.symbol:
        case "fork":
            return half
        case "dot":
            return (wide, most + wide) if many > _FANNED else half
    if pieces.is_disc(shape):
        return half if most <= 0.7 * high else (wide, most + 11.0)
    if shape.outline == "triangle":
        return half if most <= 8.0 else (wide, max(high, (most + 4.0) / 0.75))
    return (wide, max(high, most + 10.0)) if most > 0.5 * high else half


def _begin(
    columns: Columns,
    shape: Shape,
    half: Point,
    tip: Point,
    side: Side,
    y: float,
    number: int,
    lines: Sequence[int],
) -> Path:
    """The first piece of a wire, from within its shape to where it is level at its own height."""
    way = 1.0 if side == "right" else -1.0
    if shape.symbol == "fork" and len(lines) > 1:
        widths = [pieces.line_width(columns.index.lines[line]) for line in lines]
        across = sum(widths[:number]) + widths[number] / 2 - sum(widths) / 2
        to = max(FORK_LENGTH, 0.8 * abs(y - across))
        return curves.cubic((0.0, across), (way, 0.0), (way * to, y), (-way, 0.0))
    if shape.symbol == "dot" and half[0] >= half[1]:
        start: Point = (0.0, 0.0)
        aside: Point = (way * _FAN, y)
        return (
            Path(start, (CurveTo((way * 5.0, 0.6 * y), (way * (_FAN - 9.0), y), aside),))
            if y
            else Path(start, ())
        )
    if shape.outline == "triangle" and abs(y) > 8.0:
        return Path((-0.5 * half[0] * tip[0], y), ())
    return Path((0.0, y), ())


def _enclosure(columns: Columns, item: int, sides: Mapping[Side, Sequence[Stub]], inner: Inner) -> Station:
    want = {
        near_line(columns.edges[stub.line], stub.end): side for side, stubs in sides.items() for stub in stubs
    }
    placed = inner(item, want)
    placed = placed.moved((-placed.box.center[0], -placed.box.center[1]))
    known = {port.line: port for port in placed.ports}
    if columns.index.turned:  # a badge stands on the side where a channel lies
        more = pieces.badge_size(columns.index.enclosures[item])[1] / 2 + _BADGE_CLEAR - MARGIN
        box = placed.box._replace(left=placed.box.left - more, right=placed.box.right + more)
        placed = replace(placed, box=box)
    stubs = [stub for found in sides.values() for stub in found]
    ports = {stub: known[near_line(columns.edges[stub.line], stub.end)] for stub in stubs}
    return _station(columns, replace(placed, ports=()), ports, 10.0)


def _station(columns: Columns, placed: Placed, ports: dict[Stub, Port], margin: float) -> Station:
    """The item with what lies on its wires close to it, and the room that it takes in its column."""
    top, bottom = placed.box.top - margin - _ROOM, placed.box.bottom + margin + _ROOM
    boxes = [placed.box]
    done: dict[Stub, Port] = {}
    for stub, port in ports.items():
        edge = columns.edges[stub.line]
        via = edge.via_a if stub.end == 0 else edge.via_b
        if via is not None:
            rim = placed.box.right if port.side == "right" else placed.box.left
            short = (rim - port.at[0]) * port.normal[0] > 1e-6  # beside a dot it has come farther already
            out = port.to((rim, port.at[1])) if short else port
            room = label_room(columns.index, via.near)
            if room > 20.0:  # the name stands before the shape on the wire
                out = out.to(add(out.at, out.normal, 4.0))
            single = Placed(placed.poses, placed.walls, placed.routes, (out,), placed.box)
            reached = through(columns.index, single, via.near, edge.line, via.shape, port.side)
            placed = replace(reached, ports=(), box=placed.box, names=placed.names)
            boxes.append(reached.box)
            port = reached.ports[0]
        above, below = _reach(columns, stub)
        top, bottom = min(top, port.at[1] - above), max(bottom, port.at[1] + below)
        boxes.append(Box(*port.at, *port.at))
        done[stub] = port
    return Station(replace(placed, box=union(boxes)), done, top, bottom)
