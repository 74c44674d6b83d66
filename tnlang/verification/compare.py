"""A picture against its program: what is drawn, worked out from the drawing, and what the program gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from tnlang.ir.net import Net, Repeat
from tnlang.ir.program import (
    Draw,
    Equation,
    Expression,
    Figure,
    NetTarget,
    Program,
    Rewriting,
    Steps,
    ValueTarget,
)
from tnlang.ir.size import dims_in
from tnlang.ir.slots import dotted
from tnlang.ir.walk import output_sum, statements
from tnlang.reference.arrays import Array
from tnlang.source import ValueMismatch
from tnlang.verification.connect import read_picture
from tnlang.verification.leaves import Leaves, Run, all_random, numbers, run, target_legs
from tnlang.verification.outputs import Part, parted
from tnlang.verification.picture import Picture
from tnlang.verification.sheet import Row, Token, panels, sides, steps, tokens, whole
from tnlang.verification.svg import Drawing, Unreadable, read_svg
from tnlang.verification.value import Evaluation

TOLERANCE = 1e-8
SEED = 7
NO_FUNCTIONS: Mapping[str, Callable[..., Array]] = MappingProxyType({})

_SIDE = "(what is drawn)"
_MODULE = "the module of"


@dataclass(frozen=True, slots=True)
class Report:
    """What a picture was compared with, and where it differs.

    ``compared`` are values in words, each with its largest relative deviation from the reference and, where
    ``module`` was asked for, from the generated module. ``faults`` are empty for a picture that agrees.
    """

    name: str
    shapes: int
    wires: int
    bubbles: int
    compared: tuple[tuple[str, float], ...]
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults and bool(self.compared)

    @property
    def off(self) -> float:
        """The largest deviation of a value that is drawn."""
        return max((off for what, off in self.compared if not what.startswith(_MODULE)), default=0.0)

    @property
    def module_off(self) -> float:
        """The largest deviation of a generated module."""
        return max((off for what, off in self.compared if what.startswith(_MODULE)), default=0.0)

    def __str__(self) -> str:
        read = f"{self.name}: {self.shapes} shapes, {self.wires} wires, {self.bubbles} bubbles read"
        largest = max(self.off, self.module_off)
        if self.ok:
            values = "value agrees" if len(self.compared) == 1 else "values agree"
            return f"{read}; {len(self.compared)} {values} (largest deviation {largest:.1e})"
        return "\n".join([read, *(f"  {fault}" for fault in self.faults or ("nothing to compare",))])


def verify(
    svg: str,
    program: Program,
    *,
    figure: str = "",
    net: str = "",
    module: bool = True,
    functions: Mapping[str, Callable[..., Array]] = NO_FUNCTIONS,
) -> Report:
    """Read a network back from its picture and compare its value with the program's.

    What is drawn is what the picture's description says, unless ``figure`` or ``net`` is named. Raises
    KeyError for one the program does not have. ``functions`` are the ``fn`` functions that may run.
    """
    return Verifier(program, module=module, functions=functions).report(svg, figure=figure, net=net)


class Verifier:
    """A program that pictures are compared with. What is drawn more than once is worked out once."""

    def __init__(
        self,
        program: Program,
        *,
        module: bool = True,
        functions: Mapping[str, Callable[..., Array]] = NO_FUNCTIONS,
    ) -> None:
        self.given = _Given(all_random(program), functions, module)

    def report(self, svg: str, *, figure: str = "", net: str = "") -> Report:
        """What ``verify`` tells of a picture."""
        shown = ("figure", figure) if figure else ("net", net) if net else ("", "")
        counts = (0, 0, 0)
        try:
            drawing = read_svg(svg)
            shown = shown if shown[0] else _shown(drawing)
            picture = read_picture(drawing)
            counts = (len(picture.shapes), len(picture.wires), len(picture.regions))
            target = _target(self.given.program, *shown)
            check = _Check(self.given, picture)
            found = check.figure(target) if isinstance(target, Figure) else check.net(target.net, None)
            compared = tuple(found)
        except Unreadable as error:
            return Report(" ".join(shown).strip() or "picture", *counts, (), (str(error),))
        except (ValueError, IndexError) as error:  # NumPy's, on arrays that do not fit one another
            return Report(" ".join(shown), *counts, (), (f"what is drawn does not fit together: {error}",))
        except RecursionError:
            return Report(" ".join(shown), *counts, (), ("the picture nests too deep",))
        faults = tuple(
            f"{what} differs: {deviation:.2g} of its largest entry"
            for what, deviation in compared
            if not deviation <= TOLERANCE
        )
        return Report(" ".join(shown), *counts, compared, faults + picture.misnamed)


def _shown(drawing: Drawing) -> tuple[str, str]:
    found = re.match(r"(figure|net) (\S+) of ", drawing.told)
    if found is None:
        raise Unreadable("the picture does not say which figure or net it is")
    return found[1], found[2]


def source_of(svg: str) -> str:
    """The file name of the program that a picture's description gives; "" where it gives none."""
    found = re.match(r"(?:figure|net) \S+ of ([^;/\\]+)(?:;|$)", read_svg(svg).told)
    return found[1] if found is not None else ""


def _target(program: Program, kind: str, name: str) -> Figure | NetTarget:
    if kind == "net":
        program.net(name)
        return NetTarget(name)
    for known in program.figures:
        if known.name == name:
            return known
    raise KeyError(name)


def small_dims(program: Program) -> dict[str, int]:
    """Sizes from 2 up for dims that may have others than the file says, larger where those are larger.

    Where dots stand for turns of a repeat, it has some that they stand for. A repeat that was cut at a turn
    keeps its turns: one of them alone may be drawn by its number.
    """
    ends = {path for f in program.figures for o in f.openness if o.kind == "ends" for path in o.paths}
    loops = [s.loop for n in program.nets for s in statements(n.body) if isinstance(s, Repeat)]
    long = {dim.name for loop in loops if loop.var in ends for dim in dims_in(loop.stop)}
    cut = {dim.name for loop in loops if loop.start != 0 for dim in dims_in(loop.stop)}
    free = [
        (dim.default if isinstance(dim.default, int) else 4, dim.name)
        for dim in program.dims
        if not dim.counts_members
        and dim.name not in cut
        and (dim.default is None or isinstance(dim.default, int))
    ]
    return {
        name: min(default, max(4 if name in long else 2, 2 + place))
        for place, (default, name) in enumerate(sorted(free))
    }


class _Given:
    """What a program gives: each net and expression run once, on seeded numbers."""

    def __init__(self, program: Program, functions: Mapping[str, Callable[..., Array]], module: bool) -> None:
        self.program, self.functions, self.wants_module = program, functions, module
        self.runs: dict[str, Run] = {}
        self.sides: dict[int, tuple[Net, Run]] = {}
        self.modules: dict[tuple[int, str], float] = {}

    def net(self, name: str) -> Run:
        if name not in self.runs:
            self.runs[name] = self._run(self.program, name)
        return self.runs[name]

    def side(self, side: Expression) -> Run:
        known = self.sides.get(id(side.net))
        if known is None:
            net = replace(side.net, name=_SIDE)
            program = replace(self.program, nets=(*self.program.nets, net))
            known = self.sides[id(side.net)] = (side.net, self._run(program, _SIDE))
        return known[1]

    def _run(self, program: Program, net: str) -> Run:
        """The net on small sizes or, where they do not fit it, on those of the file."""
        small = small_dims(program)
        free = {name: size for name, size in small.items() if _is_free(program, name)}
        failed: ValueMismatch | None = None
        for dims in (small, free):
            try:
                return run(program, net, dims, SEED, self.functions)
            except ValueMismatch as error:
                failed = error
        raise Unreadable(f"the program cannot be run: {failed}")

    def module(self, made: Run, what: str, value: str = "") -> Iterator[tuple[str, float]]:
        """How far the generated module is off in its outputs and ``value``, where that is wanted."""
        if not self.wants_module:
            return
        key = (id(made), value)
        if key not in self.modules:
            self.modules[key] = self._module(made, value)
        yield f"{_MODULE} {what}", self.modules[key]

    def _module(self, made: Run, value: str) -> float:
        from tnlang.execute import run_module

        arrays = run_module(
            made.program,
            made.net,
            made.dims,
            made.inputs,
            made.parameters,
            made.frozen,
            values=(value,) if value in made.cache else (),
            functions=bool(self.functions),
        )
        expected = {**made.cache, **made.outputs}
        return max((_apart(array, expected[name]) for name, array in arrays.items()), default=0.0)


class _Check:
    """One picture against what a program gives."""

    def __init__(self, given: _Given, picture: Picture) -> None:
        self.given, self.program, self.picture = given, given.program, picture

    def net(self, name: str, found: Sequence[Token] | None) -> Iterator[tuple[str, float]]:
        """The outputs of a net that is drawn whole."""
        made = self.given.net(name)
        yield from self._outputs(made, tokens(self.picture) if found is None else found, ())
        yield from self.given.module(made, name)

    def _outputs(
        self, made: Run, found: Sequence[Token], apart: Sequence[int]
    ) -> Iterator[tuple[str, float]]:
        """The outputs of what is drawn; ``apart`` are the tensors that may be drawn as one."""
        evaluation = Evaluation(self.picture, Leaves(made, self.given.functions), apart)
        clusters = [t.cluster for t in found if t.cluster is not None]
        outputs = made.program.net(made.net).outputs
        keys = [dotted(output.name, output.subs) for output in outputs]
        parts = {keys[0]: Part(tuple(clusters))} if len(keys) == 1 else parted(evaluation, clusters, keys)
        for output, key in zip(outputs, keys, strict=True):
            value = whole(evaluation, parts[key], self._names(made))
            wanted = [f"{key}.{leg.name}" for leg in output.legs]
            yield f"output {key}", _apart(value.ordered(wanted), made.outputs[key])

    def steps(self, name: str, found: Sequence[Token]) -> Iterator[tuple[str, float]]:
        """Each panel of a contraction: the same value, of ever fewer tensors."""
        first, *later = steps(found)
        apart = [shape for token in first if token.cluster is not None for shape in token.cluster.shapes]
        yield from self.net(name, first)
        for place, panel in enumerate(later, 1):
            for what, deviation in self._outputs(self.given.net(name), panel, apart):
                yield f"{what} after step {place}", deviation

    def figure(self, figure: Figure) -> Iterator[tuple[str, float]]:
        """All that a figure draws."""
        rows = panels(tokens(self.picture), [self._relation(item) for item in figure.items])
        for item, row in zip(figure.items, rows, strict=True):
            match item:
                case Draw(target=NetTarget(net=name)):
                    yield from self.net(name, _after(self._relation(item), row))
                case Steps(net=name):
                    yield from self.steps(name, row)
                case Rewriting(nets=nets, relations=relations):
                    parts = sides(row)
                    self._told(relations, parts)
                    for name, (_, part) in zip(nets, parts, strict=True):
                        yield from self.rewritten(name, part)
                case Draw(target=ValueTarget() as target):
                    yield from self.value(target, row)
                case Draw(target=Expression() as expression):
                    yield from self.side(expression, row, "what is drawn")
                case Equation(sides=drawn, relations=relations):
                    parts = sides(row)
                    self._told(relations, parts)
                    for place, (side, (_, part)) in enumerate(zip(drawn, parts, strict=True), 1):
                        if isinstance(side, Expression):
                            yield from self.side(side, part, f"side {place}")
                        elif [token.kind for token in part] != [f"(text) {side}"]:
                            raise Unreadable(f"side {place} is not the text {side}")

    def rewritten(self, name: str, found: Sequence[Token]) -> Iterator[tuple[str, float]]:
        """A net in a row of nets, its output perhaps as a row of terms."""
        bind = output_sum(self.program.net(name))
        if bind is None:
            yield from self.net(name, found)
            return
        made = self.given.net(name)
        evaluation = self._evaluation(made)
        expected, legs = evaluation.leaves.named(bind.target.name)
        value = Row(found, evaluation).value(self._names(made))
        yield f"the terms of {name}", _apart(value.ordered(legs), expected)
        yield from self.given.module(made, name)

    def _relation(self, item: Draw | Equation | Rewriting | Steps) -> str:
        """The relation to what stands before, where a net is drawn that is nearly that."""
        match item:
            case Draw(target=NetTarget(net=name)) if "≈" in self.program.net(name).note:
                return "≈"
        return ""

    def _told(self, relations: tuple[str, ...], parts: Sequence[tuple[str, Sequence[Token]]]) -> None:
        """Raise Unreadable where the picture has other relations."""
        found = tuple(relation for relation, _ in parts[1:])
        if found != relations:
            raise Unreadable(f"the equation has {' '.join(relations)}, the picture {' '.join(found)}")

    def side(self, side: Expression, found: Sequence[Token], what: str) -> Iterator[tuple[str, float]]:
        """An expression, or a side of an equation."""
        made = self.given.side(side)
        value = Row(found, self._evaluation(made)).value(self._names(made))
        (expected,) = made.outputs.values()
        yield what, _apart(value.ordered(target_legs(side.result.target)), expected)
        yield from self.given.module(made, what)

    def value(self, target: ValueTarget, found: Sequence[Token]) -> Iterator[tuple[str, float]]:
        """``A = …``: both sides are the value."""
        made = self.given.net(target.net)
        evaluation = self._evaluation(made)
        array, legs = evaluation.leaves.named(target.value)
        for place, (_, part) in enumerate(sides(found), 1):
            value = Row(part, evaluation).value(self._names(made))
            yield f"side {place} of {target.value}", _apart(value.ordered(legs), array)
        key = evaluation.leaves.last(target.value)
        yield from self.given.module(made, f"{target.net}.{target.value}", key)

    def _evaluation(self, made: Run) -> Evaluation:
        return Evaluation(self.picture, Leaves(made, self.given.functions))

    def _names(self, made: Run) -> Mapping[str, int]:
        return numbers(made.program, made.dims)


def _after(relation: str, row: Sequence[Token]) -> list[Token]:
    """A row of one net without the relation that it begins with. Raises Unreadable for other signs."""
    signs = [token.kind for token in row if token.cluster is None]
    if signs != [relation] * bool(relation) or (relation and row[0].kind != relation):
        raise Unreadable(f"{' '.join(signs) or 'no sign'} stands by a net, not {relation or 'no sign'}")
    return [token for token in row if token.cluster is not None]


def _is_free(program: Program, name: str) -> bool:
    return any(dim.name == name and dim.default is None for dim in program.dims)


def _apart(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest entry expected; infinite where shapes differ."""
    if found.shape != expected.shape:
        try:
            found = np.broadcast_to(found, expected.shape)
        except ValueError:
            return float("inf")
    with np.errstate(invalid="ignore"):
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        apart = np.where(same, 0.0, np.abs(found - expected))
    apart = np.where(np.isnan(apart), np.inf, apart)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1e-300, float(finite.max(initial=0.0)))
    return float(apart.max(initial=0.0)) / scale
