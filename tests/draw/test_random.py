"""Random networks: whatever is written can be drawn, and what is drawn is what was written."""

from __future__ import annotations

from itertools import product
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tnlang
from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import bbox, flatten
from tnlang.draw.labels import label_box
from tnlang.draw.layout import layout
from tnlang.draw.rows import compose
from tnlang.draw.scene import InkItem, LabelItem, ShapeItem, WireItem
from tnlang.draw.svg import to_svg
from tnlang.draw.view import view
from tnlang.ir.program import NetTarget

FUNCTIONS = ("tanh", "relu", "exp")
DIMS = ("a", "b", "c")


@st.composite
def programs(draw) -> str:
    """A product of tensors on random wires, some of it in bubbles, its open wires on the left-hand side."""
    tensors = draw(st.integers(1, 6))
    legs: list[list[str]] = [[] for _ in range(tensors)]
    dims: dict[str, str] = {}
    for wire in range(draw(st.integers(0, 8))):
        name = f"w{wire}"
        ends = draw(st.lists(st.integers(0, tensors - 1), min_size=1, max_size=min(3, tensors), unique=True))
        dims[name] = draw(st.sampled_from(DIMS))
        for end in ends:
            legs[end].append(name)
    kept = [name for name in dims if sum(name in row for row in legs) == 1 or draw(st.integers(0, 5)) == 0]
    for row in legs:
        row.sort(key=lambda name: draw(st.integers(0, 9)) if name else 0)
    bubbled = [draw(st.integers(0, 3)) == 0 for _ in legs]
    lines = ["dim a = 2, b = 3, c = 64"]
    factors = []
    for number, row in enumerate(legs):
        declared = ", ".join(f"l{i}: {dims[name]}" for i, name in enumerate(row))
        lines.append(f"tensor T{number}" + (f"[{declared}]" if row else ""))
        used = f"T{number}[{', '.join(row)}]" if row else f"T{number}"
        factors.append(f"{draw(st.sampled_from(FUNCTIONS))}({used})" if bubbled[number] else used)
    left = f"y[{', '.join(kept)}]" if kept else "y"
    return "\n".join([*lines, f"{left} = {' '.join(factors)}"])


def diagrams(text: str) -> list[Diagram]:
    sheet = view(tnlang.load(text + "\n").ir, NetTarget("main"))
    parts = [part for panel in sheet.panels for part in getattr(panel.content, "parts", (panel.content,))]
    return [part for part in parts if isinstance(part, Diagram)]


@settings(max_examples=50)
@given(programs())
def test_what_is_drawn_is_what_was_written(text):
    for diagram in diagrams(text):
        found = faults(diagram, layout(diagram))
        assert [(f.rule, f.message) for f in found] == []


@settings(max_examples=10)
@given(programs())
def test_drawing_twice_gives_the_same_bytes(text):
    first, again = (
        to_svg(compose(view(tnlang.load(text + "\n").ir, NetTarget("main")), layout)) for _ in range(2)
    )
    assert first == again
    ElementTree.fromstring(first.encode())


def square_grid(rows: int, columns: int) -> str:
    """Tensors in rows and columns, declared row by row, each joined to those beside, above and below it."""
    wires = {
        (row, column): [
            name
            for name, there in (
                (f"v{row - 1}_{column}", row > 0),
                (f"v{row}_{column}", row < rows - 1),
                (f"h{row}_{column - 1}", column > 0),
                (f"h{row}_{column}", column < columns - 1),
            )
            if there
        ]
        for row, column in product(range(rows), range(columns))
    }
    lines = ["dim n = 2"]
    for (row, column), names in wires.items():
        lines.append(f"tensor T{row}_{column}[{', '.join(f'l{i}: n' for i in range(len(names)))}]")
    factors = [f"T{row}_{column}[{', '.join(names)}]" for (row, column), names in wires.items()]
    return "\n".join([*lines, f"z = {' '.join(factors)}"])


@pytest.mark.parametrize("rows, columns", [(2, 3), (3, 3), (4, 3), (5, 5), (6, 6), (3, 8), (18, 18)])
def test_a_square_grid_stands_as_it_is_declared_and_every_wire_is_one_straight_step(rows, columns):
    (diagram,) = diagrams(square_grid(rows, columns))
    items = layout(diagram).items
    places = [bbox(item.outline).center for item in items if isinstance(item, ShapeItem)]
    xs, ys = (sorted({round(place[axis]) for place in places}) for axis in (0, 1))
    assert (len(xs), len(ys)) == (columns, rows)
    assert [(round(x), round(y)) for x, y in places] == [(x, y) for y in ys for x in xs]
    wires = [bbox(item.path) for item in items if isinstance(item, WireItem)]
    assert len(wires) == rows * (columns - 1) + columns * (rows - 1)
    assert all(min(wire.right - wire.left, wire.bottom - wire.top) < 0.01 for wire in wires)


BARE_AND_BADGED = """
dim n = 3, m = 4
param g[n]
net rms(x[m, n]) -> y[m, n] { y[p, i] = x[p, i] rsqrt(sum[j](square(x[p, j])) + 1e-5) g[i] }
net gate(z[n], h[n]) -> o[n] { o[a] = (1 - z[a]) h[a] }
"""


@pytest.mark.parametrize("net, number", [("rms", "10^{-5}"), ("gate", "1")])
def test_no_wire_runs_through_the_digits_of_a_number_and_letters_stay_in_their_badge(net, number):
    (diagram,) = (panel.content for panel in view(tnlang.load(BARE_AND_BADGED).ir, NetTarget(net)).panels)
    items = layout(diagram).items
    (digits,) = (label_box(item) for item in items if isinstance(item, LabelItem) and item.text == number)
    for wire in (item.path for item in items if isinstance(item, WireItem)):
        assert not any(digits.holds(point) for point in flatten(wire, 1.0))
    pills = [bbox(i.outline) for i in items if isinstance(i, InkItem) and i.role.startswith("badge-")]
    badges = [label_box(item) for item in items if isinstance(item, LabelItem) and item.kind == "badge"]
    assert len(pills) == len(badges) == (3 if net == "rms" else 0)
    for letters in badges:
        assert any(pill.top < letters.top and letters.bottom < pill.bottom for pill in pills)
