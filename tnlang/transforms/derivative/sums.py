"""The derivative of a right-hand side: the product rule over factors, the chain rule at bubbles."""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Entry,
    Group,
    Ix,
    Node,
    Number,
    Origin,
    Ref,
    SizeNumber,
    Slice,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.normal import elide_deltas
from tnlang.ir.size import Size, size_op
from tnlang.ir.walk import copy, fresh_wire, ix_wires, map_children, node_wires, splice, walk
from tnlang.transforms.derivative.rules import FLAT, RULE, Chain, Field, chain, number
from tnlang.transforms.request import TransformError

Seeds = Mapping[str, tuple[int, ...]]
"""Names whose value is what is differentiated by, with the subscripts it has in a family."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a sum is differentiated: ``wires`` are those of x, its legs' sizes those of a value of that name.

    ``tangents`` say what the derivatives of other values are called. ``own`` is the value that the whole sum
    is bound to, if it stands before.
    """

    wires: tuple[Wire, ...]
    seeds: Seeds
    tangents: Mapping[str, str]
    field: Field
    own: Tensor | None = None


def depends(body: Sum, seeds: Seeds, active: set[str]) -> bool:
    """Whether a sum can change with x: it reads x or an active value, not only where functions are flat."""
    return any(_depends(node, seeds, active) for term in body.terms for node in term.nodes)


def _depends(node: Node, seeds: Seeds, active: set[str]) -> bool:
    match node:
        case Tensor(ref=ref):
            return ref.name in active or _meets(ref, seeds) is not None
        case Bubble(function=name) if name in FLAT or (name == "argmax" and RULE in node.origin.rules):
            return False
        case Bubble(body=body) | Bracket(body=body) | BigSum(body=body):
            return depends(body, seeds, active)
        case Special() | Number() | SizeNumber():
            return False


def _meets(ref: Ref, seeds: Seeds) -> tuple[Special, ...] | None:
    """When a use is one of x: a delta for each subscript that varies; None if never."""
    wanted = seeds.get(ref.name)
    if wanted is None or (ref.subs and len(ref.subs) != len(wanted)):
        return None
    found = []
    for sub, want in zip(ref.subs, wanted, strict=False):
        if isinstance(sub, int):
            if sub != want:
                return None
        else:
            found.append(Special("delta", (Entry(sub), Entry(want))))
    return tuple(found)


def derived(body: Sum, kept: tuple[Wire, ...], at: Point) -> Sum:
    """The derivative of a whole right-hand side, over ``kept`` and the wires of x."""
    wires = (*kept, *at.wires)
    terms = _terms(body, at, whole=True)
    if not terms:
        return zero(wires)
    shown = {wire for term in terms for node in term.nodes for wire in node_wires(node)}
    missing = tuple(wire for wire in wires if wire not in shown)
    if missing:
        first = terms[0]
        terms = (replace(first, nodes=(*first.nodes, Special("ones", missing))), *terms[1:])
    return Sum(terms, origin=body.origin)


def zero(wires: tuple[Wire, ...]) -> Sum:
    """0 on wires."""
    return Sum((Term((number(0), *([Special("ones", wires)] if wires else []))),))


def identity(legs: tuple[Ix, ...], wires: tuple[Wire, ...]) -> tuple[tuple[Node, ...], tuple[Wire, ...]]:
    """The derivative of a use of x by x: each leg joined to the wire of x; and the wires that this sums."""
    nodes: list[Node] = []
    summed: list[Wire] = []
    for leg, wire in zip(legs, wires, strict=True):
        match leg:
            case Wire():
                nodes.append(Special("delta", (leg, wire)))
            case Entry(at):
                nodes.append(Special("basis", (wire,), at))
            case Slice(inner, start):
                nodes.append(Special("shift", (wire, inner), start))
            case Group(members):
                block = _block(members, wire)
                joined = tuple(block if isinstance(m, Entry) and block is not None else m for m in members)
                nodes.append(Special("delta", (Group(joined), wire)))
                if block is not None:
                    nodes += [Special("basis", (block,), m.at) for m in members if isinstance(m, Entry)]
                    summed.append(block)
    return tuple(nodes), tuple(summed)


def _block(members: tuple[Wire | Entry, ...], wire: Wire) -> Wire | None:
    """A wire over the blocks of a group whose fixed entry is not its first member."""
    if not any(isinstance(member, Entry) for member in members[1:]):
        return None
    rest: Size = 1
    for member in ix_wires(Group(members)):
        rest = size_op("*", rest, member.size)
    return replace(fresh_wire(wire), name=f"{wire.name}'", size=size_op("/", wire.size, rest))


def _terms(body: Sum, at: Point, whole: bool = False) -> tuple[Term, ...]:
    """The terms of the derivative of a sum; ``whole`` where it is a right-hand side."""
    alone = whole and len(body.terms) == 1 and len(body.terms[0].nodes) == 1
    inner = at if alone and body.terms[0].coefficient == 1 else replace(at, own=None)
    found = []
    for term in body.terms:
        for position, node in enumerate(term.nodes):
            parts = tuple(_stamped(part, node.origin) for part in _of_node(node, inner))
            if len(parts) > 1 and len(term.nodes) > 1:
                parts = (Term((Bracket(Sum(parts), origin=node.origin),)),)
            for part in parts:
                product = _without_names(splice(term, position, part))
                found.append(_tidy(copy(Sum((product,))).terms[0]))
    return tuple(found)


def _of_node(node: Node, at: Point) -> tuple[Term, ...]:
    match node:
        case Tensor(ref=ref, legs=legs, conj=conj):
            conditions = _meets(ref, at.seeds)
            if conditions is not None:
                if conj and at.field.by:
                    raise TransformError(
                        f"conj of {ref.name} has no derivative by {ref.name}, which is complex",
                        "take the real and the imaginary part as tensors of their own",
                        place=node.origin.span,
                    )
                nodes, summed = identity(legs, at.wires)
                return (Term((*conditions, *nodes) or (number(1),), summed),)
            if ref.name not in at.tangents:
                return ()
            if conj and at.field.by:
                raise TransformError(
                    f"conj of {ref.name} has no derivative by a complex tensor",
                    "take the real and the imaginary part as tensors of their own",
                    place=node.origin.span,
                )
            return (Term((Tensor(Ref(at.tangents[ref.name], ref.subs), (*legs, *at.wires), conj),)),)
        case Bracket(body=body):
            return _terms(body, at)
        case BigSum(body=body):
            terms = _terms(body, at)
            return (Term((replace(node, body=Sum(terms, origin=body.origin)),)),) if terms else ()
        case Bubble(body=body):
            seeds, active = at.seeds, set(at.tangents)
            if not depends(Sum((Term((node,)),)), seeds, active):
                return ()
            dx = _terms(body, at)
            return chain(Chain(node, Sum(dx), at.own), at.field) if dx else ()
        case Special() | Number() | SizeNumber():
            return ()


# ---------------------------------------------------------------- what is trivial goes


def _tidy(term: Term) -> Term:
    """The term without deltas that only join wires, with exact numbers multiplied; also in its brackets."""
    shallow = _joined(term)
    return replace(shallow, nodes=tuple(map(_tidy_bracket, shallow.nodes)))


def _tidy_bracket(node: Node) -> Node:
    if not isinstance(node, Bracket):
        return node
    return replace(node, body=replace(node.body, terms=tuple(map(_tidy, node.body.terms))))


def _joined(term: Term) -> Term:
    shown = {wire for node in term.nodes for wire in node_wires(node)}
    lost = tuple(wire for wire in term.summed if wire not in shown)
    nodes = (*term.nodes, *(Special("ones", (wire,)) for wire in lost))
    return _sizes(_numbers(elide_deltas(replace(term, nodes=nodes))))


def _numbers(term: Term) -> Term:
    """Numbers multiplied where the product is exact, in front; a sign is the term's."""
    exact = [node for node in term.nodes if isinstance(node, Number) and _fraction(node) is not None]
    others = tuple(node for node in term.nodes if node not in exact)
    product = Fraction(1)
    for node in exact:
        product *= _fraction(node) or 0
    if product < 0:
        term, product = replace(term, coefficient=-term.coefficient), -product
    value = product.numerator if product.denominator == 1 else float(product)
    if isinstance(value, float) and Fraction(value) != product:
        return term
    if len(exact) == 1 and exact[0].value == value:
        factor: tuple[Node, ...] = (exact[0],)
    else:
        factor = (number(value, f"{value!r}"),)
    if value == 1 and others:
        factor = ()
    return replace(term, nodes=(*factor, *others))


def _fraction(node: Number) -> Fraction | None:
    """A number's exact value; None for those that only stand for one (pi) or are none (inf, 1j)."""
    value = node.value
    if isinstance(value, complex) or not cmath.isfinite(value):
        return None
    if isinstance(value, float) and not _is_short(value):
        return None
    return Fraction(value)


def _is_short(value: float) -> bool:
    """Whether a float is a fraction with a small power of two below, so that products stay exact."""
    return Fraction(value).denominator <= 2**10


def _sizes(term: Term) -> Term:
    """Sums over ones as sizes, and sizes that meet their reciprocals gone."""
    nodes = list(term.nodes)
    summed = list(term.summed)
    for node in term.nodes:
        if isinstance(node, Special) and node.kind == "ones" and len(node.legs) == 1:
            (leg,) = node.legs
            if isinstance(leg, Wire) and leg in summed and _count(term, leg) == 1:
                nodes[nodes.index(node)] = SizeNumber(leg.size, origin=node.origin)
                summed.remove(leg)
    for node in tuple(nodes):
        match node:
            case Bubble(function="reciprocal", body=Sum((Term((SizeNumber(size),), (), 1),))):
                factor = next((n for n in nodes if isinstance(n, SizeNumber) and n.size == size), None)
                if factor is not None:
                    nodes.remove(node)
                    nodes.remove(factor)
    return replace(term, nodes=tuple(nodes) or (number(1),), summed=tuple(summed))


def _count(term: Term, wire: Wire) -> int:
    return sum(wire in node_wires(node) for node in term.nodes)


def _without_names(term: Term) -> Term:
    """The term without ``as`` names: they are those of the value that is differentiated."""
    if not any(isinstance(node, Bubble | Bracket) and node.name for node in walk(Sum((term,)))):
        return term

    def total(body: Sum) -> Sum:
        return replace(body, terms=tuple(map(one, body.terms)))

    def one(old: Term) -> Term:
        return replace(old, nodes=tuple(map(unnamed, old.nodes)))

    def unnamed(node: Node) -> Node:
        inside = map_children(node, total)
        return replace(inside, name="") if isinstance(inside, Bubble | Bracket) and inside.name else inside

    return one(term)


def _stamped(term: Term, origin: Origin) -> Term:
    """The term, what is new in it coming from the place of a node and from this rule."""
    made = Origin(origin.span, (*origin.rules, RULE))

    def total(body: Sum) -> Sum:
        terms = tuple(map(one, body.terms))
        return replace(body, terms=terms, origin=body.origin if body.origin != Origin() else made)

    def one(old: Term) -> Term:
        nodes = tuple(map(stamp, old.nodes))
        return replace(old, nodes=nodes, origin=old.origin if old.origin != Origin() else made)

    def stamp(node: Node) -> Node:
        inside = map_children(node, total)
        return replace(inside, origin=made) if inside.origin == Origin() else inside

    return one(term)
