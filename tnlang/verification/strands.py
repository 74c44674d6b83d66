"""From curves to wires: where stretches end, how they go on in one another, where a thick one parts.

Decided by the curves alone: a wire is on a shape when it ends in its outline, at a wall when it ends at one
of its gates, and goes on in a stretch that begins where it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tnlang.draw.geometry import Box, bbox, distance, distance_to, flatten, reverse, union
from tnlang.draw.round import BUNDLE, TOUCH, fanned, meets
from tnlang.draw.scene import Path, Point
from tnlang.verification.picture import End, Wire
from tnlang.verification.svg import Drawing, Element, Unreadable
from tnlang.verification.words import WireWords, Words, wire_words

NEAR_WALL = 4.0
GATE = 30.0
"""A gate is smaller than that."""


@dataclass(slots=True)
class Stretch:
    path: Path
    width: float
    words: WireWords
    ends: list[Loose] = field(default_factory=list)


@dataclass(slots=True)
class Loose:
    """An end of a stretch: ``shape`` that it ends on, ``other`` the end of the one that it goes on in."""

    stretch: int
    start: bool
    at: Point
    shape: int | None = None
    other: Loose | None = None
    wall: int | None = None
    leg: str = ""
    used: bool = False


class Strands:
    """The wires of a drawing. ``extra`` are shapes without outlines, after the others, at ``places``."""

    def __init__(
        self, drawing: Drawing, outlines: Sequence[tuple[Path, Words]], walls: Sequence[Element]
    ) -> None:
        self.drawing, self.outlines, self.walls = drawing, outlines, walls
        self.boxes = [bbox(path) for path, _ in outlines]
        self.stretches = [Stretch(e.path, e.stroke, wire_words(e.title)) for e in drawing.layer("wires")]
        self.loose: list[Loose] = []
        self.extra: list[Words] = []
        self.places: list[Point] = []
        self._ends_on_shapes()
        self._joins()
        self._bundles()
        self._ends_at_walls()
        self.pairs = list(self._followed())
        """The two ends of each wire, drawn in one stretch or several."""

    def _ends_on_shapes(self) -> None:
        for number, stretch in enumerate(self.stretches):
            for start in (True, False):
                at = stretch.path.start if start else stretch.path.end
                loose = Loose(number, start, at)
                fits = [
                    (box.width * box.height, shape)
                    for shape, box in enumerate(self.boxes)
                    if box.holds(at, TOUCH) and meets(self.outlines[shape][0], at)
                ]
                if fits:
                    loose.shape = min(fits)[1]
                stretch.ends.append(loose)
                self.loose.append(loose)

    def _joins(self) -> None:
        """Stretches of one wire meet end to end."""
        free = [end for end in self.loose if end.shape is None]
        for end in free:
            near = [o for o in free if o is not end and distance(o.at, end.at) < TOUCH]
            if (
                len(near) == 1
                and end.other is None
                and near[0].other is None
                and not self._is_thick(end, near[0])
                and not self._part_there(end, near[0])
            ):
                end.other, near[0].other = near[0], end

        for stretch in self.stretches:
            first, last = stretch.ends
            if first.other is last:  # a closed wire: the trace of an identity
                first.other = last.other = None
                first.shape = last.shape = self._placed("delta", first.at)
                first.leg, last.leg = "1", "2"

    def _placed(self, kind: str, at: Point) -> int:
        """A shape that has no outline: a fork, or the point at which a closed wire is cut."""
        self.extra.append(Words(kind, "", ()))
        self.places.append(at)
        return len(self.outlines) + len(self.extra) - 1

    def _is_thick(self, *ends: Loose) -> bool:
        """Whether one of the ends is a bundle's with the members' list: they part there."""
        return any(self.stretches[end.stretch].words.bundles for end in ends)

    def _part_there(self, *ends: Loose) -> bool:
        """Whether two ends are of two wires that begin side by side at the end of a bundle."""
        one, other = (self.stretches[end.stretch].words for end in ends)
        if (one.name, one.size) == (other.name, other.size):
            return False
        return any(
            self._is_thick(thick) and distance(thick.at, ends[0].at) < BUNDLE
            for thick in self.loose
            if thick.shape is None
        )

    def _bundles(self) -> None:
        """A thick wire and its members meet at a fork, which has no outline."""
        for number, stretch in enumerate(self.stretches):
            for members in stretch.words.bundles:
                best: tuple[float, Loose, list[Loose]] | None = None
                for end in stretch.ends:
                    if end.shape is not None or end.other is not None or end.used:
                        continue
                    near = [
                        o
                        for o in self.loose
                        if o.stretch != number
                        and o.shape is None
                        and o.other is None
                        and not o.used
                        and distance(o.at, end.at) < BUNDLE
                    ]
                    if len(near) == len(members):
                        spread = max(distance(o.at, end.at) for o in near)
                        if best is None or spread < best[0]:
                            best = (spread, end, near)
                if best is None:
                    raise Unreadable(
                        f"{stretch.words.name} does not part into {len(members)}", stretch.path.end
                    )
                _, end, near = best
                shape = self._placed("group", end.at)
                order = fanned(self.way(end), [self.way(o) for o in near])
                for name, place in zip(members, order, strict=True):
                    near[place].shape, near[place].leg, near[place].used = shape, name, True
                end.shape, end.leg, end.used = shape, "whole", True

    def _ends_at_walls(self) -> None:
        gates = gate_boxes(self.drawing, "marks", "gates")
        for end in self.loose:
            if end.shape is not None or end.other is not None:
                continue
            if not any(gate.holds(end.at, TOUCH) for gate in gates):
                continue
            for number, wall in enumerate(self.walls):
                if wall.layer == "bubbles" and distance_to(wall.path, end.at) < NEAR_WALL:
                    end.wall = number

    def _followed(self) -> Iterable[tuple[Loose, Loose]]:
        done: set[int] = set()
        for number, stretch in enumerate(self.stretches):
            if number in done:
                continue
            chain = [stretch.ends[0], stretch.ends[1]]
            done.add(number)
            for side in (0, 1):
                while (other := chain[-side].other) is not None:
                    one, next_one = (
                        self.stretches[chain[-side].stretch].words,
                        self.stretches[other.stretch].words,
                    )
                    if (one.name, one.size) != (next_one.name, next_one.size):
                        raise Unreadable(f"wire {one.name} goes on as {next_one.name}", other.at)
                    if other.stretch in done:
                        raise Unreadable("a wire that ends nowhere", other.at)
                    done.add(other.stretch)
                    far = self.stretches[other.stretch].ends[1 if other.start else 0]
                    chain = [far, chain[1]] if side == 0 else [chain[0], far]
            yield chain[0], chain[1]

    def wires(self) -> list[Wire]:
        """The wires. Raises Unreadable where a free end has no name, or a name no free end."""
        return [self._wire(first, last) for first, last in self.pairs]

    def paths(self) -> list[list[Path]]:
        """The stretches of each wire."""
        return [self._paths_of(first) for first, _ in self.pairs]

    def widths(self) -> list[float]:
        """How thick each wire is."""
        return [max(self.stretches[end.stretch].width for end in ends) for ends in self.pairs]

    def _wire(self, first: Loose, last: Loose) -> Wire:
        words = self.stretches[first.stretch].words
        free = [end for end in (first, last) if end.shape is None and end.wall is None]
        said = list(dict.fromkeys((*words.opens, *self.stretches[last.stretch].words.opens)))
        if len(free) != len(said):
            at = free[0].at if free else first.at
            told = f"is open as {' and '.join(said)}" if said else "has no free end"
            raise Unreadable(f"wire {words.name} {told}, and {len(free)} of its ends are free", at)
        names = dict(zip(map(id, free), said, strict=True))
        ends = [End(end.at, end.shape, end.leg, end.wall, names.get(id(end), "")) for end in (first, last)]
        return Wire(words, (ends[0], ends[1]), union(map(bbox, self._paths_of(first))))

    def way(self, end: Loose) -> Sequence[Point]:
        """A stretch's points from one of its ends on."""
        path = self.stretches[end.stretch].path
        return flatten(path if end.start else reverse(path))

    def _paths_of(self, loose: Loose) -> list[Path]:
        """The stretches from one end of a wire to the other."""
        found = []
        while True:
            stretch = self.stretches[loose.stretch]
            found.append(stretch.path)
            far = stretch.ends[1 if loose.start else 0]
            if far.other is None:
                return found
            loose = far.other


def gate_boxes(drawing: Drawing, *layers: str) -> list[Box]:
    """Round the small closed ink of some layers, where gates are."""
    boxes = (bbox(element.path) for element in drawing.layer(*layers) if element.path.closed)
    return [box for box in boxes if max(box.width, box.height) < GATE]
