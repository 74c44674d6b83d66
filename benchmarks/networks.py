"""Closed networks against opt_einsum and cotengra: the order that is found, and its contraction carried out.

    python -m benchmarks.networks order [NETWORK ...]
    python -m benchmarks.networks run [NETWORK ...]

``order`` compares the multiplications of our order with cotengra's after 8 seconds of its search, and says
how long our search takes. ``run`` compares the generated module with the expression of opt_einsum and with
cotengra's contraction of its own order; values first. cotengra (with kahypar and cotengrust, which it uses
where they are) is not among this project's packages: pip install cotengra cotengrust kahypar.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import networkx
import numpy as np
import opt_einsum
import torch

from benchmarks.timing import THREADS, alternate, processor
from tnlang.elaborate import load_program
from tnlang.execute import instantiate
from tnlang.ir.search import search, work
from tnlang.source import Source

PER_LINE = 8
SEARCH_S = 8
GOAL_OF_OPT_EINSUM = 0.4
GOAL_OF_THE_BEST = 0.6


@dataclass(frozen=True, slots=True)
class Network:
    """Tensors as tuples of wires; every wire has two ends."""

    tensors: tuple[tuple[int, ...], ...]
    sizes: dict[int, int]

    @property
    def equation(self) -> str:
        return ",".join("".join(map(opt_einsum.get_symbol, wires)) for wires in self.tensors) + "->"

    def text(self) -> str:
        """The network as a net of parameters."""
        legs = [
            ", ".join(f"x{n}: {self.sizes[wire]}" for n, wire in enumerate(wires)) for wires in self.tensors
        ]
        factors = [f"T{n}[{', '.join(f'e{w}' for w in wires)}]" for n, wires in enumerate(self.tensors)]
        rows = [" ".join(factors[n : n + PER_LINE]) for n in range(0, len(factors), PER_LINE)]
        params = "\n".join(f"    param T{n}[{one}]" for n, one in enumerate(legs))
        product = "\n        ".join(rows)
        return f"net closed() -> y {{\n{params}\n    y = ({product})\n}}\n"

    def arrays(self) -> list[torch.Tensor]:
        """Normal entries, so scaled that the value is neither huge nor tiny."""
        generator = np.random.default_rng(1)
        shapes = [[self.sizes[wire] for wire in wires] for wires in self.tensors]
        return [
            torch.tensor(generator.normal(size=shape) / math.prod(shape) ** 0.25, dtype=torch.float32)
            for shape in shapes
        ]


def network(ends: Iterable[tuple[object, object, int]]) -> Network:
    """The network of bonds between named places, each with its size."""
    places: dict[object, list[int]] = {}
    sizes: dict[int, int] = {}
    for wire, (one, other, size) in enumerate(ends):
        places.setdefault(one, []).append(wire)
        places.setdefault(other, []).append(wire)
        sizes[wire] = size
    return Network(tuple(map(tuple, places.values())), sizes)


def rows(count: int, bond: int, rung: int) -> Network:
    """Two rows of tensors, joined at each place; a tensor's legs are left, across, right."""
    ends: list[tuple[object, object, int]] = []
    for n in range(count):
        ends.append(((0, n), (1, n), rung))
        if n + 1 < count:
            ends += [((row, n), (row, n + 1), bond) for row in (0, 1)]
    return network(ends)


def of_graph(graph: networkx.Graph, bond: int) -> Network:
    return network((a, b, bond) for a, b in graph.edges())


def fourier(qubits: int) -> Network:
    """The amplitude from zeros to zeros of the textbook's quantum Fourier transform."""
    last: list[object] = [("in", n) for n in range(qubits)]
    ends: list[tuple[object, object, int]] = []

    def gate(name: object, *on: int) -> None:
        for n in on:
            ends.append((last[n], name, 2))
            last[n] = name

    for n in range(qubits):
        gate(("H", n), n)
        for control in range(n + 1, qubits):
            gate(("P", n, control), n, control)
    ends += [(last[n], ("out", n), 2) for n in range(qubits)]
    return network(ends)


NETWORKS: dict[str, Callable[[], Network]] = {
    "ladder 5": lambda: rows(5, 8, 8),
    "ladder 100": lambda: rows(100, 8, 8),
    "ladder 500": lambda: rows(500, 8, 8),
    "mps 200": lambda: rows(200, 64, 4),
    "peps 2": lambda: of_graph(networkx.grid_2d_graph(8, 8), 2),
    "peps 3": lambda: of_graph(networkx.grid_2d_graph(8, 8), 3),
    "cubic 60": lambda: of_graph(networkx.random_regular_graph(3, 60, seed=1), 2),
    "cubic 100": lambda: of_graph(networkx.random_regular_graph(3, 100, seed=1), 2),
    "qft 20": lambda: fourier(20),
}


def compare_orders(name: str, net: Network) -> str:
    """Our order beside cotengra's and the greedy one."""
    tree = _cotengra(net)
    inputs = tuple(map(frozenset, net.tensors))
    start = time.process_time()
    path = search(inputs, frozenset(), tuple(net.sizes.values()))
    seconds = time.process_time() - start
    ours = math.log10(work(path, inputs, frozenset(), net.sizes))
    pairs = opt_einsum.paths.greedy(list(inputs), frozenset(), net.sizes)
    greedy = math.log10(work(tuple((min(p), max(p)) for p in pairs), inputs, frozenset(), net.sizes))
    theirs = math.log10(tree.contraction_cost())
    met = "met" if ours <= theirs + 0.1 and ours <= greedy and seconds <= 2 else "NOT met"
    return (
        f"{name:12s} log10 of multiplications {ours:.3f} in {seconds:.2f} s;"
        f" cotengra {theirs:.3f} in {SEARCH_S} s; greedy {greedy:.3f}: {met}"
    )


def compare_runs(name: str, net: Network) -> Iterable[str]:
    """The module beside both peers."""
    arrays = net.arrays()
    module = instantiate(load_program(Source("closed.tn", net.text())), "closed").eval()
    with torch.no_grad():
        for n, array in enumerate(arrays):
            module.get_parameter(f"T{n}").copy_(array)
        expression = opt_einsum.contract_expression(net.equation, *(a.shape for a in arrays))
        contractor = _cotengra(net).get_contractor()
        peers: dict[str, Callable[[], object]] = {
            "opt_einsum": lambda: expression(*arrays),
            "cotengra": lambda: contractor(*arrays),
        }
        ours = float(module())
        for peer, theirs in peers.items():
            value = float(theirs())  # type: ignore[arg-type]
            if abs(value - ours) > 1e-3 * abs(value):
                raise SystemExit(f"{name}: {peer} gives {value}, ours {ours}")
        repeats = max(1, round(0.05 / _once(module)))

        def often(one: Callable[[], object]) -> Callable[[], object]:
            return lambda: [one() for _ in range(repeats)]

        for peer, theirs in peers.items():
            goal = GOAL_OF_OPT_EINSUM if name.startswith("ladder") else GOAL_OF_THE_BEST
            if not (name.startswith("ladder") and peer == "cotengra"):
                yield alternate(f"{name} x{repeats}", often(module), peer, often(theirs), goal).line()


def _once(one: Callable[[], object]) -> float:
    one()
    start = time.perf_counter()
    one()
    return time.perf_counter() - start


def _cotengra(net: Network):  # type: ignore[no-untyped-def]
    import cotengra

    symbols = [tuple(map(opt_einsum.get_symbol, wires)) for wires in net.tensors]
    sizes = {opt_einsum.get_symbol(wire): size for wire, size in net.sizes.items()}
    found = cotengra.HyperOptimizer(
        max_time=SEARCH_S, max_repeats=10_000, progbar=False, parallel=False
    ).search(symbols, (), sizes)
    return found


def main() -> None:
    what, *names = sys.argv[1:] or ["run"]
    torch.set_num_threads(THREADS)
    print(f"{processor()}; {THREADS} threads, float32, torch {torch.__version__}")
    for name in names or NETWORKS:
        if what == "order":
            print(compare_orders(name, NETWORKS[name]()), flush=True)
        else:
            for line in compare_runs(name, NETWORKS[name]()):
                print(line, flush=True)


if __name__ == "__main__":
    main()
