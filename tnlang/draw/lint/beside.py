"""Lines that run side by side, wires and ribbons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import atan2, degrees

from tnlang.draw.close import Piece, to_segment
from tnlang.draw.geometry import between, distance, unit
from tnlang.draw.lint.view import View
from tnlang.draw.scene import Point, RibbonItem, WireItem


def tilt(a: Piece, b: Piece) -> float:
    """The angle between two pieces, 0 to 90 degrees."""
    (x, y), (u, v) = ((p.end[0] - p.start[0], p.end[1] - p.start[1]) for p in (a, b))
    return degrees(atan2(abs(x * v - y * u), abs(x * u + y * v)))


@dataclass(frozen=True, slots=True)
class Beside:
    """How far two lines run side by side, and how far of it one on the other."""

    items: tuple[int, int]
    length: float
    on_top: float
    at: Point


def beside(view: View, pieces: Iterable[tuple[Piece, Piece]], clear: float) -> Iterator[Beside]:
    """Lines, wires or ribbons, that run side by side, their ink nearer than ``clear``."""
    steps: dict[tuple[int, int], dict[tuple[Point, Point, int], tuple[float, float, Point]]] = {}
    for one, other in pieces:
        if tilt(one, other) > 20:
            continue
        i, j = one.owner, other.owner
        a, b = two_lines(view, i, j)
        gap = (a.width + b.width) / 2
        p, q = one.start, one.end
        count = max(1, int(distance(p, q) / 6))
        for step in _near_steps(one, other, gap + clear, count):
            middle = between(p, q, (step + 0.5) / count)
            apart = to_segment(middle, other.start, other.end)
            if apart < gap + clear and not _sharing(a, b, middle) and not view.hidden(middle):
                near = steps.setdefault((i, j), {})
                known = near.get((p, q, step), (apart, 0.0, middle))
                near[p, q, step] = (min(apart, known[0]), distance(p, q) / count, middle)
    for (i, j), near in sorted(steps.items()):
        a, b = two_lines(view, i, j)
        length = sum(length for _, length, _ in near.values())
        on_top = sum(length for apart, length, _ in near.values() if apart < (a.width + b.width) / 2)
        yield Beside((i, j), length, on_top, max(near.items())[1][2])


def two_lines(view: View, i: int, j: int) -> tuple[WireItem | RibbonItem, WireItem | RibbonItem]:
    a, b = view.scene.items[i], view.scene.items[j]
    assert isinstance(a, WireItem | RibbonItem) and isinstance(b, WireItem | RibbonItem)
    return a, b


def _near_steps(one: Piece, other: Piece, limit: float, count: int) -> range:
    """Which of so many steps along a piece may come nearer to another one than ``limit``."""
    along = unit(other.start, other.end)
    first, last = (
        (at[0] - other.start[0]) * along[1] - (at[1] - other.start[1]) * along[0]
        for at in (one.start, one.end)
    )
    if abs(last - first) < 1e-9:
        return range(count if abs(first) < limit else 0)
    low, high = sorted(((side - first) / (last - first)) * count for side in (-limit, limit))
    return range(max(0, int(low - 0.5)), min(count, int(max(-1.0, high) + 1.5)))


def _sharing(a: WireItem | RibbonItem, b: WireItem | RibbonItem, at: Point) -> bool:
    """Whether two lines come from one point nearby, as the members of a bundle and the legs of a dot do."""
    return any(
        distance(p, q) < 3 + (a.width + b.width) / 2 and distance(p, at) < 40
        for p in (a.path.start, a.path.end)
        for q in (b.path.start, b.path.end)
    )
