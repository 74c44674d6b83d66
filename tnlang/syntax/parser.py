"""Texts to syntax trees. Every mistake of a text is found in one run: after one, the parser goes on with the
next statement.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from threading import Lock

from lark import Token
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from tnlang.source import Diagnostics, Source, Span
from tnlang.syntax.ast import File, Item
from tnlang.syntax.brackets import arrange
from tnlang.syntax.build import Many
from tnlang.syntax.explain import Mistake, report
from tnlang.syntax.grammar import parser
from tnlang.syntax.habits import explain
from tnlang.syntax.tokens import read_tokens
from tnlang.syntax.words import CLOSERS, MOST_ERRORS, OPENERS, RESERVED, STATEMENT_WORDS, WORDS, keyword

_PARSING = Lock()

_HEADS = {
    "NET": (("NET", "net"), ("NAME", "_"), ("CALL", "("), ("RPAR", ")"), ("ARROW", "->"), ("NAME", "_")),
    "REPEAT": (
        *(("REPEAT", "repeat"), ("NAME", "_"), ("IN", "in")),
        *(("INT", "0"), ("DOTS", ".."), ("INT", "1")),
    ),
    "FIGURE": (("FIGURE", "figure"), ("NAME", "_")),
    "STYLE": (("STYLE", "style"), ("NAME", "_")),
    "THEME": (("THEME", "theme"), ("NAME", "_")),
    "WEIGHTS": (("WEIGHTS", "weights"), ("NAME", "_"), ("FOR", "for"), ("NAME", "_")),
}
"""Heads that stand for a wrong one, so that the statements of its block are still read."""


def parse(source: Source) -> File:
    """The syntax tree of a text.

    Raises TnError with every syntax mistake of the text.
    """
    diagnostics = Diagnostics()
    tree = parse_collecting(source, diagnostics)
    diagnostics.raise_if_errors()
    assert tree is not None
    return tree


def parse_collecting(source: Source, diagnostics: Diagnostics) -> File | None:
    """The syntax tree of a text, or None where it has syntax mistakes; all of them are added."""
    return read(source, diagnostics)[1]


def read(source: Source, diagnostics: Diagnostics) -> tuple[list[Token], File | None]:
    """The tokens as the parser took them, with the line ends that end statements, and the tree or None."""
    found = Diagnostics()
    with _PARSING, _collector_paused():
        lark, rules = parser()
        rules.begin(source, found)
        tokens = arrange(read_tokens(lark, source, found), source, found)
        result = _Run(tokens, source, found, lark.parse_interactive("")).result()
        rules.begin(Source("", ""), Diagnostics())
    diagnostics.found.extend(found.found)
    if found.errors or result is None:
        return tokens, None
    found_items = result.items
    whole = found_items[0].span.to(found_items[-1].span) if found_items else Span(source, 1, 1, 1, 1)
    return tokens, File(source, found_items, span=whole)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A growing tree has no garbage: looking for some again and again would cost half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(slots=True)
class _Block:
    """An open block: where its statement in progress begins, the parser there, the braces open around it."""

    start: int
    parser: InteractiveParser
    braces: int


class _Run:
    """One way through the tokens, from statement to statement."""

    def __init__(
        self, tokens: list[Token], source: Source, diagnostics: Diagnostics, parser: InteractiveParser
    ) -> None:
        self.tokens = tokens
        self.source = source
        self.diagnostics = diagnostics
        self.parser = parser
        self.braces: list[bool] = []
        self.blocks: list[_Block] = []
        self._enter(0)

    def result(self) -> Many[Item] | None:
        tokens = self.tokens
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type in WORDS:
                _fit(token, self.parser)
            try:
                self.parser.feed_token(token)
            except UnexpectedToken:
                if len(self.diagnostics.found) >= MOST_ERRORS:
                    return None
                at = self._recover(at)
                continue
            at += 1
            if token.type == "NL":
                self.blocks.pop()
                self._enter(at)
            elif token.type in ("LBRACE", "SUB", "BODY"):
                self.braces.append(token.type == "LBRACE")
                if self.braces[-1]:
                    self._enter(at)
            elif token.type == "RBRACE" and self.braces.pop():
                self.blocks.pop()
        try:
            found: Many[Item] = self.parser.feed_token(_end(tokens))
            return found
        except UnexpectedToken:
            self._report(at, _end(tokens))
            return None

    def _enter(self, at: int) -> None:
        self.blocks.append(_Block(at, _copy(self.parser), len(self.braces)))

    # ------------------------------------------------------------ after a mistake

    def _recover(self, at: int) -> int:
        """Report the token that does not fit, unless that is done, and say where to go on."""
        token = self.tokens[at]
        if token.type == "BAD":
            return self._skip(at)
        expected = self._report(at, token)
        if "NL" in expected and _begins_anew(self.tokens, at):
            self.parser.feed_token(Token.new_borrow_pos("NL", "\n", token))
            token.type = keyword(token) or token.type
            self.blocks.pop()
            self._enter(at)
            return at
        return self._skip(at)

    def _report(self, at: int, token: Token) -> frozenset[str]:
        """Say what is wrong with a token, and give what could stand there."""
        self.parser = self._parser_before(at)
        expected = _accepted(self.parser)
        mistake = Mistake(self.source, self.tokens, token, at, self.blocks[-1].start, expected)
        report(mistake, explain(mistake), self.diagnostics)
        return expected

    def _parser_before(self, at: int) -> InteractiveParser:
        """The parser just before a token it refused, which may have reduced some of what was before it."""
        block = self.blocks[-1]
        parser = _copy(block.parser)
        for token in self.tokens[block.start : at]:
            try:
                parser.feed_token(token)
            except UnexpectedToken:
                return self.parser
        return parser

    def _skip(self, at: int) -> int:
        """Where to read on: at the next statement, the end of the block, or a block after a wrong head."""
        block = self.blocks[-1]
        self.parser = _copy(block.parser)
        del self.braces[block.braces :]
        depth = sum((t.type in OPENERS) - (t.type in CLOSERS) for t in self.tokens[block.start : at])
        for here in range(at, len(self.tokens)):
            token = self.tokens[here]
            if depth == 0 and token.type == "NL":
                block.start = here + 1
                return here + 1
            if depth == 0 and token.type == "RBRACE":
                return here
            if depth == 0 and token.type == "LBRACE" and self._stand_in(self.tokens[block.start]):
                return here
            depth += (token.type in OPENERS) - (token.type in CLOSERS)
        return len(self.tokens)

    def _stand_in(self, first: Token) -> bool:
        parser = _copy(self.parser)
        try:
            for kind, text in _HEADS.get(first.type, (("BAD", ""),)):
                parser.feed_token(Token.new_borrow_pos(kind, text, first))
        except UnexpectedToken:
            return False
        self.parser = parser
        return True


# lark's interactive parser has no type annotations.


def _copy(parser: InteractiveParser) -> InteractiveParser:
    copied: InteractiveParser = parser.copy(deepcopy_values=False)  # type: ignore[no-untyped-call]
    return copied


def _accepted(parser: InteractiveParser) -> frozenset[str]:
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


def _fit(token: Token, parser: InteractiveParser) -> None:
    """A keyword where none of that kind fits is a name, or a reserved word as a leg has it."""
    choices = parser.choices()  # type: ignore[no-untyped-call]
    other = "WORD" if token.type in RESERVED else "NAME"
    # LALR states share lookaheads: where both seem to fit, only a trial tells.
    if token.type not in choices or (other in choices and not _takes(parser, token)):
        token.type = other


def _takes(parser: InteractiveParser, token: Token) -> bool:
    trial = _copy(parser)
    state = trial.parser_state
    state.parse_conf = copy(state.parse_conf)
    state.parse_conf.callbacks = {}
    try:
        trial.feed_token(token)
    except UnexpectedToken:
        return False
    return True


def _begins_anew(tokens: list[Token], at: int) -> bool:
    return keyword(tokens[at]) in STATEMENT_WORDS or (
        tokens[at - 1].type == "RBRACE" and tokens[at].type == "NAME"
    )


def _end(tokens: list[Token]) -> Token:
    if not tokens:
        return Token("$END", "", 0, 1, 1, 1, 1, 0)
    last = tokens[-1]
    return Token("$END", "", last.end_pos, last.end_line, last.end_column, last.end_line, last.end_column)
