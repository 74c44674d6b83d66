"""Wires drawn anew after shapes have moved: from side to side, through the points that hints give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tnlang.draw import curves, pieces
from tnlang.draw.diagram import Diagram, Leave, Line, NameSide, Through
from tnlang.draw.frame import move_item
from tnlang.draw.geometry import add, bbox, distance, dot, flatten, join, move, reverse, unit
from tnlang.draw.labelling import Wanted
from tnlang.draw.round import loose_ends, meets
from tnlang.draw.scene import Item, LabelItem, Path, Point, RibbonItem, ShapeItem, WireItem

FREE = 24.0
SLOT, NARROWEST = 16.0, 12.0
_AHEAD = 0.2
"""An end keeps its direction while it leads towards the other end by so much."""
SIDES: dict[str, Point] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Rewired:
    """The items with wires and ribbons as they run now, without the names that have to find a new place."""

    items: tuple[Item, ...]
    wanted: tuple[Wanted, ...]
    changed: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Tip:
    """An end of a line: where it is and which way it leaves."""

    at: Point
    way: Point


def rewired(
    diagram: Diagram, old: Sequence[Item], carried: Sequence[Item], by: Mapping[int, Point]
) -> Rewired:
    """The carried items with every line drawn to where its ends are now.

    ``old`` are the items before shapes moved, ``by`` is how far each has.
    """
    work = _Wiring(diagram, old, by)
    routes = work.routes()
    shifted = work.shifted()
    named = {hint.line: hint.side for hint in diagram.hints if isinstance(hint, NameSide)}
    renamed = routes.keys() | named.keys()
    items: list[Item] = []
    said: dict[int, tuple[str, bool]] = {}
    done: set[int] = set()
    for item in carried:
        match item:
            case WireItem(id=number) if number in routes:
                if number not in done:
                    items.append(replace(item, path=routes[number]))
                    done.add(number)
            case WireItem(id=number) if number in shifted:
                items.append(move_item(item, shifted[number]))
            case LabelItem(kind="leg", line=int(line), text=text, word=word) if line in renamed:
                said[line] = (text, word)
            case LabelItem(kind="leg", line=int(line)) if line in shifted:
                items.append(move_item(item, shifted[line]))
            case RibbonItem(path=path):
                items.append(replace(item, path=work.ribbon(path)))
            case _:
                items.append(item)
    paths = {**{n: work.paths[n][0] for n in named if n in work.paths}, **routes}
    wanted = [w for n in sorted(paths) for w in work.wanted(n, paths[n], named.get(n), said.get(n))]
    return Rewired(tuple(items), tuple(wanted), frozenset(routes) | frozenset(shifted))


class _Wiring:
    def __init__(self, diagram: Diagram, old: Sequence[Item], by: Mapping[int, Point]) -> None:
        self.diagram, self.by = diagram, by
        self.lines = {line.id: line for line in diagram.lines}
        self.shapes = {shape.id: shape for shape in diagram.shapes}
        self.outlines = {item.id: item.outline for item in old if isinstance(item, ShapeItem)}
        self.paths: dict[int, list[Path]] = {}
        for item in old:
            if isinstance(item, WireItem) and item.id in self.lines:
                self.paths.setdefault(item.id, []).append(item.path)
        self.leaves = {(h.line, h.end): SIDES[h.side] for h in diagram.hints if isinstance(h, Leave)}
        self.bends = {h.line: h.points for h in diagram.hints if isinstance(h, Through)}
        self.opens = {(end.line, end.end): end for end in diagram.opens}
        self.used: dict[tuple[int, Point], list[float]] = {}

    # ------------------------------------------------------------ what has to be drawn anew

    def moves(self, line: Line) -> list[Point]:
        """How far each end of a line moves; a free end goes with the other one."""
        found = [self.by.get(e.shape, (0.0, 0.0)) if e.shape is not None else None for e in line.ends]
        known = [move for move in found if move is not None]
        return [known[0] if move is None and known else move or (0.0, 0.0) for move in found]

    def _is_new(self, line: Line) -> bool:
        first, last = self.moves(line)
        hinted = line.id in self.bends or any((line.id, end) in self.leaves for end in (0, 1))
        return line.id in self.paths and (first != last or hinted)

    def shifted(self) -> dict[int, Point]:
        """The lines that only move as a whole."""
        moves = {n: self.moves(line)[0] for n, line in self.lines.items() if not self._is_new(line)}
        return {n: move for n, move in moves.items() if move != (0.0, 0.0)}

    def routes(self) -> dict[int, Path]:
        """The new path of each line that does not stay as it is."""
        new = [line for line in self.diagram.lines if self._is_new(line)]
        numbers = {line.id for line in new}
        for line in self.diagram.lines:
            if line.id not in numbers and line.id in self.paths:
                for end, tip in enumerate(self._tips(line)):
                    self._occupy(line, end, tip)
        return {line.id: self._route(line) for line in new}

    # ------------------------------------------------------------ one line

    def _route(self, line: Line) -> Path:
        tips = self._tips(line)
        ends = [self._end(line, end, tips) for end in (0, 1)]
        bends = self.bends.get(line.id)
        if bends is None:
            out = [self._outside(line, end, ends[end]) for end in (0, 1)]
            curve = curves.cubic(out[0].at, out[0].way, out[1].at, out[1].way)
            before = [curves.straight(ends[0].at, out[0].at)] if out[0] != ends[0] else []
            after = [curves.straight(out[1].at, ends[1].at)] if out[1] != ends[1] else []
            return join(*before, curve, *after)
        stubs = [
            [add(ends[end].at, ends[end].way, FREE + 16.0)] if (line.id, end) in self.leaves else []
            for end in (0, 1)
        ]
        return curves.track((ends[0].at, *stubs[0], *bends, *stubs[1], ends[1].at), 24.0)

    def _end(self, line: Line, end: int, tips: Sequence[_Tip]) -> _Tip:
        """Where an end of a line is to be, and its way from there."""
        moves = self.moves(line)
        here = _Tip(add(tips[end].at, moves[end]), tips[end].way)
        there = add(tips[1 - end].at, moves[1 - end])
        shape = line.ends[end].shape
        given = self.leaves.get((line.id, end))
        if shape is None:
            return self._free(line, end, here)
        bends = self.bends.get(line.id)
        target = (bends[0] if end == 0 else bends[-1]) if bends else there
        aim = unit(here.at, target)
        if given is None and (dot(here.way, aim) > _AHEAD or shape not in self.outlines):
            return here
        side = given or max(SIDES.values(), key=lambda way: (dot(way, aim), way))
        return self._slot(line, end, shape, side, target)

    def _outside(self, line: Line, end: int, tip: _Tip) -> _Tip:
        """Where a line with a given side comes out of its shape, well past the outline."""
        shape = line.ends[end].shape
        if (line.id, end) not in self.leaves or shape is None or shape not in self.outlines:
            return tip
        box = bbox(self.outlines[shape])
        return replace(tip, at=add(tip.at, tip.way, (box.width if tip.way[0] else box.height) / 2 + 4.0))

    def _free(self, line: Line, end: int, here: _Tip) -> _Tip:
        """A free end: opposite to where its shape's end leaves, where that was given a side."""
        given = self.leaves.get((line.id, 1 - end))
        shape = line.ends[1 - end].shape
        if given is None or shape is None or shape not in self.outlines:
            return here
        box = bbox(self.outlines[shape]).moved(self.by.get(shape, (0.0, 0.0)))
        reach = (box.width if given[0] else box.height) / 2 + FREE
        return _Tip(add(box.center, given, reach), (-given[0], -given[1]))

    def _slot(self, line: Line, end: int, shape: int, side: Point, target: Point) -> _Tip:
        """A place on a side that no other line takes: the middle, else beside it towards the target."""
        box = bbox(self.outlines[shape]).moved(self.by.get(shape, (0.0, 0.0)))
        center = box.center
        across = (abs(side[1]), abs(side[0]))
        taken = self.used.setdefault((shape, side), [])
        if not pieces.is_disc(self.shapes[shape]):
            room = (box.width if side[1] else box.height) / 2 - 6.0
            towards = 1.0 if dot(unit(center, target), across) >= 0 else -1.0
            steps = [0.0, *(s * n * SLOT * towards for n in range(1, 40) for s in (1.0, -1.0))]
            free = [s for s in steps if abs(s) <= room and all(abs(s - t) >= NARROWEST for t in taken)]
            offset = free[0] if free else 0.0
        else:
            offset = 0.0
        taken.append(offset)
        return _Tip(add(center, across, offset), side)

    def _tips(self, line: Line) -> list[_Tip]:
        """Both ends of a line as it was drawn, in the order of its ends."""
        paths = self.paths[line.id]
        loose = [
            _Tip(at, _way(paths[i] if start else reverse(paths[i]))) for i, start, at in loose_ends(paths)
        ]
        if len(loose) < 2:  # a loop that returns to where it began
            whole = paths[0]
            loose = [_Tip(whole.start, _way(whole)), _Tip(paths[-1].end, _way(reverse(paths[-1])))]
        outline = self.outlines.get(line.ends[0].shape) if line.ends[0].shape is not None else None
        other = self.outlines.get(line.ends[1].shape) if line.ends[1].shape is not None else None
        first, last = loose[0], loose[-1]
        fits = outline is None or meets(outline, first.at)
        fits_other = other is None or meets(other, last.at)
        return [first, last] if fits and fits_other else [last, first]

    def _occupy(self, line: Line, end: int, tip: _Tip) -> None:
        shape = line.ends[end].shape
        if shape is None or shape not in self.outlines:
            return
        side = max(SIDES.values(), key=lambda way: dot(way, tip.way))
        center = bbox(self.outlines[shape]).center
        across = (abs(side[1]), abs(side[0]))
        offset = dot((tip.at[0] - center[0], tip.at[1] - center[1]), across)
        self.used.setdefault((shape, side), []).append(offset)

    # ------------------------------------------------------------ names and ribbons

    def wanted(
        self, number: int, path: Path, side: str | None, said: tuple[str, bool] | None
    ) -> list[Wanted]:
        """The names that a line asks for on its new path; ``said`` is the one that it had, if it had one."""
        line = self.lines[number]
        own, upright = said or (line.label, line.word)
        preferred = () if side is None else (side,)
        inside = any(e.shape is not None and self.shapes[e.shape].inside is not None for e in line.ends)
        found = []
        for end in (0, 1):
            opened = self.opens.get((number, end))
            if opened is not None:
                text, word = (opened.label, opened.word) if opened.label else (line.label, line.word)
                free = "start" if end == 0 else "end"
                size = pieces.leg_size(line, word, inside)
                found.append(
                    Wanted(number, text, path, size, word, pieces.line_width(line), free, preferred)  # type: ignore[arg-type]
                )
        size = pieces.leg_size(line, upright, inside)
        return found or [
            Wanted(number, own, path, size, upright, pieces.line_width(line), "", preferred)  # type: ignore[arg-type]
        ]

    def ribbon(self, path: Path) -> Path:
        """A ribbon between its copies as they stand now."""
        for ribbon in self.diagram.ribbons:
            ends = [self.outlines.get(ribbon.station), self.outlines.get(ribbon.paste)]
            if ends[0] is None or ends[1] is None:
                continue
            if meets(ends[0], path.start) and meets(ends[1], path.end):
                moves = [self.by.get(n, (0.0, 0.0)) for n in (ribbon.station, ribbon.paste)]
                if moves[0] == moves[1]:
                    return move(path, moves[0])
                start, end = add(path.start, moves[0]), add(path.end, moves[1])
                aim = unit(start, end)
                way = max(SIDES.values(), key=lambda side: (dot(side, aim), side))
                return curves.cubic(start, way, end, (-way[0], -way[1]))
        return path


def _way(path: Path) -> Point:
    """The direction in which a path begins."""
    points = flatten(path)
    later = next((p for p in points[1:] if distance(p, points[0]) > 1e-6), points[-1])
    return unit(points[0], later)
