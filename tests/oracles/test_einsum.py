"""Products against numpy.einsum and opt_einsum: the same sums, and the same count of operations."""

from __future__ import annotations

import math

import numpy as np
import opt_einsum
from hypothesis import given, settings
from hypothesis import strategies as st

from tnlang.elaborate import load_program
from tnlang.ir.cost import cost
from tnlang.reference import execute
from tnlang.source import Source

LETTERS = "abcdef"


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """An explicit einsum in which every letter is kept, or has two ends or more."""
    operands = draw(st.lists(st.text(LETTERS, max_size=4), min_size=1, max_size=5))
    used = "".join(operands)
    kept = set(draw(st.lists(st.sampled_from(LETTERS), unique=True, max_size=3)))
    kept |= {letter for letter in used if used.count(letter) == 1}
    output = draw(st.permutations(sorted(kept & set(used))))
    sizes = {letter: draw(st.integers(1, 4)) for letter in sorted(set(used))}
    return ",".join(operands) + "->" + "".join(output), sizes


def text_of(equation: str, sizes: dict[str, int]) -> str:
    terms, output = equation.split("->")

    def legs(letters: str, of: str = "") -> str:
        said = [f"{of}{n}: {sizes[letter]}" if of else letter for n, letter in enumerate(letters)]
        return f"[{', '.join(said)}]" if said else ""

    operands = terms.split(",")
    lines = [f"tensor T{n}{legs(term, 'leg')}" for n, term in enumerate(operands)]
    product = " ".join(f"T{n}{legs(term)}" for n, term in enumerate(operands))
    return "\n".join([*lines, f"y{legs(output)} = {product}"]) + "\n"


@settings(max_examples=100)
@given(equations(), st.integers(0, 99))
def test_a_product_is_its_einsum(case: tuple[str, dict[str, int]], seed: int) -> None:
    equation, sizes = case
    generator = np.random.default_rng(seed)
    operands = equation.split("->")[0].split(",")
    arrays = [generator.standard_normal([sizes[letter] for letter in term]) for term in operands]
    program = load_program(Source("e.tn", text_of(equation, sizes)))
    found = execute(program, "main", {f"T{n}": a for n, a in enumerate(arrays)}).outputs["y"]
    np.testing.assert_allclose(found, np.einsum(equation, *arrays), atol=1e-9)
    np.testing.assert_allclose(found, opt_einsum.contract(equation, *arrays), atol=1e-9)


@settings(max_examples=60)
@given(equations())
def test_operations_are_counted_as_opt_einsum_counts_them(case: tuple[str, dict[str, int]]) -> None:
    """Up to four operands, where both try every order; a wire of one operand alone is summed sooner here."""
    equation, sizes = case
    operands = equation.split("->")[0].split(",")
    if not 2 <= len(operands) <= 4 or any(len(set(term)) < len(term) for term in operands):
        return
    counted = cost(load_program(Source("e.tn", text_of(equation, sizes))), "main").flops
    shapes = [tuple(sizes[letter] for letter in term) for term in operands]
    _, info = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize="optimal")
    assert counted <= info.opt_cost
    # a free lunch would be as wrong: each entry of the largest operand is read at least once
    assert counted >= max(math.prod(shape) for shape in shapes)
