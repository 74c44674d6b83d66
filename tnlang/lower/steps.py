"""The Plan, continued: the steps of a body, and the classes of a module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tnlang.lower.numbers import Scalar
from tnlang.lower.plan import CallNet, Expr, Factored, Fetched, Kept, Together, Var
from tnlang.lower.walks import names_in

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
    """Several values at once: the results of a net, factors, what was kept. ``""`` is one not wanted."""

    targets: tuple[Var, ...]
    value: CallNet | Factored | Fetched | Kept | Together


@dataclass(frozen=True, slots=True)
class Table:
    """A variable that holds values by number, or in order."""

    name: str
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """A value is kept, to be met again by its number or with all of them."""

    table: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Repeated:
    var: str
    start: Scalar
    stop: Scalar
    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sliced:
    """Terms of a sum one after another, dealt out to the processes that share them: ``total`` adds them up.

    ``zero`` is what it begins with, ``body`` the steps of a term, ``term`` what they come to.
    """

    total: Var
    zero: Expr
    loops: tuple[tuple[str, Scalar, Scalar], ...]
    body: tuple[Step, ...]
    term: Expr


@dataclass(frozen=True, slots=True)
class Within:
    """A check that a slice ends inside its leg."""

    what: str
    stop: Scalar
    size: Scalar


@dataclass(frozen=True, slots=True)
class CheckLegs:
    """The sizes of a value's last axes: each leg's name, and what is expected (None: anything).

    ``binds`` are the sizes that get a name by it, by position. ``onehot`` is the leg that whole numbers
    stand for, "" if there is none.
    """

    name: str
    value: str
    sizes: tuple[tuple[str, Scalar | None], ...]
    binds: tuple[tuple[int, str], ...] = ()
    onehot: str = ""


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


Step = (
    Let
    | LetSeveral
    | Table
    | Append
    | Repeated
    | Sliced
    | Within
    | CheckLegs
    | LetSize
    | GivenSize
    | Inherited
)


def reads(steps: Sequence[Step]) -> Iterator[str]:
    """The variables that steps read, as often as they do."""
    for expr in expressions(steps):
        yield from names_in(expr)


def expressions(steps: Sequence[Step]) -> Iterator[Expr]:
    """The expressions that steps work out."""
    for step in steps:
        match step:
            case Let(_, value) if value is not None:
                yield value
            case LetSeveral(_, value) | Append(_, value):
                yield value
            case Repeated(body=body):
                yield from expressions(body)
            case Sliced(body=body, term=term):
                yield from expressions(body)
                yield term


def targets(steps: Sequence[Step]) -> Iterator[str]:
    """The variables that steps bind."""
    for step in steps:
        match step:
            case Let(target):
                yield target.text
            case LetSeveral(several):
                yield from (target.text for target in several)
            case Repeated(body=body):
                yield from targets(body)
            case Sliced(total=total, body=body):
                yield from targets(body)
                yield total.text


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
    """A parameter, or a family of them: the place of each member in nested lists, and its sizes.

    ``legs`` are those of each member, by the name of the dim, else of the leg itself.
    """

    name: str
    attribute: str
    members: tuple[tuple[tuple[int, ...], tuple[Scalar, ...]], ...]
    starts: tuple[Start, ...]
    legs: tuple[tuple[str, ...], ...]
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
class Matrices:
    """Parameters that multiply one array, as [out, in], and the biases of all or none."""

    weights: tuple[Expr, ...]
    biases: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """What a method does, and what it gives back. ``names`` are those that are taken in it.

    ``inputs`` are the variables of the net's inputs, ``fills`` those that it can write into. ``beside`` are
    the matrices that it multiplies one array by.
    """

    steps: tuple[Step, ...]
    result: tuple[Expr, ...]
    names: tuple[str, ...] = ()
    beside: tuple[Matrices, ...] = ()
    inputs: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """What parameters alone give: how it is computed, and the buffers that ``prepare`` keeps it in."""

    body: Body
    buffers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetPlan:
    """A net as a class: what ``__init__`` makes, and the two ways of ``forward``.

    ``fused`` is None where only the observed way is there: a net with frozen values. ``stored`` are the dims
    kept as attributes, by attribute and keyword. ``like`` is an array whose type and device new ones take.
    ``rewritten`` are the rules of the optimizer that made ``forward`` what it is, and how often. ``matrices``
    are the parameters that multiply as matrices, with how many of their legs are the rows.
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
    past_values: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    file_level: str = ""
    derived: Derived | None = None
    rewritten: tuple[tuple[str, int], ...] = ()
    matrices: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ModulePlan:
    """A whole generated module; ``functions`` are the user's, by local name, package and callable."""

    title: str
    nets: tuple[NetPlan, ...]
    functions: tuple[tuple[str, str, str], ...] = ()
