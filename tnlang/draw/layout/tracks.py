"""Parallel tracks: chains from an open leg to where it comes from, linked by rungs (operators, circuits).

Each track is straight. What two of them share stands between them: a wire as a rung, a wire with more ends
as a dot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tnlang.draw.diagram import OpenEnd
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.layout.paths import neighbours

_CANDIDATES, _TRIED = 12, 4000


@dataclass(frozen=True, slots=True)
class Track:
    """Items from the output on; the open line it ends with, or the line to what closes several tracks."""

    items: tuple[int, ...]
    first: Edge
    last: Edge | None


@dataclass(frozen=True, slots=True)
class Tracks:
    """Tracks in the order of the outputs; the item that closes all of them; items between tracks."""

    rows: tuple[Track, ...]
    cap: int | None
    links: tuple[int, ...]


def paired(index: Index, opens: Sequence[OpenEnd]) -> list[tuple[int, int]]:
    """Which open lines are the two ends of one track: an output and an input, or two outputs of one kind.

    Of outputs that are no pairs, two halves belong together where their dims are the same in the same order.
    """
    outs = [o.line for o in sorted(opens, key=lambda o: o.order) if o.kind == "output"]
    ins = [o.line for o in sorted(opens, key=lambda o: o.order) if o.kind == "input"]
    kinds = [_kind(index, line) for line in outs]
    if not ins and len(set(kinds)) > 1 and all(kinds.count(kind) == 2 for kind in kinds):
        first = [n for n, kind in enumerate(kinds) if kind not in kinds[:n]]
        return [(outs[n], outs[kinds.index(kinds[n], n + 1)]) for n in first]
    if not ins and len(outs) % 2 == 0:
        outs, ins = outs[: len(outs) // 2], outs[len(outs) // 2 :]
    if len(outs) < 2 or len(outs) != len(ins):
        return []
    if any(_kind(index, a) != _kind(index, b) for a, b in zip(outs, ins, strict=True)):
        return []
    return list(zip(outs, ins, strict=True))


def are_parallel(index: Index) -> bool:
    """Whether the open legs of the diagram are the ends of tracks of different kinds."""
    pairs = paired(index, index.diagram.opens)
    holders = [{end.shape for line in set(pair) for end in index.lines[line].ends} - {None} for pair in pairs]
    apart = sum(map(len, holders)) == len(set().union(*holders))
    return bool(pairs) and apart and len({_kind(index, a) for a, _ in pairs}) == len(pairs)


def ends_of_a_chain(index: Index) -> tuple[list[int], list[int]]:
    """Of four outputs and more those that leave a chain to the left, and to the right; else none.

    Two that are like its own wires carry it on (a piece of a matrix product state); all do where they are at
    two shapes alone (a matrix over two sets of legs).
    """
    outs = [o.line for o in sorted(index.diagram.opens, key=lambda o: o.order) if o.kind == "output"]
    if len(outs) < 4 or len(outs) != len(index.diagram.opens):
        return [], []
    inner = {
        _kind(index, line.id)
        for line in index.diagram.lines
        if all(end.shape is not None for end in line.ends)
    }
    bonds = [line for line in outs if _kind(index, line) in inner]
    if len(bonds) == 2 and len({_kind(index, line) for line in bonds}) == 1:
        return bonds[:1], bonds[1:]
    at = {line: next((e.shape for e in index.lines[line].ends if e.shape is not None), None) for line in outs}
    shapes = list(dict.fromkeys(at.values()))
    if len(shapes) != 2 or None in shapes:
        return [], []
    one, other = ([line for line in outs if at[line] == shape] for shape in shapes)
    return (one, other) if min(len(one), len(other)) > 1 else ([], [])


def tracks_of(index: Index, part: Level, *, alike: bool) -> Tracks | None:
    """The part as tracks (of one kind or all of different kinds), if its open legs and the rest are so."""
    if part.inside is not None or len(part.outer_edges) < 2:
        return None
    if any(e.ended or e.via_a or e.via_b or e.a == e.b for e in part.edges):
        return None
    opens = [o for o in index.diagram.opens if o.line in {e.line for e in part.outer_edges}]
    for cap, goals in _goals(index, part, opens):
        found = _cover(index, part, cap, goals)
        if found is not None and _fits(index, found, alike):
            return found
    return None


def _kind(index: Index, line: int) -> tuple[str, int | None]:
    return (index.lines[line].dim, index.lines[line].size)


def _goals(
    index: Index, part: Level, opens: Sequence[OpenEnd]
) -> Iterator[tuple[int | None, dict[int, set[int]]]]:
    """For each output the lines with which its track may end, and the item that closes the tracks, if any."""
    pairs = paired(index, opens)
    if pairs:
        yield None, {a: {b} for a, b in pairs}
    outs = [o.line for o in sorted(opens, key=lambda o: o.order) if o.kind == "output"]
    if len(outs) < 2 or len(outs) != len(opens):
        return
    pins = [i for i in part.items if i in index.shapes and index.shapes[i].symbol == "pin"]
    if len(pins) == len(outs):
        ends = {e.line for pin in pins for e in part.of(pin)}
        yield None, {line: ends for line in outs}
    kinds = [_kind(index, line) for line in outs]
    if len(set(kinds)) < len(kinds):
        return
    for item in part.items:
        if item in index.shapes and index.shapes[item].symbol in ("tensor", "paste", "copy"):
            legs = index.shapes[item].legs
            inner = all(e.b is not None for e in part.of(item))
            if inner and len(part.of(item)) == len(legs) and [_kind(index, leg) for leg in legs] == kinds:
                yield item, {line: {leg} for line, leg in zip(outs, legs, strict=True)}


def _cover(index: Index, part: Level, cap: int | None, goals: Mapping[int, set[int]]) -> Tracks | None:
    """Disjoint paths, one for each output, that leave nothing but links between them; the shortest in all."""
    near = neighbours(part)
    edges = {e.line: e for e in part.edges}
    ways = [list(_ways(index, part, cap, edges[line], goal, near)) for line, goal in goals.items()]
    best: tuple[int, Tracks] | None = None
    tried = 0
    stack: list[tuple[tuple[Track, ...], frozenset[int]]] = [((), frozenset())]
    while stack and tried < _TRIED:
        chosen, used = stack.pop()
        tried += 1
        if len(chosen) == len(ways):
            links = tuple(i for i in part.items if i not in used and i != cap)
            found = Tracks(chosen, cap, links)
            if (best is None or len(used) < best[0]) and _tidy(index, part, found):
                best = (len(used), found)
            continue
        for way in reversed(ways[len(chosen)]):
            if used.isdisjoint(way.items):
                stack.append(((*chosen, way), used | set(way.items)))
    return best[1] if best else None


def _ways(
    index: Index,
    part: Level,
    cap: int | None,
    first: Edge,
    goal: set[int],
    near: Mapping[int, tuple[int, ...]],
) -> Iterator[Track]:
    """The shortest paths from an open line to one of the goals."""
    queue: list[tuple[int, ...]] = [(first.a,)]
    count = at = 0
    while at < len(queue) and at < _TRIED and count < _CANDIDATES:
        path = queue[at]
        at += 1
        last = next((e for e in part.of(path[-1]) if e.line in goal and e is not first), None)
        if last is not None and (last.b is None or cap is not None or len(part.of(path[-1])) == 1):
            count += 1
            yield Track(path, first, None if last.b is not None and cap is None else last)
            continue
        queue.extend((*path, other) for other in near[path[-1]] if other not in path and other != cap)


def _tidy(index: Index, part: Level, found: Tracks) -> bool:
    """Whether all that is not on a track leads from track to track, and no track has a wire to itself."""
    row = {item: n for n, track in enumerate(found.rows) for item in track.items}
    steps = {frozenset(pair) for track in found.rows for pair in pairwise(track.items)}
    seen: set[frozenset[int]] = set()
    for edge in part.inner_edges:
        assert edge.b is not None
        a, b = row.get(edge.a), row.get(edge.b)
        pair = frozenset((edge.a, edge.b))
        if pair in steps and pair in seen:
            return False
        seen.add(pair)
        if a is not None and a == b and pair not in steps:
            return False
    for item in found.links:
        if item not in index.shapes or index.shapes[item].symbol not in ("dot", "tensor"):
            return False
        joined = {row.get(other) if (other := e.other(item)) is not None else None for e in part.of(item)}
        if None in joined or len(joined) != 2:
            return False
    return True


def _fits(index: Index, found: Tracks, alike: bool) -> bool:
    """Whether tracks of one kind are long enough to tell more than a row would, or all kinds differ."""
    kinds = {_kind(index, track.first.line) for track in found.rows}
    if not alike:
        return len(kinds) == len(found.rows)
    return any(len(track.items) > 2 for track in found.rows)
