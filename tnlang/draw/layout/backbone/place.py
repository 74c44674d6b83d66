"""Coordinates of a part beside a backbone: its rows and its outer column, below the station it starts from.

Time runs down here, and the block lies to the right of the tracks, which are at x = 0; the station that the
part starts from is at y = 0. A picture that flows another way is turned afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.backbone.grid import Grid
from tnlang.draw.layout.backbone.rows import BESIDE, NESTED, PAD, RUNG, Rows, up_to
from tnlang.draw.layout.box import Placed
from tnlang.draw.scene import Point

TRUNK, TRUNKS = 40.0, 16.0
"""Where the first ribbon runs down beside the tracks, and how far the next one is."""
LINK = 52.0
"""How far the dots that link rows and column stand left of the column."""
LEVEL = 20.0
"""From one to the next of several of them that are level with one shape: beside and below one another."""
NEAREST = 120.0
"""The outer column stands no nearer to the tracks: the wires between bear names."""
FOREIGN = 44.0
"""Room above the rows for wires that come from another backbone."""
OUTER, OFF_BADGE = 40.0, 14.0
"""Radius of the outer track's rounds; how far from a wall, and a badge on it, a wire passes."""


@dataclass(slots=True)
class Plan:
    """A part with its places. ``stop`` is the y of the station it returns to; its reach comes last.

    A ``block`` has all places of a part in columns, and the ports of what leaves it.
    """

    part: Part
    grid: Grid
    centers: dict[int, Point]
    walls: dict[int, Box]
    sides: dict[int, str]
    trunks: dict[int, float]
    stop: float
    top: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    head: tuple[int, ...] = ()
    values: list[Placed] = field(default_factory=list)
    block: Placed | None = None

    @property
    def shapes(self) -> Iterable[int]:
        """What has its place here."""
        return self.block.poses if self.block is not None else self.centers

    def spans(self, index: Index) -> int | None:
        """The folded box whose outputs go to the stop: it stands beside both stations."""
        last = self.head[-1] if self.head else None
        touching = set(index.touching[last]) if last is not None else set()
        return last if touching & set(self.part.returns) else None


class Placer(Rows):
    """Gives one part its coordinates."""

    # ------------------------------------------------------------ the whole part

    def place(self, least_left: float, least_outer: float) -> Plan:
        """The part with all coordinates; ``least_left`` and ``least_outer`` align it with other parts."""
        plan = self._try(least_left, least_outer, 0.0)
        missing = self._short(plan)
        if not missing:
            return plan
        lowered = self._try(least_left, least_outer, missing)
        if not self._short(lowered):
            return lowered
        self._amid(plan)  # the rows feed the column above: it would be lowered with them
        return plan

    def _amid(self, plan: Plan) -> None:
        """Link dots stand between the first two shapes of the column that they join, level or not."""
        ys: dict[int, float] = {}
        for dot in self.grid.links:
            near = [s for s in self.grid.column if any(o == s for _, o in self.index.neighbours[dot])]
            if len(near) > 1:
                (_, high), (_, low) = (plan.centers[s] for s in near[:2])
                high, low = high + self.arms[near[0]].down, low - self.arms[near[1]].up
                ys[dot] = (high + low) / 2
        for dot, y in self._apart(ys).items():
            level = self._slid(plan, dot, y)
            plan.centers[dot] = (plan.centers[dot][0], level)

    def _slid(self, plan: Plan, link: int, y: float) -> float:
        """The height of a link dot that wants to be at ``y``: a dot of the rows slides there between shapes.

        Where they are too near the link dot comes to meet it, a little.
        """
        for dot in (o for _, o in self.index.neighbours[link] if o in self.grid.rows):
            ends = [plan.centers[o][1] for _, o in self.index.neighbours[dot] if o in self.grid.rows]
            if self.index.shapes[dot].symbol != "dot" or len(ends) < 2:
                continue
            level = min(max(y, min(ends) + RUNG / 2), max(ends) - RUNG / 2)
            if abs(level - y) <= LEVEL / 2:
                plan.centers[dot] = (plan.centers[dot][0], level)
                return level
        return y

    def _short(self, plan: Plan) -> float:
        """How much lower the rows must begin for a link dot to stand midway between its column's shapes."""
        missing = 0.0
        for dot in self.grid.links:
            near = [s for s in self.grid.column if any(o == s for _, o in self.index.neighbours[dot])]
            if len(near) > 1:
                (_, y), (_, above) = plan.centers[dot], plan.centers[near[0]]
                missing = max(missing, above + self.arms[near[0]].down + RUNG / 2 - y)
        return up_to(missing, 4)

    def _try(self, least_left: float, least_outer: float, lower: float) -> Plan:
        grid = self.grid
        plan = Plan(self.part, grid, {}, {}, self.sides, {}, 0.0, head=self.head)
        xs, ys = self.columns(), self.heights()
        self._trunks(plan)
        head_right, head_bottom = self._head(plan)
        self._values(plan, head_bottom)
        reach = self._reach(xs, ys)
        left = self._trunk(len(plan.trunks) - 1) + 30 if plan.trunks else 56.0
        x0 = max(least_left, up_to(left - reach.left, 8)) if grid.rows else 0.0
        direct = self._direct_x(head_right)
        x0 = max(x0, direct)
        if direct and self.head[-1] in plan.centers:
            plan.centers[self.head[-1]] = (x0, plan.centers[self.head[-1]][1])
        y0 = self._first_row(plan, head_bottom, reach) + lower
        for shape in grid.rows:
            plan.centers[shape] = (x0 + xs[grid.cols[shape]], y0 + ys[grid.rows[shape]])
        self._bundle_dots(plan)
        self._satellites(plan, grid.rows)
        self._loose(plan, xs, ys, x0, y0)
        self._walls(plan)
        self._column(plan, least_outer, head_right)
        self._finish(plan, head_bottom)
        return plan

    def _trunks(self, plan: Plan) -> None:
        """A ribbon runs down beside the tracks for each station that something is pasted from."""
        sources: dict[int, None] = {}
        for shape in self.grid.rows:
            for source in self.index.ribbons_to.get(shape, ()):
                sources[source] = None
        if not self.beside.below and len(self.grid.rows) and len(sources) == 1 and not self._below_start():
            level = {self.grid.rows[s] for s in self.grid.rows if self.index.is_copied(s)}
            if len(level) == 1:
                return
        for i, source in enumerate(sources):
            plan.trunks[source] = self._trunk(i)

    def _trunk(self, number: int) -> float:
        return TRUNK + self.gauge.ease + TRUNKS * number

    def _below_start(self) -> bool:
        """Whether the rows begin below the station: it, or a head, gives wires to them or to the column."""
        return bool(self.part.feeds) or bool(self.head)

    def _head(self, plan: Plan) -> tuple[float, float]:
        """The boxes and copies that the whole value passes first, at the station's height."""
        x, bottom = 15.0, 0.0
        for i, shape in enumerate(self.placed_head):
            wide, high = self.measure(self.index.shapes[shape])
            lines = [line for line in self.index.touching[shape] if line in self.part.feeds]
            gap = max([64.0, *(self.room(self.index.lines[n]) + 16 for n in lines)]) if i == 0 else 22.0
            if i == 0 and self.beside.values:  # a ribbon from above passes before the name
                gap = max(gap, self._trunk(len(plan.trunks)) - 15.0 + self.gauge.longest())
            x += gap + wide
            plan.centers[shape] = (up_to(x, 4), 0.0)
            x = plan.centers[shape][0] + wide
            bottom = max(bottom, high)
        return x, bottom

    def _values(self, plan: Plan, head_bottom: float) -> None:
        """Networks that make values stand above the station, one above another."""
        low = -max(60.0, head_bottom + 46.0)
        for value in reversed(self.beside.values):
            left = self._trunk(len(plan.trunks)) + 40.0
            at = value.moved((left - value.box.left, low - value.box.bottom))
            plan.values.append(at)
            low = at.box.top - 34.0

    def _reach(self, xs: Mapping[int, float], ys: Mapping[float, float]) -> Box:
        """The box round the rows with their walls, before they have their final place."""
        trial = Plan(self.part, self.grid, {}, {}, self.sides, {}, 0.0)
        for shape in self.grid.rows:
            trial.centers[shape] = (xs[self.grid.cols[shape]], ys[self.grid.rows[shape]])
        self._satellites(trial, self.grid.rows)
        self._loose(trial, xs, ys, 0.0, 0.0)
        self._walls(trial)
        boxes = list(trial.walls.values())
        boxes += [self._box(s, c) for s, c in trial.centers.items()]
        return union(boxes) if boxes else Box(0, 0, 0, 0)

    def _box(self, shape: int, center: Point) -> Box:
        wide, high = self.measure(self.index.shapes[shape])
        return Box(center[0] - wide, center[1] - high, center[0] + wide, center[1] + high)

    def _direct_x(self, head_right: float) -> float:
        """Where the first column stands if a head's copy gives it a wire: below the copy."""
        if not self.placed_head:
            return 0.0
        last = self.head[-1]
        for _, other in self.index.neighbours[last]:
            if other in self.grid.rows and self.index.shapes[last].symbol == "copy":
                return head_right - self.measure(self.index.shapes[last])[0]
        return 0.0

    def _first_row(self, plan: Plan, head_bottom: float, reach: Box) -> float:
        """The y of the first row: the station's own, or below what stands or runs there."""
        if not self.grid.rows:
            return 0.0
        if self.beside.below and not self.placed_head:
            feeds = 32.0 * bool(self.part.feeds) + FOREIGN * bool(self.part.foreign)
            return -reach.top + max(self.beside.below, 10.0 + feeds)
        if self.head:
            return up_to(head_bottom + (58.0 if plan.trunks else 40.0) - reach.top, 8)
        if self.part.start is None:
            return -reach.top + 20.0
        if self._below_start():
            return up_to(46.0 + FOREIGN * bool(self.part.foreign) - reach.top, 8)
        return 0.0

    def _bundle_dots(self, plan: Plan) -> None:
        """A dot on a vertical wire beside another one stands on its own track."""
        for shape, center in list(plan.centers.items()):
            if self.index.shapes[shape].symbol != "dot":
                continue
            same = [
                o for _, o in self.index.neighbours[shape] if plan.centers.get(o, (None,))[0] == center[0]
            ]
            if len(same) == 2 and any(o == same[1] for _, o in self.index.neighbours[same[0]]):
                plan.centers[shape] = (center[0] + 8.0, center[1])

    def _satellites(self, plan: Plan, owners: Iterable[int]) -> None:
        for owner in owners:
            wide, high = self.measure(self.index.shapes[owner])
            x, y = plan.centers[owner]
            for leaf in self.hung.get(owner, ()):
                own_w, own_h = self.measure(self.index.shapes[leaf])
                match self.sides[leaf]:
                    case "right":
                        plan.centers[leaf] = (x + wide + BESIDE + own_w, y)
                    case "left":
                        plan.centers[leaf] = (x - wide - BESIDE - own_w, y)
                    case "down":
                        plan.centers[leaf] = (x, y + high + BESIDE + own_h)
                    case _:
                        plan.centers[leaf] = (x, y - high - BESIDE - own_h)

    def _loose(
        self, plan: Plan, xs: Mapping[int, float], ys: Mapping[float, float], x0: float, y0: float
    ) -> None:
        """Factors without legs: between the first two rows of their bubble, else below its row."""
        rows, cols = self.grid.rows, self.grid.cols
        for text in sorted(self.grid.loose, key=lambda s: -len(self.index.walls(s))):
            scope = self.scope_of(text)
            members = self.inside[scope] if scope is not None else list(rows)
            wide, high = self.measure(self.index.shapes[text])
            if not members:
                plan.centers[text] = (x0, y0)
                continue
            gap = self.loose_gap(text)
            numbers = sorted({cols[s] for s in members})
            right = xs[numbers[1]] if len(numbers) > 1 else xs[numbers[0]] + 60
            x = x0 + (xs[numbers[0]] + right) / 2 - 14
            if gap is not None:
                one = max((s for s in members if rows[s] == gap[0]), key=lambda s: self.arms[s].down)
                two = max((s for s in members if rows[s] == gap[1]), key=lambda s: self.arms[s].up)
                upper, lower = ys[gap[0]] + self.arms[one].down, ys[gap[1]] - self.arms[two].up
                if self.between(one, two, ("down", "up")):
                    upper, lower = upper + PAD, lower - PAD - 8
                beside = [xs[cols[s]] - self.arms[s].left for s in members if text in self.beside_loose(s)]
                x = min(x, x0 + min([right, *beside]) - 16 - wide)
                plan.centers[text] = (x, y0 + (upper + lower) / 2)
            else:
                level = max(rows[s] for s in members)
                last = [s for s in members if rows[s] == level]
                down = max(self.arms[s].down + self._below(s, scope) for s in last)
                lows = [y0 + ys[level] + down]
                for other in (s for s in self.grid.loose if s in plan.centers):
                    if scope is None or scope in self.index.walls(other):
                        half = self.measure(self.index.shapes[other])[1]
                        lows.append(plan.centers[other][1] + half + self._below(other, scope))
                own = self._above(text, scope)
                plan.centers[text] = (x0 + xs[numbers[0]] + wide, max(lows) + own + 12 + high)

    def _below(self, shape: int, scope: int | None) -> float:
        """How far the walls round a shape reach below it that stand within a scope."""
        inner = [w for w in self.index.walls(shape) if w not in self.index.around(scope)]
        return self.pad(inner[-1], "down") + NESTED * (len(inner) - 1) if inner else 0.0

    def _above(self, text: int, scope: int | None) -> float:
        """Room over a factor for the walls round it within a scope, and the badge of the outer one."""
        inner = [w for w in self.index.walls(text) if w not in self.index.around(scope)]
        badge = OFF_BADGE if inner and self.gauge.badge(self.index.enclosures[inner[0]]) else 0.0
        return self._below(text, scope) + badge

    def _walls(self, plan: Plan) -> None:
        alone = (wall for text in self.grid.loose for wall in self.index.walls(text))
        for wall in sorted({*self.inside, *alone}, key=lambda w: (-len(self.index.around(w)), w)):
            held = [s for s in plan.centers if self.index.shapes[s].inside == wall]
            boxes = [self._box(s, plan.centers[s]) for s in held]
            inner = union(boxes) if boxes else None
            children = [
                b.grown(NESTED) for w, b in plan.walls.items() if self.index.enclosures[w].inside == wall
            ]
            if inner is not None:
                padded = Box(
                    inner.left - self.pad(wall, "left"),
                    inner.top - self.pad(wall, "up"),
                    inner.right + self.pad(wall, "right"),
                    inner.bottom + self.pad(wall, "down"),
                )
                children.append(padded)
            plan.walls[wall] = self._wide(wall, union(children), inner, plan)

    def _wide(self, wall: int, box: Box, inner: Box | None, plan: Plan) -> Box:
        """A wall wide enough for its badge, beside a leg that crosses it where the rows begin."""
        if need := self.badge_room(wall):
            return self._high(wall, box, need, plan)
        badge = self.gauge.badge(self.index.enclosures[wall])
        if badge and wall not in self.inside:
            return Box(box.left, box.top, max(box.right, box.left + badge + 36.0), box.bottom)
        crossed = self.crossed(wall, "up") and self.crossed(wall, "down")
        if self.gauge.turned or not badge or inner is None or not crossed:
            return box
        first = min(
            self.measure(self.index.shapes[s])[0] for s in self.inside[wall] if self.grid.cols[s] == 0
        )
        return Box(box.left, box.top, max(box.right, inner.left + first + badge + 36.0), box.bottom)

    def _high(self, wall: int, box: Box, need: float, plan: Plan) -> Box:
        """The same for a picture that flows sideways: the badge stands where the rows end."""
        crossing = [plan.centers[s][1] for s in self.leaving(wall, "right")]
        if not crossing or min(crossing) - box.top >= need or box.bottom - max(crossing) >= need:
            return box
        return Box(box.left, box.top, box.right, max(crossing) + need)

    # ------------------------------------------------------------ the outer column

    def _column(self, plan: Plan, least_outer: float, head_right: float) -> None:
        """The outer column, right of all rows; the link dots between are level with what they join."""
        grid = self.grid
        right = max(
            [head_right, *(b.right for b in plan.walls.values())]
            + [c[0] + self.arms[s].right for s, c in plan.centers.items() if s in grid.rows]
        )
        if not grid.column:
            return
        first = grid.column[0]
        if any(o in self.head for _, o in self.index.neighbours[first]):
            right = max(right, head_right + NEAREST / 2)
        x = right + 30.0
        if grid.links:
            words = [self.room(self.index.lines[n]) for d in grid.links for n in self.index.touching[d]]
            x = right + max(30.0, *words) + 8 + LINK
        widest = max(self.arms[s].left for s in grid.column)
        if set(self.part.feeds) | set(self.part.returns):
            x = max(x, NEAREST)
        x = max(least_outer, up_to(max(x, right + 28 + self.gauge.ease + widest), 4))
        links = self._apart({d: self._link_y(plan, d) for d in grid.links})
        y = self._column_top(plan)
        for i, shape in enumerate(grid.column):
            arms = self.arms[shape]
            if i:
                before = self.arms[grid.column[i - 1]]
                small = self.index.shapes[shape].symbol in ("plus", "dot")
                named = self.length(grid.column[i - 1], shape)
                y += before.down + max((24.0 if small else RUNG) + self.gauge.ease, named) + arms.up
            else:
                y += arms.up
            for dot, at in links.items():
                near = {o for _, o in self.index.neighbours[dot]}
                if shape in near and self._after(dot, shape):
                    y = max(y, at + RUNG / 2 + arms.up)
                elif shape in near and self._last_before(dot, shape):
                    y = max(y, at - RUNG / 2 - arms.down)
            own = [o for _, o in self.index.neighbours[shape] if o in grid.rows]
            if self.index.shapes[shape].symbol == "dot" and own:
                y = max([y, *(plan.centers[o][1] for o in own)])
            plan.centers[shape] = (x, y)
        for i, (dot, at) in enumerate(links.items()):
            level = sum(abs(at - other) < 2 * LEVEL for other in list(links.values())[:i])
            plan.centers[dot] = (x - LINK + level * LEVEL, at)
        self._satellites(plan, (*grid.column, *grid.links))

    def _column_top(self, plan: Plan) -> float:
        """Where the column may begin: a round below the wire that feeds it."""
        first = self.grid.column[0]
        feeding = [plan.centers[o][1] for _, o in self.index.neighbours[first] if o in self.grid.rows]
        if self.index.shapes[first].symbol == "dot" and feeding:
            return max(feeding) - self.arms[first].up
        beside = {self.part.start, *self.head}
        if any(o in beside for _, o in self.index.neighbours[first]) or not feeding:
            return OUTER - 2.0 if self.part.start is not None else -self.arms[first].up
        return min(feeding) + OUTER + 2.0

    def _apart(self, ys: Mapping[int, float]) -> dict[int, float]:
        """The heights of dots; those of one height stand symmetrically above and below it."""
        levels: dict[float, list[int]] = {}
        for dot, y in ys.items():
            levels.setdefault(y, []).append(dot)
        return {
            dot: at + (i - (len(level) - 1) / 2) * LEVEL
            for at, level in levels.items()
            for i, dot in enumerate(level)
        }

    def _link_y(self, plan: Plan, dot: int) -> float:
        """A link dot stands level with what it is joined to in the rows."""
        levels = [plan.centers[o] for _, o in self.index.neighbours[dot] if o in self.grid.rows]
        if levels:
            near = [o for _, o in self.index.neighbours[dot] if o in self.grid.rows]
            level = [o for o in near if self.index.shapes[o].symbol in ("dot", "tensor")]
            return self._past_walls(plan, level[-1]) if level else levels[-1][1]
        rows = [c[1] for s, c in plan.centers.items() if s in self.grid.rows]
        return sum(rows) / len(rows) if rows else 0.0

    def _past_walls(self, plan: Plan, shape: int) -> float:
        """The level of a shape of the rows; a dot is moved along its wire to where no wall is right of it."""
        x, y = plan.centers[shape]
        around = self.index.walls(shape)
        taken = [
            (box.top - OFF_BADGE, box.bottom + OFF_BADGE)
            for wall, box in plan.walls.items()
            if wall not in around and box.right > x
        ]
        near = [plan.centers[o] for _, o in self.index.neighbours[shape] if o in plan.centers]
        ends = [v for u, v in near if abs(u - x) < BESIDE]
        if self.index.shapes[shape].symbol != "dot" or len(ends) < 2:
            return y
        low, high = min(ends) + RUNG, max(ends) - RUNG
        places = [y, *(edge for span in taken for edge in span if low <= edge <= high)]
        free = [at for at in places if not any(top < at < bottom for top, bottom in taken)]
        best = min(free, key=lambda at: abs(at - y), default=y)
        plan.centers[shape] = (x, best)
        return best

    def _after(self, dot: int, shape: int) -> bool:
        """Whether a shape of the column stands below a link dot that it is joined to."""
        near = [s for s in self.grid.column if any(o == s for _, o in self.index.neighbours[dot])]
        return bool(near) and (shape != near[0] or len(near) == 1)

    def _last_before(self, dot: int, shape: int) -> bool:
        """Whether it stands above it."""
        near = [s for s in self.grid.column if any(o == s for _, o in self.index.neighbours[dot])]
        return len(near) > 1 and shape == near[0]

    def _finish(self, plan: Plan, head_bottom: float) -> None:
        """Where the part returns to the tracks, and how far it reaches."""
        boxes = [*plan.walls.values(), *(self._box(s, c) for s, c in plan.centers.items())]
        boxes += [value.box for value in plan.values]
        box = union(boxes) if boxes else Box(0, 0, 0, 0)
        rows = [b.bottom for b in plan.walls.values()]
        rows += [self._box(s, plan.centers[s]).bottom for s in self.grid.rows]
        low = max([head_bottom, *rows], default=0.0)
        last = max(
            (plan.centers[s][1] + self.measure(self.index.shapes[s])[1] for s in self.grid.column),
            default=0.0,
        )
        hung = max(
            (self._box(s, plan.centers[s]).bottom for s in self.sides if s in plan.centers), default=0.0
        )
        plan.stop = up_to(max(low + 38.0, last + OUTER - 4.0, hung + 20.0, 72.0) + self.gauge.ease, 4)
        right = box.right
        for one, two in pairwise(self.grid.column):
            if self.joined(one, two):
                right = max(right, plan.centers[one][0] + self.label_room(one, two))
        plan.top, plan.bottom, plan.right = box.top, max(box.bottom, plan.stop), right
