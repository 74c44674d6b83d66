"""Small texts that ask for much, and texts that are much: an answer in time, never a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tnlang
from tnlang.draw.view.build import TooLarge
from tnlang.elaborate import check_text
from tnlang.files import LARGEST, read_source
from tnlang.source import Diagnostics, Source, TnError, ValueMismatch
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


def doubling(depth: int, last: str) -> str:
    """Nets each of which calls the next one twice."""
    nets = (f"net n{i}(x[i: 3]) -> y[i: 3] {{ y = n{i + 1}(n{i + 1}(x)) }}\n" for i in range(depth))
    return "".join(nets) + f"net n{depth}(x[i: 3]) -> y[i: 3] {{ y = {last} }}\n"


def test_nets_that_call_one_another_twice_on_many_levels():
    found = check_text(doubling(60, "x"), "doubling.tn")
    assert {d.code for d in found} == {"TN601"}
    first = min(found, key=lambda d: -d.span.line)
    assert first.message == "n47 calls nets 16,382 times, the calls within those counted"
    with pytest.raises(TnError, match="TN601"):
        tnlang.load(doubling(60, "x"))


def test_calls_are_counted_by_net():
    handle = tnlang.load(doubling(12, "2 x")).nets["n0"]
    assert handle.cost().flops == 2**12 * 3
    assert handle.source().count("class N") <= 16


BILLION = """net f(x[i: 3]) -> y[i: 3] {
    stream s = x
    repeat l in 0..1000000000 { s += s }
    y = s
}
"""


def test_turns_that_are_alike_are_multiplied():
    handle = tnlang.load(BILLION).nets["f"]
    assert handle.cost().flops == 3_000_000_000
    assert "for l in range(1000000000):" in handle.source()
    total = tnlang.load("tensor x[i: 3]\ny = sum l in 0..1000000 { sum k in 0..1000 { x[i] x[i] } }")
    assert total.nets["main"].cost().flops == 10**9 * 7 - 1


def test_turns_that_are_unlike_are_counted_each():
    text = "dim n = 4\ntensor W[a: 10]\ny = sum l in 1..n { sum k in 0..l { W[3] W[3] } }"
    flops = tnlang.load(text).nets["main"].cost().flops
    assert flops == (1 + 2 + 3) + (0 + 1 + 2) + 2
    with pytest.raises(ValueError, match="10,000 turns"):
        tnlang.load(text, dims={"n": 20_000}).nets["main"].cost()


def test_a_module_keeps_no_billion_values():
    pytest.importorskip("torch")
    with pytest.raises(ValueMismatch, match="s has 1,000,000,001 values in its repeat; at most 10,000"):
        tnlang.load(BILLION).nets["f"].module()


@pytest.mark.parametrize("value", ["x" + " + x" * 10_000, "a " * 10_000 + "x"])
def test_a_statement_has_at_most_ten_thousand_factors(value: str):
    found = check_text(f"net f(x[i: 3], a) -> y[i: 3] {{ y = {value} }}", "long.tn")
    assert [(d.code, d.span.line) for d in found] == [("TN601", 1)]


def test_a_sum_of_many_terms():
    torch = pytest.importorskip("torch")
    signs = [1 if i % 3 else -1 for i in range(700)]
    text = "tensor x[i: 3], z[i: 3]\ny = " + "".join(
        f"{' - ' if sign < 0 else ' + '}{'x' if i % 2 else 'z'}" for i, sign in enumerate(signs)
    ).removeprefix(" - ").join(["- ", ""])
    handle = tnlang.load(text).nets["main"]
    x, z = np.array([0.5, -1.0, 2.0]), np.array([3.0, 0.25, 1.0])
    wanted = sum(signs[1::2]) * x + sum(signs[::2]) * z
    module = handle.module().double()
    given = {"x": x, "z": z}
    found = module(*(torch.tensor(given[name]) for name in handle.input_names))
    np.testing.assert_allclose(handle.numpy(**given), wanted, rtol=1e-12)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12)


def test_a_product_of_thousands_is_written_line_by_line():
    torch = pytest.importorskip("torch")
    text = "net f(x[i: 3], a) -> y[i: 3] { y = " + "a " * 2000 + "x }"
    module = tnlang.load(text).nets["f"].module()
    assert module(torch.ones(3), torch.tensor(-1.0)).tolist() == [1, 1, 1]


def test_an_expression_too_deep_for_python_is_reported():
    deep = "sum k in 0..2 { " + "a " * 600 + "x[(k)] }"
    text = f"net f(x[i: 3], a) -> y {{ y = {deep} }}"
    with pytest.raises(TnError, match="TN608"):
        tnlang.load(text).nets["f"].source()


def test_a_picture_of_calls_within_calls_is_drawn_or_refused():
    with pytest.raises(TooLarge, match="nests too deep"):
        tnlang.load(doubling(12, "2 x")).nets["n0"].svg()
    assert tnlang.load(doubling(3, "2 x")).nets["n0"].svg().count("<svg") == 1
