"""How far apart the shapes of a part stand in columns and rows, with their satellites and walls.

Everything is in the frame of a picture that flows down.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from tnlang.draw.layout.backbone.gauge import Gauge
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.backbone.grid import Grid, past
from tnlang.draw.layout.box import Placed

PAD, RIBBON, CROSSED, NESTED = 18.0, 22.0, 27.0, 27.0
"""Bubble to shape; on a side that a ribbon crosses, or a leg; between nested outlines."""
BESIDE = 28.0
"""Clear space of a satellite's leg, and between shapes that nothing joins."""
ROUND = 22.0
"""For a leg that runs down beside what hangs below its shape."""
CHAIN, RUNG = 24.0, 42.0
"""Clear space between neighbours in a row, and from row to row."""
BELOW = 80.0
"""For each row that a dot stands below the last one: a quarter of a row is a leg and its name."""


def up_to(value: float, step: int) -> float:
    """The next multiple of a step: shapes stand on a grid, so that straight wires stay straight."""
    return float(step * -(-value // step))


def round_hung(sides: Collection[str]) -> bool:
    """Whether a leg down passes at the right what hangs on a shape's ``sides``."""
    return "down" in sides and "right" not in sides


@dataclass(frozen=True, slots=True)
class Arms:
    """How far a shape with its satellites reaches from its centre."""

    left: float
    right: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What a part's rows have before them: the head (see ``head_of``), and networks that make values for it.

    A part that stands ``below`` what comes into its station or begins there does so by that much; if it
    stands ``apart``, another one of the same station has the head.
    """

    head: tuple[int, ...] = ()
    values: tuple[Placed, ...] = ()
    apart: bool = False
    below: float = 0.0


class Rows:
    """Distances within one part; ``gauge`` tells how large things are.

    ``hung`` are the satellites of each shape, ``sides`` where they hang, ``arms`` how far a shape reaches
    with them; ``inside`` are the shapes that each enclosure holds.
    """

    def __init__(
        self, index: Index, part: Part, grid: Grid, beside: Beside, hidden: str, gauge: Gauge
    ) -> None:
        self.index, self.part, self.grid, self.hidden = index, part, grid, hidden
        self.beside, self.gauge = beside, gauge
        self.head = beside.head
        self.placed_head = () if beside.apart else beside.head
        self.measure, self.room = gauge.half, gauge.room
        self.outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
        self.hung: dict[int, list[int]] = {}
        for leaf, owner in grid.satellites.items():
            self.hung.setdefault(owner, []).append(leaf)
        self.sides = {leaf: side for owner in self.hung for leaf, side in self._hang(owner)}
        self.arms = {s: self._reach_of(s) for s in (*grid.rows, *grid.column, *grid.links, *self.placed_head)}
        self.inside: dict[int, list[int]] = {}
        for shape in grid.rows:
            for wall in index.walls(shape):
                self.inside.setdefault(wall, []).append(shape)

    # ------------------------------------------------------------ reach of single shapes

    def _hang(self, owner: int) -> list[tuple[int, str]]:
        """The sides on which satellites hang: right where nothing goes on to the right, then below, above."""
        rows, cols = self.grid.rows, self.grid.cols
        taken: set[str] = set()
        for line in self.index.touching[owner]:
            other = self.index.other(line, owner)
            if other in self.hung.get(owner, ()):
                continue
            if owner in rows and other is not None and other in rows:
                if cols[other] > cols[owner]:
                    taken.add("right")
                elif cols[other] < cols[owner]:
                    taken.add("left")
                else:
                    taken.add("down" if rows[other] > rows[owner] else "up")
            elif owner in rows:
                taken.add("right")
            else:
                taken.update(("up", "down") if other not in rows else ("left",))
        found = []
        for leaf in self.hung[owner]:
            side = next((s for s in ("right", "down", "up", "left") if s not in taken), "right")
            taken.add(side)
            found.append((leaf, side))
        return found

    def _reach_of(self, shape: int) -> Arms:
        wide, high = self.measure(self.index.shapes[shape])
        reach = {"left": wide, "right": wide, "up": high, "down": high}
        for leaf in self.hung.get(shape, ()):
            side = self.sides[leaf]
            own_w, own_h = self.measure(self.index.shapes[leaf])
            along, across = (own_w, own_h) if side in ("left", "right") else (own_h, own_w)
            reach[side] = max(reach[side], reach[side] + BESIDE + 2 * along)
            for other in ("up", "down") if side in ("left", "right") else ("left", "right"):
                reach[other] = max(reach[other], across)
        return Arms(reach["left"], reach["right"], reach["up"], reach["down"])

    # ------------------------------------------------------------ walls

    def pad(self, wall: int, side: str) -> float:
        """Clear space between a wall and what it holds."""
        if side == "left" and any(self.index.is_copied(s) for s in self.inside.get(wall, ())):
            return RIBBON + self.gauge.ease / 2
        beside = ROUND if side == "right" and any(map(self.goes_round, self.inside.get(wall, ()))) else 0.0
        return (CROSSED if self.crossed(wall, side) else PAD) + beside + self.gauge.ease / 2

    def goes_round(self, shape: int) -> bool:
        """Whether what leaves a shape downwards starts at its right: something hangs below."""
        sides = [self.sides[leaf] for leaf in self.hung.get(shape, ())]
        goes = (n for n in self.index.touching[shape] if n in self.part.returns or n in self.outputs)
        leaves = any(self.index.lines[n].dim != self.hidden for n in goes)
        return leaves and round_hung(sides)

    def crossed(self, wall: int, side: str) -> bool:
        return bool(self.leaving(wall, side))

    def leaving(self, wall: int, side: str) -> list[int]:
        """The shapes of an enclosure that a line leaves on one side, out of it."""
        members = self.inside.get(wall, ())  # none where a number alone stands in it
        return [
            shape
            for shape in members
            for line in self.index.touching[shape]
            if (other := self.index.other(line, shape)) not in members
            and other not in self.hung.get(shape, ())
            and self._leaves(shape, line, other) == side
        ]

    def badge_room(self, wall: int) -> float:
        """From the leg beside which a wall bears its badge to the wall's end, where a picture is turned."""
        badge = self.gauge.badge(self.index.enclosures[wall]) if self.gauge.turned else 0.0
        return badge + 40.0 if badge else 0.0

    def _leaves(self, shape: int, line: int, other: int | None) -> str:
        """Roughly the side on which a line leaves a shape of the rows."""
        rows, cols = self.grid.rows, self.grid.cols
        if other is not None and other in rows:
            if rows[other] == rows[shape] and (side := past(self.index, self.grid, shape, other)):
                return side
            if rows[other] == rows[shape] or (cols[other] != cols[shape] and not self.index.is_copied(shape)):
                return "right" if cols[other] > cols[shape] else "left"
            return "down" if rows[other] > rows[shape] else "up"
        goes = line in self.part.returns or line in self.outputs
        if goes and (self.index.is_copied(shape) or self.index.lines[line].dim != self.hidden):
            return "down"
        if line in self.part.feeds or other in self.head:
            return "up"
        return "right"

    def between(self, first: int, second: int, sides: tuple[str, str]) -> float:
        """The clear space that walls ask for between two shapes, on one side of each."""
        one, two = self.index.walls(first), self.index.walls(second)
        closing = [w for w in reversed(one) if w not in two]
        opening = [w for w in two if w not in one]
        total = 0.0
        for walls, side in ((closing, sides[0]), (opening, sides[1])):
            if walls:
                inner = walls[0] if walls is closing else walls[-1]
                total += self.pad(inner, side) + NESTED * (len(walls) - 1)
        if sides[0] == "down":
            total += max((self._badged(wall, first) for wall in closing), default=0.0)
        return total

    def _badged(self, wall: int, last: int) -> float:
        """How much further than its padding a wall reaches below its last row, for its badge."""
        rows = self.grid.rows
        crossing = [rows[s] for s in self.leaving(wall, "right")]
        if (
            not crossing
            or max(crossing) < rows[last]
            or min(crossing) > min(rows[s] for s in self.inside[wall])
        ):
            return 0.0
        return max(0.0, self.badge_room(wall) - self.arms[last].down - self.pad(wall, "down"))

    # ------------------------------------------------------------ rows and columns

    def columns(self) -> dict[int, float]:
        """The x of each column, the first being 0."""
        rows, cols = self.grid.rows, self.grid.cols
        if not cols:
            return {}
        xs: dict[int, float] = {0: 0.0}
        numbers = sorted(set(cols.values()))
        order = sorted(rows, key=lambda s: (cols[s], rows[s]))
        for before, number in pairwise(numbers):
            least = xs[before] + 2 * 12.0
            for shape in (s for s in order if cols[s] == number):
                for other in (s for s in order if cols[s] < number):
                    if not self._level(shape, other):
                        if self.joined(other, shape):
                            near = self.arms[other].right + 20.0 + self.arms[shape].left
                            near = max(near, self._upright_room(other, shape))
                            least = max(least, xs[cols[other]] + near)
                        continue
                    clear = self.between(other, shape, ("right", "left"))
                    walled = clear > 0
                    clear = clear + 12.0 if walled else CHAIN + self.gauge.ease
                    if self.joined(other, shape):
                        named = self.label_room(other, shape)
                        clear = max(clear, clear - 12.0 + named if walled else named)
                    elif self.index.shapes[other].symbol == "dot" or self.index.shapes[shape].symbol == "dot":
                        clear = max(clear, 16.0)
                    need = self.arms[other].right + clear + self.arms[shape].left
                    need = max(need, self._upright_room(other, shape))
                    least = max(least, xs[cols[other]] + need)
                for text in self.beside_loose(shape):
                    need = 2 * self.measure(self.index.shapes[text])[0] + 16.0 + self.arms[shape].left
                    first = min((s for s in order if s != shape), key=lambda s: cols[s])
                    least = max(least, xs[cols[first]] - self.arms[first].left + need)
            xs[number] = up_to(least, 4)
        return xs

    def beside_loose(self, shape: int) -> list[int]:
        """The factors without legs that stand between two rows left of a shape that is there too."""
        return [
            text
            for text in self.grid.loose
            if (gap := self.loose_gap(text)) is not None
            and gap[0] < self.grid.rows[shape] < gap[1]
            and self.index.shapes[shape].symbol != "dot"
            and self.index.shapes[text].inside in (None, *self.index.walls(shape))
        ]

    def label_room(self, one: int, other: int) -> float:
        lines = [line for line, o in self.index.neighbours[one] if o == other]
        return max((self.room(self.index.lines[line]) for line in lines), default=0.0)

    def _upright_room(self, shape: int, dot: int) -> float:
        """The room beside a wire down from a shape to another one of its dot, for the wire's name."""
        if self.index.shapes[dot].symbol != "dot":
            return 0.0
        near = [o for _, o in self.index.neighbours[dot] if o != shape and o in self.grid.rows]
        same = [o for o in near if self.grid.cols[o] == self.grid.cols[shape]]
        return max((10.0 + self.label_room(shape, o) for o in same), default=0.0)

    def length(self, one: int, other: int) -> float:
        """The length that the names of lines along the tracks ask for between two shapes."""
        lines = [line for line, o in self.index.neighbours[one] if o == other]
        return max((self.gauge.along(self.index.lines[line]) for line in lines), default=0.0)

    def joined(self, one: int, other: int) -> bool:
        return any(o == other for _, o in self.index.neighbours[one])

    def _level(self, one: int, other: int) -> bool:
        """Whether two shapes, or walls round one of them and not the other, lie side by side."""
        low, high = self._span(one, other)
        down, up = self._span(other, one)
        return low < up + 0.9 and down < high + 0.9

    def _span(self, shape: int, other: int) -> tuple[float, float]:
        apart = [w for w in self.index.walls(shape) if w not in self.index.walls(other)]
        members = self.inside[apart[0]] if apart else [shape]
        return min(self.grid.rows[s] for s in members), max(self.grid.rows[s] for s in members)

    def heights(self) -> dict[float, float]:
        """The y of each row, the first being 0. Rows between two others stand between them."""
        rows = self.grid.rows
        if not rows:
            return {}
        main = sorted({r for s, r in rows.items() if self.index.shapes[s].symbol != "dot" or r == int(r)})
        ys: dict[float, float] = {main[0]: 0.0} if main else {}
        for upper, lower in pairwise(main):
            least = ys[upper] + 24.0
            for one in (s for s in rows if rows[s] == upper):
                for two in (s for s in rows if rows[s] == lower):
                    walls = self.between(one, two, ("down", "up"))
                    clear = (walls + 28.0 if walls else RUNG) + self.gauge.ease
                    clear += self._loose_room(one, two, walls > 0)
                    clear = max(clear, self.length(one, two))
                    if self._crossing_dot(one, two) and not walls:
                        clear = max(clear, 60.0)
                    least = max(least, ys[upper] + self.arms[one].down + clear + self.arms[two].up)
            ys[lower] = up_to(least, 4)
        for row in sorted(set(rows.values()) - set(ys)):
            below = max((r for r in ys if r <= row), default=main[0] if main else row)
            above = min((r for r in ys if r >= row), default=below)
            part = (row - below) / (above - below) if above > below else 0.0
            ys[row] = ys.get(below, 0.0) + part * (ys.get(above, 0.0) - ys.get(below, 0.0))
            if row > above:  # below the last row, and clear of what stands there
                ys[row] += max(self.arms[s].down for s in rows if rows[s] == below) + (row - below) * BELOW
        return ys

    def _crossing_dot(self, one: int, two: int) -> bool:
        dots = [s for s in self.grid.rows if self.index.shapes[s].symbol == "dot"]
        return any(self.joined(d, one) and self.joined(d, two) for d in dots)

    def _loose_room(self, one: int, two: int, walled: bool) -> float:
        """Room for a factor that stands free between two rows of its bubble."""
        for text in self.grid.loose:
            gap = self.loose_gap(text)
            if gap is not None and (self.grid.rows[one], self.grid.rows[two]) == gap:
                return 2 * self.measure(self.index.shapes[text])[1] + (10.0 if walled else -14.0)
        return 0.0

    def loose_gap(self, text: int) -> tuple[float, float] | None:
        """The two rows between which a factor stands: the first with no wire between them at the left.

        No enclosure that it is outside of holds both.
        """
        rows, cols = self.grid.rows, self.grid.cols
        scope = self.scope_of(text)
        if self.index.shapes[text].inside != scope:
            return None  # it needs room for its wall
        members = self.inside[scope] if scope is not None else list(rows)
        levels = sorted({rows[s] for s in members if rows[s] == int(rows[s])})
        others = [
            [rows[s] for s in held]
            for wall, held in self.inside.items()
            if wall not in self.index.around(scope) and set(held) <= set(members)
        ]
        gaps = [
            (upper, lower)
            for upper, lower in pairwise(levels)
            if not any(min(held) <= upper and lower <= max(held) for held in others)
        ]
        for upper, lower in gaps:
            ones = [s for s in members if rows[s] == upper and cols[s] == 0]
            twos = [s for s in members if rows[s] == lower and cols[s] == 0]
            if ones and twos and not any(self.joined(a, b) for a in ones for b in twos):
                return (upper, lower)
        return gaps[0] if gaps else None

    def scope_of(self, text: int) -> int | None:
        """The innermost wall round a factor in which there are rows: it stands by these, in its own walls."""
        around = reversed(self.index.walls(text))
        return next((wall for wall in around if self.inside.get(wall)), None)
