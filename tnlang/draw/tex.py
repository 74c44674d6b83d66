"""Labels as LaTeX that a document may trust: written anew from what the typesetter understood of them.

Nothing of a label's own LaTeX is passed on. Its formulas are read as MathML, whose elements and characters
are written by the commands named here and in ``tex_symbols``; what has none is told by its code point. So no
label can define, read or run anything, and none stops a document from compiling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from xml.etree.ElementTree import Element

from tnlang.draw.tex_symbols import ACCENTS, ALPHABETS, DELIMITERS, IN_TEXT, LARGE, MARKS, SYMBOLS
from tnlang.draw.typeset import parts_of

UNKNOWN = r"\tnchar"
"""The macro for a character that plain LaTeX cannot write: the code point, and its digits in two halves."""


def latex(text: str, word: bool = False) -> str:
    """A label for a box of a document: texts as text, formulas between dollars.

    >>> latex("W_Q"), latex("50% of $x^2$ \\\\input{a}", True)
    ('$\\\\displaystyle W_{Q}$', '50\\\\% of $\\\\displaystyle x^{2}$ \\\\textbackslash{}input\\\\{a\\\\}')
    """
    return "".join(_part(part) for part in parts_of(text, word))


def _part(part: str | Element) -> str:
    if isinstance(part, str):
        return text_of(part)
    try:
        written = _math(part)
        style = r"\textstyle" if written in LARGE else r"\displaystyle"  # a sign by itself is no larger
        return f"${style} {written}$"
    except _Unwritable:
        return text_of(" ".join("".join(part.itertext()).split()))


# ---------------------------------------------------------------- text


def text_of(text: str) -> str:
    r"""A text with every character that means something to LaTeX written out.

    >>> text_of("a_1 {x} 100% café 中")
    "a\\_1 \\{x\\} 100\\% caf\\'{e} \\tnchar{4E2D}{4E}{2D}"
    """
    written = "".join(_text_character(c) for c in text)
    return re.sub("-(?=-)", "-{}", written)  # two of them would become a dash


def _text_character(c: str) -> str:
    if c in IN_TEXT:
        return IN_TEXT[c]
    if " " <= c <= "~":
        return c
    apart = unicodedata.normalize("NFD", c)
    if len(apart) == 2 and apart[0].isascii() and apart[0].isalpha() and apart[1] in ACCENTS:
        return rf"\{ACCENTS[apart[1]]}{{{apart[0]}}}"
    if c in SYMBOLS:
        return rf"\ensuremath{{{SYMBOLS[c]}}}"
    digits = f"{ord(c):04X}" if ord(c) < 0x10000 else f"{ord(c):06X}"
    return f"{UNKNOWN}{{{digits}}}{{{digits[: len(digits) // 2]}}}{{{digits[len(digits) // 2 :]}}}"


# ---------------------------------------------------------------- formulas


class _Unwritable(Exception):
    """MathML that is not written as LaTeX here."""


def _math(element: Element) -> str:
    tag, children = element.tag.rpartition("}")[2], list(element)
    match tag, children:
        case (("math" | "mrow" | "mstyle" | "mpadded" | "semantics"), _):
            return _row(children)
        case (("mi" | "mn" | "mo"), []):
            return _symbols(element)
        case "mtext", []:
            return rf"\textnormal{{{text_of(element.text or '')}}}"
        case "mspace", _:
            return r"\,"
        case "mphantom", _:
            return rf"\phantom{{{_row(children)}}}"
        case "msub", [base, below]:
            return f"{_base(base)}_{{{_math(below)}}}"
        case "msup", [base, above]:
            return f"{_base(base)}^{{{_math(above)}}}"
        case "msubsup", [base, below, above]:
            return f"{_base(base)}_{{{_math(below)}}}^{{{_math(above)}}}"
        case "mover", [base, mark] if (mark.text or "").strip() in MARKS:
            return rf"{MARKS[(mark.text or '').strip()]}{{{_math(base)}}}"
        case "munder", [base, mark] if (mark.text or "").strip() in ("_", "̲", "‾"):
            return rf"\underline{{{_math(base)}}}"
        case "munder", [base, below]:
            return rf"{_operator(base)}\limits_{{{_math(below)}}}"
        case "mover", [base, above]:
            return rf"{_operator(base)}\limits^{{{_math(above)}}}"
        case "munderover", [base, below, above]:
            return rf"{_operator(base)}\limits_{{{_math(below)}}}^{{{_math(above)}}}"
        case "mfrac", [over, under] if element.get("linethickness", "").startswith("0"):
            return rf"{{{_math(over)} \atop {_math(under)}}}"
        case "mfrac", [over, under]:
            return rf"\frac{{{_math(over)}}}{{{_math(under)}}}"
        case "msqrt", _:
            return rf"\sqrt{{{_row(children)}}}"
        case "mroot", [base, index]:
            return rf"\sqrt[{{{_math(index)}}}]{{{_math(base)}}}"
        case "mtable", _:
            return _table(children)
    raise _Unwritable(tag)


def _row(children: Iterable[Element]) -> str:
    """Elements one after the other; upright letters that stand together become one word."""
    written: list[str] = []
    found = list(children)
    fences = [_fence(child) for child in found]
    opened = [index for index, fence in enumerate(fences) if fence == "prefix"]
    closed = [index for index, fence in enumerate(fences) if fence == "postfix"]
    paired = len(opened) == len(closed) and all(a < b for a, b in zip(opened, closed, strict=True))
    for upright, group in groupby(enumerate(found), lambda pair: _is_upright(pair[1])):
        for index, child in group:
            if paired and fences[index]:
                written.append(rf"\{'left' if fences[index] == 'prefix' else 'right'}{_delimiter(child)}")
            elif upright and written and written[-1].startswith(r"\mathrm{"):
                written[-1] = written[-1][:-1] + _characters(child) + "}"
            else:
                written.append(rf"\mathrm{{{_characters(child)}}}" if upright else _math(child))
    return _spaced(written)


def _spaced(parts: Iterable[str]) -> str:
    """Parts together, with a blank where a command would else go on into the next letter."""
    text = ""
    for part in parts:
        text += " " * bool(re.search(r"\\[a-zA-Z]+\Z", text) and re.match("[a-zA-Z]", part)) + part
    return text


def _fence(child: Element) -> str:
    stretched = child.tag.endswith("mo") and child.get("fence") == "true" and child.get("stretchy") == "true"
    return child.get("form", "") if stretched else ""


def _delimiter(child: Element) -> str:
    text = (child.text or "").strip()
    if text not in DELIMITERS:
        raise _Unwritable(text)
    return DELIMITERS[text]


def _is_upright(child: Element) -> bool:
    text = (child.text or "").strip()
    return (
        child.tag.endswith("mi")
        and child.get("mathvariant") == "normal"
        and text.isascii()
        and text.isalnum()
    )


def _characters(child: Element) -> str:
    return (child.text or "").strip()


def _symbols(element: Element) -> str:
    """The characters of an identifier, a number or an operator."""
    text = (element.text or "").strip()
    if element.tag.endswith("mi") and len(text) > 1 and text.isascii() and text.isalpha():
        return rf"\mathop{{\mathrm{{{text}}}}}\nolimits "
    return _spaced(_symbol(c, element.get("mathvariant", "")) for c in text)


def _symbol(c: str, variant: str = "") -> str:
    if c in SYMBOLS:
        return SYMBOLS[c]
    if c.isascii() and c.isprintable() and c not in "\\^_{}#$%&~":
        return rf"\mathbf{{{c}}}" if variant == "bold" and c.isalnum() else c
    name, plain = unicodedata.name(c, ""), unicodedata.normalize("NFKC", c)
    if len(plain) == 1 and plain.isascii() and plain.isalnum():
        return next((rf"\{command}{{{plain}}}" for word, command in ALPHABETS if word in name), plain)
    if plain != c and all(p in SYMBOLS for p in plain):
        return _spaced(SYMBOLS[p] for p in plain)
    return rf"\textnormal{{{_text_character(c)}}}"


def _base(element: Element) -> str:
    """What carries scripts: in braces where it is more than one symbol."""
    written = _math(element)
    return written if re.fullmatch(r"\w|\\[a-zA-Z]+", written) else f"{{{written}}}"


def _operator(element: Element) -> str:
    written = _math(element)
    return written if written in LARGE else rf"\mathop{{{written}}}"


def _table(rows: list[Element]) -> str:
    cells = [[_math_cell(cell) for cell in row] for row in rows]
    columns = "c" * max((len(row) for row in cells), default=1)
    return rf"\begin{{array}}{{{columns}}}" + r"\\ ".join(" & ".join(row) for row in cells) + r"\end{array}"


def _math_cell(cell: Element) -> str:
    return _row(list(cell))
