"""Names and badges with nothing on them, in their shapes and by their wires; all of it on the canvas."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.draw.frame import ink_box, leaves
from tnlang.draw.geometry import Box, contains, hull
from tnlang.draw.labelling import strays
from tnlang.draw.labels import label_box
from tnlang.draw.lint.view import BACKGROUND, Finding, View, name_of
from tnlang.draw.scene import InkItem, LabelItem, OutlineItem, ShapeItem, WireItem

LABEL_CLEAR = 2.0


def labels_clear(view: View) -> Iterator[Finding]:
    for i, label in view.labels:
        if label.kind in ("shape", "badge"):
            continue
        box = label_box(label)
        for j in sorted(view.space.near(box, LABEL_CLEAR) - {i}):
            other = view.scene.items[j]
            if isinstance(other, OutlineItem) and other.family in BACKGROUND:
                if not _straddles(box, view.box(j)):
                    continue
            elif isinstance(other, LabelItem) and j < i and other.kind not in ("shape", "badge"):
                continue
            yield Finding("label covered", f"{name_of(label)} and {name_of(other)}", box.center, (i, j))


def _straddles(box: Box, outline: Box) -> bool:
    corners = ((box.left, box.top), (box.right, box.bottom))
    return outline.holds(corners[0]) != outline.holds(corners[1])


def names_inside(view: View) -> Iterator[Finding]:
    outlines = {shape.id: (i, shape.outline) for i, shape in view.shapes}
    for i, label in view.labels:
        if label.kind != "shape" or label.inside not in outlines:
            continue
        number, outline = outlines[label.inside]
        box = label_box(label)
        middle = box.center[1]
        sides = (
            (box.left, middle),
            (box.right, middle),
            (box.center[0], box.top),
            (box.center[0], box.bottom),
        )
        if not all(contains(outline, point) for point in sides):
            yield Finding("name outside its shape", name_of(label), box.center, (i, number))


def names_by_their_wires(view: View) -> Iterator[Finding]:
    known = {wire.id for _, wire in view.wires}
    for i, label in view.labels:
        if label.kind == "leg" and label.line is not None and label.line in known:
            box = label_box(label)
            if strays(view.space, box, label.line):
                yield Finding("name by another wire", name_of(label), box.center, (i,))


def badges_clear(view: View) -> Iterator[Finding]:
    badges = [(i, mark) for i, mark in view.marks if mark.role.startswith("badge-")]
    for i, badge in badges:
        box = view.box(i)
        for j in sorted(view.space.near(box, LABEL_CLEAR) - {i}):
            other = view.scene.items[j]
            match other:
                case ShapeItem() | WireItem():
                    pass
                case InkItem(role=role) if role.startswith("badge-") and j > i:
                    pass
                case _:
                    continue
            yield Finding("badge covered", f"{badge.role} and {name_of(other)}", box.center, (i, j))


def inside_canvas(view: View) -> Iterator[Finding]:
    canvas = Box(0.0, 0.0, view.scene.width, view.scene.height)
    for i, item in enumerate(view.scene.items):
        if leaves(item, canvas, hull) and leaves(item, canvas):
            yield Finding("outside the canvas", name_of(item), ink_box(item).center, (i,))
