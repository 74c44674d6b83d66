"""The demo on a small checkpoint: it passes when the logits agree, and fails when they do not."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

SMALL = {"n_layer": 2, "n_head": 3, "n_embd": 24, "vocab_size": 97, "n_positions": 32}


@pytest.fixture(scope="module")
def demo(pytestconfig):
    spec = importlib.util.spec_from_file_location("demo", pytestconfig.rootpath / "examples" / "demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(demo, tmp_path, monkeypatch, capsys):
    """Runs the demo on a checkpoint of that configuration; gives its exit status and what it prints."""

    def start(**config: object) -> tuple[int, str]:
        torch.manual_seed(0)
        model = GPT2LMHeadModel(GPT2Config(**SMALL, **config))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        model.save_pretrained(tmp_path / "checkpoint")
        out, checkpoint = str(tmp_path / "out"), str(tmp_path / "checkpoint")
        monkeypatch.setattr(sys, "argv", ["demo", "--out", out, "--checkpoint", checkpoint])
        with torch.enable_grad():
            status = demo.main()
        return status, capsys.readouterr().out

    yield start
    torch.set_grad_enabled(True)
    sys.modules.pop("gpt2", None)


def test_it_passes_on_any_size_of_gpt2(run, tmp_path):
    status, said = run(n_inner=40)
    assert status == 0 and "(below 1e-04" in said
    for name in ("gpt2.py", *(f"{net}{kind}" for net in ("gpt2", "attention") for kind in (".svg", ".png"))):
        assert str(tmp_path / "out" / name) in said and (tmp_path / "out" / name).stat().st_size > 1000


def test_it_fails_where_the_logits_differ(run):
    status, said = run(activation_function="relu")
    assert status == 1 and "NOT below" in said
