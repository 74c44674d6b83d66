"""A small builder of IR by hand, for tests that want no parser: wires by name, sizes by dim."""

from __future__ import annotations

from dataclasses import dataclass, field

from tnlang.ir.net import (
    Bind,
    Bracket,
    Bubble,
    Decl,
    Leg,
    Net,
    Node,
    Output,
    Ref,
    Stmt,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, DimSize, Size
from tnlang.ir.walk import new_id, node_wires


@dataclass
class Wires:
    """Wires by name, made when first asked for; ``sizes`` gives those that are not 2."""

    sizes: dict[str, Size] = field(default_factory=dict)
    made: dict[str, Wire] = field(default_factory=dict)

    def __call__(self, *names: str) -> tuple[Wire, ...]:
        for name in names:
            self.made.setdefault(name, Wire(new_id(), name, self.sizes.get(name, 2)))
        return tuple(self.made[name] for name in names)

    def tensor(self, name: str, legs: str = "", conj: bool = False) -> Tensor:
        """``tensor("A", "i j")``."""
        return Tensor(Ref(name), self(*legs.split()), conj)

    def term(self, *nodes: Node, summed: str = "", coefficient: complex = 1) -> Term:
        return Term(nodes, self(*summed.split()), coefficient)

    def bubble(self, function: str, *terms: Term, gates: str = "") -> Bubble:
        return Bubble(function, Sum(terms), self(*gates.split()))

    def bracket(self, *terms: Term) -> Bracket:
        return Bracket(Sum(terms))

    def bind(self, name: str, legs: str, *terms: Term) -> Bind:
        names = tuple(legs.split())
        return Bind(Value(name, self(*names), leg_names=names), Sum(terms))


def decl(kind: str, name: str, *sizes: Size) -> Decl:
    legs = tuple(Leg(f"{name}_{n}", size) for n, size in enumerate(sizes))
    return Decl(kind, name, legs)  # type: ignore[arg-type]


def net(
    name: str, inputs: tuple[Decl, ...], *body: Stmt, output: str = "y", owned: tuple[Decl, ...] = ()
) -> Net:
    """A net whose one output is the value ``output``, bound by a statement of the body."""
    bound = next(s for s in body if isinstance(s, Bind) and s.target.name == output)
    legs = tuple(
        Leg(leg_name, wire.size)
        for leg_name, wire in zip(bound.target.leg_names, bound.target.legs, strict=True)
        if isinstance(wire, Wire)
    )
    return Net(name, inputs, (Output(output, legs),), owned, body)


def program(*nets: Net, dims: tuple[Dim, ...] = ()) -> Program:
    return Program("test", dims=dims, nets=nets, exported=tuple(n.name for n in nets))


def wires_of(node: Node) -> tuple[str, ...]:
    return tuple(wire.name for wire in node_wires(node))


__all__ = ["Dim", "DimSize", "Wires", "decl", "net", "program", "wires_of"]
