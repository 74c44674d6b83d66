"""Section 2, special tensors and decompositions: what each picture shows, written by hand."""

from __future__ import annotations

import torch

from tests.gallery.checking import drawn


@drawn
def S5_projector(V):
    return V @ V.mH, torch.eye(5)
