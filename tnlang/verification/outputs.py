"""Which part of a picture is which output of its net, where there are several.

Free ends say whose legs they are; a number has none and stands in an outline of its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnlang.draw.geometry import Box
from tnlang.verification.nodes import Node
from tnlang.verification.svg import Unreadable
from tnlang.verification.value import Evaluation


@dataclass(frozen=True, slots=True)
class Cluster:
    """What hangs together at the root: shapes, regions, wires; ``sigma`` is a big sign instead."""

    shapes: tuple[int, ...]
    regions: tuple[int, ...]
    wires: tuple[int, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Part:
    """Clusters with a value; others in them hang at ``unwanted`` wires or are regions, ``others``."""

    clusters: tuple[Cluster, ...]
    unwanted: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()


def parted(evaluation: Evaluation, clusters: Sequence[Cluster], keys: Sequence[str]) -> dict[str, Part]:
    """The part of each output. Raises Unreadable for what is no output's."""
    picture = evaluation.picture
    at_ends: dict[int, str] = {}
    for cluster in clusters:
        for wire in cluster.wires:
            for end in picture.wires[wire].ends:
                if end.open and not end.open.startswith("in "):
                    at_ends[wire] = end.open.rpartition(".")[0]
    outlined = {
        region: picture.regions[region].name
        for cluster in clusters
        for region in cluster.regions
        if picture.regions[region].name in keys and not evaluation.nodes.crossing(region)
    }
    _all_of_outputs(evaluation, clusters, at_ends, outlined)
    parts = {}
    for key in keys:
        mine = [
            cluster
            for cluster in clusters
            if key in {at_ends.get(wire) for wire in cluster.wires}
            or key in {outlined.get(region) for region in cluster.regions}
        ]
        unwanted = frozenset(wire for wire, name in at_ends.items() if name != key)
        others = frozenset(region for region, name in outlined.items() if name != key)
        parts[key] = Part(tuple(mine), unwanted, others)
    return parts


def _all_of_outputs(
    evaluation: Evaluation, clusters: Sequence[Cluster], at_ends: dict[int, str], outlined: dict[int, str]
) -> None:
    """Raise Unreadable for what hangs at no end of an output, nor at what takes whole values."""
    nodes = evaluation.nodes
    root = [Node("shape", s) for cluster in clusters for s in cluster.shapes]
    root += [Node("region", r) for cluster in clusters for r in cluster.regions]
    sinks = [node for node in root if nodes.takes_whole(node)]
    ends = [wires for sink in sinks for wires in nodes.taken(sink)] + [list(at_ends)]
    for part in nodes.parts(root):
        outlines = [node.number for node in part if node.kind == "region" and node.number in outlined]
        if not outlines and not any(nodes.touches(part, wires) for wires in ends):
            first = part[0]
            shapes = evaluation.picture.shapes
            at = shapes[first.number].box.center if first.kind != "region" else None
            raise Unreadable("what stands here is no output's", at)
