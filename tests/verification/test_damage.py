"""A damaged picture does not pass: its wires, shapes, gates, walls, names and marks each have their turn."""

from __future__ import annotations

import random

import pytest

from tests import pictures
from tests.conftest import PROGRAMS
from tests.verification.damage import damaged
from tests.verification.network import drawn_alike
from tnlang.verification.connect import read_picture
from tnlang.verification.svg import read_svg

GALLERY = sorted(name for name, path in PROGRAMS.items() if path.parent.name == "gallery")
LARGE = 30
"""In pictures with more shapes a few kinds of damage are tried."""


@pytest.mark.parametrize("name", GALLERY)
def test_no_damage_passes(name: str) -> None:
    svg, verifier = pictures.svg(name, *pictures.shown(name)), pictures.verifier(name)
    assert verifier.report(svg).ok
    whole = read_picture(read_svg(svg))
    passed = []
    for what, other in damaged(svg, random.Random(name), 20 if len(whole.shapes) <= LARGE else 5):
        if verifier.report(other).ok and not drawn_alike(whole, read_picture(read_svg(other))):
            passed.append(what)
    assert passed == []
