"""Titles taken apart: what a shape is, the names of its legs as they lie round it, a wire's dim."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from tnlang.verification.svg import Unreadable

BRACKET = "bracket"
"""A wall without a function; its name follows."""


@dataclass(frozen=True, slots=True)
class Words:
    """``kind`` is ``tensor`` for a value, or what stands in parentheses; ``text`` is its rest, or a name.

    ``legs`` are named clockwise.
    """

    kind: str
    text: str
    legs: tuple[str, ...]


def shape_words(title: str) -> Words:
    """The words of a shape's title, or of that of a sign or formula.

    >>> shape_words("(slice 0 to seq) [part, whole]")
    Words(kind='slice', text='0 to seq', legs=('part', 'whole'))
    """
    head, legs = with_legs(title)
    if not head.startswith("("):
        return Words("tensor", head, legs)
    depths = accumulate((letter == "(") - (letter == ")") for letter in head)
    end = next((k for k, depth in enumerate(depths) if depth == 0), len(head))
    inner, rest = head[1:end], head[end + 1 :].strip()
    if inner == "sum over":
        return Words("sum over", rest, legs)
    if inner == "value":  # a tensor that is its name alone
        return Words("tensor", rest, legs)
    kind, _, text = inner.partition(" ")
    return Words(kind, text.removeprefix("by ") if kind == "shift" else text or rest, legs)


def with_legs(title: str) -> tuple[str, tuple[str, ...]]:
    """A title without its list of legs, and the list."""
    at = title.rfind(" [")
    if at < 0 or not title.endswith("]"):
        return title, ()
    return title[:at], tuple(title[at + 2 : -1].split(", "))


@dataclass(frozen=True, slots=True)
class WireWords:
    """``size`` is a formula of dims. ``bundles`` are lists of members, ``opens`` names free ends."""

    name: str
    size: str
    number: int | None
    bundles: tuple[tuple[str, ...], ...]
    opens: tuple[str, ...]


_WIRE = re.compile(
    r"(?P<name>[^:]*)(?:: (?P<size>.*?))?(?P<bundles>(?:, members \[[^\]]*\])*)(?:, open as (?P<opens>.*))?"
)


def wire_words(title: str) -> WireWords:
    """The words of a wire's title.

    >>> wire_words("q: seq = 8, open as y.q")
    WireWords(name='q', size='seq', number=8, bundles=(), opens=('y.q',))
    """
    found = _WIRE.fullmatch(title)
    if found is None:
        raise Unreadable(f"a wire's title says {title[:80]!r}")
    size, _, number = (found["size"] or "").rpartition(" = ")
    if not size and number.isdecimal():
        size = number
    bundles = re.findall(r", members \[([^\]]*)\]", found["bundles"])
    return WireWords(
        found["name"],
        size or number,
        int(number) if number.isdecimal() else None,
        tuple(tuple(bundle.split(", ")) for bundle in bundles),
        tuple(found["opens"].split(" and ")) if found["opens"] else (),
    )


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """One function of a bubble."""

    name: str
    gates: tuple[str, ...]
    options: tuple[tuple[str, float], ...]


_FUNCTION = re.compile(r"(?P<name>\w+)(?:\[(?P<gates>[^\]]*)\])?(?:\((?P<options>[^)]*)\))?")


def function_words(head: str) -> tuple[FunctionWords, ...]:
    """The functions of a wall, outermost first; none for a bracket.

    >>> function_words("topk[k](k=2.0) of causal[q,k]")[0]
    FunctionWords(name='topk', gates=('k',), options=(('k', 2.0),))
    """
    if head == BRACKET or head.startswith(f"{BRACKET} "):
        return ()
    functions = []
    for text in head.split(" of "):
        found = _FUNCTION.fullmatch(text)
        if found is None:
            raise Unreadable(f"a bubble's title says {head[:80]!r}")
        pairs = [pair.partition("=") for pair in (found["options"] or "").split(",") if pair]
        try:
            options = tuple((name, float(value)) for name, _, value in pairs)
        except ValueError:
            raise Unreadable(f"a bubble's title says {head[:80]!r}") from None
        gates = tuple(found["gates"].split(",")) if found["gates"] else ()
        functions.append(FunctionWords(found["name"], gates, options))
    return tuple(functions)
