"""Products of operands are what einsum makes of them, also where a matrix is known by its entries."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tnlang.circuits import network  # noqa: E402
from tnlang.circuits.network import Operand, contract  # noqa: E402
from tnlang.ir.net import Wire  # noqa: E402
from tnlang.ir.walk import new_id  # noqa: E402

SIZE = 12


def wire(name: str, size: int) -> Wire:
    return Wire(new_id(), name, size)


def centring(kind: torch.dtype) -> torch.Tensor:
    return torch.eye(SIZE, dtype=kind) - 1 / SIZE


@pytest.mark.parametrize("kind", [torch.float64, torch.complex128])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("entry", [0.0, 0.5])
def test_a_matrix_of_two_numbers_is_not_multiplied_out(
    kind: torch.dtype, turned: bool, entry: float, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    head, before, after, rank = wire("head", 5), wire("i", SIZE), wire("j", SIZE), wire("r", 7)
    matrix = centring(kind)
    matrix[SIZE - 1, 3] += entry
    array = torch.randn(5, SIZE, 7, dtype=kind)
    operands = [
        Operand(matrix.T if turned else matrix, (before, after) if turned else (after, before)),
        Operand(array, (head, before, rank)),
    ]
    wanted = torch.einsum("ab,hbr->rah", matrix, array)
    used = []
    einsum = torch.einsum
    monkeypatch.setattr(network.torch, "einsum", lambda *given: used.append(given[0]) or einsum(*given))
    found = contract(operands, (rank, after, head))
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    assert bool(used) == bool(entry)


def test_its_gradient_is_that_of_the_array():
    before, after, rank = wire("i", SIZE), wire("j", SIZE), wire("r", 20)
    array = torch.randn(SIZE, 20, dtype=torch.float64, requires_grad=True)
    matrix = centring(torch.float64)
    weights = torch.randn(SIZE, 20, dtype=torch.float64)
    made = contract([Operand(matrix, (after, before)), Operand(array, (before, rank))], (after, rank))
    (gradient,) = torch.autograd.grad((made * weights).sum(), array)
    torch.testing.assert_close(gradient, matrix.T @ weights)
