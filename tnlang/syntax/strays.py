"""What is said about characters that no .tn text holds: mostly other notations' habits."""

from __future__ import annotations

import unicodedata

_PRODUCT = "a product is written side by side: `A[i, j] B[j, k]`"
_HABITS = {
    "@": ("`@` is no operator here", f"{_PRODUCT}, a wire named twice is summed"),
    "†": ("there is no dagger: legs have names", "write `conj(V[a, i])`, its wires in the order you need"),
    "‡": ("there is no dagger: legs have names", "write `conj(V[a, i])`, its wires in the order you need"),
    "⊤": ("there is no transpose: legs have names", "name the wires in the order you need: `A[j, i]`"),
    "ᵀ": ("there is no transpose: legs have names", "name the wires in the order you need: `A[j, i]`"),
    "'": ("`'` stands only right after a name", 'texts stand in double quotes: `"…"`'),
    "“": ("a typographic quote", 'texts stand in straight quotes: `"…"`'),
    "”": ("a typographic quote", 'texts stand in straight quotes: `"…"`'),
    "„": ("a typographic quote", 'texts stand in straight quotes: `"…"`'),
    "‘": ("a typographic quote", 'texts stand in straight quotes: `"…"`'),
    "’": ("a typographic quote", 'a prime is `\'`, a text stands in straight quotes: `"…"`'),
    "′": ("this prime is not the one names have", "write `'`"),
    "$": ("`$` stands in texts only", 'LaTeX goes into a label: `label "$W_Q$"`'),
    "\\": (
        "a backslash stands in texts only",
        'LaTeX goes into a label: `label "$\\lambda$"`; names take λ itself',
    ),
    "×": ("`×` is no operator here", _PRODUCT),
    "·": ("`·` is no operator here", _PRODUCT),
    "⋅": ("`⋅` is no operator here", _PRODUCT),
    "∘": ("`∘` is no operator here", "apply one net to what another gives: `f(g(x))`"),
    "⊗": ("`⊗` is no operator here", f"{_PRODUCT}; different wires give the outer product"),
    "⊙": ("`⊙` is no operator here", "the elementwise product keeps its wires: `y[i] = a[i] b[i]`"),
    "∑": ("sums are not written: a wire named twice is summed", "or `sum h in 0..head { … }`, written out"),
    "∏": ("`∏` is no operator here", "write `prod n in 0..N { … }`"),
    "√": ("`√` is no operator here", "write `sqrt(…)`"),
    "∂": ("`∂` is no operator here", "write `net d = derivative(net, x)`"),
    "−": ("this minus sign is not the one of the keyboard", "write `-`"),
    "–": ("a dash", "write `-` for minus"),
    "—": ("a dash", "write `-` for minus"),
    "→": ("`→` is no operator here", "write `->`"),
    "≠": ("`≠` is no operator here", "write `!=`"),
    "≤": ("`≤` is no operator here", "write `<=`"),
    "…": ("a range has two dots", "write `0..N`"),
    "%": ("`%` is no operator here", "the remainder is written `mod`: `n+1 mod N`"),
    "<": ("`<` is no operator here", "there are no comparisons; `order <= 2` bounds an expansion"),
    ">": ("`>` is no operator here", "there are no comparisons; an arrow is written `->`"),
    "!": ("`!` alone is no operator", "an equation that does not hold is written with `!=`"),
    "|": ("`|` is no operator here", "write `abs(…)` or `norm[i](…)`"),
    "&": ("`&` is no operator here", ""),
    "?": ("`?` is no operator here", ""),
    "`": ("a backtick", 'texts stand in double quotes: `"…"`'),
}


def stray_hint(text: str, start: int, stretch: str) -> tuple[str, str, str]:
    """Code, message and hint for a stretch of the text that is no token."""
    character = stretch[0]
    if character == '"':
        return "TN102", "this text has no closing quote on its line", _quote_hint(stretch)
    if character == ">" and text[start - 1 : start] == "=":
        return "TN120", "`=>` is no operator here", "an arrow is written `->`"
    if character in _HABITS:
        message, hint = _HABITS[character]
        return "TN120", message, hint
    name = unicodedata.name(character, "")
    shown = f"`{character}`" if character.isprintable() and name else f"character U+{ord(character):04X}"
    if name and not character.isascii():
        shown += f" ({name.lower()})"
    return "TN101", f"{shown} has no meaning here", _name_hint(text, start)


def _quote_hint(stretch: str) -> str:
    if stretch.rstrip().endswith('\\"'):
        return r"`\"` is a quote within the text; a backslash at the end of a text is written `\\`"
    return 'write `"` at its end; a text is one line'


def _name_hint(text: str, start: int) -> str:
    before = text[start - 1 : start]
    return "names have letters, digits, `_`, then any `'`" if before.isalnum() or before == "_" else ""
