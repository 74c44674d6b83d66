"""Section 1, tensors and operations: what each picture shows, written by hand."""

from __future__ import annotations

import torch

from tests.gallery.checking import drawn


@drawn
def T16_hyperedge(A, v, B):
    return torch.einsum("iab,b,baj->ij", A, v, B)


@drawn
def T1_tensors(s, v, M, T):
    return s, v, M, T


@drawn
def T14_cyclic(A, B):
    return torch.trace(A @ B)
