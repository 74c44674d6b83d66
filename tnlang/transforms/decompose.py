"""``decompose(net, T, svd, rank = 3, left = (i, j))``: a tensor in factors, exactly or cut to a rank."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Factor,
    Frozen,
    Leg,
    Net,
    Origin,
    Property,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize, Size, SizeError, SizeOp, evaluate, show, size_op
from tnlang.ir.slots import dotted, has, onehot_leg
from tnlang.ir.walk import ix_wires, map_children, new_id, refs, splice, statements
from tnlang.source import Span
from tnlang.transforms.inside import change_inside, values_of
from tnlang.transforms.request import OptionValue, Request, Step, TransformError

Method = Literal["svd", "cp", "tucker", "tt"]
METHODS = ("svd", "cp", "tucker", "tt")
OPTIONS = {
    "svd": ("rank", "left", "error"),
    "cp": ("rank",),
    "tucker": ("rank",),
    "tt": ("rank", "error", "centre"),
}
_USAGE = "`decompose(net, T, svd, rank = 3, left = (i, j))`"


def decompose(request: Request) -> tuple[Net, ...]:
    """The net with a tensor (a parameter, an input or a binding) replaced by the product of its factors.

    Factors are named after it: ``C.U``, ``C.λ``, ``C.V`` of an SVD, ``C.λ`` and ``C.U_1`` … of CP, ``C.core``
    and ``C.U_1`` … of Tucker, ``C.A_1`` … of a train. Without ``rank`` and ``error`` an SVD or a train is
    exact; what is not says so in the note of its net. Raises TransformError where the tensor has no such
    factors.
    """
    if len(request.paths) != 2 or request.arrows:
        raise TransformError("decompose takes a tensor and how: svd, cp, tucker or tt", _USAGE)
    method = request.paths[1][0].name
    if len(request.paths[1]) > 1 or method not in METHODS:
        raise TransformError(f"there is no decomposition {method}", "there are svd, cp, tucker and tt", 1)
    for name in request.options:
        if name not in OPTIONS[method]:
            raise TransformError(f"{method} has no option {name}", "it has " + ", ".join(OPTIONS[method]))
        if request.relations.get(name, "=") != "=":
            raise TransformError(f"{name} is given by =", f"`{name} = 3`")
    plan = _Plan(request, cast(Method, method))
    return change_inside(request, request.paths[:1], plan.net)


@dataclass(frozen=True, slots=True)
class _Source:
    """The tensor that is taken apart: its legs, and what is known of it."""

    ref: Ref
    legs: tuple[Leg, ...]
    kind: Literal["input", "tensor", "param", "const"]
    complex: bool = False

    @property
    def name(self) -> str:
        return dotted(self.ref.name, [sub for sub in self.ref.subs if isinstance(sub, int)])


@dataclass(frozen=True, slots=True)
class _Factored:
    """Factors, the legs of each as positions of the source (numbers) or bonds (names), and what they lose."""

    statement: Factor
    joints: tuple[tuple[int | str, ...], ...]
    note: str


@dataclass(frozen=True, slots=True)
class _Plan:
    request: Request
    method: Method

    def net(self, net: Net, wanted: tuple[Ref, ...]) -> Net:
        """The net with the value taken apart."""
        source = _source(self.request.program, net, wanted[0])
        taken = {ref.name for ref in values_of(net)}
        found = self.factors(source, taken, net)
        body = tuple(_replaced(net.body, source, found))
        body = _with_factors(net, body, source, found)
        note = "; ".join(text for text in (net.note, found.note) if text)
        return replace(net, body=body, note=note)

    def factors(self, source: _Source, taken: set[str], net: Net) -> _Factored:
        count = len(source.legs)
        if count < 2:
            raise TransformError(f"{source.name} has fewer than two legs", "a matrix has factors", 0)
        if self.method in ("cp", "tucker") and source.complex:
            raise TransformError(f"{source.name} is complex; {self.method} is for real tensors", "", 0)
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
                note = f"{source.name} ≈ {rank[0]} products of vectors, found by alternating least squares"
                joints: list[tuple[int | str, ...]] = [("s",), *((n, "s") for n in range(count))]
                names = ["λ", *(f"U_{n + 1}" for n in range(count))]
                known: list[tuple[Property, ...]] = [(Property("positive"),), *(() for _ in range(count))]
                return self.made(source, taken, names, joints, dict(zip("s", bond, strict=True)), known, note)
            case "tucker":
                return self.tucker(source, taken)

    def svd(self, source: _Source, taken: set[str], error: float) -> _Factored:
        left = self.left(source)
        right = tuple(n for n in range(len(source.legs)) if n not in left)
        full = _smaller(source, left, right)
        given = self.rank(1)
        bond, cut = _cut(full, None if given is None else given[0], source, left)
        note = _lost(source, f"{show(bond)} singular values" if cut else "", error)
        joints: list[tuple[int | str, ...]] = [(*left, "s"), ("s",), (*right, "s")]
        known = [
            (Property("isometry", (len(left),)),),
            (Property("positive"),),
            (Property("isometry", (len(right),)),),
        ]
        return self.made(source, taken, ["U", "λ", "V"], joints, {"s": bond}, known, note, left, error=error)

    def train(self, source: _Source, taken: set[str], error: float) -> _Factored:
        count = len(source.legs)
        given = self.rank(count - 1)
        centre = self.centre(source)
        bonds: dict[str, Size] = {}
        cut = False
        every = tuple(range(count))
        limit = 1
        for n in range(count - 1):
            full = _smaller(source, every[: n + 1], every[n + 1 :])
            if given is None:
                bonds[f"b{n}"] = full
                continue
            limit = min(limit * _number(source.legs[n].size, source), _number(full, source))
            limit = min(limit, given[n])
            bonds[f"b{n}"] = limit
        if given is not None:
            back = 1
            for n in reversed(range(count - 1)):
                back = min(back * _number(source.legs[n + 1].size, source), _number(bonds[f"b{n}"], source))
                bonds[f"b{n}"] = back
                full = _smaller(source, every[: n + 1], every[n + 1 :])
                if back < _number(full, source):
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
        note = _lost(source, f"bonds of {bond_text}" if cut else "", error, "at most ")
        names = [f"A_{n + 1}" for n in range(count)]
        return self.made(source, taken, names, joints, bonds, known, note, (), centre, error)

    def tucker(self, source: _Source, taken: set[str]) -> _Factored:
        count = len(source.legs)
        given = self.rank(count)
        if given is None:
            raise TransformError("tucker needs ranks", "`rank = 3`, or one for each leg: `rank = (2, 3, 3)`")
        bonds: dict[str, Size] = {}
        cut = False
        for n, leg in enumerate(source.legs):
            size, shorter = _cut(leg.size, given[n], source, (n,))
            bonds[f"b{n}"] = size
            cut |= shorter
        core: tuple[int | str, ...] = tuple(bonds)
        joints = [core, *((n, f"b{n}") for n in range(count))]
        known: list[tuple[Property, ...]] = [(), *((Property("isometry", (1,)),) for _ in range(count))]
        names = ["core", *(f"U_{n + 1}" for n in range(count))]
        sizes = " by ".join(map(show, bonds.values()))
        note = f"{source.name} ≈ a core of {sizes} and isometries, found by alternating" if cut else ""
        return self.made(source, taken, names, list(joints), bonds, known, note)

    def made(
        self,
        source: _Source,
        taken: set[str],
        names: Sequence[str],
        joints: Sequence[tuple[int | str, ...]],
        bonds: dict[str, Size],
        known: Sequence[tuple[Property, ...]],
        note: str,
        left: tuple[int, ...] = (),
        centre: int = 0,
        error: float = 0.0,
    ) -> _Factored:
        """The statement: a declaration for each factor, its legs named after the source's or the bonds."""
        kind: Literal["tensor", "param"] = "param" if source.kind in ("param", "const") else "tensor"
        full = [f"{source.name}.{name}" for name in names]
        clash = next((name for name in full if name in taken), None)
        if clash is not None:
            raise TransformError(f"{source.name} has been decomposed: there is a {clash}", "", 0)
        factors = []
        for name, legs, properties in zip(full, joints, known, strict=True):
            named = tuple(
                source.legs[leg] if isinstance(leg, int) else Leg(leg, _as_number(bonds[leg])) for leg in legs
            )
            is_value = properties == (Property("positive"),)
            word = (Property("complex"),) if source.complex and not is_value else ()
            factors.append(Decl(kind, name, named, (), (*properties, *word)))
        statement = Factor(self.method, source.ref, tuple(factors), left, centre, error)
        return _Factored(statement, tuple(joints), note)

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

    def left(self, source: _Source) -> tuple[int, ...]:
        """The legs on the left side of the cut: those named, else the first half."""
        value = self.request.options.get("left")
        count = len(source.legs)
        if value is None:
            return tuple(range(math.ceil(count / 2))) if count > 2 else (0,)
        found = tuple(_leg(source, one) for one in _names(value))
        if not 0 < len(set(found)) < count or len(set(found)) < len(found):
            raise TransformError(
                f"the cut leaves no leg of {source.name} on one side", "name some of its legs, each once"
            )
        return found

    def centre(self, source: _Source) -> int:
        value = self.request.options.get("centre")
        if value is None:
            return len(source.legs) - 1
        names = _names(value)
        if len(names) != 1:
            raise TransformError("one leg tells where the centre is", f"`centre = {source.legs[0].name}`")
        return _leg(source, names[0])


def _names(value: OptionValue) -> tuple[str, ...]:
    """The legs that an option names: ``left = i`` or ``left = (i, j)``."""
    if isinstance(value, tuple) and value and all(isinstance(one, Step) for one in value):
        return (".".join(str(one) for one in value),)
    if isinstance(value, tuple) and value and all(isinstance(one, tuple) for one in value):
        return tuple(".".join(map(str, one)) for one in value if isinstance(one, tuple))
    raise TransformError("the names of legs are needed", "`left = (i, j)`")


def _leg(source: _Source, name: str) -> int:
    names = [leg.name for leg in source.legs]
    if name not in names:
        raise TransformError(f"{source.name} has no leg {name}", "its legs are " + ", ".join(names))
    return names.index(name)


# ---------------------------------------------------------------- sizes


def _number(size: Size, source: _Source) -> int:
    """The number that a size is worth by its defaults."""
    try:
        return evaluate(size, {})
    except SizeError:
        raise TransformError(
            f"how large {source.name} is, is not known here: {show(size)}", "give the dim a default", 0
        ) from None


def _as_number(size: Size) -> Size:
    """A size that is worth a dim and is not that dim: a bond has no dim's name."""
    return SizeOp("*", 1, size) if isinstance(size, DimSize) else size


def _product(source: _Source, legs: Sequence[int]) -> Size:
    total: Size = 1
    for leg in legs:
        total = size_op("*", total, source.legs[leg].size)
    return total


def _smaller(source: _Source, left: Sequence[int], right: Sequence[int]) -> Size:
    """The number of singular values of a tensor over a cut: the size of its smaller side."""
    one, other = _product(source, left), _product(source, right)
    return one if one == other or _number(one, source) <= _number(other, source) else other


def _cut(full: Size, rank: int | None, source: _Source, left: Sequence[int]) -> tuple[Size, bool]:
    """The size of a bond, and whether that cuts it."""
    if rank is None:
        return full, False
    largest = _number(full, source)
    if rank > largest:
        raise TransformError(f"the rank of {source.name} is at most {largest} here", f"`rank = {largest}`", 0)
    return (full, False) if rank == largest else (rank, True)


def _lost(source: _Source, cut: str, error: float, bound: str = "") -> str:
    """What is left out, as a sentence; "" where nothing is."""
    if not cut and not error:
        return ""
    kept = [f"keeps {cut}"] if cut else []
    kept += [f"leaves out at most {error:g} of its norm"] if error else []
    off = (
        f"; it is off by {bound}the root of the sum of squares of the singular values left out" if cut else ""
    )
    return f"{source.name} ≈ its factors, which {' and '.join(kept)}{off}"


# ---------------------------------------------------------------- the net


def _source(program: Program, net: Net, ref: Ref) -> _Source:
    """What is known of the value that is taken apart."""
    for decl in (*net.inputs, *net.owned, *program.declarations):
        if (decl.name, decl.subs) == (ref.name, ref.subs):
            if onehot_leg(decl) is not None:
                raise TransformError(
                    f"{ref.name} is one-hot: it holds whole numbers", "decompose a tensor", 0
                )
            _refuse_computed(net, ref)
            return _Source(ref, decl.legs, decl.kind, has(decl, "complex"))
    for statement in statements(net.body):
        match statement:
            case StreamSet(target=target) if target.name == ref.name:
                raise TransformError(f"{ref.name} is a stream, with several values", "bind one of them", 0)
            case Bind(target=target) | Frozen(target=target):
                targets: tuple[Value, ...] = (target,)
            case Call(results=targets):
                pass
            case Factor(factors=factors):
                for factor in factors:
                    if factor.name == ref.name:
                        return _Source(ref, factor.legs, factor.kind, has(factor, "complex"))
                continue
            case _:
                continue
        for target in targets:
            if (target.name, target.subs) == (ref.name, ref.subs):
                return _Source(ref, tuple(_value_legs(target)), "tensor")
    raise AssertionError(ref)


def _value_legs(value: Value) -> Iterator[Leg]:
    for position, leg in enumerate(value.legs):
        size: Size = 1
        for wire in ix_wires(leg):
            size = size_op("*", size, wire.size)
        own = leg.name if isinstance(leg, Wire) else f"leg_{position + 1}"
        yield Leg(value.leg_names[position] if value.leg_names else own, size)


def _refuse_computed(net: Net, ref: Ref) -> None:
    """A member of a family that a loop variable picks may be this one or not."""
    for statement in statements(net.body):
        for used in refs(statement):
            if used.name == ref.name and not all(isinstance(sub, int) for sub in used.subs):
                raise TransformError(
                    f"a loop picks members of {ref.name}: it cannot take one of them apart",
                    "write the repeat or sum out",
                    0,
                )


def _product_of(
    source: _Source, found: _Factored, legs: Sequence[object], conj: bool, origin: Origin
) -> Term:
    """The factors on the wires that a use of the source joins, over new bonds."""
    bonds = {
        joint: Wire(new_id(), leg.name, leg.size)
        for factor, joints in zip(found.statement.factors, found.joints, strict=True)
        for leg, joint in zip(factor.legs, joints, strict=True)
        if isinstance(joint, str)
    }
    nodes = []
    for factor, joints in zip(found.statement.factors, found.joints, strict=True):
        joined = tuple(bonds[j] if isinstance(j, str) else legs[j] for j in joints)
        nodes.append(Tensor(Ref(factor.name), joined, conj, origin=origin))  # type: ignore[arg-type]
    return Term(tuple(nodes), tuple(bonds.values()), origin=origin)


def _replaced(body: tuple[Stmt, ...], source: _Source, found: _Factored) -> Iterator[Stmt]:
    """The statements with the factors in each product where the source stood."""

    def total(old: Sum) -> Sum:
        return replace(old, terms=tuple(map(term, old.terms)))

    def term(old: Term) -> Term:
        new = replace(old, nodes=tuple(map_children(node, total) for node in old.nodes))
        for position in reversed(range(len(new.nodes))):
            node = new.nodes[position]
            if isinstance(node, Tensor) and node.ref == source.ref:
                origin = Origin(node.origin.span, (*node.origin.rules, "decompose"))
                inner = _product_of(source, found, node.legs, node.conj, origin)
                new = splice(new, position, inner)
        return new

    for statement in body:
        match statement:
            case Bind(body=inner) | StreamSet(body=inner):
                yield replace(statement, body=total(inner))
            case Repeat(body=block):
                yield replace(statement, body=tuple(_replaced(block, source, found)))
            case _:
                yield statement


def _with_factors(net: Net, body: tuple[Stmt, ...], source: _Source, found: _Factored) -> tuple[Stmt, ...]:
    """The statements with that of the factors where the source is there, and the whole value if it is needed.

    A declared value stands at the start. One that a statement gives is, where a call or an output takes it
    whole, computed under another name, so that its own is the product of its factors.
    """
    span = _span(net, source)
    declared = not any(source.ref in _given(s) for s in statements(body))
    passed = any(
        source.ref in s.arguments if isinstance(s, Call) else isinstance(s, Factor) and s.source == source.ref
        for s in statements(body)
    )
    passed |= any((o.name, o.subs) == (source.ref.name, source.ref.subs) for o in net.outputs)
    origin = Origin(span, ("decompose",))
    statement = replace(found.statement, origin=origin)
    wires = tuple(Wire(new_id(), leg.name, leg.size) for leg in source.legs)
    product = Sum((_product_of(source, found, wires, False, origin),), origin=origin)
    leg_names = tuple(leg.name for leg in source.legs)
    if declared:
        if not passed:
            return (statement, *body)
        whole = Value(f"{source.name}.whole", wires, (), leg_names, anonymous=True)
        return (statement, Bind(whole, product, origin=origin), *_passing(body, source.ref, Ref(whole.name)))
    if not passed:
        return tuple(_after(body, source.ref, (statement,)))
    before = Ref(f"{source.name}.whole")
    again = Bind(Value(source.ref.name, wires, source.ref.subs, leg_names), product, origin=origin)
    after = (replace(statement, source=before), again)
    return tuple(_after(body, source.ref, after, before))


def _passing(body: tuple[Stmt, ...], old: Ref, new: Ref) -> Iterator[Stmt]:
    """The statements with another value in the place of a whole value that calls and factors take."""
    for statement in body:
        match statement:
            case Call(arguments=arguments):
                yield replace(statement, arguments=tuple(new if ref == old else ref for ref in arguments))
            case Factor(source=source) if source == old:
                yield replace(statement, source=new)
            case Repeat(body=block):
                yield replace(statement, body=tuple(_passing(block, old, new)))
            case _:
                yield statement


def _after(
    body: tuple[Stmt, ...], ref: Ref, more: tuple[Stmt, ...], renamed: Ref | None = None
) -> Iterator[Stmt]:
    """The statements with more after that which gives a value, which may get another name there."""
    for statement in body:
        if isinstance(statement, Repeat):
            yield replace(statement, body=tuple(_after(statement.body, ref, more, renamed)))
        elif ref not in _given(statement):
            yield statement
        else:
            yield statement if renamed is None else _renamed(statement, ref, renamed)
            yield from more


def _renamed(statement: Stmt, old: Ref, new: Ref) -> Stmt:
    def value(one: Value) -> Value:
        return replace(one, name=new.name, subs=()) if Ref(one.name, one.subs) == old else one

    match statement:
        case Bind(target=target) | Frozen(target=target):
            return replace(statement, target=value(target))
        case Call(results=results):
            return replace(statement, results=tuple(map(value, results)))
        case _:
            raise TransformError(
                f"{old.name} is a factor and is used whole", "decompose the tensor itself", 0
            )


def _given(statement: Stmt) -> tuple[Ref, ...]:
    match statement:
        case Bind(target=target) | Frozen(target=target):
            return (Ref(target.name, target.subs),)
        case Call(results=results):
            return tuple(Ref(result.name, result.subs) for result in results)
        case Factor(factors=factors):
            return tuple(Ref(factor.name) for factor in factors)
        case _:
            return ()


def _span(net: Net, source: _Source) -> Span:
    """Where the value that is taken apart comes from."""
    for statement in statements(net.body):
        if source.ref in _given(statement):
            return statement.origin.span
    declared = (
        d for d in (*net.inputs, *net.owned) if (d.name, d.subs) == (source.ref.name, source.ref.subs)
    )
    return next((decl.origin.span for decl in declared), net.origin.span)
