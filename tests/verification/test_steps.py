"""The panels of a contraction are read one by one: each draws the same value of ever fewer tensors."""

from __future__ import annotations

import re

import pytest

import tnlang
from tests.verification.damage import edited, move, remove
from tnlang.verification import verify
from tnlang.verification.svg import read_svg

OPEN = """
dim n = 3
tensor A[n, n], B[n, n, n], v[n]
net f() -> y[n, n] { y[i, m] = A[i, j] A[j, k] B[k, l, m] v[l] }
figure f { steps f }
"""
DOTTED = """
dim n = 3
tensor A[n, n], B[n, n], c[n]
net f() -> y[n, n] { y[i, m] = A[i, j] B[j, m] c[j] }
figure f { steps f }
"""


def drawn(text: str) -> tuple[str, tnlang.Program]:
    program = tnlang.load(text)
    return program.figures["f"].svg(), program


@pytest.mark.parametrize(("text", "panels"), [(OPEN, 4), (DOTTED, 3)])
def test_each_panel_is_compared(text: str, panels: int) -> None:
    svg, program = drawn(text)
    report = verify(svg, program.ir, module=False)
    assert report.ok, str(report)
    assert len(report.compared) == panels
    assert report.compared[-1][0] == f"output y after step {panels - 1}"


def joined(svg: str) -> list[int]:
    """The shapes that stand for several."""
    found = read_svg(svg).layer("shapes")
    return [k for k, e in enumerate(found) if e.title.startswith(("(contracted)", "(result)"))]


def test_damage_to_a_panel_is_noticed() -> None:
    svg, program = drawn(OPEN)
    places = joined(svg)
    assert len(places) == 4
    for place in places:
        for change in (remove, move(0.0, 400.0)):
            assert not verify(edited(svg, ("shapes", place, change)), program.ir, module=False).ok
    for wire in range(len(read_svg(svg).layer("wires"))):
        assert not verify(edited(svg, ("wires", wire, remove)), program.ir, module=False).ok


def test_a_joined_shape_of_other_tensors_or_legs_is_noticed() -> None:
    svg, program = drawn(OPEN)
    said = re.findall(r"<title>(\((?:contracted|result)\)[^<]*)</title>", svg)
    assert len(said) == 4
    for title in said:
        head, _, legs = title.partition(" [")
        turned = legs.removesuffix("]").split(", ")
        wrong = [f"{head} [{', '.join([*turned[1:], turned[0]])}]", title.replace("; ", "; Z; ", 1)]
        wrong += [title.replace("; A", "; v", 1) if "; A" in title else title.replace("B", "v", 1)]
        for other in wrong:
            assert other != title
            assert not verify(svg.replace(title, other), program.ir, module=False).ok, other
