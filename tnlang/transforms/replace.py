"""``replace(net, A, B)``: another value in the place of one, or another net in the place of a callee."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_changes
from functools import partial

from tnlang.ir.check import violations
from tnlang.ir.net import Call, Net, Ref, Shared, Stmt, Sum, Tensor, Term
from tnlang.ir.size import show
from tnlang.ir.walk import local_names, statements
from tnlang.transforms.choose import Made, change_chosen
from tnlang.transforms.dead import parameters_alone
from tnlang.transforms.entries import made_anew
from tnlang.transforms.inside import values_of
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, TransformError, ValuePath, near, show_path
from tnlang.transforms.variants import variant_name


def replace(request: Request) -> tuple[Net, ...]:
    """The net with a value, or entries of it, that is another value of the same net or of the file.

    Where the second name is that of a net, calls of the first name, or of the net of that name, call it
    instead. Raises TransformError for
    a path that names nothing, and for what does not fit in its place.
    """
    if len(request.paths) != 2 or request.options or request.arrows:
        raise TransformError("replace takes what is replaced, and what by", "`replace(model, A, B)`")
    old, new = request.paths
    if new[-1].entries:
        said = f"what takes the place of {old[-1].name} is named without entries"
        raise TransformError(said, f"its entries are the same ones: `{new[-1].name}`", 1)
    one = with_changes(request, paths=(old,))
    callee = next((net for net in request.program.nets if net.name == show_path(new)), None)
    if callee is None:
        _check_known(request, new)
    if callee is not None and not old[-1].entries:
        made: dict[str, Net] = {}
        calling = partial(_calling, request, callee, made)
        nets = change_chosen(one, _no_value, what="replace", call=calling)
        return (*made.values(), *nets)
    nets = change_chosen(one, lambda made, net: _replaced(one, made, net, new), what="replace")
    program = with_changes(request.program, nets=(*request.program.nets, *nets))
    if violations(program):
        message = f"{show_path(new)} is not known where {show_path(old)} is made"
        raise TransformError(message, "name an input, a tensor, or a value that stands before it", 1)
    return nets


def _check_known(request: Request, path: ValuePath) -> None:
    """Raises TransformError where no value of the nets and of the file, and no net, has the name."""
    declared = [decl.name for decl in request.program.declarations]
    owned = [ref.name for net in request.program.nets for ref in values_of(net)]
    known = [*owned, *declared, *(net.name for net in request.program.nets)]
    if path[-1].name not in known:
        said = f"there is no value and no net {show_path(path)}"
        raise TransformError(said, near(path[-1].name, known, "values and nets"), 1)


def _replaced(request: Request, made: Made, net: Net, path: ValuePath) -> Iterator[Stmt]:
    """The value as the other one. Raises TransformError where that is not there, or has other legs."""
    ref = Ref(path[-1].name, path[-1].subs or ())
    known = {ref.name for ref in (*values_of(net), *(Ref(d.name) for d in request.program.declarations))}
    if len(path) > 1 or ref.name not in known:
        hint = near(path[-1].name, sorted(known))
        raise TransformError(f"{net.source or net.name} has no value {show_path(path)}", hint, 1)
    body = Sum((Term((Tensor(ref, made.target.legs),)),))
    yield made_anew(request, made, "replace", lambda _: body)


def _no_value(made: Made, net: Net) -> Iterator[Stmt]:
    yield made.definition


def _calling(request: Request, callee: Net, made: dict[str, Net], call: Call) -> Call:
    """The call with another net, which also has the parameters of the one before; ``made`` has such nets.

    Raises TransformError where its inputs or outputs differ.
    """
    was = request.program.net(call.net)
    if _shape(was) != _shape(callee):
        said = f"{callee.name} takes or gives other legs than {was.name}"
        raise TransformError(said, f"{was.name} {_signature(was)}, {callee.name} {_signature(callee)}", 1)
    if was.name not in made:
        new = _with_parameters(callee, was)
        if new is callee:
            return with_changes(call, net=callee.name)
        name = variant_name(request.name, callee.name, (*request.program.nets, *made.values()))
        made[was.name] = with_changes(new, name=name, source=callee.source or callee.name)
    return with_changes(call, net=made[was.name].name)


def _with_parameters(net: Net, was: Net) -> Net:
    """A net with the parameters of another one, so that a state_dict fits; of one name its own."""
    own = local_names(net) | {s.name for s in statements(net.body) if isinstance(s, Call | Shared)}
    owned = [decl for decl in was.owned if decl.kind == "param" and decl.name not in own]
    left = [s for s in parameters_alone(was.body) if not own & _names(s)]
    if not owned and not left:
        return net
    return with_changes(net, owned=(*net.owned, *owned), body=(*renew(net.body), *left))


def _names(statement: Stmt) -> set[str]:
    return {s.name for s in statements((statement,)) if isinstance(s, Shared)}


def _shape(net: Net) -> tuple[object, ...]:
    """The sizes of what a net takes, and of what it gives."""
    inputs = tuple(tuple(show(leg.size) for leg in decl.legs) for decl in net.inputs)
    return inputs, tuple(tuple(show(leg.size) for leg in output.legs) for output in net.outputs)


def _signature(net: Net) -> str:
    """What a net takes and gives, for a message."""
    taken, given = (
        ", ".join(f"{one.name}[{', '.join(show(leg.size) for leg in one.legs)}]" for one in values)
        or "nothing"
        for values in (net.inputs, net.outputs)
    )
    return f"takes {taken} and gives {given}"
