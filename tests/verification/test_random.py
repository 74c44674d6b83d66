"""Random networks with bubbles, hyperedges and repeated legs: read back, they are what was written."""

from __future__ import annotations

from hypothesis import given, settings

import tnlang
from tests.draw.test_random import programs


@settings(max_examples=20)
@given(programs())
def test_a_random_picture_is_its_program(text: str) -> None:
    program = tnlang.load(text + "\n")
    report = tnlang.verify(program.nets["main"].svg(), program, module=False)
    assert report.ok, f"{text}\n{report}"
