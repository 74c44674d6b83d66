"""From laid-out parts to a figure: signs and terms in rows, rows and panels on a sheet, captions, the title.

Terms stand with their axes on one height, and signs on it; the centre of a sign is 28 from the nearest ink.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tnlang.draw import marks, pieces
from tnlang.draw.diagram import Diagram, Row, Sheet, Side, Sign
from tnlang.draw.frame import framed, ink_of, move_items
from tnlang.draw.geometry import Box, union
from tnlang.draw.labels import measure
from tnlang.draw.scene import Item, LabelItem, OutlineItem, Scene, ShapeItem, WireItem

WIDEST = 900.0
SIGN_GAP, OPERATOR_INDENT = 28.0, 40.0
TIGHT_GAP, LEADING_GAP = 18.0, 10.0
LINE_GAP, PANEL_GAP = 40.0, 48.0
CAPTION_GAP = 22.0
TITLE = 15.0

Layout = Callable[[Diagram, Side | None], Scene]


def compose(sheet: Sheet, layout: Layout) -> Scene:
    """One scene of all panels: side by side where they fit and are no rows, else below one another.

    Ids of shapes, walls and wires are made unique over the parts.
    """
    used = 0

    def place(diagram: Diagram) -> Block:
        nonlocal used
        scene = layout(diagram, sheet.flow)
        items = [_renumbered(item, used) for item in scene.items]
        used = max((_number(item) for item in items), default=used) + 1
        return _block(items, scene.axis)

    blocks = [_content(panel.content, place) for panel in sheet.panels]
    items: list[Item] = []
    for line in _lines(sheet, blocks):
        items.extend(_below(items, line))
    axis = blocks[0].axis if len(blocks) == 1 else 0.0
    told = _told(items)
    if not sheet.title:
        return framed(items, axis, description=told)
    return framed(_titled(items, sheet.title), axis, title=sheet.title, description=told)


def _told(items: Sequence[Item]) -> str:
    """The picture in words, for those who cannot see it: its labels are outlines."""
    shapes = dict.fromkeys(item.title for item in items if isinstance(item, ShapeItem))
    wires = dict.fromkeys(item.title for item in items if isinstance(item, WireItem) and item.title)
    bubbles = dict.fromkeys(item.title for item in items if isinstance(item, OutlineItem) and item.title)
    parts = (("shapes", shapes), ("wires", wires), ("bubbles", bubbles))
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in parts if names)


def _number(item: Item) -> int:
    match item:
        case ShapeItem(id=number) | OutlineItem(id=number) | WireItem(id=number):
            return number
    return -1


def _renumbered(item: Item, by: int) -> Item:
    match item:
        case ShapeItem(id=number) | OutlineItem(id=number) | WireItem(id=number):
            return replace(item, id=number + by)
        case LabelItem(inside=int(number)):
            return replace(item, inside=number + by)
    return item


@dataclass(frozen=True, slots=True)
class Block:
    """Items whose axis is at the height ``axis``, with the box round their ink."""

    items: tuple[Item, ...]
    box: Box
    axis: float = 0.0

    def at(self, x: float, y: float) -> Block:
        """The block moved so that its ink begins at x and its axis lies at y."""
        by = (x - self.box.left, y - self.axis)
        return Block(move_items(self.items, by), self.box.moved(by), y)


def _block(items: Sequence[Item], axis: float = 0.0) -> Block:
    return Block(tuple(items), ink_of(items) if items else Box(0, 0, 0, 0), axis)


def _content(content: Diagram | Row, place: Callable[[Diagram], Block]) -> Block:
    match content:
        case Diagram():
            return place(content)
        case Row(parts):
            return row_block([place(part) if isinstance(part, Diagram) else part for part in parts])


# ---------------------------------------------------------------- rows


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
        return self.kind in ("relation", "operator")

    @property
    def tight(self) -> bool:
        """What stands close to its neighbours."""
        return self.kind in ("sum", "open", "close")


def row_block(parts: Sequence[Block | Sign]) -> Block:
    """An equation or sum: terms and signs on one axis.

    A row wider than 900 breaks before its relations after the first, which then stand below one another; a
    line that is still too wide breaks before its operators.
    """
    cells = _parenthesised([_part(part) for part in parts])
    relations = [index for index, cell in enumerate(cells) if cell.kind == "relation"]
    starts = [0, *relations[1:]]
    indent = _relation_at(cells) or 0.0
    lines: list[list[_Part]] = []
    for start, stop in zip(starts, [*starts[1:], len(cells)], strict=True):
        group = cells[start:stop]
        room = WIDEST if len(lines) == 1 else WIDEST - indent
        if lines and _line(lines[-1] + group).box.width <= room:
            lines[-1] = lines[-1] + group
        else:
            lines.append(group)
    broken = [piece for i, line in enumerate(lines) for piece in _broken(line, indent, first=i == 0)]
    return _aligned(broken) if len(broken) > 1 else _line(cells)


def _part(part: Block | Sign) -> _Part:
    match part:
        case Block():
            return _Part(part, "term")
        case Sign(label, kind):
            if kind == "sum":
                sign, *index = marks.sum_sign(label, (0.0, 0.0))
                return _Part(_block([replace(sign, title=part.told), *index]), "sum")
            size = pieces.TENSOR if kind == "text" else pieces.SIGN
            return _Part(_block([LabelItem(label, (0, 0), size, "sign", title=part.told or label)]), kind)


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
            done[start] = _Part(_block([marks.parenthesis(within.top, within.bottom, -1.0)]), "open")
            done[start + 1 :] = [replace(part, inside=True) for part in done[start + 1 :]]
            cell = _Part(_block([marks.parenthesis(within.top, within.bottom, 1.0)]), "close")
        done.append(cell)
    return done


def _line(cells: Sequence[_Part]) -> Block:
    """The parts of one line, the first one's ink (or a leading sign's centre) at x = 0."""
    placed: list[Block] = []
    x = 0.0
    for index, cell in enumerate(cells):
        if cell.narrow:
            half = cell.block.box.width / 2
            # a sign with nothing before it but another sign belongs to what follows
            leading = cell.kind == "operator" and (
                index == 0 or cells[index - 1].kind in ("relation", "open")
            )
            center = (x + half if leading else x + SIGN_GAP) if index else 0.0
            placed.append(cell.block.at(center - half, 0))
            x = center + (half + LEADING_GAP if leading else SIGN_GAP)
        else:
            if index and not cells[index - 1].narrow:
                x += TIGHT_GAP if cell.tight or cells[index - 1].tight else SIGN_GAP
            placed.append(cell.block.at(x, 0))
            x += cell.block.box.width
    return _block([item for block in placed for item in block.items])


def _broken(line: list[_Part], indent: float, first: bool) -> Iterator[list[_Part]]:
    """The line, or if it is too wide several, all but the first beginning with an operator."""
    current: list[_Part] = []
    room = WIDEST if first else WIDEST - indent
    for operator, group in _groups(line):
        if operator and current and _line([*current, *group]).box.width > room:
            yield current
            current, room = [], WIDEST - indent - OPERATOR_INDENT
        current.extend(group)
    yield current


def _groups(line: Sequence[_Part]) -> Iterator[tuple[bool, list[_Part]]]:
    """Each operator with what follows it; what stands before the first."""
    starts = [
        0,
        *(
            index
            for index, cell in enumerate(line)
            if cell.kind == "operator" and index and not cell.inside and line[index - 1].kind != "relation"
        ),
    ]
    for start, stop in zip(starts, [*starts[1:], len(line)], strict=True):
        yield line[start].kind == "operator", list(line[start:stop])


def _aligned(lines: Sequence[Sequence[_Part]]) -> Block:
    """Lines below one another, their first relations above one another, operators a little to the right."""
    centers = [_relation_at(line) for line in lines]
    anchor = max((center for center in centers if center is not None), default=0.0)
    items: list[Item] = []
    y = 0.0
    for index, (line, center) in enumerate(zip(lines, centers, strict=True)):
        block = _line(line)
        y += LINE_GAP - block.box.top if index else 0.0
        x = anchor - center if center is not None else (anchor + OPERATOR_INDENT if index else 0.0)
        items.extend(move_items(block.items, (x, y)))
        y += block.box.bottom
    return _block(items)


def _relation_at(line: Sequence[_Part]) -> float | None:
    """Where the centre of a line's first relation lies."""
    for index, cell in enumerate(line):
        if cell.kind == "relation":
            return _line(line[:index]).box.right + SIGN_GAP if index else 0.0
    return None


# ---------------------------------------------------------------- sheets


def _lines(sheet: Sheet, blocks: Sequence[Block]) -> Iterator[list[tuple[Block, str]]]:
    """Panels by line, with their captions: rows stand alone, the others side by side as long as they fit."""
    line: list[tuple[Block, str]] = []
    for panel, block in zip(sheet.panels, blocks, strict=True):
        alone = isinstance(panel.content, Row)
        width = sum(other.box.width + PANEL_GAP for other, _ in line) + block.box.width
        if line and (alone or width > WIDEST):
            yield line
            line = []
        line.append((block, panel.caption))
        if alone:
            yield line
            line = []
    if line:
        yield line


def _below(items: Sequence[Item], line: Sequence[tuple[Block, str]]) -> list[Item]:
    """A line of panels below the items, from x = 0: axes on one height, captions on one baseline."""
    lefts = accumulate((_room(block, caption) + PANEL_GAP for block, caption in line), initial=0.0)
    placed = []
    for (block, caption), left in zip(line, lefts, strict=False):
        aside = (_room(block, caption) - block.box.width) / 2
        placed.append((block.at(left + aside, 0.0), caption))
    box = union(block.box for block, _ in placed)
    found = [item for block, _ in placed for item in block.items]
    for block, caption in placed:
        if caption:
            at = (block.box.center[0], box.bottom + CAPTION_GAP)
            found.append(LabelItem(caption, at, pieces.CAPTION, "caption", "grey", True, level="baseline"))
    down = ink_of(items).bottom + LINE_GAP - box.top if items else line[0][0].axis
    return list(move_items(found, (0.0, down)))


def _room(block: Block, caption: str) -> float:
    return max(block.box.width, measure(caption, pieces.CAPTION, True).width)


def _titled(items: Sequence[Item], title: str) -> list[Item]:
    """The items under their title, which is broken into lines no wider than the picture (or 480)."""
    box = ink_of(items) if items else Box(0, 0, 0, 0)
    lines = list(_wrapped(title, max(480.0, box.width)))
    last = box.top - 26.0
    labels = [
        LabelItem(
            line, (box.left, last - 20.0 * above), TITLE, "caption", "ink", True, "left", level="baseline"
        )
        for line, above in zip(lines, range(len(lines) - 1, -1, -1), strict=True)
    ]
    return [*labels, *items]


def _wrapped(text: str, width: float) -> Iterator[str]:
    """The words of a text in lines; never within a formula."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and line.count("$") % 2 == 0 and measure(longer, TITLE, True).width > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line
