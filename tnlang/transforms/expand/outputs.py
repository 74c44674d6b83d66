"""What is expanded in paths: the outputs of a net, or with ``of = S`` a score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tnlang.ir.net import Bind, Bracket, Net, Origin, Output, Ref, Sum, Tensor, Term, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, new_id, value_wires
from tnlang.transforms.dead import needed_for
from tnlang.transforms.expand.blocks import Expansion, Path
from tnlang.transforms.expand.choices import REST, check_count, count_of
from tnlang.transforms.expand.heads import heads_of
from tnlang.transforms.expand.linear import Nonlinear, Streams, reading
from tnlang.transforms.expand.paths import LIMIT, ends_of, listed, named, rest_of
from tnlang.transforms.expand.product_rule import products
from tnlang.transforms.expand.scores import score, score_name, score_output
from tnlang.transforms.flatten import Assignment, Flat, flatten
from tnlang.transforms.inside import values_of
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, some
from tnlang.transforms.residual import residual
from tnlang.transforms.turns import turns_there_are


def expand_paths(request: Request) -> tuple[Net, ...]:
    """The net with its output as the sum of its paths and of the rest.

    Options: ``order <= n`` for paths through at most n components, ``count = n`` for the first n,
    ``named = "direct; 0.3"`` for these and what they begin with, ``by = block`` for blocks that are not taken
    apart into heads, ``of = S`` for a score instead of the output.
    Raises TransformError where the net has no stream, where an addition or the output is not linear in it,
    and for other options.
    """
    options = _options(request)
    net = request.program.net(request.net)
    expansion, of = read_paths(request.program, net, options.split, options.of)
    flat = expansion.streams.flat
    if options.named:
        paths, steps = named(expansion, options.named)
    else:
        _check_terms(
            expansion, [of] if of else flat.outputs, ends_of(expansion, options.order, options.count)
        )
        paths, steps = listed(expansion, options.order, options.count)
    rest = rest_of(expansion, paths, steps)
    if of:
        results = [score(expansion, of, paths, rest)]
        outputs = [score_output(results[0])]
    else:
        pairs = zip(net.outputs, flat.outputs, strict=True)
        results = [_output(expansion, output, name, paths, rest) for output, name in pairs]
        outputs = [replace(o, name=b.target.name, subs=()) for o, b in zip(net.outputs, results, strict=True)]
    body = needed_for((*flat.body, *expansion.bindings, *results), {output.name for output in outputs})
    made = replace(net, name=request.name, owned=tuple(flat.owned), outputs=tuple(outputs))
    return (replace(made, source=net.source or net.name, body=renew(tuple(body))),)


def _check_terms(expansion: Expansion, names: Sequence[str], ends: Sequence[int]) -> None:
    """Raises TransformError where products of paths have too many terms, before the paths are bound."""
    streams = expansion.streams
    for name in names:
        terms = streams.value(name).terms if name in streams.definitions else ()
        uses = [streams.uses(term) for term in terms]
        check_count(sum(count_of(expansion, own, ends) for own in uses if len(own) > 1))


def read_paths(program: Program, net: Net, split: bool, of: ValuePath = ()) -> tuple[Expansion, str]:
    """The blocks and sources of a net, heads apart with ``split``, and the name of the score ``of``.

    Raises TransformError where the net has no stream, and where an addition is not linear in it.
    """
    flat = flatten(program, net)
    flat.assignments = residual(program, net, flat)
    flat.assignments = [*_attended(net, flat), *flat.assignments]
    place = _without_products(flat)
    if not Streams(flat).stream:
        raise TransformError(
            f"{net.name} has no stream, and no input with its output's legs: there are no paths",
            f"`expand({net.name}, x)` writes a value x out",
        )

    def followed(*taken: str) -> tuple[Expansion, str]:
        return _followed(program, net, Expansion(Streams(flat, frozenset(taken)), split, set(), place), of)

    try:
        return followed()
    except Nonlinear as error:
        others = _others(error, followed)
        if others:
            every = ", ".join([error.freezing, *others])
            error.hint += f"; {some(others)} too: `expand(freeze(model, {every}), paths)`"
        raise


def _followed(program: Program, net: Net, expansion: Expansion, of: ValuePath) -> tuple[Expansion, str]:
    """An expansion with what is on the way from its streams to the outputs, or to the score ``of``."""
    streams = expansion.streams
    flat = streams.flat
    decls = (*program.declarations, *net.inputs, *flat.owned)
    expansion.taken |= {d.name for d in decls} | {s.target.name for s in flat.body}
    known = {ref.name for one in program.nets for ref in values_of(one)}
    name = score_name(streams, of, known, turns_there_are(program, net, of)) if of else ""
    streams.asked = {name} if of else set(flat.outputs)
    ends = [read for value in ([name] if of else flat.outputs) for read in streams.ends(value)]
    if not ends:
        what = name if of else f"what {net.name} gives"
        message = f"{what} depends on no value of its stream: there are no paths to it"
        raise TransformError(message, f"`expand({net.name}, x)` writes a value x out")
    expansion.read(ends)
    return expansion, name


def _others(first: Nonlinear, followed: Callable[..., object]) -> list[str]:
    """What else has to be frozen, found by taking what is known of for frozen."""
    found = [first.freezing]
    while found[-1]:
        try:
            followed(*found)
        except Nonlinear as error:
            found.append(error.freezing if error.freezing not in found else "")
        except TransformError:
            break
        else:
            break
    return [one for one in found[1:] if one]


def _attended(net: Net, flat: Flat) -> Iterator[Assignment]:
    """The inputs that no stream begins with and that heads read: what an encoder gives is one.

    A pattern that is an input is none: heads do not read it, they are told apart by it.
    """
    without = Streams(flat)
    for decl in net.inputs:
        if decl.name in without.stream or decl.subs:
            continue
        wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in decl.legs)
        own = Assignment(decl.name, "", wires, Sum(()))
        trial = Streams(replace(flat, assignments=[own, *flat.assignments]))
        readers = [a for a in flat.assignments if decl.name in without.leaves(a.change)]
        try:
            read = [(t, a.legs) for a in readers for t in trial.written(a.change, a.value).terms]
        except TransformError:  # something that is not linear
            continue
        read = [(t, legs) for t, legs in read if decl.name in trial.uses(t)]
        is_linear = all(len(trial.uses(term)) == 1 for term, _ in read)
        if is_linear and any(heads_of(term, {decl.name}, legs) for term, legs in read):
            yield own


def _without_products(flat: Flat) -> str:
    """Take the last additions that multiply values of streams from the streams, if only outputs read them.

    They are written into the outputs then. The place of the last of them, "" where there are none.
    """
    place = ""
    while flat.assignments:
        streams = Streams(flat)
        last = flat.assignments[-1]
        try:
            terms = streams.written(last.change, last.value).terms
        except TransformError:  # something that is not linear
            return place
        if all(len(streams.uses(term)) < 2 for term in terms):
            return place
        flat.assignments = flat.assignments[:-1]
        place = place or last.place or last.value
    return place


@dataclass(frozen=True, slots=True)
class _Options:
    order: float
    count: int
    split: bool
    of: ValuePath
    named: tuple[str, ...]


def _options(request: Request) -> _Options:
    known = {"order", "count", "by", "of", "named"}
    for name in request.options:
        if name not in known:
            raise TransformError(
                f"expand(net, paths) has no option {name}", "there are order, count, by, of and named"
            )
    numbers = []
    for name in ("order", "count"):
        found = request.options.get(name, float(LIMIT + 1))
        if not isinstance(found, float) or found != int(found) or found < 0:
            raise TransformError(f"{name} is a whole number", f"`{name} <= 2`")
        numbers.append(found)
    by = request.options.get("by", (Step("head"),))
    if by not in ((Step("head"),), (Step("block"),)):
        raise TransformError("paths go by head or by block", "`by = block`")
    of = request.options.get("of", ())
    if not isinstance(of, tuple) or not all(isinstance(step, Step) for step in of):
        raise TransformError("of names a score", "`of = attention{1}.S`")
    path = tuple(step for step in of if isinstance(step, Step))
    text = request.options.get("named", "")
    names = tuple(name.strip() for name in text.split(";") if name.strip()) if isinstance(text, str) else ()
    if "named" in request.options and (not names or {"order", "count"} & set(request.options)):
        raise TransformError("named names the paths that are listed, all of them", '`named = "direct; 0.3"`')
    return _Options(numbers[0], int(numbers[1]), by == (Step("head"),), path, names)


def output_value(expansion: Expansion, output: Output, name: str) -> tuple[Value, Sum]:
    """An output, and what it is in terms of streams: sums of products.

    Raises TransformError for one that is not, or is no value that paths lead to.
    """
    streams = expansion.streams
    own = dotted(output.name, output.subs)
    if name in streams.stream:
        legs = next(a.legs for a in streams.flat.assignments if a.value == name)
        return Value(own, legs), Sum((Term((Tensor(Ref(name), legs),)),))
    if name not in streams.definitions:
        said = f"the output {own} is no value that paths lead to"
        raise TransformError(said, f"bind the output to what the stream gives: `{own} = r`")
    total = streams.value(name)
    return replace(streams.definitions[name].target, name=own, anonymous=False), total


def _output(expansion: Expansion, output: Output, name: str, paths: list[Path], rest: dict[str, str]) -> Bind:
    """An output as the sum of what each path gives, each with its name below."""
    target, total = output_value(expansion, output, name)
    streams = expansion.streams
    own = target.name
    constant = [term for term in total.terms if not streams.uses(term)]
    linear = [term for term in total.terms if len(streams.uses(term)) == 1]
    several = [term for term in total.terms if len(streams.uses(term)) > 1]
    terms: list[Term] = []
    legs = value_wires(target.legs)
    by_choice = products(expansion, several, legs, expansion.place, paths, rest)

    def add(caption: str, values: dict[str, str], more: Sequence[Term] = ()) -> None:
        found = (*(reading(t, values) for t in linear if streams.uses(t)[0] in values), *more)
        if found:
            body = Sum(found)
            if len(found) > 1 or len(found[0].nodes) > 1:  # a value of its own: lines of code stay short
                value = expansion.bind(f"{caption} in {own}", legs, [(found, {})])
                body = Sum((Term((Tensor(Ref(value), legs),)),))
            inside = Bracket(copy(body), caption=caption, origin=Origin(rules=("expand",)))
            terms.append(Term((inside,)))

    for path in paths:
        add(path.name, {v: path.value for v, within in expansion.within.items() if path.at in within})
    of_rest = by_choice.pop(REST, [])
    for caption, own_terms in by_choice.items():
        add(caption, {}, own_terms)
    add(REST, rest, of_rest)
    if constant:
        terms.append(Term((Bracket(Sum(tuple(constant)), caption="bias"),)))
    return Bind(target, Sum(tuple(terms)), origin=Origin(rules=("expand",)))
