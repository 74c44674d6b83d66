"""The words of the language, as the grammar's terminals name them, and the limits of a text."""

from __future__ import annotations

NESTING_LIMIT = 100
"""Brackets in brackets, and operators that nest (divisions, arithmetic in sizes)."""

LARGEST_INTEGER = 2**63 - 1
LONGEST_NAME = 200
MOST_ERRORS = 100

DECLARATION_WORDS = frozenset({"TENSOR", "INPUT", "PARAM", "CONST"})

FILE_WORDS = frozenset({"DIM", "FN", "NET", "FIGURE", "STYLE", "THEME", "WEIGHTS", "IMPORT", "FROM"})
"""Words that begin what stands at file level only (a style also stands in a theme)."""

STATEMENT_WORDS = FILE_WORDS | DECLARATION_WORDS | {"SHARED", "STREAM", "REPEAT"}

BLOCK_WORDS = frozenset({"NET", "REPEAT", "FIGURE", "STYLE", "THEME", "WEIGHTS"})
"""Words that begin a statement with a block."""

RESERVED = STATEMENT_WORDS | {"SUM", "PROD", "IN", "AS", "MOD"}
"""They name nothing but legs, wires and what a style selects."""

DRAWN_WORDS = frozenset({"DRAW", "EQUATION", "STEPS", "CUT", "OUTLINE"})

SHOWN_WORDS = DRAWN_WORDS | {
    *("UNFOLD", "FOLD", "HIDE", "ENDS", "FLOW", "WIDTH", "ALIGN", "LEG", "BEND", "LABEL")
}

PLACE_WORDS = frozenset({"AT", "LEFT", "RIGHT", "ABOVE", "BELOW", "LABEL"})

PLAIN_WORDS = SHOWN_WORDS | PLACE_WORDS | {*("OF", "ROW", "COLUMN", "NUMPY", "FOR", "PREFIX", "IGNORE")}
"""Keywords where the grammar wants them, names everywhere else."""

WORDS = RESERVED | PLAIN_WORDS


def keyword(text: str) -> str:
    """The terminal of a word of the language, whatever it is used as; empty for every other text."""
    return text.upper() if text.islower() and text.upper() in WORDS else ""


NUMBERS = frozenset({"INT", "FLOAT", "IMAG"})

OPENERS = {"LPAR": ")", "CALL": ")", "LSQB": "]", "SUB": "}", "BODY": "}", "LBRACE": "}"}
CLOSERS = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}
CLOSING = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}

ASSIGNMENTS = frozenset({"EQUAL", "PLUS_EQUAL", "MINUS_EQUAL"})

OPERATORS = ASSIGNMENTS | {
    *("PLUS", "MINUS", "STAR", "SLASH", "CARET", "UNEQUAL", "ALMOST", "AT_MOST", "ARROW", "TILDE", "DOTS")
}
"""A line that begins with one of these goes on with the statement before it."""

UNFINISHED = OPERATORS | {"COMMA", "COLON", "DOT", "MOD", "IN", "AS"}
"""A line that ends with one of these goes on."""
