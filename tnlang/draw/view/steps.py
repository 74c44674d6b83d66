"""Panels for the order in which a product is contracted: the pair that comes next, then the pair as one.

Without an order of its own a net is contracted as the compiler would (``ir/order.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from tnlang.draw.diagram import Diagram, Joined, Panel, Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import TooLarge
from tnlang.draw.view.marking import names_of
from tnlang.ir.net import Wire
from tnlang.ir.order import pairwise

MOST = 40
"""Tensors of a network whose steps are drawn."""
_UNKNOWN = -1
"""The size of a wire whose dim has no number."""


@dataclass(frozen=True, slots=True)
class _Operand:
    """What has become one tensor: the shapes in it and the wires it has now."""

    shapes: tuple[int, ...]
    wires: tuple[Wire, ...]
    made: bool = False
    """Whether it is what a step gave."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Operands that are contracted next, by their position; one alone is summed over wires of its own."""

    positions: tuple[int, ...]
    out: tuple[Wire, ...]


def step_panels(diagram: Diagram, order: Sequence[str]) -> tuple[Panel, ...]:
    """A panel for each step, with what it costs; the network alone if it is no product of tensors.

    ``order`` names tensors: the first with the second, then with the third … ; those it does not name come
    last. Raises TooLarge for more than MOST tensors.
    """
    operands, kept = _operands(diagram)
    if len(operands) < 2:
        return (Panel(diagram),)
    if len(operands) > MOST:
        raise TooLarge(f"steps are drawn of at most {MOST} tensors; this network has {len(operands)}")
    labels = {shape.id: shape.label for shape in diagram.shapes}
    panels: list[Panel] = []
    costs: list[int | None] = []
    most = 0
    for pair in _pairs(diagram, operands, kept, order):
        joined = tuple(_joined(operand, labels) for operand in operands if operand.made)
        chosen = sorted((operands[i] for i in pair.positions), key=lambda one: -len(one.shapes))
        outlined = tuple(shape for operand in chosen for shape in operand.shapes)
        wires = tuple(dict.fromkeys(wire for operand in chosen for wire in operand.wires))
        alone = len(chosen) == 1
        costs.append(0 if alone else _entries(wires))
        most = max(most, len(pair.out))
        shown = replace(diagram, joined=joined, outlined=(outlined,))
        cost = "summed" if alone else _cost(wires)
        panels.append(Panel(shown, f"{cost}, leaves {_legs(len(pair.out))}"))
        operands = [operand for i, operand in enumerate(operands) if i not in pair.positions]
        operands.append(_Operand(outlined, pair.out, made=True))
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs) > 1:
        last = f"{panels[-1].caption}; in all ${_number(sum(known))}$, at most {_legs(most)}"
        panels[-1] = replace(panels[-1], caption=last)
    if kept:
        whole = Joined(operands[0].shapes, _joined(operands[0], labels).label, "(result)")
        panels.append(Panel(replace(diagram, joined=(whole,)), "the result"))
    return tuple(panels)


def _operands(diagram: Diagram) -> tuple[list[_Operand], tuple[Wire, ...]]:
    """The tensors of a product with their wires, and the wires that stay open; none for anything else."""
    tensors = [shape for shape in diagram.shapes if shape.symbol != "dot"]
    plain = all(shape.symbol in ("tensor", "pin", "shift") and shape.legs for shape in tensors)
    if not plain or diagram.enclosures or diagram.backbones:
        return [], ()
    wires = _wires(diagram)
    kept = tuple(dict.fromkeys(wires[end.line] for end in diagram.opens))
    return [_Operand((s.id,), tuple(wires[leg] for leg in s.legs)) for s in tensors], kept


def _wires(diagram: Diagram) -> dict[int, Wire]:
    """The wire that each line is part of: dots join lines to one."""
    dots = [shape for shape in diagram.shapes if shape.symbol == "dot"]
    root = {line.id: line.id for line in diagram.lines}

    def find(line: int) -> int:
        while root[line] != line:
            line = root[line]
        return line

    for shape in dots:
        for leg in shape.legs[1:]:
            root[find(leg)] = find(shape.legs[0])
    by_root = {
        line.id: Wire(line.id, line.label, _UNKNOWN if line.size is None else line.size)
        for line in diagram.lines
    }
    return {line.id: by_root[find(line.id)] for line in diagram.lines}


def _pairs(
    diagram: Diagram, operands: Sequence[_Operand], kept: Sequence[Wire], order: Sequence[str]
) -> Iterator[_Pair]:
    current = list(operands)
    shapes = {shape.id: shape for shape in diagram.shapes}
    wanted = [found for name in order if (found := _named(name, current, shapes)) is not None]
    grown: _Operand | None = None
    for operand in wanted:
        if grown is None:
            grown = operand
            continue
        positions = tuple(sorted((current.index(grown), current.index(operand))))
        out = _out(current, positions, kept)
        yield _Pair(positions, out)
        chosen = [current[position] for position in positions]
        current = [one for one in current if one not in chosen]
        grown = _Operand(tuple(shape for one in chosen for shape in one.shapes), out, made=True)
        current.append(grown)
    sizes = {wire: _size(wire) or 2 for one in current for wire in one.wires}
    for step in pairwise([one.wires for one in current], kept, sizes):
        yield _Pair((step.left,) if step.right is None else (step.left, step.right), step.out)


def _named(name: str, operands: Sequence[_Operand], shapes: Mapping[int, Shape]) -> _Operand | None:
    return next((one for one in operands if any(name in names_of(shapes[s]) for s in one.shapes)), None)


def _out(operands: Sequence[_Operand], positions: Sequence[int], kept: Sequence[Wire]) -> tuple[Wire, ...]:
    """The wires of what some operands become: those that are kept or that another operand has."""
    rest = {wire for i, one in enumerate(operands) if i not in positions for wire in one.wires} | set(kept)
    mine = (wire for position in positions for wire in operands[position].wires)
    return tuple(dict.fromkeys(wire for wire in mine if wire in rest))


# ---------------------------------------------------------------- words


def _joined(operand: _Operand, labels: Mapping[int, str]) -> Joined:
    found = [labels[shape] for shape in operand.shapes if labels[shape]]
    label = "".join(found) if len(found) <= 3 else rf"{found[0]}\cdots {found[-1]}"
    return Joined(operand.shapes, label, "(contracted)")


def _entries(wires: Sequence[Wire]) -> int | None:
    sizes = [_size(wire) for wire in wires]
    return None if None in sizes else prod(size for size in sizes if size is not None)


def _size(wire: Wire) -> int | None:
    return wire.size if isinstance(wire.size, int) and wire.size != _UNKNOWN else None


def _cost(wires: Sequence[Wire]) -> str:
    """``$8^{4} = 4{,}096$ multiplications``; without numbers, how many wires are run over."""
    total = _entries(wires)
    if total is None:
        return f"{len(wires)} wires"
    powers = [
        str(size) + (f"^{{{n}}}" if n > 1 else "") for size, n in Counter(w.size for w in wires).items()
    ]
    product = r" \cdot ".join(powers)
    shown = f"{product} = {_number(total)}" if product != str(total) else product
    return f"${shown or 1}$ multiplication" + "s" * (total != 1)


def _number(value: int) -> str:
    return names.number(value) if value < 1000 else f"{value:,}".replace(",", "{,}")


def _legs(count: int) -> str:
    return "a number" if count == 0 else f"{count} leg" + "s" * (count != 1)
