"""Small texts that ask for much, and texts that are much: an answer in time, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnlang
from tnlang.elaborate import check_text
from tnlang.files import LARGEST, read_source
from tnlang.source import Diagnostics, Source, TnError
from tnlang.syntax.grammar import parser
from tnlang.syntax.tokens import read_tokens


def test_reading_stops_where_brackets_nest_too_deep():
    text = "(" * 200_000
    lark, _ = parser()
    assert len(read_tokens(lark, Source("deep.tn", text), Diagnostics())) < 1000
    (found,) = check_text(text, "deep.tn")
    assert (found.code, found.span.column) == ("TN105", 101)


def test_a_text_has_a_largest_size(tmp_path: Path):
    path = tmp_path / "large.tn"
    path.write_bytes(b"y = 1" + b" " * (LARGEST - 5))
    assert len(read_source(path).text) == LARGEST
    path.write_bytes(b"y = 1" + b" " * (LARGEST - 4))
    with pytest.raises(TnError, match="TN002: this text has more than 16 MiB"):
        tnlang.load(path)
