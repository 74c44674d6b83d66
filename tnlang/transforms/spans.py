"""Places in the text for what transforms add: each part has the span of what it is a part of."""

from __future__ import annotations

from dataclasses import replace

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
    Net,
    Node,
    Origin,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Term,
)
from tnlang.ir.walk import map_children, statements, walk
from tnlang.source import NOWHERE, Span


def with_spans(net: Net, span: Span) -> Net:
    """The net with a span for every part: its own, else that of the whole; of the net itself ``span``."""
    origin = _at(net.origin, span)
    return replace(net, origin=origin, body=tuple(_statement(s, origin.span) for s in net.body))


def _at(origin: Origin, span: Span) -> Origin:
    return replace(origin, span=span) if origin.span == NOWHERE else origin


def _statement(old: Stmt, span: Span) -> Stmt:
    """A statement that has no span is where the first part of it is that has one."""
    origin = _at(old.origin, _first(old) or span)
    match old:
        case Bind(body=body) | StreamSet(body=body):
            return replace(old, origin=origin, body=_sum(body, origin.span))
        case Repeat(body=inner):
            return replace(old, origin=origin, body=tuple(_statement(s, origin.span) for s in inner))
        case Frozen(definition=Bind() | StreamSet() as definition):
            made = _statement(definition, origin.span)
            assert isinstance(made, Bind | StreamSet)
            return replace(old, origin=origin, definition=made)
        case Call() | Shared() | Factor() | Frozen():
            return replace(old, origin=origin)


def _first(old: Stmt) -> Span | None:
    """The first span in a statement."""
    for statement in statements((old,)):
        if statement.origin.span != NOWHERE:
            return statement.origin.span
        if isinstance(statement, Bind | StreamSet):
            for part in (*statement.body.terms, *walk(statement.body)):
                if part.origin.span != NOWHERE:
                    return part.origin.span
    return None


def _sum(body: Sum, span: Span) -> Sum:
    origin = _at(body.origin, span)
    return replace(body, origin=origin, terms=tuple(_term(term, origin.span) for term in body.terms))


def _term(term: Term, span: Span) -> Term:
    origin = _at(term.origin, span)
    return replace(term, origin=origin, nodes=tuple(_node(node, origin.span) for node in term.nodes))


def _node(node: Node, span: Span) -> Node:
    origin = _at(node.origin, span)
    return replace(map_children(node, lambda body: _sum(body, origin.span)), origin=origin)
