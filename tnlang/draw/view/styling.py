"""What a program's styles and a figure's labels change in a diagram: looks, outlines, names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tnlang.draw.diagram import Diagram, Enclosure, Line, Outline, Shape
from tnlang.draw.scene import PLAIN, Look
from tnlang.draw.theme import look_of
from tnlang.draw.view import names
from tnlang.ir.program import Figure, Program, Style

Kind = Literal["", "function", "property", "wire", "dim", "kind"]
Selector = tuple[Kind, str]
"""A way to speak of a part: its name (kind ""), its kind, a property, a function, a wire or a dim."""

_SPECIFIC: dict[str, int] = {"kind": 0, "property": 1, "function": 1, "dim": 1, "wire": 2, "": 2}

_KINDS: dict[str, tuple[str, ...]] = {
    "copy": ("value",),
    "paste": ("value",),
    "folded": ("call", "net"),
    "dot": ("delta",),
    "pin": ("special",),
    "shift": ("special",),
    "tensor": ("tensor",),
}


@dataclass(frozen=True, slots=True)
class Styles:
    """All styles that hold for a picture, the more particular ones last."""

    styles: tuple[Style, ...] = ()

    def rules(self, selectors: Iterable[Selector]) -> tuple[tuple[str, str], ...]:
        """The rules for a part, in the order in which they overrule one another."""
        keys = set(selectors)
        return tuple(rule for s in self.styles if (s.kind, s.name) in keys for rule in s.rules)


NO_STYLES = Styles()


def styles_for(program: Program, figure: Figure | None, theme: str = "") -> Styles:
    """The program's styles, those of a theme of its own, and the labels that a figure gives to names."""
    chosen = [style for one in program.themes if one.name == theme for style in one.styles]
    labels = () if figure is None else figure.labels
    named = [Style("", given.path, (("label", given.label),)) for given in labels]
    return Styles(tuple(sorted((*program.styles, *chosen, *named), key=lambda s: _SPECIFIC[s.kind])))


def styled(diagram: Diagram, styles: Styles, selectors: Mapping[int, tuple[Selector, ...]]) -> Diagram:
    """The diagram with the styles applied; ``selectors`` add to what a shape or enclosure is known by."""
    if not styles.styles:
        return diagram
    streams = {line for backbone in diagram.backbones for track in backbone.tracks for line in track}
    return replace(
        diagram,
        shapes=tuple(_shape(s, styles, selectors.get(s.id, ())) for s in diagram.shapes),
        enclosures=tuple(_enclosure(e, styles, selectors.get(e.id, ())) for e in diagram.enclosures),
        lines=tuple(_line(line, styles, line.id in streams) for line in diagram.lines),
    )


def _shape(shape: Shape, styles: Styles, more: tuple[Selector, ...]) -> Shape:
    known: list[Selector] = [("kind", kind) for kind in _KINDS.get(shape.symbol, ())]
    if shape.name:
        known += [("", shape.name), ("", shape.name.rsplit(".", 1)[-1])]
    rules = styles.rules((*known, *more))
    if not rules:
        return shape
    outline, label = shape.outline, shape.label
    for word, value in rules:
        if word == "shape" and shape.symbol == "tensor":
            outline = next((o for o in get_args(Outline) if o == value), outline)
        elif word == "label":
            label = names.given(value) or label
    return replace(shape, look=_look(rules), outline=outline, label=label)


def _enclosure(enclosure: Enclosure, styles: Styles, more: tuple[Selector, ...]) -> Enclosure:
    known: list[Selector] = [("kind", "bubble")]
    if enclosure.name:
        known.append(("", enclosure.name))
    rules = styles.rules((*known, *more))
    badge = enclosure.badge
    for word, value in rules:
        if word == "label":
            badge = names.given(value) or badge
    return replace(enclosure, look=_look(rules), badge=badge) if rules else enclosure


def _line(line: Line, styles: Styles, of_stream: bool) -> Line:
    plain = line.text
    known: list[Selector] = [("wire", plain), ("wire", plain.partition("{")[0]), ("dim", line.dim)]
    rules = styles.rules([*known, ("kind", "stream")] if of_stream else known)
    label = line.label
    for word, value in rules:
        if word == "label":
            label = names.given(value) or label
    return (
        replace(line, look=_look(rules), label=label, word=line.word and label == line.label)
        if rules
        else line
    )


def _look(rules: tuple[tuple[str, str], ...]) -> Look:
    return look_of(rules) if rules else PLAIN
