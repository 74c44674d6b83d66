"""The optimizer: a body of the Plan in better steps of the same value, by rules that have names.

Most rules look at one expression, and through variables that are used just once: what is bound apart in the
text may be one kernel. Those of whole bodies come afterwards. A value that is watched or replaced has a point
and is never looked through, so that the body with a line for each value keeps its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tnlang.lower.optimize.attention import attention
from tnlang.lower.optimize.common import common
from tnlang.lower.optimize.cpu import cpu_linear
from tnlang.lower.optimize.filled import filled
from tnlang.lower.optimize.kernels import biased, cross_entropy, gain, normed, ordered, picked, rsqrt, shift
from tnlang.lower.optimize.linear import linear
from tnlang.lower.optimize.placed import collected, placed
from tnlang.lower.optimize.together import together
from tnlang.lower.plan import CallNet, Expr, Together, Var
from tnlang.lower.steps import Append, Body, Let, LetSeveral, Repeated, Sliced, Step, reads, targets
from tnlang.lower.walks import names_in, rebuild

See = Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True)
class ExprRule:
    """``rewrite`` gives a better expression of the same value, or None where the rule does not fit."""

    name: str
    rewrite: Callable[[Expr, See], Expr | None]
    late: bool = False
    """Whether it takes what the others leave."""


@dataclass(frozen=True, slots=True)
class BodyRule:
    """``rewrite`` gives a better body of the same value, and at how many places."""

    name: str
    rewrite: Callable[[Body], tuple[Body, int]]
    observed: bool = True
    """Whether it is also for the body with a line for each value."""


Rule = ExprRule | BodyRule


def _alone(rewrite: Callable[[Expr], Expr | None]) -> Callable[[Expr, See], Expr | None]:
    """A rule that looks at an expression alone."""
    return lambda expr, see: rewrite(expr)


RULES: tuple[Rule, ...] = (
    ExprRule("attention", attention),
    ExprRule("linear", _alone(linear)),
    ExprRule("bias", _alone(biased)),
    ExprRule("norm", _alone(normed)),
    ExprRule("gain", _alone(gain)),
    ExprRule("shift", _alone(shift)),
    ExprRule("rsqrt", _alone(rsqrt)),
    ExprRule("ordered", ordered),
    ExprRule("picked", _alone(picked)),
    ExprRule("cross-entropy", cross_entropy),
    ExprRule("placed", _alone(placed)),
    BodyRule("collected", collected),
    BodyRule("common", common, observed=False),
    BodyRule("together", together, observed=False),
    BodyRule("filled", filled, observed=False),
)

CPU_RULES: tuple[Rule, ...] = (*RULES, ExprRule("cpu", cpu_linear, late=True))
"""With the kernels that only some CPUs have."""


def optimized(body: Body, rules: Sequence[Rule] = RULES, observed: bool = False) -> tuple[Body, Counter[str]]:
    """The body with the rules applied wherever they fit, and how often each was.

    ``observed`` says that it has a line for each value.
    """
    applied: Counter[str] = Counter()
    of_expressions = [rule for rule in rules if isinstance(rule, ExprRule)]
    body = _rewritten(body, tuple(rule for rule in of_expressions if not rule.late), applied)
    for rule in rules:
        if isinstance(rule, BodyRule) and (rule.observed or not observed):
            body, count = rule.rewrite(body)
            applied += Counter({rule.name: count})
    return _rewritten(body, tuple(rule for rule in of_expressions if rule.late), applied), applied


def _rewritten(body: Body, rules: tuple[ExprRule, ...], applied: Counter[str]) -> Body:
    """The body with rules of expressions applied wherever they fit."""
    if not rules:
        return body
    uses = Counter(reads(body.steps)) + Counter(n for e in body.result for n in names_in(e))
    bound = Counter(targets(body.steps))
    once = {name for name, count in uses.items() if count == 1 and bound[name] == 1}
    block = _Block(rules, once, applied)
    steps = block.run(body.steps)
    result = tuple(block.best(expr) for expr in body.result)
    return replace(body, steps=_alive(steps, result), result=result)


@dataclass(slots=True)
class _Block:
    """Steps in order.

    ``known`` is what variables used once stand for, as long as that can be said later, ``readers`` those of
    them that read a variable.
    """

    rules: tuple[ExprRule, ...]
    once: set[str]
    applied: Counter[str]
    known: dict[str, Expr] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)

    def see(self, expr: Expr) -> Expr:
        """What a variable stands for, if nothing else needs the variable."""
        if isinstance(expr, Var) and not expr.subs and expr.text in self.known:
            return self.known[expr.text]
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
                    for name in names_in(value):
                        self.readers.setdefault(name, set()).add(target.text)
                return replace(step, value=value)
            case Append(table, value):
                return Append(table, self.best(value))
            case LetSeveral(_, CallNet() | Together() as several):
                found = self.best(several)
                assert isinstance(found, CallNet | Together)
                step = replace(step, value=found)
            case Repeated(body=body):
                around, self.known = self.known, {}
                step = replace(step, body=self.run(body))
                self.known = around
            case Sliced(body=body, term=term):
                around, self.known = self.known, {}
                step = replace(step, body=self.run(body), term=self.best(term))
                self.known = around
        self.forget(targets((step,)))
        return step

    def forget(self, names: Iterable[str]) -> None:
        """What is worked out from variables that now stand for something else cannot be said any more."""
        for name in set(names):
            self.known.pop(name, None)
            for reader in self.readers.pop(name, ()):
                self.known.pop(reader, None)


def _alive(steps: tuple[Step, ...], result: tuple[Expr, ...]) -> tuple[Step, ...]:
    """The steps without variables that nothing reads any more."""
    reading = Counter(reads(steps)) + Counter(name for expr in result for name in names_in(expr))
    while True:
        kept = _reading(steps, reading)
        if len(kept) == len(steps) and all(a is b for a, b in zip(kept, steps, strict=True)):
            return steps
        steps = kept


def _reading(steps: tuple[Step, ...], reading: Counter[str]) -> tuple[Step, ...]:
    """The steps whose variables are read; what the others read is taken from ``reading``, the last first."""
    found: list[Step] = []
    for step in reversed(steps):
        match step:
            case Let(target, value, None) if (
                value is not None and not target.subs and not reading[target.text]
            ):
                reading.subtract(names_in(value))
                continue
            case Repeated(body=body) | Sliced(body=body):
                inner = _reading(body, reading)
                step = step if inner == body else replace(step, body=inner)
        found.append(step)
    return tuple(reversed(found))
