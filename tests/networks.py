"""Statements and nets with a known meaning: printed as .tn text, and run by going through them in order.

The last third of the oracle: streams, repeats, calls and who owns which parameter, on top of brute.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.brute import Values, dotted
from tests.meaning import Add, Entry, Ix


@dataclass(frozen=True)
class Legs:
    """How a value is declared: ``x[n, m]`` and its sizes; one-hot means whole numbers for its last leg."""

    name: str
    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    onehot: bool = False

    def __str__(self) -> str:
        said = [d or f"s{n}: {size}" for n, (d, size) in enumerate(zip(self.dims, self.sizes, strict=True))]
        return self.name + (f"[{', '.join(said)}]" if said else "") + " onehot" * self.onehot


@dataclass(frozen=True)
class Let:
    """``y[i] = …``; with ``sub`` a member of a family, carrying a repeat's variable."""

    name: str
    legs: tuple[Ix, ...]
    body: Add
    sub: Entry | None = None

    def __str__(self) -> str:
        return f"{head(self.name, self.legs, self.sub)} = {self.body}"


@dataclass(frozen=True)
class Stream:
    """``stream x[i] = …`` (op ``stream``), or a later assignment."""

    name: str
    legs: tuple[Ix, ...]
    op: str
    body: Add

    def __str__(self) -> str:
        if self.op == "stream":
            return f"stream {head(self.name, self.legs)} = {self.body}"
        return f"{head(self.name, self.legs)} {self.op} {self.body}"


@dataclass(frozen=True)
class Apply:
    """A call of whole values: ``y = f(a, b) as c`` (op ``=``), or ``x += f(x) as c`` on a stream.

    An op of "" is a call inside the expression of the next statement: it has no text of its own.
    """

    target: str
    op: str
    net: Net
    arguments: tuple[str, ...]
    alias: str
    shared: bool = False

    @property
    def call(self) -> str:
        text = f"{self.alias if self.shared else self.net.name}({', '.join(self.arguments)})"
        return text if self.shared else f"{text} as {self.alias}"

    def __str__(self) -> str:
        return f"{self.target} {self.op} {self.call}" if self.op else ""


@dataclass(frozen=True)
class Shared:
    name: str
    net: Net

    def __str__(self) -> str:
        return f"shared {self.name} = {self.net.name}"


@dataclass(frozen=True)
class Repeat:
    var: str
    start: int
    stop: int
    body: tuple[Statement, ...]

    def __str__(self) -> str:
        inside = "\n".join(f"        {line}" for line in map(str, self.body) if line)
        return f"repeat {self.var} in {self.start}..{self.stop} {{\n{inside}\n    }}"


Statement = Let | Stream | Apply | Shared | Repeat


@dataclass(frozen=True)
class Net:
    """A net; ``parameters`` are declared as they are, a family with its range: ``F{u: 0..3}``."""

    name: str
    inputs: tuple[Legs, ...]
    outputs: tuple[Legs, ...]
    parameters: tuple[Legs, ...]
    body: tuple[Statement, ...]

    def __str__(self) -> str:
        lines = [f"    param {legs}" for legs in self.parameters]
        lines += [f"    {line}" for line in map(str, self.body) if line]
        outputs = ", ".join(map(str, self.outputs))
        outputs = outputs if len(self.outputs) == 1 else f"({outputs})"
        inside = "\n".join(lines)
        return f"net {self.name}({', '.join(map(str, self.inputs))}) -> {outputs} {{\n{inside}\n}}"


def head(name: str, legs: Sequence[Ix], sub: Entry | None = None) -> str:
    return (
        name + (f"{{{sub}}}" if sub is not None else "") + (f"[{', '.join(map(str, legs))}]" if legs else "")
    )


@dataclass
class Runner:
    """Runs nets. Parameters are made when first met, by ``make``; ``values`` has what has a name."""

    make: Callable[[tuple[int, ...]], np.ndarray]
    file_level: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)

    def run(
        self, net: Net, arguments: Sequence[np.ndarray], path: str = "", owner: str = ""
    ) -> list[np.ndarray]:
        """The outputs; values stand under ``path``, parameters under ``owner``."""
        arrays = self.file_level | dict(zip((legs.name for legs in net.inputs), arguments, strict=True))
        arrays |= self.own(net, owner)
        self.body(net.body, arrays, path, owner, {})
        return [arrays[legs.name] for legs in net.outputs]

    def own(self, net: Net, owner: str) -> dict[str, np.ndarray]:
        """The parameters of a net under ``owner``, by their names in it."""
        names = [(name, legs.sizes) for legs in net.parameters for name in members(legs.name)]
        for name, sizes in names:
            if owner + name not in self.parameters:
                self.parameters[owner + name] = self.make(sizes)
        return {name: self.parameters[owner + name] for name, _ in names}

    def body(
        self,
        body: Sequence[Statement],
        arrays: dict[str, np.ndarray],
        path: str,
        owner: str,
        loops: Mapping[str, int],
    ) -> None:
        turn = "".join(f".{number}" for number in loops.values())
        for statement in body:
            match statement:
                case Let(name, legs, expression, sub):
                    value = Values(arrays).array(legs, expression, loops)
                    member = name if sub is None else f"{name}.{sub.at + loops[sub.var]}"
                    arrays[member] = value
                    self.record(path + (member if sub is not None else name + turn), value)
                case Stream(name, legs, op, expression):
                    self.assign(name, op, Values(arrays).array(legs, expression, loops), arrays, path)
                case Apply(target, op, net, given, alias, shared):
                    inside = alias if shared else alias + turn
                    whole = [arrays[dotted(name)] for name in given]
                    value = self.run(net, whole, f"{path}{inside}.", f"{owner}{inside}.")[0]
                    if op == "" or (op == "=" and f"{target}.0" not in arrays):
                        arrays[target] = value
                        if op:
                            self.record(path + target + turn, value)
                    else:
                        self.assign(target, op, value, arrays, path)
                case Repeat(var, start, stop, inner):
                    for number in range(start, stop):
                        self.body(inner, arrays, path, owner, {**loops, var: number})
                case Shared(name, net):
                    self.own(net, f"{owner}{name}.")

    def assign(self, name: str, op: str, value: np.ndarray, arrays: dict[str, np.ndarray], path: str) -> None:
        """A stream's next value; ``x.2`` is also what ``x{2}`` means later."""
        count = sum(1 for key in arrays if key.rpartition(".")[0] == name)
        arrays[name] = {
            "stream": lambda: value,
            "=": lambda: value,
            "+=": lambda: arrays[name] + value,
            "-=": lambda: arrays[name] - value,
        }[op]()
        arrays[f"{name}.{count}"] = arrays[name]
        self.record(f"{path}{name}.{count}", arrays[name])

    def record(self, name: str, value: np.ndarray) -> None:
        """A named value; one that a shared net computes again is ``name#2``, ``name#3``."""
        again = sum(1 for key in self.values if key.partition("#")[0] == name)
        self.values[f"{name}#{again + 1}" if again else name] = value


def members(name: str) -> list[str]:
    """``F{u: 0..2}`` is F.0 and F.1; a plain name is itself."""
    if "{" not in name:
        return [name]
    family, _, said = name.partition("{")
    start, _, stop = said.rstrip("}").partition(":")[2].partition("..")
    return [f"{family}.{number}" for number in range(int(start), int(stop))]
