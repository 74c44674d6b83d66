"""What stands above and below a backbone: the embedding and unembedding, and tensors added to the stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnlang.draw.curves import cubic, straight
from tnlang.draw.geometry import DOWN, LEFT, RIGHT, UP, add, join, reverse
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.gauge import Gauge
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.bends import rounded_track
from tnlang.draw.scene import Path, Point

SMALL = ("onehot", "clip", "shift")
JOG = 26.0
"""Length of the S-curve by which a wire moves aside."""
ROUND = 32.0
"""Radius of the round by which an embedding's wire turns down."""
ASIDE, FALL = 64.0, 38.0
"""How far the embedding stands right of the hidden track; the clear space from there to the next station."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of tensors between the tracks: ``shapes`` from hidden's end to position's, or to the free end.

    ``position`` is the shape on the position track, None where that track has a free end of its own;
    ``lines`` join the shapes one to the next; ``opening`` is a last line with a free end.
    """

    position: int | None
    shapes: tuple[int, ...]
    lines: tuple[int, ...]
    tracks: tuple[int, ...]
    opening: int | None


def chain_of(index: Index, part: Part, tracks: tuple[int, ...], *, upward: bool) -> Chain | None:
    """The part as a chain from the end of the hidden track on; None where it is anything else."""
    members = set(part.members)
    if any(index.shapes[s].inside is not None for s in members) or not tracks:
        return None
    ends = [next((e.shape for e in index.lines[t].ends if e.shape in members), None) for t in tracks]
    hidden, others = ends[-1], ends[:-1]
    if hidden is None or len(set(others)) > 1:
        return None
    position = others[0] if others else None
    shapes, lines = [hidden], []
    opening = None
    at, came = hidden, tracks[-1]
    while at != position:
        onward = [line for line in index.touching[at] if line != came and line not in tracks]
        if len(onward) != 1:
            if onward or position is not None:
                return None
            break
        came = onward[0]
        other = index.other(came, at)
        if other is None:
            opening = came
            break
        if other not in members or other in shapes:
            return None
        lines.append(came)
        shapes.append(other)
        at = other
    if set(shapes) != members:
        return None
    if position is not None and hidden == position and len(shapes) > 1:
        return None
    return Chain(position, tuple(shapes), tuple(lines), tracks, opening)


def lay_chain(
    index: Index,
    chain: Chain,
    y: float,
    offsets: list[float],
    gauge: Gauge,
    drawn: Drawn,
    *,
    station: float | None = None,
) -> float:
    """Places a chain. Above a backbone it starts at ``y`` and the first station's y is returned; below one,
    whose last ``station`` is at that y, it turns aside at ``y`` and the y of the free ends is returned."""
    for shape in chain.shapes:
        drawn.halves[shape] = gauge.half(index.shapes[shape])
    if station is not None:
        return _below(index, chain, station, y, offsets, drawn)
    hidden_x = offsets[-1]
    if chain.position == chain.shapes[0]:
        # one tensor that has both tracks: it stands on them
        drawn.centers[chain.shapes[0]] = (0.0, y)
        for position, line in enumerate(chain.tracks):
            drawn.paths[line] = straight((offsets[position], y), (offsets[position], y + 64.0))
        for line in chain.tracks:
            del drawn.paths[line]
        return y + 84.0
    x = hidden_x + ASIDE
    order = list(reversed(chain.shapes))
    level = chain.position is not None
    aside = [s for s in order if level and s != chain.position]
    small = [s for s in aside if index.shapes[s].symbol in SMALL]
    tall = [s for s in order if s not in small]
    at_y = y
    if chain.position is not None:
        first = chain.position
        drawn.centers[first] = (offsets[0], y)
        tall = [s for s in tall if s != first]
        right = offsets[0] + drawn.halves[first][0]
        for shape in small:
            right += 10.0 + drawn.halves[shape][0]
            drawn.centers[shape] = (right, y)
            right += drawn.halves[shape][0]
        named = max((gauge.room(index.lines[line]) for line in chain.lines), default=0.0)
        x = max(x, right + 12.0 + max(named, 18.0) + (ROUND - 12.0) * bool(small))
        at_y = y + 16.0
    for number, shape in enumerate(tall):
        at_y += (22.0 if number == 0 else 26.0) + drawn.halves[shape][1]
        drawn.centers[shape] = (x, at_y)
        at_y += drawn.halves[shape][1]
    _join(index, chain, drawn, y - 40.0)
    return max(at_y + FALL + 32.0, y + 84.0)


def lead_in(index: Index, chain: Chain, station: float, hidden_x: float, drawn: Drawn) -> None:
    """The hidden track from the chain's last tensor to the first station: an S-curve, then straight down."""
    hidden = chain.shapes[0]
    if chain.position == hidden:
        return
    start = drawn.centers[hidden]
    top = start[1] + drawn.halves[hidden][1]
    target = (hidden_x, min(station - 14.0, top + FALL + 18.0))
    pull = 0.6 * (target[1] - top)
    s_curve = cubic((start[0], top), DOWN, target, UP, pull)
    drawn.paths[chain.tracks[-1]] = _oriented(
        index,
        chain.tracks[-1],
        hidden,
        [straight(start, (start[0], top)), s_curve, straight(target, (hidden_x, station))],
    )


def _oriented(index: Index, line: int, first: int, way: Sequence[Path]) -> Path:
    """The joined path of a line, from its end 0 to its end 1; it is given from the shape ``first`` on."""
    path = join(*way)
    return path if index.lines[line].ends[0].shape == first else reverse(path)


def _join(index: Index, chain: Chain, drawn: Drawn, top: float) -> None:
    """The chain's inner lines: along the row of the position shape, then down the column."""
    for line, one, two in zip(chain.lines, chain.shapes, chain.shapes[1:], strict=False):
        a, b = drawn.centers[one], drawn.centers[two]
        points: list[Point] = [a, b]
        if abs(a[0] - b[0]) > 1 and abs(a[1] - b[1]) > 1:
            points = [a, (a[0], b[1]), b] if b[1] < a[1] else [a, (b[0], a[1]), b]
        if index.lines[line].ends[0].shape != one:
            points.reverse()
        drawn.paths[line] = rounded_track(points, ROUND)
    if chain.opening is not None:
        end = chain.shapes[-1]
        x, y = drawn.centers[end]
        points = [(x, y), (x, top)]
        if index.lines[chain.opening].ends[0].shape != end:
            points.reverse()
        drawn.paths[chain.opening] = rounded_track(points, 0.0)
        drawn.free[chain.opening] = "top" if top < y else "bottom"


def _below(index: Index, chain: Chain, station: float, y: float, offsets: list[float], drawn: Drawn) -> float:
    hidden_x = offsets[-1]
    x = hidden_x + ASIDE
    at_y = y + FALL + 22.0
    for shape in chain.shapes:
        at_y += drawn.halves[shape][1] if shape == chain.shapes[0] else 26.0 + drawn.halves[shape][1]
        drawn.centers[shape] = (x, at_y)
        at_y += drawn.halves[shape][1]
    bottom = at_y + 36.0
    _join(index, chain, drawn, bottom)
    first = chain.shapes[0]
    center = drawn.centers[first]
    top = center[1] - drawn.halves[first][1]
    start = (hidden_x, y)
    s_curve = cubic(start, DOWN, (x, top), UP, 0.6 * (top - y))
    line = chain.tracks[-1]
    way = [straight(center, (x, top)), reverse(s_curve), straight(start, (hidden_x, station))]
    drawn.paths[line] = _oriented(index, line, first, way)
    return bottom


def feeding_tensor(index: Index, part: Part) -> int | None:
    """The one tensor of a part that only flows into a plus, clips aside; None where there is more to it."""
    body = [s for s in part.members if index.shapes[s].symbol not in SMALL]
    if len(body) != 1 or index.shapes[body[0]].inside is not None:
        return None
    return body[0] if index.shapes[body[0]].symbol in ("tensor", "folded", "paste") else None


@dataclass(frozen=True, slots=True)
class Way:
    """How a track comes from a tensor to its plus: its lines and the small shapes between, plus first."""

    lines: tuple[int, ...]
    smalls: tuple[int, ...]


def _way(index: Index, part: Part, body: int, line: int) -> Way:
    lines, smalls = [line], []
    at: int | None = next(e.shape for e in index.lines[line].ends if e.shape in part.members)
    while at != body and at is not None:
        smalls.append(at)
        line = next(n for n in index.touching[at] if n != lines[-1])
        lines.append(line)
        at = index.other(line, at)
    return Way(tuple(lines), tuple(smalls))


def lay_feed(index: Index, part: Part, station: Point, half: Point, gauge: Gauge, drawn: Drawn) -> None:
    """A tensor right of the plus that it flows into, its clips on the way; position above hidden.

    A clip that is too large to lie beside the other track moves its wire aside.
    """
    body = feeding_tensor(index, part)
    assert body is not None
    ways = [_way(index, part, body, line) for line in part.returns]
    drawn.halves[body] = gauge.half(index.shapes[body])
    for shape in (s for way in ways for s in way.smalls):
        drawn.halves[shape] = gauge.half(index.shapes[shape])
    offsets = [8.0 * (2 * i - len(ways) + 1) for i in range(len(ways))]
    asides = [
        min(0.0, 16.0 - 6.0 - max((drawn.halves[s][1] for s in way.smalls), default=0.0)) for way in ways
    ]
    jogs = [2 * JOG if aside else 0.0 for aside in asides]
    length = max(
        sum(_span(index, gauge, part, n) for n in way.lines)
        + sum(2 * drawn.halves[s][0] for s in way.smalls)
        + jog
        for way, jog in zip(ways, jogs, strict=True)
    )
    x, y = station
    center = (x + half[0] + length + drawn.halves[body][0], y)
    drawn.centers[body] = center
    for way, offset, aside in zip(ways, offsets, asides, strict=True):
        _lay_way(index, part, way, (x, y + offset), x + half[0], center, aside, gauge, drawn)


def _span(index: Index, gauge: Gauge, part: Part, line: int) -> float:
    """The length of a line right of its plus, for its name; what comes in at the plus is named as a track."""
    return max(28.0, gauge.room(index.lines[line]) + 6, gauge.longest() * (line in part.returns))


def _lay_way(
    index: Index,
    part: Part,
    way: Way,
    start: Point,
    reach: float,
    center: Point,
    aside: float,
    gauge: Gauge,
    drawn: Drawn,
) -> None:
    """One track from the plus to the tensor, its small shapes ``aside`` of the straight line."""
    at, x = start, reach + (JOG if aside else 0.0)
    level = start[1] + aside
    for line, goal_shape in zip(way.lines, (*way.smalls, None), strict=True):
        if goal_shape is None:
            goal = (center[0], start[1])
        else:
            wide = drawn.halves[goal_shape][0]
            x += _span(index, gauge, part, line) + wide
            goal = (x, level)
            drawn.centers[goal_shape] = goal
            x += wide
        path = straight(at, goal)
        if abs(at[1] - goal[1]) > 1e-6:
            leaving = (reach, at[1]) if at == start else at
            rising = at == start
            first = add(leaving, RIGHT, 4.0) if rising else add((x, at[1]), RIGHT, 4.0)
            after = (first[0] + JOG + 8.0, goal[1])
            path = join(
                straight(at, first), cubic(first, RIGHT, after, LEFT, 0.55 * JOG), straight(after, goal)
            )
        known = index.lines[line].ends[0].shape
        drawn.paths[line] = reverse(path) if known in (goal_shape, way_end(index, way, goal_shape)) else path
        at = goal


def way_end(index: Index, way: Way, goal: int | None) -> int | None:
    """The tensor at the end of a way, asked for the last of its lines."""
    if goal is not None:
        return goal
    before = way.smalls[-1] if way.smalls else None
    ends = [e.shape for e in index.lines[way.lines[-1]].ends]
    return next((s for s in ends if s != before and s not in index.stations), None)
