"""Dims and sizes: whole numbers that may name dims and loop variables, known when a module is made or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tnlang.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Dim:
    """A named size. Two dims agree when they are the same dim, never because their numbers are equal.

    ``name`` is unique in the program; it is the keyword the caller rebinds it by (dots become ``_`` there).
    ``default`` may follow from other dims (``4 * hidden``); None means bound by an input's shape or by name.
    ``counts_members`` marks a dim that a family's member count or a written-out range needs: it was a plain
    number when this IR was made, and another value needs another elaboration.
    """

    name: str
    default: Size | None = field(default=None, compare=False)
    counts_members: bool = field(default=False, compare=False)
    label: str = field(default="", compare=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DimSize:
    """The size of a dim."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class LoopVar:
    """The number a loop (repeat, sum) has reached."""

    name: str


@dataclass(frozen=True, slots=True)
class SizeOp:
    """Exact whole-number arithmetic; ``/`` must come out even, ``mod`` is never negative."""

    op: Literal["+", "-", "*", "/", "^", "mod"]
    left: Size
    right: Size


Size = int | DimSize | LoopVar | SizeOp


class SizeError(ValueError):
    """A size that cannot be computed: a dim without a value, a division with a rest, a negative power."""


LARGEST = 2**63
"""Sizes stay below it, so that a text cannot ask for numbers that fill the memory."""


def operate(op: str, left: int, right: int) -> int:
    """``left op right`` on numbers. Raises SizeError where the result is no whole number, or above 2^63."""
    result = _exact(op, left, right)
    if abs(result) > LARGEST:
        raise SizeError(f"{left} {op} {right} is larger than any size")
    return result


def _exact(op: str, left: int, right: int) -> int:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right != 0 and left % right == 0:
            return left // right
        case "/":
            raise SizeError(f"{left} / {right} does not come out even")
        case "^" if right >= 0 and (abs(left) <= 1 or abs(left).bit_length() * right <= 128):
            return int(left**right)
        case "^":
            raise SizeError(f"{left} ^ {right} is no size")
        case "mod" if right > 0:
            return left % right
    raise SizeError(f"{left} {op} {right} is no size")


def size_op(op: Literal["+", "-", "*", "/", "^", "mod"], left: Size, right: Size) -> Size:
    """``left op right``, folded where both are numbers, at neutral elements (``n - 0``, ``1 * n``) and
    where a difference leaves one part (``3 * l + 3 - 3 * l``, ``s * (l + 1) - s * l``)."""
    match op, left, right:
        case _, int(), int():
            return operate(op, left, right)
        case (("+" | "-"), _, 0):
            return left
        case "+", 0, _:
            return right
        case (("*" | "/" | "^"), _, 1):
            return left
        case "*", 1, _:
            return right
        case "-", SizeOp("+", a, b), _ if a == right:
            return b
        case "-", SizeOp("+", a, b), _ if b == right:
            return a
        case "-", SizeOp("*", a, SizeOp("+", b, c)), SizeOp("*", d, e) if a == d and b == e:
            return size_op("*", a, c)
        case "-", SizeOp("*", SizeOp("+", a, c), b), SizeOp("*", d, e) if a == d and b == e:
            return size_op("*", c, b)
        case "/", SizeOp("*", a, b), _ if b == right:
            return a
        case "/", SizeOp("*", a, b), _ if a == right:
            return b
    return SizeOp(op, left, right)


def loop_key(var: str) -> str:
    """The key of a loop variable in a table of sizes, where a dim may have its name."""
    return f"loop {var}"


def evaluate(size: Size, numbers: Mapping[str, int]) -> int:
    """The number a size stands for; ``numbers`` has dims by name, and loop variables by ``loop_key`` or name.

    A dim that is not among them is worth its default. Raises SizeError for one that has none.
    """
    return _evaluate(size, numbers, {})


def _evaluate(size: Size, numbers: Mapping[str, int], defaults: dict[str, int]) -> int:
    # Each default is worked out once: `dim a = b + b` may go through many dims.
    match size:
        case int():
            return size
        case LoopVar(name):
            found = numbers.get(loop_key(name), numbers.get(name))
            if found is None:
                raise SizeError(f"the loop variable {name} has no value here")
            return found
        case DimSize(dim):
            if dim.name in numbers:
                return numbers[dim.name]
            if dim.default is None:
                raise SizeError(f"dim {dim.name} has no value")
            if dim.name not in defaults:
                defaults[dim.name] = _evaluate(dim.default, numbers, defaults)
            return defaults[dim.name]
        case SizeOp(op, left, right):
            first = _evaluate(left, numbers, defaults)
            return operate(op, first, _evaluate(right, numbers, defaults))


def substitute(size: Size, numbers: Mapping[str, Size]) -> Size:
    """The size with dims replaced by name, and loop variables by ``loop_key`` or name; folded again."""
    match size:
        case int():
            return size
        case LoopVar(name):
            return numbers.get(loop_key(name), numbers.get(name, size))
        case DimSize(Dim(name)):
            return numbers.get(name, size)
        case SizeOp(op, left, right):
            return size_op(op, substitute(left, numbers), substitute(right, numbers))


def dims_in(size: Size) -> Iterator[Dim]:
    """The dims a size names, in order of appearance (not those their defaults name)."""
    match size:
        case DimSize(dim):
            yield dim
        case SizeOp(_, left, right):
            yield from dims_in(left)
            yield from dims_in(right)


def variables(size: Size) -> frozenset[str]:
    """The loop variables a size depends on."""
    match size:
        case LoopVar(name):
            return frozenset({name})
        case SizeOp(_, left, right):
            return variables(left) | variables(right)
        case _:
            return frozenset()


def show(size: Size) -> str:
    """A size as it is written in a .tn text."""
    match size:
        case int():
            return str(size)
        case LoopVar(name) | DimSize(Dim(name)):
            return name
        case SizeOp(op, left, right):
            return f"({show(left)} {op} {show(right)})"
