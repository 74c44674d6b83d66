"""``expand(net, paths)``: an output as the sum of the paths that lead to it through the blocks of a stream.

A path begins with what is put into the stream (``direct``, or a bias), and goes through components:
``0.3 -> 1.7 (V)``. It is the component's product with the path before it in place of the stream, a binding
of its own, so that longer paths share it. What is not listed is carried along in a second stream, ``rest``;
the terms and the rest are the output exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from tnlang.ir.net import Ref, Tensor, Term
from tnlang.transforms.expand.blocks import DIRECT, Block, Component, Expansion, Path
from tnlang.transforms.expand.choices import REST
from tnlang.transforms.request import TransformError, near

LIMIT = 10_000
"""Paths that may be listed."""


def through(path: Path, part: Component) -> str:
    """The name of the path through one more component."""
    mark = " (V)" if part.has_heads else ""
    return part.name if path.name == DIRECT else f"{path.name} -> {part.name}{mark}"


def extended(expansion: Expansion, path: Path, part: Component) -> Path:
    """The path through one more component, bound."""
    name = through(path, part)
    instead = dict.fromkeys(part.reads, path.value)
    terms = expansion.applied(part, path.at)
    value = expansion.bind(name, expansion.assignments[part.at].legs, [(terms, instead)])
    return Path(name, value, part.at)


def ends_of(expansion: Expansion, order: float, count: int) -> list[int]:
    """The assignments that first add the paths that ``listed`` gives, in its order; nothing is bound.

    Raises TransformError for more paths than may be listed.
    """
    onward: dict[int, list[int]] = {}

    def every() -> Iterator[int]:
        last, length = [source.at for source in expansion.sources], 0
        yield from last
        while last and length < order:
            length += 1
            longer: list[int] = []
            for at in last:
                if at not in onward:
                    onward[at] = [part.at for part in after(expansion, at)]
                for further in onward[at]:
                    longer.append(further)
                    yield further
            last = longer

    ends = list(itertools.islice(every(), min(count, LIMIT + 1)))
    if len(ends) > LIMIT:
        hint = "limit them: `order <= 2`, `count = 100`"
        raise TransformError(f"there are more than {LIMIT:,} paths", hint)
    return ends


def listed(expansion: Expansion, order: float, count: int) -> tuple[list[Path], set[tuple[str, str, int]]]:
    """The first paths, the shorter before the longer, and the steps between them.

    A step is the value of a path, and the component it goes on through by name and assignment. No more paths
    are bound than are listed.
    """
    steps: set[tuple[str, str, int]] = set()

    def every() -> Iterator[Path]:
        yield from expansion.sources
        last, length = list(expansion.sources), 0
        while last and length < order:
            length += 1
            longer: list[Path] = []
            for path in last:
                for part in after(expansion, path.at):
                    longer.append(extended(expansion, path, part))
                    steps.add((path.value, part.name, part.at))
                    yield longer[-1]
            last = longer

    return list(itertools.islice(every(), count)), steps


def named(expansion: Expansion, names: Sequence[str]) -> tuple[list[Path], set[tuple[str, str, int]]]:
    """The paths of these names, each after those that it begins with, and the steps between them.

    Raises TransformError for a name that no path has.
    """
    sources = {path.name: path for path in expansion.sources}
    known: dict[tuple[str, str, int], Path] = {}
    found: dict[str, Path] = {}
    for name in names:
        first, *others = name.split(" -> ")
        parts = others if first in sources else [first, *others]
        path = sources.get(first) or sources.get(DIRECT)
        if path is None:
            raise TransformError(f"no path begins with {first}", "they begin with " + ", ".join(sources))
        found[path.name] = path
        for wanted in parts:
            part = next((p for p in after(expansion, path.at) if p.name == wanted.removesuffix(" (V)")), None)
            if part is None:
                hint = near(wanted, [p.name for p in after(expansion, path.at)], "the next ones")
                raise TransformError(f"no path goes from {path.name} through {wanted}", hint)
            step = (path.value, part.name, part.at)
            known[step] = path = known.get(step) or extended(expansion, path, part)
            found[path.name] = path
        if len(found) > LIMIT:
            raise TransformError(f"there are more than {LIMIT:,} paths", "name fewer of them")
    return list(found.values()), set(known)


def after(expansion: Expansion, at: int) -> Iterator[Component]:
    """The components that a path can go on through, which an assignment is the first to add."""
    for block in expansion.blocks:
        for part in block.parts:
            if expansion.applied(part, at):
                yield part


def rest_of(expansion: Expansion, paths: list[Path], steps: set[tuple[str, str, int]]) -> dict[str, str]:
    """Bind what each value of a stream holds beside the listed paths; their names, by those of the values.

    It goes through the blocks as the stream does; the listed paths join it where one goes on unlisted.
    """
    rest: dict[str, str] = {}
    known = {path.value for path in paths}
    for at, assignment in enumerate(expansion.assignments):
        parts: list[tuple[tuple[Term, ...], dict[str, str]]] = []
        whole = (Term((Tensor(Ref(assignment.value), assignment.legs),)),)
        for before in expansion.befores[assignment.value]:
            if before in rest:
                parts.append((whole, {assignment.value: rest[before]}))
        for source in expansion.sources:
            if source.at == at and source.value not in known:
                parts.append((whole, {assignment.value: source.value}))
        for block in expansion.blocks:
            if block.whole.at == at:
                parts += _unlisted(expansion, block, paths, steps, rest)
        if parts:
            name = f"{REST} of {assignment.value}"
            rest[assignment.value] = expansion.bind(name, assignment.legs, parts)
    return rest


def _unlisted(
    expansion: Expansion,
    block: Block,
    paths: list[Path],
    steps: set[tuple[str, str, int]],
    rest: dict[str, str],
) -> Iterator[tuple[tuple[Term, ...], dict[str, str]]]:
    """What a block adds to the rest: all of the rest before it, and of each path what is not listed."""
    together: dict[str, list[str]] = {}
    for read in dict.fromkeys(block.whole.reads):
        together[read] = [rest[read]] if read in rest else []
    for path in paths:
        parts = [part for part in block.parts if expansion.applied(part, path.at)]
        missing = [part for part in parts if (path.value, part.name, part.at) not in steps]
        if len(missing) < len(parts):
            for part in missing:
                yield expansion.applied(part, path.at), dict.fromkeys(part.reads, path.value)
            continue
        for read, values in together.items():
            if path.at in expansion.within[read]:
                values.append(path.value)
    for read, values in together.items():
        terms = tuple(t for t, r in zip(block.whole.terms, block.whole.reads, strict=True) if r == read)
        if len(values) > 1:
            before = next(a for a in expansion.assignments if a.value == read)
            whole = (Term((Tensor(Ref(read), before.legs),)),)
            name = f"{REST} into {block.whole.name}"
            values = [expansion.bind(name, before.legs, [(whole, {read: value}) for value in values])]
        yield from ((terms, {read: value}) for value in values)
