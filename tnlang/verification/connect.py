"""What is connected to what: from curves to shapes, wires with two ends each, and the outlines round them.

Decided by the curves alone: a wire is on a shape when it ends in its outline, in a bubble what its wall goes
round. Titles say what a shape is and, clockwise, what its legs are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tnlang.draw.geometry import (
    Box,
    bbox,
    contains,
    crossings,
    distance,
    distance_to,
    flatten,
    reverse,
    rounded,
    union,
)
from tnlang.draw.round import (
    BUNDLE,
    MARK_WIDTH,
    TOUCH,
    clockwise,
    entry_point,
    fanned,
    mark_of,
    meets,
    middle_of,
)
from tnlang.draw.scene import Path, Point
from tnlang.verification.svg import Drawing, Element, Unreadable
from tnlang.verification.words import (
    FunctionWords,
    WireWords,
    Words,
    function_words,
    shape_words,
    wire_words,
    with_legs,
)

NEAR_WALL = 4.0
GATE = 30.0
"""A gate is smaller than that."""
ROOM = 5.0
"""Round a formula that stands free: a wire that ends there is tied to it."""

ROOT = -1


@dataclass(frozen=True, slots=True)
class End:
    """An end of a wire: at a leg of a shape, at the gate of a wall, or free, as ``open`` says."""

    at: Point
    shape: int | None = None
    leg: str = ""
    wall: int | None = None
    open: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    words: WireWords
    ends: tuple[End, End]
    box: Box


@dataclass(frozen=True, slots=True)
class Shape:
    """``region`` is the wall or plate that it stands in. ``box`` is round its ink."""

    words: Words
    box: Box
    region: int
    legs: tuple[tuple[str, int], ...]
    """Each leg's name and wire, clockwise."""

    @property
    def kind(self) -> str:
        return self.words.kind

    def wire(self, leg: str) -> int:
        """The wire on a leg. Raises Unreadable."""
        for name, wire in self.legs:
            if name == leg:
                return wire
        raise Unreadable(f"{self.words.text or self.kind} has no leg {leg}", self.box.center)


@dataclass(frozen=True, slots=True)
class Region:
    """A wall or plate. ``gates`` are the wires at its gates by the name the title gives the leg there.

    ``ports`` are the same for the wires across a plate's edge; ``loop`` is a plate's.
    """

    path: Path
    inside: int
    functions: tuple[FunctionWords, ...]
    gates: tuple[tuple[str, int], ...]
    loop: str = ""
    ports: tuple[tuple[str, int], ...] = ()

    @property
    def is_plate(self) -> bool:
        return bool(self.loop)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign between the parts of a row, or a text in it."""

    text: str
    at: Point
    box: Box


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as a network. ``stations`` tells for a pasted disc to which copy its ribbon leads.

    ``names`` are the boxes of labels that are no signs.
    """

    shapes: tuple[Shape, ...]
    wires: tuple[Wire, ...]
    regions: tuple[Region, ...]
    stations: dict[int, int]
    signs: tuple[Sign, ...]
    names: tuple[Box, ...]

    def around(self, region: int) -> list[int]:
        """A region and those round it, the root included."""
        found = [region]
        while found[-1] != ROOT:
            found.append(self.regions[found[-1]].inside)
        return found


def read_picture(drawing: Drawing) -> Picture:
    """The network of a drawing. Raises Unreadable for a wire that ends in nothing, a gate without a wire …"""
    return _Reading(drawing).picture()


@dataclass(slots=True)
class _Stretch:
    path: Path
    words: WireWords
    ends: list[_Loose] = field(default_factory=list)


@dataclass(slots=True)
class _Loose:
    """An end of a stretch: ``shape`` that it ends on, ``other`` the end of the one that it goes on in."""

    stretch: int
    start: bool
    at: Point
    shape: int | None = None
    other: _Loose | None = None
    wall: int | None = None
    leg: str = ""
    used: bool = False


class _Reading:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.outlines: list[tuple[Path, Words]] = []
        self.signs: list[Sign] = []
        for element in drawing.layer("dots", "shapes"):
            self.outlines.append((element.path, shape_words(element.title)))
        for element in drawing.layer("labels", "marks"):
            if element.title:
                self._formula(element)
        self.stretches = [_Stretch(e.path, wire_words(e.title)) for e in drawing.layer("wires")]
        self.walls = [element for element in drawing.layer("plates", "bubbles") if element.title]
        self.boxes = [bbox(path) for path, _ in self.outlines]
        self.loose: list[_Loose] = []
        self.extra: list[Words] = []
        self.places: list[Point] = []
        self._pairs: list[tuple[_Loose, _Loose]] = []

    def _formula(self, element: Element) -> None:
        words = shape_words(element.title) if element.title not in ("(", ")") else None
        box = bbox(element.path)
        if words is not None and words.kind in ("number", "sum over", "tensor") and element.title[0] == "(":
            self.outlines.append((rounded(box.grown(ROOM), 0), words))
        else:
            self.signs.append(Sign(element.title, box.center, box))

    # ------------------------------------------------------------ wires

    def picture(self) -> Picture:
        self._ends_on_shapes()
        self._joins()
        self._bundles()
        inside = [self._region_of(bbox(path).center, path) for path, _ in self.outlines]
        inside += [self._region_at(at) for at in self.places]
        nested = self._nesting()
        self._ends_at_walls()
        wires = [self._wire(first, last) for first, last in self.pairs()]
        legs = self._legs()
        shapes = []
        for number, (words, region) in enumerate(zip(self._all_words(), inside, strict=True)):
            box = (
                self.boxes[number]
                if number < len(self.boxes)
                else _around(self.places[number - len(self.boxes)])
            )
            shapes.append(Shape(words, box, region, tuple(legs.get(number, ()))))
        named = [
            replace(w, ends=(self._named(w.ends[0], legs, i, 0), self._named(w.ends[1], legs, i, 1)))
            for i, w in enumerate(wires)
        ]
        regions = self._regions(nested, named)
        names = tuple(bbox(e.path) for e in self.drawing.layer("labels") if not e.title)
        return Picture(tuple(shapes), tuple(named), regions, self._ribbons(), tuple(self.signs), names)

    def _all_words(self) -> list[Words]:
        return [words for _, words in self.outlines] + self.extra

    def _named(self, end: End, legs: dict[int, list[tuple[str, int]]], wire: int, which: int) -> End:
        if end.shape is None or end.leg:
            return end
        names = [name for name, other in legs.get(end.shape, []) if other == wire]
        return End(end.at, end.shape, names[which if len(names) > 1 else 0] if names else "")

    def _ends_on_shapes(self) -> None:
        for number, stretch in enumerate(self.stretches):
            for start in (True, False):
                at = stretch.path.start if start else stretch.path.end
                loose = _Loose(number, start, at)
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

    def _is_thick(self, *ends: _Loose) -> bool:
        """Whether one of the ends is a bundle's with the members' list: they part there."""
        return any(self.stretches[end.stretch].words.bundles for end in ends)

    def _bundles(self) -> None:
        """A thick wire and its members meet at a fork, which has no outline."""
        for number, stretch in enumerate(self.stretches):
            for members in stretch.words.bundles:
                best: tuple[float, _Loose, list[_Loose]] | None = None
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
                order = fanned(self._way(end), [self._way(o) for o in near])
                for name, place in zip(members, order, strict=True):
                    near[place].shape, near[place].leg, near[place].used = shape, name, True
                end.shape, end.leg, end.used = shape, "whole", True

    def _gate_boxes(self, *layers: str) -> list[Box]:
        """Round the small closed ink of some layers, where gates are."""
        boxes = (bbox(element.path) for element in self.drawing.layer(*layers) if element.path.closed)
        return [box for box in boxes if max(box.width, box.height) < GATE]

    def _ends_at_walls(self) -> None:
        gates = self._gate_boxes("marks", "gates")
        for end in self.loose:
            if end.shape is not None or end.other is not None:
                continue
            if not any(gate.holds(end.at, TOUCH) for gate in gates):
                continue
            for number, wall in enumerate(self.walls):
                if wall.layer == "bubbles" and distance_to(wall.path, end.at) < NEAR_WALL:
                    end.wall = number

    def pairs(self) -> list[tuple[_Loose, _Loose]]:
        """The two ends of each wire, drawn in one stretch or several."""
        if not self._pairs:
            self._pairs.extend(self._followed())
        return self._pairs

    def _followed(self) -> Iterable[tuple[_Loose, _Loose]]:
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

    def _wire(self, first: _Loose, last: _Loose) -> Wire:
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

    def _way(self, end: _Loose) -> Sequence[Point]:
        """A stretch's points from one of its ends on."""
        path = self.stretches[end.stretch].path
        return flatten(path if end.start else reverse(path))

    # ------------------------------------------------------------ legs

    def _legs(self) -> dict[int, list[tuple[str, int]]]:
        """The legs of each shape: names from its title, clockwise, on the wires that lie there."""
        marks = [
            middle_of(e.path)
            for e in self.drawing.layer("marks")
            if e.stroke >= MARK_WIDTH and not e.path.closed
        ]
        at: dict[int, list[tuple[Point, int]]] = {}
        found: dict[int, list[tuple[str, int]]] = {}
        for number, ends in enumerate(self.pairs()):
            for end in ends:
                if end.shape is None:
                    continue
                if end.leg:
                    found.setdefault(end.shape, []).append((end.leg, number))
                    continue
                entry = entry_point(self._way(end), self.outlines[end.shape][0])
                at.setdefault(end.shape, []).append((entry, number))
        for shape, (outline, words) in enumerate(self.outlines):
            there = at.get(shape, [])
            order = clockwise(bbox(outline).center, [p for p, _ in there], mark_of(outline, marks))
            names = words.legs
            if words.kind in ("delta", "one-hot", "number"):
                names = tuple(map(str, range(1, len(there) + 1)))
            if len(names) != len(there):
                name = words.text or words.kind
                raise Unreadable(
                    f"{name} has {len(names)} legs ({', '.join(names)}) and {len(there)} wires",
                    bbox(outline).center,
                )
            found[shape] = [(name, there[k][1]) for name, k in zip(names, order, strict=True)]
        return found

    # ------------------------------------------------------------ walls

    def _region_at(self, at: Point) -> int:
        holding = [
            (bbox(wall.path).width * bbox(wall.path).height, number)
            for number, wall in enumerate(self.walls)
            if contains(wall.path, at)
        ]
        return min(holding)[1] if holding else ROOT

    def _region_of(self, at: Point, outline: Path) -> int:
        """The innermost wall round a shape. Raises Unreadable where it lies across one."""
        region = self._region_at(at)
        for wall in self.walls:
            if wall.path is not outline and crossings(outline, wall.path):
                raise Unreadable("a shape lies across a wall", at)
        return region

    def _nesting(self) -> list[int]:
        found = []
        for number, wall in enumerate(self.walls):
            area = bbox(wall.path).width * bbox(wall.path).height
            round_it = []
            for other, outer in enumerate(self.walls):
                if other == number:
                    continue
                if crossings(wall.path, outer.path):
                    raise Unreadable("two walls cross", wall.path.start)
                size = bbox(outer.path).width * bbox(outer.path).height
                if size > area and contains(outer.path, wall.path.start):
                    round_it.append((size, other))
            found.append(min(round_it)[1] if round_it else ROOT)
        return found

    def _regions(self, nested: Sequence[int], wires: Sequence[Wire]) -> tuple[Region, ...]:
        paths = {number: self._paths_of(first) for number, (first, _) in enumerate(self.pairs())}
        gates = [box.center for box in self._gate_boxes("gates")]
        regions = []
        for number, (wall, inside) in enumerate(zip(self.walls, nested, strict=True)):
            head, names = with_legs(wall.title)
            box = bbox(wall.path)
            across_it = [
                (point, wire)
                for wire, stretches in paths.items()
                for path in stretches
                if bbox(path).overlaps(box, 1.0)
                for point, _ in crossings(path, wall.path)
            ]
            if wall.layer == "plates":
                ports = _in_order(box, across_it, names, "a plate", dedupe=True)
                regions.append(Region(wall.path, inside, (), (), head, ports))
                continue
            mine = [at for at in gates if distance_to(wall.path, at) < NEAR_WALL]
            at_gates = []
            for gate in mine:
                here = [(distance(p, gate), w) for p, w in across_it if distance(p, gate) < 8.0]
                if not here:
                    raise Unreadable("a gate without a wire", gate)
                at_gates.append((gate, min(here)[1]))
            ended = [(e.at, w) for w, wire in enumerate(wires) for e in wire.ends if e.wall == number]
            found = _in_order(box, at_gates + ended, names, head)
            regions.append(Region(wall.path, inside, function_words(head), found))
        return tuple(regions)

    def _paths_of(self, loose: _Loose) -> list[Path]:
        """The stretches from one end of a wire to the other."""
        found = []
        while True:
            stretch = self.stretches[loose.stretch]
            found.append(stretch.path)
            far = stretch.ends[1 if loose.start else 0]
            if far.other is None:
                return found
            loose = far.other

    # ------------------------------------------------------------ ribbons

    def _ribbons(self) -> dict[int, int]:
        """From pasted discs to the stations at the other ends of their ribbons, which may branch."""
        ribbons = [element.path for element in self.drawing.layer("ribbons")]
        touching: list[set[int]] = []
        for path in ribbons:
            touching.append(
                {
                    shape
                    for shape, (outline, words) in enumerate(self.outlines)
                    if words.kind in ("copy", "again")
                    and (meets(outline, path.start) or meets(outline, path.end))
                }
            )
        found: dict[int, int] = {}
        for number, path in enumerate(ribbons):
            ends = touching[number]
            loose = [
                p for p in (path.start, path.end) if not any(meets(self.outlines[s][0], p) for s in ends)
            ]
            for at in loose:
                for other, trunk in enumerate(ribbons):
                    if other != number and distance_to(trunk, at) < TOUCH:
                        ends = ends | touching[other]
            stations = [s for s in ends if self.outlines[s][1].kind == "copy"]
            pastes = [s for s in touching[number] if self.outlines[s][1].kind == "again"]
            if len(stations) != 1 or (not pastes and len(loose) != 1):
                raise Unreadable("a ribbon that does not tie a copy to a station", path.start)
            for paste in pastes:
                found[paste] = stations[0]
        for shape, (outline, words) in enumerate(self.outlines):
            if words.kind == "again" and shape not in found:
                raise Unreadable(f"no ribbon leads to {words.text}", bbox(outline).center)
        return found


def _in_order(
    box: Box, found: Sequence[tuple[Point, int]], names: Sequence[str], told: str, dedupe: bool = False
) -> tuple[tuple[str, int], ...]:
    """Wires at an outline under the names that its title has for them, clockwise."""
    if dedupe:
        first: dict[int, Point] = {}
        for point, wire in found:
            first.setdefault(wire, point)
        found = [(point, wire) for wire, point in first.items()]
    if len(found) != len(names):
        raise Unreadable(f"{told} names {len(names)} legs and {len(found)} wires are there", box.center)
    order = clockwise(box.center, [point for point, _ in found])
    return tuple((name, found[k][1]) for name, k in zip(names, order, strict=True))


def _around(at: Point) -> Box:
    return Box(at[0], at[1], at[0], at[1])
