"""What people do with a generated module: hooks, caches, frozen values, types, compile, export, gradients."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

from tests.conftest import PROGRAMS
from tests.torch.modules import built, given_inputs, program
from tnlang.elaborate import load_program
from tnlang.execute import instantiate
from tnlang.reference.initialise import random_inputs

SMALL = {"layer": 2, "head": 2, "head_size": 4, "hidden": 8, "vocab": 17, "position": 12}


@pytest.fixture(scope="module")
def gpt2() -> nn.Module:
    torch.manual_seed(0)
    return instantiate(load_program(PROGRAMS["gpt2"]), "gpt2", SMALL).eval()


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randint(17, (2, 7), generator=torch.Generator().manual_seed(1))


# ---------------------------------------------------------------- reading and replacing values


def test_cache_has_every_named_value_under_its_dotted_name(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    logits, cache = gpt2.run_with_cache(tokens)
    torch.testing.assert_close(logits, gpt2(tokens))
    assert cache["attention.1.A"].shape == (2, 2, 7, 7)
    torch.testing.assert_close(cache["attention.1.A"].sum(-1), torch.ones(2, 2, 7))
    block = cache["x.1"] - cache["x.0"]
    torch.testing.assert_close(block, cache["attention.0.y"])
    expected = {f"x.{i}" for i in range(5)} | {"logits", "ln_f.y", "ln_f.scale"}
    for turn in range(2):
        expected |= {f"attention.{turn}.{name}" for name in "QKVAy"} | {f"mlp.{turn}.y"}
        expected |= {f"ln_{i}.{turn}.{name}" for i in (1, 2) for name in ("y", "scale")}
    assert set(cache) == expected
    assert not any(part._forward_hooks for part in gpt2.modules())


def test_names_filter(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    for chosen in ("attention.*.A", ["attention.0.A", "attention.1.A"], lambda name: name.endswith(".A")):
        assert set(gpt2.run_with_cache(tokens, names_filter=chosen)[1]) == {"attention.0.A", "attention.1.A"}


def test_plain_hooks_read_and_replace(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    before = gpt2(tokens)
    seen: list[torch.Tensor] = []
    handle = gpt2.attention[0].A.register_forward_hook(lambda module, given, value: seen.append(value))
    torch.testing.assert_close(gpt2(tokens), before)
    handle.remove()
    assert [a.shape for a in seen] == [(2, 2, 7, 7)]
    handle = gpt2.attention[0].A.register_forward_hook(lambda module, given, value: torch.zeros_like(value))
    changed = gpt2(tokens)
    handle.remove()
    frozen = {"attention.0.A": torch.zeros(2, 2, 7, 7)}
    torch.testing.assert_close(changed, gpt2(tokens, frozen=frozen))
    assert (changed - before).abs().max() > 1e-4
    torch.testing.assert_close(gpt2(tokens), before)


def test_frozen_replaces_what_it_names(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    other = tokens.flip(-1)
    logits, cache = gpt2.run_with_cache(tokens)
    torch.testing.assert_close(gpt2(other, frozen=cache), logits)
    patterns = {name: value for name, value in cache.items() if name.endswith(".A")}
    mixed, again = gpt2.run_with_cache(other, frozen=patterns)
    for name, value in patterns.items():
        torch.testing.assert_close(again[name], value)
    assert (mixed - gpt2(other)).abs().max() > 1e-5
    stream = gpt2(other, frozen={"x.4": cache["x.4"]})
    torch.testing.assert_close(stream, logits)


def test_frozen_with_a_wrong_name_says_what_is_near(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    with pytest.raises(KeyError, match=r"^Gpt2 has no value 'attention.0.B'; near are attention\.0\."):
        gpt2(tokens, frozen={"attention.0.B": torch.zeros(1)})


ATTENTION = """
dim seq, hidden = 4, head = 2, size = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param Q[head, size, hidden] ~ normal(1), V[head, hidden, hidden] ~ normal(1)
    S[h, q, k] = Q[h, s, d] x[q, d] Q[h, s, e] x[k, e]
    A[h, q, k] = softmax[k](S[h, q, k])
    y[q, d] = A[h, q, k] V[h, d, e] x[k, e]
}
net two(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..2 { r += attention(r) }
    y = r
}
net linear = freeze(two, A)
net once = freeze(two, attention{1}.A)
"""


def test_a_net_with_frozen_patterns_is_linear() -> None:
    two = built(ATTENTION, "two")
    linear = built(ATTENTION, "linear", {n: p.detach().numpy() for n, p in two.named_parameters()})
    assert linear.frozen == ("attention.0.A", "attention.1.A")
    x, v = torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    y, cache = two.run_with_cache(x)
    torch.testing.assert_close(linear(x, frozen=cache), y)
    torch.testing.assert_close(linear(2 * x + v, frozen=cache), 2 * y + linear(v, frozen=cache))
    with pytest.raises(KeyError, match=r"^Linear needs the frozen value 'attention.0.A'"):
        linear(x)
    with pytest.raises(KeyError, match=r"has no value 'attention.0.X'"):
        linear(x, frozen={**cache, "attention.0.X": y})
    wrong = {**cache, "attention.1.A": cache["attention.1.A"][..., :4]}
    with pytest.raises(ValueError, match=r"leg k of frozen value A has size 4 where 5 is expected"):
        linear(x, frozen=wrong)


def test_one_frozen_turn() -> None:
    two = built(ATTENTION, "two")
    once = built(ATTENTION, "once", {n: p.detach().numpy() for n, p in two.named_parameters()})
    assert once.frozen == ("attention.1.A",)
    x = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    y, cache = two.run_with_cache(x)
    torch.testing.assert_close(once(x, frozen=cache), y)


# ---------------------------------------------------------------- what does not fit


def test_wrong_inputs_name_net_input_leg_and_sizes(gpt2: nn.Module) -> None:
    with pytest.raises(
        ValueError, match=r"^attention: leg hidden of input x has size 9 where 8 is expected$"
    ):
        gpt2.attention[0](torch.zeros(3, 9))
    with pytest.raises(
        ValueError, match=r"^attention: input x needs the legs \[seq, hidden\] but has .*\[8\]$"
    ):
        gpt2.attention[0](torch.zeros(8))
    with pytest.raises(ValueError, match=r"^gpt2: W_P\[p: 0..seq\] reaches up to 13 on a leg of size 12$"):
        gpt2(torch.zeros(13, dtype=torch.long))


def test_a_one_hot_input_is_whole_numbers() -> None:
    """A matrix of ones and zeros is told what it should be, not that its last axis is too long."""
    module = built("dim n, m = 4\nnet f(t[n, m] onehot, x[n]) -> y[m] { y[j] = t[i, j] x[i] }", "f")
    wanted = r"^f: input t\[\.\.\., n\] is whole numbers, those of the one-hot leg m; got torch.float32"
    with pytest.raises(ValueError, match=wanted + r" of the shape \[3, 4\]$"):
        module(torch.eye(4)[:3], torch.ones(3))
    with pytest.raises(ValueError, match=r"got torch\.bool"):
        module(torch.ones(3, dtype=torch.bool), torch.ones(3))
    assert module(torch.tensor([2, 0, 2]), torch.ones(3)).tolist() == [1, 0, 2, 0]


def test_one_dim_of_two_inputs_is_one_size() -> None:
    module = built("dim n\nnet f(a[n], b[n]) -> y { y = a[i] b[i] }", "f")
    with pytest.raises(ValueError, match=r"^f: leg n of input b has size 4 where 3 is expected$"):
        module(torch.zeros(3), torch.zeros(4))
    fixed = built("dim n\nnet f(a[n], b[n]) -> y { y = a[i] b[i] }", "f", dims={"n": 3})
    with pytest.raises(ValueError, match=r"^f: leg n of input a has size 4 where 3 is expected$"):
        fixed(torch.zeros(4), torch.zeros(4))


def test_unknown_dims_are_refused_with_near_names() -> None:
    found = load_program(PROGRAMS["gpt2"])
    with pytest.raises(TypeError, match=r"^Mlp has no dim 'hiden'; near are hidden$"):
        instantiate(found, "mlp", {"hiden": 3})


def test_a_dim_that_counts_members_is_fixed() -> None:
    text = "dim N = 2, n = 3\nnet f(x[n]) -> y { param A{k: 0..N}[n]; y = prod k in 0..N { A{k}[i] } x[i] }"
    instantiate(program(text), "f", {"N": 2})
    with pytest.raises(TypeError, match=r"^F: N counts members and is 2 here; compile the text anew$"):
        instantiate(program(text), "f", {"N": 3})


def test_a_dim_that_nobody_tells() -> None:
    text = "dim n\nnet count() -> y[n] { y[i] = index[i: n] }"
    assert built(text, "count", dims={"n": 4})().tolist() == [0, 1, 2, 3]
    assert built(text, "count")(n=2).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"^count: dim n has no size; give it by name$"):
        built(text, "count")()


# ---------------------------------------------------------------- types and places


def test_types_follow_the_module(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    double = copy.deepcopy(gpt2).to(torch.float64)
    assert double(tokens).dtype == torch.float64
    torch.testing.assert_close(double(tokens).float(), gpt2(tokens), rtol=1e-4, atol=1e-5)
    half = copy.deepcopy(gpt2).to(torch.bfloat16)
    assert half(tokens).dtype == torch.bfloat16
    meta = copy.deepcopy(gpt2).to("meta")
    assert meta(tokens.to("meta")).shape == (2, 7, 17)


def test_complex_parameters_stay_complex() -> None:
    text = "dim n = 3\nnet f(x[n]) -> y[n] { param U[n, n] unitary complex; y[i] = U[i, j] x[j] }"
    module = instantiate(program(text), "f")
    identity = torch.einsum("ai,aj->ij", module.U.conj(), module.U)
    torch.testing.assert_close(identity, torch.eye(3) + 0j)
    assert module.to(torch.float64).U.dtype == torch.complex128
    assert module(torch.ones(3, dtype=torch.float64)).dtype == torch.complex128


def test_constants_are_no_part_of_the_state() -> None:
    module = instantiate(load_program(PROGRAMS["quantum"]), "energy")
    assert module.state_dict() == {}
    assert module.double().Z.dtype == torch.float64
    third = built("dim n = 1\nconst c[n] = [0.3333333333333333]\nnet f() -> y[n] { y[i] = c[i] }", "f")
    assert third().item() == 1 / 3


def test_modules_can_be_copied_and_pickled(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    again = pickle.loads(pickle.dumps(gpt2))
    torch.testing.assert_close(again(tokens), gpt2(tokens))
    torch.testing.assert_close(again.run_with_cache(tokens)[0], gpt2(tokens))


def test_inputs_by_name_and_several_outputs() -> None:
    text = "dim n = 2\nnet f(x[n], y[n]) -> (s[n], d[n]) { s = x + y; d = x - y }"
    module = built(text, "f")
    result = module(y=torch.tensor([1.0, 2.0]), x=torch.tensor([5.0, 5.0]))
    assert type(result).__name__ == "FOutput"
    assert result.s.tolist() == [6, 7]
    assert result.d.tolist() == [4, 3]


def test_initialisation_follows_the_text() -> None:
    text = """
dim n = 40, m = 30
net f(x[n]) -> y[m] {
    param A[m, n], B[m, n] ~ normal(2), C[m, n] ~ uniform(-1, 3), D[m] ~ ones, E[m] ~ zeros
    param V[n, m] isometry(m), S[n, n] symmetric, P[n] positive
    y[i] = A[i, j] x[j] + B[i, j] x[j] + C[i, j] x[j] + D[i] + E[i] + V[j, i] x[j] + S[j, k] x[k] P[j] ones[i]
}
"""
    module = built(text, "f")
    assert abs(module.A.std().item() - 0.02) < 0.002
    assert abs(module.B.std().item() - 2) < 0.2
    assert -1 <= module.C.min().item() < -0.9
    assert 2.9 < module.C.max().item() <= 3
    assert module.D.unique().tolist() == [1]
    assert module.E.unique().tolist() == [0]
    torch.testing.assert_close(module.V.T @ module.V, torch.eye(30).double(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(module.S, module.S.T)
    assert module.P.min().item() >= 0


# ---------------------------------------------------------------- compile, export, gradients


def test_compile_whole_graph(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(gpt2, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(tokens), gpt2(tokens))
    patterns = {n: v * 0.5 for n, v in gpt2.run_with_cache(tokens)[1].items() if n.endswith(".A")}
    torch.testing.assert_close(compiled(tokens, frozen=patterns), gpt2(tokens, frozen=patterns))


def test_export_with_a_bounded_sequence(gpt2: nn.Module, tokens: torch.Tensor) -> None:
    seq = torch.export.Dim("seq", max=SMALL["position"])
    exported = torch.export.export(gpt2, (tokens,), dynamic_shapes={"tokens": {1: seq}}).module()
    for length in (3, 12):
        longer = torch.randint(17, (2, length), generator=torch.Generator().manual_seed(length))
        torch.testing.assert_close(exported(longer), gpt2(longer))
    patterns = {n: v * 0.5 for n, v in gpt2.run_with_cache(tokens)[1].items() if n.endswith(".A")}
    exported = torch.export.export(gpt2, (tokens,), {"frozen": patterns}).module()
    torch.testing.assert_close(exported(tokens, frozen=patterns), gpt2(tokens, frozen=patterns))


GRADIENTS: dict[str, tuple[str, str, dict[str, int]]] = {
    "attention": ("N11_attention", "attention", {"hidden": 3, "head": 2, "head_size": 2}),
    "layer norm": ("c08", "ln", {"hidden": 4}),
    "mlp": ("gpt2", "mlp", {"hidden": 2, "mlp": 3}),
    "fused layer norm": ("gpt2", "ln", {"hidden": 4}),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_finite_differences(name: str) -> None:
    from tests.torch.test_examples import elaborated

    path, net, dims = GRADIENTS[name]
    module = built(elaborated(PROGRAMS[path]), net, dims=dims)
    generator = torch.Generator().manual_seed(0)
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    x = torch.randn(3, dims["hidden"], generator=generator, dtype=torch.float64, requires_grad=True)

    def run(x: torch.Tensor, *values: torch.Tensor) -> Any:
        return torch.func.functional_call(module, dict(zip(parameters, values, strict=True)), (x,))

    def observed(x: torch.Tensor, *values: torch.Tensor) -> Any:
        given = dict(zip(parameters, values, strict=True))
        points = [part for part in module.modules() if type(part).__name__ == "Value"]
        handles = [point.register_forward_hook(lambda *_: None) for point in points]
        try:
            return torch.func.functional_call(module, given, (x,))
        finally:
            for handle in handles:
                handle.remove()

    assert torch.autograd.gradcheck(run, (x, *parameters.values()))
    assert torch.autograd.gradcheck(observed, (x, *parameters.values()))


def test_export_of_a_shift_with_a_dynamic_size() -> None:
    text = "dim seq\nnet f(x[seq]) -> y[seq] { y[i] = "
    text += "shift(1)[i, j] x[j] + shift(2)[j, i] x[j] + index[i: seq] }"
    module = built(text, "f")
    x = torch.arange(1.0, 8.0, dtype=torch.float64)
    dims = {"x": {0: torch.export.Dim("seq", min=3, max=50)}}
    exported = torch.export.export(module, (x,), dynamic_shapes=dims).module()
    longer = torch.arange(1.0, 21.0, dtype=torch.float64)
    assert exported(longer).tolist() == module(longer).tolist()
    assert module(x).tolist() == [0 + 3 + 0, 1 + 4 + 1, 2 + 5 + 2, 3 + 6 + 3, 4 + 7 + 4, 5 + 5, 6 + 6]


@pytest.mark.parametrize(
    "case",
    [
        "families, values by number, nested repeats, earlier values of a stream",
        "one-hot inputs and argmax as indices",
    ],
)
def test_whole_graphs_of_the_language(case: str) -> None:
    from tests.torch.test_language import CASES

    text, net, dims = CASES[case]
    module = built(text, net, dims=dims)
    inputs = given_inputs(random_inputs(program(text), net, dims))
    torch._dynamo.reset()
    expected = module(**inputs)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(tuple(compiled(**inputs)), tuple(expected))
    exported = torch.export.export(module, (), inputs).module()
    torch.testing.assert_close(tuple(exported(**inputs)), tuple(expected))


# ---------------------------------------------------------------- functions of the user's


def test_functions_of_the_users_have_to_be_allowed() -> None:
    text = """
dim n = 3
fn g[k] = "torch.nn.functional:normalize"
fn sq = "torch:square"
net f(x[n, n]) -> y[n, n] { y[i, j] = g[i](x[i, j]) + sq(x[i, j]) }
"""
    with pytest.raises(ValueError, match="Python functions have to be allowed"):
        instantiate(program(text), "f")
    module = instantiate(program(text), "f", functions=True)
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(module(x), torch.nn.functional.normalize(x, dim=0) + x**2)
