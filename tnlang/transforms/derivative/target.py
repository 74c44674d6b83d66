"""What a net is differentiated by: a value by its path, its legs and its numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Frozen,
    Group,
    Leg,
    Net,
    Number,
    Repeat,
    Shared,
    StreamSet,
    Value,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size, size_op, variables
from tnlang.ir.walk import file_level_names, ix_wires, local_names, statements, walk
from tnlang.transforms.derivative.rules import Field
from tnlang.transforms.inside import values_of
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, near, show_path


@dataclass(frozen=True, slots=True)
class Target:
    """x: ``path`` leads to it from the net, () where it is of file level; ``subs`` are those of a family.

    ``name`` is what derivatives by it are called after.
    """

    name: str
    legs: tuple[Leg, ...]
    path: ValuePath
    file_level: tuple[str, tuple[int, ...]] | None
    field: Field


def find(request: Request) -> Target:
    """The value that the request's path names. Raises TransformError where that is none, or several."""
    (path,) = request.paths
    net = request.program.net(request.net)
    reached = reachable(request.program, net)
    if any(step.name == "*" for step in path):
        raise TransformError("a derivative is by one value, so its path has no *", "name the value", 0)
    if len(path) == 1:
        path = _lengthened(path, request, net, reached)
    owner = net
    for number, step in enumerate(path[:-1]):
        owner = _callee(request.program, owner, step, path[: number + 1])
    last = path[-1]
    decl = _declared((*owner.inputs, *owner.owned), last)
    file_level = None
    if decl is None and len(path) == 1 and last.name not in local_names(net):
        decl = _declared(request.program.declarations, last)
        file_level = (decl.name, decl.subs) if decl is not None else None
    if decl is None and last.name not in {ref.name for ref in values_of(owner)}:
        _refuse_call(request.program, owner, path)
    legs = decl.legs if decl is not None else _bound(owner, last, path)
    by = decl is not None and any(p.name == "complex" for p in decl.properties)
    text = last.name + "".join(map(str, last.subs or ()))
    field = Field(by, by or _has_complex(request.program, reached))
    return Target(text, legs, () if file_level is not None else path, file_level, field)


def reachable(program: Program, net: Net) -> tuple[Net, ...]:
    """The net and all that it calls, however deep, each once."""
    found = {net.name: net}
    waiting = [net]
    while waiting:
        for statement in statements(waiting.pop().body):
            if isinstance(statement, Call) and statement.net not in found:
                found[statement.net] = program.net(statement.net)
                waiting.append(found[statement.net])
    return tuple(found.values())


def _lengthened(path: ValuePath, request: Request, net: Net, reached: tuple[Net, ...]) -> ValuePath:
    """A bare name as the path of the one value of that name."""
    (step,) = path
    if step.name in local_names(net):
        return path
    if any(step.name in file_level_names(one) for one in reached):
        return path
    found = list(itertools.islice(_paths_to(step, request.program, net), 4))
    if len(found) == 1:
        return (*found[0], step)
    if found:
        shown = " or ".join(show_path((*way, step)) for way in found[:3])
        raise TransformError(f"{request.net} has several values {step.name}: say which", f"write {shown}", 0)
    names = sorted({name for one in reached for name in (*local_names(one), *file_level_names(one))})
    said = f"{request.net} has no value {show_path(path)} to differentiate by"
    raise TransformError(said, near(step.name, names), 0)


def _paths_to(step: Step, program: Program, net: Net) -> Iterator[ValuePath]:
    """The calls that lead to a net with a value of that name; of those in a repeat the first two turns."""
    shared: set[str] = set()
    for call, loops in _calls(net):
        if call.shared and call.name in shared:
            continue
        shared.add(call.name)
        callee = program.net(call.net)
        if not any(step.name in local_names(one) for one in reachable(program, callee)):
            continue
        here = Step(call.name, (0,) * loops if loops and not call.shared else None)
        twice = (here, replace(here, subs=(1, *here.subs[1:]))) if here.subs else (here,)
        for one in twice:
            if step.name in local_names(callee):
                yield (one,)
            else:
                yield from ((one, *rest) for rest in _paths_to(step, program, callee))


def _calls(net: Net) -> list[tuple[Call, int]]:
    """The calls of a net with the number of repeats round each."""
    found: list[tuple[Call, int]] = []

    def visit(body: tuple[object, ...], loops: int) -> None:
        for statement in body:
            match statement:
                case Call():
                    found.append((statement, loops))
                case Repeat(body=inner):
                    visit(inner, loops + 1)

    visit(net.body, 0)
    return found


def _callee(program: Program, net: Net, step: Step, so_far: ValuePath) -> Net:
    calls = {s.name: (s.net, 0) for s in net.body if isinstance(s, Shared)}
    calls |= {call.name: (call.net, 0 if call.shared else loops) for call, loops in _calls(net)}
    if step.name not in calls:
        hint = near(step.name, calls, "calls")
        raise TransformError(f"{net.name} has no call {show_path(so_far)}", hint, 0)
    callee, needed = calls[step.name]
    if len(step.subs or ()) != needed:
        said = "{" + ", ".join("0" * needed) + "}" if needed else ""
        raise TransformError(
            f"{show_path(so_far)} is not one call: it runs in {'a repeat' if needed == 1 else 'repeats'}"
            if needed
            else f"{show_path(so_far)} has turns, and no repeat gives it any",
            f"write {step.name}{said}",
            0,
        )
    return program.net(callee)


def _refuse_call(program: Program, net: Net, path: ValuePath) -> None:
    """Raises TransformError for a path that leads to a call, naming what that gives."""
    for call, loops in _calls(net):
        if call.name == path[-1].name:
            subs = () if call.shared else (0,) * loops
            here = replace(path[-1], subs=path[-1].subs or subs or None)
            given = (Step(output.name, None) for output in program.net(call.net).outputs)
            shown = " or ".join(show_path((*path[:-1], here, output)) for output in given)
            said = f"{show_path(path)} is a call, and a derivative is by one value"
            raise TransformError(said, f"what it gives is {shown}", 0)


def _declared(decls: tuple[Decl, ...], step: Step) -> Decl | None:
    members = [decl for decl in decls if decl.name == step.name]
    for decl in members:
        if decl.subs == (step.subs or ()):
            return decl
    if members:
        subs = members[0].subs
        hint = f"write {show_path((Step(step.name, subs or None),))}"
        raise TransformError(f"{show_path((step,))} is not one value", hint, 0)
    return None


def _bound(net: Net, step: Step, path: ValuePath) -> tuple[Leg, ...]:
    """The legs of a value that a statement binds."""
    for statement, loops in _bindings(net.body, 0):
        match statement:
            case Bind(target=target) | Frozen(target=target, definition=Bind() | None):
                targets: tuple[Value, ...] = (target,)
            case Call(results=results):
                targets = tuple(result for result in results if not result.anonymous)
            case StreamSet(target=Value(name=name)) | Frozen(target=Value(name=name)) if name == step.name:
                raise TransformError(
                    f"{show_path(path)} is a stream, which has many values",
                    "bind the value that is meant to a name, and read it there",
                    0,
                )
            case _:
                continue
        for target in targets:
            if target.name != step.name:
                continue
            carried = tuple(sub for sub in target.subs if isinstance(sub, int))
            wanted = carried if target.subs else (0,) * loops
            if len(step.subs or ()) != len(wanted) or (target.subs and len(carried) != len(target.subs)):
                hint = f"write {show_path((Step(step.name, wanted),))}" if wanted else f"write {step.name}"
                raise TransformError(f"{show_path(path)} is not one value", hint, 0)
            if target.subs and step.subs != carried:
                continue
            return _legs(target)
    said = f"{net.name} has no value {show_path(path)} to differentiate by"
    raise TransformError(said, near(step.name, sorted(local_names(net))), 0)


def _bindings(body: tuple[object, ...], loops: int) -> Iterator[tuple[object, int]]:
    for statement in body:
        if isinstance(statement, Repeat):
            yield from _bindings(statement.body, loops + 1)
        else:
            yield statement, loops


def _legs(target: Value) -> tuple[Leg, ...]:
    names = target.leg_names or tuple(f"{n + 1}" for n in range(len(target.legs)))
    found = []
    for name, leg in zip(names, target.legs, strict=True):
        total: Size = 1
        for wire in ix_wires(leg):
            total = size_op("*", total, wire.size)
        if variables(total):
            raise TransformError(
                f"leg {name} of {target.name} has another size in each turn",
                "write the repeat out, and name the value of one turn",
                0,
            )
        label = "" if isinstance(leg, Group) else leg.label
        found.append(Leg(name, total, label))
    return tuple(found)


def _has_complex(program: Program, nets: tuple[Net, ...]) -> bool:
    """Whether any value of these nets may be complex: one is declared so, or a number is."""
    used = {name for net in nets for name in file_level_names(net)}
    decls = [decl for net in nets for decl in (*net.inputs, *net.owned)]
    decls += [decl for decl in program.declarations if decl.name in used]
    if any(p.name == "complex" for decl in decls for p in decl.properties):
        return True
    if any("j" in repr(decl.value) for decl in decls if decl.value is not None):
        return True
    for net in nets:
        for statement in statements(net.body):
            if isinstance(statement, Bind | StreamSet):
                for node in walk(statement.body):
                    if isinstance(node, Number) and isinstance(node.value, complex):
                        return True
    return False
