"""The sizes of wires: each end says one, and what they say has to agree."""

from __future__ import annotations

from dataclasses import dataclass, field

from tnlang.elaborate.scope import World
from tnlang.ir.net import Wire
from tnlang.ir.size import Dim, DimSize, Size, show, size_op
from tnlang.ir.walk import new_id
from tnlang.source import Related, Span


@dataclass(frozen=True, slots=True)
class End:
    """What one end says. ``hard`` is a leg of a named dim; other sizes agree with any dim of their value."""

    size: Size
    hard: bool
    what: str
    span: Span


@dataclass(frozen=True, slots=True)
class Grouping:
    """A leg whose size is the product of some wires' sizes. ``leg`` is a size, or a variable's id."""

    leg: Size | None
    variable: int
    members: tuple[int, ...]
    blocks: bool
    what: str
    span: Span


@dataclass(slots=True)
class Sizes:
    """Collects what is said about the wires of one statement, and works their sizes out."""

    world: World
    wires: dict[int, tuple[Wire, Span]] = field(default_factory=dict)
    ends: dict[int, list[End]] = field(default_factory=dict)
    parent: dict[int, int] = field(default_factory=dict)
    groups: list[Grouping] = field(default_factory=list)
    squares: list[tuple[int, int]] = field(default_factory=list)
    inverses: list[tuple[Wire, Wire, Span]] = field(default_factory=list)
    bases: list[tuple[Size, int, Span]] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)

    def wire(self, name: str, subs: tuple[int, ...], span: Span) -> Wire:
        """A new wire whose size is not known yet."""
        wire = Wire(new_id(), name, 0, subs)
        self.wires[wire.id] = (wire, span)
        return wire

    def end(self, variable: int, size: Size, what: str, span: Span) -> None:
        """Say that a wire has a size."""
        self.ends.setdefault(variable, []).append(End(size, isinstance(size, DimSize), what, span))

    def soft_end(self, variable: int, size: Size, what: str, span: Span) -> None:
        """Say that a wire has a size that agrees with every dim of its value (a slice's)."""
        self.ends.setdefault(variable, []).append(End(size, False, what, span))

    def same(self, first: int, second: int) -> None:
        """Say that two wires have one size and dim."""
        a, b = self.root(first), self.root(second)
        if a != b:
            self.parent[a] = b

    def root(self, variable: int) -> int:
        while variable in self.parent:
            variable = self.parent[variable]
        return variable

    def solve(self) -> dict[Wire, Wire]:
        """The wires with their sizes. Reports TN301, TN302, TN303 and TN305."""
        gathered: dict[int, list[End]] = {}
        for variable, ends in self.ends.items():
            gathered.setdefault(self.root(variable), []).extend(ends)
        known: dict[int, Size] = {}
        for variable, ends in gathered.items():
            known[variable] = next((e.size for e in ends if e.hard), ends[0].size)
        while self._regroup(known, gathered) or self._square(known):
            pass
        broken = {self.root(v) for v in self.broken}
        for variable, ends in gathered.items():
            if variable not in broken:
                self._compare(variable, ends)
        self._check_groups(known)
        self._check_bases(known)
        self._check_inverses(known)
        return {wire: self._sized(wire, span, known, broken) for wire, span in self.wires.values()}

    def _sized(self, wire: Wire, span: Span, known: dict[int, Size], broken: set[int]) -> Wire:
        root = self.root(wire.id)
        if root not in known:
            if root not in broken:
                broken.add(root)
                broken.update(self.root(other) for pair in self.squares for other in pair if wire.id in pair)
                self.world.diagnostics.error(
                    "TN303",
                    f"nothing tells the size of wire {wire.text}",
                    span,
                    hint=f"give it a dim, `{wire.text}: dim`",
                )
            return Wire(wire.id, wire.name, 1, wire.subs)
        size = known[root]
        label = size.dim.label if isinstance(size, DimSize) else ""
        return Wire(wire.id, wire.name, size, wire.subs, label)

    def _check_inverses(self, known: dict[int, Size]) -> None:
        for one, other, span in self.inverses:
            first, second = known.get(self.root(one.id)), known.get(self.root(other.id))
            if first is not None and second is not None and self.world.agree(first, second) is False:
                self.world.diagnostics.error(
                    "TN302",
                    f"inverse works on a square: {one.text} has size {show(first)}, "
                    f"{other.text} size {show(second)}",
                    span,
                )

    def _regroup(self, known: dict[int, Size], gathered: dict[int, list[End]]) -> bool:
        """Work out what groups tell: the one unknown member, or the leg. True if something became known."""
        changed = False
        for group in self.groups:
            variable = self.root(group.variable)
            roots = [self.root(m) for m in group.members]
            leg = group.leg if group.leg is not None else known.get(variable)
            unknown = [r for r in roots if r not in known]
            if leg is None and not unknown and not group.blocks:
                known[variable] = _product([known[r] for r in roots])
                changed = True
            elif leg is not None and len(unknown) == 1 and not group.blocks:
                rest = _product([known[r] for r in roots if r in known])
                size = self._divide(leg, rest, group)
                known[unknown[0]] = size
                gathered.setdefault(unknown[0], []).append(End(size, False, group.what, group.span))
                changed = True
        return changed

    def _divide(self, leg: Size, rest: Size, group: Grouping) -> Size:
        whole, part = self.world.number(leg), self.world.number(rest)
        if whole is not None and part is not None and (part == 0 or whole % part):
            self.world.diagnostics.error(
                "TN305",
                f"{group.what} of size {whole} cannot be split: the other members' sizes make {part}",
                group.span,
            )
            return leg
        return size_op("/", leg, rest)

    def _square(self, known: dict[int, Size]) -> bool:
        for first, second in self.squares:
            a, b = self.root(first), self.root(second)
            if (a in known) != (b in known):
                known[a if b in known else b] = known[b if b in known else a]
                return True
        return False

    def _compare(self, variable: int, ends: list[End]) -> None:
        diagnostics = self.world.diagnostics
        hard = [e for e in ends if e.hard]
        dims: dict[Dim, End] = {}
        for end in hard:
            assert isinstance(end.size, DimSize)
            dims.setdefault(end.size.dim, end)
        if len(dims) > 1:
            (first, at), (second, where) = list(dims.items())[:2]
            diagnostics.error(
                "TN301",
                f"{self._name(variable)} is {first.name} at {at.what} and {second.name} at {where.what}",
                where.span,
                Related(at.span, f"{first.name} here"),
                hint="two dims never agree, even if their numbers are equal; rename one of the wires",
            )
            return
        reference = hard[0] if hard else ends[0]
        for end in ends:
            if self.world.agree(reference.size, end.size) is False:
                diagnostics.error(
                    "TN302",
                    f"{self._name(variable)} has size {self._shown(reference.size)} at {reference.what} "
                    f"and {self._shown(end.size)} at {end.what}",
                    end.span,
                    Related(reference.span, f"{self._shown(reference.size)} here"),
                )
                return

    def _check_groups(self, known: dict[int, Size]) -> None:
        for group in self.groups:
            leg = group.leg if group.leg is not None else known.get(self.root(group.variable))
            roots = [self.root(m) for m in group.members]
            unknown = [r for r in roots if r not in known]
            if unknown and len(unknown) + group.blocks > 1 and not any(r in self.broken for r in roots):
                self.world.diagnostics.error(
                    "TN305",
                    f"the members of this group cannot be told from the size of {group.what}",
                    group.span,
                    hint="at most one member of a group may be of unknown size; give others a dim, `h: head`",
                )
                self.broken.update(unknown)
                known.update(dict.fromkeys(unknown, 1))
                continue
            if leg is None or unknown:
                continue
            joined = _product([known[r] for r in roots])
            whole, part = self.world.number(leg), self.world.number(joined)
            if whole is None or part is None:
                continue
            if (whole % part if group.blocks else whole - part) != 0:
                self.world.diagnostics.error(
                    "TN305",
                    f"{group.what} has size {self._shown(leg)}, this group {self._shown(joined)}",
                    group.span,
                )

    def _check_bases(self, known: dict[int, Size]) -> None:
        for at, wire, span in self.bases:
            size = known.get(self.root(wire))
            entry, stop = self.world.number(at), None if size is None else self.world.number(size)
            if entry is not None and (entry < 0 or (stop is not None and entry >= stop)):
                self.world.diagnostics.error(
                    "TN304",
                    f"basis({show(at)}) is none of the entries 0 to {'…' if stop is None else stop - 1}",
                    span,
                    hint="entries count from 0; the last one is `dim - 1`",
                )

    def _name(self, variable: int) -> str:
        names = [w.text for i, (w, _) in self.wires.items() if self.root(i) == variable]
        return f"wire {names[0]}" if names else "this leg"

    def _shown(self, size: Size) -> str:
        number = self.world.number(size)
        text = show(size)
        return text if number is None or str(number) == text else f"{text} = {number}"


def _product(sizes: list[Size]) -> Size:
    total: Size = 1
    for size in sizes:
        total = size_op("*", total, size)
    return total
