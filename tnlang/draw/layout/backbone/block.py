"""A part of a backbone in columns: what is no C, because sums of products or values of its own tangle it.

It is placed as any network without a template, in the frame that flows down: what comes from the stream
enters at the left, and the hidden leg of what returns leaves at the right; others do on the nearer side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tnlang.draw.diagram import Diagram, End, Side
from tnlang.draw.layout.backbone.gauge import Gauge
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.backbone.grid import Grid
from tnlang.draw.layout.backbone.place import TRUNK, TRUNKS, Plan
from tnlang.draw.layout.backbone.rows import up_to
from tnlang.draw.layout.box import Placed, Port, merged, mirrored
from tnlang.draw.layout.hang import remembered
from tnlang.draw.layout.layered import layered
from tnlang.draw.layout.level import Index as Flat
from tnlang.draw.layout.level import Level, level
from tnlang.draw.layout.orderly import floating, orderly, walled

NO_GRID = Grid({}, {}, (), (), {}, ())
ROOM, APART = 34.0, 30.0
"""Between the last trunk and the block, for names of what enters; between pieces below one another."""
TURN = 44.0
"""From the block to the wires below it that return."""


@dataclass(frozen=True, slots=True)
class Block:
    """Places a whole part in columns. ``below`` is how far it stands at least below its station."""

    index: Index
    part: Part
    gauge: Gauge
    below: float
    hidden: str

    @property
    def grid(self) -> Grid:
        return NO_GRID

    def place(self, least_left: float, least_outer: float) -> Plan:
        """The part with its places; it is aligned with no others."""
        placed = in_columns(self.index, self.part, self.gauge.turned, self.hidden)
        pasted = [s for s in self.part.members for _ in self.index.ribbons_to.get(s, ())]
        sources = {s for p in pasted for s in self.index.ribbons_to[p] if s not in self.part.members}
        left = up_to(TRUNK + self.gauge.ease + TRUNKS * len(sources) + ROOM, 4)
        entered = [p for p in placed.ports if p.line in self.part.feeds]
        words = [self.gauge.room(self.index.lines[p.line]) for p in entered]
        left = max(left, max(words, default=0.0) + ROOM)
        top = self.below or 0.0
        if entered:
            top = max(top, 24.0)
        at = placed.moved((left - placed.box.left, top - placed.box.top))
        trunks = {s: TRUNK + self.gauge.ease + TRUNKS * i for i, s in enumerate(sorted(sources))}
        plan = Plan(self.part, NO_GRID, {}, {}, {}, trunks, 0.0, block=at)
        plan.stop = up_to(at.box.bottom + TURN + self.gauge.ease, 4)
        plan.top, plan.bottom, plan.right = at.box.top, plan.stop, at.box.right + TURN
        return plan


def in_columns(index: Index, part: Part, turned: bool, hidden: str) -> Placed:
    """The members of a part in columns, its pieces below one another; lines that leave have ports."""
    inside = set(part.members)
    walls = {w for s in part.members for w in index.walls(s)}
    whole = index.diagram

    def own(end: End) -> End:
        return end if end.shape in inside else End(None)

    lines = tuple(
        replace(n, ends=(own(n.ends[0]), own(n.ends[1])))
        for n in whole.lines
        if any(e.shape in inside for e in n.ends)
    )
    diagram = Diagram(
        tuple(index.as_drawn(s) for s in whole.shapes if s.id in inside),
        lines,
        tuple(e for e in whole.enclosures if e.id in walls),
    )
    leaving = [n for n in lines if any(e.shape is None for e in n.ends)]
    want: dict[int, Side] = {n.id: "right" for n in leaving if n.id in part.feeds}
    want |= {n.id: "left" for n in leaving if n.id not in part.feeds and n.dim == hidden}
    placed = mirrored(_stacked(Flat(diagram, "down" if turned else None), want))
    return replace(placed, ports=_exchanged(index, part, placed.ports, hidden))


def _exchanged(index: Index, part: Part, ports: Sequence[Port], hidden: str) -> tuple[Port, ...]:
    """The ports, those at one side of one shape exchanged so that wires to the tracks do not cross.

    At the left what comes from the stream is above, at the right the hidden leg, since all turns down there.
    """
    found: list[Port] = []
    for shape, side in dict.fromkeys((p.shape, p.side) for p in ports):
        own = [p for p in ports if (p.shape, p.side) == (shape, side)]
        wanted = sorted(
            own,
            key=lambda p: (
                (index.lines[p.line].dim != hidden, -p.line)
                if p.side == "right"
                else (p.line not in part.feeds, p.line)
            ),
        )
        places = sorted(own, key=lambda p: p.at[1])
        found += [replace(at, line=p.line, end=p.end) for p, at in zip(wanted, places, strict=True)]
    return tuple(found)


def _stacked(index: Flat, want: Mapping[int, Side]) -> Placed:
    """The components below one another: what takes from the stream first, what returns to it last."""

    def within(enclosure: int, sides: Mapping[int, Side]) -> Placed:
        return walled(index, enclosure, orderly(index, enclosure, sides))

    here = level(index, None)
    inner = remembered(index, want, within)

    def when(items: tuple[int, ...]) -> tuple[int, int]:
        sides = [want.get(e.line) for i in items for e in here.of(i) if e.b is None]
        return (("left" in sides) - ("right" in sides), items[0])

    parts = [floating(index, item) for item in here.floats]
    for items in sorted(here.components(), key=when):
        known = here.only(items)
        parts.append(layered(index, Level(None, known.items, known.edges, ()), want, inner))
    done: list[Placed] = []
    bottom = 0.0
    for one in parts:
        one = one.moved((-one.box.right, bottom - one.box.top))
        bottom = one.box.bottom + APART
        done.append(one)
    whole = merged(done)
    left, right = whole.box.left, whole.box.right
    ports = tuple(p.to((left if p.side == "left" else right, p.at[1])) for p in whole.ports)
    return replace(whole, ports=ports)
