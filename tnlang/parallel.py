"""A generated module on several devices: legs of its parameters split over a mesh, batches side by side.

Everything is torch.distributed's: a split parameter is a DTensor, which brings in the collectives that its
products need; batches are FSDP2's. The generated code stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.experimental import implicit_replication
from torch.distributed.tensor.placement_types import Placement
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from tnlang.source import ValueMismatch

BATCH = "batch"
"""What the axes before an input's legs are called."""

SLICES = "slices"
"""What the terms are called that the transform ``slice`` makes."""

_FOR_GOOD = ExitStack()
"""What is never left again: backward comes when forward is over."""


def parallelize(module: nn.Module, mesh: DeviceMesh, /, **legs: str) -> nn.Module:
    """Split a generated module over a mesh: ``parallelize(module, mesh, head="tp", mlp="tp", batch="dp")``.

    A leg of parameters, by the name of its dim (``head``, ``vocab``), is split along a dim of the mesh; the
    first of a parameter's legs that asks for it gets it. ``batch`` gives each rank of that dim a batch of its
    own, with FSDP2: parameters, gradients and optimizer states are split there too, and gradients are the
    mean over the batches. All ranks start from the parameters of the mesh's first rank; those on the meta
    device stay there. state_dict names stay as they are; what is split is a DTensor, also in a cache.
    ``slices`` deals the terms of sums that the transform ``slice`` made out to the ranks of a dim, each with
    all parameters; their results are added up, without gradients.

    Inputs are plain tensors: the same ones for all ranks along a leg's dim, the own batch along the batch's.
    Outputs are plain and whole. From then on operations of this process take plain tensors beside DTensors as
    the same on every rank (masks, positions). Returns the module, changed in place.

    Raises ValueMismatch for a leg or a dim of the mesh that is not there, and where a leg does not divide.
    """
    names = mesh.mesh_dim_names or ()
    owned = dict(_legs(module))
    sizes = _sizes(module, owned)
    for leg, dim in legs.items():
        if dim not in names:
            raise ValueMismatch(f"the mesh has no dim {dim}; it has {', '.join(names) or 'no names'}")
        if leg in (BATCH, SLICES):
            continue
        if leg not in sizes:
            known = ", ".join(sorted(sizes)) or "no legs"
            raise ValueMismatch(f"no parameter of {type(module).__name__} has a leg {leg}; there are {known}")
        ways = mesh[dim].size()
        for size in sizes[leg]:
            if size % ways:
                raise ValueMismatch(f"leg {leg} of size {size} does not divide into {ways} equal parts")
    split = {leg: dim for leg, dim in legs.items() if leg not in (BATCH, SLICES)}
    for whole, dim in legs.items():
        if whole in (BATCH, SLICES) and list(legs.values()).count(dim) > 1:
            raise ValueMismatch(f"dim {dim} of the mesh has the {whole}: it can have nothing else")
    _begin_alike(module, mesh)
    if split:
        dims = tuple(name for name in names if name in split.values())
        _split(module, mesh[dims], owned, split)
    if SLICES in legs:
        for part in module.modules():
            if hasattr(type(part), "shared_by"):
                vars(part)["shared_by"] = mesh.get_group(legs[SLICES])
    if BATCH in legs:
        _batched(module, mesh[legs[BATCH]])
    return module


def _legs(module: nn.Module) -> list[tuple[str, tuple[str, ...]]]:
    """The legs of each parameter, by its name in the state_dict; nets say those of their own."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for path, part in module.named_modules():
        told: Mapping[str, tuple[str, ...]] = getattr(type(part), "parameter_legs", {})
        for name, _ in part.named_parameters(path, remove_duplicate=False):
            own = name[len(path) + 1 :] if path else name
            key = next((key for key in told if own == key or own.startswith(f"{key}.")), None)
            if key is not None:
                found.append((name, told[key]))
    return found


def _sizes(module: nn.Module, owned: Mapping[str, tuple[str, ...]]) -> dict[str, set[int]]:
    """The sizes that each leg has."""
    sizes: dict[str, set[int]] = {}
    for name, legs in owned.items():
        for leg, size in zip(legs, module.get_parameter(name).shape, strict=True):
            sizes.setdefault(leg, set()).add(size)
    return sizes


def _begin_alike(module: nn.Module, mesh: DeviceMesh) -> None:
    """Give every rank the parameters of the first, on the mesh's devices."""
    if any(parameter.is_meta for parameter in module.parameters()):
        return
    module.to(mesh.device_type)
    same = [Replicate()] * mesh.ndim
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(distribute_tensor(parameter.detach(), mesh, same).to_local())


def _split(
    module: nn.Module, mesh: DeviceMesh, owned: Mapping[str, tuple[str, ...]], split: Mapping[str, str]
) -> None:
    """Put DTensors in the place of parameters; one that stands at two places is one again."""
    _FOR_GOOD.enter_context(implicit_replication())
    made: dict[nn.Parameter, nn.Parameter] = {}
    for path, part in module.named_modules():
        for own, parameter in part._parameters.items():
            if parameter is None:
                continue
            if parameter not in made:
                legs = owned.get(f"{path}.{own}" if path else own, ())
                placed = distribute_tensor(parameter.detach(), mesh, _placements(mesh, legs, split))
                made[parameter] = nn.Parameter(placed, parameter.requires_grad)
            part._parameters[own] = made[parameter]

    during = ExitStack()

    def take(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return tuple(_everywhere(x, mesh) for x in given), {k: _everywhere(x, mesh) for k, x in named.items()}

    def begin(_: nn.Module, given: tuple[Any, ...]) -> None:
        if mesh.device_type == "cpu":  # DTensor does not know the CPU's fused attention.
            during.enter_context(sdpa_kernel(SDPBackend.MATH))
        during.enter_context(_WholeLookups())

    def give(_: nn.Module, given: tuple[Any, ...], found: Any) -> Any:
        during.close()
        if isinstance(found, tuple):
            return type(found)(*map(_whole, found))
        return _whole(found)

    for part in module.modules():
        if hasattr(type(part), "parameter_legs"):
            part.register_forward_pre_hook(take, with_kwargs=True)
    module.register_forward_pre_hook(begin)
    module.register_forward_hook(give, always_call=True)


class _WholeLookups(TorchFunctionMode):
    """Adds up at once what ranks find in their parts of a table: torch adds such a DTensor up just once."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func is F.embedding and isinstance(found, DTensor):
            return found.redistribute(placements=[Replicate()] * found.device_mesh.ndim)
        return found


def _placements(mesh: DeviceMesh, legs: Sequence[str], split: Mapping[str, str]) -> list[Placement]:
    """How a parameter lies along each dim of the mesh."""
    found: list[Placement] = []
    for dim in mesh.mesh_dim_names or ():
        axis = next((axis for axis, leg in enumerate(legs) if split.get(leg) == dim), None)
        found.append(Replicate() if axis is None else Shard(axis))
    return found


def _everywhere(value: Any, mesh: DeviceMesh) -> Any:
    """A tensor, or a mapping of them, as what every rank has whole: kernels of norms need it so."""
    if isinstance(value, Mapping):
        return {name: _everywhere(entry, mesh) for name, entry in value.items()}
    whole = [Replicate()] * mesh.ndim
    if isinstance(value, DTensor):
        return value.redistribute(mesh, whole)
    if isinstance(value, Tensor):
        return DTensor.from_local(value, mesh, whole, run_check=False)
    return value


def _whole(value: Any) -> Any:
    return value.full_tensor() if isinstance(value, DTensor) else value


def _batched(module: nn.Module, mesh: DeviceMesh) -> None:
    """FSDP2 with each turn of the module's repeats as a unit, and what is left as the last."""
    turns: dict[str, list[nn.Module]] = {}
    for part in module.children():
        if isinstance(part, nn.ModuleList | nn.ModuleDict):
            for turn, net in part.named_children():
                if next(net.parameters(), None) is not None:
                    turns.setdefault(turn, []).append(net)
    for nets in turns.values():
        fully_shard(nets, mesh=mesh)
    fully_shard(module, mesh=mesh)
