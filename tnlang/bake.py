"""Bake: the places that automatic layout found for a figure's shapes, written into the figure as hints."""

from __future__ import annotations

from tnlang.draw.diagram import diagrams_of
from tnlang.draw.geometry import Box, bbox
from tnlang.draw.layout import layout
from tnlang.draw.layout.moved import GRID
from tnlang.draw.scene import ShapeItem
from tnlang.draw.view import view
from tnlang.draw.view.hints import addresses
from tnlang.elaborate import load_program
from tnlang.source import Source, Span
from tnlang.syntax import ast, format_text, parse


def bake(source: Source, figure: str) -> str:
    """The text with ``A at (x, y)`` in the figure for each shape it draws; hints of place there were go.

    The figure is drawn from the new text as from the old one, and goes on so when something is added to it
    or the layout changes. Raises TnError for a text with mistakes, KeyError for a figure it does not have.
    """
    program = load_program(source)
    drawn = next((one for one in program.figures if one.name == figure), None)
    syntax = next(
        (
            item
            for item in parse(source).items
            if isinstance(item, ast.FigureDecl) and item.name.text == figure
        ),
        None,
    )
    if drawn is None or syntax is None:
        raise KeyError(figure)
    sheet = view(program, drawn)
    diagrams = [diagram for panel in sheet.panels for diagram in diagrams_of(panel)]
    lines: list[str] = []
    for diagram, named in zip(diagrams, addresses(sheet), strict=True):
        scene = layout(diagram, sheet.flow)
        boxes = {item.id: bbox(item.outline) for item in scene.items if isinstance(item, ShapeItem)}
        shown = [shape for shape in diagram.shapes if shape.id in boxes]
        if shown:
            origin = boxes[shown[0].id]
            lines += [f"{named[shape.id]} at {_place(boxes[shape.id], origin)}" for shape in shown]
    gone = [item.span for item in syntax.items if isinstance(item, ast.PlaceAt | ast.PlaceBeside | ast.Align)]
    return format_text(Source(source.name, _written(source.text, syntax.span, gone, lines)))


def _place(box: Box, origin: Box) -> str:
    (x, y), (x0, y0) = box.center, origin.center
    return f"({_number((x - x0) / GRID)}, {_number((y - y0) / GRID)})"


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _written(text: str, figure: Span, gone: list[Span], lines: list[str]) -> str:
    """The text with items cut out of a figure and new lines before its closing brace."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column - 1

    end = offset(figure.end_line, figure.end_column) - 1
    cuts = [(offset(s.line, s.column), offset(s.end_line, s.end_column)) for s in gone]
    body = text[:end].rstrip()
    for start, stop in sorted(cuts, reverse=True):
        after = body[stop:]
        rest = after.lstrip(" \t")
        body = body[:start].rstrip(" \t") + (rest[1:] if rest[:1] in (";", "\n") else rest)
    separator = "" if body.endswith(("{", ";")) else "\n"
    return body + separator + "\n    ".join(["", *lines]) + "\n" + text[end:]
