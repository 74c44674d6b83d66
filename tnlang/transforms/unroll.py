"""A Σ written out: a term for each value of its variables, which are numbers then.

What has depended on a variable keeps a mark in its origin that tells the value, so that the terms can be told
apart by it later, wherever they have been written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from tnlang.ir.net import BigSum, Bracket, Loop, Node, Origin, Sum, Term
from tnlang.ir.size import SizeError, evaluate, loop_key, substitute, variables
from tnlang.ir.walk import (
    bound_wires,
    fresh_wire,
    map_children,
    map_sizes,
    new_id,
    node_sizes,
    rename,
    walk,
)
from tnlang.transforms.request import TransformError

LIMIT = 10_000
"""Terms that a Σ may be written out to."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A variable of a Σ that has been written out: its name, and a number that this Σ alone has."""

    var: str
    id: int


_MARK = re.compile(r"unroll (.+) (\d+) = (-?\d+)")


def at_value(node: BigSum, loop: Loop, value: int) -> Node:
    """A Σ at one value of one of its variables: the Σ over the others, a bracket where there are none."""
    put = partial(substitute, numbers={loop_key(loop.var): value})
    others = [other for other in node.loops if other is not loop]
    ranges = tuple(replace(other, start=put(other.start), stop=put(other.stop)) for other in others)
    wires = {wire: replace(fresh_wire(wire), size=put(wire.size)) for wire in bound_wires(node.body)}
    body = map_sizes(rename(node.body, dict(wires)), put)
    return replace(node, loops=ranges, body=body) if ranges else Bracket(body, origin=node.origin)


def unrolled(
    node: BigSum, numbers: Mapping[str, int], chosen: Collection[str] | None = None
) -> Iterator[Term]:
    """The terms of a Σ, with marks, or its terms by the ``chosen`` variables alone.

    ``numbers`` are the sizes known, as ``evaluate`` takes them. Raises TransformError where the values of a
    variable are not known, or there are too many.
    """
    names = [loop.var for loop in node.loops if chosen is None or loop.var in chosen]
    yield from _terms(node, numbers, [Mark(var, new_id()) for var in names])


def _terms(node: Node, numbers: Mapping[str, int], marks: list[Mark]) -> Iterator[Term]:
    match node:
        case Bracket(body=body) if not marks:
            yield from body.terms
            return
        case BigSum() if marks:
            pass
        case _:
            yield Term((node,), origin=node.origin)
            return
    mark = marks[0]
    loop = next(loop for loop in node.loops if loop.var == mark.var)
    try:
        values = range(evaluate(loop.start, numbers), evaluate(loop.stop, numbers))
    except SizeError as error:
        said = f"how many terms the sum over {loop.var} has is not known: {error}"
        raise TransformError(said, "give the dim a default") from None
    if len(values) > LIMIT:
        said = f"a sum of {len(values):,} terms cannot be written out"
        raise TransformError(said, "bind the dim of its turns to a smaller number")
    for value in values:
        rule = f"unroll {mark.var} {mark.id} = {value}"
        marked = replace(node, body=_marked(node.body, loop.var, rule))
        yield from _terms(at_value(marked, loop, value), numbers, marks[1:])


def marks_of(node: Node) -> dict[Mark, int]:
    """The values of variables that a node, or what is in it, has depended on."""
    found: dict[Mark, int] = {}
    for inner in walk(Sum((Term((node,)),))):
        for rule in inner.origin.rules:
            if match := _MARK.fullmatch(rule):
                found[Mark(match[1], int(match[2]))] = int(match[3])
    return found


def marked_as(body: Sum, node: Node) -> Sum:
    """What is written in the place of a node, with the node's marks."""
    for rule in node.origin.rules:
        if _MARK.fullmatch(rule):
            body = _marked(body, "", rule)
    return body


def _marked(body: Sum, var: str, rule: str) -> Sum:
    """The sum with a mark at each node that speaks of a variable, "" for each node at all."""

    def node(old: Node) -> Node:
        new = map_children(old, total)
        if var and not any(var in variables(size) for size in node_sizes(new)):
            return new
        return replace(new, origin=Origin(new.origin.span, (*new.origin.rules, rule)))

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return total(body)
