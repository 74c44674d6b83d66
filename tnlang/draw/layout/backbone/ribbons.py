"""The ribbons from stations to what is pasted from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tnlang.draw.curves import track
from tnlang.draw.diagram import Ribbon
from tnlang.draw.geometry import Box
from tnlang.draw.layout.backbone.abreast import ABREAST
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.graph import Index, comes_into
from tnlang.draw.layout.backbone.place import TRUNK
from tnlang.draw.layout.backbone.plates import PASSING
from tnlang.draw.layout.backbone.port import NAMED
from tnlang.draw.layout.backbone.spine import Spine
from tnlang.draw.layout.route import BEND, Port, Router
from tnlang.draw.scene import Point

OFF, OVER, LANE, STATION = 40.0, 16.0, ABREAST - 20.0, 34.0
"""How far a ribbon from another backbone runs from its station, above the bubbles that it goes to, left of
the tracks between the two, and past other stations."""
ROUND = 24.0
"""Radius of a ribbon's rounds."""


class Ribbons:
    """Lays the ribbons of backbones that are placed, before any wire beside them."""

    def __init__(self, index: Index, spines: Sequence[Spine], drawn: Drawn, router: Router) -> None:
        self.index, self.spines, self.drawn, self.router = index, spines, drawn, router
        placed = (plan for spine in spines for plan, _ in spine.placed if plan.block is not None)
        self.in_columns = frozenset(shape for plan in placed for shape in plan.shapes)

    def lay(self) -> None:
        """All ribbons, those of near stations first: for them room was left beside the tracks."""
        for near in (True, False):
            for spine in self.spines:
                self._lay(spine, near)

    def _lay(self, spine: Spine, near: bool) -> None:
        """A ribbon leaves its station at 45 degrees, runs down beside the tracks, and into the row."""
        centers = self.drawn.centers
        trunks = {shape: plan.trunks for plan, _ in spine.placed for shape in plan.shapes}
        for ribbon in self.index.diagram.ribbons:
            if ribbon.paste not in spine.drawn.centers or ribbon.station not in centers:
                continue
            (x, y), (u, v) = centers[ribbon.station], centers[ribbon.paste]
            known = trunks.get(ribbon.paste, {})
            within = {ribbon.station, ribbon.paste} <= self.in_columns
            if near != (ribbon.station in spine.drawn.centers):
                continue
            trunk = spine.x + known.get(ribbon.station, TRUNK)
            passed = [box for _, box in spine.drawn.plates if y < box.top and box.bottom < v]
            if passed or (ribbon.paste not in trunks and abs(y - v) > 1):
                points = self._from_afar(ribbon, (x, y), (u, v), trunk, passed)
            elif ribbon.station not in known or abs(y - v) < 1:
                points = [(x, y), (u, v)] if abs(y - v) < 1 else [(x, y), (u - 40, v), (u, v)]
            elif 0 < trunk - x <= 120:
                points = [(x, y), (trunk, y + trunk - x), (trunk, v), (u, v)]
            else:
                points = self._from_afar(ribbon, (x, y), (u, v), trunk, [])
            led = not within and not self._runs_under(ribbon, points) and self._along_nothing(ribbon, points)
            if not led:
                points = self._round(ribbon) or points
            self.drawn.ribbons.append(track(points, ROUND))
            self.router.lay_ribbon(points[1:] if len(points) > 2 else points, ribbon.station)

    def _along_nothing(self, ribbon: Ribbon, points: Sequence[Point]) -> bool:
        """Whether a ribbon runs along none of another value, nor along wires of a part in columns."""
        if self.router.along_ribbon(points[1:], ribbon.station):
            return False
        ends = (
            Port(at, "left", 0.0, shape, self.index.walls(shape))
            for at, shape in ((points[0], ribbon.station), (points[-1], ribbon.paste))
        )
        return ribbon.paste not in self.in_columns or self.router.free(points[1:], *ends)

    def _runs_under(self, ribbon: Ribbon, points: Sequence[Point]) -> bool:
        """Whether a ribbon's way passes a shape that it does not join, a bubble without its copy, a name."""
        own = (ribbon.station, ribbon.paste)
        boxes = [box.grown(4.0) for shape, box in self.router.all_shapes.items() if shape not in own]
        around = {wall for shape in own for wall in self.index.walls(shape)}
        boxes += [box for wall, box in self.router.all_walls.items() if wall not in around]
        boxes += self.router.all_blocks
        pieces = [
            Box(min(x, u), min(y, v), max(x, u), max(y, v))
            for (x, y), (u, v) in pairwise(points)
            if abs(x - u) < 1.0 or abs(y - v) < 1.0
        ]
        return any(box.overlaps(piece) for box in boxes for piece in pieces)

    def _round(self, ribbon: Ribbon) -> list[Point]:
        """A way of a ribbon round all shapes, if there is one.

        It leaves its station where no wires do, or aslant.
        """
        (x, y), (wide, high) = self.drawn.centers[ribbon.station], self.drawn.halves[ribbon.station]
        (u, v), half = self.drawn.centers[ribbon.paste], self.drawn.halves[ribbon.paste]
        walls = self.index.walls(ribbon.station)
        wired = self._wired(ribbon.station)
        around = self.index.walls(ribbon.paste)
        ends = [Port((u, v), "left", half[0] + OVER, ribbon.paste, around)]
        above_and_below = (("up", half[1]), ("down", half[1])) if ribbon.paste in self.in_columns else ()
        ends += [Port((u, v), side, reach + OVER, ribbon.paste, around) for side, reach in above_and_below]
        starts = [
            Port((x, y), side, reach + OVER, ribbon.station, walls)
            for side, reach in (("right", wide), ("left", wide), ("down", high), ("up", high))
            if side not in wired and (side != "up" or ribbon.station in self.in_columns)
        ]
        aslant = OVER + wide
        for away, side in ((aslant, "right"), (-aslant, "left")):
            corner = (x + away, y + aslant)
            starts += [Port(corner, way, 0.0, None, walls, worse=BEND) for way in (side, "down")]
        found = self.router.choose(starts, ends, carries=ribbon.station)
        return found if not found or found[0] == (x, y) else [(x, y), *found]

    def _wired(self, station: int) -> set[str]:
        """The sides of a station at which wires leave."""
        x, y = self.drawn.centers[station]
        found = set()
        for line in self.index.touching[station]:
            other = self.index.other(line, station)
            if line in self.drawn.tracks or (other is None and not comes_into(self.index, line, station)):
                path = self.drawn.paths.get(line)
                found |= {"down"} if path is not None and max(path.start[1], path.end[1]) > y + 1 else set()
            elif other in self.drawn.centers:
                found.add("left" if self.drawn.centers[other][0] < x - 1 else "right")
        return found

    def _from_afar(
        self, ribbon: Ribbon, station: Point, paste: Point, trunk: float, passed: Sequence[Box]
    ) -> list[Point]:
        """The way of a ribbon from another backbone, or round plates that it passes.

        Above the bubbles of the copy, then down beside them.
        """
        (x, y), (u, v) = station, paste
        walls = self.index.walls(ribbon.paste)
        above = (self.drawn.walls[walls[0]].top if walls else v - self.drawn.halves[ribbon.paste][1]) - OVER
        for station_x, station_y in (self.drawn.centers[s] for s in self.index.stations):
            if abs(station_x - trunk) < OFF + STATION and abs(station_y - above) < STATION:
                above = station_y - STATION
        last = [(trunk, above), (trunk, v), (u, v)]
        if passed:
            lane = min(box.left for box in passed) - PASSING - NAMED
            fall = min(OFF, min(box.top for box in passed) - OVER - y)
            return [(x, y), (x - fall, y + fall), (lane, y + fall), (lane, above), *last]
        away = 1.0 if trunk > x else -1.0
        if y + OFF <= above:
            return [(x, y), (x + away * OFF, y + OFF), (trunk, y + OFF), *last[1:]]
        if away < 0 and y - above <= 2 * OFF:
            slant = abs(y - above)
            return [(x, y), (x - slant, above), *last]
        lane = (trunk if trunk > x else x) - LANE
        level = y + away * OFF
        return [(x, y), (x + away * OFF, level), (lane, level), (lane, above), *last]
