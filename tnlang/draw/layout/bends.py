"""Tracks as points where they bend: rounded, without needless points, and beside other pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from tnlang.draw.geometry import KAPPA, add, distance, unit
from tnlang.draw.scene import CurveTo, LineTo, Path, Point


def clean(points: Iterable[Point]) -> list[Point]:
    """The points without repeats and without those on the way straight on."""
    found: list[Point] = []
    for point in points:
        if found and distance(found[-1], point) < 1e-6:
            continue
        if len(found) > 1:
            one, two = unit(found[-2], found[-1]), unit(found[-1], point)
            if abs(one[0] - two[0]) < 1e-6 and abs(one[1] - two[1]) < 1e-6:
                found[-1] = point
                continue
        found.append(point)
    return found


def orthogonal(points: Sequence[Point]) -> bool:
    return all(abs(a[0] - b[0]) < 1e-6 or abs(a[1] - b[1]) < 1e-6 for a, b in pairwise(points))


def turns_back(a: Point, b: Point, c: Point) -> bool:
    """Whether a track turns back on itself at b."""
    one, two = unit(a, b), unit(b, c)
    return one[0] * two[0] + one[1] * two[1] < -0.5


def rounded_track(points: Sequence[Point], radius: float | Sequence[float]) -> Path:
    """Straight pieces with quarter rounds, of one radius or one for each corner; what does not fit is cut."""
    corners = len(points) - 2
    radii = [float(radius)] * corners if isinstance(radius, int | float) else list(radius)
    lengths = [distance(a, b) for a, b in pairwise(points)]
    for i in range(corners):
        before = lengths[i] if i == 0 else lengths[i] - min(radii[i - 1], lengths[i] / 2)
        after = lengths[i + 1] if i == corners - 1 else max(lengths[i + 1] / 2, lengths[i + 1] - radii[i + 1])
        radii[i] = max(0.0, min(radii[i], before, after))
    segments: list[LineTo | CurveTo] = []
    at = points[0]
    for i in range(corners):
        corner, r = points[i + 1], radii[i]
        enter, leave = unit(points[i], corner), unit(corner, points[i + 2])
        a, b = add(corner, enter, -r), add(corner, leave, r)
        if distance(at, a) > 1e-6:
            segments.append(LineTo(a))
        if r > 1e-6:
            segments.append(CurveTo(add(a, enter, r * KAPPA), add(b, leave, -r * KAPPA), b))
        at = b
    if distance(at, points[-1]) > 1e-6 or not segments:
        segments.append(LineTo(points[-1]))
    return Path(points[0], tuple(segments))


def meeting_cost(
    low_x: float,
    high_x: float,
    low_y: float,
    high_y: float,
    flat: bool,
    c: Point,
    d: Point,
    cross: float,
    apart: float,
    along: float,
) -> float:
    """The cost of a straight piece that meets another: crosses it, or runs beside it too near."""
    if low_x > max(c[0], d[0]) + apart or high_x < min(c[0], d[0]) - apart:
        return 0.0
    if low_y > max(c[1], d[1]) + apart or high_y < min(c[1], d[1]) - apart:
        return 0.0
    other_flat = abs(c[1] - d[1]) < abs(c[0] - d[0])
    if flat != other_flat:
        x, y = (c[0], low_y) if flat else (low_x, c[1])
        if low_x + 1e-6 < x < high_x - 1e-6 or low_y + 1e-6 < y < high_y - 1e-6:
            inside = min(c[0], d[0]) <= x <= max(c[0], d[0]) and min(c[1], d[1]) <= y <= max(c[1], d[1])
            return cross if inside else 0.0
        # the piece ends at the other's line: cheap pieces of one track must not hide a crossing
        return (
            cross / 2
            if min(c[0], d[0]) < x < max(c[0], d[0]) or min(c[1], d[1]) < y < max(c[1], d[1])
            else 0.0
        )
    gap = abs(low_y - c[1]) if flat else abs(low_x - c[0])
    if flat:
        shared = min(high_x, max(c[0], d[0])) - max(low_x, min(c[0], d[0]))
    else:
        shared = min(high_y, max(c[1], d[1])) - max(low_y, min(c[1], d[1]))
    return along if gap < apart and shared > 2 else 0.0
