"""The shapes of values: outline, colour and label of a declared tensor, and of a value drawn by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tnlang.draw.diagram import Role, Shape
from tnlang.draw.view import names
from tnlang.draw.view.values import Definition
from tnlang.ir.net import Bind, Decl, Net, Ref, Tensor, Term, Wire
from tnlang.ir.program import Program
from tnlang.ir.slots import called


def declared(
    found: Definition,
    decl: Decl,
    node: Tensor,
    above: str,
    *,
    bias: bool,
    roles: Mapping[str, Role],
) -> Shape:
    """The shape of a declared value; a ``bias`` has fewer legs than the sum it is added to."""
    path = f"{found.key[0]}.{decl.name}" if found.key[0] else decl.name
    properties = {p.name: p for p in decl.properties}
    outline = "circle"
    tip: tuple[int, ...] = ()
    role: Role = roles.get(decl.name, "weight") if decl.kind == "tensor" else "weight"
    if decl.kind == "input" or "onehot" in properties:
        role = "data"
    if len(decl.legs) <= 1 or bias:
        role = "bias" if bias else "data"
    if "isometry" in properties:
        outline, role, tip = "triangle", "isometry", properties["isometry"].legs
    elif "unitary" in properties or "orthogonal" in properties:
        outline, role = "square", "unitary"
        tip = next(properties[name].legs for name in ("unitary", "orthogonal") if name in properties)
    label = names.math(decl.name, above, decl.label)
    if node.conj:
        label = barred(label)
    return Shape(
        0,
        "tensor",
        label,
        path,
        outline="triangle" if outline == "triangle" else "square" if outline == "square" else "circle",
        role=role,
        tip=tip,
        conj=node.conj,
        even=bool({"symmetric", "diagonal"} & set(properties)),
    )


def name_of(found: Definition | None, ref: Ref, above: str, roles: Mapping[str, Role]) -> tuple[str, Role]:
    """A named value's label and role; a transpose by name is written as one."""
    if found is not None and isinstance(found.statement, Bind) and not above:
        turned = _transposed(found.statement)
        inner = found.scope.resolve(turned, found.versions) if turned is not None else None
        if turned is not None and inner is not None and isinstance(inner.statement, Decl):
            role = roles.get(turned.name, "weight")
            return "{" + names.math(turned.name, label=inner.statement.label) + r"}^{\top}", role
    text = names.math(ref.name, above) if found is None else found.scope.math(ref.name, above)
    return text, "result"


def _transposed(bind: Bind) -> Ref | None:
    """The matrix of which a binding is the transpose, under a name."""
    match bind.body.terms:
        case (Term(nodes=(Tensor(ref=ref, legs=(Wire() as a, Wire() as b), conj=False),), coefficient=1),):
            return ref if bind.target.legs == (b, a) and a != b else None
    return None


def column_of(shape: Shape, entries: Sequence[str], legs: int) -> Shape:
    """What a written-out index leaves of a tensor: a vector or a number, whatever the tensor is."""
    below = ",".join(entries)
    mark = "^" if "_" in shape.label else "_"
    label = f"{shape.label}{mark}{{{below}}}"
    if not legs:
        return replace(shape, label=label, outline="none", role="plain", tip=())
    return replace(shape, label=label, outline="circle", role="data", tip=())


def barred(label: str) -> str:
    """The label of a value that is conjugated."""
    base, mark, rest = label.partition("_")
    return r"\bar{" + base + "}" + mark + rest


_OUTLINED = ("isometry", "unitary", "orthogonal")


def tensor_roles(program: Program, net: Net) -> dict[str, Role]:
    """The colours in a net of what the caller hands in, by name: data beside parameters, else of matrices.

    Of two matrices at file level the second has the second colour, so that they are told apart.
    """
    plain = [
        d.name
        for d in program.declarations
        if d.kind == "tensor" and len(d.legs) > 1 and not any(p.name in _OUTLINED for p in d.properties)
    ]
    owners = called(program, net)
    if any(d.kind == "param" for d in (*program.declarations, *(d for one in owners for d in one.owned))):
        return dict.fromkeys(plain, "data")
    return {plain[1]: "second"} if len(plain) == 2 else {}
