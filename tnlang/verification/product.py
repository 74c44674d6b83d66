"""Products: factors on wires, contracted by opt_einsum; a dot makes its wires one index."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import opt_einsum

from tnlang.reference.arrays import Array
from tnlang.verification.leaves import LARGEST
from tnlang.verification.nodes import Labelled
from tnlang.verification.svg import Unreadable


class Product:
    """Factors, the wires of each dot, and what the sizes and names of wires are."""

    def __init__(
        self,
        factors: Sequence[Labelled],
        dots: Iterable[Sequence[int]],
        size_of: Callable[[int], int],
        name_of: Callable[[int], str],
    ) -> None:
        self.factors, self.size_of, self.name_of = factors, size_of, name_of
        self.parent: dict[int, int] = {}
        for first, *others in dots:
            for wire in others:
                if self.index(wire) != self.index(first):
                    self.parent[self.index(wire)] = self.index(first)

    def index(self, wire: int) -> int:
        """The one of the wires that dots join to a wire which stands for all."""
        while self.parent.get(wire, wire) != wire:
            wire = self.parent[wire]
        return wire

    def over(self, wires: Iterable[int], opens: Sequence[int]) -> Array:
        """The product of all that is on wires, over the open ones. Raises Unreadable for too large arrays."""
        operands: list[object] = []
        sizes: dict[int, int] = {}
        for factor in self.factors:
            indices = [self.index(wire) for wire in factor.wires]
            for index, entries in zip(indices, factor.array.shape, strict=True):
                if sizes.setdefault(index, entries) != entries:
                    joins = f"a wire {self.name_of(index)} joins legs"
                    raise Unreadable(f"{joins} of {sizes[index]} and {entries} entries")
            kept = list(dict.fromkeys(indices))
            axes = [kept.index(index) for index in indices]
            operands += [np.einsum(factor.array, axes, list(range(len(kept)))), kept]
        for wire in sorted({*wires, *opens}):
            index = self.index(wire)
            if index not in sizes:
                sizes[index] = self.size_of(wire)
                operands += [np.ones(sizes[index]), [index]]
        if not operands:
            return np.asarray(1.0)
        out: list[int] = []
        fresh = itertools.count(max(sizes, default=0) + 1)
        for wire in opens:
            index = self.index(wire)
            if index in out:  # a wire from one open leg to another
                twin = next(fresh)
                operands += [np.eye(sizes[index]), [index, twin]]
                index = twin
            out.append(index)
        path, plan = opt_einsum.contract_path(*operands, out)
        if plan.largest_intermediate > LARGEST:
            raise Unreadable(f"an array of {int(plan.largest_intermediate):,} entries")
        return np.asarray(opt_einsum.contract(*operands, out, optimize=path))
