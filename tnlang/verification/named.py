"""Names where they stand: each by what its title says that it names.

A name that stands by something else tells a reader something else. What has no name beside it is fine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from tnlang.draw.geometry import Box, contains, distance, distance_to, flatten
from tnlang.draw.scene import Path
from tnlang.verification.picture import Wire
from tnlang.verification.svg import Element
from tnlang.verification.words import Words, shape_words, wire_words, with_legs

SLACK = 2.5
"""Of things that are as near to a name, but for so much, each may be what it names."""

_NAME = re.compile(r"\(name of (shape|bubble|wire|end)\) (.*)")


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a thing of a kind, as its title tells, and the box of its ink."""

    kind: str
    told: str
    box: Box


def name_in(title: str, box: Box) -> Name | None:
    """The name that a label is; None for any other label."""
    found = _NAME.fullmatch(title)
    return Name(found[1], found[2], box) if found is not None else None


@dataclass(frozen=True, slots=True)
class Things:
    """What may be named: shapes with outlines and boxes round these, wires with their stretches, walls.

    ``widths`` are how thick wires are.
    """

    shapes: Sequence[tuple[Words, Path, Box]]
    wires: Sequence[tuple[Wire, Sequence[Path]]]
    widths: Sequence[float]
    walls: Sequence[Element]


def astray(names: Sequence[Name], things: Things) -> Iterator[Name]:
    """The names that do not stand by what they name."""
    lines = [
        shapely.MultiLineString([flatten(path) for path in paths if path.segments])
        for _, paths in things.wires
    ]
    drawn, halves = np.array(lines, dtype=object), np.array(things.widths) / 2
    for name in names:
        if name.kind == "shape":
            right = _on_shape(name, things)
        elif name.kind == "bubble":
            right = _on_wall(name, things)
        else:
            box = name.box
            gaps = shapely.distance(shapely.box(box.left, box.top, box.right, box.bottom), drawn) - halves
            near = [
                things.wires[k][0] for k in np.flatnonzero(gaps <= gaps.min(initial=np.inf) + SLACK).tolist()
            ]
            right = any(_is_of(name, wire) for wire in near)
        if not right:
            yield name


def _on_shape(name: Name, things: Things) -> bool:
    """Whether a name stands in its shape."""
    at, told = name.box.center, shape_words(name.told)
    return any(
        box.holds(at) and (words.kind, words.text) == (told.kind, told.text) and contains(path, at)
        for words, path, box in things.shapes
    )


def _on_wall(name: Name, things: Things) -> bool:
    gaps = [distance_to(wall.path, name.box.center) for wall in things.walls]
    return any(
        with_legs(wall.title)[0] == name.told
        for wall, gap in zip(things.walls, gaps, strict=True)
        if gap <= min(gaps) + SLACK
    )


def _is_of(name: Name, wire: Wire) -> bool:
    """Whether a name is that of a wire or, of two free ends, of the nearer one."""
    if name.kind == "wire":
        known = wire_words(name.told)
        return (known.name, known.size, known.number) == (wire.words.name, wire.words.size, wire.words.number)
    free = [end for end in wire.ends if end.open]
    near = min(free, key=lambda end: distance(end.at, name.box.center), default=None)
    return near is not None and near.open == name.told
