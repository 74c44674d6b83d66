"""expand(net, paths) of one transformer, written in many ways: the same names, and the model's value."""

from __future__ import annotations

import numpy as np
import pytest

import tnlang
from tests.elaborate.notation import elaborated, said
from tests.torch.modules import built, tensor
from tests.transforms.test_paths import names
from tnlang.reference import execute, initialise

HEAD = "dim seq = 4, hidden = 5, head = 2, size = 3, group = 2, rep = 2, src = 3, layer = 2\n"
NORM = """
net norm(x[seq, hidden]) -> y[seq, hidden] { param gain[hidden]; y[p, d] = layernorm[d](x[p, d]) gain[d] }
net mlp(x[seq, hidden]) -> y[seq, hidden] {
    param U[hidden, size], D[size, hidden]
    y[p, d] = x[p, e] U[e, m] D[m, d]
}
"""
ATTENTION = """
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[head, size, hidden], K[head, size, hidden], b[hidden]
    param V[head, size, hidden], O[head, size, hidden]
    S[h, q, k] = x[q, d] Q[h, s, d] K[h, s, e] x[k, e]
    A[h, q, k] = softmax[k](causal[q, k](S[h, q, k]))
    y[q, d] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, d] + b[d]
}
"""
GROUPED = """
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[group, rep, size, hidden], K[group, size, hidden], b[hidden]
    param V[group, size, hidden], O[group, rep, size, hidden]
    S[g, r, q, k] = x[q, d] Q[g, r, s, d] K[g, s, e] x[k, e]
    A[g, r, q, k] = softmax[k](causal[q, k](S[g, r, q, k]))
    y[q, d] = A[g, r, q, k] V[g, s, e] x[k, e] O[g, r, s, d] + b[d]
}
"""
ONE_LEG = GROUPED.replace("O[group, rep, size, hidden]", "O[m: group * rep, size, hidden]").replace(
    "O[g, r, s, d]", "O[(g r), s, d]"
)
ONE_WEIGHT = """
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_QKV[t: 3, head, size, hidden], O[head, size, hidden], b[hidden]
    qkv[t, h, p, s] = W_QKV[t, h, s, e] x[p, e]
    A[h, q, k] = softmax[k](causal[q, k](qkv[0, h, q, s] qkv[1, h, k, s]))
    y[q, d] = A[h, q, k] qkv[2, h, k, s] O[h, s, d] + b[d]
}
"""
JOINED = """
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_QK[head, hidden, e: hidden], W_OV[head, hidden, e: hidden], b[hidden]
    A[h, q, k] = softmax[k](causal[q, k](x[q, d] W_QK[h, d, e] x[k, e]))
    y[q, d] = A[h, q, k] W_OV[h, d, e] x[k, e] + b[d]
}
"""
SIGMA = ATTENTION.replace(
    "A[h, q, k] V[h, s, e] x[k, e] O[h, s, d]",
    "sum h in 0..head { A[h, q, k] V[h, s, e] x[k, e] O[h, s, d] }",
)
FAMILY = """
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q{0..2}[size, hidden], K{0..2}[size, hidden], b[hidden]
    param V{0..2}[size, hidden], O{0..2}[size, hidden]
    repeat h in 0..2 {
        A{h}[q, k] = softmax[k](causal[q, k](x[q, d] Q{h}[s, d] K{h}[s, e] x[k, e]))
        z{h}[q, s] = A{h}[q, k] V{h}[s, e] x[k, e]
    }
    y[q, d] = sum h in 0..2 { z{h}[q, s] O{h}[s, d] } + b[d]
}
"""
SIDE_BY_SIDE = ATTENTION.replace("O[head, size, hidden]", "O[m: head * size, hidden]").replace(
    "y[q, d] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, d] + b[d]",
    "v[h, k, s] = V[h, s, e] x[k, e]; z[q, (h s)] = A[h, q, k] v[h, k, s]; y[q, d] = z[q, m] O[m, d] + b[d]",
)
ATTENTIONS = {
    "usual": ATTENTION,
    "one weight": ONE_WEIGHT,
    "joined": JOINED,
    "sigma": SIGMA,
    "family": FAMILY,
    "side by side": SIDE_BY_SIDE,
}

STREAM = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    r += attention(norm(r) as n0) as a0
    r += mlp(norm(r) as n1) as m0
    r += attention(norm(r) as n2) as a1
    r += mlp(norm(r) as n3) as m1
    y = r
}
"""
PLAIN = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    y1 = x + (attention(norm(x) as n0) as a0)
    y2 = (mlp(norm(y1) as n1) as m0) + y1
    y3 = y2 + (attention(norm(y2) as n2) as a1)
    y = y3 + (mlp(norm(y3) as n3) as m1)
}
"""
BOUND = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    v0 = norm(x) as n0
    w0 = attention(v0) as a0
    y1 = x + w0
    v1 = norm(y1) as n1
    w1 = mlp(v1) as m0
    y2 = y1 + w1
    v2 = norm(y2) as n2
    w2 = attention(v2) as a1
    y3 = w2 + y2
    v3 = norm(y3) as n3
    w3 = mlp(v3) as m1
    y = y3 + w3
}
"""
EMBEDDED = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    param P[seq, hidden], E[hidden, e: hidden]
    e[p, d] = x[p, e] E[d, e] + P[p, d]
    y1 = e + (attention(norm(e) as n0) as a0)
    y2 = y1 + (mlp(norm(y1) as n1) as m0)
    y3 = y2 + (attention(norm(y2) as n2) as a1)
    last = y3 + (mlp(norm(y3) as n3) as m1)
    y[p, d] = last[p, e] P[0, e] P[1, d]
}
"""
ONE_BY_ONE = ["direct", "a0.b", "a1.b", "0.0", "0.1", "m0", "1.0", "1.1", "m1"]
"""What there is through at most one block of either model."""

BLOCKS = """
net block(x[seq, hidden]) -> y[seq, hidden] {
    middle = x + attention(norm(x) as ln_1)
    y = middle + mlp(norm(middle) as ln_2)
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r = block(r) }
    y = r
}
"""
STREAMED = BLOCKS.replace("middle = x + ", "stream s = x\n    s += ").replace(
    "y = middle + mlp(norm(middle) as ln_2)", "s += mlp(norm(s) as ln_2)\n    y = s"
)
NESTED = """
net layers(x[seq, hidden]) -> y[seq, hidden] {
    half = x + attention(norm(x) as ln_1)
    y = block(half) as second
}
net block(x[seq, hidden]) -> y[seq, hidden] { y = x + mlp(norm(x) as ln_2) }
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r = layers(r) }
    y = r
}
"""
ASIDE = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { n = norm(r); r += attention(n) + mlp(n) }
    y = r
}
"""
AFTER = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r = norm(r + attention(r)) }
    y = r
}
"""
INLINE = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    param W[head, hidden, e: hidden], W'[head, hidden, e: hidden], M[hidden, e: hidden]
    A[h, q, k] = softmax[k](x[q, d] W[h, d, e] x[k, e])
    y1[q, d] = x[q, d] + A[h, q, k] W[h, d, e] x[k, e]
    A'[h, q, k] = softmax[k](y1[q, d] W'[h, d, e] y1[k, e])
    m[p, d] = M[d, e] y1[p, e]
    y[q, d] = y1[q, d] + A'[h, q, k] W'[h, d, e] y1[k, e] + m[q, d]
}
"""
TWICE = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    shared same = attention
    stream r = x
    repeat l in 0..layer { r += same(r); r += mlp(r) }
    y = r
}
"""
CROSS = """
net inner(x[src, hidden]) -> y[src, hidden] {
    param W_QK[head, hidden, e: hidden], W_OV[head, hidden, e: hidden]
    A[h, q, k] = softmax[k](x[q, d] W_QK[h, d, e] x[k, e])
    y[q, d] = A[h, q, k] W_OV[h, d, e] x[k, e]
}
net cross(x[seq, hidden], m[src, hidden]) -> y[seq, hidden] {
    param W_QK[head, hidden, e: hidden], V[head, size, hidden], O[head, size, hidden]
    A[h, q, k] = softmax[k](x[q, d] W_QK[h, d, e] m[k, e])
    y[q, d] = A[h, q, k] V[h, s, e] m[k, e] O[h, s, d]
}
net model(s[src, hidden], x[seq, hidden]) -> y[seq, hidden] {
    stream e = s
    e += inner(e) as encoder
    stream r = x
    repeat l in 0..layer { r += cross(r, e) }
    y = r
}
"""
MEMORY = CROSS.replace("    stream e = s\n    e += inner(e) as encoder\n", "").replace("(r, e)", "(r, s)")


def check(text: str, expected: list[str], options: str = "order <= 1", frozen: str = "A, scale") -> None:
    """Fail unless the paths are called so, and with the rest give what the model gives."""
    both = f"net still = freeze(model, {frozen})\nnet p = expand(still, paths, {options})"
    program = elaborated(HEAD + NORM + text + both)
    assert [name for name in names(program, "p") if name not in ("rest", "bias")] == expected
    rng = np.random.default_rng(1)
    parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    inputs = [rng.normal(size=[leg.size.dim.default for leg in d.legs]) for d in program.net("model").inputs]
    run = execute(program, "model", inputs, parameters)
    found = execute(program, "p", inputs, parameters, frozen=run.cache).outputs["y"]
    np.testing.assert_allclose(found, run.outputs["y"], rtol=1e-10, atol=1e-10)
    others = [rng.normal(size=np.shape(x)) for x in inputs]
    np.testing.assert_allclose(
        execute(program, "p", others, parameters, frozen=run.cache).outputs["y"],
        execute(program, "still", others, parameters, frozen=run.cache).outputs["y"],
        rtol=1e-10,
        atol=1e-10,
    )
    given = list(map(tensor, inputs))
    _, cache = built(program, "model", parameters).run_with_cache(*given)
    paths = built(program, "p", parameters)(*given, frozen=cache)
    np.testing.assert_allclose(paths.detach().numpy(), run.outputs["y"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("written", ATTENTIONS)
def test_heads_are_found_however_attention_is_written(written: str) -> None:
    onward = [f"a0.b -> {name}" for name in ("m0", "1.0 (V)", "1.1 (V)", "m1")]
    check(ATTENTIONS[written] + STREAM, [*ONE_BY_ONE, *onward, "a1.b -> m1"])


@pytest.mark.parametrize("attention", [GROUPED, ONE_LEG])
def test_a_grouped_head_has_two_numbers(attention: str) -> None:
    heads = [f"{g}.{r}" for g in range(2) for r in range(2)]
    singles = [*(f"0.{h}" for h in heads), "m0", *(f"1.{h}" for h in heads), "m1"]
    onward = [f"a0.b -> {n}" for n in ("m0", *(f"1.{h} (V)" for h in heads), "m1")]
    check(attention + STREAM, ["direct", "a0.b", "a1.b", *singles, *onward, "a1.b -> m1"])


@pytest.mark.parametrize("model", [STREAM, PLAIN, BOUND, EMBEDDED])
def test_plain_sums_are_a_stream(model: str) -> None:
    """The centring of the norms, x - mean(x), is no such sum."""
    onward = [f"a0.b -> {name}" for name in ("m0", "1.0 (V)", "1.1 (V)", "m1")]
    check(ATTENTION + model, [*ONE_BY_ONE, *onward, "a1.b -> m1"])


def test_a_block_may_hold_its_own_stream() -> None:
    first, second = ([f"block.{n}.{c}" for c in ("attention.b", "mlp")] for n in range(2))
    singles = ["0.0", "0.1", first[1], "1.0", "1.1", second[1]]
    onward = [f"{first[0]} -> {name}" for name in (first[1], "1.0 (V)", "1.1 (V)", second[1])]
    last = f"{second[0]} -> {second[1]}"
    check(ATTENTION + BLOCKS, ["direct", first[0], second[0], *singles, *onward, last])


@pytest.mark.parametrize(
    ("blocks", "mlp"),
    [(BLOCKS, "block.{}.mlp"), (STREAMED, "block.{}.mlp"), (NESTED, "layers.{}.second.mlp")],
)
def test_what_a_block_passes_on_is_no_step(blocks: str, mlp: str) -> None:
    """What it adds may be frozen: no addition is made of the stream then, but the stream goes through."""
    first, second = (mlp.format(n) + ".y" for n in range(2))
    heads = ["0.0", "0.1", "1.0", "1.1"]
    onward = [f"{first} -> 1.{h} (V)" for h in range(2)]
    attention = ATTENTION.replace(", b[hidden]", "").replace(" + b[d]", "")
    check(attention + blocks, ["direct", first, second, *heads, *onward], frozen="A, scale, *.mlp.y")
    listed = ["direct", "0.1", "0.1 -> 1.0 (V)"]
    options = 'named = "direct; 0.1 -> 1.0 (V)"'
    check(attention + blocks, listed, options, frozen="A, scale, *.mlp.y")


def test_two_blocks_of_one_addition() -> None:
    singles = ["0.0", "0.1", "mlp.0", "1.0", "1.1", "mlp.1"]
    onward = [f"attention.0.b -> {name}" for name in ("1.0 (V)", "1.1 (V)", "mlp.1")]
    check(ATTENTION + ASIDE, ["direct", "attention.0.b", "attention.1.b", *singles, *onward])


def test_norms_after_the_additions_are_blocks() -> None:
    attention = ATTENTION.replace(", b[hidden]", "").replace(" + b[d]", "")
    last = "norm.0 -> norm.1", "0.0 -> norm.0 -> norm.1", "0.1 -> norm.0 -> norm.1"
    last += ("norm.0 -> 1.0 (V) -> norm.1", "norm.0 -> 1.1 (V) -> norm.1")
    more = [f"0.{h} -> norm.0 -> 1.{g} (V) -> norm.1" for h in range(2) for g in range(2)]
    check(attention + AFTER, [*last, *more], "order <= 4")


def test_attention_that_is_no_net_of_its_own() -> None:
    inline = ["direct", "0.0", "0.1", "1.0", "1.1", "m"]
    pairs = [f"0.{h} -> {name}" for h in range(2) for name in ("1.0 (V)", "1.1 (V)", "m")]
    check(INLINE, [*inline, *pairs], "order <= 2", "A, A'")


def test_a_net_that_is_called_twice() -> None:
    singles = ["0.0", "0.1", "mlp.0", "1.0", "1.1", "mlp.1"]
    onward = [f"same.b -> {name}" for name in ("mlp.0", "1.0 (V)", "1.1 (V)", "mlp.1")]
    sources = ["direct", "same.b", "same#2 bias"]
    check(ATTENTION + TWICE, [*sources, *singles, *onward, "same#2 bias -> mlp.1"], frozen="A")


def test_heads_that_read_another_stream() -> None:
    crossed = [f"cross.{n}.{h} (V)" if n == 0 else f"{n}.{h} (V)" for n in range(2) for h in range(2)]
    check(CROSS, ["direct", *(f"s -> {c}" for c in crossed)], frozen="A")
    through = [f"s -> 0.{h} (V) -> {c}" for h in range(2) for c in crossed]
    check(CROSS, ["direct", *(f"s -> {c}" for c in crossed), *through], "order <= 2", "A")
    check(MEMORY, ["direct", *(f"s -> {n}.{h} (V)" for n in range(2) for h in range(2))], frozen="A")


@pytest.mark.parametrize("attention", ["usual", "sigma", "family", "side by side"])
@pytest.mark.parametrize("model", [STREAM, BOUND])
def test_the_strongest_paths_do_not_depend_on_the_spelling(attention: str, model: str) -> None:
    usual = elaborated(HEAD + NORM + ATTENTION + STREAM)
    rng = np.random.default_rng(3)
    parameters = {n: rng.normal(size=np.shape(a)) / 2 for n, a in initialise(usual, "model").items()}
    x = rng.normal(size=(4, 5))

    def strengths(text: str, weights: dict[str, np.ndarray]) -> dict[str, float]:
        net = tnlang.load(HEAD + NORM + text + "net still = freeze(model, A, scale)").nets["still"]
        cache = execute(net.program.ir, "model", [x], weights).cache
        found = net.strongest_paths(8, x, parameters=weights, frozen=cache)
        assert found.certain
        return {path.name: pytest.approx(path.norm) for path in found.paths}

    own = dict(parameters)
    for call in ("a0", "a1"):
        match attention:
            case "family":
                own |= {f"{call}.{n}.{h}": own[f"{call}.{n}"][h] for n in "QKVO" for h in range(2)}
            case "side by side":
                own[f"{call}.O"] = own[f"{call}.O"].reshape(6, 5)
    expected = strengths(ATTENTION + STREAM, parameters)
    assert len(expected) == 8 and any("->" in name for name in expected)
    assert strengths(ATTENTIONS[attention] + model, own) == expected


@pytest.mark.parametrize("arrow", ["a0.y -> m1.y", "a0.y -> y", "m0.y -> a1.y -> y", "a0.A -> a1.A"])
@pytest.mark.parametrize("model", [PLAIN, BOUND])
def test_a_path_is_patched_in_plain_sums_as_in_a_stream(arrow: str, model: str) -> None:
    runs = []
    for own in (STREAM, model):
        program = elaborated(HEAD + NORM + ATTENTION + own + f"net p = patch(model, {arrow})")
        rng = np.random.default_rng(4)
        parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
        x, other = rng.normal(size=(2, 4, 5))
        cache = execute(program, "model", [other], parameters).cache
        runs.append(execute(program, "p", [x], parameters, frozen=cache).outputs["y"])
        assert np.abs(runs[-1] - execute(program, "model", [x], parameters).outputs["y"]).max() > 1e-3
    np.testing.assert_allclose(runs[1], runs[0], rtol=1e-10, atol=1e-10)


WITHOUT_SOFTMAX = """
net model(x[seq, hidden]) -> y[seq, hidden] {
    param A[head, q: seq, k: seq], W[head, out: hidden, in: hidden], W'[head, out: hidden, in: hidden]
    param W_Q[head, size, hidden], W_K[head, size, hidden]
    stream r = x
    r[q, d] += A[h, q, k] W[h, d, e] r[k, e]
    S[h, q, k] = r[q, d] W_Q[h, s, d] W_K[h, s, e] r[k, e]
    r[q, d] += S[h, q, k] W'[h, d, e] r[k, e]
    y = r
}
"""
BILINEAR = """
net bilinear(x[seq, hidden]) -> y[seq, hidden] {
    param V[hidden, size], W[hidden, size], U[hidden, size]
    y[p, d] = (x[p, e] V[e, m]) (x[p, f] W[f, m]) U[d, m]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    r += mlp(r)
    r += bilinear(r)
    y = r
}
"""
READ_OUT = """
net model(x[seq, hidden]) -> y[seq] {
    param M[hidden, e: hidden], B[hidden, e: hidden]
    r[p, d] = x[p, d] + x[p, e] M[d, e]
    y[p] = r[p, d] B[d, e] r[p, e] + 1
}
"""


def test_products_of_a_stream_are_expanded_by_the_product_rule() -> None:
    """Attention without its softmax reads the stream by queries, keys and values: N19."""
    sides = ["V", "K", "KV", "Q", "QV", "QK", "QKV"]
    check_products(WITHOUT_SOFTMAX, "by = block", ["direct", "0", "1", *(f"0 -> 1 ({s})" for s in sides)])
    check_products(WITHOUT_SOFTMAX, "order <= 0", ["direct", "1.0", "1.1"])
    check_products(WITHOUT_SOFTMAX, "count = 0", [])
    second = ["1.0", "0.0 -> 1.0 (V)", "0.0 -> 1.0 (K)", "0.0 -> 1.0 (KV)", "0.0 -> 1.0 (Q)"]
    second += ["0.0 -> 1.0 (QV)", "0.0 -> 1.0 (QK)", "0.0 -> 1.0 (QKV)"]
    again = [name.replace("1.0", "1.1") for name in second]
    check_products(WITHOUT_SOFTMAX, 'named = "direct; 0.0"', ["direct", "0.0", *second, *again])
    with_two = f"{HEAD}{NORM}{WITHOUT_SOFTMAX}net p = expand(model, paths, order <= 1)"
    assert "0.0 (Q), 0.1 (KV) -> 1.1" in names(elaborated(with_two), "p")
    products = ["direct × direct", "direct × mlp", "mlp × direct", "mlp × mlp"]
    check_products(BILINEAR, "", ["direct", "mlp", *(f"{p} -> bilinear" for p in products)])
    check_products(READ_OUT, "", ["direct × direct", "direct × r", "r × direct", "r × r"])
    later = BILINEAR.replace("y = r\n", "r += mlp(r) as again; y = r\n")
    assert "others read what it gives" in said(HEAD + NORM + later + "net p = expand(model, paths)")


def check_products(text: str, options: str, expected: list[str]) -> None:
    program = elaborated(f"{HEAD}{NORM}{text}net p = expand(model, paths{', ' * bool(options)}{options})")
    assert [name for name in names(program, "p") if name not in ("rest", "bias")] == expected
    rng = np.random.default_rng(1)
    parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    x = rng.normal(size=(4, 5))
    wanted = execute(program, "model", [x], parameters).outputs["y"]
    np.testing.assert_allclose(execute(program, "p", [x], parameters).outputs["y"], wanted, rtol=1e-10)
    module = built(program, "p", parameters)
    np.testing.assert_allclose(module(tensor(x)).detach().numpy(), wanted, rtol=1e-10)
