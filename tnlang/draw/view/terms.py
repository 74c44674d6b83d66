"""Sums as rows: each term a picture of its own, with signs between; what stays one picture with a plus.

The sum that a drawn expression, a drawn value or a side of an equation *is* becomes terms in a row. A sum
inside anything (a bubble, a bracket that is multiplied on, a net that is drawn whole) stays a plus, and so
does one that adds a bias, or a term that lacks an open leg: those read better at the wire they are added to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from tnlang.draw.diagram import Diagram, Sign
from tnlang.draw.view import names, scalars
from tnlang.draw.view.sums import flattened
from tnlang.ir.net import BigSum, Bracket, Entry, Node, Sum, Tensor, Term, Wire
from tnlang.ir.size import LoopVar
from tnlang.ir.walk import free_wires, node_wires

Draw = Callable[[Sum, frozenset[str]], Diagram]
"""Draws a sum as one diagram with the open legs; under the loops of the big signs before it."""


def row_of(body: Sum, open_wires: Sequence[Wire], draw: Draw) -> tuple[Diagram | Sign, ...]:
    """The parts of a row: one diagram, or signs and terms."""
    return tuple(_parts(body, frozenset(open_wires), draw, frozenset()))


def _parts(body: Sum, kept: frozenset[Wire], draw: Draw, loops: frozenset[str]) -> Iterator[Diagram | Sign]:
    terms = flattened(body)
    whole = len(terms) > 1 or _outer_product(terms[0], loops) is None
    if whole and not _fall_into_a_row(terms, kept):
        yield draw(body, loops)
        return
    for position, term in enumerate(terms):
        minus = term.coefficient.real < 0 or (term.coefficient.real == 0 and term.coefficient.imag < 0)
        if minus:
            term = replace(term, coefficient=-term.coefficient)
        if position or minus:
            yield Sign("-" if minus else "+", "operator")
        yield from _term(term, kept, draw, loops)


def _fall_into_a_row(terms: Sequence[Term], kept: frozenset[Wire]) -> bool:
    """Whether a sum is drawn as a row: all terms have all open legs, and none of them is a bias.

    A single term is one that has something in it that a row can show: a sign, a big sum, a bracket.
    """
    if any(map(_caption, terms)):
        return True
    if len(terms) == 1:
        return terms[0].coefficient == -1 or _spread(terms[0]) is not None
    if any(set(free_wires(term)) & kept != kept for term in terms):
        return False
    return len(kept) != 1 or len({_is_lone(term) for term in terms}) == 1


def _caption(term: Term) -> str:
    """What a figure, or a transform, writes below a term; such a term is one picture."""
    match term.nodes:
        case (Bracket(caption=caption, origin=origin),):
            return names.way(caption) if origin.rules else caption
        case _:
            return ""


def _is_lone(term: Term) -> bool:
    match term:
        case Term(nodes=(Tensor(),)):
            return True
        case _:
            return False


def _spread(term: Term) -> tuple[tuple[Node, ...], BigSum | Bracket] | None:
    """A term that is scalars and one big sum or bracket of several terms: those scalars, and that."""
    loose = tuple(node for node in term.nodes if _is_loose(node))
    match [node for node in term.nodes if not _is_loose(node)]:
        case [BigSum() as node]:
            return loose, node
        case [Bracket(body=body, name="") as node] if len(flattened(body)) > 1:
            return loose, node
    return None


def _is_loose(node: Node) -> bool:
    return scalars.is_scalar(node) or (isinstance(node, Tensor) and not node.legs)


def _term(term: Term, kept: frozenset[Wire], draw: Draw, loops: frozenset[str]) -> Iterator[Diagram | Sign]:
    """One term: a diagram, or scalars, a big sign and what it is of."""
    if _caption(term):
        yield replace(draw(Sum((term,), origin=term.origin), loops), caption=_caption(term))
        return
    outer = _outer_product(term, loops)
    if outer is not None:
        numbers, vectors = outer
        if numbers.nodes or numbers.coefficient != 1:
            yield draw(Sum((numbers,), origin=term.origin), loops)
        yield from bracketed([draw(Sum((vectors,), origin=term.origin), loops)])
        return
    found = None if term.summed else _spread(term)
    if found is None or not _can_be_bracketed(found[1], kept):
        yield draw(Sum((term,), origin=term.origin), loops)
        return
    loose, node = found
    if loose or term.coefficient != 1:
        yield draw(Sum((replace(term, nodes=loose),), origin=term.origin), loops)
    if isinstance(node, BigSum):
        yield Sign(names.big_sign(node.loops), "sum", names.loops(node.loops))
        loops = loops | {loop.var for loop in node.loops}
    inner = tuple(_parts(node.body, kept, draw, loops))
    yield from bracketed(inner) if _needs_bracket(inner) else inner


def _outer_product(term: Term, loops: frozenset[str]) -> tuple[Term, Term] | None:
    """A term under a big sum that is numbers times an outer product: those, and that."""
    numbers = tuple(node for node in term.nodes if _is_loose(node) or _is_number(node, loops))
    rest = tuple(node for node in term.nodes if node not in numbers)
    if not loops or not rest or not (numbers or term.coefficient != 1):
        return None
    reached: set[Wire] = set()
    for node in rest:
        if reached & set(node_wires(node)):
            return None
        reached |= set(node_wires(node))
    several = len(rest) > 1 and all(map(node_wires, rest))
    return (
        (replace(term, nodes=numbers, summed=()), replace(term, nodes=rest, coefficient=1))
        if several
        else None
    )


def _is_number(node: Node, loops: frozenset[str]) -> bool:
    """Whether the index of a big sum picks one entry of a tensor."""
    match node:
        case Tensor(legs=legs):
            return all(
                isinstance(ix, Entry) and isinstance(ix.at, LoopVar) and ix.at.name in loops for ix in legs
            )
        case _:
            return False


def _can_be_bracketed(node: BigSum | Bracket, kept: frozenset[Wire]) -> bool:
    return isinstance(node, BigSum) or _fall_into_a_row(flattened(node.body), kept)


def _needs_bracket(parts: Iterable[Diagram | Sign]) -> bool:
    return any(isinstance(part, Sign) and part.kind == "operator" for part in parts)


def bracketed(parts: Iterable[Diagram | Sign]) -> Iterator[Diagram | Sign]:
    """Parts of a row between tall parentheses."""
    yield Sign("(", "open")
    yield from parts
    yield Sign(")", "close")
