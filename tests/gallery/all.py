"""All checks, registered by importing the files that hold them."""

from __future__ import annotations

from tests.gallery import bubbles, circuits, decompositions, families, induction, tensors
from tests.gallery.checking import CHECKS, PLOTS, Check, Deviation

__all__ = [
    "CHECKS",
    "PLOTS",
    "Check",
    "Deviation",
    "bubbles",
    "circuits",
    "decompositions",
    "families",
    "induction",
    "tensors",
]
