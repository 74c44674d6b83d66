"""Pictures: from the IR to a scene, from a scene to SVG, PNG and PDF.

    IR --view--> diagrams --layout--> scenes --rows--> one scene --svg--> text

Nothing heavy is imported before something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tnlang.draw.scene import Scene
    from tnlang.draw.view import Target
    from tnlang.ir.program import Figure, Program


def render(program: Program, target: Target, figure: Figure | None = None, title: str = "") -> Scene:
    """The scene of something to draw: a figure, a net, a value, an equation, an expression.

    ``figure`` says what is drawn open and how it flows where ``target`` is but a part of it. Raises KeyError
    for a net or value that the program does not have, TooLarge for more shapes than a picture can hold, or
    values that are computed from one another too deep.
    """
    from dataclasses import replace

    from tnlang.draw.layout import layout
    from tnlang.draw.rows import compose
    from tnlang.draw.view import view
    from tnlang.draw.view.build import TooLarge

    try:
        scene = compose(view(program, target, figure), layout)
    except RecursionError:
        raise TooLarge("the picture nests too deep to be drawn") from None
    told = f"{_told(program, target)}; {scene.description}"
    return replace(scene, title=scene.title or title, description=told.strip("; "))


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


def net_scene(program: Program, name: str) -> Scene:
    """The picture of a net. Raises KeyError for a net that the program does not have."""
    from tnlang.ir.program import NetTarget

    program.net(name)
    return render(program, NetTarget(name), title=name)


def figure_scene(program: Program, name: str) -> Scene:
    """The picture of a figure. Raises KeyError for a figure that the program does not have."""
    for figure in program.figures:
        if figure.name == name:
            return render(program, figure, title=name)
    raise KeyError(name)


def svg(program: Program, target: Target, figure: Figure | None = None) -> str:
    """The text of an SVG file; see ``render``."""
    from tnlang.draw.svg import to_svg

    return to_svg(render(program, target, figure))
