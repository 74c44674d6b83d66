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

MOST_LEGS = 3
"""Legs that heads are counted by: two where they are grouped."""

Joint = Wire | Mark
"""What holds parts of a product together: a wire, or a variable of a Σ that is written out."""
_WEIGHT = Mark("", 0)
"""Of every node that is no use of a stream; it holds nothing together."""


def heads_of(term: Term, streams: Collection[str], kept: tuple[Wire, ...]) -> tuple[Joint, ...]:
    """The joints over which a product that reads streams is a sum of heads, in order; none where it is not.

    They are the fewest that, once fixed, leave more parts beside a use of a stream that lead from its legs to
    legs of the result (``kept``). Where there are none, one of the parts may lead from nowhere, as a pattern
    that looks at one position does. A Σ that holds the stream is looked into.
    """
    opened = first_of(term, streams)
    uses = (node for node in opened.nodes if isinstance(node, Tensor) and node.ref.name in streams)
    return next((found for own in uses if (found := _heads_beside(opened, own, kept, streams))), ())


def first_of(term: Term, streams: Collection[str]) -> Term:
    """The product, of a Σ its first term."""
    try:
        return next(_opened(term, streams), term)
    except TransformError:  # how many terms the Σ has is not known
        return term


def _heads_beside(
    term: Term, own: Node, kept: tuple[Wire, ...], streams: Collection[str]
) -> tuple[Joint, ...]:
    """The heads beside one use of a stream; other uses are parts of them, but none alone is one.

    A leg that goes straight through is no leg that parts lead to: what multiplies each of its entries by
    itself, as the gate of an MLP does, is no operator on it, and the neurons are no heads.
    """
    others = [node for node in term.nodes if node is not own]
    uses = [isinstance(node, Tensor) and node.ref.name in streams for node in others]
    marks = [() if is_use else (_WEIGHT,) for is_use in uses]
    joints = [dict.fromkeys((*node_wires(n), *marks_of(n), *m)) for n, m in zip(others, marks, strict=True)]
    through = set(node_wires(own)) & set(kept)
    into, out = set(node_wires(own)) - through, set(kept) - through
    ends: set[Joint] = {*into, *out, *through, _WEIGHT}

    def leading(fixed: Collection[Joint]) -> list[set[Joint]]:
        return [part for part in parts_of(joints, {*fixed, *ends}) if part & out]

    whole = max(1, len(leading(())))

    def apart(fixed: Collection[Joint], each: bool) -> bool:
        parts = leading(fixed)
        from_use = [bool(part & into) and _WEIGHT in part for part in parts]
        return len(parts) > whole and (all(from_use) if each else any(from_use))

    counts: Counter[Joint] = Counter(itertools.chain(*joints))
    shared = [joint for joint, n in counts.items() if n > 1 and joint not in ends]
    if not apart(shared, each=False):
        return ()
    for each in (True,) if any(uses) else (True, False):
        most = min(MOST_LEGS, len(shared))
        fewest_first = (c for n in range(1, most + 1) for c in itertools.combinations(shared, n))
        found = next((fixed for fixed in fewest_first if apart(fixed, each)), ())
        if found:
            return found
    return ()


def members(
    term: Term, streams: Collection[str], kept: tuple[Wire, ...]
) -> Iterator[tuple[tuple[int, ...], Term]]:
    """The heads of a product, each with its numbers, in the order of ``heads_of``.

    Raises TransformError where they cannot be counted.
    """
    for opened in _opened(term, streams):
        joints = heads_of(opened, streams, kept)
        ranges = _numbers(opened, joints)
        if math.prod(map(len, ranges)) > LIMIT:
            many = f"{math.prod(map(len, ranges)):,} entries of {', '.join(names_of(joints))}"
            raise TransformError(f"{many} cannot be told apart", "by = block")
        for numbers in itertools.product(*ranges):
            head = opened
            for joint, number in zip(joints, numbers, strict=True):
                head = picked(head, joint, number) if isinstance(joint, Wire) else head
            yield numbers, head


def number_of_heads(term: Term, streams: Collection[str], kept: tuple[Wire, ...]) -> int:
    """How many members a product has. Raises TransformError where they cannot be counted."""
    parts = (_numbers(opened, heads_of(opened, streams, kept)) for opened in _opened(term, streams))
    return sum(math.prod(map(len, ranges)) for ranges in parts)


def _numbers(opened: Term, joints: Sequence[Joint]) -> list[Sequence[int]]:
    """What each joint runs over in a product with its Σ written out: one number for a Σ's variable."""
    marks = {mark: value for node in opened.nodes for mark, value in marks_of(node).items()}
    return [range(_size(j)) if isinstance(j, Wire) else (marks[j],) for j in joints]


def names_of(joints: Sequence[Joint]) -> tuple[str, ...]:
    """What joints are called in the text."""
    return tuple(joint.text if isinstance(joint, Wire) else joint.var for joint in joints)


def _size(wire: Wire) -> int:
    try:
        return evaluate(wire.size, {})
    except SizeError as error:
        said = f"the entries of {wire.text} cannot be counted: {error}"
        raise TransformError(said, "give the dim a default, or take blocks: `by = block`") from None


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


def parts_of(nodes: Sequence[Iterable[Joint]], cut: set[Joint]) -> list[set[Joint]]:
    """The joints of each part of a product, whose nodes hang together by joints that are not cut."""
    parts: list[set[Joint]] = []
    for joints in map(set, nodes):
        joined = [part for part in parts if (part & joints) - cut]
        parts = [part for part in parts if not any(part is other for other in joined)]
        parts.append(joints.union(*joined))
    return parts
