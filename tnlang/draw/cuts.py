"""Cuts: a light dashed line across wires, or through a shape between some of its legs and the others.

Names of wires that stood where a cut runs stand beside it where there is room; else it leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, product

from tnlang.draw import curves
from tnlang.draw.bare import CLEAR as BARE
from tnlang.draw.diagram import Cut, Diagram
from tnlang.draw.frame import ink_box, move_item
from tnlang.draw.geometry import (
    Box,
    add,
    bbox,
    between,
    distance,
    distance_to,
    dot,
    length,
    point_at,
    rounded,
    unit,
)
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, ShapeItem, WireItem
from tnlang.draw.space import Space, meets

REACH = 34.0
"""How far a cut goes on beyond the wire."""
CLEAR, INSIDE, NEAR = 3.0, 6.0, 2.0
"""What a cut leaves free round a name, and round one in a shape; how near to other things names may move."""
OUTWARDS = (0.0, 3.0, 6.0, 9.0)
"""How far it is moved along the cut, away from the wire, to pass the shapes at both sides."""
SHORTEST = 6
"""What is left of it between two names is drawn if it is longer."""


def with_cuts(items: Sequence[Item], diagram: Diagram) -> list[Item]:
    """The items with the light lines of all cuts, each through all its places."""
    lines = [line for cut in diagram.cuts for line in _ways(items, diagram, cut)]
    made = _beside(items, lines)
    labels = [item for item in made if isinstance(item, LabelItem)]
    names = [ink_box(item).grown(INSIDE if item.kind == "shape" else CLEAR) for item in labels]
    for line in lines:
        for stretch in clear_of(line, names):
            made.append(InkItem(curves.straight(*stretch), "cut", stroke=1.6))
    return made


def outlines_of(items: Sequence[Item]) -> dict[int, Path]:
    """The outlines of shapes by number; round a name that stands bare, an oblong."""
    found: dict[int, Path] = {}
    for item in items:
        match item:
            case ShapeItem(id=number, outline=outline):
                found[number] = outline
            case LabelItem(kind="sign", inside=int(number)):
                found[number] = rounded(ink_box(item).grown(BARE), BARE)
    return found


def _ways(items: Sequence[Item], diagram: Diagram, cut: Cut) -> Iterator[list[Point]]:
    """The points that a cut runs through."""
    stretches = (item for item in items if isinstance(item, WireItem))
    paths = {item.id: item.path for item in sorted(stretches, key=lambda item: length(item.path))}
    outlines = outlines_of(items)
    legs_of = {shape.id: shape.legs for shape in diagram.shapes}
    for shape, legs in cut.shapes:
        if shape in outlines:
            known = [leg for leg in legs_of[shape] if leg in paths]
            ends = {leg: _far_end(paths[leg], outlines[shape]) for leg in known}
            yield _between_legs(bbox(outlines[shape]), ends, legs)
    crossed = [paths[line] for line in cut.lines if line in paths]
    if crossed:
        yield _across(crossed)


def _beside(items: Sequence[Item], lines: Sequence[Sequence[Point]]) -> list[Item]:
    """The items, names of wires moved off the lines, and a little along them, to where nothing else is."""
    made = list(items)
    pieces = [piece for line in lines for piece in pairwise(line)]
    for number, item in enumerate(made):
        if not isinstance(item, LabelItem) or item.kind != "leg":
            continue
        box = ink_box(item)
        for start, end in pieces:
            if not meets(start, end, box.grown(CLEAR)):
                continue
            along = unit(start, end)
            normal = (-along[1], along[0])
            aside = dot(box.center, normal) - dot(start, normal)
            far = abs(normal[0]) * box.width / 2 + abs(normal[1]) * box.height / 2 + CLEAR + 0.1
            moves = sorted((far - aside, -far - aside), key=abs)
            on = dot(box.center, along) - dot(start, along) - distance(start, end) / 2
            tries = (
                move_item(item, add((by * normal[0], by * normal[1]), along, out * (1 if on > 0 else -1)))
                for out in OUTWARDS
                for by in moves
            )
            free = (t for t in tries if _is_free(ink_box(t), number, made, pieces))
            made[number] = next(free, item)
            break
    return made


def _is_free(box: Box, own: int, items: Sequence[Item], pieces: Sequence[tuple[Point, Point]]) -> bool:
    """Whether nothing is in a box but the item that is to stand there."""
    if any(meets(start, end, box.grown(CLEAR)) for start, end in pieces):
        return False
    space = Space()
    for number, item in enumerate(items):
        if number != own and ink_box(item).overlaps(box, NEAR):
            space.add(item, ink_box(item) if isinstance(item, LabelItem) else None)
    return not space.near(box, NEAR)


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
