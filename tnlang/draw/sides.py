"""The open legs of a row: on the same sides in every term, where the layouts can do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.geometry import bbox
from tnlang.draw.scene import CurveTo, Path, Point, Scene, ShapeItem, WireItem

LARGEST = 24
"""Terms of more shapes are laid out once, as they come best."""

Sides = Mapping[tuple[str, int], Side]
"""For each open leg, by kind and order, the side on which it leaves."""


def on_same_sides(diagrams: Sequence[Diagram], layout: Callable[[Diagram], Scene]) -> list[Diagram]:
    """The terms of a row, asking for the sides on which the fewest of their legs differ.

    What one of the terms does by itself is tried on all of them, that of the largest first: a single tensor
    can have its legs anywhere. Ties go to the first, and to none asked for.
    """
    done = list(diagrams)
    several = len(diagrams) > 1 and len({_legs(diagram) for diagram in diagrams}) == 1
    if not several or any(d.backbones or len(d.shapes) > LARGEST for d in diagrams):
        return done
    drawn = [sides_of(diagram, layout(diagram)) for diagram in diagrams]
    best, fewest, chosen = done, _differing(drawn), drawn
    by_size = sorted(zip(diagrams, drawn, strict=True), key=lambda one: -len(one[0].shapes))
    for tried in {tuple(sorted(sides.items())): sides for _, sides in by_size}.values():
        if not fewest:
            break
        asked = [_asking(diagram, tried) for diagram in diagrams]
        again = [sides_of(diagram, layout(diagram)) for diagram in asked]
        if _differing(again) < fewest:
            best, fewest, chosen = asked, _differing(again), again
    if len(chosen[0]) > 2 and all(set(sides.values()) == {"down"} for sides in chosen):
        return _below_one_another(best, layout)
    return best


def _below_one_another(diagrams: Sequence[Diagram], layout: Callable[[Diagram], Scene]) -> list[Diagram]:
    """Terms whose legs all hang down, asking for them as far apart as in the term of most shapes."""
    longest = max(diagrams, key=lambda diagram: len(diagram.shapes))
    ends = sorted(at[0] for at, _, _ in _free_ends(longest, layout(longest)))
    pitch = (ends[-1] - ends[0]) / (len(ends) - 1)
    return [
        replace(diagram, opens=tuple(replace(end, side="down", apart=pitch) for end in diagram.opens))
        for diagram in diagrams
    ]


def sides_of(diagram: Diagram, scene: Scene) -> dict[tuple[str, int], Side]:
    """Where the open legs of a diagram leave its picture."""
    return {leg: _direction(before, at) for at, before, leg in _free_ends(diagram, scene)}


def _free_ends(diagram: Diagram, scene: Scene) -> Iterator[tuple[Point, Point, tuple[str, int]]]:
    """The free ends of a picture, each with a point before it and its leg."""
    shapes = [bbox(item.outline) for item in scene.items if isinstance(item, ShapeItem)]
    opened = {end.line: (end.kind, end.order) for end in diagram.opens}
    for item in scene.items:
        if not isinstance(item, WireItem) or item.id not in opened:
            continue
        for at, before in path_ends(item.path):
            if not any(box.holds(at, 1.0) for box in shapes):
                yield at, before, opened[item.id]


def path_ends(path: Path) -> tuple[tuple[Point, Point], ...]:
    """Both ends of a path, each with a point before it in its direction."""
    first, last = path.segments[0], path.segments[-1]
    before = path.start if len(path.segments) == 1 else path.segments[-2].end
    return (
        (last.end, last.second if isinstance(last, CurveTo) else before),
        (path.start, first.first if isinstance(first, CurveTo) else first.end),
    )


def _legs(diagram: Diagram) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((end.kind, end.order) for end in diagram.opens))


def _direction(start: Point, end: Point) -> Side:
    x, y = end[0] - start[0], end[1] - start[1]
    if abs(x) >= abs(y):
        return "left" if x < 0 else "right"
    return "up" if y < 0 else "down"


def _differing(drawn: Sequence[Sides]) -> int:
    """How many legs leave on another side than in most terms, over all terms."""
    total = 0
    for leg in {leg for sides in drawn for leg in sides}:
        sides = [one[leg] for one in drawn if leg in one]
        total += len(sides) - max(sides.count(side) for side in sides)
    return total


def _asking(diagram: Diagram, sides: Sides) -> Diagram:
    opens = tuple(replace(end, side=sides.get((end.kind, end.order))) for end in diagram.opens)
    return replace(diagram, opens=opens)
