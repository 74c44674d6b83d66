"""What of a program's texts the typesetter cannot set as they ask: told of with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import fields, is_dataclass

from tnlang.source import Diagnostic, Source
from tnlang.syntax import ast, parse


def unset_formulas(source: Source) -> tuple[Diagnostic, ...]:
    """A warning for each formula between dollars, in a label or caption, that is not LaTeX.

    The source has been read without errors before.
    """
    from tnlang.draw.labels import problem

    found = []
    for text in _texts(parse(source)) if "$" in source.text else ():
        for formula in re.findall(r"\$(.*?)\$", text.value):
            if problem(formula):
                message = f"the formula {formula} is not LaTeX that can be set, and is drawn as plain text"
                hint = r"LaTeX between dollars, its braces closed: `$W_{Q}$`, `$\frac{1}{2}$`"
                found.append(Diagnostic("TN813", message, text.span, hint=hint, severity="warning"))
    return tuple(found)


def foreign_letters(source: Source, letters: Set[str], drawn_by: str) -> tuple[Diagnostic, ...]:
    """A warning for each name or text of the source that has one of the ``letters``, where it first stands.

    ``drawn_by`` says what draws them where the font of the labels does not have them.
    """
    found: dict[str, Diagnostic] = {}
    for node in _written(parse(source)) if letters else ():
        text = node.text if isinstance(node, ast.Name) else node.value
        lost = "".join(dict.fromkeys(c for c in text if c in letters))
        if lost and text not in found:
            codes = ", ".join(f"{c} (U+{ord(c):04X})" for c in lost)
            message = f"the font of the labels does not have {codes}; {drawn_by}"
            hint = 'a `label "…"` is drawn instead of a name'
            found[text] = Diagnostic("TN814", message, node.span, hint=hint, severity="warning")
    return tuple(found.values())


def _texts(node: object) -> Iterator[ast.Text]:
    """All texts of a syntax tree that may hold a formula."""
    return (text for text in _written(node) if isinstance(text, ast.Text) and "$" in text.value)


def _written(node: object) -> Iterator[ast.Name | ast.Text]:
    """All names and texts of a syntax tree."""
    match node:
        case ast.Name() | ast.Text():
            yield node
        case tuple():
            for part in node:
                yield from _written(part)
        case _ if is_dataclass(node):
            for field in fields(node):
                yield from _written(getattr(node, field.name))
