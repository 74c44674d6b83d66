"""What generated modules with kernels of the CPU share besides. Nothing imports this."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class OneDnnLinear(torch.autograd.Function):
    """A product with a matrix [out, in] and its gradients; ``known`` is what was found fastest, by shapes."""

    known: ClassVar[dict[tuple[object, ...], str]] = {}

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return fastest(x, weight, bias, "none", None)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        (gradient,) = gradients
        rows = gradient.reshape(-1, gradient.shape[-1])
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            cpu_linear(gradient, weight.T) if of_x else None,
            cpu_linear(rows.T, x.reshape(-1, x.shape[-1]).T) if of_weight else None,
            rows.sum(0) if of_bias else None,
        )


def cpu_linear(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, function: str = "none", base: Tensor | None = None
) -> Tensor:
    """``base`` plus a function of ``x`` times a matrix [out, in] plus bias: by oneDNN where that is faster.

    It is tried once for a shape, and only for plain float32 arrays on the CPU, run as they are.
    """
    given = [part for part in (x, weight, bias, base) if part is not None]
    if not all(map(is_plain, given)) or is_traced() or x.numel() * weight.shape[0] < 2**16:
        return by_torch(x, weight, bias, function, base)
    if not (torch.is_grad_enabled() and any(part.requires_grad for part in given)):
        return fastest(x, weight, bias, function, base)
    found = applied(OneDnnLinear.apply(x, weight, bias), function)  # type: ignore[no-untyped-call]
    return found if base is None else base + found


def is_plain(x: Tensor) -> bool:
    """Whether oneDNN can have an array: float32, in memory, nothing that stands for one."""
    return (
        type(x) in (Tensor, nn.Parameter)
        and x.dtype == torch.float32
        and x.layout == torch.strided
        and (x.device.type == "cpu")
    )


def is_traced() -> bool:
    """Whether operations are recorded, transformed or changed in type rather than done as they stand."""
    return (
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state() is not None
        or torch._C._are_functorch_transforms_active()
        or torch.autograd.forward_ad._current_level >= 0
        or torch.is_autocast_enabled("cpu")
        or not torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        or not hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def applied(x: Tensor, function: str) -> Tensor:
    """An elementwise function by its name."""
    if function == "gelu_tanh":
        return F.gelu(x, approximate="tanh")
    found: Tensor = x if function == "none" else getattr(F, function)(x)
    return found


def by_torch(x: Tensor, weight: Tensor, bias: Tensor | None, function: str, base: Tensor | None) -> Tensor:
    """What ``cpu_linear`` gives, by PyTorch's own operations."""
    found = applied(F.linear(x, weight, bias), function)
    return found if base is None else base + found


def by_onednn(x: Tensor, weight: Tensor, bias: Tensor | None, function: str, base: Tensor | None) -> Tensor:
    """What ``cpu_linear`` gives, the product alone by oneDNN."""
    found = applied(torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], ""), function)
    return found if base is None else base + found


def by_onednn_at_once(
    x: Tensor, weight: Tensor, bias: Tensor | None, function: str, base: Tensor | None
) -> Tensor:
    """What ``cpu_linear`` gives, all of it by oneDNN, as far as it can."""
    found: Tensor
    if base is not None and function == "none" and base.shape == (*x.shape[:-1], weight.shape[0]):
        found = torch.ops.mkldnn._linear_pointwise(x, base, weight, bias, "add")
        return found
    name, _, approximate = function.partition("_")
    name = {"silu": "swish"}.get(name, name)
    found = torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], approximate or "none")
    return found if base is None else base + found


def fastest(x: Tensor, weight: Tensor, bias: Tensor | None, function: str, base: Tensor | None) -> Tensor:
    """What ``cpu_linear`` gives, in the way that was found fastest for such shapes; else each is tried."""
    ways: dict[str, Callable[..., Tensor]] = {"torch": by_torch, "oneDNN": by_onednn}
    if function != "none" or base is not None:
        ways["oneDNN at once"] = by_onednn_at_once
    rows = x.numel() // max(1, x.shape[-1])
    shapes = (rows.bit_length(), tuple(weight.shape), weight.stride(), x.is_contiguous())
    key = (*shapes, bias is None, function, base is None, torch.get_num_threads())
    if key not in OneDnnLinear.known:
        seconds = dict.fromkeys(ways, float("inf"))
        with torch.no_grad():
            for _ in range(5):
                for name, way in ways.items():
                    start = time.perf_counter()
                    way(x, weight, bias, function, base)
                    seconds[name] = min(seconds[name], time.perf_counter() - start)
        best = min(seconds, key=seconds.__getitem__)
        OneDnnLinear.known[key] = best if seconds[best] < 0.95 * seconds["torch"] else "torch"
    return ways[OneDnnLinear.known[key]](x, weight, bias, function, base)
