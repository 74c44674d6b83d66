"""What is said about a token the grammar does not expect here: its likely meaning, else the plain facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lark import Token

from tnlang.source import Diagnostics, Related, Source, Span
from tnlang.syntax.build import token_span
from tnlang.syntax.words import (
    ASSIGNMENTS,
    CLOSERS,
    DECLARATION_WORDS,
    NUMBERS,
    OPENERS,
    SHOWN_WORDS,
    STATEMENT_WORDS,
    WORDS,
)

_OPERAND = NUMBERS | {"NAME", "LPAR", "SUM", "PROD"}
_BINARY = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET", "MOD", "DOT"})
_PLACING = frozenset({"AT", "LABEL", "LEFT", "RIGHT", "ABOVE", "BELOW", "DOT", "SUB", "NTH"})
_FURTHER = frozenset({"LSQB", "SUB", "CALL", "DOT"})
_ENDS = frozenset({"NL", "$END"})
_MARKS = {
    **{"EQUAL": "=", "PLUS_EQUAL": "+=", "MINUS_EQUAL": "-=", "UNEQUAL": "!=", "ALMOST": "≈"},
    **{"AT_MOST": "<=", "ARROW": "->", "TILDE": "~", "DOTS": "..", "COMMA": ",", "COLON": ":", "DOT": "."},
    **{"LPAR": "(", "CALL": "(", "LSQB": "[", "LBRACE": "{", "BODY": "{", "SUB": "{", **CLOSERS},
    **{"PLUS": "+", "MINUS": "-", "STAR": "*", "SLASH": "/", "CARET": "^"},
}
_KINDS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"SUM", "SLASH", "LPAR"}),
        _OPERAND | _BINARY | {"AS", "CALL", "SUB", "LSQB"},
        "more of the expression",
    ),
    (frozenset({"SUM", "LPAR"}), _OPERAND | _BINARY, "an expression"),
    (frozenset({"DIM", "NET"}), STATEMENT_WORDS | {"NAME"}, "a statement"),
    (frozenset({"REPEAT", "NAME"}), STATEMENT_WORDS | {"NAME"}, "a statement"),
    (frozenset({"EQUAL", "PLUS_EQUAL"}), ASSIGNMENTS | {"COMMA", "LSQB", "SUB"}, "`=`"),
    (frozenset({"AT", "LABEL"}), _PLACING, "a place (`at`, `right of`, …) or `label`"),
    (frozenset({"DRAW"}), SHOWN_WORDS | {"NAME"}, "an item of a figure (`draw`, `equation`, `steps`, …)"),
    (frozenset({"IGNORE"}), frozenset({"IGNORE", "PREFIX", "NAME"}), "`prefix`, `ignore` or a parameter"),
    (frozenset({"PLUS", "SLASH"}), _BINARY | {"CALL", "SUB"}, "an operator"),
    (frozenset({"INT", "NAME"}), _OPERAND | {"MINUS", "WORD"}, "a number|a name"),
    (frozenset({"INT"}), NUMBERS | {"MINUS"}, "a number"),
    (frozenset({"NAME", "STAR"}), frozenset({"NAME", "WORD", "STAR"}), "a name"),
    (frozenset({"NAME"}), frozenset({"NAME", "WORD"}), "a name"),
    (frozenset({"WORD"}), frozenset({"WORD"}), "a name"),
    (frozenset({"STRING"}), frozenset({"STRING"}), "a text in quotes"),
    (frozenset({"NL"}), _ENDS, "the end of the statement"),
    (frozenset({"TENSOR", "CONST"}), DECLARATION_WORDS, "a declaration"),
)
"""What is named together: the terminals that show it, those it stands for, its name."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A token that does not fit, at ``at`` among the tokens; its statement begins at ``start``."""

    source: Source
    tokens: list[Token]
    token: Token
    at: int
    start: int
    expected: frozenset[str]

    def kind(self, step: int = 0) -> str:
        """The type of the token so many places on (or back, within the statement)."""
        place = self.at + step
        return self.tokens[place].type if self.start <= place < len(self.tokens) else "NL"

    def touches(self, step: int = 0) -> bool:
        """Whether the token so many places on stands right after the one before it."""
        place = self.at + step
        inside = self.start < place < len(self.tokens)
        return inside and self.tokens[place - 1].end_pos == self.tokens[place].start_pos

    @property
    def first(self) -> str:
        """The word its statement begins with."""
        return self.tokens[self.start].type if self.start < len(self.tokens) else "NL"

    @property
    def before(self) -> Token | None:
        return self.tokens[self.at - 1] if self.at > self.start else None

    @property
    def open(self) -> tuple[Token, ...]:
        """The brackets of the statement that are open here."""
        found: list[Token] = []
        for token in self.tokens[self.start : self.at]:
            if token.type in OPENERS:
                found.append(token)
            elif token.type in CLOSERS and found:
                found.pop()
        return tuple(found)

    def inside(self, *kinds: str) -> bool:
        """Whether the innermost open brackets are of these kinds, from the outside in."""
        return tuple(token.type for token in self.open[-len(kinds) :]) == kinds

    @property
    def is_operand(self) -> bool:
        return self.token.type in _OPERAND


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to say; ``about`` is the token it is about, if not the one that does not fit."""

    code: str
    message: str
    hint: str = ""
    about: Token | None = None


def report(mistake: Mistake, explanation: Explanation | None, diagnostics: Diagnostics) -> None:
    """Add the diagnostic for a mistake: as explained, else what was expected and what is there."""
    if explanation is None:
        explanation = plain(mistake)
    about = explanation.about or mistake.token
    span = token_span(mistake.source, about)
    if about.type in _ENDS and mistake.before is not None:
        last = token_span(mistake.source, mistake.before)
        span = Span(mistake.source, last.end_line, last.end_column, last.end_line, last.end_column + 1)
    if any(d.code == "TN103" and d.span == span for d in diagnostics.found):
        return  # A bracket that is not closed was not meant to be here.
    diagnostics.error(
        explanation.code, explanation.message, span, *_opened(mistake, about), hint=explanation.hint
    )


def _opened(mistake: Mistake, about: Token) -> Iterable[Related]:
    """The open bracket a mistake is in, if that stands on another line."""
    if mistake.open and mistake.open[-1].line != about.line:
        yield Related(token_span(mistake.source, mistake.open[-1]), "inside this bracket")


def plain(mistake: Mistake) -> Explanation:
    """What could stand here and what does."""
    code = "TN111" if mistake.token.type in _ENDS else "TN110"
    return Explanation(code, f"expected {wanted(mistake.expected)}, found {shown(mistake.token)}")


def shown(token: Token) -> str:
    """A token as messages name it."""
    match token.type:
        case "$END":
            return "the end of the text"
        case "NL":
            return "`;`" if token == ";" else "the end of the line"
        case "STRING":
            return "a text"
    return f"`{token}`" if len(token) <= 40 else f"`{token[:40]}…`"


def wanted(expected: Iterable[str]) -> str:
    """The terminals that could stand here, in words."""
    left = set(expected)
    phrases: list[str] = []
    for signs, members, name in _KINDS:
        if signs <= left:
            phrases += name.split("|")
            left -= members
    if left - _FURTHER:
        left -= _FURTHER
    marks = sorted(
        {f"`{_MARKS.get(kind, kind.lower())}`" for kind in left if kind in _MARKS or kind in WORDS}
    )
    phrases = (marks + phrases if len(marks) < 4 else phrases) or ["something else"]
    *most, last = phrases
    return f"{', '.join(most)} or {last}" if most else last
