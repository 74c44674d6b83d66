"""Parameters from files."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tnlang.lower.runtime.net import Net


def same(x: Tensor) -> Tensor:
    """The array as it is stored."""
    return x


def fill(net: Net, path: Path) -> None:
    """Fill the parameters of a net from a checkpoint, or raise ValueError with all that does not fit."""
    places = stored_arrays(path)
    used, filled, wrong = set(), [], []
    parameters = dict(net.named_parameters())
    mapping = list(net.weights())
    with torch.no_grad():
        for name, key, change in mapping:
            stored = next((p + key for p in (*net.prefixes, "") if p + key in places), None)
            if stored is None:
                wrong.append(f"missing: {key} (for {name})")
                continue
            used.add(stored)
            array = read_array(places[stored], stored)
            shape = list(parameters[name].shape)
            try:
                value: Tensor | None = change(array)
            except (RuntimeError, IndexError):
                value = None
            if value is None or list(value.shape) != shape:
                wrong.append(
                    f"mis-shaped: {stored} has {list(array.shape)}, which does not give {name} {shape}"
                )
                continue
            filled.append((parameters[name], value))
        wrong += [f"not filled: {name}" for name in parameters if name not in {n for n, _, _ in mapping}]
        for key in places.keys() - used:
            bare = next((key.removeprefix(p) for p in net.prefixes if key.startswith(p)), key)
            if not any(fnmatch.fnmatchcase(bare, p) or fnmatch.fnmatchcase(key, p) for p in net.ignored):
                wrong.append(f"not used: {key}")
        if wrong:
            raise ValueError(f"{path} does not fit {type(net).__name__}:\n  " + "\n  ".join(sorted(wrong)))
        for parameter, value in filled:
            parameter.copy_(value)


def stored_arrays(path: Path) -> dict[str, Path]:
    """The file that each array of a checkpoint stands in, by key. Raises FileNotFoundError."""
    from safetensors import safe_open

    if path.is_dir():
        names = ("model.safetensors", "model.safetensors.index.json")
        path = next((path / name for name in names if (path / name).is_file()), path / names[0])
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    if path.suffix == ".json":
        index = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        return {key: path.parent / Path(name).name for key, name in index.items()}
    with safe_open(path, framework="pt") as file:
        return {key: path for key in file.keys()}  # noqa: SIM118 (a file, not a dict)


def read_array(path: Path, key: str) -> Tensor:
    """One array of a safetensors file."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        array: Tensor = file.get_tensor(key)
    return array
