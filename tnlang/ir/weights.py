"""Which stored array fills which parameter: a weights block worked out for the parameters a net has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tnlang.ir.net import Ix, Net
from tnlang.ir.program import Program, WeightMap, Weights
from tnlang.ir.size import LoopVar, Size, evaluate

Part = str | int


@dataclass(frozen=True, slots=True)
class Assignment:
    """The parameter over ``legs`` is the array under ``key`` over ``key_legs``, on the same wires.

    ``numbers`` are the loop variables of the map (``l`` of ``attention{l}.W_Q``).
    """

    parameter: str
    key: str
    legs: tuple[Ix, ...]
    key_legs: tuple[Ix, ...]
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Filling:
    """The assignments in the order of the parameters, and the parameters no map is for."""

    assignments: tuple[Assignment, ...]
    unmapped: tuple[str, ...]


def weights_for(program: Program, net: Net) -> Weights | None:
    """The weights block of a net, or of the one that transforms made it from."""
    found = next((block for block in program.weights if block.net == net.name), None)
    if found is not None or not net.source:
        return found
    return weights_for(program, program.net(net.source))


def fill(weights: Weights, parameters: Iterable[str]) -> Filling:
    """What fills each parameter, given by its state_dict name. The first map that fits a name counts."""
    found: list[Assignment] = []
    unmapped: list[str] = []
    for name in parameters:
        for weight_map in weights.maps:
            numbers = _match(weight_map, name)
            if numbers is not None:
                key = re.sub(r"\{(\w+)\}", lambda m, n=numbers: str(n[m[1]]), weight_map.key)  # type: ignore[misc]
                found.append(Assignment(name, key, weight_map.legs, weight_map.key_legs, numbers))
                break
        else:
            unmapped.append(name)
    return Filling(tuple(found), tuple(unmapped))


def without_prefix(weights: Weights, key: str) -> str:
    """A stored key without the prefix it may have."""
    for prefix in weights.prefixes:
        if key.startswith(prefix):
            return key[len(prefix) :]
    return key


def ignored(weights: Weights, key: str) -> bool:
    """Whether the block says to ignore a stored key; patterns may be written with or without its prefix."""
    names = (key, without_prefix(weights, key))
    return any(fnmatchcase(name, pattern) for name in names for pattern in weights.ignores)


def _match(weight_map: WeightMap, name: str) -> dict[str, int] | None:
    """The loop variables with which the map's target is the parameter of that name."""
    pattern: list[str | Size] = []
    for part, subs in weight_map.target:
        pattern += [part, *subs]
    parts = name.split(".")
    if len(parts) != len(pattern):
        return None
    pairs = list(zip(pattern, parts, strict=True))
    if any(not part.isdecimal() if not isinstance(wanted, str) else wanted != part for wanted, part in pairs):
        return None
    numbers = {wanted.name: int(part) for wanted, part in pairs if isinstance(wanted, LoopVar)}
    sizes = [(wanted, int(part)) for wanted, part in pairs if not isinstance(wanted, str)]
    return numbers if all(evaluate(size, numbers) == number for size, number in sizes) else None
