"""The blanks between tokens, for the formatter."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from tnlang.syntax.words import CLOSERS, NUMBERS, OPENERS

_ENDS_OPERAND = NUMBERS | {"NAME", "WORD", "STRING", "RPAR", "RSQB", "RBRACE"}
_SIGNS = frozenset({"PLUS", "MINUS", "STAR", "SLASH"})
_NONE_AROUND = frozenset({"DOT", "DOTS", "CARET"})
_NONE_BEFORE = frozenset({"RPAR", "RSQB", "COMMA", "COLON", "CALL", "SUB", "NTH"})
_NONE_AFTER = frozenset({"LPAR", "LSQB", "CALL", "SUB"})
_TAKES_BRACKET = frozenset({"NAME", "WORD", "RPAR", "STRING", "SUM", "PROD"})


class Layout:
    """Where each token stands among the brackets; all indexes are those of ``tokens``."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.around: list[tuple[int, ...]] = []
        """The openers around each token; an opener and its closer stand outside of their own bracket."""
        self.opener: dict[int, int] = {}
        """The opener of each closer."""
        self._parts: list[tuple[int, int]] = []
        self._ranges: set[tuple[int, int]] = set()
        self._scan()

    def _scan(self) -> None:
        stack: list[int] = []
        parts = [0]
        for at, token in enumerate(self.tokens):
            if token.type in CLOSERS:
                self.opener[at] = stack.pop()
                parts.pop()
            elif token.type in ("COMMA", "IN", "BODY", "LBRACE"):
                parts[-1] += 1
            part = (stack[-1] if stack else -1, parts[-1])
            self.around.append(tuple(stack))
            self._parts.append(part)
            if token.type == "DOTS":
                self._ranges.add(part)
            if token.type in OPENERS:
                stack.append(at)
                parts.append(0)

    def is_tight(self, at: int) -> bool:
        """Whether operators here have no blanks: in subscripts and ranges."""
        around = self.around[at]
        inside = (at, *reversed(around))
        return any(self.tokens[o].type == "SUB" for o in around) or any(
            self._parts[place] in self._ranges for place in inside
        )

    def is_binary(self, at: int) -> bool:
        """Whether a sign stands between two operands."""
        return self.tokens[at].type in _SIGNS and at > 0 and self.tokens[at - 1].type in _ENDS_OPERAND

    def is_array(self, at: int) -> bool:
        """Whether a square bracket holds the entries of an array rather than wires."""
        return self.tokens[at - 1].type in ("EQUAL", "LSQB", "COMMA")

    def is_gap(self, at: int) -> bool:
        """Whether two factors meet here."""
        return (
            at > 0
            and self.tokens[at - 1].type in _ENDS_OPERAND
            and self.tokens[at].type in (NUMBERS | {"NAME", "LPAR", "SUM", "PROD"})
        )

    def blank(self, at: int) -> str:
        """What stands between a token and the one before it, on one line."""
        left, right = self.tokens[at - 1].type, self.tokens[at].type
        if left in _NONE_AFTER or right in _NONE_BEFORE or left in _NONE_AROUND or right in _NONE_AROUND:
            return ""
        if left in _SIGNS or right in _SIGNS:
            return self._around_sign(at)
        if right == "LSQB":
            subscript = left == "RBRACE" and self.tokens[self.opener[at - 1]].type == "SUB"
            return "" if left in _TAKES_BRACKET or subscript or left == "RSQB" else " "
        if right == "RBRACE":
            return "" if self.tokens[self.opener[at]].type == "SUB" else " "
        return " "

    def _around_sign(self, at: int) -> str:
        if self.tokens[at].type in _SIGNS:
            return "" if self.is_binary(at) and self.is_tight(at) else " "
        return " " if self.is_binary(at - 1) and not self.is_tight(at - 1) else ""
