"""Shows diagnostics: as text with carets, coloured on a terminal, or as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import click

from tnlang.source import Diagnostic, Span

_HEAD = re.compile(r"^(?P<place>.*?: )(?P<kind>error \w+|warning \w+|note)(?P<rest>: .*)$")
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def report(diagnostics: Iterable[Diagnostic], style: str, *, err: bool = True) -> None:
    """Write diagnostics to standard error (or output), in the style ``text`` or ``json``."""
    if style == "json":
        click.echo(json.dumps([as_json(d) for d in diagnostics], ensure_ascii=False, indent=2), err=err)
        return
    for diagnostic in diagnostics:
        click.echo("\n".join(_painted(line) for line in str(diagnostic).split("\n")) + "\n", err=err)


def as_json(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as plain data; lines and columns count from 1, ``end_column`` is past the end."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "hint": diagnostic.hint,
        "related": [{"message": other.message, **_place(other.span)} for other in diagnostic.related],
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _painted(line: str) -> str:
    # click drops the colours again where the output is no terminal
    if head := _HEAD.match(line):
        kind = head["kind"]
        return head["place"] + click.style(kind, fg=_COLOURS[kind.split()[0]], bold=True) + head["rest"]
    if line.startswith("  hint: "):
        return click.style("  hint:", fg="green", bold=True) + line.removeprefix("  hint:")
    return line
