"""How an entry of the gallery is checked: what its picture shows against what a person wrote with torch.

A check is a function named after its entry, in one of the files beside this one:

    @drawn
    def T7_matrices(A, B):
        return A @ B

Its arguments are the arrays that the figure is computed from, by name: inputs, file-level tensors, parameters
(``attention.W_Q`` is ``attention_W_Q``, or ``**arrays`` takes them all by their own names), frozen values.
What it gives is held against everything that the first figure draws: each net, value, expression and side of
an equation, by the reference and by the generated module. A tuple gives each of these its own value. An
entry's further claims (a gradient, an error bound, the output of a Hugging Face module) are functions of the
whole program that give how far off it is:

    @claim("S13_cp", bound=1e-6)
    def the_factors_of_tensorly_give_its_tensor(program):
        ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import tnlang
from tests.torch.modules import built, frozen_values, given_inputs, tensor
from tnlang.ir.net import Decl, Init
from tnlang.ir.program import (
    Draw,
    Equation,
    Expression,
    Figure,
    NetTarget,
    Program,
    Rewriting,
    Steps,
    ValueTarget,
)
from tnlang.lower import identifier
from tnlang.plots import Chart, draw
from tnlang.reference import execute, initialise, random_inputs

BOUND = 1e-9
SEED = 0
SMALLEST_FREE_DIM = 3
SIDE = "(what is drawn)"


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far one drawn thing is from what was expected, relative to its largest entry."""

    of: str
    reference: float
    module: float

    @property
    def largest(self) -> float:
        return max(self.reference, self.module)


@dataclass(frozen=True, slots=True)
class Check:
    """What is expected of an entry; ``function`` takes arrays, that of a claim the program."""

    entry: str
    function: Callable[..., Any]
    bound: float = BOUND
    dims: tuple[tuple[str, int], ...] = ()
    is_claim: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def text(self) -> str:
        """The function as it is written, without its decorator."""
        source = inspect.getsource(self.function)
        return source[source.index("def ") :].rstrip()

    def deviations(self, program: tnlang.Program) -> tuple[Deviation, ...]:
        """How far each thing is from what was expected."""
        if self.is_claim:
            off = float(self.function(program))
            return (Deviation(self.name.replace("_", " "), off, off),)
        return tuple(_deviations(self, program))


CHECKS: dict[str, list[Check]] = {}
"""The checks of each entry by the name of its file."""


def drawn(function: Callable[..., Any] | None = None, /, *, bound: float = BOUND, **dims: int) -> Any:
    """Registers what the picture of an entry shows; ``dims`` bind sizes that the file leaves open."""

    def register(found: Callable[..., Any]) -> Callable[..., Any]:
        check = Check(found.__name__, found, bound, tuple(dims.items()))
        CHECKS.setdefault(check.entry, []).append(check)
        return found

    return register(function) if function is not None else register


def claim(entry: str, *, bound: float = BOUND) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers what else an entry says: a function of its program that gives a deviation."""

    def register(found: Callable[..., Any]) -> Callable[..., Any]:
        CHECKS.setdefault(entry, []).append(Check(entry, found, bound, is_claim=True))
        return found

    return register


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot that an entry shows beside its figure, ``width`` points wide; ``grey`` as an image."""

    chart: Chart
    grey: bool = False
    width: float = 246.0

    def svg(self) -> str:
        return draw(self.chart, grey=self.grey, width=self.width).decode("utf-8")


PLOTS: dict[str, list[Callable[[tnlang.Program], Iterable[Plot]]]] = {}
"""What is plotted beside the figure of an entry, by the name of its file."""


def plotted(entry: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers plots of an entry: a function of its program that yields them."""

    def register(found: Callable[..., Any]) -> Callable[..., Any]:
        PLOTS.setdefault(entry, []).append(found)
        return found

    return register


# ---------------------------------------------------------------- what a figure draws, as nets


@dataclass(frozen=True, slots=True)
class Part:
    """An output of a net, or a value of one, that a figure draws; ``order`` are its legs as compared."""

    of: str
    program: Program
    net: str
    output: int = 0
    value: str = ""
    order: tuple[str, ...] = ()


def parts(program: Program, figure: Figure) -> Iterator[Part]:
    """All that a figure draws and that has a value, in order."""
    for number, item in enumerate(figure.items, 1):
        match item:
            case Draw(NetTarget(net)) | Steps(net):
                for number, output in enumerate(program.net(net).outputs):
                    yield Part(f"{net}: {output.name}", program, net, number)
            case Rewriting(nets):
                for net in nets:
                    yield Part(f"{net}: {program.net(net).outputs[0].name}", program, net)
            case Draw(ValueTarget(net, value)):
                yield Part(f"{net}: {value}", program, net, value=value)
            case Draw(Expression() as expression):
                yield _side(program, expression, f"drawing {number}")
            case Equation(sides):
                given = [side for side in sides if isinstance(side, Expression)]
                legs = tuple(leg.name for leg in given[0].net.outputs[0].legs) if given else ()
                for place, side in enumerate(given, 1):
                    yield replace(_side(program, side, f"equation {number}, side {place}"), order=legs)


def _side(program: Program, side: Expression, of: str) -> Part:
    return Part(of, replace(program, nets=(*program.nets, replace(side.net, name=SIDE))), SIDE)


def _random(program: Program) -> Program:
    """The program with normal numbers in all parameters: zeros and ones hide much."""
    nets = tuple(replace(net, owned=tuple(map(_normal, net.owned))) for net in program.nets)
    return replace(program, nets=nets, declarations=tuple(map(_normal, program.declarations)))


def _normal(decl: Decl) -> Decl:
    return replace(decl, init=Init("normal", (1.0,))) if decl.kind == "param" else decl


# ---------------------------------------------------------------- values


def _deviations(check: Check, program: tnlang.Program) -> Iterator[Deviation]:
    figure = program.ir.figures[0]
    dims = _sizes(program.ir, dict(check.dims))
    found = [(part, *_values(part, dims)) for part in parts(program.ir, figure)]
    data: dict[str, torch.Tensor] = {}
    for _, given, _, _ in found:
        data |= given
    expected = check.function(**_arguments(check.function, data))
    wanted = expected if isinstance(expected, tuple) else (expected,) * len(found)
    for (part, _, reference, module), value in zip(found, wanted, strict=True):
        yield Deviation(part.of, _off(reference, value), _off(module, value))


def _values(part: Part, dims: Mapping[str, int]) -> tuple[dict[str, torch.Tensor], Any, Any]:
    """The numbers a part is computed from, and its value by the reference and by the module."""
    program = _random(part.program)
    inputs = random_inputs(program, part.net, dims, seed=SEED)
    parameters = initialise(program, part.net, dims, seed=SEED)
    frozen = frozen_values(program, part.net, inputs, parameters, dims)
    result = execute(program, part.net, inputs, parameters, dims, frozen=frozen)
    module = built(program, part.net, parameters, dims)
    more: dict[str, Any] = {"frozen": {n: tensor(a) for n, a in frozen.items()}} if frozen else {}
    with torch.no_grad():
        outputs, cache = module.run_with_cache(**given_inputs(inputs), **more)
    if part.value:
        values = result.cache[part.value], cache[part.value]
    else:
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        values = list(result.outputs.values())[part.output], several[part.output]
    reference = np.asarray(values[0])
    got = values[1].detach().numpy()  # a net may give a parameter as it is
    if part.order:
        legs = [leg.name for leg in program.net(part.net).outputs[0].legs]
        axes = [legs.index(name) for name in part.order]
        reference, got = reference.transpose(axes), got.transpose(axes)
    data = {name: tensor(array) for name, array in {**inputs, **parameters, **frozen}.items()}
    return data, reference, got


def _sizes(program: Program, given: Mapping[str, int]) -> dict[str, int]:
    """Sizes for the dims that have none, each its own, so that no two agree by chance."""
    free = [dim.name for dim in program.dims if dim.default is None]
    return {name: SMALLEST_FREE_DIM + number for number, name in enumerate(free)} | dict(given)


def _arguments(function: Callable[..., Any], data: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    taken = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken):
        return dict(data)
    named = {identifier(name): array for name, array in data.items()}
    return {parameter.name: named[parameter.name] for parameter in taken}


def _off(got: np.ndarray, expected: Any) -> float:
    """The largest difference relative to the largest entry; infinite for another shape or a nan."""
    wanted = np.asarray(expected.resolve_conj() if isinstance(expected, torch.Tensor) else expected)
    if got.shape != wanted.shape:
        return float("inf")
    scale = max(1e-300, float(np.max(np.abs(wanted), initial=0.0)))
    off = float(np.max(np.abs(got - wanted), initial=0.0)) / scale
    return off if off == off else float("inf")
