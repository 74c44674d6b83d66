"""A figure of a width on paper with letters that can be read there: how large to draw them, and which way.

Letters are made larger before the layout, which makes room for them; shapes and the spaces between them stay
as they are, so that a picture which is then made smaller to fit its width gains by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from tnlang.draw.diagram import Sheet, Side, diagrams_of
from tnlang.draw.frame import move_items
from tnlang.draw.labels import smallest_letter
from tnlang.draw.lint import lint
from tnlang.draw.rows import Layout, compose
from tnlang.draw.scene import LabelItem, Scene

LEAST_SCALE = 0.6
"""Rows break where they would have to be drawn smaller than this to fit a width on paper, and their letters
with them."""
LETTERS, SCRIPTS = 7.0, 5 / 7
"""The least font size of a figure whose width is given, in points on paper; of scripts as a part of that."""
STEPS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.3)
"""How many times as large as usual the smallest letters may be drawn; see ``labels.enlarged``."""
TALLEST = 640.0
"""What is turned to fit a width may be no higher, in points: about a page."""
GAIN = 1.15
"""Letters that stay too small are drawn larger than usual only if they gain so much by it."""
LARGE = 300
"""A sheet of more shapes is laid out once."""


def letters_of(scene: Scene) -> tuple[float, float]:
    """The font sizes of a scene's smallest label and of its smallest letters, scripts, in points on paper."""
    labels = [item for item in scene.items if isinstance(item, LabelItem) and item.text]
    sizes = min((label.size for label in labels), default=inf)
    return sizes * scene.scale, min(map(smallest_letter, labels), default=inf) * scene.scale


@dataclass(frozen=True, slots=True)
class _Try:
    """A scene of the width; ``reach`` is 1 or more where its letters are as large as asked."""

    scene: Scene
    reach: float
    faults: int

    @property
    def good(self) -> bool:
        return self.reach >= 1 and not self.faults


def fitted(sheet: Sheet, layout: Layout, width: float, letters: float = LETTERS) -> Scene:
    """The scene of a sheet at a width, its labels at least ``letters`` points on paper if that can be.

    Letters grow until they are; a sheet that says no flow is then turned down. Where nothing reaches the
    size, the largest letters that bring no new fault of the picture are taken.
    """
    if sum(len(diagram.shapes) for panel in sheet.panels for diagram in diagrams_of(panel)) > LARGE:
        return _at(compose(sheet, layout, width / LEAST_SCALE), width)
    tries: list[_Try] = []
    for found in _tries(sheet, layout, width, letters):
        if found.good:
            return found.scene
        tries.append(found)
    least = min(found.faults for found in tries)
    best = max((found for found in tries if found.faults == least), key=lambda found: found.reach)
    usual = tries[0]
    return (usual if usual.faults == least and best.reach < GAIN * usual.reach else best).scene


def _tries(sheet: Sheet, layout: Layout, width: float, letters: float) -> Iterator[_Try]:
    """The sheet with larger letters as it flows, then turned down."""

    def draw(step: float, flow: Side | None) -> _Try:
        scene = compose(replace(sheet, flow=flow), layout, width / LEAST_SCALE * step, step)
        scene = _at(scene, width) if flow == sheet.flow else _amid(scene, width)
        label, script = letters_of(scene)
        return _Try(scene, min(label, script / SCRIPTS) / letters, len(lint(scene)))

    yield from _larger(partial(draw, flow=sheet.flow))
    if sheet.flow is None and not all(d.backbones for panel in sheet.panels for d in diagrams_of(panel)):
        yield from _larger(partial(draw, flow="down"))


def _larger(draw: Callable[[float], _Try]) -> Iterator[_Try]:
    """The usual letters; then as large as they must be at least, and larger; at last less large."""
    first = draw(1.0)
    yield first
    if first.reach >= 1:
        return
    enough = [step for step in STEPS[1:] if step * first.reach >= 1]
    less = [step for step in STEPS[1:] if step * first.reach < 1]
    for step in (*enough, *reversed(less)):
        found = draw(step)
        yield found
        if step in less and found.faults <= first.faults:
            return


def _at(scene: Scene, width: float) -> Scene:
    return replace(scene, scale=width / scene.width)


def _amid(scene: Scene, width: float) -> Scene:
    """A scene no larger than usual and no higher than a page, in the middle of the width."""
    scale = min(1.0, width / scene.width, TALLEST / scene.height)
    aside = (width / scale - scene.width) / 2
    return replace(scene, width=width / scale, items=move_items(scene.items, (aside, 0.0)), scale=scale)
