"""Expressions with a known meaning: printed as .tn text, and evaluated from rule 2 as it is worded.

This is the oracle of the property tests. It shares nothing with the package: no elaborated IR, no
contraction. An expression is a tree of names; what is summed where is found here by reading rule 2 from the
outside in, and a sum over wires is a loop in Python over every index.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

# ---------------------------------------------------------------- what stands in brackets


@dataclass(frozen=True)
class Wire:
    """A wire by name; ``of`` is written after a colon where a special tensor must say the dim."""

    name: str
    size: int
    of: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.of}" if self.of else self.name


@dataclass(frozen=True)
class Entry:
    """A fixed entry: a number, or a loop variable plus a number."""

    at: int
    var: str = ""

    def __str__(self) -> str:
        if not self.var:
            return str(self.at)
        return f"{self.var} + {self.at}" if self.at else self.var


@dataclass(frozen=True)
class Slice:
    name: str
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{self.name}: {self.start}..{self.stop}"


@dataclass(frozen=True)
class Group:
    """Wires slowest first, perhaps a fixed block before them."""

    members: tuple[Wire | Entry, ...]

    def __str__(self) -> str:
        return "(" + " ".join(map(str, self.members)) + ")"


Ix = Wire | Entry | Slice | Group


def sizes_in(ix: Ix) -> Iterator[tuple[str, int]]:
    """The wires of an index with their sizes."""
    match ix:
        case Wire(name, size):
            yield name, size
        case Slice(name, start, stop):
            yield name, stop - start
        case Group(members):
            for member in members:
                yield from sizes_in(member)
        case Entry():
            return


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Use:
    """A value with wires on its legs: ``A[i, 0]``, ``A{1}[i]``, ``conj(A[i])``, a scalar ``s``."""

    name: str
    legs: tuple[Ix, ...]
    sub: Entry | None = None
    conj: bool = False
    call: str = ""

    def __str__(self) -> str:
        head = self.call or self.name + (f"{{{self.sub}}}" if self.sub is not None else "")
        text = head + (f"[{', '.join(map(str, self.legs))}]" if self.legs else "")
        return f"conj({text})" if self.conj else text


@dataclass(frozen=True)
class Special:
    kind: str
    legs: tuple[Ix, ...]
    at: int = 0

    def __str__(self) -> str:
        head = f"{self.kind}({self.at})" if self.kind in ("basis", "shift") else self.kind
        return f"{head}[{', '.join(map(str, self.legs))}]"


@dataclass(frozen=True)
class Num:
    text: str
    value: complex

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Var:
    """A loop variable used as a number."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Fn:
    """A function round a sum. ``style`` is how it is written: a call, ``^ 2`` or after ``/``."""

    function: str
    body: Add
    gates: tuple[Wire, ...] = ()
    options: tuple[tuple[str, float], ...] = ()
    style: str = "call"

    @property
    def ends(self) -> bool:
        return self.function in ENDS

    def __str__(self) -> str:
        if self.style == "power":
            return f"{_one_factor(self.body)}^{self.options[0][1]:g}"
        if self.style == "quotient":
            return _one_factor(self.body)
        gates = f"[{', '.join(g.name for g in self.gates)}]" if self.gates else ""
        options = "".join(f", {name} = {value:g}" for name, value in self.options)
        return f"{self.function}{gates}({self.body}{options})"


@dataclass(frozen=True)
class Paren:
    body: Add

    def __str__(self) -> str:
        return f"({self.body})"


@dataclass(frozen=True)
class BigSum:
    var: str
    start: int
    stop: int
    body: Add

    def __str__(self) -> str:
        return f"sum {self.var} in {self.start}..{self.stop} {{ {self.body} }}"


@dataclass(frozen=True)
class Written:
    """Factors that the text writes in another way: a ``prod``."""

    text: str
    factors: tuple[Factor, ...]

    def __str__(self) -> str:
        return self.text


Factor = Use | Special | Num | Var | Fn | Paren | BigSum | Written


@dataclass(frozen=True)
class Prod:
    """A product; ``stars`` says before which factors a ``*`` is written."""

    factors: tuple[Factor, ...]
    stars: tuple[bool, ...] = ()

    def __str__(self) -> str:
        text = str(self.factors[0])
        divided = False
        for position, factor in enumerate(self.factors[1:], start=1):
            if isinstance(factor, Fn) and factor.style == "quotient":
                text, divided = f"{text} / {factor}", True
            else:
                star = divided or (position < len(self.stars) and self.stars[position])
                text += f" * {factor}" if star else f" {factor}"
        return text

    def flat(self) -> list[Factor]:
        """The factors with those of a ``prod`` written out."""
        found: list[Factor] = []
        for factor in self.factors:
            found += Prod(factor.factors).flat() if isinstance(factor, Written) else [factor]
        return found


@dataclass(frozen=True)
class Add:
    """Terms with their signs."""

    terms: tuple[tuple[int, Prod], ...]

    def __str__(self) -> str:
        text = ""
        for position, (sign, term) in enumerate(self.terms):
            if position:
                text += f" {'+' if sign > 0 else '-'} {term}"
            else:
                text = f"{'' if sign > 0 else '-'}{term}"
        return text


def _one_factor(body: Add) -> str:
    """The body as one factor: itself if it is one, else in brackets."""
    match body:
        case Add(((1, Prod((Use() | Paren() as factor,))),)):
            return str(factor)
    return f"({body})"


# ---------------------------------------------------------------- rule 2: names, products, ambiguity


def names(what: Add | Prod | Factor) -> dict[str, int]:
    """Every wire name that occurs, however deep, with its size; but those that a function ends."""
    found: dict[str, int] = {}
    match what:
        case Add(terms):
            for _, term in terms:
                found.update(names(term))
        case Prod(factors) | Written(_, factors):
            for factor in factors:
                found.update(names(factor))
        case Use(_, legs) | Special(_, legs):
            for leg in legs:
                found.update(sizes_in(leg))
        case Fn(body=body, gates=gates):
            found = names(body)
            for gate in gates:
                found[gate.name] = gate.size
                if what.ends:
                    del found[gate.name]
        case Paren(body) | BigSum(_, _, _, body):
            found = names(body)
        case Num() | Var():
            pass
    return found


def ends(factor: Factor, name: str) -> int:
    """How often a name is written in a tensor's brackets."""
    match factor:
        case Use(_, legs) | Special(_, legs):
            return sum(name == other for leg in legs for other, _ in sizes_in(leg))
        case _:
            return 0


def summed(product: Prod, kept: Mapping[str, int]) -> dict[str, int]:
    """The wires this product sums (rules 2b and 2c), with sizes, when ``kept`` are those from outside."""
    factors = product.flat()
    found: dict[str, int] = {}
    for factor in factors:
        for name, size in names(factor).items():
            if name in kept or name in found:
                continue
            holders = [other for other in factors if name in names(other)]
            if len(holders) >= 2 or ends(factor, name) >= 2:
                found[name] = size
    return found


def could_close(what: Add | Prod, name: str) -> bool:
    """Whether the name could be summed by this alone, were nothing round it."""
    match what:
        case Add(terms):
            return any(could_close(term, name) for _, term in terms)
        case Prod():
            holders = [factor for factor in what.flat() if name in names(factor)]
            if len(holders) != 1:
                return len(holders) > 1
            match holders[0]:
                case Fn(body=body, gates=gates) if all(gate.name != name for gate in gates):
                    return could_close(body, name)
                case Paren(body) | BigSum(_, _, _, body):
                    return could_close(body, name)
                case factor:
                    return ends(factor, name) >= 2


def ambiguous(what: Add | Prod | Factor, kept: frozenset[str]) -> bool:
    """Whether rule 2e refuses the expression somewhere."""
    match what:
        case Add(terms):
            return any(ambiguous(term, kept) for _, term in terms)
        case Prod():
            factors = what.flat()
            here = summed(what, dict.fromkeys(kept, 0))
            for name in here:
                for position, factor in enumerate(factors):
                    rest = Prod(tuple(factors[:position] + factors[position + 1 :]))
                    if (
                        isinstance(factor, Fn | Paren | BigSum)
                        and could_close(Prod((factor,)), name)
                        and could_close(rest, name)
                    ):
                        return True
            return any(ambiguous(factor, kept | here.keys()) for factor in factors)
        case Fn(body=body, gates=gates):
            return ambiguous(body, kept | {gate.name for gate in gates})
        case Paren(body) | BigSum(_, _, _, body):
            return ambiguous(body, kept)
        case _:
            return False


# ---------------------------------------------------------------- the meaning, by brute force


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
