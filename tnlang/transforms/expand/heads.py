"""What a block adds, taken apart into heads: operators on different legs of a stream, and a sum over them.

A head of attention moves between positions by its pattern, and between directions of the stream by its
weights. So heads are what is summed last: the wires, or variables of a Σ, that alone hold together parts of a
product that lead to different legs of the result. However attention is written, it is that.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from tnlang.ir.net import BigSum, Node, Sum, Tensor, Term, Wire
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.walk import copy, node_wires, splice, walk
from tnlang.transforms.expand.legs import picked
from tnlang.transforms.expand.products import multiplied_out
from tnlang.transforms.request import TransformError
from tnlang.transforms.unroll import Mark, marks_of, unrolled

LIMIT = 10_000
"""Heads that are told apart."""

Joint = Wire | Mark
"""What holds parts of a product together: a wire, or a variable of a Σ that is written out."""


def heads_of(term: Term, streams: Collection[str], kept: tuple[Wire, ...]) -> tuple[Joint, ...]:
    """The joints over which a product linear in a stream is a sum of heads, in order; none where it is not.

    They are the fewest that, once fixed, leave more parts beside the stream that lead to legs of the result
    (``kept``), one at least of them from a leg of the stream. A Σ that holds the stream is looked into.
    """
    try:
        opened = next(_opened(term, streams), term)
    except TransformError:  # how many terms the Σ has is not known
        opened = term
    own = next((n for n in opened.nodes if isinstance(n, Tensor) and n.ref.name in streams), None)
    if own is None:
        return ()
    joints: list[dict[Joint, None]] = [
        dict.fromkeys((*node_wires(n), *marks_of(n))) for n in opened.nodes if n is not own
    ]
    into, out = set(node_wires(own)), set(kept)

    def leading(fixed: Collection[Joint]) -> list[set[Joint]]:
        return [part for part in _parts(joints, {*fixed, *into, *out}) if part & out]

    whole = max(1, len(leading(())))

    def apart(fixed: Collection[Joint]) -> bool:
        parts = leading(fixed)
        return len(parts) > whole and any(part & into for part in parts)

    uses: Counter[Joint] = Counter(itertools.chain(*joints))
    shared = [joint for joint, count in uses.items() if count > 1 and joint not in into | out]
    if not apart(shared):
        return ()
    fewest_first = (c for n in range(1, len(shared) + 1) for c in itertools.combinations(shared, n))
    return next(fixed for fixed in fewest_first if apart(fixed))


def members(
    term: Term, streams: Collection[str], kept: tuple[Wire, ...]
) -> Iterator[tuple[tuple[int, ...], Term]]:
    """The heads of a product, each with its numbers, in the order of ``heads_of``.

    Raises TransformError where they cannot be counted.
    """
    for opened in _opened(term, streams):
        joints = heads_of(opened, streams, kept)
        marks = {mark: value for node in opened.nodes for mark, value in marks_of(node).items()}
        ranges = [range(_size(j)) if isinstance(j, Wire) else (marks[j],) for j in joints]
        if math.prod(map(len, ranges)) > LIMIT:
            many = f"{math.prod(map(len, ranges)):,} entries of {', '.join(names_of(joints))}"
            raise TransformError(f"{many} cannot be told apart", "by = block")
        for numbers in itertools.product(*ranges):
            head = opened
            for joint, number in zip(joints, numbers, strict=True):
                head = picked(head, joint, number) if isinstance(joint, Wire) else head
            yield numbers, head


def names_of(joints: Sequence[Joint]) -> tuple[str, ...]:
    """What joints are called in the text."""
    return tuple(joint.text if isinstance(joint, Wire) else joint.var for joint in joints)


def _size(wire: Wire) -> int:
    try:
        return evaluate(wire.size, {})
    except SizeError as error:
        raise TransformError(f"the entries of {wire.text} cannot be counted: {error}") from None


def _opened(term: Term, streams: Collection[str]) -> Iterator[Term]:
    """The product with each Σ that holds the stream written out."""
    for place, node in enumerate(term.nodes):
        if not isinstance(node, BigSum) or not _holds(node, streams):
            continue
        for inner in unrolled(node, {}):
            for new in multiplied_out(copy(Sum((splice(term, place, inner),)))).terms:
                yield from _opened(new, streams)
        return
    yield term


def _holds(node: Node, streams: Collection[str]) -> bool:
    inside = walk(Sum((Term((node,)),)))
    return any(isinstance(inner, Tensor) and inner.ref.name in streams for inner in inside)


def _parts(nodes: Sequence[Iterable[Joint]], cut: set[Joint]) -> list[set[Joint]]:
    """The joints of each part of a product, whose nodes hang together by joints that are not cut."""
    parts: list[set[Joint]] = []
    for joints in map(set, nodes):
        joined = [part for part in parts if (part & joints) - cut]
        parts = [part for part in parts if not any(part is other for other in joined)]
        parts.append(joints.union(*joined))
    return parts
