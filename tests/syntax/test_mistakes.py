"""Many mistakes in one run, no ghosts of one mistake, limits, and input that is no program at all."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROGRAMS
from tests.syntax.trees import codes, item, mistakes, short
from tnlang.source import Diagnostics, Source, TnError
from tnlang.syntax import ast as t
from tnlang.syntax import format_text, parse, parse_collecting
from tnlang.syntax.words import MOST_ERRORS, NESTING_LIMIT

TEXTS = [p.read_text(encoding="utf-8") for p in PROGRAMS.values()]


def places(text: str) -> list[str]:
    return [f"{m.span.line}:{m.span.column} {m.code}" for m in mistakes(text)]


def test_parse_raises_them_all_in_order():
    with pytest.raises(TnError) as caught:
        parse(Source("a.tn", "y = )\nx = a\nz = = 3\n"))
    assert [(d.code, d.span.line) for d in caught.value.diagnostics] == [("TN104", 1), ("TN110", 3)]


def test_mistakes_are_added_to_those_there_are():
    found = Diagnostics()
    for name in ("a.tn", "b.tn"):
        assert parse_collecting(Source(name, "y ="), found) is None
    assert [d.span.source.name for d in found] == ["a.tn", "b.tn"]
    assert parse_collecting(Source("c.tn", "y = a"), found) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A mistake in a head leaves the block readable, one in a block the rest of it and of the file.
        ("net f(x[n] -> y[n] {\n y = @\n}\nz = = 3", ["1:6 TN103", "2:6 TN120", "4:5 TN110"]),
        ("net f(x) -> y {\n y = = x\n repeat l in 3 {\n x = = y\n }\n z = 1.\n}", 4),
        ("figure f 3 {\n darw a\n draw b\n equation c\n}\nstyle { a b }", 4),
        ("weights x y {\n a = b\n ignore c\n}\ntheme {\n draw\n}", 5),
        # The second line is fine, whatever the first one lacks.
        ("y = f(a\nz = b", ["1:6 TN103"]),
        ("y = A[i\nz = b\nw = = c", ["1:6 TN103", "3:5 TN110"]),
        ("y = sum h in 0..3 { a[h]\nz = b", ["1:19 TN103"]),
        ("y = a)\nz = b]\nw = c}", ["1:6 TN104", "2:6 TN104", "3:6 TN104"]),
        ("y = f(a]\nz = b", ["1:8 TN104"]),
        ("y = f(a[i)]\nz = b", ["1:8 TN103"]),
        ("net f(x) -> y {\n y = x\n\nnet g(x) -> y { y = x }\nz = a", ["1:15 TN103"]),
        ("net f(x) -> y {\n repeat l in 0..2 {\n  x += y\n y = x\n}\nz = a", ["2:19 TN103"]),
        ("net f(x) -> y\n y = x\n}\nz = a", ["1:13 TN103"]),
        ("net f(x) -> y {\n repeat l in 0..2\n  x += y\n }\n y = x\n}\nz = a", ["2:17 TN103"]),
        ('y = "a\nz = b', ["1:5 TN102"]),
        ("y = $a$ @ $b$\nz = b", ["1:5 TN120"]),
        ("y = a param W[n]\nz = b", ["1:7 TN113"]),
        ("net f() -> y { y = 1 } z = b", ["1:24 TN113"]),
        ("y = a,\nb = c", ["1:6 TN110"]),
        ("def f(x) {\n return x\n}\nz = = b", ["1:1 TN120", "4:5 TN110"]),
        ("tensor a\rtensor b", ["1:9 TN101"]),
    ],
)
def test_one_report_for_each(text, expected):
    found = places(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize("kind", ["net f() -> y", "repeat l in 0..2"])
def test_a_file_of_one_mistake_a_statement(kind):
    lines = [f" a{n} = = {n}" if n % 3 else f" a{n} = {n}" for n in range(30)]
    assert len(places("\n".join([kind + " {", *lines, "}", *lines]))) == 40


def test_there_is_an_end_to_reports():
    assert 0 < len(mistakes("y = = 3\n" * (3 * MOST_ERRORS))) <= MOST_ERRORS + 1
    assert 0 < len(mistakes("@\n" * (3 * MOST_ERRORS))) <= MOST_ERRORS + 2


# ---------------------------------------------------------------- limits


def nested(depth: int) -> list[str]:
    return [
        "(" * depth + "x" + ")" * depth,
        "f(" * depth + "x" + ")" * depth,
        "A{" + "(" * (depth - 1) + "n" + ")" * (depth - 1) + "}",
        "x" + " / x" * depth,
        "A{" + "1+" * (depth - 1) + "1}",
        "A{" + "2^" * (depth - 1) + "1}",
        "A{" + "-" * (depth - 1) + "1}",
        "A[" + "1*" * (depth - 1) + "1]",
        "sum n in 0..1" + "+1" * (depth - 1) + " { x }",
        "(" * (depth // 2) + "x" + " / x" * (depth - depth // 2) + ")" * (depth // 2),
    ]


@pytest.mark.parametrize("n", range(10))
def test_nesting(n):
    assert codes(f"y = {nested(NESTING_LIMIT)[n]}") == []
    assert codes(f"y = {nested(NESTING_LIMIT + 1)[n]}") == ["TN105"]


@pytest.mark.parametrize("text", [*nested(50_000), "net f() -> y { " * 9_000, "[" * 9_000, "((" * 9_000])
def test_nesting_far_beyond_the_limit(text):
    assert codes(f"y = {text}") == ["TN105"]


def test_what_does_not_nest_has_no_limit():
    assert len(item("y = " + " + ".join(["a"] * 3000)).value.value.terms) == 3000
    assert len(item("y = " + " ".join(["a"] * 3000)).value.value.factors) == 3000
    assert len(item("y = " + " * ".join(["a"] * 3000)).value.value.factors) == 3000
    assert len(item("y = A[" + ", ".join(["i / 2"] * 300) + "]").value.value.bracket) == 300


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dim n = 9223372036854775808", "TN106"),
        ("y = 9223372036854775808", "TN106"),
        ("y = " + "9" * 10_000, "TN106"),
        ("y = 1e999", "TN106"),
        ("y = 1e999j", "TN106"),
        ("y = A[" + "9" * 50 + "]", "TN106"),
        ("tensor " + "a" * 201, "TN107"),
        ("y = a\0", "TN101"),
        ('y = f("\ud800")', "TN110"),
        ("# \ud800", "TN101"),
        ("y = a\x07b", "TN101"),
        ("y = a\u202eb", "TN101"),
        ("x² = 3", "TN107"),
        ("١ = 3", "TN101"),
    ],
)
def test_refused(text, code):
    assert codes(text)[0] == code


def test_allowed_at_the_edge():
    assert short(item("dim n = 9223372036854775807").dims[0].size) == "9223372036854775807"
    assert item("tensor " + "a" * 200).items[0].name.text == "a" * 200
    assert (
        parse(Source("a.tn", ""))
        == parse(Source("b.tn", "\ufeff\n\n # nothing\r\n;"))
        == t.File(Source("", ""), ())
    )


def test_names_are_normalised():
    assert item("ﬁ = 𝛼 Å").targets[0].name.text == "fi"
    assert short(item("y = Å").value) == "\u00c5"


# ---------------------------------------------------------------- what is no program


PIECES = [
    *sorted({piece for text in TEXTS for piece in re.findall(r"\w+|\s|[^\w\s]", text)}),
    *('"', "`", "\0", "\ud800", "\r", "²", "@", "..", "(", ")", "[", "]", "{", "}", "\n", ";"),
]


def is_answered(text: str) -> None:
    """A tree or mistakes, and the mistakes can be shown; nothing else happens."""
    found = Diagnostics()
    tree = parse_collecting(Source("a.tn", text), found)
    assert (tree is None) == bool(found.errors)
    for mistake in found:
        assert re.fullmatch(r"TN1\d\d", mistake.code)
        assert str(mistake).encode("utf-8", "strict")
        assert 1 <= mistake.span.line <= text.count("\n") + 1 and mistake.span.column >= 1
    if tree is not None:
        written = format_text(Source("a.tn", text))
        assert parse(Source("a.tn", written)) == tree
        assert format_text(Source("a.tn", written)) == written


@given(st.lists(st.sampled_from(PIECES), max_size=60), st.sampled_from(["", " "]))
@settings(max_examples=300)
def test_token_soup(pieces, between):
    is_answered(between.join(pieces))


@given(st.text(max_size=60) | st.text(alphabet=string.printable, max_size=60))
@settings(max_examples=200)
def test_any_text(text):
    is_answered(text)


@pytest.mark.parametrize("seed", range(300))
def test_mutated_programs(seed):
    rng = random.Random(seed)
    text = rng.choice(TEXTS)
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(len(text) + 1)
        stop = start + rng.choice([0, 1, 1, 2, 10])
        text = text[:start] + rng.choice(["", rng.choice(PIECES), rng.choice(PIECES)]) + text[stop:]
    is_answered(text)


# ---------------------------------------------------------------- effort


def test_effort_is_linear(monkeypatch):
    """Ten times the lines take about ten times the tokens, reductions and copies of the parser."""
    from tnlang.syntax import build, parser

    def effort(lines: int) -> tuple[int, int]:
        counts = [0, 0]

        def count(original, which):
            def counted(*args, **kwargs):
                counts[which] += 1
                return original(*args, **kwargs)

            return counted

        text = "\n".join(
            f"y{n}[q] = softmax[k](A[q, k] x[k, e] / sqrt(d{{{n}}})) + b[q]" for n in range(lines)
        )
        with monkeypatch.context() as patch:
            patch.setattr(build.Many, "__init__", count(build.Many.__init__, 0))
            patch.setattr(parser, "_copy", count(parser._copy, 1))
            parse(Source("a.tn", text))
        return counts[0], counts[1]

    small, large = effort(100), effort(1000)
    assert all(9 <= many / few <= 11 for few, many in zip(small, large, strict=True)), (small, large)
