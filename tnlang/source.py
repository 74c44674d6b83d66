"""Where text comes from and what is said about it: spans, diagnostics, and the error that carries them.

Everything may import this module; it imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Source:
    """One text and the name it is reported under (a path as the user gave it, ``<text>`` or ``<stdin>``)."""

    name: str
    text: str

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its end; empty past the last one."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 1 <= number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source: line and column counted from 1, ``end_column`` past the last character."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another one."""
        return Span(self.source, self.line, self.column, other.end_line, other.end_column)

    @property
    def text(self) -> str:
        """What stands there."""
        lines = self.source.text.split("\n")[self.line - 1 : self.end_line]
        lines[-1] = lines[-1][: self.end_column - 1]
        lines[0] = lines[0][self.column - 1 :]
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def __repr__(self) -> str:
        return f"<{self}>"


NOWHERE = Span(Source("<built in>", ""), 1, 1, 1, 1)
"""The span of what no text says: values made by the program itself."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a mistake, and what it is."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: a stable code (``TN204``), what is wrong, where, the other places, the likely fix."""

    code: str
    message: str
    span: Span
    related: tuple[Related, ...] = ()
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        """As text: place, code and message, the line with a caret, related places, the hint."""
        blocks = [f"{self.span}: {self.severity} {self.code}: {self.message}", *_caret(self.span)]
        for other in self.related:
            blocks += [f"{other.span}: note: {other.message}", *_caret(other.span)]
        if self.hint:
            blocks.append(f"  hint: {self.hint}")
        return "\n".join(blocks)


WIDEST_LINE = 120
"""Of a longer line only the part round the place that matters is shown."""


def _caret(span: Span) -> list[str]:
    # Control characters would reach the terminal; one sign for each keeps the columns.
    line = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in span.source.line(span.line))
    if not line:
        return []
    stop = span.end_column if span.end_line == span.line else len(line) + 1
    first = max(0, span.column - 1 - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    last = first + WIDEST_LINE
    before, after = "…" if first else "", "…" if last < len(line) else ""
    indent = "".join("\t" if c == "\t" else " " for c in before + line[first : span.column - 1])
    carets = "^" * max(1, min(stop, last + 1) - span.column)
    return [f"  | {before}{line[first:last]}{after}", f"  | {indent}{carets}"]


class TnError(Exception):
    """What is wrong with a .tn text, all of it: ``diagnostics`` in the order of the text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n\n".join(str(d) for d in self.diagnostics))


class ValueMismatch(ValueError):
    """Arrays handed to a net that do not fit it: the message names the net, the input and the leg."""


@dataclass(slots=True)
class Diagnostics:
    """A collector: stages add what they find and go on; the end raises all errors at once, by place."""

    found: list[Diagnostic] = field(default_factory=list)
    _places: set[tuple[str, Span]] = field(default_factory=set, repr=False)

    def error(self, code: str, message: str, span: Span, *related: Related, hint: str = "") -> None:
        """Add an error; the same code at the same place is reported once."""
        self._add(Diagnostic(code, message, span, related, hint, "error"))

    def warning(self, code: str, message: str, span: Span, *related: Related, hint: str = "") -> None:
        """Add a warning: it is shown and does not stop anything."""
        self._add(Diagnostic(code, message, span, related, hint, "warning"))

    def _add(self, diagnostic: Diagnostic) -> None:
        place = (diagnostic.code, diagnostic.span)
        if place not in self._places:
            self._places.add(place)
            self.found.append(diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self.found, key=_place))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self if d.severity == "warning")

    def raise_if_errors(self) -> None:
        """Raise TnError with every diagnostic found so far if one of them is an error."""
        if self.errors:
            raise TnError(self)


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return (span.source.name, span.line, span.column, diagnostic.code)
