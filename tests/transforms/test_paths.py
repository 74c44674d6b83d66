"""expand(net, paths): the names of paths, what is listed, and that paths and rest are the output."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elaborate.notation import codes, elaborated, said
from tests.torch.modules import built, given_inputs, tensor
from tests.transforms.fixtures import same_values
from tnlang.ir.net import Bind, Bracket, Tensor
from tnlang.ir.program import Program
from tnlang.reference import execute, initialise, random_inputs

GPT2 = Path(__file__).parents[2] / "examples" / "gallery" / "gpt2.tn"

MODEL = """
dim seq = 4, hidden = 5, head = 2, size = 3, layer = 3
net norm(x[seq, hidden]) -> y[seq, hidden] { param gain[hidden]; y[p, d] = layernorm[d](x[p, d]) gain[d] }
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[head, size, hidden], K[head, size, hidden]
    param V[head, size, hidden], O[head, size, hidden], b[hidden]
    A[h, q, k] = softmax[k](x[q, d] Q[h, s, d] K[h, s, e] x[k, e])
    y[q, d] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, d] + b[d]
}
net linear(x[seq, hidden]) -> y[seq, hidden] {
    param U[hidden, size], D[size, hidden]
    y[p, d] = x[p, e] U[e, m] D[m, d]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer {
        r += attention(norm(r) as ln)
        r -= linear(r) / 2
    }
    y[p, d] = r[p, d] + 1
}
net still = freeze(model, A, scale)
"""


def names(program: Program, net: str) -> list[str]:
    """What stands below the terms of a net's output."""
    (last,) = [s for s in program.net(net).body if isinstance(s, Bind) and s.target.name == "y"]
    return [n.caption for term in last.body.terms for n in term.nodes if isinstance(n, Bracket)]


def test_names_of_paths() -> None:
    program = elaborated(MODEL.replace("layer = 3", "layer = 2") + "net p = expand(still, paths, order <= 2)")
    found = names(program, "p")
    assert found[:3] == ["direct", "attention.0.b", "attention.1.b"]
    singles = ["0.0", "0.1", "linear.0", "1.0", "1.1", "linear.1"]
    assert found[3 : 3 + len(singles)] == singles
    assert "0.1 -> 1.0 (V)" in found and "linear.0 -> 1.1 (V)" in found and "0.0 -> linear.1" in found
    assert "attention.0.b -> linear.0" in found and "attention.1.b -> 1.0 (V)" not in found
    assert found[-2:] == ["rest", "bias"]


@pytest.mark.parametrize(
    "options", ["order <= 0", "order <= 2", "count = 1", "count = 17", "by = block", "count = 0"]
)
def test_paths_and_rest_are_the_output(options: str) -> None:
    text = MODEL.replace("layer = 3", "layer = 2")
    program = elaborated(text + f"net p = expand(still, paths, {options})")
    rng = np.random.default_rng(3)
    parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    x = rng.normal(size=(4, 5))
    run = execute(program, "model", [x], parameters)
    found = execute(program, "p", [x], parameters, frozen=run.cache)
    np.testing.assert_allclose(found.outputs["y"], run.outputs["y"], atol=1e-9)
    other = rng.normal(size=(4, 5))
    np.testing.assert_allclose(
        execute(program, "p", [other], parameters, frozen=run.cache).outputs["y"],
        execute(program, "still", [other], parameters, frozen=run.cache).outputs["y"],
        atol=1e-9,
    )


def test_each_path_is_its_product() -> None:
    """Against a loop over layers and heads, written with NumPy."""
    program = elaborated(MODEL + "net p = expand(still, paths, order <= 3, count = 200)")
    rng = np.random.default_rng(4)
    w = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    x = rng.normal(size=(4, 5))
    run = execute(program, "model", [x], w)
    cache = execute(program, "p", [x], w, frozen=run.cache).cache

    def head(layer: int, h: int, v: np.ndarray) -> np.ndarray:
        centred = v - v.mean(-1, keepdims=True)
        normed = centred * run.cache[f"ln.{layer}.scale"][:, None] * w[f"ln.{layer}.gain"]
        pattern = run.cache[f"attention.{layer}.A"][h]
        return pattern @ normed @ w[f"attention.{layer}.V"][h].T @ w[f"attention.{layer}.O"][h]

    def linear(layer: int, v: np.ndarray) -> np.ndarray:
        return -v @ w[f"linear.{layer}.U"] @ w[f"linear.{layer}.D"] / 2

    np.testing.assert_allclose(cache["0.1 -> 2.0 (V)"], head(2, 0, head(0, 1, x)), atol=1e-9)
    np.testing.assert_allclose(
        cache["0.1 -> linear.1 -> 2.1 (V)"], head(2, 1, linear(1, head(0, 1, x))), atol=1e-9
    )
    np.testing.assert_allclose(
        cache["attention.0.b -> linear.0"], linear(0, w["attention.0.b"] * np.ones((4, 1)))
    )


def test_gpt2_as_paths_has_its_state_dict_and_its_logits() -> None:
    text = GPT2.read_text(encoding="utf-8").partition("weights")[0]
    text = text.replace("layer = 12, vocab = 50257, position = 1024", "layer = 2, vocab = 11, position = 8")
    text = text.replace("head = 12, head_size = 64, hidden = 768", "head = 2, head_size = 3, hidden = 6")
    text += "net p = expand(freeze(gpt2, A, scale, mlp.y), paths, order <= 1)"
    program = elaborated(text, seq=5)
    rng = np.random.default_rng(0)
    parameters = {n: rng.normal(size=np.shape(a)) / 2 for n, a in initialise(program, "gpt2").items()}
    tokens = tensor(rng.integers(0, 11, 5))
    model, paths = built(program, "gpt2", parameters), built(program, "p", parameters)
    logits, cache = model.run_with_cache(tokens)
    np.testing.assert_allclose(
        paths(tokens, frozen=cache).detach().numpy(), logits.detach().numpy(), atol=1e-9
    )
    assert set(paths.state_dict()) == set(model.state_dict())
    seen = paths.run_with_cache(tokens, frozen=cache)[1]
    assert {"direct", "0.1", "1.0", "mlp.0.y -> 1.1 (V)"} <= set(seen)


def test_without_a_stream_inputs_go_through_calls() -> None:
    text = (GPT2.with_name("C10_indirect_object.tn")).read_text(encoding="utf-8").partition("figure")[0]
    program = elaborated(text, seq=3)
    assert names(program, "edges") == [
        "name_mover",
        "duplicate_token -> s_inhibition -> name_mover",
        "induction_heads -> s_inhibition -> name_mover",
    ]
    same_values(program, "ioi", "edges")


def test_a_frozen_stream_value_is_where_paths_begin() -> None:
    program = elaborated(MODEL + "net p = expand(freeze(model, A, scale, r{3}), paths)")
    found = names(program, "p")
    assert found[:4] == ["r.3", "attention.2.b", "r.3 -> linear.1", "r.3 -> 2.0 (V)"]
    assert all(name.startswith(("r.3", "attention.2.b", "bias")) for name in found), "the rest is in r.3"


SCORES = """
dim seq = 4, hidden = 5, head = 2, size = 3, layer = 2
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[head, size, hidden], K[head, size, hidden], b[head, size], c[head, size]
    param V[head, size, hidden], O[head, size, hidden]
    S[h, q, k] = (x[k, e] K[h, s, e] + c[h, s]) (x[q, d] Q[h, s, d] + b[h, s])
    A[h, q, k] = softmax[k](causal[q, k](S[h, q, k]))
    y[q, d] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, d]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(r) }
    y = r
}
net first = freeze(model, attention{0}.A)
"""


@pytest.mark.parametrize("options", ["", ", order <= 0", ", count = 2", ", by = block"])
def test_a_score_is_the_sum_over_pairs_of_paths(options: str) -> None:
    """Keys are told from queries by the softmax, not by the order of the text."""
    program = elaborated(SCORES + f"net s = expand(first, paths, of = attention{{1}}.S{options})")
    rng = np.random.default_rng(5)
    w = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    x = rng.normal(size=(4, 5))
    run = execute(program, "model", [x], w)
    found = execute(program, "s", [x], w, frozen=run.cache)
    np.testing.assert_allclose(found.outputs["attention.1.S"], run.cache["attention.1.S"], atol=1e-9)


MASKED = SCORES.replace(
    "A[h, q, k] = softmax[k](causal[q, k](S[h, q, k]))",
    "M[h, q, k] = causal[q, k](S[h, q, k]); A[h, q, k] = softmax[k](M[h, q, k])",
)
PLAIN_SCORES = (
    SCORES.partition("net model")[0]
    + """
net model(x[seq, hidden]) -> y[seq, hidden] {
    r = x + (attention(x) as attention_0)
    y = r + (attention(r) as attention_1)
}
net first = freeze(model, attention_0.A)
"""
)


@pytest.mark.parametrize("text", [MASKED, PLAIN_SCORES])
def test_a_score_has_the_same_terms_however_it_is_written(text: str) -> None:
    path = "S" if text is MASKED else "attention_1.S"
    value = "attention.1.S" if text is MASKED else path
    program = elaborated(text + f"net s = expand(first, paths, of = {path})")
    (bind,) = [s for s in program.net("s").body if isinstance(s, Bind) and s.target.name == value]
    found = [n.caption for term in bind.body.terms for n in term.nodes if isinstance(n, Bracket)]
    pairs = ["0.0 (QK)", "0.1 (QK)", "0.0 (Q), 0.1 (K)", "0.1 (Q), 0.0 (K)"]
    sides = ["0.0 (Q)", "0.0 (K)", "0.1 (Q)", "0.1 (K)"]
    assert sorted(found) == sorted(["direct", *sides, *pairs, "bias"])
    term = bind.body.terms[found.index("0.1 (K)")].nodes[0]
    assert isinstance(term, Bracket)
    read = {(n.ref.name, n.legs[0]) for one in term.body.terms for n in one.nodes if isinstance(n, Tensor)}
    assert ("0.1", bind.target.legs[2]) in read and ("0.1", bind.target.legs[1]) not in read


def test_names_of_the_terms_of_a_score() -> None:
    program = elaborated(SCORES + "net s = expand(first, paths, of = S)")
    (bind,) = [s for s in program.net("s").body if isinstance(s, Bind) and s.target.name == "attention.1.S"]
    found = [n.caption for term in bind.body.terms for n in term.nodes if isinstance(n, Bracket)]
    pairs = ["0.0 (QK)", "0.1 (QK)", "0.0 (Q), 0.1 (K)", "0.1 (Q), 0.0 (K)"]
    sides = ["0.0 (Q)", "0.0 (K)", "0.1 (Q)", "0.1 (K)"]
    assert sorted(found) == sorted(["direct", *sides, *pairs, "bias"]) and found[-1] == "bias"
    term = bind.body.terms[found.index("0.1 (K)")].nodes[0]
    assert isinstance(term, Bracket)
    read = {(n.ref.name, n.legs[0]) for one in term.body.terms for n in one.nodes if isinstance(n, Tensor)}
    keys, queries = bind.target.legs[2], bind.target.legs[1]
    assert ("0.1", keys) in read and ("direct", queries) in read and ("0.1", queries) not in read
    again = elaborated(SCORES + "net t = expand(first, paths, of = S, count = 2)").net("t").body[-1]
    assert isinstance(again, Bind) and len(again.body.terms) == 6, "direct, 0.0 by Q, K and both, rest, bias"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("net f = expand(model, paths)", "TN903"),
        ("net f = expand(attention, paths)", "TN903"),
        ("net g(x[seq]) -> y[hidden] { y[i] = ones[i] x[p] x[p] }\nnet f = expand(g, paths)", "TN903"),
        ("net g(x[seq]) -> y[seq] { stream r = x; y[p] = 2 ones[p] }\nnet f = expand(g, paths)", "TN903"),
        ("net f = expand(still, paths, depth = 2)", "TN903"),
        ("net f = expand(still, paths, order = 1.5)", "TN903"),
        ("net f = expand(still, paths, by = layer)", "TN903"),
        ("net f = expand(still, paths, r)", "TN903"),
        ("net f = expand(still, paths, of = S)", "TN903"),
        ("net f = expand(model, paths, of = A)", "TN903"),
        ("dim many = 50\nnet f = expand(still, paths)", ""),
    ],
)
def test_what_is_refused(line: str, code: str) -> None:
    assert codes(MODEL.replace("layer = 3", "layer = 2") + line) == [code] * bool(code)


def test_it_says_what_has_to_be_frozen() -> None:
    assert "has a stream inside softmax" in said(MODEL + "net f = expand(freeze(model, scale), paths)")
    assert "freeze(model, A)" in said(MODEL + "net f = expand(freeze(model, scale), paths)")
    assert "more than 10,000 paths" in said(
        MODEL.replace("layer = 3", "layer = 12") + "net f = expand(still, paths)"
    )


@st.composite
def stream_nets(draw: st.DrawFn) -> str:
    """A net whose stream is added to by heads, maps, biases and norms, in random order; some are calls."""
    kinds = st.sampled_from(["heads", "map", "bias", "norm", "call", "scaled", "reset", "less", "kept"])
    lines = ["stream r = x"]
    for number, kind in enumerate(draw(st.lists(kinds, min_size=1, max_size=5))):
        lines.append(
            {
                "heads": "r[q, d] += A[h, q, k] W[h, d, e] r[k, e]",
                "map": f"m{number}[p, d] = r[p, e] V[e, d]; r += m{number}",
                "bias": "r[p, d] += b[d] ones[p: seq]",
                "norm": "r[p, d] += (r[p, d] - mean[c](r[p, c])) V[d, e] ones[e]",
                "call": f"r += linear(r) as c{number}",
                "scaled": "r[p, d] += sum h in 0..2 { A[h, p, k] r[k, d] } / 2 + 2 b[d]",
                "reset": "r[p, d] = r[p, e] V[d, e] - b[d]",
                "less": "r -= r / 3",
                "kept": f"k{number}[p, d] = r[p, e] V[e, d] + r{{0}}[p, d]; r += k{number}",
            }[kind]
        )
    repeat = draw(st.booleans())
    body = "\n    ".join(lines) + ("\n    repeat l in 0..2 { r += linear(r) as c }" if repeat else "")
    end = draw(
        st.sampled_from(["y = r", "y[p, d] = r[p, e] V[d, e] - b[d]", "y = r + r{0}", "y[p, d] = 2 r[p, d]"])
    )
    return f"""
dim seq = 3, hidden = 4
input A[head: 2, q: seq, k: seq]
net linear(x[seq, hidden]) -> y[seq, hidden] {{ param U[hidden, m: 2], D[m: 2, hidden]; y[p, d] = x[p, e] U[e, m] D[m, d] }}
net f(x[seq, hidden]) -> y[seq, hidden] {{
    param W[head: 2, out: hidden, in: hidden], V[hidden, m: hidden], b[hidden]
    {body}
    {end}
}}
"""  # noqa: E501


@settings(max_examples=40)
@given(stream_nets(), st.sampled_from(["", ", order <= 1", ", count = 3", ", by = block", ", count = 0"]))
def test_terms_and_rest_of_random_streams_are_the_value(text: str, options: str) -> None:
    program = elaborated(text + f"net p = expand(f, paths{options})")
    same_values(program, "f", "p")
    module = built(program, "p", initialise(program, "p", seed=1))
    inputs = random_inputs(program, "f", seed=1)
    expected = execute(program, "f", inputs, initialise(program, "f", seed=1)).outputs["y"]
    np.testing.assert_allclose(module(**given_inputs(inputs)).detach().numpy(), expected, atol=1e-9)


GATED = """
dim seq = 4, hidden = 5, mlp = 6, head = 2, size = 3, layer = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[head, size, hidden], K[head, size, hidden], V[head, size, hidden], O[head, size, hidden]
    S[h, q, k] = x[q, d] Q[h, s, d] K[h, s, e] x[k, e]
    A[h, q, k] = softmax[k](S[h, q, k])
    y[q, d] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, d]
}
net gated(x[seq, hidden]) -> y[seq, hidden] {
    param U[mlp, hidden], G[mlp, hidden], D[hidden, mlp]
    gate[p, m] = silu(G[m, d] x[p, d])
    y[p, d] = D[d, m] gate[p, m] U[m, e] x[p, e]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(r); r += gated(r) }
    y[p, d] = r[p, d]
}
net still = freeze(model, attention.A, gate)
"""


def test_neurons_behind_a_frozen_gate_are_no_heads() -> None:
    program = elaborated(GATED + "net f = expand(still, paths, order <= 1)")
    heads = [f"{turn}.{head}" for turn in range(3) for head in range(2)]
    assert sorted(names(program, "f")) == sorted(
        ["direct", "rest", *heads, *(f"gated.{turn}" for turn in range(3))]
    )


def test_too_many_terms_are_refused_before_they_are_made() -> None:
    text = GATED.replace("head = 2", "head = 60")
    started = time.process_time()
    assert "more than 10,000" in said(
        text + "net f = expand(freeze(model, attention{0}.A, gate), paths, of = attention{1}.S)"
    )
    assert time.process_time() - started < 5


def test_a_score_that_freezing_dropped_is_said_to_be_gone() -> None:
    text = said(GATED + "net f = expand(still, paths, of = attention{1}.S)")
    assert "not worked out any more: attention.1.A is frozen" in text
