"""A backbone with its stations one below another, what stands beside it, and every line's way.

All in the frame of a picture that flows down; ``ink`` turns and draws it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from tnlang.draw.diagram import Backbone
from tnlang.draw.geometry import move
from tnlang.draw.layout.backbone.block import Block
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.embed import (
    SMALL,
    Chain,
    chain_of,
    feeding_tensor,
    lay_chain,
    lay_feed,
    lead_in,
)
from tnlang.draw.layout.backbone.gauge import Gauge
from tnlang.draw.layout.backbone.graph import Index, Part, parts, pieces_of
from tnlang.draw.layout.backbone.grid import grid, head_of
from tnlang.draw.layout.backbone.place import Placer, Plan
from tnlang.draw.layout.backbone.plates import COUNT, PLATE_AIR, plates_of
from tnlang.draw.layout.backbone.port import box_of
from tnlang.draw.layout.backbone.rows import Beside
from tnlang.draw.layout.backbone.values import is_source, value_box
from tnlang.draw.layout.bends import rounded_track
from tnlang.draw.scene import Point

JOIN = 52.0
"""Above a station, where a part's wires turn into the tracks."""
STEP, FREE, TRACK = 92.0, 60.0, 8.0
"""From station to station; a free end beyond the last one; half the distance of two tracks."""
ASLANT = 56.0
"""How far below its station a ribbon to another backbone has left the tracks."""
CUP = 10.0
"""From a station to the first wire that leaves it and comes back, half of it, and from that to the next."""
UNDER, UNDER_WIRES = 10.0, 36.0
"""From another part of the same station to the bubbles below it; from a station that wires come into."""
LEAVE, ROUND_BLOCK = 32.0, 24.0
"""From a plate to where the tracks turn into a part below it; from a block to a line that passes round it."""


@dataclass(frozen=True, slots=True)
class Floors:
    """How far down parts (by their members) begin at least, stations stand, and plates (by their repeats)
    begin and end."""

    parts: Mapping[tuple[int, ...], float] = field(default_factory=dict)
    stations: Mapping[int, float] = field(default_factory=dict)
    opened: Mapping[int, float] = field(default_factory=dict)
    closed: Mapping[int, float] = field(default_factory=dict)


NO_FLOORS = Floors()


class Spine:
    """Places one backbone whose tracks are at x = 0. Parts whose members are ``blocks`` stand in columns."""

    def __init__(
        self, index: Index, backbone: Backbone, gauge: Gauge, blocks: Container[tuple[int, ...]] = ()
    ) -> None:
        self.index, self.backbone, self.gauge, self.blocks = index, backbone, gauge, blocks
        self.measure, self.room = gauge.half, gauge.room
        self.along, self.beside = gauge.along, gauge.beside
        self.drawn = Drawn()
        self.x, self.bottom = 0.0, 0.0
        most = max((len(t) for t in backbone.tracks), default=1)
        self.offsets = [TRACK * (2 * i - most + 1) for i in range(most)]
        longest = max(backbone.tracks, key=len, default=())
        self.hidden = index.lines[longest[-1]].dim if longest else ""
        self.all_parts = [p for p in parts(index, backbone)]
        self.before: Chain | None = None
        self.after: Chain | None = None
        self.feeds: list[Part] = []
        self.plans: list[Plan] = []
        self.placed: list[tuple[Plan, float]] = []
        self.opened: dict[int, float] = {}
        self.closed: dict[int, float] = {}
        self._sort()

    # ------------------------------------------------------------ what stands where

    def _sort(self) -> None:
        first = set(self.backbone.tracks[0]) if self.backbone.tracks else set()
        last = set(self.backbone.tracks[-1]) if self.backbone.tracks else set()
        lined: list[Placer | Block] = []
        begun: set[int | None] = {None}
        for part in self.all_parts:
            if part.start is None and first & set(part.returns) and self.before is None:
                self.before = chain_of(self.index, part, self.backbone.tracks[0], upward=True)
                if self.before is not None:
                    continue
            if last & set(part.feeds) and part.stop is None and self.after is None:
                self.after = chain_of(self.index, part, self.backbone.tracks[-1], upward=False)
                if self.after is not None:
                    continue
            if _only_flows_in(part) and feeding_tensor(self.index, part):
                self.feeds.append(part)
                continue
            entered = part.start is not None and part.start >= 0 and self._entered(part.start)
            below = UNDER_WIRES if entered else UNDER if part.start in begun else 0.0
            lined.extend(self._placers(part, below))
            begun.add(part.start)
        trial = [placer.place(0.0, 0.0) for placer in lined]
        left = max((p.centers[s][0] for p in trial for s in p.grid.rows if p.grid.cols[s] == 0), default=0.0)
        trial = [placer.place(left, 0.0) for placer in lined]
        outer = max((p.centers[p.grid.column[0]][0] for p in trial if p.grid.column), default=0.0)
        self.plans = [placer.place(left, outer) for placer in lined]

    def _placers(self, part: Part, below: float) -> list[Placer] | list[Block]:
        """A part's pieces behind its head, each to be placed below the one before.

        The first one stands ``below`` what comes to the station, or begins there, if that is not 0.
        """
        if part.members in self.blocks:
            return [Block(self.index, part, self.gauge, below, self.hidden)]
        start = self._station(part.start)
        head = head_of(self.index, part, start)
        pieces = pieces_of(self.index, self.backbone, part, head)
        made = [p for p in pieces if is_source(p)]
        pieces = tuple(p for p in pieces if p not in made)
        values = tuple(value_box(self.index, p.members) for p in made)
        found: list[Placer] = []
        for piece in pieces or [replace(part, members=())]:
            rest = replace(piece, members=tuple(s for s in piece.members if s not in head))
            rows = grid(self.index, rest, start, self._station(piece.stop), self.hidden, head)
            whole = rest if found else replace(rest, members=(*head, *rest.members))
            lower = below or UNDER * bool(found)
            first = Beside(head, () if found else values, apart=bool(found), below=lower)
            found.append(Placer(self.index, whole, rows, first, self.hidden, self.gauge))
        return found

    def _station(self, position: int | None) -> int | None:
        if position is None or not 0 <= position < len(self.backbone.stations):
            return None
        return self.backbone.stations[position]

    # ------------------------------------------------------------ heights

    def place(self, floors: Floors = NO_FLOORS) -> Drawn:
        """Shapes, walls, tracks, plates and names of this backbone; ``Wires`` routes its other lines.

        Nothing stands higher than its floor; where plates would begin and end without floors is noted.
        """
        self.drawn = drawn = Drawn()
        self.x, self.placed = 0.0, []
        low = y = self._prologue()
        closing = {p.stop for p in self.backbone.plates}
        for i, station in enumerate(self.backbone.stations):
            half = self.measure(self.index.shapes[station])
            if i:
                y += STEP
            opening = [p.repeat for p in self.backbone.plates if p.start == station]
            opened = len(opening)
            heads: list[Plan] = []
            first = low
            if opened:
                room = self.air(station) + opened * PLATE_AIR + half[1] + 4
                heads = [plan for plan in self._flowing_in(i) if self.joins(plan.part)]
                begins = max([low, *(low + JOIN + 8.0 - half[1] + p.stop - p.top for p in heads)])
                self.opened |= dict.fromkeys(filter(None, opening), begins)
                low = max([low, *(floors.opened.get(repeat, low) for repeat in opening)])
                y = max(y, low + room)
            for plan in self._flowing_in(i):
                above = JOIN if self.joins(plan.part) else 0.0
                edge = self.air(station) + opened * PLATE_AIR if opened else 0.0
                edge_above = above + (edge if above else 0.0)
                floor = floors.parts.get(plan.part.members, -inf)
                begin = first if plan in heads else low
                need = max(begin + edge + 12.0 - plan.top + plan.stop + above, floor + plan.stop + edge_above)
                at = max(need, low + room) if plan in heads else max(y, need)
                y = max(y, at)
                self.placed.append((plan, at - plan.stop - edge_above))
            come = [(plan, begun + plan.stop) for plan, begun in self.placed if plan.part.stop == i]
            y = max([y, *(stop + JOIN * bool(self.falls(plan)) for plan, stop in come)])
            starting = [plan for plan in self.plans if plan.part.start == i and not self.is_tail(plan.part)]
            tails = [plan for plan in self.plans if plan.part.start == i and self.is_tail(plan.part)]
            y = max([y, *(low + 30.0 + opened * PLATE_AIR - min(0.0, plan.top) for plan in starting)])
            y = max(y, floors.stations.get(station, y))
            drawn.centers[station], drawn.halves[station] = (self._across(i), y), half
            ended = [begun + plan.bottom for plan, begun in self.placed if plan.part.stop == i]
            low = max([low, y + half[1], *ended, *((y + TRACK + 16.0,) if ended else ())])
            low = max(low, self._begin(starting, y, floors))
            for part in self.feeds:
                if part.stop == i:
                    lay_feed(self.index, part, drawn.centers[station], half, self.gauge, drawn)
                    low = max(low, *(y + self.measure(self.index.shapes[s])[1] for s in part.members))
                    low += max(map(self._named, range(len(self.backbone.tracks))))
            if station in closing:
                low += (PLATE_AIR + 4) * sum(p.stop == station for p in self.backbone.plates)
                low += self.air(station) - PLATE_AIR
                low += COUNT / 2 * any(p.spans(self.index) for p, _ in self.placed if p.part.stop == i)
                closed = [p.repeat for p in self.backbone.plates if p.stop == station]
                self.closed |= dict.fromkeys(filter(None, closed), low)
                low = max([low, *(floors.closed.get(repeat, low) for repeat in closed)])
                y = low - STEP + 64 + self._named(i + 1)
            if tails:
                below = station in closing or self._entered(i)
                begin = low + LEAVE if below else drawn.centers[station][1]
                low = max(low, self._begin(tails, begin, floors))
        for plan, begun in self.placed:
            self._merge(plan, begun)
        self._epilogue(low)
        self._tracks()
        drawn.plates = plates_of(self)
        for plan, begun in self.placed:
            if plan.part.label and plan.part.stop is not None:
                drawn.names.append((plan.part.label, (0.0, begun + plan.stop / 2)))
        return drawn

    def _across(self, i: int) -> float:
        """The x of a station: amid the tracks that end in it; others run past."""
        station = self.backbone.stations[i]
        lines = [*self.backbone.tracks[i : i + 2], ()][1] or self.backbone.tracks[i]
        places = [
            x
            for x, line in zip(self.offsets, lines, strict=False)
            if any(e.shape == station for e in self.index.lines[line].ends)
        ]
        return sum(places) / len(places) if places and len(lines) == len(self.offsets) else 0.0

    def joins(self, part: Part) -> dict[int, tuple[float, int]]:
        """The lines by which a part begins tracks: the x of the track, and the station where each ends."""
        found: dict[int, tuple[float, int]] = {}
        for lines in self.backbone.tracks:
            for position, line in enumerate(lines):
                if line in part.returns and part.start is None and line not in found:
                    station = next(
                        (e.shape for e in self.index.lines[line].ends if e.shape in self.backbone.stations),
                        None,
                    )
                    if station is not None:
                        x = self.offsets[position] if len(lines) == len(self.offsets) else 0.0
                        found[line] = (self.x + x, station)
        return found

    def falls(self, plan: Plan) -> dict[int, tuple[float, int]]:
        """The lines of a part that come into a station from above: the x, as of tracks, and the station.

        So they do where no tracks come, and wires leave at the station's right.
        """
        stop = plan.part.stop
        if stop is None or self.backbone.tracks[stop] or plan.spans(self.index):
            return {}
        station = self.backbone.stations[stop]
        known = self.index.shapes[station]
        brought = [n for n in known.legs[: known.inputs] if n in plan.part.returns]
        tracks = {n for lines in self.backbone.tracks for n in lines}
        gives = set(known.legs) - tracks - set(known.legs[: known.inputs])
        if not gives or len(brought) != len(self.offsets):
            return {}
        return {line: (self.x + x, station) for line, x in zip(brought, self.offsets, strict=True)}

    def leaves(self, part: Part, begun: float) -> dict[int, tuple[float, float]]:
        """The tracks that run on below a plate into a part: their x, and the y of the station they leave."""
        tracks = self.backbone.tracks[-1]
        if not self.is_tail(part) or len(tracks) != len(self.offsets):
            return {}
        y = self.drawn.centers[self.backbone.stations[-1]][1]
        lines = zip(tracks, self.offsets, strict=True)
        return {line: (self.x + x, y) for line, x in lines if line in part.feeds and y < begun}

    def _named(self, stretch: int) -> float:
        """The length along the tracks that a stretch's names need."""
        return max((self.along(self.index.lines[n]) for n in self.backbone.tracks[stretch]), default=0.0)

    def air(self, station: int) -> float:
        """The clear space between a plate and its first or last station, for the names of wires there."""
        lines = (line for p in self.all_parts for line in (*p.feeds, *p.returns))
        near = [n for n in lines if station in {e.shape for e in self.index.lines[n].ends}]
        return max([PLATE_AIR, *(self._named(i) for i in range(len(self.backbone.tracks)) if near)])

    def _entered(self, i: int) -> bool:
        """Whether wires come into a station from its right: what it gives leaves below them."""
        tracks = set(self.backbone.tracks[i])
        return any(part.stop == i and set(part.returns) - tracks for part in self.all_parts)

    def is_tail(self, part: Part) -> bool:
        """Whether a part takes the tracks after the last station: it stands below any plate."""
        return part.stop is None and bool(set(self.backbone.tracks[-1]) & set(part.feeds))

    def _begin(self, starting: list[Plan], y: float, floors: Floors) -> float:
        """Puts the parts that start at a station one below another; the reach of one that does not return."""
        begin, low = y, y
        for number, plan in enumerate(starting):
            if number:
                begin -= plan.top
            begin = max(begin, floors.parts.get(plan.part.members, begin))
            self.placed.append((plan, begin))
            if plan.part.stop is None:
                low = max(low, begin + plan.stop)
            begin += plan.stop + TRACK + 40.0
        return low

    def _flowing_in(self, stop: int) -> list[Plan]:
        """Parts that end at a station and start at none."""
        return [p for p in self.plans if (p.part.start is None or p.part.start < 0) and p.part.stop == stop]

    def runs_on(self, station: int, part: Part | None = None) -> bool:
        """Whether the tracks go on below a station, past a part that begins there."""
        return bool(self.backbone.tracks[station + 1]) and (part is None or not self.is_tail(part))

    @property
    def right(self) -> float:
        """How far the backbone with its parts reaches to the right."""
        boxes = [box_of(c, self.drawn.halves[s]) for s, c in self.drawn.centers.items()]
        boxes += [*self.drawn.walls.values(), *(box for _, box in self.drawn.plates)]
        return max([0.0, *(box.right for box in boxes), *(plan.right + self.x for plan, _ in self.placed)])

    def round_blocks(self, low: float, high: float) -> float:
        """How far from the tracks a line runs round what stands beside them between two heights."""
        beside = (p.right for p, begun in self.placed if begun + p.top < high and low < begun + p.bottom)
        return max((right + ROUND_BLOCK for right in beside), default=0.0)

    def move(self, by: Point) -> None:
        """Shifts all that is placed."""
        drawn, (dx, dy) = self.drawn, by
        self.x += dx
        self.bottom += dy
        drawn.centers = {s: (x + dx, y + dy) for s, (x, y) in drawn.centers.items()}
        drawn.walls = {w: box.moved(by) for w, box in drawn.walls.items()}
        drawn.paths = {n: move(path, by) for n, path in drawn.paths.items()}
        drawn.plates = [(plate, box.moved(by)) for plate, box in drawn.plates]
        drawn.names = [(name, (x + dx, y + dy)) for name, (x, y) in drawn.names]
        self.placed = [(plan, begun + dy) for plan, begun in self.placed]

    def _merge(self, plan: Plan, y: float) -> None:
        for shape, (x, at) in plan.centers.items():
            self.drawn.centers[shape] = (x, at + y)
            self.drawn.halves[shape] = self.measure(self.index.shapes[shape])
        for wall, box in plan.walls.items():
            self.drawn.walls[wall] = box.moved((0.0, y))
        if plan.block is not None:
            block = plan.block.moved((0.0, y))
            self.drawn.centers.update({s: pose.at for s, pose in block.poses.items()})
            self.drawn.halves.update({s: pose.half for s, pose in block.poses.items()})
            self.drawn.stretched.update(block.poses)
            self.drawn.walls.update({w: wall.box for w, wall in block.walls.items()})
            self.drawn.paths.update(block.routes)
        for value in plan.values:
            lower = value.moved((0.0, y))
            for shape, pose in lower.poses.items():
                wide, high = pose.half
                half = (high, wide) if self.gauge.turned else pose.half
                self.drawn.centers[shape], self.drawn.halves[shape] = pose.at, half
            self.drawn.walls.update({w: wall.box for w, wall in lower.walls.items()})
            self.drawn.paths.update(lower.routes)
        last = plan.spans(self.index)
        if last is not None:
            wide = self.drawn.halves[last][0]
            x, _ = self.drawn.centers[last]
            stop = self._station(plan.part.stop)
            below = self.drawn.centers[stop][1] - y if stop is not None else plan.stop
            self.drawn.centers[last] = (x, y + below / 2)
            self.drawn.halves[last] = (wide, below / 2 + 24.0)

    # ------------------------------------------------------------ above and below

    def _prologue(self) -> float:
        """The y of the first station."""
        if self.before is not None:
            small = [s for p in self.feeds if p.stop == 0 for s in p.members]
            bulky = any(self.measure(self.index.shapes[s])[1] > 12 for s in small if self._is_small(s))
            return 34.0 * bulky + lay_chain(
                self.index, self.before, 0.0, self.offsets, self.gauge, self.drawn
            )
        first = self.backbone.tracks[0] if self.backbone.tracks else ()
        return FREE if any(self._open_end(line) for line in first) else 0.0

    def _is_small(self, shape: int) -> bool:
        return self.index.shapes[shape].symbol in SMALL

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
                max(y, low - 12.0),
                self.offsets,
                self.gauge,
                self.drawn,
                station=y,
            )
        elif last:
            self.bottom = max(y + FREE, low + 36.0, y + self.at_the_end(last))

    def at_the_end(self, lines: Container[int]) -> float:
        """How far open lines run on from the last station, for names clear of ribbons to other backbones."""
        station = self.backbone.stations[-1]
        pasted = {ribbon.paste for ribbon in self.index.diagram.ribbons if ribbon.station == station}
        if not self.gauge.turned or pasted <= self.drawn.centers.keys():
            return 0.0
        ends = (end for end in self.index.diagram.opens if end.line in lines)
        return ASLANT + max(
            (self.along(replace(self.index.lines[e.line], label=e.label, word=e.word)) for e in ends),
            default=0.0,
        )

    # ------------------------------------------------------------ tracks

    def _tracks(self) -> None:
        """The lines of the stretches: straight verticals from station to station."""
        drawn = self.drawn
        if self.before is not None and self.backbone.stations:
            first = drawn.centers[self.backbone.stations[0]]
            lead_in(self.index, self.before, first[1], self.offsets[-1], drawn)
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
                    if end.shape in self.backbone.stations or (
                        self.before is not None and end.shape == self.before.position
                    ):
                        ends.append(drawn.centers[end.shape][1])
                    else:
                        far = True
                if far:
                    continue
                if len(ends) == 2 and lines.count(line) == 2 and len(lines) == len(self.offsets):
                    self._cup(line, lines)
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

    def _cup(self, line: int, lines: tuple[int, ...]) -> None:
        """A stream that begins as an identity: a wire from one of its station's legs back into another."""
        station = next(e.shape for e in self.index.lines[line].ends if e.shape is not None)
        y, cups = self.drawn.centers[station][1], [n for n in dict.fromkeys(lines) if lines.count(n) == 2]
        top = y - self.drawn.halves[station][1] - CUP * (2 + cups.index(line))
        one, other = (self.offsets[place] for place, n in enumerate(lines) if n == line)
        self.drawn.paths[line] = rounded_track([(one, y), (one, top), (other, top), (other, y)], CUP)
        self.drawn.tracks.add(line)


def _only_flows_in(part: Part) -> bool:
    return part.start is None and part.stop is not None and not part.feeds
