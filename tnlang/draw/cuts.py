"""Cuts: a light dashed line across wires, or through a shape between some of its legs and the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, product

from tnlang.draw import curves
from tnlang.draw.diagram import Cut, Diagram
from tnlang.draw.frame import ink_box
from tnlang.draw.geometry import Box, add, bbox, between, distance, distance_to, dot, length, point_at, unit
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, ShapeItem, WireItem

REACH = 34.0
"""How far a cut goes on beyond the wire."""
CLEAR = 3.0
SHORTEST = 6
"""What is left of it between two names is drawn if it is longer."""


def cut_lines(items: Sequence[Item], diagram: Diagram, cut: Cut) -> Iterator[InkItem]:
    """The light line of a cut, through all its places; it leaves out names."""
    stretches = (item for item in items if isinstance(item, WireItem))
    paths = {item.id: item.path for item in sorted(stretches, key=lambda item: length(item.path))}
    outlines = {item.id: item.outline for item in items if isinstance(item, ShapeItem)}
    names = [ink_box(item).grown(CLEAR) for item in items if isinstance(item, LabelItem)]
    legs_of = {shape.id: shape.legs for shape in diagram.shapes}
    lines = []
    for shape, legs in cut.shapes:
        if shape in outlines:
            known = [leg for leg in legs_of[shape] if leg in paths]
            ends = {leg: _far_end(paths[leg], outlines[shape]) for leg in known}
            lines.append(_between_legs(bbox(outlines[shape]), ends, legs))
    crossed = [paths[line] for line in cut.lines if line in paths]
    if crossed:
        lines.append(_across(crossed))
    for line in lines:
        for stretch in clear_of(line, names):
            yield InkItem(curves.straight(*stretch), "cut", stroke=1.6)


def _across(paths: Sequence[Path]) -> list[Point]:
    """A line through the middles of wires; straight across a wire that is alone."""
    if len(paths) == 1:
        at, (x, y) = point_at(paths[0], 0.5)
        return [add(at, (-y, x), -REACH), add(at, (-y, x), REACH)]
    points = [point_at(path, 0.5)[0] for path in paths]
    first, last = max(product(points, points), key=lambda pair: distance(*pair))
    along = unit(first, last)
    points.sort(key=lambda point: dot(point, along))
    return [add(points[0], along, -REACH), *points, add(points[-1], along, REACH)]


def _far_end(path: Path, outline: Path) -> Point:
    """Where a leg is, away from its shape."""
    return max((path.start, path.end), key=lambda end: distance_to(outline, end))


def _between_legs(box: Box, ends: dict[int, Point], legs: tuple[int, ...]) -> list[Point]:
    """A line through a shape, between the legs named and the others: upright or level if that will do."""
    mine = [point for leg, point in ends.items() if leg in legs]
    rest = [point for leg, point in ends.items() if leg not in legs]
    for axis, (low, high) in ((0, (box.left, box.right)), (1, (box.top, box.bottom))):
        for before, after in ((mine, rest), (rest, mine)):
            most, least = max(p[axis] for p in before), min(p[axis] for p in after)
            if most < least:
                inset = 0.2 * (high - low)
                middle = min(max((most + least) / 2, low + inset), high - inset)
                if axis == 0:
                    return [(middle, box.top - REACH / 2), (middle, box.bottom + REACH / 2)]
                return [(box.left - REACH / 2, middle), (box.right + REACH / 2, middle)]
    x, y = unit(_middle(rest), _middle(mine))
    reach = max(box.width, box.height) / 2 + REACH / 2
    return [add(box.center, (-y, x), -reach), add(box.center, (-y, x), reach)]


def _middle(points: Sequence[Point]) -> Point:
    return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))


def clear_of(line: Sequence[Point], names: Sequence[Box]) -> Iterator[tuple[Point, ...]]:
    """The stretches of a line through points that lie in no name's box."""
    points = [line[0]]
    for a, b in pairwise(line):
        steps = max(1, round(distance(a, b)))
        points += [between(a, b, step / steps) for step in range(1, steps + 1)]
    corners = set(line)
    for hidden, run in groupby(points, key=lambda point: any(box.holds(point) for box in names)):
        stretch = list(run)
        if not hidden and len(stretch) > SHORTEST:
            yield (stretch[0], *(point for point in stretch[1:-1] if point in corners), stretch[-1])
