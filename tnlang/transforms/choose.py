"""Values of a net that patterns choose (``A``, ``attention{0}.y``, ``*.scale``), each made in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Bind,
    Call,
    Factor,
    Frozen,
    Net,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
)
from tnlang.ir.scales import SCALE, normals, scale_names
from tnlang.ir.size import Size, SizeError, evaluate
from tnlang.ir.walk import statements
from tnlang.transforms.dead import called_by, unused, without_dead
from tnlang.transforms.flat_names import is_named, is_net
from tnlang.transforms.normal import write_out
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, elsewhere, show_path
from tnlang.transforms.turns import LIMIT, Turns, cut, turns_there_are
from tnlang.transforms.variants import shared_variants, variant_name


@dataclass(frozen=True, slots=True)
class Matcher:
    """What is left of a pattern inside a net; ``anywhere`` is a bare name, which holds at any depth."""

    pattern: int
    steps: ValuePath
    anywhere: bool


@dataclass(frozen=True, slots=True)
class Made:
    """How a chosen value is made: ``definition`` binds ``target``, assigns to the stream, or is frozen.

    ``patterns`` are the numbers of those that choose it, ``turns`` what is known of the turns it lasts.
    ``given`` tells that it is what a call gives, whole.
    """

    target: Value
    definition: Bind | StreamSet | Frozen
    patterns: tuple[int, ...]
    turns: Turns
    given: bool = False


Change = Callable[[Made, Net], Iterable[Stmt]]
"""The statements that make a chosen value of a net instead."""


def change_chosen(
    request: Request,
    change: Change,
    *,
    what: str,
    keep_calls: bool = True,
    call: Callable[[Call], Call] | None = None,
) -> tuple[Net, ...]:
    """The net of the request with the values that its paths name made in another way.

    A bare name means every value of that name, also in the nets it calls; a path leads through calls, the
    subscripts of those in a repeat being turns; ``*`` stands for one or more calls. ``scale`` is the implicit
    value of layernorm and rmsnorm. Callees that change become variants named ``<new net>/<callee>``. A call
    all of whose results are chosen goes unless ``keep_calls``. With ``call`` the paths name calls, which it
    changes. Raises TransformError for a path that names nothing; ``what`` is what could not be done to it.
    """
    matchers = tuple(
        Matcher(i, path, len(path) == 1 and path[0].name != "*") for i, path in enumerate(request.paths)
    )
    work = _Choosing(request, change, keep_calls, call)
    old = request.program.net(request.net)
    new = work.net(old, matchers, request.name)
    for i, path in enumerate(request.paths):
        if i not in work.matched:
            names = value_names(request, calls=call is not None)
            kind, known = ("value", "values") if call is None else ("call", "calls and nets")
            hint = elsewhere(path[-1].name, names, known)
            there = turns_there_are(request.program, old, path)
            raise TransformError(f"{request.net} has no {kind} {show_path(path)} to {what}{there}", hint, i)
    new = replace(new, name=request.name, source=old.source or old.name)
    return (*called_by(new, work.variants), new)


@dataclass(slots=True)
class _Choosing:
    request: Request
    change: Change
    keep_calls: bool
    change_call: Callable[[Call], Call] | None
    variants: list[Net] = field(default_factory=list)
    made: dict[tuple[str, tuple[Matcher, ...]], str] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)

    def net(self, net: Net, matchers: tuple[Matcher, ...], name: str) -> Net:
        """The net with what the matchers name changed; the same net where they name nothing."""
        order = _stream_order(net.body) if any(m.steps[0].subs is not None for m in matchers) else {}
        names = scale_names(net)
        body = tuple(self.block(net, net.body, matchers, {}, order, names))
        if body == net.body:
            return net
        shared = {s.name: s.net for s in self.request.program.shared}
        body = shared_variants(net, body, shared)
        return replace(net, name=name, body=renew(without_dead(net, body)))

    def block(
        self,
        net: Net,
        body: tuple[Stmt, ...],
        matchers: tuple[Matcher, ...],
        turns: Turns,
        order: dict[tuple[int, tuple[int, ...]], int],
        scales: Mapping[int, str],
    ) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Bind():
                    yield from self.bind(net, statement, matchers, turns, scales)
                case StreamSet(target=target):
                    index = order.get((id(statement), tuple(turns.values())))
                    hit = self.hits(target, matchers, turns, (index,) if index is not None else None)
                    if hit:
                        yield from self.change(Made(target, statement, hit, turns), net)
                    else:
                        yield from self.scales(net, statement, matchers, turns, scales)
                case Call():
                    yield from self.call(net, statement, matchers, turns)
                case Repeat(loop=loop):
                    for start, stop, turn in self.segments(statement, matchers, turns, order):
                        inner = {**turns, loop.var: turn} if turn is not None else turns
                        new = tuple(self.block(net, statement.body, matchers, inner, order, scales))
                        yield replace(statement, loop=replace(loop, start=start, stop=stop), body=new)
                case Frozen(target=target):
                    hit = self.hits(target, matchers, turns)
                    yield from self.change(Made(target, statement, hit, turns), net) if hit else (statement,)
                case Shared() | Factor():
                    yield statement

    def hits(
        self, target: Value, matchers: tuple[Matcher, ...], turns: Turns, subs: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """The patterns that name a value; they are noted."""
        if target.anonymous or self.change_call is not None:
            return ()
        own = subs if subs is not None else _subs(target, turns)
        if "." in target.name:  # a net that is written out flat
            found = tuple(m.pattern for m in matchers if is_named(target.name, m.steps))
        else:
            found = tuple(
                m.pattern for m in matchers if len(m.steps) == 1 and _is(m.steps[0], target.name, own)
            )
        self.matched.update(found)
        return found

    def bind(
        self,
        net: Net,
        statement: Bind,
        matchers: tuple[Matcher, ...],
        turns: Turns,
        scales: Mapping[int, str],
    ) -> Iterator[Stmt]:
        hit = self.hits(statement.target, matchers, turns)
        if hit:
            yield from self.change(Made(statement.target, statement, hit, turns), net)
        else:
            yield from self.scales(net, statement, matchers, turns, scales)

    def scales(
        self,
        net: Net,
        statement: Bind | StreamSet,
        matchers: tuple[Matcher, ...],
        turns: Turns,
        scales: Mapping[int, str],
    ) -> Iterator[Stmt]:
        """The statement, with its norms' scales as values of their own if a matcher names these."""
        there = any(id(bubble) in scales for bubble in normals(statement.body))
        hit = self.hits(Value(SCALE, ()), matchers, turns) if there else ()
        if not hit:
            yield statement
            return
        written, rest = write_out(statement, scales)
        for scale in written:
            yield from self.change(Made(scale.target, scale, hit, turns), net)
        yield rest

    def call(self, net: Net, statement: Call, matchers: tuple[Matcher, ...], turns: Turns) -> Iterator[Stmt]:
        at = tuple(turns.values())
        callee = self.request.program.net(statement.net)
        made_from = callee.source or callee.name
        single = (m for m in matchers if len(m.steps) == 1)
        named = [m for m in single if _is(m.steps[0], statement.name, at) or is_net(m.steps, made_from)]
        if self.change_call is not None and named:
            self.matched.update(m.pattern for m in named)
            yield self.change_call(statement)
            return
        hit = {r.name: found for r in statement.results if (found := self.hits(r, matchers, turns))}
        results = tuple(
            replace(r, name=f"{statement.name}.{r.name}", anonymous=True) if r.name in hit else r
            for r in statement.results
        )
        inner = tuple(n for m in matchers for n in _below(m, statement.name, tuple(turns.values())))
        variant = self.variant(statement.net, inner)
        if self.keep_calls or len(hit) < len(results):
            yield replace(statement, net=variant, results=results)
        else:
            yield from unused(statement)
        for old, own in zip(statement.results, results, strict=True):
            if old.name in hit:
                gives = Sum((Term((Tensor(Ref(own.name, own.subs), old.legs),), origin=statement.origin),))
                definition = Bind(old, gives, origin=statement.origin)
                yield from self.change(Made(old, definition, hit[old.name], turns, given=True), net)

    def variant(self, name: str, matchers: tuple[Matcher, ...]) -> str:
        """The name of a callee with what the matchers name changed; its own name where that is nothing."""
        key = (name, matchers)
        if key not in self.made:
            callee = self.request.program.net(name)
            new_name = variant_name(self.request.name, name, (*self.request.program.nets, *self.variants))
            new = self.net(callee, matchers, new_name) if matchers else callee
            self.made[key] = new.name
            if new is not callee:
                self.variants.append(replace(new, source=callee.source or callee.name))
        return self.made[key]

    def segments(
        self,
        repeat: Repeat,
        matchers: tuple[Matcher, ...],
        turns: Turns,
        order: dict[tuple[int, tuple[int, ...]], int],
    ) -> Iterator[tuple[Size, Size, int | None]]:
        """A repeat cut where the matchers name other values: start, stop, a turn that stands for them all."""
        loop = repeat.loop
        bound = {s.name for s in statements(repeat.body) if isinstance(s, Call)} | _bound(repeat.body)
        telling = [m for m in matchers if m.steps[0].subs is not None and m.steps[0].name in bound]
        if not telling:
            yield loop.start, loop.stop, None
            return

        def signature(turn: int) -> tuple[bool, ...]:
            return tuple(
                _names_turn(m.steps[0], statement, {**turns, loop.var: turn}, order)
                for m in telling
                for statement in statements(repeat.body)
            )

        yield from cut(repeat, turns, signature, telling[0].pattern)


def value_names(request: Request, calls: bool = False) -> list[str]:
    """The values of a net and of those it calls, for hints; with ``calls`` the names of calls and nets."""
    found: dict[str, None] = {}
    waiting, known = [request.net], {request.net}
    while waiting:
        net = request.program.net(waiting.pop())
        if calls:
            found.update(dict.fromkeys(s.name for s in statements(net.body) if isinstance(s, Call)))
            made = (request.program.net(s.net) for s in statements(net.body) if isinstance(s, Call))
            found.update(dict.fromkeys((one.source or one.name).rpartition(".")[2] for one in made))
        else:
            found.update(dict.fromkeys(sorted(_bound(net.body)) + [SCALE] * bool(scale_names(net))))
        callees = {s.net for s in statements(net.body) if isinstance(s, Call)} - known
        known |= callees
        waiting += sorted(callees)
    return list(found)


def _is(step: Step, name: str, subs: tuple[int, ...] | None) -> bool:
    return step.name in (name, "*") and (step.subs is None or step.subs == subs)


def _subs(target: Value, turns: Turns) -> tuple[int, ...] | None:
    """A value's own subscripts, else the turns it lasts; None where they are not known."""
    if not target.subs:
        return tuple(turns.values())
    try:
        return tuple(evaluate(sub, turns) for sub in target.subs)
    except SizeError:
        return None


def _below(matcher: Matcher, call: str, turns: tuple[int, ...]) -> tuple[Matcher, ...]:
    """What a matcher means inside a call."""
    if matcher.anywhere:
        return (matcher,)
    step, rest = matcher.steps[0], matcher.steps[1:]
    if step.name == "*":
        return (matcher, replace(matcher, steps=rest)) if rest else (matcher,)
    return (replace(matcher, steps=rest),) if rest and _is(step, call, turns) else ()


def _bound(body: tuple[Stmt, ...]) -> set[str]:
    found = set()
    for statement in statements(body):
        match statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                found.add(target.name)
            case Call(results=results):
                found.update(result.name for result in results if not result.anonymous)
            case Shared() | Repeat():
                pass
    return found


def _names_turn(
    step: Step, statement: Stmt, turns: Turns, order: dict[tuple[int, tuple[int, ...]], int]
) -> bool:
    """Whether a subscripted step may mean this statement in this turn (deeper loops left open)."""
    assert step.subs is not None
    match statement:
        case StreamSet(target=target) if target.name == step.name:
            return order.get((id(statement), tuple(turns.values()))) == step.subs[0]
        case Bind(target=target) | Frozen(target=target) if target.name == step.name and target.subs:
            return _subs(target, turns) in (step.subs, None)
        case Bind(target=Value(name=name)) | Frozen(target=Value(name=name)) | Call(name=name) if (
            name == step.name
        ):
            return step.subs[: len(turns)] == tuple(turns.values())[: len(step.subs)]
        case Call(results=results) if any(result.name == step.name for result in results):
            return step.subs[: len(turns)] == tuple(turns.values())[: len(step.subs)]
    return False


def _stream_order(body: tuple[Stmt, ...]) -> dict[tuple[int, tuple[int, ...]], int]:
    """Which value of its stream each assignment makes, by statement and turns; empty if not known."""
    found: dict[tuple[int, tuple[int, ...]], int] = {}
    counts: dict[str, int] = {}

    def visit(block: tuple[Stmt, ...], turns: Turns) -> None:
        for statement in block:
            match statement:
                case StreamSet(target=target) | Frozen(target=target, definition=StreamSet()):
                    found[(id(statement), tuple(turns.values()))] = counts.get(target.name, 0)
                    counts[target.name] = counts.get(target.name, 0) + 1
                case Repeat(loop=loop, body=inner):
                    first, last = evaluate(loop.start, turns), evaluate(loop.stop, turns)
                    if last - first > LIMIT or len(found) > LIMIT:
                        raise SizeError("too many turns")
                    for turn in range(first, last):
                        visit(inner, {**turns, loop.var: turn})
                case _:
                    pass

    try:
        visit(body, {})
    except SizeError:
        return {}
    return found
