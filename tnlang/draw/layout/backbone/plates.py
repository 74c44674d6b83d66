"""Plates: the outlines round what is repeated, on one backbone or on several that stand abreast."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tnlang.draw.diagram import Plate
from tnlang.draw.geometry import Box, union
from tnlang.draw.layout.backbone.port import box_of

if TYPE_CHECKING:
    from tnlang.draw.layout.backbone.spine import Spine

ALONE = 80.0
"""How far from the tracks a leg runs that nothing in its block acts on."""
PASSING = 32.0
"""How far outside a plate what passes it runs."""
PLATE_AIR, COUNT = 28.0, 24.0
"""Clear space inside a plate, and the height of what tells how often it is repeated."""


def plates_of(spine: Spine) -> list[tuple[Plate, Box]]:
    """The plates of a backbone whose shapes and walls are placed, inner ones first."""
    drawn, stations = spine.drawn, list(spine.backbone.stations)
    found: list[tuple[Plate, Box]] = []
    for plate in spine.backbone.plates:
        first, last = stations.index(plate.start), stations.index(plate.stop)
        boxes = [box_of(drawn.centers[s], drawn.halves[s]) for s in stations[first : last + 1]]
        for plan, begun in spine.placed:
            start = plan.part.start if plan.part.start is not None else plan.part.stop
            beyond = spine.is_tail(plan.part) or spine.joins(plan.part)
            if start is not None and first <= start <= last and not beyond:
                boxes.append(Box(0.0, begun + plan.top, plan.right, begun + plan.bottom))
                boxes.extend(drawn.walls[w] for w in plan.walls)
                boxes.extend(box_of(drawn.centers[s], drawn.halves[s]) for s in plan.centers)
                stop = begun + plan.stop
                boxes.append(Box(-10.0, stop - 10, 10.0, stop + 24.0))
                if plan.part.label:
                    boxes.append(Box(-spine.beside(plan.part.label), begun, 0.0, stop))
        for part in spine.feeds:
            if part.stop is not None and first <= part.stop <= last:
                boxes.extend(box_of(drawn.centers[s], drawn.halves[s]) for s in part.members)
        within = set(stations[first : last + 1])
        for line in spine.index.diagram.lines:
            if line.id not in drawn.paths and {e.shape for e in line.ends} <= within:
                heights = [drawn.centers[e.shape][1] for e in line.ends if e.shape is not None]
                outer = spine.round_blocks(min(heights), max(heights)) if line.dim == spine.hidden else 0.0
                boxes.append(Box(0.0, min(heights), max(ALONE, outer), max(heights)))
        apart = COUNT - 4.0 if spine.gauge.turned else 4.0  # turned, what it tells stands between the two
        boxes.extend(box.grown(apart) for other, box in found if _within(other, plate, stations))
        box = union(boxes)
        wide = max(40.0, spine.gauge.across(plate) - 12.0)
        corner = Box(box.right - wide, box.bottom - COUNT, box.right, box.bottom)
        low = COUNT / 2 if any(corner.overlaps(other) for other in boxes) else 0.0
        left = min(box.left, -44.0) - 14
        top, bottom = box.top - spine.air(plate.start), box.bottom + spine.air(plate.stop) - 6 + low
        right = max(box.right + 24, spine.offsets[-1] + spine.gauge.across(plate))
        found.append((plate, Box(left, top, right, bottom)))
    return found


def united(plates: Iterable[tuple[Plate, Box]]) -> list[tuple[Plate, Box]]:
    """Plates of one repeat as one, round all that they go round."""
    found: dict[int, tuple[Plate, Box]] = {}
    for plate, box in plates:
        first, known = found.get(plate.number, (plate, box))
        found[plate.number] = (first, union([known, box]))
    return list(found.values())


def _within(plate: Plate, other: Plate, stations: list[int]) -> bool:
    """Whether a plate lies within another."""
    return stations.index(other.start) <= stations.index(plate.start) and stations.index(
        plate.stop
    ) <= stations.index(other.stop)
