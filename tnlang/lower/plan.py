"""The Plan: what a generated module computes, in terms of arrays. Backends know this and nothing of the IR.

A value with legs is an array whose last axes are the legs; leading batch axes are never counted. So axes
are numbered from the end (-1 is the last one). ``batched`` says that an array may have batch axes: it
depends on an input. Variables carry the Python names that the generated code uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeGuard, get_args

# ---------------------------------------------------------------- numbers that are known without arrays


@dataclass(frozen=True, slots=True)
class Num:
    """A number as it is written."""

    value: int | float | complex


@dataclass(frozen=True, slots=True)
class Name:
    """A Python name that holds a number: a size, a loop variable."""

    text: str


@dataclass(frozen=True, slots=True)
class Arith:
    op: Literal["+", "-", "*", "/", "//", "**", "%", "==", "max"]
    left: Scalar
    right: Scalar


@dataclass(frozen=True, slots=True)
class MathCall:
    """A function of the standard library's math, or cmath for complex numbers."""

    function: str
    argument: Scalar
    complex: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """A number for each value of a variable, added."""

    var: str
    start: Scalar
    stop: Scalar
    body: Scalar


Scalar = Num | Name | Arith | MathCall | Total


# ---------------------------------------------------------------- arrays


@dataclass(frozen=True, slots=True)
class Var:
    """An array in a variable or attribute; ``subs`` pick a member of a list or table."""

    text: str
    rank: int
    batched: bool = False
    subs: tuple[Scalar, ...] = ()
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Full:
    """An array of equal numbers."""

    sizes: tuple[Scalar, ...]
    value: Scalar


@dataclass(frozen=True, slots=True)
class Constant:
    """A small array written out: levi."""

    size: int


@dataclass(frozen=True, slots=True)
class Range:
    """0 up to (not including) ``stop``, as numbers to compute with, or as positions to compare."""

    stop: Scalar
    positions: bool = False


@dataclass(frozen=True, slots=True)
class Einsum:
    """Products summed over the labels that ``out`` lacks; ``labels`` name the axes of each operand."""

    operands: tuple[Expr, ...]
    labels: tuple[tuple[str, ...], ...]
    batched: tuple[bool, ...]
    out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """``x`` times a matrix [out, in] along its last axis, plus a bias."""

    x: Expr
    weight: Expr
    bias: Expr | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """Elementwise with broadcasting; a scalar may stand for an operand."""

    op: Literal["+", "-", "*", "/"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Equal:
    """1 where two arrays of positions are equal (``==``) or ordered (``<=``), 0 elsewhere."""

    op: Literal["==", "<="]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Apply:
    """An elementwise function."""

    function: str
    x: Expr
    options: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Along:
    """A function along axes. One that ends its axis leaves it out."""

    function: str
    x: Expr
    axes: tuple[int, ...]
    options: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class UserCall:
    """A function declared by ``fn``, on an array whose axes it works along are the last."""

    function: str
    x: Expr
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Normed:
    """layernorm or rmsnorm along the last axis, with gain and bias."""

    function: Literal["layernorm", "rmsnorm"]
    x: Expr
    eps: float
    gain: Expr | None = None
    bias: Expr | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Entries ``start`` up to ``stop``; None is the end of the axis."""

    start: Scalar
    stop: Scalar | None


@dataclass(frozen=True, slots=True)
class NewAxis:
    pass


@dataclass(frozen=True, slots=True)
class All:
    pass


Item = Scalar | Cut | NewAxis | All


@dataclass(frozen=True, slots=True)
class Index:
    """``x[..., items]``: an item for each of the last axes."""

    x: Expr
    items: tuple[Item, ...]
    batched: bool


@dataclass(frozen=True, slots=True)
class Unflatten:
    """An axis taken apart; a size of None is worked out from the others."""

    x: Expr
    axis: int
    sizes: tuple[Scalar | None, ...]


@dataclass(frozen=True, slots=True)
class Flatten:
    """The axes ``first`` to ``last`` joined."""

    x: Expr
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Permute:
    """The axes of an array without batch axes in another order."""

    x: Expr
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Axes of size 1 repeated to full sizes (the last axes)."""

    x: Expr
    sizes: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Diagonal:
    """Two axes become one, which is put last."""

    x: Expr
    axes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Embed:
    """An axis becomes the two axes of a diagonal."""

    x: Expr
    axis: int
    pair: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shifted:
    """The entries of an axis moved by ``before``; the axis then has ``size`` entries, zeros coming in."""

    x: Expr
    axis: int
    before: Scalar
    size: Scalar


@dataclass(frozen=True, slots=True)
class Stack:
    """Arrays side by side along a new axis."""

    parts: tuple[Expr, ...]
    axis: int


@dataclass(frozen=True, slots=True)
class OneHot:
    """Whole numbers as one-hot vectors along a new last axis."""

    indices: Expr
    size: Scalar


@dataclass(frozen=True, slots=True)
class Lookup:
    """The rows (along the first axis) of a table without batch axes, at whole numbers."""

    indices: Expr
    table: Expr
    rank: int


@dataclass(frozen=True, slots=True)
class TakeAlong:
    """The entry at ``indices`` of the last axis, which goes away; the other axes are aligned."""

    x: Expr
    indices: Expr


@dataclass(frozen=True, slots=True)
class Argmax:
    """The position of the first maximum along an axis, as whole numbers."""

    x: Expr
    axis: int


@dataclass(frozen=True, slots=True)
class ToComplex:
    """A real array as a complex one, so that a product can mix both."""

    x: Expr


@dataclass(frozen=True, slots=True)
class Conjugate:
    x: Expr


@dataclass(frozen=True, slots=True)
class LoopSum:
    """The sum over the values of loop variables."""

    loops: tuple[tuple[str, Scalar, Scalar], ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class CallNet:
    """A net called: a submodule (``subs`` pick one of a list) on arrays, by position and by keyword.

    ``path`` is where its values stand in ``frozen``, ``takes`` whether it needs or may get a part of that.
    """

    module: Var
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()
    path: str = ""
    turn: tuple[Scalar, ...] = ()
    takes_frozen: bool = True


Expr = (
    Num
    | Name
    | Arith
    | MathCall
    | Total
    | Var
    | Full
    | Constant
    | Range
    | Einsum
    | Linear
    | Binary
    | Equal
    | Apply
    | Along
    | UserCall
    | Normed
    | Index
    | Unflatten
    | Flatten
    | Permute
    | Spread
    | Diagonal
    | Embed
    | Shifted
    | Stack
    | OneHot
    | Lookup
    | TakeAlong
    | Argmax
    | ToComplex
    | Conjugate
    | LoopSum
    | CallNet
)

_EXPRESSIONS = get_args(Expr)
_SCALARS = get_args(Scalar)


def is_scalar(expr: Expr | Item) -> TypeGuard[Scalar]:
    """Whether it is a number rather than an array."""
    return isinstance(expr, _SCALARS)


def parts(expr: Expr) -> Iterator[Expr]:
    """The expressions that an expression is made of."""
    for field in fields(expr):
        value = getattr(expr, field.name)
        if isinstance(value, _EXPRESSIONS):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, tuple) and len(item) == 2:
                    item = item[1]
                if isinstance(item, _EXPRESSIONS):
                    yield item


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with each of its parts changed; itself where nothing changed."""

    def new(value: object) -> object:
        if isinstance(value, _EXPRESSIONS):
            return change(value)
        if isinstance(value, tuple):
            return tuple(
                (item[0], change(item[1]))
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], _EXPRESSIONS)
                else (change(item) if isinstance(item, _EXPRESSIONS) else item)
                for item in value
            )
        return value

    changed = {f.name: new(getattr(expr, f.name)) for f in fields(expr)}
    if all(changed[f.name] == getattr(expr, f.name) for f in fields(expr)):
        return expr
    return replace(expr, **changed)  # type: ignore[arg-type]


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Point:
    """Where a named value is watched: its name and attribute, and the place in a list of its values."""

    name: str
    attribute: str
    subs: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Let:
    """A variable, or a member of a table, is bound; a value of None comes from outside, through its point."""

    target: Var
    value: Expr | None
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class LetSeveral:
    """The results of a net with several outputs."""

    targets: tuple[Var, ...]
    call: CallNet


@dataclass(frozen=True, slots=True)
class Table:
    """A variable that holds values by number, or in order."""

    name: str
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """A stream's value is kept, to be met again by its number."""

    table: str
    value: Var


@dataclass(frozen=True, slots=True)
class Repeated:
    var: str
    start: Scalar
    stop: Scalar
    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A check that a slice ends inside its leg."""

    what: str
    stop: Scalar
    size: Scalar


@dataclass(frozen=True, slots=True)
class CheckLegs:
    """The sizes of a value's last axes: each leg's name, and what is expected (None: anything).

    ``binds`` are the sizes that get a name by it, by position.
    """

    name: str
    value: str
    sizes: tuple[tuple[str, Scalar | None], ...]
    binds: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LetSize:
    """A size that follows from others."""

    name: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class GivenSize:
    """A size that only the caller or ``__init__`` can tell."""

    name: str
    dim: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """A value of the file that the calling net hands down, else the net's own."""

    name: str
    attribute: str


Step = Let | LetSeveral | Table | Append | Repeated | Within | CheckLegs | LetSize | GivenSize | Inherited


# ---------------------------------------------------------------- nets


@dataclass(frozen=True, slots=True)
class Argument:
    """An input of ``forward``: its Python name, and how it is described."""

    name: str
    text: str
    required: bool = True
    is_array: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """How a parameter starts: a distribution, and the properties that bind it, with the legs they name."""

    name: Literal["normal", "uniform", "ones", "zeros"]
    arguments: tuple[float, ...]
    properties: tuple[tuple[str, tuple[int, ...]], ...] = ()
    complex: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, or a family of them: the place of each member in nested lists, and its sizes."""

    name: str
    attribute: str
    members: tuple[tuple[tuple[int, ...], tuple[Scalar, ...]], ...]
    starts: tuple[Start, ...]
    root_only: bool = False


Nested = tuple["Nested | int | float | complex", ...]


@dataclass(frozen=True, slots=True)
class Buffer:
    """A constant with legs."""

    attribute: str
    value: Nested


@dataclass(frozen=True, slots=True)
class Turns:
    """A net made for each turn of nested repeats; without loops just once."""

    class_name: str
    keywords: tuple[tuple[str, Scalar], ...]
    loops: tuple[tuple[str, Scalar, Scalar], ...] = ()
    owns_file_level: bool = True


@dataclass(frozen=True, slots=True)
class Submodule:
    """What a call owns: one net, or a list (``keyed`` where turns do not count from 0)."""

    name: str
    attribute: str
    turns: tuple[Turns, ...]
    keyed: bool = False
    root_only: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """The point, or list of points, of a named value."""

    name: str
    attribute: str
    counts: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Needed:
    """A value, or one for each turn of repeats, that has to be handed in."""

    name: str
    subs: tuple[Scalar, ...]
    loops: tuple[tuple[str, Scalar, Scalar], ...]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A dim that ``__init__`` takes: a number, a size that follows from others, None if the caller must tell.

    A ``late`` one may also come from the shape of an input.
    """

    dim: str
    name: str
    default: Scalar | None
    late: bool = False


@dataclass(frozen=True, slots=True)
class StoredAt:
    """Where a parameter stands in a checkpoint, as parts of a text and numbers; ``change`` re-indexes it."""

    parameter: tuple[str | Scalar, ...]
    key: tuple[str | Scalar, ...]
    change: Expr
    loops: tuple[tuple[str, Scalar, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    format: str
    stored: tuple[StoredAt, ...]
    prefixes: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """What a method does, and what it gives back. ``names`` are those that are taken in it."""

    steps: tuple[Step, ...]
    result: tuple[Expr, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetPlan:
    """A net as a class: what ``__init__`` makes, and the two ways of ``forward``.

    ``fused`` is None where only the observed way is there: a net with frozen values. ``stored`` are the dims
    kept as attributes, by attribute and keyword. ``like`` is an array whose type and device new ones take;
    ``reference`` says that it has to be made for that.
    """

    name: str
    class_name: str
    doc: tuple[str, ...]
    keywords: tuple[Keyword, ...]
    counting: tuple[tuple[str, int], ...]
    stored: tuple[tuple[str, str], ...]
    parameters: tuple[Parameter, ...]
    buffers: tuple[Buffer, ...]
    submodules: tuple[Submodule, ...]
    watched: tuple[Watched, ...]
    needed: tuple[Needed, ...]
    inputs: tuple[Argument, ...]
    options: tuple[Argument, ...]
    outputs: tuple[tuple[str, str], ...]
    signature: str
    fused: Body | None
    observed: Body
    like: str
    reference: bool
    past_values: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    file_level: str = ""


@dataclass(frozen=True, slots=True)
class ModulePlan:
    """A whole generated module; ``functions`` are the user's, by local name, package and callable."""

    title: str
    nets: tuple[NetPlan, ...]
    functions: tuple[tuple[str, str, str], ...] = ()
