"""Every transform of random programs: it gives the value it states, is drawn, and the picture says it.

What a program has nothing for is refused and counted: of each kind so many have to be left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import tnlang
from tests.layout.backbone_programs import HEADER, attention, dense
from tests.strategies import networks
from tests.torch.modules import frozen_values
from tests.transforms.test_incremental import in_pieces
from tests.transforms.test_paths import stream_nets
from tnlang.ir.net import Bind
from tnlang.ir.program import Program
from tnlang.ir.slots import onehot_leg
from tnlang.reference import execute, initialise, inputs_of, parameters_of, random_inputs
from tnlang.source import TnError
from tnlang.transforms import TRANSFORMS

Arrays = dict[str, np.ndarray]
WANTED, SOURCES = 3, 12
"""So many of each kind are compared, of so many random programs that are tried."""


@dataclass(frozen=True)
class Source:
    """A program, the net that is transformed, and the names that a transform may take."""

    text: str
    net: str
    values: tuple[str, ...]
    parameters: tuple[str, ...]
    leaves: tuple[str, ...]


def some(strategy: st.SearchStrategy[str], net: str) -> list[Source]:
    """The first few examples of a strategy, the same in every run; the shorter first."""
    found: list[str] = []

    @settings(max_examples=SOURCES, phases=[Phase.generate])
    @given(strategy)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return [source(text, net) for text in sorted(found, key=len)]


def source(text: str, net: str) -> Source:
    program = tnlang.load(text).ir
    one = program.net(net)
    bound = [s.target for s in one.body if isinstance(s, Bind)]
    values = [target.name for target in bound if not target.anonymous and not target.subs]
    own = [decl.name for decl in (*program.declarations, *one.owned) if not decl.subs and decl.legs]
    inputs = [decl.name for decl in one.inputs if onehot_leg(decl) is None]
    return Source(text, net, tuple(dict.fromkeys(values)), tuple(own), (*inputs, *own))


@st.composite
def trains(draw: st.DrawFn) -> str:
    """Three tensors in a row, their bonds of random sizes."""
    bonds = [1, *draw(st.lists(st.integers(2, 4), min_size=2, max_size=2)), 1]
    sites = "ABC"
    declared, used = [], []
    for place, (site, left, right) in enumerate(zip(sites, bonds, bonds[1:], strict=False)):
        legs = {f"b{place}": left, f"p{place}": 2, f"b{place + 1}": right}
        legs = {name: size for name, size in legs.items() if size > 1}
        declared.append(f"{site}[{', '.join(f'{name}: {size}' for name, size in legs.items())}]")
        used.append(f"{site}[{', '.join(legs)}]")
    out = ", ".join(f"p{place}" for place in range(len(sites)))
    ends = ", ".join(f"p{place}: 2" for place in range(len(sites)))
    factors = " ".join(draw(st.permutations(used)))
    return f"net f() -> y[{ends}] {{\n    param {', '.join(declared)}\n    y[{out}] = {factors}\n}}\n"


@st.composite
def normed(draw: st.DrawFn) -> str:
    """A network that reads a layer norm."""
    body = "    y = block(ln(x))"
    model = f"net f(x[seq, hidden]) -> y[seq, hidden] {{\n{body}\n}}"
    return f"{HEADER}{draw(dense('block'))}\n{model}\n"


@cache
def sources(kind: str) -> list[Source]:
    match kind:
        case "nets":
            return some(networks().map(lambda case: case.text), "outer")
        case "streams":
            return some(stream_nets(), "f")
        case "attention":
            return some(attention("f").map(lambda net: f"{HEADER}{net}\n"), "f")
        case "trains":
            return some(trains(), "f")
        case _:
            return some(normed(), "f")


# ---------------------------------------------------------------- what a net gives


@dataclass(frozen=True)
class Made:
    """The net ``new`` of a program, the net it is made from, and the data of both."""

    program: Program
    old: str
    inputs: Arrays
    parameters: Arrays
    frozen: Arrays

    def run(self, net: str, change: Arrays | None = None, frozen: Arrays | None = None) -> Arrays:
        data = self.inputs | self.parameters | (change or {})
        dims = sizes(self.program)
        inputs = {name: data[name] for name in inputs_of(self.program, net, dims)}
        own = {name: data[name] for name in parameters_of(self.program, net, dims)}
        return dict(
            execute(self.program, net, inputs, own, dims, self.frozen if frozen is None else frozen).outputs
        )

    def values(self) -> Arrays:
        """All that a run of the old net has by name."""
        own = {n: self.parameters[n] for n in parameters_of(self.program, self.old, sizes(self.program))}
        inputs = {n: self.inputs[n] for n in inputs_of(self.program, self.old, sizes(self.program))}
        return dict(execute(self.program, self.old, inputs, own, sizes(self.program)).cache)


def sizes(program: Program) -> dict[str, int]:
    return {dim.name: 3 for dim in program.dims if dim.default is None}


def made(text: str, old: str) -> Made:
    program = tnlang.load(text).ir
    dims = sizes(program)
    random_ = np.random.default_rng(5)
    drawn = {n: random_.normal(size=np.shape(a)) for n, a in initialise(program, "new", dims, seed=5).items()}
    inputs = random_inputs(program, "new", dims, seed=5) | random_inputs(program, old, dims, seed=5)
    of_source = {name: inputs[name] for name in inputs_of(program, old, dims)}
    frozen = frozen_values(program, "new", of_source, drawn, dims)
    return Made(program, old, dict(inputs), drawn, dict(frozen))


def same(one: Arrays, other: Arrays, tolerance: float = 1e-8) -> None:
    assert len(one) == len(other)
    for a, b in zip(one.values(), other.values(), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0))))


def is_exact(what: Made, names: tuple[str, ...]) -> None:
    same(what.run("new"), what.run(what.old))


def is_patched(value: Callable[[Arrays, tuple[str, ...]], np.ndarray]) -> Check:
    """What the old net gives where a value is another one: that which is patched in."""

    def check(what: Made, names: tuple[str, ...]) -> None:
        given = {**what.frozen, f"{names[0]}*": value(what.values() | what.inputs, names)}
        same(what.run("new"), what.run("patched", frozen=given))

    return check


def is_slope(what: Made, names: tuple[str, ...]) -> None:
    """The difference of what the net gives a little to either side, in a random direction."""
    by = (what.inputs | what.parameters)[names[0]]
    way, step = np.random.default_rng(6).normal(size=by.shape), 1e-5
    above, below = (what.run(what.old, {names[0]: by + sign * step * way}) for sign in (1, -1))
    slopes = {name: (above[name] - below[name]) / (2 * step) for name in above}
    found = {n: np.tensordot(a, way, way.ndim) if way.ndim else a * way for n, a in what.run("new").items()}
    same(found, slopes, 1e-5)


def goes_on(what: Made, names: tuple[str, ...]) -> None:
    """Some positions after the others, with the caches of what came before, give what all give at once."""
    nets = {"f": "model", "new": "step"}
    renamed = [
        replace(net, name=nets.get(net.name, net.name), source=nets.get(net.source, net.source))
        for net in what.program.nets
    ]
    in_pieces(replace(what.program, nets=tuple(renamed)), (2, 1, 2))


Check = Callable[[Made, tuple[str, ...]], None]


@dataclass(frozen=True)
class Kind:
    """A transform: ``line`` with ``N`` for the net and the names it takes in braces, of these programs."""

    line: str
    check: Check = is_exact
    of: str = "nets"
    takes: tuple[str, ...] = ()
    before: str = ""


KINDS = {
    "freeze": Kind("freeze(N, {})", takes=("values",)),
    "freeze in a stream": Kind("freeze(N, {})", of="streams", takes=("values",)),
    "expand a leg": Kind("expand(N, s)", of="attention"),
    "expand heads": Kind("expand(freeze(N, A), h)", of="attention"),
    "expand paths": Kind("expand(N, paths)", of="streams"),
    "expand paths and rest": Kind("expand(N, paths, order <= 1, by = block)", of="streams"),
    "derivative": Kind("derivative(N, {})", is_slope, takes=("leaves",)),
    "derivative of a stream": Kind("derivative(N, {})", is_slope, "streams", ("leaves",)),
    "second derivative": Kind(
        "derivative(first, {})", is_slope, "streams", ("leaves",), before="net first = derivative(N, {})"
    ),
    "contract": Kind("contract(N, {})", of="streams", takes=("values",)),
    "simplify": Kind("simplify(N)"),
    "simplify a stream": Kind("simplify(N)", of="streams"),
    "svd": Kind("decompose(N, {}, svd)", of="streams", takes=("parameters",)),
    "train": Kind("decompose(N, {}, tt)", of="attention", takes=("parameters",)),
    "tucker": Kind("decompose(N, V, tucker, rank = (4, 4))", of="streams"),
    "cp": Kind("decompose(N, V, cp, rank = 4)", of="streams"),
    "gauge": Kind("decompose(N, A, B, C, gauge, centre = B)", of="trains"),
    "moved centre": Kind(
        "decompose(first, A.Q, B.C, C.Q, gauge, centre = A.Q)",
        of="trains",
        before="net first = decompose(N, A, B, C, gauge, centre = B)",
    ),
    "fold": Kind("fold(N, ln)", of="normed"),
    "ablate": Kind(
        "ablate(N, {})",
        is_patched(lambda values, names: np.zeros_like(values[names[0]])),
        takes=("values",),
        before="net patched = patch(N, {})",
    ),
    "patch": Kind("patch(N, {})", takes=("values",)),
    "patch a path": Kind("patch(N, A -> y)", of="attention"),
    "replace": Kind(
        "replace(N, {}, x)",
        is_patched(lambda values, names: values["x"]),
        "streams",
        ("values",),
        "net patched = patch(N, {})",
    ),
    "slice": Kind("slice(N, b1)", of="trains"),
    "incremental": Kind("incremental(N, seq)", goes_on, "attention"),
}


def lines(kind: Kind, one: Source, rng: random.Random) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The text with the net ``new`` and what it takes, if the program has that much."""
    names: list[str] = []
    for what in kind.takes:
        if not getattr(one, what):
            return
        names.append(rng.choice(getattr(one, what)))
    statements_ = [kind.before] * bool(kind.before) + [f"net new = {kind.line}"]
    told = "\n".join(line.format(*names).replace("(N", f"({one.net}") for line in statements_)
    yield f"{one.text}\n{told}\n", tuple(names)


def test_every_transform_is_there() -> None:
    assert {kind.line.partition("(")[0] for kind in KINDS.values()} == set(TRANSFORMS)


@pytest.mark.parametrize("name", KINDS)
def test_a_transform_of_random_programs(name: str) -> None:
    kind, rng, done = KINDS[name], random.Random(name), 0
    for one in sources(kind.of):
        for text, names in lines(kind, one, rng):
            try:
                program = tnlang.load(text)
            except TnError as error:
                assert all(d.code.startswith("TN9") for d in error.diagnostics if d.severity == "error"), text
                continue
            old = "first" if kind.before.startswith("net first") else one.net
            kind.check(made(text, old), names)
            report = tnlang.verify(program.nets["new"].svg(), program)
            assert report.ok, f"{text}\n{report}"
            done += 1
        if done == WANTED:
            return
    assert done == WANTED, f"{done} of {len(sources(kind.of))}: the others are refused"
