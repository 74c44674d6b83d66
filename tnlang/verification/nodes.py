"""What stands on which wires, and what hangs together: a picture's nodes, before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tnlang.reference.arrays import Array
from tnlang.verification.formula import size
from tnlang.verification.picture import Picture
from tnlang.verification.svg import Unreadable

Legs = Mapping[str, int]
TIE = "(1)"
"""What the legs are called between which a line of size 1 ties a number to a sum."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An array with a wire for each axis; a wire may come twice."""

    array: Array
    wires: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """What stands on wires: a shape, what is in a wall, or one of the values that come out of a shape.

    ``kind`` is ``shape``, ``region``, ``out`` or ``plate-out`` (a use of a copy or box, and a plate),
    or ``value``: an input, or a sum already added up.
    """

    kind: str
    number: int
    use: str = ""
    value: Labelled | None = field(default=None, compare=False)


class Nodes:
    """The nodes of one picture."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.within: dict[int, set[int]] = {}
        for shape, known in enumerate(picture.shapes):
            for region in picture.around(known.region):
                self.within.setdefault(region, set()).add(shape)

    def nodes_in(self, region: int) -> list[Node]:
        """What stands directly in a region."""
        shapes = [Node("shape", s) for s, known in enumerate(self.picture.shapes) if known.region == region]
        inner = [Node("region", r) for r, known in enumerate(self.picture.regions) if known.inside == region]
        return shapes + inner

    def wires_of(self, node: Node) -> list[int]:
        """The wires on a node, as often as they end on it."""
        match node.kind:
            case "shape":
                return [wire for _, wire in self.picture.shapes[node.number].legs]
            case "region":
                return self.crossing(node.number)
            case "out":
                return list(self.groups(node.number).get(node.use, {}).values())
            case "plate-out":
                ports = self.picture.regions[node.number].ports
                return [wire for leg, wire in ports if leg.rpartition(".")[0] == node.use]
            case _:
                return list(node.value.wires) if node.value is not None else []

    def crossing(self, region: int) -> list[int]:
        """The wires with one end inside a region."""
        found = []
        for place, wire in enumerate(self.picture.wires):
            inside = [
                (e.shape is not None and e.shape in self.within.get(region, ()))
                or (e.wall is not None and region in self.picture.around(e.wall))
                for e in wire.ends
            ]
            if inside[0] != inside[1]:
                found.append(place)
        return found

    def kind(self, node: Node) -> str:
        return self.picture.shapes[node.number].kind if node.kind == "shape" else node.kind

    def takes_whole(self, node: Node) -> bool:
        """Whether a node takes whole values: a copy into which lines come, a box, dots, a plate."""
        if node.kind == "region":
            return self.picture.regions[node.number].is_plate
        return self.kind(node) in ("box", "dots") or (
            self.kind(node) == "copy"
            and any(leg.startswith("in.") for leg, _ in self.picture.shapes[node.number].legs)
        )

    def groups(self, shape: int) -> dict[str, dict[str, int]]:
        """The legs of a copy, box or dots by what they are legs of: ``in``, ``out1``; ``in x``, ``out y``."""
        found: dict[str, dict[str, int]] = {}
        for leg, wire in self.picture.shapes[shape].legs:
            if leg == TIE:
                continue
            group, _, name = leg.partition(".")
            found.setdefault(group, {})[name] = wire
        return found

    def taken(self, sink: Node) -> Iterator[list[int]]:
        """The wires of each whole value that a node takes."""
        if sink.kind == "region":
            groups: dict[str, list[int]] = {}
            for leg, wire in self.picture.regions[sink.number].ports:
                groups.setdefault(leg.rpartition(".")[0], []).append(wire)
            yield from (wires for group, wires in groups.items() if not is_given(group))
            return
        for group, legs in self.groups(sink.number).items():
            if group == "in" or group.startswith("in "):
                yield list(legs.values())

    def parts(self, nodes: Sequence[Node]) -> list[list[Node]]:
        """The nodes that hang together when what takes whole values is cut into its outcomes."""
        pieces: list[Node] = []
        for node in nodes:
            if not self.takes_whole(node):
                pieces.append(node)
            elif node.kind == "region":
                groups = {leg.rpartition(".")[0] for leg, _ in self.picture.regions[node.number].ports}
                pieces += [Node("plate-out", node.number, g) for g in sorted(groups) if is_given(g)]
            else:
                pieces += [
                    Node("out", node.number, g) for g in self.groups(node.number) if g.startswith("out")
                ]
        return self.components(pieces)

    def components(self, pieces: Sequence[Node]) -> list[list[Node]]:
        parent = list(range(len(pieces)))

        def root(k: int) -> int:
            while parent[k] != k:
                parent[k] = parent[parent[k]]
                k = parent[k]
            return k

        at: dict[int, int] = {}
        for k, node in enumerate(pieces):
            for wire in self.wires_of(node):
                parent[root(k)] = root(at.setdefault(wire, k))
        found: dict[int, list[Node]] = {}
        for k, node in enumerate(pieces):
            found.setdefault(root(k), []).append(node)
        return list(found.values())

    def touches(self, part: Sequence[Node], wires: Iterable[int]) -> bool:
        return bool({wire for node in part for wire in self.wires_of(node)} & set(wires))

    def leaving(self, nodes: Sequence[Node]) -> list[int]:
        """The wires with one end on the nodes."""
        counts: dict[int, int] = {}
        for node in nodes:
            for wire in self.wires_of(node):
                counts[wire] = counts.get(wire, 0) + 1
        return [wire for wire, count in counts.items() if count == 1]

    def terms(self, plus: int) -> tuple[dict[str, Legs], Legs]:
        """The legs of each term of a sum (``-2`` is taken away), and those of its result."""
        terms: dict[str, dict[str, int]] = {}
        result: dict[str, int] = {}
        for leg, wire in self.picture.shapes[plus].legs:
            found = re.fullmatch(r"(-?\d+)\.(.*)", leg)
            if found is None:
                result[leg] = wire
            else:
                terms.setdefault(found[1], {})[found[2]] = wire
        return dict(terms), result

    def size(self, wire: int, names: Mapping[str, int], default: int | None = None) -> int:
        """How many entries a wire has, by its title."""
        words = self.picture.wires[wire].words
        if not words.size:
            return default if default is not None else 1
        try:
            return size(words.size, names)
        except Unreadable:
            if words.number is not None:
                return words.number
            if default is not None:
                return default
            raise


def is_given(group: str) -> bool:
    """Whether what crosses a plate's edge is what it gives: ``out``, or ``out 2`` of a second stream."""
    return group.partition(" ")[0] == "out"
