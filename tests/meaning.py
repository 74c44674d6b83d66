"""Expressions with a known meaning: trees of names, printed as .tn text, and rule 2 read off them.

The first third of the oracle of the property tests; brute.py evaluates the trees, networks.py runs
statements. None of it shares anything with the package: what is summed where is found here by reading rule 2
from the outside in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
ENDING = frozenset(["sum", "prod", "mean", "var", "std", "max", "min", "logsumexp", "norm"])
"""The functions that end their leg."""


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
        return self.function in ENDING

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
