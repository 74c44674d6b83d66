"""From laid-out parts to a figure: panels of diagrams and rows on a sheet, captions, the title."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, groupby, zip_longest
from math import inf

from tnlang.draw import pieces
from tnlang.draw.diagram import Diagram, Panel, Row, Sheet, Side, Sign, diagrams_of, lettered, map_diagrams
from tnlang.draw.equations import (
    CAPTION_GAP,
    CAPTION_LINE,
    LINE_GAP,
    WIDEST,
    Block,
    block_of,
    row_block,
    wrapped,
)
from tnlang.draw.frame import framed, ink_of, move_items
from tnlang.draw.geometry import Box, union
from tnlang.draw.labels import enlarged, measure
from tnlang.draw.reading import also_marked, turned
from tnlang.draw.scene import Item, LabelItem, OutlineItem, Scene, ShapeItem, WireItem
from tnlang.draw.sides import on_same_sides

PANEL_GAP = 48.0
MUCH = 64.0
"""A panel that ends so much higher than another has its caption higher too."""
TITLE, TITLE_WIDTH = 15.0, 480.0
PAGE = (1300.0, 1600.0)
"""What panels are arranged for: as much as can be read when it is printed over the width of a page."""
NEAR_RELATIONS = 96.0
"""Equations below one another are aligned on their relations where these are no farther apart."""
NARROW = 200.0
"""A caption is broken into lines no narrower than this."""

Layout = Callable[[Diagram, Side | None], Scene]


def compose(sheet: Sheet, layout: Layout, room: float = inf, letters: float = 1.0) -> Scene:
    """One scene of all panels: equations below one another, others side by side as long as they fit a page.

    ``room`` is the width of that page where it is narrower than usual, ``letters`` as in ``labels.enlarged``.
    Ids of shapes, walls and wires are made unique over the parts.
    """
    if letters != 1.0:
        sheet = replace(sheet, panels=tuple(lettered(panel, letters) for panel in sheet.panels))
    used = 0
    known: dict[tuple[Diagram, Side | None], Scene] = {}

    def laid_out(diagram: Diagram, flow: Side | None) -> Scene:
        bare = replace(diagram, cuts=(), outlined=(), joined=(), caption="")
        if (bare, flow) not in known:
            known[bare, flow] = layout(bare, flow)
        return known[bare, flow]

    def place(diagram: Diagram, flow: Side | None) -> Block:
        nonlocal used
        scene = also_marked(diagram, laid_out(diagram, flow), marked)
        if diagram.cuts or diagram.outlined or diagram.joined:
            from tnlang.draw.overlay import overlaid  # brings shapely and NumPy

            scene = overlaid(scene, diagram)
        items = [_renumbered(item, used) for item in scene.items] if used else list(scene.items)
        free = frozenset(end.line + used for end in diagram.opens)
        used = max([used, *map(_number, items)]) + 1
        block = replace(block_of(items, scene.axis), free=free, caption=diagram.caption, letters=letters)
        return replace(block, axis=block.box.center[1]) if diagram.backbones else block

    widest, page = min(WIDEST, room), (min(PAGE[0], room), PAGE[1])
    flows = [sheet.flow or _flow_of(panel) for panel in sheet.panels]
    agreeing = [
        _on_same_sides(panel, partial(laid_out, flow=flow))
        for panel, flow in zip(sheet.panels, flows, strict=True)
    ]
    marked = {
        name
        for panel, flow in zip(agreeing, flows, strict=True)
        for diagram in diagrams_of(panel)
        for name in turned(diagram, laid_out(diagram, flow))
    }
    blocks = [
        _content(panel.content, partial(place, flow=flow), widest, page[0])
        for panel, flow in zip(agreeing, flows, strict=True)
    ]
    items: list[Item] = []
    series = accumulate(int(panel.heads) for panel in sheet.panels)
    panels = [_panel(*found, letters) for found in zip(sheet.panels, blocks, series, strict=True)]
    lines = _arranged(_cells(panels, page[0]), page)
    for line, aside in zip(lines, _asides(lines, page[0]), strict=True):
        items.extend(_below(items, line, _columns(lines), aside))
    axis = blocks[0].axis if len(blocks) == 1 else 0.0
    told = _told(items)
    if not sheet.title:
        return framed(items, axis, description=told)
    entitled = _titled(items, sheet.title, min(TITLE_WIDTH, room), letters)
    return framed(entitled, axis, title=sheet.title, description=told)


def _flow_of(panel: Panel) -> Side | None:
    """The way a panel flows where nothing is said: the terms beside a backbone go down as it does."""
    return "down" if any(diagram.backbones for diagram in diagrams_of(panel)) else None


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
        case LabelItem(line=int(number)):
            return replace(item, line=number + by)
    return item


def _on_same_sides(panel: Panel, layout: Callable[[Diagram], Scene]) -> Panel:
    """The panel with the open legs of its terms on the same sides."""
    terms = iter(on_same_sides(diagrams_of(panel), layout))
    return map_diagrams(panel, lambda _: next(terms))


def _content(content: Diagram | Row, place: Callable[[Diagram], Block], widest: float, page: float) -> Block:
    match content:
        case Diagram():
            return place(content)
        case Row(parts):
            blocks = [place(part) if isinstance(part, Diagram) else part for part in parts]
            return row_block(blocks, widest, page)


# ---------------------------------------------------------------- panels


@dataclass(frozen=True, slots=True)
class _Placed:
    """A panel ready to be placed: its ink and the lines of its caption."""

    block: Block
    caption: tuple[str, ...]
    alone: bool
    """An equation has a line of its own."""
    series: int
    letters: float
    heading: str = ""

    @property
    def width(self) -> float:
        return max([self.block.box.width, *(measure(line, self.size, True).width for line in self.caption)])

    @property
    def height(self) -> float:
        lines = CAPTION_GAP * bool(self.caption) + CAPTION_LINE * len(self.caption)
        return self.block.box.height + self.size / pieces.CAPTION * lines

    @property
    def size(self) -> float:
        """The font size of its caption."""
        return enlarged(pieces.CAPTION, self.letters)


def _panel(panel: Panel, block: Block, series: int, letters: float) -> _Placed:
    caption = tuple(wrapped(panel.caption, max(NARROW, block.box.width), enlarged(pieces.CAPTION, letters)))
    row = panel.content.parts if isinstance(panel.content, Row) else ()
    alone = any(isinstance(part, Sign) and part.kind == "relation" for part in row)
    return _Placed(block, caption, alone, series, letters, panel.heading)


def _cells(panels: Sequence[_Placed], page: float) -> list[_Placed]:
    """The panels; an equation between two drawings stands among them if it is no wider than one may be."""
    widest = max([page / 3, *(panel.width for panel in panels if not panel.alone)])
    beside = zip([None, *panels], [*panels[1:], None], strict=False)
    return [
        replace(panel, alone=False)
        if panel.alone and panel.width <= widest and all(near and not near.alone for near in both)
        else panel
        for panel, both in zip(panels, beside, strict=False)
    ]


def _arranged(panels: Sequence[_Placed], page: tuple[float, float]) -> list[list[_Placed]]:
    """Panels in lines: equations alone, others side by side so that the whole fits a page best.

    Of all arrangements that fit the page the one with the fewest lines is taken.
    """
    lines: list[list[_Placed]] = []
    for (alone, _), group in groupby(panels, key=lambda panel: (panel.alone, panel.series)):
        run = list(group)
        if alone:
            lines.extend([panel] for panel in run)
            continue
        choices = [list(_filled(run, count)) for count in range(len(run), 0, -1)]
        sizes = [(max(1.0, _size(choice, page)), len(choice)) for choice in choices]
        lines.extend(choices[sizes.index(min(sizes))])
    return lines


def _filled(panels: Sequence[_Placed], count: int) -> Iterator[list[_Placed]]:
    """The panels in lines of so many."""
    for start in range(0, len(panels), count):
        yield list(panels[start : start + count])


def _size(lines: Sequence[Sequence[_Placed]], page: tuple[float, float]) -> float:
    """How many times as large as a page some lines of panels are."""
    width = max(sum(panel.width for panel in line) + PANEL_GAP * (len(line) - 1) for line in lines)
    height = sum(max(panel.height for panel in line) for line in lines) + LINE_GAP * (len(lines) - 1)
    return max(width / page[0], height / page[1])


def _columns(lines: Sequence[Sequence[_Placed]]) -> list[float]:
    """The widths of columns, where lines of several panels stand below one another."""
    several = [line for line in lines if len(line) > 1]
    if len(several) < 2:
        return []
    return [max(panel.width for panel in column if panel) for column in zip_longest(*several)]


def _asides(lines: Sequence[Sequence[_Placed]], page: float) -> list[float]:
    """How far each line stands to the right, so that the first relations of equations are above one another.

    Equations in a run are those whose relations would not be far apart, and that fit the page then.
    """
    found = [0.0] * len(lines)
    start = 0
    while start < len(lines):
        stop, run = start, list[float]()
        while stop < len(lines) and (at := _relation(lines[stop])) is not None:
            if (run and lines[stop][0].heading) or max([*run, at]) - min([*run, at]) > NEAR_RELATIONS:
                break
            run.append(at)
            stop += 1
        asides = [max(run) - at for at in run]
        wide = [line[0].width + aside for line, aside in zip(lines[start:stop], asides, strict=True)]
        if max(wide, default=0.0) <= max(page, *(line[0].width for line in lines)):
            found[start:stop] = asides
        start = max(stop, start + 1)
    return found


def _relation(line: Sequence[_Placed]) -> float | None:
    """How far from the left the first relation of an equation lies that has a line of its own."""
    (panel, *others) = line
    if others or not panel.alone or panel.block.relation is None:
        return None
    inset = (panel.width - panel.block.box.width) / 2 if panel.caption else 0.0
    return inset + panel.block.relation - panel.block.box.left


def _below(
    items: Sequence[Item], line: Sequence[_Placed], columns: Sequence[float], right: float
) -> list[Item]:
    """A line of panels below the items, so far to the right: axes on one height, a heading above.

    Captions stand on one baseline; those of panels that end much higher have one of their own.

    ``columns`` are the widths of the columns of panels that stand in several lines, () where there is one.
    """
    widths = [max(panel.width, *columns[i : i + 1], 0.0) for i, panel in enumerate(line)]
    lefts = accumulate((width + PANEL_GAP for width in widths), initial=right)
    placed = []
    for panel, left, width in zip(line, lefts, widths, strict=False):
        aside = (width - panel.block.box.width) / 2 if len(line) > 1 or panel.caption else 0.0
        placed.append(panel.block.at(left + aside, 0.0))
    box = union(block.box for block in placed)
    found = [item for block in placed for item in block.items]
    bottoms = _levelled([block.box.bottom for block in placed])
    for panel, block, below in zip(line, placed, bottoms, strict=True):
        gap, pitch = (length * panel.size / pieces.CAPTION for length in (CAPTION_GAP, CAPTION_LINE))
        for number, text in enumerate(panel.caption):
            at = (block.box.center[0], below + gap + pitch * number)
            found.append(LabelItem(text, at, panel.size, "caption", "grey", True, level="baseline"))
    if line[0].heading:
        at, size = (0.0, box.top - CAPTION_GAP), enlarged(TITLE, line[0].letters)
        found.append(LabelItem(line[0].heading, at, size, "caption", "ink", True, "left", level="baseline"))
    down = ink_of(items).bottom + LINE_GAP - ink_of(found).top if items else line[0].block.axis
    return list(move_items(found, (0.0, down)))


def _levelled(bottoms: Sequence[float]) -> list[float]:
    """For each panel of a line the lowest bottom of those that end about where it does.

    >>> _levelled([40.0, 80.0, 300.0, 290.0])
    [80.0, 80.0, 300.0, 300.0]
    """
    levels: list[float] = []
    for bottom in sorted(bottoms, reverse=True):
        if not levels or levels[-1] - bottom >= MUCH:
            levels.append(bottom)
    return [min(level for level in levels if level >= bottom) for bottom in bottoms]


# ---------------------------------------------------------------- titles


def _titled(items: Sequence[Item], title: str, least: float, letters: float) -> list[Item]:
    """The items under their title, which is broken into lines no wider than the picture (or ``least``)."""
    box = ink_of(items) if items else Box(0, 0, 0, 0)
    size = enlarged(TITLE, letters)
    pitch = 20.0 * size / TITLE
    lines = list(wrapped(title, max(least, box.width), size))
    first = box.top - 26.0 - pitch * (len(lines) - 1)
    return [
        *(
            LabelItem(
                line,
                (box.left, first + pitch * number),
                size,
                "caption",
                "ink",
                True,
                "left",
                level="baseline",
            )
            for number, line in enumerate(lines)
        ),
        *items,
    ]
