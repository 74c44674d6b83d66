"""Seeded models of transformers, none of whose weights is what it starts as, saved as checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel, logging

Model = TypeVar("Model", bound=PreTrainedModel)

GPT2 = {"layer": 3, "head": 5, "head_size": 12, "hidden": 60, "vocab": 311, "position": 64}
LLAMA = {"layer": 3, "hidden": 60, "vocab": 211, "mlp": 104, "kv": 2, "rep": 3, "half": 5}
"""The dims of the files that are these models."""


def seeded() -> None:
    """The seed of all weights; transformers says nothing."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(0)


def gpt2() -> GPT2LMHeadModel:
    """A GPT-2 that no token ends."""
    config = GPT2Config(
        n_layer=3, n_head=5, n_embd=60, vocab_size=311, n_positions=64, bos_token_id=0, eos_token_id=None
    )
    return GPT2LMHeadModel(config)


def llama() -> LlamaForCausalLM:
    """A Llama with grouped queries that no token ends."""
    config = LlamaConfig(
        vocab_size=211,
        hidden_size=60,
        intermediate_size=104,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=10,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
        tie_word_embeddings=False,
        eos_token_id=None,
    )
    return LlamaForCausalLM(config)


def stirred(model: Model, *, matrices: bool = False) -> Model:
    """The model in evaluation; gains, biases (and ``matrices``) are not what they start as."""
    with torch.no_grad():
        for parameter in model.parameters():
            if matrices or parameter.dim() == 1:
                parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()


def saved(model: Model, folder: Path) -> Model:
    """The model, and its checkpoint in the folder."""
    model.save_pretrained(folder)
    return model
