"""Path data with its steps added up."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"([MLCQZlcqz])([^MLCQZlcqz]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TAKES = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}


def absolute(data: str) -> list[tuple[str, tuple[float, ...]]]:
    """The commands of path data, each with its points; small letters are steps from where the last ended."""
    assert _COMMAND.sub("", data) == ""
    found: list[tuple[str, tuple[float, ...]]] = []
    here = (0.0, 0.0)
    for letter, text in _COMMAND.findall(data):
        numbers = list(map(float, _NUMBER.findall(text)))
        assert len(numbers) == _TAKES[letter.upper()]
        if letter in "lcq":
            numbers = [n + here[i % 2] for i, n in enumerate(numbers)]
        if numbers:
            here = (numbers[-2], numbers[-1])
        else:
            here = next(points for last, points in reversed(found) if last == "M")[:2]
        found.append((letter.upper(), tuple(numbers)))
    return found
