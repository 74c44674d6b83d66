"""Which mistakes are worth telling beside statements that could not be read, and which only follow from them.

What a lost statement would have declared is known by its words alone, so a mistake counts as its consequence
when it, or a statement it stands in, speaks of one of those words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tnlang.source import Diagnostic, Span
from tnlang.syntax import ast

_NAME = re.compile(r"[^\W\d]\w*'*")

_FOLLOWS = frozenset(
    {"TN203", "TN204", "TN206", "TN303", "TN503", "TN505", "TN508"} | {"TN701", "TN860", "TN862"}
)
"""What may be wrong only because a statement that could not be read is missing."""


def unrelated(
    found: Sequence[Diagnostic], file: ast.File, lost: frozenset[str], told: Sequence[Diagnostic]
) -> Iterator[Diagnostic]:
    """Those of the mistakes found in ``file`` that no lost statement can have caused.

    ``lost`` are the words of the statements that could not be read, ``told`` the mistakes in these.
    """
    lost = _with_followers(file, lost)
    wrong = {d.span.line for d in told}
    for d in found:
        spans = (d.span, *(other.span for other in d.related))
        text = [d.message, *(s.source.line(n) for s in spans for n in range(s.line, s.end_line + 1))]
        near_lost = d.span.line in wrong or lost & set(_NAME.findall(" ".join(text)))
        if d.code not in _FOLLOWS and not near_lost:
            yield d


def _with_followers(file: ast.File, lost: frozenset[str]) -> frozenset[str]:
    """The lost names, and those of the statements that use one of them."""
    uses = [
        (names, words - names)
        for item in file.items
        for statement, names in _names(item)
        for words in [_words(statement.span)]
    ]
    found = set(lost)
    grown = True
    while grown:
        before = len(found)
        for names, words in uses:
            if not found.isdisjoint(words):
                found |= names
        grown = len(found) > before
    return frozenset(found)


def _names(item: ast.Item) -> Iterator[tuple[ast.Syntax, set[str]]]:
    match item:
        case ast.Binding(targets=targets):
            yield item, {target.name.text for target in targets}
        case ast.Declaration(items=items):
            for one in items:
                yield one, {one.name.text}
        case ast.StreamStatement(target=target):
            yield item, {target.name.text}
        case ast.SharedStatement(name=name):
            yield item, {name.text}
        case ast.RepeatStatement(body=body):
            for statement in body:
                yield from _names(statement)
        case ast.NetDecl(name=name, inputs=inputs, outputs=outputs, body=body):
            for one_input in inputs:
                yield one_input, {name.text, one_input.name.text}
            for output in outputs:
                yield output, {name.text, output.name.text}
            for statement in body:
                yield from _names(statement)
        case _:
            pass


def _words(span: Span) -> set[str]:
    lines = [span.source.line(n) for n in range(span.line, span.end_line + 1)]
    return {word for line in lines for word in _NAME.findall(line)}
