"""Texts to syntax trees. Every mistake of a text is found in one run: after one, the parser goes on with the
next statement.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeVar

from lark import Token
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from tnlang.source import Diagnostics, Source, Span
from tnlang.syntax.ast import (
    Binding,
    Declaration,
    DimStatement,
    File,
    FnDecl,
    FromImport,
    Import,
    Item,
    NetDecl,
    NetDefinition,
    RepeatStatement,
    SharedStatement,
    StreamStatement,
)
from tnlang.syntax.brackets import arrange
from tnlang.syntax.build import Many
from tnlang.syntax.explain import Mistake, report
from tnlang.syntax.grammar import parser
from tnlang.syntax.habits import explain
from tnlang.syntax.tokens import read_tokens
from tnlang.syntax.words import CLOSERS, MOST_ERRORS, OPENERS, RESERVED, STATEMENT_WORDS, WORDS, keyword

_PARSING = Lock()

X = TypeVar("X")

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
    before = len(diagnostics.errors)
    tokens, tree, _ = _read(source, diagnostics)
    return tokens, tree if len(diagnostics.errors) == before else None


def parse_partly(source: Source, diagnostics: Diagnostics) -> tuple[File | None, frozenset[str]]:
    """What can be read of a text, and the names that what cannot be read may have declared.

    The tree lacks the statements with mistakes, which are added. It is None where the text cannot be told
    into statements, or where an import is among those lacking: then any name may be declared.
    """
    tokens, tree, broken = _read(source, diagnostics)
    wrong = diagnostics.errors
    if tree is None or not wrong:
        return tree, frozenset()
    lines = {line for d in wrong for line in range(d.span.line, d.span.end_line + 1)}
    lost = [*(t for t in tokens if t.line in lines), *(t for a, b in broken for t in tokens[a:b])]
    if any(t.type in ("IMPORT", "FROM") for t in lost):
        return None, frozenset()
    unclosed = {d.span.line for d in wrong if d.code in ("TN102", "TN103", "TN104", "TN115")}
    names = set(_may_be_declared(tokens, lost, unclosed))
    # A transform works on whole nets: what it makes of a part would say nothing.
    names |= {item.name.text for item in tree.items if isinstance(item, NetDefinition)}
    return replace(tree, items=_readable(tree.items)), frozenset(names)


def _may_be_declared(tokens: list[Token], lost: list[Token], unclosed: set[int]) -> frozenset[str]:
    """The names among lost tokens, without the wires in square brackets.

    On lines with a bracket that is not closed only what touches a colon is surely a wire.
    """
    wires: set[int] = set()
    depth = 0
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        depth = 0 if token.type == "NL" else depth + (token.type == "LSQB") - (token.type == "RSQB")
        by_colon = any(t is not None and t.type == "COLON" for t in (before, after))
        if by_colon or (depth > 0 and token.line not in unclosed):
            wires.add(id(token))
    return frozenset(str(t) for t in lost if t.type == "NAME" and id(t) not in wires)


_READABLE = DimStatement | Declaration | FnDecl | NetDecl | SharedStatement
_READABLE_STATEMENTS = Binding | StreamStatement | RepeatStatement | Import | FromImport


def _readable(items: tuple[X, ...]) -> tuple[X, ...]:
    """Each statement once, without those under a head that stands for a wrong one.

    lark's lists grow in place, so what was read twice to explain a mistake stands there twice.
    """
    found: list[X] = []
    for item in {id(i): i for i in items}.values():
        match item:
            case NetDecl(name=name, body=body):
                if name.text != "_":
                    found.append(replace(item, body=_readable(body)))
            case RepeatStatement(loops=loops, body=body):
                if loops.ranges[0].var.text != "_":
                    found.append(replace(item, body=_readable(body)))
            case _:
                if isinstance(item, _READABLE | _READABLE_STATEMENTS):
                    found.append(item)
    return tuple(found)


def _read(source: Source, diagnostics: Diagnostics) -> tuple[list[Token], File | None, list[tuple[int, int]]]:
    found = Diagnostics()
    with _PARSING, _collector_paused():
        lark, rules = parser()
        rules.begin(source, found)
        tokens = arrange(read_tokens(lark, source, found), source, found)
        run = _Run(tokens, source, found, lark.parse_interactive(""))
        result = run.result()
        rules.begin(Source("", ""), Diagnostics())
    diagnostics.found.extend(found.found)
    if result is None:
        return tokens, None, run.broken
    found_items = result.items
    whole = found_items[0].span.to(found_items[-1].span) if found_items else Span(source, 1, 1, 1, 1)
    return tokens, File(source, found_items, span=whole), run.broken


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
        self.broken: list[tuple[int, int]] = []
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
                self.broken.append((block.start, here))
                block.start = here + 1
                return here + 1
            if depth == 0 and token.type == "RBRACE":
                self.broken.append((block.start, here))
                return here
            if depth == 0 and token.type == "LBRACE" and self._stand_in(self.tokens[block.start]):
                self.broken.append((block.start, _closing(self.tokens, here)))
                return here
            depth += (token.type in OPENERS) - (token.type in CLOSERS)
        self.broken.append((block.start, len(self.tokens)))
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


def _closing(tokens: list[Token], at: int) -> int:
    """Where the bracket that opens at a place is closed."""
    depth = 0
    for here in range(at, len(tokens)):
        depth += (tokens[here].type in OPENERS) - (tokens[here].type in CLOSERS)
        if depth == 0:
            return here
    return len(tokens)


def _begins_anew(tokens: list[Token], at: int) -> bool:
    return keyword(tokens[at]) in STATEMENT_WORDS or (
        tokens[at - 1].type == "RBRACE" and tokens[at].type == "NAME"
    )


def _end(tokens: list[Token]) -> Token:
    if not tokens:
        return Token("$END", "", 0, 1, 1, 1, 1, 0)
    last = tokens[-1]
    return Token("$END", "", last.end_pos, last.end_line, last.end_column, last.end_line, last.end_column)
