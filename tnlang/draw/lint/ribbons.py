"""Ribbons of copied values: round shapes, off wires, apart from those of other values."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.draw.close import Lines
from tnlang.draw.geometry import crossings
from tnlang.draw.lint.beside import beside, tilt, two_lines
from tnlang.draw.lint.view import Finding, View, both
from tnlang.draw.lint.wires import FLAT
from tnlang.draw.scene import Point

BEGINNING = 16.0
"""So far from a copy that both leave a ribbon and a wire may lie on one another."""


def ribbons_round_shapes(view: View) -> Iterator[Finding]:
    for (i, j), at in view.bodies.near(view.ribbons, 0.0, but=view.ends).items():
        yield Finding("ribbon under shape", both(view, i, j), at, (i, j))


def ribbons_apart(view: View) -> Iterator[Finding]:
    """Ribbons along wires, or along those of other values; what they cross they cross steeply.

    Where both leave one copy they may begin together.
    """
    if not view.ribbons.paths:
        return
    widths = {**view.curves.reach, **view.ribbons.reach}
    lines = Lines([*view.ribbons.paths.items(), *view.curves.paths.items()], widths)
    one_value = {
        frozenset((i, j)) for i, shape in view.ends for j, other in view.ends if shape == other and i != j
    }
    pieces = [
        (a, b)
        for a, b in lines.side_by_side(0.0)
        if not {a.owner, b.owner}.isdisjoint(view.ribbons.paths)
        and ({a.owner, b.owner}.difference(view.ribbons.paths) or {a.owner, b.owner} not in one_value)
    ]
    shapes: dict[int, set[int]] = {}
    for line, shape in view.ends:
        shapes.setdefault(line, set()).add(shape)

    def together(i: int, j: int, at: Point) -> bool:
        rims = (view.box(shape) for shape in shapes.get(i, set()) & shapes.get(j, set()))
        return any(rim.grown(BEGINNING).holds(at) for rim in rims)

    for near in beside(view, pieces, 0.0):
        if near.on_top > (2 * BEGINNING if together(*near.items, near.at) else 8):
            rule = "ribbons overlap" if view.ribbons.paths.keys() >= set(near.items) else "ribbon along wire"
            yield Finding(rule, both(view, *near.items), near.at, near.items)
    for i, j in sorted({(a.owner, b.owner) for a, b in pieces if 1e-6 < tilt(a, b) < FLAT}):
        one, other = two_lines(view, i, j)
        for at, angle in crossings(one.path, other.path):
            if angle < FLAT and not together(i, j, at) and not view.hidden(at):
                yield Finding("flat crossing", f"{both(view, i, j)} at {angle:.0f} degrees", at, (i, j))
