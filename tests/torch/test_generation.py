"""Greedy generation by the step of a net: the tokens that transformers generates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import tnlang
from tests.conftest import PROGRAMS
from tests.torch.checkpoints import GPT2, LLAMA, gpt2, llama, saved, seeded, stirred
from tnlang.generation import Generator
from tnlang.handles import NetHandle


def step(name: str) -> NetHandle:
    file = {"gpt2": "gpt2", "llama": "C9_llama"}[name]
    return tnlang.load(PROGRAMS[file]).nets[name].transform("incremental(seq)")


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_tokens_of_transformers(name: str, tmp_path: Path) -> None:
    seeded()
    theirs = saved(stirred({"gpt2": gpt2, "llama": llama}[name](), matrices=True), tmp_path)
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
    assert ours.writes == {"in_place": True}
    assert all(cache[..., :6, :].abs().sum() > 0 and not cache[..., 6:, :].any() for cache in ours.caches)


def test_what_is_no_step() -> None:
    model = tnlang.load(PROGRAMS["gpt2"]).nets["gpt2"]
    with pytest.raises(tnlang.ValueMismatch, match="gpt2 is no step"):
        Generator(model, {"seq": 12})
    with pytest.raises(tnlang.ValueMismatch, match="the longest sequence"):
        Generator(step("gpt2"), GPT2)


def test_few_digits_tell_positions_apart() -> None:
    """A step in bfloat16 looks at the positions that the whole net looks at, also where these are many."""
    torch.manual_seed(1)
    ours = Generator(step("gpt2"), {**GPT2, "position": 400, "seq": 400})
    model = tnlang.load(PROGRAMS["gpt2"]).nets["gpt2"].module(**{**GPT2, "position": 400})
    model.load_state_dict(ours.module.state_dict())
    prompt = torch.randint(GPT2["vocab"], (300,))
    ours.module.bfloat16(), model.bfloat16()
    with torch.no_grad():
        ours.start()
        parts = [ours.advance(prompt[at], at) for at in torch.arange(300).split(100)]
        torch.testing.assert_close(torch.cat(parts), model(prompt), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16])
def test_a_compiled_step_is_two_graphs(kind: torch.dtype) -> None:
    """One for the prompt, one for single tokens, whatever the number of tokens; without a break."""
    torch._dynamo.reset()
    ours = Generator(step("gpt2"), {**GPT2, "layer": 1, "seq": 9})
    ours.module.to(kind)
    prompt = torch.arange(8).reshape(2, 4)
    wanted = ours.generate(prompt, 5)
    met: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> torch.fx.GraphModule:
        met.append(len(inputs))
        return graph

    ours.module = torch.compile(ours.module, fullgraph=True, backend=backend)
    assert torch.equal(ours.generate(prompt, 5), wanted)
    assert torch.equal(ours.generate(prompt, 3), wanted[:, :7])
    assert len(met) == 2
