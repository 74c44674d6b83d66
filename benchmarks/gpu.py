"""GPT-2 small on a GPU, bfloat16, 8×1024: ours compiled, a compiled hand-written model, transformers.

    python -m benchmarks.gpu [ROUNDS] [cpu] [WORK ...]

Work: ``forward``, ``training`` (forward, backward and a step of AdamW), ``generate`` (256 tokens after 32).
Values are compared before anything is timed. ``cpu`` tries the same on the CPU with small sizes, where there
is no GPU: what it takes there means nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel, logging

import tnlang
from benchmarks.gpt2 import FILE, compare
from benchmarks.timing import ROUNDS, Timing, alternate
from tnlang.generation import Generator

PROMPT = 32


class Block(nn.Module):
    """A block as people write it: one matrix for queries, keys and values, PyTorch's attention."""

    def __init__(self, theirs: nn.Module, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = deepcopy(theirs.ln_1), deepcopy(theirs.ln_2)
        self.qkv, self.out = linear(theirs.attn.c_attn), linear(theirs.attn.c_proj)
        self.up, self.down = linear(theirs.mlp.c_fc), linear(theirs.mlp.c_proj)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(self.ln_1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts.unbind(), is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class Written(nn.Module):
    """GPT-2 written by hand."""

    def __init__(self, theirs: GPT2LMHeadModel) -> None:
        super().__init__()
        inside = theirs.transformer
        self.tokens, self.places = deepcopy(inside.wte), deepcopy(inside.wpe)
        self.blocks = nn.Sequential(*(Block(block, theirs.config.n_head) for block in inside.h))
        self.ln_f = deepcopy(inside.ln_f)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places.weight[: ids.shape[-1]]
        return F.linear(self.ln_f(self.blocks(x)), self.tokens.weight)


def linear(theirs: nn.Module) -> nn.Linear:
    """A Linear with the numbers of transformers' Conv1D."""
    rows, columns = theirs.weight.shape
    made = nn.Linear(rows, columns)
    with torch.no_grad():
        made.weight.copy_(theirs.weight.T)
        made.bias.copy_(theirs.bias)
    return made


@dataclass(frozen=True, slots=True)
class Models:
    """The three models with the same weights, the batch, and how to wait for what was begun."""

    ours: nn.Module
    written: nn.Module
    theirs: GPT2LMHeadModel
    generator: Generator
    ids: Tensor
    steps: int
    wait: Callable[[], None]

    def waited(self, work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            work()
            self.wait()

        return run


def models(on_gpu: bool) -> Models:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(0)
    device, batch, seq, steps = ("cuda", 8, 1024, 256) if on_gpu else ("cpu", 2, 16, 8)
    sizes = {} if on_gpu else {"n_layer": 2, "n_embd": 48, "vocab_size": 101}
    dims = {} if on_gpu else {"layer": 2, "hidden": 48, "head_size": 4, "vocab": 101}
    theirs = GPT2LMHeadModel(GPT2Config(attn_implementation="sdpa", eos_token_id=None, **sizes)).eval()
    net = tnlang.load(FILE).nets["gpt2"]
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = net.module(**dims).load_weights(folder)
        generator = Generator(net.transform("incremental(seq)"), {**dims, "seq": PROMPT + steps})
        generator.load_weights(folder)
    there = [part.to(device, torch.bfloat16).eval() for part in (ours, Written(theirs), theirs)]
    generator.module.to(device, torch.bfloat16).prepare()
    ids = torch.randint(theirs.config.vocab_size, (batch, seq), device=device)
    wait = torch.cuda.synchronize if on_gpu else lambda: None
    return Models(*there, generator, ids, steps, wait)


def compiled(module: nn.Module) -> nn.Module:
    """As a whole graph: no break anywhere, or an error."""
    on_gpu = next(module.parameters()).is_cuda
    return torch.compile(module, fullgraph=True, backend="inductor" if on_gpu else "aot_eager")


def close(what: str, got: Tensor, wanted: Tensor) -> None:
    compare(what, got.float(), wanted.float(), tolerance=0.05)


@torch.no_grad()
def forward(given: Models, rounds: int) -> Iterator[Timing]:
    ours, written, theirs, ids = compiled(given.ours), compiled(given.written), given.theirs, given.ids
    peers: list[tuple[str, Callable[[], Tensor], float]] = [
        ("hand-written, compiled", lambda: written(ids), 1.0),
        ("transformers, sdpa", lambda: theirs(ids, use_cache=False).logits, 0.7),
    ]
    for peer, other, goal in peers:
        close(peer, ours(ids), other())
        yield alternate("forward", given.waited(lambda: ours(ids)), peer, given.waited(other), goal, rounds)


def training(given: Models, rounds: int) -> Iterator[Timing]:
    ids = given.ids

    def stepping(model: nn.Module, logits: Callable[[], Tensor]) -> Callable[[], Tensor]:
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, fused=ids.is_cuda)

        def step() -> Tensor:
            loss = F.cross_entropy(logits()[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss.detach()

        return step

    models = [part.train() for part in (given.ours, given.written, given.theirs.train())]
    ours, written = compiled(models[0]), compiled(models[1])
    own = stepping(models[0], lambda: ours(ids))
    peers = [
        ("hand-written, compiled", stepping(models[1], lambda: written(ids)), 1.0),
        ("transformers, sdpa", stepping(models[2], lambda: given.theirs(ids, use_cache=False).logits), 0.7),
    ]
    for dropout in (part for part in given.theirs.modules() if isinstance(part, nn.Dropout)):
        dropout.p = 0.0
    for peer, other, goal in peers:
        close(f"loss, {peer}", own(), other())
        yield alternate("a step of training", given.waited(own), peer, given.waited(other), goal, rounds)
    for model in models:
        model.eval()


def generate(given: Models, rounds: int) -> Iterator[Timing]:
    """The step as a graph of CUDA's: caches stay where they are, so that they can be written into."""
    prompt, generator, steps = given.ids[:, :PROMPT], given.generator, given.steps
    prompt = prompt[:, : generator.length - steps]
    wanted = generator.generate(prompt, steps)
    for cache in generator.caches:
        torch._dynamo.mark_static_address(cache)
    if prompt.is_cuda:
        generator.module = torch.compile(
            generator.module, fullgraph=True, mode="reduce-overhead", dynamic=False
        )
    else:
        generator.module = compiled(generator.module)
    made = generator.generate(prompt, steps)
    print(f"tokens as without compiling: {float((made == wanted).float().mean()):.0%}")

    def other() -> Tensor:
        return given.theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=steps,
            do_sample=False,
            pad_token_id=0,
        )

    yield alternate(
        f"{steps} greedy tokens",
        given.waited(lambda: generator.generate(prompt, steps)),
        "transformers' generate",
        given.waited(other),
        0.4,
        rounds,
    )


WORK = {"forward": forward, "training": training, "generate": generate}


def main(rounds: int = ROUNDS, *chosen: str) -> None:
    on_gpu = torch.cuda.is_available() and "cpu" not in chosen
    if not on_gpu and "cpu" not in chosen:
        sys.exit("no GPU is to be had here; `cpu` tries the benchmark on the CPU, with small sizes")
    torch.set_float32_matmul_precision("high")
    name = torch.cuda.get_device_name() if on_gpu else "the CPU, sizes that mean nothing"
    print(f"{name}; torch {torch.__version__}, bfloat16, {rounds} rounds")
    given = models(on_gpu)
    for work in [word for word in chosen if word != "cpu"] or WORK:
        for timing in WORK[work](given, rounds):
            print(timing.line(), flush=True)


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))
