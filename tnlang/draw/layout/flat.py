"""Everything without a backbone: each level gets the templates that match it, and the cheapest wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.geometry import union
from tnlang.draw.layout.backbone.graph import RESULT
from tnlang.draw.layout.box import Placed, merged, rotated
from tnlang.draw.layout.cost import cost
from tnlang.draw.layout.double import double_layer
from tnlang.draw.layout.grid import grid
from tnlang.draw.layout.hang import Inner, remembered
from tnlang.draw.layout.items import OPPOSITE
from tnlang.draw.layout.lattice_place import rows_and_columns
from tnlang.draw.layout.layered import layered
from tnlang.draw.layout.level import Index, Level, level
from tnlang.draw.layout.paths import spines_of
from tnlang.draw.layout.repair import repaired
from tnlang.draw.layout.ring import ring
from tnlang.draw.layout.single import bare_wires, single
from tnlang.draw.layout.spine import spine
from tnlang.draw.layout.tracks import are_parallel, ends_of_a_chain, paired
from tnlang.draw.layout.tracks_place import tracks
from tnlang.draw.layout.tree_place import tree
from tnlang.draw.layout.wall import enclosed, place_floats
from tnlang.draw.layout.wrapped import wrapped

_DOWN: Side = "down"
_ENDS: tuple[Side, Side] = ("left", "right")
BARE, BARE_REACH = 30.0, 24.0
SPINES, MANY = 6, 20
"""So many spines are tried before anything that has conflicts is taken; one where there are many items."""


def place_diagram(diagram: Diagram, flow: Side | None = None) -> Placed:
    """The whole diagram: shapes, walls and routes, the ports of its open legs at the outlines they leave.

    ``flow`` is where the first output goes (left, as it is written, where nothing is said).
    """
    index = Index(diagram, flow)
    placed = repaired(index, place_level(index, None, sides_wanted(index)))
    return rotated(placed, index.flow) if index.turned else placed


def sides_wanted(index: Index) -> dict[int, Side]:
    """Where open legs go, as the picture flows, or where the rest of a row asks for them."""
    want = wanted_sides(index)
    if index.flow == "right":
        want = {line: OPPOSITE[side] if side in ("left", "right") else side for line, side in want.items()}
    opens = () if index.turned else index.diagram.opens
    return want | {end.line: end.side for end in opens if end.side is not None}


def wanted_sides(index: Index) -> dict[int, Side]:
    """Where open legs go: the first output left and the last right; of three the middle one is above.

    The first is above where the other two share a dim: ``A[h, q, k]`` is a matrix for each head. Four and
    more have no side of their own: they all leave a row downwards.
    """
    if are_parallel(index):
        pairs = paired(index, index.diagram.opens)
        return {line: side for pair in pairs for line, side in zip(pair, _ENDS, strict=True)}
    lefts, rights = ends_of_a_chain(index)
    if lefts:
        rest: dict[int, Side] = {o.line: _DOWN for o in index.diagram.opens}
        return {**rest, **dict.fromkeys(lefts, _ENDS[0]), **dict.fromkeys(rights, _ENDS[1])}
    outputs = sorted((o.order, o.line) for o in index.diagram.opens if o.kind == "output")
    if _all_flow(index):
        return {line: _ENDS[0] for _, line in outputs}
    groups: dict[int, list[int]] = {}
    for _, line in outputs:
        groups.setdefault(_together(index, line) or line, []).append(line)
    places: tuple[Side, ...] = ()
    match len(groups):
        case 1:
            places = ("left",)
        case 2:
            places = ("left", "right")
        case 3:
            dims = [index.lines[lines[0]].dim for lines in groups.values()]
            batch = dims[1] == dims[2] != dims[0]
            places = ("up", "left", "right") if batch else ("left", "up", "right")
    if len(groups) > len(places):
        places = tuple(_DOWN for _ in groups)
    return {line: side for side, lines in zip(places, groups.values(), strict=False) for line in lines}


def _all_flow(index: Index) -> bool:
    """Whether outputs go where a stated flow goes: each a leg of another value and of another component."""
    outputs = [o for o in index.diagram.opens if o.kind == "output"]
    values = {o.order // RESULT for o in outputs}
    if not index.stated or len(values) < 2 or len(values) < len(outputs):
        return False
    here = level(index, None)
    lines = {o.line for o in outputs}
    return all(
        sum(e.line in lines for item in items for e in here.of(item) if e.b is None) < 2
        for items in here.components()
    )


def _together(index: Index, line: int) -> int | None:
    """The shape whose open lines go one way: a fork, a sum, a box, or a map from whole values to such."""
    for end in index.lines[line].ends:
        if end.shape is None:
            continue
        shape = index.shapes[end.shape]
        if shape.symbol in ("plus", "folded", "copy") or (shape.symbol == "fork" and end.leg > 0):
            return shape.id
        ends = [e.shape for leg in shape.legs for e in index.lines[leg].ends]
        others = [other for other in ends if other not in (shape.id, None)]
        if shape.symbol == "tensor" and len(others) > 1 and len(set(others)) == 1:
            return shape.id
    return None


def place_level(index: Index, inside: int | None, want: Mapping[int, Side]) -> Placed:
    """What stands in an enclosure (None: outside all), its wall not drawn yet."""
    here = level(index, inside)

    def place(enclosure: int, sides: Mapping[int, Side]) -> Placed:
        return enclosed(index, enclosure, place_level(index, enclosure, sides))

    inner = remembered(index, want, place)
    groups = _in_order(here, want)
    parallel = inside is None and are_parallel(index)
    stacked = (inside is not None or parallel or _all_flow(index)) and _share_a_side(here, groups, want)
    placed: list[Placed] = []
    for number, items in enumerate(groups):
        part = here.only(items)
        part = Level(inside, part.items, part.edges, ())
        sides = dict(want) if stacked else _allowed(part, want, number, len(groups), inside is not None)
        placed.append(component(index, part, sides, inner))
    whole = _column(placed) if stacked else _row(placed)
    whole = _beside_tracks(index, whole, here.bare) if parallel else bare_wires(index, whole, here.bare)
    return place_floats(index, whole, here.floats, beside=inside is None)


def particular(index: Index, part: Level, want: Mapping[int, Side], inner: Inner) -> Placed | None:
    """Items that hang together by the first template of a kind of network that matches.

    Where a row asks for the sides of open legs, one that draws them elsewhere does not match.
    """
    templates: tuple[Callable[[], Placed | None], ...] = (
        lambda: single(index, part, want),
        lambda: wrapped(index, part, want, inner),
        lambda: tracks(index, part, inner, alike=False),
        lambda: ring(index, part, want),
        lambda: grid(index, part, want, even=True),
        lambda: rows_and_columns(index, part),
        lambda: tree(index, part),
        lambda: tracks(index, part, inner, alike=True),
        lambda: tree(index, part, swept=True),
        lambda: grid(index, part, want),
        lambda: double_layer(index, part, want),
    )
    asked = (
        {} if index.turned else {end.line: end.side for end in index.diagram.opens if end.side is not None}
    )
    for template in templates:
        found = template()
        if found is not None and all(port.side == asked.get(port.line, port.side) for port in found.ports):
            return found
    return None


def component(index: Index, part: Level, want: Mapping[int, Side], inner: Inner) -> Placed:
    """Items that hang together: the first template that matches, else a spine, else columns."""
    found = particular(index, part, want, inner)
    if found is not None:
        return found
    loops = len(part.inner_edges) - len(part.items) + 1
    if len(part.items) > MANY and loops > MANY // 4:
        return layered(index, part, want, inner)
    candidates = []
    for path in spines_of(index, part, want, SPINES if len(part.items) <= MANY else 1):
        row = spine(index, part, path, want, inner)
        wrong, costs = cost(index, row)
        if not wrong:
            return row
        candidates.append((costs, row))
    columns = layered(index, part, want, inner)
    candidates.append((cost(index, columns)[1], columns))
    return min(candidates, key=lambda candidate: candidate[0])[1]


def _in_order(here: Level, want: Mapping[int, Side]) -> list[tuple[int, ...]]:
    """The components from left to right: those with a left leg first, those with a right one last."""

    def rank(items: tuple[int, ...]) -> tuple[int, int]:
        sides = [want.get(e.line) for i in items for e in here.of(i) if e.b is None]
        if not sides:
            return (-1, items[0])
        side = (
            0
            if "left" in sides and "right" in sides
            else -1
            if "left" in sides
            else 1
            if "right" in sides
            else 0
        )
        return (side, items[0])

    return sorted(here.components(), key=rank)


def _share_a_side(here: Level, groups: list[tuple[int, ...]], want: Mapping[int, Side]) -> bool:
    """Whether several components in a bubble have legs to one side: they then stand above one another."""
    for side in ("left", "right"):
        wanting = [
            items
            for items in groups
            if any(want.get(e.line) == side for item in items for e in here.of(item) if e.b is None)
        ]
        if len(wanting) > 1:
            return True
    return False


def _allowed(part: Level, want: Mapping[int, Side], number: int, count: int, walled: bool) -> dict[int, Side]:
    """The sides wanted for a component: in a bubble, legs towards a neighbour go up instead."""
    sides = dict(want)
    if not walled:
        if count > 1 and all(want.get(e.line) == "down" for e in part.outer_edges):
            ends: tuple[Side, Side] = ("left", "right")
            if len(part.outer_edges) == 2:
                sides.update((e.line, end) for e, end in zip(part.outer_edges, ends, strict=False))
        return sides
    for edge in part.outer_edges:
        side = sides.get(edge.line)
        if (side == "left" and number > 0) or (side == "right" and number < count - 1):
            sides[edge.line] = "up"
    return sides


def _column(parts: list[Placed]) -> Placed:
    """Components above one another, in the written order."""
    done: list[Placed] = []
    bottom = 0.0
    for part in parts:
        part = part.moved((-part.box.center[0], bottom - part.box.top))
        bottom = part.box.bottom + 24.0
        done.append(part)
    whole = merged(done)
    reach = {"left": whole.box.left, "right": whole.box.right}
    ports = tuple(p.to((reach[p.side], p.at[1])) if p.side in reach else p for p in whole.ports)
    return replace(whole, ports=ports).moved((0.0, -whole.box.center[1]))


def _beside_tracks(index: Index, whole: Placed, lines: tuple[int, ...]) -> Placed:
    """Identities among tracks run beside them, from end to end: above where they come first."""
    if not whole.poses and not whole.walls:
        return bare_wires(index, whole, lines)
    routes, box = dict(whole.routes), whole.box
    first = min((index.order_of_open(port.line) for port in whole.ports), default=0)
    for line in lines:
        order = index.order_of_open(line)
        y = box.top - BARE if order < first else box.bottom + BARE
        starts = next(o.order for o in index.diagram.opens if o.line == line and o.end == 0) == order
        path = curves.straight((box.left - BARE_REACH, y), (box.right + BARE_REACH, y))
        routes[line] = path if starts else geometry.reverse(path)
        box = union((box, geometry.bbox(path)))
    return replace(whole, routes=routes, box=box._replace(left=whole.box.left, right=whole.box.right))


def _row(parts: list[Placed]) -> Placed:
    """Components side by side on one axis."""
    if len(parts) == 1:
        return parts[0]
    done: list[Placed] = []
    right = 0.0
    for part in parts:
        facing = 0.0
        if done:
            facing = 20.0 + 46.0 * bool(done[-1].on("right")) + 46.0 * bool(part.on("left"))
        part = part.moved((right + facing - part.box.left, 0.0))
        right = part.box.right
        done.append(part)
    return merged(done)
