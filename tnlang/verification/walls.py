"""What lies in what: the walls and plates of a picture, one in another, with the wires at their gates."""

from __future__ import annotations

from collections.abc import Sequence

from tnlang.draw.geometry import Box, bbox, contains, crossings, distance, distance_to
from tnlang.draw.round import clockwise
from tnlang.draw.scene import Path, Point
from tnlang.verification.picture import ROOT, Region, Wire
from tnlang.verification.strands import NEAR_WALL, gate_boxes
from tnlang.verification.svg import Drawing, Element, Unreadable
from tnlang.verification.words import BRACKET, function_words, with_legs


def region_at(walls: Sequence[Element], at: Point) -> int:
    """The innermost wall or plate round a point."""
    holding = [
        (bbox(wall.path).width * bbox(wall.path).height, number)
        for number, wall in enumerate(walls)
        if contains(wall.path, at)
    ]
    return min(holding)[1] if holding else ROOT


def region_of(walls: Sequence[Element], at: Point, outline: Path) -> int:
    """The innermost wall round a shape. Raises Unreadable where it lies across one."""
    region = region_at(walls, at)
    for wall in walls:
        if wall.path is not outline and crossings(outline, wall.path):
            raise Unreadable("a shape lies across a wall", at)
    return region


def _nesting(walls: Sequence[Element]) -> list[int]:
    """The wall or plate round each, the innermost. Raises Unreadable where two cross."""
    found = []
    for number, wall in enumerate(walls):
        area = bbox(wall.path).width * bbox(wall.path).height
        round_it = []
        for other, outer in enumerate(walls):
            if other == number:
                continue
            if crossings(wall.path, outer.path):
                raise Unreadable("two walls cross", wall.path.start)
            size = bbox(outer.path).width * bbox(outer.path).height
            if size > area and contains(outer.path, wall.path.start):
                round_it.append((size, other))
        found.append(min(round_it)[1] if round_it else ROOT)
    return found


def regions(
    drawing: Drawing, walls: Sequence[Element], wires: Sequence[Wire], paths: Sequence[Sequence[Path]]
) -> tuple[Region, ...]:
    """The walls and plates of a drawing; ``paths`` are the stretches of each wire."""
    nested = _nesting(walls)
    gates = [box.center for box in gate_boxes(drawing, "gates")]
    made = []
    for number, (wall, inside) in enumerate(zip(walls, nested, strict=True)):
        head, names = with_legs(wall.title)
        box = bbox(wall.path)
        across_it = [
            (point, wire)
            for wire, stretches in enumerate(paths)
            for path in stretches
            if bbox(path).overlaps(box, 1.0)
            for point, _ in crossings(path, wall.path)
        ]
        if wall.layer == "plates":
            ports = _in_order(box, across_it, names, "a plate", dedupe=True)
            made.append(Region(wall.path, inside, (), (), loop=head, ports=ports))
            continue
        mine = [at for at in gates if distance_to(wall.path, at) < NEAR_WALL]
        at_gates = []
        for gate in mine:
            here = [(distance(p, gate), w) for p, w in across_it if distance(p, gate) < 8.0]
            if not here:
                raise Unreadable("a gate without a wire", gate)
            at_gates.append((gate, min(here)[1]))
        ended = [(e.at, w) for w, wire in enumerate(wires) for e in wire.ends if e.wall == number]
        found = _in_order(box, at_gates + ended, names, head)
        name = head.removeprefix(BRACKET).strip() if head.startswith(BRACKET) else ""
        made.append(Region(wall.path, inside, function_words(head), found, name=name))
    return tuple(made)


def _in_order(
    box: Box, found: Sequence[tuple[Point, int]], names: Sequence[str], told: str, dedupe: bool = False
) -> tuple[tuple[str, int], ...]:
    """Wires at an outline under the names that its title has for them, clockwise."""
    if dedupe:
        first: dict[int, Point] = {}
        for point, wire in found:
            first.setdefault(wire, point)
        found = [(point, wire) for wire, point in first.items()]
    if len(found) != len(names):
        raise Unreadable(f"{told} names {len(names)} legs and {len(found)} wires are there", box.center)
    order = clockwise(box.center, [point for point, _ in found])
    return tuple((name, found[k][1]) for name, k in zip(names, order, strict=True))
