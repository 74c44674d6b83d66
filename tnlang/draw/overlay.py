"""What is drawn over a finished layout: shapes joined to one, light outlines, cuts.

A cut and an outline stand for nothing in the network. Shapes that are joined give way to one that covers
them; everything else stays where it was, so that the steps of a contraction can be followed by eye.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

from shapely import LineString, MultiPolygon, Polygon, box, prepared, unary_union
from shapely.geometry.base import BaseGeometry
from shapely.ops import polylabel

from tnlang.draw import curves, geometry, pieces
from tnlang.draw.cuts import clear_of, outlines_of, with_cuts
from tnlang.draw.diagram import Diagram, Joined
from tnlang.draw.frame import framed, ink_box
from tnlang.draw.geometry import Box, bbox, between, distance, flatten
from tnlang.draw.labels import enlarged
from tnlang.draw.round import entry_point, loose_ends, meets
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, Scene, ShapeItem, WireItem
from tnlang.draw.titles import listed, name_of

PADS = (9.0, 7.0, 5.0, 4.0)
"""How far a light outline keeps from what it is round; nearer where it would meet a name."""
BRIDGE = 7.0
"""Half the width of what joins two shapes along their wire, where it has to be narrow."""
CLEAR = 3.0
CORNER = 14.0
"""The radius of corners that turn inwards."""


def overlaid(scene: Scene, diagram: Diagram) -> Scene:
    """The scene with the diagram's joined shapes, outlines and cuts. Cut lines are nowhere under names."""
    if not (diagram.joined or diagram.outlined or diagram.cuts):
        return scene
    items = list(scene.items)
    for joined in diagram.joined:
        items = _joined(items, scene, diagram, joined)
    first_of = {member: joined.members[0] for joined in diagram.joined for member in joined.members}
    for group in diagram.outlined:
        members = tuple(dict.fromkeys(first_of.get(member, member) for member in group))
        items.extend(_light(items, diagram, members, first_of))
    if diagram.cuts:
        items = with_cuts(items, diagram)
    return framed(items, scene.axis, title=scene.title, description=scene.description)


# ---------------------------------------------------------------- joined shapes


def _joined(items: Sequence[Item], scene: Scene, diagram: Diagram, joined: Joined) -> list[Item]:
    """The items with one shape in place of some."""
    members = set(joined.members)
    members |= _dots_within(diagram, members)
    outline = _round(items, diagram, tuple(members), {}, 0.0)
    if outline is None:
        return list(items)
    inner = {line.id for line in diagram.lines if all(end.shape in members for end in line.ends)}
    covered = [bbox(drawn) for number, drawn in outlines_of(items).items() if number in members]
    kept: list[Item] = []
    for item in items:
        match item:
            case ShapeItem(id=number) if number in members:
                continue
            case WireItem(id=number) if number in inner:
                continue
            case LabelItem(inside=int(number)) if number in members:
                continue
            case LabelItem(kind="leg", line=int(number)) if number in inner:
                continue
            case InkItem(outline=path) if any(where.holds(bbox(path).center, 8.0) for where in covered):
                continue
        kept.append(item)
    first = joined.members[0]
    size = enlarged(pieces.TENSOR, diagram.letters)
    name = LabelItem(joined.label, (0.0, 0.0), size, "shape", inside=first)
    at = _spot(Polygon(flatten(outline)), [where.center for where in covered], ink_box(name))
    told, legs = _told(scene, diagram, joined, members, outline)
    shape = ShapeItem(first, outline, "result", listed(told, bbox(outline).center, legs))
    return [*kept, shape, replace(name, at=at, title=name_of("shape", told))]


def _told(
    scene: Scene, diagram: Diagram, joined: Joined, within: set[int], outline: Path
) -> tuple[str, list[tuple[str, Point]]]:
    """What a joined shape is told to be, its members, and whose legs its own are, and where: ``2.j`` is B's.

    Of members that are called the same ``B``, ``B #2`` is the one that is drawn second.
    """
    shapes = {shape.id: shape for shape in diagram.shapes}
    drawn = outlines_of(scene.items)
    seen: Counter[str] = Counter()
    called: dict[int, str] = {}
    for number in drawn:
        if number in shapes:
            text = shapes[number].told
            seen[text] += 1
            called[number] = text if seen[text] == 1 else f"{text} #{seen[text]}"
    found: list[tuple[str, Point]] = []
    for line in diagram.lines:
        paths = [item.path for item in scene.items if isinstance(item, WireItem) and item.id == line.id]
        mine = [end for end in line.ends if end.shape in within]
        if len(mine) != 1:  # none, or a wire within
            continue
        (end,) = mine
        assert end.shape is not None
        at = f"{joined.members.index(end.shape) + 1}.{shapes[end.shape].leg_names[end.leg]}"
        for stretch, start, place in loose_ends(paths):
            if meets(drawn[end.shape], place):
                way = flatten(paths[stretch] if start else geometry.reverse(paths[stretch]))
                found.append((at, entry_point(way, outline)))
    members = "; ".join(called[member] for member in joined.members)
    return f"{joined.told} {members}", found


def _spot(area: Polygon, centers: Sequence[Point], name: Box) -> Point:
    """Where a name lies inside an area: near its middle, where there is room, at or between shapes."""
    x, y = name.width / 2 + CLEAR, name.height / 2 + CLEAR
    places = [*centers, *(between(a, b) for a, b in combinations(centers, 2))]
    middle = (float(area.centroid.x), float(area.centroid.y))
    whole = prepared.prep(area)
    for at in sorted({middle, *places}, key=lambda place: (distance(place, middle), place)):
        if whole.contains(box(at[0] - x, at[1] - y, at[0] + x, at[1] + y)):
            return at
    deepest = polylabel(area, 1.0)
    return (float(deepest.x), float(deepest.y))


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


# ---------------------------------------------------------------- outlines round several shapes


def _round(
    items: Sequence[Item], diagram: Diagram, members: Sequence[int], known_as: Mapping[int, int], pad: float
) -> Path | None:
    """A smooth outline round shapes and the wires between them.

    The plainest of some is taken that holds no other shape and covers the fewest other names and wires.
    """
    outlines = outlines_of(items)
    mine = [Polygon(flatten(outlines[member])) for member in members if member in outlines]
    if not mine:
        return None
    links = [LineString(flatten(wire.path)) for wire in _between(items, diagram, set(members), known_as)]
    straight = [LineString([a.centroid, b.centroid]) for a, b in pairwise(mine)]
    wide = min(min(right - left, bottom - top) for left, top, right, bottom in (m.bounds for m in mine)) / 2
    tries = [
        unary_union(mine).convex_hull,
        *(unary_union([*mine, *(link.buffer(half) for link in links)]) for half in (wide, BRIDGE)),
        unary_union([*mine, *(link.buffer(BRIDGE) for link in straight)]),
    ]
    whole = [Polygon(area.exterior) for area in tries if isinstance(area, Polygon)]
    shapes = [Polygon(flatten(path)) for number, path in outlines.items() if number not in members]
    others = list(_others(items, diagram, set(members), known_as))

    def covered(area: Polygon) -> tuple[bool, int]:
        around = prepared.prep(area.buffer(pad + CLEAR))
        return any(map(around.intersects, shapes)), sum(map(around.intersects, others))

    area = min(whole, key=covered) if whole else tries[0]
    return _smooth(area.buffer(pad).buffer(CORNER).buffer(-CORNER))


def _others(
    items: Sequence[Item], diagram: Diagram, members: set[int], known_as: Mapping[int, int]
) -> Iterator[BaseGeometry]:
    """Names of wires, and wires, that an outline round these shapes should not cover."""
    inner = {wire.id for wire in _between(items, diagram, members, known_as)}
    near = {line.id for line in diagram.lines if any(_drawn(e.shape, known_as) in members for e in line.ends)}
    for item in items:
        match item:
            case WireItem(id=number, path=path) if number not in near:
                yield LineString(flatten(path))
            case LabelItem(kind="leg", line=int(number)) if number not in inner:
                yield box(*ink_box(item))


def _light(
    items: Sequence[Item], diagram: Diagram, members: Sequence[int], known_as: Mapping[int, int]
) -> Iterator[InkItem]:
    """The light outline round some shapes; where no distance keeps it off names, it leaves them out."""
    names = [ink_box(item).grown(CLEAR) for item in items if isinstance(item, LabelItem)]
    found = [_round(items, diagram, members, known_as, pad) for pad in PADS]
    outlines = [outline for outline in found if outline is not None]
    for outline in outlines:
        line = LineString(flatten(outline))
        if not any(line.intersects(box(*name)) for name in names):
            yield InkItem(outline, "next", "under", stroke=2.0)
            return
    for outline in outlines[:1]:
        for stretch in clear_of(flatten(outline), names):
            yield InkItem(curves.straight(*stretch), "next", "under", stroke=2.0)


def _between(
    items: Sequence[Item], diagram: Diagram, members: set[int], known_as: Mapping[int, int]
) -> list[WireItem]:
    """The wires between members, as drawn."""
    ends = {line.id: {_drawn(end.shape, known_as) for end in line.ends} for line in diagram.lines}
    return [item for item in items if isinstance(item, WireItem) and ends.get(item.id, {None}) <= members]


def _drawn(shape: int | None, known_as: Mapping[int, int]) -> int | None:
    """The shape that stands for a shape, which may be joined to others."""
    return shape if shape is None else known_as.get(shape, shape)


def _smooth(area: BaseGeometry) -> Path:
    """The outer line of an area, as a closed path."""
    if isinstance(area, MultiPolygon):
        area = max(area.geoms, key=lambda part: part.area)
    assert isinstance(area, Polygon)
    corners = [(round(x, 2), round(y, 2)) for x, y in area.simplify(0.05).exterior.coords]
    return geometry.polygon(corners[:-1])
