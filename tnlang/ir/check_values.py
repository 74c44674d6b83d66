"""Invariants of values, calls and names: what is read is bound, and fits where it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from tnlang.ir.check_wires import all_nets
from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Factor,
    Frozen,
    Group,
    Leg,
    Net,
    Output,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Tensor,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize, Size, SizeError, evaluate, show, size_op, variables
from tnlang.ir.walk import ix_wires, local_names, statements, walk


@dataclass(slots=True)
class _Scope:
    """What a net's statements have bound so far: the sizes of the legs of each value."""

    program: Program
    net: Net
    values: dict[str, dict[tuple[Size, ...], tuple[Size, ...]]]
    streams: set[str]

    def legs(self, ref: Ref) -> tuple[Size, ...] | None:
        """The leg sizes of a value, None if there is none; any member stands for a computed one."""
        members = self.values.get(ref.name)
        if not members:
            return None
        if ref.subs in members:
            return members[ref.subs]
        try:
            return members[tuple(evaluate(sub, {}) for sub in ref.subs)]
        except (SizeError, KeyError):
            pass
        computed = ref.name in self.streams or any(
            not all(isinstance(s, int) for s in subs) for subs in (ref.subs, *members)
        )
        return next(iter(members.values())) if computed else None

    def bind(self, value: Value) -> None:
        sizes = tuple(leg_size(leg) for leg in value.legs)
        self.values.setdefault(value.name, {})[value.subs] = sizes

    def declare(self, decl: Decl) -> None:
        self.values.setdefault(decl.name, {})[decl.subs] = tuple(leg.size for leg in decl.legs)

    def forget_turn(self, before: set[tuple[str, tuple[Size, ...]]], var: str) -> None:
        """Drop what a repeat bound for one turn only: all that does not carry its variable, but streams."""
        for name, members in self.values.items():
            for subs in list(members):
                carried = any(var in variables(sub) for sub in subs)
                if (name, subs) not in before and name not in self.streams and not carried:
                    del members[subs]


def leg_size(leg: Wire | Group) -> Size:
    """The size of a left-hand side's leg: that of its wire, or the product of its group."""
    total: Size = 1
    for wire in ix_wires(leg):
        total = size_op("*", total, wire.size)
    return total


def agree(one: Size, other: Size) -> bool:
    """Whether two sizes may meet: the same dim, or equal numbers where one is no dim.

    What has no number yet (an unbound dim, a loop variable) agrees with all but another dim.
    """
    if isinstance(one, DimSize) and isinstance(other, DimSize):
        return one.dim == other.dim
    try:
        return evaluate(one, {}) == evaluate(other, {})
    except SizeError:
        return True


def _walk_scopes(program: Program) -> Iterator[tuple[_Scope, Stmt]]:
    """Each statement of each net with what is bound before it."""
    for net in all_nets(program):
        yield from _statements(_start(program, net), net.body)


def _start(program: Program, net: Net) -> _Scope:
    scope = _Scope(program, net, {}, set())
    own = local_names(net)  # they hide what the file declares under the same name
    outer = [decl for decl in program.declarations if decl.name not in own]
    for decl in (*outer, *net.inputs, *net.owned):
        scope.declare(decl)
    return scope


def _statements(scope: _Scope, body: tuple[Stmt, ...]) -> Iterator[tuple[_Scope, Stmt]]:
    for statement in body:
        yield scope, statement
        match statement:
            case Bind(target=target) | Frozen(target=target, definition=Bind() | None):
                scope.bind(target)
            case StreamSet(target=target) | Frozen(target=target):
                scope.bind(target)
                scope.streams.add(target.name)
            case Call(results=results):
                for result in results:
                    scope.bind(result)
            case Factor(factors=factors):
                for factor in factors:
                    scope.declare(factor)
            case Repeat(loop=loop, body=inner):
                before = {(name, subs) for name, members in scope.values.items() for subs in members}
                yield from _statements(scope, inner)
                scope.forget_turn(before, loop.var)
            case Shared():
                pass


def refs_resolve(program: Program) -> Iterator[str]:
    for scope, statement in _walk_scopes(program):
        match statement:
            case Bind(target=target, body=body) | StreamSet(target=target, body=body):
                for node in walk(body):
                    if isinstance(node, Tensor):
                        yield from _use(scope, f"{scope.net.name}.{target.name}", node)
            case Call(name=name, arguments=arguments):
                for ref in arguments:
                    if scope.legs(ref) is None:
                        yield f"{scope.net.name}.{name}: argument {ref.name} has no value yet"
            case Factor():
                yield from _factored(scope, statement)
            case _:
                pass


def _use(scope: _Scope, place: str, node: Tensor) -> Iterator[str]:
    sizes = scope.legs(node.ref)
    if sizes is None:
        yield f"{place}: {node.ref.name}{_subs(node.ref)} has no value yet"
        return
    if len(sizes) != len(node.legs):
        yield f"{place}: {node.ref.name} has {len(sizes)} legs, used with {len(node.legs)}"
        return
    for number, (leg, size) in enumerate(zip(node.legs, sizes, strict=True), start=1):
        if isinstance(leg, Wire) and not agree(leg.size, size):
            yield (
                f"{place}: leg {number} of {node.ref.name} has size {show(size)}, "
                f"its wire {leg.text} {show(leg.size)}"
            )


def _factored(scope: _Scope, factor: Factor) -> Iterator[str]:
    """Each leg of the source is that of one factor, in order; what other legs the factors have are bonds."""
    place = f"{scope.net.name}.{factor.factors[0].name}"
    sizes = scope.legs(factor.source)
    if sizes is None:
        yield f"{place}: {factor.source.name}{_subs(factor.source)} has no value yet"
        return
    right = tuple(position for position in range(len(sizes)) if position not in factor.left)
    ranks = tuple(len(decl.legs) for decl in factor.factors)
    count = len(sizes)
    match factor.function:
        case "svd":
            wanted: tuple[int, ...] = (len(factor.left) + 1, 1, len(right) + 1)
            outer = (*factor.factors[0].legs[:-1], *factor.factors[2].legs[:-1]) if ranks == wanted else ()
            sizes = tuple(sizes[position] for position in (*factor.left, *right))
        case "qr":
            wanted = (len(factor.left) + 1, len(right) + 1)
            outer = (*factor.factors[0].legs[:-1], *factor.factors[1].legs[1:]) if ranks == wanted else ()
            sizes = tuple(sizes[position] for position in (*factor.left, *right))
        case "cp" | "tucker":
            wanted = (1 if factor.function == "cp" else count, *(2 for _ in range(count)))
            outer = tuple(decl.legs[0] for decl in factor.factors[1:])
        case "tt":
            wanted = tuple(1 + (n > 0) + (n < count - 1) for n in range(count))
            outer = tuple(decl.legs[int(n > 0)] for n, decl in enumerate(factor.factors))
    if ranks != wanted:
        yield f"{place}: the factors have {ranks} legs, not {wanted}"
    elif not all(agree(size, leg.size) for size, leg in zip(sizes, outer, strict=True)):
        yield f"{place}: the factors do not have the sizes of {factor.source.name}"


def _subs(ref: Ref) -> str:
    return "{" + ", ".join(map(show, ref.subs)) + "}" if ref.subs else ""


def streams(program: Program) -> Iterator[str]:
    for scope, statement in _walk_scopes(program):
        match statement:
            case StreamSet(target=target, op=op, opens=opens):
                place = f"{scope.net.name}.{target.name}"
                if opens and target.name in scope.streams:
                    yield f"{place}: the stream is opened again"
                if opens and op != "=":
                    yield f"{place}: the stream is opened by {op}"
                if not opens and target.name not in scope.streams:
                    yield f"{place}: assigned before it is opened"
                before = scope.values.get(target.name, {}).get(())
                if not opens and before is not None and len(before) != len(target.legs):
                    yield f"{place}: {len(before)} legs before, {len(target.legs)} now"
            case Factor(factors=factors):
                for factor in factors:
                    if factor.subs in scope.values.get(factor.name, {}):
                        yield f"{scope.net.name}.{factor.name}: bound twice"
            case Bind(target=target):
                if target.subs in scope.values.get(target.name, {}):
                    yield f"{scope.net.name}.{target.name}: bound twice"
            case _:
                pass


def outputs(program: Program) -> Iterator[str]:
    for net in program.nets:
        scope = _start(program, net)
        for _ in _statements(scope, net.body):
            pass
        for output in net.outputs:
            found = scope.legs(Ref(output.name, output.subs))
            if found is None:
                yield f"{net.name}: output {output.name} has no value"
            else:
                yield from _fits(f"{net.name}: output {output.name}", found, output.legs)


def calls(program: Program) -> Iterator[str]:
    order = {net.name: position for position, net in enumerate(program.nets)}
    for scope, statement in _walk_scopes(program):
        if not isinstance(statement, Call | Shared):
            continue
        place = f"{scope.net.name}.{statement.name}"
        if statement.net not in order:
            yield f"{place}: there is no net {statement.net}"
            continue
        if order[statement.net] >= order.get(scope.net.name, len(order)):
            yield f"{place}: net {statement.net} does not stand before the net that calls it"
        if isinstance(statement, Shared):
            continue
        callee = program.net(statement.net)
        yield from _all_fit(
            f"{place}: input", [scope.legs(ref) for ref in statement.arguments], callee.inputs
        )
        results = [tuple(leg_size(leg) for leg in value.legs) for value in statement.results]
        yield from _all_fit(f"{place}: result", results, callee.outputs)
        shared = [s for s in (*program.shared, *statements(scope.net.body)) if isinstance(s, Shared)]
        if statement.shared and (statement.name, statement.net) not in [(s.name, s.net) for s in shared]:
            yield f"{place}: shares parameters that no shared statement declares"


def _all_fit(
    what: str, given: Sequence[tuple[Size, ...] | None], declared: Sequence[Decl | Output]
) -> Iterator[str]:
    if len(given) != len(declared):
        yield f"{what}s: {len(given)}, the net has {len(declared)}"
        return
    for sizes, value in zip(given, declared, strict=True):
        if sizes is not None:
            yield from _fits(f"{what} {value.name}", sizes, value.legs)


def _fits(what: str, sizes: tuple[Size, ...], legs: tuple[Leg, ...]) -> Iterator[str]:
    if len(sizes) != len(legs):
        yield f"{what} has {len(sizes)} legs, declared with {len(legs)}"
        return
    for size, leg in zip(sizes, legs, strict=True):
        if not agree(size, leg.size):
            yield f"{what}: leg {leg.name} is {show(size)}, declared {show(leg.size)}"


def unique_names(program: Program) -> Iterator[str]:
    named: list[tuple[str, list[Hashable]]] = [
        ("dim", [dim.name for dim in program.dims]),
        ("net", [net.name for net in program.nets]),
        ("declaration", [(decl.name, decl.subs) for decl in program.declarations]),
    ]
    for net in program.nets:
        named.append((f"value of {net.name}", [(decl.name, decl.subs) for decl in (*net.inputs, *net.owned)]))
    for what, names in named:
        yield from (f"two times {what} {name}" for name, count in Counter(names).items() if count > 1)
    nets = {net.name for net in program.nets}
    yield from (f"net {name} is exported and is not there" for name in program.exported if name not in nets)
