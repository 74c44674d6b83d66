"""The largest entries of a thin product against those of the product written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tnlang.circuits import Circuit, largest
from tnlang.circuits.largest import largest_products
from tnlang.circuits.network import Operand, contract, contract_along
from tnlang.circuits.small import one_thread
from tnlang.ir.net import Wire
from tnlang.source import ValueMismatch

Make = Callable[[int, int], tuple[Tensor, Tensor]]


def _flat(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    return torch.randn(rows, 24), torch.randn(columns, 24)


def _steep(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    left, right = _flat(rows, columns)
    return left * torch.exp(-torch.arange(24) / 4), right * torch.randn(columns, 1).exp()


def _unbalanced(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    left, right = _flat(rows, columns)
    scale = torch.linspace(-6, 6, 24).exp()
    return left * scale, right / scale


def _deficient(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    left, right = _flat(rows, columns)
    left[:, 1], right[:, 2] = left[:, 0], 0
    return left, right


def _negative(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    left, right = _flat(rows, columns)
    return -left.abs(), right.abs()


def _zero(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    return torch.zeros(rows, 3), torch.randn(columns, 3)


@pytest.mark.parametrize("make", [_flat, _steep, _unbalanced, _deficient, _negative, _zero])
@pytest.mark.parametrize(
    ("rows", "columns", "k"), [(300, 250, 20), (31, 400, 1), (7, 5, 100), (260, 17, 900)]
)
def test_the_largest_are_those_of_the_whole_product(
    make: Make, rows: int, columns: int, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks as small as these, bounds decide what is written out."""
    monkeypatch.setattr(largest, "SIDE", 32)
    monkeypatch.setattr(largest, "GROUP", 4)
    torch.manual_seed(rows)
    left, right = make(rows, columns)
    product = left.double() @ right.double().T
    expected = product.flatten().topk(min(k, product.numel())).values
    with one_thread():
        values, row, column = largest_products(left, right, k)
    assert len({*zip(row.tolist(), column.tolist(), strict=True)}) == len(values) == len(expected)
    torch.testing.assert_close(values.double(), product[row, column], rtol=1e-6, atol=1e-9)
    size = float(left.norm(dim=1).max() * right.norm(dim=1).max())
    torch.testing.assert_close(values.double(), expected, rtol=0, atol=1e-6 * size)


def test_most_of_a_product_is_not_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where norms decay few bounds are made, of few axes; where they do not, few entries are written out."""
    torch.manual_seed(0)
    met: list[int] = []
    bounded: list[tuple[int, int]] = []
    meet, above = largest._Largest.meet, largest._above

    def counted(self: Any, entries: Tensor, places: Tensor) -> None:
        met.append(entries.numel())
        meet(self, entries, places)

    def bounds(stripe: Tensor, side: Tensor, least: float) -> Tensor:
        bounded.append((len(stripe) * len(side), stripe.shape[1]))
        return above(stripe, side, least)

    monkeypatch.setattr(largest._Largest, "meet", counted)
    monkeypatch.setattr(largest, "_above", bounds)
    largest_products(*_steep(4000, 4000), 10)
    assert sum(met) < 0.1 * 4000**2
    assert sum(entries for entries, _ in bounded) < 0.3 * 4000**2
    assert all(columns <= 9 for _, columns in bounded)
    met.clear()
    largest_products(*_flat(4000, 4000), 10)
    assert sum(met) < 0.3 * 4000**2


def test_complex_entries_have_no_order() -> None:
    x, y = Wire(1, "x", 3), Wire(2, "y", 3)
    circuit = Circuit((Operand(torch.eye(3) * 1j, (x, y)),), (), (x,), (y,), "rotation")
    with pytest.raises(ValueMismatch, match="rotation has complex entries: none is the largest"):
        circuit.top(1)


@pytest.mark.parametrize("most", [1, 40, 10**6])
def test_contracting_along_a_leg_is_contracting(most: int) -> None:
    """Whatever the size of its parts; what several operands share, broadcast legs and lone operands too."""
    torch.manual_seed(0)
    v, d, h, s, f, w = (
        Wire(n, name, size) for n, (name, size) in enumerate(zip("vdhsfw", (7, 3, 4, 2, 3, 5), strict=True))
    )
    operands = [
        Operand(torch.randn([wire.size for wire in wires]), wires)  # type: ignore[misc]
        for wires in ((v, d), (h, d, s), (s, h, f), (f, v), (f,))
    ]
    kept = (h, v, w)
    for some in (operands, operands[:2], operands[:1], operands[1:3], operands[4:], []):
        found = contract_along(some, kept, v, most)
        torch.testing.assert_close(found, contract(some, kept))
    expected = torch.einsum("vd,hds,shf,fv,f->hv", *(operand.array for operand in operands))
    torch.testing.assert_close(contract_along(operands, kept, v, most)[..., 0], expected)
