"""Rule 2: which product sums which wire. Names become wires here, from the outside in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tnlang.elaborate.drafts import (
    Bracketed,
    DraftIx,
    DraftSum,
    DraftTerm,
    EntryTip,
    Factor,
    Fixed,
    Folded,
    GroupTip,
    Leaf,
    Round,
    SliceTip,
    Tip,
    Whole,
    WireName,
    body_of,
    factor_wholes,
    ix_tips,
    own_tips,
    sum_tips,
    tips,
)
from tnlang.elaborate.scope import World, shown
from tnlang.elaborate.sizes import Grouping, Sizes
from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Entry,
    Group,
    Ix,
    Node,
    Origin,
    Slice,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import Size, SizeError, show, size_op
from tnlang.ir.walk import new_id
from tnlang.source import Related


@dataclass(frozen=True, slots=True)
class Decision:
    """What one product does with the names that are not kept from outside."""

    summed: tuple[Tip, ...]
    dangling: tuple[tuple[Tip, Factor], ...]
    ambiguous: tuple[tuple[Tip, Factor], ...]


def decide(factors: tuple[Factor, ...], kept: Collection[WireName]) -> Decision:
    """Rules 2b, 2c and 2e for one product whose ``kept`` wires come from outside."""
    first: dict[WireName, Tip] = {}
    places: dict[WireName, list[Factor]] = {}
    for factor in factors:
        for tip in tips(factor):
            first.setdefault(tip.name, tip)
            held = places.setdefault(tip.name, [])
            if not held or held[-1] is not factor:
                held.append(factor)
    summed, dangling, ambiguous = [], [], []
    for name, held in places.items():
        if name in kept:
            continue
        if len(held) > 1:
            summed.append(first[name])
            inside = next((f for f in held if _could_sum(f, name)), None)
            if inside is not None and _rest_could_sum(inside, held, name):
                ambiguous.append((first[name], inside))
        elif _ends(held[0], name) > 1:
            summed.append(first[name])
        elif _ends(held[0], name) == 1:
            dangling.append((first[name], held[0]))
    return Decision(tuple(summed), tuple(dangling), tuple(ambiguous))


def _ends(factor: Factor, name: WireName) -> int:
    """How many ends of a wire a factor shows: those at its brackets, and that of a gate that lets the wire out."""
    own = sum(tip.name == name for tip in own_tips(factor))
    out = isinstance(factor, Round) and factor.rule != "ends" and any(g.name == name for g in factor.gates)
    deeper = (
        own == 1 and any(tip.name == name for tip in sum_tips(body)) if (body := body_of(factor)) else False
    )
    return own + out + deeper


def _could_sum(factor: Factor, name: WireName) -> bool:
    """Whether a bubble or bracket could sum the wire by itself: each of its terms that has the name could."""
    body = body_of(factor)
    if body is None or _ends(factor, name) or (isinstance(factor, Round) and name in _names(factor.gates)):
        return False
    holding = [[f for f in term.factors if name in _names(tips(f))] for term in body.terms]
    return all(_product_could_sum(held, name) for held in holding if held)


def _product_could_sum(held: list[Factor], name: WireName) -> bool:
    return len(held) > 1 or _ends(held[0], name) > 1 or _could_sum(held[0], name)


def _rest_could_sum(inside: Factor, held: list[Factor], name: WireName) -> bool:
    return _product_could_sum([f for f in held if f is not inside], name)


def _names(ends: object) -> set[WireName]:
    return {tip.name for tip in ends}  # type: ignore[attr-defined]


def open_tips(total: DraftSum, kept: Collection[WireName]) -> dict[WireName, Tip]:
    """The wires of an expression that have one end and are not kept: the open legs of a figure's expression."""
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
    order = [tip.name for tip in sum_tips(total)]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0])))


Kept = Mapping[WireName, Wire]
Legs = tuple[Ix, ...]


@dataclass(slots=True)
class Weaver:
    """Turns drafts into sums, telling ``sizes`` what each end says. Reports each mistake of rule 2 once a name."""

    world: World
    sizes: Sizes
    bare: bool = False
    reported: set[WireName] = field(default_factory=set)

    def total(self, draft: DraftSum, kept: Kept, whole: Legs | None) -> Sum:
        """The sum with the wires ``kept`` from outside; whole values in it take the legs ``whole``."""
        terms = tuple(self.term(term, kept, whole) for term in draft.terms)
        return Sum(terms, origin=Origin(draft.span))

    def term(self, draft: DraftTerm, kept: Kept, whole: Legs | None) -> Term:
        decision = decide(draft.factors, kept)
        self._report(decision)
        self._check_wholes(draft, whole)
        new = {tip.name: self.sizes.wire(*tip.name, tip.span) for tip in decision.summed}
        lost = {tip.name: self.sizes.wire(*tip.name, tip.span) for tip, _ in decision.dangling}
        inner = {**kept, **new, **lost}
        nodes = tuple(self.factor(factor, inner, whole) for factor in draft.factors)
        return Term(nodes, tuple(new.values()), -1 if draft.negative else 1, origin=Origin(draft.span))

    def factor(self, draft: Factor, kept: Kept, whole: Legs | None) -> Node:
        match draft:
            case Leaf():
                return self.leaf(draft, kept)
            case Fixed(node=node):
                return node
            case Whole(node=node, legs=legs):
                return replace(node, legs=self._whole_legs(draft, whole) if legs else ())
            case Round():
                return self.bubble(draft, kept, whole)
            case Bracketed(body=body, name=name, legs=own, span=span):
                inside = whole if own is None else self._own(draft, own, kept)
                return Bracket(self.total(body, kept, inside), name, origin=Origin(span))
            case Folded(loops=loops, body=body, span=span):
                return BigSum(loops, self.total(body, kept, whole), origin=Origin(span))

    def leaf(self, draft: Leaf, kept: Kept) -> Tensor | Special:
        """A use, its brackets joined to wires."""
        variable = new_id()
        square = isinstance(draft.node, Special) and draft.node.kind in ("shift", "tril")
        legs: list[Ix] = []
        for ix, size, name in zip(draft.legs, draft.sizes, draft.leg_names, strict=True):
            what = f"leg {name} of {draft.title}"
            if isinstance(draft.node, Special) and draft.node.kind != "delta":
                variable = new_id()
            legs.append(self.join(ix, size, variable, what, kept, draft.broken))
        wires = [leg for leg in legs if isinstance(leg, Wire)]
        if square and len(wires) == 2:
            self.sizes.squares.append((wires[0].id, wires[1].id))
        return replace(draft.node, legs=tuple(legs))

    def join(self, ix: DraftIx, size: Size | None, variable: int, what: str, kept: Kept, broken: bool) -> Ix:
        """One leg of a use joined to its wires. ``variable`` stands for the leg's size where it is not known."""
        sizes = self.sizes
        match ix:
            case Tip():
                wire = self._wire(ix, kept)
                if broken:
                    sizes.broken.add(wire.id)
                elif size is not None:
                    sizes.end(wire.id, size, what, ix.span)
                else:
                    sizes.same(variable, wire.id)
                return wire
            case EntryTip(at=at, span=span):
                self._inside(at, at, size, what, span)
                return Entry(at)
            case SliceTip(tip=tip, start=start, stop=stop):
                wire = self._wire(tip, kept)
                self._inside(
                    start,
                    size_op("-", stop, 1) if not isinstance(stop, int) else stop - 1,
                    size,
                    what,
                    tip.span,
                )
                try:
                    sizes.soft_end(wire.id, size_op("-", stop, start), f"the slice of {what}", tip.span)
                except SizeError:
                    sizes.broken.add(wire.id)
                return Slice(wire, start, stop)
            case GroupTip(members=members, span=span):
                joined = tuple(self._wire(m, kept) if isinstance(m, Tip) else Entry(m.at) for m in members)
                wires = tuple(m.id for m in joined if isinstance(m, Wire))
                if broken:
                    sizes.broken.update(wires)
                else:
                    blocks = len(wires) < len(joined)
                    leg = size if size is not None else ix.size
                    sizes.groups.append(Grouping(leg, variable, wires, blocks, what, span))
                return Group(joined)

    def _wire(self, tip: Tip, kept: Kept) -> Wire:
        wire = kept[tip.name]
        if tip.size is not None:
            self.sizes.end(wire.id, tip.size, f"`{tip.text}: {show(tip.size)}`", tip.span)
        return wire

    def _inside(self, first: Size, last: Size, size: Size | None, what: str, span: object) -> None:
        """Report an entry or slice outside its leg, where the numbers are known."""
        low = self.world.number(first)
        high, stop = self.world.number(last), None if size is None else self.world.number(size)
        if (low is not None and low < 0) or (high is not None and stop is not None and high >= stop):
            self.world.diagnostics.error(
                "TN304",
                f"{what} has the entries 0 to {stop - 1}"
                if stop is not None
                else f"{what} has no entry {low}",
                span,  # type: ignore[arg-type]
                hint="entries count from 0; the last one is `dim - 1`",
            )

    def bubble(self, draft: Round, kept: Kept, whole: Legs | None) -> Bubble:
        """A function round a sum; gates of one that ends its legs are its own wires."""
        diagnostics = self.world.diagnostics
        inside = dict(kept)
        named = _names(sum_tips(draft.body))
        gates: list[Wire] = []
        for gate in draft.gates:
            if gate.name not in named:
                if gate.name not in self.reported:
                    diagnostics.error(
                        "TN403",
                        f"{draft.function} works along {gate.text}, which its expression does not have",
                        gate.span,
                        hint=_gate_hint(draft),
                    )
                self.reported.add(gate.name)
            if draft.rule == "ends":
                if gate.name in kept:
                    if gate.name not in self.reported:
                        self.reported.add(gate.name)
                        other = kept[gate.name]
                        diagnostics.error(
                            "TN404",
                            f"{draft.function} ends {gate.text}, so {gate.text} may not be named outside of it",
                            gate.span,
                            Related(self.sizes.wires[other.id][1], "named here"),
                            hint=f"rename the wire inside: `{draft.function}[{gate.text}'](…{gate.text}'…)`",
                        )
                inside[gate.name] = self.sizes.wire(*gate.name, gate.span)
            elif gate.name not in inside:
                inside[gate.name] = self.sizes.wire(*gate.name, gate.span)
            if gate.name not in named:
                self.sizes.broken.add(inside[gate.name].id)
            gates.append(inside[gate.name])
        if draft.function == "inverse" and len(gates) == 2:
            self.sizes.squares.append((gates[0].id, gates[1].id))
        legs = whole if draft.legs is None else self._own(draft, draft.legs, kept)
        body = self.total(draft.body, inside, legs)
        return Bubble(
            draft.function, body, tuple(gates), draft.options, draft.name, origin=Origin(draft.span)
        )

    # ------------------------------------------------------------ whole values

    def _own(self, draft: Round | Bracketed, legs: tuple[DraftIx, ...], kept: Kept) -> Legs:
        """The brackets after a bubble or bracket, as legs for the whole values in it."""
        values = list(factor_wholes(replace(draft, legs=None)))
        found = next((v.legs for v in values if v.legs is not None), None)
        joined = []
        for position, ix in enumerate(legs):
            size = found[position].size if found is not None and position < len(found) else None
            name = found[position].name if found is not None and position < len(found) else str(position + 1)
            joined.append(self.join(ix, size, new_id(), f"leg {name}", kept, size is None))
        return tuple(joined)

    def _whole_legs(self, draft: Whole, whole: Legs | None) -> Legs:
        assert draft.legs is not None
        if whole is None or len(whole) != len(draft.legs):
            return ()
        for ix, leg in zip(whole, draft.legs, strict=True):
            if isinstance(ix, Wire):
                self.sizes.end(ix.id, leg.size, f"leg {leg.name} of {draft.title}", draft.span)
        return whole

    def _check_wholes(self, draft: DraftTerm, whole: Legs | None) -> None:
        diagnostics = self.world.diagnostics
        holding = [(f, list(factor_wholes(f))) for f in draft.factors]
        values = [v for _, found in holding for v in found if v.legs != ()]
        if whole is None:
            direct = [f for f in draft.factors if isinstance(f, Whole) and f.legs]
            for value in direct:
                diagnostics.error(
                    "TN307",
                    f"{value.title} is a whole value here; its legs {[leg.name for leg in value.legs or ()]} "
                    "need wires".replace("'", ""),
                    value.span,
                    hint=f"name a wire for each leg, `{value.title}[{', '.join('ijklmnopqrstuvw'[: len(value.legs or ())])}]`",
                )
            return
        if len([1 for _, found in holding if any(v.legs != () for v in found)]) > 1:
            titles = [v.title for v in values]
            diagnostics.error(
                "TN406",
                f"{shown(titles[:2])} are whole values, and which of their legs meet is not said",
                values[1].span,
                Related(values[0].span, "the other one"),
                hint=f"to multiply give wires: `{titles[0]}[i, j] {titles[1]}[j]`",
            )

    # ------------------------------------------------------------ reports

    def _report(self, decision: Decision) -> None:
        diagnostics = self.world.diagnostics
        by_factor: dict[int, tuple[Factor, list[Tip]]] = {}
        for tip, factor in decision.dangling:
            if tip.name not in self.reported:
                self.reported.add(tip.name)
                by_factor.setdefault(id(factor), (factor, []))[1].append(tip)
        for factor, ends in by_factor.values():
            names = [tip.text for tip in ends]
            legs = f"leg {names[0]}" if len(names) == 1 else f"legs {shown(names)}"
            verb = "dangles" if len(names) == 1 else "dangle"
            wires = ", ".join(names)
            diagnostics.error(
                "TN400",
                f"{legs} of {_title(factor)} {verb}: no other factor of this product has "
                f"{'it' if len(names) == 1 else 'them'}",
                ends[0].span,
                hint=(
                    f"name {'it' if len(names) == 1 else 'them'} on the left-hand side, `…[{wires}] = …`"
                    f", or sum with `ones[{names[0]}]`"
                ),
            )
        for tip, factor in decision.ambiguous:
            if tip.name in self.reported:
                continue
            self.reported.add(tip.name)
            inner = next(t for t in tips(factor) if t.name == tip.name)
            title = _title(factor)
            wall = factor.function if isinstance(factor, Round) else "f"
            diagnostics.error(
                "TN402",
                f"{tip.text} could be summed inside {title} and by the rest of the product: which is meant?",
                inner.span,
                *([Related(tip.span, f"{tip.text} is named here too")] if tip.span != inner.span else []),
                hint=f"rename one of them, or if the wire is to come out, name it at the wall: `{wall}[{tip.text}](…)`",
            )


def _gate_hint(draft: Round) -> str:
    names = list(dict.fromkeys(tip.text for tip in sum_tips(draft.body)))
    if names:
        return f"its wires are {shown(names)}"
    title = next((v.title for v in factor_wholes(replace(draft, legs=None))), "x")
    return (
        f"give its value wires: `{draft.function}[{draft.gates[0].text}]({title}[…, {draft.gates[0].text}])`"
    )


def _title(factor: Factor) -> str:
    match factor:
        case Leaf(title=title) | Whole(title=title):
            return title
        case Round(function=function):
            return function
        case Folded():
            return "this sum"
        case _:
            return "this bracket"


__all__ = ["Decision", "Weaver", "decide", "ix_tips", "open_tips"]
