"""The hints of a figure, given to the diagrams whose parts they speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tnlang.draw.diagram import (
    Diagram,
    Enclosure,
    Hint,
    Leave,
    Level,
    Line,
    NameSide,
    Next,
    Shape,
    Sheet,
    Stand,
    Through,
    diagrams_of,
    map_diagrams,
)
from tnlang.draw.scene import Point
from tnlang.ir import program as ir

FAR, FARTHER = 12.0, 4.0
"""A hint leads far away beyond so many grid units, and so many more for each shape of the diagram."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A shape, an enclosure or a line of a figure, and the diagram (by number) it belongs to."""

    diagram: int
    id: int
    names: tuple[str, ...]


def hinted(sheet: Sheet, hints: tuple[ir.Hint, ...]) -> tuple[Sheet, tuple[ir.Hint, ...]]:
    """The sheet with each hint in the diagram of its parts, and the hints whose parts are not drawn.

    Parts of one name are numbered through all diagrams of the figure in order. A hint about parts of
    different diagrams is among those not followed.
    """
    if not hints:
        return sheet, ()
    diagrams = [diagram for panel in sheet.panels for diagram in diagrams_of(panel)]
    parts = [p for n, d in enumerate(diagrams) for p in _parts(n, d)]
    lines = [p for n, d in enumerate(diagrams) for p in _lines(n, d)]
    given: dict[int, list[Hint]] = {}
    lost: list[ir.Hint] = []
    for hint in hints:
        found = _resolved(hint, parts, lines, diagrams)
        if found is None:
            lost.append(hint)
        else:
            given.setdefault(found[0], []).append(found[1])
    numbers = iter(range(len(diagrams)))

    def with_hints(diagram: Diagram) -> Diagram:
        return replace(diagram, hints=tuple(given.get(next(numbers), ())))

    panels = tuple(map_diagrams(panel, with_hints) for panel in sheet.panels)
    return replace(sheet, panels=panels), tuple(lost)


def lost_hints(sheet: Sheet, hints: tuple[ir.Hint, ...]) -> tuple[ir.Hint, ...]:
    """The hints that speak of what the sheet does not draw, or of parts of different diagrams."""
    return hinted(sheet, hints)[1]


def far_hints(sheet: Sheet, hints: tuple[ir.Hint, ...]) -> tuple[ir.Hint, ...]:
    """The hints with a point farther from a diagram's first shape than all of it could reach in a row."""
    diagrams = [diagram for panel in sheet.panels for diagram in diagrams_of(panel)]
    parts = [p for n, d in enumerate(diagrams) for p in _parts(n, d)]
    lines = [p for n, d in enumerate(diagrams) for p in _lines(n, d)]
    found = []
    for hint in hints:
        match _resolved(hint, parts, lines, diagrams):
            case number, Stand(at=at):
                points: tuple[Point, ...] = (at,)
            case number, Through(points=through):
                points = through
            case _:
                continue
        reach = FAR + FARTHER * len(diagrams[number].shapes)
        if any(max(abs(x), abs(y)) > reach for x, y in points):
            found.append(hint)
    return tuple(found)


def addresses(sheet: Sheet) -> tuple[dict[int, str], ...]:
    """For each diagram of a sheet, by which address each of its shapes is spoken of: ``x@2``."""
    diagrams = [diagram for panel in sheet.panels for diagram in diagrams_of(panel)]
    shapes = [(n, shape) for n, diagram in enumerate(diagrams) for shape in diagram.shapes]
    every = [_shape_name(shape) for _, shape in shapes]
    shown: tuple[dict[int, str], ...] = tuple({} for _ in diagrams)
    seen: dict[str, int] = {}
    for (number, shape), name in zip(shapes, every, strict=True):
        seen[name] = seen.get(name, 0) + 1
        shown[number][shape.id] = f"{name}@{seen[name]}" if every.count(name) > 1 else name
    return shown


def _resolved(
    hint: ir.Hint, parts: list[_Part], lines: list[_Part], diagrams: list[Diagram]
) -> tuple[int, Hint] | None:
    match hint:
        case ir.At(address=address, at=at):
            return _one(parts, address, lambda part: Stand(part, at))
        case ir.Beside(address=address, relation=relation, other=other):
            return _several(parts, (address, other), lambda ids: Next(ids[0], relation, ids[1]))
        case ir.Align(axis=axis, addresses=several):
            return _several(parts, several, lambda ids: Level(axis, ids))
        case ir.Bend(address=address, points=points):
            return _one(lines, address, lambda line: Through(line, points))
        case ir.LabelSide(address=address, side=beside):
            return _one(lines, address, lambda line: NameSide(line, beside))
        case ir.LegSide(leg=leg, address=address, side=side):
            found = _find(parts, address)
            end = _leg(diagrams[found.diagram], found.id, leg) if found is not None else None
            return None if found is None or end is None else (found.diagram, Leave(*end, side))


def _one(parts: list[_Part], address: ir.Address, make: Callable[[int], Hint]) -> tuple[int, Hint] | None:
    found = _find(parts, address)
    return None if found is None else (found.diagram, make(found.id))


def _several(
    parts: list[_Part], several: tuple[ir.Address, ...], make: Callable[[tuple[int, ...]], Hint]
) -> tuple[int, Hint] | None:
    found = [_find(parts, address) for address in several]
    known = [part for part in found if part is not None]
    if len(known) < len(found) or len({part.diagram for part in known}) != 1:
        return None
    return known[0].diagram, make(tuple(part.id for part in known))


def _find(parts: list[_Part], address: ir.Address) -> _Part | None:
    path, number = address
    named = [part for part in parts if path in part.names]
    position = max(number, 1) - 1
    return named[position] if position < len(named) else None


def _parts(number: int, diagram: Diagram) -> Iterator[_Part]:
    for shape in diagram.shapes:
        name = _shape_name(shape)
        yield _Part(number, shape.id, (name, name.rsplit(".", 1)[-1]))
    for enclosure in diagram.enclosures:
        yield _Part(number, enclosure.id, _enclosure_names(enclosure))


def _lines(number: int, diagram: Diagram) -> Iterator[_Part]:
    for line in diagram.lines:
        yield _Part(number, line.id, (_line_name(line),))


def _shape_name(shape: Shape) -> str:
    return shape.name or shape.symbol


def _enclosure_names(enclosure: Enclosure) -> tuple[str, ...]:
    function = enclosure.told.partition("[")[0].partition(" ")[0]
    return tuple(name for name in (enclosure.name, function) if name)


def _line_name(line: Line) -> str:
    return line.text or line.name


def _leg(diagram: Diagram, shape: int, leg: str) -> tuple[int, int] | None:
    """The line at a shape's leg and the end it has there, by the leg's name or its wire's."""
    lines = {line.id: line for line in diagram.lines}
    for found in diagram.shapes:
        if found.id != shape:
            continue
        names = found.leg_names or ("",) * len(found.legs)
        for position, (line, name) in enumerate(zip(found.legs, names, strict=True)):
            if leg in (name, _line_name(lines[line])):
                for end, at in enumerate(lines[line].ends):
                    if at.shape == shape and at.leg == position:
                        return line, end
    return None
