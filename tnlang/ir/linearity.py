"""Whether a net is linear in a value, read off its IR: over the real numbers, and for whatever sizes.

Each value is 0, constant, linear, affine or neither in x. Sums, products with constants and functions that
add entries keep what is linear; other functions of what depends on x, and products of two values that do, are
what stands in the way. What cancels is not seen: a yes is certain, a no may be wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Factor,
    Frozen,
    Loop,
    Net,
    Node,
    Number,
    Ref,
    Repeat,
    Shared,
    SizeNumber,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size, show
from tnlang.source import NOWHERE, Span

LINEAR = ("sum", "mean", "cumsum", "real", "imag", "conj")
"""Functions that are linear over the real numbers."""

Kind = Literal["zero", "constant", "linear", "affine", "other"]
Values = dict[tuple[str, tuple[Size, ...]], "Fact"]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What is not linear: a function, or ``product``; the path of the value in which it stands; its place."""

    what: str
    value: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.what} in {self.value}"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a value is in x, and what on the way to it is not linear."""

    kind: Kind
    obstacles: frozenset[Obstacle] = frozenset()

    def within(self, call: str) -> Fact:
        """The same of a value of a net that is called."""
        return replace(
            self, obstacles=frozenset(replace(o, value=f"{call}.{o.value}") for o in self.obstacles)
        )


ZERO, CONSTANT = Fact("zero"), Fact("constant")


@dataclass(frozen=True, slots=True)
class Linearity:
    """What each output of a net is in x."""

    outputs: tuple[Fact, ...]

    @property
    def is_linear(self) -> bool:
        return all(fact.kind in ("zero", "linear") for fact in self.outputs)

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stands in the way, in the order of the text."""
        found = {o for fact in self.outputs for o in fact.obstacles}
        return tuple(sorted(found, key=lambda o: (o.span.source.name, o.span.line, o.span.column, str(o))))

    def __str__(self) -> str:
        """``linear``, or why not."""
        if self.is_linear:
            return "linear"
        if self.obstacles:
            return "not linear: " + ", ".join(map(str, self.obstacles))
        return (
            "not linear: a constant is added"
            if any(fact.kind == "affine" for fact in self.outputs)
            else "not linear: constant"
        )


def linearity(program: Program, net: Net, names: Collection[str]) -> Linearity:
    """What the outputs of a net are in its inputs, parameters or tensors of these names, all together."""
    work = _Work(program, frozenset(names), {})
    inputs = tuple(Fact("linear") if decl.name in names else CONSTANT for decl in net.inputs)
    owned: Values = {(d.name, d.subs): Fact("linear") for d in net.owned if d.name in names}
    return Linearity(_Frame(work, net, inputs, owned).outputs())


def added(one: Fact, other: Fact) -> Fact:
    """What a sum is; also, what a value is that may be the one or the other."""
    obstacles = one.obstacles | other.obstacles
    kinds = {one.kind, other.kind} - {"zero"}
    if len(kinds) < 2:
        return Fact(next(iter(kinds), "zero"), obstacles)
    return Fact("other" if "other" in kinds else "affine", obstacles)


@dataclass(slots=True)
class _Work:
    """What all nets of one question share."""

    program: Program
    names: frozenset[str]
    known: dict[tuple[str, tuple[Fact, ...]], tuple[Fact, ...]]

    def file_level(self, name: str) -> Fact:
        declared = {decl.name for decl in self.program.declarations}
        return Fact("linear") if name in self.names and name in declared else CONSTANT

    def called(self, name: str, inputs: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """What the outputs of a callee are. What stands in the way before it is none of its own."""
        plain = tuple(Fact(fact.kind) for fact in inputs)
        if (name, plain) not in self.known:
            self.known[name, plain] = _Frame(self, self.program.net(name), plain, {}).outputs()
        return self.known[name, plain]


@dataclass(slots=True)
class _Frame:
    """A net being looked through."""

    work: _Work
    net: Net
    inputs: tuple[Fact, ...]
    owned: Mapping[tuple[str, tuple[Size, ...]], Fact]
    values: Values = field(default_factory=dict)
    streams: dict[str, Fact] = field(default_factory=dict)
    """What each stream is at this point; ``values`` has all that it was."""
    loops: tuple[Loop, ...] = ()

    def outputs(self) -> tuple[Fact, ...]:
        for decl, fact in zip(self.net.inputs, self.inputs, strict=True):
            self.values[decl.name, decl.subs] = fact
        for decl in self.net.owned:
            self.values[decl.name, decl.subs] = self.owned.get((decl.name, decl.subs), CONSTANT)
        self.body(self.net.body)
        return tuple(self.read(Ref(output.name, output.subs)) for output in self.net.outputs)

    def read(self, ref: Ref) -> Fact:
        """What a value is; of a member that is not told, what any of its family is."""
        if ref.name in self.streams and not ref.subs:
            return self.streams[ref.name]
        if (ref.name, ref.subs) in self.values:
            return self.values[ref.name, ref.subs]
        family = [fact for (name, _), fact in self.values.items() if name == ref.name]
        return reduce(added, family) if family else self.work.file_level(ref.name)

    def bind(self, value: Value, fact: Fact) -> None:
        """A value is this, or what it was in another turn."""
        key = (value.name, value.subs)
        self.values[key] = added(self.values[key], fact) if key in self.values else fact

    def assign(self, name: str, fact: Fact) -> None:
        self.streams[name] = fact
        self.bind(Value(name, ()), fact)

    def body(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            match statement:
                case Bind(target=target, body=total):
                    self.bind(target, self.sum(total, self.place(target.name)))
                case StreamSet(target=target, op=op, body=total):
                    change = self.sum(total, self.place(target.name))
                    before = self.streams.get(target.name, ZERO) if op != "=" else ZERO
                    self.assign(target.name, added(before, change))
                case Frozen(target=target, definition=StreamSet()):
                    self.assign(target.name, CONSTANT)
                case Frozen(target=target):
                    self.bind(target, CONSTANT)
                case Call(name=name, net=net, arguments=arguments, results=results):
                    given = tuple(map(self.read, arguments))
                    before_it = frozenset().union(*(fact.obstacles for fact in given))
                    for result, fact in zip(results, self.work.called(net, given), strict=True):
                        inside = fact.within(self.place(name))
                        reached = inside.kind in ("linear", "affine", "other")
                        seen = inside.obstacles | (before_it if reached else frozenset())
                        self.bind(result, Fact(inside.kind, seen))
                case Factor(function=function, source=source, factors=factors):
                    fact = self.function(
                        function, self.read(source), self.place(source.name), statement.origin.span
                    )
                    for factor in factors:
                        self.values[factor.name, factor.subs] = fact
                case Repeat(loop=loop, body=inner):
                    self.loops, around = (*self.loops, loop), self.loops
                    self.repeat(inner)
                    self.loops = around
                case Shared():
                    pass

    def place(self, name: str) -> str:
        """A value or call with the turns that it is of: ``attention{0..3}``."""
        turns = ", ".join(
            show(loop.start)
            if isinstance(loop.start, int) and loop.stop == loop.start + 1
            else f"{show(loop.start)}..{show(loop.stop)}"
            for loop in self.loops
        )
        return f"{name}{{{turns}}}" if turns else name

    def repeat(self, body: tuple[Stmt, ...]) -> None:
        """Run the turns until nothing changes: what is known of a value only becomes less."""
        while True:
            before = dict(self.values), dict(self.streams)
            self.body(body)
            for name, fact in before[1].items():
                self.streams[name] = added(fact, self.streams[name])
            if (self.values, self.streams) == before:
                return

    def sum(self, total: Sum, value: str) -> Fact:
        return reduce(added, (self.term(term, value) for term in total.terms), ZERO)

    def term(self, term: Term, value: str) -> Fact:
        facts = [self.node(node, value) for node in term.nodes]
        if term.coefficient == 0 or any(fact.kind == "zero" for fact in facts):
            return ZERO
        obstacles = _obstacles(facts)
        moving = [fact for fact in facts if fact.kind != "constant"]
        if not moving:
            return CONSTANT
        if len(moving) == 1:
            return moving[0]
        return Fact("other", obstacles | {Obstacle("product", value, term.origin.span)})

    def node(self, node: Node, value: str) -> Fact:
        match node:
            case Tensor(ref=ref):
                return self.read(ref)
            case Number(value=0):
                return ZERO
            case Number() | SizeNumber() | Special():
                return CONSTANT
            case Bracket(body=body) | BigSum(body=body):
                return self.sum(body, value)
            case Bubble(function=function, body=body, options=options):
                inside = self.sum(body, value)
                if function in LINEAR or (function == "power" and dict(options)["exponent"] == 1):
                    return inside
                return self.function(function, inside, value, node.origin.span)

    def function(self, function: str, inside: Fact, value: str, span: Span) -> Fact:
        """What a function that is not linear gives."""
        if inside.kind in ("zero", "constant"):
            return CONSTANT
        return Fact("other", inside.obstacles | {Obstacle(function, value, span)})


def _obstacles(facts: Iterable[Fact]) -> frozenset[Obstacle]:
    return frozenset(o for fact in facts for o in fact.obstacles)
