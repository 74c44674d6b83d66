"""Whether a scene draws its diagram: every shape where it belongs, every line from end to end, nothing else.

A layout cannot be trusted to have drawn what it was given because the picture looks good; this reads the
connections back from the geometry alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tnlang.draw.bare import CLEAR
from tnlang.draw.diagram import MINUS, Diagram, End, Line, Shape
from tnlang.draw.geometry import Box, bbox, contains, distance, distance_to
from tnlang.draw.labels import label_box
from tnlang.draw.lint import Finding
from tnlang.draw.scene import InkItem, LabelItem, OutlineItem, Path, Point, Scene, ShapeItem, WireItem

TOUCH = 2.0
_WITHOUT_OUTLINE = ("fork", "onehot", "text", "sigma")


def faults(diagram: Diagram, scene: Scene) -> tuple[Finding, ...]:
    """Where a scene does not draw its diagram: lines that miss their shapes, shapes in wrong bubbles.

    The scene is that of one diagram, before rows give new ids. A good one has no faults.
    """
    outlines = {item.id: item.outline for item in scene.items if isinstance(item, ShapeItem)}
    bare = {
        item.inside: label_box(item).grown(CLEAR + TOUCH)
        for item in scene.items
        if isinstance(item, LabelItem) and item.inside is not None and item.inside not in outlines
    }
    walls = {
        item.id: item.outline
        for item in scene.items
        if isinstance(item, OutlineItem) and item.family not in ("plate", "card")
    }
    return (
        *_shapes(diagram, outlines, walls),
        *_gates(diagram, scene),
        *_lines(diagram, outlines, bare, scene),
        *_signs(diagram, scene),
    )


def _shapes(diagram: Diagram, outlines: dict[int, Path], walls: dict[int, Path]) -> Iterator[Finding]:
    around = {enclosure.id: enclosure.inside for enclosure in diagram.enclosures}
    for enclosure in around:
        if enclosure not in walls:
            yield Finding("not drawn", f"enclosure {enclosure}", (0.0, 0.0), (enclosure,))
    for shape in diagram.shapes:
        if shape.symbol in _WITHOUT_OUTLINE or shape.outline == "none":
            continue
        if shape.id not in outlines:
            yield Finding("not drawn", f"shape {shape.name or shape.symbol}", (0.0, 0.0), (shape.id,))
            continue
        at = bbox(outlines[shape.id]).center
        within = set(_path(shape.inside, around))
        for wall, outline in walls.items():
            if contains(outline, at) != (wall in within):
                where = "outside" if wall in within else "inside"
                message = f"shape {shape.name or shape.symbol} is {where} of enclosure {wall}"
                yield Finding("wrong side of a wall", message, at, (shape.id, wall))


def _gates(diagram: Diagram, scene: Scene) -> Iterator[Finding]:
    """Which of the legs that leave a bubble a function works along is told by the gates alone."""
    drawn = sum(isinstance(item, InkItem) and item.role.startswith("gate-") for item in scene.items)
    needed = sum(len(enclosure.gates) + len(enclosure.ended) for enclosure in diagram.enclosures)
    if drawn != needed:
        yield Finding("not drawn", f"{drawn} of {needed} gates are there", (0.0, 0.0), ())


def _path(inside: int | None, around: dict[int, int | None]) -> Iterator[int]:
    while inside is not None:
        yield inside
        inside = around.get(inside)


def _lines(
    diagram: Diagram, outlines: dict[int, Path], bare: dict[int, Box], scene: Scene
) -> Iterator[Finding]:
    shapes = {shape.id: shape for shape in diagram.shapes}
    loose: dict[int, list[Point]] = {}
    for item in scene.items:
        if isinstance(item, WireItem):
            loose.setdefault(item.id, []).extend((item.path.start, item.path.end))
    known = {line.id for line in diagram.lines}
    for number in loose.keys() - known:
        yield Finding("no line of the diagram", f"wire {number}", loose[number][0], (number,))
    ends = {line.id: _free_points(loose.get(line.id, [])) for line in diagram.lines}
    for line in diagram.lines:
        points = ends[line.id]
        if len(points) != 2:
            message = f"line {line.name or line.id} has {len(points)} ends"
            yield Finding("line in pieces", message, points[0] if points else (0.0, 0.0), (line.id,))
            continue
        fits = [
            [_meets(end, point, line, shapes, outlines, bare, ends) for point in points] for end in line.ends
        ]
        if not ((fits[0][0] and fits[1][1]) or (fits[0][1] and fits[1][0])):
            names = " and ".join(_name(end, shapes) for end in line.ends)
            message = f"line {line.name or line.id} does not join {names}"
            yield Finding("line misses its shape", message, points[0], (line.id,))


def _signs(diagram: Diagram, scene: Scene) -> Iterator[Finding]:
    """What a plus takes away is told by the minus at its line alone."""
    shown = {item.line for item in scene.items if isinstance(item, LabelItem) and item.text == MINUS}
    for line in diagram.lines:
        if line.label == MINUS and line.id not in shown:
            yield Finding("not drawn", f"the minus of line {line.name or line.id}", (0.0, 0.0), (line.id,))


def _free_points(points: list[Point]) -> list[Point]:
    """The ends of a line drawn in stretches: the points at which an odd number of stretches end."""
    groups: list[list[Point]] = []
    for point in points:
        near = next((group for group in groups if distance(group[0], point) < TOUCH), None)
        if near is None:
            groups.append([point])
        else:
            near.append(point)
    free = [group[0] for group in groups if len(group) % 2]
    # a loop returns to where it began: both its ends are there
    return free if free or not groups else [groups[0][0], groups[0][0]]


def _meets(
    end: End,
    point: Point,
    line: Line,
    shapes: dict[int, Shape],
    outlines: dict[int, Path],
    bare: dict[int, Box],
    ends: dict[int, list[Point]],
) -> bool:
    """Whether an end of a line is drawn at a point: in its shape, or where the shape's other lines end.

    A name that stands ``bare`` has no outline: the line ends beside it.
    """
    if end.shape is None:
        return not any(_touches(outline, point) for outline in outlines.values())
    if end.shape in outlines:
        return _touches(outlines[end.shape], point)
    if end.shape in bare:
        return bare[end.shape].holds(point)
    others = Counter(shapes[end.shape].legs)
    others[line.id] -= 1
    reach = 28.0 if shapes[end.shape].symbol == "onehot" else 8.0
    return any(
        distance(point, other) < reach for leg in others if others[leg] > 0 for other in ends.get(leg, ())
    )


def _touches(outline: Path, point: Point) -> bool:
    near = bbox(outline).grown(TOUCH).holds(point)
    return near and (contains(outline, point) or distance_to(outline, point) < TOUCH)


def _name(end: End, shapes: dict[int, Shape]) -> str:
    if end.shape is None:
        return "a free end"
    shape = shapes[end.shape]
    return shape.name or shape.label or f"{shape.symbol} {shape.id}"
