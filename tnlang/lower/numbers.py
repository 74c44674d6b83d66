"""The Plan's numbers, known without arrays (sizes, loop variables, what follows from them), and indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
