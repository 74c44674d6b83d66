"""``expand(net, h)``, ``expand(net, x)``: a leg written as a Σ, a value as the terms that it is a sum of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tnlang.ir.net import Bind, Net, Repeat, Stmt, StreamSet, Wire
from tnlang.ir.size import DimSize
from tnlang.ir.slots import called
from tnlang.ir.walk import statements
from tnlang.transforms.expand.legs import sum_out, summed_wires
from tnlang.transforms.expand.outputs import expand_paths
from tnlang.transforms.expand.values import expand_value
from tnlang.transforms.request import Request, Step, TransformError, near, show_path
from tnlang.transforms.variants import Change, change_below


def expand(request: Request) -> tuple[Net, ...]:
    """The net with a value, a wire or a dim written out.

    A value is written into the products that read it, and these are multiplied out. A wire that products sum,
    or all such wires of a dim, becomes the variable of a Σ. A bare name means a value of that name in the net
    and in those it calls, else a wire, else a dim; ``attention.h`` leads through calls.
    Raises TransformError for a name that is none of these, and where writing out would not be exact.
    """
    if request.paths == ((Step("paths"),),) and not request.arrows:
        return expand_paths(request)
    if len(request.paths) != 1 or request.arrows or request.options:
        raise TransformError("expand takes one value, wire or dim", "`expand(model, h)`")
    (path,) = request.paths
    step = path[-1]
    calls = path[:-1] or None

    def value(net: Net) -> tuple[Stmt, ...] | None:
        if not _has_value(net, step):
            return None
        number = step.subs[0] if step.subs and _is_stream(net, step.name) else None
        return expand_value(net, step.name, number)

    def wire(one: Wire) -> bool:
        return one.name == step.name and step.subs in (None, one.subs)

    def dim(one: Wire) -> bool:
        return step.subs is None and isinstance(one.size, DimSize) and one.size.dim.name == step.name

    for change in (value, lambda net: _summed(net, wire), lambda net: _summed(net, dim)):
        changed: list[Net] = []

        def noted(net: Net, change: Change = change, changed: list[Net] = changed) -> tuple[Stmt, ...] | None:
            body = change(net)
            if body not in (None, net.body):
                changed.append(net)
            return body

        nets = change_below(request, calls, noted)
        if changed:
            return nets
    raise TransformError(
        f"{request.net} has no value {show_path(path)}, and sums no such leg", _hint(request, step), 0
    )


def _summed(net: Net, chosen: Callable[[Wire], bool]) -> tuple[Stmt, ...]:
    """The statements with the chosen wires as variables of a Σ."""
    taken = frozenset(s.loop.var for s in statements(net.body) if isinstance(s, Repeat))

    def changed(statement: Stmt) -> Stmt:
        match statement:
            case Bind(body=body) | StreamSet(body=body):
                new = sum_out(body, chosen, taken)
                return replace(statement, body=new)
            case Repeat(body=inner):
                return replace(statement, body=tuple(map(changed, inner)))
            case _:
                return statement

    return tuple(map(changed, net.body))


def _has_value(net: Net, step: Step) -> bool:
    return any(isinstance(s, Bind | StreamSet) and s.target.name == step.name for s in statements(net.body))


def _is_stream(net: Net, name: str) -> bool:
    return any(isinstance(s, StreamSet) and s.target.name == name for s in statements(net.body))


def _hint(request: Request, step: Step) -> str:
    """What could have been meant: the legs that are summed, and the values."""
    names: dict[str, None] = {}
    for net in called(request.program, request.program.net(request.net)):
        for statement in statements(net.body):
            if isinstance(statement, Bind | StreamSet):
                names.update(dict.fromkeys(wire.text for wire in summed_wires(statement.body)))
                if not statement.target.anonymous:
                    names[statement.target.name] = None
    return near(step.name, names, "values and summed legs")
