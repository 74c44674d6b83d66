"""The parameters of a net as arrays on the wires of a circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from tnlang.circuits.network import Operand
from tnlang.ir.net import Bind, Node, Sum, Term, Wire
from tnlang.ir.net import Tensor as Use
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.slots import dotted
from tnlang.ir.walk import fresh_wire, node_wires, rename, value_wires
from tnlang.reference.arrays import Labelled, gather
from tnlang.reference.evaluate import Scope, evaluate_node, evaluate_sum
from tnlang.source import ValueMismatch


@dataclass(slots=True)
class Arrays:
    """Nodes of parameters as arrays; the same node on other wires is the same array.

    What a net computes from parameters alone (a rotation of positions) is found among its definitions.
    """

    weights: Mapping[str, Tensor]
    numbers: Mapping[str, int]
    definitions: Mapping[str, Bind]
    known: dict[object, Tensor] = field(default_factory=dict)

    @property
    def like(self) -> Tensor:
        return next(iter(self.weights.values()), torch.zeros(()))

    def wire(self, wire: Wire) -> Wire:
        """The wire with its size as a number, on an id of its own."""
        try:
            return replace(fresh_wire(wire), size=evaluate(wire.size, self.numbers))
        except SizeError as error:
            raise _missing(f"leg {wire.text} of a circuit", error) from error

    def number(self, value: complex) -> Operand:
        real = value.real if isinstance(value, complex) and not value.imag else value
        if ("number", real) not in self.known:
            array = torch.tensor(real)
            self.known["number", real] = array.to(self.like.device, self.dtype(array))
        return Operand(self.known["number", real], ())

    def dtype(self, array: Tensor) -> torch.dtype:
        """The type of the weights, complex where the array is."""
        dtype = self.like.dtype
        return torch.promote_types(dtype, torch.complex64) if array.is_complex() else dtype

    def operand(self, node: Node, wires: Mapping[Wire, Wire]) -> Operand:
        """A node as an array over the wires it shows."""
        shown = node_wires(node)
        if isinstance(node, Use) and node.legs == shown:
            array = self.array(dotted(node.ref.name, [evaluate(sub, self.numbers) for sub in node.ref.subs]))
            return Operand(array.conj() if node.conj else array, tuple(wires[wire] for wire in shown))
        plain = {wire: Wire(-n, wire.name, wire.size, wire.subs) for n, wire in enumerate(shown, 1)}
        key = rename(Sum((Term((node,)),)), dict(plain)).terms[0].nodes[0]
        if key not in self.known:
            found = evaluate_node(key, self.scope())
            assert isinstance(found, Labelled)
            order = [found.wires.index(wire) for wire in plain.values()]
            array = torch.from_numpy(np.array(found.array.transpose(order)))
            self.known[key] = array.to(self.like.device, self.dtype(array))
        return Operand(self.known[key], tuple(wires[wire] for wire in shown))

    def array(self, name: str) -> Tensor:
        """A weight, or a value that is computed from weights alone."""
        if name in self.weights:
            return self.weights[name]
        if ("value", name) not in self.known:
            target, body = self.definitions[name].target, self.definitions[name].body
            try:
                made = gather(evaluate_sum(body, value_wires(target.legs), self.scope()), target.legs, 0)
            except SizeError as error:
                raise _missing(f"{name} in a circuit", error) from error
            array = torch.from_numpy(made)
            self.known["value", name] = array.to(self.like.device, self.dtype(array))
        return self.known["value", name]

    def scope(self) -> Scope:
        def value(name: str, subs: tuple[int, ...]) -> object:
            array = self.array(dotted(name, subs))
            return array.to(torch.promote_types(array.dtype, torch.float64)).numpy(force=True)

        return Scope(value, self.numbers, 0, {}, lambda name, array: None, {})  # type: ignore[arg-type]


def _missing(what: str, error: SizeError) -> ValueMismatch:
    return ValueMismatch(f"{what}: {error}; give it, as in `circuits(weights, seq=5)`")
