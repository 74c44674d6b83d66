"""``freeze(net, A, attention{0}.y, *.scale)``: values that come from a cache and are no longer computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.linearity import linearity
from tnlang.ir.net import Frozen, Net, Stmt
from tnlang.transforms.choose import Made, change_chosen
from tnlang.transforms.request import Request, TransformError

LEFT = "not linear in its inputs: "


def freeze(request: Request) -> tuple[Net, ...]:
    """The net with the values that ``request.paths`` name taken from a cache.

    Its note says what is not linear in it. Raises TransformError for a path that names nothing.
    """
    if not request.paths:
        raise TransformError("freeze needs the values to freeze", "`freeze(model, A)`")
    if request.options or request.arrows:
        raise TransformError("freeze takes paths of values and no options", "`freeze(model, A, *.scale)`")
    nets = change_chosen(request, _frozen, keep_calls=False, what="freeze")
    program = replace(request.program, nets=(*request.program.nets, *nets))
    net = nets[-1]
    left = linearity(program, net, [decl.name for decl in net.inputs])
    was = "; ".join(part for part in net.note.split("; ") if part and not part.startswith(LEFT))
    now = f"{LEFT}{', '.join(map(str, left.obstacles))}" if left.obstacles else ""
    return (*nets[:-1], replace(net, note="; ".join(filter(None, (was, now)))))


def _frozen(made: Made, net: Net) -> Iterator[Stmt]:
    """The value as one that comes from a cache."""
    if isinstance(made.definition, Frozen):
        yield made.definition
    else:
        definition = None if made.given else made.definition
        yield Frozen(made.target, definition, origin=made.definition.origin)
