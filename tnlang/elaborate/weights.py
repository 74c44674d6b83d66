"""Weights blocks: which stored array fills which parameter, checked against the net's parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tnlang.elaborate.arithmetic import path_text
from tnlang.elaborate.brackets import draft_bracket
from tnlang.elaborate.drafts import DraftIx, EntryTip, GroupTip, SliceTip, Tip, WireName, ix_tips
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.lookup import find_net, unknown_function
from tnlang.elaborate.nets import needed_names
from tnlang.elaborate.scope import Body, Module, Scope, World, legs_text, near, shown
from tnlang.elaborate.sizes import Sizes
from tnlang.elaborate.weave import Weaver
from tnlang.ir.net import Call, Decl, Entry, Group, Ix, Leg, Net, Origin, Repeat, Shared, Slice, Stmt, Wire
from tnlang.ir.program import WeightMap, Weights
from tnlang.ir.size import LoopVar, Size
from tnlang.ir.walk import is_whole, new_id
from tnlang.source import Related, Span
from tnlang.syntax import ast

FORMATS = ("huggingface", "safetensors")
Target = tuple[tuple[str, tuple[Size, ...]], ...]
PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, or a family of them, by its path: each part with how many subscripts it takes."""

    path: tuple[tuple[str, int], ...]
    members: tuple[Decl, ...]

    @property
    def text(self) -> str:
        letters = iter("lkmnopqrstuvw" * 8)
        return ".".join(
            name + ("{" + ", ".join(next(letters) for _ in range(arity)) + "}" if arity else "")
            for name, arity in self.path
        )


def parameters_of(net: Net, world: World) -> list[Parameter]:
    """Every parameter of a net and of those it calls, file-level ones at the root, in order."""
    nets = {n.name: n for n in world.nets}
    needed = needed_names(net, nets)
    files = [d for d in world.declarations if d.kind == "param" and d.name in needed]
    return [*_families((), files), *dict.fromkeys(_owned((), net, nets))]


def _owned(prefix: tuple[tuple[str, int], ...], net: Net, nets: dict[str, Net]) -> Iterator[Parameter]:
    yield from _families(prefix, [d for d in net.owned if d.kind == "param"])
    own = {s.name for s in net.body if isinstance(s, Shared)}
    yield from _called(prefix, net.body, 0, nets, own)


def _families(prefix: tuple[tuple[str, int], ...], decls: list[Decl]) -> Iterator[Parameter]:
    for name in dict.fromkeys(d.name for d in decls):
        members = tuple(d for d in decls if d.name == name)
        yield Parameter((*prefix, (name, len(members[0].subs))), members)


def _called(
    prefix: tuple[tuple[str, int], ...],
    body: tuple[Stmt, ...],
    depth: int,
    nets: dict[str, Net],
    own: set[str],
) -> Iterator[Parameter]:
    """The parameters of the nets called; what is shared at file level stands at the root."""
    for statement in body:
        match statement:
            case Repeat(body=inner):
                yield from _called(prefix, inner, depth + 1, nets, own)
            case Call(name=name, net=callee, shared=True):
                yield from _owned((*(prefix if name in own else ()), (name, 0)), nets[callee], nets)
            case Call(name=name, net=callee):
                yield from _owned((*prefix, (name, depth)), nets[callee], nets)
            case _:
                pass


def weights_of(module: Module, world: World) -> tuple[Weights, ...]:
    """The weights blocks of a file. Reports paths, legs and keys that do not fit, and parameters left out."""
    assert module.syntax is not None
    found = []
    for item in module.syntax.items:
        if isinstance(item, ast.WeightsDecl):
            made = _weights(item, module, world)
            if made is not None:
                found.append(made)
    return tuple(found)


def _weights(item: ast.WeightsDecl, module: Module, world: World) -> Weights | None:
    scope = Scope(world, module, Body("weights"))
    diagnostics = world.diagnostics
    if item.format.text not in FORMATS:
        diagnostics.error(
            "TN843",
            f"the weights format {item.format.text} is not known",
            item.format.span,
            hint=near(item.format.text, FORMATS) or "there are " + shown(FORMATS),
        )
    entry = find_net(item.net, scope)
    if entry is None:
        unknown_function(item.net, scope)
        return None
    header_of(entry, world, item.net.span)
    if entry.net is None or not is_whole(entry.net, {net.name: net for net in world.nets}):
        return None  # what it lacks has been reported where it stands
    parameters = parameters_of(entry.net, world)
    maps: list[tuple[WeightMap, Parameter]] = []
    failed: set[str] = set()
    ignores, prefixes = [], []
    for line in item.items:
        match line:
            case ast.WeightIgnore(pattern=pattern):
                ignores.append(pattern.value)
            case ast.WeightPrefix(text=text):
                prefixes.append(text.value)
            case ast.WeightMap():
                made = _Map(line, parameters, scope)
                result = made.made()
                if result is not None and made.parameter is not None:
                    _report_twice(result, maps, line, world)
                    maps.append((result, made.parameter))
                elif made.parameter is not None:
                    failed.add(made.parameter.text)
                else:
                    failed.add("")
    left = [p.text for p in parameters if p.text not in failed and p not in [q for _, q in maps]]
    if left and "" not in failed:
        names = shown(left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
        diagnostics.error(
            "TN842",
            f"{'the parameter ' if len(left) == 1 else 'the parameters '}{names} "
            f"{'is' if len(left) == 1 else 'are'} not filled",
            item.net.span,
            hint=f'`{left[0]}[…] = "key"[…]`',
        )
    return Weights(
        item.format.text,
        entry.name,
        tuple(m for m, _ in maps),
        tuple(ignores),
        tuple(prefixes),
        origin=Origin(item.span),
    )


def _report_twice(
    result: WeightMap, maps: list[tuple[WeightMap, Parameter]], line: ast.WeightMap, world: World
) -> None:
    before = next((m for m, _ in maps if _meet(m.target, result.target)), None)
    if before is not None:
        world.diagnostics.error(
            "TN841",
            f"{path_text(line.target)} is filled twice",
            line.target.span,
            Related(before.origin.span, "filled here"),
        )


def _meet(one: Target, other: Target) -> bool:
    """Whether some parameter is meant by both targets: a variable stands for every number."""
    if [(name, len(subs)) for name, subs in one] != [(name, len(subs)) for name, subs in other]:
        return False
    pairs = [pair for (_, a), (_, b) in zip(one, other, strict=True) for pair in zip(a, b, strict=True)]
    return all(a == b or not (isinstance(a, int) and isinstance(b, int)) for a, b in pairs)


class _Map:
    """One line of a weights block in the making."""

    def __init__(self, syntax: ast.WeightMap, parameters: list[Parameter], scope: Scope) -> None:
        self.syntax, self.parameters, self.scope = syntax, parameters, scope
        self.parameter: Parameter | None = None

    def made(self) -> WeightMap | None:
        target = self.target()
        if target is None:
            return None
        names = tuple(name for name, _ in target)
        self.parameter = next((p for p in self.parameters if tuple(n for n, _ in p.path) == names), None)
        if self.parameter is None:
            self.unknown()
            return None
        for part, (name, arity), (_, subs) in zip(
            self.syntax.target.parts, self.parameter.path, target, strict=True
        ):
            if len(subs) != arity:
                wanted = f"{arity} subscript{'s' * (arity != 1)}" if arity else "no subscript"
                hint = f"`{self.parameter.text}`, for each turn or member"
                self.error("TN604", f"{name} takes {wanted} here, {len(subs)} given", part.span, hint)
                return None
        variables = tuple(dict.fromkeys(s.name for _, subs in target for s in subs if isinstance(s, LoopVar)))
        if not self.key_fits(variables):
            return None
        legs = self.legs(target[-1][1])
        if legs is None:
            return None
        return WeightMap(
            target, variables, legs[0], self.syntax.key.value, legs[1], origin=Origin(self.syntax.span)
        )

    def error(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.scope.diagnostics.error(code, message, span, hint=hint)

    def target(self) -> tuple[tuple[str, tuple[Size, ...]], ...] | None:
        found: list[tuple[str, tuple[Size, ...]]] = []
        for part in self.syntax.target.parts:
            subs: list[Size] = []
            for sub in part.subs:
                match sub:
                    case ast.Int(value=value):
                        subs.append(value)
                    case ast.ArithName(path=ast.Path(parts=(ast.PathPart(name=name, subs=()),))):
                        subs.append(LoopVar(name.text))
                    case _:
                        hint = "`attention{l}` stands for each turn, `attention{0}` for one"
                        self.error("TN840", "a subscript here is a name or a number", sub.span, hint)
                        return None
            found.append((part.name.text, tuple(subs)))
        return tuple(found)

    def unknown(self) -> None:
        text = ".".join(p.name.text + "{…}" * bool(p.subs) for p in self.syntax.target.parts)
        written = ".".join(part.name.text for part in self.syntax.target.parts)
        names = {".".join(n for n, _ in p.path): p.text for p in self.parameters}
        close = near(written, names)
        for plain, full in names.items():
            close = close.replace(f"{plain} or", f"{full} or").replace(f"{plain}?", f"{full}?")
        self.error("TN840", f"the net has no parameter {text}", self.syntax.target.span, close)

    def key_fits(self, variables: tuple[str, ...]) -> bool:
        key = self.syntax.key
        named = PLACE.findall(key.value)
        for name in named:
            if name not in variables:
                known = (
                    shown(["{" + v + "}" for v in variables])
                    if variables
                    else "none: the path has no subscript"
                )
                self.error(
                    "TN841",
                    f"the key names {{{name}}}, which the path does not",
                    key.span,
                    f"it may name {known}",
                )
                return False
        missing = [v for v in variables if v not in named]
        if missing:
            self.error(
                "TN841",
                f"the key is the same for each {missing[0]}",
                key.span,
                f"write {{{missing[0]}}} where its number stands in the key",
            )
        return not missing

    def legs(self, subs: tuple[Size, ...]) -> tuple[tuple[Ix, ...], tuple[Ix, ...]] | None:
        assert self.parameter is not None
        numbers = tuple(s for s in subs if isinstance(s, int))
        members = [d for d in self.parameter.members if len(numbers) != len(subs) or d.subs == numbers]
        if not members:
            self.error("TN602", f"the family has no member {list(numbers)}", self.syntax.target.span)
            return None
        legs = members[0].legs
        own, key = self.syntax.bracket, self.syntax.key_bracket
        if own is None and key is None:
            wires = tuple(Wire(new_id(), leg.name, leg.size, (), leg.label) for leg in legs)
            return wires, wires
        if own is None or key is None:
            what = "the parameter" if own is None else "the key"
            self.error("TN841", f"{what} needs brackets too", self.syntax.span, "name each leg on both sides")
            return None
        return self.joined(legs, own, key)

    def joined(
        self, legs: tuple[Leg, ...], own: ast.Bracket, key: ast.Bracket
    ) -> tuple[tuple[Ix, ...], tuple[Ix, ...]] | None:
        left, right = draft_bracket(own, self.scope), draft_bracket(key, self.scope)
        if left is None or right is None:
            return None
        if len(left) != len(legs):
            message = f"{self.parameter.text if self.parameter else ''} has {legs_text(legs)}"
            self.error("TN300", f"{message}, {len(left)} given", own[0].span.to(own[-1].span))
            return None
        tips: dict[WireName, Tip] = {}
        for ix in left:
            for tip in ix_tips(ix):
                if tip.name in tips:
                    self.error("TN841", f"wire {tip.text} stands twice", tip.span)
                    return None
                tips[tip.name] = tip
        seen = {tip.name: tip for ix in right for tip in ix_tips(ix)}
        stray = next((tip for name, tip in seen.items() if name not in tips), None)
        lost = next((tip for name, tip in tips.items() if name not in seen), None)
        if stray is not None or lost is not None:
            alone, side = (stray, "parameter") if stray is not None else (lost, "key")
            assert alone is not None
            self.error("TN841", f"wire {alone.text} is not among the legs of the {side}", alone.span)
            return None
        sizes = Sizes(self.scope.world)
        kept = {name: sizes.wire(*name, tip.span) for name, tip in tips.items()}
        weaver = Weaver(self.scope.world, sizes)
        joined = [
            weaver.join(ix, leg.size, new_id(), f"leg {leg.name}", kept, False)
            for ix, leg in zip(left, legs, strict=True)
        ]
        wires = sizes.solve()
        sized = {name: wires[wire] for name, wire in kept.items()}
        return tuple(_resized(ix, wires) for ix in joined), tuple(_placed(ix, sized) for ix in right)


def _resized(ix: Ix, wires: dict[Wire, Wire]) -> Ix:
    match ix:
        case Wire():
            return wires[ix]
        case Slice(wire=wire, start=start, stop=stop):
            return Slice(wires[wire], start, stop)
        case Group(members=members):
            return Group(tuple(wires[m] if isinstance(m, Wire) else m for m in members))
        case Entry():
            return ix


def _placed(ix: DraftIx, wires: dict[WireName, Wire]) -> Ix:
    match ix:
        case Tip(name=name):
            return wires[name]
        case EntryTip(at=at):
            return Entry(at)
        case SliceTip(tip=tip, start=start, stop=stop):
            return Slice(wires[tip.name], start, stop)
        case GroupTip(members=members):
            return Group(tuple(wires[m.name] if isinstance(m, Tip) else Entry(m.at) for m in members))
