"""How many steps along lines the shapes of a part are from those that begin it."""

from __future__ import annotations

from collections.abc import Iterable

from tnlang.draw.layout.backbone.graph import Index


def distances(index: Index, shapes: Iterable[int], sources: set[int]) -> dict[int, int]:
    """Steps along lines within ``shapes`` from the nearest source."""
    inside = set(shapes)
    found = {s: 0 for s in inside if s in sources}
    edge = list(found)
    while edge:
        following: list[int] = []
        for shape in edge:
            for _, other in index.neighbours[shape]:
                if other in inside and other not in found:
                    found[other] = found[shape] + 1
                    following.append(other)
        edge = following
    return found


def gathers(index: Index, shape: int) -> bool:
    """Whether a shape is a plus with a term whose legs come from several shapes."""
    terms = index.shapes[shape].terms
    return any(len({index.other(line, shape) for line in term}) > 1 for term in terms)


def reached(index: Index, inner: list[int], sources: set[int]) -> dict[int, int]:
    """Steps from the sources; a plus that gathers a term's legs comes after all that they come from."""
    late = {s for s in inner if gathers(index, s) and s not in sources}
    away = distances(index, [s for s in inner if s not in late], sources)
    while late:
        made = {s: _made(index, s, inner) for s in late}
        ready = sorted(s for s in late if made[s] <= away.keys())
        if not ready:
            return distances(index, inner, sources)
        late.remove(ready[0])
        away[ready[0]] = 1 + max(away[s] for s in made[ready[0]])
        rest = [s for s in inner if s not in away and s not in late]
        behind = distances(index, [ready[0], *rest], {ready[0]})
        away |= {s: steps + away[ready[0]] for s, steps in behind.items()}
    return away


def _made(index: Index, plus: int, inner: list[int]) -> set[int]:
    """The shapes of the rows from which the legs of a plus's terms come."""
    lines = {line for term in index.shapes[plus].terms for line in term}
    return {o for line, o in index.neighbours[plus] if line in lines and o in inner}
