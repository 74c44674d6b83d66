"""Hints of a figure: where shapes stand, on which sides legs leave, how wires bend, where names stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

from tnlang.elaborate.scope import World, near, shown
from tnlang.ir.net import Origin
from tnlang.ir.program import Address, Align, At, Bend, Beside, Direction, Hint, LabelSide, LegSide
from tnlang.source import Related, Span
from tnlang.syntax import ast

SIDES = get_args(Direction)
LABEL_SIDES = ("above", "below", "left", "right")
UNNAMED = frozenset(
    {"dot", "plus", "pin", "clip", "fork", "shift", "onehot", "text", "sigma", "copy", "paste"}
)
"""What shapes without a name are called by: ``dot@2`` is the second dot of a figure."""
FARTHEST = 1000.0
"""Grid units: a picture that wide could not be looked at."""


def hint_of(item: ast.Hint, path: Callable[[ast.Path], str], world: World) -> Hint | None:
    """The hint that a figure's item gives; ``path`` finds what it names, "" after a mistake."""
    origin = Origin(item.span)

    def address(placed: ast.Placed) -> Address | None:
        found = path(placed.path)
        return (found, placed.number) if found else None

    match item:
        case ast.PlaceAt(placed=placed, at=point):
            here, at = address(placed), _point(point, world)
            return At(here, at, origin=origin) if here and at else None
        case ast.PlaceBeside(placed=placed, relation=relation, other=other):
            here, there = address(placed), address(other)
            if here is not None and here == there:
                world.diagnostics.error("TN802", f"{here[0]} cannot stand beside itself", item.span)
                return None
            return Beside(here, relation, there, origin=origin) if here and there else None
        case ast.Align(axis=axis, placed=several):
            found = [address(placed) for placed in several]
            return Align(axis, tuple(a for a in found if a), origin=origin) if all(found) else None
        case ast.LegSide(leg=leg, placed=placed, side=side):
            here, way = address(placed), _side(side, SIDES, world)
            return LegSide(leg.text, here, way, origin=origin) if here and way else None  # type: ignore[arg-type]
        case ast.Bend(placed=placed, points=points):
            here, run = address(placed), [_point(point, world) for point in points]
            return Bend(here, tuple(p for p in run if p), origin=origin) if here and all(run) else None
        case ast.LabelSide(placed=placed, side=side):
            here, way = address(placed), _side(side, LABEL_SIDES, world)
            return LabelSide(here, way, origin=origin) if here and way else None  # type: ignore[arg-type]


def report_contradictions(items: Sequence[ast.FigureItem], hints: Sequence[Hint], world: World) -> None:
    """Report a flow given twice, and hints that place one thing twice."""
    seen: dict[object, Span] = {}
    said = [("flow", item.span) for item in items if isinstance(item, ast.Flow)]
    for key, span in [*said, *((key, hint.origin.span) for hint in hints for key in _settled(hint))]:
        if key in seen:
            message = "the figure flows twice" if key == "flow" else "two hints place the same thing"
            world.diagnostics.error("TN810", message, span, Related(seen[key], "the first one"))
        seen.setdefault(key, span)


def _settled(hint: Hint) -> tuple[object, ...]:
    """What a hint settles, so that no other one may."""
    match hint:
        case At(address=address):
            return (("place", address),)
        case Beside(address=address, other=other):
            return (("place", address), ("beside", frozenset({address, other})))
        case LegSide(leg=leg, address=address):
            return (("leg", leg, address),)
        case Bend(address=address):
            return (("bend", address),)
        case LabelSide(address=address):
            return (("label", address),)
        case Align(axis=axis, addresses=addresses):
            return tuple(("align", axis, frozenset({addresses[0], other})) for other in addresses[1:])


def _side(word: ast.Name, sides: Sequence[str], world: World) -> str:
    if word.text in sides:
        return word.text
    world.diagnostics.error(
        "TN802",
        f"{word.text} is no side",
        word.span,
        hint=near(word.text, sides) or f"there are {shown(sides)}",
    )
    return ""


def _point(point: ast.Point, world: World) -> tuple[float, float] | None:
    x, y = complex(point.x.value), complex(point.y.value)
    if x.imag or y.imag or max(abs(x.real), abs(y.real)) > FARTHEST:
        world.diagnostics.error(
            "TN802",
            "this is no place in a picture",
            point.span,
            hint=f"a place has two real numbers of at most {FARTHEST:g}, in steps of about a bond's length",
        )
        return None
    return (x.real, y.real)
