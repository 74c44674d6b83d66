"""Circuit: a batch of matrices that stay a network of their factors.

Whatever is asked of it is computed through the thinnest place of the network: a circuit of a head of GPT-2 is
50,257 by 50,257 and is never more than arrays of 64 by that. Batch legs are the first axes of every result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tnlang.circuits.largest import largest_products
from tnlang.circuits.network import (
    Operand,
    Operands,
    contract,
    contract_along,
    count,
    halves,
    size_of,
    sizes_of,
)
from tnlang.circuits.small import BLOCK, one_thread, root
from tnlang.ir.net import Wire
from tnlang.ir.walk import fresh_wire, new_id
from tnlang.source import ValueMismatch

Index = int | slice | Sequence[int] | Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """A matrix for each entry of the ``batch`` legs: from ``columns`` to ``rows``, as a product of operands.

    Several legs on one side are one index, the first being the slowest. ``name`` says what it is.
    """

    operands: Operands
    batch: tuple[Wire, ...]
    rows: tuple[Wire, ...]
    columns: tuple[Wire, ...]
    name: str = ""

    def __post_init__(self) -> None:
        """A leg that is a row and a column is the identity between two."""
        for wire in self.columns:
            if wire in self.rows:
                other = fresh_wire(wire)
                columns = tuple(other if w == wire else w for w in self.columns)
                object.__setattr__(self, "columns", columns)
                object.__setattr__(self, "operands", (*self.operands, self._eye(wire, other)))

    # ------------------------------------------------------------ what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the written-out array: the batch, rows, columns."""
        return (*sizes_of(self.batch), count(self.rows), count(self.columns))

    @property
    def rank(self) -> int:
        """How many entries the thinnest place has: no matrix of the batch has a higher rank."""
        return count(self.halves()[2])

    def __repr__(self) -> str:
        legs = ", ".join(f"{wire.text} {size_of(wire)}" for wire in self.batch)
        sides = (self.rows, self.columns)
        rows, columns = ("·".join(f"{w.text} {size_of(w)}" for w in side) or "1" for side in sides)
        return f"<circuit {self.name} [{legs}] {rows} by {columns}, rank {self.rank}>"

    # ------------------------------------------------------------ other circuits

    @property
    def T(self) -> Circuit:
        """Rows and columns exchanged."""
        return replace(self, rows=self.columns, columns=self.rows, name=f"{self.name}ᵀ")

    def __matmul__(self, other: Circuit) -> Circuit:
        """The product of networks. Batch legs that both have are one; ``apart`` makes all pairs of them.

        Raises ValueMismatch where the columns of this and the rows of the other differ in size.
        """
        if count(self.columns) != count(other.rows):
            raise ValueMismatch(
                f"{self.name or 'a circuit'} has {count(self.columns)} columns, "
                f"{other.name or 'the other'} {count(other.rows)} rows"
            )
        moved = other.fresh(keep=other.batch)
        own = self
        if sizes_of(self.columns) == sizes_of(moved.rows):
            moved = moved.renamed(dict(zip(moved.rows, self.columns, strict=True)))
        else:
            own, moved = own.flat(), moved.flat()
            moved = moved.renamed({moved.rows[0]: own.columns[0]})
        batch = tuple(dict.fromkeys((*own.batch, *moved.batch)))
        name = " ".join(part for part in (self.name, other.name) if part)
        return Circuit((*own.operands, *moved.operands), batch, own.rows, moved.columns, name)

    def scaled(self, factor: complex | float) -> Circuit:
        """Each matrix times a number."""
        number = Operand(torch.as_tensor(factor, dtype=self.dtype), ())
        return replace(self, operands=(number, *self.operands))

    def at(self, **indices: Index) -> Circuit:
        """Some matrices of the batch, by the names of its legs: ``at(layer=0, head=[3, 5])``.

        A number takes the leg away. Raises KeyError for a name that no batch leg has.
        """
        circuit = self
        for name, index in indices.items():
            circuit = circuit.picked(circuit.leg(name), index)
        return circuit

    def leg(self, name: str) -> Wire:
        """The batch leg of that name."""
        found = {wire.text: wire for wire in self.batch}
        if name not in found:
            raise KeyError(f"{self.name or 'the circuit'} has no batch leg {name}; it has {', '.join(found)}")
        return found[name]

    def picked(self, wire: Wire, index: Index) -> Circuit:
        """The circuit at some entries of one of its legs."""
        numbers = torch.arange(size_of(wire))[index]
        if not numbers.dim():
            operands = tuple(_at(operand, wire, int(numbers)) for operand in self.operands)
            return self._on(operands, {wire: ()})
        new = replace(fresh_wire(wire), size=len(numbers))
        operands = tuple(_at(operand, wire, numbers, new) for operand in self.operands)
        return self._on(operands, {wire: (new,)})

    def _on(self, operands: Operands, wires: Mapping[Wire, tuple[Wire, ...]]) -> Circuit:
        """Other operands, on other legs."""

        def side(old: tuple[Wire, ...]) -> tuple[Wire, ...]:
            return tuple(new for wire in old for new in wires.get(wire, (wire,)))

        return Circuit(operands, side(self.batch), side(self.rows), side(self.columns), self.name)

    def apart(self) -> Circuit:
        """The same with batch legs of its own: a product with it is over all pairs."""
        return self.fresh(keep=())

    def fresh(self, keep: Iterable[Wire]) -> Circuit:
        """The same on new wires, but for those to keep."""
        kept = set(keep)
        wires = dict.fromkeys(w for o in self.operands for w in o.wires)
        wires |= dict.fromkeys((*self.batch, *self.rows, *self.columns))
        return self.renamed({wire: fresh_wire(wire) for wire in wires if wire not in kept})

    def renamed(self, wires: Mapping[Wire, Wire]) -> Circuit:
        """The same on other wires."""
        operands = tuple(operand.renamed(wires) for operand in self.operands)
        return self._on(operands, {old: (new,) for old, new in wires.items()})

    def flat(self) -> Circuit:
        """The same with one leg for the rows and one for the columns."""
        first, second, bond = self.halves()
        inner = Wire(new_id(), "bond", count(bond))
        rows, columns = (
            Wire(new_id(), "·".join(w.text for w in s), count(s)) for s in (self.rows, self.columns)
        )
        left = Operand(self.part(first, self.rows, bond), (*self.batch, rows, inner))
        right = Operand(self.part(second, self.columns, bond), (*self.batch, columns, inner))
        return Circuit((left, right), self.batch, (rows,), (columns,), self.name)

    # ------------------------------------------------------------ entries

    def dense(self) -> Tensor:
        """All entries, written out."""
        return contract(self.operands, (*self.batch, *self.rows, *self.columns)).reshape(self.shape)

    def row(self, index: int | Tensor) -> Tensor:
        """One row of each matrix: [batch, columns]."""
        return self.entries([int(index)], None).squeeze(-2)

    def column(self, index: int | Tensor) -> Tensor:
        """One column of each matrix: [batch, rows]."""
        return self.entries(None, [int(index)]).squeeze(-1)

    def entries(self, rows: Index | None, columns: Index | None) -> Tensor:
        """Some rows and columns of each matrix, None for all: [batch, rows, columns]."""
        circuit = self._some(self.rows, rows)
        return circuit._some(circuit.columns, columns).dense()

    def _some(self, side: tuple[Wire, ...], index: Index | None) -> Circuit:
        if index is None:
            return self
        if len(side) == 1:
            return self.picked(side[0], [index] if isinstance(index, int) else index)
        flat = self.flat()
        return flat.picked((flat.rows if side == self.rows else flat.columns)[0], index)

    def times(self, vectors: Tensor) -> Tensor:
        """Each matrix times vectors [..., columns]: [batch, ..., rows]."""
        sizes = sizes_of(self.columns)
        if vectors.shape[-1] != math.prod(sizes):
            raise ValueMismatch(f"vectors of {vectors.shape[-1]} entries for {math.prod(sizes)} columns")
        others = tuple(Wire(new_id(), "·", n) for n in vectors.shape[:-1])
        given = Operand(vectors.reshape(*vectors.shape[:-1], *sizes), (*others, *self.columns))
        found = contract((*self.operands, given), (*self.batch, *others, *self.rows))
        return found.reshape(*sizes_of((*self.batch, *others)), count(self.rows))

    def diagonal(self) -> Tensor:
        """The entries whose row and column are the same number: [batch, rows]."""
        square = self._closed()
        if not square.rows:
            return contract(square.operands, square.batch)[..., None]
        found = contract_along(square.operands, (*square.batch, *square.rows), square.rows[0], BLOCK)
        return found.reshape(*sizes_of(square.batch), -1)

    def top(self, k: int, largest: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """The k largest (or smallest) entries of each matrix, with their rows and columns: [batch, k] each.

        Exact, matrix by matrix (``largest.py``). Raises ValueMismatch for complex entries.
        """
        if self.dtype.is_complex:
            raise ValueMismatch(f"{self.name or 'the circuit'} has complex entries: none is the largest")
        found = []
        for places in itertools.product(*(range(size_of(wire)) for wire in self.batch)):
            one = self
            for wire, place in zip(self.batch, places, strict=True):
                one = one.picked(wire, place)
            first, second, bond = one.halves()
            left, right = one.part(first, one.rows, bond), one.part(second, one.columns, bond)
            found.append(largest_products(left if largest else -left, right, k))
        shape = (*sizes_of(self.batch), -1)
        values, rows, columns = (torch.stack(parts).reshape(shape) for parts in zip(*found, strict=True))
        return (values if largest else -values), rows, columns

    # ------------------------------------------------------------ through the thinnest place

    def halves(self) -> tuple[Operands, Operands, tuple[Wire, ...]]:
        """The operands on the rows' side, those on the columns' side, and the wires between."""
        first, second, bond = halves(self.operands, self.rows, self.columns, self.batch)
        for wire in bond:
            other = fresh_wire(wire)
            if wire in self.rows:
                second = tuple(o.renamed({wire: other}) for o in second)
                first = (*first, self._eye(wire, other))
            elif wire in self.columns:
                first = tuple(o.renamed({wire: other}) for o in first)
                second = (*second, self._eye(wire, other))
            else:
                continue
            bond = tuple(other if w == wire else w for w in bond)
        return first, second, bond

    def trace(self) -> Tensor:
        """The sum of the diagonal of each matrix."""
        square = self._closed()
        return contract(square.operands, square.batch)

    def eigenvalues(self) -> Tensor:
        """The eigenvalues of each matrix that are not zero by its rank, the largest first: [batch, rank].

        They are those of the small matrix that comes from turning the product round.
        """
        square = self._closed()
        first, second, bond = self.halves()
        turned = {wire: fresh_wire(wire) for wire in bond}
        joined = dict(zip(self.columns, square.rows, strict=True))
        second = tuple(o.renamed({**turned, **joined}) for o in second)
        small = contract((*first, *second), (*self.batch, *turned.values(), *bond))
        n = count(bond)
        with one_thread():
            found = torch.linalg.eigvals(small.reshape(*sizes_of(self.batch), n, n))
        ordered: Tensor = found.gather(-1, found.abs().argsort(dim=-1, descending=True))
        return ordered

    def singular_values(self) -> Tensor:
        """The singular values of each matrix, the largest first: [batch, rank]."""
        left, right = self._roots()
        with one_thread():
            values: Tensor = torch.linalg.svdvals(left @ right.mT)
        return values

    def norm(self) -> Tensor:
        """The root of the sum of all squares (Frobenius) of each matrix."""
        left, right = self._roots()
        size: Tensor = torch.linalg.matrix_norm(left @ right.mT)
        return size

    def svd(self) -> tuple[Tensor, Tensor, Tensor]:
        """U [batch, rows, rank], the singular values, and V [batch, columns, rank], for M = U diag(S) V†.

        U and V are as large as a factor of the circuit: pick heads first where that is much.
        """
        first, second, bond = self.halves()
        sides = []
        for part, side in ((first, self.rows), (second, self.columns)):
            sides.append(torch.linalg.qr(self.part(part, side, bond)))
        (left, top), (right, low) = sides
        u, values, vh = torch.linalg.svd(top @ low.mT, full_matrices=False)
        return left @ u, values, right.conj() @ vh.mH

    def reduced_columns(self) -> Tensor:
        """Matrices with the same rows and products of rows: [all of the batch, rows, rank].

        M M† is theirs; the columns are turned away.
        """
        first, second, bond = self.halves()
        small = root(second, self.columns, self.batch, bond, {})
        left = self.part(first, self.rows, bond) @ small.mT
        return left.reshape(-1, *left.shape[-2:])

    def _roots(self) -> tuple[Tensor, Tensor]:
        """Two small matrices, L and R, so that L Rᵀ has the singular values: what QR leaves of each side."""
        first, second, bond = self.halves()
        known: dict[tuple[object, ...], Tensor] = {}
        left = root(first, self.rows, self.batch, bond, known)
        return left, root(second, self.columns, self.batch, bond, known)

    def part(self, operands: Operands, side: tuple[Wire, ...], bond: tuple[Wire, ...]) -> Tensor:
        """One of the ``halves`` written out: [batch, entries of the side, rank]."""
        array = contract(operands, (*self.batch, *side, *bond))
        return array.reshape(*sizes_of(self.batch), count(side), count(bond))

    # ------------------------------------------------------------ helpers

    @property
    def dtype(self) -> torch.dtype:
        """The type of the entries."""
        types = [o.array.dtype for o in self.operands]
        found = types[0] if types else torch.get_default_dtype()
        for other in types[1:]:
            found = torch.promote_types(found, other)
        return found

    def _closed(self) -> Circuit:
        """With each row leg joined to the column leg of its place.

        Raises ValueMismatch where it is not square.
        """
        if sizes_of(self.rows) != sizes_of(self.columns):
            raise ValueMismatch(f"{self.name or 'the circuit'} is not square: {self.shape}")
        joined = dict(zip(self.columns, self.rows, strict=True))
        return replace(self, operands=tuple(o.renamed(joined) for o in self.operands), columns=())

    def _eye(self, wire: Wire, other: Wire) -> Operand:
        like = self.operands[0].array if self.operands else torch.ones(())
        return Operand(torch.eye(size_of(wire), dtype=like.dtype, device=like.device), (wire, other))


def _at(operand: Operand, wire: Wire, index: int | Tensor, new: Wire | None = None) -> Operand:
    """The operand at some entries of a wire; as it is where it does not have the wire."""
    if wire not in operand.wires:
        return operand
    axis = operand.wires.index(wire)
    if isinstance(index, int):
        wires = (*operand.wires[:axis], *operand.wires[axis + 1 :])
        return Operand(operand.array.select(axis, index), wires)
    assert new is not None
    wires = (*operand.wires[:axis], new, *operand.wires[axis + 1 :])
    return Operand(operand.array.index_select(axis, index.to(operand.array.device)), wires)


def stack(circuits: Sequence[Circuit], name: str = "layer") -> Circuit:
    """Circuits of one structure as one, along a new first batch leg. What all of them share stays shared.

    Raises ValueMismatch for circuits that are not alike.
    """
    first = circuits[0]
    leg = Wire(new_id(), name, len(circuits))
    forms = {_form(circuit) for circuit in circuits}
    if len(forms) != 1:
        raise ValueMismatch(
            f"{len(circuits)} circuits ({first.name}, …) differ in structure: take them one by one"
        )
    operands = []
    for position, operand in enumerate(first.operands):
        same = [circuit.operands[position].array for circuit in circuits]
        if all(array is same[0] for array in same):
            operands.append(operand)
        else:
            operands.append(Operand(torch.stack(same), (leg, *operand.wires)))
    return Circuit(tuple(operands), (leg, *first.batch), first.rows, first.columns, first.name)


def _form(circuit: Circuit) -> tuple[object, ...]:
    """The structure of a circuit, whatever its wires are."""
    number: dict[Wire, int] = {}
    sides = (circuit.batch, circuit.rows, circuit.columns)
    for wire in itertools.chain(*sides, *(operand.wires for operand in circuit.operands)):
        number.setdefault(wire, len(number))
    shown = tuple(tuple((number[wire], wire.size) for wire in side) for side in sides)
    return (shown, tuple(tuple(number[wire] for wire in o.wires) for o in circuit.operands))
