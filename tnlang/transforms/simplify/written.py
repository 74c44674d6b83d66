"""Rules for proofs alone: products of sums multiplied out, functions by their definitions, sums as wires.

They make a net larger, so ``simplify`` leaves them; two spellings of one value end as one sum of products.
Quotients are taken where they are defined: x / x is 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.functions import NORMALS
from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Entry,
    Ix,
    Loop,
    Node,
    Origin,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import LoopVar, Size, SizeOp, variables
from tnlang.ir.walk import (
    copy,
    free_wires,
    fresh_wire,
    map_children,
    new_id,
    node_sizes,
    node_wires,
    rename,
    splice,
    walk,
)
from tnlang.transforms.normal import centred, scale_of
from tnlang.transforms.simplify.deltas import delta
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.keys import are_equal, as_sum, key, without
from tnlang.transforms.simplify.rewriting import one, tidy
from tnlang.transforms.unroll import at_value

MOST_TURNS = 64
"""Turns of a sum over a variable that is written out."""


def multiplied(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """A product with a sum is the sum of the products."""
    for position, node in enumerate(term.nodes):
        match node:
            case Bracket(body=body) if len(body.terms) > 1:
                return tuple(_renewed(splice(term, position, inner)) for inner in body.terms)
            case BigSum(body=body) if len(body.terms) > 1:
                parts = [replace(node, body=replace(body, terms=(inner,))) for inner in body.terms]
                before, after = term.nodes[:position], term.nodes[position + 1 :]
                return tuple(_renewed(replace(term, nodes=(*before, part, *after))) for part in parts)
            case _:
                pass
    return None


def _renewed(term: Term) -> Term:
    return copy(Sum((term,))).terms[0]


# ---------------------------------------------------------------- definitions


def definition(node: Node, facts: Facts) -> Sum | None:
    """A function by what it is defined to be, in exponentials, products, roots and sums over wires."""
    match node:
        case SizeNumber(SizeOp("*", left, right)):
            return one(SizeNumber(left), SizeNumber(right))
        case SizeNumber(SizeOp("+" | "-" as op, left, right)):
            sign = 1 if op == "+" else -1
            return Sum((Term((SizeNumber(left),)), Term((SizeNumber(right),), (), sign)))
    if not isinstance(node, Bubble):
        return None
    if node.function in NORMALS:
        origin = Origin()
        return one(centred(node, origin), Bracket(copy(scale_of(node.body, node, origin))))
    if len(node.gates) == 1:
        return _along(node, node.gates[0], facts)
    return None if node.gates else _elementwise(node, facts)


def _along(node: Bubble, gate: Wire, facts: Facts) -> Sum | None:
    body = node.body
    inner = fresh_wire(gate)

    def again(function: str, inside: Sum | None = None) -> Bubble:
        """A function that ends the leg, of the same on another wire."""
        return Bubble(function, copy(rename(inside or body, {gate: inner})), (inner,))

    match node.function:
        case "sum":
            return one(Bracket(body), Special("ones", (gate,)), summed=(gate,))
        case "mean":
            size = Bubble("reciprocal", one(SizeNumber(gate.size)))
            return one(Bracket(body), Special("ones", (gate,)), size, summed=(gate,))
        case "norm" if facts.is_real(body):
            return one(Bubble("sqrt", one(Bubble("sum", _power(body, 2), (gate,)))))
        case "var" if facts.is_real(body):
            mean = again("mean")
            square = Term((Bubble("mean", _power(body, 2), (gate,)),))
            return Sum((square, Term((Bubble("power", one(mean), options=(("exponent", 2.0),)),), (), -1)))
        case "std":
            return one(Bubble("sqrt", one(replace(node, function="var"))))
        case "softmax":
            total = again("sum", one(Bubble("exp", body)))
            return one(Bubble("exp", body), Bubble("reciprocal", one(total)))
        case "log_softmax":
            return Sum((*body.terms, Term((again("logsumexp"),), (), -1)))
        case "logsumexp":
            return one(Bubble("log", one(Bubble("sum", one(Bubble("exp", body)), (gate,)))))
        case "cumsum":
            before = rename(body, {gate: inner})
            return one(Special("tril", (gate, inner)), Bracket(before), summed=(inner,))
        case _:
            return None


def _elementwise(node: Bubble, facts: Facts) -> Sum | None:
    body = node.body
    match node.function:
        case "square":
            return _power(body, 2)
        case "power":
            exponent = dict(node.options)["exponent"]
            if exponent == 0.5:
                return one(Bubble("sqrt", body))
            return _power(body, int(exponent)) if exponent in (1, 2, 3, 4) else None
        case "rsqrt":
            return one(Bubble("reciprocal", one(Bubble("sqrt", body))))
        case "silu":
            return one(Bracket(body), Bubble("sigmoid", copy(body)))
        case "sigmoid":
            return one(Bubble("reciprocal", Sum((Term(()), Term((Bubble("exp", _times(body, -1)),))))))
        case "tanh":
            return Sum((Term((Bubble("sigmoid", _times(body, 2)),), (), 2), Term((), (), -1)))
        case "softplus":
            return one(Bubble("log", Sum((Term(()), Term((Bubble("exp", body),))))))
        case _:
            return None


def halves(total: Sum, facts: Facts) -> Sum | None:
    """``relu(x) + relu(-x)`` is the size of x, their difference is x."""
    found = [
        (number, place, node)
        for number, term in enumerate(total.terms)
        for place, node in enumerate(term.nodes)
        if isinstance(node, Bubble) and node.function == "relu" and facts.is_real(node.body)
    ]
    for (first, place, node), (second, _, _) in itertools.combinations(found, 2):
        left, right = total.terms[first], total.terms[second]
        apart = left.coefficient != right.coefficient
        if first == second or left.coefficient not in (right.coefficient, -right.coefficient):
            continue
        if apart and _masked(node.body):
            continue
        turned = without(left, (place,), replace(node, body=_times(node.body, -1)))
        plain = [Sum((replace(term, coefficient=1),)) for term in (turned, right)]
        if are_equal(plain[0], plain[1], facts):
            rest = (term for number, term in enumerate(total.terms) if number not in (first, second))
            sizes = without(left, (place,), replace(node, function="abs"))
            parts = (_renewed(splice(left, place, inner)) for inner in node.body.terms)
            return replace(total, terms=(*rest, *(parts if apart else (sizes,))))
    return None


def _masked(body: Sum) -> bool:
    """Whether entries may be -inf, which is no number beside its negative."""
    return any(isinstance(node, Bubble) and node.function == "causal" for node in walk(body))


def _power(body: Sum, exponent: int) -> Sum:
    return one(Bracket(body), *(Bracket(copy(body)) for _ in range(exponent - 1)))


def _times(body: Sum, number: float) -> Sum:
    return replace(
        body, terms=tuple(replace(t, coefficient=tidy(number * t.coefficient)) for t in body.terms)
    )


# ---------------------------------------------------------------- exponentials, quotients, roots


def exponential(node: Node, facts: Facts) -> Sum | None:
    """The exponential of a sum is the product of those of its terms; of what is masked it is 0."""
    match node:
        case Bubble(function="exp", body=Sum((Term((Bubble(function="causal") as mask,), (), 1),))):
            return one(Special("tril", mask.gates), Bubble("exp", mask.body))
        case Bubble(function="exp", body=body) if len(body.terms) > 1:
            return one(*(replace(node, body=replace(body, terms=(term,))) for term in body.terms))
        case _:
            return None


def exponents(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """Exponentials of multiples of the same are one."""
    bubbles = [(i, node) for i, node in enumerate(term.nodes) if isinstance(node, Bubble)]
    found = [(i, node) for i, node in bubbles if node.function == "exp"]
    for (first, a), (second, b) in itertools.combinations(found, 2):
        if len(a.body.terms) == len(b.body.terms) == 1:
            left, right = a.body.terms[0], b.body.terms[0]
            plain = [Sum((replace(t, coefficient=1),)) for t in (left, right)]
            if are_equal(plain[0], plain[1], facts):
                both = replace(left, coefficient=tidy(left.coefficient + right.coefficient))
                merged = (replace(a, body=Sum((both,))),) if both.coefficient else _ones(a)
                return (without(term, (first, second), *merged),)
    return None


def _ones(node: Node) -> tuple[Node, ...]:
    """1 on the wires of a node, so that what sums them still counts them."""
    return tuple(Special("ones", (wire,)) for wire in node_wires(node))


def reciprocal(node: Node, facts: Facts) -> Sum | None:
    """The reciprocal of a product is the product of the reciprocals, of a reciprocal what stands in it."""
    match node:
        case Bubble(function="reciprocal", body=Sum((Term() as term,))):
            pass
        case _:
            return None
    match term:
        case Term((Bubble(function="reciprocal", body=body),), (), 1):
            return body
        case Term((Bubble(function="exp", body=body) as inner,), (), 1):
            return one(replace(inner, body=_times(body, -1)))
    parts = list(_apart(term))
    if term.coefficient in (0, 1) and len(parts) < 2:
        return None
    number = 1 / term.coefficient if term.coefficient else 1
    return one(*(Bubble("reciprocal", Sum((part,))) for part in parts), coefficient=tidy(number))


def _apart(term: Term) -> Iterator[Term]:
    """The factors of a product that no summed wire joins, each a term."""
    waiting = list(term.nodes)
    while waiting:
        group = [waiting.pop(0)]
        reached = {wire for wire in node_wires(group[0]) if wire in term.summed}
        while more := [n for n in waiting if reached & set(node_wires(n))]:
            for node in more:
                waiting = [other for other in waiting if other is not node]
                group.append(node)
                reached |= {wire for wire in node_wires(node) if wire in term.summed}
        yield Term(tuple(group), tuple(wire for wire in term.summed if wire in reached))


def quotient(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """What is divided by itself is 1; a root times itself is what it is the root of."""
    bubbles = [(i, node) for i, node in enumerate(term.nodes) if isinstance(node, Bubble)]
    for first, node in bubbles:
        if node.function != "reciprocal":
            continue
        for part in _apart(replace(term, nodes=(*term.nodes[:first], *term.nodes[first + 1 :]))):
            whole = as_sum(part.nodes[0]) if len(part.nodes) == 1 and not part.summed else Sum((part,))
            if are_equal(whole, node.body, facts):
                places = (i for i, n in enumerate(term.nodes) if any(n is other for other in part.nodes))
                ones = (Special("ones", (wire,)) for wire in free_wires(whole))
                return (without(term, (first, *places), *ones),)
    for (first, a), (second, b) in itertools.combinations(bubbles, 2):
        if a.function == b.function == "sqrt" and are_equal(a.body, b.body, facts):
            return (without(term, (first, second), Bracket(a.body)),)
    return None


EVEN, ODD, SCALED = ("cos", "abs"), ("sin", "erf", "sign"), ("relu", "abs", "leaky_relu", "sqrt")


def parity(node: Node, facts: Facts) -> Sum | None:
    """Signs and positive factors leave the functions that let them: the first term's is positive."""
    if not isinstance(node, Bubble) or node.gates or not node.body.terms:
        return None
    terms = node.body.terms
    if any(complex(term.coefficient).imag for term in terms):
        return None
    first = terms[0]
    if len(terms) > 1:
        first = min(terms, key=lambda term: repr(key(Sum((replace(term, coefficient=1),)), facts)))
    number = float(complex(first.coefficient).real)
    if node.function in EVEN + ODD and number < 0:
        turned = replace(node, body=_times(node.body, -1))
        return one(turned, coefficient=-1 if node.function in ODD else 1)
    if node.function in SCALED and len(terms) == 1 and abs(number) not in (0, 1) and first.nodes:
        inner = replace(node, body=_times(node.body, 1 / abs(number)))
        return one(inner, coefficient=tidy(abs(number) ** (0.5 if node.function == "sqrt" else 1)))
    return None


# ---------------------------------------------------------------- sums over variables


def over_entries(node: Node, facts: Facts) -> Sum | None:
    """A sum over the entries of a leg is a wire that is summed; over few numbers it is written out."""
    if not isinstance(node, BigSum) or not node.loops:
        return None
    loop, rest = node.loops[0], node.loops[1:]
    if any(loop.var in variables(bound) for other in rest for bound in (other.start, other.stop)):
        return _written_out(node, loop)
    inside: Node = replace(node, loops=rest) if rest else Bracket(node.body)
    if loop.start == 0:
        wire = Wire(new_id(), loop.var, loop.stop)
        joined = _at_wire(one(inside), loop.var, wire, facts)
        used = {var for n in joined.terms[0].nodes for size in node_sizes(n) for var in variables(size)}
        if loop.var not in used:
            return one(*joined.terms[0].nodes, Special("ones", (wire,)), summed=(wire,))
    return _written_out(node, loop)


def _at_wire(body: Sum, var: str, wire: Wire, facts: Facts) -> Sum:
    """The sum with a wire wherever a declared tensor is taken at the entry of that number."""

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=ref, legs=legs):
                sizes: tuple[Size | None, ...] = facts.leg_sizes(ref) or (None,) * len(legs)
                return replace(old, legs=tuple(map(leg, legs, sizes)))
            case _:
                return map_children(old, total)

    def leg(old: Ix, size: Size | None) -> Ix:
        return wire if old == Entry(LoopVar(var)) and size == wire.size else old

    return total(body)


def _written_out(node: BigSum, loop: Loop) -> Sum | None:
    if not (isinstance(loop.start, int) and isinstance(loop.stop, int)):
        return None
    if loop.stop - loop.start > MOST_TURNS:
        return None
    return Sum(tuple(Term((at_value(node, loop, value),)) for value in range(loop.start, loop.stop)))


# ---------------------------------------------------------------- tensors


def diagonal_tensor(node: Node, facts: Facts) -> Sum | None:
    """A diagonal tensor is its diagonal on a spider."""
    if not isinstance(node, Tensor):
        return None
    for prop in facts.properties(node.ref):
        places = prop.legs or tuple(range(len(node.legs)))
        on = [node.legs[place] for place in places]
        first = on[0] if on else None
        if prop.name != "diagonal" or len(set(on)) < 2 or not isinstance(first, Wire):
            continue
        if all(isinstance(leg, Wire) for leg in on):
            inner = fresh_wire(first)
            legs = tuple(inner if i in places else leg for i, leg in enumerate(node.legs))
            return one(replace(node, legs=legs), *delta((inner, *dict.fromkeys(on))), summed=(inner,))
    return None


def determinant(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """Two antisymmetric tensors of a size are the determinant of the wires between them."""
    found = [(i, n) for i, n in enumerate(term.nodes) if isinstance(n, Special) and n.kind == "levi"]
    for (first, a), (second, b) in itertools.combinations(found, 2):
        if len(a.legs) == len(b.legs) <= 4:
            terms = []
            for order in itertools.permutations(range(len(b.legs))):
                joined = [dict.fromkeys((leg, b.legs[to])) for leg, to in zip(a.legs, order, strict=True)]
                pairs = [delta(tuple(pair)) for pair in joined]
                sign = (-1) ** sum(p > q for p, q in itertools.combinations(order, 2))
                terms.append(Term(tuple(itertools.chain(*pairs)), (), sign))
            return (without(term, (first, second), Bracket(Sum(tuple(terms)))),)
    return None
