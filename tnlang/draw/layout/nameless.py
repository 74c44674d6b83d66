"""Names that have no place: a wire's is left out sooner than put where it names another, or across ink."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Diagram
from tnlang.draw.lint import lint
from tnlang.draw.scene import LabelItem, Scene

_ASTRAY = ("name by another wire", "label covered")


def without_lost_names(diagram: Diagram, scene: Scene) -> Scene:
    """A scene without the names of inner wires that stand by other wires or on other ink.

    Free ends keep theirs: nothing else tells what they are.
    """
    free = {end.line for end in diagram.opens}
    lost = {
        number
        for finding in lint(scene)
        if finding.rule in _ASTRAY
        for number in finding.items
        if _names_inner_wire(scene, number, free)
    }
    kept = tuple(item for number, item in enumerate(scene.items) if number not in lost)
    return replace(scene, items=kept)


def _names_inner_wire(scene: Scene, number: int, free: set[int]) -> bool:
    match scene.items[number]:
        case LabelItem(kind="leg", line=int(line)):
            return line not in free
    return False
