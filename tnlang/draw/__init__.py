"""Pictures: from the IR to a scene, from a scene to SVG, PNG and PDF.

    IR --view--> diagrams --layout--> scenes --rows--> one scene --svg--> text

Nothing heavy is imported before something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tnlang.draw.scene import Scene
    from tnlang.draw.view import Target
    from tnlang.ir.program import Cut, Figure, Hint, Outline, Program


def render(
    program: Program,
    target: Target,
    figure: Figure | None = None,
    title: str = "",
    *,
    theme: str = "",
    width: float = 0.0,
    letters: float = 0.0,
) -> Scene:
    """The scene of something to draw: a figure, a net, a value, an equation, an expression.

    ``figure`` says what is drawn open and how it flows where ``target`` is but a part of it. ``theme`` and
    ``width`` (in points) are the figure's where they are not given. At a width labels are at least
    ``letters`` points high, if that can be (7 where nothing is said; see ``sizes.fitted``).

    Raises KeyError for a net or value that the program does not have, NoTheme for a theme that neither it nor
    tnlang has, TooLarge for more shapes than a picture can hold, or values that are computed from one another
    too deep.
    """
    from dataclasses import replace

    from tnlang.draw.layout import layout
    from tnlang.draw.rows import compose
    from tnlang.draw.sizes import LETTERS, fitted
    from tnlang.draw.view import view
    from tnlang.draw.view.build import TooLarge
    from tnlang.ir.program import BUILT_IN_THEMES, Figure

    figure = target if isinstance(target, Figure) else figure
    if figure is not None:
        theme, width = theme or figure.theme, width or figure.width
    names = dict.fromkeys((*BUILT_IN_THEMES, *(one.name for one in program.themes)))
    if theme and theme not in names:
        raise NoTheme(f"there is no theme {theme}; there are {', '.join(names)}")
    try:
        sheet = view(program, target, figure, theme)
        scene = fitted(sheet, layout, width, letters or LETTERS) if width else compose(sheet, layout)
    except RecursionError:
        raise TooLarge("the picture nests too deep to be drawn") from None
    told = f"{_told(program, target)}; {scene.description}"
    return replace(
        scene,
        title=scene.title or title,
        description=told.strip("; "),
        theme=theme if theme in BUILT_IN_THEMES else "paper",
    )


def _told(program: Program, target: Target) -> str:
    """Which figure or net of which file it is, so that a picture can be traced to its program."""
    from pathlib import PurePath

    from tnlang.ir.program import Figure, NetTarget

    file = PurePath(program.name).name
    match target:
        case Figure(name=name):
            return f"figure {name} of {file}"
        case NetTarget(net=name):
            return f"net {name} of {file}"
        case _:
            return ""


class NoTheme(ValueError):
    """A theme that neither the program nor tnlang has."""


def net_scene(
    program: Program, name: str, *, theme: str = "", width: float = 0.0, letters: float = 0.0
) -> Scene:
    """The picture of a net; see ``render``. Raises KeyError for a net that the program does not have."""
    from tnlang.ir.program import NetTarget

    program.net(name)
    return render(program, NetTarget(name), title=name, theme=theme, width=width, letters=letters)


def doubtful_hints(program: Program, figure: Figure) -> tuple[tuple[Hint, ...], tuple[Hint, ...]]:
    """The figure's hints that speak of what it does not draw, and those that lead far away from it."""
    from tnlang.draw.view import view
    from tnlang.draw.view.hints import far_hints, lost_hints

    sheet = view(program, figure)
    return lost_hints(sheet, figure.hints), far_hints(sheet, figure.hints)


def lost_marks(program: Program, figure: Figure) -> tuple[Cut | Outline, ...]:
    """The figure's cuts and outlines that name what it does not draw."""
    from tnlang.draw.view import lost_marks

    return lost_marks(program, figure)


def figure_scene(
    program: Program, name: str, *, theme: str = "", width: float = 0.0, letters: float = 0.0
) -> Scene:
    """The picture of a figure; see ``render``. Raises KeyError for one that the program does not have."""
    for figure in program.figures:
        if figure.name == name:
            return render(program, figure, title=name, theme=theme, width=width, letters=letters)
    raise KeyError(name)


def svg(program: Program, target: Target, figure: Figure | None = None) -> str:
    """The text of an SVG file; see ``render``."""
    from tnlang.draw.svg import to_svg

    return to_svg(render(program, target, figure))
