"""Nets that transforms make are drawn, alone and as rows of steps, and the pictures say what they compute."""

from __future__ import annotations

import pytest

import tnlang

RMSNORM = """
dim seq = 4, hidden = 5
net f(x[seq, hidden]) -> y[seq, hidden] { param g[hidden]; y[p, d] = rmsnorm[d](x[p, d]) g[d] }
"""
SOFTMAX = """
dim n = 4
net f(x[n]) -> y[n] { y[i] = softmax[i](x[i]) }
"""
ATTENTION = """
dim seq = 4, hidden = 5, head = 2, size = 3
net f(x[seq, hidden]) -> o[seq, hidden] {
    param W_Q[head, size, hidden], W_K[head, size, hidden], W_V[head, size, hidden], W_O[head, size, hidden]
    Q[h, q, s] = x[q, d] W_Q[h, s, d]
    K[h, k, s] = x[k, d] W_K[h, s, d]
    A[h, q, k] = softmax[k](causal[q, k](Q[h, q, s] K[h, k, s]))
    z[h, q, s] = A[h, q, k] W_V[h, s, e] x[k, e]
    o[q, d] = z[h, q, s] W_O[h, s, d]
}
"""
CALLED = """
dim seq = 3, hidden = 8, vocab = 50
net ln(x[seq, hidden]) -> y[seq, hidden] {
    param gain[hidden], bias[hidden]
    y[p, d] = layernorm[d](x[p, d]) gain[d] + bias[d]
}
net f(x[seq, hidden]) -> logits[seq, vocab] {
    param W_U[vocab, hidden], b_U[vocab]
    logits[p, v] = ln(x)[p, d] W_U[v, d] + b_U[v]
}
"""
SEVERAL = """
dim n = 4
net f(x[n], w[n]) -> (y[n], s[n]) { param A[n, m: n]; y[i] = 3 A[i, j] x[j]; s[i] = w[i] x[i] }
"""
STREAM = """
dim n = 4
net f(x[n]) -> y[n] { param W[n, m: n]; stream r = x; r[i] += W[i, j] tanh(r[j]); y = r }
"""
PLATE = """
dim n = 4
net b(x[n]) -> y[n] { param W[n, m: n]; y[i] = W[i, j] tanh(x[j]) }
net f(x[n]) -> y[n] { stream r = x; repeat l in 0..3 { r += b(r) as p; r += b(r) as q }; y = r }
net g(x[n]) -> y[n] { param V[n, m: n]; y[i] = V[i, j] (f(x) as s)[j] }
"""
ADDITIONS = """
dim n = 4
net f(x[n]) -> y[n] {
    param A[n, m: n], B[n, m: n], C[n, m: n]
    stream r = x
    a[i] = A[i, j] tanh(r[j]); r += a
    b[i] = B[i, j] tanh(r[j]); r += b
    c[i] = C[i, j] sigmoid(r[j]); r += c
    y = r
}
"""
CACHED = """
dim seq = 4, hidden = 5, size = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_Q[size, hidden], W_K[size, hidden], W_V[size, hidden], W_O[size, hidden]
    K[k, s] = W_K[s, e] x[k, e]
    V[k, s] = W_V[s, e] x[k, e]
    A[q, k] = softmax[k](causal[q, k](W_Q[s, d] x[q, d] K[k, s]))
    y[q, o] = A[q, k] V[k, s] W_O[s, o]
}
net f(x[seq, hidden]) -> y[seq, hidden] { stream r = x; r += attention(r); y = r }
net g(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..2 { r += attention(r) }
    y = r
}
"""
SHIFTED = """
dim seq = 4, hidden = 5
net f(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, e: hidden]
    y[q, d] = x[q, d] + W[d, e] shift(1)[q, k] x[k, e]
}
"""
WIDE = """
dim tok = 4, emb = 6, grp = 2, sz = 2, three = 3
net f(tokens[tok, emb]) -> out[emb, tok] {
    param QKV[three, grp, sz, emb], P[emb, grp, sz]
    all[w, g, t, s] = QKV[w, g, s, e] tokens[t, e]
    pat[g, i, j] = softmax[j](causal[i, j](all[0, g, i, s] all[1, g, j, s]))
    out[e, i] = P[e, g, s] pat[g, i, j] all[2, g, j, s]
}
"""
MADE = {
    WIDE: ["decompose(f, QKV, svd, rank = 4)", "expand(f, all)", "patch(f, all -> out)"],
    PLATE: [
        *(f"freeze(f, {value})" for value in ("r{0}", "r{1}", "r{5}", "r", "p{1}.y")),
        "freeze(g, s.r{0})",
        "freeze(g, r)",
    ],
    ADDITIONS: [f"patch(f, {path})" for path in ("b -> y", "a -> c", "a -> b -> c", "a -> b -> y")],
    CACHED: ["incremental(f, seq)", "incremental(g, seq)"],
    SHIFTED: ["incremental(f, seq)"],
    STREAM: ["derivative(f, x)", "derivative(f, W)"],
    RMSNORM: ["derivative(f, x)", "derivative(f, g)", "freeze(f, scale)", "ablate(f, y, mean = p)"],
    SOFTMAX: ["derivative(f, x)", "derivative(derivative(f, x), x)", "patch(f, y)", "ablate(f, y, mean = i)"],
    ATTENTION: [
        "derivative(f, A)",
        "derivative(freeze(f, A), x)",
        "expand(freeze(f, A), h)",
        "ablate(f, z[0, q, s])",
        "ablate(f, A, mean = k)",
        "patch(f, z[1, q, s])",
        "patch(f, A -> o)",
        "contract(f, A, W_V)",
        "contract(f, W_Q, x)",
        "decompose(f, W_V, svd)",
        "decompose(f, W_Q, tucker, rank = (2, 2, 2))",
        "incremental(f, seq)",
    ],
    CALLED: ["fold(f, ln)", "derivative(f, x)", "ablate(f, y)", "ablate(f, y, mean = p)", "patch(f, y)"],
    SEVERAL: ["derivative(f, w)", "derivative(f, x)", "simplify(f)", "freeze(f, y)"],
}
PAIRS = [(text, line) for text, lines in MADE.items() for line in lines]


@pytest.mark.parametrize(("text", "line"), PAIRS, ids=lambda part: part if "\n" not in part else "")
def test_a_net_and_its_steps_say_what_they_compute(text: str, line: str) -> None:
    program = tnlang.load(f"{text}net new = {line}\nfigure steps {{ steps {line} }}\n")
    for drawn in (program.nets["new"], program.figures["steps"]):
        report = tnlang.verify(drawn.svg(), program, module=False)
        assert report.ok, str(report)
