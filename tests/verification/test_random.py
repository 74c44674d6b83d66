"""Random networks with bubbles, hyperedges and repeated legs: read back, they are what was written."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

import tnlang
from tests.draw.test_random import programs
from tests.strategies import Case
from tests.strategies import programs as cases
from tnlang.draw.lint import lint
from tnlang.draw.svg import to_svg


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
    program = tnlang.load(LONE)
    scene = program.nets["outer"].scene()
    assert lint(scene) == ()
    report = tnlang.verify(to_svg(scene), program, net="outer", module=False)
    assert report.ok, report


ROUND_BUBBLES = {
    "the trace of what a function gives": "S[i, j] = softmax[j](A[i, j])\ny = S[k, k]",
    "the trace of what an elementwise one gives": "y = relu(A[i, j]) delta[i, j]",
    "its diagonal": "S[i, j] = softmax[j](A[i, j])\ny[k] = S[k, k]",
    "the trace of a sum": "y = softmax[i](A[i, j] + B[j, i]) delta[i, j]",
    "a diagonal in a function": "y[i, j] = sigmoid(v[i] delta[i, j])",
    "a shift round a function": "y = sin(A[i, j]) shift(1)[i, j]",
    "two shifts round it": "y = sin(A[i, j] + B[i, j]) delta[i, k] shift(0)[k, l] shift(1)[l, j]",
    "a shift among numbers": "y = v[0] - shift(0)[i: 3, j: 3] (sum t in 0..1 { -delta[i: 3, j: 3] })^2",
    "a group round it": "y = sin(A[i, j]) C[(i j)]",
}


@pytest.mark.parametrize("kind", ROUND_BUBBLES)
def test_wires_that_meet_outside_of_a_function_come_through_its_wall_one_by_one(kind: str) -> None:
    """Within it they are two: what it is a function of has both."""
    program = tnlang.load(f"tensor A[a: 3, b: 3], B[a: 3, b: 3], C[ab: 9], v[a: 3]\n{ROUND_BUBBLES[kind]}\n")
    report = tnlang.verify(program.nets["main"].svg(), program, module=False)
    assert report.ok, report


ENDS_OF_STREAMS = (
    "y[b, c] = softmax[b](s[b] W[b, c])",
    "y[b, c] = relu(s[k] V[k, b] W[b, c])",
    "y[b, c] = relu(s[b] W[b, c] + W[b, c])",
)


@pytest.mark.parametrize("end", ENDS_OF_STREAMS)
def test_a_stream_that_ends_in_a_function_stands_within_its_wall(end: str) -> None:
    """Wires that run into it from outside would be worked on after the function."""
    program = tnlang.load(
        f"""
        dim n = 3, m = 2
        net f(x[n]) -> y[n, m] {{
            param V[n, n], W[n, m]
            stream s = x
            s[k] += V[k, l] s[l]
            {end}
        }}
        """
    )
    report = tnlang.verify(program.nets["f"].svg(), program, module=False)
    assert report.ok, report


PAST_SUMS = (
    "y[a, (b c)] = A[a, b] + B[b, c]",
    "y[(a b)] = A[a, b] + v[b]",
    "S[a, b, c] = A[a, b] + B[b, c]\ny[b] = S[k, b, k]",
    "y[a, b, c] = A[a, b] + B[b, c]",
)


@pytest.mark.parametrize("text", PAST_SUMS)
def test_a_wire_passes_a_sum_by_only_where_nothing_is_done_to_it(text: str) -> None:
    """In a group with a wire of the result it would tie a term to what becomes of the sum."""
    program = tnlang.load(f"tensor A[a: 3, b: 3], B[a: 3, b: 3], v[a: 3]\n{text}\n")
    report = tnlang.verify(program.nets["main"].svg(), program, module=False)
    assert report.ok, report


@settings(max_examples=24, phases=[Phase.generate])
@given(cases())
def test_the_picture_of_a_random_program_is_clean_and_says_what_it_gives(case: Case) -> None:
    """Nothing overlaps in it, and what is read from it has the values of the program."""
    program = tnlang.load(case.text)
    scene = program.nets[case.net].scene()
    assert [(finding.rule, finding.message) for finding in lint(scene)] == [], case.text
    report = tnlang.verify(to_svg(scene), program, net=case.net, module=False)
    assert report.ok, f"{case.text}\n{report}"
