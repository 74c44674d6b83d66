"""What each of two processes does, and what the first reports: differences from the module in one process."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor

from tests.torch.modules import given_inputs
from tnlang import load
from tnlang.ir.program import Program
from tnlang.parallel import parallelize
from tnlang.reference.initialise import random_inputs

Found = dict[str, float | str]
GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
SLICED = Path(__file__).parents[1] / "transforms" / "slice" / "largest.tn"
SMALL = {"seq": 6, "vocab": 16, "hidden": 8, "position": 8, "layer": 2, "mlp": 16, "head": 4, "head_size": 2}
LLAMA = {"seq": 6, "vocab": 16, "hidden": 8, "layer": 2, "mlp": 16, "kv": 2, "rep": 2, "half": 2, "base": 100}
PROGRAMS = {
    "gpt2": ("gpt2.tn", "gpt2", SMALL),
    "llama": ("C9_llama.tn", "llama", LLAMA),
    "train": ("S15_mps.tn", "mps", {"phys": 2, "bond": 4}),
}
"""Programs, nets and sizes: a model, one with grouped heads and rotations, a family's members."""


def small(name: str) -> tuple[Program, Callable[..., nn.Module], dict[str, torch.Tensor]]:
    """A program, a way to make its module from a seed, and its inputs."""
    file, net, dims = PROGRAMS[name]
    handle = load(str(GALLERY / file), dims=dims).nets[net]
    inputs = given_inputs(random_inputs(handle.program.ir, net, seed=3))

    def made(seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        return handle.module().double()

    return handle.program.ir, made, inputs


def legs_of(module: nn.Module) -> list[str]:
    """All legs of its parameters that two devices can share."""
    sizes: dict[str, set[int]] = {}
    for part in module.modules():
        for name, legs in getattr(type(part), "parameter_legs", {}).items():
            owner = part.get_parameter(name) if name in part._parameters else next(part.parameters())
            if len(legs) == owner.ndim:
                for leg, size in zip(legs, owner.shape, strict=True):
                    sizes.setdefault(leg, set()).add(size)
    return sorted(leg for leg, found in sizes.items() if all(size % 2 == 0 for size in found))


def loss(output: Any) -> torch.Tensor:
    return output.square().mean()


def apart(one: nn.Module, other: nn.Module) -> float:
    """The largest difference between the gradients of two modules."""
    found = 0.0
    for name, parameter in one.named_parameters():
        wanted, grad = other.get_parameter(name).grad, parameter.grad
        if wanted is None or grad is None:
            assert wanted is grad, f"{name} has a gradient in one module alone"
            continue
        whole = grad.full_tensor() if isinstance(grad, DTensor) else grad
        found = max(found, float((whole - wanted).abs().max()))
    return found


def split(name: str, legs: tuple[str, ...], mesh: DeviceMesh) -> Found:
    """Outputs, gradients and cached values with parameters split along legs."""
    _, made, inputs = small(name)
    alone, module = made(), parallelize(made(), mesh, **dict.fromkeys(legs, "tp"))
    wanted, got = alone(**inputs), module(**inputs)
    loss(wanted).backward()
    loss(got).backward()
    wanted, got = wanted.detach(), got.detach()
    local = sum(p.to_local().numel() for p in module.parameters() if isinstance(p, DTensor))
    found: Found = {
        "output": float((got - wanted).abs().max()),
        "gradient": apart(module, alone),
        "part": local / sum(p.numel() for p in alone.parameters()),
    }
    names = list(inputs)
    with torch.no_grad():
        (_, cache), (_, known) = (m.run_with_cache(*[inputs[n] for n in names]) for m in (module, alone))
    assert cache.keys() == known.keys()
    whole = {key: v.full_tensor() if isinstance(v, DTensor) else v for key, v in cache.items()}
    found["cache"] = max([float((whole[key] - known[key]).abs().max()) for key in known], default=0.0)
    state = {key: v.full_tensor() for key, v in module.state_dict().items()}
    found["state"] = float(state.keys() != made().state_dict().keys())
    return found


def batched(shape: tuple[int, int], legs: tuple[str, ...]) -> Found:
    """Three steps of AdamW with a batch for each rank of ``dp``, from other parameters on every rank."""
    mesh = init_device_mesh("cpu", shape, mesh_dim_names=("dp", "tp"))
    _, made, _ = small("gpt2")
    alone = made(5)
    module = parallelize(made(5 + dist.get_rank()), mesh, batch="dp", **dict.fromkeys(legs, "tp"))
    tokens = torch.randint(0, SMALL["vocab"], (2, SMALL["seq"]), generator=torch.Generator().manual_seed(1))
    rank = mesh["dp"].get_local_rank()
    own = tokens.chunk(shape[0])[rank]
    both = [(m, torch.optim.AdamW(m.parameters(), 1e-2)) for m in (module, alone)]
    found: Found = {}
    for step in range(3):
        for (m, optimizer), batch in zip(both, (own, tokens), strict=True):
            optimizer.zero_grad()
            loss(m(batch)).backward()
            if m is alone:
                found[f"gradient {step}"] = apart(module, alone)
            optimizer.step() if m is module else None
        both[1][1].step()
    with torch.no_grad():
        found["output"] = float((module(own) - alone(own)).abs().max())
    return found


def sliced(mesh: DeviceMesh) -> Found:
    """A closed network in slices that are dealt out, and which of them this process takes."""
    nets = load(str(SLICED)).nets
    torch.manual_seed(7)
    whole, module = nets["before"].module().double(), nets["after"].module().double()
    module.load_state_dict(whole.state_dict())
    parallelize(module, mesh, slices="tp")
    taken: set[tuple[int, ...]] = set()
    dealt = sys.modules[type(module).__module__].__dict__["dealt"]
    every: list[set[tuple[int, ...]]] = [set(), set()]
    taken.update(dealt(module, range(6), range(4)))
    dist.all_gather_object(every, taken)
    with torch.no_grad():
        found = module()
    refused = 0.0
    try:
        module()
    except RuntimeError:
        refused = 1.0
    return {
        "output": float((found - whole().detach()).abs() / found.abs()),
        "missing": float(len(every[0] | every[1]) != 24),
        "twice": float(len(every[0] & every[1])),
        "gradient": 1 - refused,
    }


def cases(mesh: DeviceMesh) -> Iterator[tuple[str, Callable[[], Found]]]:
    for name in PROGRAMS:
        legs = legs_of(small(name)[1]())
        for leg in legs:
            yield f"{name} {leg}", partial(split, name, (leg,), mesh)
    yield "gpt2 head mlp vocab", partial(split, "gpt2", ("head", "mlp", "vocab"), mesh)
    yield "slices", partial(sliced, mesh)
    yield "batch", partial(batched, (2, 1), ())
    yield "batch and head", partial(batched, (2, 1), ("head",))
    yield "head beside one batch", partial(batched, (1, 2), ("head", "mlp"))


def run(rank: int, ranks: int, folder: str) -> None:
    """All cases in one process of several; the first writes what it found."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks)
    mesh = init_device_mesh("cpu", (ranks,), mesh_dim_names=("tp",))
    found: dict[str, Found] = {}
    for name, case in cases(mesh):
        try:
            found[name] = case()
        except Exception:
            found[name] = {"error": traceback.format_exc(limit=-6)}
    (Path(folder) / f"{rank}.pickle").write_bytes(pickle.dumps(found))
    dist.barrier()
    dist.destroy_process_group()
