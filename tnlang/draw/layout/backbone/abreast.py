"""Backbones side by side: what comes later in time stands lower, whichever of them it is on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tnlang.draw.layout.backbone.graph import Index, Part, comes_into
from tnlang.draw.layout.backbone.place import Plan
from tnlang.draw.layout.backbone.spine import Floors, Spine

ABREAST = 150.0
"""Between two backbones."""
BELOW, ABOVE = 40.0, 56.0
"""How far below a block's station another backbone's wires come in, and above all of a block without one."""


def stand_abreast(index: Index, spines: Sequence[Spine]) -> None:
    """Places backbones from left to right, each at the height where what it takes from others is made."""
    together = _together(index, spines)
    for group in together:
        _settle(index, group)
    for before, spine in pairwise(spines):
        spine.move((before.right + ABREAST, 0.0))
    for group in reversed(together):
        first: dict[int, tuple[Plan, float]] = {}
        for spine in reversed(group):
            for plan, begun in sorted(spine.placed, key=lambda part: part[1]):
                for source in _sources(index, plan.part):
                    first.setdefault(source, (plan, begun))
        for source, (plan, begun) in first.items():
            giving = next(g for g in together if any(source in s.drawn.centers for s in g))
            if giving is not group:
                lower = begun + _comes_in(plan) - _height(giving, source)
                others = [s for g in together if g is not giving for s in g]
                for spine in giving if lower >= 0 else others:
                    spine.move((0.0, abs(lower)))


def _together(index: Index, spines: Sequence[Spine]) -> list[list[Spine]]:
    """Backbones that take from one another, that a part of another begins, or that one plate goes round.

    In the order of the first.
    """
    takes = {k: {k} for k in range(len(spines))}
    for k, spine in enumerate(spines):
        for plan in spine.plans:
            given = _sources(index, plan.part)
            takes[k] |= {j for j, other in enumerate(spines) if given & set(other.backbone.stations)}
            begun = _gives(index, plan.part)
            for j, other in enumerate(spines):
                if begun & set(other.backbone.stations):
                    takes[j].add(k)
                    takes[k].add(j)
        shared = {plate.repeat for plate in spine.backbone.plates if plate.repeat}
        for j, other in enumerate(spines):
            if shared & {plate.repeat for plate in other.backbone.plates}:
                takes[k].add(j)
    for _ in spines:
        takes = {k: {n for j in found for n in takes[j]} for k, found in takes.items()}
    return [
        [other for j, other in enumerate(spines) if j in takes[k] and k in takes[j]]
        for k in takes
        if all(j >= k for j in takes[k] if k in takes[j])
    ]


def _settle(index: Index, group: Sequence[Spine]) -> None:
    """Places backbones that begin level: parts below what they take, plates of one repeat as one.

    Each round a floor sinks at least to where something before it in time has come, so the rounds end.
    """
    floors = Floors()
    for _ in range(2 + sum(len(spine.plans) + 2 * len(spine.backbone.plates) for spine in group)):
        for spine in group:
            spine.place(floors)
        known, floors = (
            floors,
            Floors(
                {
                    plan.part.members: max(_height(group, s) for s in sources) - _comes_in(plan)
                    for plan, sources in _taking(index, group)
                },
                dict(_begun(index, group)),
                _lowest([spine.opened for spine in group]),
                _lowest([spine.closed for spine in group]),
            ),
        )
        if floors == known:
            return


def _taking(index: Index, group: Sequence[Spine]) -> Iterator[tuple[Plan, set[int]]]:
    """The parts that take from another backbone of the group, with the stations they take from."""
    for spine in group:
        others = {s for other in group if other is not spine for s in other.backbone.stations}
        for plan in spine.plans:
            sources = _sources(index, plan.part) & others
            if sources:
                yield plan, sources


def _begun(index: Index, group: Sequence[Spine]) -> Iterator[tuple[int, float]]:
    """The stations in which backbones begin with what a part of another gives, and its height."""
    for spine in group:
        for plan, begun in spine.placed:
            yield from ((station, begun + plan.stop) for station in _gives(index, plan.part))


def _lowest(heights: Sequence[dict[int, float]]) -> dict[int, float]:
    """The lowest place of each plate."""
    return {n: max(found.get(n, 0.0) for found in heights) for found in heights for n in found}


def _comes_in(plan: Plan) -> float:
    """How far below a part's beginning stands what it takes from another backbone."""
    return plan.top - ABOVE if plan.part.start is None else BELOW


def _height(group: Sequence[Spine], station: int) -> float:
    return next(s.drawn.centers[station][1] for s in group if station in s.drawn.centers)


def _gives(index: Index, part: Part) -> set[int]:
    """The stations in which other backbones begin with what a part gives."""
    ends = ((line, e.shape) for line in part.foreign for e in index.lines[line].ends)
    return {s for line, s in ends if s is not None and s in index.stations and comes_into(index, line, s)}


def _sources(index: Index, part: Part) -> set[int]:
    """The stations that a part's wires and ribbons come from."""
    lines = ((line, e.shape) for line in part.foreign for e in index.lines[line].ends)
    found = {s for line, s in lines if s in index.stations and not comes_into(index, line, s)}
    pasted = {s for paste in part.members for s in index.ribbons_to.get(paste, ())}
    return {s for s in found if s is not None} | (pasted & index.stations)
