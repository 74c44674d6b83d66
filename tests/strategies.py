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

from tests.brute import Values
from tests.drafts import DIMS, Draft
from tests.meaning import Add, Entry, Prod, Use, Wire, ambiguous
from tests.networks import Apply, Legs, Let, Net, Repeat, Runner, Shared, Statement, Stream

T = TypeVar("T")


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

    def onehot_input(self) -> None:
        legs = Legs(f"x{len(self.inputs)}", ("m", "n"), (DIMS["m"], DIMS["n"]), onehot=True)
        self.inputs.append(legs)
        self.held.append(legs)

    def given(self, legs: Legs) -> np.ndarray:
        """An array for an input."""
        if legs.onehot:
            return self.rng.integers(0, legs.sizes[-1], legs.sizes[:-1])
        return self.values(*legs.sizes)

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

    def finish(self, name: str, *outputs: Legs) -> Net:
        return Net(name, tuple(self.inputs), outputs, tuple(self.declared), tuple(self.body))


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
    common = Legs("P0", ("n", "m"), (DIMS["n"], DIMS["m"]))
    callee = _small(NetDraft(draw, rng, [common], plain=True), "inner")
    draft = NetDraft(draw, rng, [common], callees=(callee,), plain=draw(st.booleans()))
    dims = tuple(str(draft.one("n", "m", "o")) for _ in range(draft.number(0, 2)))
    if draft.plain:
        draft.input(("n",))
    draft.input(dims)
    if draft.chance(40):
        draft.onehot_input()
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
    net = draft.finish("outer", draft.held[-1], *[stream] * draft.chance(25))
    runner = Runner(lambda sizes: draft.values(*sizes), {"P0": draft.values(*common.sizes)})
    inputs = {legs.name: draft.given(legs) for legs in net.inputs}
    arguments = [
        np.eye(legs.sizes[-1])[inputs[legs.name]] if legs.onehot else inputs[legs.name] for legs in net.inputs
    ]
    results = _computed(lambda: runner.run(net, arguments))
    for value in runner.values.values():
        _settled(value)
    unbound = draft.plain and any("n" in legs.dims for legs in net.inputs)
    line = DIM_LINE.replace("n = 2", "n", 1) if unbound else DIM_LINE
    text = "\n\n".join([f"{line}\nparam {common}", str(callee), str(net)]) + "\n"
    called = any(use in str(net) for use in ("inner(", "= inner"))
    uses_common = "P0" in str(net) + str(callee) * called
    parameters = runner.parameters | (runner.file_level if uses_common else {})
    outputs = dict(zip((legs.name for legs in net.outputs), results, strict=True))
    return Case(text, "outer", inputs, parameters, outputs, runner.values)


def programs() -> st.SearchStrategy[Case]:
    """Random programs: expressions at file level, also of complex numbers, and nets that call nets."""
    return st.one_of(expressions(), networks(), expressions(complex=True))
