"""Shapes whose entries are known by what they are: numbers, entries, slices, shifts, groups, Levi-Civita …"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tnlang.reference.arrays import Array
from tnlang.verification.formula import number, size
from tnlang.verification.nodes import Labelled
from tnlang.verification.picture import Shape
from tnlang.verification.svg import Unreadable


def fixed_tensor(shape: Shape, names: Mapping[str, int], size_of: Callable[[int], int]) -> Labelled:
    """The entries of a shape that needs no data; ``size_of`` tells the size of a wire. Raises Unreadable."""
    words = shape.words
    wires = tuple(wire for _, wire in shape.legs)
    sizes = [size_of(wire) for wire in wires]
    match words.kind:
        case "number":
            value = number(words.text, names)
            return Labelled(np.full((1,) * len(wires), value if value.imag else value.real), wires)
        case "entry":
            found = np.zeros(sizes)
            at = size(words.text, names)
            if not 0 <= at < sizes[0]:
                raise Unreadable(f"entry {at} of a leg with {sizes[0]}", shape.box.center)
            found[at] = 1.0
            return Labelled(found, wires)
        case "slice":
            start, _, stop = words.text.partition(" to ")
            first = size(start, names)
            whole, part = shape.wire("whole"), shape.wire("part")
            length = size(stop, names) - first
            rows, columns = np.indices((size_of(whole), length), sparse=True)
            return Labelled((rows == columns + first) * 1.0, (whole, part))
        case "shift":
            later, earlier = shape.wire("1"), shape.wire("2")
            rows, columns = np.indices((size_of(later), size_of(earlier)), sparse=True)
            return Labelled((rows == columns + size(words.text, names)) * 1.0, (later, earlier))
        case "group":
            members = [w for _, w in sorted((int(n), w) for n, w in shape.legs if n != "whole")]
            inner = [size_of(w) for w in members]
            return Labelled(np.eye(int(np.prod(inner))).reshape(-1, *inner), (shape.wire("whole"), *members))
        case "levi" | "tril" | "index":
            ordered = [shape.wire(str(k + 1)) for k in range(len(wires))]
            return Labelled(_special(words.kind, [size_of(w) for w in ordered]), tuple(ordered))
    raise Unreadable(f"no shape of ours: {words.kind} {words.text}", shape.box.center)


def _special(kind: str, sizes: Sequence[int]) -> Array:
    at = np.indices(sizes)
    match kind:
        case "tril":
            return np.asarray(at[1] <= at[0], float)
        case "index":
            return np.asarray(at[0], float)
    found = np.ones(tuple(sizes))
    for a, b in itertools.combinations(range(len(sizes)), 2):
        found = found * np.sign(at[b] - at[a])
    return found
