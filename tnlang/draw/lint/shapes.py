"""Shapes apart, walls clear of them and of one another, each crossed once."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.draw.geometry import between, crossings
from tnlang.draw.lint.view import Finding, View, both, name_of
from tnlang.draw.lint.wires import FLAT
from tnlang.draw.scene import OutlineItem, WireItem

SHAPE_CLEAR = 2.0


def shapes_apart(view: View) -> Iterator[Finding]:
    for i, j in view.bodies.pairs(SHAPE_CLEAR):
        at = between(view.box(i).center, view.box(j).center)
        yield Finding("shapes overlap", both(view, i, j), at, (i, j))


def walls_clear_of_shapes(view: View) -> Iterator[Finding]:
    for i, j in view.bodies.near(view.rims, SHAPE_CLEAR):
        yield Finding("wall through shape", both(view, i, j), view.box(j).center, (i, j))


def walls_apart(view: View) -> Iterator[Finding]:
    for i, j in view.rims.pairs(SHAPE_CLEAR):
        yield Finding("walls cross", both(view, i, j), view.box(i).center, (i, j))


def walls_crossed_once(view: View) -> Iterator[Finding]:
    for i, j in sorted((wall, wire) for wire, wall in view.rims.near(view.curves, 0.0)):
        wall, wire = view.scene.items[i], view.scene.items[j]
        assert isinstance(wall, OutlineItem) and isinstance(wire, WireItem)
        found = [(at, angle) for at, angle in crossings(wire.path, wall.outline) if not view.hidden(at)]
        if len(found) > 1:
            message = f"{name_of(wire)} crosses {name_of(wall)} {len(found)} times"
            yield Finding("needless crossing of a wall", message, found[0][0], (i, j))
        elif found and found[0][1] < FLAT:
            message = f"{name_of(wire)} and {name_of(wall)} at {found[0][1]:.0f} degrees"
            yield Finding("flat crossing", message, found[0][0], (i, j))
