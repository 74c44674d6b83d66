"""Items as a whole: the ink they take, moving them, and the scene that holds them with a margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tnlang.draw.geometry import Box, bbox, hull, knots, move, union
from tnlang.draw.labels import label_box
from tnlang.draw.scene import (
    InkItem,
    Item,
    LabelItem,
    OutlineItem,
    Path,
    Point,
    RibbonItem,
    Scene,
    ShapeItem,
    WireItem,
)

MARGIN = 16.0


def ink_box(item: Item, measured: Callable[[Path], Box] = bbox) -> Box:
    """The box round an item's ink, half its stroke included."""
    match item:
        case LabelItem():
            return label_box(item)
        case WireItem(path=path, width=width) | RibbonItem(path=path, width=width):
            return measured(path).grown(width / 2)
        case InkItem(outline=outline, stroke=stroke):
            return measured(outline).grown(max(stroke, 1.2) / 2)
        case ShapeItem(outline=outline) | OutlineItem(outline=outline):
            return measured(outline).grown(0.85)


def ink_of(items: Iterable[Item]) -> Box:
    """The box round the ink of all items; NO_BOX round none.

    Only curves that may reach beyond the ends of all segments are followed.
    """
    known = tuple(items)
    ends = union(ink_box(item, knots) for item in known)
    beyond = (item for item in known if not isinstance(item, LabelItem) and leaves(item, ends, hull))
    return union([ends, *map(ink_box, beyond)])


def leaves(item: Item, box: Box, measured: Callable[[Path], Box] = bbox) -> bool:
    """Whether an item's ink reaches out of a box; surely not, if not even its ``hull`` does."""
    ink = ink_box(item, measured)
    return ink.left < box.left or ink.top < box.top or ink.right > box.right or ink.bottom > box.bottom


def move_item(item: Item, by: Point) -> Item:
    """The item shifted."""
    match item:
        case LabelItem(at=at):
            return replace(item, at=(at[0] + by[0], at[1] + by[1]))
        case WireItem(path=path) | RibbonItem(path=path):
            return replace(item, path=move(path, by))
        case InkItem(outline=outline) | ShapeItem(outline=outline) | OutlineItem(outline=outline):
            return replace(item, outline=move(outline, by))


def move_items(items: Iterable[Item], by: Point) -> tuple[Item, ...]:
    """All items shifted."""
    if by == (0.0, 0.0):
        return tuple(items)
    return tuple(move_item(item, by) for item in items)


def framed(
    items: Sequence[Item],
    axis: float = 0.0,
    *,
    margin: float = MARGIN,
    title: str = "",
    description: str = "",
) -> Scene:
    """The scene that holds the items ``margin`` from its edges; ``axis`` is given before they move.

    The origin comes to lie on whole units, so that straight wires of whole coordinates stay sharp.
    """
    box = ink_of(items) if items else Box(0, 0, 0, 0)
    left, top = _below(box.left - margin), _below(box.top - margin)
    width, height = -_below(left - box.right - margin), -_below(top - box.bottom - margin)
    return Scene(width, height, move_items(items, (-left, -top)), axis - top, title, description)


def _below(value: float) -> float:
    return float(value // 1)
