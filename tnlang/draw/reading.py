"""In which order the legs of a tensor are read where nothing tells them apart, and which tensors bear a mark.

Alike are legs of one dim and size. Those beside one another are read from left to right, those above one
another from the side on which the outputs of the picture leave it, else from above; those of a conjugate the
other way up, since it is a mirror image (it is none where such legs leave aside too). In a ring
the outside is up: it is read clockwise. A tensor that stands otherwise has its first leg marked, there and
wherever else in the picture it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations

from tnlang.draw import pieces
from tnlang.draw.diagram import Diagram, Shape
from tnlang.draw.geometry import UP, bbox, box_around, flatten, reverse, rounded, unit
from tnlang.draw.labels import label_box
from tnlang.draw.round import FREE, MARK_WIDTH, entry_point, mark_of, meets, middle_of
from tnlang.draw.scene import InkItem, Item, LabelItem, Path, Point, Scene, ShapeItem, WireItem
from tnlang.draw.titles import titled


@dataclass(frozen=True, slots=True)
class _Read:
    """A tensor whose legs have an order, its outline, and where each leg leaves it, from its centre."""

    shape: Shape
    outline: Path
    legs: tuple[Point, ...]

    @property
    def first(self) -> Point:
        return unit((0.0, 0.0), self.legs[0])


def first_legs(
    diagram: Diagram, items: Sequence[Item], outward: Mapping[int, Point] | None = None
) -> dict[int, Point]:
    """The direction of the first leg of each tensor of a diagram that is to bear a mark, by its shape's id.

    ``items`` are its drawn shapes and wires; ``outward`` says where a ring's outside is for the shapes on it.
    """
    known = _read(diagram, items)
    below = _from_below(diagram, _paths(items))
    kinds = {line.id: (line.dim, line.size) for line in diagram.lines}
    wrong = set()
    for one in known:
        around = (outward or {}).get(one.shape.id)
        alike, seen = [kinds[line] for line in one.shape.legs], _seen(one, around)
        mirrored = one.shape.conj and not _on_grid(alike, seen)
        if _is_turned(alike, seen, rising=around is None and mirrored != below):
            wrong.add(tensor_of(one.shape))
    return {one.shape.id: one.first for one in known if tensor_of(one.shape) in wrong}


def turned(diagram: Diagram, scene: Scene) -> set[str]:
    """The tensors of a scene of a diagram that bear marks."""
    middles = _middles(scene)
    return {tensor_of(one.shape) for one in _read(diagram, scene.items) if mark_of(one.outline, middles)}


def also_marked(diagram: Diagram, scene: Scene, names: Set[str]) -> Scene:
    """The finished scene of a diagram with marks at these tensors too, and titles that go by them."""
    middles = _middles(scene)
    legs = {
        one.shape.id: one.first
        for one in (_read(diagram, scene.items) if names else ())
        if tensor_of(one.shape) in names and not mark_of(one.outline, middles)
    }
    if not legs:
        return scene
    return titled(diagram, replace(scene, items=tuple(with_marks(diagram, scene.items, legs))))


def with_marks(diagram: Diagram, items: Iterable[Item], legs: Mapping[int, Point]) -> list[Item]:
    """The items of a diagram with marks at these first legs."""
    shapes = {shape.id: shape for shape in diagram.shapes}
    found: list[Item] = []
    for item in items:
        match item:
            case ShapeItem(id=number, outline=outline) if number in legs:
                found.append(replace(item, first_leg=legs[number]))
                found.append(pieces.first_leg_mark(shapes[number], bbox(outline), legs[number]))
            case LabelItem(kind="sign", inside=int(number)) if number in legs:
                wide, high = pieces.half_size(shapes[number])
                box = box_around(item.at, 2 * wide, 2 * high)
                found.extend((item, pieces.first_leg_mark(shapes[number], box, legs[number])))
            case _:
                found.append(item)
    return found


def _read(diagram: Diagram, items: Iterable[Item]) -> list[_Read]:
    """The tensors among some items whose legs have an order and are all drawn."""
    items = list(items)
    outlines, paths = _outlines(items), _paths(items)
    return [
        _Read(shape, outlines[shape.id], legs)
        for shape in diagram.shapes
        if shape.id in outlines and _has_order(shape) and (legs := _legs(shape, outlines[shape.id], paths))
    ]


def _paths(items: Iterable[Item]) -> dict[int, list[Path]]:
    """The stretches of each line."""
    paths: dict[int, list[Path]] = {}
    for item in items:
        if isinstance(item, WireItem):
            paths.setdefault(item.id, []).append(item.path)
    return paths


def _middles(scene: Scene) -> list[Point]:
    """The middles of all marks of a scene."""
    return [
        middle_of(item.outline)
        for item in scene.items
        if isinstance(item, InkItem) and item.stroke >= MARK_WIDTH and item.role == "mark"
    ]


def tensor_of(shape: Shape) -> str:
    """Which tensor a shape stands for; a conjugate stands for the tensor."""
    return shape.told.replace(", conjugated", "", 1) or shape.name


def _has_order(shape: Shape) -> bool:
    """Whether it counts which leg is which: a triangle's tip tells it, a symmetric tensor has no order."""
    if shape.symbol != "tensor" or shape.outline in ("triangle", "dot") or shape.even:
        return False
    return len(shape.legs) > 1 and max(Counter(shape.legs).values()) == 1


def _outlines(items: Iterable[Item]) -> dict[int, Path]:
    """The outlines of shapes; round a name that stands bare what wires end at."""
    found: dict[int, Path] = {}
    for item in items:
        match item:
            case ShapeItem(id=number, outline=outline):
                found[number] = outline
            case LabelItem(kind="sign", inside=int(number)):
                found[number] = rounded(label_box(item).grown(FREE), 0)
    return found


def _legs(shape: Shape, outline: Path, paths: Mapping[int, Sequence[Path]]) -> tuple[Point, ...]:
    """Where each leg leaves a shape, from its centre; nothing if a leg is not drawn."""
    x, y = bbox(outline).center
    found = []
    for line in shape.legs:
        ways = [way for path in paths.get(line, ()) for way in (path, reverse(path))]
        way = next((way for way in ways if meets(outline, way.start)), None)
        if way is None:
            return ()
        at = entry_point(flatten(way), outline)
        found.append((at[0] - x, at[1] - y))
    return tuple(found)


def _seen(read: _Read, outward: Point | None) -> list[Point]:
    """Where the legs leave a tensor, in its sizes, as it is read: to the right, and downwards."""
    box = bbox(read.outline)
    if outward is not None:
        x, y = outward
        return [((v * x - u * y) / box.width, -(u * x + v * y) / box.width) for u, v in read.legs]
    return [(u / box.width, v / box.height) for u, v in read.legs]


def _on_grid(alike: Sequence[object], at: Sequence[Point]) -> bool:
    """Whether of legs that are alike some leave aside, others above or below."""
    aside = {kind for kind, (x, y) in zip(alike, at, strict=True) if abs(x) > abs(y)}
    return any(kind in aside for kind, (x, y) in zip(alike, at, strict=True) if abs(x) <= abs(y))


def _is_turned(alike: Sequence[object], at: Sequence[Point], rising: bool) -> bool:
    """Whether of two legs that are alike the later is read before the earlier; columns ``rising`` from below.

    Where there are more than two of a kind, rows and columns are read each by itself: legs that leave aside
    have no order with those that leave above or below.
    """
    for one, other in combinations(range(len(at)), 2):
        if alike[one] != alike[other]:
            continue
        (x, y), (u, v) = at[one], at[other]
        level, other_level = abs(x) > abs(y), abs(u) > abs(v)
        opposite = x * u < 0 if level else y * v < 0
        if level != other_level:
            wrong = x > u and alike.count(alike[one]) == 2
        elif level != opposite:  # both on one side, or above and below
            wrong = y < v if rising and opposite else y > v
        else:
            wrong = x > u
        if wrong:
            return True
    return False


def _from_below(diagram: Diagram, paths: Mapping[int, Sequence[Path]]) -> bool:
    """Whether the outputs leave a picture below: of those that leave it upright, the first."""
    for end in sorted(diagram.opens, key=lambda end: end.order):
        if end.kind != "output" or end.line not in paths:
            continue
        stretches = paths[end.line]
        way = flatten(reverse(stretches[0]) if end.end == 0 else stretches[-1])
        x, y = unit(way[-2], way[-1]) if len(way) > 1 else UP
        if abs(y) > 2 * abs(x):
            return y > 0
    return False
