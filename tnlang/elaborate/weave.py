"""Drafts become sums: names become wires, from the outside in, as rule 2 decides."""

from __future__ import annotations

from collections.abc import Mapping
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
    factor_wholes,
    sum_tips,
)
from tnlang.elaborate.rule2 import Decision, decide
from tnlang.elaborate.scope import World, leg_names, shown
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
from tnlang.source import Related, Span

Kept = Mapping[WireName, Wire]
Legs = tuple[Ix, ...]


@dataclass(slots=True)
class Weaver:
    """Turns drafts into sums, telling ``sizes`` what each end says. Reports one mistake for a wire."""

    world: World
    sizes: Sizes
    reported: set[WireName] = field(default_factory=set)

    def total(self, draft: DraftSum, kept: Kept, whole: Legs | None) -> Sum:
        """The sum with the wires ``kept`` from outside; whole values in it take the legs ``whole``."""
        terms = tuple(self.term(term, kept, whole) for term in draft.terms)
        return Sum(terms, origin=Origin(draft.span))

    def term(self, draft: DraftTerm, kept: Kept, whole: Legs | None) -> Term:
        decision = decide(draft.factors, kept)
        if whole is None and self._has_wholes(draft):
            # What dangles here would meet the wires that the whole value lacks.
            self.reported.update(tip.name for tip, _ in decision.dangling)
        hidden = any(isinstance(factor, Leaf) and factor.miscounted for factor in draft.factors)
        self._report(decision, hidden)
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
        if isinstance(draft.node, Special) and draft.node.kind == "basis" and draft.node.at is not None:
            self.sizes.bases.extend((draft.node.at, wire.id, draft.span) for wire in wires)
        if square and len(wires) == 2:
            self.sizes.squares.append((wires[0].id, wires[1].id))
        return replace(draft.node, legs=tuple(legs))

    def join(self, ix: DraftIx, size: Size | None, variable: int, what: str, kept: Kept, broken: bool) -> Ix:
        """One leg of a use joined to its wires. ``variable`` stands for its size where that is not known."""
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
                self._inside(start, size_op("-", stop, 1), size, what, tip.span)
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

    def _inside(self, first: Size, last: Size, size: Size | None, what: str, span: Span) -> None:
        """Report an entry or slice outside its leg, where the numbers are known."""
        low = self.world.number(first)
        high, stop = self.world.number(last), None if size is None else self.world.number(size)
        if (low is not None and low < 0) or (high is not None and stop is not None and high >= stop):
            self.world.diagnostics.error(
                "TN304",
                f"{what} has the entries 0 to {stop - 1}"
                if stop is not None
                else f"{what} has no entry {low}",
                span,
                hint="entries count from 0; the last one is `dim - 1`",
            )

    def bubble(self, draft: Round, kept: Kept, whole: Legs | None) -> Bubble:
        """A function round a sum; gates of one that ends its legs are its own wires."""
        inside = dict(kept)
        named = {tip.name for tip in sum_tips(draft.body)}
        gates: list[Wire] = []
        for gate in draft.gates:
            if draft.rule == "ends" or gate.name not in kept:
                inside[gate.name] = self.sizes.wire(*gate.name, gate.span)
            if gate.name not in named:
                self._report_gate(draft, gate)
                self.sizes.broken.add(inside[gate.name].id)
            elif draft.rule == "ends" and gate.name in kept:
                self._report_ended(draft, gate, kept[gate.name])
            gates.append(inside[gate.name])
        if draft.function == "inverse" and len(gates) == 2:
            self.sizes.squares.append((gates[0].id, gates[1].id))
            self.sizes.inverses.append((gates[0], gates[1], draft.span))
        legs = whole if draft.legs is None else self._own(draft, draft.legs, kept)
        if legs is None and any(gate.name not in named for gate in draft.gates):
            legs = ()  # the wire that the function lacks is what a whole value in it has not given
        body = self.total(draft.body, inside, legs)
        origin = Origin(draft.span)
        return Bubble(draft.function, body, tuple(gates), draft.options, draft.name, origin=origin)

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

    # ------------------------------------------------------------ reports

    def _new(self, tip: Tip) -> bool:
        """Whether nothing was said of this wire yet: one mistake, one report."""
        if tip.name in self.reported:
            return False
        self.reported.add(tip.name)
        return True

    def _has_wholes(self, draft: DraftTerm) -> bool:
        """Whether whole values stand where the left-hand side has wires; reports them."""
        found = [f for f in draft.factors if isinstance(f, Whole) and f.legs]
        for value in found:
            if value.legs:
                wires = ", ".join("ijklmnopqrstuvw"[: len(value.legs)])
                self.world.diagnostics.error(
                    "TN307",
                    f"{value.title} is a whole value here; its legs {leg_names(value.legs)} need wires",
                    value.span,
                    hint=f"name a wire for each leg, `{value.title}[{wires}]`",
                )
        return bool(found)

    def _report_gate(self, draft: Round, gate: Tip) -> None:
        if self._new(gate):
            self.world.diagnostics.error(
                "TN403",
                f"{draft.function} works along {gate.text}, which its expression does not have",
                gate.span,
                hint=_gate_hint(draft),
            )

    def _report_ended(self, draft: Round, gate: Tip, outer: Wire) -> None:
        self.sizes.broken.add(outer.id)
        place = self.sizes.wires[outer.id][1]
        if self._new(gate):
            self.world.diagnostics.error(
                "TN404",
                f"{draft.function} ends {gate.text}, so {gate.text} may not be named outside of it",
                gate.span,
                *([Related(place, "named here")] if place != gate.span else []),
                hint=f"rename the wire inside: `{draft.function}[{gate.text}'](…{gate.text}'…)`",
            )

    def _report(self, decision: Decision, hidden: bool) -> None:
        diagnostics = self.world.diagnostics
        by_factor: dict[int, tuple[Factor, list[Tip]]] = {}
        for tip, factor in decision.dangling:
            # What a mistake hides may have the leg that lacks here.
            if self._new(tip) and not hidden:
                by_factor.setdefault(id(factor), (factor, []))[1].append(tip)
        for factor, ends in by_factor.values():
            names = [tip.text for tip in ends]
            leg, dangle, it = ("leg", "dangles", "it") if len(names) == 1 else ("legs", "dangle", "them")
            diagnostics.error(
                "TN400",
                f"{leg} {shown(names)} of {_title(factor)} {dangle}: "
                f"no other factor of this product has {it}",
                ends[0].span,
                hint=f"name {it} on the left-hand side, `…[{', '.join(names)}] = …`, "
                f"or sum with `ones[{names[0]}]`",
            )
        for inner, factor, outer in decision.ambiguous:
            if not self._new(inner):
                continue
            wall = factor.function if isinstance(factor, Round) else ""
            out = f"name it at the wall: `{wall}[{inner.text}](…)`"
            if not wall:
                out = f"bind what is in the bracket to a name first: `part[{inner.text}, …] = …`"
            diagnostics.error(
                "TN402",
                f"{inner.text} could be summed inside {_title(factor)} and by the rest of the product: "
                "which is meant?",
                inner.span,
                Related(outer.span, f"{inner.text} is named here too"),
                hint=f"rename {inner.text} in one of the two, or if it is to come out, {out}",
            )


def _gate_hint(draft: Round) -> str:
    names = list(dict.fromkeys(tip.text for tip in sum_tips(draft.body)))
    if names:
        return f"its wires are {shown(names)}"
    title = next((v.title for v in factor_wholes(replace(draft, legs=None))), "x")
    gate = draft.gates[0].text
    return f"give its value wires: `{draft.function}[{gate}]({title}[…, {gate}])`"


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
