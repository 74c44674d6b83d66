"""What is wrong with a drawn page, counted alike for every program, from its PDF's ink or our scene."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeVar

import pymupdf
from shapely import LineString, MultiLineString, Point, Polygon, STRtree, box, line_merge, unary_union
from shapely.geometry.base import BaseGeometry

A = TypeVar("A", bound=BaseGeometry)
B = TypeVar("B", bound=BaseGeometry)

CURVE_STEPS = 16
SLACK = 0.5
"""Points of ink that may touch before it counts."""
NEAR_END = 30.0
"""Wires may leave their common end side by side for so long."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A page's shapes (filled outlines), wires (open strokes) and label boxes, in points.

    ``seen`` is what of the wires is not hidden under a shape.
    """

    shapes: tuple[Polygon, ...]
    wires: tuple[LineString, ...]
    seen: tuple[LineString, ...]
    labels: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often: labels on labels, on wires, on a shape's edge; shapes on shapes; wires through shapes, wires
    on top of one another, wires crossing."""

    label_label: int
    label_wire: int
    label_shape: int
    shape_shape: int
    wire_shape: int
    wire_wire: int
    crossings: int

    @property
    def blemishes(self) -> int:
        """All but crossings, which a network may need."""
        return sum(astuple(self)) - self.crossings


def counts(ink: Ink) -> Counts:
    """The blemishes of a page."""
    labels = [label.buffer(-SLACK, join_style="mitre") for label in ink.labels]
    labels = [label for label in labels if not label.is_empty]
    shapes = [shape.buffer(-SLACK) for shape in ink.shapes]
    return Counts(
        _pairs(labels),
        sum(label.intersects(wire) for label, wire in _near(labels, ink.seen)),
        sum(label.intersects(shape.exterior) for label, shape in _near(labels, ink.shapes)),
        sum(not (a.contains(b) or b.contains(a)) for a, b in _touching(shapes)),
        sum(_passes(wire, shape) for wire, shape in _near(ink.wires, shapes)),
        sum(_overlap(a, b) for a, b in _touching(ink.seen)),
        sum(_crossings(a, b) for a, b in _touching(ink.seen)) + _meetings(ink),
    )


def _touching(items: Iterable[A]) -> list[tuple[A, A]]:
    return [(a, b) for a, b in combinations(items, 2) if a.intersects(b)]


def _pairs(items: list[Polygon]) -> int:
    return len(_touching(items))


def _near(items: Iterable[A], others: Iterable[B]) -> list[tuple[A, B]]:
    found = list(others)
    tree = STRtree(found)
    return [(item, found[i]) for item in items for i in tree.query(item)]


def _passes(wire: LineString, shape: Polygon) -> bool:
    """Whether a wire goes in on one side of a shape and out on another."""
    if shape.is_empty or any(shape.buffer(2 * SLACK).contains(end) for end in _ends(wire)):
        return False
    return wire.intersection(shape).length > 4 * SLACK


def _overlap(a: LineString, b: LineString) -> bool:
    """Whether two wires lie on one another, other than where both end."""
    shared = [end for end in _ends(a) if any(end.distance(other) < SLACK for other in _ends(b))]
    common = a.buffer(SLACK).intersection(b)
    for end in shared:
        common = common.difference(end.buffer(NEAR_END))
    return common.length > 8.0


def _ends(wire: LineString) -> tuple[Point, Point]:
    return Point(wire.coords[0]), Point(wire.coords[-1])


def _crossings(a: LineString, b: LineString) -> int:
    if _overlap(a, b):
        return 0
    ends = (*_ends(a), *_ends(b))
    meeting = a.intersection(b)
    points = [g for g in getattr(meeting, "geoms", [meeting]) if isinstance(g, Point)]
    return sum(all(point.distance(end) > 3.0 for end in ends) for point in points)


def _meetings(ink: Ink) -> int:
    """Crossings drawn as four pieces of wire that meet in a point of the paper."""
    ends = [end for wire in ink.wires for end in _ends(wire)]
    tree = STRtree(ends)
    meeting = {tuple(sorted(map(int, tree.query(end.buffer(SLACK))))) for end in ends}
    free = (group for group in meeting if len(group) == 4)
    return sum(not any(shape.distance(ends[group[0]]) < SLACK for shape in ink.shapes) for group in free)


def ink_of_pdf(path: Path) -> Ink:
    """The ink of a PDF's first page: filled outlines are shapes, open strokes wires, words labels."""
    with pymupdf.open(path) as document:
        page = document[0]
        page_area = abs(page.rect.width * page.rect.height)
        shapes: list[Polygon] = []
        wires: list[LineString] = []
        seen: list[LineString] = []
        for drawing in page.get_drawings():
            for line in _lines(drawing["items"]):
                if drawing["type"] == "f" and drawing.get("fill") == (1.0, 1.0, 1.0):
                    continue  # the paper that is laid under a label
                closed = line.is_closed or "f" in drawing["type"]
                if not closed or drawing.get("fill") is None:
                    if line.length > 2.0 and not line.is_closed:
                        wires.append(line)
                        seen.append(line)
                elif len(line.coords) > 3:
                    shape = Polygon(line.coords).buffer(0)
                    # arrow heads are small, backgrounds as large as the page
                    if isinstance(shape, Polygon) and 24.0 < shape.area < 0.5 * page_area:
                        shapes.append(shape)
                        seen = uncovered(seen, [shape])
        words = [box(*word[:4]) for word in page.get_text("words")]
    return Ink(
        tuple(shapes), tuple(_joined(wires)), tuple(_joined(seen)), tuple(_tight(word) for word in words)
    )


def uncovered(wires: Iterable[LineString], shapes: Sequence[Polygon]) -> list[LineString]:
    """The parts of wires that none of the shapes laid over them hides."""
    found = list(wires)
    covers = (unary_union([shape for shape in shapes if shape.intersects(wire)]) for wire in found)
    pieces = [wire.difference(cover) for wire, cover in zip(found, covers, strict=True)]
    return [part for piece in pieces for part in getattr(piece, "geoms", [piece]) if part.length > 0]


def _joined(wires: list[LineString]) -> list[LineString]:
    """Wires drawn in pieces, whole: pieces are joined where just two of them end."""
    merged = line_merge(MultiLineString(wires))
    return [part for part in getattr(merged, "geoms", [merged]) if not part.is_empty]


def _tight(word: Polygon) -> Polygon:
    """A word's box without the empty parts above and below that a font's line height adds."""
    left, top, right, bottom = word.bounds
    height = bottom - top
    return box(left, top + 0.2 * height, right, bottom - 0.2 * height)


def _lines(items: Iterable[tuple[object, ...]]) -> list[LineString]:
    """A drawing's runs of joined segments."""
    runs: list[list[tuple[float, float]]] = []

    def add(points: list[tuple[float, float]]) -> None:
        if runs and Point(runs[-1][-1]).distance(Point(points[0])) < 0.01:
            runs[-1].extend(points[1:])
        else:
            runs.append(points)

    for kind, *parts in items:
        match kind:
            case "l":
                add([tuple(p) for p in parts])  # type: ignore[arg-type, misc]
            case "c":
                add(_curve([tuple(p) for p in parts]))  # type: ignore[arg-type, misc]
            case "re":
                left, top, right, bottom = tuple(parts[0])  # type: ignore[arg-type]
                add([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
            case "qu":
                quad = parts[0]
                add([tuple(quad[i]) for i in (0, 1, 3, 2, 0)])  # type: ignore[index]
    return [LineString(run) for run in runs if len(run) > 1]


def _curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points

    def at(t: float) -> tuple[float, float]:
        u = 1 - t
        k = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        return (
            k[0] * ax + k[1] * bx + k[2] * cx + k[3] * dx,
            k[0] * ay + k[1] * by + k[2] * cy + k[3] * dy,
        )

    return [at(i / CURVE_STEPS) for i in range(CURVE_STEPS + 1)]
