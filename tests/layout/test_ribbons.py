"""Ribbons of flat pictures: round shapes and foreign outlines, apart by value, along no wire; or left out."""

from __future__ import annotations

import pytest

import tnlang
from tests.layout.nets import copying
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.close import Lines
from tnlang.draw.diagram import Diagram
from tnlang.draw.geometry import bbox, crossings, length
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.scene import OutlineItem, RibbonItem, Scene, ShapeItem

SEEDS, PORTION = 60, 15
_RULES = ("ribbon under shape", "ribbon along wire", "ribbons overlap")


def drawn(text: str) -> list[tuple[Diagram, Scene]]:
    return [(diagram, layout(diagram)) for sheet in sheets_of(text) for diagram in diagrams_in(sheet)]


def ends_of(scene: Scene) -> list[tuple[RibbonItem, int, int]]:
    """Each ribbon with the shapes that it joins."""
    bodies = Lines([(i.id, i.outline) for i in scene.items if isinstance(i, ShapeItem)], filled=True)
    ribbons = [item for item in scene.items if isinstance(item, RibbonItem)]
    return [(r, bodies.at(r.path.start, 1.5)[0], bodies.at(r.path.end, 1.5)[0]) for r in ribbons]


def wrong(diagram: Diagram, scene: Scene) -> list[str]:
    """What is wrong with the ribbons of a scene, in words."""
    found = [f"{f.rule}: {f.message}" for f in lint(scene) if f.rule in _RULES or "ribbon" in f.message]
    inside = {e.id: e.inside for e in diagram.enclosures}
    around: dict[int, set[int]] = {}
    for shape in diagram.shapes:
        place, around[shape.id] = shape.inside, set()
        while place is not None:
            around[shape.id].add(place)
            place = inside[place]
    values: list[tuple[int, RibbonItem]] = []
    for ribbon, station, paste in ends_of(scene):
        if (station, paste) not in {(r.station, r.paste) for r in diagram.ribbons}:
            found.append(f"a ribbon from {station} to {paste}")
        for item in scene.items:
            if isinstance(item, OutlineItem):
                needed = (item.id in around[station]) != (item.id in around[paste])
                if len(crossings(ribbon.path, item.outline)) != needed:
                    found.append(f"a ribbon crosses the wall of {item.title} without need")
        found += [
            f"ribbons of {station} and {other} cross"
            for other, known in values
            if other != station and crossings(known.path, ribbon.path)
        ]
        values.append((station, ribbon))
    return found


@pytest.mark.parametrize("first", range(0, SEEDS, PORTION))
def test_ribbons_of_random_pictures_are_in_nobodys_way(first: int) -> None:
    found = {
        seed: messages
        for seed in range(first, first + PORTION)
        if (messages := [m for diagram, scene in drawn(copying(seed)) for m in wrong(diagram, scene)])
    }
    assert found == {}


def test_most_of_them_are_drawn() -> None:
    pictures = [pair for seed in range(12) for pair in drawn(copying(seed))]
    asked = sum(len(diagram.ribbons) for diagram, _ in pictures)
    there = sum(len(ends_of(scene)) for _, scene in pictures)
    assert 0.5 * asked < there < asked


@pytest.mark.parametrize("seed", range(8))
def test_pictures_are_read_back_with_and_without_them(seed: int) -> None:
    program = tnlang.load(copying(seed))
    report = tnlang.verify(program.nets["f"].svg(), program, module=False)
    assert report.ok, f"{copying(seed)}\n{report}"


THREE = """dim n = 3
net f(a[n], b[n], c[n]) -> (x[n], y[n], z[n]) { x[i] = a[i] b[i]; y[i] = b[i] c[i]; z[i] = a[i] c[i] }
"""


def test_a_ribbon_without_a_decent_way_is_left_out() -> None:
    """Three values each used twice in a row: two go over and under it, the third would cross them."""
    [(diagram, scene)] = drawn(THREE)
    labels = {shape.id: shape.label for shape in diagram.shapes}
    assert len(diagram.ribbons) == 3
    assert sorted(labels[station] for _, station, _ in ends_of(scene)) == ["a", "b"]
    program = tnlang.load(THREE)
    report = tnlang.verify(program.nets["f"].svg(), program, module=False)
    assert report.ok, str(report)


def test_one_that_goes_nowhere_far_is_short() -> None:
    """It runs straight between neighbours."""
    text = "dim n = 3\nnet f(x[n]) -> y[n] { y[d] = x[d] + relu(x[d]) }\n"
    [(diagram, scene)] = drawn(text)
    [(ribbon, station, paste)] = ends_of(scene)
    boxes = {i.id: bbox(i.outline) for i in scene.items if isinstance(i, ShapeItem)}
    (x, y), (u, v) = boxes[station].center, boxes[paste].center
    assert wrong(diagram, scene) == []
    assert length(ribbon.path) < 1.5 * (abs(x - u) + abs(y - v)) + 120
