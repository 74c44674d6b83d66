"""Products of one array with several matrices: side by side, where ``prepare`` keeps these so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tnlang.lower.names import Names
from tnlang.lower.plan import Expr, Linear, Together, Var
from tnlang.lower.steps import Body, Let, LetSeveral, Matrices, Repeated, Step, targets
from tnlang.lower.walks import names_in, parts, rebuild


def together(body: Body) -> tuple[Body, int]:
    """Where parameters multiply the same array along all its last axis, their products are one."""
    names = Names.of(body.names)
    beside: list[Matrices] = []
    steps = _together(body.steps, names, beside)
    taken = tuple(sorted(names.taken))
    return replace(body, steps=steps, names=taken, beside=tuple(beside)), len(beside)


@dataclass(slots=True)
class _Group:
    """Products with one array, met from step ``start`` on, before anything in it is bound anew."""

    start: int
    found: dict[Linear, None] = field(default_factory=dict)


def _together(steps: Sequence[Step], names: Names, beside: list[Matrices]) -> tuple[Step, ...]:
    groups: list[_Group] = []
    current: dict[tuple[Expr, bool], _Group] = {}
    found = list(steps)
    for place, step in enumerate(steps):
        match step:
            case Let(_, value) if value is not None:
                for linear in _products(value):
                    key = (linear.x, linear.bias is None)
                    if key not in current:
                        current[key] = _Group(place)
                        groups.append(current[key])
                    current[key].found[linear] = None
            case Repeated(body=body):
                found[place] = replace(step, body=_together(body, names, beside))
        bound = set(targets((step,)))
        current = {key: group for key, group in current.items() if bound.isdisjoint(names_in(key[0]))}
    before: dict[int, list[Step]] = {}
    instead: dict[Expr, Expr] = {}
    for group in groups:
        linears = tuple(group.found)
        if len(linears) > 1 and instead.keys().isdisjoint(linears):
            made = tuple(Var(names.take(_name(one)), 0, True) for one in linears)
            instead |= dict(zip(linears, made, strict=True))
            value = Together(linears[0].x, len(beside))
            before.setdefault(group.start, []).append(LetSeveral(made, value))
            biases = tuple(one.bias for one in linears if one.bias is not None)
            beside.append(Matrices(tuple(one.weight for one in linears), biases))
    if not instead:
        return tuple(found)
    result: list[Step] = []
    for place, step in enumerate(found):
        result += before.get(place, [])
        match step:
            case Let(_, value) if value is not None:
                step = replace(step, value=_replaced(value, instead))
        result.append(step)
    return tuple(result)


def _products(expr: Expr) -> Iterator[Linear]:
    """The products of parameters with something that depends on inputs."""
    match expr:
        case Linear(x, weight, bias):
            held = [*_variables(weight), *(() if bias is None else _variables(bias))]
            if all(var.text.startswith("self.") and not var.batched and not var.subs for var in held) and any(
                var.batched for var in _variables(x)
            ):
                yield expr
    for part in parts(expr):
        yield from _products(part)


def _variables(expr: Expr) -> Iterator[Var]:
    if isinstance(expr, Var):
        yield expr
    for part in parts(expr):
        yield from _variables(part)


def _replaced(expr: Expr, instead: dict[Expr, Expr]) -> Expr:
    if expr in instead:
        return instead[expr]
    return rebuild(expr, lambda part: _replaced(part, instead))


def _name(product: Linear) -> str:
    """``W_Q_x``."""
    weight = next(_variables(product.weight)).text.rpartition(".")[2]
    return f"{weight}_{product.x.text}" if isinstance(product.x, Var) else weight
