"""Parameters fetched at once are those that attributes give, whatever stands in their place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.distributed.fsdp import fully_shard  # noqa: E402
from torch.distributed.tensor import DTensor, Replicate, distribute_tensor, init_device_mesh  # noqa: E402
from torch.nn.utils import parametrizations, parametrize, prune  # noqa: E402

import tnlang  # noqa: E402

SINGLE = 10
MEMBERS = 4
TEXT = f"""
net chain(x[i: 3]) -> y[o: 3] {{
{chr(10).join(f"    param A{n}[i: 3, o: 3]" for n in range(SINGLE))}
    param B{{0..{MEMBERS}}}[i: 3, o: 3]
    y[o] = (x[w0] {" ".join(f"A{n}[w{n}, w{n + 1}]" for n in range(SINGLE))}
        B{{0}}[w10, w11] B{{1}}[w11, w12]
        B{{2}}[w12, w13] B{{3}}[w13, o])
}}
"""


@pytest.fixture
def chain() -> nn.Module:
    torch.manual_seed(0)
    module = tnlang.load(TEXT).nets["chain"].module().double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def given() -> Tensor:
    return torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3)


def arrays(module: nn.Module) -> Iterator[Tensor]:
    """The matrices in order, as anybody gets them from the module."""
    yield from (getattr(module, f"A{n}") for n in range(SINGLE))
    yield from (module.B[n] for n in range(MEMBERS))


def wanted(module: nn.Module) -> Tensor:
    y = given()
    for matrix in arrays(module):
        y = y @ matrix
    return y


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_they_are_fetched_at_once(chain: nn.Module):
    source = tnlang.load(TEXT).nets["chain"].source()
    assert "self.fetched(" in source
    assert "B = members(self.B)" in source
    assert "self.A3" not in source.partition("class Chain")[2].partition("def forward")[2]
    close(chain(given()), wanted(chain))


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def parametrized(module: nn.Module) -> None:
    parametrize.register_parametrization(module, "A3", Doubled())
    parametrize.register_parametrization(module.B, "2", Doubled())


def orthogonal(module: nn.Module) -> None:
    parametrizations.orthogonal(module, "A1")
    parametrizations.orthogonal(module.B, "0")


def pruned(module: nn.Module) -> None:
    prune.random_unstructured(module, "A0", 0.5)
    prune.random_unstructured(module.B, "1", 0.5)


def renewed(module: nn.Module) -> None:
    module.A2 = nn.Parameter(torch.eye(3, dtype=torch.float64))
    module.B[3] = nn.Parameter(2 * torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("change", [parametrized, orthogonal, pruned, renewed])
def test_what_stands_in_their_place_is_taken(chain: nn.Module, change: Callable[[nn.Module], None]):
    before = chain(given())
    change(chain)
    close(chain(given()), wanted(chain))
    assert not torch.allclose(chain(given()), before)


def test_a_functional_call_takes_other_arrays(chain: nn.Module):
    others = {name: torch.randn_like(p) for name, p in chain.named_parameters()}
    found = torch.func.functional_call(chain, others, (given(),))
    y = given()
    for name in itertools.chain((f"A{n}" for n in range(SINGLE)), (f"B.{n}" for n in range(MEMBERS))):
        y = y @ others[name]
    close(found, y)
    gradients = torch.func.grad(lambda p: torch.func.functional_call(chain, p, (given(),)).sum())(others)
    assert gradients.keys() == others.keys()
    assert all(bool(gradient.any()) for gradient in gradients.values())


def test_hooks_see_every_parameter_and_gradients_reach_it(chain: nn.Module):
    seen: list[str] = []
    chain.register_forward_pre_hook(lambda module, inputs: renewed(module))
    chain.register_forward_hook(lambda module, inputs, output: output + 1)
    chain.A5.register_hook(lambda gradient: seen.append("A5"))
    output = chain(given())
    close(output, wanted(chain) + 1)
    output.sum().backward()
    assert seen == ["A5"]
    assert all(parameter.grad is not None for parameter in chain.parameters())


@pytest.mark.parametrize("change", [None, parametrized])
def test_it_compiles_as_one_graph_and_follows_new_numbers(
    chain: nn.Module, change: Callable[[nn.Module], None] | None
):
    if change is not None:
        change(chain)
    compiled = torch.compile(chain, backend="aot_eager", fullgraph=True)
    close(compiled(given()), wanted(chain))
    with torch.no_grad():
        for parameter in chain.parameters():
            parameter.mul_(1.5)
    close(compiled(given()), wanted(chain))


def test_it_can_be_exported(chain: nn.Module):
    exported = torch.export.export(chain, (given(),))
    assert len(exported.graph_signature.parameters) == SINGLE + MEMBERS
    close(exported.module()(given()), wanted(chain))


@pytest.fixture
def alone() -> Iterator[None]:
    """A group of one process."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_shared_parameters_stay_shared(chain: nn.Module):
    expected = wanted(chain).detach()
    mesh = init_device_mesh("cpu", (1,))
    for owner in (chain, chain.B):
        for name, parameter in list(owner._parameters.items()):
            owner.register_parameter(name, nn.Parameter(distribute_tensor(parameter.detach(), mesh)))
    found = chain(distribute_tensor(given(), mesh, [Replicate()]))
    assert isinstance(found, DTensor)
    close(found.full_tensor(), expected)


@pytest.mark.usefixtures("alone")
def test_sharded_parameters_are_gathered_for_the_call(chain: nn.Module):
    expected = wanted(chain).detach()
    sharded = fully_shard(chain, mesh=init_device_mesh("cpu", (1,)))
    assert all(isinstance(parameter, DTensor) for parameter in sharded.parameters())
    found = sharded(given())
    close(found, expected)
    found.sum().backward()
    assert all(isinstance(parameter.grad, DTensor) for parameter in sharded.parameters())
