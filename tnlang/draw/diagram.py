"""The diagram: what is to be drawn, before anything has a place. Made from the IR, and read by layout alone.

A Diagram is shapes joined by lines, nested in enclosures. Every line has exactly two ends; a wire with more
ends, and every delta, has become a dot. What a sum adds meets in a plus. Nothing here has a coordinate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from tnlang.draw.scene import PLAIN, Look, Point
from tnlang.source import NOWHERE, Span

Side = Literal["left", "right", "up", "down"]

Symbol = Literal[
    "tensor",  # circle, triangle, square, pill … : see Shape.outline
    "dot",  # where one wire has three ends or more; a delta; ``ones`` is a dot with one line
    "plus",  # the disc in which the terms of a sum meet
    "copy",  # a station: the value is used more than once from here on
    "paste",  # the copied value where it is used again, tied to its station by a ribbon
    "pin",  # a fixed entry at a leg's end, or a basis vector
    "clip",  # a slice: two lines of different size
    "fork",  # a group: one thick line and its members
    "shift",  # white triangle, tip to the later index
    "onehot",  # the strip of cells across a one-hot leg (two lines)
    "folded",  # a call drawn as a box with a double wall
    "dots",  # the turns of a repeat that are not drawn; they take the stream and give it back
    "text",  # a scalar factor or another formula standing free
    "sigma",  # the Σ of a written-out index, left of its term
]

Outline = Literal["circle", "square", "box", "triangle", "dot", "ellipse", "pill", "none"]

Role = Literal[
    "weight", "second", "unitary", "isometry", "data", "result", "pattern", "pasted", "add", "bias", "plain"
]

Family = Literal["mask", "elementwise", "norm", "user", "bracket", "net"]
"""The colour family of an enclosure or folded box: green, pink, violet, slate, blue, slate."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``legs`` are line ids in the order of the value's legs (a pin, plus or dot: in a stable order).

    A ``plus`` has ``terms``: for each term the lines it brings, in order; the rest of its legs is the result.
    A ``fork`` has its thick line first; a ``clip`` its whole leg first; a ``shift`` the later index first.
    ``label`` is LaTeX without dollars. ``name`` is the value's path, for titles and hints
    (``attention{0}.W_Q``); ``inside`` the enclosure it stands in. ``tip`` are the positions of an isometry's
    legs at the small side, of a unitary's those it goes to. ``even`` tensors are the same whichever
    leg comes first. ``family`` is that of a folded box, which has the lines of its ``inputs`` first, then its
    outputs'.
    A copy has the lines that come in, then those that go on; a stream's says how many of its ``inputs`` there
    are.
    ``told`` and ``leg_names`` say in words what it is and what its legs are: its title is made of them.
    ``letters`` says how large its name is; see ``labels.enlarged``.
    """

    id: int
    symbol: Symbol
    label: str = ""
    name: str = ""
    legs: tuple[int, ...] = ()
    outline: Outline = "circle"
    role: Role = "plain"
    family: Family | None = None
    inside: int | None = None
    terms: tuple[tuple[int, ...], ...] = ()
    tip: tuple[int, ...] = ()
    inputs: int = 0
    tied: bool = False
    frozen: bool = False
    conj: bool = False
    even: bool = False
    caption: str = ""
    told: str = ""
    leg_names: tuple[str, ...] = ()
    look: Look = PLAIN
    letters: float = 1.0
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class End:
    """An end of a line: a leg of a shape (by position), or open when ``shape`` is None."""

    shape: int | None
    leg: int = 0


MINUS = "-"
"""What stands at a line that brings what a plus takes away."""


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of wire between two ends.

    ``label`` is what is written beside it: LaTeX of the wire's name, or a word (``word`` tells which: a word
    is upright). ``size`` is the number of its dim at defaults, None when symbolic. ``wire`` is the IR wire's
    id. ``text`` is the wire's name as in the program. ``look`` is what a style says of it, ``letters``
    how large its label is, ``width`` how wide it is beside the figure's others (0: as its size says).
    """

    id: int
    wire: int
    ends: tuple[End, End]
    name: str = ""
    label: str = ""
    word: bool = False
    dim: str = ""
    size: int | None = None
    text: str = ""
    look: Look = PLAIN
    letters: float = 1.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A closed outline round all that it applies to: a bubble, a bracket, an unfolded net.

    ``badge`` is LaTeX; ``gates`` are the lines on whose crossing a gate is drawn, ``ended`` those that stop
    at the wall; ``options`` are written beside the bubble. ``told`` are the functions in words, outermost
    first, ``gate_names`` what they call the legs of ``gates``, then of ``ended``. ``letters`` says
    how large badge and options are.
    """

    id: int
    family: Family
    badge: str = ""
    name: str = ""
    gates: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    options: str = ""
    inside: int | None = None
    told: str = ""
    gate_names: tuple[str, ...] = ()
    look: Look = PLAIN
    letters: float = 1.0
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A copied value, from its station to where it is pasted."""

    station: int
    paste: int


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """A free end. Inputs of the picture are drawn where the reader comes from, outputs where he goes.

    ``order`` counts within outputs (the left-hand side's order) or within inputs. ``label`` is the name
    written beyond the end, a word or LaTeX as in Line. ``told`` is whose leg it is: ``x.seq``.
    ``side`` is where it should leave, if the rest of a row asks for it, and ``apart`` how far it is from the
    next one there; a tensor that several of them leave becomes as wide.
    """

    line: int
    end: int
    kind: Literal["input", "output"]
    order: int
    label: str = ""
    word: bool = False
    told: str = ""
    side: Side | None = None
    apart: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """What stands beside the backbone between a copy and the addition that takes its result.

    ``members`` are the shapes and ``enclosures`` the outlines in it; ``label`` the word beside the backbone.
    ``start`` is None for what only flows in (the terms that open a stream), ``stop`` None where the result
    does not come back to the stream but is the picture's output.
    """

    start: int | None
    stop: int | None
    members: tuple[int, ...]
    enclosures: tuple[int, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Plate:
    """Stations from ``start`` to ``stop`` are repeated; ``label`` is LaTeX: ``\\times 12``, or ``l = 0``.

    ``told`` is the loop in words: ``l in 0 to layer``. Plates of one ``repeat`` but 0 are one, round
    stretches of several backbones.
    """

    start: int
    stop: int
    label: str
    told: str = ""
    repeat: int = 0

    @property
    def number(self) -> int:
        """What a plate is known by: nested ones may begin at one station."""
        return -self.repeat or self.start


@dataclass(frozen=True, slots=True)
class Backbone:
    """The residual stream: its tracks by dim (position first), and its stations in the order of time.

    ``stations`` are copy, plus and folded shapes on the stream; ``tracks`` for each stretch between stations
    (one more than there are stations) the lines that run there side by side, () where nothing goes on. A line
    that passes a station (a broadcast leg at a plus) is named in the stretches before and after it.
    """

    stations: tuple[int, ...]
    tracks: tuple[tuple[int, ...], ...]
    blocks: tuple[Block, ...] = ()
    plates: tuple[Plate, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """A light line across these lines and, with ``shapes``, between some legs of a shape and its others.

    ``shapes`` gives each shape with its legs (line ids) on one side.
    """

    lines: tuple[int, ...] = ()
    shapes: tuple[tuple[int, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """Shapes that are drawn as one: what has been contracted to one tensor. ``told`` says it in words."""

    members: tuple[int, ...]
    label: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Stand:
    """A shape, or all that an enclosure holds, stands with its centre at a place: in grid units from where
    the diagram's first shape stands by itself, x to the right, y down."""

    part: int
    at: Point


@dataclass(frozen=True, slots=True)
class Next:
    """A part stands next to another one, on its level or straight above or below."""

    part: int
    relation: Literal["left of", "right of", "above", "below"]
    other: int


@dataclass(frozen=True, slots=True)
class Level:
    """Parts stand on the level of the first (row), or above one another (column)."""

    axis: Literal["row", "column"]
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """A line leaves the shape at one of its ends to a side."""

    line: int
    end: int
    side: Side


@dataclass(frozen=True, slots=True)
class Through:
    """A line runs through points, in grid units as those of Stand."""

    line: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class NameSide:
    """A line's name stands on one side of it."""

    line: int
    side: Literal["above", "below", "left", "right"]


Hint = Stand | Next | Level | Leave | Through | NameSide


@dataclass(frozen=True, slots=True)
class Diagram:
    shapes: tuple[Shape, ...]
    lines: tuple[Line, ...]
    enclosures: tuple[Enclosure, ...] = ()
    ribbons: tuple[Ribbon, ...] = ()
    opens: tuple[OpenEnd, ...] = ()
    backbones: tuple[Backbone, ...] = ()
    """Residual streams, in the order of time: an encoder's stands before the decoder's that reads it."""
    caption: str = ""
    """What stands below it in a row."""
    cuts: tuple[Cut, ...] = ()
    outlined: tuple[tuple[int, ...], ...] = ()
    """Shapes with a light line round them: what is contracted next."""
    joined: tuple[Joined, ...] = ()
    """The diagram is laid out as if nothing were joined: shapes keep their places."""
    hints: tuple[Hint, ...] = ()
    letters: float = 1.0
    """How large all is that is written in it; see ``lettered``."""


@dataclass(frozen=True, slots=True)
class Row:
    """Diagrams and signs (``=``, ``+``, ``\\neq``, a big sum, a text): an equation, or terms of a sum."""

    parts: tuple[Diagram | Sign, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """LaTeX between two diagrams; a ``relation`` may begin a new line of the row.

    ``sum`` is a big sign with its index; ``open`` and ``close`` are parentheses as tall as what is in them.
    ``told`` says it in words; ``letters`` says how large.
    """

    label: str
    kind: Literal["relation", "operator", "text", "sum", "open", "close"] = "operator"
    told: str = ""
    letters: float = 1.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One row (or single diagram) with its caption.

    ``heads`` tells that panels begin a series here, which has lines of its own under its ``heading``.
    """

    content: Diagram | Row
    caption: str = ""
    heads: bool = False
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure: its panels in order, its caption, and the way it flows."""

    panels: tuple[Panel, ...]
    title: str = ""
    flow: Side | None = None


def diagrams_of(panel: Panel) -> tuple[Diagram, ...]:
    """The diagrams of a panel, in order."""
    parts = panel.content.parts if isinstance(panel.content, Row) else (panel.content,)
    return tuple(part for part in parts if isinstance(part, Diagram))


def map_diagrams(panel: Panel, change: Callable[[Diagram], Diagram]) -> Panel:
    """The panel with every diagram changed."""
    match panel.content:
        case Diagram() as diagram:
            return replace(panel, content=change(diagram))
        case Row(parts):
            changed = tuple(change(part) if isinstance(part, Diagram) else part for part in parts)
            return replace(panel, content=Row(changed))


def lettered(panel: Panel, letters: float) -> Panel:
    """The panel with larger letters (see ``labels.enlarged``), its shapes and spaces as they are.

    A layout makes the room that names take, so the picture grows, but by less than its letters.
    """
    panel = map_diagrams(panel, lambda diagram: _lettered(diagram, letters))
    if isinstance(panel.content, Diagram):
        return panel
    parts = panel.content.parts
    signs = tuple(replace(part, letters=letters) if isinstance(part, Sign) else part for part in parts)
    return replace(panel, content=Row(signs))


def _lettered(diagram: Diagram, letters: float) -> Diagram:
    return replace(
        diagram,
        shapes=tuple(replace(shape, letters=letters) for shape in diagram.shapes),
        lines=tuple(replace(line, letters=letters) for line in diagram.lines),
        enclosures=tuple(replace(enclosure, letters=letters) for enclosure in diagram.enclosures),
        letters=letters,
    )
