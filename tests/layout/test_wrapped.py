"""Long chains stand in rows of one length; wires between rows do not cross, and nothing touches."""

from __future__ import annotations

import pytest

from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import bbox, crossings
from tnlang.draw.layout import layout
from tnlang.draw.layout.wrapped import LONGEST
from tnlang.draw.lint import lint
from tnlang.draw.scene import Scene, ShapeItem, WireItem


def chain(count: int, bonds: int, *, sites: bool) -> Diagram:
    """A chain with so many wires between neighbours, open at all its sites or at both ends alone."""
    tensors, uses, opens = [], [], []
    for i in range(count):
        legs = [
            f"{'abc'[k]}{i + side}" for k in range(bonds) for side in (-1, 0) if 0 <= i + side < count - 1
        ]
        if sites or i in (0, count - 1):
            legs.append(f"s{i}")
            opens.append(f"s{i}")
        tensors.append(f"tensor T{i}[{', '.join(f'l{n}: d' for n in range(len(legs)))}]")
        uses.append(f"T{i}[{', '.join(legs)}]")
    text = "\n".join(["dim d = 2", *tensors, f"y[{', '.join(opens)}] = {' '.join(uses)}", ""])
    return diagrams_in(sheets_of(text)[0])[0]


def rows(scene: Scene, across: int) -> list[int]:
    """How many tensors stand at each height (or, for rows that stand upright, at each place across)."""
    heights = [
        round(bbox(item.outline).center[across]) for item in scene.items if isinstance(item, ShapeItem)
    ]
    return [heights.count(height) for height in sorted(set(heights))]


@pytest.mark.parametrize(("bonds", "sites"), [(1, True), (1, False), (3, False)])
@pytest.mark.parametrize("flow", [None, "right", "up", "down"])
def test_a_long_chain_is_wrapped_without_a_finding(bonds: int, sites: bool, flow: Side | None) -> None:
    diagram = chain(50, bonds, sites=sites)
    scene = layout(diagram, flow)
    assert lint(scene) == ()
    assert faults(diagram, scene) == ()
    counts = rows(scene, 0 if flow in ("up", "down") else 1)
    assert len(counts) > 2
    assert sorted(counts)[1:] == [max(counts)] * (len(counts) - 1)
    wires = [item.path for item in scene.items if isinstance(item, WireItem)]
    found = [at for n, one in enumerate(wires) for other in wires[:n] for at, _ in crossings(one, other)]
    shapes = [bbox(item.outline) for item in scene.items if isinstance(item, ShapeItem)]
    assert all(any(box.holds(at) for box in shapes) for at in found)


def test_a_chain_that_is_not_long_is_one_row() -> None:
    assert rows(layout(chain(LONGEST, 1, sites=True)), 1) == [LONGEST]
