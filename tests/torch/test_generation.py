"""Greedy generation by the step of a net: the tokens that transformers generates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    logging,
)

import tnlang
from tests.conftest import PROGRAMS
from tnlang.api import NetHandle
from tnlang.generation import Generator

GPT2 = {"layer": 3, "head": 5, "head_size": 12, "hidden": 60, "vocab": 311, "position": 64}
LLAMA = {"layer": 3, "hidden": 60, "vocab": 211, "mlp": 104, "kv": 2, "rep": 3, "half": 5}


def gpt2() -> PreTrainedModel:
    config = GPT2Config(
        n_layer=3, n_head=5, n_embd=60, vocab_size=311, n_positions=64, bos_token_id=0, eos_token_id=None
    )
    return GPT2LMHeadModel(config)


def llama() -> PreTrainedModel:
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


def step(name: str) -> NetHandle:
    file = {"gpt2": "gpt2", "llama": "C9_llama"}[name]
    return tnlang.load(PROGRAMS[file]).nets[name].transform("incremental(seq)")


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_tokens_of_transformers(name: str, tmp_path: Path) -> None:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(0)
    theirs = {"gpt2": gpt2, "llama": llama}[name]().eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    theirs.save_pretrained(tmp_path)
    dims = {"gpt2": GPT2, "llama": LLAMA}[name]
    ours = Generator(step(name), {**dims, "seq": 41}).load_weights(tmp_path)
    seen: set[int] = set()
    for shape in ((3, 7), (1, 9), (3, 8)):
        prompt = torch.randint(dims["vocab"], shape, generator=torch.manual_seed(sum(shape)))
        wanted = theirs.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=32, do_sample=False, pad_token_id=0
        )
        made = ours.generate(prompt, 32)
        assert torch.equal(made, wanted)
        seen |= set(made[:, shape[1] :].flatten().tolist())
        torch.testing.assert_close(ours.generate(prompt[0], 4), made[0, : shape[1] + 4])
    assert len(seen) > 10
    with pytest.raises(tnlang.ValueMismatch, match="7 tokens and 40 more do not fit in 41 positions"):
        ours.generate(torch.zeros(7, dtype=torch.long), 40)


def test_caches_stay_where_they_are() -> None:
    """They are made once and filled in place, by positions that are tensors."""
    ours = Generator(step("gpt2"), {**GPT2, "seq": 12})
    prompt = torch.arange(8).reshape(2, 4)
    first = ours.generate(prompt, 3)
    places = [cache.data_ptr() for cache in ours.caches]
    assert torch.equal(ours.generate(prompt, 3), first)
    assert [cache.data_ptr() for cache in ours.caches] == places
    assert all(cache[..., :6, :].abs().sum() > 0 and not cache[..., 6:, :].any() for cache in ours.caches)


def test_what_is_no_step() -> None:
    rough = Generator(step("gpt2"), {**GPT2, "position": 300, "seq": 129})
    rough.module.bfloat16()
    with pytest.raises(tnlang.ValueMismatch, match="bfloat16 does not tell 129 positions apart"):
        rough.generate(torch.arange(3), 2)
    model = tnlang.load(PROGRAMS["gpt2"]).nets["gpt2"]
    with pytest.raises(tnlang.ValueMismatch, match="gpt2 is no step"):
        Generator(model, {"seq": 12})
    with pytest.raises(tnlang.ValueMismatch, match="the longest sequence"):
        Generator(step("gpt2"), GPT2)
