"""Which items form the spine of a level: the straight row that the reader follows from the first open leg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tnlang.draw.diagram import Side
from tnlang.draw.layout.level import Edge, Index, Level

_TRIED, _SMALL = 6000, 20
"""So many paths are compared; in networks of more items those alone that cannot go on."""


def neighbours(level: Level) -> dict[int, tuple[int, ...]]:
    """The items joined to each item, in the order of the edges."""
    found: dict[int, dict[int, None]] = {item: {} for item in level.items}
    for edge in level.inner_edges:
        if edge.b is not None and edge.a != edge.b:
            found[edge.a][edge.b] = None
            found[edge.b][edge.a] = None
    return {item: tuple(others) for item, others in found.items()}


def spines_of(index: Index, level: Level, want: Mapping[int, Side], most: int) -> list[tuple[int, ...]]:
    """The paths through the items with the best scores, at most so many; every item may begin one."""
    near = neighbours(level)
    found: list[tuple[float, tuple[int, ...]]] = []
    starts = sorted(level.items, key=lambda i: (not _ports(level, i, want, "left"), i))
    # a path's score takes time in proportion to the network
    tries = _TRIED * min(1.0, 12 / max(1, len(level.items)))
    large = len(starts) > _SMALL
    if large:  # from the ends of what hangs together, and to where nothing is left
        starts.sort(key=lambda i: (not _ports(level, i, want, "left"), len(near[i]), i))
        starts = starts[: max(2, int(tries / len(starts)))]
    share = max(8, int(tries / max(1, len(starts))) + len(level.items))
    for first in starts:
        stack: list[tuple[int, ...]] = [(first,)]
        tried = 0
        while stack and tried < share:
            path = stack.pop()
            tried += 1
            longer = [(*path, item) for item in reversed(near[path[-1]]) if item not in path]
            if not (large and longer and tried < share):
                found.append((round(score(index, level, path, want, near), 9), path))
            stack.extend(longer)
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return [path for _, path in found[:most]]


def score(
    index: Index,
    level: Level,
    path: Sequence[int],
    want: Mapping[int, Side],
    near: Mapping[int, tuple[int, ...]],
) -> float:
    """How well a path serves as spine: many items, ends where the open legs are wanted, the written order."""
    total = sum(_weight(index, item) for item in path)
    total += 2.5 * len(_ports(level, path[0], want, "left")[:1])
    total += 2.5 * len(_ports(level, path[-1], want, "right")[:1])
    place = {item: i for i, item in enumerate(path)}
    for edge in level.inner_edges:
        if edge.b in place and edge.a in place and abs(place[edge.a] - place[edge.b]) > 1:
            total -= 1.0
    total -= 0.6 * sum(len(set(joined)) - 1 for joined in _bridges(level, place))
    for a, b in pairwise(path):
        total += 0.05 if index.order(a) < index.order(b) else -0.05
        total += 0.02 * (_leg(index, level, a, b) - _leg(index, level, b, a))
    total -= 0.001 * path[-1] / max(1, max(level.items))
    for item in (path[0], path[-1]):
        if len(path) > 1 and _is_plain_term(index, item, near):
            total -= 1.2
    for before, item, after in zip(path, path[1:], path[2:], strict=False):
        if item in index.shapes and index.shapes[item].symbol == "plus":
            total -= 1.0 * (_adds(index, level, item, before) and _adds(index, level, item, after))
    return total


def _bridges(level: Level, place: Mapping[int, int]) -> list[list[int]]:
    """For each component off the path the items of the path it is joined to."""
    found = []
    for items in level.only(item for item in level.items if item not in place).components():
        inside = set(items)
        edges = [e for e in level.inner_edges if e.b is not None and (e.a in inside) != (e.b in inside)]
        found.append([e.a if e.a in place else e.b for e in edges if e.b is not None])
    return found


def _weight(index: Index, item: int) -> float:
    if item not in index.shapes:
        return 1.5
    return {"dot": 0.3, "pin": 0.2, "fork": 0.4}.get(index.shapes[item].symbol, 1.0)


def _ports(level: Level, item: int, want: Mapping[int, Side], side: Side) -> list[Edge]:
    return [e for e in level.of(item) if e.b is None and want.get(e.line) == side]


def _leg(index: Index, level: Level, item: int, other: int) -> float:
    """Where among the legs of an item the wire to another one stands, from 0 (first) to 1 (last)."""
    if item not in index.shapes or index.is_small(item) or len(index.shapes[item].legs) < 2:
        return 0.5
    legs = index.shapes[item].legs
    for edge in level.of(item):
        if edge.other(item) == other:
            via = edge.via(item)
            return index.leg_position(item, via.near if via else edge.line) / (len(legs) - 1)
    return 0.5


def _is_plain_term(index: Index, item: int, near: Mapping[int, tuple[int, ...]]) -> bool:
    """A leaf that is added: a bias, or one of several single tensors in a sum."""
    if item not in index.shapes or len(near[item]) != 1:
        return False
    owner = near[item][0]
    if owner not in index.shapes or index.shapes[owner].symbol != "plus":
        return False
    leaves = [n for n in near[owner] if n in index.shapes and len(near[n]) == 1]
    return index.shapes[item].role == "bias" or len(leaves) > 1


def _adds(index: Index, level: Level, plus: int, item: int) -> bool:
    """Whether an item brings a term to the plus."""
    brought = {line for term in index.shapes[plus].terms for line in term}
    for edge in level.of(plus):
        via = edge.via(plus)
        if edge.other(plus) == item and (via.near if via else edge.line) in brought:
            return True
    return False
