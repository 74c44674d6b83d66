"""Modules made from text for the tests, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tnlang.elaborate import load_program
from tnlang.execute import instantiate
from tnlang.ir.program import Program
from tnlang.ir.slots import takes_frozen
from tnlang.lower import identifier
from tnlang.lower.dims import dims_of
from tnlang.reference import execute
from tnlang.reference.initialise import initialise, random_inputs
from tnlang.source import Source


def program(text: str) -> Program:
    """A program from its text."""
    return load_program(Source("model.tn", text))


def tensor(array: Any) -> torch.Tensor:
    """An array as a tensor of its own."""
    return torch.from_numpy(np.array(array))


def built(
    source: str | Path | Program,
    net: str,
    parameters: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
) -> nn.Module:
    """A net as a module of float64 with these parameters (or seeded ones); other nets' dims are left out."""
    match source:
        case str():
            found = program(source)
        case Path():
            found = load_program(source)
        case _:
            found = source
    torch.manual_seed(0)
    taken = {dim.name for dim in dims_of(found, found.net(net)).dims}
    module = instantiate(found, net, {n: s for n, s in (dims or {}).items() if n in taken}).double()
    if parameters is not None:
        module.load_state_dict({name: tensor(value) for name, value in parameters.items()})
    return module


def given_inputs(inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Arrays by name as keywords of ``forward``."""
    return {identifier(name): tensor(array) for name, array in inputs.items()}


def arrays(result: torch.Tensor | tuple[torch.Tensor, ...]) -> list[np.ndarray]:
    """The outputs of a module as arrays."""
    several = result if isinstance(result, tuple) else (result,)
    return [tensor.detach().resolve_conj().numpy() for tensor in several]


def agree(
    source: str | Path | Program, net: str, dims: Mapping[str, int] | None = None, seed: int = 0
) -> nn.Module:
    """Fail unless the module, fused and observed, gives what the reference gives; returns the module.

    Values frozen by a transform come from a run of the net it was made from. Batches are tried too.
    """
    found = (
        source if isinstance(source, Program) else load_program(source) if isinstance(source, Path) else None
    )
    if found is None:
        assert isinstance(source, str)
        found = program(source)
    parameters = initialise(found, net, dims, seed=seed)
    inputs = random_inputs(found, net, dims, seed=seed)
    module = built(found, net, parameters, dims)
    frozen = frozen_values(found, net, inputs, parameters, dims)
    more: dict[str, Any] = {"frozen": {n: tensor(a) for n, a in frozen.items()}} if frozen else {}
    expected = execute(found, net, inputs, parameters, dims, frozen=frozen)
    with torch.no_grad():
        outputs = arrays(module(**given_inputs(inputs), **more))
        seen, cache = module.run_with_cache(**given_inputs(inputs), **more)
        _close(outputs, expected.outputs)
        _close(arrays(seen), expected.outputs)
        assert set(cache) >= set(expected.cache), set(expected.cache) - set(cache)
        _close([arrays(cache[name])[0] for name in expected.cache], expected.cache)
        if inputs and not frozen:
            batch = {
                name: np.stack([array, array[::-1]]) if array.ndim else array
                for name, array in inputs.items()
            }
            batch = {name: array for name, array in batch.items() if array.ndim} | {
                name: array for name, array in inputs.items() if not array.ndim
            }
            if any(name in batch and batch[name].ndim > inputs[name].ndim for name in inputs):
                together = arrays(module(**given_inputs(batch)))
                wanted = execute(found, net, batch, parameters, dims).outputs
                together = [
                    np.broadcast_to(a, w.shape) for a, w in zip(together, wanted.values(), strict=True)
                ]
                _close(together, wanted)
    return module


def frozen_values(
    found: Program,
    net: str,
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
    dims: Mapping[str, int] | None,
) -> dict[str, Any]:
    """What a transform froze, by its name in a cache: from a run of the net that the transform was given."""
    source = found.net(net).source
    if not source or not takes_frozen(found, found.net(net)):
        return {}
    before = frozen_values(found, source, inputs, parameters, dims)
    return execute(found, source, inputs, parameters, dims, frozen=before).cache


def _close(got: list[np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    for array, (name, wanted) in zip(got, expected.items(), strict=True):
        assert array.shape == wanted.shape, f"{name}: shape {array.shape}, not {wanted.shape}"
        np.testing.assert_allclose(array, wanted, rtol=1e-9, atol=1e-9, err_msg=name)
