"""Nets made from nets: ``net frozen = freeze(model, A)``, by the registry of tnlang.transforms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from tnlang.elaborate.arithmetic import file_scope, find_module, is_broken, one_sub, path_text, size_of
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.marks import refuse_caption
from tnlang.elaborate.scope import Header, NetEntry, Scope, World, near, shown
from tnlang.ir.net import Net
from tnlang.ir.program import Program
from tnlang.ir.size import SizeError, dims_in, evaluate
from tnlang.ir.slots import called
from tnlang.ir.walk import is_whole
from tnlang.source import Related, Span
from tnlang.syntax import ast
from tnlang.transforms import (
    OF_ANOTHER_VALUE,
    OF_ENTRIES,
    OF_STEPS,
    TRANSFORMS,
    steps_of,
    transform_of,
)
from tnlang.transforms.dead import with_unused
from tnlang.transforms.request import OptionValue, Request, Step, TransformError, ValuePath
from tnlang.transforms.spans import with_spans


def elaborate_definition(entry: NetEntry, syntax: ast.NetDefinition, world: World) -> None:
    """Elaborate ``net frozen = freeze(model, A)`` into the entry, unless something is wrong with it."""
    made = _made(syntax.value, entry.name, file_scope(entry.module, world))
    if made is None:
        return
    net, owns = made
    entry.net, entry.owns = net, owns
    entry.header = Header(net.inputs, net.outputs)


@dataclass(frozen=True, slots=True)
class Stage:
    """A net on the way of nested transforms: what stands below it, and its relation to the one before."""

    net: Net
    caption: str
    relation: Literal["=", "≈", "→"] = "="


def net_of(value: ast.TransformValue, name: str, scope: Scope) -> Net | None:
    """The net that a path names or a transform makes (under ``name``). None after a mistake."""
    found = _net(value, name, scope)
    return found[0] if found is not None else None


def stages_of(value: ast.TransformValue, name: str, scope: Scope) -> list[Stage] | None:
    """The net that nested transforms begin with, and what each of them makes. None after a mistake."""
    stages: list[Stage] = []
    return stages if _net(value, name, scope, stages) is not None else None


def _made(
    value: ast.TransformValue, name: str, scope: Scope, stages: list[Stage] | None = None
) -> tuple[Net, bool] | None:
    """The net of that name that a transform gives, put among the program's nets, and the ``stages`` to it."""
    world = scope.world
    if value.arguments is None:
        found = _net(value, name, scope)
        if found is None:
            return None
        net = replace(found[0], name=name, source=found[0].name)
        world.nets.append(net)
        return net, found[1]
    transform = path_text(value.path)
    if transform not in TRANSFORMS:
        hint = near(transform, TRANSFORMS) or "there are " + shown(sorted(TRANSFORMS))
        world.diagnostics.error("TN901", f"there is no transform {transform}", value.path.span, hint=hint)
        return None
    first = value.arguments[0] if value.arguments else None
    if not isinstance(first, ast.TransformValue):
        world.diagnostics.error(
            "TN903", f"{transform} takes a net first", value.span, hint=f"`{transform}(model, …)`"
        )
        return None
    source = _net(first, f"{name}/{transform}", scope, stages)
    if source is None or not is_whole(source[0], {net.name: net for net in world.nets}):
        return None  # what it lacks has been reported where it stands
    request, spans, chains = _request(value, name, source[0].name, scope)
    if request is None:
        return None
    try:
        nets = _made_before(request, world.before) or _carried_out(transform, request, source[0])
    except TransformError as error:
        span, code = value.span, "TN903"
        if error.path is not None:
            span, code = spans[error.path], "TN902"
        elif error.arrow is not None:
            span, code = chains[error.arrow[0]][error.arrow[1]], "TN902"
        places = (Related(error.place, "here"),) if error.place is not None else ()
        world.diagnostics.error(code, str(error), span, *places, hint=error.hint)
        return None
    world.nets.extend(nets)
    for decl in nets[-1].inputs:  # a step has a dim of its own, of the positions that are new
        for dim in (dim for leg in decl.legs for dim in dims_in(leg.size)):
            world.dims.setdefault(dim.name, dim)
    if stages is not None:
        stages += _stages(value, transform, request, nets[-1], world)
    return nets[-1], source[1]


def _carried_out(transform: str, request: Request, source: Net) -> tuple[Net, ...]:
    """The nets that a transform makes, that of the request last. Raises TransformError."""
    nets = with_unused(request.program, source, transform_of(transform)(request))
    return tuple(with_spans(net, request.program.net(request.net).origin.span) for net in nets)


def _made_before(request: Request, before: Program | None) -> tuple[Net, ...]:
    """The nets that a transform made in the program before, () if it did not or files have changed."""
    made = next((n for n in before.nets if n.name == request.name), None) if before is not None else None
    if before is None or made is None:
        return ()
    old, known = {net.name: net for net in before.nets}, {net.name: net for net in request.program.nets}
    reached = {net.name: net for net in called(before, made)}
    read = [*called(request.program, known[request.net]), *(known[n] for n in reached if n in known)]
    if not all(net.name in old and _is_still(old[net.name], net) for net in read):
        return ()
    return (*(n for n in before.nets if n.name in reached and n.name not in known and n is not made), made)


def _is_still(old: Net, new: Net) -> bool:
    """Whether a net stands in the same text, which may go on further."""
    return new.origin.span.source.text.startswith(old.origin.span.source.text)


def _stages(
    value: ast.TransformValue, transform: str, request: Request, made: Net, world: World
) -> Iterator[Stage]:
    """What a transform makes, after the nets on the way if it has steps of its own."""
    arguments = (value.arguments or ())[1:]
    given = arguments[0].span.to(arguments[-1].span).text if arguments else ""
    caption = _caption(value, f"{transform}({given})" if given else transform)
    steps = steps_of(transform)(request)[1:] if transform in OF_STEPS else ()
    for (rule, net), (after, _) in pairwise(steps):
        if rule != after:
            world.nets.append(net)
            yield Stage(net, rule)
    was = request.program.net(request.net).note
    if transform in OF_ANOTHER_VALUE:
        yield Stage(made, caption, "→")
    else:
        exact = "≈" not in made.note or "≈" in was
        yield Stage(made, _caption(value, steps[-1][0]) if steps else caption, "=" if exact else "≈")


def _caption(value: ast.TransformValue, otherwise: str) -> str:
    return value.caption.value if value.caption is not None else otherwise


def _net(
    value: ast.TransformValue, name: str, scope: Scope, stages: list[Stage] | None = None
) -> tuple[Net, bool] | None:
    """A transform's first argument: a net by name, or another transform of one."""
    if stages is None and refuse_caption(value, scope):
        return None
    if value.entries is not None:
        hint = f"`{path_text(value.path)}`"
        scope.diagnostics.error("TN903", "a net is needed here, which has no entries", value.span, hint=hint)
        return None
    if value.arguments is not None:
        return _made(value, name, scope, stages)
    world = scope.world
    found = find_module(scope.module, value.path)
    entry = found[0].nets.get(found[1].name.text) if found is not None else None
    if entry is None:
        if not is_broken(value.path, scope):
            module = found[0] if found is not None else scope.module
            world.diagnostics.error(
                "TN201",
                f"there is no net {path_text(value.path)}",
                value.path.span,
                hint=near(value.path.parts[-1].name.text, module.nets),
            )
        return None
    header_of(entry, world, value.path.span)
    if entry.net is None:
        return None
    if stages is not None:
        stages.append(Stage(entry.net, _caption(value, path_text(value.path))))
    return entry.net, entry.owns


def _request(
    value: ast.TransformValue, name: str, net: str, scope: Scope
) -> tuple[Request | None, list[Span], list[list[Span]]]:
    """What a transform is asked for; where its paths stand, and the values of its arrows."""
    paths: list[ValuePath] = []
    spans: list[Span] = []
    arrows: list[tuple[ValuePath, ...]] = []
    chains: list[list[Span]] = []
    wrong = None, spans, chains
    options: dict[str, OptionValue] = {}
    relations: dict[str, str] = {}
    allowed = path_text(value.path) in OF_ENTRIES
    for argument in (value.arguments or ())[1:]:
        match argument:
            case ast.TransformValue():
                path = _path(argument, scope, allowed)
                if path is None:
                    return wrong
                paths.append(path)
                spans.append(argument.span)
            case ast.TransformArrow(values=values):
                chain = [_path(one, scope, allowed) for one in values]
                known = tuple(path for path in chain if path is not None)
                if len(known) < len(chain):
                    return wrong
                arrows.append(known)
                chains.append([one.span for one in values])
            case ast.TransformOption():
                option = _option(argument.value, scope)
                if option is None:
                    return wrong
                options[argument.name.text] = option
                relations[argument.name.text] = argument.op
    world = scope.world
    program = Program(
        "",
        tuple(world.dims.values()),
        tuple(world.declarations),
        tuple(world.shared),
        nets=tuple(world.nets),
    )
    return Request(program, name, net, tuple(paths), tuple(arrows), options, relations), spans, chains


def _path(value: ast.TransformValue, scope: Scope, entries: bool = False) -> ValuePath | None:
    """The path of a value. Reports what is none, and brackets where ``entries`` does not allow them."""
    if refuse_caption(value, scope):
        return None
    if value.arguments is not None:
        scope.diagnostics.error(
            "TN903", "the path of a value is needed here", value.span, hint="`attention{0}.A`"
        )
        return None
    steps: list[Step] = []
    for part in value.path.parts:
        subs = one_sub(part.subs, scope, part.name.text) if part.subs else None
        if part.subs and subs is None:
            return None
        steps.append(Step(part.name.text, subs))
    if value.entries is None:
        return tuple(steps)
    if not entries:
        message = "a whole value is needed here, not entries of it"
        scope.diagnostics.error("TN903", message, value.span, hint=f"`{path_text(value.path)}`")
        return None
    picked = [_entry(index, scope) for index in value.entries]
    if any(one is False for one in picked):
        return None
    legs = tuple(one if one is not False else None for one in picked)
    return (*steps[:-1], replace(steps[-1], entries=legs))


def _entry(index: ast.Index | ast.GroupIndex, scope: Scope) -> int | Literal[False] | None:
    """The entry that an index fixes, None for a name, which is all of the leg; False after a mistake."""
    match index:
        case ast.Index(at=ast.IndexPath(), of=None):
            return None
        case ast.Index(at=at, of=None) if not isinstance(at, ast.IndexPath):
            size = size_of(at, scope)
            if size is None:
                return False
            try:
                return evaluate(size, {})
            except SizeError as error:
                scope.diagnostics.error("TN606", f"this entry is not known: {error}", index.span)
                return False
    message = "here a number is an entry, a name is all of a leg"
    scope.diagnostics.error("TN903", message, index.span, hint="`z[3, q, s]`")
    return False


def _option(
    value: ast.Number | ast.Text | ast.TransformTuple | ast.TransformValue, scope: Scope
) -> OptionValue | None:
    match value:
        case ast.Number(value=number):
            return float(number.real)
        case ast.Text(value=text):
            return text
        case ast.TransformValue():
            return _path(value, scope)
        case ast.TransformTuple(items=items):
            found = [float(i.value) if isinstance(i, ast.Int) else _path(i, scope) for i in items]
            return None if any(f is None for f in found) else tuple(f for f in found if f is not None)
