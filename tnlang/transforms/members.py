"""A member of a family by itself: where a loop's variable picks it, the turn that does is written out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Call,
    Net,
    Node,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
)
from tnlang.ir.size import Size, loop_key, substitute, variables
from tnlang.ir.walk import map_children, refs, statements, walk
from tnlang.transforms.turns import Turns, cut
from tnlang.transforms.unroll import unrolled


def by_itself(net: Net, wanted: Ref) -> Net:
    """The net with a member of a family read by its number wherever it is read.

    A repeat whose variable picks it is cut there, a Σ whose variable does is written out. Raises
    TransformError where the turns are not known, or too many.
    """
    if not wanted.subs or not any(_picks(ref, wanted) for s in statements(net.body) for ref in refs(s)):
        return net
    return replace(net, body=tuple(_block(net.body, wanted, {})))


def _picks(ref: Ref, wanted: Ref) -> bool:
    """Whether a loop picks the members that are read."""
    return ref.name == wanted.name and any(not isinstance(sub, int) for sub in ref.subs)


def _may_be(ref: Ref, wanted: Ref) -> bool:
    pairs = zip(ref.subs, wanted.subs, strict=True)
    return ref.name == wanted.name and all(not isinstance(sub, int) or sub == own for sub, own in pairs)


def _block(body: tuple[Stmt, ...], wanted: Ref, turns: Turns) -> Iterator[Stmt]:
    for statement in body:
        match statement:
            case Bind(body=total) | StreamSet(body=total):
                yield replace(statement, body=_total(total, wanted, turns))
            case Call(arguments=arguments):
                yield replace(statement, arguments=tuple(_settled(ref, wanted, turns) for ref in arguments))
            case Repeat(loop=loop, body=inner):
                read = [r for s in statements(inner) for r in refs(s) if _picks(r, wanted)]
                if not any(loop.var in variables(sub) for ref in read for sub in ref.subs):
                    yield replace(statement, body=tuple(_block(inner, wanted, turns)))
                    continue

                def alone(turn: int, read: list[Ref] = read, var: str = loop.var) -> int | None:
                    here = {**turns, var: turn}
                    picked = any(_may_be(_settled(ref, wanted, here), wanted) for ref in read)
                    return turn if picked else None

                for start, stop, turn in cut(statement, turns, alone, 0):
                    known = {**turns, loop.var: turn} if alone(turn) is not None else turns
                    part = replace(loop, start=start, stop=stop)
                    yield replace(statement, loop=part, body=tuple(_block(inner, wanted, known)))
            case _:
                yield statement


def _settled(ref: Ref, wanted: Ref, turns: Turns) -> Ref:
    """A member of the family with numbers for the variables whose turn is known."""
    if ref.name != wanted.name:
        return ref
    numbers: dict[str, Size] = {loop_key(var): turn for var, turn in turns.items()}
    return replace(ref, subs=tuple(substitute(sub, numbers) for sub in ref.subs))


def _total(total: Sum, wanted: Ref, turns: Turns) -> Sum:
    return replace(total, terms=tuple(new for term in total.terms for new in _terms(term, wanted, turns)))


def _terms(term: Term, wanted: Ref, turns: Turns) -> Iterator[Term]:
    """A term; for a Σ that stands alone and is written out, its terms."""
    nodes = tuple(_node(node, wanted, turns) for node in term.nodes)
    match term.nodes, nodes:
        case (BigSum(),), (Bracket(body=body),) if not term.summed:
            yield from (replace(one, coefficient=one.coefficient * term.coefficient) for one in body.terms)
        case _:
            yield replace(term, nodes=nodes)


def _node(node: Node, wanted: Ref, turns: Turns) -> Node:
    match node:
        case Tensor(ref=ref):
            return replace(node, ref=_settled(ref, wanted, turns))
        case BigSum(loops=loops):
            read = [n.ref for n in walk(node.body) if isinstance(n, Tensor) and _picks(n.ref, wanted)]
            own = {var for ref in read for sub in ref.subs for var in variables(sub)}
            picking = own & {loop.var for loop in loops}
            if picking:
                numbers = {loop_key(var): turn for var, turn in turns.items()}
                written = Sum(tuple(unrolled(node, numbers, picking)))
                return Bracket(_total(written, wanted, turns), origin=node.origin)
    return map_children(node, lambda inner: _total(inner, wanted, turns))
