"""decompose(…, gauge): the value of a train stays, its tensors are isometries towards the centre."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tnlang
from tests.elaborate.notation import elaborated, net
from tests.torch.modules import built
from tests.transforms.fixtures import check, fixtures
from tnlang.ir.check import violations
from tnlang.ir.net import Factor
from tnlang.ir.program import Program
from tnlang.reference import execute
from tnlang.source import ValueMismatch

TRAIN = """
dim phys = 2, bond = 5
net psi() -> y[p: phys, q: phys, r: phys, s: phys] {
    param A{0}[phys, r: bond], A{1}[l: bond, phys, r: bond], A{2}[l: bond, r: bond, phys], A{3}[phys, l: bond]
    y[p, q, r, s] = A{0}[p, a] (A{1}[a, q, b] A{2}[b, c, r]) A{3}[s, c]
}
"""
SITES = "A{0}, A{1}, A{2}, A{3}"


def random(*shape: int, seed: int = 0, is_complex: bool = False) -> np.ndarray:
    numbers = np.random.default_rng(seed)
    return numbers.normal(size=shape) + (1j * numbers.normal(size=shape) if is_complex else 0)


def values(program: Program, name: str, parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values of a net, which gives what the first one gives; reference and module agree."""
    assert violations(program) == []
    result = execute(program, name, [], parameters)
    (given,) = result.outputs.values()
    (wanted,) = execute(program, program.nets[0].name, [], parameters).outputs.values()
    np.testing.assert_allclose(given, wanted, rtol=1e-10, atol=1e-10)
    module = built(program, name, parameters)
    assert set(module.state_dict()) == set(parameters)
    with torch.no_grad():
        got, cache = module.run_with_cache()
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(module.prepare()(), wanted, rtol=1e-9, atol=1e-9)
    for key, array in result.cache.items():
        np.testing.assert_allclose(cache[key], array, rtol=1e-8, atol=1e-8)
    return result.cache


def isometries(program: Program, name: str, found: dict[str, np.ndarray]) -> list[str]:
    """The names of the factors that are declared isometries, each of which is one by its numbers."""
    names = []
    for statement in program.net(name).body:
        for decl in statement.factors if isinstance(statement, Factor) else ():
            for one in decl.properties:
                if one.name == "isometry":
                    (leg,) = one.legs
                    matrix = np.moveaxis(found[decl.name], leg, -1).reshape(-1, found[decl.name].shape[leg])
                    np.testing.assert_allclose(matrix.conj().T @ matrix, np.eye(matrix.shape[1]), atol=1e-10)
                    names.append(decl.name)
    return names


def train(seed: int = 0) -> dict[str, np.ndarray]:
    shapes = {"A.0": (2, 5), "A.1": (5, 2, 5), "A.2": (5, 5, 2), "A.3": (2, 5)}
    return {name: random(*shape, seed=seed + n) for n, (name, shape) in enumerate(shapes.items())}


@pytest.mark.parametrize("centre", range(4))
def test_a_train_keeps_its_value_and_points_to_its_centre(centre: int) -> None:
    program = elaborated(TRAIN + f"net g = decompose(psi, {SITES}, gauge, centre = A{{{centre}}})")
    found = values(program, "g", train())
    left = [f"A.{n}.Q" if n == 0 else f"A.{n}.C.Q" for n in range(centre)]
    right = [f"A.{n}.Q" if n == 3 else f"A.{n}.C.Q" for n in range(3, centre, -1)]
    assert isometries(program, "g", found) == left + right
    whole = execute(program, "psi", [], train()).outputs["y"]
    np.testing.assert_allclose(np.linalg.norm(found[f"A.{centre}.C"]), np.linalg.norm(whole))
    if centre == 1:
        cut = np.linalg.svd(found["A.1.C"].reshape(4, 4), compute_uv=False)
        wanted = np.linalg.svd(whole.reshape(4, 4), compute_uv=False)
        np.testing.assert_allclose(
            cut, wanted, err_msg="the singular values of the centre are those of the whole"
        )


@st.composite
def trains(draw: st.DrawFn) -> tuple[str, dict[str, np.ndarray], list[str], int]:
    """A program with a train whose sizes and order of legs are drawn; its parameters, tensors and centre."""
    count = draw(st.integers(2, 4))
    bonds = draw(st.lists(st.integers(1, 4), min_size=count - 1, max_size=count - 1))
    is_complex = draw(st.booleans())
    decls, product, parameters = [], [], {}
    for n in range(count):
        sizes = {"p": 2, "l": [0, *bonds][n], "r": [*bonds, 0][n]}
        legs = draw(st.permutations([(leg, size) for leg, size in sizes.items() if size]))
        wires = {"p": f"p{n}", "l": f"b{n - 1}", "r": f"b{n}"}
        word = " complex" if is_complex else ""
        decls.append(f"T{n}[{', '.join(f'{leg}: {size}' for leg, size in legs)}]{word}")
        product.append(f"T{n}[{', '.join(wires[leg] for leg, _ in legs)}]")
        parameters[f"T{n}"] = random(*(size for _, size in legs), seed=n, is_complex=is_complex)
    outer = ", ".join(f"p{n}: 2" for n in range(count))
    own = ", ".join(f"p{n}" for n in range(count))
    body = " ".join(draw(st.permutations(product)))
    conj = f" + 2 {' '.join(f'conj({factor})' for factor in product)}" if is_complex else ""
    text = f"net f() -> y[{outer}] {{ param {', '.join(decls)}; y[{own}] = {body}{conj} }}\n"
    return text, parameters, [f"T{n}" for n in range(count)], draw(st.integers(0, count - 1))


@settings(max_examples=12)
@given(trains())
def test_any_train_keeps_its_value(case: tuple[str, dict[str, np.ndarray], list[str], int]) -> None:
    text, parameters, sites, centre = case
    program = elaborated(text + f"net g = decompose(f, {', '.join(sites)}, gauge, centre = {sites[centre]})")
    found = values(program, "g", parameters)
    assert len(isometries(program, "g", found)) == len(sites) - 1


@pytest.mark.parametrize("path", fixtures("decompose"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


def test_moving_the_centre_leaves_what_is_isometric_as_it_is() -> None:
    text = TRAIN + f"net g = decompose(psi, {SITES}, gauge, centre = A{{1}})\n"
    moved = "A{0}.Q, A{1}.C, A{2}.C.Q, A{3}.Q, gauge, centre = A{2}.C.Q"
    program = elaborated(text + f"net h = decompose(g, {moved})")
    before, after = program.net("g").body, program.net("h").body
    assert len(after) == len(before) + 2, "one QR and one product"
    found = values(program, "h", train())
    assert "A.1.C.Q" in isometries(program, "h", found)
    assert net(text + f"net h = decompose(g, {moved})", "h")[-1] == (
        "y[p, q, r, s] = Σa,c,b A.0.Q[p, a] A.1.C.Q[a, q, b] A.2.C.Q.C[c, r, b] A.3.Q[s, c]"
    )


def test_a_declared_isometry_is_not_taken_apart() -> None:
    text = """
    dim n = 3
    net f() -> y[n, a: n, b: n] {
        param A[n, r: n] isometry(r), B[l: n, n, r: n], C[l: n, n]
        y[p, q, r] = A[p, a] B[a, q, b] C[b, r]
    }
    net g = decompose(f, A, B, C, gauge)
    """
    assert net(text, "g")[-1].endswith("A[p, a] B.Q[a, q, b] C.C[b, r]")


def test_a_norm_has_the_train_and_its_conjugate() -> None:
    text = """
    dim phys = 2, bond = 3
    net norm() -> t {
        param A[phys, r: bond] complex, B[l: bond, phys, m: bond] complex, C[phys, l: bond] complex
        t = A[p, a] B[a, q, b] C[r, b] conj(A[p, c]) conj(B[c, q, d]) conj(C[r, d])
    }
    net g = decompose(norm, A, B, C, gauge, centre = B)
    net h = simplify(g)
    """
    program = elaborated(text)
    shapes = {"A": (2, 3), "B": (3, 2, 3), "C": (2, 3)}
    parameters = {n: random(*s, seed=len(s), is_complex=True) for n, s in shapes.items()}
    found = values(program, "g", parameters)
    assert isometries(program, "g", found) == ["A.Q", "C.Q"]
    last = net(text, "h")[-1]
    assert last == "t = Σq,c,d B.C[c, q, d] B.C*[c, q, d]", "only the centre is left of the norm"
    values(program, "h", parameters)


def test_several_wires_are_one_bond_and_values_wait_for_what_gives_them() -> None:
    text = """
    dim n = 2, m = 3
    net f() -> y[n, k: m] {
        param W[n, m, m2: m], B[m, m2: m, m3: m]
        A[i, j, k] = 2 W[i, k, j]
        y[i, k] = A[i, a, b] B[a, k, b]
    }
    net g = decompose(f, A, B, gauge, centre = A)
    net h = decompose(f, A, B, gauge, centre = B)
    """
    program = elaborated(text)
    parameters = {"W": random(2, 3, 3), "B": random(3, 3, 3, seed=1)}
    for name, isometry in (("g", "B.Q"), ("h", "A.Q")):
        assert isometries(program, name, values(program, name, parameters)) == [isometry]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("decompose(psi, A{0}, gauge)", "two or more"),
        ("decompose(psi, A{0}, A{0}, gauge)", "stands at several sites"),
        ("decompose(psi, A{0}, A{2}, gauge)", "are not joined"),
        ("decompose(psi, A{1}, A{0}, A{2}, gauge)", "are not joined"),
        ("decompose(psi, A{0}, A{1}, gauge, centre = A{2})", "the centre is none of the tensors"),
        ("decompose(psi, A{0}, A{1}, gauge, rank = 2)", "one option, the centre"),
        ("decompose(psi, A{0}, B, gauge)", "has no value B"),
        ("decompose(decompose(psi, A{0}, A{1}, gauge), A{0}, A{1}, gauge)", "are not joined"),
    ],
)
def test_what_is_no_train_is_refused(call: str, said: str) -> None:
    with pytest.raises(tnlang.TnError, match=said):
        tnlang.load(TRAIN + f"net g = {call}")


def test_one_tensor_at_two_sites_and_a_wire_with_a_third_end_are_refused() -> None:
    for product in ("A[i, j] B[j, k] A[k, l]", "A[i, j] B[j, l] v[j]", "A[i, j] conj(B[j, l])"):
        text = f"""
        dim n = 3
        net f() -> y[n, m: n] {{ param A[n, m: n], B[n, m: n], v[n]; y[i, l] = {product} }}
        net g = decompose(f, A, B, gauge)
        """
        with pytest.raises(tnlang.TnError, match="not joined"):
            tnlang.load(text)


def test_inputs_have_a_gauge_in_each_member_of_a_batch_and_gradients_pass() -> None:
    text = """
    dim n = 2, m = 3
    net f(A[n, m], B[m, k: n]) -> y[n, k: n] { y[i, k] = A[i, a] B[a, k] }
    net g = decompose(f, A, B, gauge, centre = A)
    """
    program = elaborated(text)
    A, B = random(4, 2, 3), random(4, 3, 2, seed=1)
    np.testing.assert_allclose(execute(program, "g", [A, B], {}).outputs["y"], A @ B)
    left, right = (torch.from_numpy(x).requires_grad_() for x in (A, B))
    built(program, "g", {})(left, right).square().sum().backward()
    np.testing.assert_allclose(left.grad, 2 * A @ B @ B.swapaxes(1, 2), atol=1e-9)
    np.testing.assert_allclose(right.grad, 2 * A.swapaxes(1, 2) @ A @ B, atol=1e-9)


def test_dims_by_which_the_other_side_is_smaller_are_refused() -> None:
    text = """
    dim n = 2, m = 3
    net f(A[n, m], B[m, k: n]) -> y[n, k: n] { y[i, k] = A[i, a] B[a, k] }
    net g = decompose(f, A, B, gauge, centre = B)
    """
    program = elaborated(text)
    A, B = random(5, 3), random(3, 5)
    with pytest.raises(ValueMismatch, match="no QR over 5"):
        execute(program, "g", [A, B], {}, {"n": 5})
    with pytest.raises(ValueError, match="no QR over 5"):
        built(program, "g", {}, {"n": 5})(torch.from_numpy(A), torch.from_numpy(B))
