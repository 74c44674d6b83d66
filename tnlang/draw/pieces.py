"""The pieces of a picture: from a shape, line or enclosure of the diagram and its place to the items drawn.

Every layout measures by ``half_size`` and draws by these functions, so that a shape looks and fits the same
wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from tnlang.draw import geometry, marks
from tnlang.draw.bare import CLEAR, is_bare
from tnlang.draw.diagram import Enclosure, Line, Shape
from tnlang.draw.geometry import Box, add, at_angle, box_around, union
from tnlang.draw.labels import AXIS, Extent, enlarged, letter_boxes, measure, plain_text
from tnlang.draw.scene import (
    InkItem,
    Item,
    LabelItem,
    OutlineItem,
    Path,
    Point,
    ShapeItem,
    WireItem,
)
from tnlang.draw.theme import leg_width

TENSOR, SMALL, WORD = 19.0, 17.0, 15.0
"""Sizes of names in shapes: in circles from r 20, and below; of words."""
LEG_SYMBOL, LEG_WORD, LEG_WORD_INSIDE = 14.5, 13.0, 12.0
BADGE, SIGN, CAPTION, NOTE, COUNT = 13.0, 22.0, 13.0, 12.5, 17.0

TRIANGLE_LENGTH, TRIANGLE_EDGE = 46.0, 48.0
TIP_LEG, TIP_ENDS = 16.0, 14.0
FOLD_HEIGHT, PILL_HEIGHT, SQUARE, BADGE_HEIGHT = 36.0, 40.0, 36.0, 19.0
_NOTE_OFF, _NOTE_OVER, OPTIONS_CLEAR = 7.0, 4.0, 3.5
"""How far a bubble's options stand off its wall and aside of its badge, over it, off all else."""
_TAB_OUT, _TAB_CLEAR = 8, 1.5
"""How many units a tab may move away from the rim so as to stand this clear of the letters."""
GATE = 5.0
"""How thick the piece of wall is that a leg crosses where a function works along it."""
BADGE_CLEAR = 3.0
"""How much of a badge is above and below its letters together."""


# ---------------------------------------------------------------- sizes


def name_size(shape: Shape) -> float:
    """The font size of a shape's label."""
    return enlarged(_usual_size(shape), shape.letters)


def _usual_size(shape: Shape) -> float:
    match shape.symbol:
        case "copy":
            return SMALL if _is_symbol(shape.label) else WORD
        case "paste" if not _is_symbol(shape.label):
            return WORD
        case "pin":
            return 13.5
        case "clip":
            return 11.5
        case "text":
            return TENSOR if r"\mathrm" not in shape.label else SMALL - 1
        case "sigma":
            return marks.BIG_SIGN
        case "folded":
            return 16.0
        case "shift":
            return NOTE
        case "tensor" if not _is_symbol(shape.label):
            return WORD
        case "tensor" if shape.outline == "triangle" and measure(shape.label, TENSOR).width > 21:
            return SMALL - 1
        case "tensor" if shape.outline == "circle" and (len(shape.legs) == 1 or shape.role == "bias"):
            return SMALL
    return TENSOR


def half_size(shape: Shape, tip: Point = geometry.RIGHT) -> Point:
    """Half the width and half the height of a shape where its own label and symbol decide.

    A shape stretched over its legs (pill, box, folded net over several stations) may be drawn larger. ``tip``
    is where an isometry or a shift points.
    """
    extent = measure(shape.label, name_size(shape)) if shape.label else None
    wide, high = (extent.width / 2, extent.height / 2) if extent else (0.0, 0.0)
    letters = name_size(shape) / _usual_size(shape)
    match shape.symbol:
        case "dot":
            return (4.0, 4.0)
        case "plus":
            radius = plus_radius(shape)
            return (radius, radius)
        case "copy" if wide > 22 * letters:  # a long word: a pill round it
            return (_even(wide + 9), 15.0 * letters)
        case "copy":
            taken = sum(name.startswith("in.") for name in shape.leg_names)
            return _disc(max(15.0, 8.0 * taken - 1.0), wide, 5.0)  # tracks are 16 apart
        case "paste" if wide > 22 * letters:
            return (_even(wide + 12), _pill(high))
        case "paste":
            return _disc(20.0, wide, 8.5)
        case "pin":
            return (max(9.0, wide + 5), 9.0 * letters)
        case "clip":
            return (max(14.0, wide + 7), 8.5 * letters)
        case "fork":
            return (0.0, 0.0)
        case "shift":
            return (10.0, 10.0)
        case "onehot":
            return (3.25, 13.0)
        case "folded":
            beside = 4.0 * len(shape.legs) - 6.0  # more than half of them may leave on one side
            return (max(26.0, _even(wide + 14), beside), max(FOLD_HEIGHT / 2, high + 7))
        case "text" | "sigma":
            return (wide, high)
        case "dots":
            half = max(20.0, 4.0 * len(shape.legs) + 4.0)
            return (half, half)
    match shape.outline:
        case "triangle":
            level = abs(tip[0]) > abs(tip[1])
            grown = _triangle_growth(2 * wide, 2 * high) if level else _triangle_growth(2 * high, 2 * wide)
            along, across = _even(TRIANGLE_LENGTH * grown / 2 - 0.5), TRIANGLE_EDGE * grown / 2
            return (along, across) if level else (across, along)
        case "square":
            half = max(SQUARE / 2, _even(wide + 7))
            return (half, max(SQUARE / 2, high + 4))
        case "box" | "pill" | "ellipse":
            return (max(26.0, _even(wide + 12)), _pill(high))
        case "dot":
            return (4.0, 4.0)
        case "none":
            return (wide + 2, high + 2)
        case "circle" if wide > 19.5 * letters:  # a long word: a pill round it
            return (_even(wide + 12), _pill(high))
        case "circle":
            if len(shape.legs) == 1 or shape.role == "bias":
                return _disc(18.0 if "_" in shape.label else 16.0, wide, 7.0)
            least = 20.0 + 2 * ("_" in shape.label) + 2 * ("^" in shape.label)
            return _disc(least, wide, 8.0)


def _pill(high: float) -> float:
    """Half the height of a pill round a name of half the height ``high``."""
    return max(PILL_HEIGHT / 2, high + 4)


def _triangle_growth(along: float, across: float) -> float:
    """How much larger than usual a triangle must be to hold a name; see ``_name`` for where that stands."""
    grown = 1.0
    far = _from_edge(along) + along / 2
    while grown < 3 and TRIANGLE_EDGE / 2 * grown * (1 - far / (TRIANGLE_LENGTH * grown)) < across / 2 + 2:
        grown += 0.05
    return grown


def _from_edge(along: float) -> float:
    """How far from a triangle's edge the middle of a name stands that takes ``along`` of its length."""
    return max(16.0, 5.0 + along / 2)


def _is_symbol(label: str) -> bool:
    """Whether a name is a symbol (``x``, ``ln_1``), no word of three letters or more."""
    return not re.match(r"\\(mathrm|text)\{\w{3,}", label)


def plus_radius(shape: Shape) -> float:
    """12 on one wire, 15 across two, and 8 more for each further one."""
    wires = max((len(term) for term in shape.terms), default=1)
    return 12.0 if wires <= 1 else 15.0 + 8.0 * (wires - 2)


def _disc(least: float, wide: float, clear: float) -> Point:
    radius = max(least, _even(wide + clear))
    return (radius, radius)


def _even(value: float) -> float:
    return float(2 * ceil(value / 2 - 0.01))


def is_disc(shape: Shape) -> bool:
    """Whether the shape is drawn as a circle, which a wire may meet from any side."""
    half = half_size(shape)
    match shape.symbol:
        case "dot" | "plus":
            return True
        case "copy" | "paste":
            return half[0] == half[1]
        case "tensor":
            return shape.outline in ("circle", "dot") and half[0] == half[1]
    return False


# ---------------------------------------------------------------- shapes


def outline_of(shape: Shape, at: Point, *, half: Point | None = None, tip: Point = geometry.RIGHT) -> Path:
    """The outline of a shape centred at a point; ``half`` stretches it."""
    wide, high = half or half_size(shape, tip)
    box = box_around(at, 2 * wide, 2 * high)
    if is_disc(shape):
        return geometry.circle(at, wide) if wide == high else geometry.stadium(box)
    match shape.symbol:
        case "pin" | "clip":
            return geometry.rounded(box, 4.0)
        case "shift":
            return geometry.triangle(at, tip, 20.0, 20.0, 2.5)
        case "folded":
            return geometry.rounded(box, 10.0)
        case "fork" | "text" | "sigma" | "onehot" | "dots":
            return geometry.rounded(box, 0.0)
    match shape.outline:
        case "triangle":
            long, edge = (wide, high) if abs(tip[0]) > abs(tip[1]) else (high, wide)
            return geometry.triangle(at, tip, 2 * long, 2 * edge, blunt=_blunt(shape, edge))
        case "square" | "box":
            return geometry.rounded(box, 6.0)
        case "none":
            return geometry.rounded(box, 0.0)
    return geometry.stadium(box)


def _blunt(shape: Shape, half_edge: float) -> float:
    """How wide the tip of an isometry is cut off, so that several legs leave it squarely."""
    legs = len(shape.tip)
    return min(TIP_LEG * (legs - 1) + TIP_ENDS, 1.6 * half_edge) if legs > 1 else 0.0


_WORDS = {
    "plus": "sum",
    "dot": "delta",
    "pin": "entry {}",
    "clip": "slice {}",
    "shift": "shift by {}",
    "copy": "copy of {}",
    "paste": "{} again",
}
"""What a shape without a name is called in its title."""


def shape_items(
    shape: Shape,
    at: Point,
    *,
    half: Point | None = None,
    tip: Point = geometry.RIGHT,
    first_leg: Point | None = None,
    label_at: Point | None = None,
    along: Point = geometry.RIGHT,
) -> tuple[Item, ...]:
    """All that is drawn for a shape: its outline, its name, and the marks on it.

    ``tip`` is where an isometry, or a shift, points; ``first_leg`` the direction of the first leg where it
    is marked; ``along`` the direction of the wire on which a one-hot
    strip lies, or dots. A fork draws nothing: its lines do.
    """
    if shape.symbol == "fork":
        return ()
    if shape.symbol == "onehot":
        strip = tuple(marks.onehot_strip(at, along))
        outline = geometry.rounded(union(geometry.bbox(cell.outline) for cell in strip), 0)
        return (ShapeItem(shape.id, outline, "cell", shape.told), *strip)
    outline = outline_of(shape, at, half=half, tip=tip)
    role = _role(shape)
    title = shape.name or _WORDS.get(shape.symbol, "{}").format(plain_text(shape.label))
    items: list[Item] = []
    if shape.symbol != "sigma" and not is_bare(shape):
        items.append(ShapeItem(shape.id, outline, role, title, first_leg, shape.look))
    box = geometry.bbox(outline)
    if shape.symbol == "folded":
        items.append(InkItem(geometry.rounded(box.grown(-3.5), 6.5), role, stroke=0.9))
    if first_leg is not None:
        items.append(first_leg_mark(shape, box, first_leg))
    if shape.symbol == "dots":
        items.extend(marks.dots(at, along))
    elif shape.symbol == "plus":
        items.extend(marks.plus_sign(at, 0.5 * plus_radius(shape)))
    elif shape.symbol == "sigma":
        sign, *index = marks.sum_sign(shape.label, at, shape.letters)
        items.extend((replace(sign, title=shape.told), *index))
    elif shape.label and shape.symbol != "dot":
        items.append(_name(shape, at, tip, label_at))
    if shape.tied or shape.frozen:
        rim = add(at, at_angle(-45), box.width / 2) if is_disc(shape) else (box.right - 5, box.top + 5)
        if is_bare(shape):
            rim = (box.right + marks.TAB + 1, box.top)
        corner = _clear_of(rim, [item for item in items if isinstance(item, LabelItem)])
        if shape.tied:
            items.extend(marks.tied_tab(corner))
        if shape.frozen:
            items.extend(marks.frozen_tab((corner[0], corner[1] + (2 * marks.TAB + 2) * shape.tied)))
    return tuple(items)


def first_leg_mark(shape: Shape, box: Box, first_leg: Point) -> InkItem:
    """The mark where the first leg leaves a shape: on its rim, or across the wire that ends at a name."""
    if is_bare(shape):
        return marks.turned(False, box.grown(CLEAR + 1), first_leg, half=5.0, stroke=4.0)
    return marks.turned(is_disc(shape) and abs(box.width - box.height) < 1e-6, box, first_leg)


def _clear_of(corner: Point, names: Sequence[LabelItem]) -> Point:
    """Where a tab stands: at the upper right of the rim, further out where a superscript is near."""
    letters = [box for name in names for box in letter_boxes(name)]
    places = [add(corner, at_angle(-45), out) for out in range(_TAB_OUT)]
    clear = (at for at in places if all(box.away(at) >= marks.TAB + _TAB_CLEAR for box in letters))
    return next(clear, places[-1])


def _role(shape: Shape) -> str:
    match shape.symbol:
        case "dot":
            return "dot"
        case "plus":
            return "add"
        case "copy" | "paste":
            return "pasted"
        case "pin" | "clip" | "shift" | "dots":
            return shape.symbol
        case "folded":
            return f"folded-{shape.family or 'net'}"
    return "dot" if shape.outline == "dot" else shape.role


def _name(shape: Shape, at: Point, tip: Point, label_at: Point | None) -> LabelItem:
    size = name_size(shape)
    match shape.symbol:
        case "shift":  # +n stands above
            place = label_at or (at[0], at[1] - 10 - 6 - 4 * size / NOTE)
            return LabelItem(shape.label, place, size, "note", "grey")
        case "text":
            told = shape.id if shape.legs else None
            return LabelItem(shape.label, label_at or at, size, "sign", inside=told, title=shape.told)
    place = label_at or (add(at, tip, _toward_tip(shape, tip)) if shape.outline == "triangle" else at)
    if shape.outline == "none":
        return LabelItem(shape.label, place, size, "sign", inside=shape.id, title=f"(value) {shape.told}")
    return LabelItem(shape.label, place, size, "shape", inside=shape.id)


def _toward_tip(shape: Shape, tip: Point) -> float:
    """From the middle of a triangle to its name: 7 towards the edge, less for a long one."""
    extent = measure(shape.label, name_size(shape))
    level = abs(tip[0]) > abs(tip[1])
    half = half_size(shape, tip)
    return _from_edge(extent.width if level else extent.height) - (half[0] if level else half[1])


# ---------------------------------------------------------------- wires and walls


def leg_size(line: Line, word: bool, inside: bool = False) -> float:
    """The font size of a name beside a line, a word or a symbol; of words ``inside`` a bubble."""
    usual = (LEG_WORD_INSIDE if inside else LEG_WORD) if word else LEG_SYMBOL
    return enlarged(usual, line.letters)


def leg_extent(line: Line, text: str, word: bool) -> Extent:
    """The extent of a name beside a line."""
    return measure(text, leg_size(line, word), word)


def line_width(line: Line) -> float:
    """The width of a line: what a style says, else what tells the figure's sizes apart, else its size's."""
    return line.look.width or line.width or leg_width(line.size)


def wire_item(line: Line, path: Path, *, width: float | None = None) -> WireItem:
    """A stretch of a line along a path. ``width`` is given for the thick leg of a bundle."""
    title = line.text or line.name or line.label
    if line.dim and line.dim != title:
        title = f"{title}: {line.dim}" if title else line.dim
    size = f" = {line.size}" if line.size is not None else ""
    wide = width or line_width(line)
    return WireItem(line.id, path, wide, title + size, line.look)


def wall_item(enclosure: Enclosure, outline: Path, depth: int = 0) -> OutlineItem:
    """The wall of a bubble."""
    title = enclosure.name or plain_text(enclosure.badge)
    return OutlineItem(enclosure.id, outline, enclosure.family, title, depth, enclosure.look)


def badge_size(enclosure: Enclosure) -> Point:
    """The width and height of a badge's pill: its label and 8 on either side, no narrower than it is high.

    Letters above and below the line make it higher: its edge passes clear of them.
    """
    size = enlarged(BADGE, enclosure.letters)
    extent = measure(enclosure.badge, size)
    reach = max(extent.ascent - AXIS * size, extent.descent + AXIS * size)
    high = max(BADGE_HEIGHT * size / BADGE, 2 * reach + BADGE_CLEAR)
    return (max(high, extent.width + 16), high)


def badge_items(enclosure: Enclosure, at: Point) -> tuple[Item, ...]:
    """The pill with the function's name, centred at a point of the wall; nothing where it has none."""
    if not enclosure.badge:
        return ()
    pill = InkItem(geometry.stadium(box_around(at, *badge_size(enclosure))), f"badge-{enclosure.family}")
    size = enlarged(BADGE, enclosure.letters)
    return (pill, LabelItem(enclosure.badge, at, size, "badge", inside=enclosure.id))


def option_spots(enclosure: Enclosure, badge: Point, wall: Box) -> Iterator[tuple[Point, Box]]:
    """Where a bubble's options may stand, and the box of their letters there, the best place first.

    That is outside the wall, beside the badge; else above it, else at a corner of the wall.
    """
    extent = measure(enclosure.options, enlarged(NOTE, enclosure.letters))
    pill, tall = badge_size(enclosure)
    wide, high = extent.width / 2, extent.height / 2
    on_top = badge[1] < wall.center[1]
    off = _NOTE_OFF + high
    levels = (wall.top - off, wall.bottom + off) if on_top else (wall.bottom + off, wall.top - off)
    beside = pill / 2 + _NOTE_OFF + wide
    beyond = badge[1] + (tall / 2 + _NOTE_OVER + high) * (-1 if on_top else 1)
    corners = [(x, y) for y in levels for x in (wall.right - wide - 8, wall.left + wide + 8, wall.center[0])]
    spots = [
        (badge[0] + beside, levels[0]),
        (badge[0] - beside, levels[0]),
        (badge[0], beyond),
        *corners,
        (wall.right + wide, wall.bottom + 4),
        (wall.left - wide, wall.bottom + 4),
    ]
    for at in spots:
        yield at, box_around(at, 2 * wide, 2 * high)


def options_room(enclosure: Enclosure) -> float:
    """How high the room is that a bubble's options take over its badge."""
    size = enlarged(NOTE, enclosure.letters)
    return _NOTE_OVER + measure(enclosure.options, size).height + OPTIONS_CLEAR + 0.5


def options_item(enclosure: Enclosure, at: Point) -> LabelItem:
    """A bubble's options, small and grey."""
    return LabelItem(enclosure.options, at, enlarged(NOTE, enclosure.letters), "note", "grey")


def gate_item(enclosure: Enclosure, at: Point, wall: Point, *, ended: bool = False) -> InkItem:
    """The thick piece of wall where the leg crosses that the function works along.

    ``wall`` is the direction in which the wall runs there. It lies under the wire; on it where the leg ends.
    """
    wide, high = (GATE, 16.0) if abs(wall[1]) >= abs(wall[0]) else (16.0, GATE)
    outline = geometry.stadium(box_around((0, 0), wide, high))
    slant = geometry.angle_of(wall) - (90.0 if high > wide else 0.0)
    turned = geometry.move(geometry.turn(outline, slant), at)
    return InkItem(turned, f"gate-{enclosure.family}", "over" if ended else "under")


def plate_item(number: int, box: Box, title: str) -> OutlineItem:
    """The plate under what is repeated."""
    return OutlineItem(number, geometry.rounded(box, 16.0), "plate", title, -1)


def count_label(latex: str, box: Box, letters: float) -> LabelItem:
    """How often a plate is repeated, or which turn it is, in its lower right corner."""
    size = enlarged(COUNT, letters)
    at = (box.right - 13, box.bottom - 9 - 9 * size / COUNT)
    return LabelItem(latex, at, size, "count", "grey", anchor="right")
