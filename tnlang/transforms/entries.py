"""Some entries of a value made in another way, the others as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tnlang.ir.net import (
    Bind,
    Bracket,
    Frozen,
    Group,
    Node,
    Number,
    Origin,
    Ref,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.walk import copy, free_wires, value_wires
from tnlang.transforms.choose import Made
from tnlang.transforms.request import Request, Step, TransformError

Picked = tuple[int | None, ...]
"""A number for each leg whose entry is fixed, None for all of a leg."""


def made_anew(request: Request, made: Made, rule: str, new: Callable[[Sum], Sum]) -> Stmt:
    """The statement that makes a chosen value by ``new`` from how it was made, where its patterns say so.

    A sum of no terms is 0.

    Raises TransformError for a value that is frozen, and for entries that it does not have.
    """
    if isinstance(made.definition, Frozen):
        message = f"{made.target.name} is frozen: it comes from a cache as it is"
        raise TransformError(message, f"`freeze({rule}(…), …)` freezes what is left", made.patterns[0])
    origin = Origin(made.definition.origin.span, (*made.definition.origin.rules, rule))
    body = was = old_value(made.definition)
    for pattern in made.patterns:
        step = request.paths[pattern][-1]
        try:
            picked = fitting(step, made.target)
        except TransformError as error:
            raise TransformError(str(error), error.hint, pattern) from None
        body = mixed(made.target.legs, picked, body, new(copy(was)))
    body = broadcast(body, value_wires(made.target.legs))
    return assigned(made.definition, body, origin)


def old_value(definition: Bind | StreamSet) -> Sum:
    """What a statement binds; of an assignment, all that the stream then holds."""
    if isinstance(definition, Bind) or definition.op == "=":
        return definition.body
    before = Term((Tensor(Ref(definition.target.name), definition.target.legs),))
    sign = -1 if definition.op == "-=" else 1
    changes = (replace(term, coefficient=sign * term.coefficient) for term in definition.body.terms)
    return replace(definition.body, terms=(before, *changes))


def assigned(definition: Bind | StreamSet, body: Sum, origin: Origin) -> Bind | StreamSet:
    """The statement with another right-hand side."""
    if isinstance(definition, Bind):
        return replace(definition, body=body, origin=origin)
    return replace(definition, op="=", body=body, origin=origin)


def fitting(step: Step, target: Value) -> Picked:
    """The entries that a step picks of a value, () for all. Raises TransformError where it has no such."""
    if not step.entries:
        return ()
    if len(step.entries) != len(target.legs):
        names = ", ".join(wire.text for wire in value_wires(target.legs))
        said = f"{step.name} has {len(target.legs)} legs, not {len(step.entries)}"
        raise TransformError(said, f"a number or a name for each leg: `{step.name}[{names}]`")
    for number, leg in zip(step.entries, target.legs, strict=True):
        if number is None:
            continue
        if isinstance(leg, Group):
            raise TransformError(
                f"a leg of {step.name} joins several wires: it has no entries to pick",
                "name all of that leg, or bind the value with a leg for each wire",
            )
        try:
            size = evaluate(leg.size, {})
        except SizeError:
            continue  # known when it runs; an entry that is not there is an error then
        if number >= size:
            said = f"leg {leg.text} of {step.name} has {size} entries, none is {number}"
            raise TransformError(said, f"they are 0 to {size - 1}" if size else "it is empty")
    if all(number is None for number in step.entries):
        return ()
    return step.entries


def mixed(legs: tuple[Wire | Group, ...], picked: Picked, old: Sum, new: Sum) -> Sum:
    """``new`` at the picked entries, ``old`` at the others: ``(1 - basis(3)[h]) old + basis(3)[h] new``."""
    if not picked:
        return new
    others = Bracket(Sum((Term((Number(1, "1"),)), Term(_marks(legs, picked), (), -1))))
    kept = Term((others, Bracket(old)))
    return Sum((kept, Term((*_marks(legs, picked), *_factors(new)))) if new.terms else (kept,))


def _marks(legs: tuple[Wire | Group, ...], picked: Picked) -> tuple[Node, ...]:
    """A basis vector on each leg whose entry is fixed."""
    fixed = ((leg, number) for leg, number in zip(legs, picked, strict=True) if isinstance(leg, Wire))
    return tuple(Special("basis", (leg,), number) for leg, number in fixed if number is not None)


def _factors(body: Sum) -> tuple[Node, ...]:
    """A sum as factors: the nodes of a single product that sums nothing, else a bracket."""
    match body.terms:
        case (Term(nodes=nodes, summed=(), coefficient=1),):
            return nodes
        case _:
            return (Bracket(body),)


def broadcast(body: Sum, wires: tuple[Wire, ...]) -> Sum:
    """The sum with ones on the wires that none of its terms has; 0 for no terms."""
    if not body.terms:
        body = Sum((Term((Number(0, "0"),)),), origin=body.origin)
    found = free_wires(body)
    missing = tuple(wire for wire in wires if wire not in found)
    if not missing:
        return body
    ones = tuple(Special("ones", (wire,)) for wire in missing)
    first, *others = body.terms
    return replace(body, terms=(replace(first, nodes=(*first.nodes, *ones)), *others))
