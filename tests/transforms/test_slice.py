"""``slice``: legs that are taken one entry after another, so that no array is too large."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import tnlang
from tests.elaborate.notation import said
from tests.transforms.fixtures import check, fixtures
from tnlang.ir.canonical import canonical
from tnlang.ir.net import Wire
from tnlang.ir.order import pairwise
from tnlang.ir.slicing import slices
from tnlang.ir.walk import new_id


@pytest.mark.parametrize("path", fixtures("slice"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


def network(seed: int, tensors: int) -> str:
    """A closed network of tensors with three legs each, joined at random, one pair by two wires."""
    generator = random.Random(seed)
    ends = [tensor for tensor in range(tensors) for _ in range(3)]
    generator.shuffle(ends)
    wires: dict[int, list[str]] = {tensor: [] for tensor in range(tensors)}
    for number, (one, other) in enumerate(zip(ends[::2], ends[1::2], strict=True)):
        wires[one].append(f"w{number}")
        wires[other].append(f"w{number}")
    params = ", ".join(f"T{t}[a: 4, b: 4, c: 4] ~ normal(0.5)" for t in range(tensors))
    product = " ".join(f"T{t}[{', '.join(wires[t])}]" for t in range(tensors))
    return f"net closed() -> y {{ param {params}; y = {product} }}\n"


class Largest(TorchDispatchMode):
    """The most entries that an array has which an operation makes."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.entries = max(self.entries, found.numel())
        return found


@pytest.mark.parametrize("seed", range(3))
def test_no_array_is_larger_than_asked(seed: int) -> None:
    bound = 64
    program = tnlang.load(network(seed, 22) + f"net small = slice(closed, largest <= {bound})")
    torch.manual_seed(seed)
    whole, small = (program.nets[name].module().double() for name in ("closed", "small"))
    small.load_state_dict(whole.state_dict())
    with torch.no_grad():
        with Largest() as before:
            expected = whole()
        with Largest() as after:
            found = small()
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=0)
    assert before.entries > bound, "the network is too small for this test"
    assert after.entries <= bound
    assert "in dealt(self, " in program.nets["small"].source()


def test_gradients_pass_through_slices() -> None:
    program = tnlang.load(network(1, 16) + "net small = slice(closed, largest <= 64)")
    torch.manual_seed(0)
    whole, small = (program.nets[name].module().double() for name in ("closed", "small"))
    small.load_state_dict(whole.state_dict())
    whole().backward()
    small().backward()
    for one, other in zip(whole.parameters(), small.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-9, atol=1e-12)


def test_what_is_small_stays_as_it_is() -> None:
    program = tnlang.load(
        "net f(A[i: 6, j: 4], x[j: 4]) -> y[i: 6] { y[i] = A[i, j] x[j] }\nnet g = slice(f, largest <= 100)"
    )
    assert canonical(program.nets["f"].ir) == canonical(program.nets["g"].ir)


def test_the_same_wires_in_every_process() -> None:
    def chosen() -> tuple[str, ...]:
        names = [f"w{number}" for number in range(24)]
        ends = [name for name in names for _ in range(2)]
        random.Random(3).shuffle(ends)
        wires = {name: Wire(new_id(), name, 4) for name in names}
        operands = [tuple(wires[name] for name in ends[at : at + 3]) for at in range(0, 48, 3)]
        found = slices(operands, (), dict.fromkeys(wires.values(), 4), 200)
        assert found
        left = {wire: 1 if wire in found else 4 for wire in wires.values()}
        steps = pairwise(operands, (), left)
        assert all(4 ** sum(left[wire] > 1 for wire in step.out) <= 200 for step in steps)
        return tuple(wire.name for wire in found)

    assert chosen() == chosen()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("slice(f)", "slice takes the legs to slice, or how large an array may become"),
        ("slice(f, j, largest <= 10)", "slice takes the legs to slice"),
        ("slice(f, largest = 10)", "the largest array is a bound"),
        ("slice(f, i)", "f sums no leg i"),
        ("slice(f, largest <= 5)", "what a product of f gives has more than 5 entries by itself"),
    ],
)
def test_mistakes(asked: str, message: str) -> None:
    text = "net f(A[i: 6, j: 4], x[j: 4]) -> y[i: 6] { y[i] = A[i, j] x[j] }\n"
    assert message in said(text + f"net g = {asked}")
