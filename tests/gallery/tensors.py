"""Section 1, tensors and operations: what each picture shows, written by hand."""

from __future__ import annotations

import torch

from tests.gallery.checking import claim, drawn
from tnlang.draw.view import view


@drawn
def T1_tensors(s, v, M, T):
    return s, v, M, T


@drawn
def T2_entry(A):
    return A[0, 2, 0]


@drawn
def T3_scalars(a, b):
    return a * b


@drawn
def T4_outer(a, b):
    return torch.einsum("i,j->ij", a, b)


@drawn
def T5_dot(a, b):
    return a @ b


@drawn
def T6_matrix_vector(A, b):
    return A @ b


@drawn
def T7_matrices(A, B):
    return A @ B


@drawn
def T8_trace(A):
    return torch.trace(A)


@drawn
def T9_ring(A, B):
    return torch.trace(A @ B)


@drawn
def T10_transpose(A):
    return A.T


@drawn
def T11_permute(T):
    return T.permute(0, 2, 1, 3)


@drawn
def T12_group(T):
    i, j, k, l = T.shape  # noqa: E741
    return T.permute(0, 3, 2, 1).reshape(i * l, k * j)


@drawn
def T13_split(T):
    return T.reshape(2, 3, 4)


@drawn
def T14_cyclic(A, B):
    return torch.trace(A @ B), torch.trace(B @ A)


@drawn
def T15_transposes(A, B):
    return torch.trace(A @ B), torch.trace(B.T @ A.T)


@drawn
def T16_hyperedge(A, v, B):
    return torch.einsum("iab,b,baj->ij", A, v, B)


LADDER = "ij,ir,jkl,rks,lmn,smt,nop,tou,pq,uq->"


@drawn
def T17_ladder(A, B, C, D, E, V, W, X, Y, Z):
    return torch.einsum(LADDER, A, V, B, W, C, X, D, Y, E, Z)


@drawn
def T18_hole(A, B, C, D, E, V, W, X, Y, Z):
    C.requires_grad_(True)
    number = torch.einsum(LADDER, A, V, B, W, C, X, D, Y, E, Z)
    number.backward()
    return number.detach(), C.grad


@drawn
def T19_orders(**ladder):
    return torch.einsum(LADDER, *(ladder[f"T17_ladder.{name}"] for name in "AVBWCXDYEZ"))


@claim("T19_orders", bound=0)
def the_multiplications_counted_by_hand_are_those_of_the_panels(program):
    legs = dict(zip("AVBWCXDYEZ", LADDER.removesuffix("->").split(","), strict=True))
    said = " ".join(panel.caption for panel in view(program.ir, program.ir.figures[0]).panels)
    said = said.replace("{,}", ",").replace("$", "")
    off = 0
    for order, largest in (("ABCDEVWXYZ", 5), ("AVBWCXDYEZ", 3)):
        left, count, most = set(legs[order[0]]), 0, 0
        for name in order[1:]:
            count += 3 ** len(left | set(legs[name]))
            left ^= set(legs[name])
            most = max(most, len(left))
        off += most != largest
        off += f"in all {count:,}, at most {most} legs" not in said
    return off
