"""``layernorm`` and ``rmsnorm`` written out, as a product with their implicit value ``scale``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from tnlang.ir.functions import NORMALS
from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Node,
    Number,
    Origin,
    Ref,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.walk import copy, fresh_wire, map_children, node_wires, rename, splice

EPS = 1e-5

S = TypeVar("S", bound=Bind | StreamSet)


def write_out(statement: S, names: Mapping[int, str]) -> tuple[tuple[Bind, ...], S]:
    """A statement with each normalisation in it as ``(x - mean) scale``, and the bindings of the scales.

    ``names`` are those of the scales by the ``id`` of the normalisation (``scale_names``); for layernorm
    scale is rsqrt(var(x) + eps), for rmsnorm rsqrt(mean(x^2) + eps), on the wires that cross the bubble.
    """
    scales: list[Bind] = []

    def total(body: Sum) -> Sum:
        return replace(body, terms=tuple(map(term, body.terms)))

    def term(old: Term) -> Term:
        new = replace(old, nodes=tuple(map_children(node, total) for node in old.nodes))
        for position in reversed(range(len(new.nodes))):
            node = new.nodes[position]
            if isinstance(node, Bubble) and node.function in NORMALS:
                new = splice(new, position, scaled(node, names[id(old.nodes[position])]))
        return new

    def scaled(node: Bubble, name: str) -> Term:
        origin = Origin(node.origin.span, (*node.origin.rules, "normal"))
        wires = tuple(w for w in node_wires(node) if w not in node.gates)
        outer = {wire: fresh_wire(wire) for wire in wires}
        scale = scale_of(rename(copy(node.body), dict(outer)), node, origin)
        target = Value(name, tuple(outer.values()), (), tuple(wire.text for wire in wires))
        scales.append(Bind(target, scale, origin=origin))
        used = Tensor(Ref(name), wires, origin=origin)
        return Term((centred(node, origin), used), origin=origin)

    body = total(statement.body)
    return tuple(scales), replace(statement, body=body)


def _one(node: Node, origin: Origin) -> Sum:
    return Sum((Term((node,), origin=origin),), origin=origin)


def _along(node: Bubble, function: str, origin: Origin, square: bool = False) -> Bubble:
    """A leg-ending function of the bubble's content, on new inner wires."""
    gates = {gate: fresh_wire(gate) for gate in node.gates}
    body = rename(copy(node.body), dict(gates))
    if square:
        body = _one(Bubble("power", body, options=(("exponent", 2.0),), origin=origin), origin)
    return Bubble(function, body, tuple(gates.values()), origin=origin)


def scale_of(body: Sum, node: Bubble, origin: Origin) -> Sum:
    """What a normalisation multiplies by, for the content ``body`` of the bubble ``node``."""
    inner = replace(node, body=body)
    spread = (
        _along(inner, "var", origin)
        if node.function == "layernorm"
        else _along(inner, "mean", origin, square=True)
    )
    eps = dict(node.options).get("eps", EPS)
    terms = (Term((spread,), origin=origin), Term((Number(eps, f"{eps:g}", origin=origin),), origin=origin))
    return _one(Bubble("rsqrt", Sum(terms, origin=origin), origin=origin), origin)


def centred(node: Bubble, origin: Origin) -> Node:
    """What a normalisation multiplies by its scale."""
    if node.function == "rmsnorm":
        return Bracket(node.body, node.name, origin=origin)
    mean = Term((_along(node, "mean", origin),), (), -1, origin=origin)
    return Bracket(replace(node.body, terms=(*node.body.terms, mean)), node.name, origin=origin)
