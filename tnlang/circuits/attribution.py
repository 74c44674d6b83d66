"""What parts of a net add to a logit on one run, from the values that the run left in a cache.

The norm before the output keeps the scale that it had in the run, so that the logit is a sum. Each part is
contracted from the logit backwards, on the values nearest to it that the cache has: what a head writes to the
stream is never made. Biases of the last norm and of the output are in no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from tnlang.circuits.find import Attention, Circuits
from tnlang.circuits.forms import Forms
from tnlang.circuits.network import Operand, contract, count, sizes_of
from tnlang.ir.net import Tensor as Use
from tnlang.ir.net import Wire
from tnlang.ir.walk import new_id, node_wires
from tnlang.source import ValueMismatch

Tokens = Tensor | int

Entries = Callable[[Tensor, None], Tensor]
"""Rows of a circuit."""


def attribution(
    circuits: Circuits, cache: Mapping[str, Tensor], tokens: Tokens, against: Tokens | None = None
) -> Tensor:
    """What each head adds to the logits of tokens: [layer, head, batch of the run, positions].

    ``tokens`` is one for all positions, or has the shape [batch of the run, positions]; with ``against`` the
    difference of two logits is meant. The cache holds, for each attention, its pattern and its values (or
    what these give for each head), and the scale of the last norm. Raises ValueMismatch for what is missing,
    and for a net without attention.
    """
    layers = circuits.layers()
    stopped = circuits.stopped(_stops(circuits.forms, circuits.attentions(), cache))
    readout = _Readout(circuits, cache, tokens, against)
    found = [torch.stack([readout.heads(stopped, attention) for attention in layer]) for layer in layers]
    if len({parts.shape for parts in found}) > 1:
        raise ValueMismatch(
            "the layers differ in how many heads they have: `attentions()` has them one by one"
        )
    return torch.stack(found).squeeze(1) if len(layers[0]) == 1 else torch.stack(found)


def logit_lens(
    circuits: Circuits, cache: Mapping[str, Tensor], tokens: Tokens, against: Tokens | None = None
) -> Tensor:
    """What each value of the stream gives to the logits of tokens: [values, batch of the run, positions].

    Differences between neighbours are what blocks add. ``tokens`` and ``against`` as in ``attribution``.
    Raises ValueMismatch for what is missing, and for a net without a stream.
    """
    if not circuits.has_stream():
        raise ValueMismatch(f"net {circuits.forms.net} has no stream whose values could be read as logits")
    readout = _Readout(circuits, cache, tokens, against)
    found = []
    for assignment in circuits.forms.assignments:
        wires = (*readout.batch, *readout.join(assignment.legs))
        found.append(readout.read([Operand(readout.array(assignment.value), wires)]))
    return torch.stack(found)


def _stops(forms: Forms, attentions: tuple[Attention, ...], cache: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The values of the cache that know of their head: those before a pattern's head leg is summed."""
    values = {assignment.value for assignment in forms.assignments}
    heads = {attention.pattern: attention.heads for attention in attentions}
    found = []
    for name in cache:
        if name not in forms.definitions or name in values:
            continue
        kept = set(forms.wires(name))
        uses = (use for term in forms.value(name) for use in forms.uses(term))
        read = [use for use in uses if use.ref.name in heads]
        apart = all({use.legs[at] for at in heads[use.ref.name]} <= kept for use in read)
        if apart and len({use.ref.name for use in read}) < 2:
            found.append(name)
    return tuple(found)


@dataclass(slots=True)
class _Readout:
    """The way from the stream to the logits of some tokens, on one run; without a stream it is none."""

    circuits: Circuits
    cache: Mapping[str, Tensor]
    tokens: Tokens
    against: Tokens | None
    last: str = ""
    """The value that parts are parts of: the stream's last, or the output."""
    batch: tuple[Wire, ...] = ()
    known: dict[Wire, Wire] = field(default_factory=dict)
    own: list[Operand] = field(default_factory=list)
    legs: tuple[Wire, ...] = ()
    """The legs of ``last``."""
    directions: tuple[Wire, ...] = ()

    def __post_init__(self) -> None:
        found = self._through_stream() if self.circuits.has_stream() else self._as_written()
        direction = self._rows(found, self.tokens)
        if self.against is not None:
            direction = direction - self._rows(found, self.against)
        shown = (*self.batch, *self.wires(self.positions())) if direction.dim() > 1 else ()
        self.own.append(Operand(direction, (*shown, *self.wires(self.directions))))

    def _through_stream(self) -> Entries:
        """What the output reads of the stream's last value."""
        forms = self.circuits.forms
        output, self.last = forms.outputs[0], self.circuits.last()
        _, term = self.circuits.term(output, self.last)
        (use,) = (use for use in forms.uses(term) if use.ref.name == self.last)
        if not all(isinstance(leg, Wire) for leg in use.legs):
            raise ValueMismatch(f"{output} reads an entry or a part of the stream {self.last}")
        self._lay_out(tuple(leg for leg in use.legs if isinstance(leg, Wire)), self.circuits.open(term, use))
        for other in forms.uses(term):
            if other is not use:
                self.own += self.value(other)
        return self.circuits.between(output, self.last).entries

    def _as_written(self) -> Entries:
        """The output itself, where heads write to it and not to a stream."""
        self.last = self.circuits.forms.outputs[0]
        kept, terms = self.circuits.products(self.last)
        attentions = self.circuits.attentions()
        elsewhere = [attention.root for attention in attentions if attention.root != self.last]
        if elsewhere:
            raise ValueMismatch(f"heads write to {elsewhere[0]}, and not to {self.last}")
        patterns = {attention.pattern for attention in attentions}
        uses = self.circuits.forms.uses
        written = [term for term in terms if patterns & {use.ref.name for use in uses(term)}]
        inside = {wire for term in written for wire in self.circuits.inside(term)}
        self._lay_out(kept, tuple(wire for wire in kept if wire in inside))
        array, size = self.array(self.last), count(self.wires(self.directions))
        return lambda rows, columns: functional.one_hot(rows, size).to(array)

    def positions(self) -> tuple[Wire, ...]:
        """The legs of ``last`` that are not summed."""
        return tuple(wire for wire in self.legs if wire not in self.directions)

    def _lay_out(self, legs: tuple[Wire, ...], directions: tuple[Wire, ...]) -> None:
        """The legs that are read, of the sizes of the run; those before them in its arrays are its batch."""
        self.legs, self.directions = legs, directions
        shape = self.array(self.last).shape
        extra = len(shape) - len(legs)
        self.batch = tuple(Wire(new_id(), "batch", size) for size in shape[:extra])
        for wire, size in zip(legs, shape[extra:], strict=True):
            self.known[wire] = Wire(new_id(), wire.name, size)

    def _rows(self, entries: Entries, tokens: Tokens) -> Tensor:
        """The directions of tokens on the stream: those of all positions, or one."""
        numbers = torch.as_tensor(tokens)
        expected = sizes_of((*self.batch, *self.wires(self.positions())))
        if numbers.dim() and numbers.shape != expected:
            raise ValueMismatch(f"tokens of shape {tuple(numbers.shape)}: one number, or {expected}")
        return entries(numbers.flatten(), None).reshape(*numbers.shape, -1)

    def array(self, name: str) -> Tensor:
        """A value of the run. Raises ValueMismatch where the cache does not have it."""
        if name not in self.cache:
            forms = self.circuits.forms
            if any(decl.name == name for decl in forms.program.net(forms.net).inputs):
                raise ValueMismatch(
                    f"the cache has no {name}, which is an input: add it, {{**cache, {name!r}: {name}}}"
                )
            raise ValueMismatch(f"the cache has no {name}: run_with_cache gives all values, or name it")
        return self.cache[name]

    def wires(self, wires: tuple[Wire, ...]) -> tuple[Wire, ...]:
        """Wires with the sizes of the run."""
        for wire in wires:
            if wire not in self.known:
                self.known[wire] = self.circuits.arrays.wire(wire)
        return tuple(self.known[wire] for wire in wires)

    def value(self, use: Use) -> list[Operand]:
        """A use of a value of the run."""
        array = self.array(use.ref.name)
        legs = tuple(leg for leg in use.legs if isinstance(leg, Wire))
        if len(legs) != len(use.legs):
            raise ValueMismatch(f"{use.ref.name} is used by an entry or a part")
        for wire, size in zip(legs, array.shape[array.dim() - len(legs) :], strict=True):
            self.known.setdefault(wire, Wire(new_id(), wire.name, size))
        return [Operand(array, (*self.batch[len(self.batch) - array.dim() + len(legs) :], *self.wires(legs)))]

    def heads(self, stopped: Circuits, attention: Attention) -> Tensor:
        """What each head of an attention gives: [head, batch, positions].

        ``stopped`` has products that end at values of the cache.
        """
        kept, terms = stopped.products(attention.root)
        self.join(kept)
        found: list[Tensor] = []
        for term in terms:
            uses = stopped.forms.uses(term)
            heads = [legs for use in uses for legs in self._heads_of(attention, use)]
            if not heads:
                continue
            runs = [operand for use in uses for operand in self.value(use)]
            wires = tuple(dict.fromkeys(wire for node in term.nodes for wire in node_wires(node)))
            parameters = stopped.operands(term, dict(zip(wires, self.wires(wires), strict=True)))
            found.append(self.read([*parameters, *runs], self.wires(heads[0])))
        if not found:
            raise ValueMismatch(f"the cache has nothing from which {attention.name} writes, head by head")
        return torch.stack(found).sum(dim=0)

    def _heads_of(self, attention: Attention, use: Use) -> Iterator[tuple[Wire, ...]]:
        """The legs of heads of a pattern, or of what was made with it."""
        forms = self.circuits.forms
        if use.ref.name == attention.pattern:
            yield tuple(leg for at in attention.heads if isinstance(leg := use.legs[at], Wire))
        elif use.ref.name in forms.definitions:
            target = forms.wires(use.ref.name)
            for inner in (inner for part in forms.value(use.ref.name) for inner in forms.uses(part)):
                if inner.ref.name == attention.pattern:
                    legs = (inner.legs[at] for at in attention.heads)
                    yield tuple(
                        own
                        for leg in legs
                        if isinstance(leg, Wire) and isinstance(own := use.legs[target.index(leg)], Wire)
                    )

    def join(self, kept: tuple[Wire, ...]) -> tuple[Wire, ...]:
        """The legs of a value of the stream, joined to those of its last value."""
        self.known |= {wire: self.known[leg] for wire, leg in zip(kept, self.legs, strict=True)}
        return self.wires(kept)

    def read(self, operands: list[Operand], heads: tuple[Wire, ...] = ()) -> Tensor:
        """A part of the stream as what it gives to the logits: [head, batch, positions]."""
        return contract([*operands, *self.own], (*heads, *self.batch, *self.wires(self.positions())))
