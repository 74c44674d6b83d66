"""What a net's values are in terms of its streams: sums of products, each with uses of stream values.

The streams of a net without calls and repeats (``Flat``) are followed backwards: a value that depends on a
stream is written into what reads it, until only uses of stream values are left. A product with one such use
is linear; what has one inside a function is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tnlang.ir.functions import NORMALS
from tnlang.ir.inline import in_place
from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Frozen,
    Node,
    Ref,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
)
from tnlang.ir.normal import elide_deltas
from tnlang.ir.scales import SCALE
from tnlang.ir.walk import map_children, refs, walk
from tnlang.transforms.expand.products import multiplied_out
from tnlang.transforms.flat_names import bare_name, without_turns, written_path
from tnlang.transforms.flatten import Flat
from tnlang.transforms.request import TransformError
from tnlang.transforms.unroll import marked_as

ALL_SCALES = f"*.{SCALE}"
ADDING = ("sum", "mean")
"""Functions that are linear: they add entries."""


class Nonlinear(TransformError):
    """A stream inside a function. ``freezing`` is what a freeze names that makes it linear, "" for none."""

    def __init__(self, message: str, hint: str, freezing: str = "") -> None:
        super().__init__(message, hint)
        self.freezing = freezing


@dataclass(slots=True)
class Streams:
    """``stream`` are the names of the values of streams, ``depending`` of those that depend on one.

    ``taken`` are paths of values that are taken for frozen, to see what else stands in the way.
    """

    flat: Flat
    taken: frozenset[str] = frozenset()
    stream: set[str] = field(init=False)
    depending: set[str] = field(init=False)
    definitions: dict[str, Bind] = field(init=False)
    frozen: set[str] = field(init=False)
    asked: set[str] = field(init=False)
    """What is expanded: the outputs, or a score."""
    known: dict[str, Sum] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stream = {assignment.value for assignment in self.flat.assignments}
        self.depending = set(self.stream)
        self.definitions = self.flat.definitions()
        self.frozen = {s.target.name for s in self.flat.body if isinstance(s, Frozen)}
        self.asked = set(self.flat.outputs)
        for statement in self.flat.body:
            match statement:
                case Bind(target=target, body=body) if self.depends(body) and not self.is_taken(target.name):
                    self.depending.add(target.name)
                case Bind() | Frozen():
                    pass

    def is_taken(self, name: str) -> bool:
        """Whether a value is taken for frozen."""
        return bool({bare_name(name), without_turns(name)} & self.taken)

    def depends(self, body: Sum) -> bool:
        """Whether anything in a sum depends on a stream."""
        return any(isinstance(node, Tensor) and node.ref.name in self.depending for node in walk(body))

    def constant(self) -> list[Bind | Frozen]:
        """The statements whose values depend on no stream."""
        return [s for s in self.flat.body if isinstance(s, Frozen) or s.target.name not in self.depending]

    def value(self, name: str) -> Sum:
        """A value's definition in terms of streams, multiplied out, on the wires of its own target."""
        if name not in self.known:
            self.known[name] = self.written(self.definitions[name].body, name)
        return self.known[name]

    def written(self, body: Sum, name: str) -> Sum:
        """The sum in terms of streams. Raises TransformError where one is inside a function."""
        return replace(body, terms=tuple(t for term in body.terms for t in self.term(term, name)))

    def term(self, old: Term, name: str) -> tuple[Term, ...]:
        if not self.depends(Sum((old,))):
            return (old,)
        nodes: list[Node] = []
        summed = list(old.summed)
        for node in old.nodes:
            match node:
                case Tensor(ref=ref, legs=legs) if ref.name in self.depending - self.stream:
                    bind = self.definitions[ref.name]
                    if node.conj:
                        raise self.nonlinear(name, node)
                    value = marked_as(self.value(ref.name), node)
                    placed, joined = in_place(bind.target.legs, value, legs)
                    nodes += placed
                    summed += joined
                case Tensor(ref=ref) if ref.name in self.stream and node.conj:
                    raise self.nonlinear(name, node)
                case Bubble(function=function, body=body) if self.depends(body):
                    if function in NORMALS and {SCALE, ALL_SCALES} & self.taken:
                        nodes.append(Bracket(self.written(body, name)))
                        continue
                    if function not in ADDING:
                        raise self.nonlinear(name, node)
                    nodes += [Bracket(self.written(body, name)), *_added(node)]
                    summed += node.gates
                case _:
                    nodes.append(map_children(node, lambda inner: self.written(inner, name)))
        new = elide_deltas(replace(old, nodes=tuple(nodes), summed=tuple(summed)))
        return multiplied_out(Sum((new,))).terms

    def nonlinear(self, name: str, node: Node) -> Nonlinear:
        """The error of a value that has a stream inside a function, with what makes the value linear."""
        function = node.function if isinstance(node, Bubble) else "conj"
        message = f"{name} has a stream inside {function}, which is not linear"
        call = name.rpartition(".")[0]
        freezing = "freeze {}: `expand(freeze(model, {}), paths)`"
        names = {*self.definitions, *self.frozen, *(decl.name for decl in self.flat.owned)}
        if function in NORMALS and f"{call}.{SCALE}".removeprefix(".") not in names:
            scale = ALL_SCALES if call else SCALE
            return Nonlinear(message, freezing.format("what it multiplies by", scale), scale)
        if name in self.asked:
            inner = _read_alone(node) if name in self.definitions else ""
            if self.named(inner):
                return Nonlinear(message, f"paths lead to what is inside: `of = {written_path(inner)}`")
            said = f"bind what is inside {function} to a name Z: paths lead to that, `of = Z`"
            return Nonlinear(message, said)
        if not self.is_constant_when_frozen(name):
            said = f"bind {function}(…) to a name of its own, and freeze that: `freeze(model, name)`"
            return Nonlinear(message, said)
        alike = (n for n in self.definitions if bare_name(n) == bare_name(name))
        is_one = all(self.is_constant_when_frozen(other) for other in alike)
        shown = bare_name(name) if is_one else without_turns(name)
        return Nonlinear(message, freezing.format("it first", shown), shown)

    def is_constant_when_frozen(self, name: str) -> bool:
        """Whether a value reads streams inside functions alone: once these are frozen it is constant."""
        if not self.named(name) or name in self.stream:
            return False
        nodes = (node for term in self.definitions[name].body.terms for node in term.nodes)
        dependent = (n for n in nodes if self.depends(Sum((Term((n,)),))))
        return all(isinstance(n, Bubble) and n.function not in ADDING for n in dependent)

    def uses(self, term: Term) -> list[str]:
        """The stream values that a product in terms of streams reads, each as often as it does."""
        found = (node for node in walk(Sum((term,))) if isinstance(node, Tensor))
        return [node.ref.name for node in found if node.ref.name in self.stream]

    def leaves(self, body: Sum) -> set[str]:
        """What a sum is made from: values of streams, and what is declared or frozen."""
        found: set[str] = set()
        waiting = {node.ref.name for node in walk(body) if isinstance(node, Tensor)}
        while waiting := waiting - found:
            name = waiting.pop()
            found.add(name)
            if name in self.definitions and name not in self.stream:
                waiting |= {ref.name for ref in refs(self.definitions[name])}
        return found

    def is_call(self, place: str) -> bool:
        """Whether a place is that of a call."""
        return any(place == maker for maker, _ in self.flat.makers.values())

    def named(self, name: str) -> str:
        """The name of a value that the text names and that is bound in it; else ""."""
        return name if name in self.definitions and not self.definitions[name].target.anonymous else ""

    def ends(self, name: str) -> set[str]:
        """The values of streams that a value is made from; itself, if it is one."""
        if name in self.stream:
            return {name}
        if name not in self.definitions:
            return set()
        return {read for term in self.value(name).terms for read in self.uses(term)}


def _added(bubble: Bubble) -> list[Node]:
    """What stands beside a bubble's content where entries are added along its wire."""
    (gate,) = bubble.gates
    ones: Node = Special("ones", (gate,), origin=bubble.origin)
    if bubble.function == "sum":
        return [ones]
    size = Sum((Term((SizeNumber(gate.size),)),))
    return [ones, Bubble("reciprocal", size, origin=bubble.origin)]


def _read_alone(node: Node) -> str:
    """The value that stands alone inside a function; "" if none does."""
    match node:
        case Bubble(body=Sum(terms=(Term(nodes=(Tensor(ref=Ref(name)),)),))):
            return name
        case _:
            return ""


def reading(term: Term, values: dict[str, str]) -> Term:
    """The term with other values in place of those of a stream."""

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name)) if name in values:
                return replace(old, ref=Ref(values[name]))
            case _:
                return map_children(old, total)

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(reading(inner, values) for inner in old.terms))

    return replace(term, nodes=tuple(map(node, term.nodes)))
