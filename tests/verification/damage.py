"""SVG files damaged on purpose: curves moved, torn, swapped or removed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from tests.draw.path_data import absolute
from tnlang.draw.geometry import Box, bbox
from tnlang.draw.round import MARK_WIDTH, mark_of, middle_of
from tnlang.draw.scene import Point
from tnlang.verification.connect import read_picture
from tnlang.verification.picture import ROOT
from tnlang.verification.strands import GATE
from tnlang.verification.svg import read_paths, read_svg

SPACE = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+\.?\d*")
FAR = (503.0, 411.0)
Element = ElementTree.Element
Edit = Callable[[Element, Element], None]
Step = tuple[str, int, Edit]
"""A layer, which of its elements, and what is done to it."""


# ---------------------------------------------------------------- edits


def paths(root: Element, layer: str) -> list[tuple[Element, Element]]:
    """The paths of a layer in the order of the file, each with the element that holds it."""
    found = []
    for group in root:
        if group.tag == f"{SPACE}g" and re.split(r"[^a-z]+", group.get("id", ""))[-1] == layer:
            for child in group:
                inner = list(child) if child.tag == f"{SPACE}g" else [child]
                found += [
                    (child if child.tag == f"{SPACE}g" else group, p)
                    for p in inner
                    if p.tag == f"{SPACE}path"
                ]
    return found


def edited(svg: str, *edits: Step) -> str:
    """The file with some paths of layers changed."""
    root = ElementTree.fromstring(svg)
    chosen = [(paths(root, layer)[number], edit) for layer, number, edit in edits]
    for (parent, path), edit in chosen:
        edit(parent, path)
    return ElementTree.tostring(root, encoding="unicode")


def remove(parent: Element, path: Element) -> None:
    parent.remove(path)


def move(x: float, y: float) -> Edit:
    """Moves a whole path."""
    return mapped(lambda at: (at[0] + x, at[1] + y))


def turned(center: Point) -> Edit:
    """Half a turn round a point."""
    return mapped(lambda at: (2 * center[0] - at[0], 2 * center[1] - at[1]))


def mapped(change: Callable[[Point], Point]) -> Edit:
    """Moves each point of a path."""

    def edit(_: Element, path: Element) -> None:
        data = ""
        for letter, numbers in absolute(path.get("d", "")):
            points = map(change, zip(numbers[::2], numbers[1::2], strict=True))
            data += letter + " ".join(f"{x:.2f} {y:.2f}" for x, y in points)
        path.set("d", data)

    return edit


def end_at(start: bool, at: Point) -> Edit:
    """Moves one end of a path."""

    def change(_: Element, path: Element) -> None:
        data = path.get("d", "")
        numbers = list(NUMBER.finditer(data))
        first, second = (numbers[0], numbers[1]) if start else (numbers[-2], numbers[-1])
        path.set("d", f"{data[: first.start()]}{at[0]:.2f} {at[1]:.2f}{data[second.end() :]}")

    return change


# ---------------------------------------------------------------- damages


@dataclass(frozen=True, slots=True)
class Tied:
    """An end of a wire on a shape: which path, whether its start, where, the shape."""

    wire: int
    start: bool
    at: Point
    shape: int


class Damages:
    """What can be done to one picture."""

    def __init__(self, svg: str) -> None:
        self.root, self.drawing = ElementTree.fromstring(svg), read_svg(svg)
        self.picture = read_picture(self.drawing)
        self.outlines = self.drawing.layer("dots", "shapes")
        places = {end.at: end.shape for w in self.picture.wires for end in w.ends if end.shape is not None}
        self.tied = [
            Tied(number, start, at, places[at])
            for number, element in enumerate(self.drawing.layer("wires"))
            for start, at in ((True, element.path.start), (False, element.path.end))
            if at in places
        ]

    def kinds(self) -> dict[str, list[tuple[Step, ...]]]:
        """By what they are: all damages of a kind, each as the steps that it takes."""
        made = {
            "wire deleted": [(("wires", n, remove),) for n in range(len(self.drawing.layer("wires")))],
            "wire torn off": [
                (("wires", t.wire, end_at(t.start, (t.at[0] + 61.0, t.at[1] - 47.0))),) for t in self.tied
            ],
            "wire led to another shape": list(self._led_astray()),
            "ends of wires swapped": list(self._swapped()),
            "shape moved away": [((*p, move(*FAR)),) for p in self._shapes()],
            "shape deleted": [((*p, remove),) for p in self._shapes()],
            "dot moved off": [(("dots", n, move(37.0, 29.0)),) for n in self._dots()],
            "dot deleted": [(("dots", n, remove),) for n in self._dots()],
            "shape moved out of its bubble": list(self._out_of_bubbles()),
            "mark on the other side": list(self._marks()),
            "names swapped": list(self._names()),
        }
        for layer in ("gates", "plates", "bubbles"):
            made[f"{layer} deleted"] = [((layer, n, remove),) for n in self._meant(layer)]
        ribbons = len(paths(self.root, "ribbons"))
        made["ribbons deleted"] = [(("ribbons", n, remove),) for n in range(ribbons)]
        return {kind: found for kind, found in made.items() if found}

    def _led_astray(self) -> Iterator[tuple[Step, ...]]:
        for tie in self.tied:
            for other, outline in enumerate(self.outlines):
                if other != tie.shape:
                    yield (("wires", tie.wire, end_at(tie.start, bbox(outline.path).center)),)

    def _swapped(self) -> Iterator[tuple[Step, ...]]:
        for place, a in enumerate(self.tied):
            for b in self.tied[place + 1 :]:
                if a.wire != b.wire:
                    yield ("wires", a.wire, end_at(a.start, b.at)), ("wires", b.wire, end_at(b.start, a.at))

    def _shapes(self) -> list[tuple[str, int]]:
        """Shapes with legs: a number may stand anywhere in its product, a strip tells a leg's kind alone."""
        found = self.drawing.layer("shapes")
        return [
            ("shapes", n) for n, e in enumerate(found) if e.title.endswith("]") and e.title != "(one-hot)"
        ]

    def _dots(self) -> list[int]:
        return [n for n, e in enumerate(self.drawing.layer("dots")) if e.title != "(one-hot)"]

    def _out_of_bubbles(self) -> Iterator[tuple[Step, ...]]:
        dots = len(self.drawing.layer("dots"))
        for layer, number in [*self._shapes(), *(("dots", n) for n in self._dots())]:
            shape = self.picture.shapes[number + (dots if layer == "shapes" else 0)]
            if shape.region != ROOT:
                wall = bbox(self.picture.regions[shape.region].path)
                yield ((layer, number, move(wall.right - shape.box.left + 9.0, 0.0)),)

    def _meant(self, layer: str) -> Iterator[int]:
        """What stands for something: no light outline, no bracket, which only says what is done first."""
        for number, element in enumerate(self.drawing.layer(layer)):
            box = bbox(element.path)
            light = layer == "gates" and max(box.width, box.height) > GATE
            if not light and not (layer == "bubbles" and element.title.startswith("bracket")):
                yield number

    def _marks(self) -> Iterator[tuple[Step, ...]]:
        for number, (_, path) in enumerate(paths(self.root, "marks")):
            curves = list(read_paths(path.get("d", "")))
            thick = float(path.get("stroke-width", "0")) >= MARK_WIDTH
            if thick and len(curves) == 1 and not curves[0].closed:
                for outline in self.outlines:
                    if mark_of(outline.path, [middle_of(curves[0])]) is not None:
                        yield (("marks", number, turned(bbox(outline.path).center)),)

    def _names(self) -> Iterator[tuple[Step, ...]]:
        """Two names of different things in one another's places."""
        found = []
        for number, (_, path) in enumerate(paths(self.root, "labels")):
            title = path.findtext(f"{SPACE}title") or ""
            if title.startswith("(name of "):
                numbers = [float(n) for n in NUMBER.findall(path.get("d", ""))]
                xs, ys = numbers[::2], numbers[1::2]
                found.append((number, title, Box(min(xs), min(ys), max(xs), max(ys)).center))
        for place, (a, said, at) in enumerate(found):
            for b, other, there in found[place + 1 :]:
                if said != other:
                    x, y = there[0] - at[0], there[1] - at[1]
                    yield ("labels", a, move(x, y)), ("labels", b, move(-x, -y))


def damaged(svg: str, rnd: random.Random, most: int) -> Iterator[tuple[str, str]]:
    """Files damaged in one way each, with what was done: one of each kind, of so many kinds, drawn by lot."""
    kinds = Damages(svg).kinds()
    for kind in rnd.sample(list(kinds), min(most, len(kinds))):
        steps = rnd.choice(kinds[kind])
        places = ", ".join(f"{layer} {number}" for layer, number, _ in steps)
        yield f"{kind}: {places}", edited(svg, *steps)
