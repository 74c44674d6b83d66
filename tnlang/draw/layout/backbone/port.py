"""Where each line of a part leaves its shapes: on which side, and where on that side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tnlang.draw.diagram import Line
from tnlang.draw.geometry import Box
from tnlang.draw.layout.backbone.graph import Index
from tnlang.draw.layout.backbone.place import Plan
from tnlang.draw.layout.backbone.sides import Sides
from tnlang.draw.layout.backbone.steps import gathers
from tnlang.draw.layout.route import APART, Port
from tnlang.draw.scene import Point

STUB = 7.0
"""How far a track runs straight beyond the shape that it leaves."""
PITCH = 16.0
ROUND_A_DISC = 0.56
"""How far from the middle of its side a line meets a disc, for a radius of one: by 34 degrees."""
TURNED = ({"right", "up"}, {"left", "down"}, {"right"}, {"left"}, {"up"}, {"down"})
"""Sides between which the first line of a bundle, from the left or the top, is the last at the other end."""
ROUND_IT = 1e6
"""What comes round a part in columns stands below what leaves it towards the tracks."""
NAMED = 16.0
"""How much farther it runs from a station of another backbone: past the names of the tracks there."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ports of a line."""

    line: int
    start: Port
    end: Port


class Harbour(Sides):
    """The ports of all lines of one part; ``gates`` are those at the edge of a part in columns."""

    def __init__(
        self,
        index: Index,
        plan: Plan,
        centers: Mapping[int, Point],
        halves: Mapping[int, Point],
        tracks: frozenset[int],
        hidden: str,
        gates: Mapping[int, Port],
    ) -> None:
        super().__init__(index, plan, centers, hidden)
        self.halves, self.tracks, self.gates = halves, tracks, gates
        self.members = set(plan.part.members)
        self.spans = plan.spans(index)

    def ports(self, opened: Mapping[int, Port], joins: Mapping[int, Port]) -> list[Ends]:
        """The ports of every line of the part that is no track.

        ``opened`` gives those of free ends, ``joins`` those of lines that turn into a track.
        """
        lines = [
            line
            for line in self.index.diagram.lines
            if line.id not in self.tracks and any(e.shape in self.members for e in line.ends)
        ]
        self.joins = frozenset(joins)
        sides: dict[tuple[int, int], str] = {}
        for line in lines:
            for position, end in enumerate(line.ends):
                if end.shape is not None:
                    sides[line.id, position] = self.side(line, position)
        self.spread(lines, sides)
        offsets = self._offsets(lines, sides)
        ended = {n for enclosure in self.index.diagram.enclosures for n in enclosure.ended}
        found = []
        for line in lines:
            both = []
            for position, end in enumerate(line.ends):
                if end.shape is None or (line.id in joins and end.shape in self.index.stations):
                    port = opened.get(line.id) or joins.get(line.id)
                    if port is None:
                        break
                    both.append(port)
                    continue
                if line.id in self.gates and end.shape in self.members:
                    both.append(self.gates[line.id])
                    continue
                side = sides[line.id, position]
                other = line.ends[1 - position].shape
                if end.shape == self.spans and other in self.index.stations:
                    # a box over both stations: its wires run straight
                    level = self.centers[other][1] + offsets[line.id, 1 - position]
                    both.append(self._port(end.shape, side, level - self.centers[end.shape][1]))
                    continue
                port = self._port(end.shape, side, offsets[line.id, position])
                if line.id in self.plan.part.foreign and end.shape in self.index.stations:
                    port = replace(port, reach=port.reach + NAMED, spare=NAMED)
                both.append(port)
            if line.id in ended and len(both) == 2:
                # it ends at its own height in the wall, beside what crosses that
                k = 0 if line.ends[0].shape is None else 1
                one, wall = both[1 - k], both[k]
                both[k] = replace(wall, at=(wall.at[0], one.at[1])) if one.side == "right" else wall
            if len(both) == 2:
                found.append(Ends(line.id, both[0], both[1]))
        return found

    def _port(self, shape: int, side: str, offset: float) -> Port:
        x, y = self.centers[shape]
        wide, high = self.halves[shape]
        reach = (wide if side in ("left", "right") else high) + STUB
        if self.index.shapes[shape].symbol == "dot":
            reach = 7.0
        at = (x, y + offset) if side in ("left", "right") else (x + offset, y)
        return Port(at, side, reach, shape, self.index.walls(shape))

    # ------------------------------------------------------------ offsets

    def _offsets(
        self, lines: list[Line], sides: Mapping[tuple[int, int], str]
    ) -> dict[tuple[int, int], float]:
        """Lines that leave a shape on one side stand beside one another, in the order that crosses least."""
        groups: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for line in lines:
            for position, end in enumerate(line.ends):
                if end.shape is not None:
                    groups.setdefault((end.shape, sides[line.id, position]), []).append((line.id, position))
        straight = {place: one for place, ends in groups.items() if (one := self._straight(*place, ends))}
        there = frozenset(straight.values())
        found: dict[tuple[int, int], float] = {}
        for (shape, side), ends in groups.items():
            if self.index.shapes[shape].symbol == "dot":
                found.update(dict.fromkeys(ends, 0.0))
                continue
            ends.sort(key=lambda e: self._key(e, shape, side, sides.get((e[0], 1 - e[1]), side)))
            wide, high = self.halves[shape]
            across = high if side in ("left", "right") else wide
            reach = self._farthest(shape, across, len(ends))
            pitch = min(PITCH, 2 * reach / max(1, len(ends) - 1)) if len(ends) > 1 else 0.0
            middle = (len(ends) - 1) / 2
            level = straight.get((shape, side))
            if level is not None:
                number = ends.index(level)
                aside = min(pitch, reach / max(1, number, len(ends) - 1 - number))
                both = (level[0], 1 - level[1]) in there
                if gathers(self.index, shape) or (both and aside >= APART):
                    middle, pitch = float(number), aside
            lone = len(ends) == 1 and self.index.shapes[shape].symbol in ("plus", "copy", "folded")
            for i, place in enumerate(ends):
                offset = (i - middle) * pitch
                found[place] = offset if not lone else self._aligned(place, shape, side)
        return found

    def _farthest(self, shape: int, across: float, number: int) -> float:
        """How far from the middle of a side its outermost line may be.

        Round a disc with lines on all sides those of two sides stay apart; what hangs there keeps to that.
        """
        owner = self.plan.grid.satellites.get(shape, shape)
        if not gathers(self.index, owner):
            return across - 4
        return min(across - 4, max(ROUND_A_DISC * self.halves[owner][0], APART / 2 * (number - 1)))

    def _straight(self, shape: int, side: str, ends: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The line at a side of a shape that could run straight to the middle of its other end.

        Only where no other runs beside it.
        """
        across = 1 if side in ("left", "right") else 0
        apart = {}
        for end in ends:
            other = self.index.lines[end[0]].ends[1 - end[1]].shape
            if other is not None and other not in self.index.stations and other in self.centers:
                apart[end] = abs(self.centers[other][across] - self.centers[shape][across])
        near = [end for end, gap in apart.items() if gap < PITCH]
        return near[0] if len(near) == 1 and apart[near[0]] < 1.0 else None

    def _aligned(self, end: tuple[int, int], shape: int, side: str) -> float:
        """A line alone on its side of a station leaves beside the middle, in the order of the tracks."""
        if shape not in self.index.stations or self.halves[shape][0] < 15.0:
            return 0.0
        line = self.index.lines[end[0]]
        inward = (line.dim != self.hidden) == (side != "left")
        return 8.0 if inward == self._gives(shape, line) else -8.0

    def _gives(self, station: int, line: Line) -> bool:
        """Whether a line goes out of a copy, rather than into a station."""
        return self.index.shapes[station].symbol == "copy" and line.id not in self.plan.part.returns

    def _key(self, end: tuple[int, int], shape: int, side: str, far: str) -> tuple[float, float, float]:
        """Where a line stands among those of its side: from the left, or from the top.

        ``far`` is the side at its other end: round a bend a bundle keeps its order or turns it over.
        """
        line = self.index.lines[end[0]]
        other = line.ends[1 - end[1]].shape
        rank = self._rank(line)
        if end[0] in self.gates and shape in self.index.stations:
            # into a block in columns: its upper wire turns off last; round it it comes back as the lower one
            gate = self.gates[end[0]]
            turned = gate.side == "right" and not self._gives(shape, line)
            return (ROUND_IT - gate.at[1] if turned else gate.at[1], rank, 0.0)
        station = other in self.index.stations and shape not in self.index.stations
        if station and side == "right":
            # back to the tracks round the shape: inside all that goes to the column
            return (2000.0, rank, 0.0)
        place = 1.0 if line.dim == self.hidden else -1.0
        if other is None:
            return (place, rank, 0.0)
        if station:
            # position inside: below hidden where a copy gives them, else above it
            given = self._gives(other or 0, line) and side in ("left", "right")
            return (-place if given else place, rank, 0.0)
        x, y = self.centers[shape]
        u, v = self.centers[other]
        if {side, far} in TURNED and shape > other:
            rank = -rank
        if shape in self.index.stations:
            turn = -1.0 if self._gives(shape, line) == (side != "left") else 1.0
            return (turn * u, turn * place, rank)
        if side in ("left", "right"):
            out, aside = (u - x if side == "right" else x - u), v - y
        else:
            out, aside = (v - y if side == "down" else y - v), u - x
        if abs(aside) < 12:
            return (aside / 100, rank, 0.0)
        if side == "right" and other in self.plan.grid.links:
            # dots of one column, beside one another for their names: the upper one's line is above
            first = min(self.centers[dot][0] for dot in self.plan.grid.links) - x
            return ((1000.0 - first) * (1.0 if aside > 0 else -1.0), aside, 0.0)
        # what turns aside first stands outermost: nearer goals beyond farther ones
        return ((1000.0 - out) * (1.0 if aside > 0 else -1.0), rank, 0.0)

    def _rank(self, line: Line) -> float:
        """Lines that join the same two shapes have one order at both."""
        outputs = line.id in self.plan.part.returns or line.id in self.outputs
        return (1.0 if (line.dim == self.hidden) == outputs else 0.0) + line.id / 1e7


def box_of(center: Point, half: Point) -> Box:
    return Box(center[0] - half[0], center[1] - half[1], center[0] + half[0], center[1] + half[1])
