"""Which lines of a backbone's picture bear their names, and on which stretch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from tnlang.draw import pieces
from tnlang.draw.curves import straight
from tnlang.draw.diagram import MINUS, Side
from tnlang.draw.geometry import Box, add, bbox, distance, flatten, length, unit
from tnlang.draw.labelling import Place, Wanted
from tnlang.draw.layout.backbone.graph import RESULT, Index
from tnlang.draw.scene import LineTo, Path, Point


@dataclass(frozen=True, slots=True)
class Ground:
    """What a name had better not stand across, in the picture's own frame."""

    shapes: Mapping[int, Box]
    walls: Sequence[Box]
    plates: Sequence[Box]
    ribbons: Sequence[Path]
    paths: Mapping[int, Path]


TURNED: dict[Side, tuple[Place, Place]] = {
    "down": ("above", "below"),
    "up": ("below", "above"),
    "right": ("left", "right"),
    "left": ("right", "left"),
}
"""The sides of a wire across the tracks: towards where time comes from, and towards where it goes."""

FEW = 3
"""So many pieces of a line may bear its name."""
CLOSE = 40.0
"""Free ends so near to one another leave no room between for two names."""
SHORT = 24.0
"""What a name at a free end needs at least."""
LEAST = 72.0
"""A wire with a twin beside it bears its name only where so much of it is seen."""


class Naming:
    """The names wanted. ``tracks`` are the lines of the backbones, which run along ``flow``."""

    def __init__(self, index: Index, ground: Ground, tracks: Iterable[int], flow: Side) -> None:
        self.index, self.ground, self.flow = index, ground, flow
        self.sideways = flow in ("left", "right")
        longest = max((t for b in index.diagram.backbones for t in b.tracks), key=len, default=())
        self.hidden = index.lines[longest[-1]].dim if longest else ""
        self.tracks = frozenset(tracks)
        self.boxes = {line: bbox(path) for line, path in ground.paths.items()}
        self.opens = {o.line: o for o in index.diagram.opens}
        outputs = {o.line: o.order // RESULT for o in index.diagram.opens if o.kind == "output"}
        self.of_several = frozenset(outputs) if len(set(outputs.values())) > 1 else frozenset()
        ends = {line: self._free_end(line) for line in self.of_several - self.tracks if line in ground.paths}
        self.bundled = frozenset() if self.sideways else _between_others(ends)
        """Free ends above one another, the middle ones between others: a name stands beyond each."""
        self.spoken: dict[str, tuple[str, bool]] = {}
        for line in (index.lines[n] for n in sorted(self.tracks)):
            if line.label:
                self.spoken.setdefault(line.dim, (line.label, line.word))

    def wanted(self) -> list[Wanted]:
        """A name for each line that bears one."""
        found = self._stretches()
        bearers, named, lent = self._bearers(), {want.line for want in found}, self._lent()
        for line, path in self.ground.paths.items():
            minus = self.index.lines[line].label == MINUS
            passed_over = line not in bearers or self._mute(line)
            if line in self.tracks or line in named or line in lent.values() or (passed_over and not minus):
                continue
            text, word = self._text(lent.get(line, line))
            if text and line in self.bundled:
                begins = self.opens[line].end == 0
                found.append(replace(self._want(line, text, word, path), free="start" if begins else "end"))
                continue
            parts = self._pieces([line], path, text) or [path]
            if text and (minus or length(parts[0]) >= LEAST or not self._has_twin(line)):
                want = self._want(line, text, word, parts[0], self._outside(line))
                found.append(replace(want, others=tuple(parts[1:FEW])))
        return found

    def _outside(self, line: int) -> tuple[Place, ...]:
        """Of the two wires between a station and a block the outer one is named outside."""
        known = self.index.lines[line]
        station = next((e.shape for e in known.ends if e.shape in self.index.stations), None)
        if station is None:
            return ()
        gives = self.index.shapes[station].symbol == "copy"
        outer = known.dim == self.hidden
        first, second = TURNED[self.flow]
        return (first, second) if outer == gives else (second, first)

    def _has_twin(self, line: int) -> bool:
        """Whether another line joins the same two shapes."""
        ends = {e.shape for e in self.index.lines[line].ends}
        if ends & self.index.stations:
            return False
        return any(n.id != line and {e.shape for e in n.ends} == ends for n in self.index.diagram.lines)

    def _want(
        self, line: int, text: str, word: bool, path: Path, preferred: tuple[Place, ...] = ()
    ) -> Wanted:
        known = self.index.lines[line]
        inside = any(
            e.shape is not None and self.index.shapes[e.shape].inside is not None for e in known.ends
        )
        size = pieces.leg_size(known, word, inside)
        return Wanted(line, text, path, size, word, pieces.line_width(known), "", preferred)

    def _text(self, line: int) -> tuple[str, bool]:
        """What is written at a line; one from or to a station is named like its track.

        A free end of one of several outputs says which it is.
        """
        known = self.index.lines[line]
        if known.label and line not in self.of_several:
            return known.label, known.word
        if line in self.opens:
            return self.opens[line].label, self.opens[line].word
        if self._from_station(line):
            return self.spoken.get(known.dim, ("", False))
        return "", False

    # ------------------------------------------------------------ the tracks

    def _stretches(self) -> list[Wanted]:
        """The first and last stretch of a backbone and those after a sum: names stand level, outside."""
        found: list[Wanted] = []
        for backbone in self.index.diagram.backbones:
            last = len(backbone.tracks) - 1
            for i, lines in enumerate(backbone.tracks):
                known = [n for n in lines if n in self.ground.paths]
                before = self.index.shapes[backbone.stations[i - 1]].symbol if i else ""
                named_above = i == 1 < last and any(w.line in backbone.tracks[0] for w in found)
                after = self.index.shapes[backbone.stations[i]].symbol if i < last else ""
                quiet = 0 < i < last and (before != "plus" or after == "plus")
                if not known or named_above or quiet:
                    continue
                for position, line in enumerate(lines):
                    if line not in known:
                        continue
                    text, word = self._text(line)
                    path = self.ground.paths[line]
                    if 0 < position < len(lines) - 1:
                        # between two others a name stands at a free end alone
                        if line in self.opens and text:
                            plain = self._want(line, text, word, path)
                            begins = self.opens[line].end == 0
                            found.append(replace(plain, free="start" if begins else "end"))
                        continue
                    parts = self._pieces(known, path, text)
                    if line in self.of_several:
                        parts.sort(key=partial(_apart, self._free_end(line)))
                        parts[:1] = [self._last(line, part, text) for part in parts[:1]]
                    if text and parts:
                        sides = self._sides(position, len(lines))
                        want = self._want(line, text, word, parts[0], sides)
                        found.append(replace(want, others=tuple(parts[1:FEW])))
        return found

    def _last(self, line: int, piece: Path, text: str) -> Path:
        """Of a level piece at a free end as much as the name needs: ribbons may leave a station before it."""
        end = self._free_end(line)
        far = max((piece.start, piece.end), key=partial(distance, end))
        need = pieces.leg_extent(self.index.lines[line], text, True).width + 8.0
        if not self.sideways or distance(piece.start, piece.end) <= need:
            return piece
        near = min((piece.start, piece.end), key=partial(distance, end))
        return straight(near, add(near, unit(near, far), need))

    def _free_end(self, line: int) -> Point:
        path = self.ground.paths[line]
        return path.start if self.opens[line].end == 0 else path.end

    def _sides(self, position: int, count: int) -> tuple[Place, ...]:
        outside = position < count / 2 if count > 1 else False
        if self.sideways:
            return ("below", "above") if outside else ("above", "below")
        return ("left", "right") if outside else ("right", "left")

    # ------------------------------------------------------------ other lines

    def _bearers(self) -> set[int]:
        """Of the lines that are one wire but for a strip or a bias on it, the longest bears the name.

        So are the lines of a dot from a station and to one.
        """
        paths = self.ground.paths
        leader = {line: line for line in paths}

        def find(line: int) -> int:
            while leader[line] != line:
                line = leader[line]
            return line

        for shape in self.index.diagram.shapes:
            if shape.symbol not in ("onehot", "plus", "dot") or shape.id in self.index.stations:
                continue
            same: dict[str, list[int]] = {}
            for line in shape.legs:
                if line in leader and (shape.symbol != "dot" or self._from_station(line)):
                    same.setdefault(self.index.lines[line].dim, []).append(line)
            for lines in same.values():
                for other in lines[1:]:
                    leader[find(other)] = find(lines[0])
        groups: dict[int, list[int]] = {}
        for line in paths:
            groups.setdefault(find(line), []).append(line)

        def worth(line: int) -> tuple[bool, bool, float]:
            known = self.index.lines[line]
            shapes = [self.index.shapes[e.shape] for e in known.ends if e.shape is not None]
            is_bias = any(s.role == "bias" for s in shapes)
            return (known.label != MINUS, not is_bias, length(paths[line]))

        return {max(lines, key=worth) for lines in groups.values()}

    def _from_station(self, line: int) -> bool:
        return any(e.shape in self.index.stations for e in self.index.lines[line].ends)

    def _lent(self) -> dict[int, int]:
        """Lines that bear the name of another one of their dot, which has no room for it."""
        found: dict[int, int] = {}
        for shape in self.index.diagram.shapes:
            if shape.symbol != "dot" or shape.id in self.index.stations:
                continue
            legs = [n for n in shape.legs if n in self.ground.paths and not self._from_station(n)]
            for own in (n for n in legs if self.index.lines[n].label and not self._fits(n, n)):
                known = self.index.lines[own]
                same = (
                    n for n in legs if not self.index.lines[n].label and self.index.lines[n].dim == known.dim
                )
                lent = next((n for n in same if n not in found and self._fits(n, own)), None)
                if lent is not None:
                    found[lent] = own
        return found

    def _fits(self, line: int, named: int) -> bool:
        """Whether a name has a straight piece of a line to itself."""
        text = self.index.lines[named].label
        extent = pieces.leg_extent(self.index.lines[named], text, self.index.lines[named].word)
        return any(
            distance(part.start, part.end)
            >= (extent.width if abs(part.start[1] - part.end[1]) < 1e-6 else extent.height) + 8.0
            for part in self._pieces([line], self.ground.paths[line], text)
        )

    def _mute(self, line: int) -> bool:
        """Lines whose name stands elsewhere: a bias's legs, and the wires of a box beside its stations."""
        known = self.index.lines[line]
        shapes = [self.index.shapes[e.shape] for e in known.ends if e.shape is not None]
        if any(s.role == "bias" for s in shapes):
            return True
        stations = [s for s in shapes if s.id in self.index.stations]
        if stations:
            return self.sideways and any(s.symbol == "folded" for s in shapes if s not in stations)
        return False

    # ------------------------------------------------------------ stretches free of other ink

    def _pieces(self, lines: Sequence[int], path: Path, text: str) -> list[Path]:
        """Straight pieces of a path that nothing crosses, nor the lines beside it; the longest first."""
        found: list[tuple[float, Path]] = []
        width = pieces.leg_extent(self.index.lines[lines[0]], text, True).width
        for a, b in _runs(path):
            flat = abs(a[1] - b[1]) < 1e-6
            low, high = sorted((a[0], b[0]) if flat else (a[1], b[1]))
            across = [a[1] if flat else a[0]]
            across += [
                (self.ground.paths[n].start[1] if flat else self.ground.paths[n].start[0])
                for n in lines
                if len(lines) > 1
            ]
            for start, stop in _gaps(low, high, self._cuts(lines, flat, across, (low, high))):
                # across the page a name has its wire to itself; beside an upright wire it needs room
                size = stop - start + (1000.0 if flat and stop - start > width + 6 else 0.0)
                ends = ((start, a[1]), (stop, a[1])) if flat else ((a[0], start), (a[0], stop))
                found.append((size, straight(*ends)))
        return [piece for size, piece in sorted(found, key=lambda f: -round(f[0])) if size >= 8]

    def _cuts(
        self, lines: Sequence[int], flat: bool, across: Sequence[float], reach: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """Stretches of a straight run that other ink takes."""
        ground = self.ground
        cuts: list[tuple[float, float]] = []
        for at in across:
            for box in ground.shapes.values():
                near, far = (box.top, box.bottom) if flat else (box.left, box.right)
                if near - 1 <= at <= far + 1:
                    cuts.append((box.left - 2, box.right + 2) if flat else (box.top - 2, box.bottom + 2))
            for boxes, clear in ((ground.plates, 8.0), (ground.walls, 5.0)):
                for box in boxes:
                    near, far = (box.top, box.bottom) if flat else (box.left, box.right)
                    if near <= at <= far:
                        edges = (box.left, box.right) if flat else (box.top, box.bottom)
                        cuts.extend((edge - clear, edge + clear) for edge in edges)
            for number, path in ground.paths.items():
                if number not in lines and _near(self.boxes[number], flat, at, reach):
                    cuts.extend((x - 4, x + 4) for x in _crossed(path, flat, at, reach))
            for path in ground.ribbons:
                cuts.extend((x - 7, x + 7) for x in _crossed(path, flat, at, reach))
        return cuts


def _apart(end: Point, piece: Path) -> tuple[bool, float]:
    """How far a piece of a wire is from its free end; those that a name hardly fits come last."""
    return (length(piece) < SHORT, min(distance(piece.start, end), distance(piece.end, end)))


def _between_others(ends: Mapping[int, Point]) -> frozenset[int]:
    """The free ends of which three or more stand close above one another."""
    found: set[int] = set()
    column: list[int] = []
    for line in sorted(ends, key=lambda line: (ends[line][0], ends[line][1])):
        (x, y), (before, above) = ends[line], ends[column[-1]] if column else ends[line]
        if x - before > 1.0 or y - above > CLOSE:
            column = []
        column.append(line)
        found |= set(column) if len(column) > 2 else set()
    return frozenset(found)


def _runs(path: Path) -> list[tuple[Point, Point]]:
    """The straight pieces of a path along an axis."""
    found: list[tuple[Point, Point]] = []
    at = path.start
    for segment in path.segments:
        level = abs(at[0] - segment.end[0]) < 1e-6 or abs(at[1] - segment.end[1]) < 1e-6
        if isinstance(segment, LineTo) and level and distance(at, segment.end) > 6:
            found.append((at, segment.end))
        at = segment.end
    return found


def _gaps(low: float, high: float, cuts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What is left of a stretch without its cuts."""
    found: list[tuple[float, float]] = []
    at = low
    for start, stop in sorted(cuts):
        if start > at:
            found.append((at, min(start, high)))
        at = max(at, stop)
        if at >= high:
            break
    if at < high:
        found.append((at, high))
    return [(a, b) for a, b in found if b > a]


def _near(box: Box, flat: bool, at: float, reach: tuple[float, float]) -> bool:
    """Whether what is in a box can cross a straight line at all."""
    if flat:
        return box.top <= at <= box.bottom and box.left <= reach[1] and box.right >= reach[0]
    return box.left <= at <= box.right and box.top <= reach[1] and box.bottom >= reach[0]


def _crossed(path: Path, flat: bool, at: float, reach: tuple[float, float]) -> list[float]:
    """Where a path crosses a straight line across or along the picture."""
    found: list[float] = []
    for a, b in pairwise(flatten(path)):
        (u, v), (x, y) = ((a[1], b[1]), (a[0], b[0])) if flat else ((a[0], b[0]), (a[1], b[1]))
        if (u - at) * (v - at) <= 0 and abs(u - v) > 1e-9:
            part = x + (y - x) * (at - u) / (v - u)
            if reach[0] <= part <= reach[1]:
                found.append(part)
    return found
