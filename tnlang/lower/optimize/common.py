"""What a body works out several times: worked out once, whatever the names in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace

from tnlang.lower.names import Names
from tnlang.lower.numbers import Name, Num
from tnlang.lower.plan import (
    Along,
    Apply,
    Argmax,
    Attention,
    Binary,
    CallNet,
    Collected,
    Einsum,
    Expr,
    Factored,
    Kept,
    Linear,
    LogProbability,
    Lookup,
    LoopSum,
    Matmul,
    Normed,
    Placed,
    TakeAlong,
    Together,
    UserCall,
    Var,
)
from tnlang.lower.steps import Append, Body, Let, LetSeveral, Repeated, Sliced, Step, targets
from tnlang.lower.walks import is_scalar, rebuild

WORK = (
    Along
    | Apply
    | Argmax
    | Attention
    | Binary
    | Einsum
    | Linear
    | LogProbability
    | Lookup
    | LoopSum
    | Matmul
    | Normed
    | Placed
    | TakeAlong
)
"""What is worth a variable; other expressions only look at arrays in another way."""

UNLIKE = CallNet | Collected | Factored | Kept | Together | UserCall
"""What need not be the same a second time: hooks may change what a net gives, a user's function anything."""


def common(body: Body) -> tuple[Body, int]:
    """Equal expressions of equal values are one variable; how many have got one."""
    counting = _Walk(body, Names.of(body.names))
    counting.block(body.steps)
    counting.exprs(body.result, [])
    several = [count > 1 for count in counting.counts]
    if not any(several):
        return body, 0
    names = Names.of(body.names)
    making = _Walk(body, names, several)
    steps = making.block(body.steps)
    before: list[Step] = []
    result = making.exprs(body.result, before)
    return replace(body, steps=(*steps, *before), result=result, names=tuple(sorted(names.taken))), sum(
        several
    )


@dataclass(slots=True)
class _Walk:
    """Steps in order. ``counts`` says of each expression that is met first how often it is met.

    The second walk knows from the first which are met again (``several``) and gives them variables.
    ``at`` is where an expression that can be used here stands in ``counts``, by its number, ``held`` its
    variable. ``versions`` tell what variables are bound to, ``numbers`` equal expressions from others.
    """

    body: Body
    names: Names
    several: Sequence[bool] = ()
    counts: list[int] = field(default_factory=list)
    at: dict[int, int] = field(default_factory=dict)
    held: dict[int, Var] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    numbers: dict[Hashable, int] = field(default_factory=dict)
    known: dict[int, int | None] = field(default_factory=dict)
    bound: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.bound = Counter(targets(self.body.steps))

    def block(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        done: list[Step] = []
        for step in steps:
            self.known = {}
            match step:
                case Let(target, value, point) if value is not None:
                    plain = point is None and not target.subs and self.bound[target.text] == 1
                    value = self.expr(value, done, target if plain else None)
                    step = replace(step, value=value)
                case LetSeveral(_, several):
                    made = rebuild(several, lambda part: self.expr(part, done))
                    assert isinstance(made, CallNet | Factored | Kept | Together)
                    step = replace(step, value=made)
                case Append(table, value):
                    step = Append(table, self.expr(value, done))
                case Repeated(var, body=body):
                    step = replace(step, body=self.inside(body, (var,))[0])
                case Sliced(loops=loops, body=body, term=term):
                    body, (term,) = self.inside(body, [var for var, _, _ in loops], (term,))
                    step = replace(step, body=body, term=term)
            self.versions.update(set(targets((step,))))
            done.append(step)
        return tuple(done)

    def inside(
        self, body: Sequence[Step], turns: Iterable[str], last: Sequence[Expr] = ()
    ) -> tuple[tuple[Step, ...], tuple[Expr, ...]]:
        """The steps of turns, which may use what was met before; what is met in them ends with them."""
        around = dict(self.at), dict(self.held)
        self.versions.update({*targets(body), *turns})
        steps = self.block(body)
        before: list[Step] = []
        exprs = self.exprs(last, before)
        self.versions.update({*targets(body), *turns})
        self.at, self.held = around
        return (*steps, *before), exprs

    def exprs(self, exprs: Sequence[Expr], before: list[Step]) -> tuple[Expr, ...]:
        self.known = {}
        return tuple(self.expr(expr, before) for expr in exprs)

    def expr(self, expr: Expr, before: list[Step], target: Var | None = None) -> Expr:
        """The expression with variables for what was met before; steps before it bind those it needs.

        ``target`` is the variable that it is bound to anyway.
        """
        if is_scalar(expr):
            return expr
        number = self.number(expr) if isinstance(expr, WORK) else None
        place = -1
        if number is not None:
            if number in self.at:
                self.counts[self.at[number]] += 1
                return self.held.get(number, expr)
            place = self.at[number] = len(self.counts)
            self.counts.append(1)
        if not isinstance(expr, LoopSum):
            expr = rebuild(expr, lambda part: self.expr(part, before))
        if number is None or not self.several or not self.several[place]:
            return expr
        if target is None:
            self.held[number] = Var(self.names.take("common"), 0, True)
            before.append(Let(self.held[number], expr))
            return self.held[number]
        self.held[number] = target
        return expr

    def number(self, expr: Expr) -> int | None:
        """The same for expressions that have the same value here; None where that cannot be said."""
        if id(expr) not in self.known:
            key = None if isinstance(expr, UNLIKE) else self.key(expr)
            self.known[id(expr)] = None if key is None else self.numbers.setdefault(key, len(self.numbers))
        return self.known[id(expr)]

    def key(self, value: object) -> Hashable | None:
        match value:
            case Var(text=text) | Name(text):
                more = tuple(self.key(sub) for sub in value.subs) if isinstance(value, Var) else ()
                return (text, self.versions[text], more)
            case Num(number):
                return (type(number), repr(number))
            case Einsum(labels=labels, out=out):
                order = {label: n for n, label in enumerate(dict.fromkeys(n for one in labels for n in one))}
                value = replace(
                    value,
                    labels=tuple(tuple(str(order[label]) for label in one) for one in labels),
                    out=tuple(str(order[label]) for label in out),
                )
        if isinstance(value, tuple):
            return self.joined("", value)
        if is_dataclass(value):
            return self.joined(type(value).__name__, [getattr(value, f.name) for f in fields(value)])
        return (value,) if isinstance(value, Hashable) else None

    def joined(self, kind: str, values: Iterable[object]) -> Hashable | None:
        found: list[Hashable] = [kind]
        for value in values:
            is_array = is_dataclass(value) and not is_scalar(value) and isinstance(value, Expr)  # type: ignore[arg-type]
            key = self.number(value) if is_array else self.key(value)  # type: ignore[arg-type]
            if key is None:
                return None
            found.append(key)
        return tuple(found)
