"""Where the shapes of a part stand relative to one another: rows from left to right, then the outer column.

A part beside a backbone is read like a C. What takes the copied value into a bubble begins a row, and goes on
to the right; the rows stand above one another in the order of time. Where the hidden leg has left all bubbles
it turns down into the outer column and returns to the stream. Nothing here has a coordinate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from math import prod

from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.backbone.steps import distances, reached

FEW_ORDERS = 5040
"""Up to so many orders of the rows are compared; beyond that the rows keep the order of the diagram."""


@dataclass(frozen=True, slots=True)
class Grid:
    """``rows`` and ``cols`` place the shapes of the rows; a row between two others is a fraction.

    ``column`` is the outer column in the order of time, ``links`` the dots left of it. ``satellites`` hang on
    the shape they are mapped to; ``loose`` are shapes without legs.
    """

    rows: Mapping[int, float]
    cols: Mapping[int, int]
    column: tuple[int, ...]
    links: tuple[int, ...]
    satellites: Mapping[int, int]
    loose: tuple[int, ...]


def grid(
    index: Index, part: Part, start: int | None, stop: int | None, hidden: str, head: tuple[int, ...]
) -> Grid:
    """The grid of a part between two stations, behind its head.

    ``hidden`` is the dim of the track that the outer column carries.
    """
    loose = tuple(s for s in part.members if not index.touching[s])
    satellites = _satellites(index, part, loose)
    rest = [s for s in part.members if s not in satellites and s not in loose]
    roots = ({start} if start is not None else set()) | set(head)
    pastes = [s for s in rest if index.is_copied(s)]
    away = distances(index, rest, _beside(index, rest, roots) | set(pastes))
    home = distances(index, rest, _ends(index, rest, part, stop))
    outer = _outer(index, part, rest, roots, stop, hidden, away)
    inner = [s for s in rest if s not in outer]
    passing = _passing(index, part, inner, roots, hidden)
    rows, cols = _rows(index, part, inner, satellites, roots, passing)
    column, links = _column(index, outer, rows, away, home, satellites)
    return Grid(rows, cols, column, links, satellites, loose)


def _satellites(index: Index, part: Part, loose: Iterable[int]) -> dict[int, int]:
    """Leaves, and what they hang on: biases at a plus, gains at a dot, basis vectors and pins at a leg."""
    members = set(part.members)
    found: dict[int, int] = {}
    for shape in part.members:
        near = {other for _, other in index.neighbours[shape]}
        joined = len(index.neighbours[shape]) == len(index.touching[shape])
        if len(near) != 1 or not joined or index.is_copied(shape) or shape in loose:
            continue
        if index.shapes[shape].symbol in ("copy", "folded", "plus", "paste"):
            continue
        owner = next(iter(near))
        known = index.shapes[owner]
        bears = known.symbol in ("plus", "dot", "tensor", "clip") and owner in members and owner not in found
        others = {o for _, o in index.neighbours[owner]} - {shape}
        if bears and others and known.inside == index.shapes[shape].inside:
            found[shape] = owner
    return found


def head_of(index: Index, part: Part, start: int | None) -> tuple[int, ...]:
    """The boxes and copies that the whole value passes before anything else, from the station on."""
    chain: list[int] = []
    at = start
    while at is not None:
        follow = None
        for line, other in index.neighbours[at]:
            shape = index.shapes[other]
            if other not in part.members or other in chain or shape.inside is not None:
                continue
            if shape.symbol not in ("folded", "copy"):
                continue
            taken = shape.legs[: shape.inputs] if shape.symbol == "folded" else (line,)
            if taken and all(index.other(leg, other) == at for leg in taken):
                follow = other
                break
        if follow is not None:
            chain.append(follow)
        at = follow
    return tuple(chain)


def _beside(index: Index, shapes: Iterable[int], roots: set[int]) -> set[int]:
    return {s for s in shapes if any(o in roots for _, o in index.neighbours[s])}


def _ends(index: Index, shapes: Iterable[int], part: Part, stop: int | None) -> set[int]:
    """The shapes from which lines run to the stop, or to the picture's open outputs."""
    outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
    going = set(part.returns) | outputs
    found = {s for s in shapes if going & set(index.touching[s])}
    # a network that makes a value for others ends in the copy of it
    return found or {s for s in shapes if index.shapes[s].symbol == "copy"}


def _outer(
    index: Index,
    part: Part,
    rest: list[int],
    roots: set[int],
    stop: int | None,
    hidden: str,
    away: Mapping[int, int],
) -> set[int]:
    """The shapes of the outer column: outside all bubbles, nearer to hidden's ends than to position's.

    A shape that is nearer to a copy pasted outside all bubbles than to the end of the hidden leg belongs to
    that copy's row.
    """
    free = [s for s in rest if index.shapes[s].inside is None and not index.is_copied(s)]
    outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
    inputs = {o.line for o in index.diagram.opens if o.kind == "input"}
    ends: dict[bool, set[int]] = {True: set(), False: set()}
    last: set[int] = set()
    for shape in rest:
        for line in index.touching[shape]:
            from_root = index.other(line, shape) in roots
            leaves = line in part.returns or line in outputs
            if from_root or leaves or line in part.feeds or line in inputs:
                ends[index.lines[line].dim == hidden].add(shape)
                if leaves and index.lines[line].dim == hidden:
                    last.add(shape)
    by_hidden = distances(index, rest, ends[True])
    by_position = distances(index, rest, ends[False])
    far = len(index.shapes)
    whole = {
        s
        for s in free
        if index.shapes[s].symbol == "copy" and hidden in {index.lines[n].dim for n in index.touching[s]}
    }
    outside = {s for s in free if by_hidden.get(s, far) <= by_position.get(s, far)} | whole
    to_end = distances(index, rest, last)
    pasted = {s for s in rest if index.is_copied(s) and index.shapes[s].inside is None}
    from_paste = distances(index, [*outside, *pasted], pasted)
    return {s for s in outside if from_paste.get(s, far) >= to_end.get(s, far)}


# ---------------------------------------------------------------- rows


def _rows(
    index: Index,
    part: Part,
    inner: list[int],
    satellites: Mapping[int, int],
    roots: set[int],
    passing: list[int],
) -> tuple[dict[int, float], dict[int, int]]:
    """Rows and columns of the shapes that stand in rows."""
    sources = _sources(index, inner, roots, passing)
    away = reached(index, inner, set(sources))
    owner = _owners(index, inner, sources, away)
    order = _order(index, part, inner, sources, owner, roots)
    rows: dict[int, float] = {s: float(order[s]) for s in sources}
    cols: dict[int, int] = {s: 0 for s in sources}
    for shape in sorted((s for s in inner if s not in rows), key=lambda s: (away[s], s)):
        before = [o for o in _before(index, shape, away) if o in rows]
        rows[shape] = sum(rows[o] for o in before) / len(before)
        upright = len({cols[o] for o in before}) == 1 and len({rows[o] for o in before}) > 1
        if index.shapes[shape].symbol == "dot" and upright and _stacked(index, before, satellites):
            cols[shape] = cols[before[0]]
        else:
            cols[shape] = max(cols[o] for o in before) + 1
    _settle(index, rows, cols, away)
    return rows, cols


def past(index: Index, grid: Grid, shape: int, other: int) -> str:
    """The side on which a line leaves a copy for another shape of its row, past those that stand between.

    That where fewer lines come to them; empty where none stands between.
    """
    rows, cols = grid.rows, grid.cols
    low, high = sorted((cols[shape], cols[other]))
    between = [s for s in rows if rows[s] == rows[shape] and low < cols[s] < high]
    if not between or not index.is_copied(shape):
        return ""
    near = [rows[o] - rows[shape] for s in between for _, o in index.neighbours[s] if o in rows]
    return "down" if sum(far < 0 for far in near) > sum(far > 0 for far in near) else "up"


def _stacked(index: Index, shapes: list[int], satellites: Mapping[int, int]) -> bool:
    """Whether a dot between these shapes lies on a vertical wire: their right sides are taken."""
    taken = set(satellites.values())
    return all(index.is_copied(s) or (index.shapes[s].symbol == "plus" and s in taken) for s in shapes)


def _passing(index: Index, part: Part, inner: list[int], roots: set[int], hidden: str) -> list[int]:
    """Dots and sums on a position leg's way from or to the stream: each stands on it, in its own row."""
    outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
    going = {*part.returns, *part.feeds, *outputs}
    found = []
    for shape in inner:
        lines = index.touching[shape]
        dims = {index.lines[line].dim for line in lines}
        if index.shapes[shape].symbol not in ("dot", "plus") or len(dims) != 1 or hidden in dims:
            continue
        if going & set(lines) or any(o in roots for _, o in index.neighbours[shape]):
            found.append(shape)
    return found


def _sources(index: Index, inner: list[int], roots: set[int], passing: list[int]) -> list[int]:
    """The shapes that begin rows: pasted copies, data; and in any piece without those, its first shape."""
    found = [s for s in inner if index.is_copied(s) or s in passing]
    while True:
        reached = distances(index, inner, set(found))
        missing = [s for s in inner if s not in reached]
        if not missing:
            return found
        beside = [s for s in missing if s in _beside(index, missing, roots)]
        data = [s for s in missing if index.shapes[s].role in ("data", "pasted")]
        found.append((beside or data or missing)[0])


def _owners(
    index: Index, inner: list[int], sources: list[int], away: Mapping[int, int]
) -> dict[int, tuple[int, ...]]:
    """For each shape the sources it is nearest to."""
    found: dict[int, tuple[int, ...]] = {s: (s,) for s in sources}
    for shape in sorted((s for s in inner if s not in found), key=lambda s: away[s]):
        owners: dict[int, None] = {}
        for other in _before(index, shape, away):
            owners.update(dict.fromkeys(found.get(other, ())))
        found[shape] = tuple(owners)
    return found


def _before(index: Index, shape: int, away: Mapping[int, int]) -> list[int]:
    """The neighbours one step nearer to a source: those in the shape's own enclosure, if there are any."""
    near = [o for _, o in index.neighbours[shape] if away.get(o, len(away)) < away[shape]]
    wall = index.shapes[shape].inside
    own = [o for o in near if wall is not None and wall in index.walls(o)]
    return list(dict.fromkeys(own or near))


def _order(
    index: Index,
    part: Part,
    inner: list[int],
    sources: list[int],
    owner: Mapping[int, tuple[int, ...]],
    roots: set[int],
) -> dict[int, int]:
    """The rows' numbers: sources of one enclosure stand together; position legs run as short as can be."""
    scopes: dict[int | None, list[int | tuple[int]]] = {}
    for source in sources:
        path = index.walls(source)
        for outer, child in zip((None, *path), path, strict=False):
            if (child,) not in scopes.setdefault(outer, []):
                scopes[outer].append((child,))
        scopes.setdefault(path[-1] if path else None, []).append(source)

    def leaves(scope: int | None, chosen: Mapping[int | None, tuple[int | tuple[int], ...]]) -> list[int]:
        flat: list[int] = []
        for child in chosen.get(scope, ()):
            flat.extend(leaves(child[0], chosen) if isinstance(child, tuple) else [child])
        return flat

    joined: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    up: list[tuple[int, ...]] = []
    down: list[tuple[int, ...]] = []
    outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
    inside = set(inner)
    for line in index.diagram.lines:
        ends = [e.shape for e in line.ends]
        mine = [s for s in ends if s in inside]
        if len(mine) == 2:
            joined.append((owner[mine[0]], owner[mine[1]]))
        elif len(mine) == 1:
            if line.id in part.returns or line.id in outputs:
                down.append(owner[mine[0]])
            elif line.id in part.feeds or any(s in roots for s in ends):
                up.append(owner[mine[0]])

    def cost(flat: list[int]) -> float:
        at = {s: i for i, s in enumerate(flat)}

        def mean(owners: tuple[int, ...]) -> float:
            return sum(at[s] for s in owners) / len(owners)

        total = sum(abs(mean(a) - mean(b)) for a, b in joined)
        total += sum(1.01 * mean(a) for a in up)
        return total + sum(len(flat) - 1 - mean(a) for a in down)

    names = list(scopes)
    sizes = [prod(range(1, len(scopes[n]) + 1)) for n in names]
    if prod(sizes) > FEW_ORDERS:
        return {s: i for i, s in enumerate(leaves(None, {n: tuple(c) for n, c in scopes.items()}))}
    best: tuple[float, list[int]] | None = None
    for choice in product(*(permutations(scopes[n]) for n in names)):
        flat = leaves(None, dict(zip(names, choice, strict=True)))
        found = cost(flat)
        if best is None or found < best[0] - 1e-9:
            best = (found, flat)
    return {s: i for i, s in enumerate(best[1] if best else [])}


def _settle(index: Index, rows: dict[int, float], cols: dict[int, int], away: Mapping[int, int]) -> None:
    """Moves shapes right, out of enclosures that are not theirs, and down, where two have one place."""
    spans: dict[int, list[int]] = {}
    for shape in rows:
        for wall in index.walls(shape):
            spans.setdefault(wall, []).append(shape)
    for _ in range(len(rows) + 1):
        moved = False
        for wall, inside in spans.items():
            low, high = min(rows[s] for s in inside), max(rows[s] for s in inside)
            right = max(cols[s] for s in inside)
            left = min(cols[s] for s in inside)
            for shape in rows:
                if (
                    wall not in index.walls(shape)
                    and low <= rows[shape] <= high
                    and left <= cols[shape] <= right
                ):
                    cols[shape] = right + 1
                    moved = True
        for shape in sorted(rows, key=lambda s: away[s]):
            for _, other in index.neighbours[shape]:
                if away.get(other, -1) != away[shape] + 1 or cols[other] >= cols[shape]:
                    continue
                apart = (w for w in index.walls(other) if w not in index.walls(shape))
                if not any(cols[s] < cols[shape] for w in apart for s in spans[w] if s != other):
                    cols[other] = cols[shape]
                    moved = True
        if not moved:
            break
    taken: dict[tuple[float, int], int] = {}
    for shape in sorted(rows, key=lambda s: (away[s], s)):
        while (rows[shape], cols[shape]) in taken:
            rows[shape] += 0.25
        taken[rows[shape], cols[shape]] = shape


# ---------------------------------------------------------------- the outer column


def _column(
    index: Index,
    outer: set[int],
    rows: Mapping[int, float],
    away: Mapping[int, int],
    home: Mapping[int, int],
    satellites: Mapping[int, int],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The outer column in the order of time, and the dots that link it to the rows.

    A dot is a link where the column goes on beside it: the shape after it has another wire from above.
    """
    far = len(index.shapes)
    order = sorted(outer, key=lambda s: (away.get(s, far) - home.get(s, far), -home.get(s, far), s))
    place = {s: i for i, s in enumerate(order)}
    gains = set(satellites.values())

    def passed(dot: int) -> bool:
        for _, after in index.neighbours[dot]:
            if place.get(after, -1) > place[dot]:
                others = {o for _, o in index.neighbours[after]} - {dot}
                if any(o in rows or place.get(o, far) < place[after] for o in others):
                    return True
        return False

    links = [s for s in order if index.shapes[s].symbol == "dot" and s not in gains and passed(s)]
    return tuple(s for s in order if s not in links), tuple(links)
