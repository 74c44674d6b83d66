"""What is wrong with a picture: a list of rules over a scene, each a function that yields findings.

Layouts weigh their candidates by ``cost``; tests hold that a finished picture has no findings. Everything is
read from the geometry: what a wire may touch are the shapes in or on which it ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tnlang.draw.lint.labels import (
    badges_clear,
    inside_canvas,
    labels_clear,
    names_by_their_wires,
    names_inside,
)
from tnlang.draw.lint.ribbons import ribbons_apart, ribbons_round_shapes
from tnlang.draw.lint.shapes import shapes_apart, walls_apart, walls_clear_of_shapes, walls_crossed_once
from tnlang.draw.lint.view import Finding, View
from tnlang.draw.lint.wires import crossings_are_steep, smooth, wires_apart, wires_round_shapes
from tnlang.draw.scene import Scene

__all__ = ["RULES", "WEIGHTS", "Finding", "cost", "counted", "lint"]

WEIGHTS = {
    "shapes overlap": 100.0,
    "wire through shape": 60.0,
    "wires overlap": 50.0,
    "wall through shape": 60.0,
    "walls cross": 50.0,
    "needless crossing of a wall": 30.0,
    "flat crossing": 25.0,
    "wires too close": 15.0,
    "ribbon under shape": 40.0,
    "ribbon along wire": 30.0,
    "ribbons overlap": 40.0,
    "label covered": 20.0,
    "name outside its shape": 20.0,
    "name by another wire": 15.0,
    "badge covered": 20.0,
    "kink": 20.0,
    "outside the canvas": 40.0,
}


def lint(scene: Scene) -> tuple[Finding, ...]:
    """All findings of a scene, by rule. A good picture has none."""
    view = View(scene)
    return tuple(finding for rule in RULES for finding in rule(view))


_COUNTED = {
    "shapes overlap": "shapes on others",
    "wire through shape": "wires through shapes",
    "wires overlap": "wires on others",
    "wires too close": "wires too close to others",
    "wall through shape": "walls through shapes",
    "walls cross": "walls on others",
    "needless crossing of a wall": "wires that cross a wall more than once",
    "flat crossing": "crossings at a flat angle",
    "kink": "kinks",
    "ribbon under shape": "ribbons under shapes",
    "ribbon along wire": "ribbons along wires",
    "ribbons overlap": "ribbons on others",
    "label covered": "labels covered",
    "badge covered": "badges covered",
    "name by another wire": "names nearer to other wires than to their own",
    "name outside its shape": "names wider than their shapes",
    "outside the canvas": "things off the canvas",
}


def counted(scene: Scene) -> str:
    """What is wrong with a picture, in numbers; empty if nothing is wrong."""
    found = Counter(finding.rule for finding in lint(scene))
    parts = [f"{words}: {found[rule]}" for rule, words in _COUNTED.items() if found[rule]]
    return ", ".join(parts)


def cost(scene: Scene) -> float:
    """The sum of the findings' weights, for choosing among layouts."""
    return sum(WEIGHTS[finding.rule] for finding in lint(scene))


RULES: tuple[Callable[[View], Iterator[Finding]], ...] = (
    shapes_apart,
    walls_clear_of_shapes,
    walls_apart,
    wires_round_shapes,
    crossings_are_steep,
    wires_apart,
    walls_crossed_once,
    smooth,
    ribbons_round_shapes,
    ribbons_apart,
    labels_clear,
    names_inside,
    names_by_their_wires,
    badges_clear,
    inside_canvas,
)
