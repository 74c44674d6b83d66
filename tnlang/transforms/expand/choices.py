"""Choices of a path for each use of a stream in a product, and what they are called by: sides, or uses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tnlang.ir.net import Node, Ref, Sum, Tensor, Term, Wire
from tnlang.ir.walk import map_children, node_wires, walk
from tnlang.transforms.expand.blocks import DIRECT, Expansion, Path
from tnlang.transforms.expand.heads import first_of, heads_of, parts_of
from tnlang.transforms.expand.linear import Streams
from tnlang.transforms.request import TransformError
from tnlang.transforms.unroll import marks_of

REST = "rest"
LIMIT = 10_000
"""Terms that products of paths may have."""


def choices(
    expansion: Expansion, reads: Sequence[str], paths: Sequence[Path], rest: dict[str, str]
) -> Iterator[tuple[list[str], tuple[Path, ...] | None]]:
    """The values that stand for the uses of streams in a product, in each way; and their paths.

    What is not listed, None in place of the paths, is the first use that is the rest: those before it go
    through listed paths, those after it read the stream.
    """

    def onward(chosen: tuple[Path, ...]) -> Iterator[tuple[list[str], tuple[Path, ...] | None]]:
        values = [path.value for path in chosen]
        if len(chosen) == len(reads):
            yield values, chosen
            return
        read, later = reads[len(chosen)], reads[len(chosen) + 1 :]
        for path in paths:
            if path.at in expansion.within[read]:
                yield from onward((*chosen, path))
        if read in rest:
            yield [*values, rest[read], *later], None

    return onward(())


def count_of(
    expansion: Expansion, reads: Sequence[str], ends: Sequence[int], rest: Collection[str] = ()
) -> int:
    """How many choices there are, with the assignments that first add the paths."""
    ways = [sum(at in expansion.within[read] for at in ends) for read in reads]
    unlisted = (math.prod(ways[:at]) for at, read in enumerate(reads) if read in rest)
    return math.prod(ways) + sum(unlisted)


def check_count(terms: int) -> None:
    """Raises TransformError for more terms than products may have."""
    if terms > LIMIT:
        said = f"products of paths have {terms:,} terms, more than {LIMIT:,}"
        raise TransformError(said, "limit the paths: `order <= 1`, `count = 10`")


def reading_each(term: Term, streams: set[str], values: Sequence[str]) -> Term:
    """The term with these values, in order, for its uses of streams."""
    waiting = iter(values)

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name)) if name in streams:
                return replace(old, ref=Ref(next(waiting)))
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return total(Sum((term,))).terms[0]


def sides_of(term: Term, streams: Collection[str], kept: tuple[Wire, ...]) -> list[str]:
    """Of each use of a stream whether it is that of the queries, keys or values (Q, K, V); [] for neither.

    Heads apart, the values lead through weights to a leg of the result, the queries have another of its legs
    themselves, and the keys hang together with them.
    """
    opened = first_of(term, streams)
    uses = [node for node in opened.nodes if isinstance(node, Tensor) and node.ref.name in streams]
    between = Counter(wire for use in uses for wire in node_wires(use))
    cut = {*kept, *heads_of(opened, streams, kept), *(wire for wire, n in between.items() if n > 1)}
    others = [node for node in opened.nodes if not any(node is use for use in uses)]
    joined = parts_of([(*node_wires(node), *marks_of(node)) for node in opened.nodes], cut)
    led_to = [(set(node_wires(node)) - cut, set(node_wires(node)) & set(kept)) for node in others]
    sides: list[str] = []
    for use in uses:
        part = next(part for part in joined if set(node_wires(use)) <= part)
        if any(legs and inner & part for inner, legs in led_to):
            sides.append("V")
        else:
            sides.append("Q" if set(node_wires(use)) & set(kept) else "K")
    return sides if len(set(sides)) == len(sides) > 1 else []


def sides_of_score(streams: Streams, term: Term, keys: Wire | None) -> list[str]:
    """Of each use of a stream in a term its side, that of the queries (Q) or keys (K)."""
    nodes = [n for n in walk(Sum((term,))) if isinstance(n, Tensor) and n.ref.name in streams.stream]
    if len(nodes) > 2:
        raise TransformError("a score multiplies two uses of a stream, this value more", "freeze one of them")
    by_wire = ["K" if keys in node_wires(node) else "Q" for node in nodes]
    return by_wire if len(nodes) == 1 or set(by_wire) == {"Q", "K"} else ["Q", "K"][: len(nodes)]


def caption_of(chosen: Sequence[Path], sides: Sequence[str], name: str) -> str:
    """``1.7``, ``0.3 -> 1.7 (QK)``, ``0.3 (Q), 0.5 (V) -> 1.7``; without sides ``0.3 × direct``."""
    if not sides:
        product = " × ".join(path.name for path in chosen)
        return f"{product} -> {name}" if name else product
    by = _by_side(chosen, sides)
    match list(by.items()):
        case []:
            return name or DIRECT
        case [(path, own)] if name:
            return f"{path} -> {name} ({own})"
        case several:
            through = ", ".join(f"{path} ({own})" for path, own in several)
            return f"{through} -> {name}" if name else through


def _by_side(chosen: Sequence[Path], sides: Sequence[str]) -> dict[str, str]:
    """The paths that are not direct, each with the sides that it goes through."""
    found: dict[str, str] = {}
    for side, path in sorted(zip(sides, chosen, strict=True), key=lambda pair: "QKV".index(pair[0])):
        if path.name != DIRECT:
            found[path.name] = found.get(path.name, "") + side
    return found
