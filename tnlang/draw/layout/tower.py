"""One site of a chain over its conjugate, operators between: a column whose bonds leave left and right."""

from __future__ import annotations

from itertools import pairwise

from tnlang.draw.diagram import Side
from tnlang.draw.layout.lattice import Lattice
from tnlang.draw.layout.level import Index, Level


def tower(index: Index, part: Level) -> Lattice | None:
    """The level as a column, if a tensor stands at one end of it and its conjugate at the other.

    Each of both has two open legs of one kind, the bonds, which are unlike the legs that join the column:
    so a transfer matrix differs from a density matrix. What stands between has two open legs or none.
    """
    column = _column(part)
    if column is None or any(i not in index.shapes or index.shapes[i].symbol != "tensor" for i in column):
        return None
    first, last = (index.shapes[i] for i in (column[0], column[-1]))
    free = {
        i: [n for n in index.shapes[i].legs if any(e.line == n for e in part.outer_edges)] for i in column
    }
    places = [[shape.legs.index(line) for line in free[shape.id]] for shape in (first, last)]
    if first.name != last.name or first.conj == last.conj or len(places[0]) != 2 or places[0] != places[1]:
        return None
    if any(len(lines) not in (0, 2) for lines in free.values()):
        return None
    joints = [next(e.line for e in part.inner_edges if {e.a, e.b} == {a, b}) for a, b in pairwise(column)]
    kinds = {line: (index.lines[line].dim, index.lines[line].size) for line in (*joints, *free[first.id])}
    left, right = free[first.id]
    if kinds[left] != kinds[right] or kinds[left] in (kinds[joints[0]], kinds[joints[-1]]):
        return None
    ends: tuple[Side, Side] = ("left", "right")
    side: dict[tuple[int, int], Side] = {
        (item, line): end for item, lines in free.items() for line, end in zip(lines, ends, strict=False)
    }
    for (above, below), line in zip(pairwise(column), joints, strict=True):
        side[above, line], side[below, line] = "down", "up"
    return Lattice(tuple((item,) for item in column), side, dict.fromkeys(joints, 0))


def _column(part: Level) -> list[int] | None:
    """The items in a row, as the first of its ends is written, each joined to the next by one wire."""
    edges = part.inner_edges
    if len(part.items) < 2 or len(edges) != len(part.items) - 1:
        return None
    if any(e.via_a or e.via_b or e.ended or e.a == e.b for e in part.edges):
        return None
    beside: dict[int, list[int]] = {item: [] for item in part.items}
    for edge in edges:
        assert edge.b is not None
        beside[edge.a].append(edge.b)
        beside[edge.b].append(edge.a)
    ends = [item for item in part.items if len(beside[item]) == 1]
    if len(ends) != 2:
        return None
    found = [min(ends)]
    while len(found) < len(part.items):
        onward = [item for item in beside[found[-1]] if item not in found[-2:]]
        if len(onward) != 1:
            return None
        found += onward
    return found
