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
from tnlang.lower import identifier
from tnlang.lower.dims import dims_of
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
    """A net as a module of float64 with these parameters (or seeded ones); dims of other nets do not matter."""
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
