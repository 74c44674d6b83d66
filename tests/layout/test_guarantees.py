"""What every flat picture keeps, on random networks of up to 300 tensors: nothing touches what it should not.

The rules are those of ``lint``, which looks at the curves themselves, and ``faults``, which reads the
connections back: no shape or label on another, no wire through a foreign shape, wires apart, bubbles round
what is in them and nothing else, all of it on the canvas.
"""

from __future__ import annotations

import random

import pytest

from tests.layout.nets import network
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.diagram import Side
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.svg import to_svg

PORTION = 20
SMALL, MIDDLE, LARGE = 420, 60, 20
"""How many networks of up to 14, 50 and 300 tensors."""

TURNED = 60
"""How many networks are drawn in the three other flows as well."""


def size(seed: int) -> int:
    """How many tensors the network of a seed has; the last one has 300."""
    rng = random.Random(seed)
    if seed < SMALL:
        return rng.randint(1, 14)
    if seed < SMALL + MIDDLE:
        return rng.randint(15, 50)
    return 300 if seed == SMALL + MIDDLE + LARGE - 1 else rng.randint(51, 299)


def wrong(seed: int, flow: Side | None = None) -> list[str]:
    """What is wrong with the picture of a seed's network, in words."""
    found = []
    for sheet in sheets_of(network(seed, size(seed))):
        for diagram in diagrams_in(sheet):
            scene = layout(diagram, flow)
            found += [f"{f.rule}: {f.message}" for f in (*lint(scene), *faults(diagram, scene))]
    return found


@pytest.mark.parametrize("first", range(0, SMALL + MIDDLE + LARGE, PORTION))
def test_random_networks_are_drawn_without_a_fault(first: int) -> None:
    found = {f"network({seed}, {size(seed)})": wrong(seed) for seed in range(first, first + PORTION)}
    assert {net: messages for net, messages in found.items() if messages} == {}


@pytest.mark.parametrize("first", range(0, TURNED, PORTION))
@pytest.mark.parametrize("flow", ["right", "up", "down"])
def test_so_are_they_when_they_flow_otherwise(flow: Side, first: int) -> None:
    """Small ones and, each time the last, a larger one."""
    seeds = [*range(first, first + PORTION - 1), SMALL + first]
    found = {f"network({seed}, {size(seed)})": wrong(seed, flow) for seed in seeds}
    assert {net: messages for net, messages in found.items() if messages} == {}


@pytest.mark.parametrize("seed", [1, 8, SMALL + 1, SMALL + MIDDLE])
def test_the_same_text_gives_the_same_bytes(seed: int) -> None:
    text = network(seed, size(seed))
    first, again = (
        [to_svg(layout(diagram)) for diagram in diagrams_in(sheets_of(text)[0])] for _ in range(2)
    )
    assert first == again
