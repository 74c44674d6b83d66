"""The whole diagram in columns, bubble by bubble: what is drawn where nothing more particular fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tnlang.draw import geometry, pieces
from tnlang.draw.diagram import Side
from tnlang.draw.geometry import Box, add, union
from tnlang.draw.labels import enlarged, measure
from tnlang.draw.layout.box import Placed, Pose, merged
from tnlang.draw.layout.hang import Inner, remembered
from tnlang.draw.layout.layered import layered
from tnlang.draw.layout.level import Index, Level, level
from tnlang.draw.layout.single import bare_wires
from tnlang.draw.layout.wall import enclosed

FREE, GAP, PART_GAP = 24.0, 12.0, 36.0
"""A free leg's length; between a leg's end and its name; between parts that do not hang together."""
_SHAPE = 1.6
"""How much wider than high parts are packed."""


Place = Callable[[Index, Level, Mapping[int, Side], Inner], Placed]
"""Places items that hang together."""


def orderly(index: Index, inside: int | None, want: Mapping[int, Side], place: Place = layered) -> Placed:
    """What stands in an enclosure (None: outside all), without its wall; outside all by ``place``."""
    here = level(index, inside)

    def within(enclosure: int, sides: Mapping[int, Side]) -> Placed:
        return walled(index, enclosure, orderly(index, enclosure, sides))

    inner = remembered(index, want, within)
    parts = [floating(index, item) for item in here.floats]
    for items in here.components():
        part = here.only(items)
        parts.append(place(index, Level(inside, part.items, part.edges, ()), want, inner))
    parts += [bare_wires(index, Placed(), (line,)) for line in here.bare]
    if not parts:
        return Placed(box=Box(0.0, 0.0, 0.0, 0.0))
    if len(parts) == 1:
        return parts[0]
    return _packed(index, parts) if inside is None else _stacked(index, parts)


def walled(index: Index, enclosure: int, content: Placed) -> Placed:
    """The content in its wall, with room above for what is written beside it."""
    placed = enclosed(index, enclosure, content)
    options = index.enclosures[enclosure].options
    if not options:
        return placed
    extent = measure(options, enlarged(pieces.NOTE, index.diagram.letters))
    wide, high = (extent.height, extent.width) if index.turned else (extent.width, extent.height)
    middle, more = placed.box.center, (max(0.0, wide - placed.box.width / 2) + 30.0, high + 24.0)
    room = Box(
        middle[0] - placed.box.width / 2 - more[0],
        placed.box.top - more[1],
        middle[0] + placed.box.width / 2 + more[0],
        placed.box.bottom + more[1] * index.turned,
    )
    return replace(placed, box=union((placed.box, room)))


def floating(index: Index, item: int) -> Placed:
    """A shape without legs."""
    pose = Pose((0.0, 0.0), index.half(index.shapes[item]))
    return Placed({item: pose}, box=pose.box.grown(4.0))


def _stacked(index: Index, parts: list[Placed]) -> Placed:
    """Parts in a bubble: those without legs in rows at the top, the others below one another."""
    closed = [part for part in parts if not part.ports]
    rows = [_packed(index, closed)] if closed else []
    done: list[Placed] = []
    bottom = 0.0
    for part in (*rows, *(part for part in parts if part.ports)):
        part = part.moved((-part.box.center[0], bottom - part.box.top))
        bottom = part.box.bottom + PART_GAP
        done.append(part)
    return merged(done)


def _packed(index: Index, parts: list[Placed]) -> Placed:
    """Parts side by side in rows, each with the room that its free legs and their names take."""
    rooms = [room_of(index, part) for part in parts]
    area = sum((room.width + PART_GAP) * (room.height + PART_GAP) for room in rooms)
    widest = max(max(room.width for room in rooms), (_SHAPE * area) ** 0.5)
    done: list[Placed] = []
    x = y = low = 0.0
    for part, room in zip(parts, rooms, strict=True):
        if x and x + room.width > widest:
            x, y = 0.0, low + PART_GAP
        done.append(part.moved((x - room.left, y - room.top)))
        x += room.width + PART_GAP
        low = max(low, y + room.height)
    return merged(done)


def room_of(index: Index, part: Placed) -> Box:
    """The box round a part with its free legs and their names."""
    boxes = [part.box]
    names = {(o.line, o.end): o for o in index.diagram.opens}
    ends = [(p.line, p.end, add(p.at, p.normal, FREE), p.normal) for p in part.ports]
    for line, path in part.routes.items():
        for end, at in ((0, path.start), (1, path.end)):
            if (line, end) in names:
                ends.append((line, end, at, geometry.unit(path.end if end == 0 else path.start, at)))
    for line, end, at, away in ends:
        opened = names.get((line, end))
        known = index.lines[line]
        text, word = (opened.label, opened.word) if opened and opened.label else (known.label, known.word)
        extent = pieces.leg_extent(known, text, word)
        reach = GAP + (8.0 + enlarged(14.0, known.letters) if index.turned else extent.width)
        tip = add(at, away, reach)
        across = extent.width / 2 if index.turned else 2.0 + enlarged(14.0, known.letters) / 2
        boxes.append(Box(min(at[0], tip[0]), at[1] - across, max(at[0], tip[0]), at[1] + across))
    return union(boxes)
