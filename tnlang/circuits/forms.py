"""What values are made of: products of uses of other values, and the parameters between them.

A value is followed back through its definitions until something is met that is not linear in its content (a
softmax, an activation, the scale of a norm), an input, a value of a stream, or a value where the caller wants
to stop. These are *ends*. What is left is a sum of products, each with uses of ends and, between them, a
network of parameters. Brackets are not multiplied out where their terms use the same ends: the centring of a
layer norm stays one factor.
"""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.functions import NORMALS
from tnlang.ir.inline import in_place
from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Node,
    Ref,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.normal import elide_deltas
from tnlang.ir.program import Program
from tnlang.ir.scales import SCALE, normals
from tnlang.ir.slots import input_decls
from tnlang.ir.walk import copy, free_wires, fresh_wire, node_wires, rename, splice, value_wires, walk
from tnlang.transforms.flatten import Assignment, flatten
from tnlang.transforms.normal import write_out
from tnlang.transforms.residual import residual

ADDING = ("sum", "mean")
"""Functions that are linear: they add entries."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A function that is not linear, as an end: ``name`` is the value it gives, or tells where it is."""

    name: str
    bubble: Bubble
    wires: tuple[Wire, ...]
    """The wires of a use, in order."""


@dataclass(slots=True)
class Forms:
    """The values of a net, written out flat, in terms of ends.

    ``stops`` are patterns of values, by their names in a cache, at which writing out stops.
    """

    program: Program
    net: str
    stops: tuple[str, ...] = ()
    definitions: dict[str, Bind] = field(init=False)
    assignments: list[Assignment] = field(init=False)
    outputs: list[str] = field(init=False)
    ends: set[str] = field(init=False)
    atoms: dict[str, Atom] = field(default_factory=dict)
    depending: set[str] = field(init=False)
    known: dict[str, tuple[Term, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        net = self.program.net(self.net)
        flat = flatten(self.program, net)
        inputs = [decl for decl in input_decls(self.program, net) if decl.kind == "input"]
        self.definitions = _with_scales(flat.definitions())
        self.outputs = flat.outputs
        self.assignments = residual(self.program, net, flat)
        bound = {s.target.name for s in flat.body}
        self.ends = {*(decl.name for decl in inputs), *(a.value for a in self.assignments)}
        self.ends |= bound - set(self.definitions)
        names = {*bound, *self.definitions}
        self.ends |= {name for name in names for stop in self.stops if fnmatch.fnmatchcase(name, stop)}
        self.depending = set(self.ends)
        for name in (*self.definitions,):
            self._find_depending(name, set())

    def _find_depending(self, name: str, seen: set[str]) -> bool:
        """Whether a value depends on an end."""
        if name in self.depending or name not in self.definitions or name in seen:
            return name in self.depending
        seen.add(name)
        read = [node.ref.name for node in walk(self.definitions[name].body) if isinstance(node, Tensor)]
        if any([self._find_depending(other, seen) for other in read]):
            self.depending.add(name)
        return name in self.depending

    def value(self, name: str) -> tuple[Term, ...]:
        """The products that a value is a sum of, on the wires of its own definition."""
        if name not in self.known:
            self.known[name] = self.sum(self.definitions[name].body, name)
        return self.known[name]

    def wires(self, name: str) -> tuple[Wire, ...]:
        """The wires of a value's definition."""
        return value_wires(self.definitions[name].target.legs)

    def sum(self, body: Sum, place: str) -> tuple[Term, ...]:
        """The products that a sum is, those of the same ends as one; ``place`` is the value it is part of."""
        groups: list[list[Term]] = []
        for term in body.terms:
            for product in map(_broadcast, self.products(term, place)):
                group = next((g for g in groups if self.are_alike(g[0], product)), None)
                if group is None:
                    groups.append([product])
                else:
                    group.append(product)
        return tuple(one for group in groups for one in self.merged(group))

    def are_alike(self, one: Term, other: Term) -> bool:
        """Whether two products use the same ends on the same legs, as far as these come from outside."""
        first, second = self.uses(one), self.uses(other)
        if [use.ref.name for use in first] != [use.ref.name for use in second]:
            return False
        for a, b in zip(first, second, strict=True):
            mine, its = set(node_wires(a)) - set(one.summed), set(node_wires(b)) - set(other.summed)
            if not (mine <= its or its <= mine) or (bool(mine) != bool(its)):
                return False
        return True

    def uses(self, term: Term) -> list[Tensor]:
        """The uses of ends among a product's factors."""
        return [node for node in term.nodes if isinstance(node, Tensor) and self.is_end(node.ref.name)]

    def is_end(self, name: str) -> bool:
        return name in self.ends or name in self.atoms

    def depends(self, node: Node) -> bool:
        """Whether anything in a node depends on an end."""
        inside = walk(Sum((Term((node,)),)))
        return any(isinstance(n, Tensor) and n.ref.name in self.depending for n in inside)

    def products(self, term: Term, place: str) -> Iterator[Term]:
        """The product, its brackets multiplied out as far as they differ in ends."""
        waiting = [(term, 0)]
        while waiting:
            current, position = waiting.pop()
            while position < len(current.nodes):
                node = current.nodes[position]
                if isinstance(node, Tensor) and self.is_end(node.ref.name):
                    position += 1
                    continue
                if not self.depends(node) and not self.is_product(node):
                    position += 1
                    continue
                parts = self.parts(node, place)
                inner = (copy(Sum((part,))).terms[0] for part in parts)
                made = [_without_deltas(splice(current, position, one), position) for one in inner]
                current, position = made[0]
                waiting += reversed(made[1:])
            yield current

    def is_product(self, node: Node) -> bool:
        """Whether a factor is a value made of parameters alone, as one product: its factors keep it thin."""
        if not isinstance(node, Tensor) or node.conj or node.ref.name not in self.definitions:
            return False
        bind = self.definitions[node.ref.name]
        wired = all(isinstance(leg, Wire) for leg in (*bind.target.legs, *node.legs))
        return wired and len(bind.body.terms) == 1 and len(self.value(node.ref.name)) == 1

    def parts(self, node: Node, place: str) -> list[Term]:
        """The products that a factor is a sum of."""
        match node:
            case Tensor(ref=ref, legs=legs) if not node.conj and not self.is_atom(ref.name):
                target = self.definitions[ref.name].target
                found = []
                for term in self.value(ref.name):
                    placed, joined = in_place(target.legs, Sum((term,)), legs)
                    flat = splice(Term(tuple(placed), tuple(joined)), 0, placed[0].body.terms[0])  # type: ignore[union-attr]
                    found.append(elide_deltas(flat))
                return found
            case Tensor(ref=ref) if not node.conj:
                self.atom_of(ref.name)
                return [Term((node,))]
            case Bracket(body=body):
                return [_spread(term, node_wires(node)) for term in self.sum(body, place)]
            case Bubble(function=function, body=body, gates=gates) if function in ADDING:
                (gate,) = gates
                beside: tuple[Node, ...] = (Special("ones", (gate,)),)
                if function == "mean":
                    size = Sum((Term((SizeNumber(gate.size),)),))
                    beside = (*beside, Bubble("reciprocal", size))
                return [
                    replace(term, nodes=(*term.nodes, *beside), summed=(*term.summed, gate))
                    for term in self.sum(body, place)
                ]
            case _:
                return [Term((self.atom(node, place),))]

    def is_atom(self, name: str) -> bool:
        """Whether a value is wholly a function of what depends on ends, and not a linear one."""
        match self.definitions[name]:
            case Bind(target=target, body=Sum(terms=(Term(nodes=(Bubble() as one,), coefficient=1),))):
                plain = all(isinstance(leg, Wire) for leg in target.legs)
                return one.function not in (*ADDING, *NORMALS) and self.depends(one) and plain
        return False

    def atom_of(self, name: str) -> Atom | None:
        """The function that a value is, or that has been met under the name."""
        if name not in self.atoms and name in self.definitions and self.is_atom(name):
            (bubble,) = self.definitions[name].body.terms[0].nodes
            assert isinstance(bubble, Bubble)
            self.atoms[name] = Atom(name, bubble, self.wires(name))
        return self.atoms.get(name)

    def atom(self, node: Node, place: str) -> Tensor:
        """A use of an end that has no name of its own: a function inside of ``place``."""
        wires = node_wires(node)
        bubble = node if isinstance(node, Bubble) else Bubble("", Sum((Term((node,)),)))
        base = f"{place}:{bubble.function or 'sum'}"
        names = itertools.chain([base], (f"{base}#{number}" for number in itertools.count(2)))
        name = next(name for name in names if name not in self.atoms)
        self.atoms[name] = Atom(name, bubble, wires)
        self.depending.add(name)
        return Tensor(Ref(name), wires, origin=node.origin)

    def merged(self, group: list[Term]) -> Iterator[Term]:
        """Products with the same ends as one, what they differ in being a factor in a bracket."""
        uses = [self.uses(term) for term in group]
        wired = all(isinstance(leg, Wire) for term in uses for use in term for leg in use.legs)
        if len(group) == 1 or not uses[0] or not wired:
            yield from group
            return
        common: list[Tensor] = []
        summed: list[Wire] = []
        moved: list[dict[Wire, Wire]] = [{} for _ in group]
        deltas: list[list[Node]] = [[] for _ in group]
        for same in zip(*uses, strict=True):
            legs: list[Wire] = []
            for wires in zip(*(use.legs for use in same), strict=True):
                first = wires[0]
                assert isinstance(first, Wire)
                if all(w == first for w in wires) and not any(first in term.summed for term in group):
                    legs.append(first)
                    continue
                new = fresh_wire(first)
                summed.append(new)
                legs.append(new)
                for wire, term, move, delta in zip(wires, group, moved, deltas, strict=True):
                    assert isinstance(wire, Wire)
                    if wire in term.summed and wire not in move:
                        move[wire] = new
                    else:
                        delta.append(Special("delta", (new, move.get(wire, wire))))
            common.append(replace(same[0], legs=tuple(legs)))
        inside = []
        for term, move, delta in zip(group, moved, deltas, strict=True):
            nodes = tuple(node for node in term.nodes if node not in self.uses(term))
            left = replace(
                term, nodes=(*nodes, *delta), summed=tuple(w for w in term.summed if w not in move)
            )
            inside.append(rename(Sum((left,)), dict(move)).terms[0])
        yield Term((Bracket(Sum(tuple(inside))), *common), tuple(summed))


def _broadcast(term: Term) -> Term:
    """The product without ones on wires from outside: as a term of a sum it is broadcast along these."""
    nodes: list[Node] = []
    for node in term.nodes:
        match node:
            case Special(kind="ones", legs=legs) if all(isinstance(leg, Wire) for leg in legs):
                kept = tuple(leg for leg in legs if leg in term.summed)
                nodes += [replace(node, legs=kept)] if kept else []
            case _:
                nodes.append(node)
    return replace(term, nodes=tuple(nodes))


def _spread(term: Term, wires: tuple[Wire, ...]) -> Term:
    """The product with ones on the wires that it lacks, so that it can stand among other factors."""
    missing = tuple(wire for wire in wires if wire not in free_wires(term))
    return replace(term, nodes=(*term.nodes, Special("ones", missing))) if missing else term


def _without_deltas(term: Term, position: int) -> tuple[Term, int]:
    """The product with the deltas that only join wires taken away, to be read on from the same factor."""
    shorter = elide_deltas(term)
    return shorter, position if len(shorter.nodes) == len(term.nodes) else 0


def _with_scales(definitions: dict[str, Bind]) -> dict[str, Bind]:
    """The definitions with each normalisation as a product with its scale, a value of its own."""
    found: dict[str, Bind] = {}
    for name, bind in definitions.items():
        prefix = name.rpartition(".")[0]
        stem = f"{prefix}.{SCALE}" if prefix else SCALE
        stems = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
        free = (one for one in stems if one not in definitions and one not in found)
        scales, rest = write_out(bind, {id(bubble): next(free) for bubble in normals(bind.body)})
        found |= {scale.target.name: scale for scale in scales}
        found[name] = rest
    return found
