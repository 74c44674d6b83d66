"""A module on two processes of gloo gives what it gives alone: outputs, gradients, caches, training steps."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch.multiprocessing as mp

from tests.parallel.ranks import Found, run, small
from tnlang.parallel import parallelize
from tnlang.source import ValueMismatch


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Found]]:
    """What each of the two processes found, by case."""
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(run, (2, str(folder)), 2)
    return [pickle.loads((Path(folder) / f"{rank}.pickle").read_bytes()) for rank in range(2)]


def test_two_processes_give_what_one_gives(found: list[dict[str, Found]]) -> None:
    assert found[0].keys() == found[1].keys()
    for results in found:
        wrong = {
            name: result
            for name, result in results.items()
            for key, value in result.items()
            if key != "part" and (isinstance(value, str) or not value < 1e-10)
        }
        assert not wrong, "\n".join(f"{name}: {r.get('error', r)}" for name, r in wrong.items())


def test_each_process_holds_its_part(found: list[dict[str, Found]]) -> None:
    for results in found:
        assert {"gpt2 head", "gpt2 mlp", "gpt2 vocab", "llama kv", "train bond"} <= results.keys()
        for name, result in results.items():
            if "part" in result:
                assert 0.5 <= float(result["part"]) < 1, name
        assert float(results["gpt2 head mlp vocab"]["part"]) < 0.6


def test_the_example_runs_under_torchrun() -> None:
    example = Path(__file__).parents[2] / "examples" / "parallel.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(example.parents[1])}
    ran = subprocess.run(
        [*command, str(example)], capture_output=True, text=True, env=environment, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    said = re.findall(r"process (\d) holds 6 of 12 heads; largest difference (\d\.\de-\d+)", ran.stdout)
    assert {process for process, _ in said} == {"0", "1"}
    assert all(float(difference) < 1e-5 for _, difference in said)


def test_what_cannot_be_split_is_refused_with_a_reason() -> None:
    class Mesh:
        """The two questions that are asked before anything is placed."""

        mesh_dim_names = ("tp",)

        def __init__(self, ways: int) -> None:
            self.ways = ways

        def __getitem__(self, name: str) -> Mesh:
            return self

        def size(self) -> int:
            return self.ways

    module = small("gpt2")[1]()
    for ways, legs, reason in (
        (2, {"head": "dp"}, "the mesh has no dim dp; it has tp"),
        (2, {"heads": "tp"}, "no parameter of Gpt2 has a leg heads; there are head, head_size"),
        (3, {"head": "tp"}, "leg head of size 4 does not divide into 3 equal parts"),
        (2, {"head": "tp", "batch": "tp"}, "dim tp of the mesh has the batch"),
    ):
        with pytest.raises(ValueMismatch, match=reason):
            parallelize(module, Mesh(ways), **legs)  # type: ignore[arg-type]
