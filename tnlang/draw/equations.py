"""Equation rows: signs and terms on one axis, long rows in lines.

Terms stand with their axes on one height, and signs on it; the centre of a sign is 28 from the nearest ink.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tnlang.draw import marks, pieces
from tnlang.draw.diagram import Sign
from tnlang.draw.frame import ink_box, ink_of, move_items
from tnlang.draw.geometry import Box, bbox, union
from tnlang.draw.labels import enlarged, measure
from tnlang.draw.scene import Item, LabelItem, LineTo, Path, Point, ShapeItem, WireItem
from tnlang.draw.sides import path_ends

WIDEST, FAR = 900.0, 0.4
"""A row is no wider; what stands left of its first relation takes much of it beyond this part of it."""
UPRIGHT = 2.0
"""A row of high terms may be so many times as wide as it is high."""
SIGN_GAP = 28.0
TIGHT_GAP, LEADING_GAP = 18.0, 10.0
LINE_GAP = 40.0
CAPTION_GAP, CAPTION_LINE = 22.0, 16.0


@dataclass(frozen=True, slots=True)
class Block:
    """Items whose axis is at the height ``axis``, with the box round their ink.

    ``free`` are the wires with a free end; ``caption`` stands below the block in a row, its letters as
    large as ``letters`` says. ``relation`` is where the centre of a row's first relation lies.
    """

    items: tuple[Item, ...]
    box: Box
    axis: float = 0.0
    free: frozenset[int] = frozenset()
    caption: str = ""
    letters: float = 1.0
    relation: float | None = None

    def at(self, x: float, y: float) -> Block:
        """The block moved so that its ink begins at x and its axis lies at y."""
        by = (x - self.box.left, y - self.axis)
        relation = None if self.relation is None else self.relation + by[0]
        items = move_items(self.items, by)
        return replace(self, items=items, box=self.box.moved(by), axis=y, relation=relation)


def block_of(items: Sequence[Item], axis: float = 0.0) -> Block:
    """The block of some items."""
    return Block(tuple(items), ink_of(items) if items else Box(0, 0, 0, 0), axis)


@dataclass(frozen=True, slots=True)
class _Part:
    """A term or sign of a row; ``block`` has its centre at x = 0 and its axis at 0 if it is a sign."""

    block: Block
    kind: str
    inside: bool = False
    """Between parentheses."""

    @property
    def narrow(self) -> bool:
        """A sign that is placed by its centre."""
        return self.kind in ("relation", "operator", "leading")

    @property
    def tight(self) -> bool:
        """What stands close to its neighbours."""
        return self.kind in ("sum", "open", "close")


def row_block(parts: Sequence[Block | Sign], widest: float = WIDEST, page: float = WIDEST) -> Block:
    """An equation or sum: terms and signs on one axis.

    A row wider than ``widest`` (or, if it is high, than a ``page``) breaks before its relations after the
    first, which then stand below one another; a line still too wide breaks before its operators. Where much
    stands left of the first relation it breaks before that too, if that makes fewer lines.
    """
    cells = _parenthesised([_part(part) for part in _stretched(parts)])
    cells = [_leading(cell, cells[index - 1] if index else None) for index, cell in enumerate(cells)]
    line = _line(cells)
    widest = max(widest, min(page, UPRIGHT * line.box.height))
    if line.box.width <= widest:
        return replace(line, relation=_relation_at(cells))
    relations = [index for index, cell in enumerate(cells) if cell.kind == "relation"]
    indent = _relation_at(cells) or 0.0
    lines = _lines(cells, relations[1:], indent, widest)
    first_side = cells[: relations[1]] if len(relations) > 1 else cells
    apart = _lines(cells, [index for index in relations if index], 0.0, widest)
    too_wide = indent > FAR * widest and _line(first_side).box.width > widest
    if too_wide or (indent > FAR / 2 * widest and len(apart) < len(lines)):
        lines = apart
    return _aligned(lines)


def _lines(cells: Sequence[_Part], breaks: Sequence[int], indent: float, widest: float) -> list[list[_Part]]:
    """The parts in lines: from the breaks on, and before operators where one is too wide."""
    starts = [0, *breaks]
    lines = [list(cells[start:stop]) for start, stop in zip(starts, [*starts[1:], len(cells)], strict=True)]
    return [piece for i, line in enumerate(lines) for piece in _broken(line, indent, widest, first=i == 0)]


def _stretched(parts: Sequence[Block | Sign]) -> list[Block | Sign]:
    """The parts with terms that run from top to bottom made as tall as the tallest of them."""
    ends = {i: _vertical_ends(part) for i, part in enumerate(parts) if isinstance(part, Block)}
    upright = {i: found for i, found in ends.items() if {end.down for end in found} == {True, False}}
    if len(upright) < 2:
        return list(parts)
    reach = {
        down: max(end.reach for found in upright.values() for end in found if end.down == down)
        for down in (True, False)
    }
    done = list(parts)
    blocks = {index: part for index, part in enumerate(parts) if isinstance(part, Block) and index in upright}
    heights = _heights(max(blocks.values(), key=lambda block: block.box.height))
    for index, block in blocks.items():
        block = _level_with(heights, block, upright[index], reach)
        found = _vertical_ends(block)
        items = list(block.items)
        longer = [(reach[end.down] - end.reach) * (1 if end.down else -1) for end in found]
        moved = [(end, by) for end, by in zip(found, longer, strict=True) if by]
        if not all(_is_free(block, end, by, moved) for end, by in moved):
            continue
        for end, by in zip(found, longer, strict=True):
            for position in end.items:
                items[position] = _longer(items[position], end.at, by)
        done[index] = replace(block, items=tuple(items), box=ink_of(items))
    return done


def _heights(block: Block) -> dict[str, float]:
    """How far below the axis the shapes of a block stand, by their names, which others have not.

    In what order a title tells the legs is another matter: a term may read a tensor the other way.
    """
    shapes = [item for item in block.items if isinstance(item, ShapeItem) and item.title]
    names = [shape.title.partition(" [")[0] for shape in shapes]
    counts = Counter(names)
    return {
        name: bbox(shape.outline).center[1] - block.axis
        for name, shape in zip(names, shapes, strict=True)
        if counts[name] == 1
    }


def _level_with(
    heights: Mapping[str, float], block: Block, ends: Sequence[_FreeEnd], reach: Mapping[bool, float]
) -> Block:
    """The block moved to where its shapes stand in the highest term, as far as its ends pass no others."""
    own = _heights(block)
    shared = [heights[title] - height for title, height in own.items() if title in heights]
    room = {down: reach[down] - max(end.reach for end in ends if end.down == down) for down in reach}
    by = max(-room[False], min(room[True], sum(shared) / len(shared))) if shared else 0.0
    return replace(block, items=move_items(block.items, (0.0, by)), box=block.box.moved((0.0, by)))


def _is_free(block: Block, end: _FreeEnd, by: float, moved: Sequence[tuple[_FreeEnd, float]]) -> bool:
    """Whether nothing stands where a wire is drawn on and its name moves to, but for what moves as far."""
    together = {item for other, far in moved if abs(far - by) < 0.01 for item in other.items}
    way = union(ink_box(block.items[i]) for i in end.items if isinstance(block.items[i], LabelItem))
    tip = (end.at[0], end.at[1] + by)
    corridor = union([Box(*end.at, *end.at), Box(*tip, *tip), way.moved((0, by))])
    others = (item for i, item in enumerate(block.items) if i not in together)
    return not any(ink_box(item).overlaps(corridor, 6.0) for item in others)


@dataclass(frozen=True, slots=True)
class _FreeEnd:
    """A free end that points up or down: where, how far from the axis, and the items that reach there."""

    at: Point
    down: bool
    reach: float
    items: tuple[int, ...]


def _vertical_ends(block: Block) -> list[_FreeEnd]:
    found = []
    shapes = [bbox(item.outline) for item in block.items if isinstance(item, ShapeItem)]
    for position, item in enumerate(block.items):
        if not isinstance(item, WireItem) or item.id not in block.free:
            continue
        for at, before in path_ends(item.path):
            if any(box.holds(at, 1.0) for box in shapes) or abs(at[0] - before[0]) > 0.01:
                continue
            down = at[1] > before[1]
            names = (
                i
                for i, label in enumerate(block.items)
                if isinstance(label, LabelItem)
                and label.line == item.id
                and abs(label.at[0] - at[0]) < 24
                and 0 < (label.at[1] - at[1]) * (1 if down else -1) < 48
            )
            reach = (at[1] - block.axis) * (1 if down else -1)
            found.append(_FreeEnd(at, down, reach, (position, *names)))
    return found


def _longer(item: Item, end: Point, by: float) -> Item:
    """A wire drawn on by so much from its end, or the name at that end moved along."""
    if not by:
        return item
    if isinstance(item, WireItem):
        to = (end[0], end[1] + by)
        if item.path.end == end:
            return replace(item, path=Path(item.path.start, (*item.path.segments, LineTo(to))))
        return replace(item, path=Path(to, (LineTo(end), *item.path.segments)))
    return move_items([item], (0.0, by))[0]


def _part(part: Block | Sign) -> _Part:
    match part:
        case Block(box=box, caption=caption, letters=letters):
            beside = max(0.0, measure(caption, enlarged(pieces.CAPTION, letters), True).width - box.width) / 2
            room = Box(box.left - beside, box.top, box.right + beside, box.bottom)
            return _Part(replace(part, box=room), "term")
        case Sign(label, kind, letters=letters):
            if kind == "sum":
                sign, *index = marks.sum_sign(label, (0.0, 0.0), letters)
                return _Part(block_of([replace(sign, title=part.told), *index]), "sum")
            size = enlarged(pieces.TENSOR if kind == "text" else pieces.SIGN, letters)
            return _Part(block_of([LabelItem(label, (0, 0), size, "sign", title=part.told or label)]), kind)


def _leading(cell: _Part, before: _Part | None) -> _Part:
    """An operator with nothing before it but another sign belongs to what follows."""
    first = before is None or before.kind in ("relation", "open", "sum")
    return replace(cell, kind="leading") if first and cell.kind == "operator" else cell


def _parenthesised(cells: Sequence[_Part]) -> list[_Part]:
    """The parts with parentheses as tall as what stands between them; those inside are never line ends."""
    done: list[_Part] = []
    opened: list[int] = []
    for cell in cells:
        if cell.kind == "open":
            opened.append(len(done))
        elif cell.kind == "close" and opened:
            start = opened.pop()
            within = union(part.block.at(0.0, 0.0).box for part in done[start + 1 :])
            done[start] = _Part(block_of([marks.parenthesis(within.top, within.bottom, -1.0)]), "open")
            done[start + 1 :] = [replace(part, inside=True) for part in done[start + 1 :]]
            cell = _Part(block_of([marks.parenthesis(within.top, within.bottom, 1.0)]), "close")
        done.append(cell)
    return done


def _line(cells: Sequence[_Part]) -> Block:
    """The parts of one line, the first one's ink (or a leading sign's centre) at x = 0."""
    placed: list[Block] = []
    x = 0.0
    for index, cell in enumerate(cells):
        if cell.narrow:
            half = cell.block.box.width / 2
            close = cell.kind == "leading"
            center = (x + half if close else x + SIGN_GAP) if index else 0.0
            placed.append(cell.block.at(center - half, 0))
            x = center + (half + LEADING_GAP if close else SIGN_GAP)
        else:
            if index and not cells[index - 1].narrow:
                x += TIGHT_GAP if cell.tight or cells[index - 1].tight else SIGN_GAP
            placed.append(cell.block.at(x, 0))
            x += cell.block.box.width
    return block_of([*(item for block in placed for item in block.items), *_captions(placed)])


def _captions(placed: Sequence[Block]) -> Iterator[LabelItem]:
    """The captions of terms, on one baseline."""
    bottom = max((block.box.bottom for block in placed), default=0.0)
    for block in placed:
        if block.caption:
            size = enlarged(pieces.CAPTION, block.letters)
            at = (block.box.center[0], bottom + CAPTION_GAP * size / pieces.CAPTION)
            yield LabelItem(block.caption, at, size, "caption", "grey", True, level="baseline")


def _broken(line: list[_Part], indent: float, widest: float, first: bool) -> Iterator[list[_Part]]:
    """The line, or if it is too wide several, all but the first beginning with an operator."""
    current: list[_Part] = []
    room = widest if first else widest - indent
    for operator, group in _groups(line):
        if operator and current and _line([*current, *group]).box.width > room:
            yield current
            current, room = [], widest - indent
        current.extend(group)
    yield current


def _groups(line: Sequence[_Part]) -> Iterator[tuple[bool, list[_Part]]]:
    """Each operator with what follows it; what stands before the first."""
    starts = [
        0,
        *(index for index, cell in enumerate(line) if cell.kind == "operator" and index and not cell.inside),
    ]
    for start, stop in zip(starts, [*starts[1:], len(line)], strict=True):
        yield line[start].kind == "operator", list(line[start:stop])


def _aligned(lines: Sequence[Sequence[_Part]]) -> Block:
    """Lines below one another, their first relations above one another, and operators that begin a line.

    A first side with a line of its own begins where the others do.
    """
    centers = [_relation_at(line) for line in lines]
    related = [center for center in centers if center is not None]
    anchor = max(related, default=0.0)
    items: list[Item] = []
    y = 0.0
    for index, (line, center) in enumerate(zip(lines, centers, strict=True)):
        block = _line(line)
        y += LINE_GAP - block.box.top if index else 0.0
        if center is not None:
            x = anchor - center
        elif index:
            x = anchor
        else:
            x = anchor + SIGN_GAP if related else 0.0
        items.extend(move_items(block.items, (x, y)))
        y += block.box.bottom
    return replace(block_of(items), relation=anchor if related else None)


def _relation_at(line: Sequence[_Part]) -> float | None:
    """Where the centre of a line's first relation lies."""
    for index, cell in enumerate(line):
        if cell.kind == "relation":
            return _line(line[:index]).box.right + SIGN_GAP if index else 0.0
    return None


def wrapped(text: str, width: float, size: float) -> Iterator[str]:
    """The words of a text in lines; never within a formula."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and line.count("$") % 2 == 0 and measure(longer, size, True).width > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line
