"""How large shapes and names are while a backbone is laid out, whichever way it will flow."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.draw import pieces
from tnlang.draw.diagram import Enclosure, Line, Plate, Shape
from tnlang.draw.labels import enlarged, measure
from tnlang.draw.layout.backbone.graph import Index
from tnlang.draw.scene import Point

NAME, NAME_OFF = 14.0, 30.0
"""Size of a block's name, and how far from the middle of the tracks it stands."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """How large things are in the frame that flows down, for a picture that may be ``turned`` sideways.

    ``ease`` is added to the clear space between shapes.
    """

    index: Index
    turned: bool
    ease: float = 0.0

    def half(self, shape: Shape) -> Point:
        """Half the extent of a shape along x and y; a strip turns with its wire."""
        wide, high = pieces.half_size(self.index.as_drawn(shape))
        return (high, wide) if self.turned and shape.symbol != "onehot" else (wide, high)

    def room(self, line: Line) -> float:
        """The length that a line across the tracks needs for its label."""
        if not line.label or self.turned:
            return 4.0 + enlarged(14.0, line.letters) if line.label else 0.0
        return pieces.leg_extent(line, line.label, line.word).width + 12.0

    def longest(self) -> float:
        """The length across the tracks that the names of the tracks need."""
        tracks = (n for b in self.index.diagram.backbones for t in b.tracks for n in t)
        return max((self.room(self.index.lines[n]) for n in tracks), default=0.0)

    def along(self, line: Line) -> float:
        """The length that a line along the tracks needs for its label."""
        if not line.label or not self.turned:
            return 0.0
        return pieces.leg_extent(line, line.label, line.word).width + 12.0

    def across(self, plate: Plate) -> float:
        """How far from the tracks a plate reaches that has room there for what it says."""
        size = enlarged(pieces.COUNT, self.index.diagram.letters)
        return 0.0 if self.turned else 28.0 + measure(plate.label, size).width

    def badge(self, enclosure: Enclosure) -> float:
        """The width of a badge."""
        return pieces.badge_size(enclosure)[0] if enclosure.badge else 0.0

    def beside(self, name: str) -> float:
        """How far a block's name reaches beside the tracks."""
        size = enlarged(NAME, self.index.diagram.letters)
        return NAME_OFF + size if self.turned else NAME_OFF + 4.0 + measure(name, size, True).width

    def along_name(self, name: str) -> float:
        """How long a block's name is along the tracks."""
        size = enlarged(NAME, self.index.diagram.letters)
        return measure(name, size, True).width if self.turned else size
