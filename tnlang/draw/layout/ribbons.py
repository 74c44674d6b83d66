"""Ribbons of flat pictures: ways from stations to pasted copies, led round all that stands there by now.

A ribbon goes round shapes and foreign outlines, keeps a distance from the ribbons of other values, runs along
no wire and crosses wires squarely. Where there is no such way, or none worth its length, it is left out: the
copies share name and colour. Only where stations of two values bear one name it has to be drawn all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tnlang.draw.diagram import Diagram, Ribbon
from tnlang.draw.geometry import DIRECTIONS, Box, bbox, crossings, distance, flatten, union
from tnlang.draw.labels import label_box
from tnlang.draw.layout.bends import rounded_track
from tnlang.draw.layout.route import CROSS, HURDLE, Port, Router, Segment
from tnlang.draw.scene import InkItem, Item, LabelItem, OutlineItem, Point, RibbonItem, ShapeItem, WireItem

OUT, RADIUS = 12.0, 18.0
"""How far out of its shape a ribbon may bend, and of its rounds."""
APART, OFF_NAME, OFF_LINE = 12.0, 7.0, 4.0
"""From the middle of a ribbon to that of another value's, to a name, and to a line that slants."""
SQUARE = 0.4
"""Rise over run of what is still crossed squarely."""
DETOUR, FREELY = 1.5, 300.0
"""A way may cost so many times the distance, and so much beyond it, crossings and bends counted in."""
SEARCHED = 120
"""Among more shapes and wires only ways that bend once at most are looked for."""


def with_ribbons(diagram: Diagram, items: Sequence[Item]) -> tuple[Item, ...]:
    """The items with the diagram's ribbons as they run among them; those that the items have are left out."""
    if not diagram.ribbons:
        return tuple(items)
    kept = tuple(item for item in items if not isinstance(item, RibbonItem))
    return (*_Ground(diagram, kept).ribbons(), *kept)


@dataclass(frozen=True, slots=True)
class _Laid:
    """A ribbon that has its way, and whose value it carries."""

    station: int
    points: tuple[Point, ...]


class _Ground:
    """What stands in the way of ribbons."""

    def __init__(self, diagram: Diagram, items: Sequence[Item]) -> None:
        self.diagram = diagram
        self.shapes = {item.id: bbox(item.outline) for item in items if isinstance(item, ShapeItem)}
        known = {enclosure.id: enclosure.inside for enclosure in diagram.enclosures}
        outlines = [item for item in items if isinstance(item, OutlineItem) and item.id in known]
        self.outlines = {item.id: item.outline for item in outlines}
        self.around = {shape.id: tuple(_chain(known, shape.inside)) for shape in diagram.shapes}
        self.blocks = [bbox(item.outline) for item in items if isinstance(item, InkItem)]
        names = [item for item in items if isinstance(item, LabelItem) and item.kind != "shape"]
        self.blocks += [label_box(name).grown(OFF_NAME) for name in names]
        self.tracks: list[Segment] = []
        for path, half in [(i.path, i.width / 2) for i in items if isinstance(i, WireItem)]:
            for piece in pairwise(flatten(path)):
                self._line(piece, half)
        for outline in self.outlines.values():
            for piece in pairwise(flatten(outline)):
                self._line(piece, 0.0)
        self.laid: list[_Laid] = []

    def _line(self, piece: Segment, half: float) -> None:
        """What is nearly level or upright may be crossed; no track crosses the rest squarely."""
        (x, y), (u, v) = piece
        if abs(y - v) < SQUARE * abs(x - u):
            self.tracks.append(((x, (y + v) / 2), (u, (y + v) / 2)))
        elif abs(x - u) < SQUARE * abs(y - v):
            self.tracks.append((((x + u) / 2, y), ((x + u) / 2, v)))
        else:
            self.blocks.append(_box(piece).grown(half + OFF_LINE))

    def ribbons(self) -> Iterator[RibbonItem]:
        """The ribbons that have a way, the shortest first."""
        shapes = {shape.id: shape for shape in self.diagram.shapes}
        stations = {ribbon.station for ribbon in self.diagram.ribbons}
        named = Counter(shapes[station].label for station in stations)
        drawn = [r for r in self.diagram.ribbons if {r.station, r.paste} <= self.shapes.keys()]
        for ribbon in sorted(drawn, key=self._length):
            points = self._way(ribbon, needed=named[shapes[ribbon.station].label] > 1)
            if points:
                self.laid.append(_Laid(ribbon.station, tuple(points)))
                yield RibbonItem(rounded_track(points, RADIUS))

    def _length(self, ribbon: Ribbon) -> float:
        return distance(self.shapes[ribbon.station].center, self.shapes[ribbon.paste].center)

    def _way(self, ribbon: Ribbon, *, needed: bool) -> list[Point]:
        """The track of a ribbon; empty if it is left out."""
        own = [self.shapes[ribbon.station], self.shapes[ribbon.paste]]
        foreign = [laid.points for laid in self.laid if laid.station != ribbon.station]
        blocks = [box for box in self.blocks if not any(box.overlaps(end) for end in own)]
        blocks += [_box(piece).grown(APART) for points in foreign for piece in pairwise(points)]
        router = Router(self.shapes, {n: bbox(path) for n, path in self.outlines.items()}, blocks)
        for track in self.tracks:
            seen = _outside(_outside(track, own[0]), own[1])
            if seen[0] != seen[1]:
                router.lay(seen)
        starts, ends = (self._ports(shape) for shape in (ribbon.station, ribbon.paste))
        points = self._decent(router, starts, ends)
        if self._strays(points, starts[0].walls, ends[0].walls):
            points = []
        return points or (router.choose(starts, ends, most=HURDLE) if needed else [])

    def _decent(self, router: Router, starts: Sequence[Port], ends: Sequence[Port]) -> list[Point]:
        a, b = starts[0].at, ends[0].at
        straight = abs(a[0] - b[0]) + abs(a[1] - b[1])
        ways = [router.simple(start, end) for start in starts for end in ends]
        found = [points for points in ways if points is not None]
        if found:
            return min(found, key=lambda points: (len(points), _measure(points)))
        if len(self.shapes) + len(self.diagram.lines) > SEARCHED:
            return []
        starts = [port for port in starts if router.leaves(port)]
        ends = [port for port in ends if router.leaves(port)]
        walls = sum(len(port.walls) for port in (*starts[:1], *ends[:1]))
        return router.choose(starts, ends, DETOUR * straight + FREELY + CROSS * walls)

    def _strays(self, points: Sequence[Point], first: Sequence[int], last: Sequence[int]) -> bool:
        """Whether a way leaves an outline that it has to come back into, or the other way round."""
        if not points:
            return False
        path = rounded_track(points, RADIUS)
        return any(
            len(crossings(path, outline)) != ((wall in first) != (wall in last))
            for wall, outline in self.outlines.items()
        )

    def _ports(self, shape: int) -> list[Port]:
        box = self.shapes[shape]
        half = {"left": box.width / 2, "right": box.width / 2, "up": box.height / 2, "down": box.height / 2}
        return [Port(box.center, side, half[side] + OUT, shape, self.around[shape]) for side in DIRECTIONS]


def _chain(inside: Mapping[int, int | None], place: int | None) -> Iterator[int]:
    """The enclosures round a place, from the inmost out."""
    while place is not None:
        yield place
        place = inside[place]


def _outside(track: Segment, box: Box) -> Segment:
    """What is seen of a track that begins or ends in a shape; a single point where nothing is."""
    first, last = box.holds(track[0]), box.holds(track[1])
    if first == last:
        return (track[0], track[0]) if first else track
    inner, outer = track if first else track[::-1]
    (x, y), (u, v) = inner, outer
    edge = (max(box.left, min(box.right, u)), y) if y == v else (x, max(box.top, min(box.bottom, v)))
    return (edge, outer)


def _box(points: Iterable[Point]) -> Box:
    return union(Box(x, y, x, y) for x, y in points)


def _measure(points: Sequence[Point]) -> float:
    return sum(distance(a, b) for a, b in pairwise(points))
