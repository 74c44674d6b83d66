"""``slice(net, i, j)``, ``slice(net, largest <= 1000000)``: summed legs taken one entry after another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.cost import nominal
from tnlang.ir.net import BigSum, Bind, Loop, Net, Node, Repeat, Stmt, StreamSet, Sum, Term, Wire
from tnlang.ir.slicing import slices
from tnlang.ir.walk import children, map_children, node_wires, statements, walk
from tnlang.transforms.expand.legs import sum_out, summed_wires
from tnlang.transforms.request import Request, TransformError, show_path, some
from tnlang.transforms.variants import change_below

_USAGE = "`slice(net, i, j)` or `slice(net, largest <= 1000000)`"


def slice(request: Request) -> tuple[Net, ...]:
    """The net with summed legs as variables of a Σ whose terms are computed one after another.

    The legs are named, here or in the nets called, or chosen so that no array on the way has more than
    ``largest`` entries (dims at their defaults). The generated module deals the terms of such a Σ out to the
    processes that share it. The value stays the same.
    Raises TransformError where nothing sums such a leg, or where no slices make the arrays so small.
    """
    largest = request.options.get("largest")
    bound = request.relations.get("largest") == "<=" and isinstance(largest, float | int) and largest >= 1
    if request.arrows or set(request.options) - {"largest"} or bool(request.paths) == bool(request.options):
        raise TransformError("slice takes the legs to slice, or how large an array may become", _USAGE)
    if request.options and not bound:
        raise TransformError("the largest array is a bound: a number of entries", "`largest <= 1000000`")
    if any(len(path) != 1 for path in request.paths):
        raise TransformError("a leg is named by itself", _USAGE)
    found: set[int] = set()

    def change(net: Net) -> tuple[Stmt, ...]:
        wires = set(_small(net, int(largest))) if isinstance(largest, float | int) else set[Wire]()
        for wire in _summed(net.body):
            for number, (step,) in enumerate(request.paths):
                if wire.name == step.name and step.subs in (None, wire.subs):
                    wires.add(wire)
                    found.add(number)
        return _sliced(net, wires) if wires else net.body

    nets = change_below(request, None, change)
    for number, path in enumerate(request.paths):
        if number not in found:
            raise TransformError(f"{request.net} sums no leg {show_path(path)}", _hint(request), number)
    return nets


def _summed(body: tuple[Stmt, ...]) -> Iterator[Wire]:
    for statement in statements(body):
        if isinstance(statement, Bind | StreamSet):
            yield from summed_wires(statement.body)


def _hint(request: Request) -> str:
    names = dict.fromkeys(wire.text for wire in _summed(request.program.net(request.net).body))
    return "it sums " + some(list(names)) if names else ""


def _small(net: Net, largest: int) -> Iterator[Wire]:
    """The wires of each product that keep its arrays small."""
    for statement in statements(net.body):
        if isinstance(statement, Bind | StreamSet):
            for term in _terms(statement.body):
                operands = [node_wires(node) for node in term.nodes if node_wires(node)]
                every = dict.fromkeys(wire for wires in operands for wire in wires)
                kept = [wire for wire in every if wire not in term.summed]
                sizes = {wire: nominal(wire.size) for wire in every}
                wires = slices(operands, kept, sizes, largest)
                if wires is None:
                    raise TransformError(
                        f"what a product of {net.name} gives has more than {largest} entries by itself",
                        f"`largest <= {_entries_of(kept, sizes)}` or more, or give less of it",
                        place=statement.origin.span,
                    )
                yield from wires


def _entries_of(wires: list[Wire], sizes: dict[Wire, int]) -> int:
    return math.prod(sizes[wire] for wire in wires)


def _terms(body: Sum) -> Iterator[Term]:
    for term in body.terms:
        yield term
        for node in term.nodes:
            for child in children(node):
                yield from _terms(child)


def _sliced(net: Net, wires: set[Wire]) -> tuple[Stmt, ...]:
    taken = frozenset(s.loop.var for s in statements(net.body) if isinstance(s, Repeat))

    def changed(statement: Stmt) -> Stmt:
        match statement:
            case Bind(body=body) | StreamSet(body=body):
                known = {loop.var for loop in _loops(body)}
                new = sum_out(body, lambda wire: wire in wires, taken)
                return replace(statement, body=_apart(new, {loop.var for loop in _loops(new)} - known))
            case Repeat(body=inner):
                return replace(statement, body=tuple(map(changed, inner)))
            case _:
                return statement

    return tuple(map(changed, net.body))


def _loops(body: Sum) -> Iterator[Loop]:
    for node in walk(body):
        if isinstance(node, BigSum):
            yield from node.loops


def _apart(body: Sum, new: set[str]) -> Sum:
    """The sum with each Σ over a new variable as one whose terms come one after another."""

    def one(old: Node) -> Node:
        node = map_children(old, lambda inner: _apart(inner, new))
        if isinstance(node, BigSum) and any(loop.var in new for loop in node.loops):
            return replace(node, apart=True)
        return node

    return replace(body, terms=tuple(replace(t, nodes=tuple(map(one, t.nodes))) for t in body.terms))
