"""What the trees of meaning.py are worth: one entry at a time, every sum a loop over every index."""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.meaning import (
    Add,
    BigSum,
    Entry,
    Factor,
    Fn,
    Group,
    Ix,
    Num,
    Paren,
    Prod,
    Slice,
    Special,
    Use,
    Var,
    Wire,
    Written,
    names,
    sizes_in,
    summed,
)


@dataclass
class Values:
    """Arrays by name (members of families as ``A.0``) in which expressions are evaluated."""

    arrays: dict[str, np.ndarray]
    memo: dict[object, complex] = field(default_factory=dict)

    def array(
        self, target: Sequence[Ix], expression: Add, loops: Mapping[str, int] | None = None
    ) -> np.ndarray:
        """``y[target] = expression``: one entry at a time."""
        self.memo.clear()
        kept = dict(pair for ix in target for pair in sizes_in(ix))
        legs = [math.prod(size for _, size in sizes_in(ix)) for ix in target]
        flat = [
            self.add(expression, dict(zip(kept, index, strict=True)), kept, dict(loops or {}))
            for index in itertools.product(*map(range, kept.values()))
        ]
        array = np.array(flat).reshape(legs)
        return array.real.copy() if not np.iscomplexobj(array) or not array.imag.any() else array

    def add(self, what: Add, at: dict[str, int], sizes: dict[str, int], loops: dict[str, int]) -> complex:
        """Rule 2d: the terms are apart; a term that lacks a kept wire does not depend on it."""
        return sum(sign * self.product(term, at, sizes, loops) for sign, term in what.terms)

    def product(
        self, what: Prod, at: dict[str, int], sizes: dict[str, int], loops: dict[str, int]
    ) -> complex:
        """Rules 2b and 2c: sum over every assignment of the wires this product sums."""
        relevant = names(what)
        key = (id(what), tuple(sorted((n, i) for n, i in at.items() if n in relevant)), tuple(loops.items()))
        if key in self.memo:
            return self.memo[key]
        here = summed(what, sizes)
        total: complex = 0
        for index in itertools.product(*map(range, here.values())):
            inside = {**at, **dict(zip(here, index, strict=True))}
            value: complex = 1
            for factor in what.flat():
                value *= self.factor(factor, inside, {**sizes, **here}, loops)
            total += value
        self.memo[key] = total
        return total

    def factor(
        self, what: Factor, at: dict[str, int], sizes: dict[str, int], loops: dict[str, int]
    ) -> complex:
        match what:
            case Use(name, legs, sub, conj):
                member = dotted(name) if sub is None else f"{name}.{entry(sub, loops)}"
                array = self.arrays[member]
                index = tuple(
                    place(leg, at, loops, entries) for leg, entries in zip(legs, array.shape, strict=True)
                )
                value = complex(array[index])
                value = value.conjugate() if conj else value
                return value if value.imag else value.real
            case Special(kind, legs, number):
                return special(kind, number, [place(leg, at, loops, 0) for leg in legs])
            case Num(_, value):
                return value
            case Var(name):
                return loops[name]
            case Paren(body):
                return self.add(body, at, sizes, loops)
            case BigSum(var, start, stop, body):
                return sum(self.add(body, at, sizes, {**loops, var: n}) for n in range(start, stop))
            case Fn(function, body, (), options):
                return ELEMENTWISE[function](self.add(body, at, sizes, loops), **dict(options))
            case Fn(function, body, (gate,), options):
                inside = {**sizes, gate.name: gate.size}
                column = [self.add(body, {**at, gate.name: n}, inside, loops) for n in range(gate.size)]
                if what.ends:
                    return ENDS[function](column)
                return KEEPS[function](column, **dict(options))[at[gate.name]]
            case Fn("causal", body, (query, key)):
                return self.add(body, at, sizes, loops) if at[key.name] <= at[query.name] else -math.inf
            case Written():
                raise AssertionError("a product is evaluated with its prods written out")
        raise AssertionError(what)


def dotted(name: str) -> str:
    """``s{0}`` is kept under ``s.0``."""
    return name.replace("{", ".").rstrip("}")


def entry(ix: Entry, loops: Mapping[str, int]) -> int:
    return ix.at + (loops[ix.var] if ix.var else 0)


def place(ix: Ix, at: Mapping[str, int], loops: Mapping[str, int], entries: int) -> int:
    """The entry of a leg that an index stands for; ``entries`` is how many the leg has."""
    match ix:
        case Wire(name):
            return at[name]
        case Entry():
            return entry(ix, loops)
        case Slice(name, start):
            return start + at[name]
        case Group(members):
            total = 0
            for member in members:
                total = total * (member.size if isinstance(member, Wire) else 1) + place(member, at, loops, 0)
            return total


def special(kind: str, at: int, legs: Sequence[int]) -> float:
    match kind:
        case "delta":
            return float(len(set(legs)) == 1)
        case "ones":
            return 1.0
        case "basis":
            return float(legs[0] == at)
        case "shift":
            return float(legs[0] == legs[1] + at)
        case "index":
            return float(legs[0])
        case "tril":
            return float(legs[1] <= legs[0])
        case "levi":
            if len(set(legs)) < len(legs):
                return 0.0
            return float((-1) ** sum(a > b for a, b in itertools.combinations(legs, 2)))
    raise AssertionError(kind)


def _real(function: Callable[[float], float]) -> Callable[..., complex]:
    return lambda x: function(x.real if isinstance(x, complex) else x)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


ELEMENTWISE: dict[str, Callable[..., complex]] = {
    "relu": _real(lambda x: max(x, 0.0)),
    "gelu": _real(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
    "gelu_tanh": _real(
        lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))) / 2
    ),
    "silu": _real(lambda x: x * _sigmoid(x)),
    "sigmoid": _real(_sigmoid),
    "tanh": _real(math.tanh),
    "softplus": _real(lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0.0)),
    "erf": _real(math.erf),
    "exp": lambda x: cmath.exp(x) if isinstance(x, complex) else math.exp(x),
    "square": lambda x: x * x,
    "abs": lambda x: float(abs(x)),
    "sin": lambda x: cmath.sin(x) if isinstance(x, complex) else math.sin(x),
    "cos": lambda x: cmath.cos(x) if isinstance(x, complex) else math.cos(x),
    "step": _real(lambda x: float(x > 0)),
    "sign": _real(lambda x: float((x > 0) - (x < 0))),
    "reciprocal": lambda x: 1 / x,
    "power": lambda x, exponent: x**exponent,
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "clamp": lambda x, min, max: sorted((min, x, max))[1],
    "real": lambda x: complex(x).real,
    "imag": lambda x: complex(x).imag,
    "conj": lambda x: complex(x).conjugate() if isinstance(x, complex) else x,
}


def _softmax(column: list[float]) -> list[float]:
    powers = [math.exp(x - max(column)) for x in column]
    return [p / sum(powers) for p in powers]


def _mean(column: list[float]) -> float:
    return sum(column) / len(column)


def _var(column: list[float]) -> float:
    return _mean([(x - _mean(column)) ** 2 for x in column])


def _topk(column: list[float], k: int) -> list[float]:
    chosen = sorted(range(len(column)), key=lambda n: (-column[n], n))[: int(k)]
    return [x if n in chosen else -math.inf for n, x in enumerate(column)]


KEEPS: dict[str, Callable[..., list[float]]] = {
    "softmax": _softmax,
    "log_softmax": lambda c: [x - math.log(sum(math.exp(y) for y in c)) for x in c],
    "layernorm": lambda c, eps=1e-5: [(x - _mean(c)) / math.sqrt(_var(c) + eps) for x in c],
    "rmsnorm": lambda c, eps=1e-5: [x / math.sqrt(_mean([y * y for y in c]) + eps) for x in c],
    "normalize": lambda c: [x / math.sqrt(sum(y * y for y in c)) for x in c],
    "cumsum": lambda c: list(itertools.accumulate(c)),
    "argmax": lambda c: [float(n == c.index(max(c))) for n in range(len(c))],
    "topk": _topk,
}

ENDS: dict[str, Callable[..., float]] = {
    "sum": sum,
    "prod": math.prod,
    "mean": _mean,
    "var": lambda c: _mean([abs(x - _mean(c)) ** 2 for x in c]),
    "std": lambda c: math.sqrt(_var(c)),
    "max": max,
    "min": min,
    "logsumexp": lambda c: math.log(sum(math.exp(x) for x in c)),
    "norm": lambda c: math.sqrt(sum(abs(x) ** 2 for x in c)),
}
