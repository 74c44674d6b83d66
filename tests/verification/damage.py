"""SVG files damaged on purpose: one curve removed or moved at a time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from tnlang.draw.geometry import bbox
from tnlang.verification.connect import read_picture
from tnlang.verification.picture import End, Picture
from tnlang.verification.strands import GATE
from tnlang.verification.svg import Unreadable, read_svg

SPACE = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+\.?\d*")
Element = ElementTree.Element
Edit = Callable[[Element, Element], None]


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


def edited(svg: str, *edits: tuple[str, int, Edit]) -> str:
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

    def change(_: Element, path: Element) -> None:
        by = iter(int(1e6) * (x, y))
        path.set("d", NUMBER.sub(lambda n: f"{float(n[0]) + next(by):.2f}", path.get("d", "")))

    return change


def end_at(start: bool, at: tuple[float, float]) -> Edit:
    """Moves one end of a path."""

    def change(_: Element, path: Element) -> None:
        data = path.get("d", "")
        numbers = list(NUMBER.finditer(data))
        first, second = (numbers[0], numbers[1]) if start else (numbers[-2], numbers[-1])
        path.set("d", f"{data[: first.start()]}{at[0]:.2f} {at[1]:.2f}{data[second.end() :]}")

    return change


def tied_ends(svg: str) -> list[tuple[int, bool, tuple[float, float], str]]:
    """The ends of wires on shapes: which path, whether its start, where, and which leg of what."""
    picture = read_picture(read_svg(svg))
    places = {end.at: end for wire in picture.wires for end in wire.ends if end.shape is not None}
    found = []
    for number, element in enumerate(read_svg(svg).layer("wires")):
        for start, at in ((True, element.path.start), (False, element.path.end)):
            if at in places:
                end = places[at]
                assert end.shape is not None
                dotted = picture.shapes[end.shape].kind == "delta"
                found.append(
                    (number, start, at, f"{end.shape}" + ("" if dotted else f".{end.leg}.{number}.{start}"))
                )
    return found


def mutants(svg: str, rnd: random.Random, swaps: int = 6) -> Iterator[tuple[str, str]]:
    """Damaged files with what was done: every wire, shape, gate, bubble and ribbon has its turn."""
    root = ElementTree.fromstring(svg)
    whole = read_picture(read_svg(svg))
    walls = [element.title for element in read_svg(svg).layer("bubbles")]
    for number in range(len(paths(root, "wires"))):
        yield f"wire {number} deleted", edited(svg, ("wires", number, remove))
    ends = tied_ends(svg)
    for number, start, (x, y), _ in ends:
        yield f"wire {number} torn off", edited(svg, ("wires", number, end_at(start, (x + 61.0, y - 47.0))))
    for layer in ("shapes", "dots"):
        titles = [element.title for element in read_svg(svg).layer(layer)]
        for number in range(len(paths(root, layer))):
            if titles[number] == "(one-hot)" or (layer == "shapes" and not titles[number].endswith("]")):
                continue  # a strip says what kind of leg it is; a number may stand anywhere in its product
            yield f"{layer} {number} moved", edited(svg, (layer, number, move(503.0, 411.0)))
            yield f"{layer} {number} deleted", edited(svg, (layer, number, remove))
    for layer in ("gates", "ribbons", "plates", "bubbles"):
        for number in range(len(paths(root, layer))):
            box = bbox(read_svg(svg).layer(layer)[number].path)
            outline = layer == "gates" and max(box.width, box.height) > GATE  # marks what is told of
            if not outline and (layer != "bubbles" or not walls[number].startswith("bracket")):
                yield f"{layer} {number} deleted", edited(svg, (layer, number, remove))
    pairs = [(a, b) for i, a in enumerate(ends) for b in ends[i + 1 :] if a[3] != b[3] and a[0] != b[0]]
    for a, b in rnd.sample(pairs, min(swaps, len(pairs))):
        swapped = edited(svg, ("wires", a[0], end_at(a[1], b[2])), ("wires", b[0], end_at(b[1], a[2])))
        if not same(whole, swapped):
            yield f"ends of wires {a[0]} and {b[0]} swapped", swapped


def same(whole: Picture, svg: str) -> bool:
    """Whether an edit left every wire where it was, as where two wires end at one point."""
    try:
        return structure(whole) == structure(read_picture(read_svg(svg)))
    except Unreadable:
        return False


def structure(picture: Picture) -> set[tuple[str, ...]]:
    """What is connected, up to the order of a dot's wires."""

    def place(end: End) -> str:
        dotted = end.shape is not None and picture.shapes[end.shape].kind == "delta"
        return f"{end.shape}.{'' if dotted else end.leg}{end.open}"

    return {tuple(sorted(map(place, wire.ends))) for wire in picture.wires}
