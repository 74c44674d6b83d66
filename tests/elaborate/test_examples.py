"""Every example elaborates; only the transforms that this version does not have are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import PROGRAMS
from tnlang.elaborate import check_text
from tnlang.elaborate.program import build
from tnlang.files import read_source
from tnlang.ir.check import violations
from tnlang.source import Diagnostics
from tnlang.syntax import parse


@pytest.mark.parametrize("path", PROGRAMS.values(), ids=lambda path: path.stem)
def test_an_example_is_right(path: Path):
    diagnostics = Diagnostics()
    program = build(parse(read_source(path)), diagnostics, {}, None)
    assert {d.code for d in diagnostics.errors} <= {"TN900"}, "\n".join(map(str, diagnostics))
    assert violations(program) == []
    assert program.nets or program.figures


def test_all_examples_are_looked_at():
    assert len(PROGRAMS) >= 87
    whole = [p for p in PROGRAMS.values() if not check_text(p.read_text(encoding="utf-8"), str(p)).errors]
    assert len(whole) >= 70
