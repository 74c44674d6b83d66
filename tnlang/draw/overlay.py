"""What is drawn over a finished layout: shapes joined to one, light outlines, cuts.

A cut and an outline stand for nothing in the network. Shapes that are joined give way to one that covers
them; everything else stays where it was, so that the steps of a contraction can be followed by eye.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from shapely import LineString, MultiPolygon, Polygon, unary_union
from shapely.geometry.base import BaseGeometry

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.cuts import clear_of, cut_lines
from tnlang.draw.diagram import Diagram, Joined
from tnlang.draw.frame import framed, ink_box
from tnlang.draw.geometry import bbox, distance_to, flatten
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, Scene, ShapeItem, WireItem

PADS = (9.0, 7.0, 5.0, 4.0)
"""How far a light outline keeps from what it is round; nearer where it would meet a name."""
BRIDGE = 7.0
"""Half the width of what joins two shapes along their wire, where it has to be narrow."""
CLEAR = 3.0


def overlaid(scene: Scene, diagram: Diagram) -> Scene:
    """The scene with the diagram's joined shapes, outlines and cuts. Cut lines are nowhere under names."""
    if not (diagram.joined or diagram.outlined or diagram.cuts):
        return scene
    items = list(scene.items)
    for joined in diagram.joined:
        items = _joined(items, diagram, joined)
    first_of = {member: joined.members[0] for joined in diagram.joined for member in joined.members}
    for group in diagram.outlined:
        members = tuple(dict.fromkeys(first_of.get(member, member) for member in group))
        items.extend(_light(items, diagram, members, first_of))
    for cut in diagram.cuts:
        items.extend(cut_lines(items, diagram, cut))
    return framed(items, scene.axis, title=scene.title, description=scene.description)


# ---------------------------------------------------------------- joined shapes


def _joined(items: Sequence[Item], diagram: Diagram, joined: Joined) -> list[Item]:
    """The items with one shape in place of some."""
    members = set(joined.members)
    members |= _dots_within(diagram, members)
    outline = _round(items, diagram, tuple(members), {}, 0.0)
    if outline is None:
        return list(items)
    inner = {line.id for line in diagram.lines if all(end.shape in members for end in line.ends)}
    covered = [bbox(item.outline) for item in items if isinstance(item, ShapeItem) and item.id in members]
    wires = [item for item in items if isinstance(item, WireItem)]
    kept: list[Item] = []
    for item in items:
        match item:
            case ShapeItem(id=number) if number in members:
                continue
            case WireItem(id=number) if number in inner:
                continue
            case LabelItem(inside=int(number)) if number in members:
                continue
            case LabelItem(kind="leg", at=at) if wires and _nearest(wires, at).id in inner:
                continue
            case InkItem(outline=path) if any(box.holds(bbox(path).center, 8.0) for box in covered):
                continue
        kept.append(item)
    first = joined.members[0]
    inside = Polygon(flatten(outline)).representative_point()
    middle = bbox(outline).center
    at = middle if geometry.contains(outline, middle) else (float(inside.x), float(inside.y))
    return [
        *kept,
        ShapeItem(first, outline, "result", joined.told),
        LabelItem(joined.label, at, pieces.TENSOR, "shape", inside=first),
    ]


def _dots_within(diagram: Diagram, members: set[int]) -> set[int]:
    """The dots all of whose wires end at these shapes."""
    lines = {line.id: line for line in diagram.lines}
    found = set()
    for shape in diagram.shapes:
        if shape.symbol != "dot":
            continue
        ends = {end.shape for leg in shape.legs for end in lines[leg].ends} - {shape.id}
        if ends and ends <= members:
            found.add(shape.id)
    return found


def _nearest(wires: Sequence[WireItem], at: Point) -> WireItem:
    return min(wires, key=lambda wire: distance_to(wire.path, at))


# ---------------------------------------------------------------- outlines round several shapes


def _round(
    items: Sequence[Item], diagram: Diagram, members: Sequence[int], known_as: dict[int, int], pad: float
) -> Path | None:
    """A smooth outline round shapes and the wires between them, as wide as nothing else is in the way."""
    outlines = {item.id: item.outline for item in items if isinstance(item, ShapeItem)}
    mine = [Polygon(flatten(outlines[member])) for member in members if member in outlines]
    if not mine:
        return None
    others = unary_union(
        [Polygon(flatten(path)) for number, path in outlines.items() if number not in set(members)]
    ).buffer(CLEAR + pad)
    between = _links(items, diagram, set(members), known_as)
    straight = [LineString([a.centroid, b.centroid]) for a, b in pairwise(mine)]
    wide = (
        min(min(shape.bounds[2] - shape.bounds[0], shape.bounds[3] - shape.bounds[1]) for shape in mine) / 2
    )
    tries = [
        unary_union(mine).convex_hull,
        *(unary_union([*mine, *(link.buffer(half) for link in between)]) for half in (wide, BRIDGE)),
        unary_union([*mine, *(link.buffer(BRIDGE) for link in straight)]),
    ]
    whole = [area for area in tries if area.geom_type == "Polygon"] or tries[:1]
    area = next((area for area in whole if not area.intersects(others)), whole[-1])
    return _smooth(area.buffer(pad).buffer(14.0).buffer(-14.0))


def _light(
    items: Sequence[Item], diagram: Diagram, members: Sequence[int], known_as: dict[int, int]
) -> Iterator[InkItem]:
    """The light outline round some shapes; where no distance keeps it off names, it leaves them out."""
    names = [ink_box(item).grown(CLEAR) for item in items if isinstance(item, LabelItem)]
    found = [_round(items, diagram, members, known_as, pad) for pad in PADS]
    outlines = [outline for outline in found if outline is not None]
    for outline in outlines:
        points = flatten(outline)
        if not any(box.holds(point) for box in names for point in points):
            yield InkItem(outline, "next", "under", stroke=2.0)
            return
    for outline in outlines[:1]:
        for stretch in clear_of(flatten(outline), names):
            yield InkItem(curves.straight(*stretch), "next", "under", stroke=2.0)


def _links(
    items: Sequence[Item], diagram: Diagram, members: set[int], known_as: dict[int, int]
) -> list[BaseGeometry]:
    """The wires between members, as drawn."""
    ends = {
        line.id: {known_as.get(end.shape or -1, end.shape) for end in line.ends} for line in diagram.lines
    }
    return [
        LineString(flatten(item.path))
        for item in items
        if isinstance(item, WireItem) and ends.get(item.id, {None}) <= members
    ]


def _smooth(area: BaseGeometry) -> Path:
    """The outer line of an area, as a closed path."""
    if isinstance(area, MultiPolygon):
        area = max(area.geoms, key=lambda part: part.area)
    assert isinstance(area, Polygon)
    corners = [(round(x, 2), round(y, 2)) for x, y in area.simplify(0.05).exterior.coords]
    return geometry.polygon(corners[:-1])
