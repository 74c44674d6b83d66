"""Orthogonal tracks between placed ports: round shapes and foreign bubbles, with few bends and crossings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise
from math import inf

from tnlang.draw.close import Bounds, Cells
from tnlang.draw.geometry import DIRECTIONS, Box, add, distance
from tnlang.draw.layout.bends import clean, meeting_cost, orthogonal, turns_back
from tnlang.draw.scene import Point

CLEAR, OFF_WALL, APART, OFF_RIBBON = 7.0, 9.0, 11.0, 9.0
"""From foreign shapes; from a wall that the track runs along; from another track; from a ribbon."""
BEND, CROSS, OVER_RIBBON, ALONG_RIBBON = 26.0, 90.0, 12.0, 150.0
"""What a bend, a crossing, one of a ribbon, and a piece along a ribbon cost, in units of length."""
AROUND = 220.0
"""How far round its two ends a track may run."""
FAR, HURDLE = 4000.0, 600.0
"""What bars the way, and what that costs where there is no other."""
STEP, STEPS = 16.0, 8
"""Between the places where a track that bends twice may turn; so many are tried."""
DONE = "done"
"""The direction of a track that has arrived."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where a track ends: on the shape's centre line, with the side on which it leaves and how far straight.

    ``tail`` is a point that the track goes on to from there: a free end round the corner. Some of the reach
    is ``spare``: the track may bend so much nearer where that is better. What is ``worse`` costs so much.
    """

    at: Point
    side: str
    reach: float
    shape: int | None = None
    walls: tuple[int, ...] = ()
    tail: Point | None = None
    spare: float = 0.0
    worse: float = 0.0

    @property
    def out(self) -> Point:
        """The point outside the shape where the track may bend."""
        return add(self.at, DIRECTIONS[self.side], self.reach)


Segment = tuple[Point, Point]


class Router:
    """Routes tracks one after the other; each avoids what lies already."""

    def __init__(
        self,
        shapes: dict[int, Box],
        walls: dict[int, Box],
        blocks: Iterable[Box] = (),
        plates: Iterable[Box] = (),
    ) -> None:
        self.all_shapes, self.all_walls, self.all_blocks = shapes, walls, tuple(blocks)
        self.plates = tuple(plates)
        self.all_tracks: list[Segment] = []
        self.all_ribbons: list[tuple[Segment, int]] = []
        self.focus(-inf, inf)

    def focus(self, low: float, high: float) -> None:
        """Only what lies between two heights is looked at from here on, and what is laid later."""
        self.shapes = {s: box for s, box in self.all_shapes.items() if box.bottom > low and box.top < high}
        self.walls = {w: box for w, box in self.all_walls.items() if box.bottom > low and box.top < high}
        self.blocks = [box for box in self.all_blocks if box.bottom > low and box.top < high]
        self.tracks: list[Segment] = []
        self.ribbons: list[Segment] = []
        self._carried: list[int] = []
        self._shapes_at, self._blocks_at = Cells(), Cells()
        self._tracks_at, self._ribbons_at = Cells(), Cells()
        for shape, box in self.shapes.items():
            self._shapes_at.add(shape, _bounds(box))
        for number, box in enumerate(self.blocks):
            self._blocks_at.add(number, _bounds(box))
        self._put(self.all_tracks, self.tracks, self._tracks_at, low, high)
        for segment, value in self.all_ribbons:
            if _within(segment, low, high):
                self._carried.append(value)
                self._put([segment], self.ribbons, self._ribbons_at)

    @staticmethod
    def _put(
        segments: Iterable[Segment],
        among: list[Segment],
        cells: Cells,
        low: float = -inf,
        high: float = inf,
    ) -> None:
        """Adds segments to those that are looked at."""
        for segment in segments:
            if _within(segment, low, high):
                cells.add(len(among), _span(segment))
                among.append(segment)

    def lay(self, points: Sequence[Point]) -> None:
        """A track that lies: later ones keep clear of it."""
        pieces = list(pairwise(points))
        self.all_tracks.extend(pieces)
        self._put(pieces, self.tracks, self._tracks_at)

    def lay_ribbon(self, points: Sequence[Point], value: int) -> None:
        """A ribbon that lies; others may run along it if they carry the same value."""
        pieces = list(pairwise(points))
        self.all_ribbons.extend((piece, value) for piece in pieces)
        self._carried.extend(value for _ in pieces)
        self._put(pieces, self.ribbons, self._ribbons_at)

    def along_ribbon(self, points: Sequence[Point], value: int) -> bool:
        """Whether a ribbon through these points would run along one of another value."""
        return any(
            self._beside_ribbons(_span((a, b)), abs(a[1] - b[1]) < abs(a[0] - b[0]), value) >= ALONG_RIBBON
            for a, b in pairwise(points)
        )

    def simple(self, start: Port, end: Port) -> list[Point] | None:
        """The straight or once bent track between two ports, if nothing is in its way."""
        best: tuple[float, list[Point]] | None = None
        a, b = start.out, end.out
        for middle in ((), ((b[0], a[1]),), ((a[0], b[1]),)):
            points = clean([start.at, a, *middle, b, end.at])
            if len(points) - 2 > (1 if middle else 0) or not orthogonal(points):
                continue
            if any(turns_back(points[i], points[i + 1], points[i + 2]) for i in range(len(points) - 2)):
                continue
            cost = self._whole(points, start, end)
            if cost < CROSS / 2 and (best is None or cost < best[0]):
                best = (cost, points)
        return best[1] if best else None

    def stepped(self, start: Port, end: Port) -> list[Point] | None:
        """A track between two level ports that bends twice and crosses nothing: the nearest of a few."""
        (a, _), (b, _) = start.out, end.out
        match start.side, end.side:
            case "right", "right":
                places = [max(a, b) + STEP * i for i in range(STEPS)]
            case "right", "left":
                places = [b - STEP * i for i in range(STEPS) if b - STEP * i >= a]
            case "left", "right":
                places = [a - STEP * i for i in range(STEPS) if a - STEP * i >= b]
            case _:
                places = []
        for x in places:
            points = clean([start.at, (x, start.at[1]), (x, end.at[1]), end.at])
            if self._whole(points, start, end) < CROSS / 2:
                return points
        return None

    def free(self, points: Sequence[Point], start: Port, end: Port) -> bool:
        """Whether nothing bars a track through these points."""
        return self._whole(points, start, end) < FAR

    def leaves(self, port: Port) -> bool:
        """Whether nothing bars a track on its first piece from a port."""
        own = frozenset(() if port.shape is None else (port.shape,))
        return self._cost(port.at, port.out, port, port, own) < FAR

    def search(self, start: Port, end: Port) -> list[Point]:
        """The cheapest orthogonal track between two ports."""
        starts, ends = _nearer(start), _nearer(end)
        found = self._search(starts, ends, FAR) or self._search(starts, ends, HURDLE)
        return clean([start.at, *found, end.at])

    def choose(
        self,
        starts: Sequence[Port],
        ends: Sequence[Port],
        budget: float = inf,
        most: float = FAR,
        carries: int | None = None,
    ) -> list[Point]:
        """The cheapest track from a port of one shape to a port of another; empty if it costs more.

        A ribbon ``carries`` a value, and may run along others of that value.
        """
        found = self._search(starts, ends, most, budget, carries) if starts and ends else []
        return clean([starts[0].at, *found, ends[0].at]) if found else []

    # ------------------------------------------------------------ cost

    def _whole(self, points: Sequence[Point], start: Port, end: Port) -> float:
        pieces = list(pairwise(points))
        total = 0.0
        for i, (a, b) in enumerate(pieces):
            own = {p.shape for p, there in ((start, i == 0), (end, i == len(pieces) - 1)) if there}
            total += self._cost(a, b, start, end, frozenset(s for s in own if s is not None))
            if total >= FAR:
                return inf
        return total

    def _cost(
        self,
        a: Point,
        b: Point,
        start: Port,
        end: Port,
        own: frozenset[int] = frozenset(),
        carries: int | None = None,
    ) -> float:
        """What lies in the way of a straight piece, without its length."""
        low_x, high_x = min(a[0], b[0]), max(a[0], b[0])
        low_y, high_y = min(a[1], b[1]), max(a[1], b[1])
        flat = high_y - low_y < high_x - low_x
        piece = (low_x, low_y, high_x, high_y)
        for shape in self._shapes_at.near(piece, CLEAR):
            if shape in own:
                continue
            box = self.shapes[shape]
            clear = 2.0 if shape in (start.shape, end.shape) else CLEAR
            across = low_x < box.right + clear and high_x > box.left - clear
            if across and low_y < box.bottom + clear and high_y > box.top - clear:
                return FAR
        for number in self._blocks_at.near(piece, 0.0):
            box = self.blocks[number]
            if low_x < box.right and high_x > box.left and low_y < box.bottom and high_y > box.top:
                return FAR
        total = 0.0
        for wall, box in self.walls.items():
            touches = (
                low_x < box.right + OFF_WALL
                and high_x > box.left - OFF_WALL
                and low_y < box.bottom + OFF_WALL
                and high_y > box.top - OFF_WALL
            )
            if not touches:
                continue
            inside = (wall in start.walls) + (wall in end.walls)
            if not inside:
                return FAR
            edges = (box.top, box.bottom) if flat else (box.left, box.right)
            along = a[1] if flat else a[0]
            if any(abs(along - edge) < OFF_WALL for edge in edges):
                return FAR
        for box in self.plates:
            if _bars(box, piece, a, b, start.at, end.at):
                return FAR
        for number in self._tracks_at.near(piece, APART):
            c, d = self.tracks[number]
            total += meeting_cost(low_x, high_x, low_y, high_y, flat, c, d, CROSS, APART, FAR)
        return total + self._beside_ribbons(piece, flat, carries)

    def _beside_ribbons(self, piece: Bounds, flat: bool, carries: int | None) -> float:
        """What it costs a straight piece to cross ribbons of other values, or to run along them."""
        low_x, low_y, high_x, high_y = piece
        total = 0.0
        for number in self._ribbons_at.near(piece, OFF_RIBBON):
            if self._carried[number] != carries:
                c, d = self.ribbons[number]
                total += meeting_cost(
                    low_x, high_x, low_y, high_y, flat, c, d, OVER_RIBBON, OFF_RIBBON, ALONG_RIBBON
                )
        return total

    # ------------------------------------------------------------ search

    def _lines(self, starts: Sequence[Port], ends: Sequence[Port]) -> tuple[list[float], list[float]]:
        """The coordinates on which a track may run."""
        a, b = starts[0].out, ends[0].out
        outs = [port.out for port in (*starts, *ends)]
        keep_x, keep_y = {x for x, _ in outs}, {y for _, y in outs}
        xs, ys = {*keep_x, (a[0] + b[0]) / 2}, {*keep_y, (a[1] + b[1]) / 2}
        for box in (*self.shapes.values(), *self.blocks):
            xs.update((box.left - 14, box.right + 14))
            ys.update((box.top - 14, box.bottom + 14))
        for box in self.walls.values():
            xs.update((box.left - 14, box.left + 12, box.right - 12, box.right + 14))
            ys.update((box.top - 14, box.top + 12, box.bottom - 12, box.bottom + 14))
        for c, d in self.tracks:
            if abs(c[0] - d[0]) < 1e-6:
                xs.update((c[0] - 16, c[0] + 16))
            else:
                ys.update((c[1] - 16, c[1] + 16))
        for box in self.plates:
            xs.update((box.left - 14, box.right + 14, box.right + 30))
            ys.update((box.top - 14, box.bottom + 14))
        passed = [x for box in self.plates if _between(box, a, b) for x in (box.left, box.right)]
        low_x, high_x = min([*keep_x, *passed]) - AROUND, max([*keep_x, *passed]) + AROUND
        low_y, high_y = min(keep_y) - AROUND, max(keep_y) + AROUND
        return (
            _thin([x for x in sorted(xs) if low_x <= x <= high_x], keep_x),
            _thin([y for y in sorted(ys) if low_y <= y <= high_y], keep_y),
        )

    def _search(
        self,
        starts: Sequence[Port],
        ends: Sequence[Port],
        most: float,
        budget: float = inf,
        carries: int | None = None,
    ) -> list[Point]:
        """The way by A*; what is in the way of a piece costs ``most`` at most, and bars it if that is FAR."""
        xs, ys = self._lines(starts, ends)
        start, end = starts[0], ends[0]
        steps = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}
        opposite = {"right": "left", "left": "right", "up": "down", "down": "up"}
        edge_cost: dict[tuple[int, int, bool], float] = {}

        def edge(i: int, j: int, flat: bool) -> float:
            """The cost of the piece from (i, j) to the right, or down."""
            key = (i, j, flat)
            if key not in edge_cost:
                a = (xs[i], ys[j])
                b = (xs[i + 1], ys[j]) if flat else (xs[i], ys[j + 1])
                edge_cost[key] = distance(a, b) + min(most, self._cost(a, b, start, end, carries=carries))
            return edge_cost[key]

        def places(ports: Sequence[Port]) -> dict[tuple[int, int, str], float]:
            outs = [(*port.out, port.side, port.worse) for port in ports]
            return {(bisect_left(xs, x - 1e-6), bisect_left(ys, y - 1e-6), side): c for x, y, side, c in outs}

        goals = {(i, j, opposite[side]): worse for (i, j, side), worse in places(ends).items()}
        targets = [port.out for port in ends]
        seen = places(starts)
        queue: list[tuple[float, int, int, int, str]] = [(cost, 0, *place) for place, cost in seen.items()]
        came: dict[tuple[int, int, str], tuple[int, int, str]] = {}
        count = 0

        def left(u: int, v: int, side: str) -> float:
            """What is left of the way at least: the distance, and a bend if the goal is not straight on."""
            across = side in ("up", "down")
            return min(
                abs(xs[u] - x) + abs(ys[v] - y) + BEND * (abs(xs[u] - x if across else ys[v] - y) > 1e-6)
                for x, y in targets
            )

        def reach(place: tuple[int, int, str], new: float, before: tuple[int, int, str], rest: float) -> None:
            nonlocal count
            if new < seen.get(place, inf) - 1e-9:
                seen[place], came[place] = new, before
                count += 1
                if new + rest < budget:
                    heappush(queue, (new + rest, count, *place))

        while queue:
            _, _, i, j, side = heappop(queue)
            if side == DONE:
                return _walk_back(came, came[i, j, side], xs, ys)
            cost = seen[i, j, side]
            for turn, (dx, dy) in steps.items():
                if turn == opposite[side]:
                    continue
                bent = cost + BEND * (turn != side)  # and then on: a track turns once where it turns
                if (i, j, turn) in goals:
                    reach((i, j, DONE), bent + goals[i, j, turn], (i, j, side), 0.0)
                u, v = i + dx, j + dy
                if 0 <= u < len(xs) and 0 <= v < len(ys):
                    piece = edge(min(i, u), min(j, v), dx != 0)
                    if piece < FAR:
                        reach((u, v, turn), bent + piece, (i, j, side), left(u, v, turn))
        return []


def _nearer(port: Port) -> list[Port]:
    """A port, and the same without what is spare of its reach."""
    near = replace(port, reach=port.reach - port.spare, spare=0.0, worse=BEND)
    return [port, near] if port.spare else [port]


def _between(box: Box, a: Point, b: Point) -> bool:
    """Whether a box lies at heights between two points."""
    return min(a[1], b[1]) < box.bottom and box.top < max(a[1], b[1])


def _bars(plate: Box, piece: Bounds, a: Point, b: Point, start: Point, end: Point) -> bool:
    """Whether a plate's edge bars a piece of a track: what comes from outside crosses it once."""
    low_x, low_y, high_x, high_y = piece
    near = plate.grown(OFF_WALL)
    if low_x >= near.right or high_x <= near.left or low_y >= near.bottom or high_y <= near.top:
        return False
    ends = plate.holds(start) + plate.holds(end)
    within = plate.holds(a) + plate.holds(b)
    if ends == 0:
        return True
    if ends == 2:
        return within < 2
    flat = high_y - low_y < high_x - low_x
    edges, along = ((plate.top, plate.bottom), a[1]) if flat else ((plate.left, plate.right), a[0])
    return any(abs(along - edge) < OFF_WALL for edge in edges)


def _span(segment: Segment) -> Bounds:
    (x, y), (u, v) = segment
    return (min(x, u), min(y, v), max(x, u), max(y, v))


def _bounds(box: Box) -> Bounds:
    return (box.left, box.top, box.right, box.bottom)


def _within(segment: Segment, low: float, high: float) -> bool:
    (_, y), (_, v) = segment
    return max(y, v) > low and min(y, v) < high


def _walk_back(
    came: dict[tuple[int, int, str], tuple[int, int, str]],
    at: tuple[int, int, str],
    xs: Sequence[float],
    ys: Sequence[float],
) -> list[Point]:
    points = [(xs[at[0]], ys[at[1]])]
    while at in came:
        at = came[at]
        points.append((xs[at[0]], ys[at[1]]))
    return points[::-1]


def _thin(values: list[float], keep: set[float]) -> list[float]:
    """Sorted values, no two nearer than 3 unless they must stay."""
    found: list[float] = []
    for value in values:
        if found and value - found[-1] < 3.0:
            if value in keep and found[-1] in keep:
                if value - found[-1] > 1e-6:
                    found.append(value)
            elif value in keep:
                found[-1] = value
            continue
        found.append(value)
    return found
