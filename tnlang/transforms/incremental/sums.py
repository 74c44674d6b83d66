"""Sums at new positions: leaves are looked up there, values are read at the positions that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Ix,
    Node,
    Number,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.walk import bound_wires, fresh_wire, node_wires, rename
from tnlang.transforms.incremental.causality import Causality

Modes = tuple[str, ...]
"""For each leg of a value: ``new`` positions, ``all`` positions, or "" for a leg of another dim."""


@dataclass(slots=True)
class Sums:
    """``value`` gives the name under which a bound value has some modes, None for a leaf.

    ``legs`` tells which legs of a bound value are positions; ``keys`` takes parts out of a product that are
    to be values of their own (the variables of sums round it are given); ``at`` is 1 where the new positions
    are.
    """

    causality: Causality
    legs: Callable[[str], tuple[bool, ...] | None]
    value: Callable[[str, Modes], str]
    keys: Callable[[Term, Collection[Wire], tuple[str, ...]], Term]
    at: Callable[[Wire, Wire], Tensor]

    def sum(self, body: Sum, new: Mapping[Wire, Wire], loops: tuple[str, ...] = ()) -> Sum:
        """The sum with wires of positions as ``new`` has them; the others run over all positions."""
        return replace(body, terms=tuple(self.term(term, new, loops) for term in body.terms))

    def term(self, term: Term, new: Mapping[Wire, Wire], loops: tuple[str, ...]) -> Term:
        term = self.keys(term, new, loops)
        nodes: list[Node] = []
        summed = list(term.summed)
        for node in term.nodes:
            made, looked_up = self.node(node, new, loops)
            nodes.append(made)
            for wire, position in looked_up:
                nodes.append(self.at(new[wire], position))
                summed.append(position)
        return replace(term, nodes=tuple(nodes), summed=tuple(summed))

    def node(
        self, node: Node, new: Mapping[Wire, Wire], loops: tuple[str, ...]
    ) -> tuple[Node, list[tuple[Wire, Wire]]]:
        """The factor, and for wires that it has whole: the new wire's old one, and where it is looked up."""
        match node:
            case Tensor():
                return self._tensor(node, new)
            case Special(kind="ones", legs=legs):
                return replace(node, legs=tuple(_joined(leg, new) for leg in legs)), []
            case Special():
                return self._whole(node, new)
            case Bubble(function="causal", gates=gates) if set(gates) & set(new):
                return self._causal(node, new, loops), []
            case Bubble(function=name, gates=gates, body=body):
                along = [w for w in gates if w in new]
                if along and (name not in FUNCTIONS or FUNCTIONS[name].legs == "keeps"):
                    whole = {w: _old(w) for w in along}
                    found = rename(Sum((Term((node,)),)), dict(whole)).terms[0].nodes[0]
                    made, more = self.node(found, {w: n for w, n in new.items() if w not in along}, loops)
                    return made, [*more, *whole.items()]
                return replace(node, body=self.sum(body, new, loops)), []
            case Bracket(body=body):
                return replace(node, body=self.sum(body, new, loops)), []
            case BigSum(body=body, loops=own):
                return replace(node, body=self.sum(body, new, (*loops, *(o.var for o in own)))), []
            case _:
                return node, []

    def _tensor(self, node: Tensor, new: Mapping[Wire, Wire]) -> tuple[Node, list[tuple[Wire, Wire]]]:
        known = self.legs(node.ref.name)
        if known is None:
            return self._whole(node, new)
        modes: list[str] = []
        legs: list[Ix] = []
        whole: dict[Wire, Wire] = {}
        for leg, along in zip(node.legs, known, strict=True):
            if along and isinstance(leg, Wire):
                modes.append("new" if leg in new else "all")
                legs.append(new.get(leg, leg))
            else:
                modes.append("all" if along else "")
                found, more = self._looked_up(leg, new, whole)
                whole |= more
                legs.append(found)
        name = self.value(node.ref.name, tuple(modes))
        return replace(node, ref=replace(node.ref, name=name), legs=tuple(legs)), list(whole.items())

    def _whole(
        self, node: Tensor | Special, new: Mapping[Wire, Wire]
    ) -> tuple[Node, list[tuple[Wire, Wire]]]:
        """A leaf, which is known at all positions: a wire of new ones is looked up in it."""
        whole = {w: _old(w) for w in node_wires(node) if w in new}
        found = rename(Sum((Term((node,)),)), dict(whole)).terms[0].nodes[0]
        return found, list(whole.items())

    def _looked_up(
        self, leg: Ix, new: Mapping[Wire, Wire], known: Mapping[Wire, Wire]
    ) -> tuple[Ix, dict[Wire, Wire]]:
        probe = Special("ones", (leg,))
        whole = {w: known.get(w) or _old(w) for w in node_wires(probe) if w in new}
        found = rename(Sum((Term((probe,)),)), dict(whole)).terms[0].nodes[0]
        assert isinstance(found, Special)
        return found.legs[0], whole

    def _causal(self, node: Bubble, new: Mapping[Wire, Wire], loops: tuple[str, ...]) -> Node:
        """What is masked plus 0 or -inf, by where its queries and keys stand."""
        query, key = node.gates
        half = Term((Number(0.5, "0.5"),))
        ahead = Sum((self._position(query, new), replace(self._position(key, new), coefficient=-1), half))
        allowed = Bubble("step", ahead, origin=node.origin)
        mask = Term((Bubble("log", Sum((Term((allowed,)),)), origin=node.origin),), origin=node.origin)
        body = self.sum(node.body, new, loops)
        return Bracket(replace(body, terms=(*body.terms, mask)), node.name, origin=node.origin)

    def _position(self, wire: Wire, new: Mapping[Wire, Wire]) -> Term:
        """The number of the position that a wire is at."""
        if wire not in new:
            return Term((Special("index", (wire,)),))
        position = _old(wire)
        return Term((self.at(new[wire], position), Special("index", (position,))), (position,))


def _old(wire: Wire) -> Wire:
    """A wire over all positions, where a new one is looked up."""
    return replace(fresh_wire(wire), name=f"{wire.name}'")


def _joined(leg: Ix, new: Mapping[Wire, Wire]) -> Ix:
    """A leg of ones, on new positions."""
    found = rename(Sum((Term((Special("ones", (leg,)),)),)), dict(new)).terms[0].nodes[0]
    assert isinstance(found, Special)
    return found.legs[0]


def spelt_out(body: Sum, causality: Causality) -> Sum:
    """The sum with ``cumsum`` along positions as a product with tril."""

    def node(old: Node) -> Node:
        match old:
            case Bubble(function="cumsum", gates=(gate,), body=inside) if causality.along(gate.size):
                inner = {w: fresh_wire(w) for w in bound_wires(inside)}
                before = fresh_wire(gate)
                moved = rename(spelt_out(inside, causality), {**inner, gate: before})
                product = Term((Special("tril", (gate, before)), Bracket(moved)), (before,))
                return Bracket(Sum((product,)), old.name, origin=old.origin)
            case Bubble(body=inside) | Bracket(body=inside) | BigSum(body=inside):
                return replace(old, body=spelt_out(inside, causality))
            case _:
                return old

    return replace(body, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in body.terms))
