"""``expand(net, paths, of = S)``: a score, which reads a stream twice, as a sum over pairs of paths.

Each use of the stream in the score goes through one path of its own: ``0.3 (K)`` is the product with head 0.3
in place of the stream on the side of the keys, and the direct path on that of the queries. This is exact,
because it ends before the softmax.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Frozen,
    Ix,
    Leg,
    Origin,
    Output,
    Ref,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.walk import children, copy, value_wires
from tnlang.transforms.expand.blocks import Expansion, Path
from tnlang.transforms.expand.choices import (
    REST,
    caption_of,
    check_count,
    choices,
    count_of,
    reading_each,
    sides_of_score,
)
from tnlang.transforms.expand.linear import Streams
from tnlang.transforms.flat_names import written_path
from tnlang.transforms.request import TransformError, ValuePath, near, show_path, some


def score_name(streams: Streams, path: ValuePath, known: Collection[str], there: str) -> str:
    """The value that is meant, by its name in a cache; ``known`` are the names that values of nets have.

    ``there`` is what a message says of turns that there are, where the path names others.
    Raises TransformError if it is not one.
    """
    asked = ".".join(".".join([step.name, *map(str, step.subs or ())]) for step in path)
    found = [n for n in streams.definitions if n == asked or n.endswith("." + asked)]
    if asked in found:
        found = [asked]
    if not found and path[-1].name in known and (frozen := _frozen_beside(streams, asked)):
        said = f"{show_path(path)} is not worked out any more: {some(frozen)} is frozen"
        raise TransformError(said, "freeze the patterns of other turns alone: `attention{0}.A`")
    if len(found) != 1:
        what = "no value" if not found else "several values"
        names = list(map(written_path, found or filter(streams.named, streams.definitions)))
        hint = "they are " + some(names) if found else near(show_path(path), names)
        said = f"there {'are' if found else 'is'} {what} {show_path(path)}{'' if found else there}"
        raise TransformError(said, hint)
    return found[0]


def _frozen_beside(streams: Streams, asked: str) -> list[str]:
    """The frozen values of the call that a value is asked of, by their names in a cache."""
    call = asked.rpartition(".")[0]
    frozen = [s.target.name for s in streams.flat.body if isinstance(s, Frozen)]
    return [name for name in frozen if name.rpartition(".")[0] == call]


def score(expansion: Expansion, name: str, paths: list[Path], rest: dict[str, str]) -> Bind:
    """The score as a sum of its products with each choice of paths, their names below, and of the rest."""
    streams = expansion.streams
    bind = streams.definitions[name]
    keys = _softmax_wire(streams, bind)
    found: dict[str, list[Term]] = {}
    terms = streams.value(name).terms
    ends = [path.at for path in paths]
    check_count(sum(count_of(expansion, streams.uses(term), ends, rest) for term in terms))
    for term in terms:
        sides = sides_of_score(streams, term, keys)
        for values, chosen in choices(expansion, streams.uses(term), paths, rest):
            caption = REST if chosen is None else caption_of(chosen, sides, "") if sides else "bias"
            found.setdefault(caption, []).append(reading_each(term, streams.stream, values))
    captions = [*(c for c in found if c not in (REST, "bias")), *(c for c in (REST, "bias") if c in found)]
    sums = []
    for caption in captions:
        body = Sum(tuple(copy(Sum((term,))).terms[0] for term in found[caption]))
        sums.append(Term((Bracket(body, caption=caption, origin=Origin(rules=("expand",))),)))
    target = Value(name, bind.target.legs, (), bind.target.leg_names)
    return Bind(target, Sum(tuple(sums)), origin=Origin(rules=("expand",)))


def score_output(bind: Bind) -> Output:
    """The score as the output of a net."""
    legs = tuple(Leg(wire.text, wire.size) for wire in value_wires(bind.target.legs))
    return Output(bind.target.name, legs)


def _softmax_wire(streams: Streams, bind: Bind, seen: frozenset[str] = frozenset()) -> Wire | None:
    """The wire of the score along which a softmax works, in it or in what is made of it: the keys'."""
    for other in streams.definitions.values():
        if other.target.name in seen:
            continue
        for wires, gates in _inside(other.body, bind.target.name, frozenset()):
            own = dict(zip(wires, bind.target.legs, strict=True))
            keys = set(gates)
            if not keys and (further := _softmax_wire(streams, other, seen | {bind.target.name})):
                keys = {further}
            found = next((leg for wire, leg in own.items() if wire in keys and isinstance(leg, Wire)), None)
            if found is not None:
                return found
    return None


def _inside(body: Sum, name: str, gates: frozenset[Wire]) -> Iterator[tuple[tuple[Ix, ...], frozenset[Wire]]]:
    """Each use of a value in a sum: its legs, and the gates of the softmax that it is in."""
    for term in body.terms:
        for node in term.nodes:
            match node:
                case Tensor(ref=Ref(found), legs=legs) if found == name:
                    yield legs, gates
                case Bubble(function="softmax", body=inner, gates=own):
                    yield from _inside(inner, name, frozenset(own))
                case _:
                    for inner in children(node):
                        yield from _inside(inner, name, gates)
