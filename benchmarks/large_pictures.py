"""How long pictures of large networks take, and what the lint finds in them, counted by rule.

    python -m benchmarks.large_pictures [TENSORS ...]     (300, 1000 and 3000 where none are given)

A chain, a square grid, a random graph of mean degree 3, and one with wires of many ends: seconds to lay out,
seconds to look through, the size of the picture, and the findings.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.scene import LabelItem
from tnlang.draw.view import view
from tnlang.elaborate import load_program
from tnlang.ir.program import NetTarget
from tnlang.source import Source

Wires = list[list[int]]


def chain(count: int) -> Wires:
    return [list(pair) for pair in pairwise(range(count))]


def square(count: int) -> Wires:
    side = round(count**0.5)
    across = [[n, n + 1] for n in range(side * side) if (n + 1) % side]
    return across + [[n, n + side] for n in range(side * (side - 1))]


def graph(count: int) -> Wires:
    """Three wires for every two tensors, between any two."""
    rng = random.Random(count)
    return [rng.sample(range(count), 2) for _ in range(3 * count // 2)]


def hyperedges(count: int) -> Wires:
    rng = random.Random(count)
    return [rng.sample(range(count), rng.choice((2, 2, 2, 3, 5))) for _ in range(count)]


KINDS: dict[str, Callable[[int], Wires]] = {
    "chain": chain,
    "square grid": square,
    "graph of mean degree 3": graph,
    "hyperedges": hyperedges,
}


def text_of(wires: Wires) -> str:
    """A closed network: a tensor for each number, a leg for each wire that has it."""
    legs: dict[int, list[str]] = {}
    for number, wire in enumerate(wires):
        for item in wire:
            legs.setdefault(item, []).append(f"w{number}")
    declared = ", ".join(f"T{i}[{', '.join(f'l{n}: n' for n in range(len(w)))}]" for i, w in legs.items())
    product = " ".join(f"T{i}[{', '.join(w)}]" for i, w in legs.items())
    return f"dim n = 3\ntensor {declared}\nY = {product}\n"


def diagram_of(wires: Wires) -> Diagram:
    program = load_program(Source("<network>", text_of(wires)))
    content = view(program, NetTarget("main")).panels[0].content
    parts = (content,) if isinstance(content, Diagram) else content.parts
    return next(part for part in parts if isinstance(part, Diagram))


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [300, 1000, 3000]
    for size in sizes:
        for kind, wires in KINDS.items():
            diagram = diagram_of(wires(size))
            begun = time.process_time()
            scene = layout(diagram)
            drawn = time.process_time()
            found = Counter(finding.rule for finding in (*lint(scene), *faults(diagram, scene)))
            named = sum(bool(line.label) for line in diagram.lines)
            found["names of wires left out"] = named - sum(
                isinstance(item, LabelItem) and item.kind == "leg" for item in scene.items
            )
            found += Counter()
            looked = time.process_time() - drawn
            told = ", ".join(f"{count} {rule}" for rule, count in sorted(found.items())) or "nothing found"
            print(
                f"{size:5} {kind:24} {drawn - begun:6.1f} s, looked through in {looked:6.1f} s, "
                f"{scene.width:.0f} x {scene.height:.0f}: {told}",
                flush=True,
            )


if __name__ == "__main__":
    main()
