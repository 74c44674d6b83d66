"""Rule 2: which product sums which wire. Drafts in, decisions out; nothing is reported here.

A product decides for the names that are not kept from outside. A name in two or more factors is one wire and
summed, however deep its ends lie; one in a single factor is a trace, dangles, or belongs inside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tnlang.elaborate.drafts import (
    DraftSum,
    Factor,
    Round,
    Tip,
    Whole,
    WireName,
    body_of,
    factor_wholes,
    own_tips,
    tips,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one product does with the names that are not kept from outside.

    ``ambiguous`` has the end inside a bubble or bracket, that factor, and an end in the rest of the product.
    """

    summed: tuple[Tip, ...]
    dangling: tuple[tuple[Tip, Factor], ...]
    ambiguous: tuple[tuple[Tip, Factor, Tip], ...]


def decide(factors: tuple[Factor, ...], kept: Collection[WireName]) -> Decision:
    """Rules 2b, 2c and 2e for one product whose ``kept`` wires come from outside."""
    first: dict[WireName, Tip] = {}
    for factor in factors:
        for tip in tips(factor):
            first.setdefault(tip.name, tip)
    places = _places(factors)
    inner = Inner({})
    summed, dangling, ambiguous = [], [], []
    for name, held in places.items():
        if name in kept:
            continue
        if len(held) > 1:
            summed.append(first[name])
            inside = next((f for f in held if _could_sum(f, name, inner)), None)
            rest = [f for f in held if f is not inside]
            if inside is not None and _product_could_sum(rest, name, inner):
                ambiguous.append((_first_tip(inside, name), inside, _first_tip(rest[0], name)))
        elif _ends(held[0], name, inner) > 1:
            summed.append(first[name])
        elif _ends(held[0], name, inner) == 1:
            dangling.append((first[name], held[0]))
    return Decision(tuple(summed), tuple(dangling), tuple(ambiguous))


def _places(factors: Iterable[Factor]) -> dict[WireName, list[Factor]]:
    """The factors of a product that have a wire, by its name."""
    places: dict[WireName, list[Factor]] = {}
    for factor in factors:
        for name in dict.fromkeys(tip.name for tip in tips(factor)):
            places.setdefault(name, []).append(factor)
    return places


@dataclass(frozen=True, slots=True)
class Inner:
    """Where wires have ends in the terms of sums inside factors: looked up once for each sum, by its id."""

    known: dict[int, tuple[dict[WireName, list[Factor]], ...]]

    def of(self, body: DraftSum) -> tuple[dict[WireName, list[Factor]], ...]:
        """The places of each term."""
        if id(body) not in self.known:
            self.known[id(body)] = tuple(_places(term.factors) for term in body.terms)
        return self.known[id(body)]


def _ends(factor: Factor, name: WireName, inner: Inner) -> int:
    """How many ends of a wire a factor shows: those at its brackets, and that of a gate that lets it out."""
    own = sum(tip.name == name for tip in own_tips(factor))
    body = body_of(factor)
    within = body is not None and any(name in places for places in inner.of(body))
    out = isinstance(factor, Round) and factor.rule != "ends" and name in _names(factor.gates)
    return own + (within and (out or own == 1))


def _could_sum(factor: Factor, name: WireName, inner: Inner) -> bool:
    """Whether a bubble or bracket could sum the wire by itself: each of its terms that has the name could."""
    body = body_of(factor)
    if body is None or _ends(factor, name, inner):
        return False
    if isinstance(factor, Round) and name in _names(factor.gates):
        return False
    holding = [places[name] for places in inner.of(body) if name in places]
    return all(_product_could_sum(held, name, inner) for held in holding)


def _product_could_sum(held: list[Factor], name: WireName, inner: Inner) -> bool:
    return len(held) > 1 or _ends(held[0], name, inner) > 1 or _could_sum(held[0], name, inner)


def _first_tip(factor: Factor, name: WireName) -> Tip:
    return next(tip for tip in tips(factor) if tip.name == name)


def _names(ends: Iterable[Tip]) -> set[WireName]:
    return {tip.name for tip in ends}


def multiplied(total: DraftSum) -> tuple[Whole, Whole] | None:
    """Two whole values with legs that meet in one product, which says nothing of how."""
    for term in total.terms:
        holding = [[v for v in factor_wholes(f) if v.legs != ()] for f in term.factors]
        found = [values[0] for values in holding if values]
        if len(found) > 1:
            return found[0], found[1]
        for body in filter(None, map(body_of, term.factors)):
            inner = multiplied(body)
            if inner is not None:
                return inner
    return None


def open_tips(total: DraftSum, kept: Collection[WireName]) -> dict[WireName, Tip]:
    """The wires with one end that are not kept: the open legs of a figure's expression."""
    found: dict[WireName, Tip] = {}
    for term in total.terms:
        decision = decide(term.factors, kept)
        here = {tip.name: tip for tip, _ in decision.dangling}
        inner = {*kept, *here, *(tip.name for tip in decision.summed)}
        for factor in term.factors:
            body = body_of(factor)
            if body is not None:
                gates = {g.name for g in factor.gates} if isinstance(factor, Round) else set()
                here |= open_tips(body, inner | gates)
        found = {**found, **{name: tip for name, tip in here.items() if name not in found}}
    return as_written(found, (total,))


def as_written(found: dict[WireName, Tip], totals: Iterable[DraftSum]) -> dict[WireName, Tip]:
    """The wires in the order in which brackets first name them."""
    order = [tip.name for total in totals for tip in _bracket_tips(total)]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0])))


def _bracket_tips(total: DraftSum) -> Iterator[Tip]:
    """Every wire end in brackets, in the order of the text, which that of open legs is."""
    for term in total.terms:
        for factor in term.factors:
            yield from own_tips(factor)
            body = body_of(factor)
            if body is not None:
                yield from _bracket_tips(body)
