"""The view: from the IR to diagrams. What a reader of the paper would draw; nothing here has a place yet."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Diagram, Panel, Sheet, Side, diagrams_of, map_diagrams
from tnlang.draw.theme import small_widths
from tnlang.draw.view.hints import hinted
from tnlang.draw.view.marking import lost, marked
from tnlang.draw.view.openings import Openings
from tnlang.draw.view.panels import draw_panels, equation_row, rewriting_row
from tnlang.draw.view.styling import styles_for
from tnlang.ir.program import (
    Cut,
    Draw,
    Equation,
    Expression,
    Figure,
    NetTarget,
    Outline,
    Program,
    Rewriting,
    Steps,
    ValueTarget,
)

Target = Figure | Draw | Equation | NetTarget | ValueTarget | Expression

_FLOWS: dict[str, Side] = {"left": "left", "right": "right", "up": "up", "down": "down"}


def view(program: Program, target: Target, figure: Figure | None = None, theme: str = "") -> Sheet:
    """The sheet of a figure, or of one thing to draw; ``figure`` says what is drawn open and how it flows.

    ``theme`` may name one of the program's own themes, whose styles then hold too. A net is drawn whole; a
    value with its definition (``A = …``); an equation as a row. Raises KeyError for a net or value the
    program does not have, TooLarge for more shapes than a picture can hold.
    """
    if isinstance(target, Figure):
        figure = target
    openings = _openings(program, figure, theme)
    flow = _FLOWS.get(figure.flow) if figure is not None else None
    match target:
        case Figure(items=items, caption=caption):
            panels = tuple(panel for item in items for panel in _panels(program, item, openings))
            return hinted(Sheet(_weighed(_coloured(panels)), caption, flow), target.hints)[0]
        case _:
            return Sheet(_weighed(_coloured(_panels(program, target, openings))), "", flow)


def lost_marks(program: Program, figure: Figure) -> tuple[Cut | Outline, ...]:
    """The cuts and outlines that name something which the figure does not draw where they stand."""
    openings = _openings(program, figure, "")
    found: list[Cut | Outline] = []
    for item in figure.items:
        if not isinstance(item, Steps) and item.marks:
            found += lost(_panels(program, replace(item, marks=()), openings), item.marks)
    return tuple(found)


def _coloured(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """The panels without the second colour where nothing has the first: it would tell nothing apart."""
    shapes = [shape for panel in panels for diagram in diagrams_of(panel) for shape in diagram.shapes]
    if any(shape.role == "weight" for shape in shapes) or all(shape.role != "second" for shape in shapes):
        return panels

    def first(diagram: Diagram) -> Diagram:
        shapes = (replace(s, role="weight") if s.role == "second" else s for s in diagram.shapes)
        return replace(diagram, shapes=tuple(shapes))

    return tuple(map_diagrams(panel, first) for panel in panels)


def _weighed(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """The panels with widths of lines that tell their sizes apart, also where all are small."""
    lines = [line for panel in panels for diagram in diagrams_of(panel) for line in diagram.lines]
    widths = small_widths({line.size for line in lines if line.size is not None})
    if not widths:
        return panels

    def weighed(diagram: Diagram) -> Diagram:
        return replace(
            diagram, lines=tuple(replace(one, width=widths.get(one.size or 0, 0.0)) for one in diagram.lines)
        )

    return tuple(map_diagrams(panel, weighed) for panel in panels)


def _panels(
    program: Program,
    item: Draw | Equation | Rewriting | Steps | NetTarget | ValueTarget | Expression,
    openings: Openings,
) -> tuple[Panel, ...]:
    match item:
        case Draw(target=target, caption=caption, marks=marks):
            return tuple(marked(panel, marks) for panel in draw_panels(program, target, openings, caption))
        case Equation(caption=caption, marks=marks):
            return (marked(Panel(equation_row(program, item, openings), caption), marks),)
        case Rewriting(marks=marks):
            return (marked(Panel(rewriting_row(program, item, openings)), marks),)
        case Steps(net=net, order=order, caption=caption):
            (panel,) = draw_panels(program, NetTarget(net), openings, "")
            if not isinstance(panel.content, Diagram):
                return (panel,)
            from tnlang.draw.view.steps import step_panels  # brings opt_einsum and NumPy

            first, *rest = step_panels(panel.content, order)
            return (replace(first, heads=True, heading=caption), *rest)
        case _:
            return draw_panels(program, item, openings, "")


def _openings(program: Program, figure: Figure | None, theme: str) -> Openings:
    styles = styles_for(program, figure, theme)
    if figure is None:
        return Openings(styles=styles)
    named: dict[str, set[str]] = {"unfold": set(), "fold": set(), "hide": set(), "ends": set()}
    for openness in figure.openness:
        named[openness.kind].update(openness.paths)
    unfold, fold, hide, ends = (frozenset(names) for names in named.values())
    return Openings(unfold, fold, hide, styles, ends)
