"""What a figure says of its look as a whole: its theme, its width on paper."""

from __future__ import annotations

from tnlang.elaborate.scope import Module, World, near, shown
from tnlang.ir.lengths import LEAST, MOST, UNITS, points
from tnlang.ir.program import BUILT_IN_THEMES
from tnlang.syntax import ast


def theme_named(name: ast.Name, module: Module, world: World) -> str:
    """The name of a theme, built in or of the file; empty (reported) where there is none."""
    assert module.syntax is not None
    own = (item.name.text for item in module.syntax.items if isinstance(item, ast.ThemeDecl))
    names = tuple(dict.fromkeys((*BUILT_IN_THEMES, *own)))
    if name.text in names:
        return name.text
    hint = near(name.text, names) or f"there are {shown(names)}; `theme {name.text} {{ style … }}` makes one"
    world.diagnostics.error("TN803", f"there is no theme {name.text}", name.span, hint=hint)
    return ""


def width_of(item: ast.ShownWidth, world: World) -> float:
    """A width in points; 0 (reported) for what no picture can have."""
    number = item.number.value
    length = points(number, item.unit.text) if isinstance(number, int | float) else None
    if length is None:
        text = f"{item.number.text} {item.unit.text}"
        hint = f"for example `width 86 mm`; units are {shown(UNITS)}, from {LEAST:g} to {MOST:g} pt"
        world.diagnostics.error("TN808", f"a picture cannot be {text} wide", item.span, hint=hint)
    return length or 0.0
