"""Products of several values of streams: a term for each choice of a path through each of them.

What attention without its softmax gives reads a stream three times, as queries, keys and values:
``0.3 -> 1.7 (QK)`` goes through head 0.3 on the sides of the queries and the keys of head 1.7, and passes it
by on that of the values. Products of another shape are called by the path through each use,
``0.3 × direct``.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from tnlang.ir.net import Term, Wire
from tnlang.ir.slots import dotted
from tnlang.transforms.expand.blocks import Expansion, Path
from tnlang.transforms.expand.choices import (
    REST,
    caption_of,
    check_count,
    choices,
    count_of,
    reading_each,
    sides_of,
)
from tnlang.transforms.expand.heads import heads_of, members, number_of_heads


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
    ends = [path.at for path in paths]
    is_split = expansion.split and bool(place)
    heads_in = [number_of_heads(term, streams, kept) if is_split else 1 for term in terms]
    ways = [count_of(expansion, expansion.streams.uses(term), ends, rest) for term in terms]
    check_count(sum(map(operator.mul, heads_in, ways)))
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
                caption = REST if chosen is None else caption_of(chosen, sides, name)
                found.setdefault(caption, []).append(reading_each(head, streams, values))
    if REST in found:
        found[REST] = found.pop(REST)
    return found
