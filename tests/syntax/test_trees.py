"""Whole programs: all examples parse, their trees and places are what they were, spans are right."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.conftest import PROGRAMS
from tests.syntax.trees import children, outline, text_of, walk
from tnlang.source import Source
from tnlang.syntax import ast as t
from tnlang.syntax import parse

EXAMPLES = list(PROGRAMS.values())
GOLDENS = Path(__file__).parent / "goldens"

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def read(path: Path) -> t.File:
    return parse(Source(path.name, path.read_text(encoding="utf-8")))


def test_there_are_87_examples():
    assert len(EXAMPLES) >= 87


@each_example
def test_example_parses(path):
    tree = read(path)
    assert tree.items
    assert tree == read(path)


@each_example
def test_spans(path):
    """Each node stands within its parent, in order, and a name's span holds the name."""
    for node in walk(read(path)):
        assert node.span.source.name == path.name, node
        assert text_of(node.span).strip() == text_of(node.span) != ""
        before = (node.span.line, node.span.column)
        for child in children(node):
            start = (child.span.line, child.span.column)
            end = (child.span.end_line, child.span.end_column)
            assert (node.span.line, node.span.column) <= start < end
            assert end <= (node.span.end_line, node.span.end_column)
            if not isinstance(node, t.Option | t.WeightsDecl):
                assert before <= start, (node, child)
            before = start
        if isinstance(node, t.Name) and " " not in node.text:
            assert unicodedata.normalize("NFKC", text_of(node.span)) == node.text
        if isinstance(node, t.Number):
            assert text_of(node.span).replace(" ", "") == node.text


def test_spans_are_those_of_the_raw_text():
    """Normalised names, tabs, a mark at the start and a letter of two units count as they are written."""
    binding = parse(Source("a.tn", "\ufeff\tﬁ = 𝔸[ﬁ]  # 😀\n")).items[0]
    assert isinstance(binding, t.Binding)
    assert binding.targets[0].name.text == "fi"
    assert text_of(binding.targets[0].name.span) == "ﬁ"
    use = binding.value.value
    assert isinstance(use, t.Use) and use.path.parts[0].name.text == "A"
    assert (use.span.column, use.span.end_column) == (7, 11)


@pytest.mark.parametrize("name", ["T6_matrix_vector", "S15_mps", "N15_head_sums", "C7_patching", "quantum"])
def test_tree(name):
    """The tree as an outline; ``TN_ACCEPT=1`` writes what it is now."""
    golden = GOLDENS / f"{name}.txt"
    seen = outline(read(PROGRAMS[name]))
    if os.environ.get("TN_ACCEPT") == "1":
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8")
