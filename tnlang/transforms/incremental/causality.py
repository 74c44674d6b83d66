"""What each value of a net depends on, position by position: found before anything is made a step of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Factor,
    Frozen,
    Net,
    Node,
    Number,
    Repeat,
    SizeNumber,
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
from tnlang.ir.size import Dim, DimSize, Size
from tnlang.ir.walk import ix_wires
from tnlang.source import Span
from tnlang.transforms.request import TransformError

Place = Wire | int
"""A leg of a value by its number, or what joins it in a product."""

Pairs = frozenset[tuple[Place, Place]]


@dataclass(frozen=True, slots=True)
class Reach:
    """An entry depends on no input later than the last of its positions on ``late``.

    A pair (q, k) is in ``zero`` or ``masked`` where entries with k > q are 0 or -inf, whatever comes in.
    """

    late: frozenset[Place] = frozenset()
    zero: Pairs = frozenset()
    masked: Pairs = frozenset()

    def on(self, places: Mapping[Place, Place]) -> Reach:
        """The same of other legs: what is not among ``places`` is left out."""
        return Reach(
            frozenset(places[p] for p in self.late if p in places),
            _moved(self.zero, places),
            _moved(self.masked, places),
        )


WHOLE = Reach()
"""Of what is known from the first step on."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The reach of each value of a net by name, and of its outputs."""

    values: Mapping[str, Reach]
    outputs: tuple[Reach, ...]


@dataclass(slots=True)
class Causality:
    """The values of all nets of a program along one dim. Raises TransformError for what is not causal."""

    program: Program
    dim: Dim
    known: dict[tuple[str, tuple[Reach, ...]], Facts] = field(default_factory=dict)

    def along(self, size: Size) -> bool:
        """Whether a leg of this size is one of positions."""
        return size == DimSize(self.dim)

    def positions(self, value: Value) -> tuple[int, ...]:
        """The numbers of a value's legs that are positions."""
        return tuple(n for n, leg in enumerate(value.legs) if isinstance(leg, Wire) and self.along(leg.size))

    def facts(self, net: Net, inputs: tuple[Reach, ...]) -> Facts:
        """What the values of a net reach whose inputs reach this far."""
        key = (net.name, inputs)
        if key not in self.known:
            values = {decl.name: reach for decl, reach in zip(net.inputs, inputs, strict=True)}
            before: dict[str, Reach] = {}
            while before != values:
                before = dict(values)
                self._block(net, net.body, values)
            found = tuple(values.get(output.name, WHOLE) for output in net.outputs)
            self.known[key] = Facts(values, found)
        return self.known[key]

    def _block(self, net: Net, body: tuple[Stmt, ...], values: dict[str, Reach]) -> None:
        for statement in body:
            match statement:
                case Bind(target=target, body=total):
                    found = self.reach(total, values, _at(net, statement))
                    _join(values, target.name, self._of_legs(net, target, found, statement.origin.span))
                case StreamSet(target=target, body=total):
                    self._of_legs(
                        net, target, self.reach(total, values, _at(net, statement)), statement.origin.span
                    )
                    legs = self.positions(target)
                    if len(legs) > 1:
                        raise TransformError(
                            f"the stream {target.name} of {net.name} has {len(legs)} legs of {self.dim.name}",
                            "bind what has both legs to a name: a stream has one value at a position",
                            place=statement.origin.span,
                        )
                    values[target.name] = Reach(frozenset(legs))
                case Call(net=callee, arguments=arguments, results=results):
                    given = tuple(values.get(ref.name, WHOLE) for ref in arguments)
                    for result, reach in zip(
                        results, self.facts(self.program.net(callee), given).outputs, strict=True
                    ):
                        _join(values, result.name, reach)
                case Frozen(target=target):
                    raise TransformError(
                        f"{target.name} of {net.name} is frozen: it comes whole, not step by step",
                        "make the step of the net itself, and freeze values of that",
                        place=statement.origin.span,
                    )
                case Factor(source=source):
                    if values.get(source.name, WHOLE).late:
                        raise TransformError(
                            f"the factors of {source.name} in {net.name} depend on all positions",
                            "make the step of the net itself, and decompose its parameters",
                            place=statement.origin.span,
                        )
                case Repeat(body=inner):
                    self._block(net, inner, values)
                case _:
                    pass

    def _of_legs(self, net: Net, target: Value, found: Reach, place: Span) -> Reach:
        """What a sum reaches, on the legs of the value that it is bound to."""
        places: dict[Place, Place] = {}
        for number, leg in enumerate(target.legs):
            if isinstance(leg, Wire):
                places.setdefault(leg, number)
            elif found.late & frozenset(ix_wires(leg)):
                raise TransformError(
                    f"{target.name} of {net.name} joins {self.dim.name} with other wires on one leg",
                    "give its positions a leg of their own",
                    place=place,
                )
        return found.on(places)

    # ------------------------------------------------------------ sums and products

    def reach(self, body: Sum, values: Mapping[str, Reach], at: At) -> Reach:
        """What a sum reaches, on its wires."""
        found = [self.of_term(term, values, at) for term in body.terms]
        if not found:
            return WHOLE
        zero = found[0].zero
        for one in found[1:]:
            zero &= one.zero
        return Reach(
            frozenset[Place]().union(*(one.late for one in found)),
            zero,
            frozenset[tuple[Place, Place]]().union(*(one.masked for one in found)),
        )

    def of_term(self, term: Term, values: Mapping[str, Reach], at: At) -> Reach:
        """What a product reaches, after its sums."""
        found = [self.of_node(node, values, at) for node in term.nodes]
        zero = _chained(frozenset[tuple[Place, Place]]().union(*(one.zero for one in found)))
        late: set[Place] = set().union(*(one.late for one in found))
        summed = frozenset(term.summed)
        for wire in [w for w in term.summed if w in late]:
            bounds = [q for q, k in zero if k == wire and q not in summed]
            if not bounds:
                users = [n for n, one in zip(term.nodes, found, strict=True) if wire in one.late]
                raise at.refused(wire.text, users)
            late.discard(wire)
            if not late & set(bounds):
                late.add(min(bounds, key=_number))
        left: dict[Place, Place] = {p: p for pair in zero for p in pair if p not in summed}
        masked: Pairs = frozenset()
        for number, one in enumerate(found):
            others = (*term.nodes[:number], *term.nodes[number + 1 :])
            if one.masked and _positive(term.coefficient) and all(map(_is_positive, others)):
                masked = one.masked
        kept: dict[Place, Place] = {p: p for pair in masked for p in pair if p not in summed}
        return Reach(frozenset(late), _moved(zero, left), _moved(masked, kept))

    def of_node(self, node: Node, values: Mapping[str, Reach], at: At) -> Reach:
        """What a factor reaches, on its wires."""
        match node:
            case Tensor(ref=ref, legs=legs):
                known = values.get(ref.name, WHOLE)
                places: dict[Place, Place] = {}
                for number, leg in enumerate(legs):
                    if isinstance(leg, Wire) and self.along(leg.size):
                        places[number] = leg
                    elif number in known.late:
                        raise at.fixed(ref.name)
                return known.on(places)
            case Special():
                return Reach(frozenset(), frozenset(self._bounds(node)))
            case Number() | SizeNumber():
                return WHOLE
            case Bracket(body=body) | BigSum(body=body):
                return self.reach(body, values, at)
            case Bubble(body=body):
                return self._of_bubble(node, self.reach(body, values, at), at)

    def _bounds(self, node: Special) -> Iterator[tuple[Place, Place]]:
        """The pairs (q, k) of which a special tensor is 0 where k > q."""
        wires = [leg if isinstance(leg, Wire) and self.along(leg.size) else None for leg in node.legs]
        pairs = [(a, b) for a in wires for b in wires if a is not None and b is not None and a != b]
        match node.kind:
            case "delta":
                yield from pairs
            case "tril":
                yield from pairs[:1]
            case "shift" if isinstance(node.at, int):
                yield from pairs[:1] if node.at > 0 else pairs[1:] if node.at < 0 else pairs
            case _:
                pass

    def _of_bubble(self, node: Bubble, inner: Reach, at: At) -> Reach:
        name, gates = node.function, node.gates
        if name == "causal":
            query, key = gates
            pair: Pairs = frozenset({(query, key)} if all(self.along(g.size) for g in gates) else ())
            return Reach(inner.late, frozenset(), _chained(inner.masked | pair))
        if not gates:
            zero = inner.zero if name in _KEEP_ZERO else frozenset()
            zero |= inner.masked if name in _TO_ZERO else frozenset()
            return Reach(inner.late, zero, inner.zero if name == "log" else frozenset())
        if name == "cumsum":
            return Reach(inner.late)
        late = set(inner.late)
        fixed = _chained(inner.zero | inner.masked)
        for gate in gates:
            if gate in late:
                bounds = [q for q, k in fixed if k == gate and q not in gates]
                if not bounds:
                    raise at.refused(gate.text, [node], f"{name}[{gate.text}]")
                late.discard(gate)
                late.add(min(bounds, key=_number))
        kept: dict[Place, Place] = {p: p for pair in fixed for p in pair}
        if name not in FUNCTIONS or FUNCTIONS[name].legs == "ends":
            kept = {p: p for p in kept if p not in gates}
        here = frozenset(pair for pair in inner.masked if pair[1] in gates)
        return Reach(
            frozenset(late),
            here
            if name in ("softmax", "argmax")
            else _moved(inner.zero, kept)
            if name in _LINEAR
            else frozenset(),
            here if name in ("log_softmax", "topk") else frozenset(),
        )


@dataclass(frozen=True, slots=True)
class At:
    """The statement that is looked at, for what there is to say of it."""

    value: str
    net: str
    place: Span

    def refused(self, wire: str, users: list[Node], function: str = "") -> TransformError:
        """Of a sum, or a function, that takes in later positions."""
        names = [n.ref.name for n in users if isinstance(n, Tensor)]
        what = f" of {' and '.join(dict.fromkeys(names))}" if names else ""
        how = f"{function} takes in" if function else f"its sum over {wire} takes in"
        return TransformError(
            f"{self.value} of {self.net} is not causal: {how} all positions {wire}{what}",
            f"let later positions not count: causal[q, {wire}](…) inside a softmax, or tril[q, {wire}]",
            place=self.place,
        )

    def fixed(self, name: str) -> TransformError:
        """Of a value that is not read along a wire of positions."""
        return TransformError(
            f"{self.value} of {self.net} reads {name} at some positions alone: no step can tell whether they "
            "are there",
            "read it along a wire of positions, with a shift or a mask",
            place=self.place,
        )


def _at(net: Net, statement: Bind | StreamSet) -> At:
    return At(statement.target.name.lstrip("~"), net.name, statement.origin.span)


_KEEP_ZERO = frozenset(
    {
        "relu",
        "gelu",
        "gelu_tanh",
        "silu",
        "tanh",
        "erf",
        "sqrt",
        "square",
        "abs",
        "sign",
        "step",
        "sin",
        "real",
        "imag",
        "conj",
        "leaky_relu",
        "power",
    }
)
"""Elementwise functions that leave 0 as it is."""

_TO_ZERO = frozenset({"exp", "sigmoid", "relu", "softplus", "step"})
"""Elementwise functions that are 0 at -inf."""

_LINEAR = frozenset({"sum", "normalize", "rmsnorm", "norm"})
"""Functions along a leg that give 0 for zeros on another one."""


def _join(values: dict[str, Reach], name: str, new: Reach) -> None:
    old = values.get(name)
    if old is None:
        values[name] = new
    else:
        values[name] = Reach(old.late | new.late, old.zero & new.zero, old.masked & new.masked)


def _moved(pairs: Pairs, places: Mapping[Place, Place]) -> Pairs:
    found = ((places[q], places[k]) for q, k in pairs if q in places and k in places)
    return frozenset(pair for pair in found if pair[0] != pair[1])


def _chained(pairs: Pairs) -> Pairs:
    """With (q, j) and (j, k) also (q, k)."""
    found = set(pairs)
    while True:
        new = {(q, k) for q, j in found for i, k in found if i == j and q != k} - found
        if not new:
            return frozenset(found)
        found |= new


def _number(place: Place) -> int:
    return place.id if isinstance(place, Wire) else place


def _positive(number: complex) -> bool:
    return complex(number).imag == 0 and complex(number).real > 0


def _is_positive(node: Node) -> bool:
    """Whether a factor is surely above 0: numbers, sizes, and roots and such of them."""
    match node:
        case Number(value=value):
            return _positive(value)
        case SizeNumber():
            return True
        case Bubble(
            function="sqrt" | "rsqrt" | "reciprocal" | "power" | "exp" | "square", body=body, gates=()
        ):
            return all(
                _positive(term.coefficient) and not term.summed and all(map(_is_positive, term.nodes))
                for term in body.terms
            )
        case _:
            return False


def input_reach(causality: Causality, net: Net) -> tuple[Reach, ...]:
    """The inputs of the net that steps are made of: those with one leg of positions come step by step."""
    found = []
    for decl in net.inputs:
        legs = [number for number, leg in enumerate(decl.legs) if causality.along(leg.size)]
        found.append(Reach(frozenset(legs)) if len(legs) == 1 else WHOLE)
    return tuple(found)
