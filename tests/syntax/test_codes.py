"""The table of codes holds what is reported, and the corpus of wrong programs shows each of them."""

from __future__ import annotations

import re
from pathlib import Path

from tnlang.syntax.codes import CODES

ROOT = Path(__file__).parents[2]


def mentioned(paths) -> set[str]:
    return {code for path in paths for code in re.findall(r"\bTN1\d\d\b", path.read_text(encoding="utf-8"))}


def test_codes_are_those_reported():
    sources = [path for path in (ROOT / "tnlang" / "syntax").glob("*.py") if path.name != "codes.py"]
    assert mentioned(sources) == set(CODES)


def test_each_code_has_a_program():
    assert mentioned((ROOT / "tests" / "errors").glob("*.expected")) == set(CODES)
