"""A placed backbone as items: turned the way the picture flows, its labels upright."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tnlang.draw import pieces
from tnlang.draw.bare import CLEAR, is_bare, short_of_names
from tnlang.draw.diagram import Enclosure, Side
from tnlang.draw.geometry import Box, bbox, box_around, crossings, distance_to, flatten, map_points, rounded
from tnlang.draw.labels import enlarged, label_box
from tnlang.draw.layout.backbone.drawn import Drawn
from tnlang.draw.layout.backbone.facing import facing
from tnlang.draw.layout.backbone.gauge import NAME, NAME_OFF
from tnlang.draw.layout.backbone.graph import Index
from tnlang.draw.layout.backbone.names import Ground
from tnlang.draw.layout.backbone.rows import NESTED
from tnlang.draw.scene import Item, LabelItem, Path, Point, RibbonItem

TURNS: dict[Side, tuple[float, float, float, float]] = {
    "down": (1, 0, 0, 1),
    "up": (1, 0, 0, -1),
    "right": (0, -1, 1, 0),
    "left": (0, -1, -1, 0),
}
"""x' = a x + c y, y' = b x + d y: time down becomes time along the flow."""


def is_turned(flow: Side) -> bool:
    return flow in ("left", "right")


class Ink:
    """Draws what is placed."""

    def __init__(self, index: Index, flow: Side) -> None:
        self.index, self.flow = index, flow
        self.matrix = TURNS[flow]

    def point(self, at: Point) -> Point:
        a, b, c, d = self.matrix
        return (a * at[0] + c * at[1], b * at[0] + d * at[1])

    def path(self, path: Path) -> Path:
        return map_points(path, (*self.matrix, 0.0, 0.0))

    def box(self, box: Box) -> Box:
        (a, b), (c, d) = self.point((box.left, box.top)), self.point((box.right, box.bottom))
        return Box(min(a, c), min(b, d), max(a, c), max(b, d))

    def half(self, half: Point) -> Point:
        return (half[1], half[0]) if is_turned(self.flow) else half

    # ------------------------------------------------------------ items

    def items(self, drawn: Drawn) -> list[Item]:
        """All items but the labels of lines, and the labels wanted."""
        items: list[Item] = []
        paths = {line: self.path(path) for line, path in drawn.paths.items()}
        for plate, box in sorted(drawn.plates, key=lambda p: -p[1].height):
            turned = self.box(box)
            items.append(pieces.plate_item(plate.number, turned, plate.label))
            items.append(self._count(plate.label, turned, drawn))
        walls = {wall: self.box(box) for wall, box in drawn.walls.items()}
        radii = self._radii(walls)
        for wall, box in walls.items():
            depth = len(self.index.around(wall)) - 1
            items.append(pieces.wall_item(self.index.enclosures[wall], rounded(box, radii[wall]), depth))
        items.extend(RibbonItem(self.path(path)) for path in drawn.ribbons)
        items.extend(self._wires(paths, drawn))
        items.extend(self._gates(walls, radii, paths))
        for shape, center in drawn.centers.items():
            known, at = self.index.shapes[shape], self.point(center)
            own = known.symbol == "folded" or shape in drawn.stretched
            half = self.half(drawn.halves[shape]) if own else None
            tip = facing(self.index, known, at, paths, half)
            items.extend(
                pieces.shape_items(
                    self.index.as_drawn(known),
                    at,
                    half=half,
                    tip=tip,
                    along=self._along(shape, paths),
                )
            )
        items.extend(self._badges(walls, radii, paths, drawn))
        for name, at in drawn.names:
            items.append(self._name(name, at))
        return items

    def _wires(self, paths: Mapping[int, Path], drawn: Drawn) -> Iterator[Item]:
        bare: dict[int, Box] = {}
        for shape, at in drawn.centers.items():
            known = self.index.shapes[shape]
            if is_bare(known):
                wide, high = pieces.half_size(known)
                bare[shape] = box_around(self.point(at), 2 * wide, 2 * high).grown(CLEAR)
        for number, path in paths.items():
            line = self.index.lines[number]
            yield pieces.wire_item(line, short_of_names(line, path, bare))

    def _count(self, label: str, plate: Box, drawn: Drawn) -> LabelItem:
        """How often a plate is repeated: in its lower right corner, or where there is room."""
        ground = self.ground(drawn)
        inner = [other for other in ground.plates if plate.holds_all(other) and other != plate]
        taken = [*ground.shapes.values(), *ground.walls, *inner]
        ways = [flatten(self.path(path)) for path in (*drawn.ribbons, *drawn.paths.values())]

        def free(label: LabelItem) -> bool:
            box = label_box(label).grown(4.0)
            clear = not any(box.overlaps(other, 2.0) for other in taken)
            return clear and not any(_passes(points, box) for points in ways)

        steps = range(int(max(0.0, plate.width - 62.0)) // 20 + 1)
        letters = self.index.diagram.letters
        labels = [
            pieces.count_label(label, Box(plate.left, plate.top, plate.right - 20.0 * step, bottom), letters)
            for bottom in (
                plate.bottom,
                *(plate.top + air + enlarged(pieces.COUNT, letters) for air in (27.0, 19.0)),
            )
            for step in steps
        ]
        return next(filter(free, labels), labels[0])

    def _radii(self, walls: dict[int, Box]) -> dict[int, float]:
        """Concentric corners: an outer wall's are larger by the gap."""
        found: dict[int, float] = {}
        for wall in sorted(walls, key=lambda w: -len(self.index.around(w))):
            box = walls[wall]
            inner = [
                found[w]
                for w in found
                if self.index.enclosures[w].inside == wall
                and min(walls[w].left - box.left, box.right - walls[w].right) < NESTED + 2
                and min(walls[w].top - box.top, box.bottom - walls[w].bottom) < NESTED + 2
            ]
            wanted = max(inner) + NESTED if len(inner) > 1 else 40.0
            found[wall] = min(wanted, 68.0, box.width / 2, box.height / 2)
        return found

    def _along(self, shape: int, paths: dict[int, Path]) -> Point:
        """The direction of the wire on which a shape lies."""
        for line in self.index.touching[shape]:
            if line in paths:
                points = flatten(paths[line])
                near, far = (0, 1) if self.index.lines[line].ends[0].shape == shape else (-1, -2)
                x, y = points[far][0] - points[near][0], points[far][1] - points[near][1]
                return (1.0, 0.0) if abs(x) >= abs(y) else (0.0, 1.0)
        return (1.0, 0.0)

    def _gates(self, walls: dict[int, Box], radii: dict[int, float], paths: dict[int, Path]) -> list[Item]:
        items: list[Item] = []
        for wall, box in walls.items():
            enclosure = self.index.enclosures[wall]
            outline = rounded(box, radii[wall])
            for line in (*enclosure.gates, *enclosure.ended):
                if line not in paths:
                    continue
                points = [p for p, _ in crossings(paths[line], outline)]
                if line in enclosure.ended and not points:
                    points = [
                        min((paths[line].start, paths[line].end), key=lambda p: distance_to(outline, p))
                    ]
                for at in points[:1]:
                    upright = min(abs(at[0] - box.left), abs(at[0] - box.right)) < min(
                        abs(at[1] - box.top), abs(at[1] - box.bottom)
                    )
                    along = (0.0, 1.0) if upright else (1.0, 0.0)
                    items.append(pieces.gate_item(enclosure, at, along, ended=line in enclosure.ended))
        return items

    def _badges(
        self, walls: dict[int, Box], radii: dict[int, float], paths: dict[int, Path], drawn: Drawn
    ) -> list[Item]:
        items: list[Item] = []
        ways = [*paths.values(), *(self.path(path) for path in drawn.ribbons)]
        ink = [(bbox(path), flatten(path)) for path in ways]
        taken: list[Box] = [
            self.box(Box(c[0] - h[0], c[1] - h[1], c[0] + h[0], c[1] + h[1]))
            for c, h in ((drawn.centers[s], drawn.halves[s]) for s in drawn.centers)
        ]
        for wall, box in walls.items():
            enclosure = self.index.enclosures[wall]
            if not enclosure.badge:
                continue
            half, tall = (length / 2 for length in pieces.badge_size(enclosure))
            low, high = box.left + radii[wall] + half - 14, box.right - radii[wall] - half + 14
            middle = (box.left + box.right) / 2
            steps = [low + 8 * i for i in range(int(max(0.0, high - low) // 8) + 1)] or [middle]
            if low >= high:
                steps = [middle]

            def free(x: float, y: float, half: float = half, tall: float = tall) -> bool:
                badge = Box(x - half - 5, y - tall - 3.5, x + half + 5, y + tall + 3.5)
                if any(badge.overlaps(other) for other in taken):
                    return False
                return not any(badge.overlaps(around) and _passes(points, badge) for around, points in ink)

            spots = [(x, box.top) for x in steps] + [(x, box.bottom) for x in steps]
            x, y = next((spot for spot in spots if free(*spot)), spots[0])
            taken.append(Box(x - half, y - tall, x + half, y + tall))
            items.extend(pieces.badge_items(enclosure, (x, y)))
            if enclosure.options:
                items.append(self._options(enclosure, (x, y), box, list(walls.values()), taken, ink))
        return items

    def _options(
        self,
        enclosure: Enclosure,
        badge: Point,
        wall: Box,
        walls: list[Box],
        taken: list[Box],
        ink: Sequence[tuple[Box, Sequence[Point]]],
    ) -> LabelItem:
        """A bubble's options at the first place that is clear of walls, badges and wires."""

        def free(box: Box) -> bool:
            around = Box(box.left - 4, box.top - 2, box.right + 4, box.bottom + 2)
            cut = any(around.overlaps(other) and not other.holds_all(around) for other in walls)
            clear = not cut and not any(around.overlaps(other) for other in taken)
            return clear and not any(around.overlaps(b) and _passes(points, around) for b, points in ink)

        spots = list(pieces.option_spots(enclosure, badge, wall))
        at, box = next((spot for spot in spots if free(spot[1])), spots[0])
        taken.append(box)
        return pieces.options_item(enclosure, at)

    def _name(self, name: str, at: Point) -> LabelItem:
        x, y = self.point((at[0] - NAME_OFF, at[1]))
        size = enlarged(NAME, self.index.diagram.letters)
        return LabelItem(
            name, (x, y), size, "note", "ink", True, "center" if is_turned(self.flow) else "right"
        )

    def ground(self, drawn: Drawn) -> Ground:
        """What names keep clear of."""
        shapes = {
            s: self.box(Box(x - h[0], y - h[1], x + h[0], y + h[1]))
            for s, (x, y), h in ((s, c, drawn.halves[s]) for s, c in drawn.centers.items())
        }
        return Ground(
            shapes,
            [self.box(box) for box in drawn.walls.values()],
            [self.box(box) for _, box in drawn.plates],
            [self.path(path) for path in drawn.ribbons],
            {line: self.path(path) for line, path in drawn.paths.items()},
        )


def _passes(points: Sequence[Point], box: Box) -> bool:
    """Whether a polyline comes into a box."""
    for a, b in pairwise(points):
        count = max(1, int((abs(a[0] - b[0]) + abs(a[1] - b[1])) / 4))
        for i in range(count + 1):
            t = i / count
            if box.holds((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)):
                return True
    return False
