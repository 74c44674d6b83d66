"""What comes near what, against shapely: random tracks, curves and areas."""

from __future__ import annotations

import random

import pytest
import shapely

from tnlang.draw import curves
from tnlang.draw.close import Lines
from tnlang.draw.geometry import Box, flatten, rounded
from tnlang.draw.scene import Path


def track(rng: random.Random) -> Path:
    points = [(rng.uniform(0, 400), rng.uniform(0, 400))]
    for _ in range(rng.randrange(1, 4)):
        x, y = points[-1]
        points.append(rng.choice([(rng.uniform(0, 400), y), (x, rng.uniform(0, 400)), (x + 90, y + 35)]))
    return curves.track(points, 12.0)


def area(rng: random.Random) -> Path:
    left, top = rng.uniform(0, 360), rng.uniform(0, 360)
    box = Box(left, top, left + rng.uniform(8, 120), top + rng.uniform(8, 120))
    return rounded(box, rng.choice([0.0, 4.0]))


@pytest.mark.parametrize("seed", range(12))
def test_pairs_are_those_of_shapely(seed: int):
    rng = random.Random(seed)
    paths = [(n, track(rng)) for n in range(12)]
    areas = [(n, area(rng)) for n in range(100, 112)]
    lines = {n: shapely.LineString(flatten(path)) for n, path in paths}
    bodies = {n: shapely.Polygon(flatten(path)) for n, path in areas}
    wide = {n: rng.uniform(0, 6) for n, _ in paths}
    clear = rng.uniform(0, 5)
    drawn, filled = Lines(paths, wide), Lines(areas, filled=True)

    assert set(filled.near(drawn, clear)) == {
        (n, m) for n in lines for m in bodies if lines[n].distance(bodies[m]) <= clear + wide[n]
    }
    assert set(drawn.pairs(clear)) == {
        (n, m)
        for n in lines
        for m in lines
        if n < m and lines[n].distance(lines[m]) <= clear + wide[n] + wide[m]
    }
    assert set(filled.pairs(clear)) == {
        (n, m) for n in bodies for m in bodies if n < m and bodies[n].distance(bodies[m]) <= clear
    }
    for n, path in paths:
        at = shapely.Point(path.start)
        assert filled.at(path.start, clear) == [m for m in bodies if bodies[m].distance(at) <= clear], n


@pytest.mark.parametrize("seed", range(6))
def test_the_place_lies_on_the_other_line_near_the_area(seed: int):
    rng = random.Random(seed)
    paths, areas = [(n, track(rng)) for n in range(8)], [(n, area(rng)) for n in range(8)]
    found = Lines([(n + 100, path) for n, path in areas], filled=True).near(Lines(paths), 3.0)
    assert found
    for (line, body), at in found.items():
        assert shapely.LineString(flatten(paths[line][1])).distance(shapely.Point(at)) < 1e-6
        assert shapely.Polygon(flatten(areas[body - 100][1])).distance(shapely.Point(at)) < 3.0 + 48.0


def test_pairs_that_are_to_be_left_out():
    paths, areas = [(0, curves.straight((0, 0), (100, 0)))], [(9, rounded(Box(40, -5, 60, 5), 2.0))]
    filled, drawn = Lines(areas, filled=True), Lines(paths)
    assert set(filled.near(drawn, 0.0)) == {(0, 9)} and not filled.near(drawn, 0.0, but={(0, 9)})
