"""Parameters of a body that reads many: fetched at once, as an attribute takes as long as a small product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from tnlang.lower.names import LIBRARY, Names
from tnlang.lower.plan import CallNet, Expr, Factored, Fetched, Kept, Members, Together, Var
from tnlang.lower.steps import (
    Append,
    Body,
    CheckLegs,
    GivenSize,
    Inherited,
    Let,
    LetSeveral,
    LetSize,
    Repeated,
    Sliced,
    Step,
    expressions,
)
from tnlang.lower.walks import parts, rebuild

MANY = 8
"""Parameters are fetched at once where there are more reads, so many in a line."""

_OWN = "self."


def fetched(body: Body, alone: Collection[str], families: Collection[str]) -> Body:
    """The body with its parameters in variables, if it reads many; ``families`` are lists of them."""
    reads = Counter(var.text.removeprefix(_OWN) for var in _parameters(body))
    singles = [name for name in reads if name in alone]
    lists = [name for name in reads if name in families]
    if sum(reads[name] for name in (*singles, *lists)) <= MANY:
        return body
    names = Names.of({*body.names, *LIBRARY})
    local = {_OWN + name: names.take(name) for name in (*singles, *lists)}
    before: list[Step] = []
    for start in range(0, len(singles), MANY):
        row = tuple(singles[start : start + MANY])
        before.append(LetSeveral(tuple(Var(local[_OWN + name], 0) for name in row), Fetched(row)))
    before += [Let(Var(local[_OWN + name], 0), Members(Var(_OWN + name, 0))) for name in lists]
    steps = tuple(_renamed(step, local) for step in body.steps)
    checks = next((at for at, step in enumerate(steps) if not isinstance(step, _CHECKS)), len(steps))
    return replace(
        body,
        steps=(*steps[:checks], *before, *steps[checks:]),
        result=tuple(_with(expr, local) for expr in body.result),
        names=tuple(sorted(names.taken.difference(LIBRARY))),
    )


_CHECKS = CheckLegs | GivenSize | Inherited | LetSize


def _parameters(body: Body) -> Iterator[Var]:
    """The attributes that a body reads."""
    for expr in (*expressions(body.steps), *body.result):
        yield from _attributes(expr)


def _attributes(expr: Expr) -> Iterator[Var]:
    if isinstance(expr, Var) and expr.text.startswith(_OWN):
        yield expr
    for part in parts(expr):
        yield from _attributes(part)


def _renamed(step: Step, local: Mapping[str, str]) -> Step:
    match step:
        case Let(value=value) if value is not None:
            return replace(step, value=_with(value, local))
        case LetSeveral(value=several):
            found = rebuild(several, lambda part: _with(part, local))
            assert isinstance(found, CallNet | Factored | Fetched | Kept | Together)
            return replace(step, value=found)
        case Append(value=value):
            return replace(step, value=_with(value, local))
        case Repeated(body=body):
            return replace(step, body=tuple(_renamed(inner, local) for inner in body))
        case Sliced(zero=zero, body=body, term=term):
            inner = tuple(_renamed(one, local) for one in body)
            return replace(step, zero=_with(zero, local), body=inner, term=_with(term, local))
    return step


def _with(expr: Expr, local: Mapping[str, str]) -> Expr:
    if isinstance(expr, Var):
        return replace(expr, text=local[expr.text]) if expr.text in local else expr
    return rebuild(expr, lambda part: _with(part, local))
