"""Wires round foreign shapes, apart, smooth, and crossing steeply."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tnlang.draw.geometry import angle_of, crossings, distance, unit
from tnlang.draw.lint.beside import beside, tilt
from tnlang.draw.lint.view import WIRE_CLEAR, Finding, View, both, name_of
from tnlang.draw.scene import CurveTo, Point, WireItem

FLAT = 35.0
KINK = 12.0


def wires_round_shapes(view: View) -> Iterator[Finding]:
    for (i, j), at in view.bodies.near(view.curves, WIRE_CLEAR, but=view.ends).items():
        yield Finding("wire through shape", both(view, i, j), at, (i, j))


def crossings_are_steep(view: View) -> Iterator[Finding]:
    for i, j in sorted({(a.owner, b.owner) for a, b in view.pieces if 1e-6 < tilt(a, b) < FLAT}):
        a, b = view.scene.items[i], view.scene.items[j]
        assert isinstance(a, WireItem) and isinstance(b, WireItem)
        for at, angle in crossings(a.path, b.path):
            if angle < FLAT and not _meeting(a, b, at) and not view.hidden(at):
                yield Finding("flat crossing", f"{both(view, i, j)} at {angle:.0f} degrees", at, (i, j))


def _meeting(a: WireItem, b: WireItem, at: Point) -> bool:
    """Whether two wires have a common end near a point: a dot, a fork, a leg of one shape."""
    near = max(10.0, a.width + b.width)
    return any(
        distance(p, q) < 6 + (a.width + b.width) / 2 and distance(p, at) < near
        for p in (a.path.start, a.path.end)
        for q in (b.path.start, b.path.end)
    )


def wires_apart(view: View) -> Iterator[Finding]:
    """Wires on top of one another, or side by side nearer than eye and print can part."""
    for near in beside(view, view.pieces, WIRE_CLEAR):
        i, j = near.items
        if near.on_top > 8:
            yield Finding("wires overlap", both(view, i, j), near.at, (i, j))
        elif near.length > 12:
            yield Finding("wires too close", both(view, i, j), near.at, (i, j))


def smooth(view: View) -> Iterator[Finding]:
    for i, wire in view.wires:
        directions: list[tuple[Point, Point, Point]] = []
        start = wire.path.start
        for segment in wire.path.segments:
            match segment:
                case CurveTo(first, second, end):
                    leave = unit(start, first) if distance(start, first) > 1e-6 else unit(start, end)
                    arrive = unit(second, end) if distance(second, end) > 1e-6 else unit(start, end)
                case _:
                    leave = arrive = unit(start, segment.end)
            if distance(start, segment.end) > 1e-6:
                directions.append((start, leave, arrive))
            start = segment.end
        for (_, _, arriving), (at, leaving, _) in pairwise(directions):
            turned = abs(angle_of(leaving) - angle_of(arriving))
            if min(turned, 360 - turned) > KINK and not view.hidden(at):
                yield Finding("kink", f"{name_of(wire)} turns by {min(turned, 360 - turned):.0f}", at, (i,))
