"""``derivative(net, x)``: every output by x, as a net; its legs are those of the output, then those of x."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Net
from tnlang.transforms.derivative.facts import Kind
from tnlang.transforms.derivative.nets import Asked, Derivation
from tnlang.transforms.derivative.target import find
from tnlang.transforms.request import Request, TransformError

__all__ = ["derivative"]


def derivative(request: Request) -> tuple[Net, ...]:
    """The net of the derivatives of all outputs by the value that ``request.paths`` name.

    It goes forward through the statements: beside each value that depends on x stands its derivative, so that
    streams, repeats and calls stay what they are; callees become variants that take and give derivatives too.
    What a Frozen statement gives counts as constant. Raises TransformError for a path that names no single
    value, and for what has no derivative.
    """
    if request.options or request.arrows or len(request.paths) != 1:
        raise TransformError("derivative takes a net and one value of it", "`derivative(model, W)`")
    target = find(request)
    work = Derivation(request, target)
    old = request.program.net(request.net)
    kinds: tuple[Kind, ...] = tuple("" for _ in old.inputs)
    made = work.net(Asked(old.name, kinds, target.path, (False,) * len(old.outputs)), top=True)
    return (*work.variants, replace(made, name=request.name, source=old.source or old.name))
