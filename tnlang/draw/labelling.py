"""Names of legs find their places: above a horizontal wire, right of a vertical one, beyond a free end.

Every wanted label has a row of candidates in order of preference; the first that keeps clear of all ink is
taken, else the one that touches least. Free ends go first, having the least choice, then short wires.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from tnlang.draw.geometry import Box, between, distance, flatten, length, unit
from tnlang.draw.labels import label_box
from tnlang.draw.scene import Item, LabelItem, OutlineItem, Path, Point, RibbonItem, ShapeItem, WireItem
from tnlang.draw.space import Space

CLEAR, ROOM = 2.5, 7.0
"""Nearer than CLEAR to any ink a label touches it; nearer than ROOM two labels in a row run together."""
NEARER, FURTHEST = 1.5, 30.0
"""A name stands by another wire than its own where that is so much nearer; further off no name stands."""
STRAY, CLOSE = 8.0, 3.0
"""What it costs to stand so; how much closer to its wire a name may stand that would."""
_PARTS = (0.5, 0.38, 0.62, 0.26, 0.74, 0.14, 0.86)

Place = Literal["above", "below", "left", "right", "beyond start", "beyond end"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label for a line: its text, the path it stands beside (the line's, or the part that is to bear it).

    ``size`` is the font size. ``free`` tells which ends of the path are free ends: the name then stands
    beyond one of them. ``preferred`` places come first, in order. ``others`` are further parts of the line
    that may bear the label where it is crowded at the first.
    """

    line: int
    text: str
    path: Path
    size: float
    word: bool = False
    width: float = 1.75
    free: Literal["", "start", "end", "both"] = ""
    preferred: tuple[Place, ...] = ()
    others: tuple[Path, ...] = ()


def place_labels(items: Sequence[Item], wanted: Sequence[Wanted]) -> tuple[Item, ...]:
    """The items and a label for each one wanted, in its order. The same input gives the same places."""
    space = Space()
    for item in items:
        space.add(item, label_box(item) if isinstance(item, LabelItem) else None)
    order = sorted(
        range(len(wanted)),
        key=lambda i: (not wanted[i].free, length(wanted[i].path) if wanted[i].text else 0, i),
    )
    placed: dict[int, LabelItem] = {}
    for index in order:
        want = wanted[index]
        if not want.text:
            continue
        best: tuple[float, LabelItem] | None = None
        for rank, label in enumerate(_candidates(want, space)):
            box = label_box(label)
            touched = space.near(box, CLEAR)
            wide = Box(box.left - ROOM, box.top, box.right + ROOM, box.bottom)
            crowded = len(space.labels_near(wide, CLEAR) - touched)
            cost = 0.1 * rank + 0.25 * crowded + sum(_weight(space.items[n], want) for n in touched)
            if best is not None and cost >= best[0]:
                continue
            stray = strays(space, box, want.line)
            cost += STRAY * stray
            if best is None or cost < best[0]:
                best = (cost, label)
            if not touched and not crowded and not stray:
                break
        if best is not None:
            space.add(best[1], label_box(best[1]))
            placed[index] = best[1]
    return (*items, *(placed[index] for index in sorted(placed)))


def strays(space: Space, box: Box, line: int) -> bool:
    """Whether a name in a box stands by another wire than its own, which is further off."""
    return space.passed(box, line, space.gap(box, line, FURTHEST) - NEARER)


def _weight(item: Item, want: Wanted) -> float:
    """How bad it is to touch an item: text on text is worst, a ribbon hardly matters."""
    match item:
        case LabelItem():
            return 40.0
        case ShapeItem():
            return 30.0
        case WireItem(id=number):
            return 14.0 if number == want.line else 20.0
        case RibbonItem():
            return 3.0
        case OutlineItem(family="plate" | "card"):
            return 6.0
    return 12.0


# ---------------------------------------------------------------- candidates


def _candidates(want: Wanted, space: Space) -> Iterator[LabelItem]:
    """All places for a label, the best first; those at further parts of its line after all others."""
    for path in (want.path, *want.others):
        found = _along(replace(want, path=path), space)
        if want.preferred:
            found = iter(sorted(found, key=lambda entry: _preference(entry[0], want.preferred)))
        yield from (label for _, label in found)


def _along(want: Wanted, space: Space) -> Iterator[tuple[Place, LabelItem]]:
    """The places along one part of the line."""
    points = flatten(want.path)
    for gap in (8.0, 24.0):  # a second row where legs stand closer than their names are wide
        if want.free in ("end", "both"):
            yield "beyond end", _beyond(want, points[-1], unit(points[-2], points[-1]), gap)
        if want.free in ("start", "both"):
            yield "beyond start", _beyond(want, points[0], unit(points[1], points[0]), gap)
    runs = [run for stretch in _visible(points, space)[:2] for run in _runs(stretch)[:2]]
    for nearer in (0.0, CLOSE):  # closer to its wire where another one is near
        for part in _PARTS:
            for at, along, bend in _stops(runs, part):
                yield from _beside(want, at, along, bend, nearer)


def _preference(place: Place, preferred: tuple[Place, ...]) -> int:
    return preferred.index(place) if place in preferred else len(preferred)


def _label(
    want: Wanted,
    at: Point,
    anchor: Literal["center", "left", "right"] = "center",
    level: Literal["middle", "baseline"] = "middle",
) -> LabelItem:
    return LabelItem(want.text, at, want.size, "leg", "leg", want.word, anchor, None, want.line, level)


def _beyond(want: Wanted, end: Point, away: Point, gap: float) -> LabelItem:
    """The name in line with the wire, past its free end; on one baseline for all ends up or down."""
    x, y = end
    if abs(away[0]) >= abs(away[1]):
        side = 1 if away[0] >= 0 else -1
        return _label(want, (x + side * gap, y + away[1] * gap), "left" if side > 0 else "right")
    down = gap + 0.62 * want.size
    return _label(want, (x + away[0] * gap, y + (down if away[1] > 0 else -gap)), level="baseline")


def _beside(
    want: Wanted, at: Point, along: Point, bend: float, nearer: float
) -> Iterator[tuple[Place, LabelItem]]:
    """Both sides of a wire at a point; ``bend`` is above 0 where it turns clockwise: outside is then left."""
    (x, y), size = at, want.size
    half = want.width / 2 + (2.0 if abs(bend) > 0.02 else 0.0) - nearer
    if abs(along[1]) < 0.12:
        above: tuple[Place, LabelItem] = ("above", _label(want, (x, y - 7 - half), level="baseline"))
        below: tuple[Place, LabelItem] = (
            "below",
            _label(want, (x, y + 7 + half + 0.56 * size), level="baseline"),
        )
        yield from (below, above) if bend * along[0] < -0.02 else (above, below)
        return
    gap = half + (8.0 if want.word else 6.0)
    if abs(along[0]) < 0.12:
        right: tuple[Place, LabelItem] = ("right", _label(want, (x + gap, y), "left"))
        left: tuple[Place, LabelItem] = ("left", _label(want, (x - gap, y), "right"))
        yield from (left, right) if bend * along[1] > 0.02 else (right, left)
        return
    trial = label_box(_label(want, at))
    sides: list[tuple[Place, LabelItem]] = []
    for normal in ((along[1], -along[0]), (-along[1], along[0])):
        reach = abs(normal[0]) * trial.width / 2 + abs(normal[1]) * trial.height / 2 + half + 5.0
        place: Place = ("right" if normal[0] > 0 else "left") if abs(normal[0]) > 0.7 else _upright(normal)
        sides.append((place, _label(want, (x + normal[0] * reach, y + normal[1] * reach))))
    outer_first = bend > 0.02 or (abs(bend) <= 0.02 and sides[0][1].at[1] < sides[1][1].at[1])
    yield from sides if outer_first else reversed(sides)


def _upright(normal: Point) -> Place:
    return "below" if normal[1] > 0 else "above"


# ---------------------------------------------------------------- the part of a wire that is seen


def _visible(points: Sequence[Point], space: Space) -> list[list[Point]]:
    """The stretches of a path outside all shapes, finely cut, the longest first."""
    fine: list[Point] = []
    stretches: list[list[Point]] = [[]]
    for a, b in pairwise((points[0], *points)):
        count = max(1, int(distance(a, b) / 3))
        steps = range(1, count + 1)
        piece = [(a[0] + (b[0] - a[0]) * i / count, a[1] + (b[1] - a[1]) * i / count) for i in steps]
        fine += piece
        for point in piece:
            if space.hidden(point):
                if stretches[-1]:
                    stretches.append([])
            else:
                stretches[-1].append(point)
    seen = [stretch for stretch in stretches if len(stretch) > 1]
    return sorted(seen or [fine], key=lambda stretch: -len(stretch))


def _stops(runs: Sequence[Sequence[Point]], part: float) -> Iterator[tuple[Point, Point, float]]:
    """A point of each run, the direction and the bend there."""
    for run in runs:
        before, after = unit(run[0], run[1]), unit(run[-2], run[-1])
        bend = before[0] * after[1] - before[1] * after[0]
        at = (len(run) - 1) * part
        index = min(len(run) - 2, int(at))
        yield between(run[index], run[index + 1], at - index), unit(run[index], run[index + 1]), bend


def _runs(stretch: Sequence[Point]) -> list[list[Point]]:
    """The straight runs of a stretch, the longest first; the whole stretch where it is curved throughout."""
    runs: list[list[Point]] = [[stretch[0]]]
    direction: Point | None = None
    for a, b in pairwise(stretch):
        step = unit(a, b)
        if direction is not None and abs(step[0] * direction[1] - step[1] * direction[0]) > 0.01:
            runs.append([a])
        direction = step
        runs[-1].append(b)
    total = sum(distance(a, b) for a, b in pairwise(stretch))
    straight = [run for run in runs if distance(run[0], run[-1]) >= min(24.0, 0.3 * total)]
    straight.sort(key=lambda run: -distance(run[0], run[-1]))
    return [*straight, list(stretch)]
