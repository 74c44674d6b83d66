"""GPT-2 small against transformers' model with sdpa, same weights, values compared before anything is timed.

    python -m benchmarks.gpt2 [ROUNDS] [kernels] [WORK ...]

Work: ``forward`` (1×512 and 8×128), ``backward`` (forward and backward, 1×512), ``frozen`` (with patterns
given, against our own whole forward). With ``kernels`` ours is compiled for the CPU's. Both run as their
users would: eval, no_grad (not for ``backward``), two threads; see timing.py for a machine that others use.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel, logging

from benchmarks.timing import BUSY, ROUNDS, THREADS, Timing, alternate, processor
from tnlang.elaborate import load_program
from tnlang.execute import instantiate
from tnlang.source import Source

FILE = Path(__file__).resolve().parent.parent / "examples" / "gallery" / "gpt2.tn"
FROZEN = "\nnet frozen = freeze(gpt2, A)\n"
TOLERANCE = 1e-3
"""Of logits that are a few units large: what float32 leaves after twelve layers summed in another order."""


@dataclass(frozen=True, slots=True)
class Goals:
    forward: float
    backward: float


PORTABLE, KERNELS = Goals(0.96, 0.95), Goals(0.45, 0.58)


def models(cpu_kernels: bool = False) -> tuple[nn.Module, nn.Module, GPT2LMHeadModel]:
    """GPT-2, the same with frozen patterns, and the peer, with the same seeded weights."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(0)
    theirs = GPT2LMHeadModel(GPT2Config(attn_implementation="sdpa")).eval()
    program = load_program(Source(str(FILE), FILE.read_text(encoding="utf-8") + FROZEN))
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = instantiate(program, "gpt2", cpu_kernels=cpu_kernels).eval().load_weights(folder)
    frozen = instantiate(program, "frozen", cpu_kernels=cpu_kernels).eval()
    frozen.load_state_dict(ours.state_dict())
    return ours, frozen, theirs


def tokens(batch: int, seq: int) -> Tensor:
    return torch.randint(50257, (batch, seq), generator=torch.Generator().manual_seed(batch * seq))


def compare(what: str, got: Tensor, wanted: Tensor, tolerance: float = TOLERANCE) -> None:
    """Raise AssertionError where values differ, before their time means anything."""
    off = float((got - wanted).abs().max() / wanted.abs().max())
    print(f"{what}: largest difference {off:.1e} of the largest value")
    assert off < tolerance, what


@torch.no_grad()
def forward(
    ours: nn.Module, frozen: nn.Module, theirs: GPT2LMHeadModel, rounds: int, goals: Goals
) -> Iterator[Timing]:
    for batch, seq in ((1, 512), (8, 128)):
        ids = tokens(batch, seq)
        compare(f"forward {batch}×{seq}", ours(ids), theirs(ids, use_cache=False).logits)
        yield alternate(
            f"GPT-2 forward {batch}×{seq}",
            lambda ids=ids: ours(ids),
            "transformers, sdpa",
            lambda ids=ids: theirs(ids, use_cache=False),
            goals.forward,
            rounds,
        )


def backward(
    ours: nn.Module, frozen: nn.Module, theirs: GPT2LMHeadModel, rounds: int, goals: Goals
) -> Iterator[Timing]:
    ids = tokens(1, 512)

    def step(model: nn.Module, logits: Callable[[], Tensor]) -> Tensor:
        for parameter in model.parameters():
            parameter.grad = None
        loss = F.cross_entropy(logits()[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        return loss.detach()

    def one() -> Tensor:
        return step(ours, lambda: ours(ids))

    def other() -> Tensor:
        return step(theirs, lambda: theirs(ids, use_cache=False).logits)

    compare("loss", one(), other())
    compare("gradient of W_E", ours.W_E.grad, theirs.transformer.wte.weight.grad)
    yield alternate(
        "GPT-2 forward and backward 1×512", one, "transformers, sdpa", other, goals.backward, rounds
    )
    for model in (ours, theirs):
        for parameter in model.parameters():
            parameter.grad = None


@torch.no_grad()
def frozen(
    ours: nn.Module, frozen: nn.Module, theirs: GPT2LMHeadModel, rounds: int, goals: Goals
) -> Iterator[Timing]:
    ids = tokens(1, 512)
    wanted, cache = ours.run_with_cache(ids, names_filter="attention.*.A")
    compare("frozen", frozen(ids, frozen=cache), wanted)
    yield alternate(
        "GPT-2 forward with patterns given 1×512",
        lambda: frozen(ids, frozen=cache),
        "our whole forward",
        lambda: ours(ids),
        0.95,
        rounds,
    )


WORK = {"forward": forward, "backward": backward, "frozen": frozen}


def main(rounds: int = ROUNDS, *chosen: str) -> None:
    torch.set_num_threads(THREADS)
    print(
        f"{processor()}; {torch.get_num_threads()} threads, torch {torch.__version__}, {rounds} rounds"
        f"{', time of the processor' if BUSY else ''}"
    )
    kernels = "kernels" in chosen
    given = models(kernels)
    goals = KERNELS if kernels else PORTABLE
    for name in [name for name in chosen if name != "kernels"] or WORK:
        for timing in WORK[name](*given, rounds, goals):
            print(timing.line(), flush=True)


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))
