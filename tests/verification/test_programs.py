"""Programs that no figure was made for: their pictures are read back, and are what they say."""

from __future__ import annotations

from functools import cache

import pytest

import tnlang
from tests.verification.damage import edited, remove
from tnlang.verification import Report, verify
from tnlang.verification.svg import read_svg

DIMS = "dim n = 3, m = 2, seq = 3, d = 4\n"
BLOCK = "net b(x[seq, d]) -> y[seq, d] { param W[d, d]; y[p, i] = W[i, j] relu(x[p, j] + 1) }\n"
PROGRAMS = {
    "numbers among several outputs": """
        net f(x[n], a, b) -> (y[n], s, t, z[n]) {
            param A[n, n], v[n], c
            y[i] = A[i, j] x[j]
            s = y[i] v[i]
            t = exp(s) / (1 + (a + b c)^2)
            z[i] = A[i, j] y[j] v[k] x[k]
        }""",
    "members of a family among several outputs": """
        net f(x[n]) -> (s{0}, s{1}, y[n]) {
            param A{0}[n, n], A{1}[n, n]
            s{0} = A{0}[i, j] x[i] x[j]
            s{1} = sum h in 0..2 { A{h}[i, j] A{h}[i, k] x[j] x[k] } / 2
            y[i] = A{1}[i, j] x[j] s{0}
        }""",
    "a value of several factors, used twice": """
        net f(x[n]) -> z {
            param A[n, n], v[n]
            y[i] = 3 A[i, j] x[j] v[k] x[k]
            z = y[i] y[i]
        }""",
    "a number beside a stream in a bubble": """
        net f(x[n]) -> y[n] { param W[n, n]; stream s[i] = W[i, j] x[j]; s += x; y[i] = erf(2 s[i]) x[i] }
        net g(x[n], a) -> y[n] { stream s[i] = x[i] - square(x[i]); y[i] = tanh(a conj(s[i])) }""",
    "numbers added and taken away": """
        net f(x[n], a, b) -> (p, q, r[n], u[n]) {
            param c, v[n]
            p = a - b c v[i] x[i]
            q = sum[j](x[j]) - max[i](v[i] x[i]) + 2 exp(b) - 1
            r[i] = (a + exp(b)) x[i] - c + sum[j](x[j])
            u[i] = x[i] + (a - v[j] x[j]) + sum h in 0..2 { h v[j] x[j] }
        }""",
    "a number handed to a box": """
        net g(x[n], s) -> y[n] { param W[n, n]; y[i] = tanh(W[i, j] x[j] + s) + W[i, j] x[j] s }
        net f(x[n], v[n]) -> y[n] { y = g(2 x, 3 v[i] v[i]) }
        figure F { draw f; fold g }""",
    "conjugates of products": """
        net g(x[n] complex) -> y[n] { param W[n, n] complex; y[i] = W[i, j] x[j] }
        net f(x[n] complex, v[n] complex) -> (y[n], z) {
            param W[n, n] complex, U[n, n] complex
            stream s = x
            s[i] += conj(W[i, j] s[j])
            y[i] = conj(U[i, j] s[j]) + conj(x[i] v[i]) + conj(2 * W[i, j] U[j, k]) v[k]
            shared h = g
            z = h(v)[i] conj(h(v)[i]) + conj(v[i] x[i])
        }
        figure F { draw f; unfold g }""",
    "a repeat in a repeat": BLOCK
    + """
        net f(x[seq, d]) -> y[seq, d] {
            stream s = x
            repeat l in 0..2 { repeat k in 0..3 { s += b(s) } }
            y = s
        }""",
    "a repeat between others": BLOCK
    + """
        net f(x[seq, d]) -> y[seq, d] {
            stream s = x
            repeat l in 0..2 {
                s += b(s) as first
                repeat k in 0..3 { s += b(s) as inner }
                s += b(s) as last
            }
            y = s
        }""",
    "layers that a stream calls": BLOCK
    + """
        net inner(x[seq, d]) -> y[seq, d] { a = x + (b(x) as one); y = a + (b(a) as two) + x }
        net several(x[seq, d]) -> y[seq, d] { stream s = x; repeat k in 0..2 { s += b(s) }; y = s }
        net layer(x[seq, d], z[seq, d]) -> y[seq, d] {
            param W[d, d]
            stream t = x
            t = inner(t)
            t[p, i] += W[i, j] t[p, j] z[p, i]
            t = several(t)
            y = t
        }
        net f(x[seq, d]) -> y[seq, d] { stream s = x; repeat l in 0..2 { s = layer(s, x) }; y = s }
        figure F { draw f; unfold layer, inner, several, b }""",
    "a stream scaled by a number": BLOCK
    + """
        net f(x[seq, d]) -> y[seq, d] {
            param P[d, d], v[d]
            stream s[p, i] = 3 P[i, j] x[p, j]
            s += b(s) as first
            s[p, i] = s[p, i] v[j] v[j]
            s += b(s) as last
            y[p, i] = s[p, i] / 2
        }""",
    "values of a stream among several outputs": BLOCK
    + """
        net f(x[seq, d]) -> (y[seq, d], mid[seq, d], e, w[seq]) {
            stream s = x
            s += b(s) as first
            mid[p, i] = 2 s[p, i]
            s += b(s) as last
            e = s[p, i] s[p, i]
            w[p] = s[p, i] s{0}[p, i]
            y = s
        }""",
    "two streams": """
        net f(x[seq, d], z[seq, d]) -> (y[seq, d], w[seq, d]) {
            param A[d, d], B[d, d]
            stream s = x
            stream r = z
            s[p, i] += A[i, j] tanh(r[p, j])
            r[p, i] += B[i, j] relu(s[p, j])
            y = s
            w = r
        }""",
    "a frozen number": """
        net g(x[n]) -> (y[n], loss) { y[i] = tanh(x[i]); loss = y[i] y[i] / 2; }
        net f = freeze(g, y, loss)""",
    "hyperedges and traces": """
        tensor A[n, m], B[n, m], C[n, m], T[n, n, n], S[n, n]
        a[i, j] = A[i, j] B[i, j] C[i, j]
        b = A[i, j] B[i, j] C[i, j]
        c = T[i, i, j] S[j, k] S[l, k] T[l, j2, j2]
        e[i, j, k] = T[k, i, j]""",
    "a wire whose two ends have one name": """
        net f(x[seq, d]) -> y[seq, n] { param U[n, d], c[n]; y[p, v] = tanh(x[p, e]) U[v, e] + c[v] }
        net g = derivative(f, U)""",
    "names without outlines": """
        param A[n, n], B[n, n], v[n]
        style B { shape none }
        style v { shape none }
        figure f { draw relu(A[i, j] B[j, k]) B[k, l] v[l] }""",
    "a derivative with a number in a bubble": """
        net f(x[n]) -> y[n] { param W[m, n], V[n, m]; y[i] = V[i, j] tanh(W[j, k] x[k]) }
        figure g { steps derivative(f, x) }""",
}


@cache
def reports(text: str) -> list[tuple[str, Report]]:
    """Each figure and net of a program: its picture, and what is read from it."""
    program = tnlang.load(DIMS + text + "\n")
    drawn = [handles[name].svg() for handles in (program.figures, program.nets) for name in handles]
    return [(svg, verify(svg, program.ir)) for svg in drawn]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_its_picture(name: str) -> None:
    for _, report in reports(PROGRAMS[name]):
        assert report.ok, str(report)


def test_outputs_that_are_numbers_are_told_apart_by_their_outlines() -> None:
    text = "net f(x[n]) -> (s, t) { param v[n]; s = v[i] x[i]; t = x[i] x[i] }"
    ((svg, report),) = reports(text)
    assert report.ok, str(report)
    program = tnlang.load(DIMS + text)
    titles = [e.title for e in read_svg(svg).layer("bubbles")]
    assert titles == ["bracket s", "bracket t"]
    for place in range(2):
        nameless = verify(edited(svg, ("bubbles", place, remove)), program.ir, module=False)
        assert nameless.faults[0].startswith("what stands here is no output's")
    other = svg.replace("bracket s<", "bracket \0<").replace("bracket t<", "bracket s<")
    swapped = verify(other.replace("bracket \0<", "bracket t<"), program.ir, module=False)
    assert [fault.partition(":")[0] for fault in swapped.faults] == ["output s differs", "output t differs"]


def test_copies_of_later_values_of_a_stream_are_told_by_their_primes() -> None:
    """Without a ribbon a copy belongs to the station that has its name, primes included."""
    ((svg, _), *_) = reports(PROGRAMS["values of a stream among several outputs"])[1:]
    told = {e.title.partition(" [")[0] for e in read_svg(svg).layer("shapes")}
    assert {"(copy) s", "(copy) s'", "(copy) s''", "(again) s", "(again) s'", "(again) s''"} <= told


TWO = """
dim n = 4
net two(x[n]) -> (a[n], b[n]) {
    param A[n, m: n], B[n, m: n]
    a[i] = tanh(A[i, j] x[j])
    b[i] = sigmoid(B[i, j] x[j])
}
"""
USES = {
    "both given": "net f(x[n]) -> (a[n], b[n]) { a, b = two(x) }",
    "in one product": "net f(x[n]) -> y[n] { a, b = two(x); y[i] = a[i] b[i] }",
    "conjugated": "net f(x[n]) -> y { a, b = two(x); y = a[i] conj(b[i]) }",
    "one in a function": "net f(x[n]) -> y[n] { a, b = two(x); y[i] = tanh(a[i]) + b[i] }",
    "both in a function": "net f(x[n]) -> y[n] { a, b = two(x); y[i] = softmax[i](a[i] b[i] + b[i]) }",
    "in brackets": "net f(x[n]) -> y[n] { a, b = two(x); y[i] = (a[i] + x[i]) (b[i] + 1) }",
    "a number too": "net f(x[n]) -> (y, a[n]) { a, b = two(x); y = a[i] b[i] }",
    "added one by one": "net f(x[n]) -> y[n] { stream r = x; a, b = two(r); r += a; r += b; y = r }",
    "beside a stream": "net f(x[n]) -> (y[n], b[n]) { stream r = x; a, b = two(r); r += a; y = r }",
    "in a plate": "net f(x[n]) -> (y[n], z[n]) { stream r = x; stream s = x;"
    " repeat l in 0..2 { a, b = two(r); s += b; r += a }; y = r; z = s }",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_call_that_gives_several_values_is_one_box(use: str) -> None:
    program = tnlang.load(f"{TWO}{use}\nfigure F {{ draw f; fold two }}\n")
    svg = program.figures["F"].svg()
    assert svg.count("<title>(box) two") == 1
    report = verify(svg, program.ir)
    assert report.ok, str(report)
