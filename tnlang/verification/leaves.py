"""The arrays behind the names of a picture: seeded numbers for what a program leaves open, and its values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from tnlang.ir.cost import cost
from tnlang.ir.net import Bind, Call, Decl, Factor, Frozen, Group, Init, Net, Shared, StreamSet, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize, SizeError, evaluate
from tnlang.ir.slots import dotted, inputs_of, onehot_leg, parameters_of, takes_frozen
from tnlang.ir.walk import statements
from tnlang.reference import execute, initialise, random_inputs
from tnlang.reference.arrays import Array
from tnlang.reference.initialise import onehot_size
from tnlang.source import ValueMismatch
from tnlang.verification.formula import size
from tnlang.verification.svg import Unreadable

LARGEST = 2**26
"""No array of more entries is made."""
SEEDS = 12
"""So many are tried for a run that tells something."""
Functions = Mapping[str, Callable[..., Array]]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One net run by the reference on seeded numbers, all parameters normal: zeros and ones hide much."""

    program: Program
    net: str
    dims: Mapping[str, int]
    inputs: Mapping[str, Array]
    parameters: Mapping[str, Array]
    frozen: Mapping[str, Array]
    outputs: Mapping[str, Array]
    cache: Mapping[str, Array]


def run(program: Program, net: str, dims: Mapping[str, int], seed: int, functions: Functions) -> Run:
    """One run whose outputs are numbers, and not all zero if that can be.

    Positive data where normal ones give a logarithm nothing to do; other seeds where one-hot inputs miss one
    another. Raises ValueMismatch where the net cannot be run with these sizes, or its outputs are no numbers,
    Unreadable where it has too large arrays.
    """
    _refuse_large(program, net, dims)
    flat: Run | None = None
    for step in range(SEEDS):
        for positive in (False, True):
            made = _run(program, net, dims, seed + step, functions, positive)
            if any(np.isnan(array).any() for array in made.outputs.values()):
                continue
            if all(np.any(array) for array in made.outputs.values()):
                return made
            flat = flat or made
    if flat is None:
        raise ValueMismatch(f"net {net}: the outputs are no numbers on random data")
    return flat


def _refuse_large(program: Program, net: str, dims: Mapping[str, int]) -> None:
    """Raise Unreadable for a net with an array, its own or one on the way, of more than LARGEST entries."""
    slots = {**inputs_of(program, net, dims), **parameters_of(program, net, dims)}
    sizes = {name: math.prod(slot.shape) for name, slot in slots.items()}
    try:
        step = cost(program, net, dims).largest
    except SizeError as error:
        raise ValueMismatch(f"net {net}: {error}") from None
    if step is not None:
        sizes[step.path] = step.entries
    largest = max(sizes, key=sizes.__getitem__, default="")
    if sizes.get(largest, 0) > LARGEST:
        raise Unreadable(f"{largest} has {sizes[largest]:,} entries: more than {LARGEST:,} are not compared")


def _run(
    program: Program, net: str, dims: Mapping[str, int], seed: int, functions: Functions, positive: bool
) -> Run:
    inputs, parameters = _data(program, net, dims, seed, positive)
    frozen = _frozen(program, net, dims, seed, functions, positive)
    result = execute(program, net, inputs, parameters, dims, frozen, functions)
    return Run(program, net, dims, inputs, parameters, frozen, result.outputs, result.cache)


def _data(
    program: Program, net: str, dims: Mapping[str, int], seed: int, positive: bool
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Inputs and parameters of a net: those of one name are the same numbers in every net."""
    inputs = random_inputs(program, net, dims, seed=seed)
    parameters = initialise(program, net, dims, seed=seed)
    if positive:
        slots = {**inputs_of(program, net, dims), **parameters_of(program, net, dims)}
        free = {name for name, slot in slots.items() if not slot.properties}
        inputs = {name: np.abs(a) if name in free else a for name, a in inputs.items()}
        parameters = {name: np.abs(a) if name in free else a for name, a in parameters.items()}
    return inputs, parameters


def _frozen(
    program: Program, net: str, dims: Mapping[str, int], seed: int, functions: Functions, positive: bool
) -> dict[str, Array]:
    """What a transform froze: the values that the net it was made from has, but for noise of their own."""
    source = program.net(net).source
    if not source or not takes_frozen(program, program.net(net)):
        return {}
    inputs, parameters = _data(program, source, dims, seed, positive)
    before = _frozen(program, source, dims, seed, functions, positive)
    cache = execute(program, source, inputs, parameters, dims, before, functions).cache
    noise = np.random.default_rng([1, *net.encode()])
    return {name: np.asarray(value + noise.standard_normal(value.shape)) for name, value in cache.items()}


def all_random(program: Program) -> Program:
    """The program with every parameter normal."""

    def random(decls: Sequence[Decl]) -> tuple[Decl, ...]:
        return tuple(replace(d, init=Init("normal", (0.7,))) if d.kind == "param" else d for d in decls)

    nets = tuple(replace(net, owned=random(net.owned)) for net in program.nets)
    return replace(program, nets=nets, declarations=random(program.declarations))


def numbers(program: Program, dims: Mapping[str, int]) -> dict[str, int]:
    """The sizes of all dims that have one."""
    found = {}
    for dim in program.dims:
        with suppress(SizeError):
            found[dim.name] = evaluate(DimSize(dim), dims)
    return found


class Leaves:
    """The values that a picture of a run may name."""

    def __init__(self, made: Run, functions: Functions) -> None:
        self.made, self.functions = made, functions
        self.net = made.program.net(made.net)
        self.values: dict[str, tuple[Array, tuple[str, ...]]] = dict(self._all())

    def _all(self) -> Iterator[tuple[str, tuple[Array, tuple[str, ...]]]]:
        made = self.made
        yield from self._bound(self.net, "")
        for name, slot in inputs_of(made.program, made.net, made.dims).items():
            array = made.inputs[name]
            hot = onehot_leg(slot.decl)
            if hot is not None:
                array = np.moveaxis(np.eye(onehot_size(slot, made.dims))[array], -1, hot)
            yield name, (array, tuple(leg.name for leg in slot.decl.legs))
        for name, slot in parameters_of(made.program, made.net, made.dims).items():
            yield name, (made.parameters[name], tuple(leg.name for leg in slot.decl.legs))
        for decl in made.program.declarations:
            yield from _constant(decl, "")
        yield from self._constants(self.net, "", 0)

    def _constants(
        self, net: Net, prefix: str, depth: int
    ) -> Iterator[tuple[str, tuple[Array, tuple[str, ...]]]]:
        """Constants by the names without turns, as each turn has the same."""
        for decl in net.owned:
            yield from _constant(decl, prefix)
        for statement in statements(net.body):
            if isinstance(statement, Call | Shared) and depth < 100:
                callee = self.made.program.net(statement.net)
                yield from self._constants(callee, f"{prefix}{statement.name}.", depth + 1)

    def _bound(self, net: Net, prefix: str) -> Iterator[tuple[str, tuple[Array, tuple[str, ...]]]]:
        """The named values of a net and of the nets it calls, turns left out of the names.

        Those of a net that is written out flat have numbers in their own names.
        """
        legs: dict[str, tuple[str, ...]] = dict(self._targets(net, prefix, 0))
        for name, array in {**self.made.frozen, **self.made.cache}.items():
            own = name.partition("#")[0]
            bare = own if own in legs else re.sub(r"\.\d+", "", own)
            if bare in legs and len(legs[bare]) == array.ndim:
                yield name, (array, legs[bare])

    def _targets(self, net: Net, prefix: str, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        for statement in statements(net.body):
            match statement:
                case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                    yield prefix + target.name, target_legs(target)
                case Factor(factors=factors):
                    for decl in factors:
                        yield prefix + decl.name, tuple(leg.name for leg in decl.legs)
                case Call(name=name, net=callee, results=results):
                    for result in results:
                        yield prefix + result.name, target_legs(result)
                    if depth < 100:
                        inner = self.made.program.net(callee)
                        yield from self._targets(inner, f"{prefix}{name}.", depth + 1)

    # ------------------------------------------------------------ what is asked for

    def named(self, name: str) -> tuple[Array, tuple[str, ...]]:
        """A value of the net: of a stream the last, of a repeat the last turn's. With its wires' names.

        Raises Unreadable for none.
        """
        array, legs = self.values[self.last(name)]
        for statement in statements(self.net.body):
            match statement:
                case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                    if target.name == name and len(target.legs) == len(legs):
                        return array, tuple(_leg(leg) for leg in target.legs)
        return array, legs

    def last(self, name: str) -> str:
        """A value's name with the last turn that it has. Raises Unreadable."""
        found = [key for key in self.values if re.fullmatch(re.escape(name) + r"(\.\d+)*", key)]
        if not found:
            raise Unreadable(f"the program has no value {name}")
        return max(found, key=lambda key: [int(part) for part in re.findall(r"\.(\d+)", key)])

    def array(self, text: str, legs: tuple[str, ...], names: Mapping[str, int]) -> Array:
        """A value by the words of its title, its axes in the order of the legs named. Raises Unreadable."""
        address, *said = text.split(", ")
        name = _full(address, names)
        bare = re.sub(r"\.\d+", "", name)
        found = self.values.get(name) or (self.values.get(bare) if "{" in address or "." in name else None)
        if found is None:
            raise Unreadable(f"the program has no value {name}")
        array, own = found
        at: dict[str, int] = {}
        for word in said:
            leg, entry, value = word.partition(" at ")
            if entry:
                at[leg] = size(value, names)
            elif word == "conjugated":
                array = np.conj(array)
            else:
                raise Unreadable(f"{name} is said to be {word}")
        wanted = [leg for leg in own if leg not in at]
        if sorted(wanted) != sorted(legs) or len(set(own)) != len(own):
            raise Unreadable(f"{name} has the legs {', '.join(own)}, in the picture {', '.join(legs)}")
        if not set(at) <= set(own):
            raise Unreadable(f"{name} has no leg {', '.join(set(at) - set(own))}")
        entries = tuple(at.get(leg, slice(None)) for leg in own)
        try:
            picked = array[entries]
        except IndexError:
            raise Unreadable(f"{name} has no entry {at}") from None
        return np.asarray(picked).transpose([wanted.index(leg) for leg in legs])

    def function(self, name: str, array: Array, axes: tuple[int, ...]) -> Array:
        """A function of the user's on an array. Raises Unreadable where it may not run."""
        if name not in self.functions:
            raise Unreadable(f"function {name} may not run here")
        last = tuple(range(-len(axes), 0))
        return np.moveaxis(np.asarray(self.functions[name](np.moveaxis(array, axes, last))), last, axes)

    def call(
        self,
        text: str,
        output: str,
        arguments: Mapping[str, tuple[tuple[str, ...], Array]],
        legs: tuple[str, ...],
        names: Mapping[str, int],
    ) -> Array:
        """What a box gives: ``ln_1{l}``, or ``ln of attention``, on arrays whose legs have names."""
        *outer, first = text.split(" of ")
        array, own = self._called(first, arguments, names, output if not outer else "")
        for address in reversed(outer):
            array, own = self._called(
                address, {"": (own, array)}, names, output if address == outer[0] else ""
            )
        if sorted(own) != sorted(legs):
            raise Unreadable(f"{text} gives {', '.join(own)}, in the picture {', '.join(legs)}")
        return array.transpose([own.index(leg) for leg in legs])

    def _called(
        self,
        address: str,
        arguments: Mapping[str, tuple[tuple[str, ...], Array]],
        names: Mapping[str, int],
        output: str,
    ) -> tuple[Array, tuple[str, ...]]:
        made, prefix = self.made, _full(address, names)
        callee = self._callee(prefix)
        inputs: dict[str, Array] = {}
        for name, slot in inputs_of(made.program, callee.name, made.dims).items():
            own = tuple(leg.name for leg in slot.decl.legs)
            if name not in arguments and not (list(arguments) == [""] and len(callee.inputs) == 1):
                if name not in made.inputs:
                    raise Unreadable(f"{prefix} wants {name}")
                inputs[name] = made.inputs[name]
                continue
            given, array = arguments.get(name) or arguments[""]
            if name in arguments:
                if sorted(given) != sorted(own):
                    raise Unreadable(f"{prefix} takes {', '.join(own)}, in the picture {', '.join(given)}")
                array = array.transpose([given.index(leg) for leg in own])
            hot = onehot_leg(slot.decl)
            inputs[name] = array if hot is None else array.argmax(hot)
        owned, frozen = (
            {name.removeprefix(f"{prefix}."): v for name, v in of.items() if name.startswith(f"{prefix}.")}
            for of in (made.parameters, made.frozen)
        )
        try:
            result = execute(
                made.program,
                callee.name,
                inputs,
                {**made.parameters, **owned},
                made.dims,
                {**made.frozen, **frozen},
                self.functions,
            ).outputs
        except ValueMismatch as error:
            raise Unreadable(f"{prefix}: {error}") from None
        chosen = next((o for o in callee.outputs if output in ("", dotted(o.name, o.subs))), None)
        if chosen is None:
            raise Unreadable(f"{prefix} gives no {output}")
        return result[dotted(chosen.name, chosen.subs)], tuple(leg.name for leg in chosen.legs)

    def _callee(self, prefix: str) -> Net:
        """The net that a call applies, found along the names of calls."""
        net = self.net
        shared = {s.name: s.net for s in self.made.program.shared}
        for name in [part for part in prefix.split(".") if not part.isdecimal()]:
            calls = {s.name: s.net for s in statements(net.body) if isinstance(s, Call | Shared)}
            found = calls.get(name) or shared.get(name)
            if found is None:
                raise Unreadable(f"the program has no call {prefix}")
            net = self.made.program.net(found)
        return net


def target_legs(target: Value) -> tuple[str, ...]:
    """What a bound value calls its legs."""
    if len(target.leg_names) == len(target.legs):
        return target.leg_names
    return tuple(_leg(leg) for leg in target.legs)


def _leg(leg: Wire | Group) -> str:
    if isinstance(leg, Wire):
        return leg.text
    return "(" + " ".join(m.text for m in leg.members if isinstance(m, Wire)) + ")"


def _constant(decl: Decl, prefix: str) -> Iterator[tuple[str, tuple[Array, tuple[str, ...]]]]:
    if decl.kind == "const":
        yield (
            prefix + dotted(decl.name, decl.subs),
            (np.asarray(decl.value), tuple(leg.name for leg in decl.legs)),
        )


def _full(address: str, names: Mapping[str, int]) -> str:
    """``attention{l}.A{0,n+1}`` with the numbers of this turn: ``attention.0.A.0.3``."""
    return re.sub(
        r"\{([^}]*)\}", lambda found: "".join(f".{size(sub, names)}" for sub in found[1].split(",")), address
    )
