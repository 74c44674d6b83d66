"""Formulas in the texts of a program that cannot be set: they are drawn as they stand, and told of."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def _texts(node: object) -> Iterator[ast.Text]:
    """All texts of a syntax tree that may hold a formula."""
    match node:
        case ast.Text(value=value):
            if "$" in value:
                yield node
        case tuple():
            for part in node:
                yield from _texts(part)
        case _ if is_dataclass(node):
            for field in fields(node):
                yield from _texts(getattr(node, field.name))
