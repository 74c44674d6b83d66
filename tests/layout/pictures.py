"""How the tests of drawing get diagrams and places: from texts and from the example programs."""

from __future__ import annotations

from tests.conftest import PROGRAMS
from tnlang.draw.diagram import Diagram, Row, Sheet
from tnlang.draw.layout import layout
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.flat import place_diagram
from tnlang.draw.rows import compose
from tnlang.draw.scene import Scene
from tnlang.draw.view import view
from tnlang.elaborate import load_program
from tnlang.ir.program import NetTarget
from tnlang.source import Source


def sheets_of(text: str) -> list[Sheet]:
    """The figures of a program, else one sheet for each of its nets."""
    program = load_program(Source("<text>", text))
    if program.figures:
        return [view(program, figure) for figure in program.figures]
    return [view(program, NetTarget(name)) for name in program.exported]


def example_sheets(name: str) -> list[Sheet]:
    program = load_program(PROGRAMS[name])
    if program.figures:
        return [view(program, figure) for figure in program.figures]
    return [view(program, NetTarget(net)) for net in program.exported]


def diagrams_in(sheet: Sheet) -> list[Diagram]:
    found: list[Diagram] = []
    for panel in sheet.panels:
        parts = panel.content.parts if isinstance(panel.content, Row) else (panel.content,)
        found.extend(part for part in parts if isinstance(part, Diagram))
    return found


def drawn(text: str) -> tuple[Diagram, Placed]:
    """The diagram of a program with one net, and where all of it lies."""
    diagram = diagrams_in(sheets_of(text)[0])[0]
    return diagram, place_diagram(diagram)


def example(name: str, part: int = 0) -> tuple[Diagram, Placed]:
    """A diagram of an example's first figure: the first, or that side of its equation."""
    diagram = diagrams_in(example_sheets(name)[0])[part]
    return diagram, place_diagram(diagram)


def scene(sheet: Sheet) -> Scene:
    return compose(sheet, layout)


def named(diagram: Diagram, name: str) -> int:
    """The shape of a value. Raises StopIteration."""
    return next(shape.id for shape in diagram.shapes if shape.name == name)
