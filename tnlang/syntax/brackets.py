"""Which bracket is which, where statements end, and the brackets without a partner.

The filter between lexer and parser. It tells a call's bracket from a product's, a subscript's brace from that
of a block or a sum, and drops the line ends inside brackets and those of lines that go on. A bracket without
its partner is reported here; its statement gets a token BAD, so that the parser passes over it without a
second report, and the brackets of what comes out are balanced.
"""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from tnlang.source import Diagnostics, Related, Source
from tnlang.syntax.build import token_span
from tnlang.syntax.words import (
    ASSIGNMENTS,
    BLOCK_WORDS,
    CLOSERS,
    CLOSING,
    FILE_WORDS,
    MOST_ERRORS,
    NESTING_LIMIT,
    OPENERS,
    OPERATORS,
    PLAIN_WORDS,
    STATEMENT_WORDS,
    UNFINISHED,
    WORDS,
)

_CALLABLE = (PLAIN_WORDS - {"AT"}) | {"NAME", "RSQB", "SUM", "PROD"}
_NAMES = PLAIN_WORDS | {"NAME"}
_LEFT_SIDE = _NAMES | {"COMMA"}
_AFTER_WORD = _NAMES | {"STRING"}
_NESTING = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET"})
_BRACES = frozenset({"LBRACE", "BODY", "RBRACE"})


@dataclass(slots=True)
class _Frame:
    """An open bracket; for a block, what its statement in progress holds so far."""

    opener: Token
    arithmetic: bool
    place: int = 0
    """The opener's place in what comes out."""
    column: int = 0
    """Where the statement of this block begins its line."""
    first: str = ""
    first_column: int = 0
    has_block: bool = False
    bodies: int = 0
    chain: int = 0
    broken: bool = False

    @property
    def is_block(self) -> bool:
        return self.opener.type == "LBRACE"


class _TooDeep(Exception):
    """Nothing after this place is worth reading."""


def arrange(tokens: list[Token], source: Source, diagnostics: Diagnostics) -> list[Token]:
    """The tokens for the parser; none after nesting that is too deep."""
    attempt = Diagnostics()
    reader = _Arranger(tokens, source, attempt, closing_blocks=False)
    try:
        done = reader.run()
        if reader.unclosed_block:
            # Some block lacks its brace: what only a file can hold shows which.
            attempt = Diagnostics()
            done = _Arranger(tokens, source, attempt, closing_blocks=True).run()
    except _TooDeep:
        done = []
    diagnostics.found.extend(attempt.found)
    return done


class _Arranger:
    def __init__(
        self, tokens: list[Token], source: Source, diagnostics: Diagnostics, closing_blocks: bool
    ) -> None:
        self.tokens = tokens
        self.source = source
        self.diagnostics = diagnostics
        self.closing_blocks = closing_blocks
        self.unclosed_block = False
        self.out: list[Token] = []
        self.frames = [_Frame(Token("LBRACE", ""), arithmetic=False)]
        self.bare_heads: list[tuple[int, bool]] = []
        self.depth = 0
        self.closed_subscript = False

    def run(self) -> list[Token]:
        for at, token in enumerate(self.tokens):
            if token.type == "NL":
                self._line_end(at, token)
                continue
            self._statement_start(token)
            if token.type in CLOSERS:
                self._close(at, token)
                continue
            if token.type in OPENERS:
                self._open(at, token)
            elif token.type in ("SUM", "PROD") and self._next(at) == "NAME":
                self.frames[-1].bodies += 1
            elif token.type == "EQUAL" and self.frames[-1].first == "NET":
                self.frames[-1].has_block = True
            elif token.type in _NESTING:
                self._operator(token)
            elif token.type == "COMMA":
                self._shallow()
            self.out.append(token)
        self._end()
        return self.out

    def _type(self, at: int) -> str:
        return self.tokens[at].type if 0 <= at < len(self.tokens) else "NL"

    def _next(self, at: int) -> str:
        """The type of the next token that is no line end."""
        after = self._type(at + 1)
        return self._type(at + 2) if after == "NL" else after

    # ------------------------------------------------------------ statements

    def _line_end(self, at: int, token: Token) -> None:
        last = self.out[-1].type if self.out else "NL"
        after = self._type(at + 1)
        goes_on = token == "\n" and (last in UNFINISHED or after in OPERATORS or after in _BRACES)
        if not self.frames[-1].is_block:
            if at + 1 == len(self.tokens) or goes_on:
                return
            if not self._begins_statement(at + 1):
                if token == ";":
                    message = "`;` ends a statement, and a bracket is open"
                    self._error("TN104", message, token, "not closed yet", self.frames[-1].opener)
                return
            self._abandon(self._block(), "a new statement begins here", self.tokens[at + 1])
        elif last in ("NL", "LBRACE") or goes_on:
            return
        if self.frames[-1].first in BLOCK_WORDS and not self.frames[-1].has_block:
            self.bare_heads.append((len(self.out), self.frames[-1].broken))
        self._statement_end()
        self.out.append(token)

    def _begins_statement(self, at: int) -> bool:
        """Whether the line from here on looks like a new statement rather than more of a bracket."""
        if self._type(at) in STATEMENT_WORDS:
            return self._type(at + 1) in _AFTER_WORD
        if self._type(at) not in _NAMES or self.out[-1].type in OPENERS:
            return False
        depth = 0
        while (kind := self._type(at)) != "NL":
            depth += (kind in OPENERS) - (kind in CLOSERS)
            if depth == 0 and kind in ASSIGNMENTS:
                return True
            if depth < 0 or (depth == 0 and kind not in _LEFT_SIDE and kind not in CLOSERS):
                return False
            at += 1
        return False

    def _statement_start(self, token: Token) -> None:
        frame = self.frames[-1]
        if not frame.is_block or frame.first:
            return
        inside = len(self.frames) > 1 and not (token.type == "STYLE" and self.frames[-2].first == "THEME")
        if inside and self.closing_blocks and token.type in FILE_WORDS:
            self._abandon(1, "a new item begins here", token)
            self.out.append(Token.new_borrow_pos("NL", "\n", token))
            self._statement_end()
        self.frames[-1].first = token.type
        self.frames[-1].first_column = token.column or 0

    def _statement_end(self) -> None:
        frame = self.frames[-1]
        frame.first, frame.has_block, frame.bodies, frame.broken = "", False, 0, False
        self._shallow()

    def _end(self) -> None:
        if not self.frames[-1].is_block:
            self._abandon(self._block(), "", None)
        if len(self.frames) > 1:
            self.unclosed_block = True
            self._abandon(1, "", None)

    # ------------------------------------------------------------ brackets

    def _open(self, at: int, token: Token) -> None:
        before, frame = self._type(at - 1), self.frames[-1]
        touching = at > 0 and self.tokens[at - 1].end_pos == token.start_pos
        if token.type == "LPAR":
            if touching and (before in _CALLABLE or (before == "RBRACE" and self.closed_subscript)):
                token.type = "CALL"
        elif token.type == "LBRACE":
            if touching and (before in _NAMES or (before in WORDS and not frame.is_block)):
                if self._type(at + 1) == "NL" and frame.first in BLOCK_WORDS:
                    message = "a brace that touches a name begins a subscript"
                    self._error("TN104", message, token, hint="put a space before the block's brace")
                else:
                    token.type = "SUB"
            elif frame.bodies:
                frame.bodies -= 1
                token.type = "BODY"
        if token.type == "LBRACE" and not frame.is_block and self._head().first in BLOCK_WORDS:
            self._abandon(self._block(), "before the block", token)
        self._deeper(token)
        self.frames[-1].has_block |= token.type == "LBRACE"
        arithmetic = token.type in ("SUB", "LSQB") or (token.type == "LPAR" and self._in_arithmetic())
        self.frames.append(_Frame(token, arithmetic, len(self.out), self._head().first_column))

    def _in_arithmetic(self) -> bool:
        """Whether an operator here is one of arithmetic, whose tree nests with each of them."""
        frame = self.frames[-1]
        return frame.arithmetic or frame.bodies > 0 or frame.first in ("DIM", "REPEAT")

    def _operator(self, token: Token) -> None:
        if token.type == "SLASH" or self._in_arithmetic():
            self.frames[-1].chain += 1
            self._deeper(token)

    def _deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > NESTING_LIMIT:
            message = f"nested more than {NESTING_LIMIT} deep"
            self._error("TN105", message, token, hint="bind a part of it to a name")
            raise _TooDeep

    def _shallow(self) -> None:
        self.depth -= self.frames[-1].chain
        self.frames[-1].chain = 0

    def _close(self, at: int, token: Token) -> None:
        """Close the bracket this token belongs to, and report those within that it leaves open."""
        wanted = CLOSERS[token.type]
        block = self._block()
        found = next((n for n in range(len(self.frames) - 1, 0, -1) if self._closer(n) == wanted), 0)
        if found == block - 1 and self._is_amid(at, open_bracket=len(self.frames) > block):
            found = 0
        if found and self.closing_blocks and self._type(at - 1) == "NL":
            found = self._by_indent(found, token)
        if found >= max(block - 1, 1) or (found and self.closing_blocks):
            if found < len(self.frames) - 1:
                self._abandon(found + 1, f"before this `{token}`", token)
            self._pop(token)
        elif wanted == "}" and self.bare_heads:
            self._open_late(*self.bare_heads.pop())
            self.out.append(token)
        elif len(self.frames) > block and self._type(at + 1) != CLOSING[self._closer(-1)] and wanted != "}":
            opener = self.frames[-1].opener
            message = f"`{token}` cannot close `{opener}`"
            self._error("TN104", message, token, "opened here", opener, f"write `{self._closer(-1)}`")
            self.out.append(_bad(token))
            self._pop(_virtual(self._closer(-1), token))
        else:
            if wanted == "}" and self._type(at - 1) == "NL":
                self._statement_end()
            self._error("TN104", f"`{token}` closes nothing", token)
            self.out.append(_bad(token))

    def _by_indent(self, found: int, closer: Token) -> int:
        """The block that a brace at the start of a line belongs to, if blocks are left open somewhere."""
        if self.frames[found].column <= (closer.column or 0):
            return found
        outer = (n for n in range(found - 1, 0, -1) if self.frames[n].is_block)
        return next((n for n in outer if self.frames[n].column == closer.column), found)

    def _open_late(self, place: int, reported: bool) -> None:
        """Put in the brace that a head lacks, now that the end of its block has shown up."""
        last = self.out[place - 1]
        if not reported:
            self._error("TN103", "the block that begins here has no `{`", last, hint="write ` {` after it")
        self.out[place] = Token.new_borrow_pos("LBRACE", "{", last)

    def _is_amid(self, at: int, open_bracket: bool) -> bool:
        """Whether a brace stands in the middle of a line where no block ends."""
        if "NL" in (self._type(at - 1), self._type(at + 1)):
            return False
        elsewhere = self._head().opener.line != self.tokens[at].line and self._type(at + 1) != "RBRACE"
        return open_bracket or elsewhere

    def _closer(self, frame: int) -> str:
        return OPENERS[self.frames[frame].opener.type]

    def _head(self) -> _Frame:
        """The innermost block's frame, which knows the statement in progress."""
        return self.frames[self._block() - 1]

    def _block(self) -> int:
        """How many frames there are up to the innermost block, itself included."""
        return next(n for n in range(len(self.frames), 0, -1) if self.frames[n - 1].is_block)

    def _pop(self, closer: Token) -> None:
        if self.frames[-1].is_block:
            self._statement_end()
        self._shallow()
        self.depth -= 1
        self.closed_subscript = self.frames.pop().opener.type == "SUB"
        self.out.append(closer)

    def _abandon(self, keep: int, why: str, place: Token | None) -> None:
        """Report the innermost open bracket, and close all but the first ``keep`` frames."""
        opener = self.frames[-1].opener
        self._error("TN103", f"this `{opener}` is not closed", opener, why, place)
        last = self.out[-1]
        if not self.frames[-1].is_block:
            # Right after the bracket: what the parser makes of the rest follows from it.
            self.out.insert(self.frames[-1].place + 1, _bad(last))
        while len(self.frames) > keep:
            self._pop(_virtual(self._closer(-1), last))

    def _error(
        self,
        code: str,
        message: str,
        token: Token,
        why: str = "",
        place: Token | None = None,
        hint: str = "",
    ) -> None:
        """Report a bracket, but only the first mistake of a statement: the others follow from it."""
        if self._head().broken or len(self.diagnostics.found) > MOST_ERRORS:
            return
        self._head().broken = not self.frames[-1].is_block or code == "TN104"
        related = [] if place is None else [Related(token_span(self.source, place), why)]
        self.diagnostics.error(code, message, token_span(self.source, token), *related, hint=hint)


def _bad(token: Token) -> Token:
    return Token.new_borrow_pos("BAD", str(token), token)


def _virtual(closer: str, after: Token) -> Token:
    return Token.new_borrow_pos(CLOSING[closer], closer, after)
