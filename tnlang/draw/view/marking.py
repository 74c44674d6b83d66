"""The cuts and outlines of a figure, found in its diagrams: an outline where all is that it names."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Cut, Diagram, Panel, Shape, diagrams_of, map_diagrams
from tnlang.ir import program as ir


def marked(panel: Panel, marks: tuple[ir.Cut | ir.Outline, ...]) -> Panel:
    """The panel with these marks in each of its diagrams that has what they name."""
    for mark in marks:
        panel = map_diagrams(panel, lambda diagram, mark=mark: _marked(diagram, mark))  # type: ignore[misc]
    return panel


def lost(panels: tuple[Panel, ...], marks: tuple[ir.Cut | ir.Outline, ...]) -> list[ir.Cut | ir.Outline]:
    """The marks of which something is in none of the panels."""
    diagrams = [diagram for panel in panels for diagram in diagrams_of(panel)]
    found = []
    for mark in marks:
        match mark:
            case ir.Cut(places=places):
                known = all(any(_cut(diagram, (place,)) != Cut() for diagram in diagrams) for place in places)
            case ir.Outline(paths=paths):
                known = any(all(_named(diagram, paths)) for diagram in diagrams)
        if not known:
            found.append(mark)
    return found


def _marked(diagram: Diagram, mark: ir.Cut | ir.Outline) -> Diagram:
    match mark:
        case ir.Cut(places=places):
            cut = _cut(diagram, places)
            return replace(diagram, cuts=(*diagram.cuts, cut)) if cut != Cut() else diagram
        case ir.Outline(paths=paths):
            found = _named(diagram, paths)
            if not all(found):
                return diagram
            together = tuple(dict.fromkeys(number for numbers in found for number in numbers))
            return replace(diagram, outlined=(*diagram.outlined, together))


def _cut(diagram: Diagram, places: tuple[ir.CutPlace, ...]) -> Cut:
    """What a cut through these places goes through in a diagram."""
    return Cut(
        tuple(line for place in places if not place.legs for line in _lines(diagram, place.name)[:1]),
        tuple(
            (shape.id, legs)
            for place in places
            if place.legs
            for shape in diagram.shapes
            if place.name in names_of(shape) and (legs := _legs(diagram, shape, place.legs))
        ),
    )


def _named(diagram: Diagram, paths: tuple[str, ...]) -> list[list[int]]:
    """For each path the shapes of a diagram that it may mean."""
    return [[s.id for s in diagram.shapes if path in names_of(s)] for path in paths]


def names_of(shape: Shape) -> set[str]:
    """What a shape of a tensor may be called: by its path or by the end of it, with or without subscripts."""
    if shape.symbol not in ("tensor", "folded", "copy", "paste"):
        return set()
    told = shape.told.partition(",")[0].rpartition(") ")[2]
    return {text for path in (shape.name, told) for text in (path, path.rsplit(".", 1)[-1])}


def _lines(diagram: Diagram, wire: str) -> list[int]:
    """The lines of a wire, those first that join two shapes."""
    known = [line for line in diagram.lines if line.text == wire]
    return [line.id for line in sorted(known, key=lambda line: any(end.shape is None for end in line.ends))]


def _legs(diagram: Diagram, shape: Shape, names: tuple[str, ...]) -> tuple[int, ...]:
    """The lines at a shape on these wires, or else at these legs; () where it has all of them or none."""
    text = {line.id: line.text for line in diagram.lines}
    wires = {text[leg] for leg in shape.legs}
    called = dict(zip(shape.legs, shape.leg_names, strict=False))
    found = tuple(
        leg
        for leg in shape.legs
        if text[leg] in names or (called.get(leg) in names and called.get(leg) not in wires)
    )
    return found if 0 < len(found) < len(shape.legs) else ()
