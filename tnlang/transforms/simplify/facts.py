"""What rules may know of a net's values: how they were declared, and which are real."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tnlang.ir.canonical import Alike, alike
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Factor,
    Frozen,
    Net,
    Node,
    Number,
    Property,
    Ref,
    SizeNumber,
    Special,
    StreamSet,
    Sum,
    Tensor,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size
from tnlang.ir.slots import called, has
from tnlang.ir.walk import refs, statements, walk

REAL_VALUED = ("abs", "real", "imag", "norm", "var", "std", "argmax", "sign", "step")
"""Functions that give real numbers of complex ones."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``decls`` by name, ``complex`` the names of values that may be complex.

    Values are taken as real unless something that they are made of is declared complex or is a complex
    number. ``order`` are the wires of the left-hand side. ``proving`` is where only the value counts, and not
    what a reader named; ``arrays`` tells what may be exchanged of the arrays that a proof makes.
    """

    decls: Mapping[str, tuple[Decl, ...]] = field(default_factory=dict)
    complex: frozenset[str] = frozenset()
    order: tuple[Wire, ...] = ()
    proving: bool = False
    arrays: Alike = alike

    def members(self, ref: Ref) -> tuple[Decl, ...]:
        """The declarations that a use may mean: one, or those of a family where a subscript varies."""
        found = self.decls.get(ref.name, ())
        if all(isinstance(sub, int) for sub in ref.subs):
            return tuple(decl for decl in found if decl.subs == ref.subs)
        return tuple(decl for decl in found if len(decl.subs) == len(ref.subs))

    def properties(self, ref: Ref) -> tuple[Property, ...]:
        """What is declared of a use, whichever member of a family it is."""
        first, *others = self.members(ref) or (None,)
        if first is None:
            return ()
        return tuple(p for p in first.properties if all(p in other.properties for other in others if other))

    def leg_sizes(self, ref: Ref) -> tuple[Size, ...]:
        """The sizes of a declared value's legs; () where they are not known."""
        sizes = {tuple(leg.size for leg in decl.legs) for decl in self.members(ref)}
        return sizes.pop() if len(sizes) == 1 else ()

    def is_real(self, what: Node | Sum) -> bool:
        """Whether a node or sum can only be real."""
        match what:
            case Tensor(ref=ref):
                return ref.name not in self.complex
            case Number(value):
                return not isinstance(value, complex) or value.imag == 0
            case Special() | SizeNumber():
                return True
            case Bubble(function=function, body=body):
                return function in REAL_VALUED or self.is_real(body)
            case Bracket(body=body) | BigSum(body=body):
                return self.is_real(body)
            case Sum(terms=terms):
                return all(
                    complex(t.coefficient).imag == 0 and all(map(self.is_real, t.nodes)) for t in terms
                )
        raise AssertionError(what)

    def alike(self, node: Node) -> tuple[tuple[int, ...], ...]:
        """The legs of a node that may be exchanged: those of deltas, and of tensors declared symmetric."""
        if not isinstance(node, Tensor):
            return alike(node)
        if node.ref.name.startswith("@"):
            return self.arrays(node)
        found = []
        for prop in self.properties(node.ref):
            places = prop.legs or tuple(range(len(node.legs)))
            operator = len(places) == 2 and not prop.legs and self.is_real(node)
            if prop.name in ("symmetric", "diagonal") or (prop.name == "positive" and operator):
                sizes = self.leg_sizes(node.ref)
                found += [places] if sizes and len({sizes[place] for place in places}) == 1 else []
        return tuple(found[:1])


def facts_of(program: Program, net: Net, *, proving: bool = False) -> Facts:
    """The facts of a net's values."""
    decls: dict[str, tuple[Decl, ...]] = {}
    known = [*program.declarations, *net.inputs, *net.owned]
    own = {decl.name for decl in (*net.inputs, *net.owned)}
    known += [d for s in statements(net.body) if isinstance(s, Factor) for d in s.factors]
    for decl in known:
        if decl in program.declarations and decl.name in own and decl not in (*net.inputs, *net.owned):
            continue  # a name of the net's own hides it
        if decl not in decls.get(decl.name, ()):
            decls[decl.name] = (*decls.get(decl.name, ()), decl)
    found = {decl.name for decl in known if _is_complex(decl)}
    while (more := found | set(_made_complex(program, net, Facts(decls, frozenset(found))))) != found:
        found = more
    return Facts(decls, frozenset(found), proving=proving)


def _is_complex(decl: Decl) -> bool:
    return has(decl, "complex") or (decl.value is not None and "j" in repr(decl.value))


def _made_complex(program: Program, net: Net, facts: Facts) -> Iterable[str]:
    """The names that statements bind to what may be complex."""
    for statement in statements(net.body):
        match statement:
            case Bind(target=target, body=body) | StreamSet(target=target, body=body):
                if not facts.is_real(body):
                    yield target.name
            case Frozen(target=target, definition=None):
                yield target.name
            case Frozen(target=target, definition=Bind(body=body) | StreamSet(body=body)):
                if not facts.is_real(body):
                    yield target.name
            case Call(net=name, results=results):
                inside = called(program, program.net(name))
                given = any(ref.name in facts.complex for ref in refs(statement))
                if given or any(_has_complex(one, program) for one in inside):
                    yield from (result.name for result in results)
            case Factor(source=source, factors=factors):
                if source.name in facts.complex:
                    yield from (factor.name for factor in factors)
            case _:
                pass


def _has_complex(net: Net, program: Program) -> bool:
    names = {ref.name for statement in statements(net.body) for ref in refs(statement)}
    decls = (*net.inputs, *net.owned, *(d for d in program.declarations if d.name in names))
    bodies = [s.body for s in statements(net.body) if isinstance(s, Bind | StreamSet)]
    return any(map(_is_complex, decls)) or any(
        isinstance(node, Number) and isinstance(node.value, complex) for body in bodies for node in walk(body)
    )
