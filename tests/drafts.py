"""Drawing expressions that are well typed by construction: every wire is placed before it is named."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

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
    ambiguous,
    names,
    sizes_in,
)
from tests.networks import Legs

DIMS = {"n": 2, "m": 3, "o": 1, "q": 2}
POOL = ("i", "j", "k", "l", "a", "b", "c'", "α", "in", "n2")
SMOOTH = (
    "relu",
    "gelu",
    "gelu_tanh",
    "silu",
    "sigmoid",
    "tanh",
    "softplus",
    "erf",
    "sin",
    "cos",
    "square",
    "abs",
)
HOLOMORPHIC = ("square", "abs", "real", "imag", "conj", "sin", "cos")
KEEPING = ("softmax", "log_softmax", "layernorm", "rmsnorm", "cumsum")
ENDING = ("sum", "prod", "mean", "var", "max", "min", "logsumexp", "norm")

Shown = dict[str, str]
"""Wires of an expression by name, with their dims."""


@dataclass
class Draft:
    """A program while it is drawn. ``declared`` are the tensors it makes as it needs them."""

    draw: st.DrawFn
    rng: np.random.Generator
    held: list[Legs] = field(default_factory=list)
    declared: list[Legs] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    plain: bool = False
    complex: bool = False
    owner: str = "tensor"
    loop: tuple[str, int, int] | None = None
    sized: set[str] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)

    # ------------------------------------------------------------ choices

    def one(self, *choices: object) -> object:
        return self.draw(st.sampled_from(choices))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def composed(self, percent: int) -> bool:
        """Whether to write a group, a slice or a literal size; not where a dim has no number yet."""
        return not self.plain and self.chance(percent)

    def subset(self, items: list[str]) -> list[str]:
        return [item for item in items if self.draw(st.booleans())]

    def shuffled(self, items: list[str]) -> list[str]:
        return list(self.draw(st.permutations(items)))

    def fresh(self, avoid: set[str]) -> str:
        free = [name for name in POOL if name not in avoid]
        assume(free)
        name = str(self.one(*free))
        self.sized.discard(name)
        return name

    # ------------------------------------------------------------ tensors

    def values(self, *shape: int) -> np.ndarray:
        """Numbers away from 0, so that no test hangs on the last digit of a difference."""
        real = self.rng.uniform(0.4, 1.4, shape) * self.rng.choice([-1.0, 1.0], shape)
        return real * np.exp(1j * self.rng.uniform(0, 6, shape)) if self.complex else real

    def declare(self, dims: tuple[str, ...], sizes: tuple[int, ...]) -> Legs:
        """A new tensor, or one that was declared with these legs."""
        same = [held for held in self.held if held.dims == dims and held.sizes == sizes]
        if same and self.chance(50):
            return same[self.number(0, len(same) - 1)]
        held = Legs(f"{'T' if self.owner == 'tensor' else 'W'}{len(self.arrays)}", dims, sizes)
        self.arrays[held.name] = self.values(*sizes)
        self.declared.append(held)
        self.held.append(held)
        return held

    def use(self, shown: Shown, avoid: set[str]) -> Use:
        """A tensor whose legs show these wires; perhaps a diagonal, a trace, entries, slices or groups."""
        legs: list[Ix] = []
        dims: list[str] = []
        sizes: list[int] = []
        wires = self.shuffled(list(shown))
        if wires and self.chance(10):
            wires.append(wires[0])
        traced: Shown = {}
        if self.chance(8):
            name = self.fresh(avoid | set(shown))
            traced = {name: str(self.one(*DIMS))}
            wires += [name, name]
        of = {**shown, **traced}
        while wires:
            name = wires.pop()
            size = DIMS[of[name]]
            if wires and wires[-1] != name and {name, wires[-1]} <= self.sized and self.composed(25):
                other = wires.pop()
                self.grouped |= {name, other}
                block = self.chance(30)
                members = (Wire(name, size), Wire(other, DIMS[of[other]]))
                total = size * DIMS[of[other]] * (2 if block else 1)
                legs.append(Group((Entry(self.number(0, 1)), *members) if block else members))
                dims.append("")
                sizes.append(total)
            elif self.composed(10):
                start = self.number(0, 2)
                legs.append(Slice(name, start, start + size))
                dims.append("")
                sizes.append(start + size + self.number(0, 1))
            else:
                legs.append(Wire(name, size))
                self.sized.add(name)
                literal = self.composed(8)
                dims.append("" if literal else of[name])
                sizes.append(size)
        if self.chance(12):
            dim = str(self.one(*DIMS))
            at = self.number(0, len(legs))
            legs.insert(at, self.entry(DIMS[dim]))
            dims.insert(at, dim)
            sizes.insert(at, DIMS[dim])
        if self.loop and self.owner == "param" and self.chance(25):
            return Use(
                self.family(tuple(dims), tuple(sizes), self.loop[2]), tuple(legs), Entry(0, self.loop[0])
            )
        held = self.declare(tuple(dims), tuple(sizes))
        return Use(held.name, tuple(legs), conj=bool(legs) and self.chance(30 if self.complex else 5))

    def family(self, dims: tuple[str, ...], sizes: tuple[int, ...], count: int) -> str:
        """A new family of parameters, one for each turn of the loop."""
        name = f"G{len(self.arrays)}"
        self.arrays[f"{name}.0"] = self.values(*sizes)
        self.declared.append(Legs(f"{name}{{u: 0..{count}}}", dims, sizes))
        return name

    def entry(self, entries: int) -> Entry:
        if self.loop and self.loop[2] <= entries and self.chance(60):
            return Entry(0, self.loop[0])
        return Entry(self.number(0, entries - 1))

    def special(self, shown: Shown) -> Special | None:
        """A special tensor on these wires, if there is one; it says the dims: it may be alone to know."""
        wires = [Wire(name, DIMS[dim], dim) for name, dim in shown.items()]
        alike = len({dim for dim in shown.values()}) == 1
        match len(wires):
            case 1:
                kind = str(self.one("ones", "basis", "index"))
                at = self.number(0, wires[0].size - 1)
                return Special(kind, tuple(wires), at if kind == "basis" else 0)
            case 2 if alike:
                kind = str(self.one("delta", "shift", "tril", "ones", *["levi"] * (wires[0].size == 2)))
                return Special(kind, tuple(wires), self.number(0, 2) if kind == "shift" else 0)
            case 3 if alike:
                return Special("levi" if wires[0].size == 3 else "delta", tuple(wires))
            case _:
                return None

    # ------------------------------------------------------------ expressions

    def add(self, shown: Shown, avoid: set[str], depth: int) -> Add:
        """A sum over these wires: each is in at least one term, a term may lack some."""
        count = self.number(1, 2 if depth else 1)
        terms = []
        left = dict(shown)
        for position in range(count):
            part = dict(shown)
            if count > 1 and self.chance(30):
                part = {name: shown[name] for name in self.subset(list(shown))}
            if position == count - 1:
                part |= left
            for name in part:
                left.pop(name, None)
            terms.append((-1 if self.chance(25) else 1, self.product(part, avoid | set(shown), depth)))
        return Add(tuple(terms))

    def product(self, shown: Shown, avoid: set[str], depth: int) -> Prod:
        """A product that shows these wires and sums some of its own."""
        count = self.number(1, 3)
        own: Shown = {}
        if count > 1:
            for _ in range(self.number(0, 2)):
                own[self.fresh(avoid | set(shown) | set(own))] = str(self.one(*DIMS))
        holders: list[Shown] = [{} for _ in range(count)]
        for name, dim in shown.items():
            for place in {self.number(0, count - 1), self.number(0, count - 1)}:
                holders[place][name] = dim
        for name, dim in own.items():
            order = self.draw(st.permutations(range(count)))
            for place in order[: self.number(2, count)]:
                holders[place][name] = dim
        here = set(shown) | set(own)
        factors: list[Factor] = []
        used: set[str] = set()
        for part in holders:
            inside = avoid | here | used
            factor = self.factor(part, inside - set(part), depth)
            used |= set(_deep_names(factor))
            factors.append(factor)
        if self.chance(15):
            factors.insert(0, self.scalar())
        if self.chance(10):
            body = Add(((1, Prod((self.use({}, avoid | here | used),))),))
            factors.append(Fn("reciprocal", body, style="quotient"))
        stars = tuple(self.chance(10) for _ in factors)
        return Prod(tuple(factors), stars)

    def scalar(self) -> Factor:
        if self.loop and self.chance(40):
            return Var(self.loop[0])
        text, value = self.one(("2", 2), ("0.5", 0.5), ("1e-1", 0.1), ("pi", np.pi), ("m", DIMS["m"]))
        return Num(str(text), float(value))

    def factor(self, shown: Shown, avoid: set[str], depth: int) -> Factor:
        """One factor that shows these wires."""
        kind = self.number(0, 99) if depth else 0
        if kind < 45:
            if self.chance(15):
                found = self.special(shown)
                if found is not None:
                    return found
            return self.use(shown, avoid)
        if kind < 60:
            return Paren(self.add(shown, avoid, depth - 1))
        if kind < 78:
            return self.elementwise(shown, avoid, depth)
        if kind < 88 and shown:
            gate = str(self.one(*shown))
            wire = Wire(gate, DIMS[shown[gate]])
            if self.complex:
                return Fn("cumsum", self.add(shown, avoid, depth - 1), (wire,))
            body = self.add(shown, avoid, depth - 1)
            others = [name for name in shown if name != gate]
            if others and self.chance(25):
                query = str(self.one(*others))
                masked = Fn("causal", body, (Wire(query, DIMS[shown[query]]), wire))
                return Fn("softmax", Add(((1, Prod((masked,))),)), (wire,))
            return Fn(str(self.one(*KEEPING)), body, (wire,))
        if kind < 95 or self.loop:
            gate = self.fresh(avoid | set(shown))
            dim = str(self.one("n", "m", "q"))
            body = self.add({**shown, gate: dim}, avoid, depth - 1)
            ending = ("sum", "prod", "mean", "norm", "var") if self.complex else ENDING
            return Fn(str(self.one(*ending)), body, (Wire(gate, DIMS[dim]),))
        var, start = "t", self.number(0, 1)
        self.loop = (var, start, start + self.number(1, 2))
        try:
            return BigSum(*self.loop, self.add(shown, avoid, depth - 1))
        finally:
            self.loop = None

    def elementwise(self, shown: Shown, avoid: set[str], depth: int) -> Fn:
        if self.complex:
            return Fn(str(self.one(*HOLOMORPHIC)), self.add(shown, avoid, depth - 1))
        match self.number(0, 9):
            case 0:
                return Fn("power", self.add(shown, avoid, depth - 1), (), (("exponent", 2),), "power")
            case 1:
                return Fn("leaky_relu", self.add(shown, avoid, depth - 1), (), (("slope", 0.1),))
            case 2:
                body = Add(((1, Prod((self.use(shown, avoid),))),))
                return Fn(str(self.one("step", "sign", "reciprocal")), body)
            case _:
                return Fn(str(self.one(*SMOOTH)), self.add(shown, avoid, depth - 1))

    def chain(self, avoid: set[str]) -> Written:
        """``prod u in 0..3 { A{u}[b{u}, b{u+1}] }`` of a family, closed to a ring or on one wire."""
        length = self.number(1, 3)
        name = f"F{len(self.arrays)}"
        for place in range(length):
            self.arrays[f"{name}.{place}"] = self.values(2, 2)
        self.declared.append(Legs(f"{name}{{u: 0..{length}}}", ("n", "n"), (2, 2)))
        wire = self.fresh(avoid)
        if self.chance(30):
            legs = [(Wire(wire, 2), Wire(wire, 2)) for _ in range(length)]
            inside = f"{name}{{u}}[{wire}, {wire}]"
        else:
            legs = [
                (Wire(f"{wire}{{{p}}}", 2), Wire(f"{wire}{{{(p + 1) % length}}}", 2)) for p in range(length)
            ]
            inside = f"{name}{{u}}[{wire}{{u}}, {wire}{{u+1 mod {length}}}]"
        factors = tuple(Use(name, pair, Entry(p)) for p, pair in enumerate(legs))
        return Written(f"prod u in 0..{length} {{ {inside} }}", factors)

    # ------------------------------------------------------------ statements

    def binding(self, name: str, depth: int = 2) -> tuple[str, Legs, list[Ix], Add]:
        """``y[i, (j k)] = …``: the text, the value bound, its legs and its expression."""
        kept: Shown = {}
        for _ in range(self.number(0, 3)):
            kept[self.fresh(set(kept))] = str(self.one(*DIMS))
        wires = list(kept)
        self.sized, self.grouped = set(kept), set()
        expression = self.add(kept, set(), depth)
        if not kept and self.chance(25):
            expression = Add((*expression.terms, (1, Prod((self.chain(set()),)))))
        assume(not ambiguous(expression, frozenset(kept)))
        # A wire that has nothing but groups gets its dim on the left-hand side.
        legs: list[Ix] = [
            Wire(wire, DIMS[kept[wire]], kept[wire] if wire in self.grouped or self.chance(20) else "")
            for wire in wires
        ]
        dims = [kept[wire] for wire in wires]
        if len(legs) >= 2 and not self.grouped and self.composed(15):
            legs[-2:] = [Group(tuple(Wire(wire, DIMS[kept[wire]]) for wire in wires[-2:]))]
            dims[-2:] = [""]
        head = name + (f"[{', '.join(map(str, legs))}]" if legs else "")
        sizes = tuple(int(np.prod([s for _, s in sizes_in(leg)])) for leg in legs)
        return head, Legs(name, tuple(dims), sizes), legs, expression


def _deep_names(what: Factor | Add | Prod) -> set[str]:
    """Every wire name, also those that a function inside ends."""
    found = set(names(what))
    match what:
        case Add(terms):
            for _, term in terms:
                found |= _deep_names(term)
        case Prod(factors) | Written(_, factors):
            for factor in factors:
                found |= _deep_names(factor)
        case Fn(body=body, gates=gates):
            found |= _deep_names(body) | {gate.name for gate in gates}
        case Paren(body) | BigSum(_, _, _, body):
            found |= _deep_names(body)
        case _:
            pass
    return found
