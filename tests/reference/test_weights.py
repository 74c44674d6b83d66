"""Checkpoints through a weights block: files, folders, shards; what is missing, unused or mis-shaped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from tnlang.elaborate import load_program
from tnlang.ir.weights import fill, ignored
from tnlang.reference import WeightsMismatch, load_weights, parameters_of
from tnlang.source import Source, ValueMismatch

PROGRAM = load_program(
    Source(
        "t.tn",
        """
dim head = 2, size = 3, hidden = 4, layer = 2
net block(x[hidden]) -> y[hidden] {
    param Q[head, size, hidden], K[head, size, hidden], g[hidden]
    y[o] = g[o] Q[h, s, o] K[h, s, d] x[d]
}
net model(x[hidden]) -> y[hidden] {
    param E[hidden, head]
    stream r[d] = x[d] + E[d, h] ones[h]
    repeat l in 0..layer { r += block(r) }
    y = r
}
weights huggingface for model {
    prefix "model."
    E[d, h] = "embed"[h, d]
    block{l}.Q[h, s, d] = "h.{l}.qk"[d, (0 h s)]
    block{l}.K[h, s, d] = "h.{l}.qk"[d, (1 h s)]
    block{l}.g[d] = "h.{l}.g"[d]
    ignore "h.*.mask"
}
""",
    )
)


def checkpoint(prefix: str = "") -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    arrays = {"embed": generator.standard_normal((2, 4)), "h.0.mask": np.ones(1), "h.1.mask": np.ones(1)}
    for layer in range(2):
        arrays[f"h.{layer}.qk"] = generator.standard_normal((4, 12))
        arrays[f"h.{layer}.g"] = generator.standard_normal(4)
    return {prefix + key: np.ascontiguousarray(array.astype(np.float32)) for key, array in arrays.items()}


def expect(found: dict[str, np.ndarray], stored: dict[str, np.ndarray]) -> None:
    assert set(found) == set(parameters_of(PROGRAM, "model"))
    np.testing.assert_array_equal(found["E"], stored["embed"].T)
    for layer in range(2):
        qk = stored[f"h.{layer}.qk"].reshape(4, 2, 2, 3)
        np.testing.assert_array_equal(found[f"block.{layer}.Q"], qk[:, 0].transpose(1, 2, 0))
        np.testing.assert_array_equal(found[f"block.{layer}.K"], qk[:, 1].transpose(1, 2, 0))
        np.testing.assert_array_equal(found[f"block.{layer}.g"], stored[f"h.{layer}.g"])


@pytest.mark.parametrize("prefix", ["", "model."])
def test_a_file_and_its_folder(tmp_path: Path, prefix: str) -> None:
    save_file(checkpoint(prefix), tmp_path / "model.safetensors")
    expect(load_weights(PROGRAM, "model", tmp_path / "model.safetensors"), checkpoint())
    expect(load_weights(PROGRAM, "model", tmp_path), checkpoint())


def test_shards(tmp_path: Path) -> None:
    stored = checkpoint("model.")
    names = {key: f"part-{number % 2}.safetensors" for number, key in enumerate(stored)}
    for part in set(names.values()):
        save_file({key: array for key, array in stored.items() if names[key] == part}, tmp_path / part)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": names}))
    expect(load_weights(PROGRAM, "model", index), checkpoint())
    expect(load_weights(PROGRAM, "model", tmp_path), checkpoint())
    index.write_text(json.dumps({"weight_map": {"embed": "../elsewhere.safetensors"}}))
    with pytest.raises(ValueMismatch, match="does not lie beside it"):
        load_weights(PROGRAM, "model", index)
    index.write_text("[]")
    with pytest.raises(ValueMismatch, match="no index"):
        load_weights(PROGRAM, "model", index)


def test_half_precision(tmp_path: Path) -> None:
    stored = {key: torch.tensor(array).bfloat16() for key, array in checkpoint().items()}
    save_torch(stored, tmp_path / "model.safetensors")
    rounded = {key: array.float().numpy() for key, array in stored.items()}
    expect(load_weights(PROGRAM, "model", tmp_path), rounded)


def test_everything_that_does_not_fit_is_named(tmp_path: Path) -> None:
    stored = checkpoint()
    del stored["h.1.g"]
    stored["h.0.qk"] = stored["h.0.qk"][:, :11].copy()
    stored["extra"] = np.ones(3, np.float32)
    save_file(stored, tmp_path / "model.safetensors")
    with pytest.raises(WeightsMismatch) as caught:
        load_weights(PROGRAM, "model", tmp_path)
    assert caught.value.missing == ("h.1.g (for block.1.g)",)
    assert caught.value.unused == ("extra",)
    assert len(caught.value.misshaped) == 2
    for text in ("h.1.g", "extra", "h.0.qk (for block.0.Q)", "11 entries"):
        assert text in str(caught.value)
    wide = dict(checkpoint(), embed=np.ones((3, 4), np.float32))
    save_file(wide, tmp_path / "model.safetensors")
    with pytest.raises(WeightsMismatch, match=r"embed .*size 2"):
        load_weights(PROGRAM, "model", tmp_path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_weights(PROGRAM, "model", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(ValueMismatch):
        load_weights(PROGRAM, "model", tmp_path)
    with pytest.raises(KeyError, match="no weights block"):
        load_weights(PROGRAM, "block", tmp_path)


def test_the_plan_names_what_no_line_is_for() -> None:
    block = PROGRAM.weights[0]
    filling = fill(block, ["E", "block.1.Q", "block.Q", "other", "block.x.Q", "E.0"])
    assert [(a.parameter, a.key) for a in filling.assignments] == [("E", "embed"), ("block.1.Q", "h.1.qk")]
    assert filling.unmapped == ("block.Q", "other", "block.x.Q", "E.0")
    assert ignored(block, "model.h.7.mask") and not ignored(block, "h.mask")
