"""Arrays of the caller's that may be written into instead of copied: caches of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tnlang.lower.numbers import All, Name
from tnlang.lower.plan import CallNet, Expr, Index, LoopSum, Placed, Var
from tnlang.lower.steps import Append, Body, Let, LetSeveral, Repeated, Step, reads
from tnlang.lower.walks import is_scalar, names_in, rebuild


def filled(body: Body) -> tuple[Body, int]:
    """An input that is read once, by what adds entries to it, may be what they are written into."""
    read = Counter([*reads(body.steps), *(name for expr in body.result for name in names_in(expr))])
    filling = _Filling(frozenset(name for name in body.inputs if read[name] == 1))
    steps = filling.steps(body.steps, ())
    result = tuple(filling.expr(expr, ()) for expr in body.result)
    fills = tuple(name for name in body.inputs if name in filling.found)
    return replace(body, steps=steps, result=result, fills=fills), len(fills)


@dataclass(frozen=True, slots=True)
class _Filling:
    """``free`` are the inputs that nothing else reads, ``found`` those that are filled."""

    free: frozenset[str]
    found: set[str] = field(default_factory=set)

    def steps(self, steps: Sequence[Step], turns: tuple[str, ...]) -> tuple[Step, ...]:
        """The steps inside repeats over the variables ``turns``."""
        done: list[Step] = []
        for step in steps:
            match step:
                case Let(_, value) if value is not None:
                    step = replace(step, value=self.expr(value, turns))
                case LetSeveral(_, CallNet() as call):
                    value = self.expr(call, turns)
                    assert isinstance(value, CallNet)
                    step = replace(step, value=value)
                case Append(table, value):
                    step = Append(table, self.expr(value, turns))
                case Repeated(var, body=inner):
                    step = replace(step, body=self.steps(inner, (*turns, var)))
            done.append(step)
        return tuple(done)

    def expr(self, expr: Expr, turns: tuple[str, ...]) -> Expr:
        if isinstance(expr, LoopSum):
            return expr
        expr = rebuild(expr, lambda part: self.expr(part, turns))
        match expr:
            case Placed(base=base) if base is not None:
                names = self.whole((base,), turns)
                if names:
                    self.found.update(names)
                    return replace(expr, fills=True)
            case CallNet(arguments=arguments, fills=fills) if fills:
                names = self.whole([arguments[place] for place in fills], turns)
                if names:
                    self.found.update(names)
                    return replace(expr, keywords=(*expr.keywords, ("in_place", Name("in_place"))))
        return expr

    def whole(self, arrays: Sequence[Expr], turns: tuple[str, ...]) -> set[str]:
        """The inputs that arrays are, or entries that no other turn takes; none if one is anything else."""
        names = set()
        for array in arrays:
            match array:
                case Var(text, subs=()) if text in self.free and not turns:
                    names.add(text)
                case Index(Var(text, subs=()), items) if (
                    text in self.free
                    and all(isinstance(item, All) or is_scalar(item) for item in items)
                    and all(Name(turn) in items for turn in turns)
                ):
                    names.add(text)
                case _:
                    return set()
        return names
