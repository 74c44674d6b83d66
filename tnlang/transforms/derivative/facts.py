"""Which values of a net depend on x: found before anything is differentiated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
    Loop,
    Net,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Tensor,
    Value,
)
from tnlang.ir.program import Program
from tnlang.ir.size import SizeError, evaluate
from tnlang.ir.walk import local_names, statements, walk
from tnlang.transforms.derivative.sums import Seeds, depends
from tnlang.transforms.derivative.target import Target
from tnlang.transforms.request import Step, TransformError, ValuePath

Kind = Literal["", "x", "d"]
"""What an argument is: it does not depend on x, it is x itself, it comes with its derivative."""


@dataclass(slots=True)
class Facts:
    """``body`` is the net's, cut where one turn of a repeat holds x.

    ``seeds`` are the names that are x, ``inner`` those that are only in a repeat (by id); ``active`` are the
    other names that depend on it; ``before`` are statements (by id) that run before x is there; ``kinds``
    and ``below`` say of each call (by id) what its arguments are and where x is in it; ``outputs`` which
    outputs depend on x.
    """

    body: tuple[Stmt, ...]
    seeds: Seeds
    inner: dict[int, Seeds] = field(default_factory=dict)
    before: set[int] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    kinds: dict[int, tuple[Kind, ...]] = field(default_factory=dict)
    below: dict[int, ValuePath] = field(default_factory=dict)
    outputs: tuple[bool, ...] = ()


Ask = Callable[[str, tuple[Kind, ...], ValuePath], Facts]


def facts_of(
    net: Net, kinds: tuple[Kind, ...], path: ValuePath, target: Target, ask: Ask, program: Program
) -> Facts:
    """What depends on x in a net; ``ask`` tells of its callees. Raises TransformError for no such turn."""
    seeds: dict[str, tuple[int, ...]] = {}
    for decl, kind in zip(net.inputs, kinds, strict=True):
        if kind == "x":
            seeds[decl.name] = decl.subs
    own = {decl.name for decl in (*net.inputs, *net.owned)}
    if len(path) == 1 and path[0].name in own:
        seeds[path[0].name] = path[0].subs or ()
    if target.file_level is not None and target.file_level[0] not in local_names(net):
        seeds[target.file_level[0]] = target.file_level[1]
    facts = Facts(net.body, seeds)
    if path and not (len(path) == 1 and path[0].name in own):
        facts.body = _armed(net.body, path, path[0].subs or (), {}, facts, seeds)
        if not any(kinds) and target.file_level is None and not numbered(net):
            facts.before = set(map(id, _before(facts, path)))
    given = {d.name for d, kind in zip(net.inputs, kinds, strict=True) if kind == "d"}
    shared: dict[str, tuple[Kind, ...]] = {}
    while True:
        before = dict(shared)
        facts.active = set(given)
        _spread(facts.body, facts, seeds, ask, shared)
        if shared == before:
            break
    facts.outputs = tuple(
        kind_of(Ref(output.name, output.subs), seeds, facts.active) != "" for output in net.outputs
    )
    return facts


def kind_of(ref: Ref, seeds: Seeds, active: set[str]) -> Kind:
    """What a whole value is."""
    if ref.name in seeds:
        wanted = seeds[ref.name]
        if ref.subs == wanted:
            return "x"
        varies = any(not isinstance(sub, int) for sub in ref.subs)
        return "d" if varies and len(ref.subs) == len(wanted) else ""
    return "d" if ref.name in active else ""


def _spread(
    body: tuple[Stmt, ...], facts: Facts, seeds: Seeds, ask: Ask, shared: dict[str, tuple[Kind, ...]]
) -> None:
    """Go through the statements, adding what depends on what does so far; a repeat until nothing is new."""
    for statement in body:
        match statement:
            case _ if id(statement) in facts.before:
                pass
            case Bind(target=target, body=total) | StreamSet(target=target, body=total):
                if target.name not in seeds and depends(total, seeds, facts.active):
                    facts.active.add(target.name)
            case Call():
                kinds = tuple(kind_of(ref, seeds, facts.active) for ref in statement.arguments)
                if statement.shared:
                    known = shared.get(statement.name, kinds)
                    kinds = tuple(a if a == b else "d" for a, b in zip(kinds, known, strict=True))
                    shared[statement.name] = kinds
                facts.kinds[id(statement)] = kinds
                outputs = ask(statement.net, kinds, facts.below.get(id(statement), ())).outputs
                for result, active in zip(statement.results, outputs, strict=True):
                    if active and result.name not in seeds:
                        facts.active.add(result.name)
            case Factor(source=source) if kind_of(source, seeds, facts.active):
                raise TransformError(
                    f"the factors of {source.name} have no derivative here",
                    "differentiate first, and decompose what comes out",
                    place=statement.origin.span,
                )
            case Repeat(body=inner):
                within, before = {**seeds, **facts.inner.get(id(statement), {})}, None
                while before != facts.active:
                    before = set(facts.active)
                    _spread(inner, facts, within, ask, shared)
            case _:
                pass


def _armed(
    body: tuple[Stmt, ...],
    path: ValuePath,
    turns: tuple[int, ...],
    numbers: dict[str, int],
    facts: Facts,
    seeds: dict[str, tuple[int, ...]],
) -> tuple[Stmt, ...]:
    """The statements with repeats cut so that one turn alone leads to x; ``seeds`` gets its name there."""
    found: list[Stmt] = []
    step = path[0]
    for statement in body:
        match statement:
            case Call(name=name) if name == step.name and len(path) > 1:
                call = replace(statement)
                facts.below[id(call)] = path[1:]
                found.append(call)
            case Repeat(loop=loop, body=inner) if turns and _leads(inner, path):
                found += _cut(statement, loop, path, turns, numbers, facts)
            case Repeat(body=inner) if len(path) > 1 and _leads(inner, path):
                found.append(replace(statement, body=_armed(inner, path, turns, numbers, facts, seeds)))
            case Bind(target=target) | Frozen(target=target) if len(path) == 1 and target.name == step.name:
                seeds[target.name] = tuple(s for s in target.subs if isinstance(s, int)) and (step.subs or ())
                found.append(statement)
            case Call(results=results) if len(path) == 1 and any(r.name == step.name for r in results):
                seeds[step.name] = ()
                found.append(statement)
            case _:
                found.append(statement)
    return tuple(found)


def _before(facts: Facts, path: ValuePath) -> list[Stmt]:
    """The statements before the first that leads to x; none where what they make is used in other ways.

    Those ways are a call of shared parameters, which all its calls are, and a member of a family.
    """
    found: list[Stmt] = []
    for statement in facts.body:
        if any(id(s) in facts.below or id(s) in facts.inner for s in statements((statement,))):
            return found
        for each in statements((statement,)):
            match each:
                case Call(shared=True) | Bind(target=Value(subs=(_, *_))):
                    return []
                case Bind(target=target) if len(path) == 1 and target.name == path[0].name:
                    return found
                case _:
                    found.append(each)
    return found


def _leads(body: tuple[Stmt, ...], path: ValuePath) -> bool:
    for statement in statements(body):
        match statement:
            case Call(name=name) if len(path) > 1 and name == path[0].name:
                return True
            case Bind(target=target) | Frozen(target=target) if len(path) == 1:
                if target.name == path[0].name:
                    return True
            case Call(results=results) if len(path) == 1:
                if any(result.name == path[0].name for result in results):
                    return True
            case _:
                pass
    return False


def _cut(
    repeat: Repeat, loop: Loop, path: ValuePath, turns: tuple[int, ...], numbers: dict[str, int], facts: Facts
) -> list[Stmt]:
    """A repeat before, at and after the turn that holds x."""
    turn = turns[0]
    try:
        first, last = evaluate(loop.start, numbers), evaluate(loop.stop, numbers)
    except SizeError as error:
        message = f"the turns of this repeat are not known, so one cannot be named: {error}"
        raise TransformError(message, "give the dim a default", 0) from None
    if not first <= turn < last:
        shown = Step(path[0].name, path[0].subs)
        raise TransformError(
            f"there is no {shown}: the turns are {first} to {last - 1}",
            f"the last is {Step(path[0].name, (last - 1,))}"
            if last > first
            else "name a value outside of it",
            0,
        )
    within: dict[str, tuple[int, ...]] = {}
    inner = _armed(_again(repeat.body), path, turns[1:], {**numbers, loop.var: turn}, facts, within)
    middle = replace(repeat, loop=replace(loop, start=turn, stop=turn + 1), body=inner)
    facts.inner[id(middle)] = within
    parts: list[Stmt] = []
    if turn > first:
        parts.append(replace(repeat, loop=replace(loop, stop=turn), body=_again(repeat.body)))
    parts.append(middle)
    if turn + 1 < last:
        parts.append(replace(repeat, loop=replace(loop, start=turn + 1), body=_again(repeat.body)))
    return parts


def _again(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The same statements as objects of their own: facts are kept by their ids."""
    return tuple(replace(s, body=_again(s.body)) if isinstance(s, Repeat) else replace(s) for s in body)


def numbered(net: Net) -> set[str]:
    """The streams of which a value is read by its number."""
    streams = {s.target.name for s in statements(net.body) if isinstance(s, StreamSet)}
    found = {o.name for o in net.outputs if o.subs}
    for statement in statements(net.body):
        match statement:
            case Call(arguments=arguments):
                found |= {ref.name for ref in arguments if ref.subs}
            case Bind(body=body) | StreamSet(body=body):
                found |= {n.ref.name for n in walk(body) if isinstance(n, Tensor) and n.ref.subs}
    return found & streams
