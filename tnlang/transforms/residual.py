"""The values that go through a net and are added to, whether the text calls them a stream or not.

``y = x + f(x)`` is what a stream is: a value that goes on as it is, and what is added to it is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Bind, Decl, Net, Ref, Sum, Tensor, Term, Wire
from tnlang.ir.program import Program
from tnlang.ir.walk import fresh_wire, new_id, node_wires, refs, value_wires, walk
from tnlang.transforms.flatten import Assignment, Flat, place_of


def residual(program: Program, net: Net, flat: Flat) -> list[Assignment]:
    """The values of streams, in the order in which they are made.

    They are what the net's streams are assigned, and the sums between such values (in ``h = layer(h)`` those
    of the layer); sums y = x + f(x), and the x that the first of them begins with; and in a net without
    streams its inputs and what its calls give, if they have the legs of its output (where there are such
    sums, only what is added or given out).
    """
    declared = (*program.declarations, *flat.owned)
    search = _Search(flat, {decl.name for decl in declared if decl.kind in ("param", "const")})
    found = {assignment.value: assignment for assignment in flat.assignments}
    sums = {a.value: (begins, a) for begins, a in search.sums() if a.value not in found}
    if not found:
        used = {*search.addends(), *flat.outputs}
        for given in _given(flat, net.inputs):
            if not sums or given.value in used:
                found[given.value] = given
    for name, (_, addition) in sums.items():
        found[name] = replace(addition, place=found[name].place if name in found else addition.place)
    for begins, addition in sums.values():
        if begins not in found:
            found[begins] = search.beginning(begins, addition.legs)
    for name in search.carried(found):
        found[name] = search.beginning(name, ())
    order = {statement.target.name: at for at, statement in enumerate(flat.body)}
    return sorted(found.values(), key=lambda assignment: order.get(assignment.value, -1))


@dataclass(slots=True)
class _Search:
    """``constant`` are the values that parameters alone give, ``made_from`` what each value depends on."""

    flat: Flat
    constant: set[str]
    definitions: dict[str, Bind] = field(init=False)
    made_from: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    """Of each value; the bits of ``made_from``."""

    def __post_init__(self) -> None:
        self.definitions = self.flat.definitions()
        for name, bind in self.definitions.items():
            read = {ref.name for ref in refs(bind)}
            if read <= self.constant:
                self.constant.add(name)
            self.made_from[name] = 0
            for other in read:
                self.made_from[name] |= 1 << self.number(other) | self.made_from.get(other, 0)

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def sums(self) -> Iterator[tuple[str, Assignment]]:
        """The sums of a value and of what is made from it and from something else; that value before each."""
        for name, bind in self.definitions.items():
            legs = value_wires(bind.target.legs)
            if name in self.constant or legs != bind.target.legs:
                continue
            for at, term in enumerate(bind.body.terms):
                begins = passed_on(term, legs)
                others = replace(bind.body, terms=(*bind.body.terms[:at], *bind.body.terms[at + 1 :]))
                if begins and self.is_made_from(others, begins):
                    is_whole = term.coefficient == 1 and len(term.nodes) == 1
                    before, change = (begins, others) if is_whole else ("", bind.body)
                    place = place_of(self.flat, others, legs)
                    yield begins, Assignment(name, before, legs, change, place)
                    break

    def carried(self, found: Mapping[str, Assignment]) -> Iterator[str]:
        """The values between those of streams: each holds one as it is, and is passed on to a later one."""
        held: dict[str, list[str]] = {}
        for name, bind in self.definitions.items():
            legs = value_wires(bind.target.legs)
            passed = [passed_on(term, legs) for term in bind.body.terms if legs == bind.target.legs]
            held[name] = [other for other in passed if other in found or held.get(other)]
        waiting = [name for value in found if value in held for name in held[value]]
        seen = set(found)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += held[name]
                yield name

    def is_made_from(self, body: Sum, begins: str) -> bool:
        """Whether a sum depends on a value, and on something that does not depend on that.

        The centring of a norm, x - mean(x), reads nothing else: it is a function of x.
        """
        bit = 1 << self.number(begins)
        waiting = {node.ref.name for node in walk(body) if isinstance(node, Tensor)}
        seen: set[str] = set()
        reads, others = begins in waiting, False
        while waiting := waiting - seen - {begins}:
            name = waiting.pop()
            seen.add(name)
            if self.made_from.get(name, 0) & bit:
                reads = True
                waiting |= {ref.name for ref in refs(self.definitions[name])}
            elif name not in self.definitions or self.made_from[name]:
                others = True
        return reads and others

    def addends(self) -> Iterator[str]:
        """The values that sums of several terms add as they are."""
        for bind in self.definitions.values():
            legs = value_wires(bind.target.legs)
            for term in bind.body.terms if len(bind.body.terms) > 1 else ():
                if found := passed_on(term, legs):
                    yield found

    def beginning(self, name: str, legs: tuple[Wire, ...]) -> Assignment:
        """A value that sums begin with, as it is made: by nothing, if it is an input or frozen."""
        wires = tuple(fresh_wire(leg) for leg in legs)
        bind = self.definitions.get(name)
        if bind is None or bind.target.legs != value_wires(bind.target.legs):
            return Assignment(name, "", wires, Sum(()))
        wires = value_wires(bind.target.legs)
        return Assignment(name, "", wires, bind.body, place_of(self.flat, bind.body, wires))


def passed_on(term: Term, legs: tuple[Wire, ...]) -> str:
    """The value that a term has as it is, on these legs, but for a factor without legs; "" if it has none."""
    found = ""
    for node in term.nodes:
        match node:
            case Tensor(ref=Ref(name, ()), legs=used, conj=False) if used == legs and not found:
                found = name
            case _ if node_wires(node) or any(
                isinstance(inner, Tensor) for inner in walk(Sum((Term((node,)),)))
            ):
                return ""
            case _:
                pass
    return found if legs else ""


def _given(flat: Flat, inputs: tuple[Decl, ...]) -> Iterator[Assignment]:
    """The inputs of a net that have the legs of its output, and what its calls give with these legs."""
    definitions = flat.definitions()
    if not flat.outputs or flat.outputs[0] not in definitions:
        return
    sizes = [wire.size for wire in value_wires(definitions[flat.outputs[0]].target.legs)]
    given = [d for d in inputs if not d.subs and [leg.size for leg in d.legs] == sizes]
    for decl in given:
        wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in decl.legs)
        yield Assignment(decl.name, "", wires, Sum(()))
    for name, place in flat.results if given else ():
        if name in definitions:
            made = definitions[name]
            wires = value_wires(made.target.legs)
            if wires == made.target.legs and [wire.size for wire in wires] == sizes:
                yield Assignment(name, "", wires, made.body, place)
