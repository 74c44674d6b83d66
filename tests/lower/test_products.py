"""Long products, line by line: equal to einsum whatever their wires, and as long as anybody writes them."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

import tnlang
from tnlang.ir.search import search, work
from tnlang.lower import products


def network(seed: int) -> tuple[str, list[list[str]], list[str], dict[str, int]]:
    """A random network: hyperedges, traces, parallel wires, kept wires that several tensors have."""
    generator = random.Random(seed)
    wires = [f"e{n}" for n in range(generator.randint(4, 12))]
    sizes = {wire: generator.choice((1, 2, 3)) for wire in wires}
    operands = [
        [generator.choice(wires) for _ in range(generator.choice((1, 2, 2, 3, 3, 4)))]
        for _ in range(generator.randint(4, 12))
    ]
    used = [wire for wire in wires if any(wire in legs for legs in operands)]
    single = [wire for wire in used if sum(legs.count(wire) for legs in operands) == 1]
    kept = list(dict.fromkeys([*single, *generator.sample(used, min(2, len(used)))]))
    generator.shuffle(kept)
    kinds = generator.choices(("tensor", "param"), k=len(operands))
    lines = [f"net f({inputs(operands, kinds, sizes)}) -> y{bracket(kept, sizes)} {{"]
    for n, (legs, kind) in enumerate(zip(operands, kinds, strict=True)):
        if kind == "param":
            lines.append(f"    param T{n}{bracket(legs, sizes)}")
    product = " ".join(f"T{n}[{', '.join(legs)}]" for n, legs in enumerate(operands))
    lines += [f"    y[{', '.join(kept)}] = {product}" if kept else f"    y = {product}", "}"]
    return "\n".join(lines), operands, kept, sizes


def inputs(operands: list[list[str]], kinds: list[str], sizes: dict[str, int]) -> str:
    given = [n for n, kind in enumerate(kinds) if kind == "tensor"]
    return ", ".join(f"T{n}{bracket(operands[n], sizes)}" for n in given)


def bracket(legs: list[str], sizes: dict[str, int]) -> str:
    return "[" + ", ".join(f"x{n}: {sizes[wire]}" for n, wire in enumerate(legs)) + "]" if legs else ""


@pytest.mark.parametrize("seed", range(60))
def test_lines_give_what_einsum_gives(seed: int, monkeypatch: pytest.MonkeyPatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(products, "SHORT", 0)
    text, operands, kept, sizes = network(seed)
    handle = tnlang.load(text).nets["f"]
    generator = np.random.default_rng(seed)
    arrays = [generator.normal(size=[sizes[wire] for wire in legs]) for legs in operands]
    numbers = {wire: n for n, wire in enumerate(sizes)}
    arguments = [
        item
        for array, legs in zip(arrays, operands, strict=True)
        for item in (array, [numbers[w] for w in legs])
    ]
    wanted = np.einsum(*arguments, [numbers[w] for w in kept], optimize=True)
    module = handle.module().double()
    batched = []
    with torch.no_grad():
        for n, array in enumerate(arrays):
            if f"T{n}" in handle.input_names:
                batched.append(torch.tensor(np.stack([array, 2 * array])))
            else:
                module.get_parameter(f"T{n}").copy_(torch.tensor(array))
        found = module(*(array[0] for array in batched))
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-9, atol=1e-9)
        if batched:
            several = module(*batched)
            factor = 2.0 ** len(batched)
            np.testing.assert_allclose(several[1].numpy(), factor * wanted, rtol=1e-9, atol=1e-9)


def test_a_product_of_complex_and_real_arrays():
    torch = pytest.importorskip("torch")
    text = (
        f"tensor {', '.join(f'{x}[n: 2, m: 2]' + ' complex' * (x in 'AC') for x in 'ABCDEFGHIJ')}\n"
        "y[a, k] = A[a, b] B[b, c] C[c, d] D[d, e] E[e, f] F[f, g] G[g, h] H[h, i] I[i, j] J[j, k]\n"
    )
    handle = tnlang.load(text).nets["main"]
    generator = np.random.default_rng(0)
    arrays = {
        name: generator.normal(size=(2, 2)) + (1j * generator.normal(size=(2, 2)) if name in "AC" else 0)
        for name in handle.input_names
    }
    wanted = np.linalg.multi_dot([arrays[name] for name in "ABCDEFGHIJ"])
    found = handle.module().double()(*(torch.tensor(array) for array in arrays.values()))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-9)


def test_two_thousand_matrices_in_a_row():
    torch = pytest.importorskip("torch")
    count = 2000
    names = [f"e{n}" for n in range(count + 1)]
    product = "\n    ".join(f"A[{a}, {b}]" for a, b in itertools.pairwise(names))
    text = f"net f(A[n: 2, m: 2]) -> y[n: 2, m: 2] {{ y[e0, e{count}] = ({product}) }}"
    module = tnlang.load(text).nets["f"].module().double()
    turn = torch.tensor([[np.cos(0.01), -np.sin(0.01)], [np.sin(0.01), np.cos(0.01)]])
    wanted = [[np.cos(20.0), -np.sin(20.0)], [np.sin(20.0), np.cos(20.0)]]
    np.testing.assert_allclose(module(turn).numpy(), wanted, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_annealing_is_never_worse_than_greedy(seed: int):
    paths = pytest.importorskip("opt_einsum.paths")
    networkx = pytest.importorskip("networkx")
    graph = networkx.random_regular_graph(3, 24 + 4 * seed, seed=seed)
    operands = [[] for _ in graph]
    for number, (a, b) in enumerate(graph.edges()):
        operands[a].append(number)
        operands[b].append(number)
    arguments = tuple(map(frozenset, operands)), frozenset[int]()
    sizes = tuple(2 + number % 3 for number in range(graph.number_of_edges()))
    size_of = dict(enumerate(sizes))
    greedy = paths.greedy(list(arguments[0]), arguments[1], size_of)
    ordered = tuple((min(pair), max(pair)) for pair in greedy)
    found = search(*arguments, sizes)
    assert work(found, *arguments, size_of) <= work(ordered, *arguments, size_of)
    assert len(found) == graph.number_of_nodes() - 1


def closed(ends: list[tuple[str, str]]) -> str:
    """A closed network of tensors with legs of size 2, each named after its place."""
    wires: dict[str, list[str]] = {}
    for number, pair in enumerate(ends):
        for place in pair:
            wires.setdefault(place, []).append(f"e{number}")
    params = "".join(
        f"    param {name}{bracket(own, dict.fromkeys(own, 2))}\n" for name, own in wires.items()
    )
    product = " ".join(f"{name}[{', '.join(own)}]" for name, own in wires.items())
    return f"net f() -> y {{\n{params}    y = {product}\n}}"


def test_a_ladder_is_contracted_without_moving_an_entry():
    rungs = [(f"A{n}", f"B{n}") for n in range(12)]
    rails = [(f"{row}{n}", f"{row}{n + 1}") for row in "AB" for n in range(11)]
    source = tnlang.load(closed(rungs + rails)).nets["f"].source()
    forward = source.partition("class F(")[2].partition("def values_in")[0]
    assert forward.count("torch.mm(") + forward.count("torch.bmm(") == 23
    assert ".permute(" not in forward


def test_a_grid_is_contracted_in_orders_that_are_seldom_changed():
    across = [(f"T{r}{c}", f"T{r}{c + 1}") for r in range(6) for c in range(5)]
    down = [(f"T{r}{c}", f"T{r + 1}{c}") for r in range(5) for c in range(6)]
    source = tnlang.load(closed(across + down)).nets["f"].source()
    forward = source.partition("class F(")[2].partition("def values_in")[0]
    assert forward.count("torch.mm(") + forward.count("torch.bmm(") == 35
    assert forward.count(".permute(") <= 20
    assert "torch.matmul(" not in forward


def test_tensors_that_share_no_wire_are_multiplied():
    torch = pytest.importorskip("torch")
    names = "ABCDEFGHIJ"
    text = f"net f() -> y[{', '.join(f'k{n}: 2' for n in names)}] {{\n"
    text += "".join(f"    param {n}[k: 2]\n" for n in names)
    text += f"    y[{', '.join(f'k{n}' for n in names)}] = {' '.join(f'{n}[k{n}]' for n in names)}\n}}"
    module = tnlang.load(text).nets["f"].module().double()
    wanted = torch.ones((), dtype=torch.float64)
    for name in names:
        wanted = torch.tensordot(wanted, module.get_parameter(name), dims=0)
    torch.testing.assert_close(module(), wanted)


def test_a_product_with_more_legs_than_einsum_has_letters():
    torch = pytest.importorskip("torch")
    legs = [[f"k{n}_{leg}" for leg in range(6)] for n in range(10)]
    sizes = {leg: 1 for own in legs for leg in own}
    every = [leg for own in legs for leg in own]
    params = "".join(f"    param T{n}{bracket(own, sizes)}\n" for n, own in enumerate(legs))
    product = " ".join(f"T{n}[{', '.join(own)}]" for n, own in enumerate(legs))
    named = ", ".join(f"{leg}: 1" for leg in every)
    text = f"net f() -> y[{named}] {{\n{params}    y[{', '.join(every)}] = ({product})\n}}"
    module = tnlang.load(text).nets["f"].module().double()
    wanted = torch.stack([p.reshape(()) for p in module.parameters()]).prod()
    found = module()
    assert found.shape == (1,) * 60
    torch.testing.assert_close(found.reshape(()), wanted)
