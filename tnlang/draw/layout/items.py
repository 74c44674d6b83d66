"""A shape of a level whose legs have been given sides: its pose and its ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tnlang.draw import curves, pieces
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import DIRECTIONS, RIGHT, add, union
from tnlang.draw.labels import enlarged
from tnlang.draw.layout.box import Placed, Port, Pose, connect, start
from tnlang.draw.layout.level import Edge, Index
from tnlang.draw.scene import CurveTo, Path, Point

SPACING = 16.0
FORK_APART, FORK_LENGTH = 24.0, 40.0
"""Distance of two legs that leave side by side."""
PILL_END = 24.0
"""From the last leg of a pill to its end."""
OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "up": "down", "down": "up"}

Sides = Mapping[Side, Sequence[Edge]]
"""The edges that leave an item at each side, from left to right or top to bottom."""


def tip_of(shape: Shape, sides: Mapping[Side, Sequence[int]]) -> Point:
    """Where an isometry or shift points: the side of most of its small legs, away from the others."""
    small = {shape.legs[i] for i in shape.tip if i < len(shape.legs)}
    if shape.symbol == "shift" and shape.legs:
        small = {shape.legs[0]}
    most = max(sides, key=lambda side: len(small & set(sides[side])), default=None)
    if most is not None and small & set(sides[most]):
        return DIRECTIONS[most]
    for side, lines in sides.items():
        if lines and set(lines) <= set(shape.legs) - small:
            return DIRECTIONS[OPPOSITE[side]]
    return RIGHT


def shape_item(index: Index, item: int, sides: Sides) -> Placed:
    """A shape at the origin with its ports; inline shapes next to it are placed on them."""
    shape = index.shapes[item]
    near = {side: [_near(edge, item) for edge in edges] for side, edges in sides.items()}
    tip = tip_of(shape, near)
    half = stretched(shape, index.half(shape, tip), near)
    bar = _apart(index, shape, near)
    if bar:
        count = max(len(near.get("up", ())), len(near.get("down", ())))
        half = (max(half[0], (count - 1) * bar / 2 + PILL_END), pieces.PILL_HEIGHT / 2)
    pose = Pose((0.0, 0.0), half, tip)
    ports: list[Port] = []
    for side, lines in near.items():
        if shape.symbol == "fork" and len(lines) > 1:
            ports.extend(_members(index, item, side, sides[side], lines))
            continue
        pitch = spread(index, shape, half, side, sides[side], item)
        if bar and side in ("up", "down"):
            pitch = bar
        for number, line in enumerate(lines):
            offset = (number - (len(lines) - 1) / 2) * pitch
            begun = start(line, _end_at(index, line, item, side), item, pose.at, side, offset)
            if shape.symbol == "dot" and len(lines) > 1:
                ports.append(_parting(begun, (number - (len(lines) - 1) / 2) * SPACING))
            else:
                ports.append(begun.to(_rim(begun, pose)))
    placed = Placed({item: pose}, ports=tuple(ports), box=pose.box)
    for side, edges in sides.items():
        for edge in edges:
            via = edge.via(item)
            if via is not None:
                placed = through(index, placed, via.near, edge.line, via.shape, side)
    return placed


def _apart(index: Index, shape: Shape, near: Mapping[Side, Sequence[int]]) -> float:
    """How far apart a row asks the legs above or below a tensor to be; 0 where it does not."""
    if shape.symbol != "tensor" or shape.outline != "circle":
        return 0.0
    several = [lines for side, lines in near.items() if side in ("up", "down") and len(lines) > 1]
    return max((index.apart(lines) for lines in several), default=0.0)


def _members(index: Index, item: int, side: Side, edges: Sequence[Edge], lines: Sequence[int]) -> list[Port]:
    """The members of a bundle, side by side where they leave it; open ones have parted."""
    widths = [pieces.line_width(index.lines[line]) for line in lines]
    across = -sum(widths) / 2
    apart = FORK_APART * (len(lines) - 1) / 2
    found = []
    for number, (edge, line) in enumerate(zip(edges, lines, strict=True)):
        end = _end_at(index, line, item, side)
        begun = start(line, end, item, (0.0, 0.0), side, across + widths[number] / 2)
        across += widths[number]
        if edge.b is None:
            normal = DIRECTIONS[side]
            to = start(line, 0, item, (0.0, 0.0), side, FORK_APART * number - apart).path.start
            to = add(to, normal, FORK_LENGTH)
            back = (-normal[0], -normal[1])
            begun = replace(begun, path=curves.cubic(begun.at, normal, to, back))
        found.append(begun)
    return found


def _parting(port: Port, across: float) -> Port:
    """One of several lines that leave a dot on one side: it swings out to its own track."""
    ahead, aside = port.normal, (abs(port.normal[1]), abs(port.normal[0]))
    to = add(add(port.at, ahead, 20.0), aside, across)
    first = add(add(port.at, ahead, 5.0), aside, 0.6 * across)
    return replace(port, path=Path(port.at, (CurveTo(first, add(to, ahead, -9.0), to),)))


def _near(edge: Edge, item: int) -> int:
    via = edge.via(item)
    return via.near if via is not None else edge.line


def _end_at(index: Index, line: int, item: int, side: Side) -> int:
    """Which end of the line is at the shape; a loop's two ends are told apart by the side."""
    ends = index.lines[line].ends
    both = ends[0].shape == item and ends[1].shape == item
    if both:
        return 1 if side == "right" else 0
    return 0 if ends[0].shape == item else 1


def _rim(port: Port, pose: Pose) -> Point:
    """Where a port leaves the shape's box."""
    x, y = port.at
    match port.side:
        case "left":
            return (pose.at[0] - pose.half[0], y)
        case "right":
            return (pose.at[0] + pose.half[0], y)
        case "up":
            return (x, pose.at[1] - pose.half[1])
        case "down":
            return (x, pose.at[1] + pose.half[1])


def label_room(index: Index, line: int, *, across: bool = False) -> float:
    """The length that the name of a wire along the flow, or ``across`` it, asks for."""
    known = index.lines[line]
    if not known.label:
        return 0.0
    if index.turned != across:  # beside an upright wire a name takes its height
        return 12.0 + enlarged(14.0, known.letters)
    beside = 5.0 + pieces.GATE / 2 * (line in index.gated)
    return pieces.leg_extent(known, known.label, known.word).width + 2 * beside


def spread(index: Index, shape: Shape, half: Point, side: Side, edges: Sequence[Edge], item: int) -> float:
    """The distance of neighbouring legs at a side: 0 at a dot, more beside a fork."""
    if shape.symbol in ("dot", "pin"):
        return 0.0
    if shape.symbol == "fork":
        return 0.0
    forked = any(
        (other := edge.other(item)) in index.shapes and index.shapes[other].symbol == "fork" for edge in edges
    )
    if shape.symbol == "plus" and len(edges) > 1:  # a disc does not stretch: many legs move together
        reach = half[1] if side in ("left", "right") else half[0]
        return min(SPACING, (2 * reach - 8.0) / (len(edges) - 1))
    return 24.0 if forked and len(edges) == 2 else SPACING


def stretched(shape: Shape, half: Point, lines: Mapping[Side, Sequence[object]]) -> Point:
    """The half size of a shape that is made longer where many legs leave side by side."""
    if shape.symbol in ("dot", "pin", "fork", "plus"):
        return half
    wide = max(len(lines.get("up", ())), len(lines.get("down", ())))
    high = max(len(lines.get("left", ())), len(lines.get("right", ())))
    need_wide = (wide - 1) * SPACING / 2 + 12 if wide > 3 else 0.0
    need_high = (high - 1) * SPACING / 2 + 12 if high > 3 else 0.0
    return (max(half[0], need_wide), max(half[1], need_high))


def through(index: Index, placed: Placed, near: int, far: int, inline: int, side: Side) -> Placed:
    """The port of a line led to an inline shape; the line beyond goes on from there."""
    port = placed.port(near)
    shape = index.shapes[inline]
    along = DIRECTIONS[side]
    wide, high = pieces.half_size(shape) if shape.symbol == "onehot" else index.half(shape, along)
    flat = side in ("left", "right")
    if shape.symbol == "onehot" and not flat:
        wide, high = high, wide
    reach = wide if flat else high
    gap = 10.0 if shape.symbol == "onehot" else max(20.0, label_room(index, near))
    at = add(port.at, along, gap + reach)
    tip = along if shape.symbol != "shift" or shape.legs[0] != near else (-along[0], -along[1])
    pose = Pose(at, (wide, high), tip, along)
    ends = index.lines[near].ends
    back = 0 if ends[0].shape == inline else 1
    arriving = start(near, back, inline, at, OPPOSITE[side])
    beyond = start(far, 0 if index.lines[far].ends[0].shape == inline else 1, inline, at, side)
    beyond = beyond.to(_rim(beyond, pose))
    ports = tuple(beyond if p is port else p for p in placed.ports)
    box = union((placed.box, pose.box))
    return Placed(
        {**placed.poses, inline: pose},
        placed.walls,
        {**placed.routes, near: connect(port, arriving)},
        ports,
        box,
    )
