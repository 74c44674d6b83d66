"""Closed networks with many loops and no shape of their own: places and ways are graphviz's.

Its ``dot`` runs in the pygraphviz wheel where that is installed, else as the program on PATH; where neither
is there, ``engine`` says so and the columns of ``layered`` take its place. Sizes and labels are our own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from tnlang.draw import pieces
from tnlang.draw.geometry import NO_BOX, RIGHT, Box, union
from tnlang.draw.layout.box import Placed, Pose
from tnlang.draw.layout.level import Index, Level
from tnlang.draw.scene import CurveTo, LineTo, Path, Point

_INCH = 72.0
_NAMES_ROOM = 16.0


def engine() -> str:
    """What lays out networks without a shape of their own, in words."""
    if _wheel() is not None:
        return "graphviz in the pygraphviz wheel"
    return "graphviz's dot on PATH" if shutil.which("dot") else "columns, built in (no graphviz found)"


def _wheel() -> ModuleType | None:
    """pygraphviz, if it is there and finds the libraries of the system that it needs."""
    try:
        return import_module("pygraphviz")
    except (ImportError, OSError):
        return None


def freeform(index: Index, part: Level) -> Placed | None:
    """The level by graphviz; None without engine, or where there are walls, open legs or shapes on wires."""
    plain = all(item in index.shapes for item in part.items)
    if not plain or part.outer_edges or any(edge.via_a or edge.via_b for edge in part.edges):
        return None
    halves = {item: pieces.half_size(index.shapes[item], RIGHT) for item in part.items}
    found = _layout(_source(part, halves))
    if found is None:
        return None
    places, ways = found
    poses = {item: Pose(places[item], halves[item]) for item in part.items}
    routes = {}
    for edge in part.inner_edges:
        a, b = (end.shape for end in index.lines[edge.line].ends)
        if a is None or b is None:
            return None
        routes[edge.line] = _way(places[a], ways[edge.line], places[b])
    room = Box(-_NAMES_ROOM, -_NAMES_ROOM, _NAMES_ROOM, _NAMES_ROOM)
    ends = [room.moved(segment.end) for way in routes.values() for segment in way.segments]
    box = union([NO_BOX, *(pose.box for pose in poses.values()), *ends])
    return Placed(poses, {}, routes, (), box)


def _source(part: Level, halves: dict[int, Point]) -> str:
    """The network in graphviz's language; the names there are our numbers, nothing of the text."""
    import graphviz

    graph = graphviz.Graph(
        graph_attr={"rankdir": "LR", "nodesep": "0.45", "ranksep": "0.7", "splines": "true"},
        node_attr={"shape": "circle", "fixedsize": "true", "label": ""},
    )
    for item in part.items:
        graph.node(str(item), width=f"{2 * max(halves[item]) / _INCH:.4f}")
    for edge in part.inner_edges:
        graph.edge(str(edge.a), str(edge.b), id=str(edge.line))
    return str(graph.source)


def _layout(source: str) -> tuple[dict[int, Point], dict[int, list[Point]]] | None:
    """Centres by item, and the control points of each wire by line."""
    wheel = _wheel()
    if wheel is not None:
        made = json.loads(wheel.AGraph(string=source).draw(format="json", prog="dot"))
    elif shutil.which("dot"):
        import graphviz

        made = json.loads(graphviz.Source(source, engine="dot").pipe(format="json"))
    else:
        return None
    places = {int(thing["name"]): _points(thing["pos"])[0] for thing in made["objects"]}
    return places, {int(edge["id"]): _points(edge["pos"]) for edge in made["edges"]}


def _points(text: str) -> list[Point]:
    found = []
    for pair in text.split():
        x, y = pair.split(",")
        found.append((round(float(x), 2), round(-float(y), 2)))
    return found


def _way(start: Point, points: Sequence[Point], end: Point) -> Path:
    """From centre to centre along a spline that runs from rim to rim, whichever way round it was given."""

    def far(a: Point, b: Point) -> float:
        return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2

    if far(points[0], start) + far(points[-1], end) > far(points[-1], start) + far(points[0], end):
        points = points[::-1]
    curves = [CurveTo(points[n], points[n + 1], points[n + 2]) for n in range(1, len(points) - 2, 3)]
    return Path(start, (LineTo(points[0]), *curves, LineTo(end)))
