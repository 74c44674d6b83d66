"""Circuits: what the parameters of a net do between two of its values, as low-rank networks."""

from __future__ import annotations

from tnlang.circuits.attribution import attribution, logit_lens
from tnlang.circuits.circuit import Circuit, stack
from tnlang.circuits.find import Attention, Circuits, find
from tnlang.circuits.scores import composition, composition_of, copying

__all__ = [
    "Attention",
    "Circuit",
    "Circuits",
    "attribution",
    "composition",
    "composition_of",
    "copying",
    "find",
    "logit_lens",
    "stack",
]
