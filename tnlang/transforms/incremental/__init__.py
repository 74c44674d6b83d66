"""``incremental(net, seq)``: a net for new positions alone, with what earlier ones left in caches."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Net, Output
from tnlang.ir.size import Dim, dims_in
from tnlang.ir.walk import statements
from tnlang.transforms.incremental.causality import Causality, Facts, input_reach
from tnlang.transforms.incremental.nets import Asked, Steps
from tnlang.transforms.incremental.sums import Modes
from tnlang.transforms.request import Request, TransformError, near, show_path

__all__ = ["incremental"]


def incremental(request: Request) -> tuple[Net, ...]:
    """The step of a net along a dim whose legs are positions.

    It takes the inputs at new positions (of a dim ``new_seq``), where these are (``at``, one-hot on ``seq``),
    and a cache for each value that later positions read; it gives the outputs at the new positions and the
    entries of the caches there. What did not come yet is 0 in a cache. Inputs with no leg of the dim, or with
    several, are known whole. Raises TransformError for a value that depends on later positions.
    """
    if len(request.paths) != 1 or request.arrows or request.options:
        raise TransformError(
            "incremental takes a net and the dim of its positions", "`incremental(model, seq)`"
        )
    dim = _dim(request)
    net = request.program.net(request.net)
    causality = Causality(request.program, dim)
    reach = input_reach(causality, net)
    if not any(one.late for one in reach):
        dims = (one.name for decl in net.inputs for leg in decl.legs for one in dims_in(leg.size))
        hint = near("", dims, "dims of its inputs")
        raise TransformError(f"no input of {net.name} has one leg of {dim.name}", hint, 0)
    facts = causality.facts(net, reach)
    wanted = tuple((n, _wanted(causality, facts, net, n)) for n in range(len(net.outputs)))
    steps = Steps(request, causality, _new(request, dim))
    made = steps.of(net, Asked(net.name, reach, wanted), True).net
    below = {step.net.name: step.net for step in steps.made.values()}
    needed = _called(made, below)
    return (
        *(one for name, one in below.items() if name in needed),
        replace(made, name=request.name, source=net.source or net.name),
    )


def _dim(request: Request) -> Dim:
    (path,) = request.paths
    name = show_path(path)
    for dim in request.program.dims:
        if dim.name == name:
            return dim
    hint = near(name, (dim.name for dim in request.program.dims), "dims")
    raise TransformError(f"there is no dim {name}", hint, 0)


def _new(request: Request, dim: Dim) -> Dim:
    """The dim of new positions: one of its name that has no size serves all steps of a file."""
    known = {one.name: one for one in request.program.dims}
    name = "new_" + dim.name.replace(".", "_")
    while name in known and known[name].default is not None:
        name += "'"
    return known.get(name, Dim(name))


def _wanted(causality: Causality, facts: Facts, net: Net, number: int) -> Modes:
    """The positions that are wanted of an output: new ones on the leg that bounds all others."""
    output, reach = net.outputs[number], facts.outputs[number]
    legs = [n for n, leg in enumerate(output.legs) if causality.along(leg.size)]
    bounds = reach.zero | reach.masked
    late = [n for n in legs if n in reach.late]
    query = next((q for q in late if all(k == q or (q, k) in bounds for k in late)), None)
    if late and query is None:
        raise _unbounded(causality, net, output)
    query = legs[0] if query is None and legs else query
    return tuple("" if n not in legs else "new" if n == query else "all" for n in range(len(output.legs)))


def _unbounded(causality: Causality, net: Net, output: Output) -> TransformError:
    message = f"the output {output.name} of {net.name} is not causal: it has several legs of "
    return TransformError(message + causality.dim.name, "mask it: causal[q, k](…)")


def _called(net: Net, below: dict[str, Net]) -> set[str]:
    found: set[str] = set()
    waiting = [net]
    while waiting:
        for statement in statements(waiting.pop().body):
            name = getattr(statement, "net", "")
            if name in below and name not in found:
                found.add(name)
                waiting.append(below[name])
    return found
