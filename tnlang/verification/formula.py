"""The numbers that titles write: ``(4 * hidden)``, ``1.0 * reciprocal(sqrt(head_size))``, ``l``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from tnlang.reference.functions import apply
from tnlang.verification.svg import Unreadable

Numbers = Mapping[str, int]
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:e[-+]?\d+)?j?)|([^\W\d][\w.']*)|(.))")
_DEEPEST = 100


def number(text: str, names: Numbers) -> complex:
    """What a formula of numbers, dims and functions comes to. Raises Unreadable."""
    return _Formula(text, names).value()


def size(text: str, names: Numbers) -> int:
    """A formula that is a whole number. Raises Unreadable."""
    value = number(text, names)
    if value.imag or not float(value.real).is_integer():
        raise Unreadable(f"{text} is no whole number")
    return int(value.real)


def turns(loops: str, names: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
    """The names with each value of the loop variables."""
    if not loops:
        yield names
        return
    first, _, rest = loops.partition(", ")
    found = re.fullmatch(r"(\S+) in (.+) to (.+)", first)
    if found is None:
        raise Unreadable(f"no loop: {first[:60]!r}")
    start, stop = size(found[2], names), size(found[3], names)
    if stop - start > 10_000:
        raise Unreadable(f"{first} runs too often")
    for value in range(start, stop):
        yield from turns(rest, {**names, found[1]: value})


class _Formula:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, names: Numbers) -> None:
        self.text, self.names = text, names
        self.tokens = [found.groups() for found in _TOKEN.finditer(text.strip())]
        self.at = 0
        self.depth = 0

    def value(self) -> complex:
        found = self.sum()
        if self.at < len(self.tokens):
            raise self.wrong()
        return found

    def wrong(self) -> Unreadable:
        return Unreadable(f"no formula: {self.text[:80]!r}")

    def peek(self) -> str:
        return "".join(part or "" for part in self.tokens[self.at]) if self.at < len(self.tokens) else ""

    def take(self, *signs: str) -> str:
        sign = self.peek()
        if sign in signs:
            self.at += 1
            return sign
        return ""

    def sum(self) -> complex:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong()
        total = self.product()
        while sign := self.take("+", "-"):
            total = total + self.product() if sign == "+" else total - self.product()
        self.depth -= 1
        return total

    def product(self) -> complex:
        total = self.power()
        while sign := self.take("*", "/", "mod"):
            other = self.power()
            if sign != "*" and other == 0:
                raise self.wrong()
            total = (
                total * other if sign == "*" else total / other if sign == "/" else total.real % other.real
            )
        return total

    def power(self) -> complex:
        if self.take("-"):
            return -self.power()
        base = self.atom()
        if self.take("^"):
            exponent = self.power()
            if abs(exponent) > 64:
                raise self.wrong()
            return base**exponent
        return base

    def atom(self) -> complex:
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise self.wrong()
            return inner
        if self.at >= len(self.tokens):
            raise self.wrong()
        digits, name, _ = self.tokens[self.at]
        self.at += 1
        if digits:
            return complex(digits)
        if not name:
            raise self.wrong()
        if self.take("("):
            return self.call(name)
        if name in self.names:
            return complex(self.names[name])
        if name in ("inf", "nan"):
            return complex(float(name))
        raise Unreadable(f"{name} has no size here")

    def call(self, name: str) -> complex:
        argument = np.asarray(self.sum())
        options = {}
        while self.take(","):
            option = self.tokens[self.at][1] or ""
            self.at += 1
            if not self.take("="):
                raise self.wrong()
            options[option] = self.sum().real
        if not self.take(")"):
            raise self.wrong()
        try:
            whole = argument if argument.imag else argument.real
            return complex(apply(name, whole, (), options))
        except (KeyError, TypeError, ValueError):
            raise self.wrong() from None
