"""Section 3, networks with bubbles: what each picture shows, written by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

import tnlang
from tests.gallery.checking import Plot, claim, drawn, plotted
from tnlang.plots import chart

Tensor = torch.Tensor


# ---------------------------------------------------------------- layers


@drawn
def N1_chain(W_1, W_2, W_3, x):
    return W_3 @ W_2 @ W_1 @ x


@drawn
def N2_contracted(W_1, W_2, W_3, x):
    W = W_3 @ W_2 @ W_1
    return W @ x


@drawn
def N3_dense(W_1, W_2, W_3, x):
    layers = []
    for W in (W_1, W_2, W_3):
        linear = nn.Linear(W.shape[1], W.shape[0], bias=False, dtype=W.dtype)
        linear.weight.data = W
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers)(x).detach()


# ---------------------------------------------------------------- GPT-2

SMALL = {"seq": 9, "layer": 2, "vocab": 31, "position": 16, "head": 3, "head_size": 4, "hidden": 12}
SMALL = {f"gpt2.{dim}": size for dim, size in SMALL.items()}


def huggingface(arrays: dict[str, Tensor]) -> Tensor:
    """What GPT2LMHeadModel gives with these parameters."""
    config = GPT2Config(
        n_layer=2, n_head=3, n_embd=12, vocab_size=31, n_positions=16, bos_token_id=0, eos_token_id=0
    )
    model = GPT2LMHeadModel(config).double().eval()
    stored = {"wte.weight": arrays["W_E"], "wpe.weight": arrays["W_P"]}
    for layer in range(2):
        for norm in ("ln_1", "ln_2"):
            stored[f"h.{layer}.{norm}.weight"] = arrays[f"{norm}.{layer}.gain"]
            stored[f"h.{layer}.{norm}.bias"] = arrays[f"{norm}.{layer}.bias"]
        weights = {name: arrays[f"attention.{layer}.W_{name}"] for name in "QKVO"}
        biases = {name: arrays[f"attention.{layer}.b_{name}"] for name in "QKVO"}
        attention, mlp = f"h.{layer}.attn", f"h.{layer}.mlp"
        stored[f"{attention}.c_attn.weight"] = torch.cat([weights[n].flatten(0, 1) for n in "QKV"]).T
        stored[f"{attention}.c_attn.bias"] = torch.cat([biases[n].flatten() for n in "QKV"])
        stored[f"{attention}.c_proj.weight"] = weights["O"].flatten(0, 1)
        stored[f"{attention}.c_proj.bias"] = biases["O"]
        for theirs, ours in (("c_fc", "in"), ("c_proj", "out")):
            stored[f"{mlp}.{theirs}.weight"] = arrays[f"mlp.{layer}.W_{ours}"].T
            stored[f"{mlp}.{theirs}.bias"] = arrays[f"mlp.{layer}.b_{ours}"]
    stored |= {"ln_f.weight": arrays["ln_f.gain"], "ln_f.bias": arrays["ln_f.bias"]}
    model.transformer.load_state_dict(stored)
    return model(arrays["tokens"][None]).logits[0].detach()


@drawn(bound=1e-8, **SMALL)
def N4_gpt2_right(**arrays):
    return huggingface(arrays)


@drawn(bound=1e-8, **SMALL)
def N5_gpt2(**arrays):
    return huggingface(arrays)


# ---------------------------------------------------------------- into the stream


@drawn
def N6_onehot(tokens, W_E):
    return F.embedding(tokens, W_E)


@drawn
def N7_embedding(tokens, W_E, W_P):
    return F.embedding(tokens, W_E) + W_P[: len(tokens)]


@drawn
def N8_embedded(tokens, W_E, W_P):
    return F.embedding(tokens, W_E) + W_P[: len(tokens)]


# ---------------------------------------------------------------- maps on positions


@drawn
def N9_general(x, M, W_up, W_down):
    mixed = torch.tensordot(M, x, dims=2)
    return mixed, F.gelu(x @ W_up.T) @ W_down.T


def jacobian(program: tnlang.Program, net: str) -> tuple[Tensor, Tensor]:
    """How each output entry depends on each input entry, [q, e, k, d], and the parameter of the net."""
    torch.manual_seed(0)
    module = program.nets[net].module(hidden=8).double()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(6, 8, dtype=torch.float64)
    return torch.autograd.functional.jacobian(module, x), next(module.parameters()).detach()


@claim("N9_general")
def a_general_map_lets_each_position_depend_on_each(program):
    dependence, M = jacobian(program, "general")
    blocks = dependence.abs().amax(dim=(1, 3))
    return (dependence - M).abs().max() if (blocks > 1).all() else float("inf")


@claim("N9_general", bound=0)
def an_mlp_lets_a_position_depend_on_itself_alone(program):
    blocks = jacobian(program, "mlp")[0].abs().amax(dim=(1, 3))
    others = blocks - blocks.diag().diag()
    return others.max() if (blocks.diag() > 1).all() else float("inf")


@drawn
def N10_mlp(x, W_up, W_down):
    return x + F.gelu(x @ W_up.T) @ W_down.T


# ---------------------------------------------------------------- attention

FLAT = {"hidden": 3, "head": 4, "head_size": 2}
"""Sizes at which scores of normal weights are small enough for a softmax that is not all or nothing."""
FLAT_IMPORTED = {f"N11_attention.{dim}": size for dim, size in FLAT.items()}


def pattern(x: Tensor, W_Q: Tensor, W_K: Tensor) -> Tensor:
    """The pattern of one head."""
    queries, keys = x @ W_Q.T, x @ W_K.T
    scores = queries @ keys.T / len(W_Q) ** 0.5
    future = torch.ones_like(scores).triu(1).bool()
    return scores.masked_fill(future, -torch.inf).softmax(dim=1)


def heads(x: Tensor, A: Any, W_V: Tensor, W_O: Tensor) -> Tensor:
    """What heads with these patterns write, one after the other."""
    return sum(A[h] @ x @ W_V[h].T @ W_O[h] for h in range(len(W_V)))


def attention(x: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    A = [pattern(x, W_Q[h], W_K[h]) for h in range(len(W_Q))]
    return heads(x, A, W_V, W_O)


@drawn(**FLAT)
def N11_attention(x, attention_W_Q, attention_W_K, attention_W_V, attention_W_O):
    return x + attention(x, attention_W_Q, attention_W_K, attention_W_V, attention_W_O)


@claim("N11_attention")
@torch.no_grad()
def it_is_the_attention_of_torch(program):
    torch.manual_seed(0)
    module = program.nets["attention"].module().double()
    x = torch.randn(7, 64, dtype=torch.float64)
    q, k, v = (torch.einsum("hsd,pd->hps", W, x) for W in (module.W_Q, module.W_K, module.W_V))
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = torch.einsum("hqs,hsd->qd", mixed, module.W_O)
    return (module(x) - expected).abs().max() / expected.abs().max()


@drawn(**FLAT)
def N12_heads(x, W_Q, W_K, W_V, W_O):
    return attention(x, W_Q, W_K, W_V, W_O)


@drawn(**FLAT_IMPORTED)
def N13_pattern(x, W_Q, W_K):
    return torch.stack([pattern(x, *weights) for weights in zip(W_Q, W_K, strict=True)])


@plotted("N13_pattern")
@torch.no_grad()
def the_patterns_of_random_heads(program):
    torch.manual_seed(0)
    module = program.nets["attention"].module(**{"N11_attention_hidden": 8, "N11_attention_head": 2})
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    A = module.run_with_cache(torch.randn(12, 8))[1]["A"]
    yield Plot(chart(A, ("head", "q", "k")), width=360)


@drawn
def N14_frozen(x, attention_W_V, attention_W_O, attention_A):
    return x + heads(x, attention_A, attention_W_V, attention_W_O)


@claim("N14_frozen")
@torch.no_grad()
def with_the_captured_pattern_it_gives_what_attention_gave(program):
    torch.manual_seed(0)
    block, frozen = (program.nets[net].module().double() for net in ("block", "frozen"))
    frozen.load_state_dict(block.state_dict(), strict=False)
    x = torch.randn(7, 64, dtype=torch.float64)
    y, cache = block.run_with_cache(x)
    linear = (frozen(3 * x, frozen=cache) - 3 * y).abs().max()
    return max((frozen(x, frozen=cache) - y).abs().max(), linear) / y.abs().max()


@drawn
def N15_head_sums(A, W_V, W_O):
    """Applied to one basis vector after the other, it is a block of frozen attention."""
    ones = torch.eye(5 * 64).to(A).reshape(5 * 64, 5, 64)
    columns = torch.stack([x + heads(x, A, W_V, W_O) for x in ones], dim=2)
    return columns.reshape(5, 64, 5, 64).permute(0, 2, 1, 3)


@drawn
def N16_head_bond(A, W_V, W_O):
    W_OV = W_O.transpose(1, 2) @ W_V
    return sum(torch.tensordot(A[h], W_OV[h], dims=0) for h in range(len(A)))


# ---------------------------------------------------------------- two layers


def weights(arrays: dict[str, Tensor], layer: int, names: str = "QKVO") -> list[Tensor]:
    return [arrays[f"attention.{layer}.W_{name}"] for name in names]


@drawn
def N17_two_layers(**arrays):
    """Whatever is frozen comes from the run itself, so all three stages give the same."""
    x = arrays["x"]
    between = x + attention(x, *weights(arrays, 0))
    return between + attention(between, *weights(arrays, 1))


@claim("N17_two_layers")
@torch.no_grad()
def frozen_values_are_those_handed_in(program):
    """With patterns of another run, each stage is what is written here."""
    torch.manual_seed(0)
    x = torch.randn(7, 64, dtype=torch.float64)
    off = 0.0
    two = program.nets["two"]
    stages = two, two.transform("freeze(attention{0}.A)"), two.transform("freeze(A)")
    for count, net in enumerate(stages):
        module = net.module().double()
        arrays = {name: nn.init.normal_(value) for name, value in module.state_dict().items()}
        A = torch.randn(2, 4, 7, 7, dtype=torch.float64)
        expected = x
        for layer in range(2):
            if layer < count:
                expected = expected + heads(expected, A[layer], *weights(arrays, layer, "VO"))
            else:
                expected = expected + attention(expected, *weights(arrays, layer))
        frozen = {f"attention.{layer}.A": A[layer] for layer in range(count)}
        given = {"frozen": frozen} if frozen else {}
        off = max(off, (module(x, **given) - expected).abs().max() / expected.abs().max())
    return off


@drawn
def N18_perturbation(x, Δ, W_Q, W_K):
    copied = x + Δ
    return torch.stack([(copied @ W_Q[h].T) @ (copied @ W_K[h].T).T for h in range(len(W_Q))])


@drawn
def N19_paths(x, A, W_Q, W_K, W_OV, **second):
    between = x + sum(A[h] @ x @ W_OV[h].T for h in range(len(A)))
    W_OV_2 = second["W_OV'"]
    y = between
    for h in range(len(A)):
        scores = (between @ W_Q[h].T) @ (between @ W_K[h].T).T
        y = y + scores @ between @ W_OV_2[h].T
    return y


def layer(A: Tensor, W_OV: Tensor) -> Tensor:
    """A frozen layer as an operator [q, d, k, e], with what passes by."""
    positions, hidden = torch.eye(A.shape[1]).to(A), torch.eye(W_OV.shape[1]).to(A)
    operators = [torch.kron(positions, hidden), *map(torch.kron, A, W_OV)]
    return sum(operators).reshape(A.shape[1], W_OV.shape[1], A.shape[2], W_OV.shape[2])


@drawn
def N20_v_composition(**arrays):
    first = layer(arrays["A"], arrays["W_OV"])
    second = layer(arrays["A'"], arrays["W_OV'"])
    whole = torch.tensordot(second, first, dims=2)
    return torch.tensordot(whole, arrays["x"], dims=2)


@drawn
def N21_head_paths(**arrays):
    paths = [
        torch.kron(arrays["A'"][i] @ arrays["A"][h], arrays["W_OV'"][i] @ arrays["W_OV"][h])
        for i in range(4)
        for h in range(4)
    ]
    return sum(paths).reshape(5, 64, 5, 64).permute(0, 2, 1, 3)
