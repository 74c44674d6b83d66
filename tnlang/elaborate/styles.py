"""Styles and themes: selectors that select something, words and values of the language."""

from __future__ import annotations

import re

from tnlang.elaborate.arithmetic import is_broken
from tnlang.elaborate.declarations import PROPERTIES
from tnlang.elaborate.mentioned import drawable_names
from tnlang.elaborate.scope import Body, Module, Scope, World, near, shown
from tnlang.ir.colours import CSS
from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Origin
from tnlang.ir.program import Style, Theme
from tnlang.source import Related
from tnlang.syntax import ast

SHAPES = ("circle", "square", "box", "triangle", "dot", "ellipse", "none")
KINDS = (
    "tensor",
    "input",
    "param",
    "const",
    "value",
    "stream",
    "call",
    "net",
    "bubble",
    "special",
    "delta",
    "output",
)
SELECTORS = ("function", "property", "wire", "dim", "kind")
WORDS = ("shape", "fill", "stroke", "width", "label")
HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
WIDEST = 100


def styles_of(module: Module, world: World) -> tuple[tuple[Style, ...], tuple[Theme, ...]]:
    """The styles and themes of a file, a Style for each selector."""
    assert module.syntax is not None
    names = drawable_names(module, world, [])
    styles: list[Style] = []
    themes: list[Theme] = []
    for item in module.syntax.items:
        if isinstance(item, ast.StyleDecl):
            styles.extend(_styles(item, names, module, world, strict=True))
        elif isinstance(item, ast.ThemeDecl):
            before = next((t for t in themes if t.name == item.name.text), None)
            if before is not None:
                world.diagnostics.error(
                    "TN203",
                    f"theme {item.name.text} is declared twice",
                    item.name.span,
                    Related(before.origin.span, "first declared here"),
                )
            inner = [s for style in item.styles for s in _styles(style, names, module, world, strict=False)]
            themes.append(Theme(item.name.text, tuple(inner), origin=Origin(item.name.span)))
    return tuple(styles), tuple(themes)


def _styles(item: ast.StyleDecl, names: set[str], module: Module, world: World, strict: bool) -> list[Style]:
    found = [rule for rule in (_rule(r, world) for r in item.rules) if rule is not None]
    styles: list[Style] = []
    for selector in item.selectors:
        kind, name = selector.kind, ".".join(part.name.text for part in selector.path.parts)
        if kind == "" and name in ("stream", "tensor", "input", "param", "const", "net"):
            kind = "kind"
        if _selects(kind, name, selector, names, module, world, strict):
            origin = Origin(selector.span)
            styles.append(Style(kind, name, tuple(found), origin=origin))  # type: ignore[arg-type]
    return styles


def _selects(
    kind: str, name: str, selector: ast.Selector, names: set[str], module: Module, world: World, strict: bool
) -> bool:
    """Whether a selector can select anything. A theme is for any file: names in it need not be there."""
    known: dict[str, tuple[str, ...]] = {
        "": tuple(names),
        "function": (*FUNCTIONS, *module.functions),
        "property": PROPERTIES,
        "wire": tuple(names),
        "dim": tuple(module.dims),
        "kind": KINDS,
    }
    if kind not in known:
        world.diagnostics.error(
            "TN821",
            f"{kind} is no kind of selector",
            selector.span,
            hint=near(kind, SELECTORS) or "a name, or " + shown(SELECTORS) + " and a name",
        )
        return False
    first = name.split(".")[0]
    free = kind == "wire" or (not strict and kind in ("", "dim"))
    scope = Scope(world, module, Body("style"))
    broken = any(entry.net is None for entry in module.nets.values()) or is_broken(selector.path, scope)
    if (
        free
        or name in known[kind]
        or (kind in ("", "dim") and (first in module.modules or first in names or broken))
    ):
        return True
    what = {"": "nothing in this file is called"}.get(kind, f"there is no {kind}")
    world.diagnostics.error("TN821", f"{what} {name}", selector.span, hint=near(name, known[kind]))
    return False


def _rule(rule: ast.StyleRule, world: World) -> tuple[str, str] | None:
    """A word and its value as text; None (reported) where one of them is not of the language."""
    name = rule.name.text

    def refuse(message: str, hint: str) -> None:
        world.diagnostics.error("TN820", message, rule.span, hint=hint)

    if name not in WORDS:
        refuse(f"there is no style word {name}", near(name, WORDS) or "there are " + shown(WORDS))
        return None
    if len(rule.values) != 1:
        refuse(f"{name} takes one value", f"`{name} {_example(name)}`")
        return None
    value = rule.values[0]
    match name, value:
        case "shape", ast.Name(text=text) if text in SHAPES:
            return name, text
        case (("fill" | "stroke"), ast.Name(text=text)) if text in CSS or text == "none":
            return name, text
        case (("fill" | "stroke"), ast.Text(value=text)) if HEX.fullmatch(text) or text in CSS:
            return name, text
        case "width", ast.Number(value=int() | float() as number) if 0 <= number <= WIDEST:
            return name, f"{number:g}"
        case "label", ast.Text(value=text):
            return name, text
    given = value.text if isinstance(value, ast.Name | ast.Number) else repr(value.value)
    words = {"shape": SHAPES, "fill": CSS, "stroke": CSS}.get(name, ())
    wanted = {
        "shape": "shapes are " + shown(SHAPES),
        "width": f"a number up to {WIDEST}",
        "label": "a text in quotes",
    }.get(name, 'a CSS colour name, or `"#9c9"`')
    refuse(f"{given} is no {'colour' if name in ('fill', 'stroke') else name}", near(given, words) or wanted)
    return None


def _example(name: str) -> str:
    return {"shape": "circle", "width": "2", "label": '"$W$"'}.get(name, '"#9c9"')
