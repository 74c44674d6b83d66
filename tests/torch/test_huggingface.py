"""GPT-2 from a checkpoint as transformers saves it: the same logits, and what does not fit is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import GPT2LMHeadModel

from tests.conftest import PROGRAMS
from tests.torch import checkpoints
from tests.torch.checkpoints import saved, seeded, stirred
from tests.torch.modules import built
from tnlang.elaborate import load_program
from tnlang.execute import instantiate


@pytest.fixture(scope="module")
def oracle() -> GPT2LMHeadModel:
    """A seeded GPT-2 whose gains and biases are not the ones and zeros they start as."""
    seeded()
    return stirred(checkpoints.gpt2())


@pytest.fixture
def folder(oracle: GPT2LMHeadModel, tmp_path: Path) -> Path:
    saved(oracle, tmp_path)
    return tmp_path


def gpt2() -> nn.Module:
    return instantiate(load_program(PROGRAMS["gpt2"]), "gpt2", checkpoints.GPT2).eval()


def check(ours: nn.Module, oracle: GPT2LMHeadModel) -> None:
    tokens = torch.randint(311, (2, 33), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = oracle(tokens).logits
        torch.testing.assert_close(ours(tokens), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(ours.run_with_cache(tokens)[0], expected, rtol=1e-4, atol=1e-4)


def test_folder_and_file(folder: Path, oracle: GPT2LMHeadModel) -> None:
    ours = gpt2()
    assert ours.load_weights(folder) is ours
    check(ours, oracle)
    check(gpt2().load_weights(str(folder / "model.safetensors")), oracle)


def test_shards(tmp_path: Path, oracle: GPT2LMHeadModel) -> None:
    oracle.save_pretrained(tmp_path, max_shard_size="100KB")
    index = tmp_path / "model.safetensors.index.json"
    assert len(set(json.loads(index.read_text())["weight_map"].values())) > 1
    check(gpt2().load_weights(tmp_path), oracle)
    check(gpt2().load_weights(index), oracle)


def test_keys_without_prefix(folder: Path, oracle: GPT2LMHeadModel) -> None:
    file = folder / "model.safetensors"
    arrays = load_file(file)
    save_file({key.removeprefix("transformer."): array for key, array in arrays.items()}, file)
    check(gpt2().load_weights(folder), oracle)


def test_everything_that_does_not_fit_is_said_at_once(folder: Path) -> None:
    file = folder / "model.safetensors"
    arrays = load_file(file)
    del arrays["transformer.h.1.ln_1.bias"]
    arrays["transformer.wpe.weight"] = arrays["transformer.wpe.weight"][:, :59].contiguous()
    arrays["transformer.h.0.attn.c_attn.weight"] = torch.zeros(60, 181)
    arrays["more"] = torch.zeros(2)
    arrays["transformer.h.0.attn.bias"] = torch.zeros(2)
    save_file(arrays, file)
    ours = gpt2()
    before = ours.W_E.clone()
    with pytest.raises(ValueError, match="does not fit Gpt2") as error:
        ours.load_weights(folder)
    lines = str(error.value).splitlines()[1:]
    assert [line.strip() for line in lines] == [
        *(
            f"mis-shaped: transformer.h.0.attn.c_attn.weight has [60, 181], "
            f"which does not give attention.0.W_{name} [5, 12, 60]"
            for name in "KQV"
        ),
        "mis-shaped: transformer.wpe.weight has [64, 59], which does not give W_P [64, 60]",
        "missing: h.1.ln_1.bias (for ln_1.1.bias)",
        "not used: more",
    ]
    assert torch.equal(ours.W_E, before)


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        gpt2().load_weights(tmp_path)


def test_without_a_weights_block_names_are_those_of_the_state_dict(tmp_path: Path) -> None:
    text = (
        "dim n = 3\nnet f(x[n]) -> y[n] { param W[n, n], A{k: 0..2}[n]; y[i] = W[i, j] x[j] A{1}[i] A{0}[j] }"
    )
    one, other = built(text, "f"), built(text, "f")
    torch.nn.init.normal_(one.W)
    file = tmp_path / "f.safetensors"
    save_file(one.state_dict(), file)
    assert not torch.equal(one.W, other.W)
    other.load_weights(file)
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


def test_families_and_blocks_of_groups(tmp_path: Path) -> None:
    text = """
dim n = 2, m = 3
net f(x[n, m]) -> y {
    param A{k: 0..3}[n, m], B[n, m]
    y = prod k in 0..3 { A{k}[i, j] } x[i, j] + B[i, j] ones[i] ones[j]
}
weights safetensors for f {
    A{k}[i, j] = "a.{k}"[j, i]
    B[i, j] = "b"[(1 j i)]
}
"""
    module = built(text, "f")
    stored = {f"a.{k}": torch.arange(6.0).reshape(3, 2) + 10 * k for k in range(3)}
    stored["b"] = torch.arange(12.0)
    save_file(stored, tmp_path / "model.safetensors")
    module.load_weights(tmp_path)
    assert module.A[2].tolist() == [[20, 22, 24], [21, 23, 25]]
    assert module.B.tolist() == [[6, 8, 10], [7, 9, 11]]
