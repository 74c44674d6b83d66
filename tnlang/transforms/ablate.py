"""``ablate(net, A, attention{0}.z[3, q, s])``: values, or entries of them, that are 0 or a mean instead."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.ir.net import Bubble, Net, Stmt, Sum, Term, Wire
from tnlang.ir.walk import copy, fresh_wire, rename, value_wires
from tnlang.transforms.choose import Made, change_chosen
from tnlang.transforms.entries import made_anew
from tnlang.transforms.request import Request, Step, TransformError, near


def ablate(request: Request) -> tuple[Net, ...]:
    """The net with the values that ``request.paths`` name set to 0, everywhere they are read.

    Brackets pick entries. ``mean = q`` takes the mean over that leg instead, the same for all of the leg.
    Raises TransformError for a path that names nothing, and for a value without that leg.
    """
    if not request.paths:
        raise TransformError("ablate needs the values to ablate", "`ablate(model, z)`")
    if request.arrows or set(request.options) - {"mean"} or "<=" in request.relations.values():
        raise TransformError("ablate takes paths of values, and `mean`", "`ablate(model, z, mean = q)`")
    match request.options.get("mean"):
        case None:
            leg = None
        case (Step(name=name, subs=None),):
            leg = name
        case _:
            raise TransformError("mean names a leg", "`mean = q`")

    def changed(made: Made, net: Net) -> Iterator[Stmt]:
        def new(old: Sum) -> Sum:
            return Sum(()) if leg is None else _mean(old, _leg(made, leg))

        yield made_anew(request, made, "ablate", new)

    return change_chosen(request, changed, what="ablate")


def _leg(made: Made, name: str) -> Wire:
    wires = value_wires(made.target.legs)
    found = next((wire for wire in wires if wire.text == name), None)
    if found is None:
        legs = ", ".join(wire.text for wire in wires)
        raise TransformError(
            f"{made.target.name}[{legs}] has no leg {name} to take the mean over",
            near(name, (wire.text for wire in wires), "its legs"),
            made.patterns[0],
        )
    return found


def _mean(body: Sum, leg: Wire) -> Sum:
    """The mean of a value over a leg of it."""
    own = fresh_wire(leg)
    return Sum((Term((Bubble("mean", rename(copy(body), {leg: own}), (own,)),)),))
