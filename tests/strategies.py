"""Random well-typed programs with their values by brute force.

``programs()`` draws a Case: a .tn text, the arrays it needs, and every value it must give, computed from the
meaning of the expressions (meaning.py), not by the package. Sizes are 1 to 3: loops are quick.

    @given(programs())
    def test_torch(case):
        run case.text, net case.net, on case.inputs (by name, in order) and case.parameters;
        case.close(outputs, case.outputs) and case.close(cache, case.values)

Wires take their names from a small pool, so that the same name means different wires in different places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

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
    Values,
    Var,
    Wire,
    Written,
    ambiguous,
    names,
    sizes_in,
)
from tests.networks import Apply, Legs, Let, Net, Repeat, Runner, Shared, Statement, Stream

T = TypeVar("T")
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


@dataclass(frozen=True)
class Case:
    """A program, its arrays, and what it must give. ``values`` has every named value, outputs among them."""

    text: str
    net: str
    inputs: dict[str, np.ndarray]
    parameters: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    def close(
        self, got: Mapping[str, object], expected: Mapping[str, np.ndarray], tolerance: float = 1e-8
    ) -> None:
        """Fail where a value is missing, has another shape, or differs by more than the tolerance."""
        for name, value in expected.items():
            assert name in got, f"{name} is missing from {sorted(got)}\n{self.text}"
            found = np.asarray(got[name])
            assert found.shape == value.shape, f"{name}: shape {found.shape}, not {value.shape}\n{self.text}"
            scale = max(1.0, float(np.abs(value).max(initial=0)))
            worst = float(np.abs(found - value).max(initial=0))
            assert worst <= tolerance * scale, f"{name} is off by {worst}\n{self.text}\n{found}\n{value}"


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


def _settled(array: np.ndarray) -> np.ndarray:
    """Values that a comparison can be made on: finite and of ordinary size."""
    assume(np.isfinite(array).all() and np.abs(array).max(initial=0) < 1e6)
    return array


def _computed(compute: Callable[[], T]) -> T:
    """What is computed, unless numbers leave what Python can hold."""
    try:
        return compute()
    except (ZeroDivisionError, OverflowError, ValueError):
        raise UnsatisfiedAssumption from None


DIM_LINE = "dim " + ", ".join(f"{name} = {size}" for name, size in DIMS.items())


@st.composite
def expressions(draw: st.DrawFn, complex: bool = False) -> Case:
    """File-level bindings, each from tensors and the values before it; perhaps of complex numbers."""
    draft = Draft(draw, np.random.default_rng(draw(st.integers(0, 2**16))), complex=complex)
    lines: list[str] = []
    results: dict[str, np.ndarray] = {}
    for position in range(draft.number(1, 3)):
        head, held, legs, expression = draft.binding(f"y{position}")
        lines.append(f"{head} = {expression}")
        value = _computed(lambda: Values(draft.arrays).array(legs, expression))  # noqa: B023
        draft.arrays[held.name] = results[held.name] = _settled(value)
        draft.held.append(held)
    used = " ".join(lines)
    declarations = [f"tensor {held}{' complex' * complex}" for held in draft.declared]
    inputs = {name: array for name, array in draft.arrays.items() if name not in results}
    outputs = {name: value for name, value in results.items() if used.count(f"{name}") == 1}
    text = "\n".join([DIM_LINE, *declarations, *lines]) + "\n"
    return Case(text, "main", inputs, {}, outputs, results)


# ---------------------------------------------------------------- nets


@dataclass
class NetDraft(Draft):
    """A net while it is drawn; ``callees`` are nets it may call."""

    owner: str = "param"
    callees: tuple[Net, ...] = ()
    inputs: list[Legs] = field(default_factory=list)
    body: list[Statement] = field(default_factory=list)
    calls: int = 0

    def input(self, dims: tuple[str, ...]) -> Legs:
        legs = Legs(f"x{len(self.inputs)}", dims, tuple(DIMS[dim] for dim in dims))
        self.inputs.append(legs)
        self.held.append(legs)
        return legs

    def let(self, name: str, sub: Entry | None = None) -> Let:
        """A binding; its value is held under its name."""
        _, held, legs, expression = self.binding(name, 1)
        self.held.append(held)
        return Let(name, tuple(legs), expression, sub)

    def like(self, name: str, legs: Legs, op: str) -> Stream:
        """An assignment to a stream of these legs."""
        wires: dict[str, str] = {}
        for dim in legs.dims:
            wires[self.fresh(set(wires))] = dim
        self.sized, self.grouped = set(wires), set()
        body = self.add(wires, set(), 1)
        assume(not ambiguous(body, frozenset(wires)))
        left = [Wire(wire, DIMS[dim], dim if wire in self.grouped else "") for wire, dim in wires.items()]
        return Stream(name, tuple(left), op, body)

    def apply(self, target: str, op: str, net: Net, shared: str = "") -> Apply:
        """A call on held values that fit; what is missing becomes an input."""
        arguments = []
        for wanted in net.inputs:
            fitting = [held for held in self.held if held.dims == wanted.dims]
            chosen = fitting[self.number(0, len(fitting) - 1)] if fitting else self.input(wanted.dims)
            arguments.append(chosen.name)
        self.calls += 1
        return Apply(target, op, net, tuple(arguments), shared or f"c{self.calls}", bool(shared))

    def statement(self, stream: Legs, shared: str, inside: bool) -> list[Statement]:
        """One step of a body: on the stream, or a value of its own."""
        callee = self.callees[0] if self.callees else None
        match self.number(0, 5):
            case 0 | 1:
                return [self.like("s", stream, str(self.one("+=", "-=", "=")))]
            case 2 if callee is not None and callee.outputs[0].dims == stream.dims:
                return [self.apply("s", str(self.one("+=", "-=", "=")), callee, shared)]
            case 3 if callee is not None:
                name = f"z{self.calls}"
                made: list[Statement] = [self.apply(name, "=", callee, shared)]
                self.held.append(Legs(name, callee.outputs[0].dims, callee.outputs[0].sizes))
                return made
            case 4 if callee is not None and not inside:
                return self.inline(callee)
            case _:
                return [self.let(f"v{len(self.held)}")]

    def inline(self, callee: Net) -> list[Statement]:
        """A call as a factor of a binding: ``(f(x) as c)[i, j] A[j]``."""
        name = f"u{self.calls}"
        call = self.apply(name, "", callee)
        output = callee.outputs[0]
        wires: dict[str, str] = {}
        for dim in output.dims:
            wires[self.fresh(set(wires))] = dim
        legs = tuple(Wire(wire, DIMS[dim]) for wire, dim in wires.items())
        use = Use(name, legs, call=f"({call.call})")
        self.sized, self.grouped = set(wires), set()
        other = self.use(dict(list(wires.items())[:1]), set(wires))
        kept = legs if self.chance(50) else legs[1:]
        return [call, Let(f"w{self.calls}", kept, Add(((1, Prod((use, other))),)))]

    def finish(self, name: str, output: Legs) -> Net:
        return Net(name, tuple(self.inputs), (output,), tuple(self.declared), tuple(self.body))


def _small(draft: NetDraft, name: str) -> Net:
    """A net of one or two bindings with parameters."""
    for _ in range(draft.number(1, 2)):
        draft.input(tuple(str(draft.one("n", "m")) for _ in range(draft.number(1, 2))))
    if draft.chance(40):
        draft.body.append(draft.let("t"))
    draft.body.append(draft.let("r"))
    return draft.finish(name, draft.held[-1])


@st.composite
def networks(draw: st.DrawFn) -> Case:
    """A net with a stream, a repeat and calls of another net, their parameters their own or shared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    callee = _small(NetDraft(draw, rng, plain=True), "inner")
    draft = NetDraft(draw, rng, callees=(callee,), plain=draw(st.booleans()))
    dims = tuple(str(draft.one("n", "m", "o")) for _ in range(draft.number(0, 2)))
    if draft.plain:
        draft.input(("n",))
    draft.input(dims)
    shared = "cell" if draft.chance(30) else ""
    if shared:
        draft.body.append(Shared(shared, callee))
    stream = Legs("s", dims, tuple(DIMS[dim] for dim in dims))
    draft.body.append(draft.like("s", stream, "stream"))
    draft.held.append(stream)
    for _ in range(draft.number(0, 2)):
        draft.body += draft.statement(stream, shared, inside=False)
    if draft.chance(70):
        outside = list(draft.held)
        start = draft.number(0, 1)
        draft.loop = ("lay", start, start + draft.number(1, 2))
        inner: list[Statement] = []
        for _ in range(draft.number(1, 3)):
            inner += draft.statement(stream, shared, inside=True)
        carried = draft.chance(30)
        if carried:
            inner.append(draft.let("h", Entry(0, "lay")))
        last = draft.held[-1]
        draft.body.append(Repeat(*draft.loop, tuple(inner)))
        parameters = [held for held in draft.held if held in draft.declared or held in draft.inputs]
        draft.held = list(dict.fromkeys([*outside, *parameters]))
        if carried:
            draft.held.append(Legs(f"h{{{draft.loop[2] - 1}}}", last.dims, last.sizes))
        draft.loop = None
    if draft.chance(30):
        draft.held.append(Legs("s{0}", stream.dims, stream.sizes))
    draft.body.append(draft.let("y"))
    net = draft.finish("outer", draft.held[-1])
    runner = Runner(lambda sizes: draft.values(*sizes))
    inputs = {legs.name: draft.values(*legs.sizes) for legs in net.inputs}
    results = _computed(lambda: runner.run(net, list(inputs.values())))
    for value in runner.values.values():
        _settled(value)
    unbound = draft.plain and any("n" in legs.dims for legs in net.inputs)
    line = DIM_LINE.replace("n = 2", "n", 1) if unbound else DIM_LINE
    text = "\n\n".join([line, str(callee), str(net)]) + "\n"
    return Case(text, "outer", inputs, runner.parameters, {"y": results[0]}, runner.values)


def programs() -> st.SearchStrategy[Case]:
    """Random programs: expressions at file level, also of complex numbers, and nets that call nets."""
    return st.one_of(expressions(), networks(), expressions(complex=True))
