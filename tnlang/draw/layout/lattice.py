"""Rows and columns of a network, found from its wires: states under layers of gates, sandwiches of operators.

Every wire is level or upright. A row at the rim is taken as the first; its other wires go on as columns, and
row after row is laid on those: what takes some neighbouring columns gives back as many, or ends them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise, product

from tnlang.draw.bare import is_bare
from tnlang.draw.diagram import Side
from tnlang.draw.layout.courses import ENDS, Bundle, Laid, Leg, LevelKinds, Net, kind_at, level_kinds, swept
from tnlang.draw.layout.items import OPPOSITE
from tnlang.draw.layout.level import Index, Level

_FIRST_ROWS, _STEPS = 300, 3000
"""First rows that are tried, rows that are laid in all."""
_FLIPPED: dict[Side, Side] = {"up": "down", "down": "up"}


@dataclass(frozen=True, slots=True)
class Lattice:
    """Rows from above, each from left to right; the side of each item's lines, the columns of upright ones.

    What stands at the end of several rows is in each of them.
    """

    rows: tuple[tuple[int, ...], ...]
    side: Mapping[tuple[int, int], Side]
    column: Mapping[int, int]


def lattice(index: Index, part: Level) -> Lattice | None:
    """The rows and columns of a part that has loops, level wires and at least two rows."""
    net = _net(index, part)
    if net is None or len(part.inner_edges) < len(part.items):
        return None
    best: tuple[tuple[int, ...], Laid] | None = None
    left = _STEPS
    for first in _first_rows(net):
        for laid in _starts(net, first):
            found, used = swept(net, laid, left)
            left -= used
            for way in found:
                value = _value(net, way)
                if best is None or value < best[0]:
                    best = (value, way)
        if left <= 0 or (best is not None and not best[0][0]):
            break
    if best is None or not best[1].level_wires or max(best[1].row.values()) == 0:
        return None
    return _read(index, part, best[1])


def _net(index: Index, part: Level) -> Net | None:
    """The legs of all items; None where a part has other things than tensors and what ends their wires."""
    known = {e.line: (e.a, e.b) for e in part.edges}
    if any(e.via_a or e.via_b or e.ended or e.a == e.b for e in part.edges):
        return None
    if any(i not in index.shapes or index.shapes[i].symbol not in ("tensor", "pin") for i in part.items):
        return None
    if any(is_bare(index.shapes[i]) for i in part.items):  # no outline to lie across columns
        return None
    degree = {item: len(part.of(item)) for item in part.items}
    net: dict[int, tuple[Leg, ...]] = {}
    for item in part.items:
        legs = []
        for place, line in enumerate(index.shapes[item].legs):
            a, b = known[line]
            other = b if a == item else a
            known_as, loose = index.lines[line], other is None or degree[other] == 1
            dim = (known_as.dim, known_as.size)
            legs.append(Leg(line, other, place, index.kind(item, line), dim, loose))
        net[item] = tuple(legs)
    return net


# ---------------------------------------------------------------- the first row


def _first_rows(net: Net) -> list[tuple[int, ...]]:
    """Paths that may be the row at a rim, the longest first: walks that keep to one kind of leg.

    What goes against the written order more often than so many others is not walked to its end.
    """
    joints = _Joints(net)
    most, cut = 0, True
    found: set[tuple[int, ...]] = set()
    while cut and len(found) < _FIRST_ROWS:
        found, cut = joints.walks(most)
        most = 2 * most or 1
    return sorted(found, key=lambda path: (_back(path), -len(path), path))[:_FIRST_ROWS]


def _back(row: Sequence[int]) -> int:
    """How many steps of a row go against the order in which most of it is written."""
    ahead = sum(a < b for a, b in pairwise(row))
    return min(ahead, len(row) - 1 - ahead)


class _Joints:
    """What rows are walked along: the wires between items, by their ends."""

    def __init__(self, net: Net) -> None:
        self.names = {item: legs[0].kind[0] for item, legs in net.items()}
        self.others = {item: {leg.other for leg in legs} for item, legs in net.items()}
        self.places: dict[tuple[int, int], tuple[int, int]] = {}
        """By which of their legs two neighbours are joined."""
        self.beside: dict[int, list[int]] = {}
        """What an item is joined to by a single wire."""
        for item, legs in net.items():
            others = [leg.other for leg in legs if leg.other is not None]
            self.beside[item] = sorted(other for other in set(others) if others.count(other) == 1)
            for leg in legs:
                if leg.other is not None:
                    back = next(far.place for far in net[leg.other] if far.other == item)
                    self.places.setdefault((item, leg.other), (leg.place, back))

    def walks(self, most: int) -> tuple[set[tuple[int, ...]], bool]:
        """All rows of which at most so many steps go back; whether there are others."""
        found: set[tuple[int, ...]] = set()
        cut = False
        for start, second in ((item, other) for item in self.names for other in self.beside[item]):
            found.add(min((start, second), (second, start)))
            for third in self._onward(second, {start} | self.others[start]):
                cut |= self._walk([start, second], third, most, found)
        return found, cut

    def _walk(self, path: list[int], following: int | None, most: int, found: set[tuple[int, ...]]) -> bool:
        """Adds a walk wherever its steps are no longer as they were; whether it goes back too often."""
        barred: set[int | None] = set(path[:1])
        ahead = int(path[0] < path[1])
        barred |= self.others[path[0]]
        while following is not None:
            last = path[-1]
            barred |= self.others[last]
            path.append(following)
            ahead += last < following
            if min(ahead, len(path) - 1 - ahead) > most:
                return True
            step = self._step(last, following)
            further = self._onward(following, barred)
            following = min(further, key=lambda other: self._unlike(step, path[-1], other), default=None)
            if following is None or self._step(path[-1], following) != step:
                found.add(min(tuple(path), tuple(path[::-1])))
        return False

    def _onward(self, last: int, barred: AbstractSet[int | None]) -> list[int]:
        """What a row can go on to: what none of its other items is joined to."""
        return [other for other in self.beside[last] if other not in barred]

    def _unlike(self, step: tuple[bool, int, int], last: int, other: int) -> tuple[bool, bool, int, int]:
        """A row goes on as its last step led, if it can."""
        same, *places = self._step(last, other)
        return (not same, tuple(places) != step[1:], abs(other - last), other)

    def _step(self, one: int, other: int) -> tuple[bool, int, int]:
        """How two neighbours are joined: whether they are one tensor, and by which of their legs."""
        return (self.names[one] == self.names[other], *self.places[one, other])


def _starts(net: Net, path: tuple[int, ...]) -> Iterator[Laid]:
    """The first row, other rows ending at its ends or not; its open legs down or up."""
    tall = [(False, True) if len(path) > 2 and _upright(net, path, end) > 1 else (False,) for end in (0, -1)]
    opens = any(leg.other is None for item in path for leg in net[item])
    for left, right, down in product(*tall, (False, True) if opens else (False,)):
        laid = _started(net, path, (left, right), down)
        if laid is not None:
            yield laid


def _upright(net: Net, path: tuple[int, ...], at: int) -> int:
    """How many legs of an item of the first row lead to no other of it, and are not loose."""
    return sum(leg.other not in path and not leg.loose for leg in net[path[at]])


def _started(net: Net, path: tuple[int, ...], tall: tuple[bool, bool], down: bool) -> Laid | None:
    side: dict[tuple[int, int], Side] = {}
    for n, item in enumerate(path):
        for beside, to in zip((n - 1, n + 1), ENDS, strict=True):
            if 0 <= beside < len(path):
                leg = next(leg for leg in net[item] if leg.other == path[beside])
                side[item, leg.line] = to
    lies = level_kinds(net, side)
    bonds = {leg.dim for item in path for leg in net[item] if (item, leg.line) in side}
    inner = [len(net[item]) - 2 for item in path[1:-1]]
    most = max(set(inner), key=inner.count) if inner else None
    ends = {path[0]: ENDS[0], path[-1]: ENDS[1]}
    front: list[Bundle] = []
    waiting: dict[int, Side] = {}
    count = 0
    for item in path:
        rest = [leg for leg in net[item] if (item, leg.line) not in side]
        end = ends.get(item)
        if end is not None and tall[ENDS.index(end)]:
            side.update({(item, leg.line): end if leg.loose else OPPOSITE[end] for leg in rest})
            waiting.update({leg.line: end for leg in rest if not leg.loose})
            continue
        if end is not None and (aside := _aside(rest, lies, end, most) or _like_bonds(rest, bonds)):
            side[item, aside.line] = end
            rest.remove(aside)
        hanging = sum(leg.other is None for leg in rest)
        through = 2 * hanging == len(rest)
        if down and not through and hanging > 1:  # no site of a chain
            return None
        up = [leg.line for leg in rest if leg.other is not None or not (down or through)]
        for leg in rest:
            side[item, leg.line] = "up" if leg.line in up else "down"
        if up:
            front.append((item, tuple(range(count, count + len(up))), tuple(up)))
            count += len(up)
    lies = level_kinds(net, side)
    if not front or any(lies[kind_at(net, *at)] != (to in ENDS) for at, to in side.items()):
        return None
    rows = {0: ((0.0, path),)}
    wires = len(path) - 1
    return Laid(rows, dict.fromkeys(path, 0), side, lies, {}, (0,) * count, tuple(front), waiting, wires)


def _aside(rest: Sequence[Leg], lies: LevelKinds, end: Side, most: int | None) -> Leg | None:
    """The loose leg that leaves the first row at its end: of a kind that lies in it, or one too many."""
    loose = [leg for leg in rest if leg.other is None and lies.get(leg.kind) is not False]
    known = [leg for leg in loose if lies.get(leg.kind)]
    if not known and (most is None or len(rest) <= most):
        return None
    pick = min if end == "left" else max
    return pick(known or loose, key=lambda leg: leg.place, default=None)


def _like_bonds(rest: Sequence[Leg], bonds: AbstractSet[object]) -> Leg | None:
    """The open leg at an end of the first row that is of the dim of its bonds, if no other leg there is."""
    alike = [leg for leg in rest if leg.dim in bonds]
    return alike[0] if len(alike) == 1 < len(rest) and alike[0].other is None else None


# ---------------------------------------------------------------- which is best


def _value(net: Net, laid: Laid) -> tuple[int, ...]:
    """The less the better: steps against the written order, then few rows, all of them long."""
    rows = [[item for _, items in sorted(row) for item in items] for row in laid.rows.values()]
    back = sum(_back(row) for row in rows)
    return (back, 2 * back - laid.level_wires, len(rows))


def _read(index: Index, part: Level, laid: Laid) -> Lattice:
    """The rows as a reader expects them: what was written first at the left, and on top unless legs go up."""
    column = dict(laid.column)
    for _, columns, lines in laid.front:
        column.update(
            zip(sorted(lines, key=lambda line: (index.order_of_open(line), line)), columns, strict=True)
        )
    rows = [[i for _, items in sorted(laid.rows[n]) for i in items] for n in sorted(laid.rows)]
    for item in rows[0][:: max(1, len(rows[0]) - 1)]:
        others = {
            laid.row[e.other(item) or item]
            for e in part.of(item)
            if e.b is not None and laid.side[item, e.line] in ENDS
        }
        for row in others - {0}:
            rows[row].insert(0 if item == rows[0][0] else len(rows[row]), item)
    side = dict(laid.side)
    forward = sum((a < b) - (a > b) for row in rows for a, b in pairwise(row))
    if forward < 0:
        most = max(column.values())
        column = {line: most - at for line, at in column.items()}
        rows = [row[::-1] for row in rows]
        side = {key: OPPOSITE[to] if to in ENDS else to for key, to in side.items()}
    ups, downs = (sum(side[e.a, e.line] == to for e in part.outer_edges) for to in ("up", "down"))
    if bool(ups) == bool(downs) and min(set(rows[0]) - set(rows[-1])) < min(set(rows[-1]) - set(rows[0])):
        return Lattice(
            tuple(tuple(row) for row in rows), {key: _FLIPPED.get(to, to) for key, to in side.items()}, column
        )
    return Lattice(tuple(tuple(row) for row in reversed(rows)), side, column)
