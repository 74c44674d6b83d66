"""A backbone with its stations one below another, what stands beside it, and every line's way.

All in the frame of a picture that flows down; ``backbone_ink`` turns and draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tnlang.draw.diagram import Backbone, Plate
from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.backbone_embed import Chain, chain_of, feeding_tensor, lay_chain, lay_feed
from tnlang.draw.layout.backbone_graph import Index, Part, parts, pieces_of
from tnlang.draw.layout.backbone_grid import grid, head_of
from tnlang.draw.layout.backbone_place import Measure, Placer, Plan, Room
from tnlang.draw.layout.backbone_port import Harbour, box_of
from tnlang.draw.layout.backbone_route import Port, Router, rounded_track
from tnlang.draw.scene import Path, Point

STEP, FREE, TRACK = 92.0, 60.0, 8.0
"""From station to station; a free end beyond the last one; half the distance of two tracks."""
PLATE_AIR = 28.0


@dataclass(slots=True)
class Drawn:
    """Everything with its place. ``names`` are words beside the backbone with the stretch they stand at."""

    centers: dict[int, Point] = field(default_factory=dict)
    halves: dict[int, Point] = field(default_factory=dict)
    walls: dict[int, Box] = field(default_factory=dict)
    paths: dict[int, Path] = field(default_factory=dict)
    tracks: set[int] = field(default_factory=set)
    ribbons: list[Path] = field(default_factory=list)
    plates: list[tuple[Plate, Box]] = field(default_factory=list)
    names: list[tuple[str, Point]] = field(default_factory=list)
    free: dict[int, str] = field(default_factory=dict)
    bottom: float = 0.0
    right: float = 0.0


class Spine:
    """Places one backbone whose tracks are at x = 0."""

    def __init__(self, index: Index, backbone: Backbone, measure: Measure, room: Room) -> None:
        self.index, self.backbone = index, backbone
        self.measure, self.room = measure, room
        self.drawn = Drawn()
        self.ys: dict[int, float] = {}
        most = max((len(t) for t in backbone.tracks), default=1)
        self.offsets = [TRACK * (2 * i - most + 1) for i in range(most)]
        longest = max(backbone.tracks, key=len, default=())
        self.hidden = index.lines[longest[-1]].dim if longest else ""
        self.all_parts = [p for p in parts(index, backbone)]
        self.before: Chain | None = None
        self.after: Chain | None = None
        self.feeds: list[tuple[Part, int]] = []
        self.plans: list[tuple[Plan, int | None]] = []
        self._sort()

    # ------------------------------------------------------------ what stands where

    def _sort(self) -> None:
        first = set(self.backbone.tracks[0]) if self.backbone.tracks else set()
        last = set(self.backbone.tracks[-1]) if self.backbone.tracks else set()
        lined: list[tuple[Placer, Part]] = []
        for part in self.all_parts:
            if part.start is None and first & set(part.returns) and self.before is None:
                self.before = chain_of(self.index, part, self.backbone.tracks[0], upward=True)
                if self.before is not None:
                    continue
            if last & set(part.feeds) and part.stop is None and self.after is None:
                self.after = chain_of(self.index, part, self.backbone.tracks[-1], upward=False)
                if self.after is not None:
                    continue
            if part.start is None and part.stop is not None and feeding_tensor(self.index, part):
                self.feeds.append((part, part.stop))
                continue
            lined.extend((placer, placer.part) for placer in self._placers(part))
        trial = [placer.place(0.0, 0.0) for placer, _ in lined]
        left = max((min((p.centers[s][0] for s in p.grid.rows), default=0.0) for p in trial), default=0.0)
        trial = [placer.place(left, 0.0) for placer, _ in lined]
        outer = max((p.centers[p.grid.column[0]][0] for p in trial if p.grid.column), default=0.0)
        self.plans = [(placer.place(left, outer), part.start) for placer, part in lined]

    def _placers(self, part: Part) -> list[Placer]:
        """A part's pieces behind its head, each to be placed below the one before."""
        start = self._station(part.start)
        head = head_of(self.index, part, start)
        pieces = [p for p in pieces_of(self.index, self.backbone, part, head) if not self._is_source(p)]
        found: list[Placer] = []
        for piece in pieces or [replace(part, members=())]:
            rest = replace(piece, members=tuple(s for s in piece.members if s not in head))
            made = grid(self.index, rest, start, self._station(piece.stop), self.hidden, head)
            whole = rest if found else replace(rest, members=(*head, *rest.members))
            found.append(
                Placer(self.index, whole, made, head, self.hidden, self.measure, self.room, apart=bool(found))
            )
        return found

    def _is_source(self, part: Part) -> bool:
        return part.start is None and part.stop is None and not part.feeds and not part.returns

    def _station(self, position: int | None) -> int | None:
        if position is None or not 0 <= position < len(self.backbone.stations):
            return None
        return self.backbone.stations[position]

    # ------------------------------------------------------------ heights

    def place(self) -> Drawn:
        """Everything of this backbone placed, tracks and lines routed."""
        stations = self.backbone.stations
        top = self._prologue()
        low = top
        plate_first = {p.start: p for p in self.backbone.plates}
        plate_last = {p.stop: p for p in self.backbone.plates}
        waiting: list[tuple[Plan, float]] = []
        y = top
        for i, station in enumerate(stations):
            half = self.measure(self.index.shapes[station])
            y = top if i == 0 else max(y + (STEP if i else 0.0), y)
            if station in plate_first:
                y = max(y, low + 2 * PLATE_AIR + half[1] + 4)
            for plan, at in self._starting(None, i):
                y = max(y, low + 12.0 - plan.top + plan.stop, y)
                waiting.append((plan, y - plan.stop))
                del at
            for plan, begun in waiting:
                if plan.part.stop == i:
                    y = max(y, begun + plan.stop)
            starting = self._starting(i, None)
            for plan, _ in starting:
                y = max(y, low + 30.0 - min(0.0, plan.top))
            self.ys[i] = y
            self.drawn.centers[station] = (0.0, y)
            self.drawn.halves[station] = half
            low = max(low, y + half[1])
            if any(plan.part.stop == i for plan, _ in waiting):
                low = max(low, y + TRACK + 16.0)
            for plan, begun in waiting:
                if plan.part.stop == i:
                    low = max(low, begun + plan.bottom)
            below = y
            for number, (plan, _) in enumerate(starting):
                begin = below if number == 0 else below - plan.top
                waiting.append((plan, begin))
                if plan.part.stop is None:
                    low = max(low, begin + plan.stop)
                below = begin + plan.stop + TRACK + 40.0
            for part, stop in self.feeds:
                if stop == i:
                    lay_feed(self.index, part, (0.0, y), half, self.measure, self.room, self.drawn)
            if station in plate_last:
                low = max(low, max((b + p.bottom for p, b in waiting if p.part.stop == i), default=low))
                low += PLATE_AIR + 4
                y = low - STEP + 64
        for plan, begun in waiting:
            self._merge(plan, begun)
        self._epilogue(low)
        self._tracks()
        self._route(waiting)
        self._plates(waiting)
        for plan, begun in waiting:
            if plan.part.label and plan.part.stop is not None:
                self.drawn.names.append((plan.part.label, (0.0, begun + plan.stop / 2)))
        boxes = [box_of(c, self.drawn.halves[s]) for s, c in self.drawn.centers.items()]
        whole = union([*boxes, *self.drawn.walls.values()])
        self.drawn.right, self.drawn.bottom = whole.right, max(whole.bottom, self.bottom)
        return self.drawn

    def _starting(self, start: int | None, stop: int | None) -> list[tuple[Plan, int | None]]:
        if start is not None:
            return [(p, s) for p, s in self.plans if s == start]
        return [(p, s) for p, s in self.plans if (s is None or s < 0) and p.part.stop == stop]

    def _merge(self, plan: Plan, y: float) -> None:
        for shape, (x, at) in plan.centers.items():
            self.drawn.centers[shape] = (x, at + y)
            self.drawn.halves[shape] = self.measure(self.index.shapes[shape])
        for wall, box in plan.walls.items():
            self.drawn.walls[wall] = box.moved((0.0, y))
        last = plan.spans(self.index)
        if last is not None:
            wide, high = self.drawn.halves[last]
            x, _ = self.drawn.centers[last]
            self.drawn.centers[last] = (x, y + plan.stop / 2)
            self.drawn.halves[last] = (wide, plan.stop / 2 + 24.0)

    # ------------------------------------------------------------ above and below

    def _prologue(self) -> float:
        """The y of the first station."""
        if self.before is not None:
            return lay_chain(
                self.index, self.before, 0.0, self.offsets, self.measure, self.drawn, upward=True
            )
        first = self.backbone.tracks[0] if self.backbone.tracks else ()
        return FREE if any(self._open_end(line) for line in first) else 0.0

    def _open_end(self, line: int) -> bool:
        return any(e.shape is None for e in self.index.lines[line].ends)

    def _epilogue(self, low: float) -> None:
        last = self.backbone.tracks[-1] if self.backbone.tracks else ()
        y = self.drawn.centers[self.backbone.stations[-1]][1] if self.backbone.stations else 0.0
        self.bottom = max(low, y)
        if self.after is not None:
            self.bottom = lay_chain(
                self.index,
                self.after,
                max(y, low - 30.0),
                self.offsets,
                self.measure,
                self.drawn,
                upward=False,
            )
        elif last:
            self.bottom = max(y + FREE, low + 36.0)

    # ------------------------------------------------------------ tracks

    def _tracks(self) -> None:
        """The lines of the stretches: straight verticals from station to station."""
        drawn = self.drawn
        known = set(drawn.paths)
        for lines in self.backbone.tracks:
            for position, line in enumerate(lines):
                if line in known:
                    drawn.tracks.add(line)
                    continue
                x = self.offsets[position] if len(lines) == len(self.offsets) else 0.0
                ends: list[float] = []
                far = False
                for end in self.index.lines[line].ends:
                    if end.shape is None:
                        continue
                    if end.shape in self.index.stations:
                        ends.append(drawn.centers[end.shape][1])
                    elif self.before is not None and end.shape == self.before.position:
                        ends.append(drawn.centers[end.shape][1])
                    else:
                        far = True
                if far:
                    continue
                if len(ends) < 2 and ends:
                    kind = next((o.kind for o in self.index.diagram.opens if o.line == line), "output")
                    y = 0.0 if kind == "input" else self.bottom
                    drawn.free[line] = "top" if kind == "input" else "bottom"
                    ends.append(y)
                if len(ends) == 2:
                    a, b = ends
                    if self.index.lines[line].ends[0].shape is None:
                        a, b = b, a
                    drawn.paths[line] = rounded_track([(x, a), (x, b)], 0.0)
                    drawn.tracks.add(line)

    # ------------------------------------------------------------ lines and ribbons

    def _route(self, waiting: list[tuple[Plan, float]]) -> None:
        drawn = self.drawn
        texts = [s for s in drawn.centers if self.index.shapes[s].symbol == "text"]
        boxes = {s: box_of(c, drawn.halves[s]) for s, c in drawn.centers.items() if s not in texts}
        router = Router(
            boxes, drawn.walls, [box_of(drawn.centers[s], drawn.halves[s]).grown(4) for s in texts]
        )
        for line in drawn.tracks:
            path = drawn.paths[line]
            router.lay([path.start, path.end])
        for plan, begun in waiting:
            self._ribbons(plan, begun, router)
        for plan, begun in waiting:
            harbour = Harbour(
                self.index, plan, drawn.centers, drawn.halves, frozenset(drawn.paths), self.hidden
            )
            ends = harbour.ports(self._opened(plan, begun))
            rest = []
            found: list[tuple[int, list[Point]]] = []
            for pair in sorted(ends, key=lambda e: (_far(e.start, e.end), e.line)):
                points = router.simple(pair.start, pair.end)
                if points is None:
                    rest.append(pair)
                    continue
                router.lay(points)
                found.append((pair.line, points))
            for pair in rest:
                points = router.search(pair.start, pair.end)
                router.lay(points)
                found.append((pair.line, points))
            tails = {e.line: e for e in ends}
            for line, points in found:
                if tails[line].start.tail is not None:
                    points = [tails[line].start.tail, *points]
                elif tails[line].end.tail is not None:
                    points = [*points, tails[line].end.tail]
                outer = self.index.lines[line].dim == self.hidden and (
                    line in plan.part.feeds or line in plan.part.returns or len(points) <= 4
                )
                if self.index.lines[line].ends[0].shape is not None:
                    first = drawn.centers[self.index.lines[line].ends[0].shape or 0]
                    if _gap(points[0], first) > _gap(points[-1], first):
                        points = points[::-1]
                drawn.paths[line] = rounded_track(points, 40.0 if outer or self._at_dot(line) else 24.0)

    def _at_dot(self, line: int) -> bool:
        return any(
            e.shape is not None and self.index.shapes[e.shape].symbol == "dot"
            for e in self.index.lines[line].ends
        )

    def _opened(self, plan: Plan, begun: float) -> dict[int, Port]:
        """Ports of the free ends of a part: outputs return to where the tracks were and go on down."""
        found: dict[int, Port] = {}
        inside = set(plan.part.members)
        outputs = [
            o
            for o in self.index.diagram.opens
            if o.kind == "output" and any(e.shape in inside for e in self.index.lines[o.line].ends)
        ]
        y = begun + plan.stop
        self_offsets = self.offsets if len(outputs) == len(self.offsets) else None
        for k, end in enumerate(outputs):
            x = self_offsets[k] if self_offsets else TRACK * (2 * k - len(outputs) + 1)
            level = y + (TRACK * (2 * k - len(outputs) + 1))
            found[end.line] = Port((x, level), "right", 8.0, tail=(x, y + FREE))
            self.drawn.free[end.line] = "bottom"
            self.bottom = max(self.bottom, y + FREE)
        for enclosure in self.index.diagram.enclosures:
            for line in enclosure.ended:
                box = self.drawn.walls.get(enclosure.id)
                shape = next((e.shape for e in self.index.lines[line].ends if e.shape is not None), None)
                if box is not None and shape in inside and shape is not None:
                    at = (box.right, self.drawn.centers[shape][1])
                    found[line] = Port(at, "left", 0.0, None, self.index.around(enclosure.id))
        return found

    def _ribbons(self, plan: Plan, begun: float, router: Router) -> None:
        drawn = self.drawn
        for ribbon in self.index.diagram.ribbons:
            if ribbon.paste not in plan.centers or ribbon.station not in drawn.centers:
                continue
            (x, y), (u, v) = drawn.centers[ribbon.station], drawn.centers[ribbon.paste]
            trunk = plan.trunks.get(ribbon.station)
            if trunk is None or abs(y - v) < 1:
                points = [(x, y), (u, v)] if abs(y - v) < 1 else [(x, y), (u - 40, v), (u, v)]
            elif trunk > x:
                down = trunk - x
                points = [(x, y), (trunk, y + down), (trunk, v), (u, v)]
            else:
                points = [(x, y), (x - 40, y + 40), (trunk, y + 40), (trunk, v), (u, v)]
            drawn.ribbons.append(_smooth(points))
            router.lay_ribbon(points[1:] if len(points) > 2 else points)

    # ------------------------------------------------------------ plates

    def _plates(self, waiting: list[tuple[Plan, float]]) -> None:
        stations = list(self.backbone.stations)
        for plate in self.backbone.plates:
            first, last = stations.index(plate.start), stations.index(plate.stop)
            boxes = [box_of(self.drawn.centers[s], self.drawn.halves[s]) for s in stations[first : last + 1]]
            for plan, begun in waiting:
                start = plan.part.start if plan.part.start is not None else plan.part.stop
                if start is not None and first <= start <= last:
                    boxes.append(Box(0.0, begun + plan.top, plan.right, begun + plan.bottom))
                    boxes.extend(self.drawn.walls[w] for w in plan.walls)
                    stop = begun + plan.stop
                    boxes.append(Box(-10.0, stop - 10, 10.0, stop + 24.0))
                    if plan.part.label:
                        boxes.append(Box(-88.0, begun, 0.0, stop))
            box = union(boxes)
            self.drawn.plates.append(
                (
                    plate,
                    Box(
                        min(box.left, -72.0) - 16,
                        box.top - PLATE_AIR,
                        box.right + 24,
                        box.bottom + PLATE_AIR - 6,
                    ),
                )
            )


def _far(a: Port, b: Port) -> float:
    return abs(a.at[0] - b.at[0]) + abs(a.at[1] - b.at[1])


def _gap(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _smooth(points: list[Point]) -> Path:
    from tnlang.draw.curves import track

    return track(points, 24.0)
