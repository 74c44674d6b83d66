"""What is connected to what: from curves to shapes, wires with two ends each, and the outlines round them.

Decided by the curves alone: a wire is on a shape when it ends in its outline, in a bubble what its wall goes
round. Titles say what a shape is and, clockwise, what its legs are called.
"""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.geometry import Box, bbox, distance, distance_to, rounded
from tnlang.draw.round import FREE, MARK_WIDTH, TOUCH, clockwise, entry_point, mark_of, meets, middle_of
from tnlang.draw.scene import Path, Point
from tnlang.verification.named import Name, Things, astray, name_in
from tnlang.verification.picture import End, Picture, Shape, Sign
from tnlang.verification.strands import Strands
from tnlang.verification.svg import Drawing, Element, Unreadable, where
from tnlang.verification.walls import region_at, region_of, regions
from tnlang.verification.words import Words, shape_words


def read_picture(drawing: Drawing) -> Picture:
    """The network of a drawing. Raises Unreadable for a wire that ends in nothing, a gate without a wire …"""
    return _Reading(drawing).picture()


class _Reading:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.outlines: list[tuple[Path, Words]] = []
        self.ink: list[Path] = []
        """Of each outline what is drawn: a formula's is smaller than where wires are tied to it."""
        self.signs: list[Sign] = []
        self.names: list[Name] = []
        self.beside: list[Box] = []
        for element in drawing.layer("dots", "shapes"):
            self.outlines.append((element.path, shape_words(element.title)))
            self.ink.append(element.path)
        for element in drawing.layer("labels", "marks"):
            self._label(element)
        self.walls = [element for element in drawing.layer("plates", "bubbles") if element.title]
        self.strands = Strands(drawing, self.outlines, self.walls)

    def _label(self, element: Element) -> None:
        """A name, a formula that stands for a shape, or a sign."""
        box = bbox(element.path)
        name = name_in(element.title, box)
        words = shape_words(element.title) if element.title not in ("", "(", ")") else None
        if name is not None:
            self.names.append(name)
        elif words is not None and words.kind in ("number", "sum over", "tensor") and element.title[0] == "(":
            self.outlines.append((rounded(box.grown(FREE), 0), words))
            self.ink.append(rounded(box, 0))
        elif element.title:
            self.signs.append(Sign(element.title, box.center, box))
        if element.layer == "labels" and (name is not None or not element.title):
            self.beside.append(box)

    def picture(self) -> Picture:
        regions_of = [region_of(self.walls, bbox(path).center, path) for path in self.ink]
        regions_of += [region_at(self.walls, at) for at in self.strands.places]
        wires, paths = self.strands.wires(), self.strands.paths()
        legs = self._legs()
        boxes = [bbox(path) for path, _ in self.outlines]
        boxes += [Box(x, y, x, y) for x, y in self.strands.places]
        all_words = [words for _, words in self.outlines] + self.strands.extra
        shapes = tuple(
            Shape(words, box, region, tuple(legs.get(number, ())))
            for number, (words, box, region) in enumerate(zip(all_words, boxes, regions_of, strict=True))
        )
        wires = [
            replace(w, ends=(self._named(w.ends[0], legs, i, 0), self._named(w.ends[1], legs, i, 1)))
            for i, w in enumerate(wires)
        ]
        found = regions(self.drawing, self.walls, wires, paths)
        drawn = [(words, path, box) for (path, words), box in zip(self.outlines, boxes, strict=False)]
        things = Things(drawn, list(zip(wires, paths, strict=True)), self.strands.widths(), self.walls)
        misnamed = tuple(
            f"the name of {name.told} does not stand by it {where(name.box.center)}"
            for name in astray(self.names, things)
        )
        return Picture(
            shapes, tuple(wires), found, self._ribbons(), tuple(self.signs), tuple(self.beside), misnamed
        )

    def _named(self, end: End, legs: dict[int, list[tuple[str, int]]], wire: int, which: int) -> End:
        if end.shape is None or end.leg:
            return end
        names = [name for name, other in legs.get(end.shape, []) if other == wire]
        return End(end.at, end.shape, names[which if len(names) > 1 else 0] if names else "")

    def _legs(self) -> dict[int, list[tuple[str, int]]]:
        """The legs of each shape: names from its title, clockwise, on the wires that lie there."""
        marks = [
            middle_of(e.path)
            for e in self.drawing.layer("marks")
            if e.stroke >= MARK_WIDTH and not e.path.closed
        ]
        at: dict[int, list[tuple[Point, int]]] = {}
        found: dict[int, list[tuple[str, int]]] = {}
        for number, ends in enumerate(self.strands.pairs):
            for end in ends:
                if end.shape is None:
                    continue
                if end.leg:
                    found.setdefault(end.shape, []).append((end.leg, number))
                    continue
                entry = entry_point(self.strands.way(end), self.outlines[end.shape][0])
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

    # ------------------------------------------------------------ ribbons

    def _ribbons(self) -> dict[int, int]:
        """From pasted discs to the stations at the other ends of their ribbons, which may branch.

        A disc without a ribbon belongs to the station of its name.
        """
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
        return found | self._untied(found)

    def _untied(self, tied: dict[int, int]) -> dict[int, int]:
        """The stations of pasted discs without a ribbon: that of the nearest disc of the same name."""
        known = {s: s for s, (_, words) in enumerate(self.outlines) if words.kind == "copy"} | tied
        at = [bbox(outline).center for outline, _ in self.outlines]
        names = [words.text.removesuffix(", conjugated") for _, words in self.outlines]
        left = {s for s, (_, words) in enumerate(self.outlines) if words.kind == "again"} - tied.keys()
        found: dict[int, int] = {}
        while left:
            near = [(distance(at[s], at[k]), s, k) for s in left for k in known if names[s] == names[k]]
            if not near:
                lost = min(left)
                raise Unreadable(f"no ribbon leads to {names[lost]}, and no copy is called so", at[lost])
            _, shape, nearest = min(near)
            found[shape] = known[shape] = known[nearest]
            left.remove(shape)
        return found
