"""One level of a diagram: the shapes and enclosures that stand in one enclosure, and the wires between them.

A clip, strip or shift that lies on a wire right beside an item belongs to that item's end of the wire
(``Attached``). Shapes without legs float: they are placed when everything else has its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tnlang.draw import pieces
from tnlang.draw.diagram import Diagram, Enclosure, Line, Shape, Side
from tnlang.draw.geometry import RIGHT
from tnlang.draw.layout.box import Placed
from tnlang.draw.scene import Point

INLINE = ("clip", "onehot", "shift")


Kind = tuple[str, str]
"""A tensor's name and that of its leg: legs of one kind should leave all copies of a tensor alike."""


@dataclass(frozen=True, slots=True)
class Attached:
    """An inline shape next to an item: ``near`` is the line between the two."""

    shape: int
    near: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A wire of the level. ``b`` is None where it leaves the level, is open, or ends at the wall."""

    line: int
    a: int
    b: int | None
    via_a: Attached | None = None
    via_b: Attached | None = None
    ended: bool = False

    def other(self, item: int) -> int | None:
        return self.b if item == self.a else self.a

    def via(self, item: int) -> Attached | None:
        return self.via_a if item == self.a else self.via_b


class Index:
    """A diagram's parts by id. Shapes and enclosures have distinct ids."""

    def __init__(self, diagram: Diagram, flow: Side | None = None) -> None:
        self.diagram = diagram
        self.flow: Side = flow or "left"
        self.stated = flow is not None
        """Whether the flow is the author's wish: a tree stands upright where nothing is said."""
        self.turned = flow in ("up", "down")
        """Whether the places are turned by a right angle in the end: what is wide here will be high."""
        self.shapes: dict[int, Shape] = {s.id: s for s in diagram.shapes}
        self.enclosures: dict[int, Enclosure] = {e.id: e for e in diagram.enclosures}
        self.lines: dict[int, Line] = {line.id: line for line in diagram.lines}
        self.ended: frozenset[int] = frozenset(line for e in diagram.enclosures for line in e.ended)
        self.gated: frozenset[int] = frozenset(line for e in diagram.enclosures for line in e.gates)
        self.open: dict[tuple[int, int], int] = {(o.line, o.end): o.order for o in diagram.opens}
        self.kept: dict[tuple[int, tuple[Side | None, ...]], Placed] = {}
        """Enclosures that have been placed, by the sides wanted for the lines in them."""

    @cached_property
    def inner(self) -> dict[int | None, tuple[int, ...]]:
        """What stands directly in each enclosure (None: outside all), in the diagram's order."""
        found: dict[int | None, list[int]] = {None: []}
        for enclosure in self.diagram.enclosures:
            found.setdefault(enclosure.id, [])
        parts: list[Shape | Enclosure] = [*self.diagram.shapes, *self.diagram.enclosures]
        for part in parts:
            found[part.inside].append(part.id)
        return {key: tuple(sorted(ids)) for key, ids in found.items()}

    def item_of(self, shape: int, inside: int | None) -> int | None:
        """The item of a level that a shape is or stands in; None if it is elsewhere."""
        item, place = shape, self.shapes[shape].inside
        while place != inside:
            if place is None:
                return None
            item, place = place, self.enclosures[place].inside
        return item

    @cached_property
    def touching(self) -> dict[int, tuple[int, ...]]:
        """For each enclosure the lines that have an end in it, however deep."""
        found: dict[int, dict[int, None]] = {enclosure: {} for enclosure in self.enclosures}
        for line in self.lines.values():
            for end in line.ends:
                place = self.shapes[end.shape].inside if end.shape is not None else None
                while place is not None:
                    found[place][line.id] = None
                    place = self.enclosures[place].inside
        return {enclosure: tuple(lines) for enclosure, lines in found.items()}

    def ends_within(self, line: int, item: int) -> bool:
        """Whether a function ends a line at its own wall, and its bubble is the item or stands in it."""
        place = self._ending.get(line)
        while place is not None and place != item:
            place = self.enclosures[place].inside
        return place is not None

    @cached_property
    def _ending(self) -> dict[int, int]:
        return {line: enclosure.id for enclosure in self.diagram.enclosures for line in enclosure.ended}

    def order(self, item: int) -> int:
        """The place of an item in the written order: ids are given in that order; dots come after."""
        return item

    def order_of_open(self, line: int) -> int:
        """The place of an open line among the outputs; 0 for others."""
        return next((o.order for o in self.diagram.opens if o.line == line), 0)

    def asks(self, line: int) -> bool:
        """Whether a row asks for the side at which an open line leaves."""
        return any(o.line == line and o.side is not None for o in self.diagram.opens)

    def apart(self, lines: Sequence[int]) -> float:
        """How far apart a row asks open lines to be; 0 where it does not ask that of all of them."""
        asked = {o.line: o.apart for o in self.diagram.opens}
        return 0.0 if self.turned else min((asked.get(line, 0.0) for line in lines), default=0.0)

    def half(self, shape: Shape, tip: Point = RIGHT) -> Point:
        """Half the size of a shape, along the row that is laid out and across it."""
        if not self.turned:
            return pieces.half_size(shape, tip)
        wide, high = pieces.half_size(shape, (tip[1], tip[0]))
        return (high, wide)

    def leg_position(self, shape: int, line: int) -> int:
        legs = self.shapes[shape].legs
        return legs.index(line) if line in legs else 0

    def kind(self, shape: int, line: int) -> Kind:
        """Which leg of which tensor a line's end at a shape is; a vector may turn as it likes."""
        known, place = self.shapes[shape], self.leg_position(shape, line)
        if len(known.legs) == 1:
            return str(shape), ""
        name = known.leg_names[place] if place < len(known.leg_names) else ""
        return known.name or str(shape), name if known.leg_names.count(name) == 1 else str(place)

    def is_small(self, item: int) -> bool:
        return item in self.shapes and self.shapes[item].symbol in ("dot", "pin", "fork")


@dataclass(frozen=True)
class Level:
    """Items joined by edges; ``floats`` have no legs. ``inside`` is the enclosure."""

    inside: int | None
    items: tuple[int, ...]
    edges: tuple[Edge, ...]
    floats: tuple[int, ...]
    bare: tuple[int, ...] = ()

    @cached_property
    def inner_edges(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.b is not None)

    @cached_property
    def outer_edges(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.b is None)

    @cached_property
    def _of(self) -> dict[int, tuple[Edge, ...]]:
        found: dict[int, list[Edge]] = {item: [] for item in self.items}
        for edge in self.edges:
            for item in dict.fromkeys((edge.a, edge.b)):
                if item in found:
                    found[item].append(edge)
        return {item: tuple(edges) for item, edges in found.items()}

    def of(self, item: int) -> tuple[Edge, ...]:
        """The wires of an item."""
        return self._of[item]

    def only(self, items: Iterable[int]) -> Level:
        """The level restricted to some items; wires to the others leave it."""
        kept = set(items)
        edges = []
        for edge in self.edges:
            if edge.a in kept and (edge.b is None or edge.b in kept):
                edges.append(edge)
            elif edge.a in kept:
                edges.append(Edge(edge.line, edge.a, None, edge.via_a))
            elif edge.b is not None and edge.b in kept:
                edges.append(Edge(edge.line, edge.b, None, edge.via_b))
        return Level(self.inside, tuple(i for i in self.items if i in kept), tuple(edges), ())

    def components(self) -> tuple[tuple[int, ...], ...]:
        """The items in sets that hang together, in the order of their first items."""
        leader = {item: item for item in self.items}

        def find(item: int) -> int:
            while leader[item] != item:
                item = leader[item]
            return item

        for edge in self.inner_edges:
            if edge.b is not None:
                one, other = sorted((find(edge.a), find(edge.b)))
                leader[other] = one
        groups: dict[int, list[int]] = {}
        for item in self.items:
            groups.setdefault(find(item), []).append(item)
        return tuple(tuple(group) for group in groups.values())


def level(index: Index, inside: int | None) -> Level:
    """The level inside an enclosure (None: outside all)."""
    here = index.inner[inside]
    floats = tuple(
        i for i in here if i in index.shapes and not index.shapes[i].legs and _floats(index.shapes[i])
    )
    attached: dict[int, tuple[int, Attached, int]] = {}
    for item in here:
        shape = index.shapes.get(item)
        if shape is None or shape.symbol not in INLINE or len(shape.legs) != 2:
            continue
        for near, far in (shape.legs, shape.legs[::-1]):
            beside = _beside(index, near, item, inside)
            if beside is not None and near not in (line for _, _, line in attached.values()):
                attached[item] = (beside, Attached(item, near), far)
                break
    round_it = {  # wires that leave an enclosure and come back to it have these as items on their way
        item
        for item, (beside, _, far) in attached.items()
        if beside in index.enclosures and _leads_back(index, far, item, beside, inside, attached)
    }
    attached = {item: found for item, found in attached.items() if item not in round_it}
    near_lines = {found.near for _, found, _ in attached.values()}
    edges, bare = [], []
    for line in index.diagram.lines:
        if line.id in near_lines:
            continue
        ends: list[tuple[int | None, Attached | None]] = []
        for end in line.ends:
            at = index.item_of(end.shape, inside) if end.shape is not None else None
            via = None
            if at is not None and at in attached:
                at, via, _ = attached[at]
            ends.append((at, via))
        (a, via_a), (b, via_b) = ends
        if a is not None and b is not None and a == b and a in index.enclosures:
            continue
        if a is None and b is None:
            if inside is None and all(end.shape is None for end in line.ends):
                bare.append(line.id)
            continue
        if a is None:
            a, via_a, b, via_b = b, via_b, a, via_a
        assert a is not None
        if b is None and index.ends_within(line.id, a):
            continue
        ended = b is None and inside is not None and line.id in index.enclosures[inside].ended
        edges.append(Edge(line.id, a, b, via_a, via_b, ended))
    items = tuple(i for i in here if i not in floats and i not in attached)
    return Level(inside, items, tuple(edges), floats, tuple(bare))


def _floats(shape: Shape) -> bool:
    return shape.symbol in ("text", "sigma")


def _beside(index: Index, line: int, shape: int, inside: int | None) -> int | None:
    """The item at the other end of a line, if that is no inline shape itself."""
    for end in index.lines[line].ends:
        if end.shape is not None and end.shape != shape:
            item = index.item_of(end.shape, inside)
            if item is not None and index.shapes[end.shape].symbol not in INLINE:
                return item
    return None


def _leads_back(
    index: Index,
    line: int,
    shape: int,
    item: int,
    inside: int | None,
    attached: Mapping[int, tuple[int, Attached, int]],
) -> bool:
    """Whether a line from an inline shape ends at that item, or at what is attached to it."""
    others = (end.shape for end in index.lines[line].ends if end.shape not in (None, shape))
    for other in others:
        at = index.item_of(other, inside) if other is not None else None
        if at is not None and (at == item or (at in attached and attached[at][0] == item)):
            return True
    return False
