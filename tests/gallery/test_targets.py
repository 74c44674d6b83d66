"""The page of hand-placed pictures: each has its program and an honest line."""

from __future__ import annotations

import tnlang
from docs import targets


def test_every_hand_placed_picture_stands_beside_a_program() -> None:
    drawn = {path.stem for path in targets.TARGETS.glob("*.svg")}
    assert {target.name for target in targets.ALL} == drawn
    for target in targets.ALL:
        assert target.verdict and target.programs
        assert all(program.exists() for program in target.programs)


def test_the_programs_beside_them_are_clean() -> None:
    for path in targets.TARGETS.glob("*.tn"):
        program = tnlang.load(path)
        assert program.figures and program.check_equations() == ()
