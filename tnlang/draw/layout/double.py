"""A grid over its copy, as in the norm of a PEPS: the second layer half a step aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnlang.draw import curves
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.box import Placed, Pose
from tnlang.draw.layout.grid import GAP, grid
from tnlang.draw.layout.items import label_room
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.reading import tensor_of

_STEP = 104.0
"""From a tensor to the next of its layer, at least."""


def double_layer(index: Index, part: Level, want: Mapping[int, Side]) -> Placed | None:
    """The level as two equal grids, each tensor joined to the same one of the other, or to its conjugate."""
    if part.outer_edges or any(item not in index.shapes for item in part.items):
        return None
    links = [edge for edge in part.inner_edges if _links(index, edge)]
    layers = _layers(index, part, links)
    if layers is None:
        return None
    front, twin = layers
    found = grid(index, front, want)
    if found is None:
        return None
    half = {item: index.half(index.shapes[item]) for item in part.items}
    names = max((label_room(index, edge.line) for edge in part.inner_edges), default=0.0)
    across, up = (max(h[axis] for h in half.values()) for axis in (0, 1))
    step = max(_STEP, 2 * (across + up + GAP / 2), 2 * (max(across, up) + names))
    columns, rows = (sorted({pose.at[axis] for pose in found.poses.values()}) for axis in (0, 1))
    poses: dict[int, Pose] = {}
    for item, pose in found.poses.items():
        x, y = step * columns.index(pose.at[0]), step * rows.index(pose.at[1])
        poses[item] = Pose((x, y), half[item])
        poses[twin[item]] = Pose((x + step / 2, y + step / 2), half[twin[item]])
    routes = {}
    for edge in part.inner_edges:
        one, other = (end.shape for end in index.lines[edge.line].ends)
        assert one is not None and other is not None
        routes[edge.line] = curves.straight(poses[one].at, poses[other].at)
    middle = step * (len(rows) - 0.5) / 2
    whole = Placed(poses, {}, routes, (), union(pose.box for pose in poses.values()))
    return whole.moved((0.0, -middle))


def _links(index: Index, edge: Edge) -> bool:
    """Whether a wire joins the same legs of two shapes of one tensor."""
    if edge.via_a or edge.via_b or edge.b is None or edge.a == edge.b:
        return False
    one, other = index.shapes[edge.a], index.shapes[edge.b]
    places = (one.legs.index(edge.line), other.legs.index(edge.line))
    return (
        one.symbol == other.symbol == "tensor"
        and tensor_of(one) == tensor_of(other)
        and places[0] == places[1]
    )


def _layers(index: Index, part: Level, links: Sequence[Edge]) -> tuple[Level, dict[int, int]] | None:
    """The layer that is written first, and for each of its shapes the same one of the other layer."""
    rest = tuple(edge for edge in part.edges if edge not in links)
    halves = Level(part.inside, part.items, rest, ()).components()
    if len(halves) != 2 or len(halves[0]) != len(halves[1]):
        return None
    first = set(halves[0])
    twin: dict[int, int] = {}
    for edge in links:
        assert edge.b is not None
        one, other = (edge.a, edge.b) if edge.a in first else (edge.b, edge.a)
        if one not in first or other in first or one in twin:
            return None
        twin[one] = other
    leads = {(e.line, at): to for e in rest if e.b is not None for at, to in ((e.a, e.b), (e.b, e.a))}
    waiting = list(twin)
    while waiting:
        one = waiting.pop()
        mine, its = index.shapes[one].legs, index.shapes[twin[one]].legs
        if len(mine) != len(its):
            return None
        for line, same in zip(mine, its, strict=True):
            beside, beyond = leads.get((line, one)), leads.get((same, twin[one]))
            if beside is None or beyond is None:
                if beside is not beyond:
                    return None
            elif beside not in twin:
                twin[beside] = beyond
                waiting.append(beside)
            elif twin[beside] != beyond:
                return None
    if set(twin.values()) != set(halves[1]):
        return None
    return Level(part.inside, halves[0], tuple(e for e in rest if e.a in first), ()), twin
