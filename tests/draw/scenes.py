"""Scenes put together by hand from the pieces: what the primitives must be able to draw."""

from __future__ import annotations

from itertools import pairwise

from tnlang.draw import curves, geometry
from tnlang.draw.diagram import Enclosure, End, Line, Shape
from tnlang.draw.frame import framed
from tnlang.draw.pieces import badge_items, gate_item, shape_items, wall_item, wire_item
from tnlang.draw.scene import Item, LabelItem, Point, RibbonItem, Scene, ShapeItem, WireItem

OPEN = (End(None), End(None))


def wire(number: int, *points: Point, size: int | None = None, name: str = "") -> WireItem:
    return wire_item(Line(number, number, OPEN, name, size=size), curves.straight(*points))


def curve(number: int, path: geometry.Path, size: int | None = None) -> WireItem:
    return wire_item(Line(number, number, OPEN, size=size), path)


def tensor(
    number: int, label: str, at: Point, role: str = "weight", legs: int = 2, **more
) -> tuple[Item, ...]:
    drawn = {name: more.pop(name) for name in ("half", "tip", "first_leg", "along") if name in more}
    symbol, outline = more.pop("symbol", "tensor"), more.pop("outline", "circle")
    shape = Shape(number, symbol, label, label, tuple(range(legs)), outline, role, **more)
    return shape_items(shape, at, **drawn)


def beside(text: str, x: float, y: float, anchor: str = "center") -> LabelItem:
    return LabelItem(text, (x, y), 14.5, "leg", "leg", anchor=anchor)


def above(text: str, x: float, y: float) -> LabelItem:
    return LabelItem(text, (x, y), 14.5, "leg", "leg", level="baseline")


def ladder() -> Scene:
    """The ladder whose derivative by C leaves a hole."""
    items: list[Item] = []
    number = 0
    for left in (0, 368):
        hole = left > 0
        for row, y in enumerate((0, 80)):
            for column in range(4):
                if hole and row == 0 and column in (1, 2):
                    continue
                number += 1
                items.append(wire(number, (left + 64 * column, y), (left + 64 * column + 64, y)))
        for column in range(5):
            x = left + 64 * column
            gone = hole and column == 2
            number += 1
            items.append(wire(number, (x, 22 if gone else 0), (x, 80)))
            if not gone:
                items.extend(tensor(left + 2 * column, "ABCDE"[column], (x, 0)))
            items.extend(tensor(left + 2 * column + 1, "VWXYZ"[column], (x, 80), "second"))
            items.append(beside("ikmoq"[column], x + 7, 40, "left"))
        for column in range(4):
            items.append(above("jlnp"[column], left + 64 * column + 32, -7.87))
            items.append(above("rstu"[column], left + 64 * column + 32, 96))
    items += [wire(900, (432, 0), (474, 0)), wire(901, (518, 0), (560, 0))]
    items.append(ShapeItem(999, geometry.circle((496, 0), 19), "hole", "where C was"))
    items.append(LabelItem(r"\frac{\partial}{\partial C}", (-63.25, 40), 22, "sign"))
    items.append(LabelItem("=", (312, 40), 22, "sign"))
    return framed(items, 40, title="ladder", description="the derivative of a ladder")


def bias_in_a_bubble() -> Scene:
    bubble = Enclosure(1, "elementwise", r"\text{gelu}")
    items: list[Item] = [wall_item(bubble, geometry.rounded(geometry.Box(26, 40, 202, 151), 32))]
    items += badge_items(bubble, (77.8, 40))
    items += [wire(1, (58, 79), (118, 79), size=320), wire(2, (118, 79), (170, 79), size=1500)]
    items += [wire(3, (170, 79), (238, 79), size=1500), wire(4, (170, 79), (170, 121), size=1500)]
    items += tensor(1, "x", (58, 79), "data") + tensor(2, "W", (118, 79))
    items += tensor(3, "", (170, 79), "add", symbol="plus", terms=((1,), (2,)))
    items += tensor(4, "b", (170, 121), "bias", legs=1)
    items += [above("d", 88, 70), beside("m", 246, 79, "left")]
    return framed(items, 79)


def norm_along_a_leg() -> Scene:
    bubble = Enclosure(1, "norm", r"\text{layernorm}_d")
    items: list[Item] = [wall_item(bubble, geometry.stadium(geometry.Box(74, 255, 194, 327)))]
    items += badge_items(bubble, (134, 255))
    items += [wire(1, (40, 291), (134, 291)), wire(2, (134, 291), (228, 291), size=320)]
    items += [gate_item(bubble, (194, 291), (0, 1)), *tensor(1, "x", (134, 291), "data")]
    items += [beside("p", 32, 291, "right"), beside("d", 236, 291, "left")]
    return framed(items, 291)


def isometries() -> Scene:
    items: list[Item] = [wire(1, (298, 0), (340, 0)), wire(2, (340, 0), (408, 0), size=320)]
    items += [wire(3, (408, 0), (450, 0)), wire(4, (502, 0), (538, 0))]
    items += tensor(1, "V", (340, 0), "isometry", outline="triangle", tip=(-1.0, 0.0))
    items += tensor(2, r"\bar V", (408, 0), "isometry", outline="triangle", tip=(1.0, 0.0))
    for text, x in (("i", 296), ("a", 374), ("j", 451), ("i", 505), ("j", 534)):
        items.append(above(text, x, -8.87))
    items.append(LabelItem("=", (476, 0), 22, "sign"))
    return framed(items)


def marks() -> Scene:
    """A row of all the small ink there is, and one of curves."""
    stops = [40, 120, 200, 260, 320, 358, 430]
    items: list[Item] = [wire(i, (a, 0), (b, 0), size=4**i) for i, (a, b) in enumerate(pairwise([0, *stops]))]
    items += tensor(1, "W", (40, 0), tied=True) + tensor(2, "A", (120, 0), "pattern", frozen=True)
    items += tensor(3, "2", (200, 0), symbol="pin") + tensor(4, r"0\,..\,\text{seq}", (260, 0), symbol="clip")
    items += tensor(5, "+1", (320, 0), symbol="shift", tip=(-1.0, 0.0)) + tensor(
        6, "", (358, 0), symbol="onehot"
    )
    items += tensor(7, r"\text{ln}_1", (430, 0), symbol="folded", family="norm")
    items += tensor(8, "U", (490, 0), "unitary", outline="square", first_leg=(-1.0, 0.0))
    items += tensor(9, "T", (590, 0), "second", outline="pill", half=(60.0, 20.0))
    items += tensor(10, r"\text{attention}", (722, 0)) + tensor(
        11, "W_{OV}^{1}", (820, 0), first_leg=(0.0, 1.0)
    )
    items += tensor(12, r"\frac{1}{\sqrt{d}}", (876, 0), symbol="text") + tensor(
        13, r"\sum_{h}", (920, 0), symbol="sigma"
    )
    items.append(curve(20, curves.cubic((0, 60), (1, 0), (60, 100), (-1, 0))))
    items.append(curve(21, curves.cap((100, 60), (0, 1), (130, 100), (1, 0))))
    items.append(curve(22, curves.cap((160, 60), (0, 1), (130, 100), (-1, 0))))
    items += tensor(23, "", (130, 100), symbol="dot")
    items.append(curve(24, curves.arc((240, 100), 44, 180, 360)))
    items.append(curve(25, curves.u_turn((320, 60), (1, 0), (340, 100))))
    ends = [((500.0, 60.0), (-1.0, 0.0)), ((500.0, 100.0), (-1.0, 0.0))]
    upper, lower = curves.fork((440, 80), (1, 0), ends, (2.2, 3.2))
    items.append(wire_item(Line(30, 0, OPEN), upper, width=2.2))
    items.append(wire_item(Line(31, 0, OPEN), lower, width=3.2))
    items.append(wire_item(Line(32, 0, OPEN), curves.straight((400, 80), (440.4, 80)), width=5.4))
    items.append(RibbonItem(curves.track(((560, 60), (620, 60), (620, 110), (700, 110)))))
    items.append(RibbonItem(curves.track(((560, 60), (650, 60), (650, 90)))))
    return framed(items)


SCENES = {
    "ladder": ladder,
    "bias_in_a_bubble": bias_in_a_bubble,
    "norm_along_a_leg": norm_along_a_leg,
    "isometries": isometries,
    "marks": marks,
}
