"""The order in which a product is contracted: pairwise steps, for all that executes or counts a Term.

The same operands, kept wires and sizes give the same steps in every process, whatever ids the wires have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tnlang.ir.net import Wire
from tnlang.ir.search import search


@dataclass(frozen=True, slots=True)
class Step:
    """One contraction: operand ``left`` with operand ``right`` gives one with the wires ``out``.

    Operands are counted as they stand before the step, ``left < right``; both are taken away and the result
    is put at the end. ``right`` is None where one operand alone is reduced: a trace, a diagonal, a wire that
    nothing else has, or another order of its wires.
    """

    left: int
    right: int | None
    out: tuple[Wire, ...]


def pairwise(
    operands: Sequence[Sequence[Wire]], kept: Sequence[Wire], sizes: Mapping[Wire, int]
) -> list[Step]:
    """The steps that contract the operands and sum all wires that are not ``kept``.

    A wire may have any number of ends (a hyperedge), several at one operand (a trace), or be kept and joined
    at once (a copy). The last step leaves the kept wires that occur, in the order of ``kept``. There is no
    step where nothing has to be done: no operand, or one that has just the kept wires in order.
    """
    current = [tuple(wires) for wires in operands]
    ends = Counter(wire for wires in current for wire in set(wires))
    wanted = tuple(wire for wire in dict.fromkeys(kept) if ends[wire])
    ends.update(wanted)
    steps: list[Step] = []

    def closed(wires: Sequence[Wire], met: int) -> tuple[Wire, ...]:
        """The wires that something else needs than the ``met`` operands they are the wires of."""
        return tuple(w for w in dict.fromkeys(wires) if ends[w] > met or w in wanted)

    if len(current) > 1:
        position = 0
        for _ in range(len(current)):
            out = closed(current[position], 1)
            if out == current[position]:
                position += 1
            else:
                steps.append(Step(position, None, out))
                ends.subtract(set(current[position]).difference(out))
                current.append(out)
                del current[position]
    for left, right in _path(current, wanted, sizes):
        b, a = current.pop(right), current.pop(left)
        ends.subtract(set(a) & set(b))
        out = closed(a + b, 1) if current else wanted
        ends.subtract((set(a) | set(b)).difference(out))
        steps.append(Step(left, right, out))
        current.append(out)
    if len(current) == 1 and current[0] != wanted:
        steps.append(Step(0, None, wanted))
    return steps


def _path(
    operands: Sequence[tuple[Wire, ...]], kept: Sequence[Wire], sizes: Mapping[Wire, int]
) -> list[tuple[int, int]]:
    """Pairs of positions, each pair in order; wires are numbered by appearance, so that ids have no say."""
    number: dict[Wire, int] = {}
    for wire in (*kept, *(wire for wires in operands for wire in wires)):
        number.setdefault(wire, len(number))
    inputs = tuple(frozenset(number[wire] for wire in wires) for wires in operands)
    output = frozenset(number[wire] for wire in kept)
    return list(search(inputs, output, tuple(sizes[wire] for wire in number)))
