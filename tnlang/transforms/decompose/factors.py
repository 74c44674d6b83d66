"""Writing factors into a net: in each product the tensor stood in, and whole where it is used whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
    Net,
    Origin,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.walk import map_children, new_id, splice, statements
from tnlang.transforms.decompose.source import Source, given_by, span_of
from tnlang.transforms.request import TransformError


@dataclass(frozen=True, slots=True)
class Factored:
    """Factors, the legs of each as positions of the source (numbers) or bonds (names), and what they lose."""

    statement: Factor
    joints: tuple[tuple[int | str, ...], ...]
    note: str


def product_of(source: Source, found: Factored, legs: Sequence[object], conj: bool, origin: Origin) -> Term:
    """The factors on the wires that a use of the source joins, over new bonds."""
    bonds = {
        joint: Wire(new_id(), leg.name, leg.size)
        for factor, joints in zip(found.statement.factors, found.joints, strict=True)
        for leg, joint in zip(factor.legs, joints, strict=True)
        if isinstance(joint, str)
    }
    nodes = []
    for factor, joints in zip(found.statement.factors, found.joints, strict=True):
        joined = tuple(bonds[j] if isinstance(j, str) else legs[j] for j in joints)
        nodes.append(Tensor(Ref(factor.name), joined, conj, origin=origin))  # type: ignore[arg-type]
    return Term(tuple(nodes), tuple(bonds.values()), origin=origin)


def replaced(body: tuple[Stmt, ...], source: Source, found: Factored) -> Iterator[Stmt]:
    """The statements with the factors in each product where the source stood."""

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(map(term, old.terms)))

    def term(old: Term) -> Term:
        new = replace(old, nodes=tuple(map_children(node, total) for node in old.nodes))
        for position in reversed(range(len(new.nodes))):
            node = new.nodes[position]
            if isinstance(node, Tensor) and node.ref == source.ref:
                origin = Origin(node.origin.span, (*node.origin.rules, "decompose"))
                inner = product_of(source, found, node.legs, node.conj, origin)
                new = splice(new, position, inner)
        return new

    for statement in body:
        match statement:
            case Bind(body=inner) | StreamSet(body=inner):
                yield replace(statement, body=total(inner))
            case Repeat(body=block):
                yield replace(statement, body=tuple(replaced(block, source, found)))
            case _:
                yield statement


def with_factors(net: Net, body: tuple[Stmt, ...], source: Source, found: Factored) -> tuple[Stmt, ...]:
    """The statements with that of the factors where the source is there, and the whole value if it is needed.

    A declared value stands at the start. One that a statement gives is, where a call or an output takes it
    whole, computed under another name, so that its own is the product of its factors.
    """
    span = span_of(net, source)
    declared = not any(source.ref in given_by(s) for s in statements(body))
    passed = any(
        source.ref in s.arguments if isinstance(s, Call) else isinstance(s, Factor) and s.source == source.ref
        for s in statements(body)
    )
    passed |= any((o.name, o.subs) == (source.ref.name, source.ref.subs) for o in net.outputs)
    origin = Origin(span, ("decompose",))
    statement = replace(found.statement, origin=origin)
    wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in source.legs)
    product = Sum((product_of(source, found, wires, False, origin),), origin=origin)
    leg_names = tuple(leg.name for leg in source.legs)
    if declared:
        if not passed:
            return (statement, *body)
        whole = Value(f"{source.name}.whole", wires, (), leg_names, anonymous=True)
        return (statement, Bind(whole, product, origin=origin), *_passing(body, source.ref, Ref(whole.name)))
    if not passed:
        return tuple(_after(body, source.ref, (statement,)))
    before = Ref(f"{source.name}.whole")
    again = Bind(Value(source.ref.name, wires, source.ref.subs, leg_names), product, origin=origin)
    after = (replace(statement, source=before), again)
    return tuple(_after(body, source.ref, after, before))


def _passing(body: tuple[Stmt, ...], old: Ref, new: Ref) -> Iterator[Stmt]:
    """The statements with another value in the place of a whole value that calls and factors take."""
    for statement in body:
        match statement:
            case Call(arguments=arguments):
                yield replace(statement, arguments=tuple(new if ref == old else ref for ref in arguments))
            case Factor(source=source) if source == old:
                yield replace(statement, source=new)
            case Repeat(body=block):
                yield replace(statement, body=tuple(_passing(block, old, new)))
            case _:
                yield statement


def _after(
    body: tuple[Stmt, ...], ref: Ref, more: tuple[Stmt, ...], renamed: Ref | None = None
) -> Iterator[Stmt]:
    """The statements with more after that which gives a value, which may get another name there."""
    for statement in body:
        if isinstance(statement, Repeat):
            yield replace(statement, body=tuple(_after(statement.body, ref, more, renamed)))
        elif ref not in given_by(statement):
            yield statement
        else:
            yield statement if renamed is None else _renamed(statement, ref, renamed)
            yield from more


def _renamed(statement: Stmt, old: Ref, new: Ref) -> Stmt:
    def value(one: Value) -> Value:
        return replace(one, name=new.name, subs=()) if Ref(one.name, one.subs) == old else one

    match statement:
        case Bind(target=target) | Frozen(target=target):
            return replace(statement, target=value(target))
        case Call(results=results):
            return replace(statement, results=tuple(map(value, results)))
        case _:
            raise TransformError(
                f"{old.name} is a factor and is used whole", "decompose the tensor itself", 0
            )
