"""From a text to its tokens; what cannot be read is reported and becomes a token BAD."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters

from tnlang.source import Diagnostics, Source, Span
from tnlang.syntax.build import token_span
from tnlang.syntax.strays import stray_hint
from tnlang.syntax.words import CLOSERS, MOST_ERRORS, NESTING_LIMIT, OPENERS

_UNREADABLE = re.compile("[\0\ud800-\udfff]|\r(?!\n)")
_FOREIGN_QUOTE = re.compile("[“”„][^“”„\n]*[“”]|[‘’][^‘’\n]*[‘’]|`[^`\n]*`|'[^'\n]*'")
_OPEN_LIMIT = 3 * NESTING_LIMIT
"""With more brackets open the text is in error, and the bracket filter says so; the rest is not read.
The filter closes some of those that a text leaves open, so its own limit is met later than NESTING_LIMIT."""
_LINE_ENDS = "end lines with LF or CR LF"


def read_tokens(lark: Lark, source: Source, diagnostics: Diagnostics) -> list[Token]:
    """The tokens of a text, line ends among them (one NL for a run of them), without comments."""
    _check_characters(source, diagnostics)
    tokens: list[Token] = []
    depth = 0
    for token in _lex(lark, source, diagnostics):
        depth += (token.type in OPENERS) - (token.type in CLOSERS)
        if depth > _OPEN_LIMIT:
            return tokens
        if token.type != "NL" or not tokens or tokens[-1].type != "NL":
            tokens.append(token)
        elif token == ";":
            tokens[-1] = token
    return tokens


def _check_characters(source: Source, diagnostics: Diagnostics) -> None:
    if not _UNREADABLE.search(source.text):
        return
    for number, line in enumerate(source.text.split("\n"), 1):
        if len(diagnostics.found) > MOST_ERRORS:
            return
        if bad := _UNREADABLE.search(line + "\n"):
            span = Span(source, number, bad.start() + 1, number, bad.start() + 2)
            if bad.group() == "\r":
                diagnostics.error("TN101", "a carriage return without a line feed", span, hint=_LINE_ENDS)
            else:
                diagnostics.error("TN101", _unreadable(bad.group()), span, hint="save the file as UTF-8 text")


def _unreadable(character: str) -> str:
    return f"character U+{ord(character):04X} is not text"


def _lex(lark: Lark, source: Source, diagnostics: Diagnostics) -> Iterator[Token]:
    """What lark's lexer finds; a stretch it cannot read becomes a token BAD, reported once a line."""
    interactive = lark.parse_interactive(source.text)
    thread = interactive.lexer_thread
    assert thread.state is not None
    reported = 0
    while True:
        try:
            yield from thread.lexer.lex(thread.state, interactive.parser_state)
            return
        except UnexpectedCharacters as stray:
            start = stray.pos_in_stream or 0
            end = _stray_end(source.text, start)
            stretch = source.text[start:end]
            line, column = stray.line, stray.column
            token = Token("BAD", stretch, start, line, column, line, column + end - start, end)
            thread.state.line_ctr.feed(stretch)
            if start == 0 and stretch == "\ufeff":
                continue
            if line != reported and not _UNREADABLE.match(stretch):
                reported = line
                code, message, hint = stray_hint(source.text, start, stretch)
                diagnostics.error(code, message, token_span(source, token), hint=hint)
            yield token
            if len(diagnostics.found) > MOST_ERRORS:
                return


def _stray_end(text: str, start: int) -> int:
    """A stray quote takes the rest of its line, a foreign one what it quotes; else the character repeated."""
    if text[start] == '"':
        end = text.find("\n", start)
        return len(text) if end < 0 else end - (text[end - 1] == "\r")
    if quoted := _FOREIGN_QUOTE.match(text, start):
        return quoted.end()
    end = start + 1
    while text[end : end + 1] == text[start]:
        end += 1
    return end
