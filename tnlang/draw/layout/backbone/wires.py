"""The lines between the tracks, and ribbons: routed once everything has its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from tnlang.draw.diagram import Line, OpenEnd
from tnlang.draw.geometry import Box, join, reverse
from tnlang.draw.layout.backbone.abreast import ABREAST
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.gauge import NAME_OFF
from tnlang.draw.layout.backbone.graph import RESULT, Index, comes_into
from tnlang.draw.layout.backbone.place import Plan
from tnlang.draw.layout.backbone.plates import ALONE, PASSING, united
from tnlang.draw.layout.backbone.port import STUB, Ends, Harbour, box_of
from tnlang.draw.layout.backbone.ribbons import Ribbons
from tnlang.draw.layout.backbone.spine import FREE, TRACK, Spine
from tnlang.draw.layout.bends import rounded_track
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.route import AROUND, Port, Router
from tnlang.draw.scene import CurveTo, Path, Point

TURNS, MOST = 2, 6
"""A line may turn so often; in a tangle lines cross, and turn farther, more often than that."""
INNER, OUTER = 24.0, 40.0
"""Radii of a track's rounds: the outer one is that of the hidden leg, and of curves into a dot."""
NAMED = 10.0
"""Half of how far free ends stand apart that bear their names beyond them."""


class Wires:
    """Routes what the backbones leave open. ``drawn`` is all that they placed.

    What is ``hasty`` gives parts up whose lines turn too often: they are ``given_up``, and have no lines.
    """

    def __init__(self, index: Index, spines: Sequence[Spine], hasty: bool = False) -> None:
        self.index, self.spines, self.hasty = index, spines, hasty
        self.given_up: set[tuple[int, ...]] = set()
        self.drawn = Drawn()
        for spine in spines:
            self.drawn.take(spine.drawn)
        self.drawn.plates = united(self.drawn.plates)
        self.router = self._router()

    def _router(self) -> Router:
        drawn = self.drawn
        boxes = {s: box_of(c, drawn.halves[s]) for s, c in drawn.centers.items()}
        texts = [s for s in boxes if self.index.shapes[s].symbol in ("text", "sigma")]
        router = Router(
            {s: box for s, box in boxes.items() if s not in texts},
            drawn.walls,
            [*(boxes[s].grown(4) for s in texts), *self._names()],
            [box for _, box in drawn.plates],
        )
        inside = {n for s in self.spines for p, _ in s.placed if p.block is not None for n in p.block.routes}
        for line, path in drawn.paths.items():
            (x, y), (u, v) = path.start, path.end
            middle = [(x, (y + v) / 2), (u, (y + v) / 2)]
            router.lay(_cornered(path) if line in inside else [(x, y), *middle, (u, v)])
        return router

    def _names(self) -> Iterator[Box]:
        """Where the names of blocks stand, left of the tracks."""
        for spine in self.spines:
            for name, (x, y) in spine.drawn.names:
                along = spine.gauge.along_name(name) / 2
                yield Box(x - spine.beside(name), y - along, x - NAME_OFF, y + along)

    def route(self) -> Drawn:
        """Everything with its lines."""
        Ribbons(self.index, self.spines, self.drawn, self.router).lay()
        for spine in self.spines:
            for plan, begun in spine.placed:
                self._part(spine, plan, begun)
        if self.given_up:
            return self.drawn
        self.router.focus(-inf, inf)
        self._across()
        self._ending()
        return self.drawn

    def _ending(self) -> None:
        """The lines that a station gives to the picture's outputs: along the tracks where these end."""
        drawn = self.drawn
        count: dict[int, int] = {}
        for end in self.index.diagram.opens:
            line = self.index.lines[end.line]
            shape = line.ends[1 - end.end].shape
            if end.line in drawn.paths or shape is None or shape not in drawn.centers:
                continue
            number = count.setdefault(shape, 0)
            count[shape] += 1
            spine = next((s for s in self.spines if shape in s.drawn.centers), self.spines[0])
            x, y = drawn.centers[shape]
            if shape in spine.backbone.stations and spine.runs_on(spine.backbone.stations.index(shape)):
                self._out(spine, end, shape, number)
                continue
            if shape in self.index.stations:
                x += spine.offsets[min(number, len(spine.offsets) - 1)]
            far = max(FREE, spine.at_the_end(self.index.touching[shape])) if end.kind == "output" else -FREE
            way = [(x, y), (x, y + far)]
            drawn.paths[end.line] = rounded_track(way if line.ends[0].shape == shape else way[::-1], 0.0)
            drawn.free[end.line] = "bottom" if end.kind == "output" else "top"

    def _out(self, spine: Spine, end: OpenEnd, shape: int, number: int) -> None:
        """A leg of a station that the tracks run past goes out to the right, with others of its value."""
        (x, y), wide = self.drawn.centers[shape], self.drawn.halves[shape][0]
        line = self.index.lines[end.line]
        beside = [
            self._free_end(o)[1]
            for o in self.index.diagram.opens
            if o.line in self.drawn.paths and o.order // RESULT == end.order // RESULT and o.kind == end.kind
            if self.index.lines[o.line].ends[1 - o.end].shape != shape
        ]
        own = y + TRACK * (2 * (number % 2) - 1)
        level = min(beside) - 2 * self._half_pitch(end) if beside else own
        ports = (
            Port((x, own), "right", wide + 7, shape),
            Port((spine.right + FREE, level), "left", 8.0),
        )
        points = self.router.simple(*ports) or self.router.search(*ports)
        self.router.lay(points)
        way = points if line.ends[0].shape == shape else points[::-1]
        self.drawn.paths[end.line] = rounded_track(way, INNER)

    def _half_pitch(self, end: OpenEnd) -> float:
        """Half of how far the ends of a value stand apart: three and more bear their names beyond them."""
        beside = (o for o in self.index.diagram.opens if o.kind == end.kind)
        return NAMED if sum(o.order // RESULT == end.order // RESULT for o in beside) > 2 else TRACK

    def _free_end(self, end: OpenEnd) -> Point:
        path = self.drawn.paths[end.line]
        return path.start if end.end == 0 else path.end

    def _across(self) -> None:
        """The lines between stations of two backbones: a stream that is made anew from another."""
        drawn = self.drawn
        tracks = {
            n: (i, len(t)) for b in self.index.diagram.backbones for t in b.tracks for i, n in enumerate(t)
        }
        for line in self.index.diagram.lines:
            shapes = [e.shape for e in line.ends]
            if line.id in drawn.paths or any(s is None or s not in drawn.centers for s in shapes):
                continue
            place, of = tracks.get(line.id) or _place(self.index, line)
            aside = TRACK * (2 * place - max(of - 1, 1))
            ports = [self._port(line.id, shape, shapes, aside) for shape in shapes if shape is not None]
            points = self._inner(ports, aside) or self.router.simple(*ports) or self.router.search(*ports)
            self.router.lay(points)
            drawn.paths[line.id] = rounded_track(points, INNER)

    def _inner(self, ports: list[Port], aside: float) -> list[Point] | None:
        """A leg that a block leaves alone: the inner track of its C, or else round the block.

        Past a plate it runs outside.
        """
        one, two = ports
        if one.side != "right" or two.side != "right" or abs(one.at[0] - two.at[0]) > 1:
            return None
        low, high = sorted((one.at[1], two.at[1]))
        passed = [box.right for _, box in self.drawn.plates if low < box.top and box.bottom < high]
        x = max([one.at[0] + ALONE, *(right + PASSING + aside for right in passed)])
        near = [spine for spine in self.spines if abs(spine.x - one.at[0]) < ABREAST / 2]
        for reach in (x, max([x, *(spine.x + spine.round_blocks(low, high) for spine in near)])):
            points = [one.at, (reach, one.at[1]), (reach, two.at[1]), two.at]
            if self.router.free(points, one, two):
                return points
        return None

    def _running_on(self, line: int) -> Port | None:
        """The port of a track beyond the first or last station of a backbone: outside its plates."""
        for spine in self.spines:
            tracks, stations = spine.backbone.tracks, spine.backbone.stations
            for lines, station, side in ((tracks[-1], stations[-1], "down"), (tracks[0], stations[0], "up")):
                if line not in lines or all(e.shape != station for e in self.index.lines[line].ends):
                    continue
                (x, y), high = self.drawn.centers[station], self.drawn.halves[station][1]
                around = [box for _, box in self.drawn.plates if box.holds((x, y))]
                far = [box.bottom - y if side == "down" else y - box.top for box in around]
                aside = spine.offsets[lines.index(line)] if len(lines) == len(spine.offsets) else 0.0
                return Port((x + aside, y), side, max([high, *far]) + TRACK + 16.0, station)
        return None

    def _port(self, line: int, shape: int, shapes: list[int | None], aside: float) -> Port:
        """The port of a line between stations: into the top of a later backbone, else to the side."""
        (x, y), (wide, high) = self.drawn.centers[shape], self.drawn.halves[shape]
        firsts = {n for b in self.index.diagram.backbones[1:] for n in b.tracks[0]}
        runs_on = self._running_on(line)
        if runs_on is not None and runs_on.shape == shape:
            return runs_on
        gives = self.index.shapes[shape].symbol == "copy" and not comes_into(self.index, line, shape)
        walls = self.index.walls(shape)
        if shape not in self.index.stations:
            return Port((x, y), "down", high + 7, shape, walls)
        if line in firsts and shape in {b.stations[0] for b in self.index.diagram.backbones[1:]}:
            return Port((x + aside, y), "up", high + 7, shape, walls)
        if any(self.drawn.centers[s][0] < x - ABREAST / 2 for s in shapes if s is not None):
            return Port((x, y + aside if gives else y - aside), "left", wide + 7, shape, walls)
        return Port((x, y - aside if gives else y + aside), "right", wide + 7, shape, walls)

    def _part(self, spine: Spine, plan: Plan, begun: float) -> None:
        drawn = self.drawn
        tracks, gates = frozenset(drawn.paths), _gates(plan, begun)
        harbour = Harbour(self.index, plan, drawn.centers, drawn.halves, tracks, spine.hidden, gates)
        ends = harbour.ports(self._opened(spine, plan, begun), self._joins(spine, plan, begun))
        ends.sort(key=lambda e: _turn_of(e, e.line in plan.part.foreign))
        heights = [port.out[1] for pair in ends for port in (pair.start, pair.end)]
        self.router.focus(min(heights, default=0.0) - 2 * AROUND, max(heights, default=0.0) + 2 * AROUND)
        found: list[tuple[Ends, list[Point]]] = []
        left = []
        for pair in ends:
            points = self.router.simple(pair.start, pair.end)
            if points is None and pair.line in gates:
                points = self.router.stepped(pair.start, pair.end)
            if points is None:
                left.append(pair)
                continue
            self.router.lay(points)
            found.append((pair, points))
        turns = 0
        for pair in left:
            points = self.router.search(pair.start, pair.end)
            turns += max(0, len(points) - 2 - TURNS)
            if self.hasty and turns > MOST and plan.block is None:
                self.given_up.add(_whole(spine, plan))
                return
            self.router.lay(points)
            found.append((pair, points))
        for pair, points in found:
            self._lay(pair, points, plan, spine.hidden)
        if plan.block is not None:
            self._led_in(plan.block.moved((0.0, begun)))

    def _led_in(self, block: Placed) -> None:
        """The lines that leave a block, from their shapes on."""
        for port in block.ports:
            path = self.drawn.paths.get(port.line)
            if path is not None:
                out = path if port.end == 0 else reverse(path)
                whole = join(port.path, out) if port.path.segments else out
                self.drawn.paths[port.line] = whole if port.end == 0 else reverse(whole)

    def _lay(self, pair: Ends, points: list[Point], plan: Plan, hidden: str) -> None:
        before, after = pair.start.tail, pair.end.tail
        way = [*([before] if before else []), *points, *([after] if after else [])]
        line = self.index.lines[pair.line]
        known = line.ends[0].shape
        if known is not None and known != pair.start.shape:
            way.reverse()
        outer = line.dim == hidden and (
            pair.line in plan.part.feeds or pair.line in plan.part.returns or len(way) <= 4
        )
        at_dot = any(
            s is not None and self.index.shapes[s].symbol == "dot" for s in (e.shape for e in line.ends)
        )
        self.drawn.paths[pair.line] = rounded_track(way, OUTER if outer or at_dot else INNER)

    def _joins(self, spine: Spine, plan: Plan, begun: float) -> dict[int, Port]:
        """Ports of lines that turn into a track, or down into a station, or out of a track below a plate."""
        joins = spine.joins(plan.part) or spine.falls(plan)
        found = {}
        for k, (line, (x, station)) in enumerate(sorted(joins.items(), key=lambda j: j[1])):
            level = begun + plan.stop + TRACK * (2 * k - len(joins) + 1)
            found[line] = Port((x, level), "right", 8.0, tail=(x, self.drawn.centers[station][1]))
        for line in plan.part.foreign:
            runs_on = self._running_on(line)
            if runs_on is not None:
                found[line] = runs_on
        for k, (line, (x, top)) in enumerate(spine.leaves(plan.part, begun).items()):
            found[line] = Port((x, begun + TRACK - 2 * TRACK * k), "right", 8.0, tail=(x, top))
        return found

    def _opened(self, spine: Spine, plan: Plan, begun: float) -> dict[int, Port]:
        """Ports of the free ends of a part: outputs return to where the tracks were and go on down.

        Where the tracks run on, outputs go out to the right.
        """
        found: dict[int, Port] = {}
        inside = set(plan.part.members)
        outputs = [
            o
            for o in self.index.diagram.opens
            if o.kind == "output" and any(e.shape in inside for e in self.index.lines[o.line].ends)
        ]
        y = begun + plan.stop
        half = max([NAMED if len(outputs) > 2 else TRACK, *map(self._half_pitch, outputs)])
        for k, end in enumerate(outputs):
            aside = TRACK * (2 * k - len(outputs) + 1)
            if plan.part.start is not None and spine.runs_on(plan.part.start, plan.part):
                lower = half * (2 * k - len(outputs) + 1)
                found[end.line] = Port((spine.right + FREE, y - lower), "left", 8.0)
                continue
            x = spine.x + (spine.offsets[k] if len(outputs) == len(spine.offsets) else aside)
            found[end.line] = Port((x, y + aside), "right", 8.0, tail=(x, y + FREE))
            self.drawn.free[end.line] = "bottom"
        for enclosure in self.index.diagram.enclosures:
            for line in enclosure.ended:
                shape = next((e.shape for e in self.index.lines[line].ends if e.shape is not None), None)
                if shape in inside and shape is not None and enclosure.id in self.drawn.walls:
                    at = (self.drawn.walls[enclosure.id].right, self.drawn.centers[shape][1])
                    found[line] = Port(at, "left", 0.0, None, self.index.around(enclosure.id))
        return found


def _place(index: Index, line: Line) -> tuple[int, int]:
    """Which leg of its value a line between stations is, the first being 0, and how many there are."""
    for end in line.ends:
        shape = index.shapes[end.shape] if end.shape is not None else None
        if shape is not None and shape.symbol == "copy":
            groups = [name.partition(".")[0] for name in shape.leg_names]
            return groups[: end.leg].count(groups[end.leg]), groups.count(groups[end.leg])
    return 0, 1


def _whole(spine: Spine, plan: Plan) -> tuple[int, ...]:
    """The members of the part that a plan is a piece of."""
    inside = set(plan.part.members)
    return next(part.members for part in spine.all_parts if inside & set(part.members))


def _cornered(path: Path) -> list[Point]:
    """A way whose rounds are corners."""
    found = [path.start]
    level = True
    for piece in path.segments:
        (x, y), (u, v) = found[-1], piece.end
        if isinstance(piece, CurveTo):
            found.append((u, y) if level else (x, v))
            level = abs(piece.second[1] - v) < abs(piece.second[0] - u)
        else:
            level = abs(v - y) < abs(u - x)
        found.append((u, v))
    return found


def _gates(plan: Plan, begun: float) -> dict[int, Port]:
    """Where lines leave a part in columns."""
    ports = plan.block.moved((0.0, begun)).ports if plan.block is not None else ()
    return {port.line: Port(port.at, port.side, STUB, port.shape) for port in ports}


def _turn_of(pair: Ends, foreign: bool) -> tuple[bool, float, int]:
    """Near goals first; but lines of another backbone's station last, the farthest first: outside."""
    far = _far(pair.start.at, pair.end.at)
    return (foreign, -far if foreign else far, pair.line)


def _far(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
