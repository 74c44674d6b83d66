"""Kernels of the CPU: the same numbers and gradients, and plain PyTorch wherever they cannot be had."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.autograd import forward_ad

import tnlang
from tnlang.cli import main

TEXT = """dim p, d = 64, m = 96
net f(x[p, d]) -> y[p, d] {
    param W[m, d] ~ normal(0.3), b[m] ~ normal(1), O[d, m] ~ normal(0.3)
    h[p, n] = W[n, e] x[p, e] + b[n]
    y[p, o] = x[p, o] + FUNCTION(O[o, n] h[p, n])
}
"""


def pair(function: str) -> tuple[Any, Any]:
    """The module with kernels and the one without, of the same parameters."""
    torch.manual_seed(0)
    text = TEXT.replace("FUNCTION", function)
    with_kernels = tnlang.load(text, cpu_kernels=True).nets["f"].module()
    plain = tnlang.load(text).nets["f"].module()
    plain.load_state_dict(with_kernels.state_dict())
    return with_kernels, plain


def runtime(module: torch.nn.Module) -> Any:
    return sys.modules[type(module).__module__]


class Always(dict[object, str]):
    """What was found fastest, whatever the clock says."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.asked: list[Any] = []

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: Any) -> str:
        self.asked.append(key)
        *_, function, without_base, _threads = key
        return "oneDNN" if function == "none" and without_base and self.way != "torch" else self.way


FUNCTIONS = ["gelu", "gelu_tanh", "relu", "silu", "sigmoid", "tanh", ""]


@pytest.mark.parametrize("way", ["torch", "oneDNN", "oneDNN at once"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_values_and_gradients(function: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_kernels, plain = pair(function)
    known = Always(way)
    monkeypatch.setattr(runtime(with_kernels).OneDnnLinear, "known", known)
    for shape in ((40, 64), (2, 3, 20, 64)):
        x = torch.randn(shape)
        with torch.no_grad():
            torch.testing.assert_close(with_kernels(x), plain(x), rtol=2e-5, atol=2e-5)
        assert function == "" or any(function in key for key in known.asked)
        results = []
        for module in (with_kernels, plain):
            leaf = x.clone().requires_grad_()
            module(leaf).square().mean().backward()
            results.append([leaf.grad, *(parameter.grad for parameter in module.parameters())])
            module.zero_grad()
        for got, wanted in zip(*results, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_second_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    with_kernels, plain = pair("tanh")
    monkeypatch.setattr(runtime(with_kernels).OneDnnLinear, "known", Always("oneDNN"))
    x = torch.randn(40, 64)
    results = []
    for module in (with_kernels, plain):
        leaf = x.clone().requires_grad_()
        (first,) = torch.autograd.grad(module(leaf).square().mean(), leaf, create_graph=True)
        first.square().sum().backward()
        results.append((leaf.grad, module.W.grad))
    for got, wanted in zip(*results, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


def test_one_trial_for_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = pair("gelu")
    kernels = runtime(module)
    known: dict[object, str] = {}
    monkeypatch.setattr(kernels.OneDnnLinear, "known", known)
    with torch.no_grad():
        module(torch.randn(40, 64))
        assert len(known) == 2  # two products of the net
        monkeypatch.setattr(kernels.time, "perf_counter", None)
        module(torch.randn(45, 64))
        with pytest.raises(TypeError, match="not callable"):
            module(torch.randn(400, 64))
    assert set(known.values()) <= {"torch", "oneDNN", "oneDNN at once"}


def test_what_kernels_cannot_do_is_done_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    with_kernels, plain = pair("gelu")
    x = torch.randn(40, 64)
    monkeypatch.setattr(runtime(with_kernels), "fastest", None)  # never asked

    def same(got: torch.Tensor, wanted: torch.Tensor) -> None:
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)

    direction = torch.randn(40, 64)
    same(*(torch.func.jvp(module, (x,), (direction,))[1] for module in (with_kernels, plain)))
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, direction)
        same(*(forward_ad.unpack_dual(module(dual)).tangent for module in (with_kernels, plain)))
    batch = torch.randn(3, 40, 64)
    same(torch.func.vmap(with_kernels)(batch), plain(batch))
    same(torch.compile(with_kernels, backend="aot_eager", fullgraph=True)(x), plain(x))
    same(torch.export.export(with_kernels, (x,)).module()(x), plain(x))
    with torch.autocast("cpu", torch.bfloat16):
        assert with_kernels(x).dtype == plain(x).dtype
    assert with_kernels.to("meta")(x.to("meta")).shape == x.shape
    doubles, exact = (module.double() for module in pair("gelu"))
    same(doubles(x.double()), exact(x.double()))


def test_it_is_asked_for() -> None:
    text = TEXT.replace("FUNCTION", "gelu")
    assert "oneDNN" not in tnlang.load(text).source()
    assert tnlang.load(text).nets["f"].rewritten() == {"linear": 2, "bias": 1}
    program = tnlang.load(text, cpu_kernels=True)
    assert program.nets["f"].rewritten() == {"linear": 2, "bias": 1, "cpu": 4}
    forward = program.source().partition("def forward(self, x")[2].partition("observed(self")[0]
    assert 'function="gelu"' in forward and "base=x" in forward


def test_at_the_shell(tn: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tn(TEXT.replace("FUNCTION", "gelu")))
    for command, shown in (
        ("compile", "Rewritten by: linear 2, bias 1, cpu 4."),
        ("cost", "bias 1, cpu 4\n"),
    ):
        for words, with_kernels in (([], False), (["--cpu-kernels"], True)):
            main([command, file, *words], standalone_mode=False)
            assert (shown in capsys.readouterr().out) == with_kernels
