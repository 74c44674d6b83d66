"""Nets: their headers, their bodies, elaborated when first asked for, so that callees come first."""

from __future__ import annotations

from tnlang.elaborate import transformed
from tnlang.elaborate.arithmetic import find_module, one_sub
from tnlang.elaborate.declarations import declare, declared_legs, member_text
from tnlang.elaborate.families import parts
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.scope import MEMBERS, Body, Header, Known, Module, NetEntry, Scope, World, near
from tnlang.elaborate.statements import Statements
from tnlang.elaborate.targets import bound_names
from tnlang.ir.net import Call, Decl, Net, Origin, Output
from tnlang.ir.walk import file_level_names, refs, statements
from tnlang.source import Related, Span
from tnlang.syntax import ast


def elaborate_net(entry: NetEntry, world: World) -> None:
    """Elaborate a net once."""
    if entry.state != "new":
        return
    entry.state = "busy"
    world.stack.append(entry)
    written, many = world.written, world.factors
    if isinstance(entry.syntax, ast.NetDecl):
        _declared_net(entry, entry.syntax, world)
    elif isinstance(entry.syntax, ast.NetDefinition):
        transformed.elaborate_definition(entry, entry.syntax, world)
    world.written, world.factors = written, many
    if entry.net is not None:
        _count_calls(entry.net, world, entry.span)
    world.stack.pop()
    entry.state = "done"


def _declared_net(entry: NetEntry, syntax: ast.NetDecl, world: World) -> None:
    module = entry.module
    body = Body(syntax.name.text, later=bound_names(syntax.body))
    body.shared.update(module.shared)
    scope = Scope(world, module, body)
    inputs = _inputs(syntax, scope)
    outputs, sound = _outputs(syntax, scope)
    sound = sound and all(known.legs is not None for known in body.values.values())
    entry.header = Header(tuple(inputs), tuple(output for output, _ in outputs.values()), sound)
    entry.owns = _owns(syntax, module, world)
    before = len(world.diagnostics.errors)
    own_inputs = {name: known.span for name, known in body.values.items()}
    Statements(scope, outputs if sound else {}).run(syntax.body, scope)
    for output, span in outputs.values():
        _check_output(output, span, body, scope)
    for name, span in own_inputs.items():
        if name not in body.used and len(world.diagnostics.errors) == before:
            world.diagnostics.warning("TN208", f"the input {name} is never used", span)
    if len(world.diagnostics.errors) > before or not sound or _hides(body, own_inputs, world):
        return
    entry.net = Net(
        entry.name,
        tuple(inputs),
        tuple(output for output, _ in outputs.values()),
        tuple(body.owned),
        tuple(body.block),
        origin=Origin(syntax.name.span),
    )
    world.nets.append(entry.net)


def _count_calls(net: Net, world: World, span: Span) -> None:
    """Report a net that calls others too often: `y = n(n(x))` on many levels is more than can be made."""
    called = [s.net for s in statements(net.body) if isinstance(s, Call)]
    number = sum(1 + world.calls.get(name, 0) for name in called)
    world.calls[net.name] = number if number <= MEMBERS else 0
    if number > MEMBERS:
        message = f"{net.name} calls nets {number:,} times, the calls within those counted"
        world.diagnostics.error("TN601", message, span, hint=f"at most {MEMBERS:,} calls are written out")


def _inputs(syntax: ast.NetDecl, scope: Scope) -> list[Decl]:
    found: list[Decl] = []
    values = scope.body.values

    def taken(name: ast.Name, arity: int) -> bool:
        if name.text not in values:
            return False
        scope.diagnostics.error(
            "TN203",
            f"the input {name.text} is named twice",
            name.span,
            Related(values[name.text].span, "here too"),
        )
        return True

    for item in syntax.inputs:
        declare("input", item, scope, item.name.text, found.append, values, taken)
    return found


def _outputs(syntax: ast.NetDecl, scope: Scope) -> tuple[dict[str, tuple[Output, Span]], bool]:
    found: dict[str, tuple[Output, Span]] = {}
    sound = True
    for output in syntax.outputs:
        subs = one_sub(output.subs, scope, output.name.text) if output.subs else ()
        name = member_text(output.name.text, subs or ())
        legs = declared_legs(output.bracket, scope)
        if name in found:
            scope.diagnostics.error(
                "TN203",
                f"the output {name} is named twice",
                output.name.span,
                Related(found[name][1], "here too"),
            )
        sound = sound and legs is not None and subs is not None
        found.setdefault(name, (Output(output.name.text, legs or (), subs or ()), output.name.span))
    return found, sound


def _check_output(output: Output, span: Span, body: Body, scope: Scope) -> None:
    name, subs = output.name, output.subs
    known = body.values.get(name)
    ended = body.ended.get(name)
    if known is not None and known.kind == "stream" and len(subs) <= 1:
        return
    if known is not None and known.kind == "value" and len(subs) == known.arity:
        if not subs or known.carried or subs in known.members:
            return
        known = None
    name = member_text(name, subs)
    hint = near(name, [n for n, k in body.values.items() if k.kind in ("value", "stream") and n != name])
    related = []
    if ended is not None:
        related = [Related(ended.span, "bound here, for one turn of a repeat")]
        hint = f"open it before as a stream, `stream {name} = …`"
    elif known is not None:
        related = [Related(known.span, f"{name} is {'an' if known.kind == 'input' else 'a'} {known.kind}")]
        hint = "an output is a value of its own: bind it under another name"
    scope.diagnostics.error(
        "TN503",
        f"the output {name} of {body.title} is never bound",
        span,
        *related,
        hint=hint or f"`{name} = …`",
    )


def _hides(body: Body, inputs: dict[str, Span], world: World) -> bool:
    """Whether an input has the name of a tensor at file level that a called net reads; reports it.

    Such a tensor is an input of every net above the one that reads it, so the two would be one.
    """
    nets = {net.name: net for net in world.nets}
    tensors = {d.name: d for d in world.declarations if d.kind == "tensor" and d.name in inputs}
    hides = False
    for call in (s for s in statements(tuple(body.block)) if isinstance(s, Call)):
        for name in sorted(tensors.keys() & _file_level(call.net, nets)):
            hides = True
            world.diagnostics.error(
                "TN205",
                f"{name} is an input of {body.title}, and a tensor of the file that {call.net} reads",
                inputs[name],
                Related(tensors[name].origin.span, "the tensor"),
                Related(call.origin.span, "the call that needs it"),
                hint="give one of the two another name",
            )
    return hides


def _file_level(net: str, nets: dict[str, Net]) -> set[str]:
    """The names that a net and those it calls read from the file."""
    found: set[str] = set()
    waiting, seen = [net], {net}
    while waiting:
        current = nets.get(waiting.pop())
        if current is not None:
            found |= set(file_level_names(current))
            calls = {s.net for s in statements(current.body) if isinstance(s, Call)} - seen
            seen |= calls
            waiting.extend(calls)
    return found


def _owns(syntax: ast.NetDecl, module: Module, world: World) -> bool:
    """Whether calls of a net own parameters: its own, or those of the nets it calls."""
    for node in parts(syntax):
        match node:
            case ast.Declaration(kind="param"):
                return True
            case ast.Call(path=path) | ast.SharedStatement(net=path):
                found = find_module(module, path)
                entry = found[0].nets.get(found[1].name.text) if found is not None else None
                if entry is not None and entry.state != "busy":
                    header_of(entry, world, path.span)
                    if entry.owns:
                        return True
            case _:
                pass
    return False


# ---------------------------------------------------------------- main


def elaborate_main(module: Module, statements_: tuple[ast.Statement, ...], world: World) -> None:
    """The bindings at file level: the net ``main`` (rule 6)."""
    body = module.main
    assert body is not None
    scope = Scope(world, module, body)
    before = len(world.diagnostics.errors)
    Statements(scope).run(statements_, scope)
    bound = {n: k for n, k in body.values.items() if k.kind in ("value", "stream")}
    if not bound or len(world.diagnostics.errors) > before:
        return
    outputs = tuple(
        output for name, known in bound.items() if name not in body.used for output in _given(name, known)
    )
    name = module.qualified("main")
    net = Net(name, (), outputs, (), tuple(body.block), origin=Origin(next(iter(bound.values())).span))
    needed = needed_names(net, {n.name: n for n in world.nets})
    inputs = tuple(d for d in world.declarations if d.kind == "tensor" and d.name in needed)
    net = Net(name, inputs, outputs, (), tuple(body.block), origin=net.origin)
    _count_calls(net, world, net.origin.span)
    world.nets.append(net)
    module.nets["main"] = NetEntry(
        name, module, net.origin.span, None, Header(inputs, outputs), net, state="done"
    )


def _given(name: str, known: Known) -> list[Output]:
    """What main gives of a value: itself, or the members of a family that were bound one by one."""
    if known.arity:
        return [Output(name, legs, subs) for subs, legs in known.members.items() if legs is not None]
    return [Output(name, known.legs)] if known.legs is not None else []


def needed_names(net: Net, nets: dict[str, Net]) -> set[str]:
    """The values that a net and those it calls read, by name."""
    found: set[str] = set()
    waiting, seen = [net], {net.name}
    while waiting:
        current = waiting.pop()
        for statement in statements(current.body):
            found.update(ref.name for ref in refs(statement))
            if isinstance(statement, Call) and statement.net not in seen and statement.net in nets:
                seen.add(statement.net)
                waiting.append(nets[statement.net])
    return found
