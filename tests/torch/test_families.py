"""The families of C9 from checkpoints as transformers saves them, in float32: what its modules give, to 1e-5.

tests/gallery/families.py holds the same files against the same modules in float64, weights put in by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForPreTraining, T5Config, T5ForConditionalGeneration

from tests.conftest import PROGRAMS
from tests.torch import checkpoints
from tests.torch.checkpoints import saved, seeded, stirred
from tnlang.elaborate import load_program
from tnlang.execute import instantiate

Tensor = torch.Tensor
Outputs = tuple[Tensor, ...]


def integers(most: int, *shape: int) -> Tensor:
    return torch.randint(most, shape, generator=torch.Generator().manual_seed(most))


def llama(folder: Path) -> tuple[Callable[[nn.Module], Outputs], Outputs]:
    model, tokens = saved(stirred(checkpoints.llama()), folder), integers(211, 2, 33)
    return lambda ours: (ours(tokens),), (model(tokens).logits,)


def bert(folder: Path) -> tuple[Callable[[nn.Module], Outputs], Outputs]:
    config = BertConfig(
        vocab_size=211,
        hidden_size=60,
        num_hidden_layers=3,
        num_attention_heads=6,
        intermediate_size=240,
        max_position_embeddings=64,
    )
    model = saved(stirred(BertForPreTraining(config)), folder)
    tokens, kinds, keep = integers(211, 2, 33), integers(2, 2, 33), torch.ones(2, 33)
    keep[1, 21:] = 0
    theirs = model(tokens, attention_mask=keep, token_type_ids=kinds)
    return lambda ours: ours(tokens, kinds, keep), (theirs.prediction_logits, theirs.seq_relationship_logits)


def t5(folder: Path) -> tuple[Callable[[nn.Module], Outputs], Outputs]:
    config = T5Config(vocab_size=211, d_model=60, d_kv=10, d_ff=104, num_layers=3, num_heads=6)
    model = saved(stirred(T5ForConditionalGeneration(config)), folder)
    source, target, keep = integers(211, 2, 150), integers(210, 2, 140), torch.ones(2, 150)
    keep[1, 121:] = 0
    theirs = model(source, attention_mask=keep, decoder_input_ids=target)
    return lambda ours: (ours(source, keep, target),), (theirs.logits,)


SIZES = {"layer": 3, "vocab": 211, "hidden": 60}
FAMILIES = {
    "llama": (llama, checkpoints.LLAMA),
    "bert": (bert, SIZES | {"position": 64, "head": 6, "head_size": 10}),
    "translate": (t5, SIZES | {"mlp": 104, "head": 6, "head_size": 10}),
}
FILES = {"llama": "C9_llama", "bert": "C9_bert", "translate": "C9_encoder_decoder"}


@pytest.mark.parametrize("net", FAMILIES)
@torch.no_grad()
def test_a_checkpoint_gives_what_transformers_gives(net: str, tmp_path: Path) -> None:
    seeded()
    family, dims = FAMILIES[net]
    run, expected = family(tmp_path)
    ours = instantiate(load_program(PROGRAMS[FILES[net]]), net, dims).eval().load_weights(tmp_path)
    for got, wanted in zip(run(ours), expected, strict=True):
        assert wanted.std() > 0.01
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)
