"""Rules carried out on a sum, innermost first, until none applies.

A node rule says what sum a node is worth, a term rule what terms a product is worth, a sum rule what a sum
is worth; each gives None where it does not apply. A sum is a function of its free wires and constant along
all others: a rule may lose a wire. What sums it is then multiplied by its size, a bubble that works along it
gets ``ones``.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Node,
    Number,
    Origin,
    SizeNumber,
    Special,
    Sum,
    Term,
    Wire,
)
from tnlang.ir.walk import children, copy, free_wires, map_children, node_wires, splice, walk
from tnlang.transforms.simplify.facts import Facts

NodeRule = Callable[[Node, Facts], Sum | None]
TermRule = Callable[[Term, Facts], tuple[Term, ...] | None]
SumRule = Callable[[Sum, Facts], Sum | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """Plain functions, each by its own name."""

    of_nodes: tuple[NodeRule, ...]
    of_terms: tuple[TermRule, ...]
    of_sums: tuple[SumRule, ...]


class TooLarge(Exception):
    """Rewriting takes more steps, or makes more terms, than it is given."""


Whole = Callable[[tuple[Term, ...]], Sum]
"""The whole sum with terms in the place that is rewritten."""


@dataclass(slots=True)
class Rewriting:
    """``told`` hears of each step: the rule's name, and the whole sum after it. ``budget`` is in steps."""

    facts: Facts
    rules: Rules
    told: Callable[[str, Sum], None] | None = None
    budget: int = 20_000
    finished: dict[int, Node] = field(default_factory=dict)

    def run(self, body: Sum) -> Sum:
        """The sum that no rule changes any more. Raises TooLarge."""
        return self.total(body, lambda terms: replace(body, terms=terms))

    def total(self, body: Sum, whole: Whole) -> Sum:
        done: list[Term] = []
        waiting = list(reversed(body.terms))

        def around(terms: tuple[Term, ...]) -> Sum:
            return whole((*done, *terms, *reversed(waiting)))

        while waiting:
            term = waiting.pop()
            found = self.term(term, around)
            if isinstance(found, Term):
                done.append(found)
            else:
                waiting += reversed(found)
        new = replace(body, terms=tuple(done))
        for rule in self.rules.of_sums:
            changed = rule(new, self.facts)
            if changed is not None:
                new = changed
                self.tell(rule.__name__, partial(whole, new.terms))
        return new

    def term(self, term: Term, whole: Whole) -> Term | tuple[Term, ...]:
        """The term if no rule applies, else what one makes of it."""
        for position, node in enumerate(term.nodes):
            if children(node) and id(node) not in self.finished:
                inside = self.inside(term, position, whole)
                self.finished[id(inside)] = inside  # held, so that its id is no other node's
                if inside is not node:
                    nodes = (*term.nodes[:position], inside, *term.nodes[position + 1 :])
                    term = replace(term, nodes=nodes)
        opened = open_brackets(term, keep_names=not self.facts.proving)
        if not (len(opened) == 1 and opened[0] is term):
            return opened
        for node_rule in self.rules.of_nodes:
            for position, node in enumerate(term.nodes):
                worth = node_rule(node, self.facts)
                if worth is not None:
                    return self.replaced(node_rule.__name__, put(term, position, worth), whole)
        for term_rule in self.rules.of_terms:
            terms = term_rule(term, self.facts)
            if terms is not None:
                return self.replaced(term_rule.__name__, terms, whole)
        return term

    def inside(self, term: Term, position: int, whole: Whole) -> Node:
        """A node with the sum it holds rewritten, still holding the wires it works along."""
        node = term.nodes[position]

        def put_back(new: Node) -> Sum:
            nodes = (*term.nodes[:position], new, *term.nodes[position + 1 :])
            return whole((replace(term, nodes=nodes),))

        def rewritten(body: Sum) -> Sum:
            def around(terms: tuple[Term, ...]) -> Sum:
                return put_back(held(map_children(node, lambda _: replace(body, terms=terms))))

            return self.total(body, around)

        return held(map_children(node, rewritten))

    def replaced(self, rule: str, terms: tuple[Term, ...], whole: Whole) -> tuple[Term, ...]:
        terms = tuple(marked(settled(term), rule) for term in terms)
        self.tell(rule, lambda: whole(terms))
        return terms

    def tell(self, rule: str, whole: Callable[[], Sum]) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise TooLarge
        if self.told is not None:
            self.told(rule, whole())


def put(term: Term, position: int, worth: Sum) -> tuple[Term, ...]:
    """The term with a node replaced by a sum: spliced where that is one term, none where it is 0."""
    match worth.terms:
        case ():
            return ()
        case (one,):
            return (splice(term, position, one),)
        case _:
            nodes = (*term.nodes[:position], Bracket(worth), *term.nodes[position + 1 :])
            return (replace(term, nodes=nodes),)


def marked(term: Term, rule: str) -> Term:
    """The term with the rule's name in its origin."""
    if rule in term.origin.rules:
        return term
    return replace(term, origin=Origin(term.origin.span, (*term.origin.rules, rule)))


def one(*nodes: Node, summed: tuple[Wire, ...] = (), coefficient: complex = 1) -> Sum:
    """A sum of one product."""
    return Sum((Term(nodes, summed, coefficient),))


def held(node: Node) -> Node:
    """A bubble whose body shows the wires that it works along, and is not empty."""
    if not isinstance(node, Bubble):
        return node
    body = node.body if node.body.terms else one(coefficient=0)
    lost = tuple(gate for gate in node.gates if gate not in free_wires(body))
    if lost:
        body = with_ones(body, lost)
    return node if body is node.body else replace(node, body=body)


def with_ones(body: Sum, wires: tuple[Wire, ...]) -> Sum:
    """A sum that no longer shows some wires with ``ones`` on them, in each term: no order of terms shows."""
    shown = (Special("ones", wires),)
    return replace(body, terms=tuple(replace(t, nodes=(*t.nodes, *shown)) for t in body.terms))


def settled(term: Term) -> Term:
    """The term with the size of each wire that it sums and nothing shows any more."""
    shown = {wire for node in term.nodes for wire in node_wires(node)}
    lost = tuple(wire for wire in term.summed if wire not in shown)
    if not lost:
        return term
    sizes = tuple(SizeNumber(wire.size) for wire in lost)
    return replace(
        term, nodes=(*sizes, *term.nodes), summed=tuple(wire for wire in term.summed if wire in shown)
    )


def open_brackets(term: Term, *, keep_names: bool) -> tuple[Term, ...]:
    """The term without brackets that only associate, numbers in its coefficient; no term where it is 0.

    A term that is nothing but a bracket is the terms in it. A bracket with a name stays if names are kept.
    """

    def opens(node: Node) -> bool:
        return isinstance(node, Bracket) and not (node.name and keep_names)

    nodes: list[Node] = []
    summed = list(term.summed)
    coefficient = complex(term.coefficient)
    for node in term.nodes:
        match node:
            case Bracket(body=Sum(terms=terms)) | BigSum(body=Sum(terms=terms)) if not terms:
                return ()
            case Bracket(body=Sum((inner,))) if opens(node):
                nodes += inner.nodes
                summed += [wire for wire in inner.summed if wire not in summed]
                coefficient *= complex(inner.coefficient)
            case Number(value, text) if cmath.isfinite(value) and text != "pi":
                coefficient *= complex(value)
            case SizeNumber(size) if isinstance(size, int):
                coefficient *= size
            case _:
                nodes.append(node)
    coefficient = tidy(coefficient)
    if coefficient == 0 and is_finite(Sum((replace(term, nodes=tuple(nodes)),))):
        return ()
    if len(nodes) == len(term.nodes) and all(a is b for a, b in zip(nodes, term.nodes, strict=True)):
        new = term
    else:
        new = settled(replace(term, nodes=tuple(nodes), summed=tuple(summed), coefficient=coefficient))
    match new:
        case Term(nodes=(Bracket(body=body),)) if opens(new.nodes[0]):
            parts = [replace(t, summed=(*t.summed, *new.summed)) for t in body.terms]
            parts = [replace(t, coefficient=tidy(new.coefficient * t.coefficient)) for t in parts]
            return tuple(settled(copy(Sum((part,))).terms[0]) for part in parts)
    return (new,)


def tidy(value: complex) -> complex:
    """A number to 14 digits, so that the order of operations does not show; real where it can be."""

    def rounded(part: float) -> float:
        return float(f"{part:.14g}") + 0.0

    value = complex(value)
    return complex(rounded(value.real), rounded(value.imag)) if value.imag else rounded(value.real)


def is_finite(total: Sum) -> bool:
    """Whether a sum has no infinite number and no function that makes one: 0 times it is 0."""
    return not any(
        (isinstance(node, Number) and not cmath.isfinite(node.value))
        or (isinstance(node, Bubble) and node.function in ("causal", "topk"))
        for node in walk(total)
    )
