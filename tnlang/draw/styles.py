"""A program's styles, put on the shapes, lines and enclosures that their selectors name.

A selector is a bare name (of a value: the last part of its path, or the path without members' numbers) or a
kind and a name, compared with an element's tags. Later rules win.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from tnlang.draw.diagram import Diagram, Enclosure, Line, Outline, Panel, Row, Shape, Sheet
from tnlang.draw.labels import text_latex
from tnlang.draw.scene import Look
from tnlang.draw.theme import look_of
from tnlang.ir.program import Style

_OUTLINES: dict[str, Outline] = {
    "circle": "circle",
    "square": "square",
    "box": "box",
    "triangle": "triangle",
    "dot": "dot",
    "ellipse": "ellipse",
    "none": "none",
}

Rules = tuple[tuple[str, str], ...]
Styled = TypeVar("Styled", Shape, Line, Enclosure)


def styled(sheet: Sheet, styles: Sequence[Style]) -> Sheet:
    """The sheet with each diagram's elements as the styles say: their look, shape and label."""
    if not styles:
        return sheet
    return replace(sheet, panels=tuple(_panel(panel, styles) for panel in sheet.panels))


def _panel(panel: Panel, styles: Sequence[Style]) -> Panel:
    match panel.content:
        case Diagram():
            return replace(panel, content=styled_diagram(panel.content, styles))
        case Row(parts):
            drawn = (styled_diagram(p, styles) if isinstance(p, Diagram) else p for p in parts)
            return replace(panel, content=Row(tuple(drawn)))


def styled_diagram(diagram: Diagram, styles: Sequence[Style]) -> Diagram:
    """The diagram with its elements as the styles say."""
    return replace(
        diagram,
        shapes=tuple(_shape(shape, rules_for(shape.name, shape.tags, styles)) for shape in diagram.shapes),
        lines=tuple(_line(line, rules_for("", line.tags, styles)) for line in diagram.lines),
        enclosures=tuple(
            _enclosure(enclosure, rules_for(enclosure.name, enclosure.tags, styles))
            for enclosure in diagram.enclosures
        ),
    )


def rules_for(name: str, tags: Iterable[str], styles: Iterable[Style]) -> Rules:
    """The rules of all styles that select an element, in the order of the text.

    >>> from tnlang.ir.program import Style
    >>> sheet = [Style("", "W_Q", (("fill", "red"),)), Style("kind", "param", (("width", "2"),))]
    >>> rules_for("attention{0}.W_Q", ("kind param",), sheet)
    (('fill', 'red'), ('width', '2'))
    >>> rules_for("W", ("kind input",), sheet)
    ()
    """
    known = set(tags)
    path = re.sub(r"\{[^}]*\}|\.\d+(?=\.|\Z)", "", name)
    names = {name, path, path.rsplit(".", 1)[-1]}
    chosen = (s for s in styles if (s.name in names if s.kind == "" else f"{s.kind} {s.name}" in known))
    return tuple(rule for style in chosen for rule in style.rules)


def _look(element: Styled, rules: Rules) -> Styled:
    look = look_of(rules)
    return replace(element, look=look) if look != Look() else element


def _shape(shape: Shape, rules: Rules) -> Shape:
    for name, value in rules:
        match name:
            case "shape" if shape.symbol == "tensor" and value in _OUTLINES:
                shape = replace(shape, outline=_OUTLINES[value])
            case "label" if shape.symbol not in ("plus", "dot", "fork", "onehot"):
                shape = replace(shape, label=text_latex(value))
    return _look(shape, rules)


def _line(line: Line, rules: Rules) -> Line:
    for name, value in rules:
        if name == "label":
            line = replace(line, label=text_latex(value), word=False)
    return _look(line, rules)


def _enclosure(enclosure: Enclosure, rules: Rules) -> Enclosure:
    for name, value in rules:
        if name == "label":
            enclosure = replace(enclosure, badge=text_latex(value))
    return _look(enclosure, rules)
