"""Large networks with many loops and no shape of their own: the places are graphviz's.

Its ``sfdp`` runs in the pygraphviz wheel where that is installed, else as the program on PATH; where neither
is there, ``engine`` says so and the columns of ``layered`` take its place. Sizes, ways and names are our own:
a wire is straight, led past the shapes in its way.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

import numpy as np
import shapely

from tnlang.draw import curves, pieces
from tnlang.draw.diagram import Shape, Side
from tnlang.draw.geometry import NO_BOX, RIGHT, Box, add, distance, dot, reverse, union, unit
from tnlang.draw.layout.box import Placed, Port, Pose
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.scene import Path, Point

_INCH = 72.0
_NAMES_ROOM = 16.0
_SPRING = 1.3
"""Inches between shapes that a wire joins, as graphviz is asked for."""
_APART = 24.0
"""What is left at least between two shapes. Not every graphviz can move overlapping shapes apart."""
_PUSHES = 300
_IN_WHEEL = """
import sys, pygraphviz
sys.stdout.buffer.write(pygraphviz.AGraph(string=sys.stdin.read()).draw(format="json", prog="sfdp"))
"""
"""In a process of its own, since a second drawing in one comes out another, and graphviz talks to stderr."""
_CLEAR = 8.0
"""How far from a shape in its way a wire is led past it."""
_BOW = 14.0
"""Between wires that join the same two shapes."""
_DISCS = ("circle", "square", "box", "ellipse", "pill", "dot")


def engine() -> str:
    """What lays out large networks without a shape of their own, in words."""
    if _wheel() is not None:
        return "graphviz in the pygraphviz wheel"
    return "graphviz's sfdp on PATH" if shutil.which("sfdp") else "columns, built in (no graphviz found)"


def _wheel() -> ModuleType | None:
    """pygraphviz, if it is there and finds the libraries of the system that it needs."""
    try:
        return import_module("pygraphviz")
    except (ImportError, OSError):
        return None


def freeform(index: Index, part: Level) -> Placed | None:
    """The level by graphviz; None without engine, or where there is what its places know nothing of.

    Those are bubbles, shapes with sides of their own (isometries, bundles, sums), and loops at one shape.
    """
    plain = all(item in index.shapes and _is_plain(index.shapes[item]) for item in part.items)
    if not plain or any(edge.via_a or edge.via_b or edge.a == edge.b for edge in part.edges):
        return None
    halves = {item: pieces.half_size(index.shapes[item], RIGHT) for item in part.items}
    found = _places(_source(part))
    if found is None:
        return None
    reach = {str(item): max(half) for item, half in halves.items()}
    places = _apart(found, {name: reach.get(name, _NAMES_ROOM) for name in found})
    ways = _ways(part, places, halves)
    routes = {edge.line: _from_first(index, edge, ways[edge.line]) for edge in part.inner_edges}
    ports = tuple(_port(index, edge, ways[edge.line]) for edge in part.outer_edges)
    poses = {
        item: Pose(places[str(item)], halves[item], first_leg=_first_leg(index, part, item, ways))
        for item in part.items
    }
    room = Box(-_NAMES_ROOM, -_NAMES_ROOM, _NAMES_ROOM, _NAMES_ROOM)
    bends = [room.moved(segment.end) for way in ways.values() for segment in way.segments]
    box = union([NO_BOX, *(pose.box for pose in poses.values()), *bends])
    return Placed(poses, {}, routes, ports, box, spare=frozenset(routes))


def _is_plain(shape: Shape) -> bool:
    return shape.symbol in ("dot", "pin") or (shape.symbol == "tensor" and shape.outline in _DISCS)


# ---------------------------------------------------------------- graphviz


def _end(edge: Edge) -> str:
    """What an edge leads to in graphviz: an item, or a place for its free end."""
    return f"open{edge.line}" if edge.b is None else str(edge.b)


def _source(part: Level) -> str:
    """The network in graphviz's language; the names there are our numbers, nothing of the text."""
    import graphviz

    graph = graphviz.Graph(
        graph_attr={"overlap": "true", "K": str(_SPRING), "splines": "false", "start": "1"},
        node_attr={"shape": "point", "label": ""},
    )
    for item in part.items:
        graph.node(str(item))
    for edge in part.edges:
        graph.edge(str(edge.a), _end(edge))
    return str(graph.source)


def _places(source: str) -> dict[str, Point] | None:
    """Centres by the names of the nodes; None where there is no graphviz, or it cannot do this."""
    if _wheel() is not None:
        command = [sys.executable, "-c", _IN_WHEEL]
    elif shutil.which("sfdp"):
        command = ["sfdp", "-Tjson"]
    else:
        return None
    try:
        made = subprocess.run(command, input=source, capture_output=True, check=True, encoding="utf-8").stdout
        objects = json.loads(made)["objects"]
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        return None
    found = {}
    for thing in objects:
        x, y = thing["pos"].split(",")
        found[thing["name"]] = (round(float(x), 2), round(-float(y), 2))
    return found


def _apart(places: Mapping[str, Point], reach: Mapping[str, float]) -> dict[str, Point]:
    """The places, spread until half of them have room, then those that are too near pushed apart."""
    at = np.array([places[name] for name in places])
    radius = np.array([reach[name] for name in places]) + _APART / 2
    points = shapely.points(at)
    _, nearest = shapely.STRtree(points).query_nearest(
        points, exclusive=True, return_distance=True, all_matches=False
    )
    at *= max(1.0, 2.0 * float(np.median(radius)) / max(1.0, float(np.median(nearest))))
    for _ in range(_PUSHES):
        points = shapely.points(at)
        one, other = shapely.STRtree(points).query(points, "dwithin", 2 * radius.max())
        one, other = one[one < other], other[one < other]
        gap = at[other] - at[one]
        far = np.hypot(*gap.T)
        lack = radius[one] + radius[other] - far
        near = lack > 0.5
        if not near.any():
            break
        one, other, lack, gap, far = (x[near] for x in (one, other, lack, gap, far))
        ahead = np.where(far[:, None] > 1e-6, gap / np.maximum(far, 1e-6)[:, None], (1.0, 0.0))
        push = 0.5 * lack[:, None] * ahead
        np.add.at(at, other, push)
        np.add.at(at, one, -push)
    return {name: (round(float(x), 2), round(float(y), 2)) for name, (x, y) in zip(places, at, strict=True)}


# ---------------------------------------------------------------- ways


def _ways(part: Level, places: Mapping[str, Point], halves: Mapping[int, Point]) -> dict[int, Path]:
    """Each edge's way from its ``a`` to its ``b``: straight, bowed beside others of its kind, past shapes."""
    pairs = Counter(frozenset((edge.a, edge.b)) for edge in part.inner_edges)
    seen: Counter[frozenset[int | None]] = Counter()
    chords: list[list[Point]] = []
    for edge in part.edges:
        a, b = places[str(edge.a)], places[_end(edge)]
        pair = frozenset((edge.a, edge.b))
        aside = 0.0 if edge.b is None else _BOW * (seen[pair] - (pairs[pair] - 1) / 2)
        seen[pair] += 1
        if aside:
            (x, y) = unit(a, b) if edge.a == min(edge.a, edge.b or 0) else unit(b, a)
            ahead = unit(a, b)
            one, other = add(a, ahead, distance(a, b) * 0.35), add(a, ahead, distance(a, b) * 0.65)
            chords.append([a, add(one, (-y, x), aside), add(other, (-y, x), aside), b])
        else:
            chords.append([a, b])
    chords = _past(part, chords, places, halves)
    return {edge.line: curves.track(points, 24.0) for edge, points in zip(part.edges, chords, strict=True)}


def _past(
    part: Level, chords: list[list[Point]], places: Mapping[str, Point], halves: Mapping[int, Point]
) -> list[list[Point]]:
    """Straight ways, led past the shapes that lie in them: a corner beside each, on the nearer side."""
    at = {item: places[str(item)] for item in part.items}
    reach = {item: max(half) + _CLEAR for item, half in halves.items()}
    tree = shapely.STRtree(shapely.points(np.array([at[item] for item in part.items])))
    lines = [shapely.LineString(points) for points in chords]
    near = tree.query(lines, "dwithin", max(reach.values())).T.tolist()
    blocked: dict[int, list[int]] = {}
    for number, position in near:
        blocked.setdefault(number, []).append(part.items[position])
    for number, items in blocked.items():
        edge, points = part.edges[number], chords[number]
        if len(points) > 2:
            continue
        a, b = points
        ahead, whole = unit(a, b), distance(a, b)
        across = (-ahead[1], ahead[0])
        corners: list[tuple[float, Point]] = []
        for item in items:
            gap = (at[item][0] - a[0], at[item][1] - a[1])
            along, aside = dot(gap, ahead), dot(gap, across)
            if item in (edge.a, edge.b) or not 0 < along < whole or abs(aside) >= reach[item]:
                continue
            side = -1.0 if aside >= 0 else 1.0
            corners.append((along, add(at[item], across, side * reach[item])))
        chords[number] = [a, *(corner for _, corner in sorted(corners)), b]
    return chords


def _from_first(index: Index, edge: Edge, way: Path) -> Path:
    """A way in the direction of its line."""
    return way if index.lines[edge.line].ends[0].shape == edge.a else reverse(way)


def _port(index: Index, edge: Edge, way: Path) -> Port:
    x, y = unit(way.start, way.end)
    side: Side = ("right" if x > 0 else "left") if abs(x) >= abs(y) else ("down" if y > 0 else "up")
    end = 0 if index.lines[edge.line].ends[0].shape == edge.a else 1
    return Port(edge.line, end, side, way, edge.a, fixed=True)


def _first_leg(index: Index, part: Level, item: int, ways: Mapping[int, Path]) -> Point | None:
    """Where the first leg is, which is told if two legs could be taken for one another."""
    shape = index.shapes[item]
    kinds = Counter((index.lines[leg].dim, index.lines[leg].size) for leg in shape.legs)
    if shape.symbol != "tensor" or shape.even or max(kinds.values(), default=0) < 2:
        return None
    edge = next(edge for edge in part.of(item) if edge.line == shape.legs[0])
    way = ways[edge.line]
    points = [way.start, *(segment.end for segment in way.segments)]
    return unit(*points[:2]) if edge.a == item else unit(*points[:-3:-1])
