"""Small ink on and in shapes: the sign of a sum, tabs, the mark of the first leg, the one-hot strip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tnlang.draw import curves, geometry
from tnlang.draw.geometry import UP, Box, add, at_angle, box_around
from tnlang.draw.labels import enlarged
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point

TAB = 7.5
"""Radius of a tab on the rim."""
CORNER = 6.0
"""The round of a box's corners, where no mark stands."""
BIG_SIGN, INDEX = 27.0, 14.5
"""Sizes of a big sign and of the index below it."""


def plus_sign(at: Point, arm: float) -> Iterator[Item]:
    """The cross in the disc of a sum; ``arm`` is half its width."""
    for direction in (geometry.RIGHT, UP):
        line = curves.straight(add(at, direction, -arm), add(at, direction, arm))
        yield InkItem(line, "mark", stroke=1.8)


def onehot_strip(at: Point, along: Point, cells: int = 4, side: float = 6.5) -> Iterator[InkItem]:
    """A column of cells across the wire, one of them filled."""
    across = (-along[1], along[0])
    for index in range(cells):
        center = add(at, across, (index - (cells - 1) / 2) * side)
        outline = geometry.rounded(box_around(center, side, side), 0)
        yield InkItem(outline, "cell-set" if index == 2 else "cell")


def dots(at: Point, along: Point) -> Iterator[InkItem]:
    """Three dots in a row: what is between goes on in the same way."""
    for step in (-11.0, 0.0, 11.0):
        yield InkItem(geometry.circle(add(at, along, step), 2.6), "dot")


def turned(disc: bool, box: Box, first_leg: Point, *, half: float = 8.0, stroke: float = 5.0) -> InkItem:
    """The thick stretch of rim where the first leg leaves; of a box, between corners, ``2 * half`` long."""
    if disc:
        middle = geometry.angle_of(first_leg)
        return InkItem(curves.arc(box.center, box.width / 2, middle - 23, middle + 23), "mark", stroke=5.0)
    (x, y), wide, high = first_leg, box.width / 2, box.height / 2
    level = abs(x) * high > abs(y) * wide
    far = wide / abs(x) if level else high / abs(y)
    rim, across = add(box.center, first_leg, far), (0.0, 1.0) if level else (1.0, 0.0)
    off, room = far * (y if level else x), max(0.0, (high if level else wide) - CORNER - half)
    rim = add(rim, across, max(-room, min(off, room)) - off)
    return InkItem(curves.straight(add(rim, across, -half), add(rim, across, half)), "mark", stroke=stroke)


def tied_tab(at: Point) -> Iterator[Item]:
    """``=`` on the rim: the same parameter stands elsewhere too."""
    yield InkItem(geometry.circle(at, TAB), "tied")
    for y in (at[1] - 1.9, at[1] + 1.9):
        yield InkItem(curves.straight((at[0] - 3.4, y), (at[0] + 3.4, y)), "mark", stroke=1.5)


def frozen_tab(at: Point) -> Iterator[Item]:
    """A snowflake on the rim: the value is taken from a cache. Three axes with barbs at their ends."""
    yield InkItem(geometry.circle(at, TAB), "frozen")
    for angle in (30.0, 90.0, 150.0):
        axis = at_angle(angle)
        yield InkItem(curves.straight(add(at, axis, -5), add(at, axis, 5)), "frozen", stroke=0.95)
        for end in (1.0, -1.0):
            knot = add(at, axis, 2.7 * end)
            for bend in (28.0, -28.0):
                barb = add(knot, at_angle(angle + bend), 2.0 * end)
                yield InkItem(curves.straight(knot, barb), "frozen", stroke=0.95)


_SUM = re.compile(r"(\\(?:sum|prod))_\{(.*)\}\Z", re.DOTALL)


def sum_sign(latex: str, at: Point, letters: float) -> Iterator[LabelItem]:
    r"""A big sign (``\sum_{h}``) on the axis, its index below in the size of the legs' names.

    ``letters`` says how large; see ``labels.enlarged``.
    """
    found = _SUM.match(latex)
    sign, index = enlarged(BIG_SIGN, letters), enlarged(INDEX, letters)
    yield LabelItem(found[1] if found else latex, at, sign, "sign")
    if found:
        below = 23.0 + (sign - BIG_SIGN + index - INDEX) / 2
        yield LabelItem(found[2], (at[0], at[1] + below), index, "sign")


def parenthesis(top: float, bottom: float, side: float) -> InkItem:
    """A tall parenthesis at x = 0; its bow points left where ``side`` is -1."""
    middle, bow = (top + bottom) / 2, side * min(12.0, 5.0 + (bottom - top) / 20)
    halves = (
        geometry.quadratic((-bow / 2, top), (bow / 2, (top + middle) / 2), (bow / 2, middle)),
        geometry.quadratic((bow / 2, middle), (bow / 2, (bottom + middle) / 2), (-bow / 2, bottom)),
    )
    return InkItem(Path((-bow / 2, top), halves), "mark", stroke=1.7, title="(" if side < 0 else ")")
