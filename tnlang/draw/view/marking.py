"""The cuts and outlines of a figure, found in its diagrams: an outline where all is that it names."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Cut, Diagram, Panel, Shape, map_diagrams
from tnlang.ir import program as ir


def marked(panel: Panel, marks: tuple[ir.Cut | ir.Outline, ...]) -> Panel:
    """The panel with these marks in each of its diagrams that has what they name."""
    for mark in marks:
        panel = map_diagrams(panel, lambda diagram, mark=mark: _marked(diagram, mark))  # type: ignore[misc]
    return panel


def _marked(diagram: Diagram, mark: ir.Cut | ir.Outline) -> Diagram:
    match mark:
        case ir.Cut(places=places):
            cut = Cut(
                tuple(line for place in places if not place.legs for line in _lines(diagram, place.name)[:1]),
                tuple(
                    (shape.id, legs)
                    for place in places
                    if place.legs
                    for shape in diagram.shapes
                    if place.name in names_of(shape) and (legs := _legs(diagram, shape, place.legs))
                ),
            )
            return replace(diagram, cuts=(*diagram.cuts, cut)) if cut != Cut() else diagram
        case ir.Outline(paths=paths):
            found = [[s.id for s in diagram.shapes if path in names_of(s)] for path in paths]
            if not all(found):
                return diagram
            together = tuple(dict.fromkeys(number for numbers in found for number in numbers))
            return replace(diagram, outlined=(*diagram.outlined, together))


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


def _legs(diagram: Diagram, shape: Shape, wires: tuple[str, ...]) -> tuple[int, ...]:
    """The lines at a shape that are of these wires; () where it has all of them or none."""
    known = {line.id: line.text for line in diagram.lines}
    found = tuple(leg for leg in shape.legs if known[leg] in wires)
    return found if 0 < len(found) < len(shape.legs) else ()
