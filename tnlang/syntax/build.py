"""From lark's reductions to syntax nodes: spans, nesting, and the values of tokens."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Generic, TypeVar

from lark import Token

from tnlang.source import NOWHERE, Diagnostics, Source, Span
from tnlang.syntax import ast as t
from tnlang.syntax.words import ASSIGNMENTS, LARGEST_INTEGER, LONGEST_NAME, RESERVED, WORDS

X = TypeVar("X")

_KEPT = frozenset({"NAME", "WORD", "INT", "FLOAT", "IMAG", "STRING", "NTH", "PLUS", "MINUS", "STAR", "SLASH"})
_KEYWORD_RULES = frozenset(
    {
        "declaration_kind",
        "assignment",
        "special",
        "comprehension",
        "relation",
        "openness_kind",
        "beside",
        "axis",
    }
)
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Many(Generic[X]):
    """The items of a bracket or list, on the way to the node they belong to."""

    span: Span
    items: tuple[X, ...]


Part = Token | t.Syntax | Many[object] | None


def items(many: Many[X] | None) -> tuple[X, ...]:
    return () if many is None else many.items


def token_span(source: Source, token: Token) -> Span:
    """Where a token of this source stands."""
    assert token.line and token.column and token.end_line and token.end_column
    return Span(source, token.line, token.column, token.end_line, token.end_column)


class Reader:
    """The text being parsed and its mistakes; reads tokens as names, texts and numbers."""

    def __init__(self) -> None:
        self.begin(Source("", ""), Diagnostics())

    def begin(self, source: Source, diagnostics: Diagnostics) -> None:
        """Say which text the next tokens come from."""
        self.source = source
        self.diagnostics = diagnostics

    def read_name(self, token: Token, span: Span | None = None) -> t.Name:
        """A name, NFKC-normalised as Python's identifiers are; ``span`` where it is known already."""
        raw = str(token)
        text = raw if raw.isascii() else unicodedata.normalize("NFKC", raw)
        span = span or token_span(self.source, token)
        if not raw.isascii():
            self._check_name(raw, text, span)
        if len(raw) > LONGEST_NAME:
            message = f"a name of {len(raw)} characters; {LONGEST_NAME} is the most"
            self.diagnostics.error("TN107", message, span)
        return t.Name(text, span=span)

    def _check_name(self, raw: str, text: str, span: Span) -> None:
        odd = [c for n, c in enumerate(raw.rstrip("'")) if not (c if n == 0 else "a" + c).isidentifier()]
        if odd:
            digits = unicodedata.normalize("NFKC", odd[0])
            hint = f"write `^ {digits}`" if digits.isdigit() and unicodedata.decomposition(odd[0]) else ""
            if unicodedata.decomposition(odd[0]).startswith("<sub>"):
                hint = f"write `{raw.replace(odd[0], digits)}`, and a label for the subscript"
            self.diagnostics.error("TN107", f"`{odd[0]}` cannot stand in a name", span, hint=hint)
        elif text.upper() in RESERVED and text.islower():
            self.diagnostics.error("TN107", f"this name reads as the reserved word `{text}`", span)

    def read_text(self, token: Token) -> t.Text:
        """A quoted text; only an escaped quote and an escaped backslash are escapes."""
        return t.Text(_ESCAPE.sub(r"\1", token[1:-1]), span=token_span(self.source, token))

    def read_integer(self, token: Token) -> int:
        if len(token) > 30 or int(token) > LARGEST_INTEGER:
            self._too_large(token)
            return 0
        return int(token)

    def read_nth(self, token: Token) -> int:
        """``@2``: the number of an occurrence, counted from 1."""
        if len(token) > 6 or int(token[1:]) == 0:
            span = token_span(self.source, token)
            self.diagnostics.error(
                "TN106", f"{token} is no number of an occurrence", span, hint="`x@1` is the first x"
            )
            return 0
        return int(token[1:])

    def read_number(self, token: Token) -> t.Number:
        span = token_span(self.source, token)
        if token.type == "INT":
            return t.Number(self.read_integer(token), str(token), span=span)
        value = float(token.rstrip("j"))
        if math.isinf(value):
            self._too_large(token)
        return t.Number(value * 1j if token.type == "IMAG" else value, str(token), span=span)

    def _too_large(self, token: Token) -> None:
        what, most = ("integer", "2^63 - 1") if token.type == "INT" else ("number", "about 1.8e308")
        self.diagnostics.error(
            "TN106", f"the {what} is too large; {most} is the most", token_span(self.source, token)
        )


def callbacks(rules: Reader) -> SimpleNamespace:
    """The methods of ``rules`` that are named after rules of the grammar, as lark calls them."""
    known = {*dir(Reader), *vars(Reader())}
    names = [n for n in dir(rules) if not n.startswith("_") and n not in known]
    return SimpleNamespace(**{n: _callback(rules, n) for n in names})


def _callback(reader: Reader, name: str) -> Callable[[list[Part]], object]:
    make: Callable[..., object] = getattr(reader, name)
    kept = _KEPT | WORDS | ASSIGNMENTS | {"UNEQUAL", "ALMOST"} if name in _KEYWORD_RULES else _KEPT

    def build(children: list[Part]) -> object:
        arguments: list[Part] = []
        first: Part = None
        last: Part = None
        for child in children:
            if child is None:
                arguments.append(None)
                continue
            if isinstance(child, Token):
                if child.type in kept:
                    arguments.append(child)
            else:
                arguments.append(child)
                if child.span is NOWHERE:
                    continue
            last = child
            if first is None:
                first = child
        if first is None or last is None:
            return make(NOWHERE, *arguments)
        if first is last and not isinstance(first, Token):
            return make(first.span, *arguments)
        start = first if isinstance(first, Token) else first.span
        stop = last if isinstance(last, Token) else last.span
        assert start.line and start.column and stop.end_line and stop.end_column
        span = Span(reader.source, start.line, start.column, stop.end_line, stop.end_column)
        return make(span, *arguments)

    return build
