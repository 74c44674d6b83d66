"""Channels between columns: every wire that changes its height there does so on a track of its own.

The heights at which wires come in from the left and from the right all differ (but where a wire goes straight
on), so tracks may stand in any order; the order chosen is the one in which wires cross least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

APART, MARGIN, ROUND, WIDE_ROUND = 9.0, 11.0, 7.5, 18.0
"""Between tracks; beside them; the radius of every round, and of one that has much room."""
_CELL = 4.0
_FEW = 80
"""Rounds are made wide in channels of so few wires."""


@dataclass(frozen=True, slots=True)
class Run:
    """A wire's way through a channel: the heights of its ends, and whether they are at the left of it."""

    line: int
    start: float
    end: float
    start_left: bool
    end_left: bool
    width: float

    @property
    def straight(self) -> bool:
        return self.start_left != self.end_left and self.start == self.end

    @property
    def low(self) -> float:
        return min(self.start, self.end)

    @property
    def high(self) -> float:
        return max(self.start, self.end)


def tracks(runs: Sequence[Run]) -> tuple[dict[int, float], float]:
    """Where each run's track lies, by position, from the channel's left margin on; the width of all."""
    turning = [i for i, run in enumerate(runs) if not run.straight]
    if not turning:
        return {}, 0.0

    def rank(i: int) -> tuple[int, float, float, int]:
        run = runs[i]
        if run.start_left and run.end_left:
            return (0, run.high - run.low, run.low, i)
        if not run.start_left and not run.end_left:
            return (3, run.low - run.high, run.low, i)
        left, right = (run.start, run.end) if run.start_left else (run.end, run.start)
        return (1, -left, right, i) if right > left else (2, left, right, i)

    lowest = min(runs[i].low for i in turning) - 2 * APART
    cells = int((max(runs[i].high for i in turning) + 2 * APART - lowest) / _CELL) + 1
    taken = [0.0] * cells
    at: dict[int, float] = {}
    for i in sorted(turning, key=rank):
        run = runs[i]
        first = int((run.low - APART - run.width / 2 - lowest) / _CELL)
        last = int((run.high + APART + run.width / 2 - lowest) / _CELL) + 1
        x = max(taken[first:last]) + run.width / 2
        at[i] = x
        taken[first:last] = [x + run.width / 2 + APART] * (last - first)
    return at, max(taken) - APART


def dense(runs: Sequence[Run]) -> tuple[dict[int, float], float]:
    """As ``tracks``, on as few tracks as there can be, though more wires cross: each on a free one."""
    turning = sorted((i for i, run in enumerate(runs) if not run.straight), key=lambda i: (runs[i].low, i))
    widest = max((runs[i].width for i in turning), default=0.0)
    clear = 2 * (APART + widest)
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    at: dict[int, float] = {}
    count = 0
    for i in turning:
        while busy and busy[0][0] + clear < runs[i].low:
            heappush(free, heappop(busy)[1])
        if not free:
            heappush(free, count)
            count += 1
        track = heappop(free)
        heappush(busy, (runs[i].high, track))
        at[i] = widest / 2 + track * (APART + widest)
    return at, max(0.0, count * (APART + widest) - APART)


def rounds(
    runs: Sequence[Run], at: dict[int, float], low: float, high: float
) -> dict[int, tuple[float, float]]:
    """The radius of the rounds at both ends of each track; ``low`` and ``high`` are the channel's bounds.

    A round is as wide as it can be without coming near another wire.
    """
    if len(runs) > _FEW:
        return {i: (ROUND, ROUND) for i in at}
    found = {}
    for i, x in at.items():
        run = runs[i]
        ends = ((run.start, run.start_left, run.end), (run.end, run.end_left, run.start))
        first, second = (_radius(runs, at, i, x, *end, low, high) for end in ends)
        found[i] = (first, second)
    return found


def _radius(
    runs: Sequence[Run],
    at: dict[int, float],
    own: int,
    x: float,
    y: float,
    left: bool,
    to: float,
    low: float,
    high: float,
) -> float:
    """The radius at (x, y), from where the wire goes to the left (or right) and towards the height ``to``."""
    side, way = (-1 if left else 1), (1 if to > y else -1)
    most = min(WIDE_ROUND, abs(x - (low if left else high)))
    for i, run in enumerate(runs):
        if i == own:
            continue
        if i in at:
            aside = (at[i] - x) * side
            if (
                aside > 0
                and run.high > min(y, y + way * WIDE_ROUND) - 2
                and run.low < max(y, y + way * WIDE_ROUND) + 2
            ):
                most = min(most, aside - 1.5)
        for height in (run.start, run.end):
            ahead = (height - y) * way
            if ahead > 0:
                most = min(most, ahead - 0.5)
    return max(most, min(ROUND, abs(to - y) / 2))
