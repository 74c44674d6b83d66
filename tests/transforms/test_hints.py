"""Every mistake in a transform is said with what could be written instead."""

from __future__ import annotations

import pytest

from tests.elaborate.notation import codes, said

TEXT = """
dim phys = 2, bond = 3, n = 4, layer = 3
net uniform() -> y[p: phys, q: phys, a: bond, b: bond] {
    param A[l: bond, phys, r: bond]
    y[p, q, a, b] = A[a, p, m] A[m, q, b]
}
net block(x[n]) -> y[n] { param W[n, m: n]; y[i] = W[i, j] x[j] }
net model(x[n]) -> out[n] {
    stream r = x
    repeat l in 0..layer {
        h[i] = tanh(r[i])
        M[i, j] = h[i] r[j]
        r[i] += M[i, j] h[j]
        r += block(r)
    }
    out = r
}
net many(x[n]) -> out[n] {
    param V{0..3}[n, m: n]
    out[i] = V{0}[i, j] V{1}[j, k] V{2}[k, l] x[l]
}
"""

HINTS = {
    "freeze(model, block{7}.y)": "other calls or turns have y: `y` is all of them",
    "replace(model, block, foo)": "values and nets are ",
    "fold(many, W_Q)": "there are no calls and nets",
    "decompose(uniform, A, A, gauge)": "declare a tensor for each site",
    "decompose(model, block{7}.W, svd)": "name values of one net, by their paths",
    "decompose(model, M{1}, svd)": "all turns are changed alike: `M`",
    "decompose(many, V, svd)": "values are V{0}, V{1}, V{2}",
    "decompose(many, V{3}, svd)": "values are V{0}, V{1}, V{2}",
    "decompose(uniform, A, svd, left = x)": "its legs are l, phys, r",
    "decompose(many, V{0}, cp, rank = 5)": "`rank = 4`",
    "contract(model, block{1}.W, block{2}.x)": "name values of one net, by their paths",
    "derivative(model, block.W)": "write block{0}",
    "derivative(model, block{7}.W)": "the last is block{2}",
    "derivative(model, blok{0}.W)": "did you mean block?",
    "derivative(model, h)": "write h{0}",
    "freeze(model, W, rank = 2)": "`freeze(model, A, *.scale)`",
    "freeze(model, hh)": "did you mean h?",
    "fold(model, ln)": "its calls and nets are block",
    "fold(model, block)": "a weight reads it in a product that sums the legs of the gain: `W[v, d] y[p, d]`",
    "expand(model, z)": "values and summed legs are",
    "expand(model, paths, by = block, named = x)": '`named = "direct; 0.3"`',
    "expand(model, paths, of = z)": "values are",
    "replace(model, M, h[0])": "its entries are the same ones: `h`",
    "replace(model, block, uniform)": "block takes x[n] and gives y[n], uniform takes nothing and gives",
    "incremental(model, layer)": "dims of its inputs are n",
    "incremental(model, m)": "dims are phys, bond, n, layer",
    "ablate(model, M[0], h)": "a number or a name for each leg: `M[i, j]`",
    "ablate(model, M[9, j])": "they are 0 to 3",
    "ablate(model, h, mean = k)": "its legs are i",
    "patch(model, h, rank = 2)": "`patch(model, z -> b)`",
    "patch(model, z -> h)": "values are M, h, out, r, y",
}


@pytest.mark.parametrize("line", HINTS)
def test_a_mistake_has_a_hint(line: str) -> None:
    text = f"{TEXT}net new = {line}\n"
    assert codes(text)[0] in ("TN902", "TN903")
    assert f"hint: {HINTS[line]}" in said(text), said(text)


MODEL = """
dim seq = 4, hidden = 6, head = 2, size = 3, layer = 3
net norm(x[seq, hidden]) -> y[seq, hidden] { param g[hidden]; y[p, d] = rmsnorm[d](x[p, d]) g[d] }
net other(x[seq, hidden]) -> y[seq, hidden] { param g[hidden]; y[p, d] = x[p, d] g[d] }
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_QK[head, hidden, e: hidden], W_OV[head, hidden, e: hidden]
    S[h, q, k] = causal[q, k](x[q, d] W_QK[h, d, e] x[k, e])
    A[h, q, k] = softmax[k](S[h, q, k])
    y[q, d] = A[h, q, k] W_OV[h, d, e] x[k, e]
}
net mlp(x[seq, hidden]) -> y[seq, hidden] { param W[hidden, e: hidden]; y[p, d] = W[d, e] relu(x[p, e]) }
net gated(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, e: hidden]
    y[p, d] = W[d, e] x[p, e] relu(x[p, d])
}
net row(x[seq, hidden]) -> out[seq, hidden] {
    stream r = x
    r += attention(r)
    r = mlp(r)
    r += gated(r)
    out = r
}
net loose(x[seq, hidden]) -> out[seq, hidden] { stream r = x; r[p, d] += tanh(r[p, d]); out = r }
net model(x[seq, hidden]) -> out[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(norm(r)) }
    out = (norm(r) as last)
}
net deep(x[seq, hidden]) -> out[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(r); r += mlp(r) }
    out = r
}
net gates(x[seq, hidden]) -> out[seq, hidden] { stream r = x; r += gated(r); out = r }
net end(x[seq, hidden]) -> out[seq, hidden] { stream r = x; r += other(r); out[p, d] = softmax[d](r[p, d]) }
"""

SAID = {
    "expand(model, paths)": ("inside rmsnorm", "`expand(freeze(model, *.scale), paths)`"),
    "expand(deep, paths)": ("inside softmax", "freeze it first: `expand(freeze(model, A), paths)`"),
    "expand(freeze(deep, A), paths)": (
        "mlp.0.y has a stream inside relu",
        "freeze it first: `expand(freeze(model, mlp.y), paths)`",
    ),
    "expand(model, paths, order <= 1)": (
        "inside rmsnorm",
        "; A too: `expand(freeze(model, *.scale, A), paths)`",
    ),
    "expand(deep, paths, by = block)": (
        "inside softmax",
        "; mlp.y too: `expand(freeze(model, A, mlp.y), paths)`",
    ),
    "expand(gates, paths)": ("gated.y has a stream inside relu", "bind relu(…) to a name of its own"),
    "expand(loose, paths)": ("r.1 has a stream inside tanh", "bind tanh(…) to a name of its own"),
    "expand(end, paths)": ("out has a stream inside softmax", "paths lead to what is inside: `of = r{1}`"),
    "expand(freeze(deep, attention{0}.A, attention{1}.A, mlp.y), paths, of = attention{2}.S)": (
        "attention.2.S has a stream inside causal",
        "bind what is inside causal to a name Z: paths lead to that, `of = Z`",
    ),
    "expand(freeze(deep, attention{0}.A, attention{1}.A, mlp.y), paths, of = attention{2}.A)": (
        "attention.2.A has a stream inside softmax",
        "paths lead to what is inside: `of = attention{2}.S`",
    ),
    "expand(deep, paths, of = attention{7}.S)": (
        "there is no value attention{7}.S: there are attention{0} to attention{2}",
        "did you mean attention{2}.S",
    ),
    "derivative(model, last)": ("last is a call", "what it gives is last.y"),
    "derivative(model, attention)": ("attention is a call", "what it gives is attention{0}.y"),
    "derivative(model, attention{1})": ("attention{1} is a call", "what it gives is attention{1}.y"),
    "patch(deep, attention{0}.y -> attention{0}.A)": (
        "attention{0}.y does not reach attention{0}.A at all",
        "from what is computed first to what depends on it",
    ),
    "patch(deep, attention{1}.y -> attention{0}.A)": ("does not reach attention{0}.A at all", ""),
    "patch(row, attention.A -> gated.y)": (
        "attention.A does not reach gated.y but through other blocks",
        "name them: `attention.A -> … -> gated.y`",
    ),
    "patch(deep, attention{7}.A)": ("to patch: there are attention{0} to attention{2}", "`A` is all of them"),
    "patch(deep, attention{0}.y -> attention{7}.A)": (
        "to patch: there are attention{0} to attention{2}",
        "`A` is all of them",
    ),
    "freeze(deep, r{9})": ("to freeze: there are r{0} to r{6}", "`r` is all of them"),
    "ablate(loose, out{1})": ("to ablate: there is out", "`out` is all of them"),
    "replace(deep, attention{3}, mlp)": (
        "to replace: there are attention{0} to attention{2}",
        "`attention` is all of them",
    ),
    "replace(model, nor, other)": ("model has no call nor to replace", "did you mean norm?"),
    "fold(model, attention{5})": ("there are attention{0} to attention{2}", "`attention` is all of them"),
}  # fmt: skip


@pytest.mark.parametrize("line", SAID)
def test_a_mistake_is_said_as_it_is(line: str) -> None:
    message, hint = SAID[line]
    found = said(f"{MODEL}net new = {line}\n")
    assert message in found.partition("hint:")[0] and hint in found.partition("hint:")[2], found


FREED = (
    "expand(freeze(model, *.scale, A), paths)",
    "expand(freeze(deep, A, mlp.y), paths)",
    "expand(end, paths, of = Z)",
    "expand(end, paths, of = r{1})",
    "patch(row, attention.A -> mlp.y -> gated.y)",
    "derivative(model, last.y)",
    "derivative(model, attention{1}.y)",
    "replace(model, norm, other)",
)


@pytest.mark.parametrize("line", FREED)
def test_what_a_hint_says_can_be_written(line: str) -> None:
    text = MODEL.replace("out[p, d] = softmax[d](r[p, d])", "Z = r; out[p, d] = softmax[d](Z[p, d])")
    assert not codes(f"{text}net new = {line}\n"), said(f"{text}net new = {line}\n")
