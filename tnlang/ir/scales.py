"""Implicit values of normalisations: the factors that layernorm and rmsnorm multiply by, by name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tnlang.ir.functions import NORMALS
from tnlang.ir.net import Bind, Bracket, Bubble, Net, StreamSet, Sum
from tnlang.ir.walk import local_names, statements, walk

SCALE = "scale"


def normals(body: Sum) -> Iterator[Bubble]:
    """The normalisations in a sum, outer before inner, in written order."""
    for node in walk(body):
        if isinstance(node, Bubble) and node.function in NORMALS:
            yield node


def scale_names(net: Net) -> dict[int, str]:
    """The name of the scale of each normalisation that the net computes, by the bubble's ``id``.

    ``scale``, ``scale_2``, ... in the order of the text; none if the net has a value ``scale`` of its own.
    """
    bodies = [s.body for s in statements(net.body) if isinstance(s, Bind | StreamSet)]
    bubbles = {n.name for body in bodies for n in walk(body) if isinstance(n, Bubble | Bracket)}
    taken = local_names(net) | bubbles
    if SCALE in taken:
        return {}
    fresh = (SCALE if n == 1 else f"{SCALE}_{n}" for n in itertools.count(1))
    names = (name for name in fresh if name not in taken)
    found: dict[int, str] = {}
    for body in bodies:
        for bubble in normals(body):
            if id(bubble) not in found:
                found[id(bubble)] = next(names)
    return found
