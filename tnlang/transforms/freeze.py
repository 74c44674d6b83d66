"""``freeze(net, A, attention{0}.y, *.scale)``: values that come from a cache and are no longer computed."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Bind, Call, Frozen, Net, Repeat, Shared, Stmt, StreamSet, Value
from tnlang.ir.size import Size, SizeError, evaluate
from tnlang.ir.walk import local_names, statements
from tnlang.transforms.dead import without_dead
from tnlang.transforms.normal import count_normals, write_out
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, show_path
from tnlang.transforms.variants import shared_variants, variant_name

SCALE = "scale"
LIMIT = 10_000
Turns = dict[str, int]


@dataclass(frozen=True, slots=True)
class Matcher:
    """What is left of a pattern inside a net; ``anywhere`` is a bare name, which holds at any depth."""

    pattern: int
    steps: ValuePath
    anywhere: bool


def freeze(request: Request) -> tuple[Net, ...]:
    """The net with the values that ``request.paths`` name taken from a cache.

    A bare name means every value of that name, also in the nets it calls; a path leads through calls, the
    subscripts of those in a repeat being turns; ``*`` stands for one or more calls. ``scale`` is the implicit
    value of layernorm and rmsnorm. Callees that change become variants named ``<new net>/<callee>``.
    Raises TransformError for a path that names nothing.
    """
    if not request.paths:
        raise TransformError("freeze needs the values to freeze", "`freeze(model, A)`")
    if request.options or request.arrows:
        raise TransformError("freeze takes paths of values and no options")
    work = _Freezing(request)
    matchers = tuple(
        Matcher(i, path, len(path) == 1 and path[0].name != "*") for i, path in enumerate(request.paths)
    )
    old = request.program.net(request.net)
    new = work.net(old, matchers, request.name)
    for i, path in enumerate(request.paths):
        if i not in work.matched:
            names = _value_names(request)
            close = difflib.get_close_matches(path[-1].name, names, n=3)
            hint = (
                "did you mean " + " or ".join(close) + "?"
                if close
                else "values are " + ", ".join(list(names)[:8])
            )
            raise TransformError(f"{request.net} has no value {show_path(path)} to freeze", hint, i)
    return (*work.variants, replace(new, name=request.name, source=old.source or old.name))


@dataclass(slots=True)
class _Freezing:
    request: Request
    variants: list[Net] = field(default_factory=list)
    made: dict[tuple[str, tuple[Matcher, ...]], str] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)

    def net(self, net: Net, matchers: tuple[Matcher, ...], name: str) -> Net:
        """The net with what the matchers name frozen; the same net where they name nothing."""
        order = _stream_order(net.body) if any(m.steps[0].subs is not None for m in matchers) else {}
        names = _scale_names(net)
        body = tuple(self.block(net.body, matchers, {}, order, names))
        if body == net.body:
            return net
        shared = {s.name: s.net for s in self.request.program.shared}
        body = shared_variants(net, body, shared)
        return replace(net, name=name, body=renew(without_dead(net, body)))

    def block(
        self,
        body: tuple[Stmt, ...],
        matchers: tuple[Matcher, ...],
        turns: Turns,
        order: dict[tuple[int, tuple[int, ...]], int],
        scales: dict[int, list[str]],
    ) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Bind(target=target):
                    yield from self.bind(statement, matchers, turns, scales.get(id(statement), []))
                case StreamSet(target=target):
                    index = order.get((id(statement), tuple(turns.values())))
                    hit = self.hits(target, matchers, turns, (index,) if index is not None else None)
                    yield Frozen(target, statement, origin=statement.origin) if hit else statement
                case Call():
                    yield from self.call(statement, matchers, turns)
                case Repeat(loop=loop):
                    for start, stop, turn in self.segments(statement, matchers, turns, order):
                        inner = {**turns, loop.var: turn} if turn is not None else turns
                        new = tuple(self.block(statement.body, matchers, inner, order, scales))
                        yield replace(statement, loop=replace(loop, start=start, stop=stop), body=new)
                case Frozen(target=target):
                    self.hits(target, matchers, turns)
                    yield statement
                case Shared():
                    yield statement

    def hits(
        self, target: Value, matchers: tuple[Matcher, ...], turns: Turns, subs: tuple[int, ...] | None = None
    ) -> bool:
        """Whether a value is named by a matcher; those that do are noted."""
        if target.anonymous:
            return False
        own = subs if subs is not None else _subs(target, turns)
        found = [m for m in matchers if len(m.steps) == 1 and _is(m.steps[0], target.name, own)]
        self.matched.update(m.pattern for m in found)
        return bool(found)

    def bind(
        self, statement: Bind, matchers: tuple[Matcher, ...], turns: Turns, scales: list[str]
    ) -> Iterator[Stmt]:
        if self.hits(statement.target, matchers, turns):
            yield Frozen(statement.target, statement, origin=statement.origin)
            return
        if not scales or not self.hits(Value(SCALE, ()), matchers, turns):
            yield statement
            return
        written, rest = write_out(statement, scales)
        yield from (Frozen(bind.target, bind, origin=bind.origin) for bind in written)
        yield rest

    def call(self, statement: Call, matchers: tuple[Matcher, ...], turns: Turns) -> Iterator[Stmt]:
        frozen = [r for r in statement.results if self.hits(r, matchers, turns)]
        if frozen and len(frozen) == len(statement.results):
            yield from (Frozen(result, None, origin=statement.origin) for result in frozen)
            return
        inner = tuple(n for m in matchers for n in _below(m, statement.name, tuple(turns.values())))
        results = tuple(
            replace(r, name=f"{statement.name}.{r.name}", anonymous=True) if r in frozen else r
            for r in statement.results
        )
        yield replace(statement, net=self.variant(statement.net, inner), results=results)
        yield from (Frozen(result, None, origin=statement.origin) for result in frozen)

    def variant(self, name: str, matchers: tuple[Matcher, ...]) -> str:
        """The name of a callee with what the matchers name frozen; its own name where that is nothing."""
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
        try:
            first, last = evaluate(loop.start, turns), evaluate(loop.stop, turns)
        except SizeError as error:
            message = f"the turns of this repeat are not known, so one cannot be named: {error}"
            raise TransformError(message, "give the dim a default", telling[0].pattern) from None
        if last - first > LIMIT:
            raise TransformError(
                f"a repeat of {last - first:,} turns cannot be taken apart", "", telling[0].pattern
            )

        def signature(turn: int) -> tuple[bool, ...]:
            return tuple(
                _names_turn(m.steps[0], statement, {**turns, loop.var: turn}, order)
                for m in telling
                for statement in statements(repeat.body)
            )

        groups = [(key, list(group)) for key, group in itertools.groupby(range(first, last), signature)]
        if len(groups) == 1:
            yield loop.start, loop.stop, first
            return
        for number, (_, group) in enumerate(groups):
            start = loop.start if number == 0 else group[0]
            stop = loop.stop if number == len(groups) - 1 else group[-1] + 1
            yield start, stop, group[0]


def _value_names(request: Request) -> list[str]:
    """The values of a net and of those it calls, for hints."""
    found: dict[str, None] = {}
    waiting, known = [request.net], {request.net}
    while waiting:
        net = request.program.net(waiting.pop())
        found.update(dict.fromkeys(sorted(_bound(net.body)) + [SCALE] * bool(_scale_names(net))))
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


def _scale_names(net: Net) -> dict[int, list[str]]:
    """The names of the scales of each binding's normalisations; none if the net has a value of the name."""
    taken = local_names(net)
    numbers = itertools.count(1)
    fresh = (SCALE if n == 1 else f"{SCALE}_{n}" for n in numbers)
    names = (name for name in fresh if name not in taken)
    if SCALE in taken:
        return {}
    return {
        id(s): [next(names) for _ in range(count_normals(s.body))]
        for s in statements(net.body)
        if isinstance(s, Bind) and count_normals(s.body)
    }
