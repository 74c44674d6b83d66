"""Walking and rebuilding the IR. ``map_children`` and ``splice`` are the only ways to rebuild."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Entry,
    Factor,
    Frozen,
    Group,
    Ix,
    Net,
    Node,
    Number,
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
    Term,
    Wire,
)
from tnlang.ir.size import Size

_ids = itertools.count(1)


def fresh_wire(like: Wire) -> Wire:
    """A new wire with the name and size of another one."""
    return replace(like, id=next(_ids))


def new_id() -> int:
    """An id that no wire has yet."""
    return next(_ids)


def children(node: Node) -> tuple[Sum, ...]:
    """The sums a node holds."""
    match node:
        case Bubble(body=body) | Bracket(body=body) | BigSum(body=body):
            return (body,)
        case Tensor() | Special() | Number() | SizeNumber():
            return ()


def map_children(node: Node, change: Callable[[Sum], Sum]) -> Node:
    """The node with each sum it holds changed; the node itself where nothing changed."""
    match node:
        case Bubble(body=body) | Bracket(body=body) | BigSum(body=body):
            new = change(body)
            return node if new is body else replace(node, body=new)
        case Tensor() | Special() | Number() | SizeNumber():
            return node


def splice(term: Term, position: int, inner: Term) -> Term:
    """The term with the node at ``position`` replaced by those of another term, whose summed wires join."""
    return replace(
        term,
        nodes=(*term.nodes[:position], *inner.nodes, *term.nodes[position + 1 :]),
        summed=(*term.summed, *(w for w in inner.summed if w not in term.summed)),
        coefficient=term.coefficient * inner.coefficient,
    )


def walk(body: Sum) -> Iterator[Node]:
    """Every node of a sum, outer before inner, in written order."""
    for term in body.terms:
        for node in term.nodes:
            yield node
            for child in children(node):
                yield from walk(child)


def statements(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Every statement, those inside repeats after their repeat."""
    for statement in body:
        yield statement
        if isinstance(statement, Repeat):
            yield from statements(statement.body)


def ix_wires(ix: Ix) -> tuple[Wire, ...]:
    """The wires of one index."""
    match ix:
        case Wire():
            return (ix,)
        case Slice(wire=wire):
            return (wire,)
        case Group(members=members):
            return tuple(m for m in members if isinstance(m, Wire))
        case Entry():
            return ()


def node_wires(node: Node) -> tuple[Wire, ...]:
    """The wires a node shows to its term, each once, in order: its legs, or those that cross its wall."""
    match node:
        case Tensor(legs=legs) | Special(legs=legs):
            found = [wire for leg in legs for wire in ix_wires(leg)]
        case Bubble(function=name, body=body, gates=gates):
            ended = name in FUNCTIONS and FUNCTIONS[name].legs == "ends"
            found = [w for w in free_wires(body) if not (ended and w in gates)]
        case Bracket(body=body) | BigSum(body=body):
            found = list(free_wires(body))
        case Number() | SizeNumber():
            return ()
    return tuple(dict.fromkeys(found))


def free_wires(body: Sum | Term) -> tuple[Wire, ...]:
    """The wires that come from outside, each once, in order of appearance."""
    match body:
        case Term(nodes=nodes, summed=summed):
            inside = frozenset(summed)
            return tuple(dict.fromkeys(w for n in nodes for w in node_wires(n) if w not in inside))
        case Sum(terms=terms):
            return tuple(dict.fromkeys(w for term in terms for w in free_wires(term)))


def node_sizes(node: Node) -> Iterator[Size]:
    """The sizes and numbers that a node speaks of, and those in it."""
    match node:
        case Tensor(ref=ref, legs=legs):
            yield from ref.subs
            yield from _leg_sizes(legs)
        case Special(legs=legs, at=at):
            yield from _leg_sizes(legs)
            yield from () if at is None else (at,)
        case SizeNumber(size=size):
            yield size
        case BigSum(loops=loops):
            yield from (bound for loop in loops for bound in (loop.start, loop.stop))
        case _:
            pass
    for body in children(node):
        for inner in walk(body):
            yield from node_sizes(inner)


def map_sizes(body: Sum, change: Callable[[Size], Size]) -> Sum:
    """The sum with the numbers it speaks of changed: entries, slices, subscripts, sizes used as numbers.

    Wires keep their sizes.
    """

    def ix(old: Ix) -> Ix:
        match old:
            case Entry(at):
                return Entry(change(at))
            case Slice(wire, start, stop):
                return Slice(wire, change(start), change(stop))
            case Group(members):
                return Group(tuple(Entry(change(m.at)) if isinstance(m, Entry) else m for m in members))
            case Wire():
                return old

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=ref, legs=legs):
                subs = tuple(map(change, ref.subs))
                return replace(old, ref=replace(ref, subs=subs), legs=tuple(map(ix, legs)))
            case Special(legs=legs, at=at):
                return replace(old, legs=tuple(map(ix, legs)), at=None if at is None else change(at))
            case SizeNumber(size):
                return replace(old, size=change(size))
            case BigSum(loops=loops):
                ranges = tuple(replace(o, start=change(o.start), stop=change(o.stop)) for o in loops)
                return map_children(replace(old, loops=ranges), total)
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return total(body)


def _leg_sizes(legs: tuple[Ix, ...]) -> Iterator[Size]:
    for leg in legs:
        yield from (wire.size for wire in ix_wires(leg))
        match leg:
            case Entry(at):
                yield at
            case Slice(_, start, stop):
                yield from (start, stop)
            case Group(members):
                yield from (member.at for member in members if isinstance(member, Entry))
            case Wire():
                pass


def value_wires(legs: tuple[Wire | Group, ...]) -> tuple[Wire, ...]:
    """The wires of a left-hand side, groups taken apart."""
    return tuple(wire for leg in legs for wire in ix_wires(leg))


def rename(body: Sum, wires: Mapping[Wire, Ix]) -> Sum:
    """The sum with wires replaced wherever they occur (a gate or summed wire only by a wire)."""

    def wire(old: Wire) -> Wire:
        new = wires.get(old, old)
        return new if isinstance(new, Wire) else old

    def member(old: Wire | Entry) -> Wire | Entry:
        new = wires.get(old, old) if isinstance(old, Wire) else old
        return new if isinstance(new, Wire | Entry) else old

    def ix(old: Ix) -> Ix:
        match old:
            case Wire():
                return wires.get(old, old)
            case Slice():
                return replace(old, wire=wire(old.wire))
            case Group(members=members):
                return Group(tuple(map(member, members)))
            case Entry():
                return old

    def node(old: Node) -> Node:
        match old:
            case Tensor() | Special():
                return replace(old, legs=tuple(map(ix, old.legs)))
            case Bubble():
                return replace(old, body=total(old.body), gates=tuple(map(wire, old.gates)))
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(
            old,
            terms=tuple(
                replace(t, nodes=tuple(map(node, t.nodes)), summed=tuple(map(wire, t.summed)))
                for t in old.terms
            ),
        )

    return total(body)


def bound_wires(body: Sum) -> tuple[Wire, ...]:
    """The wires that are summed or ended somewhere inside: those a copy of the sum needs anew."""
    found: dict[Wire, None] = {}

    def visit(total: Sum) -> None:
        for term in total.terms:
            found.update(dict.fromkeys(term.summed))
            for node in term.nodes:
                if isinstance(node, Bubble):
                    inside = free_wires(node.body)
                    outside = node_wires(node)
                    found.update(dict.fromkeys(w for w in node.gates if w in inside and w not in outside))
                for child in children(node):
                    visit(child)

    visit(body)
    return tuple(found)


def copy(body: Sum) -> Sum:
    """The same sum on new inner wires, so that it can stand beside the old one."""
    return rename(body, {wire: fresh_wire(wire) for wire in bound_wires(body)})


def refs(statement: Stmt) -> Iterator[Ref]:
    """The values a statement (not those inside a repeat) reads, in order, repeats included."""
    match statement:
        case Bind(body=body) | StreamSet(body=body):
            yield from (node.ref for node in walk(body) if isinstance(node, Tensor))
        case Call(arguments=arguments):
            yield from arguments
        case Factor(source=source):
            yield source
        case Frozen() | Shared() | Repeat():
            return


def local_names(net: Net) -> frozenset[str]:
    """The names of the net's own values."""
    names = {decl.name for decl in (*net.inputs, *net.owned)}
    for statement in statements(net.body):
        match statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                names.add(target.name)
            case Call(results=results):
                names.update(result.name for result in results)
            case Factor(factors=factors):
                names.update(factor.name for factor in factors)
            case Shared() | Repeat():
                pass
    return frozenset(names)


def file_level_names(net: Net) -> tuple[str, ...]:
    """The file-level values a net itself reads (not its callees), in order of first use."""
    own = local_names(net)
    found = (ref.name for statement in statements(net.body) for ref in refs(statement))
    return tuple(dict.fromkeys(name for name in found if name not in own))


def output_sum(net: Net) -> Bind | None:
    """The one output of a net, where it is a sum of several terms and the net has nothing but values.

    Not one that a transform contracts to one tensor.
    """
    if len(net.outputs) != 1 or not all(isinstance(s, Bind | Frozen) for s in net.body):
        return None
    name = net.outputs[0].name
    bound = [s for s in net.body if isinstance(s, Bind) and s.target.name == name and not s.target.subs]
    if len(bound) != 1 or bound[0].target.derived:
        return None
    return bound[0] if len(bound[0].body.terms) > 1 else None


def is_whole(net: Net, nets: Mapping[str, Net]) -> bool:
    """Whether every net that this one calls, however deep, is among ``nets``."""
    seen: set[str] = set()
    waiting = [net]
    while waiting:
        for statement in statements(waiting.pop().body):
            if isinstance(statement, Call | Shared) and statement.net not in seen:
                if statement.net not in nets:
                    return False
                seen.add(statement.net)
                waiting.append(nets[statement.net])
    return True
