"""A damaged picture does not pass: each of its wires, shapes, gates, walls and ribbons has its turn."""

from __future__ import annotations

import random

import pytest

import tnlang
from tests.conftest import PROGRAMS
from tests.verification.damage import mutants
from tnlang.verification import verify

PICTURES = (
    "T2_entry",
    "T12_group",
    "T16_hyperedge",
    "S4_isometry",
    "N3_dense",
    "N7_embedding",
    "N14_frozen",
)


@pytest.mark.parametrize("name", PICTURES)
def test_no_damage_passes(name: str) -> None:
    program = tnlang.load(PROGRAMS[name])
    for handle in [*program.figures.values()] or [*program.nets.values()]:
        svg = handle.svg()
        assert verify(svg, program.ir, module=False).ok
        passed = [
            what
            for what, damaged in mutants(svg, random.Random(5), swaps=5)
            if verify(damaged, program.ir, module=False).ok
        ]
        assert passed == []
