"""Places for large networks with many loops and no shape of their own: graphviz's.

Its ``sfdp`` runs in the pygraphviz wheel where that is installed, else as the program on PATH; where neither
is there, ``engine`` says so and the columns of ``layered`` take its place. Only which shapes are near one
another comes from here: rows, columns, wires and names are our own (``gridded``).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType

from tnlang.draw.layout.level import Edge, Level
from tnlang.draw.scene import Point

_IN_WHEEL = """
import sys, pygraphviz
sys.stdout.buffer.write(pygraphviz.AGraph(string=sys.stdin.read()).draw(format="json", prog="sfdp"))
"""
"""In a process of its own, since a second drawing in one comes out another, and graphviz talks to stderr."""


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


def _end(edge: Edge) -> str:
    """What an edge leads to in graphviz: an item, or a place for its free end."""
    return f"open{edge.line}" if edge.b is None else str(edge.b)


def _source(part: Level) -> str:
    """The network in graphviz's language; the names there are our numbers, nothing of the text."""
    import graphviz

    graph = graphviz.Graph(
        graph_attr={"overlap": "true", "splines": "false", "start": "1"},
        node_attr={"shape": "point", "label": ""},
    )
    for item in part.items:
        graph.node(str(item))
    for edge in part.edges:
        graph.edge(str(edge.a), _end(edge))
    return str(graph.source)


def places(part: Level) -> dict[str, Point] | None:
    """Where graphviz puts items and free ends, by name; None where there is none, or it cannot do this."""
    source = _source(part)
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
