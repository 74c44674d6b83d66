"""Circuits of a net: the parameters between two of its values, as networks of the weights that are given.

``find`` reads a net's structure. Attention is a softmax over a leg that also joins what it multiplies; its
scores give W_QK, what it adds gives W_OV, whatever names, legs and norms the text has. The rest (embedding,
unembedding, what a neuron reads and writes) is ``between`` values by their names in a cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import Tensor

from tnlang.circuits.arrays import Arrays
from tnlang.circuits.circuit import Circuit, stack
from tnlang.circuits.forms import Forms
from tnlang.circuits.network import Operand
from tnlang.ir.net import Bracket, Bubble, Node, Sum, Term, Wire
from tnlang.ir.net import Tensor as Use
from tnlang.ir.program import Program
from tnlang.ir.size import SizeError
from tnlang.ir.slots import check_dims, check_shapes, dotted, input_decls, parameter_decls, settled_dims
from tnlang.ir.walk import ix_wires, node_wires, walk
from tnlang.source import ValueMismatch

PATTERN = "softmax"
MASK = "causal"


Products = tuple[tuple[Wire, ...], tuple[Term, ...]]
"""The legs of a value, and the products that it is a sum of."""


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """One attention: ``pattern`` is the name of its weights of positions, ``name`` of the call it is in.

    ``scores`` has a circuit for each pair of ends that a score multiplies (the query's, the key's; "" for a
    bias or a position), ``writes`` one for each end that the pattern moves. What a score is divided by is
    part of its circuit; the scale of a norm is not, it depends on the position alone.
    """

    name: str
    pattern: str
    scores: Mapping[tuple[str, str], Circuit]
    writes: Mapping[str, Circuit]
    root: str
    """The value that it is added to, or the output that it is part of."""
    heads: tuple[int, ...]
    """Which legs of the pattern are legs of the weights too."""

    @property
    def QK(self) -> Circuit:
        """From keys (columns) to queries (rows): x_q QK x_k is the score, but for biases and norms' scales.

        Raises ValueMismatch where more ends meet: ask ``scores`` for one of the pairs.
        """
        return _only(self.scores, [ends for ends in self.scores if all(ends)], f"scores of {self.pattern}")

    @property
    def OV(self) -> Circuit:
        """From what is attended to (columns) to what is written (rows). Raises as ``QK`` does."""
        return _only(self.writes, [end for end in self.writes if end], f"writes of {self.pattern}")


class _Made(Mapping[Any, Circuit]):
    """Circuits that are made when they are asked for: one may need sizes that another does without."""

    def __init__(self, makers: Mapping[Any, Callable[[], Circuit]]) -> None:
        self._makers = makers

    def __getitem__(self, ends: Any) -> Circuit:
        return self._makers[ends]()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __repr__(self) -> str:
        return f"<circuits of {', '.join(map(repr, self))}>"


@dataclass(slots=True, repr=False)
class Circuits:
    """The circuits of a net with weights; made by ``find``."""

    forms: Forms
    arrays: Arrays
    _products: dict[str, Products] = field(default_factory=dict)
    _attentions: tuple[Attention, ...] | None = None

    def __repr__(self) -> str:
        return f"<circuits of net {self.forms.net}>"

    @property
    def names(self) -> tuple[str, ...]:
        """What circuits can lead to and from, by names in a cache: values, and functions inside of them."""
        for _ in self._roots():
            pass
        return tuple(dict.fromkeys((*self.forms.definitions, *self.forms.ends, *self.forms.atoms)))

    def attentions(self) -> tuple[Attention, ...]:
        """Every attention of the net, in the order in which they are run.

        Raises ValueMismatch where there is none.
        """
        if self._attentions is None:
            roots = list(self._roots())
            names = (name for name, atom in self.forms.atoms.items() if atom.bubble.function == PATTERN)
            found = [one for name in list(names) for one in self._attention(name, roots)]
            self._attentions = tuple(found)
        if not self._attentions:
            said = f"no {PATTERN} over a leg that what it multiplies is summed along"
            raise ValueMismatch(f"net {self.forms.net} has no attention: {said}")
        return self._attentions

    @property
    def QK(self) -> Circuit:
        """W_QK of every attention as one circuit; its first batch leg is ``layer`` (see ``layers``)."""
        return self._stacked([[attention.QK for attention in layer] for layer in self.layers()])

    @property
    def OV(self) -> Circuit:
        """W_OV of every attention as one circuit; its first batch leg is ``layer`` (see ``layers``)."""
        return self._stacked([[attention.OV for attention in layer] for layer in self.layers()])

    def layers(self) -> tuple[tuple[Attention, ...], ...]:
        """The attentions that are added together, in the order in which they are run.

        Those of one layer do not read one another: heads of a family, or attentions beside one another.
        """
        found: dict[str, list[Attention]] = {}
        for attention in self.attentions():
            found.setdefault(attention.root, []).append(attention)
        return tuple(map(tuple, found.values()))

    @staticmethod
    def _stacked(layers: list[list[Circuit]]) -> Circuit:
        """The circuits of layers as one; of several in a layer the second leg says which it is."""
        if all(len(layer) == 1 for layer in layers):
            return stack([circuit for (circuit,) in layers])
        name = "attention" if layers[0][0].batch else "head"
        return stack([stack(layer, name) for layer in layers])

    @property
    def embed(self) -> Circuit:
        """From the one-hot input to the first value of the stream.

        Raises ValueMismatch where there is none.
        """
        net = self.forms.program.net(self.forms.net)
        tokens = [d.name for d in net.inputs if any(p.name == "onehot" for p in d.properties)]
        if not tokens:
            raise ValueMismatch(f"net {net.name} has no one-hot input that could be embedded")
        opened = [a.value for a in self.forms.assignments if not a.before and a.change.terms]
        if not opened:
            said = f"circuits lead from {tokens[0]} to {self.forms.outputs[0]} as they are"
            raise ValueMismatch(f"net {net.name} has no stream to embed {tokens[0]} in: its {said}")
        return self.between(opened[0], tokens[0])

    @property
    def unembed(self) -> Circuit:
        """From the last value of the stream to the output; the final norm's scale is not part of it."""
        return self.between(self.forms.outputs[0], self.last())

    def last(self) -> str:
        """The value of the stream that the output reads. Raises ValueMismatch where it reads none."""
        output = self.forms.outputs[0]
        values = [assignment.value for assignment in self.forms.assignments]
        _, terms = self.products(output)
        read = [use.ref.name for term in terms for use in self.forms.uses(term) if use.ref.name in values]
        if not read:
            raise ValueMismatch(f"output {output} of net {self.forms.net} reads no stream")
        return read[-1]

    def full(self, circuit: Circuit) -> Circuit:
        """A circuit from the stream to the stream (OV) as one from tokens to logits.

        In a net without a stream it is that already. Raises ValueMismatch where tokens are not embedded.
        """
        return self.unembed @ circuit @ self.embed if self.has_stream() else circuit

    def full_scores(self, circuit: Circuit) -> Circuit:
        """A circuit that scores pairs of stream values (QK) as one for pairs of tokens; as ``full``."""
        if not self.has_stream():
            return circuit
        embed = self.embed
        return embed.T @ circuit @ embed

    def has_stream(self) -> bool:
        """Whether circuits end at a stream, and not at the net's inputs and outputs.

        Raises ValueMismatch where they end at neither, but where the caller stopped.
        """
        if any(assignment.change.terms for assignment in self.forms.assignments):
            return True
        if self.forms.stops:
            stops = ", ".join(self.forms.stops)
            raise ValueMismatch(
                f"net {self.forms.net} has no stream, and full circuits do not stop at {stops}"
            )
        return False

    def between(self, value: str, end: str) -> Circuit:
        """From an end (columns) to a value (rows), what both share with others being the batch.

        The value is one by its name in a cache, or a function inside of one (``mlp.0.y:gelu``), of which the
        content is meant. Raises KeyError for a name that is neither, ValueMismatch where the end is not
        read, or together with other ends that parameters meet.
        """
        kept, term = self.term(value, end)
        (use,) = self.carriers(term)
        rows = tuple(wire for wire in kept if wire in self.inside(term))
        return self._circuit(term, rows, self.open(term, use), f"{value} by {end}")

    def term(self, value: str, end: str) -> tuple[tuple[Wire, ...], Term]:
        """The legs of a value, and its product that reads an end through parameters; see ``between``."""
        kept, terms = self.products(value)
        for term in terms:
            if [use.ref.name for use in self.carriers(term)] == [end]:
                return kept, term
        said = ", ".join(sorted({self._ends(term) for term in terms}))
        raise ValueMismatch(f"{value} is not linear in {end} through parameters; it reads {said}")

    def _ends(self, term: Term) -> str:
        """What a product reads, in words."""
        found = " and ".join(use.ref.name for use in self.carriers(term))
        bare = " and ".join(f"{use.ref.name} itself" for use in self.forms.uses(term))
        return found or bare or "(a bias)"

    def stopped(self, stops: Collection[str]) -> Circuits:
        """The circuits of the same net that end at these values too."""
        return Circuits(Forms(self.forms.program, self.forms.net, (*self.forms.stops, *stops)), self.arrays)

    # ------------------------------------------------------------ the structure

    def products(self, name: str) -> Products:
        """The legs of a value and the products that it is a sum of."""
        if name not in self._products:
            forms = self.forms
            if name not in forms.atoms and name not in forms.definitions:
                for _ in self._roots():
                    pass
            added = [a for a in forms.assignments if a.value == name and a.change.terms]
            atom = forms.atom_of(name)
            if atom is not None:
                self._products[name] = atom.wires, forms.sum(_unmasked(atom.bubble.body), name)
            elif added:
                self._products[name] = added[0].legs, forms.sum(added[0].change, name)
            elif name in forms.definitions:
                self._products[name] = forms.wires(name), forms.value(name)
            else:
                raise KeyError(
                    f"net {forms.net} has no value {name}; it has {', '.join(list(self.names)[:20])}"
                )
        return self._products[name]

    def _roots(self) -> Iterator[tuple[str, str, Products]]:
        """What is added to streams, and the outputs: the value, the call it comes from, the products."""
        for assignment in self.forms.assignments:
            if assignment.change.terms:
                yield assignment.value, assignment.place, self.products(assignment.value)
        values = {assignment.value for assignment in self.forms.assignments}
        for output in self.forms.outputs:
            if output not in values and output in self.forms.definitions:
                yield output, "", self.products(output)

    def _attention(self, pattern: str, roots: Sequence[tuple[str, str, Products]]) -> Iterator[Attention]:
        """The attention with this pattern, for each value that it writes to."""
        for root, call, (kept, terms) in roots:
            place = call or pattern.rpartition(".")[0]
            writes: dict[Any, Callable[[], Circuit]] = {}
            heads: tuple[int, ...] = ()
            for term in terms:
                uses = [use for use in self.forms.uses(term) if use.ref.name == pattern]
                carriers = [use for use in self.carriers(term) if use not in uses]
                if (
                    len(uses) != 1
                    or len(carriers) > 1
                    or any(c.ref.name in self.forms.atoms for c in carriers)
                ):
                    continue
                inside = self.inside(term)
                gate = self._gate(uses[0])
                shown = node_wires(uses[0])
                if not any(wire in term.summed for wire in gate):
                    continue
                rows = tuple(wire for wire in kept if wire in inside and wire not in shown)
                columns = self.open(term, carriers[0]) if carriers else tuple(w for w in gate if w in inside)
                columns = tuple(wire for wire in columns if wire not in shown or wire in gate)
                end = carriers[0].ref.name if carriers else ""
                name = f"OV {place}".strip()
                writes[end] = partial(self._circuit, term, rows, columns, name, shown)
                heads = tuple(
                    at for at, leg in enumerate(uses[0].legs) if leg in inside and leg not in (*gate, *rows)
                )
            if writes:
                yield Attention(
                    place, pattern, _Made(dict(self._scores(pattern))), _Made(writes), root, heads
                )

    def _gate(self, use: Use) -> tuple[Wire, ...]:
        """The wires of a use of a pattern along which it is a softmax."""
        atom = self.forms.atoms[use.ref.name]
        legs = dict(zip(atom.wires, use.legs, strict=True))
        return tuple(wire for gate in atom.bubble.gates for wire in ix_wires(legs[gate]))

    def _scores(self, pattern: str) -> Iterator[tuple[tuple[str, str], Callable[[], Circuit]]]:
        """The circuits of a pattern's scores by their ends, to be made when they are asked for."""
        atom = self.forms.atoms[pattern]
        kept, terms = self.products(pattern)
        gates = set(atom.bubble.gates)
        queries: set[Wire] = set()
        sides = []
        for term in terms:
            # What only shares a position with parameters, as a norm's scale does with a rotation, is no end.
            carriers = [use for use in self.carriers(term) if set(self.open(term, use)) - set(kept)]
            key = [use for use in carriers if gates & set(node_wires(use))]
            query = [use for use in carriers if use not in key]
            sides.append((term, query, key))
            if len(query) == len(key) == 1:
                queries |= {w for w in node_wires(query[0]) if w in kept}
        for term, query, key in sides:
            inside = self.inside(term)
            if len(query) > 1 or len(key) > 1:
                continue
            batch = {w for w in kept if w not in gates and w not in queries}
            rows = self.open(term, query[0]) if query else tuple(w for w in kept if w in queries & inside)
            columns = self.open(term, key[0]) if key else tuple(w for w in kept if w in gates & inside)
            rows = tuple(w for w in rows if w not in batch and not (query and w in kept))
            columns = tuple(w for w in columns if w not in batch and not (key and w in kept))
            ends = query[0].ref.name if query else "", key[0].ref.name if key else ""
            name = f"QK {pattern.rpartition('.')[0]}".strip()
            yield ends, partial(self._circuit, term, rows, columns, name, kept)

    def carriers(self, term: Term) -> list[Use]:
        """The uses of ends that parameters are joined to; others only weight positions."""
        inside = self.inside(term)
        return [use for use in self.forms.uses(term) if inside & set(node_wires(use))]

    def open(self, term: Term, use: Use) -> tuple[Wire, ...]:
        """The legs of a use that are joined to parameters."""
        inside = self.inside(term)
        return tuple(wire for wire in node_wires(use) if wire in inside)

    def inside(self, term: Term) -> set[Wire]:
        """The wires of a product's parameters."""
        return {wire for node in self._parameters(term) for wire in node_wires(node)}

    def _parameters(self, term: Term) -> list[Node]:
        """The factors of a product that are no uses of ends."""
        return [n for n in term.nodes if not (isinstance(n, Use) and self.forms.is_end(n.ref.name))]

    def operands(self, term: Term, wires: Mapping[Wire, Wire]) -> list[Operand]:
        """The parameters of a product as arrays."""
        found = [self.arrays.operand(node, wires) for node in self._parameters(term)]
        return found if term.coefficient == 1 else [*found, self.arrays.number(term.coefficient)]

    def _circuit(
        self,
        term: Term,
        rows: Sequence[Wire],
        columns: Sequence[Wire],
        name: str,
        order: Sequence[Wire] = (),
    ) -> Circuit:
        """The parameters of a product as a circuit; what else they share with uses or the result is batch.

        Batch legs that are in ``order`` (a pattern's legs) stand as there, so that all circuits of a pattern
        have its heads alike, however their weights have them.
        """
        inside = dict.fromkeys(wire for node in self._parameters(term) for wire in node_wires(node))
        uses = {wire for use in self.forms.uses(term) for wire in node_wires(use)}
        outside = {wire for wire in inside if wire in uses or wire not in term.summed}
        both = (w for w in inside if w in outside and w not in rows and w not in columns)
        place = {wire: at for at, wire in enumerate(order)}
        # Heads first, then positions.
        batch = sorted(both, key=lambda wire: (wire in uses, place.get(wire, len(place))))
        wires = {wire: self.arrays.wire(wire) for wire in (*inside, *rows, *columns)}
        sides = [tuple(wires[wire] for wire in side) for side in (batch, rows, columns)]
        return Circuit(tuple(self.operands(term, wires)), sides[0], sides[1], sides[2], name)


def find(
    program: Program,
    net: str,
    weights: Mapping[str, Tensor],
    dims: Mapping[str, int] | None = None,
    stops: Collection[str] = (),
) -> Circuits:
    """The circuits of a net with weights by their state_dict names.

    ``stops`` are patterns of values (``ln_1.*.y``) at which circuits end besides the stream, inputs, and
    functions that are not linear. File-level tensors are among the weights.
    Raises KeyError for no such net, ValueMismatch for weights that are missing or do not fit, TransformError
    for a net that cannot be written out.
    """
    main = program.net(net)
    numbers = dict(dims or {})
    check_dims(program, numbers)
    try:
        slots = dict(parameter_decls(program, main, numbers))
        slots |= {dotted(d.name, d.subs): d for d in input_decls(program, main) if d.kind == "tensor"}
        missing = [name for name in slots if name not in weights]
        if missing:
            raise ValueMismatch(f"net {net}: missing weights {', '.join(missing)}")
        given = {name: weights[name].detach() for name in slots}
        shapes = [("parameter", name, decl.legs, given[name].shape) for name, decl in slots.items()]
        numbers = settled_dims(net, numbers, shapes)
        check_shapes(net, numbers, shapes)
    except SizeError as error:
        raise ValueMismatch(f"net {net}: {error}") from error
    forms = Forms(program, net, tuple(stops))
    return Circuits(forms, Arrays(given, numbers, forms.definitions))


def _unmasked(body: Sum) -> Sum:
    """The sum without masks: what a mask lets through, it leaves as it is."""

    def bare(node: Node) -> Node:
        masked = isinstance(node, Bubble) and node.function == MASK
        return Bracket(_unmasked(node.body)) if masked else node  # type: ignore[union-attr]

    if not any(isinstance(node, Bubble) and node.function == MASK for node in walk(body)):
        return body
    return replace(body, terms=tuple(replace(t, nodes=tuple(map(bare, t.nodes))) for t in body.terms))


def _only(found: Mapping[Any, Circuit], ends: Sequence[object], what: str) -> Circuit:
    if len(ends) != 1:
        raise ValueMismatch(f"the {what} are of {', '.join(map(str, ends)) or 'no ends'}: choose one")
    return found[ends[0]]
