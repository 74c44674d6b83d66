"""Special tensors and one-hot values as indexing (rule 11): an array is made only where the result is one.

A delta makes its wires one, a basis vector picks an entry, a one-hot value looks rows up, a shift moves
entries, a sum over ones is a size. What is left over, kept on both sides, is put in place at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Entry, Group, Ix, Slice, Special, Wire
from tnlang.ir.size import Size, size_op
from tnlang.ir.walk import ix_wires
from tnlang.lower.numbers import All, Arith, Item, Num, Scalar
from tnlang.lower.operands import Operand, Scope, aligned, ordered, spread_to, unique
from tnlang.lower.plan import (
    Binary,
    Constant,
    Embed,
    Equal,
    Expr,
    Full,
    Index,
    Lookup,
    OneHot,
    Range,
    Shifted,
    TakeAlong,
)
from tnlang.lower.walks import is_scalar


@dataclass(frozen=True, slots=True)
class Hot:
    """A one-hot factor: 1 where the leg ``ix`` is the number that ``indices`` hold."""

    indices: Operand
    ix: Ix
    size: Size


@dataclass(slots=True)
class Product:
    """A product while its special tensors are resolved: rewritten in place."""

    scope: Scope
    operands: list[Operand]
    divisors: list[Operand]
    specials: list[Special]
    hots: list[Hot]
    kept: list[Wire]
    summed: list[Wire]
    scalars: list[Scalar] = field(default_factory=list)
    diagonals: list[tuple[Wire, Wire]] = field(default_factory=list)
    placed: list[tuple[Wire, Size]] = field(default_factory=list)

    def rename(self, wires: dict[Wire, Wire]) -> None:
        """Make wires one."""
        self.operands = [_renamed(o, wires) for o in self.operands]
        self.divisors = [_renamed(o, wires) for o in self.divisors]
        self.specials = [replace(s, legs=_renamed_legs(s.legs, wires)) for s in self.specials]
        self.hots = [
            Hot(_renamed(h.indices, wires), _renamed_legs((h.ix,), wires)[0], h.size) for h in self.hots
        ]

    def fix(self, wire: Wire, at: Size) -> None:
        """Take one entry of a wire, wherever it ends."""
        scalar = self.scope.size(at)
        grouped = [
            s for s in self.specials if any(isinstance(g, Group) and wire in g.members for g in s.legs)
        ]
        self.specials = [s for s in self.specials if s not in grouped]
        in_group = [h for h in self.hots if isinstance(h.ix, Group) and wire in h.ix.members]
        self.hots = [h for h in self.hots if h not in in_group]
        self.operands += [dense(s, self.scope) for s in grouped if s.kind != "ones"]
        self.operands += [_dense_hot(h, self.scope) for h in in_group]
        self.operands = [_fixed(o, wire, scalar) for o in self.operands]
        self.divisors = [_fixed(o, wire, scalar) for o in self.divisors]
        self.specials = [replace(s, legs=_fixed_legs(s.legs, wire, at)) for s in self.specials]
        self.hots = [
            Hot(_fixed(h.indices, wire, scalar), _fixed_legs((h.ix,), wire, at)[0], h.size) for h in self.hots
        ]
        if wire in self.kept:
            self.kept.remove(wire)
            self.placed.append((wire, at))
        else:
            self.summed = [w for w in self.summed if w != wire]

    def has(self, wire: Wire) -> bool:
        """Whether an array has the wire."""
        return any(wire in o.wires for o in (*self.operands, *self.divisors))

    def take(self, wanted: Callable[[Special], bool]) -> Special | None:
        """The next special tensor that is wanted, no longer among the others."""
        for position, special in enumerate(self.specials):
            if wanted(special):
                return self.specials.pop(position)
        return None


def resolve(product: Product) -> None:
    """Rewrite the special tensors and one-hot factors of a product as indexing of its other factors."""
    _deltas(product)
    _bases(product)
    _shifts(product)
    for special in product.specials:
        if special.kind != "ones":
            product.operands.append(dense(special, product.scope))
    product.specials = []
    _one_hots(product)
    held = {wire for o in (*product.operands, *product.divisors) for wire in o.wires}
    for wire in dict.fromkeys(product.summed):
        if wire not in held:
            product.scalars.append(product.scope.size(wire.size))
    product.summed = [w for w in product.summed if w in held]


def place(product: Product, result: Operand, want: tuple[Wire, ...]) -> Operand:
    """Put the result on the diagonals and entries that its kept wires stand for."""
    for wire, at in product.placed:
        wires = tuple(w for w in want if w in result.wires or w == wire)
        if is_scalar(result.expr):
            expr: Expr = Full((Num(1),), result.expr)
        else:
            expr = aligned(replace(ordered(result, want), batched=True), wires)
        axis = wires.index(wire) - len(wires)
        shifted = Shifted(expr, axis, product.scope.size(at), product.scope.size(wire.size))
        result = Operand(shifted, wires, result.batched, result.complex)
    # A wire that became another one is there only once that one's diagonal is: the last comes first.
    for first, second in reversed(product.diagonals):
        if first not in result.wires:
            wires = (*result.wires, first)
            result = Operand(spread_to(result, wires, product.scope), wires, result.batched, result.complex)
        wires = tuple(w for w in want if w in result.wires or w == second)
        count = len(wires)
        pair = (wires.index(first) - count, wires.index(second) - count)
        rest = ordered(result, [w for w in wires if w != first] + [first])
        result = Operand(Embed(rest.expr, -1, pair), wires, result.batched, result.complex)
    return result


# ---------------------------------------------------------------- one kind after another


def _deltas(product: Product) -> None:
    def simple(special: Special) -> bool:
        return special.kind == "delta" and all(isinstance(leg, Wire | Entry) for leg in special.legs)

    _split_groups(product)
    while (delta := product.take(simple)) is not None:
        entries = [leg.at for leg in delta.legs if isinstance(leg, Entry)]
        wires = list(dict.fromkeys(leg for leg in delta.legs if isinstance(leg, Wire)))
        if entries:
            product.scalars += [_same(entries[0], other, product.scope) for other in entries[1:]]
            for wire in wires:
                product.fix(wire, entries[0])
            continue
        kept = [w for w in product.kept if w in wires]
        chosen = kept[0] if kept else wires[0]
        product.rename({w: chosen for w in wires if w != chosen})
        product.diagonals += [(chosen, w) for w in kept[1:]]
        product.kept = [w for w in product.kept if w not in kept[1:]]
        product.summed = [w for w in product.summed if w not in wires or (w == chosen and not kept)]
        if not kept and chosen not in product.summed:
            product.summed.append(chosen)


def _split_groups(product: Product) -> None:
    """A delta between groups of equal sizes is a delta for each pair of members."""
    found: list[Special] = []
    for special in product.specials:
        groups = [leg.members for leg in special.legs if isinstance(leg, Group)]
        same = (
            special.kind == "delta"
            and len(groups) == len(special.legs)
            and len({len(members) for members in groups}) == 1
            and all(_same_size(pair) for pair in zip(*groups, strict=True))
        )
        if same:
            found += [replace(special, legs=pair) for pair in zip(*groups, strict=True)]
        else:
            found.append(special)
    product.specials = found


def _same_size(members: Sequence[Wire | Entry]) -> bool:
    sizes = {m.size for m in members if isinstance(m, Wire)}
    return len(sizes) == 1 and all(isinstance(m, Wire) for m in members)


def _bases(product: Product) -> None:
    def simple(special: Special) -> bool:
        return special.kind == "basis" and isinstance(special.legs[0], Wire | Entry)

    while (basis := product.take(simple)) is not None:
        assert basis.at is not None
        leg = basis.legs[0]
        if isinstance(leg, Wire):
            product.fix(leg, basis.at)
        elif isinstance(leg, Entry):
            product.scalars.append(_same(leg.at, basis.at, product.scope))


def _shifts(product: Product) -> None:
    """shift(n)[i, j] moves what has the summed j along i, or what has the summed i back along j."""
    size = product.scope.size

    def direction(special: Special) -> tuple[Wire, Wire, Size] | None:
        to, of = special.legs
        if not isinstance(to, Wire) or not isinstance(of, Wire) or to == of or special.at is None:
            return None
        for moved, landing, by in ((of, to, special.at), (to, of, size_op("-", 0, special.at))):
            elsewhere = [
                *(
                    w
                    for s in product.specials
                    if s is not special and s.kind != "ones"
                    for w in _wires(s.legs)
                ),
                *(w for hot in product.hots for w in (*hot.indices.wires, *ix_wires(hot.ix))),
            ]
            if moved in product.summed and product.has(moved) and moved not in elsewhere:
                return moved, landing, by
        return None

    while (shift := product.take(lambda s: s.kind == "shift" and direction(s) is not None)) is not None:
        found = direction(shift)
        assert found is not None
        moved, landing, by = found
        product.operands = [
            _moved(o, moved, landing, size(by), size(landing.size)) if moved in o.wires else o
            for o in map(unique, product.operands)
        ]
        product.summed = [w for w in product.summed if w != moved]


def _one_hots(product: Product) -> None:
    while product.hots:
        hot = product.hots.pop(0)
        if not isinstance(hot.ix, Wire) or hot.ix in hot.indices.wires:
            product.operands.append(_dense_hot(hot, product.scope))
            continue
        wire = hot.ix
        same = [other for other in product.hots if other.ix == wire]
        product.hots = [other for other in product.hots if other.ix != wire]
        users = [o for o in product.operands if wire in o.wires]
        product.operands = [o for o in product.operands if wire not in o.wires]
        product.operands += [looked_up(unique(o), wire, hot.indices) for o in users]
        product.divisors = [
            looked_up(unique(o), wire, hot.indices) if wire in o.wires else o for o in product.divisors
        ]
        product.operands += [_equal(hot.indices, other.indices) for other in same]
        if wire in product.kept:
            indices = unique(hot.indices)
            expr = OneHot(indices.expr, product.scope.size(wire.size))
            product.operands.append(Operand(expr, (*indices.wires, wire), indices.batched))
        else:
            product.summed = [w for w in product.summed if w != wire]


# ---------------------------------------------------------------- what they come down to


def looked_up(table: Operand, wire: Wire, indices: Operand) -> Operand:
    """The entries of a wire that the indices name, along the wires of the indices."""
    indices = unique(indices)
    rest = tuple(w for w in table.wires if w != wire)
    if not table.batched and not set(rest) & set(indices.wires):
        rows = ordered(table, (wire, *rest))
        wires = (*indices.wires, *rest)
        return Operand(
            Lookup(indices.expr, rows.expr, len(rows.wires)), wires, indices.batched, table.complex
        )
    wires = (*(w for w in indices.wires if w not in rest), *rest)
    flat = aligned(replace(table, batched=True), (*wires, wire))
    return Operand(
        TakeAlong(flat, aligned(replace(indices, batched=True), wires)),
        wires,
        True,
        table.complex,
    )


def dense(special: Special, scope: Scope) -> Operand:
    """A special tensor as an array over its wires, from comparisons of positions."""
    wires = tuple(dict.fromkeys(wire for leg in special.legs for wire in ix_wires(leg)))
    if special.kind == "levi":
        return _levi(special, wires, scope)
    at = [_position(leg, wires, scope) for leg in special.legs]
    offset = scope.size(special.at) if special.at is not None else Num(0)
    match special.kind:
        case "delta":
            result: Expr = Equal("==", at[0], at[1])
            for other in at[2:]:
                result = Binary("*", result, Equal("==", at[0], other))
        case "basis":
            result = Equal("==", at[0], offset)
        case "shift":
            result = Equal("==", at[0], at[1] if offset == Num(0) else Binary("+", at[1], offset))
        case "tril":
            result = Equal("<=", at[1], at[0])
        case "index":
            match special.legs[0]:
                case Wire() as wire:
                    return Operand(Range(scope.size(wire.size)), (wire,))
                case Entry(number):
                    return Operand(scope.size(number))
            result = Binary("*", at[0], Full((), Num(1)))
        case _:
            result = Full((), Num(1))
    return Operand(result, wires)


def _levi(special: Special, wires: tuple[Wire, ...], scope: Scope) -> Operand:
    from tnlang.lower.uses import joined

    return joined(Operand(Constant(len(special.legs))), special.legs, scope, "levi")


def _position(leg: Ix, wires: tuple[Wire, ...], scope: Scope) -> Expr:
    """The number that a leg stands at, along the wires."""

    def along(wire: Wire) -> Expr:
        return aligned(Operand(Range(scope.size(wire.size), positions=True), (wire,)), wires)

    match leg:
        case Wire():
            return along(leg)
        case Entry(at):
            return scope.size(at)
        case Slice(wire, start, _):
            first = scope.size(start)
            return along(wire) if first == Num(0) else Binary("+", along(wire), first)
        case Group(members):
            total: Expr | None = None
            for position, member in enumerate(members):
                stride: Size = 1
                for later in members[position + 1 :]:
                    assert isinstance(later, Wire)
                    stride = size_op("*", stride, later.size)
                part = along(member) if isinstance(member, Wire) else scope.size(member.at)
                part = part if stride == 1 else Binary("*", part, scope.size(stride))
                total = part if total is None else Binary("+", total, part)
            assert total is not None
            return total


def _dense_hot(hot: Hot, scope: Scope) -> Operand:
    """A one-hot factor whose leg is no plain wire: a comparison of positions."""
    indices = unique(hot.indices)
    wires = (*indices.wires, *(w for w in ix_wires(hot.ix) if w not in indices.wires))
    return Operand(
        Equal("==", aligned(indices, wires), _position(hot.ix, wires, scope)), wires, indices.batched
    )


def _equal(left: Operand, right: Operand) -> Operand:
    left, right = unique(left), unique(right)
    wires = tuple(dict.fromkeys(left.wires + right.wires))
    expr = Equal("==", aligned(left, wires), aligned(right, wires))
    return Operand(expr, wires, left.batched or right.batched)


def _wires(legs: tuple[Ix, ...]) -> tuple[Wire, ...]:
    return tuple(wire for leg in legs for wire in ix_wires(leg))


def _same(left: Size, right: Size, scope: Scope) -> Scalar:
    if isinstance(left, int) and isinstance(right, int):
        return Num(int(left == right))
    return Arith("==", scope.size(left), scope.size(right))


def _renamed(operand: Operand, wires: dict[Wire, Wire]) -> Operand:
    return replace(operand, wires=tuple(wires.get(w, w) for w in operand.wires))


def _renamed_legs(legs: tuple[Ix, ...], wires: dict[Wire, Wire]) -> tuple[Ix, ...]:
    def change(leg: Ix) -> Ix:
        match leg:
            case Wire():
                return wires.get(leg, leg)
            case Slice(wire=wire):
                return replace(leg, wire=wires.get(wire, wire))
            case Group(members):
                return Group(tuple(wires.get(m, m) if isinstance(m, Wire) else m for m in members))
            case Entry():
                return leg

    return tuple(map(change, legs))


def _fixed_legs(legs: tuple[Ix, ...], wire: Wire, at: Size) -> tuple[Ix, ...]:
    def change(leg: Ix) -> Ix:
        match leg:
            case Wire() if leg == wire:
                return Entry(at)
            case Slice(wire=inner, start=start) if inner == wire:
                return Entry(size_op("+", start, at))
            case _:
                return leg

    return tuple(map(change, legs))


def _fixed(operand: Operand, wire: Wire, at: Scalar) -> Operand:
    if wire not in operand.wires:
        return operand
    items: tuple[Item, ...] = tuple(at if w == wire else All() for w in operand.wires)
    rest = tuple(w for w in operand.wires if w != wire)
    return replace(operand, expr=Index(operand.expr, items, operand.batched), wires=rest)


def _moved(operand: Operand, wire: Wire, landing: Wire, by: Scalar, size: Scalar) -> Operand:
    axis = operand.wires.index(wire) - len(operand.wires)
    wires = tuple(landing if w == wire else w for w in operand.wires)
    return replace(operand, expr=Shifted(operand.expr, axis, by, size), wires=wires)
