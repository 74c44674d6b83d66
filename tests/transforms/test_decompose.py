"""decompose: factors as torch and tensorly have them, exact or off by what the note says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import tensorly
import torch
from hypothesis import given, settings
from tensorly.decomposition import parafac, tucker

import tnlang
from tests.drafts import DIMS
from tests.elaborate.notation import codes, elaborated, net
from tests.strategies import Case, programs
from tests.torch.modules import built, given_inputs
from tnlang.ir.check import violations
from tnlang.ir.net import Bind, Call, Decl, Factor
from tnlang.ir.program import Program
from tnlang.ir.slots import called, used_file_level
from tnlang.ir.walk import statements
from tnlang.reference import execute
from tnlang.source import ValueMismatch
from tnlang.transforms import Request, Step, TransformError, transform_of

TEXT = """
dim a = 4, b = 3, c = 5
param T[a, b, c]
net whole() -> y[a, b, c] { y[i, j, k] = T[i, j, k] }
"""


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def values(text: str, T: np.ndarray, close: float = 1e-9) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the net f gives for a tensor by the reference, and its values; the module agrees."""
    program = elaborated(TEXT + text)
    result = execute(program, "f", [], {"T": T})
    module = built(program, "f", {"T": T})
    with torch.no_grad():
        got, cache = module.run_with_cache()
        np.testing.assert_allclose(got, result.outputs["y"], atol=close)
        np.testing.assert_allclose(module(), result.outputs["y"], atol=close)
        np.testing.assert_allclose(module.prepare()(), result.outputs["y"], atol=close)
    for name, array in result.cache.items():
        np.testing.assert_allclose(cache[name], array, atol=10 * close)
    assert list(module.state_dict()) == ["T"]
    return result.outputs["y"], result.cache


def is_isometry(array: np.ndarray, bond: int) -> bool:
    matrix = np.moveaxis(array, bond, -1).reshape(-1, array.shape[bond])
    return np.allclose(matrix.T @ matrix, np.eye(array.shape[bond]))


def test_an_svd_over_any_cut_is_that_of_torch() -> None:
    T = random(4, 3, 5)
    y, found = values("net f = decompose(whole, T, svd, left = (c, a))", T)
    np.testing.assert_allclose(y, T, atol=1e-12)
    matrix = torch.from_numpy(T).permute(2, 0, 1).reshape(20, 3)
    U, λ, Vh = torch.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(found["T.λ"], λ, atol=1e-12)
    np.testing.assert_allclose(np.abs(found["T.U"].reshape(20, 3)), U.abs(), atol=1e-12)
    np.testing.assert_allclose(np.abs(found["T.V"]), Vh.T.abs(), atol=1e-12)
    columns = found["T.U"].reshape(20, 3)
    assert (columns[np.abs(columns).argmax(0), range(3)] > 0).all(), "the sign is fixed"


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_cut_svd_is_off_as_eckart_and_young_say(rank: int) -> None:
    T = random(4, 3, 5)
    y, _ = values(f"net f = decompose(whole, T, svd, left = b, rank = {rank})", T)
    left_out = np.linalg.svd(T.transpose(1, 0, 2).reshape(3, 20), compute_uv=False)[rank:]
    np.testing.assert_allclose(np.linalg.norm(y - T), np.sqrt(np.sum(left_out**2)), atol=1e-12)


@pytest.mark.parametrize("method", ["svd", "tt"])
def test_an_error_leaves_out_what_it_may_and_no_more(method: str) -> None:
    T = np.einsum("s,is,js,ks->ijk", [1, 0.1, 0.01], *(random(n, 3, seed=n) for n in (4, 3, 5)))
    T += 1e-5 * random(4, 3, 5)
    for error in (0.3, 0.03, 0.003):
        y, found = values(f"net f = decompose(whole, T, {method}, error = {error})", T)
        assert np.linalg.norm(y - T) <= error * np.linalg.norm(T)
        if method == "svd":
            λ = np.linalg.svd(T.reshape(12, 5), compute_uv=False)
            kept = int(np.count_nonzero(found["T.λ"]))
            assert np.sqrt(np.sum(λ[kept - 1 :] ** 2)) > error * np.linalg.norm(T)


@pytest.mark.parametrize(("centre", "number"), [("a", 0), ("b", 1), ("c", 2)])
def test_a_train_is_exact_and_its_isometries_point_to_the_centre(centre: str, number: int) -> None:
    T = random(4, 3, 5)
    y, found = values(f"net f = decompose(whole, T, tt, centre = {centre})", T)
    np.testing.assert_allclose(y, T, atol=1e-12)
    for n in range(3):
        core = found[f"T.A_{n + 1}"]
        if n != number:
            assert is_isometry(core, core.ndim - 1 if n < number else 0)
    centre_norm = np.linalg.norm(found[f"T.A_{number + 1}"])
    np.testing.assert_allclose(centre_norm, np.linalg.norm(T))


def test_a_cut_train_is_within_its_bound() -> None:
    T = random(4, 3, 5)
    y, found = values("net f = decompose(whole, T, tt, rank = 2)", T)
    assert [found[f"T.A_{n}"].shape for n in (1, 2, 3)] == [(4, 2), (2, 3, 2), (2, 5)]
    left_out = [np.linalg.svd(T.reshape(n, -1), compute_uv=False)[2:] for n in (4, 12)]
    bound = np.sqrt(sum(np.sum(one**2) for one in left_out))
    assert 0 < np.linalg.norm(y - T) <= bound
    program = elaborated(TEXT + "net f = decompose(whole, T, tt, rank = 2)")
    assert "≈" in program.net("f").note and "at most" in program.net("f").note


def test_cp_and_tucker_are_those_of_tensorly() -> None:
    T = random(4, 3, 5)
    y, found = values("net f = decompose(whole, T, tucker, rank = (2, 2, 3))", T)
    core, factors = tucker(T, [2, 2, 3], n_iter_max=1000, init="svd", tol=1e-12)
    np.testing.assert_allclose(y, tensorly.tucker_to_tensor((core, factors)), atol=1e-9)
    assert all(is_isometry(found[f"T.U_{n}"], 1) for n in (1, 2, 3))
    low = np.einsum("is,js,ks->ijk", *(random(n, 2, seed=n) for n in (4, 3, 5)))
    y, found = values("net f = decompose(whole, T, cp, rank = 2)", low, 1e-6)
    np.testing.assert_allclose(y, low, atol=1e-6)
    weights, _ = parafac(low, 2, n_iter_max=1000, init="svd", tol=1e-12, normalize_factors=True)
    np.testing.assert_allclose(found["T.λ"], sorted(weights, reverse=True), atol=1e-6)
    assert (np.diff(found["T.λ"]) <= 0).all()


@pytest.mark.parametrize(("shape", "rank"), [((4, 4), 4), ((4, 4), 2), ((3, 5), 3), ((5, 2), 1)])
def test_cp_of_a_matrix_is_its_svd(shape: tuple[int, int], rank: int) -> None:
    M = random(*shape)
    text = f"dim n = {shape[0]}, m = {shape[1]}\nnet whole(M[n, m]) -> y[n, m] {{ y[i, j] = M[i, j] }}\n"
    program = elaborated(f"{text}net f = decompose(whole, M, cp, rank = {rank})")
    exact = rank == min(shape)
    assert ("≈" in program.net("f").note) != exact
    run = execute(program, "f", [M], {})
    u, s, vh = np.linalg.svd(M)
    np.testing.assert_allclose(run.cache["M.λ"], s[:rank], atol=1e-12)
    best = (u[:, :rank] * s[:rank]) @ vh[:rank]
    np.testing.assert_allclose(run.outputs["y"], best, atol=1e-12)
    module = tnlang.load(f"{text}net f = decompose(whole, M, cp, rank = {rank})").nets["f"].module()
    np.testing.assert_allclose(module(torch.from_numpy(M)), best, atol=1e-12)


def test_a_rank_that_no_tensor_of_its_sizes_has_is_refused() -> None:
    assert codes(TEXT + "net f = decompose(whole, T, cp, rank = 13)") == ["TN902"]
    assert codes(TEXT + "net f = decompose(whole, T, cp, rank = 12)") == []


def test_where_alternating_has_no_one_solution_it_is_said() -> None:
    with pytest.raises(ValueMismatch, match="fewer may do"):
        values("net f = decompose(whole, T, cp, rank = 2)", np.zeros((4, 3, 5)))
    module = built(TEXT + "net f = decompose(whole, T, cp, rank = 2)", "f", {"T": np.zeros((4, 3, 5))})
    with pytest.raises(ValueError, match="fewer may do"):
        module()


def test_without_tensorly_the_message_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    module = tnlang.load(TEXT + "net f = decompose(whole, T, cp, rank = 2)").nets["f"].module()
    monkeypatch.setitem(sys.modules, "tensorly", None)
    with pytest.raises(ImportError, match="need tensorly"):
        module.prepare()


def test_a_tucker_or_train_of_full_rank_is_exact_and_has_no_note() -> None:
    T = random(4, 3, 5)
    for how in ("tucker, rank = (4, 3, 5)", "tt", "tt, rank = 99", "svd, rank = 5"):
        y, _ = values(f"net f = decompose(whole, T, {how})", T)
        np.testing.assert_allclose(y, T, atol=1e-9)
        assert elaborated(TEXT + f"net f = decompose(whole, T, {how})").net("f").note == ""


def test_complex_tensors_have_complex_factors() -> None:
    text = """
    dim a = 3, b = 4
    param M[a, b] complex
    net whole(x[b] complex) -> y[a] { y[i] = M[i, j] x[j] + conj(M[i, j]) x[j] }
    net f = decompose(whole, M, svd)
    """
    program = elaborated(text)
    M, x = random(3, 4) + 1j * random(3, 4, seed=1), random(4) + 1j * random(4, seed=2)
    wanted = M @ x + M.conj() @ x
    np.testing.assert_allclose(execute(program, "f", [x], {"M": M}).outputs["y"], wanted)
    with torch.no_grad():
        np.testing.assert_allclose(built(program, "f", {"M": M})(torch.from_numpy(x)), wanted)


def _decomposable(program: Program, name: str) -> Iterator[str]:
    for one in called(program, program.net(name)):
        declared: tuple[Decl, ...] = (*one.inputs, *one.owned, *used_file_level(program, one))
        yield from (decl.name for decl in declared if not decl.subs)
        for statement in statements(one.body):
            if isinstance(statement, Bind) and not statement.target.subs:
                yield statement.target.name


@settings(max_examples=25)
@given(programs())
def test_full_factors_keep_every_value(case: Case) -> None:
    program = elaborated(case.text)
    for number, name in enumerate(sorted(set(_decomposable(program, case.net)))):
        try:
            paths = ((Step(name),), (Step(("svd", "tt")[number % 2]),))
            nets = transform_of("decompose")(Request(program, "new", case.net, paths))
        except TransformError:
            continue
        changed = replace(program, nets=(*program.nets, *nets))
        assert violations(changed) == [], f"{name}\n{case.text}"
        case.close(execute(changed, "new", case.inputs, case.parameters).outputs, case.outputs, 1e-6)
        if number < 2:
            module = built(changed, "new", case.parameters, DIMS)
            with torch.no_grad():
                result = module.prepare()(**given_inputs(case.inputs))
            several = result if isinstance(result, tuple) else (result,)
            arrays = [one.detach() for one in several]  # One may be a parameter as it is.
            case.close(dict(zip(case.outputs, arrays, strict=True)), case.outputs, 1e-6)


DEEP = """
dim seq = 3, hidden = 4
net inner(x[seq, hidden]) -> y[seq, hidden] { param W[out: hidden, in: hidden]; y[p, d] = W[d, e] x[p, e] }
net before(x[seq, hidden]) -> y[seq, hidden] {
    param M[out: hidden, in: hidden]
    stream r = x
    repeat l in 0..2 { r += inner(r) }
    t[p, d] = M[d, e] r[p, e]
    y = inner(t) as last
}
"""


def test_what_is_passed_whole_is_the_product_of_its_factors() -> None:
    assert net(DEEP + "net f = decompose(before, t, svd, rank = 2)", "f")[4:] == [
        "t.whole[p, d] = Σe M[d, e] r[p, e]",
        "t.U[p: seq, s: 2] isometry[1], t.λ[s: 2] positive, t.V[d: hidden, s: 2] isometry[1]"
        " = svd(t.whole) (0,)",
        "t[p, d] = Σs t.U[p, s] t.λ[s] t.V[d, s]",
        "y[seq, hidden] = inner(t) as last",
    ]


def test_a_parameter_of_a_called_net_and_the_factors_of_a_factor() -> None:
    program = elaborated(DEEP + "net f = decompose(decompose(before, last.W, svd), last.W.V, svd, rank = 3)")
    callee = next(s.net for s in program.net("f").body if isinstance(s, Call) and s.name == "last")
    assert list(_factor_names(program, callee)) == ["W.U", "W.λ", "W.V", "W.V.U", "W.V.λ", "W.V.V"]
    assert "≈" in program.net("f").note, "a caller notes what it calls"


def test_a_bond_has_another_name_than_the_legs_beside_it() -> None:
    program = elaborated(DEEP + "net f = decompose(decompose(before, last.W, svd), last.W.V, svd, rank = 3)")
    callee = next(s.net for s in program.net("f").body if isinstance(s, Call) and s.name == "last")
    made = [decl for s in program.net(callee).body if isinstance(s, Factor) for decl in s.factors]
    legs = [[leg.name for leg in decl.legs] for decl in made]
    assert all(len(set(names)) == len(names) for names in legs)
    assert ["s_2"] in legs


def test_bonds_of_one_product_have_names_of_their_own() -> None:
    """T into U and a rest, the rest again: the third SVD finds two bonds before it."""
    text = """tensor T[a: 2, b: 2, c: 2, d: 2]
    net dense() -> y[a: 2, b: 2, c: 2, d: 2] { y[a, b, c, d] = T[a, b, c, d] }
    net once = contract(decompose(dense, T, svd, left = a), T.λ, T.V, name = R)
    net twice = contract(decompose(once, R, svd, left = (s, b)), R.λ, R.V, name = Q)
    net thrice = decompose(twice, Q, svd, left = (s_2, c))
    net two(v[i: 4]) -> w[k: 4] { param A[i: 4, j: 4], B[j: 4, k: 4]; w[k] = v[i] A[i, j] B[j, k] }
    net both = decompose(decompose(two, A, svd), B, svd)
    """
    program = elaborated(text)
    for name, found in {"thrice": ["s", "s_2", "s_3"], "both": ["s", "s_2"]}.items():
        net = program.net(name)
        made = [decl for s in net.body if isinstance(s, Factor) for decl in s.factors]
        assert sorted(decl.legs[-1].name for decl in made if decl.name.endswith(".U")) == found
        (last,) = [s for s in net.body if isinstance(s, Bind) and s.target.name == net.outputs[0].name]
        summed = [wire.name for term in last.body.terms for wire in term.summed]
        assert len(set(summed)) == len(summed) and set(found) <= set(summed)


def _factor_names(program: Program, name: str) -> Iterator[str]:
    for statement in program.net(name).body:
        yield from (decl.name for decl in getattr(statement, "factors", ()))


def test_a_parameter_of_one_turn_is_taken_apart_by_itself() -> None:
    text = """
    dim n = 4, layer = 3
    net block(x[n]) -> y[n] { param W[n, m: n]; y[i] = tanh(W[i, j] x[j]) }
    net f(x[n]) -> y[n] { stream r = x; repeat l in 0..layer { r += block(r) }; y = r }
    net g = decompose(f, block{1}.W, svd)
    """
    program = tnlang.load(text)
    made = program.nets["g"].ir
    nets = [program.ir.net(s.net) for s in statements(made.body) if isinstance(s, Call)]
    assert [any(isinstance(s, Factor) for s in one.body) for one in nets] == [False, True, False]
    whole, apart = program.nets["f"].module(), program.nets["g"].module()
    apart.load_state_dict(whole.state_dict())
    torch.testing.assert_close(apart(torch.ones(4)), whole(torch.ones(4)))
    torch.testing.assert_close(apart.prepare()(torch.ones(4)), whole(torch.ones(4)))
