"""Untrusted text: depth and size end in a report, never in a traceback; the table of codes is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tnlang.elaborate
from tests.elaborate.notation import codes
from tnlang import equations
from tnlang.elaborate.codes import CODES
from tnlang.syntax import codes as syntax

DEEP = 95


@pytest.mark.parametrize(
    "text",
    [
        "tensor v[a: 2]\ny[i] = " + "relu(" * DEEP + "v[i]" + ")" * DEEP,
        "tensor v[a: 2]\ny[i] = " + "(" * DEEP + "v[i]" + ")" * DEEP,
        "tensor v[a: 2]\ny = " + "(v[i] v[i] + " * DEEP + "1" + ")" * DEEP,
        "tensor v[a: 2]\ny = " + "sum i in 0..2 { " * 1 + "(v[i] " * DEEP + ")" * DEEP + " }",
        "dim n = 2\nnet f(x[n]) -> y[n] { y = x }\nnet g(x[n]) -> y[n] { y = "
        + "f(" * DEEP
        + "x"
        + ")" * DEEP
        + " }",
        "dim n = " + "(1 + " * 45 + "1" + ")" * 45,
        "const c = " + "(1 + " * DEEP + "1" + ")" * DEEP,
        "repeat a0 in 0..1 { "
        + "".join(f"repeat a{i} in 0..1 {{ " for i in range(1, DEEP))
        + "y = 1"
        + " }" * DEEP,
    ],
    ids=["bubbles", "brackets", "sums", "a folded sum", "calls", "sizes", "constants", "repeats"],
)
def test_what_the_parser_lets_through_is_elaborated(text: str):
    assert set(codes(text)) <= {"TN503"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dim a = 2^60\ndim b = a * a * a", "TN606"),
        ("dim a = 2^(2^40)", "TN606"),
        ("tensor A[p{0..100, 0..101}: 2]", "TN601"),
        ("param W{a: 0..101, b: 0..100}[n: 2]", "TN601"),
        ("tensor s\ny = prod a in 0..10001 { s }", "TN601"),
        ("dim d{k: 0..10001} = 2", "TN601"),
    ],
)
def test_sizes_and_counts_are_limited(text: str, code: str):
    assert codes(text) == [code]


def test_many_mistakes_in_many_lines():
    text = "dim n = 2\n" + "\n".join(f"y{i}[a] = Q{i}[a, c] R[c, b]" for i in range(1000))
    assert codes(text).count("TN200") == 1001


def test_the_tables_of_codes_are_whole_and_share_no_code():
    package = Path(tnlang.__file__).parent
    tables = (syntax.CODES, CODES, equations.CODES)
    used = {
        code
        for path in package.rglob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"(TN\d{3})"', path.read_text(encoding="utf-8"))
    }
    used -= {"TN001", "TN002"}  # a file that cannot be read, or is too long: before any stage
    assert used == set().union(*tables)
    assert len(used) == sum(map(len, tables))
    assert all(re.fullmatch(r"TN[2-9]\d\d", code) for code in CODES)
