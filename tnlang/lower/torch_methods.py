"""Bodies of ``forward``: the steps of the Plan as lines of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tnlang.lower.layout import WIDTH, fits, wrapped
from tnlang.lower.names import Names
from tnlang.lower.operands import LONG
from tnlang.lower.plan import (
    Along,
    Attention,
    Binary,
    CallNet,
    CpuLinear,
    Einsum,
    Expr,
    Flatten,
    Linear,
    LoopSum,
    Normed,
    Permute,
    Placed,
    Var,
)
from tnlang.lower.steps import (
    Append,
    Body,
    CheckLegs,
    GivenSize,
    Inherited,
    Let,
    LetSeveral,
    LetSize,
    Point,
    Repeated,
    Sliced,
    Step,
    Table,
    Within,
)
from tnlang.lower.torch_expressions import Writer
from tnlang.lower.torch_numbers import range_code, repr_name, text
from tnlang.lower.walks import is_scalar, parts, rebuild

Sign = Literal["+", "-"]


@dataclass(slots=True)
class Method:
    """Writes the steps of one body; ``names`` keeps new variables apart from those there are."""

    net: str
    writer: Writer
    names: Names

    def body(self, body: Body, indent: str) -> list[str]:
        """The lines of a body, ``return`` last."""
        steps, lines = list(body.steps), []
        given = body.result
        last = steps[-1] if steps else None
        returned = None
        if len(given) == 1 and isinstance(last, Let) and last.target == given[0] and last.value is not None:
            steps.pop()
            returned = last
        for step in steps:
            lines += self.step(step, indent)
        if returned is not None and returned.value is not None:
            return [*lines, *self.line("return ", returned.value, returned.point, indent)]
        if len(given) == 1:
            return [*lines, *self.line("return ", given[0], None, indent)]
        return [*lines, *wrapped(f"{indent}return {self.results(given)}")]

    def results(self, given: Sequence[Expr]) -> str:
        return f"Results({', '.join(map(self.writer.text, given))})"

    def step(self, step: Step, indent: str) -> list[str]:
        match step:
            case Let(target, None, point):
                assert point is not None
                return wrapped(f"{indent}{self.writer.text(target)} = {observe(point, 'None')}")
            case Let(target, value, point) if value is not None:
                return self.line(f"{self.writer.text(target)} = ", value, point, indent)
            case LetSeveral(targets, value):
                left = ", ".join(self.writer.text(target) or "_" for target in targets)
                left = f"({left},)" if len(targets) == 1 else left
                return self.line(f"{left} = ", value, None, indent)
            case Table(name, in_order):
                return [f"{indent}{name} = {'[]' if in_order else '{}'}"]
            case Append(table, value):
                return [f"{indent}{table}.append({self.writer.text(value)})"]
            case Repeated(var, start, stop, body):
                inner = [line for one in body for line in self.step(one, indent + "    ")]
                return [f"{indent}for {var} in {range_code(start, stop)}:", *(inner or [f"{indent}    pass"])]
            case Sliced():
                return self.sliced(step, indent)
            case Within(what, stop, size):
                return wrapped(
                    f"{indent}within({repr_name(self.net)}, {repr_name(what)}, {text(stop)}, {text(size)})"
                )
            case CheckLegs():
                return wrapped(indent + self.check(step))
            case LetSize(name, value):
                return wrapped(f"{indent}{name} = {text(value)}")
            case GivenSize(name, dim, attribute):
                sources = f"self.{attribute} if {name} is None else {name}"
                return wrapped(f"{indent}{name} = given({repr_name(self.net)}, {repr_name(dim)}, {sources})")
            case Inherited(name, attribute):
                return [f"{indent}{name} = self.{attribute} if {name} is None else {name}"]
        raise AssertionError(step)

    def sliced(self, step: Sliced, indent: str) -> list[str]:
        """A loop over the terms that are this process's, and the sum over the processes."""
        total = self.writer.text(step.total)
        names = ", ".join(var for var, _, _ in step.loops) + ("," if len(step.loops) == 1 else "")
        ranges = ", ".join(range_code(start, stop) for _, start, stop in step.loops)
        lines = self.line(f"{total} = ", step.zero, None, indent)
        lines += wrapped(f"{indent}for {names} in dealt(self, {ranges}):")
        for inner in step.body:
            lines += self.step(inner, indent + "    ")
        lines += self.line(f"{total} = {total} + ", step.term, None, indent + "    ")
        return [*lines, f"{indent}{total} = shared_sum(self, {total})"]

    def check(self, step: CheckLegs) -> str:
        sizes = ", ".join(
            f"{repr_name(leg)}: {'None' if size is None else text(size)}" for leg, size in step.sizes
        )
        hot = f", {repr_name(step.onehot)}" if step.onehot else ""
        call = f"legs({repr_name(self.net)}, {repr_name(step.name)}, {step.value}, {{{sizes}}}{hot})"
        if not step.binds:
            return call
        bound = dict(step.binds)
        if len(step.sizes) == 1:
            return f"({bound[0]},) = {call}"
        return f"{', '.join(bound.get(i, '_') for i in range(len(step.sizes)))} = {call}"

    def line(self, head: str, value: Expr, point: Point | None, indent: str) -> list[str]:
        """A value bound or returned; what is too long for a line gets lines of its own before it."""
        before, value = self.long_sums(value, indent)
        while not fits(line := indent + head + self.seen(value, point)):
            found = self.hoisted(value, indent, len(line))
            if found is None:
                break
            inner, name = found
            before += self.line(f"{name} = ", inner, None, indent)
            value = _replaced(value, inner, Var(name, 0))
        return [*before, *wrapped(indent + head + self.seen(value, point))]

    def long_sums(self, value: Expr, indent: str) -> tuple[list[str], Expr]:
        """The lines that add up sums of many terms, one term after another, and the value that reads them."""
        before: list[str] = []

        def part(expr: Expr) -> Expr:
            terms = _terms(expr)
            if len(terms) > LONG:
                lines, total = self.added([(op, part(term)) for op, term in terms], indent)
                before.extend(lines)
                return total
            return expr if isinstance(expr, LoopSum) or is_scalar(expr) else rebuild(expr, part)

        return before, part(value)

    def added(self, terms: Sequence[tuple[Sign, Expr]], indent: str) -> tuple[list[str], Expr]:
        """The lines that add terms to a total, as many on each as fit."""
        total = Var(self.names.take("total"), 0)
        head, lines = f"{total.text} = ", list[str]()
        running: Expr | None = None
        for op, term in terms:
            longer = term if running is None else Binary(op, running, term)
            if running is not None and not fits(indent + head + self.writer.text(longer)):
                lines += self.line(head, running, None, indent)
                longer = Binary(op, total, term)
            running = longer
        assert running is not None
        return [*lines, *self.line(head, running, None, indent)], total

    def seen(self, value: Expr, point: Point | None) -> str:
        return self.writer.text(value) if point is None else observe(point, self.writer.text(value))

    def hoisted(self, value: Expr, indent: str, length: int) -> tuple[Expr, str] | None:
        """A part to compute first: a product of variables if there is one, else the shortest that will do."""
        sized = [(len(self.writer.text(c)), c) for c in dict.fromkeys(_movable(value))]
        sized = [(size, c) for size, c in sized if size >= 24]
        sized = [pair for pair in sized if _is_leaf(pair[1])] or sized
        if not sized:
            return None
        enough = [pair for pair in sized if length - pair[0] + 8 <= WIDTH]
        short = [pair for pair in sized if pair[0] + len(indent) + 12 <= WIDTH]
        if enough:
            chosen = min(enough, key=lambda pair: pair[0])[1]
        else:
            chosen = max(short or sized, key=lambda pair: pair[0])[1]
        return chosen, self.names.take(_name_for(chosen))


def _is_leaf(expr: Expr) -> bool:
    """Whether it is a product of variables."""
    return isinstance(expr, Einsum | Linear | CpuLinear) and all(
        isinstance(part, Var) for part in parts(expr)
    )


def observe(point: Point, value: str) -> str:
    """A value shown to its point."""
    where = f"self.{point.attribute}" + "".join(f"[{text(sub)}]" for sub in point.subs)
    return f"{where}({value}, frozen)"


def _movable(expr: Expr) -> Iterator[Expr]:
    """The parts that may be computed before: arrays that depend on no variable of a sum written out."""
    if isinstance(expr, LoopSum):
        return
    for part in parts(expr):
        if is_scalar(part):
            continue
        if isinstance(
            part, Einsum | Linear | Attention | Along | CallNet | Normed | Binary | Placed | CpuLinear
        ):
            yield part
        yield from _movable(part)


def _terms(expr: Expr) -> list[tuple[Sign, Expr]]:
    """The terms of a sum, the first one added."""
    match expr:
        case Binary("+", left, right):
            return [*_terms(left), *_terms(right)]
        case Binary("-", left, right):
            return [*_terms(left), ("-", right)]
        case _:
            return [("+", expr)]


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    if expr == old:
        return new
    return rebuild(expr, lambda part: _replaced(part, old, new))


def _name_for(expr: Expr) -> str:
    """A short name that says what it is: the factors of a product, or the function."""
    match expr:
        case Einsum(operands=operands) if all(isinstance(o, Var) for o in operands):
            names = [o.text.rpartition(".")[2] for o in operands if isinstance(o, Var)]
            joined = "".join(names) if all(len(n) <= 2 for n in names) else "_".join(names)
            return joined if len(joined) <= 12 and joined.isidentifier() else "product"
        case Binary(left=Einsum() as inner) | Binary(right=Einsum() as inner):
            return _name_for(inner)
        case Einsum():
            return "product"
        case Along(function=function):
            return function
        case Linear(Var(x), Var(weight) | Flatten(Var(weight)) | Permute(Flatten(Var(weight)))) | CpuLinear(
            Var(x), Var(weight) | Flatten(Var(weight)) | Permute(Flatten(Var(weight)))
        ):
            return f"{weight.rpartition('.')[2]}_{x.rpartition('.')[2]}"
        case Attention():
            return "mixed"
        case Linear() | CpuLinear():
            return "mapped"
        case Normed():
            return "normed"
        case CallNet(path=path) if re.fullmatch(r"[a-z]\w*", path):
            return path
    return "part"
