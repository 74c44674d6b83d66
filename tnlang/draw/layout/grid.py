"""Ladders and square grids: every wire straight, horizontal or vertical, one step of the grid long."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from itertools import product

from tnlang.draw import curves
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Port, Pose, start
from tnlang.draw.layout.items import label_room
from tnlang.draw.layout.level import Edge, Index, Kind, Level
from tnlang.draw.layout.paths import neighbours

PITCH, RUNG, GAP, ASLANT, TIED = 64.0, 80.0, 24.0, 34.0, 10.0
_TRIED, _WAYS = 20_000, 24
_STEPS: dict[Side, tuple[int, int]] = {"right": (1, 0), "down": (0, 1), "left": (-1, 0), "up": (0, -1)}

_LEVEL = ("left", "right")

Cell = tuple[int, int]
Aslant = tuple[int, int]
"""The corner towards which a leg leaves aslant: right or left, down or up."""
_CORNERS: tuple[Aslant, ...] = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def grid(index: Index, part: Level, want: Mapping[int, Side], *, even: bool = False) -> Placed | None:
    """The level on a grid, if it is a network of shapes with cycles whose wires can all be steps of one.

    With ``even`` only where the legs of all copies of a tensor lie or stand alike.

    What hangs on it by one wire takes a free cell beside; an open leg without a free side leaves aslant.
    """
    near = neighbours(part)
    core = {
        item: tuple(o for o in others if len(near[o]) > 1) for item, others in near.items() if len(others) > 1
    }
    pairs = sum(len(others) for others in core.values()) // 2
    if len(core) < 4 or pairs < len(core) or len(part.inner_edges) != pairs + len(near) - len(core):
        return None
    if any(i not in index.shapes or len(near[i]) > 4 for i in part.items):
        return None
    if any(index.is_small(i) for i in core) or any(len(others) < 1 for others in core.values()):
        return None
    if any(edge.via_a or edge.via_b or edge.ended for edge in part.edges):
        return None
    legs = {
        (item, other): index.leg_position(item, edge.line)
        for edge in part.inner_edges
        for item, other in ((edge.a, edge.b), (edge.b, edge.a))
        if item in core and other in core
    }
    found = _embedded(core, {edge.a for edge in part.outer_edges if edge.a in core}, legs)
    cells = _with_leaves(index, part, near, found) if found is not None else None
    if cells is None:
        return None
    sides = _outward(index, part, cells, want)
    if sides is None or (even and not _is_even(index, part, cells, sides)):
        return None
    return _place(index, part, cells, sides)


def _is_even(
    index: Index, part: Level, cells: Mapping[int, Cell], sides: Mapping[tuple[int, int], Side | Aslant]
) -> bool:
    """Whether no leg lies in one copy of a tensor and stands in another."""
    found = {kind: {side in _LEVEL for side in known} for kind, known in _usual(index, part, cells).items()}
    for (item, line), side in sides.items():
        if not isinstance(side, tuple):
            found.setdefault(index.kind(item, line), set()).add(side in _LEVEL)
    return all(len(ways) == 1 for ways in found.values())


def _with_leaves(
    index: Index, part: Level, near: Mapping[int, tuple[int, ...]], core: Mapping[int, Cell]
) -> dict[int, Cell] | None:
    """The cells of the grid and of what hangs on it: where other items have their leg of that position."""
    used = {cell: item for item, cell in core.items()}
    usual: dict[int, Counter[Cell]] = {}
    for edge in part.inner_edges:
        for item, other in ((edge.a, edge.b), (edge.b, edge.a)):
            if item in core and other in core:
                assert item is not None and other is not None
                step = (core[other][0] - core[item][0], core[other][1] - core[item][1])
                usual.setdefault(index.leg_position(item, edge.line), Counter())[step] += 1
    cells = dict(core)
    for leaf in (item for item in part.items if item not in core):
        (edge,) = (e for e in part.of(leaf) if e.b is not None)
        item = edge.other(leaf)
        assert item is not None
        known = usual.get(index.leg_position(item, edge.line), Counter())
        steps = sorted(_STEPS.values(), key=lambda step: -known[step])
        x, y = cells[item]
        free = [(x + dx, y + dy) for dx, dy in steps if (x + dx, y + dy) not in used]
        outside = [
            cell
            for cell in free
            if not any(_beside(cell, c) and i != item for c, i in used.items() if i in core)
        ]
        if not outside:
            return None
        cells[leaf] = outside[0]
        used[outside[0]] = leaf
    left, top = min(x for x, _ in cells.values()), min(y for _, y in cells.values())
    return {item: (x - left, y - top) for item, (x, y) in cells.items()}


def _beside(one: Cell, other: Cell) -> bool:
    return abs(one[0] - other[0]) + abs(one[1] - other[1]) == 1


def _embedded(
    near: Mapping[int, tuple[int, ...]], loose: Set[int], legs: Mapping[tuple[int, int], int]
) -> dict[int, Cell] | None:
    """A cell for each item such that neighbours are one step apart, and only they.

    Of the first ways found it is the one that fills its rectangle best, then the one in which the open legs
    of ``loose`` items meet where a cell is empty; read from left to right and downwards as it is written.
    """
    order = _compactly(near)
    if len(order) < len(near):
        return None
    cells: dict[int, Cell] = {order[0]: (0, 0)}
    used: dict[Cell, int] = {(0, 0): order[0]}
    ways: list[tuple[int, int, dict[int, Cell]]] = []

    def fits(item: int, cell: Cell) -> bool:
        if cell in used:
            return False
        for dx, dy in _STEPS.values():
            beside = used.get((cell[0] + dx, cell[1] + dy))
            if beside is not None and beside not in near[item]:
                return False
        return all(_beside(cells[o], cell) for o in near[item] if o in cells)

    def choices(position: int) -> Iterator[Cell]:
        """The cells beside the first neighbour that has one; the first step of all is to the right."""
        x, y = next(cells[o] for o in near[order[position]] if o in cells)
        return iter([(x + dx, y + dy) for dx, dy in list(_STEPS.values())[: 1 if position == 1 else 4]])

    left_to_try = [choices(1)]
    for _ in range(_TRIED + len(order) * len(_STEPS)):
        item = order[len(left_to_try)]
        if item in cells:
            del used[cells.pop(item)]
        cell = next(left_to_try[-1], None)
        if cell is None:
            left_to_try.pop()
            if not left_to_try:
                break
        elif fits(item, cell):
            cells[item], used[cell] = cell, item
            if len(cells) < len(order):
                left_to_try.append(choices(len(left_to_try) + 1))
                continue
            wide, high = _extent(cells)
            meeting = sum(_beside(cells[item], hole) for hole in _holes(cells, loose) for item in loose)
            ways.append((wide * high, -meeting, dict(cells)))
            if wide * high == len(cells) or len(ways) == _WAYS:
                break
    if not ways:
        return None
    cells = _reading(min(ways, key=lambda way: way[:2])[2], near, legs)
    left, top = min(x for x, _ in cells.values()), min(y for _, y in cells.values())
    return {item: (x - left, y - top) for item, (x, y) in cells.items()}


def _reading(
    cells: Mapping[int, Cell],
    near: Mapping[int, tuple[int, ...]],
    legs: Mapping[tuple[int, int], int],
) -> dict[int, Cell]:
    """The grid turned and mirrored as it is written: later items are right or below.

    Where the same leg of all items goes along one axis, the first legs lie, as of
    ``T[left, right, up, down]``; else the next item is at the right. A ladder lies, and so does what would be
    more than twice as high as wide.
    """
    ways: list[tuple[tuple[int, int, int], dict[int, Cell]]] = []
    for swap, across, down in product((False, True), (1, -1), (1, -1)):
        way = {n: (across * (y if swap else x), down * (x if swap else y)) for n, (x, y) in cells.items()}
        wide, high = _extent(way)
        if wide >= high or (wide > 2 and high <= 2 * wide):
            pairs = [(a, b) for a in near for b in near[a] if a < b]
            forward = sum((way[b][0] - way[a][0]) + (way[b][1] - way[a][1]) for a, b in pairs)
            apart = sum(b - a for a, b in pairs if way[a][1] == way[b][1])
            ways.append(((forward, _lying(way, legs), -apart), way))
    return max(ways, key=lambda found: found[0])[1]


def _lying(cells: Mapping[int, Cell], legs: Mapping[tuple[int, int], int]) -> int:
    """1 where the first legs lie, -1 where they stand, 0 where one leg does now this and now that."""
    lies: dict[int, set[bool]] = {}
    for (item, other), leg in legs.items():
        lies.setdefault(leg, set()).add(cells[item][1] == cells[other][1])
    if any(len(found) > 1 for found in lies.values()):
        return 0
    return 1 if lies[min(lies)] == {True} else -1


def _holes(cells: Mapping[int, Cell], loose: Set[int]) -> set[Cell]:
    """The empty cells amid the grid beside which several items have an open leg."""
    used = set(cells.values())
    columns, rows = sorted({x for x, _ in used}), sorted({y for _, y in used})
    empty = (cell for cell in product(columns, rows) if cell not in used)
    return {cell for cell in empty if sum(_beside(cells[item], cell) for item in loose) > 1}


def _extent(cells: Mapping[int, Cell]) -> Cell:
    """How many columns and rows the cells take."""
    xs, ys = [x for x, _ in cells.values()], [y for _, y in cells.values()]
    return max(xs) - min(xs) + 1, max(ys) - min(ys) + 1


def _compactly(near: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The items from the first one outwards: next is what most of those before fix, the earliest such.

    In a square grid the fourth corner of a square follows its three others, so that a wrong turn is seen
    at once and not after the whole row.
    """
    order: dict[int, None] = {}
    fixed: Counter[int] = Counter()
    waiting = [(0, 0, next(iter(near)))]
    reached = {waiting[0][2]: 0}
    while waiting:
        _, _, item = heapq.heappop(waiting)
        if item in order:
            continue
        order[item] = None
        for other in near[item]:
            if other not in order:
                fixed[other] += 1
                reached.setdefault(other, len(reached))
                heapq.heappush(waiting, (-fixed[other], reached[other], other))
    return list(order)


def _outward(
    index: Index, part: Level, cells: Mapping[int, Cell], want: Mapping[int, Side]
) -> dict[tuple[int, int], Side | Aslant] | None:
    """A side for each open leg: into a hole, else where legs of its kind leave and the way out is free.

    Where one has none, all of its kind leave aslant. None where there is no room for that.
    """
    used = set(cells.values())
    holes = _holes(cells, {edge.a for edge in part.outer_edges})
    usual = _usual(index, part, cells)
    slanted: dict[Kind, Aslant] = {}
    while True:
        taken: set[tuple[int, Side]] = set()
        found: dict[tuple[int, int], Side | Aslant] = {}
        without: set[Kind] = set()
        for edge in part.outer_edges:
            kind, (x, y) = index.kind(edge.a, edge.line), cells[edge.a]
            if kind in slanted:
                found[edge.a, edge.line] = slanted[kind]
                continue
            inward = [side for side, (dx, dy) in _STEPS.items() if (x + dx, y + dy) in holes]
            for side in (*inward, *_likely(index, edge, usual, want)):
                dx, dy = _STEPS[side]
                way = [(x + dx * n, y + dy * n) for n in range(1, 2 if side in inward else 40)]
                if (edge.a, side) not in taken and not any(cell in used for cell in way):
                    taken.add((edge.a, side))
                    found[edge.a, edge.line] = side
                    break
            else:
                without.add(kind)
        if not without:
            return found
        if part.inside is not None:
            return None
        if not usual.keys() & {index.kind(edge.a, edge.line) for edge in part.outer_edges}:
            without = {index.kind(edge.a, edge.line) for edge in part.outer_edges}
        for edge in part.outer_edges:
            kind = index.kind(edge.a, edge.line)
            if kind in without and kind not in slanted:
                others = {
                    to
                    for e in part.outer_edges
                    if e.a == edge.a
                    for to in (slanted.get(index.kind(e.a, e.line)),)
                }
                free = [corner for corner in _CORNERS if corner not in others]
                if not free:
                    return None
                slanted[kind] = free[0]


def _usual(index: Index, part: Level, cells: Mapping[int, Cell]) -> dict[Kind, Counter[Side]]:
    """Where the wires of the grid leave, by the kind of leg."""
    found: dict[Kind, Counter[Side]] = {}
    for edge in part.inner_edges:
        for item, other in ((edge.a, edge.b), (edge.b, edge.a)):
            assert item is not None and other is not None
            step = (cells[other][0] - cells[item][0], cells[other][1] - cells[item][1])
            side = next(side for side, known in _STEPS.items() if known == step)
            found.setdefault(index.kind(item, edge.line), Counter())[side] += 1
    return found


def _likely(
    index: Index, edge: Edge, usual: Mapping[Kind, Counter[Side]], want: Mapping[int, Side]
) -> list[Side]:
    """The sides in the order in which they suit an open leg: those of its kind, then those of no other."""
    own = usual.get(index.kind(edge.a, edge.line), Counter())
    kinds = {index.kind(edge.a, line) for line in index.shapes[edge.a].legs}
    claimed = {side for kind in kinds if kind in usual for side in usual[kind]}
    sides: tuple[Side, ...] = ("down", "up", "left", "right")
    return sorted(sides, key=lambda side: (-own[side], side in claimed, side != want.get(edge.line)))


def _place(
    index: Index, part: Level, cells: Mapping[int, Cell], sides: Mapping[tuple[int, int], Side | Aslant]
) -> Placed:
    halves = {item: index.half(index.shapes[item]) for item in cells}
    words = max((label_room(index, e.line) for e in part.inner_edges if _is_flat(e, cells)), default=0.0)
    words += TIED * any(index.shapes[i].tied for i in cells)
    across = {i: h[0] for i, h in halves.items()}
    column, row = PITCH, RUNG
    corners = {corner for corner in sides.values() if isinstance(corner, tuple)}
    if corners:  # a slanting leg and its name have their room between the wires
        names = max(label_room(index, line) for (_, line), side in sides.items() if side in corners)
        column = max(PITCH, len({x for x, _ in corners}) * (ASLANT + 16.0 + names))
        row = max(RUNG, ASLANT + 36.0, 2 * (ASLANT + 24.0) * (len({y for _, y in corners}) - 1))
    columns = _tracks({i: x for i, (x, _) in cells.items()}, across, column, max(GAP, words))
    rows = _tracks({i: y for i, (_, y) in cells.items()}, {i: h[1] for i, h in halves.items()}, row, GAP)
    middle = (rows[0] + rows[-1]) / 2
    poses = {i: Pose((columns[x], rows[y] - middle), halves[i]) for i, (x, y) in cells.items()}
    routes = {}
    for edge in part.inner_edges:
        ends = index.lines[edge.line].ends
        a, b = ends[0].shape, ends[1].shape
        assert a is not None and b is not None
        routes[edge.line] = curves.straight(poses[a].at, poses[b].at)
    ports = [_port(index, edge, sides[(edge.a, edge.line)], poses) for edge in part.outer_edges]
    return Placed(poses, {}, routes, tuple(ports), union(p.box for p in poses.values()))


def _port(index: Index, edge: Edge, side: Side | Aslant, poses: Mapping[int, Pose]) -> Port:
    pose = poses[edge.a]
    end = 0 if index.lines[edge.line].ends[0].shape == edge.a else 1
    if isinstance(side, tuple):
        path = curves.straight(pose.at, (pose.at[0] + side[0] * ASLANT, pose.at[1] + side[1] * ASLANT))
        return Port(edge.line, end, "down" if side[1] > 0 else "up", path, edge.a, fixed=True)
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
