"""64 greedy tokens after a prompt of 32, by GPT-2 small: our step against transformers' generate.

    python -m benchmarks.generate [ROUNDS] [kernels] [BATCH ...]      (a batch of 1 where none is given)

The same weights; tokens are compared before anything is timed. Both run as their users would: eval, no
gradients, float32, sdpa and the peer's own cache, ours after ``prepare()`` and with ``kernels`` compiled for
the CPU's. See timing.py for a machine that others use.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, logging

import tnlang
from benchmarks.gpt2 import FILE, tokens
from benchmarks.timing import BUSY, ROUNDS, THREADS, alternate, processor
from tnlang.generation import Generator

PROMPT, STEPS = 32, 64


def models(cpu_kernels: bool = False) -> tuple[Generator, Any]:
    """Ours and the peer, with the same seeded weights."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(0)
    theirs = GPT2LMHeadModel(GPT2Config(attn_implementation="sdpa", eos_token_id=None)).eval()
    step = tnlang.load(FILE, cpu_kernels=cpu_kernels).nets["gpt2"].transform("incremental(seq)")
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = Generator(step, {"seq": PROMPT + STEPS}).load_weights(folder)
    ours.module.prepare()
    return ours, theirs


def main(rounds: int = ROUNDS, *words: str) -> None:
    torch.set_num_threads(THREADS)
    print(
        f"{processor()}; {torch.get_num_threads()} threads, torch {torch.__version__}, {rounds} rounds"
        f"{', time of the processor' if BUSY else ''}"
    )
    kernels = "kernels" in words
    ours, theirs = models(kernels)
    batches = [int(word) for word in words if word != "kernels"]
    for batch in batches or (1,):
        prompt = tokens(batch, PROMPT)

        def peer(prompt: torch.Tensor = prompt) -> torch.Tensor:
            return theirs.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=STEPS,
                do_sample=False,
                pad_token_id=0,
            )

        made, wanted = ours.generate(prompt, STEPS), peer()
        assert torch.equal(made, wanted), "other tokens"
        print(f"the same {STEPS} tokens, {len(set(made[:, PROMPT:].flatten().tolist()))} of them different")
        timing = alternate(
            f"GPT-2 {STEPS} greedy tokens, {batch}×{PROMPT}",
            lambda prompt=prompt: ours.generate(prompt, STEPS),
            "transformers' generate",
            peer,
            0.5 if kernels else 0.95,
            rounds,
        )
        print(timing.line(), flush=True)


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() and not n else a for n, a in enumerate(sys.argv[1:])))
