"""Loading a checkpoint into the arrays of a net's parameters, through the weights block of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from tnlang.ir.net import Group, Wire
from tnlang.ir.program import Program
from tnlang.ir.size import evaluate
from tnlang.ir.slots import Slot, parameters_of
from tnlang.ir.walk import value_wires
from tnlang.ir.weights import Assignment, fill, ignored, weights_for, without_prefix
from tnlang.reference.arrays import Array, gather, join, spread
from tnlang.source import ValueMismatch

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


class WeightsMismatch(ValueMismatch):
    """A checkpoint that does not fit: ``missing`` and ``unused`` keys, what is said of ``misshaped`` ones."""

    def __init__(self, net: str, missing: list[str], unused: list[str], misshaped: list[str]) -> None:
        self.missing, self.unused, self.misshaped = tuple(missing), tuple(unused), tuple(misshaped)
        said = [f"missing: {key}" for key in missing]
        said += [f"not used: {key}" for key in unused]
        said += [f"mis-shaped: {text}" for text in misshaped]
        super().__init__(
            f"net {net}: the checkpoint does not fit\n" + "\n".join(f"  {line}" for line in said)
        )


def load_weights(
    program: Program, net: str, path: str | Path, dims: Mapping[str, int] | None = None
) -> dict[str, Array]:
    """The parameters of a net by state_dict name, from a .safetensors file, an index or a folder.

    Raises KeyError where the program has no such net or no weights block for it, FileNotFoundError, and
    WeightsMismatch with every missing, unused and mis-shaped key.
    """
    weights = weights_for(program, program.net(net))
    if weights is None:
        raise KeyError(f"the file has no weights block for net {net}")
    slots = parameters_of(program, net, dims)
    filling = fill(weights, slots)
    missing = [f"{name} (no line of the weights block is for it)" for name in filling.unmapped]
    misshaped: list[str] = []
    found: dict[str, Array] = {}
    stored = {without_prefix(weights, key): array for key, array in read_checkpoint(path).items()}
    for assignment in filling.assignments:
        if assignment.key not in stored:
            missing.append(f"{assignment.key} (for {assignment.parameter})")
            continue
        try:
            found[assignment.parameter] = _assigned(assignment, stored[assignment.key], dims or {})
            _check_shape(found[assignment.parameter], slots[assignment.parameter])
        except ValueMismatch as error:
            misshaped.append(f"{assignment.key} (for {assignment.parameter}): {error}")
    used = {assignment.key for assignment in filling.assignments}
    unused = [key for key in stored if key not in used and not ignored(weights, key)]
    if missing or unused or misshaped:
        raise WeightsMismatch(net, missing, unused, misshaped)
    return found


def _assigned(assignment: Assignment, array: Array, dims: Mapping[str, int]) -> Array:
    """The stored array over the parameter's legs."""
    numbers = {**dims, **assignment.numbers}
    legs = [leg for leg in assignment.legs if isinstance(leg, Wire | Group)]
    joined = join(array, assignment.key_legs, numbers, 0, "the stored array")
    wanted = value_wires(tuple(legs))
    return gather(spread(joined, wanted, lambda size: evaluate(size, numbers), 0), legs, 0)


def _check_shape(array: Array, slot: Slot) -> None:
    if array.shape != slot.shape:
        raise ValueMismatch(f"it has shape {array.shape}, the parameter {slot.shape}")


def read_checkpoint(path: str | Path) -> dict[str, Array]:
    """Every array of a checkpoint by its key: a .safetensors file, a sharded index, or a folder with either.

    Raises FileNotFoundError, and ValueMismatch for a file that is no safetensors file.
    """
    found: dict[str, Array] = {}
    for file in _files(Path(path)):
        try:
            with safe_open(file, "numpy") as opened:
                for key in opened.keys():  # noqa: SIM118
                    half = opened.get_slice(key).get_dtype() == "BF16"
                    found[key] = _bfloat16(file, key) if half else opened.get_tensor(key)
        except SafetensorError as error:
            raise ValueMismatch(f"{file}: {error}") from error
    return found


def _files(path: Path) -> list[Path]:
    """The .safetensors files of a checkpoint, those of an index lying beside it."""
    if path.is_dir():
        inside = [path / name for name in (SINGLE, INDEX) if (path / name).is_file()]
        if not inside:
            raise FileNotFoundError(f"{path} has neither {SINGLE} nor {INDEX}")
        path = inside[0]
    if path.suffix != ".json":
        return [path]
    try:
        names = json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()
        shards = sorted({str(name) for name in names})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueMismatch(f"{path} is no index of a sharded checkpoint: {error}") from error
    for name in shards:
        if Path(name).name != name:
            raise ValueMismatch(f"{path} names the file {name!r}, which does not lie beside it")
    return [path.parent / name for name in shards]


def _bfloat16(file: Path, key: str) -> Array:
    """An array of a type that NumPy does not have, read from its bytes: the upper half of a float32."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(length))[key]
        start, stop = entry["data_offsets"]
        stream.seek(8 + length + start)
        bits = np.frombuffer(stream.read(stop - start), "<u2").astype("<u4") << 16
    return bits.view("<f4").reshape(entry["shape"])
