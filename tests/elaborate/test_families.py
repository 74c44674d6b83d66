"""Families, sum and prod, figures' equations apart: rule 9."""

from __future__ import annotations

import time

import pytest

from tests.elaborate.notation import codes, elaborated, net

GIVEN = """
dim N = 3, n = 2
param A{k: 0..N}[l: n, p: n, r: n], E{0}[r: n], E{k: 1..N}[l: n, r: n]
tensor M[n, n], v[n], s
"""


def right(line: str, **dims: int) -> str:
    return net(GIVEN + line, **dims)[-1].split(" = ", 1)[1]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("y = prod k in 0..N { s }", "s s s"),
        ("y = prod k in 0..0 { s }", "1"),
        ("y = prod k in 0..N { v[i] }", "Σi v[i] v[i] v[i]"),
        (
            "y = prod k in 0..N { M[b{k}, b{k+1 mod N}] }",
            "Σb{0},b{1},b{2} M[b{0}, b{1}] M[b{1}, b{2}] M[b{2}, b{0}]",
        ),
        ("y[b{0}, b{2}] = prod k in 0..2 { M[b{k}, b{k+1}] } s", "Σb{1} M[b{0}, b{1}] M[b{1}, b{2}] s"),
        ("y = prod k in 0..2 { (v[i] + s) v[i] }", None),
        ("y = prod a in 0..2, b in 0..a { M[a, b] }", "M[1, 0]"),
        ("y = prod a in 0..2 { v[a] + a }", "(v[0] + 0) (v[1] + 1)"),
        (
            "y[p{0..N}] = prod k in 0..N { A{k}[0, p{k}, 0] }",
            "A{0}[0, p{0}, 0] A{1}[0, p{1}, 0] A{2}[0, p{2}, 0]",
        ),
        # sums stay folded where they can
        ("y = sum k in 0..n { v[k] }", "sum k in 0..n {v[k]}"),
        ("y[i] = sum k in 0..n { M[k, i] v[k] + s v[i] }", "sum k in 0..n {M[k, i] v[k] + s v[i]}"),
        ("y = sum k in 0..n, l in 0..k { M[k, l] }", "sum k in 0..n, l in 0..k {M[k, l]}"),
        ("y = sum k in 0..N { A{k}[0, 0, 0] }", "sum k in 0..N {A{k}[0, 0, 0]}"),
        ("y = s sum k in 0..n { v[k] v[i] v[i] }", "s sum k in 0..n {Σi v[k] v[i] v[i]}"),
        # and are written out where they cannot
        ("y = sum k in 0..2 { v[b{k}] v[b{k}] }", "Σb{0} v[b{0}] v[b{0}] + Σb{1} v[b{1}] v[b{1}]"),
        ("y = s - sum k in 0..2 { v[b{k}] v[b{k}] }", "s + -Σb{0} v[b{0}] v[b{0}] + -Σb{1} v[b{1}] v[b{1}]"),
        ("y = s sum k in 0..2 { v[b{k}] v[b{k}] }", "s (Σb{0} v[b{0}] v[b{0}] + Σb{1} v[b{1}] v[b{1}])"),
        ("y = sum k in 0..3 { prod l in 0..k { s } }", "1 + s + s s"),
        ("y = sum k in 0..1 { E{k}[0] }", "E{0}[0]"),
    ],
)
def test_what_is_written_out(line: str, becomes: str | None):
    if becomes is None:
        assert codes(GIVEN + line) == []
    else:
        assert right(line) == becomes


def test_written_out_ranges_count_members():
    program = elaborated(GIVEN + "y = sum k in 0..n { v[k] }")
    assert {dim.name for dim in program.dims if dim.counts_members} == {"N"}
    assert len(elaborated(GIVEN, N=5).declarations) == 5 + 5 + 3
    assert right("y = prod k in 0..N { s }", N=5) == "s s s s s"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("y = A{3}[0, 0, 0]", "TN602"),
        ("y = A{N}[0, 0, 0]", "TN602"),
        ("y = A[0, 0, 0]", "TN604"),
        ("y = A{0, 1}[0, 0, 0]", "TN604"),
        ("y = v{0}", "TN604"),
        ("repeat k in 0..4 { h{k} = A{k}[0, 0, 0] }", "TN602"),
        ("repeat k in 0..2 { h{k} = E{k}[0] }", "TN603"),
        ("repeat k in 0..2 { h{k} = prod l in 0..k { s } }", "TN600"),
        ("repeat k in 0..2 { h{k} = v[b{k}] v[b{k}] }", "TN600"),
        ("y[k] = sum k in 0..n { M[k, k] }", "TN605"),
        ("y = prod k in 0..2 { prod k in 0..2 { s } }", "TN605"),
        ("y = prod k in 0..2 { v[k: n] }", "TN605"),
        ("y = prod k in 0..200, l in 0..200 { s }", "TN601"),
        ("y = prod k in 0..200 { prod l in 0..200 { s } }", "TN601"),
        ("y = prod k in 0..2 { M[b{k}, b{k + 1}] }", "TN400"),
        ("y = prod k in 0..n / 4 { s }", "TN606"),
        ("param A{0}[l: n]", "TN203"),
        ("h{0} = s; h{0} = s", "TN504"),
        ("h{0..2} = s", "TN604"),
    ],
)
def test_what_is_refused(line: str, code: str):
    assert set(codes(GIVEN + line)) == {code}


def test_a_count_without_a_number_is_asked_for():
    text = "dim N\nparam A{k: 0..N}[a: 2]"
    assert codes(text) == ["TN600"]
    assert codes(text, N=3) == []


def test_too_large_families_are_refused_at_once():
    assert codes("param A{k: 0..10 ^ 9}[a: 2]") == ["TN601"]
    assert codes("tensor A[p{0..20000}: 2]") == ["TN601"]


def test_depth_of_dims_and_nets_is_limited():
    chain = "dim a0 = 1\n" + "\n".join(f"dim a{i + 1} = a{i} + 1" for i in range(300))
    assert codes(chain) == ["TN311"]
    doubling = "dim a0 = 1\n" + "\n".join(f"dim a{i + 1} = a{i} + a{i}" for i in range(50))
    assert codes(doubling) == []
    nets = "dim n = 1\nnet f0(x[n]) -> y[n] { y = x }\n"
    nets += "\n".join(f"net f{i + 1}(x[n]) -> y[n] {{ y = f{i}(x) }}" for i in range(150))
    assert codes(nets) == ["TN501"]


def test_a_long_product_takes_time_in_proportion():
    text = "dim n = 2\ntensor A[n, n]\ny = prod a in 0..9000 { A[b{a}, b{a+1 mod 9000}] }"
    started = time.perf_counter()
    assert codes(text) == []
    assert time.perf_counter() - started < 20, "some step compares every wire with every other"
