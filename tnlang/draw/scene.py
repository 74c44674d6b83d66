"""The scene: geometry alone, in units where a tensor's circle has radius 20. All that a writer (SVG …) sees.

Ink is named, not coloured: a theme gives each role its fill and edge. Items are drawn in the order of their
layer, then in the order they stand. A wire runs to the shape's centre line under its fill: ends are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Point = tuple[float, float]


class LineTo(NamedTuple):
    end: Point


class CurveTo(NamedTuple):
    """A cubic: two control points and the end."""

    first: Point
    second: Point
    end: Point


class Path(NamedTuple):
    """A curve from ``start`` through its segments; ``closed`` joins the end to the start."""

    start: Point
    segments: tuple[LineTo | CurveTo, ...]
    closed: bool = False

    def __hash__(self) -> int:
        """By its ends alone: paths are looked up far more often than two that differ have the same ends."""
        return hash((self.start, self.end, len(self.segments)))

    @property
    def end(self) -> Point:
        return self.segments[-1].end if self.segments else self.start


@dataclass(frozen=True, slots=True)
class Look:
    """What a program's style says: colours as ``#rrggbb``, a stroke's width; "" and 0 leave the theme's."""

    fill: str = ""
    stroke: str = ""
    width: float = 0.0


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class ShapeItem:
    """A filled outline standing for one shape of the diagram.

    ``first_leg`` is the direction of the first leg (a unit vector from the centre) where it is marked.
    """

    id: int
    outline: Path
    role: str
    title: str
    first_leg: Point | None = None
    look: Look = PLAIN


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """The wall of a bubble, bracket, plate or card. ``depth`` counts those round it: outer ones come first.

    ``family`` is one of the diagram's, ``plate`` or ``card``.
    """

    id: int
    outline: Path
    family: str
    title: str
    depth: int = 0
    look: Look = PLAIN


@dataclass(frozen=True, slots=True)
class WireItem:
    """A stretch of wire from shape to shape, or to a free end."""

    id: int
    path: Path
    width: float
    title: str
    look: Look = PLAIN


@dataclass(frozen=True, slots=True)
class RibbonItem:
    path: Path
    width: float = 6.0


@dataclass(frozen=True, slots=True)
class InkItem:
    """Small ink that stands for nothing by itself: gates, orientation marks, one-hot cells, tabs, badges.

    With ``stroke`` 0 the outline is painted as its role says, else it is a line of that width in the role's
    edge colour. ``under`` lies below the wires, ``over`` above the shapes. ``title`` is for what stands for
    something after all: a parenthesis.
    """

    outline: Path
    role: str
    layer: Literal["under", "over"] = "over"
    stroke: float = 0.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class LabelItem:
    """Text at a point: ``latex`` math, or with ``word`` upright text that may hold math between dollars.

    Across, the ink box has its centre, or with ``anchor`` a side, at ``at``. Up and down, ``baseline`` puts
    the baseline there, ``middle`` what the eye takes for the middle: of names in shapes the base letter, of
    single symbols their ink, of words and of everything tall (fractions, sums) the math axis.

    ``kind`` tells the lint what it is: names in shapes lie inside them, all others keep clear of everything;
    ``inside`` is then the id of the shape, ``line`` that of the line which a leg's name belongs to. ``title``
    says what a sign, or a formula that stands free, is, and of all others what they name.
    """

    text: str
    at: Point
    size: float
    kind: Literal["shape", "leg", "badge", "sign", "caption", "note", "count"]
    role: str = "ink"
    word: bool = False
    anchor: Literal["center", "left", "right"] = "center"
    inside: int | None = None
    line: int | None = None
    level: Literal["middle", "baseline"] = "middle"
    title: str = ""


Item = ShapeItem | OutlineItem | WireItem | RibbonItem | InkItem | LabelItem


@dataclass(frozen=True, slots=True)
class Scene:
    """``width`` by ``height``; every item lies inside. ``axis`` is the height of the row's math axis.

    ``scale`` is how many points a unit takes on paper; ``theme`` the built-in theme that gives the ink.
    """

    width: float
    height: float
    items: tuple[Item, ...]
    axis: float = 0.0
    title: str = ""
    description: str = ""
    scale: float = 1.0
    theme: str = "paper"
