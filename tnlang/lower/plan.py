"""The Plan: what a generated module computes, in terms of arrays. Backends know this and nothing of the IR.

A value with legs is an array whose last axes are the legs; leading batch axes are never counted. So axes
are numbered from the end (-1 is the last one). ``batched`` says that an array may have batch axes: it
depends on an input. Variables carry the Python names that the generated code uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tnlang.lower.numbers import Arith, Item, MathCall, Name, Num, Scalar, Total


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
class Matmul:
    """The product of the matrices that the last two axes of both are: two, two stacks, or with batch axes."""

    left: Expr
    right: Expr
    product: Literal["mm", "bmm", "matmul"]


@dataclass(frozen=True, slots=True)
class Copies:
    """A matrix as a stack of ``count`` of it."""

    x: Expr
    count: Scalar


@dataclass(frozen=True, slots=True)
class Transposed:
    """The last two axes exchanged."""

    x: Expr


@dataclass(frozen=True, slots=True)
class Reshape:
    """The entries of the last ``rank`` axes, in the same order, on axes of other sizes."""

    x: Expr
    sizes: tuple[Scalar, ...]
    rank: int
    batched: bool


@dataclass(frozen=True, slots=True)
class Linear:
    """``x`` times a matrix [out, in] along its last axis, plus a bias."""

    x: Expr
    weight: Expr
    bias: Expr | None = None


@dataclass(frozen=True, slots=True)
class CpuLinear:
    """A Linear by a kernel of the CPU: ``base`` plus a function of what it gives."""

    x: Expr
    weight: Expr
    bias: Expr | None = None
    function: str = "none"
    base: Expr | None = None


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
class Truth:
    """An array of 0 and 1, an Equal or a step, as truth values."""

    x: Equal | Apply


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
class UnflattenLike:
    """The last axis taken apart into axes of the sizes that some axes of another array have."""

    x: Expr
    like: Expr
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attention:
    """The softmax over keys of ``scale`` times products of queries and keys, plus ``mask``, times values.

    A mask of truth values is where queries look at keys.

    The last two axes are [query, entry], [key, entry], [key, what is given] and, of the mask, [query, key];
    those before broadcast. ``causal`` leaves out keys after the query.
    """

    queries: Expr
    keys: Expr
    values: Expr
    scale: Scalar
    mask: Expr | None = None
    causal: bool = False


@dataclass(frozen=True, slots=True)
class Flatten:
    """The axes ``first`` to ``last`` joined."""

    x: Expr
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Permute:
    """The last axes of an array, all but its batch axes, in another order."""

    x: Expr
    order: tuple[int, ...]
    batched: bool = False


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
class Placed:
    """The entries of an axis put at whole numbers below ``size``, equal ones added, and added to ``base``.

    ``rank`` is how many of the last axes of ``x`` are no batch. What ``fills`` is written into ``base``
    where the caller says so.
    """

    x: Expr
    indices: Expr
    axis: int
    size: Scalar
    rank: int
    base: Expr | None = None
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """The arrays of a table, in order, side by side along a new axis; ``start`` if there are none."""

    table: str
    axis: int
    start: Expr


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
class LogProbability:
    """The logarithm of the softmax along the last axis, at ``indices``; the other axes are aligned."""

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

    ``path`` is where its values stand in ``frozen``, ``takes_frozen`` whether it needs or may get a part of
    that. ``fills`` are the arguments that it can write into.
    """

    module: Var
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()
    path: str = ""
    turn: tuple[Scalar, ...] = ()
    takes_frozen: bool = True
    fills: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Factored:
    """The factors of an array, several at once: by singular values or QR over ``left`` and ``right`` axes,
    or as ``cp``, ``tucker``, ``tt`` of its last ``rank`` axes. ``bonds`` are the numbers of entries kept."""

    function: Literal["svd", "qr", "cp", "tucker", "tt"]
    x: Expr
    rank: int
    bonds: tuple[Scalar, ...]
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    centre: int = 0
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Together:
    """Products of ``x`` with the matrices that have this number among those of the net, several at once."""

    x: Expr
    number: int
    cpu: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The values that parameters alone give, several at once."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Parameters of the module by their names, several at once."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The parameters of a family, for ``subs`` to pick from."""

    family: Var


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
    | Matmul
    | Copies
    | Transposed
    | Reshape
    | Linear
    | CpuLinear
    | Binary
    | Equal
    | Truth
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
    | Placed
    | Collected
    | Lookup
    | TakeAlong
    | LogProbability
    | Argmax
    | ToComplex
    | Conjugate
    | LoopSum
    | UnflattenLike
    | Attention
    | CallNet
    | Factored
    | Kept
    | Fetched
    | Members
    | Together
)
