"""What a decomposition is asked for, and the factors that it has: their names, legs and properties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tnlang.ir.net import (
    Bind,
    Decl,
    Factor,
    Leg,
    Net,
    Property,
    Ref,
    StreamSet,
)
from tnlang.ir.size import Size, show
from tnlang.ir.walk import node_wires, statements, walk
from tnlang.transforms.decompose.factors import Factored, replaced, with_factors
from tnlang.transforms.decompose.sizes import as_number, cut_to, greatest_rank, lost, number_of, smaller
from tnlang.transforms.decompose.source import Source, bond_name, source_of
from tnlang.transforms.inside import values_of
from tnlang.transforms.members import by_itself
from tnlang.transforms.request import OptionValue, Request, Step, TransformError

Method = Literal["svd", "cp", "tucker", "tt"]
METHODS = ("svd", "cp", "tucker", "tt")
OPTIONS = {
    "svd": ("rank", "left", "error"),
    "cp": ("rank",),
    "tucker": ("rank",),
    "tt": ("rank", "error", "centre"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    request: Request
    method: Method

    def net(self, net: Net, wanted: tuple[Ref, ...]) -> Net:
        """The net with the value taken apart."""
        net = by_itself(net, wanted[0])
        source = source_of(self.request.program, net, wanted[0])
        taken = {ref.name for ref in values_of(net)} | _wires(net)
        found = self.factors(source, taken, net)
        body = tuple(replaced(net.body, source, found))
        body = with_factors(net, body, source, found)
        note = "; ".join(text for text in (net.note, found.note) if text)
        return replace(net, body=body, note=note)

    def factors(self, source: Source, taken: set[str], net: Net) -> Factored:
        count = len(source.legs)
        if count < 2:
            raise TransformError(f"{source.name} has fewer than two legs", "a matrix has factors", 0)
        if self.method in ("cp", "tucker") and source.complex:
            said = f"{source.name} is complex; {self.method} is for real tensors"
            raise TransformError(said, "svd and tt take complex ones", 0)
        error = self.error()
        match self.method:
            case "svd":
                return self.svd(source, taken, error)
            case "tt":
                return self.train(source, taken, error)
            case "cp":
                rank = self.rank(1)
                if rank is None:
                    raise TransformError("cp needs a rank", "`rank = 3`")
                bond: list[Size] = [rank[0]]
                note = self.of_products(source, rank[0])
                joints: list[tuple[int | str, ...]] = [("s",), *((n, "s") for n in range(count))]
                names = ["λ", *(f"U_{n + 1}" for n in range(count))]
                known: list[tuple[Property, ...]] = [(Property("positive"),), *(() for _ in range(count))]
                return self.made(source, taken, names, joints, dict(zip("s", bond, strict=True)), known, note)
            case "tucker":
                return self.tucker(source, taken)

    def of_products(self, source: Source, rank: int) -> str:
        """What a CP of this rank leaves out. Of a matrix it is the SVD."""
        largest = greatest_rank(source)
        if largest is not None and rank > largest:
            raise TransformError(
                f"the rank of {source.name} is at most {largest} here", f"`rank = {largest}`", 0
            )
        if len(source.legs) == 2:
            return lost(source, f"{rank} products of vectors" if rank != largest else "", 0)
        return f"{source.name} ≈ {rank} products of vectors, found by alternating least squares"

    def svd(self, source: Source, taken: set[str], error: float) -> Factored:
        left = self.left(source)
        right = tuple(n for n in range(len(source.legs)) if n not in left)
        full = smaller(source, left, right)
        given = self.rank(1)
        bond, cut = cut_to(full, None if given is None else given[0], source, left)
        note = lost(source, f"{show(bond)} singular values" if cut else "", error)
        joints: list[tuple[int | str, ...]] = [(*left, "s"), ("s",), (*right, "s")]
        known = [
            (Property("isometry", (len(left),)),),
            (Property("positive"),),
            (Property("isometry", (len(right),)),),
        ]
        return self.made(source, taken, ["U", "λ", "V"], joints, {"s": bond}, known, note, left, error=error)

    def train(self, source: Source, taken: set[str], error: float) -> Factored:
        count = len(source.legs)
        given = self.rank(count - 1)
        centre = self.centre(source)
        bonds: dict[str, Size] = {}
        cut = False
        every = tuple(range(count))
        limit = 1
        for n in range(count - 1):
            full = smaller(source, every[: n + 1], every[n + 1 :])
            if given is None:
                bonds[f"b{n}"] = full
                continue
            limit = min(limit * number_of(source.legs[n].size, source), number_of(full, source))
            limit = min(limit, given[n])
            bonds[f"b{n}"] = limit
        if given is not None:
            back = 1
            for n in reversed(range(count - 1)):
                back = min(
                    back * number_of(source.legs[n + 1].size, source), number_of(bonds[f"b{n}"], source)
                )
                bonds[f"b{n}"] = back
                full = smaller(source, every[: n + 1], every[n + 1 :])
                if back < number_of(full, source):
                    cut = True
                else:
                    bonds[f"b{n}"] = full
        joints: list[tuple[int | str, ...]] = []
        known: list[tuple[Property, ...]] = []
        for n in range(count):
            before: tuple[int | str, ...] = (f"b{n - 1}",) if n else ()
            after: tuple[int | str, ...] = (f"b{n}",) if n < count - 1 else ()
            joints.append((*before, n, *after))
            last = len(joints[-1]) - 1
            known.append(() if n == centre else (Property("isometry", (last if n < centre else 0,)),))
        bond_text = " and ".join([", ".join(map(show, bonds.values()))])
        note = lost(source, f"bonds of {bond_text}" if cut else "", error, "at most ")
        names = [f"A_{n + 1}" for n in range(count)]
        return self.made(source, taken, names, joints, bonds, known, note, (), centre, error)

    def tucker(self, source: Source, taken: set[str]) -> Factored:
        count = len(source.legs)
        given = self.rank(count)
        if given is None:
            raise TransformError("tucker needs ranks", "`rank = 3`, or one for each leg: `rank = (2, 3, 3)`")
        bonds: dict[str, Size] = {}
        cut = False
        for n, leg in enumerate(source.legs):
            size, shorter = cut_to(leg.size, given[n], source, (n,))
            bonds[f"b{n}"] = size
            cut |= shorter
        core: tuple[int | str, ...] = tuple(bonds)
        joints = [core, *((n, f"b{n}") for n in range(count))]
        known: list[tuple[Property, ...]] = [(), *((Property("isometry", (1,)),) for _ in range(count))]
        names = ["core", *(f"U_{n + 1}" for n in range(count))]
        sizes = " by ".join(map(show, bonds.values()))
        how = "isometries, found by alternating least squares"
        note = f"{source.name} ≈ a core of {sizes} and {how}" if cut else ""
        return self.made(source, taken, names, list(joints), bonds, known, note)

    def made(
        self,
        source: Source,
        taken: set[str],
        names: Sequence[str],
        joints: Sequence[tuple[int | str, ...]],
        bonds: dict[str, Size],
        known: Sequence[tuple[Property, ...]],
        note: str,
        left: tuple[int, ...] = (),
        centre: int = 0,
        error: float = 0.0,
    ) -> Factored:
        """The statement: a declaration for each factor, its legs named after the source's or the bonds."""
        kind: Literal["tensor", "param"] = "param" if source.kind in ("param", "const") else "tensor"
        full = [f"{source.name}.{name}" for name in names]
        clash = next((name for name in full if name in taken), None)
        if clash is not None:
            hint = f"a factor has factors of its own: `{clash}`"
            raise TransformError(f"{source.name} has been decomposed: there is a {clash}", hint, 0)
        own = {leg.name for leg in source.legs}
        called = {bond: bond_name(bond, own | taken) for bond in bonds}
        joints = [tuple(called.get(one, one) if isinstance(one, str) else one for one in j) for j in joints]
        bond_legs = {called[bond]: Leg(called[bond], as_number(size)) for bond, size in bonds.items()}
        factors = []
        for name, legs, properties in zip(full, joints, known, strict=True):
            named = tuple(source.legs[leg] if isinstance(leg, int) else bond_legs[leg] for leg in legs)
            is_value = properties == (Property("positive"),)
            word = (Property("complex"),) if source.complex and not is_value else ()
            factors.append(Decl(kind, name, named, (), (*properties, *word)))
        statement = Factor(self.method, source.ref, tuple(factors), left, centre, error)
        return Factored(statement, tuple(joints), note)

    # ------------------------------------------------------------ options

    def rank(self, count: int) -> tuple[int, ...] | None:
        """The ranks asked for, one for each of ``count`` bonds."""
        value = self.request.options.get("rank")
        if value is None:
            return None
        several = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(one, float) and one >= 1 and one == int(one) for one in several):
            raise TransformError("a rank is a whole number from 1", "`rank = 3`")
        numbers = tuple(int(one) for one in several if isinstance(one, float))
        if len(numbers) not in (1, count):
            raise TransformError(f"{self.method} has {count} bonds here, not {len(numbers)}", "`rank = 3`")
        return numbers * count if len(numbers) == 1 else numbers

    def error(self) -> float:
        value = self.request.options.get("error", 0.0)
        if not isinstance(value, float) or not 0 <= value < 1:
            raise TransformError("an error is a part of the norm, from 0 to below 1", "`error = 1e-3`")
        return value

    def left(self, source: Source) -> tuple[int, ...]:
        """The legs on the left side of the cut: those named, else the first half."""
        value = self.request.options.get("left")
        count = len(source.legs)
        if value is None:
            return tuple(range(math.ceil(count / 2))) if count > 2 else (0,)
        found = tuple(leg_of(source, one) for one in names_of(value))
        if not 0 < len(set(found)) < count or len(set(found)) < len(found):
            raise TransformError(
                f"the cut leaves no leg of {source.name} on one side", "name some of its legs, each once"
            )
        return found

    def centre(self, source: Source) -> int:
        value = self.request.options.get("centre")
        if value is None:
            return len(source.legs) - 1
        names = names_of(value)
        if len(names) != 1:
            raise TransformError("one leg tells where the centre is", f"`centre = {source.legs[0].name}`")
        return leg_of(source, names[0])


def names_of(value: OptionValue) -> tuple[str, ...]:
    """The legs that an option names: ``left = i`` or ``left = (i, j)``."""
    if isinstance(value, tuple) and value and all(isinstance(one, Step) for one in value):
        return (".".join(str(one) for one in value),)
    if isinstance(value, tuple) and value and all(isinstance(one, tuple) for one in value):
        return tuple(".".join(map(str, one)) for one in value if isinstance(one, tuple))
    raise TransformError("the names of legs are needed", "`left = (i, j)`")


def leg_of(source: Source, name: str) -> int:
    names = [leg.name for leg in source.legs]
    if name not in names:
        raise TransformError(f"{source.name} has no leg {name}", "its legs are " + ", ".join(names))
    return names.index(name)


def _wires(net: Net) -> set[str]:
    """The names of all wires of a net's own terms: a new bond has another, as it stands among them."""
    sums = (s.body for s in statements(net.body) if isinstance(s, Bind | StreamSet))
    return {wire.name for body in sums for node in walk(body) for wire in node_wires(node)}
