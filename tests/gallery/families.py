"""C9, families of models: each is held against the Hugging Face module with the same numbers, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertForPreTraining,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.t5.modeling_t5 import T5LayerNorm

from tests.gallery.checking import claim, drawn
from tnlang.reference import execute

Tensor = torch.Tensor
Arrays = Mapping[str, Tensor]


def rows(W: Tensor) -> Tensor:
    """A weight [head, …, size, hidden] as the matrix of a linear layer to all heads."""
    return W.flatten(0, -2)


def in_float64(model: nn.Module) -> nn.Module:
    """The model in float64, its RMS norms too, which transformers computes in float32 always."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LlamaRMSNorm | T5LayerNorm):
                norm = nn.RMSNorm(child.weight.shape, eps=child.variance_epsilon)
                setattr(parent, name, norm)
    return model.double().eval()


# ---------------------------------------------------------------- Llama

LLAMA = {
    "seq": 9,
    "layer": 2,
    "vocab": 31,
    "hidden": 12,
    "mlp": 20,
    "kv": 2,
    "rep": 3,
    "half": 2,
    "base": 100,
}


class Angles(nn.Module):
    """Cosines and sines of the rotary positions, in float64 where transformers has float32."""

    def __init__(self, size: int, base: float) -> None:
        super().__init__()
        self.size, self.base = size, base

    def forward(self, x: Tensor, position_ids: Tensor) -> tuple[Tensor, Tensor]:
        speeds = self.base ** (-torch.arange(0, self.size, 2, dtype=x.dtype) / self.size)
        angles = torch.outer(position_ids[0].to(x.dtype), speeds).repeat(1, 2)[None]
        return angles.cos(), angles.sin()


def llama(arrays: Arrays) -> nn.Module:
    size, heads = 2 * LLAMA["half"], LLAMA["kv"] * LLAMA["rep"]
    config = LlamaConfig(
        vocab_size=31,
        hidden_size=12,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=LLAMA["kv"],
        head_dim=size,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100.0},
        tie_word_embeddings=False,
    )
    model = in_float64(LlamaForCausalLM(config))
    model.model.rotary_emb = Angles(size, 100.0)
    stored = {
        "model.embed_tokens.weight": arrays["W_E"],
        "model.norm.weight": arrays["final_norm.gain"],
        "lm_head.weight": arrays["W_U"],
    }
    for layer in range(2):
        here, attention = f"model.layers.{layer}", f"attention.{layer}"
        for theirs, ours in (("q", "Q"), ("k", "K"), ("v", "V")):
            stored[f"{here}.self_attn.{theirs}_proj.weight"] = rows(arrays[f"{attention}.W_{ours}"])
        stored[f"{here}.self_attn.o_proj.weight"] = rows(arrays[f"{attention}.W_O"]).T
        for name in ("gate", "up", "down"):
            stored[f"{here}.mlp.{name}_proj.weight"] = arrays[f"mlp.{layer}.W_{name}"]
        stored[f"{here}.input_layernorm.weight"] = arrays[f"input_norm.{layer}.gain"]
        stored[f"{here}.post_attention_layernorm.weight"] = arrays[f"post_norm.{layer}.gain"]
    model.load_state_dict(stored)
    return model


@drawn(bound=1e-10, **LLAMA)
@torch.no_grad()
def C9_llama(**arrays):
    return llama(arrays)(arrays["tokens"][None]).logits[0]


@claim("C9_llama", bound=1e-12)
def a_position_turns_each_pair(program):
    """Rotations of pairs (j, half + j) by angles that fall from 1 to 1 / base, by loops."""
    half, seq = 3, 5
    rotations = np.zeros((seq, 2 * half, 2 * half))
    for p in range(seq):
        for j in range(half):
            angle = p * 100 ** (-j / half)
            rotations[p, j, j] = rotations[p, half + j, half + j] = math.cos(angle)
            rotations[p, j, half + j], rotations[p, half + j, j] = -math.sin(angle), math.sin(angle)
    run = execute(program.ir, "rotary", dims={"seq": seq, "half": half, "base": 100})
    return float(np.abs(run.outputs["R"] - rotations).max())


# ---------------------------------------------------------------- BERT

BERT = {"seq": 9, "layer": 2, "vocab": 31, "position": 16, "head": 3, "head_size": 4, "hidden": 12}


@drawn(bound=1e-10, **BERT)
@torch.no_grad()
def C9_bert(**arrays):
    config = BertConfig(
        vocab_size=31,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=48,
        max_position_embeddings=16,
        type_vocab_size=2,
        pad_token_id=None,
    )
    model = BertForPreTraining(config).double().eval()
    stored = {
        "bert.embeddings.word_embeddings.weight": arrays["W_E"],
        "bert.embeddings.position_embeddings.weight": arrays["embed.W_P"],
        "bert.embeddings.token_type_embeddings.weight": arrays["embed.W_T"],
        "bert.pooler.dense.weight": arrays["classify.W_pool"],
        "bert.pooler.dense.bias": arrays["classify.b_pool"],
        "cls.seq_relationship.weight": arrays["classify.W"],
        "cls.seq_relationship.bias": arrays["classify.b"],
        "cls.predictions.transform.dense.weight": arrays["unembed.W"],
        "cls.predictions.transform.dense.bias": arrays["unembed.b"],
        "cls.predictions.bias": arrays["unembed.b_U"],
        "cls.predictions.decoder.bias": arrays["unembed.b_U"],
        "cls.predictions.decoder.weight": arrays["W_E"],
    }
    norms = {
        "bert.embeddings": "embed.ln",
        "cls.predictions.transform": "unembed.ln",
    }
    for layer in range(2):
        here, attention = f"bert.encoder.layer.{layer}", f"encode.attention.{layer}"
        for theirs, ours in (("query", "Q"), ("key", "K"), ("value", "V")):
            stored[f"{here}.attention.self.{theirs}.weight"] = rows(arrays[f"{attention}.W_{ours}"])
            stored[f"{here}.attention.self.{theirs}.bias"] = arrays[f"{attention}.b_{ours}"].flatten()
        stored[f"{here}.attention.output.dense.weight"] = rows(arrays[f"{attention}.W_O"]).T
        stored[f"{here}.attention.output.dense.bias"] = arrays[f"{attention}.b_O"]
        for theirs, ours in (("intermediate", "in"), ("output", "out")):
            stored[f"{here}.{theirs}.dense.weight"] = arrays[f"encode.mlp.{layer}.W_{ours}"]
            stored[f"{here}.{theirs}.dense.bias"] = arrays[f"encode.mlp.{layer}.b_{ours}"]
        norms |= {
            f"{here}.attention.output": f"encode.ln_1.{layer}",
            f"{here}.output": f"encode.ln_2.{layer}",
        }
    for theirs, ours in norms.items():
        stored[f"{theirs}.LayerNorm.weight"] = arrays[f"{ours}.gain"]
        stored[f"{theirs}.LayerNorm.bias"] = arrays[f"{ours}.bias"]
    model.load_state_dict(stored)
    mask = arrays["keep"].log().expand(1, 1, 9, 9)
    result = model(arrays["tokens"][None], attention_mask=mask, token_type_ids=arrays["kinds"][None])
    return result.prediction_logits[0], result.seq_relationship_logits[0]


# ---------------------------------------------------------------- encoder and decoder

T5 = {"src": 40, "tgt": 37, "layer": 2, "vocab": 31, "head": 3, "head_size": 4, "hidden": 12, "mlp": 20}
T5 |= {"side": 4, "far": 16}
"""Few buckets, and more positions than the farthest: every bucket is used, at both its ends."""


def t5(arrays: Arrays) -> nn.Module:
    config = T5Config(
        vocab_size=31,
        d_model=12,
        d_kv=4,
        d_ff=20,
        num_layers=2,
        num_heads=3,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=16,
    )
    model = in_float64(T5ForConditionalGeneration(config))
    stored = {"shared.weight": arrays["W_E"]}
    bias = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    sides = [arrays[f"encoder_positions.{side}"] for side in ("before", "after")]
    stored[f"encoder.{bias}"] = torch.cat(sides)
    stored[f"decoder.{bias}"] = arrays["decoder_positions.before"]
    parts = {
        ("encoder", "encode"): (("SelfAttention", "self_attention"), ("DenseReluDense", "mlp")),
        ("decoder", "decode"): (
            ("SelfAttention", "causal_attention"),
            ("EncDecAttention", "cross_attention"),
            ("DenseReluDense", "target_mlp"),
        ),
    }
    for (theirs, ours), layers in parts.items():
        stored[f"{theirs}.final_layer_norm.weight"] = arrays[f"{ours}.norm_f.gain"]
        for block in range(2):
            for place, (layer, name) in enumerate(layers):
                here, own = f"{theirs}.block.{block}.layer.{place}", f"{ours}.{name}.{block}"
                stored[f"{here}.layer_norm.weight"] = arrays[f"{ours}.norm_{place + 1}.{block}.gain"]
                if layer == "DenseReluDense":
                    stored[f"{here}.{layer}.wi.weight"] = arrays[f"{own}.W_in"]
                    stored[f"{here}.{layer}.wo.weight"] = arrays[f"{own}.W_out"]
                    continue
                for letter in "QKV":
                    stored[f"{here}.{layer}.{letter.lower()}.weight"] = rows(arrays[f"{own}.{letter}"])
                stored[f"{here}.{layer}.o.weight"] = rows(arrays[f"{own}.O"]).T
    missing, unknown = model.load_state_dict(stored, strict=False)
    assert not unknown and {key.rsplit(".", 2)[-2] for key in missing} <= {"embed_tokens", "lm_head"}
    return model


@drawn(bound=1e-10, **T5)
@torch.no_grad()
def C9_encoder_decoder(**arrays):
    mask = arrays["keep"].log()
    model = t5(arrays)
    source, target = arrays["source"][None], arrays["target"][None]
    memory = model.encoder(source, attention_mask=mask.expand(1, 1, 40, 40))
    return model(
        encoder_outputs=memory, attention_mask=mask.expand(1, 1, 37, 40), decoder_input_ids=target
    ).logits[0]


# ---------------------------------------------------------------- parts of others


def attended(x: Tensor, weights: Arrays, positions: Tensor | float = 0.0) -> Tensor:
    """Causal attention without biases; positions are added for queries and keys alone."""
    q, k = (F.linear(x + positions, rows(weights[f"W_{name}"])) for name in "QK")
    v = F.linear(x, rows(weights["W_V"]))
    heads = [t.unflatten(-1, weights["W_Q"].shape[:2]).transpose(0, 1) for t in (q, k, v)]
    mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
    return mixed.transpose(0, 1).flatten(1) @ rows(weights["W_O"])


def of_layer(arrays: Arrays, call: str) -> dict[str, Tensor]:
    """The parameters of one call, by their names in its net."""
    return {n.removeprefix(f"{call}."): a for n, a in arrays.items() if n.startswith(f"{call}.")}


@drawn
def C9_shortformer(**arrays):
    x = arrays["x0"]
    for layer in range(2):
        x = x + attended(x, of_layer(arrays, f"attention.{layer}"), arrays["W_P"][: len(x)])
    return x


GPTJ = {"seq": 7, "layer": 2, "hidden": 12, "gpt2.head": 3, "gpt2.head_size": 4}


@drawn(**GPTJ)
def C9_parallel(**arrays):
    r = arrays["x"]
    for layer in range(2):
        ln, mlp, weights = (of_layer(arrays, f"{call}.{layer}") for call in ("ln", "mlp", "attention"))
        n = F.layer_norm(r, (12,), ln["gain"], ln["bias"])
        q, k, v = (
            F.linear(n, rows(weights[f"W_{name}"]), weights[f"b_{name}"].flatten())
            .unflatten(-1, (3, 4))
            .transpose(0, 1)
            for name in "QKV"
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).flatten(1)
        inner = F.gelu(F.linear(n, mlp["W_in"], mlp["b_in"]), approximate="tanh")
        r = r + mixed @ rows(weights["W_O"]) + weights["b_O"] + F.linear(inner, mlp["W_out"], mlp["b_out"])
    return r


@drawn(seq=7)
def C9_sinusoid(angle):
    waves = torch.stack((angle.sin(), angle.cos()), dim=2)
    slower = torch.tensor([[p / 10000 ** (2 * j / 8) for j in range(4)] for p in range(7)], dtype=angle.dtype)
    return waves, waves, slower, slower


@claim("C9_sinusoid", bound=1e-12)
def even_entries_are_sines_and_odd_ones_cosines(program):
    found = execute(program.ir, "sinusoid", dims={"seq": 7}).outputs["y"]
    return max(
        abs(found[p, 2 * j + r] - wave(p / 10000 ** (2 * j / 8)))
        for p in range(7)
        for j in range(4)
        for r, wave in enumerate((math.sin, math.cos))
    )


@drawn
def C9_solu(x, W_in, W_out):
    a = x @ W_in.T
    return F.layer_norm(a * a.softmax(-1), (16,)) @ W_out.T
