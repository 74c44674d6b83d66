"""What running a net costs, counted on its definition: arithmetic operations and the arrays that are made.

Products are contracted pairwise in the order of ``order.py``. Multiplications and additions count one each
for an entry, a function what PER_ENTRY says; re-indexing (one-hot lookups, delta, ones, basis, shift, slices,
groups) counts nothing. Batch axes are left out: all numbers are for one member of a batch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Factor,
    Frozen,
    Loop,
    Node,
    Number,
    Repeat,
    Shared,
    SizeNumber,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.order import pairwise
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize, LoopVar, Size, SizeError, SizeOp, evaluate, loop_key, variables
from tnlang.ir.slots import check_dims, onehot_leg, used_file_level
from tnlang.ir.walk import free_wires, ix_wires, node_wires, statements, value_wires, walk

NOMINAL = 1024
"""The size a dim without default is counted with where the caller gives none."""

MOST_TURNS = 10_000
"""So many turns of loops with unlike sizes are counted one by one; turns that are alike are multiplied."""

PER_ENTRY: dict[str, int] = {
    **dict.fromkeys(("causal", "real", "imag", "conj"), 0),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "layernorm"), 5),
    **dict.fromkeys(("rmsnorm", "normalize", "var", "std"), 4),
    **dict.fromkeys(("mean", "norm"), 2),
}
"""Operations for each entry of the argument; 1 for every other function."""


def nominal(size: Size) -> int:
    """A likely value of a size: defaults, and NOMINAL for what has none."""
    match size:
        case int():
            return size
        case LoopVar():
            return 1
        case DimSize(dim):
            return NOMINAL if dim.default is None else nominal(dim.default)
        case SizeOp(op, left, right):
            try:
                value = evaluate(SizeOp(op, nominal(left), nominal(right)), {})
            except ValueError:
                value = NOMINAL
            return max(value, 1)


@dataclass(frozen=True, slots=True)
class CostStep:
    """One step: where (``attention.A``), what, the wires of its result, operations each time, how often."""

    path: str
    what: str
    wires: tuple[tuple[str, int], ...]
    flops: int
    times: int = 1

    @property
    def entries(self) -> int:
        """How many entries the result has."""
        return math.prod(size for _, size in self.wires)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a net: its steps in order, and the sizes ``assumed`` for dims without default."""

    net: str
    steps: tuple[CostStep, ...]
    assumed: Mapping[str, int]

    @property
    def flops(self) -> int:
        """All arithmetic operations."""
        return sum(step.flops * step.times for step in self.steps)

    @property
    def largest(self) -> CostStep | None:
        """The step with the largest result; None where there is nothing to do."""
        return max(self.steps, key=lambda step: step.entries, default=None)


def cost(program: Program, net: str, dims: Mapping[str, int] | None = None) -> Cost:
    """Count a net with its dims at their defaults, or as given; a dim without default is taken as NOMINAL.

    Raises KeyError for no such net, ValueMismatch for a dim the program does not have, SizeError for sizes
    that do not come out and for more than MOST_TURNS turns of unlike sizes.
    """
    given = dict(dims or {})
    check_dims(program, given)
    assumed = {d.name: NOMINAL for d in program.dims if d.default is None and d.name not in given}
    return Cost(net, _Nets(program, {**given, **assumed}).steps(net), assumed)


def _merged(steps: Iterable[CostStep]) -> tuple[CostStep, ...]:
    """Steps that are alike as one, where the first of them stands."""
    times: dict[CostStep, int] = {}
    for step in steps:
        key = replace(step, times=1)
        times[key] = times.get(key, 0) + step.times
    return tuple(replace(step, times=count) for step, count in times.items())


@dataclass(slots=True)
class _Nets:
    """The nets of a program counted, each once, as its sizes do not depend on who calls it."""

    program: Program
    numbers: Mapping[str, int]
    known: dict[str, tuple[CostStep, ...]] = field(default_factory=dict)
    walked: Iterator[int] = field(default_factory=itertools.count)

    def steps(self, name: str) -> tuple[CostStep, ...]:
        """What a net does, its calls included."""
        if name not in self.known:
            counter = _Counter(self, self.numbers, self.hot_legs(name))
            counter.run(self.program.net(name).body)
            self.known[name] = _merged(counter.steps)
        return self.known[name]

    def hot_legs(self, name: str) -> Mapping[str, int]:
        """The one-hot legs of the inputs that have one."""
        net = self.program.net(name)
        legs = {d.name: onehot_leg(d) for d in (*used_file_level(self.program, net), *net.inputs)}
        return {input_name: leg for input_name, leg in legs.items() if leg is not None}


@dataclass(frozen=True, slots=True)
class _Operand:
    """An array in a product: the wires of its axes and a name to call it by."""

    wires: tuple[Wire, ...]
    name: str


@dataclass(slots=True)
class _Counter:
    """Goes through a net, whose statements are run ``times`` each; ``steps`` grows as it goes."""

    nets: _Nets
    numbers: Mapping[str, int]
    hot: Mapping[str, int]
    times: int = 1
    steps: list[CostStep] = field(default_factory=list)

    def run(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            match statement:
                case Bind(target=target, body=total):
                    self.total(total, value_wires(target.legs), target.name)
                case StreamSet(target=target, body=total, op=op):
                    wires = value_wires(target.legs)
                    self.total(total, wires, target.name)
                    if op != "=":
                        self.step(target.name, op, wires, self.volume(wires))
                case Call(name=name, net=callee):
                    self.steps += (
                        replace(step, path=f"{name}.{step.path}", times=step.times * self.times)
                        for step in self.nets.steps(callee)
                    )
                case Repeat(loop=loop, body=inside):
                    for turn in self.turns((loop,), set(_variables_of(inside))):
                        turn.run(inside)
                case Shared() | Frozen() | Factor():
                    pass

    def volume(self, wires: Iterable[Wire]) -> int:
        return math.prod(evaluate(wire.size, self.numbers) for wire in set(wires))

    def step(self, path: str, what: str, wires: Sequence[Wire], flops: int) -> None:
        if flops > 0:
            named = tuple((wire.text, evaluate(wire.size, self.numbers)) for wire in wires)
            self.steps.append(CostStep(path, what, named, flops, self.times))

    def total(self, total: Sum, wanted: Sequence[Wire], path: str) -> tuple[Wire, ...]:
        """Count a sum; gives the wires of the wanted ones that it has."""
        for term in total.terms:
            self.term(term, wanted, path)
        free = free_wires(total)
        kept = tuple(wire for wire in wanted if wire in free)
        if len(total.terms) > 1:
            self.step(path, "+", kept, (len(total.terms) - 1) * self.volume(kept))
        return kept

    def term(self, term: Term, wanted: Sequence[Wire], path: str) -> None:
        product = _Product(tuple(wanted))
        self.gather(term, product, path)
        kept = tuple(dict.fromkeys(product.joined(wire) for wire in wanted))
        operands = [
            _Operand(tuple(w for w in map(product.joined, o.wires) if w not in product.fixed), o.name)
            for o in product.operands
        ]
        operands = [replace(o, wires=tuple(product.looked_up(o.wires))) for o in operands]
        sizes = {w: evaluate(w.size, self.numbers) for o in operands for w in (*o.wires, *kept)}
        for step in pairwise([o.wires for o in operands], kept, sizes):
            right = operands.pop(step.right) if step.right is not None else None
            left = operands.pop(step.left)
            wires = {*left.wires, *(right.wires if right else ())}
            each = (right is not None) + bool(wires - set(step.out))
            result = _Operand(step.out, f"{left.name} {right.name}" if right else left.name)
            self.step(path, result.name, step.out, each * self.volume(wires))
            operands.append(result)
        if product.scaled:
            free = set(free_wires(term))
            wires_left = tuple(wire for wire in wanted if wire in free)
            self.step(path, "scale", wires_left, self.volume(wires_left))

    def gather(self, term: Term, product: _Product, path: str) -> None:
        """Sort the nodes of a term into operands, lookups and joined wires; count what is inside them."""
        product.scaled = product.scaled or term.coefficient not in (1, -1)
        for node in term.nodes:
            match node:
                case Tensor(ref=ref, legs=legs):
                    wires = tuple(wire for leg in legs for wire in ix_wires(leg))
                    hot = self.hot_wires(node)
                    if hot and not set(hot) & set(product.wanted):
                        product.lookups.append((hot, tuple(wire for wire in wires if wire not in hot)))
                    else:
                        product.operands.append(_Operand(wires, ref.name))
                case Special(kind="delta" | "shift", legs=legs):
                    product.join([wire for leg in legs for wire in ix_wires(leg)])
                case Special(kind="basis", legs=legs):
                    product.fixed.update(wire for leg in legs for wire in ix_wires(leg))
                case Special(kind="ones"):
                    pass
                case Special(kind=kind, legs=legs):
                    product.operands.append(
                        _Operand(tuple(wire for leg in legs for wire in ix_wires(leg)), kind)
                    )
                case Number() | SizeNumber():
                    product.scaled = True
                case Bracket(body=Sum(terms=(single,)), name=""):
                    self.gather(single, product, path)
                case Bubble() if not node_wires(node) and not free_wires(node.body):
                    product.scaled = True
                case _:
                    product.operands.append(self.nested(node, path))

    def nested(self, node: Node, path: str) -> _Operand:
        """Count what is inside a node; gives it as an operand of the product it stands in."""
        out = node_wires(node)
        match node:
            case Bubble(function=function, body=body, gates=gates):
                inside = self.total(body, tuple(dict.fromkeys((*free_wires(body), *gates))), path)
                known = function in FUNCTIONS and FUNCTIONS[function].gates
                what = f"{function}[{', '.join(w.text for w in gates)}]" if known else function
                self.step(path, what, out, PER_ENTRY.get(function, 1) * self.volume(inside))
                return _Operand(out, function)
            case Bracket(body=body):
                self.total(body, out, path)
                return _Operand(out, "(…)")
            case BigSum(loops=loops, body=body):
                self.big_sum(loops, body, out, path)
                return _Operand(out, "Σ")
            case _:
                return _Operand(out, "")

    def big_sum(self, loops: tuple[Loop, ...], body: Sum, out: tuple[Wire, ...], path: str) -> None:
        turns = 0
        for turn in self.turns(loops, {*_variables_in(body), *_variables_of_loops(loops)}):
            turn.total(body, out, path)
            turns += turn.times
        self.step(path, "Σ", out, (turns // self.times - 1) * self.volume(out))

    def turns(self, loops: tuple[Loop, ...], unlike: set[str]) -> Iterator[_Counter]:
        """Counters for the turns of nested loops: one for each, or one for all where their sizes are alike.

        ``unlike`` are the variables that sizes depend on.
        """
        if not loops:
            yield self
            return
        loop, *rest = loops
        start, stop = evaluate(loop.start, self.numbers), evaluate(loop.stop, self.numbers)
        if stop <= start:
            return
        if loop.var not in unlike:
            yield from replace(self, times=self.times * (stop - start)).turns(tuple(rest), unlike)
            return
        for number in range(start, stop):
            if next(self.nets.walked) >= MOST_TURNS:
                raise SizeError(f"more than {MOST_TURNS:,} turns with unlike sizes are not counted")
            turn = replace(self, numbers={**self.numbers, loop_key(loop.var): number})
            yield from turn.turns(tuple(rest), unlike)

    def hot_wires(self, node: Tensor) -> tuple[Wire, ...]:
        """The wires on the one-hot leg of a one-hot input."""
        leg = self.hot.get(node.ref.name)
        return ix_wires(node.legs[leg]) if leg is not None else ()


def _variables_of(body: tuple[Stmt, ...]) -> Iterator[str]:
    """The loop variables that the sizes of statements depend on, and the number of their turns."""
    for statement in statements(body):
        match statement:
            case Bind(target=target, body=total) | StreamSet(target=target, body=total):
                for wire in value_wires(target.legs):
                    yield from variables(wire.size)
                yield from _variables_in(total)
            case Repeat(loop=loop):
                yield from _variables_of_loops((loop,))
            case _:
                pass


def _variables_in(total: Sum) -> Iterator[str]:
    """The loop variables that the sizes of a sum depend on."""
    for node in walk(total):
        match node:
            case Tensor(legs=legs) | Special(legs=legs):
                for wire in (wire for leg in legs for wire in ix_wires(leg)):
                    yield from variables(wire.size)
            case BigSum(loops=loops):
                yield from _variables_of_loops(loops)
            case _:
                pass


def _variables_of_loops(loops: tuple[Loop, ...]) -> Iterator[str]:
    for loop in loops:
        yield from variables(loop.start)
        yield from variables(loop.stop)


@dataclass(slots=True)
class _Product:
    """A product being sorted: its operands, wires that are one, wires held fixed, one-hot lookups."""

    wanted: tuple[Wire, ...]
    operands: list[_Operand] = field(default_factory=list)
    lookups: list[tuple[tuple[Wire, ...], tuple[Wire, ...]]] = field(default_factory=list)
    fixed: set[Wire] = field(default_factory=set)
    same: dict[Wire, Wire] = field(default_factory=dict)
    scaled: bool = False

    def joined(self, wire: Wire) -> Wire:
        """The one wire that stands for all that are joined with this one."""
        while wire in self.same:
            wire = self.same[wire]
        return wire

    def join(self, wires: Sequence[Wire]) -> None:
        for wire in wires[1:]:
            first, other = self.joined(wires[0]), self.joined(wire)
            if first != other:
                self.same[other] = first

    def looked_up(self, wires: Iterable[Wire]) -> Iterator[Wire]:
        """The wires with a looked-up one replaced by those of the indices that look it up."""
        for wire in wires:
            found = next((index for hot, index in self.lookups if wire in map(self.joined, hot)), None)
            yield from (wire,) if found is None else found
