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
    "decompose(model, block{1}.W, svd)": "`block.W`",
    "decompose(model, M{1}, svd)": "all turns are changed alike: `M`",
    "decompose(many, V, svd)": "values are V{0}, V{1}, V{2}",
    "decompose(many, V{3}, svd)": "values are V{0}, V{1}, V{2}",
    "decompose(uniform, A, svd, left = x)": "its legs are l, phys, r",
    "decompose(many, V{0}, cp, rank = 5)": "`rank = 4`",
    "contract(model, block{1}.W, block{1}.x)": "`block.W`",
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
