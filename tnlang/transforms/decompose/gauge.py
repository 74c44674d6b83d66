"""``decompose(net, A1, A2, A3, gauge, centre = A2)``: a train of tensors as isometries towards its centre."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tnlang.ir.net import (
    Bind,
    Bracket,
    Decl,
    Factor,
    Leg,
    Net,
    Node,
    Origin,
    Property,
    Ref,
    Repeat,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.walk import children, ix_wires, map_children, new_id, node_wires, splice, walk
from tnlang.transforms.decompose.sizes import as_number, smaller
from tnlang.transforms.decompose.source import Source, bond_name, given_by, source_of, span_of
from tnlang.transforms.inside import values_of
from tnlang.transforms.members import by_itself
from tnlang.transforms.request import TransformError

Bond = tuple[tuple[int, int], ...]
"""The legs that join two neighbours: of the left one, of the right one."""


def gauged(program: Program, net: Net, wanted: tuple[Ref, ...], centre: int) -> Net:
    """The net with the train ``wanted`` as isometries towards its tensor number ``centre``.

    From both ends each tensor becomes the Q of its QR over the bond to the next, which takes R; where the
    train is isometric from an end on, it stays. A tensor that has taken an R is the value ``A.C``.
    Raises TransformError where the tensors are no train in each product that has one of them.
    """
    for ref in wanted:
        net = by_itself(net, ref)
    train = _Train(net, wanted, tuple(source_of(program, net, ref) for ref in wanted))
    train.find(net.body)
    if not train.bonds:
        raise TransformError(
            f"{' and '.join(s.name for s in train.sources)} stand in no product of {net.name}",
            "a train is a product of tensors, each joined to the next",
            0,
        )
    work = _Sweep(net, train, [_Site(s, tuple(range(len(s.legs)))) for s in train.sources])
    work.run(centre)
    body = tuple(train.replaced(net.body, work.sites))
    waiting = {ref for ref in wanted if _is_given(body, ref)}
    body = tuple(_placed(body, waiting, work.made)) if waiting else (*work.made, *body)
    return replace(net, body=body)


# ---------------------------------------------------------------- the train in products


@dataclass(slots=True)
class _Train:
    """Tensors, each joined to the next, by the same legs wherever they stand: ``bonds``, once found."""

    net: Net
    wanted: tuple[Ref, ...]
    sources: tuple[Source, ...]
    bonds: tuple[Bond, ...] = ()

    def find(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            match statement:
                case Bind(body=total) | StreamSet(body=total):
                    self.find_in(total)
                case Repeat(body=inner):
                    self.find(inner)
                case _:
                    pass

    def find_in(self, total: Sum) -> None:
        for old in total.terms:
            term = self.opened(old)
            for node in term.nodes:
                for inner in children(node):
                    self.find_in(inner)
            for _, bonds in self.trains(term):
                if self.bonds and self.bonds != bonds:
                    raise TransformError(
                        "the tensors are not joined by the same legs everywhere",
                        "declare a tensor for each site: one that stands at two of them has a gauge at each",
                        0,
                    )
                self.bonds = bonds

    def opened(self, term: Term) -> Term:
        """The term without brackets that only associate and hold a part of the train."""
        while True:
            position = next((i for i, node in enumerate(term.nodes) if self.opens(node)), None)
            if position is None:
                return term
            bracket = term.nodes[position]
            assert isinstance(bracket, Bracket)
            term = splice(term, position, bracket.body.terms[0])

    def opens(self, node: Node) -> bool:
        match node:
            case Bracket(body=Sum(terms=(_,)) as body, name=""):
                held = {one.ref for one in walk(body) if isinstance(one, Tensor)}
                return bool(held & set(self.wanted)) and not held >= set(self.wanted)
            case _:
                return False

    def trains(self, term: Term) -> Iterator[tuple[tuple[int, ...], tuple[Bond, ...]]]:
        """Where the tensors stand in a product, a tuple of positions for each time the train is there."""
        places = {
            i: self.wanted.index(node.ref)
            for i, node in enumerate(term.nodes)
            if isinstance(node, Tensor) and node.ref in self.wanted
        }
        ends = Counter(wire for node in term.nodes for wire in _ends(node))
        inner = {wire for wire in term.summed if ends[wire] == 2}
        met: set[int] = set()
        for first in (i for i, site in places.items() if site == 0):
            at, bonds = [first], []
            for site in range(1, len(self.wanted)):
                found = [
                    (i, bond)
                    for i, number in places.items()
                    if number == site and (bond := _bond(term.nodes[at[-1]], term.nodes[i], inner))
                ]
                if len(found) != 1:
                    raise self.apart(site)
                at.append(found[0][0])
                bonds.append(found[0][1])
            met.update(at)
            yield tuple(at), tuple(bonds)
        alone = next((site for i, site in places.items() if i not in met), None)
        if alone is not None:
            raise self.apart(alone)

    def apart(self, site: int) -> TransformError:
        one, other = self.sources[site - 1].name, self.sources[site].name
        return TransformError(
            f"{one} and {other} are not joined wherever one of them stands, by wires with no other end",
            "name neighbours in their order, all of them conjugated or none",
            site,
        )

    def replaced(self, body: tuple[Stmt, ...], sites: Sequence[_Site]) -> Iterator[Stmt]:
        """The statements with the new tensors in each product where the train stood."""

        def total(old: Sum) -> Sum:
            return replace(old, terms=tuple(map(term, old.terms)))

        def term(old: Term) -> Term:
            new = self.opened(old)
            for at, _ in self.trains(new):
                new = self.rewritten(new, at, sites)
            return replace(new, nodes=tuple(map_children(node, total) for node in new.nodes))

        for statement in body:
            match statement:
                case Bind(body=inner) | StreamSet(body=inner):
                    yield replace(statement, body=total(inner))
                case Repeat(body=block):
                    yield replace(statement, body=tuple(self.replaced(block, sites)))
                case _:
                    yield statement

    def rewritten(self, term: Term, at: tuple[int, ...], sites: Sequence[_Site]) -> Term:
        """The term with the new tensors at these places, on new wires where a bond is another."""
        nodes = list(term.nodes)
        summed = list(term.summed)
        before: Wire | None = None
        for number, (position, site) in enumerate(zip(at, sites, strict=True)):
            old = nodes[position]
            assert isinstance(old, Tensor)
            after: Wire | None = None
            if "after" in site.legs:
                joined = [old.legs[leg] for leg, _ in self.bonds[number]]
                leg = site.source.legs[site.legs.index("after")]
                first = joined[0]
                assert isinstance(first, Wire)
                after = Wire(new_id(), first.name, leg.size)
                summed[summed.index(first)] = after
                summed = [wire for wire in summed if wire not in joined]
            ends = {"before": before, "after": after}
            legs = tuple(ends[leg] if isinstance(leg, str) else old.legs[leg] for leg in site.legs)
            origin = Origin(old.origin.span, (*old.origin.rules, "decompose"))
            nodes[position] = Tensor(site.source.ref, legs, old.conj, origin=origin)  # type: ignore[arg-type]
            before = after
        return replace(term, nodes=tuple(nodes), summed=tuple(summed))


def _ends(node: Node) -> Iterator[Wire]:
    """The wires of a node, a wire that it has at two legs twice."""
    match node:
        case Tensor(legs=legs) | Special(legs=legs):
            for leg in legs:
                yield from ix_wires(leg)
        case _:
            yield from node_wires(node)


def _bond(one: Node, other: Node, inner: set[Wire]) -> Bond:
    """The legs by which two tensors are joined by ``inner`` wires; none where only one is conjugated."""
    assert isinstance(one, Tensor) and isinstance(other, Tensor)
    if one.conj != other.conj:
        return ()
    return tuple(
        (p, q)
        for p, leg in enumerate(one.legs)
        if leg in inner
        for q, end in enumerate(other.legs)
        if end == leg
    )


# ---------------------------------------------------------------- the sweeps


@dataclass(frozen=True, slots=True)
class _Site:
    """A tensor of the train as it is now; ``legs`` are those it had (numbers), or a bond that is another."""

    source: Source
    legs: tuple[int | str, ...]

    def at(self, legs: Sequence[int], side: str) -> tuple[int, ...]:
        """Where the legs of a bond are now."""
        return (self.legs.index(side),) if side in self.legs else tuple(map(self.legs.index, legs))


@dataclass(slots=True)
class _Sweep:
    """QR by QR from both ends: ``sites`` as they are by now, ``made`` the statements that make them."""

    net: Net
    train: _Train
    sites: list[_Site]
    made: list[Stmt] = field(default_factory=list)

    def run(self, centre: int) -> None:
        last = len(self.sites) - 1
        rest = {}
        for side, numbers in (("after", range(centre)), ("before", range(last, centre, -1))):
            carried: Source | None = None
            for number in numbers:
                if carried is not None:
                    self.take(number, {_OTHER[side]: carried})
                elif self.is_isometry(number, side):
                    continue
                carried = self.split(number, side)
            if carried is not None:
                rest[_OTHER[side]] = carried
        if rest:
            self.take(centre, rest)

    def ends(self, number: int, side: str) -> list[int]:
        """The legs of a tensor, as it was written, in its bond on that side."""
        if side == "after":
            return [one for one, _ in self.train.bonds[number]]
        return [other for _, other in self.train.bonds[number - 1]]

    def is_isometry(self, number: int, side: str) -> bool:
        site = self.sites[number]
        bond = set(site.at(self.ends(number, side), side))
        return any(p.name == "isometry" and set(p.legs) == bond for p in site.source.properties)

    def split(self, number: int, side: str) -> Source:
        """The tensor becomes the Q of its QR; gives the R, whose first leg is the new bond."""
        site = self.sites[number]
        source = site.source
        right = site.at(self.ends(number, side), side)
        left = tuple(leg for leg in range(len(source.legs)) if leg not in right)
        if not left:
            raise TransformError(f"{source.name} has only legs to its neighbour", "leave it out", number)
        size = as_number(smaller(source, left, right))
        bond = Leg(source.legs[right[0]].name, size)
        taken = {source.legs[leg].name for leg in right}
        inner = Leg(bond_name("s", taken), size)
        kept, moved = [tuple(source.legs[leg] for leg in legs) for legs in (left, right)]
        word = (Property("complex"),) if source.complex else ()
        kind: Literal["param", "tensor"] = "param" if _is_weight(source) else "tensor"
        q = Decl(
            kind,
            self.free(f"{source.name}.Q"),
            (*kept, bond),
            (),
            (Property("isometry", (len(left),)), *word),
        )
        r = Decl(kind, self.free(f"{source.name}.R"), (inner, *moved), (), word)
        self.made.append(Factor("qr", source.ref, (q, r), left, origin=self.origin()))
        self.sites[number] = _Site(
            replace(source, ref=Ref(q.name), legs=q.legs, kind=kind, properties=q.properties),
            (*(site.legs[leg] for leg in left), side),
        )
        return Source(Ref(r.name), r.legs, kind, source.complex)

    def take(self, number: int, given: dict[str, Source]) -> None:
        """The tensor becomes its product with each R, by the side that comes from."""
        site = self.sites[number]
        source = site.source
        wires: list[Wire] = [Wire(new_id(), leg.name, leg.size) for leg in source.legs]
        legs: list[int | str] = list(site.legs)
        outer: list[Wire | None] = list(wires)
        summed: list[Wire] = []
        nodes: list[Node] = []
        for side, r in given.items():
            at = site.at(self.ends(number, side), side)
            new = Wire(new_id(), source.legs[at[0]].name, r.legs[0].size)
            joined = tuple(wires[leg] for leg in at)
            nodes.append(Tensor(r.ref, (new, *joined), origin=self.origin()))
            summed += joined
            for leg in at:
                outer[leg] = None
            outer[at[0]], legs[at[0]] = new, side
        nodes.insert(int("before" in given), Tensor(source.ref, tuple(wires), origin=self.origin()))
        kept = [(wire, leg) for wire, leg in zip(outer, legs, strict=True) if wire is not None]
        own = tuple(wire for wire, _ in kept)
        named = tuple(Leg(wire.name, wire.size) for wire in own)
        product = Sum((Term(tuple(nodes), tuple(summed), origin=self.origin()),), origin=self.origin())
        name = self.free(f"{source.name}.C")
        target = Value(name, own, (), tuple(leg.name for leg in named), derived=True)
        self.made.append(Bind(target, product, origin=self.origin()))
        weights = all(_is_weight(one) for one in (source, *given.values()))
        is_complex = source.complex or any(r.complex for r in given.values())
        self.sites[number] = _Site(
            Source(Ref(name), named, "param" if weights else "tensor", is_complex),
            tuple(leg for _, leg in kept),
        )

    def free(self, name: str) -> str:
        if any(ref.name == name for ref in values_of(self.net)):
            raise TransformError(
                f"{name.rpartition('.')[0]} has been decomposed: there is a {name}",
                "name the tensors that stand in its place now",
                0,
            )
        return name

    def origin(self) -> Origin:
        return Origin(span_of(self.net, self.train.sources[0]), ("decompose",))


_OTHER = {"after": "before", "before": "after"}


def _is_weight(source: Source) -> bool:
    return source.kind in ("param", "const")


# ---------------------------------------------------------------- places


def _is_given(body: tuple[Stmt, ...], ref: Ref) -> bool:
    return any(ref in given_by(s) or (isinstance(s, Repeat) and _is_given(s.body, ref)) for s in body)


def _placed(body: tuple[Stmt, ...], waiting: set[Ref], made: Sequence[Stmt]) -> Iterator[Stmt]:
    """The statements with those made after the last that gives one of the values waited for."""
    for statement in body:
        if not waiting:
            yield statement
            continue
        if isinstance(statement, Repeat):
            yield replace(statement, body=tuple(_placed(statement.body, waiting, made)))
            continue
        yield statement
        if waiting & set(given_by(statement)):
            waiting.difference_update(given_by(statement))
            if not waiting:
                yield from made
