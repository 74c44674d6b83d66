"""The optimizer: a body of the Plan in better steps of the same value, by rules that have names.

A rule looks at one expression, and through variables that are used just once: what is bound apart in the
text may be one kernel. A value that is watched or replaced has a point and is never looked through, so that
the body with a line for each value keeps its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tnlang.lower.optimize.attention import attention
from tnlang.lower.optimize.kernels import biased, gain, normed, picked, rsqrt, shift
from tnlang.lower.optimize.linear import linear
from tnlang.lower.plan import CallNet, Expr, Var, parts, rebuild
from tnlang.lower.steps import Append, Body, Let, LetSeveral, Repeated, Step

See = Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True)
class Rule:
    """``rewrite`` gives a better expression of the same value, or None where the rule does not fit."""

    name: str
    rewrite: Callable[[Expr, See], Expr | None]


def _alone(rewrite: Callable[[Expr], Expr | None]) -> Callable[[Expr, See], Expr | None]:
    """A rule that looks at an expression alone."""
    return lambda expr, see: rewrite(expr)


RULES: tuple[Rule, ...] = (
    Rule("attention", attention),
    Rule("linear", _alone(linear)),
    Rule("bias", _alone(biased)),
    Rule("norm", _alone(normed)),
    Rule("gain", _alone(gain)),
    Rule("shift", _alone(shift)),
    Rule("rsqrt", _alone(rsqrt)),
    Rule("picked", _alone(picked)),
)


def optimized(body: Body, rules: Sequence[Rule] = RULES) -> tuple[Body, Counter[str]]:
    """The body with the rules applied wherever they fit, and how often each was."""
    applied: Counter[str] = Counter()
    uses = Counter(_reads((*body.steps,))) + Counter(n for e in body.result for n in _names(e))
    bound = Counter(_targets(body.steps))
    once = {name for name, count in uses.items() if count == 1 and bound[name] == 1}
    block = _Block(tuple(rules), once, applied)
    steps = block.run(body.steps)
    result = tuple(block.best(expr) for expr in body.result)
    return replace(body, steps=_alive(steps, result), result=result), applied


@dataclass(slots=True)
class _Block:
    """Steps in order; ``known`` is what variables used once stand for, as long as that can be said later."""

    rules: tuple[Rule, ...]
    once: set[str]
    applied: Counter[str]
    known: dict[str, Expr] = field(default_factory=dict)

    def see(self, expr: Expr) -> Expr:
        """What a variable stands for, if nothing else needs the variable."""
        if isinstance(expr, Var) and not expr.subs:
            return self.known.get(expr.text, expr)
        return expr

    def best(self, expr: Expr) -> Expr:
        """The expression with the rules applied, inner parts first, until none fits."""
        expr = rebuild(expr, self.best)
        for rule in self.rules:
            better = rule.rewrite(expr, self.see)
            if better is not None:
                self.applied[rule.name] += 1
                return self.best(better)
        return expr

    def run(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        return tuple(self.step(step) for step in steps)

    def step(self, step: Step) -> Step:
        match step:
            case Let(target, value, point) if value is not None:
                value = self.best(value)
                self.forget((target.text,))
                if point is None and not target.subs and target.text in self.once:
                    self.known[target.text] = value
                return replace(step, value=value)
            case LetSeveral(_, CallNet() as call):
                found = rebuild(call, self.best)
                assert isinstance(found, CallNet)
                step = replace(step, value=found)
            case Repeated(body=body):
                around, self.known = self.known, {}
                step = replace(step, body=self.run(body))
                self.known = around
        self.forget(_targets((step,)))
        return step

    def forget(self, names: Iterable[str]) -> None:
        """What is worked out from variables that now stand for something else cannot be said any more."""
        gone = set(names)
        self.known = {
            name: value
            for name, value in self.known.items()
            if name not in gone and gone.isdisjoint(_names(value))
        }


def _names(expr: Expr) -> Iterable[str]:
    """The variables that an expression reads."""
    if isinstance(expr, Var):
        yield expr.text
    for part in parts(expr):
        yield from _names(part)


def _reads(steps: Sequence[Step]) -> Iterable[str]:
    for step in steps:
        match step:
            case Let(_, value) if value is not None:
                yield from _names(value)
            case LetSeveral(_, value):
                yield from _names(value)
            case Append(_, value):
                yield from _names(value)
            case Repeated(body=body):
                yield from _reads(body)


def _targets(steps: Sequence[Step]) -> Iterable[str]:
    """The variables that steps bind."""
    for step in steps:
        match step:
            case Let(target):
                yield target.text
            case LetSeveral(targets):
                yield from (target.text for target in targets)
            case Repeated(body=body):
                yield from _targets(body)


def _alive(steps: tuple[Step, ...], result: tuple[Expr, ...]) -> tuple[Step, ...]:
    """The steps without variables that nothing reads any more."""
    while True:
        read = {*_reads(steps), *(name for expr in result for name in _names(expr))}
        kept = _reading(steps, read)
        if kept == steps:
            return steps
        steps = kept


def _reading(steps: tuple[Step, ...], read: set[str]) -> tuple[Step, ...]:
    found: list[Step] = []
    for step in steps:
        match step:
            case Let(target, value, None) if (
                value is not None and not target.subs and target.text not in read
            ):
                continue
            case Repeated(body=body):
                step = replace(step, body=_reading(body, read))
        found.append(step)
    return tuple(found)
