"""Equations proved: both sides rewritten to one canonical form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from tnlang.ir.canonical import certificate_of
from tnlang.ir.inline import written_into
from tnlang.ir.net import Bind, Net, Node, Number, Ref, Sum, Wire
from tnlang.ir.program import Expression, Program
from tnlang.ir.size import dims_in
from tnlang.ir.walk import map_children, rename, value_wires, walk
from tnlang.transforms.flatten import flatten
from tnlang.transforms.request import TransformError
from tnlang.transforms.simplify.arrays import Arrays
from tnlang.transforms.simplify.facts import Facts, facts_of
from tnlang.transforms.simplify.rewriting import Rewriting, Rules, TooLarge
from tnlang.transforms.simplify.rules import RULES
from tnlang.transforms.simplify.written import (
    definition,
    determinant,
    diagonal_tensor,
    exponential,
    exponents,
    halves,
    multiplied,
    over_entries,
    parity,
    quotient,
    reciprocal,
)

LARGEST = 3000
"""Nodes of a side, written out, that is still rewritten."""
BUDGET = 4000
"""Steps for each side."""
DIGITS = 9
"""Of all numbers in an equation together, that floats tell apart whatever is made of them by rewriting."""
NEAR = 1e-9
"""How near, as a part of them, numbers are that rounding may take for one."""

ProofStep = tuple[str, Sum]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was done to each side: after each rule its name, and the side as it is then.

    The first of each has the name "" and is the side as written; the last of both are one form.
    """

    left: tuple[ProofStep, ...]
    right: tuple[ProofStep, ...]


def proving(facts: Facts, arrays: Arrays) -> Rules:
    """The rules of ``simplify``, and those that write products, functions and constants out."""
    return Rules(
        of_nodes=(
            *RULES.of_nodes,
            parity,
            exponential,
            reciprocal,
            diagonal_tensor,
            over_entries,
            definition,
        ),
        of_terms=(
            *RULES.of_terms,
            exponents,
            quotient,
            multiplied,
            determinant,
            *([arrays.constants] if has_constants(facts) else []),
        ),
        of_sums=(*([arrays.added] if has_constants(facts) else []), *RULES.of_sums, halves),
    )


def has_constants(facts: Facts) -> bool:
    """Whether constants with legs are among the values."""
    return any(d.value is not None and d.legs for decls in facts.decls.values() for d in decls)


def prove(program: Program, left: Expression, right: Expression, *, steps: bool = False) -> Proof | None:
    """A proof that two sides are equal, whatever their tensors are; None where none is found.

    Sides are written out whole: values, nets that are called, turns of repeats. Properties are taken as they
    are declared, values as real where nothing is complex, quotients where they are defined.
    """
    arrays = Arrays()
    try:
        one, order, facts = written_out(program, left.net)
        other, wires, more = written_out(program, right.net)
        names, theirs = ([leg.name for leg in side.net.outputs[0].legs] for side in (left, right))
        other = rename(other, {wire: order[names.index(n)] for wire, n in zip(wires, theirs, strict=True)})
        facts = replace(facts, decls={**more.decls, **facts.decls}, complex=facts.complex | more.complex)
        arrays.fixed = frozenset(
            dim.name
            for decls in facts.decls.values()
            for decl in decls
            if decl.value is not None
            for leg in decl.legs
            for dim in dims_in(leg.size)
        )
        if _digits((one, other), facts) > DIGITS:
            return None
        facts = replace(facts, order=order, arrays=arrays.alike)
        found = [_rewritten(side, facts, arrays, steps) for side in (one, other)]
    except (TransformError, TooLarge):
        return None
    forms = [certificate_of(_rounded(side[-1][1]), order, facts.alike) for side in found]
    return Proof(*found) if forms[0] == forms[1] else None


def _digits(sides: tuple[Sum, ...], facts: Facts) -> float:
    """How many digits the numbers of an equation have, each once, from the unit to the furthest.

    One like sqrt(1/2) that is near no short number counts as none; infinitely many if two are as near.
    """
    found = {node.value for side in sides for node in walk(side) if isinstance(node, Number)}
    scalars = (decl for decls in facts.decls.values() for decl in decls if not decl.legs)
    found |= {decl.value for decl in scalars if isinstance(decl.value, int | float | complex)}
    parts = {abs(part) for value in map(complex, found) for part in (value.real, value.imag)}
    total = 0.0
    own: list[float] = []
    for part in sorted(part for part in parts if part and math.isfinite(part)):
        if abs(part - float(f"{part:.7g}")) > NEAR * part:
            total += math.inf if own and part - own[-1] < NEAR * part else 0
            own.append(part)
            continue
        _, digits, exponent = Decimal(repr(part)).normalize().as_tuple()
        assert isinstance(exponent, int)
        total += max(len(digits) - 1, -exponent, len(digits) - 1 + exponent)
    return total


def _rewritten(side: Sum, facts: Facts, arrays: Arrays, steps: bool) -> tuple[ProofStep, ...]:
    found: list[ProofStep] = [("", side)]
    told = partial(_add, found) if steps else None
    last = Rewriting(facts, proving(facts, arrays), told, BUDGET).run(side)
    return (*found, ("", last))


def _add(found: list[ProofStep], rule: str, side: Sum) -> None:
    found.append((rule, side))


def written_out(program: Program, net: Net) -> tuple[Sum, tuple[Wire, ...], Facts]:
    """A net's one output as a sum of inputs and parameters, its open wires, and what is known of the values.

    Raises TransformError or TooLarge where it is too long to be written out.
    """
    flat = flatten(program, net)
    whole = replace(net, owned=tuple(flat.owned), body=tuple(flat.body))
    facts = facts_of(program, whole, proving=True)
    made: dict[str, Bind] = {}

    def meaning(ref: Ref) -> tuple[tuple[object, ...], Sum] | None:
        found = made.get(ref.name) if not ref.subs else None
        return (found.target.legs, found.body) if found is not None else None

    for statement in flat.body:
        if isinstance(statement, Bind):
            body = written_into(statement.body, meaning)  # type: ignore[arg-type]
            if sum(1 for _ in walk(body)) > LARGEST:
                raise TooLarge
            made[statement.target.name] = replace(statement, body=body)
    result = made[flat.outputs[0]]
    return result.body, value_wires(result.target.legs), facts


def _rounded(total: Sum) -> Sum:
    """The sum with its numbers to 10 digits."""

    def number(value: complex) -> complex:
        return complex(float(f"{value.real:.10g}"), float(f"{value.imag:.10g}"))

    def one(old: Sum) -> Sum:
        terms = []
        for term in old.terms:
            nodes: tuple[Node, ...] = tuple(map_children(node, one) for node in term.nodes)
            terms.append(replace(term, nodes=nodes, coefficient=number(complex(term.coefficient))))
        return replace(old, terms=tuple(terms))

    return one(total)
