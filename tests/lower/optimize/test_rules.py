"""The optimizer's rules: each fires on what it is for, however that is written, and keeps the value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tests.strategies import DIMS, Case, programs
from tests.torch.modules import arrays, given_inputs, program, tensor
from tnlang.execute import load_module
from tnlang.ir.program import Program
from tnlang.lower import class_names, torch_source
from tnlang.lower.dims import dims_of, keywords
from tnlang.lower.nets import plan_module
from tnlang.lower.optimize import RULES, Rule
from tnlang.reference import execute
from tnlang.reference.initialise import initialise, random_inputs

SIZES = {"q": 5, "k": 6, "d": 4, "h": 3, "s": 2}
HEAD = "dim q, k, d = 4, h = 3, s = 2\n"


def rewritten(found: Program, net: str) -> Counter[str]:
    """How often each rule was applied to a net."""
    plan = next(plan for plan in plan_module(found, (net,)).nets if plan.name == net)
    return Counter(dict(plan.rewritten))


def module_of(
    found: Program, net: str, parameters: Mapping[str, np.ndarray], rules: tuple[Rule, ...] = RULES
) -> torch.nn.Module:
    """The net's module by these rules, in float64."""
    words = {word.dim: word.name for word in keywords(dims_of(found, found.net(net)))}
    sizes = {**DIMS, **SIZES}
    unbound = {words[d.name]: sizes[d.name] for d in found.dims if d.default is None and d.name in words}
    kind = getattr(load_module(torch_source(found, (net,), rules)), class_names(found)[net])
    module = kind(**unbound).double()
    module.load_state_dict({name: tensor(value) for name, value in parameters.items()})
    return module


def check(found: Program, net: str) -> torch.nn.Module:
    """The module gives what the reference gives, with all rules, without each, and without any."""
    sizes = {dim.name: SIZES[dim.name] for dim in found.dims if dim.default is None}
    parameters = initialise(found, net, sizes, seed=3)
    inputs = random_inputs(found, net, sizes, seed=3)
    expected = execute(found, net, inputs, parameters, sizes).outputs
    choices = [(), *(tuple(r for r in RULES if r is not without) for without in RULES), RULES]
    for rules in choices:
        module = module_of(found, net, parameters, rules)
        for got, wanted in zip(arrays(module(**given_inputs(inputs))), expected.values(), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)
    return module


# ---------------------------------------------------------------- attention

PLAIN = """net f(x[q, d], m[k, d]) -> y[q, d] {
    param Q[h, s, d] ~ normal(1), K[h, s, d] ~ normal(1), V[h, s, d] ~ normal(1), O[h, s, d] ~ normal(1)
    BODY
}"""
ATTENTION = {
    "a product of seven": """
        P[n, i, j] = softmax[j](x[i, a] Q[n, t, a] K[n, t, b] m[j, b])
        y[i, o] = P[n, i, j] m[j, c] V[n, u, c] O[n, u, o]""",
    "a name for each": """
        A[n, i, t] = x[i, a] Q[n, t, a]
        B[n, j, t] = m[j, a] K[n, t, a]
        C[n, j, t] = m[j, a] V[n, t, a]
        S[n, i, j] = A[n, i, t] B[n, j, t] / sqrt(s)
        P[n, i, j] = softmax[j](S[n, i, j])
        Z[n, i, t] = P[n, i, j] C[n, j, t]
        y[i, o] = Z[n, i, t] O[n, t, o]""",
    "keys first": """
        P[j, i, n] = softmax[j](0.5 K[n, t, b] m[j, b] x[i, a] Q[n, t, a])
        y[i, o] = O[n, u, o] V[n, u, c] P[j, i, n] m[j, c]""",
    "heads in the middle": """
        P[i, n, j] = softmax[j](x[i, a] Q[n, t, a] K[n, t, b] m[j, b] * 0.5)
        Z[i, t, n] = P[i, n, j] m[j, a] V[n, t, a]
        y[i, o] = Z[i, t, n] O[n, t, o]""",
    "in brackets": """
        P[n, i, j] = softmax[j](2 / sqrt(s) * (x[i, a] Q[n, t, a]) (K[n, t, b] m[j, b]))
        y[i, o] = (P[n, i, j] (m[j, c] V[n, u, c])) O[n, u, o]""",
    "one head": """
        A[i, t] = x[i, a] Q[0, t, a]
        B[j, t] = m[j, a] K[0, t, a]
        P[i, j] = softmax[j](A[i, t] B[j, t])
        y[i, a] = P[i, j] m[j, a]""",
    "no leg of what is read": """
        P[n, i, j] = softmax[j](x[i, a] Q[n, t, a] K[n, t, b] m[j, b])
        w[j] = tanh(m[j, 0])
        z[n, i] = P[n, i, j] w[j]
        y[i, o] = z[n, i] O[n, 0, o]""",
    "shared keys": """
        A[n, i, t] = x[i, a] Q[n, t, a]
        B[j, t] = m[j, a] K[1, t, a]
        C[j, t] = m[j, a] V[1, t, a]
        P[n, i, j] = softmax[j](A[n, i, t] B[j, t])
        y[i, o] = P[n, i, j] C[j, t] O[n, t, o]""",
}


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_one_kernel_however_it_is_written(name: str) -> None:
    found = program(HEAD + PLAIN.replace("BODY", ATTENTION[name]))
    assert rewritten(found, "f")["attention"] == 1
    assert "softmax" not in torch_source(found).partition("def forward(self, x")[2].partition("observed(")[0]
    check(found, "f")


MASKED = {
    "causal": "softmax[j](causal[i, j](x[i, a] Q[n, t, a] K[n, t, b] x[j, b]))",
    "causal, then scaled": "softmax[j](0.5 causal[i, j](x[i, a] Q[n, t, a] K[n, t, b] x[j, b]))",
    "padding": "softmax[j](x[i, a] Q[n, t, a] K[n, t, b] x[j, b] / sqrt(s) + log(keep[j]))",
    "a bias of each head": "softmax[j](B[n, i, j] + x[i, a] Q[n, t, a] K[n, t, b] x[j, b])",
    "bias and padding, scaled": "softmax[j]((log(keep[j]) + x[i, a] Q[n, t, a] K[n, t, b] x[j, b] "
    "+ B[n, i, j]) / 3)",
    "bias and causal": "softmax[j](causal[i, j](x[i, a] Q[n, t, a] K[n, t, b] x[j, b] + B[n, i, j]))",
}


@pytest.mark.parametrize("name", MASKED)
def test_masks_of_attention(name: str) -> None:
    text = f"""dim q, d = 4, h = 3, s = 2
net f(x[q, d], keep[q] positive, B[h, i: q, j: q]) -> y[q, d] {{
    param Q[h, s, d] ~ normal(1), K[h, s, d] ~ normal(1), V[h, s, d] ~ normal(1), O[h, s, d] ~ normal(1)
    A[n, i, j] = {MASKED[name]}
    y[i, o] = A[n, i, j] x[j, c] V[n, u, c] O[n, u, o]
}}"""
    found = program(text)
    assert rewritten(found, "f")["attention"] == 1
    module = check(found, "f")
    inputs = given_inputs(random_inputs(found, "f", {"q": 5}, seed=3))
    batch = {name: torch.stack([value, value.flip(0).abs()]) for name, value in inputs.items()}
    together = module(**batch)
    for place in range(2):
        alone = module(**{name: value[place] for name, value in batch.items()})
        torch.testing.assert_close(together[place], alone, rtol=1e-9, atol=1e-11)


GROUPED = """dim q, d = 4, g = 2, r = 3, s = 2
net f(x[q, d]) -> y[q, d] {
    param Q[g, r, s, d] ~ normal(1), K[g, s, d] ~ normal(1), V[g, s, d] ~ normal(1), O[g, r, s, d] ~ normal(1)
    A[g, r, i, j] = softmax[j](causal[i, j](x[i, a] Q[g, r, t, a] K[g, t, b] x[j, b] / sqrt(s)))
    y[i, o] = A[g, r, i, j] V[g, t, c] x[j, c] O[g, r, t, o]
}"""


def test_queries_that_share_keys_and_gradients() -> None:
    found = program(GROUPED)
    assert rewritten(found, "f")["attention"] == 1
    module = check(found, "f")
    x = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))


NOT_ATTENTION = {
    "heads are summed": "z[i, t] = P[n, i, j] C[n, j, t]; y[i, o] = z[i, t] O[0, t, o]",
    "the pattern is read twice": "Z[n, i, t] = P[n, i, j] C[n, j, t]; w[n, i] = max[j](P[n, i, j]); "
    "y[i, o] = w[n, i] Z[n, i, t] O[n, t, o]",
    "queries are summed": "Z[n, t] = P[n, i, j] C[n, j, t] ones[i]; w[i] = tanh(x[i, 0]); "
    "y[i, o] = w[i] Z[n, t] O[n, t, o]",
}


@pytest.mark.parametrize("name", NOT_ATTENTION)
def test_what_is_no_attention(name: str) -> None:
    start = """
        C[n, j, t] = m[j, a] V[n, t, a]
        P[n, i, j] = softmax[j](x[i, a] Q[n, t, a] K[n, t, b] m[j, b]);"""
    found = program(HEAD + PLAIN.replace("BODY", start + NOT_ATTENTION[name]))
    assert not rewritten(found, "f")["attention"]
    check(found, "f")


def test_a_negative_scale_does_not_turn_the_mask_round() -> None:
    text = """dim q, d = 4
net f(x[q, d]) -> y[q, d] {
    A[i, j] = softmax[j](-1 clamp(causal[i, j](x[i, a] x[j, a]), min = -50))
    y[i, a] = A[i, j] x[j, a]
}"""
    found = program(text)
    assert not rewritten(found, "f")["attention"]
    check(found, "f")


def test_a_hook_and_a_freeze_take_the_pattern_apart() -> None:
    found = program(GROUPED + "\nnet frozen = freeze(f, A)")
    module = check(found, "f")
    x = torch.randn(5, 4, dtype=torch.float64)
    y, cache = module.run_with_cache(x)
    torch.testing.assert_close(module(x), y, rtol=1e-9, atol=1e-11)
    seen = []
    handle = module.A.register_forward_hook(lambda value, given, out: seen.append(out))
    module(x)
    handle.remove()
    assert torch.equal(seen[0], cache["A"])
    assert not rewritten(found, "frozen")["attention"]


def test_a_stream_that_goes_on_is_not_looked_through() -> None:
    """A pattern worked out before the stream changes is not worked out after it."""
    text = """dim q, d = 4
net f(x0[q, d]) -> y[q, d] {
    stream x = x0
    A[i, j] = softmax[j](x[i, a] x[j, a])
    x = tanh(x)
    y[i, a] = A[i, j] x[j, a]
}"""
    found = program(text)
    assert not rewritten(found, "f")["attention"]
    check(found, "f")


# ---------------------------------------------------------------- linear


@pytest.mark.parametrize(
    ("weight", "body", "out", "bias"),
    [
        ("W[h, s, d]", "W[n, t, a] x[p, a] + b[n, t]", "h, q, s", "b[h, s]"),
        ("W[h, d, s]", "x[p, a] W[n, a, t] + b[n, t]", "h, q, s", "b[h, s]"),
        ("W[d, h, s]", "W[a, n, t] x[p, a] + b[n, t]", "h, q, s", "b[h, s]"),
        ("W[s, d, h]", "b[n, t] + W[t, a, n] x[p, a]", "h, q, s", "b[h, s]"),
    ],
)
def test_weights_with_legs_in_any_order_are_linear(weight: str, body: str, out: str, bias: str) -> None:
    text = f"{HEAD}net f(x[q, d]) -> y[{out}] {{\n param {weight} ~ normal(1), {bias} ~ normal(1)\n"
    found = program(f"{text} y[n, p, t] = {body}\n}}")
    assert rewritten(found, "f")["linear"] == 1
    check(found, "f")


def test_what_is_summed_may_be_several_legs() -> None:
    text = f"{HEAD}net f(z[h, q, s]) -> y[q, d] {{\n param O[h, s, d] ~ normal(1), b[d] ~ normal(1)\n"
    found = program(text + " y[p, o] = z[n, p, t] O[n, t, o] + b[o]\n}")
    assert rewritten(found, "f") == {"linear": 1, "bias": 1}
    check(found, "f")


@pytest.mark.parametrize(
    "body",
    [
        "y[n, p] = W[n, t] z[n, p, t]",  # a matrix of its own for each head
        "y[n, p] = W[n, t] z[m, p, t] ones[m]",
    ],
)
def test_what_is_not_linear_keeps_its_value(body: str) -> None:
    found = program(f"{HEAD}net f(z[h, q, s]) -> y[h, q] {{\n param W[h, s] ~ normal(1)\n {body}\n}}")
    check(found, "f")


# ---------------------------------------------------------------- any program


@settings(max_examples=40)
@given(programs())
def test_random_programs_are_the_same_with_and_without_rules(case: Case) -> None:
    found = program(case.text)
    results = [
        arrays(module_of(found, case.net, case.parameters, rules)(**given_inputs(case.inputs)))
        for rules in (RULES, ())
    ]
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)


# ---------------------------------------------------------------- what stands among zeros


PLACED = {
    "filled": "y[k, e] = c[k, e] + at[i, k] x[i, e]",
    "from nothing": "y[k, e] = x[i, e] at[i, k]",
    "other way round": "y[e, k] = x[i, e] at[i, k] + c[k, e]",
    "two values": "z[k, e] = at[i, k] x[i, e]; y[k, e] = c[k, e] + z[k, e] z[k, e]",
}


@pytest.mark.parametrize("name", PLACED)
def test_what_one_hot_positions_multiply_is_put_there(name: str) -> None:
    out = "d, k" if name == "other way round" else "k, d"
    text = f"net f(x[q, d], c[k, d], at[q, k] onehot) -> y[{out}] {{\n {PLACED[name]}\n}}"
    found = program(HEAD + text)
    assert rewritten(found, "f")["placed"] >= 1
    assert "one_hot" not in torch_source(found).partition("def forward(self, x")[2].partition("observed(")[0]
    module = check(found, "f")
    inputs = given_inputs(random_inputs(found, "f", SIZES, seed=3))
    batch = {name: torch.stack([value, value.flip(0)]) for name, value in inputs.items()}
    some = {"x": batch["x"], "c": inputs["c"], "at": inputs["at"]}
    for together in (batch, some):
        for place in range(2):
            alone = {n: v[place] if v is batch[n] else v for n, v in together.items()}
            torch.testing.assert_close(module(**together)[place], module(**alone), rtol=1e-9, atol=1e-11)


def test_positions_that_are_equal_are_added() -> None:
    found = program(f"{HEAD}net f(x[q, d], at[q, k] onehot) -> y[k, d] {{ y[k, e] = at[i, k] x[i, e] }}")
    module = module_of(found, "f", {})
    x = torch.ones(5, 4, dtype=torch.float64, requires_grad=True)
    y = module(x, torch.tensor([1, 1, 5, 0, 1]))
    assert y[:, 0].tolist() == [1, 3, 0, 0, 0, 1]
    y.square().sum().backward()
    assert x.grad is not None and x.grad[:, 0].tolist() == [6, 6, 2, 2, 6]


COLLECTED = {
    "side by side": "s[n, p, e] += basis(l)[n] z[p, e]",
    "last": "s[p, e, n] += z[p, e] basis(l)[n]",
    "scaled": "s[n, p, e] += 2 basis(l)[n] z[p, e]",
}
NOT_COLLECTED = {
    "read in the turn": "s[n, p, e] += basis(l)[n] z[p, e] + 0.5 s[n, p, e]",
    "not zero before": "s[n, p, e] += basis(l)[n] z[p, e]",
}


@pytest.mark.parametrize(("name", "body"), [*COLLECTED.items(), *NOT_COLLECTED.items()])
def test_sums_over_turns_at_the_place_of_the_turn(name: str, body: str) -> None:
    legs, out = ("p, e, n", "q, d, turn") if name == "last" else ("n, p, e", "turn, q, d")
    start = "1" if name == "not zero before" else "0"
    text = f"""dim q, d = 4, turn = 3
net f(x0[q, d]) -> (s[{out}], z[q, d]) {{
    param W[d, d] ~ normal(1)
    stream s[{legs}] = {start} ones[{legs}]
    stream z[p, e] = x0[p, e]
    repeat l in 0..turn {{
        z[p, e] += tanh(z[p, f] W[f, e])
        {body}
    }}
}}"""
    found = program(text.replace("W[d, d]", "W[a: d, b: d]"))
    assert rewritten(found, "f")["collected"] == (name in COLLECTED)
    check(found, "f")


# ---------------------------------------------------------------- products of one array


SEVERAL = {
    "as it is usual": (
        "A[h, s, d], B[h, s, d], C[h, s, d], u[h, s], v[h, s], w[h, s]",
        """a[n, p, t] = A[n, t, e] x[p, e] + u[n, t]
        b[n, p, t] = B[n, t, e] x[p, e] + v[n, t]
        c[n, p, t] = C[n, t, e] x[p, e] + w[n, t]
        y[n, p, t] = tanh(a[n, p, t]) b[n, p, t] c[n, p, t]""",
    ),
    "other orders of legs": (
        "A[d, h, s], B[s, d, h], C[h, d, s]",
        """a[p, n, t] = tanh(A[e, n, t] x[p, e])
        y[n, p, t] = a[p, n, t] tanh(B[t, f, n] x[p, f]) tanh(C[n, g, t] x[p, g])""",
    ),
    "other sizes": (
        "A[h, s, d], B[h, d], C[s, d]",
        """a[n, p, t] = tanh(A[n, t, e] x[p, e])
        y[n, p, t] = a[n, p, t] tanh(B[n, f] x[p, f]) tanh(C[t, g] x[p, g])""",
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_products_of_one_array_are_one_once_prepared(name: str) -> None:
    params, body = SEVERAL[name]
    declared = ", ".join(f"{one} ~ normal(1)" for one in re.findall(r"\w+\[[^]]*\]", params))
    text = f"net f(x[q, d]) -> y[h, q, s] {{\n    param {declared}\n        {body}\n}}"
    found = program(HEAD + text)
    assert rewritten(found, "f")["together"] >= 1
    module = check(found, "f")
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    before, names = module(x), list(module.state_dict())
    module.prepare()
    torch.testing.assert_close(module(x), before, rtol=1e-9, atol=1e-11)
    assert list(module.state_dict()) == names
    with torch.no_grad():
        module.A.mul_(2)
    stale = module(x)
    torch.testing.assert_close(stale, before, rtol=1e-9, atol=1e-11)
    module.load_state_dict(module.state_dict())
    after = module(x)
    assert not torch.allclose(after, before)
    torch.testing.assert_close(module.prepare()(x), after, rtol=1e-9, atol=1e-11)
    assert module.train()(x).requires_grad and not list(module.buffers())


def test_what_is_bound_anew_is_another_array() -> None:
    text = """net f(x0[q, d]) -> y[q, d] {
    param A[i: d, j: d] ~ normal(1), B[i: d, j: d] ~ normal(1), C[i: d, j: d] ~ normal(1)
    stream x = x0
    a[p, i] = tanh(x[p, j] A[i, j]); b[p, i] = tanh(x[p, j] B[i, j])
    x = tanh(x)
    y[p, i] = a[p, i] b[p, i] + tanh(x[p, j] C[i, j])
}"""
    found = program(HEAD + text)
    assert rewritten(found, "f")["together"] == 1
    module = check(found, "f")
    x = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(module(x), module.prepare()(x), rtol=1e-9, atol=1e-11)


# ---------------------------------------------------------------- positions that are compared


LATER = {
    "of one array": "log(step(index[i] - index[j] + 0.5))",
    "other way round": "log(step(0.5 - index[j] + index[i]))",
    "looked up": "log(step(at[i, k] index[k] - index[j] + 0.25))",
    "scaled": "log(step(index[i] - index[j] + 0.5)) * 3",
    "with another": "log(step(index[i] - index[j] + 0.5)) + log(step(index[j] - index[i] + 1.5))",
    "a bound of its own": "M[i, j]",
}


@pytest.mark.parametrize("name", LATER)
def test_positions_are_compared_as_whole_numbers(name: str) -> None:
    """So that types with few digits tell them apart; a mask of them is one of truth values."""
    text = f"""dim q, d = 4
net f(x[q, d], at[q, k: q] onehot) -> y[q, d] {{
    M[i: q, j: q] = log(step(index[i] - index[j] + 0.5))
    A[i, j] = softmax[j](x[i, a] x[j, a] + {LATER[name]})
    y[i, a] = A[i, j] x[j, a]
}}"""
    if name != "a bound of its own":
        text = re.sub("    M.*\n", "", text)
    found = program(text)
    counts = rewritten(found, "f")
    assert counts["attention"] == 1 and counts["ordered"] == 1
    forward = torch_source(found).partition("def forward(self, x")[2].partition("observed(")[2]
    forward = forward.partition("def observed")[0]
    assert ("log" in forward) == (name == "with another")
    check(found, "f")


NOT_ORDERED = {
    "more than half a position": "step(index[i] - index[j] + 1.5)",
    "at once": "step(index[i] - index[j])",
    "a sum": "step(index[i] + index[j] - 2.5)",
    "something else": "step(x[i, 0] - index[j] + 0.5)",
}


@pytest.mark.parametrize("name", NOT_ORDERED)
def test_what_is_no_comparison_of_positions(name: str) -> None:
    found = program(f"dim q, d = 4\nnet f(x[q, d]) -> y[i: q, j: q] {{ y[i, j] = {NOT_ORDERED[name]} }}")
    assert not rewritten(found, "f")["ordered"]
    check(found, "f")


def test_few_digits_tell_many_positions_apart() -> None:
    text = "dim q = 600\nnet f(x[q]) -> y[q] { y[i] = step(index[i] - index[j] + 0.5) x[j] }"
    module = module_of(program(text), "f", {}).bfloat16()
    x = torch.zeros(600, dtype=torch.bfloat16)
    x[513] = 1
    assert module(x).nonzero().flatten().tolist() == list(range(513, 600))


# ---------------------------------------------------------------- what may be written into


FILLED = """
net g(x[q, d], at[q, k] onehot, c[k, d]) -> (y[k, d], n[q, d]) {
    y[k, e] = c[k, e] + at[i, k] x[i, e]
    n[i, e] = 2 x[i, e]
}
net f(x[q, d], at[q, k] onehot, a[k, d], b[k, d]) -> (z[q, d], s[k, d]) {
    y, n = g(x, at, a) as first
    z[i, e] = n[i, e] + y[2, e]
    s, w = g(z, at, b) as last
}
net twice(x[q, d], at[q, k] onehot, c[k, d]) -> (y[k, d], z[k, d]) {
    y, n = g(x, at, c) as one
    z, m = g(n, at, c) as two
}
net again(x[q, d], at[q, k] onehot, c[k, d]) -> y[k, d] {
    stream y[i, e] = 0 ones[i, e]
    repeat l in 0..h {
        z, n = g(x, at, c) as block
        y[i, e] += z[i, e]
    }
}
net reads(x[q, d], at[q, k] onehot, c[k, d]) -> y[k, d] { y[k, e] = c[k, e] + at[i, k] x[i, e] c[0, e] }
net own(x[q, d], at[q, k] onehot) -> y[k, d] {
    param c[k, d] ~ normal(1)
    y[k, e] = c[k, e] + at[i, k] x[i, e]
}
"""


def test_caches_are_written_into_where_nothing_else_reads_them() -> None:
    found = program(HEAD + FILLED)
    assert [rewritten(found, net)["filled"] for net in ("g", "f", "twice", "again", "reads", "own")] == [
        1, 2, 0, 0, 0, 0,
    ]  # fmt: skip
    module = check(found, "f")
    inputs = given_inputs(random_inputs(found, "f", SIZES, seed=3))
    before = {name: value.clone() for name, value in inputs.items()}
    wanted = module(**inputs)
    assert all(torch.equal(inputs[name], before[name]) for name in inputs)
    got = module(**inputs, in_place=True)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)
    assert got.s.data_ptr() == inputs["b"].data_ptr()
    changed = (inputs["a"] != before["a"]).any(-1)
    assert changed.nonzero().flatten().tolist() == sorted(set(inputs["at"].tolist()))
    for net in ("twice", "again", "reads", "own"):
        check(found, net)


# ---------------------------------------------------------------- how matrices lie in memory


def test_prepared_matrices_lie_along_their_longer_axis() -> None:
    text = f"""{HEAD}net f(x[q, d]) -> y[q, d] {{
    param A[h, s, d] ~ normal(1), B[d, h, s] ~ normal(1), C[i: d, o: d] ~ normal(1), E[k, d] ~ normal(1)
    a[p, n, t] = tanh(A[n, t, e] x[p, e])
    b[p, e] = tanh(B[e, n, t] a[p, n, t])
    y[p, o] = E[m, o] tanh(E[m, i] tanh(b[p, e] C[e, i]))
}}"""
    found = program(text)
    module = check(found, "f")
    assert type(module).matrices == {"A": 2, "B": 1, "C": 1, "E": 1}
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    before, values = module(x), {name: value.clone() for name, value in module.state_dict().items()}
    module.prepare()
    torch.testing.assert_close(module(x), before, rtol=1e-9, atol=1e-11)
    assert module.A.stride() == (2, 1, 6) and module.B.stride() == (6, 2, 1)
    assert all(torch.equal(value, values[name]) for name, value in module.state_dict().items())
    module(x).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    module.train()
    assert all(parameter.is_contiguous() for parameter in module.parameters())


# ---------------------------------------------------------------- what is worked out several times


COMMON = {
    "terms": ("y[p, e] = tanh(A[e, f] x[p, f]) + 2 tanh(x[p, g] A[e, g]) x[p, 0]", 1),
    "lines": ("a[p, e] = exp(x[p, e]); b[p, e] = exp(x[p, e]) x[p, 1]; y[p, e] = a[p, e] b[p, e]", 1),
    "one in another": (
        "y[p, e] = exp(tanh(x[p, e])) + sin(exp(tanh(x[p, e]))) + tanh(x[p, e])",
        2,
    ),
    "before a repeat and in it": (
        "stream y[p, e] = tanh(x[p, e])\n repeat l in 0..turn { y[p, e] += sin(y[p, e]) tanh(x[p, e]) }",
        1,
    ),
    "patterns": (
        """Q[i, t] = x[i, a] A[t, a]; P[i, j] = softmax[j](Q[i, t] Q[j, t])
        y[i, t] = P[i, j] x[j, t] + tanh(P[i, j] x[j, t])""",
        1,
    ),
}
NOT_COMMON = {
    "a stream that goes on": """stream s = x; a[p, e] = tanh(s[p, e]); s = 2 s
        b[p, e] = tanh(s[p, e]); y[p, e] = a[p, e] b[p, e]""",
    "turns": """stream y = x
        repeat l in 0..turn { y[p, e] = sin(y[p, e]) index[l] }
        repeat l in 0..turn { y[p, e] = sin(y[p, e]) index[l] }""",
    "the other axis": "y[p, e] = softmax[e](x[p, e]) + softmax[p](x[p, e])",
}


@pytest.mark.parametrize("name", [*COMMON, *NOT_COMMON])
def test_what_is_the_same_is_worked_out_once(name: str) -> None:
    body, count = COMMON[name] if name in COMMON else (NOT_COMMON[name], 0)
    text = f"""dim q, d = 4, turn = 3
net f(x[q, d]) -> y[q, d] {{
    param A[i: d, j: d] ~ normal(1)
    {body}
}}"""
    found = program(text.replace("index[l]", "(l + 1)"))
    assert rewritten(found, "f")["common"] == count
    check(found, "f")


CROSS = {
    "of a log_softmax": "loss[p] = -1 t[p, v] log_softmax[v](W[v, e] x[p, e])",
    "of a softmax": "loss[p] = -1 log(softmax[v](W[v, e] x[p, e])) t[p, v]",
    "by lines": "a[p, v] = x[p, e] W[v, e]; b[v, p] = log_softmax[v](a[p, v]); loss[p] = -1 b[v, p] t[p, v]",
    "summed": "l = -1 t[p, v] log_softmax[v](W[v, e] x[p, e]); loss[p] = l x[p, 0]",
}


@pytest.mark.parametrize("name", CROSS)
def test_cross_entropy_has_its_own_kernel(name: str) -> None:
    text = f"""dim q, d = 4, k
net f(x[q, d], t[q, k] onehot) -> loss[q] {{
    param W[k, d] ~ normal(1)
    {CROSS[name]}
}}"""
    found = program(text)
    assert rewritten(found, "f")["cross-entropy"] == (2 if name == "of a softmax" else 1)
    module = check(found, "f")
    inputs = given_inputs(random_inputs(found, "f", {"q": 5, "k": 6}, seed=3))
    x = inputs["x"].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: module(x, inputs["t"]), (x,))
    batch = torch.stack([x, 2 * x])
    torch.testing.assert_close(module(batch, inputs["t"])[1], module(2 * x, inputs["t"]))
