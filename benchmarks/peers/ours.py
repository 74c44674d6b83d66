"""tnlang's own picture of a network, and its ink for the same count."""

from __future__ import annotations

from itertools import groupby

from shapely import LineString, MultiLineString, Polygon, box, line_merge

from benchmarks.peers.measure import Ink, uncovered
from benchmarks.peers.networks import Network
from tnlang.api import load
from tnlang.draw import net_scene
from tnlang.draw.geometry import flatten
from tnlang.draw.labels import label_box
from tnlang.draw.scene import LabelItem, Scene, ShapeItem, WireItem
from tnlang.draw.svg import to_svg


def draw_ours(network: Network) -> tuple[str, Ink]:
    """The SVG of the program's net, and the ink that is counted."""
    program = load(network.text).ir
    scene = net_scene(program, "main")
    return to_svg(scene), _ink(scene)


def _ink(scene: Scene) -> Ink:
    shapes = tuple(Polygon(flatten(i.outline)) for i in scene.items if isinstance(i, ShapeItem))
    pieces = sorted((i for i in scene.items if isinstance(i, WireItem)), key=lambda i: i.id)
    wires: list[LineString] = []
    for _, run in groupby(pieces, lambda i: i.id):
        merged = line_merge(MultiLineString([flatten(i.path) for i in run]))
        wires.extend(getattr(merged, "geoms", [merged]))
    boxes = [label_box(i) for i in scene.items if isinstance(i, LabelItem)]
    labels = tuple(box(b.left, b.top, b.right, b.bottom) for b in boxes)
    return Ink(shapes, tuple(wires), tuple(uncovered(wires, shapes)), labels)
