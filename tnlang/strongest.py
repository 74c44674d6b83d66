"""The strongest paths of a run: those whose contributions to the outputs have the largest norms.

Paths are looked at best first. A path that ends with v can give, by itself or going on, at most the norm of v
times a number that its last block alone decides: the largest product of the norms of what may follow. So
nothing is looked at that cannot be among the strongest, and when no path left can, the list is certain.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from tnlang.ir.cut import thinnest
from tnlang.ir.net import Decl, Net, Node, Sum, Tensor, Term, Wire
from tnlang.ir.program import Program
from tnlang.ir.size import evaluate
from tnlang.ir.slots import array_legs, check_shapes, dotted, input_decls, onehot_leg, settled_dims
from tnlang.ir.walk import node_wires, value_wires
from tnlang.reference.arrays import Array, Labelled, Lookup, OneHot, Value, multiply, spread
from tnlang.reference.evaluate import Scope, evaluate_node, evaluate_sum
from tnlang.source import ValueMismatch
from tnlang.transforms.expand.blocks import Component, Expansion, Path
from tnlang.transforms.expand.outputs import output_value, read_paths
from tnlang.transforms.expand.paths import after, through
from tnlang.transforms.request import TransformError

BUDGET = 10_000
"""Paths that are looked at."""
LARGEST = 20_000_000
"""Entries of an operator whose norm is computed; of larger ones it is bounded by those of the factors."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A path by its name, and the norm of what it contributes to the outputs."""

    name: str
    norm: float


@dataclass(frozen=True, slots=True)
class Strongest:
    """Paths, the strongest first. No other contributes more than ``bound``.

    ``certain`` tells that none is stronger than those listed; ``looked_at`` is how many paths were computed.
    """

    paths: tuple[Strength, ...]
    bound: float
    certain: bool
    looked_at: int

    @property
    def named(self) -> str:
        """The option that lists them: ``expand(net, paths, named = "…")``."""
        return "; ".join(path.name for path in self.paths)


def strongest(
    program: Program,
    net: Net,
    count: int,
    inputs: Mapping[str, ArrayLike],
    parameters: Mapping[str, ArrayLike],
    frozen: Mapping[str, ArrayLike],
    *,
    split: bool = True,
    budget: int = BUDGET,
) -> Strongest:
    """The strongest paths of a net on these arrays, heads apart with ``split``, at most ``budget`` looked at.

    Raises TransformError where the net has no paths (it is not linear), ValueMismatch for arrays that do not
    fit.
    """
    expansion, _ = read_paths(program, net, split)
    run = _Run(program, net, expansion, dict(inputs), parameters, frozen)
    norms = _norms(run)
    gains = _gains(run, norms)
    order = itertools.count()
    waiting: list[tuple[float, int, _Waiting]] = []

    def wait(most: float, one: _Waiting) -> None:
        heapq.heappush(waiting, (-most, next(order), one))

    def wait_for(path: Path, value: Array) -> None:
        size = float(np.linalg.norm(value))
        wait(_times(gains[path.at], size), _Waiting(path, value, size))

    for source in expansion.sources:
        wait_for(source, run.dense(source.value))
    best: list[tuple[float, int, str]] = []
    looked_at = 0
    while waiting and looked_at < budget:
        if len(best) == count and -waiting[0][0] <= best[0][0]:
            break
        _, number, one = heapq.heappop(waiting)
        if one.part is not None:
            path = Path(through(one.path, one.part), one.path.value, one.part.at)
            wait_for(path, run.applied(one.part, one.path, one.value))
            continue
        looked_at += 1
        norm = run.contribution(one.path, one.value)
        keep = heapq.heappush if len(best) < count else heapq.heappushpop
        keep(best, (norm, -number, one.path.name))
        for part in after(expansion, one.path.at):
            most = _times(_times(norms[part.name, part.at], gains[part.at]), one.size)
            wait(most, _Waiting(one.path, one.value, one.size, part))
    bound = -waiting[0][0] if waiting else 0.0
    least = best[0][0] if len(best) == count and best else 0.0
    found = tuple(Strength(name, norm) for norm, _, name in sorted(best, reverse=True))
    return Strongest(found, bound, bound <= least, looked_at)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A path with its value and that value's norm; with ``part`` the path that goes on through it instead."""

    path: Path
    value: Array
    size: float
    part: Component | None = None


@dataclass(slots=True)
class _Run:
    """The arrays of a run of a flat net; what depends on no stream is computed when it is asked for."""

    program: Program
    net: Net
    expansion: Expansion
    inputs: dict[str, ArrayLike]
    parameters: Mapping[str, ArrayLike]
    frozen: Mapping[str, ArrayLike]
    known: dict[tuple[str, tuple[int, ...]], Value] = field(default_factory=dict)
    outputs: list[tuple[tuple[Wire, ...], list[Term]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        declared = {dotted(d.name, d.subs): d for d in input_decls(self.program, self.net)}
        owned = {dotted(d.name, d.subs): d for d in self.expansion.streams.flat.owned}
        owned |= {dotted(d.name, d.subs): d for d in self.program.declarations}
        shapes = []
        for name, decl in declared.items():
            if name not in self.inputs:
                raise ValueMismatch(f"net {self.net.name}: missing input {name}")
            array = np.asarray(self.inputs[name])
            shapes.append(("input", name, array_legs(decl), array.shape))
            self.known[decl.name, decl.subs] = array
        for name, decl in owned.items():
            if (decl.name, decl.subs) in self.known:
                continue
            if decl.kind == "const":
                self.known[decl.name, decl.subs] = np.asarray(decl.value)
            elif name in self.parameters:
                array = np.asarray(self.parameters[name])
                shapes.append(("parameter", name, decl.legs, array.shape))
                self.known[decl.name, decl.subs] = array
        self.numbers = settled_dims(self.net.name, {}, shapes)
        check_shapes(self.net.name, self.numbers, shapes)
        for _, name, legs, shape in shapes:
            if len(legs) != len(shape):
                raise ValueMismatch(f"net {self.net.name}: {name} has batch axes: take one run at a time")
        for decl in declared.values():
            self._hot(decl)
        self.scope = Scope(self.value, self.numbers, 0, {}, lambda name, array: None, {})
        for output, name in zip(self.net.outputs, self.expansion.streams.flat.outputs, strict=True):
            target, total = output_value(self.expansion, output, name)
            if any(len(self.expansion.streams.uses(term)) > 1 for term in total.terms):
                said = f"the output {target.name} multiplies values of a stream with one another"
                raise TransformError(said, "expand(net, paths) lists its products")
            linear = [term for term in total.terms if self.expansion.streams.uses(term)]
            self.outputs.append((value_wires(target.legs), linear))

    def _hot(self, decl: Decl) -> None:
        hot = onehot_leg(decl)
        found = self.known[decl.name, decl.subs]
        if hot is not None and isinstance(found, np.ndarray):
            size = evaluate(decl.legs[hot].size, self.numbers)
            self.known[decl.name, decl.subs] = OneHot(found, hot, size)

    def value(self, name: str, subs: tuple[int, ...]) -> Value:
        """A value that depends on no stream."""
        if (name, subs) not in self.known:
            self.known[name, subs] = self.computed(name)
        return self.known[name, subs]

    def computed(self, name: str) -> Array:
        made = {bind.target.name: bind for bind in self.expansion.bindings}
        bind = made.get(name) or self.expansion.streams.definitions.get(name)
        if bind is not None and (name in made or name not in self.expansion.streams.depending):
            return self.evaluated([*bind.body.terms], value_wires(bind.target.legs))
        plain = name.replace("*", "")
        key = name if name in self.frozen else plain
        if key not in self.frozen:
            raise ValueMismatch(f"net {self.net.name} needs the value {name}")
        return np.asarray(self.frozen[key])

    def dense(self, name: str) -> Array:
        found = self.value(name, ())
        return found.dense(0) if isinstance(found, OneHot) else found

    def evaluated(self, terms: Sequence[Term], wires: tuple[Wire, ...]) -> Array:
        return evaluate_sum(Sum(tuple(terms)), wires, self.scope)

    def applied(self, part: Component, path: Path, value: Array) -> Array:
        """What a component gives for a path's value in place of the stream."""
        self.known |= {(read, ()): value for read in part.reads}
        terms = self.expansion.applied(part, path.at)
        return self.evaluated(terms, self.expansion.assignments[part.at].legs)

    def contribution(self, path: Path, value: Array) -> float:
        """The norm of what a path gives to the outputs."""
        total = 0.0
        for wires, linear in self.outputs:
            read = [t for t in linear if path.at in self.expansion.within[self.reads(t)]]
            for term in read:
                self.known[self.reads(term), ()] = value
            if read:
                total += float(np.linalg.norm(self.evaluated(read, wires))) ** 2
        return math.sqrt(total)

    def reads(self, term: Term) -> str:
        return self.expansion.streams.uses(term)[0]


def _norms(run: _Run) -> dict[tuple[str, int], float]:
    """The norm of each component as an operator, or more, by its name and assignment."""
    return {
        (part.name, part.at): sum(_norm(run, t, run.expansion.assignments[part.at].legs) for t in part.terms)
        for block in run.expansion.blocks
        for part in block.parts
    }


def _gains(run: _Run, norms: Mapping[tuple[str, int], float]) -> dict[int, float]:
    """By assignment: the most that a value added there can be multiplied by on its way to the outputs."""
    expansion = run.expansion
    ends = {path.at for path in expansion.sources} | {block.whole.at for block in expansion.blocks}
    gains: dict[int, float] = {}
    outputs = [[(run.reads(t), _norm(run, t, wires)) for t in linear] for wires, linear in run.outputs]
    for at in sorted(ends, reverse=True):
        direct = [sum(norm for reads, norm in one if at in expansion.within[reads]) for one in outputs]
        on = (
            _times(norms[part.name, part.at], gains[part.at])
            for block in expansion.blocks
            for part in block.parts
            if expansion.applied(part, at)
        )
        gains[at] = max([math.hypot(*direct), *on])
    return gains


def _times(one: float, other: float) -> float:
    """The product, where infinity times 0 is 0."""
    return 0.0 if one == 0 or other == 0 else one * other


def _norm(run: _Run, term: Term, kept: tuple[Wire, ...]) -> float:
    """The norm of a product as an operator on the stream that it reads, or more.

    What stands beside the stream falls into parts that have wires of the stream and of the result; the norm
    is the product of theirs. A wire that is in both goes through: of its entries the largest counts. Infinite
    where the stream stands deeper in the term.
    """
    streams = run.expansion.streams.stream
    own = next((n for n in term.nodes if isinstance(n, Tensor) and n.ref.name in streams), None)
    if own is None:
        return math.inf
    others = [node for node in term.nodes if node is not own]
    into, out = set(node_wires(own)), set(kept)
    total = abs(complex(term.coefficient))
    for nodes in _parts(others):
        wires = {wire for node in nodes for wire in node_wires(node)}
        both = [wire for wire in into & out if wire in wires]
        rows = [wire for wire in out - into if wire in wires]
        columns = [wire for wire in into - out if wire in wires]
        total *= _operator_norm(run, nodes, both, rows, columns)
    seen = {wire for node in others for wire in node_wires(node)}
    alone = [w for w in (into - out) | (out - into) if w not in seen]  # summed alone, or broadcast
    return float(total * math.sqrt(math.prod(run.scope.size(wire.size) for wire in alone)))


def _operator_norm(
    run: _Run, nodes: Sequence[Node], both: list[Wire], rows: list[Wire], columns: list[Wire]
) -> float:
    """The largest norm of a product as matrices from ``columns`` to ``rows``, over the entries of ``both``.

    It is taken where the product is thinnest: for a head through the legs of its size. Where arrays would be
    too large, the product of the norms of what they are made from.
    """
    ends = [node_wires(node) for node in nodes]
    sizes = {wire: run.scope.size(wire.size) for wires in ends for wire in wires}
    near, bond = thinnest(ends, rows, columns, both, sizes)
    facts = [evaluate_node(node, run.scope) for node in nodes]
    sides = [([fact for fact, is_near in zip(facts, near, strict=True) if is_near], rows)]
    sides.append(([fact for fact, is_near in zip(facts, near, strict=True) if not is_near], columns))
    if {*bond} & {*rows, *columns} or not all(own for own, _ in sides):
        sides, bond = [(facts, rows)], tuple(columns)
    if any(math.prod(sizes[wire] for wire in (*both, *side, *bond)) > LARGEST for _, side in sides):
        return math.prod(_frobenius(fact) for fact in facts)
    matrices = []
    for own, side in sides:
        array = spread(
            multiply(own, (*both, *side, *bond), run.numbers), (*both, *side, *bond), run.scope.size, 0
        )
        size = [math.prod(sizes[wire] for wire in group) for group in (both, side, bond)]
        matrices.append(array.reshape(size))
    if len(matrices) == 1:
        return _largest(matrices[0])
    return largest_of_products(*matrices)


def _frobenius(fact: Labelled | Lookup) -> float:
    return float(np.linalg.norm(fact.array)) if isinstance(fact, Labelled) else math.inf


def _largest(matrices: Array) -> float:
    """The largest singular value of matrices over the first axis."""
    if matrices.shape[1] > matrices.shape[2]:
        matrices = matrices.swapaxes(1, 2)
    squares = matrices @ matrices.conj().swapaxes(1, 2)
    return float(np.sqrt(max(0.0, np.linalg.eigvalsh(squares)[:, -1].max(initial=0.0)))) * (1 + 1e-9)


def largest_of_products(left: Array, right: Array) -> float:
    """The largest singular value of products L Rᵀ over the first axis, or little more: through L†L and R†R.

    What rounding may have taken away is added, so that it is never less.
    """
    grams = [matrices.conj().swapaxes(1, 2) @ matrices for matrices in (left, right.conj())]
    values, vectors = np.linalg.eigh(grams[1])
    roots = vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
    squares = np.linalg.eigvalsh(roots.conj().swapaxes(1, 2) @ grams[0] @ roots)
    traces = [np.trace(gram, axis1=1, axis2=2).real for gram in grams]
    steps = left.shape[1] + right.shape[1] + 4 * left.shape[2]
    largest = squares.max(axis=1, initial=0.0) + 4 * steps * np.finfo(float).eps * traces[0] * traces[1]
    return float(np.sqrt(largest.max(initial=0.0)))


def _parts(nodes: Sequence[Node]) -> list[list[Node]]:
    """The nodes that hang together by wires."""
    parts: list[list[Node]] = []
    for node in nodes:
        wires = set(node_wires(node))
        joined = [p for p in parts if any(wires & set(node_wires(other)) for other in p)]
        parts = [p for p in parts if not any(p is one for one in joined)]
        parts.append([*itertools.chain(*joined), node])
    return parts
