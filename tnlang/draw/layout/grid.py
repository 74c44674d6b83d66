"""Ladders and square grids: every wire straight, horizontal or vertical, one step of the grid long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnlang.draw import curves
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Port, Pose, start
from tnlang.draw.layout.items import first_leg, label_room
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.layout.paths import neighbours
from tnlang.draw.scene import Point

PITCH, RUNG, GAP = 64.0, 80.0, 24.0
_TRIED = 20_000
_STEPS: dict[Side, tuple[int, int]] = {"right": (1, 0), "down": (0, 1), "left": (-1, 0), "up": (0, -1)}

Cell = tuple[int, int]


def grid(index: Index, part: Level, want: Mapping[int, Side]) -> Placed | None:
    """The level on a grid, if it is a network of shapes with cycles whose wires can all be steps of one."""
    near = neighbours(part)
    pairs = sum(len(others) for others in near.values()) // 2
    if len(part.items) < 4 or pairs < len(part.items) or len(part.inner_edges) != pairs:
        return None
    if any(i not in index.shapes or len(near[i]) > 4 or index.is_small(i) for i in part.items):
        return None
    if any(edge.via_a or edge.via_b or edge.ended for edge in part.edges):
        return None
    cells = _embedded(near)
    if cells is None:
        return None
    sides = _outward(part, cells, want)
    return None if sides is None else _place(index, part, cells, sides)


def _embedded(near: Mapping[int, tuple[int, ...]]) -> dict[int, Cell] | None:
    """A cell for each item such that neighbours are one step apart, and only they; wider than high."""
    order = _breadth(near)
    cells: dict[int, Cell] = {order[0]: (0, 0)}
    used: dict[Cell, int] = {(0, 0): order[0]}
    tried = 0

    def fits(item: int, cell: Cell) -> bool:
        if cell in used:
            return False
        for dx, dy in _STEPS.values():
            beside = used.get((cell[0] + dx, cell[1] + dy))
            if beside is not None and beside not in near[item]:
                return False
        return all(
            abs(cells[o][0] - cell[0]) + abs(cells[o][1] - cell[1]) == 1 for o in near[item] if o in cells
        )

    def search(position: int) -> bool:
        nonlocal tried
        if position == len(order):
            return True
        item = order[position]
        anchor = next(o for o in near[item] if o in cells)
        x, y = cells[anchor]
        for dx, dy in _STEPS.values():
            cell = (x + dx, y + dy)
            tried += 1
            if tried > _TRIED:
                return False
            if fits(item, cell):
                cells[item], used[cell] = cell, item
                if search(position + 1):
                    return True
                del cells[item], used[cell]
        return False

    if len(order) > 600 or not search(1):
        return None
    width = max(x for x, _ in cells.values()) - min(x for x, _ in cells.values())
    height = max(y for _, y in cells.values()) - min(y for _, y in cells.values())
    if height > width:
        cells = {item: (y, x) for item, (x, y) in cells.items()}
    left, top = min(x for x, _ in cells.values()), min(y for _, y in cells.values())
    return {item: (x - left, y - top) for item, (x, y) in cells.items()}


def _breadth(near: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The items from the first one outwards."""
    order = [next(iter(near))]
    for item in order:
        order.extend(o for o in near[item] if o not in order)
    return order


def _outward(
    part: Level, cells: Mapping[int, Cell], want: Mapping[int, Side]
) -> dict[tuple[int, int], Side] | None:
    """A side for each open leg: one where the item has no neighbour and the way out is free."""
    used = set(cells.values())
    taken: set[tuple[int, Side]] = set()
    found: dict[tuple[int, int], Side] = {}
    for edge in part.outer_edges:
        x, y = cells[edge.a]
        order: list[Side] = [s for s in (want.get(edge.line),) if s] + ["down", "up", "left", "right"]
        for side in order:
            dx, dy = _STEPS[side]
            way = [(x + dx * n, y + dy * n) for n in range(1, 40)]
            if (edge.a, side) not in taken and not any(cell in used for cell in way):
                taken.add((edge.a, side))
                found[(edge.a, edge.line)] = side
                break
        else:
            return None
    return found


def _place(
    index: Index, part: Level, cells: Mapping[int, Cell], sides: Mapping[tuple[int, int], Side]
) -> Placed:
    halves = {item: index.half(index.shapes[item]) for item in cells}
    words = max((label_room(index, e.line) for e in part.inner_edges if _is_flat(e, cells)), default=0.0)
    across = {i: h[0] for i, h in halves.items()}
    columns = _tracks({i: x for i, (x, _) in cells.items()}, across, PITCH, max(GAP, words))
    rows = _tracks({i: y for i, (_, y) in cells.items()}, {i: h[1] for i, h in halves.items()}, RUNG, GAP)
    middle = (rows[0] + rows[-1]) / 2
    poses = {i: Pose((columns[x], rows[y] - middle), halves[i]) for i, (x, y) in cells.items()}
    routes = {}
    for edge in part.inner_edges:
        ends = index.lines[edge.line].ends
        a, b = ends[0].shape, ends[1].shape
        assert a is not None and b is not None
        routes[edge.line] = curves.straight(poses[a].at, poses[b].at)
    poses = {i: replace(pose, first_leg=_mark(index, part, i, cells, sides)) for i, pose in poses.items()}
    ports = [_port(index, edge, sides[(edge.a, edge.line)], poses) for edge in part.outer_edges]
    return Placed(poses, {}, routes, tuple(ports), union(p.box for p in poses.values()))


def _mark(
    index: Index, part: Level, item: int, cells: Mapping[int, Cell], out: Mapping[tuple[int, int], Side]
) -> Point | None:
    """The mark at the first leg of an item, where its legs do not read from left to right."""
    sides: dict[Side, list[int]] = {}
    for edge in part.of(item):
        other = edge.other(item)
        if other is None:
            side = out[(item, edge.line)]
        else:
            step = (cells[other][0] - cells[item][0], cells[other][1] - cells[item][1])
            side = next(s for s, known in _STEPS.items() if known == step)
        sides.setdefault(side, []).append(edge.line)
    return first_leg(index, index.shapes[item], sides)


def _port(index: Index, edge: Edge, side: Side, poses: Mapping[int, Pose]) -> Port:
    pose = poses[edge.a]
    end = 0 if index.lines[edge.line].ends[0].shape == edge.a else 1
    dx, dy = _STEPS[side]
    begun = start(edge.line, end, edge.a, pose.at, side)
    return begun.to((pose.at[0] + dx * pose.half[0], pose.at[1] + dy * pose.half[1]))


def _is_flat(edge: Edge, cells: Mapping[int, Cell]) -> bool:
    return edge.b is not None and cells[edge.a][1] == cells[edge.b][1]


def _tracks(place: Mapping[int, int], half: Mapping[int, float], pitch: float, gap: float) -> list[float]:
    """Where the columns (or rows) of a grid lie: a pitch apart, more where shapes are large."""
    count = max(place.values()) + 1
    widest = [max((half[i] for i, p in place.items() if p == n), default=0.0) for n in range(count)]
    found = [0.0]
    for n in range(1, count):
        found.append(found[-1] + max(pitch, widest[n - 1] + widest[n] + gap))
    return found
