"""From names to what is written in the picture: LaTeX for symbols, upright words for words."""

from __future__ import annotations

import re
from collections.abc import Sequence

GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
    ]
    + [
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
    ]
)

_BASE_AND_NUMBER = re.compile(r"(.*?[^\W\d_])(\d+)\Z", re.DOTALL)


def symbol_latex(name: str, subs: Sequence[str | int] = ()) -> str:
    r"""LaTeX of a value's name: one italic letter with its scripts, or upright letters.

    What follows ``_`` or is a number at the end goes below; the ``subs`` of a family's member go below too,
    or above where something is below already. Of a path only the last name counts; its numbers are subs.

    >>> symbol_latex("W_Q"), symbol_latex("x'"), symbol_latex("W_in"), symbol_latex("ln_1")
    ('W_{Q}', "x'", 'W_{\\text{in}}', '\\text{ln}_{1}')
    >>> symbol_latex("A", (0, 1)), symbol_latex("attention.0.W_Q"), symbol_latex("σ1"), symbol_latex("u.3")
    ('A_{0,1}', 'W_{Q}', 'σ_{1}', 'u_{3}')
    >>> symbol_latex("W_Q", (3,)), symbol_latex("lambda'", ("h",)), symbol_latex("head_size")
    ('W_{Q}^{3}', "\\lambda_{h}'", '\\text{head size}')
    """
    parts = name.split(".")
    members: list[str] = []
    while len(parts) > 1 and parts[-1].isdigit():
        members.insert(0, parts.pop())
    above = ",".join([*members, *map(_script, subs)])
    plain = parts[-1].rstrip("'")
    primes = "'" * (len(parts[-1]) - len(plain))
    pieces = [piece for piece in plain.split("_") if piece] or [plain.replace("_", r"\_")]
    if is_word(plain):
        base, below = _upright(" ".join(pieces)), ""
    else:
        base, number = _split_number(pieces[0])
        below = ",".join(map(_script, (*([number] if number else []), *pieces[1:])))
        base = _letters(base)
    if below and above:
        above = "\\prime " * len(primes) + above
        return f"{base}_{{{below}}}^{{{above}}}"
    lower = below or above
    return f"{base}_{{{lower}}}{primes}" if lower else base + primes


def is_word(name: str) -> bool:
    """Whether a name is written as upright words (``head_size``), not as a symbol (``W_Q``, ``x1``).

    >>> [is_word(name) for name in ("head_size", "vocab", "W_Q", "h1", "beta", "s", "hidden_2", "λ", "x'")]
    [True, True, False, False, False, False, False, False, False]
    """
    pieces = [piece for piece in name.rstrip("'").split("_") if piece]
    if not pieces or pieces[0] in GREEK:
        return False
    return all(len(piece) > 1 and piece.isalpha() for piece in pieces)


def name_label(name: str, subs: Sequence[str | int] = ()) -> tuple[str, bool]:
    """What is written for a wire or dim: its text, and whether that is an upright word.

    >>> name_label("head_size"), name_label("k"), name_label("p", (1,)), name_label("in")
    (('head size', True), ('k', False), ('p_{1}', False), ('in', True))
    """
    if is_word(name) and not subs:
        return name.replace("_", " ").strip(), True
    return symbol_latex(name, subs), False


def text_label(text: str) -> tuple[str, bool]:
    r"""What is written for a text of the program: LaTeX where all of it is in ``$…$``, else words with math.

    >>> text_label("$W_Q^\\top$"), text_label("seq pos"), text_label("the $k$-th")
    (('W_Q^\\top', False), ('seq pos', True), ('the $k$-th', True))
    """
    if len(text) > 2 and text.startswith("$") and text.endswith("$") and text.count("$") == 2:
        return text[1:-1], False
    return text, True


def text_latex(text: str) -> str:
    r"""A text of the program as LaTeX alone, for a shape or badge: words become upright.

    >>> text_latex("$W_Q^\\top$"), text_latex("seq pos")
    ('W_Q^\\top', '\\text{seq pos}')
    """
    label, word = text_label(text)
    if not word:
        return label
    parts = re.split(r"\$(.*?)\$", label)
    return "".join(part if index % 2 else _upright(part) for index, part in enumerate(parts) if part)


def _split_number(piece: str) -> tuple[str, str]:
    match = _BASE_AND_NUMBER.match(piece)
    return (match[1], match[2]) if match else (piece, "")


def _letters(base: str) -> str:
    if base in GREEK:
        return "\\" + base
    return base if len(base) == 1 else _upright(base)


def _script(piece: str | int) -> str:
    text = str(piece)
    if text in GREEK:
        return "\\" + text
    return text if len(text) == 1 or not text.isalpha() or text.isupper() else _upright(text)


_OUTSIDE_TEXT = {"\\": r"\backslash ", "{": r"\{", "}": r"\}", "&": r"\&", "<": r"\lt ", ">": r"\gt "}


def _upright(text: str) -> str:
    """The characters upright and as they are, whatever they mean to LaTeX."""
    runs = re.split(r"([\\{}&<>])", text)
    return "".join(_OUTSIDE_TEXT.get(run, rf"\text{{{run}}}") for run in runs if run)
