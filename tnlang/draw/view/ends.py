"""Where a net that is drawn begins and ends: an input that stands like a stream, the wires of its outputs."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.view.emit import Emitter
from tnlang.draw.view.shapes import declared
from tnlang.draw.view.values import Definition, Scope, Uses
from tnlang.draw.view.wiring import Frame, group_wire, leg_names, leg_wire
from tnlang.ir.net import Bind, Decl, Frozen, Output, Ref, StreamSet, Tensor, Wire
from tnlang.ir.walk import new_id


def copied_input(scope: Scope, uses: Uses) -> Definition | None:
    """The input of a map on (position, hidden) with several uses: it gets the backbone's place.

    Tensors of the file are no inputs that something flows in by, and several outputs are no one map.
    """
    shapes = [tuple(leg.size for leg in output.legs) for output in scope.net.outputs]
    for decl in (d for d in scope.net.inputs if d.kind == "input" and len(shapes) == 1):
        found = scope.resolve(Ref(decl.name, decl.subs), {})
        if found is None or not isinstance(found.statement, Decl):
            continue
        count = uses.counts[found.key] + uses.shadow[found.key]
        if len(decl.legs) == 2 and count > 1 and tuple(leg.size for leg in decl.legs) in shapes:
            return found
    return None


def enter(
    emitter: Emitter, scope: Scope, found: Definition, joints: tuple[int, ...], wires: tuple[Wire, ...]
) -> None:
    """A declared value comes into a net: at free ends, or as a shape where an expression hands it over."""
    decl = found.statement
    assert isinstance(decl, Decl)
    if found.scope is scope or found.shown in scope.opened.hide:
        emitter.enter(decl, joints, named=True)
        return
    ref = Ref(decl.name, decl.subs)
    shape = declared(found, decl, Tensor(ref, wires), "", bias=False, roles=emitter.roles)
    shape = replace(shape, told=found.scope.address(found, ref))
    frame, legs = Frame(found.scope, {}, {}), leg_names(found, len(joints))
    emitter.own(shape, decl, joints, wires, frame, decl.origin.span, legs)


def output_wires(scope: Scope, output: Output) -> tuple[Wire, ...]:
    """The wires of an output: those of the left-hand side that binds it, by name; else the axes."""
    own = scope.table.get((output.name, output.subs))
    if own is None and output.name in scope.streams:
        own = scope.streams[output.name][-1]
    if own is not None and isinstance(own.statement, Bind | StreamSet | Frozen):
        target = own.statement.target
        if len(target.legs) == len(output.legs):
            return tuple(
                Wire(new_id(), w.name, w.size, w.subs, w.label) if isinstance(w, Wire) else group_wire(w)
                for w, leg in zip(target.legs, output.legs, strict=True)
            )
    return tuple(leg_wire(leg, leg.size) for leg in output.legs)
