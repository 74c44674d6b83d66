"""``patch(net, a)``, ``patch(net, a -> b)``: a value from another run, everywhere or on the path into b."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.net import Frozen, Net, Origin, Ref, Stmt, StreamSet, Sum, Tensor, Term
from tnlang.ir.size import LoopVar, Size, size_op
from tnlang.ir.walk import local_names
from tnlang.transforms.choose import Made, change_chosen
from tnlang.transforms.entries import made_anew
from tnlang.transforms.patch.paths import patch_paths
from tnlang.transforms.patch.star import starred
from tnlang.transforms.request import Request, TransformError
from tnlang.transforms.turns import Turns


def patch(request: Request) -> tuple[Net, ...]:
    """The net with values taken from another run, by the names they have in its cache.

    Each of ``request.paths`` is patched everywhere, the first value of an arrow on that path alone. Brackets
    pick entries. A patched value ``z`` comes in as ``z*``. Raises TransformError for a path that names
    nothing, and for an arrow along which the first value does not reach the last.
    """
    if not request.paths and not request.arrows:
        raise TransformError("patch needs values", "`patch(model, z)`, `patch(model, z -> attention{1}.Q)`")
    if request.options:
        raise TransformError("patch takes values and arrows, and no options", "`patch(model, z -> b)`")
    if not request.paths:
        return (patch_paths(request),)
    nets = change_chosen(request, lambda made, net: _patched(request, made, net), what="patch")
    if not request.arrows:
        return nets
    name = f"{request.name}/patch"
    nets = (*nets[:-1], replace(nets[-1], name=name))
    program = replace(request.program, nets=(*request.program.nets, *nets))
    return (*nets, patch_paths(replace(request, program=program, net=name)))


def _patched(request: Request, made: Made, net: Net) -> Iterator[Stmt]:
    """The value as it comes in, and what it is then."""
    target = made.target
    subs = target.subs
    if isinstance(made.definition, StreamSet):
        steps = {request.paths[pattern][-1].subs for pattern in made.patterns}
        if None in steps or len(steps) > 1:
            message = f"{target.name} is a stream: say which of its values"
            raise TransformError(message, f"`{target.name}{{0}}`", made.patterns[0])
        subs = tuple(_in_turns(number, made.turns) for number in next(iter(steps)) or ())
    star = starred(target.name, local_names(net))
    origin = Origin(made.definition.origin.span, (*made.definition.origin.rules, "patch"))
    given = replace(target, name=star, subs=subs, anonymous=False, derived=False)
    use = Tensor(Ref(star, subs), target.legs, origin=origin)
    patched = made_anew(request, made, "patch", lambda _: Sum((Term((use,)),)))
    yield Frozen(given, None, origin=origin)
    yield patched


def _in_turns(number: int, turns: Turns) -> Size:
    """A number that is said by the turns it belongs to: they are then no part of the value's name."""
    size: Size = number
    for var, turn in turns.items():
        size = size_op("+", size, size_op("-", LoopVar(var), turn))
    return size
