"""Trees and layered circuits (tree tensor networks, MERA): what is above what, in which column each wire is.

An isometry's or unitary's legs fall into two sets, and a wire leads from the lower legs of one shape to the
upper ones of another; that alone tells the layers. Each wire has a column: a unitary keeps the columns of its
wires, an isometry puts its wire amid those it takes together. Columns are counted where most wires run side
by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from tnlang.draw.layout.level import Index, Level
from tnlang.draw.layout.paths import neighbours

Legs = tuple[tuple[int, ...], tuple[int, ...]]
"""An item's lines above it and below it."""
_LEAVES, _APART = 4, 0.3


@dataclass(frozen=True, slots=True)
class Layers:
    """Items by rank (0 at the bottom), their lines above and below in order, and columns of items and lines.

    ``around`` is the number of columns where they are counted on a circle, 0 where they stand in a row.
    """

    rank: Mapping[int, int]
    legs: Mapping[int, Legs]
    column: Mapping[int, float]
    track: Mapping[int, float]
    around: int = 0


def layers(index: Index, part: Level, *, swept: bool = False) -> Layers | None:
    """The layers of a part that has them: one that branches, and whose every wire leads up or down.

    What is above what say properties or a root; with ``swept`` the open legs, or what wires end at.
    """
    if any(i not in index.shapes or index.shapes[i].symbol not in ("tensor", "pin") for i in part.items):
        return None
    if any(e.via_a or e.via_b or e.ended or e.a == e.b for e in part.edges):
        return None
    near = neighbours(part)
    if len(part.items) < 3 or all(len(others) < 3 for others in near.values()):
        return None
    if swept:
        ways = (_in_layers(index, part, legs) for legs in _by_ends(index, part))
        return next((way for way in ways if way is not None), None)
    legs = _by_property(index, part) or _by_root(part, near)
    return None if legs is None else _in_layers(index, part, legs)


def _in_layers(index: Index, part: Level, legs: Mapping[int, Legs]) -> Layers | None:
    rank = _ranks(part, legs)
    if rank is None or (max(rank.values()) < 2 and len(part.outer_edges) < _LEAVES):
        return None  # a star of two or three legs has a side for each of them
    return _in_columns(index, part, legs, rank)


# ---------------------------------------------------------------- above and below


def _by_property(index: Index, part: Level) -> dict[int, Legs] | None:
    """Legs above and below as isometries and unitaries have them; those of others face them."""
    small = {i: {index.shapes[i].legs[n] for n in index.shapes[i].tip} for i in part.items}
    sided = [i for i in part.items if 0 < len(small[i]) < len(index.shapes[i].legs)]
    ends = {e.line: (e.a, e.b) for e in part.inner_edges}
    upright: dict[int, bool] = {}
    for first in sided:
        if first in upright:
            continue
        cluster = {first: True}
        queue = [first]
        for item in queue:
            for edge in part.of(item):
                other = edge.other(item)
                if other is None or other not in sided:
                    continue
                alike = (edge.line in small[item]) == (edge.line in small[other])
                turned = cluster[item] != alike  # two edges that meet: one of the shapes stands on its head
                if cluster.setdefault(other, turned) != turned:
                    return None
                if other not in queue:
                    queue.append(other)
        flip = 2 * sum(cluster.values()) < len(cluster)
        upright.update({item: up != flip for item, up in cluster.items()})
    legs: dict[int, Legs] = {}
    for item in part.items:
        above: list[int] = []
        below: list[int] = []
        for line in index.shapes[item].legs:
            if item in upright:
                up = (line in small[item]) == upright[item]
            elif line in ends:
                a, b = ends[line]
                other = b if a == item else a
                if other not in upright or other is None:
                    return None
                up = (line in small[other]) != upright[other]
            else:
                up = False
            (above if up else below).append(line)
        legs[item] = (tuple(above), tuple(below))
    return legs


def _by_root(part: Level, near: Mapping[int, tuple[int, ...]]) -> dict[int, Legs] | None:
    """The legs of a tree of any tensors whose open legs are all at leaves, equally far from one root."""
    if len(part.inner_edges) != len(part.items) - 1 or len(part.outer_edges) < _LEAVES:
        return None
    open_at = {e.a for e in part.outer_edges}
    if any((len(near[item]) == 1) != (item in open_at) for item in part.items):
        return None
    for root in part.items:
        depth: dict[int, int] = {root: 0}
        above: dict[int, tuple[int, ...]] = {root: ()}
        order = [root]
        for item in order:
            for edge in part.of(item):
                other = edge.other(item)
                if other is not None and other not in depth:
                    depth[other], above[other] = depth[item] + 1, (edge.line,)
                    order.append(other)
        if len(near[root]) > 1 and len({depth[item] for item in open_at}) == 1:
            return {
                item: (above[item], tuple(e.line for e in part.of(item) if e.line not in above[item]))
                for item in part.items
            }
    return None


def _by_ends(index: Index, part: Level) -> Iterator[dict[int, Legs]]:
    """Legs above and below where the lowest are half of the open legs, all of them, half or all of the ends.

    What has at least as many wires from below as others stands on those.
    """
    opens = sorted((e.line for e in part.outer_edges), key=lambda line: (index.order_of_open(line), line))
    ends = [item for item in part.items if len(part.of(item)) == 1]
    for lowest in (opens[: len(opens) // 2], opens):
        if len(lowest) >= _LEAVES and (lowest is opens or len(opens) % 2 == 0):
            yield from _risen(index, part, lowest, ())
    for below in (ends[: len(ends) // 2], ends):
        if len(below) >= _LEAVES and (below is ends or len(ends) % 2 == 0):
            yield from _risen(index, part, (), below)


def _risen(index: Index, part: Level, lines: Sequence[int], ends: Sequence[int]) -> Iterator[dict[int, Legs]]:
    """The legs of all items if layer upon layer stands on open legs, or on what single wires end at."""
    below: dict[int, set[int]] = {item: set() for item in part.items}
    for edge in part.outer_edges:
        if edge.line in lines:
            below[edge.a].add(edge.line)
    legs: dict[int, Legs] = {}
    ready = list(ends)
    while len(legs) < len(part.items):
        ready = ready or [i for i in part.items if i not in legs and _stands(index, i, below[i])]
        if not ready:
            return
        item = ready.pop(0)
        known = index.shapes[item].legs
        above = tuple(line for line in known if line not in below[item])
        legs[item] = (above, tuple(line for line in known if line in below[item]))
        for edge in part.of(item):
            other = edge.other(item)
            if edge.line in above and other is not None:
                if other in legs:
                    return
                below[other].add(edge.line)
    yield legs


def _stands(index: Index, item: int, below: Set[int]) -> bool:
    return bool(below) and 2 * len(below) >= len(index.shapes[item].legs)


def _ranks(part: Level, legs: Mapping[int, Legs]) -> dict[int, int] | None:
    """How many items lie under each at most; None if they go round."""
    below: dict[int, list[int]] = {item: [] for item in part.items}
    for edge in part.inner_edges:
        assert edge.b is not None
        upper, lower = (edge.a, edge.b) if edge.line in legs[edge.a][1] else (edge.b, edge.a)
        below[upper].append(lower)
    rank: dict[int, int] = {}
    waiting = list(part.items)
    while waiting:
        ready = [i for i in waiting if all(lower in rank for lower in below[i])]
        if not ready:
            return None
        rank.update({i: 1 + max((rank[lower] for lower in below[i]), default=-1) for i in ready})
        waiting = [i for i in waiting if i not in rank]
    return rank


# ---------------------------------------------------------------- columns


def _in_columns(
    index: Index, part: Level, legs: Mapping[int, Legs], rank: Mapping[int, int]
) -> Layers | None:
    height, lines = _widest(part, legs, rank)
    walked = {line: n for n, line in enumerate(_walk(part, legs, rank))}
    orders = [sorted(lines, key=lambda line: walked[line])]
    if all(line in {e.line for e in part.outer_edges} for line in lines):
        orders.insert(0, sorted(lines, key=lambda line: (index.order_of_open(line), line)))
    found: list[tuple[float, int, Layers]] = []
    for number, order in enumerate(orders):
        for around in (0, len(order)):
            made = _columns(legs, rank, order, height, around)
            if made is not None and not _clash(made):
                # round the circle only where a row would lead wires from one end to the other
                found.append((_reach(made) + (len(order) / 2 if around else 0.0), number, made))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


def _widest(part: Level, legs: Mapping[int, Legs], rank: Mapping[int, int]) -> tuple[int, list[int]]:
    """Under which rank most wires run side by side, and which; the lowest such place."""
    ends: dict[int, tuple[int, int]] = {}
    top = max(rank.values()) + 1
    for item in part.items:
        for line in legs[item][0]:
            ends[line] = (rank[item], ends.get(line, (0, top))[1])
        for line in legs[item][1]:
            ends[line] = (ends.get(line, (-1, 0))[0], rank[item])
    best: tuple[int, list[int]] = (0, [])
    for height in range(top + 1):
        lines = [line for line, (low, high) in ends.items() if low < height <= high]
        if len(lines) > len(best[1]):
            best = (height, lines)
    return best


def _walk(part: Level, legs: Mapping[int, Legs], rank: Mapping[int, int]) -> list[int]:
    """All lines in the order in which a walk down from the highest items meets them."""
    owner: dict[int, list[int]] = {}
    for item in part.items:
        for line in legs[item][0]:
            owner.setdefault(line, []).append(item)
    seen: dict[int, None] = {}
    visited: set[int] = set()

    stack = sorted(part.items, key=lambda item: (rank[item], -item))
    while stack:
        item = stack.pop()
        if item in visited:
            continue
        visited.add(item)
        for line in (*legs[item][0], *legs[item][1]):
            seen.setdefault(line)
        for line in reversed(legs[item][1]):
            stack.extend(owner.get(line, ()))
    return list(seen)


def _columns(
    legs: Mapping[int, Legs], rank: Mapping[int, int], order: Sequence[int], height: int, around: int
) -> Layers | None:
    """The columns of all lines and items, from the lines that run side by side under ``height`` outwards."""
    track: dict[int, float] = {line: float(n) for n, line in enumerate(order)}
    column: dict[int, float] = {}
    upward = sorted((i for i in legs if rank[i] >= height), key=lambda i: (rank[i], i))
    downward = sorted((i for i in legs if rank[i] < height), key=lambda i: (-rank[i], i))
    for items, near, far in ((upward, 1, 0), (downward, 0, 1)):
        for item in items:
            known = legs[item][near]
            if not known or any(line not in track for line in known):
                return None
            places = sorted(_unwrapped([track[line] for line in known], around))
            column[item] = sum(places) / len(places)
            new = [line for line in legs[item][far] if line not in track]
            if len(new) == len(places):
                track.update(zip(new, places, strict=True))
            else:
                apart = (places[-1] - places[0]) / max(1, len(new))
                for n, line in enumerate(new):
                    track[line] = column[item] + (n - (len(new) - 1) / 2) * apart
    sorted_legs = {
        item: (
            _sorted(above, track, column[item], around),
            _sorted(below, track, column[item], around),
        )
        for item, (above, below) in legs.items()
    }
    return Layers(rank, sorted_legs, column, track, around)


def _unwrapped(places: list[float], around: int) -> list[float]:
    """Places on a circle of ``around`` columns as near to one another as they get; as they are in a row."""
    if not around:
        return places
    ordered = sorted(place % around for place in places)
    gaps = [
        (ordered[n] - ordered[n - 1] if n else ordered[0] + around - ordered[-1], n)
        for n in range(len(ordered))
    ]
    start = max(gaps)[1]
    return [*ordered[start:], *(place + around for place in ordered[:start])]


def _sorted(
    lines: tuple[int, ...], track: Mapping[int, float], column: float, around: int
) -> tuple[int, ...]:
    return tuple(sorted(lines, key=lambda line: (beside(track[line] - column, around), line)))


def beside(gap: float, around: int) -> float:
    """How far a column is to the right, the short way round where there is one."""
    return (gap + around / 2) % around - around / 2 if around else gap


def _reach(found: Layers) -> float:
    """How far the wires of all items lead aside, and ten times how far they reach across a neighbour's."""
    total = 0.0
    spans: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for item, sets in found.legs.items():
        for number, lines in enumerate(sets):
            gaps = [beside(found.track[line] - found.column[item], found.around) for line in lines]
            total += sum(map(abs, gaps))
            if gaps:
                first = found.column[item] + min(gaps)
                spans.setdefault((found.rank[item], number), []).append(
                    (first, first + max(gaps) - min(gaps))
                )
    for row in spans.values():
        row.sort()
        total += 10.0 * sum(max(0.0, a[1] - b[0]) for a, b in pairwise(row))
    return total


def _clash(found: Layers) -> bool:
    """Whether two items of a row would stand in one place."""
    rows: dict[int, list[float]] = {}
    for item, column in found.column.items():
        rows.setdefault(found.rank[item], []).append(column % found.around if found.around else column)
    return any(b - a < _APART for row in rows.values() for a, b in pairwise(sorted(row)))
