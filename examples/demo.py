"""GPT-2 from one .tn file: compile it, draw it, fill it from a checkpoint, and compare it with transformers.

Called by ``make demo``; ``make demo CHECKPOINT=dir`` takes a real checkpoint instead of a seeded one.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import time
from pathlib import Path
from types import ModuleType

import torch
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, logging

import tnlang

PROGRAM = Path(__file__).with_name("gallery") / "gpt2.tn"
TOLERANCE = 1e-4
BATCH, LENGTH = 2, 128


def main() -> int:
    arguments = _arguments()
    torch.set_grad_enabled(False)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    program = tnlang.load(PROGRAM)
    net = program.nets["gpt2"]
    source = out / "gpt2.py"
    source.write_text(program.source(), encoding="utf-8")
    _say("module", source, f"{len(source.read_text(encoding='utf-8').splitlines())} lines")
    for name, handle in program.nets.items():
        for suffix, content in ((".svg", handle.svg().encode()), (".png", handle.png())):
            picture = out / f"{name}{suffix}"
            picture.write_bytes(content)
            _say("picture", picture, f"{len(content) / 1024:.0f} KiB")

    checkpoint: Path = arguments.checkpoint or _seeded_checkpoint(out / "checkpoint")
    _say(
        "checkpoint", checkpoint, "given" if arguments.checkpoint else "GPT2LMHeadModel, config only, seeded"
    )
    oracle = GPT2LMHeadModel.from_pretrained(checkpoint, attn_implementation="eager").float().eval()

    started = time.perf_counter()
    ours = _imported(source).Gpt2(**_dims(oracle.config)).eval()
    ours.load_weights(checkpoint)
    seconds = time.perf_counter() - started
    count = sum(parameter.numel() for parameter in ours.parameters())
    print(
        f"  loaded      {count:,} parameters through the weights block of {PROGRAM.name} in {seconds:.1f} s"
    )

    tokens = _tokens(arguments.text, checkpoint, oracle.config)
    logits, expected = ours(tokens), oracle(tokens).logits
    difference = (logits - expected).abs().max().item()
    good = logits.shape == expected.shape and difference < TOLERANCE
    print(f"  tokens      {tuple(tokens.shape)}, logits {tuple(logits.shape)}, {net.name} in {logits.dtype}")
    print(f"  largest difference of the logits from transformers: {difference:.2e}", end="")
    print(f" ({'below' if good else 'NOT below'} {TOLERANCE:.0e}; largest logit {expected.abs().max():.2f})")
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for what is made")
    parser.add_argument("--checkpoint", type=Path, help="a GPT-2 checkpoint in the Hugging Face layout")
    parser.add_argument("--text", help="run on this text; the checkpoint must have its tokenizer")
    return parser.parse_args()


def _say(what: str, path: Path, detail: str) -> None:
    print(f"  {what:<11} {path} ({detail})", flush=True)


def _seeded_checkpoint(folder: Path) -> Path:
    """GPT-2 small with random weights, saved as transformers saves it.

    Biases and gains start as zeros and ones there, which would hide a mistake in their use: noise is added.
    """
    if folder.is_dir():
        return folder
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config())
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter += 0.1 * torch.randn_like(parameter)
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    return unfinished.rename(folder)


def _dims(config: GPT2Config) -> dict[str, int]:
    """The dims of gpt2.tn for a checkpoint's configuration, so that every size of GPT-2 can be given."""
    return {
        "layer": config.n_layer,
        "head": config.n_head,
        "head_size": config.n_embd // config.n_head,
        "hidden": config.n_embd,
        "mlp": config.n_inner or 4 * config.n_embd,
        "vocab": config.vocab_size,
        "position": config.n_positions,
    }


def _imported(source: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[source.stem] = module
    spec.loader.exec_module(module)
    return module


def _tokens(text: str | None, checkpoint: Path, config: GPT2Config) -> torch.Tensor:
    if text is not None:
        return torch.tensor([AutoTokenizer.from_pretrained(checkpoint).encode(text)])
    generator = torch.Generator().manual_seed(1)
    return torch.randint(config.vocab_size, (BATCH, min(LENGTH, config.n_positions)), generator=generator)


if __name__ == "__main__":
    sys.exit(main())
