"""The parts of products that later positions read, with the factors that make what is kept smaller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from tnlang.ir.net import BigSum, Bind, Bracket, Bubble, Node, Ref, Sum, Tensor, Term, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.size import Size, SizeError, evaluate, variables
from tnlang.ir.walk import copy, fresh_wire, node_sizes, node_wires, rename, walk
from tnlang.transforms.incremental.causality import At, Causality, Reach
from tnlang.transforms.request import TransformError

UNKNOWN = 1024
"""The size of a dim that has no default, where sizes are compared."""


@dataclass(frozen=True, slots=True)
class Found:
    """A product with a value in the place of the factors that have the positions on ``wire``."""

    term: Term
    key: Bind


@dataclass(slots=True)
class Keys:
    """Looks for keys in the products of one net. ``bound`` are values that a statement binds."""

    program: Program
    causality: Causality
    values: Mapping[str, Reach]
    bound: Collection[str]
    fresh: Callable[[str], str]

    def find(self, term: Term, new: Collection[Wire], at: At, loops: Collection[str]) -> Found | None:
        """The next part of a product to be a value of its own; ``new`` are wires of new positions.

        ``loops`` are the variables of sums round the product. None where values that are there will do.
        """
        reaches = [self.causality.of_node(node, self.values, at) for node in term.nodes]
        for wire in dict.fromkeys(w for one in reaches for w in one.late if isinstance(w, Wire)):
            if wire in new:
                continue
            group = [
                number
                for number, (node, reach) in enumerate(zip(term.nodes, reaches, strict=True))
                if reach.late == {wire} and not self._others(node, wire)
            ]
            if not group:
                continue
            named = self._named(term, group)
            chosen = self._grown(term, group, reaches, wire, strictly=named)
            if chosen == group and named:
                continue
            return self._taken(term, chosen, wire, at, loops)
        return None

    def _others(self, node: Node, wire: Wire) -> bool:
        """Whether a factor has further wires of positions."""
        return any(w != wire and self.causality.along(w.size) for w in node_wires(node))

    def _named(self, term: Term, group: list[int]) -> bool:
        """Whether the factors are one value that is bound, used along its wires alone."""
        match [term.nodes[number] for number in group]:
            case [Tensor(ref=ref, legs=legs, conj=False)] if ref.name in self.bound:
                return all(isinstance(leg, Wire) for leg in legs) and len(set(legs)) == len(legs)
        return False

    def _grown(
        self, term: Term, group: list[int], reaches: list[Reach], wire: Wire, strictly: bool
    ) -> list[int]:
        """The factors with those that make what is kept no larger (or smaller, where it has to be)."""
        free = [
            number
            for number, node in enumerate(term.nodes)
            if not reaches[number].late
            and isinstance(node, Tensor | Bubble | Bracket)
            and not any(self.causality.along(w.size) for w in node_wires(node))
        ]
        while True:
            now = self._entries(term, group, wire)
            if now is None:
                return group
            mine = {w for number in group for w in node_wires(term.nodes[number])}
            better: list[tuple[int, int]] = []
            for number in free:
                if number in group or not mine & set(node_wires(term.nodes[number])):
                    continue
                then = self._entries(term, [*group, number], wire)
                if then is not None and (then < now or (then == now and not strictly)):
                    better.append((then, number))
            if not better:
                return sorted(group)
            group = [*group, min(better)[1]]

    def _exposed(self, term: Term, group: list[int]) -> list[Wire]:
        """The wires that lead out of some factors."""
        outside = {w for n, node in enumerate(term.nodes) if n not in group for w in node_wires(node)}
        mine = dict.fromkeys(w for number in group for w in node_wires(term.nodes[number]))
        return [w for w in mine if w in outside or w not in term.summed]

    def _entries(self, term: Term, group: list[int], wire: Wire) -> int | None:
        """How many entries are kept for a position; None where sizes differ from turn to turn."""
        total = 1
        for one in self._exposed(term, group):
            if one != wire:
                size = self._number(one.size)
                if size is None:
                    return None
                total *= size
        return total

    def _number(self, size: Size) -> int | None:
        numbers = {dim.name: UNKNOWN for dim in self.program.dims if dim.default is None}
        try:
            return evaluate(size, numbers)
        except SizeError:
            return None

    def _taken(self, term: Term, group: list[int], wire: Wire, at: At, loops: Collection[str]) -> Found:
        nodes = [term.nodes[number] for number in group]
        used = frozenset[str]().union(*(variables(size) for node in nodes for size in node_sizes(node)))
        if used & set(loops):
            raise TransformError(
                f"{at.value} of {at.net} is a Σ over {', '.join(sorted(used & set(loops)))} of what later "
                "positions read",
                "write it with a leg instead of a Σ",
                place=at.place,
            )
        # What the product sums within the group alone is summed there; the position always leads out.
        legs = [w for w in self._exposed(term, group) if w != wire]
        inner = frozenset(w for n in nodes for w in node_wires(n)) - {*legs, wire}
        legs = [w for n in nodes for w in node_wires(n) if w in legs or w == wire]
        legs = list(dict.fromkeys(legs))
        fresh = {w: fresh_wire(w) for w in (*legs, *inner)}
        body = rename(
            copy(Sum((Term(tuple(nodes), tuple(w for w in term.summed if w in inner)),))), dict(fresh)
        )
        names = [node.ref.name.lstrip("~") for node in tensors(nodes)]
        name = self.fresh("_".join(dict.fromkeys(names)) or "kept")
        target = Value(name, tuple(fresh[w] for w in legs), (), tuple(w.text for w in legs))
        key = Bind(target, body, origin=term.origin)
        rest: list[Node] = []
        for number, node in enumerate(term.nodes):
            if number == group[0]:
                rest.append(Tensor(Ref(name), tuple(legs), origin=node.origin))
            elif number not in group:
                rest.append(node)
        summed = tuple(w for w in term.summed if w not in inner)
        return Found(replace(term, nodes=tuple(rest), summed=summed), key)


def tensors(nodes: list[Node]) -> Iterator[Tensor]:
    """The tensors of some factors, those in bubbles included."""
    for node in nodes:
        match node:
            case Tensor():
                yield node
            case Bubble(body=body) | Bracket(body=body) | BigSum(body=body):
                yield from (inner for inner in walk(body) if isinstance(inner, Tensor))
            case _:
                pass
