"""Right-hand sides: an expression woven for a left-hand side with brackets, or for a bare one."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.elaborate import expressions
from tnlang.elaborate.brackets import draft_bracket
from tnlang.elaborate.declarations import distinct, group_size, leg
from tnlang.elaborate.drafts import (
    DraftIx,
    DraftSum,
    EntryTip,
    GroupTip,
    SliceTip,
    Tip,
    WireName,
    sum_tips,
    wholes,
)
from tnlang.elaborate.rule2 import as_written, multiplied, open_tips
from tnlang.elaborate.scope import Scope, legs_text
from tnlang.elaborate.sizes import Grouping, Sizes
from tnlang.elaborate.targets import Expected
from tnlang.elaborate.weave import Weaver
from tnlang.ir.net import Bind, Group, Leg, Origin, Ref, Sum, Value, Wire
from tnlang.ir.walk import new_id, rename
from tnlang.source import Related
from tnlang.syntax import ast


@dataclass(frozen=True, slots=True)
class Woven:
    """A right-hand side, the legs of its left-hand side, and those legs by name and size."""

    body: Sum
    legs: tuple[Wire | Group, ...]
    names: tuple[Leg, ...]


def weave_bare(draft: DraftSum, scope: Scope, expected: Expected | None) -> Woven | None:
    """A right-hand side without brackets on the left: it has the legs of its whole values, or none."""
    values = [value for value in wholes(draft) if value.legs != ()]
    if any(value.legs is None for value in values):
        return None
    diagnostics = scope.diagnostics
    pair = multiplied(draft)
    if pair is not None:
        one, other = pair
        diagnostics.error(
            "TN406",
            f"{one.title} and {other.title} are whole values, and which of their legs meet is not said",
            other.span,
            Related(one.span, "the other one"),
            hint=f"to multiply give wires: `{one.title}[i, j] {other.title}[j]`",
        )
        return None
    first = values[0] if values else None
    legs = first.legs if first is not None and first.legs is not None else ()
    for value in values:
        if value.legs is not None and len(value.legs) != len(legs) and first is not None:
            diagnostics.error(
                "TN300",
                f"{value.title} has {legs_text(value.legs)}, {first.title} {legs_text(legs)}",
                value.span,
                Related(first.span, f"{first.title} here"),
                hint="whole values are matched leg by leg; name wires to do otherwise",
            )
            return None
    if expected is not None and len(expected.legs) != len(legs):
        _other_legs(expected, legs, bool(values), draft, scope)
        return None
    sizes = Sizes(scope.world)
    place = first.span if first is not None else draft.span
    wires = tuple(sizes.wire(one.name, (), place) for one in legs)
    if expected is not None:
        for wire, wanted in zip(wires, expected.legs, strict=True):
            sizes.end(wire.id, wanted.size, f"leg {wanted.name} of {expected.what}", expected.span)
    body = Weaver(scope.world, sizes).total(draft, {}, wires if values else None)
    return _solved(body, wires, sizes, expected)


def _other_legs(
    expected: Expected, legs: tuple[Leg, ...], whole: bool, draft: DraftSum, scope: Scope
) -> None:
    if whole or not expected.legs:
        message = f"{expected.what} has {legs_text(expected.legs)}, this value {legs_text(legs)}"
        scope.diagnostics.error("TN511", message, draft.span, Related(expected.span, "declared here"))
        return
    wires = ", ".join("ijklmnopqrst"[: len(expected.legs)])
    scope.diagnostics.error(
        "TN511",
        f"{expected.what} has {legs_text(expected.legs)}, this value has none",
        draft.span,
        Related(expected.span, "declared here"),
        hint=f"name its wires on the left, `{expected.what}[{wires}] = …`",
    )


def weave_legs(
    draft: DraftSum, bracket: ast.Bracket, scope: Scope, expected: Expected | None
) -> Woven | None:
    """A right-hand side for a left-hand side with brackets, whose wires are kept (rule 2a)."""
    target = draft_bracket(bracket, scope)
    if target is None:
        return None
    sizes = Sizes(scope.world)
    kept = _kept(target, sizes, scope)
    if kept is None:
        return None
    if expected is not None and len(expected.legs) != len(target):
        scope.diagnostics.error(
            "TN511",
            f"{expected.what} has {legs_text(expected.legs)}, and {len(target)} "
            f"{'is' if len(target) == 1 else 'are'} bound here",
            bracket[0].span.to(bracket[-1].span),
            Related(expected.span, "declared here"),
        )
        return None
    named = {tip.name for tip in sum_tips(draft)}
    weaver = Weaver(scope.world, sizes)
    whole = next((v for v in wholes(draft) if v.legs != ()), None)
    legs: list[Wire | Group] = []
    for position, ix in enumerate(target):
        wanted = expected.legs[position] if expected is not None else None
        legs.append(_left_leg(ix, wanted, expected, weaver, kept))
    for name, wire in kept.items():
        if name not in named:
            sizes.broken.add(wire.id)
            weaver.reported.add(name)
            if whole is None:
                scope.diagnostics.error(
                    "TN401",
                    f"wire {wire.text} of the left-hand side is in no term",
                    sizes.wires[wire.id][1],
                    hint=f"to repeat a value along it multiply by `ones[{wire.text}: dim]`",
                )
    body = weaver.total(draft, kept, None)
    return None if whole is not None else _solved(body, tuple(legs), sizes, expected)


def weave_open(drafts: tuple[DraftSum, ...], scope: Scope) -> list[Woven | None] | None:
    """Sides of an equation, or one expression: wires with one end are open, on all sides if on one.

    Sizes come from all sides. Reports a side that lacks an open wire; None then.
    """
    opened: dict[WireName, Tip] = {}
    for draft in drafts:
        opened |= {name: tip for name, tip in open_tips(draft, ()).items() if name not in opened}
    opened = as_written(opened, drafts)
    for draft in drafts:
        named = {tip.name for tip in sum_tips(draft)}
        missing = [tip for name, tip in opened.items() if name not in named]
        if missing:
            scope.diagnostics.error(
                "TN801",
                f"wire {missing[0].text} is open on another side of this equation, and not named on this one",
                draft.span,
                Related(missing[0].span, "open here"),
                hint=f"each side has the same open wires; to repeat a side along it multiply by "
                f"`ones[{missing[0].text}]`",
            )
            return None
    sizes = Sizes(scope.world)
    found: list[tuple[Sum, tuple[Wire, ...]]] = []
    for draft in drafts:
        kept = {name: sizes.wire(*name, tip.span) for name, tip in opened.items()}
        if found:
            for mine, first in zip(kept.values(), found[0][1], strict=True):
                sizes.same(mine.id, first.id)
        found.append((Weaver(scope.world, sizes).total(draft, kept, None), tuple(kept.values())))
    wires = sizes.solve()
    return [_sized_woven(body, legs, wires, None) for body, legs in found]


def _kept(target: tuple[DraftIx, ...], sizes: Sizes, scope: Scope) -> dict[WireName, Wire] | None:
    kept: dict[WireName, Wire] = {}
    for ix in target:
        match ix:
            case Tip():
                members: tuple[Tip | EntryTip, ...] = (ix,)
            case GroupTip(members=members) if all(isinstance(m, Tip) for m in members):
                pass
            case _:
                place = ix.tip.span if isinstance(ix, SliceTip) else ix.span
                scope.diagnostics.error(
                    "TN308",
                    "on the left-hand side stand wires and groups of wires",
                    place,
                    hint="an entry or slice is set by `basis(0)[i]` or `shift(n)[i, j]` on the right",
                )
                return None
        for tip in members:
            if not isinstance(tip, Tip):
                continue
            if tip.name in kept:
                scope.diagnostics.error(
                    "TN405",
                    f"wire {tip.text} stands twice on the left-hand side",
                    tip.span,
                    hint=f"a diagonal is written `… delta[{tip.text}, {tip.text}']`",
                )
                return None
            kept[tip.name] = sizes.wire(*tip.name, tip.span)
    return kept


def _left_leg(
    ix: DraftIx, wanted: Leg | None, expected: Expected | None, weaver: Weaver, kept: dict[WireName, Wire]
) -> Wire | Group:
    what = (
        f"leg {wanted.name} of {expected.what}" if wanted is not None and expected is not None else "this leg"
    )
    match ix:
        case Tip():
            wire = kept[ix.name]
            if ix.size is not None:
                weaver.sizes.end(wire.id, ix.size, f"wire {ix.text} on the left", ix.span)
            if wanted is not None:
                weaver.sizes.end(wire.id, wanted.size, what, ix.span)
            return wire
        case GroupTip(members=members, span=span):
            wires = tuple(kept[m.name] for m in members if isinstance(m, Tip))
            if wanted is not None or ix.size is not None:
                leg_size = wanted.size if wanted is not None else ix.size
                ids = tuple(w.id for w in wires)
                weaver.sizes.groups.append(Grouping(leg_size, new_id(), ids, False, what, span))
            return Group(wires)
    raise AssertionError(ix)


def _solved(body: Sum, legs: tuple[Wire | Group, ...], sizes: Sizes, expected: Expected | None) -> Woven:
    return _sized_woven(body, legs, sizes.solve(), expected)


def _sized_woven(
    body: Sum, legs: tuple[Wire | Group, ...], wires: dict[Wire, Wire], expected: Expected | None
) -> Woven:
    def sized(one: Wire | Group) -> Wire | Group:
        if isinstance(one, Wire):
            return wires[one]
        return Group(tuple(wires[m] if isinstance(m, Wire) else m for m in one.members))

    solved = tuple(sized(one) for one in legs)
    names = expected.legs if expected is not None else distinct(_leg_of(one) for one in solved)
    return Woven(rename(body, dict(wires)), solved, names)


def _leg_of(one: Wire | Group) -> Leg:
    if isinstance(one, Wire):
        return leg(one.text, one.size)
    members = [m for m in one.members if isinstance(m, Wire)]
    return leg("_".join(m.text for m in members), group_size(m.size for m in members))


def bind_anonymous(named: ast.Named, name: str, scope: Scope) -> tuple[Ref, tuple[Leg, ...]] | None:
    """Bind an argument that is an expression to a value of its own, before the statement it stands in."""
    draft = expressions.draft_named(named, scope)
    if draft is None:
        return None
    woven = weave_bare(draft, scope, None)
    if woven is None:
        return None
    target = Value(name, woven.legs, (), tuple(one.name for one in woven.names), True)
    scope.body.block.append(Bind(target, woven.body, origin=Origin(named.span)))
    return Ref(name), woven.names
