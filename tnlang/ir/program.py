"""A whole program: dims, file-level declarations, nets, and what figures, styles and weights say of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tnlang.ir.net import Bind, Decl, Ix, Net, Part, Shared
from tnlang.ir.size import Dim, Size


@dataclass(frozen=True, slots=True)
class UserFunction(Part):
    """``fn f[k] = "package.module:callable"``; ``numpy`` is "" without a twin. Keeps its legs."""

    name: str
    gates: tuple[str, ...]
    target: str
    numpy: str = ""
    label: str = ""


# ---------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Expression(Part):
    """An expression of a figure: ``result`` binds it, its legs being the open wires in order.

    ``net`` is what it is computed by: its body holds the file-level statements that the expression needs,
    then ``result`` as the last; its inputs are the tensors it needs. Values bound at file
    level are drawn by their names.
    """

    net: Net
    result: Bind


@dataclass(frozen=True, slots=True)
class NetTarget:
    net: str


@dataclass(frozen=True, slots=True)
class ValueTarget:
    """A value of a net, drawn by its definition: ``attention.A``."""

    net: str
    value: str


@dataclass(frozen=True, slots=True)
class CutPlace:
    """A wire by name, or, with ``legs``, a tensor between these of its legs and the others."""

    name: str
    legs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut(Part):
    """A light line through all these places: a bipartition, or where something is cut next."""

    places: tuple[CutPlace, ...]


@dataclass(frozen=True, slots=True)
class Outline(Part):
    """A light line round these shapes: what is contracted next."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draw(Part):
    target: NetTarget | ValueTarget | Expression
    caption: str = ""
    marks: tuple[Cut | Outline, ...] = ()


@dataclass(frozen=True, slots=True)
class Equation(Part):
    """Sides with relations between; a side that is a text is drawn and not checked."""

    sides: tuple[Expression | str, ...]
    relations: tuple[Literal["=", "!=", "≈"], ...]
    caption: str = ""
    marks: tuple[Cut | Outline, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps(Part):
    """How a net is contracted, step by step: in the order of these tensors, or as the compiler would."""

    net: str
    order: tuple[str, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Rewriting(Part):
    """Nets made from one another; ``≈`` stands before one that is not exact, ``→`` before another value."""

    nets: tuple[str, ...]
    relations: tuple[Literal["=", "≈", "→"], ...]
    captions: tuple[str, ...]
    """What stands below each: its text, else the first one's name, then the transforms."""
    marks: tuple[Cut | Outline, ...] = ()


@dataclass(frozen=True, slots=True)
class Openness(Part):
    """``unfold``, ``fold``, ``hide`` of paths written as text: ``attention{0}``.

    ``ends`` names the variables of repeats that are drawn as their first turn, dots, and their last.
    """

    kind: Literal["unfold", "fold", "hide", "ends"]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relabel(Part):
    """What stands in a shape, on a bubble or at a wire of that name in this figure."""

    path: str
    label: str


Direction = Literal["left", "right", "up", "down"]
Address = tuple[str, int]
"""A drawn part by its path and, where it is drawn several times, its number from 1 (0: the first)."""


@dataclass(frozen=True, slots=True)
class At(Part):
    """A shape's or bubble's centre, in grid units from the first shape's; x to the right, y down."""

    address: Address
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Beside(Part):
    """A shape next to another one, on its level or straight above or below."""

    address: Address
    relation: Literal["left of", "right of", "above", "below"]
    other: Address


@dataclass(frozen=True, slots=True)
class Align(Part):
    """Shapes on one level (row) or above one another (column): that of the first."""

    axis: Literal["row", "column"]
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class LegSide(Part):
    """The side on which a leg (by its name or its wire's) leaves a shape."""

    leg: str
    address: Address
    side: Direction


@dataclass(frozen=True, slots=True)
class Bend(Part):
    """A wire runs through points, in grid units from the first shape's centre."""

    address: Address
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class LabelSide(Part):
    """The side of its wire on which a name stands."""

    address: Address
    side: Literal["above", "below", "left", "right"]


Hint = At | Beside | Align | LegSide | Bend | LabelSide


@dataclass(frozen=True, slots=True)
class Figure(Part):
    name: str
    caption: str
    items: tuple[Draw | Equation | Rewriting | Steps, ...]
    flow: Literal["", "left", "right", "up", "down"] = ""
    openness: tuple[Openness, ...] = ()
    labels: tuple[Relabel, ...] = ()
    hints: tuple[Hint, ...] = ()
    theme: str = ""
    width: float = 0.0
    """In points; 0 leaves it to the drawing."""


@dataclass(frozen=True, slots=True)
class Style(Part):
    """``kind`` is "" for a bare name; ``rules`` are checked words and texts: ``("fill", "#9c9")``."""

    kind: Literal["", "function", "property", "wire", "dim", "kind"]
    name: str
    rules: tuple[tuple[str, str], ...]


BUILT_IN_THEMES = ("paper", "mono", "dark", "safe")


@dataclass(frozen=True, slots=True)
class Theme(Part):
    """Styles under a name; those of a built-in theme's name are added to it, others stand on ``paper``."""

    name: str
    styles: tuple[Style, ...]


# ---------------------------------------------------------------- weights


@dataclass(frozen=True, slots=True)
class WeightMap(Part):
    """``attention{l}.W_Q[h, s, d] = "h.{l}.attn.c_attn.weight"[d, (0 h s)]``.

    ``target`` is the dotted path with its subs (a LoopVar for each of ``vars``); ``legs`` are those of the
    parameter, ``key_legs`` those of the stored array, on the same wires.
    """

    target: tuple[tuple[str, tuple[Size, ...]], ...]
    vars: tuple[str, ...]
    legs: tuple[Ix, ...]
    key: str
    key_legs: tuple[Ix, ...]


@dataclass(frozen=True, slots=True)
class Weights(Part):
    format: str
    net: str
    maps: tuple[WeightMap, ...]
    ignores: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """One elaborated file with all it imports.

    ``nets`` hold ``main`` where the file binds values itself; they stand callees first. ``exported`` are the
    names of the nets the user can ask for, in the file's order (variants that a transform made for its own
    calls are not among them).
    """

    name: str
    dims: tuple[Dim, ...] = ()
    declarations: tuple[Decl, ...] = ()
    shared: tuple[Shared, ...] = ()
    functions: tuple[UserFunction, ...] = ()
    nets: tuple[Net, ...] = ()
    exported: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    styles: tuple[Style, ...] = ()
    themes: tuple[Theme, ...] = ()
    weights: tuple[Weights, ...] = ()
    text: str = field(default="", compare=False, repr=False)

    def net(self, name: str) -> Net:
        """The net of that name. Raises KeyError."""
        for net in self.nets:
            if net.name == name:
                return net
        raise KeyError(name)
