"""What of a net parameters alone give: computed apart, so that ``prepare`` can keep it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tnlang.ir.functions import NORMALS
from tnlang.ir.net import Bind, Bracket, Bubble, Decl, Factor, Net, Stmt
from tnlang.ir.size import dims_in
from tnlang.ir.walk import refs, walk
from tnlang.lower.dims import NetDims, statement_sizes


def derived_statements(net: Net, dims: NetDims, parameters: Collection[Decl]) -> tuple[Bind | Factor, ...]:
    """The statements that depend on ``parameters`` alone and are worth keeping: products, sums, factors.

    Left to the body are those in repeats, members of families, sizes that inputs tell, renamed or permuted
    parameters, and what has values of its own inside (named bubbles, the scale of a norm).
    """
    known = {decl.name for decl in parameters}
    weights = {decl.name for decl in parameters if decl.kind == "param"}
    found: list[Bind | Factor] = []
    for statement in net.body:
        if not isinstance(statement, Bind | Factor) or not _is_plain(statement):
            continue
        read = {ref.name for ref in refs(statement)}
        early = (
            d.name in dims.early or d.counts_members for s in statement_sizes(statement) for d in dims_in(s)
        )
        if read <= known and read & weights and all(early):
            found.append(statement)
            known.update(bound_by(statement))
            weights.update(bound_by(statement))
    while True:
        read = {ref.name for statement in found for ref in refs(statement)}
        needed = [s for s in found if not _is_renaming(s) or read & set(bound_by(s))]
        if needed == found:
            return tuple(found)
        found = needed


def first_level(statements: tuple[Bind | Factor, ...]) -> tuple[Bind | Factor, ...]:
    """Those that read none of the others: what is observed may change what later ones are computed from."""
    names = {name for statement in statements for name in bound_by(statement)}
    return tuple(s for s in statements if not names & {ref.name for ref in refs(s)})


def without(body: tuple[Stmt, ...], taken: tuple[Bind | Factor, ...]) -> tuple[Stmt, ...]:
    """The statements but for those taken."""
    ids = {id(statement) for statement in taken}
    return tuple(statement for statement in body if id(statement) not in ids)


def bound_by(statement: Bind | Factor) -> Iterator[str]:
    """The names of the values that a statement binds."""
    match statement:
        case Bind(target=target):
            yield target.name
        case Factor(factors=factors):
            yield from (factor.name for factor in factors)


def _is_plain(statement: Bind | Factor) -> bool:
    if isinstance(statement, Factor):
        return all(isinstance(sub, int) for sub in statement.source.subs)
    if statement.target.subs or statement.target.anonymous:
        return False
    nodes = list(walk(statement.body))
    own = any(
        (isinstance(node, Bubble | Bracket) and node.name)
        or (isinstance(node, Bubble) and node.function in NORMALS)
        for node in nodes
    )
    return not own


def _is_renaming(statement: Bind | Factor) -> bool:
    """Whether it is a value as it is, or with its legs in another order."""
    return isinstance(statement, Bind) and sum(1 for _ in walk(statement.body)) == 1
