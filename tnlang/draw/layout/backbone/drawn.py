"""A backbone's picture while it is made: everything that has its place, in the frame that flows down."""

from __future__ import annotations

from dataclasses import dataclass, field

from tnlang.draw.diagram import Plate
from tnlang.draw.geometry import Box
from tnlang.draw.scene import Path, Point


@dataclass(slots=True)
class Drawn:
    """Everything with its place. ``names`` are words beside the backbone with the stretch they stand at.

    Shapes that are ``stretched`` are as large as they are for the sake of their lines.
    """

    centers: dict[int, Point] = field(default_factory=dict)
    halves: dict[int, Point] = field(default_factory=dict)
    walls: dict[int, Box] = field(default_factory=dict)
    paths: dict[int, Path] = field(default_factory=dict)
    tracks: set[int] = field(default_factory=set)
    ribbons: list[Path] = field(default_factory=list)
    plates: list[tuple[Plate, Box]] = field(default_factory=list)
    names: list[tuple[str, Point]] = field(default_factory=list)
    free: dict[int, str] = field(default_factory=dict)
    stretched: set[int] = field(default_factory=set)

    def take(self, other: Drawn) -> None:
        """Adds what another has."""
        self.centers.update(other.centers)
        self.halves.update(other.halves)
        self.walls.update(other.walls)
        self.paths.update(other.paths)
        self.tracks.update(other.tracks)
        self.free.update(other.free)
        self.stretched.update(other.stretched)
        self.ribbons.extend(other.ribbons)
        self.plates.extend(other.plates)
        self.names.extend(other.names)
