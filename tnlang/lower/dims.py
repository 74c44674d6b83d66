"""The dims of a net: which of them its class takes, and where each size comes from when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tnlang.ir.net import (
    BigSum,
    Bind,
    Bubble,
    Call,
    Entry,
    Factor,
    Frozen,
    Group,
    Ix,
    Leg,
    Loop,
    Net,
    Node,
    Ref,
    Repeat,
    Shared,
    SizeNumber,
    Slice,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, DimSize, LoopVar, Size, SizeOp, dims_in, evaluate
from tnlang.ir.slots import file_level_shared, onehot_leg, used_file_level
from tnlang.ir.walk import statements, walk
from tnlang.lower.names import Names, identifier
from tnlang.lower.numbers import Arith, Name, Num, Scalar
from tnlang.lower.steps import Keyword

_OPS: dict[str, str] = {"/": "//", "^": "**", "mod": "%"}


@dataclass(frozen=True, slots=True)
class NetDims:
    """``dims`` in the order of the program, those that defaults need included.

    ``early`` are known when the module is made; the others are ``late``: ``carried`` by the shape of an
    input, ``derived`` from others, or ``told`` by the caller.
    """

    dims: tuple[Dim, ...]
    early: frozenset[str]
    carried: frozenset[str]
    derived: frozenset[str]

    @property
    def told(self) -> tuple[Dim, ...]:
        return tuple(
            d for d in self.dims if d.name not in self.early and d.name not in self.carried | self.derived
        )


def scalar(size: Size, names: Callable[[Dim], Scalar], loops: Mapping[str, str]) -> Scalar:
    """A size with Python names for its dims and loop variables."""
    match size:
        case int():
            return Num(size)
        case LoopVar(name):
            return Name(loops.get(name, name))
        case DimSize(dim):
            return Num(evaluate(size, {})) if dim.counts_members else names(dim)
        case SizeOp(op, left, right):
            a, b = scalar(left, names, loops), scalar(right, names, loops)
            return Arith(_OPS.get(op, op), a, b)  # type: ignore[arg-type]


def dims_of(program: Program, net: Net) -> NetDims:
    """The dims that a net and its callees speak of."""
    names: dict[str, Dim] = {}

    def note(dim: Dim) -> None:
        if dim.name not in names and not dim.counts_members:
            names[dim.name] = dim
            if dim.default is not None:
                for other in dims_in(dim.default):
                    note(other)

    for size in _sizes(program, net):
        for dim in dims_in(size):
            note(dim)
    owners = (*statements(net.body), *file_level_shared(program, net))
    callees = [program.net(s.net) for s in owners if isinstance(s, Call | Shared)]
    inner = [dims_of(program, callee) for callee in callees]
    for dims in inner:
        for dim in dims.dims:
            if dim.name in dims.early or dim in dims.told:
                note(dim)
    needed: set[str] = set()
    for size in _early_sizes(program, net):
        needed |= _roots(size)
    for dims in inner:
        needed |= {d.name for d in dims.dims if d.name in dims.early and d.default is None}

    order = {dim.name: position for position, dim in enumerate(program.dims)}
    found = sorted(names.values(), key=lambda d: (order.get(d.name, len(order)), d.name))
    early = {d.name for d in found if d.name in needed}

    def is_early(dim: Dim) -> bool:
        if dim.name in early or dim.counts_members:
            return True
        return dim.default is not None and all(is_early(d) for d in dims_in(dim.default))

    early |= {d.name for d in found if is_early(d)}
    carried = {
        leg.size.dim.name
        for value in carriers(program, net)
        for leg in value
        if isinstance(leg.size, DimSize) and leg.size.dim.name not in early
    }
    derived = {d.name for d in found if d.default is not None} - early - carried
    return NetDims(tuple(found), frozenset(early), frozenset(carried), frozenset(derived))


def carriers(program: Program, net: Net) -> Iterator[tuple[Leg, ...]]:
    """The legs of the arrays that are handed in."""
    own = {(d.name, d.subs) for d in net.inputs}
    others = (d for d in used_file_level(program, net) if d.kind == "tensor" and (d.name, d.subs) not in own)
    for decl in (*net.inputs, *others):
        hot = onehot_leg(decl)
        yield tuple(leg for i, leg in enumerate(decl.legs) if i != hot)


def keywords(dims: NetDims) -> tuple[Keyword, ...]:
    """What ``__init__`` takes, in an order in which what follows from others comes after them."""
    names = Names.local()
    chosen = {dim.name: names.take(identifier(dim.name)) for dim in dims.dims}
    found = []
    for dim in dims.dims:
        late = dim.name not in dims.early
        default = (
            None if dim.default is None or late else scalar(dim.default, lambda d: Name(chosen[d.name]), {})
        )
        found.append(Keyword(dim.name, chosen[dim.name], default, late))
    return tuple(found)


def _roots(size: Size) -> set[str]:
    """The dims without default that a size comes down to."""
    found: set[str] = set()
    for dim in dims_in(size):
        if not dim.counts_members:
            found |= {dim.name} if dim.default is None else _roots(dim.default)
    return found


def _early_sizes(program: Program, net: Net) -> Iterator[Size]:
    """The sizes that ``__init__`` needs: those of parameters and the counts of repeats."""
    for decl in (*net.owned, *used_file_level(program, net)):
        if decl.kind == "param":
            yield from (leg.size for leg in decl.legs)
    for statement in statements(net.body):
        if isinstance(statement, Repeat):
            yield from (statement.loop.start, statement.loop.stop)


def _sizes(program: Program, net: Net) -> Iterator[Size]:
    for decl in (*net.inputs, *net.owned, *used_file_level(program, net)):
        yield from (leg.size for leg in decl.legs)
    for output in net.outputs:
        yield from (leg.size for leg in output.legs)
    for statement in statements(net.body):
        yield from statement_sizes(statement)


def statement_sizes(statement: Stmt) -> Iterator[Size]:
    """The sizes that a statement speaks of, not those inside a repeat."""
    match statement:
        case Bind(target=target, body=body) | StreamSet(target=target, body=body):
            yield from _leg_sizes(target.legs)
            yield from target.subs
            yield from _sum_sizes(body)
        case Frozen(target=target):
            yield from _leg_sizes(target.legs)
            yield from target.subs
        case Repeat(loop=loop):
            yield from (loop.start, loop.stop)
        case Call(arguments=arguments, results=results):
            for argument in arguments:
                yield from argument.subs
            for result in results:
                yield from _leg_sizes(result.legs)
        case Factor(factors=factors):
            for factor in factors:
                yield from (leg.size for leg in factor.legs)
        case Shared():
            return


def _sum_sizes(body: Sum) -> Iterator[Size]:
    for node in walk(body):
        yield from _node_sizes(node)


def _node_sizes(node: Node) -> Iterator[Size]:
    match node:
        case Tensor(ref=Ref(subs=subs), legs=legs):
            yield from subs
            yield from _leg_sizes(legs)
        case Special(legs=legs, at=at):
            yield from _leg_sizes(legs)
            if at is not None:
                yield at
        case SizeNumber(size):
            yield size
        case BigSum(loops=loops):
            for loop in loops:
                yield from _loop_sizes(loop)
        case Bubble(gates=gates):
            yield from (gate.size for gate in gates)
        case _:
            return


def _loop_sizes(loop: Loop) -> Iterator[Size]:
    yield loop.start
    yield loop.stop


def _leg_sizes(legs: tuple[Ix, ...]) -> Iterator[Size]:
    for leg in legs:
        match leg:
            case Wire(size=size):
                yield size
            case Entry(at):
                yield at
            case Slice(wire, start, stop):
                yield from (wire.size, start, stop)
            case Group(members):
                yield from _leg_sizes(members)
