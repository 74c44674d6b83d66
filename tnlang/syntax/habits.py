"""Habits from other languages and likely slips: a rule looks at a mistake and explains it, or passes."""

from __future__ import annotations

from collections.abc import Callable

from lark import Token

from tnlang.syntax.explain import Explanation, Mistake, shown
from tnlang.syntax.words import (
    ASSIGNMENTS,
    BLOCK_WORDS,
    CLOSERS,
    DECLARATION_WORDS,
    FILE_WORDS,
    PLACE_WORDS,
    STATEMENT_WORDS,
    UNFINISHED,
    keyword,
)

Rule = Callable[[Mistake], Explanation | None]

_STATEMENTS = {
    "def": "a net is written `net f(x[n]) -> y[n] { … }`",
    "function": "a net is written `net f(x[n]) -> y[n] { … }`",
    "class": "a net is written `net f(x[n]) -> y[n] { … }`",
    "let": "a binding is written `y[i] = …`",
    "var": "a binding is written `y[i] = …`; one that changes is a `stream`",
    "for": "loops are written `repeat l in 0..12 { … }`",
    "while": "loops are written `repeat l in 0..12 { … }`",
    "return": "a net's outputs stand in its head, `-> y[n]`, and are bound like other values",
    "if": "there are no conditions; a mask is a tensor, or `causal[q, k](…)`",
    "print": "a figure shows things: `figure f { draw … }`",
}
_TRANSPOSES = frozenset({"T", "t", "H", "mT", "mH", "transpose"})
_NO_TRANSPOSE = Explanation(
    "TN120", "there is no transpose: legs have names", "name the wires in the order you need: `A[j, i]`"
)


def _doubled(m: Mistake) -> Explanation | None:
    """``**``, ``==``, ``//``, ``/*``."""
    before = m.before
    if before is None or not m.touches():
        return None
    match f"{before}{m.token}":
        case "**":
            return Explanation("TN120", "`**` is no operator here", "a power is written `x ^ 2`", before)
        case "==" if m.first == "EQUATION":
            return Explanation(
                "TN120", "`==` is no operator here", "an equation is written with one `=`", before
            )
        case "==":
            hint = "a binding is written with one `=`, a claim stands in a figure: `equation … = …`"
            return Explanation("TN120", "`==` is no operator here", hint, before)
        case "//" | "/*":
            return Explanation(
                "TN120", f"`{before}{m.token}` begins no comment", "comments begin with `#`", before
            )
    return None


def _assigned_by_colon(m: Mistake) -> Explanation | None:
    if m.token.type == "COLON" and m.kind(1) == "EQUAL" and m.touches(1):
        return Explanation("TN120", "`:=` is no operator here", "a binding is written with `=`")
    return None


def _dotted(m: Mistake) -> Explanation | None:
    """``A[i, j].T``, ``x[i].sum()``, ``.5``, ``1.``."""
    if m.token.type == "CARET" and m.kind(1) == "NAME" and m.tokens[m.at + 1] in _TRANSPOSES:
        return _NO_TRANSPOSE
    if m.token.type == "NAME" and m.kind(-1) == "CARET" and m.token in _TRANSPOSES:
        return _NO_TRANSPOSE
    if m.token.type == "WORD" and m.kind(-1) == "DOT" and m.kind(1) == "CALL":
        return _no_method(m.before)
    if m.token.type != "DOT":
        return None
    if m.kind(1) == "INT" and m.touches(1) and not m.touches():
        return Explanation("TN110", "a number begins with a digit", f"write `0.{m.tokens[m.at + 1]}`")
    if m.kind(-1) == "INT":
        return Explanation("TN110", "a number ends with a digit", f"write `{m.before}.0` or `{m.before}`")
    if m.kind(-1) in ("RSQB", "RPAR") and m.kind(1) in ("NAME", "WORD", "SUM", "PROD"):
        if m.tokens[m.at + 1] in _TRANSPOSES:
            return _NO_TRANSPOSE
        return _no_method(m.token)
    return None


def _no_method(dot: Token | None) -> Explanation:
    hint = "a function stands before its argument: `relu(x[i])`, `sum[i](x[i])`"
    return Explanation("TN120", "there are no methods", hint, dot)


def _dim_option(m: Mistake) -> Explanation | None:
    if m.token == "dim" and m.kind(1) == "EQUAL" and m.inside("CALL"):
        hint = "the leg stands in brackets, by the name of its wire: `softmax[k](…)`"
        return Explanation("TN121", "`dim` is no option of a function", hint)
    return None


def _whole_leg(m: Mistake) -> Explanation | None:
    """``A[:, i]``, ``A[i:]``, ``A[..., i]``."""
    if not m.inside("LSQB"):
        return None
    fresh = m.kind(-1) in ("LSQB", "COMMA")
    if (m.token.type == "COLON" and fresh) or (m.kind(-1) == "COLON" and m.token.type in ("RSQB", "COMMA")):
        about = m.token if fresh and m.token.type == "COLON" else m.before
        hint = "name its wire: `A[j, i]`; a wire over a part of the leg is `j: 0..n`"
        return Explanation("TN122", "a `:` alone does not say which wire this leg is", hint, about)
    if m.token.type == "DOTS" and fresh:
        return Explanation(
            "TN122", "`...` does not say which wires these legs are", "name each wire: `A[b, j, i]`"
        )
    return None


def _negative_entry(m: Mistake) -> Explanation | None:
    if m.token.type == "MINUS" and m.kind(-1) in ("LSQB", "COMMA", "LPAR") and _in_bracket(m):
        hint = "the last entry of a leg of dim n is `n - 1`"
        return Explanation("TN122", "entries are counted from 0, not from the end", hint)
    return None


def _in_bracket(m: Mistake) -> bool:
    return m.inside("LSQB") or m.inside("LSQB", "LPAR")


def _group_comma(m: Mistake) -> Explanation | None:
    if m.token.type == "COMMA" and m.inside("LSQB", "LPAR"):
        return Explanation(
            "TN122", "the wires of a group stand side by side", "write `(i j)`, the slowest first"
        )
    return None


def _no_legs(m: Mistake) -> Explanation | None:
    if m.token.type == "RSQB" and m.kind(-1) == "LSQB":
        return Explanation("TN122", "nothing stands in these brackets", "what has no legs has no brackets")
    return None


def _missing_comma(m: Mistake) -> Explanation | None:
    if m.inside("LSQB") and "COMMA" in m.expected and m.token.type in ("NAME", "WORD", "INT", "LPAR"):
        hint = "places in brackets are separated by commas; several wires on one leg are a group, `(i j)`"
        return Explanation("TN122", f"a comma is missing before {shown(m.token)}", hint)
    return None


def _after_quotient(m: Mistake) -> Explanation | None:
    if not m.is_operand or "STAR" not in m.expected or "NAME" in m.expected:
        return None
    place = m.at - 1
    depth = 0
    while place > m.start:
        kind = m.tokens[place].type
        depth += (kind in CLOSERS) - (m.tokens[place].type in ("LPAR", "CALL", "LSQB", "SUB", "BODY"))
        if depth == 0 and kind == "SLASH":
            hint = "write `a / b * c` for a c / b, `a / (b c)` for both below the line"
            return Explanation(
                "TN123", f"after a division only `*` multiplies on, and {shown(m.token)} has none", hint
            )
        place -= 1
    return None


def _trailing_comma(m: Mistake) -> Explanation | None:
    if m.token.type in CLOSERS and m.kind(-1) == "COMMA":
        return Explanation("TN111", "nothing stands after this `,`", "", m.before)
    return None


def _exponent(m: Mistake) -> Explanation | None:
    if m.kind(-1) != "CARET" or "FLOAT" not in m.expected:
        return None
    hint = (
        "write `reciprocal(x)` or `1 / x`" if m.token.type == "MINUS" else "a root is `sqrt(x)` or `x ^ 0.5`"
    )
    return Explanation("TN110", f"an exponent is a positive number, not {shown(m.token)}", hint)


def _unfinished(m: Mistake) -> Explanation | None:
    """A statement swallowed by the operator at the end of the line before it."""
    begins = m.token.type in ASSIGNMENTS or keyword(m.token) in STATEMENT_WORDS | PLACE_WORDS
    if not begins or m.open:
        return None
    for here in range(m.at, m.start, -1):
        last = m.tokens[here - 1]
        if last.end_line != m.tokens[here].line:
            if last.type not in UNFINISHED:
                return None
            hint = f"a line that ends with `{last}` goes on with the next one"
            return Explanation("TN111", f"nothing stands after this `{last}`", hint, last)
    return None


def _next_statement(m: Mistake) -> Explanation | None:
    fresh = keyword(m.token) in STATEMENT_WORDS or (m.kind(-1) == "RBRACE" and m.token.type == "NAME")
    if "NL" in m.expected and fresh:
        hint = "put it on a line of its own, or a `;` before it"
        return Explanation(
            "TN113", f"a new statement begins with {shown(m.token)} in the middle of a line", hint
        )
    return None


def _wrong_block(m: Mistake) -> Explanation | None:
    word = keyword(m.token)
    if m.at != m.start or word not in STATEMENT_WORDS or m.kind(1) in (*ASSIGNMENTS, "LSQB", "SUB"):
        return None
    if word in FILE_WORDS:
        return Explanation("TN114", f"`{m.token}` stands at file level, not inside a block")
    return Explanation("TN114", f"`{m.token}` does not stand in this kind of block")


def _reserved(m: Mistake) -> Explanation | None:
    if m.token == "as":
        hint = "`as` ends a right-hand side, an argument or a bracket: `(ln(x) as ln_f)[p, d]`"
        return Explanation("TN112", "`as` cannot stand here", hint)
    if m.at == m.start + 1 and m.first in STATEMENT_WORDS and m.token.type in (*ASSIGNMENTS, "LSQB", "SUB"):
        return _reserved_word(m.tokens[m.start])
    if m.token.type == "WORD":
        return _reserved_word(m.token)
    return None


def _reserved_word(token: Token) -> Explanation:
    hint = f"reserved words may name legs and wires only; another name could be `{token}_1`"
    return Explanation("TN112", f"`{token}` is a reserved word", hint, token)


def _net_head(m: Mistake) -> Explanation | None:
    if m.first == "NET" and m.token.type == "LPAR" and m.before is not None and m.touches():
        hint = f"another name could be `{m.before}_1`"
        return Explanation("TN115", f"`{m.before}(` is a word of hints: no net has that name", hint, m.before)
    if m.first == "NET" and m.token.type == "LPAR" and "CALL" in m.expected:
        return Explanation(
            "TN115", "the inputs of a net begin right after its name", "no space before this `(`"
        )
    if m.first == "NET" and m.kind(-1) == "NAME" and m.kind(-2) == "EQUAL" and m.token.type == "NAME":
        hint = f"write `{m.before}({m.token}, …)`"
        return Explanation("TN115", "a transform takes its net in round brackets", hint)
    if m.first == "NET" and "ARROW" in m.expected:
        hint = "a net says what it gives: `net f(x[n]) -> y[n] { … }`"
        return Explanation("TN110", f"expected `->`, found {shown(m.token)}", hint)
    if m.first in BLOCK_WORDS and "LBRACE" in m.expected and not m.open:
        hint = "a block stands in braces, a space before it"
        return Explanation("TN110", f"expected `{{`, found {shown(m.token)}", hint)
    return None


def _foreign_statement(m: Mistake) -> Explanation | None:
    word = str(m.tokens[m.start]) if m.start < len(m.tokens) else ""
    if m.at == m.start + 1 and word in _STATEMENTS and m.token.type not in (*ASSIGNMENTS, "LSQB"):
        return Explanation("TN120", f"`{word}` is no statement here", _STATEMENTS[word], m.tokens[m.start])
    if m.first in ("IMPORT", "FROM") and "STRING" in m.expected:
        return Explanation("TN110", "a file's name stands in quotes", 'write `import "layers.tn"`')
    return None


def _loop(m: Mistake) -> Explanation | None:
    if "BODY" in m.expected:
        hint = "write `sum h in 0..head { … }`, a space before the brace"
        return Explanation("TN110", f"expected `{{`, found {shown(m.token)}", hint)
    types = [t.type for t in m.tokens[m.start : m.at]]
    if "DOTS" in m.expected and "IN" in types and "DOTS" not in types[types.index("IN") :]:
        return Explanation("TN110", f"expected `..`, found {shown(m.token)}", "a range has both ends: `0..n`")
    return None


def _round_legs(m: Mistake) -> Explanation | None:
    if m.token.type != "CALL":
        return None
    if m.first in DECLARATION_WORDS and "LSQB" in m.expected:
        return Explanation("TN115", "legs stand in square brackets", f"write `{m.before}[…]`")
    if m.at == m.start + 1:
        hint = "legs stand in square brackets, `y[i] = …`; a net is written `net f(x[n]) -> y[n] { … }`"
        return Explanation("TN115", "a call cannot stand on the left", hint)
    if m.kind(-1) == "RSQB":
        return Explanation("TN115", "a `(` that touches `]` is a call", "put a space between the two factors")
    return None


def _touching_brace(m: Mistake) -> Explanation | None:
    if m.inside("SUB") and (m.first in BLOCK_WORDS or m.token.type in (*ASSIGNMENTS, "LSQB")):
        hint = "a brace that touches a name is a subscript; a block has a space before it"
        return Explanation("TN115", f"{shown(m.token)} cannot stand in a subscript", hint)
    return None


def _one_side(m: Mistake) -> Explanation | None:
    if m.first == "EQUATION" and m.token.type in ("NL", "$END", "RBRACE") and "EQUAL" in m.expected:
        return Explanation(
            "TN111", "an equation has two sides", "write `equation A[i, j] = B[i, j]`, or `draw A[i, j]`"
        )
    return None


RULES: tuple[Rule, ...] = (
    *(
        _doubled,
        _assigned_by_colon,
        _dotted,
        _dim_option,
        _whole_leg,
        _negative_entry,
        _group_comma,
        _no_legs,
    ),
    *(
        _touching_brace,
        _missing_comma,
        _after_quotient,
        _trailing_comma,
        _exponent,
        _unfinished,
        _foreign_statement,
    ),
    *(_net_head, _next_statement, _wrong_block, _reserved, _loop, _round_legs, _one_side),
)


def explain(mistake: Mistake) -> Explanation | None:
    """What the first rule that knows this mistake says."""
    return next((found for rule in RULES if (found := rule(mistake))), None)
