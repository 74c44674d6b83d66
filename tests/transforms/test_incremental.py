"""incremental: position by position, in pieces of any length, the step gives what the net gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elaborate.notation import codes, elaborated, said
from tests.torch.modules import arrays, built, tensor
from tests.transforms.fixtures import fixtures, is_expected
from tnlang.ir.net import Leg
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize
from tnlang.ir.slots import inputs_of
from tnlang.reference import execute, initialise, random_inputs

DIMS = "dim seq, d = 4, e = 3, head = 2, layer = 2\n"
LINE = "\nnet step = incremental(model, seq)\n"


def axis(legs: tuple[Leg, ...], name: str) -> int | None:
    """The one leg of a dim."""
    found = [n for n, leg in enumerate(legs) if isinstance(leg.size, DimSize) and leg.size.dim.name == name]
    return found[0] if len(found) == 1 else None


def in_pieces(program: Program, pieces: tuple[int, ...], seed: int = 0) -> None:
    """Fail unless steps of these lengths give what the net gives, by the reference and by the module."""
    model, step = program.net("model"), program.net("step")
    dims = {"seq": sum(pieces)}
    rng = np.random.default_rng(seed)
    shapes = {name: array.shape for name, array in initialise(program, "model", dims).items()}
    parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    inputs = random_inputs(program, "model", dims, seed=seed)
    whole = execute(program, "model", inputs, parameters, dims=dims).outputs
    module = built(program, "step", parameters, dims)
    caches = {
        name: np.zeros(slot.shape)
        for name, slot in inputs_of(program, "step", {**dims, "new_seq": 1}).items()
        if name not in inputs and name != "at"
    }
    along = {decl.name: axis(decl.legs, "seq") for decl in model.inputs}
    start = 0
    for piece in pieces:
        at = np.arange(start, start + piece)
        now = {
            name: array.take(at, along[name]) if along[name] is not None else array
            for name, array in inputs.items()
        }
        given = {**now, "at": at, **caches}
        found = execute(program, "step", given, parameters, dims={**dims, "new_seq": piece}).outputs
        by_module = arrays(module(*(tensor(array) for array in given.values())))
        for output, value, again in zip(step.outputs, found.values(), by_module, strict=True):
            np.testing.assert_allclose(again, value, atol=1e-9)
            place = axis(output.legs, "new_seq")
            if output.name in whole:
                full = whole[output.name]
                np.testing.assert_allclose(value, full if place is None else full.take(at, place), atol=1e-8)
        for cache, value, output in zip(
            caches.values(), list(found.values())[len(whole) :], step.outputs[len(whole) :], strict=True
        ):
            place = axis(output.legs, "new_seq")
            assert place is not None
            cache[(slice(None),) * place + (at,)] = value
        start += piece


@pytest.mark.parametrize("path", fixtures("incremental"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    is_expected(path)


CAUSAL = {
    "tril": "net model(x[seq, d]) -> y[seq, d] { param W[d, in: d]; y[q, i] = tril[q, k] x[k, j] W[i, j] }",
    "cumsum": "net model(x[seq, d]) -> y[seq, d] { y[q, i] = cumsum[q](tanh(x[q, i])) x[q, i] }",
    "shifts": """net model(x[seq, d]) -> y[seq, d] { param W[j: 3, d]
        y[q, i] = x[q, i] + shift(1)[q, k] x[k, i] W[1, i] + shift(-2)[k, q] W[2, i] tanh(x[k, i]) }""",
    "softmax by hand": """net model(x[seq, d]) -> y[seq, d] { param Q[e, d], K[e, d]
        S[q, k] = exp(causal[q, k](Q[a, i] x[q, i] K[a, j] x[k, j]))
        n[q]    = sum[k](S[q, k])
        y[q, i] = S[q, k] x[k, i] / n[q] }""",
    "a mask of its own, a pattern given out": """
        net model(x[seq, d]) -> (y[seq, d], A[k: seq, q: seq]) { param Q[e, d], K[e, d]
        M[a, b]  = log(tril[a: seq, b: seq])
        query[p, a] = Q[a, i] x[p, i]; key[a, p] = K[a, i] x[p, i]
        A[k, q]  = softmax[k](M[q, k] + query[q, a] key[a, k])
        y[q, i]  = A[k, q] x[k, i] }""",
    "nets of queries, scores and mixing": """
        net scores(a[seq, e], b[seq, e]) -> S[q: seq, k: seq] { S[q, k] = a[q, i] b[k, i] / sqrt(e) }
        net mix(S[q: seq, k: seq], x[seq, d]) -> y[seq, d] {
            A[q, k] = softmax[k](causal[q, k](S[q, k])); y[q, i] = A[q, k] x[k, i] }
        net proj(x[seq, d]) -> y[seq, e] { param W[e, d]; y[p, a] = W[a, i] x[p, i] }
        net model(x[seq, d]) -> y[seq, d] {
            q = proj(x) as Q; k = proj(x) as K; s = scores(q, k); y = x + mix(s, x) }""",
    "repeats in repeats": """
        net block(x[seq, d]) -> y[seq, d] { param W[d, i: d], V[d, j: d]
            z[p, i] = W[i, j] x[p, j]
            A[q, k] = softmax[k](causal[q, k](z[q, i] x[k, i])); y[q, i] = A[q, k] V[i, j] x[k, j] }
        net model(x[seq, d]) -> y[seq, d] { stream s = x
            repeat a in 0..2 {
                repeat l in 1..layer + 1 { s += block(s) }
                K[p, i] = tanh(s[p, i]); s[q, i] += tril[q, k] K[k, i] }
            y = s }""",
    "carried by a repeat": """net model(x[seq, d]) -> y[seq, d] {
        h{0}[p, i] = tril[p, k] tanh(x[k, i])
        repeat l in 0..layer { h{l + 1}[p, i] = 0.3 tril[p, k] tanh(h{l}[k, i]) + x[p, i] }
        y[p, i] = h{2}[p, i] + h{0}[p, i] + tril[p, k] h{1}[k, i] }""",
    "relative positions": """net model(x[seq, d]) -> y[seq, d] {
        far[q, k] = index[q: seq] - index[k: seq]
        A[q, k] = softmax[k](causal[q, k](x[q, i] x[k, i] - abs(far[q, k])))
        y[q, i] = A[q, k] x[k, i] }""",
    "a pattern twice": """net model(x[seq, d]) -> y[seq, d] {
        A[q, k] = softmax[k](causal[q, k](x[q, i] x[k, i])); y[q, i] = A[q, j] A[j, k] x[k, i] }""",
    "scores and a vector known whole": """net model(x[seq, d], M[q: seq, k: seq], c[d]) -> y[seq, d] {
        A[q, k] = softmax[k](causal[q, k](M[q, k] + x[k, j] c[j])); y[q, i] = A[q, k] x[k, i] }""",
    "log_softmax": """net model(x[seq, d]) -> y[seq, d] {
        L[q, k] = log_softmax[k](causal[q, k](x[q, i] x[k, i]))
        y[q, i] = exp(L[q, k]) (x[k, i] + x[q, i]) }""",
    "a bubble is kept": """net model(x[seq, d]) -> y[seq, d] { param W[d, i: d], U[e, d]
        y[q, i] = tril[q, k] relu(W[i, j] x[k, j]) U[a, b] x[k, b] U[a, c] x[q, c] }""",
    "one net thrice": """
        net cell(x[seq, d]) -> y[seq, d] { param W[d, i: d]; y[q, i] = tril[q, k] W[i, j] x[k, j] }
        net model(x[seq, d]) -> y[seq, d] { shared c = cell; a = c(x); b = tanh(c(a)); y = c(b) }""",
    "what no input reaches": """net emb(x[seq, d], P[seq, d]) -> y[seq, d] { y = x + P }
        net turn() -> R[seq, a: d] { R[p, a] = cos(index[p: seq] index[a: d]) }
        net model(x[seq, d], P[seq, m: seq]) -> y[seq, d] {
            R = turn(); z = emb(x, R); y[q, i] = tril[q, k] z[k, i] P[q, m] P[m, k] }""",
    "scores bound unmasked": """net model(x[seq, d]) -> y[seq, d] {
        S[q, k] = x[q, i] x[k, i]; y[q, i] = tril[q, j] tril[j, k] S[j, k] x[k, i] }""",
    "three legs": """net model(x[seq, d]) -> y[seq, d] { K[p, i] = tanh(x[p, i]); V[p, i] = x[p, i]^2
        T[q, k, i] = tril[q, k] K[k, i]; y[q, i] = T[q, k, i] V[k, i] }""",
    "a joined leg": """net model(x[seq, hs: 8]) -> y[seq, hs: 8] {
        q[p, h, i] = x[p, (h i)] ones[h: head]
        A[h, p, k] = softmax[k](causal[p, k](q[p, h, j] q[k, h, j]))
        y[p, (h i)] = A[h, p, k] q[k, h, i] }""",
    "several inputs": """net model(a[seq, d], b[e, seq], c[d]) -> (y[seq, d], z[e, seq]) {
        z[j, q] = tril[q, k] b[j, k]; y[q, i] = tril[q, k] a[k, i] z[j, k] z[j, q] c[i] + a[q, i] }""",
}  # fmt: skip


@pytest.mark.parametrize("name", CAUSAL)
def test_steps_give_what_the_net_gives(name: str) -> None:
    in_pieces(elaborated(DIMS + CAUSAL[name] + LINE), (2, 1, 1, 3))


REFUSED = {
    "A[q, k] = softmax[k](x[q, i] x[k, i]); y[q, i] = A[q, k] x[k, i]": "A of model is not causal",
    "A[q, k] = softmax[q](causal[q, k](x[q, i] x[k, i])); y[q, i] = A[q, k] x[k, i]": "A of model is not",
    "y[q, i] = tril[k, q] x[k, i]": "y of model is not causal",
    "S[q, k] = exp(-causal[q, k](x[q, i] x[k, i])); y[q, i] = S[q, k] x[k, i]": "y of model is not causal",
    "S[q, k] = sigmoid(tril[q, k] x[k, i] x[q, i]); y[q, i] = S[q, k] x[k, i]": "y of model is not causal",
    "y[q, i] = x[q, i] + shift(-1)[q, k] x[k, i]": "y of model is not causal",
    "y[q, i] = layernorm[q](x[q, i])": "y of model is not causal",
    "a[i] = mean[p](x[p, i]); y[p, i] = a[i] x[p, i]": "a of model is not causal",
    "y[q, i] = x[q, i] x[0, i]": "y of model reads x at some positions alone",
    "y[q, i] = sum h in 0..head { tril[q, k] tanh(h x[k, i]) }": "y of model is a Σ over h",
    "y = x + mixed(x)": "z of mixed is not causal",
    "y = frozen(x)": "is frozen",
}
BELOW = """net mixed(x[seq, d]) -> z[seq, d] { z[q, i] = ones[q: seq] x[k, i] ones[k] }
net still(x[seq, d]) -> a[seq, d] { a[q, i] = tril[q, k] x[k, i] }
net frozen = freeze(still, a)
"""


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_not_causal_is_named(body: str) -> None:
    text = f"{DIMS}{BELOW}net model(x[seq, d]) -> y[seq, d] {{ {body} }}{LINE}"
    assert codes(text) == ["TN903"], said(text)
    assert REFUSED[body] in said(text)


def test_an_output_of_two_positions_is_bounded_by_one() -> None:
    text = f"{DIMS}net model(x[seq, d]) -> y[q: seq, k: seq] {{ y[q, k] = x[q, i] x[k, i] }}{LINE}"
    assert "the output y of model is not causal: it has several legs of seq" in said(text)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("incremental(model)", "TN903"),
        ("incremental(model, sec)", "TN902"),
        ("incremental(model, e)", "TN902"),
        ("incremental(model, seq, rank = 2)", "TN903"),
        ("incremental(model, seq -> d)", "TN903"),
    ],
)
def test_what_is_refused(line: str, code: str) -> None:
    model = "net model(x[seq, d]) -> y[seq, d] { y = tanh(x) }\n"
    assert codes(f"{DIMS}{model}net step = {line}") == [code]


def shuffled(draw: st.DrawFn, *legs: str) -> str:
    return ", ".join(draw(st.permutations(legs)))


@st.composite
def causal_streams(draw: st.DrawFn) -> str:
    """A stream that attention of many forms, sums, shifts and functions of single positions add to.

    Wires, orders of legs and of factors, what is bound and what is written out are drawn.
    """
    nets: list[str] = []
    lines: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        query, key, h, s = draw(st.permutations(["p", "q", "k", "h", "a", "s"]))[:4]
        W = {
            name: (f"{name}{number}", legs)
            for name, legs in zip(
                "QKVO", draw(st.lists(st.permutations([h, s, "_"]), min_size=4, max_size=4)), strict=True
            )
        }
        declared = ", ".join(
            f"{name}[{', '.join({h: 'head', s: 'e', '_': 'd'}[leg] for leg in legs)}]"
            for name, legs in W.values()
        )

        def of(name: str, wire: str, W: dict[str, tuple[str, list[str]]] = W) -> str:
            return f"{W[name][0]}[{', '.join(wire if leg == '_' else leg for leg in W[name][1])}]"

        body: list[str] = []
        parts = {}
        for name, position, wire in (("Q", query, "i"), ("K", key, "j"), ("V", key, "j")):
            product = f"{of(name, wire)} x[{position}, {wire}]"
            if draw(st.booleans()):
                legs = shuffled(draw, position, h, s)
                body.append(f"B{name}[{legs}] = {product}")
                product = f"B{name}[{legs}]"
            parts[name] = product
        mask = draw(st.sampled_from(["causal", "tril", "log", "exp"]))
        scores = " ".join(draw(st.permutations([parts["Q"], parts["K"]])))
        pattern = shuffled(draw, query, key, h)
        body.append(
            {
                "causal": f"A[{pattern}] = softmax[{key}](causal[{query}, {key}]({scores} / sqrt(e)))",
                "tril": f"A[{pattern}] = tril[{query}, {key}] tanh({scores})",
                "log": f"A[{pattern}] = softmax[{key}](log(tril[{query}, {key}]) + {scores})",
                "exp": f"A[{pattern}] = exp(causal[{query}, {key}]({scores}) / 9)",
            }[mask]
        )
        factors = draw(st.permutations([f"A[{pattern}]", parts["V"], of("O", "o")]))
        body.append(f"y[{query}, o] = {' '.join(factors)}")
        net = "\n    ".join([f"param {declared}", *body])
        nets.append(f"net attend{number}(x[seq, d]) -> y[seq, d] {{\n    {net}\n}}")
        lines.append(
            draw(
                st.sampled_from(
                    [
                        f"x += attend{number}(x) as c{number}",
                        "x[p, i] += 0.1 shift(1)[p, k] x[k, i]",
                        "x[p, i] += tanh(x[p, i]) U[i, j] x[p, j]",
                        "x[p, i] += 0.1 cumsum[p](tanh(x[p, i]))",
                        f"z{number} = attend{number}(x) as c{number}\n"
                        f"    x[p, i] = layernorm[i](x[p, i] + z{number}[p, i])",
                    ]
                )
            )
        )
    text = "\n    ".join(lines)
    if draw(st.booleans()):
        text = f"repeat l in 0..layer {{\n    {text}\n    }}"
    model = f"""net model(t[seq, d]) -> y[seq, d] {{
    param U[d, in: d], P[place: 9, d]
    stream x[p, i] = t[p, i] + P[p: 0..seq, i]
    {text}
    y[p, i] = x[p, i]
}}"""
    return DIMS + "\n".join([*nets, model]) + LINE


@settings(max_examples=12)
@given(causal_streams(), st.permutations([1, 3, 1]), st.integers(0, 99))
def test_steps_of_random_streams(text: str, pieces: list[int], seed: int) -> None:
    in_pieces(elaborated(text), tuple(pieces), seed)


def test_caches_of_a_batch() -> None:
    """Batch axes stand before those of the legs; the positions are the same for all."""
    program = elaborated(DIMS + CAUSAL["repeats in repeats"] + LINE)
    whole, step = built(program, "model"), built(program, "step", dims={"seq": 6})
    x = torch.randn(3, 6, 4, dtype=torch.float64, generator=torch.manual_seed(0))
    expected = whole(x)
    slots = inputs_of(program, "step", {"seq": 6, "new_seq": 1})
    caches = [
        torch.zeros(3, *slot.shape, dtype=torch.float64) for name, slot in slots.items() if "cache" in name
    ]
    for at in (torch.arange(4), torch.tensor([4]), torch.tensor([5])):
        y, *entries = step(x[:, at], at, *caches)
        assert torch.allclose(y, expected[:, at])
        for cache, entry, output in zip(caches, entries, program.net("step").outputs[1:], strict=True):
            place = axis(output.legs, "new_seq")
            assert place is not None
            cache.index_copy_(place - len(output.legs), at, entry)
