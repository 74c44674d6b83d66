"""What is said about a token the grammar does not expect: the likely meaning first, the plain facts last."""
from __future__ import annotations
from dataclasses import dataclass
from lark import Token
from tnlang.source import Diagnostics, Source
from tnlang.syntax.build import token_span
@dataclass(frozen=True, slots=True)
class Mistake:
    source: Source
    tokens: list[Token]
    token: Token
    at: int
    start: int
    expected: set[str]
def explain(m, diagnostics):
    diagnostics.error("TN110", f"unexpected {m.token!r}; {sorted(m.expected)}", token_span(m.source, m.token))
