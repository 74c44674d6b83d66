"""Section 2, special tensors and decompositions: what each picture shows, written by hand."""

from __future__ import annotations

import numpy as np
import tensorly
import torch
from tensorly.decomposition import parafac, tensor_train, tucker

from tests.gallery.checking import Plot, claim, drawn, plotted
from tnlang.plots import chart
from tnlang.reference import execute


def relative(got, wanted) -> float:
    """The distance of two arrays relative to the size of the second."""
    return float(np.linalg.norm(np.asarray(got) - np.asarray(wanted)) / np.linalg.norm(np.asarray(wanted)))


def delta(size: int, legs: int) -> torch.Tensor:
    dot = torch.zeros((size,) * legs)
    for entry in range(size):
        dot[(entry,) * legs] = 1
    return dot


@drawn
def S1_identity(v):
    return torch.eye(3), v, v


@drawn
def S2_delta():
    return delta(2, 3), delta(2, 5)


@drawn
def S3_diagonal(b):
    return torch.diag(b)


@drawn
def S4_isometry(V):
    return V.mH @ V, torch.eye(4)


@drawn
def S5_projector(V):
    return V @ V.mH, torch.eye(64)


@drawn
def S6_unitary(U):
    return U.mH @ U, torch.eye(4), U @ U.mH


@drawn
def S7_many_legs(V):
    return torch.einsum("km,ln->klmn", torch.eye(2), torch.eye(3))


@drawn
def S8_identities():
    assert torch.equal(torch.kron(torch.eye(5), torch.eye(3)), torch.eye(15))
    return torch.eye(15).reshape(5, 3, 5, 3).permute(0, 2, 1, 3)


@drawn
def S9_svd(U, λ, V):
    return U @ torch.diag(λ).to(U) @ V.mH


@claim("S9_svd")
def the_svd_of_torch_put_in_gives_the_matrix_back(program):
    M = np.random.default_rng(0).normal(size=(12, 8))
    U, λ, Vh = np.linalg.svd(M, full_matrices=False)
    return relative(program.nets["main"].numpy(U=U, λ=λ, V=Vh.T), M)


@drawn
def S10_svd_sum(U, λ, V):
    return sum(λ[k] * torch.outer(U[:, k], V[:, k].conj()) for k in range(8))


def photograph() -> np.ndarray:
    """A picture of 200 by 200 points: a soft light, a few discs and stripes, some grain."""
    y, x = np.mgrid[0:200, 0:200] / 200
    image = np.exp(-3 * ((x - 0.3) ** 2 + (y - 0.4) ** 2)) + 0.3 * np.sin(40 * (x + y * y))
    for cx, cy, r in ((0.7, 0.6, 0.15), (0.25, 0.75, 0.1), (0.6, 0.2, 0.08)):
        image += 0.6 * ((x - cx) ** 2 + (y - cy) ** 2 < r * r)
    return image + 0.05 * np.random.default_rng(0).normal(size=image.shape)


@drawn
def S11_image(M):
    U, λ, Vh = torch.linalg.svd(M)
    return M, U[:, :30] @ torch.diag(λ[:30]) @ Vh[:30]


def truncated(program, image, rank):
    """The image by the net that keeps so many singular values."""
    return program.nets["photograph"].transform(f"decompose(M, svd, rank = {rank})").numpy(M=image)


@claim("S11_image")
def the_error_at_1_7_30_100_values_is_that_of_eckart_and_young(program):
    image = photograph()
    λ = np.linalg.svd(image, compute_uv=False)
    off = []
    for r in (1, 7, 30, 100):
        kept = truncated(program, image, r)
        off.append(abs(np.linalg.norm(image - kept) - np.linalg.norm(λ[r:])))
    return max(off) / np.linalg.norm(λ)


@plotted("S11_image")
def the_image_and_its_singular_values(program):
    image, kept = photograph(), (1, 7, 30, 100)
    λ = np.linalg.svd(image, compute_uv=False)
    few = [truncated(program, image, r) for r in kept]
    words = {"kept": tuple(f"{r} of 200" for r in kept)}
    yield Plot(chart(np.stack(few), ("kept", "y", "x"), ticks=words), grey=True, width=560)
    yield Plot(chart(λ, ("k",), title="singular values", log=True))


@drawn
def S12_bipartition(T):
    return T, T


@claim("S12_bipartition")
def the_factors_are_those_of_torch(program):
    T = np.random.default_rng(0).normal(size=(4, 3, 2, 5))
    U, λ, Vh = torch.linalg.svd(torch.from_numpy(T).reshape(12, 10), full_matrices=False)
    parted = program.nets["whole"].transform("decompose(T, svd, left = (a, b))")
    found = execute(parted.program.ir, parted.name, [], {"T": T}).cache
    sizes = abs(found["T.U"].reshape(12, 10)), abs(found["T.V"].reshape(10, 10))
    off = relative(sizes[0], abs(U)), relative(found["T.λ"], λ), relative(sizes[1], abs(Vh.T))
    return max(off)


@drawn
def S13_cp(λ, U, V, W):
    return torch.from_numpy(tensorly.cp_to_tensor((λ.numpy(), [U.numpy(), V.numpy(), W.numpy()])))


@claim("S13_cp", bound=1e-6)
def the_factors_that_tensorly_finds_give_the_tensor_back(program):
    random = np.random.default_rng(0)
    T = tensorly.cp_to_tensor((np.ones(3), [random.normal(size=(n, 3)) for n in (4, 5, 6)]))
    weights, (U, V, W) = parafac(T, rank=3, n_iter_max=1000, tol=1e-14, init="svd")
    return relative(program.nets["main"].numpy(λ=weights, U=U, V=V, W=W), T)


@drawn
def S14_tucker(C, U, V, W):
    return torch.from_numpy(tensorly.tucker_to_tensor((C.numpy(), [U.numpy(), V.numpy(), W.numpy()])))


@claim("S14_tucker")
def the_core_and_factors_of_tensorly_give_its_approximation(program):
    T = np.random.default_rng(0).normal(size=(10, 10, 10))
    core, (U, V, W) = tucker(T, rank=[5, 5, 5], random_state=0)
    wanted = tensorly.tucker_to_tensor((core, [U, V, W]))
    return relative(program.nets["main"].numpy(C=core, U=U, V=V, W=W), wanted)


@drawn
def S15_mps(**A):
    return torch.einsum("pa,aqb,brc,csd,dt->pqrst", *(A[f"A.{n}"] for n in range(5)))


@drawn
def S16_tensor_train(T):
    return T, T, T, T, torch.from_numpy(tensor_train(T.numpy(), rank=[1, 4, 4, 4, 1]).to_tensor())


@claim("S16_tensor_train")
def the_error_of_a_train_is_bounded_by_the_singular_values_left_out(program):
    T = np.random.default_rng(0).normal(size=(4, 4, 4, 4))
    got = execute(program.ir, "train", [], {"T": T}).outputs["y"]
    left_out = [np.linalg.svd(T.reshape(4**n, -1), compute_uv=False)[4:] for n in (1, 2, 3)]
    bound = np.sqrt(sum(np.sum(values**2) for values in left_out))
    return max(0.0, np.linalg.norm(got - T) / bound - 1)


@drawn
def S17_gauge(C, **A):
    return torch.einsum("pa,aqb,brc,csd,dt->pqrst", A["A.0"], A["A.1"], C, A["A.3"], A["A.4"])


@claim("S17_gauge")
def the_singular_values_of_the_centre_are_those_of_the_whole(program):
    from tnlang.reference import random_inputs

    arrays = random_inputs(program.ir, "main")
    whole = np.linalg.svd(program.nets["main"].numpy(**arrays).reshape(8, 4), compute_uv=False)
    centre = np.linalg.svd(arrays["C"].reshape(8, 4), compute_uv=False)
    return relative(whole, centre)


@drawn
def S18_moves(C, B):
    return (torch.einsum("lpm,mqr->lpqr", C, B),) * 3


@drawn
def S19_mera(**t):
    u, w = (lambda layer, k: t[f"u.{layer}.{k}"]), (lambda layer, k: t[f"w.{layer}.{k}"])
    below = torch.einsum(
        "bcBC,deDE,fgFG,iaB,jCD,kEF,lGh->abcdefghijkl",
        *(u(0, k) for k in range(3)),
        *(w(0, k) for k in range(4)),
    )
    above = torch.einsum("jkJK,miJ,nKl,mn->ijkl", u(1, 0), w(1, 0), w(1, 1), t["top"])
    return torch.einsum("abcdefghijkl,ijkl->abcdefgh", below, above)


@drawn
def S19_mera_ring(**t):
    u, w = (lambda layer, k: t[f"u.{layer}.{k}"]), (lambda layer, k: t[f"w.{layer}.{k}"])
    below = torch.einsum(
        "bcBC,deDE,fgFG,haHA,iAB,jCD,kEF,lGH->abcdefghijkl",
        *(u(0, k) for k in range(4)),
        *(w(0, k) for k in range(4)),
    )
    above = torch.einsum("jkJK,liLI,mIJ,nKL,mn->ijkl", u(1, 0), u(1, 1), w(1, 0), w(1, 1), t["top"])
    return torch.einsum("abcdefghijkl,ijkl->abcdefgh", below, above)


@drawn
def S19_mpo(left, right, **M):
    sites = (M[f"M.{n}"] for n in range(4))
    return torch.einsum("a,aAEb,bBFc,cCGd,dDHe,e->ABCDEFGH", left, *sites, right)


@drawn
def S19_peps(**T):
    # legs left, right, up, down, site; the edges close what leads out of the grid at index 0
    upper = T["T.0.0"][0, :, 0], T["T.0.1"][:, :, 0], T["T.0.2"][:, 0, 0]
    lower = T["T.1.0"][0, :, :, 0], T["T.1.1"][:, :, :, 0], T["T.1.2"][:, 0, :, 0]
    return torch.einsum("adp,abeq,bfr,gds,ghet,hfu->pqrstu", *upper, *lower)


@drawn
def S19_tree(**t):
    first = [t[f"W.0.{k}"] for k in range(4)]
    second = [t[f"W.1.{k}"] for k in range(2)]
    return torch.einsum("iab,jcd,kef,lgh,mij,nkl,mn->abcdefgh", *first, *second, t["top"])


@drawn
def S20_inverse(A, B):
    return A @ B


@drawn
def S21_one(A, B):
    return A @ B
