"""Constants as numbers: in a proof the constants of a product are one array, in an order of its own.

An array is a tensor called ``@`` and what it holds, so that equal ones have one name.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnlang.ir.net import Entry, Node, Ref, Special, Sum, Tensor, Term, Wire
from tnlang.ir.size import SizeError, dims_in, evaluate
from tnlang.ir.walk import node_wires
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.keys import key
from tnlang.transforms.simplify.rewriting import tidy

Array = NDArray[Any]
LEGS, ENTRIES = 8, 2**14
"""Of the largest array that is made."""
FREE = 5
"""Legs whose order is chosen by trying all; more are left in the order they come in."""


@dataclass(slots=True)
class Arrays:
    """What the arrays of one proof hold, by name. ``fixed`` are the dims that constants have."""

    fixed: frozenset[str] = frozenset()
    known: dict[str, Array] = field(default_factory=dict)

    def constants(self, term: Term, facts: Facts) -> tuple[Term, ...] | None:
        """The constants of a product, and the special tensors that have sizes as they do, as arrays.

        They are multiplied, and taken apart into factors that have no wire in common.
        """
        chosen = [node for node in term.nodes if self.of(node, facts) is not None]
        if not self.are_loose(chosen, term):
            return None
        others = {w for n in term.nodes if not any(n is c for c in chosen) for w in node_wires(n)}
        wires = tuple(dict.fromkeys(wire for node in chosen for wire in node_wires(node)))
        kept = tuple(w for w in wires if w not in term.summed or w in others)
        found = self.product(chosen, kept, facts)
        if found is None:
            return None
        number, nodes = self.written(found, kept, facts)
        if not number:
            return ()
        rest = [node for node in term.nodes if not any(node is one for one in chosen)]
        shown = others | set(kept)
        summed = tuple(wire for wire in term.summed if wire in shown)
        number = tidy(term.coefficient * number)
        return (replace(term, nodes=(*rest, *nodes), summed=summed, coefficient=number),)

    def are_loose(self, chosen: list[Node], term: Term) -> bool:
        """Whether there are constants not yet taken together: a declared one, or arrays with common wires."""
        tensors = [node for node in chosen if isinstance(node, Tensor)]
        if any(node.ref.name not in self.known for node in tensors):
            return True
        if not tensors:
            return False
        ends = [leg for n in chosen if isinstance(n, Tensor | Special) for leg in n.legs]
        shown = {w for n in term.nodes if not any(n is c for c in chosen) for w in node_wires(n)}
        alone = any(leg in term.summed and leg not in shown for leg in ends if isinstance(leg, Wire))
        return alone or len(set(ends)) < len(ends)

    def product(self, nodes: list[Node], kept: tuple[Wire, ...], facts: Facts) -> Array | None:
        """Nodes multiplied, over the wires kept; None where that is too large."""
        letters: dict[Wire, int] = {wire: place for place, wire in enumerate(kept)}
        operands: list[Any] = []
        for node in nodes:
            array = self.of(node, facts)
            assert array is not None
            operands += [array, [letters.setdefault(wire, len(letters)) for wire in node_wires(node)]]
        sizes: dict[int, int] = {}
        for array, places in zip(operands[::2], operands[1::2], strict=True):
            sizes |= dict(zip(places, array.shape, strict=True))
        entries = math.prod(sizes[letters[wire]] for wire in kept)
        if len(kept) > LEGS or len(letters) > 40 or entries > ENTRIES:
            return None
        return np.asarray(np.einsum(*operands, list(range(len(kept))), optimize="greedy"))

    def of(self, node: Node, facts: Facts) -> Array | None:
        """A node as an array over ``node_wires``, None unless it is all numbers and its legs are wires."""
        match node:
            case Tensor(ref=ref, legs=legs, conj=conj):
                if ref.name in self.known:
                    return self.known[ref.name]
                decls = facts.members(ref)
                if len(decls) != 1 or decls[0].value is None or not legs:
                    return None
                array = np.asarray(decls[0].value)
                for axis in reversed(range(len(legs))):
                    leg = legs[axis]
                    if isinstance(leg, Entry) and isinstance(leg.at, int):
                        array = np.take(array, leg.at, axis)
                    elif not isinstance(leg, Wire):
                        return None
                wires = [leg for leg in legs if isinstance(leg, Wire)]
                return _traced(array.conj() if conj else array, wires)
            case Special(kind="delta" | "basis" | "tril" | "levi" | "shift" as kind, legs=legs, at=at):
                sizes = [self.entries(leg) for leg in legs if isinstance(leg, Wire)]
                if len(sizes) != len(legs) or 0 in sizes or np.prod(sizes) > ENTRIES:
                    return None
                if at is not None and not isinstance(at, int):
                    return None
                places = np.indices(sizes)
                match kind:
                    case "delta":
                        held = np.logical_and.reduce([p == places[0] for p in places])
                    case "basis":
                        held = places[0] == at
                    case "tril":
                        held = places[1] <= places[0]
                    case "shift":
                        held = places[0] == places[1] + at
                    case _:
                        pairs = itertools.combinations(places, 2)
                        held = np.prod([np.sign(b - a) for a, b in pairs], axis=0)
                return _traced(np.asarray(held, float), [leg for leg in legs if isinstance(leg, Wire)])
            case _:
                return None

    def entries(self, wire: Wire) -> int:
        """The size of a wire that is a plain number, or that of a constant's leg; 0 of others."""
        if any(dim.name not in self.fixed for dim in dims_in(wire.size)):
            return 0
        try:
            return evaluate(wire.size, {})
        except SizeError:
            return 0

    def ordered(
        self, array: Array, wires: tuple[Wire, ...], facts: Facts
    ) -> tuple[complex, Array, tuple[Wire, ...]]:
        """A number, an array whose first entry is 1, and its wires: open ones first, others by trying."""
        largest = np.abs(array).max(initial=0)
        if largest < 1e-12:
            return 0, array, wires
        array = np.where(np.abs(array) < 1e-12 * largest, 0, array)
        outer = sorted((w for w in wires if w in facts.order), key=facts.order.index)
        inner = [w for w in wires if w not in facts.order]
        orders = itertools.permutations(inner) if len(inner) <= FREE else [tuple(inner)]
        tried = []
        for order in orders:
            turned = array.transpose([wires.index(w) for w in (*outer, *order)])
            first = turned.ravel()[np.flatnonzero(turned)[0]]
            scaled = np.round(turned / first, 10) + 0.0
            tried.append((scaled.astype(complex).tobytes(), complex(first), scaled, (*outer, *order)))
        _, number, scaled, best = min(tried, key=lambda one: one[0])
        return number, scaled, best

    def written(
        self, array: Array, wires: tuple[Wire, ...], facts: Facts
    ) -> tuple[complex, tuple[Node, ...]]:
        """An array as a number and nodes: its factors, deltas where they are."""
        number: complex = 1
        nodes: list[Node] = []
        for factor, legs in _factors(array, wires):
            times, held, order = self.ordered(factor, legs, facts)
            number *= times
            places = np.indices(held.shape)
            if not order or not times:
                continue
            if len(order) > 1 and np.array_equal(
                held, np.logical_and.reduce([place == places[0] for place in places])
            ):
                nodes.append(Special("delta", order))
                continue
            said = repr(held.shape).encode() + held.astype(complex).tobytes()
            name = "@" + hashlib.sha256(said).hexdigest()
            self.known[name] = held
            nodes.append(Tensor(Ref(name), order))
        return number, tuple(nodes)

    def alike(self, node: Node) -> tuple[tuple[int, ...], ...]:
        """The legs of an array that may be exchanged one by one."""
        if not (isinstance(node, Tensor) and node.ref.name in self.known):
            return ()
        array = self.known[node.ref.name]
        groups: list[list[int]] = []
        for axis in range(array.ndim):
            for group in groups:
                if array.shape[axis] == array.shape[group[0]] and np.array_equal(
                    array, array.swapaxes(axis, group[0])
                ):
                    group.append(axis)
                    break
            else:
                groups.append([axis])
        return tuple(tuple(group) for group in groups if len(group) > 1)

    def added(self, total: Sum, facts: Facts) -> Sum | None:
        """Terms that differ in an array on open wires alone are one, with the sum of the arrays."""
        if not self.known and not any(map(_has_array, total.terms)):
            return None
        alike: dict[Hashable, list[tuple[Term, Array, tuple[Wire, ...]]]] = {}
        others: list[Term] = []
        for term in total.terms:
            found = self.open_array(term, facts)
            if found is None:
                others.append(term)
                continue
            array, wires, rest = found
            alike.setdefault((wires, key(Sum((rest,)), facts)), []).append((rest, array, wires))
        if all(len(group) == 1 for group in alike.values()):
            return None
        terms: list[Term] = []
        for group in alike.values():
            rest, _, wires = group[0]
            number, nodes = self.written(np.sum([array for _, array, _ in group], axis=0), wires, facts)
            if number:
                terms.append(replace(rest, nodes=(*rest.nodes, *nodes), coefficient=tidy(number)))
        return replace(total, terms=(*others, *terms))

    def open_array(self, term: Term, facts: Facts) -> tuple[Array, tuple[Wire, ...], Term] | None:
        """The arrays of a term times its number, on open wires in order, and the term without them."""
        held = [node for node in term.nodes if self.of(node, facts) is not None]
        wires = {wire for node in held for wire in node_wires(node)}
        if not held or not wires <= set(facts.order):
            return None
        order = tuple(sorted(wires, key=facts.order.index))
        array = self.product(held, order, facts)
        if array is None:
            return None
        rest = replace(term, nodes=tuple(n for n in term.nodes if n not in held), coefficient=1)
        return array * complex(term.coefficient), order, rest


def _has_array(term: Term) -> bool:
    return any(isinstance(node, Tensor) and node.ref.name.startswith("@") for node in term.nodes)


def _factors(array: Array, wires: tuple[Wire, ...]) -> Iterator[tuple[Array, tuple[Wire, ...]]]:
    """An array as the product of the smallest that it is one of, if it has few legs."""
    axes = range(1, array.ndim)
    for count in range(array.ndim - 1 if array.ndim <= FREE + 1 else 0):
        for more in itertools.combinations(axes, count):
            left = (0, *more)
            right = tuple(axis for axis in axes if axis not in more)
            rows = math.prod(array.shape[axis] for axis in left)
            u, values, v = np.linalg.svd(
                array.transpose(*left, *right).reshape(rows, -1), full_matrices=False
            )
            if values[1:].max(initial=0) < 1e-12 * max(values[0], 1e-300):
                one = (u[:, 0] * values[0]).reshape([array.shape[axis] for axis in left])
                yield one, tuple(wires[axis] for axis in left)
                other = v[0].reshape([array.shape[axis] for axis in right])
                yield from _factors(other, tuple(wires[axis] for axis in right))
                return
    yield array, wires


def _traced(array: Array, wires: list[Wire]) -> Array:
    """The array with one axis for each wire: the diagonal where one stands on several legs."""
    once = list(dict.fromkeys(wires))
    if len(once) == len(wires):
        return array
    return np.asarray(np.einsum(array, [once.index(wire) for wire in wires], list(range(len(once)))))
