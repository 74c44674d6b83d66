"""Weights less their mean along a leg, where norms take that mean away anyhow.

``reading``: weights that read what a norm has centred. ``writing``: weights that write to a stream that only
norms read. ``unembed``: weights that give the outputs, which then lack their mean over the last leg.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Decl,
    Frozen,
    Group,
    Leg,
    Node,
    Origin,
    Output,
    Ref,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.slots import dotted
from tnlang.ir.walk import children, fresh_wire, map_children, new_id, node_wires, refs, rename
from tnlang.transforms.flatten import Assignment
from tnlang.transforms.request import TransformError
from tnlang.transforms.residual import passed_on

KINDS = ("reading", "writing", "unembed")
ORIGIN = Origin(rules=("fold",))
SHIFT_FREE = ("layernorm", "var", "std")
"""Functions that give the same for what has a constant added along their leg."""

Statement = Bind | Frozen


def centre(
    body: Sequence[Statement],
    declared: Sequence[Decl],
    outputs: Sequence[Output],
    streams: Sequence[Assignment],
    kinds: Collection[str],
) -> list[Statement]:
    """The statements of a flat net with weights centred; ``kinds`` are some of KINDS.

    Raises TransformError where no weight can be, and where an output cannot lose its mean.
    """
    work = _Centring(list(body), declared, {output.name for output in outputs})
    if "reading" in kinds:
        work.reading()
    if "writing" in kinds:
        work.writing(streams)
    if "unembed" in kinds:
        work.unembed(outputs)
    return work.statements()


@dataclass(slots=True)
class _Centring:
    """``made`` are the new tensors, by what they are made from and the leg that their mean is taken along."""

    body: list[Statement]
    declared: Sequence[Decl]
    outputs: set[str]
    legs: dict[Ref, tuple[Leg, ...]] = field(init=False)
    """Of parameters, and of what is made of these alone."""
    made: dict[tuple[Ref, int], Bind] = field(default_factory=dict)
    missed: bool = False
    """Whether a term was left as it was."""

    def __post_init__(self) -> None:
        weights = [decl for decl in self.declared if decl.kind in ("param", "const")]
        self.legs = {Ref(decl.name, decl.subs): decl.legs for decl in weights}
        for statement in self.body:
            match statement:
                case Bind(target=Value(name=name, legs=legs)) if set(refs(statement)) <= set(self.legs):
                    wires = [leg for leg in legs if isinstance(leg, Wire)]
                    if len(wires) == len(legs):
                        self.legs[Ref(name)] = tuple(Leg(wire.text, wire.size) for wire in wires)
                case _:
                    pass

    def statements(self) -> list[Statement]:
        """The statements, each new tensor after what it is made from."""
        found = list(self.body)
        for (ref, _), bind in self.made.items():
            places = [at for at, statement in enumerate(found) if statement.target.name == ref.name]
            found.insert(places[-1] + 1 if places else 0, bind)
        return found

    # ------------------------------------------------------------ the three kinds

    def reading(self) -> None:
        """Centre the weights that sum a leg with what is centred along it."""
        before = len(self.made)
        centred: set[tuple[str, int]] = set()
        for bind in self.with_means():
            centred |= {
                (bind.target.name, axis)
                for axis, leg in enumerate(bind.target.legs)
                if isinstance(leg, Wire) and _all_centred(bind.body.terms, leg, centred)
            }

        def term(old: Term) -> Term:
            nodes = [map_children(node, total) for node in old.nodes]
            for at, node in enumerate(nodes):
                for axis, wire in enumerate(self.of_weight(node)):
                    others = [n for n in nodes if n is not node and wire in node_wires(n)]
                    if wire in old.summed and len(others) == 1 and self.reads(others[0], wire, centred):
                        nodes[at] = self.centred(node, axis)
            return replace(old, nodes=tuple(nodes))

        def total(old: Sum) -> Sum:
            return replace(old, terms=tuple(map(term, old.terms)))

        self.body = [replace(s, body=total(s.body)) if isinstance(s, Bind) else s for s in self.body]
        if len(self.made) == before:
            raise TransformError(
                "no weight reads what a norm centres", "fold the gain of a layernorm into its readers first"
            )

    def reads(self, node: Node, wire: Wire, centred: set[tuple[str, int]]) -> bool:
        """Whether a node is a use of what is centred along this wire."""
        return _is_centred(Term((node,)), wire, centred)

    def writing(self, streams: Sequence[Assignment]) -> None:
        """Centre the weights that write to streams along the leg that their readers take the mean away of."""
        before = len(self.made)
        for values in _connected(streams):
            axis = self.unseen(values)
            for name in values if axis is not None else ():
                self.change(name, axis or 0, values)
        if len(self.made) == before:
            said = "no stream of parameters is read by layer norms alone: centring would change it"
            raise TransformError(said, "a norm has to stand before each block and the output")

    def unseen(self, values: Collection[str]) -> int | None:
        """The leg of these values of a stream along which nothing that reads them sees a constant."""
        readers = [s for s in self.with_means() if s.target.name not in values]
        readers = [s for s in readers if {ref.name for ref in refs(s)} & set(values)]
        own = next((s.target for s in self.body if s.target.name in values), None)
        if own is None or not readers or self.outputs & set(values):
            return None
        for axis in range(len(own.legs)):
            if all(_is_shift_free(s.body, values, axis) for s in readers):
                return axis
        return None

    def with_means(self) -> list[Bind]:
        """The bindings with each mean that has a name put in the places that read it."""
        means: dict[str, Bind] = {}
        for statement in self.body:
            match statement:
                case Bind(body=Sum(terms=(Term(nodes=(Bubble(function="mean"),), coefficient=1),))):
                    means[statement.target.name] = statement

        def node(old: Node) -> Node:
            match old:
                case Tensor(ref=Ref(name, ()), legs=legs) if name in means:
                    own = [leg for leg in means[name].target.legs if isinstance(leg, Wire)]
                    if len(own) == len(legs) and all(isinstance(leg, Wire) for leg in legs):
                        given = {a: b for a, b in zip(own, legs, strict=True) if isinstance(b, Wire)}
                        return rename(means[name].body, given).terms[0].nodes[0]
            return map_children(old, total)

        def total(old: Sum) -> Sum:
            return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

        binds = [s for s in self.body if isinstance(s, Bind)]
        found = [replace(s, body=total(s.body)) for s in binds]
        read = {ref.name for s in found for ref in refs(s)} | self.outputs
        return [s for s in found if s.target.name not in means or s.target.name in read]

    def unembed(self, outputs: Sequence[Output]) -> None:
        """Centre the weights that give outputs along their last leg."""
        for output in outputs:
            self.missed = not output.legs
            if output.legs:
                self.change(output.name, len(output.legs) - 1)
            if self.missed:
                said = f"{output.name} is more than what weights give along its last leg"
                raise TransformError(said, "leave `unembed` out")

    # ------------------------------------------------------------ terms

    def change(self, name: str, axis: int, streams: Collection[str] = ()) -> None:
        """Centre the weights that give a value along a leg; terms that are values of ``streams`` stay."""
        places = [at for at, s in enumerate(self.body) if isinstance(s, Bind) and s.target.name == name]
        for place in places:
            statement = self.body[place]
            assert isinstance(statement, Bind)
            legs, body = statement.target.legs, statement.body
            own = tuple(leg for leg in legs if isinstance(leg, Wire))
            terms = (t if passed_on(t, own) in streams else self.term(t, legs[axis]) for t in body.terms)
            self.body[place] = replace(statement, body=replace(body, terms=tuple(terms)))

    def term(self, old: Term, wire: Wire | Group) -> Term:
        """The term with the weight that leads to a wire centred along it; as it is where none alone does."""
        leading = [at for at, n in enumerate(old.nodes) if isinstance(wire, Wire) and wire in node_wires(n)]
        if len(leading) != 1 or not isinstance(wire, Wire):
            self.missed = True
            return old
        (at,) = leading
        return replace(old, nodes=(*old.nodes[:at], self.node(old.nodes[at], wire), *old.nodes[at + 1 :]))

    def node(self, old: Node, wire: Wire) -> Node:
        match old:
            case Tensor() if wire in self.of_weight(old):
                return self.centred(old, self.of_weight(old).index(wire))
            case Tensor(ref=ref, legs=legs) if wire in legs and self.is_private(ref.name):
                self.change(ref.name, legs.index(wire))
                return old
            case Bracket(body=body):
                return replace(old, body=replace(body, terms=tuple(self.term(t, wire) for t in body.terms)))
            case _:
                self.missed = True
                return old

    def is_private(self, name: str) -> bool:
        """Whether a value is bound and read in one place alone."""
        uses = (ref.name for s in self.body for ref in (refs(s) if isinstance(s, Bind) else ()))
        is_bound = any(isinstance(s, Bind) and s.target.name == name for s in self.body)
        return is_bound and name not in self.outputs and sum(use == name for use in uses) == 1

    def of_weight(self, node: Node) -> tuple[Wire | None, ...]:
        """The wires of a weight's legs, none for those that are entries, slices or groups."""
        if not isinstance(node, Tensor) or node.ref not in self.legs:
            return ()
        return tuple(leg if isinstance(leg, Wire) else None for leg in node.legs)

    def centred(self, weight: Node, axis: int) -> Node:
        """The weight less its mean along a leg, as a tensor of its own."""
        assert isinstance(weight, Tensor)
        key = (weight.ref, axis)
        if key not in self.made:
            legs = self.legs[weight.ref]
            own = tuple(Wire(new_id(), leg.name, leg.size) for leg in legs)
            along = fresh_wire(own[axis])
            inner = (*own[:axis], along, *own[axis + 1 :])
            mean = Bubble("mean", Sum((Term((Tensor(weight.ref, inner),)),)), (along,), origin=ORIGIN)
            body = Sum((Term((Tensor(weight.ref, own),)), Term((mean,), (), -1)))
            subs = [sub for sub in weight.ref.subs if isinstance(sub, int)]
            value = Value(self.named(dotted(weight.ref.name, subs)), own, derived=True)
            self.made[key] = Bind(value, body, origin=ORIGIN)
            self.legs[Ref(value.name)] = legs
        return replace(weight, ref=Ref(self.made[key].target.name))

    def named(self, name: str) -> str:
        """The name with as many primes as it takes to be new, one at least."""
        taken = {s.target.name for s in (*self.body, *self.made.values())} | {d.name for d in self.declared}
        name += "'"
        while name in taken:
            name += "'"
        return name


def _connected(streams: Sequence[Assignment]) -> list[set[str]]:
    """The values of streams, those together that pass on from one to another."""
    found: list[set[str]] = []
    names = {assignment.value for assignment in streams}
    for assignment in streams:
        passed = {passed_on(term, assignment.legs) for term in assignment.change.terms}
        own = ({assignment.value, assignment.before} | passed) & names
        joined = [group for group in found if group & own]
        found = [group for group in found if not group & own]
        found.append(own.union(*joined))
    return found


def _all_centred(terms: Sequence[Term], wire: Wire, centred: Collection[tuple[str, int]]) -> bool:
    """Whether a sum is centred along a wire: x - mean(x), or each of its terms."""
    return _less_mean(terms, wire) or all(_is_centred(term, wire, centred) for term in terms)


def _is_centred(term: Term, wire: Wire, centred: Collection[tuple[str, int]]) -> bool:
    """Whether a product is what a norm, or taking a mean away, gives along a wire.

    ``centred`` are the values, each with the number of a leg, that are known to be.
    """
    leading = [node for node in term.nodes if wire in node_wires(node)]
    match leading:
        case [Bubble(function="layernorm", gates=gates)]:
            return wire in gates
        case [Bracket(body=body)]:
            return _all_centred(body.terms, wire, centred)
        case [Tensor(ref=ref, legs=legs)]:
            return any(leg == wire and (ref.name, axis) in centred for axis, leg in enumerate(legs))
        case _:
            return False


def _less_mean(terms: Sequence[Term], wire: Wire) -> bool:
    """Whether terms are x - mean(x) along a wire."""
    match terms:
        case [own, Term(nodes=(Bubble(function="mean", body=Sum(terms=(inner,)), gates=(gate,)),)) as mean]:
            same = rename(Sum((inner,)), {gate: wire}).terms[0]
            return same == replace(own, coefficient=1) and mean.coefficient == -own.coefficient
        case _:
            return False


def _is_shift_free(body: Sum, values: Collection[str], axis: int) -> bool:
    """Whether a sum is the same when a constant is added to these values along a leg."""
    return _is_centring(body, values, axis) or all(
        _is_free_node(node, values, axis) for term in body.terms for node in term.nodes
    )


def _is_centring(body: Sum, values: Collection[str], axis: int) -> bool:
    """Whether a sum is x - mean(x) of one of the values along the leg."""
    match body.terms:
        case [Term(nodes=(Tensor(ref=ref, legs=legs),)), _] if ref.name in values:
            leg = legs[axis]
            return isinstance(leg, Wire) and _less_mean(body.terms, leg)
        case _:
            return False


def _is_free_node(node: Node, values: Collection[str], axis: int) -> bool:
    match node:
        case Tensor(ref=ref):
            return ref.name not in values
        case Bubble(
            function=function, body=Sum(terms=(Term(nodes=(Tensor(ref=ref, legs=legs),)),)), gates=gates
        ) if function in SHIFT_FREE and ref.name in values:
            return legs[axis] in gates
        case _:
            return all(_is_shift_free(inner, values, axis) for inner in children(node))
