"""The figures that must come out right: as accepted, nothing for the lint to find, each line in place."""

from __future__ import annotations

import pytest

import tnlang
from tests.draw.figures import EXAMPLES, FIGURES, figure_scene
from tests.draw.goldens import check_golden, geometry
from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.view import view
from tnlang.ir.program import NetTarget


@pytest.mark.parametrize("name", FIGURES)
def test_geometry_is_as_accepted(name):
    check_golden(f"geometry/{name}.jsonl", geometry(figure_scene(name)))


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_to_find(name):
    assert [(f.rule, f.message) for f in lint(figure_scene(name))] == []


@pytest.mark.parametrize("name", FIGURES)
def test_the_diagram_is_what_is_drawn(name):
    program = tnlang.load(EXAMPLES / f"{name}.tn").ir
    figure = next((figure for figure in program.figures if figure.name == name and not FIGURES[name]), None)
    sheet = view(program, figure or NetTarget(FIGURES[name]))
    for panel in sheet.panels:
        parts = [panel.content] if isinstance(panel.content, Diagram) else panel.content.parts
        for part in parts:
            if isinstance(part, Diagram):
                found = faults(part, layout(part, sheet.flow))
                assert [(f.rule, f.message) for f in found] == []
