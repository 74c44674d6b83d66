"""What stands beside a row: components that hang on one item of it, or bridge several.

The items of a component next to the row come first, each at the mean of what it is joined to; what is left of
the component hangs on those in turn, further out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, union
from tnlang.draw.labels import enlarged
from tnlang.draw.layout.box import Placed, Port, connect, merged
from tnlang.draw.layout.items import OPPOSITE, label_room, shape_item
from tnlang.draw.layout.level import Edge, Index, Level
from tnlang.draw.scene import Path

GAP, HANG_GAP, BRIDGE_GAP, BRANCH_GAP = 24.0, 26.0, 30.0, 42.0
"""Between outlines of neighbours; below what bears one thing, a dot's caps, a row of several things."""

Inner = Callable[[int, Mapping[int, Side]], Placed]
"""Places an enclosure with the sides wanted for the lines that cross its wall."""


def remembered(index: Index, want: Mapping[int, Side], place: Inner) -> Inner:
    """``place`` with what is wanted outside as well; nothing is placed twice with the same sides."""

    def inner(enclosure: int, sides: Mapping[int, Side]) -> Placed:
        all_sides = {**want, **sides}
        key = (enclosure, tuple(all_sides.get(line) for line in index.touching[enclosure]))
        if key not in index.kept:
            index.kept[key] = place(enclosure, all_sides)
        return index.kept[key]

    return inner


def hang(
    index: Index,
    level: Level,
    built: Placed,
    items: tuple[int, ...],
    edges: Sequence[Edge],
    side: Side,
    want: Mapping[int, Side],
    inner: Inner,
) -> Placed:
    """Adds a component above or below what is built: its items next to it first, then what hangs on those."""
    lines = {edge.line for edge in edges}
    reached = {(p.line): p for p in built.ports if p.line in lines}
    roots = [item for item in items if any(item in (e.a, e.b) for e in edges)]
    mean = {item: _mean([reached[e.line].at[0] for e in edges if item in (e.a, e.b)]) for item in roots}
    roots.sort(key=lambda item: (mean[item], item))
    low = min(p.at[0] for p in reached.values()) - 8
    high = max(p.at[0] for p in reached.values()) + 8
    single = high - low < 64 and len({p.shape for p in reached.values()}) == 1
    rest = [item for item in items if item not in roots]
    further = level.only(rest).components()
    placed: list[Placed] = []
    right = -1e9
    last: int | None = None
    parts: list[Placed] = []
    for item in roots:
        part = _root(index, level, item, edges, roots, rest, side, want, inner, mean[item], reached)
        parts.append(part)
        linked = [e.line for e in level.inner_edges if last is not None and {e.a, e.b} == {last, item}]
        room = max([GAP, *(label_room(index, line) for line in linked)])
        x, last = max(mean[item], right + room - part.box.left), item
        right = x + part.box.right
        placed.append(part.moved((x, 0.0)))
    drift = _mean([m - p.box.center[0] for m, p in zip((mean[i] for i in roots), placed, strict=True)])
    if len(roots) > 1:
        placed = [p.moved((drift, 0.0)) for p in placed]
        low = min(low, min(p.box.left for p in placed) - 8)
        high = max(high, max(p.box.right for p in placed) + 8)
    near = between(
        built, min(low, min(p.box.left for p in placed) - 6), max(high, max(p.box.right for p in placed) + 6)
    )
    edge_of = (min(b.top for b in near) if side == "up" else max(b.bottom for b in near)) if near else 0.0
    dots = all(index.is_small(item) for item in roots)
    if len(roots) > 1 and not dots:
        gap = BRANCH_GAP
    elif single or dots:
        gap = HANG_GAP
    else:
        gap = BRIDGE_GAP
    aside = [abs(reached[e.line].at[0] - mean[item]) for item in roots for e in edges if item in (e.a, e.b)]
    gap = max(gap, min(84.0, 0.3 * max(aside)))  # long wires to the side are not to be flat
    if any(_has_badge(index, built, box) for box in near) and side == "up":
        gap += 10.0
    named = any(index.lines[line].label for line in lines)
    gap = max(gap, 4.0 + enlarged(14.0, index.diagram.letters) if named else 0.0)
    rooted = merged(placed)
    shift = edge_of - gap - rooted.box.bottom if side == "up" else edge_of + gap - rooted.box.top
    rooted = rooted.moved((0.0, shift))
    whole = merged([built, rooted])
    ports = {(p.line, p.end): p for p in whole.ports}
    routes = dict(whole.routes)
    joined = [e for e in level.inner_edges if e.line in lines]
    joined += [e for e in level.inner_edges if e.a in roots and e.b in roots and e.a != e.b]
    for edge in joined:
        one, other = ports.pop((edge.line, 0)), ports.pop((edge.line, 1))
        routes[edge.line] = meet(index, one, other)
    boxes = [geometry.bbox(routes[e.line]) for e in joined]
    whole = Placed(whole.poses, whole.walls, routes, tuple(ports.values()), union((whole.box, *boxes)))
    for group in further:
        to_group = tuple(
            e
            for e in level.inner_edges
            if e.b is not None and (e.a in group) != (e.b in group) and e.line not in lines
        )
        whole = hang(index, level, whole, group, to_group, side, want, inner)
    return whole


def _has_badge(index: Index, built: Placed, box: Box) -> bool:
    """Whether a box is that of a wall with a badge on its top."""
    return any(wall.box == box and index.enclosures[item].badge for item, wall in built.walls.items())


def meet(index: Index, one: Port, other: Port) -> Path:
    """The route between two ports; into a dot that stands aside it arrives level."""
    for dot, leg in ((one, other), (other, one)):
        if (
            index.shapes[dot.shape].symbol == "dot"
            and dot.side in ("left", "right")
            and leg.side in ("up", "down")
        ):
            path = curves.cap(
                leg.path.start, leg.normal, dot.path.start, (-dot.normal[0], -dot.normal[1]), _pull(leg, dot)
            )
            return path if leg.end == 0 else geometry.reverse(path)
    return connect(one, other)


def _pull(leg: Port, dot: Port) -> float:
    return 0.6 * max(abs(leg.at[0] - dot.at[0]), 0.75 * abs(leg.path.start[1] - dot.at[1]))


def _root(
    index: Index,
    level: Level,
    item: int,
    edges: Sequence[Edge],
    roots: Sequence[int],
    rest: Sequence[int],
    side: Side,
    want: Mapping[int, Side],
    inner: Inner,
    mean: float,
    reached: Mapping[int, Port],
) -> Placed:
    """One item of a component beside the spine, its legs given sides."""
    back = OPPOSITE[side]
    sides: dict[Side, list[Edge]] = {"left": [], "right": [], "up": [], "down": []}
    mine = sorted((e for e in edges if item in (e.a, e.b)), key=lambda e: reached[e.line].at[0])
    dot = item in index.shapes and index.shapes[item].symbol == "dot"
    for edge in mine:
        x = reached[edge.line].at[0]
        if dot and abs(x - mean) > 6:
            sides["left" if x < mean else "right"].append(edge)
        else:
            sides[back].append(edge)
    place = {root: i for i, root in enumerate(roots)}
    for edge in level.of(item):
        if edge in mine:
            continue
        other = edge.other(item)
        if other is None:
            wish = want.get(edge.line)
            taken = any(e.other(item) in rest for e in level.of(item))
            wish = wish if wish in ("left", "right") and taken and not sides[wish] else None
            sides[wish or side].append(edge)
        elif other == item:
            continue
        elif other in place:
            sides["right" if place[other] > place[item] else "left"].append(edge)
        else:
            sides[side].append(edge)
    if item in index.shapes:
        return shape_item(index, item, sides)
    placed = inner(item, {e.line: s for s, es in sides.items() for e in es})
    backs = [p.at[0] for p in placed.ports if p.side == back]
    return placed.moved((-(_mean(backs) if backs else placed.box.center[0]), -placed.box.center[1]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def between(built: Placed, low: float, high: float) -> list[Box]:
    """The boxes of what lies between two places along the spine."""
    boxes = [pose.box for pose in built.poses.values()] + [wall.box for wall in built.walls.values()]
    boxes += [geometry.bbox(path) for path in built.routes.values()]
    return [box for box in boxes if box.right > low and box.left < high]
