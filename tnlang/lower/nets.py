"""Nets of the IR as classes of the Plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    Bind,
    Bubble,
    Call,
    Decl,
    Frozen,
    Net,
    Node,
    Output,
    Shared,
    StreamSet,
)
from tnlang.ir.program import Program
from tnlang.ir.scales import scale_names
from tnlang.ir.size import Dim, DimSize, Size, evaluate
from tnlang.ir.slots import array_legs, called, dotted, file_level_shared, has, onehot_leg, used_file_level
from tnlang.ir.walk import refs, statements, walk
from tnlang.lower.bodies import Builder
from tnlang.lower.counting import assignments
from tnlang.lower.derived import bound_by, derived_statements, first_level, without
from tnlang.lower.dims import dims_of, keywords, scalar
from tnlang.lower.fetched import fetched
from tnlang.lower.laid import matrices
from tnlang.lower.names import (
    MODULE_ATTRIBUTES,
    NET_ATTRIBUTES,
    Names,
    class_names,
    function_name,
    identifier,
)
from tnlang.lower.notation import describe
from tnlang.lower.numbers import Arith, Name, Num, Scalar
from tnlang.lower.operands import Held
from tnlang.lower.optimize import RULES, Rule, optimized
from tnlang.lower.owned import parameters_of, place_of, submodules_of, value_names
from tnlang.lower.steps import (
    Argument,
    Body,
    Buffer,
    Derived,
    ModulePlan,
    Needed,
    NetPlan,
    Watched,
)
from tnlang.lower.values import Callee, Place
from tnlang.lower.weights import checkpoint_of

SizeIn = Callable[[Size], Scalar]


def plan_module(program: Program, nets: Sequence[str], rules: Sequence[Rule] = RULES) -> ModulePlan:
    """The classes of some nets and of all that they call, callees first, by these rules of the optimizer."""
    wanted = {net.name for name in nets for net in called(program, program.net(name))}
    chosen = [net for net in program.nets if net.name in wanted]
    inner = {s.net for net in chosen for s in statements(net.body) if isinstance(s, Call | Shared)}
    inner |= {s.net for net in chosen for s in file_level_shared(program, net)}
    classes = class_names(program)
    callees: dict[str, Callee] = {}
    plans = []
    for net in chosen:
        plan, callees[net.name] = plan_net(program, net, callees, net.name in inner, classes[net.name], rules)
        plans.append(plan)
    functions = tuple(
        (function_name(f.name), *f.target.partition(":")[::2])
        for f in program.functions
        if any(f.name in _functions_of(net) for net in chosen)
    )
    return ModulePlan(program.name, tuple(plans), functions)


def plan_net(
    program: Program,
    net: Net,
    callees: Mapping[str, Callee],
    is_called: bool,
    class_name: str,
    rules: Sequence[Rule],
) -> tuple[NetPlan, Callee]:
    """The class of a net, and what its callers have to know."""
    dims = dims_of(program, net)
    words = keywords(dims)
    names = {word.dim: word.name for word in words}
    outer = used_file_level(program, net)
    own_inputs = {(d.name, d.subs) for d in net.inputs}
    tensors = [d for d in outer if d.kind == "tensor" and (d.name, d.subs) not in own_inputs]
    params = tuple(dict.fromkeys(d.name for d in outer if d.kind == "param"))
    shared = file_level_shared(program, net)
    frozen = any(isinstance(s, Frozen) for s in statements(net.body)) or any(
        callees[s.net].frozen for s in statements(net.body) if isinstance(s, Call)
    )

    attributes = Names.of(MODULE_ATTRIBUTES | NET_ATTRIBUTES)
    place = place_of(program, net, dims, outer, shared, attributes)
    locals_ = Names.local()
    locals_.taken.update(function_name(name) for name in _functions_of(net))
    inputs = [(locals_.take(identifier(dotted(d.name, d.subs))), d) for d in net.inputs]
    handed = {dotted(d.name, d.subs): locals_.take(identifier(dotted(d.name, d.subs))) for d in tensors}
    if is_called:
        for name in (*params, *(s.name for s in shared)):
            handed[name] = locals_.take(identifier(name))
    uses = Counter(ref.name for s in statements(net.body) for ref in refs(s))
    uses.update(output.name for output in net.outputs)

    owned = [d for d in (*net.owned, *(() if is_called else outer)) if d.kind in ("param", "const")]
    alone = derived_statements(net, dims, owned)
    kept: dict[str, Held] = {}

    def builder_of(observed: bool, inputs: Sequence[tuple[str, Decl]], handed: Mapping[str, str]) -> Builder:
        return Builder(
            program,
            net,
            dims,
            place,
            callees,
            inputs,
            handed,
            Names.of(locals_.taken),
            observed,
            is_called,
            uses=uses,
            scales=scale_names(net),
        )

    def build_derived() -> tuple[Builder, Derived]:
        """Where the values that parameters alone give are computed."""
        builder = builder_of(False, (), {})
        builder.declare()
        builder.run(alone)
        kept.update((name, builder.values[name]) for s in alone for name in bound_by(s))
        body = Body(
            tuple(builder.steps), tuple(h.var for h in kept.values()), tuple(sorted(builder.names.taken))
        )
        return builder, Derived(optimized(body, rules)[0], tuple(place.kept[name] for name in kept))

    def build(observed: bool) -> tuple[Builder, Body, Counter[str]]:
        builder = builder_of(observed, inputs, handed)
        builder.versions = {
            name: builder.names.take(f"{identifier(name)}_versions") for name in _streams_met_by_number(net)
        }
        builder.declare()
        taken = first_level(alone) if observed else alone
        if taken:
            builder.kept(kept, [name for statement in taken for name in bound_by(statement)])
        builder.run(without(net.body, taken))
        return builder, *optimized(builder.finish(), rules, observed)

    deriving, derived = build_derived() if alone else (None, None)
    seen, observed, rewritten = build(True)
    plain = None if frozen else build(False)
    used_dims = seen.used_dims | (plain[0].used_dims if plain else set())
    used_dims |= deriving.used_dims if deriving is not None else set()
    in_init = _init_size(names)

    def in_checkpoint(size: Size) -> Scalar:
        """A net that is written out flat has no dim for the turns it had."""

        def number(dim: Dim) -> Scalar:
            return seen.dim(dim) if dim.name in names else Num(evaluate(DimSize(dim), {}))

        return scalar(size, number, {})

    has_params = any(d.kind == "param" for d in (*net.owned, *outer))
    checkpoint = checkpoint_of(program, net, in_checkpoint)
    used_dims |= seen.used_dims
    told = {dim.name: locals_.take(identifier(dim.name)) for dim in dims.told}
    options = [
        *(Argument(handed[dotted(d.name, d.subs)], dotted(d.name, d.subs)) for d in tensors),
        *(
            Argument(handed[n], n, required=False, is_array=True)
            for n in (*params, *(s.name for s in shared))
            if n in handed
        ),
        *(Argument(n, dim, required=False, is_array=False) for dim, n in told.items()),
    ]
    parameters = parameters_of(program, net, place, outer, in_init, is_called)
    alone_standing = {p.attribute for p in parameters if p.members[0][0] == () and not p.root_only}

    def by_name(body: Body) -> Body:
        """The body with parameters fetched once where it reads many."""
        own = [p for p in parameters if p.attribute == p.name and not p.root_only]
        families = {p.name for p in own if p.members[0][0]} - place.keyed_parameters
        return fetched(body, alone_standing & {p.name for p in own}, families)

    plan = NetPlan(
        name=net.name,
        class_name=class_name,
        doc=(*describe(program, net), *_rule_lines(plain[2] if plain else rewritten)),
        keywords=words,
        counting=tuple(
            (d.name, evaluate(d.default, {})) for d in _counting(program) if d.default is not None
        ),
        stored=tuple((place.dims[w.dim], w.name) for w in words if w.dim in used_dims),
        parameters=parameters,
        buffers=tuple(
            Buffer(place.constants[d.name, d.subs], d.value)
            for d in (*outer, *net.owned)
            if d.kind == "const" and isinstance(d.value, tuple) and (d.name, d.subs) in place.constants
        ),
        submodules=submodules_of(program, net, callees, place, shared, names, is_called),
        watched=_watched(net, seen, place, in_init),
        needed=_needed(seen, names),
        inputs=tuple(Argument(local, dotted(d.name, d.subs)) for local, d in inputs),
        options=tuple(options),
        outputs=tuple((dotted(o.name, o.subs), identifier(dotted(o.name, o.subs))) for o in net.outputs),
        signature=signature(net),
        fused=by_name(plain[1]) if plain else None,
        rewritten=tuple((plain[2] if plain else rewritten).items()),
        observed=by_name(observed),
        like=_like(net, inputs, place),
        past_values=_past_values(program, net),
        checkpoint=checkpoint,
        file_level="file_level" if is_called and (params or shared) else "",
        derived=replace(derived, body=by_name(derived.body)) if derived is not None else None,
        matrices=matrices(plain[1], alone_standing) if plain else (),
    )
    filled = plain[1].fills if plain else ()
    callee = Callee(
        plan.class_name,
        {w.dim: w.name for w in words if not w.late},
        tuple(onehot_leg(d) for d in net.inputs),
        tuple(_is_complex(net, o, seen) for o in net.outputs),
        told,
        handed,
        frozen,
        bool(plan.file_level),
        tuple(place for place, (local, _) in enumerate(inputs) if local in filled),
    )
    assert has_params or not plan.parameters
    return plan, callee


def _rule_lines(rewritten: Mapping[str, int]) -> tuple[str, ...]:
    """The line of a docstring that names the rules of the optimizer that ``forward`` comes from."""
    if not rewritten:
        return ()
    return (f"Rewritten by: {', '.join(f'{name} {count}' for name, count in rewritten.items())}.",)


def signature(net: Net) -> str:
    """``x[..., seq, hidden] -> y[..., seq, hidden]``."""
    inputs = [f"{dotted(d.name, d.subs)}{_shape([leg.name for leg in array_legs(d)])}" for d in net.inputs]
    outputs = [f"{dotted(o.name, o.subs)}{_shape([leg.name for leg in o.legs])}" for o in net.outputs]
    return f"{', '.join(inputs) or '()'} -> {', '.join(outputs)}"


def _shape(legs: Sequence[str]) -> str:
    return f"[{', '.join(['...', *legs])}]"


def _init_size(names: Mapping[str, str]) -> SizeIn:
    def size(size: Size) -> Scalar:
        return scalar(size, lambda dim: Name(names[dim.name]), {})

    return size


def _counting(program: Program) -> list[Dim]:
    return [dim for dim in program.dims if dim.counts_members]


def _functions_of(net: Net) -> set[str]:
    """The functions of the user's that a net applies."""
    bodies = (s.body for s in statements(net.body) if isinstance(s, Bind | StreamSet))
    nodes: Iterator[Node] = (node for body in bodies for node in walk(body))
    return {n.function for n in nodes if isinstance(n, Bubble) and n.function not in FUNCTIONS}


def _streams_met_by_number(net: Net) -> list[str]:
    streams = {s.target.name for s in statements(net.body) if isinstance(s, StreamSet)}
    met = {r.name for s in statements(net.body) for r in refs(s) if r.subs and r.name in streams}
    met |= {o.name for o in net.outputs if o.subs and o.name in streams}
    return sorted(met)


def _watched(net: Net, seen: Builder, place: Place, size: SizeIn) -> tuple[Watched, ...]:
    """The points of a net's values; those of a stream and in repeats are lists."""
    found: list[Watched] = []
    streams = {
        s.target.name
        for s in statements(net.body)
        if isinstance(s, StreamSet) or (isinstance(s, Frozen) and isinstance(s.definition, StreamSet))
    }
    for name, attr in place.values.items():
        if name in streams:
            found.append(Watched(name, attr, (assignments(net.body, name, size),)))
            continue
        by_depth: dict[int, list[tuple[Size, ...]]] = {}
        for extents in seen.extents.get(name, ()):
            by_depth.setdefault(len(extents), []).append(extents)
        for alternatives in by_depth.values():
            counts = (dict.fromkeys(map(size, position)) for position in zip(*alternatives, strict=True))
            found.append(Watched(name, attr, tuple(_largest(list(numbers)) for numbers in counts)))
    return tuple(found)


def _needed(seen: Builder, names: Mapping[str, str]) -> tuple[Needed, ...]:
    """The values that have to be handed in."""

    def size(of: Size) -> Scalar:
        return scalar(of, lambda dim: Name(names[dim.name]), {})

    found = [
        Needed(
            name,
            tuple(size(sub) for sub in where),
            tuple((identifier(loop.var), size(loop.start), size(loop.stop)) for loop in loops),
        )
        for name, where, loops in seen.needed
    ]
    found += [
        Needed(
            point.name,
            point.subs,
            tuple((local, size(loop.start), size(loop.stop)) for loop, local in loops),
        )
        for point, loops in seen.needed_versions
    ]
    return tuple(found)


def _largest(numbers: list[Scalar]) -> Scalar:
    plain = [n.value for n in numbers if isinstance(n, Num) and isinstance(n.value, int)]
    rest = [n for n in numbers if not isinstance(n, Num)]
    if not rest:
        return Num(max(plain))
    total = rest[0]
    for other in rest[1:]:
        total = Arith("max", total, other)
    return Arith("max", total, Num(max(plain))) if plain else total


def _like(net: Net, inputs: Sequence[tuple[str, Decl]], place: Place) -> str:
    """An array of the type and device that new arrays are to have: a parameter, an input, or one made."""
    for decl in net.owned:
        if decl.kind == "param" and not has(decl, "complex") and not decl.subs:
            return f"self.{place.parameters[decl.name]}"
    for local, decl in inputs:
        if onehot_leg(decl) is None and not has(decl, "complex"):
            return local
    return "self.reference"


def _past_values(program: Program, net: Net) -> tuple[str, ...]:
    """The values and calls, by the first part of their names, that a transform has taken from the net."""
    if not net.source:
        return ()
    source = next((n for n in program.nets if n.name == net.source), None)
    if source is None:
        return ()
    now, calls = {*value_names(net), *scale_names(net).values()}, _call_names(net)
    past = [n for n in (*value_names(source), *scale_names(source).values()) if n not in now | calls]
    return (*past, *sorted(_call_names(source) - calls))  # a path may be called as a call was


def _call_names(net: Net) -> set[str]:
    return {s.name for s in statements(net.body) if isinstance(s, Call)}


def _is_complex(net: Net, output: Output, seen: Builder) -> bool:
    if output.name in seen.values:
        return seen.values[output.name].complex
    return output.name in seen.tables and seen.tables[output.name].complex
