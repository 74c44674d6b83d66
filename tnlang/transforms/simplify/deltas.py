"""Special tensors: deltas join wires and fuse, basis vectors pick entries, shifts follow one another."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import Entry, Group, Ix, Node, Special, Sum, Term, Wire
from tnlang.ir.normal import elide_deltas, joinable
from tnlang.ir.size import Size, size_op
from tnlang.ir.walk import ix_wires, node_wires, rename
from tnlang.transforms.simplify.facts import Facts
from tnlang.transforms.simplify.rewriting import one


def identity(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """A delta with a leg that is summed is a wire joined to another; ``ones`` beside others go."""
    new = elide_deltas(term)
    return (new,) if new is not term else None


def ones(node: Node, facts: Facts) -> Sum | None:
    """``ones`` is 1: what sums a wire of it alone counts its size."""
    return one() if isinstance(node, Special) and node.kind == "ones" else None


def spider(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """Two deltas with a wire in common are one; one with two legs on a wire has one leg less."""
    at = [i for i, node in enumerate(term.nodes) if isinstance(node, Special) and node.kind == "delta"]
    for place, first in enumerate(at):
        node = _special(term, first)
        once = tuple(dict.fromkeys(node.legs))
        if len(once) < len(node.legs):
            return (_with(term, first, delta(once)),)
        for second in at[place + 1 :]:
            other = _special(term, second)
            if any(isinstance(leg, Wire) and leg in other.legs for leg in node.legs):
                both = tuple(dict.fromkeys((*node.legs, *other.legs)))
                without = replace(term, nodes=(*term.nodes[:second], *term.nodes[second + 1 :]))
                return (_with(without, first, delta(both)),)
    return None


def delta(legs: tuple[Ix, ...]) -> tuple[Node, ...]:
    """A delta on legs that differ: of one leg it is ``ones``."""
    if len(legs) > 1:
        return (Special("delta", legs),)
    return (Special("ones", legs),) if ix_wires(legs[0]) else ()


def copy_rule(node: Node, facts: Facts) -> Sum | None:
    """A delta with a leg at a fixed entry is that basis vector on all its other legs."""
    if not (isinstance(node, Special) and node.kind == "delta"):
        return None
    fixed = [leg for leg in node.legs if isinstance(leg, Entry)]
    others = tuple(leg for leg in node.legs if not isinstance(leg, Entry))
    if not fixed:
        return None
    for entry in fixed[1:]:
        if entry != fixed[0]:
            if isinstance(entry.at, int) and isinstance(fixed[0].at, int):
                return Sum(())
            return None
    return one(*(Special("basis", (leg,), fixed[0].at) for leg in others))


copy_rule.__name__ = "copy"


def entry(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """What meets a basis vector on a wire is its entry; a basis vector at an entry is 1 or 0."""
    for position, node in enumerate(term.nodes):
        if not (isinstance(node, Special) and node.kind == "basis" and node.at is not None):
            continue
        rest = (*term.nodes[:position], *term.nodes[position + 1 :])
        match node.legs:
            case (Entry(at),) if at == node.at:
                return (replace(term, nodes=rest),)
            case (Entry(int() as at),) if isinstance(node.at, int) and at != node.at:
                return ()
            case (Wire() as wire,):
                holding = any(wire in node_wires(other) for other in rest)
                if not holding and wire in term.summed:
                    return (replace(term, nodes=rest, summed=_less(term.summed, wire)),)
                if holding and joinable(rest, wire, Entry(node.at)):
                    fixed = rename(Sum((replace(term, nodes=rest, summed=()),)), {wire: Entry(node.at)})
                    nodes = fixed.terms[0].nodes
                    if wire in term.summed:
                        return (replace(term, nodes=nodes, summed=_less(term.summed, wire)),)
                    return (replace(term, nodes=(*nodes, node)),)
            case _:
                pass
    return None


def repeated(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """A tensor of zeros and ones times itself is itself."""
    seen: list[Node] = []
    for position, node in enumerate(term.nodes):
        if isinstance(node, Special) and node.kind in ("delta", "basis", "shift", "tril"):
            if node in seen:
                return (replace(term, nodes=(*term.nodes[:position], *term.nodes[position + 1 :])),)
            seen.append(node)
    return None


def levi(node: Node, facts: Facts) -> Sum | None:
    """The antisymmetric tensor is 0 where two of its legs are one."""
    if isinstance(node, Special) and node.kind == "levi" and len(set(node.legs)) < len(node.legs):
        return Sum(())
    return None


def shift(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """shift(0) is a wire; shifts to the same side one after another are one; an entry of one is a basis."""
    shifts = [
        (i, n, n.at)
        for i, n in enumerate(term.nodes)
        if isinstance(n, Special) and n.kind == "shift" and n.at is not None
    ]
    for position, node, at in shifts:
        row, column = node.legs
        if at == 0 and _size(row) is not None and _size(row) == _size(column):
            return (_with(term, position, delta((row, column))),)
        match row, column:
            case Entry(int() as i), Wire(size=int() as count) as wire if isinstance(at, int):
                basis = (Special("basis", (wire,), i - at),)
                return (_with(term, position, basis),) if 0 <= i - at < count else ()
            case Wire(size=int() as count) as wire, Entry(int() as j) if isinstance(at, int):
                basis = (Special("basis", (wire,), j + at),)
                return (_with(term, position, basis),) if 0 <= j + at < count else ()
            case _:
                pass
    for first, a, m in shifts:
        for second, b, n in shifts:
            inner = a.legs[1]
            if (
                first == second
                or not isinstance(inner, Wire)
                or inner not in term.summed
                or b.legs[0] != inner
            ):
                continue
            elsewhere = [x for i, x in enumerate(term.nodes) if i not in (first, second)]
            one_way = isinstance(m, int) and isinstance(n, int) and m * n >= 0
            sizes = {_size(a.legs[0]), _size(inner), _size(b.legs[1])}
            if one_way and len(sizes) == 1 and not any(inner in node_wires(x) for x in elsewhere):
                new = Special("shift", (a.legs[0], b.legs[1]), size_op("+", m, n))
                without = [x for i, x in enumerate(term.nodes) if i != second]
                without[without.index(a)] = new
                return (replace(term, nodes=tuple(without), summed=_less(term.summed, inner)),)
    return None


def group(node: Node, facts: Facts) -> Sum | None:
    """A delta of two groups with members of the same sizes is a delta for each pair."""
    match node:
        case Special(kind="delta", legs=(Group(left), Group(right))) if len(left) == len(right):
            pairs: list[tuple[Ix, Ix]] = []
            for a, b in zip(left, right, strict=True):
                if not (isinstance(a, Wire) and isinstance(b, Wire) and a.size == b.size):
                    return None
                pairs.append((a, b))
            return one(*(part for pair in pairs for part in delta(tuple(dict.fromkeys(pair)))))
        case _:
            return None


def diagonal(term: Term, facts: Facts) -> tuple[Term, ...] | None:
    """What stands on several open wires that a delta joins stands on the first of them.

    The wires of the left-hand side come first, in their order, others by name.
    """

    def rank(wire: Wire) -> tuple[int, str]:
        return (facts.order.index(wire) if wire in facts.order else len(facts.order), wire.text)

    for position, node in enumerate(term.nodes):
        if not (isinstance(node, Special) and node.kind == "delta"):
            continue
        wires = sorted((leg for leg in node.legs if isinstance(leg, Wire)), key=rank)
        rest = (*term.nodes[:position], *term.nodes[position + 1 :])
        for wire in wires[1:]:
            if any(wire in node_wires(other) for other in rest) and joinable(rest, wire, wires[0]):
                moved = rename(Sum((Term(rest),)), {wire: wires[0]}).terms[0].nodes
                return (replace(term, nodes=(*moved[:position], node, *moved[position:])),)
    return None


def _special(term: Term, position: int) -> Special:
    node = term.nodes[position]
    assert isinstance(node, Special)
    return node


def _with(term: Term, position: int, nodes: tuple[Node, ...]) -> Term:
    return replace(term, nodes=(*term.nodes[:position], *nodes, *term.nodes[position + 1 :]))


def _less(wires: tuple[Wire, ...], gone: Wire) -> tuple[Wire, ...]:
    return tuple(wire for wire in wires if wire != gone)


def _size(leg: Ix) -> Size | None:
    return leg.size if isinstance(leg, Wire) else None
