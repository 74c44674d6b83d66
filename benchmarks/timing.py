"""Two ways of doing the same work, timed in turns: what peers and ours have in common."""

from __future__ import annotations

import gc
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[], object]
ROUNDS = 9
BUSY = bool(os.environ.get("BENCH_BUSY"))
"""Set on a machine that others use: one thread, and this process's time on the processor, not the clock's."""
THREADS = 1 if BUSY else 2


def _processor_s() -> float:
    """The time on the processor of this process and of those that it started and that have ended."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


clock = _processor_s if BUSY else time.perf_counter


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds of each round for ours and for the peer, taken in turns."""

    work: str
    peer: str
    goal: float | None
    ours_s: tuple[float, ...]
    peer_s: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbouring rounds: load that comes and goes falls on both."""
        return statistics.median(a / b for a, b in zip(self.ours_s, self.peer_s, strict=True))

    def line(self) -> str:
        met = "" if self.goal is None else "met" if self.ratio <= self.goal else "NOT met"
        goal = "" if self.goal is None else f", goal {self.goal:g}: {met}"
        return (
            f"{self.work:44s} {_milliseconds(self.ours_s)}   {self.peer:24s} {_milliseconds(self.peer_s)}"
            f"   ratio {self.ratio:.3f}{goal}"
        )


def _milliseconds(seconds: tuple[float, ...]) -> str:
    return f"min {1e3 * min(seconds):8.1f} median {1e3 * statistics.median(seconds):8.1f} ms"


def alternate(
    work: str, ours: Work, peer: str, theirs: Work, goal: float | None = None, rounds: int = ROUNDS
) -> Timing:
    """Time both in turns, each going first in every other round, after a run of each that is not counted."""
    ours()
    theirs()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            found[which].append(seconds((ours, theirs)[which]))
    return Timing(work, peer, goal, tuple(found[0]), tuple(found[1]))


def seconds(work: Work) -> float:
    """What some work takes."""
    gc.collect()
    start = clock()
    work()
    return clock() - start


def processor() -> str:
    """The name of the processor and its vector instructions, as far as the system tells."""
    file = Path("/proc/cpuinfo")
    if not file.is_file():
        return platform.processor() or platform.machine()
    lines = [line.partition(":") for line in file.read_text(encoding="utf-8").splitlines()]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    flags = fields.get("flags", fields.get("Features", "")).split()
    vectors = next((w for w in ("avx512f", "avx2", "avx", "asimd") if w in flags), "no vectors")
    return f"{fields.get('model name', platform.machine())}, {vectors}"
