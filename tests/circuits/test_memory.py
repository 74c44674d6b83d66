"""What circuits of all heads need at once: arrays that live together, and the memory of the process."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import tnlang
from tests.conftest import PROGRAMS
from tnlang.circuits import Circuit, Circuits, circuit, composition, copying, largest, scores, small

SIZES = {"layer": 3, "head": 4, "head_size": 16, "hidden": 64, "vocab": 3000, "position": 16}
BLOCK = 1 << 14
PART = 4 * SIZES["layer"] * SIZES["head"] * SIZES["head_size"] * SIZES["vocab"]
"""Bytes of one side of the full circuits of all heads."""


class Live(TorchDispatchMode):
    """The most bytes of arrays made under it that are alive together."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, int] = {}
        self.now = self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        inputs = (*args, *(kwargs or {}).values())
        given = {one.untyped_storage().data_ptr() for one in inputs if isinstance(one, Tensor)}
        found = func(*args, **(kwargs or {}))
        for one in found if isinstance(found, tuple | list) else [found]:
            if isinstance(one, Tensor):
                self.met(one, given)
        return found

    def met(self, array: Tensor, given: set[int]) -> None:
        storage = array.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if place not in self.users:
            if place in given:
                return  # of the caller
            self.users[place] = 0
            self.now += size
            self.most = max(self.most, self.now)
        self.users[place] += 1
        weakref.finalize(array, self.left, place, size)

    def left(self, place: int, size: int) -> None:
        self.users[place] -= 1
        if not self.users[place]:
            del self.users[place]
            self.now -= size


@pytest.fixture(scope="module")
def circuits() -> Circuits:
    net = tnlang.load(PROGRAMS["gpt2"], dims=SIZES).nets["gpt2"]
    torch.manual_seed(0)
    return net.circuits({name: torch.randn(p.shape) for name, p in net.module().state_dict().items()})


Work = Callable[[Circuits, Circuit], object]

ALL_HEADS: dict[str, Work] = {
    "composition": lambda circuits, _: [composition(circuits, kind) for kind in ("Q", "K", "V")],
    "singular values": lambda _, full: full.singular_values(),
    "eigenvalues": lambda _, full: full.eigenvalues(),
    "copying": lambda _, full: copying(full),
    "norm": lambda _, full: full.norm(),
    "trace": lambda _, full: full.trace(),
    "diagonal": lambda _, full: full.diagonal(),
    "a row": lambda _, full: full.row(17),
    "a column": lambda _, full: full.column(17),
}


@pytest.mark.parametrize("kind", ["OV", "QK"])
@pytest.mark.parametrize("name", ALL_HEADS)
def test_no_side_of_all_heads_is_written_out(
    name: str, kind: str, circuits: Circuits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one: arrays of all heads, all tokens and the rank, which are 16 diagonals."""
    for module in (circuit, small, scores):
        monkeypatch.setattr(module, "BLOCK", 1 << 14)
    full = circuits.full(circuits.OV) if kind == "OV" else circuits.full_scores(circuits.QK)
    with Live() as live:
        ALL_HEADS[name](circuits, full)
    assert 0 < live.most < PART / 2


def test_the_largest_entries_are_found_without_the_product(
    circuits: Circuits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(largest, "SIDE", 64)
    full = circuits.full(circuits.OV).at(layer=1, h=2)
    with Live() as live:
        full.top(1)
    assert 0 < live.most < SIZES["vocab"] ** 2


PROCESS = """
import pathlib, re, torch
from tnlang.circuits.circuit import BLOCK
from tnlang.circuits.network import Operand, contract_along
from tnlang.ir.net import Wire

def status(name):
    return int(re.search(name + r":\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])

token, d, e, head, rank = (Wire(n, str(n), size) for n, size in enumerate((24000, 256, 256, 144, 64)))
operands = [
    Operand(torch.ones([wire.size for wire in wires]), wires)
    for wires in ((token, d), (head, d, rank), (head, rank, e), (e, token))
]
before = status("VmRSS")
found = contract_along(operands, (head, token), token, BLOCK)
assert found.shape == (144, 24000) and bool((found == 256 * 256 * 64).all())
print(status("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system does not tell the peak")
def test_diagonals_leave_no_chunks_behind() -> None:
    """The process grows by a few chunks (16 MiB), however many there are; it grew by up to 900 MB."""
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 320 * 1024
