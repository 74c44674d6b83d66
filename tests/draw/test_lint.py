"""Each rule of the lint fires on a scene that breaks it, and not on its neighbour that does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.draw.scenes import SCENES, above, beside, curve, tensor, wire
from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Diagram, Enclosure, End, Line, Shape
from tnlang.draw.faithful import faults
from tnlang.draw.frame import framed
from tnlang.draw.lint import RULES, WEIGHTS, cost, counted, lint
from tnlang.draw.pieces import badge_items, wall_item
from tnlang.draw.scene import LabelItem, LineTo, Path, Point, RibbonItem, Scene


def wall(left: float, top: float, right: float, bottom: float, number: int = 1):
    outline = geometry.rounded(geometry.Box(left, top, right, bottom), 30)
    return wall_item(Enclosure(number, "norm", r"\text{f}"), outline)


def bar(length: float):
    return wire(1, (0, 0), (length, 0))


def ribbon(start: Point, end: Point):
    return RibbonItem(curves.straight(start, end))


def copies(*places: Point):
    return [item for number, at in enumerate(places) for item in tensor(10 + number, "x", at)]


def named(text: str, line: int, x: float, y: float):
    return replace(above(text, x, y), line=line)


CASES = {
    "shapes overlap": (
        [*tensor(1, "A", (0, 0)), *tensor(2, "B", (36, 0))],
        [*tensor(1, "A", (0, 0)), *tensor(2, "B", (64, 0))],
    ),
    "wire through shape": (
        [bar(120), *tensor(1, "A", (0, 0)), *tensor(2, "B", (60, 5)), *tensor(3, "C", (120, 0))],
        [bar(120), *tensor(1, "A", (0, 0)), *tensor(2, "B", (60, 40)), *tensor(3, "C", (120, 0))],
    ),
    "wires overlap": (
        [bar(120), wire(2, (30, 0.5), (150, 0.5))],
        [bar(120), wire(2, (30, 16), (150, 16))],
    ),
    "wires too close": (
        [bar(120), wire(2, (30, 3), (150, 3))],
        [bar(120), wire(2, (30, 8), (150, 8))],
    ),
    "wall through shape": (
        [wall(0, 0, 120, 80), *tensor(1, "A", (120, 40))],
        [wall(0, 0, 120, 80), *tensor(1, "A", (60, 40))],
    ),
    "walls cross": (
        [wall(0, 0, 120, 80), wall(60, 20, 200, 120, 2)],
        [wall(0, 0, 120, 80), wall(20, 20, 100, 60, 2)],
    ),
    "needless crossing of a wall": (
        [wall(0, 0, 120, 80), wire(1, (-40, 40), (160, 40))],
        [wall(0, 0, 120, 80), wire(1, (-40, 40), (60, 40))],
    ),
    "flat crossing": (
        [bar(120), wire(2, (0, -20), (120, 20))],
        [bar(120), wire(2, (40, -40), (80, 40))],
    ),
    "ribbon under shape": (
        [ribbon((0, 0), (160, 0)), *copies((0, 0), (160, 0)), *tensor(3, "B", (80, 10))],
        [ribbon((0, 0), (160, 0)), *copies((0, 0), (160, 0)), *tensor(3, "B", (80, 40))],
    ),
    "ribbon along wire": (
        [ribbon((0, 0), (160, 0)), *copies((0, 0), (160, 0)), wire(1, (40, 3), (120, 3))],
        [ribbon((0, 0), (160, 0)), *copies((0, 0), (160, 0)), wire(1, (80, -40), (80, 40))],
    ),
    "ribbons overlap": (
        [ribbon((0, 0), (160, 0)), ribbon((60, 4), (220, 4))],
        [ribbon((0, 0), (160, 0)), ribbon((60, 12), (220, 12))],
    ),
    "label covered": (
        [bar(120), beside("k", 60, 2)],
        [bar(120), above("k", 60, -8)],
    ),
    "name outside its shape": (
        [
            replace(item, size=60.0) if isinstance(item, LabelItem) else item
            for item in tensor(1, "W", (0, 0))
        ],
        [*tensor(1, "W", (0, 0))],
    ),
    "name by another wire": (
        [bar(120), wire(2, (0, 44), (120, 44)), named("k", 1, 60, 32)],
        [bar(120), wire(2, (0, 44), (120, 44)), named("k", 2, 60, 32)],
    ),
    "badge covered": (
        [*badge_items(Enclosure(1, "norm", r"\text{f}"), (60, 0)), wire(1, (60, -40), (60, 40))],
        [*badge_items(Enclosure(1, "norm", r"\text{f}"), (60, 0)), wire(1, (90, -40), (90, 40))],
    ),
    "kink": (
        [curve(1, curves.straight((0, 0), (60, 0), (90, 40)))],
        [curve(1, curves.track(((0, 0), (60, 0), (90, 40))))],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_fires_where_it_is_broken_and_only_there(rule):
    broken, good = CASES[rule]
    assert rule in {finding.rule for finding in lint(framed(broken))}
    assert lint(framed(good)) == ()


def test_ink_outside_the_canvas():
    scene = framed(tensor(1, "A", (0, 0)))
    assert lint(scene) == ()
    found = lint(Scene(scene.width - 20, scene.height, scene.items))
    assert [finding.rule for finding in found] == ["outside the canvas"]
    assert "A" in found[0].message


def test_every_rule_has_a_case_and_a_weight():
    assert {*CASES, "outside the canvas"} == set(WEIGHTS)
    assert len(RULES) <= len(WEIGHTS)


def test_ribbons_of_one_value_may_share_a_way():
    ways = [ribbon((0, 0), (100, 0)), ribbon((0, 0), (200, 0))]
    shapes = copies((0, 0), (200, 0))
    assert lint(framed([*ways, *shapes])) == ()


@pytest.mark.parametrize("name", [name for name in SCENES if name != "marks"])
def test_good_scenes_have_no_findings(name):
    assert lint(SCENES[name]()) == ()


def test_cost_grows_with_what_is_wrong():
    broken, good = CASES["shapes overlap"]
    assert cost(framed(good)) == 0
    assert cost(framed(broken)) >= WEIGHTS["shapes overlap"]


def test_what_is_wrong_with_a_picture_is_counted():
    clean = [item for n in range(300) for item in tensor(n, "A", (60.0 * (n % 20), 60.0 * (n // 20)))]
    more = [*tensor(300, "B", (0, -60)), *tensor(301, "B", (20, -60)), wire(1, (-60, 0), (1300, 0))]
    assert counted(framed([*clean, *tensor(300, "B", (0, -60))])) == ""
    assert counted(framed([*clean, *more])) == "shapes on others: 1, wires through shapes: 20"
    assert counted(framed([*more])) == "shapes on others: 1"


def test_every_rule_is_counted_in_words_of_its_own():
    scenes = [framed(broken) for broken, _ in CASES.values()]
    for scene in scenes:
        said = dict(part.split(": ") for part in counted(scene).split(", "))
        assert sorted(map(int, said.values())) == sorted(Counter(f.rule for f in lint(scene)).values())


def test_many_items_are_linted_in_time_that_grows_with_them():
    items = []
    for row in range(12):
        for column in range(12):
            items += tensor(100 * row + column, "A", (64 * column, 64 * row))
            items.append(wire(100 * row + column, (64 * column, 64 * row), (64 * column + 64, 64 * row)))
    assert lint(framed(items[:-1])) == ()


# ---------------------------------------------------------------- faithful


def pair(broken: str = "") -> tuple[Diagram, Scene]:
    """``A`` in a bubble joined to ``B`` by line 5, one leg free; ``broken`` tells what is drawn wrong."""
    shapes = (Shape(1, "tensor", "A", "A", (5,), inside=9), Shape(2, "tensor", "B", "B", (5, 6)))
    lines = (Line(5, 5, (End(1, 0), End(2, 0)), "k"), Line(6, 6, (End(2, 1), End(None)), "j"))
    diagram = Diagram(shapes, lines, (Enclosure(9, "norm", r"\text{f}"),))
    end = (80, 0) if broken == "line misses its shape" else (120, 0)
    items = [wall(-40, -40, 60 if broken != "wrong side of a wall" else 160, 40, 9)]
    items += tensor(1, "A", (0, 0)) if broken != "not drawn" else ()
    items += tensor(2, "B", (120, 0))
    items += [wire(5, (0, 0), end), wire(6, (120, 0), (170, 0))]
    if broken == "line in pieces":
        items[-2] = wire(5, (0, 0), (50, 0))
        items.append(wire(5, (70, 0), (120, 0)))
    if broken == "no line of the diagram":
        items.append(wire(7, (120, 0), (120, 60)))
    return diagram, framed(items)


def test_a_scene_that_draws_its_diagram_has_no_faults():
    assert faults(*pair()) == ()


@pytest.mark.parametrize(
    "fault",
    [
        "line misses its shape",
        "wrong side of a wall",
        "not drawn",
        "line in pieces",
        "no line of the diagram",
    ],
)
def test_faults_are_found(fault):
    assert fault in {finding.rule for finding in faults(*pair(fault))}


def test_a_loop_is_one_line_with_both_ends_at_its_shape():
    diagram = Diagram((Shape(1, "tensor", "A", "A", (5, 5)),), (Line(5, 5, (End(1, 0), End(1, 1)), "k"),))
    ring = curves.arc((44, 0), 44, 180, 540)
    assert faults(diagram, framed([curve(5, ring), *tensor(1, "A", (0, 0))])) == ()


def test_paths_of_no_length_are_no_kink():
    stub = Path((0.0, 0.0), (LineTo((0.0, 0.0)), LineTo((40.0, 0.0))))
    assert lint(framed([curve(1, stub)])) == ()
