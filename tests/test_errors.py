"""Wrong programs and exactly what is said about them: errors/name.tn and errors/name.expected.

``TN_ACCEPT=1`` writes what is said now; read it before you keep it. A program is checked under its own name,
with imports from the folder errors.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tnlang.elaborate import check_text

FOLDER = Path(__file__).parent / "errors"
PROGRAMS = sorted(FOLDER.glob("*.tn"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_what_is_said(program: Path):
    # newline="" keeps carriage returns as the file has them.
    with program.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        found = check_text(file.read(), program.name, root=FOLDER)
    said = "\n\n".join(map(str, found)) + "\n"
    expected = program.with_suffix(".expected")
    if os.environ.get("TN_ACCEPT") == "1":
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
    assert found.errors or found.warnings


def test_no_expectation_without_a_program():
    assert {path.stem for path in FOLDER.glob("*.expected")} <= {path.stem for path in PROGRAMS}
    assert len(PROGRAMS) >= 30
