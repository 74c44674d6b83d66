"""The strongest paths of a run: against all paths listed, and of a model whose paths cannot be listed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import tnlang
from tests.elaborate.notation import codes, elaborated
from tests.transforms.test_paths import MODEL, names
from tests.transforms.test_paths_written import ATTENTION, HEAD, NESTED, NORM
from tnlang.reference import execute, initialise
from tnlang.source import ValueMismatch
from tnlang.strongest import largest_of_products

GPT2 = Path(__file__).parents[2] / "examples" / "gallery" / "gpt2.tn"


@pytest.mark.parametrize("by", ["head", "block"])
def test_they_are_the_strongest_of_all(by: str) -> None:
    """Each listed path's contribution, by a net that lists all of them."""
    text = MODEL.replace("layer = 3", "layer = 2") + f"net all = expand(still, paths, by = {by})"
    program = tnlang.load(text)
    rng = np.random.default_rng(3)
    parameters = {n: rng.normal(size=np.shape(a)) / 2 for n, a in initialise(program.ir, "model").items()}
    x = rng.normal(size=(4, 5))
    cache = execute(program.ir, "model", [x], parameters).cache
    run = execute(program.ir, "all", [x], parameters, frozen=cache)
    norms = {
        name: float(np.linalg.norm(next(run.cache[n] for n in (f"{name}'", name) if n in run.cache)))
        for name in names(program.ir, "all")
        if name not in ("bias", "rest")
    }
    still = program.nets["still"]
    found = still.strongest_paths(7, x, parameters=parameters, frozen=cache, by=by)
    expected = sorted(norms.items(), key=lambda pair: -pair[1])[:7]
    assert [(path.name, pytest.approx(path.norm)) for path in found.paths] == expected
    assert found.certain and found.looked_at <= len(norms)
    few = still.strongest_paths(1, x, parameters=parameters, frozen=cache, by=by, budget=1)
    assert few.looked_at == 1 and (few.certain or few.bound > few.paths[0].norm)
    for name, norm in norms.items():
        if name not in {path.name for path in found.paths}:
            assert norm <= found.bound * (1 + 1e-9) or norm <= found.paths[-1].norm * (1 + 1e-9)


def test_what_layers_pass_on_is_no_step() -> None:
    """The names of the strongest paths of layers that a stream calls are those that ``expand`` lists."""
    text = HEAD + NORM + ATTENTION + NESTED + "net still = freeze(model, A, scale, *.mlp.y)"
    program = tnlang.load(text + "\nnet all = expand(still, paths)")
    rng = np.random.default_rng(4)
    parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program.ir, "model").items()}
    x = rng.normal(size=(4, 5))
    cache = execute(program.ir, "model", [x], parameters).cache
    found = program.nets["still"].strongest_paths(4, x, parameters=parameters, frozen=cache)
    assert {path.name for path in found.paths} <= set(names(program.ir, "all"))
    assert found.certain and all("layers.0 " not in path.name for path in found.paths)


def test_what_is_listed_by_name_and_the_rest_are_the_output() -> None:
    text = MODEL + 'net p = expand(still, paths, named = "0.1 -> linear.1 -> 2.0 (V); attention.0.b")'
    program = elaborated(text)
    found = [
        "direct",
        "0.1",
        "0.1 -> linear.1",
        "0.1 -> linear.1 -> 2.0 (V)",
        "attention.0.b",
        "rest",
        "bias",
    ]
    assert names(program, "p") == found
    rng = np.random.default_rng(3)
    parameters = {n: rng.normal(size=np.shape(a)) for n, a in initialise(program, "model").items()}
    x, other = rng.normal(size=(2, 4, 5))
    cache = execute(program, "model", [x], parameters).cache
    for given in (x, other):
        np.testing.assert_allclose(
            execute(program, "p", [given], parameters, frozen=cache).outputs["y"],
            execute(program, "still", [given], parameters, frozen=cache).outputs["y"],
            atol=1e-9,
        )


@pytest.mark.parametrize(
    "options",
    ['named = "0.9"', 'named = "1.0 -> 0.1 (V)"', 'named = ""', 'named = "0.1", order <= 2', "named = 3"],
)
def test_names_that_no_path_has(options: str) -> None:
    assert codes(MODEL + f"net p = expand(still, paths, {options})") == ["TN903"]


def test_twelve_layers_are_not_listed() -> None:
    """Twelve layers of twelve heads have 13^12 paths through heads alone."""
    text = GPT2.read_text(encoding="utf-8").partition("weights")[0]
    text = text.replace("vocab = 50257, position = 1024", "vocab = 11, position = 8")
    text = text.replace("head = 12, head_size = 64, hidden = 768", "head = 12, head_size = 2, hidden = 24")
    program = tnlang.load(text + "net still = freeze(gpt2, A, scale, mlp.y)", dims={"seq": 5})
    rng = np.random.default_rng(0)
    parameters = {n: rng.normal(size=np.shape(a)) / 5 for n, a in initialise(program.ir, "gpt2").items()}
    tokens = rng.integers(0, 11, 5)
    run = execute(program.ir, "gpt2", [tokens], parameters)
    started = time.monotonic()
    found = program.nets["still"].strongest_paths(
        100, tokens, parameters=parameters, frozen=run.cache, budget=150
    )
    assert time.monotonic() - started < 120
    assert len(found.paths) == 100 and found.looked_at == 150
    made = program.nets["still"].transform(f'expand(paths, named = "{found.named}")')
    again = execute(made.program.ir, made.name, [tokens], parameters, frozen=run.cache)
    np.testing.assert_allclose(again.outputs["logits"], run.outputs["logits"], atol=1e-8)


def test_what_is_refused() -> None:
    program = tnlang.load(MODEL)
    x = np.zeros((4, 5))
    with pytest.raises(ValueMismatch, match="which is not linear; freeze it first"):
        program.nets["model"].strongest_paths(5, x, parameters={})
    with pytest.raises(ValueMismatch, match="missing input x"):
        program.nets["still"].strongest_paths(5, parameters={})
    with pytest.raises(ValueMismatch, match="needs the value"):
        program.nets["still"].strongest_paths(5, x, parameters={})
    with pytest.raises(ValueMismatch, match="batch axes"):
        program.nets["still"].strongest_paths(5, np.zeros((2, 4, 5)), parameters={})


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("shape", [(30, 20, 4), (3, 20, 4), (5, 5, 1), (4, 3, 0)])
def test_a_norm_through_the_small_leg_is_never_less(shape: tuple[int, int, int], dtype: type) -> None:
    rows, columns, leg = shape
    rng = np.random.default_rng(5)

    def made(size: int) -> np.ndarray:
        real, imaginary = rng.normal(size=(2, 3, size, leg))
        return (real + 1j * imaginary if dtype is complex else real).astype(dtype)

    left, right = made(rows), made(columns)
    left[0] *= 1e-7
    right[..., :1] = 0  # of lower rank
    exact = np.linalg.norm(left @ right.swapaxes(1, 2), 2, axis=(1, 2)).max()
    found = largest_of_products(left, right)
    assert exact <= found <= exact * (1 + 1e-8)
    left[..., 1:] = 0  # at right angles: nothing is left
    assert 0 <= largest_of_products(left, right) <= 1e-6 * np.linalg.norm(left) * np.linalg.norm(right)
