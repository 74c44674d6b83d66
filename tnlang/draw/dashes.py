"""Dashed lines as the strokes that are seen: not every converter knows a dash pattern."""

from __future__ import annotations

from itertools import cycle

from shapely import LineString
from shapely.ops import substring

from tnlang.draw.geometry import flatten
from tnlang.draw.scene import Path, Point

STEP = 1.0
"""How fine a curve is cut into straight pieces."""


def dashes(path: Path, pattern: str) -> tuple[tuple[Point, ...], ...]:
    """The strokes of a path whose pattern is ``4 4``: drawn for so long, then not, and so on.

    The pattern is stretched so that it comes round whole on a closed path; an open one ends in a stroke.
    """
    parts = [float(part) for part in pattern.split()]
    points = flatten(path, STEP)
    line = LineString(points)
    period = sum(parts)
    spare = 0.0 if path.closed else parts[0]
    rounds = max(1, round((line.length - spare) / period))
    stretch = line.length / (rounds * period + spare)
    strokes: list[tuple[Point, ...]] = []
    at = 0.0
    for number, part in enumerate(cycle(parts)):
        if at > line.length - stretch * min(parts) / 2:
            return tuple(strokes)
        if number % 2 == 0:
            stroke = substring(line, at, at + part * stretch)
            strokes.append(tuple((x, y) for x, y in stroke.coords))
        at += part * stretch
    raise AssertionError("a cycle ends")
