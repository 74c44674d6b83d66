"""Arrays in and out of the commands that run nets: inputs and caches from files, modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tnlang.cli.options import named_values
from tnlang.ir.slots import input_decls, onehot_leg
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    import numpy as np

    from tnlang.handles import NetHandle

    Arrays = dict[str, np.ndarray]


def read_inputs(handle: NetHandle, entries: tuple[str, ...]) -> Arrays:
    """The net's inputs from ``NAME=FILE`` entries. Raises ValueMismatch for others than it takes."""
    arrays = {name: read_array(name, Path(path)) for name, path in named_values("--input", entries).items()}
    if set(arrays) != set(handle.input_names):
        raise ValueMismatch(f"net {handle.name} takes the inputs {', '.join(handle.input_names) or '(none)'}")
    return arrays


def read_array(name: str, path: Path) -> np.ndarray:
    """The array of a .npy file, or of a .safetensors file that of the name or its only one."""
    import numpy as np

    if path.suffix == ".safetensors":
        tensors = read_all(path)
        if name not in tensors and len(tensors) != 1:
            raise click.UsageError(f"{path} has no tensor {name}; there are: {', '.join(tensors)}")
        return tensors[name] if name in tensors else next(iter(tensors.values()))
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise click.UsageError(f"{path} cannot be read as an array: {error}") from None
    if not isinstance(array, np.ndarray):
        raise click.UsageError(f"{path} holds several arrays; one is wanted")
    return array


def read_all(path: Path) -> Arrays:
    """All arrays of a .safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise click.UsageError(f"{path} is no .safetensors file: {error}") from None


def ready_module(handle: NetHandle, weights: str | None, seed: int, device: str = "cpu") -> Any:
    """The net's module, its parameters loaded or seeded."""
    import torch

    torch.manual_seed(seed)
    module: Any = handle.module().eval()
    if weights is not None:
        try:
            module.load_weights(weights)
        except ValueError as error:
            raise ValueMismatch(str(error)) from error
    try:
        return module.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise click.UsageError(f"--device {device}: {error}") from None


def run_module(
    handle: NetHandle, module: Any, inputs: Mapping[str, np.ndarray], frozen: Arrays, cache: bool
) -> Arrays:
    """The outputs by name and, with ``cache``, every named value, from the generated module.

    Arrays are taken in the type of the net's parameters, but for positions of one-hot legs and complex ones.
    Raises ValueMismatch for arrays that the net cannot be run on.
    """
    import torch

    from tnlang.execute import arguments_of

    values = tuple(module.state_dict().values())
    device = next((value.device for value in values), torch.device("cpu"))
    real = next((value.dtype for value in values if value.is_floating_point()), None)
    whole = {decl.name for decl in input_decls(handle.program.ir, handle.ir) if onehot_leg(decl) is not None}

    def taken(name: str, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(array).to(device)
        if tensor.is_complex() or (name in whole and not tensor.is_floating_point()):
            return tensor
        return tensor.to(real or (tensor.dtype if tensor.is_floating_point() else torch.get_default_dtype()))

    tensors = {name: taken(name, array) for name, array in inputs.items()}
    replaced = {name: taken(name, array) for name, array in frozen.items()}
    with torch.no_grad():
        run = module.run_with_cache if cache else module
        words = arguments_of(module, handle.input_names)
        positional = [tensors.pop(name) for name in handle.input_names[: len(handle.ir.inputs)]]
        others = {words[name]: tensor for name, tensor in tensors.items()}
        try:
            given = run(*positional, **others, frozen=replaced or None)
        except RuntimeError as error:  # of PyTorch, about types that do not go together or memory
            raise ValueMismatch(f"net {handle.name} cannot be run on these arrays: {error}") from error
    result, made = given if cache else (given, {})
    named = {**made, **outputs_by_name(handle, result)}
    return {name: value.numpy(force=True) for name, value in named.items()}


def outputs_by_name(handle: NetHandle, result: Any) -> dict[str, Any]:
    """A net's result as a dict of its outputs."""
    names = [output.name for output in handle.ir.outputs]
    return dict(zip(names, result if len(names) > 1 else [result], strict=True))
