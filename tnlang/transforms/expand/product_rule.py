"""Products of several values of streams: a term for each choice of a path through each of them.

What attention without its softmax gives reads a stream three times, as queries, keys and values:
``0.3 -> 1.7 (QK)`` goes through head 0.3 on the sides of the queries and the keys of head 1.7, and passes it
by on that of the values. Products of another shape are called by the path through each use,
``0.3 × direct``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tnlang.ir.net import Node, Ref, Sum, Tensor, Term, Wire
from tnlang.ir.slots import dotted
from tnlang.ir.walk import map_children
from tnlang.transforms.expand.blocks import DIRECT, Expansion, Path
from tnlang.transforms.expand.heads import heads_of, members, sides_of
from tnlang.transforms.request import TransformError

REST = "rest"
LIMIT = 10_000
"""Terms that products may have."""


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


def products(
    expansion: Expansion,
    terms: Sequence[Term],
    kept: tuple[Wire, ...],
    place: str,
    paths: Sequence[Path],
    rest: dict[str, str],
) -> dict[str, list[Term]]:
    """The products that read several values of streams, by the names of their choices, the rest last.

    ``place`` is the block that gives them, "" for none. Raises TransformError for too many.
    """
    streams = expansion.streams.stream
    found: dict[str, list[Term]] = {}
    label = ""
    for term in terms:
        has_heads = bool(place and heads_of(term, streams, kept))
        if has_heads and not label:
            label = expansion.label(place, is_call=expansion.streams.is_call(place))
        heads = members(term, streams, kept) if has_heads and expansion.split else (((), term),)
        for numbers, head in heads:
            name = dotted(label, numbers) if has_heads else place
            sides = sides_of(head, streams, kept)
            reads = expansion.streams.uses(head)
            for values, chosen in choices(expansion, reads, paths, rest):
                caption = REST if chosen is None else _caption(chosen, sides, name)
                found.setdefault(caption, []).append(reading_each(head, streams, values))
                if sum(map(len, found.values())) > LIMIT:
                    raise TransformError(f"products of paths have more than {LIMIT:,} terms", "`count = 10`")
    if REST in found:
        found[REST] = found.pop(REST)
    return found


def _caption(chosen: Sequence[Path], sides: Sequence[str], name: str) -> str:
    """``1.7``, ``0.3 -> 1.7 (QK)``, ``0.3 (Q), 0.5 (V) -> 1.7``; without sides ``0.3 × direct``."""
    if not sides:
        product = " × ".join(path.name for path in chosen)
        return f"{product} -> {name}" if name else product
    by = by_side(chosen, sides)
    match list(by.items()):
        case []:
            return name or DIRECT
        case [(path, own)] if name:
            return f"{path} -> {name} ({own})"
        case several:
            through = ", ".join(f"{path} ({own})" for path, own in several)
            return f"{through} -> {name}" if name else through


def by_side(chosen: Sequence[Path], sides: Sequence[str]) -> dict[str, str]:
    """The paths that are not direct, each with the sides that it goes through."""
    found: dict[str, str] = {}
    for side, path in sorted(zip(sides, chosen, strict=True), key=lambda pair: "QKV".index(pair[0])):
        if path.name != DIRECT:
            found[path.name] = found.get(path.name, "") + side
    return found
