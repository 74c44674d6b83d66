"""The formatter: canonical blanks and indents; the author's lines, comments and columns stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from lark import Token

from tnlang.source import Diagnostics, Source
from tnlang.syntax.layout import Layout
from tnlang.syntax.parser import read
from tnlang.syntax.words import ASSIGNMENTS, CLOSERS, OPENERS, UNFINISHED

WIDTH = 104
INDENT = 4
BEFORE_COMMENT = "   "


@dataclass(slots=True)
class Row:
    """A line: the tokens from ``start`` up to ``stop`` (none for a comment alone or a blank line)."""

    start: int
    stop: int
    comment: str = ""
    comment_column: int = 0
    """Where the author had the comment."""
    indent: int = 0
    text: str = ""
    equal: int = 0
    """Where the text has the ``=`` of its statement, 0 if it has none."""
    equal_column: int = 0
    """Where the author had it."""

    @property
    def is_code(self) -> bool:
        return self.start < self.stop

    def written(self) -> str:
        if not self.is_code:
            return " " * self.indent + self.comment
        return " " * self.indent + self.text + (BEFORE_COMMENT + self.comment if self.comment else "")


def format_text(source: Source) -> str:
    """The text in canonical form; it has the same syntax tree, and formatting it again changes nothing.

    Raises TnError with every syntax mistake of the text.
    """
    diagnostics = Diagnostics()
    tokens, _ = read(source, diagnostics)
    diagnostics.raise_if_errors()
    rows = _Formatter(source, tokens).rows()
    return "".join(f"{row.written()}\n" for row in rows)


class _Formatter:
    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = [t for t in tokens if t.type != "NL"]
        self.layout = Layout(self.tokens)
        begins = {id(b) for a, b in pairwise(tokens) if a.type in ("NL", "LBRACE")} | {
            id(t) for t in tokens[:1]
        }
        self.begins = {at for at, token in enumerate(self.tokens) if id(token) in begins}
        self.statement = self._statements()
        self.semicolons: set[int] = set()
        self.row_of: dict[int, Row] = {}

    def _statements(self) -> list[int]:
        """For each token, where the statement it belongs to begins."""
        found: list[int] = []
        current = {-1: 0}
        for at in range(len(self.tokens)):
            block = next((o for o in reversed(self.layout.around[at]) if self.tokens[o].type == "LBRACE"), -1)
            if at in self.begins:
                current[block] = at
            found.append(current.get(block, at))
        return found

    def rows(self) -> list[Row]:
        rows: list[Row] = []
        for row in self._author_rows():
            rows += self._broken(row) if row.is_code else [row]
        rows = _without_idle_blanks(rows, self.tokens)
        self._indent_comments(rows)
        _align(rows)
        return rows

    # ------------------------------------------------------------ the author's lines

    def _author_rows(self) -> Iterator[Row]:
        start = 0
        for at in range(len(self.tokens) + 1):
            first, *others = self._between(at).split("\n")
            if not others:
                if ";" in _split_comment(first)[0]:
                    self.semicolons.add(at)
                if at < len(self.tokens):
                    continue
            _, comment = _split_comment(first)
            if start < at:
                before = self.tokens[at - 1]
                if before.type in UNFINISHED and any(";" in _split_comment(p)[0] for p in (first, *others)):
                    self.semicolons.add(at)
                column = (before.end_column or 0) + first.find("#")
                yield Row(start, at, comment, column)
            elif comment:
                yield Row(at, at, comment)
            for line in others[:-1] if at < len(self.tokens) else others:
                yield Row(at, at, _split_comment(line)[1])
            start = at

    def _between(self, at: int) -> str:
        """The text between a token and the one before it."""
        start = self.tokens[at - 1].end_pos if at else 0
        stop = self.tokens[at].start_pos if at < len(self.tokens) else len(self.source.text)
        return self.source.text[start:stop]

    # ------------------------------------------------------------ indents and line breaks

    def _indent(self, at: int, stop: int) -> int:
        """The indent of the line of the tokens from here up to ``stop``."""
        if self.tokens[at].type in CLOSERS:
            while at + 1 < stop and self.tokens[at + 1].type in CLOSERS:
                at += 1
            return self._indent_around(self.layout.opener[at])
        around = self.layout.around[at]
        indent = self._indent_around(around[-1]) + INDENT if around else 0
        in_statement = not around or self.tokens[around[-1]].type == "LBRACE"
        return indent + INDENT * (in_statement and at not in self.begins)

    def _indent_around(self, opener: int) -> int:
        """The indent of the line a bracket belongs to: for a block, that of the statement."""
        place = self.statement[opener] if self.tokens[opener].type == "LBRACE" else opener
        return self.row_of[place].indent

    def _broken(self, row: Row) -> Iterator[Row]:
        """A line in as many lines as it takes."""
        starts = [row.start]
        while starts:
            start = starts.pop(0)
            stop = starts[0] if starts else row.stop
            part = Row(start, stop)
            for at in range(start, stop):
                self.row_of[at] = part
            part.indent = self._indent(start, stop)
            self._write(part)
            if part.indent + len(part.text) > WIDTH and (breaks := self._breaks(part)):
                starts = [start, *breaks, *starts]
                continue
            if not starts:
                part.comment, part.comment_column = row.comment, row.comment_column
            yield part

    def _write(self, row: Row) -> None:
        pieces: list[str] = []
        length = 0
        for at in range(row.start, row.stop):
            blank = "" if at == row.start else "; " if at in self.semicolons else self.layout.blank(at)
            token = self.tokens[at]
            if not row.equal and self._is_main_equal(at, row.start):
                row.equal, row.equal_column = length + len(blank), token.column or 0
                if self._between(at) in ("", " "):
                    row.equal_column *= -1
            pieces += blank, str(token)
            length += len(blank) + len(token)
        if row.stop in self.semicolons and self.tokens[row.stop - 1].type in UNFINISHED:
            pieces.append(";")
        row.text = "".join(pieces)

    def _is_main_equal(self, at: int, start: int) -> bool:
        if self.tokens[at].type not in ASSIGNMENTS or self.statement[at] != start:
            return False
        return self.layout.around[at] == self.layout.around[start] and self.tokens[start].type != "DIM"

    def _breaks(self, row: Row) -> list[int]:
        """Where to break a line that is too long: a block on one line wholly, else at one place."""
        for at in range(row.start, row.stop - 1):
            if self.tokens[at].type == "LBRACE" and self.tokens[at + 1].type != "RBRACE":
                inner = [n for n in range(at + 1, row.stop) if at in self.layout.around[n]]
                closer = inner[-1] + 1
                if closer < row.stop:
                    own = len(self.layout.around[at]) + 1
                    cuts = [n for n in inner if n in self.semicolons and len(self.layout.around[n]) == own]
                    return [at + 1, *cuts, closer]
        places = [(at, column) for at, column in self._columns(row) if self._may_break(at)]
        fitting = [at for at, column in places if column <= WIDTH] or [at for at, _ in places[:1]]
        outermost = min((len(self.layout.around[at]) for at in fitting), default=0)
        return [at for at in fitting if len(self.layout.around[at]) == outermost][-1:]

    def _columns(self, row: Row) -> Iterator[tuple[int, int]]:
        """For each token but the first, the width of the line before it."""
        column = row.indent + len(self.tokens[row.start])
        for at in range(row.start + 1, row.stop):
            yield at, column
            blank = "; " if at in self.semicolons else self.layout.blank(at)
            column += len(blank) + len(self.tokens[at])

    def _may_break(self, at: int) -> bool:
        token, around = self.tokens[at], self.layout.around[at]
        inside = self.tokens[around[-1]].type if around else "LBRACE"
        wires = inside == "LSQB" and around[-1] > 0 and not self.layout.is_array(around[-1])
        if inside == "SUB" or wires or self._in_range(at):
            return False
        if at in self.semicolons or self.tokens[at - 1].type == "COMMA":
            return True
        if token.type in ("PLUS", "MINUS"):
            return self.layout.is_binary(at)
        if token.type in ("EQUAL", "UNEQUAL", "ALMOST"):
            return self.tokens[self.statement[at]].type == "EQUATION" and inside == "LBRACE"
        return inside in ("LPAR", "CALL", "BODY") and self.layout.is_gap(at)

    def _in_range(self, at: int) -> bool:
        """Whether a break before this token would tear a range or the loops of a sum apart."""
        after_comma = self.tokens[at - 1].type == "COMMA" and self.layout.is_tight(at - 2)
        return after_comma or self.layout.is_tight(at)

    def _indent_comments(self, rows: list[Row]) -> None:
        """A comment on its own line stands like the line after it, before a closer like what that closes."""
        for row in rows:
            if row.is_code or not row.comment:
                continue
            at = row.start
            if at == len(self.tokens):
                row.indent = 0
            elif self.tokens[at].type in CLOSERS:
                row.indent = self._indent_around(self.layout.opener[at]) + INDENT
            else:
                row.indent = self.row_of[at].indent


def _split_comment(line: str) -> tuple[str, str]:
    """What stands between two tokens, as the blanks and semicolons, and the comment."""
    blanks, sign, comment = line.partition("#")
    return blanks, (sign + comment).rstrip()


def _without_idle_blanks(rows: list[Row], tokens: list[Token]) -> list[Row]:
    """One blank line at most, and none at the ends of the text and of blocks."""
    kept: list[Row] = []
    for row in rows:
        if not row.is_code and not row.comment:
            fresh = not kept or not (kept[-1].is_code or kept[-1].comment)
            if fresh or (kept[-1].is_code and tokens[kept[-1].stop - 1].type in OPENERS):
                continue
        elif row.is_code and tokens[row.start].type in CLOSERS:
            _drop_blank(kept)
        kept.append(row)
    _drop_blank(kept)
    return kept


def _drop_blank(rows: list[Row]) -> None:
    if rows and not rows[-1].is_code and not rows[-1].comment:
        rows.pop()


def _align(rows: list[Row]) -> None:
    """Keep ``=`` and comments of neighbouring lines in one column where the author had them so."""
    for (column, _), group in groupby(rows, lambda row: (abs(row.equal_column), row.indent)):
        together = list(group)
        if column and len(together) > 1 and any(row.equal_column > 0 for row in together):
            target = max(row.equal for row in together)
            if all(len(row.text) + target - row.equal + row.indent <= WIDTH for row in together):
                for row in together:
                    row.text = row.text[: row.equal] + " " * (target - row.equal) + row.text[row.equal :]
    for column, group in groupby(rows, lambda row: row.comment_column if row.is_code and row.comment else 0):
        together = list(group)
        if column:
            width = max(row.indent + len(row.text) for row in together)
            for row in together:
                row.text = row.text.ljust(width - row.indent)
