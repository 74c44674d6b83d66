"""What a body looks at first: the shapes of inputs, and the sizes that come from them."""

from __future__ import annotations

from collections.abc import Iterator

from tnlang.ir.net import (
    Decl,
)
from tnlang.ir.size import Dim, DimSize, Size, dims_in
from tnlang.ir.slots import onehot_leg
from tnlang.lower.names import identifier
from tnlang.lower.numbers import Name, Scalar
from tnlang.lower.steps import CheckLegs, GivenSize, LetSize, Step
from tnlang.lower.values import Known, text_of


def checks(known: Known) -> list[Step]:
    """What the shapes of inputs are compared with, and the sizes that come from them."""
    found: list[Step] = []
    bound: set[str] = set()
    again: list[tuple[str, Decl]] = []
    arrays = [
        *known.inputs,
        *(
            (known.handed[text_of(d)], d)
            for d in known.program.declarations
            if d.kind == "tensor" and text_of(d) in known.handed
        ),
    ]
    for dim in known.dims.dims:  # A derived size needs the ones that it follows from.
        if dim.name in known.late and dim.name in known.dims.derived:
            assert dim.default is not None
            known.size(dim.default)
    for local, decl in arrays:
        hot = onehot_leg(decl)
        sizes: list[tuple[str, Scalar | None]] = []
        binds: list[tuple[int, str]] = []
        before = set(bound)
        for leg in (leg for i, leg in enumerate(decl.legs) if i != hot):
            late = {d.name for d in dims_in_defaults(leg.size)} - known.dims.early
            plain = leg.size.dim.name if isinstance(leg.size, DimSize) else ""
            if plain in known.dims.carried and plain not in bound:
                bound.add(plain)
                sizes.append((leg.name, Name(f"self.{known.place.dims[plain]}")))
                known.used_dims.add(plain)
                several = sum(
                    plain in {d.name for d in dims_in_defaults(other.size)}
                    for _, d in arrays
                    for other in d.legs
                )
                if several > 1 and plain not in known.late:
                    known.late[plain] = known.names.take(identifier(plain))
                if plain in known.late:
                    binds.append((len(sizes) - 1, known.late[plain]))
            elif late <= before:
                sizes.append((leg.name, known.size(leg.size)))
            else:
                sizes.append((leg.name, None))
                if (local, decl) not in again:
                    again.append((local, decl))
        onehot = "" if hot is None else decl.legs[hot].name
        found.append(CheckLegs(f"input {text_of(decl)}", local, tuple(sizes), tuple(binds), onehot))
    for dim in known.dims.told:
        if dim.name in known.late:
            known.used_dims.add(dim.name)
            found.append(GivenSize(known.late[dim.name], dim.name, known.place.dims[dim.name]))
    for dim in known.dims.dims:
        if dim.name in known.late and dim.name in known.dims.derived:
            assert dim.default is not None
            found.append(LetSize(known.late[dim.name], known.size(dim.default)))
    for local, decl in again:
        hot = onehot_leg(decl)
        legs = [leg for i, leg in enumerate(decl.legs) if i != hot]
        found.append(
            CheckLegs(
                f"input {text_of(decl)}", local, tuple((leg.name, known.size(leg.size)) for leg in legs)
            )
        )
    return found


def dims_in_defaults(size: Size) -> Iterator[Dim]:
    """The dims that a size depends on, those of defaults included."""
    for dim in dims_in(size):
        yield dim
        if dim.default is not None and not dim.counts_members:
            yield from dims_in_defaults(dim.default)
