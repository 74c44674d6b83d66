"""Layout: from a diagram to a scene. Every sub-diagram is a box with ports; wires are routed over them."""

from __future__ import annotations

from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.layout.chosen import flat_scene
from tnlang.draw.layout.moved import moved
from tnlang.draw.scene import Scene
from tnlang.draw.titles import titled


def layout(diagram: Diagram, flow: Side | None = None) -> Scene:
    """The scene of a diagram; one with residual streams is laid out along them.

    ``flow`` is the way a backbone runs (down where nothing is said), or where the first output of another
    diagram goes (left). The same diagram gives the same scene.
    """
    if diagram.backbones:
        from tnlang.draw.layout.backbone.scene import backbone_scene

        scene = backbone_scene(diagram, flow)
    else:
        scene = flat_scene(diagram, flow)
    return titled(diagram, moved(diagram, scene) if diagram.hints else scene)
