"""The contraction order: right for every product, the same in every process, as cheap as opt_einsum's."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import opt_einsum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnlang.ir.net import Wire
from tnlang.ir.order import Step, pairwise
from tnlang.ir.search import search
from tnlang.ir.walk import new_id


def wires(count: int, size: int = 2) -> list[Wire]:
    return [Wire(new_id(), f"w{n}", size) for n in range(count)]


def run(
    arrays: list[np.ndarray], operands: list[list[Wire]], steps: list[Step]
) -> tuple[np.ndarray, list[Wire]]:
    """What the steps give, each of one or two operands done by np.einsum."""
    current = list(zip(arrays, operands, strict=True))
    for step in steps:
        chosen = [step.left] if step.right is None else [step.left, step.right]
        pair = [current[place] for place in chosen]
        current = [item for place, item in enumerate(current) if place not in chosen]
        number = {wire: n for n, wire in enumerate(dict.fromkeys(w for _, ws in pair for w in ws))}
        arguments: list[object] = []
        for array, ws in pair:
            arguments += [array, [number[w] for w in ws]]
        result = np.einsum(*arguments, [number[w] for w in step.out])  # type: ignore[arg-type]
        current.append((result, list(step.out)))
    assert len(current) == 1
    return current[0]


@st.composite
def products(draw: st.DrawFn) -> tuple[list[list[int]], list[int], list[int]]:
    """Operands as lists of wire numbers (traces and hyperedges included), kept ones, sizes."""
    count = draw(st.integers(1, 6))
    sizes = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    operand = st.lists(st.integers(0, count - 1), max_size=4)
    operands = draw(st.lists(operand, min_size=1, max_size=6))
    kept = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=3))
    return operands, kept, sizes


@given(products(), st.integers(0, 9))
def test_the_steps_give_what_einsum_gives(
    product: tuple[list[list[int]], list[int], list[int]], seed: int
) -> None:
    operands, kept, sizes = product
    made = [Wire(new_id(), f"w{n}", size) for n, size in enumerate(sizes)]
    generator = np.random.default_rng(seed)
    arrays = [generator.standard_normal([sizes[n] for n in ns]) for ns in operands]
    joined = [[made[n] for n in ns] for ns in operands]
    steps = pairwise(joined, [made[n] for n in kept], dict(zip(made, sizes, strict=True)))
    present = [n for n in kept if any(n in ns for ns in operands)]
    found, order = run(arrays, joined, steps)
    arguments: list[object] = []
    for array, ns in zip(arrays, operands, strict=True):
        arguments += [array, ns]
    assert order == [made[n] for n in present]
    np.testing.assert_allclose(found, np.einsum(*arguments, present), atol=1e-10)  # type: ignore[arg-type]


def test_a_product_with_more_wires_than_letters() -> None:
    chain = wires(71)
    operands = [[chain[n], chain[n + 1]] for n in range(70)]
    arrays = [np.random.default_rng(n).standard_normal((2, 2)) for n in range(70)]
    steps = pairwise(operands, [chain[0], chain[-1]], dict.fromkeys(chain, 2))
    found, order = run(arrays, operands, steps)
    assert order == [chain[0], chain[-1]]
    np.testing.assert_allclose(found, np.linalg.multi_dot(arrays))


def test_nothing_to_do_has_no_steps() -> None:
    a, b = wires(2)
    assert pairwise([], [a], {a: 2}) == []
    assert pairwise([[a, b]], [a, b], {a: 2, b: 2}) == []
    assert pairwise([[a, b]], [b, a], {a: 2, b: 2}) == [Step(0, None, (b, a))]


def test_the_order_does_not_depend_on_ids() -> None:
    def steps(made: list[Wire]) -> list[tuple[int, int | None, list[int]]]:
        grid = [
            [made[5 * r + c], made[5 * r + c + 1], made[30 + 6 * c + r], made[30 + 6 * c + r + 1]]
            for r in range(5)
            for c in range(5)
        ]
        found = pairwise(grid, [], dict.fromkeys(made, 2))
        return [(s.left, s.right, [made.index(w) for w in s.out]) for s in found]

    first = wires(70)
    assert steps(first) == steps(list(reversed(wires(70)))[::-1]) == steps(first[::-1][::-1])
    later = wires(70)
    shuffled = sorted(later, key=lambda wire: wire.id * 7919 % 101)
    assert steps(first) == steps(shuffled)


def test_the_order_does_not_depend_on_the_process() -> None:
    """Processes that contract together must do it alike, whatever their hashes are salted with."""
    code = (
        "from tnlang.ir.net import Wire\nfrom tnlang.ir.order import pairwise\n"
        "w = [Wire(n, f'w{n}', 2) for n in range(60)]\n"
        "ring = [[w[n], w[(7 * n + 1) % 60], w[(n + 1) % 60]] for n in range(60)]\n"
        "print([(s.left, s.right) for s in pairwise(ring, [w[3]], dict.fromkeys(w, 2))])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(said) == 1 and "(0, " in said.pop()


def flops(steps: list[Step], operands: list[list[Wire]], sizes: dict[Wire, int]) -> int:
    """Multiplications and additions as opt_einsum counts them."""
    current = [tuple(ws) for ws in operands]
    total = 0
    for step in steps:
        chosen = [step.left] if step.right is None else [step.left, step.right]
        inside = {w for place in chosen for w in current[place]}
        total += math.prod(sizes[w] for w in inside) * (2 if inside - set(step.out) else 1)
        current = [ws for place, ws in enumerate(current) if place not in chosen] + [step.out]
    return total


@pytest.mark.parametrize(
    "equation",
    [
        "ij,jk,kl->il",
        "bqd,hsd,hse,bke->bhqk",
        "hqk,ke,hse,hsd->qd",
        "a,ab,bc,cd,d->",
        "ijk,ial,jbl,kab->",
    ],
)
def test_never_dearer_than_opt_einsum(equation: str) -> None:
    terms, out = equation.split("->")
    letters = sorted(set(terms) - {","})
    made = {letter: Wire(new_id(), letter, 2 + n) for n, letter in enumerate(letters)}
    sizes = {wire: int(wire.size) for wire in made.values()}  # type: ignore[arg-type]
    operands = [[made[letter] for letter in term] for term in terms.split(",")]
    shapes = [tuple(sizes[w] for w in ws) for ws in operands]
    _, info = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize="optimal")
    steps = pairwise(operands, [made[letter] for letter in out], sizes)
    assert flops(steps, operands, sizes) == info.opt_cost


def test_a_grid_is_contracted_along_its_edge() -> None:
    """8 by 8 with bond 2 has a contraction whose arrays have at most 2^9 entries; a bad order needs 2^20."""
    side = 8
    across = [wires(side - 1) for _ in range(side)]
    down = [wires(side) for _ in range(side - 1)]
    operands = []
    for r in range(side):
        for c in range(side):
            ends = [across[r][c - 1]] if c else []
            ends += [across[r][c]] if c < side - 1 else []
            ends += [down[r - 1][c]] if r else []
            ends += [down[r][c]] if r < side - 1 else []
            operands.append(ends)
    sizes = {w: 2 for ws in operands for w in ws}
    assert max(len(step.out) for step in pairwise(operands, [], sizes)) <= 10


def test_an_order_is_found_where_the_work_is_beyond_any_number():
    count, ends = 60, 40
    inputs = tuple(frozenset(range(n * ends, (n + 2) * ends)) for n in range(count))
    output = frozenset(n for n in range((count + 1) * ends) if n % 3 == 0)
    path = search(inputs, output, (3,) * ((count + 1) * ends))
    assert len(path) == count - 1
