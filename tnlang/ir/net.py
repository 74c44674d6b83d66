"""The IR: nets of tensors on wires. What is drawn and what is lowered; nothing else is either.

A Net is statements over named values. A statement's right-hand side is a Sum of Terms; a Term is nodes
on wires; a bubble is a node that holds a Sum. One node is one shape, one wire one line, one bubble one
outline. A wire with one id is one wire however deep in bubbles its ends lie; the Term that lists it in
``summed`` sums it, otherwise it is kept from outside.

Spans and rule names (Origin) never take part in comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tnlang.ir.size import Size
from tnlang.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of the IR comes from: its place in the text, and the rules that made it from there."""

    span: Span = NOWHERE
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    origin: Origin = field(default=Origin(), compare=False, repr=False)


# ---------------------------------------------------------------- wires and indices


@dataclass(frozen=True, slots=True)
class Wire:
    """One line. ``id`` tells wires of one name apart, in the whole program; ``subs`` is that of ``p{0, 3}``.

    ``size`` is ``DimSize(dim)`` for a wire of a named dim; any other size agrees with every dim of its value.
    """

    id: int
    name: str
    size: Size
    subs: tuple[int, ...] = ()
    label: str = ""

    def __hash__(self) -> int:
        # wires are in sets everywhere, and equal ones have one id
        return hash(self.id)

    @property
    def text(self) -> str:
        """The name as written: ``p{0, 3}``."""
        return self.name + ("{" + ", ".join(map(str, self.subs)) + "}" if self.subs else "")


@dataclass(frozen=True, slots=True)
class Entry:
    """A fixed entry of a leg; may depend on loop variables."""

    at: Size


@dataclass(frozen=True, slots=True)
class Slice:
    """A wire over the entries from ``start`` to before ``stop`` of a leg; its size is the difference."""

    wire: Wire
    start: Size
    stop: Size


@dataclass(frozen=True, slots=True)
class Group:
    """Several wires on one leg, slowest first; an Entry among them picks a block: ``(0 h s)``."""

    members: tuple[Wire | Entry, ...]


Ix = Wire | Entry | Slice | Group
"""What joins a leg."""


# ---------------------------------------------------------------- nodes


@dataclass(frozen=True, slots=True)
class Ref:
    """A value by name: an input, parameter, constant, binding, call result or stream of the net or file.

    ``subs`` pick a member of a family; they may depend on loop variables. For a stream no subs means its
    value at this point, ``x{3}`` its value after the fourth assignment.
    """

    name: str
    subs: tuple[Size, ...] = ()


@dataclass(frozen=True, slots=True)
class Tensor(Part):
    """A use of a value, its legs joined to wires in the value's order. ``conj`` mirrors the shape."""

    ref: Ref
    legs: tuple[Ix, ...]
    conj: bool = False


SpecialKind = Literal["delta", "ones", "basis", "shift", "index", "tril", "levi"]


@dataclass(frozen=True, slots=True)
class Special(Part):
    """A special tensor, re-indexed rather than stored (rule 11). ``at`` is the n of basis(n) and shift(n)."""

    kind: SpecialKind
    legs: tuple[Ix, ...]
    at: Size | None = None


@dataclass(frozen=True, slots=True)
class Number(Part):
    """A number as written: ``2``, ``pi``, ``inf``, ``1j``."""

    value: int | float | complex
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SizeNumber(Part):
    """A dim or loop variable used as a number: the ``head_size`` of ``sqrt(head_size)``."""

    size: Size


@dataclass(frozen=True, slots=True)
class Bubble(Part):
    """A function round a Sum; everything inside is contracted first.

    ``gates`` are the wires the function works along. One that keeps its legs (softmax) lets them out under
    the same wire; one that ends them (mean) binds them: such a wire is met nowhere outside.
    ``function`` is a name of functions.py (``power`` with option ``exponent`` is ``^``, ``reciprocal`` is
    ``/``) or of a UserFunction. ``name`` is that of ``as``.
    """

    function: str
    body: Sum
    gates: tuple[Wire, ...] = ()
    options: tuple[tuple[str, float], ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bracket(Part):
    """A bracket as written: a sum that is multiplied on, or an association. ``name`` is that of ``as``.

    ``caption`` is what a figure writes below a term; it has no part in comparison.
    """

    body: Sum
    name: str = ""
    caption: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Loop:
    """``var`` runs over ``start`` up to (not including) ``stop``."""

    var: str
    start: Size
    stop: Size


@dataclass(frozen=True, slots=True)
class BigSum(Part):
    """``sum h in 0..head { … }``: ``+`` written out over the loop variables, kept folded.

    Where it is ``apart`` its terms are computed one after another, so that only one is in memory.
    """

    loops: tuple[Loop, ...]
    body: Sum
    apart: bool = False


Node = Tensor | Special | Number | SizeNumber | Bubble | Bracket | BigSum


@dataclass(frozen=True, slots=True)
class Term(Part):
    """A product in its written order. ``summed`` are the wires this product sums, each once."""

    nodes: tuple[Node, ...]
    summed: tuple[Wire, ...] = ()
    coefficient: complex = 1


@dataclass(frozen=True, slots=True)
class Sum(Part):
    """Terms added. A term that lacks a wire kept from outside is broadcast along it."""

    terms: tuple[Term, ...]


# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg of a value: its name, size, and the word drawn at it."""

    name: str
    size: Size
    label: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """``isometry`` and its like, with the positions of the legs named in brackets."""

    name: Literal[
        "isometry", "unitary", "orthogonal", "diagonal", "symmetric", "positive", "complex", "onehot"
    ]
    legs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Init:
    """``normal(0.02)``, ``uniform(a, b)``, ``ones``, ``zeros``."""

    name: Literal["normal", "uniform", "ones", "zeros"]
    arguments: tuple[float, ...] = ()


Array = tuple["Array | int | float | complex", ...]


@dataclass(frozen=True, slots=True)
class Decl(Part):
    """A declared value; a member of a family has its ``subs`` (``A.0``, ``u.0.1`` in a state_dict).

    ``value`` is that of a const: nested tuples for one with legs, a number without.
    """

    kind: Literal["input", "tensor", "param", "const"]
    name: str
    legs: tuple[Leg, ...]
    subs: tuple[int, ...] = ()
    properties: tuple[Property, ...] = ()
    init: Init | None = None
    value: Array | int | float | complex | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What a statement binds. ``legs`` are the left-hand side's: a wire each, or a Group that joins several.

    ``subs`` may depend on the variable of an enclosing repeat (``h{l}``). ``anonymous`` values stand for an
    expression that had no name of its own (the argument ``x + y`` of a call): they are drawn in place.
    ``derived`` ones are those that a transform contracts to one tensor: they are drawn as one, by their name.
    """

    name: str
    legs: tuple[Wire | Group, ...]
    subs: tuple[Size, ...] = ()
    leg_names: tuple[str, ...] = ()
    anonymous: bool = False
    derived: bool = False


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Bind(Part):
    """``y[q, d] = …``. The wires of the left-hand side are kept in ``body``."""

    target: Value
    body: Sum


@dataclass(frozen=True, slots=True)
class StreamSet(Part):
    """``stream x = …`` (``opens``), or a later ``=``, ``+=``, ``-=``; ``body`` is the right-hand side."""

    target: Value
    op: Literal["=", "+=", "-="]
    body: Sum
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Call(Part):
    """A net applied to whole values. ``name`` owns the callee's parameters (``attention``, ``ln_1``).

    In a repeat each turn has its own (``attention.0``), unless ``shared`` (rule 7: the name of a Shared).
    ``results`` are the values it binds, in the order of the callee's outputs; a call that stands in an
    expression has one anonymous result, named as the call.
    """

    name: str
    net: str
    arguments: tuple[Ref, ...]
    results: tuple[Value, ...]
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Shared(Part):
    """``shared step = cell``: parameters of ``net`` under ``name``, for every call that says so.

    One that is ``unused`` keeps those of a call that a transform left out, in a repeat those of each turn.
    """

    name: str
    net: str
    unused: bool = False


@dataclass(frozen=True, slots=True)
class Frozen(Part):
    """A value that is no longer computed: it comes from a cache, under its name (transform ``freeze``).

    ``definition`` is the statement it replaces, for the picture and for the legs; it is not executed.
    """

    target: Value
    definition: Bind | StreamSet | None = None


@dataclass(frozen=True, slots=True)
class Repeat(Part):
    """Statements run for each value of the loop variable. A binding lasts one turn, unless subs carry it."""

    loop: Loop
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Factor(Part):
    """The factors of a whole value, whose product it is, or nearly is (transform ``decompose``).

    ``svd`` gives U (legs ``left`` of the source, bond), λ (bond) and V (the other legs, bond), their product
    U λ V without a conjugate; ``qr`` Q (legs ``left``, bond) and R (bond, the other legs); ``cp`` λ (bond)
    and for each leg a factor (leg, bond); ``tucker`` a core (a bond for each leg) and for each leg a factor
    (leg, bond); ``tt`` a train of tensors, one for each leg, that are isometries towards the one at
    ``centre``. The legs of ``factors`` tell the sizes of the bonds. ``error`` is the part of the source's
    norm that may be left out besides (svd, tt): singular values that are not needed for it are 0.
    """

    function: Literal["svd", "qr", "cp", "tucker", "tt"]
    source: Ref
    factors: tuple[Decl, ...]
    left: tuple[int, ...] = ()
    centre: int = 0
    error: float = 0.0


Stmt = Bind | StreamSet | Call | Shared | Frozen | Factor | Repeat


@dataclass(frozen=True, slots=True)
class Output:
    """A net's output: a value of it, or a stream's last; ``legs`` are the axes of the array returned."""

    name: str
    legs: tuple[Leg, ...]
    subs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Net(Part):
    """A net. ``name`` is unique in the program (``gpt2.attention`` where imported under a name).

    ``inputs`` in order; ``owned`` are its params and consts, in order of declaration. File-level declarations
    a net uses are found by ``walk.file_level_names``. Statements stand in an order that can be run.
    ``source`` is the net a transform made this one from, "" else; ``note`` says what a transform left undone.
    ``unused`` names the parameters and shared nets of the file that a transform left out: they are no part of
    what the net computes, but of its state_dict.
    """

    name: str
    inputs: tuple[Decl, ...]
    outputs: tuple[Output, ...]
    owned: tuple[Decl, ...]
    body: tuple[Stmt, ...]
    source: str = ""
    note: str = ""
    unused: tuple[str, ...] = ()
