"""Whether two pictures draw the same network: their graphs are isomorphic, whatever stands where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import networkx as nx

from tnlang.verification.picture import ROOT, Picture


def graph_of(picture: Picture) -> nx.Graph:
    """Shapes, wires, walls and the terms of sums as nodes; edges tell by which leg they hang together."""
    found = nx.Graph()
    for number, region in enumerate(picture.regions):
        functions = tuple((f.name, f.gates, f.options) for f in region.functions)
        found.add_node(("region", number), says=("region", functions, region.loop))
        _join(found, ("region", number), ("region", region.inside), "inside")
        for leg, wire in (*region.gates, *region.ports):
            _join(found, ("region", number), ("wire", wire), leg)
    found.add_node(("region", ROOT), says=("page",))
    for number, shape in enumerate(picture.shapes):
        found.add_node(("shape", number), says=(shape.kind, shape.words.text))
        _join(found, ("shape", number), ("region", shape.region), "inside")
        for leg, wire in shape.legs:
            term, dot, name = leg.rpartition(".")
            if shape.kind == "sum" and dot:  # terms are added in any order
                place = ("term", number, term)
                found.add_node(place, says=("term", term.startswith("-")))
                _join(found, ("shape", number), place, "term")
                _join(found, place, ("wire", wire), name)
            else:
                _join(found, ("shape", number), ("wire", wire), "" if shape.kind == "delta" else leg)
    for number, wire in enumerate(picture.wires):
        opens = tuple(sorted(end.open for end in wire.ends if end.open))
        found.add_node(("wire", number), says=("wire", opens))
        for end in wire.ends:
            if end.wall is not None:
                _join(found, ("wire", number), ("region", end.wall), "ends")
    for paste, station in picture.stations.items():
        _join(found, ("shape", paste), ("shape", station), "ribbon")
    return found


def _join(found: nx.Graph, a: tuple, b: tuple, leg: str) -> None:
    legs = found.edges[a, b]["legs"] if found.has_edge(a, b) else ()
    found.add_edge(a, b, legs=tuple(sorted((*legs, leg))))


def drawn_alike(a: Picture, b: Picture) -> bool:
    """Whether two pictures draw one network, with names of the same legs at its free ends."""
    if b.misnamed:
        return False
    graphs = graph_of(a), graph_of(b)
    first, second = _coloured(graphs)
    return first == second and nx.is_isomorphic(
        *graphs,
        node_match=lambda x, y: x["colour"] == y["colour"],
        edge_match=lambda x, y: x["legs"] == y["legs"],
    )


def _coloured(graphs: Sequence[nx.Graph]) -> list[Counter]:
    """How many nodes of each graph have which colour: alike are those whose neighbours are, on and on."""
    table: dict[tuple, int] = {}
    for graph in graphs:
        for node in graph:
            graph.nodes[node]["colour"] = table.setdefault(graph.nodes[node]["says"], len(table))
    count = 0
    while len(table) > count:
        count, table = len(table), {}
        for graph in graphs:
            seen = {}
            for node in graph:
                near = sorted((e["legs"], graph.nodes[other]["colour"]) for other, e in graph[node].items())
                seen[node] = (graph.nodes[node]["colour"], tuple(near))
            for node, colour in seen.items():
                graph.nodes[node]["colour"] = table.setdefault(colour, len(table))
    return [Counter(colour for _, colour in graph.nodes(data="colour")) for graph in graphs]
