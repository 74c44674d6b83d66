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


BUNDLES = """
dim n = 2, m = 3, o = 1, q = 2
tensor T0[n, s1: 2, s2: 3, s3: 2, s4: 5, s5: 2, s6: 2] complex
tensor T1[m, s1: 2, s2: 4, s3: 5, s4: 12, s5: 4] complex
tensor T2[n, s1: 3, s2: 1] complex
tensor T3[s0: 2, n, n] complex
y0[i: n, c': o, b: m] = 0.5 * conj(T0[0, j: 0..2, j: 1..3, l: 0..2, in: 1..4, i, l]) *
    conj(T1[0, a, (0 a c'), in: 2..5, (1 l b), (1 i c')]) /
    conj(T2[0, α: 2..3, α: 0..1]) + sum[l](T3[j: 0..2, j, l])
"""


def test_thin_members_of_a_bundle_are_no_stretches_of_one_wire() -> None:
    """They begin nearer to one another than stretches that go on."""
    program = tnlang.load(BUNDLES)
    report = tnlang.verify(program.nets["main"].svg(), program, module=False)
    assert report.ok, report


LONE = """
dim n, m = 3, o = 1, q = 2
param P0[n, m]

net inner(x0[m, m]) -> r[m] {
    param W0[q]
    param W1[m, n, n, q]
    param W2[m, q, n]
    r[in] = ones[in: m] + W0[k] (W1[in, n2, 1, k]) W2[in, k, n2]
}

net outer(x0[n], x1[n, n], x2[m, m]) -> (y, s[n, n]) {
    param W0[o, o, q]
    param W1[n, n, n]
    param G2{u: 0..3}[q, n, n]
    param W3
    param W4[n, n]
    param F5{u: 0..1}[n, n]
    stream s[a, i] = x1[a, i] + x1[a, i] / W0[c', c', 0]
    repeat lay in 1..3 {
        s[b, k] += W1[k, b, k] - pi G2{lay}[0, b, k] / W3
        z0 = inner(x2) as c1
        s[i, α] += -lay conj(W4[α, i]) / W3
    }
    y = 0.5 * W1[l, 0, l] / conj(x0[0]) + prod u in 0..1 { F5{u}[i{u}, i{u+1 mod 1}] }
}
"""


def test_a_bubble_round_a_number_alone_beside_a_stream_is_drawn() -> None:
    drawn = tnlang.load(LONE).nets["outer"].svg()
    assert "W3" in drawn and "reciprocal" in drawn
