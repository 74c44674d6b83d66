"""What one ``draw`` or ``equation`` of a figure shows."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Diagram, Panel, Row, Shape, Sign
from tnlang.draw.view import names
from tnlang.draw.view.build import Builder
from tnlang.draw.view.emit import Emitter
from tnlang.draw.view.finish import finish
from tnlang.draw.view.openings import Openings
from tnlang.draw.view.shapes import tensor_roles
from tnlang.draw.view.streams import called_diagram, net_diagram
from tnlang.draw.view.sums import assigned
from tnlang.draw.view.terms import row_of
from tnlang.draw.view.turns import named_by_turn
from tnlang.draw.view.values import Definition, Scope
from tnlang.draw.view.wiring import Frame, group_wire, leg_names, leg_wire
from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Frozen,
    Group,
    Net,
    Ref,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.program import Equation, Expression, NetTarget, Program, Rewriting, ValueTarget
from tnlang.ir.walk import free_wires, output_sum, walk

_RELATIONS = {"=": "=", "!=": r"\neq", "≈": r"\approx", "→": r"\to"}


def draw_panels(
    program: Program, target: NetTarget | ValueTarget | Expression, openings: Openings, caption: str
) -> tuple[Panel, ...]:
    """The panels of one ``draw``."""
    match target:
        case NetTarget(net=name):
            net = program.net(name)
            diagram = net_diagram(program, net, openings, compose=True, symbols=net.name == "main")
            if "≈" in net.note:
                return (Panel(Row((Sign(_RELATIONS["≈"], "relation", "≈"), diagram)), caption),)
            return (Panel(diagram, caption),)
        case ValueTarget(net=name, value=value):
            return (Panel(_value_row(program, name, value, openings), caption),)
        case Expression():
            return (_panel(expression_parts(program, target, openings), caption),)


def _panel(parts: tuple[Diagram | Sign, ...], caption: str) -> Panel:
    """A row, or the one diagram that it would hold."""
    match parts:
        case (Diagram() as diagram,):
            return Panel(replace(diagram, caption=""), caption or diagram.caption)
        case _:
            return Panel(Row(parts), caption)


def equation_row(program: Program, equation: Equation, openings: Openings) -> Row:
    """The sides of an equation with their relations."""
    parts: list[Diagram | Sign] = []
    for position, side in enumerate(equation.sides):
        if position:
            relation = equation.relations[position - 1]
            parts.append(Sign(_RELATIONS[relation], "relation", relation))
        if isinstance(side, Expression):
            parts.extend(map(_untied, expression_parts(program, side, openings)))
        else:
            parts.append(Sign(names.given(side) or "", "text", f"(text) {side}"))
    return Row(tuple(parts))


def rewriting_row(program: Program, item: Rewriting, openings: Openings) -> Row:
    """Nets made from one another, with their relations, and below each what made it."""
    parts: list[Diagram | Sign] = []
    nets = [program.net(name) for name in item.nets]
    spread = [_output_terms(program, net, openings) for net in nets]
    relations = (None, *item.relations)
    for net, terms, relation, caption in zip(nets, spread, relations, item.captions, strict=True):
        if relation is not None:
            parts.append(Sign(_RELATIONS[relation], "relation", relation))
        if terms:
            parts += terms
            continue
        main = net.name == "main"
        diagram = net_diagram(program, net, openings, compose=True, symbols=main, ends=any(spread))
        parts.append(replace(diagram, caption=caption))
    return Row(tuple(parts))


def _output_terms(program: Program, net: Net, openings: Openings) -> tuple[Diagram | Sign, ...]:
    """The terms of a net's one output, where that is a sum that can stand as a row."""
    bind = output_sum(net)
    if bind is None:
        return ()
    scope = Scope(program, net, openings)
    found = scope.resolve(Ref(bind.target.name), scope.last)
    return _definition_parts(program, found, bind.target.legs, bind.body) if found is not None else ()


def _untied(part: Diagram | Sign) -> Diagram | Sign:
    """A part of an equation, which says the same things of the same tensors: nothing is marked as tied."""
    if isinstance(part, Sign) or part.backbones:
        return part
    return replace(part, shapes=tuple(replace(shape, tied=False) for shape in part.shapes))


def expression_parts(
    program: Program, expression: Expression, openings: Openings
) -> tuple[Diagram | Sign, ...]:
    """An expression of a figure: its open wires keep their order; file-level values are drawn by name."""
    scope = Scope(program, expression.net, openings, by_name=True)
    bind = expression.result
    found = Definition(("", bind.target.name, (), -1), bind, scope, {}, "")
    return _definition_parts(program, found, bind.target.legs, bind.body)


def _definition_parts(
    program: Program, found: Definition, legs: tuple[Wire | Group, ...], body: Sum
) -> tuple[Diagram | Sign, ...]:
    """What a value is: its terms in a row, or one diagram."""

    def draw(part: Sum, loops: frozenset[str]) -> Diagram:
        inner = _called(found.scope, part, legs)
        if inner is not None:
            return called_diagram(inner, [leg for leg in legs if isinstance(leg, Wire)])
        return _definition_diagram(program, found, legs, part, loops)

    if any(isinstance(leg, Group) for leg in legs):
        return (draw(body, frozenset()),)
    return row_of(body, [leg for leg in legs if isinstance(leg, Wire)], draw)


def _called(scope: Scope, body: Sum, legs: tuple[Wire | Group, ...]) -> Scope | None:
    """The net that is drawn open as the whole of a term: its result has the open legs as they are."""
    match body.terms:
        case (Term(nodes=(Bracket(body=inner, name=""),), coefficient=1, summed=()),):
            return _called(scope, inner, legs)
        case (Term(nodes=(Tensor(ref=ref, legs=own, conj=False),), coefficient=1, summed=()),):
            return scope.called(ref) if scope.by_name and own == legs else None
        case _:
            return None


def _definition_diagram(
    program: Program,
    found: Definition,
    legs: tuple[Wire | Group, ...],
    body: Sum,
    loops: frozenset[str] = frozenset(),
) -> Diagram:
    """A sum, or a term of one, of a definition: as one diagram with the legs open that it has."""
    scope = found.scope
    builder = Builder(symbols=scope.by_name, styles=scope.opened.styles)
    uses = scope.uses([])
    for node in walk(body):
        if isinstance(node, Tensor):
            uses.use(scope, node.ref, found.versions)
    emitter = Emitter(builder, uses, compose=False, stations=False)
    emitter.roles = tensor_roles(program, scope.net)
    emitter.by_turn = named_by_turn(scope, found.key)
    frame = Frame(scope, found.versions, {}, None, loops)
    within = {wire for term in body.terms for wire in free_wires(term)}
    for order, leg in enumerate(legs):
        if isinstance(leg, Wire) and leg not in within:
            continue
        joint = builder.joint()
        wire = leg if isinstance(leg, Wire) else group_wire(leg)
        builder.open(joint, "output", order, wire, wire.text, symbol=True)
        emitter.bind_leg(leg, joint, frame)
    emitter.total(body, frame)
    return finish(builder)


def _value_row(program: Program, net: str, value: str, openings: Openings) -> Row | Diagram:
    """``A = …``: the value as one shape, and what it is."""
    scope = Scope(program, program.net(net), openings)
    found = scope.resolve(Ref(value), scope.last)
    if found is None:
        raise KeyError(value)
    match found.statement:
        case Bind(target=target, body=body):
            legs = target.legs
        case StreamSet(target=target) as statement:
            legs, body = target.legs, assigned(statement)
            turn = _turn_after(scope, found)
            if turn:
                right = _definition_parts(program, found, legs, body)
                return Row((_named(found, legs, turn=turn), Sign("=", "relation"), *right))
        case Frozen(target=target):
            return _named(found, target.legs, frozen=True)
        case Decl(legs=declared):
            return _named(found, tuple(leg_wire(leg, leg.size) for leg in declared))
        case Call():
            return net_diagram(program, program.net(net), openings, compose=True, symbols=False)
    right = _definition_parts(program, found, legs, body)
    return Row((_named(found, legs), Sign("=", "relation"), *right))


def _turn_after(scope: Scope, found: Definition) -> str:
    """The turn after which a stream has a value that a repeat gives it, ``l+1``; nothing for other values."""
    before = scope.streams[found.key[1]][: found.key[3]]
    begun = [scope.turning[value.key] for value in before if value.key in scope.turning]
    return f"{begun[-1]}+1" if scope.repeats(found.statement) and begun else ""


def _named(
    found: Definition, legs: tuple[Wire | Group, ...], *, frozen: bool = False, turn: str = ""
) -> Diagram:
    """A value as one shape with its legs."""
    builder = Builder(symbols=True, styles=found.scope.opened.styles)
    role = "pattern" if frozen or _is_pattern(found) else "result"
    label = found.scope.math(found.shown or found.key[1], turn)
    told = found.scope.address(found, Ref(found.key[1])) + (f"{{{turn}}}" if turn else "")
    known = Shape(0, "tensor", label, found.key[1], role="pattern" if role == "pattern" else "result")
    shape = builder.shape(replace(known, frozen=frozen, told=told))
    for order, leg in enumerate(legs):
        joint = builder.joint()
        wire = leg if isinstance(leg, Wire) else group_wire(leg)
        builder.leg(shape, joint, wire, leg_names(found, len(legs))[order])
        builder.open(joint, "output", order, wire, wire.text, symbol=True)
    return finish(builder)


def _is_pattern(found: Definition) -> bool:
    """An attention pattern: what is bound is a softmax."""
    match found.statement:
        case Bind(body=Sum(terms=(term,))):
            return any(isinstance(n, Bubble) and n.function == "softmax" for n in term.nodes)
        case _:
            return False
