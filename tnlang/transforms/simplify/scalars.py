"""Numbers, sizes and like terms: what is constant is worked out, sizes cancel, terms alike are one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import replace
from fractions import Fraction

from tnlang.ir.net import BigSum, Bracket, Bubble, Node, SizeNumber, Sum, Term
from tnlang.ir.size import Size, SizeError, size_op, variables
from tnlang.ir.walk import node_sizes
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.keys import key, sketch
from tnlang.transforms.simplify.rewriting import is_finite, one, tidy

_OF_NUMBERS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(x, 0.0),
    "abs": abs,
    "square": lambda x: x * x,
    "sqrt": math.sqrt,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "step": lambda x: float(x > 0),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
}
"""Elementwise functions of one real number."""


def constant(node: Node, facts: Facts) -> Sum | None:
    """A function of a number is a number, where that is short (always where only the value counts)."""
    match node:
        case Bubble(function=function, gates=(), body=Sum((Term(nodes=(), coefficient=coefficient),))):
            value = _applied(function, complex(coefficient), dict(node.options))
            if value is not None and (facts.proving or value == float(f"{value:.6g}")):
                return one(coefficient=tidy(value))
    return None


def _applied(function: str, value: complex, options: dict[str, float]) -> float | None:
    if value.imag:
        return None
    try:
        if function == "power":
            found = math.pow(value.real, options["exponent"])
        elif function in _OF_NUMBERS:
            found = _OF_NUMBERS[function](value.real)
        else:
            return None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


# ---------------------------------------------------------------- sizes


def size(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """Powers of a size in one product are one: ``sqrt(n) sqrt(n)`` is n, n times 1/n is nothing."""
    powers: defaultdict[Size, Fraction] = defaultdict(Fraction)
    here: list[Node] = []
    for node in term.nodes:
        found = _powers(node)
        if found is not None:
            here.append(node)
            for base, exponent in found:
                powers[base] += exponent
    made = [node for base, exponent in powers.items() for node in _power(base, exponent)]
    if len(made) == len(here) and all(a in here for a in made):
        return None
    rest = [node for node in term.nodes if not any(node is old for old in here)]
    return (replace(term, nodes=(*made, *rest)),)


def _powers(node: Node) -> list[tuple[Size, Fraction]] | None:
    """A node as a product of powers of sizes, None if it is none."""
    match node:
        case SizeNumber(size):
            return [(size, Fraction(1))]
        case Bubble(function=function, body=Sum((Term(nodes=nodes, coefficient=1),))) if nodes:
            by = {"reciprocal": Fraction(-1), "sqrt": Fraction(1, 2), "rsqrt": Fraction(-1, 2)}
            by["square"] = Fraction(2)
            if function == "power":
                by["power"] = Fraction(dict(node.options)["exponent"])
            if function not in by or by[function].denominator > 2:
                return None
            found = [_powers(inner) for inner in nodes]
            if any(one is None for one in found):
                return None
            return [(base, exponent * by[function]) for one in found for base, exponent in one or ()]
        case _:
            return None


def _power(base: Size, exponent: Fraction) -> list[Node]:
    """A power of a size as it is written: n n, 1/n, sqrt(n), 1/sqrt(n)."""
    if exponent < 0:
        return [Bubble("reciprocal", one(node)) for node in _power(base, -exponent)]
    whole = int(exponent)
    found: list[Node] = [SizeNumber(base) for _ in range(whole)]
    rest = exponent - whole
    if rest == Fraction(1, 2):
        found.append(Bubble("sqrt", one(SizeNumber(base))))
    elif rest:
        found.append(Bubble("power", one(SizeNumber(base)), options=(("exponent", float(rest)),)))
    return found


# ---------------------------------------------------------------- sums


def turns(node: Node, facts: Facts) -> Sum | None:
    """A sum over a variable that its body does not name is the body times the number of turns."""
    if not isinstance(node, BigSum):
        return None
    used = {var for said in node_sizes(node) for var in variables(said)}
    for position, loop in enumerate(node.loops):
        if loop.var in used:
            continue
        try:
            count = size_op("-", loop.stop, loop.start)
        except SizeError:
            return None
        if not (isinstance(count, int) or loop.start == 0):
            return None
        if isinstance(count, int) and count <= 0:
            return Sum(())
        rest = (*node.loops[:position], *node.loops[position + 1 :])
        inside = replace(node, loops=rest) if rest else Bracket(node.body)
        return one(SizeNumber(count), inside)
    return None


def collect(total: Sum, facts: Facts) -> Sum | None:
    """Terms that differ in their number alone are one term; one whose number is 0 goes."""
    if len(total.terms) < 2:
        return None
    plain = [Sum((replace(term, coefficient=1),)) for term in total.terms]
    sketches = [sketch(one) for one in plain]
    keys: list[Hashable] = [
        key(one, facts) if sketches.count(said) > 1 else ("alone", i)
        for i, (one, said) in enumerate(zip(plain, sketches, strict=True))
    ]
    if len(set(keys)) == len(keys):
        return None
    alike: dict[Hashable, list[Term]] = {}
    for said, term in zip(keys, total.terms, strict=True):
        alike.setdefault(said, []).append(term)
    terms = []
    for group in alike.values():
        numbers = [complex(term.coefficient) for term in group]
        number = tidy(complex(math.fsum(n.real for n in numbers), math.fsum(n.imag for n in numbers)))
        if abs(number) <= 1e-13 * max(map(abs, numbers)):
            number = 0
        if number or not is_finite(Sum((group[0],))):
            terms.append(group[0] if len(group) == 1 else replace(group[0], coefficient=number))
    return replace(total, terms=tuple(terms))
