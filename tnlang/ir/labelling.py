"""Canonical labelling of a graph with coloured vertices and labelled edges: equal for isomorphic graphs.

Colour refinement with a search over ties (McKay and Piperno, "Practical graph isomorphism, II", 2014, in its
plainest form: automorphisms that are met prune the search, which is bounded).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

Edge = tuple[int, int, str]
Certificate = tuple[tuple[str, ...], tuple[Edge, ...]]


@dataclass(slots=True)
class Graph:
    """Vertices by number with a colour each, and directed edges with a label."""

    colours: list[str] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def vertex(self, *colour: Hashable) -> int:
        """A new vertex; vertices are told apart by what their colour prints as."""
        self.colours.append(repr(colour))
        return len(self.colours) - 1

    def edge(self, start: int, end: int, *label: Hashable) -> None:
        self.edges.append((start, end, repr(label)))


def certificate(graph: Graph, budget: int = 400) -> Certificate:
    """The graph written down in canonical order: from it the graph can be drawn again.

    So two graphs with one certificate are isomorphic. Isomorphic graphs have one certificate unless there are
    so many ties that the search stops after ``budget`` refinements.
    """
    return _Search(graph, budget).run()


@dataclass(slots=True)
class _Search:
    graph: Graph
    budget: int
    neighbours: list[list[tuple[int, int]]] = field(default_factory=list)
    leaves: dict[Certificate, list[int]] = field(default_factory=dict)
    symmetries: list[list[int]] = field(default_factory=list)

    def run(self) -> Certificate:
        labels = _numbered(label for _, _, label in self.graph.edges)
        self.neighbours = [[] for _ in self.graph.colours]
        for start, end, label in self.graph.edges:
            self.neighbours[start].append((2 * labels[label], end))
            self.neighbours[end].append((2 * labels[label] + 1, start))
        colours = _numbered(self.graph.colours)
        self.visit([colours[colour] for colour in self.graph.colours], [])
        return min(self.leaves)

    def visit(self, colouring: list[int], fixed: list[int]) -> None:
        """Refine; try every vertex of the first smallest tie, but one of those that a symmetry exchanges."""
        self.budget -= 1
        colouring = self.refined(colouring)
        cells: defaultdict[int, list[int]] = defaultdict(list)
        for vertex, colour in enumerate(colouring):
            cells[colour].append(vertex)
        ties = [(len(vertices), colour) for colour, vertices in cells.items() if len(vertices) > 1]
        if not ties:
            self.leaf(colouring)
            return
        _, colour = min(ties)
        tried: list[int] = []
        for vertex in cells[colour]:
            if tried and (self.budget <= 0 or self.exchanged(vertex, tried, fixed)):
                continue
            tried.append(vertex)
            # Twice the colours: the chosen vertex gets one of its own just before the rest of its cell.
            self.visit(
                [2 * c + (c == colour and v != vertex) for v, c in enumerate(colouring)], [*fixed, vertex]
            )

    def refined(self, colouring: list[int]) -> list[int]:
        """Colours split by the colours of neighbours until nothing changes."""
        count = len(set(colouring))
        while True:
            signatures = [
                (colour, tuple(sorted((label, colouring[other]) for label, other in neighbours)))
                for colour, neighbours in zip(colouring, self.neighbours, strict=True)
            ]
            number = {signature: n for n, signature in enumerate(sorted(set(signatures)))}
            colouring = [number[signature] for signature in signatures]
            if len(number) == count:
                return colouring
            count = len(number)

    def leaf(self, order: list[int]) -> None:
        """All vertices are told apart: write the graph down, or find that it has been written down before."""
        colours = [""] * len(order)
        for vertex, place in enumerate(order):
            colours[place] = self.graph.colours[vertex]
        edges = tuple(sorted((order[a], order[b], label) for a, b, label in self.graph.edges))
        written = (tuple(colours), edges)
        if written not in self.leaves:
            self.leaves[written] = order
            return
        place_of = {place: vertex for vertex, place in enumerate(self.leaves[written])}
        self.symmetries.append([place_of[place] for place in order])

    def exchanged(self, vertex: int, tried: Sequence[int], fixed: Sequence[int]) -> bool:
        """Whether symmetries that leave the fixed vertices alone carry the vertex to one that was tried."""
        useful = [s for s in self.symmetries if all(s[v] == v for v in fixed)]
        reached, queue = {vertex}, [vertex]
        while queue:
            current = queue.pop()
            for symmetry in useful:
                for image in (symmetry[current], symmetry.index(current)):
                    if image not in reached:
                        reached.add(image)
                        queue.append(image)
        return not reached.isdisjoint(tried)


def _numbered(values: Iterable[str]) -> dict[str, int]:
    return {value: number for number, value in enumerate(sorted(set(values)))}
