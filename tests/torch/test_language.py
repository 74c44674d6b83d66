"""Programs that each use a part of the language: fused, observed and in batches as the reference has it."""

from __future__ import annotations

import pytest

from tests.torch.modules import agree

CASES = {
    "names that Python or nn.Module cannot have": (
        """\
dim self = 3, lambda = 2, to
net f(W[self, lambda], half[to]) -> type[self, to] {
    param W'[self, lambda], training[lambda], forward[to] ~ ones
    float[a, b] = W[a, c] W'[a, c] half[b]
    sum_[a] = W'[a, c] training[c]
    type[a, b] = float[a, b] forward[b] + sum_[a]
}
""",
        "f",
        {"to": 4},
    ),
    "names that the generated module uses itself": (
        """\
dim n = 3
net values(x[n]) -> y[n] { y = relu(x) }
net value(x[n]) -> y[n] { y = values(x) + x }
net F(x[n]) -> y[n] { param g[n] ~ ones; y[i] = layernorm[i](x[i]) g[i] }
net tensor_(spread[n], legs[n], under[n]) -> (torch[n], causal[n]) {
    torch = F(value(spread)) + legs
    causal[i] = softmax[i](under[i] torch[i])
}
""",
        "tensor_",
        {},
    ),
    "several outputs; one cell shared in a repeat": (
        """\
dim n = 3
net cell(x[n], h0[n], c0[n]) -> (h[n], c[n]) {
    param W[n, n]
    c[i] = sigmoid(W[i,j] x[j]) c0[i] + tanh(x[i])
    h[i] = tanh(c[i]) h0[i]
}
net rnn(x[n], h0[n], c0[n]) -> y[n] {
    shared step = cell
    stream h = h0
    stream c = c0
    repeat t in 0..3 { a, b = step(x, h, c); h = a; c = b }
    y = h + c
}
""",
        "rnn",
        {},
    ),
    "families, values by number, nested repeats, earlier values of a stream": (
        """\
dim n = 3, layer = 3
net f(x[n]) -> y[n] {
    param W{l: 0..3}[n, n], V{l: 1..3}[n]
    h{0} = x
    repeat l in 1..3 { h{l}[i] = tanh(W{l}[i, j] h{l-1}[j] + V{l}[i]) }
    stream s = x
    repeat l in 0..layer { repeat m in 0..2 { s += x; t[i] = s[i] * (l + 1); s -= t } }
    y = h{2} + h{1} + s + s{2} + s{0}
}
""",
        "f",
        {},
    ),
    "what the file declares, handed down to callees": (
        """\
dim n = 3, m = 2
param E[n, m], G{k: 0..2}[m]
const C[m] = [1, 2]
const three = 3
tensor T[m]
net inner(x[n]) -> y[m] { y[j] = x[i] E[i, j] C[j] G{1}[j] + T[j] three }
net outer(x[n]) -> y[m] { y[j] = inner(x)[j] E[i, j] x[i] + G{0}[j] }
""",
        "outer",
        {},
    ),
    "dims that no input tells, told by the caller": (
        """\
dim seq, half = 2, size = 2 * half, double = 2 * seq
net rot() -> R[seq, size] {
    a[p, j] = index[p: seq] index[j: half]
    R[p, (j r)] = sin(a[p, j]) basis(0)[r: 2] + cos(a[p, j]) basis(1)[r: 2]
}
net two() -> D[double] { D[(p r)] = index[p: seq] ones[r: 2] }
net use(x[seq, size]) -> y[size] { R = rot(); D = two(); y[d] = x[p, d] R[p, d] + D[2] }
""",
        "use",
        {"seq": 4},
    ),
    "one-hot inputs and argmax as indices": (
        """\
dim seq = 4, v = 5, d = 3
net f(t[seq, v] onehot, s[seq, v], k[v, seq] onehot(v)) -> (y[seq, d], z[seq], o[seq, v], w, q[seq]) {
    param E[v, d], M[seq, v]
    y[p, e] = argmax[a](s[p, a]) E[a, e] + t[p, a] E[a, e]
    z[p] = t[p, a] M[p, a] + log_softmax[a](s[p, a]) t[p, a]
    o = t
    w = t[p, a] t[q, a] ones[p] ones[q] + t[p, a] k[a, p]
    q[p] = argmax[a](s[p, a]) t[p, a] + t[p, a] index[a]
}
""",
        "f",
        {},
    ),
    "special tensors, summed and kept": (
        """\
dim n = 4, m = 3
net f(x[n], A[n, n], B[m, m]) -> (a[n, n], b[n], c[m], d[n, m], e[n, n], g, h[n, n], k[n, n, n]) {
    a[i, j] = x[i] delta[i, j]
    b[i] = shift(1)[i, j] x[j] + shift(1)[j, i] x[j] + tril[i, j] x[j] + A[i, j] delta[i, j] ones[j: n]
    c[i] = levi[i, j, k] B[j, l] B[k, l] + basis(1)[i: m] + B[i, i']  shift(2)[i', j] B[j, i] ones[i: m]
    d[i, j] = ones[i: n] ones[j: m]
    e[i, j] = tril[i: n, j: n] + shift(1)[i: n, j: n] x[j] + basis(1)[i] basis(2)[j] x[i]
    g = delta[i: n, i] + index[i: n] x[i] + ones[i: n] ones[i] + basis(1)[i: n] ones[i: n]
    h[i, j] = A[k, k] delta[i, j] + x[k] delta[k, i, j]
    k[i, j, l] = delta[i: n, j, l] + x[j] delta[i, l]
}
""",
        "f",
        {},
    ),
    "sums written out": (
        """\
dim n = 4, m = 3
net f(x[n], A[n, m]) -> (y[m], z[m], w[n]) {
    y[j] = sum h in 0..n { A[h, j] x[h] }
    z[j] = sum h in 1..3, k in 0..h { A[h, j] x[k] h } + sum h in 0..n { relu(A[h, j] x[h] + 1) }
    w[i] = sum h in 0..n { basis(h)[i] x[h] } + sum k in 1..n { shift(k)[i, j] x[j] k }
}
""",
        "f",
        {},
    ),
    "bubbles and brackets with names": (
        """\
dim n = 4, m = 3
net f(x[n], A[m, n]) -> y[m] {
    y[j] = (relu(A[j, i] (tanh(x[i]) as σ1)) as σ2) + (x[i] + 1 as w) A[j, i]
}
""",
        "f",
        {},
    ),
    "functions along legs that are not the last": (
        """\
dim n = 4, m = 3
net f(x[n, m]) -> y[n, m] {
    param g[n] ~ ones, b[m]
    y[i, j] = layernorm[i](x[i, j]) g[i] + rmsnorm[j](x[i, j] + 1) b[j] + normalize[i](x[i, j])
        + topk[j](x[i,j], k = 3) + inverse[i', i''](x[i', k] x[i'', k] + delta[i', i'']) ones[i'] ones[i'']
}
""",
        "f",
        {},
    ),
    "norms of complex numbers": (
        """\
dim n = 3
net f(V[n, n] complex, x[n]) -> (y[n, n], z[n], w) {
    param g[n] ~ ones
    y[i, j] = layernorm[j](V[i, j]) g[j] + rmsnorm[j](V[i, j])
    z[i] = var[j](V[i, j]) x[i] + std[j](V[j, i]) + norm[j](V[i, j])
    w = mean[i](V[i, i]) + prod[i](V[i, i]) x[1]
}
""",
        "f",
        {},
    ),
    "complex numbers": (
        """\
dim n = 3
net f(x[n], V[n, n] complex) -> (y[n, n], z) {
    param U[n, n] complex, W[n, n]
    y[i, j] = conj(V[i, k]) x[k] U[i, j] + 2j W[i, j]
    z = real(conj(V[i, j]) V[i, k] W[j, k]) + imag(U[i, i]) + abs(U[i, j] V[i, j])
}
""",
        "f",
        {},
    ),
    "groups, blocks and entries": (
        """\
dim a = 2, b = 3, c = 4
net f(T[a, bc: b * c], S[abc: 24, c]) -> (y[ab: a * b, c], z[c, b, a]) {
    y[(i j), k] = T[i, (j k)]
    z[k, j, i] = S[(i j l), k] T[i, (j l)] + S[(0 j i k), l] ones[l] T[i, 0] ones[j: b]
}
""",
        "f",
        {},
    ),
    "scalars": (
        """\
dim n = 3
const c = 2
net f(θ, x[n]) -> (y, z[n], w[n]) {
    param s
    y = θ s / sqrt(n) + cos(pi / c) + 1
    z[i] = θ x[i]^2 / (s + 3) - 1 / (x[i] + 3)
    w[i] = θ ones[i: n] + 1
}
""",
        "f",
        {},
    ),
    "nets in nets in repeats that do not start at 0": (
        """\
dim n = 3
net a(x[n]) -> y[n] { param W[n, n]; h[i] = W[i,j] x[j]; y = tanh(h) }
net b(x[n]) -> y[n] { stream s = x; repeat l in 0..2 { s += a(s); m = a(s) as two; s -= m }; y = s }
net c(x[n]) -> y[n] { stream s = x; repeat l in 1..3 { repeat k in 0..2 { s += b(s) } }; y = s }
""",
        "c",
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_language(case: str) -> None:
    text, net, dims = CASES[case]
    agree(text, net, dims)
